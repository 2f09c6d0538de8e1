"""Arrays that are written to: names for one array, views, indices that repeat, functions that write."""

from __future__ import annotations

import numpy as np
import pytest

import adjoint
from adjoint.testing import check_grads

X = np.array([0.6, -1.2, 2.3, 0.3])
A = np.arange(1.0, 7.0).reshape(2, 3)


def repeated_places(x):
    y = np.zeros(3)
    y[[0, 0, 2]] = x[:3]  # the second write to y[0] counts
    y[[1, 1]] += x[2:] ** 2
    return np.sum(y * y)


def repeated_places_of_a_scalar(x):
    y = x * 1.0
    y[[1, 1, 3]] = x[0] ** 2
    return np.sum(y * x)


def pairs_of_indices(a):
    b = a * 1.0
    b[[0, 1, 0], [2, 0, 2]] = a[0] ** 2
    return np.sum(b * a)


def masked(x):
    y = x * 1.0
    y[x > 0] *= x[x > 0]
    y[y < 0] = 0.5
    return np.sum(y)


def broadcast_into_rows(a):
    b = np.zeros((2, 3))
    b[:] = a[0] ** 2
    b[1] -= a[1, 0]
    return np.sum(b * a)


def view_sees_and_is_seen(x):
    y = x * 1.0
    head, tail = y[:2], y[2:]
    y[0] = x[3] ** 2
    head *= tail
    tail[:] = head + 1.0
    return np.sum(y * x) + np.sum(head) * tail[0]


def view_of_a_view(a):
    b = a * 1.0
    row = b[1]
    part = row[:2]
    part *= a[0, :2]
    row[2] = part[0]
    return np.sum(b**2)


def transposed_view(a):
    b = a * 1.0
    t = b.T
    t[0] = a[:, 1] ** 2
    b[1] *= 2.0
    return np.sum(t[:, 1] * a[0])


def view_from_before_the_loop(x):
    y = x * 1.0
    tail = y[1:]
    for i in range(3):
        y[:] = np.tanh(y) + 0.1 * i
        tail -= 0.1 * x[1:]
    return np.sum(tail**2) + y[0]


def view_looked_at_in_an_inner_loop(x):
    y = x * 1.0
    tail = y[1:]
    total = 0.0
    for _ in range(2):
        y *= 1.1
        for j in range(3):
            total = total + tail[j] ** 2 * j
    return total


def view_in_a_list(x):
    y = x * 1.0
    rows = [y, y[::-1]]
    rows[1] += 0.5 * x
    return np.sum(y * x) + rows[1][0] ** 2


def array_that_the_loop_goes_over(x):
    y = x * 1.0
    total = 0.0
    for i, item in enumerate(y):
        total = total + item**2
        y[-1] = y[-1] * 0.5 + i
    return total + np.sum(y)


def written_by_a_closure(x):
    y = np.zeros(4)

    def put(i, value):
        y[i] = value * y[i - 1] + x[i]

    for i in range(4):
        put(i, x[0])
    return np.sum(y**2)


def one_of_two_branches(x):
    y = x * 1.0
    if x[0] > 0:
        y[1] = x[2] ** 2
    else:
        y[2] = 0.0
    z = y
    z[3] = y[1] * y[3]
    return np.sum(y * z)


def writes_through_functions(x):
    y = np.empty(4)
    np.copyto(y, x)
    np.add.at(y, [0, 0, 1], x[:3])
    np.multiply(y, x, out=y)
    y.sort()
    z = np.zeros((2, 2))
    np.fill_diagonal(z, x[0])
    return np.sum(y * np.arange(4.0)) + np.sum(z**2)


def result_is_independent(x):
    x[0] = x[1] ** 2
    return np.sum(x**2)


def written_through_a_reshape(x):
    y = x * 1.0
    z = y.reshape(2, 2)
    z[0, 0] = x[1]
    z.T[1] *= z[0]
    return np.sum(y**2)


def reshape_of_what_is_in_pieces(x):
    y = np.outer(x, x)
    part = y[:, 1:3]
    flat = part.ravel()  # a copy
    flat[0] = 100.0
    rows = y[1:3].ravel()  # a view
    rows[2] = x[0] ** 3
    return np.sum(y**2) + flat[1] * rows[0]


def parts_of_views(x):
    y = np.outer(x, x)
    rows, columns, corner = y[1:], y.T[::-1], y[2:, 2:]
    rows[1, 2] = x[0] ** 2
    columns[0, 1] *= rows[0, 0]
    corner[-1] += rows[1, :2]
    rows[-2:][0][1:3][1] = columns[3, 3] * x[1]
    np.swapaxes(y, 0, 1)[1] -= x
    np.moveaxis(y, 0, 1)[2:, 0] = x[:2]
    np.expand_dims(y, 0)[0, 0] *= 0.5
    y[:1].squeeze()[1:] += 1.0
    return np.sum(y * np.arange(16.0).reshape(4, 4)) + np.sum(corner**2)


def one_of_two_arrays(x):
    y, z = x * 1.0, x * 2.0
    w = y if x[0] > 0 else z
    w[0] = 5.0 * x[1]
    y[1] = w[0] * x[2]
    w[2] += w[1]
    return np.sum(y * z) + np.sum(w**2)


def one_of_two_views(x):
    y, z = x * 1.0, x * 2.0
    if x[1] > 0:
        w = y[1:]
        k = 2
        v = w[:k]
    else:
        w = z[::-1]
        v = z.copy()[1:3]
    w[0] = 5.0 * x[1]
    v[1] = w[0] ** 2
    y[1] *= 3.0
    z[1] *= 2.0
    return np.sum(y * z) + np.sum(w**2) + v[0] * v[1]


def exchanged_if(x):
    y, z = x * 1.0, x * 2.0
    for i in range(3):
        z[1:] = y[:-1] * x[i]
        if x[i] > 0:
            y, z = z, y
        y[i] += z[i]
    return np.sum(y * x) + z[0]


def exchanged_without_a_pattern(x):
    y, z = x * 1.0, x * 2.0
    for i in range(3):
        y, z = z, (y if i < 1 else z)
        y[0] *= 2.0
    return np.sum(y)  # z may be the same array, and is not read


def items_by_number(x):
    s = [x * 1.0, x * 2.0, np.zeros(4)]
    for i in range(3):
        e = s[i]
        s[i - 1][i] += e[0] * x[1]
        e[1] = 3 * x[0]
    return np.sum(s[0] * s[1] * s[2])

def one_array_twice_in_a_list(x):
    y = x * 1.0
    s = [y, y, x * 2]
    for i in range(3):
        s[i][i] += y[0]
        y[1] *= 1.5
    return np.sum(s[0] * s[2])

def item_kept_when_it_is_replaced(x):
    s = [x * 1.0, x * 2.0]
    for i in range(2):
        e = s[i]
        s[i] = x * 3.0
        e[0] = 5.0
        s[i][1] = e[0] * x[2]
    return np.sum(s[0] * s[1])

def items_exchanged(x):
    s = [x * 1.0, x * 2.0]
    for i in range(2):
        s[0], s[1] = (s[1], s[0])
        s[i][i] = x[3]
        s[1 - i] += 1
    return np.sum(s[0] * s[1])

def rows_and_columns_in_lists(x):
    a = np.outer(x, x)
    rows = [a[i] for i in range(4)]
    cols = list(a.T)
    for i in range(4):
        rows[i][0] = x[i] * 2
        cols[i][1] += rows[i - 1][2]
    return np.sum(a * a) + rows[1][1]

def appended_and_still_named(x):
    s = []
    for i in range(3):
        b = x * i
        s.append(b)
        b[0] = 7.0 * x[0]
        s[0][1] += 1
    b[1] = x[2]
    return np.sum(s[2] * x) + np.sum(s[0])

def item_chosen_and_list_copied(x):
    s = [x * 1.0, x * 2.0]
    e = s[0] if x[0] > 0 else s[1]
    for i in range(2):
        s[i][1:] *= e[:-1]
        e[0] = s[i][2]
        t = s.copy() if i else list(s)
        t[0][3] += 1
        t[0] = x
    return np.sum(s[0] * s[1]) + np.sum(t[0] * t[1])

def views_of_items(x):
    s = [x * 1.0, x * 2.0]
    for i in range(2):
        m = s[i].reshape(2, 2)
        m[0] = m[1] * x[0]
        v = s[i][1:]
        v[0] = x[3]
        w = s[1 - i]
        w += v[1]
    return np.sum(s[0] * s[1])


CASES = [
    (repeated_places, X), (repeated_places_of_a_scalar, X), (pairs_of_indices, A), (masked, X), (broadcast_into_rows, A),
    (view_sees_and_is_seen, X), (view_of_a_view, A), (transposed_view, A), (view_from_before_the_loop, X),
    (view_looked_at_in_an_inner_loop, X), (view_in_a_list, X), (array_that_the_loop_goes_over, X),
    (written_by_a_closure, X), (one_of_two_branches, X), (writes_through_functions, X), (result_is_independent, X),
    (written_through_a_reshape, X), (reshape_of_what_is_in_pieces, X), (parts_of_views, X), (one_of_two_arrays, X),
    (one_of_two_arrays, -X), (one_of_two_views, X), (one_of_two_views, -X), (exchanged_if, X), (exchanged_if, -X),
    (exchanged_without_a_pattern, X),
    (items_by_number, X),
    (one_array_twice_in_a_list, X),
    (item_kept_when_it_is_replaced, X),
    (items_exchanged, X),
    (rows_and_columns_in_lists, X),
    (appended_and_still_named, X),
    (item_chosen_and_list_copied, X),
    (views_of_items, X),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_gradient(f, x):
    check_grads(f, (x.copy(),))


def integers_updated_with_floats(x):
    n = np.arange(4)
    n += x
    return np.sum(n * x)


def part_of_integers_updated_with_floats(x):
    n = np.arange(4)
    n[1:] *= 0.5
    return np.sum(n * x)


def reals_updated_with_complex(x):
    y = np.zeros(4)
    y[0] = x[0] * 1j
    return np.sum(y * x)


def assigns_its_reverse_to_flat(x):
    y = x * 1.0
    y.flat[:] = y[::-1]
    return np.sum(y * x)


def assigned_to_flat_whole(x):
    y = np.outer(x, x)
    y.flat = y.T
    return np.sum(y[0] * x)


def joined_over_itself(x):
    y = x * 1.0
    np.concatenate((x[:1], y[:-1]), out=y)
    return np.sum(y * x)


def stacked_over_itself(x):
    y = np.outer(x, x)
    np.stack((y[1], y[0]), out=y[:2])
    return np.sum(y[0] * x)


def placed_over_itself(x):
    y = x * 1.0
    np.place(y, y > 0.5, y)
    return np.sum(y * x)


def loops_with_nditer(x):
    y = x * 1.0
    for v in np.nditer(y, op_flags=["readwrite"]):
        v[...] = 2 * v
    return np.sum(y * x)


def resizes(x):
    y = x * 1.0
    y.resize((2, 3))
    return np.sum(y**2)


def sets_the_shape(x):
    y = x * 1.0
    y.shape = (2, 2)
    return np.sum(y**2)


def where_without_out(x):
    return np.sum(np.log(x, where=x > 0))


def perhaps_a_view(x):
    y = np.outer(x, x)
    for _ in range(2):
        y = y.T @ y  # how the last one lies in memory is not followed
    y.reshape(16)[0] = x[1]
    return np.sum(y)


def read_when_it_may_be_another(x):
    y, z = x * 1.0, x * 2.0
    kept = y
    for i in range(3):
        y = z if i == 1 else y
        if i == 2:
            kept = y
    y[0] = 5.0
    z[1] = 3.0
    return np.sum(kept)


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (integers_updated_with_floats, "array of integers"),
        (part_of_integers_updated_with_floats, "array of integers"),
        (assigns_its_reverse_to_flat, "reads it while it is written"),
        (assigned_to_flat_whole, "reads it while it is written"),
        (joined_over_itself, "reads it while it is written"),
        (stacked_over_itself, "reads it while it is written"),
        (placed_over_itself, "reads it while it is written"),
        (loops_with_nditer, "may be no array"),
        (resizes, "changes its argument in place"),
        (sets_the_shape, "`shape` of an array is assigned"),
        (where_without_out, "Without `out=`"),
        (reals_updated_with_complex, "imaginary part"),
        (perhaps_a_view, "may be a view"),
        (read_when_it_may_be_another, "may be the same array as another"),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_refused(f, what):
    with pytest.raises(adjoint.AdjointError, match=what):
        adjoint.grad(f)(X.copy())


def written_through_ravel(x):
    flat = x.ravel()
    flat[1] = x[0, 0] ** 2
    return np.sum(x**2 * flat[2])


def test_whether_an_argument_lies_in_one_piece_is_part_of_what_the_gradient_is_for():
    gradient = adjoint.grad(written_through_ravel)
    whole = np.arange(1.0, 5.0).reshape(2, 2)
    for a in (whole, whole.T, np.arange(1.0, 9.0).reshape(2, 4)[:, ::2], whole.copy()):
        expected = np.zeros(a.shape)
        for at in np.ndindex(a.shape):
            step = np.zeros_like(a)  # which lies in memory as `a` does
            step[at] = 1e-6
            ends = [a + step, a - step] if a.flags.forc else [np.repeat(a + s, 2, axis=1)[:, ::2] for s in (step, -step)]
            expected[at] = (written_through_ravel(ends[0]) - written_through_ravel(ends[1])) / 2e-6
        assert np.allclose(gradient(a), expected, rtol=1e-6)


def writes_to_a_diagonal(x):
    y = np.outer(x, x)
    np.diagonal(y)[:] = 0.0
    return np.sum(y)


def test_what_numpy_does_not_let_be_written_to_raises():
    with pytest.raises(ValueError, match="read-only"):
        adjoint.grad(writes_to_a_diagonal)(X)


def fills_rows(x):
    a = np.zeros((4, 4))
    for i in range(4):
        row = a[i]
        for k in range(1, 4):
            row[k] = row[k - 1] * x[i] + 1.0
    return np.sum(a)


def test_a_write_through_a_view_costs_the_size_of_the_part():
    check_grads(fills_rows, (X,))
    text = adjoint.source(fills_rows, X)
    assert "a[i, k] = " in text and "array_set(" not in text and "copy" not in text
