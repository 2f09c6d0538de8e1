"""What lowering knows of the values a function is called with.

`signature` is the part of a value that a gradient is specialised on: types, dtypes and shapes, the
keys of containers, strings, flags and functions by value, numbers by kind.  `abstract` makes the
matching lowering value.  Two arguments with one signature have one abstract value.

    2.5                      a Var of kind float
    np.ones((3, 2))          a cell that holds a Var: float64 (3, 2)
    [1.0, 2.0, 3.0]          a cell that holds a Var: a list of floats, of any length
    {"W": W, "b": b}         a cell that holds two entries, each as above
    "tanh", True, np.tanh    themselves
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..avals import FLOAT, INT, Arr, Aval, Num, Seq, aval_of, has_own_operators
from ..errors import Unsupported
from ..ir import Atom, Const, Tree
from ..rules.registry import OWNERS
from .meaning import Meant
from .values import Attributes, Cell, Content, Entries, Items, Ref, State, Tuple, Value

STATIC = (
    bool, str, bytes, type(None), type(Ellipsis), type, np.dtype, types.ModuleType, types.FunctionType,
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, np.ufunc, slice, range,
    type(np.sum), operator.itemgetter, operator.attrgetter, operator.methodcaller, functools.partial,
    functools._lru_cache_wrapper, Meant, enum.Enum,
)

LONGEST = 64  # the items of a list of up to this length may be told apart

Leaf = Callable[[Any, Aval], Atom]  # (path from the top, what is known) -> the atom that stands for it


class Shapeless:
    """Stands, as an example, for a value of which only this much is known."""

    def __init__(self, aval: Aval) -> None:
        self.aval = aval


def is_static(value: Any) -> bool:
    """Is the value itself, and not only its kind, part of a signature?"""
    return isinstance(value, STATIC) or id(value) in OWNERS


def is_namedtuple(cls: type) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def signature(value: Any) -> Any:
    """The hashable part of a value that a gradient is specialised on."""
    cls = type(value)
    if cls is float or cls is int or cls is complex:
        return cls
    if cls is np.ndarray:
        return (cls, value.dtype, value.shape)
    if isinstance(value, np.generic):
        return (cls, None)
    if cls is slice or cls is range:
        return (cls, value.start, value.stop, value.step)
    if is_static(value):
        return (cls, value)
    if cls is list:
        item = uniform(value)
        return (cls, "of", item) if item is not None else (cls, tuple(map(signature, value)))
    if cls is tuple or is_namedtuple(cls):
        return (cls, tuple(map(signature, value)))
    if cls is dict:
        return (cls, tuple((type(k), k, signature(v)) for k, v in value.items()))
    if dataclasses.is_dataclass(value):
        return (cls, tuple(signature(getattr(value, f.name, None)) for f in dataclasses.fields(value)))
    if isinstance(value, types.MethodType):
        return (cls, value.__func__, signature(value.__self__))
    return (cls, "object")


def own_operators(cls: type) -> tuple[str, str]:
    """Why such an array is refused, and what to do."""
    return (
        f"A `{cls.__name__}` is an array with operators of its own, which are not followed.",
        "Make a plain array of it before (`np.asarray(x)`); `@` multiplies matrices, `np.where` and `where=` leave entries out.",
    )


def uniform(values: list[Any]) -> Aval | None:
    """What every item of a list is, when they are numbers or arrays of one kind."""
    if not values:
        return None
    first = aval_of(values[0])
    if type(values[0]) in (float, int):
        kinds = set(map(type, values))
        if kinds == {float}:
            return FLOAT
        if kinds == {int}:
            return INT
        return FLOAT if kinds == {int, float} else None
    if isinstance(first, Arr):
        return first if all(aval_of(v) == first for v in values) else None
    return None


def details(value: Any, level: int) -> str:
    """What is known of a value beyond its signature: the lengths of lists, from level 2 on integers too.

    >>> details(([1.0, 2.0], 3), 1), details(([1.0, 2.0], 3), 2)
    ("['2', '']", "['2', '3']")
    """
    cls = type(value)
    if cls is int:
        return str(value) if level > 1 else ""
    if cls is list and uniform(value) is not None and (level < 2 or type(value[0]) is not int):
        return str(len(value))
    if cls is dict:
        return repr([details(v, level) for v in value.values()])
    if isinstance(value, list | tuple):
        return repr([details(v, level) for v in value])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return repr([details(getattr(value, f.name, None), level) for f in dataclasses.fields(value)])
    return ""


def abstract(
    value: Any, leaf: Leaf, state: State, examples: dict[Any, Any], path: Any = (), level: int = 0,
    tell: Callable[[Cell, Any], None] = lambda cell, path: None,
) -> tuple[Value, Any]:
    """The lowering value of `value`, and the tree of its leaves.

    `leaf(path, aval)` makes the atom for a leaf; `examples` keeps, for each object of which only the
    class is in the signature, the object itself, whose attributes are looked at when they are read.
    `level` says how much is taken as known (see `details`); `tell` is told of every cell.
    """

    def inner(part: Any, key: Any) -> tuple[Value, Any]:
        return abstract(part, leaf, state, examples, (*path, key), level, tell)

    def cell(content: Content) -> Ref:
        new = Cell(argument=path[0][1] if path else None)
        state.heap[new] = content
        tell(new, path)
        return Ref(new)

    cls = type(value)
    if is_static(value) or (level > 1 and cls is int):
        return Const(value), Const(value)
    if cls is list:
        item = uniform(value)
        if level and len(value) <= LONGEST:
            item = None
        if item is not None:
            atom = leaf(path, Seq(item))
            return cell(atom), atom
        made = [inner(v, ("item", i)) for i, v in enumerate(value)]
        return cell(Items(tuple(v for v, _ in made))), Tree(cls, tuple(range(len(value))), tuple(t for _, t in made))
    if cls is tuple or is_namedtuple(cls):
        made = [inner(v, ("item", i)) for i, v in enumerate(value)]
        return Tuple(tuple(v for v, _ in made), cls), Tree(cls, tuple(range(len(value))), tuple(t for _, t in made))
    if cls is dict:
        made = [inner(v, ("item", k)) for k, v in value.items()]
        entries = tuple(zip(value, (v for v, _ in made), strict=True))
        return cell(Entries(entries)), Tree(cls, tuple(value), tuple(t for _, t in made))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(f.name for f in dataclasses.fields(value) if hasattr(value, f.name))
        made = [inner(getattr(value, n), ("attribute", n)) for n in names]
        content = Attributes(cls, tuple(zip(names, (v for v, _ in made), strict=True)), whole=None)
        return cell(content), Tree(cls, names, tuple(t for _, t in made))
    if isinstance(value, Shapeless):
        return cell(atom := leaf(path, value.aval)), atom
    if has_own_operators(cls):
        raise Unsupported(*own_operators(cls))
    atom = leaf(path, aval_of(value))
    if isinstance(aval_of(value), Num) or isinstance(value, np.generic):
        return atom, atom
    if isinstance(value, np.ndarray):
        return cell(atom), atom
    examples[atom] = value
    return cell(Attributes(cls, (), whole=atom)), atom

