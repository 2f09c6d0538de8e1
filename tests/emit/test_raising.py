"""Of two expressions that raise, the first decides which `except` is run; and a handler may look at what it caught."""

from math import exp, log

import numpy as np
import pytest

from adjoint import value_and_grad
from adjoint.testing import assert_same


def logarithm_first(x, y):
    try:
        z = log(x) * exp(y)
    except ValueError:
        z = x
    except OverflowError:
        z = 2 * x
    return z


def exponential_first(x, y):
    try:
        z = exp(y) * log(x)
    except ValueError:
        z = x
    except OverflowError:
        z = 2 * x
    return z


def in_a_loop(x, y):
    s = 0.0
    for k in range(3):
        try:
            s += 1 / (x - k) * exp(y)
        except ZeroDivisionError:
            s += x
        except OverflowError:
            s += 2 * x
    return s


def entry(v, x, k):
    try:
        z = v[k] * exp(x) * x
    except IndexError:
        z = v[0] * x
    except OverflowError:
        z = 2 * v[1] * x
    return z


def quotient_of_a_product(x, y):
    try:
        z = (x * y) / (y - 1.0) + log(x) * exp(y) * log(y + 2000.0)
    except ZeroDivisionError:
        z = x
    except (ValueError, OverflowError) as error:
        z = 3.0 * y if isinstance(error, ValueError) else x * y
    return z


SLOPES = {
    logarithm_first: [(-1.0, 1000.0, (1.0, 0.0)), (2.0, 1000.0, (2.0, 0.0))],
    exponential_first: [(-1.0, 1000.0, (2.0, 0.0)), (-1.0, 1.0, (1.0, 0.0))],
    in_a_loop: [(1.0, 1000.0, (5.0, 0.0)), (5.0, 1000.0, (6.0, 0.0))],
    quotient_of_a_product: [(-1.0, 1000.0, (0.0, 3.0)), (2.0, 1000.0, (1000.0, 2.0)), (-1.0, 1.0, (1.0, 0.0))],
}


@pytest.mark.parametrize("options", [{}, {"compile": lambda kernel: kernel}, {"optimize": False}], ids=["", "kernel", "textbook"])
@pytest.mark.parametrize("fun", [logarithm_first, exponential_first, in_a_loop, quotient_of_a_product], ids=lambda f: f.__name__)
def test_the_first_error_decides(fun, options):
    for x, y, slopes in SLOPES[fun]:
        assert_same(value_and_grad(fun, (0, 1), **options)(x, y), (fun(x, y), slopes))
        for wrt in (0, 1):
            assert_same(value_and_grad(fun, wrt, **options)(x, y), (fun(x, y), slopes[wrt]))


@pytest.mark.parametrize("wrt", [0, 1])
def test_an_entry_that_is_not_there(wrt):
    v = np.array([2.0, 3.0])
    for k, x, gradients in [(5, 1000.0, ([1000.0, 0.0], 2.0)), (0, 1000.0, ([0.0, 2000.0], 6.0)), (5, 1.0, ([1.0, 0.0], 2.0))]:
        value, gradient = value_and_grad(entry, wrt)(v, x, k)
        assert value == entry(v, x, k)
        assert_same(gradient, np.array(gradients[0]) if wrt == 0 else gradients[1])


class Refused(Exception):
    def __init__(self, weight):
        self.weight = weight


def of_which_class(x):
    try:
        z = log(x) * exp(x)
    except Exception as error:
        if isinstance(error, ValueError):
            z = 3.0 * x
        else:
            z = x * x
    return z


def of_what_type(x):
    try:
        z = log(x) * exp(x)
    except (ValueError, OverflowError) as error:
        z = 3.0 * x if type(error) is ValueError else x * x
    return z


def matched(x):
    try:
        z = log(x) * exp(x)
    except (ValueError, OverflowError) as error:
        match error:
            case ValueError():
                z = 3.0 * x
            case _:
                z = x * x
    return z


def saying_what(x):
    try:
        z = log(x) * exp(x)
    except (ValueError, OverflowError) as error:
        z = 3.0 * x if "domain" in error.args[0] else x * x
    return z


def held(x):
    try:
        if x < 0.0:
            raise Refused(3.0)
        z = exp(x) * log(x)
    except Refused as error:
        z = error.weight * x
    except OverflowError as other:
        z = len(other.args) * x * x
    return z


def kept(x):
    found = None
    try:
        z = log(x) * exp(x)
    except (ValueError, OverflowError) as error:
        found = error
        z = x
    if isinstance(found, ValueError):
        z = 3.0 * z
    elif found is not None:
        z = z * x
    return z


@pytest.mark.parametrize("options", [{}, {"compile": lambda kernel: kernel}, {"optimize": False}], ids=["", "kernel", "textbook"])
@pytest.mark.parametrize("fun", [of_which_class, of_what_type, matched, saying_what, held, kept], ids=lambda f: f.__name__)
def test_what_was_caught(fun, options):
    for x, slope in [(-2.0, 3.0), (1000.0, 2000.0), (2.0, exp(2.0) * (log(2.0) + 0.5))]:
        assert_same(value_and_grad(fun, **options)(x), (fun(x), slope), rtol=1e-12)
