"""The reverse of a loop that is run again from snapshots, instead of from tapes.

    for k in checkpoint(range(n), snapshots=s):          x = step(k, x)

    forward sweep                                        reverse sweep
        starts, xs, start = [], [], 0                        for k in reversed(range(n)):
        for stop in all_stops(n, s):                             start, x = starts.pop(), xs.pop()
            starts.append(start)                                 for stop in stops(start, k, s - len(starts)):
            xs.append(x)                                             (as in the forward sweep)
            for k in range(start, stop):                         step(k, x), and its pullback
                x = step(k, x)
            start = stop

All of it is made of the statements there are: nothing else needs to know of snapshots.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING

import numpy as np

from . import runtime
from .activity import carried_back
from .avals import INT, Arr, Obj, Parts, Seq, holds_memory
from .cotangents import widen
from .errors import Unsupported, WrongArgument
from .hooks import without_hooks
from .ir import (
    UNDEF, Apply, At, Atom, Block, Const, Function, Loop, Stmt, Var, blocks, free, free_of, refresh, substitute, with_blocks,
)
from .schedule import all_stops, check_snapshots, stops
from .structure import bar_aval

if TYPE_CHECKING:
    from .reverse import _Reverse

_DROPPED = (print, runtime.check, runtime.raise_)  # what has had its effect is not done again
ADVICE = "Move it out of the loop, or leave `checkpoint` out."


def with_snapshots(function: Function, count: int) -> Function:
    """The program with its outermost loops to be run again from `count` snapshots."""
    check_snapshots(count)

    def marked(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Loop) and stmt.outs and stmt.snapshots is None:
            return dataclasses.replace(stmt, snapshots=Const(count))
        return stmt

    stmts = tuple(map(marked, function.body.stmts))
    if not any(isinstance(s, Loop) and s.snapshots is not None for s in stmts):
        raise WrongArgument(f"`{function.name}` has no loop at its top, and `checkpoint` is for that.", "Leave it out.")
    return dataclasses.replace(function, body=Block(function.body.params, stmts, function.body.results))


def pull_checkpointed(work: _Reverse, loop: Loop) -> list[Stmt]:
    """Pull a loop back; gives the statements that stand in the forward sweep instead."""
    from .reverse import spot_of

    if loop.stops or loop.test is not None or loop.lists or loop.reverse or not loop.iters:
        raise Unsupported(
            "A loop that may end early, or that builds a list, has no snapshots.", "Leave `checkpoint` out.", spot_of(loop)
        )
    check_effects(loop.body)
    work.settle([*loop.defined, *free_of(loop)])
    found = {k for k in work.bars if isinstance(k, Var)}
    if not any(v in found for v in loop.outs):
        return [dataclasses.replace(loop, snapshots=None)]
    snapshots = loop.snapshots
    assert snapshots is not None
    forward: list[Stmt] = []
    at, back = At(loop.at.place), At(loop.at.place, "reverse")
    loop, count = indexed(work, loop, forward)
    n, body = len(loop.outs), loop.body
    read = [i for i, p in enumerate(body.params[:n]) if p in free(Block((), body.stmts, body.results))]

    # the forward sweep
    first = Var(Seq(INT))
    forward.append(Apply((first,), all_stops, (count, snapshots), (), at))
    names = ["starts", *(f"{body.params[i].hint or 'w'}_snapshots" for i in read)]
    empty = [Var(Parts(list, ()), name) for name in names]
    forward += [Apply((v,), runtime.make_list, (), (), at) for v in empty]
    legs = advance(loop, read, names, first, [*loop.init, Const(0), *empty], at)
    forward.append(dataclasses.replace(legs, outs=(*loop.outs, *legs.outs[n:])))
    kept = legs.outs[n + 1 :]

    # the reverse sweep
    work.b.at = back
    carried, flows = carried_back(loop, found, work.active)
    bars, init = [], []
    for i in carried:
        out = loop.outs[i]
        init.append(work.bars.pop(out) if out in work.bars else work.zero(out, bar_of=body.params[i]))
        bars.append(Var(bar_aval(init[-1], out), bar_of=body.params[i]))
    outside = [v for v in free(body) if v in flows]
    sums = []
    for v in outside:
        init.append(work.bars.pop(v) if v in work.bars else work.zero(v))
        sums.append(Var(bar_aval(init[-1], v), bar_of=v))
    outer = work.bars
    work.bars = dict(zip(outside, sums, strict=True))
    with work.b.block() as pulled:
        for i, bar in zip(carried, bars, strict=True):
            if work.is_active(body.results[i]):
                work.add(body.results[i], bar)  # type: ignore[arg-type]
        again = [s for stmt in work.pull_all(body.stmts) for s in repeated((without_hooks(stmt),))]
        work.b.at = back
        work.settle([*body.params, *outside])
        results = [work.bar_or_zero(work.bars, body.params[i]) for i in carried]
        results += [work.bars.get(v, s) for v, s in zip(outside, sums, strict=True)]
    work.bars = outer
    widen(pulled, list(zip((*bars, *sums), results, strict=True)))

    stacks = [v.again() for v in kept]
    hint = body.params[n].hint
    k = Var(INT, hint if hint is not None and hint.strip("_") else "k")
    taken: list[Stmt] = []
    rest = [v.again() for v in kept]
    start, states = Var(INT, "start"), [body.params[i].again() for i in read]
    for stack, left, item in zip(stacks, rest, (start, *states), strict=True):
        taken.append(Apply((left, item), runtime.popped, (stack,), (), back))
    held, left, ways = Var(INT), Var(INT, "free"), Var(Seq(INT))
    taken.append(Apply((held,), len, (rest[0],), (), back))
    taken.append(Apply((left,), operator.sub, (snapshots, held), (), back))
    taken.append(Apply((ways,), stops, (start, k, left), (), back))
    at_start: list[Atom] = [UNDEF] * n
    for i, state in zip(read, states, strict=True):
        at_start[i] = state
    legs = advance(loop, read, names, ways, [*at_start, start, *rest], back)
    here: dict[Var, Atom] = {body.params[n]: k}
    here.update((body.params[i], legs.outs[i]) for i in read)
    inner = refresh(substitute(Block((), (*again, *pulled), tuple(results)), here))
    outs = [Var(p.aval, bar_of=p.bar_of) for p in (*bars, *sums)]
    numbers = work.b.apply(range, count, aval=Obj(range))
    work.b.stmts.append(
        Loop(
            (*outs, *(v.again() for v in kept)), (), None, (*init, *kept), (numbers,), None,
            Block((*bars, *sums, *stacks, k), (*taken, legs, *inner.stmts), (*inner.results, *legs.outs[n + 1 :])),
            reverse=True, at=back,
        )
    )
    for v, out in zip(outside, outs[len(bars) :], strict=True):
        work.bars[v] = out
    for i, out in zip(carried, outs, strict=False):
        if work.is_active(loop.init[i]):
            work.add(loop.init[i], out)  # type: ignore[arg-type]
    return forward


def indexed(work: _Reverse, loop: Loop, before: list[Stmt]) -> tuple[Loop, Atom]:
    """The loop over the numbers of its items, which its body reads itself; and how many they are."""
    n, body, place = len(loop.outs), loop.body, At(loop.at.place)
    if len(loop.iters) == 1:
        (source,) = loop.iters
        made = work.b.shapes.maker(source)
        if isinstance(made, Apply) and made.fn is range and len(made.args) == 1:
            return dataclasses.replace(loop, snapshots=None), made.args[0]
        if isinstance(source, Const) and isinstance(source.value, range) and source.value == range(len(source.value)):
            return dataclasses.replace(loop, snapshots=None), Const(len(source.value))
    counts: list[Atom] = [Var(INT) for _ in loop.iters]
    before += [Apply((c,), len, (source,), (), place) for c, source in zip(counts, loop.iters, strict=True)]  # type: ignore[arg-type]
    count = counts[0]
    if len(counts) > 1:
        count = Var(INT)
        before.append(Apply((count,), min, tuple(counts), (), place))
    k, numbers = Var(INT, "k"), Var(Obj(range))
    before.append(Apply((numbers,), range, (count,), (), place))
    items = [
        Apply((item,), operator.getitem, (source, k), (), place)
        for item, source in zip(body.params[n:], loop.iters, strict=True)
    ]
    new = Block((*body.params[:n], k), (*items, *body.stmts), body.results)
    return dataclasses.replace(loop, iters=(numbers,), body=new, snapshots=None), count


def advance(loop: Loop, read: list[int], names: list[str], ways: Var, init: list[Atom], at: At) -> Loop:
    """Run the loop from stop to stop, with a snapshot at the start of each way.

    Carried are what the loop carries, the number of the step, and the stacks, called `names`: of numbers, and one
    for each carry in `read`.
    """
    n = len(loop.outs)
    forward = at.sweep == "forward"
    body = loop.body if forward else refresh(loop.body)
    stmts = body.stmts if forward else tuple(map(without_hooks, repeated(body.stmts)))
    states = [p.again() for p in body.params[:n]]
    start, stop = Var(INT, "start"), Var(INT, "stop")
    kinds = [Seq(INT), *(Seq(body.params[i].aval) for i in read)]
    stacks = [Var(kind, name) for kind, name in zip(kinds, names, strict=True)]
    longer = [v.again() for v in stacks]
    numbers = Var(Obj(range))
    pushed: list[Stmt] = []
    for more, stack, item in zip(longer, stacks, (start, *(states[i] for i in read)), strict=True):
        if holds_memory(item.aval):  # what follows may write to it
            copy = Var(item.aval)
            pushed.append(Apply((copy,), np.copy if isinstance(item.aval, Arr) else runtime.kept, (item,), (), at))
            item = copy
        pushed.append(Apply((more,), runtime.append, (stack, item), (), at))
    pushed.append(Apply((numbers,), range, (start, stop), (), at))
    outs = tuple(p.again() for p in body.params[:n])
    inner = Loop(outs, (), None, tuple(states), (numbers,), None, Block(body.params, stmts, body.results), at=at)
    return Loop(
        (*(p.again() for p in body.params[:n]), start.again(), *(v.again() for v in stacks)), (), None, tuple(init), (ways,), None,
        Block((*states, start, *stacks, stop), (*pushed, inner), (*outs, stop, *longer)), at=at,
    )


def check_effects(block: Block) -> None:
    """Refuse what cannot be done twice."""
    from .reverse import spot_of

    for stmt in block.stmts:
        if isinstance(stmt, Apply) and stmt.effect and stmt.fn not in _DROPPED:
            raise Unsupported("This has an effect, and a loop with snapshots is run again.", ADVICE, spot_of(stmt))
        for inner in blocks(stmt):
            check_effects(inner)


def repeated(stmts: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The statements as they are run again: printed and checked is the first time only."""

    def block(b: Block) -> Block:
        return Block(b.params, repeated(b.stmts), b.results)

    return tuple(with_blocks(s, block) for s in stmts if not (isinstance(s, Apply) and s.effect and s.fn in _DROPPED))
