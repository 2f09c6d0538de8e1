"""Where the nodes of a graph stand, with those that belong together in boxes of their own.

The nodes are given in the order in which they were computed, each with the groups it is in (`Member`); what follows one
another in the same group is a box.  So edges go forward, also between boxes, and each box is laid out by itself, in layers:
a column to the right of the last that something is made of, and within a column near what it is joined to.  A box is then one
item of the box around it.  An edge that passes a column has a place in it, shared by all edges of its source; one that
leaves or enters a box does so at a port on its border.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

Size = tuple[float, float]
Run = tuple[float, float, float]  # a piece of an edge that goes straight: from x, to x, at y

BETWEEN, APART, ENTRY, EXIT, TITLE = 78.0, 14.0, 62.0, 24.0, 24.0  # room between columns, rows, inside of a box, for its title
SWEEPS = 9


@dataclass(frozen=True)
class Member:
    """A node: its size, and the groups it is in, the outermost first."""

    name: str
    size: Size
    groups: tuple[Hashable, ...] = ()


@dataclass(eq=False)
class Box:
    """What follows one another in the same group."""

    group: Hashable
    depth: int
    items: list[Member | Box] = field(default_factory=list)
    x: float = 0.0  # the corner, and the size
    y: float = 0.0
    size: Size = (0.0, 0.0)

    def members(self) -> Iterator[Member]:
        for item in self.items:
            if isinstance(item, Box):
                yield from item.members()
            else:
                yield item

    def boxes(self) -> Iterator[Box]:
        """Those inside, the outer before the inner."""
        for item in self.items:
            if isinstance(item, Box):
                yield item
                yield from item.boxes()


@dataclass(frozen=True)
class Drawn:
    """Corners of the nodes, the boxes, and for each edge the straight pieces between its curves."""

    places: dict[str, tuple[float, float]]
    boxes: list[Box]
    edges: dict[tuple[str, str], list[Run]]
    size: Size


def layout(members: Sequence[Member], edges: Sequence[tuple[str, str]]) -> Drawn:
    """Place the members; edges go from earlier ones to later ones.

    >>> nodes = [Member(n, (60.0, 30.0)) for n in "abcd"]
    >>> drawn = layout(nodes, [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    >>> [drawn.places[n][0] for n in "abcd"]
    [0.0, 138.0, 276.0, 414.0]
    >>> drawn.edges["c", "d"]
    [(336.0, 336.0, 29.5), (414.0, 414.0, 29.5)]
    """
    root = _grouped(members)
    levels: dict[Box, _Level] = {}
    around: dict[str, list[Box]] = {}

    def arrange(box: Box, chain: list[Box]) -> None:
        for item in box.items:
            if isinstance(item, Box):
                arrange(item, [*chain, item])
            else:
                around[item.name] = chain
        levels[box] = _Level(box, edges, levels)

    arrange(root, [root])
    places: dict[str, tuple[float, float]] = {}

    def put(box: Box, x: float, y: float) -> None:
        box.x, box.y = x, y
        for item in box.items:
            dx, dy = levels[box].corner(item)
            if isinstance(item, Box):
                put(item, x + dx, y + dy)
            else:
                places[item.name] = (x + dx, y + dy)

    put(root, 0.0, 0.0)
    routes = {(s, t): _route(s, t, around, levels) for s, t in dict.fromkeys(edges)}
    return Drawn(places, list(root.boxes()), routes, root.size)


def _grouped(members: Sequence[Member]) -> Box:
    root = Box(None, 0)
    open_: list[Box] = [root]
    for member in members:
        depth = 1
        while depth < len(open_) and depth <= len(member.groups) and open_[depth].group == member.groups[depth - 1]:
            depth += 1
        del open_[depth:]
        for group in member.groups[depth - 1 :]:
            box = Box(group, len(open_))
            open_[-1].items.append(box)
            open_.append(box)
        open_[-1].items.append(member)
    return root


Element = Hashable  # an item, a port ("in" or "out", source), or the place of an edge in a column (source, column)


class _Level:
    """The layout of one box: its items, which have their sizes, and the ports on its border."""

    def __init__(self, box: Box, edges: Sequence[tuple[str, str]], levels: dict[Box, _Level]) -> None:
        self.box, self.levels = box, levels
        self.owner: dict[str, Member | Box] = {}
        for item in box.items:
            for member in item.members() if isinstance(item, Box) else [item]:
                self.owner[member.name] = item
        self.links = self._links(edges)
        self.column = self._columns()
        self.chains = {link: self._chain(link) for link in self.links}
        self.top = self._rows()
        self.left, self.right = self._across()
        self._measure()

    def _links(self, edges: Sequence[tuple[str, str]]) -> list[tuple[str, Element, Element]]:
        """What is joined in this box: whose value it is, from what, to what."""
        found: dict[tuple[str, Element, Element], None] = {}
        for s, t in edges:
            a: Element = self.owner.get(s, ("in", s))
            b: Element = self.owner.get(t, ("out", s))
            if a != b and not (s not in self.owner and t not in self.owner):
                found[s, a, b] = None
        return list(found)

    def _columns(self) -> dict[Element, int]:
        """Items from column 1 on; the ports in columns of their own to the left and right."""
        column: dict[Element, int] = {}
        into: dict[Element, list[Element]] = defaultdict(list)
        for _, a, b in self.links:
            into[b].append(a)
        for item in self.box.items:  # in the order they were computed
            column[item] = max((column[a] + 1 for a in into[item] if a in column), default=1)
        self.last = max(column.values(), default=1)
        for _, a, b in self.links:
            column.setdefault(a, 0)
            column.setdefault(b, self.last + 1)
        return column

    def _chain(self, link: tuple[str, Element, Element]) -> list[Element]:
        """The places of an edge in the columns that it passes."""
        s, a, b = link
        between = [(s, c) for c in range(self.column[a] + 1, self.column[b])]
        self.column.update({key: key[1] for key in between})
        return list(between)

    def height(self, element: Element) -> float:
        return element.size[1] if isinstance(element, Member | Box) else 0.0

    def at(self, element: Element, source: str, side: str) -> float:
        """How far below an element's top the edges of a source are joined to it."""
        if isinstance(element, Box):
            level = self.levels[element]
            return level.top[side, source]
        return self.height(element) / 2

    def _rows(self) -> dict[Element, float]:
        near: tuple[dict[Element, list[tuple[Element, float]]], ...] = (defaultdict(list), defaultdict(list))
        for link, chain in self.chains.items():
            s, a, b = link
            steps = [a, *chain, b]
            for one, other in pairwise(steps):
                down = self.at(one, s, "out") - self.at(other, s, "in")  # how far the other's top should be below
                if (one, down) not in near[0][other]:  # a place that several edges share counts once
                    near[0][other].append((one, down))
                    near[1][one].append((other, -down))
        columns: dict[int, list[Element]] = defaultdict(list)
        for element, c in self.column.items():
            columns[c].append(element)
        top: dict[Element, float] = {}
        for elements in columns.values():
            top.update(zip(elements, apart([0.0] * len(elements), list(map(self.height, elements))), strict=True))
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            for c in sorted(columns, reverse=not forward):
                ways = near[0] if forward else near[1]
                wanted = {e: fmean(top[o] + down for o, down in ways[e]) if ways[e] else top[e] for e in columns[c]}
                columns[c].sort(key=lambda e: (wanted[e] + self.height(e) / 2, top[e]))
                heights = [self.height(e) for e in columns[c]]
                top.update(zip(columns[c], apart([wanted[e] for e in columns[c]], heights), strict=True))
        lowest = min(top.values(), default=0.0)
        above = TITLE if self.box.depth else 0.0
        return {e: y - lowest + above + (APART if self.box.depth else 0.0) for e, y in top.items()}

    def _across(self) -> tuple[dict[int, float], dict[int, float]]:
        """Where each column begins and ends."""
        wide: dict[int, float] = defaultdict(float)
        for element, c in self.column.items():
            wide[c] = max(wide[c], element.size[0] if isinstance(element, Member | Box) else 0.0)
        left, right, x = {}, {}, 0.0
        first, last = (0 if self.box.depth else 1), self.last + 1
        for c in range(first, last + 1):
            left[c], right[c] = x, x + wide[c]
            inner = self.box.depth and c in (first, last - 1)  # beside the ports
            x = right[c] + (BETWEEN if not inner else ENTRY if c == first else EXIT)
        return left, right

    def _measure(self) -> None:
        high = max((y + self.height(e) for e, y in self.top.items()), default=0.0)
        if self.box.depth:
            self.right_border = self.right[self.last] + EXIT
            self.box.size = (self.right_border, high + APART)
        else:
            self.box.size = (self.right[self.last], high)

    def corner(self, item: Member | Box) -> tuple[float, float]:
        return self.left[self.column[item]], self.top[item]

    def port(self, source: str, side: str) -> Run:
        x = self.box.x if side == "in" else self.box.x + self.right_border
        return x, x, self.box.y + self.top[side, source]

    def via(self, source: str, a: Element, b: Element) -> list[Run]:
        """The straight pieces between two elements."""
        return [
            (self.box.x + self.left[self.column[e]], self.box.x + self.right[self.column[e]], self.box.y + self.top[e])
            for e in self.chains[source, a, b]
        ]

    def out(self, source: str, a: Element) -> Run:
        """From an element to the end of its column."""
        assert isinstance(a, Member | Box)
        x, y = self.corner(a)
        end = self.box.x + self.right[self.column[a]]
        return self.box.x + x + a.size[0], end, self.box.y + y + self.at(a, source, "out")


def _route(s: str, t: str, around: dict[str, list[Box]], levels: dict[Box, _Level]) -> list[Run]:
    """The straight pieces of an edge: out of the boxes of its source, across, into those of its target."""
    ours, theirs = around[s], around[t]
    shared = 0
    while shared < min(len(ours), len(theirs)) and ours[shared] is theirs[shared]:
        shared += 1
    runs: list[Run] = []
    for box in reversed(ours[shared:]):
        level = levels[box]
        a = level.owner[s]
        runs += [level.out(s, a), *level.via(s, a, ("out", s)), level.port(s, "out")]
    level = levels[ours[shared - 1]]
    a, b = level.owner[s], level.owner[t]
    runs += [level.out(s, a), *level.via(s, a, b)]
    for box in theirs[shared:]:
        level = levels[box]
        runs += [level.port(s, "in"), *level.via(s, ("in", s), level.owner[t])]
    x, y = level.corner(level.owner[t])
    x, y = level.box.x + x, level.box.y + y + level.at(level.owner[t], s, "in")
    return _joined([*runs, (x, x, y)])


def _joined(runs: list[Run]) -> list[Run]:
    """Pieces that go on where the last ended, at the same height, as one."""
    found = [runs[0]]
    for start, end, y in runs[1:]:
        if start == found[-1][1] and y == found[-1][2]:
            found[-1] = (found[-1][0], end, y)
        else:
            found.append((start, end, y))
    return found


def apart(wanted: list[float], heights: list[float]) -> list[float]:
    """Tops of what stands one below the other, in this order, as near to those wanted as all together can be.

    >>> apart([0.0, 0.0, 200.0], [36.0, 36.0, 36.0])
    [-25.0, 25.0, 200.0]
    """
    offsets = [0.0]
    for height in heights:
        offsets.append(offsets[-1] + height + APART)
    groups: list[tuple[float, int]] = []  # the mean of what their members want, and how many these are
    for want, offset in zip(wanted, offsets, strict=False):
        mean, count = want - offset, 1
        while groups and groups[-1][0] > mean:
            above, many = groups.pop()
            mean, count = (above * many + mean * count) / (many + count), many + count
        groups.append((mean, count))
    starts = [mean for mean, count in groups for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=False)]
