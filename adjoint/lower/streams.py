"""Iterators: what is taken from one is gone, whoever took it.

    pairs = zip(x, y)                         a cell, which holds the iteration
    a, b = next(pairs)                        the first is gone
    s = sum(p * q for p, q in pairs)          so are the others
    t = sum(p for p, _ in pairs)              0

A cell that is an iterator is marked (`Cell.once`).  A generator expression, `map` and `filter` make one that holds a list;
`zip`, `enumerate` and their like get a cell when a name is bound to them, before which nobody can take from them twice.  What
is left once something was taken is a `Rest`.  A list is made at once and a generator runs when it is asked, so what a
generator reads must still be the same then.
"""

from __future__ import annotations

import ast
import collections
import functools
import itertools
import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import gast

from ..ir import UNDEF
from .sharing import reachable
from .values import Cell, Items, Iteration, Ref, Rest, State, Stream, Value

if TYPE_CHECKING:
    from .context import Frame, Lowering

_LOOKS = {operator.is_, operator.is_not, type, isinstance, callable, hasattr, id, bool, print}  # these take nothing
TAKE_ALL = {  # of those that are lowered by what is known of the items
    sum, min, max, sorted, list, tuple, dict, set, frozenset, list.extend, collections.deque, functools.reduce, enumerate, map,
    filter, itertools.product, itertools.combinations, itertools.permutations, itertools.combinations_with_replacement,
    itertools.chain, itertools.pairwise, itertools.starmap, itertools.accumulate,
}


def bound(lo: Lowering, items: Iteration) -> Ref:
    """The cell of an iterator that a name is bound to."""
    held = lo.cell(Stream(items))
    held.cell.once = True
    return held


def made(lo: Lowering, ref: Ref, names: Iterable[tuple[int, str]], read: Iterable[Value] = ()) -> Ref:
    """The list `ref` as the iterator that gives its items; `names` and `read` are what they were made from."""
    ref.cell.once = True
    found = reachable(State(heap=lo.state.heap), *(lo.state.names.get(name, UNDEF) for name in names), *read)
    ref.cell.read = (*((cell, lo.state.heap.get(cell)) for cell in found), *((name, lo.state.names.get(name)) for name in names))
    return ref


def names_in(frame: Frame | None, node: Any) -> set[tuple[int, str]]:
    """The variables of functions, by frame, that an expression may read when it is worked out later."""
    read = {n.id for n in ast.walk(node) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Load)}
    found = set()
    while frame is not None:
        found |= {(frame.id, name) for name in read & frame.assigned}
        frame = frame.parent
    return found


def is_iterator(value: Value) -> bool:
    return isinstance(value, Ref) and value.cell.once


def peeked(lo: Lowering, frame: Frame, node: Any, value: Ref) -> Value:
    """What an iterator still gives, as something that is no iterator."""
    check_unchanged(lo, frame, node, value.cell)
    content = lo.state.heap[value.cell]
    match content:
        case Stream(items):
            return items
        case Rest(items=None):
            raise lo.refuse(
                frame, node, "What is left of this iterator is not known here.", "Make a list of it (`list(...)`), and use that."
            )
        case Rest(items=items):
            return lo.cell(Items(items or ()))
    new = lo.cell(content)
    new.cell.holds = value.cell.holds
    return new


def check_unchanged(lo: Lowering, frame: Frame, node: Any, cell: Cell) -> None:
    """A generator runs when it is asked, and was made a list before."""
    content = lo.state.heap[cell]
    if isinstance(content, Rest) and not content.items:
        return
    if any((lo.state.heap if isinstance(what, Cell) else lo.state.names).get(what) is not was for what, was in cell.read):
        raise lo.refuse(
            frame, node, "What this iterator reads has been changed since it was made, and before anything is taken from it.",
            "Make a list at once (`[... for ...]`, `list(...)`).",
        )


def taken(lo: Lowering, frame: Frame, node: Any, value: Value) -> Value:
    """All that an iterator still gives; it has nothing left.  Anything else is what it is."""
    if not isinstance(value, Ref) or not value.cell.once:
        return value
    found = peeked(lo, frame, node, value)
    leave(lo, value, ())
    return found


def leave(lo: Lowering, value: Value, items: tuple[Value, ...] | None) -> None:
    """Note what is left of an iterator; None where it is not known."""
    assert isinstance(value, Ref)
    lo.state.heap[value.cell] = Rest(items)


def used_up(lo: Lowering, fn: Any, values: Iterable[Value]) -> None:
    """A primitive that is given an iterator takes all of it."""
    for value in values:
        if isinstance(value, Ref) and value.cell.once and fn not in _LOOKS:
            leave(lo, value, ())


def in_turn(items: list[list[Value]], order: list[int]) -> tuple[list[tuple[Value, ...]], list[list[Value]]]:
    """What `zip` makes of lists that are stepped through in this order, some perhaps more than once; and what is left of each.

    >>> in_turn([["a", "b", "c"]], [0, 0])
    ([('a', 'b')], [[]])
    """
    left = list(map(list, items))
    rows: list[tuple[Value, ...]] = []
    while True:
        row: list[Value] = []
        for k in order:
            if not left[k]:
                return rows, left
            row.append(left[k].pop(0))
        rows.append(tuple(row))
