"""What an exported file carries to guard and to test itself: its source is written into the file.

`kind` says of an argument what the code was specialised on, so that a file called with another shape,
dtype or key answers with an error and not with a wrong number; `moved` and `along` are a central
difference along a random direction.
"""

from __future__ import annotations

import dataclasses
import types

import numpy as np


def kind(value, exact, strides, inside=()):
    """What generated code is specialised on; with `exact` integers by value, with `strides` the layout.

    >>> kind({"W": np.ones((2, 3)), "n": 4}, False, False)
    "{'W': float64 array (2, 3), 'n': int}"
    """
    cls = type(value)
    if cls is np.ndarray:
        return f"{value.dtype} array {value.shape}" + (f" of strides {value.strides}" if strides else "")
    if isinstance(value, np.generic):
        return f"numpy.{cls.__name__}"
    if cls in (float, complex) or (cls is int and not exact):
        return cls.__name__
    if value is None or cls in (bool, int, str, bytes, slice, range):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {kind(v, exact, strides, inside)}" for k, v in value.items()) + "}"
    if cls in (list, tuple):
        items = [kind(v, exact, strides, inside) for v in value]
        inside = f"{len(items)} × {items[0]}" if len(items) > 4 and len(set(items)) == 1 else ", ".join(items)
        return f"[{inside}]" if cls is list else f"({inside},)" if len(items) == 1 else f"({inside})"
    if isinstance(value, tuple):
        return f"{cls.__name__}({', '.join(kind(v, exact, strides, inside) for v in value)})"
    if isinstance(value, np.ufunc | np.dtype | type | types.FunctionType | types.BuiltinFunctionType | types.ModuleType):
        return getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or repr(value)
    if id(value) in inside or not hasattr(value, "__dict__"):
        return cls.__name__
    parts = [f"{k}={kind(v, exact, strides, (*inside, id(value)))}" for k, v in vars(value).items()]
    return f"{cls.__name__}({', '.join(parts)})"


def expect(given, wanted, exact, strides):
    """Refuse arguments of another kind than the code was generated for."""
    for name, value in given.items():
        found = kind(value, exact, strides)
        if found != wanted[name]:
            raise TypeError(f"{name} is {found}; this file was generated for {wanted[name]}: export the function again")


def moved(value, step, rng):
    """`value` with every float in it moved by `step` times a number drawn from `rng`."""
    if isinstance(value, dict):
        return {k: moved(v, step, rng) for k, v in value.items()}
    if isinstance(value, list):
        return [moved(v, step, rng) for v in value]
    if isinstance(value, tuple):
        items = [moved(v, step, rng) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: moved(getattr(value, f.name), step, rng) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    if isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        new = value + step * rng.standard_normal(np.shape(value))
        return new.astype(value.dtype) if isinstance(value, np.ndarray) else type(value)(new)
    return value


def along(gradient, value, rng):
    """The product of the gradient and the direction that `moved` goes, which `rng` draws again."""
    if isinstance(value, dict):
        return sum(along(gradient[k], v, rng) for k, v in value.items())
    if isinstance(value, list | tuple):
        return sum(along(g, v, rng) for g, v in zip(gradient, value, strict=True))
    if dataclasses.is_dataclass(value):
        return sum(along(getattr(gradient, f.name), getattr(value, f.name), rng) for f in dataclasses.fields(value))
    if isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return float(np.sum(gradient * rng.standard_normal(np.shape(value))))
    return 0.0


def compare(primal, gradient, arguments, names, step, rtol):
    """Compare a gradient with central differences along random directions, argument by argument.  Gives 1 if it is wrong."""
    failed = 0
    slopes = gradient(**arguments)
    for name, slope in zip(names, slopes, strict=True):
        for seed in range(3):
            rng = np.random.default_rng(seed)
            ours = along(slope, arguments[name], rng)
            up, down = (
                float(np.real(primal(**{**arguments, name: moved(arguments[name], h, np.random.default_rng(seed))})))
                for h in (step, -step)
            )
            theirs = (up - down) / (2 * step)
            right = abs(ours - theirs) <= rtol * (abs(ours) + abs(theirs) + 1e-2 * (1.0 + abs(up)))
            failed += not right
            print(f"{name}: {ours:.10g} along a random direction, {theirs:.10g} by differences{'' if right else ': WRONG'}")
    print("failed" if failed else "ok")
    return int(failed > 0)
