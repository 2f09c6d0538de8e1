"""The logistic function, differentiated as one, in the forms in which it is written."""

from __future__ import annotations

import math

import numpy as np
import pytest

from adjoint import grad, ir, jvp
from adjoint.passes import gathered, prepared, spelled
from adjoint.testing import assert_same, check_grads
from passes.programs import lowered

X = np.array([0.3, -1.2, 2.5, 0.0])


def floats_first(x):
    return np.sum(1.0 / (1.0 + np.exp(-x)) * x)


def one_last(x):
    return np.sum(1 / (np.exp(-2.0 * x) + 1) * x)


def by_ufuncs(x):
    return np.sum(np.divide(1.0, np.add(1.0, np.exp(x))) * x)


def falling(x):
    return np.sum(1.0 / (1.0 + np.exp(x * x - 1.0)))


def of_floats(x):
    return (1 / (1 + math.exp(-x[0]))) * (1.0 / (1.0 + math.exp(x[1])))


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def in_a_loop(x):
    s = x
    for k in range(3):
        s = sigmoid(s * x + k) * s
    return np.sum(s)


def in_a_branch(x):
    s = 0.0
    for v in x:
        s += sigmoid(v) if v > 0.1 else sigmoid(v * v) * v
    return s


def of_complex_numbers(x):
    return np.sum(np.abs(sigmoid(x * (0.3 + 0.5j))) ** 2)


def in_place(x):
    h = np.zeros(4)
    for i in range(4):
        h[i] = sigmoid(x[i] + h[i - 1])
    return np.sum(h * x)


WHOLE = [floats_first, one_last, by_ufuncs, falling, of_floats, in_a_loop, in_a_branch, of_complex_numbers, in_place]


def named(x):
    e = np.exp(-x)
    return np.sum(1.0 / (1.0 + e))


def read_twice(x):
    total = 1.0 + np.exp(-x)
    return np.sum(1.0 / total + total)


def another_numerator(x):
    return np.sum(2.0 / (1.0 + np.exp(-x)))


def another_term(x):
    return np.sum(1.0 / (2.0 + np.exp(-x)))


def a_variable_above(x):
    return np.sum(x / (1.0 + np.exp(-x)))


def an_effect_between(x):
    powers = [np.exp(-x)]
    print(end="")
    return np.sum(1.0 / (1.0 + powers[0]))


APART = [named, read_twice, another_numerator, another_term, a_variable_above, an_effect_between]


@pytest.mark.parametrize("f", [*WHOLE, *APART])
def test_gradient(f):
    check_grads(f, (X,), order=2)
    assert_same(grad(f, optimize=False)(X), grad(f)(X), rtol=1e-12)


@pytest.mark.parametrize("f", WHOLE)
def test_is_gathered_and_spelled_as_it_was(f):
    before = lowered(f, X)
    whole = gathered(before)
    assert "exp" in ir.show(before) and "exp(" not in ir.show(whole).replace("exp=", "")
    after = ir.check(spelled(whole))
    assert [s.fn for s in after.body.stmts if isinstance(s, ir.Apply)] == [
        s.fn for s in before.body.stmts if isinstance(s, ir.Apply)
    ]


@pytest.mark.parametrize("f", APART)
def test_stays_apart(f):
    before = prepared(lowered(f, X))
    assert ir.show(gathered(before)) == ir.show(before)
    assert "exp(" in ir.show(before)


def test_where_the_exponential_overflows_the_slope_is_zero():
    x = np.array([-800.0, 0.0, 800.0])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(grad(lambda x: np.sum(sigmoid(x)))(x), [0.0, 0.25, 0.0])
        np.testing.assert_array_equal(jvp(sigmoid, (x,), (np.ones(3),))[1], [0.0, 0.25, 0.0])


def test_only_the_value_is_recorded():
    gradient = grad(in_a_loop)
    gradient(X)
    assert "w1 = 1.0 / (1.0 + np.exp(-z))\n" in gradient.source
    assert gradient.source.count(".append(") == 2  # s, and the value


def test_dtype_stays():
    x = X.astype(np.float32)
    assert grad(floats_first)(x).dtype == np.float32
    assert_same(grad(floats_first)(x), grad(floats_first)(X).astype(np.float32), rtol=1e-5)
