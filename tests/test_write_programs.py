"""Random programs that write to arrays: the gradient of each agrees with differences, or is refused.

`ADJOINT_PROGRAMS` says how many are tried (100 unless set), `ADJOINT_SEED` where their seeds begin. A failure comes with
the seed, and with a smaller program that fails. For a hunt, without pytest:
`python tests/test_write_programs.py FIRST COUNT` prints what became of programs FIRST to FIRST + COUNT, with every failure.
"""

from __future__ import annotations

import collections
import inspect
import os
import sys
import textwrap
import warnings
from typing import Any

import numpy as np
import pytest
from programs import slope, unload
from write_programs import HEADER, WriteProgram, random_write_program, shrunk

from adjoint import AdjointError, ir, value_and_grad
from adjoint.lower import lower
from adjoint.sweeps import reverse
from adjoint.testing import assert_same

EXAMPLES = int(os.environ.get("ADJOINT_PROGRAMS", "100"))
FIRST = int(os.environ.get("ADJOINT_SEED", "0")) * 1_000_000
PARTS = max(1, EXAMPLES // 50)  # for pytest-xdist
ACCEPTED = 0.8  # at least this part of the programs must not be refused


def check(program: WriteProgram) -> str:
    """"refused: …", "unclear: …" (differences do not tell) or "checked"; raises AssertionError on a wrong number."""
    f = program.function()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return _check(program, f)
    except AdjointError as error:
        return f"refused: {error.what}"
    finally:
        unload(f)


def _check(program: WriteProgram, f: Any) -> str:
    try:
        value = f(*program.arguments())
    except Exception as error:  # a program that was made smaller may do that
        return f"unclear: the primal raises {error!r}"
    near = 1e-4 if program.single else 1e-9
    gradients = []
    for optimize in (True, False):
        which = "the gradient" if optimize else "the gradient with optimize=False"
        args = program.arguments()
        try:
            result, found = value_and_grad(f, wrt=program.wrt, optimize=optimize)(*args)
        except AdjointError:
            raise
        except Exception as error:
            raise AssertionError(f"{which} raises {type(error).__name__}: {error}") from error
        assert_same(args, program.arguments(), rtol=0.0, path=f"arguments after {which}")
        assert abs(result - value) <= near * (1 + abs(value)) or value != value, f"{which} has the value {result!r}, not {value!r}"
        for g, arg in zip(found, [a for a in args if isinstance(a, np.ndarray)], strict=True):
            assert (g.shape, g.dtype) == (arg.shape, arg.dtype), f"{which} has a part of {g.shape}, {g.dtype}"
        gradients.append(found)
    optimised, plain = gradients
    if not all(np.all(np.isfinite(g)) for g in plain):
        return "unclear: not finite"
    largest = max(float(np.max(np.abs(g))) for g in plain)
    for a, b in zip(optimised, plain, strict=True):
        assert np.allclose(a, b, rtol=near, atol=near * (1 + largest)), f"optimize=False has {b}, otherwise {a}"
    told = slope(program, program.source.replace("np.float32", "np.float64"))
    if told is None or largest > 1e5:
        return "unclear: differences do not tell"
    expected, tolerance = told
    actual = program.along(plain)
    tolerance += 1e-3 * (1.0 + largest) if program.single else 1e-9 * largest
    assert abs(actual - expected) <= tolerance, (
        f"the derivative along `DIRECTIONS` is {actual!r}, and differences have {expected!r}, "
        f"where {tolerance:.2g} is tolerated"
    )
    return "checked"


def failure(program: WriteProgram) -> str | None:
    try:
        check(program)
    except AssertionError as error:
        return str(error)
    return None


def interpreted(program: WriteProgram) -> str:
    """What the reversed program says when no source is made of it: is it the transform, or the emission?"""
    f = program.function()
    try:
        bound = inspect.signature(f).bind(*program.arguments())
        lowered = lower(f, bound).function
        args = [a.copy() if isinstance(a, np.ndarray) else a for a in program.arguments()]
        program_ = reverse(lowered, [k for k, a in enumerate(args) if isinstance(a, np.ndarray)], seed="one", value=True)
        return f"the interpreter of the IR has {program.along(ir.run(program_, *args)[1:])!r}"
    except Exception as error:
        return f"the interpreter of the IR raises {error!r}"
    finally:
        unload(f)


def described(program: WriteProgram, message: str) -> str:
    """The failure of a program, and of the smallest like it that was found."""
    kind = message.split("{")[0][:40]
    small = shrunk(program, lambda p: (failure(p) or "").startswith(kind))
    return f"{message}\n{program!r}\nsmaller: {failure(small)}\n{interpreted(small)}\n{small!r}"


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(part: int) -> None:
    found: collections.Counter[str] = collections.Counter()
    for seed in range(FIRST + part, FIRST + EXAMPLES, PARTS):
        program = random_write_program(seed)
        try:
            found[check(program).split(":")[0]] += 1
        except AssertionError as error:
            pytest.fail(described(program, str(error)))
    tried = sum(found.values())
    assert found["refused"] <= (1 - ACCEPTED) * tried, f"too many programs are refused: {dict(found)}"
    assert found["unclear"] <= 0.2 * tried, f"too many programs are not checked: {dict(found)}"


# Programs that were wrong once, made smaller.
ONCE_WRONG = {
    "a list of views, made in a loop, whose base is written to": """
        rows = [A[i] for i in range(3)]
        A *= 0.5
        return loss(rows[2])
    """,
    "a view put into a list in a branch that wrote to its base": """
        v = x[:]
        if x[1] < 1.3:
            x[1:] = x[0]
            rows = [y, v]
        return loss(v)
    """,
    "`flat` of an array that lies in memory in another order": """
        v = A.T
        v.flat[1] = v[1, -1] ** 2
        return loss(A)
    """,
    "a loop that writes to what only one side of a branch has bound": """
        s = x[0]
        if x[1] > 1.4:
            x = A[0]
        for i in range(1, n - 2):
            x[:-1] = 0.5
        return s
    """,
    "one of two arrays, after a loop that may not have run, in a branch": """
        if np.any(A > 0.9):
            if n > 1:
                for i2 in range(0):
                    x = x * 0.5
                    y, x = x, y
            x[::-1] = 0.1
        return loss(x)
    """,
    "a name that a loop may bind anew, in a loop that writes to its array": """
        v = y
        for i in range(n):
            y[1] += 0.3
            for j in range(0):
                v = x
        return loss(v)
    """,
    "names that a loop exchanges, in a loop that writes to one of their arrays": """
        v = y
        for i in range(n):
            v[:n] += 0.3
            for j in range(1, 4):
                y, x = x, y
        return loss(y) + loss(v)
    """,
    "a view of an array that one side of an earlier branch made, before a loop": """
        s = 0.0
        for r1 in A:
            x += 0.3
            if np.any(x > 1.4):
                for i3 in range(0):
                    x.fill(0.4 * x[n].sum())
                y = x.copy()
                x = y[::-1]
        return s + loss(x) + loss(y)
    """,
    "entries added by a mask to one of two arrays, a view whose base was written to": """
        v = x[::-1]
        x[1:] = x[-1:0:-1]
        w = y if y[2] > 0.2 else v
        w[w < -0.2] += 0.3
        return loss(A) + v[0]
    """,
    "an array that an inner loop has written to is recorded, and then exchanged for one that is written to": """
        b = y * A[0, 1]
        s = 0.0
        for i in range(3):
            x, b = b, x
            s += 0.1 * loss(marched(x, x, 1))
            b[1:-1] = np.tanh(A[1, (n + 1) % 4]) + A[[0, 2], [0, 1]]
        return s + 0.3 * loss(x) + 0.9 * loss(b)
    """,
    "a cotangent of unknown dtype, complex on the way": """
        z += y
        y[2], x[1] = x[1], y[2]
        return loss(z.real) + loss(y) + loss(y.astype(np.float32))
    """,
}


@pytest.mark.parametrize("what", ONCE_WRONG)
def test_wrong_once(what: str) -> None:
    head = "def f(x, y, A, n, z):" if "z +=" in ONCE_WRONG[what] else "def f(x, y, A, n):"
    program = WriteProgram(HEADER + head + textwrap.indent(textwrap.dedent(ONCE_WRONG[what]), "    "))
    assert not check(program).startswith("unclear")


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check has power: one entry wrong by a part in a thousand is seen."""
    right = value_and_grad

    def wrong(*args: Any, **kwargs: Any) -> Any:
        def gradient(*values: Any) -> Any:
            value, (x_bar, *rest) = right(*args, **kwargs)(*values)
            x_bar[1] += 1e-3 * (1.0 + abs(x_bar[1]))
            return value, (x_bar, *rest)

        return gradient

    program = WriteProgram(HEADER + "def f(x, y, A, n):\n    A[1] *= x\n    return loss(A) + loss(x)\n")
    assert check(program) == "checked"
    monkeypatch.setitem(globals(), "value_and_grad", wrong)
    assert failure(program)


def test_smaller_programs_keep_the_failure() -> None:
    head = "def f(x, y, A, n):\n"
    body = "    s = 0.0\n    for i in range(3):\n        x[i] = 1.0\n        y[i] = 2.0\n    return s\n"
    small = shrunk(WriteProgram(HEADER + head + body), lambda p: "y[i] = 2.0" in p.source)
    assert small.source == HEADER + head + "    y[i] = 2.0\n"


def hunt(first: int, count: int) -> None:
    found: collections.Counter[str] = collections.Counter()
    for seed in range(first, first + count):
        program = random_write_program(seed)
        try:
            found[check(program)] += 1
        except AssertionError as error:
            found["WRONG"] += 1
            print(described(program, str(error)), flush=True)
    for outcome, times in found.most_common():
        print(f"{times:7d}  {outcome}")


if __name__ == "__main__":
    hunt(int(sys.argv[1]), int(sys.argv[2]))
