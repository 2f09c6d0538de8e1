"""The state of one lowering: the statements so far, what every name is bound to, and the guards.

`Lowering.apply` is the one place where a primitive enters the program; `atom` is the one place where
a tuple, list or dict becomes a value of the IR.
"""

from __future__ import annotations

import collections
import operator
import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import runtime
from ..avals import ANY, NONE, Arr, Aval, Num, Obj, Parts, Seq, changeable, differentiable, has_own_operators, is_slice
from ..errors import AdjointError, Unsupported
from ..infer import gives_back, infer
from ..ir import UNDEFINED, Apply, At, Atom, Const, Stmt, Var
from ..rules.registry import lookup
from . import layout, queues, sharing, streams, written
from .abstract import abstract, details, own_operators, signature
from .guards import Guard
from .source import Source, Unchanged
from .values import (
    TORN, Attributes, Cell, Choice, Closure, Entries, Items, Iteration, Method, Partial, Ref, Rest, Slice, State, Stream, Tuple,
    Value, is_undefined,
)

_FOLDABLE = (bool, int, str, bytes, type(None), type, slice, range, type(Ellipsis))


@dataclass(eq=False)
class Frame:
    """One function while its body is lowered: whose names, whose globals, whose source."""

    id: int
    name: str
    source: Source
    node: Any
    fn: types.FunctionType | None
    parent: Frame | None = None
    assigned: frozenset[str] = frozenset()
    nonlocals: frozenset[str] = frozenset()
    globals_: frozenset[str] = frozenset()
    in_rule: bool = False

    @property
    def owner(self) -> Frame:
        """The frame of the function object that the node stands in."""
        return self if self.fn is not None or self.parent is None else self.parent.owner


class ReadFirst(Exception):
    """Something from outside is changed in place, and must be read, and copied, before all else.

    Only what is read before a branch is known after it.  And what is read afterwards is not what was
    there before: the reverse sweep may ask for that.
    """

    def __init__(self, key: Any) -> None:
        self.key = key


@dataclass(eq=False)
class Lowering:
    state: State = field(default_factory=State)
    stmts: list[Stmt] = field(default_factory=list)
    guards: dict[Any, Guard] = field(default_factory=dict)
    unchanged: Unchanged = field(default_factory=Unchanged)
    examples: dict[Any, Any] = field(default_factory=dict)  # Var of an object -> (the object, how to read it)
    paths: dict[Any, Any] = field(default_factory=dict)
    frames: int = 0
    stack: list[Any] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)  # the kinds of the calls in `stack`
    recursions: dict[Any, Any] = field(default_factory=dict)  # functions that call themselves, by kind
    trial: int = 0  # how many surrounding loops are looked at for the first time
    wanted: set[tuple[int, str]] = field(default_factory=set)  # names read in a loop before they are bound
    placeholders: int = 0
    level: int = 0  # how much is taken as known of lists and integers (`abstract.details`)
    top: list[Stmt] | None = None  # the statements of the function itself, not those of a block in it
    first: frozenset[Any] = frozenset()  # the variables from outside that are read at the start, and copied
    loaders_of_start: dict[Any, Callable[[Lowering], Value]] = field(default_factory=dict)  # of an attempt before
    written: set[Any] = field(default_factory=set)  # the variables from outside that were changed in place
    loaders: dict[Any, Callable[[Lowering], Value]] = field(default_factory=dict)  # of variables from outside
    classes: dict[Any, type] = field(default_factory=dict)  # of methods of classes defined inside the function
    stored: dict[tuple[int, str], Aval] = field(default_factory=dict)  # globals, class attributes that were assigned
    spliced: int = 2  # calls of a function inside itself, with other constants, before these become parameters
    apart: str = ""  # the "arrays" in a list, or "all" items, are known one by one, if need be by a body of a loop for each
    arguments: tuple[Any, ...] | None = None  # those that the program is lowered for
    layouts: dict[Cell, Any] = field(default_factory=dict)  # arrays that lie in memory as those of the program
    asked: dict[Any, Any] = field(default_factory=dict)
    hooked: dict[Var, Var] = field(default_factory=dict)  # with a hook on it -> the value itself
    made: dict[Cell, Any] = field(default_factory=dict)  # objects made of data -> what they were made of
    cached: dict[tuple[Cell, str], dict[Cell, Any]] = field(default_factory=dict)  # what cached properties were computed from
    idle: frozenset[Var] = frozenset()  # what the rule being spliced in need give no cotangent for
    ruled: Apply | None = None  # the call whose rule is being spliced in
    unrolled: int = 0  # how often the body of a loop was lowered for one item

    # --- errors -----------------------------------------------------------------------------------

    def refuse(self, frame: Frame, node: Any, what: str, advice: str = "") -> AdjointError:
        return Unsupported(what, advice, frame.source.spot(node))

    # --- statements of the IR ---------------------------------------------------------------------

    def apply(
        self,
        fn: Callable[..., Any],
        args: Sequence[Value],
        kwargs: dict[str, Value] | None = None,
        *,
        frame: Frame,
        node: Any,
        effect: bool | None = None,
        aval: Aval | None = None,
    ) -> Value:
        """Add `fn(*args, **kwargs)` to the program, or work it out now if everything is known."""
        if not frame.in_rule:
            args = self.as_arrays(fn, args, frame, node)
        atoms = tuple(self.atom(a, frame, node) for a in args)
        named = tuple((k, self.atom(a, frame, node)) for k, a in (kwargs or {}).items())
        rule = lookup(fn)
        pure = rule is not None and rule.pure
        if effect is None:
            effect = not pure
        every = atoms + tuple(a for _, a in named)
        if pure and all(isinstance(a, Const) for a in every):
            folded = self.fold(fn, atoms, named, frame)
            if folded is not None:
                return folded
        if aval is None:
            aval = infer(fn, atoms, named, pure)
        if isinstance(aval, Obj) and aval.cls is not None and has_own_operators(aval.cls):
            raise self.refuse(frame, node, *own_operators(aval.cls))
        out = Var(aval)
        at = At(None if frame.in_rule else frame.source.place(node))
        self.stmts.append(Apply((out,), fn, atoms, named, at, effect))
        if effect and rule is None and _module(fn) not in _HARMLESS:  # it may change what it is given and what it finds
            self.state.names = {k: v for k, v in self.state.names.items() if k[0] != -1 or k[1] in self.written}
            for value, atom in zip((*args, *(kwargs or {}).values()), every, strict=True):
                self.changed(value, atom, every, frame, node)
        if rule is not None and pure and not rule.view and not rule.where.startswith("rules/") and gives_back(fn, atoms, named):
            rule.view = True
        views = self.views_of(args, fn, rule, atoms, aval)
        value = self.value(out, views, frame, node)
        if isinstance(value, Ref) and isinstance(aval, Arr) and not frame.in_rule:
            value.cell.made = layout.Made(fn, tuple(args), atoms, named)
            if len(views) == 1:
                sharing.note_view(self, frame, node, value.cell, fn, args, named)
        if isinstance(value, Ref) and not isinstance(aval, Arr):
            self.take_in(value, *args, *(kwargs or {}).values())
        streams.used_up(self, fn, (*args, *(kwargs or {}).values()))
        return value

    def changed(self, value: Value, atom: Atom, others: tuple[Atom, ...], frame: Frame, node: Any) -> None:
        """An unknown function may have put `others` into this: from here on it is another value.

        So is what it is made from: an array that it is a view of, an object that it is a method of.
        """
        if not isinstance(value, Ref):
            return
        content = self.state.heap[value.cell]
        if not isinstance(content, Attributes | Rest | Stream):
            kind = Seq(ANY) if isinstance(content, Items) else atom.aval
            new = Var(kind, getattr(content, "hint", None))
            args = (atom, *(a for a in others if a is not atom and isinstance(a, Var)))
            sharing.hold(value.cell, self.held_by(value) if isinstance(content, Items | Entries) else ())
            self.stmts.append(Apply((new,), runtime.changed, args, (), At(frame.source.place(node)), True))
            self.state.heap[value.cell] = new
        for base, _ in value.cell.views:
            if isinstance(whole := self.state.heap.get(base), Var):
                self.changed(Ref(base), whole, others, frame, node)
        if value.cell.views:
            self.state.seen[value.cell] = sharing.roots(self.state, value.cell)

    def as_arrays(self, fn: Any, args: Sequence[Value], frame: Frame, node: Any) -> Sequence[Value]:
        """What NumPy does to a list of numbers that it is given: `np.dot(xs, ys)`, `x * [1.0, 2.0]`.

        Functions that take a sequence of arrays (`np.stack`) are left to their rules.
        """
        if _module(fn) in ("numpy", "builtins"):
            args = [queues.items(self.state, a) for a in args]
        if fn in _ARITHMETIC:
            avals = [self.known_aval(a) for a in args]
            if not any(isinstance(aval, Arr) and not is_repetition(aval) for aval in avals):
                return args
            return [
                self.apply(np.array, [a], frame=frame, node=node) if _holds_numbers(aval) else a
                for a, aval in zip(args, avals, strict=True)
            ]
        elif not isinstance(getattr(fn, "__self__", fn), np.ufunc) and (
            _module(fn) != "numpy" or fn.__name__ in _TAKE_SEQUENCES
        ):
            return args
        holds = _holds_numbers if isinstance(fn, np.ufunc) else _holds_floats
        return [self.apply(np.array, [a], frame=frame, node=node) if holds(self.known_aval(a)) else a for a in args]

    def known_aval(self, value: Value) -> Aval:
        content = self.state.heap[value.cell] if isinstance(value, Ref) else value
        match content:
            case Var() | Const():
                return content.aval
            case Items(items=items):
                return Parts(list, tuple(map(self.known_aval, items)))
            case Tuple(items=items):
                return Parts(tuple, tuple(map(self.known_aval, items)))
        return ANY

    def fold(self, fn: Any, atoms: tuple[Any, ...], named: Any, frame: Frame) -> Value | None:
        """The value, if it is one that may stand in the program as a constant.

        Floats that the user wrote stay as written; in a rule they are folded too.
        """
        if any(a.value is UNDEFINED for a in atoms):
            return None
        try:
            value = fn(*(a.value for a in atoms), **{k: a.value for k, a in named})
        except Unsupported:  # a rule's helper that refuses this call
            raise
        except Exception:  # let it be raised where and when the program would raise it
            return None
        return self.constant(value, floats=frame.in_rule)

    def constant(self, value: Any, floats: bool = False) -> Value | None:
        if type(value) is tuple:
            items = [self.constant(v, floats) for v in value]
            return None if None in items else Tuple(tuple(i for i in items if i is not None))
        if type(value) is list:
            items = [self.constant(v, floats) for v in value]
            return None if None in items else self.cell(Items(tuple(i for i in items if i is not None)))
        if isinstance(value, set | frozenset):
            return self.cell(Const(value))
        if isinstance(value, _FOLDABLE) or type(value).__name__ == "dtype" or type(value).__module__ == "numpy.dtypes":
            return Const(value)
        if floats and type(value) is float:
            return Const(value)
        return None

    def value(self, out: Var, views: tuple[tuple[Cell, Any], ...], frame: Frame, node: Any) -> Value:
        """What the program sees of a new variable: a cell if it can be changed in place."""
        aval = out.aval
        match aval:
            case Parts(cls, items) if cls is not list:
                made = []
                for k, item in enumerate(items):
                    part = Var(item)
                    self.stmts.append(Apply((part,), operator.getitem, (out, Const(k)), (), At()))
                    made.append(self.value(part, views, frame, node))
                return Tuple(tuple(made), cls)
        return self.cell(out, views) if changeable(aval) else out

    def cell(self, content: Any, views: tuple[tuple[Cell, Any], ...] = ()) -> Ref:
        new = Cell(views=views)
        self.state.heap[new] = content
        if views:
            self.state.seen[new] = sharing.roots(self.state, new)
        return Ref(new)

    def views_of(
        self, args: Sequence[Value], fn: Any, rule: Any, atoms: tuple[Atom, ...], aval: Aval
    ) -> tuple[tuple[Cell, Any], ...]:
        """The cells that a result may share memory with."""
        if fn is operator.getitem:
            if isinstance(aval, Arr) and (aval.boxed or _copies(atoms[1])):
                return ()
            if isinstance(atoms[0].aval, Seq | Parts) and is_slice(atoms[1].aval):
                return ()  # another list, which holds what the list holds
            sharing: list[Value] = [args[0]]
        elif rule is None or rule.view or fn in MAY_SHARE:
            sharing = []
            for a in args:
                content = self.state.heap[a.cell] if isinstance(a, Ref) else a
                sharing += content.items if isinstance(content, Items | Tuple) else [a]
        else:
            return ()
        return tuple((a.cell, self.state.heap[a.cell]) for a in sharing if isinstance(a, Ref))

    # --- values as atoms --------------------------------------------------------------------------

    def atom(self, value: Value, frame: Frame, node: Any) -> Atom:
        """The value as one the IR can hold; containers are built."""
        match value:
            case Var() | Const():
                if value is TORN:
                    raise self.torn(frame, node)
                if is_undefined(value):
                    raise self.refuse(frame, node, "This name may not have been assigned yet.", "Assign it before.")
                return value
            case Ref(cell):
                self.check_fresh(cell, frame, node)
                if cell.once:
                    streams.check_unchanged(self, frame, node, cell)
                content = self.state.heap[cell]
                match content:
                    case Items():
                        return self.build(runtime.make_list, content.items, frame, node, list)
                    case Entries():
                        keys = Const(tuple(k for k, _ in content.entries))
                        values = [v for _, v in content.entries]
                        return self.build(runtime.make_dict, [keys, *values], frame, node, None, Obj(dict))
                    case Attributes(cls=written.Flat, entries=((_, array),)):
                        return self.atom(self.apply(np.ravel, [array], frame=frame, node=node), frame, node)
                    case Attributes(cls=queues.Queue, entries=entries):
                        known = dict(entries)
                        made = [known["items"], known["maxlen"]]
                        return self.build(collections.deque, made, frame, node, None, Obj(collections.deque))
                    case Attributes():
                        return self.whole(content, frame, node)
                    case Const(value=set() | frozenset() as known):
                        return self.build(type(known), [Const(tuple(known))], frame, node, None, Obj(type(known)))
                    case Rest() | Stream():
                        return self.atom(streams.peeked(self, frame, node, value), frame, node)
                if content is TORN:
                    raise self.torn(frame, node)
                return content
            case Tuple():
                atoms = [self.atom(v, frame, node) for v in value.items]
                if value.cls is tuple:
                    if all(isinstance(a, Const) for a in atoms):
                        return Const(tuple(a.value for a in atoms if isinstance(a, Const)))
                    return self.build(runtime.make_tuple, atoms, frame, node, tuple)
                return self.build(value.cls, atoms, frame, node, value.cls)
            case Slice():
                atoms = [self.atom(v, frame, node) for v in value.parts]
                if all(isinstance(a, Const) for a in atoms):
                    return Const(slice(*(a.value for a in atoms if isinstance(a, Const))))
                return self.build(slice, atoms, frame, node, None, Obj(slice))
            case Iteration(sequence=sequence) if sequence is not None:
                return sequence
            case Iteration(length=Const(value=int(n)), item=read, unrolled=True):
                assert read is not None
                return self.build(runtime.make_list, [read(Const(i)) for i in range(n)], frame, node, list)
        raise self.refuse(
            frame, node, f"{describe(value)} is used as a value here, where adjoint must know which one it is.",
            "Call it directly, or choose it with a constant.",
        )

    def build(
        self, fn: Any, values: Iterable[Value], frame: Frame, node: Any, cls: type | None, aval: Aval | None = None
    ) -> Var:
        atoms = tuple(self.atom(v, frame, node) for v in values)
        if cls is not None:
            aval = Parts(cls, tuple(a.aval for a in atoms))
        out = Var(aval or ANY)
        place = None if frame.in_rule else frame.source.place(node)
        self.stmts.append(Apply((out,), fn, atoms, (), At(place)))
        return out

    def whole(self, content: Attributes, frame: Frame, node: Any) -> Atom:
        if content.whole is not None:
            return content.whole
        if any(content.cls is cls for cls in self.classes.values()):
            raise self.refuse(
                frame, node, f"An object of `{content.cls.__name__}` leaves the function that defines its class.",
                "Define the class outside the function.",
            )
        values = [v for _, v in content.entries]
        keys = Const(tuple(k for k, _ in content.entries))
        return self.build(
            runtime.make_object, [Const(content.cls), keys, *values], frame, node, None, Obj(content.cls)
        )

    def raises(self, frame: Frame, node: Any, kind: type, *args: Any) -> Value:
        """The program always raises here, and so does the generated code; what follows never runs."""
        error = self.apply(kind, [Const(a) for a in args], frame=frame, node=node, effect=False, aval=Obj(kind))
        never = self.apply(runtime.raise_, [error], frame=frame, node=node, effect=True, aval=ANY)
        self.state.dead = True
        return never

    def torn(self, frame: Frame, node: Any) -> AdjointError:
        return self.refuse(
            frame, node, "This is assigned in a `try` block, and may be so or not when the exception comes.",
            "Assign it in the `except` block too, or after the `try`.",
        )

    def held_by(self, value: Value) -> tuple[tuple[Cell, Any], ...]:
        return sharing.held_by(self, value)

    def take_in(self, target: Value, *values: Value) -> None:
        """Note that a container, if its items are not known one by one, holds these values from now on."""
        content = self.state.heap[target.cell] if isinstance(target, Ref) else None
        if isinstance(target, Ref) and isinstance(content, Var) and not isinstance(content.aval, Arr):
            sharing.hold(target.cell, [held for value in values for held in self.held_by(value)])

    def check_fresh(self, cell: Cell, frame: Frame, node: Any) -> None:
        sharing.check_fresh(self, cell, frame, node)

    def write(self, ref: Ref, content: Any, frame: Frame, node: Any) -> None:
        """Give a cell new contents; every name for it sees them."""
        before = self.state.heap.get(ref.cell)
        if not sharing.write(self, ref.cell, content, frame, node):
            return
        if ref.cell.reload is not None:  # it is not ours: what is outside changes too
            self.writes_outside(ref.cell, frame, node, isinstance(before, Var))
            atom = self.atom(ref, frame, node)
            at = At(frame.source.place(node))
            self.stmts.append(Apply((Var(NONE),), runtime.refill, (ref.cell.reload(), atom), (), at, True))

    def writes_outside(self, cell: Cell, frame: Frame, node: Any, in_place: bool) -> None:
        """Something outside is changed: a list, dict or array in place, or an attribute of an object."""
        self.written.add(cell.source)
        if cell.inside or (in_place and not cell.copied):
            if cell.source not in self.loaders:
                raise self.refuse(
                    frame, node, "This changes something outside of the function, which is not followed.",
                    "Make a copy, change that, and assign it at the end.",
                )
            raise ReadFirst(cell.source)

    # --- values from outside the function ---------------------------------------------------------

    def outside(
        self, key: Any, obj: Any, load: Callable[[], Atom], read: Callable[[tuple[Any, ...]], Any]
    ) -> Value:
        """The lowering value of an object that the program finds in a global, a cell or an attribute.

        What its signature holds is taken as known, under a guard; numbers and arrays are read when
        the generated code runs.
        """
        self.guards.setdefault(key, Guard(read, signature(obj)))
        if self.level:
            known = details(obj, self.level)
            self.guards.setdefault((key, "details"), Guard(lambda args: details(read(args), self.level), signature(known)))
        found: list[Atom] = []

        def follow(atom: Atom, path: Any) -> Atom:
            for how, what in path:
                fn = operator.getitem if how == "item" else getattr
                part = Var()
                self.stmts.append(Apply((part,), fn, (atom, Const(what)), (), At()))
                atom = part
            return atom

        def leaf(path: Any, aval: Aval) -> Atom:
            if not found:
                found.append(load())
            atom = follow(found[0], path)
            if isinstance(atom, Var):
                atom.aval = aval
                if key in self.first and isinstance(aval, Arr | Seq) and not getattr(aval, "boxed", False):
                    copy = Var(aval, atom.hint)
                    self.stmts.append(Apply((copy,), list if isinstance(aval, Seq) else np.array, (atom,), (), At()))
                    atom = copy

                def again(args: tuple[Any, ...], path: Any = path) -> Any:
                    here = read(args)
                    for how, what in path:
                        here = here[what] if how == "item" else getattr(here, what)
                    return here

                self.paths[atom] = again
            return atom

        def tell(cell: Cell, path: Any) -> None:
            cell.reload = lambda: follow(load(), path)
            cell.source, cell.inside, cell.copied = key, self.stmts is not self.top, key in self.first

        value, _ = abstract(obj, leaf, self.state, self.examples, (), self.level, tell)
        return value


_ARITHMETIC = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.matmul,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
}
_HARMLESS = {"numpy", "scipy", "math", "logging", "warnings", "time", "itertools"}  # these change no argument
MAY_SHARE = {
    getattr, np.einsum, np.diff, np.nan_to_num, np.float64, np.float32, np.ndarray.conj, np.ndarray.conjugate,
    np.polyder, np.polyint,
}  # not marked as views, since they seldom are
_TAKE_SEQUENCES = {
    "histogram2d", "histogramdd",
    "array", "asarray", "asanyarray", "ascontiguousarray", "asfarray", "stack", "concatenate", "vstack", "hstack",
    "dstack", "column_stack", "row_stack", "block", "select", "choose", "shape", "ndim", "size", "einsum", "meshgrid",
    "broadcast_arrays", "fromiter", "multi_dot",
}


def _module(fn: Any) -> str:
    return (getattr(fn, "__module__", None) or "").split(".")[0]


def is_repetition(aval: Aval) -> bool:
    """A NumPy integer: a list is repeated by it, where any other array makes an array of the list."""
    return isinstance(aval, Arr) and aval.boxed and aval.dtype is not None and aval.dtype.kind in "iu"


def _holds_numbers(aval: Aval) -> bool:
    """Is it a list or tuple of numbers, arrays, or lists of them?"""
    items = (aval.item,) if isinstance(aval, Seq) else aval.items if isinstance(aval, Parts) else ()
    return bool(items) and all(isinstance(item, Num | Arr) or _holds_numbers(item) for item in items)


def _holds_floats(aval: Aval) -> bool:
    """Is it a list or tuple of floats, arrays, or lists of them?"""
    match aval:
        case Seq(item):
            return _is_entry(item)
        case Parts(items=items):
            return bool(items) and all(map(_is_entry, items)) and any(map(differentiable, items))
    return False


def _is_entry(aval: Aval) -> bool:
    return isinstance(aval, Num | Arr) or _holds_floats(aval)


def _copies(index: Atom) -> bool:
    """Does indexing an array with this make a copy?  Index arrays, lists and masks do."""
    avals = index.aval.items if isinstance(index.aval, Parts) and index.aval.cls is tuple else (index.aval,)
    return any(
        isinstance(a, Seq) or (isinstance(a, Parts) and a.cls is list) or (isinstance(a, Arr) and a.shape != ())
        for a in avals
    )


def describe(value: Value) -> str:
    match value:
        case Closure(name=name):
            return f"The function `{name}`"
        case Method() | Partial():
            return "A function"
        case Choice():
            return "One of several things, chosen at run time,"
        case Iteration():
            return "An iterator"
    return "This"

