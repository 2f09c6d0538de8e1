"""Every rule against its primal: checker.py says what is checked, rows.py and rows_linalg.py give the calls."""

import importlib
import math
import operator
import warnings

import numpy as np
import pytest
from rules.checker import (
    Row, active, arguments, called_without_a_rule, check, check_twice, cotangents, leaves, map_leaves, name, pair, smallest,
    unlike_their_primals,
)
from rules.rows_more import ROWS
from rules.test_draws import DRAWS

from adjoint import BadRule, Unsupported, check_grads
from adjoint.rules import registry
from adjoint.rules.registry import RULES, Logistic, Rule

FAMILIES = """ufuncs scalar complex_numbers constants reductions differences draws shaping joining contraction linalg norms fft
    sorting sets poly ufunc_methods helpers""".split()
MODULES = [importlib.import_module(f"adjoint.rules.{family}") for family in FAMILIES]

BY_NAME = {}
for _row in ROWS:
    BY_NAME.setdefault(f"{getattr(_row.fn, '__module__', None) or 'numpy'}.{name(_row.fn)}", []).append(_row)


def functions_of(rule):
    return [f for f in (rule.vjp, rule.jvp, *(rule.partials or ())) if callable(f)]


def ours(rule):
    return any(f.__module__ in [m.__name__ for m in MODULES] for f in functions_of(rule))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("key", BY_NAME)
def test_rule(key):
    for row in BY_NAME[key]:
        check(row)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", smallest(ROWS), ids=str)
def test_rule_of_the_second_order(row):
    check_twice(row)


# Rules with a sign or a phase that is free, which a random cotangent would see: what no sign changes is taken instead.
RNG = np.random.default_rng(5)
SIGNLESS = {
    np.linalg.eigh: lambda a: [p**2 for p in np.linalg.eigh(a + a.T)],
    np.linalg.eig: lambda a: [p**2 for p in np.linalg.eig(a @ a.T + np.diag(np.array([1.0, 2.0, 4.0])))],
    np.linalg.svd: lambda a: [p**2 for p in np.linalg.svd(a)],
}


@pytest.mark.parametrize("fn", SIGNLESS, ids=name)
def test_decomposition_of_the_second_order(fn):
    function, weights = SIGNLESS[fn], [RNG.normal(size=np.shape(part)) for part in SIGNLESS[fn](np.eye(3))]

    def loss(a):
        total = 0.0
        for part, weight in zip(function(a), weights, strict=True):
            total = total + np.sum(part * weight)
        return total

    check_grads(loss, (RNG.normal(size=(3, 3)) + np.diag(np.array([0.0, 2.0, 5.0])),), order=2)


def test_every_rule_is_differentiated_twice():
    """Each function with a rule has a row, or a sign that is free; no row is left out for another reason."""
    assert {row.fn for row in ROWS if row.call is not None} <= set(SIGNLESS)


def test_every_rule_has_a_row():
    with_rows = {row.fn for row in ROWS} | DRAWS.keys() | {type(row.fn) for row in ROWS if isinstance(row.fn, Logistic)}
    without = [name(fn) for fn, rule in RULES.items() if rule.differentiable and ours(rule) and fn not in with_rows]
    assert not without


def test_every_rule_goes_both_ways():
    """A VJP and a JVP: forward mode covers what reverse mode does."""
    one_way = [
        name(fn)
        for fn, rule in RULES.items()
        if rule.differentiable and rule.partials is None and ours(rule)
        if rule.vjp is None or not (rule.jvp or rule.linear)
    ]
    assert not one_way


# ── the checker itself ───────────────────────────────────────────────────────────────────────────


def soft(x):
    return np.log1p(np.exp(x))


def smooth(a, axis=None):
    return np.sum(a * a, axis=axis)


@pytest.fixture
def slightly_wrong():
    """A partial, a VJP and a JVP wrong by one part in a thousand."""
    rule = Rule(soft)
    RULES[soft] = RULES[smooth] = rule
    yield rule
    del RULES[soft], RULES[smooth]


@pytest.mark.parametrize(("factor", "caught"), [(1.0, False), (1.001, True)])
def test_the_checker_finds_a_wrong_partial(slightly_wrong, factor, caught):
    slightly_wrong.partials = (lambda z, x: factor / (1.0 + np.exp(-x)),)
    assert fails(Row(soft, (np.array([0.3, -1.2]),))) is caught


@pytest.mark.parametrize(("vjp_factor", "jvp_factor", "caught"), [(1, 1, False), (1.001, 1, True), (1, 1.001, True)])
def test_the_checker_finds_a_wrong_product(slightly_wrong, vjp_factor, jvp_factor, caught):
    slightly_wrong.vjp = lambda g, z, a, axis=None: 2.0 * vjp_factor * np.expand_dims(g, axis) * a
    slightly_wrong.jvp = lambda t, z, a, axis=None: 2.0 * jvp_factor * np.sum(a * t[0], axis=axis)
    assert fails(Row(smooth, (np.array([[0.3, -1.2], [0.4, 2.0]]),), {"axis": 0})) is caught


def test_the_checker_finds_a_wrong_shape(slightly_wrong):
    slightly_wrong.vjp = lambda g, z, a, axis=None: g * np.ones((2, 3))
    with pytest.raises((AssertionError, ValueError)):
        check(Row(smooth, (np.array([0.3, -1.2]),)))


def test_the_checker_finds_a_missing_cotangent(slightly_wrong):
    slightly_wrong.vjp = lambda g, z, a, axis=None: None
    assert fails(Row(smooth, (np.array([0.3, -1.2]),)))


def fails(row):
    try:
        check(row)
    except AssertionError as error:
        return isinstance(error.__cause__, AssertionError | BadRule)
    return False


# ── what the engine relies on ────────────────────────────────────────────────────────────────────


def test_rules_have_the_signatures_of_their_primals():
    """The parameters after (cotangent, result) are the primal's, in order and by name."""
    assert not unlike_their_primals((fn, rule) for fn, rule in RULES.items() if ours(rule))


def test_rules_call_only_what_has_a_rule():
    """So that every rule can be differentiated again."""
    assert not called_without_a_rule(MODULES, {"np": np, "math": math, "operator": operator})


# Rules whose float32 cotangents are computed in float64, where NumPy's own tools for the primal are.
WIDER = {
    "min", "gradient", "pad", "linspace", "polyval", "polymul", "roots", "poly", "setxor1d", "union1d", "unique",
    "setdiff1d", "intersect1d", "histogram", "histogram_bin_edges", "median", "nanmedian", "quantile", "nanquantile",
    "percentile", "nanpercentile",
}  # fmt: skip


def narrow(x):
    if isinstance(x, (list, tuple)):
        return type(x)(narrow(item) for item in x)
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
        return x.astype({"f": np.float32, "c": np.complex64}[x.dtype.kind])
    return x


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("key", BY_NAME)
def test_float32_stays_float32(key, monkeypatch):
    """Not computed in double precision on the way (only dtypes are looked at)."""
    for row in BY_NAME[key]:
        wide = Row(row.fn, row.args, row.kwargs, row.fixed)
        single = Row(row.fn, narrow(row.args), {k: narrow(x) for k, x in row.kwargs.items()}, row.fixed)
        if row.call is not None or len(arguments(single)) != len(arguments(wide)):
            continue
        z = single.fn(*single.args, **single.kwargs)
        if not leaves(z) or any(np.result_type(leaf).name not in ("float32", "complex64") for leaf in leaves(z)):
            continue
        g = map_leaves(np.ones_like, z)
        kinds = []
        monkeypatch.setattr("rules.checker.settle", lambda bar, x: kinds.append((bar, x)) or bar)
        bars = cotangents(single, tuple(g) if isinstance(z, tuple) else g, z)
        monkeypatch.undo()
        if name(row.fn) in WIDER:
            continue
        for bar, x in kinds:
            if isinstance(bar, np.ndarray) and isinstance(x, np.ndarray):
                assert bar.dtype.name in ("float32", "complex64"), f"{row}: {bar.dtype}"


# ── where the derivative does not exist ──────────────────────────────────────────────────────────


def bars_of(fn, *args, g=1.0, **kwargs):
    row = Row(fn, args, kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(cotangents(row, g, fn(*args, **kwargs)).values())


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        (bars_of(abs, 0.0), [0.0]),
        (bars_of(np.abs, np.zeros(2)), [np.zeros(2)]),
        (bars_of(np.abs, np.zeros(2, complex)), [np.zeros(2)]),
        (bars_of(np.hypot, 0.0, 0.0), [0.0, 0.0]),
        (bars_of(math.hypot, 0.0, 0.0), [0.0, 0.0]),
        (bars_of(math.dist, [1.0], [1.0]), [[0.0], [0.0]]),
        (bars_of(np.sqrt, np.zeros(1)), [[np.inf]]),
        (bars_of(np.maximum, 2.0, 2.0), [0.5, 0.5]),
        (bars_of(np.minimum, np.array([2.0, 1.0]), 2.0), [[0.5, 1.0], 0.5]),
        (bars_of(np.fmax, np.array([np.nan, 1.0]), np.array([2.0, np.nan])), [[0.0, 1.0], [1.0, 0.0]]),
        (bars_of(max, 2.0, 2.0), [0.5, 0.5]),
        (bars_of(max, [1.0, 3.0, 3.0]), [[0.0, 0.5, 0.5]]),
        (bars_of(np.maximum, 0.0, np.array([-np.inf, np.inf]), g=np.array([np.inf, 1.0])), [np.inf, [0.0, 1.0]]),
        (bars_of(np.clip, np.array([0.0, 1.0, 2.0]), 0.0, 1.0), [[1.0, 1.0, 0.0], 0.0, 1.0]),
        (bars_of(operator.pow, 0.0, 0.0), [0.0, 0.0]),
        (bars_of(operator.pow, 0.0, 2.5), [0.0, 0.0]),
        (bars_of(operator.pow, 0.0, 1.0), [1.0, 0.0]),
        (bars_of(operator.pow, -2.0, 3), [12.0]),
        (bars_of(np.power, np.zeros(3), np.array([0.0, 1.0, 2.5])), [[0.0, 1.0, 0.0], np.zeros(3)]),
        (bars_of(np.logaddexp, -np.inf, np.array([-np.inf, 0.0])), [0.0, [0.0, 1.0]]),
        (bars_of(np.logaddexp, 800.0, -800.0), [1.0, 0.0]),
        (bars_of(np.max, np.array([3.0, 1.0, 3.0])), [[0.5, 0.0, 0.5]]),
        (bars_of(np.max, np.array([-1.0, -2.0]), initial=0.0), [[0.0, 0.0], 1.0]),
        (bars_of(np.median, np.array([1.0, 2.0, 2.0, 2.0])), [[0.0, 1 / 3, 1 / 3, 1 / 3]]),
        (bars_of(np.std, np.ones(3)), [np.zeros(3)]),
        (bars_of(np.linalg.norm, np.zeros(3)), [np.zeros(3)]),
        (bars_of(np.linalg.norm, np.zeros(3), 1), [np.zeros(3)]),
        (bars_of(np.linalg.norm, np.array([0.0, 2.0]), 3), [[0.0, 1.0]]),
        (bars_of(np.where, np.array([True, False]), np.ones(2), 0.5, g=np.array([np.inf, 1.0])), [[np.inf, 0.0], 1.0]),
        (bars_of(np.nanmean, np.array([np.nan, 2.0, 3.0])), [[0.0, 0.5, 0.5]]),
        (bars_of(np.prod, np.array([0.0, 2.0, 3.0])), [[6.0, 0.0, 0.0]]),
        (bars_of(np.cumprod, np.array([2.0, 0.0, 3.0]), g=np.ones(3)), [[1.0, 8.0, 0.0]]),
        (bars_of(np.sum, np.zeros((0, 2)), axis=0, g=np.ones(2)), [np.zeros((0, 2))]),
        (bars_of(np.prod, np.zeros(0)), [np.zeros(0)]),
        (bars_of(np.concatenate, [np.zeros(0), np.ones(2)], g=np.ones(2)), [[np.zeros(0), np.ones(2)]]),
    ],
)  # fmt: skip
def test_convention(bars, expected):
    assert len(bars) == len(expected)
    for bar, value in zip(bars, expected, strict=True):
        if isinstance(bar, list):
            assert all(np.array_equal(one, other) for one, other in zip(bar, value, strict=True))
        else:
            np.testing.assert_allclose(bar, value)


def test_a_full_decomposition_of_a_rectangle_is_refused():
    a = np.ones((3, 2))
    u, s, vh = np.linalg.svd(a)
    with pytest.raises(Unsupported, match="full_matrices=False"):
        RULES[np.linalg.svd].vjp((u, None, None), (u, s, vh), a)
    assert RULES[np.linalg.svd].vjp((None, s, None), (u, s, vh), a).shape == (3, 2)


# ── complex decompositions, whose vectors have a free phase ──────────────────────────────────────

WEIGHT = RNG.normal(size=(3, 3))


def moduli(v):
    """A loss that no phase changes, and its cotangent."""
    return np.sum(WEIGHT[: v.shape[0], : v.shape[1]] * abs(v) ** 2), 2.0 * WEIGHT[: v.shape[0], : v.shape[1]] * v.conj()


def complex_matrix(m, n):
    return RNG.normal(size=(m, n)) + 1j * RNG.normal(size=(m, n))


HERMITIAN = complex_matrix(3, 3)
HERMITIAN = HERMITIAN + HERMITIAN.conj().T


@pytest.mark.parametrize(
    ("fn", "a", "kwargs", "part"),
    [
        (np.linalg.eigh, HERMITIAN, {}, 1),
        (np.linalg.eigh, HERMITIAN, {"UPLO": "U"}, 1),
        (np.linalg.eig, complex_matrix(3, 3), {}, 1),
        (np.linalg.eig, RNG.normal(size=(3, 3)), {}, 1),
        (np.linalg.svd, complex_matrix(3, 2), {"full_matrices": False}, 0),
        (np.linalg.svd, complex_matrix(2, 3), {"full_matrices": False}, 2),
        (np.linalg.svd, complex_matrix(3, 3), {}, 0),
    ],
)
def test_vectors_of_a_complex_matrix(fn, a, kwargs, part):
    z = fn(a, **kwargs)
    g = [None] * len(z)
    g[part] = moduli(z[part])[1]
    bar = RULES[fn].vjp(tuple(g), z, a, **kwargs)
    for _ in range(3):
        d = RNG.normal(size=a.shape) + (1j * RNG.normal(size=a.shape) if np.iscomplexobj(a) else 0.0)
        h = 1e-5
        above, below = (moduli(fn(a + s * h * d, **kwargs)[part])[0] for s in (1, -1))
        assert np.isclose(np.real(np.sum(bar * d)), (above - below) / (2 * h), rtol=1e-6, atol=1e-8)


def test_a_phase_free_product_of_singular_vectors():
    """u vᴴ is free of phases though neither factor is."""
    a, weight = complex_matrix(3, 3), complex_matrix(3, 3)

    def loss(x):
        u, s, vh = np.linalg.svd(x)
        return np.real(np.sum(weight * ((u * s**2) @ vh)))

    u, s, vh = z = np.linalg.svd(a)
    g = (weight @ vh.T * s**2, np.real(np.diagonal(u.T @ weight @ vh.T)) * 2.0 * s, (u * s**2).T @ weight)
    bar = RULES[np.linalg.svd].vjp(g, z, a)
    d, h = complex_matrix(3, 3), 1e-5
    assert np.isclose(pair(bar, d), (loss(a + h * d) - loss(a - h * d)) / (2 * h), rtol=1e-6)


def test_known_is_false_outside_of_lowering():
    assert registry.known(2) is False
    assert active(1.0)
    assert not active(1)
