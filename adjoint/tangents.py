"""Tangents as arguments: of the structure, shapes and dtypes of what they are the tangents of."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from .arguments import has_float
from .errors import WrongArgument

ADVICE = "A tangent has the structure, shape and dtype of what it is the tangent of; None stands for zero."


def completed(tangent: Any, value: Any, path: str) -> Any:
    """The tangent of an argument as generated code takes it: a zero for each None, numbers in the value's dtype.

    Raises `WrongArgument`, which says where, if it is not of the value's structure, shape or kind.

    >>> completed({"w": [1, None]}, {"w": [2.0, np.ones(2)]}, "params_dot")
    {'w': [1.0, array([0., 0.])]}
    """
    if type(value) is float and type(tangent) is float:
        return tangent
    parts = parts_of(value)
    if parts is not None:
        return _rebuilt(tangent, value, parts, path)
    if not has_float(value):
        return None
    if tangent is None:
        return zero_of(value)
    if not isinstance(tangent, int | float | complex | np.ndarray | np.generic) or np.shape(tangent) != np.shape(value):
        raise WrongArgument(f"`{path}` is {described(tangent)}, and the value is {described(value)}.", ADVICE)
    have, want = np.asarray(tangent).dtype, np.asarray(value).dtype
    if not np.can_cast(have, want, "same_kind"):
        raise WrongArgument(f"`{path}` has dtype {have}, and the value has {want}.", ADVICE)
    if isinstance(value, np.ndarray):
        return tangent if isinstance(tangent, np.ndarray) and have == want else np.asarray(tangent, want)
    return tangent if type(tangent) is type(value) else type(value)(tangent)


def parts_of(value: Any) -> dict[Any, Any] | None:
    """What a container holds, by what stands in its brackets or after its dot; None for a leaf."""
    if isinstance(value, dict):
        return value
    if isinstance(value, tuple | list):
        return dict(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return None


def _rebuilt(tangent: Any, value: Any, parts: dict[Any, Any], path: str) -> Any:
    """The tangent of a container, item by item."""
    known = dict.fromkeys(parts) if tangent is None else parts_of(tangent)
    of_kind = tangent is None or isinstance(tangent, type(value) if type(value) is not dict else dict)
    if known is None or not of_kind or known.keys() != parts.keys():
        raise WrongArgument(f"`{path}` is {described(tangent)}, and the value is {described(value)}.", ADVICE)
    fields = dataclasses.is_dataclass(value)
    made = {k: completed(known[k], v, f"{path}.{k}" if fields else f"{path}[{k!r}]") for k, v in parts.items()}
    return rebuilt(value, made)


def rebuilt(value: Any, parts: dict[Any, Any]) -> Any:
    """A container like `value` that holds these parts."""
    if isinstance(value, dict):
        return dict(parts)
    if isinstance(value, tuple | list):
        return type(value)(*parts.values()) if hasattr(value, "_fields") else type(value)(parts.values())
    new = copy.copy(value)
    for name, part in parts.items():
        object.__setattr__(new, name, part)  # a frozen dataclass has no other way
    return new


def map_floats(f: Callable[[Any], Any], value: Any) -> Any:
    """The same structure with `f` of each float leaf, and None for every other."""
    parts = parts_of(value)
    if parts is not None:
        return rebuilt(value, {k: map_floats(f, part) for k, part in parts.items()})
    return f(value) if has_float(value) else None


def float_leaves(value: Any) -> list[Any]:
    """The floats, complex numbers and arrays of them in a value, in order.

    >>> float_leaves({"w": [1.0, 2], "b": (3.0, "name")})
    [1.0, 3.0]
    """
    found: list[Any] = []
    map_floats(found.append, value)
    return found


def zero_of(value: Any) -> Any:
    """Zero, of the shape and dtype of a number or an array."""
    return np.zeros_like(value, subok=False) if isinstance(value, np.ndarray) else type(value)(0)


def described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, dict):
        return f"a dict with the keys {', '.join(map(repr, value)) or '(none)'}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return "None" if value is None else f"a {type(value).__name__}"
