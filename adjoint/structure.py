"""Branches and loops in reverse.

An `if` is pulled back by an `if` on the same test, a loop by a loop the other way.  What the pullback
reads of a branch or a body is handed out of it: as a result of the branch, on a tape of the loop, or by
computing it again where that is cheap (`passes.remat`).
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

from .activity import carried_back
from .avals import ANY, BOOL, INT, Arr, Num, Obj, Parts, Seq, dtype_of, item_of, join
from .cotangents import widen
from .ir import UNDEF, At, Atom, Block, Const, If, Loop, Try, Var, With, defined, free, free_of, substitute
from .passes.remat import recomputed

if TYPE_CHECKING:
    from .reverse import _Reverse


def pull_if(work: _Reverse, stmt: If) -> If:
    """Pull a branch back, or a `try` or `with`; gives the one that stands in the forward sweep instead."""
    work.settle(stmt.outs)
    outer = {k: g for k, g in work.bars.items() if k not in stmt.outs}
    given = [(v, work.bars[v]) for v in stmt.outs if v in work.bars]
    if not given:
        return stmt
    at = At(stmt.at.place, "reverse")
    sides = []
    for side in (stmt.then, stmt.orelse):
        work.bars = dict(outer)
        work.b.at = at
        with work.b.block() as stmts:
            for out, bar in given:
                result = side.results[stmt.outs.index(out)]
                if work.is_active(result):
                    work.add(result, bar)  # type: ignore[arg-type]
            forward = work.pull_all(side.stmts)
        inside = {v for s in side.stmts for v in defined(s)}
        bars = {k: g for k, g in work.bars.items() if (k if isinstance(k, Var) else k[0]) not in inside}
        sides.append((forward, stmts, bars))
    changed = [k for k in dict.fromkeys([*sides[0][2], *sides[1][2]]) if any(s[2].get(k) is not outer.get(k) for s in sides)]
    results: list[list[Atom]] = []
    for _, stmts, bars in sides:
        work.b.lo.stmts, saved = stmts, work.b.lo.stmts
        results.append([work.bar_or_zero(bars, k) for k in changed])
        work.b.lo.stmts = saved
    work.bars = dict(outer)
    outs = []
    for i, key in enumerate(changed):
        bar_of = key if isinstance(key, Var) else None
        out = Var(_joined(results[0][i], results[1][i]), bar_of=bar_of)
        outs.append(out)
        work.bars[key] = out
    pulled = [Block((), tuple(s[1]), tuple(r)) for s, r in zip(sides, results, strict=True)]
    extra: list[list[tuple[Var, Var]]] = []
    for k, (side, (forward, _, _)) in enumerate(zip((stmt.then, stmt.orelse), sides, strict=True)):
        local = {*side.params, *(v for s in forward for v in defined(s))}
        plan = recomputed([r for r in free(pulled[k]) if r in local], forward, set(), local)
        residuals = [(r, r.again()) for r in plan.recorded]
        again, env = plan.statements(dict(residuals))
        pulled[k] = substitute(pulled[k], env)
        pulled[k] = Block((), (*again, *pulled[k].stmts), pulled[k].results)
        extra.append(residuals)
    test = stmt.test
    if isinstance(stmt, Try):  # the path taken is the path reversed
        test = Var(BOOL)
    if isinstance(stmt, With):
        work.b.stmts.extend(pulled[0].stmts)
        work.bars.update(zip(changed, pulled[0].results, strict=True))
    else:
        work.b.stmts.append(If(tuple(outs), test, pulled[0], pulled[1], at))
    blocks = []
    for k, (side, (forward, _, _)) in enumerate(zip((stmt.then, stmt.orelse), sides, strict=True)):
        recorded = [r if j == k else UNDEF for j in (0, 1) for r, _ in extra[j]]
        if isinstance(stmt, Try):
            recorded.append(Const(k == 0))
        blocks.append(Block(side.params, tuple(forward), side.results + tuple(recorded)))
    more = tuple(v for j in (0, 1) for _, v in extra[j])
    if isinstance(stmt, Try):
        more += (test,)  # type: ignore[operator]
    return dataclasses.replace(stmt, outs=stmt.outs + more, then=blocks[0], orelse=blocks[1])


def pull_loop(work: _Reverse, stmt: Loop) -> Loop:
    """Pull a loop back; gives the one that stands in the forward sweep instead, with its tapes."""
    work.settle([*stmt.defined, *free_of(stmt)])
    found = {k for k in work.bars if isinstance(k, Var)}
    if not any(v in found for v in (*stmt.outs, *stmt.lists)):
        return stmt
    n, body = len(stmt.outs), stmt.body
    carried, flows = carried_back(stmt, found, work.active)
    at = At(stmt.at.place, "reverse")
    work.b.at = at
    bars: list[Var] = []  # the parameters of the reversed body
    init: list[Atom] = []
    for i in carried:
        out = stmt.outs[i]
        bar = work.bars.pop(out) if out in work.bars else work.zero(out, bar_of=body.params[i])
        init.append(_as_list(work, bar, out))
        bars.append(Var(bar_aval(init[-1], out), bar_of=body.params[i]))
        work.b.shapes.alike(bars[-1], body.results[i])
    outside = [v for v in free(body) if v in flows]
    sums = []
    for v in outside:
        init.append(work.bars.pop(v) if v in work.bars else work.zero(v))
        sums.append(Var(bar_aval(init[-1], v), bar_of=v))
    emitted = [(k, work.bars.pop(v)) for k, v in enumerate(stmt.lists) if v in work.bars]
    items = [Var(item_of(g.aval)) for _, g in emitted]
    iterated = [k for k, p in enumerate(body.params[n:]) if p in flows and work.is_active(stmt.iters[k])]

    outer = work.bars
    work.bars = dict(zip(outside, sums, strict=True))
    with work.b.block() as stmts:
        for i, bar in zip(carried, bars, strict=True):
            if work.is_active(body.results[i]):
                _add_carry(work, body.results[i], bar)
        for (k, _), item in zip(emitted, items, strict=True):
            if work.is_active(body.results[n + k]):
                work.add(body.results[n + k], item)  # type: ignore[arg-type]
        forward = work.pull_all(body.stmts)
        work.b.at = at
        work.settle([*body.params, *outside])
        results = [work.bar_or_zero(work.bars, body.params[i]) for i in carried]
        results += [work.bars.get(v, s) for v, s in zip(outside, sums, strict=True)]
        results += [work.bar_or_zero(work.bars, body.params[n + k]) for k in iterated]
    work.bars = outer

    widen(stmts, list(zip((*bars, *sums), results, strict=False)))
    pulled = Block((), tuple(stmts), tuple(results))
    local = {*body.params, *(v for s in forward for v in defined(s))}
    plan = recomputed([r for r in free(pulled) if r in local], forward, set(body.params[n:]), local)
    tapes = {r: Var(Seq(r.aval)) for r in plan.recorded}
    count = stmt.count
    iters: list[Atom] = []
    params: list[Var] = []
    env: dict[Var, Atom] = {}
    for k in plan.items_used(body.params[n:]):
        source = stmt.iters[k]
        if stmt.stops:
            count = count or Var(INT)
            source = _first(work, source, count)
        iters.append(source)
        params.append(Var(body.params[n + k].aval, body.params[n + k].hint))
        env[body.params[n + k]] = params[-1]
    for r, tape in tapes.items():
        iters.append(tape)
        params.append(r.again())
        env[r] = params[-1]
    for (_, g), item in zip(emitted, items, strict=True):
        iters.append(g)
        params.append(item)
    if not iters:
        if stmt.iters and not stmt.stops:
            iters.append(stmt.iters[0])
            params.append(Var(body.params[n].aval))
        else:
            count = count or Var(INT)
            iters.append(work.b.apply(range, count, aval=Obj(range)))
            params.append(Var(INT))
    again, env = plan.statements(env)
    pulled = substitute(pulled, env)
    outs = tuple(Var(p.aval, bar_of=p.bar_of) for p in (*bars, *sums))
    lists = tuple(Var(Seq(r.aval), bar_of=None) for r in results[len(outs) :])
    work.b.stmts.append(
        Loop(
            outs, lists, None, tuple(init), tuple(iters), None,
            Block((*bars, *sums, *params), (*again, *pulled.stmts), pulled.results), not stmt.reverse, False, at,
        )
    )
    for v, out in zip(outside, outs[len(bars) :], strict=True):
        work.bars[v] = out
    for i, out in zip(carried, outs, strict=False):
        if work.is_active(stmt.init[i]):
            work.b.shapes.alike(out, stmt.init[i])
            work.add(stmt.init[i], out)  # type: ignore[arg-type]
    for k, v in zip(iterated, lists, strict=True):
        work.add(stmt.iters[k], v)  # type: ignore[arg-type]
    last = body.results[n + len(stmt.lists) :]
    new_body = Block(body.params, tuple(forward), body.results[: n + len(stmt.lists)] + tuple(tapes) + last)
    return dataclasses.replace(stmt, lists=stmt.lists + tuple(tapes.values()), count=count, body=new_body)


def _as_list(work: _Reverse, bar: Atom, of: Var) -> Atom:
    """The cotangent of a list may be an array; one that a loop takes items off must be a list."""
    if isinstance(of.aval, Seq) and not isinstance(bar.aval, Seq | Parts):
        return work.b.apply(list, bar, aval=of.aval, bar_of=of)
    return bar


def _add_carry(work: _Reverse, result: Atom, bar: Var) -> None:
    """At the top of a reversed body the cotangent of a result is the carry itwork."""
    assert isinstance(result, Var)
    if result in work.bars:
        work.add(result, bar)
    else:
        work.bars[result] = bar


def _first(work: _Reverse, source: Atom, count: Var) -> Atom:
    """The part of a sequence that a loop got through before it stopped."""
    if isinstance(source, Const) and isinstance(source.value, range) and source.value[:2] == range(2):
        return work.b.apply(range, count, aval=Obj(range))
    part = work.b.apply(slice, Const(None), count, aval=Obj(slice))
    return work.b.apply(operator.getitem, source, part, aval=source.aval if isinstance(source.aval, Seq | Obj) else None)


def _joined(a: Atom, b: Atom) -> Any:
    return a.aval if a.aval == b.aval else join(a.aval, b.aval)


def bar_aval(init: Atom, of: Var) -> Any:
    """What is known of a cotangent in a loop: the kind of its value, where that is known."""
    if isinstance(of.aval, Num):
        kind = "complex" if of.aval.kind == "complex" else "float"
        return Num(kind) if isinstance(init.aval, Num) else Arr(dtype_of(of.aval), (), True)
    if isinstance(of.aval, Seq) and not isinstance(init.aval, Seq):
        return ANY  # a list or an array, which are indexed alike
    return init.aval if isinstance(of.aval, Seq) else of.aval
