"""The tangent of a primitive whose rule has a VJP only: the VJP, transposed.

A pullback is linear in its cotangent, ḡ ↦ Jᵀ ḡ.  Pulled back itself, from the tangents of the arguments to the
cotangent, it gives J ẋ, the tangent of the result (Christianson 1992; "double backward").  It is done to the statements
of the rule, when the program is built:

    x_bar = g * (v @ h)          ->          g_bar = x_dot * (v @ h)

What remains does not depend on ḡ, as the rule is linear in it, but perhaps on its shape, which is that of the result.
A rule that is not linear (it clips, say) is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from . import runtime
from .avals import Parts, differentiable
from .cotangents import replaced
from .errors import MissingRule
from .ir import Apply, Atom, Block, Const, Stmt, Var, defined, defined_within, free_of, substitute
from .passes.dce import needed
from .reverse import Key, _Reverse, missing
from .rules.registry import Rule

if TYPE_CHECKING:
    from .forward import _Forward

_SHAPE_ONLY = {
    runtime.zeros_like, np.zeros_like, np.ones_like, np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, len,
    operator.is_, operator.is_not,
}  # fmt: skip


def check_unread(stmt: Apply, rule: Rule, unread: list[Atom]) -> None:
    """Refuse a call in which the JVP reads no tangent of these arguments, and the VJP has no cotangent for them: that the
    derivative is zero is said by a VJP that has one, or, of a rule of ours, None in its place."""
    moved = [a for a in dict.fromkeys(unread) if isinstance(a, Var) and differentiable(a.aval)]
    if not moved or rule.vjp is None:
        return
    one = Apply(stmt.outs, stmt.fn, stmt.args, stmt.kwargs, stmt.at)
    pull = _Reverse(Block((), (one,), ()), moved)
    for key, seed in seeds_of(stmt.out):
        pull.bars[key] = seed
    pull.pull_all((one,))


def seeds_of(out: Var) -> list[tuple[Key, Var]]:
    """Cotangents of a result, of a tuple one for each item that has one, and where they stand."""
    if isinstance(out.aval, Parts) and out.aval.cls is not list:
        return [((out, k), Var(item)) for k, item in enumerate(out.aval.items) if differentiable(item)]
    return [(out, Var(out.aval))]


def push_by_vjp(work: _Forward, stmt: Apply) -> Atom | None:
    """The tangent of what a primitive makes, by the VJP of its rule."""
    out = stmt.out
    moved = list(dict.fromkeys(a for a in stmt.atoms() if isinstance(a, Var) and work.dot(a) is not None))
    pull = _Reverse(Block((), (stmt,), ()), moved)
    seeds: dict[Var, Atom] = {}  # the cotangents of the result, and what has their shapes
    places = seeds_of(out)
    whole = any(key is out for key, _ in places)
    items: list[Var | None] = [None] * (len(out.aval.items) if isinstance(out.aval, Parts) and not whole else 1)
    for key, seed in places:
        k = key[1] if isinstance(key, tuple) else 0
        seeds[seed] = out if isinstance(key, Var) else work.b.apply(operator.getitem, out, Const(k), aval=seed.aval)
        pull.bars[key], items[k] = seed, seed
    try:
        pull.pull_all((stmt,))
        pull.settle(moved)
        bars = [(a, pull.bars[a]) for a in moved if a in pull.bars]
        body = Block(tuple(seeds), tuple(pull.b.stmts), tuple(bar for _, bar in bars))
        push = _Reverse(body, seeds)
        for a, bar in bars:
            if push.is_active(bar):
                push.add(bar, work.dots[a])  # type: ignore[arg-type]
        stmts = push.pull_all(body.stmts) + push.b.stmts
        push.b.stmts.clear()
        push.settle(seeds)
        dots = [None if v is None else push.bars.get(v) for v in items]
    except MissingRule as error:
        raise missing(stmt, rule="jvp_rule") from error
    stmts = needed([*stmts, *push.b.stmts], [d for d in dots if d is not None])
    if not _apart(stmts, dots, seeds):
        raise missing(stmt, rule="jvp_rule")
    made = substitute(Block((), tuple(stmts), tuple(d for d in dots if d is not None)), seeds)
    for s in made.stmts:
        for v in defined_within(s):
            v.bar_of = None
        work.b.stmts.append(replaced(s, work.b.at))
    found = iter(made.results)
    tangents = [None if d is None else next(found) for d in dots]
    if whole:
        return tangents[0]
    if all(d is None for d in tangents):
        return None
    given = [work.item(out, k) if d is None else d for k, d in enumerate(tangents)]
    return work.b.apply(runtime.make_tuple, *given, aval=Parts(tuple, tuple(a.aval for a in given)))


def _apart(stmts: list[Stmt], results: list[Atom | None], seeds: Iterable[Var]) -> bool:
    """Are the results the same whatever the numbers in `seeds` are?"""
    read = set(seeds)  # what depends on these numbers
    for stmt in stmts:
        if isinstance(stmt, Apply) and stmt.fn in _SHAPE_ONLY:
            continue
        of = stmt.args[:1] if isinstance(stmt, Apply) and stmt.fn is runtime.unbroadcast else free_of(stmt)
        if any(a in read for a in of):
            read.update(defined(stmt))
    return not any(d in read for d in results)
