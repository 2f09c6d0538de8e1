"""A Python loop to a scan.

What a loop carries is found by looking: the body is lowered once as if nothing changed; names and
cells that did change become carries, with a parameter for every number or array in them, and the body
is lowered again, until what goes in at the top is of the kind that comes out at the bottom.  `s = 0`
followed by `s = s + x[i]` so becomes a float; a list that grows becomes a list of unknown length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..avals import Arr, Aval, changeable, join
from ..ir import UNDEF, At, Atom, Block, Const, Loop, Var, refresh
from . import between
from .context import Frame, Lowering
from .merge import is_data
from .sharing import hold, memory, settle, unknown
from .values import Cell, Items, Ref, State, Value, is_undefined, parts, rebuild, same, same_shape

MOST_ATTEMPTS = 16

Key = tuple[str, Any]  # ("name", (frame, name)) or ("cell", Cell)
Spot = tuple[Key, tuple[int, ...]]  # a path below it: to the content of a cell, to a part of a tuple


class _Again(Exception):
    """The body must be lowered again, something having been learnt."""


@dataclass(eq=False)
class Knowledge:
    """What is learnt about a loop from one attempt to the next."""

    carried: dict[Key, None] = field(default_factory=dict)
    kinds: dict[tuple[Key, tuple[int, ...]], Aval] = field(default_factory=dict)
    models: dict[Key, Any] = field(default_factory=dict)  # for names unbound before: what they become
    contents: dict[Cell, Any] = field(default_factory=dict)  # what the cells in the models hold
    twins: dict[Spot, set[Spot]] = field(default_factory=dict)
    outside: dict[Spot, tuple[Cell, ...]] = field(default_factory=dict)
    former: dict[Spot, Cell] = field(default_factory=dict)  # what a name was bound to at the end of an iteration,
    views: dict[Spot, dict[Cell, Any]] = field(default_factory=dict)  # of which others are views then,
    holds: dict[Spot, dict[Cell, Any]] = field(default_factory=dict)  # and which lists hold
    general: set[Spot] = field(default_factory=set)  # lists of names unbound before, of which the length changes
    rebound: set[tuple[Key, tuple[int, ...]]] = field(default_factory=set)  # references to another cell each time
    stale: dict[Spot | Cell, None] = field(default_factory=dict)  # of which an iteration leaves unknown what they hold


@dataclass(eq=False)
class Carry:
    """One number or array that is carried: before, at the top, at the bottom, after."""

    init: Atom
    param: Var
    key: Key
    path: tuple[int, ...]
    result: Atom | None = None
    out: Var | None = None


def run_loop(
    lo: Lowering, frame: Frame, node: Any, *, iters: tuple[Atom, ...], item_avals: tuple[Aval, ...],
    body: Callable[[list[Var]], list[Value]], test: Callable[[], Var | Const] | None, stop: str | None,
    assigned: frozenset[str] = frozenset(), keep: frozenset[str] = frozenset(), fixed: tuple[Cell, ...] = (),
    snapshots: Atom | None = None,
) -> None:
    """Add the loop to the program; afterwards the names and cells it changed have their last values."""
    entry = lo.state
    know = Knowledge()
    for name in sorted(assigned):
        key = ("name", (frame.id, name))
        if not is_undefined(entry.names.get(key[1], UNDEF)):
            know.carried[key] = None
    outer = lo.stmts
    for attempt in range(MOST_ATTEMPTS):
        entry = looked_at(lo, frame, node, entry, know)
        lo.stmts = []
        lo.trial += attempt == 0
        try:
            work = Attempt(lo, frame, node, entry, outer, know, keep, fixed)
            work.begin()
            items = [Var(aval) for aval in item_avals]
            asks = work.lower_test(test)
            if isinstance(asks, Const) and not asks.value:  # it fails at once, whatever happened before
                return
            body(items)
            stops = work.finish(stop)
        except _Again:
            continue
        finally:
            lo.trial -= attempt == 0
            stmts, lo.stmts = lo.stmts, outer
            lo.state, reached = entry, lo.state
        if isinstance(asks, Const):
            asks = None
        lo.state = work.after(reached)
        carries = [c for c in work.carries.values() if c.out is not None]
        assert len(carries) == len(work.carries)
        results = tuple(c.param if c.result is None else c.result for c in carries)
        if stops is not None:
            results += (stops,)
        params = tuple(c.param for c in carries)
        if asks is None and not iters:
            asks = Block(tuple(Var(p.aval) for p in params), (), (Const(True),))
        place = None if frame.in_rule else frame.source.place(node)
        lo.stmts.append(
            Loop(
                tuple(c.out for c in carries if c.out is not None), (), None, tuple(c.init for c in carries), iters,
                asks, Block(params + tuple(items), tuple(stmts), results), stops=stops is not None, at=At(place),
                snapshots=snapshots,
            )
        )
        return
    raise lo.refuse(frame, node, "What this loop carries from one iteration to the next could not be worked out.")


def looked_at(lo: Lowering, frame: Frame, node: Any, entry: State, know: Knowledge) -> State:
    """The state before the loop, where views that are carried show what their bases hold now."""
    values = [entry.names.get(what) for kind, what in know.carried if kind == "name"]
    values += [Ref(what) for kind, what in know.carried if kind == "cell"]
    saved, lo.state = lo.state, entry
    try:
        while values:
            value = values.pop()
            values += parts(value) or ()
            if isinstance(value, Ref) and value.cell in entry.heap:
                settle(lo, value.cell)
                if value.cell.how is not None and not unknown(entry, value.cell):
                    lo.check_fresh(value.cell, frame, node)
                values += parts(entry.heap[value.cell]) or ()
        return lo.state
    finally:
        lo.state = saved


class Attempt:
    """The body lowered once, with what is known of the carries so far."""

    def __init__(
        self, lo: Lowering, frame: Frame, node: Any, entry: State, outer: list[Any], know: Knowledge,
        keep: frozenset[str], fixed: tuple[Cell, ...],
    ) -> None:
        self.lo, self.frame, self.node = lo, frame, node
        self.entry, self.outer, self.know, self.keep, self.fixed = entry, outer, know, keep, fixed
        self.carries: dict[Var, Carry] = {}  # by parameter
        self.top: dict[Key, Any] = {}  # each carried name's value, or cell's content, at the top
        self.heap: dict[Cell, Any] = {}  # what the cells made for the top hold there
        self.cell_of: dict[Spot, Cell] = {}
        self.left: dict[Cell, list[Cell]] = {}  # the cells after the loop, by those at the bottom of its body
        self.unknown: set[Cell] = set()  # those that are stale at the top
        self.placeholders = lo.placeholders

    # --- the top of the body ----------------------------------------------------------------------

    def begin(self) -> None:
        lo, know = self.lo, self.know
        lo.state = self.entry.copy()
        for key in know.carried:
            kind, what = key
            if kind == "cell":
                self.top[key] = lo.state.heap[what] = self.enter_content(key, (), self.entry.heap[what], False)
                continue
            value = self.entry.names.get(what, UNDEF)
            blank = is_undefined(value)
            if blank:
                value = know.models.get(key, UNDEF)
            if not is_undefined(value):
                self.top[key] = lo.state.names[what] = self.enter_value(key, (), value, blank)
        for spot, others in know.twins.items():
            self.cell_of[spot].twins += tuple(self.cell_of[k] for k in others)
        for spot, cells in know.outside.items():
            self.cell_of[spot].twins += cells
        for spot, former in know.former.items():
            self.cell_of[spot].twins += (former,)
        for spot, views in know.views.items():
            self.cell_of[spot].views += tuple(views.items())
        for spot, held in know.holds.items():
            self.cell_of[spot].holds += tuple(held.items())
        for what in know.stale:
            lo.state.stale[what if isinstance(what, Cell) else self.cell_of[what]] = None
        lo.state.heap.update(self.heap)

    def enter_value(self, key: Key, path: tuple[int, ...], value: Any, blank: bool) -> Any:
        """The value at the top of the body: a parameter for every number and array in it."""
        if is_data(value):
            param = self.enter_content(key, path, value, blank)
            if not changeable(param.aval):
                return param
            cell = Cell(param.hint)
            self.heap[cell] = param
        elif isinstance(value, Ref) and not blank and (key, path) not in self.know.rebound:
            return value
        elif isinstance(value, Ref):
            content = self.know.contents[value.cell] if blank else self.entry.heap[value.cell]
            twins = (value.cell,) if value.cell in self.entry.heap else ()
            cell = Cell(value.cell.hint, memory(value.cell), twins, value.cell.argument, holds=value.cell.holds)
            cell.once = value.cell.once
            self.heap[cell] = self.enter_content(key, (*path, 0), content, blank)
            if not blank and (unknown(self.entry, value.cell) or value.cell.stale):
                self.know.stale[key, path] = None
        else:
            return self._enter_parts(key, path, value, blank)
        self.cell_of[key, path] = cell
        return Ref(cell)

    def enter_content(self, key: Key, path: tuple[int, ...], content: Any, blank: bool) -> Any:
        if not is_data(content) and (key, path) not in self.know.general:
            return self._enter_parts(key, path, content, blank)
        kind = self.know.kinds.get((key, path))
        hint = getattr(content, "hint", None)
        if key[0] == "name" and (hint is None or not path) and not key[1][1].startswith("%"):
            hint = key[1][1]
        param = Var(kind if kind is not None else content.aval, hint)
        self.carries[param] = Carry(UNDEF if blank else content, param, key, path)
        return param

    def _enter_parts(self, key: Key, path: tuple[int, ...], value: Any, blank: bool) -> Any:
        inner = parts(value)
        if inner is None:
            return value
        return rebuild(value, [self.enter_value(key, (*path, i), p, blank) for i, p in enumerate(inner)])

    def lower_test(self, test: Callable[[], Var | Const] | None) -> Block | Const | None:
        """The test of a `while`, as a block over the carries."""
        if test is None:
            return None
        lo = self.lo
        stmts, state = lo.stmts, lo.state.copy()
        lo.stmts = []
        result = test()
        lo.stmts, asks, lo.state = stmts, lo.stmts, state
        if isinstance(result, Const):
            return Const(bool(result.value))
        return refresh(Block(tuple(self.carries), tuple(asks), (result,)))

    # --- the bottom of the body -------------------------------------------------------------------

    def finish(self, stop: str | None) -> Atom | None:
        """Compare the bottom with the top; raises `_Again` when something new was learnt."""
        lo, know, end = self.lo, self.know, self.lo.state
        if end.dead:
            raise lo.refuse(self.frame, self.node, "The body of this loop always raises.")
        learnt = self._new_carries(end) or lo.placeholders > self.placeholders
        for key in know.carried:
            kind, what = key
            if key in self.top:
                if kind == "cell":
                    learnt |= self._unify_content(key, (), self.top[key], end.heap[what])
                else:
                    learnt |= self._unify_value(key, (), self.top[key], end.names.get(what, UNDEF))
            elif not is_undefined(now := end.names.get(what, UNDEF)):
                know.models[key] = now
                self._remember(now, end)
                learnt = True
        learnt |= between.learn(self, end) or between.changed_lists(self.entry, end)
        if lo.apart and (know.former or know.holds or know.views or self._shares(end)):
            raise lo.refuse(
                self.frame, self.node, "An array that this loop binds to a name is held, or seen through a view, by others.",
                "Bind a copy (`.copy()`).",
            )
        if learnt:
            raise _Again
        for cell in self.fixed:
            if ("cell", cell) in know.carried and not isinstance(getattr(self.entry.heap[cell], "aval", None), Arr):
                raise lo.refuse(self.frame, self.node, "This list is changed while it is looped over.", "Loop over a copy.")
        asked = end.names.get((self.frame.id, stop), Const(False)) if stop is not None else Const(False)
        if isinstance(asked, Const) and not asked.value:
            return None
        return asked  # type: ignore[return-value]

    def _shares(self, end: State) -> bool:
        """Does it bind a name to an array that has another name, or leave one that another name has to that?"""

        def array(value: Any) -> Cell | None:
            return value.cell if isinstance(value, Ref) and isinstance(self.lo.known_aval(value), Arr) else None

        last = {what: cell for what, value in end.names.items() if what[0] != -1 and (cell := array(value)) is not None}
        times = Counter(last.values())
        rebound = [(now, before) for what, now in last.items() if now is not (before := array(self.entry.names.get(what)))]
        return any(now in self.entry.heap or before in times or times[now] > 1 for now, before in rebound)

    def _new_carries(self, end: State) -> bool:
        carried, before = self.know.carried, len(self.know.carried)
        for what, value in self.entry.names.items():
            if what[0] == -1 or is_undefined(value) or what[1].startswith(("%stop", "%left")):
                continue
            if not same(value, end.names.get(what, UNDEF)):
                carried["name", what] = None
        for cell, content in self.entry.heap.items():
            if not same(content, end.heap.get(cell)):
                carried["cell", cell] = None
        wanted = {(self.frame.id, name) for name in (*self.keep, "%return")} | self.lo.wanted
        for what, value in end.names.items():
            if what in wanted and is_undefined(self.entry.names.get(what, UNDEF)) and not is_undefined(value):
                carried["name", what] = None
        return len(carried) > before

    def _remember(self, value: Any, end: State) -> None:
        """Keep what the cells in a model hold: the next attempt starts from it."""
        if isinstance(value, Ref):
            self.know.contents[value.cell] = end.heap[value.cell]
            self._remember(end.heap[value.cell], end)
        for part in parts(value) or ():
            self._remember(part, end)

    def _unify_value(self, key: Key, path: tuple[int, ...], top: Any, now: Any) -> bool:
        """Is the bottom of the same make as the top?  Sets the results of the carries."""
        if isinstance(top, Ref) and top.cell in self.heap:
            content = self.heap[top.cell]
            if is_data(content):
                return self._pair(content, self._atom(now))
            if isinstance(now, Ref):
                return self._unify_content(key, (*path, 0), content, self.lo.state.heap[now.cell])
            return self._generalise(key, path)
        if isinstance(top, Var) and top in self.carries:
            return self._pair(top, self._atom(now))
        if isinstance(top, Ref) and not same(top, now):
            self.know.rebound.add((key, path))
            return True
        return self._unify_parts(key, path, top, now)

    def _unify_content(self, key: Key, path: tuple[int, ...], top: Any, now: Any) -> bool:
        if isinstance(top, Var) and top in self.carries:
            return self._pair(top, now if is_data(now) else self._atom(self.lo.cell(now)))
        return self._unify_parts(key, path, top, now)

    def _unify_parts(self, key: Key, path: tuple[int, ...], top: Any, now: Any) -> bool:
        if same(top, now):
            return False
        if not same_shape(top, now):
            return self._generalise(key, path, now)
        pairs = zip(parts(top) or (), parts(now) or (), strict=True)
        return any([self._unify_value(key, (*path, i), p, q) for i, (p, q) in enumerate(pairs)])

    def _pair(self, param: Var, now: Atom) -> bool:
        carry = self.carries[param]
        carry.result = now
        kind = param.aval
        for atom in (carry.init, now):
            if not is_undefined(atom):
                kind = join(kind, atom.aval)
        if is_undefined(carry.init) and not is_undefined(now) and (carry.key, carry.path) not in self.know.kinds:
            kind = now.aval
        if kind != param.aval:
            self.know.kinds[carry.key, carry.path] = kind
        return kind != param.aval

    def _atom(self, value: Any) -> Atom:
        if is_undefined(value):
            return value
        content = self.lo.state.heap[value.cell] if isinstance(value, Ref) else None
        if isinstance(value, Ref) and isinstance(content, Var) and unknown(self.lo.state, value.cell):
            return content  # never read: it is stale at the top of the body, too
        return self.lo.atom(value, self.frame, self.node)

    def _generalise(self, key: Key, path: tuple[int, ...], now: Any = None) -> bool:
        """A list whose length changes becomes one value of the IR, from before the loop on."""
        unbound = key[0] == "name" and is_undefined(self.entry.names.get(key[1], UNDEF))
        if unbound and isinstance(now, Items) and (key, path) not in self.know.general:
            self.know.general.add((key, path))
            self.know.kinds[key, path] = self._atom(self.lo.cell(now)).aval
            return True
        lo, (kind, what) = self.lo, key
        cell = self._cell_at(key, path)
        content = self.entry.heap.get(cell) if cell is not None else None
        if cell is None or content is None or is_data(content):
            raise lo.refuse(
                self.frame, self.node,
                f"What `{what[1] if kind == 'name' else what.hint or 'a container'}` is, changes from one iteration to the next.",
                "Keep it of one kind: a number, an array, or a list whose items are alike.",
            )
        saved = lo.state, lo.stmts
        lo.state, lo.stmts = self.entry, self.outer
        try:
            hold(cell, lo.held_by(Ref(cell)))
            self.entry.heap[cell] = lo.atom(Ref(cell), self.frame, self.node)
        finally:
            lo.state, lo.stmts = saved
        return True

    def _cell_at(self, key: Key, path: tuple[int, ...]) -> Cell | None:
        """The cell, before the loop, whose content or whose reference stands at a path."""
        kind, what = key
        found = what if kind == "cell" else None
        value = self.entry.heap.get(what) if kind == "cell" else self.entry.names.get(what, UNDEF)
        for i in path:
            if isinstance(value, Ref):
                found, value = value.cell, self.entry.heap.get(value.cell)
            else:
                inner = parts(value) or ()
                value = inner[i] if i < len(inner) else None
        return value.cell if isinstance(value, Ref) else found

    # --- after the loop ---------------------------------------------------------------------------

    def after(self, reached: State) -> State:
        state = self.entry.copy()
        state.stale.update(dict.fromkeys(c for c in self.know.stale if isinstance(c, Cell)))
        self.unknown = {self.cell_of[spot] for spot in self.know.stale if not isinstance(spot, Cell)}
        for key, top in self.top.items():
            kind, what = key
            if kind == "name":
                state.names[what] = self._leave(top, state, reached.names.get(what), reached)
            else:
                state.heap[what] = self._leave(top, state, reached.heap.get(what), reached)
        for what in [w for w in state.names if w[0] == -1 and w not in reached.names]:
            del state.names[what]
        for group in self.left.values():  # one array at the bottom of the body: one after it, if it ever ran
            for cell in group:
                cell.twins += tuple(c for c in group if c is not cell)
        return state

    def _leave(self, top: Any, state: State, end: Any, reached: State) -> Any:
        """What stands after the loop for `top` at the top of the body and `end` at the bottom."""
        if isinstance(top, Ref) and top.cell in self.heap:
            ends = (end.cell,) if isinstance(end, Ref) else ()
            former = self.know.former.values()
            known = tuple(t for t in (*top.cell.twins, *ends) if t in self.entry.heap or t in former)
            if isinstance(end, Ref):
                known += tuple(c for c in between.borrowed(self.know, self.entry, end.cell) if c not in known)
            cell = Cell(top.cell.hint, top.cell.views, known, top.cell.argument, holds=top.cell.holds)
            cell.once = top.cell.once
            if top.cell in self.unknown:
                state.stale[cell] = None
            if isinstance(end, Ref):
                self.left.setdefault(end.cell, []).append(cell)
            content = reached.heap.get(end.cell) if isinstance(end, Ref) else None
            state.heap[cell] = self._leave(self.heap[top.cell], state, content, reached)
            return Ref(cell)
        if isinstance(top, Var) and top in self.carries:
            carry = self.carries[top]
            if carry.out is None:
                carry.out = Var(top.aval, top.hint)
            return carry.out
        inner = parts(top)
        if inner is None:
            return top
        alike = end is not None and same_shape(top, end)
        bottom = parts(end) or () if alike else (None,) * len(inner)
        return rebuild(top, [self._leave(p, state, e, reached) for p, e in zip(inner, bottom, strict=True)])
