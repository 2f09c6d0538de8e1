"""Callables that say themselves what a call of them means in a program."""

from __future__ import annotations

from typing import Any


class Meant:
    """A callable with a `meaning`: lowering asks it for the value of a call, and does not look inside.

    A subclass defines `meaning(lo, frame, node, args, kwargs)`, which adds statements and gives a value.
    """

    def meaning(self, lo: Any, frame: Any, node: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def as_method(self) -> Meant:
        """The same where it is found in a class: its first argument is the object."""
        return self
