"""Products that sum over an axis: dot, matmul, einsum, tensordot, outer, kron, cross.

Each is linear in every factor.  The cotangent of a factor is the product of g with the other factors,
summed over their own axes: `a_bar = g @ b.T`, `b_bar = a.T @ g`.  No factor is conjugated, but for
vdot, vecdot and vecmat, which conjugate their first.  Axes that were broadcast against each other are
left to the engine.
"""

import operator

import numpy as np

from adjoint.rules.helpers import (
    einsum_extents,
    einsum_plan,
    einsum_text,
    from_end,
    kron_shapes,
    present,
    tensordot_axes,
)
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum


def mT(x):
    """x with its last two axes swapped."""
    return np.transpose(x) if np.ndim(x) == 2 else np.swapaxes(x, -1, -2)


def times(a, x):
    """a @ x with a vector for each matrix."""
    return a @ x if np.ndim(a) == 2 and np.ndim(x) == 1 else (a @ np.expand_dims(x, -1))[..., 0]


# ── matmul and dot ───────────────────────────────────────────────────────────────────────────────


def matmul_left(g, a, b):
    """The cotangent of a, where z = a @ b."""
    if np.ndim(b) == 1:
        if np.ndim(a) == 2:
            return np.outer(g, b)
        return np.expand_dims(g, -1) * b
    if np.ndim(a) == 1:
        return times(b, g)
    return g @ mT(b)


def matmul_right(g, a, b):
    """The cotangent of b, where z = a @ b."""
    if np.ndim(a) == 1:
        if np.ndim(b) == 1:
            return g * a
        return np.outer(a, g) if np.ndim(b) == 2 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if np.ndim(b) == 1:
        return g @ a if np.ndim(a) == 2 else times(mT(a), g)
    return mT(a) @ g


@vjp_rule(operator.matmul, np.matmul, np.linalg.matmul)
def matmul(g, z, a, b):
    return matmul_left(g, a, b), matmul_right(g, a, b)


@jvp_rule(operator.matmul, np.matmul, np.linalg.matmul)
def matmul_jvp(t, z, a, b):
    return tangent_sum(None if t[0] is None else t[0] @ b, None if t[1] is None else a @ t[1])


@vjp_rule(np.dot, np.ndarray.dot)
def dot(g, z, a, b, out=None):
    """A product with a number, a @ b, or a sum over the last axis of a and the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return g * b, g * a
    if np.ndim(b) <= 2:
        free = tuple(range(np.ndim(a) - 1))
        b_bar = matmul_right(g, a, b) if np.ndim(a) <= 2 else np.tensordot(a, g, (free, free))
        return matmul_left(g, a, b) if np.ndim(a) > 0 else None, b_bar
    own = np.ndim(a) - 1
    a_bar = np.tensordot(g, np.moveaxis(b, -2, 0), (tuple(range(own, np.ndim(g))), tuple(range(1, np.ndim(b)))))
    b_bar = np.tensordot(a, g, (tuple(range(own)), tuple(range(own))))
    return a_bar, np.moveaxis(b_bar, 0, -2)


@jvp_rule(np.dot, np.ndarray.dot)
def dot_jvp(t, z, a, b, out=None):
    return tangent_sum(None if t[0] is None else np.dot(t[0], b), None if t[1] is None else np.dot(a, t[1]))


@vjp_rule(np.vdot)
def vdot(g, z, a, b):
    return np.reshape(np.conj(g * np.ravel(b)), np.shape(a)), np.reshape(g * np.conj(np.ravel(a)), np.shape(b))


@jvp_rule(np.vdot)
def vdot_jvp(t, z, a, b):
    return tangent_sum(None if t[0] is None else np.vdot(t[0], b), None if t[1] is None else np.vdot(a, t[1]))


@vjp_rule(np.vecdot)
def vecdot(g, z, a, b, axis=-1):
    g = np.expand_dims(g, from_end(axis, max(np.ndim(a), np.ndim(b))))
    return np.conj(g * b), g * np.conj(a)


@vjp_rule(np.linalg.vecdot)
def linalg_vecdot(g, z, x1, x2, axis=-1):
    return vecdot(g, z, x1, x2, axis)


@jvp_rule(np.vecdot, np.linalg.vecdot)
def vecdot_jvp(t, z, a, b, axis=-1):
    return tangent_sum(
        None if t[0] is None else np.vecdot(t[0], b, axis=axis), None if t[1] is None else np.vecdot(a, t[1], axis=axis)
    )


@vjp_rule(*present(np, "matvec"))
def matvec(g, z, a, b):
    return np.expand_dims(g, -1) * np.expand_dims(b, -2), times(mT(a), g)


@jvp_rule(*present(np, "matvec"))
def matvec_jvp(t, z, a, b):
    return tangent_sum(None if t[0] is None else np.matvec(t[0], b), None if t[1] is None else np.matvec(a, t[1]))


@vjp_rule(*present(np, "vecmat"))
def vecmat(g, z, a, b):
    return np.conj(times(b, g)), np.expand_dims(np.conj(a), -1) * np.expand_dims(g, -2)


@jvp_rule(*present(np, "vecmat"))
def vecmat_jvp(t, z, a, b):
    return tangent_sum(None if t[0] is None else np.vecmat(t[0], b), None if t[1] is None else np.vecmat(a, t[1]))


# ── inner, outer, tensordot ──────────────────────────────────────────────────────────────────────


@vjp_rule(np.inner)
def inner(g, z, a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return g * b, g * a
    return tensordot(g, z, a, b, (-1, -1))


@jvp_rule(np.inner)
def inner_jvp(t, z, a, b):
    return tangent_sum(None if t[0] is None else np.inner(t[0], b), None if t[1] is None else np.inner(a, t[1]))


@vjp_rule(np.outer)
def outer(g, z, a, b, out=None):
    return np.reshape(g @ np.ravel(b), np.shape(a)), np.reshape(np.ravel(a) @ g, np.shape(b))


@vjp_rule(np.linalg.outer)
def linalg_outer(g, z, x1, x2):
    return g @ x2, x1 @ g


@jvp_rule(np.outer, np.linalg.outer)
def outer_jvp(t, z, a, b, out=None):
    return tangent_sum(None if t[0] is None else np.outer(t[0], b), None if t[1] is None else np.outer(a, t[1]))


@vjp_rule(np.tensordot)
def tensordot(g, z, a, b, axes=2):
    """Each cotangent sums g with the other factor over that factor's free axes, and puts the axes back in order."""
    plan_a, plan_b = tensordot_axes(axes, np.ndim(a), np.ndim(b))
    g_axes, b_axes, order_a = plan_a
    a_axes, g_again, order_b = plan_b
    a_bar = np.transpose(np.tensordot(g, b, (g_axes, b_axes)), order_a)
    return a_bar, np.transpose(np.tensordot(a, g, (a_axes, g_again)), order_b)


@vjp_rule(np.linalg.tensordot)
def linalg_tensordot(g, z, x1, x2, axes=2):
    return tensordot(g, z, x1, x2, axes)


@jvp_rule(np.tensordot, np.linalg.tensordot)
def tensordot_jvp(t, z, a, b, axes=2):
    return tangent_sum(
        None if t[0] is None else np.tensordot(t[0], b, axes), None if t[1] is None else np.tensordot(a, t[1], axes)
    )


@vjp_rule(np.kron)
def kron(g, z, a, b):
    """g[i·p + k, j·q + l] as G[i, k, j, l]: summed with b over (k, l), with a over (i, j)."""
    whole, a_shape, b_shape = kron_shapes(np.shape(a), np.shape(b))
    g, n = np.reshape(g, whole), len(a_shape)
    even, odd = tuple(range(0, 2 * n, 2)), tuple(range(1, 2 * n, 2))
    a_bar = np.tensordot(g, np.reshape(b, b_shape), (odd, tuple(range(n))))
    b_bar = np.tensordot(g, np.reshape(a, a_shape), (even, tuple(range(n))))
    return np.reshape(a_bar, np.shape(a)), np.reshape(b_bar, np.shape(b))


@jvp_rule(np.kron)
def kron_jvp(t, z, a, b):
    return tangent_sum(None if t[0] is None else np.kron(t[0], b), None if t[1] is None else np.kron(a, t[1]))


@vjp_rule(np.cross)
def cross(g, z, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """a × b: turned round, ā = b × ḡ and b̄ = ḡ × a."""
    i = from_end(axisa if axis is None else axis, np.ndim(a))
    j = from_end(axisb if axis is None else axis, np.ndim(b))
    k = from_end(axisc if axis is None else axis, np.ndim(g))
    return np.cross(b, g, axisa=j, axisb=k, axisc=i), np.cross(g, a, axisa=k, axisb=i, axisc=j)


@vjp_rule(np.linalg.cross)
def linalg_cross(g, z, x1, x2, axis=-1):
    return cross(g, z, x1, x2, axis=axis)


@jvp_rule(np.cross)
def cross_jvp(t, z, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    return tangent_sum(
        None if t[0] is None else np.cross(t[0], b, axisa, axisb, axisc, axis),
        None if t[1] is None else np.cross(a, t[1], axisa, axisb, axisc, axis),
    )


@jvp_rule(np.linalg.cross)
def linalg_cross_jvp(t, z, x1, x2, axis=-1):
    return cross_jvp(t, z, x1, x2, axis=axis)


# ── einsum ───────────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.einsum)
def einsum(g, z, *operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    """`ij,jk->ik`: the cotangent of the first is `ik,jk->ij` of g and the second, and so on.

    Indices that stand only in the operand itself are repeated with an operand of ones; an index that
    an operand has twice gets a diagonal with an operand np.eye.
    """
    if isinstance(operands[0], str):
        arrays = operands[1:]
        return (None, *[einsum_pull(g, operands[0], arrays, k, optimize) for k in tuple(range(len(arrays)))])
    arrays = operands[0 : len(operands) // 2 * 2 : 2]  # np.einsum(a, [0, 1], b, [1, 2], [0, 2])
    text = einsum_text(operands[1::2], operands[-1] if len(operands) % 2 else None)
    last = 2 * len(arrays)
    return tuple([
        None if k % 2 or k >= last else einsum_pull(g, text, arrays, k // 2, optimize)
        for k in tuple(range(len(operands)))
    ])  # fmt: skip


def einsum_pull(g, text, arrays, k, optimize):
    ndims = tuple([np.ndim(a) for a in arrays])
    plan = einsum_plan(text, ndims, k)
    factors = (g, *arrays[:k], *arrays[k + 1 :])
    if plan.count(",") >= len(arrays):
        ones, eyes = einsum_extents(text, ndims, k, np.shape(arrays[k]))
        dtype = np.result_type(arrays[k])
        factors = factors + tuple([np.ones(shape, dtype) for shape in ones])
        factors = factors + tuple([np.eye(size, dtype=dtype) for size in eyes])
    return np.einsum(plan, *factors, optimize=True) if optimize else np.einsum(plan, *factors)


@jvp_rule(np.einsum)
def einsum_jvp(t, z, *operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    total = None
    for k in range(len(operands)):
        if k < len(t) and t[k] is not None:
            total = tangent_sum(total, np.einsum(*operands[:k], t[k], *operands[k + 1 :], optimize=optimize))
    return total
