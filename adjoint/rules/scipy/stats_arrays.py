"""scipy.stats: distributions of vectors and matrices, and statistics of samples.

`multivariate_normal` reads the lower triangle of its covariance, and the cotangent lies there (as with
`np.linalg.cholesky`).  `multinomial` makes the last probability what the others leave, whatever is given:
its derivative is that of this.
"""

import math

import numpy as np
from scipy import special, stats

from adjoint.rules.functional import refuse_active, unsupported
from adjoint.rules.helpers import count
from adjoint.rules.contraction import mT
from adjoint.rules.linalg import one_triangle
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum

# ── multivariate normal ──────────────────────────────────────────────────────────────────────────


def dimension(mean, cov):
    if np.ndim(cov) > 0:
        return np.shape(cov)[0]
    return 1 if mean is None else np.size(mean)


def full(cov, d):
    """The covariance matrix meant by a number, a diagonal or a matrix."""
    if np.ndim(cov) == 2:
        return np.tril(cov) + mT(np.tril(cov, -1))
    return cov * np.eye(d) if np.ndim(cov) == 0 else np.diag(cov)


def centred(x, mean, d):
    """x - mean with one axis of points, whatever it is given as, and the axis of coordinates last."""
    if d == 1 and (np.ndim(x) < 2 or np.shape(x)[-1] != 1):
        x = np.expand_dims(x, -1)
    return x if mean is None else x - mean


def scored(g, x, mean, cov):
    """g · Σ⁻¹ (x - mean), Σ⁻¹ (x - mean) and the cotangent of the covariance, each point weighted with g."""
    d = dimension(mean, cov)
    whole = full(cov, d)
    deviation = np.reshape(centred(x, mean, d), (-1, d))
    solved = np.linalg.solve(whole, deviation.T).T
    weights = np.reshape(g, (-1, 1))
    bar = 0.5 * (solved.T @ (weights * solved) - np.sum(weights) * np.linalg.inv(whole))
    return weights * solved, bar


def of_given(bar, cov):
    """The cotangent of the whole covariance, for what was given."""
    if np.ndim(cov) == 2:
        return one_triangle(bar, "L")
    return np.trace(bar) if np.ndim(cov) == 0 else np.diagonal(bar)


@vjp_rule(stats.multivariate_normal.logpdf)
def mvn_logpdf(g, z, x, mean=None, cov=1, allow_singular=False):
    solved, bar = scored(g, x, mean, cov)
    x_bar = -np.reshape(solved, np.shape(z) + (dimension(mean, cov),))
    mean_bar = None
    if mean is not None:
        mean_bar = np.reshape(np.sum(solved, axis=0), np.shape(mean)) if np.size(mean) > 1 else np.sum(solved)
    return fitted(x_bar, x), mean_bar, of_given(bar, cov)


def fitted(x_bar, x):
    """For points of dimension one x may be without the axis of coordinates."""
    return x_bar if np.shape(x_bar) == np.shape(x) else np.reshape(x_bar, np.shape(x)) if np.size(x_bar) == np.size(x) else x_bar


@vjp_rule(stats.multivariate_normal.pdf)
def mvn_pdf(g, z, x, mean=None, cov=1, allow_singular=False):
    return mvn_logpdf(g * z, z, x, mean, cov)


@vjp_rule(stats.multivariate_normal.entropy)
def mvn_entropy(g, z, mean=None, cov=1):
    """½ log det(2πe Σ)"""
    return None, of_given(0.5 * g * np.linalg.inv(full(cov, dimension(mean, cov))), cov)


def mvn_change(t, x, mean, cov):
    """The tangent of the log-density, at each point."""
    d = dimension(mean, cov)
    whole = full(cov, d)
    deviation = centred(x, mean, d)
    solved = np.linalg.solve(whole, np.reshape(deviation, (-1, d)).T).T
    total = 0.0
    if t[0] is not None:
        total = total - np.sum(np.reshape(centred(t[0], None, d), (-1, d)) * solved, axis=-1)
    if t[1] is not None:
        total = total + np.sum(solved * t[1], axis=-1)
    if t[2] is not None:
        turned = full(t[2], d)
        total = total + 0.5 * (np.sum((solved @ turned) * solved, axis=-1) - np.trace(np.linalg.solve(whole, turned)))
    return total


@jvp_rule(stats.multivariate_normal.logpdf)
def mvn_logpdf_jvp(t, z, x, mean=None, cov=1, allow_singular=False):
    return np.reshape(mvn_change(t, x, mean, cov), np.shape(z))


@jvp_rule(stats.multivariate_normal.pdf)
def mvn_pdf_jvp(t, z, x, mean=None, cov=1, allow_singular=False):
    return z * np.reshape(mvn_change(t, x, mean, cov), np.shape(z))


@jvp_rule(stats.multivariate_normal.entropy)
def mvn_entropy_jvp(t, z, mean=None, cov=1):
    if t[1] is None:
        return None
    d = dimension(mean, cov)
    return 0.5 * np.trace(np.linalg.solve(full(cov, d), full(t[1], d)))


# ── dirichlet, multinomial, wishart ──────────────────────────────────────────────────────────────


def simplex(x, alpha):
    """All coordinates along the first axis; SciPy takes the last as what the others leave, where it is not given."""
    if np.shape(x)[0] == np.shape(alpha)[0]:
        return x
    return np.concatenate((x, np.expand_dims(1.0 - np.sum(x, axis=0), 0)), axis=0)


def along(alpha, x):
    return alpha if np.ndim(x) == 1 else np.expand_dims(alpha, -1)


@vjp_rule(stats.dirichlet.logpdf)
def dirichlet_logpdf(g, z, x, alpha):
    whole = simplex(x, alpha)
    x_bar = g * (along(alpha, x) - 1.0) / whole
    if np.shape(x)[0] != np.shape(alpha)[0]:
        x_bar = x_bar[:-1] - x_bar[-1]
    level = special.digamma(np.sum(alpha)) - special.digamma(alpha)
    alpha_bar = g * (np.log(whole) + along(level, x))
    return x_bar, alpha_bar if np.ndim(x) == 1 else np.sum(alpha_bar, axis=-1)


@jvp_rule(stats.dirichlet.logpdf)
def dirichlet_logpdf_jvp(t, z, x, alpha):
    whole, total = simplex(x, alpha), 0.0
    if t[0] is not None:
        dot = t[0]
        if np.shape(x)[0] != np.shape(alpha)[0]:
            dot = np.concatenate((dot, np.expand_dims(-np.sum(dot, axis=0), 0)), axis=0)
        total = total + np.sum((along(alpha, x) - 1.0) / whole * dot, axis=0)
    if t[1] is not None:
        level = special.digamma(np.sum(alpha)) - special.digamma(alpha)
        total = total + np.sum((np.log(whole) + along(level, x)) * along(t[1], x), axis=0)
    return total


@vjp_rule(stats.dirichlet.pdf)
def dirichlet_pdf(g, z, x, alpha):
    return dirichlet_logpdf(g * z, z, x, alpha)


@jvp_rule(stats.dirichlet.pdf)
def dirichlet_pdf_jvp(t, z, x, alpha):
    return z * dirichlet_logpdf_jvp(t, z, x, alpha)


def multinomial_slope(x, p):
    """∂log pmf/∂p; the last of p is what the others leave."""
    last = 1.0 - np.sum(p[..., :-1], axis=-1, keepdims=True)
    slope = x[..., :-1] / p[..., :-1] - x[..., -1:] / last
    return np.concatenate((slope, np.zeros_like(slope[..., :1])), axis=-1)


@vjp_rule(stats.multinomial.logpmf)
def multinomial_logpmf(g, z, x, n, p):
    refuse_active(x, "counts have no derivative")
    return None, None, np.expand_dims(g, -1) * multinomial_slope(np.asarray(x), p)


@jvp_rule(stats.multinomial.logpmf)
def multinomial_logpmf_jvp(t, z, x, n, p):
    return np.sum(t[2] * multinomial_slope(np.asarray(x), p), axis=-1)


@vjp_rule(stats.multinomial.pmf)
def multinomial_pmf(g, z, x, n, p):
    refuse_active(x, "counts have no derivative")
    return None, None, np.expand_dims(g * z, -1) * multinomial_slope(np.asarray(x), p)


@jvp_rule(stats.multinomial.pmf)
def multinomial_pmf_jvp(t, z, x, n, p):
    return z * np.sum(t[2] * multinomial_slope(np.asarray(x), p), axis=-1)


def wishart_slopes(x, df, scale):
    """Of the log-density by x, df and scale, for one matrix."""
    unsupported(
        np.ndim(x) != 2 or np.ndim(scale) != 2, "scipy.stats.wishart.logpdf of anything but one matrix, with a matrix for scale"
    )
    d = np.shape(x)[0]
    precision = np.linalg.inv(scale)
    by_x = 0.5 * (df - d - 1.0) * np.linalg.inv(x) - 0.5 * precision
    by_df = 0.5 * (
        np.linalg.slogdet(x)[1] - np.linalg.slogdet(scale)[1] - d * math.log(2.0)
        - np.sum(special.digamma(0.5 * (df - np.arange(d))))
    )  # fmt: skip
    return by_x, by_df, 0.5 * (precision @ x @ precision - df * precision)


@vjp_rule(stats.wishart.logpdf)
def wishart_logpdf(g, z, x, df, scale):
    by_x, by_df, by_scale = wishart_slopes(x, df, scale)
    return g * by_x, g * by_df, g * by_scale


@jvp_rule(stats.wishart.logpdf)
def wishart_logpdf_jvp(t, z, x, df, scale):
    by_x, by_df, by_scale = wishart_slopes(x, df, scale)
    total = None if t[0] is None else np.sum(by_x * t[0])
    if t[1] is not None:
        total = tangent_sum(total, by_df * t[1])
    if t[2] is not None:
        total = tangent_sum(total, np.sum(by_scale * t[2]))
    return total


# ── statistics of samples ────────────────────────────────────────────────────────────────────────


def sem_slope(z, a, axis, ddof, keepdims):
    """(a - mean) / ((n - ddof) n z)"""
    n = count(np.shape(a), axis)
    if not keepdims and np.ndim(z) != np.ndim(a):
        z = np.expand_dims(z, tuple(range(np.ndim(a))) if axis is None else axis)
    return (a - np.mean(a, axis=axis, keepdims=True)) / ((n - ddof) * n * z)


@vjp_rule(stats.sem)
def sem(g, z, a, axis=0, ddof=1, nan_policy="propagate", *, keepdims=False):
    unsupported(nan_policy == "omit", 'scipy.stats.sem with nan_policy="omit"')
    if not keepdims and np.ndim(z) != np.ndim(a):
        g = np.expand_dims(g, tuple(range(np.ndim(a))) if axis is None else axis)
    return g * sem_slope(z, a, axis, ddof, keepdims)


@jvp_rule(stats.sem)
def sem_jvp(t, z, a, axis=0, ddof=1, nan_policy="propagate", *, keepdims=False):
    unsupported(nan_policy == "omit", 'scipy.stats.sem with nan_policy="omit"')
    return np.sum(t[0] * sem_slope(z, a, axis, ddof, keepdims), axis=axis, keepdims=keepdims)
