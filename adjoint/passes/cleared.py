"""What a loop clears entry by entry is cleared after it, all at once.

    for i in reversed(range(1, 499)):            for i in reversed(range(1, 499)):
        w_bar = u_bar[i]                             w_bar = u_bar[i]
        u_bar[i] = 0.0                    ->         x_bar[i] += w_bar * k
        x_bar[i] += w_bar * k                    u_bar[1:499] = 0.0

Each iteration reads only entries that it clears itself, before it does, or that a later one will: so the loop never
sees a cleared entry.  Nor does it add to one: a recurrence adds to what the next iteration reads (`u_bar[i - 1] += ...`).
Not so where one reads `u_bar[i + 1]`, or the whole array.  In loops that adjoint wrote, over known ranges, of arrays of
known shape.  Results are the same to the bit.
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
    """The loop without clearing its k-th carry, and without this, if that was all; `after` is what comes after it."""
    chain, array = _updates(loop, k), loop.body.params[k]
    write = next((s for s in chain if s.fn is runtime.array_set), None)
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
    versions = [array, *(s.out for s in chain)]
    cleared_from = chain.index(write) + 1  # the versions in which this iteration has cleared its entry
    for n, v in enumerate(versions):
        readers = [s for s in _readers(loop.body, v) if s is not write and (s is not loop.body or v is not versions[-1])]
        if not all(_is_uncleared(s, write, place, values, counters, n >= cleared_from) for s in readers):
            return loop
    everything = first == 0 and last == shape[place] - 1  # type: ignore[index]
    cut = Const(slice(None) if everything else slice(first, last + 1))
    index = index_of(tuple(
        cut if n == place else a if offsets[n] is None else written(offsets[n], after)  # type: ignore[arg-type]
        for n, a in enumerate(parts)
    ), after)
    if len(chain) > 1:
        uncleared = loop.outs[k].again()
        after.append(Apply(loop.outs[k : k + 1], runtime.array_set, (uncleared, index, write.args[2]), at=At(sweep="reverse")))
        body = substitute(_but_statement(loop.body, write), {write.out: write.args[0]})
        return dataclasses.replace(loop, outs=(*loop.outs[:k], uncleared, *loop.outs[k + 1 :]), body=body)
    after.append(Apply((loop.outs[k],), runtime.array_set, (loop.init[k], index, write.args[2]), at=At(sweep="reverse")))
    body = substitute(_but_statement(loop.body, write), {array: loop.init[k]})
    return dataclasses.replace(
        loop, outs=_but(loop.outs, k), init=_but(loop.init, k),
        body=Block(_but(body.params, k), body.stmts, _but(body.results, k)),
    )


def _updates(loop: Loop, k: int) -> list[Apply]:
    """How an iteration makes the array anew: it clears one part, and may add to others; nothing if it does anything else."""
    array, v = loop.body.params[k], loop.body.results[k]
    if not isinstance(array.aval, Arr) or array.aval.boxed:
        return []
    makers = {s.out: s for s in loop.body.stmts if isinstance(s, Apply) and s.fn in (runtime.array_set, runtime.index_add)}
    chain: list[Apply] = []
    while v is not array:
        if v not in makers:
            return []
        chain.append(makers[v])
        v = chain[-1].args[0]
    writes = [s.args[2] for s in chain if s.fn is runtime.array_set]
    constant = len(writes) == 1 and isinstance(writes[0], Const) and type(writes[0].value) in (int, float)
    alone = uses(loop.body)[loop.body.results[k]] == 1
    return chain[::-1] if constant and alone else []


def _readers(block: Block, v: Var) -> Iterator[Any]:
    """The statements that read a value, and blocks that have it as a result."""
    for s in block.stmts:
        if any(a is v for a in reads(s)):
            yield s
        for inner in blocks(s):
            yield from _readers(inner, v)
    if any(a is v for a in block.results):
        yield block


def _is_uncleared(s: Any, write: Apply, place: int, values: range, counters: Counters, done: bool) -> bool:
    """Does a statement read, or add to, only what is not cleared yet?  `done`: this iteration has cleared its part."""
    if not isinstance(s, Apply) or s.fn not in (operator.getitem, runtime.index_add) or s.kwargs or s.args[0] in s.args[1:]:
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
    return inside and (ahead > 0 if done else ahead >= 0)


def _is_basic(a: Atom) -> bool:
    """Does it take one axis, an integer or a slice?"""
    return a.aval == INT or isinstance(a.aval, Cut) or a.aval == Obj(slice)


def _but_statement(block: Block, stmt: Apply) -> Block:
    return Block(block.params, tuple(s for s in block.stmts if s is not stmt), block.results)


def _but(items: tuple[Any, ...], k: int) -> tuple[Any, ...]:
    return items[:k] + items[k + 1 :]
