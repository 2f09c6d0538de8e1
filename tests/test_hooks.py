"""Blocks that work on a cotangent or a tangent where it flows."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest

import adjoint
from adjoint import AdjointError, cotangent, grad, jvp, tangent, vjp
from adjoint.testing import assert_same, numerical_gradient


def halved(x, n):
    """Each turn squares, and halves the cotangent: the derivative is that of the square, over 2 to the n."""
    for _ in range(n):
        x = x * x
        with cotangent(x) as x_bar:
            x_bar = 0.5 * x_bar
    return x


def test_in_a_loop() -> None:
    assert halved(1.1, 3) == pytest.approx(1.1**2**3)
    for n in range(4):
        assert grad(halved)(1.1, n) == pytest.approx(2**n * 1.1 ** (2**n - 1) / 2**n)
    x = np.array([1.1, 0.9])
    assert_same(vjp(halved, x, 2)[1](np.ones(2))[0], x**3, rtol=1e-12)


def test_a_call_of_the_function_is_the_function() -> None:
    seen = []

    def f(x):
        h = np.sin(x)
        with cotangent(h) as h_bar:
            seen.append(h_bar)
            h_bar = h_bar + 100.0
        with tangent(h) as h_dot:
            h_dot[:] = 7.0
        return np.sum(h)

    x = np.array([1.0, 2.0])
    assert f(x) == np.sum(np.sin(x))
    assert seen[0].tolist() == [0.0, 0.0]


def test_clip_in_place() -> None:
    def f(x):
        h = x * x
        with cotangent(h) as h_bar:
            np.clip(h_bar, -1.0, 1.0, out=h_bar)
            h_bar[0] = 10.0
        return np.sum(h * np.array([3.0, 0.5, -4.0]))

    x = np.array([1.0, 2.0, 3.0])
    assert grad(f)(x).tolist() == [20.0, 2.0, -6.0]


def test_print_and_assert() -> None:
    def f(x):
        h = x * 3.0
        with cotangent(h) as h_bar:
            print("cotangent", h_bar)
            assert abs(h_bar) < limit, "it explodes"
        return h * h

    limit = 100.0
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert grad(f)(1.0) == 18.0
    assert out.getvalue() == "cotangent 6.0\n"
    limit = 1.0
    with contextlib.redirect_stdout(out), pytest.raises(AssertionError, match="it explodes"):
        grad(f)(1.0)


def test_other_variables_and_branches() -> None:
    def f(x, limits):
        total = 0.0
        for limit in limits:
            h = x * limit
            with cotangent(h) as h_bar:
                norm = np.sqrt(h_bar @ h_bar)
                if norm > limit:
                    h_bar = h_bar * (limit / norm)
            total += h @ h
        return total

    x, limits = np.array([3.0, 4.0]), [0.5, 100.0]
    clipped = sum(x / 5.0 * limit * limit for limit in limits)  # each cotangent, 2 h, gets the length of its limit
    assert_same(grad(f)(x, limits), clipped, rtol=1e-12)
    assert_same(grad(f)(x / 100.0, [0.5]), x / 100.0 * 0.5, rtol=1e-12)  # and this is short enough


def test_all_names_of_the_value() -> None:
    def number(x):
        h = x * 2.0
        k = h
        pair = (h, [k])
        with cotangent(h) as bar:
            bar = 10.0 * bar
        return h + 2.0 * k + 3.0 * pair[0] + 4.0 * pair[1][0]

    assert grad(number)(1.0) == 200.0

    def array(x):
        h = x * 2.0
        k = h
        with cotangent(k) as bar:
            bar = 10.0 * bar
        h[0] = 0.0
        return np.sum(h) + np.sum(k)

    assert grad(array)(np.ones(3)).tolist() == [0.0, 40.0, 40.0]


def test_what_was_computed_before_is_not_hooked() -> None:
    def f(x):
        before = np.sum(x)
        with cotangent(x) as bar:
            bar = bar * 0.0
        return before + np.sum(x**2)

    assert grad(f)(np.ones(2)).tolist() == [1.0, 1.0]


def test_arguments_are_left_alone() -> None:
    def f(x, y):
        with cotangent(x) as bar:
            bar = -bar
        return np.sum(x * y)

    x = np.arange(3.0)
    assert grad(f, wrt=(0, 1))(x, x[::-1])[0].tolist() == [-2.0, -1.0, -0.0]
    assert x.tolist() == [0.0, 1.0, 2.0]


def test_in_a_recursion_and_in_a_while() -> None:
    def power(x, n):
        if n == 0:
            return 1.0
        y = x * power(x, n - 1)
        with cotangent(y) as bar:
            bar = 2.0 * bar
        return y

    assert grad(power)(1.0, 3) == 2.0 + 4.0 + 8.0

    def doubled(x):
        while x < 10.0:
            x = 2.0 * x
            with cotangent(x) as bar:
                bar = bar + 1.0
        return x

    assert grad(doubled)(3.0) == ((1.0 + 1.0) * 2.0 + 1.0) * 2.0


def test_nothing_flows_back() -> None:
    def f(x):
        h = x * 2.0
        with cotangent(h) as bar:
            print("never")
            bar = bar / 0.0
        n = 3
        with cotangent(n) as bar:
            print("never")
        return x * n

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert grad(f)(2.0) == 3.0
    assert out.getvalue() == ""


def test_second_order_is_of_the_gradient_with_the_block() -> None:
    def f(x):
        h = x**3
        with cotangent(h) as bar:
            bar = bar * x
        return h * 2.0

    assert grad(f)(2.0) == 6.0 * 2.0**2 * 2.0
    assert grad(grad(f))(2.0) == 18.0 * 2.0**2
    assert grad(lambda x: grad(f)(x))(2.0) == 18.0 * 2.0**2


def test_tangents() -> None:
    def f(x):
        h = x * x
        with tangent(h) as h_dot:
            print(h_dot)
            h_dot[h_dot > 3.0] = 3.0
        with cotangent(h) as h_bar:
            h_bar = 0.0 * h_bar
        return 2.0 * h

    x = np.array([1.0, 2.0])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        _, dot = jvp(f, (x,), (np.ones(2),))
    assert dot.tolist() == [4.0, 6.0]
    assert out.getvalue() == "[2. 4.]\n"
    assert vjp(f, x)[1](np.ones(2))[0].tolist() == [0.0, 0.0]
    without = numerical_gradient(lambda x: np.sum(2.0 * x * x), [x], 0)
    assert_same(without, 4.0 * x, rtol=1e-6)


# --- refusals ------------------------------------------------------------------------------------


def refusal(fun: Any, *args: Any) -> str:
    with pytest.raises(AdjointError) as found:
        grad(fun)(*args)
    assert found.value.spot is not None
    return found.value.what


def test_refusals() -> None:
    def container(x):
        h = (x, x)
        with cotangent(h) as bar:
            print(bar)
        return h[0]

    def outside(x):
        h, seen = x * 2.0, []
        with cotangent(h) as bar:
            seen.append(bar)
        return h + len(seen)

    def rebinds(x):
        h, scale = x * 2.0, 1.0
        with cotangent(h) as bar:
            scale = bar
        return h * scale

    def reshapes(x):
        h = x * 2.0
        with cotangent(h) as bar:
            bar = bar[:1]
        return np.sum(h)

    def nothing(x):
        with cotangent(x * 2.0) as bar:
            bar = bar * 2.0
        return x

    def nameless(x):
        with cotangent(x):
            pass
        return x

    def leaves(x):
        h = x * 2.0
        with cotangent(h) as bar:
            if bar > 1.0:
                return x
        return h

    def later(x):
        h = x * 2.0
        with cotangent(h) as bar:
            bar = bar * 2.0
        return h * bar

    assert "this is a container" in refusal(container, 1.0)
    assert "changes something" in refusal(outside, 1.0)
    assert "changes `scale`" in refusal(rebinds, 1.0)
    assert "has shape (1,), and the value has (3,)" in refusal(reshapes, np.ones(3))
    assert "Nothing else has this value" in refusal(nothing, 1.0)
    assert "not a use of `cotangent`" in refusal(nameless, 1.0)
    assert "changes something" in refusal(leaves, 1.0)
    assert "read before it is certainly assigned" in refusal(later, 1.0)


def test_names() -> None:
    assert adjoint.cotangent is cotangent
    assert adjoint.tangent is tangent
