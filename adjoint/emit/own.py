"""One copy before a loop, or before the first of several updates, instead of one in each.

A loop that updates an array in place must own it.  What it starts from may be the caller's, or a view:

    A_bar = np.broadcast_to(1.0, (3, 3))            A_bar = np.full((3, 3), 1.0)
    for i in range(3):                      ->      for i in range(3):
        A_bar = index_add(A_bar, i, g)                  A_bar[i] += g

`owned` is written as a copy where one is needed, and otherwise as nothing (see `write`).  None is needed of what
nobody writes to, if it is only read, either:

    w_bar = owned(y_bar[i])                         w_bar = y_bar[i]
    x_bar = w_bar @ W                       ->      x_bar = w_bar @ W
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from .. import runtime
from ..avals import Arr
from ..ir import UNDEF, Apply, At, Atom, Block, Function, If, Loop, Stmt, Var, blocks, reads, with_blocks, with_stmts
from ..rules.registry import lookup
from .alias import ARRAY_UPDATES, Aliases, exchanged


def own(function: Function, aliases_of: Callable[[Function], Aliases] = Aliases) -> Function:
    function = dataclasses.replace(function, body=_read_only(function.body, aliases_of(function)))
    aliases = aliases_of(function)
    return dataclasses.replace(function, body=_block(function.body, aliases, set(), unbound(function.body)))


def _read_only(body: Block, aliases: Aliases) -> Block:
    """The program without copies of what stays as it is, for those that only read it."""
    written = {aliases.root(s.args[0]) for s in _updates(body) if isinstance(s.args[0], Var)}
    kept = set(_kept(body, aliases))

    def block(b: Block) -> Block:
        return with_stmts(b, map(statement, b.stmts))

    def statement(s: Stmt) -> Stmt:
        if not isinstance(s, Apply):
            return with_blocks(s, block)
        x = s.args[0] if s.fn is runtime.owned else None
        if not isinstance(x, Var) or s.out in kept or aliases.foreign(x) or aliases.root(x) in written:
            return s
        return dataclasses.replace(s, fn=runtime.identity)

    return block(body)


def _kept(block: Block, aliases: Aliases) -> Iterator[Atom]:
    """What something else may hold, or write to, after it has read it."""
    yield from block.results
    for s in block.stmts:
        rule = lookup(s.fn) if isinstance(s, Apply) else None
        if not isinstance(s, Apply) or s.effect or rule is None or not rule.pure or not aliases.allocates(s):
            yield from reads(s)
        for inner in blocks(s):
            yield from _kept(inner, aliases)


def unbound(block: Block) -> set[Atom]:
    """What may have no value, on the path taken: the result of a branch that does not give one, and what it becomes."""
    found: set[Atom] = {UNDEF}
    before = 0
    while len(found) > before:
        before = len(found)
        _find_unbound(block, found)
    return found


def _find_unbound(block: Block, found: set[Atom]) -> None:
    for stmt in block.stmts:
        match stmt:
            case If():
                found.update(o for o, a, b in zip(stmt.outs, stmt.then.results, stmt.orelse.results, strict=True) if {a, b} & found)
            case Loop():
                found.update(p for p, a in zip(stmt.body.params, stmt.init, strict=False) if a in found)
                found.update(o for o, a in zip(stmt.outs, stmt.init, strict=False) if a in found)
        for inner in blocks(stmt):
            _find_unbound(inner, found)


def _block(block: Block, aliases: Aliases, mine: set[Atom], missing: set[Atom]) -> Block:
    """`mine`: the arrays that were copied, and what became of them; `missing`: what there may be nothing of to copy."""
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        match stmt:
            case Apply() if stmt.fn in ARRAY_UPDATES:
                array = stmt.args[0]
                if _is_array(array) and array not in mine and aliases.foreign(array):  # type: ignore[arg-type]
                    array = _copied(array, stmt, stmts)
                    stmt = dataclasses.replace(stmt, args=(array, *stmt.args[1:]))
                mine.add(stmt.out)
            case If():
                then, orelse = (_block(side, aliases, mine, missing) for side in (stmt.then, stmt.orelse))
                stmt = dataclasses.replace(stmt, then=then, orelse=orelse)
            case Loop():
                updated = [s.args[0] for s in _updates(stmt.body)]
                places = exchanged(stmt)
                turned = {i for i in places if any(_shared(stmt.body.params[j], updated, aliases) for j in places)}
                init: list[Atom] = []
                for i, (start, param) in enumerate(zip(stmt.init, stmt.body.params, strict=False)):
                    written = i in turned or _shared(param, updated, aliases)
                    if written and _is_array(start) and start not in missing:
                        start = _copied(start, stmt, stmts)
                        mine.add(param)
                    init.append(start)
                stmt = dataclasses.replace(stmt, init=tuple(init), body=_block(stmt.body, aliases, mine, missing))
                mine.update(out for out, p in zip(stmt.outs, stmt.body.params, strict=False) if p in mine)
        stmts.append(stmt)
    return Block(block.params, tuple(stmts), block.results)


def _shared(param: Var, updated: list[Atom], aliases: Aliases) -> bool:
    return any(isinstance(a, Var) and aliases.share(a, param) for a in updated)


def _copied(array: Atom, before: Stmt, stmts: list[Stmt]) -> Var:
    copy = array.again() if isinstance(array, Var) else Var(array.aval)
    stmts.append(Apply((copy,), runtime.owned, (array,), (), At(sweep=before.at.sweep)))
    return copy


def _updates(block: Block) -> Iterator[Apply]:
    for stmt in block.stmts:
        if isinstance(stmt, Apply) and stmt.fn in ARRAY_UPDATES:
            yield stmt
        for inner in blocks(stmt):
            yield from _updates(inner)


def _is_array(a: Atom) -> bool:
    return isinstance(a, Var) and isinstance(a.aval, Arr) and not a.aval.boxed and a.aval.shape is not None
