"""scipy.optimize: solutions of equations, and minima, by the implicit function theorem.

Where f(z, θ) = 0, the solution moves as ż = -(∂f/∂z)⁻¹ ∂f/∂θ θ̇: one system with the Jacobian at the solution, however
the solution was found.  A minimum z of f is a solution of ∇f(z, θ) = 0, and its value moves as f itself does at a
fixed z.  The derivative is that of the exact solution: the solver's tolerance is an error in z, and one of the same
order in the derivative.  Where the Jacobian is singular (a double root, a flat minimum) there is none: inf, or
`LinAlgError`.

Where the search starts, brackets and tolerances do not move the solution, and have no cotangent.  Variables that end
at one of their `bounds` stay there: they have no derivative, and the others move without them.
"""

import numpy as np
from scipy import optimize

from adjoint.avals import Arr, Num, Parts, Seq, shape_of
from adjoint.errors import Unsupported
from adjoint.rules.functional import cost_of, gradient_of, part, pull, pull_first, pull_rest, push, scaled, unsupported
from adjoint.rules.registry import Calls, constant, higher, jvp_rule, refuse, vjp_rule, with_full_output

FLOAT = Num("float")
FLOAT64 = Arr(np.dtype(float), (), True)


def number(avals):
    return (FLOAT,)


def vector(name):
    """One array with as many entries as the start of this name."""

    def kinds(avals):
        start = avals[name]
        if isinstance(start, Seq | Parts):
            return Arr(np.dtype(float), (len(start.items) if isinstance(start, Parts) else None,))
        shape = shape_of(start)
        if shape is None or len(shape) > 1:
            raise Unsupported(f"`{name}` is not one row of numbers.", "Give an array of one dimension.")
        return Arr(np.dtype(float), shape or (1,))

    return kinds


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


def like_start(avals):
    start = avals["x0"]
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
        ("f",), number, optimize.RootResults, {"root": lambda avals: FLOAT64}, others=("fprime", "fprime2"),
        starts=("bracket", "x0", "x1"),
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


@vjp_rule(ROOT)
def root(g, z, result, fun, x0, *args, method="hybr", jac=None, tol=None, callback=None, options=None):
    return None, None, None, *pull_rest(fun, (z, *args), -np.linalg.solve(jacobian(fun, z, args).T, g))


@jvp_rule(ROOT)
def root_jvp(t, z, result, fun, x0, *args, method="hybr", jac=None, tol=None, callback=None, options=None):
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


def free_entries(z, bounds):
    """Which variables are not at a bound."""
    if bounds is None:
        return np.ones(np.shape(z), bool)
    if isinstance(bounds, optimize.Bounds):
        low, high = bounds.lb, bounds.ub
    elif isinstance(bounds, tuple) and len(bounds) == 2 and np.size(bounds[0]) in (1, np.size(z)) and np.size(z) != 2:
        low, high = bounds
    else:
        low = [-np.inf if lo is None else lo for lo, _ in bounds]
        high = [np.inf if hi is None else hi for _, hi in bounds]
    slack = 1e-8 * (1.0 + np.abs(z))
    return (z - low > slack) & (high - z > slack)


def free_entries_between(z, bounds):
    """The same where the bounds are one pair of arrays or numbers."""
    low, high = (bounds.lb, bounds.ub) if isinstance(bounds, optimize.Bounds) else bounds
    slack = 1e-8 * (1.0 + np.abs(z))
    return (z - low > slack) & (high - z > slack)


constant(free_entries, free_entries_between, why="which variables are at a bound is piecewise constant")


def newton_direction(hessian, g, free):
    """The solution for the variables that are free; nothing for the others."""
    if free is None:
        return np.linalg.solve(hessian, g)
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
    slope = gradient_of(fun)
    free = None if bounds is None else free_entries(z, bounds)
    return None, None, None, *pull_rest(slope, (z, *args), -newton_direction(jacobian(slope, z, args), g, free))


@jvp_rule(MINIMIZE_X)
def minimize_x_jvp(
    t, z, result, fun, x0, *args, method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
    callback=None, options=None,
):  # fmt: skip
    slope = gradient_of(fun)
    change = push(slope, (z, *args), (None, *t[3:]))
    free = None if bounds is None else free_entries(z, bounds)
    return None if change is None else -newton_direction(jacobian(slope, z, args), change, free)


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


@vjp_rule(SCALAR_X)
def minimize_scalar_x(g, z, result, fun, *args, bracket=None, bounds=None, method=None, tol=None, options=None):
    slope = gradient_of(fun)
    curvature, *bars = pull(slope, (z, *args), 1.0)
    return None, None, *scaled(tuple(bars), -g / curvature)


@jvp_rule(SCALAR_X)
def minimize_scalar_x_jvp(t, z, result, fun, *args, bracket=None, bounds=None, method=None, tol=None, options=None):
    slope = gradient_of(fun)
    change = push(slope, (z, *args), (None, *t[2:]))
    return None if change is None else -(change / pull_first(slope, (z, *args), 1.0))


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
    slope = gradient_of(cost_of(fun))
    free = free_entries_between(z, bounds)
    return None, None, None, *pull_rest(slope, (z, *args), -newton_direction(jacobian(slope, z, args), g, free))


@jvp_rule(SQUARES_X)
def least_squares_x_jvp(
    t, z, result, fun, x0, *args, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8,
    gtol=1e-8, x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
    jac_sparsity=None, max_nfev=None, verbose=0, callback=None, workers=None,
):  # fmt: skip
    linear_loss(loss)
    slope = gradient_of(cost_of(fun))
    change = push(slope, (z, *args), (None, *t[3:]))
    free = free_entries_between(z, bounds)
    return None if change is None else -newton_direction(jacobian(slope, z, args), change, free)


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

from adjoint.rules.scipy import fitting  # noqa: E402, F401 (it needs what stands here)
