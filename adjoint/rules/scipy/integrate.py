"""scipy.integrate: integrals of functions, of samples, and of differential equations.

`quad` by Leibniz's rule: the integrand at the ends for the limits, and for whatever the integrand depends on the
integral of its derivative, which `quad_vec` computes to a relative 1e-10.

`odeint` and `solve_ivp` by the adjoint equation (Pontryagin 1962; Cao, Li, Petzold & Serban, "Adjoint sensitivity
analysis for differential-algebraic equations", 2003): λ̇ = -(∂f/∂y)ᵀ λ runs backwards from the last time to the first,
takes up the cotangent of y at every time where y is asked for, and beside it ∫ λᵀ ∂f/∂θ adds up what flows to all else.
y is computed again on the way, from its value at each of these times.  That is the derivative of the exact solution,
not of the steps that the solver took: it is as accurate as the adjoint equation is solved (a relative 1e-9 here, whatever
the tolerance of the primal), and differs from the derivative of the numbers that the solver returned by as much
as these differ from the solution.  Ask the solver for a small `rtol`.  The times that `solve_ivp` chooses itself, where
it has no `t_eval`, are taken as they are, but for the last.

Integrals of samples (trapezoid, simpson, …) are linear in the samples.
"""


import numpy as np
from scipy import integrate

from adjoint.avals import Arr, Num, Parts, Seq, shape_of
from adjoint.errors import Unsupported
from adjoint.rules.functional import by_helper, nones, pull, push, value_of
from adjoint.rules.registry import Calls, constant, higher, jvp_rule, refuse, vjp_rule
from adjoint.rules.scipy import samples  # noqa: F401

FLOAT = Num("float")

# ── integrals of functions ───────────────────────────────────────────────────────────────────────

higher(
    integrate.quad,
    calls=Calls(
        ("func", "a", "b"), lambda avals: (FLOAT,), lambda avals: Parts(tuple, (FLOAT, FLOAT)),
        plain=("full_output", "weight", "complex_func"),
    ),
)  # fmt: skip


def flat(parts):
    """Numbers and arrays as one array."""
    return np.concatenate([np.ravel(part) for part in parts]) if parts else np.zeros(0)


def unflat(whole, like):
    """The parts of `flat` again."""
    parts, start = [], 0
    for part in like:
        n = np.size(part)
        piece = np.reshape(whole[start : start + n], np.shape(part))
        parts.append(float(piece) if np.ndim(part) == 0 else piece)
        start += n
    return tuple(parts)


def integral_of_pullback(func, pullback, a, b, g, args=()):
    """∫ of the cotangents of `args`, from a to b, times g: the integrand is `pullback(x, *args, 1.0)`."""
    like = pullback(float(0.5 * (a + b)) if np.isfinite(a + b) else 0.0, *args, 1.0)
    whole = integrate.quad_vec(lambda x: flat(pullback(float(x), *args, 1.0)), a, b, epsabs=1e-12, epsrel=1e-10)[0]
    return unflat(g * whole, like)


@vjp_rule(integrate.quad)
def quad(
    g, z, func, a, b, *args, full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, weight=None,
    wvar=None, wopts=None, maxp1=50, limlst=50, complex_func=False,
):  # fmt: skip
    """The estimate of the error has no derivative."""
    total = g[0]
    if total is None:
        return None
    bars = by_helper(integral_of_pullback, func, args, None, (), a, b, total)
    return None, -total * value_of(func, (a, *args)), total * value_of(func, (b, *args)), *bars


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


refuse(
    integrate.dblquad, integrate.tplquad, integrate.nquad,
    why="its integrand is a function of several variables: nest two calls of `quad`",
)  # fmt: skip

# ── differential equations ───────────────────────────────────────────────────────────────────────


def state(name):
    """The kind of y, from that of its start."""

    def kind(avals):
        start = avals[name]
        if isinstance(start, Seq | Parts):
            return Arr(np.dtype(float), (len(start.items) if isinstance(start, Parts) else None,))
        shape = shape_of(start)
        if shape is None or len(shape) > 1 or getattr(start, "kind", "") == "complex" or (
            isinstance(start, Arr) and start.dtype is not None and start.dtype.kind == "c"
        ):
            raise Unsupported(f"`{name}` is not one row of real numbers.", "Give an array of one dimension.")
        return Arr(np.dtype(float), shape or (1,))

    return kind


def backwards(f, pullback, times, y, g, order, args):
    """The adjoint equation, from the last of `times` to the first.

    `g` are the cotangents of y at each time; f and its pullback take (y, t) or (t, y), as `order` says.  Returns the
    cotangents of y at the first time, of the times, and of `args` as far as `pullback` gives them.
    """

    def at(t, x):
        return (x, t) if order == "yt" else (t, x)

    n = y.shape[1]
    like = pullback(*at(float(times[0]), y[0]), *args, np.zeros(n))[1:]
    total, adjoint, time_bars = np.zeros_like(flat(like)), np.zeros(n), np.zeros(len(times))

    def equation(t, s):
        x, a = s[:n], s[n : 2 * n]
        bars = pullback(*at(float(t), x), *args, a)
        return np.concatenate((np.ravel(f(*at(float(t), x), *args)), -np.ravel(bars[0]), -flat(bars[1:])))

    for k in range(len(times) - 1, 0, -1):
        time_bars[k] += g[k] @ np.ravel(f(*at(float(times[k]), y[k]), *args))
        adjoint = adjoint + g[k]
        if times[k] != times[k - 1]:
            start = np.concatenate((y[k], adjoint, total))
            done = integrate.solve_ivp(
                equation, (times[k], times[k - 1]), start, "LSODA", rtol=1e-10, atol=1e-12 * (1.0 + np.abs(start).max())
            )
            if not done.success:
                raise ArithmeticError(f"The adjoint equation could not be solved: {done.message}")
            adjoint, total = done.y[n : 2 * n, -1], done.y[2 * n :, -1]
    time_bars[0] = -adjoint @ np.ravel(f(*at(float(times[0]), y[0]), *args))
    return adjoint + g[0], time_bars, unflat(total, like)


def odeint_adjoint(func, pullback, y, t, g, tfirst, args=()):
    """The cotangents of the start, of the times, and of `args`."""
    y_bar, t_bar, bars = backwards(func, pullback, np.asarray(t, float), y, np.asarray(g), "ty" if tfirst else "yt", args)
    return y_bar, t_bar, *bars


def odeint_kinds(avals):
    return (state("y0")(avals), FLOAT)


def odeint_result(avals):
    steps = shape_of(avals["t"])
    return Arr(np.dtype(float), ((steps[0] if steps else None), state("y0")(avals).shape[0]))


higher(
    integrate.odeint,
    calls=Calls(
        ("func", "y0", "t"), odeint_kinds, odeint_result, returns="array", others=("Dfun",),
        plain=("full_output", "tfirst"),
    ),
)  # fmt: skip


@vjp_rule(integrate.odeint)
def odeint(
    g, z, func, y0, t, *args, Dfun=None, col_deriv=0, full_output=0, ml=None, mu=None, rtol=None, atol=None, tcrit=None,
    h0=0.0, hmax=0.0, hmin=0.0, ixpr=0, mxstep=0, mxhnil=0, mxordn=12, mxords=5, printmessg=0, tfirst=False,
):  # fmt: skip
    y_bar, t_bar, *bars = by_helper(odeint_adjoint, func, args, 0, (z[0], t), z, t, g, False)
    return None, y_bar, t_bar, *bars


def solve_ivp_adjoint(fun, pullback, t_span, y0, t, y, g, args=()):
    """The cotangents of the start, of the first time and the times, and of `args`; y and g have the times last."""
    times, states = np.append(t_span[0], t), np.concatenate((np.reshape(np.asarray(y0, float), (1, -1)), y.T))
    bars = np.concatenate((np.zeros((1, len(y))), np.asarray(g).T))
    y_bar, t_bar, rest = backwards(fun, pullback, times, states, bars, "ty", args)
    return y_bar, float(t_bar[0]), t_bar[1:], *rest


IVP_Y, IVP_T = (integrate.solve_ivp, "y"), (integrate.solve_ivp, "t")


def ivp_times(avals):
    steps = shape_of(avals["t_eval"]) if "t_eval" in avals else None
    return Arr(np.dtype(float), ((steps[0] if steps else None),))


def ivp_states(avals):
    return Arr(np.dtype(float), (state("y0")(avals).shape[0], ivp_times(avals).shape[0]))


higher(
    integrate.solve_ivp,
    calls=Calls(
        ("fun", "t_span", "y0", "method", "t_eval"), lambda avals: (FLOAT, state("y0")(avals)),
        integrate._ivp.ivp.OdeResult, {"t": ivp_times, "y": ivp_states}, returns="array", others=("jac",),
        plain=("dense_output", "events", "vectorized"),
    ),
)  # fmt: skip


@vjp_rule(IVP_Y)
def solve_ivp_y(g, z, result, fun, t_span, y0, method, t_eval, *args, dense_output=False, events=None, **options):
    y_bar, first_bar, times_bar, *bars = by_helper(
        solve_ivp_adjoint, fun, args, 1, (y0, t_span[0], result.t), t_span, y0, result.t, z, g
    )
    if t_eval is None:
        return None, None, (first_bar, times_bar[-1]), y_bar, None, None, *bars
    return None, None, (first_bar, None), y_bar, None, times_bar, *bars


@vjp_rule(IVP_T)
def solve_ivp_t(g, z, result, fun, t_span, y0, method, t_eval, *args, dense_output=False, events=None, **options):
    """The times asked for; of those that the solver chose the last."""
    if t_eval is None:
        return None, None, (None, g[-1]), None, None, None, *nones(len(args))
    return None, None, None, None, None, g, *nones(len(args))


refuse(
    integral_of_pullback, odeint_adjoint, solve_ivp_adjoint, integrate.quad_vec,
    why="derivatives of integrals and of differential equations are taken once, not of one another",
)  # fmt: skip
