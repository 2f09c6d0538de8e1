"""The tester tested: right gradients pass, wrong ones are caught and named. The corpus is fit to be differentiated.

Nothing here needs adjoint's own derivatives: `fake` puts known ones, right or wrong, in their place.
"""

import functools
import contextlib
import io
import math
import warnings
from collections import Counter, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from corpus import CASES

import adjoint
from adjoint.testing import (
    active_places,
    assert_same,
    check_grads,
    compare,
    copied,
    float_leaves,
    map_leaves,
    numerical_gradient,
)

Point = namedtuple("Point", ["x", "label"])


@dataclass(frozen=True)
class Spring:
    k: float
    name: str = "spring"


@dataclass
class Layer:
    W: np.ndarray
    size: int


# --- numerical_gradient ----------------------------------------------------------------------------------------------


def test_float_to_ten_digits():
    assert numerical_gradient(math.sin, [1.0]) == pytest.approx(math.cos(1.0), rel=1e-10)
    assert numerical_gradient(lambda x, y: x**y, [2.0, 3.0], wrt=1) == pytest.approx(8 * math.log(2), rel=1e-10)


def test_extrapolation_beats_the_plain_difference():
    exact = math.exp(3.0) * 20 * math.cos(60.0) + math.exp(3.0) * math.sin(60.0)
    errors = [
        abs(numerical_gradient(lambda x: math.exp(x) * math.sin(20 * x), [3.0], method=method) - exact)
        for method in ("auto", "central")
    ]
    assert errors[0] < 1e-3 * errors[1]


def test_several_arguments_come_as_a_tuple():
    assert numerical_gradient(lambda x, n, y: x * y * n, [2.0, 3, 5.0], wrt=(2, 0)) == pytest.approx((6.0, 15.0))


def test_structure_is_the_arguments():
    tree = {
        "b": [1.0, 2, "text", None, True],
        "a": (np.array([[1.0, 2.0]]), Point(3.0, "here")),
        "spring": Spring(2.0),
        "layer": Layer(np.ones(2), 2),
        "int": np.arange(3),
    }

    def loss(t):
        squares = t["b"][0] ** 2 + np.sum(t["a"][0] ** 2) + t["a"][1].x ** 2
        return squares + t["spring"].k ** 2 + np.sum(t["layer"].W ** 2) * t["layer"].size

    gradient = numerical_gradient(loss, [tree])
    expected = {
        "b": [2.0, None, None, None, None],
        "a": (np.array([[2.0, 4.0]]), Point(6.0, None)),
        "spring": Spring(4.0, None),
        "layer": Layer(np.array([4.0, 4.0]), None),
        "int": None,
    }
    assert_same(gradient, expected, rtol=1e-8)
    assert list(gradient) == list(tree)


def test_numpy_scalars_and_0d_arrays_keep_their_kind():
    for x in (np.float64(1.5), np.array(1.5), np.float32(1.5), np.array([1.5], np.float32)):
        gradient = numerical_gradient(lambda x: np.sum(x * x), [x])
        assert type(gradient) is type(x)
        assert gradient.dtype == x.dtype
        assert np.allclose(gradient, 3.0, rtol=1e-4 if x.dtype == np.float32 else 1e-9)


def test_float32_steps_are_the_ones_really_made():
    for x in (1000.0, 1.0, -0.3):
        gradient = numerical_gradient(lambda x: np.sum(x * np.float32(3)), [np.array([x], np.float32)])
        assert np.allclose(gradient, 3.0, rtol=1e-4)


def test_complex_arguments_follow_jax():
    z = np.array([1.0 + 2.0j, -0.5j])
    assert np.allclose(numerical_gradient(lambda z: np.sum(np.abs(z) ** 2), [z]), 2 * z.conj())
    assert numerical_gradient(lambda z: (z**2).real, [1.0 + 2.0j]) == pytest.approx(2 * (1.0 + 2.0j))


def test_arguments_are_never_written_to():
    x, table = np.ones(3), {"rows": [np.zeros(2)], "log": []}

    def vandal(x, table):
        x *= 2.0
        table["rows"][0][:] = x[:2]
        table["rows"].append(5.0)
        table["log"].append("seen")
        return np.sum(x) + np.sum(table["rows"][0])

    gradients = numerical_gradient(vandal, [x, table], wrt=(0, 1))
    assert_same([x, table], [np.ones(3), {"rows": [np.zeros(2)], "log": []}])
    assert np.allclose(gradients[0], [4.0, 4.0, 2.0])
    assert np.allclose(gradients[1]["rows"][0], 0.0)


def test_the_edge_of_the_domain_asks_for_smaller_steps():
    x = 3e-6  # the first step would take the logarithm of a negative number
    assert numerical_gradient(math.log, [x]) == pytest.approx(1 / x, rel=1e-2)


@pytest.mark.parametrize("result", [np.ones(2), "text", None, (1.0, 2.0), 1j])
def test_only_real_scalars_have_gradients(result):
    with pytest.raises(TypeError, match="a gradient needs a"):
        numerical_gradient(lambda x: result, [1.0])


def test_unknown_method():
    with pytest.raises(ValueError, match="central"):
        numerical_gradient(math.sin, [1.0], method="upwards")


# --- nested values ---------------------------------------------------------------------------------------------------


def test_copies_share_nothing_that_can_be_written():
    tree = {"a": [np.ones(2)], "object": SimpleNamespace(x=[1]), "f": math.sin, "module": math}
    copy = copied(tree)
    assert_same(copy, tree)
    assert copy["a"][0] is not tree["a"][0]
    assert copy["object"].x is not tree["object"].x
    assert copy["f"] is math.sin
    assert copy["module"] is math


def test_paths():
    tree = {"W": [np.ones(2)], "p": Point(1.0, "x"), 3: Spring(1.0)}
    assert [path for path, _ in float_leaves(tree, "t")] == ['t["W"][0]', "t.p.x".replace("t.p", 't["p"]'), "t[3].k"]
    assert active_places([1, tree, "x", [2.0], np.arange(2)]) == (1, 3)


def test_map_leaves_leaves_the_original_alone():
    spring = Spring(2.0)
    assert map_leaves(lambda path, leaf: 0, {"s": spring}) == {"s": Spring(0, 0)}
    assert spring == Spring(2.0)


@pytest.mark.parametrize(
    ("actual", "expected", "message"),
    [
        ({"a": [1.0]}, {"a": [1.1]}, r'result\["a"\]\[0\]: 1.0, where 1.1 was expected'),
        ({"a": 1.0}, {"b": 1.0}, r"keys \['a'\], where .* keys \['b'\]"),
        ([1.0], (1.0,), "list of 1, where a tuple of 1"),
        ([1.0], [1.0, 2.0], "list of 1, where a list of 2"),
        (np.ones(2), np.ones(3), r"shape \(2,\), where \(3,\)"),
        (np.ones(2, np.float32), np.ones(2), "dtype float32, where float64"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.1]), r"result\[1\]: 2.0, where 2.1"),
        (float("nan"), 1.0, "nan, where 1.0"),
        (1.0, float("inf"), "1.0, where inf"),
        ("a", "b", "'a' .str., where 'b'"),
        (1, True, "1 .int., where True"),
        (None, [1, 2], "None .NoneType., where a list of 2"),
        ([None], 2.0, "a list of 1, where 2.0"),
        (Point(1.0, "a"), Point(1.0, "b"), r"result.label: 'a'"),
        (Spring(1.0), Spring(1.5), r"result.k: 1.0"),
        (np.array([1, 2]), np.array([1, 3]), "array"),
    ],
)
def test_assert_same_says_where(actual, expected, message):
    assert_same(actual, actual)
    assert_same(expected, copied(expected))
    with pytest.raises(AssertionError, match=message):
        assert_same(actual, expected)


def test_assert_same_tolerances():
    assert_same(np.array([1.0, 0.0]), np.array([1.001, 1e-7]), rtol=1e-2, atol=1e-6)
    assert_same([float("nan"), float("inf")], [float("nan"), float("inf")])
    with pytest.raises(AssertionError):
        assert_same(1.0, 1.001, rtol=1e-4)


# --- compare ---------------------------------------------------------------------------------------------------------


def test_compare_names_argument_entry_and_both_numbers():
    numeric = {"W": np.arange(1.0, 7.0).reshape(2, 3), "b": 2.0}
    wrong = {"W": numeric["W"].copy(), "b": 2.0}
    wrong["W"][1, 2] *= 1.001
    compare(numeric, numeric, "params", rtol=1e-6, atol=0.0)
    with pytest.raises(AssertionError) as failure:
        compare(wrong, numeric, "params", rtol=1e-6, atol=0.0)
    for part in ("argument params", 'params["W"][1, 2]', "6.005", "6.0", "0.000999"):
        assert part in str(failure.value)


def test_compare_reports_the_worst_of_all_entries():
    with pytest.raises(AssertionError, match=r"wrong at x\[2\]\[0\]:"):
        compare([1.01, 2.0, [3.5]], [1.0, 2.0, [3.0]], "x", rtol=1e-6, atol=0.0)


def test_nothing_to_differentiate_may_be_none_or_zero():
    for leaf in (None, 0, 0.0, np.zeros(3)):
        compare([1.0, leaf], [1.0, None], "x", rtol=1e-6, atol=0.0)
    compare(None, [None, {"a": None}], "x", rtol=1e-6, atol=0.0)
    with pytest.raises(AssertionError, match="nothing to differentiate"):
        compare([1.0, 2.0], [1.0, None], "x", rtol=1e-6, atol=0.0)
    with pytest.raises(AssertionError, match=r"where 1\.0 .float. was expected"):
        compare([None], [1.0], "x", rtol=1e-6, atol=0.0)


# --- check_grads -----------------------------------------------------------------------------------------------------


@pytest.fixture
def fake(monkeypatch):
    """`fake(gradient)` puts a derivative in the place of adjoint's; `gradient(*args)` is a tuple, one per argument."""

    def install(gradient, jvp=None):
        def grad(fun, wrt=0):
            return lambda *args: tuple(gradient(*args)[place] for place in wrt)

        def vjp(fun, *args):
            return fun(*args), lambda seed: gradient(*args, seed)

        monkeypatch.setattr(adjoint, "grad", grad, raising=False)
        monkeypatch.setattr(adjoint, "vjp", vjp, raising=False)
        monkeypatch.setattr(adjoint, "jvp", jvp, raising=False)

    return install


check_reverse = functools.partial(check_grads, modes=("rev",))


def loss(params, x):
    return np.sum(np.tanh(params["W"] @ x) + params["b"] ** 2) * params["n"]


def loss_gradient(params, x):
    slope = params["n"] * (1 - np.tanh(params["W"] @ x) ** 2)
    b = 2 * params["b"] * params["n"] * len(slope)
    return {"W": np.outer(slope, x), "b": b, "n": None}, params["W"].T @ slope


PARAMS = {"W": np.array([[0.5, -0.3, 0.2], [0.1, 0.8, -0.4]]), "b": 0.7, "n": 2}
POINT = np.array([1.0, 2.0, -0.5])


def test_a_right_gradient_passes(fake):
    fake(loss_gradient)
    check_reverse(loss, (PARAMS, POINT))
    check_reverse(loss, (PARAMS, POINT), wrt=1)


@pytest.mark.parametrize("entry", [(0, 0), (1, 2)])
def test_an_error_of_a_thousandth_in_one_entry_is_caught(fake, entry):
    def wrong(params, x):
        by_params, by_x = loss_gradient(params, x)
        by_params["W"][entry] *= 1.001
        return by_params, by_x

    fake(wrong)
    check_reverse(loss, (PARAMS, POINT), wrt=1)
    with pytest.raises(AssertionError) as failure:
        check_reverse(loss, (PARAMS, POINT))
    assert f'argument params is wrong at params["W"][{entry[0]}, {entry[1]}]' in str(failure.value)
    assert "non-differentiable" not in str(failure.value)


def test_another_argument_is_named(fake):
    fake(lambda params, x: (loss_gradient(params, x)[0], loss_gradient(params, x)[1] * [1, 1, 1.001]))
    with pytest.raises(AssertionError, match=r"argument x is wrong at x\[2\]"):
        check_reverse(loss, (PARAMS, POINT))


def test_tolerances_can_be_given(fake):
    fake(lambda x: (2 * x * 1.001,))
    check_reverse(lambda x: x**2, (3.0,), rtol=1e-2)
    with pytest.raises(AssertionError):
        check_reverse(lambda x: x**2, (3.0,), rtol=1e-4)


@pytest.mark.parametrize("gradient", [2.0, 1.5 * np.ones(1), None, [3.0], "3.0"])
def test_a_gradient_of_another_structure_is_caught(fake, gradient):
    fake(lambda x: (gradient,))
    with pytest.raises(AssertionError):
        check_reverse(lambda x: x * 3.0, (1.0,))


def test_a_float64_gradient_of_a_float32_argument_is_caught(fake):
    x = np.ones(2, np.float32)
    fake(lambda x: (2 * x,))
    check_reverse(lambda x: np.sum(x * x), (x,))
    fake(lambda x: ((2 * x).astype(np.float64),))
    with pytest.raises(AssertionError, match="dtype float64, where float32"):
        check_reverse(lambda x: np.sum(x * x), (x,))


def test_nan_is_not_a_gradient(fake):
    fake(lambda x: (float("nan"),))
    with pytest.raises(AssertionError, match="nan"):
        check_reverse(lambda x: x * 3.0, (1.0,))


def test_a_kink_is_reported(fake):
    fake(lambda x: (np.where(x < 0, -1.0, 1.0),))
    with pytest.raises(AssertionError, match="looks non-differentiable here: from the left -1, from the right 1"):
        check_reverse(lambda x: np.sum(np.abs(x)), (np.array([2.0, 0.0]),))


def test_array_results_are_contracted_with_the_same_cotangent(fake):
    fake(lambda x, seed: (seed * np.cos(x),))
    check_reverse(np.sin, (np.array([0.3, 1.0, 2.0]),))
    fake(lambda x, seed: (np.sum(seed) * np.cos(x),))
    with pytest.raises(AssertionError, match=r"args\[0\]\[\d\]|x\[\d\]"):
        check_reverse(np.sin, (np.array([0.3, 1.0, 2.0]),))


def test_nested_results(fake):
    fake(lambda x, seed: (2 * x * seed["square"] + seed["more"][0] * np.ones(2) * 3,))
    check_reverse(lambda x: {"square": x**2, "more": [3 * np.sum(x), "text"]}, (np.array([1.0, 2.0]),))


def test_a_changed_primal_is_caught(fake, monkeypatch):
    fake(lambda x, seed: (seed * 2.0,))
    monkeypatch.setattr(adjoint, "vjp", lambda fun, x: (fun(x) + 1e-3, lambda seed: (2.0 * seed,)), raising=False)
    with pytest.raises(AssertionError, match="the primal result"):
        check_reverse(lambda x: 2.0 * x, (np.ones(2),))


def test_a_changed_argument_is_caught(fake):
    def gradient(x):
        x[0] = 5.0
        return (np.ones(2),)

    fake(gradient)
    x = np.zeros(2)
    with pytest.raises(AssertionError, match=r"computing the gradient changed args\[0\]\[0\]: 5.0, where 0.0"):
        check_reverse(np.sum, (x,))


def test_forward_mode(fake):
    def fun(params, x):
        return params["a"] * np.sin(x) * params["n"]

    def jvp(fun, args, tangents, wrong=1.0):
        (params, x), (params_dot, x_dot) = args, tangents
        a_dot, x_dot = 0.0 if params_dot is None else params_dot["a"], 0.0 if x_dot is None else x_dot
        assert params_dot is None or params_dot["n"] is None
        tangent = a_dot * np.sin(x) + params["a"] * np.cos(x) * x_dot * wrong
        return fun(params, x), tangent * params["n"]

    point = ({"a": 2.0, "n": 3}, np.array([0.3, 1.0]))
    fake(None, jvp)
    check_grads(fun, point, modes=("fwd",))
    fake(None, lambda *args: jvp(*args, wrong=1.001))
    with pytest.raises(AssertionError, match=r"the tangent with respect to argument x is wrong at x\[\d\]"):
        check_grads(fun, point, modes=("fwd",))


def test_second_order(fake, monkeypatch):
    def install(third):
        def grad(fun, wrt):
            return lambda x: (3 * x**2,)

        def vjp(fun, x):
            return fun(x), lambda seed: (6 * third * x * seed[0],)

        monkeypatch.setattr(adjoint, "grad", grad, raising=False)
        monkeypatch.setattr(adjoint, "vjp", vjp, raising=False)

    install(1.0)
    check_reverse(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), order=2)
    install(1.001)
    check_reverse(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),))
    with pytest.raises(AssertionError, match=r"is wrong at x\[\d\]"):
        check_reverse(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), order=2)


def test_misuse():
    with pytest.raises(ValueError, match="nothing to differentiate"):
        check_grads(lambda n: n + 1, (3,))
    with pytest.raises(ValueError, match="modes"):
        check_grads(math.sin, (1.0,), modes=("sideways",))
    with pytest.raises(ValueError, match="modes"):
        check_grads(math.sin, (1.0,), modes=())
    with pytest.raises(ValueError, match="order"):
        check_grads(math.sin, (1.0,), order=0)


# --- the corpus ------------------------------------------------------------------------------------------------------


def test_the_corpus_is_large():
    assert len(CASES) >= 500
    assert len({case.name for case in CASES}) == len(CASES)
    groups = Counter(case.group for case in CASES)
    assert set(groups) == {
        "combos", "containers", "control", "effects", "functions", "objects", "straight", "writes",
    }  # fmt: skip
    assert all(case.features for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_differences_can_be_trusted_on(case):
    """Finite, the same with and without extrapolation (so not at a kink), without a warning, arguments left alone."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("error")
        result = case.fun(*case.fresh_args())
        weights = None
        if case.out != "scalar":
            weights = map_leaves(lambda path, leaf: leaf * 0 + len(path) - 7.5, result)

        def scalar(*args):
            value = case.fun(*args)
            if weights is None:
                return value
            pairs = zip(float_leaves(value), float_leaves(weights), strict=True)
            return float(sum(np.sum(a * b) for (_, a), (_, b) in pairs))

        places = case.wrt if isinstance(case.wrt, tuple) else (case.wrt,)
        args = case.fresh_args()
        extrapolated, plain = (numerical_gradient(scalar, args, places, method) for method in ("auto", "central"))
        assert_same(args, case.fresh_args(), rtol=0.0)
        value = abs(float(scalar(*case.fresh_args())))
    sizes = [np.max(np.abs(leaf), initial=0.0) for _, leaf in float_leaves(extrapolated)]
    assert np.all(np.isfinite(sizes))
    single = any(leaf.dtype == np.float32 for _, leaf in float_leaves(case.args) if hasattr(leaf, "dtype"))
    assert_same(plain, extrapolated, rtol=5e-3, atol=(1e-2 if single else 1e-7) * max(1.0, value, *sizes))
