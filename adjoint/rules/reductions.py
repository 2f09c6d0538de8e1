"""Reductions: sum, mean, average, prod, max, min, ptp, var, std, their nan-versions, cov.

The cotangent of a reduction is repeated along the axes that were reduced (`spread`).  Each rule takes
`axis`, `keepdims`, `where` and `initial` as NumPy does.

Ties of max and min share the cotangent equally.  std is given derivative 0 where it is 0 (all entries
equal).  Products are differentiated without a division, so that zeros among the factors do no harm.
Entries that a nan-function skips get 0.

Running sums are in differences.py, order statistics (median, quantile) in sorting.py.
"""

import numpy as np

from adjoint.rules.helpers import (
    axes_of,
    before,
    count,
    inverse,
    permuted,
    reduced_last,
    rest,
)
from adjoint.rules.registry import jvp_rule, refuse, vjp_rule
from adjoint.rules.ufuncs import tangent_sum


def unreduce(g, axis, keepdims):
    """With the reduced axes back in place, of length one."""
    return g if axis is None or keepdims else np.expand_dims(g, axis)


def spread(g, a, axis, keepdims):
    """The cotangent of a reduction of `a`, repeated along the reduced axes."""
    return np.broadcast_to(unreduce(g, axis, keepdims), np.shape(a))


def masked(x, where):
    """x where the reduction looks at it."""
    return x if where is True else np.where(where, x, 0.0)


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.sum, np.ndarray.sum)
def sum_(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return masked(spread(g, a, axis, keepdims), where), None, None, None, None, g


def summed(x, axis, keepdims, where):
    """np.sum, said no longer than it has to be."""
    if where is True and keepdims is False:
        return np.sum(x) if axis is None else np.sum(x, axis=axis)
    return np.sum(x, axis=axis, keepdims=keepdims, where=where)


@jvp_rule(np.sum, np.ndarray.sum)
def sum_jvp(t, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    total = None if t[0] is None else summed(t[0], axis, keepdims, where)
    return total if initial is None else tangent_sum(total, t[5])


@vjp_rule(np.nansum)
def nansum(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return np.where(np.isnan(a), 0.0, masked(spread(g, a, axis, keepdims), where)), None, None, None, None, g


@jvp_rule(np.nansum)
def nansum_jvp(t, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    a_dot = None if t[0] is None else np.where(np.isnan(a), 0.0, t[0])
    return sum_jvp((a_dot, *t[1:]), z, a, axis, dtype, out, keepdims, initial, where)


@vjp_rule(np.mean, np.ndarray.mean, linear=True)
def mean(g, z, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    if where is True:
        return spread(g / count(np.shape(a), axis), a, axis, keepdims)
    n = np.sum(np.broadcast_to(where, np.shape(a)), axis=axis, keepdims=True, dtype=z.dtype)
    return np.where(where, unreduce(g, axis, keepdims) / n, 0.0)


@vjp_rule(np.nanmean)
def nanmean(g, z, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    n = np.sum(valid, axis=axis, keepdims=True, dtype=z.dtype)
    return np.where(valid, unreduce(g, axis, keepdims) / n, 0.0)


@jvp_rule(np.nanmean)
def nanmean_jvp(t, z, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    return np.mean(t[0], axis=axis, keepdims=keepdims, where=valid)


@vjp_rule(np.average)
def average(g, z, a, axis=None, weights=None, returned=False, keepdims=False):
    z_bar, total_bar = g if returned else (g, None)
    value = z[0] if returned else z
    if weights is None:
        return None if z_bar is None else spread(z_bar / count(np.shape(a), axis), a, axis, keepdims)
    w = weights_along(weights, a, axis)
    total = np.sum(w, axis=axis, keepdims=True)
    w_bar = np.zeros_like(w)
    a_bar = None
    if z_bar is not None:
        share = unreduce(z_bar, axis, keepdims) / total
        a_bar = share * w
        w_bar = share * (a - unreduce(value, axis, keepdims))
    if total_bar is not None:
        w_bar = w_bar + unreduce(total_bar, axis, keepdims)
    return a_bar, None, weights_bar(w_bar, weights, a, axis)


@jvp_rule(np.average)
def average_jvp(t, z, a, axis=None, weights=None, returned=False, keepdims=False):
    if weights is None:
        z_dot = np.mean(t[0], axis=axis, keepdims=keepdims)
        return (z_dot, None) if returned else z_dot
    w = weights_along(weights, a, axis)
    value = unreduce(z[0] if returned else z, axis, keepdims)
    rate = 0.0 if t[0] is None else w * t[0]
    w_dot = np.zeros_like(w) if t[2] is None else weights_along(t[2], a, axis)
    rate = (rate + w_dot * (a - value)) / np.sum(w, axis=axis, keepdims=True)
    z_dot = np.sum(rate, axis=axis, keepdims=keepdims)
    return (z_dot, np.sum(w_dot, axis=axis, keepdims=keepdims)) if returned else z_dot


def weights_along(weights, a, axis):
    """The weights of np.average, as an array that broadcasts against `a` to its shape."""
    if np.shape(weights) == np.shape(a):
        return np.broadcast_to(weights, np.shape(a))
    axes = axes_of(axis, np.ndim(a))
    w = np.transpose(weights, np.argsort(axes)) if len(axes) > 1 else weights
    return np.broadcast_to(np.expand_dims(w, rest(axes, np.ndim(a))), np.shape(a))


def weights_bar(w_bar, weights, a, axis):
    if np.shape(weights) == np.shape(a):
        return w_bar
    axes = axes_of(axis, np.ndim(a))
    summed = np.sum(np.broadcast_to(w_bar, np.shape(a)), axis=rest(axes, np.ndim(a)))
    return np.transpose(summed, np.argsort(np.argsort(axes))) if len(axes) > 1 else summed


# ── largest and smallest ─────────────────────────────────────────────────────────────────────────


def tied(z, a, axis, keepdims, where, initial):
    """Which entries are the result, and how many they are."""
    z_again = unreduce(z, axis, keepdims)
    ties = np.equal(a, z_again) if where is True else np.equal(a, z_again) & where
    n = np.sum(ties, axis=axis, keepdims=axis is not None, dtype=np.result_type(z))
    return ties, n if initial is None else n + (z_again == initial)


@vjp_rule(
    np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin, np.ndarray.max, np.ndarray.min
)  # fmt: skip
def max_(g, z, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    ties, n = tied(z, a, axis, keepdims, where, initial)
    share = unreduce(g, axis, keepdims) / n
    a_bar = np.where(ties, share, 0.0)
    if initial is None:
        return a_bar
    return a_bar, None, None, None, np.where(unreduce(z, axis, keepdims) == initial, share, 0.0)


@jvp_rule(
    np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin, np.ndarray.max, np.ndarray.min
)  # fmt: skip
def max_jvp(t, z, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    ties, n = tied(z, a, axis, keepdims, where, initial)
    total = None if t[0] is None else np.sum(np.where(ties, t[0] / n, 0.0), axis=axis, keepdims=keepdims)
    if initial is None or t[4] is None:
        return total
    n = n if keepdims else np.reshape(n, np.shape(z))
    return tangent_sum(total, np.where(z == initial, t[4] / n, 0.0))


@vjp_rule(np.ptp)
def ptp(g, z, a, axis=None, out=None, keepdims=False):
    top = max_(g, np.max(a, axis=axis, keepdims=keepdims), a, axis, None, keepdims)
    bottom = max_(g, np.min(a, axis=axis, keepdims=keepdims), a, axis, None, keepdims)
    return top - bottom


@jvp_rule(np.ptp)
def ptp_jvp(t, z, a, axis=None, out=None, keepdims=False):
    top = max_jvp(t, np.max(a, axis=axis, keepdims=keepdims), a, axis, None, keepdims)
    return top - max_jvp(t, np.min(a, axis=axis, keepdims=keepdims), a, axis, None, keepdims)


# ── variance ─────────────────────────────────────────────────────────────────────────────────────


def deviation(a, axis, where, mean):
    """Entries less their mean, conjugated, zero where not looked at."""
    if mean is None and where is True:
        mean = np.mean(a, axis=axis, keepdims=True)
    elif mean is None:
        mean = np.mean(a, axis=axis, keepdims=True, where=where)
    d = masked(a - mean, where)
    return np.conjugate(d) if np.iscomplexobj(a) else d


def degrees(a, axis, where, ddof, correction):
    """What the sum of squares was divided by."""
    n = count(np.shape(a), axis)
    if where is not True:
        n = np.sum(np.broadcast_to(where, np.shape(a)), axis=axis, keepdims=True, dtype=np.result_type(a))
    return n - (ddof if correction is None else correction)


@vjp_rule(np.var, np.ndarray.var)
def var(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None):
    d = deviation(a, axis, where, mean)
    a_bar = 2.0 * unreduce(g, axis, keepdims) / degrees(a, axis, where, ddof, correction) * d
    if mean is None:
        return a_bar
    return a_bar, None, None, None, None, None, None, -a_bar


@jvp_rule(np.var, np.ndarray.var)
def var_jvp(t, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None):
    d = deviation(a, axis, where, mean)
    a_dot = t[0] if mean is None or t[7] is None else (-t[7] if t[0] is None else t[0] - t[7])
    total = np.sum(np.real(d * a_dot), axis=axis, keepdims=True) * 2.0 / degrees(a, axis, where, ddof, correction)
    return np.reshape(total, np.shape(z))


@vjp_rule(np.std, np.ndarray.std)
def std(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None):
    d = deviation(a, axis, where, mean)
    scale = unreduce(g / (z + (z == 0)), axis, keepdims)
    a_bar = scale / degrees(a, axis, where, ddof, correction) * d
    if mean is None:
        return a_bar
    return a_bar, None, None, None, None, None, None, -a_bar


@jvp_rule(np.std, np.ndarray.std)
def std_jvp(t, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None):
    d = deviation(a, axis, where, mean)
    a_dot = t[0] if mean is None or t[7] is None else (-t[7] if t[0] is None else t[0] - t[7])
    total = np.sum(np.real(d * a_dot), axis=axis, keepdims=True) / degrees(a, axis, where, ddof, correction)
    return np.reshape(total, np.shape(z)) / (z + (z == 0))


@vjp_rule(np.nanvar)
def nanvar(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None):
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    known_a = np.where(valid, a, 0.0)
    return var(g, z, known_a, axis, dtype, out, ddof, keepdims, valid, mean, correction)


@vjp_rule(np.nanstd)
def nanstd(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None, correction=None):
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    known_a = np.where(valid, a, 0.0)
    return std(g, z, known_a, axis, dtype, out, ddof, keepdims, valid, mean, correction)


@jvp_rule(np.nanvar)
def nanvar_jvp(t, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None,
               correction=None):  # fmt: skip
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    known_a = np.where(valid, a, 0.0)
    return var_jvp(t, z, known_a, axis, dtype, out, ddof, keepdims, valid, mean, correction)


@jvp_rule(np.nanstd)
def nanstd_jvp(t, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None,
               correction=None):  # fmt: skip
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    known_a = np.where(valid, a, 0.0)
    return std_jvp(t, z, known_a, axis, dtype, out, ddof, keepdims, valid, mean, correction)


# ── products ─────────────────────────────────────────────────────────────────────────────────────


def gather(a, axis):
    """The entries that a reduction joins, along one last axis."""
    if axis is None:
        return np.ravel(a)
    if np.ndim(a) == 1:
        return a
    axes = axes_of(axis, np.ndim(a))
    moved = np.transpose(a, reduced_last(axes, np.ndim(a)))
    return np.reshape(moved, np.shape(moved)[: np.ndim(a) - len(axes)] + (count(np.shape(a), axes),))


def ungather(x, a, axis):
    """Back from `gather`."""
    if axis is None:
        return np.reshape(x, np.shape(a))
    if np.ndim(a) == 1:
        return x
    order = reduced_last(axis, np.ndim(a))
    return np.transpose(np.reshape(x, permuted(np.shape(a), order)), inverse(order, np.ndim(a)))


def others(x):
    """For each entry the product of all others along the last axis: those before it times those after it."""
    return before(np.cumprod(x, axis=-1), 1.0) * before(np.cumprod(x[..., ::-1], axis=-1), 1.0)[..., ::-1]


@vjp_rule(np.prod, np.ndarray.prod)
def prod(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    a = a if where is True else np.where(where, a, 1.0)
    a_bar = masked(unreduce(g, axis, keepdims) * ungather(others(gather(a, axis)), a, axis), where)
    if initial is None:
        return a_bar
    return a_bar * initial, None, None, None, None, g * np.prod(a, axis=axis, keepdims=keepdims)


@jvp_rule(np.prod, np.ndarray.prod)
def prod_jvp(t, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    a = a if where is True else np.where(where, a, 1.0)
    total = None
    if t[0] is not None:
        a_dot = masked(t[0] * ungather(others(gather(a, axis)), a, axis), where)
        total = np.sum(a_dot, axis=axis, keepdims=keepdims)
    if initial is None:
        return total
    total = None if total is None else total * initial
    return tangent_sum(total, None if t[5] is None else t[5] * np.prod(a, axis=axis, keepdims=keepdims))


@vjp_rule(np.nanprod)
def nanprod(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    return prod(g, z, np.where(valid, a, 1.0), axis, dtype, out, keepdims, initial, valid)


@jvp_rule(np.nanprod)
def nanprod_jvp(t, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    valid = np.logical_and(where, np.logical_not(np.isnan(a)))
    return prod_jvp(t, z, np.where(valid, a, 1.0), axis, dtype, out, keepdims, initial, valid)


# ── covariance ───────────────────────────────────────────────────────────────────────────────────


def variables(m, rowvar):
    """One variable a row."""
    x = np.asarray(m)
    x = np.reshape(x, (1, -1)) if np.ndim(x) == 1 else x
    return x if rowvar or np.ndim(m) == 1 else np.transpose(x)


def weighted(m, y, rowvar, bias, ddof, fweights, aweights):
    """Deviations from the mean, frequencies, weights, what the sum is divided by, and how that grows with aweights."""
    x = variables(m, rowvar)
    if y is not None:
        x = np.concatenate((x, variables(y, rowvar)), axis=0)
    n = np.shape(x)[1]
    f = np.ones(n) if fweights is None else np.asarray(fweights)
    a = np.ones(n) if aweights is None else np.asarray(aweights)
    w = f * a
    ddof = (0 if bias else 1) if ddof is None else ddof
    total = np.sum(w)
    fact = total - ddof * np.sum(w * a) / total
    rate = f - ddof * (2.0 * w - np.sum(w * a) * f / total) / total
    return x - np.expand_dims(x @ w / total, 1), f, w, fact, rate


@vjp_rule(np.cov)
def cov(g, z, m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, dtype=None):
    """(x - mean) w (x - mean)ᴴ / fact.  The mean's own share is zero, as weighted deviations sum to zero."""
    rows = np.shape(variables(m, rowvar))[0]
    x, f, w, fact, fact_rate = weighted(m, y, rowvar, bias, ddof, fweights, aweights)
    g = np.reshape(g, (np.shape(x)[0], np.shape(x)[0]))
    x_bar = (g + np.conj(np.transpose(g))) @ np.conj(x) * (w / fact)
    m_bar = x_bar[:rows] if rowvar or np.ndim(m) == 1 else np.transpose(x_bar[:rows])
    y_bar = x_bar[rows:] if rowvar or y is None or np.ndim(y) == 1 else np.transpose(x_bar[rows:])
    a_bar = None
    if aweights is not None:
        fact_bar = -np.sum(g * z) / fact
        a_bar = np.real(f * np.sum(x * (g @ np.conj(x)), axis=0) / fact + fact_bar * fact_rate)
    return (
        np.reshape(m_bar, np.shape(m)), None if y is None else np.reshape(y_bar, np.shape(y)),
        None, None, None, None, a_bar,
    )  # fmt: skip


@jvp_rule(np.cov)
def cov_jvp(t, z, m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, dtype=None):
    x, f, w, fact, fact_rate = weighted(m, y, rowvar, bias, ddof, fweights, aweights)
    x_dot = np.zeros_like(variables(m, rowvar)) if t[0] is None else variables(t[0], rowvar)
    if y is not None:
        y_dot = np.zeros_like(variables(y, rowvar)) if t[1] is None else variables(t[1], rowvar)
        x_dot = np.concatenate((x_dot, y_dot), axis=0)
    half = (x_dot * w) @ np.conj(np.transpose(x))
    z_dot = (half + np.conj(np.transpose(half))) / fact
    if aweights is not None and t[6] is not None:
        weighted_dot = (x * (f * t[6])) @ np.conj(np.transpose(x)) / fact
        z_dot = z_dot + weighted_dot - np.reshape(z, np.shape(z_dot)) * (np.sum(fact_rate * t[6]) / fact)
    return np.reshape(z_dot, np.shape(z))


@vjp_rule(np.corrcoef)
def corrcoef(g, z, x, y=None, rowvar=True, dtype=None):
    """c / (s sᵀ), where s² is the diagonal of the covariance c."""
    if np.ndim(z) == 0:
        return None
    c = np.cov(x, y, rowvar)
    s = np.sqrt(np.real(np.diagonal(c)))
    scaled = np.real(g * z)
    s2_bar = -0.5 * (np.sum(scaled, axis=0) + np.sum(scaled, axis=1)) / (s * s)
    c_bar = g / np.outer(s, s) + np.diag(s2_bar)
    bars = cov(c_bar, c, x, y, rowvar)
    return bars[0], bars[1]


@jvp_rule(np.corrcoef)
def corrcoef_jvp(t, z, x, y=None, rowvar=True, dtype=None):
    if np.ndim(z) == 0:
        return None
    c = np.cov(x, y, rowvar)
    c_dot = cov_jvp(t[:2], c, x, y, rowvar)
    s = np.sqrt(np.real(np.diagonal(c)))
    rate = 0.5 * np.real(np.diagonal(c_dot)) / (s * s)
    return c_dot / np.outer(s, s) - z * (np.expand_dims(rate, 1) + rate)


# ── arrays with operators of their own ───────────────────────────────────────────────────────────

refuse(
    np.ma.array, np.ma.MaskedArray, np.ma.masked_where, np.ma.masked_invalid, np.ma.masked_equal, np.ma.masked_greater,
    np.ma.masked_greater_equal, np.ma.masked_less, np.ma.masked_less_equal, np.ma.masked_inside, np.ma.masked_outside,
    np.ma.masked_values, why="masked arrays are not followed; use `np.where`, or the `where=` of sums and means",
)  # fmt: skip
refuse(np.matrix, np.asmatrix, np.bmat, why="the operators of matrices are not those of arrays; use arrays and `@`")
