"""Calls of NumPy that are lowered as other calls.

    np.einsum(a, [0, 1], [1, 0])            np.einsum("AB->BA", a)
    np.tensordot(a, b, [[1, 2], [0, 1]])    np.tensordot(a, b, ((1, 2), (0, 1)))
    np.piecewise(x, [x < 0], [f, 1.0])      y = np.zeros_like(x); y[x < 0] = f(x[x < 0]); y[~(x < 0)] = 1.0
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..avals import Arr
from ..ir import Const
from ..rules.helpers import einsum_text
from . import calls, iteration, writes
from .context import Frame, Lowering
from .specials import Handler, content_of, special
from .values import Closure, Items, Method, Partial, Tuple, Value


@special(np.piecewise)
def _piecewise(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """Each function is given the entries that its condition is true for, and no others."""
    x, condlist, funclist, *more = args
    conditions = iteration.known_items(lo, frame, node, condlist)
    functions = iteration.known_items(lo, frame, node, funclist)
    if conditions is None or functions is None or not isinstance(lo.known_aval(x), Arr):
        raise lo.refuse(frame, node, "This call of `np.piecewise` is not understood.", "Use `np.where`.")

    def apply(fn: Any, *values: Value) -> Value:
        return lo.apply(fn, list(values), frame=frame, node=node)

    if len(functions) == len(conditions) + 1:
        met = conditions[0]
        for condition in conditions[1:]:
            met = apply(operator.or_, met, condition)
        conditions = [*conditions, apply(operator.invert, met)]
    y = apply(np.zeros_like, x)
    for condition, function in zip(conditions, functions, strict=True):
        part = function
        if isinstance(function, Closure | Method | Partial) or (isinstance(function, Const) and callable(function.value)):
            chosen = lo.apply(operator.getitem, [x, condition], frame=frame, node=node, effect=False)
            part = calls.call(lo, frame, node, function, [chosen, *more], kwargs)
        writes.store(lo, frame, node, y, condition, part)
    return y


@special(np.einsum)
def _einsum(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """Subscripts given as lists of integers, as text."""
    if len(args) < 2 or not isinstance(lo.known_aval(args[0]), Arr):
        return None
    lists = [iteration.known_items(lo, frame, node, a) for a in (args[1::2] + (args[-1:] if len(args) % 2 else []))]
    if any(items is None or not all(isinstance(i, Const) for i in items) for items in lists):
        raise lo.refuse(frame, node, "These subscripts are not known when the gradient is built.", "Give them as text.")
    numbers = [[i.value for i in items or () if isinstance(i, Const)] for items in lists]
    result = numbers.pop() if len(args) % 2 else None
    arrays = args[0 : len(args) // 2 * 2 : 2]
    return calls.primitive(lo, frame, node, np.einsum, [Const(einsum_text(numbers, result)), *arrays], kwargs)


def _tensordot(fn: Any) -> Handler:
    """Axes in lists as axes in tuples, which are constants: the rule has to know how many are left."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        factors, axes = args[:2], [_in_tuples(lo, a) for a in args[2:]]
        named = {word: _in_tuples(lo, v) if word == "axes" else v for word, v in kwargs.items()}
        return calls.primitive(lo, frame, node, fn, [*factors, *axes], named)

    return handler


def _in_tuples(lo: Lowering, value: Value) -> Value:
    content = content_of(lo, value)
    return Tuple(tuple(_in_tuples(lo, item) for item in content.items)) if isinstance(content, Items | Tuple) else value


for _fn in (np.tensordot, np.linalg.tensordot):
    special(_fn)(_tensordot(_fn))
