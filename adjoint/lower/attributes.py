"""`value.name`: methods and attributes of arrays, objects, classes and modules."""

from __future__ import annotations

import enum
import functools
import inspect
import operator
import types
from dataclasses import replace
from typing import Any

import numpy as np

from ..avals import ANY, INT, NONE, Arr, Num, Obj, Parts, Seq
from ..errors import similar
from ..ir import Apply, At, Atom, Const, Var
from ..rules.registry import lookup
from . import calls, classes, control, frozen, sharing, specials, writes, written
from .abstract import signature
from .context import Frame, Lowering
from .guards import Guard, ReadAttribute
from .meaning import Meant
from .values import (
    Attributes, Choice, Closure, Entries, Items, Method, Partial, Ref, State, Tuple, Value, View, aval_name,
)

ARRAY_FUNCTIONS: dict[str, Any] = {
    "real": np.real, "imag": np.imag, "T": np.transpose, "mT": getattr(np, "matrix_transpose", None), "flat": np.ravel,
}


def attribute(lo: Lowering, frame: Frame, node: Any, value: Value, name: str) -> Value:
    match value:
        case Const(value=obj):
            return of_constant(lo, frame, node, obj, name)
        case Var():
            return of_atom(lo, frame, node, value, value, name)
        case Tuple(items=items, cls=cls):
            if name in getattr(cls, "_fields", ()):
                return items[cls._fields.index(name)]  # type: ignore[attr-defined]
            if name in ("_replace", "_asdict"):
                from .containers import NAMEDTUPLE_METHODS

                return Method(value, Const(NAMEDTUPLE_METHODS[name]))
            return of_class(lo, frame, node, value, cls, name)
        case Ref(cell):
            content = lo.state.heap[cell]
            match content:
                case Items():
                    return of_class(lo, frame, node, value, list, name)
                case Entries():
                    return of_class(lo, frame, node, value, dict, name)
                case Attributes():
                    return of_object(lo, frame, node, value, content, name)
            return of_atom(lo, frame, node, value, content, name)
        case Choice():
            return control.choose(
                lo, frame, node, value.test,
                lambda: attribute(lo, frame, node, value.then, name),
                lambda: attribute(lo, frame, node, value.orelse, name),
            )
        case specials.Super():
            return value.attribute(lo, frame, node, name)
        case Closure() if name == "__name__":
            return Const(value.name)
        case Closure(own=Ref()):
            return attribute(lo, frame, node, value.own, name)  # type: ignore[arg-type]
        case Method() | Partial() if name in ("func", "__func__"):
            return value.fn
    raise lo.refuse(frame, node, f"The attribute `{name}` of this is not understood.", "Write it another way.")


def of_constant(lo: Lowering, frame: Frame, node: Any, obj: Any, name: str) -> Value:
    """An attribute of something known: a module, a class, a ufunc, a string."""
    if not hasattr(obj, name):
        owner = getattr(obj, "__name__", type(obj).__name__)
        raise lo.refuse(frame, node, f"`{owner}` has no attribute `{name}`.", similar(name, dir(obj)))
    found = inspect.getattr_static(obj, name) if isinstance(obj, type) else None
    if isinstance(found, classmethod):
        return Method(Const(obj), classes.as_value(found.__func__))
    if isinstance(obj, enum.Enum) and isinstance(inspect.getattr_static(type(obj), name, None), property):
        return of_class(lo, frame, node, Const(obj), type(obj), name)
    value = getattr(obj, name)
    if isinstance(value, Closure):
        return value
    if (id(obj), name) in lo.stored:
        check_stored(lo, frame, node, value, (id(obj), name))
    if frame.in_rule or not isinstance(obj, types.ModuleType | type | types.FunctionType) or name.startswith("__"):
        return Const(value)
    if calls.is_library(obj.__name__ if isinstance(obj, types.ModuleType) else obj.__module__):
        return Const(value)

    def load() -> Atom:
        out = Var(hint=name)
        lo.stmts.append(Apply((out,), getattr, (Const(obj), Const(name)), (), At()))
        return out

    return lo.outside(("attribute", id(obj), name), value, load, ReadAttribute(obj, name))


def check_stored(lo: Lowering, frame: Frame, node: Any, value: Any, key: tuple[int, str]) -> None:
    """Refuse to read what was assigned outside in this call, unless it is a count: it is not followed."""
    if type(value) is not int or lo.stored[key] != INT:
        raise lo.refuse(
            frame, node, f"`{key[1]}` is assigned and read again in one call, outside of the function.",
            "Use a local variable, and assign it outside at the end.",
        )


def of_atom(lo: Lowering, frame: Frame, node: Any, value: Value, atom: Any, name: str) -> Value:
    aval = atom.aval
    match aval:
        case Arr():
            return of_array(lo, frame, node, value, aval, name)
        case Num():
            if name in ("real", "imag"):
                return lo.apply(ARRAY_FUNCTIONS[name], [value], frame=frame, node=node)
            if name in ("conjugate", "is_integer", "bit_length"):
                return Method(value, Const(getattr({"complex": complex, "int": int}.get(aval.kind, float), name)))
            raise lo.refuse(frame, node, f"{aval_name(aval)} has no attribute `{name}`.", "Pass an array if one is meant.")
        case Seq() | Parts() if _is_list(aval):
            return of_class(lo, frame, node, value, list, name)
        case Obj(cls) if cls in (list, dict, str, tuple, range, set, frozenset):
            return of_class(lo, frame, node, value, cls, name)
    if hasattr(np.ndarray, name) and (aval == ANY or not isinstance(aval, Obj)):
        return of_array(lo, frame, node, value, Arr(None, None), name)
    found = getattr(aval, "cls", None)
    if isinstance(found, type) and isinstance(getattr(found, name, None), types.FunctionType):
        return Method(value, Const(getattr(found, name)))
    return lo.apply(getattr, [value, Const(name)], frame=frame, node=node, effect=False)


def _is_list(aval: Any) -> bool:
    return isinstance(aval, Seq) or (isinstance(aval, Parts) and aval.cls is list)


def of_array(lo: Lowering, frame: Frame, node: Any, value: Value, aval: Arr, name: str) -> Value:
    if name == "__getitem__":
        return Method(value, Const(operator.getitem))
    if name == "flat":
        return lo.cell(Attributes(written.Flat, (("array", value),)))
    if name in ARRAY_FUNCTIONS:
        made = lo.apply(ARRAY_FUNCTIONS[name], [value], frame=frame, node=node)
        if name == "flat" and isinstance(made, Ref) and isinstance(made.cell.how, View):
            made.cell.how = replace(made.cell.how, certain=True)  # where `ravel` would be a copy, too
        return made
    known = aval.shape
    if name == "shape" and known is not None:
        if None not in known:
            return Tuple(tuple(map(Const, known)))
        whole = lo.apply(getattr, [value, Const(name)], frame=frame, node=node, effect=False, aval=Obj(tuple))
        return Tuple(
            tuple(
                Const(n) if n is not None else lo.apply(
                    operator.getitem, [whole, Const(i)], frame=frame, node=node, effect=False, aval=INT
                )
                for i, n in enumerate(known)
            )
        )
    if name == "ndim" and known is not None:
        return Const(len(known))
    if name == "size" and known is not None and None not in known:
        size = 1
        for n in known:
            size *= n
        return Const(size)
    if name == "dtype" and aval.dtype is not None:
        return Const(aval.dtype)
    found = getattr(np.ndarray, name, None)
    if found is None:
        raise lo.refuse(frame, node, f"An array has no attribute `{name}`.", similar(name, dir(np.ndarray)))
    if callable(found):
        function: Any = getattr(np, name, None)
        if aval.boxed and lookup(function) is not None:  # a NumPy number has the method of its own class
            return Method(value, Const(function))
        return Method(value, Const(found))
    kind = INT if name in ("size", "ndim", "nbytes", "itemsize") else Obj(tuple) if name == "shape" else ANY
    return lo.apply(getattr, [value, Const(name)], frame=frame, node=node, effect=False, aval=kind)


class _Missing:
    """Where a class has no such attribute; it may have one that is None."""


_MISSING = _Missing()


def of_class(lo: Lowering, frame: Frame, node: Any, value: Value, cls: type, name: str) -> Value:
    """A method or class attribute of a value whose class is known."""
    found = inspect.getattr_static(cls, name, _MISSING)
    match found:
        case _Missing():
            raise lo.refuse(frame, node, f"`{cls.__name__}` has no attribute `{name}`.", similar(name, dir(cls)))
        case property(fget=getter):
            return calls.call(lo, frame, node, classes.as_value(getter), [value], {})
        case functools.cached_property():
            check_kept(lo, frame, node, value, name)
            return calls.call(lo, frame, node, Const(found.func), [value], {})
        case staticmethod():
            return classes.as_value(found.__func__)
        case classmethod():
            return Method(Const(cls), classes.as_value(found.__func__))
        case Closure():
            return Method(value, found)
        case Meant():
            return Method(value, Const(found.as_method()))
        case types.FunctionType() | types.MethodDescriptorType() | types.WrapperDescriptorType():
            return Method(value, Const(found))
    if callable(found) and not isinstance(found, type) and hasattr(found, "__get__"):  # a method compiled elsewhere
        return Method(value, Const(found))
    if isinstance(getattr(type(found), "__get__", None), types.FunctionType):
        raise lo.refuse(frame, node, f"`{name}` is a descriptor, of `{type(found).__name__}`.", "Use a property.")
    return of_constant(lo, frame, node, cls, name)


def check_kept(lo: Lowering, frame: Frame, node: Any, value: Value, name: str) -> None:
    """A cached property is computed again where nothing has changed that it may read; otherwise refused."""
    if not isinstance(value, Ref):
        return
    heap = lo.state.heap
    now = {cell: heap.get(cell) for cell in sharing.reachable(State(heap=heap), value)}
    before = lo.cached.setdefault((value.cell, name), now)
    if any(heap.get(cell) is not content for cell, content in before.items()):
        raise lo.refuse(
            frame, node, f"The cached property `{name}` is read again after the object has changed.",
            "Make it a method, or keep its value under a name.",
        )


def of_object(lo: Lowering, frame: Frame, node: Any, value: Ref, content: Attributes, name: str) -> Value:
    """An attribute of an object: one that is known, one of its class, or one read at run time."""
    if isinstance(inspect.getattr_static(content.cls, "__getattribute__"), types.FunctionType):
        raise lo.refuse(frame, node, f"`{content.cls.__name__}` reads its attributes by `__getattribute__`.", "Use a property.")
    for key, known in content.entries:
        if key == name:
            return known
    if frozen.is_frozen(content.cls):
        method = frozen.method(lo, frame, node, value, content, name)
        if method is not None:
            return method
    if name == "__class__":
        return Const(content.cls)
    in_class = inspect.getattr_static(content.cls, name, None)
    if isinstance(in_class, property):
        return of_class(lo, frame, node, value, content.cls, name)
    whole = content.whole
    obj = lo.examples.get(whole)
    if whole is None or obj is None:
        if hasattr(content.cls, name):
            return of_class(lo, frame, node, value, content.cls, name)
        if whole is not None:
            return lo.apply(getattr, [whole, Const(name)], frame=frame, node=node, effect=False)
        raise lo.refuse(frame, node, f"`{content.cls.__name__}` has no attribute `{name}` here.", "Assign it before.")
    how = lo.paths.get(whole)
    if name not in getattr(obj, "__dict__", {}) and in_class is not None and not isinstance(
        in_class, types.MemberDescriptorType
    ):
        if isinstance(in_class, functools.cached_property) and how is not None:  # until the program itself has kept it
            kept = Guard(lambda args: str(name in vars(how(args))), signature(str(False)))
            lo.guards.setdefault(("kept", id(obj), name), kept)
        return of_class(lo, frame, node, value, content.cls, name)
    if not hasattr(obj, name):
        what = f"`{content.cls.__name__}` has no attribute `{name}`."
        raise lo.refuse(frame, node, what, similar(name, dir(obj)))

    def load() -> Atom:
        out = Var(hint=name)
        lo.stmts.append(Apply((out,), getattr, (whole, Const(name)), (), At()))
        return out

    if how is None:
        raise lo.refuse(frame, node, f"The attribute `{name}` is read from an object that cannot be followed.")
    path: Any = ("attribute", id(obj), name)
    cached = lo.state.names.get((-1, path))
    if cached is None:
        source = value.cell.source
        lo.loaders.setdefault(path, lambda lo: attribute(lo, frame, node, same_object(lo, obj, source), name))
        cached = lo.outside(path, getattr(obj, name), load, lambda args: getattr(how(args), name))
        lo.state.names[-1, path] = cached
    return cached


def same_object(lo: Lowering, obj: Any, source: Any) -> Ref:
    """The object, in a lowering that starts anew."""
    if source in lo.loaders_of_start:
        lo.loaders_of_start[source](lo)
    for cell, content in lo.state.heap.items():
        if isinstance(content, Attributes) and content.whole is not None and lo.examples.get(content.whole) is obj:
            return Ref(cell)
    raise AssertionError("an object is read at the start that is not there")


def set_attribute(lo: Lowering, frame: Frame, node: Any, target: Value, name: str, new: Value) -> None:
    """`target.name = new`: known from here on, and done to an object that came from outside."""
    if isinstance(target, Closure) and target.own is not None:
        target = target.own
    if isinstance(target, Const):  # a class, a module, a function
        lo.apply(setattr, [target, Const(name), new], frame=frame, node=node, effect=True, aval=NONE)
        key: Any = (-1, ("attribute", id(target.value), name))
        lo.state.names.pop(key, None)
        lo.stored[id(target.value), name] = lo.known_aval(new)
        return
    content = lo.state.heap[target.cell] if isinstance(target, Ref) else None
    if isinstance(target, Ref) and isinstance(lo.known_aval(target), Arr):
        set_array_attribute(lo, frame, node, target, name, new)
        return
    if not isinstance(target, Ref) or not isinstance(content, Attributes):
        raise lo.refuse(frame, node, "An attribute of this is assigned, and what it is, is not known.")
    setter = inspect.getattr_static(content.cls, name, None)
    if isinstance(setter, property):
        calls.call(lo, frame, node, classes.as_value(setter.fset), [target, new], {})
        return
    if isinstance(getattr(type(setter), "__set__", None), types.FunctionType):
        raise lo.refuse(frame, node, f"`{name}` is a descriptor, of `{type(setter).__name__}`.", "Use a property.")
    if isinstance(inspect.getattr_static(content.cls, "__setattr__"), types.FunctionType):
        raise lo.refuse(
            frame, node, f"`{content.cls.__name__}` assigns its attributes by `__setattr__`.",
            "Use a property.",
        )
    whole = content.whole
    if whole is None and target.cell.reload is not None:
        whole = target.cell.reload()
    if whole is not None:
        lo.writes_outside(target.cell, frame, node, False)
        lo.apply(setattr, [whole, Const(name), new], frame=frame, node=node, effect=True, aval=NONE)
    entries = tuple((k, v) for k, v in content.entries if k != name)
    lo.state.heap[target.cell] = Attributes(content.cls, (*entries, (name, new)), content.whole)



def set_array_attribute(lo: Lowering, frame: Frame, node: Any, target: Ref, name: str, new: Value) -> None:
    """`x.flat = v`, `x.real = v`, `x.imag = v`: they write to x."""
    if name == "flat":
        calls.call(lo, frame, node, Const(written.assign_flat), [target, new], {})
    elif name in ("real", "imag"):
        writes.store(lo, frame, node, attribute(lo, frame, node, target, name), Const(Ellipsis), new)
    else:
        raise lo.refuse(
            frame, node, f"The attribute `{name}` of an array is assigned.",
            "Make another array: `x = x.reshape(...)`, `x = x.astype(...)`.",
        )
