"""A row for every rule of scipy.stats: see rows.py."""

import numpy as np
from rules.checker import Row
from rules.rows_special import n, p, u
from scipy import stats

ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


def methods(dist, x, *shapes, loc=0.3, skip=(), fixed=(), tol=None):
    """All methods in standard form, at a place, and with a scale; by all parameters that have a derivative."""
    scale = p(len(x))
    for name in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"):
        keep = fixed if name in ("logpdf", "pdf") else (*fixed, *skip)
        row(getattr(dist, name), x, *shapes, fixed=keep, tol=tol)
        row(getattr(dist, name), x + loc, *shapes, loc, fixed=keep, tol=tol)
        row(getattr(dist, name), loc + scale * np.array([x, x]), *shapes, loc, scale, fixed=keep, tol=tol)
    for name in ("ppf", "isf"):
        row(getattr(dist, name), u(0.2, 0.8, len(x)), *shapes, loc, 1.7, fixed=(*fixed, *skip), tol=1e-5)
        row(getattr(dist, name), 0.6, *shapes, fixed=(*fixed, *skip), tol=1e-5)


for d in (stats.norm, stats.cauchy, stats.logistic, stats.gumbel_l, stats.gumbel_r, stats.laplace):
    methods(d, n(3) + 0.2)
for d in (stats.expon, stats.halfnorm, stats.halfcauchy):
    methods(d, p(3))
methods(stats.uniform, u(0.2, 0.8, 3))
methods(stats.beta, u(0.2, 0.8, 3), p(3) + 1.0, 1.7)
methods(stats.chi2, p(3), p(3) + 1.0)
methods(stats.gamma, p(3), p(3))
methods(stats.invgamma, p(3), p(3))
methods(stats.t, n(3), p(3) + 2.0)
methods(stats.f, p(3), p(3) + 2.0, p(3) + 3.0)
methods(stats.pareto, p(3) + 1.0, p(3))
methods(stats.genpareto, p(3), np.array([0.4, 1.2, 2.0]))
methods(stats.genpareto, np.array([0.4, 0.6]), np.array([-0.5, 1e-5]))
methods(stats.lognorm, p(3), p(3))
methods(stats.weibull_min, p(3), p(3))
methods(stats.truncnorm, u(-0.5, 0.8, 3), -p(3) - 0.5, p(3) + 0.5)
methods(stats.gennorm, n(3), p(3) + 0.5)
methods(stats.vonmises, n(3), p(3), skip=(1,))
methods(stats.wrapcauchy, u(1.0, 5.0, 3), u(0.2, 0.7, 3), skip=(1,))


def masses(dist, k, *params, fixed=(), names=("logpmf", "pmf")):
    for name in names:
        row(getattr(dist, name), np.array(k), *params, fixed=fixed)
        row(getattr(dist, name), np.array(k) + 1, *params, 1, fixed=fixed)


ALL = ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf")
masses(stats.poisson, [0, 2, 5], p(2, 3), names=ALL)
masses(stats.bernoulli, [0, 1, 0], u(0.2, 0.8, 3), names=("logpmf", "pmf", "cdf"))
for _name in ("sf", "logcdf", "logsf"):
    row(getattr(stats.bernoulli, _name), np.array([0, 0]), u(0.2, 0.8, 2))
masses(stats.binom, [0, 2, 5], 7, u(0.2, 0.8, 3), names=ALL)
masses(stats.geom, [1, 2, 5], u(0.2, 0.8, 3))
masses(stats.nbinom, [0, 2, 5], p(3) + 1.0, u(0.2, 0.8, 3))
masses(stats.betabinom, [0, 2, 5], 7, p(3), p(3))

COV = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.0]])
for f in (stats.multivariate_normal.logpdf, stats.multivariate_normal.pdf):
    row(f, n(3), n(3), COV)
    row(f, n(4, 3), n(3), COV)
    row(f, n(2, 4, 3), n(3), p(3))
    row(f, n(4, 3), n(3))
    row(f, n(4, 3), n(3), 0.7)
    row(f, n(4), 0.2, 0.7)
    row(f, n(2), None, COV[:2, :2])
    row(f, 0.4, 0.2, 0.7)
row(stats.multivariate_normal.entropy, None, COV)
row(stats.multivariate_normal.entropy, n(2), p(2))
row(stats.multivariate_normal.entropy, n(2), 0.7)
for f in (stats.dirichlet.logpdf, stats.dirichlet.pdf):
    row(f, np.array([0.2, 0.3]), p(3))
    row(f, np.array([[0.2, 0.1, 0.3], [0.3, 0.2, 0.1]]), p(3))
    row(f, np.array([0.2, 0.3, 0.5]), p(3), fixed=(0,))
for f in (stats.multinomial.logpmf, stats.multinomial.pmf):
    # The last probability is what the others leave: SciPy 1.18 gives NaN where they do not add up to one.
    whole = lambda x, count, p, f=f: f(x, count, np.append(p[:-1], 1.0 - np.sum(p[:-1])))
    row(f, np.array([1, 2, 3]), 6, np.array([0.2, 0.3, 0.5]), call=whole)
    row(f, np.array([[1, 2, 3], [3, 0, 3]]), 6, np.array([0.2, 0.3, 0.5]), call=whole)


def symmetric_wishart(x, df, scale):
    return stats.wishart.logpdf(0.5 * (x + x.T), df, 0.5 * (scale + scale.T))


row(stats.wishart.logpdf, COV + 1.0, 4.5, COV, call=symmetric_wishart)
for axis in (0, 1, None):
    row(stats.sem, n(4, 3), axis)
row(stats.sem, n(4, 3), 1, 0, keepdims=True)
