"""What a Python expression is while the program is lowered.

An atom (`Var`, `Const`) is a value of the IR.  Everything else here exists only while lowering, and
is gone when it is done: tuples, functions and iterators whose parts are known one by one, and
references to *cells*.

Names are bound to cells, not to values, wherever a value can be changed in place: `z = y` makes two
names for one cell, and an update through either is seen by both.  What a cell holds now stands in
`State.heap`: an atom for an array or a list of unknown length, otherwise `Items` (a list), `Entries`
(a dict) or `Attributes` (an object).  Contents are never changed, only replaced, so the state of one
branch of an `if` is a shallow copy of the state before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..avals import Aval
from ..ir import UNDEF, Atom, Const, Var


@dataclass(eq=False)
class Cell:
    """Something that can be changed in place.

    `views` are the cells it may share memory with, each with what it held when the view was made: a
    view is good until then.  `twins` are cells it may be the same as (after an `if`, in a loop).
    """

    hint: str | None = None
    views: tuple[tuple[Cell, Any], ...] = ()
    twins: tuple[Cell, ...] = ()
    argument: str | None = None  # the parameter that brought it in
    reload: Callable[[], Atom] | None = None  # the object itself, where it is one from outside
    source: Any = None  # what it is a part of, outside
    inside: bool = False  # it was read from there in a branch or a loop
    how: View | Chosen | None = None  # how it is made from its `views`, where that is known
    made: Any = None  # what made it, for `layout`
    readonly: bool = False  # an array that NumPy does not let be written to
    copied: bool = False  # what it holds is a copy
    holds: tuple[tuple[Cell, Any], ...] = ()  # arrays that a list took in, and what they held then
    stale: bool = False  # a loop put an array in, and updated it afterwards
    once: bool = False  # an iterator: what is taken from it is gone
    read: tuple[tuple[Any, Any], ...] = ()  # what a generator read outside of itself, and what that held

    def __repr__(self) -> str:  # not what it refers to: cells that refer to others twice would print for ever
        return f"<cell {self.hint or ''} {id(self) % 10000}>"


@dataclass(frozen=True, eq=False)
class Ref:
    cell: Cell


@dataclass(frozen=True, eq=False)
class View:
    """`fn(base, *args, **kwargs)`.  `certain`: it is a view; otherwise it may be a copy, as a `reshape` may.

    `only`: the tests of the branches that made it, and how they went; its base is undefined where one went the other way.
    """

    fn: Any
    base: Cell
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]
    frame: Any
    node: Any
    certain: bool = True
    only: tuple[tuple[Atom, bool], ...] = ()


@dataclass(frozen=True, eq=False)
class Chosen:
    """One of two cells, by a test made at run time."""

    test: Atom
    then: Cell
    orelse: Cell
    frame: Any
    node: Any


@dataclass(frozen=True, eq=False)
class Tuple:
    items: tuple[Value, ...]
    cls: type = tuple  # or a namedtuple


@dataclass(frozen=True, eq=False)
class Slice:
    parts: tuple[Value, Value, Value]


@dataclass(frozen=True, eq=False)
class Closure:
    """A nested function or a lambda; its free names are read in `frame` when it runs."""

    node: Any
    frame: Any
    defaults: tuple[Value, ...] = ()
    kw_defaults: dict[str, Value] = field(default_factory=dict)
    name: str = "<lambda>"
    own: Ref | None = None  # its attributes


@dataclass(frozen=True, eq=False)
class Method:
    """A function with its first argument."""

    self: Value
    fn: Value


@dataclass(frozen=True, eq=False)
class Partial:
    fn: Value
    args: tuple[Value, ...]
    kwargs: dict[str, Value]


@dataclass(frozen=True, eq=False)
class Choice:
    """One of two things that are not values of the IR, by a test made at run time."""

    test: Atom
    then: Value
    orelse: Value


@dataclass(frozen=True, eq=False)
class Iteration:
    """Something to loop over: `item(i)` for i in range(length), or `sequence` itself.

    `unrolled`: the items differ in kind, and `item` is only asked for constants; `general` is the same for any index.
    """

    length: Atom | None
    item: Callable[[Atom], Value] | None
    sequence: Atom | None = None
    cells: tuple[Cell, ...] = ()
    unrolled: bool = False
    general: Callable[[], Iteration] | None = None


# --- contents of cells ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Items:
    items: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Rest:
    """What is left of an iterator that something was taken from; None where that is not known."""

    items: tuple[Value, ...] | None


@dataclass(frozen=True, eq=False)
class Stream:
    """An iterator that a name is bound to, before anything is taken from it."""

    items: Iteration


@dataclass(frozen=True, eq=False)
class Entries:
    entries: tuple[tuple[Any, Value], ...]  # constant keys, in order
    factory: Value | None = None  # of a defaultdict

    def having(self, entries: Iterable[tuple[Any, Value]]) -> Entries:
        """The same dict with other entries."""
        return Entries(tuple(entries), self.factory)

    def get(self, key: Any) -> Value | None:
        for k, v in self.entries:
            if k == key:
                return v
        return None


@dataclass(frozen=True, eq=False)
class Attributes:
    cls: type
    entries: tuple[tuple[str, Value], ...]
    whole: Atom | None = None  # the object itself, when it came from outside


Content = Atom | Items | Rest | Stream | Entries | Attributes
Value = Var | Const | Ref | Tuple | Slice | Closure | Method | Partial | Choice | Iteration


@dataclass(eq=False)
class State:
    """What is known at one point of the program.  `dead` after a `raise`.

    `seen` is what the bases of a view held when the view was last looked at.  `stale` are arrays of
    which it is not known what they hold, since another that may be the same was written to.
    """

    names: dict[tuple[int, str], Value] = field(default_factory=dict)
    heap: dict[Cell, Content] = field(default_factory=dict)
    dead: bool = False
    seen: dict[Cell, tuple[Content | None, ...]] = field(default_factory=dict)
    stale: dict[Cell, None] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.names), dict(self.heap), self.dead, dict(self.seen), dict(self.stale))


def parts(value: Any) -> tuple[Any, ...] | None:
    """The parts of a composite value or content, or None for an atom, a reference or a function."""
    match value:
        case Tuple():
            return value.items
        case Slice():
            return value.parts
        case Items() | Rest():
            return value.items or ()
        case Entries() | Attributes():
            return tuple(v for _, v in value.entries)
        case Partial():
            return (value.fn, *value.args, *value.kwargs.values())
        case Method():
            return (value.self, value.fn)
        case Choice():
            return (value.test, value.then, value.orelse)
    return None


def rebuild(value: Any, new: Iterable[Any]) -> Any:
    """The same composite with other parts."""
    it: Iterator[Any] = iter(new)
    match value:
        case Tuple():
            return Tuple(tuple(it), value.cls)
        case Slice():
            return Slice(tuple(it))
        case Items():
            return Items(tuple(it))
        case Rest():
            return Rest(tuple(it) if value.items is not None else None)
        case Entries():
            return Entries(tuple((k, next(it)) for k, _ in value.entries), value.factory)
        case Attributes():
            return Attributes(value.cls, tuple((k, next(it)) for k, _ in value.entries), value.whole)
        case Partial():
            fn, rest = next(it), list(it)
            n = len(value.args)
            return Partial(fn, tuple(rest[:n]), dict(zip(value.kwargs, rest[n:], strict=True)))
        case Method():
            return Method(*it)
        case Choice():
            return Choice(*it)
    raise AssertionError(value)


def same_shape(a: Any, b: Any) -> bool:
    """Are two composites made alike, so that they can be merged part by part?"""
    if type(a) is not type(b):
        return False
    match a:
        case Tuple():
            return a.cls is b.cls and len(a.items) == len(b.items)
        case Items():
            return len(a.items) == len(b.items)
        case Rest():
            return a.items is not None and b.items is not None and len(a.items) == len(b.items)
        case Entries():
            return [k for k, _ in a.entries] == [k for k, _ in b.entries]
        case Attributes():
            return a.cls is b.cls and a.whole is b.whole and [k for k, _ in a.entries] == [k for k, _ in b.entries]
        case Partial():
            return len(a.args) == len(b.args) and list(a.kwargs) == list(b.kwargs)
        case Slice() | Method():
            return True
    return False


def same(a: Any, b: Any) -> bool:
    """Is it certainly the same value?"""
    if a is b:
        return True
    if isinstance(a, Const) and isinstance(b, Const):
        return same_constant(a.value, b.value)
    if isinstance(a, Ref) and isinstance(b, Ref):
        return a.cell is b.cell
    if same_shape(a, b):
        return all(same(m, n) for m, n in zip(parts(a) or (), parts(b) or (), strict=True))
    return False


def same_constant(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, float | complex):
        return repr(a) == repr(b)
    return isinstance(a, bool | int | str | bytes) and a == b


class _Torn:
    """The value of a name that a `try` block assigned, where the block may have raised before or after."""

    def __repr__(self) -> str:
        return "torn"


TORN = Const(_Torn())


def is_undefined(value: Any) -> bool:
    return isinstance(value, Const) and value is UNDEF


def aval_name(aval: Aval) -> str:
    """How an error calls a value of this kind."""
    from ..avals import Arr, Num, Obj, Seq

    match aval:
        case Num(kind):
            return f"a Python {kind}"
        case Arr():
            return "an array" if not aval.boxed else "a NumPy number"
        case Seq():
            return "a list"
        case Obj(cls):
            return f"an object of type {cls.__name__}" if cls is not None else "a value of unknown type"
    return "a value"
