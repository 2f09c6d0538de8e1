"""Values that a program is computed from and does not depend on: shifts that cancel.

    top = max(terms)
    w1 = exp(sub(terms, top))            exp(terms) / exp(top)
    w2 = sum(w1)                         sum(exp(terms)) / exp(top)
    w3 = log(w2)                         log(sum(exp(terms))) - top
    w4 = add(top, w3)                    log(sum(exp(terms)))

`top` keeps `exp` from overflowing, and is gone from the result: whatever it is, the result is the same, so that its
cotangent is zero, at every order.  Nothing has to be pulled back through `max` then, ties and all.

What is computed from a shift s is followed through the block: it is a value without s plus k * s, or times
exp(k * s), spread along some axes, for a number k that is known.  Where k is 0 the shift has cancelled; it has
cancelled for good if nothing else comes to be read by a result or by a statement that is not understood.

The reverse sweep takes such a value for a constant (as `jax.scipy.special.logsumexp` does by hand).  That is
exact wherever the numbers are finite; where `terms` has an infinity or nan, so has `w1`.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from fractions import Fraction
from typing import Any

import numpy as np

from .avals import dtype_of, is_known, shape_of
from .ir import Apply, Atom, Block, Const, Stmt, Var, blocks, defined, free_of

CANDIDATES = {np.max, np.amax, np.min, np.amin, np.ndarray.max, np.ndarray.min, max, min}
ADD, SUB = {operator.add, np.add}, {operator.sub, np.subtract}
MUL, DIV = {operator.mul, np.multiply}, {operator.truediv, np.divide}
NEG, EXP, LOG = {operator.neg, np.negative}, {np.exp, math.exp}, {np.log, math.log}
SUM = {np.sum, np.ndarray.sum, np.mean, np.ndarray.mean}


@dataclasses.dataclass(frozen=True)
class Shifted:
    """A value plus `times` the shift, or (where `factor`) times the exponential of that.

    `axes` says which axis of the shift each axis of the value goes along, both counted from the last; along the
    others the shift is the same everywhere.
    """

    times: Fraction
    factor: bool
    axes: tuple[tuple[int, int], ...]


class _Unclear(Exception):
    """What becomes of the shift here is not understood."""


def cancelled(block: Block) -> set[Var]:
    """The values of a block, and of the blocks inside, that its results do not depend on although they read them."""
    found: set[Var] = set()
    for i, s in enumerate(block.stmts):
        for inner in blocks(s):
            found |= cancelled(inner)
        if isinstance(s, Apply) and s.fn in CANDIDATES and not s.effect and _cancels(s, block, i + 1):
            found.add(s.out)
    return found


def _cancels(s: Apply, block: Block, first: int) -> bool:
    shape, dtype = shape_of(s.out.aval), dtype_of(s.out.aval)
    if not is_known(shape) or dtype is None or dtype.kind != "f":
        return False
    assert shape is not None
    axes = tuple((k - len(shape), k - len(shape)) for k, n in enumerate(shape) if n != 1)
    shifted: dict[Atom, Shifted] = {s.out: Shifted(Fraction(1), False, axes)}
    try:
        for stmt in block.stmts[first:]:
            found = _after(stmt, shifted)
            if found is not None and found.times != 0:
                shifted[defined(stmt)[0]] = found
    except _Unclear:
        return False
    return not any(r in shifted for r in block.results)


def _after(stmt: Stmt, shifted: dict[Atom, Shifted]) -> Shifted | None:
    """What a statement makes of the shift; None where it reads nothing of it."""
    if not any(v in shifted for v in free_of(stmt)):
        return None
    if not isinstance(stmt, Apply) or stmt.effect or len(stmt.outs) != 1 or not is_known(shape_of(stmt.out.aval)):
        raise _Unclear
    operands = [shifted.get(a) for a in stmt.args]
    if any(a in shifted for _, a in stmt.kwargs):
        raise _Unclear
    fn, args = stmt.fn, stmt.args
    match operands:
        case [Shifted() as a] if fn in NEG and not a.factor:
            return dataclasses.replace(a, times=-a.times)
        case [Shifted() as a] if fn in EXP and not a.factor and not stmt.kwargs:
            return dataclasses.replace(a, factor=True)
        case [Shifted() as a] if fn in LOG and a.factor and not stmt.kwargs:
            return dataclasses.replace(a, factor=False)
        case [Shifted() as a, *_] if fn in SUM and a.factor:
            return _summed(stmt, a)
        case [Shifted() as a, None] if fn is np.expand_dims or fn is operator.getitem:
            return _stretched(stmt, a)
        case [a, b] if not stmt.kwargs and fn in ADD | SUB | MUL | DIV:
            return _combined(fn, a, b, args)
    raise _Unclear


def _combined(fn: Any, a: Shifted | None, b: Shifted | None, args: tuple[Atom, ...]) -> Shifted:
    sign = -1 if fn in SUB | DIV else 1
    factors = {x.factor for x in (a, b) if x is not None}
    if factors == {fn in MUL | DIV}:  # both are shifted, or one: exp(s) * exp(s), s + s
        if a is not None and b is not None and a.axes != b.axes:
            raise _Unclear
        times = (a.times if a else Fraction(0)) + sign * (b.times if b else Fraction(0))
        return Shifted(times, factors.pop(), (a or b).axes)  # type: ignore[union-attr]
    number = next((k.value for k in args if isinstance(k, Const) and type(k.value) in (int, float)), None)
    scaled = a if fn in DIV else a or b
    if fn not in MUL | DIV or scaled is None or number is None or number == 0 or not math.isfinite(number):
        raise _Unclear
    return dataclasses.replace(scaled, times=scaled.times / Fraction(number) if fn in DIV else scaled.times * Fraction(number))


def _summed(stmt: Apply, a: Shifted) -> Shifted:
    """A factor that is the same along the axes of a sum comes in front of it."""
    if len(stmt.args) > 1 and not isinstance(stmt.args[1], Const):
        raise _Unclear
    options = {"axis": stmt.args[1]} if len(stmt.args) == 2 else {}
    options.update(stmt.kwargs)
    if len(stmt.args) > 2 or not set(options) <= {"axis", "keepdims"}:
        raise _Unclear
    if not all(isinstance(v, Const) for v in options.values()):
        raise _Unclear
    axis, keepdims = (getattr(options.get(word), "value", None) for word in ("axis", "keepdims"))
    rank = len(shape_of(stmt.args[0].aval) or ())
    gone = set(range(rank)) if axis is None else {k % rank for k in (axis if isinstance(axis, tuple) else (axis,))}
    if any(k + rank in gone for k, _ in a.axes):
        raise _Unclear
    if keepdims:
        return a
    left = [k for k in range(rank) if k not in gone]
    return dataclasses.replace(a, axes=tuple((left.index(k + rank) - len(left), n) for k, n in a.axes))


def _stretched(stmt: Apply, a: Shifted) -> Shifted:
    """Axes of length one put in: `x[:, None]`, `np.expand_dims(x, 1)`."""
    x, index = stmt.args
    shape, rank = shape_of(x.aval), len(shape_of(stmt.out.aval) or ())
    if not isinstance(index, Const) or stmt.kwargs or shape is None:
        raise _Unclear
    if stmt.fn is np.expand_dims:
        if not isinstance(index.value, int):
            raise _Unclear
        kept = [k for k in range(rank) if k != index.value % rank]
    else:
        items = list(index.value) if isinstance(index.value, tuple) else [index.value]
        if Ellipsis in items:
            at = items.index(Ellipsis)
            items[at : at + 1] = [slice(None)] * (len(shape) - sum(i is not None for i in items) + 1)
        items += [slice(None)] * (len(shape) - sum(i is not None for i in items))
        if any(i is not None and i != slice(None) for i in items):
            raise _Unclear
        kept = [k for k, i in enumerate(items) if i is not None]
    return dataclasses.replace(a, axes=tuple((kept[k + len(shape)] - rank, n) for k, n in a.axes))


