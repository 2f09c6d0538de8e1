"""The register that the corpus's files fill: a `Case` is a plain function, a point, and what it shows.

    case = group("control")

    @case(2.0, 3, features="for range")
    def power(x, n): ...

registers `power` at `x = 2.0, n = 3`, to be differentiated by every argument that holds a float (here the first). More
points are more decorators: the second case of a function is called `power_2`. The function itself is left as it is.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adjoint.testing import active_places


@dataclass(frozen=True)
class Case:
    name: str
    fun: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: int | tuple[int, ...]
    features: tuple[str, ...]
    group: str
    out: str = "scalar"  # "array": the result is an array; "tree": a container of floats and arrays

    def fresh_args(self) -> tuple[Any, ...]:
        """The arguments, to be written to at will."""
        return copy.deepcopy(self.args)

    def __repr__(self) -> str:
        return f"<{self.group}: {self.name}>"


CASES: list[Case] = []
_NAMES: set[str] = set()


def group(name: str) -> Callable[..., Callable[[Any], Any]]:
    """The decorator that registers cases of one group."""

    def case(*args: Any, wrt: int | tuple[int, ...] | None = None, features: str = "", out: str = "scalar") -> Any:
        def register(fun: Any) -> Any:
            base = getattr(fun, "__name__", type(fun).__name__).strip("<>")
            unique, count = base, 1
            while unique in _NAMES:
                count += 1
                unique = f"{base}_{count}"
            _NAMES.add(unique)
            places = active_places(args) if wrt is None else wrt
            words = tuple(word.strip() for word in features.split(",") if word.strip())
            CASES.append(Case(unique, fun, args, places, words, name, out))
            return fun

        return register

    return case
