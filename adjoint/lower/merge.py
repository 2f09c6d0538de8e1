"""What holds after an `if`: the two states of its branches made one.

Where the branches differ in a number or an array, the `if` gets a result for it.  Where they differ
in something the IR has no value for (two functions, two dicts with different keys), the difference is
kept as a `Choice` by the test, and whoever uses it asks the test again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..avals import Arr, Aval, join
from ..ir import UNDEF, Apply, At, Atom, Const, Stmt, Var, defined
from . import layout
from .context import Frame, Lowering
from .sharing import ancestors, family, hold, memory, outdated, reachable, roots, settle, unknown
from .values import (
    Attributes, Cell, Choice, Chosen, Entries, Items, TORN, Ref, Rest, State, Stream, Value, View, is_undefined, parts, rebuild,
    same, same_shape,
)


MOST_CHOICES = 4  # of one array, one after the other: what is read of it doubles with each


def is_data(value: Any) -> bool:
    """May this be a value of the IR?  Numbers, strings, None: yes.  Functions, modules: no."""
    if isinstance(value, Var):
        return True
    return isinstance(value, Const) and (
        is_undefined(value) or isinstance(value.value, bool | int | float | complex | str | type(None) | slice)
    )


def is_array(content: Any) -> bool:
    return isinstance(content, Var) and isinstance(content.aval, Arr) and not content.aval.boxed


class Merge:
    """One merge: collects the results of both branches while values are merged."""

    def __init__(
        self, lo: Lowering, frame: Frame, node: Any, test: Atom,
        then: tuple[State, list[Stmt]], orelse: tuple[State, list[Stmt]],
    ) -> None:
        self.lo, self.frame, self.node, self.test = lo, frame, node, test
        self.sides = [then, orelse]
        self.outs: list[Var] = []
        self.results: tuple[list[Atom], list[Atom]] = ([], [])
        self.atoms: dict[tuple[int, int], Atom] = {}
        self.cells: dict[tuple[int, int], Ref] = {}
        self.known: dict[tuple[int, int], tuple[Any, Any]] = {}
        self.exported: dict[Cell, Any] = {}  # cells of one side only, as they stand after the `if`
        self.chosen: list[tuple[Cell, Cell, Cell]] = []  # cells that are one of two arrays
        self.state = State()

    def merged_state(self, base: State) -> State:
        self.base = base
        (first, _), (second, _) = self.sides
        self.state.dead = first.dead and second.dead
        if self.state.dead:
            return State(dict(base.names), dict(base.heap), True)
        for side in (first, second):
            self.state.stale.update(side.stale if not side.dead else {})
        heap = self.state.heap
        shown = {  # does it show its base on each side?  asked now: what is merged below may look at it again on one of them
            cell: all(s.dead or cell not in s.heap or not outdated(s, cell) for s in (first, second))
            for cell in first.seen | second.seen
        }
        for cell in {**first.heap, **second.heap}:
            a, b = first.heap.get(cell), second.heap.get(cell)
            if a is None or b is None:
                heap[cell] = a if b is None else b  # type: ignore[assignment]
            elif a is b or (first.dead and a is base.heap.get(cell)) :
                heap[cell] = b
            elif second.dead:
                heap[cell] = a if cell not in base.heap else self.content(a, UNDEF)
            elif first.dead:
                heap[cell] = self.content(UNDEF, b)
            elif cell.once and not (is_data(a) and is_data(b)) and not same_shape(a, b):
                heap[cell] = Rest(None)  # more was taken on one side than on the other
            else:
                self.keep_held(cell, a, b)
                heap[cell] = self.content(a, b)
        for key in {**first.names, **second.names}:
            x, y = first.names.get(key, UNDEF), second.names.get(key, UNDEF)
            if key[0] == -1 and (key not in first.names or key not in second.names):
                continue
            self.state.names[key] = self.value(x, y)
        heap.update(self.exported)
        for cell, fresh in shown.items():
            self.state.seen[cell] = roots(self.state, cell) if fresh else ()
        return self.state

    def keep_held(self, cell: Cell, x: Any, y: Any) -> None:
        """A list that is known item by item on each side, and one value afterwards, still holds its arrays."""
        if isinstance(x, Items) and isinstance(y, Items) and same_shape(x, y):
            return
        for (state, _), content in zip(self.sides, (x, y), strict=True):
            if isinstance(content, Items):
                saved, self.lo.state = self.lo.state, state
                try:
                    hold(cell, [h for item in content.items for h in self.lo.held_by(item)])
                finally:
                    self.lo.state = saved

    def value(self, a: Value, b: Value) -> Value:
        dead = (self.sides[0][0].dead, self.sides[1][0].dead)
        if a is b or (not any(dead) and same(a, b)):
            return a
        if (a is TORN and not dead[0]) or (b is TORN and not dead[1]):
            return TORN
        if same(a, b):
            return a
        if any(dead):  # only one side comes here
            return self.kept(1, b) if dead[0] else self.kept(0, a)
        if is_data(a) and is_data(b):
            return self.atom(a, b)  # type: ignore[arg-type]
        if is_undefined(a) or is_undefined(b):
            return self.half(a, b)
        if isinstance(a, Ref) and isinstance(b, Ref):
            return self.reference(a, b)
        if same_shape(a, b):
            return rebuild(a, [self.value(m, n) for m, n in zip(parts(a) or (), parts(b) or (), strict=True)])
        x, y = self.plain(0, a), self.plain(1, b)
        if x is not None and y is not None:
            out = self.atom(x, y)
            twins = tuple(v.cell for v in (a, b) if isinstance(v, Ref))
            cell = Cell(twins=twins)
            self.state.heap[cell] = out
            self.keep_stale(cell, a, b)
            return Ref(cell)
        return Choice(self.test, self.kept(0, a), self.kept(1, b))

    def kept(self, side: int, value: Any) -> Any:
        """A value as its side has it: what the branch computed for it becomes a result of the `if`."""
        if isinstance(value, Var):
            if not any(value in defined(s) for s in self.sides[side][1]):
                return value
            return self.atom(UNDEF, value) if side else self.atom(value, UNDEF)
        if isinstance(value, Ref):
            if value.cell not in self.sides[1 - side][0].heap and value.cell not in self.exported:
                content = self.sides[side][0].heap[value.cell]
                self.exported[value.cell] = content  # it may hold itself
                self.exported[value.cell] = self.state.heap[value.cell] = self.kept(side, content)
            return value
        inner = parts(value)
        if inner is None:
            return value
        if (side, id(value)) not in self.known:  # choices share parts: looked at once
            new = [self.kept(side, p) for p in inner]
            same_parts = all(p is q for p, q in zip(inner, new, strict=True))
            self.known[side, id(value)] = value, value if same_parts else rebuild(value, new)
        return self.known[side, id(value)][1]

    def plain(self, side: int, value: Value) -> Atom | None:
        """The atom behind a value, if there is one."""
        if is_data(value):
            return value  # type: ignore[return-value]
        if isinstance(value, Ref):
            content = self.sides[side][0].heap[value.cell]
            if is_data(content):
                return content  # type: ignore[return-value]
        return None

    def half(self, a: Value, b: Value) -> Value:
        """A value that one side does not have."""
        value, side = (b, 1) if is_undefined(a) else (a, 0)
        if isinstance(value, Ref):
            key = (id(value.cell), side)
            if key not in self.cells:
                self.freshen(side, value.cell)
                cell = Cell(value.cell.hint, memory(value.cell), (value.cell,), value.cell.argument)
                cell.readonly, cell.once = value.cell.readonly, value.cell.once
                self.cells[key] = Ref(cell)
                content = self.sides[side][0].heap[value.cell]
                self.state.heap[cell] = self.content(UNDEF, content) if side else self.content(content, UNDEF)
                self.keep_stale(cell, a, b)
            return self.cells[key]
        inner = parts(value)
        if inner is None or isinstance(value, Choice):
            return self.kept(side, value)
        return rebuild(value, [self.value(UNDEF, p) if side else self.value(p, UNDEF) for p in inner])

    def reference(self, a: Ref, b: Ref) -> Value:
        key = (id(a.cell), id(b.cell))
        if key not in self.cells:
            self.freshen(0, a.cell)
            self.freshen(1, b.cell)
            x, y = self.sides[0][0].heap[a.cell], self.sides[1][0].heap[b.cell]
            if not self.mergeable(x, y):
                return Choice(self.test, self.kept(0, a), self.kept(1, b))
            cell = Cell(a.cell.hint or b.cell.hint, memory(a.cell) + memory(b.cell), (a.cell, b.cell))
            self.cells[key] = Ref(cell)
            self.keep_held(cell, x, y)
            hold(cell, (*a.cell.holds, *b.cell.holds))
            cell.stale = a.cell.stale or b.cell.stale
            self.state.heap[cell] = self.content(x, y)
            cell.readonly, cell.once = a.cell.readonly or b.cell.readonly, a.cell.once
            cell.made = layout.Either((a.cell, b.cell))
            if not self.keep_stale(cell, a, b) and all(is_array(c) for c in (x, y)) and not cell.readonly:
                self.chosen.append((cell, a.cell, b.cell))
        return self.cells[key]

    # --- one of two arrays -------------------------------------------------------------------------

    def keep_stale(self, cell: Cell, *values: Value) -> bool:
        """Is what a merged array holds unknown, since it, or what it is made from, was on one side?"""
        stale = any(
            isinstance(v, Ref) and unknown(state, v.cell)
            for v, (state, _) in zip(values, self.sides, strict=True) if not state.dead
        )
        if stale:
            self.state.stale[cell] = None
        return stale

    def freshen(self, side: int, cell: Cell) -> None:
        """Look at a view again at the end of its branch: afterwards its base is another value."""
        if cell.how is None or unknown(self.sides[side][0], cell):
            return
        lo = self.lo
        saved = lo.state, lo.stmts
        lo.state, lo.stmts = self.sides[side]
        try:
            lo.check_fresh(cell, self.frame, self.node)
            self.sides[side] = lo.state, lo.stmts
        finally:
            lo.state, lo.stmts = saved

    def tell_apart(self, value: Value) -> None:
        """What may be one of two arrays that the program can reach otherwise, too, asks the test when it is written to."""
        if not self.chosen:
            return
        for cell, _, _ in self.chosen:
            cell.views = ()
        reached = reachable(self.state, value)
        sides = {cell: family(Cell(twins=(a, b))) | ancestors(a) | ancestors(b) for cell, a, b in self.chosen}
        for cell, a, b in self.chosen:
            others = reached.union(*(both for c, both in sides.items() if c is not cell))
            if others.isdisjoint(sides[cell]):
                continue
            if 1 + max(choices(a), choices(b)) > MOST_CHOICES:  # the text would double with each
                cell.views = memory(a) + memory(b)
                continue
            then, orelse = self.outside(0, a), self.outside(1, b)
            if then is None or orelse is None:
                cell.views = memory(a) + memory(b)
                continue
            heap = self.state.heap
            cell.how = Chosen(self.test, then, orelse, self.frame, self.node)
            cell.views = ((then, heap[then]), (orelse, heap[orelse]))
            cell.twins = tuple(dict.fromkeys((a, b, then, orelse)))
            self.state.seen[cell] = roots(self.state, cell)

    def outside(self, side: int, cell: Cell) -> Cell | None:
        """The cell of one branch as the program has it afterwards, with all that it is made from; None if that is lost."""
        if cell in self.base.heap:
            return cell
        settle(self.lo, cell)
        if cell.views and not isinstance(cell.how, View):
            return None
        found = self.half(UNDEF, Ref(cell)) if side else self.half(Ref(cell), UNDEF)
        assert isinstance(found, Ref)
        if isinstance(cell.how, View) and found.cell.how is None:
            base = self.outside(side, cell.how.base)
            if base is None:
                return None
            args = tuple(self.kept(side, a) for a in cell.how.args)
            only = ((self.test, side == 0), *((self.kept(side, test), went) for test, went in cell.how.only))
            found.cell.how = replace(cell.how, base=base, args=args, only=only)
            found.cell.views = ((base, self.state.heap[base]),)
            self.state.seen[found.cell] = roots(self.state, found.cell)
            found.cell.made = cell.made
        return found.cell

    def mergeable(self, x: Any, y: Any) -> bool:
        if is_data(x) and is_data(y):
            return True
        if isinstance(x, Rest | Stream) or isinstance(y, Rest | Stream):
            return False
        if isinstance(x, Entries | Attributes) or isinstance(y, Entries | Attributes):
            return same_shape(x, y) or (
                isinstance(x, Attributes) and isinstance(y, Attributes) and x.whole is y.whole and x.whole is not None
            )
        return True

    def content(self, x: Any, y: Any) -> Any:
        if x is y:
            return x
        if x is TORN or y is TORN:
            return TORN
        if is_data(x) and is_data(y):
            return self.atom(x, y)
        if is_undefined(x) or is_undefined(y):
            known, side = (y, 1) if is_undefined(x) else (x, 0)
            if isinstance(known, Stream):
                return known
            inner = parts(known) or ()
            return rebuild(known, [self.value(UNDEF, p) if side else self.value(p, UNDEF) for p in inner])
        if same_shape(x, y):
            return rebuild(x, [self.value(m, n) for m, n in zip(parts(x) or (), parts(y) or (), strict=True)])
        if isinstance(x, Attributes) and isinstance(y, Attributes) and x.cls is y.cls and x.whole is y.whole:
            return self.attributes(x, y)
        if isinstance(x, Items | Var | Const) and isinstance(y, Items | Var | Const):
            return self.atom(self.built(0, x), self.built(1, y))
        raise self.lo.refuse(
            self.frame, self.node, "A container has different keys after the two branches of this.",
            "Give it the same keys on both, or decide with a constant.",
        )

    def attributes(self, x: Attributes, y: Attributes) -> Attributes:
        """Attributes that only one side assigned are read from the object on the other."""
        names = list(dict.fromkeys([k for k, _ in x.entries] + [k for k, _ in y.entries]))
        ends = (dict(x.entries), dict(y.entries))
        merged = []
        for name in names:
            both = []
            for side, known in enumerate(ends):
                if name not in known and x.whole is not None:
                    out = Var(hint=name)
                    self.sides[side][1].append(Apply((out,), getattr, (x.whole, Const(name)), (), At()))
                    known[name] = out
                both.append(known.get(name, UNDEF))
            merged.append((name, self.value(both[0], both[1])))
        return Attributes(x.cls, tuple(merged), x.whole)

    def built(self, side: int, content: Any) -> Atom:
        """The content as one value of the IR, built at the end of its branch."""
        if isinstance(content, Var | Const):
            return content
        lo = self.lo
        saved = lo.state, lo.stmts
        lo.state, lo.stmts = self.sides[side]
        try:
            return lo.atom(lo.cell(content), self.frame, self.node)
        finally:
            lo.state, lo.stmts = saved

    def atom(self, a: Atom, b: Atom) -> Atom:
        if same(a, b):
            return a
        key = (id(a), id(b))
        if key not in self.atoms:
            out = Var(joined(a, b), hint_of(a, b))
            self.outs.append(out)
            self.results[0].append(a)
            self.results[1].append(b)
            self.atoms[key] = out
        return self.atoms[key]


def choices(cell: Cell) -> int:
    """How many tests must be asked, at most, to know which array this is."""
    match cell.how:
        case Chosen():
            return 1 + max(choices(cell.how.then), choices(cell.how.orelse))
        case View():
            return choices(cell.how.base)
    return 0


def joined(a: Atom, b: Atom) -> Aval:
    if is_undefined(a):
        return b.aval
    return a.aval if is_undefined(b) else join(a.aval, b.aval)


def hint_of(a: Atom, b: Atom) -> str | None:
    hints = [v.hint for v in (a, b) if isinstance(v, Var) and v.hint is not None]
    return hints[0] if hints and all(h == hints[0] for h in hints) else None
