"""`+`, `*` and comparisons of lists and tuples: joined and repeated, or made arrays of.

    [a] + [b]            two lists joined
    [a, b] * 2           one repeated
    [a, b] * array       arithmetic, with an array that NumPy makes of the list
    y + [a]              where it is not known what y is, the program asks
"""

from __future__ import annotations

import enum
import functools
import operator
from typing import Any

import numpy as np

from ..avals import ANY, BOOL, INT, Arr, Obj, Parts, Seq, is_list, item_of, join
from ..ir import Const, Var
from . import control
from .context import Frame, Lowering, is_repetition
from .specials import content_of
from .values import Entries, Items, Tuple, Value, same


def on_containers(lo: Lowering, frame: Frame, node: Any, op: Any, operands: list[Value]) -> Value | None:
    """`+`, `*`, comparisons of lists and tuples; None where it is arithmetic."""
    contents = [content_of(lo, o) for o in operands]
    if all(isinstance(c, Const) and isinstance(c.value, set | frozenset) for c in contents):
        return lo.constant(op(*(c.value for c in contents)))
    if op in (operator.add, operator.mul) and not frame.in_rule and any(_is_unknown(op, c) for c in contents):
        return at_run_time(lo, frame, node, op, operands, contents)
    if not any(isinstance(c, Tuple | Items | Entries) for c in contents):
        if all(isinstance(c, Const) and isinstance(c.value, enum.Flag) for c in contents):
            return Const(op(*(c.value for c in contents)))
        if op in _BITWISE and not frame.in_rule and any(isinstance(getattr(c, "aval", None), Obj) for c in contents):
            avals = [c.aval.cls for c in contents if isinstance(getattr(c, "aval", None), Obj)]
            if any(cls in (dict, None) or not issubclass(cls, set | frozenset) for cls in avals):
                raise lo.refuse(frame, node, "What this operator does here is not known.", "Use a function of NumPy.")
        if op in (operator.add, operator.mul) and _gives_list(op, contents):
            kind = Seq(functools.reduce(join, [item_of(c.aval) for c in contents if _is_list(c)]))
            if op is operator.mul and not _is_list(contents[0]):
                operands = operands[::-1]  # a list first, as the rule of repetition has it
            return lo.apply(op, operands, frame=frame, node=node, effect=False, aval=kind)
        return None
    if op is operator.add and all(isinstance(c, Tuple | Items) for c in contents) and type(contents[0]) is type(contents[1]):
        items = contents[0].items + contents[1].items
        return Tuple(items) if isinstance(contents[0], Tuple) else lo.cell(Items(items))
    if op is operator.add and all(isinstance(c, Items) or _is_list(c) for c in contents):
        atoms = [lo.atom(o, frame, node) for o in operands]
        kind = Seq(functools.reduce(join, [item_of(a.aval) for a in atoms if not is_empty(a)]))
        joined = lo.apply(op, list(atoms), frame=frame, node=node, effect=False, aval=kind)
        lo.take_in(joined, *operands)
        return joined
    if op is operator.or_ and all(isinstance(c, Entries) for c in contents):
        return lo.cell(Entries(tuple({**dict(contents[0].entries), **dict(contents[1].entries)}.items())))
    if op is operator.mul:
        for c, times in (contents, contents[::-1]):
            if isinstance(c, Tuple | Items) and isinstance(times, Const) and isinstance(times.value, int | np.integer):
                return Tuple(c.items * times.value) if isinstance(c, Tuple) else lo.cell(Items(c.items * times.value))
            if isinstance(c, Items) and isinstance(times, Var) and (times.aval == INT or is_repetition(times.aval)):
                built = lo.atom(lo.cell(c), frame, node)
                several = lo.apply(op, [built, times], frame=frame, node=node, effect=False, aval=Seq(item_of(built.aval)))
                lo.take_in(several, *c.items)
                return several
    if op in _BITWISE:
        raise lo.refuse(frame, node, "This operator on a container is not understood.", "Build the container anew.")
    if op in (operator.eq, operator.ne) and all(isinstance(c, Tuple | Items) for c in contents):
        a, b = contents
        if type(a) is not type(b) or len(a.items) != len(b.items):
            return Const(op is operator.ne)
        if all(same(m, n) for m, n in zip(a.items, b.items, strict=True)):
            return Const(op is operator.eq)
    return None


def at_run_time(
    lo: Lowering, frame: Frame, node: Any, op: Any, operands: list[Value], contents: list[Any]
) -> Value | None:
    """`+` and `*` of something unknown, where it may be a list that is joined or repeated: the program asks."""
    k = next(i for i, c in enumerate(contents) if _is_unknown(op, c))
    other = contents[1 - k]
    lists = isinstance(other, Tuple | Items) or _is_list(other)
    kinds: tuple[Any, ...] = (list, tuple)
    if op is operator.mul and lists:
        kinds = (int, np.integer)
    elif not (lists or _is_unknown(op, other) if op is operator.add else _repeats(other)):
        return None
    asked = lo.apply(isinstance, [operands[k], Const(kinds)], frame=frame, node=node, effect=False, aval=BOOL)

    def as_lists() -> Value:
        if op is operator.add:
            return lo.apply(op, operands, frame=frame, node=node, effect=False, aval=Seq(ANY))
        items, times = operands if (k == 0) != lists else operands[::-1]
        if lists:  # the unknown is a number of times, through which nothing flows
            times = lo.apply(int, [times], frame=frame, node=node, effect=False, aval=INT)
        return lo.apply(op, [items, times], frame=frame, node=node, effect=False, aval=Seq(ANY))

    def as_arrays() -> Value:
        each = [lo.apply(np.array, [o], frame=frame, node=node) if lists and i != k else o for i, o in enumerate(operands)]
        return lo.apply(op, each, frame=frame, node=node)

    return control.choose(lo, frame, node, asked, as_lists, as_arrays)


def _is_unknown(op: Any, content: Any) -> bool:
    """May this be a list that is joined, or an integer that repeats one, but also an array?"""
    aval = content.aval if isinstance(content, Var) else None
    return aval == ANY or (op is operator.mul and isinstance(aval, Arr) and aval.boxed and aval.dtype is None)


def _repeats(content: Any) -> bool:
    """May a list be repeated by this?"""
    return hasattr(content, "aval") and (content.aval in (INT, BOOL) or is_repetition(content.aval))


def _gives_list(op: Any, contents: list[Any]) -> bool:
    """Is this certainly two lists joined, or one repeated?  Arithmetic with an array makes an array of a list."""
    others = [c for c in contents if not _is_list(c)]
    if op is operator.add:
        return not others
    return len(others) == 1 and _repeats(others[0])


_BITWISE = (operator.or_, operator.and_, operator.xor, operator.invert)


def _is_list(content: Any) -> bool:
    return hasattr(content, "aval") and is_list(content.aval)


def is_empty(content: Any) -> bool:
    return isinstance(content.aval, Parts) and not content.aval.items
