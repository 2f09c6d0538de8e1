"""`with cotangent(h) as h_bar:` its block is lowered aside, and everything that was h is from here on hooked."""

from __future__ import annotations

import copy
from typing import Any

import gast

from .. import runtime
from ..avals import differentiable, is_known, shape_of
from ..hooks import Hook
from ..ir import Apply, At, Atom, Block, Const, Var, free, substitute
from . import expressions, statements
from .context import Frame, Lowering
from .values import Ref, State, Value, parts, rebuild

ADVICE = "Write `with cotangent(h) as h_bar:`, where `h` is a variable."


def hook_statement(lo: Lowering, frame: Frame, node: Any, kind: str) -> None:
    """Add a hook, and put its result in the place of the value that it is on."""
    item = node.items[0]
    call = item.context_expr
    if len(node.items) != 1 or len(call.args) != 1 or call.keywords or not isinstance(item.optional_vars, gast.Name):
        raise lo.refuse(frame, node, f"This is not a use of `{kind}` that is understood.", ADVICE)
    value = expressions.expression(lo, frame, call.args[0])
    content = lo.state.heap[value.cell] if isinstance(value, Ref) else value
    if not isinstance(content, Var | Const):
        raise lo.refuse(frame, node, f"The {kind} of a number or an array is worked on, and this is a container.", ADVICE)
    x = lo.atom(value, frame, node)
    if not isinstance(x, Var) or not differentiable(x.aval):
        return
    block = _block(lo, frame, node, item.optional_vars, x, kind)
    read = [v for v in free(block) if v is not x]
    own = {v: Var(v.aval, v.hint) for v in (*read, x)}
    block = substitute(Block((*block.params, *own.values()), block.stmts, block.results), own)
    out = Var(x.aval, x.hint)
    lo.stmts.append(Apply((out,), Hook(kind, block), (x, *read, x), (), At(frame.source.place(node))))
    if not _replaced(lo.state, x, out):
        raise lo.refuse(frame, node, "Nothing else has this value, so that no cotangent can reach it.", ADVICE)
    lo.hooked[out] = x


def _block(lo: Lowering, frame: Frame, node: Any, target: Any, x: Var, kind: str) -> Block:
    """The block, from the cotangent to the cotangent."""
    bar = Var(x.aval, target.id)
    before, outer = lo.state, lo.stmts
    lo.state, lo.stmts = before.copy(), []
    try:
        statements.assign(lo, frame, target, lo.value(bar, (), frame, node))
        statements.statements(lo, frame, node.body)
        result: Atom = bar
        if not lo.state.dead:
            read = copy.copy(target)
            read.ctx = gast.Load()
            result = lo.atom(expressions.expression(lo, frame, read), frame, node)
        if result is not bar:
            result = _alike(lo, frame, node, result, x, kind)
        after, stmts = lo.state, tuple(lo.stmts)
    finally:
        lo.state, lo.stmts = before, outer
    changed = [c for c, content in before.heap.items() if after.heap.get(c) is not content]
    inside = {k[1]: v for k, v in after.names.items() if k[0] == frame.id and k[1] != target.id}
    names = [k for k, v in inside.items() if before.names.get((frame.id, k), v if k[0] != "%" else None) is not v]
    if changed or names:
        what = f"`{names[0]}`" if names and not names[0].startswith("%") else "something"
        raise lo.refuse(
            frame, node, f"This block changes {what} that is read outside it, and it runs in another sweep.",
            f"Only the {kind} may be changed in it, and what is made in it.",
        )
    return Block((bar,), stmts, (result,))


def _alike(lo: Lowering, frame: Frame, node: Any, result: Atom, x: Var, kind: str) -> Atom:
    """The new cotangent, which must have the shape of the value."""
    have, want = shape_of(result.aval), shape_of(x.aval)
    if is_known(have) and is_known(want):
        if have != want:
            raise lo.refuse(
                frame, node, f"The new {kind} has shape {have}, and the value has {want}.", f"Keep the shape of the {kind}."
            )
        return result
    checked = Var(x.aval)
    lo.stmts.append(Apply((checked,), runtime.of_shape, (result, x), (), At()))
    return checked


def _replaced(state: State, x: Var, out: Var) -> bool:
    """Put `out` wherever `x` is known as a value; says whether it was anywhere."""
    found = False

    def new(value: Any) -> Any:
        nonlocal found
        if value is x:
            found = True
            return out
        inside = parts(value)
        if inside is None:
            return value
        made = [new(v) for v in inside]
        return value if all(a is b for a, b in zip(made, inside, strict=True)) else rebuild(value, made)

    names: dict[Any, Value] = {k: new(v) for k, v in state.names.items()}
    state.names.update(names)
    state.heap.update({c: new(content) for c, content in state.heap.items()})
    state.seen.update({c: new(content) for c, content in state.seen.items()})
    return found
