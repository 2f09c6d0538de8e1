"""The table of a gradient: each step with its value, its partial derivatives, its cotangent and what made it.

    step  what       line                      value    partials          cotangent  contributions
    w1    x1                                   2        w3: 3, w4: ...    2.58385    w3 adds 3, w4 adds -0.416147
    w3    w1 * w2    2: z = x1 * x2 + sin(x1)  6        w1: 3, w2: 2      1          w5 adds 1

It is read down for the forward sweep and up for the reverse sweep, which starts at the rows of the result, whose
cotangents are the seed.  The numbers are those of one run of the textbook program (`trace`).
"""

from __future__ import annotations

import html
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..arguments import Wrt
from .notation import name_of, number, operation
from .scopes import common
from .trace import Contribution, Event, Trace, Traced, trace

HEAD = ("step", "what", "line", "variable", "value", "partials", "cotangent", "contributions")
MOST_TIMES = 8  # of a statement in a loop so many rows are shown
MOST_ADDED = 4  # and so many contributions to a cotangent


@dataclass(frozen=True)
class Row:
    """One step; or what stands in the place of those of a loop that are left out."""

    event: Event | None
    seed: bool = False
    skipped: tuple[Event, ...] = ()

    @property
    def hidden(self) -> int:
        """Of how many steps it stands in the place."""
        return len(self.skipped)


class Table:
    """The steps of one run; `rows` are data, and printed as text, Markdown, LaTeX or HTML."""

    def __init__(self, found: Trace, most_times: int = MOST_TIMES) -> None:
        self.trace = found
        self.value, self.gradients = found.value, found.gradients
        self.rows = steps(found, most_times)

    def cells(self, entries: bool = False) -> list[tuple[str, ...]]:
        """The rows as text, in the order of `HEAD`; with `entries` arrays are written out."""
        return [_cells(row, entries) for row in self.rows]

    def __str__(self) -> str:
        return self.text()

    def text(self, entries: bool = False) -> str:
        """For a terminal: columns, and `*` at the seed."""
        kept, cells = self._filled(entries)
        rows = [HEAD, *cells]
        widths = [max(len(row[k]) for row in rows) for k in kept]
        lines = ["  ".join(row[k].ljust(width) for k, width in zip(kept, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]]) + "\n"

    def markdown(self, entries: bool = False) -> str:
        lines = [HEAD, ("---",) * len(HEAD), *self.cells(entries)]
        return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)

    def latex(self, entries: bool = False) -> str:
        r"""A `tabular`; w3 as $w_{3}$, cotangents as $\bar w$, partial derivatives as $\partial w$.

        It is as wide as what it holds: long ones want a small font and `landscape`, or `\resizebox`.
        """
        heads = ["", "", "line", "variable", "value", r"$\partial w$", r"$\bar w$", r"added to $\bar w$ by"]
        lines = []
        for row, cells in zip(self.rows, self.cells(entries), strict=True):
            users = {HEAD.index("line"), HEAD.index("variable")}  # their w1 is not ours
            if row.event is not None and row.event.argument:
                users.add(HEAD.index("what"))
            lines.append(" & ".join((_escaped if k in users else _tex)(cell) for k, cell in enumerate(cells)) + r" \\")
        columns = "l" * len(HEAD)
        head = " & ".join(heads) + r" \\ \hline"
        return "\n".join([f"\\begin{{tabular}}{{{columns}}}", head, *lines, "\\end{tabular}"]) + "\n"

    def html(self, entries: bool = False) -> str:
        """A `<table>` of its own, without style."""
        head = "".join(f"<th>{name}</th>" for name in HEAD)
        rows = []
        for row, cells in zip(self.rows, self.cells(entries), strict=True):
            kind = ' class="seed"' if row.seed else ""
            name = f' id="row-{row.event.name}"' if row.event is not None else ""
            rows.append(f"<tr{kind}{name}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>\n")
        return f'<table class="adjoint">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody>\n</table>\n'

    def _repr_html_(self) -> str:
        return self.html()

    def rich(self, entries: bool = False) -> str:
        """For a terminal, in colours and as wide as it is; needs the extra `terminal`."""
        from rich.console import Console

        console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
        console.print(self._rich(entries))
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    def __rich__(self) -> Any:
        """What `rich.print` shows."""
        return self._rich(False)

    def _rich(self, entries: bool) -> Any:
        from rich import box
        from rich.table import Table as Rich
        from rich.text import Text

        kept, cells = self._filled(entries)
        made = Rich(box=box.SIMPLE_HEAD, pad_edge=False)
        for k in kept:
            made.add_column(HEAD[k], style=_STYLES.get(HEAD[k]), no_wrap=HEAD[k] in ("step", "value", "cotangent"))
        for row, line in zip(self.rows, cells, strict=True):
            made.add_row(*(Text(line[k]) for k in kept), style="bold" if row.seed else None)
        return made

    def _filled(self, entries: bool) -> tuple[list[int], list[tuple[str, ...]]]:
        """The columns in which there is something, and all cells."""
        cells = self.cells(entries)
        return [k for k in range(len(HEAD)) if any(row[k] for row in cells)], cells


_STYLES = {"step": "bold", "line": "dim", "value": "cyan", "partials": "dim", "cotangent": "red"}


def table(
    fun: Callable[..., Any], *args: Any, wrt: Wrt | None = None, most_times: int = MOST_TIMES,
    kwargs: Mapping[str, Any] | None = None, seed: Any = None,
) -> Table:
    """The steps of the gradient of `fun` at `args`: values, partial derivatives, cotangents and contributions.

    `wrt` is as for `grad`; without it every argument that holds floats.  Of a statement in a loop the first
    and last executions are shown, `most_times` in all.  `seed` is the cotangent of the result: 1 for a number, to be given
    for an array, and for a tuple or dict, of its structure: `seed=(1.0, 0.0)` starts from the first of two results.
    `print` it, or take `.markdown()`, `.latex()`, `.html()`.

    Raises `AdjointError` as `grad` does, `WrongArgument` where a seed is needed, and `Unsupported` where the cotangents of a
    program cannot be told statement by statement.

    >>> from math import sin
    >>> from adjoint import table
    >>> print(table(lambda x1, x2: x1 * x2 + sin(x1), 2.0, 3.0))
    step  what     line                  value     partials       cotangent  contributions
    ----  -------  --------------------  --------  -------------  ---------  --------------------
    w1    x1                             2                        2.58385    w4: -0.416147, w3: 3
    w2    x2                             3                        2          w3: 2
    w3    w1 * w2  1: x1 * x2            6         w1: 3, w2: 2   1          w5: 1
    w4    sin(w1)  1: sin(x1)            0.909297  w1: -0.416147  1          w5: 1
    w5    w3 + w4  1: x1 * x2 + sin(x1)  6.9093    w3: 1, w4: 1   1          seed: 1
    <BLANKLINE>
    """
    return Table(trace(fun, args, kwargs, wrt, seed), most_times)


def steps(found: Trace, most_times: int) -> list[Row]:
    """One row an event; executions of one statement beyond the limit are counted instead."""
    total = Counter(e.stmt.outs[0] for e in found.events)

    def left_out(event: Event) -> bool:
        n = total[event.stmt.outs[0]]
        return n > most_times and most_times - 2 <= event.time < n - 2

    rows: list[Row] = []
    for hidden, group in groupby(found.events, left_out):
        events = tuple(group)
        rows += [Row(None, skipped=events)] if hidden else [Row(e, e in found.outputs) for e in events]
    return rows


def _cells(row: Row, entries: bool) -> tuple[str, ...]:
    event = row.event
    if event is None:
        return ("…", f"{row.hidden} more steps", _iterations(row), *[""] * (len(HEAD) - 3))
    place = event.place
    made = [(k, a) for k, a in enumerate(event.operands) if isinstance(a, Traced) and a.event is not None]
    partials = [(name_of(a), event.partial(k)) for k, a in made]
    parts = [added(c, entries) for c in event.contributions[:MOST_ADDED]]
    more = len(event.contributions) - len(parts)
    return (
        event.name,
        operation(event),
        f"{place.line}: {_short(place.text)}" if place is not None else "",
        event.stmt.out.hint or "",
        number(event.value, entries),
        ", ".join(f"{name}: {number(p, entries)}" for name, p in partials if p is not None),
        number(event.bar, entries),
        ", ".join([*parts, *([f"and {more} more"] if more else [])]),
    )


def _iterations(row: Row) -> str:
    """`for k in range(n), 7 to 18`: which iterations are left out."""
    depth = len(common(event.scopes for event in row.skipped))
    inner = [event.scopes[depth] for event in row.skipped if len(event.scopes) > depth]
    if len(inner) < row.hidden or len({scope.loop for scope in inner}) > 1:
        return ""
    return f"{_short(inner[0].label)}, {inner[0].iteration} to {inner[-1].iteration}"


def _short(text: str) -> str:
    return text if len(text) <= 48 else text[:45] + "..."


def added(c: Contribution, entries: bool = False) -> str:
    """`w5 at [1:]: 0.3`: what added to a cotangent, where, and how much."""
    source = "seed" if c.source is None else c.source.name
    index = "" if c.index is None else f" at [{name_of(c.index)}]"
    return f"{source}{index}: {number(c.amount, entries)}"


def _tex(text: str) -> str:
    r"""Text for LaTeX: the signs that mean something to it escaped, and the names of steps as symbols.

    >>> _tex("w3: 50 %")
    '$w_{3}$: 50 \\%'
    """
    parts = re.split(r"\b(w\d+)\b", text)
    return "".join(f"$w_{{{part[1:]}}}$" if k % 2 else _escaped(part) for k, part in enumerate(parts))


_SIGNS = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "…": r"\ldots{}", "∂": r"$\partial$",
    **{c: f"${c}$" for c in "<>|"}, **{c: f"\\{c}" for c in "&%$#_{}"},
}


_CAPITALS = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")  # the others are Latin


def _escaped(text: str) -> str:
    return "".join(_SIGNS.get(c) or _greek(c) for c in text)


def _greek(letter: str) -> str:
    r"""A Greek letter as LaTeX writes it, `$\alpha$`; another letter as it is."""
    kind, _, name = unicodedata.name(letter, "").rpartition(" LETTER ")
    word = {"LAMDA": "lambda"}.get(name, name.lower())
    if kind == "GREEK CAPITAL":
        return f"$\\{word.capitalize()}$" if word.capitalize() in _CAPITALS else letter
    return f"$\\{word}$" if kind == "GREEK SMALL" and word.isalpha() and word != "omicron" else letter
