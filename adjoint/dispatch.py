"""From a function to a derived one: lowered, transformed, emitted, kept, and from then on looked up.

A `Derived` function is a function, an *operator* (what is to be done with its program: `Reverse`) and
the parameters it is done for.  Its program is made for the *signature* of the arguments (types, dtypes,
shapes, keys) when it is first called with it; the calls after that are a look-up and the generated code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from . import functional  # noqa: F401 (what rules say of functions they are passed)
from .arguments import Uncopied, Wrt, check_wrt, copied, examples, positions
from .avals import Arr
from .checkpointing import with_snapshots
from .collecting import uncollected
from .compiled import chosen, emit_compiled, read_first
from .emit import Emitted, emit, note_place
from .entry import entry
from .errors import AdjointError, Unsupported, WrongArgument
from .ir import Block, Const, Function, callees, show
from .lower import READINGS, Lowered, lower
from .lower.abstract import Shapeless, signature
from .lower.meaning import Meant
from .lower.source import Unchanged, function_of
from .nested import derivative, within
from .passes import dce, optimised, prepared, tidied
from .reverse import Place
from .rules.registry import said
from .sweeps import reverse
from .textbook import textbook, with_inputs

MOST_SIGNATURES = 64  # past that, the oldest is forgotten


class Operator(Protocol):
    """What is done with the program of a function: a pure function from program to program.

    An operator is immutable and compares by value, so that what it makes can be pickled and copied.
    """

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        """The derived program; `wrt` are the numbers of the parameters (a list: a tuple of results)."""


@dataclasses.dataclass(frozen=True)
class Reverse:
    """Reverse mode.  `seed` is "one", or "given": then the seed is a last parameter.

    With `checkpoint` the outermost loops are run again from so many snapshots.
    """

    value: bool = False
    has_aux: bool = False
    seed: str = "one"
    checkpoint: int | None = None

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        seed = "default" if self.seed == "one" and textbook else self.seed
        if self.checkpoint is not None:
            program = with_snapshots(program, self.checkpoint)
        return reverse(program, wrt, seed=seed, value=self.value, has_aux=self.has_aux)


class _Given(inspect.BoundArguments):
    """The arguments of a call, defaults too; `given` says how many and which the call itself gave."""

    __slots__ = ("given",)
    given: tuple[int, tuple[str, ...]]


@dataclasses.dataclass
class Built:
    emitted: Emitted
    run: Callable[..., Any]
    unchanged: Unchanged
    guards: tuple[Any, ...]
    explicit: bool  # defaults must be passed, because they cannot be written into the signature
    signature: inspect.Signature
    rules: int  # the rules of the program's own that there were
    entry: Callable[[tuple[Any, ...]], Any] | None = None
    first: tuple[tuple[Any, ...], dict[str, Any]] | None = None  # the arguments of the first call, if they are small

    def call(self, args: Any, kwargs: Any) -> Any:
        if self.explicit:
            bound = self.signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        try:
            return self.run(*args, **kwargs)
        except Exception as error:
            self.note(error)
            raise

    def note(self, error: Exception) -> None:
        """Say in an error which line of the user's the generated code was at."""
        note_place(error, self.emitted.filename)

    def holds(self, args: Any, kwargs: Any, sig: inspect.Signature) -> bool:
        if self.rules != said() or not self.unchanged.holds():
            return False
        if not self.guards:
            return True
        if kwargs or self.explicit:
            bound = sig.bind(*args, **kwargs)
            bound.apply_defaults()
            args = tuple(bound.arguments.values())
        return all(guard.holds(args) for guard in self.guards)


def _needs_defaults(function: Function) -> bool:
    simple = (int, float, str, type(None))
    return any(p.has_default and not isinstance(p.default, simple) for p in function.params)


class Derived(Meant):
    """A function made from another by an operator, with the source of what runs.

    Attributes: `primal` (the function it is made from), `wrt`, `operator`, `source` (the generated
    source that ran last, or that would run for plain numbers).
    """

    def __init__(
        self, fun: Callable[..., Any], wrt: Wrt, operator: Operator, optimize: bool = True,
        compile: str | Callable[..., Any] | None = None,
    ) -> None:
        self._binds = {classmethod: "class", staticmethod: "nothing"}.get(type(fun), "object")
        if isinstance(fun, Derived):
            self._binds = fun._binds
        else:
            function_of(fun)
        if isinstance(fun, classmethod | staticmethod):  # `@grad` above `@staticmethod` in the body of a class
            fun = fun.__func__
        elif not isinstance(fun, types.FunctionType | types.MethodType | functools.partial | Derived):
            fun = types.MethodType(type(fun).__call__, fun)
        self.primal = fun
        self.wrt, self.operator, self._optimize, self._compile = wrt, operator, optimize, compile
        self._jit = chosen(compile)
        if self._jit is not None and not optimize:
            raise WrongArgument("The textbook form is for reading.", "Leave out compile= or optimize=False.")
        self._read_signature()
        self._built: dict[Any, Built] = {}
        self._latest: Built | None = None
        self._entry: Callable[[tuple[Any, ...]], Any] = self._looked_up  # what was built last, behind a test
        self._free: Derived | None = None  # the same with `self` as its first parameter
        self._lock = threading.RLock()
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            if hasattr(fun, name):
                setattr(self, name, getattr(fun, name))

    def _read_signature(self) -> None:
        primal = self.primal
        inner = primal.__signature__ if isinstance(primal, Derived) else None
        self._signature: inspect.Signature = inspect.signature(primal) if inner is None else inner
        self.__signature__: inspect.Signature = self._signature
        self._positions = positions(self.primal, self._signature, self.wrt)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            return self.found(args, kwargs).call(args, kwargs)
        return self._entry(args)

    def _looked_up(self, args: tuple[Any, ...]) -> Any:
        """A call with other arguments than those of the last: find what is built for them, and be ready for more."""
        built = self.found(args, {})
        if built.entry is None and not built.explicit:
            built.entry = entry(args, built.unchanged, built.guards, built.run, self._looked_up, built.rules, built.note)
        self._entry = built.entry or self._looked_up
        return built.call(args, {})

    def found(self, args: Any, kwargs: Any) -> Built:
        """What is built for arguments such as these: looked up, or made."""
        key: Any = tuple(map(signature, args))
        if kwargs:
            key = (key, tuple((k, signature(v)) for k, v in kwargs.items()))
        built = self._built.get(key)
        if built is None or not built.holds(args, kwargs, self._signature):
            built = self._build(key, args, kwargs)
        self._latest, self._entry = built, built.entry or self._looked_up
        return built

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if self._binds == "class":
            return bound_to(self, type(obj) if owner is None else owner)
        if obj is None or self._binds == "nothing":
            return self
        return bound_to(self, obj)

    def __reduce__(self) -> Any:
        """Pickled and copied like a function: by its name where it has one, else made anew."""
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for word in getattr(self, "__qualname__", "").split("."):
            found = getattr(found, word, None)
        if found is self:
            return self.__qualname__
        return type(self)._remade, (self.primal, self.wrt, self.operator, self._optimize, self._compile)

    @classmethod
    def _remade(
        cls, fun: Any, wrt: Wrt, operator: Operator, optimize: bool, compile: str | Callable[..., Any] | None = None,
    ) -> Derived:
        made = cls.__new__(cls)
        Derived.__init__(made, fun, wrt, operator, optimize, compile)
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} of {getattr(self.primal, '__qualname__', self.primal)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the source in colours, and the steps and the graph of the call it was made for."""
        from .show.notebook import page  # what only notebooks need

        return page(self)

    @property
    def source(self) -> str:
        """The generated source: what ran last, or else what would run for plain numbers."""
        return self._shown().emitted.source

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The generated function: `inspect.getsource` shows it."""
        try:
            return self._shown().run
        except AdjointError as error:
            raise AttributeError(str(error)) from error

    def source_for(self, /, *args: Any, **kwargs: Any) -> str:
        """The generated source for arguments such as these."""
        return self.compiled_for(*args, **kwargs).__adjoint__.source  # type: ignore[attr-defined]

    def compiled_for(self, /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The generated function itself, without look-up.  Call it only with arguments such as these."""
        return self._build(None, args, kwargs).run

    def stage(self, name: str, /, *args: Any, **kwargs: Any) -> str:
        """The program as text at one stage: "lowered", "reversed", "optimised" or "source"."""
        return self._stages(self._bound(args, kwargs) if args or kwargs else None)[name]()

    @property
    def optimize(self) -> bool:
        """Is the generated source in its default form, not that of the textbook?"""
        return self._optimize

    def compiled_by(self, compile: str | Callable[..., Any]) -> Derived:
        """The same, compiled."""
        return self._remade(self.primal, self.wrt, self.operator, self._optimize, compile)

    @property
    def example(self) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """A copy of the arguments that the latest source was made for, where there was a call, and they are small."""
        return self._shown().first

    @property
    def places(self) -> list[Place]:
        """The numbers of the parameters in `wrt`."""
        return list(self._positions)

    def arguments(self, args: Any, kwargs: Any) -> inspect.BoundArguments:
        """The arguments of a call by name, defaults too."""
        return self._bound(args, kwargs)

    def programs(self, args: Any, kwargs: Any) -> tuple[inspect.BoundArguments, Lowered, Function, Function]:
        """The arguments, defaults too, and the program lowered, derived, and as it is emitted.

        Without arguments numbers are assumed, or arrays of unknown shape.
        """
        bound = self._bound(args, kwargs) if args or kwargs else self._default_arguments()
        return (bound, *self._programs(bound))

    # --- inside another function ------------------------------------------------------------------

    def meaning(self, lo: Any, frame: Any, node: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return derivative(lo, frame, node, self.operator, self.wrt, Const(self.primal), args, kwargs)

    def as_method(self) -> Derived:
        """The same, with the object as a first argument that `wrt` counts."""
        if self._free is None:
            parameters = list(self._signature.parameters.values())
            rest = self._signature.replace(parameters=parameters[1:])
            names = [p.name for p in parameters]
            wrt = self.wrt
            found = [
                which if which == names[0] else names[1 + positions(self.primal, rest, which)[0]]  # type: ignore[operator]
                for which in (wrt if isinstance(wrt, tuple | list) else (wrt,))
            ]
            names_of = tuple(map(str, found)) if isinstance(wrt, tuple | list) else found[0]
            self._free = self._remade(self.primal, names_of, self.operator, self._optimize, self._compile)
        return self._free

    # --- building ---------------------------------------------------------------------------------

    def _bound(self, args: Any, kwargs: Any) -> inspect.BoundArguments:
        bound = _Given(self._signature, self._signature.bind(*args, **kwargs).arguments)
        bound.apply_defaults()
        bound.given = (len(args), tuple(kwargs))
        return bound

    def _build(self, key: Any, args: Any, kwargs: Any) -> Built:
        self._read_signature()  # defaults may be others now
        bound = self._bound(args, kwargs)  # raises what a call of the primal would raise
        with self._lock:
            known = self._built.get(key) if key is not None else None
            if known is not None and known.holds(args, kwargs, self._signature):
                return known
            built = self._made(bound)
            with contextlib.suppress(Uncopied):
                built.first = copied(args), copied(kwargs)
            if key is not None:
                if len(self._built) >= MOST_SIGNATURES:
                    self._built.pop(next(iter(self._built)))
                self._built[key] = built
            return built

    def _made(self, bound: inspect.BoundArguments) -> Built:
        lowered, _, final = self._programs(bound)
        return self._emitted(lowered, self._text(final))

    def _text(self, program: Function) -> Emitted:
        if self._jit is not None:
            return emit_compiled(program, self._jit)
        return emit(program, textbook=not self._optimize)

    def _emitted(self, lowered: Lowered, emitted: Emitted) -> Built:
        emitted.function.__adjoint__ = emitted  # type: ignore[attr-defined]
        explicit = _needs_defaults(lowered.function)
        return Built(emitted, emitted.function, lowered.unchanged, lowered.guards, explicit, self._signature, said())

    @uncollected
    def _programs(self, bound: inspect.BoundArguments) -> tuple[Lowered, Function, Function]:
        lowered, derived = self._read(bound, not self._optimize)
        better = tidied if self._jit is not None else optimised
        final = better(derived) if self._optimize else textbook(derived)
        for callee in callees(final):
            assert callee.function is not None
            callee.function = better(callee.function) if self._optimize else dce(callee.function)
        return lowered, derived, final

    def _read(self, bound: inspect.BoundArguments, textbook: bool, reading: int = 0) -> tuple[Lowered, Function]:
        """The program and its derivative, read again where a rule has to know more than the program (`np.diff(x, n)`)."""
        refused: Unsupported | None = None
        while True:
            try:
                lowered = self._lowered(bound, reading)
            except Unsupported as refusal:
                raise refused or refusal from None
            try:
                return lowered, self._derived(lowered.function, bound, textbook)
            except Unsupported as refusal:
                refused, reading = refused or refusal, lowered.reading + 1
            if reading == len(READINGS):
                raise refused

    def _lowered(self, bound: inspect.BoundArguments, reading: int = 0) -> Lowered:
        """The program that the operator is applied to: where that is a derivative itself, its program."""
        if not isinstance(self.primal, Derived):
            return lower(self.primal, bound, reading)
        inner = self.primal
        lowered, function = inner._read(bound, False, reading)
        body = Block(function.body.params, tuple(map(within, function.body.stmts)), function.body.results)
        return dataclasses.replace(lowered, function=dataclasses.replace(function, body=body))

    def _derived(self, function: Function, bound: inspect.BoundArguments, textbook: bool) -> Function:
        """The operator applied to a program."""
        check_wrt(bound, self._positions, list(self._signature.parameters))
        if self._jit is not None:
            function = read_first(function)
        program = with_inputs(function) if textbook else prepared(function)
        places = self._positions if isinstance(self.wrt, tuple | list) else self._positions[0]
        return self.operator(program, places, textbook)

    def _stages(self, bound: inspect.BoundArguments | None) -> dict[str, Callable[[], str]]:
        if bound is None:
            bound = self._default_arguments()
        programs = functools.cache(lambda: self._programs(bound))
        return {
            "lowered": lambda: show(programs()[0].function),
            "reversed": lambda: show(programs()[1]),
            "optimised": lambda: show(programs()[2]),
            "source": lambda: self._text(programs()[2]).source,
        }

    def _shown(self) -> Built:
        if self._latest is None:
            self._latest = self._made(self._default_arguments())
        return self._latest

    def _default_arguments(self) -> inspect.BoundArguments:
        """Numbers where the function runs on them, otherwise arrays of unknown shape."""
        first: AdjointError | None = None
        for example in (1.0, Shapeless(Arr(np.dtype(float), None))):
            bound = self._examples(example)
            try:
                self._programs(bound)
            except AdjointError as error:
                first = first or error
                continue
            return bound
        assert first is not None
        raise first

    def _examples(self, example: Any) -> inspect.BoundArguments:
        return examples(self._signature, example)


class BoundDerived(Derived):
    """The gradient of a method, bound to an object.

    What is built is built for the class, with the object as an argument: once, not once per object.
    """

    def __init__(self, free: Derived, obj: Any, wrt: Wrt) -> None:
        self._shared, self.__self__, self.wrt = free, obj, wrt
        self.__doc__, self.__module__ = free.__doc__, free.__module__

    def __getattr__(self, name: str) -> Any:
        if name == "_shared":
            raise AttributeError(name)
        return getattr(self._shared, name)

    def __reduce__(self) -> Any:
        return BoundDerived, (self._shared, self.__self__, self.wrt)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._shared(self.__self__, *args, **kwargs)

    def compiled_for(self, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        return functools.partial(self._shared.compiled_for(self.__self__, *args, **kwargs), self.__self__)

    def source_for(self, *args: Any, **kwargs: Any) -> str:
        return self._shared.source_for(self.__self__, *args, **kwargs)

    @property
    def primal(self) -> Callable[..., Any]:  # type: ignore[override]
        return types.MethodType(self._shared.primal, self.__self__)

    @property
    def __signature__(self) -> inspect.Signature:  # type: ignore[override]
        return self._signature.replace(parameters=list(self._signature.parameters.values())[1:])

    def _bound(self, args: Any, kwargs: Any) -> inspect.BoundArguments:
        return super()._bound((self.__self__, *args), kwargs)

    def _programs(self, bound: inspect.BoundArguments) -> tuple[Lowered, Function, Function]:
        return self._shared._programs(bound)

    def _examples(self, example: Any) -> inspect.BoundArguments:
        bound = super()._examples(example)
        bound.arguments[next(iter(self._signature.parameters))] = self.__self__
        return bound

    def _shown(self) -> Built:
        latest = self._shared._latest
        return self._made(self._default_arguments()) if latest is None else latest


def bound_to(derived: Derived, obj: Any) -> Derived:
    """The gradient of a method, bound to an object: `wrt` counts the parameters after `self`."""
    parameters = list(derived._signature.parameters.values())
    ordinary = parameters and parameters[0].kind in (parameters[0].POSITIONAL_ONLY, parameters[0].POSITIONAL_OR_KEYWORD)
    if not ordinary or not isinstance(derived.primal, types.FunctionType):
        fun = types.MethodType(derived.primal, obj)
        return type(derived)._remade(fun, derived.wrt, derived.operator, derived._optimize, derived._compile)
    return BoundDerived(derived.as_method(), obj, derived.wrt)
