"""Bring constant factors together: each product has one, in front, and a sum of products with the same one has it once.

    w1 = mul(2, x)                          w1 = mul(200.0, x)
    w2 = mul(100.0, w1)                     w2 = mul(w1, g)
    w3 = mul(w2, g)                 ->

    w1 = mul(0.5, x)                        w1 = sub(x, y)
    w2 = mul(0.5, y)                ->      w2 = mul(0.5, w1)
    w3 = sub(w1, w2)

    w1 = div(1.0, s)                ->      w2 = div(e, s)
    w2 = mul(w1, e)

First every factor is taken out of the products, quotients and sums it stands in, where that costs no
operation more; then it goes to the first of the factors that are left, or to the one with the fewest entries.

Only where adjoint wrote the arithmetic, and only of values that are read once.  It stays as it is where
numbers could leave the range of their dtype on the way: in half precision, and for factors beyond 2 ** 30 (in single
precision 2 ** 10).  Results differ by rounding.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..avals import Num, dtype_of, is_known, shape_of
from ..ir import Apply, Atom, Const, Function, Var
from .cse import is_shareable, key
from .rewriting import Around, rewritten

MUL, ADD = (operator.mul, np.multiply), (operator.add, np.add)
SUB, DIV = (operator.sub, np.subtract), (operator.truediv, np.divide)
NEG = (operator.neg, np.negative)
SPREAD = (np.expand_dims,)
LARGEST: dict[Any, float] = {
    np.dtype(float): 2.0**30, np.dtype(complex): 2.0**30, np.dtype(np.float32): 2.0**10, np.dtype(np.complex64): 2.0**10,
}

Number = int | float


def factors(function: Function) -> Function:
    function = rewritten(function, dict.fromkeys((*MUL, *ADD, *SUB, *DIV, *NEG), taken_out))
    return rewritten(function, dict.fromkeys((*MUL, *NEG), put_in))


# --- taking factors out ---------------------------------------------------------------------------


def taken_out(s: Apply, around: Around) -> Atom | list[Apply] | None:
    """The statement with the constant factors of its operands in front of it."""
    if s.kwargs or not all(map(_is_number, s.args)):
        return None
    match s.args:
        case (x,):
            c, a = factor(x, around, s.out)
            return _times(s, -c, a) if c != 1 else None
        case (x, y) if s.fn in MUL:
            for k, other in ((x, y), (y, x)):
                if _is_factor(k, s):
                    c, a = factor(other, around, s.out)
                    return _times(s, k.value * c, a) if c != 1 else None  # type: ignore[union-attr]
            return None if isinstance(x, Const) or isinstance(y, Const) else _product(s, x, y, around)
        case (x, y) if s.fn in DIV:
            c, a = _alike(s, x, around)
            return _times(s, c, *_between(s, s.fn, a, y)) if c != 1 else None
        case (x, y):
            return _sum(s, x, y, around)
    return None


def factor(x: Atom, around: Around, of: Var | None = None) -> tuple[Number, Atom]:
    """A constant and the rest of a value that is a product with it, and is read once; otherwise 1.

    A value of the user's stays whole, and so does its cotangent, but for a term of `of`.
    """
    s = around.once(x, *MUL, *NEG)
    if s is None or s.kwargs or _is_named(s.out, of):
        return 1, x
    if s.fn in NEG:
        return (-1, s.args[0]) if _is_inexact(s.args[0]) else (1, x)
    for k, other in (s.args, s.args[::-1]):
        if _is_factor(k, s) and _is_inexact(other):
            return k.value, other  # type: ignore[union-attr]
    return 1, x


def _alike(s: Apply, x: Atom, around: Around) -> tuple[Number, Atom]:
    """`factor`, of an operand that is as large as the result: taken out of a smaller one it would cost more."""
    return factor(x, around, s.out) if around.facts.same_shape(x, s.out) or _shape(x) == _shape(s.out) else (1, x)


def _product(s: Apply, x: Atom, y: Atom, around: Around) -> Atom | list[Apply] | None:
    (c, a), (d, b) = factor(x, around, s.out), factor(y, around, s.out)
    if c == 1 or d == 1:  # where both have one, there is one operation less in any case
        (c, a), (d, b) = _alike(s, x, around), _alike(s, y, around)
    if c != 1 or d != 1:
        return _times(s, c * d, *_between(s, s.fn, a, b))
    for q, other in ((x, y), (y, x)):  # a constant over an array as large as the rest
        over = around.once(q, *DIV)
        if over is not None and not over.kwargs and over.at.sweep != "forward" and _is_factor(over.args[0], s):
            if _shape(over.args[1]) == _shape(other) == _shape(s.out):
                return _times(s, over.args[0].value, *_between(s, over.fn, other, over.args[1]))  # type: ignore[union-attr]
    return None


def _sum(s: Apply, x: Atom, y: Atom, around: Around) -> Atom | list[Apply] | None:
    if not _shape(x) == _shape(y) == _shape(s.out):
        return None
    (c, a), (d, b) = factor(x, around, s.out), factor(y, around, s.out)
    if x is y:  # `2 * x` is no better than `x + x`, but for a factor that is there already
        return _times(s, 2, x) if s.fn in ADD and around.reads[x] == 2 and _has_factor(x, around, s.out, 2) else None
    total = c + d if s.fn in ADD else c - d
    if (c, d) != (1, 1) and total != 0 and _is_same(a, b, around):
        return _times(s, total, a)
    plus, minus = (operator.add, operator.sub) if s.fn in ADD else (operator.sub, operator.add)
    if c == d and c != 1:
        return _times(s, c, *_between(s, plus, a, b))
    if c == -d and abs(c) != 1:
        return _times(s, c, *_between(s, minus, a, b))
    return None


def _is_same(a: Atom, b: Atom, around: Around) -> bool:
    """Is it one value, or computed twice in the same way?"""
    if a is b:
        return True
    makers = [around.here.get(x) if isinstance(x, Var) else None for x in (a, b)]
    return all(m is not None and is_shareable(m) for m in makers) and key(makers[0]) == key(makers[1])  # type: ignore[arg-type]


def _has_factor(x: Atom, around: Around, of: Var, reads: int = 1) -> bool:
    """Is it a product with a constant in it somewhere, that `put_in` will come to?"""
    s = around.here.get(x) if isinstance(x, Var) and around.reads[x] == reads else None
    if s is None or s.kwargs or s.at.sweep == "forward" or s.fn not in (*MUL, *NEG, *SPREAD) or _is_named(s.out, of):
        return False
    if s.fn in SPREAD:
        return _has_factor(s.args[0], around, of)
    if s.fn in NEG or any(_is_factor(a, s) for a in s.args):
        return True
    return _has_factor(min(s.args, key=_entries), around, of)


# --- putting them in again ------------------------------------------------------------------------


def put_in(s: Apply, around: Around) -> Atom | list[Apply] | None:
    """`c * (a * b)` as `c * a * b`: the factor goes to the operand with the fewest entries, or to the first."""
    if s.fn in NEG:
        c: Number = -1
        rest = s.args[0]
    elif not s.kwargs and _is_factor(s.args[0], s):
        c, rest = s.args[0].value, s.args[1]  # type: ignore[union-attr]
    else:
        return None
    inner = around.once(rest, *MUL, *DIV, *SPREAD)
    if inner is None or inner.kwargs or inner.at.sweep == "forward" or _is_named(inner.out, s.out):
        return None
    if inner.fn in MUL and _is_factor(inner.args[0], inner) and _is_inexact(inner.args[1]):
        return _times(s, c * inner.args[0].value, inner.args[1])  # type: ignore[union-attr]
    place = 0 if inner.fn in (*DIV, *SPREAD) or _entries(inner.args[0]) <= _entries(inner.args[1]) else 1
    part = inner.args[place]
    if not _is_inexact(part) or isinstance(part, Const):
        return None
    new = Var(part.aval)
    made = Apply((new,), NEG[0], (part,), at=s.at) if c == -1 else Apply((new,), MUL[0], (Const(c), part), at=s.at)
    return [made, Apply(s.outs, inner.fn, (*inner.args[:place], new, *inner.args[place + 1 :]), at=s.at)]


# --- small things ---------------------------------------------------------------------------------


def _times(s: Apply, c: Number, core: Atom, *before: Apply) -> Atom | list[Apply] | None:
    """What `s` makes, as a constant times another value."""
    if not _is_factor(Const(c), s) or isinstance(core.aval, Num) != isinstance(s.out.aval, Num):
        return None
    if c == 1:
        return core if not before else [*before[:-1], _as(s, before[-1])]
    if c == -1:
        return [*before, Apply(s.outs, NEG[0], (core,), at=s.at)]
    return [*before, Apply(s.outs, MUL[0], (Const(c), core), at=s.at)]


def _as(s: Apply, last: Apply) -> Apply:
    return Apply(s.outs, last.fn, last.args, at=s.at)


def _between(s: Apply, fn: Any, a: Atom, b: Atom) -> tuple[Atom, Apply]:
    """`fn(a, b)` as a value of its own."""
    out = Var(s.out.aval)
    return out, Apply((out,), fn, (a, b), at=s.at)


def _is_factor(a: Atom, s: Apply) -> bool:
    """A constant that may be moved about among numbers of this dtype."""
    if not isinstance(a, Const) or type(a.value) not in (int, float):
        return False
    largest = LARGEST.get(dtype_of(s.out.aval), 0.0)
    return largest > 0 and 1 / largest <= abs(a.value) <= largest


def _is_named(v: Var, of: Var | None) -> bool:
    """Is it the user's value, or belongs to one?  Then it keeps its line; a part of the cotangent `of` has none."""
    if of is not None and v.bar_of is not None and v.bar_of is of.bar_of:
        return False
    return any(w is not None and w.hint is not None for w in (v, v.bar_of, v.dot_of))


def _is_number(a: Atom) -> bool:
    """A value of floats, or a constant that takes their dtype."""
    return _is_inexact(a) or (isinstance(a, Const) and type(a.value) in (int, float))


def _is_inexact(a: Atom) -> bool:
    dtype = dtype_of(a.aval)
    return dtype is not None and dtype.kind in "fc"


def _shape(a: Atom) -> Any:
    shape = shape_of(a.aval)
    return shape if is_known(shape) else object()  # like nothing else


def _entries(a: Atom) -> float:
    shape = shape_of(a.aval)
    return math.prod(shape) if is_known(shape) else math.inf  # type: ignore[arg-type]
