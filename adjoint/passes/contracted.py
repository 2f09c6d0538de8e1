"""The sum of a product of two large arrays, without the product in memory.

    w1 = mul(a, b)                                  # (25, 1000, 10) each
    w2 = sum(w1, axis=1)            ->              w2 = einsum("abc,abc->ac", a, b)

For arrays of `LARGE` entries or more, where memory is what takes the time, and for sums over other axes
than the last: along that NumPy adds in pairs, which is more exact than one after the other.  Of floats only: a
sum of small integers is one of large integers.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from ..avals import Arr, is_known, same_dtype, shape_of
from ..ir import Apply, Const, Function
from .certain import is_full_precision
from .rewriting import Around, rewritten

LARGE = 2**15  # entries: more than a core's own cache holds of two such arrays and their product
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def contracted(function: Function) -> Function:
    return rewritten(function, {np.sum: without_product})


def without_product(s: Apply, around: Around) -> list[Apply] | None:
    axis = dict(s.kwargs).get("axis")
    if len(s.args) != 1 or len(s.kwargs) != 1 or not isinstance(axis, Const) or axis.value is None:
        return None
    product = around.once(s.args[0], operator.mul, np.multiply)
    if product is None or product.kwargs or product.at.sweep == "forward":
        return None
    a, b = product.args
    shape = shape_of(a.aval)
    if not isinstance(a.aval, Arr) or not isinstance(b.aval, Arr) or shape_of(b.aval) != shape or not is_known(shape):
        return None
    if not same_dtype(a.aval.dtype, b.aval.dtype) or not is_full_precision(a) or not LARGE <= math.prod(shape):  # type: ignore[arg-type]
        return None
    rank = len(shape)  # type: ignore[arg-type]
    axes = {k % rank for k in (axis.value if isinstance(axis.value, tuple) else (axis.value,))}
    if rank - 1 in axes or rank > len(LETTERS):
        return None
    whole = LETTERS[:rank]
    left = "".join(c for k, c in enumerate(whole) if k not in axes)
    return [Apply(s.outs, np.einsum, (Const(f"{whole},{whole}->{left}"), a, b), at=s.at)]
