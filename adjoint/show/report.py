"""A run of a gradient as one HTML page: source and generated source, table, graph, and a stepper through both sweeps.

The page needs no server and no network.  Each line of the function, each generated line, each row and each node
carries the user's lines that it belongs to; the script in `report.js` lights up what belongs together, and plays the
run: the values of the forward sweep one by one, then each contribution of the reverse sweep.
"""

from __future__ import annotations

import html
import inspect
import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ..api import grad
from ..arguments import Wrt, has_float
from ..dispatch import Derived
from ..emit import places_of
from ..lower.source import function_of
from .graph import Graph
from .notation import number, operation
from .table import MOST_TIMES, Table
from .trace import Trace, trace


def report(
    fun: Callable[..., Any], path: str | Path | None, *args: Any, wrt: Wrt | None = None, most_times: int = MOST_TIMES,
    kwargs: Mapping[str, Any] | None = None,
) -> str:
    """Write a page on the gradient of `fun` at `args`; returns its text.  Without `path` nothing is written.

    `wrt` and `most_times` are as for `table`.  Raises what `table` raises.

    >>> from adjoint import report
    >>> page = report(lambda x, y: x * y, None, 2.0, 3.0)
    >>> page.count('id="row-')
    3
    """
    found = trace(fun, args, kwargs, wrt)
    table, graph = Table(found, most_times), Graph(found, most_times)
    primal = function_of(found.function)
    shown = {row.event.name for row in table.rows if row.event is not None}
    parts = {
        "title": html.escape(f"{primal.__qualname__} and its gradient"),
        "style": _text("report.css"),
        "script": _text("report.js"),
        "summary": _summary(found),
        "source": _source(primal),
        "generated": _generated(fun, args, kwargs or {}, wrt),
        "table": table.html(),
        "graph": graph.svg(),
        "data": json.dumps({"steps": _steps(found, shown), "lines": _lines(found, primal)}).replace("</", "<\\/"),
    }
    page = _text("report.html")
    for name, part in parts.items():
        page = page.replace(f"<!--{name}-->", part, 1)
    if path is not None:
        Path(path).write_text(page, encoding="utf-8")
    return page


def _text(name: str) -> str:
    return (files("adjoint.show") / "page" / name).read_text(encoding="utf-8")


def _source(primal: Any) -> str:
    lines, first = inspect.getsourcelines(primal)
    first = max(first, 1)
    return "".join(_line(first + k, line.rstrip("\n"), [first + k]) for k, line in enumerate(lines))


def _generated(fun: Any, args: Any, kwargs: Any, wrt: Wrt | None) -> str:
    """The generated source, each line with the lines of the function that it comes from."""
    derived = fun
    if not isinstance(fun, Derived):
        if wrt is None:
            wrt = tuple(name for name, v in grad(fun).arguments(args, kwargs).arguments.items() if has_float(v))
        derived = grad(fun, wrt)
    run = derived.compiled_for(*args, **kwargs)
    run = getattr(run, "func", run)  # of a method
    filename, primal = run.__code__.co_filename, function_of(derived.primal).__code__.co_filename
    lines = run.__adjoint__.source.splitlines()
    return "".join(
        _line(k, line, [p.line for p in places_of(filename, k) if p.file == primal]) for k, line in enumerate(lines, 1)
    )


def _line(k: int, text: str, of: list[int]) -> str:
    mark = f' data-of="{" ".join(map(str, of))}" tabindex="0"' if of else ""
    return f'<span class="line"{mark}><i>{k}</i>{html.escape(text) or " "}</span>\n'


def _summary(found: Trace) -> str:
    forward, reverse = len([e for e in found.events if not e.argument]), found.reverse_operations
    held = sum(np.asarray(e.value).nbytes for e in found.events if isinstance(e.value, float | np.ndarray | np.generic))
    rows = {
        "value": number(found.value),
        "operations, forward sweep": str(forward),
        "reverse sweep": str(reverse),
        "reverse / forward": f"{reverse / forward:.2f}" if forward else "",
        "values held in the textbook form": f"{len(found.events)}, {held} bytes",
    }
    return "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in rows.items())


def _lines(found: Trace, primal: Any) -> dict[str, int]:
    """The line of the function that each step stands on."""
    file = primal.__code__.co_filename
    return {e.name: e.place.line for e in found.events if e.place is not None and e.place.file == file}


def _steps(found: Trace, shown: set[str]) -> list[dict[str, str]]:
    """What the stepper plays: the value of each step, then each contribution in the order it is made."""
    forward = [
        {"step": e.name, "sweep": "forward", "says": f"{e.name} = {operation(e)} = {number(e.value)}", "text": number(e.value)}
        for e in found.events if e.name in shown
    ]
    added = [(c.when, k, e, c) for e in found.events for k, c in enumerate(e.contributions) if e.name in shown]
    reverse = []
    for _, k, e, c in sorted(added, key=lambda item: item[:2]):
        source = "the seed" if c.source is None else c.source.name
        reverse.append({
            "step": e.name, "sweep": "reverse", "from": "" if c.source is None else c.source.name,
            "says": f"{e.name}_bar += {number(c.amount)}, from {source}", "text": number(e.bar_after(k + 1)),
        })
    return forward + reverse
