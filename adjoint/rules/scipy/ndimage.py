"""scipy.ndimage: filters and interpolation on regular grids.

A filter is a correlation of the image with its surroundings, which repeat entries of the image as `mode` says: the
cotangents are a convolution, summed into the entries that they repeat.  `zoom` works along one axis after
another, and is a matrix along each.  `map_coordinates` is differentiated for order 0 and 1 (as in JAX), by the image
and by the coordinates; at a grid point, where the slope jumps, that of the cell that `floor` gives.
"""

from typing import Any

import numpy as np
from scipy import ndimage, signal

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.helpers import scatter
from adjoint.rules.registry import constant, jvp_rule, refuse, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

_PAD = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
    "grid-wrap": "wrap",
}  # fmt: skip

# ── filters ──────────────────────────────────────────────────────────────────────────────────────


def surroundings(shape, before, after, mode):
    """Where each entry of the image with its surroundings comes from, in the ravelled image; its size: from outside."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    widths = tuple(zip(before, after, strict=True))
    if mode in ("constant", "grid-constant"):
        return np.pad(places, widths, constant_values=places.size)
    return np.pad(places, widths, _PAD[mode])


def reach(size, origin, ndim):
    """How far a correlation with weights of these sizes looks, before and after."""
    origins = (origin,) * ndim if isinstance(origin, int) else tuple(origin)
    before = tuple(n // 2 + o for n, o in zip(size, origins, strict=True))
    return before, tuple(n - 1 - b for n, b in zip(size, before, strict=True))


def turned_origin(size, origin, ndim):
    """That of the correlation which a convolution is."""
    origins = (origin,) * ndim if isinstance(origin, int) else tuple(origin)
    return tuple(-o - (1 if n % 2 == 0 else 0) for n, o in zip(size, origins, strict=True))


def only_plain(output, axes):
    unsupported(output is not None or axes is not None, "a filter of scipy.ndimage with output= or axes=")


constant(surroundings, reach, turned_origin, why="indices")


def correlation_bars(g, input, weights, mode, cval, origin):
    n = np.size(input)
    before, after = reach(np.shape(weights), origin, np.ndim(input))
    places = surroundings(np.shape(input), before, after, mode)
    around = np.concatenate((np.ravel(input), np.full(1, cval, dtype=np.result_type(input))))[places]
    bar = scatter(signal.convolve(g, weights, "full"), places, (n + 1,))[:n]
    return np.reshape(bar, np.shape(input)), signal.correlate(around, g, "valid")


@vjp_rule(ndimage.correlate)
def correlate(g, z, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, axes=None):
    only_plain(output, axes)
    return correlation_bars(g, input, weights, mode, cval, origin)


@vjp_rule(ndimage.convolve)
def convolve(g, z, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, axes=None):
    """The correlation with the weights turned round."""
    only_plain(output, axes)
    origin = turned_origin(np.shape(weights), origin, np.ndim(input))
    input_bar, bar = correlation_bars(g, input, np.flip(weights), mode, cval, origin)
    return input_bar, np.flip(bar)


def bilinear(fn):
    """The tangent of a filter: linear in the image, and in the weights."""

    @jvp_rule(fn)
    def pushed(t, z, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, axes=None):
        first = None if t[0] is None else fn(t[0], weights, mode=mode, origin=origin)
        return first if t[1] is None else tangent_sum(first, fn(input, t[1], mode=mode, cval=cval, origin=origin))


bilinear(ndimage.correlate)
bilinear(ndimage.convolve)


def along(weights, axis, ndim):
    """Weights along one axis as an array of all."""
    return np.reshape(weights, (1,) * (axis % ndim) + (-1,) + (1,) * (ndim - 1 - axis % ndim))


def origin_along(origin, axis, ndim):
    return tuple(origin if k == axis % ndim else 0 for k in range(ndim))


constant(origin_along, why="indices")


@vjp_rule(ndimage.correlate1d)
def correlate1d(g, z, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    only_plain(output, None)
    n = np.ndim(input)
    bars = correlation_bars(g, input, along(weights, axis, n), mode, cval, origin_along(origin, axis, n))
    return bars[0], np.ravel(bars[1])


@vjp_rule(ndimage.convolve1d)
def convolve1d(g, z, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    only_plain(output, None)
    origin = turned_origin(np.shape(weights), origin, 1)[0]
    input_bar, bar = correlate1d(g, z, input, weights[::-1], axis, None, mode, cval, origin)
    return input_bar, bar[::-1]


def bilinear_along(fn):
    @jvp_rule(fn)
    def pushed(t, z, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
        first = None if t[0] is None else fn(t[0], weights, axis, None, mode, 0.0, origin)
        return first if t[1] is None else tangent_sum(first, fn(input, t[1], axis, None, mode, cval, origin))


bilinear_along(ndimage.correlate1d)
bilinear_along(ndimage.convolve1d)


@jvp_rule(ndimage.gaussian_filter1d)
def gaussian_filter1d_jvp(
    t, z, input, sigma, axis=-1, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None
):
    unsupported(t[1] is not None, "a Gaussian filter by its width")
    return ndimage.gaussian_filter1d(t[0], sigma, axis, order, output, mode, 0.0, truncate, radius=radius)


def kernels(sigma, order, truncate, radius, ndim):
    """The weights of a Gaussian filter along each axis; None where it does nothing."""
    sigmas, orders, modes = (each if np.ndim(each) else (each,) * ndim for each in (sigma, order, radius))
    found = []
    for s, o, r in zip(sigmas, orders, modes, strict=True):
        if s <= 1e-15:
            found.append(np.ones(1))
            continue
        reached = int(truncate * float(s) + 0.5) if r is None else r
        impulse = np.zeros(2 * reached + 1)
        impulse[reached] = 1.0
        found.append(ndimage.gaussian_filter1d(impulse, s, order=o, mode="constant", radius=reached)[::-1])
    return tuple(found)


def sizes(size, ndim):
    return tuple(np.full(n, 1.0 / n) for n in (size if np.ndim(size) else (size,) * ndim))


def each(mode, ndim):
    return (mode,) * ndim if isinstance(mode, (str, int)) else tuple(mode)


constant(kernels, sizes, each, why="of a width that stays as it is")


def separable(g, input, weights, modes, origins):
    """A filter along one axis after another, transposed; of its image only."""
    return axis_back(g, input, weights, modes, origins, len(weights) - 1)


def axis_back(g, input, weights, modes, origins, axis):
    if axis < 0:
        return g
    bar = correlate1d(g, None, input, weights[axis], axis, None, modes[axis], 0.0, origins[axis])[0]
    return axis_back(bar, input, weights, modes, origins, axis - 1)


@vjp_rule(ndimage.gaussian_filter)
def gaussian_filter(
    g, z, input, sigma, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None, axes=None
):
    only_plain(output, axes)
    refuse_active(sigma, "the width of a Gaussian filter has no derivative here")
    n = np.ndim(input)
    return separable(g, input, kernels(sigma, order, truncate, radius, n), each(mode, n), (0,) * n), None


@jvp_rule(ndimage.gaussian_filter)
def gaussian_filter_jvp(
    t, z, input, sigma, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None, axes=None
):
    unsupported(t[1] is not None, "a Gaussian filter by its width")
    return ndimage.gaussian_filter(t[0], sigma, order, output, mode, 0.0, truncate, radius=radius, axes=axes)


@vjp_rule(ndimage.gaussian_filter1d)
def gaussian_filter1d(
    g, z, input, sigma, axis=-1, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None
):
    only_plain(output, None)
    refuse_active(sigma, "the width of a Gaussian filter has no derivative here")
    return correlate1d(g, z, input, kernels(sigma, order, truncate, radius, 1)[0], axis, None, mode)[0], None


@vjp_rule(ndimage.uniform_filter)
def uniform_filter(g, z, input, size=3, output=None, mode="reflect", cval=0.0, origin=0, *, axes=None):
    only_plain(output, axes)
    n = np.ndim(input)
    return separable(g, input, sizes(size, n), each(mode, n), each(origin, n))


@vjp_rule(ndimage.uniform_filter1d)
def uniform_filter1d(g, z, input, size, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    only_plain(output, None)
    return correlate1d(g, z, input, sizes(size, 1)[0], axis, None, mode, 0.0, origin)[0]


@jvp_rule(ndimage.uniform_filter)
def uniform_filter_jvp(t, z, input, size=3, output=None, mode="reflect", cval=0.0, origin=0, *, axes=None):
    return ndimage.uniform_filter(t[0], size, output, mode, 0.0, origin, axes=axes)


@jvp_rule(ndimage.uniform_filter1d)
def uniform_filter1d_jvp(t, z, input, size, axis=-1, output=None, mode="reflect", cval=0.0, origin=0):
    return ndimage.uniform_filter1d(t[0], size, axis, output, mode, 0.0, origin)


# ── interpolation ────────────────────────────────────────────────────────────────────────────────


def zoom_matrix(n, m, factor, order, mode, prefilter, grid_mode):
    """The result's entries along one axis from the image's."""
    if order == 0 or n == 1:
        matrix = ndimage.zoom(np.eye(n), (factor, 1.0), order=order, mode=mode, prefilter=prefilter, grid_mode=grid_mode)
    else:  # the other axis is not to be interpolated: one column at a time
        matrix = np.stack(
            [ndimage.zoom(e, factor, order=order, mode=mode, prefilter=prefilter, grid_mode=grid_mode) for e in np.eye(n)], axis=1
        )
    assert matrix.shape == (m, n)
    return matrix


def factors(zoom, ndim):
    return tuple(float(f) for f in (zoom if np.ndim(zoom) else (zoom,) * ndim))


constant(zoom_matrix, factors, why="weights")


@vjp_rule(ndimage.zoom)
def zoom(
    g, z, input, zoom, output=None, order=3, mode="constant", cval=0.0, prefilter=True, *, grid_mode=False
):
    """The zoom itself is a number of entries: piecewise constant."""
    only_plain(output, None)
    return zoomed_back(g, np.shape(input), factors(zoom, np.ndim(input)), order, mode, prefilter, grid_mode, 0), None


def zoomed_back(g, shape, scale, order, mode, prefilter, grid_mode, axis):
    if axis == len(shape):
        return g
    matrix = zoom_matrix(shape[axis], np.shape(g)[axis], scale[axis], order, mode, prefilter, grid_mode)
    bar = np.moveaxis(np.moveaxis(g, axis, -1) @ matrix, -1, axis)
    return zoomed_back(bar, shape, scale, order, mode, prefilter, grid_mode, axis + 1)


@jvp_rule(ndimage.zoom)
def zoom_jvp(
    t, z, input, zoom, output=None, order=3, mode="constant", cval=0.0, prefilter=True, *, grid_mode=False
):
    if t[0] is None:
        return None
    return ndimage.zoom(t[0], zoom, output, order, mode, 0.0, prefilter, grid_mode=grid_mode)


def only_cells(order, mode):
    unsupported(
        order > 1 or mode not in ("constant", "nearest", "mirror"),
        'scipy.ndimage.map_coordinates of order > 1, or with another mode than "constant", "nearest" and "mirror"',
    )


def corner_places(coordinates, shape, mode, order):
    """For each corner of the cells that points are in: its place in the ravelled image (its size: from outside), and
    its weight; and the slopes of these weights by each coordinate."""
    x, turn, corners, size = [], [], [], int(np.prod(shape))
    inside = np.ones(np.shape(coordinates)[1:], bool)
    for c, n in zip(np.asarray(coordinates, float), shape, strict=True):
        within = (c >= 0) & (c <= n - 1)
        if mode == "mirror" and n > 1:
            period = 2 * (n - 1)
            r = np.mod(c, period)
            x.append(np.where(r > n - 1, period - r, r))
            turn.append(np.where(r > n - 1, -1.0, 1.0))
        else:
            x.append(np.clip(c, 0, n - 1))
            turn.append(within.astype(float))
            inside = inside & within if mode == "constant" else inside
    places, weights, slopes = list[Any](), list[Any](), list[Any]()
    if order == 0:
        nearest = [np.clip(np.floor(c + 0.5).astype(int), 0, n - 1) for c, n in zip(x, shape, strict=True)]
        corners.append((np.ravel_multi_index(nearest, shape), np.ones(inside.shape), np.zeros((len(shape), *inside.shape))))
    else:
        low = [np.clip(np.floor(c).astype(int), 0, max(n - 2, 0)) for c, n in zip(x, shape, strict=True)]
        part = [c - i for c, i in zip(x, low, strict=True)]
        for corner in np.ndindex((2,) * len(shape)):
            index = [np.minimum(i + k, n - 1) for i, k, n in zip(low, corner, shape, strict=True)]
            each_weight = [p if k else 1.0 - p for p, k in zip(part, corner, strict=True)]
            by = []
            for d, k in enumerate(corner):
                others = np.prod([w for e, w in enumerate(each_weight) if e != d], axis=0) * np.ones(part[0].shape)
                by.append((1.0 if k else -1.0) * turn[d] * others)
            corners.append((np.ravel_multi_index(index, shape), np.prod(each_weight, axis=0), np.array(by)))
    for at, weight, slope in corners:
        places.append(np.where(inside, at, size))
        weights.append(weight * inside)
        slopes.append(slope * inside)
    return np.array(places), np.array(weights), np.array(slopes)


refuse(corner_places, why="the second derivative of map_coordinates by the coordinates")


@vjp_rule(ndimage.map_coordinates)
def map_coordinates(
    g, z, input, coordinates, output=None, order=3, mode="constant", cval=0.0, prefilter=True
):
    only_plain(output, None)
    only_cells(order, mode)
    n = np.size(input)
    places, weights, slopes = corner_places(coordinates, np.shape(input), mode, order)
    bar = scatter(g * weights, places, (n + 1,))[:n]
    values = np.concatenate((np.ravel(input), np.zeros(1)))[places]
    return np.reshape(bar, np.shape(input)), g * np.sum(np.expand_dims(values, 1) * slopes, axis=0)


@jvp_rule(ndimage.map_coordinates)
def map_coordinates_jvp(
    t, z, input, coordinates, output=None, order=3, mode="constant", cval=0.0, prefilter=True
):
    total = None
    if t[0] is not None:
        total = ndimage.map_coordinates(t[0], coordinates, output, order, mode, 0.0, prefilter)
    if t[1] is None:
        return total
    only_cells(order, mode)
    places, _, slopes = corner_places(coordinates, np.shape(input), mode, order)
    values = np.concatenate((np.ravel(input), np.zeros(1)))[places]
    return tangent_sum(total, np.sum(np.expand_dims(values, 1) * slopes * t[1], axis=(0, 1)))


refuse(
    ndimage.shift, ndimage.rotate, ndimage.affine_transform, ndimage.geometric_transform, ndimage.spline_filter,
    ndimage.spline_filter1d, why="use map_coordinates of order 1",
)  # fmt: skip
refuse(
    ndimage.median_filter, ndimage.maximum_filter, ndimage.minimum_filter, ndimage.rank_filter, ndimage.percentile_filter,
    why="it picks entries by their order; use numpy.lib.stride_tricks.sliding_window_view and np.max",
)  # fmt: skip
