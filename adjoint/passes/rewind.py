"""Read from the array again what was recorded of it.

    for t in range(n):                              for t in range(n):
        w = x[t]                                        x[t + 1] = x[t] * x[t]
        w_tape.append(w)                   ->       for t in reversed(range(n)):
        x[t + 1] = w * w                                w = x[t]
    for t, w in zip(..., reversed(w_tape)):             ... w ...
        ... w ...

That may be done where no later write comes over the part (`places`).  Where one does, the write is taken
back in the reverse sweep (`undoing`), if that needs less than what is recorded: what was overwritten is
recorded, once, and put back, and what was computed of it is computed again.

    u[1:-1] = u[1:-1] + c * u[1:-1] * (u[2:] - u[:-2])

records `u[1:-1]` instead of `c * u[1:-1]` and `u[2:] - u[:-2]`.  Only writes that come over something that
is still read are taken back: an LU factorisation in place records no number at all.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection
from dataclasses import dataclass

from .. import runtime
from ..avals import INT, Arr, Aval, Num
from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Var, reads
from .nests import Pair, with_pairs
from .places import Chains, Conditions, Stack, Version, Write
from .remat import is_cheap
from .undoing import Stuck, undone

REPEATED = 1000  # how often a loop is taken to go round, where sizes are weighed
UNKNOWN = 100  # a length that is not known
STEPS = 16  # operations that are done again for one value


def rewind(function: Function) -> Function:
    return with_pairs(function, rewound)


def rewound(root: Pair, before: list[Stmt], _: set[Var]) -> tuple[Loop, Loop] | None:
    """The two loops with fewer tapes; None where all are needed.  `before` stands in front of them."""
    again = Again(root, before)
    over: dict[Var, frozenset[Write]] = {}
    while True:  # what is made of a value that is recorded no more
        more = {
            r: writes for pair in root.all() for r, item in pair.tapes.items()
            if r not in over and not _puts_back(pair.backward, item)
            and (writes := again.over(r, pair, over)) is not None
        }
        if not more:
            break
        over |= more
    plain = {r for r, writes in over.items() if not writes}
    costly = {r: writes for r, writes in over.items() if writes}
    while plain or costly:
        costly = _worthwhile(costly, root)
        if not plain and not costly:
            return None
        try:
            return undone(again, plain | set(costly), frozenset(w for ws in costly.values() for w in ws))
        except Stuck as stuck:
            if stuck.value in costly:
                del costly[stuck.value]
            elif stuck.value in plain:
                plain.remove(stuck.value)
            elif costly:
                costly = {}
            else:
                return None
    return None


@dataclass
class Part:
    """A value that is a part of a version of an array."""

    version: Version
    index: Atom


class Again:
    """How to have a value of a loop again, where it is read in the reversed loop."""

    def __init__(self, root: Pair, before: list[Stmt]) -> None:
        self.root = root
        self.chains = Chains(root.forward, before)
        self.chains.mirror(root)
        self.pairs = {pair.forward: pair for pair in root.all()}
        self._stored = {
            s.args[2]: s for s in self.chains.makers.values()
            if isinstance(s, Apply) and s.fn is runtime.array_set and s.out in self.chains.versions and self._is_stored(s)
        }

    def local(self, a: Atom) -> bool:
        """Is this a value of the loops, and not from outside?"""
        return isinstance(a, Var) and a in self.chains.stacks

    def step(self, v: Var) -> Apply:
        """The statement that gives the value: it reads an array, or is cheap."""
        maker = self.chains.makers.get(v)
        if isinstance(maker, Apply) and maker.fn is operator.getitem and maker.args[0] in self.chains.versions:
            return maker
        if v in self._stored:
            return Apply((v,), operator.getitem, self._stored[v].outs + self._stored[v].args[1:2], (), self._stored[v].at)
        if not isinstance(maker, Apply) or not is_cheap(maker):
            raise Stuck(v)
        return maker

    def part(self, step: Apply) -> Part | None:
        """What a step reads of an array that the loops write to."""
        array = step.args[0] if step.args else None
        if step.fn is not operator.getitem or not isinstance(array, Var) or array not in self.chains.versions:
            return None
        return Part(self.chains.versions[array], step.args[1])

    def over(self, value: Var, pair: Pair, gone: Collection[Var]) -> frozenset[Write] | None:
        """The writes to take back so that a recorded value can be had again, as those of `gone` are; None if it cannot."""
        found: set[Write] = set()
        done: set[Var] = set()
        parts: list[object] = []

        def visit(a: Atom) -> None:
            if not isinstance(a, Var) or not self.local(a) or a in done:
                return
            done.add(a)
            if a in self.chains.items:
                loop, k = self.chains.items[a]
                if loop not in self.pairs or loop.stops or loop.test is not None:
                    raise Stuck(a)
                visit(loop.iters[k])
            elif a in self.chains.versions:
                found.update(self.read_later(a, pair))
                parts.append(a)
            elif a is value or a in gone or not any(a in p.tapes for p in pair.upwards()):
                step = self.step(a)
                part = self.part(step)
                if part is not None:
                    parts.append(part)
                    found.update(self.chains.over(part.version, pair.stack, part.index))
                    visit(part.index)
                else:
                    for b in step.atoms():
                        visit(b)

        try:
            visit(value)
        except Stuck:
            return None
        if not parts or len(done) > STEPS or any(w.conditions or w.stack[-1] not in self.pairs for w in found):
            return None
        return frozenset(found)

    def read_later(self, array: Var, pair: Pair) -> set[Write]:
        """The writes that come over what the reversed loop reads of a whole array that was recorded."""
        item = pair.tapes.get(array)
        if item is None:
            raise Stuck(array)
        return self._reads(self.chains.versions[array], item, pair.stack, (), pair.backward.body)

    def _reads(
        self, version: Version, item: Var, stack: Stack, conditions: Conditions, block: Block
    ) -> set[Write]:
        found: set[Write] = set()
        if item in block.results:
            raise Stuck(item)
        for stmt in block.stmts:
            if item in reads(stmt):
                part = isinstance(stmt, Apply) and stmt.fn is operator.getitem and stmt.args[0] is item
                found |= self.chains.over(version, stack, stmt.args[1] if part else None, conditions)  # type: ignore[union-attr]
            match stmt:
                case If():
                    for side, how in ((stmt.then, True), (stmt.orelse, False)):
                        found |= self._reads(version, item, stack, (*conditions, (stmt.test, how)), side)
                case Loop():
                    found |= self._reads(version, item, (*stack, stmt), conditions, stmt.body)
        return found

    def _is_stored(self, stmt: Apply) -> bool:
        """Is the part that is written just the value, and not a cast or broadcast of it?"""
        array, value = stmt.args[0].aval, stmt.args[2].aval
        axes = self.chains.axes(stmt.args[1])
        if not isinstance(array, Arr) or array.shape is None or not isinstance(value, Arr):
            return False
        number = value.boxed and value.shape == () and len(axes) == len(array.shape) and all(a.aval == INT for a in axes)
        return number and value.dtype == array.dtype


def _puts_back(backward: Loop, item: Var) -> bool:
    """Is a recorded part there to take a write back already?"""
    return any(
        isinstance(s, Apply) and s.fn is runtime.array_set and s.args[2] is item and s.out.bar_of is None
        for s in backward.body.stmts
    )


def _worthwhile(costly: dict[Var, frozenset[Write]], root: Pair) -> dict[Var, frozenset[Write]]:
    """Those whose tapes take more than the parts that are overwritten: none of them could be left out with profit."""
    depths = {r: len(pair.stack) for pair in root.all() for r in pair.tapes}

    def gain(kept: dict[Var, frozenset[Write]]) -> int:
        writes = frozenset(w for ws in kept.values() for w in ws)
        saved = sum(_size(r.aval) * REPEATED ** depths[r] for r in kept)
        return saved - sum(_size(w.part) * REPEATED ** len(w.stack) for w in writes)

    while costly:
        fewer = [{r: ws for r, ws in costly.items() if r is not left} for left in costly]
        best = max(fewer, key=gain)
        if gain(best) <= gain(costly) > 0:
            return costly
        costly = best
    return {}


def _size(aval: Aval) -> int:
    if isinstance(aval, Num) or not isinstance(aval, Arr) or aval.shape is None:
        return 1 if isinstance(aval, Num) else UNKNOWN
    return math.prod(UNKNOWN if n is None else n for n in aval.shape)

