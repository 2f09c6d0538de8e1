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

import numpy as np


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


def exp2(x: Any) -> Any:
    y = math.exp2(x)
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


def pow(x: Any, y: Any) -> Any:
    z = math.pow(x, y)
    if math.isfinite(x) and math.isfinite(y) and not math.isfinite(z):
        if x == 0.0 or math.isnan(z):
            raise ValueError("math domain error")
        raise OverflowError("math range error")
    return z


def float_power(x: Any, y: Any) -> Any:
    """`x**y` of Python's floats."""
    z = x**y
    if math.isfinite(x) and math.isfinite(y) and not math.isfinite(z):
        if x == 0.0:
            raise ZeroDivisionError("0.0 cannot be raised to a negative power")
        if math.isnan(z):
            raise ValueError("a fractional power of a negative number, which is complex")
        raise OverflowError("Numerical result out of range")
    return z


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


def shifted_left(a: Any, n: Any) -> Any:
    if n < 0:
        raise ValueError("negative shift count")
    if a != 0 and abs(float(a)) * 2.0**n > 9.2e18:
        raise OverflowError("an integer of more than 64 bits")
    return a << min(n, 63)


def shifted_right(a: Any, n: Any) -> Any:
    if n < 0:
        raise ValueError("negative shift count")
    return a >> min(n, 63)


# --- integers made of floats ------------------------------------------------------------------------


def integer(x: Any) -> Any:
    if math.isnan(x):
        raise ValueError("cannot convert float NaN to integer")
    if not abs(x) < 9.2e18:
        raise OverflowError("an integer of more than 64 bits, or none")
    return int(x)


def floor(x: Any) -> Any:
    return integer(np.floor(x))


def ceil(x: Any) -> Any:
    return integer(np.ceil(x))


def nearest(x: Any) -> Any:
    """`round(x)`."""
    return integer(np.rint(x))
