"""What a function does beside computing: once for each gradient call, in order, and seen by what follows."""

from __future__ import annotations

import array
import collections
import contextlib
import copy
import heapq
import io
import queue
import random
from typing import Any

import pytest

import adjoint

SEEN: list[Any] = []
COUNTS: dict[str, Any] = {}
NESTED: dict[str, Any] = {}
CALLS = 0
MODE = "a"


class Counter:
    calls = 0


class Model:
    def __init__(self) -> None:
        self.calls, self.hidden, self.mode = 0, None, "a"


MODEL = Model()


def reset() -> None:
    global CALLS, MODE
    CALLS, MODE, Counter.calls = 0, "a", 0
    SEEN.clear()
    COUNTS.clear()
    COUNTS.update(calls=0, total=0.0)
    NESTED.clear()
    NESTED.update(values=[1.0], inner={"k": 2})
    MODEL.__init__()


def state() -> Any:
    return copy.deepcopy((SEEN, COUNTS, NESTED, CALLS, MODE, Counter.calls, vars(MODEL)))


def prints_and_counts(x):
    SEEN.append("called")
    COUNTS["calls"] += 1
    print("at", x)
    return x * x


def counts_in_a_loop(x):
    global CALLS
    for i in range(3):
        SEEN.append(i)
        CALLS = CALLS + 1
        Counter.calls += 1
        if i == 1:
            COUNTS["calls"] += i
    return x * x * CALLS


def keeps_on_an_object(x):
    MODEL.calls += 1
    MODEL.hidden = x * 2
    return MODEL.hidden * x


def keeps_in_a_list(x):
    SEEN.append(x * 2)
    return SEEN[-1] * x


def keeps_in_a_dict(x):
    COUNTS["total"] = x * x
    if x > 0:
        COUNTS["calls"] += 1
    return COUNTS["total"]


def appends_in_a_branch(x):
    if x > 1:
        SEEN.append("big")
    return x * len(SEEN)


def appends_in_a_callee(x):
    def log(v):
        SEEN.append(1)
        COUNTS["calls"] += 1
        return v * len(SEEN)

    total = 0.0
    for _ in range(3):
        total = total + log(x) * COUNTS["calls"]
    return total


def sets_in_a_branch(x):
    if x > 1:
        MODEL.hidden = x * x
    if MODEL.hidden is None:
        return x
    return MODEL.hidden * x


def switches_in_a_branch(x):
    if x > 1:
        MODEL.mode = "b"
    if MODEL.mode == "b":
        return x * x
    return x


def changes_nested(x):
    for _ in range(2):
        NESTED["values"].append(x)
        NESTED["inner"]["k"] += 1
    return NESTED["values"][-1] * NESTED["inner"]["k"] * len(NESTED["values"])


def adds_to_a_set(x):
    seen, total = set(), 0.0
    for i in range(4):
        if i % 2 in seen:
            total = total + x
        seen.add(i % 2)
    return total * x


def function_attribute(x):
    def f():
        f.calls += 1

    f.calls = 0
    f()
    f()
    return x * f.calls


def default_entries(x):
    d = collections.defaultdict(float)
    d["a"] += x
    d["a"] += x * x
    return d["a"]


def steps_through(x):
    steps = iter([x, x * x, 3.0])
    y = next(steps)
    for step in steps:
        y = y * step
    return y + next(steps, x)


def generator_is_used_up(x):
    doubled = (v * x for v in [1.0, 2.0])
    return next(doubled) + sum(doubled) + sum(doubled)


FUNCTIONS = [
    prints_and_counts, counts_in_a_loop, keeps_on_an_object, keeps_in_a_list, keeps_in_a_dict, appends_in_a_branch,
    appends_in_a_callee, sets_in_a_branch, switches_in_a_branch, changes_nested, adds_to_a_set, function_attribute,
    default_entries, steps_through, generator_is_used_up,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_effects_are_those_of_the_primal(f):
    def outcome(run):
        reset()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            return run(), state(), printed.getvalue()

    gradient = adjoint.value_and_grad(f)
    expected = outcome(lambda: f(1.7))
    (value, slope), *seen = outcome(lambda: gradient(1.7))
    assert (value, *seen) == (pytest.approx(expected[0]), *expected[1:])
    above, below = (outcome(lambda x=x: f(x))[0] for x in (1.7 + 1e-6, 1.7 - 1e-6))
    assert slope == pytest.approx((above - below) / 2e-6, rel=1e-6)
    assert outcome(lambda: gradient(1.7))[1:] == expected[1:]  # also when it is called again


def reads_what_it_stored(x):
    global CALLS
    CALLS = x * 3
    return CALLS * x


def reads_a_mode_it_stored(x):
    global MODE
    MODE = "b"
    return x * x if MODE == "b" else x


def unknown_function_changes_it(x):
    heap = []
    heapq.heappush(heap, x)
    heapq.heappush(heap, x * x)
    return heap[0]


def taken_in_by_a_method_under_a_name(x):
    numbers = array.array("d")
    put = numbers.append
    put(x * x)
    return numbers[0]


def taken_in_and_given_back(x):
    waiting = queue.Queue()
    waiting.put(x * x)
    return waiting.get()


def shuffled(x):
    values = [x, x * x]
    random.shuffle(values)
    return values[0]


def evaluated(x):
    return eval("x * x")


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (reads_what_it_stored, "`CALLS` is assigned and read again in one call"),
        (reads_a_mode_it_stored, "`MODE` is assigned and read again in one call"),
        (unknown_function_changes_it, "may change it; the gradient depends on it"),
        (taken_in_by_a_method_under_a_name, "may change it; the gradient depends on it"),
        (taken_in_and_given_back, "`queue.Queue.get` is applied to a value that the gradient depends on"),
        (shuffled, "may change it|in place"),
        (evaluated, "not known when the gradient is built"),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_what_cannot_be_followed_is_refused(f, what):
    reset()
    with pytest.raises(adjoint.AdjointError, match=what):
        adjoint.grad(f)(1.7)
