"""scipy.spatial.distance: distances of two vectors, said with NumPy's sums.

    euclidean(u, v)             √Σ w (u - v)²
    cosine(u, v)                1 - u·v / (|u| |v|)
    mahalanobis(u, v, VI)       √((u - v)ᵀ VI (u - v))
"""

import numpy as np
from scipy.spatial import distance

from adjoint.rules.functional import unsupported
from adjoint.rules.registry import written_as


def weighted(terms, w):
    return np.sum(terms) if w is None else np.sum(w * terms)


def euclidean(u, v, w=None):
    return np.sqrt(sqeuclidean(u, v, w))


def sqeuclidean(u, v, w=None):
    difference = np.asarray(u) - np.asarray(v)
    return weighted(difference * difference, w)


def cityblock(u, v, w=None):
    return weighted(np.abs(np.asarray(u) - np.asarray(v)), w)


def minkowski(u, v, p=2, w=None):
    return weighted(np.abs(np.asarray(u) - np.asarray(v)) ** p, w) ** (1.0 / p)


def chebyshev(u, v, w=None):
    unsupported(w is not None, "`chebyshev` with weights", "Leave out the entries that do not count.")
    return np.max(np.abs(np.asarray(u) - np.asarray(v)))


def cosine(u, v, w=None):
    return correlation(u, v, w, centered=False)


def correlation(u, v, w=None, centered=True):
    u, v = np.asarray(u), np.asarray(v)
    if centered:
        u, v = u - np.average(u, weights=w), v - np.average(v, weights=w)
    return np.clip(1.0 - weighted(u * v, w) / np.sqrt(weighted(u * u, w) * weighted(v * v, w)), 0.0, 2.0)


def mahalanobis(u, v, VI):
    difference = np.asarray(u) - np.asarray(v)
    return np.sqrt(difference @ VI @ difference)


def braycurtis(u, v, w=None):
    u, v = np.asarray(u), np.asarray(v)
    return weighted(np.abs(u - v), w) / weighted(np.abs(u + v), w)


for _said in (euclidean, sqeuclidean, cityblock, minkowski, chebyshev, cosine, correlation, mahalanobis, braycurtis):
    written_as(getattr(distance, _said.__name__), _said)
