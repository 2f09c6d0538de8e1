"""The table: its numbers are those of the gradient, its contributions add up, and every form of it can be read."""

from __future__ import annotations

import contextlib
import html.parser
import io
import re
from math import cos, sin

import numpy as np
import pytest
from corpus import CASES
from corpus.refused import REFUSED

import adjoint
from adjoint import grad, table, vjp
from adjoint.show.notation import number
from adjoint.show.table import HEAD
from adjoint.show.trace import Traced, plain, trace
from adjoint.testing import assert_same

# their cotangents go through halves of functions, or lists of which parts are taken, and not from step to step
UNTOLD = {
    "adaptive_simpson", "anonymous_recursion", "break_in_recursive_closure", "deep_recursion", "fibonacci_polynomial",
    "list_of_floats", "lists_in_numpy", "recursion_at_module_level", "recursive_power",
}
SCALAR = [case for case in CASES if case.name not in REFUSED and case.out == "scalar"]


def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        return run()


@pytest.mark.parametrize("case", SCALAR, ids=lambda case: case.name)
def test_every_function_of_the_corpus(case):
    """The value is that of the function, and the cotangents of the inputs are the gradient."""
    try:
        found = quietly(lambda: trace(case.fun, case.fresh_args(), wrt=case.wrt))
    except adjoint.Unsupported:
        assert case.name in UNTOLD
        return
    assert case.name not in UNTOLD
    expected = quietly(lambda: case.fun(*case.fresh_args()))
    np.testing.assert_allclose(np.asarray(found.value), np.asarray(expected), rtol=1e-9)


@pytest.mark.parametrize("case", SCALAR, ids=lambda case: case.name)
def test_contributions_are_cotangent_times_partial(case):
    """Where both are numbers: what a step adds is its cotangent times its partial derivative."""
    if case.name in UNTOLD:
        return
    found = quietly(lambda: trace(case.fun, case.fresh_args(), wrt=case.wrt))
    for event in found.events:
        for k, operand in enumerate(event.operands):
            partial = quietly(lambda event=event, k=k: event.partial(k))
            if not isinstance(operand, Traced) or operand.event is None or partial is None:
                continue
            if np.ndim(event.bar) or np.ndim(partial) or not isinstance(plain(operand), float) or event.bar is None:
                continue
            added = [c for c in operand.event.contributions if c.source is event and c.operand == k]
            total = sum(plain(c.amount) for c in added)
            np.testing.assert_allclose(total, event.bar * partial if added else total, rtol=1e-9, atol=1e-12)


def f(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


def loop(w, x, steps=20):
    s = 0.0
    for _ in range(steps):
        s += np.sum((w * x) ** 2)
    return s * w[0]


def test_worked_example():
    made = table(f, 2.0, 3.0)
    events = {row.event.name: row.event for row in made.rows}
    assert [e.name for e in made.trace.events] == ["w1", "w2", "w3", "w4", "w5"]
    assert_same(events["w1"].bar, 3.0 + cos(2.0))
    assert_same([c.amount for c in events["w1"].contributions], [cos(2.0), 3.0])
    assert_same([events["w3"].partial(0), events["w3"].partial(1)], [3.0, 2.0])
    assert [row.seed for row in made.rows] == [False] * 4 + [True]
    assert events["w5"].contributions[0].source is None
    assert (events["w5"].stmt.out.hint, events["w5"].place.line) == ("z", f.__code__.co_firstlineno + 1)


def test_a_decorated_function_and_wrt():
    made = table(grad(f, wrt="x2"), 2.0, 3.0)
    bars = {e.argument: e.bar for e in made.trace.events if e.argument}
    assert bars == {"x1": None, "x2": 2.0}
    assert_same([g[0] if isinstance(g, tuple) else g for g in made.gradients], [2.0])


def test_loops_are_unrolled_up_to_a_limit():
    w, x = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    made = table(loop, w, x)
    assert len(made.trace.events) == 2 + 20 * 4 + 2
    hidden = [row.hidden for row in made.rows if row.event is None]
    assert hidden == [12 * 4]
    assert len(table(loop, w, x, most_times=100).rows) == 84
    assert_same(made.trace.events[0].bar, grad(loop)(w, x))
    assert "and 17 more" in made.text()
    assert "for _ in range(steps), 7 to 18" in made.text()


def test_arrays_in_short_and_in_full():
    made = table(lambda x: np.sum(x * x), np.ones((4, 3)))
    assert "(4, 3), norm 3.4641" in made.text()
    assert "[[1, 1, 1], [1, 1, 1]" in made.text(entries=True)


class _Cells(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_every_form_has_the_same_cells():
    made = table(lambda x, n: np.sum(x[:2] * x[1:]) if x[0] < n else 0.0, np.arange(3.0), 5)
    cells = [HEAD, *made.cells()]
    assert [tuple(row) for row in _Cells(made.html()).rows] == cells
    assert made._repr_html_() == made.html()
    markdown = [tuple(c.strip() for c in line.split(" | ")) for line in made.markdown().splitlines()]
    assert len(markdown) == len(cells) + 1
    assert len({len(line) for line in markdown}) == 1
    latex = made.latex().splitlines()
    assert len(latex) == len(cells) + 2
    assert all(line.count(" & ") == len(HEAD) - 1 for line in latex[1:-1])
    assert str(made).count("\n") == len(cells) + 1


def test_rich():
    rich = pytest.importorskip("rich")
    out = io.StringIO()
    rich.print(table(f, 2.0, 3.0), file=out)
    assert "-0.416" in out.getvalue()
    coloured = table(lambda x: x[0] * x[1], [2.0, 3.0]).rich()
    assert "\x1b[36m" in coloured
    plain_text = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert "[0]" in plain_text  # no markup of rich's


def test_needs_numbers():
    with pytest.raises(TypeError):
        table(f)


def polar(r, phi):
    return np.stack([r * np.cos(phi), r * np.sin(phi)])


@pytest.mark.parametrize("seed", [np.array([1.0, 0.0]), np.array([0.3, -2.0]), [0.0, 1.0]])
def test_seeds_of_an_array(seed):
    made = table(polar, 2.0, 0.5, seed=seed)
    _, pullback = vjp(polar, 2.0, 0.5)
    assert_same(tuple(made.gradients), pullback(np.array(seed)))
    assert_same([e.bar for e in made.trace.events if e.argument], list(pullback(np.array(seed))))
    assert f"seed: {number(np.array(seed))}" in made.text()


def test_seeds_of_a_number_and_of_no_other_shape():
    assert table(f, 2.0, 3.0, seed=10.0).gradients == pytest.approx([10.0 * (3.0 + cos(2.0)), 20.0])
    for seed in (np.ones(3), 1.0, np.ones((2, 1))):
        with pytest.raises(adjoint.WrongArgument, match="seed"):
            table(polar, 2.0, 0.5, seed=seed)
    with pytest.raises(adjoint.WrongArgument, match="use `vjp` and say with which cotangent"):
        table(polar, 2.0, 0.5)
    with pytest.raises(adjoint.Unsupported, match="a number or an array"):
        table(lambda x: (x, x * x), 2.0, seed=1.0)


def test_recursion_is_refused():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    with pytest.raises(adjoint.Unsupported, match="cannot be told statement by statement"):
        table(power, 2.0, 3)
