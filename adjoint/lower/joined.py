"""`np.r_[x, 0.0]` and `np.c_[x, y]`, written as calls of functions.

    np.r_[x, 0.0]       np.concatenate((x, np.atleast_1d(0.0)))
    np.c_[x, y]         np.column_stack((x, y))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..avals import Arr, Num, shape_of
from ..ir import Const
from . import calls
from .context import Frame, Lowering
from .values import Slice, Tuple, Value


def joined(lo: Lowering, frame: Frame, node: Any, which: Any, key: Value) -> Value:
    """`np.r_[x, 0.0, y]` and `np.c_[x, y]`: their items, joined."""
    items: list[Value] = list(key.items) if isinstance(key, Tuple) else [key]
    for k, item in enumerate(items):
        if isinstance(item, Slice):
            start, stop, step = (lo.atom(part, frame, node) for part in item.parts)
            if isinstance(step, Const) and isinstance(step.value, complex):
                raise lo.refuse(frame, node, "A number of points is not understood here.", "Use `np.linspace`.")
            start, step = (default if _absent(v) else v for v, default in ((start, Const(0)), (step, Const(1))))
            items[k] = lo.apply(np.arange, [start, stop, step], frame=frame, node=node)
    ranks = [0 if isinstance(kind := lo.known_aval(item), Num) else _rank(kind) for item in items]
    if any(rank is None or rank > (1 if which is np.r_ else 2) for rank in ranks):
        raise lo.refuse(
            frame, node, "Only numbers and arrays of known rank are joined like this.", "Use `np.concatenate` or `np.stack`."
        )
    if which is np.c_:
        return calls.call_constant(lo, frame, node, np.column_stack, [Tuple(tuple(items))], {})
    parts = [
        item if rank else lo.apply(np.atleast_1d, [item], frame=frame, node=node)
        for item, rank in zip(items, ranks, strict=True)
    ]
    return calls.call_constant(lo, frame, node, np.concatenate, [Tuple(tuple(parts))], {})


def _absent(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def _rank(kind: Any) -> int | None:
    shape = shape_of(kind) if isinstance(kind, Arr) else None
    return None if shape is None else len(shape)
