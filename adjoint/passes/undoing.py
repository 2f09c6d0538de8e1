"""The two sweeps of a nest of loops, written anew: what is recorded no more is made again.

The reversed loop has the array as it stood at the end of the forward loop, and takes writes back as it
goes:

    for old in reversed(old_tape):
        u[1:-1] = old                       # as it was before this iteration's write
        w = c * u[1:-1]                     # made again
        ... w ...

As values these are `u0 = array_set(u1, slice(1, -1), old)` and `w = mul(c, getitem(u0, ...))`.  `placed` puts
each before its first use, and what reads `u1` before `u0` is made, so that the emitter may write in place.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING

from .. import runtime
from ..avals import Seq
from ..ir import Apply, At, Atom, Block, Const, Loop, Stmt, Var, free_of, substitute_stmt
from .nests import Pair
from .places import Chain, Write

if TYPE_CHECKING:
    from .rewind import Again


class Stuck(Exception):
    """A value that must stay on its tape."""

    def __init__(self, value: Var | None = None) -> None:
        self.value = value


def undone(again: Again, gone: set[Var], writes: frozenset[Write]) -> tuple[Loop, Loop]:
    """The loops without the tapes of `gone`; `writes` are taken back."""
    work = _Undoing(again, gone, writes)
    for family in again.chains.writes.values():
        for write in family:
            if write in writes:
                work.record(write)
    level = _Level(work, again.root)
    for c, chain in level.chains.items():
        level.entry[c], level.exit[c] = again.root.forward.outs[c], _like(chain.versions[0])
    return work.forth(again.root), level.loop()


class _Undoing:
    def __init__(self, again: Again, gone: set[Var], writes: frozenset[Write]) -> None:
        self.again, self.gone, self.writes = again, gone, writes
        self.olds: dict[Stmt, Var] = {}  # a write that is taken back -> what it overwrote, off its tape
        self.reading: dict[Stmt, Apply] = {}  # ... and the statement that reads it beforehand
        self.tapes: dict[Pair, list[tuple[Var, Var, Var]]] = {}  # the new ones: list, value, item

    def record(self, write: Write) -> None:
        """Keep what a write overwrites."""
        assert write.stmt is not None
        hint = write.stmt.args[0].hint if isinstance(write.stmt.args[0], Var) else None
        old = Var(write.part, None if hint is None else hint + "_old")
        self.reading[write.stmt] = Apply((old,), operator.getitem, write.stmt.args[:2], (), At(write.stmt.at.place))
        self.olds[write.stmt] = self._tape(self.again.pairs[write.stack[-1]], old)

    def _tape(self, pair: Pair, value: Var) -> Var:
        tape, item = Var(Seq(value.aval)), Var(value.aval)
        self.tapes.setdefault(pair, []).append((tape, value, item))
        if pair.outer is not None:
            self._tape(pair.outer, tape)
        return item

    def forth(self, pair: Pair) -> Loop:
        """The loop of the forward sweep: it records what is overwritten."""
        new: dict[Stmt, Stmt] = {p.forward: self.forth(p) for p in pair.inner}
        stmts: list[Stmt] = []
        for stmt in pair.forward.body.stmts:
            if stmt in self.reading:
                stmts.append(self.reading[stmt])
            stmts.append(new.get(stmt, stmt))
        m = len(pair.forward.outs) + len(pair.forward.lists)
        tapes = self.tapes.get(pair, [])
        results = pair.forward.body.results
        values = tuple(value for _, value, _ in tapes)
        body = Block(pair.forward.body.params, tuple(stmts), results[:m] + values + results[m:])
        return dataclasses.replace(pair.forward, lists=pair.forward.lists + tuple(t for t, _, _ in tapes), body=body)

    def chains(self, pair: Pair) -> dict[int, Chain]:
        """The arrays that are written to inside a loop by something that is taken back."""
        found: dict[int, Chain] = {}
        for family, chain in self.again.chains.chains.items():
            inner: Chain | None = chain
            for loop in pair.stack[1:]:
                inner = inner.inner.get(loop) if inner is not None else None
            mine = self.again.chains.writes[family]
            if inner is not None and any(w in self.writes and w.stack[: len(pair.stack)] == pair.stack for w in mine):
                found[family] = inner
        return found


class _Level:
    """One reversed loop as it is written anew."""

    def __init__(self, work: _Undoing, pair: Pair, outer: _Level | None = None) -> None:
        self.work, self.pair, self.outer = work, pair, outer
        self.chains = work.chains(pair)
        self.env: dict[Var, Atom] = {}  # values of the forward loop, as the reversed loop has them
        self.made: dict[Var, Apply] = {}  # the statements that make them, not yet placed
        self.items: dict[int, Var] = {}  # what the forward loop counts, where the reversed loop did not need it
        self.states: dict[Var, Var] = {}  # the array as it stood at each of its versions
        self.entry: dict[int, Atom] = {}  # ... after the forward loop
        self.exit: dict[int, Var] = {}  # ... and before it
        self.inner = {p.backward: _Level(work, p, self) for p in pair.inner}

    # --- values -----------------------------------------------------------------------------------

    def value(self, a: Atom) -> Atom:
        """An atom of the forward loop as the reversed loop has it, made again if need be."""
        again = self.work.again
        if not isinstance(a, Var) or not again.local(a):
            return a
        stack = again.chains.stacks[a]
        if self.outer is not None and len(stack) < len(self.pair.stack):
            return self.outer.value(a)
        if stack != self.pair.stack:
            raise Stuck(a)
        if a not in self.env:
            if a in again.chains.items:
                self.env[a] = self.item(again.chains.items[a][1])
            elif a in self.pair.tapes and a not in self.work.gone:
                self.env[a] = self.pair.tapes[a]
            elif a in again.chains.versions:
                over = again.read_later(a, self.pair)
                final = again.root.forward.outs[again.chains.versions[a].family]
                self.env[a] = self.state(a) if over else final
            else:
                self.env[a] = self.again(a)
        return self.env[a]

    def again(self, a: Var) -> Var:
        step = self.work.again.step(a)
        part = self.work.again.part(step)
        if part is None:
            args = tuple(map(self.value, step.args))
        else:
            over = self.work.again.chains.over(part.version, self.pair.stack, part.index)
            final = self.work.again.root.forward.outs[part.version.family]
            args = (self.state(step.args[0]) if over else final, self.value(part.index))
        kwargs = tuple((k, self.value(b)) for k, b in step.kwargs)
        out = Var(a.aval, a.hint, a.bar_of)
        self.made[out] = Apply((out,), step.fn, args, kwargs, At(sweep="reverse"))
        return out

    def state(self, version: Atom) -> Var:
        """The array as it stood at a version."""
        if version in self.states:
            return self.states[version]
        if self.outer is None:
            raise Stuck
        return self.outer.state(version)

    def item(self, k: int) -> Var:
        """What the forward loop counts, in the reversed loop."""
        forward, backward = self.pair.forward, self.pair.backward
        wanted = forward.iters[k]
        for a, p in zip(backward.iters, backward.body.params[len(backward.outs) :], strict=True):
            if a is wanted or (isinstance(a, Const) and isinstance(wanted, Const) and a.value == wanted.value):
                return p
        if forward.stops:
            raise Stuck
        if k not in self.items:
            p = forward.body.params[len(forward.outs) + k]
            self.items[k] = Var(p.aval, p.hint)
        return self.items[k]

    # --- the loop ---------------------------------------------------------------------------------

    def loop(self) -> Loop:
        """The reversed loop, with the arrays that it takes back as carries."""
        old, n = self.pair.backward, len(self.pair.backward.outs)
        params = {c: _like(chain.versions[0]) for c, chain in self.chains.items()}
        starts = tuple(self.follow(c, chain, params[c]) for c, chain in self.chains.items())
        env: dict[Var, Atom] = {item: self.value(r) for r, item in self.pair.tapes.items() if r in self.work.gone}
        stmts: list[Stmt] = []
        for stmt in old.body.stmts:
            level = self.inner.get(stmt) if isinstance(stmt, Loop) else None
            stmts.append(substitute_stmt(stmt if level is None else level.loop(), env))
        results = tuple(env.get(r, r) if isinstance(r, Var) else r for r in old.body.results)
        iters, items = self.iterated()
        blame = {new: r for r in self.pair.tapes if (new := env.get(self.pair.tapes[r])) is not None}
        body = Block(
            (*old.body.params[:n], *params.values(), *items),
            tuple(self.placed(stmts, (*results, *starts), blame)), (*results[:n], *starts, *results[n:]),
        )
        outs = tuple(self.exit[c] for c in params)
        return dataclasses.replace(
            old, outs=old.outs + outs, init=old.init + tuple(self.entry[c] for c in params), iters=iters, body=body
        )

    def follow(self, family: int, chain: Chain, state: Var) -> Var:
        """Take an array back through one iteration; as it stood at the beginning."""
        for k in range(len(chain.elements), -1, -1):
            self.states[chain.versions[k]] = state
            stmt = chain.elements[k - 1] if k else None
            inner = next((level for level in self.inner.values() if level.pair.forward is stmt), None)
            if stmt in self.work.olds:
                assert isinstance(stmt, Apply)
                new = _like(chain.versions[k - 1])
                args = (state, self.value(stmt.args[1]), self.work.olds[stmt])
                self.made[new] = Apply((new,), runtime.array_set, args, (), At(sweep="reverse"))
                state = new
            elif inner is not None and family in inner.chains:
                new = _like(chain.versions[k - 1])
                inner.entry[family], inner.exit[family] = state, new
                state = new
            elif stmt in chain.inner:
                self.states.update(dict.fromkeys(chain.inner[stmt].all(), state))
        return state

    def iterated(self) -> tuple[tuple[Atom, ...], tuple[Var, ...]]:
        """What the reversed loop goes over now."""
        old = self.pair.backward
        dropped = {item for r, item in self.pair.tapes.items() if r in self.work.gone}
        found: list[tuple[Atom, Var]] = [(self.source(k), item) for k, item in self.items.items()]
        found += [(a, p) for a, p in zip(old.iters, old.body.params[len(old.outs) :], strict=True) if p not in dropped]
        for tape, _, item in self.work.tapes.get(self.pair, []):
            source: Atom = tape
            if self.outer is not None:
                source = next(i for _, value, i in self.work.tapes[self.outer.pair] if value is tape)
            found.append((source, item))
        if not found:
            if self.pair.forward.stops or not self.pair.forward.iters:
                raise Stuck(next(r for r in self.pair.tapes if r in self.work.gone))
            found.append((self.source(0), _like(self.pair.forward.body.params[len(self.pair.forward.outs)])))
        return tuple(a for a, _ in found), tuple(p for _, p in found)

    def source(self, k: int) -> Atom:
        source = self.pair.forward.iters[k]
        return source if self.outer is None else self.outer.value(source)

    def placed(self, stmts: list[Stmt], results: tuple[Atom, ...], blame: dict[Atom, Var]) -> list[Stmt]:
        """The statements, each of what is made again before its first use, and before what it reads is written to."""
        out: list[Stmt] = []
        begun: set[Var] = set()
        ahead = {v for level in self.inner.values() for v in level.exit.values()}  # inner loops still to come
        states = set(self.states.values())
        position = 0

        def place(v: Atom) -> None:
            if v in ahead:
                raise Stuck
            if not isinstance(v, Var) or v not in self.made or v in begun:
                return
            begun.add(v)
            stmt = self.made[v]
            for a in stmt.atoms():
                place(a)
            if stmt.fn is runtime.array_set:
                leave(stmt.args[0], position)
            out.append(stmt)

        def leave(state: Atom, first: int) -> None:
            """The array is written to next: read what is still to be read of it."""
            for reader in list(self.made.values()):
                if reader.fn is not runtime.array_set and state in reader.args:
                    place(reader.out)
            if any(state in free_of(s) for s in stmts[first:]):
                raise Stuck

        for position, stmt in enumerate(stmts):
            for v in free_of(stmt):
                try:
                    place(v)
                except Stuck as stuck:
                    raise Stuck(stuck.value or blame.get(v)) from None
            if isinstance(stmt, Loop):
                for a in stmt.init:
                    if a in states:
                        leave(a, position + 1)
                ahead -= set(stmt.outs)
            out.append(stmt)
        position = len(stmts)
        for r in results:
            place(r)
        return out


def _like(v: Var) -> Var:
    return Var(v.aval, v.hint, v.bar_of)
