"""Is every index of a program certainly within the array that it picks from?

    for i in range(1, 499):              i is 1 to 498, so that with 500 entries in u
        u[i] = u[i + 1] - u[i - 1]       all three places are there

A compiler such as Numba does not look whether an index is: it reads, and writes, whatever lies behind the array.  So
a kernel is compiled with such looks (`boundscheck=True`), unless none is needed.  Nor do its integers grow beyond 64
bits: `overflows` says where they might.  What is known of an integer is an
interval, from constants, the ranges that are looped over, and sums and products of such.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import INT, Arr, Cut, Obj, Parts, Seq, is_known
from ..ir import Apply, Atom, Block, Const, Function, If, Loop, Var, blocks, defined

PICKING = {operator.getitem, operator.setitem, runtime.array_set, runtime.array_put, runtime.index_add}
MARKERS = (type(None), type(Ellipsis))

LARGEST = 2**63
COUNTED = 2**50  # how far no loop counts, and how long nothing is
SMALL = 2**32

Interval = tuple[int, int]


def within(function: Function) -> bool:
    """Is every index of the function certainly one of an entry?"""
    return Bounds(function.body).hold(function.body)


class Bounds:
    """What is known of the integers of a program."""

    def __init__(self, body: Block) -> None:
        self.makers: dict[Var, Any] = {}
        self.items: dict[Var, Atom] = {}  # of a loop -> what is looped over
        self.known: dict[Var, Interval | None] = {}
        self.sizes: dict[Atom, int] = {}
        self._look(body)

    def _look(self, block: Block) -> None:
        for stmt in block.stmts:
            self.makers.update(dict.fromkeys(defined(stmt), stmt))
            if isinstance(stmt, Loop):
                self.items.update(zip(stmt.body.params[len(stmt.outs) :], stmt.iters, strict=True))
            for inner in blocks(stmt):
                self._look(inner)

    def hold(self, block: Block) -> bool:
        for stmt in block.stmts:
            if isinstance(stmt, Apply) and stmt.fn in PICKING and not self.is_within(stmt.args[0].aval, stmt.args[1]):
                return False
            if not all(map(self.hold, blocks(stmt))):
                return False
        return True

    # --- an index ---------------------------------------------------------------------------------

    def is_within(self, array: Any, index: Atom) -> bool:
        """Does the index name entries of an array of this shape alone?  A slice is cut to what is there."""
        if isinstance(array, Seq | Parts) or (isinstance(array, Obj) and array.cls is range):
            return True  # compilers look at these
        shape = array.shape if isinstance(array, Arr) else None
        if shape is None:
            return False
        items = self.parts(index)
        rank = sum(_axes(a) for a in items)
        axis = 0
        for a in items:
            if _is_a(a, type(Ellipsis)):
                axis = len(shape) - (rank - axis)
                continue
            wide = _axes(a)
            if axis + wide > len(shape) or not self.fits(a, shape[axis : axis + wide]):
                return False
            axis += wide
        return True

    def parts(self, index: Atom) -> tuple[Atom, ...]:
        """The items of an index, as many as there are commas and one more."""
        if isinstance(index, Const):
            return tuple(map(Const, index.value)) if isinstance(index.value, tuple) else (index,)
        maker = self.makers.get(index)
        return maker.args if isinstance(maker, Apply) and maker.fn is runtime.make_tuple else (index,)

    def fits(self, a: Atom, lengths: tuple[Any, ...]) -> bool:
        if isinstance(a.aval, Cut) or _is_a(a, slice, *MARKERS):
            return True
        if isinstance(a.aval, Arr) and a.aval.dtype == np.dtype(bool):
            return is_known(a.aval.shape) and a.aval.shape == lengths
        (n,) = lengths
        interval = self.interval(a) if a.aval == INT else self.counted(a)
        return isinstance(n, int) and interval is not None and -n <= interval[0] and interval[1] < n

    def counted(self, a: Atom) -> Interval | None:
        """What the entries of `np.arange(n)` are."""
        maker = self.makers.get(a) if isinstance(a, Var) else None
        if not isinstance(maker, Apply) or maker.fn is not np.arange or len(maker.args) != 1 or maker.kwargs:
            return None
        stop = self.interval(maker.args[0])
        return None if stop is None else (0, max(stop[1] - 1, 0))

    # --- an integer -------------------------------------------------------------------------------

    def interval(self, a: Atom) -> Interval | None:
        """The least and the greatest value that an integer can have."""
        if isinstance(a, Const):
            return (a.value, a.value) if type(a.value) is int else None
        if a.aval != INT:
            return None
        if a not in self.known:
            self.known[a] = None  # while it is looked for: of a carry that is made of itself nothing is known
            self.known[a] = self._found(a)
        return self.known[a]

    def overflows(self, fn: Any, x: Atom, y: Atom) -> bool:
        """May the result of integer arithmetic have more than 64 bits?  A sum with a small constant does not, in a lifetime."""
        a, b = self.most(x), self.most(y)
        if fn in (operator.lshift, operator.rshift):
            known = self.interval(y)
            return known is None or known[0] < 0 or known[1] > 62 or (fn is operator.lshift and a << known[1] >= LARGEST)
        if fn is operator.mul:
            return a * b >= LARGEST
        if fn is operator.pow:
            known = self.interval(y)
            return known is None or known[0] < 0 or b > 64 or a**b >= LARGEST
        return a + b >= LARGEST and not any(isinstance(z, Const) and self.most(z) <= SMALL for z in (x, y))

    def most(self, a: Atom) -> int:
        """The greatest absolute value that an integer can have."""
        if a not in self.sizes:
            known = self.interval(a)
            self.sizes[a] = self._size(a) if known is None else max(map(abs, known))
        return self.sizes[a]

    def _size(self, a: Atom) -> int:
        source = self.items.get(a) if isinstance(a, Var) else None
        maker = self.makers.get(source) if isinstance(source, Var) else None
        if isinstance(maker, Apply) and maker.fn is range and len(maker.args) < 3:
            start = (0, 0) if len(maker.args) == 1 else self.interval(maker.args[0])
            return LARGEST if start is None else COUNTED + max(map(abs, start))
        maker = self.makers.get(a) if isinstance(a, Var) else None
        if not isinstance(maker, Apply) or a.aval != INT or maker.kwargs:
            return LARGEST
        if maker.fn is len:
            return COUNTED
        if maker.fn in (operator.add, operator.sub):
            return min(LARGEST, sum(map(self.most, maker.args)))
        return min(LARGEST, math.prod(map(self.most, maker.args))) if maker.fn is operator.mul else LARGEST

    def _found(self, a: Var) -> Interval | None:
        if a in self.items:
            return self.range_of(self.items[a])
        maker = self.makers.get(a)
        if type(maker) is If:
            place = maker.outs.index(a)
            sides = [self.interval(side.results[place]) for side in (maker.then, maker.orelse)]
            return _hull(*sides)
        if not isinstance(maker, Apply) or maker.kwargs:
            return None
        known = [self.interval(b) for b in maker.args]
        if any(k is None for k in known):
            return None
        match maker.fn, known:
            case operator.add, [(int() as a0, int() as a1), (b0, b1)]:
                return a0 + b0, a1 + b1
            case operator.sub, [(int() as a0, int() as a1), (b0, b1)]:
                return a0 - b1, a1 - b0
            case operator.neg, [(int() as a0, int() as a1)]:
                return -a1, -a0
            case operator.mul, [(int() as a0, int() as a1), (b0, b1)]:
                ends = [x * y for x in (a0, a1) for y in (b0, b1)]
                return min(ends), max(ends)
            case operator.floordiv, [(int() as a0, int() as a1), (b0, b1)] if b0 == b1 > 0:
                return a0 // b0, a1 // b0
            case operator.mod, [_, (b0, b1)] if b0 == b1 > 0:
                return 0, b0 - 1
        return None

    def range_of(self, source: Atom) -> Interval | None:
        """What the items of a range are; where there is none, it does not matter."""
        if isinstance(source, Const) and isinstance(source.value, range):
            r = source.value
            return (min(r), max(r)) if len(r) else (0, 0)
        maker = self.makers.get(source) if isinstance(source, Var) else None
        if not isinstance(maker, Apply) or maker.kwargs:
            return None
        if maker.fn is operator.getitem and (maker.args[1].aval == Obj(slice) or isinstance(maker.args[1].aval, Cut)):
            return self.range_of(maker.args[0])  # some of them
        if maker.fn is not range:
            return None
        args = (Const(0), *maker.args) if len(maker.args) == 1 else maker.args
        start, stop = self.interval(args[0]), self.interval(args[1])
        step = args[2].value if len(args) == 3 and isinstance(args[2], Const) else 1 if len(args) == 2 else None
        if start is None or stop is None or not step:
            return None
        return (start[0], max(stop[1] - 1, start[0])) if step > 0 else (min(stop[0] + 1, start[1]), start[1])


def _hull(a: Interval | None, b: Interval | None) -> Interval | None:
    return None if a is None or b is None else (min(a[0], b[0]), max(a[1], b[1]))


def _axes(a: Atom) -> int:
    """How many axes an item of an index takes."""
    if _is_a(a, *MARKERS):
        return 0
    mask = isinstance(a.aval, Arr) and a.aval.dtype == np.dtype(bool)
    return len(a.aval.shape or ()) if mask else 1  # type: ignore[union-attr]


def _is_a(a: Atom, *classes: type) -> bool:
    return isinstance(a.aval, Obj) and a.aval.cls in classes
