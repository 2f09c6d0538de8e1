"""What a derivative may be asked of: which parameters, of which kinds, with which seeds."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from .avals import Arr, differentiable
from .errors import WrongArgument
from .lower.abstract import Shapeless
from .lower.source import function_of
from .reverse import Place

Wrt = int | str | Sequence[int | str]


def examples(sig: inspect.Signature, example: Any) -> inspect.BoundArguments:
    args: dict[str, Any] = {}
    for name, p in sig.parameters.items():
        if p.kind is inspect.Parameter.VAR_POSITIONAL:
            args[name] = ()
        elif p.kind is inspect.Parameter.VAR_KEYWORD:
            args[name] = {}
        elif p.default is not inspect.Parameter.empty:
            args[name] = p.default
        elif p.annotation in (np.ndarray, "np.ndarray", "numpy.ndarray"):
            args[name] = Shapeless(Arr(np.dtype(float), None))
        elif p.annotation in (int, "int"):
            args[name] = 1
        else:
            args[name] = example
    return inspect.BoundArguments(sig, args)


def has_float(value: Any) -> bool:
    """Is there a float (or complex) in a number, an array or a container of them?"""
    if isinstance(value, Shapeless):
        return differentiable(value.aval)
    if isinstance(value, bool | str | bytes | type(None)):
        return False
    if isinstance(value, dict):
        return any(map(has_float, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_float, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(has_float(getattr(value, f.name, None)) for f in dataclasses.fields(value))
    if isinstance(value, np.ndarray | np.generic):
        return bool(value.dtype.kind in "fc")
    return isinstance(value, float | complex)


MOST_KEPT = 10_000  # numbers


def copied(value: Any) -> Any:
    """A copy of an argument that is plain data and not large; otherwise `Uncopied` is raised.

    >>> x = np.ones(2)
    >>> copied(x) is x, copied({"w": (x, 1.0)})
    (False, {'w': (array([1., 1.]), 1.0)})
    """
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    if type(value) is dict:
        return {key: copied(v) for key, v in value.items()}
    if type(value) is np.ndarray and value.dtype.kind in "fciub" and value.size <= MOST_KEPT:
        return value.copy()
    if isinstance(value, np.number | np.bool_) or type(value) in (float, int, bool, complex, str, type(None)):
        return value
    raise Uncopied


class Uncopied(Exception):
    """An argument that is not copied."""


def check_wrt(bound: inspect.BoundArguments, places: list[Place], names: list[str]) -> None:
    """Refuse arguments to be differentiated by that hold no float."""
    for place in places:
        k, item = place if isinstance(place, tuple) else (place, None)
        value, name = bound.arguments[names[k]], names[k]
        if item is not None:
            name = f"{name}[{item}]"
            if item >= len(value):
                raise WrongArgument(f"The gradient is with respect to `{name}`, and only {len(value)} are given.")
            value = value[item]
        if not has_float(value):
            raise WrongArgument(
                f"The gradient is with respect to `{name}`, and here that is {_kind(value)}.",
                _float_advice(name, value),
            )


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    if isinstance(value, list | tuple | dict):
        return f"a {type(value).__name__} without a float in it" if value else f"an empty {type(value).__name__}"
    if value is None:
        return "None"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"the int {value}"
    return f"a {type(value).__name__}"


def _float_advice(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"Pass a float: {float(value)}."
    if isinstance(value, np.ndarray):
        return f"Pass an array of floats: `{name}.astype(float)`."
    if isinstance(value, type):
        return "For a class method, write `@grad` above `@classmethod`."
    if not dataclasses.is_dataclass(value) and _holds_floats(value, 4):
        return f"Choose another parameter with `wrt=`, or make `{type(value).__name__}` a dataclass: its gradient is one too."
    return "Choose another parameter with `wrt=`, or pass floats."


def positions(fun: Any, sig: inspect.Signature, wrt: Wrt) -> list[Place]:
    """The numbers of the parameters that `wrt` names, or their place in `*args`."""
    names = list(sig.parameters)
    star = next((k for k, p in enumerate(sig.parameters.values()) if p.kind is p.VAR_POSITIONAL), None)
    listed = ", ".join(names) or "none"
    out: list[Place] = []
    for which in wrt if isinstance(wrt, tuple | list) else (wrt,):
        if isinstance(which, str):
            if which not in names:
                raise WrongArgument(
                    f"`wrt` names `{which}`, and `{_name_of(fun)}` has no such parameter.", f"Its parameters: {listed}."
                )
            out.append(names.index(which))
        elif isinstance(which, int | np.integer) and not isinstance(which, bool):
            which = int(which)
            if star is not None and which >= star:
                out.append((star, which - star))
                continue
            if not -len(names) <= which < len(names):
                raise WrongArgument(
                    f"`wrt` asks for parameter {which}, and `{_name_of(fun)}` has {len(names)}.", f"Its parameters: {listed}."
                )
            out.append(which % len(names))
        else:
            raise WrongArgument(
                f"`wrt` is {which!r}, which is not a parameter's name or index.", f"The parameters: {listed}."
            )
    if len(set(out)) != len(out):
        raise WrongArgument("`wrt` names a parameter twice.", f"The parameters: {listed}.")
    return out


def _name_of(fun: Any) -> str:
    return getattr(fun, "__name__", None) or function_of(fun).__name__


def _holds_floats(value: Any, depth: int) -> bool:
    """Is there a float among the attributes of an object, or of those that it is made of?"""
    if not depth or has_float(value):
        return bool(depth)
    parts = value if isinstance(value, list | tuple) else getattr(value, "__dict__", {}).values()
    return any(_holds_floats(part, depth - 1) for part in parts)
