"""scipy.linalg: triangular and orthogonal factors.

Formulas: as in rules/linalg.py, where those functions that NumPy has too are; Giles (2008) for lu; de Hoog, Anderssen &
Lukas, "Differentiation of matrix functionals using triangular factorization" (2011), for lu and ldl; Seeger et al. (2017)
for qr and svd; Gander, "Algorithms for the polar decomposition" (1990), for polar.

Where SciPy reads one triangle of a matrix (cholesky, ldl), so does the derivative.  Singular vectors of nearly equal
singular values have a derivative too large to be of use: cotangents are divided by the gap, inf or NaN where it is zero.
"""

import numpy as np
from scipy import linalg

from adjoint.rules import linalg as plain
from adjoint.rules.contraction import mT
from adjoint.rules.functional import refuse_full, refuse_stack, unsupported
from adjoint.rules.linalg import H, column, conj, eye_like, one_triangle, row
from adjoint.rules.registry import constant, jvp_rule, vjp_rule
from adjoint.rules.scipy.solving import other_way, outer
from adjoint.rules.ufuncs import tangent_sum

# ── triangular factors ───────────────────────────────────────────────────────────────────────────


@vjp_rule(linalg.cholesky)
def cholesky(g, z, a, lower=False, overwrite_a=False, check_finite=True):
    return plain.cholesky(g, z, a, not lower)


@jvp_rule(linalg.cholesky)
def cholesky_jvp(t, z, a, lower=False, overwrite_a=False, check_finite=True):
    return plain.cholesky_jvp(t, z, a, not lower)


@vjp_rule(linalg.cho_factor)
def cho_factor(g, z, a, lower=False, overwrite_a=False, check_finite=True):
    """What lies beyond the triangle is left over from the work, another thing in each release: a constant."""
    if g[0] is None:
        return None
    factor = np.tril(z[0]) if lower else np.triu(z[0])
    return plain.cholesky(g[0], factor, a, not lower)


@jvp_rule(linalg.cho_factor)
def cho_factor_jvp(t, z, a, lower=False, overwrite_a=False, check_finite=True):
    factor = np.tril(z[0]) if lower else np.triu(z[0])
    return plain.cholesky_jvp(t, factor, a, not lower), None


@vjp_rule(linalg.cho_solve)
def cho_solve(g, z, c_and_lower, b, overwrite_b=False, check_finite=True):
    """(L Lᴴ) z = b"""
    refuse_stack(c_and_lower[0])
    c, lower = c_and_lower
    factor = H(np.tril(c)) if lower else np.triu(c)
    b_bar = conj(linalg.cho_solve((c, lower), conj(g)))
    bar = -outer(conj(b_bar), conj(z))
    upper = np.triu(factor @ (bar + H(bar)))
    return (conj(H(upper) if lower else upper), None), b_bar


@jvp_rule(linalg.cho_solve)
def cho_solve_jvp(t, z, c_and_lower, b, overwrite_b=False, check_finite=True):
    refuse_stack(c_and_lower[0])
    c, lower = c_and_lower
    right = t[1]
    if t[0] is not None and t[0][0] is not None:
        factor, dot = (H(np.tril(c)), H(np.tril(t[0][0]))) if lower else (np.triu(c), np.triu(t[0][0]))
        right = tangent_sum(right, -((H(dot) @ factor + H(factor) @ dot) @ z))
    return linalg.cho_solve((c, lower), right)


def pivot_order(pivots):
    """The rows in the order that these exchanges make."""
    order = np.arange(len(pivots))
    for k, other in enumerate(pivots):
        order[[k, other]] = order[[other, k]]
    return order


constant(pivot_order, linalg.get_lapack_funcs, linalg.get_blas_funcs, why="integers")


def of_factors(l, u, l_bar, u_bar):
    """The cotangent of A = L U, with a unit diagonal in L, for A of any shape."""
    m, n = np.shape(l)[0], np.shape(u)[1]
    k = min(m, n)
    l_bar = np.zeros_like(l) if l_bar is None else l_bar
    u_bar = np.zeros_like(u) if u_bar is None else u_bar
    l1, u1 = l[:k], u[:, :k]
    l1_bar, u1_bar = l_bar[:k], u_bar[:, :k]
    below = beside = None
    if m > n:  # L₂ = A₂ U⁻¹
        below = linalg.solve_triangular(u1, l_bar[k:].T).T
        u1_bar = u1_bar - l[k:].T @ below
    if n > m:  # U₂ = L⁻¹ A₂
        beside = linalg.solve_triangular(l1, u_bar[:, k:], 1, True, True)
        l1_bar = l1_bar - beside @ u[:, k:].T
    inner = np.tril(l1.T @ l1_bar, -1) + np.triu(u1_bar @ u1.T)
    bar = linalg.solve_triangular(u1, linalg.solve_triangular(l1, inner, 1, True, True).T).T
    if below is not None:
        return np.concatenate((bar, below), axis=0)
    return bar if beside is None else np.concatenate((bar, beside), axis=1)


@vjp_rule(linalg.lu)
def lu(g, z, a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False):
    """a = P L U: the rows of L U in the order `place`, which stays as it is."""
    unsupported(np.ndim(a) != 2 or np.iscomplexobj(a), "scipy.linalg.lu of a stack of matrices or complex ones")
    place, lower, upper = linalg.lu(a, p_indices=True)
    if permute_l:
        l_bar = None if g[0] is None else g[0][np.argsort(place)]
        u_bar = g[1]
    else:
        l_bar, u_bar = g[1], g[2]
    if l_bar is None and u_bar is None:
        return None
    return of_factors(lower, upper, l_bar, u_bar)[place]


@vjp_rule(linalg.lu_factor)
def lu_factor(g, z, a, overwrite_a=False, check_finite=True):
    """Both factors in one array."""
    unsupported(np.ndim(a) != 2 or np.iscomplexobj(a), "scipy.linalg.lu_factor of a stack of matrices or complex ones")
    unsupported(np.shape(a)[0] != np.shape(a)[-1], "scipy.linalg.lu_factor of a matrix that is not square")
    if g[0] is None:
        return None
    lower, upper = np.tril(z[0], -1) + eye_like(a), np.triu(z[0])
    bar = of_factors(lower, upper, np.tril(g[0], -1), np.triu(g[0]))
    return bar[np.argsort(pivot_order(z[1]))]


@vjp_rule(linalg.lu_solve)
def lu_solve(g, z, lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    refuse_stack(lu_and_piv[0])
    factors, pivots = lu_and_piv
    unsupported(np.iscomplexobj(factors), "scipy.linalg.lu_solve of complex matrices")
    b_bar = linalg.lu_solve((factors, pivots), g, other_way(trans))
    bar = -(outer(b_bar, z) if trans == 0 else outer(z, b_bar))[pivot_order(pivots)]
    lower, upper = np.tril(factors, -1) + eye_like(factors), np.triu(factors)
    return (np.tril(bar @ upper.T, -1) + np.triu(lower.T @ bar), None), b_bar


@vjp_rule(linalg.ldl)
def ldl(g, z, A, lower=True, hermitian=True, overwrite_a=False, check_finite=True):
    """A = L D Lᵀ where all pivots are single entries (they are, of a positive definite matrix)."""
    refuse_stack(A)
    unsupported(np.iscomplexobj(A), "scipy.linalg.ldl of a complex matrix")
    factor, d, order = z
    unsupported(np.any(d != np.diag(np.diag(d))), "scipy.linalg.ldl where D has blocks of two rows")
    l = factor[order]
    l_bar = None if g[0] is None else g[0][order]
    inner = 0.0 if g[1] is None else g[1] * eye_like(A)
    if l_bar is not None:
        if lower:
            inner = inner + np.tril(l.T @ l_bar, -1) / row(np.diagonal(d))
        else:
            inner = inner + np.triu(l.T @ l_bar, 1) / row(np.diagonal(d))
    right = linalg.solve_triangular(l, inner, 1, lower, True)
    bar = linalg.solve_triangular(l, right.T, 1, lower, True).T
    back = np.argsort(order)
    return one_triangle(bar[back][:, back], "L" if lower else "U")

# ── orthogonal factors ───────────────────────────────────────────────────────────────────────────


@vjp_rule(linalg.qr)
def qr(g, z, a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    """Of a tall matrix only mode="economic": the other columns of a full Q are free to turn."""
    unsupported(mode == "raw", 'scipy.linalg.qr(mode="raw")')
    if pivoting:
        bar = of_qr(g, z, a[:, z[-1]], mode)
        return None if bar is None else bar[:, np.argsort(z[-1])]
    return of_qr(g, z, a, mode)


def of_qr(g, z, a, mode):
    k = min(np.shape(a)[-2:])
    if mode == "r":
        return plain.qr(g[0][..., :k, :], None, a, "r") if g[0] is not None else None
    if g[0] is None and g[1] is None:
        return None
    if mode == "full" and g[0] is None:
        return plain.qr(g[1][..., :k, :], None, a, "r")
    refuse_full(np.shape(a), mode == "full" and np.shape(a)[-2] > np.shape(a)[-1])
    return plain.qr((g[0], g[1]), (z[0], z[1]), a)


def flipped(x):
    return None if x is None else mT(x[..., ::-1, :])


@vjp_rule(linalg.rq)
def rq(g, z, a, overwrite_a=False, lwork=None, mode="full", check_finite=True):
    """a = R Q from the QR decomposition of the transpose of a upside down."""
    unsupported(np.shape(a)[-2] > np.shape(a)[-1], "scipy.linalg.rq of a tall matrix")
    r_bar, q_bar = (g, None) if mode == "r" else g
    refuse_full(np.shape(a), mode == "full" and q_bar is not None)
    if mode == "economic":
        r, q = z
    else:
        r, q = linalg.rq(a, mode="economic")
        r_bar = None if r_bar is None else r_bar[..., -np.shape(a)[-2] :]
    bar = plain.qr(
        (flipped(q_bar), None if r_bar is None else flipped(r_bar[..., ::-1])),
        (flipped(q), flipped(r[..., ::-1])), flipped(a),
    )  # fmt: skip
    return None if bar is None else mT(bar)[..., ::-1, :]


@vjp_rule(linalg.svd)
def svd(
    g, z, a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver="gesdd"
):
    return plain.svd(g, z, a, full_matrices, compute_uv)


@jvp_rule(linalg.svd)
def svd_jvp(
    t, z, a, full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver="gesdd"
):
    return plain.svd_jvp(t, z, a, full_matrices, compute_uv)


@vjp_rule(linalg.svdvals)
def svdvals(g, z, a, overwrite_a=False, check_finite=True):
    return plain.svdvals(g, z, a)


@jvp_rule(linalg.svdvals)
def svdvals_jvp(t, z, a, overwrite_a=False, check_finite=True):
    return plain.svdvals_jvp(t, z, a)


@vjp_rule(linalg.orth)
def orth(g, z, A, rcond=None):
    """Left singular vectors, of a matrix of full rank."""
    unsupported(np.shape(z)[-1] != min(np.shape(A)), "scipy.linalg.orth of a matrix that has not full rank")
    return plain.svd((g, None, None), linalg.svd(A, full_matrices=False), A, False)


@jvp_rule(linalg.orth)
def orth_jvp(t, z, A, rcond=None):
    unsupported(np.shape(z)[-1] != min(np.shape(A)), "scipy.linalg.orth of a matrix that has not full rank")
    return plain.svd_jvp(t, linalg.svd(A, full_matrices=False), A, False)[0]


def polar_bar(u_bar, a):
    """The cotangent of `a` from that of its unitary polar factor; `a` is real and of full rank."""
    if np.shape(a)[0] < np.shape(a)[1]:
        return polar_bar(u_bar.T, a.T).T
    w, s, vh = linalg.svd(a, full_matrices=False)
    turn = w.T @ u_bar @ vh.T
    bar = w @ ((turn - turn.T) / (column(s) + row(s))) @ vh
    if np.shape(a)[0] == np.shape(a)[1]:
        return bar
    beside = u_bar @ vh.T
    return bar + ((beside - w @ (w.T @ beside)) / s) @ vh


@vjp_rule(linalg.polar)
def polar(g, z, a, side="right"):
    """P = Uᵀ A or A Uᵀ."""
    unsupported(np.iscomplexobj(a) or np.ndim(a) != 2, "scipy.linalg.polar of complex matrices, or a stack of them")
    u_bar, p_bar = g
    u, _ = z
    bar = np.zeros_like(a)
    if p_bar is not None:
        bar = u @ p_bar if side == "right" else p_bar @ u
        u_bar = tangent_sum(u_bar, a @ p_bar.T if side == "right" else p_bar.T @ a)
    return bar if u_bar is None else bar + polar_bar(u_bar, a)


@vjp_rule(linalg.orthogonal_procrustes)
def orthogonal_procrustes(g, z, A, B, check_finite=True):
    """The unitary polar factor of AᵀB, and the sum of its singular values."""
    refuse_stack(A)
    unsupported(np.iscomplexobj(A), "scipy.linalg.orthogonal_procrustes of complex matrices")
    product = A.T @ B
    bar = np.zeros_like(product)
    if g[0] is not None:
        bar = bar + polar_bar(g[0], product)
    if g[1] is not None:
        bar = bar + g[1] * z[0]
    return B @ bar.T, A @ bar
