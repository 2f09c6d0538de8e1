"""Two names for one array, in every way Python offers: right, or refused, never wrong.

`x += v` changes an array for all who see it; `x = x + v` does not.  Each function here once gave, or
could give, the gradient of another program.
"""

import math

import numpy as np
import pytest

import adjoint
from adjoint.testing import check_grads

A = np.array([1.0, 2.0, 3.0, 4.0])


def argument_and_name(x):
    y = x
    y += 1.0
    return np.sum(x * y)


def two_names(x):
    y = x * 2
    z = y
    z *= x
    return np.sum(y)


def view_outlives_update(x):
    y = x * 1.0
    v = y[1:]
    y += x
    return np.sum(v)


def alias_from_the_last_iteration(x, n):
    y = x * 1.0
    for i in range(n):
        z = y
        y = y + x
        z *= 2
    return np.sum(y)


def list_of_one_array(x):
    y = x * 1.0
    ys = []
    for i in range(3):
        y *= x
        ys.append(y)
    return np.sum(ys[0] * ys[2])


def copy_is_independent(x):
    y = x.copy()
    for i in range(3):
        y *= x
    return np.sum(y * x)


def swapped_then_updated(x):
    u = x * 1.0
    v = x * 2.0
    for i in range(3):
        u, v = v, u
        u += v
    return np.sum(u * u) + np.sum(v)


def one_of_two(x, flag):
    y = x * 1.0
    z = y if flag else x * 3.0
    z += 1.0
    return np.sum(y * z)


def reshaped_argument(x):
    y = x.reshape(2, 2)
    y += 1
    return np.sum(x ** 2)


def updated_by_a_function(x):
    def bump(a):
        a += 1.0
        return a

    y = x * 1.0
    bump(y)
    return np.sum(y ** 2)


def item_of_a_list(x):
    lst = [x, x * 2]
    lst[0] *= 3
    return np.sum(x * lst[0])


def number_read_from_an_array(x):
    s = x[0]
    s += x[1]
    return s * x[0]


def loop_with_else(x):
    t = 0.0
    for i in range(len(x)):
        for j in range(i):
            if x[j] > 1.3:
                break
            t += x[i] * x[j]
        else:
            t *= 1.1
    return t


def endless_loop_with_return(x, n):
    while True:
        n -= 1
        if n < 0:
            return x
        x = math.sin(x) + x


def lambdas_with_defaults(x):
    fs = []
    for k in range(3):
        fs.append(lambda y, k=k: y ** (k + 1))
    return sum(f(x) for f in fs)


def nonlocal_sum(x):
    total = 0

    def add(v):
        nonlocal total
        total = total + v * v

    for i in range(3):
        add(x * i)
    return total


def dict_filled_by_enumerate(x):
    d = {}
    for i, k in enumerate("abc"):
        d[k] = x ** i
    return sum(d.values()) * d["b"]


def repeated_indices(x):
    return x[np.array([0, 0, 1])] @ np.array([1., 2., 3.])


def view_chosen_by_a_branch(x):
    if x.sum() > 0:
        y = x[:2]
    else:
        y = x[1:]
    return np.sum(y * y)


def two_targets(x):
    a = b = x * 2
    b = b + 1
    return np.sum(a * b)


def short_circuit(x):
    i = 0
    acc = 1.0
    while i < len(x) and x[i] > 0:
        acc *= x[i]
        i += 1
    return acc


def weak_float32(x):
    return np.float32(2) * x


def updated_after_the_loop(x):
    y = x * 1.0
    ys = []
    for i in range(3):
        y = y * x
        ys.append(y)
    y += 1.0
    return np.sum(ys[0] * ys[2])


def updated_after_it_was_put_in(x):
    y = x * 1.0
    ys = []
    for i in range(3):
        y = y * x
        ys.append(y)
        y *= 2.0
    return np.sum(ys[0] * ys[2])


def read_after_the_loop(x):
    y = x * 1.0
    ys = []
    for i in range(3):
        y = y * x
        ys.append(y)
    return np.sum(ys[0] * ys[2]) + np.sum(y)


def updated_before_it_was_put_in(x):
    y = x * 1.0
    ys = []
    for i in range(3):
        y *= 2.0
        ys.append(y)
        y = y * x
    return np.sum(ys[0] * ys[2]) + np.sum(y)


def item_of_a_comprehension(x):
    ys = [x * 1.0 for i in range(3)]
    z = ys[1]
    z += 1.0
    return np.sum(ys[1] * x)


def rows_updated_after_they_were_put_in(x):
    a = np.outer(x, x)
    rows = [a[i] for i in range(3)]
    a[0] = 0.0
    return np.sum(rows[0] * x) + np.sum(a)


def rows_updated_in_the_loop(x):
    a = np.outer(x, x)
    rows = []
    for i in range(4):
        rows.append(a[i])
        a[i] *= 2
    return np.sum(rows[0] * x) + np.sum(a)


RIGHT = [
    (argument_and_name, (A,)), (two_names, (A,)), (alias_from_the_last_iteration, (A, 3)), (copy_is_independent, (A,)),
    (swapped_then_updated, (A,)), (one_of_two, (A, True)), (one_of_two, (A, False)), (updated_by_a_function, (A,)),
    (item_of_a_list, (A,)), (number_read_from_an_array, (A,)), (loop_with_else, (A / 2,)),
    (endless_loop_with_return, (0.3, 4)), (lambdas_with_defaults, (1.2,)), (nonlocal_sum, (1.3,)),
    (dict_filled_by_enumerate, (1.4,)), (repeated_indices, (A,)), (view_chosen_by_a_branch, (A,)), (two_targets, (A,)),
    (short_circuit, (np.array([1.0, 2.0, -1.0, 3.0]),)), (weak_float32, (2.0,)), (read_after_the_loop, (A,)),
    (updated_before_it_was_put_in, (A,)),
]
REFUSED = [
    (view_outlives_update, (A,)), (list_of_one_array, (A,)), (reshaped_argument, (A,)), (updated_after_the_loop, (A,)),
    (updated_after_it_was_put_in, (A,)), (item_of_a_comprehension, (A,)),
    (rows_updated_after_they_were_put_in, (A,)), (rows_updated_in_the_loop, (A,)),
]


@pytest.mark.parametrize(("fun", "args"), RIGHT, ids=lambda v: getattr(v, "__name__", ""))
def test_right(fun, args) -> None:
    check_grads(fun, args)


@pytest.mark.parametrize(("fun", "args"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_refused_or_right(fun, args) -> None:
    """Refused today; when one is understood, it must be right."""
    try:
        check_grads(fun, args)
    except adjoint.Unsupported as error:
        assert error.spot is not None and error.advice


def written_argument(x, y):
    x[0] = 2.0 * y[0]
    return np.sum(x * y)


def test_arguments_that_share_memory_are_refused_when_one_is_written() -> None:
    x = np.array([1.0, 2.0, 3.0])
    check_grads(written_argument, (x, x.copy()))
    with pytest.raises(adjoint.WrongArgument, match="share memory"):
        adjoint.grad(written_argument)(x, x)
    with pytest.raises(adjoint.WrongArgument, match="share memory"):
        adjoint.grad(written_argument)(x[:2], x[1:])


def _kept_before(x, n):
    now, then = x.copy(), x.copy()
    kept = now
    for _ in range(n):
        then[1:] = 0.9 * now[:-1]
        now, then = then, now
    return np.sum(now**2) + kept[2]


def _kept_inside(x, n):
    now, then = x.copy(), x.copy()
    best = now
    for k in range(n):
        then[1:] = 0.9 * now[:-1]
        now, then = then, now
        if k == 5:
            best = now
    return np.sum(now**2) + np.sum(best)


def _one_overwritten(x, n):
    a, b, c = x.copy(), 2.0 * x, x**2
    for _ in range(n):
        c[1:] = 0.9 * a[:-1] + 0.05 * b[1:]
        a, b, c = b, a, a
    return np.sum(a**2)


def _a_view_of_the_other(x, n):
    now = x.copy()
    then = now[::-1]
    for _ in range(n):
        then[1:] = 0.9 * now[:-1]
        now, then = then, now
    return np.sum(now**2)


@pytest.mark.parametrize("fun", [_kept_before, _kept_inside, _one_overwritten, _a_view_of_the_other])
def test_buffers_exchanged_that_something_else_may_be(fun):
    with pytest.raises(adjoint.AdjointError, match="updated since"):
        adjoint.grad(fun)(np.linspace(0.1, 1.0, 5), 100)
