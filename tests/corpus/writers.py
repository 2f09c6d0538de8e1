"""Functions of NumPy that write to an array, what gives an array back, and `out=` in all its places."""

import numpy as np

from .registry import group

case = group("writes")

V = np.array([0.6, -1.2, 2.3, 0.3])
W = np.array([1.5, 0.2, -0.7, 1.1])
A = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])
S = np.array([[3.0, 0.5, -0.2], [0.1, 2.5, 0.7], [0.4, -0.3, 4.0]])


@case(A, features="flat read and written and looped over, flat = v")
def reads_and_writes_flat(a):
    b = a * 1.0
    b.flat[-1] = a[0, 0] ** 2
    b.flat[1:3] *= 2.0
    b.flat[[0, 3, 0]] = a[0]
    b.T.flat[1] += 3 * a[0, 1]
    s = 0.0
    for i, v in enumerate(b.flat):
        s = s + v**2 * i
    for v in b.flat:
        s = s + v
    c = np.zeros((2, 3))
    c.flat = a[1] * 2
    d = np.zeros((2, 3))
    d.flat[:] = a.T
    d.flat[::2] = 1.5 * a[0, 0]
    return (
        s
        + np.sum(b.flat)
        + len(b.flat) * b.flat[2]
        + np.sum(c * a)
        + np.sum(d * a)
        + sum(b.flat[1:3])
        + np.sum(b.flat.copy())
        + np.sum(np.array(b.flat) ** 2)
    )


@case(A, features="flat with computed places")
def flat_by_number(a):
    b = np.zeros((2, 3))
    for i in range(6):
        b.flat[i] = a.flat[5 - i] ** 2 + (b.flat[i - 1] if i else 0.0)
    return np.sum(b * a)


@case(V, features="put in all its modes")
def puts_by_number(x):
    y = np.zeros((2, 3))
    np.put(y, [0, 4, 4], x)
    y.put([1, -1], x[0])
    y.put([7, 2], x[:1], mode="wrap")
    np.put(y, [100], x[3] ** 2, mode="clip")
    np.put(a=y, ind=3, v=x[1])
    return np.sum(y**2 * np.arange(6).reshape(2, 3)) + y[0, 1]


@case(V, features="place, putmask, copyto with where=")
def placed_by_masks(x):
    y = np.zeros((2, 2))
    np.place(y, np.array([[True, False], [True, True]]), x[:2])
    np.place(y, y > 0.5, 3 * x[2])
    np.putmask(y, y < 0, [x[0], x[1]])
    z = x * 2
    np.place(z, x > 0, x**2)
    np.copyto(z, x[::-1], where=x < 1)
    np.copyto(z, 2.0, where=[True, False, False, False])
    return np.sum(y**2) + np.sum(z * x)


@case(S, features="fill_diagonal of tall and wide and many axes, wrap")
def filled_diagonals(s):
    a = s * 1.0
    np.fill_diagonal(a, s[0] ** 2)
    b = np.zeros((5, 2))
    np.fill_diagonal(b, s[0, :2], wrap=True)
    c = np.zeros((2, 4))
    np.fill_diagonal(c, s[1])
    d = np.zeros((2, 2, 2))
    np.fill_diagonal(d, s[2, 0])
    e = np.zeros((5, 2))
    np.fill_diagonal(e, [s[0, 0], 2.0])
    return np.sum(a * s) + np.sum(b * np.arange(10).reshape(5, 2)) + np.sum(c**2) + np.sum(d**2) + np.sum(e**2)


@case(A, features="put_along_axis")
def put_along_an_axis(a):
    b = a * 1.0
    i = np.argsort(a, axis=1)
    np.put_along_axis(b, i[:, :1], a[:, :1] ** 2, axis=1)
    np.put_along_axis(b, i[:1] % 2, 5 * a[0, 0], 0)
    return np.sum(b * b)


@case(V, features="ufunc.at of several ufuncs with duplicates")
def ufuncs_at(x):
    y = x * 1.0
    np.multiply.at(y, [0, 0, 2], x[1:])
    np.multiply.at(y, slice(1, 3), 2.0 * x[0])
    np.negative.at(y, [1, 1, 3])
    np.maximum.at(y, np.array([0, 1]), x[2] * 0.1)
    np.divide.at(y, 0, x[1])
    np.add.at(y, (np.array([0, 0]),), x[1])
    z = np.ones((2, 2))
    np.multiply.at(z, ([0, 0], [1, 1]), x[0])
    np.add.at(z, [0, 0], x[:2])
    np.power.at(z, ([1],), 2 * x[0])
    np.subtract.at(z[0], [1, 1], x[0])
    return np.sum(y * x) + np.sum(z**2)


@case(V, W, features="out= by position and by name and as a tuple, out= a view, out= an input")
def outs_everywhere(x, y):
    z = np.empty(4)
    np.multiply(x, y, z)
    np.add(z[1:], x[:-1], out=z[1:])
    np.exp(z * 0.1, out=(z,))
    c = np.zeros(6)
    np.multiply(x, y, out=c[1:-1])
    np.sin(c, c)
    r = np.subtract(z, y, out=z)
    r[0] *= 2.0
    t = np.zeros(())
    m = np.zeros(3)
    np.sum(np.outer(x, y), axis=0, out=z)
    np.cumsum(x[:3], 0, None, m)
    np.cumsum(m, out=m)
    k = np.zeros(4)
    np.clip(x, -0.5, 0.7, k)
    x.clip(-1, 1, out=k)
    w = np.zeros(2)
    np.take(y, [1, 3], out=w)
    np.take(x, [1, 3], None, w)
    f = np.zeros((4, 4))
    np.outer(x, y, f)
    np.dot(f, f.T, np.zeros((4, 4)))
    g = np.zeros((4, 4))
    np.matmul(f, f, out=g)
    np.einsum("ij,jk->ik", g, f, out=f)
    h = np.zeros(4)
    x.dot(f, h)
    f.sum(0, None, k)
    np.concatenate([x[:2], y[:2]], out=z)
    np.mean(f, 1, out=h)
    q, i = (np.zeros(4), np.zeros(4))
    np.modf(x * 3.3, q, i)
    np.modf(x * 3.3, out=(q, i))
    return (
        np.sum(z**2)
        + np.sum(c)
        + np.sum(m**2)
        + np.sum(k * x)
        + np.sum(w)
        + np.sum(f * g) * 0.001
        + np.sum(h)
        + np.sum(q * x)
        + np.sum(i)
    )


@case(V, features="out= and where=")
def outs_where(x):
    y = x * 2.0
    np.sqrt(x, out=y, where=x > 0)
    np.divide(x[:3], y[1:], y[:3], where=x[:3] > 0.5)
    np.multiply(y, 2.0, out=y, where=True)
    return np.sum(y * x)


@case(V, features="np.asarray of an argument")
def argument_itself(x):
    a = np.asarray(x)
    a[0] = x[1] * x[2]
    return np.sum(x * a)


@case(V, features="floats written into integers, derivative zero")
def truncated_writes(x):
    n = np.zeros(4, dtype=int)
    n[0] = x[2]
    n[1:3] = x[1:3] * 3.7
    n[:] = n + 1
    m = np.zeros(4, bool)
    m[:2] = x[:2] > 0
    m[3] = x[1]
    return np.sum(x[m]) + np.sum(n * x)


@case(V, features="augmented items of integers")
def truncated_items(x):
    n = np.arange(4)
    n[1] += 1.7
    n[2] *= x[2]
    return np.sum(n * x)


@case(V, features="partition and sort along an axis in place")
def partitioned_in_place(x):
    y = x**2
    y.partition(2)
    z = x * 1.0
    z.sort()
    s = np.outer(x, x)
    s.sort(axis=0)
    return np.sum(y[:2]) + y[2] * 3 + z[0] * z[3] + np.sum(s * np.arange(16).reshape(4, 4))


@case(V, features="writes to real and imag")
def real_and_imaginary_parts(x):
    z = x + 1j * x[::-1]
    z.real[1] = x[0] ** 2
    z.imag[2:] *= 3.0
    z.imag = z.imag * x
    z.real = 2.0 * z.real
    r = z.real
    r += x
    y = x * 1.0
    y.real[0] = x[3] ** 2
    return np.sum(np.abs(z) ** 2) + np.sum(y * x)


@case(V, features="np.split pieces written to")
def written_pieces(x):
    y = x * 1.0
    a, b = np.split(y, 2)
    a[0] = x[3] ** 2
    b *= a
    p, q, r = np.array_split(y, 3)
    p += 1
    r[0] = q[0]
    t = np.split(y, [1, 3])
    t[1][:] = x[0]
    m = np.outer(y, y)
    u, v = np.hsplit(m, 2)
    u[0] = x[:2]
    vs = np.vsplit(m, 2)
    vs[1][0] *= 3
    return np.sum(y * x) + np.sum(m)


@case(V, features="atleast, newaxis, squeeze, expand_dims written through")
def views_with_more_axes(x):
    y = x * 1.0
    np.atleast_2d(y)[0, 1] = x[0] ** 2
    np.atleast_1d(y)[2] *= 2
    y[:, None][3] = x[1]
    y[None][0, 0] = x[2]
    np.squeeze(y[None])[1] += 1
    np.broadcast_to(y, (2, 4)).sum()
    return np.sum(y * x)


@case(V, features="np.diag of a vector is new")
def matrix_of_a_diagonal(x):
    y = np.diag(x)
    y[0, 1] = x[3]
    return np.sum(y**2)


@case(V, features="np.diagonal sees updates")
def diagonals_seen_again(x):
    y = np.outer(x, x)
    d = np.diagonal(y)
    e = np.diag(y)
    y[1, 1] = x[0]
    y[2] = x
    return np.sum(d**2) + np.sum(e)


@case(V, features="np.asarray, asanyarray, view, astype, ascontiguousarray: the same array or a copy")
def arrays_given_back(x):
    y = x * 1.0
    a = np.asarray(y)
    a[0] = x[1] ** 2
    b = np.asanyarray(y, dtype=float)
    b[1] *= x[2]
    c = y.view()
    c[2] = x[0]
    d = y.astype(float, copy=False)
    d[3] = x[0] * x[1]
    e = y.astype(float)
    e[0] = 100.0
    f = np.array(y)
    f[0] = 50.0
    g = np.ascontiguousarray(y)
    g[1] += 1
    h = np.array(y, copy=False)
    h[1] *= 0.5
    return np.sum(y**2) + e[1] + f[1] + g[0]


def flipped(x, which):
    return np.flip(x) if which else x[::-1][:2]


@case(V, features="a view chosen in a loop, exchanged buffers under a condition, one of two arrays")
def one_of_several(x):
    y, z = x * 1.0, x * 2.0
    for i in range(3):
        w = y if x[i] > 0 else z
        w[i] = w[i + 1] * x[i]
        if x[i] < 1:
            y, z = z, y
        y[i] += z[i]
        part = flipped(y, x[0] > z[1])
        part[0] *= 0.5
    return np.sum(y * x) + z[0]


@case(V, features="a name that may be stale and is not read again")
def stale_and_unread(x):
    y, z = x * 1.0, x * 2.0
    for i in range(3):
        y, z = z, (y if i < 1 else z)
        y[0] *= 2.0
    return np.sum(y**2)


@case([V, W], features="rows of arrays in lists and dicts, filled by a callee")
def views_in_containers(arrays):
    grid = np.zeros((3, 4))
    state = {"top": grid[0], "all": [grid[1], grid.T[2]]}

    def fill(out, v):
        out[:] = v
        out[0] *= 2.0

    fill(state["top"], arrays[0])
    fill(state["all"][0], arrays[1] * grid[0])
    state["all"][1][1:] += grid[0, 1]
    state["top"] += 1.0
    return np.sum(grid**2)
