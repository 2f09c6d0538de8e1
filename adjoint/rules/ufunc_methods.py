"""Methods of ufuncs: np.add.reduce, np.multiply.accumulate, np.subtract.outer, …

They differ from np.sum, np.cumprod, … in that `axis` is 0 if not given.
"""

import numpy as np

from adjoint.rules.differences import cumprod, cumprod_jvp, cumsum
from adjoint.rules.reductions import max_, max_jvp, prod, prod_jvp, sum_, sum_jvp
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


@vjp_rule(np.logaddexp.reduce)
def logaddexp_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """The weights of a softmax."""
    if not keepdims and axis is not None:
        g, z = np.expand_dims(g, axis), np.expand_dims(z, axis)
    weights = np.where(where, np.exp(array - np.where(z == -np.inf, 0.0, z)), 0.0)
    initial_bar = None if initial is None else g * np.exp(initial - z)
    return g * weights, None, None, None, None, initial_bar


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
