"""What was looked at while lowering, and must be the same when the generated code runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .abstract import signature


@dataclass(frozen=True, eq=False)
class ReadGlobal:
    """How a guard reads a global variable; `entry` writes it out as `namespace[name]`."""

    namespace: dict[str, Any]
    name: str

    def __call__(self, args: tuple[Any, ...]) -> Any:
        return self.namespace[self.name]


@dataclass(frozen=True, eq=False)
class ReadAttribute:
    """How a guard reads an attribute, of a module or of a closure's cell."""

    owner: Any
    name: str

    def __call__(self, args: tuple[Any, ...]) -> Any:
        return getattr(self.owner, self.name)


@dataclass(frozen=True)
class Guard:
    """Something read while lowering that must be the same when the generated code runs."""

    read: Callable[[tuple[Any, ...]], Any]
    expected: Any

    def holds(self, args: tuple[Any, ...]) -> bool:
        try:
            return bool(signature(self.read(args)) == self.expected)
        except Exception:
            return False
