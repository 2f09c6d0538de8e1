"""scipy.integrate: differential equations, `odeint` and `solve_ivp`.

Forwards, y and its tangent are solved for together: d/dt ẏ = ∂f/∂y ẏ + ∂f/∂θ θ̇ (the sensitivity equations; Hairer, Nørsett &
Wanner, "Solving ordinary differential equations I", I.14).  Backwards, the adjoint equation (Pontryagin 1962; Cao, Li,
Petzold & Serban, "Adjoint sensitivity analysis for differential-algebraic equations", 2003): λ̇ = -(∂f/∂y)ᵀ λ runs from
the last time to the first, takes up the cotangent of y at every time where y is asked for, and beside it ∫ λᵀ ∂f/∂θ adds up
what flows to all else.  y is computed again on the way, from its value at each of these times.  Both are equations
again (`states`), which are differentiated in the same way: there are derivatives of any order.

That is the derivative of the exact solution, not of the steps that the solver took: it is as accurate as these
equations are solved (a relative 1e-9 here, whatever the tolerance of the primal), and differs from the derivative of
the numbers that the solver returned by as much as these differ from the solution.  Ask the solver for a small `rtol`.
The times that `solve_ivp` chooses itself, where it has no `t_eval`, are taken as they are, but for the last.
"""

import numpy as np
from scipy import integrate

from adjoint.avals import Arr, shape_of
from adjoint.rules.functional import (
    NUMBER, applied, asked, completed, count, define, flat, nones, part, parted, present, pull_rest, push, value_of,
)  # fmt: skip
from adjoint.rules.registry import Calls, applied_by_rules, higher, jvp_rule, vjp_rule, with_full_output
from adjoint.rules.scipy.starts import FLOAT, vector

ROWS = np.dtype(float)

# ── the equation that all are brought to ─────────────────────────────────────────────────────────


def states(fun, y0, times, args=()):
    """y at each of `times`, which go up or down, where dy/dt = fun(t, y, *args), and y is y0 at the first of them."""
    steps, places = np.unique(times, return_inverse=True)
    if len(steps) == 1:
        return np.tile(y0, (len(times), 1))
    steps, places = (steps, places) if times[0] < times[-1] else (steps[::-1], len(steps) - 1 - places)
    done = integrate.solve_ivp(
        lambda t, y: fun(float(t), y, *args), (steps[0], steps[-1]), y0, "LSODA", steps, rtol=1e-10,
        atol=1e-12 * (1.0 + np.abs(y0).max()),
    )  # fmt: skip
    if not done.success:
        raise ArithmeticError(f"A differential equation of a derivative could not be solved: {done.message}")
    return done.y.T[places]


def kind_of_states(rates, y0, times):
    return Arr(ROWS, (*(shape_of(times) or (None,)), *(shape_of(y0) or (None,))))


applied_by_rules(states, ("y0", "times"), kind_of_states)


def rates_at(func, times, y, args):
    """dy/dt at each of the times."""
    return np.array([value_of(func, (times[k], y[k], *args)) for k in range(len(times))])


def backwards(func, times, y, g, args, timed):
    """The adjoint equation, from the last of `times` to the first; `g` are the cotangents of y at each time.

    Returns the cotangents of y at the first time, of the times (if they are `timed`), and of `args`.
    """
    n = np.shape(y)[1]

    def equation(t, s, *args):
        n = (np.size(s) - count(args)) // 2
        x, a = s[:n], s[n : 2 * n]
        return np.concatenate((value_of(func, (t, x, *args)), -flat(pull_rest(func, (t, x, *args), a))))

    adjoint, before, total = g[-1], np.zeros_like(g[-1]), np.zeros(count(args))
    f = define(equation, (NUMBER, np.concatenate((y[-1], adjoint, total)), *args))
    for k in range(len(times) - 1, 0, -1):
        start = np.concatenate((y[k], adjoint, total))
        end = applied(states, f, (start, times[k - 1 : k + 1][::-1]), args)[1]
        before, total = end[n : 2 * n], end[2 * n :]
        adjoint = before + g[k - 1]
    bars = parted(total, args)
    if not timed:
        return adjoint, None, *bars
    rates = rates_at(func, times, y, args)
    first = np.reshape(-np.sum(before * rates[0]), (1,))
    return adjoint, np.concatenate((first, np.sum(g[1:] * rates[1:], axis=1))), *bars


def sensitivity(func, times, y, start_dot, args, dots):
    """The tangent of y at each of the times, from that of its start and those of `args`."""
    flags, known = tuple([d is not None for d in dots]), len(args)

    def equation(t, s, *rest):
        n = np.size(s) // 2
        x, args = s[:n], rest[:known]
        change = push(func, (t, x, *args), (None, s[n:], *completed(flags, rest[known:])))
        rate = value_of(func, (t, x, *args))
        return np.concatenate((rate, np.zeros_like(rate) if change is None else change))

    start, given = np.concatenate((y[0], start_dot)), present(dots)
    f = define(equation, (NUMBER, start, *args, *given))
    return applied(states, f, (start, times), (*args, *given))[:, np.size(y[0]) :]


def forwards(func, times, y, y0_dot, times_dot, args, dots):
    """The same, and by the times: where it starts later it has run for a shorter time."""
    start_dot = np.zeros_like(y[0]) if y0_dot is None else y0_dot
    if times_dot is None:
        return sensitivity(func, times, y, start_dot, args, dots)
    rates = rates_at(func, times, y, args)
    moved = sensitivity(func, times, y, start_dot - rates[0] * times_dot[0], args, dots)
    return moved + rates * np.expand_dims(times_dot, 1)


@vjp_rule(states)
def states_vjp(g, z, fun, y0, times, *args):
    y_bar, t_bar, *bars = backwards(fun, times, z, g, args, asked(times))
    return None, y_bar, t_bar, *bars


@jvp_rule(states)
def states_jvp(t, z, fun, y0, times, *args):
    return forwards(fun, times, z, t[1], t[2], args, t[3:])


# ── odeint ───────────────────────────────────────────────────────────────────────────────────────


def odeint_kinds(avals):
    return (vector("y0")(avals), FLOAT)


def odeint_result(avals):
    steps = shape_of(avals["t"])
    return Arr(np.dtype(float), ((steps[0] if steps else None), vector("y0")(avals).shape[0]))


higher(
    integrate.odeint,
    calls=Calls(
        ("func", "y0", "t"), odeint_kinds, odeint_result, returns="array", others=("Dfun",),
        plain=("tfirst",), full=lambda avals: 2,
    ),
)  # fmt: skip


def time_first(func, y, args):
    """`func(y, t, *args)` with its first two arguments exchanged."""

    def rate(t, y, *args):
        return value_of(func, (y, t, *args))

    return define(rate, (NUMBER, y, *args))


@vjp_rule(integrate.odeint)
def odeint(
    g, z, func, y0, t, *args, Dfun=None, col_deriv=0, full_output=0, ml=None, mu=None, rtol=None, atol=None, tcrit=None,
    h0=0.0, hmax=0.0, hmin=0.0, ixpr=0, mxstep=0, mxhnil=0, mxordn=12, mxords=5, printmessg=0, tfirst=False,
):  # fmt: skip
    y_bar, t_bar, *bars = backwards(time_first(func, z[0], args), np.asarray(t), z, g, args, asked(t))
    return None, y_bar, t_bar, *bars


@jvp_rule(integrate.odeint)
def odeint_jvp(
    dots, z, func, y0, t, *args, Dfun=None, col_deriv=0, full_output=0, ml=None, mu=None, rtol=None, atol=None, tcrit=None,
    h0=0.0, hmax=0.0, hmin=0.0, ixpr=0, mxstep=0, mxhnil=0, mxordn=12, mxords=5, printmessg=0, tfirst=False,
):  # fmt: skip
    t_dot = None if dots[2] is None else np.asarray(dots[2])
    return forwards(time_first(func, z[0], args), np.asarray(t), z, row_of(dots[1]), t_dot, args, dots[3 : 3 + len(args)])


with_full_output(integrate.odeint, most=2)


def row_of(y0):
    """The start, which may be one number."""
    return None if y0 is None else np.reshape(y0, (-1,))


# ── solve_ivp ────────────────────────────────────────────────────────────────────────────────────

IVP_Y, IVP_T = (integrate.solve_ivp, "y"), (integrate.solve_ivp, "t")


def ivp_times(avals):
    steps = shape_of(avals["t_eval"]) if "t_eval" in avals else None
    return Arr(np.dtype(float), ((steps[0] if steps else None),))


def ivp_states(avals):
    return Arr(np.dtype(float), (vector("y0")(avals).shape[0], ivp_times(avals).shape[0]))


higher(
    integrate.solve_ivp,
    calls=Calls(
        ("fun", "t_span", "y0", "method", "t_eval"), lambda avals: (FLOAT, vector("y0")(avals)),
        integrate._ivp.ivp.OdeResult, {"t": ivp_times, "y": ivp_states}, returns="array", others=("jac",),
        plain=("dense_output", "events", "vectorized"),
    ),
)  # fmt: skip


def with_start(first, others):
    return np.concatenate((np.reshape(first, (1, *np.shape(others)[1:])), others))


@vjp_rule(IVP_Y)
def solve_ivp_y(g, z, result, fun, t_span, y0, method, t_eval, *args, dense_output=False, events=None, **options):
    t = part(integrate.solve_ivp, "t", result, (fun, t_span, y0, method, t_eval, *args))
    times, y, bars_of_y = with_start(t_span[0], t), with_start(np.asarray(y0), z.T), with_start(np.zeros(np.shape(z)[0]), g.T)
    timed = asked(t_span) or asked(t_eval)
    y_bar, t_bar, *bars = backwards(fun, times, y, bars_of_y, args, timed)
    if not timed:
        return None, None, None, y_bar, None, None, *bars
    if t_eval is None:
        return None, None, (t_bar[0], t_bar[-1]), y_bar, None, None, *bars
    return None, None, (t_bar[0], None), y_bar, None, t_bar[1:], *bars


@jvp_rule(IVP_Y)
def solve_ivp_y_jvp(dots, z, result, fun, t_span, y0, method, t_eval, *args, dense_output=False, events=None, **options):
    t = part(integrate.solve_ivp, "t", result, (fun, t_span, y0, method, t_eval, *args))
    times, y = with_start(t_span[0], t), with_start(np.asarray(y0), z.T)
    times_dot = None
    if dots[2] is not None or dots[5] is not None:
        first = 0.0 if dots[2] is None else dots[2][0]
        times_dot = with_start(first, times_moved(t, dots[2], t_eval, dots[5]))
    return forwards(fun, times, y, row_of(dots[3]), times_dot, args, dots[6 : 6 + len(args)]).T[:, 1:]


def times_moved(t, span_dot, t_eval, eval_dot):
    """The times asked for; of those that the solver chose the last."""
    if t_eval is not None:
        return np.zeros_like(t) if eval_dot is None else np.asarray(eval_dot)
    return np.concatenate((np.zeros_like(t)[1:], np.reshape(span_dot[1], (1,))))


@vjp_rule(IVP_T)
def solve_ivp_t(g, z, result, fun, t_span, y0, method, t_eval, *args, dense_output=False, events=None, **options):
    if t_eval is None:
        return None, None, (None, g[-1]), None, None, None, *nones(len(args))
    return None, None, None, None, None, g, *nones(len(args))


@jvp_rule(IVP_T)
def solve_ivp_t_jvp(dots, z, result, fun, t_span, y0, method, t_eval, *args, dense_output=False, events=None, **options):
    return times_moved(z, dots[2], t_eval, dots[5]) if dots[2] is not None or dots[5] is not None else None
