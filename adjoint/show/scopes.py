"""Where a step stands in a run: in which calls of the user's functions, and in which iteration of which loops.

    def total(x, n):                    total(2.0, 3), the step `x * k` inside of `scaled`:
        s = 0.0
        for k in range(n):              for k in range(n), iteration 2
            s += scaled(x, k)               scaled(x, k)
        return s

A loop of a program is one statement, and calls are spliced in; the loops around a statement are found in the program, the
iteration while it runs, and the calls in the place that the statement has in the user's file.  A function that calls itself
is one function of the program, which is really called: what runs in it stands where the call stands, and one deeper.
"""

from __future__ import annotations

import contextlib
import linecache
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ..emit.write import without_comment
from ..ir import Apply, Block, Callee, Function, Loop, Place, Var, blocks


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
        self._outside: tuple[Scope, ...] = ()  # of the call that runs now
        self._spliced: dict[Callee | None, int] = {None: 0}
        self._callee: Callee | None = None
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

    @contextlib.contextmanager
    def inside(self, stmt: Apply) -> Iterator[None]:
        """While a function of the program runs that a statement calls."""
        assert isinstance(stmt.fn, Callee) and stmt.fn.function is not None
        before = self._calls, self._outside, self._callee, self._iteration
        outside = self.of(stmt)
        if stmt.at.place is not None:
            outside = (*outside, Scope(stmt.at.place.text, stmt.at.place, 0))
        if stmt.fn not in self._spliced:
            body = stmt.fn.function.body
            self._visit(body, ())
            self._spliced[stmt.fn] = len(common(tuple(_calls(place)) for place in _places(body)))
        self._calls, self._outside, self._callee, self._iteration = (), outside, stmt.fn, Counter()
        try:
            yield
        finally:
            self._calls, self._outside, self._callee, self._iteration = before

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
        spliced = self._spliced[self._callee]  # of a function of the program all places are in the call that it was read for
        if place is not None:  # what has no place was made for the statement before it
            self._calls = tuple(_calls(place))[spliced:]
        found: list[Scope] = []
        for depth in range(len(self._calls) + 1):
            here = [loop for loop in loops if _depth(loop) - spliced == depth]
            found += [Scope(_head(loop), loop.at.place, self._iteration[loop], loop) for loop in here]
            if depth < len(self._calls):
                call = self._calls[depth]
                found.append(Scope(call.text, call, 0))
        return (*self._outside, *found)


def _places(block: Block) -> Iterator[Place]:
    """Those of the statements of a block, and of the blocks in it."""
    for stmt in block.stmts:
        if stmt.at.place is not None:
            yield stmt.at.place
        for inner in blocks(stmt):
            yield from _places(inner)


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


def common(scopes: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The scopes that all of them begin with.

    >>> a, b, c = (Scope(name, None, 0) for name in "abc")
    >>> [scope.label for scope in common(iter([(a, b, c), (a, b), (a, b, a)]))]
    ['a', 'b']
    """
    rows = zip(*scopes, strict=False)
    return tuple(row[0] for row in takewhile(lambda row: all(scope == row[0] for scope in row), rows))
