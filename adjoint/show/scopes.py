"""Where a step stands in a run: in which calls of the user's functions, and in which iteration of which loops.

    def total(x, n):                    total(2.0, 3), the step `x * k` inside of `scaled`:
        s = 0.0
        for k in range(n):              for k in range(n), iteration 2
            s += scaled(x, k)               scaled(x, k)
        return s

A loop of a program is one statement, and calls are spliced in; the loops around a statement are found in the program, the
iteration while it runs, and the calls in the place that the statement has in the user's file.
"""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ..emit.write import without_comment
from ..ir import Apply, Block, Function, Loop, Place, Var, blocks


@dataclass(frozen=True)
class Scope:
    """One iteration of a loop (`iteration` from 1), or one call (0)."""

    label: str
    place: Place | None
    iteration: int
    loop: Loop | None = None

    @property
    def title(self) -> str:
        return f"{self.iteration}: {self.label}" if self.iteration else self.label


class Scopes:
    """Follows a run of a program: tell it of the values that variables get, and ask it for a statement's scopes."""

    def __init__(self, program: Function) -> None:
        self._around: dict[Apply, tuple[Loop, ...]] = {}
        self._heads: dict[Var, Loop] = {}
        self._inside: dict[Loop, list[Loop]] = {}
        self._iteration: Counter[Loop] = Counter()
        self._calls: tuple[Place, ...] = ()
        self._visit(program.body, ())

    def _visit(self, block: Block, around: tuple[Loop, ...]) -> None:
        for stmt in block.stmts:
            if isinstance(stmt, Apply):
                self._around[stmt] = around
            elif not isinstance(stmt, Loop):
                for inner in blocks(stmt):
                    self._visit(inner, around)
            else:
                if stmt.test is not None:
                    self._visit(stmt.test, around)
                known = bool(stmt.body.params)
                if known:
                    self._heads[stmt.body.params[0]] = stmt
                    self._inside[stmt] = []
                    for outer in around:
                        self._inside[outer].append(stmt)
                self._visit(stmt.body, (*around, stmt) if known else around)

    def watch(self, v: Var, value: Any) -> None:
        """An iteration begins where the first of the parameters of a loop's body gets its value."""
        loop = self._heads.get(v)
        if loop is not None:
            self._iteration[loop] += 1
            for inner in self._inside[loop]:
                self._iteration[inner] = 0

    def of(self, stmt: Apply) -> tuple[Scope, ...]:
        """The scopes of a statement that runs now, from the outermost to the innermost."""
        loops, place = self._around.get(stmt, ()), stmt.at.place
        if place is not None:  # what has no place was made for the statement before it
            self._calls = tuple(_calls(place))
        found: list[Scope] = []
        for depth in range(len(self._calls) + 1):
            found += [Scope(_head(loop), loop.at.place, self._iteration[loop], loop) for loop in loops if _depth(loop) == depth]
            if depth < len(self._calls):
                call = self._calls[depth]
                found.append(Scope(call.text, call, 0))
        return tuple(found)


def _calls(place: Place) -> list[Place]:
    """The calls that a place is inside of, the outermost first."""
    return [] if place.called is None else [*_calls(place.called), place.called]


def _depth(loop: Loop) -> int:
    return 0 if loop.at.place is None else len(_calls(loop.at.place))


def _head(loop: Loop) -> str:
    """`for k in range(n)`, as the user wrote it."""
    place = loop.at.place
    if place is None:
        return "loop"
    line = without_comment(linecache.getline(place.file, place.line)).strip()
    return line.rstrip(":") if line.startswith(("for ", "while ")) else place.text


def common(scopes: Iterable[tuple[Scope, ...]]) -> tuple[Scope, ...]:
    """The scopes that all of them begin with.

    >>> a, b, c = (Scope(name, None, 0) for name in "abc")
    >>> [scope.label for scope in common(iter([(a, b, c), (a, b), (a, b, a)]))]
    ['a', 'b']
    """
    rows = zip(*scopes, strict=False)
    return tuple(row[0] for row in takewhile(lambda row: all(scope == row[0] for scope in row), rows))
