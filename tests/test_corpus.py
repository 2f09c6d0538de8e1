"""Every function of the corpus, in every mode: right, or refused by name.

Modes: the default source against finite differences, the textbook source against the default, and forward
mode against both the gradient (by the dot-product identity) and differences along the same direction.  A
function that is refused today stands in `REFUSED` with the reason; one that starts to work must be taken out.
"""

import contextlib
import inspect
import io
from typing import Any

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED

import adjoint
from adjoint.api import Gradient
from adjoint.testing import (
    active_places, assert_same, check_grads, float_leaves, is_float_leaf, map_leaves, numerical_gradient,
)

def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        return run()


def gradient(case: Case, optimize: bool = True):
    seed = "one" if case.out == "scalar" else "given"
    return Gradient(case.fun, case.wrt, value=False, optimize=optimize, has_aux=False, seed=seed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_or_refused(case: Case) -> None:
    try:
        quietly(lambda: check_grads(case.fun, case.fresh_args(), wrt=case.wrt))
    except adjoint.AdjointError as error:
        assert case.name in REFUSED, f"refused: {error}"
        assert error.what and error.what.endswith(".")
    else:
        assert case.name not in REFUSED, "works now: take it out of REFUSED"


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in REFUSED and c.out == "scalar"], ids=lambda c: c.name)
def test_textbook_form_agrees(case: Case) -> None:
    expected = quietly(lambda: gradient(case)(*case.fresh_args()))
    actual = quietly(lambda: gradient(case, optimize=False)(*case.fresh_args()))
    assert_same(actual, expected, rtol=1e-9, atol=1e-12)


# --- forward mode -------------------------------------------------------------------------------


def drawn(tree: Any, seed: int) -> Any:
    """Random numbers for the float leaves of a value, None for the others."""
    rng = np.random.default_rng(seed)

    def draw(path: str, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return None
        numbers = rng.normal(size=np.shape(leaf)) + (1j * rng.normal(size=np.shape(leaf)) if np.iscomplexobj(leaf) else 0.0)
        return numbers.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(numbers)

    return map_leaves(draw, tree)


def contracted(tree: Any, weights: Any) -> float:
    """`Re(sum(a * w))` over the float leaves."""
    of = dict(float_leaves(weights))
    return float(sum(np.sum(np.asarray(leaf) * of[path]).real for path, leaf in float_leaves(tree) if path in of))


def moved(args: tuple[Any, ...], tangents: Any, step: float) -> tuple[Any, ...]:
    by = dict(float_leaves(list(tangents)))

    def move(path: str, leaf: Any) -> Any:
        if path not in by:
            return leaf
        new = leaf + step * by[path]
        return new.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(new)

    return tuple(map_leaves(move, list(args)))


def pulled_back(case: Case, seed: Any) -> Any:
    """The cotangents of the arguments in `wrt`, given that of the result."""
    places = case.wrt if isinstance(case.wrt, tuple) else (case.wrt,)
    made = Gradient(case.fun, places, value=False, optimize=True, has_aux=False, seed="given")
    bound = inspect.signature(case.fun).bind(*case.fresh_args())
    bound.apply_defaults()
    run = made.compiled_for(*case.fresh_args())
    (name,) = set(inspect.signature(run).parameters) - set(inspect.signature(case.fun).parameters)
    return dict(zip(places, run(*bound.args, **bound.kwargs, **{name: seed}), strict=True))


WITHOUT_TANGENT: set[str] = set()  # of those a primitive has no JVP yet


def is_single(case: Case) -> bool:
    return any(np.asarray(leaf).dtype in (np.float32, np.complex64) for _, leaf in float_leaves(list(case.args)))


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in REFUSED], ids=lambda c: c.name)
def test_forward_mode_agrees(case: Case) -> None:
    places = case.wrt if isinstance(case.wrt, tuple) else (case.wrt,)
    assert set(places) <= set(active_places(case.args))
    args = case.fresh_args()
    tangents = [drawn(a, k) if k in places else None for k, a in enumerate(args)]
    expected = quietly(lambda: case.fun(*case.fresh_args()))
    seed = drawn(expected, 100)
    try:
        value, tangent = quietly(lambda: adjoint.jvp(case.fun, args, tangents))
    except adjoint.MissingRule:
        assert case.name in WITHOUT_TANGENT
        return
    assert case.name not in WITHOUT_TANGENT, "works now: take it out of WITHOUT_TANGENT"
    assert_same(args, case.fresh_args(), rtol=0.0, path="jvp changed args")
    assert_same(value, expected, rtol=1e-4 if is_single(case) else 1e-9, atol=1e-12)
    assert_same(map_leaves(kind_of, tangent), map_leaves(kind_of, expected), path="tangent")
    found = contracted(tangent, seed)
    cotangents = quietly(lambda: pulled_back(case, seed))
    by_reverse = sum(contracted(cotangents[k], tangents[k]) for k in places)
    size = sum(np.sum(np.abs(leaf)) for _, leaf in float_leaves(tangent))
    rtol, atol = (1e-3, 1e-4 * size) if is_single(case) else (1e-8, 1e-10 * size)
    assert np.isclose(found, by_reverse, rtol=rtol, atol=atol)
    start = np.float32(0.0) if is_single(case) else 0.0
    along = quietly(lambda: numerical_gradient(
        lambda step: contracted(case.fun(*moved(case.fresh_args(), tangents, step)), seed), (start,)
    ))
    rounding = 3e-11 * (1.0 + sum(np.sum(np.abs(leaf)) for _, leaf in float_leaves(expected)))
    atol = 1e-2 * size if is_single(case) else 1e-6 * size + rounding
    assert np.isclose(found, along, rtol=2e-2 if is_single(case) else 1e-5, atol=atol)


def kind_of(path: str, leaf: Any) -> Any:
    """What a tangent has of its value: shape and dtype; of a value that is no float, nothing."""
    return (np.shape(leaf), np.asarray(leaf).dtype.str) if is_float_leaf(leaf) else None
