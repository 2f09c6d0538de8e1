"""Statements of the IR to statements of Python: where single assignment ends.

An update is done in place where the array is the program's own and nobody else looks at it; carries
that share a name need no copying; a value recorded in a loop is appended to its tape where it is made.
"""

from __future__ import annotations

import ast
import io
import linecache
import operator
import tokenize
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import runtime
from ..avals import ANY, Arr, Num, Obj, Parts, Seq, is_slice
from ..ir import (
    UNDEF, Apply, At, Atom, Block, Const, Function, If, Loop, Place, Stmt, Try, Var, With, blocks, defined, reads,
)
from ..passes.certain import Facts, is_basic
from .alias import Aliases
from .births import Births
from .expressions import Expressions, name, without_minus
from .fold import Folds
from .liveness import Liveness, local
from .names import Names
from .printer import Section


class Writer:
    def __init__(
        self, function: Function, folds: Folds, live: Liveness, names: Names, aliases: Aliases, write: Expressions,
        textbook: bool,
    ) -> None:
        self.function, self.folds, self.live, self.names, self.aliases = function, folds, live, names, aliases
        self.write, self.textbook = write, textbook
        self.births = Births(function, aliases, self.private)
        self.tapes: dict[Var, list[Var]] = {}  # a value of a body -> the tapes it is appended to
        self.told: tuple[str, int] | None = None  # the user's line that was shown last
        self.headed: set[tuple[str, int]] = set()  # the lines shown beside a loop or branch
        self.pulled: Apply | None = None
        self.facts = Facts.of(function.body)

    def body(self) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        sweep = None
        both = {_sweep(s) for s in self.function.body.stmts if not self._hidden(s)} == {"forward", "reverse"}
        for stmt in self.function.body.stmts:
            written = self.statement(stmt)
            if written and both and _sweep(stmt) != sweep and (sweep is not None or _sweep(stmt) == "forward"):
                sweep = _sweep(stmt)
                out.append(Section(f"{sweep} sweep"))
            out.extend(written)
        return out

    def _hidden(self, stmt: Stmt) -> bool:
        return isinstance(stmt, Apply | If) and any(v in self.folds.folded for v in stmt.outs)

    def block(self, block: Block) -> list[ast.stmt]:
        return [line for stmt in block.stmts for line in self.statement(stmt)]

    def statement(self, stmt: Stmt) -> list[ast.stmt]:
        if self._hidden(stmt):
            return []
        match stmt:
            case Apply():
                lines = self.apply(stmt)
                self._comment(lines, stmt)
                for line in lines:
                    line.places = self._places(stmt)  # type: ignore[attr-defined]
                return lines + self.recorded(stmt.outs)
            case If():
                lines = self.branch(stmt)
            case Loop():
                lines = self.loop(stmt)
        return lines + self.recorded(defined(stmt))

    def recorded(self, made: Iterable[Var]) -> list[ast.stmt]:
        """What is appended to tapes now that these values are made."""
        return [line for v in made for line in self._record(v)]

    def _places(self, stmt: Stmt) -> tuple[Place, ...]:
        """Where in the user's file a statement comes from, with all that is folded into it: a place for each line."""
        found: dict[tuple[str, int], Place] = {}
        self._find_places(stmt, found)
        return tuple(found.values())

    def _find_places(self, stmt: Stmt, found: dict[tuple[str, int], Place]) -> None:
        for a in (*reads(stmt), *(r for inner in blocks(stmt) if type(stmt) is If for r in inner.results)):
            maker = self.folds.folded.get(a) if isinstance(a, Var) else None
            if maker is not None:
                self._find_places(maker, found)
        if stmt.at.place is not None and stmt.at.place.line:
            found.setdefault((stmt.at.place.file, stmt.at.place.line), stmt.at.place)

    # --- comments ---------------------------------------------------------------------------------

    def _comment(self, lines: list[ast.stmt], stmt: Apply) -> None:
        """Tie a statement to the user's: its expression, its variable, or what is pulled back here."""
        if not lines or (not self.textbook and _is_zero(lines[0])):
            return
        text = self._textbook_comment(stmt) if self.textbook else self._line_comment(stmt.at)
        if text:
            lines[0].comment = text  # type: ignore[attr-defined]

    def _textbook_comment(self, stmt: Apply) -> str | None:
        if stmt.at.sweep == "forward":
            if stmt.at.place is None:
                return None
            return stmt.out.hint if stmt.out.hint is not None else short(stmt.at.place.text)
        if stmt.at.pulls is None or stmt.at.pulls is self.pulled:
            return None
        self.pulled = stmt.at.pulls
        out = self.pulled.out
        if out in self.folds.folded or not self.names.knows(out):
            return short(self.pulled.at.place.text) if self.pulled.at.place is not None else None
        return f"{self.names[out]} = {ast.unparse(self.write.apply(self.pulled))}"

    def _line_comment(self, at: At) -> str | None:
        """In the default form: the user's line, once, where its pullback begins."""
        if at.sweep not in ("reverse", "inner") or at.place is None:
            return None
        line = (at.place.file, at.place.line)
        if line == self.told or line in self.headed:
            return None
        self.told = line
        return short(without_comment(linecache.getline(*line)).strip()) or None

    def _head_comment(self, at: At) -> str | None:
        """The user's line beside the head of a loop or branch, which then stands for all of that line."""
        text = self._line_comment(at)
        if text is not None and at.place is not None:
            self.headed.add((at.place.file, at.place.line))
        return text

    # --- primitives -------------------------------------------------------------------------------

    def apply(self, stmt: Apply) -> list[ast.stmt]:
        out, fn, args = stmt.out, stmt.fn, stmt.args
        read = any(map(self.live.uses, stmt.outs))
        match fn:
            case runtime.raise_ if not args:
                return [ast.Raise()]
            case runtime.raise_:
                cause = self.write.atom(args[1]) if len(args) > 1 else None
                return [ast.Raise(self.write.atom(args[0]), cause)]
            case runtime.index_add | runtime.array_set | runtime.array_put | runtime.set_item | runtime.append:
                return self.update(stmt)
            case runtime.popped if self.same(args[0], out) and self.private(stmt, args[0]):
                taken = ast.Call(ast.Attribute(name(self.names[out]), "pop", ast.Load()), [], [])
                return [assign(self.names[stmt.outs[1]], taken) if self.live.uses(stmt.outs[1]) else ast.Expr(taken)]
            case runtime.identity | runtime.owned:
                source = args[0]
                if fn is runtime.identity or self.private(stmt, source):
                    if self.same(source, out):
                        return []
                    return [assign(self.names[out], self.write.atom(source))]
        if fn is setattr and isinstance(args[1], Const):
            target = ast.Attribute(self.write.atom(args[0]), args[1].value, ast.Store())
            return [ast.Assign([target], self.write.atom(args[2]), lineno=1)]
        if fn in (operator.add, operator.sub) and (out.bar_of is not None or out.dot_of is not None):
            for old, new in (args, args[::-1])[: 2 if fn is operator.add else 1]:
                if self.same(old, out) and (_is_number(old) or (self.private(stmt, old) and _alike(old, out))):
                    return [increment(name(self.names[out], True), self.added(stmt, old, new), fn is operator.sub)]
        value = self.write.apply(stmt)
        if not read and not self.textbook:
            return [ast.Expr(value)]
        if len(stmt.outs) > 1:
            targets = ast.Tuple([name(self.names[v], True) for v in stmt.outs], ast.Store())
            return [ast.Assign([targets], value, lineno=1)]
        return [assign(self.names[out], value)]

    def same(self, a: Atom, out: Var) -> bool:
        return isinstance(a, Var) and a not in self.folds.folded and self.names[a] == self.names[out]

    def private(self, stmt: Apply, a: Atom) -> bool:
        """May the memory of `a` be written to, now that `stmt` has read it?"""
        if not isinstance(a, Var):
            return True
        bases = list(self.folds.expand(a))
        if a in self.folds.folded:
            maker = self.folds.folded[a]
            if isinstance(maker, If) or self.aliases.foreign(a) or any(self.aliases.share(a, b) for b in bases):
                return False
            return True
        if self.aliases.foreign(a):
            return False
        sharing = self.live.still(stmt, self.aliases.kin(a))
        if stmt.fn in (runtime.append, runtime.popped):  # an array in the list does not see how long it is
            sharing = frozenset(w for w in sharing if not isinstance(w.aval, Arr))
        return not sharing or not self.births.apart(stmt, a, sharing)

    def update(self, stmt: Apply) -> list[ast.stmt]:
        out, (old, *rest) = stmt.out, stmt.args
        fixed = isinstance(old.aval, Parts) and old.aval.cls is not list  # a tuple is not written to
        if fixed or not (self.same(old, out) and self.private(stmt, old)):
            if stmt.fn is runtime.append:
                whole: ast.expr = ast.List([ast.Starred(self.write.atom(old)), self.write.atom(rest[0])], ast.Load())
                return [assign(self.names[out], whole)]
            return [assign(self.names[out], self.write.apply(stmt))]
        target = name(self.names[out])
        if stmt.fn is runtime.append:
            return [ast.Expr(ast.Call(ast.Attribute(target, "append", ast.Load()), [self.write.atom(rest[0])], []))]
        value = self.added(stmt, old, rest[1]) if stmt.fn is runtime.index_add else self.write.atom(rest[1])
        part = ast.Subscript(target, self.write.index(rest[0]), ast.Store())
        if stmt.fn in (runtime.set_item, runtime.array_set, runtime.array_put):
            return [ast.Assign([part], value, lineno=1)]
        if old.aval == ANY and stmt.fn is runtime.index_add:  # it may be a tuple
            call = ast.Call(self.write.function(runtime.index_added), [target, self.write.atom(rest[0]), value], [])
            return [assign(self.names[out], call)]
        if isinstance(old.aval, Seq | Parts) and is_slice(rest[0].aval):
            return [assign(self.names[out], self.write.apply(stmt))]
        if isinstance(old.aval, Seq | Parts) and not _holds_numbers(old.aval):
            now = ast.Subscript(target, self.write.index(rest[0]), ast.Load())
            total = ast.Call(self.write.function(runtime.add), [now, value], [])
            return [ast.Assign([part], total, lineno=1)]
        if isinstance(old.aval, Seq | Parts) or is_basic(rest[0]) or self.facts.is_distinct(rest[0]):
            return self.part_added(stmt, part, value)
        if isinstance(rest[0], Const) and isinstance(rest[0].value, str):  # a dict
            return [assign(self.names[out], self.write.apply(stmt))]
        return [self.add_at(target, stmt)]

    def added(self, stmt: Apply, old: Atom, value: Atom) -> ast.expr:
        """What is added to `old` in place: it may be a part of it, since NumPy looks out for that."""
        return self.write.atom(value)

    def part_added(self, stmt: Apply, part: ast.expr, value: ast.expr) -> list[ast.stmt]:
        return [increment(part, value)]

    def add_at(self, target: ast.expr, stmt: Apply) -> ast.stmt:
        """`target[index] += value` where an entry may be named several times."""
        at = ast.Attribute(self.write.function(np.add), "at", ast.Load())
        return ast.Expr(ast.Call(at, [target, *map(self.write.atom, stmt.args[1:])], []))

    # --- branches ---------------------------------------------------------------------------------

    def branch(self, stmt: If) -> list[ast.stmt]:
        if isinstance(stmt, Try):
            return self.attempt(stmt)
        if isinstance(stmt, With):
            return self.managed(stmt)
        if stmt in self.folds.wholes:
            return [assign(self.names[stmt.outs[0]], self.write.branch(stmt))]
        test, comment = self.write.atom(stmt.test), self._head_comment(stmt.at)
        then, orelse = self.side(stmt, stmt.then), self.side(stmt, stmt.orelse)
        if not then and not orelse:
            return []
        head = ast.If(test, then, orelse) if then else ast.If(negated(test), orelse, [])
        head.comment, head.places = comment, self._places(stmt)  # type: ignore[attr-defined]
        return [head]

    def attempt(self, stmt: Try) -> list[ast.stmt]:
        kinds = [self.write.function(c) for c in stmt.caught]
        caught = kinds[0] if len(kinds) == 1 else ast.Tuple(kinds, ast.Load())
        (error,) = stmt.orelse.params
        bound = self.names[error] if self.live.uses(error) else None
        handler = ast.ExceptHandler(caught, bound, self.side(stmt, stmt.orelse) or [ast.Pass()])
        return [ast.Try(self.side(stmt, stmt.then) or [ast.Pass()], [handler], [], [])]

    def managed(self, stmt: With) -> list[ast.stmt]:
        (entered,) = stmt.then.params
        bound = name(self.names[entered], True) if self.live.uses(entered) else None
        item = ast.withitem(self.write.atom(stmt.test), bound)
        return [ast.With([item], self.side(stmt, stmt.then) or [ast.Pass()], lineno=1)]

    def side(self, stmt: If, side: Block) -> list[ast.stmt]:
        return self.block(side) + self.copies(list(zip(stmt.outs, side.results, strict=True)))

    def copies(self, pairs: list[tuple[Var, Atom]]) -> list[ast.stmt]:
        """Assignments that happen together, as few lines as they can be."""
        todo = [
            (v, a) for v, a in pairs
            if not (a is UNDEF and v not in self.folds.passed_on) and not self.same(a, v)
        ]
        targets = [self.names[v] for v, _ in todo]
        values = [self.passed(v, a) for v, a in todo]
        out: list[ast.stmt] = []
        reads = [{n.id for n in ast.walk(e) if isinstance(n, ast.Name)} for e in values]
        while todo:
            ready = next(
                (i for i in range(len(todo)) if not any(targets[i] in reads[j] for j in range(len(todo)) if j != i)), None
            )
            if ready is None:  # a cycle: `a, b = b, a`
                left = ast.Tuple([name(t, True) for t in targets], ast.Store())
                return [*out, ast.Assign([left], ast.Tuple(values, ast.Load()), lineno=1)]
            out.append(assign(targets[ready], values[ready]))
            for items in (todo, targets, values, reads):
                del items[ready]
        return out

    def passed(self, v: Var, a: Atom) -> ast.expr:
        """What is assigned to v: a value, or None where there is none."""
        return self.write.atom(a)

    # --- loops ------------------------------------------------------------------------------------

    def loop(self, stmt: Loop) -> list[ast.stmt]:
        n, body = len(stmt.outs), stmt.body
        comment = self._head_comment(stmt.at)
        carries = list(zip(body.params[:n], stmt.init, strict=True))
        lines = [assign(self.names[v], self.opened(stmt, v)) for v in stmt.lists]
        lines += self.copies(carries)
        inner: list[ast.stmt] = []
        counted = stmt.count is not None and not stmt.lists
        if counted:
            assert stmt.count is not None
            lines.append(assign(self.names[stmt.count], ast.Constant(0)))
            inner.append(ast.AugAssign(ast.Name(self.names[stmt.count], ast.Store()), ast.Add(), ast.Constant(1)))
        here = local(stmt)
        for tape, r in zip(stmt.lists, body.results[n:], strict=False):
            if isinstance(r, Var) and r in here:
                self.tapes.setdefault(r, []).append(tape)
        inner += self.recorded(body.params)
        last = body.stmts[-1] if body.stmts and stmt.stops else None
        leaving = last if type(last) is If and body.results[-1] in last.outs else None
        inner += [line for s in body.stmts if s is not leaving for line in self.statement(s)]
        for tape, r in zip(stmt.lists, body.results[n:], strict=False):
            if not (isinstance(r, Var) and r in here):
                inner.append(self._append(tape, self.write.atom(r)))
        carried = list(zip(body.params[:n], body.results[:n], strict=True))
        if leaving is not None:
            assert isinstance(body.results[-1], Var)
            end = lambda: self.recorded(leaving.outs) + self.copies(carried)
            inner += self.leave(leaving, body.results[-1], end) + end()
        else:
            inner += self.copies(carried)
            if stmt.stops:
                inner.append(ast.If(self.write.atom(body.results[-1]), [ast.Break()], []))
        head = self.header(stmt, inner or [ast.Pass()])
        if isinstance(head, ast.For) and f"for {ast.unparse(head.target)} in {ast.unparse(head.iter)}:" == comment:
            comment = None  # it is the user's line, word for word
        head.comment, head.places = comment, self._places(stmt)  # type: ignore[attr-defined]
        lines.append(head)
        if stmt.reverse:
            for v in stmt.lists:
                lines.append(ast.Expr(ast.Call(ast.Attribute(name(self.names[v]), "reverse", ast.Load()), [], [])))
        if stmt.count is not None and not counted:
            length = ast.Call(self.write.function(len), [name(self.names[stmt.lists[0]])], [])
            lines.append(assign(self.names[stmt.count], length))
        return lines + self.copies(list(zip(stmt.outs, body.params[:n], strict=True)))

    def leave(self, stmt: If, flag: Var, end: Callable[[], list[ast.stmt]], read: bool = False) -> list[ast.stmt]:
        """A branch at the end of a body that says whether to stop: `break` where it says so.

        `read`: the flag becomes one of the branch around that is read elsewhere too, and must be assigned.
        """
        k = stmt.outs.index(flag)
        read = read or self.live.uses(flag) > 1
        sides: list[list[ast.stmt]] = []
        for side in (stmt.then, stmt.orelse):
            asked, last = side.results[k], side.stmts[-1] if side.stmts else None
            rest = [(v, r) for v, r in zip(stmt.outs, side.results, strict=True) if read or v is not flag]
            inner = last if type(last) is If and asked in last.outs and last not in self.folds.wholes else None
            lines = [line for s in side.stmts if s is not inner for line in self.statement(s)]
            if inner is not None:
                assert isinstance(asked, Var)

                def ends(inner: If = inner, rest: list[tuple[Var, Atom]] = rest) -> list[ast.stmt]:
                    return self.recorded(inner.outs) + self.copies(rest)

                lines += self.leave(inner, asked, lambda ends=ends: ends() + end(), read) + ends()  # type: ignore[misc]
            else:
                lines += self.copies(rest)
                if isinstance(asked, Const) and asked.value:
                    lines += [*end(), ast.Break()]
                elif not isinstance(asked, Const):
                    lines.append(ast.If(self.write.atom(asked), [*end(), ast.Break()], []))
            sides.append(lines)
        then, orelse = sides
        test = self.write.atom(stmt.test)
        if not then and not orelse:
            return []
        if not then:
            return [ast.If(negated(test), orelse, [])]
        if isinstance(then[-1], ast.Break):  # what follows need not be indented
            return [ast.If(test, then, []), *orelse]
        return [ast.If(test, then, orelse)]

    def header(self, stmt: Loop, inner: list[ast.stmt]) -> ast.stmt:
        n, body = len(stmt.outs), stmt.body
        if stmt.test is not None:
            before = self.block(stmt.test)
            test = self.write.atom(stmt.test.results[0])
            if not before:
                return ast.While(test, inner, [])
            return ast.While(ast.Constant(True), [*before, ast.If(negated(test), [ast.Break()], []), *inner], [])
        targets: list[ast.expr] = []
        for p in body.params[n:]:
            targets.append(name(self.names[p] if self.live.uses(p) else "_", True))
        unread = len(stmt.iters) == 1 and not self.live.uses(body.params[n])
        sources = [self.source(a, stmt.reverse and not (unread and a.aval == Obj(range))) for a in stmt.iters]
        if len(sources) == 1:
            return ast.For(targets[0], sources[0], inner, [], lineno=1)
        return ast.For(ast.Tuple(targets, ast.Store()), ast.Call(self.write.function(zip), sources, []), inner, [], lineno=1)

    def opened(self, stmt: Loop, tape: Var) -> ast.expr:
        """A tape that nothing is recorded on yet."""
        return ast.List([], ast.Load())

    def source(self, a: Atom, backwards: bool) -> ast.expr:
        counted = self.write.range_of(a) if backwards else None
        if counted is not None and counted.step < 0:  # forwards again
            return self.write.constant(counted[::-1])
        value = self.write.atom(a)
        return ast.Call(self.write.function(reversed), [value], []) if backwards else value

    def _record(self, v: Var) -> list[ast.stmt]:
        return [self._append(tape, name(self.names[v])) for tape in self.tapes.get(v, ())]

    def _append(self, tape: Var, value: ast.expr) -> ast.stmt:
        return ast.Expr(ast.Call(ast.Attribute(name(self.names[tape]), "append", ast.Load()), [value], []))


def _sweep(stmt: Stmt) -> str:
    """What is differentiated is the forward sweep, though it may be a derivative itself; tangents go along with it."""
    return "reverse" if stmt.at.sweep == "reverse" else "forward"


def short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def without_comment(line: str) -> str:
    """A line of the user's, without what the user says about it."""
    if "#" not in line:
        return line
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line).readline))
    except (tokenize.TokenError, SyntaxError):  # one line of several
        return line
    return next((line[: t.start[1]] for t in tokens if t.type == tokenize.COMMENT), line)


def _is_zero(line: ast.stmt) -> bool:
    """`x_bar = np.zeros(3)`: nothing is pulled back here yet."""
    match getattr(line, "value", None):
        case ast.Constant(0.0) | ast.BinOp(ast.List([ast.Constant(0.0)]), ast.Mult()):
            return True
        case ast.Call(ast.Attribute(attr="zeros" | "zeros_like") | ast.Name("zeros" | "zeros_like")):
            return True
    return False


def assign(target: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([name(target, True)], value, lineno=1)


def increment(target: Any, value: ast.expr, down: bool = False) -> ast.stmt:
    """`target += value`, or `target -= ...` where the value has a minus in front or the target goes down."""
    positive = without_minus(value)
    minus = down == (positive is None)
    return ast.AugAssign(target, ast.Sub() if minus else ast.Add(), value if positive is None else positive)


def negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _is_number(a: Atom) -> bool:
    return isinstance(a.aval, Num) or (isinstance(a.aval, Arr) and a.aval.boxed and a.aval.shape == ())


def _alike(a: Atom, b: Var) -> bool:
    """Certainly arrays of one shape and dtype, so that `+=` means what `+` does."""
    return isinstance(a.aval, Arr) and a.aval == b.aval and a.aval.dtype is not None and a.aval.shape is not None


def _holds_numbers(aval: Any) -> bool:
    items = (aval.item,) if isinstance(aval, Seq) else aval.items
    return all(isinstance(item, Num) for item in items)
