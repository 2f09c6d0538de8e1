"""The functions whose generated gradients are kept in golden/, chosen to be read one after the other.

Each is an ordinary function; `GOLDEN` says where and how it is differentiated.  See test_golden.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, log, sin, sqrt
from typing import Any

import numpy as np

from adjoint import checkpoint, cotangent


@dataclass(frozen=True)
class Golden:
    fun: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: Any = 0
    optimize: bool = True
    value: bool = False  # value_and_grad
    forward: bool = False  # jvp
    second: bool = False  # hvp


# --- straight lines -----------------------------------------------------------------------------


def introduction(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


def rational(a, b):
    return (a / b - a) * (b / a + a + b) * (a - b)


def transcendental(a, b, c):
    f = sin(a * b) + exp(c - a / b)
    return log(f * f) * c


def absolute_error(x, w, b, y_true):
    x2 = x * w + b
    return abs(y_true - x2)


# --- arrays -------------------------------------------------------------------------------------


def linear_layer(W, b, x, y_true):
    y = W @ x + b
    error = y - y_true
    return np.sum(error * error)


def rosenbrock(x):
    valley = x[1:] - x[:-1] ** 2
    return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)


def logistic_regression(w, b, X, y):
    p = 1.0 / (1.0 + np.exp(-(X @ w + b)))
    return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))


def network(params, images, labels):
    hidden = np.tanh(images @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


# --- control flow -------------------------------------------------------------------------------


def branch(x, slope):
    if x > 0.0:
        y = x * x
    else:
        y = slope * x
    return sin(y)


def horner(x, coefficients):
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


def oscillator(x, v, k, steps):
    dt = 0.01
    for _ in range(steps):
        v = v - k * sin(x) * dt
        x = x + v * dt
    return x * x


def pairs(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            total += x[i] * x[j] * (i + j)
    return total


def running_product(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = y[i - 1] * x[i]
    return np.sum(y)


def heat(u, alpha, steps):
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def first_above(x, limit):
    total = 0.0
    for value in x:
        total += value * value
        if total > limit:
            break
    return sqrt(total)


def recurrent(W, U, b, inputs):
    h = np.zeros(len(b))
    for x in inputs:
        h = np.tanh(W @ h + U @ x + b)
    return np.sum(h * h)


def energy(positions, charges):
    def distance(a, b):
        return np.sqrt(np.sum((a - b) ** 2))

    total = 0.0
    for i in range(len(charges)):
        for j in range(i + 1, len(charges)):
            total += charges[i] * charges[j] / distance(positions[i], positions[j])
    return total


def damped(t, rate=0.5):
    """Only what the derivative needs is computed."""
    envelope = exp(-rate * t)
    unused = cos(3.0 * t)
    return envelope * 2.0


def diffusion(u, alpha, steps):
    for _ in checkpoint(range(steps), snapshots=3):
        u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u = u + 0.1 * np.sin(u)
    return np.sum(u**2)


def clipped(w, x, limit):
    total = 0.0
    h = x
    for _ in range(3):
        h = np.tanh(w * h)
        with cotangent(h) as h_bar:
            h_bar = np.clip(h_bar, -limit, limit)
        total += np.sum(h)
    return total


# --- arrays that are written to ----------------------------------------------------------------------


def jacobi_1d(A, steps):
    B = A.copy()
    for _ in range(steps):
        B[1:-1] = (A[:-2] + A[1:-1] + A[2:]) / 3.0
        A[1:-1] = (B[:-2] + B[1:-1] + B[2:]) / 3.0
    return np.sum(A**2)


def jacobi_2d(u, steps):
    new = u.copy()
    for _ in range(steps):
        new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, new = new, u
    return np.sum(u**2)


def gauss_seidel_1d(u, steps):
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1]) - 0.1 * u[i] ** 2
    return np.sum(u**2)


def gauss_seidel_2d(u, steps):
    n, m = u.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return np.sum(u**2)


def lu(A):
    """In place; the logarithm of the determinant."""
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return np.sum(np.log(np.diag(A)))


def cholesky(A):
    n = len(A)
    L = np.zeros((n, n))
    for j in range(n):
        for i in range(j, n):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = sqrt(s) if i == j else s / L[j, j]
    return np.sum(L)


def gram_schmidt(A):
    n = A.shape[1]
    for j in range(n):
        for i in range(j):
            A[:, j] -= (A[:, i] @ A[:, j]) * A[:, i]
        A[:, j] /= np.sqrt(np.sum(A[:, j] ** 2))
    return np.sum(A**3)


def triangular_solve(L, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / L[i, i]
    return np.sum(x**2)


def thomas(a, b, c, d):
    """A tridiagonal system, the right-hand side and the diagonal eliminated in place."""
    b, d, n = b.copy(), d.copy(), len(d)
    for i in range(1, n):
        w = a[i - 1] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    x = np.zeros(n)
    x[n - 1] = d[n - 1] / b[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = (d[i] - c[i] * x[i + 1]) / b[i]
    return np.sum(x**2)


rng = np.random.default_rng(0)
PARAMS = {
    "W1": rng.normal(size=(4, 5)), "b1": rng.normal(size=5), "W2": rng.normal(size=(5, 3)), "b2": rng.normal(size=3),
}

GOLDEN = {
    "introduction_textbook": Golden(introduction, (2.0, 3.0), ("x1", "x2"), optimize=False),
    "introduction": Golden(introduction, (2.0, 3.0), ("x1", "x2")),
    "absolute_error": Golden(absolute_error, (2.0, 3.0, 1.0, 4.0), ("w", "b")),
    "rational_textbook": Golden(rational, (230.3, 33.2), (0, 1), optimize=False),
    "rational": Golden(rational, (230.3, 33.2), (0, 1)),
    "transcendental": Golden(transcendental, (43.0, 3.0, 2.0), (0, 1, 2)),
    "damped": Golden(damped, (0.4,), ("t", "rate")),
    "linear_layer_textbook": Golden(
        linear_layer, (np.ones((2, 3)), np.arange(2.0), np.arange(3.0), np.ones(2)), ("W", "b"), optimize=False
    ),
    "linear_layer": Golden(
        linear_layer, (np.ones((2, 3)), np.arange(2.0), np.arange(3.0), np.ones(2)), ("W", "b"), value=True
    ),
    "rosenbrock": Golden(rosenbrock, (np.linspace(-1.0, 1.0, 5),)),
    "logistic_regression": Golden(
        logistic_regression,
        (rng.normal(size=3), 0.5, rng.normal(size=(4, 3)), np.array([0.0, 1.0, 1.0, 0.0])),
        ("w", "b"),
    ),
    "network": Golden(network, (PARAMS, rng.normal(size=(6, 4)), np.array([0, 2, 1, 1, 0, 2])), "params", value=True),
    "branch": Golden(branch, (-0.7, 0.1), ("x", "slope")),
    "horner": Golden(horner, (1.5, [2.0, -1.0, 3.0]), ("x", "coefficients")),
    "oscillator": Golden(oscillator, (1.0, 0.0, 4.0, 5), ("x", "k")),
    "pairs": Golden(pairs, (np.array([1.0, -2.0, 0.5, 3.0]),)),
    "running_product": Golden(running_product, (np.arange(1.0, 6.0),)),
    "heat": Golden(heat, (np.arange(6.0) ** 2, 0.1, 3), ("u", "alpha")),
    "newton_sqrt": Golden(newton_sqrt, (2.0,), value=True),
    "first_above": Golden(first_above, (np.linspace(1.0, 2.0, 12), 10.0)),
    "recurrent": Golden(
        recurrent,
        (rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), rng.normal(size=3), [rng.normal(size=2) for _ in range(4)]),
        ("W", "U", "b"),
    ),
    "checkpointed": Golden(diffusion, (np.arange(6.0) ** 2, 0.1, 9), ("u", "alpha")),
    "clipped": Golden(clipped, (np.array([0.4, -0.7]), np.ones(2), 10.0), "w"),
    "energy": Golden(energy, (rng.normal(size=(4, 3)), np.array([1.0, -1.0, 2.0, 1.0]))),
    "introduction_jvp": Golden(introduction, (2.0, 3.0), ("x1", "x2"), forward=True),
    "introduction_jvp_textbook": Golden(introduction, (2.0, 3.0), ("x1", "x2"), optimize=False, forward=True),
    "logistic_regression_jvp": Golden(
        logistic_regression,
        (rng.normal(size=3), 0.5, rng.normal(size=(4, 3)), np.array([0.0, 1.0, 1.0, 0.0])),
        ("w", "b"), forward=True,
    ),
    "rosenbrock_hvp": Golden(rosenbrock, (np.linspace(-1.0, 1.0, 5),), second=True),
    "horner_hvp": Golden(horner, (1.5, [2.0, -1.0, 3.0]), ("x",), second=True),
    "linear_layer_hvp": Golden(
        linear_layer, (np.ones((2, 3)), np.arange(2.0), np.arange(3.0), np.ones(2)), ("W", "b"), second=True
    ),
    "branch_jvp": Golden(branch, (-0.7, 0.1), ("x", "slope"), forward=True),
    "oscillator_jvp": Golden(oscillator, (1.0, 0.0, 4.0, 5), ("x", "k"), forward=True),
    "newton_sqrt_jvp": Golden(newton_sqrt, (2.0,), (0,), forward=True),
    "heat_jvp": Golden(heat, (np.arange(6.0) ** 2, 0.1, 3), ("u", "alpha"), forward=True),
    "recurrent_jvp": Golden(
        recurrent,
        (rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), rng.normal(size=3), [rng.normal(size=2) for _ in range(4)]),
        ("W", "U", "b"), forward=True,
    ),
    "jacobi_1d": Golden(jacobi_1d, (np.arange(6.0) ** 2, 3)),
    "jacobi_2d": Golden(jacobi_2d, (np.arange(20.0).reshape(4, 5) ** 0.5, 3)),
    "gauss_seidel_1d": Golden(gauss_seidel_1d, (np.linspace(0.1, 1.0, 6), 3)),
    "gauss_seidel_2d": Golden(gauss_seidel_2d, (np.arange(20.0).reshape(4, 5) ** 0.5, 2)),
    "lu": Golden(lu, (np.eye(4) * 3.0 + np.arange(16.0).reshape(4, 4) / 16.0,)),
    "cholesky": Golden(cholesky, (np.eye(4) * 3.0 + 0.5,)),
    "gram_schmidt": Golden(gram_schmidt, (np.eye(4) * 2.0 + np.arange(16.0).reshape(4, 4) / 16.0,)),
    "triangular_solve": Golden(
        triangular_solve, (np.eye(4) * 2.0 + np.arange(16.0).reshape(4, 4) / 16.0, np.arange(1.0, 5.0)), ("L", "b")
    ),
    "thomas": Golden(
        thomas, (np.full(3, 0.4), np.full(4, 2.0), np.full(3, 0.3), np.arange(1.0, 5.0)), ("a", "b", "c", "d")
    ),
}
