"""Python expressions to values: one `match` over the nodes of the syntax tree."""

from __future__ import annotations

import builtins
import contextlib
import enum
import operator
from typing import Any

import gast
import numpy as np

from .. import runtime
from ..avals import BOOL, NONE, Arr, Num, Obj, Parts, Seq, shape_of
from ..infer import is_boolean
from ..ir import UNDEF, Const, Var
from . import calls, control, joined, spliced, streams
from .abstract import is_static
from .attributes import attribute, check_stored
from .context import Frame, Lowering
from .guards import ReadAttribute, ReadGlobal
from .values import (
    TORN, Choice, Entries, Items, Iteration, Ref, Slice, Tuple, Value, aval_name, is_undefined, same_constant,
)

BINARY = {
    gast.Add: operator.add, gast.Sub: operator.sub, gast.Mult: operator.mul, gast.Div: operator.truediv,
    gast.Pow: operator.pow, gast.FloorDiv: operator.floordiv, gast.Mod: operator.mod, gast.MatMult: operator.matmul,
    gast.BitAnd: operator.and_, gast.BitOr: operator.or_, gast.BitXor: operator.xor,
    gast.LShift: operator.lshift, gast.RShift: operator.rshift,
}
UNARY = {gast.USub: operator.neg, gast.UAdd: operator.pos, gast.Invert: operator.invert, gast.Not: operator.not_}
COMPARE = {
    gast.Lt: operator.lt, gast.LtE: operator.le, gast.Gt: operator.gt, gast.GtE: operator.ge,
    gast.Eq: operator.eq, gast.NotEq: operator.ne, gast.Is: operator.is_, gast.IsNot: operator.is_not,
}


def expression(lo: Lowering, frame: Frame, node: Any) -> Value:
    match node:
        case gast.Constant():
            return Const(node.value)
        case gast.Name():
            return name(lo, frame, node.id, node)
        case gast.BinOp():
            left, right = expression(lo, frame, node.left), expression(lo, frame, node.right)
            return binary(lo, frame, node, BINARY[type(node.op)], left, right)
        case gast.UnaryOp(op=gast.Not()):
            return negate(lo, frame, node, truth(lo, frame, node.operand, expression(lo, frame, node.operand)))
        case gast.UnaryOp(op=gast.USub(), operand=gast.Constant(value=float(number))):
            return Const(-number)
        case gast.UnaryOp():
            value = expression(lo, frame, node.operand)
            return calls.operate(lo, frame, node, UNARY[type(node.op)], [value])
        case gast.Compare():
            return compare(lo, frame, node)
        case gast.BoolOp():
            return boolean(lo, frame, node, node.values)
        case gast.IfExp():
            test = truth(lo, frame, node.test, expression(lo, frame, node.test))
            return control.choose(
                lo, frame, node, test,
                lambda: expression(lo, frame, node.body), lambda: expression(lo, frame, node.orelse),
            )
        case gast.NamedExpr():
            value = expression(lo, frame, node.value)
            bind(lo, frame, node.target.id, value)
            return value
        case gast.Tuple():
            return Tuple(tuple(sequence(lo, frame, node.elts)))
        case gast.List():
            return lo.cell(Items(tuple(sequence(lo, frame, node.elts))))
        case gast.Dict():
            return dictionary(lo, frame, node)
        case gast.Set():
            return calls.call(lo, frame, node, Const(set), [Tuple(tuple(sequence(lo, frame, node.elts)))], {})
        case gast.Subscript():
            return subscript(lo, frame, node, expression(lo, frame, node.value), index(lo, frame, node.slice))
        case gast.Attribute():
            return attribute(lo, frame, node, expression(lo, frame, node.value), node.attr)
        case gast.Call():
            return calls.call_node(lo, frame, node)
        case gast.Lambda():
            return spliced.closure(lo, frame, node)
        case gast.ListComp() | gast.GeneratorExp() | gast.DictComp() | gast.SetComp():
            return control.comprehension(lo, frame, node)
        case gast.JoinedStr():
            return formatted(lo, frame, node)
        case gast.Slice():
            return index(lo, frame, node)
        case gast.Yield() | gast.YieldFrom() | gast.Await():
            raise lo.refuse(frame, node, "Generators and coroutines are not differentiated.", "Build and return a list.")
    raise lo.refuse(frame, node, f"`{type(node).__name__}` is not understood.", "Write it another way.")


# --- names ----------------------------------------------------------------------------------------


def bind(lo: Lowering, frame: Frame, name: str, value: Value) -> None:
    """Give a name a value.  The first name that a value gets is the one it is shown under."""
    if isinstance(value, Iteration) and value.sequence is None:
        value = streams.bound(lo, value)
    target = value
    if isinstance(value, Ref):
        target = lo.state.heap[value.cell]  # type: ignore[assignment]
        if value.cell.hint is None:
            value.cell.hint = name
    if isinstance(target, Var) and target.hint is None and not name.startswith("%") and not frame.in_rule:
        target.hint = name
    if name in frame.globals_:
        bind_global(lo, frame, name, value)
        return
    lo.state.names[scope(frame, name).id, name] = value


def bind_global(lo: Lowering, frame: Frame, name: str, value: Value) -> None:
    fn = frame.owner.fn
    assert fn is not None
    lo.apply(runtime.store, [Const(fn), Const(name), value], frame=frame, node=None, effect=True, aval=NONE)
    key: Any = (-1, ("global", id(fn.__globals__), name))
    lo.state.names.pop(key, None)
    lo.stored[id(fn.__globals__), name] = lo.known_aval(value)


def scope(frame: Frame, name: str) -> Frame:
    """The frame whose variable a name in `frame` is."""
    while name in frame.nonlocals and frame.parent is not None:
        frame = frame.parent
    return frame


def name(lo: Lowering, frame: Frame, name: str, node: Any) -> Value:
    """What a name means: a local, a variable of a surrounding function, a global or a builtin."""
    here: Frame | None = scope(frame, name) if name not in frame.globals_ else None
    while here is not None:
        value = lo.state.names.get((here.id, name))
        if value is TORN:
            raise lo.torn(frame, node)
        if value is not None and not is_undefined(value):
            return value
        if name in here.assigned:
            if control.in_loop_first_pass(lo, here, name):
                return Var()
            raise lo.refuse(
                frame, node, f"`{name}` is read before it is certainly assigned.", "Assign it on every path before."
            )
        if here.fn is not None:
            if name in here.fn.__code__.co_freevars:
                return cell_variable(lo, here, name)
            break
        here = here.parent
    owner = frame.owner
    assert owner.fn is not None
    namespace = owner.fn.__globals__
    if name in namespace:
        return global_variable(lo, owner, name, namespace, node)
    if hasattr(builtins, name):
        if not frame.in_rule:
            lo.unchanged.builtin(namespace, name)
        return Const(getattr(builtins, name))
    raise lo.refuse(frame, node, f"The name `{name}` is not defined.", "Define it before the gradient is built.")


def global_variable(lo: Lowering, frame: Frame, name: str, namespace: dict[str, Any], node: Any) -> Value:
    key = ("global", id(namespace), name)
    if (id(namespace), name) in lo.stored:
        check_stored(lo, frame, node, namespace[name], (id(namespace), name))

    def load() -> Var:
        out = Var(hint=name)
        lo.stmts.append(spliced.load_statement(out, frame.fn, "__globals__", name))
        return out

    again = lambda lo: global_variable(lo, frame, name, namespace, node)
    return _outside(lo, key, namespace[name], load, ReadGlobal(namespace, name), frame, again)


def cell_variable(lo: Lowering, frame: Frame, name: str) -> Value:
    assert frame.fn is not None and frame.fn.__closure__ is not None
    position = frame.fn.__code__.co_freevars.index(name)
    cell = frame.fn.__closure__[position]
    try:
        obj = cell.cell_contents
    except ValueError:
        return UNDEF

    def load() -> Var:
        out = Var(hint=name)
        lo.stmts.append(spliced.load_statement(out, frame.fn, "__closure__", position))
        return out

    again = lambda lo: cell_variable(lo, frame, name)
    return _outside(lo, ("cell", id(cell)), obj, load, ReadAttribute(cell, "cell_contents"), frame, again)


def _outside(lo: Lowering, key: Any, obj: Any, load: Any, read: Any, frame: Frame, again: Any) -> Value:
    """Read a variable from outside, once for each stretch of the program in which it cannot change."""
    if frame.in_rule and (is_static(obj) or (_is_ours(frame) and (callable(obj) or isinstance(obj, int | float)))):
        return Const(obj)
    known = lo.state.names.get((-1, key))
    if known is None:
        lo.loaders.setdefault(key, again)
        known = lo.outside(key, obj, load, read)
        if isinstance(known, Ref):
            known.cell.argument = known.cell.argument or key[-1]
        lo.state.names[-1, key] = known
    return known


def _is_ours(frame: Frame) -> bool:
    """Is it a rule of adjoint's own, whose variables outside never change?"""
    return frame.fn is not None and frame.fn.__module__.startswith("adjoint.")


# --- operators ------------------------------------------------------------------------------------


def binary(lo: Lowering, frame: Frame, node: Any, op: Any, left: Value, right: Value) -> Value:
    return calls.operate(lo, frame, node, op, [left, right])


def compare(lo: Lowering, frame: Frame, node: Any) -> Value:
    left = expression(lo, frame, node.left)
    result: Value | None = None
    for i, (op, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):

        def one(op: Any = op, right_node: Any = right_node) -> Value:
            nonlocal left
            right = expression(lo, frame, right_node)
            value = comparison(lo, frame, node, op, left, right)
            left = right
            return value

        if i == 0:
            result = one()
        else:
            assert result is not None
            test, so_far = truth(lo, frame, node, result), result
            result = control.choose(lo, frame, node, test, one, lambda so_far=so_far: so_far)
    assert result is not None
    return result


def comparison(lo: Lowering, frame: Frame, node: Any, op: Any, left: Value, right: Value) -> Value:
    match op:
        case gast.Is() | gast.IsNot():
            known = identical(lo, left, right)
            if known is not None:
                return Const(known == isinstance(op, gast.Is))
            return lo.apply(COMPARE[type(op)], [left, right], frame=frame, node=node)
        case gast.In() | gast.NotIn():
            value = calls.contains(lo, frame, node, right, left)
            return value if isinstance(op, gast.In) else negate(lo, frame, node, truth(lo, frame, node, value))
    return calls.operate(lo, frame, node, COMPARE[type(op)], [left, right])


def identical(lo: Lowering, left: Value, right: Value) -> bool | None:
    """`left is right`, if it can be told."""
    if isinstance(left, Const) and isinstance(right, Const):
        return same_constant(left.value, right.value)
    if isinstance(left, Ref) and isinstance(right, Ref) and left.cell is right.cell:
        return True
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Const) and (a.value is None or isinstance(a.value, bool | type)):
            content = lo.state.heap[b.cell] if isinstance(b, Ref) else b
            if not isinstance(content, Var):
                return False
            aval = content.aval
            if isinstance(aval, Num | Arr | Seq | Parts) and not (aval == BOOL and isinstance(a.value, bool)):
                return False
            if isinstance(aval, Obj) and aval.cls is not None and aval.cls is not type(a.value):
                return False
    return None


def boolean(lo: Lowering, frame: Frame, node: Any, values: list[Any]) -> Value:
    """`a and b and c`: each is evaluated only if the ones before ask for it."""
    first = expression(lo, frame, values[0])
    if len(values) == 1:
        return first
    test = truth(lo, frame, values[0], first)

    def rest() -> Value:
        return boolean(lo, frame, node, values[1:])

    def itself() -> Value:
        return first

    return control.choose(lo, frame, node, test, *((rest, itself) if isinstance(node.op, gast.And) else (itself, rest)))


def truth(lo: Lowering, frame: Frame, node: Any, value: Value) -> Var | Const:
    """What `if value` asks: a constant where it is known, otherwise a truth value."""
    match value:
        case Const():
            return value if is_undefined(value) else Const(bool(value.value))
        case Tuple():
            return Const(bool(value.items))
        case Choice():
            chosen = control.choose(
                lo, frame, node, value.test,
                lambda: truth(lo, frame, node, value.then), lambda: truth(lo, frame, node, value.orelse),
            )
            return chosen  # type: ignore[return-value]
        case Ref(cell):
            content = lo.state.heap[cell]
            if cell.once:
                return Const(True)
            if isinstance(content, Items):
                return Const(bool(content.items))
            if isinstance(content, Entries):
                return Const(bool(content.entries))
            if not isinstance(content, Var | Const):
                return calls.truth_of_object(lo, frame, node, value)
            return truth_of_atom(lo, frame, node, lo.atom(value, frame, node))
        case Var():
            return truth_of_atom(lo, frame, node, value)
    return Const(True)


def truth_of_atom(lo: Lowering, frame: Frame, node: Any, atom: Var | Const) -> Var | Const:
    if is_boolean(atom) or not isinstance(atom, Var):
        return atom
    return lo.apply(bool, [atom], frame=frame, node=node, effect=False, aval=BOOL)  # type: ignore[return-value]


def negate(lo: Lowering, frame: Frame, node: Any, test: Var | Const) -> Value:
    if isinstance(test, Const):
        return Const(not test.value)
    return lo.apply(operator.not_, [test], frame=frame, node=node, aval=BOOL)


# --- displays, subscripts -------------------------------------------------------------------------


def sequence(lo: Lowering, frame: Frame, nodes: list[Any]) -> list[Value]:
    """The values of a display or of positional arguments, stars unpacked."""
    out: list[Value] = []
    for node in nodes:
        if isinstance(node, gast.Starred):
            out.extend(control.unpacked(lo, frame, node, expression(lo, frame, node.value)))
        else:
            out.append(expression(lo, frame, node))
    return out


def dictionary(lo: Lowering, frame: Frame, node: Any) -> Value:
    entries: dict[Any, Value] = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        if key_node is None:
            other = expression(lo, frame, value_node)
            entries.update(calls.entries_of(lo, frame, value_node, other))
            continue
        key = expression(lo, frame, key_node)
        entries[constant_key(lo, frame, key_node, key)] = expression(lo, frame, value_node)
    return lo.cell(Entries(tuple(entries.items())))


def constant_key(lo: Lowering, frame: Frame, node: Any, key: Value) -> Any:
    atom = lo.atom(key, frame, node)
    if not isinstance(atom, Const):
        raise lo.refuse(
            frame, node, "The key of a dict must be known when the gradient is built, and this one is computed.",
            "Use constants as keys, or a list indexed by integers.",
        )
    return atom.value


def index(lo: Lowering, frame: Frame, node: Any) -> Value:
    match node:
        case gast.Slice():
            bounds = [Const(None) if n is None else expression(lo, frame, n) for n in (node.lower, node.upper, node.step)]
            return Slice((bounds[0], bounds[1], bounds[2]))
        case gast.Tuple():
            return Tuple(tuple(index(lo, frame, n) for n in node.elts))
    return expression(lo, frame, node)


def subscript(lo: Lowering, frame: Frame, node: Any, container: Value, key: Value) -> Value:
    """`container[key]`: a part of a known container directly, otherwise a `getitem`."""
    match container:
        case Tuple():
            return item_of_known(lo, frame, node, container, container.items, key)
        case Ref(cell):
            content = lo.state.heap[cell]
            match content:
                case Items():
                    return item_of_known(lo, frame, node, container, content.items, key)
                case Entries():
                    return entry(lo, frame, node, container, content, key)
                case Var() | Const():
                    pass
                case _:
                    return calls.call_special(lo, frame, node, container, "__getitem__", [key])
        case Choice():
            return control.choose(
                lo, frame, node, container.test,
                lambda: subscript(lo, frame, node, container.then, key),
                lambda: subscript(lo, frame, node, container.orelse, key),
            )
        case Const(value=value) if isinstance(value, enum.EnumMeta) and isinstance(key, Const):
            return Const(value[key.value])
        case Const(value=value) if isinstance(value, type):
            return Const(value)  # list[float]
        case Const(value=value) if value is np.r_ or value is np.c_:
            return joined.joined(lo, frame, node, value, key)
    return lo.apply(operator.getitem, [container, key], frame=frame, node=node, effect=False)


def item_of_known(
    lo: Lowering, frame: Frame, node: Any, container: Value, items: tuple[Value, ...], key: Value
) -> Value:
    atom = lo.atom(key, frame, node)
    if isinstance(atom, Const):
        try:
            chosen = items[atom.value]
        except (IndexError, TypeError) as error:
            kind = "tuple" if isinstance(container, Tuple) else "list"
            return lo.raises(frame, node, type(error), str(error).replace("tuple", kind))
        if isinstance(atom.value, slice):
            return Tuple(chosen) if isinstance(container, Tuple) else lo.cell(Items(chosen))
        return chosen
    if isinstance(atom.aval, Num) and items and not _all_alike(lo, items):
        return control.pick(lo, frame, node, items, atom)
    return lo.apply(operator.getitem, [container, atom], frame=frame, node=node, effect=False)


def _all_alike(lo: Lowering, items: tuple[Value, ...]) -> bool:
    """May the items stand in one list of the IR, to be indexed at run time?"""
    contents = [lo.state.heap[v.cell] if isinstance(v, Ref) else v for v in items]
    if not all(isinstance(c, Var | Const) for c in contents):
        return False
    if any(isinstance(c, Const) and not isinstance(c.value, int | float | complex | str) for c in contents):
        return False
    shapes = {shape_of(c.aval) for c in contents if isinstance(c, Var)}
    return len(shapes) <= 1 or all(isinstance(c, Var) for c in contents)


def entry(lo: Lowering, frame: Frame, node: Any, container: Value, content: Entries, key: Value) -> Value:
    atom = lo.atom(key, frame, node)
    if isinstance(atom, Const):
        found = content.get(atom.value)
        if found is None and content.factory is not None and isinstance(container, Ref):
            found = calls.call(lo, frame, node, content.factory, [], {})
            lo.write(container, content.having((*content.entries, (atom.value, found))), frame, node)
        if found is None:
            return lo.raises(frame, node, KeyError, atom.value)
        return found
    return control.pick_key(lo, frame, node, content, atom)


def formatted(lo: Lowering, frame: Frame, node: Any) -> Value:
    pieces: list[Value] = []
    for part in node.values:
        if isinstance(part, gast.Constant):
            pieces.append(Const(part.value))
            continue
        value = expression(lo, frame, part.value)
        how = "" if part.format_spec is None else expression(lo, frame, part.format_spec)
        spec = how if not isinstance(how, str) else Const("")
        convert = {115: str, 114: repr, 97: ascii}.get(part.conversion)
        if convert is not None:
            value = text(lo, frame, part, convert, [value])
        pieces.append(text(lo, frame, part, format, [value, spec]))
    if all(isinstance(piece, Const) for piece in pieces):
        return Const("".join(piece.value for piece in pieces if isinstance(piece, Const)))
    return lo.apply("".join, [Tuple(tuple(pieces))], frame=frame, node=node, effect=False, aval=Obj(str))


def text(lo: Lowering, frame: Frame, node: Any, fn: Any, args: list[Value]) -> Value:
    """What `str`, `repr` or `format` gives: of numbers that are known, now, so that it may be the key of a dict."""
    atoms = [lo.atom(a, frame, node) for a in args]
    if all(isinstance(a, Const) and isinstance(a.value, bool | int | float | str) for a in atoms):
        with contextlib.suppress(ValueError):  # a format that does not fit: raised when the program runs
            return Const(fn(*(a.value for a in atoms if isinstance(a, Const))))
    return lo.apply(fn, list(atoms), frame=frame, node=node, effect=False, aval=Obj(str))


def describe_value(lo: Lowering, value: Value) -> str:
    content = lo.state.heap[value.cell] if isinstance(value, Ref) else value
    if isinstance(content, Var | Const):
        return aval_name(content.aval)
    return "a container"

