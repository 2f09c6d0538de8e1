"""Building a gradient is linear in the length of the function: counted in calls, since a machine with other work has no times."""

from __future__ import annotations

import linecache
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adjoint import grad


def made(lines: list[str]) -> Callable[..., Any]:
    text = "def f(x, w):\n" + "".join(f"    {line}\n" for line in lines)
    name = f"<grown {len(lines)} {lines[1]}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space: dict[str, Any] = {"np": np}
    exec(compile(text, name, "exec"), space)
    return space["f"]


def arrays(n: int) -> list[str]:
    """Array operations, four a line, that read values from far above: all of them live until the reverse sweep."""
    ufuncs = ("sin", "tanh", "exp", "cos")
    lines = [f"a{i} = np.{ufuncs[i % 4]}(a{i - 1} * w[{i % 5}]) + a{max(0, i - 7)} * 0.3" for i in range(1, n)]
    return ["a0 = x", *lines, f"return np.sum(a{n - 1})"]


def scalars(n: int) -> list[str]:
    lines = [f"a{i} = a{i - 1} * b + np.sin(a{max(0, i - 3)}) / {i % 7 + 2}.0" for i in range(1, n)]
    return ["a0 = x[0]", "b = x[1]", *lines, f"return a{n - 1}"]


def loops(n: int) -> list[str]:
    lines = ["s = 0.0", "y = x.copy()"]
    for i in range(n // 8):
        lines += [
            f"for i{i} in range(1, 9):", f"    t = y[i{i}] * w[{i % 5}]", f"    u = np.sin(t) + y[i{i} - 1]",
            f"    if u > {i % 7}.0:", "        u = u * t", f"    y[i{i}] = u * 0.5", "    s += u * t", "y = y + 0.1",
        ]
    return [*lines, "return s + np.sum(y)"]


def calls(function: Callable[..., Any]) -> Counter[str]:
    """The calls made to build a gradient, by what is called; those into Python's own parser and printer aside."""
    counted: Counter[str] = Counter()

    def count(frame: Any, event: str, arg: Any) -> None:
        if event == "call" and "/adjoint/" in frame.f_code.co_filename:
            counted[f"{frame.f_code.co_filename.rsplit('/adjoint/')[-1]}: {frame.f_code.co_qualname}"] += 1
        elif event == "c_call":
            counted[arg.__qualname__] += 1

    x, w = np.linspace(0.1, 1.0, 10), np.ones(5)
    gradient = grad(function, (0, 1))
    sys.setprofile(count)
    try:
        gradient.compiled_for(x, w)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("program", [arrays, scalars, loops])
def test_linear(program):
    """Twice as many lines more, twice as many calls more, of each function: but for one call in a thousand."""
    calls(made(program(16)))  # what is made once for all
    small, middle, large = (calls(made(program(n))) for n in (24, 48, 96))
    slack = sum(large.values()) / 1000
    more = {what: large[what] - middle[what] - 2 * (middle[what] - small[what]) for what in large}
    assert {what: excess for what, excess in more.items() if excess > slack} == {}
