"""What is recorded of arrays that are written to: counted in the generated code, and checked against differences."""

import linecache
import os

import numpy as np
import pytest
from passes import loop_programs
from recording import counted

from adjoint import AdjointError, grad, source
from adjoint.passes.affine import feasible, number, unknown
from adjoint.testing import numerical_gradient


def lu(A):
    n = A.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return np.sum(A * A * A)


def lu_rows(A):
    n = A.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] = A[i, k] / A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
    return np.sum(A * A * A)


def lu_pivoted(A):
    n = A.shape[0]
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        A[[k, p]] = A[[p, k]]
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return np.sum(A * A * A)


def lu_columns(A):
    n = A.shape[0]
    for k in range(n - 1):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            row = A[k].copy()
            A[k] = A[p]
            A[p] = row
        A[k + 1 :, k] /= A[k, k]
        A[k + 1 :, k + 1 :] -= A[k + 1 :, k : k + 1] * A[k : k + 1, k + 1 :]
    return np.sum(A * A * A)


def cholesky(A):
    n = A.shape[0]
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return np.sum(L * L * L)


def substitution(A):
    n = A.shape[0]
    x = np.zeros(n)
    for i in range(n):
        s = A[0, i]
        for j in range(i):
            s -= A[i, j] * x[j]
        x[i] = s / A[i, i]
    return np.sum(x * x)


def trajectory(A):
    n = A.shape[0]
    x = np.empty((n + 1, n))
    x[0] = A[0]
    for t in range(n):
        x[t + 1] = x[t] + 0.1 * np.sin(x[t])
    return np.sum(x * x)


def heat(A):
    for _ in range(5):
        A[1:-1, 1:-1] += 0.1 * (A[2:, 1:-1] + A[:-2, 1:-1] + A[1:-1, 2:] + A[1:-1, :-2] - 4 * A[1:-1, 1:-1])
    return np.sum(A * A)


def gauss_seidel(A):
    n = A.shape[0]
    for _ in range(5):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1] + A[i, j + 1])
    return np.sum(A * A)


def burgers(A):
    for _ in range(5):
        A[:, 1:-1] = A[:, 1:-1] - 0.1 * A[:, 1:-1] * (A[:, 2:] - A[:, :-2])
    return np.sum(A * A)


def matrix(n):
    rng = np.random.default_rng(n)
    A = 0.3 * rng.normal(size=(n, n))
    return A @ A.T + n * np.eye(n)


# How many numbers may be recorded for an n×n matrix.
BOUNDS = {
    lu: lambda n: 0,
    lu_rows: lambda n: 0,
    lu_pivoted: lambda n: 2 * n * n + 4 * n,  # the two rows that change places, and which they are
    lu_columns: lambda n: 2 * n * n + 4 * n,  # the columns and rows that are multiplied, not their products
    cholesky: lambda n: n * n + n,  # what is divided and what is rooted
    substitution: lambda n: 0,
    trajectory: lambda n: 0,
    heat: lambda n: 0,
    gauss_seidel: lambda n: 0,
    burgers: lambda n: 5 * n * (n - 2),  # what is overwritten, once
}


@pytest.mark.parametrize("fun", BOUNDS, ids=lambda f: f.__name__)
def test_what_is_recorded(fun):
    for n in (5, 9):
        A = matrix(n)
        assert counted(fun, A.copy()).numbers <= BOUNDS[fun](n)
        np.testing.assert_allclose(grad(fun)(A), numerical_gradient(fun, (A,)), rtol=1e-6, atol=1e-6)


def lu_of_each(A):
    for a in range(A.shape[0]):
        for b in range(A.shape[1]):
            for k in range(A.shape[2]):
                for i in range(k + 1, A.shape[2]):
                    A[a, b, i, k] /= A[a, b, k, k]
                    for j in range(k + 1, A.shape[2]):
                        A[a, b, i, j] -= A[a, b, i, k] * A[a, b, k, j]
    return np.sum(A * A * A)


def test_any_number_of_axes():
    A = np.array([[matrix(3) + 0.1 * a + b for b in range(2)] for a in range(2)])
    assert counted(lu_of_each, A.copy()).numbers == 0
    np.testing.assert_allclose(grad(lu_of_each)(A), numerical_gradient(lu_of_each, (A,)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("fun", BOUNDS, ids=lambda f: f.__name__)
def test_no_array_is_copied_whole_in_a_loop(fun):
    # What is copied in loops grows as what is written does: n² a sweep for the stencils, n a row for the others.
    small, large = (counted(fun, matrix(n)).copied for n in (6, 12))
    assert large <= 4 * 1.7 * small
    for n in (6, 12):
        text = source(fun, matrix(n))
        assert not any(word in text for word in ("array_set(", "index_add(", "array_put("))


def test_a_counter_that_counts():
    """The tool of these tests sees a tape, and a copy in a loop."""

    def with_tape(x):
        for i in range(3):
            x[i + 1] = np.exp(x[i]) * np.exp(x[i + 1])
        return np.sum(np.tanh(x))

    assert counted(with_tape, np.arange(4.0) / 7).numbers > 0

    def with_copy(x):
        for i in range(1, 3):
            x[:] = np.tanh(x * np.sum(x))
        return x[0]

    assert counted(with_copy, np.arange(1.0, 4)).copied >= 6


def test_reads_that_a_later_write_comes_over_stay_recorded():
    def shifted(x):
        for i in range(3):
            x[i] = x[i] * x[i + 1]  # x[i] is gone
        return np.sum(x)

    def negative(x):
        for i in range(3):
            x[i] = np.sin(x[i - 1]) * x[i - 1]  # x[-1] is never written, x[0] and x[1] are before
        return np.sum(x)

    def last(x):
        for i in range(3):
            x[-1] = x[i] * x[-1]  # and i may be where -1 is
        return np.sum(x)

    for fun in (shifted, negative, last):
        for n in (3, 4) if fun is not shifted else (4, 5):
            x = np.linspace(0.4, 1.3, n)
            np.testing.assert_allclose(grad(fun)(x), numerical_gradient(fun, (x,)), rtol=1e-6)
    assert counted(negative, np.linspace(0.4, 1.3, 4)).numbers == 3  # the sines


def test_an_array_read_after_the_loop_is_not_what_is_taken_back():
    def both(x):
        for _ in range(3):
            x[1:-1] = x[1:-1] * (x[2:] - x[:-2])
        y = x * 2.0  # the array as the loop left it is still needed
        return np.sum(np.sin(y) * y) + np.sum(x**3)

    x = np.linspace(0.3, 1.4, 6)
    kept = x.copy()
    np.testing.assert_allclose(grad(both)(x), numerical_gradient(both, (x,)), rtol=1e-6)
    assert (x == kept).all()


def test_inequalities():
    i, j, k = map(unknown, "ijk")
    assert feasible([i - j, j - k, k - i])  # all equal
    assert not feasible([i - j - number(1), j - k, k - i])
    assert not feasible([i * 2 - number(1), number(1) - i * 2])  # 2i = 1: rounded, no integer
    assert feasible([])
    assert not feasible([number(-1)])


PROGRAMS = max(25, int(os.environ.get("ADJOINT_PROGRAMS", "0")) // 8)


@pytest.mark.parametrize("part", range(5))
def test_random_loops_over_arrays(part):
    """Derivatives of random nests of loops along random directions, by a complex step."""
    compared = 0
    for seed in range(part, PROGRAMS, 5):
        text = loop_programs.program(seed)
        file = f"<loops {seed}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        space = {"np": np}
        exec(compile(text, file, "exec"), space)
        f = space["f"]
        rng = np.random.default_rng(seed)
        x, A, dx, dA = rng.normal(size=5), rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=(5, 5))
        try:
            with np.errstate(all="ignore"):
                value = f(x.copy(), A.copy())
        except IndexError:
            continue
        if not abs(value) < 1e6:
            continue
        try:
            gradients = grad(f, wrt=(0, 1))(x, A)
        except AdjointError:
            continue
        compared += 1
        if "if " in text:  # a complex number is not compared
            for got, want in zip(gradients, grad(f, wrt=(0, 1), optimize=False)(x, A), strict=True):
                np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9, err_msg=text)
            continue
        h = 1e-25
        want = f(x + 1j * h * dx, A + 1j * h * dA).imag / h
        got = np.sum(gradients[0] * dx) + np.sum(gradients[1] * dA)
        scale = 1 + sum(np.abs(g).sum() for g in gradients)
        assert abs(got - want) <= 1e-9 * scale, f"seed {seed}: {got} and not {want}\n{text}"
    assert compared >= PROGRAMS // 5 // 3
