"""What may be written to in place: not what NumPy makes read-only."""

import warnings

import numpy as np
import pytest
from rules.checker import leaves
from rules.rows_more import ROWS

from adjoint import grad
from adjoint.emit.alias import _READ_ONLY
from adjoint.runtime import unbroadcast
from adjoint.testing import assert_same, numerical_gradient

RNG = np.random.default_rng(0)
M, V, W = RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=3)


def test_functions_that_make_read_only_views_are_known():
    found = set()
    for row in ROWS:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                out = row.fn(*row.args, **row.kwargs)
            except Exception:  # called another way, by the row's own `call`
                continue
            if any(isinstance(a, np.ndarray) and not a.flags.writeable for a in leaves(out)):
                found.add(row.fn)
    assert np.diagonal in found
    assert found <= _READ_ONLY


def added_to(x, m, w):
    y = np.sin(x)
    s = np.exp(np.sum(w * y))
    return s + np.sum(np.tanh(np.diag(y) * m))


def written_to(x, m, w):
    for k in range(3):
        y = np.tanh(x * w)
        y[k] = 3.0
        y[1] += x[0]
        x = (np.diag(y) @ m)[0]
    return np.sum(x)


def sometimes(x, m, w):
    """The cotangent of y is a diagonal, or it is not."""
    for k in range(4):
        y = np.sin(x)
        y[0] += w[k % 3]
        x = np.diag(y) @ w if k % 2 else y * w
    return np.sum(x * x)


@pytest.mark.parametrize("fun", [added_to, written_to, sometimes], ids=lambda f: f.__name__)
@pytest.mark.parametrize("optimize", [True, False])
def test_a_diagonal_is_copied_before_it_is_written_to(fun, optimize):
    assert_same(grad(fun, optimize=optimize)(V, M, W), numerical_gradient(fun, (V, M, W), 0), rtol=1e-6, atol=1e-8)


def test_the_array_that_a_diagonal_is_taken_of_is_written_to_in_place():
    def f(a):
        a = a * 1.0
        total = 0.0
        for k in range(3):
            total += np.sum(np.diagonal(a))
            a[k, k] = total
        return np.sum(a)

    source = grad(f).source_for(M)
    assert "array_set" not in source
    assert "a_2[k, k] = total" in source
    assert_same(grad(f)(M), numerical_gradient(f, (M,), 0), rtol=1e-6, atol=1e-8)


def test_what_is_spread_to_a_larger_shape_may_be_added_to():
    for g in (1.0, np.ones(3), np.ones((1, 3))):
        assert unbroadcast(g, np.zeros((2, 3))).flags.writeable

    def f(h, v, n):
        for k in range(2):
            h = np.tanh(np.tanh(h) + (h[0] * v[k])[:3])
            h = h[:n]
        return np.sum(h * h)

    def of_gradients(h, v, n):
        return sum(np.sum(np.sin(g)) for g in grad(f, (0, 1))(h, v, n))

    h = RNG.normal(size=(2, 3))
    twice = grad(of_gradients, (0, 1), optimize=False)(h, V, 2)
    assert_same(twice, grad(of_gradients, (0, 1))(h, V, 2), rtol=1e-10)
    assert_same(twice[0], numerical_gradient(of_gradients, (h, V, 2), 0), rtol=1e-5, atol=1e-7)
