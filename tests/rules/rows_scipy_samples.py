"""Rows for scipy.integrate of samples, and for what the data of splines count: see rows.py."""

import numpy as np
from rules.checker import Row
from rules.rows_special import n, p
from scipy import integrate

from adjoint.rules.scipy.interpolate import cubic_basis, of_degree

ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


PLACES = np.cumsum(p(5))
for f in (integrate.trapezoid, integrate.cumulative_trapezoid):
    row(f, n(5))
    row(f, n(2, 5), PLACES)
    row(f, n(5, 2), PLACES, axis=0)
    row(f, n(2, 5), np.cumsum(p(2, 5), axis=1))
    row(f, n(2, 5), None, 0.3)
row(integrate.cumulative_trapezoid, n(2, 5), PLACES, initial=0)
for points in (5, 6):
    row(integrate.simpson, n(points))
    row(integrate.simpson, n(2, points), np.cumsum(p(points)))
    row(integrate.simpson, n(points, 2), dx=0.3, axis=0)
    row(integrate.simpson, n(points, 2), np.cumsum(p(points, 2), axis=0), axis=0)
    row(integrate.cumulative_simpson, n(points), dx=0.3)
    row(integrate.cumulative_simpson, n(2, points), initial=0.0)
row(integrate.simpson, n(2, 2), np.array([0.3, 1.1]))
row(integrate.simpson, n(3))
row(integrate.simpson, n(4), np.cumsum(p(4)))
row(integrate.romb, n(2, 5), 0.3)
row(integrate.romb, n(5, 2), 1.0, 0)
for bc in ("not-a-knot", "natural", "periodic"):
    row(cubic_basis, p(3), 0, np.array([0.0, 0.7, 1.5, 2.0, 3.1]), bc, True, fixed=(2,))
row(of_degree, p(3), 1, np.array([0.0, 0.7, 1.5, 2.0, 3.1]), 3, fixed=(2,))
