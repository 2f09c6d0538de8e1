"""A row for every rule of scipy.linalg: see rows.py."""

import numpy as np
from rules.checker import Row, aligned
from rules.rows_special import c, n, p
from scipy import linalg

ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


def factor(a, lower):
    """cho_factor, without what it leaves in the other triangle: that differs from release to release."""
    return (np.tril if lower else np.triu)(linalg.cho_factor(a, lower)[0]), lower


def spd(k, *batch):
    a = n(*batch, k, k)
    return a @ np.swapaxes(a, -1, -2) + k * np.eye(k)


def well(k, *batch):
    return n(*batch, k, k) + 3.0 * np.eye(k)


# ── solving ──────────────────────────────────────────────────────────────────────────────────────

row(linalg.solve, well(3), n(3))
row(linalg.solve, well(3), n(3, 2))
row(linalg.solve, well(3, 2), n(2, 3, 2))
row(linalg.solve, well(3), n(3), transposed=True)
row(linalg.solve, well(2) + 1j * n(2, 2), c(2))
for assume in ("sym", "pos", "gen", "upper triangular", "lower triangular", "diagonal", "tridiagonal"):
    for low in (False, True):
        row(linalg.solve, spd(4), n(4), low, assume_a=assume)
        row(linalg.solve, spd(4), n(4, 2), low, assume_a=assume)
for low in (False, True):
    for trans in (0, 1):
        row(linalg.solve_triangular, well(3), n(3), trans, low)
        row(linalg.solve_triangular, well(3), n(3, 2), trans, low, True)
    row(linalg.cho_solve, (linalg.cho_factor(spd(3), low)[0], low), n(3))
    row(linalg.cho_solve, (linalg.cho_factor(spd(3), low)[0], low), n(3, 2))
    row(linalg.cholesky, spd(3), low)
    row(linalg.cho_factor, spd(3), low, call=factor)
    row(linalg.ldl, spd(3), low)
row(linalg.solve_triangular, well(3), n(3), "T")
row(linalg.inv, well(3))
row(linalg.inv, spd(3), assume_a="pos")
row(linalg.det, well(3))
row(linalg.norm, n(3))
row(linalg.norm, n(3, 2), "fro")
row(linalg.norm, n(3, 2), 1, 0)
row(linalg.pinv, n(4, 2))
row(linalg.pinv, n(2, 4), return_rank=True)
row(linalg.pinvh, spd(3))
row(linalg.pinvh, spd(3), lower=False)
row(linalg.lstsq, n(5, 3), n(5, 2))
row(linalg.lstsq, n(5, 3), n(5))

# ── factors ──────────────────────────────────────────────────────────────────────────────────────

for a in (well(3), n(4, 2) + 2.0, n(2, 4) + 2.0):
    row(linalg.lu, a)
    row(linalg.lu, a, True)
    row(linalg.lu, a, p_indices=True)
row(linalg.lu_factor, well(3)[::-1])
row(linalg.lu_solve, linalg.lu_factor(well(3)[::-1]), n(3))
row(linalg.lu_solve, linalg.lu_factor(well(3)[::-1]), n(3, 2), 1)
row(linalg.qr, well(3))
row(linalg.qr, n(4, 2), mode="economic")
row(linalg.qr, n(2, 4), mode="economic")
row(linalg.qr, n(4, 2), mode="r")
row(linalg.qr, n(4, 3), mode="economic", pivoting=True)
row(linalg.qr, n(4, 3), mode="r", pivoting=True)
row(linalg.rq, well(3))
row(linalg.rq, n(2, 4), mode="economic")
row(linalg.rq, n(2, 4), mode="r")
row(linalg.rq, well(3), mode="r")
for a in (n(4, 2), n(2, 3), well(3)):
    row(linalg.svd, a, full_matrices=False, call=aligned(linalg.svd, a, full_matrices=False))
    row(linalg.svdvals, a)
    row(linalg.svd, a, compute_uv=False)
    row(linalg.polar, a)
    row(linalg.polar, a, "left")
a = n(4, 2)
row(linalg.orth, a)
row(linalg.orthogonal_procrustes, n(4, 3), n(4, 3))

# ── eigenvalues ──────────────────────────────────────────────────────────────────────────────────

for low in (True, False):
    a, b = spd(3), spd(3)
    row(linalg.eigh, a, lower=low, call=aligned(linalg.eigh, a, lower=low))
    row(linalg.eigh, a, b, lower=low, call=aligned(linalg.eigh, a, b, lower=low))
    row(linalg.eigh, a, b, lower=low, eigvals_only=True)
    row(linalg.eigvalsh, a, b, lower=low)
row(linalg.eigvalsh, spd(4), subset_by_index=(1, 2))
row(linalg.eigvals, np.diag([1.0, 2.0, 4.0]) + 0.1 * n(3, 3))
a = np.diag([1.0, 2.0, 4.0]) + 0.1 * n(3, 3)
row(linalg.eig, a, call=aligned(linalg.eig, a))
row(linalg.eig, a, right=False)
d, e = np.array([1.0, 3.0, 2.0, 5.0]), p(3)
row(linalg.eigh_tridiagonal, d, e, call=aligned(linalg.eigh_tridiagonal, d, e))
row(linalg.eigh_tridiagonal, d, e, eigvals_only=True)
row(linalg.eigvalsh_tridiagonal, d, e)
for low in (True, False):
    a = np.array([[4.0, 3.0, 6.0, 8.0], [0.3, 0.2, 0.5, 0.4], [0.1, 0.2, 0.1, 0.3]])
    a = a if low else a[::-1]
    row(linalg.cholesky_banded, a, lower=low)
    row(linalg.solveh_banded, a, n(4), lower=low)
    row(linalg.solveh_banded, a, n(4, 2), lower=low)
    row(linalg.eig_banded, a, low, call=aligned(linalg.eig_banded, a, low))
    row(linalg.eig_banded, a, low, True)
row(linalg.solve_banded, (1, 2), n(4, 5) + np.array([[0.0], [0.0], [4.0], [0.0]]), n(5))
row(linalg.solve_banded, (2, 1), n(4, 5) + np.array([[0.0], [4.0], [0.0], [0.0]]), n(5, 2))
row(linalg.matrix_balance, np.array([[1.0, 150.0, 3.0], [0.013, 2.0, 0.37], [0.23, 37.0, 1.0]]))

# ── equations ────────────────────────────────────────────────────────────────────────────────────

row(linalg.solve_sylvester, well(3), well(2), n(3, 2))
row(linalg.solve_continuous_lyapunov, well(3), n(3, 3))
row(linalg.solve_discrete_lyapunov, 0.2 * n(3, 3), n(3, 3))
row(linalg.solve_discrete_lyapunov, 0.2 * c(2, 2), c(2, 2))
row(linalg.solve_continuous_lyapunov, well(2) + 1j * n(2, 2), c(2, 2))
row(linalg.solve_sylvester, well(2) + 1j * n(2, 2), well(2) + 0j, c(2, 2))

# ── matrix functions ─────────────────────────────────────────────────────────────────────────────

for f in (linalg.cosm, linalg.sinm, linalg.tanm, linalg.coshm, linalg.sinhm, linalg.tanhm, linalg.expm):
    row(f, 0.3 * n(3, 3))
row(linalg.expm, n(2, 3, 3))
row(linalg.expm, c(2, 2))
row(linalg.expm, 30.0 * np.array([[0.0, 1.0], [-1.0, 0.0]]), tol=1e-5)
row(linalg.logm, spd(3) / 3.0)
row(linalg.signm, np.diag([1.0, -2.0, 3.0]) + 0.1 * n(3, 3))
row(linalg.sqrtm, spd(3))
row(linalg.fractional_matrix_power, spd(3), 0.3)
row(linalg.fractional_matrix_power, spd(3), -1.7)
row(linalg.expm_frechet, n(3, 3), n(3, 3))
row(linalg.expm_frechet, n(3, 3), n(3, 3), compute_expm=False)

# ── special matrices ─────────────────────────────────────────────────────────────────────────────

row(linalg.toeplitz, n(3))
row(linalg.toeplitz, c(3))
row(linalg.toeplitz, n(3), n(4))
row(linalg.hankel, n(3))
row(linalg.hankel, n(3), n(4))
row(linalg.circulant, n(4))
for mode in ("full", "valid", "same"):
    row(linalg.convolution_matrix, n(3), 5, mode)
row(linalg.leslie, n(4), n(3))
row(linalg.companion, n(4) + 3.0)
row(linalg.fiedler_companion, n(5) + 3.0)
row(linalg.fiedler, n(4))
row(linalg.block_diag, n(2, 3), n(3), n(1, 1))
row(linalg.block_diag, n(2, 2), n(2, 2))
row(linalg.khatri_rao, n(3, 2), n(4, 2))
row(linalg.solve_toeplitz, np.array([4.0, 1.0, 0.5, 0.2]), n(4))
row(linalg.solve_toeplitz, (np.array([4.0, 1.0, 0.5, 0.2]), n(4)), n(4, 2))
row(linalg.matmul_toeplitz, (n(3), n(4)), n(4))
row(linalg.matmul_toeplitz, n(3), n(3, 2))
row(linalg.solve_circulant, np.array([4.0, 1.0, 0.5, 0.2]), n(4))
