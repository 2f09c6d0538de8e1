"""Running sums and products, and differences: cumsum, cumprod, diff, gradient, trapezoid.

The transpose of a running sum is one the other way.  That of a difference is the difference of g between
zeros, negated.  Products are differentiated without a division, so that zeros among the factors do no
harm.
"""

import numpy as np

from adjoint.rules.helpers import (
    at, axes_of, before, band_index, gradient_bands, gradient_combs, gradient_widths, present, recur, rest, scatter,
)  # fmt: skip
from adjoint.rules.registry import jvp_rule, known, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

# ── running sums and products ────────────────────────────────────────────────────────────────────


@vjp_rule(np.cumsum, np.ndarray.cumsum, linear=True)
def cumsum(g, z, a, axis=None, dtype=None, out=None):
    if axis is None:
        return np.reshape(np.cumsum(g[::-1])[::-1], np.shape(a))
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


@vjp_rule(*present(np, "cumulative_sum"), linear=True)
def cumulative_sum(g, z, x, axis=None, dtype=None, out=None, include_initial=False):
    axis = 0 if axis is None else axis
    g = g[at(axis, slice(1, None), np.ndim(x))] if include_initial else g
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


@vjp_rule(np.nancumsum)
def nancumsum(g, z, a, axis=None, dtype=None, out=None):
    return np.where(np.isnan(a), 0.0, cumsum(g, z, a, axis))


@jvp_rule(np.nancumsum)
def nancumsum_jvp(t, z, a, axis=None, dtype=None, out=None):
    return np.cumsum(np.where(np.isnan(a), 0.0, t[0]), axis)


def cumprod_last(g, z, x):
    """Along the last axis: x̄[i] = (x[0] … x[i-1]) r[i], where r[i] = g[i] + x[i+1] r[i+1]."""
    ahead = before(x[..., ::-1], 0.0)
    return before(z, 1.0) * recur(ahead, g[..., ::-1])[..., ::-1]


@vjp_rule(np.cumprod, np.ndarray.cumprod)
def cumprod(g, z, a, axis=None, dtype=None, out=None):
    if axis is None:
        return np.reshape(cumprod_last(g, z, np.ravel(a)), np.shape(a))
    last = cumprod_last(np.moveaxis(g, axis, -1), np.moveaxis(z, axis, -1), np.moveaxis(a, axis, -1))
    return np.moveaxis(last, -1, axis)


@jvp_rule(np.cumprod, np.ndarray.cumprod)
def cumprod_jvp(t, z, a, axis=None, dtype=None, out=None):
    """ż[i] = x[i] ż[i-1] + z[i-1] ẋ[i]."""
    if axis is None:
        return recur(np.ravel(a), before(z, 1.0) * np.ravel(t[0]))
    z, a, a_dot = np.moveaxis(z, axis, -1), np.moveaxis(a, axis, -1), np.moveaxis(t[0], axis, -1)
    return np.moveaxis(recur(a, before(z, 1.0) * a_dot), -1, axis)


@vjp_rule(np.nancumprod)
def nancumprod(g, z, a, axis=None, dtype=None, out=None):
    return np.where(np.isnan(a), 0.0, cumprod(g, z, np.where(np.isnan(a), 1.0, a), axis))


@jvp_rule(np.nancumprod)
def nancumprod_jvp(t, z, a, axis=None, dtype=None, out=None):
    return cumprod_jvp((np.where(np.isnan(a), 0.0, t[0]),), z, np.where(np.isnan(a), 1.0, a), axis)


@vjp_rule(*present(np, "cumulative_prod"))
def cumulative_prod(g, z, x, axis=None, dtype=None, out=None, include_initial=False):
    axis = 0 if axis is None else axis
    if include_initial:
        g = g[at(axis, slice(1, None), np.ndim(x))]
        z = z[at(axis, slice(1, None), np.ndim(x))]
    return cumprod(g, z, x, axis)


@jvp_rule(*present(np, "cumulative_prod"))
def cumulative_prod_jvp(t, z, x, axis=None, dtype=None, out=None, include_initial=False):
    axis = 0 if axis is None else axis
    if not include_initial:
        return cumprod_jvp(t, z, x, axis)
    start = at(axis, slice(0, 1), np.ndim(x))
    z_dot = cumprod_jvp(t, z[at(axis, slice(1, None), np.ndim(x))], x, axis)
    return np.concatenate((np.zeros_like(z[start]), z_dot), axis=axis)


# ── differences ──────────────────────────────────────────────────────────────────────────────────


def undiff(g, n, axis):
    """The transpose of n differences: each a difference of g between zeros, negated."""
    zero = np.zeros_like(g[at(axis, slice(0, 1), np.ndim(g))]) if np.shape(g)[axis] else zeros_one(g, axis)
    for _ in range(n):
        g = -np.diff(np.concatenate((zero, g, zero), axis=axis), axis=axis)
    return g


def zeros_one(g, axis):
    return np.zeros(np.shape(g)[: axis % np.ndim(g)] + (1,) + np.shape(g)[axis % np.ndim(g) + 1 :], np.result_type(g))


@vjp_rule(np.diff)
def diff(g, z, a, n=1, axis=-1, prepend=None, append=None):
    if n == 0:
        return g
    first = 0 if prepend is None else 1 if np.ndim(prepend) == 0 else np.shape(prepend)[axis]
    last = first + np.shape(a)[axis]
    length = last + (0 if append is None else 1 if np.ndim(append) == 0 else np.shape(append)[axis])
    bar = undiff(g, min(n, length) if known(length) else n, axis)  # of fewer entries there is no difference
    ndim = np.ndim(a)
    a_bar = bar if prepend is None and append is None else bar[at(axis, slice(first, last), ndim)]
    prepend_bar = None if prepend is None else bar[at(axis, slice(0, first), ndim)]
    append_bar = None if append is None else bar[at(axis, slice(last, None), ndim)]
    return a_bar, None, None, prepend_bar, append_bar


@jvp_rule(np.diff)
def diff_jvp(t, z, a, n=1, axis=-1, prepend=None, append=None):
    parts = [
        np.broadcast_to(np.zeros_like(x) if x_dot is None else x_dot, joined_shape(x, a, axis))
        for x, x_dot in ((prepend, t[3]), (a, t[0]), (append, t[4]))
        if x is not None
    ]
    return np.diff(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=axis), n, axis)


def joined_shape(x, a, axis):
    """The shape of what np.diff joins to `a`: a number stands for one entry."""
    shape = np.shape(a)
    return np.shape(x) if np.ndim(x) > 0 else shape[: axis % len(shape)] + (1,) + shape[axis % len(shape) + 1 :]


@vjp_rule(np.ediff1d)
def ediff1d(g, z, ary, to_end=None, to_begin=None):
    first = 0 if to_begin is None else np.size(to_begin)
    last = first + max(np.size(ary) - 1, 0)
    a_bar = np.reshape(undiff(g[first:last], 1, 0) if np.size(ary) > 0 else g[0:0], np.shape(ary))
    end_bar = None if to_end is None else np.reshape(g[last:], np.shape(to_end))
    return a_bar, end_bar, None if to_begin is None else np.reshape(g[:first], np.shape(to_begin))


@jvp_rule(np.ediff1d)
def ediff1d_jvp(t, z, ary, to_end=None, to_begin=None):
    a_dot = np.zeros_like(ary) if t[0] is None else t[0]
    end_dot = None if to_end is None else np.zeros_like(to_end) if t[1] is None else t[1]
    return np.ediff1d(a_dot, end_dot, None if to_begin is None else np.zeros_like(to_begin) if t[2] is None else t[2])


@vjp_rule(np.trapezoid)
def trapezoid(g, z, y, x=None, dx=1.0, axis=-1):
    """Each panel is width * (left + right) / 2."""
    ndim = np.ndim(y)
    left, right = at(axis, slice(0, -1), ndim), at(axis, slice(1, None), ndim)
    g = np.expand_dims(g, axis)
    half = 0.5 * (g * (dx if x is None else panel_widths(x, axis, ndim)))
    y = np.asarray(y)
    half = np.broadcast_to(half, np.shape(y[left]))
    zero = np.zeros_like(half[at(axis, slice(0, 1), ndim)])
    y_bar = np.concatenate((half, zero), axis=axis) + np.concatenate((zero, half), axis=axis)
    width_bar = 0.5 * g * (y[left] + y[right])
    if x is None:
        return y_bar, None, width_bar
    return y_bar, undiff(along(width_bar, axis, ndim), 1, 0) if np.ndim(x) == 1 else undiff(width_bar, 1, axis)


@jvp_rule(np.trapezoid)
def trapezoid_jvp(t, z, y, x=None, dx=1.0, axis=-1):
    total = None if t[0] is None else np.trapezoid(t[0], x, dx, axis)
    if t[1] is not None:
        total = tangent_sum(total, np.trapezoid(y, t[1], axis=axis))
    return tangent_sum(total, None if t[2] is None else np.trapezoid(y, None, t[2], axis))


def panel_widths(x, axis, ndim):
    """As an array that broadcasts against the panels."""
    if np.ndim(x) > 1:
        return np.diff(x, axis=axis)
    return np.reshape(np.diff(x), (-1,) + (1,) * (ndim - 1 - axis % ndim))


def along(x, axis, ndim):
    """The sum over all axes but one."""
    return np.sum(x, axis=rest(axis, ndim))


@vjp_rule(np.gradient)
def gradient(g, z, f, *varargs, axis=None, edge_order=1):
    """Each entry is made of those at most two places away: `bands[d]` is what is taken from d places on.

    A spacing that is a number divides the result; for coordinates see `by_widths`.
    """
    axes = axes_of(axis, np.ndim(f))
    results, bars = ((z,), (g,)) if len(axes) == 1 else (z, g)
    given = [k for k in range(len(axes)) if bars[k] is not None]
    spacings = varargs if len(varargs) == len(axes) else (varargs if len(varargs) == 1 else (1.0,)) * len(axes)
    f_bar = sum([from_bands(bars[k], f, axes[k], spacings[k], edge_order) for k in given])
    if len(varargs) == 0:
        return f_bar
    slower = [
        None if bars[k] is None else spacing_bar(bars[k], results[k], f, axes[k], spacings[k], edge_order)
        for k in tuple(range(len(axes)))
    ]
    if len(varargs) < len(axes):
        return f_bar, sum([np.sum(slower[k]) for k in given])
    return f_bar, *slower


def from_bands(g, f, axis, spacing, edge_order):
    """The cotangent along one axis: what each entry was taken from, d places on, goes back d places."""
    bands = gradient_bands(np.shape(f)[axis], spacing, edge_order, np.ndim(f) - 1 - axis)
    return sum([np.roll(bands[d + 2] * g, d, axis) for d in (-2, -1, 0, 1, 2)])


# The bands are those of np.gradient itself, of combs that are 1 at every fifth entry: see `gradient_bands`.


@vjp_rule(gradient_bands)
def gradient_bands_vjp(g, z, n, spacing, edge_order, behind):
    index, inside = band_index(n)
    combs = gradient_combs(n)
    slopes = np.gradient(combs, spacing, axis=1, edge_order=edge_order)
    slopes_bar = scatter(np.reshape(g, (5, n)) * inside, index, (5, n))
    return None, spacing_bar(slopes_bar, slopes, combs, 1, spacing, edge_order)


@jvp_rule(gradient_bands)
def gradient_bands_jvp(t, z, n, spacing, edge_order, behind):
    index, inside = band_index(n)
    combs = gradient_combs(n)
    slopes = np.gradient(combs, spacing, axis=1, edge_order=edge_order)
    return np.reshape(spacing_dot(t[1], slopes, combs, 1, spacing, edge_order)[index] * inside, np.shape(z))


@jvp_rule(np.gradient)
def gradient_jvp(t, z, f, *varargs, axis=None, edge_order=1):
    """As for the VJP."""
    f_dot = np.zeros_like(f) if t[0] is None else t[0]
    z_dot = np.gradient(f_dot, *varargs, axis=axis, edge_order=edge_order)
    if len(varargs) == 0:
        return z_dot
    axes, n = axes_of(axis, np.ndim(f)), len(varargs)
    if len(axes) == 1:
        return z_dot if t[1] is None else z_dot + spacing_dot(t[1], z, f, axes[0], varargs[0], edge_order)
    return tuple([
        z_dot[k]
        if t[1 + k % n] is None
        else z_dot[k] + spacing_dot(t[1 + k % n], z[k], f, axes[k], varargs[k % n], edge_order)
        for k in range(len(z))
    ])  # fmt: skip


def spacing_bar(g, z, f, axis, spacing, edge_order):
    """The cotangent of a spacing: of a number, which divides, or of the coordinates along an axis."""
    if np.ndim(spacing) == 0:
        return -(g * z / spacing)
    first, second, left, right = by_widths(z, f, axis, np.asarray(spacing), edge_order)
    g, n = np.moveaxis(g, axis, -1), len(spacing)
    every = tuple(range(np.ndim(f) - 1))
    width_bar = scatter(np.sum(g * left, axis=every), first, (n - 1,))
    return undiff(width_bar + scatter(np.sum(g * right, axis=every), second, (n - 1,)), 1, 0)


def spacing_dot(t, z, f, axis, spacing, edge_order):
    """What a change of the spacing does to the result."""
    if np.ndim(spacing) == 0:
        return -(t * z / spacing)
    first, second, left, right = by_widths(z, f, axis, np.asarray(spacing), edge_order)
    width_dot = np.diff(t)
    return np.moveaxis(left * np.take(width_dot, first) + right * np.take(width_dot, second), -1, axis)


def by_widths(z, f, axis, x, edge_order):
    """How each entry of np.gradient changes with the two widths that it is made of, the axis being last.

    Between widths h₁, h₂ with the slopes s₁, s₂ it is z = (h₂ s₁ + h₁ s₂) / (h₁ + h₂).  At the ends it is the
    slope, or with edge_order=2 that of the parabola, s₁ - h₁ (s₂ - s₁) / (h₁ + h₂) at the first.
    """
    z, h, n = np.moveaxis(z, axis, -1), np.diff(x), len(x)
    s = np.diff(np.moveaxis(f, axis, -1)) / h
    h1, h2, s1, s2 = h[:-1], h[1:], s[..., :-1], s[..., 1:]
    d = h1 + h2
    left, right = (s2 - z[..., 1:-1]) / d - h2 * s1 / (d * h1), (s1 - z[..., 1:-1]) / d - h1 * s2 / (d * h2)
    none = np.zeros_like(z[..., :1])
    if edge_order == 1:
        start, end = (-z[..., :1] / h[0], none), (none, -z[..., -1:] / h[-1])
    else:
        bend = (s2 - s1) / (d * d)
        start = (-(s1 / h1 + s1 / d + bend * h2))[..., :1], (h1 * s2 / (d * h2) + bend * h1)[..., :1]
        end = (h2 * s1 / (d * h1) - bend * h2)[..., -1:], (-(s2 / h2 + s2 / d) + bend * h1)[..., -1:]
    first, second = gradient_widths(n)
    left = np.concatenate((start[0], left, end[0]), axis=-1)
    return first, second, left, np.concatenate((start[1], right, end[1]), axis=-1)
