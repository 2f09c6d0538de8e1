"""What is known when a gradient is built, what must not be taken for known, and what a rule makes known."""

import operator

import numpy as np
import pytest

from adjoint import Unsupported, check_grads, grad, jvp, vjp
from adjoint.avals import Arr
from adjoint.infer import infer
from adjoint.ir import Var

X = np.array([1.0, 3.0, 2.0])


def weighted(entries, x):
    """A loop over as many entries as there are: a length that was guessed shows in the sum."""
    total = 0.0
    for k in range(len(entries)):
        total += entries[k] * x
    return total


@pytest.mark.parametrize("end", [1.0, 1.6, 3.0])
def test_a_range_is_as_long_as_its_floats_say(end):
    entries = np.arange(0.0, end, 0.5)
    assert grad(lambda x, end: weighted(np.arange(0.0, end, 0.5), x))(2.0, end) == np.sum(entries)
    check_grads(lambda start, end: weighted(np.arange(start, end, 0.5), start), (0.15, end))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5])
def test_lengths_that_an_integer_says(n):
    x = np.array([1.0, 3.0, 2.0, 0.5])
    check_grads(lambda x: weighted(np.diff(x, n), x[0]), (x,))
    check_grads(lambda x, n: weighted(np.diff(x, n), x[0]), (x, n))
    assert grad(lambda y, n: weighted(np.arange(n, 10, 4), y))(2.0, n) == sum(range(n, 10, 4))


def test_a_rule_that_has_to_know_an_integer():
    """The program is read again for it, and the gradient is for this integer only."""
    differences = grad(lambda x, n: np.sum(np.diff(x, n) ** 2))
    for n in (1, 2, 1):
        expected = grad(lambda x: np.sum(np.diff(x, 1 if n == 1 else 2) ** 2))(X)
        np.testing.assert_allclose(differences(X, n), expected)


def test_what_no_reading_makes_known_is_refused_as_at_first():
    with pytest.raises(Unsupported, match="full decomposition"):
        grad(lambda x, n: np.sum(np.linalg.svd(x * n)[0] ** 2))(np.ones((3, 2)), 2)


def test_axes_that_the_program_works_out():
    """That two are different is not known of them: how many axes are left, is not either."""

    def products(x):
        total = 0.0
        for i in range(2):
            total += np.sum(np.tensordot(x, x, axes=((i, 2), (2, i))) ** 2)
        return total

    check_grads(products, (np.arange(8.0).reshape(2, 2, 2) / 7 - 0.4,))


def chosen(x, places):
    parts = np.modf(x)
    total = 0.0
    for k in places:
        total = total + parts[k] * x
    return total


def test_an_item_of_a_tuple_by_a_number_of_the_program():
    check_grads(chosen, (1.75, [0, 0, 1]))


def test_a_slice_of_a_tuple():
    def last(x):
        _, *rest = np.linalg.svd(x)
        return np.sum(rest[0] ** 3)

    def sliced(x):
        parts = np.linalg.svd(x)[1:]
        return np.sum(parts[0] ** 3)

    a = np.array([[2.0, 1.0], [0.5, 1.0]])
    np.testing.assert_allclose(grad(sliced)(a), grad(last)(a))
    check_grads(sliced, (a,), order=2)


def test_a_tape_of_what_one_branch_has():
    """The gradient of what asks for a shape at run time: a value of one side only is on the tape, whichever ran."""
    a, b = np.array([[1.0, 0.3j], [0.2, 2.0]]), np.array([0.5, 0.7 + 0.1j])
    slope = grad(lambda *args: np.sum(np.real(np.linalg.solve(*args) * b)), wrt=(0, 1))
    value, pullback = vjp(slope, a, b)
    assert all(np.all(np.isfinite(bar)) for bar in pullback(value))
    check_grads(slope, (a, b))


@pytest.mark.parametrize(
    ("shapes", "known"),
    [
        (((None,), (3,)), (3,)),
        (((None,), (1,)), (None,)),
        (((None,), (None,)), (None,)),
        (((None,), ()), (None,)),
        (((None,), (0,)), (0,)),
        (((None, 2), (4, 1)), (4, 2)),
        (((None,), (2, 3)), (2, 3)),
        (((2, None), (3,)), (2, 3)),
        (((2, 3), (None, None)), (2, 3)),
    ],
)
@pytest.mark.parametrize("fn", [operator.mul, np.maximum, operator.lt])
def test_one_operand_says_how_long_the_other_makes_the_result(fn, shapes, known):
    """An axis of unknown length may have one entry, or as many as the other."""
    args = tuple(Var(Arr(np.dtype(float), shape)) for shape in shapes)
    assert infer(fn, args, (), True).shape == known


@pytest.mark.parametrize("n", [1, 3])
def test_an_axis_of_unknown_length_is_broadcast_or_not(n):
    def f(x, keep):
        kept = np.array([v for v in x if v > keep])  # one, or all
        return np.sum((kept * X) ** 2) + np.sum(np.maximum(X, kept) * kept)

    x = np.array([0.5, 1.5, 2.5])
    check_grads(lambda x: f(x, 2.0 if n == 1 else 0.0), (x,), modes=("rev", "fwd"))


@pytest.mark.parametrize("entries", [[2.0], [-2.0], [2.0, -1.0]])
def test_how_many_entries_a_mask_picks(entries):
    """Not even of an array of one entry: it may pick none."""
    x = np.array(entries)
    assert np.all(grad(lambda x, y: x[x > 0].size * y, wrt=1)(x, 3.0) == np.sum(x > 0))
    assert np.all(grad(lambda x, y: x[None, x > 0].shape[1] * y, wrt=1)(x, 3.0) == np.sum(x > 0))
    check_grads(lambda x: np.sum(np.exp(x[x > 0]) + 3.0) * x[0], (x,), order=2)


@pytest.mark.parametrize("x", [-2.0, np.float64(-2.0), np.array(-2.0), np.array([-2.0, 3.0]), 2.0])
def test_whether_a_number_is_complex_its_value_says(x):
    check_grads(lambda x: np.sum(np.abs(np.emath.log(x))) + np.sum(np.imag(np.emath.sqrt(x))), (x,))


def test_a_real_value_of_an_unknown_dtype_has_a_real_cotangent_and_a_real_tangent():
    """|r| is real, of complex roots too, and is known to be when it runs: what it is multiplied with may be complex."""
    turned = lambda c: np.real(1j * np.sum(np.abs(np.roots(c)))) + np.real((1.0 + 1j) * np.sum(np.abs(np.emath.log(c))))
    check_grads(turned, (np.array([1.5, 2.0, 3.0]),))
    check_grads(turned, (np.array([1.5, -2.0, -3.0]),))
    _, tangent = jvp(lambda c: np.sum(np.abs(np.roots(c))), (np.array([1.0, 2.0, 3.0]),), (np.ones(3),))
    assert not np.iscomplexobj(tangent)
