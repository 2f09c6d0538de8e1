"""A row for every differentiable rule: a call of the primal, away from kinks and ties.

`row(fn, *args, **kwargs)`; numbers and arrays of floats among the arguments are varied, one at a time.
Helpers for random arguments: `n(…)` normal, `p(…)` positive, `u(lo, hi, …)` uniform, `c(…)` complex.
"""

import builtins
import math
import operator

import numpy as np
from rules.checker import Row

from adjoint.rules import scalar
from adjoint.rules.registry import Logistic

rng = np.random.default_rng(20240229)
ROWS: list[Row] = []


def row(fn, *args, fixed=(), tol=None, call=None, **kwargs):
    ROWS.append(Row(fn, args, kwargs, fixed, tol, call))


def n(*shape):
    return rng.normal(size=shape)


def u(lo, hi, *shape):
    return rng.uniform(lo, hi, size=shape)


def p(*shape):
    return u(0.5, 2.0, *shape)


def c(*shape):
    return n(*shape) + 1j * n(*shape)


def apart(*shape):
    """Distinct, well separated values in random order."""
    size = math.prod(shape)
    return (rng.permutation(size) - size / 2.0 + u(0.1, 0.4, size)).reshape(shape)


def spd(k, *batch):
    a = n(*batch, k, k)
    return a @ np.swapaxes(a, -1, -2) + k * np.eye(k)


def well(k, *batch):
    return n(*batch, k, k) + 3.0 * np.eye(k)


# ── arithmetic, for arrays, numbers and mixtures ─────────────────────────────────────────────────

for add, np_add in ((operator.add, np.add), (operator.sub, np.subtract), (operator.mul, np.multiply),
                    (operator.truediv, np.divide), (operator.pow, np.power), (operator.mod, np.remainder),
                    (np.float_power, np.float_power), (np.fmod, np.fmod), (np.arctan2, np.arctan2),
                    (np.hypot, np.hypot), (np.logaddexp, np.logaddexp), (np.logaddexp2, np.logaddexp2),
                    (np.maximum, np.minimum), (np.fmax, np.fmin)):  # fmt: skip
    for f in dict.fromkeys((add, np_add)):
        row(f, p(3), u(2.1, 2.9, 3))
        row(f, p(2, 3), u(2.1, 2.9, 3))
        row(f, 1.3, u(2.1, 2.9, 2, 1))
        row(f, u(2.1, 2.9, 2), 0.7)
        row(f, 1.3, 2.2)
        row(f, np.array(1.3), np.array(2.2))
        row(f, np.zeros((0, 3)), p(3))
for f in (operator.add, np.subtract, operator.mul, np.divide, operator.truediv):
    row(f, c(3), c(2, 3))
    row(f, c(3), n(3))
row(np.power, c(3), c(3) + 2.0)
row(operator.pow, n(4), 2)
row(operator.pow, n(4), 3.0, fixed=(1,))
row(operator.pow, -1.3, 2)
row(operator.pow, np.array([0.0, 1.0, -2.0]), 3, fixed=(1,))
row(np.power, p(3), np.array([2, 0, 1]))
row(np.square, n(3))
row(operator.neg, n(3))
row(np.negative, c(3))
row(operator.pos, n(3))
row(np.positive, 1.5)
row(np.divmod, u(1.1, 1.15, 3), u(0.3, 0.32, 3))
row(divmod, 7.3, 2.2)

for f in (np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arctan, np.arcsinh, np.sinc,
          np.deg2rad, np.radians, np.rad2deg, np.degrees, np.fabs):  # fmt: skip
    row(f, u(0.2, 1.2, 3))
    row(f, -0.7)
    row(f, np.zeros((2, 0)))
for f in (np.exp, np.expm1, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arctan, np.arcsinh, np.arcsin,
          np.arccos, np.arccosh, np.arctanh, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.reciprocal):  # fmt: skip
    row(f, 0.3 * c(4) + 0.2j)
for f in (np.log, np.log2, np.log10, np.log1p, np.sqrt, np.reciprocal, np.cbrt):
    row(f, p(3))
    row(f, 1.7)
for f in (Logistic(np.exp, np.add, np.divide, 1.0, 1.0, True), Logistic(np.exp, operator.add, operator.truediv, 1, 1, False)):
    row(f, u(0.2, 1.2, 3))
    row(f, -0.7)
    row(f, np.zeros((2, 0)))
    row(f, 0.3 * c(4) + 0.2j)
for f in (np.arcsin, np.arccos, np.arctanh):
    row(f, u(-0.8, 0.8, 3))
row(np.arccosh, p(3) + 1.0)
row(np.sinc, np.array([0.0, 1e-3, 0.019, 0.021, 1.0]))
row(np.sinc, 0.0)
row(np.i0, n(3))
row(np.i0, np.array([0.0, -30.0]))
row(math.gamma, 2.3)
row(math.gamma, -1.7)
row(math.lgamma, 0.7)
row(math.lgamma, 300.0)
for k in (0, 1, 3):
    row(scalar.polygamma, k, 0.3)
    row(scalar.polygamma, k, -2.6)

# ── sign, size, parts ────────────────────────────────────────────────────────────────────────────

for f in (operator.abs, abs, np.absolute):
    row(f, n(3))
    row(f, c(3))
    row(f, -1.4)
    row(f, 1.0 - 2.0j)
row(np.sign, c(3))
row(np.sign, n(3))
row(np.angle, c(3))
row(np.angle, c(3), deg=True)
row(np.angle, p(2))
for f in (np.conjugate, np.ndarray.conjugate, np.ndarray.conj, np.real, np.imag):
    row(f, c(2, 2))
    row(f, n(2))
row(np.real_if_close, n(3))
row(np.copysign, n(3), n(3))
row(np.nextafter, n(3), n(3))
row(np.heaviside, n(3), n(3))
row(np.heaviside, np.zeros(2), n(2), fixed=(0,))
row(np.ldexp, n(3), np.array([1, 2, -3]))
row(np.nan_to_num, np.array([1.0, np.nan, 2.0]))
row(np.unwrap, np.array([0.1, 3.0, -3.0, 2.0]))
row(np.modf, np.array([1.3, -2.6]))
row(math.modf, -2.6)
row(np.frexp, np.array([1.3, -2.6, 9.1]))
row(math.frexp, 5.3)
row(np.clip, apart(5), -1.2, 1.3)
row(np.clip, apart(2, 3), n(3) - 1.0, None)
row(np.clip, apart(5), None, 1.3)
row(np.clip, apart(5), min=-1.2, max=1.3)
row(np.clip, apart(5), 1.3, -1.2)  # crossed: the upper bound
row(np.ndarray.clip, apart(5), -1.2, max=0.3)

# ── math ─────────────────────────────────────────────────────────────────────────────────────────

for f in (math.exp, math.expm1, math.sin, math.cos, math.tan, math.sinh, math.cosh, math.tanh, math.atan, math.asinh,
          math.radians, math.degrees, math.erf, math.erfc, math.fabs, math.asin, math.acos, math.atanh):  # fmt: skip
    row(f, -0.7)
for f in (math.sqrt, math.log, math.log2, math.log10, math.log1p, math.acosh):
    row(f, 1.7)
if hasattr(math, "exp2"):
    row(math.exp2, 1.3)
    row(math.cbrt, -1.3)
row(math.log, 1.7, 3.2)
row(math.pow, 1.3, 2.2)
row(pow, 1.3, 2.2)
row(pow, p(3), 2.2)
row(math.atan2, 1.3, -0.4)
row(math.copysign, 1.3, -0.4)
row(math.fmod, -7.3, 2.2)
row(math.remainder, 7.3, 2.2)
row(math.ldexp, 1.3, 4)
row(math.nextafter, 1.3, 4.0)
row(math.hypot, 1.0, 2.0, 3.0)
row(math.hypot, 1.5)
row(math.dist, [1.0, 2.0], (0.5, -1.0))
row(math.fsum, [1.0, 2.5, 3.0])
row(math.prod, [1.5, 2.5, 3.0])
row(math.prod, (1.5, 0.0, 3.0), start=2.0)
if hasattr(math, "sumprod"):
    row(math.sumprod, [1.5, 2.5], [3.0, 1.0])
if hasattr(math, "fma"):
    row(math.fma, 1.5, 2.5, 3.0)

# ── built-ins ────────────────────────────────────────────────────────────────────────────────────

row(float, 1.3)
row(float, np.array(1.3))
for f in (np.float64, np.complex128):
    row(f, 1.3)
row(np.complex64, 1.3, tol=1e-2)
row(np.float32, 1.3, tol=1e-2)
row(np.float16, 1.3, tol=1.0)
row(complex, 1.3, 0.2)
row(complex, 1.3 + 0.5j)
row(builtins.sum, [1.0, 2.0, 3.0])
row(builtins.sum, (1.0, 2.0), 0.5)
row(builtins.sum, n(3, 2))
row(builtins.sum, [n(2), n(2)])
row(builtins.max, 1.0, 3.0, 2.0)
row(builtins.max, 1.0, 3.0)
row(builtins.min, 1.0, 3.0)
row(builtins.max, [1.0, 3.0, 2.0])
row(builtins.min, n(4))
row(builtins.max, [1.0, -3.0, 2.0], key=abs)
row(builtins.sorted, [2.0, 3.0, 1.0])
row(builtins.sorted, [2.0, 3.0, 1.0], reverse=True)
row(builtins.sorted, [2.0, -3.0, 1.0], key=abs)

# ── reductions ───────────────────────────────────────────────────────────────────────────────────

mask = np.array([[True, False, True], [True, True, False]])
for f in (np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.nansum,
          np.nanmean, np.nanprod, np.nanvar, np.nanstd, np.ptp, np.median, np.nanmedian, np.ndarray.sum,
          np.ndarray.prod, np.ndarray.mean, np.ndarray.var, np.ndarray.std, np.ndarray.max,
          np.ndarray.min):  # fmt: skip
    for axis in (None, 0, -1, (0, 2), ()):
        if axis != () or f not in (np.median, np.nanmedian, np.std, np.nanstd, np.ndarray.std, np.var, np.nanvar):
            row(f, apart(2, 3, 2) / 3.0, axis=axis)
    row(f, apart(2, 3), axis=1, keepdims=True)
    row(f, apart(2, 3), keepdims=True)
    row(f, apart(4))
    if not hasattr(np.ndarray, f.__name__) or f is not getattr(np.ndarray, f.__name__):
        row(f, [1.0, 3.0, 2.0])
    if f.__name__ in ("sum", "prod", "max", "min", "amax", "amin", "nansum", "nanprod", "nanmax", "nanmin"):
        row(f, apart(2, 3), axis=1, initial=2.6, where=mask)
        row(f, apart(2, 3), initial=-9.3)
        row(f, apart(2, 3), initial=9.3, keepdims=True)
    if f.__name__ in ("sum", "prod", "mean", "var", "std", "nansum", "nanmean", "nanprod", "nanvar", "nanstd"):
        row(f, apart(2, 3), axis=0, where=np.array([[True], [True]]) & np.array([True, True, True]))
        row(f, apart(2, 3), axis=1, where=mask)
    if f.__name__.startswith("nan"):
        row(f, np.array([[1.0, np.nan, 2.5], [0.5, 3.0, 1.5]]), axis=1)
        row(f, np.array([[1.0, np.nan, 2.5], [0.5, 3.0, 1.5]]))
    if f.__name__ in ("sum", "prod", "mean", "var", "std"):
        row(f, c(2, 3), axis=1)
    if f.__name__.endswith(("var", "std")):
        row(f, n(2, 4), axis=1, ddof=1)
        if f not in (np.ndarray.var, np.ndarray.std):
            row(f, n(2, 4), axis=1, correction=1)
            row(f, n(2, 4), axis=1, mean=n(2, 1))
            row(f, n(2, 4), axis=1, mean=n(2, 1), keepdims=True)
row(np.prod, np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]), axis=1)
row(np.prod, np.array([[1.0, 0.0, 2.0], [1.5, 2.0, 3.0]]))
row(np.sum, np.zeros((0, 3)), axis=0)
row(np.sum, 2.5)
row(np.average, n(2, 3))
row(np.average, n(2, 3), axis=1)
row(np.average, n(2, 3), axis=1, weights=p(3))
row(np.average, n(2, 3), weights=p(2, 3))
row(np.average, n(2, 3), axis=0, weights=p(2), keepdims=True)
row(np.average, n(2, 3), axis=0, weights=p(2, 3), returned=True)
row(np.average, n(2, 3), axis=0, weights=p(2), returned=True)
row(np.average, n(2, 3, 4), axis=(2, 0), weights=p(4, 2))

for f in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod, np.ndarray.cumsum, np.ndarray.cumprod):
    row(f, n(4))
    row(f, n(2, 3))
    row(f, n(2, 3), axis=0)
    row(f, n(2, 3, 2), axis=-2)
    row(f, np.array([1.0, 0.0, 2.0, 0.0, 3.0]))
    if f.__name__.startswith("nan"):
        row(f, np.array([1.0, np.nan, 2.0, 3.0]))
for f in (np.cumulative_sum, np.cumulative_prod):
    row(f, n(4))
    row(f, n(2, 3), axis=1, include_initial=True)
    row(f, n(2, 3), axis=0)

row(np.diff, n(5))
row(np.diff, n(5), 2)
row(np.diff, n(2, 5), axis=0)
row(np.diff, n(2, 5), 3, prepend=n(2, 2), append=1.5)
row(np.diff, n(3), 0)
row(np.ediff1d, n(2, 3))
row(np.ediff1d, n(4), n(2), 1.5)
row(np.trapezoid, n(5))
row(np.trapezoid, n(5), dx=0.3)
row(np.trapezoid, n(5), np.cumsum(p(5)))
row(np.trapezoid, n(2, 5), np.cumsum(p(5)))
row(np.trapezoid, n(5, 2), np.cumsum(p(5)), axis=0)
row(np.trapezoid, n(2, 5), np.cumsum(p(2, 5), axis=1))
row(np.trapezoid, n(5, 2), dx=p(4, 1), axis=0)
row(np.gradient, n(6))
row(np.gradient, n(6), 0.3)
row(np.gradient, n(6), 0.3, edge_order=2)
row(np.gradient, n(6), np.cumsum(p(6)), edge_order=2, fixed=(1,))
row(np.gradient, n(4, 5))
row(np.gradient, n(4, 5), 0.5)
row(np.gradient, n(4, 5), 0.5, np.cumsum(p(5)), fixed=(2,))
row(np.gradient, n(4, 5), 0.5, axis=0)
row(np.gradient, n(3))
row(np.cov, n(3, 5))
row(np.cov, n(5))
row(np.cov, n(3, 5), n(2, 5))
row(np.cov, n(5, 3), rowvar=False)
row(np.cov, n(3, 5), bias=True)
row(np.cov, n(3, 5), fweights=np.array([1, 2, 1, 3, 1]), aweights=p(5))
row(np.cov, c(3, 5))
row(np.corrcoef, n(3, 5))
row(np.corrcoef, n(5), n(5))

# ── shaping ──────────────────────────────────────────────────────────────────────────────────────

fortran = np.asfortranarray(n(2, 3))
row(np.reshape, n(2, 3), (3, 2))
row(np.reshape, n(2, 3), -1, order="F")
row(np.reshape, fortran, (3, 2), order="A")
row(np.ndarray.reshape, n(2, 3), 3, -1)
row(np.ndarray.reshape, n(2, 3), (3, 2), order="F")
for f in (np.ravel, np.ndarray.ravel, np.ndarray.flatten):
    row(f, n(2, 3))
    row(f, n(2, 3), "F")
    row(f, fortran, "K")
row(np.squeeze, n(1, 3, 1))
row(np.squeeze, n(1, 3, 1), 0)
row(np.ndarray.squeeze, n(1, 3))
row(np.expand_dims, n(3), (0, 2))
for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    row(f, 1.5)
    row(f, n(3))
    row(f, n(3), n(2, 2))
row(np.broadcast_to, n(3), (2, 3))
row(np.broadcast_to, 1.5, (2, 3))
row(np.broadcast_arrays, n(3), n(2, 1))
row(np.ndarray.item, n(1))
row(np.ndarray.item, n(2, 3), 4)
row(np.ndarray.item, n(2, 3), 1, 0)
row(np.ndarray.item, n(2, 3), (1, 0))
row(np.ndarray.tolist, n(2, 3))
row(np.array, [1.0, 2.0])
row(np.array, [[1.0, 2.0], [3.0, 4.0]])
row(np.array, [n(2), n(2)])
row(np.array, n(2), ndmin=3)
row(np.asarray, n(2, 2))
row(np.asanyarray, [1.0, 2.0])
for f in (np.ascontiguousarray, np.asfortranarray, np.asarray_chkfinite, np.copy, np.ndarray.copy):
    row(f, n(2, 2))
row(np.ascontiguousarray, 1.5)
row(np.astype, n(3), np.complex128)
row(np.ndarray.astype, n(3), np.float64)
row(np.ndarray.view, n(4))
row(np.ndarray.view, n(4), np.complex128)
row(np.ndarray.view, c(2), np.float64)

for f in (np.transpose, np.permute_dims):
    row(f, n(2, 3))
    row(f, n(2, 3, 4), (2, 0, 1))
row(np.ndarray.transpose, n(2, 3))
row(np.ndarray.transpose, n(2, 3, 4), 1, -1, 0)
row(np.ndarray.transpose, n(2, 3, 4), (1, 2, 0))
row(np.matrix_transpose, n(2, 3, 4))
row(np.linalg.matrix_transpose, n(2, 3, 4))
row(np.swapaxes, n(2, 3, 4), 0, -1)
row(np.ndarray.swapaxes, n(2, 3), 0, 1)
row(np.moveaxis, n(2, 3, 4), (0, 1), (-1, 0))
for axis, start in ((2, 0), (0, 3), (1, 2), (-1, 1)):
    row(np.rollaxis, n(2, 3, 4), axis, start)
row(np.flip, n(2, 3))
row(np.flip, n(2, 3), (0, 1))
row(np.fliplr, n(2, 3))
row(np.flipud, n(2, 3))
row(np.rot90, n(2, 3), 3)
row(np.rot90, n(2, 3, 2), 1, (2, 1))
row(np.roll, n(2, 3), 2)
row(np.roll, n(2, 3), (1, -2), (0, 1))

for f in (np.concatenate, np.vstack, np.hstack, np.stack):
    row(f, [n(2, 3), n(2, 3)])
    row(f, (n(3), n(3)))
row(np.concatenate, n(3, 2, 2), axis=1)
row(np.concatenate, [n(2, 1), n(2, 3)], axis=-1)
row(np.concatenate, [n(2, 1), n(3)], axis=None)
row(np.stack, [n(2), n(2)], axis=-1)
row(np.stack, [1.0, 2.0])
row(np.hstack, [1.0, n(2)])
row(np.vstack, [n(3), n(2, 3)])
if hasattr(np, "row_stack"):
    row(np.row_stack, [n(3), n(2, 3)])
row(np.dstack, [n(3), n(3)])
row(np.dstack, [n(2, 3), n(2, 3, 2)])
row(np.column_stack, [n(3), n(3, 2)])
row(np.block, [[n(2, 2), n(2, 1)], [n(1, 2), n(1, 1)]])
row(np.block, [n(2), n(3)])
row(np.append, n(2, 2), n(3))
row(np.append, n(2, 2), n(1, 2), axis=0)
row(np.insert, n(4), 1, 2.5)
row(np.insert, n(4), [3, 1], n(2))
row(np.insert, n(3, 4), 1, n(3), axis=1)
row(np.insert, n(3, 4), [0, 2], n(3, 2), axis=1)
row(np.insert, n(2, 2), 1, n(3))
row(np.delete, n(5), [1, 3])
row(np.delete, n(3, 4), 1, axis=1)
row(np.delete, n(2, 3), 1)
row(np.trim_zeros, np.array([0.7, 1.0, -2.0]))

row(np.split, n(6), 3)
row(np.split, n(6, 2), [1, 4], axis=0)
row(np.array_split, n(7), 3)
row(np.vsplit, n(4, 2), 2)
row(np.hsplit, n(4), 2)
row(np.hsplit, n(2, 4), 2)
row(np.dsplit, n(2, 2, 4), 2)
row(np.unstack, n(2, 3), axis=1)
row(np.repeat, n(2, 3), 2)
row(np.repeat, n(2, 3), 2, axis=1)
row(np.repeat, n(3, 2), [1, 0, 3], axis=0)
row(np.ndarray.repeat, n(3), 2)
row(np.tile, n(3), 2)
row(np.tile, n(2, 3), (2, 1, 2))
row(np.tile, n(2, 3), 2)
row(np.resize, n(2, 3), (4, 2))
row(np.resize, n(5), 3)
for mode in ("constant", "edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp"):
    row(np.pad, n(3), 2, mode)
    row(np.pad, n(3, 4), ((1, 2), (0, 3)), mode)
row(np.pad, n(4), (2, 1), "reflect", reflect_type="odd")
row(np.pad, n(4), (2, 1), "mean", stat_length=2)
row(np.pad, n(2, 3), {1: (1, 2)})
row(np.diag, n(3))
row(np.diag, n(3), -1)
row(np.diag, n(3, 3), 1)
row(np.diag, n(3, 4), 1)
row(np.diagflat, n(2, 2), 1)
row(np.diagonal, n(3, 4))
row(np.diagonal, n(2, 3, 4), 1, 2, 0)
row(np.ndarray.diagonal, n(3, 3), -1)
row(np.linalg.diagonal, n(2, 3, 4), offset=1)
row(np.trace, n(3, 4), 1)
row(np.trace, n(2, 3, 4), 1, 2, 0)
row(np.trace, n(3, 4), 1, 1, 0)
row(np.ndarray.trace, n(3, 3))
row(np.linalg.trace, n(2, 3, 3), offset=1)
for f in (np.tril, np.triu):
    row(f, n(3, 4))
    row(f, n(2, 3, 3), -1)
    row(f, n(3))
row(np.full, (2, 3), 1.5)
row(np.full, (2, 3), n(3))
row(np.full_like, n(2, 3), 1.5)
row(np.linspace, 1.0, 2.5, 5)
row(np.linspace, 1.0, 2.5, num=5, endpoint=False, retstep=True)
row(np.linspace, n(2), 2.5, 4, axis=1)
row(np.logspace, 0.1, 0.9, 4)
row(np.logspace, 0.1, 0.9, 4, base=3.0)
row(np.geomspace, 1.0, 9.0, 4)
row(np.meshgrid, n(3), n(2))
row(np.meshgrid, n(3), n(2), n(4), indexing="ij", sparse=True)
row(np.vander, n(3))
row(np.vander, n(3), 2, increasing=True)

# ── products ─────────────────────────────────────────────────────────────────────────────────────

for f in (operator.matmul, np.matmul, np.linalg.matmul):
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)),
                 ((3,), (5, 3, 2)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2))):  # fmt: skip
        row(f, n(*a), n(*b))
row(np.matmul, c(2, 3), c(3, 4))
for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (4, 3, 2)),
             ((5, 2, 3), (3,)), ((3,), (4, 3, 2)), ((), (2, 3)), ((2,), ()), ((5, 2, 3), (4, 3, 2))):  # fmt: skip
    row(np.dot, n(*a), n(*b))
row(np.ndarray.dot, n(2, 3), n(3))
row(np.dot, c(2, 3), c(3))
row(np.vdot, c(2, 3), c(3, 2))
row(np.vdot, n(3), n(3))
for f in (np.vecdot, np.linalg.vecdot):
    row(f, c(2, 3), c(3))
    row(f, c(2, 3), c(2, 3), axis=0)
row(np.matvec, n(4, 2, 3), n(3))
row(np.matvec, c(2, 3), c(4, 3))
row(np.vecmat, c(3), c(4, 3, 2))
row(np.inner, n(2, 3), n(4, 3))
row(np.inner, n(3), n(3))
row(np.inner, 1.5, n(3))
row(np.outer, n(2, 2), n(3))
row(np.linalg.outer, c(2), c(3))
row(np.tensordot, n(2, 3, 4), n(3, 4, 5))
row(np.tensordot, n(2, 3, 4), n(4, 5, 2), ((0, 2), (2, 0)))
row(np.tensordot, n(2, 3, 4), n(4, 3), ((2, 1), (0, 1)))
row(np.tensordot, n(2, 3), n(4), 0)
row(np.tensordot, n(2, 3), n(3, 2), (1, 0))
row(np.linalg.tensordot, n(2, 3), n(3, 2), axes=1)
row(np.kron, n(2, 3), n(3, 2))
row(np.kron, n(3), n(2, 2))
row(np.kron, n(2), n(3))
for f in (np.cross, np.linalg.cross):
    row(f, n(3), n(3))
    row(f, n(4, 3), n(3))
    row(f, n(3, 4), n(3, 4), axis=0)
row(np.cross, n(3, 4), n(4, 3), axisa=0, axisc=0)
for text, *shapes in (
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("ij->i", (2, 3)),
    ("ij->", (2, 3)), ("i,i", (3,), (3,)), ("...ij,...jk->...ik", (5, 2, 3), (3, 4)), ("ij...->...", (2, 3, 4)),
    ("i,j,k->kij", (2,), (3,), (4,)), ("iij,j->i", (2, 2, 3), (3,)), ("ijk->ji", (2, 3, 4)),
    ("iji,k->jk", (2, 3, 2), (2,)),
    ("...i,...i", (2, 1, 3), (4, 3)), ("ij , kj -> ik", (2, 3), (4, 3)), ("b...a", (2, 3, 4)), ("iii->i", (2, 2, 2)),
):  # fmt: skip
    row(np.einsum, text, *[n(*s) for s in shapes])
row(np.einsum, "ij,jk,kl->il", n(2, 3), n(3, 2), n(2, 2), optimize=True)
row(np.einsum, "ij,jk->ik", c(2, 3), c(3, 4))
row(np.einsum, n(2, 3), [0, 1], n(3, 2), [1, 2], [2, 0])
row(np.einsum, n(2, 3), [0, 1], n(3, 2), [1, 2])
row(np.einsum, "ij,jk->ik", n(1, 3), n(3, 1))
