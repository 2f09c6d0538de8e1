"""The user's own functions, spliced in where they are called: their bodies, parameters and defaults; lambdas and nested ones."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Sequence
from typing import Any

import gast

from .. import runtime
from ..errors import AdjointError, Unsupported
from ..ir import UNDEF, Apply, At, Const, Var
from ..rules.registry import WRITTEN
from . import expressions, recursion, statements, stepping, written
from .context import Frame, Lowering
from .exits import structured
from .source import Source, Standing, read
from .values import Attributes, Closure, Entries, Tuple, Value, is_undefined

DEEPEST = 120  # user functions spliced into one another
MOST_FRAMES = 2000  # calls spliced in, of a recursion whose depth is a constant


def load_statement(out: Var, fn: Any, where: str, key: Any) -> Apply:
    return Apply((out,), runtime.load, (Const(fn), Const(where), Const(key)), (), At())


@dataclasses.dataclass(frozen=True)
class Body:
    """A function made ready: its parameters, its statements without exits, the names it assigns."""

    arguments: Any
    stmts: list[Any]
    assigned: frozenset[str]
    nonlocals: frozenset[str]
    globals_: frozenset[str]
    node: Any


@functools.lru_cache(maxsize=512)
def body_of_node(node: Any) -> Body:
    if isinstance(node, gast.Lambda):
        returns = expressions_return(node.body)
        stmts = structured([returns], node.body)
    else:
        stmts = structured(node.body, node)
    return Body(node.args, stmts, *statements.assigned_names(node), node)


def expressions_return(value: Any) -> Any:
    made = gast.Return(value=value)
    for field in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        setattr(made, field, getattr(value, field))
    return made


def closure(lo: Lowering, frame: Frame, node: Any) -> Closure:
    """A lambda or nested function, with its defaults worked out now."""
    own = lo.cell(Attributes(types.FunctionType, ()))
    defaults = tuple(expressions.expression(lo, frame, d) for d in node.args.defaults)
    kw_defaults = {
        arg.id: expressions.expression(lo, frame, d)
        for arg, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if d is not None
    }
    return Closure(node, frame, defaults, kw_defaults, getattr(node, "name", "<lambda>"), own)


def inline(
    lo: Lowering, frame: Frame, node: Any, fn: Value, args: Sequence[Value], kwargs: dict[str, Value]
) -> Value:
    """Lower the body of a user function in place of its call, unless it calls itself."""
    key = recursion.key_of(lo, fn, args, kwargs)
    if key in lo.recursions:
        return recursion.call(lo, frame, node, key, args, kwargs)
    if key in lo.calls:
        raise recursion.Recursive(key)
    length, before = len(lo.stmts), lo.state.copy()
    lo.calls.append(key)
    try:
        return splice(lo, frame, node, fn, args, kwargs)
    except recursion.Recursive as found:
        if found.key != key:
            raise
        del lo.stmts[length:]
        lo.state = before.copy()
    finally:
        lo.calls.pop()
    name = fn.name if isinstance(fn, Closure) else fn.value.__name__  # type: ignore[union-attr]
    name = name if name.isidentifier() else "recursive"

    def run(values: list[Value], named: dict[str, Value]) -> Value:
        lo.calls.append(key)
        try:
            return splice(lo, frame, node, fn, values, named)
        finally:
            lo.calls.pop()

    try:
        return recursion.lower_recursive(lo, frame, node, key, name, args, kwargs, run)
    except Unsupported as refusal:
        # One body for all depths was not found; where the depth is a constant, a body for each may do.
        if lo.spliced == DEEPEST or not any(isinstance(a, Const) for a in args):
            raise
        usual, lo.state, lo.spliced = lo.spliced, before, DEEPEST
        del lo.stmts[length:]
        try:
            return run(list(args), dict(kwargs))
        except recursion.Recursive:
            raise refusal from None
        finally:
            lo.spliced = usual


def splice(
    lo: Lowering, frame: Frame, node: Any, fn: Value, args: Sequence[Value], kwargs: dict[str, Value]
) -> Value:
    if len(lo.stack) >= DEEPEST or (lo.spliced == DEEPEST and lo.frames > MOST_FRAMES):
        raise lo.refuse(
            frame, node, "This recursion is deeper than is known when the gradient is built.",
            "Write it as a loop, or make the depth a constant.",
        )
    lo.frames += 1
    defaults: dict[str, Value]
    if isinstance(fn, Closure):
        body, source, name, parent, function = body_of_node(fn.node), fn.frame.source, fn.name, fn.frame, None
        names = [a.id for a in (*fn.node.args.posonlyargs, *fn.node.args.args)]
        defaults = dict(zip(names[len(names) - len(fn.defaults) :], fn.defaults, strict=True)) | fn.kw_defaults
    else:
        assert isinstance(fn, Const)
        function, parent = fn.value, None
        check_kind(lo, frame, node, function)
        try:
            syntax, source = read(function)
        except AdjointError as error:
            raise error.at(frame.source.spot(node)) from None
        if function.__module__ in {written.__name__, stepping.__name__, *(f.__module__ for f in WRITTEN.values())}:
            source = Standing(frame, node)
        elif not frame.in_rule:
            lo.unchanged.function(function)
        body, name = body_of_node(syntax), function.__name__
        defaults = defaults_of(lo, function)
    in_rule = frame.in_rule
    if isinstance(source, Source) and not in_rule:
        source = dataclasses.replace(source, called=frame.source.place(node))
    inner = Frame(
        lo.frames, name, source, body.node, function, parent, body.assigned, body.nonlocals, body.globals_, in_rule
    )
    bind_parameters(lo, frame, node, inner, body.arguments, args, kwargs, defaults)
    lo.stack.append(fn)
    try:
        result = run_body(lo, inner, body)
    finally:
        lo.stack.pop()
    if forgotten(body.node):
        lo.state.names = {k: v for k, v in lo.state.names.items() if k[0] != inner.id}
    return result


@functools.lru_cache(maxsize=512)
def forgotten(node: Any) -> bool:
    """Are the names of a function gone when it returns?  A function or generator inside may read them later."""
    inner = (gast.FunctionDef, gast.AsyncFunctionDef, gast.Lambda, gast.ClassDef, gast.GeneratorExp)
    return not any(isinstance(n, inner) and n is not node for n in gast.walk(node))


def check_kind(lo: Lowering, frame: Frame, node: Any, function: types.FunctionType) -> None:
    from .source import function_of

    try:
        function_of(function)
    except AdjointError as error:
        raise Unsupported(error.what, error.advice, frame.source.spot(node)) from None


def run_body(lo: Lowering, frame: Frame, body: Body) -> Value:
    statements.statements(lo, frame, body.stmts)
    if lo.state.dead:
        return Const(None)
    result = lo.state.names.get((frame.id, "%return"), UNDEF)
    return Const(None) if is_undefined(result) else result


def defaults_of(lo: Lowering, function: types.FunctionType) -> dict[str, Value]:
    """The values of a function's defaults, read when the generated code runs where they are data."""
    out: dict[str, Value] = {}
    if function.__defaults__ is None and function.__kwdefaults__ is None:
        return out
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    values = function.__defaults__ or ()
    for i, (name, value) in enumerate(zip(names[len(names) - len(values) :], values, strict=True)):
        out[name] = default_value(lo, function, "__defaults__", i, value)
    for name, value in (function.__kwdefaults__ or {}).items():
        out[name] = default_value(lo, function, "__kwdefaults__", name, value)
    return out


def default_value(lo: Lowering, function: Any, where: str, key: Any, value: Any) -> Value:
    if isinstance(value, int | float | complex | str | type(None)):
        return Const(value)
    if type(value) is tuple and all(isinstance(item, int | float | complex | str | type(None)) for item in value):
        return Tuple(tuple(map(Const, value)))

    def load() -> Var:
        out = Var()
        lo.stmts.append(load_statement(out, function, where, key))
        return out

    return lo.outside(("default", id(function), key), value, load, lambda _: getattr(function, where)[key])


def bind_parameters(
    lo: Lowering, frame: Frame, node: Any, inner: Frame, arguments: Any, args: Sequence[Value],
    kwargs: dict[str, Value], defaults: dict[str, Value],
) -> None:
    """Python's rules for matching arguments with parameters."""
    rest = dict(kwargs)
    positional = [a.id for a in (*arguments.posonlyargs, *arguments.args)]
    keyword_only = [a.id for a in arguments.kwonlyargs]
    bound: dict[str, Value] = dict(zip(positional, args, strict=False))
    extra = list(args[len(positional) :])
    if extra and arguments.vararg is None:
        raise lo.refuse(
            frame, node, f"`{inner.name}` takes {len(positional)} positional arguments, and {len(args)} are given."
        )
    allowed = {a.id for a in arguments.args} | set(keyword_only)
    for key in list(rest):
        if key in allowed:
            if key in bound:
                raise lo.refuse(frame, node, f"`{inner.name}` got two values for `{key}`.")
            bound[key] = rest.pop(key)
    if rest and arguments.kwarg is None:
        raise lo.refuse(frame, node, f"`{inner.name}` has no parameter `{next(iter(rest))}`.")
    for key in (*positional, *keyword_only):
        if key not in bound:
            if key not in defaults:
                raise lo.refuse(frame, node, f"`{inner.name}` misses its argument `{key}`.")
            bound[key] = defaults[key]
    if arguments.vararg is not None:
        bound[arguments.vararg.id] = Tuple(tuple(extra))
    if arguments.kwarg is not None:
        bound[arguments.kwarg.id] = lo.cell(Entries(tuple(rest.items())))
    for key, value in bound.items():
        expressions.bind(lo, inner, key, value)
