"""What a loop clears entry by entry is cleared after it, all at once.

    for i in reversed(range(1, 499)):            for i in reversed(range(1, 499)):
        w_bar = u_bar[i]                             w_bar = u_bar[i]
        u_bar[i] = 0.0                    ->         x_bar[i] += w_bar * k
        x_bar[i] += w_bar * k                    u_bar[1:499] = 0.0

Each iteration reads only entries that it clears itself, before it does, or that a later one will: so the loop never
sees a cleared entry.  Not so where one reads `u_bar[i + 1]`, or the whole array.  In loops that adjoint wrote, over
known ranges, of arrays of known shape.  Results are the same to the bit.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterator
from typing import Any

from .. import runtime
from ..avals import INT, Arr, Cut, Obj, is_known, shape_of
from ..ir import (
    Apply, At, Atom, Block, Const, Function, Loop, Stmt, Var, blocks, defined_within, reads, substitute, with_blocks,
    with_body, with_stmts,
)
from .counters import Counters, index_of, written
from .nests import uses


def cleared(function: Function) -> Function:
    return with_body(function, _block(function.body, Counters(function.body)))


def _block(block: Block, counters: Counters) -> Block:
    stmts: list[Stmt] = []
    for s in block.stmts:
        s = with_blocks(s, lambda b: _block(b, counters))
        after: list[Stmt] = []
        if isinstance(s, Loop) and s.at.sweep == "reverse":
            counters.look(s.body)  # what inner loops have left behind
            for k in reversed(range(len(s.outs))):
                s = _without(s, k, counters, after)
            counters.look(Block((), tuple(after), ()))
        stmts += [s, *after]
    return with_stmts(block, stmts)


def _without(loop: Loop, k: int, counters: Counters, after: list[Stmt]) -> Loop:
    """The loop without its k-th carry, where this is an array that is only cleared; `after` is what comes after it."""
    write, array = _clearing(loop, k), loop.body.params[k]
    counted = counters.counter(loop)
    if write is None or counted is None or loop.test is not None or loop.stops or loop.snapshots is not None:
        return loop
    counter, values = counted
    assert isinstance(array.aval, Arr)
    shape, local = array.aval.shape, {*loop.body.params, *(v for s in loop.body.stmts for v in defined_within(s))}
    parts = counters.parts(write.args[1])
    offsets = [counters.offset(a) for a in parts]
    place = next((n for n, i in enumerate(offsets) if i is not None and i[0] is counter), None)
    if not values or place is None or not is_known(shape) or len(parts) > len(shape):  # type: ignore[arg-type]
        return loop
    others = [n for n in range(len(parts)) if n != place]
    if not all(map(_is_basic, parts)) or any((offsets[n] or (parts[n], 0))[0] in local for n in others):
        return loop
    first, last = (end(values) + offsets[place][1] for end in (min, max))  # type: ignore[index]
    if first < 0 or last >= shape[place]:  # type: ignore[index]
        return loop
    if not all(_is_uncleared(s, write, place, values, counters) for s in _readers(loop.body, array) if s is not write):
        return loop
    everything = first == 0 and last == shape[place] - 1  # type: ignore[index]
    cut = Const(slice(None) if everything else slice(first, last + 1))
    index = index_of(tuple(
        cut if n == place else a if offsets[n] is None else written(offsets[n], after)  # type: ignore[arg-type]
        for n, a in enumerate(parts)
    ), after)
    after.append(Apply((loop.outs[k],), runtime.array_set, (loop.init[k], index, write.args[2]), at=At(sweep="reverse")))
    body = substitute(loop.body, {array: loop.init[k]})
    return dataclasses.replace(
        loop, outs=_but(loop.outs, k), init=_but(loop.init, k),
        body=Block(
            _but(loop.body.params, k), tuple(s for s in body.stmts if not (isinstance(s, Apply) and s.out is write.out)),
            _but(body.results, k),
        ),
    )


def _clearing(loop: Loop, k: int) -> Apply | None:
    """The one write of a constant that makes the array anew."""
    array, result = loop.body.params[k], loop.body.results[k]
    if not isinstance(array.aval, Arr) or array.aval.boxed:
        return None
    write = next((s for s in loop.body.stmts if isinstance(s, Apply) and result in s.outs), None)
    if write is None or write.fn is not runtime.array_set or write.args[0] is not array:
        return None
    if not isinstance(write.args[2], Const) or type(write.args[2].value) not in (int, float):
        return None
    return write if uses(loop.body)[result] == 1 else None


def _readers(block: Block, v: Var) -> Iterator[Any]:
    """The statements that read a value, and blocks that have it as a result."""
    for s in block.stmts:
        if any(a is v for a in reads(s)):
            yield s
        for inner in blocks(s):
            yield from _readers(inner, v)
    if any(a is v for a in block.results):
        yield block


def _is_uncleared(s: Any, write: Apply, place: int, values: range, counters: Counters) -> bool:
    """Does a statement read only what is not cleared yet?"""
    if not isinstance(s, Apply) or s.fn is not operator.getitem or s.kwargs or s.args[1] is s.args[0]:
        return False
    parts, cleared = counters.parts(s.args[1]), counters.offset(counters.parts(write.args[1])[place])
    if len(parts) <= place or not all(map(_is_basic, parts)):
        return False
    read = counters.offset(parts[place])
    if read is None or cleared is None or read[0] is not cleared[0]:
        return False
    length = shape_of(s.args[0].aval)[place]  # type: ignore[index]
    inside = 0 <= min(values) + read[1] and max(values) + read[1] < length
    ahead = (read[1] - cleared[1]) * values.step
    return inside and ahead >= 0


def _is_basic(a: Atom) -> bool:
    """Does it take one axis, an integer or a slice?"""
    return a.aval == INT or isinstance(a.aval, Cut) or a.aval == Obj(slice)


def _but(items: tuple[Any, ...], k: int) -> tuple[Any, ...]:
    return items[:k] + items[k + 1 :]
