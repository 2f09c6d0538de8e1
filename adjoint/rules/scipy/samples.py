"""scipy.integrate: integrals of samples.  Linear in the samples; by their places, the trapezoidal rule and Simpson's are
differentiated too.
"""

import numpy as np
from scipy import integrate

from adjoint.rules.functional import define, pull, push, refuse_active, unsupported
from adjoint.rules.helpers import at
from adjoint.rules.registry import constant, jvp_rule, refuse, vjp_rule


def spacing(x, dx, axis, ndim):
    """The lengths of the intervals, shaped to go with those between the samples along an axis."""
    if x is None:
        return dx
    d = np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
    return np.reshape(d, (-1,) + (1,) * (ndim - 1 - axis % ndim)) if np.ndim(x) == 1 else d


def toward(g, ndim, axis):
    """What the cotangents of intervals give to the samples at both of their ends."""
    zero = np.zeros_like(g[at(axis, slice(0, 1), ndim)])
    return np.concatenate((g, zero), axis=axis) + np.concatenate((zero, g), axis=axis)


def apart(g, ndim, axis):
    """What the cotangents of differences give to those they are the differences of."""
    zero = np.zeros_like(g[at(axis, slice(0, 1), ndim)])
    return np.concatenate((zero, g), axis=axis) - np.concatenate((g, zero), axis=axis)


def of_places(bar, x, ndim, axis):
    """The cotangent of the places, from that of the interval lengths."""
    if np.ndim(x) == 1:
        return apart(np.sum(bar, axis=tuple(k for k in range(ndim) if k != axis % ndim)), 1, 0)
    return apart(bar, ndim, axis)


def means(y, axis):
    n = np.ndim(y)
    return 0.5 * (y[at(axis, slice(1, None), n)] + y[at(axis, slice(None, -1), n)])


@vjp_rule(integrate.trapezoid)
def trapezoid(g, z, y, x=None, dx=1.0, axis=-1):
    n = np.ndim(y)
    g = np.expand_dims(g, axis)
    d = spacing(x, dx, axis, n)
    y_bar = toward(0.5 * g * d * np.ones_like(means(y, axis)), n, axis)
    if x is None:
        return y_bar, None, np.sum(g * means(y, axis))
    return y_bar, of_places(g * means(y, axis), x, n, axis)


@jvp_rule(integrate.trapezoid)
def trapezoid_jvp(t, z, y, x=None, dx=1.0, axis=-1):
    total = 0.0
    if t[0] is not None:
        total = integrate.trapezoid(t[0], x, dx, axis)
    if t[1] is not None:
        total = total + np.sum(means(y, axis) * spacing(t[1], dx, axis, np.ndim(y)), axis=axis)
    return total if t[2] is None else total + t[2] * np.sum(means(y, axis), axis=axis)


def since(g, ndim, axis):
    """Each interval counts in all sums after it."""
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


@vjp_rule(integrate.cumulative_trapezoid)
def cumulative_trapezoid(g, z, y, x=None, dx=1.0, axis=-1, initial=None):
    n = np.ndim(y)
    if initial is not None:
        g = g[at(axis, slice(1, None), n)]
    g = since(g, n, axis)
    y_bar = toward(0.5 * g * spacing(x, dx, axis, n), n, axis)
    if x is None:
        return y_bar, None, np.sum(g * means(y, axis))
    return y_bar, of_places(g * means(y, axis), x, n, axis)


@jvp_rule(integrate.cumulative_trapezoid)
def cumulative_trapezoid_jvp(t, z, y, x=None, dx=1.0, axis=-1, initial=None):
    total = 0.0
    if t[0] is not None:
        total = integrate.cumulative_trapezoid(t[0], x, dx, axis, initial)
    change = None
    if t[1] is not None:
        change = means(y, axis) * spacing(t[1], dx, axis, np.ndim(y))
    if t[2] is not None:
        change = t[2] * means(y, axis)
    if change is None:
        return total
    sums = np.cumsum(change, axis=axis)
    if initial is not None:
        sums = np.concatenate((np.zeros_like(sums[at(axis, slice(0, 1), np.ndim(y))]), sums), axis=axis)
    return total + sums


# Rules with weights: the weights are what the rule gives for each sample alone.


def cumulative_simpson_weights(n, x, starts):
    return integrate.cumulative_simpson(np.eye(n), x=x, axis=-1, initial=0.0 if starts else None)


def romb_weights(n):
    return integrate.romb(np.eye(n), axis=0)


constant(romb_weights, why="weights")
refuse(cumulative_simpson_weights, why="it is not differentiated by the places of its samples")


# ── Simpson's rule ───────────────────────────────────────────────────────────────────────────────


def parabolas(y, h):
    """The integral of the parabola through each three samples, with intervals of lengths h between them."""
    h0, h1 = h[..., ::2], h[..., 1::2]
    both = h0 + h1
    terms = y[..., :-2:2] * (2.0 - h1 / h0) + y[..., 1:-1:2] * (both * both / (h0 * h1)) + y[..., 2::2] * (2.0 - h0 / h1)
    return np.sum(both / 6.0 * terms, axis=-1)


def last_interval(y, h0, h1):
    """The integral over the last interval of the parabola through the last three samples."""
    after = y[..., -1] * (2.0 * h1 * h1 + 3.0 * h0 * h1) / (6.0 * (h0 + h1))
    middle = y[..., -2] * (h1 * h1 + 3.0 * h0 * h1) / (6.0 * h0)
    return after + middle - y[..., -3] * h1**3 / (6.0 * h0 * (h0 + h1))


def by_parabolas(y, x, dx, axis):
    """Simpson's rule; of an even number of samples the last interval by itself (Cartwright, "Simpson's rule cumulative
    integration with MS Excel and irregularly-spaced data", 2017)."""
    y, n = np.moveaxis(y, axis, -1), np.shape(y)[axis]
    if x is None:
        h = dx * np.ones(n - 1)
    else:
        h = np.diff(x) if np.ndim(x) == 1 else np.diff(np.moveaxis(x, axis, -1), axis=-1)
    if n == 2:
        return 0.5 * h[..., 0] * (y[..., 0] + y[..., 1])
    if n % 2 == 1:
        return parabolas(y, h)
    return parabolas(y[..., :-1], h[..., :-1]) + last_interval(y, h[..., -2], h[..., -1])


@vjp_rule(integrate.simpson)
def simpson(g, z, y, x=None, *, dx=1.0, axis=-1):
    where = (y, x, dx, axis)
    return pull(define(by_parabolas, where), where, g)


@jvp_rule(integrate.simpson)
def simpson_jvp(t, z, y, x=None, *, dx=1.0, axis=-1):
    where = (y, x, dx, axis)
    return push(define(by_parabolas, where), where, (t[0], t[1], t[2], None))


@vjp_rule(integrate.romb)
def romb(g, z, y, dx=1.0, axis=-1, show=False):
    weights = dx * romb_weights(np.shape(y)[axis])
    return np.moveaxis(np.expand_dims(g, -1) * weights, -1, axis), np.sum(g * z) / dx


@jvp_rule(integrate.romb)
def romb_jvp(t, z, y, dx=1.0, axis=-1, show=False):
    total = 0.0 if t[0] is None else integrate.romb(t[0], dx, axis)
    return total if t[1] is None else total + t[1] * z / dx


@vjp_rule(integrate.cumulative_simpson)
def cumulative_simpson(g, z, y, *, x=None, dx=1.0, axis=-1, initial=None):
    unsupported(x is not None and np.ndim(x) != 1, "scipy.integrate.cumulative_simpson with other places for each row")
    refuse_active(x, "cumulative_simpson is not differentiated by the places of its samples")
    weights = cumulative_simpson_weights(np.shape(y)[axis], x, initial is not None)
    if x is None:
        weights = dx * weights
    y_bar = np.moveaxis(np.moveaxis(g, axis, -1) @ weights.T, -1, axis)
    dx_bar = np.sum(g * (z if initial is None else z - initial)) / dx
    return y_bar, None, dx_bar, None, None if initial is None else np.sum(g)
