"""Functions that move entries about: reshape, transpose, flip, repeat, pad, diag, casts and copies.

Nearly all are linear: the cotangent takes the way back, and each function is its own tangent.  Those
that may return a view of their argument say so.  The cotangent of a function with several results is
a sequence, with None for a result whose cotangent is absent.
"""

import numpy as np

from adjoint.rules.helpers import (
    at,
    diagonal_index,
    inverse,
    memory_order,
    pad_matrix,
    pad_positions,
    present,
    resized_positions,
    rolled_axes,
    scatter,
    tiled_shape,
)
from adjoint.rules.registry import jvp_rule, vjp_rule

# ── the same entries in another shape ────────────────────────────────────────────────────────────


@vjp_rule(np.reshape, view=True, linear=True)
def reshape(g, z, a, shape=None, order="C", copy=None):
    if order == "C":
        return np.reshape(g, np.shape(a))
    return np.reshape(g, np.shape(a), order=memory_order(order, a))


@vjp_rule(np.ndarray.reshape, view=True, linear=True)
def reshape_method(g, z, a, *shape, order="C", copy=None):
    return reshape(g, z, a, None, order)


@vjp_rule(np.ravel, np.ndarray.ravel, view=True, linear=True)
def ravel(g, z, a, order="C"):
    return reshape(g, z, a, None, order)


@vjp_rule(np.ndarray.flatten, linear=True)
def flatten(g, z, a, order="C"):
    return reshape(g, z, a, None, order)


@vjp_rule(np.squeeze, np.ndarray.squeeze, np.expand_dims, view=True, linear=True)
def squeeze(g, z, a, axis=None):
    return np.reshape(g, np.shape(a))


@vjp_rule(np.atleast_1d, np.atleast_2d, np.atleast_3d, view=True)
def atleast(g, z, *arrays):
    if len(arrays) == 1:
        return np.reshape(g, np.shape(arrays[0]))
    return tuple([None if b is None else np.reshape(b, np.shape(a)) for b, a in zip(g, arrays, strict=True)])


@jvp_rule(np.atleast_1d, np.atleast_2d, np.atleast_3d)
def atleast_jvp(t, z, *arrays):
    if len(arrays) == 1:
        return np.reshape(t[0], np.shape(z))
    return tuple([None if d is None else np.reshape(d, np.shape(part)) for d, part in zip(t, z, strict=True)])


@vjp_rule(np.broadcast_to, view=True, linear=True)
def broadcast_to(g, z, array, shape, subok=False):
    return g  # the engine sums it down


@vjp_rule(np.broadcast_arrays, view=True)
def broadcast_arrays(g, z, *args, subok=False):
    return tuple(g)


@jvp_rule(np.broadcast_arrays)
def broadcast_arrays_jvp(t, z, *args, subok=False):
    dots = t[: len(args)]
    return tuple([None if d is None else np.broadcast_to(d, np.shape(part)) for d, part in zip(dots, z, strict=True)])


@vjp_rule(np.ndarray.item, linear=True)
def item(g, z, a, *args):
    if np.ndim(a) == 0:
        return g
    if len(args) == 0:
        return np.reshape(g, np.shape(a))
    index = np.unravel_index(args[0], np.shape(a)) if len(args) == 1 and np.ndim(args[0]) == 0 else args
    return scatter(g, index[0] if np.ndim(index[0]) > 0 else index, np.shape(a))


@vjp_rule(np.ndarray.tolist, linear=True)
def tolist(g, z, a):
    return np.reshape(np.asarray(g), np.shape(a))


# ── copies and casts ─────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.array, linear=True)
def array(g, z, object, dtype=None, copy=True, order="K", subok=False, ndmin=0, ndmax=0, like=None):
    """Of a list, nested or not, the cotangent is indexed as the list is: it is g itself."""
    return g if ndmin == 0 else np.reshape(g, np.shape(object))


@vjp_rule(np.asarray, np.asanyarray, view=True, linear=True)
def asarray(g, z, a, dtype=None, order=None, device=None, copy=None, like=None):
    return g


@vjp_rule(np.ascontiguousarray, np.asfortranarray, view=True, linear=True)
def ascontiguousarray(g, z, a, dtype=None, like=None):
    return np.reshape(g, np.shape(a))  # a number became an array of one entry


@vjp_rule(np.asarray_chkfinite, view=True, linear=True)
def asarray_chkfinite(g, z, a, dtype=None, order=None):
    return g


@vjp_rule(np.copy, np.ndarray.copy, linear=True)
def copy(g, z, a, order="K", subok=False):
    return g


@vjp_rule(*present(np, "astype"), linear=True)
def astype(g, z, x, dtype, copy=True, device=None):
    return g


@vjp_rule(np.ndarray.astype, linear=True)
def astype_method(g, z, x, dtype, order="K", casting="unsafe", subok=True, copy=True):
    return g


@vjp_rule(np.ndarray.view, view=True, linear=True)
def view(g, z, x, dtype=None, type=None):
    """A complex array seen as pairs of floats, or back: conjugated, as the imaginary part has -i in its cotangent."""
    if np.result_type(x) == np.result_type(z):
        return g
    if np.iscomplexobj(x):
        return np.conj(np.ndarray.view(np.ascontiguousarray(g), np.result_type(x)))
    return np.ndarray.view(np.ascontiguousarray(np.conj(g)), np.result_type(x))


# ── axes in another order ────────────────────────────────────────────────────────────────────────


@vjp_rule(np.transpose, view=True, linear=True)
def transpose(g, z, a, axes=None):
    return np.transpose(g) if axes is None else np.transpose(g, inverse(axes, np.ndim(a)))


@vjp_rule(np.ndarray.transpose, view=True, linear=True)
def transpose_method(g, z, a, *axes):
    if len(axes) == 0:
        return np.transpose(g)
    return transpose(g, z, a, axes[0] if len(axes) == 1 and np.ndim(a) != 1 else axes)


@vjp_rule(np.matrix_transpose, np.linalg.matrix_transpose, view=True, linear=True)
def matrix_transpose(g, z, x):
    return np.swapaxes(g, -1, -2)


@vjp_rule(np.swapaxes, np.ndarray.swapaxes, view=True, linear=True)
def swapaxes(g, z, a, axis1, axis2):
    return np.swapaxes(g, axis1, axis2)


@vjp_rule(np.moveaxis, view=True, linear=True)
def moveaxis(g, z, a, source, destination):
    return np.moveaxis(g, destination, source)


@vjp_rule(np.rollaxis, view=True, linear=True)
def rollaxis(g, z, a, axis, start=0):
    return np.transpose(g, inverse(rolled_axes(axis, start, np.ndim(a)), np.ndim(a)))


@vjp_rule(np.flip, view=True, linear=True)
def flip(g, z, m, axis=None):
    return np.flip(g, axis)


@vjp_rule(np.fliplr, view=True, linear=True)
def fliplr(g, z, m):
    return np.flip(g, 1)


@vjp_rule(np.flipud, view=True, linear=True)
def flipud(g, z, m):
    return np.flip(g, 0)


@vjp_rule(np.rot90, view=True, linear=True)
def rot90(g, z, m, k=1, axes=(0, 1)):
    return np.rot90(g, -k, axes)


@vjp_rule(np.roll, linear=True)
def roll(g, z, a, shift, axis=None):
    return np.roll(g, -shift if np.ndim(shift) == 0 else np.negative(shift), axis)


# ── repeating ────────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.repeat, np.ndarray.repeat, linear=True)
def repeat(g, z, a, repeats, axis=None):
    if axis is None:
        g, shape, axis = g, (np.size(a),), 0
    else:
        shape = np.shape(a)
    if np.size(repeats) == 1:
        k = axis % len(shape)
        bar = np.sum(np.reshape(g, shape[: k + 1] + (-1 if np.size(a) else 0,) + shape[k + 1 :]), axis=k + 1)
    else:
        bar = scatter(g, at(axis, np.repeat(np.arange(shape[axis]), repeats), len(shape)), shape)
    return np.reshape(bar, np.shape(a))


@vjp_rule(np.tile, linear=True)
def tile(g, z, A, reps):
    """Each axis of g falls apart in (how often, how long)."""
    shape = tiled_shape(np.shape(A), reps)
    return np.reshape(np.sum(np.reshape(g, shape), axis=tuple(range(0, len(shape), 2))), np.shape(A))


@vjp_rule(np.resize, linear=True)
def resize(g, z, a, new_shape):
    return np.reshape(scatter(np.ravel(g), resized_positions(np.size(a), np.shape(z)), (np.size(a),)), np.shape(a))


@vjp_rule(np.pad)
def pad(
    g, z, array, pad_width, mode="constant", constant_values=0, end_values=0, stat_length=None, reflect_type="even"
):
    """constant: what lies inside.  Other modes copy entries, or are linear along each axis."""
    shape = np.shape(array)
    if mode in ("constant", "empty"):
        return g[pad_positions(shape, pad_width)]
    if mode in ("edge", "reflect", "symmetric", "wrap") and reflect_type == "even":
        source = np.pad(np.reshape(np.arange(np.size(array)), shape), pad_width, mode)
        return np.reshape(scatter(np.ravel(g), np.ravel(source), (np.size(array),)), shape)
    for k in range(len(shape)):  # takes the first axis and leaves a new last one: once round
        g = np.tensordot(g, pad_matrix(shape, pad_width, k, mode, stat_length, reflect_type), (0, 1))
    return g


@jvp_rule(np.pad)
def pad_jvp(
    t, z, array, pad_width, mode="constant", constant_values=0, end_values=0, stat_length=None, reflect_type="even"
):
    if mode in ("constant", "empty", "linear_ramp"):
        return np.pad(t[0], pad_width, "constant" if mode == "empty" else mode)
    if mode in ("reflect", "symmetric"):
        return np.pad(t[0], pad_width, mode, reflect_type=reflect_type)
    if stat_length is not None:
        return np.pad(t[0], pad_width, mode, stat_length=stat_length)
    return np.pad(t[0], pad_width, mode)


# ── diagonals and triangles ──────────────────────────────────────────────────────────────────────


@vjp_rule(np.diag, view=True, linear=True)
def diag(g, z, v, k=0):
    if np.ndim(v) == 1:
        return np.diagonal(g, k)
    if np.shape(v)[0] == np.shape(v)[1]:
        return np.diag(g, k)
    return scatter(g, diagonal_index(np.shape(v), k), np.shape(v))


@vjp_rule(np.diagflat, linear=True)
def diagflat(g, z, v, k=0):
    return np.reshape(np.diagonal(g, k), np.shape(v))


def to_diagonal(g, a, offset, axis1, axis2):
    """Zeros, with g on a diagonal."""
    shape = np.shape(np.moveaxis(a, (axis1, axis2), (-2, -1)))
    return np.moveaxis(scatter(g, diagonal_index(shape, offset), shape), (-2, -1), (axis1, axis2))


@vjp_rule(np.diagonal, np.ndarray.diagonal, view=True, linear=True)
def diagonal(g, z, a, offset=0, axis1=0, axis2=1):
    return to_diagonal(g, a, offset, axis1, axis2)


@vjp_rule(np.linalg.diagonal, view=True, linear=True)
def linalg_diagonal(g, z, x, offset=0):
    return to_diagonal(g, x, offset, -2, -1)


def times_eye(g, a, offset, axis1, axis2):
    eye = np.eye(np.shape(a)[axis1], np.shape(a)[axis2], offset, dtype=np.result_type(a))
    if np.ndim(a) == 2:
        return g * (eye if axis1 % 2 == 0 else np.transpose(eye))
    return np.moveaxis(np.expand_dims(g, (-2, -1)) * eye, (-2, -1), (axis1, axis2))


@vjp_rule(np.trace, np.ndarray.trace, linear=True)
def trace(g, z, a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return times_eye(g, a, offset, axis1, axis2)


@vjp_rule(np.linalg.trace, linear=True)
def linalg_trace(g, z, x, offset=0, dtype=None):
    return times_eye(g, x, offset, -2, -1)


@vjp_rule(np.tril, linear=True)
def tril(g, z, m, k=0):
    return np.tril(g, k)


@vjp_rule(np.triu, linear=True)
def triu(g, z, m, k=0):
    return np.triu(g, k)
