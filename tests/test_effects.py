"""The primal keeps its meaning: its effects happen once, in order, in the forward sweep."""

import logging
import math

import numpy as np
import pytest

import adjoint
from adjoint import grad, value_and_grad

EVENTS: list[object] = []
RNG = np.random.default_rng(0)


def note(event: object) -> None:
    EVENTS.append(event)


class Model:
    def __init__(self) -> None:
        self.calls, self.h = 0, None

    def loss(self, x):
        self.calls += 1
        self.h = 2.0 * x
        return self.h * x


def test_counters_and_attributes_change_once():
    model = Model()
    assert grad(model.loss)(3.0) == 12.0
    assert (model.calls, model.h) == (1, 6.0)


def test_prints_and_logs_come_once_and_in_order(capsys, caplog):
    def talks(x, n):
        for i in range(n):
            print("step", i)
            logging.getLogger("t").warning("at %s", i)
            x = x * math.sin(x)
        return x

    with caplog.at_level(logging.WARNING):
        value, _ = value_and_grad(talks)(0.7, 3)
    assert capsys.readouterr().out == "step 0\nstep 1\nstep 2\n"
    assert [r.getMessage() for r in caplog.records] == ["at 0", "at 1", "at 2"]
    assert value == pytest.approx(talks(0.7, 3))


def test_calls_of_functions_that_note_something():
    def noted(x):
        note("begin")
        for i in range(2):
            note(i)
            x = x * x
        return x

    EVENTS.clear()
    grad(noted)(1.5)
    assert EVENTS == ["begin", 0, 1]


def test_random_numbers_are_drawn_as_the_primal_draws_them():
    def noisy(x):
        for _ in range(3):
            x = x * RNG.normal()
        return x

    expected = np.prod(np.random.default_rng(0).normal(size=3))
    assert grad(noisy)(1.0) == pytest.approx(expected, rel=1e-12)


def test_a_recursion_of_depth_900():
    def deep(x, n):
        if n == 0:
            return x
        return deep(x * 1.0001 + 0.001 * math.sin(x), n - 1)

    def loop(x, n):
        for _ in range(n):
            x = x * 1.0001 + 0.001 * math.sin(x)
        return x

    assert grad(deep)(0.5, 900) == pytest.approx(grad(loop)(0.5, 900), rel=1e-12)


@pytest.mark.parametrize("name", ["eval", "exec"])
def test_text_that_is_run_is_refused(name):
    def evaluates(x):
        return eval("x * x")

    def executes(x):
        exec("y = x")
        return x

    with pytest.raises(adjoint.Unsupported) as info:
        grad(evaluates if name == "eval" else executes)(2.0)
    assert info.value.spot is not None


def test_domain_errors_of_the_primal_are_raised():
    with pytest.raises(ValueError, match="domain error"):
        grad(lambda x: math.log(x) * 2.0)(-2.0)


def test_a_name_that_is_not_bound_on_the_path_taken_stays_so():
    def sometimes(x, c):
        if c > 0:
            y = 2.0
        return x * y

    def never(x, n):
        for i in range(n):
            z = x * i
        return z * x

    for fun, args in ((sometimes, (1.0, -1)), (never, (1.0, 0))):
        for optimize in (True, False):
            with pytest.raises(UnboundLocalError):
                grad(fun, optimize=optimize)(*args)
    assert grad(sometimes)(1.0, 1) == 2.0
