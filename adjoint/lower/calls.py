"""Calls: of primitives, of user functions (see `spliced`), of methods, classes and special builtins."""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import operator
import sys
import types
from collections.abc import Sequence
from typing import Any

import gast
import numpy as np

from .. import runtime
from ..avals import ANY, BOOL, Obj
from ..ir import UNDEF, Apply, At, Const, Var
from ..rules.registry import HIGHER, KEPT, MADE, OWNERS, STANDING, WRITTEN, lookup
from . import classes, control, expressions, frozen, higher, inplace, sequences, specials, spliced
from . import streams, ufuncs
from .abstract import is_namedtuple, signature
from .context import Frame, Lowering
from .guards import Guard
from .meaning import Meant
from .values import (
    TORN, Attributes, Choice, Closure, Entries, Items, Method, Partial, Ref, Tuple, Value,
)

_LIBRARIES = frozenset(sys.stdlib_module_names) - {"__main__"} | {"numpy", "scipy"}

REFLECTED = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "truediv", "pow": "pow", "floordiv": "floordiv",
    "mod": "mod", "matmul": "matmul", "and_": "and", "or_": "or", "xor": "xor", "lshift": "lshift", "rshift": "rshift",
}
_MIRROR = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


def call_node(lo: Lowering, frame: Frame, node: Any) -> Value:
    if isinstance(node.func, gast.Name) and node.func.id == "super" and not node.args:
        return specials.super_of(lo, frame, node)
    fn = expressions.expression(lo, frame, node.func)
    args = expressions.sequence(lo, frame, node.args)
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords:
        value = expressions.expression(lo, frame, keyword.value)
        if keyword.arg is None:
            kwargs.update(entries_of(lo, frame, node, value))
        else:
            kwargs[keyword.arg] = value
    return call(lo, frame, node, fn, args, kwargs)


def call(
    lo: Lowering, frame: Frame, node: Any, fn: Value, args: Sequence[Value], kwargs: dict[str, Value]
) -> Value:
    args = list(args)
    match fn:
        case Closure():
            return spliced.inline(lo, frame, node, fn, args, kwargs)
        case Method(self=Choice() as owner):
            return control.choose(
                lo, frame, node, owner.test,
                lambda: call(lo, frame, node, Method(owner.then, fn.fn), args, kwargs),
                lambda: call(lo, frame, node, Method(owner.orelse, fn.fn), args, kwargs),
            )
        case Method():
            return call(lo, frame, node, fn.fn, [fn.self, *args], kwargs)
        case Partial():
            return call(lo, frame, node, fn.fn, [*fn.args, *args], {**fn.kwargs, **kwargs})
        case Choice():
            return control.choose(
                lo, frame, node, fn.test,
                lambda: call(lo, frame, node, fn.then, args, kwargs),
                lambda: call(lo, frame, node, fn.orelse, args, kwargs),
            )
        case Const(value=value):
            return call_constant(lo, frame, node, value, args, kwargs)
        case Ref(cell) if cell in lo.made:
            return higher.evaluate(lo, frame, node, fn, args, kwargs)
        case Ref(cell) if isinstance(content := lo.state.heap[cell], Attributes):
            obj = object_with_rule(lo, content)
            if obj is not None:
                return primitive(lo, frame, node, obj, args, kwargs)
            return call_special(lo, frame, node, fn, "__call__", args, kwargs)
    return lo.apply(runtime.call, [fn, *args], kwargs, frame=frame, node=node, effect=True)


def object_with_rule(lo: Lowering, content: Attributes) -> Any:
    """The object from outside that this is, if it has a rule of its own: under a guard that it is still the same."""
    whole = content.whole
    obj = lo.examples.get(whole) if whole is not None else None
    if obj is None or lookup(obj) is None:
        return None
    read = lo.paths.get(whole)
    if read is not None:
        lo.guards.setdefault(("object", id(obj)), Guard(lambda args: str(id(read(args))), signature(str(id(obj)))))
    return obj


def call_constant(
    lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    """A call of something that is known when the gradient is built."""
    rule = lookup(fn)
    if isinstance(fn, Meant):
        value: Value = fn.meaning(lo, frame, node, args, kwargs)
        return value
    special = specials.find(fn) or inplace.ufunc_at(fn)
    if special is not None:
        if fn in streams.TAKE_ALL:
            args = [streams.taken(lo, frame, node, a) for a in args]
        result = special(lo, frame, node, args, kwargs)
        if result is not None:
            return result
    meaning = WRITTEN.get(fn) if isinstance(fn, type) or getattr(fn, "__hash__", None) else None
    if meaning is not None and frame.owner.fn is not meaning and not frame.in_rule:
        return said(lo, frame, node, fn, args, kwargs)
    if rule is not None and fn in HIGHER:
        passing = higher.call(lo, frame, node, fn, args, kwargs)
        if passing is not None:
            return passing
    if rule is not None:
        return primitive(lo, frame, node, fn, args, kwargs)
    if id(fn) in OWNERS:
        return frozen.freeze(lo, fn, args, kwargs)
    if isinstance(getattr(fn, "__self__", None), np.ufunc) and fn.__name__ == "outer":
        return ufuncs.outer(lo, frame, node, fn.__self__, args, kwargs)
    match fn:
        case functools._lru_cache_wrapper() if isinstance(fn.__wrapped__, types.FunctionType):
            return call(lo, frame, node, Const(fn.__wrapped__), args, kwargs)
        case functools.partial():
            bound = Partial(Const(fn.func), tuple(map(Const, fn.args)), {k: Const(v) for k, v in fn.keywords.items()})
            return call(lo, frame, node, bound, args, kwargs)
        case operator.itemgetter() | operator.attrgetter() | operator.methodcaller():
            return getter(lo, frame, node, fn, args)
        case types.MethodType():
            return call(lo, frame, node, Const(fn.__func__), [bound_self(lo, fn), *args], kwargs)
        case type():
            return construct(lo, frame, node, fn, args, kwargs)
        case types.FunctionType() if is_users(fn):
            return spliced.inline(lo, frame, node, Const(fn), args, kwargs)
    if not callable(fn):
        raise lo.refuse(frame, node, f"This is not a function: it is {type(fn).__name__}.")
    return primitive(lo, frame, node, fn, args, kwargs)


def said(lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """The call of a function that is said in terms of others."""
    result = spliced.inline(lo, frame, node, Const(WRITTEN[fn]), args, kwargs)
    content = lo.state.heap[result.cell] if isinstance(result, Ref) else None
    if fn in KEPT and isinstance(content, Attributes) and content.whole is None:
        whole = lo.apply(fn, args, kwargs, frame=frame, node=node, effect=False, aval=ANY)
        lo.state.heap[result.cell] = dataclasses.replace(content, whole=lo.atom(whole, frame, node))  # type: ignore[union-attr]
    return result


def getter(lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value]) -> Value:
    """`itemgetter(1)(x)`, `attrgetter("a.b")(x)`, `methodcaller("sum", axis=0)(x)`."""
    from .attributes import attribute

    _, given, *kwargs = fn.__reduce__()
    if isinstance(fn, operator.methodcaller):
        if isinstance(given[0], functools.partial) or (callable(fn.__reduce__()[0]) and kwargs):
            raise lo.refuse(frame, node, "This `methodcaller` is not understood.", "Call the method itself.")
        method = attribute(lo, frame, node, args[0], given[0])
        return call(lo, frame, node, method, list(map(Const, given[1:])), {})

    def one(what: Any) -> Value:
        if isinstance(fn, operator.itemgetter):
            return expressions.subscript(lo, frame, node, args[0], Const(what))
        value = args[0]
        for name in what.split("."):
            value = attribute(lo, frame, node, value, name)
        return value

    found = [one(what) for what in given]
    return found[0] if len(found) == 1 else Tuple(tuple(found))


def bound_self(lo: Lowering, method: types.MethodType) -> Value:
    owner = method.__self__

    def load() -> Var:
        out = Var()
        lo.stmts.append(Apply((out,), getattr, (Const(method), Const("__self__")), (), At()))
        return out

    return lo.outside(("self", id(owner)), owner, load, lambda _: owner)


def partial_arguments(lo: Lowering, partial: functools.partial[Any]) -> tuple[list[Value], dict[str, Value]]:
    """The arguments that a `functools.partial` adds, read when the generated code runs where they are data."""

    def part(word: str) -> Value:
        def load() -> Var:
            out = Var()
            lo.stmts.append(Apply((out,), getattr, (Const(partial), Const(word)), (), At()))
            return out

        return lo.outside((word, id(partial)), getattr(partial, word), load, lambda _: getattr(partial, word))

    before, named = part("args"), part("keywords")
    assert isinstance(before, Tuple) and isinstance(named, Ref)
    content = lo.state.heap[named.cell]
    assert isinstance(content, Entries)
    own = [bound_self(lo, partial.func)] if isinstance(partial.func, types.MethodType) else []
    return [*own, *before.items], dict(content.entries)


def is_users(fn: types.FunctionType) -> bool:
    """Is it the user's own code, to be differentiated, and not a library's?"""
    return not is_library(fn.__module__)


def is_library(module: str | None) -> bool:
    """Is what this module holds taken as it is, and never to change?"""
    return (module or "").split(".")[0] in _LIBRARIES


def primitive(
    lo: Lowering, frame: Frame, node: Any, fn: Any, args: Sequence[Value], kwargs: dict[str, Value]
) -> Value:
    if isinstance(fn, np.ufunc):
        return ufuncs.apply(lo, frame, node, fn, args, kwargs)
    args, kwargs, out = inplace.split_out(fn, list(args), kwargs)
    if out is not None:
        return inplace.into(lo, frame, node, fn, args, kwargs, out)
    args, kwargs = by_position(fn, args, kwargs)
    name = getattr(fn, "__name__", "")
    if name == "shuffle" or (name in WRITERS and lookup(fn) is None):
        raise lo.refuse(
            frame, node, f"`{fn.__name__}` changes its argument in place, which is not understood.",
            "Make a new array instead.",
        )
    return lo.apply(fn, args, kwargs, frame=frame, node=node)


def by_position(
    fn: Any, args: Sequence[Value], kwargs: dict[str, Value]
) -> tuple[Sequence[Value], dict[str, Value]]:
    """The arguments of a function that works entry by entry, those given by name put in their places."""
    rule = lookup(fn)
    if not kwargs or rule is None or rule.partials is None or isinstance(fn, np.ufunc):
        return args, kwargs
    order = rule.parameters or _parameters(fn)
    placed, rest = list(args), dict(kwargs)
    for name, default in order[len(args) :]:
        if not any(k in rest for k, _ in order):
            break
        if name not in rest and default is inspect.Parameter.empty:
            return args, kwargs
        placed.append(rest.pop(name) if name in rest else Const(default))
    return placed, rest


def _parameters(fn: Any) -> tuple[tuple[str, Any], ...]:
    """The names and defaults of the parameters that can be given by position."""
    try:
        found = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):  # built in, and says nothing
        return ()
    return tuple((p.name, p.default) for p in found if p.kind is p.POSITIONAL_OR_KEYWORD)


WRITERS = {"resize", "setfield", "setflags", "itemset", "byteswap", "at", "shuffle"}


# --- operators on anything ------------------------------------------------------------------------


def operate(lo: Lowering, frame: Frame, node: Any, op: Any, operands: list[Value]) -> Value:
    """An operator applied to values: lists and tuples, objects with `__add__`, or numbers and arrays."""
    for i, operand in enumerate(operands):
        if isinstance(operand, Choice):

            def side(v: Value, i: int = i) -> Value:
                return operate(lo, frame, node, op, [*operands[:i], v, *operands[i + 1 :]])

            return control.choose(
                lo, frame, node, operand.test, lambda o=operand: side(o.then), lambda o=operand: side(o.orelse)
            )
    special = sequences.on_containers(lo, frame, node, op, operands)
    if special is not None:
        return special
    name = op.__name__.strip("_")
    contents = [lo.state.heap[v.cell] if isinstance(v, Ref) else None for v in operands]
    for i, content in sorted(enumerate(contents), key=lambda pair: getattr(pair[1], "cls", None) not in STANDING):
        if isinstance(content, Attributes):
            plain = REFLECTED.get(name, name)
            method = f"__{plain}__" if i == 0 else f"__{_MIRROR.get(plain, 'r' + plain)}__"
            if getattr(content.cls, method, None) is not getattr(object, method, None):
                rest = [*operands[:i], *operands[i + 1 :]]
                return call_special(lo, frame, node, operands[i], method, rest)
    return lo.apply(op, operands, frame=frame, node=node)


def call_special(
    lo: Lowering, frame: Frame, node: Any, value: Value, method: str, args: Sequence[Value],
    kwargs: dict[str, Value] | None = None,
) -> Value:
    from .attributes import of_class

    assert isinstance(value, Ref)
    content = lo.state.heap[value.cell]
    if content is TORN:
        raise lo.torn(frame, node)
    assert isinstance(content, Attributes)
    if not hasattr(content.cls, method):
        raise lo.refuse(frame, node, f"`{content.cls.__name__}` has no `{method}`.")
    found = of_class(lo, frame, node, value, content.cls, method)
    if isinstance(found, Method) and isinstance(found.fn, Const) and not isinstance(found.fn.value, types.FunctionType):
        return lo.apply(found.fn.value, [value, *args], kwargs, frame=frame, node=node)
    return call(lo, frame, node, found, args, kwargs or {})


def truth_of_object(lo: Lowering, frame: Frame, node: Any, value: Ref) -> Any:
    content = lo.state.heap[value.cell]
    assert isinstance(content, Attributes)
    for method in ("__bool__", "__len__"):
        if hasattr(content.cls, method):
            return expressions.truth(lo, frame, node, call_special(lo, frame, node, value, method, []))
    return Const(True)


def contains(lo: Lowering, frame: Frame, node: Any, container: Value, item: Value) -> Value:
    known = specials.members(lo, frame, node, container)
    content = lo.state.heap[item.cell] if isinstance(item, Ref) else item
    if known is not None and isinstance(content, Const) and all(isinstance(k, Const) for k in known):
        return Const(content.value in [k.value for k in known if isinstance(k, Const)])
    if known is not None:
        test: Value = Const(False)
        for member in known:
            equal = operate(lo, frame, node, expressions.COMPARE[gast.Eq], [item, member])
            so_far = test
            asked = expressions.truth(lo, frame, node, so_far)
            test = control.choose(lo, frame, node, asked, lambda so_far=so_far: so_far, lambda equal=equal: equal)
        return test
    return lo.apply(operator.contains, [container, item], frame=frame, node=node, effect=False, aval=BOOL)


def entries_of(lo: Lowering, frame: Frame, node: Any, value: Value) -> dict[Any, Value]:
    content = lo.state.heap[value.cell] if isinstance(value, Ref) else None
    if not isinstance(content, Entries):
        raise lo.refuse(frame, node, "Only a dict whose keys are known can be unpacked with `**`.")
    return dict(content.entries)


def apply_to_list(lo: Lowering, frame: Frame, node: Any, fn: Any, items: list[Value]) -> Value:
    return lo.apply(fn, [lo.cell(Items(tuple(items)))], frame=frame, node=node, effect=False, aval=Obj(fn))


# --- classes --------------------------------------------------------------------------------------


def construct(
    lo: Lowering, frame: Frame, node: Any, cls: type, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    """An instance of a user's class, its attributes known one by one."""
    if is_namedtuple(cls):
        defaults = {k: Const(v) for k, v in getattr(cls, "_field_defaults", {}).items()}
        values = dict(zip(cls._fields, args, strict=False)) | kwargs  # type: ignore[attr-defined]
        return Tuple(tuple(values.get(k, defaults.get(k, UNDEF)) for k in cls._fields), cls)  # type: ignore[attr-defined]
    if cls in (operator.itemgetter, operator.attrgetter, operator.methodcaller):
        atoms = [lo.atom(a, frame, node) for a in args]
        if all(isinstance(a, Const) for a in atoms) and not kwargs:
            return Const(cls(*(a.value for a in atoms if isinstance(a, Const))))
    if issubclass(cls, enum.Enum) and len(args) == 1 and not kwargs and isinstance(args[0], Const):
        return Const(cls(args[0].value))
    if cls in MADE:
        return higher.make(lo, frame, node, cls, args, kwargs)
    if issubclass(cls, BaseException) or (cls.__module__ or "").split(".")[0] in _LIBRARIES:
        effect = not issubclass(cls, BaseException)  # a random generator, say: each is one of its own
        return lo.apply(cls, args, kwargs, frame=frame, node=node, effect=effect, aval=Obj(cls))
    if cls.__new__ is not object.__new__ or type(cls).__call__ is not type.__call__:
        maker = next(c.__name__ for c in cls.__mro__ if "__new__" in vars(c))
        raise lo.refuse(
            frame, node, f"What `{cls.__name__}(...)` makes is decided by "
            + (f"`{maker}.__new__`." if maker != "object" else f"its metaclass, `{type(cls).__name__}`."),
            "Make the object outside of the function, or keep what it holds in a plain class.",
        )
    new = lo.cell(Attributes(cls, ()))
    if dataclasses.is_dataclass(cls) and _generated_init(cls):
        bind_fields(lo, frame, node, new, cls, args, kwargs)
        return new
    init = cls.__init__
    if isinstance(init, types.FunctionType | Closure):
        call(lo, frame, node, classes.as_value(init), [new, *args], kwargs)
    elif args or kwargs:
        raise lo.refuse(frame, node, f"`{cls.__name__}` takes no arguments.")
    return new


def _generated_init(cls: type) -> bool:
    """Was `__init__` written by `dataclass`?  It has no source then."""
    code = getattr(cls.__init__, "__code__", None)
    return code is not None and code.co_filename == "<string>"


def bind_fields(
    lo: Lowering, frame: Frame, node: Any, new: Ref, cls: Any, args: list[Value], kwargs: dict[str, Value]
) -> None:
    """What the `__init__` that `dataclass` writes does."""
    fields = [f for f in dataclasses.fields(cls) if f.init]
    given = dict(zip([f.name for f in fields if not f.kw_only], args, strict=False)) | kwargs
    entries: list[tuple[str, Value]] = []
    for f in dataclasses.fields(cls):
        if f.name in given:
            value = given[f.name]
        elif f.default is not dataclasses.MISSING:
            value = Const(f.default)
        elif f.default_factory is not dataclasses.MISSING:
            value = call(lo, frame, node, Const(f.default_factory), [], {})
        else:
            raise lo.refuse(frame, node, f"`{cls.__name__}` misses its argument `{f.name}`.")
        entries.append((f.name, value))
    lo.state.heap[new.cell] = Attributes(cls, tuple(entries))
    if hasattr(cls, "__post_init__"):
        call(lo, frame, node, Const(cls.__post_init__), [new], {})

