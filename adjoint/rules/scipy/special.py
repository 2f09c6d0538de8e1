"""scipy.special: one line a function, the partials of `z = f(x, …)`.

The formulas are those of the NIST Digital Library of Mathematical Functions (dlmf.nist.gov): recurrences of
Bessel functions 10.6 and 10.29, Airy 9, Kelvin 10.61, elliptic integrals 19.4 and 19.18 (Carlson's R_D in
place of (E - K)/m, which is 0/0 at m = 0), orthogonal polynomials 18.9, incomplete gamma and beta 8.8 and 8.17,
hypergeometric functions 13.3, 15.5 and 16.3.  Orders and shape parameters without a closed form: orders.py.

Where the derivative does not exist, the partial is what these formulas give there: inf or NaN; except

    xlogy, xlog1py, rel_entr, kl_div   ∂/∂y is 0 at x = y = 0
    huber                              at its corner as from inside
    ive, jve, kve of complex arguments are not differentiable as complex functions, and refused

Elliptic integrals are in elliptic.py, functions that give several arrays (airy, sici, …) and functions of whole
arrays (logsumexp, softmax) in special_arrays.py.
"""

import math

import numpy as np
from scipy import special

from adjoint.rules.functional import unsupported
from adjoint.rules.helpers import present
from adjoint.rules.registry import constant, elementwise
from adjoint.rules.scipy import elliptic, special_arrays  # noqa: F401
from adjoint.rules.scipy.orders import of_order, of_shape

INTEGER = "it is an integer"


def real_only(x):
    """x, which must be real: functions scaled by exp(|Re x|) are not analytic, SciPy's polygamma is real."""
    unsupported(np.iscomplexobj(x), "digamma or a scaled Bessel function of a complex argument")
    return x


def in_order(fn):
    """∂fn/∂v, for a function of an order v and x."""
    return lambda z, v, x: of_order(fn, 0, v, x)


def below(n):
    """n - 1, but 0 for 0: the polynomial of degree n - 1 where the factor n makes it zero."""
    return n - (n != 0)


constant(special.gammasgn, why="piecewise constant")

# ── exponentials, logarithms, logistic functions ─────────────────────────────────────────────────

elementwise(special.exp2, lambda z, x: z * math.log(2.0))
elementwise(special.exp10, lambda z, x: z * math.log(10.0))
elementwise(special.expm1, lambda z, x: z + 1.0)
elementwise(special.log1p, lambda z, x: 1.0 / (1.0 + x))
elementwise(special.cosm1, lambda z, x: -np.sin(x))
elementwise(special.cbrt, lambda z, x: 1.0 / (3.0 * z * z))
elementwise(special.exprel, lambda z, x: 0.5 * special.hyp1f1(2.0, 3.0, x))
elementwise(special.powm1, lambda z, x, y: y * x ** (y - 1.0), lambda z, x, y: (z + 1.0) * np.log(x))
elementwise(special.expit, lambda z, x: z * special.expit(-x))
elementwise(special.log_expit, lambda z, x: special.expit(-x))
elementwise(present(special, "softplus"), lambda z, x: special.expit(x))
elementwise(special.logit, lambda z, x: 1.0 / (x * (1.0 - x)))
elementwise(special.xlogy, lambda z, x, y: np.log(y), lambda z, x, y: x / (y + (x == 0) * (y == 0)))
elementwise(special.xlog1py, lambda z, x, y: np.log1p(y), lambda z, x, y: x / (1.0 + y + (x == 0) * (y == -1)))
elementwise(special.entr, lambda z, x: -np.log(x) - 1.0)
elementwise(
    special.rel_entr, lambda z, x, y: np.log(x / y) + 1.0, lambda z, x, y: -(x / (y + (x == 0) * (y == 0)))
)
elementwise(
    special.kl_div, lambda z, x, y: np.log(x / y), lambda z, x, y: 1.0 - x / (y + (x == 0) * (y == 0))
)
# (x ** l - 1) / l and its inverse: the differences of nearly equal numbers at small l are hypergeometric functions
elementwise(
    special.boxcox,
    lambda z, x, lmbda: x ** (lmbda - 1.0),
    lambda z, x, lmbda: 0.5 * np.log(x) ** 2 * special.hyp1f1(2.0, 3.0, lmbda * np.log(x)),
)
elementwise(
    special.boxcox1p,
    lambda z, x, lmbda: (1.0 + x) ** (lmbda - 1.0),
    lambda z, x, lmbda: 0.5 * np.log1p(x) ** 2 * special.hyp1f1(2.0, 3.0, lmbda * np.log1p(x)),
)
elementwise(
    special.inv_boxcox,
    lambda z, y, lmbda: z ** (1.0 - lmbda),
    lambda z, y, lmbda: -0.5 * z * y * y * special.hyp2f1(2.0, 2.0, 3.0, -lmbda * y),
)
elementwise(
    special.inv_boxcox1p,
    lambda z, y, lmbda: (z + 1.0) ** (1.0 - lmbda),
    lambda z, y, lmbda: -0.5 * (z + 1.0) * y * y * special.hyp2f1(2.0, 2.0, 3.0, -lmbda * y),
)
elementwise(
    special.huber,
    lambda z, delta, r: np.maximum(np.abs(r) - delta, 0.0),
    lambda z, delta, r: np.where(np.abs(r) <= delta, r, delta * np.sign(r)),
)
elementwise(
    special.pseudo_huber,
    lambda z, delta, r: 2.0 * z / delta - r * r / (delta * np.hypot(1.0, r / delta)),
    lambda z, delta, r: r / np.hypot(1.0, r / delta),
)

# ── error functions and the normal distribution ──────────────────────────────────────────────────


def normal_density(x):
    return np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


elementwise(special.erf, lambda z, x: 2.0 / math.sqrt(math.pi) * np.exp(-x * x))
elementwise(special.erfc, lambda z, x: -2.0 / math.sqrt(math.pi) * np.exp(-x * x))
elementwise(special.erfcx, lambda z, x: 2.0 * x * z - 2.0 / math.sqrt(math.pi))
elementwise(special.erfi, lambda z, x: 2.0 / math.sqrt(math.pi) * np.exp(x * x))
elementwise(special.erfinv, lambda z, x: 0.5 * math.sqrt(math.pi) * np.exp(z * z))
elementwise(special.erfcinv, lambda z, x: -0.5 * math.sqrt(math.pi) * np.exp(z * z))
elementwise(special.dawsn, lambda z, x: 1.0 - 2.0 * x * z)
elementwise(special.wofz, lambda z, x: 2.0j / math.sqrt(math.pi) - 2.0 * x * z)
elementwise(special.ndtr, lambda z, x: normal_density(x))
elementwise(special.ndtri, lambda z, y: math.sqrt(2.0 * math.pi) * np.exp(0.5 * z * z))
elementwise(special.log_ndtr, lambda z, x: np.exp(-0.5 * x * x - z) / math.sqrt(2.0 * math.pi))
elementwise(present(special, "ndtri_exp"), lambda z, y: math.sqrt(2.0 * math.pi) * np.exp(y + 0.5 * z * z))
elementwise(
    special.owens_t,
    lambda z, h, a: -0.5 * normal_density(h) * special.erf(a * h / math.sqrt(2.0)),
    lambda z, h, a: np.exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * math.pi * (1.0 + a * a)),
)
elementwise(
    special.nrdtrimn,
    lambda z, p, std, x: -std * math.sqrt(2.0 * math.pi) * np.exp(0.5 * special.ndtri(p) ** 2),
    lambda z, p, std, x: -special.ndtri(p),
    lambda z, p, std, x: 1.0,
)


def faddeeva_slope(x, sigma, gamma):
    """w′(ζ) at ζ = (x + iγ) / (σ√2)."""
    at = (x + 1.0j * gamma) / (sigma * math.sqrt(2.0))
    return at, 2.0j / math.sqrt(math.pi) - 2.0 * at * special.wofz(at)


elementwise(
    special.voigt_profile,
    lambda z, x, sigma, gamma: np.real(faddeeva_slope(x, sigma, gamma)[1]) / (2.0 * math.sqrt(math.pi) * sigma**2),
    lambda z, x, sigma, gamma: -(z + np.real(np.prod(faddeeva_slope(x, sigma, gamma), axis=0)) / (
        math.sqrt(2.0 * math.pi) * sigma)) / sigma,
    lambda z, x, sigma, gamma: -np.imag(faddeeva_slope(x, sigma, gamma)[1]) / (2.0 * math.sqrt(math.pi) * sigma**2),
)  # fmt: skip


def kolmogorov_slope(x):
    """The derivative of 2 ∑ (-1)^(k-1) exp(-2 k² x²); for small x from the transformed theta series."""
    x = np.expand_dims(np.maximum(np.asarray(x, dtype=float), 1e-3), -1)
    k = np.arange(1.0, 9.0)
    large = -8.0 * x * np.where(k % 2 == 1, 1.0, -1.0) * k * k * np.exp(-2.0 * k * k * x * x)
    c = (2.0 * k - 1.0) ** 2 * (np.pi**2 / 8.0)
    small = math.sqrt(2.0 * np.pi) * np.exp(-c / (x * x)) * (1.0 / (x * x) - 2.0 * c / x**4)
    return np.sum(np.where(x > 1.0, large, small), axis=-1)


elementwise(special.kolmogorov, lambda z, y: kolmogorov_slope(y))
elementwise(kolmogorov_slope, "it is computed as a series")

# ── gamma, beta and their like ───────────────────────────────────────────────────────────────────

elementwise(special.gamma, lambda z, x: z * special.digamma(x))
elementwise((special.gammaln, special.loggamma), lambda z, x: special.digamma(x))
elementwise(special.rgamma, lambda z, x: -z * special.digamma(x))
elementwise(special.digamma, lambda z, x: special.polygamma(1, real_only(x)))
elementwise(special.polygamma, INTEGER, lambda z, n, x: special.polygamma(n + 1, x))
elementwise(
    special.beta,
    lambda z, a, b: z * (special.digamma(a) - special.digamma(a + b)),
    lambda z, a, b: z * (special.digamma(b) - special.digamma(a + b)),
)
elementwise(
    special.betaln,
    lambda z, a, b: special.digamma(a) - special.digamma(a + b),
    lambda z, a, b: special.digamma(b) - special.digamma(a + b),
)
elementwise(
    special.binom,
    lambda z, n, k: z * (special.digamma(n + 1.0) - special.digamma(n - k + 1.0)),
    lambda z, n, k: z * (special.digamma(n - k + 1.0) - special.digamma(k + 1.0)),
)
elementwise(
    special.poch,
    lambda z, x, m: z * (special.digamma(x + m) - special.digamma(x)),
    lambda z, x, m: z * special.digamma(x + m),
)


def by_exponent_of_zeta(x, q):
    """∂ζ(x, q)/∂x: the pole at 1 is |x - 1| away."""
    return of_shape(lambda distance: special.zeta(1.0 + np.sign(x - 1.0) * distance, q), 0, np.abs(x - 1.0)) * np.sign(x - 1.0)


elementwise(by_exponent_of_zeta, "it is itself computed by differences", "it is itself computed by differences")
elementwise(
    special.zeta,
    lambda z, x, q=None: by_exponent_of_zeta(x, q),
    lambda z, x, q=None: -x * special.zeta(x + 1.0, q),
)
elementwise(special.zetac, lambda z, x: by_exponent_of_zeta(x, None))


def gamma_density(a, x):
    return np.exp(special.xlogy(a - 1.0, x) - x - special.gammaln(a))


def beta_density(a, b, x):
    return np.exp(special.xlogy(a - 1.0, x) + special.xlog1py(b - 1.0, -x) - special.betaln(a, b))


elementwise(
    special.gammainc, lambda z, a, x: of_shape(special.gammainc, 0, a, x), lambda z, a, x: gamma_density(a, x)
)
elementwise(
    special.gammaincc, lambda z, a, x: of_shape(special.gammaincc, 0, a, x), lambda z, a, x: -gamma_density(a, x)
)
elementwise(
    special.gammaincinv,
    lambda z, a, y: -of_shape(special.gammainc, 0, a, z) / gamma_density(a, z),
    lambda z, a, y: 1.0 / gamma_density(a, z),
)
elementwise(
    special.gammainccinv,
    lambda z, a, y: -of_shape(special.gammainc, 0, a, z) / gamma_density(a, z),
    lambda z, a, y: -1.0 / gamma_density(a, z),
)
elementwise(
    special.betainc,
    lambda z, a, b, x: of_shape(special.betainc, 0, a, b, x),
    lambda z, a, b, x: of_shape(special.betainc, 1, a, b, x),
    lambda z, a, b, x: beta_density(a, b, x),
)
elementwise(
    present(special, "betaincc"),
    lambda z, a, b, x: of_shape(special.betaincc, 0, a, b, x),
    lambda z, a, b, x: of_shape(special.betaincc, 1, a, b, x),
    lambda z, a, b, x: -beta_density(a, b, x),
)
elementwise(
    special.betaincinv,
    lambda z, a, b, y: -of_shape(special.betainc, 0, a, b, z) / beta_density(a, b, z),
    lambda z, a, b, y: -of_shape(special.betainc, 1, a, b, z) / beta_density(a, b, z),
    lambda z, a, b, y: 1.0 / beta_density(a, b, z),
)

# ── distribution functions by their old names ────────────────────────────────────────────────────

elementwise(
    special.chdtr, lambda z, v, x: of_shape(special.chdtr, 0, v, x), lambda z, v, x: 0.5 * gamma_density(0.5 * v, 0.5 * x)
)
elementwise(
    special.chdtrc, lambda z, v, x: of_shape(special.chdtrc, 0, v, x), lambda z, v, x: -0.5 * gamma_density(0.5 * v, 0.5 * x)
)
elementwise(
    special.gdtr,
    lambda z, a, b, x: x * gamma_density(b, a * x),
    lambda z, a, b, x: of_shape(special.gammainc, 0, b, a * x),
    lambda z, a, b, x: a * gamma_density(b, a * x),
)
elementwise(
    special.gdtrc,
    lambda z, a, b, x: -x * gamma_density(b, a * x),
    lambda z, a, b, x: of_shape(special.gammaincc, 0, b, a * x),
    lambda z, a, b, x: -a * gamma_density(b, a * x),
)
elementwise(special.pdtr, None, lambda z, k, m: -gamma_density(np.floor(k) + 1.0, m))  # a step function of k
elementwise(special.pdtrc, None, lambda z, k, m: gamma_density(np.floor(k) + 1.0, m))


def f_density(dfn, dfd, x):
    y = dfn * x / (dfd + dfn * x)
    return beta_density(0.5 * dfn, 0.5 * dfd, y) * dfn * dfd / (dfd + dfn * x) ** 2


elementwise(
    special.fdtr,
    lambda z, dfn, dfd, x: of_shape(special.fdtr, 0, dfn, dfd, x),
    lambda z, dfn, dfd, x: of_shape(special.fdtr, 1, dfn, dfd, x),
    lambda z, dfn, dfd, x: f_density(dfn, dfd, x),
)
elementwise(
    special.fdtrc,
    lambda z, dfn, dfd, x: of_shape(special.fdtrc, 0, dfn, dfd, x),
    lambda z, dfn, dfd, x: of_shape(special.fdtrc, 1, dfn, dfd, x),
    lambda z, dfn, dfd, x: -f_density(dfn, dfd, x),
)


def t_density(df, t):
    return np.exp(
        special.gammaln(0.5 * (df + 1.0)) - special.gammaln(0.5 * df) - 0.5 * (df + 1.0) * np.log1p(t * t / df)
    ) / np.sqrt(math.pi * df)


elementwise(special.stdtr, lambda z, df, t: of_shape(special.stdtr, 0, df, t), lambda z, df, t: t_density(df, t))


def tukey_slope(p, lmbda):
    """∂x/∂p of the quantile x = (p ** l - (1 - p) ** l) / l."""
    return p ** (lmbda - 1.0) + (1.0 - p) ** (lmbda - 1.0)


elementwise(
    special.tklmbda,
    lambda z, x, lmbda: 1.0 / tukey_slope(z, lmbda),
    lambda z, x, lmbda: -0.5 * (
        np.log(z) ** 2 * special.hyp1f1(2.0, 3.0, lmbda * np.log(z))
        - np.log1p(-z) ** 2 * special.hyp1f1(2.0, 3.0, lmbda * np.log1p(-z))
    ) / tukey_slope(z, lmbda),
)  # fmt: skip

# ── Bessel functions and their relatives ─────────────────────────────────────────────────────────

elementwise(special.j0, lambda z, x: -special.j1(x))
elementwise(special.j1, lambda z, x: 0.5 * (special.j0(x) - special.jv(2.0, x)))
elementwise(special.y0, lambda z, x: -special.y1(x))
elementwise(special.y1, lambda z, x: 0.5 * (special.y0(x) - special.yn(2, x)))
elementwise(special.yn, INTEGER, lambda z, n, x: 0.5 * (special.yn(n - 1, x) - special.yn(n + 1, x)))
elementwise(special.i0, lambda z, x: special.i1(x))
elementwise(special.i1, lambda z, x: 0.5 * (special.i0(x) + special.iv(2.0, x)))
elementwise(special.i0e, lambda z, x: special.i1e(x) - np.sign(x) * z)
elementwise(special.i1e, lambda z, x: 0.5 * (special.i0e(x) + special.ive(2.0, x)) - np.sign(x) * z)
elementwise(special.k0, lambda z, x: -special.k1(x))
elementwise(special.k1, lambda z, x: -0.5 * (special.k0(x) + special.kn(2, x)))
elementwise(special.k0e, lambda z, x: z - special.k1e(x))
elementwise(special.k1e, lambda z, x: z - 0.5 * (special.k0e(x) + special.kve(2.0, x)))
elementwise(special.kn, INTEGER, lambda z, n, x: -0.5 * (special.kn(np.abs(n - 1), x) + special.kn(n + 1, x)))
elementwise(special.jv, in_order(special.jv), lambda z, v, x: 0.5 * (special.jv(v - 1.0, x) - special.jv(v + 1.0, x)))
elementwise(
    special.jve, in_order(special.jve),
    lambda z, v, x: 0.5 * (special.jve(v - 1.0, real_only(x)) - special.jve(v + 1.0, x)),
)  # fmt: skip
elementwise(special.yv, in_order(special.yv), lambda z, v, x: 0.5 * (special.yv(v - 1.0, x) - special.yv(v + 1.0, x)))
elementwise(
    special.yve, in_order(special.yve),
    lambda z, v, x: 0.5 * (special.yve(v - 1.0, real_only(x)) - special.yve(v + 1.0, x)),
)  # fmt: skip
elementwise(special.iv, in_order(special.iv), lambda z, v, x: 0.5 * (special.iv(v - 1.0, x) + special.iv(v + 1.0, x)))
elementwise(
    special.ive, in_order(special.ive),
    lambda z, v, x: 0.5 * (special.ive(v - 1.0, real_only(x)) + special.ive(v + 1.0, x)) - np.sign(x) * z,
)  # fmt: skip
elementwise(special.kv, in_order(special.kv), lambda z, v, x: -0.5 * (special.kv(v - 1.0, x) + special.kv(v + 1.0, x)))
elementwise(  # kve = kv * exp(x), analytic
    special.kve,
    in_order(special.kve),
    lambda z, v, x: z - 0.5 * (special.kve(v - 1.0, x) + special.kve(v + 1.0, x)),
)
elementwise(
    special.hankel1, in_order(special.hankel1),
    lambda z, v, x: 0.5 * (special.hankel1(v - 1.0, x) - special.hankel1(v + 1.0, x)),
)  # fmt: skip
elementwise(
    special.hankel2, in_order(special.hankel2),
    lambda z, v, x: 0.5 * (special.hankel2(v - 1.0, x) - special.hankel2(v + 1.0, x)),
)  # fmt: skip
OF_SLOPE = "it is the order of a derivative of a Bessel function"
elementwise(special.jvp, OF_SLOPE, lambda z, v, x, n=1: special.jvp(v, x, n + 1), INTEGER)
elementwise(special.yvp, OF_SLOPE, lambda z, v, x, n=1: special.yvp(v, x, n + 1), INTEGER)
elementwise(special.ivp, OF_SLOPE, lambda z, v, x, n=1: special.ivp(v, x, n + 1), INTEGER)
elementwise(special.kvp, OF_SLOPE, lambda z, v, x, n=1: special.kvp(v, x, n + 1), INTEGER)
elementwise(special.h1vp, OF_SLOPE, lambda z, v, x, n=1: special.h1vp(v, x, n + 1), INTEGER)
elementwise(special.h2vp, OF_SLOPE, lambda z, v, x, n=1: special.h2vp(v, x, n + 1), INTEGER)
elementwise(special.ber, lambda z, x: special.berp(x))
elementwise(special.bei, lambda z, x: special.beip(x))
elementwise(special.ker, lambda z, x: special.kerp(x))
elementwise(special.kei, lambda z, x: special.keip(x))
# (ber + i bei) and (ker + i kei) satisfy w″ + w′/x - i w = 0
elementwise(special.berp, lambda z, x: -special.bei(x) - z / x)
elementwise(special.beip, lambda z, x: special.ber(x) - z / x)
elementwise(special.kerp, lambda z, x: -special.kei(x) - z / x)
elementwise(special.keip, lambda z, x: special.ker(x) - z / x)


def struve_extra(v, x):
    return (0.5 * x) ** v * special.rgamma(v + 1.5) / math.sqrt(math.pi)


elementwise(
    special.struve, in_order(special.struve),
    lambda z, v, x: 0.5 * (special.struve(v - 1.0, x) - special.struve(v + 1.0, x) + struve_extra(v, x)),
)  # fmt: skip
elementwise(
    special.modstruve, in_order(special.modstruve),
    lambda z, v, x: 0.5 * (special.modstruve(v - 1.0, x) + special.modstruve(v + 1.0, x) + struve_extra(v, x)),
)  # fmt: skip
elementwise(special.itstruve0, lambda z, x: special.struve(0.0, x))
elementwise(
    special.wright_bessel,
    lambda z, a, b, x: of_shape(special.wright_bessel, 0, a, b, x),
    lambda z, a, b, x: of_shape(special.wright_bessel, 1, a, b, x),
    lambda z, a, b, x: special.wright_bessel(a, a + b, x),
)

# ── integrals of elementary functions ────────────────────────────────────────────────────────────

elementwise(special.exp1, lambda z, x: -np.exp(-x) / x)
elementwise(special.expi, lambda z, x: np.exp(x) / x)
elementwise(
    special.expn,
    INTEGER,
    lambda z, n, x: -np.where(n == 0, (1.0 + 1.0 / x) * np.exp(-x) / x, special.expn(below(n), x)),
)
elementwise(special.spence, lambda z, x: -1.0 / special.exprel(np.log(x)))  # log(x) / (1 - x), also at 1
elementwise(special.lambertw, lambda z, x, k=0, tol=1e-8: np.exp(-z) / (1.0 + z), INTEGER, "it is a tolerance")
elementwise(special.wrightomega, lambda z, x: z / (1.0 + z))

# ── hypergeometric functions and orthogonal polynomials ──────────────────────────────────────────

elementwise(
    special.hyp0f1,
    lambda z, v, x: of_shape(special.hyp0f1, 0, v, x),
    lambda z, v, x: special.hyp0f1(v + 1.0, x) / v,
)
elementwise(
    special.hyp1f1,
    lambda z, a, b, x: of_order(special.hyp1f1, 0, a, b, x),
    lambda z, a, b, x: of_shape(special.hyp1f1, 1, a, b, x),
    lambda z, a, b, x: a / b * special.hyp1f1(a + 1.0, b + 1.0, x),
)
elementwise(
    special.hyp2f1,
    lambda z, a, b, c, x: of_order(special.hyp2f1, 0, a, b, c, x),
    lambda z, a, b, c, x: of_order(special.hyp2f1, 1, a, b, c, x),
    lambda z, a, b, c, x: of_shape(special.hyp2f1, 2, a, b, c, x),
    lambda z, a, b, c, x: a * b / c * special.hyp2f1(a + 1.0, b + 1.0, c + 1.0, x),
)
elementwise(
    special.hyperu,
    lambda z, a, b, x: of_order(special.hyperu, 0, a, b, x),
    lambda z, a, b, x: of_order(special.hyperu, 1, a, b, x),
    lambda z, a, b, x: -a * special.hyperu(a + 1.0, b + 1.0, x),
)
DEGREE = "it is a degree"
elementwise(special.eval_chebyt, DEGREE, lambda z, n, x: n * special.eval_chebyu(below(n), x))
elementwise(special.eval_chebyu, DEGREE, lambda z, n, x: 2.0 * (n != 0) * special.eval_gegenbauer(below(n), 2.0, x))
elementwise(special.eval_legendre, DEGREE, lambda z, n, x: 0.5 * (n + 1.0) * (n != 0) * special.eval_jacobi(below(n), 1.0, 1.0, x))
elementwise(special.eval_hermite, DEGREE, lambda z, n, x: 2.0 * n * special.eval_hermite(below(n), x))
elementwise(special.eval_hermitenorm, DEGREE, lambda z, n, x: n * special.eval_hermitenorm(below(n), x))
elementwise(special.eval_laguerre, DEGREE, lambda z, n, x: -(n != 0) * special.eval_genlaguerre(below(n), 1.0, x))
elementwise(
    special.eval_genlaguerre,
    DEGREE,
    lambda z, n, a, x: of_order(special.eval_genlaguerre, 1, n, a, x),
    lambda z, n, a, x: -(n != 0) * special.eval_genlaguerre(below(n), a + 1.0, x),
)
elementwise(
    special.eval_gegenbauer,
    DEGREE,
    lambda z, n, a, x: of_shape(special.eval_gegenbauer, 1, n, a, x),
    lambda z, n, a, x: 2.0 * a * (n != 0) * special.eval_gegenbauer(below(n), a + 1.0, x),
)
elementwise(
    special.eval_jacobi,
    DEGREE,
    lambda z, n, a, b, x: of_order(special.eval_jacobi, 1, n, a, b, x),
    lambda z, n, a, b, x: of_order(special.eval_jacobi, 2, n, a, b, x),
    lambda z, n, a, b, x: 0.5 * (n + a + b + 1.0) * (n != 0) * special.eval_jacobi(below(n), a + 1.0, b + 1.0, x),
)
