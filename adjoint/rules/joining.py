"""Functions that join, split and build arrays: concatenate, stack, split, insert, full, linspace, meshgrid.

A joined array's cotangent falls apart where the arrays met: `pieces` computes the slices.  The cotangent
of a function with several results is a sequence, with None for a result whose cotangent is absent.
"""

import numpy as np

from adjoint.rules.helpers import at, block_pieces, inserted, pieces, present, rest, scatter, trimmed_start
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

# ── joining ──────────────────────────────────────────────────────────────────────────────────────


def shapes_of(arrays):
    return tuple([np.shape(a) for a in arrays])


def unjoin(g, arrays, slices):
    """The part of g that came from each array, in that array's shape."""
    if isinstance(arrays, np.ndarray):
        return np.stack([np.reshape(g[part], np.shape(arrays)[1:]) for part in slices])
    return [np.reshape(g[part], np.shape(a)) for part, a in zip(slices, arrays, strict=True)]


@vjp_rule(np.concatenate, linear=True)
def concatenate(g, z, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    return unjoin(g, arrays, pieces("concatenate", shapes_of(arrays), axis))


@vjp_rule(np.vstack, *present(np, "row_stack"), linear=True)
def vstack(g, z, tup, dtype=None, casting="same_kind"):
    return unjoin(g, tup, pieces("vstack", shapes_of(tup), 0))


@vjp_rule(np.hstack, linear=True)
def hstack(g, z, tup, dtype=None, casting="same_kind"):
    return unjoin(g, tup, pieces("hstack", shapes_of(tup), 0 if np.ndim(g) == 1 else 1))


@vjp_rule(np.dstack, linear=True)
def dstack(g, z, tup):
    return unjoin(g, tup, pieces("dstack", shapes_of(tup), 2))


@vjp_rule(np.column_stack, linear=True)
def column_stack(g, z, tup):
    return unjoin(g, tup, pieces("column_stack", shapes_of(tup), 1))


@vjp_rule(np.stack, linear=True)
def stack(g, z, arrays, axis=0, out=None, dtype=None, casting="same_kind"):
    return g if axis == 0 else np.moveaxis(g, axis, 0)


@vjp_rule(np.block, linear=True)
def block(g, z, arrays):
    """A list, or a list of lists."""
    if not isinstance(arrays, list):
        return g
    if not isinstance(arrays[0], list):
        return unjoin(g, arrays, block_pieces((shapes_of(arrays),), False)[0])
    slices = block_pieces(tuple([shapes_of(row) for row in arrays]), True)
    return [unjoin(g, row, row_slices) for row, row_slices in zip(arrays, slices, strict=True)]


@vjp_rule(np.append)
def append(g, z, arr, values, axis=None):
    bars = unjoin(g, (arr, values), pieces("concatenate", (np.shape(arr), np.shape(values)), axis))
    return bars[0], bars[1]


@jvp_rule(np.append)
def append_jvp(t, z, arr, values, axis=None):
    arr_dot = np.zeros_like(arr) if t[0] is None else t[0]
    return np.append(arr_dot, np.zeros_like(values) if t[1] is None else t[1], axis)


@vjp_rule(np.insert)
def insert(g, z, arr, obj, values, axis=None):
    old, new = inserted(np.shape(arr), np.shape(z), obj, axis)
    arr_bar = np.reshape(np.take(g, old, axis=axis), np.shape(arr))
    values_bar = np.take(g, new, axis=axis)
    if axis is not None and np.ndim(obj) == 0:
        values_bar = np.moveaxis(values_bar, axis, 0)
    return arr_bar, None, values_bar


@jvp_rule(np.insert)
def insert_jvp(t, z, arr, obj, values, axis=None):
    arr_dot = np.zeros_like(arr) if t[0] is None else t[0]
    return np.insert(arr_dot, obj, np.zeros_like(values) if t[2] is None else t[2], axis)


@vjp_rule(np.delete, linear=True)
def delete(g, z, arr, obj, axis=None):
    if axis is None:
        return np.reshape(scatter(g, np.delete(np.arange(np.size(arr)), obj), (np.size(arr),)), np.shape(arr))
    left = np.delete(np.arange(np.shape(arr)[axis]), obj)
    return scatter(g, at(axis, left, np.ndim(arr)), np.shape(arr))


@vjp_rule(np.trim_zeros, view=True)
def trim_zeros(g, z, filt, trim="fb", axis=None):
    start = trimmed_start(filt, trim, axis)
    return scatter(g, tuple([slice(k, k + n) for k, n in zip(start, np.shape(g), strict=True)]), np.shape(filt))


@jvp_rule(np.trim_zeros)
def trim_zeros_jvp(t, z, filt, trim="fb", axis=None):
    start = trimmed_start(filt, trim, axis)
    return t[0][tuple([slice(k, k + n) for k, n in zip(start, np.shape(z), strict=True)])]


# ── splitting ────────────────────────────────────────────────────────────────────────────────────


def filled(g, z):
    """The cotangents of several results, zeros for those that are absent."""
    return [np.zeros_like(part) if bar is None else bar for bar, part in zip(g, z, strict=True)]


@vjp_rule(np.split, np.array_split, view=True, linear=True)
def split(g, z, ary, indices_or_sections, axis=0):
    return np.concatenate(filled(g, z), axis=axis)


@vjp_rule(np.vsplit, view=True, linear=True)
def vsplit(g, z, ary, indices_or_sections):
    return np.concatenate(filled(g, z), axis=0)


@vjp_rule(np.hsplit, view=True, linear=True)
def hsplit(g, z, ary, indices_or_sections):
    return np.concatenate(filled(g, z), axis=0 if np.ndim(ary) == 1 else 1)


@vjp_rule(np.dsplit, view=True, linear=True)
def dsplit(g, z, ary, indices_or_sections):
    return np.concatenate(filled(g, z), axis=2)


@vjp_rule(*present(np, "unstack"), view=True, linear=True)
def unstack(g, z, x, axis=0):
    return np.stack(filled(g, z), axis=axis)


# ── building ─────────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.full)
def full(g, z, shape, fill_value, dtype=None, order="C", device=None, like=None):
    return None, g


@vjp_rule(np.full_like)
def full_like(g, z, a, fill_value, dtype=None, order="K", subok=True, shape=None, device=None):
    return None, g


@jvp_rule(np.full)
def full_jvp(t, z, shape, fill_value, dtype=None, order="C", device=None, like=None):
    return None if t[1] is None else np.broadcast_to(t[1], np.shape(z))


@jvp_rule(np.full_like)
def full_like_jvp(t, z, a, fill_value, dtype=None, order="K", subok=True, shape=None, device=None):
    return None if t[1] is None else np.broadcast_to(t[1], np.shape(z))


@vjp_rule(np.arange)
def arange(g, z, start=None, stop=None, step=1, dtype=None, device=None, like=None):
    """Entry i is start + i * step; how many there are is piecewise constant in all three.  A sole argument is the stop."""
    if start is None or stop is None:
        return None, None, None
    return np.sum(g), None, g @ np.arange(len(z))


@jvp_rule(np.arange)
def arange_jvp(t, z, start=None, stop=None, step=1, dtype=None, device=None, like=None):
    if start is None or stop is None:
        return np.zeros_like(z)
    total = np.zeros_like(z) if t[0] is None else np.full_like(z, t[0])
    return total if len(t) < 3 or t[2] is None else total + t[2] * np.arange(len(z))


def between(g, num, endpoint, axis):
    """The cotangents of the two ends of a linspace: how far each point is from either."""
    w = np.linspace(0.0, 1.0, num, endpoint)
    g = np.moveaxis(g, axis, -1)
    return g @ (1.0 - w), g @ w


@vjp_rule(np.linspace)
def linspace(g, z, start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, device=None):
    points_bar, step_bar = g if retstep else (g, None)
    start_bar, stop_bar = (0.0, 0.0) if points_bar is None else between(points_bar, num, endpoint, axis)
    if step_bar is not None:
        per_step = step_bar / (num - 1 if endpoint else num)
        start_bar, stop_bar = start_bar - per_step, stop_bar + per_step
    return start_bar, stop_bar


@jvp_rule(np.linspace)
def linspace_jvp(t, z, start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, device=None):
    start_dot = np.zeros_like(start) if t[0] is None else t[0]
    stop_dot = np.zeros_like(stop) if t[1] is None else t[1]
    return np.linspace(start_dot, stop_dot, num, endpoint, retstep, axis=axis)


@vjp_rule(np.logspace)
def logspace(g, z, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    exponents = np.linspace(start, stop, num, endpoint, axis=axis)
    bases = base if np.ndim(base) == 0 else np.expand_dims(base, axis)
    start_bar, stop_bar = between(g * z * np.log(bases), num, endpoint, axis)
    base_bar = g * z * exponents / bases
    return start_bar, stop_bar, None, None, base_bar if np.ndim(base) == 0 else np.sum(base_bar, axis=axis)


@vjp_rule(np.geomspace)
def geomspace(g, z, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    start_bar, stop_bar = between(g * z, num, endpoint, axis)
    return start_bar / start, stop_bar / stop


@jvp_rule(np.logspace)
def logspace_jvp(t, z, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    bases = base if np.ndim(base) == 0 else np.expand_dims(base, axis)
    total = None
    if t[0] is not None or t[1] is not None:
        total = z * np.log(bases) * linspace_jvp(t, z, start, stop, num, endpoint, axis=axis)
    if t[4] is None:
        return total
    base_dot = t[4] if np.ndim(base) == 0 else np.expand_dims(t[4], axis)
    return tangent_sum(total, z * np.linspace(start, stop, num, endpoint, axis=axis) / bases * base_dot)


@jvp_rule(np.geomspace)
def geomspace_jvp(t, z, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    rates = (None if t[0] is None else t[0] / start, None if t[1] is None else t[1] / stop)
    return z * linspace_jvp(rates, z, start, stop, num, endpoint, axis=axis)


@vjp_rule(np.meshgrid)
def meshgrid(g, z, *xi, copy=True, sparse=False, indexing="xy"):
    """The axis of each x is its own place, but that "xy" swaps the first two."""
    order = (1, 0) + tuple(range(2, len(xi))) if indexing == "xy" and len(xi) > 1 else tuple(range(len(xi)))
    bars = [None if b is None else np.sum(b, axis=rest(k, len(xi))) for b, k in zip(g, order, strict=True)]
    return tuple([None if b is None else np.reshape(b, np.shape(x)) for b, x in zip(bars, xi, strict=True)])


@jvp_rule(np.meshgrid)
def meshgrid_jvp(t, z, *xi, copy=True, sparse=False, indexing="xy"):
    dots = np.meshgrid(*[np.zeros_like(x) if d is None else d for d, x in zip(t[: len(xi)], xi, strict=True)],
                       sparse=sparse, indexing=indexing)  # fmt: skip
    return tuple([None if d is None else dot for d, dot in zip(t[: len(xi)], dots, strict=True)])


@vjp_rule(np.vander)
def vander(g, z, x, N=None, increasing=False):
    n = np.shape(z)[1]
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return np.sum(g * powers * np.expand_dims(x, 1) ** np.maximum(powers - 1, 0), axis=1)


@jvp_rule(np.vander)
def vander_jvp(t, z, x, N=None, increasing=False):
    n = np.shape(z)[1]
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return np.expand_dims(t[0], 1) * powers * np.expand_dims(x, 1) ** np.maximum(powers - 1, 0)
