"""Jacobians, Hessians, products with them and Taylor coefficients: against each other, and against differences."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED
from test_corpus import contracted, drawn, is_single, moved

from adjoint import (
    WrongArgument, directional_derivative, elementwise_grad, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, laplacian,
    taylor, vhp,
)
from adjoint.testing import assert_same, float_leaves, numerical_gradient

RIGHT = [c for c in CASES if c.name not in REFUSED]
SCALAR = [c for c in RIGHT if c.out == "scalar"]


def entries(tree: Any) -> int:
    return sum(np.size(leaf) for _, leaf in float_leaves(tree))


def is_complex(case: Case) -> bool:
    tree = [list(case.args), quietly_value(case)]
    return any(np.iscomplexobj(leaf) for _, leaf in float_leaves(tree))


def quietly_value(case: Case) -> Any:
    with quiet():
        return case.fun(*case.fresh_args())


SMALL = [c for c in RIGHT if isinstance(c.wrt, int) and 1 < entries(c.args[c.wrt]) <= 8 and not is_single(c)]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def places_of(case: Case) -> tuple[int, ...]:
    return case.wrt if isinstance(case.wrt, tuple) else (case.wrt,)


# --- the corpus ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SCALAR, ids=lambda c: c.name)
def test_products_with_the_hessian(case: Case) -> None:
    """Forward over reverse, reverse over forward, and differences of the gradient."""
    places = places_of(case)
    along = tuple(drawn(case.args[k], k) for k in places)
    weights = [drawn(case.args[k], k + 50) for k in places]
    with quiet():
        first = hvp(case.fun, places)(*case.fresh_args(), along)
        second = vhp(case.fun, places)(*case.fresh_args(), along)
        gradient = grad(case.fun, places)

        def slope(step: float) -> float:
            tangents = [along[places.index(k)] if k in places else None for k in range(len(case.args))]
            return contracted(list(gradient(*moved(case.fresh_args(), tangents, step))), weights)

        start = np.float32(0.0) if is_single(case) else 0.0
        numeric = numerical_gradient(slope, (start,))
    found, other = contracted(list(first), weights), contracted(list(second), weights)
    size = sum(np.sum(np.abs(leaf)) for _, leaf in float_leaves(list(first)))
    rtol, coarse = (1e-3, 3e-2) if is_single(case) else (1e-8, 1e-5)
    assert np.isclose(found, other, rtol=rtol, atol=rtol * size)
    rounding = 3e-11 * (1.0 + sum(np.sum(np.abs(leaf)) for _, leaf in float_leaves(list(gradient(*case.fresh_args())))))
    assert np.isclose(found, numeric, rtol=coarse, atol=coarse * size + rounding)


@pytest.mark.parametrize("case", [c for c in SMALL if not is_complex(c)], ids=lambda c: c.name)
def test_jacobians(case: Case) -> None:
    """Forward and reverse mode give one Jacobian; with a direction, and for a scalar result, it is what jvp and grad give."""
    with quiet():
        forward, reverse = (mode(case.fun, case.wrt)(*case.fresh_args()) for mode in (jacfwd, jacrev))
        assert_same(forward, reverse, rtol=1e-8, atol=1e-10)
        if case.out == "scalar":
            assert_same(forward, grad(case.fun, case.wrt)(*case.fresh_args()), rtol=1e-8, atol=1e-10)
            if type(case.args[case.wrt]) is np.ndarray:
                matrix, along = hessian(case.fun, case.wrt)(*case.fresh_args()), drawn(case.args[case.wrt], 0)
                n = matrix.ndim // 2
                assert_same(matrix, np.transpose(matrix, (*range(n, 2 * n), *range(n))), rtol=1e-8, atol=1e-10)
                product = hvp(case.fun, case.wrt)(*case.fresh_args(), along)
                assert_same(np.tensordot(matrix, along, n), product, rtol=1e-8, atol=1e-10)
                trace = np.trace(matrix.reshape(along.size, along.size))
                assert laplacian(case.fun, case.wrt)(*case.fresh_args()) == pytest.approx(trace, rel=1e-8, abs=1e-10)


# --- structure ----------------------------------------------------------------------------------


@dataclass
class Model:
    w: np.ndarray
    b: float
    name: str = "model"


def predict(model, x):
    y = np.tanh(model.w @ x) + model.b
    return {"y": y, "size": np.sum(y * y), "n": 3}


MODEL, X = Model(np.arange(6.0).reshape(2, 3) / 5, 0.5), np.array([0.1, 0.2, 0.3])


@pytest.mark.parametrize("mode", [jacfwd, jacrev, jacobian])
def test_the_structure_of_a_jacobian(mode):
    made = mode(predict, wrt=("model", "x"))(MODEL, X)
    assert list(made) == ["y", "size", "n"]
    assert made["n"] is None
    by_model, by_x = made["y"]
    assert (by_model.w.shape, by_model.b.shape, by_model.name, by_x.shape) == ((2, 2, 3), (2,), None, (2, 3))
    by_model, by_x = made["size"]
    assert (by_model.w.shape, np.ndim(by_model.b), by_x.shape) == ((2, 3), 0, (3,))
    assert_same(by_x, grad(lambda m, x: predict(m, x)["size"], 1)(MODEL, X), rtol=1e-12)
    assert_same(made, jacfwd(predict, (0, 1))(MODEL, X), rtol=1e-12, atol=1e-14)


def test_the_cheaper_side():
    wide, tall = jacobian(lambda x: np.sum(x) * x[:2]), jacobian(lambda x: np.outer(x, x))
    assert wide(np.ones(5)).shape == (2, 5)
    assert wide.mode == "reverse"
    assert tall(np.ones(5)).shape == (5, 5, 5)
    assert tall.mode == "forward"
    assert "_bar" in wide.source_for(np.ones(5))
    assert "_dot" in tall.source_for(np.ones(5))


def test_scalars_and_dtypes():
    assert jacobian(lambda x: x * x)(3.0) == 6.0
    assert type(jacobian(lambda x: x * x)(3.0)) is float
    assert hessian(lambda x: x**3)(2.0) == 12.0
    single = np.ones(2, np.float32)
    for mode in (jacfwd, jacrev):
        assert mode(lambda x: np.sin(x) * 2.0)(single).dtype == np.float32
        assert mode(lambda x: np.sin(x) * 2.0)(np.ones((0,))).shape == (0, 0)
    assert hessian(lambda x: np.sum(x**3))(single).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arrays_without_axes(dtype):
    x = np.array(2.0, dtype)
    for found in (jacfwd(square_of_one)(x), jacrev(square_of_one)(x), hessian(lambda y: np.sum(y**3 / 3.0))(x)):
        assert type(found) is np.ndarray and found.shape == () and found.dtype == dtype and found == 4.0


def square_of_one(x):
    return np.array(x * x)


def test_has_aux():
    def f(x):
        return np.sum(x**3), "extra"

    x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    for mode in (jacfwd, jacrev):
        assert_same(mode(f, has_aux=True)(x), (3 * x**2, "extra"))
    assert_same(hessian(f, has_aux=True)(x), (np.diag(6 * x), "extra"))
    assert_same(hvp(f, has_aux=True)(x, v), (6 * x * v, "extra"))
    assert_same(vhp(f, has_aux=True)(x, v), (6 * x * v, "extra"))
    assert laplacian(f, has_aux=True)(x) == (18.0, "extra")
    assert_same(directional_derivative(f, has_aux=True)(x, v), (np.float64(3.0), "extra"))


def test_several_arguments():
    def f(x, y, n=2):
        return np.sum(np.sin(x) * y) * n

    x, y = np.arange(3.0), 2.0
    (xx, xy), (yx, yy) = hessian(f, wrt=("x", "y"))(x, y, n=3)
    assert_same(xx, np.diag(-np.sin(x) * y * 3))
    assert_same(xy, np.cos(x) * 3)
    assert_same(yx, xy)
    assert yy == 0.0
    u, v = np.ones(3), 0.5
    by_x, by_y = hvp(f, (0, 1))(x, y, (u, v), n=3)
    assert_same(by_x, xx @ u + xy * v, rtol=1e-12)
    assert by_y == pytest.approx(yx @ u)
    assert laplacian(f, (0, 1))(x, y) == pytest.approx(-2 * 2 * np.sum(np.sin(x)))


class Potential:
    def __init__(self, k: float) -> None:
        self.k = k

    def energy(self, x):
        return self.k * np.sum(x**2) / 2

    @hvp
    def stiffness(self, x):
        return self.k * np.sum(x**2) / 2


def test_methods_and_decorators():
    x, v = np.ones(2), np.array([1.0, 2.0])
    assert_same(hessian(Potential(3.0).energy)(x), 3.0 * np.eye(2))
    assert_same(hvp(Potential(3.0).energy)(x, v), 3.0 * v)

    @jacobian(wrt=1)
    def f(a, x):
        """Scaled."""
        return a * x

    assert_same(f(2.0, x), 2.0 * np.eye(2))
    assert f.__doc__ == "Scaled."


def test_loops_and_writes():
    def f(x):
        y = np.zeros(4)
        for i in range(4):
            y[i] = x[i] * x[(i + 1) % 4] + (y[i - 1] if i > 0 else 0.0)
        return y

    x = np.array([1.0, 2.0, 3.0, 4.0])
    expected = np.array([numerical_gradient(lambda x, i=i: f(x)[i], (x,)) for i in range(4)])
    assert_same(jacfwd(f)(x), expected, rtol=1e-6, atol=1e-8)
    assert_same(jacrev(f)(x), expected, rtol=1e-6, atol=1e-8)


# --- one at a time ------------------------------------------------------------------------------


def test_directional_derivative():
    assert directional_derivative(lambda x: x * x)(3.0, 2.0) == 12.0
    f = directional_derivative(lambda x: np.outer(x, x))
    assert_same(f(np.array([1.0, 2.0]), np.array([0.0, 1.0])), np.array([[0.0, 1.0], [1.0, 4.0]]))
    assert "x_dot" in f.source


def test_elementwise_gradient():
    x = np.linspace(-2.0, 2.0, 7).reshape(7, 1)
    assert_same(elementwise_grad(lambda x: np.where(x > 0, x**2, np.sin(x)))(x), np.where(x > 0, 2 * x, np.cos(x)), rtol=1e-12)
    assert elementwise_grad(lambda x: x**2)(3.0) == 6.0
    assert_same(elementwise_grad(lambda a, x: a * x, wrt="x")(2.0, x), np.full((7, 1), 2.0))
    with pytest.raises(WrongArgument, match="other entries"):
        elementwise_grad(lambda x: np.cumsum(x))(np.ones(3))
    with pytest.raises(WrongArgument, match="entry by entry"):
        elementwise_grad(lambda x: np.sum(x))(np.ones(3))


@pytest.mark.parametrize(("f", "x", "coefficients"), [
    (lambda x: math.exp(x), 0.0, [1 / math.factorial(k) for k in range(6)]),
    (lambda x: 1.0 / (1.0 - x), 0.0, [1.0] * 6),
    (lambda x: math.log(1.0 + x), 0.0, [0.0, 1.0, -1 / 2, 1 / 3, -1 / 4, 1 / 5]),
    (lambda x: math.exp(math.sin(x)), 0.0, [1.0, 1.0, 1 / 2, 0.0, -1 / 8, -1 / 15]),
    (lambda x: x**5 - x, 2.0, [30.0, 79.0, 80.0, 40.0, 10.0, 1.0]),
])
def test_taylor(f, x, coefficients):
    assert taylor(f, 5)(x) == pytest.approx(tuple(coefficients))


def test_taylor_of_loops_along_directions():
    def f(x, n):
        y = np.ones(2)
        for i in range(n):
            y = y * x + i
        return {"y": y, "n": n}

    x, v = np.array([0.5, 1.5]), np.array([1.0, -2.0])
    found = taylor(f, 3)(x, 4, direction=v)
    assert [c["n"] for c in found] == [4, None, None, None]
    for t in (0.1, -0.2):
        series = sum(c["y"] * t**k for k, c in enumerate(found))
        exact = f(x + t * v, 4)["y"]
        assert np.max(np.abs(series - exact)) <= 17 * abs(t) ** 4  # the term of degree four, which is the last: v**4
    fourth = taylor(f, 4)(x, 4, direction=v)
    assert_same(sum(c["y"] * 0.3**k for k, c in enumerate(fourth)), f(x + 0.3 * v, 4)["y"], rtol=1e-12)


def test_order_must_be_a_number():
    with pytest.raises(WrongArgument, match="order"):
        taylor(lambda x: x, 0)


# --- refusals -----------------------------------------------------------------------------------


def test_complex_arguments_are_refused():
    with pytest.raises(WrongArgument, match="complex"):
        jacobian(lambda z: z * z)(1j)
    with pytest.raises(WrongArgument, match="complex"):
        jacrev(lambda x: x * 1j)(1.0)
    assert jacfwd(lambda x: x * 1j)(1.0) == 1j


def test_direction_must_be_like_the_argument():
    with pytest.raises(WrongArgument, match="shape"):
        hvp(lambda x: np.sum(x**3))(np.ones(3), np.ones(2))
    with pytest.raises(WrongArgument, match="as a tuple"):
        hvp(lambda x, y: x * y, (0, 1))(1.0, 2.0, 1.0)
    with pytest.raises(WrongArgument, match="no direction"):
        hvp(lambda x: x * x)()
    with pytest.raises(WrongArgument, match="mode"):
        jacobian(lambda x: x, mode="sideways")


# --- higher order -------------------------------------------------------------------------------


def test_third_order():
    def f(x, n):
        y = x
        for _ in range(n):
            y = y * math.sin(y) + x
        return y

    second = grad(grad(f))
    numeric = (second(0.7 + 1e-5, 3) - second(0.7 - 1e-5, 3)) / 2e-5
    assert hessian(grad(f))(0.7, 3) == pytest.approx(numeric, rel=1e-7)
    assert hvp(grad(f))(0.7, 3, 2.0) == pytest.approx(2 * numeric, rel=1e-7)
    assert vhp(grad(f))(0.7, 3, 2.0) == pytest.approx(2 * numeric, rel=1e-7)
    assert 6 * taylor(f, 3)(0.7, 3)[3] == pytest.approx(numeric, rel=1e-7)
    assert jvp(second, (0.7, 3), (1.0, None))[1] == pytest.approx(numeric, rel=1e-7)
