"""Loops over things: what can be iterated over, item by item or by an index.

Items that are known one by one (a tuple, the entries of a dict, a list of layers with different
shapes) are unrolled: the body is lowered once for each.  Everything else becomes a loop over a range,
whose body reads item `i` itself, so that the reverse sweep adds into that place of the cotangent.
"""

from __future__ import annotations

import ast
import contextlib
import operator
from collections.abc import Callable, Iterator
from typing import Any

import gast

from .. import runtime
from ..avals import ANY, BOOL, INT, Arr, Obj, Parts, Seq, item_of
from ..errors import Unsupported
from ..ir import Atom, Const, Var
from . import queues, streams
from .context import Frame, Lowering
from .loops import run_loop
from .values import Attributes, Cell, Choice, Entries, Items, Iteration, Ref, Tuple, Value

LONGEST_KNOWN = 8  # the items of an array of up to this length are known one by one
LONGEST_UNROLLED = 64  # items that are alike are looped over from this number on
MOST_UNROLLED = 2000  # bodies, in all


def known_items(lo: Lowering, frame: Frame, node: Any, value: Value) -> list[Value] | None:
    """The items, when it is known what each of them is.  Who asks an iterator takes them all."""
    if isinstance(value, Ref) and value.cell.once:
        left = known_items(lo, frame, node, streams.peeked(lo, frame, node, value))
        if left is not None:
            streams.leave(lo, value, ())
        return left
    match value:
        case Tuple():
            return list(value.items)
        case Var(aval=Parts(items=items)):
            return [item(lo, frame, node, value, Const(i)) for i in range(len(items))]
        case Const(value=obj) if isinstance(obj, str | tuple | frozenset | set):
            return [Const(x) for x in obj]
        case Const(value=obj) if isinstance(obj, type) and hasattr(obj, "__members__"):
            return [Const(x) for x in obj]  # type: ignore[attr-defined]
        case Ref(cell):
            content = lo.state.heap[cell]
            if isinstance(content, Attributes):
                return known_items(lo, frame, node, iterated(lo, frame, node, value))
            if isinstance(content, Items):
                return list(content.items)
            if isinstance(content, Const) and isinstance(content.value, set | frozenset):
                return [Const(k) for k in content.value]
            if isinstance(content, Entries):
                return [Const(k) for k, _ in content.entries]
            atom = content
            if isinstance(atom, Var) and isinstance(atom.aval, Parts):
                return [item(lo, frame, node, value, Const(i)) for i in range(len(atom.aval.items))]
            if isinstance(atom, Var) and (shape := getattr(atom.aval, "shape", None)) and isinstance(shape[0], int):
                if shape[0] <= LONGEST_KNOWN:
                    return [item(lo, frame, node, value, Const(i)) for i in range(shape[0])]
        case Iteration(length=Const(value=int(length)), item=read, unrolled=True):
            assert read is not None
            return [read(Const(i)) for i in range(length)]
    return None


def known_length(lo: Lowering, value: Value) -> int | None:
    """How many items `known_items` has of a list, a dict or an array."""
    content = lo.state.heap[value.cell] if isinstance(value, Ref) else None
    match content:
        case Items(items=items):
            return len(items)
        case Entries(entries=entries):
            return len(entries)
        case Var(aval=Parts(items=items)):
            return len(items)
        case Var(aval=Arr(shape=(int(n), *_))) if n <= LONGEST_KNOWN:
            return n
    return None


def live(
    lo: Lowering, frame: Frame, node: Any, value: Ref, n: int, of: Callable[[], list[Value]] | None = None
) -> Iteration:
    """The `n` items of a list, a dict or an array, each read when its turn comes: the body may assign to them.

    `of` gives the items, where they are not those of `value` itself (`d.items()`).
    """

    def read(i: Var | Const) -> Value:
        assert isinstance(i, Const)
        if known_length(lo, value) != n:
            raise lo.refuse(frame, node, "The length of this changes while it is looped over.", "Loop over a copy.")
        if i.value >= n:
            return Const(None)
        content = lo.state.heap[value.cell]
        if isinstance(content, Items | Entries):
            now = of() if of is not None else known_items(lo, frame, node, value)
            assert now is not None
            return now[i.value]
        return item(lo, frame, node, value, i)

    general = lambda: Iteration(Const(n), lambda i: item(lo, frame, node, value, i), None, (value.cell,))
    return Iteration(Const(n), read, None, (value.cell,), unrolled=True, general=general if of is None else None)


def item(lo: Lowering, frame: Frame, node: Any, value: Value, i: Var | Const) -> Value:
    from .expressions import subscript

    return subscript(lo, frame, node, value, i)


def iteration_of(lo: Lowering, frame: Frame, node: Any, value: Value) -> Iteration:
    """How to loop over `value`."""
    from .control import length_of

    value = streams.taken(lo, frame, node, value)
    match value:
        case Iteration():
            return value
        case Const(value=range()):
            return Iteration(None, None, value)
        case Var() if value.aval == Obj(range):
            return Iteration(None, None, value)
        case Ref(cell):
            content = lo.state.heap[cell]
            if isinstance(content, Attributes):
                return iteration_of(lo, frame, node, iterated(lo, frame, node, value))
            if isinstance(content, Var) and content.aval in (Obj(dict), Obj(set), Obj(frozenset)):
                keys = lo.apply(runtime.keys, [value], frame=frame, node=node, effect=False, aval=Seq(ANY))
                return iteration_of(lo, frame, node, keys)
            return Iteration(length_of(lo, frame, node, value), lambda i: item(lo, frame, node, value, i), None, (cell,))
        case Tuple():
            return Iteration(Const(len(value.items)), lambda i: item(lo, frame, node, value, i))
        case Var() | Const():
            return Iteration(length_of(lo, frame, node, value), lambda i: item(lo, frame, node, value, i))
    raise lo.refuse(frame, node, "This cannot be looped over.", "Loop over a range, a list or an array.")


def iterated(lo: Lowering, frame: Frame, node: Any, value: Ref) -> Value:
    """What looping over an object gives: what its `__iter__` returns, or its items from 0 on."""
    from . import calls

    content = lo.state.heap[value.cell]
    assert isinstance(content, Attributes)
    if content.cls is queues.Queue:
        return queues.items(lo.state, value)
    if hasattr(content.cls, "__iter__"):
        return calls.call_special(lo, frame, node, value, "__iter__", [])
    if hasattr(content.cls, "__getitem__") and hasattr(content.cls, "__len__"):
        length = calls.call_special(lo, frame, node, value, "__len__", [])
        if isinstance(length, Var | Const):
            return Iteration(length, lambda i: item(lo, frame, node, value, i))
    raise lo.refuse(frame, node, f"An object of `{content.cls.__name__}` is looped over.", "Loop over a list.")


def alike(lo: Lowering, frame: Frame, node: Any, values: list[Value]) -> None:
    """`zip(..., strict=True)` raises where the lengths differ; here before anything is taken."""
    from .control import choose

    if any(map(streams.is_iterator, values)):
        raise lo.refuse(frame, node, "How many items an iterator has left is not known here.", "Make a list of it (`list(...)`).")
    first, *others = [length_of_iteration(lo, frame, node, iteration_of(lo, frame, node, v)) for v in values]
    for k, n in enumerate(others, 2):
        fails = lambda k=k: lo.raises(frame, node, ValueError, f"zip() argument {k} is not as long as argument 1")
        if isinstance(first, Const) and isinstance(n, Const):
            test: Value = Const(first.value == n.value)
        else:
            test = lo.apply(operator.eq, [first, n], frame=frame, node=node, effect=False, aval=BOOL)
        choose(lo, frame, node, test, lambda: Const(None), fails)


def zipped(lo: Lowering, frame: Frame, node: Any, values: list[Value]) -> Value:
    """`zip(...)`: tuples one by one where everything is known, otherwise as an iteration over a range."""
    if any(map(streams.is_iterator, values)):
        return zipped_iterators(lo, frame, node, values)
    known = [known_of_zip(lo, frame, node, v) for v in values]
    if known and all(k is not None for k in known):
        if all(isinstance(k, list) for k in known):
            rows = zip(*(k for k in known if isinstance(k, list)), strict=False)
            return listed(lo, frame, node, [Tuple(row) for row in rows])
        parts = [k if isinstance(k, Iteration) else listed(lo, frame, node, k or []) for k in known]
        n = min(p.length.value for p in parts if isinstance(p.length, Const))
        return Iteration(
            Const(n), lambda i: Tuple(tuple(item_of_iteration(lo, frame, node, p, i) for p in parts)), None,
            tuple(c for p in parts for c in p.cells), unrolled=True,
            general=lambda: side_by_side(lo, frame, node, [in_general(lo, frame, node, p) for p in parts]),
        )
    return side_by_side(lo, frame, node, [in_general(lo, frame, node, iteration_of(lo, frame, node, v)) for v in values])


def in_general(lo: Lowering, frame: Frame, node: Any, it: Iteration) -> Iteration:
    """The same, to be asked for any item."""
    if not it.unrolled:
        return it
    if it.general is None:
        raise lo.refuse(frame, node, "The items of this differ in kind, and are looped over beside others.", "Make a list of them.")
    return it.general()


def side_by_side(lo: Lowering, frame: Frame, node: Any, each: list[Iteration]) -> Iteration:
    lengths = [length_of_iteration(lo, frame, node, it) for it in each]
    shortest = smallest(lo, frame, node, lengths)
    cells = tuple(c for it in each for c in it.cells)
    return Iteration(shortest, lambda i: Tuple(tuple(item_of_iteration(lo, frame, node, it, i) for it in each)), None, cells)


def zipped_iterators(lo: Lowering, frame: Frame, node: Any, values: list[Value]) -> Value:
    """`zip(it, it)`: steps through the iterators in turn, and leaves what is left."""
    own = {v.cell: v for v in values if isinstance(v, Ref) and v.cell.once}
    places = [own.get(v.cell, v) if isinstance(v, Ref) else v for v in values]  # an iterator is one value wherever it stands
    some = list(dict.fromkeys(places))
    each = [streams.peeked(lo, frame, node, v) if isinstance(v, Ref) and v.cell in own else v for v in some]
    known = [numbers(v) or known_items(lo, frame, node, v) for v in each]
    order = [some.index(v) for v in places]
    if all(k is not None for k in known):
        rows, left = streams.in_turn([k or [] for k in known], order)
        for value, rest in zip(some, left, strict=True):
            if streams.is_iterator(value):
                streams.leave(lo, value, tuple(rest))
        return listed(lo, frame, node, [Tuple(row) for row in rows])
    if len(some) < len(places) and len(own) < sum(map(streams.is_iterator, values)):
        raise lo.refuse(
            frame, node, "How many items this iterator has is not known when the gradient is built, and it is stepped through.",
            "Make a list of it (`list(...)`), and use slices of that.",
        )
    for value in own.values():
        streams.leave(lo, value, None)
    return zipped(lo, frame, node, [each[k] for k in order])


def numbers(value: Value) -> list[Value] | None:
    """The items of a range that is not long."""
    if isinstance(value, Const) and isinstance(value.value, range) and len(value.value) <= LONGEST_UNROLLED:
        return [Const(i) for i in value.value]
    return None


def turn_by_turn(lo: Lowering, frame: Frame, node: Any, value: Value) -> list[Value] | Iteration | None:
    """The items, when it is known what each of them is; as an iteration, where a loop may change them."""
    if isinstance(value, Iteration) and value.unrolled:
        return value
    n = known_length(lo, value)
    if n is not None and isinstance(value, Ref):
        return live(lo, frame, node, value, n)
    return known_items(lo, frame, node, value)


def listed(lo: Lowering, frame: Frame, node: Any, items: list[Value]) -> Iteration:
    """Items that are there, one by one."""

    def read(i: Var | Const) -> Value:
        assert isinstance(i, Const)
        return items[i.value] if i.value < len(items) else Const(None)

    general = lambda: Iteration(Const(len(items)), lambda i: item(lo, frame, node, Tuple(tuple(items)), i))
    return Iteration(Const(len(items)), read, unrolled=True, general=general)


def known_of_zip(lo: Lowering, frame: Frame, node: Any, value: Value) -> list[Value] | Iteration | None:
    known = turn_by_turn(lo, frame, node, value)
    if known is None and isinstance(value, Const) and isinstance(value.value, range) and len(value.value) <= 16:
        return [Const(i) for i in value.value]
    return known


def enumerated(lo: Lowering, frame: Frame, node: Any, value: Value, start: Value) -> Value:
    known = turn_by_turn(lo, frame, node, value)
    if isinstance(known, Iteration) and isinstance(start, Const):
        first, each, n = start.value, known, known.length
        number_of = lambda i: Const(first + i.value)
        return Iteration(
            n, lambda i: Tuple((number_of(i), item_of_iteration(lo, frame, node, each, i))), None, each.cells, unrolled=True,
            general=lambda: numbered(lo, frame, node, in_general(lo, frame, node, each), start),
        )
    if isinstance(known, list) and isinstance(start, Const):
        return listed(lo, frame, node, [Tuple((Const(start.value + i), v)) for i, v in enumerate(known)])
    return numbered(lo, frame, node, iteration_of(lo, frame, node, value), start)


def numbered(lo: Lowering, frame: Frame, node: Any, it: Iteration, start: Value) -> Iteration:
    def pair(i: Var | Const) -> Value:
        number: Value = i
        if not (isinstance(start, Const) and start.value == 0):
            number = lo.apply(operator.add, [i, start], frame=frame, node=node)
        return Tuple((number, item_of_iteration(lo, frame, node, it, i)))

    return Iteration(length_of_iteration(lo, frame, node, it), pair, None, it.cells)


def reversed_(lo: Lowering, frame: Frame, node: Any, value: Value) -> Value:
    known = turn_by_turn(lo, frame, node, value)
    if isinstance(known, Iteration):
        assert isinstance(known.length, Const)
        each, last = known, known.length.value - 1
        from_last = lambda i: item_of_iteration(lo, frame, node, each, Const(last - i.value if i.value <= last else i.value))
        return Iteration(
            known.length, from_last, None, known.cells, unrolled=True,
            general=lambda: backwards(lo, frame, node, in_general(lo, frame, node, each)),
        )
    if known is not None:
        return listed(lo, frame, node, known[::-1])
    if isinstance(value, Const) and isinstance(value.value, range):
        return Const(value.value[::-1])
    if isinstance(value, Var) and value.aval == Obj(range):
        return lo.apply(operator.getitem, [value, Const(slice(None, None, -1))], frame=frame, node=node, effect=False)
    return backwards(lo, frame, node, iteration_of(lo, frame, node, value))


def backwards(lo: Lowering, frame: Frame, node: Any, it: Iteration) -> Iteration:
    n = length_of_iteration(lo, frame, node, it)

    def from_end(i: Var | Const) -> Value:
        back = lo.apply(operator.sub, [n, i], frame=frame, node=node)
        last = lo.apply(operator.sub, [back, Const(1)], frame=frame, node=node)
        return item_of_iteration(lo, frame, node, it, last)  # type: ignore[arg-type]

    return Iteration(n, from_end, None, it.cells)


def length_of_iteration(lo: Lowering, frame: Frame, node: Any, it: Iteration) -> Var | Const:
    if it.length is not None:
        return it.length
    if isinstance(it.sequence, Const):
        return Const(len(it.sequence.value))
    assert it.sequence is not None
    return lo.apply(len, [it.sequence], frame=frame, node=node, effect=False, aval=INT)  # type: ignore[return-value]


def item_of_iteration(lo: Lowering, frame: Frame, node: Any, it: Iteration, i: Var | Const) -> Value:
    if it.item is not None:
        return it.item(i)
    assert it.sequence is not None
    return lo.apply(operator.getitem, [it.sequence, i], frame=frame, node=node, effect=False)


def smallest(lo: Lowering, frame: Frame, node: Any, lengths: list[Var | Const]) -> Var | Const:
    """The least of several lengths."""
    known = [n.value for n in lengths if isinstance(n, Const)]
    unknown = list(dict.fromkeys(n for n in lengths if isinstance(n, Var)))
    atoms: list[Value] = [*([Const(min(known))] if known else []), *unknown]
    if len(atoms) == 1:
        return atoms[0]  # type: ignore[return-value]
    return lo.apply(min, atoms, frame=frame, node=node, effect=False, aval=INT)  # type: ignore[return-value]


def for_each(
    lo: Lowering, frame: Frame, node: Any, value: Value, body: Callable[[Value], None], *,
    stop: str | None = None, assigned: frozenset[str] = frozenset(), keep: frozenset[str] = frozenset(),
    snapshots: Atom | None = None,
) -> None:
    """Run `body` for every item: unrolled when the items are known, otherwise as a loop."""
    if isinstance(value, Choice):
        from .control import choose

        def side(chosen: Value) -> Value:
            for_each(lo, frame, node, chosen, body, stop=stop, assigned=assigned, keep=keep, snapshots=snapshots)
            return Const(None)

        choose(lo, frame, node, value.test, lambda: side(value.then), lambda: side(value.orelse))
        return
    if isinstance(value, Ref) and value.cell.once:
        items = streams.peeked(lo, frame, node, value)
        streams.leave(lo, value, None)
        for_each(lo, frame, node, items, body, stop=stop, assigned=assigned, keep=keep, snapshots=snapshots)
        if stop is None or not breaks(node):
            streams.leave(lo, value, ())
        return
    known = turn_by_turn(lo, frame, node, value)
    each = listed(lo, frame, node, known) if isinstance(known, list) else known
    with reached(lo, frame, each.cells if each is not None else iteration_of(lo, frame, node, value).cells):
        if each is not None:
            assert isinstance(each.length, Const) and each.item is not None
            n, read = each.length.value, each.item
            if n <= LONGEST_UNROLLED or not uniform(lo, known_items(lo, frame, node, value) or []):
                reads: list[Callable[[], Value]] = [lambda i=i: read(Const(i)) for i in range(n)]
                unrolled(lo, frame, node, reads, body, stop, lambda: read(Const(n)))
                return
        one_for_all = in_general(lo, frame, node, iteration_of(lo, frame, node, value))
        looped(lo, frame, node, one_for_all, body, stop, assigned, keep, snapshots)


@contextlib.contextmanager
def reached(lo: Lowering, frame: Frame, cells: tuple[Cell, ...]) -> Iterator[None]:
    """While a loop goes over them, arrays and lists can be reached under names that nobody sees."""
    taken = sum(isinstance(k[1], str) and k[1].startswith("%over") for k in lo.state.names)
    keys = [(frame.id, f"%over{taken + i}") for i in range(len(cells))]
    lo.state.names.update(zip(keys, map(Ref, cells), strict=True))
    try:
        yield
    finally:
        for key in keys:
            lo.state.names.pop(key, None)


def looped(
    lo: Lowering, frame: Frame, node: Any, it: Iteration, body: Callable[[Value], None], stop: str | None,
    assigned: frozenset[str], keep: frozenset[str], snapshots: Atom | None = None,
) -> None:
    """One body for all items; where that cannot be, and it is known how many there are, a body for each."""
    sequence = it.sequence
    if sequence is None:
        length = length_of_iteration(lo, frame, node, it)
        if isinstance(length, Const):
            sequence = Const(range(length.value))
        else:
            sequence = lo.apply(range, [length], frame=frame, node=node, effect=False, aval=Obj(range))  # type: ignore[assignment]
    assert sequence is not None

    def step(items: list[Var]) -> list[Value]:
        body(items[0] if it.item is None else it.item(items[0]))
        return []

    before = lo.state.copy(), list(lo.stmts)
    try:
        run_loop(
            lo, frame, node, iters=(sequence,), item_avals=(item_of(sequence.aval),), body=step, test=None, stop=stop,
            assigned=assigned, keep=keep, fixed=it.cells, snapshots=snapshots,
        )
    except Unsupported:
        # What one body cannot express for all iterations (functions that are collected, keys that are
        # computed, tuples that grow), a body for each may.
        steps = sequence.value if isinstance(sequence, Const) else None
        if not isinstance(steps, range) or len(steps) > LONGEST_UNROLLED or lo.unrolled > MOST_UNROLLED:
            raise
        lo.state, lo.stmts[:] = before
        one = it.item if it.item is not None else lambda i: i
        unrolled(lo, frame, node, [lambda i=i: one(Const(i)) for i in steps], body, stop)


def breaks(node: Any) -> bool:
    """May the loop end early?  Anything in it that sets its flag, besides the statement at its top."""
    flags = [n for n in ast.walk(node) if isinstance(n, gast.Name) and n.id == node.stop and isinstance(n.ctx, gast.Store)]
    return len(flags) > 1


def uniform(lo: Lowering, items: list[Value]) -> bool:
    from .expressions import _all_alike

    return _all_alike(lo, tuple(items))


def unrolled(
    lo: Lowering, frame: Frame, node: Any, items: list[Callable[[], Value]], body: Callable[[Value], None],
    stop: str | None, after: Callable[[], Any] = lambda: None,
) -> None:
    """The body once for each item; then `after`, unless a body ended the loop."""
    from .control import choose
    from .expressions import truth

    if lo.state.dead:
        return
    if not items:
        after()
        return
    lo.unrolled += 1
    body(items[0]())
    asked = lo.state.names.get((frame.id, stop), Const(False)) if stop is not None else Const(False)
    test = truth(lo, frame, node, asked)

    def rest() -> Value:
        unrolled(lo, frame, node, items[1:], body, stop, after)
        return Const(None)

    choose(lo, frame, node, test, lambda: Const(None), rest)
