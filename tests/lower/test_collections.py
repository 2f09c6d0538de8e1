"""Lists, dicts, sums and iterators mean what they mean in Python: each program against differences and its own value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from adjoint import grad, value_and_grad
from adjoint.testing import check_grads

X = np.array([0.3, 0.5, 0.7])
WEIGHTS = [1.0, 2.0, 3.0]


def right(f, x=X):
    value, gradient = value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-13)
    check_grads(f, (x,))
    np.testing.assert_allclose(gradient, grad(f, optimize=False)(x), rtol=1e-13)


def positive(x):
    """A list of a length that is not known."""
    kept = []
    for v in x:
        if v > 0.1:
            kept.append(v * v)
    return kept


# --- objects with operators -------------------------------------------------------------------------


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __add__(self, other):
        return Pair(self.a + other.a, self.b + other.b)

    def __radd__(self, other):
        return self if other == 0 else NotImplemented

    def __mul__(self, k):
        return Pair(self.a * k, self.b * k)

    __rmul__ = __mul__


def objects_added(x):
    p = Pair(x[0], x[1]) * 2 + 3 * Pair(x[2], 1.0) * x[0]
    return p.a * p.b


def objects_summed(x):
    p = sum([Pair(x[0], x[1]), Pair(x[2], x[0])])
    return p.a * p.b


# --- sums -------------------------------------------------------------------------------------------


def truths_counted(x):
    return sum(v > 0.4 for v in x) * x[0] + sum([True, False, True]) * x[1] + sum(x > 0.4) * x[2]


def sum_of_one_array(x):
    a = x.copy()
    total = sum([a])
    total *= 2.0
    return np.sum(a * total)


def sum_of_one_array_written_to(x):
    a = x.copy()
    total = sum(v for v in (a,))
    total[0] = 5.0
    return np.sum(a * total)


# --- keys of dicts ----------------------------------------------------------------------------------


def order_of_a_key_met_again(x):
    s = 0.0
    for v in {i % 2: v for i, v in enumerate(x)}.values():
        s = s * 3.0 + v
    return s


def equal_keys(x):
    d = {1: x[0], False: x[2]}
    d[True] = x[1]
    return d[1.0] ** 2 * len(d) + d[0] * d[x[0] > 1.0] + d.pop(1.0)


def got_by_what_is_computed(x):
    d, s = {0: x[0], 1: x[1]}, 0.0
    for i in np.arange(4):
        s += d.get(i, x[2]) ** 2 * (i + 1) + (0.0 if d.get(i) is None else x[1])
    return s


def keys_of_text(x):
    d = {f"w{i}": x[i] for i in range(3)}
    for i in range(3):
        d["b" + str(i)], d[f"q{i:02d}"] = x[i] * x[0], 2.0 * x[i]
    return d["w1"] * d["b2"] + d["q02"] * len(d) + sum(d[f"w{i}"] * (i + 1) for i in range(3))


# --- lists that are changed, and those that are replaced --------------------------------------------


def times_array_is_another(x):
    first = second = [1.0, 2.0, 3.0]
    first *= x
    return np.sum(first**2) + sum(second) * x[0]


def plus_array_is_another(x):
    first = second = positive(x)
    first += x
    return np.sum(first**2) + sum(second) * x[0]


def global_list_times_array(x):
    w = WEIGHTS
    w *= x
    return np.sum(w**2) + sum(WEIGHTS) * x[0]


def extended_by_tuples(x):
    first = second = [x[0], x[1]]
    first += (x[2],)
    third = fourth = positive(x)
    third += (x[2], x[0])
    third += (v for v in x)
    return sum(second) * len(second) + sum(fourth) * len(fourth) + first[2]


class Step(NamedTuple):
    size: float
    slope: float = 1.0


def namedtuples_in_a_list(x):
    steps = []
    for v in x:
        if v > 0.1:
            steps.append(Step(v, v * v))
    return sum(s.size * s.slope for s in steps) + steps[-1].slope * steps[0][0]


PROGRAMS = [
    objects_added, objects_summed, truths_counted, sum_of_one_array, sum_of_one_array_written_to, order_of_a_key_met_again,
    equal_keys, got_by_what_is_computed, keys_of_text, times_array_is_another, plus_array_is_another, global_list_times_array,
    extended_by_tuples, namedtuples_in_a_list,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_right(f):
    right(f)
    assert WEIGHTS == [1.0, 2.0, 3.0]
