"""Sparse matrices made of variables, as their entries: what scipy.sparse does with them, said in terms of the data.

    sparse.csr_matrix((d, (i, j)), shape=(m, n)) @ x      ->      multiplied(d, x, i, j, (m, n))

A call of a constructor is lowered as a call of the function here, and a method of the matrix as one of `Entries`; where
the matrix itself is used, SciPy's is there beside.  Which entries are stored does not change.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as systems

from adjoint.rules.functional import unsupported
from adjoint.rules.registry import STANDING, written_as
from adjoint.rules.scipy.sparse import (
    by_factors, by_factors_of, dense, down, entries_of, factors, lengths, multiplied, rows_of, smallest, solved,
)  # fmt: skip


class Entries:
    """A sparse matrix: entries that stand at the same place are added."""

    def __init__(self, data, rows, cols, shape):
        self.data, self.rows, self.cols, self.shape = data, rows, cols, shape

    @property
    def T(self):
        return Entries(self.data, self.cols, self.rows, (self.shape[1], self.shape[0]))

    def transpose(self):
        return self.T

    def copy(self):
        return self

    def tocsr(self):
        return self

    def tocsc(self):
        return self

    def tocoo(self):
        return self

    def toarray(self):
        return dense(self.data, self.rows, self.cols, self.shape)

    def __matmul__(self, other):
        unsupported(is_sparse(other), "a product of two sparse matrices of which one is made of variables", "Use `toarray`.")
        return multiplied(self.data, other, self.rows, self.cols, self.shape)

    def __rmatmul__(self, other):
        if np.ndim(other) == 1:
            return multiplied(self.data, other, self.cols, self.rows, (self.shape[1], self.shape[0]))
        return multiplied(self.data, other.T, self.cols, self.rows, (self.shape[1], self.shape[0])).T

    def dot(self, other):
        return self @ other

    def __neg__(self):
        return Entries(-self.data, self.rows, self.cols, self.shape)

    def __mul__(self, other):
        unsupported(is_sparse(other) or np.ndim(other) > 0, "`*` of a sparse matrix made of variables", "Write `@`.")
        return Entries(self.data * other, self.rows, self.cols, self.shape)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return Entries(self.data / other, self.rows, self.cols, self.shape)

    def __add__(self, other):
        other = as_entries(other)
        data = np.concatenate((self.data, other.data))
        rows, cols = np.concatenate((self.rows, other.rows)), np.concatenate((self.cols, other.cols))
        return Entries(data, rows, cols, self.shape)

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + -as_entries(other)

    def __rsub__(self, other):
        return -self + other

    def diagonal(self):
        return down(self.data, self.rows, self.cols, self.shape)

    def sum(self, axis=None):
        unsupported(axis is not None, "`sum` of a sparse matrix made of variables along an axis", "Multiply it by ones.")
        return np.sum(self.data)


STANDING.add(Entries)


def is_sparse(other):
    return isinstance(other, Entries) or isinstance(other, (sparse.spmatrix, sparse.sparray))


def as_entries(other):
    """A matrix that stays as it is, as its entries."""
    if isinstance(other, Entries):
        return other
    data, rows, cols = entries_of(other)
    return Entries(data, rows, cols, other.shape)


def constructor(cls, by_columns):
    def made(arg1, shape=None, dtype=None, copy=False):
        if isinstance(arg1, Entries):
            return arg1
        if isinstance(arg1, tuple) and len(arg1) == 2 and isinstance(arg1[1], (tuple, list)):
            rows, cols = np.asarray(arg1[1][0]), np.asarray(arg1[1][1])
            return Entries(np.asarray(arg1[0], dtype), rows, cols, smallest(rows, cols) if shape is None else shape)
        if isinstance(arg1, tuple) and len(arg1) == 3:
            first, second = rows_of(arg1[2]), np.asarray(arg1[1])
            rows, cols = (second, first) if by_columns else (first, second)
            return Entries(np.asarray(arg1[0], dtype), rows, cols, smallest(rows, cols) if shape is None else shape)
        if isinstance(arg1, np.ndarray) and np.ndim(arg1) == 2:
            m, n = np.shape(arg1)
            return Entries(np.ravel(np.asarray(arg1, dtype)), np.repeat(np.arange(m), n), np.tile(np.arange(n), m), (m, n))
        return cls(arg1, shape, dtype, copy)

    return made


def diagonals_at(diagonals, offsets, shape):
    """The diagonals one after the other; a shorter one is repeated."""
    if isinstance(offsets, int):
        single = isinstance(diagonals, np.ndarray) or isinstance(diagonals[0], (int, float, complex))
        return diagonals_at([diagonals] if single else diagonals, [offsets], shape)
    if shape is None:
        n = np.size(diagonals[0]) + abs(offsets[0])
        return diagonals_at(diagonals, offsets, (n, n))
    places = [lengths(shape, k) for k in offsets]
    data = np.concatenate([np.broadcast_to(np.asarray(d), np.shape(i)) for d, (i, _) in zip(diagonals, places, strict=True)])
    rows, cols = np.concatenate([i for i, _ in places]), np.concatenate([j for _, j in places])
    return Entries(data, rows, cols, shape)


def diags(diagonals, offsets=0, shape=None, format=None, dtype=None):
    return diagonals_at(diagonals, offsets, shape)


def diags_array(diagonals, *, offsets=0, shape=None, format=None, dtype=None):
    return diagonals_at(diagonals, offsets, shape)


def spsolve(A, b, permc_spec=None, use_umfpack=True):
    if isinstance(A, Entries):
        unsupported(is_sparse(b), "scipy.sparse.linalg.spsolve with a sparse right-hand side", "Use `toarray`.")
        return solved(A.data, b, A.rows, A.cols, A.shape)
    return systems.spsolve(A, b, permc_spec, use_umfpack)


class Factors:
    """What `splu` gives; of a matrix made of variables with its entries."""

    def __init__(self, lu, entries):
        self.lu, self.entries = lu, entries

    def solve(self, rhs, trans="N"):
        if self.entries is None:
            return by_factors(self.lu, rhs, trans)
        return by_factors_of(self.lu, self.entries.data, rhs, self.entries.rows, self.entries.cols, trans)


STANDING.add(Factors)


def splu(A, permc_spec=None, diag_pivot_thresh=None, relax=None, panel_size=None, options=None):
    options = (permc_spec, diag_pivot_thresh, relax, panel_size, options)
    if isinstance(A, Entries):
        return Factors(factors(A.data, A.rows, A.cols, A.shape, *options), A)
    return Factors(systems.splu(A, *options), None)


def factorized(A):
    return systems.splu(A).solve


for _cls in (sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array, sparse.coo_matrix, sparse.coo_array):
    written_as(_cls, constructor(_cls, _cls in (sparse.csc_matrix, sparse.csc_array)), kept=True)
written_as(sparse.diags, diags, kept=True)
written_as(sparse.diags_array, diags_array, kept=True)
written_as(systems.spsolve, spsolve)
written_as(systems.splu, splu, kept=True)
written_as(systems.factorized, factorized)
