"""A whole tape that can be made from other whole tapes is not recorded.

    for x in xs:                                         for x in xs:
        s_tape.append(s)                                     s_tape.append(s)
        gate = 1.0 / (1.0 + np.exp(-s))                      gate = 1.0 / (1.0 + np.exp(-s))
        gate_tape.append(gate)                    ->         ...
        ...
    gates = np.array(gate_tape)                          gates = 1.0 / (1.0 + np.exp(-np.array(s_tape)))

After `fission`, which takes arrays of all steps: to keep thousands of small arrays, and to put them into a
large one, takes longer than the arithmetic that made them, done once for all.  For arrays of `FEW` entries,
made entry by entry of what is taped anyway, of what does not change, and of rows that the innermost
loop counts through (`weight[k, 0]`).  Results differ by rounding.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, is_known, shape_of
from ..infer import infer
from ..ir import (
    Apply, At, Atom, Block, Const, Function, Loop, Stmt, Var, blocks, defined_within, reads, substitute, with_body,
)
from .cse import _atom_key
from .fission import Cut, is_entrywise, named_all
from .lengths import Lengths

FEW = 64  # entries

Nest = tuple[Loop, ...]


def restacked(function: Function) -> Function:
    body, lengths = function.body, Lengths()
    lengths.note(body)
    done: set[Atom] = set()
    while True:  # one nest after the other: what is made of its tapes may be read in the next
        origins: dict[Atom, tuple[Nest, Var]] = {}
        for s in body.stmts:
            if isinstance(s, Loop):
                origins.update(_origins(s, (), lengths))
        stacks = {s.args[0]: s for s in body.stmts if isinstance(s, Apply) and _is_stack(s, origins)}
        nest = next((origins[tape][0] for tape in stacks if tape not in done), None)
        if nest is None:
            return with_body(function, body)
        taped = {v: tape for tape, (where, v) in origins.items() if where == nest}
        mine = {tape: s for tape, s in stacks.items() if origins[tape][0] == nest}
        body = _Whole(nest, taped, lengths).applied(body, mine, origins)
        done.update(mine)


def _origins(loop: Loop, around: Nest, lengths: Lengths) -> dict[Atom, tuple[Nest, Var]]:
    """Of each tape the loops that fill it, from the outermost, and the value that is recorded."""
    if not lengths.steps(loop) or loop.reverse or loop.snapshots is not None:
        return {}
    nest, found = (*around, loop), {}
    inner: dict[Atom, tuple[Nest, Var]] = {}
    for s in loop.body.stmts:
        if isinstance(s, Loop):
            inner.update(_origins(s, nest, lengths))
    for tape, r in zip(loop.lists, loop.body.results[len(loop.outs) :], strict=False):
        if isinstance(r, Var):
            found[tape] = inner.get(r, (nest, r))
    return found  # type: ignore[return-value]


def _is_stack(s: Apply, origins: dict[Atom, Any]) -> bool:
    return s.fn is np.array and len(s.args) == 1 and not s.kwargs and s.args[0] in origins


class _Whole:
    """The values of the innermost body of a nest of loops, for all steps at once."""

    def __init__(self, nest: Nest, taped: dict[Var, Atom], lengths: Lengths) -> None:
        self.nest, self.taped, self.lengths = nest, taped, lengths
        last = nest[-1]
        self.cut = Cut(last, list(last.body.stmts), lengths.steps(last) or 0, lengths)
        self.local = {*nest[0].body.params, *(v for s in nest[0].body.stmts for v in defined_within(s))}
        self.made: dict[Atom, Atom] = {}
        self.stmts: list[Stmt] = []
        self.possible: dict[Atom, bool] = {}

    def applied(self, body: Block, stacks: dict[Atom, Apply], origins: dict[Atom, Any]) -> Block:
        again = {tape for tape in stacks if self.can_be_made(origins[tape][1])}
        readers, deep = _readers(body), functools.cache(_deep)
        again = {
            tape for tape in again
            if tape not in body.results and all(
                s is stacks[tape] or _goes_through(s, tape, deep) for s in readers[tape]
            )
        }
        if not again:
            return body
        for tape, stack in stacks.items():
            self.made[origins[tape][1]] = stack.out
        self.stmts += [stack for tape, stack in stacks.items() if tape not in again]
        for tape in again:
            del self.made[origins[tape][1]]
        env = {stacks[tape].out: self.whole(origins[tape][1]) for tape in stacks if tape in again}
        sources = {tape: env[stacks[tape].out] for tape in again}
        out: list[Stmt] = []
        done, moved = False, set(stacks.values())
        for s in body.stmts:
            through = isinstance(s, Loop) and any(a in sources for a in s.iters)
            if not done and (s in moved or through):
                out += [*self.cut.before, *self.stmts]
                done = True
            if s not in moved:
                out.append(_through_arrays(s, sources) if through else s)  # type: ignore[arg-type]
        return substitute(Block(body.params, tuple(out), body.results), env)

    def can_be_made(self, v: Atom) -> bool:
        """Is it done entry by entry, and can what it is done with be had?"""
        if v not in self.possible:
            self.possible[v] = False
            s = self.maker(v)
            shape = shape_of(v.aval)
            self.possible[v] = (
                s is not None and is_entrywise(s) and bool(shape) and math.prod(shape or ()) <= FEW
                and all(self.can_be_had(a, len(shape or ())) for a in s.args) and any(map(self.has_all_steps, s.args))
            )
        return self.possible[v]

    def can_be_had(self, a: Atom, rank: int) -> bool:
        if a not in self.local:
            return len(shape_of(a.aval) or ()) <= rank
        if len(shape_of(a.aval) or ()) != rank:
            return False
        a = self.resolved(a)
        return self.can_be_made(a) or a in self.taped or self.row(a) is not None

    def has_all_steps(self, a: Atom) -> bool:
        """Has its array an axis for every loop?  What is the same in all steps of one has none for it."""
        a = self.resolved(a)
        if self.can_be_made(a) or a in self.taped:
            return True
        s, row = self.maker(a), self.row(a)
        return row is not None and s is not None and s.args[1] in self.local and len(self.nest) == 1

    def maker(self, v: Atom) -> Apply | None:
        s = self.cut.makers.get(v)
        return s if isinstance(s, Apply) else None

    def resolved(self, v: Atom) -> Atom:
        """What was just written where it is read: `y[k] = u` before `y[k]`."""
        s = self.maker(v)
        if s is not None and s.fn is operator.getitem:
            before = self.maker(s.args[0])
            if before is not None and before.fn is runtime.array_set and _atom_key(before.args[1]) == _atom_key(s.args[1]):
                return before.args[2] if before.args[2].aval == v.aval else v
        return v

    def row(self, v: Atom) -> tuple[Atom, Atom] | None:
        """The array and the index of the rows that the innermost loop reads one by one."""
        s = self.maker(v)
        if s is None or s.fn is not operator.getitem or s.args[0] in self.local or not isinstance(s.args[0].aval, Arr):
            return None
        items = self.maker(s.args[1])
        parts = items.args if items is not None and items.fn is runtime.make_tuple else (s.args[1],)
        if any(a in self.local and a not in self.cut.sources for a in parts):
            return None
        found = self.cut.counted(s.args[1], s.args[0])
        return None if found is None else (s.args[0], found[0])

    def whole(self, v: Atom) -> Atom:
        """The value in all steps as one array, an axis for each loop in front."""
        if v not in self.local:
            return v
        v = self.resolved(v)
        if v not in self.made:
            s = self.maker(v)
            row = self.row(v)
            if self.can_be_made(v) and s is not None:
                self.made[v] = self.add(s.fn, *map(self.whole, s.args), hint=named_all(v))
            elif row is not None:
                all_of_it = isinstance(row[1], Const) and row[1].value == slice(None)
                self.made[v] = row[0] if all_of_it else self.add(operator.getitem, *row)
            else:
                tape = self.taped[v]  # type: ignore[index]
                self.made[v] = self.add(np.array, tape, aval=self.lengths.array(tape))
        return self.made[v]

    def add(self, fn: Any, *args: Atom, aval: Any = None, hint: str | None = None) -> Var:
        out = Var(infer(fn, args, (), True) if aval is None else aval, hint)
        self.stmts.append(Apply((out,), fn, args, at=At(sweep="reverse")))
        return out


def _readers(block: Block) -> dict[Atom, list[Stmt]]:
    """The statements of the block that read a value, themselves or inside."""
    found: dict[Atom, list[Stmt]] = {}
    for s in block.stmts:
        for a in {*reads(s), *(a for inner in blocks(s) for a in _deep(inner))}:
            found.setdefault(a, []).append(s)
    return found


def _goes_through(s: Stmt, tape: Atom, deep: Callable[[Block], frozenset[Atom]]) -> bool:
    """Is it a loop that goes over the tape and over the lists in it, and reads nothing else of it?"""
    if not isinstance(s, Loop) or tape in s.init or tape in deep(s.body):
        return False
    items = [p for a, p in zip(s.iters, s.body.params[len(s.outs) :], strict=True) if a is tape]
    return all(isinstance(p.aval, Arr) or _iterated(p, s.body, deep) for p in items)


def _iterated(p: Var, body: Block, deep: Callable[[Block], frozenset[Atom]]) -> bool:
    """Do only loops go over it?"""
    for s in body.stmts:
        if isinstance(s, Loop):
            if p in s.init or p in deep(s.body):
                return False
        elif p in reads(s) or any(p in deep(inner) for inner in blocks(s)):
            return False
    return p not in body.results


def _deep(block: Block) -> frozenset[Atom]:
    """All that is read in it."""
    found = set(block.results)
    for s in block.stmts:
        found.update(reads(s))
        for inner in blocks(s):
            found |= _deep(inner)
    return frozenset(found)


def _through_arrays(loop: Loop, sources: dict[Atom, Atom]) -> Loop:
    """The loop, over the arrays instead of the tapes; what it takes from them are arrays, too."""
    n = len(loop.outs)
    env: dict[Var, Var] = {}
    for a, p in zip(loop.iters, loop.body.params[n:], strict=True):
        shape = shape_of(sources[a].aval) if a in sources else None
        if shape is not None and is_known(shape) and not isinstance(p.aval, Arr):
            env[p] = Var(Arr(np.dtype(float), shape[1:]))
    body = substitute(loop.body, env)
    params = tuple(env.get(p, p) for p in loop.body.params)
    return dataclasses.replace(
        loop, iters=tuple(sources.get(a, a) for a in loop.iters), body=Block(params, body.stmts, body.results)
    )
