"""Numbers that a loop makes arrays of are arrays from the start, where nobody can tell."""

import numpy as np
import pytest

from adjoint import grad, value_and_grad
from adjoint.testing import check_grads

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [0.2, 0.9, 1.1], [-0.4, 0.8, 0.1]])
Y = np.array([1.0, -0.5, 0.3, 0.7])
W = np.array([0.2, -0.1, 0.4])


def adam(w):
    m = v = 0.0
    for t in range(1, 6):
        g = 2 * X.T @ (X @ w - Y) / len(Y)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        w = w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return np.sum((X @ w - Y) ** 2)


def momentum_over_batches(w):
    m = 0
    for _ in range(3):
        for k in range(2):
            m = 0.9 * m - 0.1 * (X[2 * k] @ w - Y[2 * k]) * X[2 * k]
            w = w + m
    return np.sum(w**2)


class Momentum:
    def __init__(self):
        self.m = 0.0

    def step(self, w, g):
        self.m = 0.9 * self.m + g
        return w - 0.1 * self.m


def by_an_object(w):
    optimiser = Momentum()
    for _ in range(4):
        w = optimiser.step(w, 2 * X.T @ (X @ w - Y))
    return np.sum(w**2)


def running_mean(w):
    mean = 1.5
    for k in range(4):
        mean = mean + (np.tanh(X[k] * w) - mean) / (k + 1)
    return np.sum(mean**3)


def of_a_value(w):
    """The number is active, and its cotangent the sum of the array's."""
    s = float(w[0])
    for k in range(4):
        s = s * 0.5 + np.sin(X[k] * w)
    return np.sum(s**2)


def complex_later(w):
    z = 0.5
    for k in range(4):
        z = z * z + (1 + 2j) * X[k] * w
    return np.sum(np.abs(z) ** 2)


def beside_a_loss(w):
    total, s = 0.0, 0.0
    for k in range(4):
        s = s + X[k] * w
        total += np.sum(s * s)
    return total


SPREAD = [adam, momentum_over_batches, by_an_object, running_mean, of_a_value, complex_later]


@pytest.mark.parametrize("f", SPREAD)
def test_from_the_start(f):
    check_grads(f, (W,), modes=("rev", "fwd"))
    source = grad(f).source_for(W)
    assert "unbroadcast" not in source
    value, gradient = value_and_grad(f)(W)
    assert value == f(W)
    np.testing.assert_allclose(gradient, grad(f, optimize=False)(W), rtol=1e-12)


def test_the_zeros_of_a_state_that_is_an_array():
    source = grad(adam).source_for(W)
    assert "m = np.zeros(3)" in source
    assert "v = np.zeros(3)" in source


# --- where it can be told -------------------------------------------------------------------------


def summed(w):
    """Of the number alone, in the first iteration, the sum is another."""
    s = 1.5
    for k in range(3):
        s = X[k] * w + np.sum(s)
    return np.sum(s)


def compared(w):
    s, hits = 0.5, 0
    for k in range(3):
        hits = hits + np.sum(np.where(s > 0.1, 1.0, 0.5)) * np.sum(w)
        s = s + X[k] * w
    return hits + np.sum(s)


def recorded(w):
    s, seen = 0.5, []
    for k in range(3):
        seen.append(s)
        s = s + X[k] * w
    return np.sum(s) + sum(np.size(v) for v in seen) * w[0]


def perhaps_never(w, n):
    s = 0.5
    for k in range(n):
        s = s + X[k] * w
    return np.sum(s) * w[0]


def stopped_at_once(w):
    s = 0.5
    for k in range(3):
        if w[k] > 0.1:
            break
        s = s + X[k] * w
    return np.sum(s) * w[0]


def divided_by(w):
    s = 0.5
    for k in range(3):
        s = 1.0 / s + X[k] * w
    return np.sum(s)


def multiplied_as_a_matrix(w):
    s = 0.5
    for k in range(3):
        s = np.outer(s, w)[0] + X[k]
    return np.sum(s**2)


@pytest.mark.parametrize("f", [summed, compared, recorded, stopped_at_once, divided_by, multiplied_as_a_matrix, beside_a_loss])
def test_what_can_tell_is_told(f):
    check_grads(f, (W,), modes=("rev", "fwd"))
    value, gradient = value_and_grad(f)(W)
    assert value == f(W)
    np.testing.assert_allclose(gradient, grad(f, optimize=False)(W), rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_no_iteration_leaves_the_number(n):
    check_grads(lambda w: perhaps_never(w, n), (W,), modes=("rev", "fwd"))
    check_grads(lambda w, n: perhaps_never(w, n), (W, n), wrt=0)


def test_a_division_by_zero_is_raised_as_before():
    def f(w):
        s = 0.0
        for k in range(3):
            s = 1.0 / s + X[k] * w
        return np.sum(s)

    with pytest.raises(ZeroDivisionError):
        f(W)
    with pytest.raises(ZeroDivisionError):
        grad(f)(W)


def test_single_precision_is_rounded_where_it_was():
    def f(w):
        m = 0.1
        for _ in range(3):
            m = m * 0.3 + w * w
        return np.sum(m)

    w = W.astype(np.float32)
    value, gradient = value_and_grad(f)(w)
    assert value == f(w)
    assert gradient.dtype == np.float32
