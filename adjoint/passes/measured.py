"""What is known of arrays made from lists, where a loop that runs a known number of times makes the list.

    ts = loop for k in range(30):                            ts = loop for k in range(30):
        ...                                                      ...
        yield t                                   ->             yield t
    w1: float64 (None,) = array(ts)                          w1: float64 (30,) = array(ts)
    w2: float64 (None,) = sub(w1, data)                      w2: float64 (30,) = sub(w1, data)

A list has no length when it is lowered, only items: the loop is read before it is known what it appends to.
With the shapes known, nothing has to be summed over axes that a cotangent may have and its value not.
"""

from __future__ import annotations

import numpy as np

from ..avals import Arr, Aval, Num, Seq, dtype_of, is_known, join, shape_of
from ..infer import infer
from ..ir import Apply, Atom, Block, Function, Stmt, Var, with_blocks, with_stmts
from ..rules.registry import lookup
from .lengths import Lengths
from .rename import finish, resolve
from .rewriting import current

STACKING = (np.array, np.asarray, np.stack)  # makes an array of a list, which becomes its first axis


def measured(function: Function) -> Function:
    lengths = Lengths()
    lengths.note(function.body)
    walk = _Walk(lengths)
    body = walk.block(function.body)
    return finish(function, body, walk.env) if walk.env else function


class _Walk:
    def __init__(self, lengths: Lengths) -> None:
        self.lengths = lengths
        self.env: dict[Var, Atom] = {}  # the values of which more is known now

    def get(self, a: Atom) -> Atom:
        return resolve(self.env, a)

    def block(self, b: Block) -> Block:
        stmts = [self.statement(s) for s in b.stmts]
        return Block(b.params, tuple(stmts), tuple(map(self.get, b.results))) if self.env else with_stmts(b, stmts)

    def statement(self, s: Stmt) -> Stmt:
        new = current(s, self.get) if self.env else s
        if not isinstance(new, Apply):
            return with_blocks(new, self.block)
        if len(new.outs) != 1 or new.effect:
            return new
        aval, before = self.of_list(new) if new is s else self.of_arguments(new), new.out.aval
        if not isinstance(aval, Num | Arr) or aval == before or join(aval, before) != before:
            return new
        out = Var(aval, new.out.hint)
        self.env[new.out] = out
        return Apply((out,), new.fn, new.args, new.kwargs, new.at)

    def of_list(self, s: Apply) -> Aval | None:
        """The array that a list of known length becomes."""
        if s.fn not in STACKING or len(s.args) != 1 or s.kwargs or not isinstance(s.args[0].aval, Seq):
            return None
        item, lengths = s.args[0].aval.item, self.lengths.of.get(s.args[0], ())
        dtype, shape = dtype_of(item), shape_of(item)
        if not lengths or not lengths[0] or dtype is None or not isinstance(item, Num | Arr) or not is_known(shape):
            return None
        return Arr(dtype, (lengths[0], *shape))  # type: ignore[misc]

    def of_arguments(self, s: Apply) -> Aval | None:
        rule = lookup(s.fn)
        return infer(s.fn, s.args, s.kwargs, rule is not None and rule.pure)
