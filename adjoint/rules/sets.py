"""Sets and histograms: unique, union1d, …; bincount, histogram.

Results are sorted and have each value once; equal entries share a cotangent equally.  Counts are piecewise
constant in the data: they follow the weights, and the edges follow the smallest and largest of the data.
"""

import numpy as np

from adjoint.rules.differences import along, undiff
from adjoint.rules.helpers import axes_of, pieces, scatter
from adjoint.rules.joining import between
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

# ── sets ─────────────────────────────────────────────────────────────────────────────────────────


def places_in(z, arrays):
    """Where in the sorted z the value of each entry of the arrays stands, if it does, and how many share it.

    One place more than z has is for those that have none.
    """
    every = np.concatenate([np.ravel(a) for a in arrays])
    place = np.searchsorted(z, every)
    nowhere = np.full(1, np.nan, np.result_type(z))
    found = np.equal(np.take(np.concatenate((z, nowhere)), place), every)
    return place, found, np.maximum(np.bincount(place, found, np.size(z) + 1), 1.0)


def share_by_value(g, z, *arrays):
    """g of each entry of the sorted z, divided among the entries of the arrays that have its value."""
    place, found, count = places_in(z, arrays)
    share = np.where(found, np.take(np.concatenate((g, np.zeros(1))) / count, place), 0.0)
    parts = pieces("concatenate", [(np.size(a),) for a in arrays], 0)
    return tuple([np.reshape(share[part], np.shape(a)) for part, a in zip(parts, arrays, strict=True)])


def mean_by_value(dots, z, *arrays):
    """For each entry of the sorted z the mean tangent of the entries that have its value."""
    place, found, count = places_in(z, arrays)
    every_dot = np.concatenate([np.ravel(or_zeros(d, a)) for d, a in zip(dots, arrays, strict=True)])
    return (np.bincount(place, np.where(found, every_dot, 0.0), np.size(z) + 1) / count)[:-1]


def or_zeros(g, like):
    return np.zeros_like(like) if g is None else g


@vjp_rule(np.setxor1d)
def setxor1d(g, z, ar1, ar2, assume_unique=False):
    return share_by_value(g, z, ar1, ar2)


@vjp_rule(np.union1d)
def union1d(g, z, ar1, ar2):
    return share_by_value(g, z, ar1, ar2)


@vjp_rule(np.intersect1d)
def intersect1d(g, z, ar1, ar2, assume_unique=False, return_indices=False):
    return share_by_value(g[0] if return_indices else g, z[0] if return_indices else z, ar1, ar2)


@vjp_rule(np.setdiff1d)
def setdiff1d(g, z, ar1, ar2, assume_unique=False):
    """Which entries are left is decided by ar2, whose values are in none of them."""
    if assume_unique:  # in the order in which they came
        return scatter(g, np.nonzero(np.isin(ar1, ar2, invert=True)), np.shape(ar1)), None
    return share_by_value(g, z, ar1)[0], None


def alike_slices(ar, axis):
    """For each slice along an axis the number of the distinct slice it is equal to, and how often that occurs."""
    found = np.unique(ar, axis=axis, return_inverse=True, return_counts=True)
    return np.ravel(found[1]), found[2]


def shared_slices(g, ar, axis):
    """Each distinct slice's cotangent, shared by those equal to it."""
    place, times = alike_slices(ar, axis)
    shares = np.moveaxis(g, axis, -1) / times
    return np.moveaxis(np.take(shares, place, axis=-1), -1, axis)


def mean_slices(t, ar, axis):
    place, times = alike_slices(ar, axis)
    moved = np.moveaxis(t, axis, -1)
    return np.moveaxis(scatter(moved, (..., place), (*np.shape(moved)[:-1], len(times))) / times, -1, axis)


@vjp_rule(np.unique)
def unique(g, z, ar, return_index=False, return_inverse=False, return_counts=False, axis=None, equal_nan=True,
           sorted=True):  # fmt: skip
    several = return_index or return_inverse or return_counts
    bar, values = (g[0], z[0]) if several else (g, z)
    if axis is not None:
        return None if bar is None else shared_slices(bar, ar, axis)
    return None if bar is None else share_by_value(np.take(bar, np.argsort(values)), np.sort(values), ar)[0]


@jvp_rule(np.setxor1d)
def setxor1d_jvp(t, z, ar1, ar2, assume_unique=False):
    return mean_by_value(t[:2], z, ar1, ar2)


@jvp_rule(np.union1d)
def union1d_jvp(t, z, ar1, ar2):
    return mean_by_value(t[:2], z, ar1, ar2)


@jvp_rule(np.intersect1d)
def intersect1d_jvp(t, z, ar1, ar2, assume_unique=False, return_indices=False):
    z_dot = mean_by_value(t[:2], z[0] if return_indices else z, ar1, ar2)
    return (z_dot, None, None) if return_indices else z_dot


@jvp_rule(np.setdiff1d)
def setdiff1d_jvp(t, z, ar1, ar2, assume_unique=False):
    if t[0] is None:
        return np.zeros_like(z)
    return t[0][np.isin(ar1, ar2, invert=True)] if assume_unique else mean_by_value(t[:1], z, ar1)


@jvp_rule(np.unique)
def unique_jvp(t, z, ar, return_index=False, return_inverse=False, return_counts=False, axis=None, equal_nan=True,
               sorted=True):  # fmt: skip
    several = return_index or return_inverse or return_counts
    values = z[0] if several else z
    if axis is None:
        order = np.argsort(values)
        z_dot = np.take(mean_by_value(t[:1], np.take(values, order), ar), np.argsort(order))
    else:
        z_dot = mean_slices(t[0], ar, axis)
    return (z_dot, *[None for _ in z[1:]]) if several else z_dot


# ── histograms ───────────────────────────────────────────────────────────────────────────────────


@vjp_rule(np.bincount)
def bincount(g, z, x, weights=None, minlength=0):
    return None, None if weights is None else np.take(g, x)


@jvp_rule(np.bincount)
def bincount_jvp(t, z, x, weights=None, minlength=0):
    return np.bincount(x, t[1], minlength)


def edges_vjp(g, edges, a, bins, range):
    """The cotangents of data, bins and range, of which the edges were made: of one of the three."""
    if np.ndim(bins) == 1:
        return None, g, None
    if range is not None:
        return None, None, between(g, np.size(edges), True, 0)
    low_bar, high_bar = between(g, np.size(edges), True, 0)
    lowest, highest = np.equal(a, np.min(a)), np.equal(a, np.max(a))
    return lowest * (low_bar / np.sum(lowest)) + highest * (high_bar / np.sum(highest)), None, None


def edges_jvp(a_dot, bins_dot, range_dot, edges, a, bins, range):
    """The tangent of the edges: those given, or spread between two ends that are given or found."""
    if np.ndim(bins) == 1:
        return or_zeros(bins_dot, bins)
    if range is not None:
        low, high = (0.0, 0.0) if range_dot is None else range_dot
        return np.linspace(or_zeros(low, 0.0), or_zeros(high, 0.0), np.size(edges))
    if a_dot is None:
        return np.zeros_like(edges)
    lowest, highest = np.equal(a, np.min(a)), np.equal(a, np.max(a))
    return np.linspace(
        np.sum(lowest * a_dot) / np.sum(lowest), np.sum(highest * a_dot) / np.sum(highest), np.size(edges)
    )


@jvp_rule(np.histogram_bin_edges)
def histogram_bin_edges_jvp(t, z, a, bins=10, range=None, weights=None):
    return edges_jvp(t[0], t[1], t[2], z, a, bins, range)


@jvp_rule(np.histogram)
def histogram_jvp(t, z, a, bins=10, range=None, density=None, weights=None):
    counts, edges = z
    edges_dot = edges_jvp(t[0], t[1], t[2], edges, a, bins, range)
    counts_dot = np.zeros_like(counts) if weights is None or t[4] is None else np.histogram(a, edges, weights=t[4])[0]
    if density:
        width, total = np.diff(edges), np.sum(np.histogram(a, edges, weights=weights)[0])
        rate = np.sum(counts_dot) / total + np.diff(edges_dot) / width
        counts_dot = counts_dot / (width * total) - counts * rate
    return counts_dot, edges_dot


@vjp_rule(np.histogram_bin_edges)
def histogram_bin_edges(g, z, a, bins=10, range=None, weights=None):
    return edges_vjp(g, z, a, bins, range)


@vjp_rule(np.histogram)
def histogram(g, z, a, bins=10, range=None, density=None, weights=None):
    """Counts are piecewise constant in the data; they follow the weights, and a density the widths of bins."""
    counts_bar, edges_bar = g
    counts, edges = z
    weights_bar = None
    if counts_bar is not None:
        if density:
            width = np.diff(edges)
            total = np.sum(np.histogram(a, edges, weights=weights)[0])
            edges_bar = tangent_sum(edges_bar, undiff(-(counts_bar * counts) / width, 1, 0))
            counts_bar = counts_bar / (width * total) - np.sum(counts_bar * counts) / total
        if weights is not None:
            place = np.minimum(np.searchsorted(edges, a, "right") - 1, np.size(edges) - 2)
            inside = (a >= edges[0]) & (a <= edges[-1])
            weights_bar = np.where(inside, np.take(counts_bar, place), 0.0)
    if edges_bar is None:
        return None, None, None, None, weights_bar
    a_bar, bins_bar, range_bar = edges_vjp(edges_bar, edges, a, bins, range)
    return a_bar, bins_bar, range_bar, None, weights_bar


def cells_bar(g, columns, edges):
    """The cotangent of the weights: that of the cell that each sample is in.  The last edge belongs to its cell."""
    places = []
    for column, edge in zip(columns, edges, strict=True):
        place = np.searchsorted(edge, column, "right") - 1 - np.equal(column, edge[-1])
        places.append(np.clip(place, 0, np.size(edge) - 2))
    return np.where(inside_of(columns, edges), g[tuple(places)], 0.0)


def inside_of(columns, edges):
    """Which samples are in a cell at all."""
    inside = True
    for column, edge in zip(columns, edges, strict=True):
        inside = inside & (column >= edge[0]) & (column <= edge[-1])
    return inside


def weight_inside(columns, edges, weights):
    """What the counts add up to."""
    inside = inside_of(columns, edges)
    return np.sum(inside) if weights is None else np.sum(np.where(inside, weights, 0.0))


def grid_bars(g, z, columns, bins, range, density, weights):
    """The cotangents of columns, bins, ranges and weights: counts follow the weights, edges as in np.histogram."""
    n = tuple(axes_of(None, len(columns)))
    each_bins = bins if isinstance(bins, (list, tuple)) else [bins] * len(columns)
    each_range = [None] * len(columns) if range is None else range
    counts_bar, edges_bar = g
    if density:
        widths, total = cell_widths(z[1], n), weight_inside(columns, z[1], weights)
        lost = counts_bar * z[0]
        edges_bar = [edges_bar[k] - undiff(along(lost, k, len(n)) / np.ravel(widths[k]), 1, 0) for k in n]
        counts_bar = counts_bar / (cell_volumes(widths) * total) - np.sum(lost) / total
    bars = [edges_vjp(edges_bar[k], z[1][k], columns[k], each_bins[k], each_range[k]) for k in n]
    each_bins_bar = [b[1] for b in bars]
    bins_bar = each_bins_bar if isinstance(bins, (list, tuple)) else None if np.ndim(bins) == 0 else sum(each_bins_bar)
    weights_bar = None if weights is None else cells_bar(counts_bar, columns, z[1])
    return [b[0] for b in bars], bins_bar, None if range is None else [b[2] for b in bars], weights_bar


def cell_widths(edges, axes):
    """The widths of the cells along each axis, which broadcast against the counts."""
    return [np.reshape(np.diff(edges[k]), (-1,) + (1,) * (len(axes) - 1 - k)) for k in axes]


def cell_volumes(widths):
    volume = widths[0]
    for width in widths[1:]:
        volume = volume * width
    return volume


@vjp_rule(np.histogram2d)
def histogram2d(g, z, x, y, bins=10, range=None, density=None, weights=None):
    g = (or_zeros(g[0], z[0]), (or_zeros(g[1], z[1]), or_zeros(g[2], z[2])))
    bars = grid_bars(g, (z[0], z[1:]), (x, y), bins, range, density, weights)
    return bars[0][0], bars[0][1], bars[1], bars[2], None, bars[3]


@vjp_rule(np.histogramdd)
def histogramdd(g, z, sample, bins=10, range=None, density=None, weights=None):
    listed = isinstance(sample, (list, tuple))
    columns = sample if listed else [sample[:, k] for k in axes_of(None, np.shape(sample)[1])]
    edges_bar = [np.zeros_like(edge) for edge in z[1]] if g[1] is None else g[1]
    bars = grid_bars((or_zeros(g[0], z[0]), edges_bar), z, columns, bins, range, density, weights)
    found = bars[0] if listed or bars[0][0] is None else np.stack(bars[0], axis=1)
    return None if bars[0][0] is None else found, bars[1], bars[2], None, bars[3]


def grid_dots(dots, z, columns, bins, range, density, weights):
    """The tangents of the counts and of the list of edges, given those of columns, bins, range and weights."""
    column_dots, bins_dot, range_dot, weights_dot = dots
    listed = isinstance(bins, (list, tuple))
    edges_dots = []
    for k in axes_of(None, len(columns)):
        bin_dot = None if bins_dot is None else bins_dot[k] if listed else bins_dot
        reach, reach_dot = None if range is None else range[k], None if range_dot is None else range_dot[k]
        edges = z[1][k]
        edges_dots.append(
            edges_jvp(column_dots[k], bin_dot, reach_dot, edges, columns[k], bins[k] if listed else bins, reach)
        )
    moves = weights is not None and weights_dot is not None
    counts_dot = np.histogramdd(columns, z[1], weights=weights_dot)[0] if moves else np.zeros_like(z[0])
    if density:
        n = tuple(axes_of(None, len(columns)))
        widths, total = cell_widths(z[1], n), weight_inside(columns, z[1], weights)
        rates = sum([d / w for d, w in zip(cell_widths(edges_dots, n), widths, strict=True)])
        counts_dot = counts_dot / (cell_volumes(widths) * total) - z[0] * (np.sum(counts_dot) / total + rates)
    return counts_dot, edges_dots


@jvp_rule(np.histogram2d)
def histogram2d_jvp(t, z, x, y, bins=10, range=None, density=None, weights=None):
    dots = ((t[0], t[1]), t[2], t[3], t[5])
    counts_dot, edges_dots = grid_dots(dots, (z[0], z[1:]), (x, y), bins, range, density, weights)
    return counts_dot, edges_dots[0], edges_dots[1]


@jvp_rule(np.histogramdd)
def histogramdd_jvp(t, z, sample, bins=10, range=None, density=None, weights=None):
    listed, n = isinstance(sample, (list, tuple)), len(z[1])
    columns = list(sample) if listed else [sample[:, k] for k in axes_of(None, n)]
    sample_dot = [None] * n if t[0] is None else t[0] if listed else [t[0][:, k] for k in axes_of(None, n)]
    return grid_dots((sample_dot, t[1], t[2], t[4]), z, columns, bins, range, density, weights)
