"""numpy.linalg: norms and the condition number.

Zero at zero.  Several largest entries, columns or singular values share the cotangent equally.
Formulas: Giles, "Collected matrix derivative results" (2008).
"""

import numpy as np

from adjoint.rules.helpers import axes_of
from adjoint.rules.linalg import column, conj, inv, real, row, svdvals
from adjoint.rules.registry import jvp_rule, vjp_rule


def direction(x):
    """What |x| grows with: the conjugated sign, zero at zero."""
    return conj(np.sign(x))


def norm_partials(z, x, ord, axis):
    """∂norm/∂x, where z is the norm with its axes kept, as length one (or a number)."""
    safe = z + (z == 0)
    axes = axes_of(axis, np.ndim(x))
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return conj(x) / safe
    if len(axes) == 1:
        if ord == 0:
            return np.zeros_like(x)
        if ord == 1:
            return direction(x)
        if np.isinf(ord):
            ties = np.abs(x) == z
            return direction(x) * ties / np.sum(ties, axis=axes, keepdims=True, dtype=np.result_type(z))
        return direction(x) * (np.abs(x) / safe) ** (ord - 1)
    if ord in (2, -2, "nuc"):
        u, s, vh = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), full_matrices=False)
        if ord == "nuc":
            weight = s > 0
        else:
            weight = s == (s[..., :1] if ord == 2 else s[..., -1:])
            weight = weight / np.sum(weight, axis=-1, keepdims=True, dtype=np.result_type(s))
        return np.moveaxis(conj((u * row(weight)) @ vh), (-2, -1), axes)
    down, across = axes if abs(ord) == 1 else (axes[1], axes[0])  # sums down one axis, extreme across the other
    sums = np.sum(np.abs(x), axis=down, keepdims=True)
    ties = sums == (np.max(sums, axis=across, keepdims=True) if ord > 0 else np.min(sums, axis=across, keepdims=True))
    return direction(x) * ties / np.sum(ties, axis=across, keepdims=True, dtype=np.result_type(z))


def kept_axes(g, x, axis, keepdims):
    """A norm with its axes in place."""
    return g if keepdims or axis is None else np.expand_dims(g, axes_of(axis, np.ndim(x)))


@vjp_rule(np.linalg.norm)
def norm(g, z, x, ord=None, axis=None, keepdims=False):
    g, z = kept_axes(g, x, axis, keepdims), kept_axes(z, x, axis, keepdims)
    return g * norm_partials(z, x, ord, axis)


@jvp_rule(np.linalg.norm)
def norm_jvp(t, z, x, ord=None, axis=None, keepdims=False):
    rate = real(norm_partials(kept_axes(z, x, axis, keepdims), x, ord, axis) * t[0])
    return np.sum(rate, axis=axis, keepdims=keepdims)


@jvp_rule(np.linalg.vector_norm)
def vector_norm_jvp(t, z, x, axis=None, keepdims=False, ord=2):
    rate = real(vector_norm(np.ones_like(z), z, x, axis, keepdims, ord) * t[0])
    return np.sum(rate, axis=axis, keepdims=keepdims)


@jvp_rule(np.linalg.matrix_norm)
def matrix_norm_jvp(t, z, x, keepdims=False, ord="fro"):
    rate = real(matrix_norm(np.ones_like(z), z, x, keepdims, ord) * t[0])
    return np.sum(rate, axis=(-2, -1), keepdims=keepdims)


@jvp_rule(np.linalg.cond)
def cond_jvp(t, z, x, p=None):
    return np.sum(real(cond(np.ones_like(z), z, x, p) * t[0]), axis=(-2, -1))


@vjp_rule(np.linalg.vector_norm)
def vector_norm(g, z, x, axis=None, keepdims=False, ord=2):
    g, z = kept_axes(g, x, axis, keepdims), kept_axes(z, x, axis, keepdims)
    if axis is None or not isinstance(axis, int):
        return g * vector_partials(z, x, ord, axis)
    return g * norm_partials(z, x, ord, axis)


def vector_partials(z, x, ord, axis):
    """Over several axes as over one."""
    if ord == 2:
        return conj(x) / (z + (z == 0))
    if np.isinf(ord):
        ties = np.abs(x) == z
        return direction(x) * ties / np.sum(ties, axis=axis, keepdims=True, dtype=np.result_type(z))
    return np.zeros_like(x) if ord == 0 else direction(x) * (np.abs(x) / (z + (z == 0))) ** (ord - 1)


@vjp_rule(np.linalg.matrix_norm)
def matrix_norm(g, z, x, keepdims=False, ord="fro"):
    g, z = kept_axes(g, x, (-2, -1), keepdims), kept_axes(z, x, (-2, -1), keepdims)
    return g * norm_partials(z, x, ord, (-2, -1))


@vjp_rule(np.linalg.cond)
def cond(g, z, x, p=None):
    """The ratio of the largest singular value and the smallest, or a norm times that of the inverse."""
    if p is None or p == 2 or p == -2:
        s = np.linalg.svdvals(x)
        ends = np.stack((1.0 / s[..., -1], -z / s[..., -1]) if p != -2 else (-z / s[..., 0], 1.0 / s[..., 0]), axis=-1)
        zeros = np.zeros(np.shape(s)[:-1] + (np.shape(s)[-1] - 2,), dtype=np.result_type(s))
        if np.shape(s)[-1] == 1:
            return None
        return svdvals(column(g) * np.concatenate((ends[..., :1], zeros, ends[..., 1:]), axis=-1), s, x)
    y = np.linalg.inv(x)
    x_norm, y_norm = np.linalg.norm(x, p, (-2, -1)), np.linalg.norm(y, p, (-2, -1))
    y_bar = norm(g * x_norm, y_norm, y, p, (-2, -1))
    return norm(g * y_norm, x_norm, x, p, (-2, -1)) + inv(y_bar, y, x)
