"""Functions of `math` as compiled programs call them: with Python's errors, for which compilers have nan and inf.

They are written into the module beside the kernel, under their own names, and compiled with it.

>>> import pytest
>>> with pytest.raises(ValueError, match="math domain error"):
...     log(-1.0)
"""

from __future__ import annotations

import math
from typing import Any


def log(x: Any) -> Any:
    if x <= 0.0:
        raise ValueError("math domain error")
    return math.log(x)


def log2(x: Any) -> Any:
    if x <= 0.0:
        raise ValueError("math domain error")
    return math.log2(x)


def log10(x: Any) -> Any:
    if x <= 0.0:
        raise ValueError("math domain error")
    return math.log10(x)


def log1p(x: Any) -> Any:
    if x <= -1.0:
        raise ValueError("math domain error")
    return math.log1p(x)


def sqrt(x: Any) -> Any:
    if x < 0.0:
        raise ValueError("math domain error")
    return math.sqrt(x)


def asin(x: Any) -> Any:
    if abs(x) > 1.0:
        raise ValueError("math domain error")
    return math.asin(x)


def acos(x: Any) -> Any:
    if abs(x) > 1.0:
        raise ValueError("math domain error")
    return math.acos(x)


def acosh(x: Any) -> Any:
    if x < 1.0:
        raise ValueError("math domain error")
    return math.acosh(x)


def atanh(x: Any) -> Any:
    if abs(x) >= 1.0:
        raise ValueError("math domain error")
    return math.atanh(x)


def exp(x: Any) -> Any:
    y = math.exp(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError("math range error")
    return y


def expm1(x: Any) -> Any:
    y = math.expm1(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError("math range error")
    return y


def sinh(x: Any) -> Any:
    y = math.sinh(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError("math range error")
    return y


def cosh(x: Any) -> Any:
    y = math.cosh(x)
    if math.isinf(y) and not math.isinf(x):
        raise OverflowError("math range error")
    return y
