"""scipy.ndimage: filters.  Images at other coordinates are in resampling.py.

A filter is a correlation of the image with its surroundings, which repeat entries of the image as `mode` says: the
cotangents are a convolution, summed into the entries that they repeat.
"""

import numpy as np
from scipy import ndimage, signal

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.helpers import scatter
from adjoint.rules.registry import constant, jvp_rule, refuse, vjp_rule, written_as
from adjoint.rules.scipy import resampling  # noqa: F401
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


refuse(
    ndimage.median_filter, ndimage.maximum_filter, ndimage.minimum_filter, ndimage.rank_filter, ndimage.percentile_filter,
    why="it picks entries by their order; use numpy.lib.stride_tricks.sliding_window_view and np.max",
)  # fmt: skip


# ── said with others ─────────────────────────────────────────────────────────────────────────────


def difference(input, axis, smooth, output, mode, cval):
    """A difference along one axis, smoothed along the others."""
    only_plain(output, None)
    input = np.asarray(input)
    modes = each(mode, np.ndim(input))
    result = ndimage.correlate1d(input, [-1, 0, 1], axis, None, modes[axis], cval)
    for k in range(np.ndim(input)):
        if k != axis % np.ndim(input):
            result = ndimage.correlate1d(result, smooth, k, None, modes[k], cval)
    return result


def sobel(input, axis=-1, output=None, mode="reflect", cval=0.0):
    return difference(input, axis, [1, 2, 1], output, mode, cval)


def prewitt(input, axis=-1, output=None, mode="reflect", cval=0.0):
    return difference(input, axis, [1, 1, 1], output, mode, cval)


def laplace(input, output=None, mode="reflect", cval=0.0, *, axes=None):
    only_plain(output, axes)
    input = np.asarray(input)
    modes = each(mode, np.ndim(input))
    return sum([ndimage.correlate1d(input, [1, -2, 1], k, None, modes[k], cval) for k in range(np.ndim(input))])


def gaussian_derivatives(input, sigma, order, mode, cval, kwargs):
    """A Gaussian filter of this order along each axis, one after another."""
    orders = [tuple([order if i == k else 0 for i in range(np.ndim(input))]) for k in range(np.ndim(input))]
    return [ndimage.gaussian_filter(input, sigma, each_order, None, mode, cval, **kwargs) for each_order in orders]


def gaussian_laplace(input, sigma, output=None, mode="reflect", cval=0.0, *, axes=None, **kwargs):
    only_plain(output, axes)
    return sum(gaussian_derivatives(np.asarray(input), sigma, 2, mode, cval, kwargs))


def gaussian_gradient_magnitude(input, sigma, output=None, mode="reflect", cval=0.0, *, axes=None, **kwargs):
    only_plain(output, axes)
    return np.linalg.norm(np.stack(gaussian_derivatives(np.asarray(input), sigma, 1, mode, cval, kwargs)), axis=0)


def center_of_mass(input, labels=None, index=None):
    unsupported(labels is not None or index is not None, "`center_of_mass` of labelled parts", "Multiply by a mask.")
    input = np.asarray(input)
    total = np.sum(input)
    return tuple([np.sum(np.moveaxis(input, k, -1) @ np.arange(np.shape(input)[k])) / total for k in range(np.ndim(input))])


for _said in (sobel, prewitt, laplace, gaussian_laplace, gaussian_gradient_magnitude, center_of_mass):
    written_as(getattr(ndimage, _said.__name__), _said)
