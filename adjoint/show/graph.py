"""The computational graph of one run as a picture: values below the nodes, cotangents above, partials on the edges.

Inputs stand on the left, the result on the right.  The layout is layered: a node stands one column to the right
of the last it is made of, and within a column near what it is joined to.  No program of the system is needed; for
those who have one, `dot()` gives the text for Graphviz.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..arguments import Wrt
from ..errors import WrongArgument
from .notation import number, operation
from .table import MOST_TIMES, Row, steps
from .trace import Trace, Traced, trace

WIDE, HIGH, BETWEEN, ABOVE = 104, 30, 84, 58  # a node's box, and the room between columns and rows
MOST_PATHS = 10_000


@dataclass(frozen=True, eq=False)
class Node:
    """A step, or those of a loop that are left out."""

    name: str
    label: str
    value: str
    bar: str
    kind: str  # "input", "step", "output", "hidden"


@dataclass(frozen=True, eq=False)
class Edge:
    """`source` is an operand of `target`; `partial` is ∂target/∂source, where it is known."""

    source: str
    target: str
    partial: Any = None


@dataclass(frozen=True)
class Path:
    """A way from the result back to a step: the names, and the product of the partials on it."""

    names: tuple[str, ...]
    product: Any


class Graph:
    """The graph of one run: `nodes` and `edges` are data; `svg()` is a picture, `dot()` text for Graphviz."""

    def __init__(self, found: Trace, most_times: int = MOST_TIMES) -> None:
        self.trace = found
        rows = steps(found, most_times)
        self.nodes = [_node(row, k) for k, row in enumerate(rows)]
        self.edges = _edges(found, rows, [node.name for node in self.nodes])
        self.output = found.output.name if found.output is not None else None

    def paths(self, name: str) -> list[Path]:
        """All ways from the result back to the step `name`, with their products; these sum up to its cotangent.

        Raises `WrongArgument` where there is no such step, a partial is not one number, or the ways are too many.
        """
        self._known(name)
        into: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            into[edge.target].append(edge)
        reach = self._reached(name)
        found: list[Path] = []
        todo: list[tuple[tuple[str, ...], Any]] = [((self.output,), 1.0)] if self.output in reach else []
        while todo:
            names, product = todo.pop()
            if names[-1] == name:
                found.append(Path(names, product))
                if len(found) > MOST_PATHS:
                    raise WrongArgument(f"There are more than {MOST_PATHS} ways to `{name}`.", "Take a step nearer to the result.")
                continue
            for edge in reversed(into[names[-1]]):
                if edge.source in reach:
                    if edge.partial is None or np.ndim(edge.partial):
                        raise WrongArgument(
                            f"∂{edge.target}/∂{edge.source} is not one number, and products along paths are of numbers.",
                            "Look at a function of numbers.",
                        )
                    todo.append(((*names, edge.source), product * edge.partial))
        return found

    def _known(self, name: str) -> None:
        if name not in {node.name for node in self.nodes}:
            raise WrongArgument(f"There is no step `{name}`.", f"Steps: {', '.join(n.name for n in self.nodes[:20])}.")

    def _reached(self, name: str) -> set[str]:
        """The step, and what is made of it."""
        reach = {name}
        for edge in self.edges:  # in order: what is made stands after what it is made of
            if edge.source in reach:
                reach.add(edge.target)
        return reach

    def _on_paths(self, name: str | None) -> set[tuple[str, str]]:
        """The edges on ways from the result to a step."""
        if name is None:
            return set()
        self._known(name)
        reach, back, found = self._reached(name), {self.output}, set()
        for edge in reversed(self.edges):
            if edge.target in back and edge.source in reach:
                back.add(edge.source)
                found.add((edge.source, edge.target))
        return found

    def dot(self, highlight: str | None = None) -> str:
        """The graph in the language of Graphviz; ways from the result to `highlight` are bold."""
        bold = self._on_paths(highlight)
        lines = ["digraph adjoint {", "  rankdir=LR;", "  node [shape=box];"]
        for node in self.nodes:
            label = "\\n".join(_quoted(part) for part in (node.bar, node.label, node.value) if part)
            lines.append(f'  {_dot_name(node.name)} [label="{label}"];')
        for edge in self.edges:
            style = ", style=bold" if (edge.source, edge.target) in bold else ""
            lines.append(
                f'  {_dot_name(edge.source)} -> {_dot_name(edge.target)} [label="{_quoted(number(edge.partial))}"{style}];'
            )
        return "\n".join([*lines, "}"]) + "\n"

    def svg(self, highlight: str | None = None) -> str:
        """The picture; ways from the result to the step `highlight` are marked."""
        places, bends = layout(self.nodes, self.edges)
        marked = self._on_paths(highlight)
        taken = [*places.values(), *(point for points in bends.values() for point in points)]
        width = max(x for x, _ in taken) + WIDE + 20
        height = max(y for _, y in taken) + HIGH + 30
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="adjoint" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img" aria-label="computational graph">',
            f"<style>{_STYLE}</style>",
        ]
        parts += [_drawn_edge(e, places, bends.get((e.source, e.target), []), (e.source, e.target) in marked) for e in self.edges]
        parts += [_drawn_node(node, *places[node.name]) for node in self.nodes]
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _repr_svg_(self) -> str:
        return self.svg()


def graph(
    fun: Callable[..., Any], *args: Any, wrt: Wrt | None = None, most_times: int = MOST_TIMES,
    kwargs: Mapping[str, Any] | None = None,
) -> Graph:
    """The computational graph of `fun` at `args`, with values, cotangents and partial derivatives.

    `wrt` and `most_times` are as for `table`; a notebook shows the picture.  Raises what `table` raises.

    >>> from adjoint import graph
    >>> made = graph(lambda x, y: (x + y) * x, 2.0, 3.0)
    >>> for path in made.paths("w1"):
    ...     print(" <- ".join(path.names), path.product)
    w4 <- w3 <- w1 2.0
    w4 <- w1 5.0
    """
    return Graph(trace(fun, args, kwargs, wrt), most_times)


def _node(row: Row, k: int) -> Node:
    if row.event is None:
        return Node(f"hidden{k}", f"… {row.hidden} steps", "", "", "hidden")
    event = row.event
    kind = "output" if row.seed else "input" if event.argument else "step"
    return Node(event.name, f"{event.name} = {operation(event)}", number(event.value), number(event.bar), kind)


def _edges(found: Trace, rows: list[Row], names: list[str]) -> list[Edge]:
    """One edge an operand; those of steps that are left out go to what stands for them, once."""
    owner: dict[str, str] = {}
    events = iter(found.events)
    for row, name in zip(rows, names, strict=True):
        for _ in range(1 if row.event is not None else row.hidden):
            owner[next(events).name] = name
    edges: list[Edge] = []
    seen: set[tuple[str, str]] = set()
    for event in found.events:
        for k, operand in enumerate(event.operands):
            if not isinstance(operand, Traced) or operand.event is None:
                continue
            source, target = owner[operand.event.name], owner[event.name]
            whole = source == operand.event.name and target == event.name
            if source == target or (not whole and (source, target) in seen):
                continue
            seen.add((source, target))
            whole = whole and operand.index is None
            edges.append(Edge(source, target, event.partial(k) if whole else None))
    return edges


# --- the picture ----------------------------------------------------------------------------------


Point = tuple[float, float]


def layout(nodes: list[Node], edges: list[Edge]) -> tuple[dict[str, Point], dict[tuple[str, str], list[Point]]]:
    """Where each node stands, and where edges pass the columns between: as if there were a node.

    Columns by the longest way from an input, rows by the middle of the neighbours.

    >>> nodes = [Node(n, n, "", "", "step") for n in "abcd"]
    >>> places, bends = layout(nodes, [Edge("a", "b"), Edge("b", "c"), Edge("a", "c"), Edge("c", "d")])
    >>> [places[n] for n in "abcd"]
    [(10.0, 74.0), (198.0, 30.0), (386.0, 74.0), (574.0, 74.0)]
    >>> bends
    {('a', 'c'): [(198.0, 118.0)]}
    """
    into: dict[Any, list[Any]] = defaultdict(list)
    out: dict[Any, list[Any]] = defaultdict(list)
    column: dict[Any, int] = {}
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        sources[edge.target].append(edge.source)
    for node in nodes:
        column[node.name] = max((column[s] + 1 for s in sources[node.name]), default=0)
    passing: dict[tuple[str, str], list[Any]] = {}
    for edge in edges:
        both = (edge.source, edge.target)
        between = [(*both, c) for c in range(column[edge.source] + 1, column[edge.target])]
        if between and both not in passing:
            passing[both] = between
            column |= {key: key[2] for key in between}
        for a, b in pairwise([edge.source, *between, edge.target]):
            into[b].append(a)
            out[a].append(b)
    columns: dict[int, list[Any]] = defaultdict(list)
    for key, c in column.items():
        columns[c].append(key)
    row = {key: float(k) for keys in columns.values() for k, key in enumerate(keys)}
    for sweep in range(9):
        forward = sweep % 2 == 0
        for c in sorted(columns, reverse=not forward):
            near = into if forward else out
            wanted = {n: float(np.mean([row[m] for m in near[n]])) if near[n] else row[n] for n in columns[c]}
            columns[c].sort(key=lambda n: (wanted[n], row[n]))
            row.update(zip(columns[c], _apart([wanted[n] for n in columns[c]]), strict=True))
    lowest = min(row.values(), default=0.0)
    places = {
        key: (10.0 + c * float(WIDE + BETWEEN), 30.0 + (row[key] - lowest) * (HIGH + ABOVE)) for key, c in column.items()
    }
    return {n.name: places[n.name] for n in nodes}, {both: [places[k] for k in keys] for both, keys in passing.items()}


def _apart(wanted: list[float]) -> list[float]:
    """Places one apart at least, in this order, as near to those wanted as all together can be.

    >>> _apart([1.0, 1.0, 5.0])
    [0.5, 1.5, 5.0]
    """
    groups: list[tuple[float, list[float]]] = []  # where a group starts, and where its members would have it start
    for want in wanted:
        members = [want]
        while groups and groups[-1][0] + len(groups[-1][1]) > float(np.mean(members)):
            above = groups.pop()[1]
            members = above + [m - len(above) for m in members]
        groups.append((float(np.mean(members)), members))
    return [start + k for start, members in groups for k in range(len(members))]


_STYLE = (
    "svg.adjoint{background:#fff}.adjoint text{font:12px ui-monospace,monospace;text-anchor:middle;fill:#222}"
    ".adjoint rect{fill:#fff;stroke:#667;rx:5}.adjoint .input rect{fill:#eef5ff}.adjoint .output rect{fill:#fff3e0}"
    ".adjoint .hidden rect{stroke-dasharray:4}.adjoint path{fill:none;stroke:#99a}"
    ".adjoint .marked path{stroke:#d33;stroke-width:2.5}.adjoint .value{fill:#067}.adjoint .bar{fill:#b30}"
    ".adjoint .partial{fill:#555;font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    "@media(prefers-color-scheme:dark){svg.adjoint{background:#15151a}"
    ".adjoint text{fill:#ddd}.adjoint rect{fill:#222}.adjoint .input rect{fill:#1b2a40}"
    ".adjoint .output rect{fill:#40301b}.adjoint .value{fill:#6cd}.adjoint .bar{fill:#f96}"
    ".adjoint .partial{fill:#aaa;stroke:#15151a}}"
)


def _drawn_node(node: Node, x: float, y: float) -> str:
    middle = x + WIDE / 2
    label = html.escape(_fitting(node.label))
    return (
        f'<g class="{node.kind}" id="node-{node.name}"><title>{html.escape(node.label)}</title>'
        f'<text class="bar" x="{middle:g}" y="{y - 6:g}">{html.escape(_fitting(node.bar, 24))}</text>'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDE}" height="{HIGH}"/>'
        f'<text x="{middle:g}" y="{y + 19:g}">{label}</text>'
        f'<text class="value" x="{middle:g}" y="{y + HIGH + 14:g}">{html.escape(_fitting(node.value, 24))}</text></g>'
    )


def _drawn_edge(edge: Edge, places: Mapping[str, Point], bends: list[Point], marked: bool) -> str:
    (x0, y0), (x1, y1) = places[edge.source], places[edge.target]
    x, y = x0 + WIDE, y0 + HIGH / 2
    path = f"M{x:g} {y:g}"
    for u, v in [*bends, (x1, y1)]:
        v += HIGH / 2
        bend = (u - x) / 2
        path += f"C{x + bend:g} {y:g} {u - bend:g} {v:g} {u:g} {v:g}"
        if u != x1:
            path += f"H{u + WIDE:g}"
            x, y = u + WIDE, v
    # the label stands near the target: there the edges of one operand are apart
    at, up = x + 0.62 * (x1 - x), y + 0.7 * (y1 + HIGH / 2 - y) - 4
    return (
        f'<g class="edge{" marked" if marked else ""}" data-edge="{edge.source}-{edge.target}"><path d="{path}"/>'
        f'<text class="partial" x="{at:g}" y="{up:g}">{html.escape(_fitting(number(edge.partial)))}</text></g>'
    )


def _fitting(text: str, most: int = 14) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _dot_name(name: str) -> str:
    return f'"{name}"'
