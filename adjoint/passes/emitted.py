"""A list that a loop only appends to becomes a list that the loop emits.

    hs = make_list()                                 hs2 = loop for x in xs:
    hs2 = loop hs1 = hs for x in xs:                     w1 = tanh(x)
        w1 = tanh(x)                      ->             yield w1
        w2 = append(hs1, w1)
        yield w2

Every comprehension comes to this.  The adjoint then goes through the cotangent of the list along with
the loop, item by item, where the pullback of `append` would cut the last item off a list each time.
What was in the list before comes in front: `hs2 = add(hs, emitted)`.

It stays a carry if the loop reads it, appends in one branch only (the items would no longer stand
beside those of `xs`), goes backwards or is run again from
snapshots, and if it is a carry of the loop around, which would have to be copied each time.
"""

from __future__ import annotations

import dataclasses
import operator
from collections import Counter

from .. import runtime
from ..avals import Parts, Seq
from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Var, blocks, reads, with_blocks, with_body, with_stmts


def emitted(function: Function) -> Function:
    return with_body(function, _block(function.body, set(), set()))


def _block(block: Block, empty: set[Var], carries: set[Var]) -> Block:
    """The block, given what is known to be an empty list and the carries of the loops around."""
    empty = set(empty)
    stmts: list[Stmt] = []
    for s in block.stmts:
        match s:
            case Apply():
                if s.fn is runtime.make_list and not s.args:
                    empty.add(s.out)
                stmts.append(s)
            case If():
                stmts.append(with_blocks(s, lambda side: _block(side, empty, carries)))
            case Loop():
                body = _block(s.body, empty, carries | set(s.body.params[: len(s.outs)]))
                stmts += _loop(s if body is s.body else dataclasses.replace(s, body=body), empty, carries)
    return with_stmts(block, stmts)


def _loop(loop: Loop, empty: set[Var], carries: set[Var]) -> list[Stmt]:
    n, body = len(loop.outs), loop.body
    found = {i: v for i in range(n) if loop.init[i] not in carries and (v := _appended(loop, i))}
    if loop.reverse or loop.snapshots is not None or not found:
        return [loop]
    lists, longer = [], []
    for i, (_, item) in found.items():
        out = loop.outs[i]
        if loop.init[i] in empty:
            lists.append(out)
        else:
            lists.append(Var(Seq(item.aval)))
            longer.append(Apply((out,), operator.add, (loop.init[i], lists[-1]), at=loop.at))
    keep = [i for i in range(n) if i not in found]
    last = len(body.results) - loop.stops
    appends = {s for s, _ in found.values()}
    new = dataclasses.replace(
        loop,
        outs=tuple(loop.outs[i] for i in keep),
        lists=loop.lists + tuple(lists),
        init=tuple(loop.init[i] for i in keep),
        test=loop.test and Block(tuple(loop.test.params[i] for i in keep), loop.test.stmts, loop.test.results),
        body=Block(
            tuple(body.params[i] for i in keep) + body.params[n:],
            tuple(s for s in body.stmts if s not in appends),
            tuple(body.results[i] for i in keep) + body.results[n:last] + tuple(v for _, v in found.values())
            + body.results[last:],
        ),
    )
    return [new, *longer]


def _appended(loop: Loop, i: int) -> tuple[Apply, Atom] | None:
    """The one statement that appends to carry number `i`, and what it appends; None if there is more to it."""
    param, result = loop.body.params[i], loop.body.results[i]
    if not (_is_list(loop.init[i]) and _is_list(loop.outs[i])):
        return None
    if loop.test is not None and _uses(loop.test)[loop.test.params[i]]:
        return None
    uses = _uses(loop.body)
    for s in loop.body.stmts:
        if isinstance(s, Apply) and s.fn is runtime.append and s.outs == (result,) and s.args[0] is param:
            return (s, s.args[1]) if uses[param] == uses[s.out] == 1 else None
    return None


def _is_list(a: Atom) -> bool:
    return isinstance(a.aval, Seq) or (isinstance(a.aval, Parts) and a.aval.cls is list)


def _uses(block: Block) -> Counter[Atom]:
    """How often each variable is read in a block, the blocks inside included."""
    counts = Counter(block.results)
    for s in block.stmts:
        counts.update(reads(s))
        for inner in blocks(s):
            counts.update(_uses(inner))
    return counts
