"""Builtins and operators that act on what lowering knows of a value.

A handler takes `(lo, frame, node, args, kwargs)` and returns the result, or None where the call is an
ordinary primitive after all.
"""

from __future__ import annotations

import collections
import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import runtime
from ..avals import ANY, BOOL, Arr, Num, Obj, Parts, Seq, dtype_of
from ..ir import Const, Var
from ..rules.registry import GENERATORS, STANDING, known
from ..schedule import checkpoint
from . import attributes, calls, classes, control, expressions, iteration, queues, spliced, stepping, streams
from .context import Frame, Lowering
from .values import (
    Attributes, Closure, Entries, Items, Iteration, Method, Partial, Ref, Tuple, Value,
)

Handler = Callable[[Lowering, Frame, Any, list[Value], dict[str, Value]], Value | None]
_TABLE: dict[Any, Handler] = {}


def special(*fns: Any) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for fn in fns:
            _TABLE[fn] = handler
        return handler

    return register


def find(fn: Any) -> Handler | None:
    try:
        found = _TABLE.get(fn)
    except TypeError:
        return None
    owner = getattr(fn, "__self__", None)
    if found is None and isinstance(owner, str):
        return functools.partial(_string_method, fn)
    if found is None and fn in GENERATORS:
        return functools.partial(_generator, fn)
    return found


def _string_method(fn: Any, lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    atoms = [lo.atom(a, frame, node) for a in args]
    if all(isinstance(a, Const) for a in atoms) and not kwargs:
        folded = lo.constant(fn(*(a.value for a in atoms if isinstance(a, Const))))
        if folded is not None:
            return folded
    return lo.apply(fn, list(atoms), kwargs, frame=frame, node=node, effect=False, aval=Obj(str))


def _generator(fn: Any, lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """A generator of random numbers that is made inside of the function is known by its class."""
    cls = GENERATORS[fn]
    made = lo.apply(fn, args, kwargs, frame=frame, node=node, effect=True, aval=Obj(cls))
    return lo.cell(Attributes(cls, (), whole=lo.atom(made, frame, node)))


def content_of(lo: Lowering, value: Value) -> Any:
    return lo.state.heap[value.cell] if isinstance(value, Ref) else value


def members(lo: Lowering, frame: Frame, node: Any, container: Value) -> list[Value] | None:
    """What `in` asks: the items or keys, when all are known."""
    content = content_of(lo, container)
    if streams.is_iterator(container):  # it is left where the item was found
        items = iteration.known_items(lo, frame, node, container)
        streams.leave(lo, container, None)
        return items
    if isinstance(content, Const) and isinstance(content.value, str):
        return None
    if isinstance(content, Tuple | Items | Entries | Iteration):
        return iteration.known_items(lo, frame, node, container)
    if isinstance(content, Const) and isinstance(content.value, range | frozenset | set):
        return [Const(v) for v in content.value]
    return None


# --- lengths, types, attributes -------------------------------------------------------------------


@special(len)
def _len(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    content = content_of(lo, args[0])
    if isinstance(content, Attributes):
        return calls.call_special(lo, frame, node, args[0], "__len__", [])
    if isinstance(content, Iteration):
        return iteration.length_of_iteration(lo, frame, node, content)
    return control.length_of(lo, frame, node, args[0])


def _of_object(method: str) -> Handler:
    """`abs(x)` of an object is `x.__abs__()`."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        content = content_of(lo, args[0]) if args else None
        if not isinstance(content, Attributes) or not hasattr(content.cls, method):
            return None
        return calls.call_special(lo, frame, node, args[0], method, args[1:], kwargs)

    return handler


for _fn, _method in {abs: "__abs__", round: "__round__", float: "__float__", int: "__int__", divmod: "__divmod__"}.items():
    special(_fn)(_of_object(_method))


def _text(fn: Any) -> Handler:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        known = args and not kwargs and all(isinstance(a, Const) for a in args)
        return expressions.text(lo, frame, node, fn, args) if known else None

    return handler


_TABLE[str], _TABLE[repr], _TABLE[format] = map(_text, (str, repr, format))


@special(eval, exec, compile, globals, locals, vars, delattr)
def _refused(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    raise lo.refuse(
        frame, node, "What this reads and changes is not known when the gradient is built.", "Write the statement itself."
    )


def _array_attribute(name: str) -> Handler:
    """`np.shape(x)` is `x.shape` where x is an array, and known for a number."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        content = content_of(lo, args[0])
        aval = getattr(content, "aval", None)
        if kwargs or len(args) != 1 or not isinstance(aval, Num | Arr):
            return None
        if isinstance(aval, Num):
            known: dict[str, Value] = {"shape": Tuple(()), "ndim": Const(0), "size": Const(1)}
            return known[name]
        if aval.shape is None:
            return None
        return attributes.of_array(lo, frame, node, args[0], aval, name)

    return handler


_TABLE[np.shape], _TABLE[np.ndim], _TABLE[np.size] = map(_array_attribute, ("shape", "ndim", "size"))


@special(np.result_type)
def _result_type(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """The dtype of one value, where that is known."""
    aval = getattr(content_of(lo, args[0]), "aval", None) if len(args) == 1 else None
    dtype = dtype_of(aval) if isinstance(aval, Num | Arr) else None
    return None if dtype is None else Const(dtype)


@special(checkpoint)
def _checkpoint(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """Understood by the `for` that it stands in; as a value it is refused."""
    given = dict(zip(("items", "snapshots"), args, strict=False)) | kwargs
    return Partial(Const(checkpoint), (given["items"], given["snapshots"]), {})


@special(np.iscomplexobj)
def _iscomplexobj(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """Whether a value is complex is known with its dtype."""
    dtype = dtype_of(getattr(content_of(lo, args[0]), "aval", ANY))
    return None if dtype is None else Const(dtype.kind == "c")


@special(known)
def _known(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return Const(isinstance(content_of(lo, args[0]), Const | Tuple))


@special(isinstance)
def _isinstance(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    classes = lo.atom(args[1], frame, node)
    cls = class_of(lo, args[0])
    if cls is not None and isinstance(classes, Const):
        return Const(issubclass(cls, classes.value))
    if isinstance(classes, Const) and isinstance(classes.value, type) and classes.value in STANDING:
        return Const(False)  # objects of it there are only here
    return lo.apply(isinstance, args, frame=frame, node=node, effect=False, aval=BOOL)


@special(type)
def _type(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    cls = class_of(lo, args[0]) if len(args) == 1 else None
    return Const(cls) if cls is not None else None


def class_of(lo: Lowering, value: Value) -> type | None:
    """The class of a value, if it is known."""
    content = content_of(lo, value)
    match content:
        case Const(value=v):
            return type(v)
        case Attributes(cls=queues.Queue):
            return collections.deque
        case Tuple(cls=cls) | Attributes(cls=cls):
            return cls
        case Items():
            return list
        case Entries():
            return dict
        case Closure() | Method() | Partial():
            return type(class_of)
        case Var(aval=aval):
            match aval:
                case Num(kind):
                    return {"float": float, "int": int, "bool": bool, "complex": complex}[kind]
                case Arr(dtype=dtype, boxed=boxed):
                    if dtype is None or aval.shape is None or (aval.shape == () and not boxed):
                        return None if aval.shape is None or aval.shape == () else np.ndarray
                    return dtype.type if boxed else np.ndarray
                case Seq():
                    return list
                case Parts(cls=cls):
                    return cls
                case Obj(cls):
                    return None if cls is BaseException else cls  # of one that was caught no more is known
    return None


@special(callable)
def _callable(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    content = content_of(lo, args[0])
    if isinstance(content, Closure | Method | Partial):
        return Const(True)
    if isinstance(content, Const):
        return Const(callable(content.value))
    if isinstance(content, Tuple | Items | Entries) or (isinstance(content, Var) and not isinstance(content.aval, Obj)):
        return Const(False)
    return None


@special(getattr)
def _getattr(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    name = content_of(lo, args[1])
    if not (isinstance(name, Const) and isinstance(name.value, str)):
        raise lo.refuse(frame, node, "The name of this attribute is not known when the gradient is built.")
    if len(args) == 3:
        exists = _hasattr(lo, frame, node, args[:2], {})
        if isinstance(exists, Const):
            return attributes.attribute(lo, frame, node, args[0], name.value) if exists.value else args[2]
        return None
    return attributes.attribute(lo, frame, node, args[0], name.value)


@special(hasattr)
def _hasattr(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    name, content = content_of(lo, args[1]), content_of(lo, args[0])
    if isinstance(name, Const) and isinstance(content, Attributes):
        obj = lo.examples.get(content.whole)
        if any(k == name.value for k, _ in content.entries) or hasattr(content.cls, name.value):
            return Const(True)
        return Const(obj is not None and hasattr(obj, name.value))
    cls = class_of(lo, args[0])
    if isinstance(name, Const) and cls is not None:
        return Const(hasattr(content.value if isinstance(content, Const) else cls, name.value))
    return None


@special(runtime.stop_gradient)
def _stop_gradient(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """A container stays one, of parts without derivatives."""
    if len(args) != 1 or kwargs:
        return None

    def stopped(value: Value) -> Value:
        return _stop_gradient(lo, frame, node, [value], {}) or value

    content = content_of(lo, args[0])
    match content:
        case Tuple(items=items, cls=cls):
            return Tuple(tuple(map(stopped, items)), cls)
        case Items(items=items):
            return lo.cell(Items(tuple(map(stopped, items))))
        case Entries(entries=entries):
            return lo.cell(Entries(tuple((k, stopped(v)) for k, v in entries)))
        case Var(aval=Num() | Arr() | Seq() | Parts() as aval):
            return lo.apply(runtime.stop_gradient, [args[0]], frame=frame, node=node, effect=False, aval=aval)
    return None


@special(setattr)
def _setattr(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    name = content_of(lo, args[1])
    if not isinstance(name, Const):
        raise lo.refuse(frame, node, "The name of this attribute is not known when the gradient is built.")
    attributes.set_attribute(lo, frame, node, args[0], name.value, args[2])
    return Const(None)


def super_of(lo: Lowering, frame: Frame, node: Any) -> Value:
    """`super()`: a view of `self` that looks attributes up from the next class on."""
    cls, method = classes.class_around(lo, frame)
    fn = method.fn
    if fn is not None and "__class__" in fn.__code__.co_freevars and fn.__closure__ is not None:
        cls = fn.__closure__[fn.__code__.co_freevars.index("__class__")].cell_contents
    self_name = next(iter(a.id for a in (*method.node.args.posonlyargs, *method.node.args.args)))
    self_value = expressions.name(lo, method, self_name, node)
    content = content_of(lo, self_value)
    owner = content.cls if isinstance(content, Attributes) else class_of(lo, self_value)
    if cls is None or owner is None:
        raise lo.refuse(frame, node, "`super()` is used where the class is not known.")
    return Super(self_value, cls, owner)  # type: ignore[return-value]


class Super:
    """What `super()` gives, until an attribute is read from it."""

    def __init__(self, value: Value, after: type, cls: type) -> None:
        mro = cls.__mro__
        self.value, self.rest = value, mro[mro.index(after) + 1 :]

    def attribute(self, lo: Lowering, frame: Frame, node: Any, name: str) -> Value:
        for cls in self.rest:
            if name in vars(cls):
                found = vars(cls)[name]
                if isinstance(found, property):
                    return calls.call(lo, frame, node, classes.as_value(found.fget), [self.value], {})
                if isinstance(found, staticmethod):
                    return classes.as_value(found.__func__)
                if isinstance(found, classmethod):
                    return Method(Const(cls), classes.as_value(found.__func__))
                if cls is object and name == "__init__":
                    return Const(_nothing)
                return Method(self.value, classes.as_value(found))
        raise lo.refuse(frame, node, f"No base class has `{name}`.")


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


@special(_nothing)
def _do_nothing(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return Const(None)


# --- builtins -----------------------------------------------------------------------------------------


@special(functools.wraps)
def _wraps(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """What it gives changes the names of a function, and nothing that it does."""
    return Const(_itself)


def _itself(function: Any) -> Any:
    return function


@special(_itself)
def _function_itself(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return args[0]


@special(functools.partial)
def _partial(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return Partial(args[0], tuple(args[1:]), dict(kwargs))


def _any_or_all(every: bool) -> Handler:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        items = iteration.known_items(lo, frame, node, args[0])
        if streams.is_iterator(args[0]) and items is not None:  # it is left where the answer was found
            streams.leave(lo, args[0], None)
        if items is None:
            return lo.apply(all if every else any, args, frame=frame, node=node, effect=False, aval=BOOL)
        result: Value = Const(every)
        for item in items:
            test = expressions.truth(lo, frame, node, result)
            asked = expressions.truth(lo, frame, node, item)
            sides = (lambda asked=asked: asked, lambda: Const(False)) if every else (
                lambda: Const(True), lambda asked=asked: asked)
            result = control.choose(lo, frame, node, test, *sides)
        return result

    return handler


_TABLE[any], _TABLE[all] = _any_or_all(False), _any_or_all(True)


@special(sum)
def _sum(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    items = iteration.known_items(lo, frame, node, args[0])
    start = kwargs.get("start", args[1] if len(args) > 1 else Const(0))
    if items is None:
        return None
    if isinstance(start, Const) and items and _adds_nothing(lo, start.value, items[0], len(items)):
        total, items = items[0], items[1:]
    else:
        total = start
    for item in items:
        total = calls.operate(lo, frame, node, operator.add, [total, item])
    return total


def _adds_nothing(lo: Lowering, start: Any, first: Value, n: int) -> bool:
    """Is `start + first` just the first of n?  Of a truth value it is an integer; of the only array, another array."""
    aval = lo.known_aval(first)
    dtype = dtype_of(aval)
    kinds = {int: "iufc", float: "fc"}.get(type(start), "")
    if not kinds or start != 0 or dtype is None or dtype.kind not in kinds:
        return False
    return isinstance(aval, Num) or (isinstance(aval, Arr) and (aval.boxed or n > 1))


def _best(fn: Any) -> Handler:
    better = operator.gt if fn is max else operator.lt

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        items = iteration.known_items(lo, frame, node, args[0]) if len(args) == 1 else args
        if len(args) == 1 and items is not None and not items and "default" in kwargs:
            return kwargs["default"]
        if items is None:
            if "key" not in kwargs:
                return None
            if "default" in kwargs:
                raise lo.refuse(frame, node, "`default=` beside `key=` needs items that are known one by one.", "Write a loop.")
            said = stepping.largest if fn is max else stepping.smallest
            known_as = calls.call(lo, frame, node, Const(list), args, {}) if isinstance(args[0], Iteration) else args[0]
            return spliced.inline(lo, frame, node, Const(said), [known_as, kwargs["key"]], {})
        atoms = [content_of(lo, i) for i in items]
        if all(isinstance(a, Const) for a in atoms) and "key" not in kwargs:
            return Const(fn(a.value for a in atoms))
        chosen = items[0]
        for item in items[1:]:
            a, b = item, chosen
            if "key" in kwargs:
                a, b = (calls.call(lo, frame, node, kwargs["key"], [v], {}) for v in (item, chosen))
            test = expressions.truth(lo, frame, node, calls.operate(lo, frame, node, better, [a, b]))
            chosen = control.choose(
                lo, frame, node, test, lambda item=item: item, lambda chosen=chosen: chosen
            )
        return chosen

    return handler


def _pairwise(fn: Any) -> Handler:
    chain = _best(fn)

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        """Two or more plain numbers stay one call of `min` or `max`."""
        if not kwargs:
            items = iteration.known_items(lo, frame, node, args[0]) if len(args) == 1 else args
            if items and len(items) > 1:
                contents = [content_of(lo, i) for i in items]
                if all(isinstance(c, Var | Const) for c in contents) and not all(isinstance(c, Const) for c in contents):
                    total = items[0]
                    for item in items[1:]:
                        total = lo.apply(fn, [total, item], frame=frame, node=node)
                    return total
        return chain(lo, frame, node, args, kwargs)

    return handler


_TABLE[min], _TABLE[max] = _pairwise(min), _pairwise(max)
