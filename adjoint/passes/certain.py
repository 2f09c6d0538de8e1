"""What is certain of a value, from its abstract value and from the statements that make it.

    w1 = pow(v, 2)                     w1 has the shape of v,
    w2 = shape(w1)
    w3 = broadcast_to(g, w2)           w3 that of w1, and so that of v
    w4 = unbroadcast(w3, v)            and so w4 is w3, although no length is known

A pass asks before it replaces one value by another; the answer is False wherever there is doubt.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import INT, Arr, Aval, Cut, Num, Obj, Parts, Seq, dtype_of, is_known, same_dtype, shape_of
from ..ir import Apply, Atom, Block, Const, Var, blocks

ENTRYWISE = {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow}


class Facts:
    """The statement that makes each value."""

    def __init__(self) -> None:
        self.makers: dict[Var, Apply] = {}
        self._parts: dict[Any, Atom] = {}  # the first part seen of an array of some shape, at some index

    @classmethod
    def of(cls, block: Block) -> Facts:
        """What is certain in a whole program."""
        facts = cls()
        for s in block.stmts:
            if isinstance(s, Apply):
                facts.note(s)
            for inner in blocks(s):
                facts.makers.update(cls.of(inner).makers)
        return facts

    def note(self, s: Apply) -> None:
        for v in s.outs:
            self.makers[v] = s

    def made(self, a: Atom, *fns: Any) -> Apply | None:
        """The statement that makes a value, if it is a call of one of `fns` without keywords."""
        s = self.makers.get(a) if isinstance(a, Var) else None
        return s if s is not None and s.fn in fns and not s.kwargs and not s.effect else None

    def aval(self, a: Atom) -> Aval:
        """The abstract value; of something broadcast to the shape of another value, that shape."""
        s = self.made(a, np.broadcast_to)
        like = self.shaped_as(s.args[1]) if s is not None and len(s.args) == 2 else None
        if s is None or like is None or not isinstance(like.aval, Arr):
            return a.aval
        return Arr(dtype_of(self.aval(s.args[0])), like.aval.shape)

    def is_array(self, a: Atom) -> bool:
        """An array that has axes: arithmetic makes a scalar of one that has none."""
        aval = self.aval(a)
        return isinstance(aval, Arr) and aval.shape is not None and aval.shape != ()

    def is_inexact(self, a: Atom, fn: Any) -> bool:
        """A float or complex value, of a type that the arithmetic `fn` keeps."""
        aval = self.aval(a)
        dtype = dtype_of(aval)
        if dtype is None or dtype.kind not in "fc":
            return False
        if self.is_array(a):
            return True  # a ufunc makes a NumPy number of a Python number, and `+` of an array without axes
        return not isinstance(fn, np.ufunc) and (isinstance(aval, Num) or aval == Arr(dtype, (), boxed=True))

    def same_dtype(self, a: Atom, b: Atom) -> bool:
        dtype = dtype_of(self.aval(a))
        return dtype is not None and same_dtype(dtype, dtype_of(self.aval(b)))

    def same_shape(self, a: Atom, b: Atom) -> bool:
        shape = shape_of(self.aval(a))
        return (is_known(shape) and shape == shape_of(self.aval(b))) or self.like(a) is self.like(b)

    def has_shape(self, a: Atom, shape: Atom) -> bool:
        """Is it certainly an array of this shape, with axes?"""
        if not self.is_array(a):
            return False
        if isinstance(shape, Const):
            wanted = (shape.value,) if type(shape.value) is int else shape.value
            return is_known(shape_of(self.aval(a))) and shape_of(self.aval(a)) == wanted
        like = self.shaped_as(shape)
        return like is not None and self.same_shape(a, like)

    def shaped_as(self, shape: Atom) -> Atom | None:
        """A value that has this shape: `v` for `np.shape(v)`, `v.shape`, or `(v.shape[0], 3)`."""
        if s := self.made(shape, np.shape):
            return s.args[0]
        if (s := self.made(shape, getattr)) and s.args[1].value == "shape":  # type: ignore[union-attr]
            return s.args[0]
        if (s := self.made(shape, runtime.make_tuple)) is None:
            return None
        lengths = [self.made(a, operator.getitem) for a in s.args]
        like = next((self.shaped_as(n.args[0]) for n in lengths if n is not None), None)
        known = shape_of(like.aval) if like is not None else None
        if like is None or known is None or len(known) != len(s.args):
            return None
        for i, (a, n) in enumerate(zip(s.args, lengths, strict=True)):
            if isinstance(a, Const) and type(a.value) is int and a.value == known[i]:
                continue
            index = n.args[1] if n is not None else None
            if not isinstance(index, Const) or index.value != i or n is None or self.shaped_as(n.args[0]) is not like:
                return None
        return like

    def like(self, a: Atom) -> Atom:
        """The first value that this one has its shape from."""
        s = self.makers.get(a) if isinstance(a, Var) else None
        if s is None or s.effect or s.kwargs or len(s.outs) != 1:
            return a
        entrywise = s.fn in ENTRYWISE or (isinstance(s.fn, np.ufunc) and s.fn.signature is None and s.fn.nout == 1)
        match s.args:
            case (x,) if s.fn in (operator.neg, np.zeros_like, runtime.zeros_like, runtime.owned) or entrywise:
                return self.like(x)
            case (x, y) if entrywise and isinstance(x.aval, Num | Arr) and isinstance(y.aval, Num | Arr):
                m, n = self.like(x), self.like(y)
                return n if m is n or shape_of(x.aval) == () else m if shape_of(y.aval) == () else a
            case (x, *_) if s.fn is runtime.index_add:
                return self.like(x)
            case (x, Var() as index) if s.fn is operator.getitem and is_known(shape_of(x.aval)):
                return self._parts.setdefault((shape_of(x.aval), index), a)  # whatever a mask picks, it picks as much of both
            case (_, x) if s.fn is runtime.unbroadcast and isinstance(x.aval, Arr):
                return self.like(x)
            case (_, shape) if s.fn is np.broadcast_to:
                source = self.shaped_as(shape)
                return a if source is None else self.like(source)
        return a

    def is_distinct(self, index: Atom) -> bool:
        """Does an index with arrays in it certainly name no place twice?

        So it is with `np.arange(n), labels`: each row is named once.
        """
        tuple_ = self.made(index, runtime.make_tuple)
        items = tuple_.args if tuple_ is not None else (index,)
        arrays = [a for a in items if isinstance(a.aval, Arr) and a.aval.shape != ()]
        if any(not is_known(shape_of(a.aval)) or not is_integral(a) for a in arrays):
            return False
        whole = np.broadcast_shapes(*(shape_of(a.aval) for a in arrays))  # type: ignore[arg-type]
        counted = [s for a in arrays if (s := self.made(a, np.arange)) is not None and len(s.args) == 1]
        return any(shape_of(s.out.aval) == whole for s in counted)

    def is_empty(self, a: Atom) -> bool:
        """Is it certainly a sequence without items?"""
        if isinstance(a, Const):
            return isinstance(a.value, range | list | tuple | str) and len(a.value) == 0
        if s := self.made(a, range):
            bounds = [b.value for b in s.args if isinstance(b, Const) and b.aval == INT]
            return len(bounds) == len(s.args) and 0 not in bounds[2:] and len(range(*bounds)) == 0
        display = self.made(a, runtime.make_list, runtime.make_tuple)
        return display is not None and not display.args


def is_number(a: Atom, number: int) -> bool:
    """Is it this Python number, as a float or an int?"""
    return isinstance(a, Const) and type(a.value) in (int, float) and a.value == number


def is_integral(a: Atom) -> bool:
    """An integer, or an array of them."""
    dtype = dtype_of(a.aval)
    return dtype is not None and dtype.kind in "iu"


def is_full_precision(a: Atom) -> bool:
    """Floats or complex numbers in single precision or better: sums of half precision soon leave its range."""
    dtype = dtype_of(a.aval)
    return dtype is not None and dtype.kind in "fc" and dtype != np.float16


def is_sequence(a: Atom) -> bool:
    """Something that may be iterated over more than once."""
    return isinstance(a.aval, Seq | Parts | Arr) or a.aval == Obj(range)


def is_basic(index: Atom) -> bool:
    """An index without arrays: no entry can occur twice in it."""
    items = index.aval.items if isinstance(index.aval, Parts) and index.aval.cls is tuple else (index.aval,)
    for item in items:
        mask = isinstance(item, Arr) and item.dtype == np.dtype(bool)
        number = isinstance(item, Arr) and item.boxed and item.shape == ()
        if not (item == INT or isinstance(item, Cut) or mask or number or _is_marker(item)):
            return False
    return True


def _is_marker(item: Any) -> bool:
    return isinstance(item, Obj) and item.cls in (slice, type(None), type(Ellipsis))
