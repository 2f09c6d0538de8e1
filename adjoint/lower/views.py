"""Views of arrays, and one of two arrays: looked at again, and written to through their base.

A write to a part of a view is a write to a part of its base, where the two indices make one:

    row = A[i]        row[k] = v         A1 = array_set(A, (i, k), v)
    y = x[2:]         y[1] = v           x1 = array_set(x, 3, v)
    t = A.T           t[i, j] = v        A1 = array_set(A, (j, i), v)

and otherwise the new view is put back whole, by the inverse of what made it:

    m = x.reshape(2, 2)                  m1 = array_set(m, ...) ;  x1 = reshape(m1, (4,))

One of several arrays in a list, `states[i]`, is found by its number.  What `w = x if c else y` gives is
written to by asking again: `x1 = array_set(x, i, v) if c else x`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Num, dtype_of, shape_of
from ..ir import UNDEF, Atom, Const
from . import control, sharing, writes
from .context import Frame, Lowering
from .values import Cell, Chosen, Ref, Slice, Tuple, Value, View

_WHOLE = Const(slice(None))


def look(lo: Lowering, how: View | Chosen) -> Any:
    """What a view holds now."""
    match how:
        case View(only=((test, went), *rest), frame=frame, node=node):
            made = replace(how, only=tuple(rest))
            sides = [lambda: look(lo, made), lambda: UNDEF]
            value = control.choose(lo, frame, node, test, *(sides if went else reversed(sides)))
        case View(fn=fn, base=base, args=args, kwargs=kwargs, frame=frame, node=node):
            value = lo.apply(fn, [Ref(base), *args], dict(kwargs), frame=frame, node=node, effect=False)
        case Chosen(test=test, then=then, orelse=orelse, frame=frame, node=node):
            value = control.choose(
                lo, frame, node, test, lambda: lo.atom(Ref(then), frame, node), lambda: lo.atom(Ref(orelse), frame, node)
            )
    return lo.atom(value, frame, node)


def put(lo: Lowering, how: View | Chosen, new: Any, frame: Frame, node: Any) -> None:
    """Give the base what the view holds."""
    match how:
        case Chosen(test=test, then=then, orelse=orelse):

            def write(cell: Cell) -> Value:
                lo.write(Ref(cell), new, frame, node)
                return Const(None)

            control.choose(lo, frame, node, test, lambda: write(then), lambda: write(orelse))
        case View(base=base, args=(number, *_)) if (items := sharing.arrays_of(lo.state, base)) is not None:
            each_of(lo, frame, node, items, number, lambda item: lo.write(item, new, frame, node))
        case View(fn=operator.getitem, base=base, args=(index,)):
            writes.store(lo, frame, node, Ref(base), index, new)
        case View(base=base):
            before = lo.atom(Ref(base), frame, node)
            back = inverse(lo, frame, node, how, before, new)
            lo.write(Ref(base), lo.atom(back, frame, node), frame, node)


def each_of(
    lo: Lowering, frame: Frame, node: Any, items: tuple[Ref, ...], index: Value, write: Callable[[Ref], Any]
) -> None:
    """Write to one of several arrays in a list, by its number."""

    def from_(k: int) -> Value:
        if k == len(items) - 1:
            write(items[k])
            return Const(None)
        is_it: list[Value] = [lo.apply(operator.eq, [index, Const(n)], frame=frame, node=node) for n in (k, k - len(items))]
        test = lo.apply(operator.or_, is_it, frame=frame, node=node)

        def this() -> Value:
            write(items[k])
            return Const(None)

        return control.choose(lo, frame, node, test, this, lambda: from_(k + 1))

    from_(0)


def inverse(lo: Lowering, frame: Frame, node: Any, how: View, before: Atom, new: Any) -> Value:
    """The base, given the view."""
    fn, args, named = how.fn, list(how.args), dict(how.kwargs)
    apply = lambda fn, *args, **kwargs: lo.apply(fn, args, kwargs, frame=frame, node=node)
    if fn in (np.swapaxes, np.ndarray.swapaxes, np.matrix_transpose, np.linalg.matrix_transpose) or fn in _FLIPS:
        return apply(fn, new, *args, **named)
    if fn is np.moveaxis:
        source, destination = [*args, *(named[k] for k in ("source", "destination") if k in named)]
        return apply(fn, new, destination, source)
    if fn in (np.transpose, np.ndarray.transpose):
        axes = permutation(how)
        if axes is None:
            return apply(np.transpose, new)
        return apply(np.transpose, new, Const(tuple(int(k) for k in np.argsort(axes))))
    if fn in (np.real, np.imag):
        if (dtype := dtype_of(before.aval)) is None or dtype.kind == "c":
            real, imag = (new, apply(np.imag, before)) if fn is np.real else (apply(np.real, before), new)
            return apply(operator.add, real, apply(operator.mul, Const(1j), imag))
        return new
    if fn is np.ndarray.view:
        return new
    shape = shape_of(before.aval)
    known = Const(shape) if shape is not None and None not in shape else apply(np.shape, before)
    order = {"order": named["order"]} if "order" in named else {}
    return apply(np.reshape, new, known, **order)


_FLIPS = {np.flip, np.fliplr, np.flipud}


def permutation(how: View) -> tuple[int, ...] | None:
    """The axes of `x.transpose(1, 0)`, `np.transpose(x, (1, 0))`; None where they are simply reversed."""
    given = [*how.args, *(v for _, v in how.kwargs)]
    found: list[Any] = []
    for value in given:
        items = value.items if isinstance(value, Tuple) else (value,)
        for item in items:
            if not isinstance(item, Const):
                raise AssertionError("axes that are not known")
            found += list(item.value) if isinstance(item.value, tuple | list) else [item.value]
    return None if found in ([], [None]) else tuple(found)


# --- a part of a view -------------------------------------------------------------------------------


def through(
    lo: Lowering, frame: Frame, node: Any, cell: Cell, key: Value, write: Callable[[Ref, Value], Any]
) -> bool:
    """Write to a part of a view as to a part of its base, with `write(base, index)`.  False: not done."""
    lo.check_fresh(cell, frame, node)
    if cell.readonly or cell.how is None:
        return False
    if not sharing.writable(lo, cell, frame, node):
        return True
    match cell.how:
        case Chosen(test=test, then=then, orelse=orelse):

            def side(one: Cell) -> Value:
                write(Ref(one), key)
                return Const(None)

            control.choose(lo, frame, node, test, lambda: side(then), lambda: side(orelse))
            return True
        case View(base=base, args=(number, *_)) if (items := sharing.arrays_of(lo.state, base)) is not None:
            each_of(lo, frame, node, items, number, lambda item: write(item, key))
            return True
        case View() as how:
            index = composed(lo, how, key, frame, node)
            if index is None:
                return False
            write(Ref(how.base), index)
            return True
    return False


def composed(lo: Lowering, how: View, key: Value, frame: Frame, node: Any) -> Value | None:
    """The index into the base of `view[key]`, where the two make one."""
    shape = shape_of(lo.known_aval(Ref(how.base)))
    if shape is None:
        return None
    if how.fn is operator.getitem:
        outer = spread(how.args[0], len(shape))
        inner = spread(key, sum(map(_is_slice, outer))) if outer is not None else None
        if outer is None or inner is None:
            return None
        inner.reverse()
        found = [_step(of, inner.pop(), n) if _is_slice(of) else of for of, n in zip(outer, shape, strict=True)]
        return None if any(f is None for f in found) else _index([f for f in found if f is not None])
    if how.fn in (np.transpose, np.ndarray.transpose):
        axes = permutation(how) or tuple(reversed(range(len(shape))))
        given = spread(key, len(shape))
        if given is None or sum(map(_is_slice, given)) > 1:
            return None
        turned = [given[axes.index(k)] if k in axes else None for k in range(len(shape))]
        return None if any(t is None for t in turned) else _index([t for t in turned if t is not None])
    in_rows = not dict(how.kwargs).get("order") and how.fn in (np.ravel, np.ndarray.ravel) and not how.args
    if in_rows and None not in shape and shape and is_integer(key):
        return place(lo, frame, node, key, shape)
    return None


def place(lo: Lowering, frame: Frame, node: Any, at: Value, shape: tuple[int, ...]) -> Value:
    """The index of the entry that is number `at`, counted row by row."""
    if len(shape) == 1:
        return at
    items: list[Value] = []
    apply = lambda fn, a, b: lo.apply(fn, [a, Const(b)], frame=frame, node=node)
    rest = at
    for n in reversed(shape[1:]):
        items.append(apply(operator.mod, rest, n))
        rest = apply(operator.floordiv, rest, n)
    return _index([rest, *reversed(items)])


def spread(key: Value, ndim: int) -> list[Value] | None:
    """One integer or slice for each of `ndim` axes, or None if the index is of another kind."""
    if isinstance(key, Const) and isinstance(key.value, tuple):
        items: list[Value] = [Const(v) for v in key.value]
    else:
        items = list(key.items) if isinstance(key, Tuple) else [key]
    dots = [i for i, item in enumerate(items) if isinstance(item, Const) and item.value is Ellipsis]
    if len(dots) > 1 or len(items) - len(dots) > ndim:
        return None
    fill = [_WHOLE] * (ndim - len(items) + len(dots))
    at = dots[0] if dots else len(items)
    items = items[:at] + fill + items[at + len(dots) :]
    return items if all(is_integer(i) or _is_slice(i) for i in items) else None


def is_integer(item: Value) -> bool:
    if isinstance(item, Const):
        return isinstance(item.value, int) and not isinstance(item.value, bool)
    return getattr(item, "aval", None) == Num("int")


def _is_slice(item: Value) -> bool:
    return isinstance(item, Slice) or (isinstance(item, Const) and isinstance(item.value, slice))


def _step(of: Value, item: Value, length: int | None) -> Value | None:
    """The index along one axis of `x[of][item]`."""
    if isinstance(of, Const) and of.value in (slice(None), slice(None, None, 1), slice(0, None), slice(0, None, 1)):
        return item
    if not isinstance(of, Const) or not isinstance(item, Const) or length is None:
        return None
    try:
        part = range(length)[of.value][item.value]
    except IndexError:
        return None
    if isinstance(part, int):
        return Const(part)
    stop = part.stop if part.stop >= 0 else None
    return Const(slice(part.start, stop, part.step) if len(part) else slice(0, 0))


def _index(items: list[Value]) -> Value:
    while len(items) > 1 and isinstance(items[-1], Const) and items[-1].value == slice(None):
        items = items[:-1]
    if len(items) == 1:
        return items[0]
    if all(isinstance(i, Const) for i in items):
        return Const(tuple(i.value for i in items if isinstance(i, Const)))
    return Tuple(tuple(items))


__all__ = ["composed", "inverse", "look", "place", "put", "runtime", "through"]
