"""Methods of ufuncs: np.add.reduce, np.multiply.accumulate, np.subtract.outer, …

They differ from np.sum, np.cumprod, … in that `axis` is 0 if not given.  `outer` of every other ufunc is
lowered as the ufunc itself, of arguments with more axes.
"""

import numpy as np

from adjoint.rules.differences import cumprod, cumprod_jvp, cumsum
from adjoint.rules.helpers import at, before, recur, reduced_pieces, scatter
from adjoint.rules.reductions import max_, max_jvp, prod, prod_jvp, sum_, sum_jvp, unreduce
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum


@vjp_rule(np.add.reduce)
def add_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return sum_(g, z, array, axis, dtype, out, keepdims, initial, where)


@jvp_rule(np.add.reduce)
def add_reduce_jvp(t, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return sum_jvp(t, z, array, axis, dtype, out, keepdims, initial, where)


@vjp_rule(np.multiply.reduce)
def multiply_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return prod(g, z, array, axis, dtype, out, keepdims, initial, where)


@jvp_rule(np.multiply.reduce)
def multiply_reduce_jvp(t, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    return prod_jvp(t, z, array, axis, dtype, out, keepdims, initial, where)


@vjp_rule(np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce)
def maximum_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    bars = max_(g, z, array, axis, out, keepdims, initial, where)
    return bars if initial is None else (bars[0], None, None, None, None, bars[4])


@jvp_rule(np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce)
def maximum_reduce_jvp(t, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    t = t if initial is None else (t[0], None, None, None, t[5])
    return max_jvp(t, z, array, axis, out, keepdims, initial, where)


def softmax(power, z, array, axis, keepdims, where):
    """What each entry has in the sum of powers: that of a reduction's result z."""
    z = z if keepdims or axis is None else np.expand_dims(z, axis)
    return np.where(where, power(array - np.where(z == -np.inf, 0.0, z)), 0.0)


@vjp_rule(np.logaddexp.reduce)
def logaddexp_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    weights = softmax(np.exp, z, array, axis, keepdims, where)
    initial_bar = None if initial is None else g * np.exp(initial - z)
    return unreduce(g, axis, keepdims) * weights, None, None, None, None, initial_bar


@vjp_rule(np.logaddexp2.reduce)
def logaddexp2_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    weights = softmax(np.exp2, z, array, axis, keepdims, where)
    initial_bar = None if initial is None else g * np.exp2(initial - z)
    return unreduce(g, axis, keepdims) * weights, None, None, None, None, initial_bar


@jvp_rule(np.logaddexp.reduce)
def logaddexp_reduce_jvp(t, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    weights = softmax(np.exp, z, array, axis, keepdims, where)
    total = None if t[0] is None else np.sum(weights * t[0], axis=axis, keepdims=keepdims)
    return total if initial is None or t[5] is None else tangent_sum(total, t[5] * np.exp(initial - z))


@jvp_rule(np.logaddexp2.reduce)
def logaddexp2_reduce_jvp(t, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    weights = softmax(np.exp2, z, array, axis, keepdims, where)
    total = None if t[0] is None else np.sum(weights * t[0], axis=axis, keepdims=keepdims)
    return total if initial is None or t[5] is None else tangent_sum(total, t[5] * np.exp2(initial - z))


@vjp_rule(np.hypot.reduce)
def hypot_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """A Euclidean norm: zero where it is zero."""
    share = g / (z + (z == 0))
    array_bar = np.where(where, unreduce(share, axis, keepdims) * array, 0.0)
    return array_bar, None, None, None, None, None if initial is None else share * initial


@jvp_rule(np.hypot.reduce)
def hypot_reduce_jvp(t, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    total = None if t[0] is None else np.sum(array * t[0], axis=axis, keepdims=keepdims, where=where)
    total = total if initial is None or t[5] is None else tangent_sum(total, t[5] * initial)
    return total / (z + (z == 0))


# ── running results, reductions of pieces ────────────────────────────────────────────────────────
# Of z[i] = f(z[i - 1], x[i]), which of the two takes how much: a linear recurrence.


def run_back(g, weights):
    """The cotangent of x, given ∂z[i]/∂z[i - 1] = weights[i], the rest being ∂z[i]/∂x[i]; along the last axis."""
    ahead = before(weights[..., ::-1], 0.0)
    return recur(ahead, g[..., ::-1])[..., ::-1] * (1.0 - weights)


def kept_of(z, x):
    """How much of a running maximum or minimum is from before: half in a tie, nothing at the start."""
    one = np.ones_like(z)
    return np.where(np.equal(before(z, np.nan), z), np.where(np.equal(x, z), 0.5 * one, one), 0.0)


@vjp_rule(np.maximum.accumulate, np.minimum.accumulate)
def maximum_accumulate(g, z, array, axis=0, dtype=None, out=None):
    weights = kept_of(np.moveaxis(z, axis, -1), np.moveaxis(array, axis, -1))
    return np.moveaxis(run_back(np.moveaxis(g, axis, -1), weights), -1, axis)


@jvp_rule(np.maximum.accumulate, np.minimum.accumulate)
def maximum_accumulate_jvp(t, z, array, axis=0, dtype=None, out=None):
    weights = kept_of(np.moveaxis(z, axis, -1), np.moveaxis(array, axis, -1))
    return np.moveaxis(recur(weights, (1.0 - weights) * np.moveaxis(t[0], axis, -1)), -1, axis)


@vjp_rule(np.logaddexp.accumulate)
def logaddexp_accumulate(g, z, array, axis=0, dtype=None, out=None):
    z = np.moveaxis(z, axis, -1)
    return np.moveaxis(run_back(np.moveaxis(g, axis, -1), np.exp(before(z, -np.inf) - z)), -1, axis)


@jvp_rule(np.logaddexp.accumulate)
def logaddexp_accumulate_jvp(t, z, array, axis=0, dtype=None, out=None):
    z = np.moveaxis(z, axis, -1)
    weights = np.exp(before(z, -np.inf) - z)
    return np.moveaxis(recur(weights, (1.0 - weights) * np.moveaxis(t[0], axis, -1)), -1, axis)


@vjp_rule(np.add.reduceat, linear=True)
def add_reduceat(g, z, array, indices, axis=0, dtype=None, out=None):
    places, owners = reduced_pieces(indices, np.shape(array)[axis])
    return scatter(np.take(g, owners, axis), at(axis, places, np.ndim(array)), np.shape(array))


@vjp_rule(np.add.accumulate, linear=True)
def add_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return cumsum(g, z, array, axis)


@vjp_rule(np.multiply.accumulate)
def multiply_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return cumprod(g, z, array, axis)


@jvp_rule(np.multiply.accumulate)
def multiply_accumulate_jvp(t, z, array, axis=0, dtype=None, out=None):
    return cumprod_jvp(t, z, array, axis)


# ── outer ────────────────────────────────────────────────────────────────────────────────────────
# The result has the axes of A, then those of B; A with as many axes of length one behind it would do as well.


def open_up(a, b):
    """A with the axes of B behind it."""
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b))


def fold(bar, a, b):
    """The cotangents summed over each other's axes."""
    return np.sum(bar, axis=tuple(range(np.ndim(a), np.ndim(a) + np.ndim(b))))


def fold_first(bar, a):
    return np.sum(bar, axis=tuple(range(np.ndim(a))))


@vjp_rule(np.add.outer)
def add_outer(g, z, A, B):
    return fold(g, A, B), fold_first(g, A)


@vjp_rule(np.subtract.outer)
def subtract_outer(g, z, A, B):
    return fold(g, A, B), -fold_first(g, A)


@vjp_rule(np.multiply.outer)
def multiply_outer(g, z, A, B):
    return fold(g * B, A, B), fold_first(g * open_up(A, B), A)


@vjp_rule(np.divide.outer)
def divide_outer(g, z, A, B):
    return fold(g / B, A, B), -fold_first(g * z / B, A)


@jvp_rule(np.add.outer)
def add_outer_jvp(t, z, A, B):
    return np.broadcast_to(tangent_sum(None if t[0] is None else open_up(t[0], B), t[1]), np.shape(z))


@jvp_rule(np.subtract.outer)
def subtract_outer_jvp(t, z, A, B):
    a_dot = None if t[0] is None else open_up(t[0], B)
    return np.broadcast_to(tangent_sum(a_dot, None if t[1] is None else -t[1]), np.shape(z))


@jvp_rule(np.multiply.outer)
def multiply_outer_jvp(t, z, A, B):
    return tangent_sum(
        None if t[0] is None else np.multiply.outer(t[0], B), None if t[1] is None else np.multiply.outer(A, t[1])
    )


@jvp_rule(np.divide.outer)
def divide_outer_jvp(t, z, A, B):
    return tangent_sum(None if t[0] is None else open_up(t[0], B) / B, None if t[1] is None else -(z * t[1] / B))
