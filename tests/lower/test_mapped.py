"""NumPy's functions that call a function of the program: `np.vectorize`, `np.apply_along_axis`, `np.fromfunction`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from adjoint import Unsupported, check_grads, grad, value_and_grad

X = np.array([0.7, 1.2, 0.3, 2.0])
M = np.arange(1.0, 7.0).reshape(2, 3) / 3.0


@np.vectorize
def payoff(spot, strike=1.0):
    """A function of a module."""
    return max(spot - strike, 0.0)


@np.vectorize(otypes=[float])
def floor_of(spot, strike):
    return spot * strike if spot > strike else 0


gamma = np.vectorize(math.gamma)


def from_outside(x):
    return np.sum(payoff(x, 0.5) * gamma(x)) + payoff(x[3], strike=x[0]) + np.sum(floor_of(x[:, None], x))


def made_inside(x):
    power = np.vectorize(lambda v, p: v**p if v > 0.5 else math.sin(v) * p)
    both = np.vectorize(lambda v: (v, v * v))
    first, second = both(x)
    return np.sum(power(x, [1, 2, 3, 2])) + first @ second


def of_no_axes(x):
    """What it gives of a number is an array without axes."""
    y = np.vectorize(lambda v: v * v)(x)
    y[()] *= x
    return y


def counted(x):
    return np.sum(np.vectorize(lambda v: 1 if v > 1.0 else -1)(x) * x)


def along(m):
    weighted = np.apply_along_axis(lambda row: row @ row * row[0], 1, m)
    outer = np.apply_along_axis(lambda row, k: np.outer(row, row) * k, 0, m, 3.0)
    summed = np.apply_along_axis(np.cumsum, -1, m)
    return weighted @ weighted + np.sum(outer[0, 1] ** 2) + np.sum(summed**2) + outer.shape[2]


def grid(x):
    kernel = np.fromfunction(lambda i, j: np.exp(-((i - j) ** 2) / x[0]), (3, 3))
    picked = np.fromfunction(lambda i, j: x[i] * x[j], (4, 2), dtype=int)
    each = np.fromfunction(np.vectorize(lambda i, j: x[int(i)] ** x[int(j)]), (2, 2))
    return np.sum(kernel) + np.sum(picked**2) + np.sum(each)


@pytest.mark.parametrize("program", [from_outside, made_inside, counted, grid], ids=lambda f: f.__name__)
@pytest.mark.parametrize("optimize", [True, False])
def test_gradients(program, optimize):
    value, _ = value_and_grad(program, optimize=optimize)(X)
    assert value == program(X)
    check_grads(program, (X,), order=2)


def test_along_an_axis():
    assert value_and_grad(along)(M)[0] == along(M)
    check_grads(along, (M,), order=2)


def test_of_a_number():
    value, slope = value_and_grad(of_no_axes)(2.0)
    assert type(value) is np.ndarray and value == 8.0 and slope == 12.0


def test_the_first_result_says_the_dtype():
    """NumPy makes integers of floats where the first result is one: as good as never meant."""
    cut = np.vectorize(lambda v: v * 2.0 if v > 1.0 else 0)
    assert cut(X).dtype.kind == "i"
    with pytest.raises(Unsupported, match="makes integers of all results"):
        grad(lambda x: np.sum(cut(x)))(X)
    assert np.all(grad(lambda x: np.sum(cut(x)))(X[1:2]) == 2.0)


def test_refused():
    with pytest.raises(Unsupported, match=r"`np\.vectorize` with a signature"):
        grad(lambda x: np.vectorize(lambda v: v @ v, signature="(n)->()")(x) * 1.0)(X)
