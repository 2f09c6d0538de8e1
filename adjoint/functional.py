"""Derivatives of the functions that primitives are passed, for the rules of those primitives.

A rule says `pull(f, (x, *args), g)`.  Lowering, which comes upon it when the rule is spliced in, knows which function
of the program f is; its pullback is made here, as another function of the program, and called.  What the rule need
give no cotangent for (`Lowering.idle`) has none.
"""

from __future__ import annotations

import dataclasses
import inspect
import operator
from typing import Any

import numpy as np

from . import runtime
from .avals import FLOAT, NONE, Arr, Obj, differentiable
from .errors import Unsupported
from .forward import forward
from .ir import Apply, At, Atom, Block, Callee, Const, Function, Var, free
from .lower import calls, recursion
from .lower.context import Frame, Lowering
from .lower.specials import special
from .lower.values import Closure, Method, Tuple, Value
from .reverse import spot_of
from .sweeps import reverse
from .rules import functional
from .rules.registry import APPLIED, HIGHER, Evaluated, Higher, PartOf


def function_of(value: Value) -> Function:
    if not (isinstance(value, Const) and isinstance(value.value, Callee)):
        raise Unsupported("A function that is only known at run time is passed here.", "Pass a function of your own.")
    function = value.value.function
    assert function is not None
    return function


def derived(callee: Callee, suffix: str, key: Any, make: Any) -> Callee:
    """A function made from another, once."""
    made = callee.derived.get((suffix, key))
    if made is None:
        made = callee.derived[suffix, key] = Callee(f"{callee.__name__}_{suffix}")
        made.function = make()
    return made


def apply(lo: Lowering, fn: Callee, args: tuple[Atom, ...]) -> list[Var]:
    assert fn.function is not None
    outs = [Var(a.aval) for a in fn.function.body.results]
    lo.stmts.append(Apply(tuple(outs), fn, args, (), At()))
    return outs


def pulled(lo: Lowering, frame: Frame, node: Any, args: list[Value], wanted: Any) -> list[Value]:
    """The cotangents of the arguments in `wanted` that there is one for; None for the others."""
    f, where, g = args
    function = function_of(f)
    assert isinstance(where, Tuple)
    atoms = tuple(lo.atom(v, frame, node) for v in where.items)
    places = [
        k for k, (a, p) in enumerate(zip(atoms, function.body.params, strict=True))
        if k in wanted and isinstance(a, Var) and a not in lo.idle and differentiable(p.aval)
    ]
    found: list[Value] = [Const(None)] * len(atoms)
    if places:
        callee = f.value  # type: ignore[union-attr]
        key = tuple(places)
        wrt: Any = list(key) if len(key) > 1 else key[0]
        made = derived(callee, "pullback", wrt if len(key) == 1 else key, lambda: reverse(function, wrt, seed="given", value=False))
        outs = apply(lo, made, (*atoms, lo.atom(g, frame, node)))
        for k, out in zip(places, outs, strict=True):
            found[k] = lo.value(out, (), frame, node)
    return found


@special(functional.pull)
def _pull(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return Tuple(tuple(pulled(lo, frame, node, args, range(10**6))))


@special(functional.pull_first)
def _pull_first(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return pulled(lo, frame, node, args, (0,))[0]


@special(functional.pull_rest)
def _pull_rest(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return Tuple(tuple(pulled(lo, frame, node, args, range(1, 10**6))[1:]))


@special(functional.push)
def _push(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    f, where, tangents = args
    function = function_of(f)
    assert isinstance(where, Tuple) and isinstance(tangents, Tuple)
    atoms = tuple(lo.atom(v, frame, node) for v in where.items)
    dots = [lo.atom(v, frame, node) for v in tangents.items]
    key = tuple(k for k, d in enumerate(dots) if not (isinstance(d, Const) and d.value is None))
    if not key:
        return Const(None)
    made = derived(f.value, "jvp", key, lambda: forward(function, list(key), value=False))  # type: ignore[union-attr]
    assert made.function is not None
    if isinstance(result := made.function.body.results[0], Const) and result.value is None:
        return Const(None)
    outs = apply(lo, made, (*atoms, *(dots[k] for k in key)))
    return lo.value(outs[0], (), frame, node)


@special(functional.gradient_of)
def _gradient_of(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    function = function_of(args[0])
    callee = args[0].value  # type: ignore[union-attr]
    return Const(derived(callee, "gradient", (), lambda: reverse(function, 0, seed="one", value=False)))




_FLOAT64 = Arr(np.dtype(float), (), True)


@special(functional.cost_of)
def _cost_of(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    function = function_of(args[0])
    callee = args[0].value  # type: ignore[union-attr]

    def make() -> Function:
        params = [Var(p.aval, p.hint) for p in function.body.params]
        residual = function.body.results[0].aval
        found, square, total, half = (Var(a) for a in (residual, residual, _FLOAT64, _FLOAT64))
        stmts = (
            Apply((found,), callee, tuple(params)),
            Apply((square,), operator.mul, (found, found)),
            Apply((total,), np.sum, (square,)),
            Apply((half,), operator.mul, (Const(0.5), total)),
        )
        named = tuple(dataclasses.replace(p, tree=v) for p, v in zip(function.params, params, strict=True))
        return Function("cost", named, Block(tuple(params), stmts, (half,)), half)

    return Const(derived(callee, "cost", (), make))


@special(functional.value_of)
def _value_of(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    f, where = args
    function_of(f)
    assert isinstance(where, Tuple)
    atoms = tuple(lo.atom(v, frame, node) for v in where.items)
    return lo.value(apply(lo, f.value, atoms)[0], (), frame, node)  # type: ignore[union-attr]


@special(functional.define)
def _define(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    f, where = args
    assert isinstance(where, Tuple) and isinstance(f, Const | Closure)
    atoms = [Var(FLOAT) if _is_number(v) else lo.atom(v, frame, node) for v in where.items]
    params = [Var(a.aval) for a in atoms]
    own = [v if _is_known(v) else p for v, p in zip(where.items, params, strict=True)]  # what is known stays known
    idle = lo.idle
    lo.idle |= {p for a, p in zip(atoms, params, strict=True) if a in idle}
    outer_state, outer_stmts = lo.state, lo.stmts
    lo.state, lo.stmts = outer_state.copy(), []
    try:
        result = calls.call(lo, frame, node, f, [lo.value(a, (), frame, node) if isinstance(a, Var) else a for a in own], {})
        body = Block(tuple(params), tuple(lo.stmts), (lo.atom(result, frame, node),))
    finally:
        lo.state, lo.stmts, lo.idle = outer_state, outer_stmts, idle
    assert not free(body)
    if isinstance(body.results[0], Const) and body.results[0].value is None:
        return Const(None)
    callee = Callee(f.name if isinstance(f, Closure) else f.value.__name__)
    callee.function = recursion.closed(callee, body, [])
    return Const(callee)


def _is_known(value: Value) -> bool:
    if isinstance(value, Tuple):
        return all(map(_is_known, value.items))
    return isinstance(value, Const) and not _is_number(value)


def _is_number(value: Value) -> bool:
    return isinstance(value, Const) and value.value is functional.NUMBER


@special(functional.part)
def _part(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    fn, name, result, given = args
    assert isinstance(fn, Const) and isinstance(name, Const) and isinstance(given, Tuple)
    spec = HIGHER[fn.value]
    atoms = [lo.atom(v, frame, node) for v in (result, *given.items)]
    named = tuple((k, lo.atom(v, frame, node)) for k, v in kwargs.items())
    avals = {k: a.aval for k, a in (*zip(spec.positional, atoms[1:], strict=False), *named)}
    assert spec.parts is not None
    out = Var(spec.parts[name.value](avals))
    lo.stmts.append(Apply((out,), PartOf(fn.value, name.value), tuple(atoms), named, At()))
    return lo.value(out, (), frame, node)


@special(functional.evaluated)
def _evaluated(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    made, given, data = (lo.atom(args[0], frame, node), *args[1:3])
    assert isinstance(made.aval, Obj) and made.aval.cls is not None and isinstance(given, Tuple) and isinstance(data, Tuple)
    atoms = [lo.atom(v, frame, node) for v in (*given.items, *data.items)]
    out = Var(lo.atom(args[3], frame, node).aval)
    lo.stmts.append(Apply((out,), Evaluated(made.aval.cls, len(given.items)), (made, *atoms), (), At()))
    return lo.value(out, (), frame, node)


@special(functional.refuse_active)
def _refuse_active(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    atom, why = lo.atom(args[0], frame, node), args[1]
    assert isinstance(why, Const)
    if isinstance(atom, Var) and atom not in lo.idle:
        raise Unsupported(f"There is no such derivative: {why.value}.")
    return Const(None)


@special(functional.unsupported)
def _unsupported(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    given, what, advice = [lo.atom(a, frame, node) for a in (*args, Const(""))][:3]
    assert isinstance(what, Const) and isinstance(advice, Const)
    text = f"There is no derivative of {what.value}."
    if isinstance(given, Const):
        if given.value:
            raise Unsupported(text, advice.value, None if frame.in_rule else frame.source.spot(node))
        return Const(None)
    spot = frame.source.spot(node) if not frame.in_rule else None if lo.ruled is None else spot_of(lo.ruled)
    told: list[Value] = [given, Const(f"{text}\n{advice.value}".rstrip()), Const(spot.show() if spot is not None else "")]
    return lo.apply(runtime.refuse, told, frame=frame, node=node, effect=True, aval=NONE)


@special(functional.arity)
def _arity(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    match args[0]:
        case Closure(node=given) if given.args.vararg is None:
            return Const(len(given.args.posonlyargs) + len(given.args.args))
        case Method(fn=fn):
            found = _arity(lo, frame, node, [fn], {})
            assert isinstance(found, Const)
            return Const(found.value - 1)
        case Const(value=f) if callable(f):
            plain = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
            kinds = [p.kind for p in inspect.signature(f).parameters.values()]
            if inspect.Parameter.VAR_POSITIONAL not in kinds:
                return Const(sum(kind in plain for kind in kinds))
    raise lo.refuse(frame, node, "How many parameters this function takes is not known.", "Say where to start: `p0=`.")


@special(functional.asked)
def _asked(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    def asked(value: Value) -> bool:
        if isinstance(value, Tuple):
            return any(map(asked, value.items))
        atom = lo.atom(value, frame, node)
        return isinstance(atom, Var) and atom not in lo.idle and differentiable(atom.aval)

    return Const(asked(args[0]))


@special(functional.applied)
def _applied(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    primitive, f, given, extra = args
    function = function_of(f)
    assert isinstance(primitive, Const) and isinstance(f, Const) and isinstance(given, Tuple) and isinstance(extra, Tuple)
    first = [f, *(lo.atom(v, frame, node) for v in given.items)]
    names = list(inspect.signature(primitive.value).parameters)[1:]
    avals = {"f": function.body.results[0].aval, **{k: a.aval for k, a in zip(names, first[1:], strict=False)}}
    out = Var(APPLIED[primitive.value](avals))
    atoms = [lo.atom(v, frame, node) for v in extra.items]
    lo.stmts.append(Apply((out,), Higher(primitive.value, len(first)), (*first, *atoms), (), At()))
    return lo.value(out, (), frame, node)
