"""Calls in reverse: a function that calls itself becomes a pair.

    w = f(x, y)       ->       w, tape = f_forward(x, y)      in the forward sweep
                               x_bar, y_bar = f_reverse(tape, w_bar)     in the reverse sweep

The tape is a tuple of what the reverse half reads of the forward half; the tapes of the calls inside
are among it, so it has the shape of the recursion.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

from . import runtime
from .avals import Obj, Parts, differentiable
from .hooks import without_hooks
from .ir import (
    Apply, At, Atom, Block, Callee, Const, Function, Param, Tree, Var, defined, free, has_effect, substitute,
)

if TYPE_CHECKING:
    from .reverse import _Reverse

Pairs = dict[Any, tuple[Callee, Callee]]


def pull_call(work: _Reverse, stmt: Apply) -> Apply:
    """Pull a call back; gives the call that stands in the forward sweep instead."""
    work.settle(stmt.outs)
    bars = {v: work.bars.pop(v) for v in stmt.outs if v in work.bars}
    if not bars:
        return stmt
    assert isinstance(stmt.fn, Callee)
    mask = tuple(work.is_active(a) for a in stmt.args)
    forward, backward = pair(work, stmt.fn, mask)
    work.b.at = At(stmt.at.place, "reverse", stmt)
    assert stmt.fn.function is not None
    results = stmt.fn.function.body.results
    given = [bars.get(v) or work.zero(v) for v, r in zip(stmt.outs, results, strict=True) if differentiable(r.aval)]
    tape = Var(Obj(tuple))
    args = [a for a, on in zip(stmt.args, mask, strict=True) if on]
    outs = tuple(Var(a.aval, bar_of=a if isinstance(a, Var) else None) for a in args)
    effect = has_effect(backward.function.body) if backward.function is not None else False
    work.b.stmts.append(Apply(outs, backward, (tape, *given), (), work.b.at, effect))
    for a, out in zip(args, outs, strict=True):
        out.bar_of = None
        work.add(a, out)  # type: ignore[arg-type]
    return dataclasses.replace(stmt, outs=(*stmt.outs, tape), fn=forward)


def pair(work: _Reverse, callee: Callee, mask: tuple[bool, ...]) -> tuple[Callee, Callee]:
    """The two halves of a function, with respect to the parameters in `mask`."""
    key = (callee, mask)
    if key in work.pairs:
        return work.pairs[key]
    function = callee.function
    assert function is not None
    forward, backward = Callee(f"{callee.__name__}_forward"), Callee(f"{callee.__name__}_reverse")
    forward.records = True
    work.pairs[key] = forward, backward
    body = function.body
    wrt = [p for p, on in zip(body.params, mask, strict=True) if on]
    inner = work.inside(body, wrt)
    inner.b.shapes.note(body.stmts)
    seeds = []
    for r in body.results:
        if differentiable(r.aval):
            seeds.append(Var(r.aval))
            if inner.is_active(r):
                inner.add(r, seeds[-1])  # type: ignore[arg-type]
    statements = list(map(without_hooks, inner.pull_all(body.stmts)))
    inner.settle(wrt)
    results: list[Atom] = [inner.bar_or_zero(inner.bars, p) for p in wrt]
    pulled = Block((), tuple(inner.b.stmts), tuple(results))
    local = {*body.params, *(v for s in statements for v in defined(s))}
    kept = [v for v in free(pulled) if v in local]
    packed = Var(Parts(tuple, tuple(v.aval for v in kept)))
    pack = Apply((packed,), runtime.make_tuple, tuple(kept))
    forward.function = _function(forward, function.params, Block(body.params, (*statements, pack), (*body.results, packed)))
    tape = Var(packed.aval, "tape")
    again = [v.again() for v in kept]
    reads = [
        Apply((v,), operator.getitem, (tape, Const(k)), (), At(sweep="reverse")) for k, v in enumerate(again)
    ]
    env: dict[Var, Atom] = dict(zip(kept, again, strict=True))
    pulled = substitute(pulled, env)
    params = (Param("tape", tape), *(Param(_seed_name(k, len(seeds)), v) for k, v in enumerate(seeds, 1)))
    backward.function = _function(backward, params, Block((tape, *seeds), (*reads, *pulled.stmts), pulled.results))
    return forward, backward


def _seed_name(k: int, count: int) -> str:
    return "result_bar" if count == 1 else f"result_{k}_bar"


def _function(callee: Callee, params: tuple[Param, ...], body: Block) -> Function:
    result: Any = body.results[0] if len(body.results) == 1 else Tree(
        tuple, tuple(range(len(body.results))), body.results
    )
    return Function(callee.__name__, params, body, result)

