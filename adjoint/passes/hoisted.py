"""What an inner loop computes in the same way whenever the loop around it comes by is computed before both, once.

    for i in range(1000):                        scale_tape = []
        for k in range(25):                      for k in range(25):
            scale = exp(logs[k])                     scale_tape.append(exp(logs[k]))
            s = s + scale * x[i]         ->      for i in range(1000):
                                                     for k, scale in zip(range(25), scale_tape):
                                                         s = s + scale * x[i]

Only functions that take their time (`DEAR`), of numbers, that depend on nothing but the counters of inner loops which
run as often each time.  The loops must be known to run, and a function of `math`, which raises outside of its domain,
moves only past what certainly does not raise, so that the first error is the one that it was.  Where the loop had
recorded the value for the reverse sweep, this reads the new tape, and the loop's own, the same at every step, goes.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import FLOAT, INT, Arr, Num, Seq, shape_of
from ..ir import (
    Apply, Atom, Block, Const, Function, Loop, Stmt, Var, blocks, defined_within, has_effect, refresh_apply, substitute,
    with_blocks,
)
from .bounds import PICKING, Bounds
from .certain import is_sequence
from .lengths import Lengths
from .rename import finish
from .rewriting import current

MOST = 2**20  # values that are kept
OF_MATH = {
    math.exp, math.expm1, math.log, math.log1p, math.log2, math.log10, math.sin, math.cos, math.tan, math.sinh, math.cosh,
    math.tanh, math.asin, math.acos, math.atan, math.asinh, math.acosh, math.atanh, math.sqrt, math.erf, math.erfc,
    math.gamma, math.lgamma, math.pow, math.atan2, math.hypot,
}
OF_NUMPY = {
    np.exp, np.exp2, np.expm1, np.log, np.log1p, np.log2, np.log10, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh,
    np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh, np.sqrt, np.arctan2, np.hypot,
}
DEAR = OF_MATH | OF_NUMPY
OF_TWO_ERRORS = {math.pow, math.gamma, math.lgamma}  # ValueError at one place and OverflowError at another
CHEAP = {operator.add, operator.sub, operator.mul, operator.neg, operator.getitem, runtime.make_tuple}  # come along
QUIET = {
    operator.add, operator.sub, operator.mul, operator.neg, operator.lt, operator.le, operator.gt, operator.ge, operator.eq,
    operator.ne, runtime.make_tuple, runtime.identity, range, slice, np.zeros,
}

Path = tuple[Loop, ...]


def hoisted(function: Function) -> Function:
    """The program with such values made first, and without the tapes that hold the same at every step."""
    changed = False
    while (body := _once(function.body)) is not None:
        function, changed = dataclasses.replace(function, body=body), True
    return unvaried(function) if changed else function


def _once(body: Block) -> Block | None:
    """The program with one value moved; None where there is none to move."""
    known = _Known(body)

    def block(b: Block) -> Block | None:
        for n, s in enumerate(b.stmts):
            new = known.moved(s) if isinstance(s, Loop) else None
            new = inside(s) if new is None else new
            if new is not None:
                return Block(b.params, (*b.stmts[:n], *new, *b.stmts[n + 1 :]), b.results)
        return None

    def inside(s: Stmt) -> list[Stmt] | None:
        for b in blocks(s):
            if (new := block(b)) is not None:
                return [with_blocks(s, lambda c, b=b, new=new: new if c is b else c)]  # type: ignore[misc]
        return None

    return block(body)


@dataclasses.dataclass(frozen=True)
class Found:
    """A value that can be moved: the loops around it, what makes it, and the loops whose counters it reads."""

    stmt: Apply
    path: Path
    slice: list[Apply]
    over: list[tuple[Loop, Var, Atom]]  # with the counter, and what is counted


class _Known:
    """What is known of a program."""

    def __init__(self, body: Block) -> None:
        self.bounds = Bounds(body)
        self.lengths = Lengths()
        self.lengths.note(body)

    def runs(self, s: Stmt) -> bool:
        """Is it a loop whose body certainly runs, as often as its iterables are long?"""
        return isinstance(s, Loop) and _is_plain(s) and (self.lengths.steps(s) or 0) > 0

    def is_quiet(self, s: Stmt, but: Any = None) -> bool:
        """Does it certainly raise nothing, other than what the function `but` may raise?"""
        if isinstance(s, Loop):
            return _is_plain(s) and all(self.is_quiet(t, but) for t in s.body.stmts)
        if not isinstance(s, Apply) or s.effect or s.kwargs:
            return False
        if s.fn in PICKING:
            scalar = s.fn is operator.getitem or shape_of(s.args[2].aval) == ()
            return scalar and isinstance(s.args[0].aval, Arr) and self.bounds.is_within(s.args[0].aval, s.args[1])
        if s.fn in (runtime.make_tuple, range, slice):
            return all(a.aval == INT or isinstance(a, Const) for a in s.args)
        shapes = {shape_of(a.aval) for a in s.args if isinstance(a.aval, Num | Arr)} - {()}
        numbers = all(isinstance(a.aval, Num | Arr) for a in s.args) and len(shapes) <= 1 and None not in shapes
        return numbers and (s.fn in QUIET or s.fn in OF_NUMPY or (s.fn is but and but not in OF_TWO_ERRORS))

    # --- what to move -----------------------------------------------------------------------------

    def moved(self, loop: Loop) -> list[Stmt] | None:
        """The loop with one value made before it."""
        if not self.runs(loop) or (self.lengths.steps(loop) or 0) < 2 or has_effect(loop.body):
            return None
        local = {*loop.body.params, *(v for s in loop.body.stmts for v in defined_within(s))}
        for n, s in enumerate(loop.body.stmts):
            for stmt, path in self._dear(s, ()):
                found = self._found(stmt, path, loop, local)
                if found is None or math.prod(self.lengths.steps(u) or 0 for u, _, _ in found.over) > MOST:
                    continue
                if stmt.fn in OF_NUMPY or all(self.is_quiet(t, stmt.fn) for t in loop.body.stmts[: n + 1]):
                    return self._without(loop, found)
        return None

    def _dear(self, s: Stmt, path: Path) -> Iterator[tuple[Apply, Path]]:
        """The calls of dear functions with numbers, with the loops that certainly run around them."""
        if isinstance(s, Apply):
            numbers = all(a.aval == FLOAT or _is_number(a) for a in s.args)
            if s.fn in DEAR and numbers and _is_number(s.out) and not s.kwargs and not s.effect:
                yield s, path
        elif isinstance(s, Loop) and self.runs(s):
            for t in s.body.stmts:
                yield from self._dear(t, (*path, s))

    def _found(self, stmt: Apply, path: Path, loop: Loop, local: set[Var]) -> Found | None:
        """The value, if it depends on nothing that the loop changes but on the counters of the loops inside it."""
        makers = {v: s for u in (loop, *path) for s in u.body.stmts if isinstance(s, Apply) for v in s.outs}
        counters = {
            p: (u, p, a) for u in path for a, p in zip(u.iters, u.body.params[len(u.outs) :], strict=True)
            if a not in local and self.lengths.range_of(a) is not None
        }
        taken: dict[Apply, None] = {}
        over: dict[Loop, tuple[Loop, Var, Atom]] = {}

        def depends(s: Apply) -> bool:
            for a in s.atoms():
                if not isinstance(a, Var) or a not in local:
                    continue
                if a in counters:
                    over[counters[a][0]] = counters[a]
                elif (maker := makers.get(a)) is None or maker.fn not in CHEAP or not self.is_quiet(maker) or not depends(maker):
                    return False
            taken[s] = None
            return True

        if not depends(stmt):
            return None
        return Found(stmt, path, list(taken), [over[u] for u in path if u in over])

    # --- moving it --------------------------------------------------------------------------------

    def _without(self, loop: Loop, found: Found) -> list[Stmt]:
        """The value made in a nest of its own, and the loop that takes it from there."""
        env: dict[Var, Atom] = {p: p.again() for _, p, _ in found.over}
        stmts: list[Stmt] = [refresh_apply(s, env) for s in found.slice]
        value = env[found.stmt.out]
        for _, p, counted in reversed(found.over):
            tape = Var(Seq(value.aval))
            body = Block((env[p],), tuple(stmts), (value,))  # type: ignore[arg-type]
            stmts = [Loop((), (tape,), None, (), (counted,), None, body, at=found.stmt.at)]
            value = tape
        if not found.over:
            return [*stmts, with_blocks(loop, lambda b: self._taken(b, found, found.stmt.out, value))]
        return [*stmts, with_blocks(loop, lambda b: self._taken(b, found, None, value))]

    def _taken(self, block: Block, found: Found, replaced: Var | None, source: Atom) -> Block:
        """The block in which the loops that count go through the tapes too."""
        sources = {found.over[0][0]: source} if found.over else {}

        def inner(b: Block, items: dict[Loop, Atom]) -> Block:
            stmts = [one(s, items) for s in b.stmts if s is not found.stmt]
            return Block(b.params, tuple(stmts), b.results)

        def one(s: Stmt, items: dict[Loop, Atom]) -> Stmt:
            if not isinstance(s, Loop) or s not in found.path:
                return s
            if s not in items:
                return with_blocks(s, lambda b: inner(b, items))
            tape = items[s]
            after = [u for u, _, _ in found.over][[u for u, _, _ in found.over].index(s) + 1 :]
            item = Var(tape.aval.item) if after else found.stmt.out  # type: ignore[union-attr]
            body = inner(s.body, {after[0]: item} if after else {})
            body = Block((*body.params, item), body.stmts, body.results)
            return dataclasses.replace(s, iters=(*s.iters, tape), body=body)

        new = inner(block, sources)
        return new if replaced is None else substitute(new, {replaced: source})


def _is_plain(loop: Loop) -> bool:
    """Does it go through all of what it iterates over, which it may do once more?"""
    once = loop.test is not None or loop.stops or loop.count is not None or loop.snapshots is not None
    return not once and all(map(is_sequence, loop.iters))


def _is_number(a: Atom) -> bool:
    """A float, Python's or NumPy's."""
    return a.aval == FLOAT or (isinstance(a.aval, Arr) and a.aval.boxed and a.aval.shape == () and a.aval.dtype == np.float64)


# --- tapes of what does not change ----------------------------------------------------------------


def unvaried(function: Function) -> Function:
    """The program without tapes of what does not change.

        for i in range(n):                           for i in range(n):
            for k, a in zip(range(m), as):     ->        for k, a in zip(range(m), as):
                inner.append(a)                              ...
            outer.append(inner)
        for i, inner in zip(range(n), outer):        for i in range(n):
            for k, a in zip(range(m), inner):            for k, a in zip(range(m), as):
    """
    lengths = Lengths()
    lengths.note(function.body)
    env: dict[Var, Atom] = {}
    always: dict[Atom, tuple[Atom, Atom, Var]] = {}  # a list -> what it holds again and again; what was gone through for it

    def get(a: Atom) -> Atom:
        while isinstance(a, Var) and a in env:
            a = env[a]
        return a

    def block(b: Block) -> Block:
        return Block(b.params, tuple(map(one, b.stmts)), tuple(map(get, b.results)))

    def one(s: Stmt) -> Stmt:
        s = current(s, get)
        if isinstance(s, Loop):
            s = without(s)
        s = with_blocks(s, block)
        if not isinstance(s, Loop):
            return s
        local = {*s.body.params, *(v for t in s.body.stmts for v in defined_within(t))}
        steps, n = lengths.steps(s), len(s.outs)
        items: dict[Atom, Atom] = dict(zip(s.body.params[n:], s.iters, strict=True))
        for tape, r in zip(s.lists, s.body.results[n:], strict=False):
            if r in items and tape not in function.body.results and lengths.of.get(items[r], ())[:1] == (steps,):
                env[tape] = items[r]
            elif r not in local and s.iters and steps is not None:
                always[tape] = r, s.iters[0], s.body.params[n]
        return s

    def without(s: Loop) -> Loop:
        """The loop counts as the other did, instead of going through the same again and again."""
        n = len(s.outs)
        iters, items = list(s.iters), list(s.body.params[n:])
        for k, (source, item) in enumerate(zip(s.iters, s.body.params[n:], strict=True)):
            if source in always:
                env[item], iters[k], other = always[source]
                items[k] = other.again()
        return dataclasses.replace(s, iters=tuple(iters), body=dataclasses.replace(s.body, params=(*s.body.params[:n], *items)))

    return finish(function, block(function.body), env)
