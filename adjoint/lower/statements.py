"""Python statements to the state of the lowering and statements of the IR."""

from __future__ import annotations

import ast
import functools
import importlib
import operator
from collections import Counter
from typing import Any

import gast
import numpy as np

from .. import runtime
from ..avals import ANY, BOOL, NONE, Arr, Num, Obj, Parts, Seq, dtype_of, is_list, item_of, join, shape_of
from ..ir import UNDEF, Const, Var
from ..schedule import checkpoint
from . import attributes, calls, classes, containers, control, expressions, iteration, patterns, protected, sharing, spliced, writes
from .context import Frame, Lowering
from .loops import run_loop
from .values import Attributes, Entries, Items, Partial, Ref, Value


def statements(lo: Lowering, frame: Frame, stmts: list[Any]) -> None:
    for stmt in stmts:
        if lo.state.dead:
            return
        statement(lo, frame, stmt)


def statement(lo: Lowering, frame: Frame, node: Any) -> None:
    match node:
        case gast.Expr(value=gast.Constant()) | gast.Pass():
            pass
        case gast.Expr():
            expressions.expression(lo, frame, node.value)
        case gast.Assign():
            value = expressions.expression(lo, frame, node.value)
            for target in node.targets:
                assign(lo, frame, target, value)
        case gast.AnnAssign():
            if node.value is not None:
                assign(lo, frame, node.target, expressions.expression(lo, frame, node.value))
        case gast.AugAssign():
            augmented(lo, frame, node)
        case gast.If():
            test = expressions.truth(lo, frame, node.test, expressions.expression(lo, frame, node.test))
            control.choose(lo, frame, node, test, block(lo, frame, node.body), block(lo, frame, node.orelse))
        case gast.For():
            for_loop(lo, frame, node)
        case gast.While():
            while_loop(lo, frame, node)
        case gast.Match():
            patterns.match_statement(lo, frame, node)
        case gast.FunctionDef():
            value = spliced.closure(lo, frame, node)
            for decorator in reversed(node.decorator_list):
                value = calls.call(lo, frame, node, expressions.expression(lo, frame, decorator), [value], {})
            expressions.bind(lo, frame, node.name, value)
        case gast.Assert():
            assertion(lo, frame, node)
        case gast.Raise():
            raise_(lo, frame, node)
        case gast.Delete():
            for target in node.targets:
                delete(lo, frame, target)
        case gast.Import() | gast.ImportFrom():
            import_(lo, frame, node)
        case gast.Nonlocal() | gast.Global():
            pass
        case gast.With():
            protected.with_statement(lo, frame, node)
        case gast.Try():
            protected.try_statement(lo, frame, node)
        case gast.ClassDef():
            classes.class_statement(lo, frame, node)
        case _:
            raise lo.refuse(frame, node, f"`{type(node).__name__}` is not understood.", "Write it another way.")


def block(lo: Lowering, frame: Frame, stmts: list[Any]) -> Any:
    def lower() -> Value:
        statements(lo, frame, stmts)
        return Const(None)

    return lower


# --- assignment -----------------------------------------------------------------------------------


def assign(lo: Lowering, frame: Frame, target: Any, value: Value) -> None:
    match target:
        case gast.Name():
            expressions.bind(lo, frame, target.id, value)
        case gast.Tuple() | gast.List():
            unpack(lo, frame, target, value)
        case gast.Starred():
            assign(lo, frame, target.value, value)
        case gast.Attribute():
            owner = expressions.expression(lo, frame, target.value)
            attributes.set_attribute(lo, frame, target, owner, target.attr, value)
        case gast.Subscript():
            container = expressions.expression(lo, frame, target.value)
            set_item(lo, frame, target, container, expressions.index(lo, frame, target.slice), value)
        case _:
            raise lo.refuse(frame, target, "This cannot be assigned to.")


def unpack(lo: Lowering, frame: Frame, target: Any, value: Value) -> None:
    targets = target.elts
    star = next((i for i, t in enumerate(targets) if isinstance(t, gast.Starred)), None)
    items = control.unpacked(lo, frame, target, value, len(targets) if star is None else None)
    if star is None:
        if len(items) != len(targets):
            raise lo.refuse(frame, target, f"{len(items)} values are unpacked into {len(targets)} names.")
        chosen: list[Value] = items
    else:
        after = len(targets) - star - 1
        if len(items) < len(targets) - 1:
            raise lo.refuse(frame, target, f"{len(items)} values are too few for these {len(targets)} names.")
        middle = lo.cell(Items(tuple(items[star : len(items) - after])))
        chosen = [*items[:star], middle, *items[len(items) - after :]]
    for t, item in zip(targets, chosen, strict=True):
        assign(lo, frame, t, item)


def augmented(lo: Lowering, frame: Frame, node: Any) -> None:
    op = expressions.BINARY[type(node.op)]
    match node.target:
        case gast.Name():
            old = expressions.name(lo, frame, node.target.id, node.target)
            new = updated(lo, frame, node, op, old, expressions.expression(lo, frame, node.value))
            expressions.bind(lo, frame, node.target.id, new)
        case gast.Attribute():
            owner = expressions.expression(lo, frame, node.target.value)
            old = attributes.attribute(lo, frame, node.target, owner, node.target.attr)
            new = updated(lo, frame, node, op, old, expressions.expression(lo, frame, node.value))
            attributes.set_attribute(lo, frame, node.target, owner, node.target.attr, new)
        case gast.Subscript():
            container = expressions.expression(lo, frame, node.target.value)
            key = expressions.index(lo, frame, node.target.slice)
            old = expressions.subscript(lo, frame, node.target, container, key)
            value = expressions.expression(lo, frame, node.value)
            if op in (operator.add, operator.sub) and writes.adds(lo, frame, node, op, container, key, value):
                return
            if isinstance(old, Ref) and isinstance(lo.known_aval(container), Arr):
                new = expressions.binary(lo, frame, node, op, old, value)  # a part of an array
                kind = lo.known_aval(container)
                assert isinstance(kind, Arr)
                writes.check_dtype(lo, frame, node, kind, dtype_of(lo.known_aval(new)))
            else:
                new = updated(lo, frame, node, op, old, value)
            set_item(lo, frame, node.target, container, key, new)


def updated(lo: Lowering, frame: Frame, node: Any, op: Any, old: Value, value: Value) -> Value:
    """`old op= value`: an array or list is changed in place, for all who see it; a number is replaced."""
    content = lo.state.heap[old.cell] if isinstance(old, Ref) else None
    if content is None or isinstance(content, Attributes):
        inplace = f"__i{op.__name__.strip('_')}__"
        if isinstance(content, Attributes) and hasattr(content.cls, inplace):
            assert isinstance(old, Ref)
            return calls.call_special(lo, frame, node, old, inplace, [value])
        return expressions.binary(lo, frame, node, op, old, value)
    assert isinstance(old, Ref)
    kind = lo.known_aval(old)
    if kind == ANY or (isinstance(kind, Arr) and kind.shape is None):
        if sharing.known_otherwise(lo.state, old.cell):  # is it a number, whose other names keep it?
            held = Const((np.ndarray, list))
            asked = lo.apply(isinstance, [old, held], frame=frame, node=node, effect=False, aval=BOOL)
            return control.choose(
                lo, frame, node, asked, lambda: changed(lo, frame, node, op, old, value),
                lambda: expressions.binary(lo, frame, node, op, old, value),
            )
    if is_list(kind):
        other = lo.known_aval(value)
        if isinstance(other, Arr):  # which makes an array, or a list, of its own
            return expressions.binary(lo, frame, node, op, old, value)
        if op is operator.add and isinstance(other, Seq | Parts):
            containers.extend(lo, frame, node, [old, value], {})
            return old
    return changed(lo, frame, node, op, old, value)


def changed(lo: Lowering, frame: Frame, node: Any, op: Any, old: Ref, value: Value) -> Value:
    """The cell of an array or list with `old op value` in it."""
    kind = lo.known_aval(old)
    new = expressions.binary(lo, frame, node, op, old, value)
    atom = new if not isinstance(new, Ref) else lo.state.heap[new.cell]
    if isinstance(kind, Arr):
        atom = writes.without_axes(lo, frame, node, kind, in_dtype_of(lo, frame, node, kind, atom))
    lo.write(old, atom, frame, node)
    lo.take_in(old, new)
    if isinstance(atom, Var) and atom.hint is None:
        atom.hint = old.cell.hint
    return old


def in_dtype_of(lo: Lowering, frame: Frame, node: Any, kind: Arr, atom: Any) -> Any:
    """What NumPy makes of a value stored in an array of this kind."""
    shape = shape_of(atom.aval)
    if kind.shape is not None and shape is not None and None not in (*kind.shape, *shape) and shape != kind.shape:
        raise lo.refuse(frame, node, f"A value of shape {shape} does not fit into an array of shape {kind.shape}.")
    dtype = dtype_of(atom.aval)
    if dtype is not None and kind.dtype is not None and dtype != kind.dtype:
        writes.check_dtype(lo, frame, node, kind, dtype)
        value = lo.apply(np.ndarray.astype, [atom, Const(kind.dtype)], frame=frame, node=node)
        return lo.atom(value, frame, node)
    return atom


def set_item(lo: Lowering, frame: Frame, node: Any, container: Value, key: Value, value: Value) -> None:
    """`container[key] = value`."""
    content = lo.state.heap[container.cell] if isinstance(container, Ref) else None
    match content:
        case Items():
            assert isinstance(container, Ref)
            atom = lo.atom(key, frame, node)
            if isinstance(atom, Const) and isinstance(atom.value, int):
                items = list(content.items)
                try:
                    items[atom.value] = value
                except IndexError as error:
                    lo.raises(frame, node, IndexError, str(error))
                    return
                lo.write(container, Items(tuple(items)), frame, node)
                return
            if isinstance(atom, Const) and isinstance(atom.value, slice):
                new = control.unpacked(lo, frame, node, value)
                items = list(content.items)
                items[atom.value] = new
                lo.write(container, Items(tuple(items)), frame, node)
                return
            held = lo.held_by(container)
            lo.write(container, lo.atom(container, frame, node), frame, node)
            sharing.hold(container.cell, held)
            set_item(lo, frame, node, container, key, value)
        case Entries():
            assert isinstance(container, Ref)
            at = expressions.constant_key(lo, frame, node, key)
            if content.get(at) is not None:
                entries = tuple((k, value if k == at else v) for k, v in content.entries)
            else:
                entries = (*content.entries, (at, value))
            lo.write(container, content.having(entries), frame, node)
        case Attributes():
            assert isinstance(container, Ref)
            calls.call_special(lo, frame, node, container, "__setitem__", [key, value])
        case Var() | Const() if isinstance(content.aval, Seq | Parts):
            assert isinstance(container, Ref)
            if not isinstance(lo.atom(key, frame, node).aval, Num | Arr):
                raise lo.refuse(
                    frame, node, "Assigning to a slice of a list whose length is not known is not understood.",
                    "Build a new list from its parts, with `+`.",
                )
            changed = lo.apply(
                runtime.set_item, [container, key, value], frame=frame, node=node, effect=False,
                aval=list_with(content.aval, lo.atom(value, frame, node).aval),
            )
            lo.write(container, lo.atom(changed, frame, node), frame, node)
            lo.take_in(container, value)
        case _:
            writes.store(lo, frame, node, container, key, value)


def list_with(aval: Any, item: Any) -> Any:
    return Seq(join(item_of(aval), item))


def delete(lo: Lowering, frame: Frame, target: Any) -> None:
    match target:
        case gast.Name():
            if target.id in frame.globals_:
                raise lo.refuse(frame, target, "A global variable is deleted.", "Set it to None.")
            lo.state.names[expressions.scope(frame, target.id).id, target.id] = UNDEF
        case gast.Subscript():
            container = expressions.expression(lo, frame, target.value)
            key = expressions.index(lo, frame, target.slice)
            content = lo.state.heap[container.cell] if isinstance(container, Ref) else None
            atom = lo.atom(key, frame, target)
            if isinstance(container, Ref) and isinstance(atom, Const):
                if isinstance(content, Entries):
                    lo.write(
                        container, content.having(e for e in content.entries if e[0] != atom.value), frame, target
                    )
                    return
                if isinstance(content, Items):
                    items = list(content.items)
                    del items[atom.value]
                    lo.write(container, Items(tuple(items)), frame, target)
                    return
            raise lo.refuse(frame, target, "Deleting this is not understood.", "Build a new list without it.")
        case _:
            raise lo.refuse(frame, target, "Deleting this is not understood.")


# --- loops ----------------------------------------------------------------------------------------


def for_loop(lo: Lowering, frame: Frame, node: Any) -> None:
    value = expressions.expression(lo, frame, node.iter)
    snapshots = None
    match value:
        case Partial(fn=Const(value=known), args=(items, count)) if known is checkpoint:
            value, snapshots = items, lo.atom(count, frame, node)

    def body(item: Value) -> None:
        assign(lo, frame, node.target, item)
        statements(lo, frame, node.body)

    assigned, _ = assigned_in(node)
    iteration.for_each(
        lo, frame, node, value, body, stop=node.stop, assigned=assigned, keep=read_outside(frame, node),
        snapshots=snapshots,
    )


def while_loop(lo: Lowering, frame: Frame, node: Any) -> None:
    def body(_: list[Var]) -> list[Value]:
        statements(lo, frame, node.body)
        return []

    def test() -> Var | Const:
        return expressions.truth(lo, frame, node.test, expressions.expression(lo, frame, node.test))

    constant = isinstance(node.test, gast.Constant) and bool(node.test.value)
    assigned, _ = assigned_in(node)
    run_loop(
        lo, frame, node, iters=(), item_avals=(), body=body, test=None if constant else test, stop=node.stop,
        assigned=assigned, keep=read_outside(frame, node),
    )


# --- names, found in the syntax -------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def assigned_names(node: Any) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The names that a function binds, parameters included, and those it declares nonlocal and global."""
    arguments = node.args
    params = [a.id for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    params += [a.id for a in (arguments.vararg, arguments.kwarg) if a is not None]
    body = node.body if isinstance(node.body, list) else [node.body]
    bound: set[str] = set(params)
    nonlocal_: set[str] = set()
    global_: set[str] = set()
    for stmt in body:
        _collect(stmt, bound, nonlocal_, global_)
    return frozenset(bound - nonlocal_ - global_), frozenset(nonlocal_), frozenset(global_)


@functools.lru_cache(maxsize=1024)
def assigned_in(loop: Any) -> tuple[frozenset[str], frozenset[str]]:
    bound: set[str] = set()
    nonlocal_: set[str] = set()
    for part in (*loop.body, *([loop.target] if isinstance(loop, gast.For) else [])):
        _collect(part, bound, nonlocal_, set())
    return frozenset(n for n in bound if not n.startswith(("%stop", "%left"))), frozenset(nonlocal_)


@functools.lru_cache(maxsize=1024)
def assigned_by(stmt: Any) -> tuple[frozenset[str], frozenset[str]]:
    bound: set[str] = set()
    nonlocal_: set[str] = set()
    _collect(stmt, bound, nonlocal_, set())
    return frozenset(bound), frozenset(nonlocal_)


def _collect(node: Any, bound: set[str], nonlocal_: set[str], global_: set[str]) -> None:
    """Add the names that a statement binds or declares; nested functions have their own."""
    match node:
        case gast.Name(ctx=gast.Store() | gast.Del()):
            bound.add(node.id)
        case gast.FunctionDef() | gast.ClassDef() | gast.AsyncFunctionDef():
            bound.add(node.name)
            return
        case gast.Lambda():
            return
        case gast.ListComp() | gast.SetComp() | gast.DictComp() | gast.GeneratorExp():
            for inner in ast.walk(node):
                if isinstance(inner, gast.NamedExpr):
                    bound.add(inner.target.id)
            return
        case gast.Import() | gast.ImportFrom():
            bound.update((a.asname or a.name.split(".")[0]) for a in node.names)
        case gast.Nonlocal():
            nonlocal_.update(node.names)
        case gast.Global():
            global_.update(node.names)
        case gast.MatchAs() | gast.MatchStar():
            if node.name is not None:
                bound.add(node.name)
        case gast.MatchMapping():
            if node.rest is not None:
                bound.add(node.rest)
        case gast.ExceptHandler():
            if node.name is not None:
                bound.add(getattr(node.name, "id", node.name))
    for child in ast.iter_child_nodes(node):
        _collect(child, bound, nonlocal_, global_)


def read_outside(frame: Frame, loop: Any) -> frozenset[str]:
    """The names that the function reads somewhere else than in this loop."""
    inside = _reads(loop)
    return frozenset(name for name, times in _reads(frame.node).items() if times > inside[name])


@functools.lru_cache(maxsize=1024)
def _reads(node: Any) -> Counter[str]:
    """How often each name is read in a node; of a nested function those that are not its own."""
    found: Counter[str] = Counter()

    def visit(node: Any, hidden: frozenset[str]) -> None:
        match node:
            case gast.FunctionDef() | gast.Lambda():
                hidden |= assigned_names(node)[0]
            case gast.Name(ctx=gast.Load()) if node.id not in hidden:
                found[node.id] += 1
            case gast.AugAssign(target=gast.Name(id=name)) if name not in hidden:
                found[name] += 1
        for child in ast.iter_child_nodes(node):
            visit(child, hidden)

    for child in ast.iter_child_nodes(node):
        visit(child, frozenset())
    return found


# --- assert, raise, import ------------------------------------------------------------------------


def assertion(lo: Lowering, frame: Frame, node: Any) -> None:
    test = expressions.truth(lo, frame, node.test, expressions.expression(lo, frame, node.test))
    if isinstance(test, Const) and test.value:
        return

    def fails() -> Value:
        args = [] if node.msg is None else [expressions.expression(lo, frame, node.msg)]
        error = lo.apply(AssertionError, args, frame=frame, node=node, effect=False, aval=Obj(AssertionError))
        lo.apply(runtime.raise_, [error], frame=frame, node=node, effect=True, aval=NONE)
        lo.state.dead = True
        return Const(None)

    control.choose(lo, frame, node, test, lambda: Const(None), fails)


def raise_(lo: Lowering, frame: Frame, node: Any) -> None:
    if node.exc is None:
        lo.apply(runtime.raise_, [], frame=frame, node=node, effect=True, aval=NONE)
        lo.state.dead = True
        return
    error = expressions.expression(lo, frame, node.exc)
    args = [error] if node.cause is None else [error, expressions.expression(lo, frame, node.cause)]
    lo.apply(runtime.raise_, args, frame=frame, node=node, effect=True, aval=NONE)
    lo.state.dead = True


def import_(lo: Lowering, frame: Frame, node: Any) -> None:
    owner = frame.owner.fn
    package = owner.__globals__.get("__package__") if owner is not None else None
    if isinstance(node, gast.Import):
        for alias in node.names:
            module = importlib.import_module(alias.name)
            if alias.asname is None:
                module = importlib.import_module(alias.name.split(".")[0])
            expressions.bind(lo, frame, alias.asname or alias.name.split(".")[0], Const(module))
        return
    module = importlib.import_module("." * node.level + (node.module or ""), package)
    for alias in node.names:
        if alias.name == "*":
            raise lo.refuse(frame, node, "`import *` inside a function is not understood.", "Name what is imported.")
        found = attributes.of_constant(lo, frame, node, module, alias.name)
        expressions.bind(lo, frame, alias.asname or alias.name, found)

