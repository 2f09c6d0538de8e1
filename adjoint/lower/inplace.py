"""Functions of NumPy that write to their argument, as the assignments that they stand for.

    x.fill(v)                      x[...] = v
    np.copyto(x, y, where=m)       x[...] = np.where(m, y, x)
    np.putmask(x, m, v)            x[...] = np.where(m, np.resize(v, x.shape), x)
    np.place(x, m, v)              x[m] = np.resize(v, np.count_nonzero(m))
    np.put(x, i, v)                x.flat[i] = np.resize(v, i.size)
    np.put_along_axis(x, i, v, k)  x[…, i, …] = v, with the other axes' own positions
    x.sort(), x.partition(k)       x[...] = np.sort(x)
    np.add.at(x, i, v)             x[i] += v, for each mention of a place
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, Num, dtype_of, shape_of
from ..ir import Const
from ..rules.helpers import along_index, chosen_index
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
    dst, src, _, where = bound(lo, frame, node, np.copyto, args, kwargs)
    if where is not None:
        src = lo.apply(np.where, [where, src, dst], frame=frame, node=node)
    writes.store(lo, frame, node, dst, Const(Ellipsis), src)
    return Const(None)


def bound(
    lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value], kwargs: dict[str, Value]
) -> list[Any]:
    """The arguments in the order of `_SIGNATURES`, None for those that are not given."""
    names = _SIGNATURES[fn]
    given = dict(zip(names, args, strict=False)) | kwargs
    unknown = [name for name in given if name not in names]
    if unknown or len(args) > len(names):
        raise lo.refuse(frame, node, f"This call of `np.{fn.__name__}` is not understood.", "Assign to the array itself.")
    return [given.get(name) for name in names]


_SIGNATURES: dict[Any, tuple[str, ...]] = {
    np.copyto: ("dst", "src", "casting", "where"),
    np.putmask: ("a", "mask", "values"),
    np.place: ("arr", "mask", "vals"),
    np.put: ("a", "ind", "v", "mode"),
    np.ndarray.put: ("a", "indices", "values", "mode"),
    np.put_along_axis: ("arr", "indices", "values", "axis"),
    np.fill_diagonal: ("a", "val", "wrap"),
}


def as_array(lo: Lowering, frame: Frame, node: Any, value: Value) -> Value:
    known = lo.known_aval(value)
    return value if isinstance(known, Arr) and not known.boxed else lo.apply(np.array, [value], frame=frame, node=node)


def shape_of_target(lo: Lowering, frame: Frame, node: Any, kind: Arr) -> tuple[int, ...]:
    if kind.shape is None or None in kind.shape:
        raise lo.refuse(
            frame, node, "The shape of what is written to here is not known when the gradient is built.",
            "Assign to the array itself.",
        )
    return kind.shape


@special(np.putmask)
def _putmask(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    a, mask, values = bound(lo, frame, node, np.putmask, args, kwargs)
    target, kind = array(lo, frame, node, a)
    shape, values = shape_of_target(lo, frame, node, kind), as_array(lo, frame, node, values)
    if shape_of(lo.known_aval(values)) not in (shape, ()):
        values = lo.apply(np.resize, [values, Const(shape)], frame=frame, node=node)
    chosen = lo.apply(np.where, [mask, values, target], frame=frame, node=node)
    writes.store(lo, frame, node, target, Const(Ellipsis), chosen)
    return Const(None)


@special(np.place)
def _place(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    arr, mask, values = bound(lo, frame, node, np.place, args, kwargs)
    target, _ = array(lo, frame, node, arr)
    mask = lo.apply(np.asarray, [mask], {"dtype": Const(bool)}, frame=frame, node=node)
    n = lo.apply(np.count_nonzero, [mask], frame=frame, node=node)
    values = lo.apply(np.resize, [as_array(lo, frame, node, values), n], frame=frame, node=node)
    writes.store(lo, frame, node, target, mask, values)
    return Const(None)


@special(np.put, np.ndarray.put)
def _put(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    fn = np.put if "ind" in kwargs or "v" in kwargs else np.ndarray.put
    a, ind, v, mode = bound(lo, frame, node, fn, args, kwargs)
    target, kind = array(lo, frame, node, a)
    shape, ind, v = shape_of_target(lo, frame, node, kind), as_array(lo, frame, node, ind), as_array(lo, frame, node, v)
    size = math.prod(shape)
    if mode is not None:
        ind = lo.apply(chosen_index, [ind, Const(size), mode], frame=frame, node=node)
    ind = lo.apply(np.ravel, [ind], frame=frame, node=node)
    n = lo.apply(np.size, [ind], frame=frame, node=node)
    v = lo.apply(np.resize, [v, n], frame=frame, node=node)
    if len(shape) == 1:
        writes.store(lo, frame, node, target, ind, v)
        return Const(None)
    flat = lo.apply(np.reshape, [target, Const(size)], frame=frame, node=node)
    atoms = [lo.atom(x, frame, node) for x in (flat, ind, v)]
    writes.check_dtype(lo, frame, node, kind, dtype_of(atoms[2].aval))
    put = lo.apply(runtime.array_put, list(atoms), frame=frame, node=node, effect=False, aval=atoms[0].aval)
    new = lo.apply(np.reshape, [put, Const(shape)], frame=frame, node=node)
    writes.store(lo, frame, node, target, Const(Ellipsis), new)
    return Const(None)


@special(np.put_along_axis)
def _put_along_axis(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    arr, indices, values, axis = bound(lo, frame, node, np.put_along_axis, args, kwargs)
    target, kind = array(lo, frame, node, arr)
    shape, indices = shape_of_target(lo, frame, node, kind), as_array(lo, frame, node, indices)
    if not isinstance(axis, Const) or not isinstance(axis.value, int):
        raise lo.refuse(frame, node, "The axis is not known when the gradient is built.", "Give it as a number.")
    index = lo.apply(along_index, [indices, axis, Const(shape)], frame=frame, node=node)
    writes.store(lo, frame, node, target, index, values)
    return Const(None)


def _rearranged(fn: Any) -> Any:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        target, kind = array(lo, frame, node, args[0])
        new = lo.apply(fn, args, kwargs, frame=frame, node=node, aval=kind)
        writes.replace(lo, frame, node, target, lo.atom(new, frame, node))
        return Const(None)

    return handler


special(np.ndarray.sort)(_rearranged(np.sort))
special(np.ndarray.partition)(_rearranged(np.partition))


@special(np.fill_diagonal)
def _fill_diagonal(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    a, value, wrap = bound(lo, frame, node, np.fill_diagonal, args, kwargs)
    target, kind = array(lo, frame, node, a)
    shape = shape_of_target(lo, frame, node, kind)
    wraps = isinstance(wrap, Const) and wrap.value is True
    if not (wrap is None or isinstance(wrap, Const)) or (wraps and len(shape) == 2 and shape[0] > shape[1]):
        raise lo.refuse(frame, node, "This call of `np.fill_diagonal` is not understood.", "Assign to `a[i, i]` in a loop.")
    places = list(range(min(shape)))
    known = lo.known_aval(value)
    if not isinstance(known, Num) and shape_of(known) != ():
        value = lo.apply(np.resize, [as_array(lo, frame, node, value), Const(len(places))], frame=frame, node=node)
    writes.store(lo, frame, node, target, Const((places,) * len(shape)), value)
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
