"""One run of a gradient program, as a list of what was computed from what: tables and graphs are made of it.

The textbook program of the IR is interpreted with values that remember where they come from.  What goes
through a branch, a loop's carry or a tape stays what it is, so each value points at the one *event* that
made it, however often its statement ran.  An event of the reverse sweep that pulls `w5 = w3 + w4` back
says how much it adds to the cotangent of w3: a *contribution*.  The cotangent of a value is the sum of
its contributions; at the inputs that is compared with what the program returns.

A function that calls itself is called by the program: its statements are followed like all others, call by call.  What
the forward half of a call leaves for the reverse half, its tape, says which call is pulled back.
"""

from __future__ import annotations

import operator
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import runtime
from ..api import Gradient
from ..arguments import Wrt, has_float
from ..avals import Arr, Num
from ..dispatch import Derived, Reverse
from ..errors import Unsupported, WrongArgument
from ..ir import Apply, At, Callee, Function, Place, Tree, Var, leaves, run
from ..lower.abstract import Shapeless
from ..rules.registry import Rule, lookup
from ..testing import float_leaves
from ..textbook import INPUT
from . import seeds
from .scopes import Scope, Scopes


@dataclass(eq=False)
class Event:
    """One execution of one statement of the forward sweep: `w5 = w3 + w4`."""

    name: str
    stmt: Apply
    operands: list[Any]  # Traced, or a plain value
    value: Any
    time: int  # of how many executions of its statement it is, from 0
    keywords: dict[str, Any] = field(default_factory=dict)
    argument: str = ""  # of an input: the parameter's name
    scopes: tuple[Scope, ...] = ()
    contributions: list[Contribution] = field(default_factory=list)

    @property
    def place(self) -> Place | None:
        return None if self.stmt.at.place is INPUT else self.stmt.at.place

    @property
    def bar(self) -> Any:
        """The cotangent: the sum of what was added to it; None where nothing was."""
        return next(iter(deque(self.bars(), maxlen=1)), None)

    def bars(self) -> Iterator[Any]:
        """The cotangent after each contribution."""
        total: Any = None
        for c in self.contributions:
            if c.index is not None:
                total = runtime.index_add(runtime.zeros_like(self.value) if total is None else total, c.index, c.amount)
            else:
                total = runtime.add(total, c.amount)
            yield total

    def partial(self, k: int) -> Any:
        """∂value/∂operand k, entry by entry, or of a single number by an array; None where it is a larger Jacobian."""
        rule = lookup(self.stmt.fn)
        values = [plain(a) for a in self.operands]
        if rule is None or not has_float(values[k]):
            return None
        with np.errstate(all="ignore"):
            return _partial(rule, self, values, k)


@dataclass(frozen=True, eq=False)
class Contribution:
    """What the pullback of `source` (None: the seed) added to a cotangent, at `index` or everywhere."""

    source: Event | None
    operand: int
    amount: Any
    index: Any = None
    when: int = 0  # after how many operations of the reverse sweep


class Traced:
    """A value that knows the event that made it; an item of it knows its place in it."""

    __slots__ = ("event", "index", "value")

    def __init__(self, value: Any, event: Event | None, index: Any = None) -> None:
        self.value, self.event, self.index = value, event, index

    def __bool__(self) -> bool:
        return bool(plain(self.value))

    def __iter__(self) -> Iterator[Any]:
        for k, item in enumerate(self.value):
            if isinstance(item, Traced):
                yield item
            else:
                yield Traced(item, self.event, k if self.index is None else (*_tuple(self.index), k))

    def __enter__(self) -> Any:
        return self.value.__enter__()

    def __exit__(self, *error: Any) -> Any:
        return self.value.__exit__(*error)


@dataclass(eq=False)
class Call:
    """A run of the function, or of one that it calls: what was made in it, and how often each statement pulled."""

    tape: Var | None = None  # what it leaves for its reverse half
    made: dict[Var, list[Event]] = field(default_factory=lambda: defaultdict(list))
    pulled: Counter[Apply] = field(default_factory=Counter)


class Tape(tuple[Any, ...]):
    """What a call recorded, and which call that was."""

    call: Call


def _tuple(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def plain(value: Any) -> Any:
    """The value itself, also in lists of what a loop emitted."""
    if isinstance(value, Traced):
        return plain(value.value)
    if type(value) is list:
        return [plain(v) for v in value]
    if type(value) is tuple:
        return tuple(plain(v) for v in value)
    return value


def _partial(rule: Rule, event: Event, values: list[Any], k: int) -> Any:
    result = event.value
    if event.stmt.fn is runtime.identity:
        return 1.0
    if rule.partials is not None:
        partial = rule.partials[k] if k < len(rule.partials) else None
        return partial(result, *values) if callable(partial) else None
    if rule.vjp is None or not isinstance(result, float | np.floating):
        return None
    try:
        given = rule.vjp(1.0, result, *values, **event.keywords)
    except NotImplementedError:  # it asks for the pullback of a function, which only a program has
        return _divided(event, k)
    found = given if isinstance(given, tuple) else (given,)
    return runtime.unbroadcast(found[k], values[k]) if k < len(found) and found[k] is not None else None


def _divided(event: Event, k: int) -> Any:
    """The partial of a number, by what it made of its cotangent."""
    operand, bar = event.operands[k], event.bar
    if not isinstance(operand, Traced) or operand.event is None or not isinstance(bar, float | np.floating) or not bar:
        return None
    added = [c.amount for c in operand.event.contributions if c.source is event and c.operand == k and c.index is None]
    return sum(added) / bar if added else None


@dataclass(frozen=True)
class Trace:
    """The events of a run in order, those of the result, and the gradient it gave."""

    function: Callable[..., Any]
    events: list[Event]
    outputs: list[Event]
    value: Any
    gradients: list[Any]
    program: Function
    inputs: list[Any]  # the values of the program's leaves
    seed: Any = 1.0


def trace(
    fun: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, wrt: Wrt | None = None,
    seed: Any = None, before: Callable[[Apply], None] = lambda stmt: None,
) -> Trace:
    """Run the gradient of `fun` at `args`, and note every step.

    `wrt` is as for `grad`; without it, every argument that holds floats.  `seed` is the cotangent of the result, where
    that is no number: of its structure, with None for a part that does not matter.  `before` is told of each statement before
    it runs, and may refuse it.  Raises `AdjointError` as `grad` does, `WrongArgument` where there should be another seed, and
    `Unsupported` where cotangents take a way that cannot be told statement by statement.
    """
    primal = fun.primal if isinstance(fun, Derived) else fun
    if wrt is None and isinstance(fun, Derived):
        wrt = fun.wrt

    def gradient(wrt: Wrt, how: str = "one" if seed is None else "given") -> Gradient:
        return Gradient(primal, wrt, value=True, optimize=False, has_aux=False, seed=how)

    first = gradient(0 if wrt is None else wrt)
    if isinstance(fun, Derived) and (not isinstance(fun.operator, Reverse) or fun.operator.has_aux):
        raise Unsupported("Only a gradient of a function with one result is shown.", "Pass the function itself.")
    if wrt is None:
        bound = first.arguments(args, kwargs or {})
        wrt = tuple(name for name, v in bound.arguments.items() if has_float(v))
        first = gradient(wrt)
    try:
        bound, _, program, _ = first.programs(args, kwargs or {})
    except WrongArgument as error:
        if seed is not None:
            raise
        result = gradient(first.wrt, "given").programs(args, kwargs or {})[2].result.parts[0]
        said = f"`table`, `graph` and `report` take it as `seed={seeds.example(result)}`"
        raise WrongArgument(error.what, f"{error.advice.rstrip('.')}; {said}.", error.spot) from None
    result = program.result.parts[0]
    start = 1.0 if seed is None else seeds.completed(result, seed)
    recorder, values, inputs = _Recorder(before, Scopes(program)), [], []
    for p in program.params:
        value = bound.arguments[p.name] if p.name in bound.arguments else start
        for path, leaf, part in leaves_of(p.tree, value, p.name):
            values.append(recorder.input(path, leaf, part))
            inputs.append(part)
    silent: Any = {kind: "ignore" for kind, what in np.geterr().items() if what == "warn"}  # it would name a line of ours
    try:
        with np.errstate(**silent):
            results = run(program, *values, watch=recorder.scopes.watch, apply=recorder.apply)
    except RecursionError:
        raise Unsupported("The function calls itself too deeply for each step to be shown.", "Show a smaller case.") from None
    except (TypeError, ValueError) as error:
        if seed is None or not recorder.reversed:
            raise
        raise WrongArgument(f"The seed does not fit the result: {error}.", "It has the shape of the result.") from error
    count = len(leaves(result))
    pairs = zip(results[:count], seeds.values(result, start), strict=True)
    outputs = list(dict.fromkeys(event for part, g in pairs if g is not None for event in _seeded(part, g)))
    value, gradients = seeds.filled(result, map(plain, results[:count])), [plain(g) for g in results[count:]]
    found = Trace(primal, recorder.events, outputs, value, gradients, program, inputs, start)
    _check(found)
    return found


def _seeded(value: Any, seed: Any) -> Iterator[Event]:
    """Note the seed of a part of the result, where it was made."""
    if isinstance(value, list | tuple) and isinstance(seed, list | tuple) and len(value) == len(seed):
        for item, g in zip(value, seed, strict=True):
            yield from _seeded(item, g)
        return
    if np.shape(plain(value)) != np.shape(seed):
        shapes = np.shape(seed), np.shape(plain(value))
        raise WrongArgument(f"The seed does not fit the result: it has the shape {shapes[0]}, and not {shapes[1]}.")
    if isinstance(value, Traced) and value.event is not None:
        made = value.event.contributions
        made.insert(sum(c.source is None for c in made), Contribution(None, 0, seed, value.index))
        yield value.event


def leaves_of(tree: Any, value: Any, path: str) -> Iterator[tuple[str, Var, Any]]:
    """The variables of a parameter's tree with where they stand and what they are."""
    if isinstance(tree, Var):
        yield path, tree, value
    elif isinstance(tree, Tree):
        for key, part in zip(tree.keys, tree.parts, strict=True):
            if issubclass(tree.cls, tuple | list | dict):
                yield from leaves_of(part, value[key], f"{path}[{key!r}]")
            else:
                yield from leaves_of(part, getattr(value, key), f"{path}.{key}")


_ZEROS = (np.zeros, np.zeros_like, runtime.zeros_like)  # what contributions are added to


class _Recorder:
    """The hook of the interpreter: does what a statement says, and keeps it."""

    def __init__(self, before: Callable[[Apply], None], scopes: Scopes) -> None:
        self.before, self.scopes = before, scopes
        self.events: list[Event] = []
        self.reversed = 0  # statements of the reverse sweep
        self._names: dict[Var, str] = {}
        self._times: Counter[Var] = Counter()  # how often each value was made
        self._call = Call()  # that runs now

    def input(self, path: str, leaf: Var, value: Any) -> Any:
        """The value of one leaf of the arguments; numbers and arrays have a statement of their own."""
        if isinstance(value, Shapeless):
            raise Unsupported("A table or graph is of one call, with its numbers.", "Pass example arguments.")
        self._names[leaf] = path
        if isinstance(leaf.aval, Num | Arr) or not has_float(value):
            return value
        made = Apply((leaf,), runtime.identity, (leaf,), (), At(INPUT))
        return self._noted(made, [value], value, {})

    def apply(self, stmt: Apply, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self.before(stmt)
        tape = next((a for a in args[:1] if isinstance(a, Tape)), None)
        if isinstance(stmt.fn, Callee) and (tape is not None or not self.reversed):
            return self._called(stmt, stmt.fn, args, tape)
        if tape is not None and stmt.fn is operator.getitem:
            return tape[plain(args[1])]
        if self._call.tape is not None and stmt.outs == (self._call.tape,):
            return self._packed(args)
        try:
            out = stmt.fn(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
        except Exception as error:
            if stmt.at.place is not None:
                error.add_note(str(stmt.at.place))
            raise
        if stmt.at.sweep == "reverse":
            self.reversed += 1
            return self._pulled(stmt, args, out)
        if self.reversed or len(stmt.outs) > 1 or not (has_float(out) or isinstance(out, list)):
            return out  # computed again for the reverse sweep, or no number
        if stmt.fn is operator.getitem and stmt.at.place is None and isinstance(args[0], Traced):
            first, index = args[0], plain(args[1])  # `q, r = divmod(x, y)`: a part of what was made
            return Traced(out, first.event, index if first.index is None else (*_tuple(first.index), index))
        return self._noted(stmt, args, out, {k: plain(v) for k, v in kwargs.items()})

    def _called(self, stmt: Apply, callee: Callee, args: list[Any], tape: Tape | None) -> Any:
        """Run a function of the program step by step: all of it, or its reverse half on the tape of an earlier call."""
        function, outer = callee.function, self._call
        assert function is not None
        last = function.body.results[-1] if callee.records else None
        self._call = tape.call if tape is not None else Call(last if isinstance(last, Var) else None)
        try:
            with self.scopes.inside(stmt):
                results = run(function, *args, watch=self.scopes.watch, apply=self.apply)
        finally:
            self._call = outer
        return results if len(results) != 1 else results[0]

    def _packed(self, args: list[Any]) -> Tape:
        made = Tape(args)
        made.call = self._call
        return made

    def _noted(self, stmt: Apply, args: list[Any], out: Any, keywords: dict[str, Any]) -> Any:
        if stmt.fn is runtime.identity and stmt.at.place is not INPUT and isinstance(args[0], Traced):
            return args[0]
        event = Event(f"w{len(self.events) + 1}", stmt, args, out, self._times[stmt.out], keywords)
        self._times[stmt.out] += 1
        if stmt.at.place is INPUT:
            event.argument = self._names.get(stmt.args[0], "")  # type: ignore[arg-type]
        else:
            event.scopes = self.scopes.of(stmt)
        self.events.append(event)
        self._call.made[stmt.out].append(event)
        return Traced(out, event)

    def _pulled(self, stmt: Apply, args: list[Any], out: Any) -> Any:
        pulls, v = stmt.at.pulls, stmt.outs[0].bar_of
        time = self._call.pulled[stmt]
        self._call.pulled[stmt] += 1
        sources = self._call.made.get(pulls.outs[0], []) if pulls is not None else []
        several = len(stmt.outs) > 1  # each of them follows in a statement of its own
        zeros = stmt.fn in _ZEROS or (stmt.fn is operator.mul and isinstance(out, list))  # `[0.0] * len(x)`
        if several or zeros or pulls is None or v is None or time >= len(sources):
            return out
        source = sources[len(sources) - 1 - time]  # a loop is reversed: the last is pulled first
        places = [k for k, atom in enumerate(pulls.args) if atom is v]
        operand = source.operands[places[0]] if places else None
        if isinstance(operand, Traced) and operand.event is not None:
            done = sum(c.source is source for c in operand.event.contributions)  # x * x adds twice
            k = places[min(done, len(places) - 1)]
            operand.event.contributions.append(self._contribution(stmt, args, out, source, k, operand))
        return out

    def _contribution(self, stmt: Apply, args: list[Any], out: Any, source: Event, k: int, operand: Traced) -> Contribution:
        index = operand.index
        if stmt.fn is runtime.index_add:
            at = plain(args[1])
            return Contribution(source, k, plain(args[2]), at if index is None else (*_tuple(index), at), self.reversed)
        old = stmt.args[0] if stmt.args else None
        if stmt.fn in (operator.add, runtime.add) and isinstance(old, Var) and old.bar_of is not None:
            return Contribution(source, k, plain(args[1]), index, self.reversed)
        return Contribution(source, k, out, index, self.reversed)


def _check(found: Trace) -> None:
    """The contributions to the inputs are the gradient that the program returned."""
    summed = _sizes(e.bar for e in found.events if e.argument)
    returned = _sizes(found.gradients)
    if len(summed) != len(returned) or not np.allclose(summed, returned, rtol=1e-6, atol=1e-12, equal_nan=True):
        raise _untold()


def _untold() -> Unsupported:
    return Unsupported(
        "The cotangents of this program cannot be told statement by statement.",
        "Look at the generated source: `adjoint.source(f, *args, optimize=False)`.",
    )


def _sizes(values: Iterable[Any]) -> np.ndarray[Any, Any]:
    """How large each entry is, those that are zero left out, in order of size: a list of numbers may come as an array."""
    entries = [np.abs(np.ravel(leaf)) for v in values if v is not None for _, leaf in float_leaves(v)]
    sizes = np.sort(np.concatenate([np.zeros(0), *entries]))
    return sizes[sizes != 0.0]
