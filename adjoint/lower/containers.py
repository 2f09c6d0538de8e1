"""Lists, dicts, sets, namedtuples: how they are made, their methods, and sorting."""

from __future__ import annotations

import dataclasses
import operator
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from .. import runtime
from ..avals import ANY, INT, Arr, Obj, Parts, Seq, is_list, item_of, join
from ..ir import Const, Var
from . import attributes, calls, control, expressions, iteration
from .context import Frame, Lowering
from .queues import Queue
from .sequences import is_empty
from .specials import content_of, special
from .values import Attributes, Entries, Items, Iteration, Ref, Tuple, Value


# --- sorting --------------------------------------------------------------------------------------


@special(sorted)
def _sorted(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """By keys that are known, now; by keys that are computed, with an order found when the program runs."""
    key, backwards = kwargs.get("key", Const(None)), kwargs.get("reverse", Const(False))
    keyed = not (isinstance(key, Const) and key.value is None)
    items = iteration.known_items(lo, frame, node, args[0])
    if items is None and keyed and isinstance(args[0], Const) and isinstance(args[0].value, range):
        items = [Const(i) for i in args[0].value]
    if items is None and keyed:
        return by_keys(lo, frame, node, args[0], key, backwards)
    if items is None:
        return None
    keys = [calls.call(lo, frame, node, key, [v], {}) for v in items] if keyed else items
    atoms = [lo.atom(k, frame, node) for k in keys]
    if all(isinstance(a, Const) for a in atoms) and isinstance(backwards, Const):
        order = sorted(range(len(items)), key=lambda i: atoms[i].value, reverse=bool(backwards.value))  # type: ignore[union-attr]
        return lo.cell(Items(tuple(items[i] for i in order)))
    if not keyed:
        return None
    places = lo.apply(
        runtime.order, [lo.cell(Items(tuple(atoms))), backwards], frame=frame, node=node, effect=False,
        aval=Parts(list, (INT,) * len(items)),
    )
    made = lo.atom(lo.cell(Items(tuple(items))), frame, node)
    kind = Parts(list, (item_of(made.aval),) * len(items))
    picked = lo.apply(runtime.picked, [made, places], frame=frame, node=node, effect=False, aval=kind)
    lo.take_in(picked, *items)
    return picked


def by_keys(lo: Lowering, frame: Frame, node: Any, value: Value, key: Value, backwards: Value) -> Value:
    """Sorted by the keys of items of which it is not known how many."""
    items = calls.call(lo, frame, node, Const(list), [value], {})
    keys = calls.call(lo, frame, node, Const(map), [key, items], {})
    kind = lo.atom(items, frame, node).aval
    places = lo.apply(runtime.order, [keys, backwards], frame=frame, node=node, effect=False, aval=Seq(INT))
    picked = lo.apply(runtime.picked, [items, places], frame=frame, node=node, effect=False, aval=Seq(item_of(kind)))
    lo.take_in(picked, items)
    return picked


@special(list.sort)
def _sort(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target = args[0]
    assert isinstance(target, Ref)
    new = _sorted(lo, frame, node, args, kwargs)
    if new is None:
        new = lo.apply(sorted, args, kwargs, frame=frame, node=node)
    lo.write(target, content_of(lo, new), frame, node)
    return Const(None)


# --- constructors of containers -------------------------------------------------------------------


@special(list)
def _list(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    if not args:
        return lo.cell(Items(()))
    items = iteration.known_items(lo, frame, node, args[0])
    if items is not None:
        return lo.cell(Items(tuple(items)))
    if isinstance(args[0], Iteration):
        return listed(lo, frame, node, args[0])
    content = content_of(lo, args[0])
    kind = item_of(content.aval) if isinstance(content, Var | Const) else ANY
    return lo.apply(list, args, frame=frame, node=node, effect=False, aval=Seq(kind))


def listed(lo: Lowering, frame: Frame, node: Any, value: Value) -> Value:
    """An iteration as a list."""
    out = lo.cell(Items(()))

    def keep(item: Value) -> None:
        list_append(lo, frame, node, [out, item], {})

    iteration.for_each(lo, frame, node, value, keep)
    return out


@special(tuple)
def _tuple(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    if not args:
        return Tuple(())
    items = iteration.known_items(lo, frame, node, args[0])
    if items is None and isinstance(args[0], Const) and isinstance(args[0].value, range):
        items = [Const(v) for v in args[0].value]
    return None if items is None else Tuple(tuple(items))  # else a constant: `reverse.missing` has the program read again


@special(dict)
def _dict(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    entries: dict[Any, Value] = {}
    if args:
        content = content_of(lo, args[0])
        if isinstance(content, Entries):
            entries.update(content.entries)
        else:
            pairs = iteration.known_items(lo, frame, node, args[0])
            if pairs is None:
                raise lo.refuse(frame, node, "The keys of this dict are not known when the gradient is built.")
            for pair in pairs:
                both = iteration.known_items(lo, frame, node, pair)
                assert both is not None
                entries[expressions.constant_key(lo, frame, node, both[0])] = both[1]
    entries.update(kwargs)
    return lo.cell(Entries(tuple(entries.items())))


@special(OrderedDict)
def _ordered(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    return _dict(lo, frame, node, args, kwargs)


@special(defaultdict)
def _defaultdict(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    made = _dict(lo, frame, node, args[1:], kwargs)
    content = content_of(lo, made) if made is not None else None
    if not args or not isinstance(content, Entries):
        return made
    return lo.cell(Entries(content.entries, args[0]))


@special(deque)
def _deque(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    new = lo.cell(Attributes(Queue, ()))
    calls.call(lo, frame, node, Const(Queue.__init__), [new, *args], kwargs)
    return new


@special(set, frozenset)
def set_of(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """A set of constants is known, until it is changed."""
    items = iteration.known_items(lo, frame, node, args[0]) if args else []
    if items is not None and all(isinstance(v, Const) for v in items):
        return lo.cell(Const({v.value for v in items if isinstance(v, Const)}))
    return lo.apply(set, args, frame=frame, node=node, effect=False, aval=Obj(set))


# --- methods of lists -----------------------------------------------------------------------------


@special(list.append)
def list_append(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, item = args
    content = content_of(lo, target)
    assert isinstance(target, Ref)
    if isinstance(content, Items):
        kind = lo.known_aval(item) if isinstance(item, Ref) else None
        if lo.apart and lo.trial and (lo.apart == "all" or isinstance(kind, Arr) or (kind is not None and is_list(kind))):
            raise lo.refuse(
                frame, node, "A list takes in arrays or lists in a loop, and they are written to.", "Make one array of them."
            )
        lo.write(target, Items((*content.items, item)), frame, node)
        return Const(None)
    atom = lo.atom(item, frame, node)
    kind = Seq(atom.aval if is_empty(content) else join(item_of(content.aval), atom.aval))
    new = lo.apply(runtime.append, [content, atom], frame=frame, node=node, effect=False, aval=kind)
    lo.write(target, lo.atom(new, frame, node), frame, node)
    lo.take_in(target, item)
    return Const(None)


@special(list.extend)
def extend(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, other = args
    new = calls.operate(lo, frame, node, operator.add, [target, _list(lo, frame, node, [other], {}) or other])
    assert isinstance(target, Ref)
    lo.write(target, content_of(lo, new), frame, node)
    lo.take_in(target, other)
    return Const(None)


@special(list.insert)
def _insert(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, at, item = args
    content, position = content_of(lo, target), content_of(lo, at)
    if not isinstance(content, Items) or not isinstance(position, Const) or not isinstance(target, Ref):
        raise lo.refuse(frame, node, "Inserting into a list of unknown length is not understood.", "Use `+` on lists.")
    items = list(content.items)
    items.insert(position.value, item)
    lo.write(target, Items(tuple(items)), frame, node)
    return Const(None)


@special(list.pop)
def _pop(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target = args[0]
    at = content_of(lo, args[1]) if len(args) > 1 else Const(-1)
    content = content_of(lo, target)
    assert isinstance(target, Ref)
    if isinstance(content, Items) and isinstance(at, Const):
        items = list(content.items)
        try:
            item = items.pop(at.value)
        except IndexError as error:
            return lo.raises(frame, node, IndexError, str(error))
        lo.write(target, Items(tuple(items)), frame, node)
        return item
    item = expressions.subscript(lo, frame, node, target, at)
    if isinstance(at, Const) and at.value in (0, -1):
        rest = Const(slice(None, -1)) if at.value == -1 else Const(slice(1, None))
        left = lo.apply(operator.getitem, [target, rest], frame=frame, node=node, effect=False)
        lo.write(target, content_of(lo, left), frame, node)
        return item
    raise lo.refuse(frame, node, "Popping from the middle of a list of unknown length is not understood.")


@special(list.copy, dict.copy)
def _copy(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    copied = lo.cell(content_of(lo, args[0]))
    lo.take_in(copied, args[0])
    return copied


@special(list.reverse)
def _reverse(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, content = args[0], content_of(lo, args[0])
    assert isinstance(target, Ref)
    if isinstance(content, Items):
        lo.write(target, Items(content.items[::-1]), frame, node)
    else:
        back = lo.apply(operator.getitem, [target, Const(slice(None, None, -1))], frame=frame, node=node, effect=False)
        lo.write(target, content_of(lo, back), frame, node)
    return Const(None)


@special(list.clear)
def _clear(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    assert isinstance(args[0], Ref)
    lo.write(args[0], Items(()), frame, node)
    return Const(None)


# --- methods of sets ------------------------------------------------------------------------------


def _changes_set(method: Any) -> Callable[..., Value | None]:
    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
        target, content = args[0], content_of(lo, args[0])
        keys = [constant(lo, frame, node, a) for a in args[1:]]
        if not isinstance(target, Ref) or not isinstance(content, Const) or _COMPUTED in keys:
            return None
        new = type(content.value)(content.value)
        try:
            result = method(new, *keys)
        except KeyError as error:
            return lo.raises(frame, node, KeyError, *error.args)
        if new != content.value:
            lo.write(target, Const(new), frame, node)
        return lo.constant(result)

    return handler


def constant(lo: Lowering, frame: Frame, node: Any, value: Value) -> Any:
    """What a value is, if it is a constant, or a list, tuple or set of constants."""
    content = content_of(lo, value)
    if isinstance(content, Const):
        return content.value
    items = iteration.known_items(lo, frame, node, value) if isinstance(content, Tuple | Items) else None
    if items is None or not all(isinstance(i, Const) for i in items):
        return _COMPUTED
    return [i.value for i in items if isinstance(i, Const)]


_COMPUTED = object()

for _name in (
    "add", "discard", "remove", "update", "clear", "union", "intersection", "difference", "symmetric_difference", "issubset",
    "issuperset", "isdisjoint", "copy",
):
    for _cls in (set, frozenset):
        if hasattr(_cls, _name):
            special(getattr(_cls, _name))(_changes_set(getattr(_cls, _name)))


# --- methods of dicts -----------------------------------------------------------------------------


def _entries(lo: Lowering, frame: Frame, node: Any, value: Value) -> Entries:
    content = content_of(lo, value)
    if not isinstance(content, Entries):
        raise lo.refuse(frame, node, "The keys of this dict are not known when the gradient is built.")
    return content


@special(dict.keys)
def _keys(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return Tuple(tuple(Const(k) for k, _ in _entries(lo, frame, node, args[0]).entries))


@special(dict.values)
def _values(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return _of_dict(lo, frame, node, args[0], lambda k, v: v)


@special(dict.items)
def _dict_items(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return _of_dict(lo, frame, node, args[0], lambda k, v: Tuple((Const(k), v)))


def _of_dict(lo: Lowering, frame: Frame, node: Any, value: Value, of: Callable[[Any, Value], Value]) -> Value:
    """What is made of each key and value, when its turn comes: `d[k] += 1` in a loop over `d.items()` is seen."""
    assert isinstance(value, Ref)
    now = lambda: [of(k, v) for k, v in _entries(lo, frame, node, value).entries]
    return iteration.live(lo, frame, node, value, len(now()), now)


@special(dict.get)
def _get(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    content = _entries(lo, frame, node, args[0])
    key = lo.atom(args[1], frame, node)
    missing = args[2] if len(args) > 2 else Const(None)
    if isinstance(key, Const):
        found = content.get(key.value)
        return found if found is not None else missing
    return control.pick_key(lo, frame, node, content, key, missing)


@special(dict.pop)
def _dict_pop(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    content, target = _entries(lo, frame, node, args[0]), args[0]
    key = expressions.constant_key(lo, frame, node, args[1])
    found = content.get(key)
    if found is None:
        if len(args) > 2:
            return args[2]
        return lo.raises(frame, node, KeyError, key)
    assert isinstance(target, Ref)
    lo.write(target, content.having(e for e in content.entries if e[0] != key), frame, node)
    return found


@special(dict.update)
def _update(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, content = args[0], _entries(lo, frame, node, args[0])
    new = dict(content.entries)
    made = _dict(lo, frame, node, args[1:], kwargs)
    assert made is not None and isinstance(target, Ref)
    new.update(_entries(lo, frame, node, made).entries)
    lo.write(target, content.having(new.items()), frame, node)
    return Const(None)


@special(dict.setdefault)
def _setdefault(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target, content = args[0], _entries(lo, frame, node, args[0])
    key = expressions.constant_key(lo, frame, node, args[1])
    found = content.get(key)
    if found is not None:
        return found
    value = args[2] if len(args) > 2 else Const(None)
    assert isinstance(target, Ref)
    lo.write(target, content.having((*content.entries, (key, value))), frame, node)
    return value


# --- namedtuples and dataclasses ------------------------------------------------------------------


def _replace(self: Any, **changes: Any) -> Any:
    return self._replace(**changes)


def _asdict(self: Any) -> Any:
    return self._asdict()


NAMEDTUPLE_METHODS = {"_replace": _replace, "_asdict": _asdict}


@special(_replace)
def _replaced(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    (value,) = args
    assert isinstance(value, Tuple)
    fields = value.cls._fields  # type: ignore[attr-defined]
    return Tuple(tuple(kwargs.get(k, v) for k, v in zip(fields, value.items, strict=True)), value.cls)


@special(_asdict)
def _as_dict(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    (value,) = args
    assert isinstance(value, Tuple)
    return lo.cell(Entries(tuple(zip(value.cls._fields, value.items, strict=True))))  # type: ignore[attr-defined]


@special(dataclasses.replace)
def _dataclass_replace(
    lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]
) -> Value | None:
    content = content_of(lo, args[0])
    if not isinstance(content, Attributes) or not dataclasses.is_dataclass(content.cls):
        return None
    given = {f.name: attributes.attribute(lo, frame, node, args[0], f.name) for f in dataclasses.fields(content.cls) if f.init}
    return calls.construct(lo, frame, node, content.cls, [], {**given, **kwargs})
