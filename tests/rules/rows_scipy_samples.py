"""Rows for scipy.integrate of samples: see rows.py."""

import numpy as np
from rules.checker import Row
from rules.rows_special import n, p
from scipy import integrate

ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=2e-6, call=None, **kwargs):
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
    row(integrate.cumulative_simpson, n(points), dx=0.3)
    row(integrate.cumulative_simpson, n(2, points), initial=0.0)
row(integrate.romb, n(2, 5), 0.3)
row(integrate.romb, n(5, 2), 1.0, 0)
