"""Arrays without axes, `np.array(2.0)`, that are read and written to by an index; arithmetic makes numbers of them."""

from __future__ import annotations

import numpy as np
import pytest

from adjoint import check_grads, value_and_grad


def read(x):
    return x[()] * x[...] + np.sum(x[None]) * np.sum(x[x < 0.0])


def negative_part(x):
    y = np.array(x)
    y[y < 0.0] *= 0.1 * x
    return y * x


def each_side(x):
    y = np.asarray(x)
    out = np.zeros_like(y)
    low = y < 0.0
    out[low] = np.exp(y[low])
    out[~low] = 1.0 + y[~low]
    return out * x


def replaced(x):
    y = np.array(x)
    y[()] = x * x
    y[...] = y * x
    y += x
    y[()] -= x**2
    return (y + x).item()


def filled(x):
    y = x.copy()
    y.fill(3.0)
    y *= x
    return y * x


def carried(x):
    total = np.zeros(())
    for k in range(3):
        total[...] = total * k + x
        total += x * x
    return total


def result_goes_there(x):
    y = np.empty(())
    np.multiply(x, x, out=y)
    y[()] = y[()] ** 2
    return y


def single(x):
    """What is written is rounded to the dtype of the array."""
    y = np.zeros((), np.float32)
    y[()] = np.float64(x) * 2.0
    return np.float64(y) * 2.0


PROGRAMS = [read, negative_part, each_side, replaced, filled, carried, result_goes_there]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", [np.array(-2.0), np.array(1.5)], ids=["negative", "positive"])
@pytest.mark.parametrize("optimize", [True, False])
def test_gradients(program, x, optimize):
    expected = program(x.copy())
    value, _ = value_and_grad(program, optimize=optimize)(x)
    assert type(value) is type(expected)
    assert value == expected
    check_grads(program, (x,), order=2)


def test_of_a_number():
    """What is written for arrays is often called with a number."""
    for x in (-2.0, 1.5):
        check_grads(negative_part, (x,), order=2)
        check_grads(each_side, (x,), order=2)


def test_dtype_stays():
    value, slope = value_and_grad(single)(np.array(0.1))
    assert value == single(np.array(0.1))
    assert slope == 4.0
