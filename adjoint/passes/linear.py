"""Sums and products in the order that costs least.

    w1 = neg(x)                                            w1 = sum(x, axis=0)
    w2 = sum(w1, axis=0)                           ->      w2 = neg(w1)

    w1 = matmul(x, W)                                      w1 = sum(x, axis=0)
    w2 = sum(w1, axis=0)                           ->      w2 = matmul(w1, W)

    w1 = mul(x, s[:, None])                                w1 = sum(x, axis=1, keepdims=True)
    w2 = sum(w1, axis=1, keepdims=True)            ->      w2 = mul(w1, s[:, None])

    w1 = index_add(zeros((3, 5)), (arange(3), k), v)
    w2 = sum(w1, axis=1)                           ->      v

    w1 = transpose(x)
    w2 = transpose(matmul(w1, y))                  ->      w2 = matmul(transpose(y), x)

What does not vary along an axis comes in front of the sum over it; the sum of a sum is taken apart where that
helps one of its terms.  Only where adjoint wrote it, and only of what is read once.  Results differ by
rounding.  What was finite stays so as long as the sum alone is; an infinite factor may give inf where it gave nan.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Num, dtype_of, is_known, same_dtype, shape_of
from ..infer import infer
from ..ir import Apply, Atom, Const, Function, Var
from .certain import is_full_precision, is_integral
from .rewriting import Around, Rule, rewritten

MUL, ADD = (operator.mul, np.multiply), (operator.add, np.add)
SUB, DIV = (operator.sub, np.subtract), (operator.truediv, np.divide)
NEG, MATMUL = (operator.neg, np.negative), (operator.matmul, np.matmul)


def linear(function: Function) -> Function:
    return rewritten(function, RULES)


# --- sums -----------------------------------------------------------------------------------------


def less(s: Apply, around: Around) -> Atom | list[Apply] | None:
    """A sum of less."""
    axes, keepdims = _axes(s)
    return None if axes is None else picked(s, axes, keepdims, around) or inside(s, axes, keepdims, around)


def inside(s: Apply, axes: tuple[int, ...], keepdims: bool, around: Around) -> list[Apply] | None:
    """The sum of each operand, where that is less work than the sum of the whole."""
    (x,) = s.args
    maker = _once(x, around)
    if maker is None or any(isinstance(a.aval, Num) and not isinstance(a, Const) for a in maker.args):
        return None
    out: list[Apply] = []

    def summed(a: Atom) -> Var:
        new = Var(infer(np.sum, (a,), s.kwargs, True))
        out.append(Apply((new,), np.sum, (a,), s.kwargs, s.at))
        return new

    match maker.args:
        case (a,):
            last = Apply(s.outs, maker.fn, (summed(a),), at=s.at)
            return [*out, last]
        case (a, b) if maker.fn in (*ADD, *SUB):
            if _shape(a) == _shape(b) == _shape(x) and any(_gains(t, axes, keepdims, around) for t in (a, b)):
                last = Apply(s.outs, maker.fn, (summed(a), summed(b)), at=s.at)
                return [*out, last]
        case (a, b) if _gains(x, axes, keepdims, around):
            first = maker.fn not in MUL or not _is_steady(a, x, axes, keepdims)
            args = (summed(a), b) if first else (a, summed(b))
            return [*out, Apply(s.outs, maker.fn, args, at=s.at)]
    return None


def _gains(x: Atom, axes: tuple[int, ...], keepdims: bool, around: Around) -> bool:
    """Would the sum of this value come to be that of an operand alone?"""
    maker = _once(x, around)
    if maker is None or maker.fn in (*ADD, *SUB):
        return False
    if maker.fn in NEG:
        return True
    a, b = maker.args
    if maker.fn in MATMUL:
        rank = len(_shape(x))
        if _shape(a)[:-1] != _shape(x)[:-1] or len(_shape(b)) < 2 or rank < 2 or axes != (rank - 2,):
            return False
        return (keepdims or rank == 2) and _shape(a)[-2] > 1
    if _shape(a) == _shape(x) and _is_steady(b, x, axes, keepdims):
        return True
    return maker.fn in MUL and _shape(b) == _shape(x) and _is_steady(a, x, axes, keepdims)


def _is_steady(a: Atom, x: Atom, axes: tuple[int, ...], keepdims: bool) -> bool:
    """Is it the same all along these axes of x, and fits what is left of x after the sum?"""
    shape, rank = _shape(a), len(_shape(x))
    own = [k - (rank - len(shape)) for k in axes if k >= rank - len(shape)]
    if not keepdims and shape and (own or any(k >= rank - len(shape) for k in axes)):
        return False
    return all(shape[k] == 1 for k in own) and any(_shape(x)[k] > 1 for k in axes)


def _once(x: Atom, around: Around) -> Apply | None:
    """What makes a value that is read once, if it is arithmetic of adjoint's on arrays of one dtype and of known shapes."""
    maker = around.once(x, *ADD, *SUB, *MUL, *DIV, *NEG, *MATMUL)
    if maker is None or maker.kwargs or maker.at.sweep == "forward":
        return None
    if not all(is_known(shape_of(a.aval)) for a in (x, *maker.args)) or _shape(x) == ():
        return None
    dtype = dtype_of(x.aval)
    if not is_full_precision(x) or not all(isinstance(a, Const) or same_dtype(dtype_of(a.aval), dtype) for a in maker.args):
        return None  # the sum of an operand alone could be less exact, or too large
    return maker


def picked(s: Apply, axes: tuple[int, ...], keepdims: bool, around: Around) -> list[Apply] | Atom | None:
    """Zeros with one value written in each row, summed along the rows: the values."""
    (x,) = s.args
    write = around.facts.made(x, runtime.index_add, runtime.array_set)
    zeros = around.facts.made(write.args[0], np.zeros, np.zeros_like) if write is not None else None
    if write is None or zeros is None or not is_known(shape_of(x.aval)):
        return None
    _, index, v = write.args
    items = around.facts.made(index, runtime.make_tuple)
    if items is None or len(items.args) != len(_shape(x)) or not around.facts.is_distinct(index):
        return None
    if not all(map(is_integral, items.args)):
        return None  # along a slice there is more than one in each row
    rows = [k for k, a in enumerate(items.args) if _counts(a, _shape(x)[k], around)]
    if len(rows) != 1 or set(axes) != set(range(len(_shape(x)))) - set(rows):
        return None
    if not (v.aval == Num("float") and s.out.aval.dtype == np.float64) and not same_dtype(dtype_of(v.aval), dtype_of(x.aval)):  # type: ignore[union-attr]
        return None
    (row,) = rows
    length = _shape(x)[row]
    if shape_of(v.aval) not in ((), (length,)):
        return None
    if shape_of(v.aval) == ():
        return [Apply(s.outs, np.broadcast_to, (v, Const(_shape(s.out))), at=s.at)]
    return v if not keepdims else [Apply(s.outs, np.reshape, (v, Const(_shape(s.out))), at=s.at)]


def narrow(s: Apply, around: Around) -> list[Apply] | None:
    """The minus of a number that is broadcast: of the number."""
    maker = around.once(s.args[0], np.broadcast_to) if not s.kwargs else None
    if maker is None or len(maker.args) != 2 or maker.args[0].aval != Num("float"):
        return None
    minus = Var(Num("float"))
    return [Apply((minus,), operator.neg, maker.args[:1], at=s.at), Apply(s.outs, maker.fn, (minus, maker.args[1]), at=s.at)]


def _counts(a: Atom, length: int, around: Around) -> bool:
    """Is it np.arange(length)?"""
    maker = around.facts.made(a, np.arange)
    return maker is not None and len(maker.args) == 1 and shape_of(a.aval) == (length,)


def without_axes(s: Apply, around: Around) -> list[Apply] | None:
    """A sum that keeps its axes, and then loses them."""
    if s.kwargs:
        return None
    x, shape = s.args
    minus = around.once(x, *NEG)
    if minus is not None and minus.at.sweep != "forward" and is_known(shape_of(s.out.aval)):
        flat = Var(s.out.aval)
        return [Apply((flat,), s.fn, (minus.args[0], shape), at=s.at), Apply(s.outs, minus.fn, (flat,), at=s.at)]
    maker = around.once(x, np.sum)
    axes, keepdims = _axes(maker) if maker is not None else (None, False)
    if maker is None or axes is None or not keepdims or not isinstance(shape, Const):
        return None
    left = tuple(n for k, n in enumerate(_shape(x)) if k not in axes)
    if left != shape.value:
        return None
    kwargs = tuple((k, a) for k, a in maker.kwargs if k != "keepdims")
    return [Apply(s.outs, np.sum, maker.args, kwargs, s.at)]


def _axes(s: Apply) -> tuple[tuple[int, ...] | None, bool]:
    """The axes of a sum, counted from the front, and whether they are kept; None where there is more to it."""
    options = dict(s.kwargs)
    if len(s.args) != 1 or not set(options) <= {"axis", "keepdims"} or not is_known(shape_of(s.args[0].aval)):
        return None, False
    if not all(isinstance(a, Const) for a in options.values()) or s.at.sweep == "forward":
        return None, False
    axis, keepdims = (getattr(options.get(word), "value", None) for word in ("axis", "keepdims"))
    rank = len(_shape(s.args[0]))
    if axis is None:
        return tuple(range(rank)), bool(keepdims)
    return tuple(k % rank for k in (axis if isinstance(axis, tuple) else (axis,))), bool(keepdims)


# --- transposes -----------------------------------------------------------------------------------


def turned(s: Apply, around: Around) -> Atom | list[Apply] | None:
    """The transpose of a transpose, and of a product with a transpose."""
    x = s.args[0]
    if s.kwargs or not _swaps_last(s):
        return None
    inner = around.facts.made(x, np.transpose, np.swapaxes)
    if inner is not None and _swaps_last(inner):
        return inner.args[0]
    product = around.once(x, *MATMUL)
    if product is None or product.kwargs or product.at.sweep == "forward":
        return None
    a, b = product.args
    if len(_shape(a)) != len(_shape(b)) or len(_shape(a)) < 2:
        return None
    back = [m is not None and _swaps_last(m) for m in (around.facts.made(v, np.transpose, np.swapaxes) for v in (a, b))]
    if not any(back):
        return None
    made = [Apply((Var(infer(s.fn, (v, *s.args[1:]), (), True)),), s.fn, (v, *s.args[1:]), at=s.at) for v in (b, a)]
    return [*made, Apply(s.outs, product.fn, (made[0].out, made[1].out), at=s.at)]


def _swaps_last(s: Apply) -> bool:
    """Does it exchange the last two axes, and nothing else?"""
    shape = shape_of(s.args[0].aval)
    if shape is None or len(shape) < 2:
        return False
    if s.fn is np.transpose:
        return len(s.args) == 1 and len(shape) == 2
    axes = [a.value % len(shape) for a in s.args[1:] if isinstance(a, Const) and isinstance(a.value, int)]
    return sorted(axes) == [len(shape) - 2, len(shape) - 1]


# --- small things ---------------------------------------------------------------------------------


def _shape(a: Atom) -> tuple[Any, ...]:
    return shape_of(a.aval) or ()


RULES: dict[Any, Rule] = {
    np.sum: less, np.reshape: without_axes, np.transpose: turned, np.swapaxes: turned, **dict.fromkeys(NEG, narrow),
}
