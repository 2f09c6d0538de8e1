"""Forward mode: how `jvp` is called, what it gives back, and that the primal keeps its meaning.

Tangents of all kinds of programs are in test_corpus.py.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from adjoint import BadRule, Tangent, WrongArgument, jvp, jvp_rule, source
from adjoint.operators import Forward, tangent_of
from adjoint.testing import assert_same


@dataclass(frozen=True)
class Spring:
    length: float
    stiffness: np.ndarray
    name: str = "spring"


class Pair(NamedTuple):
    low: float
    high: np.ndarray


# --- arguments and results ----------------------------------------------------------------------


def test_only_arguments_with_a_tangent_move():
    def f(x, y, n):
        return x * y * n

    assert jvp(f, (2.0, 3.0, 4), (1.0, None, None)) == (24.0, 12.0)
    assert jvp(f, (2.0, 3.0, 4), (None, 1.0, None)) == (24.0, 8.0)


def test_tangents_by_name_and_keywords():
    def f(x, *, scale=2.0, shift=0.0):
        return x * scale + shift

    assert jvp(f, (3.0,), {"scale": 1.0}, {"scale": 5.0}) == (15.0, 3.0)
    assert jvp(f, (3.0,), {"scale": 1.0, "x": 1.0}) == (6.0, 5.0)


def test_star_arguments():
    def f(first, *rest):
        total = first
        for x in rest:
            total = total * x
        return total

    assert jvp(f, (2.0, 3.0, 4.0), (None, 1.0, None)) == (24.0, 8.0)
    assert jvp(f, (2.0, 3.0, 4.0), (1.0, 1.0, 0.5)) == (24.0, 12.0 + 8.0 + 3.0)


def test_structures_in_and_out():
    def f(params, spring):
        w = params["w"] * spring.stiffness
        return Pair(spring.length * 2.0, w), {"n": 3, "b": params["b"][1] * w[0], "name": spring.name}

    params = {"w": np.array([1.0, 2.0]), "b": [5, 0.5]}
    spring = Spring(2.0, np.array([3.0, 4.0]))
    moved = {"w": np.array([1.0, 0.0]), "b": [None, 1.0]}
    value, tangent = jvp(f, (params, spring), (moved, Spring(1.0, np.array([0.0, 1.0]))))
    assert_same(value, f(params, spring))
    assert_same(tangent, (Pair(2.0, np.array([3.0, 2.0])), {"n": None, "b": 3.0 + 0.5 * 3.0, "name": None}))


def test_a_part_without_tangent_does_not_move():
    value, tangent = jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": np.ones(2)},), ({"a": 1.0, "b": None},))
    assert_same(tangent, np.ones(2))
    assert_same(value, 2.0 * np.ones(2))


def test_whole_numbers_are_tangents_of_floats():
    assert jvp(lambda x: x * x, (3.0,), (1,)) == (9.0, 6.0)


def test_dtypes():
    x = np.array([1.0, 2.0], np.float32)
    value, tangent = jvp(lambda x: np.sin(x) * 2.0, (x,), (np.ones(2),))
    assert value.dtype == tangent.dtype == np.float32
    value, tangent = jvp(lambda x: np.sum(x * x), (x,), (np.ones(2, np.float32),))
    assert type(value) is type(tangent) is np.float32
    value, tangent = jvp(lambda z: z * z, (1 + 2j,), (1j,))
    assert tangent == 2 * (1 + 2j) * 1j
    value, tangent = jvp(lambda z: abs(z) ** 2, (1 + 2j,), (1j,))
    assert type(tangent) is float
    assert tangent == pytest.approx(4.0)


def test_constant_result_has_zero_tangent():
    _, tangent = jvp(lambda x: np.ones(3), (2.0,), (1.0,))
    assert_same(tangent, np.zeros(3))
    assert jvp(lambda x: 5.0, (2.0,), (1.0,)) == (5.0, 0.0)
    assert jvp(lambda x: None, (2.0,), (1.0,)) == (None, None)


def test_has_aux():
    value, tangent = jvp(lambda x: (x * x, {"steps": 3}), (3.0,), (1.0,), has_aux=True)
    assert value == (9.0, {"steps": 3})
    assert tangent == 6.0
    with pytest.raises(WrongArgument, match="is a pair"):
        jvp(lambda x: x, (3.0,), (1.0,), has_aux=True)


def test_result_shares_no_memory_with_the_tangents():
    x, x_dot = np.ones(2), np.ones(2)
    _, tangent = jvp(lambda x: x, (x,), (x_dot,))
    tangent[0] = 7.0
    assert x_dot[0] == 1.0


class Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    def method(self, x):
        return x * x * self.factor


def test_methods_and_callable_objects():
    assert jvp(Scaled(3.0).method, (2.0,), (1.0,)) == (12.0, 12.0)
    assert jvp(Scaled(3.0), (2.0,), (1.0,)) == (6.0, 3.0)
    assert jvp(Scaled(5.0).method, (2.0,), {"x": 1.0}) == (20.0, 20.0)


def test_generated_once():
    def f(x):
        return x * x

    jvp(f, (2.0,), (1.0,))
    made = tangent_of(f, (0,), Forward())
    run = made.found((2.0,), {}).run
    jvp(f, (3.0,), (2.0,))
    assert made.found((4.0,), {}).run is run
    assert jvp(f, (np.ones(2),), (np.ones(2),))[1].tolist() == [2.0, 2.0]  # another signature


# --- what ran can be read -----------------------------------------------------------------------


def damped(x, rate=0.5):
    y = x * rate
    return math.exp(-y)


def test_source():
    text = source(damped, 1.0, mode="forward")
    assert "def damped_jvp(x, rate=0.5, *, x_dot):" in text
    assert "y_dot = x_dot * rate" in text
    made = Tangent(damped, (0, 1), Forward())
    assert "rate_dot" in made.source_for(1.0, 0.5)
    assert inspect.getsource(made.compiled_for(1.0, 0.5)) in made.source_for(1.0, 0.5)
    stages = {stage: source(damped, 1.0, mode="forward", stage=stage) for stage in ("lowered", "forward", "optimised")}
    assert "y_dot" not in stages["lowered"]
    assert "y_dot" in stages["forward"]


def test_no_tangent_of_what_does_not_move():
    def f(x, y):
        big = np.exp(y) * np.sin(y)
        return x * np.sum(big)

    text = source(f, 2.0, np.ones(3), mode="forward")
    assert "big_dot" not in text
    assert "zeros" not in text


def test_updates_in_place():
    def f(x, n):
        y = np.zeros(n)
        for i in range(n):
            y[i] = x * i
        return y

    text = source(f, 2.0, 5, mode="forward")
    assert "y_dot[i] = x_dot * i" in text


# --- the primal keeps its meaning ---------------------------------------------------------------


def test_effects_happen_once_and_in_order(capsys):
    def f(x):
        for i in range(3):
            x = x * 2.0
            print("step", i, x)
        return x

    assert jvp(f, (1.0,), (1.0,)) == (8.0, 8.0)
    assert capsys.readouterr().out == "step 0 2.0\nstep 1 4.0\nstep 2 8.0\n"


def test_arguments_and_tangents_are_not_written_to():
    def f(x):
        x[0] = x[1] * x[2]
        x *= 2.0
        return np.sum(x)

    x, x_dot = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0])
    assert jvp(f, (x,), (x_dot,)) == (22.0, 6.0)
    assert x.tolist() == [1.0, 2.0, 3.0]
    assert x_dot.tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(("f", "at"), [
    (lambda x: math.log(x), 0.0), (lambda x: math.sqrt(x) * 2.0, -1.0), (lambda x: 1.0 / x, 0.0), (lambda x: math.asin(x), 2.0),
    (lambda x: math.exp(x), 1000.0), (lambda x: x**-1.0, 0.0),
])
def test_the_primals_error_comes_first(f, at):
    with pytest.raises((ValueError, ArithmeticError)) as expected:
        f(at)
    with pytest.raises((ValueError, ArithmeticError)) as raised:
        jvp(f, (at,), (1.0,))
    assert type(raised.value) is type(expected.value)
    assert str(raised.value) == str(expected.value)


def test_try_catches_what_the_primal_raised():
    def f(x):
        try:
            y = math.sqrt(x) * 2.0
            z = 3.0 / (y + 1.0)
        except (ValueError, ArithmeticError):
            y, z = -x, 1.0
        return y * z

    assert jvp(f, (4.0,), (1.0,))[1] == pytest.approx(6 / 25 / 4)
    assert jvp(f, (-1.0,), (1.0,)) == (1.0, -1.0)
    with pytest.raises(ZeroDivisionError):  # the derivative of sqrt at 0; f itself takes the first path
        jvp(f, (0.0,), (1.0,))


def test_perturbations_are_not_confused():
    def f(x):
        def inner(y):
            return x + y

        return x * jvp(inner, (1.0,), (1.0,))[1]

    assert jvp(f, (1.0,), (1.0,)) == (1.0, 1.0)  # confused it would be 2.0


# --- rules --------------------------------------------------------------------------------------


def ringed(x):
    return np.concatenate((x, x[:1]))


@jvp_rule(ringed)
def ringed_jvp(t, z, x):
    return t[0]  # one entry short


def test_a_rule_with_a_tangent_of_another_shape():
    with pytest.raises(BadRule, match="tangent of shape"):
        jvp(lambda x: ringed(x), (np.ones(3),), (np.ones(3),))
