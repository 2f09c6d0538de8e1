"""scipy.ndimage: images at other places than those of their entries: map_coordinates, shift, rotate, affine_transform, zoom.

Between its entries an image is a spline of the order asked for (Unser, Aldroubi & Eden, "B-spline signal processing",
1993): its coefficients, which are the image after a linear filter along each axis, times B-splines of the coordinates.
That formula is what is differentiated, by the image and by the coordinates, to any order.  Where the spline has a corner
(order 1 at an entry, order 0 halfway between two), the slope is that of the side that `floor` gives.

`zoom` is a matrix along each axis.
"""

import math

import numpy as np
from scipy import ndimage

from adjoint.rules.functional import define, pull, push, unsupported
from adjoint.rules.registry import SHAPE_BY_ARGUMENT, constant, jvp_rule, refuse, vjp_rule

# ── splines ──────────────────────────────────────────────────────────────────────────────────────


def polynomials(order):
    """The B-splines that are not zero between two knots, as polynomials of how far from the first: the coefficients of
    each in a row, by the recursion of Cox and de Boor (1972)."""
    table = np.ones((1, 1))
    for d in range(1, order + 1):
        lower, k = np.pad(table, ((1, 1), (0, 1))), np.arange(d + 1.0)[:, None]
        times_u = np.roll(lower, 1, axis=1)
        table = ((k + 1.0) * lower[1:] - times_u[1:] + times_u[:-1] + (d - k) * lower[:-1]) / d
    return table


def power(order, j, ndim):
    """The coefficients of the power j, for places with so many axes."""
    return np.reshape(polynomials(order)[:, j], (-1,) + (1,) * ndim)


def b_splines(u, order):
    """Their values, by Horner's scheme."""
    values = power(order, order, np.ndim(u)) + 0.0 * u
    for j in range(order - 1, -1, -1):
        values = values * u + power(order, j, np.ndim(u))
    return values


def filter_matrix(n, order, mode):
    """The coefficients along an axis of n entries, from the entries."""
    return ndimage.spline_filter1d(np.eye(n), order, 0, mode=mode)


def coefficients(image, order, mode, axes):
    """The image filtered along these axes."""
    if len(axes) == 0:
        return image
    matrix = filter_matrix(np.shape(image)[axes[0]], order, mode)
    along = np.moveaxis(np.tensordot(matrix, np.moveaxis(image, axes[0], 0), 1), 0, axes[0])
    return coefficients(along, order, mode, axes[1:])


# ── where the coordinates fall ───────────────────────────────────────────────────────────────────


def knot(x, n, order, mode):
    """The place of the B-spline in the middle."""
    base = np.floor(x + 0.5 * (order % 2 == 0))
    ends = order % 2 == 1 and mode in ("constant", "nearest") and n > 1  # at the last entry the slope of the last interval
    return np.where(x > n - 1.0, base, np.minimum(base, n - 2.0)) if ends else base


def places(base, n, order, mode):
    """The entries that each of the B-splines at each of the coordinates multiplies."""
    first = base.astype(int) - order // 2
    i = first + np.arange(order + 1).reshape((-1,) + (1,) * np.ndim(first))
    if n == 1:
        return np.zeros_like(i)
    if mode == "nearest":
        return np.clip(i, 0, n - 1)
    if mode == "grid-wrap":
        return np.mod(i, n)
    half = 0 if mode in ("mirror", "constant", "wrap") else 1
    period = 2 * n - 2 + 2 * half
    i = np.mod(i, period)
    return np.where(i < n, i, period - half - i)


def turns(x, n):
    """How often a coordinate goes round in mode "wrap"."""
    return np.where((x < 0) | (x > n - 1), np.floor(x / max(n - 1, 1)), 0.0)


def within(at, shape):
    """Which points lie inside of the image."""
    return np.all([(x >= 0) & (x <= n - 1) for x, n in zip(at, shape, strict=False)], axis=0)


constant(polynomials, power, filter_matrix, knot, places, turns, within, why="piecewise constant")


def folded(x, n, mode):
    """The coordinate as it is taken."""
    if mode == "nearest":
        return np.clip(x, 0.0, n - 1.0)
    return x - (n - 1) * turns(x, n) if mode == "wrap" else x


def along_axis(array, k, axes):
    """The first axis of an array for axis k of the image, the axes of the points last."""
    return np.expand_dims(array, tuple([i + (i >= k) for i in range(axes - 1)]))


def summed(c, at, order, mode):
    """The sum over all B-splines at the coordinates."""
    bases = tuple([knot(x, n, order, mode) for x, n in zip(at, np.shape(c), strict=False)])
    found = tuple([places(b, n, order, mode) for b, n in zip(bases, np.shape(c), strict=False)])
    index = tuple([along_axis(i, k, len(at)) for k, i in enumerate(found)])
    half = 0.5 * (order % 2 == 0)
    return contracted(c[index], tuple([b_splines(x + half - b, order) for x, b in zip(at, bases, strict=True)]))


def contracted(terms, weights):
    """The sum over the first axis with the first of the weights, and so on."""
    if len(weights) == 0:
        return terms
    w, points = weights[0], np.ndim(weights[0]) - 1
    inner, after = len(weights) - 1, np.ndim(terms) - len(weights) - points
    w = np.expand_dims(w, around(inner, points, after))
    return contracted(np.sum(w * terms, axis=0), weights[1:])


def around(before, points, after):
    """The axes that weights of points, with the first axis of the terms, lack."""
    return tuple(range(1, 1 + before)) + tuple(range(1 + before + points, 1 + before + points + after))


constant(around, why="numbers of axes")


PADDED = 12  # entries that SciPy adds at the ends of an image in mode "nearest"


def ends(axes, ndim):
    """How much is added along each axis."""
    return tuple((PADDED, PADDED) if k < axes else (0, 0) for k in range(ndim))


constant(ends, why="lengths")


def sampled(image, at, order, mode, cval, prefilter):
    """The image at coordinates along its first axes, one array for each; further axes are left as they are."""
    c, where = image, tuple([folded(x, n, mode) for x, n in zip(at, np.shape(image), strict=False)])
    if prefilter and order > 1:
        if mode == "nearest":
            c = np.pad(image, ends(len(at), np.ndim(image)), "edge")
            where = tuple([x + PADDED for x in at])  # beyond the pad, too: the entries are those at its end
        c = coefficients(c, order, mode, tuple(range(len(at))))
    found = summed(c, where, order, mode)
    if mode != "constant":
        return found
    inside = within(at, np.shape(image))
    return np.where(np.expand_dims(inside, tuple(range(np.ndim(inside), np.ndim(found)))), found, cval)


def plain(output, order, mode, prefilter):
    unsupported(output is not None, "a transformation of scipy.ndimage with output=")
    unsupported(
        mode == "nearest" and order > 1 and not prefilter, 'a transformation of scipy.ndimage with mode="nearest", prefilter=False'
    )
    unsupported(mode == "grid-constant", 'a transformation of scipy.ndimage with mode="grid-constant"')


def entries(shape):
    """The coordinates of all entries of an image."""
    return np.indices(shape).astype(float)


constant(entries, why="indices")

# ── transformations ──────────────────────────────────────────────────────────────────────────────


def at_coordinates(input, coordinates, order, mode, cval, prefilter):
    return sampled(input, (*np.asarray(coordinates),), order, mode, cval, prefilter)


@vjp_rule(ndimage.map_coordinates)
def map_coordinates(g, z, input, coordinates, output=None, order=3, mode="constant", cval=0.0, prefilter=True):
    plain(output, order, mode, prefilter)
    where = (input, coordinates, order, mode, cval, prefilter)
    bars = pull(define(at_coordinates, where), where, g)
    return bars[0], bars[1], None, None, None, bars[4]


@jvp_rule(ndimage.map_coordinates)
def map_coordinates_jvp(t, z, input, coordinates, output=None, order=3, mode="constant", cval=0.0, prefilter=True):
    plain(output, order, mode, prefilter)
    where = (input, coordinates, order, mode, cval, prefilter)
    return push(define(at_coordinates, where), where, (t[0], t[1], None, None, t[5], None))


def shifted(input, shift, order, mode, cval, prefilter):
    grid = entries(np.shape(input))
    shift = np.asarray(shift)
    at = grid - (shift if np.ndim(shift) == 0 else np.expand_dims(shift, tuple(range(1, np.ndim(grid)))))
    return sampled(input, (*at,), order, mode, cval, prefilter)


@vjp_rule(ndimage.shift)
def shift(g, z, input, shift, output=None, order=3, mode="constant", cval=0.0, prefilter=True):
    plain(output, order, mode, prefilter)
    where = (input, shift, order, mode, cval, prefilter)
    bars = pull(define(shifted, where), where, g)
    return bars[0], bars[1], None, None, None, bars[4]


@jvp_rule(ndimage.shift)
def shift_jvp(t, z, input, shift, output=None, order=3, mode="constant", cval=0.0, prefilter=True):
    plain(output, order, mode, prefilter)
    where = (input, shift, order, mode, cval, prefilter)
    return push(define(shifted, where), where, (t[0], t[1], None, None, t[5], None))


def transformed(input, matrix, offset, shape, order, mode, cval, prefilter):
    """At A o + b for each entry o of the result; a matrix with one column more, or one row, holds b."""
    n, matrix, offset = np.ndim(input), np.asarray(matrix), np.asarray(offset)
    grid = entries(shape)
    if np.ndim(matrix) == 2 and np.shape(matrix)[1] == n + 1:
        matrix, offset = matrix[:n, :n], matrix[:n, n]
    if np.ndim(matrix) == 1:
        at = np.expand_dims(matrix, tuple(range(1, np.ndim(grid)))) * grid
    else:
        at = np.tensordot(matrix, grid, 1)
    at = at + (offset if np.ndim(offset) == 0 else np.expand_dims(offset, tuple(range(1, np.ndim(grid)))))
    return sampled(input, (*at,), order, mode, cval, prefilter)


@vjp_rule(ndimage.affine_transform)
def affine_transform(
    g, z, input, matrix, offset=0.0, output_shape=None, output=None, order=3, mode="constant", cval=0.0, prefilter=True
):
    plain(output, order, mode, prefilter)
    where = (input, matrix, offset, np.shape(z), order, mode, cval, prefilter)
    bars = pull(define(transformed, where), where, g)
    return bars[0], bars[1], bars[2], None, None, None, None, bars[6]


@jvp_rule(ndimage.affine_transform)
def affine_transform_jvp(
    t, z, input, matrix, offset=0.0, output_shape=None, output=None, order=3, mode="constant", cval=0.0, prefilter=True
):
    plain(output, order, mode, prefilter)
    where = (input, matrix, offset, np.shape(z), order, mode, cval, prefilter)
    return push(define(transformed, where), where, (t[0], t[1], t[2], None, None, None, t[7], None))


def rotated(input, angle, axes, shape, order, mode, cval, prefilter):
    """In the plane of two axes, about the middle; the image may be larger afterwards."""
    plane = np.moveaxis(input, axes, (0, 1))
    n, m = shape[axes[0]], shape[axes[1]]
    grid = entries((n, m))
    cos, sin = np.cos(angle * (math.pi / 180.0)), np.sin(angle * (math.pi / 180.0))
    y, x = grid[0] - 0.5 * (n - 1), grid[1] - 0.5 * (m - 1)
    middle = 0.5 * (np.shape(plane)[0] - 1), 0.5 * (np.shape(plane)[1] - 1)
    at = (cos * y + sin * x + middle[0], cos * x - sin * y + middle[1])
    return np.moveaxis(sampled(plane, at, order, mode, cval, prefilter), (0, 1), axes)


def in_order(axes, ndim):
    first, second = sorted(k % ndim for k in axes)
    return first, second


constant(in_order, why="numbers of axes")


@vjp_rule(ndimage.rotate)
def rotate(
    g, z, input, angle, axes=(1, 0), reshape=True, output=None, order=3, mode="constant", cval=0.0, prefilter=True
):
    """The size of the result stays as it is."""
    plain(output, order, mode, prefilter)
    where = (input, angle, in_order(axes, np.ndim(input)), np.shape(z), order, mode, cval, prefilter)
    bars = pull(define(rotated, where), where, g)
    return bars[0], bars[1], None, None, None, None, None, bars[6]


@jvp_rule(ndimage.rotate)
def rotate_jvp(
    t, z, input, angle, axes=(1, 0), reshape=True, output=None, order=3, mode="constant", cval=0.0, prefilter=True
):
    plain(output, order, mode, prefilter)
    where = (input, angle, in_order(axes, np.ndim(input)), np.shape(z), order, mode, cval, prefilter)
    return push(define(rotated, where), where, (t[0], t[1], None, None, None, None, t[7], None))


# ── zoom ─────────────────────────────────────────────────────────────────────────────────────────


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
    unsupported(output is not None, "scipy.ndimage.zoom with output=")
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


refuse(
    ndimage.geometric_transform, ndimage.spline_filter, ndimage.spline_filter1d,
    why="use map_coordinates, with the coordinates that it computes",
)  # fmt: skip

SHAPE_BY_ARGUMENT.update({ndimage.rotate: (1, "angle"), ndimage.zoom: (1, "zoom")})
