"""Arithmetic and functions of `math` as compiled programs call them: with errors, for which compilers have wrong numbers.

The integers of a compiler have 64 bits, and their powers are integers; its logarithm of -1 is nan.

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


# --- integers, which are not longer than 64 bits here ----------------------------------------------


def total(a: Any, b: Any) -> Any:
    if abs(float(a) + float(b)) > 9.2e18:
        raise OverflowError("an integer of more than 64 bits")
    return a + b


def difference(a: Any, b: Any) -> Any:
    if abs(float(a) - float(b)) > 9.2e18:
        raise OverflowError("an integer of more than 64 bits")
    return a - b


def product(a: Any, b: Any) -> Any:
    if abs(float(a) * float(b)) > 9.2e18:
        raise OverflowError("an integer of more than 64 bits")
    return a * b


def power(a: Any, n: Any) -> Any:
    if n < 0:
        raise ValueError("a negative power of an integer: of a float it can be compiled")
    if abs(float(a)) ** n > 9.2e18:
        raise OverflowError("an integer of more than 64 bits")
    return a**n


def integer(x: Any) -> Any:
    if not abs(x) < 9.2e18:
        raise OverflowError("an integer of more than 64 bits, or none")
    return int(x)
