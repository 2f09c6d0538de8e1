"""The table: its numbers are those of the gradient, its contributions add up, and every form of it can be read."""

from __future__ import annotations

import contextlib
import dataclasses
import html.parser
import io
import re
from math import cos, sin
from typing import NamedTuple

import numpy as np
import pytest
from corpus import CASES
from corpus.refused import REFUSED

import adjoint
from adjoint import grad, table, vjp
from adjoint.show.notation import number
from adjoint.show.table import HEAD
from adjoint.show.trace import Traced, plain, trace
from adjoint.tangents import map_floats
from adjoint.testing import assert_same

UNTOLD = {"deep_recursion"}  # too deep
SEVERAL = [case for case in CASES if case.name not in REFUSED and case.out != "scalar"]
SCALAR = [case for case in CASES if case.name not in REFUSED and case.out == "scalar"]


def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        return run()


@pytest.mark.parametrize("case", SCALAR, ids=lambda case: case.name)
def test_every_function_of_the_corpus(case):
    """The value is that of the function, the cotangents of the inputs are the gradient, and each is made of what is said."""
    try:
        found = quietly(lambda: trace(case.fun, case.fresh_args(), wrt=case.wrt))
    except adjoint.Unsupported:
        assert case.name in UNTOLD
        return
    assert case.name not in UNTOLD
    expected = quietly(lambda: case.fun(*case.fresh_args()))
    np.testing.assert_allclose(np.asarray(found.value), np.asarray(expected), rtol=1e-9)
    check_contributions(found)


def check_contributions(found):
    """Where both are numbers: what a step adds is its cotangent times its partial derivative."""
    for event in found.events:
        bar = event.bar
        for k, operand in enumerate(event.operands):
            partial = quietly(lambda event=event, k=k: event.partial(k))
            if not isinstance(operand, Traced) or operand.event is None or partial is None:
                continue
            if np.ndim(bar) or np.ndim(partial) or not isinstance(plain(operand), float) or bar is None:
                continue
            added = [c for c in operand.event.contributions if c.source is event and c.operand == k]
            total = sum(plain(c.amount) for c in added)
            expected = np.real(bar * partial)  # the operand is real, what is made of it may be complex
            np.testing.assert_allclose(total, expected if added else total, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.name)
def test_results_that_are_no_number(case):
    """The cotangents of the inputs are those of the pullback, for the same seed."""
    value, pullback = vjp(case.fun, *case.fresh_args())
    rng = np.random.default_rng(0)
    seed = map_floats(lambda x: rng.standard_normal(np.shape(x)) if np.ndim(x) else rng.standard_normal(), value)
    found = trace(case.fun, case.fresh_args(), wrt=case.wrt, seed=seed)
    assert_same(found.value, value)
    assert_same(found.gradients, flat(pullback(seed)))
    marked = [c for event in found.events for c in event.contributions if c.source is None]
    assert len(marked) == len(flat(seed))


def flat(tree):
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, tuple) else [tree]
    return [leaf for part in parts for leaf in flat(part)] if not parts == [tree] else [tree]


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
    with pytest.raises(adjoint.WrongArgument, match=re.escape("take it as `seed=np.ones(2)`")):
        table(polar, 2.0, 0.5)
    with pytest.raises(adjoint.WrongArgument, match="a float, and not a tuple of 2"):
        table(lambda x: (x, x * x), 2.0, seed=1.0)


def test_latex_of_the_users_names():
    def loss(params, λ, Ω):
        return λ * params["w1"] if λ < 3.0 or Ω > 100.0 % 7 else params["x_2"] ** 2

    latex = table(loss, {"w1": 2.0, "x_2": 1.0}, 0.5, 1.0).latex()
    assert "$w_{1}$ & params['w1'] &" in latex  # the user's w1 is not a step
    assert r'$\lambda$ * params["w1"]' in latex
    assert r"$\Omega$ $>$ 100.0 \% 7" in table(lambda Ω: Ω * (Ω > 100.0 % 7), 1.0).latex()
    assert table(lambda ο: ο * 1.0, 1.0).latex().isascii() is False  # LaTeX has no letter for omicron


@dataclasses.dataclass
class Fit:
    slope: float
    rest: np.ndarray


class Pair(NamedTuple):
    first: float
    second: object


def fit(x, n):
    return {"fit": Fit(np.sum(x), x * x), "pair": Pair(x[0], (n, [x[1] * x[0]]))}


SEEDS = [
    {"fit": Fit(1.0, np.zeros(2)), "pair": Pair(0.0, (None, [0.0]))},
    {"fit": {"slope": 0, "rest": [1, 2]}, "pair": None},
    {"fit": None, "pair": (2.0, (None, [3]))},
]


@pytest.mark.parametrize("seed", SEEDS, ids=["whole", "of-integers", "in-part"])
def test_the_seed_has_the_structure_of_the_result(seed):
    x = np.array([2.0, 3.0])
    _, pullback = vjp(fit, x, 3)
    filled = [
        {"fit": Fit(1.0, np.zeros(2)), "pair": None},
        {"fit": Fit(0.0, np.array([1.0, 2.0])), "pair": None},
        {"fit": None, "pair": Pair(2.0, (None, [3.0]))},
    ][next(k for k, other in enumerate(SEEDS) if other is seed)]
    made = table(fit, x, 3, seed=seed)
    assert_same(made.gradients, [pullback(filled)[0]])
    assert_same(made.value["fit"].slope, 5.0)
    assert [row.seed for row in made.rows] == [row.event in made.trace.outputs for row in made.rows]


def test_a_seed_of_another_structure():
    wanted = "seed={'fit': Fit(slope=1.0, rest=np.zeros(2)), 'pair': Pair(first=0.0, second=(None, [0.0]))}"
    with pytest.raises(adjoint.WrongArgument, match=re.escape(wanted)):
        table(fit, np.ones(2), 3)
    for seed, said in [
        ({"fit": None}, "a dict with the keys 'fit', and not a dict with 'fit', 'pair'"),
        ({"fit": 1.0, "pair": None}, "`seed['fit']` is a float, and not a Fit with 'slope', 'rest'"),
        ({"fit": None, "pair": (1.0,)}, "`seed['pair']` is a tuple of 1, and not a Pair of 2"),
        ({"fit": {"slope": 1.0, "rest": np.ones(3)}, "pair": None}, "`seed['fit'].rest` has the shape (3,), and not (2,)"),
    ]:
        with pytest.raises(adjoint.WrongArgument, match=re.escape(said)):
            table(fit, np.ones(2), 3, seed=seed)


def test_lists_as_long_as_the_run_says():
    def grown(x, n):
        return [x * k for k in range(n)]

    made = table(grown, 2.0, 3, seed=[1.0, 0.0, 4.0])
    assert_same(made.gradients, [8.0])
    with pytest.raises(adjoint.WrongArgument, match="Pass zeros"):
        table(lambda x, n: (x, [x * k for k in range(n)]), 2.0, 3, seed=(1.0, None))


def power(x, n):
    if n == 1:
        return x
    if n % 2:
        return x * power(x, n - 1)
    h = power(x, n // 2)
    return h * h


def even(x, n):
    return x if n == 0 else odd(sin(x), n - 1)


def odd(x, n):
    total = x
    for _ in range(2):
        total = total * x
    return total if n == 0 else total + even(x * 2.0, n - 1)


def of_two(x, n):
    s = 0.0
    for k in range(2):
        s = s + power(x, n + k) * power(3.0, 2)
    return s


def test_recursion_is_shown_call_by_call():
    made = table(power, 2.0, 5)
    cells = {name: (what, bar) for name, what, _, _, _, _, bar, _ in made.cells()}
    assert cells == {"w1": ("x", "80"), "w2": ("w1 * w1", "16"), "w3": ("w2 * w2", "2"), "w4": ("w1 * w3", "1")}
    inside = {e.name: [s.title for s in e.scopes] for e in made.trace.events}
    assert inside["w4"] == []
    assert inside["w3"] == ["power(x, n - 1)"]
    assert inside["w2"] == ["power(x, n - 1)", "power(x, n // 2)"]


@pytest.mark.parametrize(("fun", "args"), [(power, (1.1, 13)), (even, (0.5, 5)), (odd, (0.5, 4)), (of_two, (1.5, 5))])
def test_gradients_of_recursion(fun, args):
    made = table(fun, *args, most_times=1000)
    assert_same(made.gradients, [grad(fun)(*args)])
    assert_same(made.trace.events[0].bar, grad(fun)(*args))


def test_scopes_of_recursion():
    """Functions that call each other, with loops: each call is inside of the one it was made in."""
    made = table(even, 0.5, 3)
    titles = ["odd(sin(x), n - 1)", "even(x * 2.0, n - 1)", "odd(sin(x), n - 1)"]
    found = [[s.title for s in e.scopes if not s.iteration] for e in made.trace.events]
    assert found[-1] == titles[:1]
    assert max(found, key=len) == titles
    loops = [(len(e.scopes), [s.iteration for s in e.scopes if s.iteration]) for e in made.trace.events]
    assert {n for _, at in loops for n in at} == {1, 2}
    assert all(len(at) <= 1 for _, at in loops)  # an iteration of a call does not go on in the calls after the loop


def test_recursion_that_is_too_deep():
    with pytest.raises(adjoint.Unsupported, match="calls itself too deeply"):
        table(deep, 0.5, 400)


def deep(x, n):
    return x if n == 0 else sin(deep(x, n - 1))


def test_functions_of_scipy_in_every_form():
    """What they return is not always a number, and their rules may ask for the pullback of a function of the user's."""
    linalg, optimize = pytest.importorskip("scipy.linalg"), pytest.importorskip("scipy.optimize")

    def likelihood(ell, y):
        k = np.exp(-np.subtract.outer(y, y) ** 2 / ell) + np.eye(3)
        factor = linalg.cho_factor(k, lower=True)
        return y @ linalg.cho_solve(factor, y)

    def balance(a, b):
        root = optimize.brentq(lambda t: t - a * cos(b * t), 0.0, 2.0)
        return root**2

    def nearest(a):
        found = optimize.minimize(lambda p: np.sum((p - a) ** 2), np.zeros(2))
        return np.sum(found.x**2)

    assert "cho_factor" in table(likelihood, 1.5, np.arange(3.0)).text()
    made = table(balance, 1.0, 0.9)
    root = next(e for e in made.trace.events if e.stmt.out.hint == "root")
    assert_same([root.partial(k) * root.bar for k in (4, 3)], [made.gradients[0], made.gradients[1]])
    assert "brentq(function, 0, 2, w2, w1)" in made.text()
    text = table(nearest, np.array([1.0, 2.0])).text()
    assert "minimize(function, w2, w1)" in text
    assert "w3.x" in text
    assert " at 0x" not in text


def test_infinities_are_shown_and_no_warning_names_a_line_of_ours(recwarn):
    assert "inf" in table(lambda x: np.sum(np.sqrt(x)), np.array([1.0, 0.0])).text()
    assert not recwarn.list
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError) as caught:
        table(lambda x: np.sum(np.sqrt(x)), np.array([1.0, 0.0]))
    assert "np.sqrt(x)" in caught.value.__notes__[0]
