"""scipy.linalg: systems of equations, inverses, and equations for matrices.

Giles, "Collected matrix derivative results" (2008): of A z = b, the cotangent b̄ solves the system of the transpose, and
Ā = -b̄ zᵀ; Ż solves A ż = ḃ - Ȧ z.  The equations of Sylvester and Lyapunov are linear systems too: Kao & Hennequin, "Automatic
differentiation of Sylvester, Lyapunov, and algebraic Riccati equations" (2020).  Golub & Pereyra (1973) for pinv and lstsq.

Where SciPy reads one triangle of a matrix (solve with assume_a="pos", pinvh), so does the derivative.
"""

import numpy as np
from scipy import linalg

from adjoint.rules import linalg as plain
from adjoint.rules import norms
from adjoint.rules.contraction import mT
from adjoint.rules.functional import refuse_stack, unsupported
from adjoint.rules.linalg import H, column, conj, eye_like, from_triangle, one_triangle, row
from adjoint.rules.registry import constant, jvp_rule, vjp_rule
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


def refuse_one_vector(a, b):
    unsupported(
        np.ndim(a) > 2 and np.ndim(b) == 1, "a stack of matrices and one vector in scipy.linalg", "Make the vector a matrix."
    )


@vjp_rule(linalg.solve)
def solve(
    g, z, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False
):
    refuse_one_vector(a, b)
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
    refuse_one_vector(a, b)
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
    refuse_one_vector(a, b)
    unsupported(trans in (2, "C") and np.iscomplexobj(a), "solve_triangular of a complex matrix with trans=2")
    b_bar = linalg.solve_triangular(a, g, other_way(trans), lower, unit_diagonal)
    a_bar = -outer(b_bar, z) if trans in (0, "N") else -outer(z, b_bar)
    return one_side(a_bar, lower, unit_diagonal), b_bar


@jvp_rule(linalg.solve_triangular)
def solve_triangular_jvp(
    t, z, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    refuse_one_vector(a, b)
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
    refuse_stack(a)
    return plain.lstsq(g, z, a, b, cond)


@jvp_rule(linalg.lstsq)
def lstsq_jvp(t, z, a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None):
    refuse_stack(a)
    return plain.lstsq_jvp(t, z, a, b, cond)


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
