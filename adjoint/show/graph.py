"""The computational graph of one run as a picture: values below the nodes, cotangents above, partials on the edges.

Each iteration of a loop and each call of a function of the user's is a box around its steps.  `svg()` draws it, with
no program of the system; for those who have one, `dot()` gives the text for Graphviz.
"""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import Wrt
from ..errors import WrongArgument
from . import picture
from .notation import number, operation
from .scopes import Scope, common
from .table import MOST_TIMES, Row, steps
from .trace import Trace, Traced, trace

MOST_PATHS = 10_000
MOST_SAID = 8  # paths whose products are written below a picture
MOST_NESTED = 12  # boxes in boxes: those of a recursion that goes deeper are left out


@dataclass(frozen=True, eq=False)
class Node:
    """A step, or those of a loop that are left out."""

    name: str
    label: str
    value: str
    bar: str
    kind: str  # "input", "step", "output", "hidden"
    scopes: tuple[Scope, ...] = ()  # iterations and calls that it is inside of


@dataclass(frozen=True, eq=False)
class Edge:
    """`source` is an operand of `target`; `partial` is ∂target/∂source, where it is known."""

    source: str
    target: str
    partial: Any = None


@dataclass(frozen=True)
class Path:
    """A way from the result back to a step: the names, the partials on it, and their product, that of the seed included."""

    names: tuple[str, ...]
    partials: tuple[Any, ...]
    seed: Any = 1.0

    @property
    def product(self) -> Any:
        return functools.reduce(operator.mul, self.partials, self.seed)

    def __str__(self) -> str:
        """`w5 ← w3 ← w1: 1 × 3 = 3`; a seed other than 1 is the first factor."""
        factors = self.partials if self.seed == 1.0 and self.partials else (self.seed, *self.partials)
        return f"{' ← '.join(self.names)}: {' × '.join(map(number, factors))} = {number(self.product)}"


class Graph:
    """The graph of one run: `nodes` and `edges` are data; `svg()` is a picture, `dot()` text for Graphviz."""

    def __init__(self, found: Trace, most_times: int = MOST_TIMES) -> None:
        self.trace = found
        rows = steps(found, most_times)
        self.nodes = [_node(row, k) for k, row in enumerate(rows)]
        self.edges = _edges(found, rows, [node.name for node in self.nodes])
        self.seeds = {e.name: c.amount for e in found.outputs for c in e.contributions if c.source is None}
        shown = [row.event for row in rows if row.event is not None]
        self._named = {e.stmt.out.hint: e.name for e in shown} | {e.argument: e.name for e in shown if e.argument}

    def paths(self, name: str) -> list[Path]:
        """All ways from the result back to the step `name`, with their products; these sum up to its cotangent.

        Of several results those count that have a seed other than zero.

        `name` may be that of a parameter or a variable too (of the last step that gave it its value).
        Raises `WrongArgument` where there is no such step, a partial is not one number, or the ways are too many.
        """
        name = self._step(name)
        into: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            into[edge.target].append(edge)
        reach = self._reached(name)
        found: list[Path] = []
        todo = [Path((result,), (), seed) for result, seed in self.seeds.items() if result in reach and np.any(seed)]
        while todo:
            path = todo.pop()
            if path.names[-1] == name:
                found.append(path)
                if len(found) > MOST_PATHS:
                    raise WrongArgument(f"There are more than {MOST_PATHS} ways to `{name}`.", "Take a step nearer to the result.")
                continue
            for edge in reversed(into[path.names[-1]]):
                if edge.source in reach:
                    if edge.partial is None or np.ndim(edge.partial) or np.ndim(path.seed):
                        raise WrongArgument(
                            f"∂{edge.target}/∂{edge.source} is not one number, and products along paths are of numbers.",
                            "Look at a function of numbers.",
                        )
                    todo.append(Path((*path.names, edge.source), (*path.partials, edge.partial), path.seed))
        return found

    def _step(self, name: str) -> str:
        """The step that is meant."""
        if name in {node.name for node in self.nodes}:
            return name
        if name in self._named:
            return self._named[name]
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
        name = self._step(name)
        reach, back, found = self._reached(name), set(self.seeds), set()
        for edge in reversed(self.edges):
            if edge.target in back and edge.source in reach:
                back.add(edge.source)
                found.add((edge.source, edge.target))
        return found

    def dot(self, highlight: str | None = None) -> str:
        """The graph in the language of Graphviz; ways from the result to `highlight` are bold."""
        bold = self._on_paths(highlight)
        lines = ["digraph adjoint {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled", fillcolor=white];']
        lines += _dot_nodes(self.nodes)
        for edge in self.edges:
            style = ", style=bold" if (edge.source, edge.target) in bold else ""
            lines.append(
                f'  {_dot_name(edge.source)} -> {_dot_name(edge.target)} [label="{_quoted(number(edge.partial))}"{style}];'
            )
        return "\n".join([*lines, "}"]) + "\n"

    def svg(self, highlight: str | None = None) -> str:
        """The picture; ways from the result to the step `highlight` are marked."""
        return picture.svg(self.nodes, self.edges, self._on_paths(highlight), self._products(highlight))

    def _products(self, name: str | None) -> list[str]:
        """The product along each path, and their sum, where partials are numbers and paths are few."""
        try:
            paths = self.paths(name) if name is not None else []
        except WrongArgument:
            return []
        if not 0 < len(paths) <= MOST_SAID:
            return []
        return [*map(str, paths), f"{paths[0].names[-1]}_bar: the sum, {number(sum(path.product for path in paths))}"]

    def _repr_svg_(self) -> str:
        return self.svg()


def graph(
    fun: Callable[..., Any], *args: Any, wrt: Wrt | None = None, most_times: int = MOST_TIMES,
    kwargs: Mapping[str, Any] | None = None, seed: Any = None,
) -> Graph:
    """The computational graph of `fun` at `args`, with values, cotangents and partial derivatives.

    `wrt`, `seed` and `most_times` are as for `table`; a notebook shows the picture.  Raises what `table` raises.

    >>> from adjoint import graph
    >>> made = graph(lambda x, y: (x + y) * x, 2.0, 3.0)
    >>> for path in made.paths("x"):
    ...     print(path)
    w4 ← w3 ← w1: 2 × 1 = 2
    w4 ← w1: 5 = 5
    """
    return Graph(trace(fun, args, kwargs, wrt, seed), most_times)


def _node(row: Row, k: int) -> Node:
    if row.event is None:
        inside = common(event.scopes for event in row.skipped)
        return Node(f"hidden{k}", f"… {row.hidden} steps", "", "", "hidden", inside[:MOST_NESTED])
    event = row.event
    kind = "output" if row.seed else "input" if event.argument else "step"
    scopes = event.scopes[:MOST_NESTED]
    return Node(event.name, f"{event.name} = {operation(event)}", number(event.value), number(event.bar), kind, scopes)


def _edges(found: Trace, rows: list[Row], names: list[str]) -> list[Edge]:
    """One edge an operand; those of steps that are left out go to what stands for them, once."""
    owner: dict[str, str] = {}
    for row, name in zip(rows, names, strict=True):
        for event in row.skipped if row.event is None else (row.event,):
            owner[event.name] = name
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


def _dot_nodes(nodes: list[Node]) -> list[str]:
    """The nodes, those of an iteration or a call in a cluster."""
    lines: list[str] = []
    open_: list[Scope] = []
    clusters = 0
    for node in [*nodes, None]:
        scopes = node.scopes if node is not None else ()
        same = len(common(iter((scopes, tuple(open_)))))
        lines += ["  " * k + "}" for k in range(len(open_), same, -1)]
        del open_[same:]
        for scope in scopes[same:]:
            open_.append(scope)
            clusters += 1
            indent = "  " * len(open_)
            lines += [f"{indent}subgraph cluster_{clusters} {{", f'{indent}  label="{_quoted(scope.title)}"; style=rounded;']
        if node is not None:
            label = "\\n".join(_quoted(part) for part in (node.bar, node.label, node.value) if part)
            lines.append("  " * (len(open_) + 1) + f'{_dot_name(node.name)} [label="{label}"];')
    return lines


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _dot_name(name: str) -> str:
    return f'"{name}"'
