"""Lowering: from a Python function and what is known of its arguments to the IR.

This package is the only code that knows Python's syntax.  `source` finds the syntax tree, `exits`
removes `return`, `break` and `continue`, `statements` and `expressions` walk what remains,
`calls` splices user functions in, `merge` and `loops` say what holds after branches and loops.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import runtime
from ..avals import NONE, Arr, Aval
from ..errors import AdjointError, Unsupported
from ..ir import Apply, At, Atom, Block, Const, Function, Param, Tree, Var, leaves
from ..rules.registry import lookup, read_rules
from . import calls, copies, inplace, iterators, layout, queues, rewrites, spliced
from .abstract import abstract, details, signature
from .context import Frame, Lowering, ReadFirst
from .guards import Guard
from .recursion import merged
from .source import Unchanged, function_of, read
from .values import Attributes, Entries, Items, Ref, Tuple, Value

__all__ = ["READINGS", "Lowered", "lower", "lower_atom", "lower_rule", "result_tree"]


@dataclass(frozen=True)
class Lowered:
    function: Function
    unchanged: Unchanged
    guards: tuple[Guard, ...]
    level: int = 0  # how much is taken as known of arguments: see `abstract.details`
    reading: int = 0  # which of `READINGS` this is
    layout: bool = False  # is it for arrays that lie in memory like these?


# How much is taken as known of the arguments, and of which lists the loops that make them are written out.
READINGS = ((0, ""), (1, ""), (2, ""), (0, "arrays"), (2, "arrays"), (0, "all"), (2, "all"))


def lower(fun: Callable[..., Any], arguments: inspect.BoundArguments, first: int = 0) -> Lowered:
    """Lower `fun` for arguments such as these.

    `arguments` holds an example of every argument, defaults included; only what `signature` keeps of
    them has a part in the result, and what is read from objects is put under a guard.

    Programs that need to know more (`first, *rest = xs`, a recursion on `n`) are lowered for lists of
    these lengths, then for these integers, again under a guard; those that write to the arrays in a list,
    with a body for each iteration of the loop that makes the list, and those that make a tuple of any list
    likewise.  `first` is the first of these `READINGS` to try.
    """
    read_rules()
    for reading, (level, apart) in enumerate(READINGS[first:], first):
        try:
            return dataclasses.replace(_read_first(fun, arguments, level, apart), reading=reading)
        except Unsupported as refusal:
            if not apart or reading == first:
                error: AdjointError = refusal
        except RecursionError:
            error = Unsupported(
                f"`{getattr(fun, '__name__', fun)}` calls itself, or its loops are nested, too deeply.",
                "Write the recursion as a loop.",
            )
    raise error


def _read_first(fun: Callable[..., Any], arguments: inspect.BoundArguments, level: int, apart: str) -> Lowered:
    """Lowered with what it changes outside read at its start, where that turns out to be needed."""
    first: dict[Any, Callable[[Lowering], Value]] = {}
    loaders: dict[Any, Callable[[Lowering], Value]] = {}
    while True:
        lo = Lowering(level=level, apart=apart, first=frozenset(first), loaders_of_start=loaders)
        try:
            return _lower(lo, fun, arguments, first)
        except ReadFirst as found:
            if found.key in first:
                raise AssertionError("read at the start, and again in a block") from None
            loaders |= lo.loaders
            first[found.key] = loaders[found.key]


def _lower(
    lo: Lowering, fun: Callable[..., Any], arguments: inspect.BoundArguments, first: dict[Any, Callable[[Lowering], Value]]
) -> Lowered:
    fn = function_of(fun)
    node, source = read(fn)
    lo.unchanged.function(fn)
    body = spliced.body_of_node(node)
    lo.frames, lo.top, lo.arguments = 1, lo.stmts, tuple(arguments.arguments.values())
    frame = Frame(1, fn.__name__, source, node, fn, None, body.assigned, body.nonlocals, body.globals_)
    params: list[Param] = []
    args: list[Value] = []
    kwargs: dict[str, Value] = {}
    if isinstance(fun, functools.partial):
        before, named = calls.partial_arguments(lo, fun)
        args += before
        kwargs.update((k, v) for k, v in named.items() if k not in arguments.signature.parameters)
    elif isinstance(fun, types.MethodType):
        args.append(calls.bound_self(lo, fun))
    skipped, by_name = _given(fn, arguments)
    for position, (name, spec) in enumerate(arguments.signature.parameters.items()):
        value, tree = _parameter(lo, position, name, arguments.arguments[name])
        if isinstance(value, Ref):
            value.cell.argument = name
        match spec.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                assert isinstance(value, Tuple)
                args += value.items
            case inspect.Parameter.VAR_KEYWORD:
                kwargs.update(calls.entries_of(lo, frame, node, value))
            case _ if name in skipped:
                pass
            case inspect.Parameter.KEYWORD_ONLY:
                kwargs[name] = value
            case _ if name in by_name:
                kwargs[name] = value
            case _:
                args.append(value)
        params.append(
            Param(name, tree, _KINDS[spec.kind], spec.default, spec.default is not inspect.Parameter.empty)
        )
    spliced.bind_parameters(lo, frame, node, frame, body.arguments, args, kwargs, {})
    for load in first.values():
        load(lo)
    given = {c: content for c, content in lo.state.heap.items() if isinstance(content, Var) and _is_array(content)}
    for c, leaf in given.items():
        c.made = layout.Given(leaf)
    whole = next((f for f in (fun, fn) if lookup(f) is not None), None)  # it has a rule, which comes before its source
    if whole is None:
        result = spliced.run_body(lo, frame, body)
    else:
        result = calls.call(lo, frame, node, Const(whole), args, kwargs)
    written = [leaf for c, leaf in given.items() if _without_hook(lo, lo.state.heap.get(c)) is not leaf]
    if written and len(given) > 1:
        others = [leaf for leaf in given.values() if leaf not in written]
        arrays: tuple[Atom, ...] = (Const(len(written)), *written, *others)
        lo.stmts.insert(0, Apply((Var(NONE),), runtime.check_apart, arrays, (), At(), True))
    if lo.state.dead:  # it always raises: what it would return does not matter
        result = Const(0.0)
    last = body.node.body[-1] if isinstance(body.node.body, list) else body.node.body
    outputs, tree = result_tree(lo, frame, last, result)
    inputs = tuple(v for p in params for v in leaves(p.tree) if isinstance(v, Var))
    block = Block(inputs, tuple(lo.stmts), tuple(outputs))
    function = Function(_name(fn), tuple(params), block, tree, fn, inspect.getdoc(fn))
    if lo.level:
        known = details(tuple(arguments.arguments.values()), lo.level)
        lo.guards["details"] = Guard(lambda args: details(args, lo.level), signature(known))
    layout_matters = any(isinstance(key, tuple) and key[0] == "layout" for key in lo.guards)
    return Lowered(merged(function), lo.unchanged, tuple(lo.guards.values()), lo.level, layout_matters)


_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.VAR_POSITIONAL: "star",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "starstar",
}


def _given(fn: types.FunctionType, arguments: inspect.BoundArguments) -> tuple[set[str], set[str]]:
    """What a wrapper (`functools.wraps`) does not get, and what it gets by name: it may look.

    Its signature is shown as that of the function it wraps, but defaults are not its own.
    """
    how = getattr(arguments, "given", None)
    if how is None or not hasattr(fn, "__wrapped__"):
        return set(), set()
    count, names = how
    parameters = arguments.signature.parameters.values()
    single = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    positional = {p.name for p in single if p.kind is not p.KEYWORD_ONLY}
    placed = {p.name for p in single[:count]} & positional
    return {p.name for p in single} - placed - set(names), set(names) - placed


def _without_hook(lo: Lowering, content: Any) -> Any:
    while content in lo.hooked:
        content = lo.hooked[content]
    return content


def _is_array(leaf: Var) -> bool:
    return isinstance(leaf.aval, Arr) and not leaf.aval.boxed


def _name(fn: Any) -> str:
    return fn.__name__ if fn.__name__.isidentifier() else "f"


def _parameter(lo: Lowering, position: int, name: str, example: Any) -> tuple[Value, Any]:
    def leaf(path: Any, aval: Aval) -> Var:
        var = Var(aval, name if not path else _leaf_name(name, path))

        def again(args: tuple[Any, ...]) -> Any:
            here = args[position]
            for how, what in path:
                here = here[what] if how == "item" else getattr(here, what)
            return here

        lo.paths[var] = again
        return var

    return abstract(example, leaf, lo.state, lo.examples, (), lo.level)


def _leaf_name(name: str, path: Any) -> str:
    """`params["W"]` is shown as W, `state[0]` as state_0."""
    last = path[-1][1]
    if isinstance(last, str) and last.isidentifier():
        return last
    return "_".join([name, *(str(what) for _, what in path if str(what).isidentifier() or str(what).isdigit())])


def result_tree(lo: Lowering, frame: Frame, node: Any, value: Value) -> tuple[list[Any], Any]:
    """The leaves of the result, and its structure."""
    outputs: list[Any] = []

    def tree(value: Value) -> Any:
        content = lo.state.heap[value.cell] if isinstance(value, Ref) else value
        match content:
            case Attributes(cls=queues.Queue):
                pass
            case Tuple(items=items, cls=cls):
                return Tree(cls, tuple(range(len(items))), tuple(tree(v) for v in items))
            case Items(items=items):
                return Tree(list, tuple(range(len(items))), tuple(tree(v) for v in items))
            case Entries(entries=entries):
                return Tree(dict, tuple(k for k, _ in entries), tuple(tree(v) for _, v in entries))
            case Attributes(cls=cls, entries=entries, whole=None):
                return Tree(cls, tuple(k for k, _ in entries), tuple(tree(v) for _, v in entries))
        atom = lo.atom(value, frame, node)
        outputs.append(atom)
        return atom

    return outputs, tree(value)


def lower_rule(rule: Callable[..., Any], args: list[Value], kwargs: dict[str, Value], lo: Lowering) -> Value:
    """Lower a rule's own source in place, with these arguments."""
    if isinstance(rule, functools.partial):
        return calls.call(lo, _rule_frame(rule.func), None, Const(rule), args, kwargs)
    fn = function_of(rule)
    return spliced.inline(lo, _rule_frame(fn), None, Const(fn), args, kwargs)


def lower_atom(value: Value, lo: Lowering) -> Any:
    return lo.atom(value, _rule_frame(lower_atom), None)


def _rule_frame(fn: Any) -> Frame:
    return Frame(0, fn.__name__, _RULE_SOURCE, None, fn, None, in_rule=True)


class _NoSource:
    """Stands for the source of a rule: errors in it are placed where the primitive stands."""

    file = "<rule>"
    lines: tuple[str, ...] = ()
    function = "<rule>"

    def spot(self, node: Any) -> None:
        return None

    def text(self, node: Any) -> str:
        return ""

    def place(self, node: Any) -> None:
        return None


_RULE_SOURCE: Any = _NoSource()
