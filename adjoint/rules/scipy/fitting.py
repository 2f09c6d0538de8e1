"""scipy.optimize.curve_fit, said with `fit` (fits.py), which takes all parameters of the model as one array.

A call is lowered as a call of the function here.
"""

import numpy as np
from scipy import optimize

from adjoint.rules.functional import arity, unsupported
from adjoint.rules.registry import written_as
from adjoint.rules.scipy.fits import fit


def curve_fit(f, xdata, ydata, p0=None, sigma=None, absolute_sigma=False, **options):
    unsupported("jac" in options or "full_output" in options, "scipy.optimize.curve_fit with jac= or full_output=", "Leave it out.")
    unsupported(p0 is None and "bounds" in options, "scipy.optimize.curve_fit with bounds= and no p0=", "Say where to start.")
    unsupported(options.get("loss", "linear") != "linear", "scipy.optimize.curve_fit with another loss than the linear one")
    unsupported(options.get("nan_policy") == "omit", 'scipy.optimize.curve_fit with nan_policy="omit"', "Leave NaN out.")
    start = np.ones(arity(f) - 1) if p0 is None else np.atleast_1d(p0)

    def model(x, p):
        return f(x, *p)

    return fit(model, start, xdata, ydata, sigma, absolute_sigma=absolute_sigma, **options)


written_as(optimize.curve_fit, curve_fit)
