"""A gradient in two programs: one that is run once, and one that may be run with seed after seed.

    def f_forward(x, y):                     def f_reverse(tape, seed):
        ...                                      w1, x = tape
        return z, (w1, x)                        ...
                                                 return x_bar, y_bar
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from . import runtime
from .activity import unbound
from .avals import NONE, Arr, Parts, holds_memory
from .emit.alias import Aliases
from .ir import (
    Apply, At, Atom, Block, Function, Loop, Param, Stmt, Tree, Var, defined_within, free, leaves, map_leaves, substitute,
    with_blocks,
)
from .passes.dce import dce
from .reverse import Place
from .sweeps import joined, pair, sweeps


def turning(function: Function, wrt: list[Place], has_aux: bool) -> Function:
    """Both sweeps with a mark between them, by which `halves` divides the program after it is optimised."""
    made = sweeps(function, wrt, seed="given", has_aux=has_aux)
    mark = Apply((Var(NONE),), runtime.turn, (), (), At(), True)
    return joined(made, pair(made.value(), made.gradients), (mark,))


def halves(program: Function) -> tuple[Function, Function]:
    """The forward half of a program that `turning` made, `(value, tape)`, and the reverse half of `(tape, seed)`.

    The tape is a tuple of what the second reads of the first.  What a caller could change between the two,
    the arrays that came in and those that go out, is on the tape as a copy.
    """
    turn = next(k for k, s in enumerate(program.body.stmts) if isinstance(s, Apply) and s.fn is runtime.turn)
    value, gradients = program.result.parts
    *params, seed = program.params
    seeds = [v for v in leaves(seed.tree) if isinstance(v, Var)]
    name = program.name.removesuffix("_grad")
    early, late = _read_now(program.body.stmts[turn + 1 :], seeds)
    before = (*program.body.stmts[:turn], *early)
    after = Block((), late, tuple(leaves(gradients)))
    kept = [v for v in free(after) if v not in seeds]

    inputs = tuple(v for p in params for v in leaves(p.tree) if isinstance(v, Var))
    first = Function(name + "_forward", tuple(params), Block(inputs, before, (*leaves(value), *kept)), None, program.primal)
    aliases = Aliases(first)
    shown = [a for a in leaves(value) if isinstance(a, Var) and holds_memory(a.aval)]
    copies = {
        v: Var(v.aval, v.hint) for v in kept
        if holds_memory(v.aval) and (aliases.foreign(v) or any(aliases.share(v, a) for a in shown))
    }
    missing = unbound(first.body)  # of what the path taken does not give there is nothing to copy
    copying = [
        Apply((copy,), runtime.owned if _is_array(v) and v not in missing else runtime.kept, (v,)) for v, copy in copies.items()
    ]
    tape = Var(Parts(tuple, tuple(v.aval for v in kept)))
    packing = Apply((tape,), runtime.make_tuple, tuple(copies.get(v, v) for v in kept))
    result = pair(value, tape)
    body = Block(inputs, (*before, *copying, packing), tuple(leaves(result)))
    forward = dce(dataclasses.replace(first, body=body, result=result))

    recorded = _recorded(before)
    again = {v: Var(v.aval, v.hint or _tape_name(recorded, v), v.bar_of, v.dot_of) for v in kept}
    after = substitute(after, again)
    given = Param("tape", Tree(tuple, tuple(range(len(kept))), tuple(again.values())))
    seed = dataclasses.replace(seed, kind="positional")
    body = Block((*again.values(), *seeds), after.stmts, after.results)
    gradients = map_leaves(lambda a: again.get(a, a) if isinstance(a, Var) else a, gradients)
    return forward, dce(Function(name + "_reverse", (given, seed), body, gradients, program.primal))


def _recorded(stmts: Iterable[Stmt]) -> dict[Var, Atom]:
    """What each tape holds."""
    loops = [s for s in stmts if isinstance(s, Loop)]
    return {v: r for s in loops for v, r in zip(s.lists, s.body.results[len(s.outs) :], strict=False)}


def _tape_name(recorded: dict[Var, Atom], v: Var) -> str | None:
    if v not in recorded:
        return None
    item = recorded[v]
    return f"{item.hint}_tape" if isinstance(item, Var) and item.hint is not None else "tape"


def _is_array(v: Var) -> bool:
    return isinstance(v.aval, Arr) and not v.aval.boxed


def _read_now(stmts: tuple[Stmt, ...], seeds: Iterable[Var]) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]]:
    """What the reverse half reads of objects and variables outside is read in the forward half: they may change."""
    early: list[Stmt] = []
    inside = {v for s in stmts for v in defined_within(s)} | set(seeds)

    def block(b: Block) -> Block:
        return Block(b.params, rest(b.stmts), b.results)

    def rest(stmts: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        for stmt in stmts:
            if isinstance(stmt, Apply):
                moves = stmt.fn in (getattr, runtime.load) and not any(a in inside for a in stmt.atoms())
                (early if moves else out).append(stmt)
                if moves:
                    inside.difference_update(stmt.outs)
            else:
                out.append(with_blocks(stmt, block))
        return tuple(out)

    later = rest(stmts)
    return tuple(early), later
