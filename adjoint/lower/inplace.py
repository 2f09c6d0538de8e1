"""Functions of NumPy that write to their argument: `x.fill(v)`, `np.copyto(x, y)`, `x.sort()`, `np.add.at(x, i, v)`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr
from ..ir import Const
from . import writes
from .context import Frame, Lowering
from .specials import special
from .values import Ref, Value


def array(lo: Lowering, frame: Frame, node: Any, value: Value) -> tuple[Ref, Arr]:
    """An array that is written to, and what is known of it."""
    kind = lo.known_aval(value)
    if not isinstance(value, Ref) or not isinstance(kind, Arr) or kind.boxed:
        raise lo.refuse(frame, node, "What is written to here may be no array.", writes.ADVICE)
    return value, kind


@special(np.ndarray.fill)
def _fill(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    writes.store(lo, frame, node, args[0], Const(Ellipsis), args[1])
    return Const(None)


@special(np.copyto)
def _copyto(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if kwargs or len(args) != 2:
        raise lo.refuse(frame, node, "An option of `np.copyto` is not understood.", "Use `np.where`.")
    writes.store(lo, frame, node, args[0], Const(Ellipsis), args[1])
    return Const(None)


@special(np.ndarray.sort)
def _sort(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, kind = array(lo, frame, node, args[0])
    new = lo.apply(np.sort, args, kwargs, frame=frame, node=node, aval=kind)
    writes.replace(lo, frame, node, target, lo.atom(new, frame, node))
    return Const(None)


@special(np.fill_diagonal)
def _fill_diagonal(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, kind = array(lo, frame, node, args[0])
    if kind.shape is None or len(kind.shape) != 2 or None in kind.shape or len(args) != 2 or kwargs:
        raise lo.refuse(frame, node, "This call of `np.fill_diagonal` is not understood.", "Assign to `a[i, i]` in a loop.")
    places = tuple(range(min(kind.shape)))
    writes.store(lo, frame, node, target, Const((list(places), list(places))), args[1])
    return Const(None)


def _at(sign: int) -> Any:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        target, kind = array(lo, frame, node, args[0])
        value = args[2] if sign > 0 else lo.apply(np.negative, [args[2]], frame=frame, node=node)
        writes.check_dtype(lo, frame, node, kind, getattr(lo.known_aval(value), "dtype", None))
        new = lo.apply(runtime.index_add, [args[0], args[1], value], frame=frame, node=node, effect=False, aval=kind)
        writes.replace(lo, frame, node, target, lo.atom(new, frame, node))
        return Const(None)

    return handler


special(np.add.at)(_at(1))
special(np.subtract.at)(_at(-1))
