"""Nested values: tuples, namedtuples, lists, dicts and dataclasses, walked leaf by leaf.

A *float leaf* is what can be differentiated: a float, a complex number, a NumPy scalar or array of them. Every leaf has a
path, the text that reads it: `params["W"][0]`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

Index = tuple[int, ...]  # of an entry of a leaf: () for the only one of a scalar


def is_float_leaf(leaf: Any) -> bool:
    """Whether this can be differentiated: a float or complex number, or an array of them.

    >>> [is_float_leaf(leaf) for leaf in (1.0, 1j, np.ones(2), np.float32(1), 1, True, np.arange(2), "a", None)]
    [True, True, True, True, False, False, False, False, False]
    """
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "fc"
    return isinstance(leaf, float | complex)


def parts_of(tree: Any) -> list[tuple[str, Any]] | None:
    """What a container holds, each part with the text that reads it; `None` for a leaf."""
    if isinstance(tree, dict):
        return [("[" + repr(key).replace("'", '"') + "]", tree[key]) for key in tree]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [("." + name, part) for name, part in zip(tree._fields, tree, strict=True)]
    if isinstance(tree, tuple | list):
        return [(f"[{place}]", part) for place, part in enumerate(tree)]
    if is_dataclass(tree) and not isinstance(tree, type):
        return [("." + field.name, getattr(tree, field.name)) for field in fields(tree)]
    return None


def rebuilt(tree: Any, parts: Sequence[Any]) -> Any:
    """A container like this one, with other parts."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*parts)
    if isinstance(tree, tuple | list):
        return type(tree)(parts)
    new = copy.copy(tree)
    if isinstance(tree, dict):
        new.update(zip(tree, parts, strict=True))
    else:
        for field, part in zip(fields(tree), parts, strict=True):
            object.__setattr__(new, field.name, part)  # a frozen dataclass has no other way
    return new


def map_leaves(visit: Callable[[str, Any], Any], tree: Any, path: str = "") -> Any:
    """The same structure, its leaves replaced by `visit(path, leaf)`.

    >>> map_leaves(lambda path, leaf: path, {"W": [1.0, 2.0], "b": 3}, "params")
    {'W': ['params["W"][0]', 'params["W"][1]'], 'b': 'params["b"]'}
    """
    parts = parts_of(tree)
    if parts is None:
        return visit(path, tree)
    return rebuilt(tree, [map_leaves(visit, part, path + step) for step, part in parts])


def float_leaves(tree: Any, path: str = "") -> list[tuple[str, Any]]:
    """The leaves that can be differentiated, in order, each with its path.

    >>> float_leaves({"W": [1.0, "relu"], "b": 3}, "params")
    [('params["W"][0]', 1.0)]
    """
    found: list[tuple[str, Any]] = []
    map_leaves(lambda place, leaf: found.append((place, leaf)) if is_float_leaf(leaf) else None, tree, path)
    return found


def copied(tree: Any) -> Any:
    """A copy that shares nothing that could be written to; what has no copy (a function, a module) is shared."""
    return map_leaves(lambda path, leaf: _copied_leaf(leaf), tree)


def _copied_leaf(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.copy(order="K")
    if inspect.isroutine(leaf) or inspect.ismodule(leaf):
        return leaf
    try:
        return copy.deepcopy(leaf)
    except Exception:  # any class may refuse, in any way
        return leaf


def pairs(actual: Any, expected: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The leaves of the expected value, with what stands in the actual one's same place."""
    theirs = parts_of(expected)
    if theirs is None:
        yield path, actual, expected
        return
    ours = parts_of(actual)
    if ours is None or type(actual) is not type(expected) or [step for step, _ in ours] != [step for step, _ in theirs]:
        raise unlike(path, actual, expected)
    for (step, part), (_, other) in zip(ours, theirs, strict=True):
        yield from pairs(part, other, path + step)


def unlike(path: str, actual: Any, expected: Any) -> AssertionError:
    return AssertionError(f"{path}: {described(actual)}, where {described(expected)} was expected")


def described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, dict):
        return f"a {type(value).__name__} with the keys {list(value)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{value!r} ({type(value).__name__})"


def precision(leaf: Any) -> float:
    """The machine epsilon of a leaf's type.

    >>> precision(1.0) < 3e-16 < 1e-7 < precision(np.ones(3, np.float32))
    True
    """
    return float(np.finfo(np.asarray(leaf).dtype).eps)


def active_places(args: Sequence[Any]) -> tuple[int, ...]:
    """The places of the arguments that hold a float.

    >>> active_places((1.0, 2, "relu", [np.ones(3)]))
    (0, 3)
    """
    return tuple(place for place, arg in enumerate(args) if float_leaves(arg))


def random_like(tree: Any) -> Any:
    """Random numbers of either sign, none near zero, for the float leaves; `None` for the others."""
    random = np.random.default_rng(0)

    def draw(path: str, leaf: Any) -> Any:
        if not is_float_leaf(leaf):
            return None
        drawn = random.uniform(0.5, 1.5, np.shape(leaf)) * random.choice([-1.0, 1.0], np.shape(leaf))
        if np.iscomplexobj(leaf):
            drawn = drawn + 1j * random.uniform(-1.0, 1.0, np.shape(leaf))
        return drawn.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(drawn)

    return map_leaves(draw, tree)


def paired(tree: Any, other: Any) -> float:
    """`Re(sum(a * b))` over the float leaves of `other`."""
    found = [(ours, theirs) for _, ours, theirs in pairs(tree, other, "tangent") if theirs is not None]
    return float(sum(np.sum(np.asarray(ours) * theirs).real for ours, theirs in found))
