"""Functions of Python numbers: `math`, and the built-ins abs, pow, min, max, sum, float, …

Their partials use `math` too, so that Python floats stay Python floats.  The operators `+ - * / **`
and `abs`, which serve numbers and arrays alike, are in ufuncs.py.

Python raises where NumPy gives inf: so does the derivative of `math.sqrt` at 0, as `1.0 / 0.0` does.
"""

import builtins
import math

import numpy as np

from adjoint.rules.helpers import sorting_order
from adjoint.rules.registry import elementwise, jvp_rule, vjp_rule
from adjoint.rules.ufuncs import by_base, by_exponent, by_modulus, tangent_sum

# ── math ─────────────────────────────────────────────────────────────────────────────────────────

elementwise(math.sqrt, lambda z, x: 0.5 / z)
elementwise(math.exp, lambda z, x: z)
elementwise(math.expm1, lambda z, x: z + 1.0)
elementwise(math.log1p, lambda z, x: 1.0 / (1.0 + x))
elementwise(math.log2, lambda z, x: 1.0 / (x * math.log(2.0)))
elementwise(math.log10, lambda z, x: 1.0 / (x * math.log(10.0)))
elementwise((math.pow, pow), by_base, by_exponent, None)

elementwise(math.sin, lambda z, x: math.cos(x))
elementwise(math.cos, lambda z, x: -math.sin(x))
elementwise(math.tan, lambda z, x: 1.0 + z * z)
elementwise(math.asin, lambda z, x: 1.0 / math.sqrt(1.0 - x * x))
elementwise(math.acos, lambda z, x: -(1.0 / math.sqrt(1.0 - x * x)))
elementwise(math.atan, lambda z, x: 1.0 / (1.0 + x * x))
elementwise(math.atan2, lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -(y / (x * x + y * y)))
elementwise(math.sinh, lambda z, x: math.cosh(x))
elementwise(math.cosh, lambda z, x: math.sinh(x))
elementwise(math.tanh, lambda z, x: 1.0 - z * z)
elementwise(math.asinh, lambda z, x: 1.0 / math.sqrt(x * x + 1.0))
elementwise(math.acosh, lambda z, x: 1.0 / math.sqrt(x * x - 1.0))
elementwise(math.atanh, lambda z, x: 1.0 / (1.0 - x * x))
elementwise(math.radians, lambda z, x: math.pi / 180.0)
elementwise(math.degrees, lambda z, x: 180.0 / math.pi)

elementwise(math.erf, lambda z, x: 2.0 / math.sqrt(math.pi) * math.exp(-x * x))
elementwise(math.erfc, lambda z, x: -2.0 / math.sqrt(math.pi) * math.exp(-x * x))

elementwise(math.fabs, by_modulus)
elementwise(math.copysign, lambda z, x, y: np.sign(x) * math.copysign(1.0, y), None)
elementwise(math.fmod, lambda z, x, y: 1.0, lambda z, x, y: -math.trunc(x / y))
elementwise(math.remainder, lambda z, x, y: 1.0, lambda z, x, y: -round((x - z) / y))
elementwise(math.nextafter, lambda z, x, y: 1.0, None)
elementwise(math.ldexp, lambda z, x, i: math.ldexp(1.0, i), None)

if hasattr(math, "exp2"):  # Python 3.11
    elementwise(math.exp2, lambda z, x: z * math.log(2.0))
    elementwise(math.cbrt, lambda z, x: 1.0 / (3.0 * z * z))
if hasattr(math, "fma"):  # Python 3.13
    elementwise(math.fma, lambda z, x, y, w: y, lambda z, x, y, w: x, lambda z, x, y, w: 1.0)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # B₂, B₄, …


def polygamma(n, x):
    """The derivative of order n + 1 of log Γ: upwards by its recurrence, then its asymptotic series (DLMF 5.11, 5.15)."""
    total, sign = 0.0, (-1.0) ** (n + 1)
    while x < 14.0 + n:
        total += sign * math.factorial(n) / x ** (n + 1)
        x += 1.0
    total += math.log(x) - 0.5 / x if n == 0 else sign * math.factorial(n - 1) / x**n * (1.0 + 0.5 * n / x)
    for k, b in enumerate(_BERNOULLI, 1):
        total += sign * b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / x ** (2 * k + n)
    return total


elementwise(polygamma, "it is an integer", lambda z, n, x: polygamma(n + 1, x))
elementwise(math.gamma, lambda z, x: z * polygamma(0, x))
elementwise(math.lgamma, lambda z, x: polygamma(0, x))


def bessel_i1(x):
    """I₁(x), the mean of exp(x cos θ) cos θ over a period: the midpoint rule is exact to rounding up to |x| = 700."""
    c = np.cos((np.arange(256, dtype=np.result_type(x)) + 0.5) * (math.pi / 256.0))
    return np.mean(np.exp(np.expand_dims(x, -1) * c) * c, axis=-1)


elementwise(np.i0, lambda z, x: bessel_i1(x))


def kaiser_slope(z, beta):
    """Of z = I₀(β s) / I₀(β), where s goes from 0 in the middle of the window's half circle to its ends."""
    half = (len(z) - 1) / 2.0
    s = np.sqrt(1.0 - ((np.arange(len(z)) - half) / max(half, 0.5)) ** 2)
    return (bessel_i1(beta * s) * s - z * bessel_i1(beta)) / np.i0(beta)


@vjp_rule(np.kaiser)
def kaiser(g, z, M, beta):
    return None, np.sum(g * kaiser_slope(z, beta))


@jvp_rule(np.kaiser)
def kaiser_jvp(t, z, M, beta):
    return t[1] * kaiser_slope(z, beta)


@vjp_rule(math.log)
def log(g, z, x, base=None):
    if base is None:
        return g / x
    return g / (x * math.log(base)), -(g * z / (base * math.log(base)))


@jvp_rule(math.log)
def log_jvp(t, z, x, base=None):
    if base is None:
        return t[0] / x
    return tangent_sum(
        None if t[0] is None else t[0] / (x * math.log(base)),
        None if t[1] is None else -(t[1] * z / (base * math.log(base))),
    )


@vjp_rule(math.frexp)
def frexp(g, z, x):
    if g[0] is None:
        return None
    return math.ldexp(g[0], -z[1])


@jvp_rule(math.frexp)
def frexp_jvp(t, z, x):
    return math.ldexp(t[0], -z[1]), None


# ── math, of several numbers ─────────────────────────────────────────────────────────────────────


@vjp_rule(math.hypot)
def hypot(g, z, *xs):
    """Zero at the origin."""
    return tuple([g * x / (z + (z == 0)) for x in xs])


@jvp_rule(math.hypot)
def hypot_jvp(t, z, *xs):
    return sum([0.0 if d is None else d * x for d, x in zip(t, xs, strict=True)]) / (z + (z == 0))


@vjp_rule(math.dist)
def dist(g, z, p, q):
    """Zero where p = q."""
    p_bar = g / (z + (z == 0)) * (np.asarray(p) - np.asarray(q))
    return p_bar, -p_bar


@jvp_rule(math.dist)
def dist_jvp(t, z, p, q):
    change = np.subtract(0.0 if t[0] is None else t[0], 0.0 if t[1] is None else t[1])
    return np.sum((np.asarray(p) - np.asarray(q)) * change) / (z + (z == 0))


@vjp_rule(math.fsum, linear=True)
def fsum(g, z, xs):
    return [g] * len(xs)


@vjp_rule(math.prod)
def prod(g, z, xs, start=1):
    return g * start * np.asarray(products_of_others(xs)), g * np.prod(xs)


@jvp_rule(math.prod)
def prod_jvp(t, z, xs, start=1):
    total = None if t[0] is None else start * np.sum(products_of_others(xs) * np.asarray(t[0]))
    return tangent_sum(total, None if t[1] is None else t[1] * np.prod(xs))


def products_of_others(xs):
    """For each entry the product of all others, zeros or not: what is left of it times what is right."""
    xs = np.asarray(xs)
    left = np.concatenate((np.ones(1), np.cumprod(xs[:-1])))
    right = np.concatenate((np.cumprod(xs[:0:-1])[::-1], np.ones(1)))
    return left * right if len(xs) > 0 else xs


if hasattr(math, "sumprod"):  # Python 3.12

    @vjp_rule(math.sumprod)
    def sumprod(g, z, p, q):
        return [g * y for y in q], [g * x for x in p]

    @jvp_rule(math.sumprod)
    def sumprod_jvp(t, z, p, q):
        p_dot = 0.0 if t[0] is None else sum([x * y for x, y in zip(t[0], q, strict=True)])
        q_dot = 0.0 if t[1] is None else sum([x * y for x, y in zip(p, t[1], strict=True)])
        return p_dot + q_dot


# ── built-ins ────────────────────────────────────────────────────────────────────────────────────

elementwise((float, np.float64, np.float32, np.float16, np.complex128, np.complex64), lambda z, x: 1.0, cheap=True)
elementwise(complex, lambda z, re, im=0.0: 1.0, lambda z, re, im: 1.0j)


@vjp_rule(builtins.sum)
def sum_(g, z, xs, start=0):
    if isinstance(xs, (list, tuple)):
        return [g] * len(xs), g
    return np.broadcast_to(g, np.shape(xs)), g  # an array's rows


@jvp_rule(builtins.sum)
def sum_jvp(t, z, xs, start=0):
    xs_dot = t[0]
    start_dot = t[1] if len(t) > 1 else None
    return start_dot if xs_dot is None else sum(xs_dot) if start_dot is None else sum(xs_dot, start_dot)


@vjp_rule(builtins.max)
def max_(g, z, *xs, key=None, default=None):
    """Shared equally by those that are the result.  A single argument is a sequence of them."""
    if len(xs) == 2 and key is None:
        x, y = xs
        return g * ((x > y) + 0.5 * (x == y)), g * ((y > x) + 0.5 * (x == y))
    return tuple(share(g, z, xs)) if len(xs) > 1 else share(g, z, xs[0])


@vjp_rule(builtins.min)
def min_(g, z, *xs, key=None, default=None):
    if len(xs) == 2 and key is None:
        x, y = xs
        return g * ((x < y) + 0.5 * (x == y)), g * ((y < x) + 0.5 * (x == y))
    return tuple(share(g, z, xs)) if len(xs) > 1 else share(g, z, xs[0])


@jvp_rule(builtins.max, builtins.min)
def max_jvp(t, z, *xs, key=None, default=None):
    if len(xs) == 1:
        return np.sum(share(1.0, z, xs[0]) * np.asarray(t[0]))
    weights, total = share(1.0, z, xs), None
    for k in range(len(xs)):
        total = tangent_sum(total, None if t[k] is None else weights[k] * t[k])
    return total


def share(g, z, xs):
    ties = np.equal(xs, z)
    return np.where(ties, g / np.sum(ties), 0.0)


@vjp_rule(builtins.sorted)
def sorted_(g, z, xs, key=None, reverse=False):
    return np.take(np.asarray(g), np.argsort(sorting_order(xs, key, reverse)), axis=0)


@jvp_rule(builtins.sorted)
def sorted_jvp(t, z, xs, key=None, reverse=False):
    return list(np.take(np.asarray(t[0]), sorting_order(xs, key, reverse), axis=0))
