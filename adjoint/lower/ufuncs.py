"""Calls of ufuncs, with the options that every ufunc has, and their method `outer`.

    np.exp(x, out=y)                y[...] = np.exp(x)
    np.log(x, where=m, out=y)       y[...] = np.where(m, np.log(np.where(m, x, 1.0)), y)
    np.maximum.outer(a, b)          np.maximum(np.reshape(a, (*a.shape, 1, …)), b)

Where the mask is false the function is given a number at which it and its derivatives are finite, so that
neither a warning nor a NaN comes of entries that the program does not ask for.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..avals import Arr, shape_of
from ..ir import Const
from ..rules.registry import lookup
from . import writes
from .context import Frame, Lowering
from .values import Tuple, Value

_LAYOUT = ("order", "subok")  # change no number
_INSIDE: dict[Any, float] = {np.arccosh: 2.0, np.arcsin: 0.5, np.arccos: 0.5, np.arctanh: 0.5}  # where 1.0 is at the edge


def apply(
    lo: Lowering, frame: Frame, node: Any, fn: np.ufunc, args: Sequence[Value], kwargs: dict[str, Value]
) -> Value:
    args, outs = list(args[: fn.nin]), list(args[fn.nin :])
    options = {k: v for k, v in kwargs.items() if k not in (*_LAYOUT, "out", "where")}
    where = None if _is(kwargs.get("where"), True) else kwargs.get("where")
    if not outs and "out" in kwargs:
        given = kwargs["out"]
        outs = list(given.items) if isinstance(given, Tuple) else [given]
    if all(_is(out, None) for out in outs):
        if where is None:
            return lo.apply(fn, args, options, frame=frame, node=node)
        raise lo.refuse(
            frame, node, "Without `out=` the entries where this mask is false are whatever was in memory.",
            "Use `np.where`, or give `out=`.",
        )
    if where is not None:
        if fn.nout > 1:
            raise lo.refuse(frame, node, "`where=` of a function with two results is not understood.", "Use `np.where`.")
        safe = Const(_INSIDE.get(fn, 1.0))
        args = [lo.apply(np.where, [where, a, safe], frame=frame, node=node) for a in args]
    result = lo.apply(fn, args, options, frame=frame, node=node)
    if where is not None:
        result = lo.apply(np.where, [where, result, outs[0]], frame=frame, node=node)
    if fn.nout == 1:
        return writes.into(lo, frame, node, outs[0], result)
    if not isinstance(result, Tuple):
        raise lo.refuse(frame, node, "What this call gives is not known well enough for `out=`.", writes.ADVICE)
    outs += [Const(None)] * (fn.nout - len(outs))
    return Tuple(tuple(
        item if _is(out, None) else writes.into(lo, frame, node, out, item)
        for out, item in zip(outs, result.items, strict=True)
    ))


def _is(value: Value | None, what: Any) -> bool:
    return value is None or (isinstance(value, Const) and value.value is what)


def outer(
    lo: Lowering, frame: Frame, node: Any, fn: np.ufunc, args: Sequence[Value], kwargs: dict[str, Value]
) -> Value:
    """The first argument with as many axes of length one behind it as the second has."""
    rule = lookup(fn)
    if rule is None or len(args) != 2:
        return lo.apply(fn.outer, args, kwargs, frame=frame, node=node)
    a, b = (v if isinstance(lo.known_aval(v), Arr) else lo.apply(np.array, [v], frame=frame, node=node) for v in args)
    left, right = shape_of(lo.known_aval(a)), shape_of(lo.known_aval(b))
    if left is None or right is None:
        raise lo.refuse(
            frame, node, "How many axes these have is not known when the gradient is built.", "Use None in an index."
        )
    index = Const((Ellipsis, *(None for _ in right)))
    opened = lo.apply(operator.getitem, [a, index], frame=frame, node=node, effect=False)
    return apply(lo, frame, node, fn, [opened, b], kwargs)
