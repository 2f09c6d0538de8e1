"""Random programs: the gradient of each agrees with differences and with forward mode, or is refused.

`ADJOINT_PROGRAMS` says how many are tried (150 unless set), `ADJOINT_SEED` asks for others than the usual ones:
`ADJOINT_PROGRAMS=20000 ADJOINT_SEED=7 pytest -n auto tests/test_programs.py`.
"""

from __future__ import annotations

import collections
import contextlib
import io
import os
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from programs import DIRECTION, Program, programs, slope, unload

from adjoint import AdjointError, Tangent, value_and_grad
from adjoint.operators import Forward
from adjoint.testing import assert_same

EXAMPLES = int(os.environ.get("ADJOINT_PROGRAMS", "150"))
SEED = int(os.environ.get("ADJOINT_SEED", "0"))
PARTS = max(1, EXAMPLES // 250)  # for pytest-xdist
ACCEPTED = 0.9  # at least this part of the programs must not be refused


def outcome(f: Any, args: list[Any]) -> tuple[Any, str, type[BaseException] | None]:
    """The value, what was printed, and the exception."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            return f(*args), printed.getvalue(), None
        except AdjointError:
            raise
        except Exception as error:
            if f.__class__.__name__ == "function":
                return None, printed.getvalue(), type(error)
            return error, printed.getvalue(), type(error)


def check(program: Program) -> str:
    """"refused", "unclear" (differences do not tell) or "checked"; raises AssertionError on a wrong number."""
    f = program.function()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return _check(program, f)
    except AdjointError:
        return "refused"
    finally:
        unload(f)


def _check(program: Program, f: Any) -> str:
    value, printed, error = outcome(f, program.arguments())
    gradients = []
    for optimize in (True, False):
        args = program.arguments()
        made = value_and_grad(f, wrt=("x", "y", "v"), optimize=optimize)
        result, also_printed, raised = outcome(made, args)
        which = "the gradient" if optimize else "the gradient with optimize=False"
        if raised is not error and isinstance(result, Exception):
            raise AssertionError(f"{which} raises {result!r}") from result
        assert raised is error, f"{which} raises {raised}, where the primal raises {error}"
        assert also_printed == printed, f"{which} prints {also_printed!r}, where the primal prints {printed!r}"
        assert_same(args, program.arguments(), rtol=0.0, path=f"arguments after {which}")
        if error is not None:
            continue
        assert result[0] == value or value != value, f"{which} comes with the value {result[0]!r}, not {value!r}"
        x_bar, y_bar, v_bar = result[1]
        kinds = (type(x_bar), type(y_bar), type(v_bar), v_bar.dtype, v_bar.shape)
        assert kinds == (float, float, np.ndarray, np.dtype(float), (3,)), f"{which} is {result[1]!r}"
        gradients.append(np.array([x_bar, y_bar, *v_bar]))
        tangent = tangent_of(program, f, optimize, value, printed)
        expected, size = float(np.dot(gradients[-1], np.hstack(DIRECTION))), np.max(np.abs(gradients[-1]))
        if np.isfinite(size) and type(value) is not int:
            assert np.isclose(tangent, expected, rtol=1e-8, atol=1e-8 * size), f"the tangent is {tangent}, not {expected}"
    if error is not None:
        return "unclear"
    optimised, plain = gradients
    if not np.all(np.isfinite(plain)):
        return "unclear" if slope(program) is None else _wrong(f"the gradient is {plain}")
    assert np.allclose(optimised, plain, rtol=1e-9, atol=1e-9), f"optimize=False has {plain}, otherwise {optimised}"
    told = slope(program)
    if told is None or np.max(np.abs(plain)) > 1e6:
        return "unclear"
    expected, tolerance = told
    actual = float(np.dot(plain, np.hstack(DIRECTION)))
    tolerance += 1e-9 * float(np.max(np.abs(plain)))
    assert abs(actual - expected) <= tolerance, (
        f"the derivative along {DIRECTION} is {actual!r}, and differences have {expected!r}, "
        f"where {tolerance:.2g} is tolerated; the gradient is {plain}"
    )
    return "checked"


def tangent_of(program: Program, f: Any, optimize: bool, value: Any, printed: str) -> Any:
    """The tangent along `DIRECTION` by forward mode, which leaves everything as the gradient does."""
    args = program.arguments()
    made = Tangent(f, ("x", "y", "v"), Forward(), optimize)
    result, also_printed, raised = outcome(lambda *given: made.push(given, [*DIRECTION[:2], np.array(DIRECTION[2])]), args)
    assert raised is None, f"forward mode raises {raised}"
    assert also_printed == printed, f"forward mode prints {also_printed!r}"
    assert_same(args, program.arguments(), rtol=0.0, path="arguments after forward mode")
    assert result[0] == value or value != value, f"forward mode comes with the value {result[0]!r}, not {value!r}"
    return result[1]


def _wrong(message: str) -> str:
    raise AssertionError(message)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(part: int) -> None:
    found: collections.Counter[str] = collections.Counter()

    @seed(SEED * 1000 + part)
    @settings(
        max_examples=EXAMPLES // PARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(programs())
    def each(program: Program) -> None:
        found[check(program)] += 1

    each()
    tried = sum(found.values())
    assert found["refused"] <= (1 - ACCEPTED) * tried, f"too many programs are refused: {dict(found)}"
    assert found["checked"] >= tried / 2, f"too few programs are checked: {dict(found)}"
