"""scipy.sparse: products and systems, by the vectors, and by the data of matrices that are made of variables.

Of A z = b the cotangent b̄ solves the transposed system, and that of an entry of A is -b̄ᵢ zⱼ (Giles 2008): only the
entries that are stored have one.  A matrix from outside stays as it is, and its derivative is refused.  One made of
variables in the function is known by its entries (sparse_entries.py), and these are what the rules here are about.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as systems

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.registry import constant, jvp_rule, refuse, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

MATRIX = "this sparse matrix is no `csr_matrix((data, (i, j)))` or its like, made here: its data are not known"

# ── matrices from outside ────────────────────────────────────────────────────────────────────────


@vjp_rule(systems.spsolve)
def spsolve(g, z, A, b, permc_spec=None, use_umfpack=True):
    refuse_active(A, MATRIX)
    return None, systems.spsolve(A.T.tocsc(), g, permc_spec, use_umfpack)


@jvp_rule(systems.spsolve)
def spsolve_jvp(t, z, A, b, permc_spec=None, use_umfpack=True):
    return systems.spsolve(A, t[1], permc_spec, use_umfpack)


# In the order of their names, not of a set: the registry lists its rules the same way in every process.
PRODUCTS = tuple(
    dict.fromkeys(getattr(cls, name) for name in ("__matmul__", "dot") for cls in (sparse.csr_matrix, sparse.csr_array))
)


def transposed_product(a, x):
    """aᵀ x"""
    return a.T @ x


@vjp_rule(*PRODUCTS)
def product(g, z, self, other):
    refuse_active(self, MATRIX)
    return None, transposed_product(self, g)


@jvp_rule(*PRODUCTS)
def product_jvp(t, z, self, other):
    return self @ t[1]


@vjp_rule(transposed_product)
def transposed_product_vjp(g, z, a, x):
    refuse_active(a, MATRIX)
    return None, a @ g


@jvp_rule(transposed_product)
def transposed_product_jvp(t, z, a, x):
    return transposed_product(a, t[1])


# ── matrices by their entries ────────────────────────────────────────────────────────────────────


def multiplied(data, x, rows, cols, shape):
    """The matrix with these entries, times vectors or a full matrix."""
    return sparse.csr_array((data, (rows, cols)), shape=shape) @ x


def solved(data, b, rows, cols, shape):
    """The solution of the system with the matrix that has these entries."""
    return systems.spsolve(sparse.csc_array((data, (rows, cols)), shape=shape), b)


def dense(data, rows, cols, shape):
    return sparse.coo_array((data, (rows, cols)), shape=shape).toarray()


def down(data, rows, cols, shape):
    """The diagonal."""
    return sparse.csr_array((data, (rows, cols)), shape=shape).diagonal()


def of_entries(x, y, rows, cols):
    """∑ xᵢ yⱼ at each of the entries."""
    terms = x[rows] * y[cols]
    return terms if np.ndim(terms) == 1 else np.sum(terms, axis=1)


@vjp_rule(multiplied)
def multiplied_vjp(g, z, data, x, rows, cols, shape):
    return of_entries(g, x, rows, cols), multiplied(data, g, cols, rows, (shape[1], shape[0]))


@jvp_rule(multiplied)
def multiplied_jvp(t, z, data, x, rows, cols, shape):
    total = None if t[0] is None else multiplied(t[0], x, rows, cols, shape)
    return total if t[1] is None else tangent_sum(total, multiplied(data, t[1], rows, cols, shape))


@vjp_rule(solved)
def solved_vjp(g, z, data, b, rows, cols, shape):
    b_bar = solved(data, g, cols, rows, shape)
    return -of_entries(b_bar, z, rows, cols), b_bar


@jvp_rule(solved)
def solved_jvp(t, z, data, b, rows, cols, shape):
    right = t[1]
    if t[0] is not None:
        right = tangent_sum(right, -multiplied(t[0], z, rows, cols, shape))
    return solved(data, right, rows, cols, shape)


@vjp_rule(dense, linear=True)
def dense_vjp(g, z, data, rows, cols, shape):
    return g[rows, cols]


@vjp_rule(down, linear=True)
def down_vjp(g, z, data, rows, cols, shape):
    return np.where(rows == cols, g[np.minimum(rows, np.size(z) - 1)], 0.0)


def rows_of(indptr):
    """The row of each entry, from where each row begins."""
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def smallest(rows, cols):
    """The shape that SciPy gives a matrix of which it is not told."""
    return int(np.max(rows)) + 1, int(np.max(cols)) + 1


def lengths(shape, offset):
    """The places of a diagonal."""
    rows = np.arange(max(0, -offset), min(shape[0], shape[1] - offset))
    return rows, rows + offset


def entries_of(matrix):
    """The entries of a matrix that stays as it is."""
    found = matrix.tocoo()
    return found.data, found.row, found.col


# ── factorisations: those of the primal are used in both sweeps ──────────────────────────────────


def factors(data, rows, cols, shape, *options):
    """Of the matrix that has these entries.  What is solved with them has a derivative by the entries."""
    return systems.splu(sparse.csc_array((data, (rows, cols)), shape=shape), *options)


def by_factors(lu, b, trans):
    """The solution of a system by the factors of its matrix, which stays as it is."""
    return lu.solve(b, trans)


def by_factors_of(lu, data, b, rows, cols, trans):
    """The same where the matrix has these entries."""
    return lu.solve(b, trans)


def turned(trans):
    """For real matrices "H" is "T"."""
    return "T" if trans == "N" else "N"


@vjp_rule(by_factors)
def by_factors_vjp(g, z, lu, b, trans):
    refuse_active(lu, MATRIX)
    unsupported(trans == "H", 'scipy.sparse.linalg.splu(…).solve with trans="H"')
    return None, by_factors(lu, g, turned(trans))


@jvp_rule(by_factors)
def by_factors_jvp(t, z, lu, b, trans):
    return by_factors(lu, t[1], trans)


@vjp_rule(by_factors_of)
def by_factors_of_vjp(g, z, lu, data, b, rows, cols, trans):
    real_matrix(data)
    b_bar = by_factors_of(lu, data, g, rows, cols, turned(trans))
    return None, -(of_entries(b_bar, z, rows, cols) if trans == "N" else of_entries(z, b_bar, rows, cols)), b_bar


@jvp_rule(by_factors_of)
def by_factors_of_jvp(t, z, lu, data, b, rows, cols, trans):
    real_matrix(data)
    right = t[2]
    if t[1] is not None:
        n = np.shape(z)[0]
        down_then_across = (rows, cols) if trans == "N" else (cols, rows)
        right = tangent_sum(right, -multiplied(t[1], z, down_then_across[0], down_then_across[1], (n, n)))
    return by_factors_of(lu, data, right, rows, cols, trans)


def real_matrix(data):
    unsupported(np.iscomplexobj(data), "scipy.sparse.linalg.splu of a complex matrix")


constant(turned, why="is about an option")
constant(factors, why="what is solved with it has the derivative")

constant(rows_of, smallest, lengths, entries_of, why="about which entries are stored")

refuse(
    systems.cg, systems.gmres, systems.bicg, systems.bicgstab, systems.minres,
    why="use spsolve",
)  # fmt: skip
refuse(systems.splu, why="only what is solved with it has a derivative")

from adjoint.rules.scipy import sparse_entries  # noqa: E402, F401 (it needs what stands here)
