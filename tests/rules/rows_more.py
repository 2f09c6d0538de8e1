"""More rows: cmath, fitting, coordinates of np.gradient, running maxima, sets, histograms of several axes."""

import cmath

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial
from rules.rows import apart, c, n, p, row, u
from rules.rows_linalg import ROWS

from adjoint.rules import helpers, windows

__all__ = ["ROWS"]

# ── cmath ────────────────────────────────────────────────────────────────────────────────────────

for f in (cmath.exp, cmath.sqrt, cmath.log10, cmath.sin, cmath.cos, cmath.tan, cmath.asin, cmath.acos, cmath.atan,
          cmath.sinh, cmath.cosh, cmath.tanh, cmath.asinh, cmath.acosh, cmath.atanh, cmath.log, cmath.phase,
          cmath.polar, complex.conjugate):  # fmt: skip
    row(f, 0.3 + 0.4j)
    row(f, -0.6 + 0.2j)
row(cmath.log, 0.3 + 0.4j, 1.2 - 0.5j)
row(cmath.rect, 1.3, 0.7)
row(float.conjugate, 1.3)

# ── differences ──────────────────────────────────────────────────────────────────────────────────

for edge_order in (1, 2):
    row(np.gradient, n(6), np.cumsum(p(6)), edge_order=edge_order)
    row(np.gradient, n(4, 5), 0.5, np.cumsum(p(5)), edge_order=edge_order)
    row(np.gradient, n(4, 5), np.cumsum(p(4)), axis=0, edge_order=edge_order)
    row(np.gradient, n(3), np.array([0.0, 0.7, 1.1]), edge_order=edge_order)
row(np.gradient, n(2), np.array([0.0, 0.7]))
row(np.gradient, n(2, 3, 2), np.cumsum(p(3)), axis=1)

# ── methods of ufuncs ────────────────────────────────────────────────────────────────────────────

for f in (np.logaddexp.reduce, np.logaddexp2.reduce, np.hypot.reduce):
    row(f, p(2, 3))
    row(f, p(2, 3), axis=1)
    row(f, p(2, 3), axis=None)
    row(f, p(2, 3), axis=(0, 1), keepdims=True)
    row(f, p(2, 3), axis=1, where=np.array([[True, False, True], [True, True, False]]), initial=0.3)
for f in (np.maximum.accumulate, np.minimum.accumulate, np.logaddexp.accumulate):
    row(f, apart(6))
    row(f, apart(3, 4))
    row(f, apart(3, 4), axis=1)
    row(f, apart(2, 3, 2), axis=-2)
row(np.add.reduceat, n(6), [0, 2, 5])
row(np.add.reduceat, n(6), [3, 1, 4, 0])
row(np.add.reduceat, n(2, 6), [1, 4], axis=1)

# ── sets and histograms ──────────────────────────────────────────────────────────────────────────

row(np.setdiff1d, apart(5), np.array([100.0]))
row(np.intersect1d, apart(5), np.array([100.0]))
row(np.union1d, np.array([0.3, -1.2, 2.1]), np.array([1.0, -0.4, 2.9, 0.7]))  # no two of them close
row(np.histogram2d, apart(9), apart(9), 3, weights=p(9))
row(np.histogram2d, apart(9), apart(9), [2, 3])
row(np.histogram2d, apart(9), apart(9), [np.array([-5.0, 0.05, 5.0]), np.array([-5.0, -0.55, 5.0])], weights=p(9))
row(np.histogram2d, apart(9), apart(9), 3, [[-5.03, 5.01], [-5.02, 5.04]], weights=p(9))
row(np.histogramdd, apart(9, 2), 3, weights=p(9))
row(np.histogramdd, apart(9, 3), (2, 3, 2), weights=p(9))

# ── fitting ──────────────────────────────────────────────────────────────────────────────────────

row(np.polyfit, np.cumsum(p(6)), n(6), 2)
row(np.polyfit, np.cumsum(p(6)), n(6), 3, w=p(6))
row(np.polyfit, np.cumsum(p(6)), n(6, 2), 1)
row(np.polyfit, np.cumsum(p(6)), n(6, 2), 1, w=p(6))
row(np.polyfit, np.cumsum(p(3)), n(3), 2)

# ── decompositions, in forward mode of the square, tall and wide ─────────────────────────────────

for mode in ("reduced", "r"):
    row(np.linalg.qr, n(4, 3), mode=mode)
    row(np.linalg.qr, n(3, 5), mode=mode)
    row(np.linalg.qr, n(2, 3, 3), mode=mode)
    row(np.linalg.qr, c(3, 2), mode=mode)
row(np.linalg.lstsq, n(4, 2), n(4), rcond=None)
row(np.linalg.lstsq, n(2, 4), n(2), rcond=None)
row(np.interp, u(0.1, 2.9, 4), np.array([0.0, 1.1, 3.0]), n(3))
row(np.interp, u(-4.0, 6.0, 5), np.array([0.0, 1.1, 3.0]), n(3), 0.4, 0.7)
row(np.interp, u(-4.0, 6.0, 5), np.array([0.3, 2.1, 1.2]), n(3), period=2.5, fixed=("period",))

# ── ranges ───────────────────────────────────────────────────────────────────────────────────────

row(np.arange, 0.5, 4.2)
row(np.arange, 0.5, 4.2, 0.3)
row(np.arange, 3.3, step=0.7, stop=5.1, fixed=("stop",))
row(np.arange, 3.3)
row(np.fft.fftfreq, 5, 0.3)
row(np.fft.rfftfreq, 4, d=0.3)
row(np.kaiser, 5, 2.3)
row(np.kaiser, 1, beta=2.3)

# ── densities of several axes ────────────────────────────────────────────────────────────────────

edges = [np.array([-5.0, 0.05, 5.0]), np.array([-5.0, -0.55, 1.3, 5.0])]
row(np.histogram2d, apart(9), apart(9), [2, 3], density=True)
row(np.histogram2d, apart(9), apart(9), edges, density=True, weights=p(9))
row(np.histogram2d, apart(9), apart(9), 2, [[-5.03, 5.01], [-5.02, 5.04]], density=True)
row(np.histogramdd, apart(9, 2), edges, density=True, weights=p(9))
row(np.histogramdd, apart(9, 3), 2, density=True)

# ── sets of slices, and those in the order in which they came ────────────────────────────────────

row(np.unique, n(3, 2), axis=0)
row(np.unique, n(2, 3), axis=1, return_inverse=True)
row(np.setdiff1d, np.array([3.0, 1.0, 2.5]), np.array([1.2]), assume_unique=True)

# ── complex where the argument asks for it ───────────────────────────────────────────────────────

for f in (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10):
    row(f, p(3))
    row(f, c(3))
row(np.emath.power, p(3), n(3))
row(np.emath.power, c(3), 1.7)

# ── series ───────────────────────────────────────────────────────────────────────────────────────

for module, name in (
    (polynomial, "poly"), (chebyshev, "cheb"), (legendre, "leg"), (hermite, "herm"), (hermite_e, "herme"), (laguerre, "lag"),
):  # fmt: skip
    val, vander, der, integ = (getattr(module, name + part) for part in ("val", "vander", "der", "int"))
    row(val, n(3), n(4))
    row(vander, n(3), 2)
    row(der, n(4))
    row(integ, n(3))
row(chebyshev.chebval, np.array(0.3), n(4, 2))
row(legendre.legval, n(2, 3), n(4, 2))
row(polynomial.polyval, n(2), c(1))
row(hermite.hermvander, n(2, 3), 0)
row(laguerre.lagder, n(3, 4), 2, 3, axis=-1)
row(polynomial.polyint, n(3, 2), 2, lbnd=1, scl=2)
row(legendre.legint, n(2, 3), 1, [2], axis=1)

# ── windows ──────────────────────────────────────────────────────────────────────────────────────

row(windows.sliding_window_view, n(6), 3)
row(windows.sliding_window_view, n(4, 5), (2, 3))
row(windows.sliding_window_view, c(4, 3), 2, axis=0)
row(windows.sliding_window_view, n(2, 5), (2, 2), (-1, 1))
row(windows.sliding_window_view, n(0, 3), 2, -1)
row(windows.overlapped, n(4, 2, 2, 3), (5, 4), (0, 1))

# ── our own ──────────────────────────────────────────────────────────────────────────────────────

row(helpers.gradient_bands, 5, 0.7, 1, 0)
for edge_order in (1, 2):
    row(helpers.gradient_bands, 5, np.cumsum(p(5)), edge_order, 2)
for method in ("linear", "weibull", "lower"):
    row(helpers.quantile_place, apart(2, 5), np.array([0.32, 0.68]), method, None, False)
row(helpers.quantile_place, np.array([[0.3, np.nan, 2.0, 1.1]]), np.array([0.37]), "linear", None, True)
row(np.polyfit, np.array([0.0, 0.7, 1.2, 2.1]), n(4), 1)
row(np.polyfit, np.array([0.0, 0.7, 1.2, 2.1]), n(4), 1, w=p(4))
