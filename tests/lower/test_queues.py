"""`collections.deque`: each method, in loops of known and of unknown length, against what Python's does."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from adjoint import Unsupported, grad, value_and_grad
from adjoint.lower.queues import Queue
from adjoint.testing import assert_same, check_grads, numerical_gradient

X = np.array([0.6, -1.2, 2.3, 0.3])


def moving_average(x, n=None):
    window, s = deque(maxlen=3), 0.0
    for i in range(len(x) if n is None else n):
        window.append(x[i] * x[i])
        s += np.mean(window) * len(window) + max(window) + sum(window)
    return s


def window_full_from_the_start(x, n=None):
    window, s = deque([0.0] * 3, maxlen=3), 0.0
    for i in range(len(x) if n is None else n):
        window.append(x[i] * x[i - 1])
        s += window[0] * window[-1] + window[1]
    return s


def memory_of_steps(x, n=4):
    steps, p = deque(maxlen=2), x
    for _ in range(n):
        q = 2 * p * x
        for s in reversed(steps):
            q = q - 0.1 * np.dot(s, q) * s
        new = p - 0.1 * q
        steps.append(new - p)
        p = new
    return np.sum(p**2)


def both_ends(x):
    q = deque([x[0], x[1]])
    q.appendleft(x[2])
    q.extendleft([x[3], 2.0])
    q.extend(x[:2] * 3.0)
    first, last = q.popleft(), q.pop()
    q[1] = first * q[0]
    return sum(v * i for i, v in enumerate(q)) * last + len(q)


def bounded_ends(x):
    q = deque([1.0, x[0], x[1]], 2)
    q.extendleft([x[2], x[3]])
    q.appendleft(x[0] * x[1])
    q += [x[2]]
    return q[0] * q[1] ** 2 + len(q) + q.maxlen


def turned(x):
    q = deque(x)
    q.rotate(-1)
    q.rotate(2)
    q.rotate(7)
    q.reverse()
    other = q.copy()
    other.append(q.pop())
    empty = deque()
    empty.rotate(3)
    return sum(v * i for i, v in enumerate(other)) + sum(i * v * v for i, v in enumerate(reversed(q))) + len(empty)


def in_the_middle(x):
    q = deque([1.0, 2.0, x[0] * x[1]])
    q.remove(2.0)
    q.insert(0, x[2])
    q.insert(-1, x[3])
    q.insert(9, x[0])
    return q[0] * q[2] + q[3] ** 2 * q[4] + q.index(1.0) * x[0] + q.count(1.0) * x[1] + (1.0 in q) * x[2]


def compared(x):
    q = deque([1, 2])
    s = np.sum(x) if q == deque([1, 2]) else np.sum(x**2)
    return s * x[0] if q != [1, 2] and type(q) is deque and not isinstance(q, list) else s


def of_arrays(x):
    q = deque(maxlen=2)
    for i in range(4):
        q.append(x * i)
    rows = np.array(q)
    return np.sum(rows[0] * rows[1]) + np.sum(np.stack(q) ** 2) + np.sum(list(q)[1])


def what_it_is(x):
    q = deque([x])
    s = np.sum(q[0] ** 2) if isinstance(q, deque) and q else 0.0
    q.clear()
    return s + (1.0 if q else np.sum(x))


def in_a_function(x):
    def push(q, v):
        q.append(v)
        return q

    q = deque(maxlen=2)
    for v in x:
        push(q, v * v)
    return q[0] * q[1]


@pytest.mark.parametrize(
    "f",
    [
        moving_average, window_full_from_the_start, memory_of_steps, both_ends, bounded_ends, turned, in_the_middle, compared,
        of_arrays, what_it_is, in_a_function,
    ],
)  # fmt: skip
def test_gradient(f):
    value, _ = value_and_grad(f)(X)
    assert value == pytest.approx(f(X), rel=1e-14)
    check_grads(f, (X,))


@pytest.mark.parametrize("f", [moving_average, window_full_from_the_start, memory_of_steps])
@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_in_a_loop_of_unknown_length(f, n):
    if f is moving_average and n == 0:
        assert value_and_grad(f)(X, n)[0] == 0.0
        return
    value, slope = value_and_grad(f)(X, n)
    assert value == pytest.approx(f(X, n), rel=1e-14)
    assert_same(slope, numerical_gradient(f, (X, n), 0), rtol=1e-6, atol=1e-8)


def test_a_deque_comes_back_as_one():
    def f(x):
        return np.sum(x), deque([x[0], x[1] * x[1]], maxlen=3)

    (_, q), _ = value_and_grad(f, has_aux=True)(X)
    assert type(q) is deque and q.maxlen == 3
    assert list(q) == [X[0], X[1] * X[1]]


def test_an_array_that_it_holds_is_not_written_to_unseen():
    def f(x):
        b, q = x * 1.0, deque(maxlen=2)
        for i in range(4):
            q.append(b)
            b[i] = x[0] * i
        return np.sum(q[0] * q[1] * x)

    check_grads(f, (X,))


def test_what_is_missing_is_refused():
    def f(x):
        q = deque([x[0], x[1]])
        del q[0]
        return q[0]

    def g(x):
        q = deque([x[0], x[1]])
        q.resize(3)
        return q[0]

    with pytest.raises(Unsupported, match="Deleting this"):
        grad(f)(X)
    with pytest.raises(Unsupported, match="`deque` has no attribute `resize`"):
        grad(g)(X)


def test_no_method_of_a_deque_is_missing():
    """One that was would be taken for one that changes nothing, or be refused for no reason."""
    left = {"__delitem__", "__imul__", "__mul__", "__rmul__", "__lt__", "__le__", "__gt__", "__ge__"}  # refused
    of_objects = {name for name in vars(deque) if hasattr(object, name) and name not in ("__init__", "__eq__", "__ne__")}
    rest = {"__class_getitem__", "__hash__", "__reduce__", "__sizeof__", "maxlen", "__copy__", "__doc__"}
    assert set(vars(deque)) - set(vars(Queue)) - left - of_objects - rest == set()
