"""Functions of complex numbers: Python's `cmath`, the method `conjugate`, and `np.emath`.

Those that are holomorphic have the partials of their real namesakes.  The others (phase, polar, rect) follow
the convention of ufuncs.py.
"""

import cmath
import math

import numpy as np

from adjoint.rules.registry import DTYPE_BY_VALUE, constant, elementwise, jvp_rule, vjp_rule

elementwise(cmath.exp, lambda z, x: z)
elementwise(cmath.sqrt, lambda z, x: 0.5 / z)
elementwise(cmath.log10, lambda z, x: 1.0 / (x * cmath.log(10.0)))
elementwise(cmath.sin, lambda z, x: cmath.cos(x))
elementwise(cmath.cos, lambda z, x: -cmath.sin(x))
elementwise(cmath.tan, lambda z, x: 1.0 + z * z)
elementwise(cmath.asin, lambda z, x: 1.0 / cmath.sqrt(1.0 - x * x))
elementwise(cmath.acos, lambda z, x: -(1.0 / cmath.sqrt(1.0 - x * x)))
elementwise(cmath.atan, lambda z, x: 1.0 / (1.0 + x * x))
elementwise(cmath.sinh, lambda z, x: cmath.cosh(x))
elementwise(cmath.cosh, lambda z, x: cmath.sinh(x))
elementwise(cmath.tanh, lambda z, x: 1.0 - z * z)
elementwise(cmath.asinh, lambda z, x: 1.0 / cmath.sqrt(x * x + 1.0))
elementwise(cmath.acosh, lambda z, x: 1.0 / (cmath.sqrt(x - 1.0) * cmath.sqrt(x + 1.0)))
elementwise(cmath.atanh, lambda z, x: 1.0 / (1.0 - x * x))

# `np.emath`: complex where the argument asks for it.
elementwise(np.emath.sqrt, lambda z, x: 0.5 / z)
elementwise(np.emath.log, lambda z, x: 1.0 / x)
elementwise(np.emath.log2, lambda z, x: 1.0 / (x * math.log(2.0)))
elementwise(np.emath.log10, lambda z, x: 1.0 / (x * math.log(10.0)))
elementwise(np.emath.power, lambda z, x, p: p * np.emath.power(x, p - 1), lambda z, x, p: z * np.emath.log(x))
DTYPE_BY_VALUE.update((np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.power))

elementwise(float.conjugate, lambda z, x: 1.0, cheap=True)

constant(cmath.isnan, cmath.isinf, cmath.isfinite, cmath.isclose, float.is_integer, why="true or false")
constant(int.bit_length, int.bit_count, int.conjugate, why="integers or text")


@vjp_rule(cmath.log)
def log(g, z, x, base=None):
    if base is None:
        return g / x
    return g / (x * cmath.log(base)), -(g * z / (base * cmath.log(base)))


@jvp_rule(cmath.log)
def log_jvp(t, z, x, base=None):
    if base is None:
        return t[0] / x
    z_dot = 0.0 if t[0] is None else t[0] / (x * cmath.log(base))
    return z_dot if t[1] is None else z_dot - t[1] * z / (base * cmath.log(base))


@vjp_rule(complex.conjugate, linear=True)
def conjugate(g, z, x):
    return complex(g).conjugate()


@vjp_rule(cmath.phase)
def phase(g, z, x):
    return -1.0j * g / x


@jvp_rule(cmath.phase)
def phase_jvp(t, z, x):
    return (-1.0j * t[0] / x).real


@vjp_rule(cmath.polar)
def polar(g, z, x):
    """∂r = Re(x̄ ẋ) / r, ∂φ = Im(ẋ / x)."""
    by_size = 0.0 if g[0] is None else g[0] * complex(x).conjugate() / z[0]
    return by_size if g[1] is None else by_size - 1.0j * g[1] / x


@jvp_rule(cmath.polar)
def polar_jvp(t, z, x):
    return (complex(x).conjugate() * t[0]).real / z[0], (-1.0j * t[0] / x).real


@vjp_rule(cmath.rect)
def rect(g, z, r, phi):
    return (g * cmath.rect(1.0, phi)).real, (1.0j * g * z).real


@jvp_rule(cmath.rect)
def rect_jvp(t, z, r, phi):
    z_dot = 0j if t[0] is None else t[0] * cmath.rect(1.0, phi)
    return z_dot if t[1] is None else z_dot + 1.0j * z * t[1]
