"""The public operators: how they are called, what they return, and that what ran can be read.

Derivatives of all kinds of programs are in test_corpus.py; here every function is a line or two.
"""

from __future__ import annotations

import functools
import inspect
import io
import pdb
import traceback
from dataclasses import dataclass
from math import sin
from typing import NamedTuple

import numpy as np
import pytest

from adjoint import AdjointError, Gradient, grad, source, value_and_grad, vjp
from adjoint.testing import assert_same

TRUE = (2.5838531634528574, 2.0)


def f(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


@grad(wrt=("x1", "x2"))
def decorated(x1, x2):
    """The function of every introduction."""
    z = x1 * x2 + sin(x1)
    return z


@grad
def bare(x1, x2):
    return x1 * x2 + sin(x1)


# --- calling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrt", "expected"),
    [
        (0, TRUE[0]), (1, TRUE[1]), (-1, TRUE[1]), ("x2", TRUE[1]), ((0, 1), TRUE), (("x2", "x1"), TRUE[::-1]),
        ((0, "x2"), TRUE), ((0,), TRUE[:1]), (["x1", "x2"], TRUE), ((), ()),
    ],
)
def test_wrt(wrt, expected):
    assert grad(f, wrt)(2.0, 3.0) == expected
    assert grad(f, wrt, optimize=False)(2.0, 3.0) == expected
    assert value_and_grad(f, wrt)(2.0, 3.0) == (f(2.0, 3.0), expected)


def test_decorators():
    assert decorated(2.0, 3.0) == TRUE
    assert bare(2.0, 3.0) == TRUE[0]
    assert value_and_grad(wrt="x2")(f)(2.0, 3.0) == (f(2.0, 3.0), TRUE[1])


def test_is_called_as_the_function_is():
    assert decorated(2.0, x2=3.0) == decorated(x2=3.0, x1=2.0) == TRUE
    assert inspect.signature(decorated) == inspect.signature(f)
    with pytest.raises(TypeError, match="x2"):
        decorated(2.0)
    with pytest.raises(TypeError, match="x3"):
        decorated(2.0, 3.0, x3=1.0)


def test_looks_like_the_function():
    assert decorated.__name__ == "decorated"
    assert decorated.__doc__ == "The function of every introduction."
    assert decorated.primal(2.0, 3.0) == f(2.0, 3.0)
    assert repr(decorated) == "<gradient of decorated>"
    assert isinstance(decorated, Gradient)


def test_has_aux():
    def loss(x):
        y = x * x
        return y, {"twice": 2.0 * y}

    assert grad(loss, has_aux=True)(3.0) == (6.0, {"twice": 18.0})
    assert value_and_grad(loss, has_aux=True)(3.0) == ((9.0, {"twice": 18.0}), 6.0)


def test_seed_of_the_textbook_form():
    textbook = grad(f, (0, 1), optimize=False).compiled_for(2.0, 3.0)
    assert textbook(2.0, 3.0, z_bar=2.0) == tuple(2.0 * d for d in TRUE)


# --- what goes in comes out ---------------------------------------------------------------------


@dataclass
class Line:
    slope: float
    name: str = "line"


class Pair(NamedTuple):
    a: float
    b: np.ndarray


@pytest.mark.parametrize(
    ("fun", "arg", "expected"),
    [
        (lambda x: x * x, 3.0, 6.0),
        (lambda x: x * x, np.float64(3.0), 6.0),
        (lambda x: x * x, np.array(3.0), np.array(6.0)),
        (lambda x: np.sum(x * x), np.ones((2, 1)), 2.0 * np.ones((2, 1))),
        (lambda x: np.sum(x * x), np.ones(3, np.float32), 2.0 * np.ones(3, np.float32)),
        (lambda x: x[0] * x[1], [2.0, 3.0], [3.0, 2.0]),
        (lambda x: x[0] * x[1], (2.0, np.float32(3.0)), (3.0, np.float32(2.0))),
        (lambda x: x["a"] * np.sum(x["b"][0]), {"a": 2.0, "b": [np.ones(2), 1]}, {"a": 2.0, "b": [2.0 * np.ones(2), None]}),
        (lambda x: x.a * np.sum(x.b), Pair(2.0, np.ones(2)), Pair(2.0, 2.0 * np.ones(2))),
        (lambda x: x.slope * x.slope, Line(3.0), Line(6.0, None)),
        (lambda x: 1.0, 3.0, 0.0),
        (lambda x: 1.0, np.ones(2), np.zeros(2)),
    ],
)
def test_the_gradient_has_the_structure_of_its_argument(fun, arg, expected):
    assert_same(grad(fun)(arg), expected)


def test_arguments_and_results_are_separate():
    """No gradient is a view of an argument, of the value, or of another gradient."""
    x, y = np.ones(3), np.full(3, 2.0)
    _, (x_bar, y_bar) = value_and_grad(lambda x, y: np.sum(x * y), (0, 1))(x, y)
    x_bar += 1.0
    y_bar += 1.0
    assert_same((x, y), (np.ones(3), np.full(3, 2.0)))
    a_bar, b_bar = grad(lambda a, b: np.sum(a + b), (0, 1))(x, y)
    a_bar += 1.0
    assert_same(b_bar, np.ones(3))


def test_a_gradient_for_each_kind_of_argument():
    square = grad(lambda x: np.sum(x * x))
    for arg in (2.0, np.ones(2), np.ones((2, 2)), np.ones(2), 3.0):
        assert_same(square(arg), 2.0 * arg)


def test_globals_are_those_of_the_call():
    scale = {"rate": 2.0}

    def scaled(x):
        return scale["rate"] * x

    slope = grad(scaled)
    assert slope(1.0) == 2.0
    scale["rate"] = 3.0
    assert slope(1.0) == 3.0


def test_partial_methods_and_callables():
    class Model:
        def __init__(self, w):
            self.w = w

        @grad
        def slope(self, x):
            return self.w * x * x

        def loss(self, x):
            return self.w * x * x

        def __call__(self, x):
            return self.w * x

    assert Model(3.0).slope(2.0) == 12.0
    assert grad(Model(3.0).loss)(2.0) == 12.0
    assert grad(Model(3.0))(2.0) == 3.0
    assert grad(functools.partial(f, x2=3.0))(2.0) == TRUE[0]


# --- vjp ----------------------------------------------------------------------------------------


def test_vjp_gives_a_row_of_the_jacobian_a_seed():
    matrix = np.arange(6.0).reshape(2, 3)
    value, pullback = vjp(lambda x: matrix @ x, np.ones(3))
    assert_same(value, matrix @ np.ones(3))
    assert_same(np.stack([pullback(seed)[0] for seed in np.eye(2)]), matrix)
    assert "seed" in pullback.source


def test_vjp_of_a_structure():
    value, pullback = vjp(lambda x, n, y: {"sum": x + y, "rest": (n * x, y)}, 2.0, 3, 5.0)
    assert value == {"sum": 7.0, "rest": (6.0, 5.0)}
    assert pullback({"sum": 1.0, "rest": (10.0, 100.0)}) == (31.0, None, 101.0)


def test_vjp_where_names_are_taken():
    _, pullback = vjp(lambda x, seed: x * seed, 2.0, 3.0)
    assert pullback(10.0) == (30.0, 20.0)

    def product(*values, scale=2.0):
        return values[0] * values[1] * scale

    _, pullback = vjp(product, 2.0, 3.0)
    assert pullback(1.0) == (6.0, 4.0)


# --- what ran can be read -----------------------------------------------------------------------


def test_source_is_what_ran():
    assert decorated(2.0, 3.0) == TRUE
    namespace = {}
    exec(decorated.source, namespace)
    assert namespace["decorated_grad"](2.0, 3.0) == TRUE
    run = decorated.compiled_for(2.0, 3.0)
    assert inspect.getsource(run) in decorated.source
    assert inspect.getsource(decorated) == inspect.getsource(run)


def test_source_before_any_call():
    assert "def f_grad(x1, x2)" in source(f)
    assert "def f_grad(x)" in source(lambda x: x.sum())


def test_traceback_shows_the_generated_line():
    def divides(x):
        return 1.0 / (x - 2.0)

    with pytest.raises(ZeroDivisionError) as caught:
        grad(divides)(2.0)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.name == "divides_grad"
    assert "/" in last.line
    assert last.line in grad(divides).source


def test_pdb_steps_through_it():
    commands, seen = io.StringIO("step\n" * 3 + "p x1\nwhere\nstep\nstep\nstep\n" + "continue\n"), io.StringIO()
    run = grad(f, (0, 1), optimize=False).compiled_for(2.0, 3.0)
    assert pdb.Pdb(stdin=commands, stdout=seen, nosigint=True, readrc=False).runcall(run, 2.0, 3.0) == TRUE
    assert "-> w1 = x1" in seen.getvalue()
    assert "-> w3 = w1 * w2               # x1 * x2" in seen.getvalue()


def test_stages():
    stages = {stage: source(f, 2.0, 3.0, wrt=(0, 1), stage=stage) for stage in ("lowered", "reversed", "optimised", "source")}
    assert len(set(stages.values())) == 4
    assert stages["lowered"].startswith("f(x1, x2):")
    assert stages["source"] == grad(f, (0, 1)).source_for(2.0, 3.0)


def test_the_same_source_every_time():
    assert len({grad(f, (0, 1)).source for _ in range(5)}) == 1


def test_a_failure_is_not_kept():
    """What is refused for one kind of argument may be fine for another, also afterwards."""
    square = grad(lambda x: x * x)
    for _ in range(2):
        with pytest.raises(AdjointError):
            square(2)
        assert square(2.0) == 4.0
