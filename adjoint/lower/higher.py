"""Primitives that are passed a function: `brentq(f, a, b)`, `quad(f, 0, x)`, `solve_ivp(f, …)`.

The function is lowered as one of the program (a `Callee`) of its own arguments and of everything that it reads
around it; these become arguments of the primitive, so that a cotangent can flow to them:

    def solve(a):                                   g(x, a):
        def g(x): return x**3 - a          ->           return x**3 - a
        return brentq(g, 0.0, 10.0)                 w1 = brentq(g, 0.0, 10.0, args=(a,))

Rules of such primitives get at the derivatives of the function by `pull` and its like (`adjoint.functional`).
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..avals import ANY, Obj
from ..errors import AdjointError
from ..ir import Apply, At, Atom, Block, Callee, Const, Var, free, has_effect
from ..rules.registry import HIGHER, Calls, Evaluated, Higher, PartOf
from . import calls, recursion
from .context import Frame, Lowering
from .values import Attributes, Cell, Choice, Closure, Items, Method, Partial, Ref, State, Tuple, Value


def call(
    lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value], kwargs: dict[str, Value]
) -> Value | None:
    """The call of a primitive that is passed functions; None where it is passed something else."""
    spec = HIGHER[fn]
    try:
        given = inspect.signature(fn).bind(*args, **kwargs).arguments
    except TypeError:  # let it be raised when the generated code runs
        return None
    rest = given.pop("options", {}) if "options" in inspect.signature(fn).parameters and _is_open(fn) else {}
    given = {**given, **rest}
    names = [n for n in (spec.positional[0], *spec.others) if _is_function(lo, given.get(n))]
    if spec.positional[0] not in names:
        return None
    for option, value in given.items():
        if option not in (*names, "callback") and _is_function(lo, value):
            raise lo.refuse(frame, node, f"`{fn.__name__}` with a function for `{option}=` is not understood.", "Leave it out.")
    for option in spec.plain:
        value = None if option in names else given.get(option)
        if value is not None and not (isinstance(value, Const) and not value.value):
            raise lo.refuse(frame, node, f"`{fn.__name__}` with `{option}=` is not understood.", "Leave it out.")
    full = given.get("full_output")
    if spec.full is not None and full is not None:
        if not isinstance(full, Const):
            raise lo.refuse(frame, node, "Whether `full_output=` holds is not known when the gradient is built.", "Write True.")
        if not full.value:
            del given["full_output"]
    extra = _extra(lo, given.pop("args", Tuple(())))
    atoms = {k: lo.atom(v, frame, node) for k, v in given.items() if k not in names}
    for k, a in atoms.items():
        if a.aval == ANY and k in spec.positional:
            raise lo.refuse(
                frame, node, f"What `{k}` is here is not known when the gradient is built.", "Make it with `np.array` or `float`."
            )
    avals = {k: a.aval for k, a in atoms.items()}
    try:
        kinds = spec.kinds(avals)
    except AdjointError as error:
        raise error.at(frame.source.spot(node)) from None
    lifted = [_Lifted(lo, frame, node, fn, spec, given[n], kinds, extra, n == names[0]) for n in names]
    captured = list(dict.fromkeys(v for one in lifted for v in free(one.body)))
    functions = {n: one.closed(captured) for n, one in zip(names, lifted, strict=True)}
    handed: list[Atom] = []
    for value in extra:
        recursion.passed(lo, value, lo.state.heap, handed)
    handed += captured
    defaults = inspect.signature(fn).parameters
    first = [Const(functions[names[0]]), *(atoms.pop(n, Const(defaults[n].default)) for n in spec.positional[1:])]
    options = {**atoms, **{n: Const(functions[n]) for n in names[1:]}}
    place = At(None if frame.in_rule else frame.source.place(node))
    effect = any(has_effect(one.body) for one in lifted)
    several = spec.full is not None and "full_output" in options
    aval = Obj(tuple) if several else Obj(spec.result) if spec.parts is not None else spec.result(avals)
    out = Var(aval)
    lo.stmts.append(Apply((out,), Higher(fn, len(first)), (*first, *handed), tuple(options.items()), place, effect))
    if several:
        assert spec.full is not None
        items = [Var(spec.result(avals)), *(Var(ANY) for _ in range(1, spec.full(avals)))]
        for number, item in enumerate(items):
            lo.stmts.append(Apply((item,), PartOf(fn, number), (out, *first, *handed), tuple(options.items()), place))
        return Tuple(tuple(lo.value(item, (), frame, node) for item in items))
    if spec.parts is None:
        return lo.value(out, (), frame, node)
    entries = []
    for name, kind in spec.parts.items():
        part = Var(kind(avals))
        given_too = tuple(options.items())
        lo.stmts.append(Apply((part,), PartOf(fn, name), (out, *first, *handed), given_too, place))
        entries.append((name, lo.value(part, (), frame, node)))
    return lo.cell(Attributes(spec.result, tuple(entries), out))


def _is_open(fn: Any) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(fn).parameters.values())


def _is_function(lo: Lowering, value: Value | None) -> bool:
    """Is it a function, and not data or a string?"""
    if isinstance(value, Closure | Method | Partial | Choice):
        return True
    if isinstance(value, Ref):
        content = lo.state.heap[value.cell]
        return isinstance(content, Attributes) and callable(content.cls)
    return isinstance(value, Const) and callable(value.value)


def _extra(lo: Lowering, args: Value) -> list[Value]:
    """What `args=` hands on: a tuple, or one value."""
    if isinstance(args, Const) and args.value is None:
        return []
    if isinstance(args, Const) and isinstance(args.value, tuple):
        return list(map(Const, args.value))
    return list(args.items) if isinstance(args, Tuple) else [args]


class _Lifted:
    """A function lowered on its own, not yet closed over what it reads."""

    def __init__(
        self, lo: Lowering, frame: Frame, node: Any, primitive: Any, spec: Calls, function: Value,
        kinds: tuple[Any, ...], extra: list[Value], first: bool,
    ) -> None:
        outer_state, outer_stmts = lo.state, lo.stmts
        lo.state, lo.stmts = outer_state.copy(), []
        try:
            own = [Var(kind, hint) for kind, hint in zip(kinds, _parameters(function), strict=False)]
            params = list(own)
            values = [lo.value(v, (), frame, node) for v in own]
            cells: dict[Cell, Any] = {}
            values += [recursion.entered(lo, v, params, cells) for v in extra]
            before = lo.state.copy()
            result = calls.call(lo, frame, node, function, values, {})
            if lo.state.dead:
                raise lo.refuse(frame, node, "This function never returns.")
            _check_unchanged(lo, frame, node, primitive, before, {v.cell for v in values if isinstance(v, Ref)})
            content = lo.state.heap[result.cell] if isinstance(result, Ref) else result
            if isinstance(content, Tuple | Items):
                result = lo.apply(np.array, [result], frame=frame, node=node)
            if spec.returns == "array" and first:
                result = lo.apply(np.atleast_1d, [result], frame=frame, node=node)
            self.body = Block(tuple(params), tuple(lo.stmts), (lo.atom(result, frame, node),))
        except AdjointError as error:
            raise error.at(frame.source.spot(node)) from None
        finally:
            lo.state, lo.stmts = outer_state, outer_stmts
        self.name = _name(function)

    def closed(self, captured: list[Var]) -> Callee:
        callee = Callee(self.name)
        callee.function = recursion.closed(callee, self.body, captured)
        return callee


def _name(function: Value) -> str:
    word: Any = None
    match function:
        case Closure(name=name):
            word = name
        case Const(value=value):
            word = getattr(value, "__name__", None)
        case Method(fn=fn) | Partial(fn=fn):
            word = _name(fn)
    return word if isinstance(word, str) and word.isidentifier() else "function"


def _parameters(function: Value) -> list[str | None]:
    """What the user calls the function's arguments."""
    names: list[Any] = []
    match function:
        case Closure(node=node):
            names = [a.id for a in (*node.args.posonlyargs, *node.args.args)]
        case Const(value=value) if hasattr(value, "__code__"):
            names = list(value.__code__.co_varnames[: value.__code__.co_argcount])
    return [*names, *[None] * 8]


def _check_unchanged(lo: Lowering, frame: Frame, node: Any, fn: Any, before: State, own: set[Cell]) -> None:
    """How often the function is called is not known, and so it must not change anything."""
    for cell, content in before.heap.items():
        if cell not in own and lo.state.heap.get(cell) is not content:
            what = cell.hint or cell.argument or "something outside it"
            raise lo.refuse(
                frame, node, f"The function that `{fn.__name__}` calls changes `{what}` in place.",
                "Return what it has to say.",
            )
    for key, value in before.names.items():
        if key[0] != -1 and lo.state.names.get(key) is not value:
            raise lo.refuse(
                frame, node, f"The function that `{fn.__name__}` calls assigns `{key[1]}` of the function around it.",
                "Return what it has to say.",
            )


# --- objects that are made of data, and called -----------------------------------------------------


def make(lo: Lowering, frame: Frame, node: Any, cls: type, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """The object; what it was made of is kept beside, for the derivatives of its calls."""
    out = Var(Obj(cls))
    atoms = tuple(lo.atom(a, frame, node) for a in args)
    named = tuple((k, lo.atom(a, frame, node)) for k, a in kwargs.items())
    lo.stmts.append(Apply((out,), cls, atoms, named, At(None if frame.in_rule else frame.source.place(node))))
    made = lo.cell(Attributes(cls, (), out))
    lo.made[made.cell] = complete(lo, frame, node, cls, atoms, dict(named))
    return made


def evaluate(
    lo: Lowering, frame: Frame, node: Any, made: Ref, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    content = lo.state.heap[made.cell]
    assert isinstance(content, Attributes) and content.whole is not None
    atoms = tuple(lo.atom(a, frame, node) for a in args)
    named = {k: lo.atom(a, frame, node) for k, a in kwargs.items()}
    given = complete(lo, frame, node, content.cls.__call__, (Const(None), *atoms), named)[1:]
    out = Var(ANY)
    place = At(None if frame.in_rule else frame.source.place(node))
    fn = Evaluated(content.cls, len(given))
    lo.stmts.append(Apply((out,), fn, (content.whole, *given, *lo.made[made.cell]), (), place))
    return lo.value(out, (), frame, node)


def complete(
    lo: Lowering, frame: Frame, node: Any, fn: Any, atoms: tuple[Atom, ...], named: dict[str, Atom]
) -> tuple[Atom, ...]:
    """The arguments by position, with the defaults of those that are not given."""
    signature = inspect.signature(fn)
    try:
        bound = signature.bind(*atoms, **named).arguments
    except TypeError as error:
        raise lo.refuse(frame, node, f"`{getattr(fn, '__name__', fn)}`: {error}.") from None
    return tuple(bound[k] if k in bound else Const(p.default) for k, p in signature.parameters.items())
