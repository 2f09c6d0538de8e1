"""Long loops that are run again from snapshots: the schedule, the derivatives, and the memory."""

import contextlib
import functools
import io
import math
import os
import subprocess
import sys
import tracemalloc
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adjoint
from adjoint import AdjointError, checkpoint, cotangent, grad, ir, jvp, value_and_grad, vjp
from adjoint.schedule import all_stops, fewest, repetitions, stops
from adjoint.testing import assert_same, check_grads

# --- the schedule ---------------------------------------------------------------------------------


@functools.cache
def least(steps: int, snapshots: int) -> int:
    """The fewest steps that are run from a snapshot to where they are needed, by trying all."""
    if steps <= 1:
        return 0
    if snapshots == 1:
        return steps * (steps - 1) // 2
    return min(m + least(steps - m, snapshots - 1) + least(m, snapshots) for m in range(1, steps))


def run(steps: int, snapshots: int) -> tuple[int, int, int]:
    """How many steps the schedule runs to where they are needed, the most snapshots it holds, the most repetitions."""
    times = [0] * steps
    held, most, start, advanced = [], 0, 0, 0
    for stop in all_stops(steps, snapshots):
        held.append(start)
        start = stop
    advanced += max(steps - 1, 0)
    for k in range(steps - 1):
        times[k] += 1
    most = len(held[:-1])  # the last is where the sweep turns
    for k in reversed(range(steps)):
        start = held.pop()
        for stop in stops(start, k, snapshots - len(held)):
            held.append(start)
            most = max(most, len(held))
            for j in range(start, stop):
                times[j] += 1
            advanced += stop - start
            start = stop
        assert start == k
    assert held == []
    return advanced, most, max(times, default=0)


@pytest.mark.parametrize("snapshots", range(1, 7))
def test_as_few_steps_as_can_be(snapshots: int) -> None:
    for steps in range(40):
        advanced, most, times = run(steps, snapshots)
        assert advanced == fewest(steps, snapshots) == least(steps, snapshots)
        assert most <= snapshots
        assert times <= repetitions(steps, snapshots)


def test_the_figures_of_the_paper() -> None:
    assert fewest(100_000, 100) == 3 * 100_000 - math.comb(103, 101) == run(100_000, 100)[0]
    assert run(1000, 10)[0] == fewest(1000, 10)


# --- derivatives ----------------------------------------------------------------------------------


def plain(x, a, n):
    for t in range(n):
        x = x + a * np.sin(x) * (t + 1)
    return np.sum(x**2)


def snapped(x, a, n, s):
    for t in checkpoint(range(n), snapshots=s):
        x = x + a * np.sin(x) * (t + 1)
    return np.sum(x**2)


@pytest.mark.parametrize("s", [1, 2, 3, 10])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 12])
def test_as_without(n: int, s: int) -> None:
    x, a = np.array([0.3, -0.9]), 0.07
    assert snapped(x, a, n, s) == plain(x, a, n)
    assert_same(value_and_grad(snapped, wrt=(0, 1))(x, a, n, s), value_and_grad(plain, wrt=(0, 1))(x, a, n), rtol=1e-12)
    option = grad(plain, wrt=(0, 1), checkpoint=s)
    assert_same(option(x, a, n), grad(plain, wrt=(0, 1))(x, a, n), rtol=1e-12)
    assert "snapshots" in option.source


def test_the_steps_are_counted(monkeypatch: Any) -> None:
    """The generated code runs the body as often as the theory says, besides the steps that are recorded."""
    count = []

    def counting(x):
        count.append(1)
        return np.tanh(x)

    for n, s in ((20, 3), (35, 4), (9, 1)):
        run = grad(counted_loop).compiled_for(np.ones(1), n, s)
        monkeypatch.setitem(run.__globals__, "np", types.SimpleNamespace(**vars(np) | {"tanh": counting}))
        count.clear()
        assert_same(run(np.ones(1), n, s), grad(tanhs)(np.ones(1), n), rtol=1e-12)
        # the forward sweep runs its last step too, and each step is recorded once
        assert len(count) == fewest(n, s) + 1 + n


def counted_loop(x, n, s):
    for _ in checkpoint(range(n), snapshots=s):
        x = np.tanh(x)
    return np.sum(x)


def test_writes_in_place() -> None:
    def f(u, a, s):
        v = np.zeros(5)
        for t in checkpoint(range(11), snapshots=s):
            u[1:-1] += a * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            v[t % 5] = u[t % 4] * v[t % 3] + u[0]
            u[0] = np.sin(v[t % 5])
        return np.sum(u * v)

    u = np.linspace(0.1, 1.0, 5)
    check_grads(lambda u, a: f(u.copy(), a, 3), [u, 0.1])
    assert_same(grad(f)(u, 0.1, 2), grad(f)(u, 0.1, 11), rtol=1e-12)


def test_several_variables_branches_and_inner_loops() -> None:
    def f(x, params, data):
        velocity, best = 0.0 * x, 0.0
        for row, weight in checkpoint(list(zip(data, [1.0, 2.0, 0.5, 1.5], strict=True)), snapshots=2):
            for k in range(2):
                velocity = 0.9 * velocity - params["rate"] * (x - row) * weight * k
            if np.sum(velocity) > 0.0:
                x = x + velocity
                best = best + x[0]
            else:
                x = x - params["decay"] * np.cos(x)
            last = x * weight
        return np.sum(last * x) + best

    data = [np.array([1.0, -2.0]), np.array([0.3, 0.8]), np.array([-1.0, 0.1]), np.array([2.0, 0.5])]
    check_grads(f, [np.array([0.5, 1.5]), {"rate": 0.1, "decay": 0.2}, data])


def test_over_an_array_and_its_cotangent() -> None:
    def f(xs, w):
        h = np.zeros(2)
        for x in checkpoint(xs, snapshots=2):
            h = np.tanh(w @ h + x)
        return np.sum(h)

    check_grads(f, [np.linspace(-1.0, 1.0, 40).reshape(20, 2), np.array([[0.5, 0.2], [-0.3, 0.8]])])


def test_one_in_another() -> None:
    def f(x):
        for _ in checkpoint(range(5), snapshots=2):
            for _ in checkpoint(range(6), snapshots=2):
                x = x + 0.1 * np.sin(x)
        return x

    check_grads(f, [0.7])


def test_prints_once() -> None:
    def f(x):
        for t in checkpoint(range(4), snapshots=1):
            print("step", t)
            if x < 0.0:
                raise ValueError(x)
            x = x * x
        return x

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert grad(f)(1.0) == 16.0
    assert out.getvalue() == "step 0\nstep 1\nstep 2\nstep 3\n"


def test_other_operators() -> None:
    def f(x):
        for _ in checkpoint(range(6), snapshots=2):
            x = x + 0.1 * np.sin(x)
            with cotangent(x) as bar:
                bar = 0.5 * bar
        return x

    def g(x):
        for _ in range(6):
            x = x + 0.1 * np.sin(x)
        return x

    x = np.array([0.3, 0.4])
    assert_same(vjp(f, x)[1](np.ones(2))[0], vjp(g, x)[1](np.ones(2))[0] / 2**6, rtol=1e-12)
    assert_same(jvp(f, (x,), (x,)), jvp(g, (x,), (x,)), rtol=1e-12)
    second = grad(grad(counted_loop))
    lowered, derived, _ = second._programs(second._bound((0.5, 7, 2), {}))
    assert ir.check(lowered.function)
    assert ir.check(derived)
    check_grads(lambda x: grad(lambda y: snapped(y, 0.05, 5, 2))(x) @ x, [x])
    assert_same(grad(grad(counted_loop))(0.5, 7, 2), grad(grad(tanhs))(0.5, 7), rtol=1e-12)


def tanhs(x, n):
    for _ in range(n):
        x = np.tanh(x)
    return np.sum(x)


# --- memory ---------------------------------------------------------------------------------------


def test_memory_of_a_long_loop() -> None:
    """As many arrays as there are snapshots, and not one for each step."""

    def f(x):
        for _ in checkpoint(range(2000), snapshots=10):
            x = x + 0.001 * np.sin(x)
        return np.sum(x)

    gradient, x = grad(f), np.ones(1000)
    gradient(x)
    tracemalloc.start()
    gradient(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25 * x.nbytes


LONG = """
import tracemalloc
import numpy as np
from adjoint import checkpoint, grad

def f(x, a):
    for _ in checkpoint(range({steps}), snapshots=100):
        x[1:] += a * (x[:-1] - x[1:])
    return np.sum(x)

gradient, x = grad(f, wrt=(0, 1)), np.linspace(0.0, 1.0, 10000)
gradient(x, 1e-5)
tracemalloc.start()
x_bar, a_bar = gradient(x, 1e-5)
assert abs(x_bar.sum() - 10000.0) < 1e-6
print(tracemalloc.get_traced_memory()[1] // 2**20)
"""


def test_a_hundred_thousand_numbers_do_not_fit_on_a_tape(tmp_path: Any) -> None:
    """2,000 steps here, 160 MB on tapes; 100,000 steps, 8 GB on tapes, take as much memory and fifty times as long."""
    script = tmp_path / "long.py"
    script.write_text(LONG.format(steps=2000))
    here = {**os.environ, "PYTHONPATH": str(Path(adjoint.__file__).parents[1])}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, env=here)
    assert int(done.stdout) < 20


# --- refusals -------------------------------------------------------------------------------------


def refusal(fun: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(AdjointError) as found:
        grad(fun, **options)(*args)
    return str(found.value)


def test_refusals() -> None:
    def leaves(x):
        for _ in checkpoint(range(5), snapshots=2):
            x = x * 2.0
            if x > 10.0:
                break
        return x

    def draws(x):
        for _ in checkpoint(range(5), snapshots=2):
            x = x * np.random.rand()
        return x

    def elsewhere(x):
        steps = checkpoint(range(3), snapshots=2)
        return x * len(steps)

    assert "may end early" in refusal(leaves, 1.0)
    assert "has an effect" in refusal(draws, 1.0)
    assert refusal(elsewhere, 1.0)
    assert "no loop at its top" in refusal(lambda x: x * 2.0, 1.0, checkpoint=3)
    assert "There are 0 snapshots" in refusal(plain, 1.0, 1.0, 3, checkpoint=0)
    with pytest.raises(AdjointError, match="There are 0 snapshots"):
        grad(snapped)(1.0, 1.0, 3, 0)
    with pytest.raises(AdjointError, match="There are 0 snapshots"):
        snapped(1.0, 1.0, 3, 0)
