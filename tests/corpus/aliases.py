"""Written arrays of more than one name: aliases, views, arguments of callees, arrays in containers and attributes."""

import numpy as np

from .registry import group

case = group("writes")

V = np.array([0.6, -1.2, 2.3, 0.3])
W = np.array([1.5, 0.2, -0.7, 1.1])
A = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])
S = np.array([[3.0, 0.5, -0.2], [0.1, 2.5, 0.7], [0.4, -0.3, 4.0]])


@case(V, features="mutating augmented assignment, every alias sees it")
def mutates_aliases(x):
    y = x * 2
    z = y
    z += x**2
    return np.sum(y * z)


@case(V, features="x = x + v does not mutate")
def rebinds_not_mutates(x):
    y = x * 2
    z = y
    z = z + x**2
    return np.sum(y * z)


@case(V, W, features="all augmented operators on arrays")
def augmented_arrays(x, y):
    z = x.copy()
    z += y
    z *= z
    z -= 2.0 * x
    z /= y + 3
    z **= 2
    return np.sum(z)


@case(A, S, features="in-place matmul")
def augmented_matmul(a, s):
    b = a * 1.0
    b @= s
    b += 1.0
    return np.sum(b**2)


@case(V, W, features="buffers exchanged in a loop")
def swapped_buffers(x, y):
    new, old = x.copy(), y.copy()
    for _ in range(3):
        new[1:-1] = old[:-2] * old[2:]
        new[0] = old[-1]
        new, old = old, new
    return np.sum(new * old[::-1])


@case(V, 80, features="buffers exchanged in a loop that is not unrolled")
def swapped_many_times(x, n):
    new, old = x.copy(), 0.5 * x
    for _ in range(n):
        for i in range(1, len(x)):
            new[i] = 0.6 * np.sin(old[i - 1]) + 0.5 * old[i]
        new, old = old, new
    return np.sum(new * x)


@case(V, W, 80, features="arguments rotated among three names in a loop")
def rotated_many_times(x, y, n):
    z = x * y
    for _ in range(n):
        x[1:] = 0.6 * y[:-1] + 0.3 * z[1:] * z[0]
        x, y, z = y, z, x
    return np.sum(x * y + z**2)


@case(V, features="write through a row view")
def writes_through_row(x):
    a = np.outer(x, x)
    row = a[1]
    row[:] = x * 2
    row[0] += 5 * x[3]
    a[1, 2] = 0.0
    return np.sum(a**2) + row[2] + row[3]


@case(V, features="view of a view")
def view_of_view(x):
    y = x * 1.0
    tail = y[1:]
    last = tail[1:]
    last[0] = x[0] ** 2
    tail[0] = last[0] * 3
    last += tail[:2]
    return np.sum(y**2)


@case(V, features="a view read after its base is written, and a copy")
def view_sees_update(x):
    y = x**2
    v = y[:2]
    c = y[:2].copy()
    y[0] = 7.0 * x[3]
    return v[0] * c[0] + np.sum(y * 2)


@case(A, features="write through the transpose")
def writes_through_transpose(a):
    b = a.copy()
    t = b.T
    t[2, 0] = a[0, 1] * 4
    t[0] *= a[0, 0]
    return np.sum(b**3)


@case(V, features="write through reshape, ravel")
def writes_through_reshape(x):
    y = x * 2
    m = y.reshape(2, 2)
    m[0, 1] = x[3] ** 2
    m[1] += m[0]
    f = m.ravel()
    f[0] = 1.0
    return np.sum(y**2)


@case(A, features="flatten is a copy, flat writes")
def flat_and_flatten(a):
    b = a.copy()
    c = b.flatten()
    c[0] = 100.0
    b.flat[1] = a[1, 1] ** 2
    return np.sum(b**2) + c[1] * c[5]


@case(S, features="diagonal, fill_diagonal")
def diagonals(s):
    a = s.copy()
    np.fill_diagonal(a, s[0] ** 2)
    b = s @ s
    np.fill_diagonal(b, 0.0)
    a[np.arange(3), [1, 2, 0]] = 0.5
    return np.sum(a * s) + np.sum(b)


def fills(out, x, scale=1.0):
    for i in range(len(out)):
        out[i] = scale * x[i] ** 2


@case(V, features="an array filled by another function")
def filled_by_callee(x):
    y = np.zeros(4)
    fills(y, x)
    fills(y[:2], y[2:], scale=x[0])
    return np.sum(y)


def scales_rows(a, factors):
    for row, f in zip(a, factors):
        row *= f
    a[0, 0] = 1.0


@case(A, np.array([2.0, -0.5]), features="a parameter's rows written by a callee")
def rows_written_by_callee(a, factors):
    scales_rows(a, factors)
    return np.sum(a**2)


@case(A, features="kernel in its argument, in a lambda's tuple")
def kernel_then_sum(A):
    def kernel(B):
        B[1:] += B[:-1] * 2
        B[0] = B[1] ** 2

    return (kernel(A), np.sum(A))[1]


@case([V, W], features="arrays in a list, written through")
def arrays_in_a_list(arrays):
    arrays[0][1] = arrays[1][0] ** 2
    first = arrays[0]
    first *= 2
    arrays[1] = arrays[1] + first
    arrays[1][0] = 0.0
    return np.sum(arrays[0] * arrays[1])


@case({"u": V, "v": W}, features="arrays in a dict, written through")
def arrays_in_a_dict(state):
    u, v = state["u"], state["v"]
    u[1:] += v[:-1]
    state["v"][0] = u[1] * u[2]
    state["u"] *= 0.5
    return np.sum(state["u"] ** 2) + np.sum(v)


class Grid:
    def __init__(self, u):
        self.u = u
        self.old = np.zeros_like(u)

    def step(self):
        self.old[:] = self.u
        self.u[1:-1] = 0.5 * (self.old[:-2] + self.old[2:])
        self.u[0] = self.u[1] * self.u[2]


@case(V, features="arrays in attributes, written through")
def arrays_in_attributes(x):
    grid = Grid(x * 1.0)
    grid.step()
    grid.u[2] *= 2.0
    grid.step()
    return np.sum(grid.u * grid.old)


@case(V, features="list of rows that are views")
def views_in_a_list(x):
    a = np.zeros((3, 4))
    rows = [a[i] for i in range(3)]
    rows[0][:] = x
    rows[1] += rows[0] ** 2
    for r in rows:
        r[0] += x[1]
    return np.sum(a**2)


@case(V, features="view chosen at run time")
def chosen_view(x):
    y = x * 1.0
    part = y[:2] if x[0] > 0 else y[2:]
    part *= 3.0
    return np.sum(y**2)


@case(V, features="parameter rebound, then written")
def rebound_then_written(x):
    total = np.sum(x)
    x = x * 2
    x[0] = total
    y = x
    x = x + 1
    y[1] = x[2] ** 2
    return np.sum(x * y)
