"""Derivatives taken inside a function that is differentiated: `grad`, `value_and_grad` and `vjp` of any callable."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED
from test_higher_order import direction, pulled_back, quiet

from adjoint import AdjointError, Gradient, grad, jvp, source, value_and_grad, vjp
from adjoint.testing import assert_same, check_grads, numerical_gradient

BOUND = {"apply", "apply_2", "times"}  # a bound method in a variable from outside is not understood
NOT_INSIDE = {"views_in_a_list"}  # a list of views is written through at the top of a program only
SAMPLE = [c for c in CASES if c.out == "scalar" and c.name not in REFUSED | BOUND | NOT_INSIDE][::3]


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_inside_is_as_outside(case: Case) -> None:
    fun, wrt = case.fun, case.wrt

    def inside(*args):
        return grad(fun, wrt)(*args)

    outside = Gradient(fun, wrt, value=False, optimize=True, has_aux=False)
    with quiet():
        expected = outside(*case.fresh_args())
        seed = direction(expected, 0)
    with quiet():
        value, pullback = vjp(inside, *case.fresh_args())
        assert_same(value, expected, rtol=1e-10, atol=1e-12)
        ours = pullback(seed)
    with quiet():
        theirs = pulled_back(outside, case, seed)
    places, theirs = ((wrt,), (theirs,)) if isinstance(wrt, int) else (wrt, theirs)
    assert_same(tuple(ours[k] for k in places), tuple(theirs), rtol=1e-6, atol=1e-9)


# --- perturbations are not confused ---------------------------------------------------------------


def test_the_classic() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 6.0


def test_the_same_name_inside_and_outside() -> None:
    assert grad(lambda x: grad(lambda x: x**3)(x) * x)(2.0) == 9 * 4.0
    assert grad(lambda x: grad(lambda x: grad(lambda x: x**4)(x) * x)(x) + x**2)(2.0) == 48 * 4.0 + 4.0


def test_three_levels_that_share_variables() -> None:
    def f(x):
        def g(y):
            def h(z):
                return x * y**2 * z**3

            return grad(h)(x) * y  # 3 x³ y³

        return grad(g)(2.0)  # 9 x³ y² = 36 x³

    assert f.__name__ == "f"
    assert grad(f)(1.5) == pytest.approx(108 * 1.5**2)


def test_closure_over_an_array() -> None:
    def f(w):
        def energy(x):
            return np.sum(w * x**3) + x @ x

        return np.sum(grad(energy)(w * 2.0) ** 2)

    check_grads(f, [np.array([0.3, -1.2, 0.8])])


# --- what may be differentiated ------------------------------------------------------------------


cube_slope = grad(lambda x, n=3: x**n)


class Spring:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    @grad
    def force(self, x):
        return 0.5 * self.stiffness * x**2

    def energy(self, x):
        return 0.5 * self.stiffness * x**2

    def __call__(self, x):
        return self.stiffness * x**4

    @staticmethod
    @grad
    def slope(x):
        return x**5


SPRING = Spring(3.0)


def decorated_inside(x):
    @grad
    def g(y):
        return y**2 * x

    @value_and_grad(wrt=("b", "a"))
    def h(a, b):
        return a * b**2

    value, (b_bar, a_bar) = h(x, b=x + 1.0)
    return g(x) * value + b_bar - a_bar


CALLS: list[Any] = [
    (lambda x: cube_slope(x) * x, 2.0),
    (lambda x: cube_slope(x, n=4) + cube_slope(x, 2), 2.0),
    (lambda x: SPRING.force(x) * x, 2.0),
    (lambda x: grad(SPRING.energy)(x) * x, 2.0),
    (lambda x: grad(SPRING)(x) * x, 2.0),
    (lambda x: Spring.slope(x), 1.1),
    (lambda x: grad(functools.partial(math.pow, 2.0))(x) if x > 5 else grad(lambda t: math.pow(2.0, t))(x), 2.0),
    (lambda x: grad(grad(grad(lambda t: t**5)))(x), 2.0),
    (decorated_inside, 1.3),
    (lambda x: sum([grad(f)(x) for f in (lambda t: math.sin(t), lambda t: t**3)]), 1.3),
]


@pytest.mark.parametrize("k", range(len(CALLS)))
def test_callables(k: int) -> None:
    fun, x = CALLS[k]
    check_grads(fun, [x])


@dataclasses.dataclass
class Params:
    w: Any
    b: float


def test_containers() -> None:
    def loss(p, x):
        return np.sum((p["w"] * x + p["b"][0]) ** 2)

    def trained(p, x):
        bar = grad(loss)(p, x)
        new = {"w": p["w"] - 0.1 * bar["w"], "b": [p["b"][0] - 0.1 * bar["b"][0], p["b"][1]]}
        return loss(new, x)

    check_grads(trained, [{"w": np.array([0.3, -0.4]), "b": [0.2, 5]}, np.array([1.0, 2.0])])

    def objects(p):
        bar = grad(lambda q: np.sum(q.w**3) * q.b)(p)
        return np.sum(bar.w) * bar.b

    check_grads(objects, [Params(np.array([0.5, 1.5]), 2.0)])


def test_training_in_a_loop() -> None:
    """The derivative of what gradient descent finds with respect to its rate."""

    def f(rate, x):
        for _ in range(5):
            value, bar = value_and_grad(lambda x: np.sum(np.cosh(x)))(x)
            if value < 2.2:
                break
            x = x - rate * bar
        return np.sum(x**2)

    check_grads(f, [0.1, np.array([1.0, -0.5])])


def test_loops_writes_and_branches_inside() -> None:
    def f(x):
        def g(y):
            out = np.zeros(4)
            for k in range(4):
                out[k] = y[k % 3] ** 2 * x[0]
                if out[k] > 1.0:
                    out[k] = np.sin(out[k])
            y[0] = 100.0
            return np.sum(out)

        h = grad(g)(x)
        return np.sum(h**2) * x[1]  # x is what it was

    check_grads(f, [np.array([0.7, 1.9, -0.8])])


def test_extra() -> None:
    def f(x):
        def g(y):
            return y**3, {"twice": 2.0 * y}

        slope, extra = grad(g, has_aux=True)(x)
        (value, same), again = value_and_grad(g, has_aux=True)(x)
        return slope * extra["twice"] + value * same["twice"] + again

    check_grads(f, [1.4])


def test_vjp_inside() -> None:
    def f(x):
        (y, s), pullback = vjp(lambda t, n, u: (t * t * x, n * np.sum(u)), x, 3, x)
        (a, none, b) = pullback((y, None))
        assert none is None
        (c, _, d) = pullback((None, s))
        return np.sum(a * x) + np.sum(b) + np.sum(c * x) + np.sum(d * x)

    check_grads(f, [np.array([0.4, -1.1])])


def test_a_pullback_called_in_a_loop() -> None:
    def f(x):
        _, pullback = vjp(lambda t: np.array([t[0] * t[1], t[1] ** 3]), x)
        total = 0.0
        for k in range(2):
            seed = np.zeros(2)
            seed[k] = 1.0
            total += np.sum(pullback(seed)[0] ** 2)
        return total

    check_grads(f, [np.array([0.4, -1.1])])
    x = np.array([0.4, -1.1])
    assert_same(grad(f)(x), numerical_gradient(f, [x], 0), rtol=1e-6)


def test_jvp_inside() -> None:
    def f(x):
        def g(y, n, p):
            return np.sum(y**n) * p["a"], y[0]

        (value, _), (dot, first) = jvp(g, (x, 3, {"a": x[1], "b": 2}), (x * x, None, {"a": x[0], "b": None}))
        return value * dot + first * jvp(lambda t: t * x[1], [x[0]], [1.0])[1]

    check_grads(f, [np.array([0.4, -1.1])])
    assert grad(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1])(1.0) == 1.0

    def hessian_times_x(x):
        return jvp(grad(lambda y: np.sum(y**4)), (x,), (x,))[1]

    assert_same(hessian_times_x(np.ones(2)), np.full(2, 12.0))
    assert_same(vjp(hessian_times_x, np.ones(2))[1](np.ones(2))[0], np.full(2, 36.0))
    assert "not known one by one" in refusal(lambda x: jvp(lambda y: y, x, x)[1][0], np.ones(2))
    assert "has shape" in refusal(lambda x: np.sum(jvp(lambda y: y, (x,), (np.ones(3),))[1]), np.ones(2))


def test_effects_inside_happen_once() -> None:
    seen = []

    def f(x):
        def g(y):
            seen.append(1)
            return y**2

        return grad(g)(x) * x

    assert grad(f)(3.0) == 12.0
    assert seen == [1]


# --- refusals ------------------------------------------------------------------------------------


def refusal(fun: Any, *args: Any) -> str:
    with pytest.raises(AdjointError) as found:
        grad(fun)(*args)
    assert found.value.spot is not None
    return str(found.value)


def test_refusals() -> None:
    assert "which is not given here" in refusal(lambda x: grad(lambda a, b=2.0: a * b, wrt="b")(x), 1.0)
    assert "holds no float here" in refusal(lambda x: grad(lambda n: n * x)(3) * x, 1.0)
    assert "returns a tuple" in refusal(lambda x: grad(lambda y: (y, y))(x), 1.0)
    assert "has no such parameter" in refusal(lambda x: grad(lambda y: y, wrt="z")(x), 1.0)
    assert "does not fit the function" in refusal(lambda x: grad(lambda y: y)(x, x), 1.0)
    assert "`seed` has shape" in refusal(lambda x: np.sum(vjp(lambda y: y * 2, x)[1](np.ones(3))[0]), np.ones(2))
    assert "structure of the value" in refusal(lambda x: vjp(lambda y: (y, y), x)[1](1.0)[0], 2.0)


# --- the language accepted includes the language emitted ------------------------------------------


# `halving_forward` gives a tape that holds the tape of the call inside, and so on: a tuple of no one kind.
DEEP = {"halving"}
TEXT = [
    c for c in CASES
    if c.out == "scalar" and c.name not in REFUSED | DEEP and c.wrt in (0, (0,)) and type(c.args[0]) is float
][::4]


@pytest.mark.parametrize("case", TEXT, ids=lambda case: case.name)
def test_generated_source_is_differentiated(case: Case) -> None:
    """The gradient's source, as a user's function: its gradient is the second derivative."""
    once = grad(case.fun)
    with quiet():
        run = once.compiled_for(*case.fresh_args())
        expected = grad(once)(*case.fresh_args())
    with quiet():
        assert_same(grad(run)(*case.fresh_args()), expected, rtol=1e-8, atol=1e-12)


def test_source_shows_one_program() -> None:
    def f(x):
        return x * grad(lambda y: math.sin(x * y))(x)

    text = source(f, 1.0)
    assert "def f_grad(x):" in text
    assert "adjoint" not in text
