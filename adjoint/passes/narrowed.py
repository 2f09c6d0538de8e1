"""Of an array that is written to, the parts that are read are recorded, and not the whole.

    for i in range(n):                                  for i in range(n):
        M_tape.append(M)                                    if i != k:
        if i != k:                             ->               w = M[i, k]
            M[i] -= M[i, k] * row                               M[i] -= w * row
                                                            w_tape.append(w)

`reverse` reads an array in a branch again, where the branch goes back, so that the loop around has to record
the array.  `rewind` does without that tape where no write comes over what is read; where one does, the array
would have to be copied each time before it is written to.  For parts that are read at an index which the
forward loop knows, no more than one of them with as many axes as the array; other tapes stay.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import Any

from ..avals import Arr, Num, Seq
from ..ir import (
    UNDEF, Apply, At, Atom, Block, Function, If, Loop, Stmt, Var, blocks, defined, free_of, reads,
    substitute_stmt, with_blocks,
)
from .cse import _atom_key
from .nests import Pair, with_pairs
from .places import UPDATES, Chains, Conditions
from .remat import is_cheap


def narrowed(function: Function) -> Function:
    return with_pairs(function, _changed)


def _changed(pair: Pair, before: list[Stmt], earlier: set[Var]) -> tuple[Loop, Loop] | None:
    work = _Narrowing(pair, before, earlier)
    return (work.forth(pair), work.back(pair)) if work.parts else None


class _Unknown(Exception):
    """A value that the forward loop does not have."""


@dataclasses.dataclass
class _Part:
    """A part of an array: what is recorded of it in the forward loop, and what is taken off the tape."""

    read: Apply  # in the reversed loop
    branches: list[tuple[bool, int]]  # the branches that it is read in: the side, and the place of the statement in it
    lines: list[Stmt]  # the statements of the forward loop
    made: Var
    value: Var  # what they make, in front of the branches
    item: Var


class _Narrowing:
    def __init__(self, root: Pair, before: list[Stmt], earlier: set[Var]) -> None:
        """`earlier`: what is defined before these loops."""
        self.chains, self.earlier = Chains(root.forward, before), earlier
        self.computed: dict[Any, list[Var]] = {}  # the cheap values of the forward loops, by what they are computed of
        for v, s in self.chains.makers.items():
            if isinstance(s, Apply) and is_cheap(s) and not s.kwargs:
                self.computed.setdefault((s.fn, *map(_atom_key, s.args)), []).append(v)
        self.chains.mirror(root)
        self.parts: dict[Pair, dict[int, list[_Part]]] = {}  # with the place in the body that they stand in front of
        self.tapes: dict[Pair, list[tuple[Var, Var, Var]]] = {}  # the new ones: list, value, item
        for pair in root.all():
            for array, item in pair.tapes.items():
                self._narrow(pair, array, item)

    def _narrow(self, pair: Pair, array: Var, item: Var) -> None:
        at = _written(pair.forward.body, array)
        found = _parts_read(item, pair.backward.body, ())
        if at is None or not found or sum(not _is_less(array, read.out) for read, _ in found) > 1:
            return
        try:
            parts = [self._part(pair, at, array, read, conditions) for read, conditions in found]
        except _Unknown:
            return
        for place, part in parts:
            self.parts.setdefault(pair, {}).setdefault(place, []).append(part)
            self._record(pair, part.value, part.item)

    def _part(self, pair: Pair, at: int, array: Var, read: Apply, conditions: Conditions) -> tuple[int, _Part]:
        """With the place of the statement that it stands in, or before: no later than the first that writes to the array."""
        body, known = pair.forward.body, {*pair.forward.body.params}
        for outer in list(pair.upwards())[1:]:
            known |= {*outer.forward.body.params, *(v for s in outer.forward.body.stmts for v in defined(s))}
        places, sides = [], []
        env: dict[Var, Atom] = {}
        for test, how in conditions:
            here = {*known, *(v for s in body.stmts[:at] for v in defined(s))}
            same = self._forth(test, here, env, None)
            place = next((k for k, s in enumerate(body.stmts[: at + 1]) if type(s) is If and s.test is same), None)
            if place is None or any(array in defined(s) for s in body.stmts[place:]):
                raise _Unknown
            branch = body.stmts[place]
            assert isinstance(branch, If)
            known |= {v for s in body.stmts[:place] for v in defined(s)}
            body = branch.then if how else branch.orelse
            written = _written(body, array)
            at = len(body.stmts) if written is None else written
            env.update(zip(branch.outs, body.results, strict=True))
            places.append(place)
            sides.append(how)
        known |= {v for s in body.stmts[:at] for v in defined(s)}
        places.append(at)
        lines: list[Stmt] = []
        made = Var(read.out.aval)
        index = self._forth(read.args[1], known, env, lines)
        lines.append(Apply((made,), operator.getitem, (array, index), (), At()))
        branches = list(zip(sides, places[1:], strict=True))
        return places[0], _Part(read, branches, lines, made, Var(made.aval) if branches else made, Var(made.aval))

    def _forth(self, a: Atom, known: set[Var], env: dict[Var, Atom], lines: list[Stmt] | None) -> Atom:
        """A value of the reversed loop as the forward loop has it, or made again in `lines` if it is cheap.

        `env`: what the branches make, as it is called inside of them.
        """
        if not isinstance(a, Var):
            return a
        a = self.chains.same(a)
        while isinstance(a, Var) and a in env:
            a = env[a]
        if not isinstance(a, Var) or a in known or a in self.earlier:
            return a
        maker = self.chains.makers.get(a)
        if not isinstance(maker, Apply) or not is_cheap(maker) or maker.kwargs:
            raise _Unknown
        args = tuple(self._forth(b, known, env, lines) for b in maker.args)
        for v in self.computed.get((maker.fn, *map(_atom_key, args)), ()):
            if v in known or v in self.earlier:
                return v
        if lines is None:
            raise _Unknown
        out = Var(a.aval)
        lines.append(Apply((out,), maker.fn, args, (), At()))
        return out

    def _record(self, pair: Pair, value: Var, item: Var) -> None:
        tape = Var(Seq(value.aval))
        self.tapes.setdefault(pair, []).append((tape, value, item))
        if pair.outer is not None:
            self._record(pair.outer, tape, Var(tape.aval))

    # --- the loops, written anew ------------------------------------------------------------------

    def forth(self, pair: Pair) -> Loop:
        new: dict[Stmt, Stmt] = {p.forward: self.forth(p) for p in pair.inner}
        old, stmts = pair.forward, []
        for k, stmt in enumerate(old.body.stmts):
            parts = self.parts.get(pair, {}).get(k, [])
            stmts += [line for part in parts if not part.branches for line in part.lines]
            inside = [(part.branches, part, part.value) for part in parts if part.branches]
            stmts.append(_within(stmt, inside) if inside else new.get(stmt, stmt))
        m, results = len(old.outs) + len(old.lists), old.body.results
        tapes = self.tapes.get(pair, [])
        values = tuple(value for _, value, _ in tapes)
        body = Block(old.body.params, tuple(stmts), results[:m] + values + results[m:])
        return dataclasses.replace(old, lists=old.lists + tuple(tape for tape, _, _ in tapes), body=body)

    def back(self, pair: Pair) -> Loop:
        new: dict[Stmt, Stmt] = {p.backward: self.back(p) for p in pair.inner}
        old = pair.backward
        items = {part.read: part.item for parts in self.parts.get(pair, {}).values() for part in parts}
        env = {read.out: item for read, item in items.items()}
        body = _without(Block((), tuple(new.get(s, s) for s in old.body.stmts), ()), set(items))
        sources = [(self._source(pair, tape), item) for tape, _, item in self.tapes.get(pair, [])]
        body = Block(
            old.body.params + tuple(item for _, item in sources), tuple(substitute_stmt(s, env) for s in body.stmts),
            tuple(env.get(r, r) if isinstance(r, Var) else r for r in old.body.results),
        )
        return dataclasses.replace(old, iters=old.iters + tuple(source for source, _ in sources), body=body)

    def _source(self, pair: Pair, tape: Var) -> Var:
        """Where a tape is found: the tape of an inner loop is an item of the tape of the loop around it."""
        return tape if pair.outer is None else next(item for _, value, item in self.tapes[pair.outer] if value is tape)


def _within(stmt: Stmt, parts: list[tuple[list[tuple[bool, int]], _Part, Var]]) -> If:
    """A branch with the lines of parts in it, each at its place in the branch as it was, and what they make as further results."""
    assert isinstance(stmt, If)
    sides = []
    for way, side in ((True, stmt.then), (False, stmt.orelse)):
        stmts: list[Stmt] = []
        made: dict[Var, Var] = {}
        for k, s in enumerate((*side.stmts, None)):
            deeper: list[tuple[list[tuple[bool, int]], _Part, Var]] = []
            for branches, part, out in parts:
                if branches[0] != (way, k):
                    continue
                if len(branches) == 1:
                    stmts += part.lines
                    made[out] = part.made
                else:
                    made[out] = inner = Var(part.made.aval)
                    deeper.append((branches[1:], part, inner))
            if s is not None:
                stmts.append(_within(s, deeper) if deeper else s)
        sides.append(Block(side.params, tuple(stmts), (*side.results, *(made.get(out, UNDEF) for _, _, out in parts))))
    return dataclasses.replace(stmt, outs=(*stmt.outs, *(out for _, _, out in parts)), then=sides[0], orelse=sides[1])


def _written(body: Block, array: Var) -> int | None:
    """The first statement that writes to the array, or to what a branch or loop makes of it."""
    for k, stmt in enumerate(body.stmts):
        if isinstance(stmt, Apply):
            if stmt.fn in UPDATES and stmt.args[0] is array:
                return k
        elif array in free_of(stmt) and _has_update(stmt):
            return k
    return None


def _has_update(stmt: Stmt) -> bool:
    return any((isinstance(s, Apply) and s.fn in UPDATES) or _has_update(s) for inner in blocks(stmt) for s in inner.stmts)


def _parts_read(array: Var, block: Block, conditions: Conditions) -> list[tuple[Apply, Conditions]]:
    """The statements that read a part of the array, with the branches they stand in; none if it is read otherwise."""
    found: list[tuple[Apply, Conditions]] = []
    for stmt in block.stmts:
        if isinstance(stmt, Apply) and array in reads(stmt):
            if stmt.fn is not operator.getitem or stmt.args[1] is array:
                return []
            found.append((stmt, conditions))
        elif type(stmt) is If and array is not stmt.test:
            for side, how in ((stmt.then, True), (stmt.orelse, False)):
                if array in free_of(dataclasses.replace(stmt, then=side, orelse=Block((), (), ()), test=UNDEF)):
                    inner = _parts_read(array, side, (*conditions, (stmt.test, how)))
                    if not inner:
                        return []
                    found += inner
        elif array in free_of(stmt):
            return []
    return [] if array in block.results else found


def _is_less(array: Var, part: Var) -> bool:
    """Has a part fewer axes than the array?"""
    if isinstance(part.aval, Num):
        return True
    return (
        isinstance(array.aval, Arr) and isinstance(part.aval, Arr) and array.aval.shape is not None
        and part.aval.shape is not None and len(part.aval.shape) < len(array.aval.shape)
    )


def _without(block: Block, gone: set[Apply]) -> Block:
    stmts = tuple(s if isinstance(s, Apply) else with_blocks(s, lambda b: _without(b, gone)) for s in block.stmts if s not in gone)
    return Block(block.params, stmts, block.results)
