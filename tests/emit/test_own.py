"""What is only read is not copied; what is written to, or handed on, is."""

import numpy as np
import pytest

from adjoint import grad
from adjoint.testing import check_grads

X = np.linspace(0.1, 1.2, 24).reshape(6, 4)
W = np.array([[0.5, -1.0], [0.3, 0.8], [1.1, 0.2], [-0.4, 0.6]])


def rows_filled(x):
    out = np.zeros((6, 2))
    for i in range(6):
        out[i, :] = np.tanh(x[i] @ W)
    return np.sum(out**3)


def columns_filled(x):
    out = np.empty((2, 6))
    for i in range(6):
        out[:, i] = np.sin(x[i]) @ W
    return np.sum(out * out)


@pytest.mark.parametrize("f", [rows_filled, columns_filled])
def test_parts_that_are_read_are_not_copied(f):
    check_grads(f, (X,), modes=("rev", "fwd"))
    assert "np.array(out_bar" not in grad(f).source_for(X)


def read_and_written(x):
    """Each row is read before it is written over, in both sweeps."""
    y = x.copy()
    for i in range(1, 6):
        y[i] = np.tanh(y[i] * y[i - 1])
    return np.sum(y**2)


def handed_on(x):
    """The cotangent of a row is that of another."""
    out = np.zeros((6, 4))
    last = x[0]
    for i in range(6):
        out[i] = last
        last = x[i] * 1.5
    return np.sum(out**2) + np.sum(last)


@pytest.mark.parametrize("f", [read_and_written, handed_on])
def test_what_is_written_to_is(f):
    check_grads(f, (X,), modes=("rev", "fwd"))
    np.testing.assert_allclose(grad(f)(X), grad(f, optimize=False)(X), rtol=1e-13)


def test_a_gradient_is_nobody_elses():
    def f(x):
        out = np.zeros((6, 4))
        for i in range(6):
            out[i] = x
        return np.sum(out)

    one, two = grad(f)(X[0]), grad(f)(X[0])
    one[:] = 0.0
    np.testing.assert_array_equal(two, np.full(4, 6.0))
