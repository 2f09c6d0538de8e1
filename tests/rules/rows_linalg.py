"""The rows of linalg, fft, choosing and sorting, polynomials, ufunc methods and random draws: see rows.py."""

import numpy as np
from rules.checker import aligned
from rules.rows import ROWS, apart, c, n, p, row, spd, u, well

from adjoint.rules import helpers

__all__ = ["ROWS"]


# ── linalg ───────────────────────────────────────────────────────────────────────────────────────

for a in (well(3), well(3, 2), well(2) + 1j * n(2, 2)):
    row(np.linalg.inv, a)
    row(np.linalg.det, a)
    row(np.linalg.slogdet, a)
    row(np.linalg.pinv, a)
    row(np.linalg.matrix_power, a, 3)
    row(np.linalg.matrix_power, a, -2)
    row(np.linalg.matrix_power, a, 1)
    row(np.linalg.eigvals, a)
    row(np.linalg.svdvals, a)
row(np.linalg.matrix_power, well(2), 0)
for a, b in (((3,), (3,)), ((3,), (3, 2)), ((3, 2), (2, 3, 2)), ((3, 2), (3,)), ((3,), (4, 3, 2))):
    row(np.linalg.solve, well(*a), n(*b))
row(np.linalg.solve, well(2) + 1j * n(2, 2), c(2))
row(np.linalg.pinv, n(4, 2))
row(np.linalg.pinv, n(2, 4))
row(np.linalg.pinv, c(4, 2))
row(np.linalg.pinv, spd(3), hermitian=True)
row(np.linalg.lstsq, n(5, 3), n(5))
row(np.linalg.lstsq, n(5, 3), n(5, 2))
row(np.linalg.lstsq, n(2, 4), n(2, 2))
row(np.linalg.lstsq, c(5, 2), c(5))
row(np.linalg.tensorsolve, n(2, 3, 6) + np.eye(6).reshape(2, 3, 6), n(2, 3))
row(np.linalg.tensorsolve, n(2, 6, 3) + np.eye(6).reshape(2, 3, 6).transpose(0, 2, 1), n(2, 3), (1,))
row(np.linalg.tensorinv, n(6, 2, 3) + np.eye(6).reshape(6, 2, 3), 1)
row(np.linalg.multi_dot, [n(2, 3), n(3, 4), n(4, 2)])
row(np.linalg.multi_dot, [n(3), n(3, 4), n(4)])
row(np.linalg.multi_dot, [n(3), n(3)])
for a in (spd(3), spd(2, 2)):
    row(np.linalg.cholesky, a)
    row(np.linalg.cholesky, a, upper=True)
    row(np.linalg.eigh, a, call=aligned(np.linalg.eigh, a))
    row(np.linalg.eigh, a, "U", call=aligned(np.linalg.eigh, a, "U"))
    row(np.linalg.eigvalsh, a)
hermitian = c(3, 3)
hermitian = hermitian @ hermitian.conj().T + 3.0 * np.eye(3)
row(np.linalg.cholesky, hermitian)
row(np.linalg.eigvalsh, hermitian)
row(np.linalg.eigvalsh, hermitian, "U")
skew = np.array([[3.0, 1.0, 0.2], [0.4, 1.0, 0.3], [0.1, 0.2, -2.0]])
row(np.linalg.eig, skew, call=aligned(np.linalg.eig, skew))
for a in (n(4, 3), n(3, 4), n(2, 3, 3)):
    row(np.linalg.svd, a, full_matrices=False, call=aligned(np.linalg.svd, a, full_matrices=False))
    row(np.linalg.svd, a, compute_uv=False)
    row(np.linalg.svdvals, a)
    row(np.linalg.qr, a)
    row(np.linalg.qr, a, "r")
square, symmetric = n(3, 3), spd(3)
row(np.linalg.svd, square, call=aligned(np.linalg.svd, square))
row(np.linalg.svd, symmetric, hermitian=True, call=aligned(np.linalg.svd, symmetric, hermitian=True))
row(np.linalg.qr, c(4, 3))
row(np.linalg.qr, c(2, 3))
row(np.linalg.qr, n(3, 3), "complete")
for ord in (None, 1, 2, 3, 1.5, np.inf, -np.inf, 0, -1):
    row(np.linalg.norm, p(4), ord, fixed=(1,))
    row(np.linalg.norm, c(2, 4), ord, 1, fixed=(1,))
    if ord is not None:
        row(np.linalg.vector_norm, c(2, 4), ord=ord, axis=1, fixed=("ord",))
        row(np.linalg.vector_norm, n(2, 4), ord=ord, fixed=("ord",))
        row(np.linalg.vector_norm, n(2, 4, 2), ord=ord, axis=(0, 2), keepdims=True, fixed=("ord",))
for ord in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    row(np.linalg.norm, n(3, 4), ord, fixed=(1,))
    row(np.linalg.norm, c(3, 2, 3), ord, axis=(2, 0), fixed=(1,))
    row(np.linalg.norm, n(2, 3, 3), ord, axis=(1, 2), keepdims=True, fixed=(1,))
    row(np.linalg.matrix_norm, n(2, 3, 4), ord=ord or "fro", fixed=("ord",))
row(np.linalg.norm, n(2, 3, 4))
row(np.linalg.vector_norm, n(2, 3))
row(np.linalg.norm, n(2, 3), axis=0, keepdims=True)
for q in (None, 2, -2, 1, np.inf, "fro"):
    row(np.linalg.cond, well(3), q, fixed=(1,))
row(np.linalg.cond, well(2, 2))
row(np.linalg.cond, n(4, 3))

# ── fft ──────────────────────────────────────────────────────────────────────────────────────────

for norm in (None, "ortho", "forward"):
    for f in (np.fft.fft, np.fft.ifft):
        row(f, c(5), norm=norm)
        row(f, n(2, 4), 6, 0, norm=norm)
        row(f, c(2, 4), 3, norm=norm)
    for f in (np.fft.rfft, np.fft.ihfft):
        for size in (None, 4, 5, 7, 8):
            row(f, n(6), size, norm=norm)
        row(f, n(5, 2), axis=0, norm=norm)
    for f in (np.fft.irfft, np.fft.hfft):
        for size in (None, 4, 5, 7, 8):
            row(f, c(4), size, norm=norm)
        row(f, c(4, 2), axis=0, norm=norm)
    for f in (np.fft.fft2, np.fft.ifft2, np.fft.fftn, np.fft.ifftn, np.fft.irfft2, np.fft.irfftn):
        row(f, c(2, 3, 4), norm=norm)
        row(f, c(2, 3, 4), (5, 2), (0, 2), norm=norm)
        row(f, c(2, 3, 4), axes=(2, 1), norm=norm)
    for f in (np.fft.rfft2, np.fft.rfftn):
        row(f, n(2, 3, 4), norm=norm)
        row(f, n(2, 3, 4), (5, 2), (0, 2), norm=norm)
        row(f, n(2, 3, 4), axes=(2, 1), norm=norm)
for f in (np.fft.fftshift, np.fft.ifftshift):
    row(f, n(5))
    row(f, n(2, 3), 1)

# ── choosing ─────────────────────────────────────────────────────────────────────────────────────

row(np.where, np.array([True, False, True]), n(3), n(2, 3))
row(np.where, np.array([True, False, True]), 1.5, n(3))
row(np.select, [n(4) > 0, n(4) > 0.3], [n(4), n(4)], 1.5)
row(np.select, [n(4) > 0, n(4) > 0.3], [n(4), n(4)])
row(np.choose, np.array([0, 1, 1, 0]), [n(4), n(4)])
row(np.choose, np.array([0, 3, 1, 2]), [n(4), 1.5], mode="wrap")
row(np.choose, np.array([0, 3, 1, 2]), n(2, 4), mode="clip")
row(np.compress, [True, False, True], n(3, 2), axis=0)
row(np.compress, [True, False, True], n(3, 2))
row(np.ndarray.compress, n(3, 2), [True, False, True], axis=0)
row(np.extract, n(2, 3) > 0, n(2, 3))
row(np.take, n(5), np.array([[0, 2], [2, -1]]))
row(np.take, n(2, 5), [0, 2, 2], axis=1)
row(np.take, n(2, 5), 3, axis=1)
row(np.take, n(2, 5), [7, 12], mode="wrap")
row(np.take, n(2, 5), [-7, 12], axis=0, mode="clip")
row(np.ndarray.take, n(5), [1, 1])
row(np.take_along_axis, n(3, 4), np.array([[0, 1], [2, 2], [3, 0]]), axis=1)
row(np.take_along_axis, n(3, 4), np.array([[0, 1, 2, 0]]), axis=0)
row(np.take_along_axis, n(3, 4), np.array([5, 0, 5]), axis=None)
for f in (np.sort,):
    row(f, apart(5))
    row(f, apart(2, 5), 0)
    row(f, apart(2, 5), None)
row(np.sort_complex, apart(5))
row(np.sort_complex, c(5))
row(np.partition, apart(7), 3)
row(np.partition, apart(2, 7), [1, 4], axis=1)
row(np.partition, apart(2, 3), 2, axis=None)
for f, scale in ((np.quantile, 1.0), (np.nanquantile, 1.0), (np.percentile, 100.0), (np.nanpercentile, 100.0)):
    for method in ("linear", "lower", "higher", "midpoint", "nearest", "hazen", "weibull", "median_unbiased",
                   "normal_unbiased", "inverted_cdf", "interpolated_inverted_cdf",
                   "averaged_inverted_cdf"):  # fmt: skip
        row(f, apart(2, 5), scale * 0.37, axis=1, method=method)
    row(f, apart(2, 5), scale * np.array([0.21, 0.68]), axis=0)
    row(f, apart(2, 5), scale * np.array([[0.21, 0.68], [0.33, 0.9]]), keepdims=True)
    row(f, apart(2, 3, 4), scale * 0.3, axis=(0, 2), keepdims=True)
    # NumPy's nanquantile fails for one-dimensional weights
    row(f, apart(2, 5), scale * 0.37, axis=1, weights=p(2, 5), method="inverted_cdf", fixed=("weights",))
    if f in (np.quantile, np.percentile):
        row(f, apart(2, 5), scale * 0.37, axis=1, weights=p(5), method="inverted_cdf", fixed=("weights",))
    row(f, apart(2, 5), scale * 1.0, fixed=(1,))
    if f in (np.nanquantile, np.nanpercentile):
        row(f, np.array([[1.0, np.nan, 2.5, 0.3], [0.5, 3.0, 1.5, 1.1]]), scale * 0.37, axis=1)
row(np.setxor1d, apart(4), apart(3) + 0.5)
row(np.union1d, apart(4), apart(3) + 0.5)
row(np.unique, apart(5))
row(np.unique, apart(2, 3), return_inverse=True)
row(np.bincount, np.array([0, 2, 2, 1]), n(4))
row(np.bincount, np.array([0, 2, 2, 1]), weights=n(4), minlength=5)
row(np.histogram, apart(9), 3)
row(np.histogram, apart(9), 3, weights=p(9), density=True)
row(np.histogram, apart(9), np.array([-3.05, -1.02, 0.03, 2.9]), density=True)
row(np.histogram, apart(9), 3, (-3.05, 3.02), weights=p(9))
row(np.histogram_bin_edges, apart(9), 4)

# ── convolution, interpolation, polynomials ──────────────────────────────────────────────────────

for mode in ("full", "same", "valid"):
    for f in (np.convolve, np.correlate):
        for a, b in ((5, 3), (3, 5), (5, 4), (4, 5), (3, 3)):
            row(f, n(a), n(b), mode)
        row(f, c(4), c(3), mode)
knots = np.cumsum(p(5))
row(np.interp, knots[0] + u(-0.5, 6.0, 9), knots, n(5))
row(np.interp, knots[0] + 1.1, knots, n(5))
row(np.interp, knots[0] + u(-0.5, 6.0, 9), knots, n(5), left=1.5, right=2.5)
row(np.interp, u(-5.0, 9.0, 9), np.array([2.5, 0.2, 1.4]), n(3), period=3.0, fixed=("period",))
row(np.interp, 0.5, np.array([1.0]), n(1), fixed=(1,))
row(np.polyval, n(4), n(2, 3))
row(np.polyval, n(4), 1.3)
row(np.polyval, n(1), n(2))
row(np.polyder, n(5))
row(np.polyder, n(5), 2)
row(np.polyder, n(2), 3)
row(np.polyint, n(4))
row(np.polyint, n(4), 2, n(2))
row(np.polyint, n(4), 2, 1.5)
row(np.polyadd, n(4), n(2))
row(np.polysub, n(2), n(4))
row(np.polymul, n(2), n(4))
row(np.roots, np.array([1.2, 0.3, -0.5, 0.8]))
row(np.roots, np.array([1.0, -6.0, 11.0, -6.0]))
row(np.poly, n(4))
row(np.poly, np.array([3.0, 1.0, -1.5, 0.3]))
row(np.poly, np.array([[3.0, 1.0], [0.5, 1.0]]))

# ── ufunc methods ────────────────────────────────────────────────────────────────────────────────

for f in (np.add.reduce, np.multiply.reduce, np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce,
          np.logaddexp.reduce):  # fmt: skip
    row(f, apart(3, 2))
    row(f, apart(3, 2), axis=None)
    row(f, apart(3, 2), axis=1, keepdims=True)
    if f is not np.logaddexp.reduce:
        row(f, apart(3, 2), initial=0.3)
for f in (np.add.accumulate, np.multiply.accumulate):
    row(f, n(3, 2))
    row(f, n(3, 2), 1)
for f in (np.add.outer, np.subtract.outer, np.multiply.outer, np.divide.outer):
    row(f, n(3), p(2, 2))
    row(f, 1.5, p(2))

# ── our own ──────────────────────────────────────────────────────────────────────────────────────

row(helpers.scatter, n(4), np.array([0, 2, 2, 1]), (4,))
row(helpers.scatter, n(2, 2), (slice(None), np.array([1, 1])), (2, 3))
row(helpers.recur, n(2, 4), n(2, 4))
