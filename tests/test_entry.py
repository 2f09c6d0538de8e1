"""The test in front of a generated function accepts just the arguments whose signature is the same."""

import dataclasses
import threading
from collections import namedtuple

import numpy as np
import pytest

from adjoint import AdjointError, grad
from adjoint.entry import entry
from adjoint.lower.abstract import signature
from adjoint.lower.source import Unchanged
from adjoint.rules.registry import SAID

Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Model:
    w: np.ndarray
    b: float


def helper(x):
    return x


VALUES = [
    1.0, 2.5, 1, True, False, None, 1j, "a", "b", np.float64(1.0), np.float32(1.0), np.int64(1),
    np.ones(3), np.zeros(3), np.ones((3, 1)), np.ones(3, np.float32), np.array(1.0), np.ones(3).astype(">f8"),
    (1.0, 2.0), (1.0,), (), (1.0, 2), [1.0, 2.0], [1.0], [np.ones(2)], [np.ones(3)], [1.0, "a"], [],
    {"a": 1.0, "b": np.ones(2)}, {"b": np.ones(2), "a": 1.0}, {"a": 1.0}, {"a": 1, "b": np.ones(2)}, {},
    {1: 2.0}, {"a": {"b": np.ones(2)}}, {"a": {"c": np.ones(2)}},
    Point(1.0, 2.0), Point(1.0, np.ones(2)), Model(np.ones(2), 1.0), Model(np.ones(3), 1.0), Model(np.ones(2), 1),
    np.sin, np.cos, helper, len, np, Model, slice(1, 2), slice(1, 3), range(3), range(4), np.dtype(float),
]  # fmt: skip


def test_what_is_let_through():
    for value in VALUES:
        enter = entry((value, 2.0), Unchanged(), (), lambda *args: "run", lambda args: "otherwise", SAID[0])
        for other in VALUES:
            same = signature(value) == signature(other) and repr(signature(value)) == repr(signature(other))
            got = enter((other, 3.0))
            assert got in ("run", "otherwise")
            if got == "run":
                assert same, (value, other)
            elif same:  # a dtype that is equal but another object takes the longer way
                assert isinstance(value, np.ndarray), (value, other)
        assert enter((value,)) == enter((value, 1)) == enter((value, 2.0, 2.0)) == "otherwise"


def test_no_arguments():
    assert entry((), Unchanged(), (), lambda: "run", lambda args: "otherwise", SAID[0])(()) == "run"


scale, word = 2.0, "sin"


def test_what_is_outside_may_change(monkeypatch):
    def f(x):
        return scale * x * x if word == "sin" else x

    g = grad(f)
    assert [g(3.0) for _ in range(3)] == [12.0] * 3
    monkeypatch.setitem(globals(), "scale", 5.0)
    assert [g(3.0) for _ in range(3)] == [30.0] * 3
    monkeypatch.setitem(globals(), "scale", np.float32(1.0))
    assert g(3.0) == 6.0
    monkeypatch.setitem(globals(), "word", "cos")
    assert [g(3.0) for _ in range(3)] == [1.0] * 3
    monkeypatch.setitem(globals(), "word", "sin")
    monkeypatch.setitem(globals(), "scale", 1.0)
    monkeypatch.delitem(globals(), "scale")
    with pytest.raises(AdjointError, match="`scale` is not defined"):
        g(3.0)


def test_a_builtin_that_is_hidden(monkeypatch):
    def f(x):
        return abs(x) * 2.0

    g = grad(f)
    assert g(-1.0) == g(-1.0) == -2.0
    monkeypatch.setitem(globals(), "abs", lambda x: x)
    assert g(-1.0) == g(-1.0) == 2.0


def test_a_closure_and_a_default_that_change():
    factor = 2.0

    def f(x, power=2):
        return factor * x**power

    g = grad(f)
    assert g(3.0) == g(3.0) == 12.0
    factor = 10.0
    assert g(3.0) == g(3.0) == 60.0
    f.__defaults__ = (3,)
    assert g(3.0) == g(3.0) == 270.0
    factor = None
    with pytest.raises(AdjointError, match="given None"):
        g(3.0)


def test_signatures_in_turn():
    g = grad(lambda x: (x * x).sum() if isinstance(x, np.ndarray) else x * x)
    for _ in range(3):
        assert g(3.0) == 6.0
        np.testing.assert_array_equal(g(np.ones(2)), [2.0, 2.0])
        np.testing.assert_array_equal(g(np.ones((2, 1), np.float32)), [[2.0], [2.0]])


def test_many_threads_build_each_signature_once(monkeypatch):
    def f(x):
        return (x * x * x).sum() if isinstance(x, np.ndarray) else x * x * x

    g = grad(f)
    made = []
    build = type(g)._made
    monkeypatch.setattr(type(g), "_made", lambda self, bound: (made.append(1), build(self, bound))[1])
    wrong = []
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for n in range(40):
            x = np.full((n + k) % 4 + 1, 2.0) if (n + k) % 5 else 2.0
            if not np.array_equal(g(x), 3 * x * x):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert len(made) == 5
