"""All rows of an array that are recorded one by one are recorded as that array.

    forget = gates[0]                                   gates_tape.append(gates)
    enter = gates[1]                            ...
    forget_tape.append(forget)            ->        w1 = np.array(gates_tape)
    enter_tape.append(enter)                        w2 = w1[:, 0]
    ...                                             w3 = w1[:, 1]
    w2 = np.array(forget_tape)
    w3 = np.array(enter_tape)

Where nothing else reads the tapes, or the tapes of tapes that the loops around make of them.
"""

from __future__ import annotations

import dataclasses
import operator
from collections import Counter

import numpy as np

from ..avals import Arr, Seq, is_known, shape_of
from ..ir import Apply, Block, Const, Function, Loop, Stmt, Var, blocks, defined, with_blocks
from .nests import uses


def rows(function: Function) -> Function:
    plan = Plan(function.body)
    if not plan.arrays:
        return function
    return dataclasses.replace(function, body=plan.block(function.body))


class Plan:
    """What becomes of the tapes of rows."""

    def __init__(self, body: Block) -> None:
        self.count: Counter[Var] = uses(body)
        self.emitted: dict[Var, Var] = {}  # recorded -> the tape
        self.stacked: dict[Var, tuple[Apply, Block]] = {}  # a tape -> where it is made an array
        self.loops: list[Loop] = []
        self.find(body)
        self.tapes: dict[Var, tuple[Var, Var] | None] = {}  # the new tape and what it records, or that there is another
        self.arrays: dict[Apply, tuple[Var, Var, int, int]] = {}  # the new tape, it as an array, how deep, which row
        for loop in self.loops:
            self.choose(loop)

    def find(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Apply) and s.fn is np.array and s.at.sweep == "reverse" and is_known(shape_of(s.out.aval)):
                if len(s.args) == 1 and not s.kwargs and isinstance(s.args[0], Var):
                    self.stacked[s.args[0]] = s, block
            if isinstance(s, Loop):
                self.loops.append(s)
                for v, r in zip(s.lists, s.body.results[len(s.outs) :], strict=False):
                    if isinstance(r, Var):
                        self.emitted[r] = v
            for inner in blocks(s):
                self.find(inner)

    def path(self, row: Var) -> list[Var]:
        """The tapes of a row, of these tapes, and so on, if one array is made of all of it in the end."""
        found: list[Var] = []
        v = row
        while v in self.emitted and (v is row or self.count[v] == 1):
            v = self.emitted[v]
            found.append(v)
        return found if v in self.stacked and self.count[v] == 1 else []

    def choose(self, loop: Loop) -> None:
        makers = {v: s for s in loop.body.stmts for v in defined(s)}
        found: dict[Var, dict[int, Var]] = {}
        for r in loop.body.results[len(loop.outs) :]:
            s = makers.get(r)  # type: ignore[arg-type]
            if isinstance(s, Apply) and s.fn is operator.getitem and isinstance(s.args[0], Var) and isinstance(s.args[1], Const):
                if type(s.args[1].value) is int and self.emitted.get(s.out) in loop.lists:
                    found.setdefault(s.args[0], {})[s.args[1].value] = s.out
        for whole, of_row in found.items():
            shape = shape_of(whole.aval)
            if not isinstance(whole.aval, Arr) or not is_known(shape) or sorted(of_row) != list(range(shape[0])):  # type: ignore[index]
                continue
            paths = [self.path(of_row[j]) for j in sorted(of_row)]
            ends = [self.stacked[path[-1]] for path in paths if path]
            if len(ends) == len(paths) and len({block for _, block in ends}) == len({len(path) for path in paths}) == 1:
                self.join(whole, paths)

    def join(self, whole: Var, paths: list[list[Var]]) -> None:
        recorded = whole
        for level in zip(*paths, strict=True):
            tape = Var(Seq(recorded.aval), recorded.hint)
            self.tapes.update(dict.fromkeys(level))
            self.tapes[level[0]] = tape, recorded
            recorded = tape
        depth = len(paths[0])
        first = self.stacked[paths[0][-1]][0]
        shape = shape_of(first.out.aval)
        assert isinstance(first.out.aval, Arr) and shape is not None
        array = Var(Arr(first.out.aval.dtype, (*shape[:depth], len(paths), *shape[depth:])))
        for j, path in enumerate(paths):
            self.arrays[self.stacked[path[-1]][0]] = recorded, array, depth, j

    def block(self, block: Block) -> Block:
        stmts: list[Stmt] = []
        begun: set[Var] = set()
        for s in block.stmts:
            if isinstance(s, Apply) and s in self.arrays:
                tape, array, depth, j = self.arrays[s]
                if array not in begun:
                    stmts.append(Apply((array,), np.array, (tape,), at=s.at))
                    begun.add(array)
                stmts.append(Apply(s.outs, operator.getitem, (array, Const((slice(None),) * depth + (j,))), at=s.at))
            else:
                s = with_blocks(s, self.block)
                stmts.append(self.loop(s) if isinstance(s, Loop) else s)
        return Block(block.params, tuple(stmts), block.results)

    def loop(self, loop: Loop) -> Loop:
        n, m = len(loop.outs), len(loop.lists)
        results = loop.body.results
        kept = [(v, r) for v, r in zip(loop.lists, results[n : n + m], strict=True) if v not in self.tapes]
        new = [found for v in loop.lists if (found := self.tapes.get(v)) is not None]
        lists = (*(v for v, _ in kept), *(v for v, _ in new))
        results = (*results[:n], *(r for _, r in kept), *(r for _, r in new), *results[n + m :])
        return dataclasses.replace(loop, lists=lists, body=dataclasses.replace(loop.body, results=results))
