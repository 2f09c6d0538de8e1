"""The fit of a model to data, which `scipy.optimize.curve_fit` is lowered as (fitting.py).

The parameters p minimise ½ |r|², where r is what the model is away from the data, in units of `sigma`: the gradient of that is
zero, and the implicit function theorem gives how p moves with the data, with `sigma`, and with whatever the model depends
on.  Where the search starts does not matter.  The covariance is (JᵀJ)⁻¹, J = ∂r/∂p, times |r|² / (m - n) unless `absolute_sigma`
(Bard, "Nonlinear parameter estimation", 1974): a formula in p and the data, differentiated as such.
"""

import numpy as np
from scipy import optimize

from adjoint.avals import Arr, Parts
from adjoint.rules.functional import define, gradient_of, pull, pull_rest, push, value_of
from adjoint.rules.registry import Calls, higher, jvp_rule, vjp_rule
from adjoint.rules.scipy.optimize import ends_of, newton_direction
from adjoint.rules.scipy.starts import vector
from adjoint.rules.ufuncs import tangent_sum


def fit(model, p0, xdata, ydata, sigma=None, args=(), **options):
    """The parameters and their covariance, for a model of the places of the data and all parameters as one array."""
    return optimize.curve_fit(lambda x, *p: model(x, np.array(p), *args), xdata, ydata, p0, sigma, **options)


def parameters(avals):
    n = vector("p0")(avals).shape[0]
    return Parts(tuple, (Arr(np.dtype(float), (n,)), Arr(np.dtype(float), (n, n))))


higher(
    fit,
    calls=Calls(
        ("model", "p0", "xdata", "ydata", "sigma"), lambda avals: (avals["xdata"], vector("p0")(avals)), parameters, returns="array"
    ),
)  # fmt: skip


def away(model, p, x, y, sigma, args):
    """What the model is away from the data, in units of sigma."""
    r = value_of(model, (x, p, *args)) - y
    if sigma is None:
        return r
    return r / sigma if np.ndim(sigma) < 2 else np.linalg.solve(np.linalg.cholesky(sigma), r)


def cost_of_fit(model, where):
    def cost(p, x, y, sigma, *args):
        return 0.5 * np.sum(away(model, p, x, y, sigma, args) ** 2)

    return define(cost, where)


def covariance_of_fit(model, where, absolute_sigma):
    """The covariance as a function of the parameters and all else."""

    def residual(p, x, y, sigma, *args):
        return away(model, p, x, y, sigma, args)

    def covariance(p, x, y, sigma, *args):
        here = (p, x, y, sigma, *args)
        f, still = define(residual, here), tuple([None for _ in here[1:]])
        slopes = np.stack([push(f, here, (row, *still)) for row in np.eye(np.shape(p)[0])])
        found = np.linalg.inv(slopes @ slopes.T)
        if absolute_sigma:
            return found
        r = value_of(f, here)
        return found * (np.sum(r * r) / (np.size(r) - np.size(p)))

    return define(covariance, where)


@vjp_rule(fit)
def fit_vjp(g, z, model, p0, xdata, ydata, sigma, *args, absolute_sigma=False, bounds=(-np.inf, np.inf), **options):
    where, p_bar = (z[0], xdata, ydata, sigma, *args), g[0]
    direct = None
    if g[1] is not None:
        first, *direct = pull(covariance_of_fit(model, where, absolute_sigma), where, g[1])
        p_bar = tangent_sum(p_bar, first)
    if p_bar is None:
        return None
    slope = gradient_of(cost_of_fit(model, where))
    bars = pull_rest(slope, where, -newton_direction(slope, z[0], where[1:], p_bar, ends_of(bounds)))
    return None, None, *(bars if direct is None else sums(bars, direct))


def sums(first, second):
    """The sums of cotangents, None where there is none."""
    return tuple([tangent_sum(a, b) for a, b in zip(first, second, strict=True)])


@jvp_rule(fit)
def fit_jvp(t, z, model, p0, xdata, ydata, sigma, *args, absolute_sigma=False, bounds=(-np.inf, np.inf), **options):
    where, dots = (z[0], xdata, ydata, sigma, *args), t[2 : 5 + len(args)]
    slope = gradient_of(cost_of_fit(model, where))
    change = push(slope, where, (None, *dots))
    if change is None:
        return None
    p_dot = -newton_direction(slope, z[0], where[1:], change, ends_of(bounds))
    return p_dot, push(covariance_of_fit(model, where, absolute_sigma), where, (p_dot, *dots))
