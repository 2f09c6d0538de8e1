"""Derivative rules: the registry, and one file for each family of primitives.

`np.tanh` is a line in ufuncs.py, `adjoint supported np.tanh` says which.  A new rule is one line there.

Where a derivative does not exist, or a formula would give NaN, these are the rules (tests/test_edges.py):

    abs, sign                   at 0            0
    norm, hypot, dist, std      at 0            0
    sqrt, log, x ** p           at 0            what NumPy gives: inf; 0 where p = 0, or p > 1; p = 1 gives 1
                                                of Python floats, which have no 1 / 0, ZeroDivisionError
    p of 0 ** p                                 0
    arctan2, angle              at 0, 0         none: NaN, or ZeroDivisionError of Python floats
    max, min, maximum, …        in a tie        shared equally (as JAX)
    median, quantile            in a tie        shared equally by the entries of that value
    sort                        in a tie        to the entries in the order that NumPy put them in
    clip                        at a bound      all to the argument (as PyTorch)
    where, select, nan_to_num   not chosen      0, though the cotangent or the branch not taken be inf or NaN
    prod, cumprod               zeros           exact: no division
    logaddexp, log1p, expm1                     without overflow, to the last digits near 0
    floor, round, comparisons                   0: piecewise constant

`where` stops an infinite cotangent; it cannot stop a formula that was inf or NaN before it: as everywhere, write
`np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0)`, or `np.log(x, where=x > 0, out=...)`, which does that for you.

Complex numbers follow JAX: the gradient of a real f(x + iy) is ∂f/∂x - i ∂f/∂y, the conjugate of the direction of
steepest ascent; a cotangent ḡ and a tangent ż are paired as Re ∑ ḡ ż, without conjugation, so that a holomorphic f has the
cotangent ḡ f′(z).  The cotangent of a real argument is real, of whatever is computed from it.
"""

from typing import TYPE_CHECKING

from ..later import later as _later

if not TYPE_CHECKING:
    __getattr__ = _later(__name__, {})
