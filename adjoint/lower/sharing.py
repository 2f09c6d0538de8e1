"""Which arrays may share memory, and whether what is known of one still holds.

A view knows how it is made from its base.  When the base has changed it is made again, and a write to
it is a write to its base:

    row = A[1]           row = getitem(A, 1)
    row[2] = v           A1 = array_set(A, (1, 2), v)
    s = row[0]           row1 = getitem(A1, 1) ;  s = getitem(row1, 0)

So does what an `if` chose, one of two arrays, by asking its test again.  Of other names that may be one
array (a loop that exchanges them without a pattern) only one can be written to: the others are *stale*
from then on, and refused when they are read.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..avals import Arr, Obj, shape_of
from ..ir import Var
from . import layout
from .values import (
    Attributes, Cell, Choice, Chosen, Closure, Entries, Items, Iteration, Method, Partial, Ref, Rest, Slice, State, Stream, Tuple,
    Value, View, parts,
)

if TYPE_CHECKING:
    from .context import Frame, Lowering

READ_ONLY = {  # views not to be written to
    np.broadcast_to, np.diagonal, np.ndarray.diagonal, np.diag, np.linalg.diagonal, np.lib.stride_tricks.sliding_window_view,
}
_RESHAPES = {np.reshape, np.ndarray.reshape, np.ravel, np.ndarray.ravel}  # views where the memory allows it
_PERMUTES = {
    np.transpose, np.ndarray.transpose, np.swapaxes, np.ndarray.swapaxes, np.moveaxis, np.matrix_transpose,
    np.linalg.matrix_transpose,
}
_SAME_ORDER = {
    np.squeeze, np.ndarray.squeeze, np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.real, np.imag,
    np.ndarray.view, np.flip, np.fliplr, np.flipud,
}  # fmt: skip
_VIEWS = READ_ONLY | _RESHAPES | _PERMUTES | _SAME_ORDER | {operator.getitem}


def note_view(
    lo: Lowering, frame: Frame, node: Any, view: Cell, fn: Any, args: Sequence[Value], named: tuple[tuple[str, Any], ...]
) -> None:
    """Note how a view is made, where that is a way back too."""
    base = args[0] if args else None
    if not isinstance(base, Ref) or fn not in _VIEWS:
        return
    if fn is operator.getitem and arrays_of(lo.state, base.cell) is not None:
        view.how = View(fn, base.cell, (lo.atom(args[1], frame, node),), (), frame, node)
        return
    if not isinstance(lo.known_aval(base), Arr):
        return
    if fn is np.diag and len(shape_of(lo.known_aval(base)) or ()) == 1:  # a new matrix
        view.views = ()
        return
    rest = tuple(lo.atom(a, frame, node) if isinstance(a, Ref) else a for a in args[1:])
    view.how = View(fn, base.cell, rest, named, frame, node, certain=fn not in _RESHAPES)
    view.readonly = base.cell.readonly or fn in READ_ONLY


def settle(lo: Lowering, cell: Cell) -> None:
    """Find out whether what may be a view, or a copy, is one: NumPy is asked, with arrays laid out like these."""
    how = cell.how
    if not isinstance(how, View) or how.certain:
        return
    shares = layout.shares(lo, cell, how.base)
    if shares is None:
        cell.how = None
    elif shares:
        cell.how = replace(how, certain=True)
    else:
        cell.how, cell.views, cell.readonly = None, (), False


def arrays_of(state: State, cell: Cell) -> tuple[Ref, ...] | None:
    """The items of a list, if they are arrays and known one by one."""
    content = state.heap.get(cell)
    if not isinstance(content, Items):
        return None
    refs = tuple(i for i in content.items if isinstance(i, Ref) and isinstance(getattr(state.heap.get(i.cell), "aval", None), Arr))
    return refs if refs and len(refs) == len(content.items) else None


def held_by(lo: Lowering, value: Value) -> tuple[tuple[Cell, Any], ...]:
    """The arrays that a list takes in with this value, each with what it holds now."""
    if not isinstance(value, Ref):
        return tuple(held for item in parts(value) or () for held in held_by(lo, item))
    content = lo.state.heap[value.cell]
    if (items := parts(content)) is not None:
        return tuple(held for item in items for held in held_by(lo, item))
    if isinstance(content, Var) and isinstance(content.aval, Arr):
        bases = tuple(held for base, _ in value.cell.views if base in lo.state.heap for held in held_by(lo, Ref(base)))
        return ((value.cell, content), *bases)  # a list of views shows what is written to their base
    return value.cell.holds


def hold(cell: Cell, held: Iterable[tuple[Cell, Any]]) -> None:
    """Note that a list holds these arrays from now on, each once: a loop is lowered several times."""
    known = {(base, id(version)) for base, version in cell.holds}
    for base, version in held:
        if (base, id(version)) not in known:
            known.add((base, id(version)))
            cell.holds += ((base, version),)


def check_fresh(lo: Lowering, cell: Cell, frame: Frame, node: Any) -> None:
    """Look at a view again whose base was updated since; refuse what is not known any more."""
    refuse_unknown(lo, cell, frame, node)
    if not outdated(lo.state, cell):
        return
    settle(lo, cell)
    if not cell.views:
        return
    if cell.how is None or changed_list(lo.state, cell):
        raise lo.refuse(
            frame, node, "This may be a view of an array that has been updated since the view was made.",
            "Take a copy (`.copy()`) where the view is made, or make the view again.",
        )
    from .views import look

    content = look(lo, cell.how)
    lo.state.heap[cell], lo.state.seen[cell] = content, roots(lo.state, cell)


def refuse_unknown(lo: Lowering, cell: Cell, frame: Frame, node: Any) -> None:
    state = lo.state
    if cell in state.stale:
        raise lo.refuse(
            frame, node, "This may be the same array as another that has been updated since, and whether it is, is not known.",
            "Take a copy (`.copy()`) where one name is bound to the array of the other.",
        )
    if changed_inside(state, cell):
        if isinstance(getattr(state.heap.get(cell), "aval", None), Obj):
            raise lo.refuse(
                frame, node, "This was made by a function that adjoint does not know, of arrays that may have been updated since.",
                "Use functions that have a derivative rule (`adjoint supported`), or register one with `@adjoint.vjp_rule`.",
            )
        raise lo.refuse(
            frame, node, "This list holds an array that has been updated since it was put there.",
            "Put a copy (`.copy()`) into the list.",
        )
    for base, _ in cell.views:
        refuse_unknown(lo, base, frame, node)


def changed_inside(state: State, cell: Cell) -> bool:
    """Is it a list, its items not known one by one, that holds an array which was, or may have been, updated since?"""
    if parts(state.heap.get(cell)) is not None:
        return False
    return cell.stale or any(
        unknown(state, base) or state.heap.get(base, version) is not version or outdated(state, base)
        for base, version in cell.holds
    )


def changed_list(state: State, cell: Cell) -> bool:
    """Is it an item of a list whose items are others by now?"""
    return any(isinstance(v, Items) and state.heap.get(base) is not v for base, v in cell.views)


def outdated(state: State, cell: Cell) -> bool:
    """Has what it is made from been updated since it was looked at?"""
    if not cell.views:
        return False
    known = state.seen.get(cell)
    if known is None:
        return any(state.heap.get(b, v) is not v or outdated(state, b) for b, v in cell.views)
    now = roots(state, cell)
    return len(now) != len(known) or any(n is not k for n, k in zip(now, known, strict=True))


def roots(state: State, cell: Cell) -> tuple[Any, ...]:
    """What the arrays hold that it is made from in the end: these, and not the views between, are what is written to."""
    found: dict[Cell, Any] = {}
    todo = list(reversed(cell.views))
    while todo:
        base, version = todo.pop()
        if base.views:
            todo += reversed(base.views)
        elif base not in found:
            found[base] = content = state.heap.get(base, version)
            if isinstance(content, Items):
                todo += [(i.cell, None) for i in reversed(content.items) if isinstance(i, Ref)]
    return tuple(found.values())


def write(lo: Lowering, cell: Cell, content: Any, frame: Frame, node: Any) -> bool:
    """Give a cell new contents, and its base where it is a view.  False: NumPy refuses it."""
    check_fresh(lo, cell, frame, node)
    if not writable(lo, cell, frame, node):
        return False
    others = may_be_others(lo, cell)
    if cell.how is not None:
        from .views import put

        put(lo, cell.how, content, frame, node)
        lo.state.seen[cell] = roots(lo.state, cell)
    lo.state.heap[cell] = content
    lo.state.stale.update(dict.fromkeys(others))
    return True


def writable(lo: Lowering, cell: Cell, frame: Frame, node: Any) -> bool:
    """May this be written to?  Refused where it is not known; where NumPy does not let it be, the program raises."""
    settle(lo, cell)
    if cell.readonly:
        lo.raises(frame, node, ValueError, "assignment destination is read-only")
        return False
    if (cell.views and cell.how is None) or changed_list(lo.state, cell):
        raise lo.refuse(
            frame, node, "This may be a view of another array, which the update would change too.",
            "Update the other array itself, through an index, or a copy (`.copy()`).",
        )
    return True


def may_be_others(lo: Lowering, cell: Cell) -> list[Cell]:
    """The other cells that the program can still reach and that may be the same as this one.

    What is made from others in a known way is not among them: it is made again when these change.
    """
    state = lo.state
    mine = {cell} if cell.how is not None else family(cell)
    found = [c for c in state.heap if c not in mine and c.twins and mine & family(c)]
    found += [c for c in mine if c is not cell]
    if not found:
        return []
    reached = reachable(state)
    found = [c for c in found if c in reached]
    for c in found:
        settle(lo, c)
    return [c for c in found if c.how is None]


def memory(cell: Cell) -> tuple[tuple[Cell, Any], ...]:
    """The arrays that it may be a view of, each with what it held when the view was made."""
    if isinstance(cell.how, Chosen):
        return memory(cell.how.then) + memory(cell.how.orelse)
    return cell.views


def ancestors(cell: Cell) -> set[Cell]:
    """What a cell may be made from."""
    found: set[Cell] = set()
    todo = [base for base, _ in cell.views]
    while todo:
        base = todo.pop()
        if base not in found:
            found.add(base)
            todo += [b for b, _ in base.views]
    return found


def family(cell: Cell) -> set[Cell]:
    """The cell, those that it may be the same as, and those that these share memory with."""
    found = {cell}
    todo = list(cell.twins)
    while todo:
        twin = todo.pop()
        if twin not in found:
            found.add(twin)
            todo.extend(twin.twins)
            todo.extend(base for base, _ in twin.views)
    return found


def unknown(state: State, cell: Cell) -> bool:
    """Is it stale, or made from what is?"""
    return cell in state.stale or any(unknown(state, base) for base, _ in cell.views)


def known_otherwise(state: State, cell: Cell) -> bool:
    """Has it several names, or do several things hold it?"""
    found = [*state.names.values(), *(part for content in state.heap.values() for part in parts(content) or ())]
    return sum(isinstance(v, Ref) and v.cell is cell for v in found) > 1


def reachable(state: State, *values: Value) -> set[Cell]:
    """The cells that some name, or one of these values, can still reach."""
    found: set[Cell] = set()
    todo: list[Any] = [*state.names.values(), *values]
    while todo:
        value = todo.pop()
        match value:
            case Ref(cell):
                if cell not in found:
                    found.add(cell)
                    todo.append(state.heap.get(cell))
                    todo.extend(Ref(base) for base, _ in (*cell.views, *cell.holds))
            case Closure():
                todo.extend((*value.defaults, *value.kw_defaults.values()))
            case Tuple() | Items() | Rest():
                todo.extend(value.items or ())
            case Stream(items):
                todo.append(items)
            case Slice():
                todo.extend(value.parts)
            case Entries() | Attributes():
                todo.extend(v for _, v in value.entries)
            case Method():
                todo.extend((value.self, value.fn))
            case Partial():
                todo.extend((value.fn, *value.args, *value.kwargs.values()))
            case Choice():
                todo.extend((value.then, value.orelse))
            case Iteration():
                todo.extend(map(Ref, value.cells))
    return found
