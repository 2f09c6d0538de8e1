"""Every function of the corpus, lowered and reversed, is a well-formed program, and right when it is interpreted.

This looks at lowering and reversal alone: no emitted source, and no pass but `dce`. While a program is interpreted,
what is known of each of its values (`Var.aval`) is compared with the value itself: passes and emission rely on it.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED

from adjoint import ir
from adjoint.avals import ANY, Arr, Cut, Num, Parts, Seq
from adjoint.errors import AdjointError
from adjoint.ir import UNDEFINED, Function, Tree, Var
from adjoint.lower import lower
from adjoint.passes.dce import dce
from adjoint.sweeps import reverse
from adjoint.testing import compare, float_leaves, is_float_leaf, map_leaves, numerical_gradient

@pytest.fixture(autouse=True)
def deep_stack() -> Iterator[None]:
    """The interpreter takes several frames for each call of a recursive function."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_or_refused(case: Case) -> None:
    try:
        with quiet():
            check(case)
    except AdjointError as error:
        assert case.name in REFUSED, f"refused: {error}"
        assert error.what.endswith(".")
        assert error.spot is not None
    else:
        assert case.name not in REFUSED, "works now: take it out of REFUSED"


def test_refused_names_exist() -> None:
    assert {case.name for case in CASES} >= REFUSED


# --- one case -----------------------------------------------------------------------------------


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def check(case: Case) -> None:
    result = case.fun(*case.fresh_args())
    seed = None if case.out == "scalar" else map_leaves(seed_of, result)
    value, gradient = value_and_gradient(case, seed)
    single = any(np.asarray(leaf).dtype in (np.float32, np.complex64) for _, leaf in float_leaves(list(case.args)))
    rtol, atol = (2e-3, 1e-3) if single else (1e-5, 1e-6)
    scalar = case.fun if seed is None else lambda *args: contracted(case.fun(*args), seed)
    compare(gradient, numerical_gradient(scalar, case.fresh_args(), case.wrt), "args", rtol, atol)
    ours, theirs = float_leaves(value), float_leaves(result)
    assert [path for path, _ in ours] == [path for path, _ in theirs]
    for (path, x), (_, y) in zip(ours, theirs, strict=True):
        assert np.shape(x) == np.shape(y), path
        assert np.allclose(x, y, rtol=1e-4, equal_nan=True), path


def seed_of(path: str, leaf: Any) -> Any:
    """A cotangent for one leaf of a result."""
    if not is_float_leaf(leaf):
        return leaf
    drawn = np.random.default_rng(len(path)).uniform(0.5, 1.5, np.shape(leaf))
    return drawn.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(drawn)


def contracted(result: Any, seed: Any) -> float:
    weights = dict(float_leaves(seed))
    return float(sum(np.sum(np.real(leaf * weights[path])) for path, leaf in float_leaves(result)))


def value_and_gradient(case: Case, seed: Any) -> tuple[Any, Any]:
    bound = inspect.signature(case.fun).bind(*case.fresh_args())
    bound.apply_defaults()
    places = [case.wrt] if isinstance(case.wrt, int) else list(case.wrt)
    lowered = ir.check(lower(case.fun, bound).function)
    star = next((k for k, p in enumerate(lowered.params) if p.kind == "star"), len(places) + len(lowered.params))
    params = list(dict.fromkeys(min(k, star) for k in places))  # `*args` is one parameter
    reversed_ = ir.check(reverse(lowered, params, seed="one" if seed is None else "given", value=True))
    program = ir.check(dce(reversed_))
    values = [v for p in lowered.params for v in leaf_values(p.tree, bound.arguments[p.name])]
    if seed is not None:
        values += leaf_values(program.params[-1].tree, seed)
    random.seed(0)
    value, found = built(program.result, iter(run(program, *values)))
    of = dict(zip(params, found, strict=True))
    gradients = tuple(of[star][k - star] if k >= star else of[k] for k in places)
    return value, gradients[0] if isinstance(case.wrt, int) else gradients


def leaf_values(tree: Any, value: Any) -> list[Any]:
    """The values of the variables in a tree, in order."""
    if not isinstance(tree, Tree):
        return [value] if isinstance(tree, Var) else []
    of = value.__getitem__ if issubclass(tree.cls, tuple | list | dict) else lambda key: getattr(value, key)
    return [v for key, part in zip(tree.keys, tree.parts, strict=True) for v in leaf_values(part, of(key))]


def built(tree: Any, leaves: Iterator[Any]) -> Any:
    """The value that a tree describes, given its leaves."""
    if not isinstance(tree, Tree):
        return next(leaves)
    parts = [built(part, leaves) for part in tree.parts]
    if tree.cls is dict:
        return dict(zip(tree.keys, parts, strict=True))
    if issubclass(tree.cls, tuple | list):
        return tree.cls(*parts) if hasattr(tree.cls, "_fields") else tree.cls(parts)
    new = object.__new__(tree.cls)
    for key, part in zip(tree.keys, parts, strict=True):
        object.__setattr__(new, key, part)
    return new


# --- interpreting, with an eye on what is known -------------------------------------------------------


def run(program: Function, *values: Any) -> tuple[Any, ...]:
    """`ir.run`, that asserts of every value assigned that it is of the kind that its variable says."""
    return ir.run(program, *values, watch=watch)


def watch(var: Var, value: Any) -> None:
    assert is_of(var.aval, value, var.bar_of is not None), f"{value!r} is not {var.aval}"


def is_of(aval: Any, value: Any, cotangent: bool) -> bool:
    """Does what is known hold for the value?  An integer has a float for a cotangent."""
    if value is UNDEFINED or aval == ANY or (cotangent and value is None):
        return True
    match aval:
        case Num(kind):
            letter = np.asarray(value).dtype.kind if np.ndim(value) == 0 else ""
            letters = {"float": "fi", "int": "i", "bool": "b", "complex": "cf"}[kind]
            return letter in letters or (cotangent and letter == "f")
        case Arr(dtype, shape):
            if isinstance(value, list | tuple | dict | str | type(None)):
                return False
            if dtype is not None and np.asarray(value).dtype != dtype:
                return False
            have = np.shape(value)
            return shape is None or (
                len(have) == len(shape) and all(n in (None, m) for m, n in zip(have, shape, strict=True))
            )
        case Seq(item):
            return isinstance(value, list) and all(is_of(item, v, cotangent) for v in value)
        case Parts(_, items):
            return (
                isinstance(value, list | tuple)
                and len(value) == len(items)
                and all(is_of(i, v, cotangent) for i, v in zip(items, value, strict=True))
            )
        case Cut():
            return isinstance(value, slice)
    return isinstance(value, aval.cls)
