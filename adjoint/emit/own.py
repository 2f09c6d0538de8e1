"""One copy before a loop, or before the first of several updates, instead of one in each.

A loop that updates an array in place must own it.  What it starts from may be the caller's, or a view:

    A_bar = np.broadcast_to(1.0, (3, 3))            A_bar = np.full((3, 3), 1.0)
    for i in range(3):                      ->      for i in range(3):
        A_bar = index_add(A_bar, i, g)                  A_bar[i] += g

`owned` is written as a copy where one is needed, and otherwise as nothing (see `write`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from .. import runtime
from ..avals import Arr
from ..ir import Apply, At, Atom, Block, Function, If, Loop, Stmt, Var, blocks
from .alias import ARRAY_UPDATES, Aliases


def own(function: Function) -> Function:
    aliases = Aliases(function)
    return dataclasses.replace(function, body=_block(function.body, aliases))


def _block(block: Block, aliases: Aliases) -> Block:
    stmts: list[Stmt] = []
    mine: set[Atom] = set()  # what was copied in this block, and what became of it
    for stmt in block.stmts:
        if isinstance(stmt, Apply) and stmt.fn in ARRAY_UPDATES and _is_array(stmt.args[0]):
            array = stmt.args[0]
            assert isinstance(array, Var)
            if array not in mine and aliases.foreign(array):
                copy = array.again()
                stmts.append(Apply((copy,), runtime.owned, (array,), (), At(sweep=stmt.at.sweep)))
                stmt = dataclasses.replace(stmt, args=(copy, *stmt.args[1:]))
            mine.add(stmt.out)
        stmts.extend(_statement(stmt, aliases))
    return Block(block.params, tuple(stmts), block.results)


def _statement(stmt: Stmt, aliases: Aliases) -> list[Stmt]:
    match stmt:
        case If():
            then, orelse = _block(stmt.then, aliases), _block(stmt.orelse, aliases)
            return [dataclasses.replace(stmt, then=then, orelse=orelse)]
        case Loop():
            updated = [s.args[0] for s in _updates(stmt.body)]
            copies: list[Stmt] = []
            init: list[Atom] = []
            for start, param in zip(stmt.init, stmt.body.params, strict=False):
                if _is_array(start) and any(isinstance(a, Var) and aliases.share(a, param) for a in updated):
                    mine = start.again() if isinstance(start, Var) else Var(start.aval)
                    copies.append(Apply((mine,), runtime.owned, (start,), (), At(sweep=stmt.at.sweep)))
                    start = mine
                init.append(start)
            body = _block(stmt.body, aliases)
            return [*copies, dataclasses.replace(stmt, init=tuple(init), body=body)]
    return [stmt]


def _updates(block: Block) -> Iterator[Apply]:
    for stmt in block.stmts:
        if isinstance(stmt, Apply) and stmt.fn in ARRAY_UPDATES:
            yield stmt
        for inner in blocks(stmt):
            yield from _updates(inner)


def _is_array(a: Atom) -> bool:
    return isinstance(a, Var) and isinstance(a.aval, Arr) and not a.aval.boxed and a.aval.shape is not None
