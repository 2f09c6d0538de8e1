"""scipy.linalg: solving, factorising, decomposing.  Matrix functions are in matrix_functions.py, matrices of a
special structure (toeplitz, banded ones, …) in structured.py.

Formulas: as in rules/linalg.py, where those functions that NumPy has too are; Giles (2008) for lu and solve;
de Hoog, Anderssen & Lukas, "Differentiation of matrix functionals using triangular factorization" (2011), for lu and
ldl; Boeddeker et al. (2017) for the generalized eigh.  Stacks of matrices wherever NumPy's rule has them.

Where SciPy reads one triangle of a matrix (cholesky, eigh, solve with assume_a="pos"), so does the derivative.
Where the derivative does not exist, or is not large enough to be of use: eigenvectors of nearly equal eigenvalues,
singular vectors of nearly equal singular values, with cotangents divided by the gap between them; inf or NaN where
they are equal.  Eigenvalues and singular values themselves, and functions of them that are symmetric, have no
such difficulty.
"""

import inspect

import numpy as np
from scipy import linalg

from adjoint.rules import linalg as plain
from adjoint.rules import norms
from adjoint.rules.contraction import mT
from adjoint.rules.functional import refuse_full, unsupported
from adjoint.rules.linalg import H, column, conj, eye_like, from_triangle, gaps, one_triangle, real, row
from adjoint.rules.registry import BY_VALUE, constant, jvp_rule, refuse, vjp_rule
from adjoint.rules.scipy import matrix_functions, structured  # noqa: F401
from adjoint.rules.ufuncs import tangent_sum


def outer(x, y):
    """x yᵀ, for vectors or matrices of right-hand sides."""
    return x @ mT(y) if np.ndim(x) > 1 else column(x) * row(y)


# ── solving ──────────────────────────────────────────────────────────────────────────────────────

_TURNED = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}


def turned(assume_a):
    """What to assume of the transpose."""
    return _TURNED.get(assume_a, assume_a)


def read_part(bar, assume_a, lower):
    """The cotangent of what is read of a matrix that is assumed to have a structure."""
    if assume_a in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        whole = bar + (H(bar) if assume_a in ("her", "hermitian", "pos", "positive definite") else mT(bar))
        off = np.tril(whole, -1) if lower else np.triu(whole, 1)
        return off + 0.5 * (whole * eye_like(bar))
    if assume_a == "upper triangular":
        return np.triu(bar)
    if assume_a == "lower triangular":
        return np.tril(bar)
    if assume_a == "diagonal":
        return bar * eye_like(bar)
    if assume_a == "tridiagonal":
        return np.tril(np.triu(bar, -1), 1)
    return bar


constant(turned, why="is about names")


@vjp_rule(linalg.solve)
def solve(
    g, z, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False
):
    if transposed:
        b_bar = linalg.solve(a, g, lower, assume_a=assume_a)
        return read_part(-outer(z, b_bar), assume_a, lower), b_bar
    b_bar = linalg.solve(mT(a), g, not lower, assume_a=turned(assume_a))
    return read_part(-outer(b_bar, z), assume_a, lower), b_bar


def read_whole(a, assume_a, lower):
    """The matrix that is meant by what is read of it; linear."""
    if assume_a in ("her", "hermitian", "pos", "positive definite"):
        return from_triangle(a, "L" if lower else "U")
    if assume_a in ("sym", "symmetric"):
        off = np.tril(a, -1) if lower else np.triu(a, 1)
        return off + mT(off) + a * eye_like(a)
    return read_part(a, assume_a, lower)


@jvp_rule(linalg.solve)
def solve_jvp(
    t, z, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False
):
    right = t[1]
    if t[0] is not None:
        dot = read_whole(t[0], assume_a, lower)
        right = tangent_sum(right, -((mT(dot) if transposed else dot) @ z))
    return linalg.solve(a, right, lower, assume_a=assume_a, transposed=transposed)


def other_way(trans):
    """For solve_triangular and lu_solve: the system of the transpose, of real matrices."""
    return 1 if trans in (0, "N") else 0


constant(other_way, why="is about an option")


def one_side(bar, lower, unit_diagonal):
    if lower:
        return np.tril(bar, -1 if unit_diagonal else 0)
    return np.triu(bar, 1 if unit_diagonal else 0)


@vjp_rule(linalg.solve_triangular)
def solve_triangular(
    g, z, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    unsupported(trans in (2, "C") and np.iscomplexobj(a), "solve_triangular of a complex matrix with trans=2")
    b_bar = linalg.solve_triangular(a, g, other_way(trans), lower, unit_diagonal)
    a_bar = -outer(b_bar, z) if trans in (0, "N") else -outer(z, b_bar)
    return one_side(a_bar, lower, unit_diagonal), b_bar


@jvp_rule(linalg.solve_triangular)
def solve_triangular_jvp(
    t, z, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    unsupported(trans in (2, "C") and np.iscomplexobj(a), "solve_triangular of a complex matrix with trans=2")
    right = t[1]
    if t[0] is not None:
        dot = one_side(t[0], lower, unit_diagonal)
        right = tangent_sum(right, -((dot if trans in (0, "N") else mT(dot)) @ z))
    return linalg.solve_triangular(a, right, trans, lower, unit_diagonal)


@vjp_rule(linalg.inv)
def inv(g, z, a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    return read_part(plain.inv(g, z, a), assume_a, lower)


@jvp_rule(linalg.inv)
def inv_jvp(t, z, a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    return -(z @ read_whole(t[0], assume_a, lower) @ z)


@vjp_rule(linalg.det)
def det(g, z, a, overwrite_a=False, check_finite=True):
    return plain.det(g, z, a)


@jvp_rule(linalg.det)
def det_jvp(t, z, a, overwrite_a=False, check_finite=True):
    return plain.det_jvp(t, z, a)


@vjp_rule(linalg.norm)
def norm(g, z, a, ord=None, axis=None, keepdims=False, check_finite=True):
    return norms.norm(g, z, a, ord, axis, keepdims)


@jvp_rule(linalg.norm)
def norm_jvp(t, z, a, ord=None, axis=None, keepdims=False, check_finite=True):
    return norms.norm_jvp(t, z, a, ord, axis, keepdims)


@vjp_rule(linalg.pinv)
def pinv(g, z, a, *, atol=None, rtol=None, return_rank=False, check_finite=True):
    if return_rank:
        return None if g[0] is None else plain.pinv(g[0], z[0], a)
    return plain.pinv(g, z, a)


@jvp_rule(linalg.pinv)
def pinv_jvp(t, z, a, *, atol=None, rtol=None, return_rank=False, check_finite=True):
    if return_rank:
        return plain.pinv_jvp(t, z[0], a), None
    return plain.pinv_jvp(t, z, a)


@vjp_rule(linalg.pinvh)
def pinvh(g, z, a, atol=None, rtol=None, lower=True, return_rank=False, check_finite=True):
    g, z = (g[0], z[0]) if return_rank else (g, z)
    if g is None:
        return None
    whole = from_triangle(a, "L" if lower else "U")
    return conj(one_triangle(conj(plain.pinv(g, z, whole)), "L" if lower else "U"))


@vjp_rule(linalg.lstsq)
def lstsq(g, z, a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None):
    return plain.lstsq(g, z, a, b, cond)


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
    c, lower = c_and_lower
    factor = H(np.tril(c)) if lower else np.triu(c)
    b_bar = conj(linalg.cho_solve((c, lower), conj(g)))
    bar = -outer(conj(b_bar), conj(z))
    upper = np.triu(factor @ (bar + H(bar)))
    return (conj(H(upper) if lower else upper), None), b_bar


@jvp_rule(linalg.cho_solve)
def cho_solve_jvp(t, z, c_and_lower, b, overwrite_b=False, check_finite=True):
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
    factors, pivots = lu_and_piv
    unsupported(np.iscomplexobj(factors), "scipy.linalg.lu_solve of complex matrices")
    b_bar = linalg.lu_solve((factors, pivots), g, other_way(trans))
    bar = -(outer(b_bar, z) if trans == 0 else outer(z, b_bar))[pivot_order(pivots)]
    lower, upper = np.tril(factors, -1) + eye_like(factors), np.triu(factors)
    return (np.tril(bar @ upper.T, -1) + np.triu(lower.T @ bar), None), b_bar


@vjp_rule(linalg.ldl)
def ldl(g, z, A, lower=True, hermitian=True, overwrite_a=False, check_finite=True):
    """A = L D Lᵀ where all pivots are single entries (they are, of a positive definite matrix)."""
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
    unsupported(np.iscomplexobj(A), "scipy.linalg.orthogonal_procrustes of complex matrices")
    product = A.T @ B
    bar = np.zeros_like(product)
    if g[0] is not None:
        bar = bar + polar_bar(g[0], product)
    if g[1] is not None:
        bar = bar + g[1] * z[0]
    return B @ bar.T, A @ bar


# ── eigenvalues ──────────────────────────────────────────────────────────────────────────────────


@vjp_rule(linalg.eigh)
def eigh(
    g, z, a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1,
    check_finite=True, subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    """a v = w b v, with vᴴ b v = 1."""
    unsupported(type != 1, "scipy.linalg.eigh with type=2 or 3")
    some = subset_by_index is not None or subset_by_value is not None
    if eigvals_only:
        w_bar, v_bar = g, None
        w, v = linalg.eigh(a, b, lower=lower, subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    else:
        w_bar, v_bar = g
        w, v = z
    if w_bar is None and v_bar is None:
        return None
    unsupported(some and v_bar is not None, "some of the eigenvectors of scipy.linalg.eigh", "Ask for all of them.")
    triangle = "L" if lower else "U"
    inner = 0.0 if w_bar is None else row(w_bar) * eye_like(w)
    if v_bar is not None:
        inner = inner + gaps(w) * (H(v) @ conj(v_bar))
    a_bar = conj(one_triangle(v @ inner @ H(v), triangle))
    if b is None:
        return a_bar
    turn = inner * row(w)
    if v_bar is not None:
        turn = turn + 0.5 * row(real(np.linalg.diagonal(H(v) @ conj(v_bar)))) * eye_like(w)
    return a_bar, -conj(one_triangle(v @ turn @ H(v), triangle))


@vjp_rule(linalg.eigvalsh)
def eigvalsh(
    g, z, a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
    subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    return eigh(
        g, z, a, b, lower=lower, eigvals_only=True, type=type, subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )  # fmt: skip


@jvp_rule(linalg.eigh)
def eigh_jvp(
    t, z, a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1,
    check_finite=True, subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    some = subset_by_index is not None or subset_by_value is not None
    unsupported(type != 1, "scipy.linalg.eigh with type=2 or 3")
    unsupported(some and not eigvals_only, "some of the eigenvectors of scipy.linalg.eigh", "Ask for all of them.")
    triangle = "L" if lower else "U"
    if eigvals_only:
        w, v = linalg.eigh(a, b, lower=lower, subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    else:
        w, v = z
    d = 0.0 if t[0] is None else H(v) @ from_triangle(t[0], triangle) @ v
    stretch = 0.0
    if t[1] is not None:
        shift = H(v) @ from_triangle(t[1], triangle) @ v
        d = d - shift * row(w)
        stretch = 0.5 * row(real(np.linalg.diagonal(shift))) * eye_like(w)
    w_dot = real(np.linalg.diagonal(d))
    return w_dot if eigvals_only else (w_dot, v @ (gaps(w) * d - stretch))


@jvp_rule(linalg.eigvalsh)
def eigvalsh_jvp(
    t, z, a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
    subset_by_index=None, subset_by_value=None, driver=None,
):  # fmt: skip
    return eigh_jvp(
        t, z, a, b, lower=lower, eigvals_only=True, type=type, subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )  # fmt: skip


@vjp_rule(linalg.eig)
def eig(
    g, z, a, b=None, left=False, right=True, overwrite_a=False, overwrite_b=False, check_finite=True,
    homogeneous_eigvals=False,
):  # fmt: skip
    unsupported(b is not None or homogeneous_eigvals, "scipy.linalg.eig of a pair of matrices")
    unsupported(left, "the left eigenvectors of scipy.linalg.eig", "Take the right ones of the transpose.")
    if not right:
        return plain.eigvals(g, z, a)
    return plain.eig(g, z, a)


if "overwrite_b" in inspect.signature(linalg.eigvals).parameters:  # SciPy 1.18

    @vjp_rule(linalg.eigvals)
    def eigvals(g, z, a, b=None, overwrite_a=False, overwrite_b=False, check_finite=True, homogeneous_eigvals=False):
        unsupported(b is not None or homogeneous_eigvals, "scipy.linalg.eigvals of a pair of matrices")
        return plain.eigvals(g, z, a)

    @jvp_rule(linalg.eigvals)
    def eigvals_jvp(t, z, a, b=None, overwrite_a=False, overwrite_b=False, check_finite=True, homogeneous_eigvals=False):
        unsupported(b is not None or homogeneous_eigvals, "scipy.linalg.eigvals of a pair of matrices")
        return plain.eigvals_jvp(t, z, a)

else:

    @vjp_rule(linalg.eigvals)
    def eigvals(g, z, a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
        unsupported(b is not None or homogeneous_eigvals, "scipy.linalg.eigvals of a pair of matrices")
        return plain.eigvals(g, z, a)

    @jvp_rule(linalg.eigvals)
    def eigvals_jvp(t, z, a, b=None, overwrite_a=False, check_finite=True, homogeneous_eigvals=False):
        unsupported(b is not None or homogeneous_eigvals, "scipy.linalg.eigvals of a pair of matrices")
        return plain.eigvals_jvp(t, z, a)


# ── equations for matrices ───────────────────────────────────────────────────────────────────────


@vjp_rule(linalg.solve_sylvester)
def solve_sylvester(g, z, a, b, q):
    """a z + z b = q"""
    q_bar = linalg.solve_sylvester(mT(a), mT(b), g)
    return -(q_bar @ mT(z)), -(mT(z) @ q_bar), q_bar


@jvp_rule(linalg.solve_sylvester)
def solve_sylvester_jvp(t, z, a, b, q):
    right = t[2]
    if t[0] is not None:
        right = tangent_sum(right, -(t[0] @ z))
    if t[1] is not None:
        right = tangent_sum(right, -(z @ t[1]))
    return linalg.solve_sylvester(a, b, right)


@vjp_rule(linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov(g, z, a, q):
    """a z + z aᴴ = q"""
    s = linalg.solve_continuous_lyapunov(H(a), conj(g))
    return conj(-(s @ H(z)) - H(s) @ z), conj(s)


@jvp_rule(linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov_jvp(t, z, a, q):
    right = t[1]
    if t[0] is not None:
        right = tangent_sum(right, -(t[0] @ z) - z @ H(t[0]))
    return linalg.solve_continuous_lyapunov(a, right)


@vjp_rule(linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov(g, z, a, q, method=None):
    """a z aᴴ - z + q = 0"""
    s = linalg.solve_discrete_lyapunov(H(a), conj(g), method)
    return conj(s @ a @ H(z) + H(s) @ a @ z), conj(s)


@jvp_rule(linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov_jvp(t, z, a, q, method=None):
    right = t[1]
    if t[0] is not None:
        right = tangent_sum(right, t[0] @ z @ H(a) + a @ z @ H(t[0]))
    return linalg.solve_discrete_lyapunov(a, right, method)


@vjp_rule(linalg.matrix_balance)
def matrix_balance(g, z, A, permute=True, scale=True, separate=False, overwrite_a=False):
    """T⁻¹ A T with a T of powers of two, which stays as it is."""
    unsupported(separate, "scipy.linalg.matrix_balance with separate=True")
    if g[0] is None:
        return None
    return linalg.solve(z[1].T, g[0]) @ z[1].T


_TURNS = "the columns of its orthogonal factor can be turned, and LAPACK's choice has no formula"
refuse(linalg.hessenberg, linalg.qz, linalg.ordqz, why=_TURNS)
refuse(linalg.schur, linalg.rsf2csf, why="a Schur form is not unique: use eigenvalues, or a function of the matrix")
refuse(linalg.null_space, why="a basis of the null space can be turned; the projector I - pinv(A) @ A is differentiable")
refuse(linalg.cdf2rdf, linalg.qr_insert, linalg.qr_delete, linalg.qr_update, why="it has no rule; factorise anew")

BY_VALUE.update((
    linalg.eig, linalg.logm, linalg.sqrtm, linalg.signm, linalg.fractional_matrix_power, linalg.orth, linalg.null_space,
    linalg.lstsq,
))  # fmt: skip
