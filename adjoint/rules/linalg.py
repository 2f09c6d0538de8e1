"""numpy.linalg: solve, inv, det and decompositions.  Norms are in norms.py.

Formulas: Giles, "Collected matrix derivative results" (2008), for solve, inv, det; Murray,
"Differentiation of the Cholesky decomposition" (2016); Seeger et al., "Auto-differentiating linear
algebra" (2017), for eigh, svd, qr; Boeddeker et al., "On the computation of complex-valued gradients"
(2017), for eig; Wan & Zhang, "Automatic differentiation for complex valued SVD" (2019); Golub &
Pereyra (1973) for pinv and lstsq.

Everything works on stacks of matrices.  The formulas of decompositions are written for gradients in
the sense of dL = Re tr(Ā^H dA); the engine's cotangents are the conjugates of those, so these rules
begin and end with a conjugate, which is nothing for real matrices.

cholesky and eigh read one triangle of their argument, as NumPy does, and so does their derivative:
the cotangent lies in that triangle and agrees with finite differences.

Where the derivative does not exist: det of a singular matrix raises (as `inv` does); eigenvectors of
equal eigenvalues, singular vectors of equal singular values give inf or NaN.
"""

import numpy as np

from adjoint.rules.contraction import mT
from adjoint.rules.functional import refuse_full
from adjoint.rules.helpers import inverse, refuse, tensor_rows
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum


def conj(x):
    return np.conj(x) if np.iscomplexobj(x) else x


def real(x):
    return np.real(x) if np.iscomplexobj(x) else x


def H(x):
    """The conjugate transpose."""
    return conj(mT(x))


def column(x):
    return np.expand_dims(x, -1)


def row(x):
    return np.expand_dims(x, -2)


def eye_like(a):
    """The identity of the order of a's last axis."""
    return np.eye(np.shape(a)[-1], dtype=np.result_type(a))


# ── solving and inverting ────────────────────────────────────────────────────────────────────────


@vjp_rule(np.linalg.inv)
def inv(g, z, a):
    return -(mT(z) @ g @ mT(z))


@jvp_rule(np.linalg.inv)
def inv_jvp(t, z, a):
    return -(z @ t[0] @ z)


@vjp_rule(np.linalg.solve)
def solve(g, z, a, b):
    if np.ndim(b) == 1:
        b_bar = solve_vector(mT(a), g)
        return -(np.outer(b_bar, z) if np.ndim(a) == 2 else column(b_bar) * row(z)), b_bar
    b_bar = np.linalg.solve(mT(a), g)
    return -(b_bar @ mT(z)), b_bar


def solve_vector(a, b):
    """With a vector for each matrix; np.linalg.solve takes only one vector for all."""
    return np.linalg.solve(a, b) if np.ndim(b) == 1 else np.linalg.solve(a, column(b))[..., 0]


@jvp_rule(np.linalg.solve)
def solve_jvp(t, z, a, b):
    if t[0] is None:
        return np.linalg.solve(a, t[1])
    if np.ndim(b) == 1:
        change = (t[0] @ column(z))[..., 0]
        return solve_vector(a, -change if t[1] is None else t[1] - change)
    return np.linalg.solve(a, -(t[0] @ z) if t[1] is None else t[1] - t[0] @ z)


@vjp_rule(np.linalg.det)
def det(g, z, a):
    if np.ndim(a) == 2:
        return g * z * np.linalg.inv(a).T
    return np.expand_dims(g * z, (-2, -1)) * mT(np.linalg.inv(a))


@jvp_rule(np.linalg.det)
def det_jvp(t, z, a):
    return z * np.linalg.trace(np.linalg.solve(a, t[0]))


@vjp_rule(np.linalg.slogdet)
def slogdet(g, z, a):
    """log|det|; and the sign, which turns only if it is complex."""
    sign_bar, log_bar = g
    total = log_bar
    if np.iscomplexobj(a) and sign_bar is not None:
        total = tangent_sum(log_bar, 1.0j * np.imag(sign_bar * z[0]))
    if total is None:
        return None
    if np.ndim(a) == 2:
        return total * np.linalg.inv(a).T
    return np.expand_dims(total, (-2, -1)) * mT(np.linalg.inv(a))


@jvp_rule(np.linalg.slogdet)
def slogdet_jvp(t, z, a):
    rate = np.linalg.trace(np.linalg.solve(a, t[0]))
    return (1.0j * np.imag(rate) * z[0] if np.iscomplexobj(a) else None), real(rate)


@vjp_rule(np.linalg.pinv)
def pinv(g, z, a, rcond=None, hermitian=False, rtol=None):
    """Right where the rank stays as it is."""
    g, p = conj(g), z
    gp = H(g)
    bar = -(H(p) @ g @ H(p))
    bar = bar + (gp - a @ (p @ gp)) @ p @ H(p) + H(p) @ p @ (gp - (gp @ p) @ a)
    return conj(one_triangle(bar, "L") if hermitian else bar)


@jvp_rule(np.linalg.pinv)
def pinv_jvp(t, z, a, rcond=None, hermitian=False, rtol=None):
    d, p = (from_triangle(t[0], "L") if hermitian else t[0]), z
    return p @ H(p) @ (H(d) - H(d) @ a @ p) + (H(d) - p @ a @ H(d)) @ H(p) @ p - p @ d @ p


@vjp_rule(np.linalg.lstsq)
def lstsq(g, z, a, b, rcond=None):
    """x = pinv(a) @ b, the sum of squares of b - a @ x, and the singular values of a."""
    x_bar, sum_bar, _, s_bar = g
    p = np.linalg.pinv(a, rtol=rcond)
    x, y = (column(z[0]), column(b)) if np.ndim(b) == 1 else (z[0], b)
    residual = y - a @ x
    a_bar, b_bar = np.zeros_like(a), np.zeros_like(y)
    if x_bar is not None:
        x_bar = conj(column(x_bar) if np.ndim(b) == 1 else x_bar)
        b_bar = H(p) @ x_bar
        a_bar = residual @ H(p @ b_bar) - b_bar @ H(x) + H(p) @ x @ H(x_bar - H(a) @ b_bar)
    if sum_bar is not None and np.size(z[1]) > 0:
        b_bar = b_bar + 2.0 * residual * sum_bar
        a_bar = a_bar - 2.0 * (residual * sum_bar) @ H(x)
    if s_bar is not None:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        a_bar = a_bar + (u * s_bar) @ vh
    return conj(a_bar), conj(np.reshape(b_bar, np.shape(b)))


def solution_dot(a_dot, b_dot, p, a, x, residual):
    """The tangent of the least squares solution x = p b, where p = pinv(a): Golub & Pereyra (1973)."""
    free = H(a_dot) @ (H(p) @ x)  # of a wide matrix: into the directions that a does not see
    return p @ (b_dot - a_dot @ x) + p @ (H(p) @ (H(a_dot) @ residual)) + free - p @ (a @ free)


@jvp_rule(np.linalg.lstsq)
def lstsq_jvp(t, z, a, b, rcond=None):
    p = np.linalg.pinv(a, rtol=rcond)
    x, y = (column(z[0]), column(b)) if np.ndim(b) == 1 else (z[0], b)
    residual = y - a @ x
    a_dot = np.zeros_like(a) if t[0] is None else t[0]
    b_dot = np.zeros_like(y) if t[1] is None else np.reshape(t[1], np.shape(y))
    x_dot = solution_dot(a_dot, b_dot, p, a, x, residual)
    sum_dot = 2.0 * np.sum(real(conj(residual) * (b_dot - a_dot @ x)), axis=0)
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    s_dot = real(np.linalg.diagonal(H(u) @ a_dot @ H(vh)))
    sums_dot = np.reshape(sum_dot[: np.size(z[1])], np.shape(z[1]))  # none, where the matrix lacks rank
    return np.reshape(x_dot, np.shape(z[0])), sums_dot, None, s_dot


@vjp_rule(np.linalg.tensorsolve)
def tensorsolve(g, z, a, b, axes=None):
    order = tensor_rows(axes, np.ndim(a))
    moved = np.transpose(a, order)
    n = np.size(b)
    b_bar = np.linalg.solve(mT(np.reshape(moved, (n, n))), np.ravel(g))
    a_bar = np.reshape(-np.outer(b_bar, np.ravel(z)), np.shape(moved))
    return np.transpose(a_bar, inverse(order, np.ndim(a))), np.reshape(b_bar, np.shape(b))


@jvp_rule(np.linalg.tensorsolve)
def tensorsolve_jvp(t, z, a, b, axes=None):
    b_dot = np.zeros_like(b) if t[1] is None else t[1]
    if t[0] is not None:
        moved = np.transpose(t[0], tensor_rows(axes, np.ndim(a)))
        b_dot = b_dot - np.reshape(np.tensordot(moved, z, np.ndim(z)), np.shape(b))
    return np.linalg.tensorsolve(a, b_dot, axes)


@vjp_rule(np.linalg.tensorinv)
def tensorinv(g, z, a, ind=2):
    n = np.size(a) // int(np.sqrt(np.size(a)))
    zt = np.reshape(z, (n, n)).T
    return np.reshape(-(zt @ np.reshape(g, (n, n)) @ zt), np.shape(a))


@jvp_rule(np.linalg.tensorinv)
def tensorinv_jvp(t, z, a, ind=2):
    n = np.size(a) // int(np.sqrt(np.size(a)))
    inverse_matrix = np.reshape(z, (n, n))
    return np.reshape(-(inverse_matrix @ np.reshape(t[0], (n, n)) @ inverse_matrix), np.shape(z))


@vjp_rule(np.linalg.matrix_power)
def matrix_power(g, z, a, n):
    """∑ (aᵀ)ᵏ g (aᵀ)ⁿ⁻¹⁻ᵏ, for k from 0 to n - 1."""
    if n == 0:
        return None
    b = mT(a) if n > 0 else mT(np.linalg.inv(a))
    term, total = g, g
    for _ in range(abs(n) - 1):
        term = term @ b
        total = b @ total + term
    return total if n > 0 else -(b @ total @ b)


@jvp_rule(np.linalg.matrix_power)
def matrix_power_jvp(t, z, a, n):
    if n == 0:
        return None
    b = a if n > 0 else np.linalg.inv(a)
    step = t[0] if n > 0 else -(b @ t[0] @ b)
    term, total = step, step
    for _ in range(abs(n) - 1):
        term = term @ b
        total = b @ total + term
    return total


@vjp_rule(np.linalg.multi_dot)
def multi_dot(g, z, arrays, out=None):
    """Each factor gets g times what stands to its left and right.  A vector at an end is a row or a column."""
    last = len(arrays) - 1
    factors = [
        row(a) if k == 0 and np.ndim(a) == 1 else column(a) if k == last and np.ndim(a) == 1 else a
        for k, a in enumerate(arrays)
    ]
    bars = []
    for k in range(len(arrays)):
        bar = np.reshape(g, (np.shape(factors[0])[0], np.shape(factors[last])[1]))
        for left in factors[:k]:
            bar = mT(left) @ bar
        for right in factors[:k:-1]:
            bar = bar @ mT(right)
        bars.append(np.reshape(bar, np.shape(arrays[k])))
    return bars


@jvp_rule(np.linalg.multi_dot)
def multi_dot_jvp(t, z, arrays, out=None):
    total = None
    for k in range(len(arrays)):
        if t[0][k] is not None:
            moving = [t[0][k] if i == k else arrays[i] for i in range(len(arrays))]
            total = tangent_sum(total, np.linalg.multi_dot(moving))
    return total


# ── one triangle ─────────────────────────────────────────────────────────────────────────────────


def one_triangle(bar, uplo):
    """The cotangent of a triangle whose mirror image is the rest of the matrix."""
    both = bar + H(bar)
    off = np.tril(both, -1) if uplo == "L" else np.triu(both, 1)
    return off + 0.5 * (both * eye_like(bar))


def from_triangle(a, uplo):
    """The Hermitian matrix that has this triangle."""
    off = np.tril(a, -1) if uplo == "L" else np.triu(a, 1)
    return off + H(off) + real(a) * eye_like(a)


# ── cholesky ─────────────────────────────────────────────────────────────────────────────────────


def half_lower(x):
    """The lower triangle with its diagonal halved."""
    return np.tril(x) - 0.5 * (x * eye_like(x))


@vjp_rule(np.linalg.cholesky)
def cholesky(g, z, a, upper=False):
    g, lower = (H(conj(g)), H(z)) if upper else (conj(g), z)
    s = np.linalg.solve(H(lower), half_lower(H(lower) @ g))
    bar = H(np.linalg.solve(H(lower), H(s)))
    return conj(one_triangle(bar, "U" if upper else "L"))


@jvp_rule(np.linalg.cholesky)
def cholesky_jvp(t, z, a, upper=False):
    lower = H(z) if upper else z
    d = from_triangle(t[0], "U" if upper else "L")
    s = np.linalg.solve(lower, H(np.linalg.solve(lower, d)))
    dot = lower @ half_lower(s)
    return H(dot) if upper else dot


# ── eigenvalues ──────────────────────────────────────────────────────────────────────────────────


def gaps(w):
    """1 / (w[j] - w[i]), zero on the diagonal."""
    eye = eye_like(w)
    return 1.0 / (row(w) - column(w) + eye) - eye


@vjp_rule(np.linalg.eigh)
def eigh(g, z, a, UPLO="L"):
    w_bar, v_bar = g
    w, v = z
    if v_bar is None:
        if w_bar is None:
            return None
        return conj(one_triangle((v * row(w_bar)) @ H(v), UPLO))
    inner = gaps(w) * (H(v) @ conj(v_bar))
    if w_bar is not None:
        inner = inner + row(w_bar) * eye_like(a)
    return conj(one_triangle(v @ inner @ H(v), UPLO))


@jvp_rule(np.linalg.eigh)
def eigh_jvp(t, z, a, UPLO="L"):
    w, v = z
    d = H(v) @ from_triangle(t[0], UPLO) @ v
    return real(np.linalg.diagonal(d)), v @ (gaps(w) * d)


@vjp_rule(np.linalg.eigvalsh)
def eigvalsh(g, z, a, UPLO="L"):
    _, v = np.linalg.eigh(a, UPLO)
    return conj(one_triangle((v * row(g)) @ H(v), UPLO))


@jvp_rule(np.linalg.eigvalsh)
def eigvalsh_jvp(t, z, a, UPLO="L"):
    _, v = np.linalg.eigh(a, UPLO)
    return real(np.linalg.diagonal(H(v) @ from_triangle(t[0], UPLO) @ v))


@vjp_rule(np.linalg.eig)
def eig(g, z, a):
    """Columns of v have length one; a loss that turns with their phase has no derivative."""
    w_bar, v_bar = g
    w, v = z
    if w_bar is None and v_bar is None:
        return None
    inner = 0.0 if w_bar is None else row(conj(w_bar)) * np.eye(np.shape(a)[-1])
    if v_bar is not None:
        along = H(v) @ conj(v_bar)
        unit = real(np.linalg.diagonal(along))
        inner = inner + conj(gaps(w)) * (along - (H(v) @ v) * row(unit))
    return conj(np.linalg.solve(H(v), inner @ H(v)))


@jvp_rule(np.linalg.eig)
def eig_jvp(t, z, a):
    w, v = z
    d = np.linalg.solve(v, t[0] @ v)
    c = gaps(w) * d
    c = c - row(real(np.linalg.diagonal(H(v) @ v @ c))) * np.eye(np.shape(a)[-1])
    return np.linalg.diagonal(d), v @ c


@vjp_rule(np.linalg.eigvals)
def eigvals(g, z, a):
    _, v = np.linalg.eig(a)
    return conj(np.linalg.solve(H(v), column(conj(g)) * H(v)))


@jvp_rule(np.linalg.eigvals)
def eigvals_jvp(t, z, a):
    _, v = np.linalg.eig(a)
    return np.linalg.diagonal(np.linalg.solve(v, t[0] @ v))


# ── singular values ──────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.linalg.svd)
def svd(g, z, a, full_matrices=True, compute_uv=True, hermitian=False):
    if not compute_uv:
        return svdvals(g, z, a)
    u_bar, s_bar, vh_bar = g
    u, s, vh = z
    if u_bar is None and vh_bar is None:
        if s_bar is None:
            return None
        k = np.shape(s)[-1]
        bar = (u[..., :k] * row(s_bar)) @ vh[..., :k, :]
        return conj(one_triangle(bar, "L") if hermitian else bar)
    refuse_full(np.shape(a), full_matrices)
    gap = 1.0 / ((row(s) - column(s)) * (row(s) + column(s)) + eye_like(s)) - eye_like(s)
    inner = np.zeros_like(gap) if s_bar is None else row(s_bar) * eye_like(s)
    bar = np.zeros_like(a)
    if u_bar is not None:
        u_bar = conj(u_bar)
        turn = H(u) @ u_bar
        inner = inner + gap * (turn - H(turn)) * row(s)
        bar = bar + ((u_bar - u @ turn) / row(s)) @ vh
    if vh_bar is not None:
        v_bar = mT(vh_bar)
        turn = vh @ v_bar
        inner = inner + column(s) * gap * (turn - H(turn))
        if np.iscomplexobj(a):
            inner = inner - 1.0j * np.imag(turn * eye_like(s)) / column(s)
        bar = bar + u @ (H(v_bar - H(vh) @ turn) / column(s))
    bar = bar + u @ inner @ vh
    return conj(one_triangle(bar, "L") if hermitian else bar)


@jvp_rule(np.linalg.svd)
def svd_jvp(t, z, a, full_matrices=True, compute_uv=True, hermitian=False):
    """With P = Uᴴ Ȧ V: Ṡ is its diagonal, U and V turn by (P S + S Pᴴ) and (S P + Pᴴ S) over the gaps of s²."""
    a_dot = from_triangle(t[0], "L") if hermitian else t[0]
    if not compute_uv:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        return real(np.linalg.diagonal(H(u) @ a_dot @ H(vh)))
    refuse_full(np.shape(a), full_matrices)
    u, s, vh = z
    p = H(u) @ a_dot @ H(vh)
    gap = 1.0 / ((row(s) - column(s)) * (row(s) + column(s)) + eye_like(s)) - eye_like(s)
    u_dot = u @ (gap * (p * row(s) + column(s) * H(p))) + (a_dot @ H(vh) - u @ p) / row(s)
    turn = gap * (column(s) * p + H(p) * row(s))
    if np.iscomplexobj(a):  # the phase that a pair of vectors has in common is given to V
        turn = turn - 1.0j * np.imag(p * eye_like(s)) / row(s)
    v_dot = H(vh) @ turn + (H(a_dot) @ u - H(vh) @ H(p)) / row(s)
    return u_dot, real(np.linalg.diagonal(p)), H(v_dot)


@vjp_rule(np.linalg.svdvals)
def svdvals(g, z, x):
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return conj((u * row(g)) @ vh)


@jvp_rule(np.linalg.svdvals)
def svdvals_jvp(t, z, x):
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return real(np.linalg.diagonal(H(u) @ t[0] @ H(vh)))


# ── QR ───────────────────────────────────────────────────────────────────────────────────────────


def mirrored(m):
    """The Hermitian matrix with the lower triangle of m."""
    return from_triangle(m, "L")


@vjp_rule(np.linalg.qr)
def qr(g, z, a, mode="reduced"):
    """A = QR.  The columns of a wide A beyond the square are A₂ = Q R₂."""
    if mode == "raw":
        return refuse('`np.linalg.qr` with `mode="raw"` has no derivative rule.', 'Use `mode="reduced"`.')
    if mode == "r":
        q, r = np.linalg.qr(a)
        q_bar, r_bar = None, g
    else:
        refuse_full(np.shape(a), mode != "reduced")
        q, r = z
        q_bar, r_bar = g
    if q_bar is None and r_bar is None:
        return None
    q_bar = np.zeros_like(q) if q_bar is None else conj(q_bar)
    r_bar = np.zeros_like(r) if r_bar is None else conj(r_bar)
    k = np.shape(q)[-1]
    if np.shape(a)[-1] > k:
        q_bar = q_bar + a[..., k:] @ H(r_bar[..., k:])
    r1, r1_bar = r[..., :k], r_bar[..., :k]
    whole = q_bar + q @ mirrored(r1 @ H(r1_bar) - H(q_bar) @ q)
    bar = H(np.linalg.solve(r1, H(whole)))
    if np.shape(a)[-1] > k:
        bar = np.concatenate((bar, q @ r_bar[..., k:]), axis=-1)
    return conj(bar)


@jvp_rule(np.linalg.qr)
def qr_jvp(t, z, a, mode="reduced"):
    """Qᴴ Ȧ R⁻¹ is a skew matrix, which turns Q, and a triangular one."""
    if mode == "raw":
        return refuse('`np.linalg.qr` with `mode="raw"` has no derivative rule.', 'Use `mode="reduced"`.')
    if mode == "r":
        q, r = np.linalg.qr(a)
    else:
        refuse_full(np.shape(a), mode != "reduced")
        q, r = z
    k = np.shape(q)[-1]
    r1 = r[..., :k]
    x = H(np.linalg.solve(H(r1), H(t[0][..., :k])))
    c = H(q) @ x
    low = np.tril(c, -1)
    turn = low - H(low)
    if np.iscomplexobj(a):
        turn = turn + 1.0j * np.imag(c * np.eye(k))
    q_dot, r_dot = x - q @ c + q @ turn, (c - turn) @ r1
    if np.shape(a)[-1] > k:
        r_dot = np.concatenate((r_dot, H(q_dot) @ a[..., k:] + H(q) @ t[0][..., k:]), axis=-1)
    return r_dot if mode == "r" else (q_dot, r_dot)
