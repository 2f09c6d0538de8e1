"""Stacks of matrices, to each of which SciPy (from 1.15 on) applies a function of scipy.linalg: as many matrices as each has
rows here, so that nothing falls into place by its shape alone."""

import numpy as np
import pytest

pytest.importorskip("scipy", "1.15")

from scipy import linalg

from adjoint import Unsupported, check_grads, grad, jvp

RNG = np.random.default_rng(0)
STACK = RNG.normal(size=(3, 3, 3)) + 3.0 * np.eye(3)
ROWS = RNG.normal(size=(3, 3)) + np.array([4.0, 0.0, 0.0])
VECTOR = np.array([1.0, 2.0, 3.0])


def definite(a):
    return a @ np.swapaxes(a, -1, -2) + np.eye(3)


UNDERSTOOD = {
    "eigh": lambda a: linalg.eigh(definite(a))[0], "svd": lambda a: linalg.svd(a, full_matrices=False)[1],
    "cho_factor": lambda a: np.triu(linalg.cho_factor(definite(a))[0]),
    "expm_frechet": lambda a: linalg.expm_frechet(0.2 * a, a)[1], "solve": lambda a: linalg.solve(a, a + 1.0),
    "solve_triangular": lambda a: linalg.solve_triangular(a, a, lower=True), "qr": lambda a: linalg.qr(a)[1],
}  # fmt: skip

REFUSED = {
    "solve": (lambda a: linalg.solve(a, VECTOR), STACK), "solve_triangular": (lambda a: linalg.solve_triangular(a, VECTOR), STACK),
    "cho_solve": (lambda a: linalg.cho_solve((a, False), VECTOR), STACK), "ldl": (lambda a: linalg.ldl(definite(a))[0], STACK),
    "lu_solve": (lambda b: linalg.lu_solve((STACK, np.zeros((3, 3), int)), b), STACK),
    "lstsq": (lambda a: linalg.lstsq(a, VECTOR)[0], STACK),
    "procrustes": (lambda a: linalg.orthogonal_procrustes(a, a + 1.0)[0], STACK),
    "balance": (lambda a: linalg.matrix_balance(a)[0], STACK), "toeplitz": (linalg.toeplitz, ROWS),
    "leslie": (lambda f: linalg.leslie(f, ROWS[:, 1:]), ROWS), "companion": (linalg.companion, ROWS),
    "khatri_rao": (lambda a: linalg.khatri_rao(a, a), STACK), "block_diag": (lambda a: linalg.block_diag(a, a), STACK),
    "solve_toeplitz": (lambda c: linalg.solve_toeplitz(c, VECTOR), ROWS),
    "matmul_toeplitz": (lambda c: linalg.matmul_toeplitz(c, VECTOR), ROWS),
    "solve_circulant": (lambda c: linalg.solve_circulant(c, VECTOR), ROWS),
    "solve_banded": (lambda ab: linalg.solve_banded((1, 1), ab, VECTOR), STACK + 3.0 * np.eye(3)[1][:, None]),
    "eigh_tridiagonal": (lambda d: linalg.eigh_tridiagonal(d, ROWS[:, 1:])[0], ROWS),
    "eigvalsh_tridiagonal": (lambda d: linalg.eigvalsh_tridiagonal(d, ROWS[:, 1:]), ROWS),
}  # fmt: skip


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_stack(name):
    check_grads(UNDERSTOOD[name], (STACK,))


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_for_one_matrix_refuses_a_stack(name):
    f, at = REFUSED[name]
    f(at)
    with pytest.raises(Unsupported, match="stack"):
        grad(lambda x: np.sum(f(x)))(at)
    with pytest.raises(Unsupported, match="stack"):
        jvp(f, (at,), (at,))
