"""Functions that call themselves: lowered once, as a function of the program, and called.

Other user functions are spliced into their caller.  When a call is met inside a call of the same
function with arguments of the same kind, the outer one is lowered again as a `Callee`: its arguments
become parameters, and so do the variables around it that the body reads.

    def total(node):                          total(node):
        if not node.children: ...      ->         ...
        ... total(child) ...                      w3 = total(child)

What it returns is found by looking: the first time, a call inside is taken to return nothing that
matters (like `raise`), so the kinds of the results come from the paths that end the recursion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ..avals import Aval, join
from ..ir import (
    Apply, At, Atom, Block, Callee, Const, Function, If, Loop, Param, Stmt, Tree, Var, blocks, callees, defined, free,
    has_effect, reads, substitute,
)
from ..rules.registry import Higher, PartOf
from .context import Frame, Lowering
from .merge import is_data
from .values import Attributes, Cell, Closure, Ref, State, Value, parts, rebuild

MOST_PASSES = 8


class Recursive(Exception):
    """A call was met inside one of the same kind: the outer one must be lowered as a function."""

    def __init__(self, key: Any) -> None:
        self.key = key


@dataclasses.dataclass(eq=False)
class Recursion:
    """A function being lowered: what its calls return, as far as it is known."""

    callee: Callee
    template: Value | None = None  # a result, and what its cells hold
    heap: dict[Cell, Any] = dataclasses.field(default_factory=dict)
    kinds: list[Aval] = dataclasses.field(default_factory=list)


def key_of(lo: Lowering, fn: Value, args: Sequence[Value], kwargs: dict[str, Value]) -> Any:
    """What tells one kind of call from another: the function, and the kinds of its arguments."""
    identity = (fn.node, fn.frame.id) if isinstance(fn, Closure) else fn.value  # type: ignore[union-attr]
    depth = sum(k[0] == identity for k in lo.calls)
    values = (*args, *kwargs.values())
    return (identity, tuple(kwargs), tuple(kind(lo, v, depth >= lo.spliced) for v in values))


def kind(lo: Lowering, value: Any, general: bool) -> Any:
    match value:
        case Var():
            return value.aval
        case Const(value=v):
            if general and type(v) in (int, float):
                return value.aval
            return (type(v), v if isinstance(v, int | float | str | bool | type(None)) else id(v))
        case Ref(cell):
            content = lo.state.heap[cell]
            if isinstance(content, Attributes) and content.whole is not None:
                return (cell, len(content.entries))
            return ("cell", kind(lo, content, general))
        case Closure():
            return (value.node, value.frame.id)
    inner = parts(value)
    if inner is None:
        return value
    names = tuple(k for k, _ in value.entries) if hasattr(value, "entries") else getattr(value, "cls", None)
    return (type(value), names, tuple(kind(lo, v, general) for v in inner))


def call(lo: Lowering, frame: Frame, node: Any, key: Any, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
    """A call of a function that is a `Callee` already, perhaps one that is being lowered."""
    known = lo.recursions[key]
    if known.template is None:
        lo.state.dead = True
        return Const(None)
    atoms: list[Atom] = []
    for value in (*args, *kwargs.values()):
        passed(lo, value, lo.state.heap, atoms)
    return result_of(lo, frame, node, known, tuple(atoms))


def passed(lo: Lowering, value: Any, heap: dict[Cell, Any], atoms: list[Atom]) -> None:
    """The atoms in an argument, in order."""
    if is_number(value):
        atoms.append(value)
    elif isinstance(value, Ref):
        content = heap[value.cell]
        if not (isinstance(content, Attributes) and content.whole is not None):
            passed(lo, content, heap, atoms)
    else:
        for part in parts(value) or ():
            passed(lo, part, heap, atoms)


def is_number(value: Any) -> bool:
    """Is it passed as an argument?  Strings, flags and functions are part of the function itself."""
    return isinstance(value, Var) or (isinstance(value, Const) and type(value.value) in (int, float, complex))


def result_of(lo: Lowering, frame: Frame, node: Any, known: Recursion, atoms: tuple[Atom, ...]) -> Value:
    outs: list[Var] = []
    kinds = iter(known.kinds)
    cells: dict[Cell, Ref] = {}

    def make(value: Any) -> Any:
        if is_data(value):
            outs.append(Var(next(kinds)))
            return outs[-1]
        if isinstance(value, Ref):
            if value.cell not in cells:
                cells[value.cell] = lo.cell(make(known.heap[value.cell]))
            return cells[value.cell]
        inner = parts(value)
        return value if inner is None else rebuild(value, [make(p) for p in inner])

    result = make(known.template)
    function = known.callee.function
    effect = function is not None and has_effect(function.body)
    place = None if frame.in_rule else frame.source.place(node)
    lo.stmts.append(Apply(tuple(outs), known.callee, atoms, (), At(place), effect))
    return result


def lower_recursive(
    lo: Lowering, frame: Frame, node: Any, key: Any, name: str, args: Sequence[Value], kwargs: dict[str, Value],
    run: Callable[[list[Value], dict[str, Value]], Value],
) -> Value:
    """Lower a function that calls itself, and the call that was met first."""
    outer_state, outer_stmts = lo.state, lo.stmts
    known = lo.recursions[key] = Recursion(Callee(name))
    try:
        for _ in range(MOST_PASSES):
            lo.state, lo.stmts = outer_state.copy(), []
            params: list[Var] = []
            cells: dict[Cell, Any] = {}
            values = [entered(lo, v, params, cells) for v in (*args, *kwargs.values())]
            before = lo.state.copy()
            value = run(values[: len(args)], dict(zip(kwargs, values[len(args) :], strict=True)))
            if lo.state.dead:
                raise lo.refuse(frame, node, f"`{name}` calls itself on every path, and never returns.")
            check_unchanged(lo, frame, node, name, before)
            results: list[Atom] = []
            heap: dict[Cell, Any] = {}
            gather(lo, frame, node, value, results, heap)
            kinds = [a.aval for a in results]
            if known.template is not None and len(kinds) == len(known.kinds):
                kinds = [join(a, b) for a, b in zip(kinds, known.kinds, strict=True)]
                if kinds == known.kinds:
                    break
            known.template, known.heap, known.kinds = value, heap, kinds
        else:
            raise lo.refuse(frame, node, f"What `{name}` returns could not be worked out.")
        body = Block(tuple(params), tuple(lo.stmts), tuple(results))
    except BaseException:
        del lo.recursions[key]
        raise
    finally:
        lo.state, lo.stmts = outer_state, outer_stmts
    extra = free(body)
    known.callee.function = closed(known.callee, body, extra)
    atoms: list[Atom] = []
    for v in (*args, *kwargs.values()):
        passed(lo, v, lo.state.heap, atoms)
    result = result_of(lo, frame, node, known, (*atoms, *extra))
    del lo.recursions[key]
    return result


def entered(lo: Lowering, value: Any, params: list[Var], cells: dict[Cell, Any]) -> Any:
    """An argument as the body sees it: a parameter for every number and array in it."""
    if is_number(value):
        params.append(Var(value.aval, getattr(value, "hint", None)))
        return params[-1]
    if isinstance(value, Ref):
        content = lo.state.heap[value.cell]
        if isinstance(content, Attributes) and content.whole is not None:
            return value
        if value.cell not in cells:
            cell = Cell(value.cell.hint, argument=value.cell.argument)
            cells[value.cell] = Ref(cell)
            lo.state.heap[cell] = entered(lo, content, params, cells)
        else:
            entered(lo, content, params, {})
        return cells[value.cell]
    inner = parts(value)
    return value if inner is None else rebuild(value, [entered(lo, p, params, cells) for p in inner])


def check_unchanged(lo: Lowering, frame: Frame, node: Any, name: str, before: State) -> None:
    """A function that calls itself must return what it has to say."""
    for cell, content in before.heap.items():
        if lo.state.heap.get(cell) is not content:
            what = cell.hint or cell.argument or "something outside it"
            raise lo.refuse(
                frame, node, f"`{name}` calls itself and changes `{what}` in place.", "Return the new value instead."
            )
    for key, value in before.names.items():
        if key[0] != -1 and lo.state.names.get(key) is not value:
            raise lo.refuse(
                frame, node, f"`{name}` calls itself and assigns `{key[1]}` of the function around it.",
                "Return the new value instead.",
            )


def gather(lo: Lowering, frame: Frame, node: Any, value: Any, results: list[Atom], heap: dict[Cell, Any]) -> None:
    """The atoms in a result, in order, and what its cells hold."""
    if is_data(value):
        results.append(value)
    elif isinstance(value, Ref):
        if value.cell not in heap:
            heap[value.cell] = lo.state.heap[value.cell]
            lo.check_fresh(value.cell, frame, node)
            gather(lo, frame, node, heap[value.cell], results, heap)
    elif isinstance(value, Closure):
        raise lo.refuse(frame, node, "A function that calls itself returns a function.", "Return numbers and arrays.")
    else:
        for part in parts(value) or ():
            gather(lo, frame, node, part, results, heap)


def closed(callee: Callee, body: Block, extra: list[Var]) -> Function:
    """The body as a function: what it reads from around it becomes parameters of every call."""
    inner = [Var(v.aval, v.hint) for v in extra]
    env: dict[Var, Atom] = dict(zip(extra, inner, strict=True))
    body = substitute(_with_more(body, callee, tuple(extra), has_effect(body)), env)
    body = Block((*body.params, *inner), body.stmts, body.results)
    params = tuple(Param(f"a{k}", v) for k, v in enumerate(body.params, 1))
    params = named(params)
    result: Any = body.results[0]
    if len(body.results) != 1:
        result = Tree(tuple, tuple(range(len(body.results))), body.results)
    return Function(callee.__name__, params, body, result)


def named(params: tuple[Param, ...]) -> tuple[Param, ...]:
    """Parameters called as the user calls them, where that is unambiguous."""
    taken: set[str] = set()
    out = []
    for p in params:
        hint = p.tree.hint
        name = hint if hint is not None and hint.isidentifier() and hint not in taken else p.name
        taken.add(name)
        out.append(dataclasses.replace(p, name=name))
    return tuple(out)


def _with_more(block: Block, callee: Callee, extra: tuple[Var, ...], effect: bool) -> Block:
    def statement(stmt: Stmt) -> Stmt:
        match stmt:
            case Apply() if stmt.fn is callee:
                return dataclasses.replace(stmt, args=stmt.args + extra, effect=effect)
            case If():
                then, orelse = (_with_more(side, callee, extra, effect) for side in (stmt.then, stmt.orelse))
                return dataclasses.replace(stmt, then=then, orelse=orelse)
            case Loop():
                test = None if stmt.test is None else _with_more(stmt.test, callee, extra, effect)
                return dataclasses.replace(stmt, test=test, body=_with_more(stmt.body, callee, extra, effect))
        return stmt

    return Block(block.params, tuple(map(statement, block.stmts)), block.results)


# --- one function for all calls of a kind ---------------------------------------------------------


def merged(function: Function) -> Function:
    """Every call site lowers its function anew; those that came out the same become one."""
    chosen: dict[Any, Callee] = {}
    instead: dict[Callee, Callee] = {}
    for callee in reversed(callees(function)):
        instead[callee] = chosen.setdefault(fingerprint(callee), callee)
    for callee in set(instead.values()):
        assert callee.function is not None
        callee.function = dataclasses.replace(callee.function, body=_redirected(callee.function.body, instead))
    return dataclasses.replace(function, body=_redirected(function.body, instead))


def _redirected(block: Block, instead: dict[Callee, Callee]) -> Block:
    def atom(a: Atom) -> Atom:
        return Const(instead.get(a.value, a.value)) if isinstance(a, Const) and isinstance(a.value, Callee) else a

    def statement(stmt: Stmt) -> Stmt:
        match stmt:
            case Apply(fn=Callee() as fn):
                return dataclasses.replace(stmt, fn=instead.get(fn, fn))
            case Apply(fn=Higher() | PartOf()):
                kwargs = tuple((k, atom(a)) for k, a in stmt.kwargs)
                return dataclasses.replace(stmt, args=tuple(map(atom, stmt.args)), kwargs=kwargs)
            case If():
                then, orelse = (_redirected(side, instead) for side in (stmt.then, stmt.orelse))
                return dataclasses.replace(stmt, then=then, orelse=orelse)
            case Loop():
                test = None if stmt.test is None else _redirected(stmt.test, instead)
                return dataclasses.replace(stmt, test=test, body=_redirected(stmt.body, instead))
        return stmt

    return Block(block.params, tuple(map(statement, block.stmts)), block.results)


def fingerprint(callee: Callee) -> Any:
    """What a function does, whatever its variables are: equal for two that are the same program."""
    numbers: dict[Any, int] = {}

    def atom(a: Atom) -> Any:
        if isinstance(a, Var):
            return numbers.setdefault(a, len(numbers))
        value = a.value
        if isinstance(value, Callee):
            return fn(value)
        plain = isinstance(value, int | float | complex | str | bytes | type(None) | tuple | range)
        return (type(value), repr(value) if plain else id(value))

    def fn(f: Any) -> Any:
        if isinstance(f, Callee):
            return numbers.setdefault(f, len(numbers)), f.__name__
        return f if getattr(f, "__hash__", None) else id(f)

    def block(b: Block) -> Any:
        params = tuple((atom(p), p.aval, p.hint) for p in b.params)
        return (params, tuple(map(statement, b.stmts)), tuple(map(atom, b.results)))

    def statement(stmt: Stmt) -> Any:
        read = tuple(map(atom, reads(stmt)))
        inner = tuple(map(block, blocks(stmt)))
        made = tuple((atom(v), v.aval, v.hint) for v in defined(stmt))
        if isinstance(stmt, Apply):
            return (fn(stmt.fn), read, tuple(k for k, _ in stmt.kwargs), stmt.effect, made)
        extra = (stmt.reverse, stmt.stops) if isinstance(stmt, Loop) else ()
        return (type(stmt), getattr(stmt, "caught", ()), read, inner, extra, made)

    numbers[callee] = 0
    assert callee.function is not None
    return (callee.__name__, block(callee.function.body))
