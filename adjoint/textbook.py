"""The textbook form: every input and every operation is a statement of its own, read or not."""

from __future__ import annotations

import dataclasses

from . import runtime
from .avals import Arr, Num
from .ir import Apply, At, Atom, Block, Function, Place, Var, leaves, map_leaves, substitute
from .passes.dce import dce

INPUT = Place("", 0, 0, "", "")


def with_inputs(function: Function) -> Function:
    """The textbook form starts with the inputs: `w1 = x1`."""
    stmts: list[Apply] = []
    env: dict[Atom, Atom] = {}
    for p in function.params:
        for leaf in leaves(p.tree):
            if isinstance(leaf, Var) and isinstance(leaf.aval, Num | Arr):
                copy = Var(leaf.aval)
                stmts.append(Apply((copy,), runtime.identity, (leaf,), (), At(INPUT)))
                env[leaf] = copy
    body = substitute(function.body, env)
    result = map_leaves(lambda a: env.get(a, a), function.result)
    return dataclasses.replace(function, body=Block(body.params, (*stmts, *body.stmts), body.results), result=result)


def textbook(function: Function) -> Function:
    """Everything of the forward sweep is kept, read or not; the reverse sweep without what is not.

    The cotangent of an input is that of its `w`, which is returned itself.
    """
    inputs: dict[Atom, Atom] = {
        s.out: s.args[0] for s in function.body.stmts
        if isinstance(s, Apply) and s.fn is runtime.identity and s.at.pulls is not None and s.at.pulls.at.place is INPUT
    }
    body = substitute(function.body, inputs)
    function = dataclasses.replace(function, result=map_leaves(lambda a: inputs.get(a, a), function.result))
    kept = [v for s in body.stmts if s.at.sweep == "forward" and s.at.place is not None for v in s.outs]
    more = Block(body.params, body.stmts, (*body.results, *kept))
    slim = dce(dataclasses.replace(function, body=more)).body
    return dataclasses.replace(function, body=Block(slim.params, slim.stmts, body.results))
