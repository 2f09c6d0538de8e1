"""Which values carry a derivative: `active` looks forward from the wrt values, `reached` back from results.

And `unbound`: which values may not be there, on a path that does not bind them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable

from . import runtime
from .avals import differentiable
from .hooks import Hook
from .ir import UNDEF, Apply, Atom, Block, If, Loop, Stmt, Var, free, free_of
from .rules.registry import lookup


def active(block: Block, wrt: Iterable[Var]) -> set[Var]:
    """The variables in `block` that depend, differentiably, on `wrt`."""
    found = set(wrt)

    def is_active(a: Atom) -> bool:
        return isinstance(a, Var) and a in found

    def mark(pairs: Iterable[tuple[Var, Atom]]) -> bool:
        new = [v for v, a in pairs if v not in found and is_active(a) and differentiable(v.aval)]
        found.update(new)
        return bool(new)

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            match stmt:
                case Apply():
                    rule = lookup(stmt.fn)
                    if (rule is None or rule.constant is None) and any(map(is_active, carriers(stmt))):
                        found.update(v for v in stmt.outs if differentiable(v.aval))
                case If():
                    for side in (stmt.then, stmt.orelse):
                        visit(side)
                        mark(zip(stmt.outs, side.results, strict=True))
                case Loop():
                    n = len(stmt.outs)
                    params, results = stmt.body.params, stmt.body.results
                    mark(zip(params[:n], stmt.init, strict=True))
                    mark(zip(params[n:], stmt.iters, strict=True))
                    while True:
                        visit(stmt.body)
                        if not mark(zip(params[:n], results[:n], strict=True)):
                            break
                    mark(zip(stmt.outs, params[:n], strict=True))
                    mark(zip(stmt.outs, results[:n], strict=True))
                    mark(zip(stmt.lists, results[n:], strict=False))

    visit(block)
    return found


def carriers(stmt: Apply) -> tuple[Atom, ...]:
    """The arguments that a derivative can flow from: of some primitives the first only, the others being an index or a shape."""
    first = stmt.fn in (operator.getitem, runtime.unbroadcast) or isinstance(stmt.fn, Hook)
    return stmt.args[:1] if first else stmt.atoms()


def unbound(block: Block) -> set[Var]:
    """The variables that hold nothing on some path: what a side of an `if` or a first iteration does not bind."""
    found: set[Var] = set()

    def mark(pairs: Iterable[tuple[Var, Atom]]) -> bool:
        new = [v for v, a in pairs if v not in found and (a is UNDEF or a in found)]
        found.update(new)
        return bool(new)

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            match stmt:
                case Apply() if stmt.fn in (runtime.identity, runtime.make_tuple, operator.getitem):
                    mark((stmt.out, a) for a in stmt.args)
                case If():
                    for side in (stmt.then, stmt.orelse):
                        visit(side)
                        mark(zip(stmt.outs, side.results, strict=True))
                case Loop():
                    n = len(stmt.outs)
                    params, results = stmt.body.params, stmt.body.results
                    mark(zip(params[:n], stmt.init, strict=True))
                    mark(zip(params[n:], stmt.iters, strict=True))
                    while True:
                        visit(stmt.body)
                        if not mark(zip(params[:n], results[:n], strict=True)):
                            break
                    mark(zip(stmt.outs, params[:n], strict=True))
                    mark(zip(stmt.lists, results[n:], strict=False))

    visit(block)
    return found


def reached(stmts: Iterable[Stmt], seeds: Iterable[Var], active: set[Var]) -> set[Var]:
    """The active variables that a cotangent at `seeds` flows back to through `stmts`."""
    found = {v for v in seeds if v in active}
    for stmt in reversed(list(stmts)):
        match stmt:
            case Apply():
                if any(v in found for v in stmt.outs):
                    found.update(a for a in carriers(stmt) if isinstance(a, Var) and a in active)
            case If():
                for side in (stmt.then, stmt.orelse):
                    wanted = [r for v, r in zip(stmt.outs, side.results, strict=True) if v in found]
                    found |= reached(side.stmts, [r for r in wanted if isinstance(r, Var)], active)
            case Loop():
                if any(v in found for v in (*stmt.outs, *stmt.lists)):
                    found |= carried_back(stmt, found, active)[1]
    return found


def carried_back(loop: Loop, found: set[Var], active: set[Var]) -> tuple[list[int], set[Var]]:
    """For a loop whose results in `found` have cotangents: the carries that have one in the reverse
    sweep, and everything that one flows to (the variables outside that the loop reads among them)."""
    n = len(loop.outs)
    params, results = loop.body.params, loop.body.results
    carried = {i for i, v in enumerate(loop.outs) if v in found}
    emitted = [r for v, r in zip(loop.lists, results[n:], strict=False) if v in found]
    while True:
        seeds = [results[i] for i in sorted(carried)] + emitted
        inner = reached(loop.body.stmts, [s for s in seeds if isinstance(s, Var)], active)
        more = {i for i in range(n) if params[i] in inner} - carried
        if not more:
            break
        carried |= more
    carried = {i for i in carried if params[i] in active or (isinstance(results[i], Var) and results[i] in active)}
    outside = {v for v in (*free(loop.body), *free_of(loop)) if v in inner}
    for i in carried:
        if isinstance(loop.init[i], Var) and loop.init[i] in active:
            outside.add(loop.init[i])  # type: ignore[arg-type]
    for item, source in zip(params[n:], loop.iters, strict=True):
        if item in inner and isinstance(source, Var) and source in active:
            outside.add(source)
    return sorted(carried), outside | {v for v in inner if v in params}
