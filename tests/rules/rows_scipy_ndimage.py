"""A row for every rule of scipy.ndimage and scipy.spatial: see rows.py."""

import numpy as np
from rules.checker import Row
from rules.rows_special import n, u
from scipy import ndimage
from scipy.spatial import distance

ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


for mode in ("reflect", "mirror", "nearest", "wrap", "constant"):
    for f in (ndimage.correlate, ndimage.convolve):
        row(f, n(6, 5), n(3, 2), mode=mode)
        row(f, n(7), n(4), None, mode, 0.7, 1, fixed=(4,))
    for f in (ndimage.correlate1d, ndimage.convolve1d):
        row(f, n(6, 5), n(3), 0, mode=mode)
        row(f, n(6), n(2), -1, None, mode, 0.7, -1, fixed=(5,))
    for order in (0, 1):
        row(ndimage.gaussian_filter, n(6, 5), 0.8, order, mode=mode, fixed=(1,))
    row(ndimage.gaussian_filter, n(4, 5), (0.5, 0.0), mode=mode, cval=0.3, fixed=(1, "cval"))
    row(ndimage.gaussian_filter1d, n(6, 5), 0.8, 0, mode=mode, fixed=(1,))
    row(ndimage.uniform_filter, n(6, 5), (3, 2), mode=mode)
    row(ndimage.uniform_filter1d, n(6, 5), 4, 0, mode=mode, origin=1)
for order in (0, 1, 3):
    row(ndimage.zoom, n(5, 4), 1.6, order=order, fixed=(1,))
    row(ndimage.zoom, n(5, 4), (2.0, 0.5), order=order, mode="nearest")
row(ndimage.zoom, n(6), 0.5, grid_mode=True, mode="grid-mirror", fixed=(1,))
WHERE = np.array([[0.3, 2.6, 3.2], [1.4, 0.2, 2.7]])
for mode in ("constant", "nearest", "mirror", "reflect", "wrap", "grid-wrap"):
    for order in range(6):
        row(ndimage.map_coordinates, n(5, 4), WHERE, order=order, mode=mode)
    for order in (1, 3, 4):
        filtered = order == 4 or mode == "nearest"
        row(ndimage.map_coordinates, n(5), np.array([[-1.3, 6.4, 3.2, -17.3]]), None, order, mode, 0.7, filtered)
    row(ndimage.shift, n(5, 4), np.array([0.3, -0.4]), mode=mode)
    row(ndimage.shift, n(5, 4), 0.7, None, 2, mode)
    row(ndimage.affine_transform, n(5, 4), np.array([[0.9, 0.2], [-0.1, 1.1]]), np.array([0.337, -0.213]), mode=mode)
    row(ndimage.rotate, n(5, 4), 17.3, mode=mode, reshape=False)
row(ndimage.affine_transform, n(5, 4), np.array([[0.9, 0.2, 0.337], [-0.1, 1.1, 0.413]]), order=1)
row(ndimage.affine_transform, n(5, 4), np.array([0.9, 1.3]), 0.2, (6, 3))
row(ndimage.rotate, n(5, 4, 2), 31.0, (2, 0), order=2)
row(ndimage.rotate, n(5, 4), -61.0, cval=0.3)
row(ndimage.map_coordinates, n(5, 4) + 1j * n(5, 4), WHERE)

def apart(start, *shape):
    """Coordinates of which no two are nearly the same, nor two differences of them in one pair of points."""
    own = np.random.default_rng(3)
    places = np.arange(start, 2 * np.prod(shape) + start, 2.0)
    noise = own.uniform(-0.2, 0.2, shape)
    return 0.3 * (own.permutation(places).reshape(shape) + noise) * np.array([1.0, 1.37, 0.71, 1.93])[: shape[-1]]


for metric in ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine"):
    row(distance.cdist, apart(0, 3, 4), apart(1, 2, 4), metric)
    row(distance.pdist, apart(0, 4, 3), metric)
row(distance.cdist, apart(0, 3, 4), apart(1, 2, 4), "minkowski", p=3.0, fixed=("p",))
row(distance.pdist, apart(0, 3, 4), "minkowski", p=1.5, fixed=("p",))
row(distance.squareform, u(0.5, 1.0, 6))
row(distance.squareform, distance.squareform(u(0.5, 1.0, 6)), checks=False)
