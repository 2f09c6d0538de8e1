"""The tape against finite differences and against adjoint itself: it is only worth comparing with if it is right."""

from __future__ import annotations

import numpy as np
import pytest

from adjoint import grad, tape
from adjoint.testing import assert_same, numerical_gradient

rng = np.random.default_rng(7)
x5, y5, A, B = rng.uniform(0.5, 2.0, 5), rng.uniform(0.5, 2.0, 5), rng.normal(size=(5, 3)), rng.normal(size=(3, 4))
stack = rng.normal(size=(2, 5, 3))


def neighbours(x):
    s = 0.0
    for k in range(1, len(x)):
        s = s + x[k] * x[k - 1]
    return s


def branches(x, y):
    return x * y if x > y else y**x - x / y


def powers(x, n):
    s = x
    for _ in range(n):
        s = s + np.sin(s) * x  # the result of a line is read twice in the next: 2**n paths
    return s


FUNCTIONS = [
    (lambda x, y: x * y + np.sin(x), (2.0, 3.0)),
    (branches, (2.0, 3.0)),
    (branches, (3.0, 2.0)),
    (neighbours, (x5,)),
    (lambda x: 2.0 - np.sum(x * x[0] / x[-1]) + x[1:3].sum(), (x5,)),
    (lambda x: np.sum(x[[0, 0, 2]] ** 3), (x5,)),
    (lambda x, y: np.sum(np.exp(-x) * np.log(y) + np.tanh(x) / np.sqrt(y) - np.cos(y) ** 2), (x5, y5)),
    (lambda x, y: np.mean(np.maximum(x, y) - np.minimum(2.0 * x, y) + np.abs(x - y) + np.log1p(x)), (x5, y5)),
    (lambda x, y: np.sum(x**y + y**2 - np.square(x) + np.expm1(-y) - +x), (x5, y5)),
    (lambda A, x: np.sum((A * x[:, None] + x[0]) ** 2), (A, x5)),
    (lambda A, B: np.sum(np.tanh(A @ B)), (A, B)),
    (lambda A, x, y: x @ (A @ y) + x @ x, (A, x5, x5[:3])),
    (lambda S, B, y: np.sum(S @ B) + np.sum((S @ y) ** 2), (stack, B, y5[:3])),
    (lambda S, B: np.sum(np.max(S @ B, axis=1)) + np.max(S), (stack, B)),
    (lambda A: np.sum(np.sum(A, axis=1, keepdims=True) * np.sum(A, axis=0) + A.mean(axis=-1)[:, None]), (A,)),
    (lambda A: np.sum(A.T.reshape(5, 3) * A + np.transpose(A, (1, 0)).sum(0)[:, None]), (A,)),
    (lambda A: np.sum(np.swapaxes(A, 0, 1) @ (A * A)), (A,)),
    (lambda x, y: np.sum(np.concatenate([x, x[:2] * y[0], y]) ** 2), (x5, y5)),
    (lambda A: np.sum(np.concatenate([A, 2.0 * A], axis=1) ** 3), (A,)),
    (lambda x, y: np.sum(np.stack([x, y, x], axis=1) ** 2), (x5, y5)),
    (lambda x, y: np.sum(np.where(x > y, x * y, y[0])), (x5, y5)),
    (lambda A, B: np.sum(np.einsum("ij,jk->ki", A, B) ** 2), (A, B)),
    (lambda A, x: np.dot(np.dot(x, A), np.dot(2.0, A[0])), (A, x5)),
]


@pytest.mark.parametrize(("fun", "args"), FUNCTIONS)
def test_gradient_is_that_of_finite_differences_and_ours(fun, args):
    wrt = tuple(range(len(args)))
    value, found = tape.value_and_grad(fun, wrt)(*args)
    assert_same(value, fun(*args))
    assert_same(found, numerical_gradient(fun, args, wrt), rtol=1e-6, atol=1e-7)
    assert_same(found, grad(fun, wrt)(*args), rtol=1e-12, atol=1e-13)


def test_each_value_is_visited_once():
    """200 lines with two paths each: along every path this would not end."""
    assert tape.grad(powers)(0.3, 200) == pytest.approx(grad(powers)(0.3, 200), rel=1e-12)


def test_containers_and_what_is_not_a_float():
    fun = lambda p, n: np.sum(p["W"][0] ** n) * p["b"][1]
    p = {"W": [x5, y5], "b": (1.0, 2.0), "kind": "power", "n": 3}
    found = tape.grad(fun)(p, 3)
    assert_same(found, {"W": [6.0 * x5**2, np.zeros(5)], "b": (0.0, np.sum(x5**3)), "kind": None, "n": None})
    assert type(found["b"][1]) is float


def test_the_gradient_is_not_an_argument():
    assert tape.grad(lambda x, y: np.sum(x * y))(x5, y5) is not y5
    assert tape.grad(lambda x: 3.0)(x5).shape == (5,)


@pytest.mark.parametrize(
    ("fun", "said"),
    [
        (lambda x: np.sum(np.arctan(x)), "arctan"),
        (lambda x: np.cumsum(x)[0], "cumsum"),
        (lambda x: float(x[0]), "plain float"),
        (lambda x: x.__setitem__(0, 1.0), "write"),
        (lambda x: x * 2.0, "number"),
        (lambda x: np.einsum("ii", x[:, None] * x), "einsum"),
    ],
)
def test_what_it_cannot_is_said(fun, said):
    with pytest.raises(TypeError, match=said):
        tape.grad(fun)(x5)
