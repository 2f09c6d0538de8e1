"""Can two index expressions mean the same place?  Systems of linear inequalities over integers.

    A[i, k] is read where  0 <= k < n,  k + 1 <= i < n
    A[i', k'] is written later where  k < k' < n,  k' + 1 <= i' < n

The places are the same only if i = i' and k = k', and that contradicts k < k'.  `feasible` decides by
eliminating one unknown after the other (Fourier and Motzkin; see A. Schrijver, Theory of Linear and
Integer Programming, 1986, section 12.2), with constants rounded to integers.  It may call a system
feasible that has no solution, never the other way round.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from math import gcd

LIMIT = 600  # inequalities; more is taken for feasible


@dataclass(frozen=True)
class Affine:
    """A sum of integer multiples of unknowns, and a constant."""

    constant: int = 0
    factors: Mapping[Hashable, int] = field(default_factory=dict)

    def __add__(self, other: Affine) -> Affine:
        factors = dict(self.factors)
        for v, n in other.factors.items():
            factors[v] = factors.get(v, 0) + n
        return Affine(self.constant + other.constant, {v: n for v, n in factors.items() if n})

    def __sub__(self, other: Affine) -> Affine:
        return self + other * -1

    def __mul__(self, n: int) -> Affine:
        return Affine(self.constant * n, {v: k * n for v, k in self.factors.items()} if n else {})

    def tightened(self) -> Affine:
        """The same inequality `self >= 0` for integers, in lowest terms."""
        n = gcd(*self.factors.values())
        return self if n <= 1 else Affine(self.constant // n, {v: k // n for v, k in self.factors.items()})


def unknown(v: Hashable) -> Affine:
    return Affine(0, {v: 1})


def number(n: int) -> Affine:
    return Affine(n)


def equal(a: Affine, b: Affine) -> list[Affine]:
    return [a - b, b - a]


def feasible(inequalities: Iterable[Affine]) -> bool:
    """May there be integers for which each of these is at least zero?

    >>> k, m = unknown("k"), unknown("m")
    >>> feasible([k - number(2), number(5) - k])
    True
    >>> feasible([k - m - number(1), *equal(k, m)])
    False
    """
    system: dict[Hashable, Affine] = {}
    possible = _add(system, inequalities)
    while possible and system:
        counts: dict[Hashable, list[int]] = {}
        for a in system.values():
            for v, n in a.factors.items():
                counts.setdefault(v, [0, 0])[n > 0] += 1
        v = min(counts, key=lambda v: counts[v][0] * counts[v][1] - sum(counts[v]))
        below = [a for a in system.values() if a.factors.get(v, 0) > 0]
        above = [a for a in system.values() if a.factors.get(v, 0) < 0]
        system = {key: a for key, a in system.items() if v not in a.factors}
        possible = _add(system, (a * -b.factors[v] + b * a.factors[v] for a in below for b in above))
        if possible and len(system) > LIMIT:
            return True
    return possible


def _add(system: dict[Hashable, Affine], inequalities: Iterable[Affine]) -> bool:
    """Add each in lowest terms, the sharpest of those that differ in the constant; False where one is plainly false."""
    for a in inequalities:
        a = a.tightened()
        if not a.factors:
            if a.constant < 0:
                return False
            continue
        key = frozenset(a.factors.items())
        if key not in system or a.constant < system[key].constant:
            system[key] = a
    return True
