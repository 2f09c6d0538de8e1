"""How an array lies in memory, where that decides what a program means.

`x.reshape(2, 3)` and `x.ravel()` are views of an array that lies in one piece and copies of others, and
a write to one is a write to `x` or is not.  NumPy is asked: what made the array is done again, to
arrays that lie as those it was made from.

    a = np.zeros((2, 3))     an array in one piece
    b = a.T                  one with its axes exchanged
    b.ravel()                shares no memory with it: a copy

An argument lies as the one that the gradient is built for; a guard sees to it that the code is used
for no other.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..avals import Arr, Num, is_known
from ..ir import Const
from ..rules.registry import lookup
from .values import Cell, Items, Ref, Slice, Tuple

if TYPE_CHECKING:
    from .context import Lowering

LARGEST = 1_000_000  # entries that one question may cost


@dataclass(frozen=True, eq=False)
class Made:
    """`fn(*args, **named)` made it; `atoms` are what the arguments were then."""

    fn: Any
    args: tuple[Any, ...]
    atoms: tuple[Any, ...]
    named: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Given:
    """An argument, or what was found in one."""

    leaf: Any


@dataclass(frozen=True, eq=False)
class Either:
    """One of two."""

    cells: tuple[Cell, Cell]


def shares(lo: Lowering, view: Cell, base: Cell) -> bool | None:
    """Does the first share memory with the second, which it was made from?  None: that is not known."""
    one = example(lo, base)
    made = view.made
    if one is None or not isinstance(made, Made):
        return None
    result = _ask(lo, made)
    return None if result is None else bool(np.shares_memory(result, one))


def example(lo: Lowering, cell: Cell) -> Any:
    """An array that lies in memory as that of the cell does, or None if this is not known."""
    if cell not in lo.layouts:
        lo.layouts[cell] = None  # for one that is made from itself
        lo.layouts[cell] = _example(lo, cell)
    return lo.layouts[cell]


def _example(lo: Lowering, cell: Cell) -> Any:
    match cell.made:
        case Given(leaf):
            return _given(lo, leaf)
        case Either(cells=(a, b)):
            one, other = example(lo, a), example(lo, b)
            alike = one is not None and other is not None and one.shape == other.shape and one.strides == other.strides
            return one if alike else None
        case Made() if (found := _ask(lo, cell.made)) is not None:
            return found
    kind = getattr(lo.state.heap.get(cell), "aval", None)
    owned = not cell.views and not cell.twins and not isinstance(cell.made, Given)
    if owned and isinstance(kind, Arr) and kind.dtype is not None and is_known(kind.shape) and len(kind.shape or ()) == 1:
        return np.empty(kind.shape, kind.dtype)  # it can only lie in one way
    return None


def _given(lo: Lowering, leaf: Any) -> Any:
    read, args = lo.paths.get(leaf), lo.arguments
    if read is None or args is None:
        return None
    from .guards import Guard

    try:
        array = read(args)
    except Exception:
        return None
    if not isinstance(array, np.ndarray):
        return None
    lo.guards["layout", leaf] = Guard(lambda given: str(read(given).strides), (str, str(array.strides)))
    return array


def _ask(lo: Lowering, made: Made) -> Any:
    """What NumPy gives for arguments that lie in memory like these."""
    rule = lookup(made.fn)
    if rule is None or not rule.pure:
        return None
    if made in lo.asked:
        return lo.asked[made]
    picks = made.fn is operator.getitem  # which row it is does not matter
    if picks and isinstance(made.args[0], Ref) and isinstance(lo.state.heap.get(made.args[0].cell), Items):
        return None
    values = [_value(lo, v, a, picks) for v, a in zip(made.args, made.atoms, strict=True)]
    named = {k: _value(lo, a, a, False) for k, a in made.named}
    result = None
    if not any(v is _UNKNOWN for v in (*values, *named.values())) and sum(map(_size, values)) <= LARGEST:
        try:
            with np.errstate(all="ignore"):
                result = made.fn(*values, **named)
        except Exception:  # not for these values
            result = None
    lo.asked[made] = result if isinstance(result, np.ndarray) else None
    return lo.asked[made]


_UNKNOWN = object()


def _value(lo: Lowering, value: Any, atom: Any, picks: bool) -> Any:
    """A stand-in for one argument: arrays lie as the real ones do."""
    content = lo.state.heap.get(value.cell) if isinstance(value, Ref) else value
    if isinstance(content, Tuple | Items | Slice):
        inner = content.parts if isinstance(content, Slice) else content.items
        parts = [_value(lo, v, v, picks and not isinstance(content, Slice)) for v in inner]
        if any(p is _UNKNOWN for p in parts):
            return _UNKNOWN
        return parts if isinstance(content, Items) else tuple(parts) if isinstance(content, Tuple) else slice(*parts)
    if isinstance(value, Ref) and (found := example(lo, value.cell)) is not None:
        return found
    if isinstance(atom, Const):
        return atom.value
    match getattr(atom, "aval", None):
        case Num("int") if picks:
            return 0
        case Num("float"):
            return 1.0
        case Num("complex"):
            return 1.0 + 0j
        case Arr(dtype, (), boxed=True) if dtype is not None and dtype.kind in "fciub":
            return dtype.type(1)
    return _UNKNOWN


def _size(value: Any) -> int:
    if isinstance(value, type):
        return 0
    return sum(map(_size, value)) if isinstance(value, list | tuple) else np.size(value)
