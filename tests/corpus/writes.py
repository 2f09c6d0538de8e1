"""Arrays written in place: items, slices, masks, `out=`; views and aliases are in `aliases.py`, whole kernels in `kernels.py`."""

import math

import numpy as np

from .registry import group

case = group("writes")

V = np.array([0.6, -1.2, 2.3, 0.3])
W = np.array([1.5, 0.2, -0.7, 1.1])
A = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])
S = np.array([[3.0, 0.5, -0.2], [0.1, 2.5, 0.7], [0.4, -0.3, 4.0]])


@case(V, 0.7, features="setitem")
def sets_one_item(x, s):
    y = x.copy()
    y[1] = s * y[0]
    y[-1] = 2.0
    return np.sum(y**2)


@case(V, features="setitem on a parameter")
def writes_parameter(x):
    x[0] = x[1] * x[2]
    x[1] = x[0] ** 2
    return np.sum(x * x[0])


@case(V, features="augmented setitem")
def augmented_items(x):
    y = x * 2
    y[0] += x[1]
    y[1] *= y[0]
    y[2] -= y[1] * y[2]
    y[3] /= 1 + y[0] ** 2
    y[0] **= 3
    return np.sum(y)


@case(A, features="setitem on two axes")
def sets_matrix_items(a):
    b = np.zeros((2, 2))
    b[0, 0] = a[0, 0] * a[1, 1]
    b[1, 0] = b[0, 0] - a[0, 1]
    b[0, 1] += b[1, 0] ** 2
    b[1][1] = b[0, 1] * 3
    return np.sum(b**2)


@case(V, features="slice assignment")
def sets_slices(x):
    y = np.zeros(6)
    y[1:5] = x**2
    y[:2] = x[2:]
    y[::-2] += y[::2]
    y[-3:-1] *= 2.0
    return np.sum(y**2 * np.arange(6))


@case(A, features="rows, columns, ellipsis, newaxis")
def sets_rows_and_columns(a):
    b = a.copy()
    b[0] = a[1] * 2
    b[:, 1] = a[:, 0] ** 2
    b[..., 2] += b[..., 0]
    b[1, None, :2] *= 3.0
    return np.sum(b * b * a)


@case(V, features="whole slice, broadcast into a slice")
def sets_everything(x):
    y = np.empty(4)
    y[:] = x * 2
    z = np.empty((3, 4))
    z[...] = y
    z[1:] = x[0]
    z[:, :2] = y[2:]
    return np.sum(z**2) + np.sum(y)


@case(V, features="index array, last write wins")
def sets_gathered(x):
    y = x**2
    y[[0, 2]] = x[[1, 3]] * 2
    y[[1, 1, 3]] = x[:3] * 5
    return np.sum(y**2)


@case(V, features="augmented index array with duplicates")
def adds_gathered(x):
    y = x**2
    y[[0, 0, 2]] += x[1:] * 3
    y[[3, 3]] *= x[:2]
    return np.sum(y**2)


@case(V, np.array([0, 2, 0, 1]), features="np.add.at, histogram")
def accumulates_at(x, idx):
    h = np.zeros(3)
    np.add.at(h, idx, x**2)
    np.subtract.at(h, [1, 1], x[:2])
    return np.sum(h**2)


@case(V, features="mask assignment")
def sets_masked(x):
    y = x * 3
    y[x < 0] = 0.0
    y[y > 2] = x[y > 2] ** 2
    return np.sum(y * x)


@case(np.array([-1.0, 4.0, 2.0, 0.5]), 1.3, features="mask assignment, inverse powers")
def inverse_cube(r, s):
    inv = r * s
    inv[inv > 0] = inv[inv > 0] ** -1.5
    inv[~(inv > 0)] = s
    return np.sum(inv)


@case(A, features="mask of a matrix, augmented")
def augments_masked(a):
    b = a.copy()
    b[a < 0] *= 0.1
    b[b > 0.9] += a[b > 0.9] ** 2
    return np.sum(b * a)


@case(V, W, features="out= of ufuncs")
def ufunc_out(x, y):
    z = np.empty(4)
    np.multiply(x, y, out=z)
    np.add(z, x, out=z)
    np.exp(z * 0.1, z)
    return np.sum(z**2)


@case(A, features="out= of reductions, of dot, of a view")
def reduction_out(a):
    total = np.zeros(3)
    np.sum(a, axis=0, out=total)
    block = np.zeros((2, 2))
    np.dot(a, a.T, out=block)
    np.sin(total[:2], out=block[0])
    return np.sum(total**2) + np.sum(block**2)


@case(V, features="where= and out=")
def ufunc_where(x):
    y = np.zeros(4)
    np.log(x, out=y, where=x > 0)
    np.add(y, 1.0, out=y, where=[True, False, True, False])
    return np.sum(y * x)


@case(V, features="copyto, put, fill, putmask")
def other_writers(x):
    y = np.zeros(4)
    np.copyto(y, x**2)
    np.put(y, [0, 3], x[1:3] * 2)
    z = np.empty(3)
    z.fill(x[0])
    np.putmask(y, x < 0, x * 9)
    return np.sum(y**2) + np.sum(z) * y[3]


@case(V, features="sort in place")
def sorts_in_place(x):
    y = x**2
    y.sort()
    y[0] *= 2
    return np.sum(y * np.arange(1, 5))


@case(V, features="zeros_like, empty_like, ones_like filled")
def filled_likes(x):
    a, b, c = np.zeros_like(x), np.empty_like(x), np.ones_like(x)
    b[:] = 2.0
    for i in range(len(x)):
        a[i] = x[i] ** 2 + (a[i - 1] if i > 0 else 0.0)
        b[i] *= a[i]
        c[i] += b[i] * x[0]
    return np.sum(a * b * c) * 1e-2


@case(V, features="np.ndarray(shape), empty, zeros with a dtype")
def filled_buffers(x):
    y = np.ndarray((2, 4))
    y[0] = x
    y[1] = x[::-1]
    z = np.zeros(4, dtype=float)
    z += y[0] * y[1]
    return np.sum(z)


@case(V, features="tuple targets")
def tuple_targets(x):
    k, p = np.zeros(3), np.zeros(3)

    def energy(v):
        return 0.5 * v**2, math.sin(v)

    k[0], p[0] = energy(x[0])
    k[1], p[1] = energy(x[2] * k[0])
    k[2], (p[2], rest) = p[1], energy(x[1])
    return np.sum(k * k) + np.sum(p) * rest


@case(V, features="items exchanged")
def exchanged_items(x):
    y = x * 2
    y[0], y[3] = y[3], y[0]
    y[1:3] = y[1:3][::-1].copy()
    y[0], y[1] = y[1] * y[0], y[0]
    return np.sum(y * np.arange(1.0, 5.0))


@case(A, features="rows exchanged by an index array")
def exchanged_rows(a):
    b = a.copy()
    b[[0, 1]] = b[[1, 0]]
    b[0] -= b[1] * a[0, 0]
    return np.sum(b**2 * a)


@case(V, features="integer and boolean work arrays")
def integer_work_arrays(x):
    count = np.zeros(4, dtype=int)
    seen = np.zeros(4, dtype=bool)
    total = 0.0
    for i in range(4):
        j = (i * 3) % 4
        count[j] += i
        seen[j] = x[j] > 0
        if seen[j]:
            total += x[j] ** 2 * count[j]
    return total + np.sum(x[seen])


@case(V, 3, features="writes in a loop under a condition, break")
def conditional_writes(x, n):
    y = x.copy()
    for i in range(n):
        if y[i] > 0:
            y[i + 1] += y[i] ** 2
        else:
            y[i] *= -0.5
            continue
        if y[i + 1] > 5:
            break
        y *= 0.9
    return np.sum(y)


@case(V, features="writes in a while, index from data")
def walking_writes(x):
    y, i, n = x * 1.0, 0, 0
    while n < 6:
        y[i] = math.sin(y[i] * 2) + x[3 - i]
        i = (i + (1 if y[i] > 0 else 2)) % 4
        n += 1
    return np.sum(y**2)


@case(V, features="overwritten and never read")
def dead_writes(x):
    y = x**2
    y[0] = x[1] * 100
    y[:] = x * 3
    y[1] = 0.0
    return np.sum(y * x)


@case(V, features="a product whose factors are overwritten afterwards")
def overwritten_after_use(x):
    y = x * 1.0
    z = y[0] * y[1]
    y[0] = z * y[2]
    y[1] = y[0] * y[0]
    return np.sum(y) * z


@case(V, features="writes in a recursive function")
def recursive_writes(x):
    y = x.copy()

    def sweep(k):
        if k == len(y):
            return 1.0
        y[k] = y[k - 1] * y[k] + 0.5
        return sweep(k + 1) * y[k]

    return sweep(1) + np.sum(y)


@case(V, features="writes in a closure")
def writes_in_closure(x):
    buffer = np.zeros(4)

    def put(i, value):
        buffer[i] += value**2

    for i, v in enumerate(x):
        put(i, v)
        put(i // 2, v)
    return np.sum(buffer**2)


@case(V, features="overlapping slices, shifts in place")
def overlapping_shift(x):
    y = x * 1.0
    y[1:] = y[:-1]
    y[:-1] += y[1:]
    y[1:] *= y[:-1].copy()
    return np.sum(y * x)


@case(V.astype(np.float32), np.linspace(0.1, 1.0, 4), features="float32 work array given float64 values")
def cast_on_write(x, y):
    z = np.zeros(4, dtype=np.float32)
    z[:] = x * y
    z += x
    return np.sum(z * z)


@case(np.array([1.0 + 1.0j, 0.5 - 2.0j]), features="complex work array")
def complex_writes(z):
    w = np.zeros(3, dtype=complex)
    w[:2] = z * 1j
    w[2] = z[0] * z[1].conjugate()
    w[0] *= 2.0
    return np.sum(np.abs(w) ** 2)


@case(V, out="array", features="a written array for a result")
def returns_written(x):
    y = np.zeros(5)
    y[1:] = x**2
    y[0] = y[1] * y[2]
    return y
