"""Values as Python expressions that give them back exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST = 4096  # an array of more entries is data, not a constant of a program


def literal(value: Any, np_name: str = "np", other: Callable[[Any], str | None] = lambda value: None) -> str | None:
    """An expression of builtins and NumPy for a value; None where there is none that is exact and readable.

    `other` is asked for one of a value that is neither theirs nor a container of such.

    >>> literal({"rate": 0.1, "w": np.array([1.0, np.inf])})
    "{'rate': 0.1, 'w': np.array([1.0, np.inf])}"
    >>> literal(np.float32(0.1)), literal(object())
    ('np.float32(0.10000000149011612)', None)
    """
    cls = type(value)
    if value is None or cls in (bool, int, str, bytes) or value is Ellipsis:
        return "..." if value is Ellipsis else repr(value)
    if cls is float:
        if np.isfinite(value):
            return repr(value)
        return f"{np_name}.nan" if value != value else f"{'-' if value < 0 else ''}{np_name}.inf"
    if cls is complex:
        real, imag = literal(value.real, np_name), literal(value.imag, np_name)
        return repr(value) if np.isfinite(value) else f"complex({real}, {imag})"
    if cls is slice or cls is range:
        return repr(value)
    if cls in (tuple, list):
        items = [literal(item, np_name, other) for item in value]
        if None in items:
            return None
        inside = ", ".join(map(str, items))
        return f"[{inside}]" if cls is list else f"({inside},)" if len(items) == 1 else f"({inside})"
    if cls is dict:
        pairs = [(literal(k, np_name), literal(v, np_name, other)) for k, v in value.items()]
        return None if any(None in pair for pair in pairs) else "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}"
    if isinstance(value, np.dtype):
        return f"{np_name}.dtype({value.str!r})" if value.kind in "fciub" else None
    if isinstance(value, np.generic) and _exact(value.dtype):
        return f"{np_name}.{cls.__name__}({literal(value.item(), np_name)})"
    if cls is np.ndarray and _exact(value.dtype) and value.size <= LARGEST and _plain(value):
        dtype = "" if value.dtype in (np.float64, np.int64, np.bool_, np.complex128) else f", {np_name}.{value.dtype.name}"
        if not value.size:
            return f"{np_name}.empty({value.shape}, {np_name}.{value.dtype.name})"
        return f"{np_name}.array({literal(value.tolist(), np_name)}{dtype})"
    return other(value)


def _exact(dtype: np.dtype[Any]) -> bool:
    """Is every number of this dtype a Python number?"""
    return dtype.isnative and (dtype.kind in "iub" or (dtype.kind == "f" and dtype.itemsize <= 8) or dtype == np.complex128)


def _plain(array: np.ndarray[Any, Any]) -> bool:
    return array.flags.c_contiguous  # how an array lies in memory may decide what NumPy returns
