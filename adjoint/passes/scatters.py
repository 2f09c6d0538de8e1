"""Additions to parts of arrays, as few of them as will do.

    x1 = zeros(3)                                    x1 = zeros(3)
    x2 = index_add(x1, i, a)                         w = add(a, b)
    x3 = index_add(x2, j, c)              ->         x2 = array_set(x1, j, c)
    x4 = index_add(x3, i, b)                         x3 = index_add(x2, i, w)

    x1 = array_set(x, i, 0.0)                        x1 = array_set(x, i, a)
    x2 = index_add(x1, i, a)              ->

    x1 = zeros(3)                                    x2 = index_add(b, i, a)
    x2 = index_add(x1, i, a)              ->
    x3 = add(x2, b)

    x1 = index_add(x, i, a)                          w1 = getitem(x, i)
    w = getitem(x1, i)                    ->         w = add(w1, a)
    x2 = array_set(x1, i, b)                         x2 = array_set(x, i, b)

    x1 = array_set(x, 0, a)
    x2 = array_set(x1, 1, b)              ->         w = a
    w = getitem(x2, 0)

    x1 = index_add(x, (:, None), a)       ->         x1 = add(x, reshape(a, shape(x)))
    x1 = index_add(x, i, broadcast_to(2.0, s))  ->   x1 = index_add(x, i, 2.0)

What is added at one place is added up first, though something is added elsewhere in between; not so where
something is *written* in between, unless that is certainly at another place.  What is added to zeros is
written, where the index names no place twice.

Only what nobody reads in between is changed.  Results differ by rounding, and in the sign of a zero.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import INT, Arr, Num, dtype_of, is_known, same_dtype, shape_of
from ..infer import infer
from ..ir import Apply, Atom, Const, Function, Var
from .certain import is_basic, is_number
from .cse import _atom_key
from .rewriting import Around, Rule, rewritten

ADDED, WRITTEN = (runtime.index_add,), (runtime.index_add, runtime.array_set)
ZEROS = (np.zeros, np.zeros_like)


def scatters(function: Function) -> Function:
    return rewritten(function, RULES)


def read(s: Apply, around: Around) -> Atom | list[Apply] | None:
    return (forwarded(s, around) or remembered(s, around)) if _is_array(s.args[0]) else None


def added(s: Apply, around: Around) -> list[Apply] | None:
    if not _is_array(s.out):
        return None
    return everywhere(s, around) or narrow(s, around) or together(s, around) or first(s, around)


def everywhere(s: Apply, around: Around) -> list[Apply] | None:
    """An index that only adds axes to the whole array."""
    x, index, v = s.args
    shape, have = shape_of(x.aval), shape_of(v.aval)
    if not _is_whole(index) or not is_known(shape) or have is None or not same_dtype(dtype_of(x.aval), dtype_of(v.aval)):
        return None
    part = shape_of(infer(operator.getitem, (x, index), (), True))
    if have != part:
        return None
    if have == shape:
        return [Apply(s.outs, operator.add, (x, v), at=s.at)]
    flat = Var(x.aval)
    return [
        Apply((flat,), np.reshape, (v, Const(shape)), at=s.at),
        Apply(s.outs, operator.add, (x, flat), at=s.at),
    ]


def narrow(s: Apply, around: Around) -> list[Apply] | None:
    """One number is added to each entry: it need not be broadcast first."""
    x, index, v = s.args
    maker = around.facts.made(v, np.broadcast_to)
    if maker is None or len(maker.args) != 2 or maker.args[0].aval != Num("float"):
        return None
    return [Apply(s.outs, s.fn, (x, index, maker.args[0]), at=s.at)]


def together(s: Apply, around: Around) -> list[Apply] | None:
    """Add up what goes to one place: the statement before that adds or writes there is left out."""
    x, index, v = s.args
    between: list[Apply] = []
    before = around.once(x, *WRITTEN)
    while before is not None and _atom_key(before.args[1]) != _atom_key(index):
        if before.fn not in ADDED and not _are_apart(before.args[1], index, x, around):
            return None
        between.append(before)
        before = around.once(before.args[0], *WRITTEN)
    if before is None or (before.fn is runtime.array_set and not is_basic(index)):
        return None
    out: list[Apply] = []
    total = v
    if is_number(before.args[2], 0):
        if not isinstance(v.aval, Num) and not same_dtype(dtype_of(v.aval), dtype_of(x.aval)):
            return None
    elif not _may_add(before.args[2], v):
        return None
    else:
        total = Var(infer(operator.add, (before.args[2], v), (), True))
        out.append(Apply((total,), operator.add, (before.args[2], v), at=s.at))
    steps = [*reversed(between), dataclasses.replace(s, fn=before.fn, args=(x, index, total))]
    if before.fn is runtime.array_set:  # what is added in between may be added there, too
        steps = [steps[-1], *steps[:-1]]
    array = before.args[0]
    for step in steps[:-1]:
        array = _again(step, array, out)
    last = steps[-1]
    return [*out, Apply(s.outs, last.fn, (array, *last.args[1:]), at=last.at)]


def first(s: Apply, around: Around) -> list[Apply] | None:
    """What is added to zeros is written."""
    x, index, v = s.args
    zeros = around.once(x, *ZEROS) or _zeros_of(x, around)
    if zeros is None or not (is_basic(index) or around.facts.is_distinct(index)):
        return None
    if not (isinstance(v.aval, Num) or same_dtype(dtype_of(v.aval), dtype_of(x.aval))):
        return None
    return [Apply(s.outs, runtime.array_set, s.args, at=s.at)]


def onto(s: Apply, around: Around) -> list[Apply] | None:
    """Zeros with something added to parts of them, added to another array: add it to parts of that."""
    if not _is_array(s.out):
        return None
    for x, other in (s.args, s.args[::-1]):
        if x.aval != s.out.aval:
            continue
        chain: list[Apply] = []
        step = around.once(x, *WRITTEN)
        while step is not None:
            chain.append(step)
            x = step.args[0]
            step = around.once(x, *WRITTEN)
        if not chain or _zeros_of(x, around) is None or not _is_ours(other, s, around):
            continue
        if any(t.fn is runtime.array_set for t in chain[:-1]):
            continue  # it may write over what was added before
        if not (is_basic(chain[-1].args[1]) or around.facts.is_distinct(chain[-1].args[1]) or chain[-1].fn in ADDED):
            continue
        out: list[Apply] = []
        array = other
        for step in reversed(chain[1:]):
            array = _again(step, array, out, runtime.index_add)
        return [*out, Apply(s.outs, runtime.index_add, (array, *chain[0].args[1:]), at=s.at)]
    return None


def forwarded(s: Apply, around: Around) -> Atom | list[Apply] | None:
    """A part that is read, where something was just added to it, and that is then written over."""
    x, index = s.args
    before = _written_at(x, index, around)
    if before is None or not any(t.fn is runtime.array_set and t.args[0] is x for t in around.readers.get(x, [])):  # type: ignore[arg-type]
        return None
    v = before.args[2]
    if before.fn is runtime.array_set:
        return v if v.aval == s.out.aval else None
    part = Var(s.out.aval)
    if infer(operator.add, (part, v), (), True) != s.out.aval:
        return None
    return [Apply((part,), s.fn, (before.args[0], index), at=s.at), Apply(s.outs, operator.add, (part, v), at=s.at)]


def remembered(s: Apply, around: Around) -> Atom | None:
    """An entry that is read, where it was just written."""
    x, index = s.args
    before = around.facts.made(x, *WRITTEN)
    while before is not None and _are_apart(before.args[1], index, x, around):
        before = around.facts.made(before.args[0], *WRITTEN)
    if before is None or before.fn is not runtime.array_set or _atom_key(before.args[1]) != _atom_key(index):
        return None
    v = before.args[2]
    return v if index.aval == INT and v.aval == s.out.aval and shape_of(v.aval) == () else None


def over(s: Apply, around: Around) -> Atom | list[Apply] | None:
    """What is written over need not have been written; nor is what stands there already, or what nobody reads."""
    if not _is_array(s.out):
        return None
    x, index, v = s.args
    readers = around.readers.get(s.out, [])
    if readers and len(readers) == around.reads[s.out] and all(
        t.fn is operator.getitem and t.args[0] is s.out and _are_apart(index, t.args[1], x, around) for t in readers
    ):
        return x
    part = around.facts.made(v, runtime.owned)
    part = around.facts.made(v if part is None else part.args[0], operator.getitem)
    if part is not None and part.args[0] is x and _atom_key(part.args[1]) == _atom_key(index):
        return x
    before = _written_at(x, index, around)
    return None if before is None else [Apply(s.outs, s.fn, (before.args[0], index, v), at=s.at)]


def _written_at(x: Atom, index: Atom, around: Around) -> Apply | None:
    """The statement before that wrote or added at the same place, if only that place is read and then written over."""
    s = around.here.get(x) if isinstance(x, Var) else None
    if s is None or s.fn not in WRITTEN or s.effect or not is_basic(index) or _atom_key(s.args[1]) != _atom_key(index):
        return None
    readers = around.readers.get(s.out, [])
    alike = [t for t in readers if t.args[0] is x and t.fn in (operator.getitem, runtime.array_set)]
    if len(readers) != around.reads[s.out] or len(alike) != len(readers):
        return None
    writes = [t for t in readers if t.fn is runtime.array_set]
    same = all(_atom_key(t.args[1]) == _atom_key(index) for t in readers)
    return s if same and len(writes) == 1 and all(x is not a for t in readers for a in t.args[1:]) else None


# --- small things ---------------------------------------------------------------------------------


def _again(step: Apply, array: Atom, out: list[Apply], fn: Any = None) -> Var:
    """The same step, from another array."""
    new = step.out.again()
    out.append(Apply((new,), fn or step.fn, (array, *step.args[1:]), at=step.at))
    return new


def _zeros_of(x: Atom, around: Around) -> Apply | None:
    """Zeros made in this block, that nothing else reads."""
    s = around.here.get(x) if isinstance(x, Var) else None
    return s if s is not None and s.fn in ZEROS and around.reads[s.out] == 1 else None


def _is_ours(a: Atom, s: Apply, around: Around) -> bool:
    """An array that arithmetic in this block has just made, for `s` alone."""
    maker = around.here.get(a) if isinstance(a, Var) else None
    if maker is None or around.reads[maker.out] != 1 or a.aval != s.out.aval:
        return False
    return maker.fn in _ARITHMETIC or isinstance(maker.fn, np.ufunc)


_ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow, operator.matmul}


def _may_add(a: Atom, b: Atom) -> bool:
    return all(isinstance(x.aval, Num) or (isinstance(x.aval, Arr) and is_known(shape_of(x.aval))) for x in (a, b))


def _is_array(v: Atom) -> bool:
    return isinstance(v.aval, Arr) and not v.aval.boxed and is_known(v.aval.shape) and v.aval.shape != ()


def _is_whole(index: Atom) -> bool:
    """`:`, `:, None`, `..., None`: all of the array, with axes of length one put in."""
    if not isinstance(index, Const):
        return False
    items = index.value if isinstance(index.value, tuple) else (index.value,)
    return all(i is None or i is Ellipsis or i == slice(None) for i in items)


def _are_apart(i: Atom, j: Atom, x: Atom, around: Around) -> bool:
    """Are these certainly different places along the first axis of an array?  `k` and `k + 1` are, for n > 1."""
    shape = shape_of(x.aval)
    length = shape[0] if shape else None
    for cut, k in ((i, j), (j, i)):
        if isinstance(cut, Const) and isinstance(cut.value, slice) and isinstance(k, Const) and type(k.value) is int:
            return isinstance(length, int) and length > 0 and k.value % length not in range(*cut.value.indices(length))
    (a, m), (b, n) = _offset(i, around), _offset(j, around)
    return a is b and isinstance(length, int) and length > 0 and (m - n) % length != 0


def _offset(i: Atom, around: Around) -> tuple[Atom | None, int]:
    """An integer as a value and a number added to it."""
    if isinstance(i, Const) and type(i.value) is int:
        return None, i.value
    s = around.facts.made(i, operator.add, operator.sub) if i.aval == INT else None
    if s is not None:
        x, y = s.args
        if isinstance(y, Const) and type(y.value) is int:
            return x, y.value if s.fn is operator.add else -y.value
    return i if i.aval == INT else Var(), 0


RULES: dict[Any, Rule] = {
    operator.getitem: read, operator.add: onto, runtime.array_set: over, runtime.index_add: added,
}
