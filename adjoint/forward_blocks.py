"""Branches and loops in forward mode: tangents are further results, carries, items and lists.

    w3 = if t: yield a else: yield b        w3, w3_dot = if t: yield a, a_dot else: yield b, b_dot
    y = loop s = x for i in r: ...          y, y_dot = loop s, s_dot = x, x_dot for i in r: ...
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .avals import BOOL, Arr, Num, Parts, Seq, differentiable, dtype_of, join
from .cotangents import widen
from .errors import Unsupported
from .ir import (
    UNDEF, Apply, At, Atom, Block, Callee, Const, If, Loop, Stmt, Try, Var, blocks, defined, free, substitute,
)
from .reverse import spot_of

if TYPE_CHECKING:
    from .forward import _Forward


def beside(stmt: Stmt) -> At:
    """Why a tangent is there: it goes with its value."""
    return stmt.at if stmt.at.sweep == "reverse" else At(sweep="tangent")


def push_if(work: _Forward, stmt: If) -> None:
    """A branch, `try` or `with`: the tangents of its results are further results.

    What a `try` catches must be what the primal raised.  Where the tangents of its block may raise too (they
    divide, say), they are computed after it, on the path that was taken.
    """
    sides = []
    for side in (stmt.then, stmt.orelse):
        with work.b.block() as lines:
            work.push_all(side.stmts)
        sides.append((side, lines))
    apart = isinstance(stmt, Try) and any(_may_raise(s) for s in sides[0][1] if s not in stmt.then.stmts)
    if apart and not all(isinstance(s, Apply) and not isinstance(s.fn, Callee) for s in stmt.then.stmts):
        raise Unsupported(
            "The derivative of what this `try` block does may raise an error where the block does not.",
            "Keep loops, branches and calls out of the block: try only what may fail.", spot_of(stmt),
        )
    work.b.at = beside(stmt)
    pairs = list(zip(stmt.outs, stmt.then.results, stmt.orelse.results, strict=True))
    work.undefined.update(v for v, *results in pairs if any(r is UNDEF or r in work.undefined for r in results))
    moved = [
        i for i, (v, *results) in enumerate(pairs)
        if differentiable(v.aval) and (
            any(work.dot(r) is not None for r in results) or (v in work.undefined and not _is_number(v))
        )
    ]  # where a value may be missing nobody can ask later what shape its zero has
    both: list[Block] = []
    ends: list[list[Atom]] = []
    for side, lines in sides:
        work.b.lo.stmts, outer = lines, work.b.lo.stmts
        ends.append([work.dot_or_zero(side.results[i]) for i in moved])
        work.b.lo.stmts = outer
        both.append(Block(side.params, tuple(lines), (*side.results, *ends[-1])))
    outs = []
    for i, a, b in zip(moved, *ends, strict=True):
        out = Var(_either(a, b), dot_of=stmt.outs[i])
        outs.append(out)
        work.dots[stmt.outs[i]] = out
    if apart:
        work.b.stmts.extend(_tangents_after(stmt, outs, both, work.b.at))
    else:
        work.b.stmts.append(dataclasses.replace(stmt, outs=(*stmt.outs, *outs), then=both[0], orelse=both[1]))


def _tangents_after(stmt: If, outs: list[Var], both: list[Block], at: At) -> list[Stmt]:
    """`try: primal; done` and, after it, `if done: tangents of the block, else: those of the handler`."""
    n = len(stmt.outs)
    then, handler = both
    tangents = tuple(s for s in then.stmts if s not in stmt.then.stmts)
    made = {v for s in stmt.then.stmts for v in defined(s)}
    now: dict[Var, Atom] = {r: v for v, r in zip(stmt.outs, stmt.then.results, strict=True) if isinstance(r, Var)}
    read = [v for v in free(Block((), tangents, then.results[n:])) if v in made and v not in now]
    kept, caught, done = [v.again() for v in read], [v.again() for v in outs], Var(BOOL)
    primal = Block((), stmt.then.stmts, (*stmt.then.results, *read, *[UNDEF] * len(outs), Const(True)))
    failed = Block(
        handler.params, handler.stmts, (*handler.results[:n], *[UNDEF] * len(read), *handler.results[n:], Const(False))
    )
    after = substitute(Block((), tangents, then.results[n:]), {**now, **dict(zip(read, kept, strict=True))})
    return [
        dataclasses.replace(stmt, outs=(*stmt.outs, *kept, *caught, done), then=primal, orelse=failed),
        If(tuple(outs), done, after, Block((), (), tuple(caught)), at),
    ]


def _may_raise(stmt: Stmt) -> bool:
    """May it raise an error: arithmetic of Python numbers that divides, or a function with a domain?"""
    if not isinstance(stmt, Apply):
        return any(_may_raise(s) for block in blocks(stmt) for s in block.stmts)
    if stmt.fn in (operator.truediv, operator.floordiv, operator.mod, operator.pow, pow):
        return not any(isinstance(a.aval, Arr) for a in stmt.args)
    return getattr(stmt.fn, "__module__", None) == "math"


def push_loop(work: _Forward, stmt: Loop) -> None:
    """A loop: the tangents of carries are carried, those of items iterated over, those of what is emitted emitted."""
    n, m, body = len(stmt.outs), len(stmt.lists), stmt.body
    carried = [i for i in range(n) if body.params[i] in work.active]
    iterated = [k for k, p in enumerate(body.params[n:]) if p in work.active]
    work.undefined.update(p for p, a in zip(body.params, stmt.init, strict=False) if a is UNDEF or a in work.undefined)
    work.undefined.update(v for v, p in zip(stmt.outs, body.params, strict=False) if p in work.undefined)
    init = [work.dot_or_zero(stmt.init[i]) for i in carried]
    iters = [work.dot_or_zero(stmt.iters[k]) for k in iterated]
    dots = [Var(_carry(a, body.params[i]), dot_of=body.params[i]) for a, i in zip(init, carried, strict=True)]
    items = [Var(kind(body.params[n + k].aval), dot_of=body.params[n + k]) for k in iterated]
    work.dots.update(zip((body.params[i] for i in carried), dots, strict=True))
    work.dots.update(zip((body.params[n + k] for k in iterated), items, strict=True))
    with work.b.block() as lines:
        work.push_all(body.stmts)
        work.b.at = beside(stmt)
        ends = [work.dot_or_zero(body.results[i]) for i in carried]
        emitted = [k for k in range(m) if work.dot(body.results[n + k]) is not None]
        more = [work.dots[body.results[n + k]] for k in emitted]  # type: ignore[index]
    widen(lines, list(zip(dots, ends, strict=True)))
    outs = [Var(d.aval, dot_of=stmt.outs[i]) for d, i in zip(dots, carried, strict=True)]
    lists = [Var(Seq(a.aval), dot_of=stmt.lists[k]) for a, k in zip(more, emitted, strict=True)]
    work.dots.update(zip((stmt.outs[i] for i in carried), outs, strict=True))
    work.dots.update(zip((stmt.lists[k] for k in emitted), lists, strict=True))
    test = stmt.test and Block(
        (*stmt.test.params, *(Var(d.aval) for d in dots)), stmt.test.stmts, stmt.test.results
    )
    results = (*body.results[:n], *ends, *body.results[n : n + m], *more, *body.results[n + m :])
    work.b.stmts.append(dataclasses.replace(
        stmt, outs=(*stmt.outs, *outs), lists=(*stmt.lists, *lists), init=(*stmt.init, *init),
        iters=(*stmt.iters, *iters), test=test,
        body=Block((*body.params[:n], *dots, *body.params[n:], *items), tuple(lines), results),
    ))


def _is_number(v: Var) -> bool:
    return isinstance(v.aval, Num)


def _either(a: Atom, b: Atom) -> Any:
    """What is known of the result of a branch; of one that has none on one side, what the other says."""
    if UNDEF in (a, b):
        return (b if a is UNDEF else a).aval
    return a.aval if a.aval == b.aval else join(a.aval, b.aval)


def _carry(init: Atom, of: Var) -> Any:
    """What is known of the tangent of a carry, before the body is looked at."""
    if isinstance(of.aval, Num) and init is not UNDEF:
        return init.aval if isinstance(init.aval, Num) else Arr(dtype_of(of.aval), (), True)
    return kind(of.aval)


def kind(aval: Any) -> Any:
    """What is known of the tangent of such a value: in a container, a zero stands for what has none."""
    match aval:
        case Seq(item):
            return Seq(kind(item))
        case Parts(cls, items):
            return Parts(cls, tuple(map(kind, items)))
        case Arr(shape=shape) if not differentiable(aval):
            return Arr(np.dtype(float), shape) if not (aval.boxed and shape == ()) else Num("float")
    return aval if differentiable(aval) else Num("float")
