"""Functions that do something beside computing: each effect belongs to the forward sweep, once and in order."""

import logging
import random
import warnings

import numpy as np

from .registry import group

case = group("effects")

LOG = logging.getLogger("corpus")
V = np.array([0.6, -1.2, 2.3, 0.3])
CALLS = {"count": 0}
SEEN = []


class Counter:
    calls = 0


@case(1.3, features="print")
def prints(x):
    y = x**2
    print("y is", y, end="")
    print(f", or {y:.3f}")
    return y * x


@case(1.3, features="logging in a loop")
def logs(x):
    for i in range(3):
        x = x * 1.5
        LOG.debug("step %d: %s", i, x)
        if x > 100:
            LOG.warning("large")
    return x


@case(1.3, features="a module's counter")
def counts(x):
    CALLS["count"] += 1
    Counter.calls += 1
    return x * 2


@case(1.3, features="a module's list")
def appends_to_global(x):
    y = x**2
    SEEN.append("called")
    return y


@case(1.3, features="a global written")
def writes_global(x):
    global LAST
    LAST = "called"
    return x**3


LAST = ""


@case(1.3, [], features="appends to a list that was passed in")
def reports_to_argument(x, log):
    y = x
    for i in range(3):
        y = y * x
        log.append(i)
    return y * len(log)


@case(V, features="random draws, NumPy generator with a seed")
def dropout(x):
    rng = np.random.default_rng(7)
    keep = rng.random(len(x)) < 0.7
    noise = rng.normal(size=len(x))
    return np.sum(np.where(keep, x / 0.7, 0.0) ** 2) + noise @ x


@case(1.3, features="random draws, seeded module")
def random_walk(x):
    random.seed(3)
    np.random.seed(3)
    for _ in range(4):
        x = x + random.random() * x * 0.5 if random.random() < 0.6 else x * np.random.uniform(0.5, 1.0)
    return x


@case(1.3, features="random generator in a dict of options, draws in a branch")
def monte_carlo(sigma):
    rng = np.random.RandomState(5)
    total = 0.0
    for _ in range(6):
        z = rng.standard_normal()
        payoff = np.exp(sigma * z - sigma**2 / 2) - 0.8
        if payoff > 0:
            total += payoff
    return total / 6


@case(1.3, features="a warning under a filter")
def warns(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("careful", stacklevel=1)
        y = x**2
    return y


@case(1.3, features="an iterator consumed by hand")
def consumes_iterator(x):
    factors = iter([2.0, 3.0, 4.0])
    y = x * next(factors)
    for f in factors:
        y = y + f * x**2
    return y * next(factors, 5.0)
