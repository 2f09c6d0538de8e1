"""Branches: `choose` lowers both sides and merges what they did.  Loops are in `loops`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import gast

from ..avals import INT
from ..ir import At, Block, Const, If, Var
from . import expressions, iteration, streams
from .context import Frame, Lowering
from .merge import Merge
from .values import Entries, Items, Ref, Tuple, Value


def choose(
    lo: Lowering, frame: Frame, node: Any, test: Any, then: Callable[[], Value], orelse: Callable[[], Value]
) -> Value:
    """The value of `then()` where `test` holds, otherwise that of `orelse()`; their effects likewise."""
    if isinstance(test, Const):
        return then() if test.value else orelse()
    base, outer = lo.state, lo.stmts
    sides, values = [], []
    try:
        for side in (then, orelse):
            lo.state, lo.stmts = base.copy(), []
            values.append(side())
            sides.append((lo.state, lo.stmts))
    finally:
        lo.state, lo.stmts = base, outer
    merge = Merge(lo, frame, node, test, sides[0], sides[1])
    state = merge.merged_state(base)
    dead = [s.dead for s, _ in sides]
    value: Value = Const(None)
    if not all(dead):
        value = merge.value(values[0], values[1])
        merge.tell_apart(value)
    state.names.update({k: v for k, v in merge.state.names.items() if k not in state.names})
    blocks = [Block((), tuple(stmts), tuple(r)) for (_, stmts), r in zip(sides, merge.results, strict=True)]
    if merge.outs or blocks[0].stmts or blocks[1].stmts:
        place = None if frame.in_rule else frame.source.place(node)
        lo.stmts.append(If(tuple(merge.outs), test, blocks[0], blocks[1], At(place)))
    lo.state = state
    return value


def pick(lo: Lowering, frame: Frame, node: Any, items: tuple[Value, ...], at: Var) -> Value:
    """One of several unlike items, by an index found at run time."""
    n = len(items)

    def from_(k: int) -> Value:
        if k == n:
            return lo.raises(frame, node, IndexError, "list index out of range")
        equal = lo.apply(operator.eq, [at, Const(k)], frame=frame, node=node)
        negative = lo.apply(operator.eq, [at, Const(k - n)], frame=frame, node=node)
        test = lo.apply(operator.or_, [equal, negative], frame=frame, node=node)
        return choose(lo, frame, node, test, lambda: items[k], lambda: from_(k + 1))

    return from_(0)


def pick_key(lo: Lowering, frame: Frame, node: Any, content: Entries, key: Any, missing: Value | None = None) -> Value:
    """The value of a key found at run time; `missing`, or a `KeyError`, where the dict does not have it."""
    entries = content.entries

    def from_(k: int) -> Value:
        if k == len(entries):
            return missing if missing is not None else lo.raises(frame, node, KeyError, "a key that is not there")
        test = lo.apply(operator.eq, [key, Const(entries[k][0])], frame=frame, node=node)
        return choose(lo, frame, node, test, lambda: entries[k][1], lambda: from_(k + 1))

    return from_(0)


def unpacked(
    lo: Lowering, frame: Frame, node: Any, value: Value, count: int | None = None
) -> list[Value]:
    """The items of something unpacked, as many as are known (or asked for)."""
    value = streams.taken(lo, frame, node, value)
    known = iteration.known_items(lo, frame, node, value)
    if known is not None:
        return known
    if count is not None:
        return [
            lo.apply(operator.getitem, [value, Const(i)], frame=frame, node=node, effect=False) for i in range(count)
        ]
    raise lo.refuse(
        frame, node, "How many items this has is not known when the gradient is built, and it is unpacked.",
        "Index it, or pass a tuple.",
    )


def in_loop_first_pass(lo: Lowering, frame: Frame, name: str) -> bool:
    """Is this the first look at a loop, in which a name may be read that a later iteration binds?"""
    if lo.trial:
        lo.wanted.add((frame.id, name))
        lo.placeholders += 1
        return True
    return False


def comprehension(lo: Lowering, frame: Frame, node: Any) -> Value:
    """`[f(x) for x in xs if test(x)]` and its like, as loops that build a list, dict or set."""
    lo.frames += 1
    bound = frozenset(
        n.id for g in node.generators for n in _names(g.target)
    )
    inner = Frame(
        lo.frames, frame.name, frame.source, frame.node, None, frame, bound, globals_=frame.globals_, in_rule=frame.in_rule
    )
    if isinstance(node, gast.DictComp):
        out = lo.cell(Entries(()))

        def add() -> None:
            key = expressions.constant_key(lo, inner, node.key, expressions.expression(lo, inner, node.key))
            value = expressions.expression(lo, inner, node.value)
            content = lo.state.heap[out.cell]
            assert isinstance(content, Entries)
            lo.state.heap[out.cell] = Entries(tuple({**dict(content.entries), key: value}.items()))
    else:
        out = lo.cell(Items(()))

        def add() -> None:
            from .containers import list_append

            list_append(lo, inner, node, [out, expressions.expression(lo, inner, node.elt)], {})

    def generator(k: int) -> None:
        if k == len(node.generators):
            add()
            return
        g = node.generators[k]
        iterable = expressions.expression(lo, frame if k == 0 else inner, g.iter)

        def body(item: Value) -> None:
            from .statements import assign

            assign(lo, inner, g.target, item)
            conditions(0, g.ifs, k)

        iteration.for_each(lo, inner, node, iterable, body, assigned=frozenset(n.id for n in _names(g.target)))

    def conditions(j: int, ifs: list[Any], k: int) -> None:
        if j == len(ifs):
            generator(k + 1)
            return
        test = expressions.truth(lo, inner, ifs[j], expressions.expression(lo, inner, ifs[j]))

        def holds() -> Value:
            conditions(j + 1, ifs, k)
            return Const(None)

        choose(lo, inner, node, test, holds, lambda: Const(None))

    generator(0)
    if isinstance(node, gast.SetComp):
        from .containers import set_of

        return set_of(lo, frame, node, [out], {})  # type: ignore[return-value]
    if isinstance(node, gast.GeneratorExp):
        streams.made(lo, out, streams.names_in(frame, node))
    return out


def _names(target: Any) -> list[Any]:
    import ast

    return [n for n in ast.walk(target) if isinstance(n, gast.Name)]


def length_of(lo: Lowering, frame: Frame, node: Any, value: Value) -> Any:
    match value:
        case Tuple():
            return Const(len(value.items))
        case Ref(cell):
            content = lo.state.heap[cell]
            if isinstance(content, Items):
                return Const(len(content.items))
            if isinstance(content, Entries):
                return Const(len(content.entries))
            if isinstance(content, Const) and isinstance(content.value, set | frozenset):
                return Const(len(content.value))
    atom = lo.atom(value, frame, node)
    shape = getattr(atom.aval, "shape", None)
    if shape and isinstance(shape[0], int):
        return Const(shape[0])
    if isinstance(atom, Const):
        return Const(len(atom.value))
    return lo.apply(len, [value], frame=frame, node=node, effect=False, aval=INT)


