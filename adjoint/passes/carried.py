"""Entries of an array that one iteration after the other adds to are carried along until the last has.

    for i in reversed(range(1, 499)):            a_bar = x_bar[499]
        w_bar = k * y_bar[i]                     b_bar = x_bar[498]
        x_bar[i + 1] += w_bar                    for i in reversed(range(1, 499)):
        x_bar[i - 1] += w_bar                        w_bar = k * y_bar[i]
        x_bar[i] -= 2.0 * w_bar        ->            c_bar = a_bar + w_bar
                                                     a_bar = b_bar - 2.0 * w_bar
                                                     b_bar = x_bar[i - 1] + w_bar
                                                     x_bar[i + 1] = c_bar
                                                 x_bar[1] = a_bar
                                                 x_bar[0] = b_bar

So it is with the adjoint of every stencil.  The entries that an iteration reads, writes or adds to are a *window* that
slides along one axis; what it holds is in variables, an entry is read where the window comes to it and written where
it leaves.  The writes stand last, so that a compiler can do several iterations at once.

Only in loops that adjoint wrote, that count by one over a known range; for single entries, in double precision, all of
them certainly within the array; where several windows slide over one array (`g[i, j + 1]` and `g[i - 1, j]`), they must
certainly be apart.  An array that the loop touches in any other way is left alone.  Results are the same to the bit.
"""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Arr, is_known, shape_of
from ..infer import infer
from ..ir import (
    Apply, At, Atom, Block, Const, Function, Loop, Stmt, Var, defined_within, substitute_stmt, with_blocks, with_body, with_stmts,
)
from .counters import Counters, Offset, index_of, written
from .nests import uses

WIDEST = 4  # entries of a window
SHORTEST = 4  # iterations: entries are read before the loop and written after it
PLAIN = (np.dtype(np.float64), np.dtype(np.complex128))
REVERSE = At(sweep="reverse")


def carried(function: Function) -> Function:
    return with_body(function, _block(function.body, Counters(function.body)))


def _block(block: Block, counters: Counters) -> Block:
    stmts: list[Stmt] = []
    for s in block.stmts:
        s = with_blocks(s, lambda b: _block(b, counters))
        new: list[Stmt] = [s]
        if isinstance(s, Loop) and s.at.sweep == "reverse" and s.test is None and not s.stops and s.snapshots is None:
            for out in s.outs:
                new = _slid(new, out, counters)
            counters.look(Block((), tuple(new), ()))
        stmts += new
    return with_stmts(block, stmts)


def _slid(stmts: list[Stmt], out: Var, counters: Counters) -> list[Stmt]:
    """A loop, with what stands before and after it, with the windows over one of its arrays in variables."""
    at = next(n for n, s in enumerate(stmts) if isinstance(s, Loop))
    loop = stmts[at]
    assert isinstance(loop, Loop)
    place = loop.outs.index(out) if out in loop.outs else None
    touched = None if place is None else _touched(loop, place, counters)
    windows = _windows(touched) if touched is not None else []
    if touched is None or not windows:
        return stmts
    return [*stmts[:at], *_Slide(loop, touched, windows).done(), *stmts[at + 1 :]]


# --- what a loop touches --------------------------------------------------------------------------


@dataclass(frozen=True)
class Touch:
    """A statement that reads or changes one entry: `offset` from the counter, along one axis."""

    stmt: Apply
    offset: int
    others: tuple[Offset, ...]  # the other indices


@dataclass
class Touched:
    """All that a loop does to one of its arrays; `axis` is the one that the counter runs along."""

    place: int  # among the carries
    values: range  # of the counter
    axis: int
    touches: dict[Apply, Touch]


@dataclass
class Window:
    """Entries beside each other, in the order in which they leave."""

    offsets: tuple[int, ...]
    others: tuple[Offset, ...]
    held: list[Var] = field(default_factory=list)  # what is carried: all but the entry that comes in


def _touched(loop: Loop, place: int, counters: Counters) -> Touched | None:
    """What the loop does to the array, if that is known, entry by entry."""
    array, counted = loop.body.params[place], counters.counter(loop)
    aval = array.aval
    if counted is None or not isinstance(aval, Arr) or aval.boxed or aval.dtype not in PLAIN or not is_known(aval.shape):
        return None
    counter, values = counted
    if len(values) < SHORTEST:
        return None
    local = {*loop.body.params, *(v for s in loop.body.stmts for v in defined_within(s))}
    left, axes = uses(loop.body), set[int]()
    touches: dict[Apply, Touch] = {}
    versions = {array}
    last = array
    for s in loop.body.stmts:
        if not isinstance(s, Apply) or not s.args or s.args[0] not in versions:
            continue
        reads = s.fn is operator.getitem
        if not reads and (s.fn not in (runtime.array_set, runtime.index_add) or s.args[0] is not last):
            return None
        index = [counters.offset(a) for a in counters.parts(s.args[1])]
        moving = [k for k, i in enumerate(index) if i is not None and i[0] is counter]
        others = tuple(i for i in index if i is not None and i[0] not in local)
        if s.kwargs or s.effect or len(index) != len(aval.shape) or len(moving) != 1 or len(others) != len(index) - 1:  # type: ignore[arg-type]
            return None
        offset = index[moving[0]][1]  # type: ignore[index]
        low, high = min(values) + offset, max(values) + offset
        if low < 0 or high >= aval.shape[moving[0]]:  # type: ignore[index]
            return None
        touches[s] = Touch(s, offset, others)
        axes.add(moving[0])
        left[s.args[0]] -= 1
        if not reads:
            versions.add(s.out)
            last = s.out
    left[last] -= 1
    if len(axes) != 1 or loop.body.results[place] is not last or any(left[v] for v in versions):
        return None
    return Touched(place, values, axes.pop(), touches)


def _windows(touched: Touched) -> list[Window]:
    """The windows that are worth it."""
    groups: dict[tuple[Offset, ...], list[Touch]] = {}
    for t in touched.touches.values():
        groups.setdefault(t.others, []).append(t)
    places = list(groups)
    shape: Any = shape_of(next(iter(touched.touches)).args[0].aval)
    lengths = (*shape[: touched.axis], *shape[touched.axis + 1 :])
    if not all(_are_apart(a, b, lengths) for k, a in enumerate(places) for b in places[:k]):
        return []
    found = []
    for others, group in groups.items():
        offsets = range(min(t.offset for t in group), max(t.offset for t in group) + 1)
        cost = sum(2 if t.stmt.fn is runtime.index_add else 1 for t in group)
        if 2 <= len(offsets) <= WIDEST and cost > 2 and any(t.stmt.fn is not operator.getitem for t in group):
            leaving = offsets if touched.values.step > 0 else offsets[::-1]
            found.append(Window(tuple(leaving), others))
    return found


def _are_apart(a: tuple[Offset, ...], b: tuple[Offset, ...], lengths: tuple[int, ...]) -> bool:
    """Are two places certainly different, along one of these axes?  `i` and `i - 1` are, also where -1 is the last."""
    return any(x[0] is y[0] and n > 0 and (x[1] - y[1]) % n != 0 for x, y, n in zip(a, b, lengths, strict=True))


# --- carrying -------------------------------------------------------------------------------------


class NotCarried(Exception):
    """A value is not of the array's own type."""


class _Slide:
    """The loop, with the windows' entries in variables."""

    def __init__(self, loop: Loop, touched: Touched, windows: list[Window]) -> None:
        self.loop, self.touched, self.windows = loop, touched, windows
        self.array = loop.body.params[touched.place]
        dtype = self.array.aval.dtype  # type: ignore[union-attr]
        self.entry = Arr(dtype, (), boxed=True)
        self.slides = {w.others for w in windows}
        self.before: list[Stmt] = []
        self.after: list[Stmt] = []
        self.stmts: list[Stmt] = []
        self.env: dict[Var, Atom] = {}

    def done(self) -> list[Stmt]:
        try:
            return self._done()
        except NotCarried:
            return [self.loop]

    def _done(self) -> list[Stmt]:
        loop, n, place = self.loop, len(self.loop.outs), self.touched.place
        first = self.touched.values[0]
        for w in self.windows:
            places = [self._index(w, k, first, self.before) for k in w.offsets[:-1]]
            w.held = [self._read(loop.init[place], index, self.before) for index in places]
        params = [[v.again() for v in w.held] for w in self.windows]
        final = self._body(params)
        outs = [[v.again() for v in w.held] for w in self.windows]
        given: Atom = (out_of_loop := loop.outs[place].again())
        for w, held in zip(self.windows, outs, strict=True):
            for offset, v in zip(w.offsets[1:], held, strict=True):
                given = self._written(given, self._index(w, offset, self.touched.values[-1], self.after), v, self.after)
        last = self.after.pop()
        assert isinstance(last, Apply)
        self.after.append(dataclasses.replace(last, outs=(loop.outs[place],)))
        results = loop.body.results
        new = dataclasses.replace(
            loop,
            outs=(*loop.outs[:place], out_of_loop, *loop.outs[place + 1 :], *(v for held in outs for v in held)),
            init=(*loop.init, *(v for w in self.windows for v in w.held)),
            body=Block(
                (*loop.body.params[:n], *(v for held in params for v in held), *loop.body.params[n:]),
                tuple(self.stmts),
                (*(final[0] if k == place else self._now(r) for k, r in enumerate(results[:n])), *final[1:],
                 *map(self._now, results[n:])),
            ),
        )
        return [*self.before, new, *self.after]

    def _body(self, params: list[list[Var]]) -> list[Atom]:
        """Fills `stmts`; gives what the array and the windows' entries are in the end."""
        array: Atom = self.array
        window: dict[Any, dict[int, Atom]] = {
            w.others: dict(zip(w.offsets, held, strict=False)) for w, held in zip(self.windows, params, strict=True)
        }
        history: dict[Atom, dict[Any, dict[int, Atom]]] = {array: window}  # of each version of the array, what is held
        arrays: dict[Atom, Atom] = {array: array}
        came: dict[Any, Atom] = {}  # the entry that came in, as it was
        indices: dict[tuple[Any, int], Atom] = {}
        for s in self.loop.body.stmts:
            touch = self.touched.touches.get(s) if isinstance(s, Apply) else None
            if touch is None:
                self.stmts.append(substitute_stmt(s, self.env))
                continue
            assert isinstance(s, Apply)
            before = s.args[0]
            held, index, value = history[before], self._now(s.args[1]), self._now(s.args[-1])
            if touch.others not in self.slides:
                self.stmts.append(dataclasses.replace(s, args=(arrays[before], index, value)[: len(s.args)]))
                if s.fn is not operator.getitem:
                    history[s.out], arrays[s.out] = held, s.out
                continue
            indices[touch.others, touch.offset] = index
            now = held[touch.others].get(touch.offset)
            if now is None and s.fn is not runtime.array_set:  # the window comes to it
                if touch.others not in came:
                    came[touch.others] = self._read(arrays[before], index, self.stmts)
                now = came[touch.others]
            if s.fn is operator.getitem:
                if now is None or now.aval != s.out.aval:
                    raise NotCarried
                self.env[s.out] = now
                continue
            if s.fn is runtime.index_add:
                total = Var(infer(operator.add, (now, value), (), True))
                self.stmts.append(Apply((total,), operator.add, (now, value), at=s.at))  # type: ignore[arg-type]
                value = total
            history[s.out] = held | {touch.others: held[touch.others] | {touch.offset: value}}
            arrays[s.out] = arrays[before]
        final = history[self._last()]
        array = arrays[self._last()]
        shifted: list[Atom] = []
        for w in self.windows:
            entries = final[w.others]
            leaves, *stay = w.offsets
            if w.offsets[-1] not in entries:  # it was only read
                entries = entries | {w.offsets[-1]: came[w.others]}
            if (w.others, leaves) not in indices:
                raise NotCarried
            array = self._written(array, indices[w.others, leaves], entries[leaves], self.stmts)
            shifted += [entries[k] for k in stay]
        if any(a.aval != self.entry for a in shifted):  # a Python number, which would be one also where it is read
            raise NotCarried
        return [array, *shifted]

    def _last(self) -> Atom:
        return self.loop.body.results[self.touched.place]

    # --- small things -----------------------------------------------------------------------------

    def _now(self, a: Atom) -> Atom:
        return self.env.get(a, a) if isinstance(a, Var) else a

    def _read(self, array: Atom, index: Atom, stmts: list[Stmt]) -> Var:
        out = Var(self.entry)
        stmts.append(Apply((out,), operator.getitem, (array, index), at=REVERSE))
        return out

    def _written(self, array: Atom, index: Atom, value: Atom, stmts: list[Stmt]) -> Var:
        out = self.loop.outs[self.touched.place].again()
        stmts.append(Apply((out,), runtime.array_set, (array, index, value), at=REVERSE))
        return out

    def _index(self, w: Window, offset: int, counter: int, stmts: list[Stmt]) -> Atom:
        """The entry of a window where the counter has this value."""
        others, axis = [written(i, stmts) for i in w.others], self.touched.axis
        return index_of((*others[:axis], Const(counter + offset), *others[axis:]), stmts)
