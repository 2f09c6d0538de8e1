"""Remove what nobody reads: statements, results of branches, carries and tapes of loops.

    w1 = sin(x)                     (w1 is not read)
    w2, t = loop s = x for i in r:          w2 = loop s = x for i in r:
        w3 = cos(s)                 ->          w3 = cos(s)
        yield w3, s                             yield w3
    return w2                               return w2

What has an effect stays, and so does whatever contains it; and so does a function of `math` that raises
outside its domain, for the gradient of `log(x)` must not be -0.5 at -2, where `log` raises.  With this pass the
reverse transform may record every value it mentions: the tapes that no adjoint statement reads go away here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Try, Var, blocks, free, has_effect, reads, with_body, with_stmts


def dce(function: Function) -> Function:
    body = function.body
    return with_body(function, with_stmts(body, needed(body.stmts, body.results)))


def needed(stmts: Iterable[Stmt], results: Iterable[Atom]) -> list[Stmt]:
    """The statements that `results` or an effect need, reduced to what is read of them."""
    live = set(results)
    kept: list[Stmt] = []
    for stmt in reversed(list(stmts)):
        new = reduced(stmt, live)
        if new is not None:
            kept.append(new)
            live.update(new.atoms() if isinstance(new, Apply) else reads(new))
            for inner in blocks(new):
                live.update(free(inner))
    return kept[::-1]


def reduced(stmt: Stmt, live: set[Atom]) -> Stmt | None:
    match stmt:
        case Apply():
            return stmt if not live.isdisjoint(stmt.outs) or stmt.effect or raises(stmt) else None
        case If():
            keep = [i for i, v in enumerate(stmt.outs) if v in live]
            then, orelse = (_side(side, keep) for side in (stmt.then, stmt.orelse))
            if isinstance(stmt, Try):  # any statement of it may raise, and decide
                then = stmt.then if len(keep) == len(stmt.outs) else Block((), stmt.then.stmts, then.results)
            if not keep and not then.stmts and not orelse.stmts:
                return None
            if then is stmt.then and orelse is stmt.orelse:
                return stmt
            return dataclasses.replace(stmt, outs=tuple(stmt.outs[i] for i in keep), then=then, orelse=orelse)
        case Loop():
            return _loop(stmt, live)


def raises(stmt: Apply) -> bool:
    """May the primal raise here, where the gradient alone would not?"""
    return stmt.fn in _DOMAINS and stmt.at.sweep == "forward" and any(isinstance(a, Var) for a in stmt.args)


_DOMAINS = {
    math.log, math.log2, math.log10, math.log1p, math.sqrt, math.asin, math.acos, math.acosh, math.atanh, math.fmod,
    math.pow, math.gamma, math.lgamma,
}


def _side(block: Block, keep: list[int]) -> Block:
    if len(keep) == len(block.results):
        return with_stmts(block, needed(block.stmts, block.results))
    results = tuple(block.results[i] for i in keep)
    return Block(block.params, tuple(needed(block.stmts, results)), results)


def _loop(loop: Loop, live: set[Atom]) -> Loop | None:
    n, m = len(loop.outs), len(loop.lists)
    params, results = loop.body.params, loop.body.results
    lists = [k for k, v in enumerate(loop.lists) if v in live]
    always = [results[n + k] for k in lists] + list(results[n + m :])
    carried = {i for i, v in enumerate(loop.outs) if v in live}
    test = loop.test
    if test is not None:
        test = with_stmts(test, needed(test.stmts, test.results))
        asked = {*free(Block((), test.stmts, test.results))}
        carried |= {i for i in range(n) if test.params[i] in asked}
    while True:  # a carry is needed if the body needs it for a carry that is
        wanted = [results[i] for i in sorted(carried)] + always
        stmts = needed(loop.body.stmts, wanted)
        read = set(free(Block((), tuple(stmts), tuple(wanted))))
        more = {i for i in range(n) if params[i] in read} - carried
        if not more:
            break
        carried |= more
    count = loop.count if loop.count in live else None
    if not carried and not lists and count is None and not has_effect(Block((), tuple(stmts), ())) and not (
        test and has_effect(test)
    ):
        return None
    keep = sorted(carried)
    all_read = len(keep) == n and len(lists) == m and count is loop.count and test is loop.test
    if test is not None:
        test = Block(tuple(test.params[i] for i in keep), test.stmts, test.results)
    iters = list(range(len(loop.iters)))
    if len(iters) > 1:  # one is enough to count by
        used = [k for k in iters if params[n + k] in read]
        iters = used or iters[:1]
    if all_read and len(iters) == len(loop.iters) and tuple(stmts) == loop.body.stmts:
        return loop
    return dataclasses.replace(
        loop, outs=tuple(loop.outs[i] for i in keep), lists=tuple(loop.lists[k] for k in lists), count=count,
        init=tuple(loop.init[i] for i in keep), iters=tuple(loop.iters[k] for k in iters), test=test,
        body=Block(
            tuple(params[i] for i in keep) + tuple(params[n + k] for k in iters), tuple(stmts),
            tuple(results[i] for i in keep) + tuple(always),
        ),
    )

