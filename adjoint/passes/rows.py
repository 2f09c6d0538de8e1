"""All rows of an array that are recorded one by one are recorded as that array.

    forget = gates[0]                                   gates_tape.append(gates)
    enter = gates[1]                            ...
    forget_tape.append(forget)            ->        w1 = np.array(gates_tape)
    enter_tape.append(enter)                        w2 = w1[:, 0]
    ...                                             w3 = w1[:, 1]
    w2 = np.array(forget_tape)
    w3 = np.array(enter_tape)

Where nothing else reads the tapes, or the tapes of tapes that the loops around make of them; and so where one loop
goes back over all of them, which takes the array from the tape, then, and rows from the array.  An array that
is made of all rows of another is that other.
"""

from __future__ import annotations

import dataclasses
import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .. import runtime
from ..avals import Arr, Seq, is_known, shape_of
from ..ir import Apply, At, Atom, Block, Const, Function, Loop, Stmt, Var, blocks, defined, substitute, with_blocks
from .certain import Facts
from .nests import uses


def rows(function: Function) -> Function:
    plan = Plan(function.body)
    if not plan.tapes:
        return function
    body = plan.block(function.body)
    return dataclasses.replace(function, body=substitute(body, dict(wholes(body, Facts.of(body)))))


def wholes(block: Block, facts: Facts) -> Iterator[tuple[Var, Atom]]:
    """The arrays that a pass has made of all rows of an array, in their order, and that array."""
    for s in block.stmts:
        if isinstance(s, Apply) and s.fn is np.array and s.at.place is None and len(s.args) == 1 and not s.kwargs:
            items = facts.made(s.args[0], runtime.make_list)
            rows = [facts.made(a, operator.getitem) for a in items.args] if items is not None else []
            array = rows[0].args[0] if rows and rows[0] is not None else s.out
            if rows and shape_of(array.aval) == shape_of(s.out.aval) and all(
                row is not None and row.args[0] is array and isinstance(row.args[1], Const) and row.args[1].value == j
                for j, row in enumerate(rows)
            ):
                yield s.out, array
        for inner in blocks(s):
            yield from wholes(inner, facts)


@dataclass(eq=False)
class Path:
    """What a row goes through: tapes, tapes of tapes, loops back over them, until it is one again or all are an array."""

    tapes: list[Var] = field(default_factory=list)
    items: list[tuple[Loop, Var]] = field(default_factory=list)
    array: Apply | None = None
    block: Block | None = None  # where the array is made

    def kind(self) -> object:
        """The same for paths that can be one."""
        return len(self.tapes), tuple(loop for loop, _ in self.items), self.block


@dataclass(eq=False)
class Plan:
    """What becomes of the tapes of rows."""

    body: Block
    tapes: dict[Var, tuple[Var, Var] | None] = field(default_factory=dict)  # the tape instead, and what it records; or none
    items: dict[Var, tuple[Var, Var] | None] = field(default_factory=dict)  # what is gone over instead, and the item
    rows: dict[Var, tuple[Var, int]] = field(default_factory=dict)  # what is a row of an item now
    arrays: dict[Apply, tuple[Var, Var, int, int]] = field(default_factory=dict)  # of what, which, how deep, the row
    emitted: dict[Var, Var] = field(default_factory=dict)  # recorded -> the tape
    made: dict[Var, tuple[Apply, Block]] = field(default_factory=dict)  # a tape -> the array of it
    over: dict[Var, tuple[Loop, Var]] = field(default_factory=dict)  # a tape -> the loop over it, and the item
    loops: list[Loop] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.count: Counter[Atom] = uses(self.body)
        self.find(self.body)
        for loop in self.loops:
            self.choose(loop)

    def find(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Apply) and s.fn is np.array and s.at.sweep == "reverse" and is_known(shape_of(s.out.aval)):
                if len(s.args) == 1 and not s.kwargs and isinstance(s.args[0], Var):
                    self.made[s.args[0]] = s, block
            if isinstance(s, Loop):
                n = len(s.outs)
                self.loops.append(s)
                pairs = zip(s.iters, s.body.params[n:], strict=True)
                self.over.update((a, (s, p)) for a, p in pairs if isinstance(a, Var))
                for v, r in zip(s.lists, s.body.results[n:], strict=False):
                    if isinstance(r, Var):
                        self.emitted[r] = v
            for inner in blocks(s):
                self.find(inner)

    def path(self, row: Var) -> Path | None:
        """Its path, if nothing else reads what it goes through."""
        found, v = Path(), row
        while v in self.emitted and (v is row or self.count[v] == 1):
            v = self.emitted[v]
            found.tapes.append(v)
        while len(found.items) < len(found.tapes):
            if self.count[v] != 1:
                return None
            if v in self.made:
                found.array, found.block = self.made[v]
                return found
            if v not in self.over:
                return None
            found.items.append(self.over[v])
            v = self.over[v][1]
        return found

    def choose(self, loop: Loop) -> None:
        makers = {v: s for s in loop.body.stmts for v in defined(s)}
        groups: dict[Var, dict[int, Var]] = {}
        for r in loop.body.results[len(loop.outs) :]:
            s = makers.get(r)  # type: ignore[arg-type]
            if isinstance(s, Apply) and s.fn is operator.getitem and isinstance(s.args[0], Var) and isinstance(s.args[1], Const):
                if type(s.args[1].value) is int and self.emitted.get(s.out) in loop.lists:
                    groups.setdefault(s.args[0], {})[s.args[1].value] = s.out
        for array, of_row in groups.items():
            shape = shape_of(array.aval)
            if not isinstance(array.aval, Arr) or not is_known(shape) or sorted(of_row) != list(range(shape[0])):  # type: ignore[index]
                continue
            paths = [path for j in sorted(of_row) if (path := self.path(of_row[j])) is not None]
            if len(paths) == len(of_row) and len({path.kind() for path in paths}) == 1:
                self.join(array, paths)

    def join(self, array: Var, paths: list[Path]) -> None:
        var = array
        for level in zip(*(path.tapes for path in paths), strict=True):
            tape = Var(Seq(var.aval), var.hint)
            self.tapes.update(dict.fromkeys(level))
            self.tapes[level[0]] = tape, var
            var = tape
        for step in zip(*(path.items for path in paths), strict=True):
            assert isinstance(var.aval, Seq)
            item = Var(var.aval.item, array.hint)
            self.items.update(dict.fromkeys(p for _, p in step))
            self.items[step[0][1]] = var, item
            var = item
        first = paths[0].array
        if first is None:
            self.rows.update((path.items[-1][1], (var, j)) for j, path in enumerate(paths))
            return
        assert isinstance(first.out.aval, Arr) and first.out.aval.shape is not None
        shape, d = first.out.aval.shape, len(paths[0].tapes) - len(paths[0].items)
        joined = Var(Arr(first.out.aval.dtype, (*shape[:d], len(paths), *shape[d:])))
        for j, path in enumerate(paths):
            assert path.array is not None
            self.arrays[path.array] = var, joined, d, j

    # --- the new program ----------------------------------------------------------------------------

    def block(self, block: Block) -> Block:
        stmts: list[Stmt] = []
        begun: set[Var] = set()
        for s in block.stmts:
            if isinstance(s, Apply) and s in self.arrays:
                tape, array, d, j = self.arrays[s]
                if array not in begun:
                    stmts.append(Apply((array,), np.array, (tape,), at=s.at))
                    begun.add(array)
                stmts.append(Apply(s.outs, operator.getitem, (array, Const((slice(None),) * d + (j,))), at=s.at))
            else:
                s = with_blocks(s, self.block)
                stmts.append(self.reading(self.recording(s)) if isinstance(s, Loop) else s)
        return Block(block.params, tuple(stmts), block.results)

    def recording(self, loop: Loop) -> Loop:
        n, m = len(loop.outs), len(loop.lists)
        results = loop.body.results
        kept = [(v, r) for v, r in zip(loop.lists, results[n : n + m], strict=True) if v not in self.tapes]
        new = [found for v in loop.lists if (found := self.tapes.get(v)) is not None]
        results = (*results[:n], *(r for _, r in kept), *(r for _, r in new), *results[n + m :])
        lists = (*(v for v, _ in kept), *(v for v, _ in new))
        return dataclasses.replace(loop, lists=lists, body=dataclasses.replace(loop.body, results=results))

    def reading(self, loop: Loop) -> Loop:
        n = len(loop.outs)
        pairs = [self.items.get(p, (a, p)) for a, p in zip(loop.iters, loop.body.params[n:], strict=True)]
        at = At(sweep=loop.at.sweep)
        rows = [Apply((p,), operator.getitem, (item, Const(j)), at=at) for p in loop.body.params[n:] if p in self.rows
                for item, j in [self.rows[p]]]
        params = (*loop.body.params[:n], *(pair[1] for pair in pairs if pair is not None))
        body = Block(params, (*rows, *loop.body.stmts), loop.body.results)
        return dataclasses.replace(loop, iters=tuple(pair[0] for pair in pairs if pair is not None), body=body)
