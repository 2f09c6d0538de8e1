"""Lists, dicts, sums and iterators mean what they mean in Python: each program against differences and its own value."""
# ruff: noqa: B905, C417

from __future__ import annotations

from functools import lru_cache, wraps
from itertools import compress, count, cycle, dropwhile, islice, repeat, takewhile, tee, zip_longest
from typing import NamedTuple

import numpy as np
import pytest

from adjoint import Unsupported, grad, value_and_grad
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


# --- iterators --------------------------------------------------------------------------------------


def taken_twice(x):
    squares, tripled, large = (v * v for v in x), map(lambda v: 3.0 * v, x), filter(lambda v: v > 0.4, x)
    pairs, numbered, back = zip(x, x[::-1]), enumerate(x), reversed(x)
    s = sum(squares) + sum(tripled) + sum(large) + sum(p * q for p, q in pairs) + sum(i * v for i, v in numbered)
    s += sum(v * x[0] for v in back)
    return s + 5.0 * (sum(squares) + sum(tripled) + sum(large) + sum(p for p, _ in pairs) + sum(i for i, _ in numbered) + sum(back))


def taken_twice_of_unknown_length(x):
    squares, pairs = (v * v for v in positive(x)), zip(positive(x), x)
    s = sum(squares) + sum(p * q for p, q in pairs)
    return s + 5.0 * (sum(squares) + sum(p for p, _ in pairs) + x[0])


def neighbours_by_one_iterator(x):
    parts = iter([x[0], x[1], x[2], x[0] * x[1]])
    again = iter(np.concatenate([x, x * x]))
    return sum(a * b * b for a, b in zip(parts, parts)) + sum(a * b * b for a, b in zip(*[again] * 2))


def what_a_shorter_one_leaves(x):
    rest = iter([x[0], x[1], x[2], x[0] * x[1], x[2] * x[0]])
    head = sum(i * v for v, i in zip(rest, range(2)))
    return head + 3.0 * sum(v * v for v in rest)


def stepped_by_next(x):
    pairs, rest = zip(x, WEIGHTS), (v * v for v in positive(x))
    a, b = next(pairs)
    first, second = next(rest), next(rest)
    s = a * b + sum(p * q * q for p, q in pairs) + first * second
    return s + sum(rest) + next(rest, 3.0) * x[0] + next((v * v for v in x if v > 0.6), 0.0) * next((v for v in x if v > 9.0), x[1])


def taken_in_a_loop(x):
    squares, s = (v * v for v in x), x[0]
    for _ in range(2):
        s = s * s + sum(squares) + x[1]
    return s


def passed_on(x):
    def total(items):
        return sum(items) + 2.0 * sum(items)

    def pairs(a, b):
        return zip(a, b)

    return total(v * v for v in x) + sum(p * q for p, q in pairs(x, WEIGHTS)) + total(map(np.sin, x))


ITERATORS = [
    taken_twice, taken_twice_of_unknown_length, neighbours_by_one_iterator, what_a_shorter_one_leaves, stepped_by_next,
    taken_in_a_loop, passed_on,
]  # fmt: skip


@pytest.mark.parametrize("f", ITERATORS, ids=lambda f: f.__name__)
def test_iterators(f):
    right(f)


def changed_under_a_generator(x):
    y = x.copy()
    squares = (v * v for v in y)
    y[0] = 2.0 * x[1]
    return sum(squares)


def rebound_under_a_generator(x):
    k = 1.0
    scaled = map(lambda v: v * k, x)
    k = x[1]
    return sum(scaled) * k


def left_by_break(x):
    rest, s = iter([x[0], x[1], x[2]]), 0.0
    for v in rest:
        if v > 0.4:
            break
        s += v * v
    return s + sum(rest)


def taken_on_one_side(x):
    squares = (v * v for v in x)
    s = sum(squares) if x[0] > 0.0 else x[0]
    return s + sum(squares)


REFUSED = [changed_under_a_generator, rebound_under_a_generator, left_by_break, taken_on_one_side]


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_iterators_refused(f):
    with pytest.raises(Unsupported, match="this iterator"):
        grad(f)(X)


# --- what may be a list, an array or a number -------------------------------------------------------


def either(x):
    """A list for one x, an array for another."""
    return positive(x) if x[0] > 0.0 else x * x


def joined_or_added(x):
    y = either(x)
    return np.sum(np.array(y + y)[:3] * [1.0, 2.0, 3.0]) * x[1] + np.sum(np.array(y + y)[-1:] ** 2)


def joined_or_added_to_a_list(x):
    y = either(x)
    right = np.array(y + [x[0], x[1], x[2]])
    left = np.array([2.0 * x[0]] + y)
    return np.sum(right * np.arange(len(right))) + np.sum(left * left * x[1])


def repeated_or_multiplied(x):
    y = np.array(either(x) * 2)
    k = 2 if x[0] > 0.0 else x
    z, w = np.array(positive(abs(x)) * k), np.array([x[0], 2.0, x[1]] * k)
    return np.sum(y * np.arange(len(y))) + np.sum(z * np.arange(len(z))) + np.sum(w * np.arange(len(w)))


def number_or_array_of_two_names(x):
    y = x[0] * 1.0 if x[0] > 0.0 else x * 1.0
    z = y
    y += x[1]
    y *= 2.0
    return np.sum(z) * np.sum(y)


def list_or_array_of_two_names(x):
    y = either(x)
    z = y
    y += [x[0]]
    return np.sum(z) * np.sum(y) * len(z)


UNKNOWN = [
    joined_or_added, joined_or_added_to_a_list, repeated_or_multiplied, number_or_array_of_two_names, list_or_array_of_two_names,
]  # fmt: skip


@pytest.mark.parametrize("x", [X, np.array([-0.3, 0.5, 0.7])], ids=["one", "other"])
@pytest.mark.parametrize("f", UNKNOWN, ids=lambda f: f.__name__)
def test_unknown(f, x):
    right(f, x)


# --- what is common, and was refused ----------------------------------------------------------------


def tables_of_lists(x):
    n = len(x)
    cost = [[0.0] * (n + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            cost[i][j] = (x[i - 1] - x[j - 1] ** 2) ** 2 + min(cost[i - 1][j], cost[i][j - 1])
    rows = [[] for _ in range(3)]
    for i in range(3):
        rows[i].append(x[i])
        rows[(i + 1) % 3].append(x[i] ** 2)
    return cost[n][n] + sum(r[0] * r[1] for r in rows)


def best_by_a_key(x):
    i = max(range(len(x)), key=lambda i: x[i] * (1.0 - x[i]))
    j = min(range(3), key=x.__getitem__)
    best = max(positive(x), key=lambda v: -v) + min(positive(x), key=abs)
    return x[i] ** 2 * x[j] + best * max(zip(positive(x), WEIGHTS), key=lambda p: -p[1])[0]


def sorted_by_a_key(x):
    pairs = sorted(zip(positive(x), WEIGHTS), key=lambda p: -p[1])
    kept = positive(x)
    kept.sort(key=lambda v: -v)
    return pairs[0][0] * 3.0 + pairs[-1][1] * x[0] + kept[0] * kept[-1] ** 2 + sorted(positive(x), key=np.cos, reverse=True)[1]


def by_itertools(x):
    s = sum(a * b for a, b in zip_longest(x, [1.0, 2.0], fillvalue=3.0))
    s += sum(a * b for a, b in zip_longest(positive(x), [1.0, 2.0, 3.0, 4.0], fillvalue=x[1]))
    s += sum(takewhile(lambda v: v < 0.6, x)) * sum(dropwhile(lambda v: v < 0.4, x))
    s += sum(a * b for a, b in zip(repeat(x[0]), WEIGHTS)) + sum(i * v for i, v in zip(count(1), x))
    s += sum(a * b for a, b in zip(cycle([1.0, x[2]]), x)) + sum(compress(x, [1, 0, 1])) ** 2
    first, second = tee(v * v for v in x)
    return s * sum(first) * sum(second) + sum(v * v for v in islice(x, 1, None))


def zips_of_zips(x):
    return sum(a * b * c for (a, b), c in zip(zip(x, x[::-1]), WEIGHTS)) + sum(
        i * a * b for (i, a), b in zip(enumerate(reversed([x[0], x[1], x[2]])), WEIGHTS)
    )


def sets_of_numbers(x):
    s = {0, 1}
    s.add(2)
    t, u = s | {0}, s & {1, 5}
    s -= {1}
    s.remove(0)
    return sum(x[i] for i in sorted(t)) * sum(x[i] for i in u.union([0])) + len(s) * x[0] + (2 in s) * x[1]


@lru_cache
def power(v, n):
    return 1.0 if n == 0 else v * power(v, n - 1)


def cached_calls(x):
    return power(x[0], 3) * power(x[1], 2)


def shorter_than_the_other(x):
    try:
        return sum(a * b for a, b in zip(positive(x), [1.0], strict=True)) + sum(a for a, _ in zip(x, [1.0], strict=True))
    except ValueError:
        return x[0] ** 2 + sum(a * b for a, b in zip(positive(x), WEIGHTS, strict=True))


def added_in_place(x):
    y = x * 1.0
    y += positive(x)
    return np.sum(y**2)


class Timed:
    def __init__(self, v):
        self.total, self.runs = v, 0

    def __enter__(self):
        self.total += 1.0
        return self

    def __exit__(self, *error):
        self.total *= 2.0
        self.runs += 1


def finally_of_what_the_block_changes(x):
    kept, s = [], x[0]
    try:
        kept.append(x[0] ** 2)
        s *= x[1]
    finally:
        kept.append(s)
        s = s + x[2]
    with Timed(x[0]) as timed:
        timed.total += x[1] * s
    return kept[0] * kept[1] * s + timed.total * timed.runs


def decorated(x):
    def twice(f):
        @wraps(f)
        def doubled(*args, **kwargs):
            return f(*args, **kwargs) * 2.0

        return doubled

    @twice
    def raised(v, p=2):
        return v**p

    return raised(x[0]) + raised(x[1], p=3)


COMMON = [
    tables_of_lists, best_by_a_key, sorted_by_a_key, by_itertools, zips_of_zips, sets_of_numbers, cached_calls,
    shorter_than_the_other, added_in_place, finally_of_what_the_block_changes, decorated,
]  # fmt: skip


@pytest.mark.parametrize("f", COMMON, ids=lambda f: f.__name__)
def test_common(f):
    right(f)


def list_into_an_array(x):
    return sum(positive(x)) ** 2 * np.sum(np.array(positive(x)) * x * WEIGHTS)


TWICE = [list_into_an_array, sorted_by_a_key, joined_or_added_to_a_list, taken_twice]


@pytest.mark.parametrize("f", TWICE, ids=lambda f: f.__name__)
def test_second_order(f):
    check_grads(f, (X,), order=2)
