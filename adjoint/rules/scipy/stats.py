"""scipy.stats: densities and distribution functions, one line of slopes for each distribution.

A distribution is given in its standard form by the slopes of its log-density ℓ(y, shapes…): ∂ℓ/∂y and one ∂ℓ/∂s for
each shape parameter s, and by ∂F/∂s of its distribution function F.  Location and scale, and all the methods, follow:

    y = (x - loc) / scale
    logpdf   ∂/∂x = ℓ_y / scale    ∂/∂s = ℓ_s    ∂/∂loc = -ℓ_y / scale    ∂/∂scale = -(1 + y ℓ_y) / scale
    pdf      its value times those
    cdf      ∂/∂x = pdf            ∂/∂s = F_s    ∂/∂loc = -pdf            ∂/∂scale = -y pdf
    ppf      ∂/∂q = 1 / pdf(z)     ∂/∂s = -F_s / pdf(z) …: the inverse function

Outside its support a density is constant: all is 0 there.  F_s without a closed form: orders.py.  The argument of a
discrete distribution is an integer, and has no derivative.

Formulas: Johnson, Kotz & Balakrishnan, "Continuous univariate distributions" (1994).
"""

import inspect

import numpy as np
from scipy import special, stats

from adjoint.rules.registry import RULES, elementwise
from adjoint.rules.scipy import kde, stats_arrays  # noqa: F401
from adjoint.rules.scipy.orders import of_shape
from adjoint.rules.scipy.special import gamma_density, normal_density


def standard(x, p, n):
    """x less location, over scale; p are the n shapes, and what is given of location and scale."""
    if len(p) == n:
        return x
    return x - p[n] if len(p) == n + 1 else (x - p[n]) / p[n + 1]


def over_scale(slope, p, n):
    return slope if len(p) < n + 2 else slope / p[n + 1]


def scale_of(p, n):
    return 1.0 if len(p) < n + 2 else p[n + 1]


def continuous(dist, slope, shapes=(), of_cdf=(), bounded=False):
    """Register the methods of a distribution; `slope` is ℓ_y, `shapes` the ℓ_s and `of_cdf` the F_s."""
    n = len(shapes)

    def inside(z, value):
        """The slope of a log-density where there is a density."""
        return np.where(np.isneginf(z), 0.0, value) if bounded else value

    def log_by(by):
        return lambda z, x, *p: inside(z, by(standard(x, p, n), *p[:n]))

    def by_x(z, x, *p):
        return inside(z, over_scale(slope(standard(x, p, n), *p[:n]), p, n))

    def by_loc(z, x, *p):
        return -by_x(z, x, *p)

    def by_scale(z, x, *p):
        y = standard(x, p, n)
        return -inside(z, (1.0 + y * slope(y, *p[:n])) / scale_of(p, n))

    logs = (by_x, *[log_by(by) for by in shapes], by_loc, by_scale)
    method(dist, "logpdf", logs)
    method(dist, "pdf", [density(partial) for partial in logs])

    def cdf_by(by):
        if isinstance(by, str):
            return by
        return lambda z, x, *p: by(standard(x, p, n), *p[:n])

    def cdf_by_x(z, x, *p):
        return dist.pdf(x, *p)

    def cdf_by_loc(z, x, *p):
        return -dist.pdf(x, *p)

    def cdf_by_scale(z, x, *p):
        return -standard(x, p, n) * dist.pdf(x, *p)

    cdf = (cdf_by_x, *map(cdf_by, of_cdf), cdf_by_loc, cdf_by_scale)
    method(dist, "cdf", cdf)
    method(dist, "sf", [negative(partial) for partial in cdf])
    method(dist, "logcdf", [over_value(partial) for partial in cdf])
    method(dist, "logsf", [over_value(negative(partial)) for partial in cdf])

    def ppf_by_q(z, q, *p):
        return 1.0 / dist.pdf(z, *p)

    def isf_by_q(z, q, *p):
        return -1.0 / dist.pdf(z, *p)

    def ppf_by(by):
        if isinstance(by, str):
            return by
        return lambda z, q, *p: -by(standard(z, p, n), *p[:n]) / dist.pdf(z, *p)

    def ppf_by_loc(z, q, *p):
        return 1.0

    def ppf_by_scale(z, q, *p):
        return standard(z, p, n)

    method(dist, "ppf", (ppf_by_q, *map(ppf_by, of_cdf), ppf_by_loc, ppf_by_scale), "q")
    method(dist, "isf", (isf_by_q, *map(ppf_by, of_cdf), ppf_by_loc, ppf_by_scale), "q")


def method(dist, name, partials, first="x"):
    """Give a method its partials, and the names of its parameters."""
    fn = getattr(dist, name)
    elementwise(fn, *partials)
    shapes = [] if dist.shapes is None else dist.shapes.split(", ")
    empty = inspect.Parameter.empty
    last = (("loc", 0),) if first == "k" else (("loc", 0), ("scale", 1))
    RULES[fn].parameters = ((first, empty), *((s, empty) for s in shapes), *last)


def density(partial):
    """The partial of exp(ℓ), from that of ℓ; 0 where there is no density."""
    if isinstance(partial, str):
        return partial
    return lambda z, x, *p: z * partial(np.log(z + (z == 0)), x, *p)


def negative(partial):
    return partial if isinstance(partial, str) else lambda z, x, *p: -partial(z, x, *p)


def over_value(partial):
    """The partial of log F, from that of F."""
    return partial if isinstance(partial, str) else lambda z, x, *p: partial(z, x, *p) * np.exp(-z)


def discrete(dist, shapes, of_cdf=None):
    """Register the methods of a discrete distribution, `shapes` being ∂log pmf/∂s (or why there is none)."""
    n = len(shapes)

    def log_by(by):
        return by if isinstance(by, str) else lambda z, k, *p: by(standard(k, p, n), *p[:n])

    logs = (INTEGER, *map(log_by, shapes), INTEGER)
    method(dist, "logpmf", logs, "k")
    method(dist, "pmf", [density(partial) for partial in logs], "k")
    if of_cdf is not None:
        cdf = (INTEGER, *map(log_by, of_cdf), INTEGER)
        method(dist, "cdf", cdf, "k")
        method(dist, "sf", [negative(partial) for partial in cdf], "k")
        method(dist, "logcdf", [over_value(partial) for partial in cdf], "k")
        method(dist, "logsf", [over_value(negative(partial)) for partial in cdf], "k")


INTEGER = "it is an integer"
NO_FORMULA = "there is no formula for it"

# ── without shapes ───────────────────────────────────────────────────────────────────────────────

continuous(stats.norm, lambda y: -y)
continuous(stats.cauchy, lambda y: -2.0 * y / (1.0 + y * y))
continuous(stats.logistic, lambda y: -np.tanh(0.5 * y))
continuous(stats.laplace, lambda y: -np.sign(y))
continuous(stats.gumbel_l, lambda y: -np.expm1(y))
continuous(stats.gumbel_r, lambda y: np.expm1(-y))
continuous(stats.expon, lambda y: -1.0, bounded=True)
continuous(stats.uniform, lambda y: 0.0, bounded=True)
continuous(stats.halfnorm, lambda y: -y, bounded=True)
continuous(stats.halfcauchy, lambda y: -2.0 * y / (1.0 + y * y), bounded=True)

# ── with shapes ──────────────────────────────────────────────────────────────────────────────────

continuous(
    stats.beta,
    lambda y, a, b: (a - 1.0) / y - (b - 1.0) / (1.0 - y),
    (
        lambda y, a, b: np.log(y) - special.digamma(a) + special.digamma(a + b),
        lambda y, a, b: np.log1p(-y) - special.digamma(b) + special.digamma(a + b),
    ),
    (
        lambda y, a, b: of_shape(special.betainc, 0, a, b, np.clip(y, 0.0, 1.0)),
        lambda y, a, b: of_shape(special.betainc, 1, a, b, np.clip(y, 0.0, 1.0)),
    ),
    bounded=True,
)
continuous(
    stats.chi2,
    lambda y, df: (0.5 * df - 1.0) / y - 0.5,
    (lambda y, df: 0.5 * (np.log(0.5 * y) - special.digamma(0.5 * df)),),
    (lambda y, df: of_shape(special.chdtr, 0, df, np.maximum(y, 0.0)),),
    bounded=True,
)
continuous(
    stats.gamma,
    lambda y, a: (a - 1.0) / y - 1.0,
    (lambda y, a: np.log(y) - special.digamma(a),),
    (lambda y, a: of_shape(special.gammainc, 0, a, np.maximum(y, 0.0)),),
    bounded=True,
)
continuous(
    stats.invgamma,
    lambda y, a: (1.0 / y - a - 1.0) / y,
    (lambda y, a: -np.log(y) - special.digamma(a),),
    (lambda y, a: np.where(y > 0, of_shape(special.gammaincc, 0, a, 1.0 / np.maximum(y, 1e-300)), 0.0),),
    bounded=True,
)
continuous(
    stats.t,
    lambda y, df: -(df + 1.0) * y / (df + y * y),
    (
        lambda y, df: 0.5 * (
            special.digamma(0.5 * (df + 1.0)) - special.digamma(0.5 * df) - 1.0 / df - np.log1p(y * y / df)
            + (df + 1.0) * y * y / (df * (df + y * y))
        ),
    ),
    (lambda y, df: of_shape(special.stdtr, 0, df, y),),
)  # fmt: skip
continuous(
    stats.f,
    lambda y, dfn, dfd: (0.5 * dfn - 1.0) / y - 0.5 * (dfn + dfd) * dfn / (dfd + dfn * y),
    (
        lambda y, dfn, dfd: 0.5 * (
            1.0 + np.log(dfn * y / (dfd + dfn * y)) - (dfn + dfd) * y / (dfd + dfn * y)
            - special.digamma(0.5 * dfn) + special.digamma(0.5 * (dfn + dfd))
        ),
        lambda y, dfn, dfd: 0.5 * (
            1.0 + np.log(dfd / (dfd + dfn * y)) - (dfn + dfd) / (dfd + dfn * y)
            - special.digamma(0.5 * dfd) + special.digamma(0.5 * (dfn + dfd))
        ),
    ),
    (
        lambda y, dfn, dfd: of_shape(special.fdtr, 0, dfn, dfd, np.maximum(y, 0.0)),
        lambda y, dfn, dfd: of_shape(special.fdtr, 1, dfn, dfd, np.maximum(y, 0.0)),
    ),
    bounded=True,
)  # fmt: skip
continuous(
    stats.pareto,
    lambda y, b: -(b + 1.0) / y,
    (lambda y, b: 1.0 / b - np.log(y),),
    (lambda y, b: np.maximum(y, 1.0) ** -b * np.log(np.maximum(y, 1.0)),),
    bounded=True,
)
continuous(
    stats.genpareto,
    lambda y, c: -(1.0 + c) / (1.0 + c * y),
    (lambda y, c: 0.5 * y * y * special.hyp2f1(2.0, 2.0, 3.0, -c * y) - y / (1.0 + c * y),),
    (lambda y, c: -0.5 * stats.genpareto.sf(y, c) * np.maximum(y, 0.0) ** 2 * special.hyp2f1(2.0, 2.0, 3.0, -c * y),),
    bounded=True,
)
continuous(
    stats.lognorm,
    lambda y, s: -(1.0 + np.log(y) / s**2) / y,
    (lambda y, s: np.log(y) ** 2 / s**3 - 1.0 / s,),
    (lambda y, s: -log_of_positive(y) / s**2 * normal_density(log_of_positive(y) / s) * (y > 0),),
    bounded=True,
)
continuous(
    stats.weibull_min,
    lambda y, c: (c - 1.0) / y - c * y ** (c - 1.0),
    (lambda y, c: 1.0 / c + np.log(y) * (1.0 - y**c),),
    (lambda y, c: np.exp(-np.maximum(y, 0.0) ** c) * np.maximum(y, 0.0) ** c * log_of_positive(y),),
    bounded=True,
)
continuous(
    stats.truncnorm,
    lambda y, a, b: -y,
    (lambda y, a, b: stats.truncnorm.pdf(a, a, b), lambda y, a, b: -stats.truncnorm.pdf(b, a, b)),
    (
        lambda y, a, b: -stats.truncnorm.pdf(a, a, b) * stats.truncnorm.sf(y, a, b) * (y > a),
        lambda y, a, b: -stats.truncnorm.pdf(b, a, b) * stats.truncnorm.cdf(y, a, b) * (y < b),
    ),
    bounded=True,
)
continuous(
    stats.gennorm,
    lambda y, beta: -beta * np.abs(y) ** (beta - 1.0) * np.sign(y),
    (
        lambda y, beta: 1.0 / beta + special.digamma(1.0 / beta) / beta**2
        - special.xlogy(np.abs(y) ** beta, np.abs(y)),
    ),
    (
        lambda y, beta: 0.5 * np.sign(y) * (
            gamma_density(1.0 / beta, np.abs(y) ** beta) * special.xlogy(np.abs(y) ** beta, np.abs(y))
            - of_shape(special.gammainc, 0, 1.0 / beta, np.abs(y) ** beta) / beta**2
        ),
    ),
)  # fmt: skip
continuous(
    stats.vonmises,
    lambda y, kappa: -kappa * np.sin(y),
    (lambda y, kappa: np.cos(y) - special.i1e(kappa) / special.i0e(kappa),),
    (NO_FORMULA,),
)
continuous(
    stats.wrapcauchy,
    lambda y, c: -2.0 * c * np.sin(y) / (1.0 + c * c - 2.0 * c * np.cos(y)),
    (lambda y, c: 2.0 * (np.cos(y) - c) / (1.0 + c * c - 2.0 * c * np.cos(y)) - 2.0 * c / (1.0 - c * c),),
    (NO_FORMULA,),
    bounded=True,
)


def log_of_positive(y):
    """log y, and 0 where there is none."""
    return np.log(np.where(y > 0, y, 1.0))


# ── discrete ─────────────────────────────────────────────────────────────────────────────────────

discrete(stats.poisson, (lambda k, mu: k / mu - 1.0,), (lambda k, mu: -stats.poisson.pmf(np.floor(k), mu),))
discrete(
    stats.bernoulli,
    (lambda k, p: k / p - (1.0 - k) / (1.0 - p),),
    (lambda k, p: -1.0 * (np.floor(k) == 0.0),),
)
discrete(
    stats.binom,
    (INTEGER, lambda k, n, p: k / p - (n - k) / (1.0 - p)),
    (INTEGER, lambda k, n, p: -n * stats.binom.pmf(np.floor(k), n - 1, p)),
)
discrete(stats.geom, (lambda k, p: 1.0 / p - (k - 1.0) / (1.0 - p),))
discrete(
    stats.nbinom,
    (
        lambda k, n, p: special.digamma(k + n) - special.digamma(n) + np.log(p),
        lambda k, n, p: n / p - k / (1.0 - p),
    ),
)
discrete(
    stats.betabinom,
    (
        INTEGER,
        lambda k, n, a, b: (
            special.digamma(k + a) - special.digamma(n + a + b) - special.digamma(a) + special.digamma(a + b)
        ),
        lambda k, n, a, b: (
            special.digamma(n - k + b) - special.digamma(n + a + b) - special.digamma(b) + special.digamma(a + b)
        ),
    ),
)
