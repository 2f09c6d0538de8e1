"""Arrays that are written to in branches: what is recorded of them are the parts that are read."""

import numpy as np
import pytest
from recording import counted

from adjoint import source
from adjoint.testing import check_grads


def gauss_jordan(A):
    n = A.shape[0]
    M = np.hstack((A, np.eye(n)))
    for k in range(n):
        M[k] /= M[k, k]
        for i in range(n):
            if i != k:
                M[i] -= M[i, k] * M[k]
    return np.sum(M[:, n:] ** 3)


def limited(A):
    """A test of the data, and a write on each side."""
    for k in range(1, len(A)):
        if A[k, 0] * A[k - 1, 1] > 0.5:
            A[:, k] = A[0, k - 1] * A[1] * A[2, k]
        else:
            A[k] = np.sin(A[k - 1]) * A[k, 0]
    return np.sum(A**2)


def guarded(A):
    """The index would be out of range where the test does not hold."""
    n = len(A)
    for k in range(n):
        if k < n - 1:
            A[0, k] = A[k + 1, 0] * A[0, k + 1] * A[0, 0]
        if k > 1:
            if A[0, k] > 0.3:
                A[0] *= A[k, 0]
    return np.sum(A[0] ** 2)


def by_number(x):
    """An array of one axis, of which single entries are read."""
    for k in range(1, len(x)):
        if x[k] > 0.6:
            x[k - 1 :] *= x[k] * x[0]
    return np.sum(x**2)


def read_beside(A):
    """Read where it is not written to: on the other side, and in a branch before."""
    s = 0.0
    for k in range(1, len(A)):
        if A[k, 0] > 0.3:
            s += A[k, 1] * A[0, k] ** 2
        A[0] = np.sin(A[0] * A[k])
        if A[k, 1] > 0.1:
            s *= A[k, 2]
        else:
            A[:, 2] *= A[:, 1]
    return s + np.sum(A**2)


PROGRAMS = [read_beside, gauss_jordan, limited, guarded, by_number]


def argument(fun, n):
    if fun is by_number:
        return np.linspace(0.42, 1.21, n)
    return 0.2 * np.sin(np.arange(1.0, n * n + 1)).reshape(n, n) + np.eye(n)


@pytest.mark.parametrize("fun", PROGRAMS, ids=lambda f: f.__name__)
def test_gradients(fun):
    check_grads(fun, (argument(fun, 5),))


@pytest.mark.parametrize("fun", PROGRAMS, ids=lambda f: f.__name__)
def test_no_array_is_recorded_or_copied_whole(fun):
    n = 8
    array = argument(fun, n)
    counts, text = counted(fun, array.copy()), source(fun, array)
    assert "array_set(" not in text and "index_add(" not in text
    rows = n * n if fun is gauss_jordan else 2 * n  # that are read, of no more than 2n entries
    assert counts.numbers <= rows * (2 * n + 8) and counts.copied <= rows * (2 * n + 8)


def changed_index(x, n):
    """The index is no longer what it was when the array is written to, and is known only then."""
    s = 0.0
    for k in range(n):
        if x[0] < 2.0:
            y = x[0] * x[1]
            x[:2] = x[:2] * y
            s += y
    return s + np.sum(x)


def whole(x, n):
    for k in range(n):
        if x[k] > 0.5:
            x[:] = np.sin(x * np.sum(x))
    return np.sum(x)


def overlapping(x, n):
    """Parts as large as the array: the array itself takes less."""
    for _ in range(n):
        if x[0] < 2.0:
            x[1:-1] = x[1:-1] * x[2:] * x[:-2]
    return np.sum(x)


@pytest.mark.parametrize("fun", [changed_index, whole, overlapping], ids=lambda f: f.__name__)
def test_other_arrays_are_recorded_as_they_were(fun):
    check_grads(fun, (np.linspace(0.4, 1.2, 5), 3), wrt=0)


def several_in_one_branch(a, b, x):
    """Parts of three arrays are read in one branch, before and behind a branch inside it."""
    a, b, x, s = a.copy(), b.copy(), x.copy(), 0.0
    for i in range(4):
        if i > 0:
            if s < 1.0:
                s += a[2] * x[0]
                x[2] = np.sin(x[i - 1]) * a[0]
            s += x[0] * x[i - 1]
            b[2] = np.sin(a[3 - i]) * b[i - 1]
        a[0] = a[0] * a[1]
    return s + np.sum(a * a) + np.sum(b * b) + np.sum(np.sin(x))


def written_in_the_middle(a, b, x):
    """One array is written to within the branch, another only after it."""
    a, b, x, s = a.copy(), b.copy(), x.copy(), 0.0
    for i in range(4):
        if i != 2:
            x[0] = np.sin(b[3 - i]) * b[3 - i]
            if s < 1.0:
                s += 0.3 * a[2] * x[i - 1]
            a[0] = np.sin(a[3 - i]) * x[3 - i]
            s += 0.3 * a[0] * x[i]
        s += 0.3 * a[0] * b[i - 1]
        b[0] = np.sin(b[3 - i]) * x[3 - i]
    return s + np.sum(a * a) + np.sum(b * b) + np.sum(np.sin(x))


@pytest.mark.parametrize("fun", [several_in_one_branch, written_in_the_middle], ids=lambda f: f.__name__)
def test_several_parts_in_one_branch(fun):
    check_grads(fun, (np.linspace(0.3, 0.9, 4), np.linspace(0.8, 0.5, 4), np.linspace(0.6, 0.2, 4)))
