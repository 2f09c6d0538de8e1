"""Lists and tuples beside arrays: arithmetic makes arrays of them, `*` with an integer repeats them."""

import numpy as np
import pytest

from adjoint import Unsupported, grad
from adjoint.testing import check_grads

X = np.array([0.3, 0.5, 0.7])
WEIGHTS = [1.0, 2.0, 3.0]
COUNTS = (1, 2, 3)
PAIR = np.array([2, 3])


def positive(x):
    """A list of a length that is not known."""
    kept = []
    for v in x:
        if v > 0.1:
            kept.append(v * v)
    return kept


ARITHMETIC = {
    "display": lambda x: np.sum(x * [1.0, 2.0, 3.0]) + np.sum([1.0, 2.0, 3.0] * x**2),
    "tuple of integers": lambda x: np.sum(((1, 2, 3) + x) ** 2) + np.sum(x / (1, 2, 3)),
    "of a ufunc": lambda x: np.sum(np.power(x, [1, 2, 3]) + np.power([1, 2, 3], x)) + np.sum(np.multiply(COUNTS, x) ** 2),
    "exponents": lambda x: np.sum(x ** [1, 2, 3]) + np.sum([1, 2, 3] ** x),
    "floor and rest": lambda x: np.sum(x // [0.11, 0.23, 0.31] * x) + np.sum(x % [0.11, 0.23, 0.31] * x),
    "product": lambda x: x @ [1.0, 2.0, 3.0] + [1, 2, 3] @ x**2,
    "compared": lambda x: np.sum(x[x > [0.1, 0.6, 0.3]] ** 2),
    "of active items": lambda x: np.sum(x * [x[0], 2.0, x[1]]) + np.sum([x[0], 2.0, x[1]] - x**2),
    "nested": lambda x: np.sum(np.outer(x, x) * [[1.0], [2.0], [x[2]]]),
    "global list": lambda x: np.sum(x * WEIGHTS) + np.sum((WEIGHTS - x) ** 2) + np.sum((x + WEIGHTS) ** 2),
    "global tuple": lambda x: np.sum(COUNTS * x) + np.sum((x + COUNTS) ** 2),
    "list of unknown length": lambda x: np.sum(x * positive(x)) + np.sum((positive(x) + x) ** 2),
    "array of unknown length": lambda x: np.sum(np.array(positive(x)) * WEIGHTS) + np.sum((WEIGHTS + np.array(positive(x))) ** 2),
    "of what two lists make": lambda x: np.sum(np.array(positive(x)) * positive(x) * WEIGHTS),
    "NumPy's numbers": lambda x: np.sum(x[0] + np.array(WEIGHTS)) + np.sum(([1.0, 2.0] + x[1]) * x[:2]),
}

REPEATED = {
    "by an integer": lambda x: np.sum(np.array([x[0], 2.0] * 2) ** 2) + np.sum(np.array(2 * [x[1]]) ** 3),
    "by an integer of NumPy": lambda x: np.sum(np.array([x[0], 2.0] * np.int64(2)) * np.arange(4)),
    "a tuple": lambda x: np.sum(np.array((x[0], x[1]) * np.int64(2)) ** 2),
    "by an index": lambda x: np.sum(np.array([x[0], 2.0] * np.argmax(x)) ** 2),
    "by an entry": lambda x: np.sum(np.array(PAIR[int(x[0] > 0)] * [x[0], 2.0]) ** 2),
    "unknown length": lambda x: np.sum(np.array(positive(x) * 2) ** 2) + np.sum(np.array(3 * positive(x)) ** 3),
    "unknown length, by an entry": lambda x: np.sum(np.array(PAIR[1] * positive(x)) ** 2) + np.sum(np.array(positive(x) * PAIR[0])),
    "joined": lambda x: np.sum(np.array(positive(x) + positive(2 * x)) ** 2) + np.sum(np.array([x[0]] + positive(x)) ** 2),
}


@pytest.mark.parametrize("f", [*ARITHMETIC.values(), *REPEATED.values()], ids=[*ARITHMETIC, *REPEATED])
def test_right(f):
    check_grads(f, (X,), modes=("rev", "fwd"))
    np.testing.assert_allclose(grad(f)(X), grad(f, optimize=False)(X), rtol=1e-13)


@pytest.mark.parametrize("weights", [WEIGHTS, tuple(WEIGHTS), np.array(WEIGHTS)], ids=["list", "tuple", "array"])
def test_given_as_an_argument(weights):
    def f(x, weights):
        return np.sum(np.arange(3.0) * weights * x) + np.sum((weights - x) ** 2)

    check_grads(lambda x: f(x, weights), (X,), modes=("rev", "fwd"))
    np.testing.assert_allclose(grad(f)(X, weights), 2 * (X - WEIGHTS) + np.arange(3.0) * WEIGHTS)


def test_with_respect_to_the_list():
    def f(weights):
        return np.sum(X * weights) + np.sum((X + weights) ** 2)

    got = grad(f)(WEIGHTS)
    assert isinstance(got, list)
    np.testing.assert_allclose(got, X + 2 * (X + WEIGHTS))


def falling(x, n):
    """A stack that is empty when the loop which takes from it comes first."""
    stack, dropped = [], 0.0
    for i in range(n):
        while stack and stack[-1] < x[i]:
            dropped += stack.pop() ** 2
        stack.append(x[i])
    return sum(stack) ** 2 + dropped


def falling_places(x):
    stack = []
    for i, v in enumerate(x):
        while len(stack) > 0 and x[stack[-1]] < v:
            stack.pop()
        stack.append(i)
    return np.prod(x[stack])


def test_stacks():
    x = np.array([0.3, 0.1, 0.7, 0.6, 0.4, 0.5])
    check_grads(lambda x: falling(x, 6), (x,))
    check_grads(falling, (x, 6))
    check_grads(falling_places, (x,))


def pairs_by_place(x, n):
    """Tuples made of lists that loops make: how many items they have is known, where the loop is written out."""
    powers = tuple(x[k] ** 2 for k in range(2))
    scaled = tuple([x * k for k in range(1, 4)])
    grown = []
    for k in range(n):
        grown.append(x[k] * k)
    first, *others = tuple(grown)
    return powers[0] * powers[1] + np.sum(scaled[2]) * len(scaled) + first * sum(others) + np.sum(np.stack(scaled[:2])[:, 1])


def test_tuples_of_lists_that_loops_make():
    check_grads(lambda x: pairs_by_place(x, 3), (X,), order=2)
    check_grads(pairs_by_place, (X, 2))


def test_a_tuple_of_no_known_length_is_refused():
    with pytest.raises(Unsupported, match="How many items this tuple has is not known"):
        grad(lambda x: sum(tuple(positive(x))))(X)
