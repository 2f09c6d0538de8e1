"""Derivatives inside a function that is lowered: `grad(g)(x)` becomes statements of the program.

The inner function is lowered where it is called, for what is known of its arguments there.  Those that it
is differentiated by are new values, so that nothing else depends on them:

    x * grad(lambda y: x + y)(x)          y = identity(x)        what x is elsewhere has no part in it
                                          w1 = add(x, y)
                                          y_bar = 1.0

The operator (`Reverse`, say) makes of these statements those of the derivative, which take their place.
They are statements like any others, and are differentiated again with the rest.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from . import runtime
from .arguments import Wrt, positions
from .avals import differentiable, is_known, shape_of
from .errors import AdjointError, WrongArgument
from .ir import (
    Apply, At, Atom, Block, Callee, Const, Function, If, Loop, Param, Stmt, Tree, Var, blocks, free, leaves, map_leaves,
    refresh, substitute,
)
from .lower import calls, result_tree
from .lower.context import Frame, Lowering
from .lower.meaning import Meant
from .lower.values import Attributes, Closure, Entries, Items, Method, Partial, Ref, Tuple, Value
from .reverse import Place
from .sweeps import sweeps

Operator = Callable[[Function, list[Place] | Place, bool], Function]


@dataclasses.dataclass(frozen=True)
class Derivative(Meant):
    """The derivative of its first argument, at the others."""

    operator: Operator
    wrt: Wrt

    def meaning(self, lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        return derivative(lo, frame, node, self.operator, self.wrt, args[0], args[1:], kwargs)


def derivative(
    lo: Lowering, frame: Frame, node: Any, operator: Operator, wrt: Wrt, fn: Value, args: Sequence[Value],
    kwargs: dict[str, Value],
) -> Value:
    """What the derived function gives for these arguments."""
    program = inner(lo, frame, node, fn, wrt, args, kwargs)
    places: Any = list(range(len(program.params)))
    try:
        made = operator(program, places if isinstance(wrt, tuple | list) else places[0], False)
    except AdjointError as error:
        raise error.at(frame.source.spot(node)) from None
    lo.stmts += map(within, made.body.stmts)
    return value_of(lo, frame, node, made.result)


def within(stmt: Stmt) -> Stmt:
    """The statement of a derivative as one of the program that it is a part of."""
    at = dataclasses.replace(stmt.at, sweep="inner") if stmt.at.sweep == "reverse" else stmt.at
    match stmt:
        case Apply():
            return dataclasses.replace(stmt, at=at)
        case If():
            return dataclasses.replace(stmt, then=_within(stmt.then), orelse=_within(stmt.orelse), at=at)
        case Loop():
            return dataclasses.replace(stmt, test=stmt.test and _within(stmt.test), body=_within(stmt.body), at=at)


def _within(block: Block) -> Block:
    return Block(block.params, tuple(map(within, block.stmts)), block.results)


# --- the inner function ---------------------------------------------------------------------------


def inner(
    lo: Lowering, frame: Frame, node: Any, fn: Value, wrt: Wrt, args: Sequence[Value], kwargs: dict[str, Value]
) -> Function:
    """The program of `fn` at these arguments; its parameters are those that it is differentiated by."""
    sig = signature_of(lo, frame, node, fn)
    try:
        bound = sig.bind(*args, **kwargs)
    except TypeError as error:
        raise lo.refuse(frame, node, f"This call does not fit the function: {error}.") from None
    params = []
    try:
        places = positions(None, sig, wrt)
    except AdjointError as error:
        raise error.at(frame.source.spot(node)) from None
    names = list(sig.parameters)
    for place in places:
        k, item = place if isinstance(place, tuple) else (place, None)
        name = names[k]
        if name not in bound.arguments or (item is not None and item >= len(bound.arguments[name])):
            raise lo.refuse(frame, node, f"The derivative is with respect to `{name}`, which is not given here.", "Pass it.")
        given = bound.arguments[name] if item is None else bound.arguments[name][item]
        copy, tree = renewed(lo, frame, node, given, name)
        if not any(isinstance(a, Var) and differentiable(a.aval) for a in leaves(tree)):
            raise WrongArgument(
                f"The derivative is with respect to `{name}`, which holds no float here.", "Pass floats.",
                frame.source.spot(node),
            )
        params.append(Param(name, tree))
        if item is None:
            bound.arguments[name] = copy
        else:
            rest = bound.arguments[name]
            bound.arguments[name] = (*rest[:item], copy, *rest[item + 1 :])
    start = len(lo.stmts)
    result = calls.call(lo, frame, node, fn, list(bound.args), dict(bound.kwargs))
    outputs, tree = result_tree(lo, frame, node, result)
    stmts = tuple(lo.stmts[start:])
    del lo.stmts[start:]
    body = Block(tuple(v for p in params for v in leaves(p.tree) if isinstance(v, Var)), stmts, tuple(outputs))
    function = Function("inner", tuple(params), body, tree, frame.owner.fn)
    if any(c.function is None for c in called(body)):
        raise lo.refuse(
            frame, node, "This differentiates a function that is calling itself here.",
            "Differentiate it outside, and call the derivative.",
        )
    return function


def called(block: Block) -> list[Callee]:
    """The functions of the program that a block calls itself."""
    found = [s.fn for s in block.stmts if isinstance(s, Apply) and isinstance(s.fn, Callee)]
    return found + [c for s in block.stmts for b in blocks(s) for c in called(b)]


def signature_of(lo: Lowering, frame: Frame, node: Any, fn: Value) -> inspect.Signature:
    """The parameters of something that is called; defaults are marked, and left to the call."""
    kinds = inspect.Parameter
    match fn:
        case Closure():
            a = fn.node.args
            n, optional = len(a.posonlyargs) + len(a.args), len(fn.defaults)
            made = [
                kinds(arg.id, kinds.POSITIONAL_ONLY if k < len(a.posonlyargs) else kinds.POSITIONAL_OR_KEYWORD,
                      default=None if k >= n - optional else kinds.empty)
                for k, arg in enumerate((*a.posonlyargs, *a.args))
            ]
            if a.vararg is not None:
                made.append(kinds(a.vararg.id, kinds.VAR_POSITIONAL))
            made += [
                kinds(arg.id, kinds.KEYWORD_ONLY, default=None if arg.id in fn.kw_defaults else kinds.empty)
                for arg in a.kwonlyargs
            ]
            if a.kwarg is not None:
                made.append(kinds(a.kwarg.id, kinds.VAR_KEYWORD))
            return inspect.Signature(made)
        case Const(value=value) if callable(value):
            try:
                return getattr(value, "__signature__", None) or inspect.signature(value)
            except (TypeError, ValueError):
                pass
        case Method():
            sig = signature_of(lo, frame, node, fn.fn)
            return sig.replace(parameters=list(sig.parameters.values())[1:])
        case Partial(fn=Const(value=Derivative())):
            return signature_of(lo, frame, node, fn.args[0])
        case Partial():
            sig = signature_of(lo, frame, node, fn.fn)
            left = list(sig.parameters.values())[len(fn.args) :]
            return sig.replace(parameters=[p for p in left if p.name not in fn.kwargs])
        case Ref(cell) if isinstance(content := lo.state.heap[cell], Attributes):
            call: Any = inspect.getattr_static(content.cls, "__call__", None)
            return signature_of(lo, frame, node, Method(fn, call if isinstance(call, Closure) else Const(call)))
    raise lo.refuse(
        frame, node, "Which function is differentiated here is not known when the gradient is built.",
        "Choose it with a constant, or differentiate each.",
    )


def renewed(lo: Lowering, frame: Frame, node: Any, value: Value, name: str) -> tuple[Value, Any]:
    """The value again, as one of its own that nothing else depends on, and the tree of its leaves."""

    def leaf(atom: Atom) -> tuple[Atom, Any]:
        if isinstance(atom, Const) and not isinstance(atom.value, float | complex):
            return atom, atom
        new = Var(atom.aval, name)
        lo.stmts.append(Apply((new,), runtime.identity, (atom,), (), At()))
        return new, new

    def several(values: Sequence[Value]) -> tuple[list[Value], tuple[Any, ...]]:
        made = [renewed(lo, frame, node, v, name) for v in values]
        return [v for v, _ in made], tuple(t for _, t in made)

    match value:
        case Var() | Const():
            return leaf(value)
        case Tuple():
            parts, trees = several(value.items)
            return Tuple(tuple(parts), value.cls), Tree(value.cls, tuple(range(len(trees))), trees)
        case Ref(cell):
            content = lo.state.heap[cell]
            match content:
                case Items():
                    parts, trees = several(content.items)
                    return lo.cell(Items(tuple(parts))), Tree(list, tuple(range(len(trees))), trees)
                case Entries():
                    keys = [k for k, _ in content.entries]
                    parts, trees = several([v for _, v in content.entries])
                    return lo.cell(content.having(zip(keys, parts, strict=True))), Tree(dict, tuple(keys), trees)
                case Attributes(whole=None) if dataclasses.is_dataclass(content.cls):
                    keys = [k for k, _ in content.entries]
                    parts, trees = several([v for _, v in content.entries])
                    entries = tuple(zip(keys, parts, strict=True))
                    return lo.cell(Attributes(content.cls, entries)), Tree(content.cls, tuple(keys), trees)
                case Attributes():
                    return value, Const(None)
            atom, tree = leaf(lo.atom(value, frame, node))
            return lo.cell(atom), tree
    return value, Const(None)


def value_of(lo: Lowering, frame: Frame, node: Any, tree: Any) -> Value:
    """A tree of atoms as what lowering works with."""
    if not isinstance(tree, Tree):
        return lo.value(tree, (), frame, node) if isinstance(tree, Var) else tree
    parts = [value_of(lo, frame, node, part) for part in tree.parts]
    if issubclass(tree.cls, tuple):
        return Tuple(tuple(parts), tree.cls)
    if tree.cls is list:
        return lo.cell(Items(tuple(parts)))
    entries = tuple(zip(tree.keys, parts, strict=True))
    return lo.cell(Entries(entries) if tree.cls is dict else Attributes(tree.cls, entries))


# --- pullbacks ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Pulling(Meant):
    """The reverse half of a `vjp` inside a function; its first arguments are what it reads of the other half."""

    block: Block  # its parameters: what it reads, then the seeds
    result: Any  # the tree of the value: what a seed must be like
    seed: Any  # the tree of its own variables
    gradients: Any
    wanted: tuple[bool, ...]

    def meaning(self, lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        if kwargs or len(args) != len(self.block.params) - len(_variables(self.seed)) + 1:
            raise lo.refuse(frame, node, "A pullback takes one argument, the cotangent of the value.")
        tape = [lo.atom(a, frame, node) for a in args[:-1]]
        _, given = result_tree(lo, frame, node, args[-1])
        seeds = matched(lo, frame, node, given, self.result, self.seed, "seed")
        copy = refresh(self.block)
        body = substitute(Block((), copy.stmts, copy.results), dict(zip(copy.params, (*tape, *seeds), strict=True)))
        lo.stmts += map(within, body.stmts)
        of = dict(zip(self.block.results, body.results, strict=True))
        found = iter(self.gradients.parts)
        return Tuple(tuple(
            value_of(lo, frame, node, map_leaves(lambda a: of.get(a, a), next(found))) if wanted else Const(None)
            for wanted in self.wanted
        ))


def matched(lo: Lowering, frame: Frame, node: Any, given: Any, like: Any, takes: Any, path: str) -> list[Atom]:
    """The leaves of a cotangent or tangent for those of `takes` that are variables; zero where None is given.

    `like` is the tree of the value that it belongs to.
    """
    none = isinstance(given, Const) and given.value is None
    if isinstance(like, Tree):
        if not none and not (isinstance(given, Tree) and given.cls is like.cls and given.keys == like.keys):
            raise WrongArgument(
                f"`{path}` is not of the structure of the value, a {like.cls.__name__} of {len(like.parts)}.",
                "Pass one for each part of the value, or None.", frame.source.spot(node),
            )
        parts = [given] * len(like.parts) if none else given.parts
        return [
            atom for k, g, part, take in zip(like.keys, parts, like.parts, takes.parts, strict=True)
            for atom in matched(lo, frame, node, g, part, take, f"{path}[{k!r}]")
        ]
    if not isinstance(takes, Var):
        return []
    if none:
        zero = Var(takes.aval)
        lo.stmts.append(Apply((zero,), runtime.zeros_like, (like,), (), At()))
        return [zero]
    if isinstance(given, Tree):
        raise WrongArgument(f"`{path}` is a {given.cls.__name__}, and the value is not.", "", frame.source.spot(node))
    have, want = shape_of(given.aval), shape_of(takes.aval)
    if is_known(have) and is_known(want):
        if have != want:
            raise WrongArgument(
                f"`{path}` has shape {have}, and the value has {want}.",
                "It has the shape of the value that it belongs to.", frame.source.spot(node),
            )
        return [given]
    checked = Var(takes.aval)
    lo.stmts.append(Apply((checked,), runtime.of_shape, (given, like), (), At()))
    return [checked]


def _variables(tree: Any) -> tuple[Var, ...]:
    return tuple(a for a in leaves(tree) if isinstance(a, Var))


def pulled(
    lo: Lowering, frame: Frame, node: Any, fn: Value, args: Sequence[Value], has_aux: bool
) -> Value:
    """`vjp(fn, *args)` inside a function."""
    wanted = tuple(_has_float(lo, a) for a in args)
    program = inner(lo, frame, node, fn, tuple(k for k, on in enumerate(wanted) if on), args, {})
    try:
        made = sweeps(program, list(range(len(program.params))), seed="given", has_aux=has_aux)
    except AdjointError as error:
        raise error.at(frame.source.spot(node)) from None
    lo.stmts += map(within, made.forward)
    (seed,) = made.seeds
    seeds = _variables(seed.tree)
    block = Block((), made.backward, tuple(leaves(made.gradients)))
    tape = [v for v in free(block) if v not in seeds]
    block = Block((*tape, *seeds), block.stmts, block.results)
    pulling = Const(Pulling(block, made.result, seed.tree, made.gradients, wanted))
    pullback = Partial(pulling, tuple(tape), {})
    value = value_of(lo, frame, node, made.result)
    if not has_aux:
        return Tuple((value, pullback))
    return Tuple((value, pullback, value_of(lo, frame, node, made.aux)))


def pushed(
    lo: Lowering, frame: Frame, node: Any, operator: Operator, fn: Value, args: Sequence[Value], tangents: Sequence[Value]
) -> Value:
    """`jvp(fn, args, tangents)` inside a function; `operator` adds a parameter for each tangent."""
    if len(args) != len(tangents):
        raise lo.refuse(frame, node, f"There are {len(args)} arguments and {len(tangents)} tangents.", "Pass one for each.")
    moving = [k for k, t in enumerate(tangents) if not (isinstance(t, Const) and t.value is None)]
    program = inner(lo, frame, node, fn, tuple(moving), args, {})
    try:
        made = operator(program, list(range(len(program.params))), False)
    except AdjointError as error:
        raise error.at(frame.source.spot(node)) from None
    env: dict[Var, Atom] = {}
    for k, param, given in zip(moving, program.params, made.params[len(program.params) :], strict=True):
        _, tangent = result_tree(lo, frame, node, tangents[k])
        dots = [v for v in leaves(given.tree) if isinstance(v, Var)]
        env.update(zip(dots, matched(lo, frame, node, tangent, param.tree, given.tree, f"tangents[{k}]"), strict=True))
    body = substitute(Block((), made.body.stmts, made.body.results), env)
    lo.stmts += map(within, body.stmts)
    of = dict(zip(made.body.results, body.results, strict=True))
    return value_of(lo, frame, node, map_leaves(lambda a: of.get(a, a), made.result))


def _has_float(lo: Lowering, value: Value) -> bool:
    match value:
        case Var() | Const():
            return differentiable(value.aval) and not (isinstance(value, Const) and isinstance(value.value, type))
        case Tuple():
            return any(_has_float(lo, v) for v in value.items)
        case Ref(cell):
            content = lo.state.heap[cell]
            match content:
                case Items():
                    return any(_has_float(lo, v) for v in content.items)
                case Entries() | Attributes(whole=None):
                    return any(_has_float(lo, v) for _, v in content.entries)
                case Var():
                    return differentiable(content.aval)
    return False


def constant(lo: Lowering, frame: Frame, node: Any, kwargs: dict[str, Value], name: str, default: Any) -> Any:
    """An option of an operator, which must be known when the program is built."""
    value = kwargs.get(name, Const(default))
    found = result_tree(lo, frame, node, value)[1] if not isinstance(value, Const) else value
    if isinstance(found, Tree) and all(isinstance(p, Const) for p in found.parts):
        return tuple(p.value for p in found.parts)
    if not isinstance(found, Const):
        raise lo.refuse(frame, node, f"`{name}` is not known when the gradient is built.", "Write it as a constant.")
    return found.value
