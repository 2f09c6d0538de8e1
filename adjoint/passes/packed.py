"""Like operations on small arrays of one shape become one operation on all of them.

    z = x * weight[k, 0] + bias[k, 0]               z = np.array([x, h, x]) * weight[k] + bias[k]
    forget = 1.0 / (1.0 + np.exp(-z))               gates = 1.0 / (1.0 + np.exp(-z))
    z = h * weight[k, 1] + bias[k, 1]       ->      c = c * gates[0] + gates[1]
    enter = 1.0 / (1.0 + np.exp(-z))                h = gates[2] * np.tanh(c)
    z = x * weight[k, 2] + bias[k, 2]
    leave = 1.0 / (1.0 + np.exp(-z))
    c = c * forget + enter
    h = leave * np.tanh(c)

A `Pack` is statements of a loop's body that do the same, entry by entry, to arrays of one shape: its lanes.  It
begins where they read neighbouring rows of an array, or the same array, and grows to what makes their operands and to
what is made of them.  What differs from lane to lane is taken as one array: neighbouring rows are one, rows that the
loop takes from arrays are once these have been stacked before it, what does not change is stacked before it too, and
the rest is copied into one.  Larsen, Amarasinghe, Exploiting superword level parallelism with multimedia
instruction sets, PLDI 2000.

Statements only move up, to the first of their pack: none comes to stand behind a write to what it reads.  For arrays
that are small (`SMALL` entries in all lanes), so that the calls are what takes the time, and where enough of them are
saved.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

import numpy as np

from .. import runtime
from ..avals import INT, Arr, Aval, is_known, shape_of
from ..infer import infer
from ..ir import (
    Apply, At, Atom, Block, Const, Function, If, Loop, Stmt, Var, defined, free, has_effect, with_blocks, with_body, with_stmts,
)
from .certain import is_basic
from .fission import is_entrywise

SMALL = 1024  # entries of all lanes together
ENOUGH = 2.5  # operations that have to be saved in each step
LONG = 500  # statements of a body, which it takes too long to look through
FAR = 100  # statements between the lanes of a pack
VIEW = 0.3  # of an operation, for a row of an array
ENTRY = 1 / 1500  # of an operation, for each entry that is read
FLOAT = np.dtype(np.float64)


def packed(function: Function) -> Function:
    return with_body(function, Level(function.body, None, None).done())


@dataclasses.dataclass(eq=False)
class Pack:
    lanes: tuple[Apply, ...]
    out: Var

    def part(self, values: tuple[Atom, ...]) -> slice | None:
        """Which of its lanes, side by side, have made these values."""
        outs = tuple(s.out for s in self.lanes)
        if values[0] not in outs:
            return None
        at = outs.index(values[0])
        return slice(at, at + len(values)) if outs[at : at + len(values)] == values else None


@dataclasses.dataclass(eq=False)
class Place:
    """Where new statements are put, and in which sweep."""

    at: At
    stmts: list[Stmt] = dataclasses.field(default_factory=list)


class Level:
    """A block, and the loop that it is the body of, if any; `before` is what will stand before that loop."""

    def __init__(self, block: Block, loop: Loop | None, outer: Level | None) -> None:
        self.block, self.loop, self.outer = block, loop, outer
        self.before = Place(At(sweep="forward" if loop is None else loop.at.sweep))
        self.fixed: dict[tuple[tuple[Atom, ...], int], Atom] = {}
        self.items: dict[tuple[tuple[Atom, ...], int], tuple[Var, Atom]] = {}  # and what they are taken from
        self.local: set[Atom] = set(block.params)
        self.sources: dict[Atom, Atom] = {}
        if loop is not None:
            self.sources = dict(zip(block.params[len(loop.outs) :], loop.iters, strict=True))
        self.makers: dict[Atom, Stmt] = {}
        self.stmts: list[Stmt] = []
        self.results = block.results
        for s in block.stmts:
            for t in self.nested(s):
                self.stmts.append(t)
                self.makers.update(dict.fromkeys(defined(t), t))
                self.local.update(defined(t))
        self.params = block.params
        self.packs: dict[Stmt, Pack] = {}

    def nested(self, s: Stmt) -> list[Stmt]:
        if not isinstance(s, Loop):
            return [with_blocks(s, lambda b: Level(b, None, self).done())]
        level = Level(s.body, s, self)
        body = level.done()
        more = level.items.values()
        if body is s.body and not more:
            return [*level.before.stmts, s]
        body = dataclasses.replace(body, params=(*body.params, *(item for item, _ in more)))
        return [*level.before.stmts, dataclasses.replace(s, iters=(*s.iters, *(whole for _, whole in more)), body=body)]

    def done(self) -> Block:
        if self.loop is not None and self.is_plain():
            self.readers = self.read_by()
            self.number = {s: i for i, s in enumerate(self.stmts)}
            for seed in [*self.of_rows(), *self.of_one()]:
                self.grow(seed, ENOUGH)
        if not self.packs:
            return with_stmts(self.block, self.stmts)
        return Block(self.params, tuple(self.written()), self.results)

    def is_plain(self) -> bool:
        """A body without effects, which is not run twice, and not so long that it takes time to look for packs."""
        assert self.loop is not None
        return self.loop.snapshots is None and len(self.stmts) <= LONG and not has_effect(Block((), tuple(self.stmts), ()))

    def read_by(self) -> dict[Atom, list[tuple[Stmt | None, int]]]:
        """Who reads a value: statements, with the number of the argument; -1 for a block inside and for keywords."""
        found: dict[Atom, list[tuple[Stmt | None, int]]] = {}
        for s in self.stmts:
            args = s.args if isinstance(s, Apply) else ()
            for i, a in enumerate(args):
                found.setdefault(a, []).append((s, i))
            for a in free(Block((), (s,), ())):
                if a not in args:
                    found.setdefault(a, []).append((s, -1))
        for a in self.results:
            found.setdefault(a, []).append((None, -1))
        return found

    # --- what may be a pack -------------------------------------------------------------------------

    def of_rows(self) -> Iterator[tuple[Apply, ...]]:
        """Statements that read neighbouring rows."""
        families: dict[Any, dict[int, Var]] = {}
        for s in self.stmts:
            for family, number in self.rows_of(s):
                families.setdefault(family, {})[number] = s.outs[0]
        for rows in families.values():
            for run in runs(sorted(rows)):
                yield from self.alike_over([rows[c] for c in run])

    def rows_of(self, s: Stmt | None) -> Iterator[tuple[Any, int]]:
        """What it is a row of, an array with the rest of an index or a vector cut in equal parts, and its number there."""
        if s is None or not is_row(s):
            return
        array, index = s.args[0], self.index(s)
        shape = known_shape(array)
        for p, a in enumerate(index):
            value = a.value if isinstance(a, Const) else None
            if type(value) is int and all(b.aval == INT for b in index[:p]) and 0 <= value < shape[p]:
                yield (array, p, *(name(b) for q, b in enumerate(index) if q != p)), value
            if isinstance(value, slice) and len(shape) == len(index) == 1:
                start, stop, step = value.indices(shape[0])
                if step == 1 and start < stop and start % (stop - start) == 0 and shape[0] % (stop - start) == 0:
                    yield (array, slice, stop - start), start // (stop - start)

    def of_one(self) -> Iterator[tuple[Apply, ...]]:
        """Statements that do the same to one array, and to something else that differs."""
        families: dict[Any, list[Apply]] = {}
        for s in self.stmts:
            if isinstance(s, Apply) and is_like(s) and len(s.args) == 2:
                for i, a in enumerate(s.args):
                    if isinstance(a, Var):
                        families.setdefault((s.fn, i, a), []).append(s)
        for family in families.values():
            if len(family) > 1:
                yield tuple(family)

    def alike_over(self, values: list[Var]) -> Iterator[tuple[Apply, ...]]:
        """Statements that do the same to values side by side."""
        found: dict[Any, dict[int, Apply]] = {}
        for j, v in enumerate(values):
            count: dict[Any, int] = {}
            for s, i in self.readers.get(v, ()):
                if isinstance(s, Apply) and i >= 0 and is_like(s):
                    k = count[s.fn, i] = count.get((s.fn, i), 0) + 1
                    found.setdefault((s.fn, i, k), {})[j] = s
        for family in found.values():
            for run in runs(sorted(family)):
                yield tuple(family[j] for j in run)

    def grow(self, lanes: tuple[Apply, ...], least: float = 0.0) -> None:
        """Make a pack of the statements, and of what stands around them, if it may be and saves so many operations."""
        if not self.is_alike(lanes):
            return
        known, was = dict(self.packs), self.gain()
        self.packs.update(dict.fromkeys(lanes, Pack(lanes, all_of([s.out for s in lanes]))))
        if self.ordered() is not None:
            for values in zip(*(s.args for s in lanes), strict=True):
                makers = [self.makers.get(a) for a in values]
                if all(isinstance(s, Apply) for s in makers) and not is_one(values):
                    self.grow(tuple(makers))  # type: ignore[arg-type]
            for more in self.alike_over([s.out for s in lanes]):
                self.grow(more)
            if self.gain() >= was + least:
                return
        self.packs = known

    def is_alike(self, lanes: tuple[Apply, ...]) -> bool:
        s = lanes[0]
        if not 1 < len(lanes) == len(set(lanes)) or not all(isinstance(t, Apply) and is_like(t) for t in lanes):
            return False
        shape = known_shape(s.out)
        where = [self.number[t] for t in lanes]
        if len(lanes) * math.prod(shape) > SMALL or max(where) - min(where) > FAR:
            return False
        for t in lanes:
            if t in self.packs or t.fn != s.fn or len(t.args) != len(s.args):
                return False
            if known_shape(t.out) != shape or not shape or t.at.sweep != s.at.sweep:
                return False
        if self.are_kept([t.out for t in lanes]):
            return False
        positions = list(zip(*(t.args for t in lanes), strict=True))
        if all(map(is_one, positions)):
            return False
        if s.fn is operator.matmul:  # of one matrix or vector and many matrices, or of many of each
            return all(len(known_shape(values[0])) <= 2 if is_one(values) else are_matrices(values) for values in positions)
        return all(is_one(values) or all(is_lane(a.aval, shape) for a in values) for values in positions)

    def are_kept(self, outs: list[Var]) -> bool:
        """Are they carried on, written to, or some of them recorded?  A row of a larger array would keep all of that."""
        assert self.loop is not None
        carried, recorded = self.results[: len(self.loop.outs)], self.results[len(self.loop.outs) :]
        for v in outs:
            for s, i in self.readers.get(v, ()):
                if isinstance(s, If | Loop) or (isinstance(s, Apply) and i == 0 and s.fn in WRITES) or v in carried:
                    return True
        return 0 < sum(v in recorded for v in outs) < len(outs)

    # --- in which order -----------------------------------------------------------------------------

    def ordered(self) -> list[Apply | If | Loop | Pack] | None:
        """Each pack where the first of its lanes stood, with what it needs before it; None where that cannot be."""
        order: list[Any] = []
        done: set[Any] = set()
        begun: set[Any] = set()

        def put(s: Stmt, place: int | None) -> bool:
            unit = self.packs.get(s, s)
            if unit in done:
                return True
            if unit in begun or (place is not None and unit is s and not self.is_movable(s, place)):
                return False
            begun.add(unit)
            lanes = unit.lanes if isinstance(unit, Pack) else (s,)
            if isinstance(unit, Pack) or place is not None:
                here = self.number[s] if place is None else place
                makers = [self.makers[a] for t in lanes for a in t.atoms() if a in self.makers]  # type: ignore[union-attr]
                if not all(put(maker, here) for maker in makers):
                    return False
            done.add(unit)
            order.append(unit)
            return True

        return order if all(put(s, None) for s in self.stmts) else None

    def is_movable(self, s: Stmt, place: int) -> bool:
        """May it be done as early as that?  What might raise only where nothing between might."""
        if not is_row(s):
            return is_calm(s)
        between = self.stmts[place : self.number[s]]
        return s.at.sweep != "forward" or all(is_calm(t) or is_row(t) for t in between)

    # --- what it costs ------------------------------------------------------------------------------

    def gain(self) -> float:
        """How many operations fewer there are in a step."""
        total = 0.0
        for pack in set(self.packs.values()):
            m = len(pack.lanes)
            total += m - 1
            for values in zip(*(s.args for s in pack.lanes), strict=True):
                if not is_one(values):
                    total -= self.price(values, m)
            for s in pack.lanes:
                if any(t is not None and t not in self.packs for t, _ in self.readers.get(s.out, ())):
                    total -= VIEW
        return total

    def price(self, values: tuple[Atom, ...], m: int) -> float:
        """What it costs to have the values as one array."""
        pack = self.pack_of(values)
        if pack is not None:
            return 0.0 if len(pack.lanes) == m else VIEW
        if not any(a in self.local for a in values) or self.is_items(values):
            return 0.0
        family = self.neighbours(values)
        if family is not None:
            return VIEW * (2 if family[1] is slice else 1) - m * VIEW
        return 1 + m * (VIEW + math.prod(known_shape(values[0])) * ENTRY)

    def pack_of(self, values: tuple[Atom, ...]) -> Pack | None:
        maker = self.makers.get(values[0])
        pack = self.packs.get(maker) if maker is not None else None
        return pack if pack is not None and pack.part(values) is not None else None

    # --- the new statements -------------------------------------------------------------------------

    def written(self) -> Iterator[Stmt]:
        order = self.ordered()
        assert order is not None
        for unit in order:
            if not isinstance(unit, Pack):
                yield unit
                continue
            s = unit.lanes[0]
            place = Place(At(sweep=s.at.sweep))
            args = [self.whole(values, place) for values in zip(*(t.args for t in unit.lanes), strict=True)]
            yield from place.stmts
            yield Apply((unit.out,), s.fn, tuple(args), at=s.at)
            for j, t in enumerate(unit.lanes):
                yield Apply(t.outs, operator.getitem, (unit.out, Const(j)), at=t.at)

    def whole(self, values: tuple[Atom, ...], place: Place) -> Atom:
        """An operand of a pack, from those of its lanes."""
        if is_one(values):
            return values[0]
        pack = self.pack_of(values)
        if pack is None:
            return self.array_of(values, 0, place)
        part = pack.part(values)
        if part == slice(0, len(pack.lanes)):
            return pack.out
        return self.made(operator.getitem, (pack.out, Const(part)), place)

    def array_of(self, values: tuple[Atom, ...], axis: int, place: Place) -> Atom:
        """The values as one array, with an axis for them."""
        if self.loop is not None and self.outer is not None:
            if not any(a in self.local for a in values):
                if (values, axis) not in self.fixed:
                    self.fixed[values, axis] = self.outer.array_of(values, axis, self.before)
                return self.fixed[values, axis]
            if self.is_items(values):
                if (values, axis) not in self.items:
                    whole = self.outer.array_of(tuple(self.sources[a] for a in values), axis + 1, self.before)
                    self.items[values, axis] = Var(Arr(FLOAT, known_shape(whole)[1:])), whole
                return self.items[values, axis][0]
        family = self.neighbours(values) if axis == 0 else None
        if family is not None:
            return self.rows(family, values, place)
        items = self.made(runtime.make_list, values, place)
        if axis == 0:
            return self.made(np.array, (items,), place)
        return self.made(np.stack, (items,), place, (("axis", Const(axis)),))

    def is_items(self, values: tuple[Atom, ...]) -> bool:
        """Does the loop take them from arrays of one shape?"""
        avals = [self.sources[a].aval for a in values if a in self.sources]
        shape = shape_of(avals[0]) if avals else None
        return len(avals) == len(values) and is_known(shape) and all(is_lane(x, shape) for x in avals)

    def neighbours(self, values: tuple[Atom, ...]) -> Any:
        """What they are the rows of, side by side."""
        found = [dict(self.rows_of(self.makers.get(a))) for a in values]
        for family, start in found[0].items():
            if [rows.get(family) for rows in found] == list(range(start, start + len(values))):
                return family
        return None

    def rows(self, family: Any, values: tuple[Atom, ...], place: Place) -> Atom:
        """Rows side by side as one array."""
        first: Any = self.makers[values[0]]
        array, where = family[0], family[1]
        start = dict(self.rows_of(first))[family]
        if where is slice:
            length = family[2]
            part = slice(start * length, (start + len(values)) * length)
            if part != slice(0, *known_shape(array)):
                array = self.made(operator.getitem, (array, Const(part)), place)
            return self.made(np.reshape, (array, Const((len(values), length))), place)
        index = list(self.index(first))
        whole = len(values) == known_shape(array)[where]
        index[where] = Const(slice(None) if whole else slice(start, start + len(values)))
        if whole and where == len(index) - 1:
            index.pop()
        if not index:
            return array
        key = index[0] if len(index) == 1 else self.made(runtime.make_tuple, tuple(index), place)
        return self.made(operator.getitem, (array, key), place)

    def made(self, fn: Any, args: tuple[Atom, ...], place: Place, kwargs: tuple[tuple[str, Atom], ...] = ()) -> Var:
        out = Var(infer(fn, args, kwargs, True))
        place.stmts.append(Apply((out,), fn, args, kwargs, place.at))
        return out

    def index(self, s: Apply) -> tuple[Atom, ...]:
        """What stands in the brackets."""
        key = s.args[1]
        maker = self.makers.get(key)
        if isinstance(maker, Apply) and maker.fn is runtime.make_tuple:
            return maker.args
        if isinstance(key, Const) and type(key.value) is tuple:
            return tuple(map(Const, key.value))
        return (key,)


WRITES = (runtime.array_set, runtime.index_add)


def is_lane(aval: Aval, shape: Any) -> bool:
    return isinstance(aval, Arr) and aval.dtype == FLOAT and not aval.boxed and aval.shape == shape


def is_row(s: Stmt) -> TypeGuard[Apply]:
    """A row, or a part, of an array of known shape."""
    if not isinstance(s, Apply) or s.fn is not operator.getitem or s.kwargs:
        return False
    avals = (s.args[0].aval, s.out.aval)
    return all(is_known(shape_of(x)) and is_lane(x, shape_of(x)) for x in avals) and is_basic(s.args[1])


def is_like(s: Apply) -> bool:
    """What lanes can be: done entry by entry, or a product with matrices."""
    if s.fn is not operator.matmul or s.kwargs or s.effect:
        return is_entrywise(s)
    return all(is_known(shape_of(v.aval)) and is_lane(v.aval, shape_of(v.aval)) for v in (*s.args, s.out))


def are_matrices(values: tuple[Atom, ...]) -> bool:
    shape = known_shape(values[0])
    return len(shape) == 2 and all(is_lane(a.aval, shape) for a in values)


def known_shape(a: Atom) -> Any:
    """The shape of what is known to have one, all of whose lengths are known; otherwise ()."""
    shape = shape_of(a.aval)
    return shape if is_known(shape) else ()


def is_calm(s: Stmt) -> bool:
    """Arithmetic that cannot raise."""
    return isinstance(s, Apply) and not s.effect and (s.fn in (runtime.make_tuple, slice) or is_like(s))


def all_of(lanes: list[Var]) -> Var:
    """What stands for them all: with the name that more than half of them have, if there is one."""
    hint = most([v.hint for v in lanes])
    of = most([v.bar_of.hint if v.bar_of is not None else None for v in lanes])
    return Var(Arr(FLOAT, (len(lanes), *known_shape(lanes[0]))), hint, Var(hint=of) if of and not hint else None)


def most(names: list[str | None]) -> str | None:
    found, count = Counter(names).most_common(1)[0]
    return found if 2 * count > len(names) else None


def is_one(values: Iterable[Atom]) -> bool:
    first, *others = map(name, values)
    return all(other == first for other in others)


def name(a: Atom) -> Any:
    """Equal for values that are the same for certain."""
    if isinstance(a, Const) and type(a.value) in (int, float, slice, type(None), type(Ellipsis)):
        return type(a.value), repr(a.value)
    return a


def runs(numbers: list[int]) -> Iterator[list[int]]:
    """Two or more that follow each other: 0, 1, 2, 5, 7, 8 gives 0, 1, 2 and 7, 8."""
    run: list[int] = []
    for n in numbers:
        if run and n != run[-1] + 1:
            if len(run) > 1:
                yield run
            run = []
        run.append(n)
    if len(run) > 1:
        yield run
