"""Live ranges: which values must not have one name, and which updates may be done in place.

One walk over the program from its end gives, for every definition, what is still to be read then.
Two values interfere when one is defined while the other is live.
"""

from __future__ import annotations

from ..ir import Apply, Block, Function, If, Loop, Try, Var, With, defined, free, leaves
from .fold import Folds


def without_tapes(loop: Loop) -> Block:
    """The body, its results without those that go to a list: each is appended where it is defined."""
    n, m, results = len(loop.outs), len(loop.lists), loop.body.results
    at_end = [r for r in results[n : n + m] if not isinstance(r, Var) or r not in local(loop)]
    return Block(loop.body.params, loop.body.stmts, (*results[:n], *at_end, *results[n + m :]))


def local(loop: Loop) -> set[Var]:
    return {*loop.body.params, *(v for s in loop.body.stmts for v in defined(s))}


class Liveness:
    def __init__(self, function: Function, folds: Folds) -> None:
        self.folds = folds
        self.clashes: dict[Var, set[Var]] = {}  # what is live where a value is defined; one direction is enough
        self._uses = folds.uses
        self.after: dict[Apply, frozenset[Var]] = {}  # what is live after an update
        live = self._block(function.body, set())
        params = [v for p in function.params for v in leaves(p.tree) if isinstance(v, Var)]
        self._define(params, live)

    def clash(self, a: Var, b: Var) -> bool:
        return b in self.clashes.get(a, ()) or a in self.clashes.get(b, ())

    def uses(self, v: Var) -> int:
        return self._uses[v]

    def _define(self, new: list[Var] | tuple[Var, ...], live: set[Var]) -> None:
        """`new` are defined together while `live` are live."""
        for v in new:
            mine = self.clashes.setdefault(v, set())
            mine.update(live, new)
            mine.discard(v)

    def _reads(self, atoms: object) -> set[Var]:
        return {v for a in atoms for v in self.folds.expand(a)}  # type: ignore[attr-defined]

    def _block(self, block: Block, after: set[Var]) -> set[Var]:
        """What is live before the block, given what is live after it (its results not included)."""
        live = after | self._reads(block.results)
        for stmt in reversed(block.stmts):
            if any(v in self.folds.folded for v in defined(stmt)):
                continue
            match stmt:
                case Apply():
                    self.after[stmt] = frozenset(live)
                    self._define(stmt.outs, live - set(stmt.outs))
                    live = (live - set(stmt.outs)) | set(self.folds.operands(stmt))
                case If():
                    live = self._if(stmt, live)
                case Loop():
                    live = self._loop(stmt, live)
        return live

    def _if(self, stmt: If, live: set[Var]) -> set[Var]:
        live = live - set(stmt.outs)
        self._define(stmt.outs, live)
        before = self._reads([stmt.test])
        if isinstance(stmt, Try | With):  # the handler may begin anywhere in the block
            handled = self._block(stmt.orelse, live) - set(stmt.orelse.params)
            self._define(stmt.orelse.params, handled | live | set(stmt.outs))  # Python unbinds that name after the handler
            begun = self._block(stmt.then, live | handled)
            self._define(stmt.then.params, begun - set(stmt.then.params))
            return before | handled | (begun - set(stmt.then.params))
        for side in (stmt.then, stmt.orelse):
            before |= self._block(side, live)
        return before

    def _loop(self, stmt: Loop, live: set[Var]) -> set[Var]:
        params = stmt.body.params
        made = stmt.defined
        live = live - set(made)
        self._define(made, live)
        outside = {v for inner in self._outside(stmt) for v in self.folds.expand(inner)}
        # Through every iteration: what is read after the loop, what the body reads from outside, and
        # the lists that the loop fills.
        # What is iterated over is looked at all the while, too.
        built = set(stmt.lists) | ({stmt.count} if stmt.count is not None else set())
        sources = self._reads(stmt.iters)
        through = live | outside | built | sources
        start = self._block(without_tapes(stmt), through)
        if stmt.test is not None:
            start = self._block(stmt.test, through | start)
            live |= start - set(params)
        self._define(params, (start | through) - set(params))
        self._define(tuple(built), (start | through | self._reads(stmt.init)) - set(params) - built)
        return (live | outside | self._reads(stmt.init) | sources) - set(params)

    def _outside(self, stmt: Loop) -> list[Var]:
        found = list(free(stmt.body))
        if stmt.test is not None:  # it reads the carries too
            found += [v for v in free(stmt.test) if v not in stmt.body.params]
        return found
