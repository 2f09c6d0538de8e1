"""What a reversed loop reads of the body: recorded on a tape, or computed again.

For

    for i in range(n):
        for j in range(n):
            s = s + x[i] * x[j] * (i + j)

the pullback reads `x[i]`, `x[j]` and `i + j`.  All of them are cheap, and made of what the reversed
loops have anyway (`i`, `j` and `x`), so they are computed again and nothing is recorded.  `exp(s)`
would be recorded: it is dear, and `s` is gone.  `dt / 2` is not: what never changes is divided again.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from .. import runtime
from ..avals import shape_of
from ..ir import Apply, Atom, Stmt, Var, defined, refresh_apply
from ..rules.registry import lookup


@dataclass(frozen=True)
class Plan:
    recorded: list[Var]  # to be emitted by the forward loop
    again: list[Apply]  # to be computed again, in order
    items: set[Var]  # items of the loop that are read

    def items_used(self, items: tuple[Var, ...]) -> list[int]:
        return [k for k, item in enumerate(items) if item in self.items]

    def statements(self, env: dict[Var, Atom]) -> tuple[list[Stmt], dict[Var, Atom]]:
        """Copies of the statements to compute again, and where their results now stand."""
        env = dict(env)
        out: list[Stmt] = []
        for stmt in self.again:
            out.append(refresh_apply(stmt, env))
        return out, env


def recomputed(residuals: list[Var], forward: list[Stmt], items: set[Var], local: set[Var]) -> Plan:
    """Decide for each residual of a loop's body; `items` are at hand in the reversed loop too."""
    makers = {v: s for s in forward for v in defined(s) if isinstance(s, Apply)}

    def is_again(maker: Apply | None) -> bool:
        return is_cheap(maker) or (is_quotient(maker) and not any(a in local for a in maker.atoms()))  # type: ignore[union-attr]

    recorded = {r: None for r in residuals if r not in items and not is_again(makers.get(r))}
    again: dict[Apply, None] = {}
    used = {r for r in residuals if r in items}

    def at_hand(a: Atom, trail: dict[Apply, None], seen: set[Var]) -> bool:
        """Can `a` be had in the reversed loop?  Notes in `trail` what must be computed for it."""
        if not isinstance(a, Var) or a not in local or a in recorded:
            return True
        if a in items:
            seen.add(a)
            return True
        maker = makers.get(a)
        if maker is None or not is_again(maker):
            return False
        if maker not in trail and maker not in again:
            if not all([at_hand(b, trail, seen) for b in maker.atoms()]):
                return False
            trail[maker] = None
        return True

    order = {v: k for k, s in enumerate(forward) for v in defined(s)}
    for r in sorted(residuals, key=lambda r: order.get(r, -1)):  # what is computed from a recorded one is seen to be
        if r in recorded or r in items:
            continue
        trail: dict[Apply, None] = {}
        seen: set[Var] = set()
        if at_hand(r, trail, seen):
            again.update(trail)
            used |= seen
        else:
            recorded[r] = None
    return Plan(sorted((r for r in residuals if r in recorded), key=lambda r: order.get(r, -1)), list(again), used)


def is_cheap(stmt: Apply | None) -> bool:
    if stmt is None or stmt.effect or len(stmt.outs) != 1:
        return False
    rule = lookup(stmt.fn)
    return rule is not None and (rule.cheap or stmt.fn in _QUICK)


def is_quotient(stmt: Apply | None) -> bool:
    """A division of numbers: what is the same in every iteration, `dt / 2`, is rather divided again than recorded each time."""
    return stmt is not None and stmt.fn is operator.truediv and not stmt.effect and shape_of(stmt.out.aval) == ()


_QUICK = {
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.is_, operator.is_not,
    operator.not_, operator.and_, operator.or_, bool, len, range, slice, runtime.make_tuple, np.outer,
}
