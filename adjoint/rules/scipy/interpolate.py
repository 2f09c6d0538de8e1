"""scipy.interpolate: the values of interpolants, by the points and by the data.

An interpolating spline is linear in its data: its derivative by them is the same spline through the rows of the
identity.  Those of `PchipInterpolator`, whose slopes are harmonic means, and of linear interpolation on a grid are those of
the formulas that define them (Fritsch & Butland 1984), written out below.  By the places of the data (knots) only
linear interpolation and PCHIP are differentiated.
"""

import numpy as np
from scipy import interpolate

from adjoint.rules.functional import define, pull, refuse_active, unsupported
from adjoint.rules.registry import made_of_data, refuse, vjp_rule

KNOTS = "a spline is not differentiated by the places of its data"

made_of_data(
    interpolate.CubicSpline, interpolate.PchipInterpolator, interpolate.interp1d, interpolate.RegularGridInterpolator,
    interpolate.RectBivariateSpline,
)  # fmt: skip


def slope_at(made, x, nu):
    """The next derivative of a spline."""
    return made(x, nu + 1)


def basis_at(x, at, nu, bc_type, extrapolate):
    """What each of the data counts at each of the points: points × data."""
    return interpolate.CubicSpline(x, np.eye(len(x)), 0, bc_type, extrapolate)(at, nu)


def gridded_slope(made, x, y, dx, dy, grid):
    return made(x, y, dx, dy, grid)


def gridded_basis(places, at, degree, nu):
    return interpolate.make_interp_spline(places, np.eye(len(places)), degree)(at, nu)


refuse(slope_at, basis_at, gridded_slope, gridded_basis, why="the second derivative of a spline through `grad` of `grad`")


def by_points(g, slope, x):
    """Sum over the axes that the data have beside."""
    return np.sum(g * slope, axis=tuple(range(np.ndim(x), np.ndim(slope)))) if np.ndim(slope) > np.ndim(x) else g * slope


@vjp_rule((interpolate.CubicSpline, "()"))
def cubic_spline(g, z, made, at, nu, extrapolate, x, y, axis, bc_type, extrapolates):
    refuse_active(x, KNOTS)
    unsupported(axis != 0, "scipy.interpolate.CubicSpline with axis=")
    basis = basis_at(x, at, nu, bc_type, extrapolates)
    y_bar = np.tensordot(basis, g, (tuple(range(np.ndim(at))), tuple(range(np.ndim(at)))))
    return None, by_points(g, slope_at(made, at, nu), at), None, None, None, y_bar


# ── PCHIP ────────────────────────────────────────────────────────────────────────────────────────


def end_slope(h0, h1, m0, m1):
    """The three-point formula, kept from overshooting."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    d = np.where(np.sign(d) != np.sign(m0), 0.0, d)
    return np.where((np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0)), 3.0 * m0, d)


def pchip(x, y, at):
    """The value of the interpolant of one row of data."""
    h = np.diff(x)
    m = np.diff(y) / h
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    same = m[1:] * m[:-1] > 0.0
    inner = np.where(same, (w1 + w2) / (w1 / np.where(same, m[:-1], 1.0) + w2 / np.where(same, m[1:], 1.0)), 0.0)
    first, last = end_slope(h[0], h[1], m[0], m[1]), end_slope(h[-1], h[-2], m[-1], m[-2])
    d = np.concatenate((np.reshape(first, (1,)), inner, np.reshape(last, (1,))))
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, np.size(x) - 2)
    s = (at - x[i]) / h[i]
    return (
        (1.0 + 2.0 * s) * (1.0 - s) ** 2 * y[i] + s * (1.0 - s) ** 2 * h[i] * d[i]
        + s * s * (3.0 - 2.0 * s) * y[i + 1] + s * s * (s - 1.0) * h[i] * d[i + 1]
    )  # fmt: skip


@vjp_rule((interpolate.PchipInterpolator, "()"))
def pchip_interpolator(g, z, made, at, nu, extrapolate, x, y, axis, extrapolates):
    unsupported(
        np.ndim(y) != 1 or nu != 0 or np.size(x) < 3,
        "scipy.interpolate.PchipInterpolator of more than one row, of two points, or of its slopes",
    )
    x_bar, y_bar, at_bar = pull(define(pchip, (x, y, at)), (x, y, at), g)
    return None, at_bar, None, None, x_bar, y_bar


# ── linear ───────────────────────────────────────────────────────────────────────────────────────


def broken_line(x, y, at):
    """The value of the line through one row of points."""
    i = np.clip(np.searchsorted(x, at) - 1, 0, np.size(x) - 2)
    return y[i] + (y[i + 1] - y[i]) / (x[i + 1] - x[i]) * (at - x[i])


@vjp_rule((interpolate.interp1d, "()"))
def interp1d(g, z, made, at, x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted):
    unsupported(
        np.ndim(y) != 1 or kind not in ("linear", "cubic"),
        'scipy.interpolate.interp1d of more than one row, or of another kind than "linear" and "cubic"',
    )
    g = np.where(within(at, x, fill_value), g, 0.0)
    if kind == "cubic":
        refuse_active(x, KNOTS)
        basis = basis_at(x, at, 0, "not-a-knot", True)
        y_bar = np.tensordot(basis, g, (tuple(range(np.ndim(at))), tuple(range(np.ndim(at)))))
        return None, g * cubic_slope(x, y, at), None, y_bar
    x_bar, y_bar, at_bar = pull(define(broken_line, (x, y, at)), (x, y, at), g)
    return None, at_bar, x_bar, y_bar


def within(at, x, fill_value):
    return np.full(np.shape(at), True) if isinstance(fill_value, str) else (at >= np.min(x)) & (at <= np.max(x))


def cubic_slope(x, y, at):
    return interpolate.CubicSpline(x, y)(at, 1)


refuse(cubic_slope, why="the second derivative of a spline through `grad` of `grad`")


def cells(points, at, k):
    """Along axis k, the cell that each point is in, and how far."""
    grid = points[k]
    i = np.clip(np.searchsorted(grid, at[..., k], side="right") - 1, 0, np.size(grid) - 2)
    return i, (at[..., k] - grid[i]) / (grid[i + 1] - grid[i])


def from_corners(points, values, at, index):
    """The multilinear interpolant: axis by axis, half of the corners each."""
    k = len(index)
    if k == len(points):
        return values[index]
    i, s = cells(points, at, k)
    low, high = from_corners(points, values, at, (*index, i)), from_corners(points, values, at, (*index, i + 1))
    return (1.0 - s) * low + s * high


def on_grid(points, values, at):
    return from_corners(points, values, at, ())


@vjp_rule((interpolate.RegularGridInterpolator, "()"))
def regular_grid(g, z, made, xi, method, nu, points, values, kind, bounds_error, fill_value, solver, solver_args):
    unsupported(
        kind != "linear" or method not in (None, "linear") or nu is not None or np.ndim(values) != len(points),
        'scipy.interpolate.RegularGridInterpolator with another method than "linear"',
    )
    unsupported(not bounds_error, "scipy.interpolate.RegularGridInterpolator with bounds_error=False")
    _, values_bar, at_bar = pull(define(on_grid, (points, values, xi)), (points, values, xi), np.reshape(g, np.shape(xi)[:-1]))
    return None, at_bar, None, None, None, values_bar


# ── surfaces ─────────────────────────────────────────────────────────────────────────────────────


@vjp_rule((interpolate.RectBivariateSpline, "()"))
def rect_bivariate(g, w, made, x, y, dx, dy, grid, px, py, z, bbox, kx, ky, s, maxit):
    refuse_active(px, KNOTS)
    refuse_active(py, KNOTS)
    unsupported(s != 0, "scipy.interpolate.RectBivariateSpline with smoothing")
    bx, by = gridded_basis(px, x, kx, dx), gridded_basis(py, y, ky, dy)
    by_x, by_y = gridded_slope(made, x, y, dx + 1, dy, grid), gridded_slope(made, x, y, dx, dy + 1, grid)
    if grid:
        whole = np.reshape(g, (np.size(x), np.size(y)))
        z_bar = np.reshape(bx, (-1, len(px))).T @ whole @ np.reshape(by, (-1, len(py)))
        by_x, by_y = np.reshape(by_x, np.shape(whole)), np.reshape(by_y, np.shape(whole))
        x_bar = np.reshape(np.sum(whole * by_x, axis=1), np.shape(x))
        return None, x_bar, np.reshape(np.sum(whole * by_y, axis=0), np.shape(y)), None, None, None, None, None, z_bar
    z_bar = np.reshape(bx, (-1, len(px))).T @ (np.reshape(g, (-1, 1)) * np.reshape(by, (-1, len(py))))
    return None, g * by_x, g * by_y, None, None, None, None, None, z_bar


refuse(
    interpolate.make_interp_spline, interpolate.splrep, interpolate.splev, interpolate.griddata,
    why="use CubicSpline, interp1d or RegularGridInterpolator, and call what it gives",
)  # fmt: skip
