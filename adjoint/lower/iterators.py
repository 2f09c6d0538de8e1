"""What is looped over: ranges, zips, maps and their like, `itertools`, and iterators stepped through by hand."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..avals import BOOL, INT, Obj, is_list
from ..ir import Const, Var
from . import calls, control, expressions, iteration, spliced, stepping, streams
from .containers import list_append, listed
from .context import Frame, Lowering
from .specials import content_of, special
from .values import Closure, Items, Iteration, Ref, Tuple, Value


ENDLESS = Const(sys.maxsize)


# --- iteration ------------------------------------------------------------------------------------


@special(range)
def _range(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    atoms = [lo.atom(a, frame, node) for a in args]
    if all(isinstance(a, Const) for a in atoms):
        return Const(range(*(a.value for a in atoms if isinstance(a, Const))))
    return lo.apply(range, list(atoms), frame=frame, node=node, effect=False, aval=Obj(range))


@special(enumerate)
def _enumerate(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    start = kwargs.get("start", args[1] if len(args) > 1 else Const(0))
    return iteration.enumerated(lo, frame, node, args[0], start)


@special(zip)
def _zip(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    strict = kwargs.get("strict", Const(False))
    if len(args) > 1 and not (isinstance(strict, Const) and not strict.value):
        iteration.alike(lo, frame, node, args)
    return iteration.zipped(lo, frame, node, args)


@special(reversed)
def _reversed(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    return iteration.reversed_(lo, frame, node, args[0])


@special(map)
def _map(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    fn, rows = args[0], iteration.zipped(lo, frame, node, args[1:])
    out = lo.cell(Items(()))

    def body(row: Value) -> None:
        assert isinstance(row, Tuple)
        list_append(lo, frame, node, [out, calls.call(lo, frame, node, fn, list(row.items), {})], {})

    iteration.for_each(lo, frame, node, rows, body)
    return streams.made(lo, out, _names_of(fn), args[1:])


def _names_of(fn: Value) -> set[tuple[int, str]]:
    return streams.names_in(fn.frame, fn.node) if isinstance(fn, Closure) else set()


@special(filter)
def _filter(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    out = lo.cell(Items(()))

    def body(item: Value) -> None:
        asked = item
        if not (isinstance(args[0], Const) and args[0].value is None):
            asked = calls.call(lo, frame, node, args[0], [item], {})
        test = expressions.truth(lo, frame, node, asked)

        def keep() -> Value:
            return list_append(lo, frame, node, [out, item], {}) or Const(None)

        control.choose(lo, frame, node, test, keep, lambda: Const(None))

    iteration.for_each(lo, frame, node, args[1], body)
    return streams.made(lo, out, _names_of(args[0]), args[1:])


@special(functools.reduce)
def _reduce(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    items = iteration.known_items(lo, frame, node, args[1])
    if items is not None:
        total, rest = (args[2], items) if len(args) > 2 else (items[0], items[1:])
        for item in rest:
            total = calls.call(lo, frame, node, args[0], [total, item], {})
        return total
    it = iteration.in_general(lo, frame, node, iteration.iteration_of(lo, frame, node, args[1]))
    start, first = (args[2], 0) if len(args) > 2 else (iteration.item_of_iteration(lo, frame, node, it, Const(0)), 1)
    name = f"%reduce{lo.frames}"
    lo.state.names[frame.id, name] = start
    length = iteration.length_of_iteration(lo, frame, node, it)
    steps = calls.call(lo, frame, node, Const(range), [Const(first), length], {})

    def body(i: Value) -> None:
        item = iteration.item_of_iteration(lo, frame, node, it, i)  # type: ignore[arg-type]
        now = lo.state.names[frame.id, name]
        lo.state.names[frame.id, name] = calls.call(lo, frame, node, args[0], [now, item], {})

    iteration.for_each(lo, frame, node, steps, body, assigned=frozenset([name]), keep=frozenset([name]))
    return lo.state.names.pop((frame.id, name))


# --- iterators ------------------------------------------------------------------------------------


def _stepped(
    said: Any, lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    return spliced.inline(lo, frame, node, Const(said), args, kwargs)


@special(iter)
def _iter(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if streams.is_iterator(args[0]):
        return args[0]
    if isinstance(args[0], Iteration):
        return streams.bound(lo, args[0])
    content = content_of(lo, args[0])
    if not isinstance(content, Var) or not is_list(content.aval):
        content = Items(tuple(all_items(lo, frame, node, args[0])))
    it = lo.cell(content)
    lo.take_in(it, args[0])
    return streams.made(lo, it, (), args[:1])


@special(next)
def _next(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    target = args[0]
    found = streams.peeked(lo, frame, node, target) if isinstance(target, Ref) and target.cell.once else None

    def none_left() -> Value:
        return args[1] if len(args) > 1 else lo.raises(frame, node, StopIteration)

    if isinstance(found, Ref) and is_list(lo.known_aval(found)) and not isinstance(content_of(lo, found), Items):
        some = lo.apply(bool, [found], frame=frame, node=node, effect=False, aval=BOOL)
        rest = lo.apply(operator.getitem, [found, Const(slice(1, None))], frame=frame, node=node, effect=False)
        first = lambda: lo.apply(operator.getitem, [found, Const(0)], frame=frame, node=node, effect=False)
        item = control.choose(lo, frame, node, some, first, none_left)
        streams.leave(lo, target, None)
        lo.state.heap[target.cell] = content_of(lo, rest)  # type: ignore[union-attr]
        return item
    if found is None:
        raise lo.refuse(frame, node, "What `next` gives is not known when the gradient is built.", "Index the list.")
    items = all_items(lo, frame, node, found)
    streams.leave(lo, target, tuple(items[1:]))
    return items[0] if items else none_left()


def as_list(lo: Lowering, frame: Frame, node: Any, value: Value) -> Value:
    """Items of which it is not known how many, as something that can be indexed."""
    value = streams.taken(lo, frame, node, value)
    return listed(lo, frame, node, value) if isinstance(value, Iteration) else value


for _fn, _said in {
    itertools.takewhile: stepping.takewhile, itertools.dropwhile: stepping.dropwhile, itertools.compress: stepping.compress,
}.items():
    special(_fn)(functools.partial(_stepped, _said))


@special(itertools.zip_longest)
def _zip_longest(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    each = [as_list(lo, frame, node, a) for a in args]
    if len(each) != 2:
        each = [lo.cell(Items(tuple(all_items(lo, frame, node, a)))) for a in each]
    known = [iteration.known_items(lo, frame, node, a) for a in each]
    if any(k is None for k in known):
        return spliced.inline(lo, frame, node, Const(stepping.zip_longest), each, kwargs)
    fill = kwargs.get("fillvalue", Const(None))
    rows = itertools.zip_longest(*(k or [] for k in known), fillvalue=fill)
    return iteration.listed(lo, frame, node, [Tuple(row) for row in rows])


@special(itertools.count)
def _count(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """Beside others in a `zip`, which ends it."""
    start = kwargs.get("start", args[0] if args else Const(0))
    step = kwargs.get("step", args[1] if len(args) > 1 else Const(1))

    def number(i: Var | Const) -> Value:
        return calls.operate(lo, frame, node, operator.add, [start, calls.operate(lo, frame, node, operator.mul, [i, step])])

    return Iteration(ENDLESS, number)


@special(itertools.repeat)
def _repeat(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    times = kwargs.get("times", args[1] if len(args) > 1 else ENDLESS)
    if not isinstance(times, Var | Const):
        raise lo.refuse(frame, node, "How often this is repeated is not known.", "Multiply a list.")
    return Iteration(times, lambda _: args[0])


@special(itertools.cycle)
def _cycle(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    whole = as_list(lo, frame, node, args[0])
    length = control.length_of(lo, frame, node, whole)
    turn = lambda i: expressions.subscript(lo, frame, node, whole, calls.operate(lo, frame, node, operator.mod, [i, length]))
    return Iteration(ENDLESS, turn)


@special(itertools.tee)
def _tee(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    n = kwargs.get("n", args[1] if len(args) > 1 else Const(2))
    if not isinstance(n, Const):
        raise lo.refuse(frame, node, "How many iterators these are is not known.", "Make a list.")
    whole = calls.call(lo, frame, node, Const(list), [args[0]], {})
    return Tuple(tuple(_iter(lo, frame, node, [whole], {}) for _ in range(n.value)))


def all_items(lo: Lowering, frame: Frame, node: Any, value: Value) -> list[Value]:
    """The items one by one; refused where they are not known."""
    value = streams.taken(lo, frame, node, value)
    items = iteration.known_items(lo, frame, node, value)
    if items is None:
        items = iteration.numbers(value)
    if items is None and isinstance(value, Iteration) and isinstance(value.length, Const) and value.item is not None:
        items = [value.item(Const(i)) for i in range(value.length.value)]
    if items is None:
        raise lo.refuse(
            frame, node, "How many items this has is not known when the gradient is built.", "Write a loop."
        )
    return items


def _combined(fn: Callable[..., Any]) -> Callable[..., Value]:
    """A function of `itertools` that only chooses and groups items."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        given = [content_of(lo, a) for a in args]
        number = [isinstance(a, Const) and (a.value is None or isinstance(a.value, int)) for a in given]
        known = [c.value if n else all_items(lo, frame, node, a) for n, c, a in zip(number, given, args, strict=True)]
        options = {k: lo.atom(v, frame, node) for k, v in kwargs.items()}
        if any(not isinstance(v, Const) for v in options.values()):
            raise lo.refuse(frame, node, f"An option of `{fn.__name__}` is not known when the gradient is built.")
        rows = fn(*known, **{k: v.value for k, v in options.items() if isinstance(v, Const)})
        return iteration.listed(lo, frame, node, [Tuple(row) if isinstance(row, tuple) else row for row in rows])

    return handler


for _fn in (
    itertools.product, itertools.combinations, itertools.permutations, itertools.combinations_with_replacement,
    itertools.chain, itertools.pairwise, itertools.islice,
):
    special(_fn)(_combined(_fn))


@special(itertools.chain.from_iterable)
def _from_iterable(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    rows = [all_items(lo, frame, node, row) for row in all_items(lo, frame, node, args[0])]
    return iteration.listed(lo, frame, node, [item for row in rows for item in row])


@special(itertools.starmap)
def _starmap(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    rows = [all_items(lo, frame, node, row) for row in all_items(lo, frame, node, args[1])]
    return iteration.listed(lo, frame, node, [calls.call(lo, frame, node, args[0], row, {}) for row in rows])


@special(itertools.accumulate)
def _accumulate(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    fn = kwargs.get("func", args[1] if len(args) > 1 else Const(operator.add))
    items = all_items(lo, frame, node, args[0])
    initial = kwargs.get("initial", Const(None))
    if not (isinstance(initial, Const) and initial.value is None):
        items = [initial, *items]
    sums: list[Value] = []
    for item in items:
        sums.append(calls.call(lo, frame, node, fn, [sums[-1], item], {}) if sums else item)
    return iteration.listed(lo, frame, node, sums)


# --- every entry of an array ----------------------------------------------------------------------


@special(np.ndenumerate)
def _ndenumerate(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    shape = getattr(getattr(content_of(lo, args[0]), "aval", None), "shape", None)
    if shape is None or None in shape:
        raise lo.refuse(frame, node, "The shape of this array is not known when the gradient is built.", "Write loops.")

    def entry(i: Var | Const) -> Value:
        place = unravelled(lo, frame, node, i, shape)
        return Tuple((place, expressions.subscript(lo, frame, node, args[0], place)))

    cells = (args[0].cell,) if isinstance(args[0], Ref) else ()
    return Iteration(Const(math.prod(shape)), entry, None, cells)


@special(np.ndindex)
def _ndindex(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    dims = list(args[0].items) if len(args) == 1 and isinstance(args[0], Tuple) else args
    if not all(isinstance(n, Const) for n in dims):
        raise lo.refuse(frame, node, "The bounds of `np.ndindex` are not known when the gradient is built.", "Write loops.")
    shape = tuple(n.value for n in dims if isinstance(n, Const))
    return Iteration(Const(math.prod(shape)), lambda i: unravelled(lo, frame, node, i, shape))


def unravelled(lo: Lowering, frame: Frame, node: Any, i: Var | Const, shape: tuple[int, ...]) -> Tuple:
    """The index of entry number `i`."""
    if isinstance(i, Const):
        return Tuple(tuple(Const(int(k)) for k in np.unravel_index(i.value, shape)))
    places: list[Value] = []
    left: Value = i
    for n in reversed(shape[1:]):
        places.append(lo.apply(operator.mod, [left, Const(n)], frame=frame, node=node, effect=False, aval=INT))
        left = lo.apply(operator.floordiv, [left, Const(n)], frame=frame, node=node, effect=False, aval=INT)
    return Tuple((left, *reversed(places)))
