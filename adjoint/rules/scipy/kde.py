"""scipy.stats.gaussian_kde: the derivative of the formula, by the points and by the sample.

The bandwidth is Scott's, Silverman's or a number; its matrix is the covariance of the sample (Scott, "Multivariate
density estimation", 1992).
"""

import math

import numpy as np
from scipy import stats

from adjoint.rules.functional import define, pull, push, unsupported
from adjoint.rules.registry import jvp_rule, made_of_data, vjp_rule

made_of_data(stats.gaussian_kde)


def bandwidth(bw_method, d, n):
    if bw_method in (None, "scott"):
        return n ** (-1.0 / (d + 4))
    if bw_method == "silverman":
        return (0.25 * n * (d + 2.0)) ** (-1.0 / (d + 4))
    if isinstance(bw_method, (int, float)):
        return float(bw_method)
    return unsupported(True, "scipy.stats.gaussian_kde with a function for bw_method")





def density(sample, at, bw_method):
    """The density at points, of the kernels around the sample: d × m and d × n numbers."""
    sample, at = np.atleast_2d(sample), np.atleast_2d(at)
    d, n = np.shape(sample)
    if np.shape(at)[0] != d:
        at = at.T
    centred = sample - np.mean(sample, axis=1, keepdims=True)
    covariance = centred @ centred.T * (bandwidth(bw_method, d, n) ** 2 / (n - 1.0))
    factor = np.linalg.cholesky(covariance)
    white, points = np.linalg.solve(factor, sample), np.linalg.solve(factor, at)
    square = np.sum((np.expand_dims(points, 2) - np.expand_dims(white, 1)) ** 2, axis=0)
    size = np.prod(np.diagonal(factor)) * (2.0 * math.pi) ** (0.5 * d)
    return np.mean(np.exp(-0.5 * square), axis=1) / size


@vjp_rule((stats.gaussian_kde, "()"))
def gaussian_kde(g, z, made, points, dataset, bw_method, weights):
    unsupported(weights is not None, "scipy.stats.gaussian_kde with weights")
    sample_bar, at_bar, _ = pull(define(density, (dataset, points, bw_method)), (dataset, points, bw_method), g)
    return None, at_bar, sample_bar


@jvp_rule((stats.gaussian_kde, "()"))
def gaussian_kde_jvp(t, z, made, points, dataset, bw_method, weights):
    unsupported(weights is not None, "scipy.stats.gaussian_kde with weights")
    return push(define(density, (dataset, points, bw_method)), (dataset, points, bw_method), (t[2], t[1], None))
