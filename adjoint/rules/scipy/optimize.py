"""scipy.optimize: solutions of equations, and minima, by the implicit function theorem.

Where f(z, θ) = 0, the solution moves as ż = -(∂f/∂z)⁻¹ ∂f/∂θ θ̇: one system with the Jacobian at the solution, however
the solution was found.  A minimum z of f is a solution of ∇f(z, θ) = 0, and its value moves as f itself does at a
fixed z.  The derivative is that of the exact solution: the solver's tolerance is an error in z, and one of the same
order in the derivative.  Where the Jacobian is singular (a double root, a flat minimum) there is none: inf, or
`LinAlgError`.

Where the search starts, brackets and tolerances do not move the solution, and have no cotangent.  Variables that are held
at one of their `bounds` stay there: they have no derivative, and the others move without them.
"""

import numpy as np
from scipy import optimize

from adjoint.avals import Arr
from adjoint.rules.functional import (
    cost_of, gradient_of, part, pull, pull_first, pull_rest, push, scaled, unsupported, value_of,
)  # fmt: skip
from adjoint.rules.registry import Calls, constant, higher, jvp_rule, known, refuse, vjp_rule, with_full_output
from adjoint.rules.scipy.starts import FLOAT, number, real, vector

FLOAT64 = Arr(np.dtype(float), (), True)


def jacobian(f, z, args):
    """∂fᵢ/∂zⱼ, one pullback for each i."""
    return np.array([pull_first(f, (z, *args), row) for row in np.eye(len(z))])


# ── one equation ─────────────────────────────────────────────────────────────────────────────────

BRACKETED = (optimize.brentq, optimize.brenth, optimize.bisect, optimize.ridder)
higher(*BRACKETED, calls=Calls(("f", "a", "b"), number, lambda avals: FLOAT, full=lambda avals: 2))


@vjp_rule(*BRACKETED)
def brentq(g, z, f, a, b, *args, xtol=2e-12, rtol=1e-15, maxiter=100, full_output=False, disp=True):
    slope, *bars = pull(f, (z, *args), 1.0)
    return None, None, None, *scaled(tuple(bars), -g / slope)


@jvp_rule(*BRACKETED)
def brentq_jvp(t, z, f, a, b, *args, xtol=2e-12, rtol=1e-15, maxiter=100, full_output=False, disp=True):
    change = push(f, (z, *args), (None, *t[3:]))
    return None if change is None else -(change / pull_first(f, (z, *args), 1.0))


higher(optimize.toms748, calls=Calls(("f", "a", "b"), number, lambda avals: FLOAT, full=lambda avals: 2))


@vjp_rule(optimize.toms748)
def toms748(g, z, f, a, b, *args, k=1, xtol=2e-12, rtol=1e-15, maxiter=100, full_output=False, disp=True):
    return brentq(g, z, f, a, b, *args)


@jvp_rule(optimize.toms748)
def toms748_jvp(t, z, f, a, b, *args, k=1, xtol=2e-12, rtol=1e-15, maxiter=100, full_output=False, disp=True):
    return brentq_jvp(t, z, f, a, b, *args)


def real_number(avals):
    real("x0", avals)
    return (FLOAT,)


def like_start(avals):
    start = real("x0", avals)
    return start if isinstance(start, Arr) else FLOAT64


higher(
    optimize.newton,
    calls=Calls(
        ("func", "x0"), lambda avals: (like_start(avals),), like_start, others=("fprime", "fprime2"),
        starts=("x1",), full=lambda avals: 3 if isinstance(like_start(avals), Arr) and not like_start(avals).boxed else 2,
    ),
)  # fmt: skip


@vjp_rule(optimize.newton)
def newton(
    g, z, func, x0, *args, fprime=None, tol=1.48e-8, maxiter=50, fprime2=None, x1=None, rtol=0.0, full_output=False,
    disp=True,
):  # fmt: skip
    """An array of starts is an array of equations, each of its own."""
    slope = pull_first(func, (z, *args), np.ones_like(z) if np.ndim(z) > 0 else 1.0)
    return None, None, *pull_rest(func, (z, *args), -(g / slope))


@jvp_rule(optimize.newton)
def newton_jvp(
    t, z, func, x0, *args, fprime=None, tol=1.48e-8, maxiter=50, fprime2=None, x1=None, rtol=0.0, full_output=False,
    disp=True,
):  # fmt: skip
    change = push(func, (z, *args), (None, *t[2:]))
    slope = pull_first(func, (z, *args), np.ones_like(z) if np.ndim(z) > 0 else 1.0)
    return None if change is None else -(change / slope)


ROOT_SCALAR = (optimize.root_scalar, "root")
higher(
    optimize.root_scalar,
    calls=Calls(
        ("f",), real_number, optimize.RootResults, {"root": lambda avals: FLOAT64}, others=("fprime", "fprime2"),
        plain=("fprime", "fprime2"), starts=("bracket", "x0", "x1"),
    ),
)  # fmt: skip


@vjp_rule(ROOT_SCALAR)
def root_scalar(
    g, z, result, f, *args, method=None, bracket=None, fprime=None, fprime2=None, x0=None, x1=None, xtol=None,
    rtol=None, maxiter=None, options=None,
):  # fmt: skip
    slope, *bars = pull(f, (z, *args), 1.0)
    return None, None, *scaled(tuple(bars), -g / slope)


@jvp_rule(ROOT_SCALAR)
def root_scalar_jvp(
    t, z, result, f, *args, method=None, bracket=None, fprime=None, fprime2=None, x0=None, x1=None, xtol=None,
    rtol=None, maxiter=None, options=None,
):  # fmt: skip
    change = push(f, (z, *args), (None, *t[2:]))
    return None if change is None else -(change / pull_first(f, (z, *args), 1.0))


# ── systems ──────────────────────────────────────────────────────────────────────────────────────

higher(
    optimize.fsolve,
    calls=Calls(
        ("func", "x0"), lambda avals: (vector("x0")(avals),), vector("x0"), returns="array", others=("fprime",),
        full=lambda avals: 4,
    ),
)  # fmt: skip


@vjp_rule(optimize.fsolve)
def fsolve(
    g, z, func, x0, *args, fprime=None, full_output=0, col_deriv=0, xtol=1.5e-8, maxfev=0, band=None, epsfcn=None,
    factor=100, diag=None,
):  # fmt: skip
    return None, None, *pull_rest(func, (z, *args), -np.linalg.solve(jacobian(func, z, args).T, g))


@jvp_rule(optimize.fsolve)
def fsolve_jvp(
    t, z, func, x0, *args, fprime=None, full_output=0, col_deriv=0, xtol=1.5e-8, maxfev=0, band=None, epsfcn=None,
    factor=100, diag=None,
):  # fmt: skip
    change = push(func, (z, *args), (None, *t[2:]))
    return None if change is None else -np.linalg.solve(jacobian(func, z, args), change)


with_full_output(*BRACKETED, optimize.toms748, most=2)
with_full_output(optimize.newton, most=3)
with_full_output(optimize.fsolve, most=4)

ROOT = (optimize.root, "x")
higher(
    optimize.root,
    calls=Calls(
        ("fun", "x0"), lambda avals: (vector("x0")(avals),), optimize.OptimizeResult, {"x": vector("x0")},
        returns="array", others=("jac",), plain=("jac",),
    ),
)  # fmt: skip


def square(fun, z, args, method):
    if method == "lm":
        unsupported(
            np.size(value_of(fun, (z, *args))) != np.size(z), "scipy.optimize.root with more equations than unknowns",
            "Use scipy.optimize.least_squares.",
        )  # fmt: skip


@vjp_rule(ROOT)
def root(g, z, result, fun, x0, *args, method="hybr", jac=None, tol=None, callback=None, options=None):
    square(fun, z, args, method)
    return None, None, None, *pull_rest(fun, (z, *args), -np.linalg.solve(jacobian(fun, z, args).T, g))


@jvp_rule(ROOT)
def root_jvp(t, z, result, fun, x0, *args, method="hybr", jac=None, tol=None, callback=None, options=None):
    square(fun, z, args, method)
    change = push(fun, (z, *args), (None, *t[3:]))
    return None if change is None else -np.linalg.solve(jacobian(fun, z, args), change)


higher(optimize.fixed_point, calls=Calls(("func", "x0"), lambda avals: (like_start(avals),), like_start))


@vjp_rule(optimize.fixed_point)
def fixed_point(g, z, func, x0, *args, xtol=1e-8, maxiter=500, method="del2"):
    """z = f(z, θ)"""
    if np.ndim(z) == 0:
        right = g / (1.0 - pull_first(func, (z, *args), 1.0))
    else:
        right = np.linalg.solve((np.eye(len(z)) - jacobian(func, z, args)).T, g)
    return None, None, *pull_rest(func, (z, *args), right)


@jvp_rule(optimize.fixed_point)
def fixed_point_jvp(t, z, func, x0, *args, xtol=1e-8, maxiter=500, method="del2"):
    change = push(func, (z, *args), (None, *t[2:]))
    if change is None:
        return None
    if np.ndim(z) == 0:
        return change / (1.0 - pull_first(func, (z, *args), 1.0))
    return np.linalg.solve(np.eye(len(z)) - jacobian(func, z, args), change)


# ── minima ───────────────────────────────────────────────────────────────────────────────────────


def limits(bounds):
    """The lower and the upper bounds: arrays, or numbers for all variables."""
    return (bounds.lb, bounds.ub) if isinstance(bounds, optimize.Bounds) else bounds


def limits_by_variable(bounds):
    """The same where there may be a pair for each variable, None for no bound."""
    if isinstance(bounds, optimize.Bounds):
        return bounds.lb, bounds.ub
    return [-np.inf if lo is None else lo for lo, _ in bounds], [np.inf if hi is None else hi for _, hi in bounds]


def free_entries(z, ends, slope, curvature):
    """Which variables are not held at a bound.

    Solvers that work from the inside (`trust-constr`, `trf`, `bounded`) stop short of a bound.  There the variable is pushed
    towards it, and farther than it is away by a Newton step of its own.
    """
    low, high = (np.asarray(end, dtype=float) for end in ends)
    slack, bend = 1e-8 * (1.0 + np.abs(z)), np.maximum(curvature, np.finfo(float).tiny)
    at_low = (z - low <= slack) | (bend * (z - low) < slope)
    at_high = (high - z <= slack) | (bend * (high - z) < -slope)
    return ~(at_low | at_high)


def ends_of(bounds):
    """None where there are no bounds."""
    return None if known(bounds) and bounds == (-np.inf, np.inf) else limits(bounds)


constant(limits, limits_by_variable, free_entries, why="which variables are at a bound is piecewise constant")


def newton_direction(slope, z, args, g, ends):
    """The Hessian's inverse times g, for the variables that are free; nothing for the others."""
    hessian = jacobian(slope, z, args)
    if ends is None:
        return np.linalg.solve(hessian, g)
    free = free_entries(z, ends, value_of(slope, (z, *args)), np.diagonal(hessian))
    both = np.expand_dims(free, 0) * np.expand_dims(free, 1)
    return np.linalg.solve(np.where(both, hessian, np.eye(len(g))), np.where(free, g, 0.0))


MINIMIZE_X, MINIMIZE_FUN = (optimize.minimize, "x"), (optimize.minimize, "fun")
higher(
    optimize.minimize,
    calls=Calls(
        ("fun", "x0"), lambda avals: (vector("x0")(avals),), optimize.OptimizeResult,
        {"x": vector("x0"), "fun": lambda avals: FLOAT64}, others=("jac", "hess"), plain=("jac", "constraints"),
    ),
)  # fmt: skip


@vjp_rule(MINIMIZE_X)
def minimize_x(
    g, z, result, fun, x0, *args, method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
    callback=None, options=None,
):  # fmt: skip
    slope, ends = gradient_of(fun), None if bounds is None else limits_by_variable(bounds)
    return None, None, None, *pull_rest(slope, (z, *args), -newton_direction(slope, z, args, g, ends))


@jvp_rule(MINIMIZE_X)
def minimize_x_jvp(
    t, z, result, fun, x0, *args, method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
    callback=None, options=None,
):  # fmt: skip
    slope, ends = gradient_of(fun), None if bounds is None else limits_by_variable(bounds)
    change = push(slope, (z, *args), (None, *t[3:]))
    return None if change is None else -newton_direction(slope, z, args, change, ends)


@vjp_rule(MINIMIZE_FUN)
def minimize_fun(
    g, z, result, fun, x0, *args, method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
    callback=None, options=None,
):  # fmt: skip
    x = part(optimize.minimize, "x", result, (fun, x0, *args), bounds=bounds)
    return None, None, None, *pull_rest(fun, (x, *args), g)


@jvp_rule(MINIMIZE_FUN)
def minimize_fun_jvp(
    t, z, result, fun, x0, *args, method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
    callback=None, options=None,
):  # fmt: skip
    x = part(optimize.minimize, "x", result, (fun, x0, *args), bounds=bounds)
    return push(fun, (x, *args), (None, *t[3:]))


SCALAR_X, SCALAR_FUN = (optimize.minimize_scalar, "x"), (optimize.minimize_scalar, "fun")
higher(
    optimize.minimize_scalar,
    calls=Calls(
        ("fun",), number, optimize.OptimizeResult, {"x": lambda avals: FLOAT64, "fun": lambda avals: FLOAT64},
        starts=("bracket",),
    ),
)  # fmt: skip


def inside(slope, z, args, curvature, bounds):
    """1 of a minimum between its bounds, 0 of one at a bound."""
    return 1.0 if bounds is None else 1.0 * free_entries(z, bounds, value_of(slope, (z, *args)), curvature)


@vjp_rule(SCALAR_X)
def minimize_scalar_x(g, z, result, fun, *args, bracket=None, bounds=None, method=None, tol=None, options=None):
    slope = gradient_of(fun)
    curvature, *bars = pull(slope, (z, *args), 1.0)
    return None, None, *scaled(tuple(bars), inside(slope, z, args, curvature, bounds) * -g / curvature)


@jvp_rule(SCALAR_X)
def minimize_scalar_x_jvp(t, z, result, fun, *args, bracket=None, bounds=None, method=None, tol=None, options=None):
    slope = gradient_of(fun)
    change = push(slope, (z, *args), (None, *t[2:]))
    curvature = pull_first(slope, (z, *args), 1.0)
    return None if change is None else inside(slope, z, args, curvature, bounds) * -(change / curvature)


@vjp_rule(SCALAR_FUN)
def minimize_scalar_fun(g, z, result, fun, *args, bracket=None, bounds=None, method=None, tol=None, options=None):
    x = part(optimize.minimize_scalar, "x", result, (fun, *args), bounds=bounds)
    return None, None, *pull_rest(fun, (x, *args), g)


@jvp_rule(SCALAR_FUN)
def minimize_scalar_fun_jvp(t, z, result, fun, *args, bracket=None, bounds=None, method=None, tol=None, options=None):
    x = part(optimize.minimize_scalar, "x", result, (fun, *args), bounds=bounds)
    return push(fun, (x, *args), (None, *t[2:]))


SQUARES_X, SQUARES_COST = (optimize.least_squares, "x"), (optimize.least_squares, "cost")
higher(
    optimize.least_squares,
    calls=Calls(
        ("fun", "x0"), lambda avals: (vector("x0")(avals),), optimize.OptimizeResult,
        {"x": vector("x0"), "cost": lambda avals: FLOAT64}, returns="array", others=("jac",), plain=("kwargs",),
    ),
)  # fmt: skip


def linear_loss(loss):
    unsupported(loss != "linear", "scipy.optimize.least_squares with another loss than the linear one")


@vjp_rule(SQUARES_X)
def least_squares_x(
    g, z, result, fun, x0, *args, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8,
    gtol=1e-8, x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
    jac_sparsity=None, max_nfev=None, verbose=0, callback=None, workers=None,
):  # fmt: skip
    linear_loss(loss)
    slope, ends = gradient_of(cost_of(fun)), ends_of(bounds)
    return None, None, None, *pull_rest(slope, (z, *args), -newton_direction(slope, z, args, g, ends))


@jvp_rule(SQUARES_X)
def least_squares_x_jvp(
    t, z, result, fun, x0, *args, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8,
    gtol=1e-8, x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
    jac_sparsity=None, max_nfev=None, verbose=0, callback=None, workers=None,
):  # fmt: skip
    linear_loss(loss)
    slope, ends = gradient_of(cost_of(fun)), ends_of(bounds)
    change = push(slope, (z, *args), (None, *t[3:]))
    return None if change is None else -newton_direction(slope, z, args, change, ends)


@vjp_rule(SQUARES_COST)
def least_squares_cost(
    g, z, result, fun, x0, *args, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8,
    gtol=1e-8, x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
    jac_sparsity=None, max_nfev=None, verbose=0, callback=None, workers=None,
):  # fmt: skip
    linear_loss(loss)
    x = part(optimize.least_squares, "x", result, (fun, x0, *args), bounds=bounds, loss=loss)
    return None, None, None, *pull_rest(cost_of(fun), (x, *args), g)


@jvp_rule(SQUARES_COST)
def least_squares_cost_jvp(
    t, z, result, fun, x0, *args, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8,
    gtol=1e-8, x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
    jac_sparsity=None, max_nfev=None, verbose=0, callback=None, workers=None,
):  # fmt: skip
    linear_loss(loss)
    x = part(optimize.least_squares, "x", result, (fun, x0, *args), bounds=bounds, loss=loss)
    return push(cost_of(fun), (x, *args), (None, *t[3:]))


refuse(
    optimize.linprog, optimize.milp,
    why="a vertex of the feasible set moves with the constraints that hold there, and it says nothing of them",
)  # fmt: skip
