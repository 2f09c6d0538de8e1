"""Straight-line code on arrays: indexing, broadcasting, reductions, shapes, products; nothing is written in place."""

import math

import numpy as np
from numpy.linalg import norm

from .registry import group

case = group("straight")

V = np.array([0.6, -1.2, 2.3, 0.3])
W = np.array([1.5, 0.2, -0.7, 1.1])
A = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])
B = np.array([[0.2, 1.4], [-0.6, 0.9], [1.7, -0.3]])
S = np.array([[3.0, 0.5, -0.2], [0.1, 2.5, 0.7], [0.4, -0.3, 4.0]])
T3 = np.arange(24.0).reshape(2, 3, 4) / 10 - 1.05


@case(V, W, features="elementwise operators, sum")
def elementwise_operators(x, y):
    return np.sum(-x * y + x / y - x**2 + 2.0 * y - +x)


@case(V, features="ufuncs")
def ufunc_chain(x):
    return np.sum(np.tanh(x) * np.exp(-(x**2)) + np.sin(x) / (1 + np.abs(x)))


@case(np.array([0.2, 0.5, 0.8]), features="ufuncs, a long list")
def many_ufuncs(x):
    a = np.arcsin(x) + np.arccos(x) * np.arctan(x) - np.sinh(x) + np.cosh(x) * np.tan(x)
    b = np.log(x) + np.log2(x) + np.log10(x) + np.log1p(x) + np.sqrt(x) + np.cbrt(x) + np.square(x)
    c = np.exp2(x) + np.expm1(x) + np.reciprocal(x) + np.negative(x) + np.deg2rad(x) + np.sinc(x)
    d = np.arcsinh(x) + np.arccosh(1 + x) + np.arctanh(x)
    return (a * b + c / d).sum()


@case(V, W, features="ufuncs of two arguments")
def binary_ufuncs(x, y):
    a = np.add(x, y) * np.subtract(x, 2) + np.multiply(x, y) / np.divide(y, 3.0)
    b = np.power(np.abs(x), y) + np.hypot(x, y) + np.arctan2(x, y) + np.logaddexp(x, y)
    return np.sum(a * b)


@case(V, W, features="maximum, minimum, clip")
def clipped(x, y):
    return np.sum(np.maximum(x, y) * 2 + np.minimum(x, 0.4) ** 2 + np.clip(x, -1.0, 1.0) * y + np.fmax(x, y))


@case(V, features="where")
def where_branches(x):
    return np.sum(np.where(x > 0, x**2, np.exp(x)))


@case(V, W, features="where, three arrays, scalar branch")
def where_mixed(x, y):
    return np.where(x > y, x, 0.0).sum() + np.where(np.abs(x) < 1, 1.0, y * x).sum()


@case(V, features="index by integer, negative index")
def indexed(x):
    return x[0] * x[1] + x[-1] ** 2 - x[2] / x[-3]


@case(A, features="index by tuple, partial index")
def indexed_matrix(a):
    row = a[1]
    return a[0, 2] * row[0] + a[-1, -1] * a[0][1]


@case(V, features="slices, step, negative step")
def sliced(x):
    return np.sum(x[1:] * x[:-1]) + np.sum(x[::2] ** 2) + np.dot(x[::-1], x) + np.sum(x[3:0:-2])


@case(A, features="slices of two axes, columns")
def columns(a):
    return np.sum(a[:, 0] * a[:, 1]) + a[1, 1:].sum() * a[0:1, 2].sum()


@case(T3, features="ellipsis, newaxis")
def ellipsis_index(t):
    last = t[..., -1]
    wide = t[0][:, np.newaxis, :] * t[1, None]
    return np.sum(last**2) + np.sum(wide) + t[..., 0, 1].sum()


@case(V, features="index array, duplicates")
def gathered(x):
    picked = x[np.array([0, 2, 2, 3])]
    return np.sum(picked * np.array([1.0, 2.0, 3.0, 4.0])) + x[[1, 1]].prod()


@case(A, features="index arrays of two axes")
def gathered_pairs(a):
    return np.sum(a[[0, 1, 1], [2, 0, 0]] ** 2) + np.sum(a[:, [2, 0]] * 1.5)


@case(V, features="mask")
def masked(x):
    positive = x[x > 0]
    return np.sum(positive**2) + np.prod(x[np.abs(x) < 1.0])


@case(A, features="mask of rows, mask of a matrix")
def masked_rows(a):
    keep = np.array([True, False])
    return np.sum(a[keep] ** 3) + np.sum(a[a < 0] * 2)


@case(V, np.array([2, 0, 3]), features="index array as an argument")
def gathered_by_argument(x, idx):
    return np.sum(x[idx] * np.arange(1, 4))


@case(V, features="take")
def taken(x):
    return np.take(x, [0, 3, 3]).sum() * x.take(1) + np.take(x, 2)


@case(A, np.array([1.0, 2.0, -1.0]), 0.5, features="broadcasting")
def broadcast_row(a, row, s):
    return np.sum((a * row + s) ** 2)


@case(np.array([1.0, -2.0, 0.5]), np.array([0.3, 1.4]), features="broadcasting, outer by reshaping")
def broadcast_outer(x, y):
    table = x[:, None] * y[None, :] + x.reshape(-1, 1) ** 2
    return np.sum(np.sin(table))


@case(2.0, V, features="a float and an array, broadcasting")
def float_times_array(s, x):
    return (s * x + s).sum() + np.sum(s * x + s**2) / s - np.sum(x - s)


@case(A, features="reductions with axis")
def reduced_by_axis(a):
    return np.sum(np.sum(a, axis=0) ** 2) + np.prod(a.sum(axis=1)) + np.mean(a, axis=-1)[0]


@case(A, features="keepdims")
def normalised_rows(a):
    shifted = a - a.mean(axis=1, keepdims=True)
    return np.sum((shifted / np.sqrt(np.sum(shifted**2, axis=1, keepdims=True))) ** 3)


@case(T3, features="reductions over several axes")
def reduced_by_two_axes(t):
    return np.sum(np.sum(t, axis=(0, 2)) ** 2) + np.mean(t**2, axis=(1, 2)).sum()


@case(V, features="mean, var, std")
def moments(x):
    return np.mean(x) * np.var(x) + x.std() - np.std(x, ddof=1) + x.mean() ** 2


@case(V, features="max, min, reductions")
def extremes(x):
    return np.max(x) * x.min() + np.ptp(x) ** 2 + np.amax(x)


@case(A, features="max along an axis, argmax")
def extreme_by_axis(a):
    best = np.argmax(a, axis=1)
    return np.sum(np.max(a, axis=0) ** 2) + a.max(axis=1)[0] + a[0, best[0]] * a[1, best[1]]


@case(V, features="prod, cumsum, cumprod")
def running(x):
    return np.prod(x) + np.sum(np.cumsum(x) ** 2) + np.cumprod(x)[-2] + x.cumsum()[1]


@case(V, features="diff")
def differences(x):
    return np.sum(np.diff(x) ** 2) + np.sum(np.diff(x, n=2))


@case(A, features="reshape, ravel, transpose")
def reshaped(a):
    b = a.reshape(3, 2)
    return np.sum(b @ a) + np.sum(a.T * b) + np.dot(a.ravel(), a.flatten()[::-1]) + np.transpose(a)[2, 1]


@case(T3, features="reshape, moving axes")
def moved_axes(t):
    a = np.swapaxes(t, 0, 2)
    b = np.moveaxis(t, -1, 0)
    c = t.transpose(1, 2, 0)
    return np.sum(a[1] * 2) + np.sum(b[:, 1] ** 2) + c[0, 3, 1] * np.sum(t.reshape(2, -1)[1])


@case(V, features="expand, squeeze")
def squeezed(x):
    column = np.expand_dims(x, 1)
    back = np.squeeze(column * 2.0, axis=1)
    return np.sum(back * x) + np.atleast_2d(x)[0, 1] + column.squeeze()[2]


@case(V, W, features="dot, inner, outer, vdot")
def vector_products(x, y):
    return np.dot(x, y) + np.inner(x, x) + np.sum(np.outer(x, y) ** 2) + np.vdot(y, y) + x.dot(y) + x @ y


@case(A, B, np.array([1.0, -1.0, 0.5]), features="matmul")
def matrix_products(a, b, v):
    return np.sum((a @ b) ** 2) + np.sum(np.matmul(b, a) @ v) + v @ (b @ (a @ v)) + np.dot(a, b)[0, 1]


@case(T3, np.array([0.5, -1.0, 2.0, 0.1]), features="matmul of a stack")
def stacked_matmul(t, v):
    return np.sum((t @ v) ** 2) + np.sum(t @ t.transpose(0, 2, 1))


@case(A, B, features="einsum")
def einsums(a, b):
    return np.einsum("ij,jk->", a, b) + np.einsum("ij,ij->i", a, a)[0] + np.sum(np.einsum("ij,ki->jk", a, b) ** 2)


@case(S, features="einsum of one operand, trace")
def traces(s):
    return np.einsum("ii", s) ** 2 + np.trace(s @ s) + np.sum(np.einsum("ij->ji", s)[0] ** 2) + np.diag(s).prod()


@case(A, B, features="tensordot, kron")
def tensor_products(a, b):
    return np.sum(np.tensordot(a, b, axes=1) ** 2) + np.tensordot(a, b.T, axes=2) + np.sum(np.kron(a[0], b[:, 0]) ** 2)


@case(T3, features="tensordot over axes in lists")
def tensor_products_over_axes(t):
    u = np.tensordot(t, t[0], axes=([1, 2], [0, 1])) + np.tensordot(t, t, [[0, 2, 1], [0, 2, 1]])
    return np.sum(u**2) + np.sum(np.tensordot(t, t, axes=[[2], [2]])[0, 1] ** 2)


@case(S, np.array([1.0, -2.0, 0.5]), features="linalg")
def linear_solve(s, b):
    x = np.linalg.solve(s, b)
    return x @ x + np.linalg.det(s) + np.sum(np.linalg.inv(s) ** 2) + np.linalg.slogdet(s)[1]


@case(V, A, features="norm")
def norms(x, a):
    return norm(x) + np.linalg.norm(a) ** 3 + np.sum(np.linalg.norm(a, axis=1))


@case(V, W, features="concatenate, stack")
def joined(x, y):
    z = np.concatenate([x, y[:2], x * y])
    t = np.stack([x, y], axis=1)
    return np.sum(z * np.arange(10)) + np.sum(t[1] * t[2]) + np.hstack([x, y])[5] * np.vstack([x, y])[1, 1]


@case(A, features="concatenate along an axis")
def joined_axis(a):
    wide = np.concatenate((a, a[:, :1] * 2.0, np.ones((2, 1))), axis=1)
    tall = np.concatenate([a, 3.0 * a[:1]])
    return np.sum(wide**2) + np.sum(tall[2] * tall[0])


@case(V, features="split")
def split_in_two(x):
    left, right = np.split(x, 2)
    first, second = np.array_split(x, 2)
    return np.sum(left * right) + np.sum(first**2) - second[0]


@case(V, features="repeat, tile, roll, flip")
def rearranged(x):
    return (
        np.sum(np.repeat(x, 2) * np.arange(8))
        + np.sum(np.tile(x, 2)[1:6] ** 2)
        + np.sum(np.roll(x, 1) * x)
        + np.flip(x)[0] * 2
    )


@case(A, features="pad, flips of a matrix")
def padded(a):
    p = np.pad(a, ((1, 0), (0, 2)))
    return np.sum(p[:-1] * p[1:]) + np.fliplr(a)[0, 0] * np.flipud(a)[0, 0] + np.rot90(a)[0, 0]


@case(V, features="sort, argsort")
def sorted_values(x):
    order = np.argsort(x)
    return np.sum(np.sort(x) * np.arange(4)) + x[order][0] * x[order[-1]]


@case(S, features="triangles, diagonals")
def triangles(s):
    return np.sum(np.tril(s) @ np.triu(s, 1)) + np.sum(np.diag(np.diag(s)) ** 2) + np.diagonal(s, 1).sum()


@case(V, features="shapes and sizes as numbers")
def sizes(x):
    n = len(x)
    return x.sum() / x.size + x[n - 1] * x.shape[0] + np.sum(x) * x.ndim + np.size(x) * x[n // 2]


@case(V, features="arrays made in the function")
def constant_arrays(x):
    grid = np.linspace(0.0, 1.0, 4)
    eye = np.eye(4) + np.ones((4, 4)) - np.zeros(4) + np.full((4,), 0.5)
    return x @ eye @ grid + np.sum(x * np.arange(4)) + np.ones_like(x) @ x


@case(0.5, 1.5, features="np.array of active scalars")
def array_of_scalars(x, y):
    v = np.array([x, y, x * y, 2.0])
    r = np.array([[np.cos(x), -np.sin(x)], [np.sin(x), np.cos(x)]])
    return np.sum(v**2) + r[0] @ np.array([y, 1.0])


@case([1.0, -2.0, 0.5], features="lists of floats, asarray")
def list_of_floats(values):
    x = np.asarray(values)
    return np.sum(x**2) + values[0] * values[-1] + np.array(values).mean() + np.sum(values)


@case([1.0, -2.0, 0.5], [0.1, 0.2, 0.3], features="lists of floats, arithmetic through NumPy")
def lists_in_numpy(xs, ys):
    return np.dot(xs, ys) + np.max(xs) * np.sum(np.multiply(xs, ys))


@case(V.astype(np.float32), features="float32")
def float32_vector(x):
    return np.sum(np.tanh(x) * x) + x[1] * np.float32(2.0)


@case(A.astype(np.float32), B, features="float32 mixed with float64")
def mixed_precision(a, b):
    return np.sum(a @ b) + np.sum(a.astype(np.float64) ** 2) * 0.5


@case(V, features="astype, copy, tolist")
def converted(x):
    y = x.astype(float).copy()
    values = y.tolist()
    return values[0] * values[2] + np.sum(np.array(values) * x) + x.item(1) + float(x[3])


@case(V, features="stop of a gradient by integers")
def through_integers(x):
    n = x.astype(int)
    return np.sum(x * n) + np.sum(np.floor(x) * x) + np.count_nonzero(x > 0) * x[0] + np.sign(x) @ x


@case(V, features="boolean arithmetic")
def boolean_arithmetic(x):
    inside = (x > -1) & (x < 1)
    return np.sum(inside * x**2) + np.sum(~inside * x) + np.any(x > 5) * x[0] + np.all(x < 5) * x[1]


@case(np.array([1.0 + 2.0j, 0.5 - 1.0j]), features="complex numbers")
def complex_modulus(z):
    return np.sum(np.abs(z) ** 2) + np.real(z[0] * z[1]) + np.imag(z**2).sum() + z.conj()[0].real


@case(V, features="real to complex to real")
def through_fourier(x):
    spectrum = np.fft.fft(x)
    return np.sum(np.abs(spectrum) ** 2 * np.arange(4)) + np.fft.ifft(spectrum * 2.0).real[1]


@case(np.array([[1.0, 2.0], [3.0, 4.0]]), features="unpacking an array")
def unpacked_rows(a):
    first, second = a
    p, q = second
    return np.sum(first * p) - q**2


@case(V, features="methods of arrays")
def array_methods(x):
    return x.clip(-1, 1).sum() + x.prod() + x.max() - x.min() + x.reshape(2, 2).trace() + x.round().sum() * x[0]


@case(np.array([0.4, 1.9]), np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0]), features="interpolation")
def interpolated(x, xp, fp):
    return np.sum(np.interp(x, xp, fp) ** 2)


@case(np.array([1.0, -2.0, 0.5]), 1.3, features="polynomials")
def polynomial_value(coefficients, x):
    return np.polyval(coefficients, x) + np.vander(np.array([x, 2.0]), 3)[0] @ coefficients


@case(np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.2]), features="convolution, trapezoid")
def convolved(x, kernel):
    return np.sum(np.convolve(x, kernel) ** 2) + np.trapezoid(x, dx=0.5) + np.cross(x, [1.0, 0.0, 2.0])[1]


@case(V, W, features="meshgrid, broadcast_to")
def on_a_grid(x, y):
    gx, gy = np.meshgrid(x, y)
    return np.sum(gx * gy**2) + np.sum(np.broadcast_to(x, (3, 4)) * np.arange(3)[:, None])


@case(V, out="array", features="an array for a result")
def array_result(x):
    return np.sin(x) * x[::-1]


@case(V, A, out="array", features="an array for a result, matrix")
def matrix_result(x, a):
    return np.outer(a[0], x) + a[1][:, None] * x


@case(V, out="tree", features="several results")
def several_results(x):
    return x.sum() * x, np.prod(x)


@case(0.5, out="array", features="a scalar to an array")
def scalar_to_array(t):
    return np.array([math.cos(t), math.sin(t)]) * t


@case(V, features="choose, select")
def selected(x):
    y = np.select([x < 0, x < 1], [x**2, 3 * x], default=-x)
    return y.sum() + np.choose([0, 1, 0, 1], [x, x**2]).sum()


@case(V, features="nan-aware and finite tests")
def finite_only(x):
    good = np.where(np.isfinite(x), x, 0.0)
    return np.sum(good) * np.sum(np.nan_to_num(x)) + np.nansum(x**2)


@case(np.empty(0), 2.0, features="an empty array")
def empty_array(x, s):
    return np.sum(x * s) + s**2


@case(np.array([[2.0]]), features="1 by 1, item")
def single_item(a):
    return a.item() ** 2 + a[0, 0] * a.sum()
