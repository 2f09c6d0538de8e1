"""scipy.integrate: integrals of functions, of samples, and of differential equations.

`quad` by Leibniz's rule: the integrand at the ends for the limits, and for whatever the integrand depends on the
integral of its derivative, which is computed to a relative 1e-10.  An integral of several numbers at once (`integral`) is
differentiated in the same way, and so there are derivatives of any order.  `dblquad`, `tplquad` and `nquad` are integrals
of integrals (multiple.py).  Differential equations are in odes.py, integrals of samples in samples.py.
"""

import numpy as np
from scipy import integrate

from adjoint.avals import Arr, Parts
from adjoint.rules.functional import (
    NUMBER, applied, completed, define, flat, nones, parted, present, pull, pull_rest, push, scaled, value_of,
)  # fmt: skip
from adjoint.rules.registry import Calls, applied_by_rules, constant, higher, jvp_rule, refuse, vjp_rule
from adjoint.rules.scipy import multiple, odes, samples  # noqa: F401
from adjoint.rules.scipy.starts import FLOAT
from adjoint.rules.ufuncs import tangent_sum

# ── one variable ─────────────────────────────────────────────────────────────────────────────────

higher(
    integrate.quad,
    calls=Calls(
        ("func", "a", "b"), lambda avals: (FLOAT,), lambda avals: Parts(tuple, (FLOAT, FLOAT)),
        plain=("full_output", "weight", "complex_func"),
    ),
)  # fmt: skip


def integral(func, a, b, args=()):
    """∫ func(x, *args) dx from a to b, of a row of numbers."""
    return integrate.quad_vec(lambda x: func(float(x), *args), a, b, epsabs=1e-12, epsrel=1e-10)[0]


applied_by_rules(integral, (), lambda row: row)


def pulled_integral(func, a, b, args, g):
    """The cotangents of `args`: ∫ of those that the integrand has."""

    def integrand(x, g, *args):
        return flat(pull_rest(func, (x, *args), g))

    f = define(integrand, (NUMBER, g, *args))
    return nones(len(args)) if f is None else parted(applied(integral, f, (a, b), (g, *args)), args)


def pushed_integral(func, a, b, args, dots):
    """The tangent by `args`: ∫ of that which the integrand has; None if it has none."""
    flags, known = tuple([d is not None for d in dots]), len(args)

    def integrand(x, *rest):
        change = push(func, (x, *rest[:known]), (None, *completed(flags, rest[known:])))
        return None if change is None else np.ravel(change)

    f = define(integrand, (NUMBER, *args, *present(dots)))
    return None if f is None else applied(integral, f, (a, b), (*args, *present(dots)))


@vjp_rule(integral)
def integral_vjp(g, z, func, a, b, *args):
    low, high = value_of(func, (a, *args)), value_of(func, (b, *args))
    return None, -np.sum(g * low), np.sum(g * high), *pulled_integral(func, a, b, args, g)


@jvp_rule(integral)
def integral_jvp(t, z, func, a, b, *args):
    total = pushed_integral(func, a, b, args, t[3:])
    if t[1] is not None:
        total = tangent_sum(total, -t[1] * value_of(func, (a, *args)))
    return total if t[2] is None else tangent_sum(total, t[2] * value_of(func, (b, *args)))


@vjp_rule(integrate.quad)
def quad(
    g, z, func, a, b, *args, full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, weight=None,
    wvar=None, wopts=None, maxp1=50, limlst=50, complex_func=False,
):  # fmt: skip
    """The estimate of the error has no derivative."""
    total = g[0]
    if total is None:
        return None
    bars = scaled(pulled_integral(func, a, b, args, 1.0), total)
    return None, -total * value_of(func, (a, *args)), total * value_of(func, (b, *args)), *bars


@jvp_rule(integrate.quad)
def quad_jvp(
    t, z, func, a, b, *args, full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, weight=None,
    wvar=None, wopts=None, maxp1=50, limlst=50, complex_func=False,
):  # fmt: skip
    change = pushed_integral(func, a, b, args, t[3:])
    total = None if change is None else change[0]
    if t[1] is not None:
        total = tangent_sum(total, -t[1] * value_of(func, (a, *args)))
    if t[2] is not None:
        total = tangent_sum(total, t[2] * value_of(func, (b, *args)))
    return total, None


higher(
    integrate.fixed_quad,
    calls=Calls(
        ("func", "a", "b"), lambda avals: (Arr(np.dtype(float), (None,)),),
        lambda avals: Parts(tuple, (Arr(np.dtype(float), (), True), Arr(None, None))), returns="array",
    ),
)  # fmt: skip


def gauss(n):
    """Nodes as parts of the way from a to b, and weights."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return 0.5 * (nodes + 1.0), 0.5 * weights


constant(gauss, why="does not read its argument's values")


@vjp_rule(integrate.fixed_quad)
def fixed_quad(g, z, func, a, b, *args, n=5):
    part, weight = gauss(n)
    x_bar, *bars = pull(func, (a + (b - a) * part, *args), g[0] * (b - a) * weight)
    mean = g[0] * z[0] / (b - a)
    return None, np.sum(x_bar * (1.0 - part)) - mean, np.sum(x_bar * part) + mean, *bars


@jvp_rule(integrate.fixed_quad)
def fixed_quad_jvp(t, z, func, a, b, *args, n=5):
    part, weight = gauss(n)
    a_dot, b_dot = 0.0 if t[1] is None else t[1], 0.0 if t[2] is None else t[2]
    moved = None if t[1] is None and t[2] is None else a_dot + (b_dot - a_dot) * part
    change = push(func, (a + (b - a) * part, *args), (moved, *t[3:]))
    stretched = z[0] / (b - a) * (b_dot - a_dot)
    return (stretched if change is None else np.sum((b - a) * weight * change) + stretched), None


refuse(integrate.quad_vec, why="its integrand gives an array: integrate each entry with quad")
