"""Derivatives with respect to orders and shape parameters, for which there is no closed form.

∂J_ν(x)/∂ν, ∂P(a, x)/∂a and their like are no elementary or special functions that SciPy has.  They are
computed from SciPy's own values by central differences of order eight: the functions are analytic in
the parameter, and a step of a hundredth of the distance on which they change leaves an error of about
1e-13 of their size, beside that of SciPy's values, which is multiplied by about 100.  Ten to eleven
digits remain.  The step must suit the function:

    `of_order`     entire in the parameter (orders of Bessel functions)
    `of_shape`     the parameter is positive, and the function changes over √parameter where it is large

A derivative of these derivatives with respect to the parameter is refused.
"""

import numpy as np

from adjoint.rules.registry import elementwise

_WEIGHTS = ((1, 4.0 / 5.0), (2, -1.0 / 5.0), (3, 4.0 / 105.0), (4, -1.0 / 280.0))


def _difference(fn, k, args, h):
    """∂fn/∂args[k] with step h."""
    with np.errstate(all="ignore"):
        at = np.asarray(args[k]) + 0.0
        total = 0.0
        for step, weight in _WEIGHTS:
            above, below = (fn(*args[:k], at + s * step * h, *args[k + 1 :]) for s in (1, -1))
            total = total + weight * (above - below)
        return total / h


def of_order(fn, k, *args):
    """∂fn/∂args[k], where fn is entire in it.  The other arguments may make it change fast, as x ** order does."""
    others = [np.abs(a) for j, a in enumerate(args) if j != k]
    with np.errstate(all="ignore"):
        speed = sum(np.abs(np.log(np.where((a == 0) | ~np.isfinite(a), 1.0, a))) for a in others)
    return _difference(fn, k, args, 0.02 / (1.0 + speed))


def of_shape(fn, k, *args):
    """∂fn/∂args[k], where that is positive."""
    at = np.asarray(args[k]) + 0.0
    with np.errstate(all="ignore"):
        return _difference(fn, k, args, 0.01 * np.minimum(at, np.sqrt(at)))


_WHY = "it is itself computed by differences"
elementwise((of_order, of_shape), None, None, _WHY, _WHY, _WHY, _WHY)
