"""Functions and methods of NumPy that write to an argument, or give it back.

Most are lowered as what `written` says they do: `np.put(x, i, v)`, `x.flat[i] = v`, `np.multiply.at(x, i, v)`.
`out=` is an assignment to what it names, wherever it stands among the arguments.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, dtype_of, shape_of
from ..ir import Const
from . import calls, iteration, layout, sharing, spliced, writes, written
from .context import Frame, Lowering
from .specials import content_of, special
from .values import Items, Ref, Tuple, Value


def array(lo: Lowering, frame: Frame, node: Any, value: Value) -> tuple[Ref, Arr]:
    """An array that is written to, and what is known of it."""
    kind = lo.known_aval(value)
    if not isinstance(value, Ref) or not isinstance(kind, Arr) or kind.boxed:
        raise lo.refuse(frame, node, "What is written to here may be no array.", writes.ADVICE)
    return value, kind


def do(
    lo: Lowering, frame: Frame, node: Any, fn: Callable[..., Any], args: list[Value], kwargs: dict[str, Value]
) -> Value:
    """Lower the call of a function of `written`."""
    return spliced.inline(lo, frame, node, Const(fn), args, kwargs)


def _by(fn: Callable[..., Any]) -> Any:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        first = next(iter(inspect.signature(fn).parameters))
        array(lo, frame, node, args[0] if args else kwargs[first])
        do(lo, frame, node, fn, args, kwargs)
        return Const(None)

    return handler


special(np.put, np.ndarray.put)(_by(written.put))
special(np.putmask)(_by(written.putmask))
special(np.place)(_by(written.place_masked))
special(np.copyto)(_by(written.copyto))
special(np.fill_diagonal)(_by(written.fill_diagonal))
special(np.put_along_axis)(_by(written.put_along_axis))


@special(np.ndarray.fill)
def _fill(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    value = args[1] if len(args) > 1 else kwargs["value"]
    writes.store(lo, frame, node, args[0], Const(Ellipsis), value)
    return Const(None)


def _replaces(fn: Any) -> Any:
    """`x.sort()` gives x the entries of `np.sort(x)`."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        target, kind = array(lo, frame, node, args[0])
        new = lo.apply(fn, args, kwargs, frame=frame, node=node, aval=kind)
        writes.replace(lo, frame, node, target, lo.atom(new, frame, node))
        return Const(None)

    return handler


special(np.ndarray.sort)(_replaces(np.sort))
special(np.ndarray.partition)(_replaces(np.partition))


# --- `ufunc.at` -------------------------------------------------------------------------------------


@special(np.add.at)
def _add_at(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, kind = array(lo, frame, node, args[0])
    writes.check_dtype(lo, frame, node, kind, dtype_of(lo.known_aval(args[2])))
    new = lo.apply(runtime.index_add, args, frame=frame, node=node, effect=False, aval=kind)
    writes.replace(lo, frame, node, target, lo.atom(new, frame, node))
    return Const(None)


@special(np.subtract.at)
def _subtract_at(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    less = lo.apply(np.negative, [args[2]], frame=frame, node=node)
    _add_at(lo, frame, node, [*args[:2], less], kwargs)
    return Const(None)


def ufunc_at(fn: Any) -> Any:
    """How `fn` is lowered, if it is the method `at` of a ufunc."""
    ufunc = getattr(fn, "__self__", None)
    if getattr(fn, "__name__", "") != "at" or not isinstance(ufunc, np.ufunc):
        return None

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        _, kind = array(lo, frame, node, args[0])
        writes.check_dtype(lo, frame, node, kind, dtype_of(lo.known_aval(args[-1])) if len(args) == 3 else None)
        repeats = writes.picks(lo.atom(args[1], frame, node).aval)
        how: Callable[..., Any]
        if len(args) == 3:
            how = written.at_each if repeats else written.at_once
        else:
            how = written.one_at_each if repeats else written.one_at_once
        do(lo, frame, node, how, [Const(ufunc), *args], {})
        return Const(None)

    return handler


# --- what NumPy reads while it writes ---------------------------------------------------------------


@special(written.apart)
def _apart(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    one, other = (sharing.ancestors(a.cell) | sharing.family(a.cell) if isinstance(a, Ref) else set() for a in args)
    if one & other and not (isinstance(args[1], Ref) and args[1].cell is args[0].cell):  # type: ignore[union-attr]
        raise lo.refuse(
            frame, node, "What is written here may share memory with the array that it is written to, and NumPy reads it while "
            "it is written over.", "Take a copy (`.copy()`) of what is written.",
        )
    return Const(None)


# --- `out=` -----------------------------------------------------------------------------------------


@functools.cache
def place_of_out(fn: Any) -> int | None:
    """Where `out` stands among the arguments of `fn`, if it may be given without its name."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return None
    for k, p in enumerate(parameters):
        if p.name == "out" and p.kind is p.POSITIONAL_OR_KEYWORD:
            return k
    return None


def split_out(fn: Any, args: list[Value], kwargs: dict[str, Value]) -> tuple[list[Value], dict[str, Value], Value | None]:
    """The arguments without `out`, and `out`, if it is given and not None."""
    out: Value | None = None
    if (getattr(fn, "__module__", None) or "numpy").split(".")[0] == "numpy" and (k := place_of_out(fn)) is not None:
        if len(args) > k:
            out, args = args[k], [*args[:k], *args[k + 1 :]]
            if len(args) > k:  # what follows is given by name
                names = list(inspect.signature(fn).parameters)[k + 1 :]
                kwargs = {**kwargs, **dict(zip(names, args[k:], strict=False))}
                args = args[:k]
    if "out" in kwargs:
        kwargs = dict(kwargs)
        out = kwargs.pop("out")
    none = isinstance(out, Const) and out.value is None
    return args, kwargs, None if none else out


def into(
    lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value], kwargs: dict[str, Value], out: Value
) -> Value:
    """`fn(*args, out=y)`: the result is written into y, and y is what the call gives."""
    targets = out.items if isinstance(out, Tuple) else (out,)
    if fn in (np.concatenate, np.stack):  # piece by piece
        for piece in iteration.known_items(lo, frame, node, args[0]) or []:
            _apart(lo, frame, node, [out, piece], {})
    result = calls.primitive(lo, frame, node, fn, args, kwargs)
    if len(targets) == 1:
        return writes.into(lo, frame, node, targets[0], result)
    results = result.items if isinstance(result, Tuple) else (result,)
    return Tuple(tuple(writes.into(lo, frame, node, t, r) for t, r in zip(targets, results, strict=True)))


# --- functions that may give their argument back ------------------------------------------------------


def _itself(position: int) -> Any:
    """`np.asarray(x)` is `x`, if it is an array and no other dtype is asked for; then it is a copy."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        kind = lo.known_aval(args[0]) if args else None
        rest = {**kwargs, **({"dtype": args[position]} if len(args) > position else {})}
        copy = content_of(lo, rest.pop("copy", Const(None)))
        if not isinstance(args[0], Ref) or not isinstance(kind, Arr) or kind.boxed or not isinstance(copy, Const):
            return None
        wanted = content_of(lo, rest.pop("dtype", Const(None)))
        if rest or copy.value or kind.dtype is None or not isinstance(wanted, Const):
            return None
        if wanted.value is None or np.dtype(wanted.value) == kind.dtype:
            return args[0]
        return lo.apply(np.ndarray.astype, [args[0], wanted], frame=frame, node=node)

    return handler


special(np.asarray, np.asanyarray)(_itself(1))


@special(np.array, np.ndarray.astype)
def _not_copied(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """`np.array(x, copy=False)`."""
    copy = content_of(lo, kwargs["copy"]) if "copy" in kwargs else None
    if not isinstance(copy, Const) or copy.value:
        return None
    return _itself(1)(lo, frame, node, args, kwargs)


@special(np.ascontiguousarray)
def _in_one_piece(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """Itself, if it lies in one piece, and a copy otherwise."""
    kind = lo.known_aval(args[0])
    if kwargs or len(args) != 1 or not isinstance(args[0], Ref) or not isinstance(kind, Arr) or kind.boxed or not kind.shape:
        return None
    found = layout.example(lo, args[0].cell)
    if found is None:
        return None
    return args[0] if found.flags.c_contiguous else lo.apply(np.ndarray.copy, args, frame=frame, node=node)


@special(np.ndarray)
def _buffer(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`np.ndarray(shape)` is `np.empty(shape)`."""
    if len(args) > 2 or set(kwargs) - {"shape", "dtype", "order"}:
        raise lo.refuse(
            frame, node, "An array is made of the memory of another object.", "Index or reshape the array itself."
        )
    return lo.apply(np.empty, args, kwargs, frame=frame, node=node)


# --- pieces ----------------------------------------------------------------------------------------


def _pieces(fn: Any, axis: int) -> Any:
    """`np.split(x, n)`: a list of views, each `x[i:j]`, where the length is known."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        shape = shape_of(lo.known_aval(args[0])) if args else None
        given = [_constant(lo, a) for a in args[1:]]
        named = {k: _constant(lo, v) for k, v in kwargs.items()}
        if not isinstance(args[0], Ref) or not shape or any(c is _COMPUTED for c in (*given, *named.values())):
            return None
        k = named.get("axis", given[1] if len(given) > 1 else min(axis, len(shape) - 1)) % len(shape)
        if shape[k] is None:
            return None
        places = np.arange(shape[k]).reshape([-1 if i == k else 1 for i in range(len(shape))])
        whole = np.broadcast_to(places, [n if n is not None else 1 for n in shape])
        try:
            pieces = fn(whole, *given, **named)
        except Exception:  # it is raised where the program would raise it
            return None
        cuts = [slice(int(p.min()), int(p.max()) + 1) if p.size else slice(0, 0) for p in pieces]
        index = [Const((slice(None),) * k + (c,) if k else c) for c in cuts]
        items = [lo.apply(operator.getitem, [args[0], i], frame=frame, node=node, effect=False) for i in index]
        return lo.cell(Items(tuple(items)))

    return handler


class _Computed:
    """An argument that is only known when the program runs."""


_COMPUTED = _Computed()


def _constant(lo: Lowering, value: Value) -> Any:
    content = content_of(lo, value)
    if isinstance(content, Const):
        return content.value
    if isinstance(content, Items | Tuple) and all(isinstance(i, Const) for i in content.items):
        return [i.value for i in content.items if isinstance(i, Const)]
    return _COMPUTED


special(np.split)(_pieces(np.split, 0))
special(np.array_split)(_pieces(np.array_split, 0))
special(np.vsplit)(_pieces(np.vsplit, 0))
special(np.hsplit)(_pieces(np.hsplit, 1))
