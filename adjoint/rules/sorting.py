"""Choosing entries: where, take, sort, order statistics.  Sets and histograms are in sets.py.

The choice itself has no derivative; the cotangent goes to the entries that were chosen.  Ties in an
order statistic (median, quantile) share it equally.
"""

import numpy as np

from adjoint.rules.helpers import along_index, at, chosen_index, quantile_place, quantile_slope, scatter
from adjoint.rules.reductions import gather, ungather
from adjoint.rules.registry import jvp_rule, vjp_rule

# ── by condition ─────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.where)
def where(g, z, condition, *choices):
    if len(choices) == 0:
        return None
    return None, np.where(condition, g, 0.0), np.where(condition, 0.0, g)


@jvp_rule(np.where)
def where_jvp(t, z, condition, x=None, y=None):
    return np.where(condition, 0.0 if t[1] is None else t[1], 0.0 if t[2] is None else t[2])


@vjp_rule(np.select)
def select(g, z, condlist, choicelist, default=0):
    """The first condition that holds."""
    bars = []
    for condition in condlist:
        bars.append(np.where(condition, g, 0.0))
        g = np.where(condition, 0.0, g)
    return None, bars, g


@jvp_rule(np.select)
def select_jvp(t, z, condlist, choicelist, default=0):
    dots = [0.0 * c for c in choicelist] if t[1] is None else list(t[1])
    return np.select(condlist, dots, 0.0 if len(t) < 3 or t[2] is None else t[2])


@vjp_rule(np.choose)
def choose(g, z, a, choices, out=None, mode="raise"):
    index = chosen_index(a, len(choices), mode)
    return None, [np.where(index == k, g, 0.0) for k in range(len(choices))]


@jvp_rule(np.choose)
def choose_jvp(t, z, a, choices, out=None, mode="raise"):
    return np.choose(a, t[1], mode=mode)


@vjp_rule(np.compress)
def compress(g, z, condition, a, axis=None, out=None):
    return None, take(g, z, a, np.flatnonzero(condition), axis)


@jvp_rule(np.compress)
def compress_jvp(t, z, condition, a, axis=None, out=None):
    return np.compress(condition, t[1], axis)


@vjp_rule(np.ndarray.compress, linear=True)
def compress_method(g, z, a, condition, axis=None, out=None):
    return take(g, z, a, np.flatnonzero(condition), axis)


@vjp_rule(np.extract)
def extract(g, z, condition, arr):
    return None, take(g, z, arr, np.flatnonzero(condition))


@jvp_rule(np.extract)
def extract_jvp(t, z, condition, arr):
    return np.extract(condition, t[1])


# ── by index ─────────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.take, np.ndarray.take, linear=True)
def take(g, z, a, indices, axis=None, out=None, mode="raise"):
    if axis is None:
        index = chosen_index(indices, np.size(a), mode)
        return np.reshape(scatter(g, index, (np.size(a),)), np.shape(a))
    index = chosen_index(indices, np.shape(a)[axis], mode)
    return scatter(g, at(axis, index, np.ndim(a)), np.shape(a))


@vjp_rule(np.take_along_axis, linear=True)
def take_along_axis(g, z, arr, indices, axis=-1):
    if axis is None:
        return np.reshape(scatter(g, indices, (np.size(arr),)), np.shape(arr))
    return scatter(g, along_index(indices, axis, np.shape(arr)), np.shape(arr))


# ── by order ─────────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.sort)
def sort(g, z, a, axis=-1, kind=None, order=None, stable=None, descending=False):
    if descending:
        g = np.flip(g, axis)
    if axis is None:
        return np.reshape(np.take(g, np.argsort(np.argsort(a, axis=None, kind="stable"))), np.shape(a))
    return np.take_along_axis(g, np.argsort(np.argsort(a, axis, kind="stable"), axis), axis)


@jvp_rule(np.sort)
def sort_jvp(t, z, a, axis=-1, kind=None, order=None, stable=None, descending=False):
    if axis is None:
        ascending = np.take(t[0], np.argsort(a, axis=None, kind="stable"))
    else:
        ascending = np.take_along_axis(t[0], np.argsort(a, axis, kind="stable"), axis)
    return np.flip(ascending, axis) if descending else ascending


@vjp_rule(np.partition)
def partition(g, z, a, kth, axis=-1, kind="introselect", order=None):
    """The sorted result and the sorted argument are the same: the way back goes over both."""
    return sort(np.take_along_axis(g, np.argsort(z, axis, kind="stable"), axis), None, a, axis)


@jvp_rule(np.partition)
def partition_jvp(t, z, a, kth, axis=-1, kind="introselect", order=None):
    by_size = sort_jvp(t, None, a, axis)
    return np.take_along_axis(by_size, np.argsort(np.argsort(z, axis, kind="stable"), axis), axis)


@vjp_rule(np.sort_complex)
def sort_complex(g, z, a):
    return np.take_along_axis(g, np.argsort(np.argsort(a, -1, kind="stable"), -1), -1)


@jvp_rule(np.sort_complex)
def sort_complex_jvp(t, z, a):
    return np.take_along_axis(t[0], np.argsort(a, -1, kind="stable"), -1) + 0.0j


# A quantile lies between two neighbours in the sorted entries, at the place `p` counted from 0: it is
# (1 - w) low + w high, with low at the whole part of p and w its fraction.  NumPy itself gives p: it is the
# same quantile of the entries' ranks.  So this holds for every `method`, with weights, and with NaNs.


def neighbours(a, q, axis, method, weights, skip_nan):
    """For a gathered as x (…, entries): x, the two neighbours and the fraction w (…, quantiles), in this order."""
    x = gather(a, axis)
    place = quantile_place(x, np.ravel(q), method, gathered_weights(weights, a, axis), skip_nan)
    whole = np.floor(place).astype(int)
    ranked = np.sort(x, axis=-1)
    low = np.take_along_axis(ranked, whole, -1)
    high = np.take_along_axis(ranked, np.minimum(whole + 1, np.shape(x)[-1] - 1), -1)
    return x, low, high, place - whole


@vjp_rule(quantile_place)
def quantile_place_vjp(g, z, x, q, method, weights, skip_nan):
    """The place moves with q; with the entries only where they change order."""
    return None, np.sum(g * quantile_slope(method, entries_of(x)), axis=tuple(range(np.ndim(x) - 1)))


@jvp_rule(quantile_place)
def quantile_place_jvp(t, z, x, q, method, weights, skip_nan):
    return np.zeros_like(z) if t[1] is None else t[1] * quantile_slope(method, entries_of(x))


def entries_of(x):
    """How many numbers the last axis holds."""
    return np.sum(np.logical_not(np.isnan(x)), axis=-1, keepdims=True)


def gathered_weights(weights, a, axis):
    if weights is None or np.shape(weights) != np.shape(a):
        return weights
    return gather(weights, axis)


def quantiles_last(g, q, a, axis, keepdims):
    """The cotangent of quantiles, as (…, quantiles)."""
    n = np.size(q)
    shape = np.shape(gather(a, axis))[:-1]
    return np.moveaxis(np.reshape(g, (n, *shape)), 0, -1)


def tie_share(x, value, g):
    """g (…, quantiles) divided among the entries x (…, entries) that equal the quantile's neighbour."""
    ties = np.equal(np.expand_dims(x, -2), np.expand_dims(value, -1))
    return np.sum(ties * np.expand_dims(g / np.sum(ties, axis=-1), -1), axis=-2)


@vjp_rule(np.quantile)
def quantile(
    g, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None,
    skip_nan=False,
):  # fmt: skip
    x, low, high, w = neighbours(a, q, axis, method, weights, skip_nan)
    g = quantiles_last(g, q, a, axis, keepdims)
    # A neighbour of no weight takes no part (it may be inf or NaN).
    x_bar = tie_share(x, low, g * (1.0 - w)) + tie_share(x, np.where(w > 0, high, low), g * w)
    q_bar = g * np.where(w > 0, high - low, 0.0) * quantile_slope(method, entries_of(x))
    q_bar = np.reshape(np.sum(q_bar, axis=tuple(range(np.ndim(q_bar) - 1))), np.shape(q))
    return ungather(x_bar, a, axis), q_bar


def tie_mean(x, value, x_dot):
    """The tangent of a neighbour: the mean of those of the entries that equal it."""
    ties = np.equal(np.expand_dims(x, -2), np.expand_dims(value, -1))
    return np.sum(np.where(ties, np.expand_dims(x_dot, -2), 0.0), axis=-1) / np.sum(ties, axis=-1)


@jvp_rule(np.quantile)
def quantile_jvp(
    t, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None,
    skip_nan=False,
):  # fmt: skip
    x, low, high, w = neighbours(a, q, axis, method, weights, skip_nan)
    total = np.zeros_like(low)
    if t[0] is not None:
        x_dot = gather(t[0], axis)
        total = (1.0 - w) * tie_mean(x, low, x_dot) + w * tie_mean(x, np.where(w > 0, high, low), x_dot)
    if len(t) > 1 and t[1] is not None:
        total = total + np.ravel(t[1]) * np.where(w > 0, high - low, 0.0) * quantile_slope(method, entries_of(x))
    return np.reshape(np.moveaxis(total, -1, 0), np.shape(z))


@vjp_rule(np.nanquantile)
def nanquantile(g, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None):
    return quantile(g, z, a, q, axis, out, overwrite_input, method, keepdims, weights, True)


@jvp_rule(np.nanquantile)
def nanquantile_jvp(
    t, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None
):
    return quantile_jvp(t, z, a, q, axis, out, overwrite_input, method, keepdims, weights, True)


@vjp_rule(np.percentile)
def percentile(g, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None):
    a_bar, q_bar = quantile(g, z, a, np.asarray(q) / 100.0, axis, None, False, method, keepdims, weights)
    return a_bar, q_bar / 100.0


@jvp_rule(np.percentile)
def percentile_jvp(
    t, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None
):
    t = (t[0], None if t[1] is None else t[1] / 100.0)
    return quantile_jvp(t, z, a, np.asarray(q) / 100.0, axis, None, False, method, keepdims, weights)


@vjp_rule(np.nanpercentile)
def nanpercentile(
    g, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None
):
    a_bar, q_bar = quantile(g, z, a, np.asarray(q) / 100.0, axis, None, False, method, keepdims, weights, True)
    return a_bar, q_bar / 100.0


@jvp_rule(np.nanpercentile)
def nanpercentile_jvp(
    t, z, a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, weights=None
):
    t = (t[0], None if t[1] is None else t[1] / 100.0)
    return quantile_jvp(t, z, a, np.asarray(q) / 100.0, axis, None, False, method, keepdims, weights, True)


@vjp_rule(np.median)
def median(g, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return quantile(g, z, a, 0.5, axis, None, False, "linear", keepdims)[0]


@jvp_rule(np.median)
def median_jvp(t, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return quantile_jvp((t[0], None), z, a, 0.5, axis, None, False, "linear", keepdims)


@vjp_rule(np.nanmedian)
def nanmedian(g, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return quantile(g, z, a, 0.5, axis, None, False, "linear", keepdims, None, True)[0]


@jvp_rule(np.nanmedian)
def nanmedian_jvp(t, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return quantile_jvp((t[0], None), z, a, 0.5, axis, None, False, "linear", keepdims, None, True)
