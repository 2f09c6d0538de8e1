"""The functions of `adjoint demo`, to try the other commands on: `adjoint show adjoint.demo:z`."""

from __future__ import annotations

from math import sin
from typing import Any


def z(x1: float, x2: float) -> float:
    z = x1 * x2 + sin(x1)
    return z


def newton_sqrt(a: float) -> float:
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def heat(u: Any, alpha: float, steps: int) -> Any:
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return u @ u
