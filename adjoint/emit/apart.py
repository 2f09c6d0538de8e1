"""A part of an array that is still read after the array is written to: the part is copied, not the array.

    row = A[k]                              row = np.array(A[k])
    A = index_add(A, i, -w * row)     ->    A[i] -= w * row
    (row is read later)

Without this the update could not be done in place, and would copy the whole array each time.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator

import numpy as np

from .. import runtime
from ..avals import Arr
from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Var, blocks
from ..rules.registry import lookup
from .alias import ARRAY_UPDATES, Aliases
from .fold import Folds
from .liveness import Liveness

_ITSELF = (*ARRAY_UPDATES, runtime.identity, runtime.owned)
_CONTAINERS = (runtime.make_list, runtime.make_tuple, runtime.make_dict, runtime.make_object, runtime.append, runtime.set_item)


def apart(function: Function, textbook: bool, aliases_of: Callable[[Function], Aliases] = Aliases) -> Function:
    updates, views = _updates(function.body), _views(function.body)
    if not updates or not views:
        return function
    aliases = aliases_of(function)
    written = {aliases.root(u.args[0]) for u in updates if isinstance(u.args[0], Var)}
    views = [v for v in views if aliases.root(v) in written]
    if not views:
        return function
    folds = Folds(function, textbook)
    live = Liveness(function, folds)
    kept = {a for b in _all_blocks(function.body) for a in _kept(b) if isinstance(a, Var)}
    copied: set[Var] = set()
    for update in updates:
        array = update.args[0]
        later = live.still(update, aliases.kin(array)) if isinstance(array, Var) else None
        if later:
            copied |= {v for v in views if aliases.share(v, array) and (v in later or v in kept)}  # type: ignore[arg-type]
    copied = {v for v in copied if v not in folds.folded}
    return dataclasses.replace(function, body=_block(function.body, copied)) if copied else function


def _kept(block: Block) -> Iterator[Atom]:
    """What outlives the statement that reads it: results, tapes, entries of containers."""
    yield from block.results
    for stmt in block.stmts:
        if isinstance(stmt, Apply) and stmt.fn in _CONTAINERS:
            yield from stmt.args


def _block(block: Block, copied: set[Var]) -> Block:
    return Block(block.params, tuple(new for s in block.stmts for new in _statement(s, copied)), block.results)


def _statement(stmt: Stmt, copied: set[Var]) -> list[Stmt]:
    match stmt:
        case Apply(outs=(out,)) if out in copied:
            part = Var(out.aval)
            return [
                dataclasses.replace(stmt, outs=(part,)),
                dataclasses.replace(stmt, outs=(out,), fn=np.array, args=(part,), kwargs=()),
            ]
        case If():
            return [dataclasses.replace(stmt, then=_block(stmt.then, copied), orelse=_block(stmt.orelse, copied))]
        case Loop():
            return [dataclasses.replace(stmt, body=_block(stmt.body, copied))]
    return [stmt]


def _is_view(stmt: Stmt) -> bool:
    """Is this a part of an array, or the array in another form?"""
    if not isinstance(stmt, Apply) or not stmt.args or len(stmt.outs) != 1 or stmt.fn in _ITSELF:
        return False
    if not isinstance(stmt.out.aval, Arr) or stmt.out.aval.boxed or not isinstance(stmt.args[0].aval, Arr):
        return False
    rule = lookup(stmt.fn)
    return stmt.fn in (operator.getitem, runtime.unbroadcast) or (rule is not None and rule.view)


def _views(block: Block) -> list[Var]:
    return [s.outs[0] for b in _all_blocks(block) for s in b.stmts if _is_view(s)]


def _updates(block: Block) -> list[Apply]:
    return [s for b in _all_blocks(block) for s in b.stmts if isinstance(s, Apply) and s.fn in ARRAY_UPDATES]


def _all_blocks(block: Block) -> list[Block]:
    return [block, *(b for s in block.stmts for inner in blocks(s) for b in _all_blocks(inner))]
