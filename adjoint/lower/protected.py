"""`try` and `with`: blocks that may end before their end.

The generated code has the same `try`, so the path is that of the primal.  What the block assigned is
not known where it raised: a name that it assigns, and that the handler does not, is *torn* afterwards,
and refused when it is read.

    try:                                w1, ok = try:
        y = log(x)                          w2 = log(x)
    except ValueError:         ->           yield w2, True
        y = 0.0                         except ValueError:
                                            yield 0.0, False
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

import gast

from .. import runtime
from ..avals import NONE, Obj
from ..errors import Unsupported
from ..hooks import cotangent, tangent
from ..ir import UNDEF, At, Block, Const, Stmt, Try, Var, With
from . import calls, control, expressions, hooking, statements
from .context import Frame, Lowering
from .merge import Merge
from .queues import Queue
from .values import TORN, Attributes, Cell, Ref, State, Value, is_undefined, same

Side = tuple[State, list[Stmt]]


def try_statement(lo: Lowering, frame: Frame, node: Any) -> None:
    if not node.finalbody:
        caught(lo, frame, node)
        return
    stmts = node.body if not node.handlers else None
    protected(lo, frame, node, lambda: caught(lo, frame, node), statements.block(lo, frame, node.finalbody), stmts)


def caught(lo: Lowering, frame: Frame, node: Any) -> None:
    """The block, its handlers, and what runs when none of them did."""
    if not node.handlers:
        statements.statements(lo, frame, node.body)
        return
    kinds = [_kinds(lo, frame, h) for h in node.handlers]
    flag = f"%completed{lo.frames}_{id(node)}"

    def handler(error: Var) -> None:
        _handlers(lo, frame, node.handlers, kinds, error, 0)

    pieces(lo, frame, node, node.body, tuple(k for group in kinds for k in group), handler, flag)
    if node.orelse and not lo.state.dead:
        done = lo.state.names.get((frame.id, flag), Const(False))
        control.choose(
            lo, frame, node, expressions.truth(lo, frame, node, done),
            statements.block(lo, frame, node.orelse), lambda: Const(None),
        )
    lo.state.names.pop((frame.id, flag), None)


def _kinds(lo: Lowering, frame: Frame, handler: Any) -> tuple[type, ...]:
    if handler.type is None:
        return (BaseException,)
    kinds = lo.atom(expressions.expression(lo, frame, handler.type), frame, handler)
    if not isinstance(kinds, Const):
        raise lo.refuse(frame, handler, "Which exceptions are caught is not known when the gradient is built.")
    return kinds.value if isinstance(kinds.value, tuple) else (kinds.value,)


def _handlers(
    lo: Lowering, frame: Frame, handlers: list[Any], kinds: list[tuple[type, ...]], error: Var, k: int
) -> None:
    """The first handler that fits."""

    def run() -> Value:
        if handlers[k].name is not None:
            expressions.bind(lo, frame, getattr(handlers[k].name, "id", handlers[k].name), error)
        statements.statements(lo, frame, handlers[k].body)
        return Const(None)

    def others() -> Value:
        _handlers(lo, frame, handlers, kinds, error, k + 1)
        return Const(None)

    if k == len(handlers) - 1:
        run()
        return
    classes = kinds[k][0] if len(kinds[k]) == 1 else kinds[k]
    test = lo.apply(isinstance, [error, Const(classes)], frame=frame, node=handlers[k], effect=False)
    control.choose(lo, frame, handlers[k], expressions.truth(lo, frame, handlers[k], test), run, others)


def pieces(
    lo: Lowering, frame: Frame, node: Any, stmts: list[Any], kinds: tuple[type, ...],
    handler: Callable[[Var], None], flag: str,
) -> None:
    """A `try` for each stretch of the block that ends with an assignment the handler could see.

    Within a stretch nothing is assigned before it may raise, so its handler knows what holds.
    """
    first, rest = _stretch(lo, frame, stmts)
    lo.state.names[frame.id, flag] = Const(False)

    def body() -> None:
        statements.statements(lo, frame, first)
        if not lo.state.dead:
            lo.state.names[frame.id, flag] = Const(True)

    attempt(lo, frame, node, body, kinds, handler, _last(lo, frame, first))
    if rest and not lo.state.dead:
        done = lo.state.names.get((frame.id, flag), Const(False))

        def more() -> Value:
            pieces(lo, frame, node, rest, kinds, handler, flag)
            return Const(None)

        control.choose(lo, frame, node, expressions.truth(lo, frame, node, done), more, lambda: Const(None))


def _stretch(lo: Lowering, frame: Frame, stmts: list[Any]) -> tuple[list[Any], list[Any]]:
    """The statements up to the first that changes something from before the block, and those after."""
    for k, stmt in enumerate(stmts):
        assigned, _ = statements.assigned_by(stmt)
        if _receiver(stmt) is not None or any(
            not is_undefined(lo.state.names.get((frame.id, name), UNDEF)) for name in assigned if not name.startswith("%")
        ):
            return stmts[: k + 1], stmts[k + 1 :]
    return stmts, []


def _receiver(stmt: Any) -> str | None:
    """`items` in the statement `items.append(x)`, `items[k] = x` or `items.length = n`."""
    match stmt:
        case gast.Expr(value=gast.Call(func=gast.Attribute(value=gast.Name(id=name)))):
            return str(name)
        case gast.Assign(targets=[gast.Subscript(value=gast.Name(id=name)) | gast.Attribute(value=gast.Name(id=name))]):
            return str(name)
        case gast.AugAssign(
            target=gast.Subscript(value=gast.Name(id=name)) | gast.Attribute(value=gast.Name(id=name)) | gast.Name(id=name)
        ):
            return str(name)
    return None


def _last(lo: Lowering, frame: Frame, stmts: list[Any]) -> tuple[frozenset[str], Cell | None]:
    """What the last statement changes when all else is done: it has either happened or it has not."""
    if not stmts or not isinstance(stmts[-1], gast.Assign | gast.AugAssign | gast.AnnAssign | gast.Expr):
        return frozenset(), None
    names, _ = statements.assigned_by(stmts[-1])
    name = _receiver(stmts[-1])
    value = lo.state.names.get((frame.id, name)) if name is not None else None
    if not isinstance(value, Ref) or not _at_once(lo.state.heap[value.cell], stmts[-1]):
        return names, None
    return names, value.cell


def _at_once(content: Any, stmt: Any) -> bool:
    """Does the statement change this as a whole?  Methods of the user's may raise half-way."""
    if not isinstance(content, Attributes) or content.cls is Queue:
        return True
    target = stmt.targets[0] if isinstance(stmt, gast.Assign) else getattr(stmt, "target", None)
    return isinstance(target, gast.Attribute) and not isinstance(inspect.getattr_static(content.cls, target.attr, None), property)


def attempt(
    lo: Lowering, frame: Frame, node: Any, body: Callable[[], None], kinds: tuple[type, ...],
    handler: Callable[[Var], None], whole: tuple[frozenset[str], Cell | None] = (frozenset(), None),
) -> None:
    """`try: body() except kinds as error: handler(error)`; `whole` is changed at the end or not at all."""
    base, outer = lo.state, lo.stmts
    error = Var(Obj(BaseException), "error")
    try:
        lo.state, lo.stmts = base.copy(), []
        body()
        done: Side = (lo.state, lo.stmts)
        lo.state, lo.stmts = torn(base, done[0], frame, whole), []
        handler(error)
        failed: Side = (lo.state, lo.stmts)
    finally:
        lo.state, lo.stmts = base, outer
    merge = Merge(lo, frame, node, Const(None), done, failed)
    state = merge.merged_state(base)
    if state.dead:
        lo.stmts.append(_try(frame, node, (), done, failed, ((), ()), error, kinds))
        base.dead = True
        return
    lo.stmts.append(_try(frame, node, tuple(merge.outs), done, failed, merge.results, error, kinds))
    lo.state = state


def _try(
    frame: Frame, node: Any, outs: tuple[Var, ...], done: Side, failed: Side, results: Any, error: Var,
    kinds: tuple[type, ...],
) -> Try:
    then = Block((), tuple(done[1]), tuple(results[0]))
    orelse = Block((error,), tuple(failed[1]), tuple(results[1]))
    place = None if frame.in_rule else frame.source.place(node)
    return Try(outs, Const(None), then, orelse, At(place), kinds)


def torn(base: State, end: State, frame: Frame, whole: tuple[frozenset[str], Cell | None]) -> State:
    """What is known where the block raised: what it did not assign."""
    names, changed = whole
    state = base.copy()
    for key, value in base.names.items():
        flag = isinstance(key[1], str) and key[1].startswith("%")  # set by what ends the block, and then it cannot raise
        if key[0] == frame.id and key[1] in names:
            continue
        if not flag and not same(value, end.names.get(key, UNDEF)):
            state.names[key] = TORN
    for cell, content in base.heap.items():
        if cell is not changed and not same(content, end.heap.get(cell)):
            state.heap[cell] = TORN
    return state


def protected(
    lo: Lowering, frame: Frame, node: Any, body: Callable[[], None], final: Callable[[], Any], stmts: list[Any] | None
) -> None:
    """`try: body() finally: final()`: `final` runs after it, and where it raises before that goes on.

    Where `final` reads what the body, made of these statements, changes, it is a `try` for each stretch of the body.
    """

    def handler(_: Var) -> None:
        final()
        if not lo.state.dead:
            lo.apply(runtime.raise_, [], frame=frame, node=node, effect=True, aval=NONE)
            lo.state.dead = True

    before = lo.state.copy(), list(lo.stmts)
    try:
        attempt(lo, frame, node, body, (BaseException,), handler)
    except Unsupported:
        if stmts is None:
            raise
        lo.state, lo.stmts[:] = before
        flag = f"%completed{lo.frames}_{id(node)}"
        pieces(lo, frame, node, stmts, (BaseException,), handler, flag)
        lo.state.names.pop((frame.id, flag), None)
    if not lo.state.dead:
        final()


# --- with -----------------------------------------------------------------------------------------


def with_statement(lo: Lowering, frame: Frame, node: Any) -> None:
    first = node.items[0].context_expr
    fn = expressions.expression(lo, frame, first.func) if isinstance(first, gast.Call) else None
    if isinstance(fn, Const) and fn.value in (cotangent, tangent):
        hooking.hook_statement(lo, frame, node, fn.value.__name__)
        return
    _managers(lo, frame, node, list(node.items))


def _managers(lo: Lowering, frame: Frame, node: Any, items: list[Any]) -> None:
    if not items:
        statements.statements(lo, frame, node.body)
        return
    first, rest = items[0], items[1:]
    call = first.context_expr
    fn = expressions.expression(lo, frame, call.func) if isinstance(call, gast.Call) else None
    known = fn.value if isinstance(fn, Const) else None

    def inside(value: Value) -> None:
        if first.optional_vars is not None:
            statements.assign(lo, frame, first.optional_vars, value)
        _managers(lo, frame, node, rest)

    if known is contextlib.nullcontext:
        args = expressions.sequence(lo, frame, call.args)
        inside(args[0] if args else Const(None))
    elif known is contextlib.suppress:
        kinds = tuple(lo.atom(a, frame, node).value for a in expressions.sequence(lo, frame, call.args))  # type: ignore[union-attr]
        if rest or first.optional_vars is not None:
            attempt(lo, frame, node, lambda: inside(Const(None)), kinds, lambda _: None)
        else:
            flag = f"%completed{lo.frames}_{id(first)}"
            pieces(lo, frame, node, node.body, kinds, lambda _: None, flag)
    else:
        manager = expressions.expression(lo, frame, call)
        content = lo.state.heap[manager.cell] if isinstance(manager, Ref) else None
        if isinstance(content, Attributes) and content.whole is None:
            own_manager(lo, frame, node, manager, inside, node.body if not rest else None)
        else:
            managed(lo, frame, node, lo.atom(manager, frame, node), inside)


def own_manager(
    lo: Lowering, frame: Frame, node: Any, manager: Value, inside: Callable[[Value], None], stmts: list[Any] | None
) -> None:
    """A manager of a class of the user's: its methods are spliced in."""
    entered = calls.call_special(lo, frame, node, manager, "__enter__", [])
    if stmts is not None and node.items[-1].optional_vars is not None:  # what may be read where the block raises
        statements.assign(lo, frame, node.items[-1].optional_vars, entered)
    nothing = [Const(None)] * 3

    def leave() -> None:
        calls.call_special(lo, frame, node, manager, "__exit__", nothing)

    protected(lo, frame, node, lambda: inside(entered), leave, stmts)


def managed(lo: Lowering, frame: Frame, node: Any, manager: Any, inside: Callable[[Value], None]) -> None:
    """Any other manager: the generated code has the same `with`."""
    entered = Var()
    outer, base = lo.stmts, lo.state
    lo.state, lo.stmts = base.copy(), []
    try:
        inside(lo.value(entered, (), frame, node))
        done: Side = (lo.state, lo.stmts)
    finally:
        lo.state, lo.stmts = base, outer
    never = base.copy()
    never.dead = True
    merge = Merge(lo, frame, node, Const(None), done, (never, []))
    state = merge.merged_state(base)
    place = None if frame.in_rule else frame.source.place(node)
    then = Block((entered,), tuple(done[1]), tuple(merge.results[0]))
    orelse = Block((), (), tuple(merge.results[1]))
    lo.stmts.append(With(tuple(merge.outs), manager, then, orelse, At(place)))
    lo.state = state

