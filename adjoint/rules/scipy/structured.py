"""scipy.linalg: matrices that are made of few numbers, and systems with such matrices.

Most entries of such a matrix are entries of its arguments: `toeplitz(c, r)[i, j]` is c[i - j] or r[j - i].  Where they
come from is found by making the same matrix of positions, and the cotangents of the arguments are sums over these.

Banded matrices keep their storage: `ab[u + i - j, j]` is a[i, j].  `cholesky_banded` and the eigenvalues of banded
matrices are differentiated as those of full ones, which costs n² numbers.
"""

import numpy as np
from scipy import linalg

from adjoint.rules import linalg as plain
from adjoint.rules.functional import refuse_stack, unsupported
from adjoint.rules.helpers import scatter
from adjoint.rules.linalg import column, conj, eye_like, gaps, row
from adjoint.rules.registry import constant, jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

# ── where entries come from ──────────────────────────────────────────────────────────────────────


def toeplitz_places(n, m):
    """The positions in (c, r); r[0] is never read."""
    return linalg.toeplitz(np.arange(n), n + np.arange(m))


def hankel_places(n, m):
    """c, then r without its first entry."""
    return linalg.hankel(np.arange(n), np.append(n - 1, n + 1 + np.arange(m - 1)))


def convolution_places(m, n, mode):
    """One more than the position, and 0 for zeros."""
    return linalg.convolution_matrix(np.arange(1, m + 1), n, mode)


def circulant_places(n):
    return linalg.circulant(np.arange(n))


def leslie_places(n):
    """1 + positions in (f, s)."""
    return linalg.leslie(np.arange(1, n + 1), n + 1 + np.arange(n - 1))


def fiedler_places(n):
    """Positions in a / a[0], with a minus; 0 where there is none of them."""
    return np.maximum(-linalg.fiedler_companion(np.arange(1.0, n + 1.0)).astype(int) - 1, 0)


def band_places(lower, upper, n):
    """For each entry of a banded storage: its row in the matrix, and whether it is in it."""
    i = np.arange(n)[None, :] + np.arange(-upper, lower + 1)[:, None]
    return np.clip(i, 0, n - 1), ((i >= 0) & (i < n)).astype(float)


def transposed_places(lower, upper, n):
    """Where the entries of the transpose's storage are in the matrix's, and whether they are in the matrix."""
    k = np.arange(lower + upper + 1)[:, None]
    j = np.arange(n)[None, :] + k - lower
    return np.broadcast_to(lower + upper - k, j.shape), np.clip(j, 0, n - 1), ((j >= 0) & (j < n)).astype(float)


def back_to_front(n):
    """The order of a circulant's transpose."""
    return -np.arange(n) % n


constant(
    toeplitz_places, hankel_places, convolution_places, circulant_places, leslie_places, fiedler_places, band_places,
    transposed_places, back_to_front,
    why="indices",
)  # fmt: skip

# ── special matrices ─────────────────────────────────────────────────────────────────────────────


@vjp_rule(linalg.toeplitz)
def toeplitz(g, z, c, r=None):
    refuse_stack(z)
    if r is None:  # r is the conjugate of c, and c[0] stands as it is
        n = np.size(c)
        sums = scatter(g, toeplitz_places(n, n), (2 * n,))
        return np.reshape(sums[:n] + conj(sums[n:]), np.shape(c))
    n, m = np.size(c), np.size(r)
    sums = scatter(g, toeplitz_places(n, m), (n + m,))
    return np.reshape(sums[:n], np.shape(c)), np.reshape(sums[n:], np.shape(r))


@jvp_rule(linalg.toeplitz)
def toeplitz_jvp(t, z, c, r=None):
    refuse_stack(z)
    if r is None:
        return linalg.toeplitz(t[0])
    return linalg.toeplitz(np.zeros_like(c) if t[0] is None else t[0], np.zeros_like(r) if t[1] is None else t[1])


@vjp_rule(linalg.hankel)
def hankel(g, z, c, r=None):
    refuse_stack(z)
    n = np.size(c)
    m = n if r is None else np.size(r)
    sums = scatter(g, hankel_places(n, m), (n + m,))
    return np.reshape(sums[:n], np.shape(c)), None if r is None else np.reshape(sums[n:], np.shape(r))


@jvp_rule(linalg.hankel)
def hankel_jvp(t, z, c, r=None):
    refuse_stack(z)
    c_dot = np.zeros_like(c) if t[0] is None else t[0]
    if r is None:
        return linalg.hankel(c_dot)
    r_dot = np.zeros_like(r) if t[1] is None else t[1]
    return linalg.hankel(c_dot, r_dot)


@vjp_rule(linalg.circulant, linear=True)
def circulant(g, z, c):
    refuse_stack(z)
    return np.reshape(scatter(g, circulant_places(np.size(c)), (np.size(c),)), np.shape(c))


@vjp_rule(linalg.convolution_matrix, linear=True)
def convolution_matrix(g, z, a, n, mode="full"):
    refuse_stack(z)
    return scatter(g, convolution_places(np.size(a), n, mode), (np.size(a) + 1,))[1:]


@vjp_rule(linalg.leslie)
def leslie(g, z, f, s):
    refuse_stack(z)
    n = np.size(f)
    sums = scatter(g, leslie_places(n), (2 * n,))
    return sums[1 : n + 1], sums[n + 1 :]


@jvp_rule(linalg.leslie)
def leslie_jvp(t, z, f, s):
    refuse_stack(z)
    return linalg.leslie(np.zeros_like(f) if t[0] is None else t[0], np.zeros_like(s) if t[1] is None else t[1])


@vjp_rule(linalg.companion)
def companion(g, z, a):
    """The first row is -a[1:] / a[0]."""
    refuse_stack(z)
    first = g[0]
    return np.concatenate(([np.sum(first * a[1:]) / (a[0] * a[0])], -first / a[0]))


@vjp_rule(linalg.fiedler_companion)
def fiedler_companion(g, z, a):
    """The same entries as `companion`, at other places."""
    refuse_stack(z)
    places = fiedler_places(np.size(a))
    first = scatter(g, places, (np.size(a),))[1:]
    return np.concatenate(([np.sum(first * a[1:]) / (a[0] * a[0])], -first / a[0]))


@vjp_rule(linalg.fiedler)
def fiedler(g, z, a):
    """|aᵢ - aⱼ|"""
    signs = np.sign(column(a) - row(a)) * g
    return np.sum(signs, axis=-1) - np.sum(signs, axis=-2)


@jvp_rule(linalg.fiedler)
def fiedler_jvp(t, z, a):
    return np.sign(column(a) - row(a)) * (column(t[0]) - row(t[0]))


def corners(shapes):
    """Where each block of a block diagonal matrix begins."""
    shapes = [(1, *s)[-2:] if len(s) < 2 else s for s in (s or (1,) for s in shapes)]
    return tuple(
        (slice(sum(s[0] for s in shapes[:k]), sum(s[0] for s in shapes[: k + 1])),
         slice(sum(s[1] for s in shapes[:k]), sum(s[1] for s in shapes[: k + 1])))
        for k in range(len(shapes))
    )  # fmt: skip


constant(corners, why="indices")


@vjp_rule(linalg.block_diag)
def block_diag(g, z, *arrs):
    refuse_stack(z)
    where = corners([np.shape(a) for a in arrs])
    return tuple([np.reshape(g[at], np.shape(a)) for at, a in zip(where, arrs, strict=True)])


@jvp_rule(linalg.block_diag)
def block_diag_jvp(t, z, *arrs):
    refuse_stack(z)
    return linalg.block_diag(*[np.zeros_like(a) if d is None else d for d, a in zip(t, arrs, strict=True)])


@vjp_rule(linalg.khatri_rao)
def khatri_rao(g, z, a, b):
    """Each column is the Kronecker product of those of a and b."""
    refuse_stack(z)
    g = np.reshape(g, (np.shape(a)[0], np.shape(b)[0], np.shape(a)[1]))
    return np.einsum("ijk,jk->ik", g, b), np.einsum("ijk,ik->jk", g, a)


@jvp_rule(linalg.khatri_rao)
def khatri_rao_jvp(t, z, a, b):
    refuse_stack(z)
    first = None if t[0] is None else linalg.khatri_rao(t[0], b)
    return first if t[1] is None else tangent_sum(first, linalg.khatri_rao(a, t[1]))


# ── systems with Toeplitz and circulant matrices ─────────────────────────────────────────────────


def both(c_or_cr):
    """The first column and row."""
    return c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, conj(c_or_cr))


def outer(x, y):
    return column(x) * row(y) if np.ndim(x) == 1 else x @ y.T


def of_generators(bar, c_or_cr):
    if isinstance(c_or_cr, tuple):
        return toeplitz(bar, None, c_or_cr[0], c_or_cr[1])
    return toeplitz(bar, None, c_or_cr)


@vjp_rule(linalg.solve_toeplitz)
def solve_toeplitz(g, z, c_or_cr, b, check_finite=True):
    refuse_stack(c_or_cr[0] if isinstance(c_or_cr, tuple) else c_or_cr, 1)
    c, r = both(c_or_cr)
    b_bar = linalg.solve_toeplitz((np.concatenate((c[:1], r[1:])), c), g)
    return of_generators(-outer(b_bar, z), c_or_cr), b_bar


@jvp_rule(linalg.solve_toeplitz)
def solve_toeplitz_jvp(t, z, c_or_cr, b, check_finite=True):
    refuse_stack(c_or_cr[0] if isinstance(c_or_cr, tuple) else c_or_cr, 1)
    return linalg.solve_toeplitz(c_or_cr, moved_right(t, z, c_or_cr))


def moved_right(t, z, c_or_cr):
    right = t[1]
    if t[0] is None:
        return right
    if isinstance(c_or_cr, tuple):
        dot = toeplitz_jvp(t[0], None, c_or_cr[0], c_or_cr[1])
    else:
        dot = linalg.toeplitz(t[0])
    return tangent_sum(right, -(dot @ z))


@vjp_rule(linalg.matmul_toeplitz)
def matmul_toeplitz(g, z, c_or_cr, x, check_finite=False, workers=None):
    refuse_stack(c_or_cr[0] if isinstance(c_or_cr, tuple) else c_or_cr, 1)
    c, r = both(c_or_cr)
    x_bar = linalg.matmul_toeplitz((np.concatenate((c[:1], r[1:])), c), g)
    return of_generators(outer(g, x), c_or_cr), x_bar


def along_first(c, baxis, outaxis):
    unsupported(
        np.ndim(c) != 1 or baxis != 0 or outaxis != 0, "scipy.linalg.solve_circulant along other axes than the usual"
    )


@vjp_rule(linalg.solve_circulant)
def solve_circulant(g, z, c, b, singular="raise", tol=None, caxis=-1, baxis=0, outaxis=0):
    along_first(c, baxis, outaxis)
    b_bar = linalg.solve_circulant(c[back_to_front(np.size(c))], g)
    return circulant(-outer(b_bar, z), None, c), b_bar


@jvp_rule(linalg.solve_circulant)
def solve_circulant_jvp(t, z, c, b, singular="raise", tol=None, caxis=-1, baxis=0, outaxis=0):
    along_first(c, baxis, outaxis)
    right = t[1]
    if t[0] is not None:
        right = tangent_sum(right, -(linalg.circulant(t[0]) @ z))
    return linalg.solve_circulant(c, right)


# ── banded matrices ──────────────────────────────────────────────────────────────────────────────


def in_bands(x, y, lower, upper):
    """The banded storage of ∑ x yᵀ."""
    n = np.shape(x)[0]
    i, inside = band_places(lower, upper, n)
    return np.sum(x[i] * y, axis=-1) * inside if np.ndim(x) > 1 else x[i] * y * inside


@vjp_rule(linalg.solve_banded)
def solve_banded(g, z, l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    refuse_stack(ab)
    lower, upper = l_and_u
    k, j, inside = transposed_places(lower, upper, np.shape(ab)[1])
    b_bar = linalg.solve_banded((upper, lower), ab[k, j] * inside, g)
    return None, -in_bands(b_bar, z, lower, upper), b_bar


@jvp_rule(linalg.solve_banded)
def solve_banded_jvp(t, z, l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    refuse_stack(ab)
    lower, upper = l_and_u
    right = t[2]
    if t[1] is not None:
        n = np.shape(ab)[1]
        i, inside = band_places(lower, upper, n)
        terms = t[1] * inside if np.ndim(z) == 1 else np.expand_dims(t[1] * inside, -1)
        right = tangent_sum(right, -scatter(terms * z, i, np.shape(z)))
    return linalg.solve_banded(l_and_u, ab, right)


@vjp_rule(linalg.solveh_banded)
def solveh_banded(g, z, ab, b, overwrite_ab=False, overwrite_b=False, lower=False, check_finite=True):
    """Off the diagonal an entry stands for its mirror image too."""
    refuse_stack(ab)
    unsupported(np.iscomplexobj(ab), "scipy.linalg.solveh_banded of a complex matrix")
    b_bar = linalg.solveh_banded(ab, g, lower=lower)
    width = np.shape(ab)[0] - 1
    below, above = (width, 0) if lower else (0, width)
    both_ways = in_bands(b_bar, z, below, above) + in_bands(z, b_bar, below, above)
    return -both_ways * off_diagonal_weights(width, lower), b_bar


def off_diagonal_weights(width, lower):
    """½ for the diagonal."""
    weights = np.ones((width + 1, 1))
    weights[0 if lower else -1] = 0.5
    return weights


def to_bands(width, lower, n):
    """The rows and columns in the full matrix of each entry of a symmetric banded storage, and whether it is in it."""
    i, inside = band_places(width, 0, n) if lower else band_places(0, width, n)
    return i, np.broadcast_to(np.arange(n), i.shape), inside


constant(off_diagonal_weights, to_bands, why="indices")


def from_bands(ab, lower):
    """The full symmetric matrix."""
    n, width = np.shape(ab)[1], np.shape(ab)[0] - 1
    i, j, inside = to_bands(width, lower, n)
    half = scatter(ab * inside * off_diagonal_weights(width, lower), (i, j), (n, n))
    return half + half.T


def symmetric_bands(bar, width, lower):
    """The cotangent of a banded storage, from that of the full matrix."""
    i, j, inside = to_bands(width, lower, np.shape(bar)[0])
    return (bar + bar.T)[i, j] * inside * off_diagonal_weights(width, lower)


@jvp_rule(linalg.solveh_banded)
def solveh_banded_jvp(t, z, ab, b, overwrite_ab=False, overwrite_b=False, lower=False, check_finite=True):
    refuse_stack(ab)
    unsupported(np.iscomplexobj(ab), "scipy.linalg.solveh_banded of a complex matrix")
    right = t[1]
    if t[0] is not None:
        right = tangent_sum(right, -(from_bands(t[0], lower) @ z))
    return linalg.solveh_banded(ab, right, lower=lower)


@vjp_rule(linalg.cholesky_banded)
def cholesky_banded(g, z, ab, overwrite_ab=False, lower=False, check_finite=True):
    refuse_stack(z)
    unsupported(np.iscomplexobj(ab), "scipy.linalg.cholesky_banded of a complex matrix")
    n, width = np.shape(ab)[1], np.shape(ab)[0] - 1
    i, j, inside = to_bands(width, lower, n)
    factor, bar = scatter(z * inside, (i, j), (n, n)), scatter(g * inside, (i, j), (n, n))
    if not lower:
        factor, bar = factor.T, bar.T
    inner = np.tril(factor.T @ bar)
    inner = inner - 0.5 * inner * eye_like(inner)
    left = linalg.solve_triangular(factor, inner, 1, True)
    bar = symmetric_bands(linalg.solve_triangular(factor, left.T, 1, True), width, lower)
    return bar + g * (1.0 - inside)  # entries outside of the matrix are handed on


@jvp_rule(linalg.cholesky_banded)
def cholesky_banded_jvp(t, z, ab, overwrite_ab=False, lower=False, check_finite=True):
    refuse_stack(z)
    unsupported(np.iscomplexobj(ab), "scipy.linalg.cholesky_banded of a complex matrix")
    n, width = np.shape(ab)[1], np.shape(ab)[0] - 1
    i, j, inside = to_bands(width, lower, n)
    factor = scatter(z * inside, (i, j), (n, n))
    factor_dot = plain.cholesky_jvp((from_bands(t[0], lower),), factor, None, not lower)
    return factor_dot[i, j] * inside + t[0] * (1.0 - inside)


@vjp_rule(linalg.eig_banded)
def eig_banded(
    g, z, a_band, lower=False, eigvals_only=False, overwrite_a_band=False, select="a", select_range=None, max_ev=0,
    check_finite=True,
):  # fmt: skip
    refuse_stack(a_band)
    unsupported(np.iscomplexobj(a_band) or select != "a", "scipy.linalg.eig_banded of a complex matrix, or of some eigenvalues")
    if eigvals_only:
        bar = symmetric_eigen((g, None), linalg.eig_banded(a_band, lower))
    else:
        bar = symmetric_eigen(g, z)
    return None if bar is None else symmetric_bands(bar, np.shape(a_band)[0] - 1, lower)


def symmetric_eigen(g, z):
    """The cotangent of a symmetric matrix, from those of its eigenvalues and eigenvectors."""
    w_bar, v_bar = g
    w, v = z
    if v_bar is None:
        return None if w_bar is None else (v * w_bar) @ v.T
    inner = gaps(w) * (v.T @ v_bar)
    if w_bar is not None:
        inner = inner + w_bar * eye_like(v)
    return v @ inner @ v.T


def of_tridiagonal(bar):
    return np.diagonal(bar), np.diagonal(bar, 1) + np.diagonal(bar, -1)


@vjp_rule(linalg.eigh_tridiagonal)
def eigh_tridiagonal(
    g, z, d, e, eigvals_only=False, select="a", select_range=None, check_finite=True, tol=0.0, lapack_driver="auto"
):
    refuse_stack(d, 1)
    if eigvals_only:
        return eigvalsh_tridiagonal(g, z, d, e, select, select_range)
    unsupported(
        select != "a" and g[1] is not None, "some of the eigenvectors of scipy.linalg.eigh_tridiagonal", "Ask for all of them."
    )
    bar = symmetric_eigen(g, z)
    return None if bar is None else of_tridiagonal(bar)


@vjp_rule(linalg.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal(g, z, d, e, select="a", select_range=None, check_finite=True, tol=0.0, lapack_driver="auto"):
    refuse_stack(d, 1)
    _, v = linalg.eigh_tridiagonal(d, e, select=select, select_range=select_range)
    return np.sum(g * v * v, axis=-1), 2.0 * np.sum(g * v[1:] * v[:-1], axis=-1)


@jvp_rule(linalg.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal_jvp(
    t, z, d, e, select="a", select_range=None, check_finite=True, tol=0.0, lapack_driver="auto"
):
    refuse_stack(d, 1)
    _, v = linalg.eigh_tridiagonal(d, e, select=select, select_range=select_range)
    total = None if t[0] is None else t[0] @ (v * v)
    return total if t[1] is None else tangent_sum(total, 2.0 * (t[1] @ (v[1:] * v[:-1])))
