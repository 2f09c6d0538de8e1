"""Errors and NaNs in generated code name the generated line and the user's."""

from __future__ import annotations

import math
import re
import sys

import numpy as np
import pytest

from adjoint import debug_nans, grad, value_and_grad


def line_of(fun, text):
    import inspect

    lines, first = inspect.getsourcelines(fun)
    return first + next(k for k, line in enumerate(lines) if text in line)


def forward(x):
    a = x * 2.0
    b = np.log(a - 2.0)
    return b * x


def reverse(x, y):
    r = x * x + y * y
    s = np.sqrt(r)
    return s * 3.0


def loop(x, n):
    for k in range(n):
        x = x * x
    return x


def raises(x, y):
    z = x * 2.0
    return z / y


def caught(fun, *args):
    with debug_nans(), pytest.raises(FloatingPointError) as info:
        fun(*args)
    return str(info.value)


def test_the_first_statement_of_the_forward_sweep():
    gradient = value_and_grad(forward)
    said = caught(gradient, np.float64(0.5))
    source = gradient.source_for(np.float64(0.5)).splitlines()
    assert said.startswith("a NaN is made: ")
    line = int(re.search(r"generated line (\d+): (.*)", said).group(1))
    assert source[line - 1].split("  # ")[0].strip() == re.search(r"generated line (\d+): (.*)", said).group(2)
    assert "np.log" in source[line - 1]
    assert f'File "{__file__}", line {line_of(forward, "np.log")}, in forward' in said


def test_the_first_statement_of_the_reverse_sweep():
    """The value is fine, its gradient is not."""
    said = caught(grad(reverse, wrt=("x", "y")), np.float64(0.0), np.float64(0.0))
    assert said.startswith(("an infinity is made", "a NaN is made"))
    assert f'line {line_of(reverse, "np.sqrt")}, in reverse' in said
    assert re.search(r"^where \w+ = 0$", said, re.M)


def test_in_a_loop_and_in_an_array():
    said = caught(grad(loop), np.float64(1e30), 6)
    assert said.startswith("an infinity is made")
    assert f'line {line_of(loop, "x = x * x")}, in loop' in said
    assert caught(grad(lambda x: np.sum(np.log(x))), np.array([1.0, 0.0])).startswith("an infinity is made")


def test_what_comes_in_is_passed_on():
    with debug_nans():
        assert math.isnan(grad(lambda x: x * x)(math.nan))
        assert grad(lambda x, best: min(x, best))(2.0, math.inf) == 1.0
        assert grad(lambda x: max(-np.inf, x))(2.0) == 1.0


def test_it_leaves_no_trace():
    before = sys.gettrace()
    with debug_nans():
        assert grad(forward)(3.0) == pytest.approx(np.log(4.0) + 6.0 / 4.0)
    assert sys.gettrace() is before
    with np.errstate(all="ignore"):
        assert np.isnan(grad(forward)(np.float64(0.5)))


def test_an_error_says_both_lines():
    with pytest.raises(ZeroDivisionError) as info:
        grad(raises)(1.0, 0.0)
    (note,) = info.value.__notes__
    assert re.match(r"generated line \d+: .*/ y", note)
    assert f'File "{__file__}", line {line_of(raises, "z / y")}, in raises: z / y' in note


def test_an_error_of_the_primal_stays_what_it_is():
    def refuses(x):
        if x < 0:
            raise ValueError("negative")
        return x * x

    with pytest.raises(ValueError, match="negative") as info:
        grad(refuses)(-1.0)
    assert (str(info.value), info.value.args) == ("negative", ("negative",))
