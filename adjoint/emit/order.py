"""The next value of a carry is computed last, so that it can have the carry's name.

    for c in reversed(items):                     for c in reversed(items):
        y_2_bar = y_bar * x                           x_bar += y_bar * c
        x_bar += y_bar * c               ->           y_bar = y_bar * x
        y_bar = y_2_bar

Only what adjoint wrote: what the user wrote stays in the user's order.  It moves down with what only
it reads, and stays where it is if it reads memory and something after it may write to memory: a value
read later than the write would have to be copied before it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

from ..avals import Arr, Num
from ..ir import Apply, Block, If, Loop, Stmt, Var, blocks, defined, free_of
from .fold import UPDATES


def ordered(block: Block) -> Block:
    """The block with the bodies of its loops in that order."""
    stmts: list[Stmt] = []
    for stmt in block.stmts:
        match stmt:
            case If():
                stmt = dataclasses.replace(stmt, then=ordered(stmt.then), orelse=ordered(stmt.orelse))
            case Loop():
                stmt = dataclasses.replace(stmt, body=_carries_last(ordered(stmt.body), len(stmt.outs)))
        stmts.append(stmt)
    return Block(block.params, tuple(stmts), block.results)


def _carries_last(body: Block, carries: int) -> Block:
    for param, result in zip(body.params[:carries], body.results[:carries], strict=True):
        at = next((i for i, s in enumerate(body.stmts) if isinstance(s, Apply) and s.outs == (result,)), None)
        if at is None:
            continue
        read_later = {v for s in body.stmts[at + 1 :] for v in free_of(s)}
        if param in read_later and result not in read_later:
            body = min(body, _moved_last(body, at), key=lambda b: _clashes(b, carries))
    return body


def _clashes(body: Block, carries: int) -> int:
    """How many carries are still read when their next value is there already."""
    made: set[Var] = set()
    found: set[Var] = set()
    pairs = list(zip(body.params[:carries], body.results[:carries], strict=True))
    for stmt in body.stmts:
        read = free_of(stmt)
        found.update(p for p, r in pairs if r in made and p in read)
        made.update(defined(stmt))
    return len(found)


def _moved_last(body: Block, at: int) -> Block:
    """The statement number `at`, and what only it reads, at the end of the body."""
    uses = Counter(v for s in body.stmts for v in free_of(s))
    uses.update(r for r in body.results if isinstance(r, Var))
    moved = {body.stmts[at]}
    for stmt in reversed(body.stmts[:at]):
        if isinstance(stmt, Apply) and len(stmt.outs) == 1 and stmt.out.hint is None and _is_pure(stmt):
            if uses[stmt.out] == sum(stmt.out in free_of(s) for s in moved) == 1:
                moved.add(stmt)
    if not all(isinstance(s, Apply) and _is_pure(s) for s in moved):
        return body
    first = min(i for i, s in enumerate(body.stmts) if s in moved)
    rest = [s for s in body.stmts if s not in moved]
    inputs = {v for s in moved for v in free_of(s)}
    if any(map(_is_memory, inputs)) and any(map(_writes, body.stmts[first:])):
        return body
    return Block(body.params, (*rest, *(s for s in body.stmts if s in moved)), body.results)


def _is_pure(stmt: Apply) -> bool:
    return stmt.at.sweep != "forward" and not stmt.effect and stmt.fn not in UPDATES


def _writes(stmt: Stmt) -> bool:
    if isinstance(stmt, Apply):
        return stmt.effect or stmt.fn in UPDATES
    return any(_writes(s) for inner in blocks(stmt) for s in inner.stmts)


def _is_memory(v: Var) -> bool:
    return not (isinstance(v.aval, Num) or (isinstance(v.aval, Arr) and v.aval.boxed))
