"""Refusals teach: each is kept as text in golden/errors.txt, and read there.

A message says what is not understood and why in a sentence, what to write instead in another, and shows
the place where there is one: file, line, the line's text, carets under what is meant.  After a change
that is meant, `python tests/test_errors.py` writes the text anew; read the difference.
"""

from __future__ import annotations


import linecache
import re
import statistics
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adjoint
from adjoint import AdjointError, grad, jvp, source, vjp
from adjoint.rules import registry

GOLDEN = Path(__file__).parent / "golden" / "errors.txt"

CASES: dict[str, Callable[[], Any]] = {}  # a title -> what raises


def case(title: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def keep(run: Callable[[], Any]) -> Callable[[], Any]:
        assert title not in CASES
        CASES[title] = run
        return run

    return keep


def refused(title: str, *args: Any, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The gradient of the decorated function at these arguments is refused."""

    def keep(fun: Callable[..., Any]) -> Callable[..., Any]:
        case(title)(lambda: grad(fun, **options)(*args))
        return fun

    return keep


def square(x):
    return x * x


def a_product(x, y):
    return x * y


def scaled(x, n=2):
    return x * n


# --- no source ----------------------------------------------------------------------------------

case("a builtin")(lambda: grad(len))
case("a C function")(lambda: grad(np.sin))
case("a class")(lambda: grad(Scaled))
case("not a function")(lambda: grad(3.0))


@case("text that was executed")
def executed() -> Any:
    namespace: dict[str, Any] = {}
    exec("def typed(x):\n    return x * x\n", namespace)
    return grad(namespace["typed"])(1.0)


@case("a file that has changed")
def changed() -> Any:
    text, file = "def edited(x):\n    return x * x\n", "edited.py"
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec"), namespace)
    text = text.replace("x * x", "x * x * x")
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return grad(namespace["edited"])(1.0)


@case("a file that has become shorter")
def shortened() -> Any:
    text, file = "\n\n\ndef moved(x):\n    return x * x\n", "shortened.py"
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec"), namespace)
    linecache.cache[file] = (1, None, ["\n"], file)
    return grad(namespace["moved"])(1.0)


# --- wrt ----------------------------------------------------------------------------------------

case("wrt: an unknown name")(lambda: grad(scaled, "y"))
case("wrt: an index too large")(lambda: grad(scaled, 2))
case("wrt: a negative index too large")(lambda: grad(scaled, -3))
case("wrt: twice")(lambda: grad(scaled, ("x", 0)))
case("wrt: neither name nor index")(lambda: grad(scaled, 1.5))
case("wrt: a list of a list")(lambda: grad(scaled, [["x"]]))
case("an int")(lambda: grad(square)(2))
case("a bool")(lambda: grad(square)(True))
case("an array of ints")(lambda: grad(square)(np.arange(3)))
case("a string")(lambda: grad(square)("2.0"))
case("None")(lambda: grad(square)(None))
case("a list of ints")(lambda: grad(square)([1, 2]))
case("a dict without floats")(lambda: grad(square)({"w": 1}))
case("an empty list")(lambda: grad(square)([]))

# --- objects of a library ------------------------------------------------------------------------


@refused("an object that a function without a rule made", np.ones(3))
def made_of_coefficients(c):
    p = np.poly1d(c)
    return p(2.0)


@refused("a masked array", np.ones(3))
def masked_mean(x):
    m = np.ma.masked_where(x > 0.5, x)
    return m.mean()


@refused("a masked array as an argument", np.ones(3), np.ma.masked_where([True, False, False], np.ones(3)))
def masked_product(x, m):
    return np.sum(x * m)


@refused("a matrix", np.ones(3))
def product_of_matrices(x):
    row = np.matrix(x)
    return (row * row.T)[0, 0]


@refused("an attribute of what a function without a rule made", np.ones(3))
def column_of_records(x):
    table = np.rec.fromarrays([x, x], names="a,b")
    return np.sum(table.a)


# --- results ------------------------------------------------------------------------------------


@refused("the result is an array", np.ones(3))
def whole_array(x):
    y = x * 2.0
    return y


@refused("the result is a tuple", 1.0)
def a_pair(x):
    return x, x * x


@refused("the result is a dict", 1.0)
def a_dict(x):
    return {"loss": x * x}


@refused("the result is nothing", 1.0)
def no_return(x):
    y = x * x


@refused("the result is text", 1.0)
def text(x):
    return "x"


@refused("the result is complex", 1.0)
def a_complex(x):
    return x * 1j


@refused("has_aux without a pair", 1.0, has_aux=True)
def no_pair(x):
    return x * x


@case("vjp: a seed of another shape")
def wrong_seed() -> Any:
    _, pullback = vjp(square, np.ones(3))
    return pullback(np.ones(2))


@case("jvp: a tangent of another shape")
def wrong_tangent() -> Any:
    return jvp(square, (np.ones(3),), (np.ones(2),))


@case("jvp: a tangent of another structure")
def wrong_tangent_structure() -> Any:
    return jvp(lambda p: p["w"] * p["b"][0], ({"w": 1.0, "b": [2.0, 3.0]},), ({"w": 1.0, "b": [2.0]},))


@case("jvp: a tangent of another dtype")
def wrong_tangent_dtype() -> Any:
    return jvp(square, (2.0,), (1j,))


@case("jvp: too few tangents")
def too_few_tangents() -> Any:
    return jvp(a_product, (2.0, 3.0), (1.0,))


@case("jvp: no tangents")
def no_tangents() -> Any:
    return jvp(square, (2.0,), (None,))


@case("jvp: a tangent for an integer")
def tangent_of_integer() -> Any:
    return jvp(square, (2,), (1.0,))


@case("jvp: no rule")
def no_jvp_rule() -> Any:
    return jvp(lambda x: np.sum(np.apply_over_axes(np.sum, x, 0)), (np.ones((2, 3)),), (np.ones((2, 3)),))


@case("jvp: a loop that divides in a try block")
def loop_in_try() -> Any:
    def ratio(x):
        try:
            for _ in range(3):
                x = 1.0 / x
        except ZeroDivisionError:
            x = 0.0
        return x

    return jvp(ratio, (2.0,), (1.0,))


@case("vjp: a seed of another structure")
def wrong_structure() -> Any:
    _, pullback = vjp(a_pair, 1.0)
    return pullback(1.0)


@case("vjp: a seed with other keys")
def wrong_keys() -> Any:
    _, pullback = vjp(a_dict, 1.0)
    return pullback({"lose": 1.0})


case("an unknown mode")(lambda: source(square, mode="sideways"))
case("an unknown stage")(lambda: source(square, stage="final"))

# --- the language -------------------------------------------------------------------------------


@refused("a generator", 1.0)
def generator(x):
    yield x * x


@refused("a coroutine", 1.0)
async def coroutine(x):
    return x * x


@refused("an asynchronous generator", 1.0)
async def async_generator(x):
    yield x * x


@refused("a generator inside", np.ones(3))
def uses_generator(x):
    def squares():
        for v in x:
            yield v * v

    return sum(squares())


@refused("a function that NumPy is to call", np.ones(3))
def uses_frompyfunc(x):
    return np.sum(np.frompyfunc(lambda v: v * v, 1, 1)(x))


@refused("an unknown name", 1.0)
def unknown_name(x):
    return x * factr


@refused("a local read too early", 1.0)
def unbound(x):
    y = x * z
    z = 2.0
    return y


@refused("an unknown attribute of a module", 1.0)
def unknown_attribute(x):
    return np.sinn(x)


@refused("an unknown method of an array", np.ones(3))
def unknown_method(x):
    return x.summ()


def opaque(x):
    return float(x) * 2.0


opaque = types.FunctionType(opaque.__code__.replace(co_filename="<nowhere>"), globals(), "opaque")


@refused("a function without source on an active value", 2.0)
def calls_opaque(x):
    return opaque(x) + x


@refused("a function without a rule on an active value", 2.0)
def calls_unknown(x):
    return 2.0 * statistics.fmean(x)


@refused("a NumPy function without a rule", np.ones((2, 2)))
def calls_apply_over(x):
    y = 2.0 * np.apply_over_axes(np.sum, x, 0)
    return np.sum(y)


@refused("a call over several lines", np.ones((2, 2)))
def long_call(x):
    return np.sum(
        np.apply_over_axes(
            np.sum,
            x,
            0,
        )
    )


@refused("after non-ASCII text", 2.0)
def greek(θ):
    return "é" and statistics.fmean(θ)


class Scaled:
    def __init__(self, scale):
        self.scale = scale

    def loss(self, x):
        return self.scale * statistics.fmean(x)


case("in a method")(lambda: grad(Scaled(2.0).loss)(1.0))
case("in a lambda")(lambda: grad(lambda x: 2.0 * statistics.fmean(x))(1.0))

# --- rules --------------------------------------------------------------------------------------


def with_rule(rule: Callable[..., Any], at: Any) -> Any:
    """The gradient through a function whose derivative is this rule, which is forgotten afterwards."""

    def primitive(x, y):
        return x * y

    primitive.__module__, primitive.__qualname__ = "library", "primitive"
    adjoint.vjp_rule(primitive)(rule)

    def calls_primitive(x):
        return np.sum(primitive(x, 2.0 * x))

    try:
        return grad(calls_primitive)(at)
    finally:
        del registry.RULES[primitive]


@case("a rule with too few cotangents")
def too_few() -> Any:
    def rule(g, z, x, y):
        return (g * y,)

    return with_rule(rule, 1.0)


@case("a rule with too many cotangents")
def too_many() -> Any:
    def rule(g, z, x, y):
        return g * y, g * x, g

    return with_rule(rule, 1.0)


@case("a rule with a cotangent of another shape")
def wrong_shape() -> Any:
    def rule(g, z, x, y):
        return np.ones(4), None

    return with_rule(rule, np.ones(3))


# --- the test -----------------------------------------------------------------------------------


def message(run: Callable[[], Any]) -> str:
    """What is raised, without what differs between machines and from edit to edit of this file."""
    try:
        run()
    except AdjointError as error:
        lines = f"{type(error).__name__}: {error}"
    except Exception as error:
        lines = f"(not a refusal) {type(error).__name__}: {error}"
    else:
        return "(nothing was raised)"
    here = re.escape(str(Path(__file__).parent) + "/")
    return re.sub(r"line \d+", "line …", re.sub(here, "", lines))


def all_messages() -> str:
    return "".join(f"--- {title}\n{message(run)}\n\n" for title, run in CASES.items())


def recorded() -> dict[str, str]:
    parts = re.split(r"^--- (.*)\n", GOLDEN.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {title: text.rstrip("\n") for title, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("title", CASES)
def test_message(title):
    assert message(CASES[title]) == recorded()[title]


def test_no_message_is_left_over():
    assert list(recorded()) == list(CASES)


if __name__ == "__main__":
    GOLDEN.write_text(all_messages(), encoding="utf-8")
