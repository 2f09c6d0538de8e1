"""scipy.special: functions that give several arrays at once, and functions of whole arrays.

Of a function with several results only those that are read have a cotangent; the others are None.
"""

import math

import numpy as np
from scipy import special

from adjoint.rules.functional import unsupported
from adjoint.rules.registry import jvp_rule, vjp_rule
from adjoint.rules.ufuncs import tangent_sum


def weighted(g, slopes):
    """∑ gₖ · slopeₖ over the results that have a cotangent, of two or four."""
    total = tangent_sum(product(g[0], slopes[0]), product(g[1], slopes[1]))
    if len(slopes) == 2:
        return total
    return tangent_sum(total, tangent_sum(product(g[2], slopes[2]), product(g[3], slopes[3])))


def scaled(slopes, t):
    if len(slopes) == 2:
        return slopes[0] * t, slopes[1] * t
    return slopes[0] * t, slopes[1] * t, slopes[2] * t, slopes[3] * t


def product(g, slope):
    return None if g is None else g * slope


# ── several results ──────────────────────────────────────────────────────────────────────────────


def several(fn, slopes):
    """Register a function of one number with several results, given their slopes `(result, x) -> tuple`."""

    @vjp_rule(fn)
    def pulled(g, z, x):
        return weighted(g, slopes(z, x))

    @jvp_rule(fn)
    def pushed(t, z, x):
        return scaled(slopes(z, x), t[0])


def airy_slopes(z, x):
    return z[1], x * z[0], z[3], x * z[2]


def airye_slopes(z, x):
    """Ai is scaled by exp(ζ) and Bi by exp(-|Re ζ|), ζ = 2/3 x^(3/2); for negative x only the latter, by 1."""
    unsupported(np.iscomplexobj(x), "airye of a complex argument, which is not analytic")
    root = np.sqrt(np.maximum(x, 0.0))
    return z[1] + root * z[0], x * z[0] + root * z[1], z[3] - root * z[2], x * z[2] - root * z[3]


def itairy_slopes(z, x):
    there, back = special.airy(x), special.airy(-x)
    return there[0], there[2], back[0], back[2]


def kelvin_slopes(z, x):
    """Be = ber + i bei and Ke = ker + i kei satisfy w″ + w′/x - i w = 0."""
    return z[2], z[3], 1.0j * z[0] - z[2] / x, 1.0j * z[1] - z[3] / x


def sici_slopes(z, x):
    return np.sinc(x / math.pi), np.cos(x) / x


def shichi_slopes(z, x):
    """sinh(x)/x as the mean of exprel(x) and exprel(-x)."""
    return 0.5 * (special.exprel(x) + special.exprel(-x)), np.cosh(x) / x


several(special.airy, airy_slopes)
several(special.airye, airye_slopes)
several(special.itairy, itairy_slopes)
several(special.kelvin, kelvin_slopes)
several(special.sici, sici_slopes)
several(special.shichi, shichi_slopes)
several(special.fresnel, lambda z, x: (np.sin(0.5 * math.pi * x * x), np.cos(0.5 * math.pi * x * x)))
several(special.iti0k0, lambda z, x: (special.i0(x), special.k0(x)))
several(special.itj0y0, lambda z, x: (special.j0(x), special.y0(x)))


# ── orders that are integers ─────────────────────────────────────────────────────────────────────


def spherical(fn, sign):
    """Register a spherical Bessel function w; w″ + 2 w′/x + (sign - n (n + 1)/x²) w = 0."""

    def slope(w, n, x, derivative):
        if not derivative:
            return fn(n, x, True)
        return (n * (n + 1) / (x * x) - sign) * fn(n, x) - 2.0 * w / x

    @vjp_rule(fn)
    def pulled(g, w, n, z, derivative=False):
        return None, g * slope(w, n, z, derivative)

    @jvp_rule(fn)
    def pushed(t, w, n, z, derivative=False):
        return t[1] * slope(w, n, z, derivative)


spherical(special.spherical_jn, 1.0)
spherical(special.spherical_yn, 1.0)
spherical(special.spherical_in, -1.0)
spherical(special.spherical_kn, -1.0)


@vjp_rule(special.multigammaln)
def multigammaln(g, z, a, d):
    return g * np.sum(special.digamma(np.expand_dims(a, -1) - 0.5 * np.arange(d)), axis=-1)


@jvp_rule(special.multigammaln)
def multigammaln_jvp(t, z, a, d):
    return t[0] * np.sum(special.digamma(np.expand_dims(a, -1) - 0.5 * np.arange(d)), axis=-1)


def comb_by_n(z, n, k, repetition):
    if repetition:  # of n + k - 1 things
        return z * (special.digamma(n + k) - special.digamma(n))
    return z * (special.digamma(n + 1.0) - special.digamma(n - k + 1.0))


def comb_by_k(z, n, k, repetition):
    if repetition:
        return z * (special.digamma(n + k) - special.digamma(k + 1.0))
    return z * (special.digamma(n - k + 1.0) - special.digamma(k + 1.0))


@vjp_rule(special.comb)
def comb(g, z, N, k, exact=False, repetition=False):
    return g * comb_by_n(z, N, k, repetition), g * comb_by_k(z, N, k, repetition)


@jvp_rule(special.comb)
def comb_jvp(t, z, N, k, exact=False, repetition=False):
    total = None
    if t[0] is not None:
        total = t[0] * comb_by_n(z, N, k, repetition)
    if t[1] is not None:
        total = tangent_sum(total, t[1] * comb_by_k(z, N, k, repetition))
    return total


@vjp_rule(special.factorial)
def factorial(g, z, n, exact=False, extend="zero"):
    return g * z * special.digamma(n + 1.0)


@jvp_rule(special.factorial)
def factorial_jvp(t, z, n, exact=False, extend="zero"):
    return t[0] * z * special.digamma(n + 1.0)


# ── of whole arrays ──────────────────────────────────────────────────────────────────────────────


def kept_axes(x, axis, ndim, keepdims):
    """A reduction's result with the axes that it lost."""
    if keepdims or np.ndim(x) == ndim:
        return x
    return np.expand_dims(x, tuple(range(ndim)) if axis is None else axis)


def finite(x):
    """x, with 0 in place of -inf and inf, so that exp(a - x) is 0 and not NaN where all of a is -inf."""
    return np.where(np.isfinite(x), x, 0.0)


@vjp_rule(special.logsumexp)
def logsumexp(g, z, a, axis=None, b=None, keepdims=False, return_sign=False):
    """The weights are a softmax, which is exp(a - result): nothing overflows."""
    if return_sign:
        g, sign, z = g[0], kept_axes(z[1], axis, np.ndim(a), keepdims), z[0]
        if g is None:
            return None, None, None
        g = kept_axes(g, axis, np.ndim(a), keepdims) * sign
    else:
        g = kept_axes(g, axis, np.ndim(a), keepdims)
    share = g * np.exp(a - finite(kept_axes(z, axis, np.ndim(a), keepdims)))
    return (share, None, None) if b is None else (share * b, None, share)


@jvp_rule(special.logsumexp)
def logsumexp_jvp(t, z, a, axis=None, b=None, keepdims=False, return_sign=False):
    level = z[0] if return_sign else z
    share = np.exp(a - finite(kept_axes(level, axis, np.ndim(a), keepdims)))
    change = 0.0 if t[0] is None else (share if b is None else share * b) * t[0]
    if b is not None and t[2] is not None:
        change = change + share * t[2]
    dot = np.sum(change, axis=axis, keepdims=keepdims)
    return (dot * z[1], None) if return_sign else dot


@vjp_rule(special.softmax)
def softmax(g, z, x, axis=None):
    return z * (g - np.sum(g * z, axis=axis, keepdims=True))


@jvp_rule(special.softmax)
def softmax_jvp(t, z, x, axis=None):
    return z * (t[0] - np.sum(t[0] * z, axis=axis, keepdims=True))


@vjp_rule(special.log_softmax)
def log_softmax(g, z, x, axis=None):
    return g - np.exp(z) * np.sum(g, axis=axis, keepdims=True)


@jvp_rule(special.log_softmax)
def log_softmax_jvp(t, z, x, axis=None):
    return t[0] - np.sum(np.exp(z) * t[0], axis=axis, keepdims=True)
