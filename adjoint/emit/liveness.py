"""Live ranges: which values must not have one name, and which updates may be done in place.

One walk over the program from its end gives, for every definition, what is still to be read then.
Two values interfere when one is defined while the other is live.

What is live is kept for every statement, so a set of values is an integer, one bit a value: a program of
a thousand statements has a thousand such sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..ir import Apply, Atom, Block, Function, If, Loop, Try, Var, With, defined, free, leaves
from .fold import Folds


def without_tapes(loop: Loop) -> Block:
    """The body, its results without those that go to a list: each is appended where it is defined."""
    n, m, results = len(loop.outs), len(loop.lists), loop.body.results
    at_end = [r for r in results[n : n + m] if not isinstance(r, Var) or r not in local(loop)]
    return Block(loop.body.params, loop.body.stmts, (*results[:n], *at_end, *results[n + m :]))


def local(loop: Loop) -> set[Var]:
    return {*loop.body.params, *(v for s in loop.body.stmts for v in defined(s))}


@dataclass(frozen=True)
class Range:
    """Some values, and what is live where they are defined, as sets of `Liveness`."""

    values: int = 0
    beside: int = 0

    def __or__(self, other: Range) -> Range:
        return Range(self.values | other.values, self.beside | other.beside)

    def clashes(self, other: Range) -> bool:
        """Is a value of the one defined while one of the other is live?"""
        return bool(self.beside & other.values or other.beside & self.values)


class Liveness:
    def __init__(self, function: Function, folds: Folds) -> None:
        self.folds = folds
        self._uses = folds.uses
        self._bits: dict[Var, int] = {}  # the set of one value
        self._beside: dict[Var, int] = {}  # what is live where a value is defined
        self._after: dict[Apply, int] = {}  # what is live after a statement
        live = self._block(function.body, 0)
        params = [v for p in function.params for v in leaves(p.tree) if isinstance(v, Var)]
        self._define(params, live)

    def range(self, v: Var) -> Range:
        return Range(self._set((v,)), self._beside.get(v, 0))

    def still(self, stmt: Apply, values: Iterable[Var]) -> frozenset[Var]:
        """Those of the values that are live after a statement, without what it makes."""
        after = self._after.get(stmt, 0)
        return frozenset(v for v in values if self._bits.get(v, 0) & after and v is not stmt.out)

    def uses(self, v: Var) -> int:
        return self._uses[v]

    def _set(self, values: Iterable[Var]) -> int:
        found = 0
        for v in values:
            bit = self._bits.get(v)
            if bit is None:
                bit = self._bits[v] = 1 << len(self._bits)
            found |= bit
        return found

    def _define(self, new: Iterable[Var], live: int) -> None:
        """`new` are defined together while `live` are live."""
        new = tuple(new)
        live |= self._set(new)
        for v in new:
            self._beside[v] = self._beside.get(v, 0) | (live & ~self._bits[v])

    def _reads(self, atoms: Iterable[Atom]) -> int:
        return self._set(v for a in atoms for v in self.folds.expand(a))

    def _block(self, block: Block, after: int) -> int:
        """What is live before the block, given what is live after it (its results not included)."""
        live = after | self._reads(block.results)
        for stmt in reversed(block.stmts):
            if any(v in self.folds.folded for v in defined(stmt)):
                continue
            match stmt:
                case Apply():
                    self._after[stmt] = live
                    live &= ~self._set(stmt.outs)
                    self._define(stmt.outs, live)
                    live |= self._reads(stmt.atoms())
                case If():
                    live = self._if(stmt, live)
                case Loop():
                    live = self._loop(stmt, live)
        return live

    def _if(self, stmt: If, live: int) -> int:
        live &= ~self._set(stmt.outs)
        self._define(stmt.outs, live)
        before = self._reads([stmt.test])
        if isinstance(stmt, Try | With):  # the handler may begin anywhere in the block
            handled = self._block(stmt.orelse, live) & ~self._set(stmt.orelse.params)
            self._define(stmt.orelse.params, handled | live | self._set(stmt.outs))  # Python unbinds that name after the handler
            begun = self._block(stmt.then, live | handled) & ~self._set(stmt.then.params)
            self._define(stmt.then.params, begun)
            return before | handled | begun
        for side in (stmt.then, stmt.orelse):
            before |= self._block(side, live)
        return before

    def _loop(self, stmt: Loop, live: int) -> int:
        params = self._set(stmt.body.params)
        live &= ~self._set(stmt.defined)
        self._define(stmt.defined, live)
        outside = self._reads(self._outside(stmt))
        # Through every iteration: what is read after the loop, what the body reads from outside, and
        # the lists that the loop fills.
        # What is iterated over is looked at all the while, too.
        filled = stmt.defined[len(stmt.outs) :]
        built, init, sources = self._set(filled), self._reads(stmt.init), self._reads(stmt.iters)
        through = live | outside | built | sources
        start = self._block(without_tapes(stmt), through)
        if stmt.test is not None:
            start = self._block(stmt.test, through | start)
            live |= start & ~params
        self._define(stmt.body.params, (start | through) & ~params)
        self._define(filled, (start | through | init) & ~params & ~built)
        return (live | outside | init | sources) & ~params

    def _outside(self, stmt: Loop) -> list[Var]:
        found = list(free(stmt.body))
        if stmt.test is not None:  # it reads the carries too
            found += [v for v in free(stmt.test) if v not in stmt.body.params]
        return found
