"""Functions that work entry by entry: arithmetic, exponentials, trigonometry, selection.

One line a function: the partial derivatives of `z = f(x, …)`, written so that the generated text is
what one would write by hand.  `exp`, `tanh`, `sqrt` are given by their own result, which the primal
has computed anyway.  The functions of `math`, which work on Python floats only, are in scalar.py.

Where the derivative does not exist:

    abs, sign     at 0       0
    hypot         at (0, 0)  0
    maximum, …    in a tie   half to each (as JAX)
    clip          at a bound all to x, nothing to the bound (as PyTorch)
    sqrt, log, …  at 0       what NumPy gives: inf
    x ** y        at x = 0   ∂/∂x is 0 where y = 0; ∂/∂y is 0 (as JAX)

A partial of a real function of a complex argument x = a + ib is ∂z/∂a - i ∂z/∂b (as JAX): the
cotangent of x is g times it, and the tangent of z the real part of its product with that of x.

`t + (t == 0)` is `t` made safe to divide by: one where it is zero.  It takes no branch, keeps
float32, and means the same for arrays and Python floats.
"""

import math
import operator

import numpy as np

from adjoint.rules.registry import Logistic, elementwise, jvp_rule, known, vjp_rule

# ── arithmetic ───────────────────────────────────────────────────────────────────────────────────


def by_base(z, x, y):
    """∂(x ** y)/∂x.  Where y = 0 the exponent stays 0, so that 0 ** -1 is never computed."""
    if known(y) and np.ndim(y) == 0:
        return y * x ** (y - 1) if y != 0 else 0.0
    return y * x ** (y - (y != 0))


def by_exponent(z, x, y):
    """∂(x ** y)/∂y, zero where x is."""
    if isinstance(x, (float, int)):
        return z * math.log(x + (x == 0))
    return z * np.log(x + (x == 0))


def by_divisor(z, x, y):
    """∂(x / y)/∂y; of a reciprocal without a division."""
    return -(z * z) if known(x) and np.ndim(x) == 0 and x == 1 else -(z / y)


elementwise((operator.add, np.add), lambda z, x, y: 1.0, lambda z, x, y: 1.0, cheap=True)
elementwise((operator.sub, np.subtract), lambda z, x, y: 1.0, lambda z, x, y: -1.0, cheap=True)
elementwise((operator.mul, np.multiply), lambda z, x, y: y, lambda z, x, y: x, cheap=True)
elementwise((operator.truediv, np.divide), lambda z, x, y: 1.0 / y, by_divisor)
elementwise(Logistic, lambda z, u: -(z * (1.0 - z)))
elementwise((operator.pow, np.power, np.float_power), by_base, by_exponent)
elementwise((operator.mod, np.remainder), lambda z, x, y: 1.0, lambda z, x, y: -(x // y))
elementwise(np.fmod, lambda z, x, y: 1.0, lambda z, x, y: -np.trunc(x / y))
elementwise((operator.neg, np.negative), lambda z, x: -1.0, cheap=True)
elementwise((operator.pos, np.positive), lambda z, x: 1.0, cheap=True)
elementwise(np.square, lambda z, x: 2.0 * x, cheap=True)
elementwise(np.reciprocal, lambda z, x: -(z * z))
elementwise(np.sqrt, lambda z, x: 0.5 / z)
elementwise(np.cbrt, lambda z, x: 1.0 / (3.0 * z * z))

# ── exponentials and logarithms ──────────────────────────────────────────────────────────────────

elementwise(np.exp, lambda z, x: z)
elementwise(np.exp2, lambda z, x: z * math.log(2.0))
elementwise(np.expm1, lambda z, x: z + 1.0)
elementwise(np.log, lambda z, x: 1.0 / x)
elementwise(np.log2, lambda z, x: 1.0 / (x * math.log(2.0)))
elementwise(np.log10, lambda z, x: 1.0 / (x * math.log(10.0)))
elementwise(np.log1p, lambda z, x: 1.0 / (1.0 + x))
# Where both arguments are -inf, so is z: both partials are then 0 instead of NaN.
elementwise(
    np.logaddexp,
    lambda z, x, y: np.exp(x - np.where(z == -np.inf, 0.0, z)),
    lambda z, x, y: np.exp(y - np.where(z == -np.inf, 0.0, z)),
)
elementwise(
    np.logaddexp2,
    lambda z, x, y: np.exp2(x - np.where(z == -np.inf, 0.0, z)),
    lambda z, x, y: np.exp2(y - np.where(z == -np.inf, 0.0, z)),
)

# ── trigonometry ─────────────────────────────────────────────────────────────────────────────────

elementwise(np.sin, lambda z, x: np.cos(x))
elementwise(np.cos, lambda z, x: -np.sin(x))
elementwise(np.tan, lambda z, x: 1.0 + z * z)
elementwise(np.arcsin, lambda z, x: 1.0 / np.sqrt(1.0 - x * x))
elementwise(np.arccos, lambda z, x: -(1.0 / np.sqrt(1.0 - x * x)))
elementwise(np.arctan, lambda z, x: 1.0 / (1.0 + x * x))
elementwise(np.arctan2, lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -(y / (x * x + y * y)))
elementwise(np.sinh, lambda z, x: np.cosh(x))
elementwise(np.cosh, lambda z, x: np.sinh(x))
elementwise(np.tanh, lambda z, x: 1.0 - z * z)
elementwise(np.arcsinh, lambda z, x: 1.0 / np.sqrt(x * x + 1.0))
elementwise(np.arccosh, lambda z, x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)))  # two roots: complex branch
elementwise(np.arctanh, lambda z, x: 1.0 / (1.0 - x * x))
elementwise((np.deg2rad, np.radians), lambda z, x: math.pi / 180.0)
elementwise((np.rad2deg, np.degrees), lambda z, x: 180.0 / math.pi)


def by_angle(z, x):
    """∂sinc/∂x; near zero, where the closed form cancels, its series (also right at the next orders)."""
    near = np.abs(x) < 0.02
    p = np.pi * x
    s = p * p
    series = -np.pi * p * (1.0 / 3.0 - s * (1.0 / 30.0 - s * (1.0 / 840.0 - s / 45360.0)))
    return np.where(near, series, (np.cos(p) - z) / np.where(near, 1.0, x))


elementwise(np.sinc, by_angle)
elementwise(np.hypot, lambda z, x, y: x / (z + (z == 0)), lambda z, x, y: y / (z + (z == 0)))

# ── sign, size, and parts of complex numbers ─────────────────────────────────────────────────────


def by_modulus(z, x):
    """∂|x|/∂x."""
    if np.iscomplexobj(x):
        return np.conj(x) / (z + (z == 0))
    if isinstance(x, (float, int)) and not isinstance(x, np.generic):
        return (x > 0) - (x < 0)  # a Python number stays one
    return np.sign(x)


elementwise((operator.abs, abs, np.absolute), by_modulus)
elementwise(np.fabs, by_modulus)
elementwise(np.copysign, lambda z, x, y: np.sign(x) * np.copysign(1.0, y), None)
elementwise(np.heaviside, None, lambda z, x, h: x == 0)
elementwise(np.nextafter, lambda z, x, y: 1.0, None)


@vjp_rule(np.real, view=True, linear=True)
def real(g, z, val):
    return g


@vjp_rule(np.imag, view=True, linear=True)
def imag(g, z, val):
    return -1.0j * g


@vjp_rule(np.real_if_close, view=True, linear=True)
def real_if_close(g, z, a, tol=100):
    return g


@vjp_rule(np.conjugate, np.ndarray.conjugate, np.ndarray.conj, linear=True)
def conjugate(g, z, x):
    return np.conjugate(g)


@vjp_rule(np.sign)
def sign(g, z, x):
    """Piecewise constant for a real x; x / |x| for a complex one."""
    if not np.iscomplexobj(x):
        return None
    size = np.abs(x)
    return 1.0j * np.imag(g * z) * np.conj(z) / (size + (size == 0))


@jvp_rule(np.sign)
def sign_jvp(t, z, x):
    if not np.iscomplexobj(x):
        return None
    size = np.abs(x)
    return 1.0j * z * np.imag(np.conj(z) * t[0]) / (size + (size == 0))


@vjp_rule(np.angle)
def angle(g, result, z, deg=False):
    if not np.iscomplexobj(z):
        return None
    return g * (-180.0j / math.pi if deg else -1.0j) / z


@jvp_rule(np.angle)
def angle_jvp(t, result, z, deg=False):
    if not np.iscomplexobj(z):
        return None
    return np.real(t[0] * (-180.0j / math.pi if deg else -1.0j) / z)


# ── selection ────────────────────────────────────────────────────────────────────────────────────
# Given as rules, not as partials, so that what is not selected is zero even where g is infinite.


def where_larger(g, x, y):
    """g where x > y, half of it in a tie."""
    return np.where(x > y, g, np.where(x == y, 0.5 * g, 0.0))


@vjp_rule(np.maximum)
def maximum(g, z, x, y):
    return where_larger(g, x, y), where_larger(g, y, x)


@vjp_rule(np.minimum)
def minimum(g, z, x, y):
    return where_larger(g, y, x), where_larger(g, x, y)


@jvp_rule(np.maximum)
def maximum_jvp(t, z, x, y):
    return tangent_sum(
        None if t[0] is None else where_larger(t[0], x, y), None if t[1] is None else where_larger(t[1], y, x)
    )


@jvp_rule(np.minimum)
def minimum_jvp(t, z, x, y):
    return tangent_sum(
        None if t[0] is None else where_larger(t[0], y, x), None if t[1] is None else where_larger(t[1], x, y)
    )


def tangent_sum(a, b):
    """The sum of two tangents, either of which may be absent."""
    return b if a is None else a if b is None else a + b


def where_chosen(g, z, x, y):
    """g where z is x and not y, half of it in a tie.  Unlike `where_larger` right where y is NaN."""
    return np.where(z == x, np.where(z == y, 0.5 * g, g), 0.0)


@vjp_rule(np.fmax, np.fmin)
def fmax(g, z, x, y):
    return where_chosen(g, z, x, y), where_chosen(g, z, y, x)


@jvp_rule(np.fmax, np.fmin)
def fmax_jvp(t, z, x, y):
    return tangent_sum(
        None if t[0] is None else where_chosen(t[0], z, x, y), None if t[1] is None else where_chosen(t[1], z, y, x)
    )


@vjp_rule(np.clip)
def clip(g, z, a, a_min=None, a_max=None, out=None, min=None, max=None):
    """What is at a bound counts as inside.  Where the bounds cross, z is the upper one (as NumPy)."""
    at_low, at_high = clipped(z, a, min if a_min is None else a_min, max if a_max is None else a_max)
    to_low, to_high = np.where(at_low, g, 0.0), np.where(at_high, g, 0.0)
    return np.where(a == z, g, 0.0), to_low, to_high, None, to_low, to_high


def clipped(z, x, low, high):
    """Where the result is the lower bound, and where the upper one."""
    if low is None or high is None:
        return x < z, x > z
    return (x < z) & (low <= high), (x > z) | ((x < z) & (low > high))


@vjp_rule(np.ndarray.clip)
def clip_method(g, z, x, min=None, max=None, out=None):
    return clip(g, z, x, min, max)[:3]


@jvp_rule(np.clip)
def clip_jvp(t, z, a, a_min=None, a_max=None, out=None, min=None, max=None):
    dots = (t[0], t[4] if a_min is None else t[1], t[5] if a_max is None else t[2])
    return clip_method_jvp(dots, z, a, min if a_min is None else a_min, max if a_max is None else a_max)


@jvp_rule(np.ndarray.clip)
def clip_method_jvp(t, z, x, min=None, max=None, out=None):
    at_low, at_high = clipped(z, x, min, max)
    total = None if t[0] is None else np.where(x == z, t[0], 0.0)
    total = tangent_sum(total, None if t[1] is None else np.where(at_low, t[1], 0.0))
    return tangent_sum(total, None if t[2] is None else np.where(at_high, t[2], 0.0))


@vjp_rule(np.nan_to_num)
def nan_to_num(g, z, x, copy=True, nan=0.0, posinf=None, neginf=None):
    return np.where(np.isfinite(x), g, 0.0)


@jvp_rule(np.nan_to_num)
def nan_to_num_jvp(t, z, x, copy=True, nan=0.0, posinf=None, neginf=None):
    return np.where(np.isfinite(x), t[0], 0.0)


@vjp_rule(np.unwrap)
def unwrap(g, z, p, discont=None, axis=-1, period=2.0 * np.pi):
    return g


@jvp_rule(np.unwrap)
def unwrap_jvp(t, z, p, discont=None, axis=-1, period=2.0 * np.pi):
    return t[0]


# ── two results ──────────────────────────────────────────────────────────────────────────────────
# The cotangent of a tuple is a tuple, with None for a result whose cotangent is absent.


@vjp_rule(np.divmod, divmod)
def divmod_(g, z, x, y):
    if g[1] is None:
        return None, None
    return g[1], -(g[1] * z[0])


@jvp_rule(np.divmod, divmod)
def divmod_jvp(t, z, x, y):
    return None, tangent_sum(t[0], None if t[1] is None else -(t[1] * z[0]))


@vjp_rule(np.modf, math.modf)
def modf(g, z, x):
    return g[0]


@jvp_rule(np.modf, math.modf)
def modf_jvp(t, z, x):
    return t[0], None


@vjp_rule(np.frexp)
def frexp(g, z, x):
    if g[0] is None:
        return None
    return np.ldexp(g[0], -z[1])


@jvp_rule(np.frexp)
def frexp_jvp(t, z, x):
    return np.ldexp(t[0], -z[1]), None


@vjp_rule(np.ldexp, linear=True)
def ldexp(g, z, x, i):
    return np.ldexp(g, i)
