"""The call of a gradient: what it is built for, how often, from how many threads, and what becomes of its results."""

from __future__ import annotations

import collections
import copy
import dataclasses
import functools
import pickle
import threading
import warnings

import numpy as np
import pytest

import adjoint.dispatch
from adjoint import AdjointError, grad, linear, value_and_grad, vjp, vjp_rule
from adjoint.avals import Num
from adjoint.dispatch import MOST_SIGNATURES
from adjoint.infer import infer
from adjoint.ir import Var


@pytest.fixture
def builds(monkeypatch):
    """How often something was built."""
    counted = []
    made = adjoint.dispatch.Derived._made

    def counting(self, bound):
        counted.append(self)
        return made(self, bound)

    monkeypatch.setattr(adjoint.dispatch.Derived, "_made", counting)
    return counted


# --- built once for a kind of arguments -----------------------------------------------------------


def test_built_once_for_a_signature(builds):
    square = grad(lambda x: np.sum(x * x))
    arguments = [2.0, np.float32(2.0), np.ones(2), np.ones(3), np.ones((3, 1)), np.ones(2, np.float32), np.array(2.0)]
    for _ in range(3):
        for x in arguments:
            assert np.array_equal(square(x), 2 * x)
    assert len(builds) == len(arguments)


def test_values_of_numbers_and_contents_of_arrays_do_not_matter(builds):
    f = grad(lambda x, n, xs, d: x * n * xs[0] * d["a"][0])
    for k in range(1, 6):
        assert f(float(k), k, [1.0 * k, 2.0], {"a": np.array([k, 1.0])}) == k * k * k
    assert len(builds) == 1


def test_strings_and_flags_matter(builds):
    f = grad(lambda x, how, twice=False: (x if how == "linear" else x * x) * (2.0 if twice else 1.0))
    assert [f(3.0, "linear"), f(3.0, "square"), f(3.0, "linear", True), f(3.0, "square", twice=True)] == [1.0, 6.0, 2.0, 12.0]
    assert f(3.0, "linear") == 1.0
    assert len(builds) == 4


def test_the_number_of_kept_signatures_is_bounded(builds):
    square = grad(lambda x: np.sum(x * x))
    for _ in range(2):
        for n in range(MOST_SIGNATURES + 5):
            assert square(np.ones(n)).shape == (n,)
    assert len(square._built) == MOST_SIGNATURES
    last = len(builds)
    square(np.ones(MOST_SIGNATURES + 4))
    assert len(builds) == last


def test_keywords_in_any_order():
    f = grad(lambda x, y=2.0, *, z=3.0: x * y * z)
    assert f(1.0, z=1.0, y=5.0) == f(y=5.0, x=1.0, z=1.0) == f(1.0, 5.0, z=1.0) == 5.0
    assert f(z=1.0, x=1.0) == 2.0
    for _ in range(2):
        assert (f(1.0), f(1.0, 3.0), f(1.0, z=2.0), f(x=1.0)) == (6.0, 9.0, 4.0, 6.0)


def test_parameters_called_self_and_args():
    def f(self, args, kwargs, name="n", key=2.0):
        return self * args * kwargs * key

    assert grad(f, wrt="self")(self=1.0, args=2.0, kwargs=3.0) == 12.0
    assert "args" in grad(f).source_for(self=1.0, args=2.0, kwargs=3.0, name="m")
    assert grad(f).stage("source", self=1.0, args=2.0, kwargs=3.0, name="m") == grad(f).source_for(1.0, 2.0, 3.0, "m")
    assert vjp(lambda seed, self: seed * self, 2.0, 3.0)[1](10.0) == (30.0, 20.0)


def test_a_parameter_with_the_name_of_the_seed():
    def f(x, z_bar):
        z = x * z_bar
        return z

    for optimize in (True, False):
        assert grad(f, wrt=(0, 1), optimize=optimize)(2.0, 3.0) == (3.0, 2.0)

    def star(*xs, z_bar=2.0, **more):
        z = xs[0] * xs[1] * z_bar
        return z

    for optimize in (True, False):
        assert grad(star, wrt=(0, "z_bar"), optimize=optimize)(2.0, 3.0) == (6.0, 6.0)


@pytest.mark.parametrize("call", [lambda f: f(), lambda f: f(1.0, 2.0, 3.0), lambda f: f(1.0, x=2.0), lambda f: f(1.0, q=1)])
def test_calls_that_the_function_would_not_take(call):
    def f(x, y=1.0):
        return x * y

    for g in (f, grad(f), value_and_grad(f)):
        with pytest.raises(TypeError) as caught:
            call(g)
        assert not isinstance(caught.value, AdjointError)


@pytest.mark.parametrize("wrt", [None, True, 1.0, "z", 2, -3, (0, 0), (0, "x"), (0, -2), (0, None), ((0,),), {"x"}, b"x"])
def test_wrt_that_names_nothing(wrt):
    with pytest.raises(AdjointError, match="wrt"):
        grad(lambda x, y: x * y, wrt=wrt)


def test_wrt_of_numpy():
    assert grad(lambda x, y: x * y, wrt=np.int64(1))(2.0, 3.0) == 2.0
    assert grad(lambda x, y: x * y, wrt=tuple(np.arange(2)))(2.0, 3.0) == (3.0, 2.0)


# --- wrappers -------------------------------------------------------------------------------------


def looks_at_its_call(fun):
    @functools.wraps(fun)
    def wrapper(*args, **kwargs):
        if "k" in kwargs:
            return 100.0 * fun(*args, **kwargs)
        if len(args) == 1:
            kwargs["k"] = 10.0
        return fun(*args, **kwargs)

    return wrapper


@looks_at_its_call
def wrapped(x, k=1.0):
    return k * x


def test_a_wrapper_gets_what_was_given():
    slope = grad(wrapped)
    for args, kwargs in (((1.0,), {}), ((1.0, 2.0), {}), ((1.0,), {"k": 2.0}), ((), {"x": 1.0, "k": 3.0})):
        for optimize in (True, False):
            assert grad(wrapped, optimize=optimize)(*args, **kwargs) == wrapped(*args, **kwargs)
        assert slope(*args, **kwargs) == wrapped(*args, **kwargs)
    assert grad(wrapped, wrt="k")(3.0, 2.0) == 3.0


# --- threads --------------------------------------------------------------------------------------


def together(work, count=8):
    errors = []
    start = threading.Barrier(count)

    def run(k):
        try:
            start.wait()
            work(k)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors


def test_threads_share_a_gradient(builds):
    f = value_and_grad(lambda a, b: np.sum(a * b), wrt=(0, 1))

    def work(k):
        for i in range(20):
            n = (k + i) % 5 + 1
            value, (a_bar, b_bar) = f(np.full(n, 2.0), np.full(n, 3.0))
            assert value == 6.0 * n
            assert np.array_equal(a_bar, np.full(n, 3.0))
            assert np.array_equal(b_bar, np.full(n, 2.0))

    together(work)
    assert len(builds) == 5


def test_threads_build_at_once():
    def work(k):
        for _ in range(3):
            assert np.allclose(grad(lambda x: np.sum(np.sin(x) * k))(np.zeros(k + 1)), np.full(k + 1, k))

    together(work)


def test_a_gradient_is_built_without_touching_the_warnings_of_other_threads():
    """What a rule's primal is applied to while a gradient is built may make it warn; that is heard by nobody, and meanwhile,
    and after two builds that overlapped, other threads hear theirs."""
    arrived, leave = threading.Barrier(3), [threading.Event(), threading.Event()]

    def primal(k):
        def halved(x):
            warnings.warn("of a dummy", stacklevel=1)
            if not leave[k].is_set():
                arrived.wait(20)
                leave[k].wait(20)
            return x / 2.0

        linear(halved)
        vjp_rule(halved, linear=True)(lambda g, z, x: g / 2.0)
        return halved

    halves = [primal(0), primal(1)]
    found, errors = [None, None], []

    def build(k):
        try:
            half = halves[k]
            found[k] = infer(half, (Var(Num("float")),), (), True)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=build, args=(k,)) for k in range(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for t in threads:
            t.start()
        arrived.wait(20)
        with pytest.raises(UserWarning):  # heard while both are building
            warnings.warn("of this thread", stacklevel=1)
        for k in range(2):  # the first to come is the first to go
            leave[k].set()
            threads[k].join(20)
        with pytest.raises(UserWarning):
            warnings.warn("of this thread", stacklevel=1)
    assert not errors and found == [Num("float")] * 2


def test_threads_share_methods():
    class Model:
        def __init__(self, a):
            self.a = a

        @grad
        def slope(self, x):
            return self.a * x * x

    def work(k):
        for i in range(10):
            assert Model(float(i)).slope(2.0) == 4.0 * i

    together(work)


def test_a_gradient_of_a_method_is_built_once_for_all_objects(builds):
    class Model:
        def __init__(self, a):
            self.a = a

        @grad
        def slope(self, x, y=1.0):
            return self.a * x * x * y

    for k in range(5):
        assert Model(float(k)).slope(2.0) == 4.0 * k
    assert len(builds) == 1
    assert "self.a" in Model(1.0).slope.source
    assert "self.a" in Model(1.0).slope.source_for(1.0)
    assert Model(3.0).slope.compiled_for(1.0)(1.0) == 6.0
    assert Model(3.0).slope.primal(1.0) == 3.0


# --- results --------------------------------------------------------------------------------------


ALIASING = {
    "sum": lambda x, y: x.sum() + y.sum(), "product": lambda x, y: (x * y).sum(), "first": lambda x, y: x[0] * 1.0,
    "dot": lambda x, y: x @ y, "plus": lambda x, y: np.sum(x + y), "minus": lambda x, y: np.sum(x - y),
    "one of them": lambda x, y: np.sum(x * 1.0), "reshape": lambda x, y: np.sum(x.reshape(1, -1) * y.reshape(1, -1)),
    "where": lambda x, y: np.sum(np.where(x > 1, x, y)), "constant": lambda x, y: 1.0, "mean": lambda x, y: np.mean(x),
    "transpose": lambda x, y: np.sum(x.T * x.T * y), "copy": lambda x, y: np.sum(x.copy()), "max": lambda x, y: np.max(x),
    "half": lambda x, y: np.sum(x * x) / 2, "both": lambda x, y: np.sum(x * y + y), "neg": lambda x, y: np.sum(-x - y),
    "outer": lambda x, y: np.sum(np.outer(x, y)), "concatenate": lambda x, y: np.sum(np.concatenate([x, y])),
    "stack": lambda x, y: np.sum(np.stack([x, y]) * 2.0), "broadcast": lambda x, y: np.sum(x[:, None] + y),
    "abs": lambda x, y: np.sum(np.abs(x)) + np.sum(np.maximum(x, y)), "slices": lambda x, y: np.sum(x[1:] * y[:-1]),
    "twice": lambda x, y: np.sum(x + x) + np.sum(y + y), "float": lambda x, y: float(np.sum(x * y)),
    "loop": lambda x, y: sum([np.sum(x * k + y) for k in (1.0, 2.0)]), "flip": lambda x, y: np.sum(x[::-1] * y),
    "squeeze": lambda x, y: np.sum(np.squeeze(x[None]) * y), "real": lambda x, y: np.sum(np.real(x) + y.ravel()),
}


@pytest.mark.parametrize("name", ALIASING)
@pytest.mark.parametrize("optimize", [True, False])
def test_results_are_ones_own(name, optimize):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    for same in (False, True):
        args = (x, x) if same else (x, y)
        kept = copy.deepcopy(args)
        for make in (grad, value_and_grad):
            gradient = make(ALIASING[name], wrt=(0, 1), optimize=optimize)

            def run(gradient=gradient, args=args, make=make):
                got = gradient(*args)
                return got if make is grad else got[1]

            results = run()
            saved = copy.deepcopy(results)
            text = gradient.source
            for k, result in enumerate(results):
                assert result.flags.writeable, text
                assert 0 not in result.strides, text
                assert not any(np.shares_memory(result, a) for a in args), text
                assert not any(np.shares_memory(result, other) for other in results[:k]), text
            for result in results:
                result += 100.0
            for again, want in zip(run(), saved, strict=True):
                assert np.array_equal(again, want), text
            assert np.array_equal(args, kept)


def test_parts_of_a_result_are_separate():
    a = np.ones(2)
    gradient = grad(lambda p: np.sum(p["a"] + p["b"]) + np.sum(p["c"][0] * p["c"][1]))
    got = gradient({"a": a, "b": a, "c": [a, a]})
    parts = [got["a"], got["b"], *got["c"]]
    for k, part in enumerate(parts):
        assert not np.shares_memory(part, a)
        assert not any(np.shares_memory(part, other) for other in parts[:k])


def test_gradient_and_extra_result_are_separate():
    def f(x, y):
        z = x * 2
        return np.sum(z * y), z

    for optimize in (True, False):
        (x_bar, y_bar), z = grad(f, wrt=(0, 1), has_aux=True, optimize=optimize)(np.ones(3), np.ones(3))
        assert not np.shares_memory(y_bar, z)
        assert not np.shares_memory(x_bar, z)


def test_cotangents_and_seed_are_separate():
    for f in (lambda x, y: x + y, lambda x, y: (x + 0.0 * y).reshape(1, 3), lambda x, y: (x, y)):
        value, pullback = vjp(f, np.ones(3), np.ones(3))
        seed = tuple(map(np.ones_like, value)) if isinstance(value, tuple) else np.ones_like(value)
        first, second = pullback(seed)
        for s in seed if isinstance(seed, tuple) else (seed,):
            assert not np.shares_memory(first, s)
            assert not np.shares_memory(second, s)
        assert not np.shares_memory(first, second)
        first += 1.0
        assert np.array_equal(pullback(seed)[0] + 1.0, first)


FUNCTIONS = {
    "square": lambda x: x * x, "numpy": lambda x: np.sin(x) * x, "constant": lambda x: 3.0, "itself": lambda x: x,
    "sum": lambda x: np.sum(x), "power": lambda x: x**2 / 3, "mixed": lambda x: x * np.float64(2.0) + np.ones(()) * x,
    "loop": lambda x: sum([x * k for k in (1, 2, 3)]), "choice": lambda x: x if x > 0 else -x,
    "maximum": lambda x: np.maximum(x, 1.0),
}
KINDS = [2.0, np.float64(2), np.float32(2), np.float16(2), np.array(2.0), np.array(2.0, np.float32)]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", KINDS, ids=lambda x: type(x).__name__ + str(getattr(x, "dtype", "")))
@pytest.mark.parametrize("optimize", [True, False])
def test_a_gradient_is_of_the_kind_of_its_argument(name, x, optimize):
    got = grad(FUNCTIONS[name], optimize=optimize)(x)
    assert type(got) is type(x)
    assert getattr(got, "dtype", None) == getattr(x, "dtype", None)
    assert np.shape(got) == ()


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ">f8"])
@pytest.mark.parametrize("optimize", [True, False])
def test_dtypes_of_arrays(dtype, optimize):
    x = np.arange(4.0).astype(dtype).reshape(2, 2)
    for f in (
        lambda x: np.sum(x * 2.0), lambda x: np.sum(x * np.arange(2.0)),
        lambda x: np.mean(np.exp(x)), lambda x: x[0, 1], lambda x: 1.0,
        lambda x: np.sum(x @ np.ones((2, 3))), lambda x: np.max(x), lambda x: np.sum(np.where(x > 1, x, 0.0)),
    ):
        got = grad(f, optimize=optimize)(x)
        assert got.shape == x.shape
        assert got.dtype == x.dtype or np.dtype(dtype).byteorder == ">"
        assert got.dtype.itemsize == x.dtype.itemsize


Pair = collections.namedtuple("Pair", "a b n")


@dataclasses.dataclass
class Point:
    a: float
    b: np.ndarray
    n: int = 3
    s: str = "x"


def test_structures():
    def energy(p):
        return p.a * p.n + np.sum(p.b)

    got = grad(energy)(Pair(1.0, np.ones(2), 3))
    assert type(got) is Pair
    assert (got.a, list(got.b), got.n) == (3.0, [1.0, 1.0], None)
    got = grad(energy)(Point(1.0, np.ones(2)))
    assert type(got) is Point
    assert (got.a, list(got.b), got.n, got.s) == (3.0, [1.0, 1.0], None, None)
    got = grad(lambda p: p["z"] * p["a"])({"z": 1.0, "a": 2.0, "n": 3, "s": "t", 5: (1.0,), None: None})
    assert got == {"z": 2.0, "a": 1.0, "n": None, "s": None, 5: (0.0,), None: None}
    assert list(got) == ["z", "a", "n", "s", 5, None]
    got = grad(lambda p: p["z"][0] * p["a"][1]["k"])({"z": (1.0, 5), "a": [2.0, {"k": 3.0}]})
    assert got == {"z": (3.0, None), "a": [0.0, {"k": 1.0}]}
    got = grad(lambda x: x[1] * 2.0)([1, 2.0, "s", None, True, np.arange(3)])
    assert got == [None, 2.0, None, None, None, None]
    got = grad(lambda xs: np.sum(xs[0]) * xs[1])([np.ones(2, np.float32), np.float32(2.0)])
    assert (got[0].dtype, type(got[1])) == (np.float32, np.float32)
    assert grad(lambda xs: xs[0] * xs[-1])([2.0, 3.0, 4.0]) == [4.0, 0.0, 2.0]


def test_structures_of_other_kinds_are_built_anew():
    f = grad(lambda p: p["a"] * 2.0)
    assert f({"a": 1.0}) == {"a": 2.0}
    assert f({"a": 1.0, "b": 2.0}) == {"a": 2.0, "b": 0.0}
    assert f({"b": 1.0, "a": 2.0}) == {"b": 0.0, "a": 2.0}
    assert f({"a": 1.0, "b": 2}) == {"a": 2.0, "b": None}
    assert f({"a": np.float32(1.0)}) == {"a": np.float32(2.0)}


# --- copies ---------------------------------------------------------------------------------------


@grad
def pickled(x):
    return x * x


def plain(x, y):
    return x * x * y


def test_copies_and_pickles():
    assert pickle.loads(pickle.dumps(pickled)) is pickled
    assert copy.deepcopy({"g": pickled})["g"] is pickled
    again = pickle.loads(pickle.dumps(value_and_grad(plain, wrt="y")))
    assert again(2.0, 3.0) == (12.0, 4.0)
    made = grad(lambda x: x * x)
    assert copy.copy(made)(2.0) == copy.deepcopy(made)(2.0) == 4.0
