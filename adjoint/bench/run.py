"""Measuring: everybody in one process, in turns, so that a machine that slows down slows all of them down.

A round calls each contestant once (or as often as takes a millisecond, so that the clock's own cost is
nothing); what is reported is the median over rounds, of times and of each round's ratio to the gradient by
hand.  The first call, which builds or compiles, is timed apart.  Nobody is timed whose result is not that of
the gradient by hand.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .cases import Case
from .contestants import CONTESTANTS, Absent, Run, leaves

TOLERANCE = 1e-10  # relative to the largest entry
LEAST = 1e-3  # seconds: what is shorter is called several times
FIRST = "by hand"


@dataclass
class Timing:
    """One contestant at one case; `why` says why there is no time."""

    seconds: float | None = None
    ratio: float | None = None  # to the gradient by hand
    spread: float | None = None  # half the distance of the ratio's quartiles, relative
    build: float | None = None  # the first call, less a later one
    memory: int | None = None  # bytes, at the peak of a call, of Python's and NumPy's allocations
    error: float | None = None  # relative difference of the result
    why: str | None = None


@dataclass
class Row:
    case: str
    what: str
    size: int
    timings: dict[str, Timing] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measured(case: Case, size: int, names: Sequence[str], seconds: float, told: Callable[[str], None]) -> Row:
    """A case at one size by the contestants named; each gets about so many seconds; `told` hears who is next."""
    row, args = Row(case.name, case.what, size), case.arguments(size)
    expected = case.by_hand(*args)
    running: dict[str, Run] = {}
    for name in names:
        told(name)
        timing = row.timings[name] = Timing(why=case.absent.get(name))
        if timing.why is None:
            run = _started(name, case, args, expected, timing)
            if run is not None:
                running[name] = run
    _in_turns(running, row.timings, seconds)
    return row


def _started(name: str, case: Case, args: tuple[Any, ...], expected: Any, timing: Timing) -> Run | None:
    """The contestant after its first call, if its result is right."""
    try:
        start = time.perf_counter()
        run = CONTESTANTS[name](case, args)
        result = run()
        timing.build = time.perf_counter() - start
        timing.error = difference(result, expected)
    except Absent as absent:
        timing.why = str(absent)
        return None
    except Exception as error:
        timing.why = f"{type(error).__name__}: {error}"
        return None
    if not timing.error <= TOLERANCE:
        timing.why = f"wrong: differs by {timing.error:.1e}"
        return None
    timing.memory = _peak(run)
    return run


def difference(result: Any, expected: Any) -> float:
    """The largest difference, relative to the largest entry."""
    found, wanted = leaves(result), leaves(expected)
    if len(found) != len(wanted):
        return float("inf")
    gaps = []
    for a, b in zip(found, wanted, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return float("inf")
        if b.size:
            gap = float(np.max(np.abs(a - b)))
            gaps.append(gap / (float(np.max(np.abs(b))) or 1.0))
    return float(np.max(gaps, initial=0.0))  # nan, if there is one


def _peak(run: Run) -> int:
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _in_turns(running: dict[str, Run], timings: dict[str, Timing], seconds: float) -> None:
    if not running:
        return
    gc.collect()
    number, longest = {}, 0.0
    for name, run in running.items():
        once = min(_timed(run, 1) for _ in range(3))
        number[name] = max(1, int(LEAST / max(once, 1e-9)))
        longest = max(longest, once * number[name])
        build = timings[name].build
        timings[name].build = max(0.0, build - once) if build is not None else None
    rounds = max(5, min(200, int(seconds / longest)))
    taken: dict[str, list[float]] = {name: [] for name in running}
    for k in range(rounds):
        order = list(running) if k % 2 == 0 else list(running)[::-1]
        for name in order:
            taken[name].append(_timed(running[name], number[name]))
    for name, times in taken.items():
        timing = timings[name]
        timing.seconds = statistics.median(times)
        ratios = [own / first for own, first in zip(times, taken[FIRST], strict=True)] if FIRST in taken else []
        if ratios:
            timing.ratio = statistics.median(ratios)
            low, _, high = statistics.quantiles(times if name == FIRST else ratios, n=4)
            timing.spread = 0.5 * (high - low) / (timing.seconds if name == FIRST else timing.ratio)


def _timed(run: Run, number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        run()
    return (time.perf_counter() - start) / number


@contextlib.contextmanager
def one_thread() -> Iterator[bool]:
    """Linear algebra on one thread, where threadpoolctl is there to say so."""
    if importlib.util.find_spec("threadpoolctl") is None:
        yield False
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield True


# --- how cost grows ------------------------------------------------------------------------------


@dataclass
class Growth:
    """Seconds of primal and gradient at each size, and the exponents of the straight lines through them."""

    case: str
    what: str
    sizes: list[int]
    primal: list[float]
    gradient: list[float]

    @property
    def exponents(self) -> tuple[float, float, float]:
        """Of the primal, of the gradient, of their ratio: time ~ n ** exponent, by least squares on logarithms."""
        ratio = [g / p for g, p in zip(self.gradient, self.primal, strict=True)]
        return tuple(  # type: ignore[return-value]
            float(np.polyfit(np.log(self.sizes), np.log(y), 1)[0]) for y in (self.primal, self.gradient, ratio)
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"exponents": self.exponents}


def grown(case: Case, seconds: float, sizes: Sequence[int] = ()) -> Growth:
    """Primal and gradient of a case, in turns, at each of its sizes."""
    from adjoint import grad

    growth = Growth(case.name, case.what, list(sizes or case.growing), [], [])
    for size in growth.sizes:
        args, gradient = case.arguments(size), grad(case.fun, case.wrt)
        running: dict[str, Run] = {"primal": lambda: case.fun(*args), "gradient": lambda: gradient(*args)}
        for run in running.values():
            run()
        timings = {name: Timing() for name in running}
        _in_turns(running, timings, seconds)
        for name, into in (("primal", growth.primal), ("gradient", growth.gradient)):
            into.append(timings[name].seconds or float("nan"))
    return growth
