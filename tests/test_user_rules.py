"""Rules of the user's own: they come before a function's source, are spliced in or called, and are checked."""

import functools
from collections import namedtuple

import numpy as np
import pytest

from adjoint import (
    BadRule, MissingRule, Unsupported, check_grads, check_rule, constant, elementwise, grad, jvp, jvp_rule, linear, source,
    stop_gradient, vjp, vjp_rule,
)  # fmt: skip

# Rules here are wrong on purpose, by a factor: whoever differentiates the source instead gives another number.


def tripled(x):
    return np.sin(x)


elementwise(tripled, lambda z, x: 3.0 * np.cos(x))


def test_a_rule_comes_before_the_source():
    assert grad(lambda x: tripled(x) * 2.0)(0.0) == 6.0
    assert grad(tripled)(0.0) == 3.0
    assert jvp(tripled, (0.0,), (1.0,)) == (0.0, 3.0)
    assert grad(functools.partial(tripled))(0.0) == 3.0
    np.testing.assert_array_equal(vjp(tripled, np.zeros(2))[1](np.ones(2))[0], [3.0, 3.0])


def test_a_rule_is_spliced_in():
    assert "3.0 * np.cos(x)" in source(lambda x: tripled(x), 0.0)


def called(x):
    return np.sin(x)


def in_parts(x, y):
    return x * y


def apart(factor, z, x):
    return factor * np.cos(x)


made = {}
exec("import numpy as np\ndef partial(z, x): return 5.0 * np.cos(x)", made)


@pytest.mark.parametrize(
    ("partial", "options", "expected"),
    [
        (functools.partial(apart, 3.0), {}, 3.0),
        (made["partial"], {}, 5.0),
        (np.maximum, {}, 0.0),  # written in C: of sin(x) and x
        (lambda z, x: 7.0 * np.cos(x), {"inline": False}, 7.0),
        (lambda z, x: next(c * np.cos(x) for c in (9.0, 1.0)), {"inline": False}, 9.0),
    ],
)
def test_a_rule_without_source_is_called(partial, options, expected):
    def loss(x):
        return called(x) * 1.0

    elementwise(called, partial, **options)
    assert grad(loss)(0.0) == expected
    assert jvp(loss, (0.0,), (1.0,)) == (0.0, expected)
    np.testing.assert_array_equal(grad(lambda x: np.sum(called(x)))(np.zeros(3)), np.full(3, expected))


@vjp_rule(in_parts)
def in_parts_vjp(g, z, x, y):
    def parts():
        yield 10.0 * g * y
        yield 10.0 * g * x

    return tuple(parts())


def test_a_rule_outside_of_the_language_is_called():
    assert grad(in_parts, wrt=(0, 1))(2.0, 3.0) == (30.0, 20.0)
    assert grad(in_parts, wrt=1)(2.0, 3.0) == 20.0
    x_bar, y_bar = grad(lambda x, y: np.sum(in_parts(x, y)), wrt=(0, 1))(np.ones(2), 3.0)
    np.testing.assert_array_equal(x_bar, [30.0, 30.0])
    assert y_bar == 20.0


def test_a_rule_that_comes_later_counts():
    def square(x):
        return x * x

    gradient = grad(lambda x: square(x) * 2.0)
    assert gradient(3.0) == 12.0
    elementwise(square, lambda z, x: 100.0)
    assert gradient(3.0) == 200.0


# --- what a rule can be of ------------------------------------------------------------------------


class Layer:
    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return np.sum(self.w * x)

    def __call__(self, x):
        return x**3


@vjp_rule(Layer.forward)
def forward_vjp(g, z, self, x):
    return None, 10.0 * g * self.w


LAYER, CUBE = Layer(np.array([1.0, 2.0])), Layer(0.0)


@vjp_rule(CUBE)
def cube_vjp(g, z, x):
    return 7.0 * g


def test_methods_and_callable_objects():
    np.testing.assert_array_equal(grad(lambda x: LAYER.forward(x))(np.ones(2)), [10.0, 20.0])
    np.testing.assert_array_equal(grad(LAYER.forward)(np.ones(2)), [10.0, 20.0])
    np.testing.assert_array_equal(grad(lambda layer, x: layer.forward(x), wrt=1)(LAYER, np.ones(2)), [10.0, 20.0])
    assert grad(lambda x: CUBE(x))(2.0) == 7.0
    through = grad(lambda layer, x: layer(x), wrt=1)
    assert through(CUBE, 2.0) == 7.0
    assert through(Layer(0.0), 2.0) == 12.0  # another object of the class


Pair = namedtuple("Pair", "a b")


def energy(p):
    return p["a"] * p["b"][0]


@vjp_rule(energy)
def energy_vjp(g, z, p):
    return {"a": 10.0 * g * p["b"][0], "b": [10.0 * g * p["a"]]}


def split(p):
    return {"s": p.a * 2.0, "t": p.b * 3.0}


@vjp_rule(split)
def split_vjp(g, z, p):
    return Pair(20.0 * g["s"], 30.0 * g["t"])


def test_containers():
    assert grad(lambda p: energy(p))({"a": 2.0, "b": [3.0]}) == {"a": 30.0, "b": [20.0]}
    assert grad(lambda p: split(p)["s"] + split(p)["t"])(Pair(1.0, 1.0)) == Pair(20.0, 30.0)


def closed_over(k):
    def inner(x):
        return k * x

    @vjp_rule(inner)
    def inner_vjp(g, z, x):
        return 2.0 * g * k

    return inner


def test_a_closure():
    inner = closed_over(4.0)
    assert grad(lambda x: inner(x))(2.0) == 8.0


# --- rules that are wrong -------------------------------------------------------------------------


def product(x, y):
    return np.sum(x * y)


@pytest.mark.parametrize(
    ("bars", "words"),
    [
        (lambda g, z, x, y: (g * y, g * x, g), "The rule of `.*product` returns 3 cotangents for 2 arguments"),
        (lambda g, z, x, y: g * y, "The rule of `.*product` returns 1 cotangents, and that of its argument 1"),
        (lambda g, z, x, y: (np.ones(5), g * x), r"a cotangent of shape \(5,\) for an argument of shape \(3,\)"),
        (lambda g, z, x: (g, g), "`.*product`|takes 3 positional"),
    ],
)
@pytest.mark.parametrize("inline", [True, False])
def test_a_wrong_number_or_shape_names_the_rule(bars, words, inline):
    vjp_rule(product, inline=inline)(bars)
    with pytest.raises((BadRule, Unsupported)) as error:
        grad(lambda x, y: product(x, y), wrt=(0, 1))(np.ones(3), np.ones(3))
    if inline:
        error.match(words)
    else:
        assert isinstance(error.value, BadRule)
        error.match("The rule of `.*product`")


@pytest.mark.parametrize("inline", [True, False])
def test_none_for_an_argument_that_is_asked_for(inline):
    """It may be meant for zero, or be forgotten: zero is written 0.0."""
    vjp_rule(product, inline=inline)(lambda g, z, x, y: (g * y, None))
    np.testing.assert_array_equal(grad(lambda x: product(x, np.full(3, 2.0)))(np.ones(3)), [2.0, 2.0, 2.0])
    with pytest.raises(BadRule, match=r"The rule of `.*product` returns None for its argument 1"):
        grad(lambda x, y: product(x, y), wrt=1)(np.ones(3), np.ones(3))
    vjp_rule(product, inline=inline)(lambda g, z, x, y: (g * y, 0.0))
    np.testing.assert_array_equal(grad(lambda x, y: product(x, y), wrt=1)(np.ones(3), np.ones(3)), np.zeros(3))


def both_ends(x):
    return np.min(x), np.max(x)


@vjp_rule(both_ends)
def both_ends_vjp(g, z, x):
    low = None if g[0] is None else g[0] * (x == z[0])
    high = None if g[1] is None else g[1] * (x == z[1])
    return high if low is None else low if high is None else low + high


def test_what_nobody_reads_has_none_for_its_cotangent():
    np.testing.assert_array_equal(grad(lambda x: both_ends(x)[1])(np.array([1.0, 3.0])), [0.0, 1.0])
    np.testing.assert_array_equal(grad(lambda x: sum(both_ends(x)))(np.array([1.0, 3.0])), [1.0, 1.0])


def mixed(x, weight):
    return x * weight


elementwise(mixed, lambda z, x, weight: weight, None)


def test_none_for_a_partial_that_is_asked_for():
    assert grad(lambda x: mixed(x, 3.0))(2.0) == 3.0
    for derivative in (lambda: grad(mixed, wrt=1)(2.0, 3.0), lambda: jvp(mixed, (2.0, 3.0), (None, 1.0))):
        with pytest.raises(Unsupported, match=r"argument [12]"):
            derivative()


def only_forward(x):
    return x * x


linear(only_forward)


def test_reverse_mode_needs_a_vjp():
    assert jvp(lambda x: only_forward(x), (3.0,), (1.0,)) == (9.0, 1.0)
    with pytest.raises(MissingRule, match="only_forward"):
        grad(lambda x: only_forward(x))(3.0)


# --- stop_gradient --------------------------------------------------------------------------------


def test_stop_gradient():
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(stop_gradient(x) * x))(x), x)
    assert grad(lambda x: stop_gradient(x) * x)(3.0) == 3.0
    assert grad(lambda p: stop_gradient(p)["a"] * p["a"])({"a": 2.0}) == {"a": 2.0}
    assert grad(lambda x: sum(stop_gradient((x, [x, 2.0 * x]))[1]) * x)(2.0) == 6.0
    assert grad(lambda x: sum(stop_gradient([x * k for k in range(3)])) * x)(2.0) == 6.0
    assert jvp(lambda x: stop_gradient(x) * x, (2.0,), (1.0,)) == (4.0, 2.0)
    assert stop_gradient(x) is x


# --- check_rule -----------------------------------------------------------------------------------


def damped(x, rate=0.5):
    return np.exp(-rate * x)


def rules(vjp_factor, jvp_factor):
    @vjp_rule(damped)
    def damped_vjp(g, z, x, rate=0.5):
        return -vjp_factor * rate * g * z, -vjp_factor * g * x * z

    @jvp_rule(damped)
    def damped_jvp(t, z, x, rate=0.5):
        by_x = 0.0 if t[0] is None else -jvp_factor * rate * z * t[0]
        return by_x if t[1] is None else by_x - jvp_factor * x * z * t[1]


@pytest.mark.parametrize(
    ("vjp_factor", "jvp_factor", "words"),
    [
        (1.0, 1.0, None),
        (1.001, 1.0, "the rule of `damped`: the gradient with respect to argument .* is wrong"),
        (1.0, 1.001, "the rule of `damped`: the tangent with respect to argument .* is wrong"),
        (1.0, 1.0 + 1e-7, "the rule of `damped`: the two modes differ at"),
    ],
)
def test_check_rule_finds_a_thousandth(vjp_factor, jvp_factor, words):
    rules(vjp_factor, jvp_factor)
    for args in ((np.array([0.3, 1.2]), 0.7), (0.4,), (np.ones((2, 1)), np.array([0.2, 0.5]))):
        if words is None:
            check_rule(damped, *args)
        else:
            with pytest.raises(AssertionError, match=words):
                check_rule(damped, *args)


def test_check_rule_of_the_libraries_and_of_constants():
    check_rule(np.sin, np.ones(3))
    check_rule(np.sum, np.ones((2, 3)), axis=0)
    check_rule(np.linalg.solve, np.eye(2) + 0.1, np.ones(2))
    check_rule(np.concatenate, [np.ones(3), np.ones(2)])
    check_rule(np.floor, np.array([0.3, 1.2]))
    with pytest.raises(ValueError, match="no derivative rule"):
        check_rule(closed_over, 1.0)

    def rounded(x):
        return np.floor(x) + x

    constant(rounded, why="a mistake")
    with pytest.raises(AssertionError, match=r"the rule of `.*rounded`"):
        check_rule(rounded, 0.4)


def test_second_order():
    check_grads(lambda x, y: np.sum(np.sin(x) ** 2) * y, (np.array([0.3, 1.2]), 2.0), order=2)


def reversed_gradient(x):
    return x


@vjp_rule(reversed_gradient)
def _reversed(g, z, x):
    return -g


def test_a_function_that_gives_its_argument_back():
    """That it does shows when it is given an array of ones: a write to the one is a write to the other."""

    def written(x):
        x = x * 1.0
        y = reversed_gradient(x)
        y[0] = x[1] ** 2
        return np.sum(x * y)

    def read_before(x):
        x = x * 1.0
        y = reversed_gradient(x)
        s = np.sum(y**2)
        for i in range(3):
            x[i] = x[i] * 2
        return s + np.sum(x**2)

    x = np.array([0.5, 1.5, 2.0])
    with pytest.raises(Unsupported, match="may be a view of another array"):
        grad(written)(x)
    np.testing.assert_allclose(grad(read_before)(x), -2 * x + 8 * x)
