"""`copy.copy`, `copy.deepcopy`, and writes that are spelled as calls."""

from __future__ import annotations

import copy
import operator
from dataclasses import dataclass, field

import numpy as np
import pytest

from adjoint import AdjointError, grad
from adjoint.testing import check_grads

X = np.array([0.6, -1.2, 2.3, 0.3])


@dataclass
class State:
    u: np.ndarray
    past: list = field(default_factory=list)


def arrays(x):
    y = x * x
    a, b = copy.copy(y), copy.deepcopy(y)
    a[0], b[1], y[2] = x[3], x[0] * 2.0, 5.0
    return np.sum(a * x) + np.sum(b * a) + np.sum(y * x)


def shallow_list(x):
    items = [x * 1.0, x * 2.0]
    other = copy.copy(items)
    other[0][1] = x[0] * x[0]  # seen in both
    other[1] = x
    return np.sum(items[0] * items[1]) + np.sum(other[1] ** 3)


def deep_list(x):
    items = [x * 1.0, (x * 2.0, 3.0)]
    other = copy.deepcopy(items)
    other[0][1] = x[0] * x[0]
    other[1][0][2] *= x[1]
    return np.sum(items[0] * items[1][0]) + np.sum(other[0] * other[1][0]) * other[1][1]


def twice_in_one(x):
    u = x * 1.0
    both = copy.deepcopy({"a": u, "b": u})
    both["a"][0] = x[1] * x[1]  # seen in b, and not in u
    return np.sum(both["b"] * x) + np.sum(u)


def objects(x):
    first = State(x * 1.0)
    near, far = copy.copy(first), copy.deepcopy(first)
    near.u[0] = x[1] * 2.0  # seen in first
    far.u[0] = 7.0
    far.past.append(far.u * x)
    near.u = x**2
    return np.sum(first.u * x) + np.sum(far.u * near.u) + np.sum(far.past[0]) + len(first.past)


def numbers(x):
    s = copy.deepcopy(x[0]) * copy.copy(x[1])
    return s * copy.deepcopy([x[0], 2.0])[0]


def in_a_loop(x):
    u, past = x * 1.0, []
    for i in range(4):
        past.append(copy.deepcopy(u))
        u[i] = u[i - 1] * x[i]
    return sum(np.sum(p * x) for p in past)


def writes_as_calls(x):
    y = x * 1.0
    operator.setitem(y, 0, x[1] * x[2])
    y.__setitem__(slice(1, 3), x[:2] ** 2)
    same = operator.iadd(y, x)
    same.__imul__(x)
    rows = [y, x]
    rows.__setitem__(1, y * y)
    return np.sum(y) + np.sum(rows[1] * same)


@pytest.mark.parametrize(
    "f", [arrays, shallow_list, deep_list, twice_in_one, objects, numbers, in_a_loop, writes_as_calls]
)
def test_gradient(f):
    check_grads(f, (X,))


class Own:
    def __init__(self, u):
        self.u = u

    def __deepcopy__(self, memo):
        return Own(self.u * 2.0)


def a_class_that_copies_itself(x):
    return np.sum(copy.deepcopy(Own(x)).u)


def test_a_class_that_copies_itself_is_refused():
    with pytest.raises(AdjointError):
        grad(a_class_that_copies_itself)(X)
