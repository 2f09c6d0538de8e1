"""Two nested values beside each other: where they differ most, and by how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .trees import Index, described, float_leaves, is_float_leaf, pairs, parts_of, unlike


@dataclass(frozen=True)
class _Difference:
    """Where two float leaves differ most, measured in what is tolerated: more than 1 is too much."""

    excess: float
    path: str
    index: Index
    actual: Any
    expected: Any

    @property
    def place(self) -> str:
        return self.path + ("[" + ", ".join(map(str, self.index)) + "]" if self.index else "")


def worst_of(path: str, actual: Any, expected: Any, rtol: float, atol: float) -> _Difference:
    if not isinstance(actual, int | float | complex | np.ndarray | np.generic):
        raise unlike(path, actual, expected)
    ours, theirs = np.asarray(actual), np.asarray(expected)
    if ours.shape != theirs.shape:
        raise AssertionError(f"{path}: shape {ours.shape}, where {theirs.shape} was expected")
    if isinstance(expected, np.ndarray | np.generic) and ours.dtype != theirs.dtype:
        raise AssertionError(f"{path}: dtype {ours.dtype}, where {theirs.dtype} was expected")
    ours, theirs = ours.astype(np.complex128), theirs.astype(np.complex128)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.abs(ours - theirs) / (atol + rtol * np.abs(theirs))
    excess = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0.0, np.nan_to_num(excess, nan=np.inf))
    index = np.unravel_index(int(np.argmax(excess)), excess.shape) if excess.size else ()
    worst = tuple(int(part) for part in index)
    numbers = [np.asarray(value)[worst].item() if excess.size else None for value in (actual, expected)]
    return _Difference(float(np.max(excess, initial=0.0)), path, worst, *numbers)


def assert_same(actual: Any, expected: Any, rtol: float = 1e-9, atol: float = 0.0, path: str = "result") -> None:
    """Two nested values agree: structure, shapes and dtypes of arrays, floats within tolerance, all else by `==`.

    >>> assert_same({"w": [1.0, 2.0]}, {"w": [1.0, 2.5]})
    Traceback (most recent call last):
    AssertionError: result["w"][1]: 2.0, where 2.5 was expected (off by 0.5)
    """
    for place, ours, theirs in pairs(actual, expected, path):
        if is_float_leaf(theirs):
            found = worst_of(place, ours, theirs, rtol, atol)
            if found.excess > 1.0:
                off = abs(found.actual - found.expected)
                raise AssertionError(
                    f"{found.place}: {found.actual!r}, where {found.expected!r} was expected (off by {off:.3g})"
                )
        elif not _same_leaf(ours, theirs):
            raise unlike(place, ours, theirs)


def _same_leaf(actual: Any, expected: Any) -> bool:
    if type(actual) is not type(expected):
        return False
    if isinstance(expected, np.ndarray):
        return bool(actual.dtype == expected.dtype and np.array_equal(actual, expected))
    compares = getattr(type(expected), "__eq__", None) != getattr(object, "__eq__", None)
    return bool(actual == expected) if compares else True  # an object that cannot tell its copies from itself


Explain = Callable[[str, Index], str]


def _nothing(path: str, index: Index) -> str:
    return ""


def compare(
    actual: Any, numeric: Any, name: str, rtol: float, atol: float, what: str = "gradient", explain: Explain = _nothing
) -> None:
    """The derivative by the argument `name` agrees with the differences, or an `AssertionError` that says where not.

    A leaf with `None` in `numeric` has no derivative: adjoint may have `None` there, or zeros. `explain` is asked for
    more about the worst entry.

    >>> compare({"b": 4.004}, {"b": 4.0}, "params", rtol=1e-6, atol=1e-9)
    Traceback (most recent call last):
    AssertionError: the gradient with respect to argument params is wrong at params["b"]:
        adjoint      4.004
        differences  4.0
        off by 0.004, relatively 0.000999, where 4.001e-06 is tolerated
    """
    if actual is None and not float_leaves(numeric):
        return
    found = []
    for path, ours, theirs in pairs(actual, numeric, name):
        if theirs is not None:
            found.append(worst_of(path, ours, theirs, rtol, atol))
        elif not _vanishes(ours):
            raise AssertionError(f"{path}: nothing to differentiate here, but the {what} is {described(ours)}")
    worst = max(found, key=lambda difference: difference.excess, default=None)
    if worst is None or worst.excess <= 1.0:
        return
    off, size = abs(worst.actual - worst.expected), max(abs(worst.actual), abs(worst.expected))
    raise AssertionError(
        f"the {what} with respect to argument {name} is wrong at {worst.place}:\n"
        f"    adjoint      {worst.actual!r}\n"
        f"    differences  {worst.expected!r}\n"
        f"    off by {off:.4g}, relatively {off / size if size else off:.3g}, "
        f"where {atol + rtol * abs(worst.expected):.4g} is tolerated" + explain(worst.path, worst.index)
    )


def _vanishes(value: Any) -> bool:
    parts = parts_of(value)
    if parts is not None:
        return all(_vanishes(part) for _, part in parts)
    return value is None or (isinstance(value, int | float | np.ndarray | np.generic) and not np.any(value))
