"""Names: which values share one, and what it is.

A carry, its start, its end and its result want one name; so do an array and its update.  Values that
never live at the same time may have it.  A name is the user's where there is one, `x_bar` for the
cotangent of `x`, otherwise `w1`, `w2`, ...; a number is added only where two values that live at once
want the same.
"""

from __future__ import annotations

import keyword
import operator
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .. import runtime
from ..avals import Obj
from ..ir import Apply, Block, Function, If, Loop, Var, blocks, defined, defined_within, leaves
from .alias import exchanged
from .fold import UPDATES, Folds
from .liveness import Liveness, Range

INDICES = ("i", "j", "k")


@dataclass(eq=False)
class _Class:
    """Values that share a name."""

    members: list[Var]
    range: Range
    fixed: str | None  # the name of the parameter among them
    kinds: set[str | None]  # of those among them that have one for certain


class Names:
    def __init__(self, function: Function, folds: Folds, live: Liveness, reserved: set[str], textbook: bool) -> None:
        self.folds, self.live, self.textbook = folds, live, textbook
        self._parent: dict[Var, Var] = {}
        self._classes: dict[Var, _Class] = {}  # by their roots
        self._names: dict[Var, str] = {}
        self._named: dict[str, Range] = {}  # the values that have a name already
        self._recorded: dict[Var, Var] = {}
        self._arrays: dict[Var, Var] = {}  # made of a tape, and what is recorded on that
        self._usual: dict[Var, tuple[str, ...]] = {}
        self._absent: dict[Var, str] = {}  # values that have no line, whose cotangents have
        reserved = reserved | {p.name for p in function.params if not isinstance(p.tree, Var)}
        self._reserved = reserved | set(keyword.kwlist) | set(keyword.softkwlist) - {"_", "type", "match", "case"}
        self._count = 0
        self._users = set() if textbook else set(_hints(function))
        self._fixed = {p.tree: p.name for p in function.params if isinstance(p.tree, Var)}
        self._parameters = set(self._fixed.values())
        self._function = function
        self._makeshift = set(_makeshift(function.body))
        self._note_loops(function.body)
        for a, b in self._wishes(function.body):
            self._join(a, b)
        self._assign(function)

    # --- sharing a name ---------------------------------------------------------------------------

    def root(self, v: Var) -> Var:
        while (above := self._parent.get(v, v)) is not v:
            self._parent[v] = self._parent.get(above, above)  # half the way for the next
            v = above
        return v

    def same(self, a: Var, b: Var) -> bool:
        return self.root(a) is self.root(b)

    def _join(self, a: Var, b: Var) -> None:
        x, y = self.root(a), self.root(b)
        if x is y:
            return
        mine, theirs = self._class(x), self._class(y)
        if mine.range.clashes(theirs.range) or (mine.fixed is not None and theirs.fixed is not None):
            return
        if len(mine.kinds | theirs.kinds) > 1:
            return  # a cotangent does not get a value's name
        self._parent[y] = x
        mine.members.extend(theirs.members)
        mine.range |= theirs.range
        mine.fixed = mine.fixed if theirs.fixed is None else theirs.fixed
        mine.kinds |= theirs.kinds

    def _class(self, root: Var) -> _Class:
        """The values that share their name with this one."""
        if root not in self._classes:
            kinds = set() if root in self._makeshift else {_kind(root)}
            self._classes[root] = _Class([root], self.live.range(root), self._fixed.get(root), kinds)
        return self._classes[root]

    def _wishes(self, block: Block) -> Iterator[tuple[Var, Var]]:
        """Pairs that would read better with one name, the most important first."""
        later: list[tuple[Var, Var]] = []
        for stmt in block.stmts:
            match stmt:
                case Loop():
                    n = len(stmt.outs)
                    for source, item in zip(stmt.iters, stmt.body.params[n:], strict=True):
                        if isinstance(source, Var) and source in self._recorded:  # what comes off a tape
                            made = self._recorded[source]
                            later.append((made, item))
                            if made in self._recorded:
                                self._recorded[item] = self._recorded[made]
                    places = exchanged(stmt)
                    for i, out in enumerate(stmt.outs):
                        result = stmt.body.results[i]
                        yield stmt.body.params[i], out
                        if isinstance(result, Var) and i not in places:
                            yield stmt.body.params[i], result
                        if isinstance(stmt.init[i], Var):
                            later.append((stmt.body.params[i], stmt.init[i]))  # type: ignore[arg-type]
                case If():
                    for side in (stmt.then, stmt.orelse):
                        for out, r in zip(stmt.outs, side.results, strict=True):
                            if isinstance(r, Var) and r not in self.folds.folded:
                                later.append((out, r))
                case Apply(fn=fn, args=args, outs=outs) if fn in UPDATES and isinstance(args[0], Var):
                    later.append((args[0], outs[0]))
                case Apply(fn=operator.add, args=args, outs=outs) if outs[0].bar_of is not None:
                    if isinstance(args[0], Var) and args[0].bar_of is outs[0].bar_of:
                        later.append((args[0], outs[0]))
                case Apply(fn=runtime.owned, args=args, outs=outs) if isinstance(args[0], Var):
                    later.append((args[0], outs[0]))
        yield from later
        for stmt in block.stmts:
            for inner in blocks(stmt):
                yield from self._wishes(inner)

    def _note_loops(self, block: Block) -> None:
        """What each tape records, and each array made of one, and the usual names for what a loop counts with."""
        for stmt in block.stmts:
            if isinstance(stmt, Apply) and stmt.fn is np.array and len(stmt.args) == 1 and stmt.args[0] in self._recorded:
                self._arrays[stmt.out] = self._recorded[stmt.args[0]]
            if isinstance(stmt, Loop):
                n = len(stmt.outs)
                recorded = zip(stmt.lists, stmt.body.results[n:], strict=False)
                self._recorded.update((t, r) for t, r in recorded if isinstance(r, Var))
                self._usual.update(
                    (item, INDICES) for source, item in zip(stmt.iters, stmt.body.params[n:], strict=True)
                    if item.hint is None and source.aval == Obj(range)
                )
                if stmt.count is not None:
                    self._usual[stmt.count] = ("count",)
            for inner in blocks(stmt):
                self._note_loops(inner)

    # --- names ------------------------------------------------------------------------------------

    def __getitem__(self, v: Var) -> str:
        return self._names[self.root(v)]

    def all(self) -> set[str]:
        return set(self._names.values())

    def knows(self, v: Var) -> bool:
        return self.root(v) in self._names

    def _assign(self, function: Function) -> None:
        order: list[Var] = []
        for p in function.params:
            order.extend(v for v in leaves(p.tree) if isinstance(v, Var))
        order.extend(self._defined(function.body))
        order = _tangents_last(order)
        for v in order:
            root = self.root(v)
            if root in self._names:
                continue
            mine = self._class(root)
            wanted = self._tape_name(v) or self._wanted(sorted(mine.members, key=lambda m: m is not v))
            usual = next((name for name in self._usual.get(v, ()) if wanted is None and not self._taken(name, mine)), None)
            name = mine.fixed or usual or self._free(wanted, mine)
            self._names[root] = name
            self._named[name] = self._named.get(name, Range()) | mine.range

    def _taken(self, name: str, mine: _Class) -> bool:
        """Does something else have the name, that lives when these values do?"""
        if name in self._reserved or (name in self._parameters and name != mine.fixed):
            return True
        others = self._named.get(name)
        return others is not None and mine.range.clashes(others)

    def _tape_name(self, v: Var) -> str | None:
        """A tape is called after what is recorded on it, and so is the array made of one."""
        recorded, ending = self._recorded.get(v), "_tape"
        if v in self._arrays and not self.textbook:
            recorded, ending = self._arrays[v], "_all"
            while recorded in self._recorded:  # a tape of tapes
                recorded = self._recorded[recorded]
        if v.hint is not None or v.dot_of is not None or recorded is None or not self.knows(recorded):
            return None
        return self._names[self.root(recorded)] + ending

    def _defined(self, block: Block) -> Iterator[Var]:
        for stmt in block.stmts:
            if isinstance(stmt, Apply | If) and any(v in self.folds.folded for v in stmt.outs):
                continue
            if isinstance(stmt, Loop):
                yield from stmt.body.params
            for inner in blocks(stmt):
                if isinstance(stmt, If):
                    yield from inner.params
                yield from self._defined(inner)
            yield from defined(stmt)

    def _wanted(self, members: list[Var]) -> str | None:
        """The name a class of values would have if nothing else had it; None for a number."""
        if not self.textbook:
            hints = [m.hint for m in members if m.hint is not None]
            if hints:
                return hints[0] if hints[0].isidentifier() and not hints[0].startswith("%") else None
        elif (hints := [m.hint for m in members if m.hint is not None and m in self._fixed]):
            return hints[0]
        return next((self._derived_name(m) for m in members if _kind(m) is not None), None)

    def _derived_name(self, v: Var) -> str:
        """`x_bar` for the cotangent of x, `x_dot` for its tangent, `x_bar_dot` for the tangent of its cotangent."""
        of = v.bar_of or v.dot_of
        assert of is not None
        primal = self._names.get(self.root(of)) or self._absent.get(of)
        if primal is None:
            if _kind(of) is not None and of.hint is None:
                primal = self._derived_name(of)
            else:
                primal = of.hint if of.hint is not None and of.hint.isidentifier() else self._next()
            self._absent[of] = primal
        return f"{primal}_{_kind(v)}"

    def _next(self) -> str:
        self._count += 1
        while f"w{self._count}" in self._users:  # `w1_bar` is the cotangent of the user's w1
            self._count += 1
        return f"w{self._count}"

    def _free(self, wanted: str | None, mine: _Class) -> str:
        if wanted is None:
            while True:
                name = self._next()
                if not self._taken(name, mine):
                    return name
        name, k = wanted, 1
        while self._taken(name, mine):
            k += 1
            name = f"{wanted[:-4]}_{k}{wanted[-4:]}" if wanted.endswith(("_bar", "_dot")) else f"{wanted}_{k}"
        return name


def _hints(function: Function) -> Iterator[str]:
    """The names that the user gave to values."""
    inputs = [v for p in function.params for v in leaves(p.tree) if isinstance(v, Var)]
    made = (v for stmt in function.body.stmts for v in defined_within(stmt))
    yield from (v.hint for v in (*inputs, *made) if v.hint is not None)


def _makeshift(block: Block) -> Iterator[Var]:
    """What a pullback makes on the way to a cotangent: it may have the name of that already."""
    for stmt in block.stmts:
        if isinstance(stmt, Apply) and stmt.at.sweep == "reverse":
            yield from (v for v in stmt.outs if v.hint is None and _kind(v) is None)
        for inner in blocks(stmt):
            yield from _makeshift(inner)


def _tangents_last(order: list[Var]) -> list[Var]:
    """The same values, each before its tangent, which is called after it."""
    rest = dict.fromkeys(order)
    out: list[Var] = []

    def place(v: Var) -> None:
        del rest[v]
        if v.dot_of in rest:
            place(v.dot_of)
        out.append(v)

    for v in order:
        if v in rest:
            place(v)
    return out


def _kind(v: Var) -> str | None:
    """What a value is to another: its cotangent, its tangent, or nothing of the sort."""
    return "bar" if v.bar_of is not None else "dot" if v.dot_of is not None else None

