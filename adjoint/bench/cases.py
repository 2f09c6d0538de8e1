"""The cases: a function, its gradient by hand, and arguments of a given size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import functions as f

UNROLLED = "unrolls the loop: minutes to compile"
TOO_LONG = "records millions of operations"


@dataclass(frozen=True)
class Case:
    """`arguments(n)` are those for size n; `sizes` are measured; `growing` are the sizes of `--scaling`."""

    name: str
    what: str
    fun: Callable[..., Any]
    by_hand: Callable[..., Any]
    arguments: Callable[[int], tuple[Any, ...]]
    sizes: tuple[int, ...]
    wrt: int | tuple[int, ...] = 0
    small: Callable[[], tuple[Any, ...]] | None = None  # arguments for tests, where size 5 is too large
    without_writes: Callable[..., Any] | None = None  # the same function for libraries that need it
    loops: bool = False  # a case for compilers: the gradient by hand is compiled too
    absent: dict[str, str] = field(default_factory=dict)  # who does not take part, and why
    growing: tuple[int, ...] = ()


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _logistic(n: int) -> tuple[Any, ...]:
    rng = _random()
    X = rng.normal(size=(n, 20))
    return rng.normal(size=20), 0.1, X, (X[:, 0] > 0.0).astype(float)


def _mlp(n: int) -> tuple[Any, ...]:
    rng = _random()
    params = {
        "W1": 0.1 * rng.normal(size=(64, 32)), "b1": np.zeros(32),
        "W2": 0.1 * rng.normal(size=(32, 10)), "b2": np.zeros(10),
    }
    return params, rng.normal(size=(n, 64)), rng.integers(0, 10, n)


def _rnn(n: int) -> tuple[Any, ...]:
    rng, width = _random(), 32
    W, U = rng.normal(size=(width, width)) / width, rng.normal(size=(width, width)) / width
    return W, U, np.zeros(width), rng.normal(size=(n, width)), rng.normal(size=width)


def _heat(n: int) -> tuple[Any, ...]:
    rng = _random()
    return rng.normal(size=n), rng.normal(size=n), 0.2, 200


def _gmm(n: int, d: int = 10, components: int = 25) -> tuple[Any, ...]:
    rng = _random()
    lower = 0.3 * rng.normal(size=(components, d, d))
    logs = 0.2 * rng.normal(size=(components, d))
    mask = np.tril(np.ones((d, d)), -1)
    return rng.normal(size=components), rng.normal(size=(components, d)), logs, lower, rng.normal(size=(n, d)), mask


def _lstm(n: int) -> tuple[Any, ...]:
    rng, layers, width = _random(), 2, 14
    xs = (rng.uniform(size=(n, width)) < 0.3).astype(float)
    weight, bias = rng.normal(size=(2, layers, 4, width))
    return weight, bias, rng.normal(size=(3, width)), np.zeros((layers, width)), np.zeros((layers, width)), xs


CASES = (
    Case("two-floats", "x1*x2 + sin(x1), Python floats", f.two_floats, f.two_floats_by_hand,
         lambda n: (2.0, 3.0), (1,), wrt=(0, 1)),
    Case("rosenbrock", "Rosenbrock's valley, n numbers", f.rosenbrock, f.rosenbrock_by_hand,
         lambda n: (_random().normal(size=n),), (10, 1000)),
    Case("scalar-loop", "n times s = s + sin(s)*x", f.scalar_loop, f.scalar_loop_by_hand,
         lambda n: (0.1, n), (1000,), loops=True),
    Case("logistic", "logistic regression, n x 20", f.logistic, f.logistic_by_hand, _logistic, (1000,), wrt=(0, 1)),
    Case("mlp", "network 64-32-10, n images", f.mlp, f.mlp_by_hand, _mlp, (32,),
         growing=(32, 128, 512, 2048, 8192)),
    Case("rnn", "recurrent network, n steps of 32", f.rnn, f.rnn_by_hand, _rnn, (50,), wrt=(0, 1, 2)),
    Case("neighbours", "sum of x[i]*x[i-1] in a loop", f.neighbours, f.neighbours_by_hand,
         lambda n: (_random().normal(size=n),), (1000, 4000), loops=True, growing=(250, 1000, 4000, 16000, 64000)),
    Case("heat", "heat equation, n points x 200 steps, slices", f.heat, f.heat_by_hand, _heat, (500,), loops=True,
         without_writes=f.heat_without_writes, absent={"JAX": UNROLLED}, growing=(500, 2000, 8000, 32000, 128000)),
    Case("heat-loops", "the same, element by element", f.heat_loops, f.heat_loops_by_hand, _heat, (500,), loops=True,
         absent=dict.fromkeys(("tape", "autograd", "PyTorch", "JAX"), TOO_LONG)),
    Case("heat-buffers", "the same, with two buffers", f.heat_buffers, f.heat_buffers_by_hand, _heat, (500,),
         loops=True, absent=dict.fromkeys(("tape", "autograd", "PyTorch", "JAX"), TOO_LONG)),
    Case("gmm", "Gaussian mixture, n points, d=10, K=25", f.gmm, f.gmm_by_hand, _gmm, (1000,), wrt=(0, 1, 2, 3),
         small=lambda: _gmm(5, 3, 4)),
    Case("gmm-loops", "the same, element by element", f.gmm_loops, f.gmm_loops_by_hand, lambda n: _gmm(n)[:5], (100,),
         wrt=(0, 1, 2, 3), small=lambda: _gmm(5, 3, 4)[:5], loops=True,
         absent=dict.fromkeys(("tape", "autograd", "PyTorch", "JAX"), TOO_LONG)),
    Case("lstm", "LSTM, 2 layers, n steps", f.lstm, f.lstm_by_hand, _lstm, (1024,), wrt=(0, 1, 2), loops=True,
         without_writes=f.lstm_without_writes, absent={"JAX": UNROLLED}),
)

BY_NAME = {case.name: case for case in CASES}
