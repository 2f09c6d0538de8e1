"""Which arrays may be one, from one iteration of a loop to the next.

What a name is bound to at the bottom of a body has, at the top of the next, a cell of its own.  What else
reaches the array then is learnt here, for the body to be lowered again with it:

    L.append(b)           the list holds what `b` was, so a write to `b` next time is a write to what it holds
    b = b.copy()          ... unless `b` is bound to another array first

A *spot* is a name, or a place below it, that has such a cell.  What it was bound to before, in whichever
iteration, is its *former* cell: a twin of its cell at the top, and what the views and lists of later
iterations refer to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .merge import is_data
from .sharing import changed_inside, family, held_by, memory, reachable, unknown
from .values import Cell, Ref, State, parts

if TYPE_CHECKING:
    from .loops import Attempt, Key, Knowledge, Spot


def learn(work: Attempt, end: State) -> bool:
    """Add what the bottom of a body shows, `end`, to what is known of the loop; False if all of it was known."""
    know, entry, cell_of = work.know, work.entry, work.cell_of
    before = _extent(know)
    now = {spot: value.cell for spot in cell_of if isinstance(value := _value_at(end, *spot), Ref)}
    ends: dict[Cell, dict[Spot, None]] = {}
    for spot, cell in now.items():
        for one in family(cell):
            ends.setdefault(one, {})[spot] = None
    _learn_twins(know, entry, ends, cell_of, _exchanged(entry, end, cell_of))
    for spot, cell in now.items():
        for base in borrowed(know, entry, cell):  # what another carry began with, which others see too
            _outside(know, spot, base)
        if cell is not cell_of[spot]:
            _note(know, entry, ends, spot, _made_from(cell).items(), know.views)
        if is_data(work.heap[cell_of[spot]]):
            inside = cell.holds if is_data(end.heap[cell]) else held_by(work.lo, Ref(cell))
            _note(know, entry, ends, spot, inside, know.holds)
        if unknown(end, cell) or changed_inside(end, cell):
            know.stale[spot] = None
    if end.stale:
        outside = reachable(entry) | set(entry.heap)  # what a view or a list refers to may be in no cell: a former one
        know.stale.update(dict.fromkeys(c for c in end.stale if c in outside and c not in entry.stale))
    known_lists = [cell for cell in end.heap if cell in entry.heap and cell.holds]
    taken = False
    for cell in known_lists:
        held = dict.fromkeys(base for base, _ in cell.holds)
        for spot in dict.fromkeys(spot for base in held for spot in ends.get(base, ())):
            former = _former(know, spot)
            if former not in held:
                cell.holds += ((former, None),)
                taken = True
    return taken or _extent(know) > before


def changed_lists(entry: State, end: State) -> bool:
    """Note the lists that hold what an iteration updates; False if none is new."""
    found = [c for c in end.heap if c in entry.heap and not c.stale and c.holds and changed_inside(end, c)]
    for cell in found:
        cell.stale = True
    return bool(found)


def _extent(know: Knowledge) -> int:
    several: tuple[Any, ...] = (know.twins, know.outside, know.views, know.holds)
    return len(know.former) + len(know.stale) + sum(len(kept) for each in several for kept in each.values())


def _former(know: Knowledge, spot: Spot) -> Cell:
    return know.former.setdefault(spot, Cell(str(spot[0][1])))


def _outside(know: Knowledge, spot: Spot, cell: Cell) -> None:
    if cell not in know.outside.get(spot, ()):
        know.outside[spot] = (*know.outside.get(spot, ()), cell)


def _learn_twins(
    know: Knowledge, entry: State, ends: dict[Cell, dict[Spot, None]], cell_of: dict[Spot, Cell],
    exchanged: tuple[set[Spot], set[Cell]],
) -> None:
    """Spots that end an iteration bound to one cell, or to one from outside, may be the same later."""
    turned, buffers = exchanged
    for cell, spots in ends.items():
        for spot in spots:
            if len(spots) > 1:
                know.twins.setdefault(spot, set()).update(s for s in spots if s != spot)
            if cell in entry.heap and not (spot in turned and cell in buffers):
                _outside(know, spot, cell)


def _note(
    know: Knowledge, entry: State, ends: dict[Cell, dict[Spot, None]], spot: Spot, bases: Iterable[tuple[Cell, Any]],
    into: dict[Spot, dict[Cell, Any]],
) -> None:
    """Note the arrays that a spot is a view of, or a list that holds, as the next iteration knows them.

    Of those that nothing else reaches one is enough: that there is any.
    """
    for base, version in bases:
        kept = into.setdefault(spot, {})
        others = set(ends.get(base, ())) - {spot}
        for other in others:
            kept.setdefault(_former(know, other), None)
        if base in entry.heap or base in know.former.values():
            kept.setdefault(base, version)
        elif not others and not kept:
            kept[base] = version


def _made_from(cell: Cell) -> dict[Cell, Any]:
    """All that a cell is a view of, in any number of steps, each with what it held when the view was made."""
    found: dict[Cell, Any] = {}
    todo = list(memory(cell))
    while todo:
        base, version = todo.pop()
        if base not in found:
            found[base] = version
            todo += memory(base)
    return found


def _exchanged(entry: State, end: State, cell_of: dict[Spot, Cell]) -> tuple[set[Spot], set[Cell]]:
    """Names that only exchange their arrays among themselves, and those arrays before the loop.

        new[1:] = old[:-1]
        new, old = old, new

    Two such names are never one array, if they were not before the loop and nothing else can reach the arrays:
    which of them a name has depends on the iteration, but a write through one is not seen by the others.
    """
    spot_of = {cell: spot for spot, cell in cell_of.items() if spot[0][0] == "name" and not spot[1]}
    following: dict[Spot, Spot] = {}
    for spot in spot_of.values():
        value = _value_at(end, *spot)
        if isinstance(value, Ref) and value.cell in spot_of:
            following[spot] = spot_of[value.cell]
    while set(following) != set(following.values()):  # what is not on a cycle
        both = set(following) & set(following.values())
        following = {a: b for a, b in following.items() if a in both and b in both}
    names = {spot[0][1] for spot in following}
    before = {entry.names.get(name) for name in names}
    buffers = {value.cell for value in before if isinstance(value, Ref)}
    others = reachable(State({k: v for k, v in entry.names.items() if k not in names}, entry.heap))
    families = [family(cell) for cell in buffers]
    alone = len(buffers) == len(names) == len(before) and sum(map(len, families)) == len(set().union(*families))
    if not alone or any(cell.views or cell.how is not None for cell in buffers) or others & set().union(*families):
        return set(), set()
    return set(following), buffers


def borrowed(know: Knowledge, entry: State, cell: Cell) -> list[Cell]:
    """The cells from before the loop that `cell` may be, and that names which are not carried reach."""
    carried = {what for kind, what in know.carried if kind == "name"}
    before = [c for c in family(cell) if c in entry.heap]
    if not before:
        return []
    others = reachable(State({k: v for k, v in entry.names.items() if k not in carried}, entry.heap))
    return [c for c in before if c in others]


def _value_at(state: State, key: Key, path: tuple[int, ...]) -> Any:
    """What stands at a path below a name or in a cell: a step into a cell, then one to a part of its content."""
    kind, what = key
    value = state.names.get(what) if kind == "name" else state.heap.get(what)
    for i in path:
        if isinstance(value, Ref):
            value = state.heap.get(value.cell)
            continue
        inner = parts(value) if value is not None else None
        value = inner[i] if inner is not None and i < len(inner) else None
    return value
