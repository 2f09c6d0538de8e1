"""When to keep a snapshot of a long loop: binomial checkpointing.

A loop of l steps is reversed from s snapshots of what it carries.  Where b(s, r) = (s + r)! / (s! r!) and r is the least
number with l <= b(s, r), no step is run more than r times again, and the fewest steps in all that lead
from a snapshot to where they are needed are r l - b(s + 1, r - 1).

Griewank and Walther, Algorithm 799: revolve, ACM TOMS 26 (2000), 19-45, propositions 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar

from .errors import WrongArgument

T = TypeVar("T")


def checkpoint(items: Iterable[T], snapshots: int) -> Iterable[T]:
    """The items themselves; in a `for` of a function that is differentiated, a loop with few values recorded.

    The reverse sweep of a loop reads what its iterations computed.  Written `for t in checkpoint(range(n), snapshots=s)`,
    it keeps no more than `s` snapshots of the variables that the loop carries, and runs the iterations again
    from these, by the binomial schedule of Griewank and Walther (2000): with n steps and s snapshots, no step
    more than r times, where n <= (s + r)! / (s! r!).

    >>> from adjoint import checkpoint, grad
    >>> def f(x):
    ...     for _ in checkpoint(range(1000), snapshots=5):
    ...         x = x + 0.001 * x * (1.0 - x)
    ...     return x
    >>> round(grad(f)(0.5), 4)
    0.7866

    Refused when the gradient is built: `break` and effects in such a loop, which is run again.
    """
    check_snapshots(snapshots)
    return items


def check_snapshots(snapshots: int) -> None:
    if snapshots < 1:
        raise WrongArgument(f"There are {snapshots} snapshots.", "At least one is needed: the start.")


def stops(start: int, end: int, snapshots: int) -> list[int]:
    """Where to stop for a snapshot on the way from step `start` to step `end`, and `end` itself.

    One of the snapshots is that at `start`.  What comes after the last but one of the stops is run without.

    >>> stops(0, 9, 3)
    [4, 7, 9]
    >>> stops(0, 9, 1)
    [9]
    """
    found = []
    while start < end:
        start += ahead(end + 1 - start, snapshots)
        found.append(start)
        snapshots -= 1
    return found


def all_stops(steps: int, snapshots: int) -> list[int]:
    """The same for the forward sweep, which stops before its last step and then does it."""
    check_snapshots(snapshots)
    return [*stops(0, steps - 1, snapshots), steps] if steps > 0 else []


def ahead(steps: int, snapshots: int) -> int:
    """How far to go from the first of `steps` steps before the next snapshot is taken.

    Of the steps that are left there, b(s - 1, r - 1) at least and b(s - 1, r) at most are reversed with one
    snapshot less; of those before, b(s, r - 2) at least and b(s, r - 1) at most with all.
    """
    if snapshots == 1:
        return steps - 1
    r = repetitions(steps, snapshots)
    return min(math.comb(snapshots + r - 1, snapshots), steps - math.comb(snapshots + r - 2, snapshots - 1))


def repetitions(steps: int, snapshots: int) -> int:
    """The least r for which b(snapshots, r) is not below `steps`."""
    r = 0
    while math.comb(snapshots + r, snapshots) < steps:
        r += 1
    return r


def fewest(steps: int, snapshots: int) -> int:
    """How many steps are run from a snapshot to where they are needed, the first sweep among them.

    >>> fewest(10, 3), fewest(10, 1), fewest(10, 10)
    (15, 45, 9)
    """
    r = repetitions(steps, snapshots)
    return r * steps - math.comb(snapshots + r, snapshots + 1) if r else 0
