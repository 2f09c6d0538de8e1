"""Shapes that are the same, whatever they are: what is known of lengths found at run time.

    for k in range(n):
        w1 = A[k, k + 1:]            dims(w1) = (cut(n, k + 1, end),)
        w2 = -2.0 * w1               the same
        A[k + 1, k + 1:] += w2       so the cotangent A_bar[k + 1, k + 1:] has the shape of w2

A length that is not a number is a key: two lengths with equal keys are equal in any one run of the
statements.  Without this the engine would have to compare shapes at run time, and record a value only
for its shape.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from . import runtime
from .avals import INT, Arr, Cut, Num, Obj, Parts, is_known, is_slice, shape_of
from .ir import Apply, Atom, Const, If, Stmt, Var, blocks
from .rules.registry import lookup

Dims = tuple[Any, ...]

_KEEP = {  # the result has the shape of the first argument
    runtime.index_add, runtime.array_set, runtime.array_put, runtime.identity, runtime.owned, runtime.zeros_like,
    np.zeros_like, np.copy, np.ndarray.copy, np.ndarray.astype, np.real, np.imag, np.conjugate,
}
_INTEGER = {operator.add, operator.sub, operator.mul, operator.floordiv, operator.neg, len}
_ENTRYWISE = {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.neg, operator.pos}


class Shapes:
    """The dimensions of values, from the statements that make them."""

    def __init__(self) -> None:
        self._makers: dict[Var, Apply | If] = {}
        self._dims: dict[Var, Dims | None] = {}
        self._seen: dict[int, int] = {}

    def note(self, stmts: Iterable[Stmt]) -> None:
        """Take notice of statements, and of those inside them."""
        for stmt in stmts:
            if isinstance(stmt, Apply | If):
                self._makers.update(dict.fromkeys(stmt.outs, stmt))
            for inner in blocks(stmt):
                self.note(inner.stmts)

    def follow(self, stmts: list[Stmt]) -> None:
        """Take notice of what was added to a list since the last time."""
        done = self._seen.get(id(stmts), 0)
        self._seen[id(stmts)] = len(stmts)
        self.note(stmts[done:])

    def maker(self, v: Atom) -> Apply | If | None:
        """The statement that makes a value."""
        return self._makers.get(v) if isinstance(v, Var) else None

    def alike(self, a: Var, b: Atom) -> None:
        """Say that `a` has the shape of `b`, whatever else is known of it."""
        self._dims[a] = self.dims(b)

    def same(self, a: Atom, b: Atom) -> bool:
        """Have the two certainly one shape?"""
        dims = self.dims(a)
        return dims is not None and dims == self.dims(b)

    def dims(self, a: Atom) -> Dims | None:
        """The dimensions of a value: numbers or keys; None where not even their number is known."""
        shape = shape_of(a.aval)
        if is_known(shape) or not isinstance(a, Var):
            return shape
        if a not in self._dims:
            self._dims[a] = None  # a value that depends on itself
            found = self._found(a)
            if found is None and shape is not None:
                found = tuple((a, k) if n is None else n for k, n in enumerate(shape))
            self._dims[a] = found
        return self._dims[a]

    def _found(self, v: Var) -> Dims | None:
        stmt = self._makers.get(v)
        if v.bar_of is not None and isinstance(v.bar_of.aval, Arr):
            return self.dims(v.bar_of)
        if isinstance(stmt, If):
            k = stmt.outs.index(v)
            sides = [self.dims(b.results[k]) for b in (stmt.then, stmt.orelse)]
            return sides[0] if sides[0] == sides[1] else None
        if stmt is None or len(stmt.outs) != 1:
            return None
        if stmt.fn in _KEEP:
            return self.dims(stmt.args[0])
        if stmt.fn is runtime.unbroadcast:
            return self.dims(stmt.args[1])
        if stmt.fn is operator.getitem:
            return self._part(*stmt.args)
        if stmt.fn is np.outer:
            dims = [self.dims(a) for a in stmt.args]
            return tuple(d for n in dims for d in n) if all(n is not None and len(n) == 1 for n in dims) else None  # type: ignore[union-attr]
        rule = lookup(stmt.fn)
        ufunc = isinstance(stmt.fn, np.ufunc) and stmt.fn.signature is None and stmt.fn.nout == 1
        if (ufunc or stmt.fn in _ENTRYWISE) and rule is not None and all(isinstance(a.aval, Num | Arr) for a in stmt.atoms()):
            return _broadcast([self.dims(a) for a in stmt.args[: stmt.fn.nin if ufunc else None]])  # type: ignore[attr-defined]
        return None

    def _part(self, array: Atom, index: Atom) -> Dims | None:
        """The dimensions of a part of an array that is cut out by numbers and slices."""
        dims = self.dims(array)
        if dims is None or not isinstance(array.aval, Arr):
            return None
        items = self._items(index)
        if items is None or len(items) > len(dims):
            return None
        out = []
        for n, item in zip(dims, items, strict=False):
            if item.aval == INT or (isinstance(item.aval, Arr) and item.aval.boxed and item.aval.dtype.kind in "iu"):  # type: ignore[union-attr]
                continue
            if not is_slice(item.aval):
                return None
            cut = self._cut(item)
            if cut is None:
                return None
            out.append(n if cut == (("const", None),) * 3 else ("cut", n, *cut))
        return (*out, *dims[len(items) :])

    def _items(self, index: Atom) -> tuple[Atom, ...] | None:
        if isinstance(index, Const):
            return tuple(map(Const, index.value)) if isinstance(index.value, tuple) else (index,)
        if isinstance(index.aval, Parts):
            maker = self._makers.get(index)
            made = isinstance(maker, Apply) and maker.fn is runtime.make_tuple
            return maker.args if made else None  # type: ignore[union-attr]
        return (index,)

    def _cut(self, item: Atom) -> tuple[Any, ...] | None:
        if isinstance(item.aval, Cut):
            return tuple(("const", n) for n in (item.aval.start, item.aval.stop, item.aval.step))
        maker = self._makers.get(item) if isinstance(item, Var) else None
        if not isinstance(maker, Apply) or maker.fn is not slice:
            return None
        ends = list(map(self._number, maker.args))
        start, stop, step = [("const", None), *ends, ("const", None)] if len(ends) == 1 else (*ends, ("const", None))[:3]
        return start, stop, step

    def _number(self, a: Atom) -> Any:
        """A key for an integer: equal for expressions that are alike."""
        if isinstance(a, Const):
            return ("const", a.value)
        maker = self._makers.get(a)
        if isinstance(maker, Apply) and maker.fn in _INTEGER and all(b.aval in (INT, Obj(type(None))) for b in maker.args):
            return (maker.fn, *map(self._number, maker.args))
        return a


def _broadcast(shapes: list[Dims | None]) -> Dims | None:
    """The common shape of entrywise operands, where it follows from what is known."""
    if any(s is None for s in shapes):
        return None
    rank = max(map(len, shapes), default=0)  # type: ignore[arg-type]
    out = []
    for axis in range(-rank, 0):
        lengths = {s[axis] for s in shapes if len(s) >= -axis and s[axis] != 1}  # type: ignore[index,arg-type]
        if len(lengths) > 1:
            return None
        out.append(lengths.pop() if lengths else 1)
    return tuple(out)

