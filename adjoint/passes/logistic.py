"""The logistic function is differentiated as one: its slope is made of its value.

    w1 = exp(u)                                      s = logistic(u)
    w2 = add(1.0, w1)              gathered ->
    s = div(1.0, w2)               <- spelled

The slope of `1 / (1 + exp(u))` is `-s * (1 - s)`.  Taken apart it would be `-s * s * exp(u)`: one more value to
record for each step of a loop, and 0 * inf where the exponential overflows.  Before the program is differentiated
the three statements become one (`gathered`), and afterwards again what the user wrote (`spelled`); only those whose
values have no names and are read once.

1 - s is off by a rounding of 1, as it is in `log(1 - s)`; where s rounds to 1 the slope is 0.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from ..ir import Apply, Atom, Block, Const, Function, Stmt, Var, with_blocks, with_body, with_stmts
from ..rules.registry import Logistic
from .nests import uses

_EXP = (np.exp, math.exp)
_ADD, _DIV = (operator.add, np.add), (operator.truediv, np.divide)


def gathered(function: Function) -> Function:
    reads = uses(function.body)

    def block(b: Block) -> Block:
        here: dict[Var, Apply] = {}
        stmts: list[Stmt] = []
        for s in b.stmts:
            if not isinstance(s, Apply):
                stmts.append(with_blocks(s, block))
                here.clear()
                continue
            if (found := whole(s, here)) is not None:
                s, parts = found
                stmts = [t for t in stmts if t not in parts]
            if s.effect:  # the exponential may raise, and not after what is done here
                here.clear()
            here.update(dict.fromkeys(s.outs, s))
            stmts.append(s)
        return with_stmts(b, stmts)

    def whole(s: Apply, here: dict[Var, Apply]) -> tuple[Apply, tuple[Apply, Apply]] | None:
        """The quotient as one call, and the sum and the exponential that are no longer needed."""
        if s.fn not in _DIV or s.kwargs or not _is_one(s.args[0]):
            return None
        total = made(s.args[1], here, _ADD)
        for k, one in enumerate(total.args if total is not None else ()):
            power = made(total.args[1 - k], here, _EXP)  # type: ignore[union-attr]
            if power is not None and total is not None and _is_one(one):
                fn = Logistic(power.fn, total.fn, s.fn, one.value, s.args[0].value, k == 0)  # type: ignore[union-attr]
                return Apply(s.outs, fn, power.args, at=s.at), (total, power)
        return None

    def made(a: Atom, here: dict[Var, Apply], fns: tuple[object, ...]) -> Apply | None:
        s = here.get(a) if isinstance(a, Var) and a.hint is None and reads[a] == 1 else None
        return s if s is not None and s.fn in fns and not s.kwargs else None

    return with_body(function, block(function.body))


def spelled(function: Function) -> Function:
    def block(b: Block) -> Block:
        return with_stmts(b, [t for s in b.stmts for t in statement(s)])

    def statement(s: Stmt) -> list[Stmt]:
        if not isinstance(s, Apply):
            return [with_blocks(s, block)]
        if not isinstance(s.fn, Logistic):
            return [s]
        power, total = Var(s.out.aval), Var(s.out.aval)
        terms = (Const(s.fn.term), power) if s.fn.term_first else (power, Const(s.fn.term))
        return [
            Apply((power,), s.fn.exp, s.args, at=s.at),
            Apply((total,), s.fn.add, terms, at=s.at),
            Apply(s.outs, s.fn.divide, (Const(s.fn.numerator), total), at=s.at),
        ]

    return with_body(function, block(function.body))


def _is_one(a: Atom) -> bool:
    return isinstance(a, Const) and type(a.value) in (int, float) and a.value == 1
