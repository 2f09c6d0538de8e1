"""A run of a gradient as one HTML page: source and generated source, table, graph, costs, and a stepper through both sweeps.

The page needs no server and no network.  Each line of the function, each generated line, each row and each node
carries the user's lines that it belongs to; the script in `report.js` lights up what belongs together, and plays the
run: the values of the forward sweep one by one, then each contribution of the reverse sweep.  Where there is no loop
a step is a line of the textbook form, which is marked too.
"""

from __future__ import annotations

import html
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ..api import Gradient, grad
from ..arguments import Wrt, has_float
from ..dispatch import Derived
from ..emit import Emitted, places_of
from ..ir import Place
from ..lower.source import function_of
from .costs import costs, quiet
from .graph import Graph
from .highlight import markup
from .notation import number, operation
from .picture import DARK, LIGHT, variables
from .table import MOST_TIMES, Table, added
from .trace import Contribution, Event, Trace, leaves_of, trace

Own = tuple[str, range]  # the file and the lines of the function that is shown


def report(
    fun: Callable[..., Any], path: str | Path | None, *args: Any, wrt: Wrt | None = None, most_times: int = MOST_TIMES,
    kwargs: Mapping[str, Any] | None = None, seed: Any = None,
) -> str:
    """Write a page on the gradient of `fun` at `args`; returns its text.  Without `path` nothing is written.

    `wrt`, `seed` and `most_times` are as for `table`.  Raises what `table` raises.

    >>> from adjoint import report
    >>> page = report(lambda x, y: x * y, None, 2.0, 3.0)
    >>> page.count('id="row-')
    3
    """
    found = trace(fun, args, kwargs, wrt, seed)
    table, graph = Table(found, most_times), Graph(found, most_times)
    primal = function_of(found.function)
    shown = {row.event.name for row in table.rows if row.event is not None}
    derived = _derived(fun, args, kwargs or {}, wrt, seed is not None)
    textbook = _gradient(derived.primal, derived.wrt, False, seed is not None)
    generated, written = (_compiled(d, args, kwargs or {}) for d in (derived, textbook))
    source, first = inspect.getsourcelines(primal)
    first = max(first, 1)
    own = (primal.__code__.co_filename, range(first, first + len(source)))
    where = _textbook_lines(found, written.source)
    parts = {
        "title": html.escape(f"{primal.__qualname__} and its gradient"),
        "heading": html.escape(_call(derived, args, kwargs or {})),
        "style": _colours() + _text("report.css"),
        "script": _text("report.js"),
        "summary": _summary(found, derived, args, kwargs or {}),
        "source": _source("".join(source), first),
        "generated": _listing(generated, own),
        "textbook": _listing(written, own),
        "table": table.html(),
        "graph": graph.svg(),
        "data": json.dumps({"steps": _steps(found, shown, where), "lines": _lines(found, shown, own)}).replace("<", "\\u003c"),
    }
    page = _text("report.html")
    for name, part in parts.items():
        page = page.replace(f"<!--{name}-->", part, 1)
    if path is not None:
        Path(path).write_text(page, encoding="utf-8")
    return page


def _text(name: str) -> str:
    return (files("adjoint.show") / "page" / name).read_text(encoding="utf-8")


def _colours() -> str:
    """Those of the picture, for the whole page, and as the page says and not the system."""
    light, dark = variables(LIGHT), variables(DARK)
    return f":root,:root.light svg.adjoint{{{light}}}\n:root.dark,:root.dark svg.adjoint{{{dark}}}\n"


def _call(derived: Derived, args: Any, kwargs: Any) -> str:
    """`f(x = 2, y = 3)`"""
    bound = derived.arguments(args, kwargs)
    given = ", ".join(f"{name} = {number(value) or repr(value)}" for name, value in bound.arguments.items())
    return f"{getattr(derived.primal, '__qualname__', 'f')}({given})"


def _source(text: str, first: int) -> str:
    return "".join(_line(first + k, line, [first + k]) for k, line in enumerate(markup(text)))


def _derived(fun: Any, args: Any, kwargs: Any, wrt: Wrt | None, seeded: bool) -> Derived:
    """The gradient that is shown: the function itself, or by all of its arguments that hold floats."""
    if isinstance(fun, Derived) and not seeded:
        return fun
    if wrt is None:
        wrt = tuple(name for name, v in grad(fun).arguments(args, kwargs).arguments.items() if has_float(v))
    return _gradient(fun, wrt, True, seeded)


def _gradient(fun: Any, wrt: Wrt, optimize: bool, seeded: bool) -> Gradient:
    return Gradient(fun, wrt, value=False, optimize=optimize, has_aux=False, seed="given" if seeded else "one")


def _compiled(derived: Derived, args: Any, kwargs: Any) -> Emitted:
    run = derived.compiled_for(*args, **kwargs)
    emitted: Emitted = vars(getattr(run, "func", run))["__adjoint__"]  # `func`: of a method
    return emitted


def _listing(emitted: Emitted, own: Own) -> str:
    """The generated source, each line with the lines of the function that it comes from."""
    return "".join(
        _line(k, line, list(dict.fromkeys(found for p in places_of(emitted.filename, k) if (found := _own_line(p, own)))))
        for k, line in enumerate(markup(emitted.source), 1)
    )


def _line(k: int, marked: str, of: list[int]) -> str:
    mark = f' data-of="{" ".join(map(str, of))}" tabindex="0"' if of else ""
    return f'<span class="line"{mark}><i>{k}</i>{marked or " "}</span>\n'


def _summary(found: Trace, derived: Derived, args: Any, kwargs: Any) -> str:
    rows = {"value": number(found.value)}
    bound, _, _, program = derived.programs(args, kwargs)
    if quiet(program.body) and quiet(found.program.body):  # they are run again
        leaves = [leaf for p in program.params for _, _, leaf in leaves_of(p.tree, bound.arguments.get(p.name, found.seed), p.name)]
        book, own = costs(found.program, found.inputs), costs(program, leaves)
        rows["operations of the function"] = str(book.forward)
        rows["of its gradient, both sweeps"] = f"{own.forward} + {own.reverse}"
        if book.forward:
            rows["gradient / function"] = f"{(own.forward + own.reverse) / book.forward:.2f}, in theory at most 4 to 5"
        rows["recorded"] = f"{_many(own.values, 'value')}, {own.bytes} bytes"
        rows["in the textbook form"] = f"{book.forward} + {book.reverse}; {_many(book.values, 'value')}, {book.bytes} bytes"
    return "".join(f"<div><dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd></div>" for k, v in rows.items())


def _many(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _textbook_lines(found: Trace, text: str) -> dict[tuple[str, int], int]:
    """The line of the textbook form that is a step (-1), or that makes its cotangent's k-th contribution.

    Empty where these are not one to one: in loops, and where a contribution takes several lines.
    """
    if text.count("def ") > 1:  # of a function that calls itself there are several with the same names
        return {}
    values: dict[str, list[int]] = defaultdict(list)
    bars: dict[str, list[int]] = defaultdict(list)
    for k, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"    (w\d+)(_bar)? [-+]?= ", line):
            (bars if match[2] else values)[match[1]].append(k)
    if any(len(values[e.name]) != 1 or len(bars[e.name]) != len(e.contributions) for e in found.events):
        return {}
    return {(e.name, k): line for e in found.events for k, line in enumerate([*values[e.name], *bars[e.name]], -1)}


def _lines(found: Trace, shown: set[str], own: Own) -> dict[str, int]:
    """The line of the function that each step stands on."""
    lines = {e.name: _own_line(e.place, own) for e in found.events if e.place is not None and e.name in shown}
    return {name: line for name, line in lines.items() if line is not None}


def _own_line(place: Place | None, own: Own) -> int | None:
    """The line of the function itself on which a place is: of what stands in another that it calls, that of the call."""
    if place is None:
        return None
    file, lines = own
    return place.line if place.file == file and place.line in lines else _own_line(place.called, own)


def _steps(found: Trace, shown: set[str], where: dict[tuple[str, int], int]) -> list[dict[str, Any]]:
    """What the stepper plays: the value of each step, then each contribution in the order it is made."""
    forward = [
        {"step": e.name, "sweep": "forward", "says": f"{e.name} = {operation(e)} = {number(e.value)}",
         "text": number(e.value), "line": where.get((e.name, -1))}
        for e in found.events if e.name in shown
    ]
    made = [step for e in found.events if e.name in shown for step in _contributions(e, shown, where)]
    return forward + [step for _, step in sorted(made, key=lambda item: item[0])]


def _contributions(event: Event, shown: set[str], where: dict[tuple[str, int], int]) -> list[tuple[int, dict[str, Any]]]:
    """What is added to a cotangent, and when; what steps add that are left out is one."""
    steps: list[tuple[int, dict[str, Any]]] = []
    more = 0
    for k, (c, bar) in enumerate(zip(event.contributions, event.bars(), strict=True)):
        step = {"step": event.name, "sweep": "reverse", "text": number(bar), "line": where.get((event.name, k))}
        if c.source is not None and c.source.name not in shown:
            if more:
                steps.pop()
            more += 1
            said = "contributions" if more > 1 else "contribution"
            step |= {"from": "", "added": f"{more} left out", "says": f"{event.name}_bar: {more} {said} of steps that are left out"}
        else:
            more = 0
            step |= {"from": "" if c.source is None else c.source.name, "added": added(c),
                     "says": f"{event.name}_bar {'+=' if k else '='} {number(c.amount)}, {_because(c)}"}
        steps.append((c.when, step))
    return steps


def _because(c: Contribution) -> str:
    """Why so much is added: the cotangent of what was made, times the partial derivative."""
    if c.source is None:
        return "the seed"
    partial, bar = c.source.partial(c.operand), c.source.bar
    if isinstance(partial, float | int | np.floating) and isinstance(bar, float | np.floating):
        return f"from {c.source.name}: {number(bar)} × {number(partial)}"
    return f"from {c.source.name}"
