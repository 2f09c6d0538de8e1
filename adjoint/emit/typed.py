"""Emission for compilers: the same program in the part of Python and NumPy that a compiler of typed code takes.

Such a compiler needs one type for each variable, knows lists but likes arrays, and has no `reversed`.  A tape of
numbers, or of arrays of one shape, becomes an array with a place for each iteration, and a loop that reads tapes
counts down:

    s_tape = []                                  s_tape = np.empty(len(range(n)))
    for _ in range(n):                           for at in range(len(range(n))):
        s_tape.append(s)                             s_tape[at] = s
        ...                                          ...
    for s in reversed(s_tape):                   for at in range(len(s_tape) - 1, -1, -1):
        ...                                          s = s_tape[at]

The tape of a loop inside a loop is a part of one array, where the inner loop always runs as often.
"""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import replace
from typing import Any

import numpy as np

from .. import runtime, typed_math, typed_runtime
from ..avals import FLOAT, INT, Arr, Cut, Num, Obj, Parts, dtype_of
from ..ir import (
    UNDEF, Apply, Atom, Block, Const, Function, If, Loop, Stmt, Var, blocks, defined_within, leaves, with_blocks,
)
from ..passes.bounds import Bounds
from ..passes.certain import is_basic
from .alias import Aliases
from .expressions import Expressions, name
from .fold import Folds
from .liveness import local
from .modules import Namespace
from .names import Names
from .write import Writer, assign, increment

COUNTERS = ("at", *(f"at_{k}" for k in range(2, 20)))  # by depth of nesting

ITEMS = "items"  # items_1_0, ...: what a loop goes over, by depth and place
PART = "part"  # of an array, which something is added to
RESERVED = {PART, *COUNTERS, *(f"{ITEMS}_{depth}_{k}" for depth in range(1, 20) for k in range(40))}

Shape = tuple[int, ...]


class Tapes:
    """Which lists are arrays here: `item[v]` is the shape and dtype of one entry."""

    def __init__(self, function: Function) -> None:
        self.item: dict[Var, tuple[Shape, np.dtype[Any]]] = {}
        self.inside: dict[Var, Var] = {}  # a tape -> the one it is a part of
        self.iterated: dict[Var, list[Loop]] = {}
        self._listed: dict[Var, list[Var]] = {}  # what is put on a tape -> the tapes
        self._elsewhere = {v for v in leaves(function.result) if isinstance(v, Var)}
        self._makers: dict[Var, Apply] = {}
        self._sources: dict[Var, Atom] = {}  # an item of a loop -> what it is taken from
        self._loops: list[Loop] = []
        self._counts: set[Any] = set()
        self._look(function.body)
        for loop in self._loops:  # inner loops come first
            for v, r in zip(loop.lists, loop.body.results[len(loop.outs) :], strict=False):
                item = self._item(r, loop)
                if item is not None and _counts(loop) and self._only_taped(v):
                    self.item[v] = item
                    if isinstance(r, Var) and r in self.item:
                        self.inside[r] = v

    def length(self, loop: Loop) -> int | None:
        """How often a loop runs, where that is known."""
        known = [n for a in loop.iters if (n := self._length(a)) is not None]
        return min(known) if known and (len(known) == len(loop.iters) or loop.reverse) else None

    def _length(self, a: Atom) -> int | None:
        bounds = self.bounds(a)
        if self.counted(a) is not None:
            return None
        if bounds is not None:
            values = [b.value for b in bounds if isinstance(b, Const)]
            return len(range(*values)) if len(values) == len(bounds) else None
        if a in self.item:
            return self.length(next(loop for loop in self._loops if a in loop.lists))
        if a in self._sources and self._sources[a] in self.item:
            shape, _ = self.item[self._sources[a]]  # type: ignore[index]
            return shape[0] if shape else None
        return a.aval.shape[0] if isinstance(a.aval, Arr) and a.aval.shape and isinstance(a.aval.shape[0], int) else None

    def counted(self, a: Atom) -> tuple[Atom, Atom] | None:
        """`range(n)[:count]` where a loop has counted how far it came: the range, and the count."""
        maker = self._makers.get(a) if isinstance(a, Var) else None
        if maker is None or maker.fn is not operator.getitem:
            return None
        source, cut = maker.args
        part = self._makers.get(cut) if isinstance(cut, Var) else None
        if part is None or part.fn is not slice or self.bounds(source) is None:
            return None
        count = part.args[0] if len(part.args) == 1 else part.args[1] if _is_const(part.args[0], None) else None
        return (source, count) if count in self._counts else None  # type: ignore[return-value]

    def bounds(self, a: Atom) -> tuple[Atom, ...] | None:
        """The arguments of the `range` that is iterated over."""
        if isinstance(a, Const) and type(a.value) is range:
            return (Const(a.value.start), Const(a.value.stop), Const(a.value.step))
        maker = self._makers.get(a) if isinstance(a, Var) else None
        if (part := self.counted(a)) is not None:
            return self.bounds(part[0])
        return maker.args if maker is not None and maker.fn is range else None

    def _look(self, block: Block) -> None:
        for stmt in block.stmts:
            for inner in blocks(stmt):
                self._look(inner)
            match stmt:
                case Apply():
                    self._elsewhere.update(a for a in stmt.atoms() if isinstance(a, Var))
                    self._makers.update(dict.fromkeys(stmt.outs, stmt))
                case If():
                    for side in (stmt.then, stmt.orelse):
                        self._elsewhere.update(r for r in side.results if isinstance(r, Var))
                case Loop():
                    n = len(stmt.outs)
                    others = (*stmt.init, *stmt.body.results[:n], *stmt.body.results[n + len(stmt.lists) :])
                    self._elsewhere.update(a for a in others if isinstance(a, Var))
                    self._sources.update(zip(stmt.body.params[n:], stmt.iters, strict=True))
                    for a in stmt.iters:
                        if isinstance(a, Var):
                            self.iterated.setdefault(a, []).append(stmt)
                    for v, r in zip(stmt.lists, stmt.body.results[n:], strict=False):
                        if isinstance(r, Var):
                            self._listed.setdefault(r, []).append(v)
                    self._loops.append(stmt)
                    self._counts.update({stmt.count} - {None})

    def _item(self, r: Atom, loop: Loop) -> tuple[Shape, np.dtype[Any]] | None:
        if isinstance(r, Var) and r in self.item:
            made = next(loop for loop in self._loops if r in loop.lists)
            length, (shape, dtype) = self.length(made), self.item[r]
            return None if length is None or len(self._listed[r]) > 1 or made not in loop.body.stmts else ((length, *shape), dtype)
        aval = r.aval
        if isinstance(aval, Num):
            return (), np.dtype(aval.kind)
        if isinstance(aval, Arr) and aval.dtype is not None and aval.shape is not None:
            return (aval.shape, aval.dtype) if all(isinstance(n, int) for n in aval.shape) else None
        return None

    def _only_taped(self, v: Var) -> bool:
        """Is the list only looped over, as the items of the tapes are that it is put on?"""
        if v in self._elsewhere:
            return False
        for tape in self._listed.get(v, ()):
            for loop in self.iterated.get(tape, ()):
                item = loop.body.params[len(loop.outs) + loop.iters.index(tape)]
                if not self._only_taped(item):
                    return False
        return True


def _counts(loop: Loop) -> bool:
    return loop.test is None and not loop.stops and loop.count is None and bool(loop.iters) and not loop.reverse


def aliases_of(function: Function) -> Aliases:
    """What shares memory, where an array that is put on a tape is copied into it: as if this were said.

        loop for i in xs:                          loop for i in xs:
            row1 = index_add(row, i, 1.0)              row1 = index_add(row, i, 1.0)
            yield row1                      ->         w1 = array(row1)
                                                       yield w1
    """
    tapes = Tapes(function)

    def block(b: Block) -> Block:
        return Block(b.params, tuple(one(with_blocks(s, block)) for s in b.stmts), b.results)

    def one(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, Loop):
            return stmt
        results, copies, here = list(stmt.body.results), list[Stmt](), local(stmt)
        for k, tape in enumerate(stmt.lists, len(stmt.outs)):
            r = results[k]
            if tape in tapes.item and isinstance(r, Var) and isinstance(r.aval, Arr) and r in here:
                results[k] = copy = r.again()
                copies.append(Apply((copy,), np.array, (r,)))
        return replace(stmt, body=Block(stmt.body.params, (*stmt.body.stmts, *copies), tuple(results)))

    return Aliases(replace(function, body=block(function.body)))


class TypedWriter(Writer):
    """Writes loops with counters where tapes are read or filled."""

    def __init__(self, function: Function, *args: Any) -> None:
        super().__init__(function, *args)
        self.typed = Tapes(function)
        self._depth = 0
        self._items: dict[Any, str] = {}
        self._counter: dict[Any, str] = {}  # the counter of a loop; and of a tape, that of its loop

    def loop(self, stmt: Loop) -> list[ast.stmt]:
        if stmt.test is not None:
            return super().loop(stmt)
        self._counter[stmt] = counter = self._plain(stmt) or COUNTERS[self._depth]
        self._counter.update(dict.fromkeys(stmt.lists, counter))
        self._depth += 1
        try:
            return [*self._made_first(stmt), *super().loop(stmt)]
        finally:
            self._depth -= 1

    def _made_first(self, stmt: Loop) -> list[ast.stmt]:
        """What is looked up by a counter is made once."""
        lines = []
        for k, a in enumerate(stmt.iters):
            if a in self.folds.folded and self.typed.bounds(a) is None and self._is_counted(stmt):
                self._items[a] = f"{ITEMS}_{self._depth}_{k}"
                lines.append(assign(self._items[a], self.write.atom(a)))
        return lines

    def _is_counted(self, stmt: Loop) -> bool:
        return stmt.test is None and (stmt.reverse or any(v in self.typed.item for v in stmt.lists))

    def _source(self, a: Atom) -> ast.expr:
        return name(self._items[a]) if a in self._items else self.write.atom(a)

    def _plain(self, stmt: Loop) -> str | None:
        """The user's own counter, where a loop over `range(n)` has one that keeps its value."""
        n = len(stmt.outs)
        for p, a in zip(stmt.body.params[n:], stmt.iters, strict=True):
            bounds = self.typed.bounds(a)
            if bounds is None or not self.live.uses(p):
                continue
            from_zero = len(bounds) == 1 or (_is_const(bounds[0], 0) and (len(bounds) == 2 or _is_const(bounds[2], 1)))
            inside = {v for s in stmt.body.stmts for v in defined_within(s)} | set(stmt.body.params) - {p}
            taken = {self.names[v] for v in inside if self.names.knows(v) and v not in self.folds.folded}
            if from_zero and self.names[p] not in taken:
                return self.names[p]
        return None

    def opened(self, stmt: Loop, tape: Var) -> ast.expr:
        if tape not in self.typed.item:
            return super().opened(stmt, tape)
        outer = self.typed.inside.get(tape)
        if outer is not None:
            return ast.Subscript(name(self.names[outer]), name(self._counter[outer]), ast.Load())
        shape, dtype = self.typed.item[tape]
        lengths = [self._length(stmt), *(ast.Constant(n) for n in shape)]
        size = lengths[0] if len(lengths) == 1 else ast.Tuple(lengths, ast.Load())
        kind = [] if dtype == np.dtype(float) else [self.write.constant(dtype)]
        return ast.Call(self.write.function(np.empty), [size, *kind], [])

    def _append(self, tape: Var, value: ast.expr) -> ast.stmt:
        if tape not in self.typed.item:
            return super()._append(tape, value)
        if isinstance(value, ast.Name) and any(
            outer is tape and self.names[inner] == value.id for inner, outer in self.typed.inside.items()
        ):
            return ast.Pass()  # it is there already
        place = ast.Subscript(name(self.names[tape]), name(self._counter[tape]), ast.Store())
        return ast.Assign([place], value, lineno=1)

    def _length(self, stmt: Loop) -> ast.expr:
        known = self.typed.length(stmt)
        if known is not None:
            return ast.Constant(known)
        lengths = [self._length_of(a) for a in stmt.iters]
        return lengths[0] if len(lengths) == 1 or stmt.reverse else ast.Call(name("min"), lengths, [])

    def _last(self, stmt: Loop) -> ast.expr:
        """How often a loop runs; nothing, or less, where it does not: of `range(n)`, n itself."""
        bounds = self.typed.bounds(stmt.iters[0]) if len(stmt.iters) == 1 else None
        if bounds is None or len(bounds) > 1 or self.typed.counted(stmt.iters[0]) is not None:
            return self._length(stmt)
        return self.write.atom(bounds[0])

    def _length_of(self, a: Atom) -> ast.expr:
        part = self.typed.counted(a)
        return self.write.atom(part[1]) if part is not None else ast.Call(name("len"), [self._source(a)], [])

    def header(self, stmt: Loop, inner: list[ast.stmt]) -> ast.stmt:
        inner = [line for line in inner if not isinstance(line, ast.Pass)] or [ast.Pass()]
        if not self._is_counted(stmt):
            return super().header(stmt, inner)
        counter = self._counter[stmt]
        bounds = self.typed.bounds(stmt.iters[0]) if len(stmt.iters) == 1 else None
        uncut = bounds is not None and self.typed.counted(stmt.iters[0]) is None
        by_one = bounds is not None and (len(bounds) == 2 or (len(bounds) == 3 and _is_one(bounds[2])))
        if bounds is not None and uncut and by_one and not stmt.lists:  # range(a, b) without tapes
            (item,) = stmt.body.params[len(stmt.outs) :]
            counter = self.names[item] if self.live.uses(item) else counter
            down = [_less(self.write.atom(bounds[1])), _less(self.write.atom(bounds[0])), MINUS_ONE]
            return ast.For(name(counter, True), ast.Call(self.write.function(range), down, []), inner, [], lineno=1)
        items = zip(stmt.body.params[len(stmt.outs) :], stmt.iters, strict=True)
        reads = [
            assign(self.names[p], self._at(a, counter)) for p, a in items if self.live.uses(p) and self.names[p] != counter
        ]
        if stmt.reverse:
            runs = [_less(self._last(stmt)), MINUS_ONE, MINUS_ONE]
        else:
            runs = [self._length(stmt)]
        times = ast.Call(self.write.function(range), runs, [])
        return ast.For(name(counter, True), times, [*reads, *inner], [], lineno=1)

    def _at(self, a: Atom, counter: str) -> ast.expr:
        """The item of what is iterated over in the iteration that the counter says."""
        bounds = self.typed.bounds(a)
        if bounds is None and a.aval == Obj(range):
            value, place = self.write.atom(a), ast.BinOp(
                name(counter), ast.Mult(), ast.Attribute(self.write.atom(a), "step", ast.Load())
            )
            return ast.BinOp(ast.Attribute(value, "start", ast.Load()), ast.Add(), place)
        if bounds is None:
            return ast.Subscript(self._source(a), name(counter), ast.Load())
        start = bounds[0] if len(bounds) > 1 else Const(0)
        step = bounds[2] if len(bounds) > 2 else Const(1)
        out: ast.expr = name(counter)
        if not _is_one(step):
            out = ast.BinOp(out, ast.Mult(), self.write.atom(step))
        if not (isinstance(start, Const) and start.value == 0):
            out = ast.BinOp(self.write.atom(start), ast.Add(), out)
        return out

    def passed(self, v: Var, a: Atom) -> ast.expr:
        """A variable has one type also where it has no value."""
        if a is UNDEF and isinstance(v.aval, Num):
            return ast.Constant({"float": 0.0, "int": 0, "bool": False, "complex": 0j}[v.aval.kind])
        if a is UNDEF and isinstance(v.aval, Arr) and v.aval.dtype is not None and v.aval.shape is not None:
            kind = self.write.constant(v.aval.dtype)
            if v.aval.boxed:
                return ast.Call(kind, [ast.Constant(0)], [])
            shape = tuple(n if isinstance(n, int) else 0 for n in v.aval.shape)
            return ast.Call(self.write.function(np.zeros), [self.write.constant(shape), kind], [])
        return super().passed(v, a)

    def added(self, stmt: Apply, old: Atom, value: Atom) -> ast.expr:
        """A compiler does not see that an array is added to itself in another order: `x += x.T` adds a copy."""
        written = self.write.atom(value)
        shared = isinstance(value, Var) and isinstance(old, Var) and self.aliases.share(value, old)
        in_order = value is old and stmt.fn is not runtime.index_add
        if not shared or in_order or not isinstance(value.aval, Arr) or value.aval.boxed:
            return written
        return ast.Call(ast.Attribute(written, "copy", ast.Load()), [], [])

    def part_added(self, stmt: Apply, part: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """`part = x[1:]; part += v`: of `x[1:] += v` a compiler makes an addition, and then a copy of the part to itself."""
        x, index, _ = stmt.args
        items = index.aval.items if isinstance(index.aval, Parts) else (index.aval,)
        rank = len(x.aval.shape) if isinstance(x.aval, Arr) and x.aval.shape is not None else 0
        copies = any(isinstance(i, Arr) and not i.boxed for i in items)
        if copies or not is_basic(index) or (len(items) >= rank and not any(isinstance(i, Cut) for i in items)):
            return super().part_added(stmt, part, value)
        assert isinstance(part, ast.Subscript)
        read = ast.Subscript(part.value, part.slice, ast.Load())
        return [assign(PART, read), increment(name(PART), value)]

    def add_at(self, target: ast.expr, stmt: Apply) -> ast.stmt:
        x, index, value = stmt.args
        items = index.aval.items if isinstance(index.aval, Parts) else (index.aval,)
        lengths = [i.shape[0] for i in items if isinstance(i, Arr) and i.shape and len(i.shape) == 1 and _is_integer(i)]
        rank = len(x.aval.shape) if isinstance(x.aval, Arr) and x.aval.shape is not None else None
        shape = value.aval.shape if isinstance(value.aval, Arr) else ()
        whole = rank is not None and shape is not None and len(shape) == 1 + rank - len(items)
        if not whole or not shape or len(items) > 2 or lengths != [shape[0]] * len(items):
            return super().add_at(target, stmt)
        written: ast.expr = self.write.atom(index)
        arguments: list[ast.expr] = [written]
        if isinstance(index.aval, Parts):
            arguments = [ast.Subscript(written, ast.Constant(k), ast.Load()) for k in range(len(items))]
            arguments = written.elts if isinstance(written, ast.Tuple) else arguments
        helper = typed_runtime.add_at if len(items) == 1 else typed_runtime.add_at_pairs
        return ast.Expr(ast.Call(self.write.function(helper), [target, *arguments, self.added(stmt, x, value)], []))


def _is_integer(index: Arr) -> bool:
    return index.dtype is not None and index.dtype.kind in "iu"


MINUS_ONE = ast.UnaryOp(ast.USub(), ast.Constant(1))


def _less(value: ast.expr) -> ast.expr:
    """One less."""
    match value:
        case ast.Constant(0):
            return MINUS_ONE
        case ast.Constant(int() as known):
            return ast.Constant(known - 1)
    return ast.BinOp(value, ast.Sub(), ast.Constant(1))


def _is_one(a: Atom) -> bool:
    return isinstance(a, Const) and a.value == 1


def _is_const(a: Atom, value: Any) -> bool:
    return isinstance(a, Const) and a.value is value


_HELPERS: dict[Any, Any] = {
    runtime.array_set: typed_runtime.array_set, runtime.array_put: typed_runtime.array_set,
    runtime.index_add: typed_runtime.index_add,
}


class TypedExpressions(Expressions):
    """Writes primitives in the forms that compilers know."""

    def __init__(self, folds: Folds, names: Names, space: Namespace, bounds: Bounds) -> None:
        super().__init__(folds, names, space)
        self.bounds = bounds

    def apply(self, stmt: Apply) -> ast.expr:
        fn, args = stmt.fn, stmt.args
        if fn in (np.array, np.copy) and len(args) == 1 and not stmt.kwargs and isinstance(args[0].aval, Arr):
            return self._copy(args[0])
        once = fn is not runtime.index_add or is_basic(args[1])
        if fn in _HELPERS and isinstance(args[0].aval, Arr) and once:
            return ast.Call(self.function(_HELPERS[fn]), [self.atom(a) for a in args], [])
        if fn in (np.matmul, operator.matmul) and len(args) == 2 and not stmt.kwargs:
            if _are_stacks(*args):
                return ast.Call(self.function(typed_runtime.stacked_matmul), [self.atom(a) for a in args], [])
            return ast.BinOp(self.atom(args[0]), ast.MatMult(), self.atom(args[1]))
        if fn in _OF_MATH and not stmt.kwargs and len(args) == 1:
            return ast.Call(self.function(_OF_MATH[fn]), [self.atom(a) for a in args], [])
        if fn in _OF_INTEGERS and stmt.out.aval == INT and all(a.aval == INT for a in args) and self.bounds.overflows(fn, *args):
            return ast.Call(self.function(_OF_INTEGERS[fn]), [self.atom(a) for a in args], [])
        if fn in _TO_INTEGERS and len(args) == 1 and not stmt.kwargs and _is_float(args[0]):
            return ast.Call(self.function(_TO_INTEGERS[fn]), [self.atom(args[0])], [])
        if fn is math.pow or (fn is operator.pow and _may_leave_floats(*args)):
            helper = typed_math.pow if fn is math.pow else typed_math.float_power
            return ast.Call(self.function(helper), [self.atom(a) for a in args], [])
        if fn in _QUOTIENTS and any(isinstance(a.aval, Arr) for a in args) and all(map(_is_scalar, args)):
            return ast.Call(self.function(_QUOTIENTS[fn]), [self.atom(a) for a in args], [])
        if fn in _REDUCTIONS:
            written = self._reduced(stmt, _REDUCTIONS[fn])
            if written is not None:
                return written
        return super().apply(stmt)

    def binary(self, op: type[ast.operator], left: ast.expr, right: ast.expr, stmt: Apply) -> ast.expr:
        """A compiler takes Python's numbers for those of double precision: `x * np.float32(0.5)`, where x has single."""
        dtype = dtype_of(stmt.out.aval)
        if dtype in _SINGLE and len(stmt.args) == 2:
            left, right = (
                ast.Call(self.constant(_SINGLE[dtype] if a.aval.kind != "complex" else dtype), [e], [])
                if isinstance(a.aval, Num) else e for a, e in zip(stmt.args, (left, right), strict=True)
            )
        return super().binary(op, left, right, stmt)

    def owned(self, a: Atom) -> ast.expr:
        maker = self.folds.folded.get(a) if isinstance(a, Var) else None
        filled = isinstance(maker, Apply) and maker.fn is np.broadcast_to
        return self._copy(a) if isinstance(a.aval, Arr) and not a.aval.boxed and not filled else super().owned(a)

    def _copy(self, a: Atom) -> ast.expr:
        return ast.Call(ast.Attribute(self.atom(a), "copy", ast.Load()), [], [])

    def constant(self, value: Any) -> ast.expr:
        return self.function(_TYPES[value]) if isinstance(value, type) and value in _TYPES else super().constant(value)

    def _reduced(self, stmt: Apply, fn: Any) -> ast.expr | None:
        """`np.sum` and its like, of one axis at a time, without keepdims and dtype; None where there is no way."""
        a, *rest = stmt.args
        options = dict(zip(("axis", "dtype"), rest, strict=False)) | dict(stmt.kwargs)
        shape = a.aval.shape if isinstance(a.aval, Arr) else None
        known = {key: o.value for key, o in options.items() if isinstance(o, Const)}
        if shape is None or len(known) < len(options) or not set(known) <= {"axis", "dtype", "keepdims"}:
            return None
        rank, axis, keep = len(shape), known.get("axis"), known.get("keepdims", False)
        value: ast.expr = self.atom(a)
        if known.get("dtype") is not None:
            value = ast.Call(ast.Attribute(value, "astype", ast.Load()), [self.constant(np.dtype(known["dtype"]))], [])
        axes = tuple(range(rank)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(sorted(k % rank for k in axes))
        if len(axes) == rank:
            value = ast.Call(self.function(fn), [value], [])
            whole = [self.constant((1,) * rank), value]
            return ast.Call(self.function(np.full), whole, []) if keep and rank else value
        for k in reversed(axes):
            if fn in (np.max, np.min):
                if k > 1:
                    return None
                helper = typed_runtime.greatest if fn is np.max else typed_runtime.least
                if k == 1:
                    value = ast.Call(self.function(np.swapaxes), [value, ast.Constant(0), ast.Constant(1)], [])
                value = ast.Call(self.function(helper), [value], [])
            else:
                value = ast.Call(self.function(np.sum), [value, ast.Constant(k)], [])
        if fn is np.mean:
            if not all(isinstance(shape[k], int) for k in axes):
                return None
            value = ast.BinOp(value, ast.Div(), ast.Constant(int(np.prod([shape[k] for k in axes]))))
        for k in axes if keep else ():
            value = ast.Call(self.function(np.expand_dims), [value, ast.Constant(k)], [])
        return value


def _are_stacks(x: Atom, y: Atom) -> bool:
    """Stacks of as many matrices, of one dtype?"""
    if not isinstance(x.aval, Arr) or not isinstance(y.aval, Arr) or x.aval.shape is None or y.aval.shape is None:
        return False
    alike = x.aval.shape[:1] == y.aval.shape[:1] and x.aval.dtype == y.aval.dtype is not None
    return len(x.aval.shape) == 3 == len(y.aval.shape) and isinstance(x.aval.shape[0], int) and alike


def _is_scalar(a: Atom) -> bool:
    return isinstance(a.aval, Num) or (isinstance(a.aval, Arr) and a.aval.shape == ())


def _is_float(a: Atom) -> bool:
    dtype = dtype_of(a.aval)
    return _is_scalar(a) and dtype is not None and dtype.kind == "f"


def _may_leave_floats(x: Atom, y: Atom) -> bool:
    """May a power of Python's floats raise, or be complex?  `x**2` is no more than too large."""
    if x.aval != FLOAT or y.aval not in (FLOAT, INT):
        return False
    return not isinstance(y, Const) or y.value < 0 or y.value != int(y.value)


_SINGLE: dict[Any, Any] = {np.dtype(kind): np.dtype(np.float32) for kind in (np.float32, np.complex64)}

_OF_MATH: dict[Any, Any] = {
    getattr(math, word): getattr(typed_math, word)
    for word in (
        "log", "log2", "log10", "log1p", "sqrt", "asin", "acos", "acosh", "atanh", "exp", "exp2", "expm1", "sinh", "cosh",
    )
}

_OF_INTEGERS: dict[Any, Any] = {
    operator.add: typed_math.total, operator.sub: typed_math.difference, operator.mul: typed_math.product,
    operator.pow: typed_math.power, operator.lshift: typed_math.shifted_left, operator.rshift: typed_math.shifted_right,
}

_TO_INTEGERS: dict[Any, Any] = {
    int: typed_math.integer, math.trunc: typed_math.integer, math.floor: typed_math.floor, math.ceil: typed_math.ceil,
    round: typed_math.nearest,
}

# NumPy's numbers may be divided by zero; a compiler takes them for Python's, which may not.
_QUOTIENTS: dict[Any, Any] = {
    operator.truediv: np.divide, operator.floordiv: np.floor_divide, operator.mod: np.remainder,
}

_REDUCTIONS: dict[Any, Any] = {
    np.sum: np.sum, np.ndarray.sum: np.sum, np.mean: np.mean, np.ndarray.mean: np.mean,
    np.max: np.max, np.ndarray.max: np.max, np.min: np.min, np.ndarray.min: np.min,
}

_TYPES: dict[Any, Any] = {float: np.float64, int: np.int64, complex: np.complex128, bool: np.bool_}
