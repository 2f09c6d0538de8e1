"""The public operators: thin wrappers that lower, transform, emit and call.

A gradient function is built for the *signature* of its arguments (types, dtypes, shapes, keys) when
first called with it, kept, and from then on only looked up.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from . import runtime
from .avals import Arr, Num, differentiable
from .emit import Emitted, emit
from .errors import AdjointError, WrongArgument
from .ir import Apply, At, Atom, Block, Function, Place, Var, callees, leaves, map_leaves, show, substitute
from .lower import Lowered, lower
from .lower.abstract import Shapeless, signature
from .lower.source import Unchanged, function_of
from .passes import dce, optimised, prepared
from .reverse import Place as ArgumentPlace
from .reverse import reverse

MOST_SIGNATURES = 64  # past that, the oldest is forgotten

Wrt = int | str | Sequence[int | str]


class Gradient:
    """A function that computes a gradient, with the source that does it.

    Attributes: `primal` (the function differentiated), `wrt`, `has_aux`, `source` (the generated
    source that ran last, or that would run for plain numbers).
    """

    def __init__(
        self, fun: Callable[..., Any], wrt: Wrt, *, value: bool, optimize: bool, has_aux: bool, seed: str = "one"
    ) -> None:
        if isinstance(fun, Gradient):
            raise WrongArgument(
                "This is a gradient already; higher derivatives are not available yet.",
                "Differentiate the function itself, for example `grad(f.primal)`.",
            )
        function_of(fun)
        self._binds = {classmethod: "class", staticmethod: "nothing"}.get(type(fun), "object")
        if isinstance(fun, classmethod | staticmethod):  # `@grad` above `@staticmethod` in the body of a class
            fun = fun.__func__
        elif not isinstance(fun, types.FunctionType | types.MethodType | functools.partial):
            fun = types.MethodType(type(fun).__call__, fun)
        self.primal = fun
        self.wrt, self.has_aux = wrt, has_aux
        self._value, self._optimize, self._seed = value, optimize, seed
        self._read_signature()
        self._built: dict[Any, _Built] = {}
        self._latest: _Built | None = None
        self._free: Gradient | None = None  # the same with `self` as its first parameter
        self._lock = threading.RLock()
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            if hasattr(fun, name):
                setattr(self, name, getattr(fun, name))

    def _read_signature(self) -> None:
        self._signature = self.__signature__ = inspect.signature(self.primal)
        self._positions = positions(self.primal, self._signature, self.wrt)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        key: Any = tuple(map(signature, args))
        if kwargs:
            key = (key, tuple((k, signature(v)) for k, v in kwargs.items()))
        built = self._built.get(key)
        if built is None or not built.holds(args, kwargs, self._signature):
            built = self._build(key, args, kwargs)
        self._latest = built
        if built.explicit:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return built.run(*bound.args, **bound.kwargs)
        return built.run(*args, **kwargs)

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if self._binds == "class":
            return bound_gradient(self, type(obj) if owner is None else owner)
        if obj is None or self._binds == "nothing":
            return self
        return bound_gradient(self, obj)

    def __reduce__(self) -> Any:
        """Pickled and copied like a function: by its name where it has one, else made anew."""
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for word in getattr(self, "__qualname__", "").split("."):
            found = getattr(found, word, None)
        if found is self:
            return self.__qualname__
        return _remade, (self.primal, self.wrt, self._value, self._optimize, self.has_aux, self._seed)

    def __repr__(self) -> str:
        return f"<gradient of {getattr(self.primal, '__qualname__', self.primal)}>"

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

    # --- building ---------------------------------------------------------------------------------

    def _bound(self, args: Any, kwargs: Any) -> inspect.BoundArguments:
        bound = _Given(self._signature, self._signature.bind(*args, **kwargs).arguments)
        bound.apply_defaults()
        bound.given = (len(args), tuple(kwargs))
        return bound

    def _build(self, key: Any, args: Any, kwargs: Any) -> _Built:
        self._read_signature()  # defaults may be others now
        bound = self._bound(args, kwargs)  # raises what a call of the primal would raise
        with self._lock:
            known = self._built.get(key) if key is not None else None
            if known is not None and known.holds(args, kwargs, self._signature):
                return known
            built = self._made(bound)
            if key is not None:
                if len(self._built) >= MOST_SIGNATURES:
                    self._built.pop(next(iter(self._built)))
                self._built[key] = built
            return built

    def _made(self, bound: inspect.BoundArguments) -> _Built:
        lowered, _, final = self._programs(bound)
        emitted = emit(final, textbook=not self._optimize)
        emitted.function.__adjoint__ = emitted  # type: ignore[attr-defined]
        return _Built(emitted, emitted.function, lowered.unchanged, lowered.guards, _needs_defaults(lowered.function))

    def _programs(self, bound: inspect.BoundArguments) -> tuple[Lowered, Function, Function]:
        self._check_arguments(bound)
        lowered = lower(self.primal, bound)
        program = prepared(lowered.function) if self._optimize else with_inputs(lowered.function)
        seed = "default" if self._seed == "one" and not self._optimize else self._seed
        places = self._positions if isinstance(self.wrt, tuple | list) else self._positions[0]
        reversed_ = reverse(program, places, seed=seed, value=self._value, has_aux=self.has_aux)
        final = optimised(reversed_) if self._optimize else textbook(reversed_)
        for callee in callees(final):
            assert callee.function is not None
            callee.function = optimised(callee.function) if self._optimize else dce(callee.function)
        return lowered, reversed_, final

    def _stages(self, bound: inspect.BoundArguments | None) -> dict[str, Callable[[], str]]:
        if bound is None:
            bound = self._default_arguments()
        programs = functools.cache(lambda: self._programs(bound))
        return {
            "lowered": lambda: show(programs()[0].function),
            "reversed": lambda: show(programs()[1]),
            "optimised": lambda: show(programs()[2]),
            "source": lambda: emit(programs()[2], textbook=not self._optimize).source,
        }

    def _shown(self) -> _Built:
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
        return _examples(self._signature, example)

    def _check_arguments(self, bound: inspect.BoundArguments) -> None:
        names = list(self._signature.parameters)
        for place in self._positions:
            k, item = place if isinstance(place, tuple) else (place, None)
            value, name = bound.arguments[names[k]], names[k]
            if item is not None:
                name = f"{name}[{item}]"
                if item >= len(value):
                    raise WrongArgument(f"The gradient is with respect to `{name}`, and only {len(value)} are given.")
                value = value[item]
            if not has_float(value):
                raise WrongArgument(
                    f"The gradient is with respect to `{name}`, and here that is {_kind(value)}.",
                    _float_advice(name, value),
                )


class _Given(inspect.BoundArguments):
    """The arguments of a call, defaults too; `given` says how many and which the call itself gave."""

    __slots__ = ("given",)
    given: tuple[int, tuple[str, ...]]


def _remade(fun: Any, wrt: Wrt, value: bool, optimize: bool, has_aux: bool, seed: str) -> Gradient:
    return Gradient(fun, wrt, value=value, optimize=optimize, has_aux=has_aux, seed=seed)


@dataclasses.dataclass(frozen=True)
class _Built:
    emitted: Emitted
    run: Callable[..., Any]
    unchanged: Unchanged
    guards: tuple[Any, ...]
    explicit: bool  # defaults must be passed, because they cannot be written into the signature

    def holds(self, args: Any, kwargs: Any, sig: inspect.Signature) -> bool:
        if not self.unchanged.holds():
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


def _examples(sig: inspect.Signature, example: Any) -> inspect.BoundArguments:
    args: dict[str, Any] = {}
    for name, p in sig.parameters.items():
        if p.kind is inspect.Parameter.VAR_POSITIONAL:
            args[name] = ()
        elif p.kind is inspect.Parameter.VAR_KEYWORD:
            args[name] = {}
        elif p.default is not inspect.Parameter.empty:
            args[name] = p.default
        elif p.annotation in (np.ndarray, "np.ndarray", "numpy.ndarray"):
            args[name] = Shapeless(Arr(np.dtype(float), None))
        elif p.annotation in (int, "int"):
            args[name] = 1
        else:
            args[name] = example
    return inspect.BoundArguments(sig, args)


def has_float(value: Any) -> bool:
    """Is there a float (or complex) in a number, an array or a container of them?"""
    if isinstance(value, Shapeless):
        return differentiable(value.aval)
    if isinstance(value, bool | str | bytes | type(None)):
        return False
    if isinstance(value, dict):
        return any(map(has_float, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_float, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(has_float(getattr(value, f.name, None)) for f in dataclasses.fields(value))
    if isinstance(value, np.ndarray | np.generic):
        return bool(value.dtype.kind in "fc")
    return isinstance(value, float | complex)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    if isinstance(value, list | tuple | dict):
        return f"a {type(value).__name__} without a float in it" if value else f"an empty {type(value).__name__}"
    if value is None:
        return "None"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"the int {value}"
    return f"a {type(value).__name__}"


def _float_advice(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"Pass a float: {float(value)}."
    if isinstance(value, np.ndarray):
        return f"Pass an array of floats: `{name}.astype(float)`."
    if isinstance(value, type):
        return "For a class method, write `@grad` above `@classmethod`."
    return "Choose another parameter with `wrt=`, or pass floats."


def positions(fun: Any, sig: inspect.Signature, wrt: Wrt) -> list[ArgumentPlace]:
    """The numbers of the parameters that `wrt` names, or their place in `*args`."""
    names = list(sig.parameters)
    star = next((k for k, p in enumerate(sig.parameters.values()) if p.kind is p.VAR_POSITIONAL), None)
    listed = ", ".join(names) or "none"
    out: list[ArgumentPlace] = []
    for which in wrt if isinstance(wrt, tuple | list) else (wrt,):
        if isinstance(which, str):
            if which not in names:
                raise WrongArgument(
                    f"`wrt` names `{which}`, and `{_called(fun)}` has no such parameter.", f"Its parameters: {listed}."
                )
            out.append(names.index(which))
        elif isinstance(which, int | np.integer) and not isinstance(which, bool):
            which = int(which)
            if star is not None and which >= star:
                out.append((star, which - star))
                continue
            if not -len(names) <= which < len(names):
                raise WrongArgument(
                    f"`wrt` asks for parameter {which}, and `{_called(fun)}` has {len(names)}.", f"Its parameters: {listed}."
                )
            out.append(which % len(names))
        else:
            raise WrongArgument(
                f"`wrt` is {which!r}, which is not a parameter's name or index.", f"The parameters: {listed}."
            )
    if len(set(out)) != len(out):
        raise WrongArgument("`wrt` names a parameter twice.", f"The parameters: {listed}.")
    return out


def _called(fun: Any) -> str:
    return getattr(fun, "__name__", None) or function_of(fun).__name__


class BoundGradient(Gradient):
    """The gradient of a method, bound to an object.

    What is built is built for the class, with the object as an argument: once, not once per object.
    """

    def __init__(self, free: Gradient, obj: Any, wrt: Wrt) -> None:
        self._shared, self.__self__, self.wrt = free, obj, wrt
        self.__doc__, self.__module__ = free.__doc__, free.__module__

    def __getattr__(self, name: str) -> Any:
        if name == "_shared":
            raise AttributeError(name)
        return getattr(self._shared, name)

    def __reduce__(self) -> Any:
        return BoundGradient, (self._shared, self.__self__, self.wrt)

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

    def _shown(self) -> _Built:
        latest = self._shared._latest
        return self._made(self._default_arguments()) if latest is None else latest


def bound_gradient(gradient: Gradient, obj: Any) -> Gradient:
    """The gradient of a method, bound to an object: `wrt` counts the parameters after `self`."""
    parameters = list(gradient._signature.parameters.values())
    options: Any = {
        "value": gradient._value, "optimize": gradient._optimize, "has_aux": gradient.has_aux, "seed": gradient._seed,
    }
    ordinary = parameters and parameters[0].kind in (parameters[0].POSITIONAL_ONLY, parameters[0].POSITIONAL_OR_KEYWORD)
    if not ordinary or not isinstance(gradient.primal, types.FunctionType):
        return Gradient(types.MethodType(gradient.primal, obj), gradient.wrt, **options)
    if gradient._free is None:
        rest = gradient._signature.replace(parameters=parameters[1:])
        names = [p.name for p in parameters]
        wrt = gradient.wrt
        found = [
            which if which == names[0] else names[1 + positions(gradient.primal, rest, which)[0]]  # type: ignore[operator]
            for which in (wrt if isinstance(wrt, tuple | list) else (wrt,))
        ]
        gradient._free = Gradient(
            gradient.primal, tuple(map(str, found)) if isinstance(wrt, tuple | list) else found[0], **options
        )
    return BoundGradient(gradient._free, obj, gradient.wrt)


INPUT = Place("", 0, 0, "", "")


def with_inputs(function: Function) -> Function:
    """The textbook form starts with the inputs: `w1 = x1`."""
    stmts: list[Apply] = []
    env: dict[Atom, Atom] = {}
    for p in function.params:
        for leaf in leaves(p.tree):
            if isinstance(leaf, Var) and isinstance(leaf.aval, Num | Arr):
                copy = Var(leaf.aval)
                stmts.append(Apply((copy,), runtime.identity, (leaf,), (), At(INPUT)))
                env[leaf] = copy
    body = substitute(function.body, env)
    result = map_leaves(lambda a: env.get(a, a), function.result)
    return dataclasses.replace(function, body=Block(body.params, (*stmts, *body.stmts), body.results), result=result)


def textbook(function: Function) -> Function:
    """Everything of the forward sweep is kept, read or not; the reverse sweep without what is not.

    The cotangent of an input is that of its `w`, which is returned itself.
    """
    inputs: dict[Atom, Atom] = {
        s.out: s.args[0] for s in function.body.stmts
        if isinstance(s, Apply) and s.fn is runtime.identity and s.at.pulls is not None and s.at.pulls.at.place is INPUT
    }
    body = substitute(function.body, inputs)
    function = dataclasses.replace(function, result=map_leaves(lambda a: inputs.get(a, a), function.result))
    kept = [v for s in body.stmts if s.at.sweep == "forward" and s.at.place is not None for v in s.outs]
    more = Block(body.params, body.stmts, (*body.results, *kept))
    slim = dce(dataclasses.replace(function, body=more)).body
    return dataclasses.replace(function, body=Block(slim.params, slim.stmts, body.results))


# --- the operators --------------------------------------------------------------------------------


@overload
def grad(fun: Callable[..., Any], wrt: Wrt = 0, *, optimize: bool = True, has_aux: bool = False) -> Gradient: ...
@overload
def grad(
    fun: None = None, wrt: Wrt = 0, *, optimize: bool = True, has_aux: bool = False
) -> Callable[[Callable[..., Any]], Gradient]: ...
def grad(
    fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, optimize: bool = True, has_aux: bool = False
) -> Any:
    """The gradient of `fun`, a function of numbers, arrays and containers of them that returns a number.

    `wrt` says with respect to which parameters: an index, a name, or a tuple of them (then the result
    is a tuple).  The gradient has its argument's structure and dtype: a float for a float, float32 for
    float32, a dict for a dict; integers, strings and None in a container have gradient None.  With
    `has_aux`, `fun` returns `(number, extra)`, and so does the gradient: `(gradient, extra)`.
    `optimize=False` gives the textbook form of the source: every primitive and every adjoint on a line.

    May be used as `grad(f)`, `@grad` and `@grad(wrt=...)`.

    >>> from math import sin
    >>> from adjoint import grad
    >>> @grad(wrt=("x1", "x2"))
    ... def f(x1, x2):
    ...     return x1 * x2 + sin(x1)
    >>> f(2.0, 3.0)
    (2.5838531634528574, 2.0)

    Raises `AdjointError` when the gradient is built, if the program does something that is not
    understood.  Reverse mode: Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 3.
    """
    if fun is None:
        return functools.partial(grad, wrt=wrt, optimize=optimize, has_aux=has_aux)
    return Gradient(fun, wrt, value=False, optimize=optimize, has_aux=has_aux)


def value_and_grad(
    fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, optimize: bool = True, has_aux: bool = False
) -> Any:
    """Like `grad`, but the result is `(value, gradient)`; with `has_aux`, `((value, extra), gradient)`.

    >>> from adjoint import value_and_grad
    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    if fun is None:
        return functools.partial(value_and_grad, wrt=wrt, optimize=optimize, has_aux=has_aux)
    return Gradient(fun, wrt, value=True, optimize=optimize, has_aux=has_aux)


def vjp(fun: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """`(value, pullback)` of `fun` at `args`; `pullback(seed)` gives a cotangent for each argument.

    `seed` has the structure of the value.  An argument without floats has cotangent None.
    `pullback.source` is the generated source.

    >>> import numpy as np
    >>> from adjoint import vjp
    >>> value, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([2., 0.]),)
    """
    sig = inspect.signature(fun)
    bound = sig.bind(*args)
    bound.apply_defaults()
    wanted = [k for k, v in enumerate(bound.arguments.values()) if has_float(v)]
    pulled = Gradient(fun, tuple(wanted), value=False, optimize=True, has_aux=False, seed="given")
    value = fun(*args)
    built = pulled._made(bound)
    (name,) = set(inspect.signature(built.run).parameters) - set(sig.parameters)

    def pullback(seed: Any) -> tuple[Any, ...]:
        check_seed(seed, value)
        got = built.run(*bound.args, **bound.kwargs, **{name: seed})
        each = iter(got)
        return tuple(next(each) if k in wanted else None for k in range(len(bound.arguments)))

    pullback.source = built.emitted.source  # type: ignore[attr-defined]
    return value, pullback


def check_seed(seed: Any, value: Any, path: str = "seed") -> None:
    """A seed must have the structure and the shapes of the value."""
    if isinstance(value, tuple | list):
        if not isinstance(seed, type(value)) or len(seed) != len(value):
            kind = type(value).__name__
            raise WrongArgument(
                f"`{path}` is {_described(seed)}, and the value is a {kind} of {len(value)}.",
                f"Pass a {kind} with a cotangent for each item of the value.",
            )
        for k, (s, v) in enumerate(zip(seed, value, strict=True)):
            check_seed(s, v, f"{path}[{k}]")
    elif isinstance(value, dict):
        if not isinstance(seed, dict) or set(seed) != set(value):
            raise WrongArgument(
                f"`{path}` is {_described(seed)}, and the value is {_described(value)}.",
                "Pass a dict with a cotangent for each item of the value.",
            )
        for k in value:
            check_seed(seed[k], value[k], f"{path}[{k!r}]")
    elif has_float(value) and np.shape(seed) != np.shape(value):
        raise WrongArgument(
            f"`{path}` is {_described(seed)}, and the value is {_described(value)}.",
            "A cotangent has the shape of what it is the cotangent of.",
        )


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, dict):
        return f"a dict with the keys {', '.join(map(repr, value)) or '(none)'}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return "None" if value is None else f"a {type(value).__name__}"


def source(
    fun: Callable[..., Any], *example_args: Any, wrt: Wrt = 0, stage: str = "source", optimize: bool = True
) -> str:
    """The program that computes the gradient of `fun`, as text.

    `stage`: "lowered" (the primal in single assignments), "reversed", "optimised", or "source".
    Without example arguments, numbers (or arrays of unknown shape) are assumed.

    >>> from adjoint import source
    >>> def square(x):
    ...     return x * x
    >>> print(source(square, 3.0))
    def square_grad(x):
        x_bar = x + x  # return x * x
        return x_bar
    <BLANKLINE>
    """
    made = fun if isinstance(fun, Gradient) else Gradient(fun, wrt, value=False, optimize=optimize, has_aux=False)
    if stage not in ("lowered", "reversed", "optimised", "source"):
        raise WrongArgument(f"There is no stage {stage!r}.", "Stages: lowered, reversed, optimised, source.")
    return made.stage(stage, *example_args)

