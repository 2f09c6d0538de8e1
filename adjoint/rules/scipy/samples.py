"""scipy.integrate: integrals of samples.  Linear in the samples; by their places, the trapezoidal rule is differentiated
too, Simpson's is not linear in them and is given by its intervals.
"""

import numpy as np
from scipy import integrate

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.helpers import at
from adjoint.rules.registry import jvp_rule, refuse, vjp_rule


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


def simpson_matrix(n, x, dx):
    return integrate.simpson(np.eye(n), x=x, dx=dx, axis=0)


def cumulative_simpson_matrix(n, x, dx, starts):
    return integrate.cumulative_simpson(np.eye(n), x=x, dx=dx, axis=-1, initial=0.0 if starts else None)


def romb_matrix(n, dx):
    return integrate.romb(np.eye(n), dx=dx, axis=0)


refuse(romb_matrix, simpson_matrix, cumulative_simpson_matrix, why="the second derivative by the places of samples")


def one_row(x):
    unsupported(x is not None and np.ndim(x) != 1, "Simpson's rule with other places for each row")


@vjp_rule(integrate.simpson)
def simpson(g, z, y, x=None, *, dx=1.0, axis=-1):
    one_row(x)
    weights = simpson_matrix(np.shape(y)[axis], x, dx)
    y_bar = np.moveaxis(np.expand_dims(g, -1) * weights, -1, axis)
    if x is None:
        return y_bar, None, np.sum(g * z) / dx
    return y_bar, places_of_simpson(np.moveaxis(y, axis, -1), x, g)


def places_of_simpson(y, x, g):
    """By the places: central differences of the weights, which are rational functions of them."""
    n = np.shape(x)[0]
    h = 1e-3 * np.min(np.abs(np.diff(x)))
    flat, bars = np.reshape(y, (-1, n)).T @ np.ravel(g), np.zeros(n)
    for k in range(n):
        for step, weight in ((1, 0.8), (2, -0.2), (3, 4.0 / 105.0), (4, -1.0 / 280.0)):
            e = np.zeros(n)
            e[k] = step * h
            bars[k] += weight / h * (flat @ (simpson_matrix(n, x + e, 1.0) - simpson_matrix(n, x - e, 1.0)))
    return bars


@vjp_rule(integrate.romb)
def romb(g, z, y, dx=1.0, axis=-1, show=False):
    weights = romb_matrix(np.shape(y)[axis], dx)
    return np.moveaxis(np.expand_dims(g, -1) * weights, -1, axis), np.sum(g * z) / dx


@jvp_rule(integrate.romb)
def romb_jvp(t, z, y, dx=1.0, axis=-1, show=False):
    total = 0.0 if t[0] is None else integrate.romb(t[0], dx, axis)
    return total if t[1] is None else total + t[1] * z / dx


@vjp_rule(integrate.cumulative_simpson)
def cumulative_simpson(g, z, y, *, x=None, dx=1.0, axis=-1, initial=None):
    one_row(x)
    refuse_active(x, "cumulative_simpson is not differentiated by the places of its samples")
    weights = cumulative_simpson_matrix(np.shape(y)[axis], x, dx, initial is not None)
    y_bar = np.moveaxis(np.moveaxis(g, axis, -1) @ weights.T, -1, axis)
    dx_bar = np.sum(g * (z if initial is None else z - initial)) / dx
    return y_bar, None, dx_bar, None, None if initial is None else np.sum(g)
