"""When the memory of an array came to be: nothing that was defined before can hold it.

    for _ in range(steps):
        tape.append(old)
        new = np.array(new)          # made in this iteration
        for i in range(n):
            new[i] = f(old[i])       # in place: neither `old` nor the tape can be this array
        new, old = old, new

`Aliases` has `new`, `old` and the tape in one set, since the one becomes the other in the next
iteration.  Within an iteration only what was defined since the array was made can be it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from .. import runtime
from ..avals import Arr
from ..ir import Apply, Atom, Block, Function, If, Loop, Var, defined
from .alias import ARRAY_UPDATES, Aliases, origin

_SAME_MEMORY = (*ARRAY_UPDATES, runtime.identity)


class Births:
    def __init__(self, function: Function, aliases: Aliases, in_place: Callable[[Apply, Atom], bool]) -> None:
        """`in_place(stmt, array)`: does this `owned` take the memory of its array, instead of a copy?"""
        self._aliases, self._in_place = aliases, in_place
        self._count = itertools.count()
        self._order: dict[Var, int] = {}
        self._maker: dict[Var, Apply | Loop] = {}
        self._carried: dict[Var, Loop] = {}  # the parameters of loops
        self._recorded: dict[Var, Atom] = {}  # what a tape holds of each iteration
        self._block(function.body)

    def apart(self, stmt: Apply, a: Var, others: frozenset[Var]) -> frozenset[Var]:
        """Those of the others that may hold the memory of `a` at a statement, as far as the order of things tells."""
        born = self._born(a)
        return others if born is None else frozenset(w for w in others if self._since(w, born, self._order[stmt.out]))

    def _since(self, w: Var, born: int, now: int) -> bool:
        if w in self._recorded and self._order[w] < born:  # an older list, of the iterations before and what this one recorded
            recorded = self._recorded[w]
            return isinstance(recorded, Var) and born <= self._order.get(recorded, -1) < now
        return self._order.get(w, -1) >= born

    def _born(self, a: Atom) -> int | None:
        """When this memory was allocated, in the iteration that updates it; None if that is not known."""
        while isinstance(a, Var):
            if a in self._carried:
                loop = self._carried[a]
                k = loop.body.params.index(a)
                if k >= len(loop.outs) or origin(loop.body, loop.body.results[k]) is not a:
                    return None
                a = loop.init[k]
                continue
            match self._maker.get(a):
                case Apply() as made if made.fn in _SAME_MEMORY or (
                    made.fn is runtime.owned and self._in_place(made, made.args[0])
                ):
                    a = made.args[0]
                case Apply() as made:
                    return self._order[a] if made.fn is runtime.owned or self._aliases.allocates(made) else None
                case Loop() as loop if a in loop.outs:
                    k = loop.outs.index(a)
                    if origin(loop.body, loop.body.results[k]) is not loop.body.params[k]:
                        return None
                    a = loop.init[k]
                case _:
                    return None
        return None

    def _block(self, block: Block) -> None:
        for v in block.params:
            self._order[v] = next(self._count)
        for stmt in block.stmts:
            match stmt:
                case If():
                    self._block(stmt.then)
                    self._block(stmt.orelse)
                case Loop():
                    for tape in stmt.lists:
                        self._order[tape] = next(self._count)
                    results = stmt.body.results[len(stmt.outs) :]
                    self._recorded.update(zip(stmt.lists, results, strict=False))
                    self._carried.update((p, stmt) for p in stmt.body.params)
                    if stmt.test is not None:
                        self._block(stmt.test)
                    self._block(stmt.body)
            for v in defined(stmt):
                if not isinstance(stmt, Loop) or v not in stmt.lists:
                    self._order[v] = next(self._count)
                if isinstance(stmt, Apply | Loop) and isinstance(v.aval, Arr) and not v.aval.boxed:
                    self._maker[v] = stmt
