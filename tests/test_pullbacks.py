"""`vjp`: values recorded once, pulled back any number of times, whatever the value is made of."""

import contextlib
import dataclasses
import io
import random
import warnings
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED

from adjoint import AdjointError, Gradient, grad, vjp
from adjoint.testing import assert_same, copied, is_float_leaf, map_leaves, numerical_gradient

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Motion:
    place: Any
    speed: Any
    name: str = "ball"


@contextlib.contextmanager
def quiet() -> Any:
    random.seed(0)
    np.random.seed(0)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def seed_like(value: Any, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)

    def drawn(path: str, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return None
        d = rng.uniform(0.5, 1.5, np.shape(leaf))
        return d.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(d)

    return map_leaves(drawn, value)


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in REFUSED], ids=lambda case: case.name)
def test_twice_is_the_same_and_is_the_gradient(case: Case) -> None:
    args = case.fresh_args()
    with quiet():
        value, pullback = vjp(case.fun, *args)
        seed = seed_like(value)
        first = copied(pullback(seed))
    for x in (*args, value):  # neither is looked at again
        for leaf in x if isinstance(x, list | tuple) else [x]:
            if isinstance(leaf, np.ndarray) and leaf.flags.writeable:
                leaf[...] = 7 if leaf.dtype.kind in "fciub" else leaf
    with quiet():
        pullback(None)
        assert_same(pullback(seed), first, rtol=0.0)
        if case.out == "scalar":
            places = (case.wrt,) if isinstance(case.wrt, int) else case.wrt
            gradient = Gradient(case.fun, tuple(places), value=False, optimize=True, has_aux=False)
            random.seed(0)
            np.random.seed(0)
            expected = gradient(*case.fresh_args())
            _, pullback = vjp(case.fun, *case.fresh_args())
            got = pullback(1.0)
            assert_same(tuple(got[k] for k in places), expected, rtol=1e-12, atol=1e-300)


def test_effects_happen_once() -> None:
    calls = []

    def f(x):
        print("running")
        y = x.copy()
        y[0] *= x[1]
        calls.append(1)
        return y, {"sum": np.sum(y**2)}

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        (y, _), pullback = vjp(f, np.array([2.0, 3.0]))
        assert y.tolist() == [6.0, 3.0]
        assert pullback((np.array([1.0, 0.0]), {"sum": 0.0}))[0].tolist() == [3.0, 2.0]
        assert pullback((None, {"sum": 1}))[0].tolist() == [36.0, 24.0 + 6.0]
        assert pullback((None, None))[0].tolist() == [0.0, 0.0]
    assert out.getvalue() == "running\n"
    assert calls == [1]


def test_writes_in_reverse_leave_the_tape_alone() -> None:
    def f(x):
        y = np.zeros(3)
        for k in range(3):
            y[k] = x[k] * y[k - 1] + x[k] ** 2
            y = y * x
        return y

    x = np.array([1.5, -0.5, 2.0])
    _, pullback = vjp(f, x)
    rows = [np.stack([pullback(e)[0] for e in np.eye(3)]) for _ in range(3)]
    assert_same(rows[0], rows[1], rtol=0.0)
    assert_same(rows[0], rows[2], rtol=0.0)
    for k in range(3):
        assert_same(rows[0][k], numerical_gradient(lambda x, k=k: f(x)[k], [x], 0), rtol=1e-7, atol=1e-8)


def test_seeds_are_not_written_to() -> None:
    def f(x):
        y = x.copy()
        y[0] = 2.0 * y[1]
        return y

    seed = np.ones(2)
    _, pullback = vjp(f, np.ones(2))
    assert pullback(seed)[0].tolist() == [0.0, 3.0]
    assert seed.tolist() == [1.0, 1.0]
    cotangent = vjp(lambda x: x, np.ones(2))[1](seed)[0]
    assert cotangent is not seed


def test_structures() -> None:
    value, pullback = vjp(lambda x, y: Pair(x * y, [x, {"k": y, "n": 4}]), 2.0, 3.0)
    assert value == Pair(6.0, [2.0, {"k": 3.0, "n": 4}])
    assert pullback(Pair(1.0, [10.0, {"k": 100.0, "n": None}])) == (13.0, 102.0)
    assert pullback(Pair(None, [1.0, None])) == (1.0, 0.0)

    value, pullback = vjp(lambda m: Motion(m.place + m.speed, 2.0 * m.speed), Motion(np.ones(2), 3.0))
    assert (value.place.tolist(), value.speed, value.name) == ([4.0, 4.0], 6.0, "ball")
    (bar,) = pullback(Motion(np.array([1.0, 2.0]), 10.0))
    assert (bar.place.tolist(), bar.speed) == ([1.0, 2.0], 23.0)


def test_one_cotangent_for_each_argument_that_is_given() -> None:
    def f(x, n, *rest, scale=2.0):
        return x**n * sum(rest) * scale

    value, pullback = vjp(f, 3.0, 2, 1.0, 4.0)
    assert value == 90.0
    assert pullback(1.0) == (60.0, None, 18.0, 18.0)
    assert vjp(lambda n: n * 2, 3)[1](None) == (None,)


def test_extra() -> None:
    value, pullback, extra = vjp(lambda x: (x * x, {"twice": 2 * x}), 3.0, has_aux=True)
    assert (value, extra, pullback(1.0)) == (9.0, {"twice": 6.0}, (6.0,))


def test_dtypes() -> None:
    _, pullback = vjp(lambda x: x * np.float32(2.0), np.ones(2, np.float32))
    assert pullback(np.ones(2))[0].dtype == np.float32
    assert pullback(np.ones(2, int))[0].tolist() == [2.0, 2.0]
    with pytest.raises(AdjointError, match="`seed` has dtype complex128, and the value has float32"):
        pullback(np.ones(2) * 1j)
    with pytest.raises(AdjointError, match=r"`seed` is an array of shape \(3,\), and the value is an array of shape \(2,\)"):
        pullback(np.ones(3))


def test_methods() -> None:
    class Scale:
        def __init__(self, by):
            self.by = by

        def __call__(self, x):
            return self.by * x

        def twice(self, x):
            return 2.0 * self.by * x**2

    by = Scale(3.0)
    value, pullback = vjp(by, 2.0)
    assert (value, pullback(1.0)) == (6.0, (3.0,))
    value, pullback = vjp(by.twice, 2.0)
    by.by = 100.0  # what was recorded stays
    assert (value, pullback(1.0)) == (24.0, (24.0,))
    assert vjp(by.twice, 2.0)[1](1.0) == (800.0,)


def test_an_attribute_read_in_a_loop_is_recorded() -> None:
    class Layer:
        def __init__(self):
            self.w = np.array([2.0, 3.0])

        def __call__(self, x):
            for _ in range(3):
                x = x * self.w
            return x

    layer = Layer()
    _, pullback = vjp(layer, np.ones(2))
    layer.w = np.zeros(2)
    assert pullback(np.ones(2))[0].tolist() == [8.0, 27.0]
    layer.w = np.array([2.0, 3.0])
    _, pullback = vjp(layer, np.ones(2))
    layer.w *= 0.0
    assert pullback(np.ones(2))[0].tolist() == [8.0, 27.0]


def test_pullback_of_a_gradient() -> None:
    def f(x):
        return np.sum(x**3) * x[0]

    x = np.array([1.0, 2.0])
    gradient, pullback = vjp(grad(f), x)
    assert gradient.tolist() == [9.0 + 3.0, 12.0]
    hessian = np.stack([pullback(e)[0] for e in np.eye(2)])
    assert hessian.tolist() == [[12.0, 12.0], [12.0, 12.0]]


def test_both_halves_are_read() -> None:
    def f(x, y):
        return np.sin(x) * y

    _, pullback = vjp(f, np.ones(2), 2.0)
    assert "def f_forward(x, y):" in pullback.source
    assert "def f_reverse(tape, seed):" in pullback.source
    assert repr(pullback).startswith("Pullback(source=")
