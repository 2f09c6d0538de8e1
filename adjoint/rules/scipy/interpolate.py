"""scipy.interpolate: the values of interpolants, by the points and by the data.

An interpolating spline is linear in its data: its derivative by them is the same spline through the rows of the
identity (de Boor, "A practical guide to splines", 1978), and that by the points is the spline's own.  The values of
`PchipInterpolator`, whose slopes are harmonic means (Fritsch & Butland 1984), of broken lines and of linear interpolation on
a grid are those of the formulas that define them, written out below; these are differentiated by the places of the
data (knots) too, splines are not.
"""

import numpy as np
from scipy import interpolate

from adjoint.rules.functional import define, evaluated, pull, push, refuse_active, unsupported
from adjoint.rules.registry import constant, jvp_rule, made_of_data, refuse, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

KNOTS = "a spline is not differentiated by the places of its data"
MOVING_KNOTS = "a spline by the places of its data"

made_of_data(
    interpolate.CubicSpline, interpolate.PchipInterpolator, interpolate.interp1d, interpolate.RegularGridInterpolator,
    interpolate.RectBivariateSpline,
)  # fmt: skip

# ── where the axes of the points stand ───────────────────────────────────────────────────────────


def in_front(values, at, axis):
    """The axes of the points, which stand where the axis of the data was, brought to the front."""
    return np.moveaxis(values, tuple(range(axis, axis + np.ndim(at))), tuple(range(np.ndim(at))))


def in_place(values, at, axis):
    """The other way."""
    return np.moveaxis(values, tuple(range(np.ndim(at))), tuple(range(axis, axis + np.ndim(at))))


def beside(x, values):
    """Numbers for each of the points, shaped to go with all values there."""
    return np.expand_dims(x, tuple(range(np.ndim(x), np.ndim(values))))


def by_points(terms, at):
    """Sum over the axes that the data have beside."""
    return np.sum(terms, axis=tuple(range(np.ndim(at), np.ndim(terms))))


def by_data(basis, g, at, axis):
    """The cotangent of the data, `basis` being what each of them counts at each of the points."""
    points = tuple(range(np.ndim(at)))
    return np.moveaxis(np.tensordot(basis, in_front(g, at, axis), (points, points)), 0, axis)


# ── cubic splines ────────────────────────────────────────────────────────────────────────────────


def homogeneous(bc_type, shape):
    """The conditions at the ends that go with a change of the data, for data with these other axes."""
    if isinstance(bc_type, str) or bc_type is None:
        return bc_type
    return tuple(bc if isinstance(bc, str) else (bc[0], np.zeros(shape)) for bc in bc_type)


def cubic_basis(at, nu, x, bc_type, extrapolate):
    """What each of the data counts at each of the points."""
    unit = np.eye(len(x))
    if bc_type == "periodic":  # the first and last of the data are the same
        unit[0, -1] = unit[-1, 0] = unit[0, 0] = unit[-1, -1] = 0.5
    return interpolate.CubicSpline(x, unit, 0, homogeneous(bc_type, len(x)), extrapolate)(at, nu)


def of_degree(at, nu, x, degree):
    return interpolate.make_interp_spline(x, np.eye(len(x)), degree)(at, nu)


# Each derivative by the points is the basis of the next order.


@vjp_rule(cubic_basis)
def cubic_basis_vjp(g, z, at, nu, x, bc_type, extrapolate):
    return np.sum(g * cubic_basis(at, nu + 1, x, bc_type, extrapolate), axis=-1)


@jvp_rule(cubic_basis)
def cubic_basis_jvp(t, z, at, nu, x, bc_type, extrapolate):
    unsupported(t[2] is not None, MOVING_KNOTS)
    return np.expand_dims(t[0], -1) * cubic_basis(at, nu + 1, x, bc_type, extrapolate)


@vjp_rule(of_degree)
def of_degree_vjp(g, z, at, nu, x, degree):
    return np.sum(g * of_degree(at, nu + 1, x, degree), axis=-1)


@jvp_rule(of_degree)
def of_degree_jvp(t, z, at, nu, x, degree):
    unsupported(t[2] is not None, MOVING_KNOTS)
    return np.expand_dims(t[0], -1) * of_degree(at, nu + 1, x, degree)


constant(homogeneous, why="about the ends of a spline")


@vjp_rule((interpolate.CubicSpline, "()"))
def cubic_spline(g, z, made, at, nu, extrapolate, x, y, axis, bc_type, extrapolates):
    refuse_active(x, KNOTS)
    refuse_active(bc_type, "a spline is not differentiated by the conditions at its ends")
    axis = axis % np.ndim(y)
    slope = evaluated(made, (at, nu + 1, extrapolate), (x, y, axis, bc_type, extrapolates), z)
    at_bar = by_points(in_front(g * slope, at, axis), at)
    basis = cubic_basis(at, nu, x, bc_type, extrapolates if extrapolate is None else extrapolate)
    return None, at_bar, None, None, None, by_data(basis, g, at, axis)


@jvp_rule((interpolate.CubicSpline, "()"))
def cubic_spline_jvp(t, z, made, at, nu, extrapolate, x, y, axis, bc_type, extrapolates):
    unsupported(t[4] is not None, MOVING_KNOTS)
    axis, total = axis % np.ndim(y), None
    if t[5] is not None:
        ends = homogeneous(bc_type, np.shape(y)[:axis] + np.shape(y)[axis + 1 :])
        total = interpolate.CubicSpline(x, t[5], axis, ends, extrapolates)(at, nu, extrapolate)
    if t[1] is None:
        return total
    slope = in_front(evaluated(made, (at, nu + 1, extrapolate), (x, y, axis, bc_type, extrapolates), z), at, axis)
    return tangent_sum(total, in_place(slope * beside(t[1], slope), at, axis))


# ── PCHIP ────────────────────────────────────────────────────────────────────────────────────────


def end_slope(h0, h1, m0, m1):
    """The three-point formula, kept from overshooting."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    d = np.where(np.sign(d) != np.sign(m0), 0.0, d)
    return np.where((np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0)), 3.0 * m0, d)


def pchip_slopes(h, m):
    """The slopes at the places of the data, from the lengths of the intervals and the slopes of the chords."""
    if np.shape(m)[0] == 1:
        return np.concatenate((m, m))
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    same = m[1:] * m[:-1] > 0.0
    inner = np.where(same, (w1 + w2) / (w1 / np.where(same, m[:-1], 1.0) + w2 / np.where(same, m[1:], 1.0)), 0.0)
    first, last = end_slope(h[0], h[1], m[0], m[1]), end_slope(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate((np.expand_dims(first, 0), inner, np.expand_dims(last, 0)))


def cubic(c0, c1, c2, c3, t, nu):
    """c0 + c1 t + c2 t² + c3 t³, or its derivative of order nu."""
    if nu == 0:
        return c0 + t * (c1 + t * (c2 + t * c3))
    if nu == 1:
        return c1 + t * (2.0 * c2 + 3.0 * t * c3)
    if nu == 2:
        return 2.0 * c2 + 6.0 * t * c3
    return 6.0 * c3 if nu == 3 else 0.0 * c3


def pchip(x, y, at, nu=0, axis=0):
    """The values of the interpolant, or of its derivative."""
    y = np.moveaxis(y, axis, 0)
    h = beside(np.diff(x), y)
    m = np.diff(y, axis=0) / h
    d = pchip_slopes(h, m)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, np.shape(x)[0] - 2)
    c2, c3 = (3.0 * m[i] - 2.0 * d[i] - d[i + 1]) / h[i], (d[i] + d[i + 1] - 2.0 * m[i]) / h[i] ** 2
    return in_place(cubic(y[i], d[i], c2, c3, beside(at - x[i], c2), nu), at, axis)


def not_periodic(extrapolate, extrapolates):
    chosen = extrapolates if extrapolate is None else extrapolate
    unsupported(chosen == "periodic", "scipy.interpolate.PchipInterpolator with periodic values")


@vjp_rule((interpolate.PchipInterpolator, "()"))
def pchip_interpolator(g, z, made, at, nu, extrapolate, x, y, axis, extrapolates):
    not_periodic(extrapolate, extrapolates)
    where = (x, y, at, nu, axis % np.ndim(y))
    x_bar, y_bar, at_bar, _, _ = pull(define(pchip, where), where, g)
    return None, at_bar, None, None, x_bar, y_bar


@jvp_rule((interpolate.PchipInterpolator, "()"))
def pchip_interpolator_jvp(t, z, made, at, nu, extrapolate, x, y, axis, extrapolates):
    not_periodic(extrapolate, extrapolates)
    where = (x, y, at, nu, axis % np.ndim(y))
    return push(define(pchip, where), where, (t[4], t[5], t[1], None, None))


# ── interp1d ─────────────────────────────────────────────────────────────────────────────────────

DEGREES = {"slinear": 1, "quadratic": 2, "cubic": 3}
STEPS = ("nearest", "nearest-up", "previous", "next", "zero")


def ascending(x, assume_sorted):
    return np.arange(len(x)) if assume_sorted else np.argsort(x, kind="mergesort")


def step_basis(at, x, kind):
    """What each of the data counts at each of the points; `at` may lie outside."""
    inside = np.clip(at, np.min(x), np.max(x))
    return interpolate.interp1d(x, np.eye(len(x)), kind, 0)(inside)


def degree_of(kind):
    return DEGREES.get(kind, kind)


def inside(at, x, fill_value):
    """Where it is an interpolant, and not the number it is filled with."""
    if isinstance(fill_value, str):
        return np.full(np.shape(at), True)
    return (at >= np.min(x)) & (at <= np.max(x))


constant(ascending, step_basis, degree_of, inside, why="piecewise constant in the points")


def broken_line(x, y, at, order, axis):
    """The values of the line through the points, which are to be taken in this order."""
    x, y = x[order], np.moveaxis(y, axis, 0)[order]
    i = np.clip(np.searchsorted(x, at) - 1, 0, np.shape(x)[0] - 2)
    rise = y[i + 1] - y[i]
    return in_place(y[i] + beside((at - x[i]) / (x[i + 1] - x[i]), rise) * rise, at, axis)


def piecewise_polynomial(x, y, at, kind, order, axis):
    """What each of the data counts, times the data."""
    y = np.moveaxis(y, axis, 0)
    if kind in STEPS:
        return in_place(np.tensordot(step_basis(at, x, kind), y, 1), at, axis)
    return in_place(np.tensordot(of_degree(at, 0, x[order], degree_of(kind)), y[order], 1), at, axis)


def by_kind(x, y, at, kind, axis, assume_sorted):
    """The values of interp1d where they are not filled in."""
    order = ascending(x, assume_sorted)
    if kind == "linear":
        return broken_line(x, y, at, order, axis)
    return piecewise_polynomial(x, y, at, kind, order, axis)


@vjp_rule((interpolate.interp1d, "()"))
def interp1d(g, z, made, at, x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted):
    refuse_active(fill_value, "interp1d is not differentiated by what it is filled with")
    if kind != "linear":
        refuse_active(x, KNOTS)
    axis = axis % np.ndim(y)
    where = (x, y, at, kind, axis, assume_sorted)
    g = in_front(g, at, axis)
    g = in_place(np.where(beside(inside(at, x, fill_value), g), g, 0.0), at, axis)
    bars = pull(define(by_kind, where), where, g)
    return None, bars[2], bars[0], bars[1]


@jvp_rule((interpolate.interp1d, "()"))
def interp1d_jvp(t, z, made, at, x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted):
    unsupported(t[8] is not None, "scipy.interpolate.interp1d by what it is filled with")
    if kind != "linear":
        unsupported(t[2] is not None, MOVING_KNOTS)
    axis = axis % np.ndim(y)
    where = (x, y, at, kind, axis, assume_sorted)
    dot = push(define(by_kind, where), where, (t[2], t[3], t[1], None, None, None))
    if dot is None:  # of steps
        return None
    dot = in_front(dot, at, axis)
    return in_place(np.where(beside(inside(at, x, fill_value), dot), dot, 0.0), at, axis)


# ── regular grids ────────────────────────────────────────────────────────────────────────────────


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
    return low + beside(s, low) * (high - low)


def coordinates(xi, dimensions):
    """Points with their coordinates along the last axis, as they may be given."""
    if isinstance(xi, tuple):
        return np.stack(np.broadcast_arrays(*xi), axis=-1)
    return np.expand_dims(xi, -1) if dimensions == 1 and np.shape(xi)[-1] != 1 else xi


def in_grid(points, at):
    """Which points are in the grid."""
    return np.all([(at[..., k] >= p[0]) & (at[..., k] <= p[-1]) for k, p in enumerate(points)], axis=0)


constant(in_grid, why="piecewise constant")


def on_grid(points, values, xi, filled):
    at = coordinates(xi, len(points))
    found = from_corners(points, values, at, ())
    return np.where(beside(in_grid(points, at), found), found, 0.0) if filled else found


def only_linear(kind, method, nu):
    unsupported(
        kind != "linear" or method not in (None, "linear") or nu is not None,
        'scipy.interpolate.RegularGridInterpolator with another method than "linear", or of its derivative',
    )


@vjp_rule((interpolate.RegularGridInterpolator, "()"))
def regular_grid(g, z, made, xi, method, nu, points, values, kind, bounds_error, fill_value, solver, solver_args):
    only_linear(kind, method, nu)
    refuse_active(fill_value, "what a grid is filled with has no derivative")
    where = (points, values, xi, not bounds_error and fill_value is not None)
    f = define(on_grid, where)
    bars = pull(f, where, np.reshape(g, shape_there(points, values, xi)))
    return None, bars[2], None, None, bars[0], bars[1]


def shape_there(points, values, xi):
    """The shape of the result; SciPy gives that of a single point another axis."""
    return np.shape(coordinates(xi, len(points)))[:-1] + np.shape(values)[len(points) :]


@jvp_rule((interpolate.RegularGridInterpolator, "()"))
def regular_grid_jvp(t, z, made, xi, method, nu, points, values, kind, bounds_error, fill_value, solver, solver_args):
    only_linear(kind, method, nu)
    unsupported(t[8] is not None, "scipy.interpolate.RegularGridInterpolator by what it is filled with")
    where = (points, values, xi, not bounds_error and fill_value is not None)
    dot = push(define(on_grid, where), where, (t[4], t[5], t[1], None))
    return np.reshape(dot, np.shape(z))


# ── surfaces ─────────────────────────────────────────────────────────────────────────────────────


def surface(pz, x, y, px, py, dx, dy, kx, ky, grid):
    """The values of the spline, or of its derivative; outside of the rectangle those at its edge, as FITPACK has it."""
    bx = of_degree(np.clip(x, px[0], px[-1]), dx, px, kx)
    by = of_degree(np.clip(y, py[0], py[-1]), dy, py, ky)
    if grid:
        return np.reshape(bx, (-1, np.shape(px)[0])) @ pz @ np.reshape(by, (-1, np.shape(py)[0])).T
    return np.sum((bx @ pz) * by, axis=-1)


@vjp_rule((interpolate.RectBivariateSpline, "()"))
def rect_bivariate(g, w, made, x, y, dx, dy, grid, px, py, z, bbox, kx, ky, s, maxit):
    refuse_active(px, KNOTS)
    refuse_active(py, KNOTS)
    only_interpolating(s, bbox)
    where = (z, x, y, px, py, dx, dy, kx, ky, grid)
    whole = np.reshape(g, (np.size(x), np.size(y))) if grid else g
    bars = pull(define(surface, where), where, whole)
    return None, bars[1], bars[2], None, None, None, None, None, bars[0]


@jvp_rule((interpolate.RectBivariateSpline, "()"))
def rect_bivariate_jvp(t, w, made, x, y, dx, dy, grid, px, py, z, bbox, kx, ky, s, maxit):
    unsupported(t[6] is not None, MOVING_KNOTS)
    unsupported(t[7] is not None, MOVING_KNOTS)
    only_interpolating(s, bbox)
    where = (z, x, y, px, py, dx, dy, kx, ky, grid)
    dots = (t[8], t[1], t[2], None, None, None, None, None, None, None)
    return np.reshape(push(define(surface, where), where, dots), np.shape(w))


def only_interpolating(s, bbox):
    unsupported(s != 0, "scipy.interpolate.RectBivariateSpline with smoothing")
    unsupported(any([end is not None for end in bbox]), "scipy.interpolate.RectBivariateSpline with bbox=")


refuse(
    interpolate.make_interp_spline, interpolate.splrep, interpolate.splev, interpolate.griddata,
    why="use CubicSpline, interp1d or RegularGridInterpolator, and call what it gives",
)  # fmt: skip
