"""Windows that slide over an array: the cotangent of each entry is the sum of those that it has in all windows.

    w = sliding_window_view(x, 3)           w[i, k] = x[i + k]          x̄[j] = Σₖ w̄[j - k, k]
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from adjoint.rules.registry import refuse, vjp_rule


def window_axes(axis, ndim):
    """The axis that each axis of a window slides along."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple([k % ndim for k in given])


def overlapped(windows, shape, axes):
    """What the windows add up to, where they lie in an array of this shape: the transpose of `sliding_window_view`."""
    total = np.zeros(shape, windows.dtype)
    places = windows.shape[: len(shape)]
    for offset in np.ndindex(windows.shape[len(shape) :]):
        start = [sum(k for k, along in zip(offset, axes, strict=True) if along == axis) for axis in range(len(shape))]
        part = total[tuple(slice(k, k + n) for k, n in zip(start, places, strict=True))]
        part += windows[(..., *offset)]
    return total


@vjp_rule(sliding_window_view, view=True, linear=True)
def windowed(g, z, x, window_shape, axis=None, subok=False, writeable=False):
    return overlapped(g, np.shape(x), window_axes(axis, np.ndim(x)))


@vjp_rule(overlapped, linear=True)
def overlapped_vjp(g, z, windows, shape, axes):
    return sliding_window_view(g, np.shape(windows)[len(shape) :], axes)


refuse(as_strided, why="it reads memory by its addresses; use numpy.lib.stride_tricks.sliding_window_view")
