"""Gradients of gradients: the whole corpus against differences of its gradient, a part of it to third order.

One number is asked of each function: the derivative of <gradient, v> along u, where u and v are random
directions.  It is <H v, u> where the pullback of the gradient gives H v, and a difference of two gradients
otherwise.
"""

import contextlib
import inspect
import io
import random
import warnings
from typing import Any

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED

from adjoint import Gradient, grad, ir, value_and_grad
from adjoint.dispatch import Derived, Reverse
from adjoint.errors import AdjointError
from adjoint.testing import float_leaves, is_float_leaf, map_leaves

ONCE = [c for c in CASES if c.out == "scalar" and c.name not in REFUSED]

THRICE = [c for c in ONCE if c.wrt in (0, (0,)) and type(c.args[0]) is float]


def single(case: Case) -> bool:
    return any(np.asarray(leaf).dtype in (np.float32, np.complex64) for _, leaf in float_leaves(list(case.args)))


@contextlib.contextmanager
def quiet() -> Any:
    random.seed(0)
    np.random.seed(0)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def direction(like: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)

    def drawn(path: str, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return leaf
        d = rng.uniform(0.5, 1.5, np.shape(leaf))
        if np.iscomplexobj(leaf):
            d = d + 1j * rng.uniform(0.5, 1.5, np.shape(leaf))
        return d.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(d)

    return map_leaves(drawn, like)


def dot(a: Any, b: Any) -> float:
    other = dict(float_leaves(b))
    return float(sum(np.sum(np.real(x * other[path])) for path, x in float_leaves(a) if path in other))


def moved(case: Case, u: Any, step: float) -> list[Any]:
    """The arguments, a step along u."""
    args = list(case.fresh_args())

    def leaf(path: str, x: Any, along: dict[str, Any]) -> Any:
        if path not in along:
            return x
        y = x + step * along[path]
        return y.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(y)

    for k, part in zip(*([[case.wrt], [u]] if isinstance(case.wrt, int) else [case.wrt, u]), strict=True):
        along = dict(float_leaves(part))
        args[k] = map_leaves(lambda path, x, along=along: leaf(path, x, along), args[k])
    return args


def pulled_back(derived: Derived, case: Case, seed: Any) -> Any:
    """The cotangents of the arguments, given one of the result of `derived`."""
    pullback = Derived(derived, case.wrt, Reverse(seed="given"))
    bound = pullback._bound(case.fresh_args(), {})
    ir.check(pullback._programs(bound)[1])
    run = pullback._made(bound).run
    (name,) = set(inspect.signature(run).parameters) - set(pullback._signature.parameters)
    return run(*bound.args, **bound.kwargs, **{name: seed})


@pytest.mark.parametrize("case", ONCE, ids=lambda case: case.name)
def test_second_order(case: Case) -> None:
    gradient = Gradient(case.fun, case.wrt, value=False, optimize=True, has_aux=False)

    def at(args: Any) -> Any:
        with quiet():
            return gradient(*args)

    v, u = direction(at(case.fresh_args()), 0), direction(at(case.fresh_args()), 1)
    with quiet():
        ours = dot(pulled_back(gradient, case, v), u)
    step, rtol = (1e-2, 5e-2) if single(case) else (1e-5, 2e-5)
    theirs = (dot(at(moved(case, u, step)), v) - dot(at(moved(case, u, -step)), v)) / (2 * step)
    scale = max(1.0, abs(theirs), abs(dot(at(case.fresh_args()), v)))
    assert np.isfinite(theirs)
    assert abs(ours - theirs) < rtol * scale, (ours, theirs)


@pytest.mark.parametrize("case", THRICE, ids=lambda case: case.name)
def test_third_order(case: Case) -> None:
    second, third = grad(grad(case.fun)), grad(grad(grad(case.fun)))

    def at(x: float) -> float:
        with quiet():
            return second(x, *case.fresh_args()[1:])

    with quiet():
        ours = third(*case.fresh_args())
    step = 1e-5
    theirs = (at(case.args[0] + step) - at(case.args[0] - step)) / (2 * step)
    assert abs(ours - theirs) < 2e-5 * max(1.0, abs(theirs), abs(at(case.args[0]))), (ours, theirs)


def test_polynomial() -> None:
    def p(x: float) -> float:
        return 2.0 * x**4 - x**3

    assert grad(grad(p))(2.0) == 84.0
    assert grad(grad(grad(p)))(2.0) == 90.0
    assert grad(grad(grad(grad(p))))(2.0) == 48.0


def test_value_and_extra() -> None:
    def f(x: float) -> tuple[float, float]:
        return x**3, 10.0 * x

    slope = grad(f, has_aux=True)
    assert slope(2.0) == (12.0, 20.0)
    assert grad(slope, has_aux=True)(2.0) == (12.0, 20.0)
    assert value_and_grad(slope, has_aux=True)(2.0) == ((12.0, 20.0), 12.0)
    with pytest.raises(AdjointError, match="single real number"):
        grad(value_and_grad(lambda x: x * x))(2.0)


def test_mixed_derivatives() -> None:
    def f(x: float, y: float) -> float:
        return x**2 * y**3

    assert grad(grad(f, wrt="x"), wrt="y")(2.0, 3.0) == grad(grad(f, wrt="y"), wrt="x")(2.0, 3.0) == 2 * 2 * 3 * 9.0
    assert grad(lambda x, y: x * y)(2.0, 3.0) == 3.0
    assert grad(grad(f, wrt=1), wrt=(0, 1))(2.0, 3.0) == (108.0, 72.0)
