"""scipy.spatial.distance: distances of points.

`cdist` and `pdist` for the metrics euclidean, sqeuclidean, cityblock, chebyshev, minkowski and cosine.  At distance zero
the derivative of all of them is 0; where several coordinates differ most, chebyshev gives it all to the first.
"""

import numpy as np
from scipy.spatial import distance

from adjoint.rules.functional import unsupported
from adjoint.rules.helpers import scatter
from adjoint.rules.registry import constant, jvp_rule, vjp_rule


NAMES = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "minkowski", "cosine")
ADVICE = f"It has one for {', '.join(NAMES)}."


def known_metric(metric):
    unsupported(metric not in NAMES, "scipy.spatial.distance with this metric", ADVICE)


def slopes(x, y, d, metric, p):
    """∂d(x, y)/∂x for all pairs; the last axis is that of coordinates, and d has it as one."""
    if metric == "cosine":
        return cosine_slope(x, y, d)
    step = x - y
    if metric == "sqeuclidean":
        return 2.0 * step
    if metric == "cityblock":
        return np.sign(step)
    if metric == "chebyshev":
        most = np.expand_dims(np.argmax(np.abs(step), axis=-1), -1) == np.arange(np.shape(step)[-1])
        return np.sign(step) * most
    safe = d + (d == 0)
    if metric == "euclidean":
        return step / safe
    return np.sign(step) * (np.abs(step) / safe) ** (p - 1.0)


def cosine_slope(x, y, d):
    nx, ny = np.linalg.norm(x, axis=-1, keepdims=True), np.linalg.norm(y, axis=-1, keepdims=True)
    return (1.0 - d) * x / nx**2 - y / (nx * ny)


@vjp_rule(distance.cdist)
def cdist(g, z, XA, XB, metric="euclidean", *, out=None, p=2.0):
    known_metric(metric)
    d, g = np.expand_dims(z, -1), np.expand_dims(g, -1)
    x, y = np.expand_dims(XA, 1), np.expand_dims(XB, 0)
    return np.sum(g * slopes(x, y, d, metric, p), axis=1), np.sum(g * slopes(y, x, d, metric, p), axis=0)


@jvp_rule(distance.cdist)
def cdist_jvp(t, z, XA, XB, metric="euclidean", *, out=None, p=2.0):
    known_metric(metric)
    d = np.expand_dims(z, -1)
    x, y = np.expand_dims(XA, 1), np.expand_dims(XB, 0)
    total = 0.0
    if t[0] is not None:
        total = np.sum(slopes(x, y, d, metric, p) * np.expand_dims(t[0], 1), axis=-1)
    return total if t[1] is None else total + np.sum(slopes(y, x, d, metric, p) * np.expand_dims(t[1], 0), axis=-1)


def pairs(n):
    return np.triu_indices(n, 1)


constant(pairs, why="indices")


@vjp_rule(distance.pdist)
def pdist(g, z, X, metric="euclidean", *, out=None, p=2.0):
    i, j = pairs(np.shape(X)[0])
    known_metric(metric)
    d, g = np.expand_dims(z, -1), np.expand_dims(g, -1)
    first = g * slopes(X[i], X[j], d, metric, p)
    second = g * slopes(X[j], X[i], d, metric, p)
    return scatter(first, i, np.shape(X)) + scatter(second, j, np.shape(X))


@jvp_rule(distance.pdist)
def pdist_jvp(t, z, X, metric="euclidean", *, out=None, p=2.0):
    i, j = pairs(np.shape(X)[0])
    known_metric(metric)
    d = np.expand_dims(z, -1)
    return np.sum(slopes(X[i], X[j], d, metric, p) * t[0][i] + slopes(X[j], X[i], d, metric, p) * t[0][j], axis=-1)


@vjp_rule(distance.squareform, linear=True)
def squareform(g, z, X, force="no", checks=True):
    """Of a matrix SciPy reads the upper triangle."""
    if np.ndim(X) == 1:
        i, j = pairs(np.shape(z)[0])
        return g[i, j] + g[j, i]
    return scatter(g, pairs(np.shape(X)[0]), np.shape(X))
