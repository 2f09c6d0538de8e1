"""Which values are written inside the expression that reads them, instead of on a line of their own.

    w1 = x * y
    w2 = sin(w1)        ->      w2 = sin(x * y)

A value is folded when it is read once, in the same block, has no name that the user gave it, and
nothing that updates in place or has an effect stands between.  Within a `try` the first error decides
which `except` is run: what may raise is not written after a line that may, and came later.  In the textbook form only what a
derivative rule made for itself is folded, so that every primitive and every adjoint keeps its line.
A branch without statements of its own becomes a conditional expression.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator

from .. import runtime
from ..avals import Arr, Num
from ..ir import UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Stmt, Try, Var, blocks, defined, leaves, reads
from ..passes.nests import uses
from .raising import may_raise

WIDEST = 72  # characters of an expression that something is folded into
WIDEST_COMPILED = 160  # a compiler makes one loop of what stands in one expression
UPDATES = (runtime.array_set, runtime.array_put, runtime.index_add, runtime.set_item, runtime.append, runtime.popped)


class Folds:
    """`folded[v]` is the statement whose expression is written where `v` is read."""

    def __init__(self, function: Function, textbook: bool, widest: int = WIDEST) -> None:
        self.textbook, self.widest = textbook, widest
        self.folded: dict[Var, Apply | If] = {}
        self.width: dict[Var, int] = {}
        self.wholes: set[If] = set()  # the branches written as conditional expressions
        self.uses = uses(function.body)
        # values read in the block that they are made in
        self.passed_on = set(_passed_on(function.body)) - set(function.body.results)
        inputs = {v for p in function.params for v in leaves(p.tree)}
        self.returned = {
            r for r in function.body.results if textbook and isinstance(r, Var) and r.bar_of in inputs and self.uses[r] == 1
        }
        self._block(function.body)

    def _block(self, block: Block, test: bool = False, tried: bool = False) -> None:
        readers: dict[Var, int] = {}
        for i, stmt in enumerate(block.stmts):
            for inner in blocks(stmt):
                self._block(inner, isinstance(stmt, Loop) and inner is stmt.test, tried or isinstance(stmt, Try))
            for a in reads(stmt):
                if isinstance(a, Var):
                    readers[a] = i
        if test:
            readers.update((r, len(block.stmts)) for r in block.results if isinstance(r, Var))
        barriers = [i for i, s in enumerate(block.stmts) if _is_barrier(s)]
        for i, stmt in enumerate(block.stmts):
            if not isinstance(stmt, Apply | If) or len(stmt.outs) != 1:
                continue
            v = stmt.outs[0]
            at = len(block.stmts) if v in self.returned else readers.get(v)
            width = self._width(stmt)
            self.width[v] = width
            if isinstance(stmt, If):
                self.is_expression(stmt)
            if isinstance(stmt, Apply) and stmt.fn in _INDICES and v not in self.passed_on and all(
                a not in self.folded or self._is_index(a) for a in stmt.args
            ):
                self.folded[v] = stmt  # an index or range is written out wherever it is used
                continue
            if at is None or self.uses[v] != 1 or not self._may_fold(stmt, v):
                continue
            reader = block.stmts[at] if at < len(block.stmts) else None
            if isinstance(reader, Apply) and reader.fn in _INDICES and self.uses[reader.out] > 1:
                continue
            if isinstance(reader, Apply) and reader.fn in UPDATES and reader.args[0] is v:
                continue
            if reader is not None and v.bar_of is not None and v.bar_of.hint is not None and not _completes(reader, v):
                continue
            between = [block.stmts[k] for k in barriers if i < k < at]
            if between and not (all(map(_is_update, between)) and self._is_arithmetic(stmt)):
                continue
            if at < len(block.stmts) and (_is_loop_start(block.stmts[at], v) or _is_sum_for_loop(stmt, block.stmts[at])):
                continue
            if isinstance(stmt, Apply) and stmt.fn in (runtime.load, getattr) and at != i + 1:
                continue
            if width <= self.widest or (self.textbook and v.bar_of is None and v.dot_of is None):
                self.folded[v] = stmt
        if tried:
            self._keep_errors_in_order(block, readers)

    def _keep_errors_in_order(self, block: Block, readers: dict[Var, int]) -> None:
        """What may raise has a line of its own where something that may raise later has one before its reader's."""
        lines = list(range(len(block.stmts)))
        first = len(block.stmts)  # the first line with something that comes later and may raise
        for i, stmt in reversed(list(enumerate(block.stmts))):
            folded = [v for v in defined(stmt) if v in self.folded and readers.get(v, len(lines)) < len(lines)]
            lines[i] = max([i, *(lines[readers[v]] for v in folded)])
            if may_raise(stmt):
                if lines[i] > first:
                    del self.folded[folded[0]]
                    lines[i] = i
                first = min(first, lines[i])

    def _is_index(self, v: Var) -> bool:
        maker = self.folded[v]
        return isinstance(maker, Apply) and maker.fn in _INDICES

    def _may_fold(self, stmt: Apply | If, v: Var) -> bool:
        if isinstance(stmt, If):
            return v.hint is None and self.is_expression(stmt)
        if stmt.effect or stmt.fn in UPDATES:
            return False
        if stmt.fn is runtime.identity and v in self.returned:
            return True  # `return w1_bar`, where w1 is the parameter itself
        if self.textbook:
            inner = stmt.at.sweep != "forward" or (stmt.at.place is None and stmt.fn is not runtime.identity)
            return v.hint is None and v.bar_of is None and v.dot_of is None and inner
        return v.hint is None and not _stands_beside(v)

    def _is_arithmetic(self, stmt: Apply | If) -> bool:
        """Only of numbers that are known already?  Then no update of an array between matters to it."""
        return isinstance(stmt, Apply) and all(map(is_number, self.operands(stmt)))

    def is_expression(self, stmt: If) -> bool:
        """May the branch be written `a if test else b`?"""
        if type(stmt) is not If or len(stmt.outs) != 1 or any(side.results[0] is UNDEF for side in (stmt.then, stmt.orelse)):
            return False
        if stmt not in self.wholes and all(self._foldable(side) for side in (stmt.then, stmt.orelse)):
            if self._width(stmt) <= self.widest:
                self.wholes.add(stmt)
                for side in (stmt.then, stmt.orelse):
                    self.folded.update((s.outs[0], s) for s in side.stmts)  # type: ignore[misc]
        return stmt in self.wholes

    def _foldable(self, side: Block) -> bool:
        """Is every statement of the block part of its one result?"""
        for stmt in side.stmts:
            if not isinstance(stmt, Apply | If) or len(stmt.outs) != 1:
                return False
            v = stmt.outs[0]
            last = side.results[0] is v and self.uses[v] == 1
            if v not in self.folded and not (last and self._may_fold_result(stmt, v)):
                return False
        return True

    def _may_fold_result(self, stmt: Apply | If, v: Var) -> bool:
        if isinstance(stmt, If):
            return self.is_expression(stmt)
        return not stmt.effect and stmt.fn not in UPDATES and not (self.textbook and stmt.at.place is not None)

    def _width(self, stmt: Apply | If) -> int:
        """About how many characters the expression takes."""
        if isinstance(stmt, If):
            sides = [self._atom(side.results[0]) for side in (stmt.then, stmt.orelse) if side.results]
            return 10 + self._atom(stmt.test) + sum(sides)
        if stmt.fn is slice:
            return sum(self._atom(a) + 1 for a in stmt.args if not isinstance(a, Const) or a.value is not None)
        name = 3 if getattr(stmt.fn, "__module__", "") == "_operator" else len(getattr(stmt.fn, "__name__", "call")) + 5
        return name + sum(self._atom(a) + 2 for a in stmt.atoms())

    def _atom(self, a: Atom) -> int:
        if isinstance(a, Const):
            return _length(a.value)
        if a in self.folded or (a in self.width and self.uses[a] == 1 and a.hint is None and a.bar_of is None and a.dot_of is None):
            return self.width[a] + 2
        return len(a.hint) if a.hint else 6

    def operands(self, stmt: Stmt) -> Iterator[Var]:
        """The variables a statement reads as it is written, through what is folded into it."""
        for a in reads(stmt):
            yield from self.expand(a)

    def expand(self, a: Atom) -> Iterator[Var]:
        if not isinstance(a, Var):
            return
        maker = self.folded.get(a)
        if maker is None:
            yield a
            return
        for b in reads(maker):
            yield from self.expand(b)
        for inner in blocks(maker):
            for r in inner.results:
                yield from self.expand(r)


def _stands_beside(v: Var) -> bool:
    """Is it the tangent of a value that the user named?  It has a line, as that has."""
    return v.dot_of is not None and v.dot_of.hint is not None


def _length(value: object) -> int:
    """About how many characters a constant takes, slices as they stand in brackets."""
    if isinstance(value, slice):
        return 1 + sum(len(str(bound)) for bound in (value.start, value.stop) if bound is not None)
    if type(value) is tuple:
        return sum(_length(item) + 2 for item in value)
    return min(len(repr(value)), 20)


_CONTAINERS = (runtime.make_tuple, runtime.make_list, runtime.make_dict, runtime.append, runtime.kept)
_INDICES = (runtime.make_tuple, slice, range)


def _completes(stmt: Stmt, part: Var) -> bool:
    """Does the statement only add to the partial sum of a cotangent?"""
    return isinstance(stmt, Apply) and len(stmt.outs) == 1 and stmt.out.bar_of is part.bar_of


def _passed_on(block: Block) -> Iterator[Atom]:
    """What a block hands to what is around it, or reads itself (not only inside a branch)."""
    yield from block.results
    made = {v for stmt in block.stmts if isinstance(stmt, If) for v in stmt.outs}
    carried = {
        out: param for stmt in block.stmts if isinstance(stmt, Loop)
        for out, param in zip(stmt.outs, stmt.body.params, strict=False)
    }
    for stmt in block.stmts:
        if not isinstance(stmt, Apply) or stmt.fn in _CONTAINERS:  # an ordinary read of what is unbound raises
            yield from (a for a in reads(stmt) if a in made)
            if isinstance(stmt, Apply):
                yield from (carried[a] for a in stmt.args if isinstance(a, Var) and a in carried)
        further: set[Atom] = set()
        for inner in blocks(stmt):
            further.update(_passed_on(inner))
        yield from further
        if isinstance(stmt, Loop):
            yield from (a for a, v in zip(stmt.init, stmt.body.params, strict=False) if v in further)


def is_number(a: Atom) -> bool:
    """A number, as Python's or NumPy's, which nothing can write to."""
    return isinstance(a.aval, Num) or (isinstance(a.aval, Arr) and a.aval.boxed)


def _is_update(stmt: Stmt) -> bool:
    return isinstance(stmt, Apply) and stmt.fn in UPDATES and not stmt.effect


def _is_barrier(stmt: Stmt) -> bool:
    if isinstance(stmt, Apply):
        return stmt.effect or stmt.fn in UPDATES
    return True


def _is_loop_start(stmt: Stmt, v: Var) -> bool:
    """Is it read as the start of a carry?  That is an assignment anyway."""
    return isinstance(stmt, Loop) and v in stmt.init


def _is_sum_for_loop(stmt: Stmt, reader: Stmt) -> bool:
    """Is what a loop starts from a sum of cotangents?  It is added to in place, `x_bar += ...`."""
    if not isinstance(stmt, Apply) or not isinstance(reader, Apply) or reader.fn is not runtime.owned:
        return False
    return stmt.fn in (operator.add, operator.sub) and stmt.out.bar_of is not None


def displayed(block: Block, folds: Folds) -> list[Stmt]:
    """The statements of a block that get a line."""
    return [s for s in block.stmts if not any(v in folds.folded for v in defined(s))]
