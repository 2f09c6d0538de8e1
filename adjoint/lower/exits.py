"""`return`, `break` and `continue` become structure, so that what follows knows only if and loops.

A statement that may leave takes the rest of its block into the side that stays:

    for x in xs:                    for x in xs:
        if x < 0:                       if x < 0:
            break              ->           %stop = True
        s += x                          else:
                                            s += x

    if a:                           if a:
        return b               ->       %return = b
    return c                        else:
                                        %return = c

Where only some paths through a side leave, a flag `%left` guards the rest.  A `return` inside a loop
stops the loop, and the statement after the loop asks `%returned`.  Names that begin with `%` cannot
clash with the user's; most flags are constants when the program is lowered, and then vanish.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import gast

NEVER, MAYBE, ALWAYS = "never", "maybe", "always"


@dataclass(frozen=True)
class Context:
    """What is left by an exit: the function, or a loop (numbered, for the names of its flags)."""

    number: int = 0
    loop: bool = False
    has_else: bool = False

    @property
    def left(self) -> str:
        return f"%left{self.number}"

    @property
    def broke(self) -> str:
        return f"%broke{self.number}"

    @property
    def stop(self) -> str:
        return f"%stop{self.number}"


class _Leave(gast.Pass):
    """Leave the context: stands after a loop from within which the function returned."""


class _Exhausted(gast.Break):
    """End a `while` whose test failed: a break that does not skip the loop's else."""


def structured(body: list[Any], last: Any) -> list[Any]:
    """The statements of a function body without `return`, `break` and `continue`.

    `last` is a node whose place stands for falling off the end.
    """
    numbers = iter(range(1, 1_000_000))
    ending = _at(gast.Return(value=None), last)
    stmts, _ = _block([*body, ending], Context(), numbers)
    return [_set(Context().left, False, last), *stmts]


def _block(stmts: list[Any], ctx: Context, numbers: Any) -> tuple[list[Any], str]:
    out: list[Any] = []
    for i, stmt in enumerate(stmts):
        rest = stmts[i + 1 :]
        match stmt:
            case _Leave() | gast.Return() | gast.Break() | gast.Continue():
                return out + _leave(stmt, ctx), ALWAYS
            case gast.If():
                then, a = _block(stmt.body, ctx, numbers)
                orelse, b = _block(stmt.orelse, ctx, numbers)
                if a == b == NEVER:
                    out.append(_if(stmt, then, orelse))
                    continue
                if a == ALWAYS and b == ALWAYS:
                    return [*out, _if(stmt, then, orelse)], ALWAYS
                more, c = _block(rest, ctx, numbers)
                if a == ALWAYS and b == NEVER:
                    return [*out, _if(stmt, then, orelse + more)], ALWAYS if c == ALWAYS else MAYBE
                if a == NEVER and b == ALWAYS:
                    return [*out, _if(stmt, then + more, orelse)], ALWAYS if c == ALWAYS else MAYBE
                return [*out, _if(stmt, then, orelse), *_unless_left(stmt, more, ctx)], MAYBE
            case gast.For() | gast.While():
                loop, returns, how = _loop(stmt, ctx, numbers)
                out.extend(loop)
                if returns:
                    asks = gast.If(test=_load("%returned", stmt), body=[_Leave()], orelse=[])
                    rest = [_at(asks, stmt), *rest]
                if how != NEVER:  # the else block of the loop may have left
                    more, _ = _block(rest, ctx, numbers)
                    return [*out, *_unless_left(stmt, more, ctx)], MAYBE
                if returns:
                    more, c = _block(rest, ctx, numbers)
                    return out + more, ALWAYS if c == ALWAYS else MAYBE
            case gast.With() | gast.Try():
                inner, how = _nested(stmt, ctx, numbers)
                out.append(inner)
                if how != NEVER:
                    more, _ = _block(rest, ctx, numbers)
                    return [*out, *_unless_left(stmt, more, ctx)], MAYBE
            case gast.Match():
                cases, hows = [], []
                for case in stmt.cases:
                    body, how = _block(case.body, ctx, numbers)
                    hows.append(how)
                    cases.append(gast.match_case(pattern=case.pattern, guard=case.guard, body=body))
                out.append(_at(gast.Match(subject=stmt.subject, cases=cases), stmt))
                if any(how != NEVER for how in hows):
                    more, _ = _block(rest, ctx, numbers)
                    return [*out, *_unless_left(stmt, more, ctx)], MAYBE
            case _:
                out.append(stmt)
    return out, NEVER


def _leave(stmt: Any, ctx: Context) -> list[Any]:
    done = [_set(ctx.left, True, stmt)]
    if isinstance(stmt, gast.Return):
        value = stmt.value if stmt.value is not None else _at(gast.Constant(value=None, kind=None), stmt)
        done.append(_assign("%return", value, stmt))
        done.append(_set("%returned", True, stmt))
    if ctx.loop and not isinstance(stmt, gast.Continue):
        done.append(_set(ctx.stop, True, stmt))
        if ctx.has_else and not isinstance(stmt, _Exhausted):
            done.append(_set(ctx.broke, True, stmt))
    return done


def _loop(stmt: Any, ctx: Context, numbers: Any) -> tuple[list[Any], bool, str]:
    """The loop, whether the function may return from within it, and whether its else block leaves."""
    inner = Context(next(numbers), True, bool(stmt.orelse))
    test, statements = getattr(stmt, "test", None), stmt.body
    if test is not None and any(isinstance(n, gast.NamedExpr) for n in ast.walk(test)):
        # A test that binds names runs as a statement of the body.
        leave = _at(gast.If(test=test, body=[_at(gast.Pass(), test)], orelse=[_at(_Exhausted(), test)]), test)
        test, statements = _at(gast.Constant(value=True, kind=None), test), [leave, *statements]
    body, _ = _block(statements, inner, numbers)
    body = [_set(inner.stop, False, stmt), _set(inner.left, False, stmt), *body]
    if isinstance(stmt, gast.For):
        loop: Any = gast.For(target=stmt.target, iter=stmt.iter, body=body, orelse=[], type_comment=None)
    else:
        loop = gast.While(test=test, body=body, orelse=[])
    loop.stop = inner.stop
    returns = _has_return(stmt.body)
    before = [_set("%returned", False, stmt)] if returns and not ctx.loop else []
    out = [*before, _at(loop, stmt)]
    how = NEVER
    if stmt.orelse:
        after, how = _block(stmt.orelse, ctx, numbers)
        if how != NEVER:
            # The else block leaves the surrounding context: ask again as an ordinary if.
            after = stmt.orelse
        asks = gast.If(test=_load(inner.broke, stmt), body=[_at(gast.Pass(), stmt)], orelse=after)
        out = [_set(inner.broke, False, stmt), *out, _at(asks, stmt)]
        if how != NEVER:
            tail, _ = _block([out.pop()], ctx, numbers)
            out = [*out, *tail]
    return out, returns, how


def _nested(stmt: Any, ctx: Context, numbers: Any) -> tuple[Any, str]:
    hows = []

    def inner(stmts: list[Any]) -> list[Any]:
        new, how = _block(stmts, ctx, numbers)
        hows.append(how)
        return new

    if isinstance(stmt, gast.With):
        new: Any = gast.With(items=stmt.items, body=inner(stmt.body), type_comment=None)
    else:
        handlers = [
            _at(gast.ExceptHandler(type=h.type, name=h.name, body=inner(h.body)), h) for h in stmt.handlers
        ]
        new = gast.Try(
            body=inner(stmt.body), handlers=handlers, orelse=inner(stmt.orelse), finalbody=inner(stmt.finalbody)
        )
    return _at(new, stmt), NEVER if all(how == NEVER for how in hows) else MAYBE


def _has_return(stmts: list[Any]) -> bool:
    for stmt in stmts:
        if isinstance(stmt, gast.Return):
            return True
        if isinstance(stmt, gast.FunctionDef | gast.ClassDef | gast.AsyncFunctionDef):
            continue
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(stmt, field, None)
            if isinstance(inner, list) and _has_return(inner):
                return True
    return False


def _unless_left(stmt: Any, more: list[Any], ctx: Context) -> list[Any]:
    if not more:
        return []
    return [_at(gast.If(test=_load(ctx.left, stmt), body=[_at(gast.Pass(), stmt)], orelse=more), stmt)]


def _if(stmt: Any, then: list[Any], orelse: list[Any]) -> Any:
    return _at(gast.If(test=stmt.test, body=then, orelse=orelse), stmt)


def _set(name: str, value: Any, at: Any) -> Any:
    return _assign(name, _at(gast.Constant(value=value, kind=None), at), at)


def _assign(name: str, value: Any, at: Any) -> Any:
    target = _at(gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None), at)
    return _at(gast.Assign(targets=[target], value=value, type_comment=None), at)


def _load(name: str, at: Any) -> Any:
    return _at(gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None), at)


def _at(node: Any, like: Any) -> Any:
    for field in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        setattr(node, field, getattr(like, field, None))
    return node
