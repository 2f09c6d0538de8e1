"""`vjp`: a function's value, and a pullback that takes cotangents of it back, as often as it is called."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .arguments import Wrt, has_float
from .batch import batched, last_parameters
from .dispatch import MOST_SIGNATURES, Built, Derived
from .emit import emit
from .errors import WrongArgument
from .halves import halves, turning
from .ir import Function
from .lower.context import Frame, Lowering
from .lower.specials import special
from .lower.values import Value
from .nested import constant, pulled
from .passes import optimised
from .reverse import Place
from .tangents import completed

ADVICE = "A cotangent has the structure, shape and dtype of what it is the cotangent of; None stands for zero."


@dataclass(frozen=True)
class Turning:
    """Reverse mode in two halves: the operator of `Halves`."""

    has_aux: bool = False

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        return turning(program, wrt if isinstance(wrt, list) else [wrt], self.has_aux)


class Halves(Derived):
    """A function in two: a call gives `(value, tape)`, and `reverse(tape, seed)` the cotangents."""

    def _made(self, bound: inspect.BoundArguments) -> Built:
        lowered, _, final = self._programs(bound)
        forward, reverse = halves(final)
        return self._emitted(lowered, emit(forward, reverse))


class HalvesMany(Halves):
    """The same for `size` cotangents at once, in a further axis in front of the seed and the cotangents."""

    def __init__(self, fun: Callable[..., Any], wrt: Wrt, operator: Turning, size: int) -> None:
        super().__init__(fun, wrt, operator)
        self._size = size

    def _made(self, bound: inspect.BoundArguments) -> Built:
        lowered, _, final = self._programs(bound)
        forward, reverse = halves(final)
        results = set(range(len(reverse.body.results)))
        many = optimised(batched(reverse, last_parameters(reverse, 1), self._size, results))
        return self._emitted(lowered, emit(forward, many))


@dataclass(frozen=True, eq=False)
class Pullback:
    """Takes a cotangent of a value back to the arguments, any number of times.

    Called with a seed of the structure of the value, it returns a tuple with a cotangent for each
    argument: of its structure, shape and dtype, and None for one without floats.  `source` is the
    generated source of both halves.
    """

    source: str
    _value: Any = field(repr=False)
    _tape: Any = field(repr=False)
    _reverse: Callable[[Any, Any], tuple[Any, ...]] = field(repr=False)
    _wanted: tuple[bool, ...] = field(repr=False)

    def __call__(self, seed: Any) -> tuple[Any, ...]:
        try:
            given = completed(seed, self._value, "seed")
        except WrongArgument as error:
            raise WrongArgument(error.what, ADVICE) from None
        found = iter(self._reverse(self._tape, given))
        return tuple(next(found) if wanted else None for wanted in self._wanted)


def vjp(fun: Callable[..., Any], *args: Any, has_aux: bool = False) -> Any:
    """`(value, pullback)` of `fun` at `args`; `pullback(seed)` gives a cotangent for each argument.

    `fun` may return numbers, arrays, and tuples, lists, dicts and dataclasses of them.  `seed` has the
    structure of the value, with None for a part of it that does not matter.  The result is a tuple with
    the vector-Jacobian product for each of `args`: None for an argument without floats.  With `has_aux`, `fun` returns
    `(value, extra)`, and the result is `(value, pullback, extra)`.

    `fun` runs once, when `vjp` is called; the pullback may be called any number of times, and does not see what is done
    to the arguments or the value meanwhile.  `pullback.source` is the generated source, of both halves.

    >>> import numpy as np
    >>> from adjoint import vjp
    >>> value, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([2., 0.]),)
    >>> pullback(np.array([0.0, 1.0]))
    (array([0., 4.]),)

    Raises `WrongArgument` if a seed is not like the value, saying where, and what `grad` raises.  Griewank and Walther,
    Evaluating Derivatives, 2nd edition, section 3.2.
    """
    wanted = tuple(map(has_float, args))
    wrt = tuple(k for k, on in enumerate(wanted) if on)
    if isinstance(fun, types.MethodType) and isinstance(fun.__func__, types.FunctionType):  # made anew at each look-up
        args, fun, wrt = (fun.__self__, *args), fun.__func__, tuple(k + 1 for k in wrt)
    made = halves_of(fun, wrt, Turning(has_aux)).found(args, {})
    result, tape = made.call(args, {})
    value, extra = result if has_aux else (result, None)
    shown = completed(None, value, "value")  # the value itself may be written to
    reverse = made.emitted.functions[made.run.__name__.removesuffix("_forward") + "_reverse"]
    pullback = Pullback(made.emitted.source, shown, tape, reverse, wanted)
    return (value, pullback, extra) if has_aux else (value, pullback)


def halves_of(fun: Callable[..., Any], wrt: Wrt, operator: Turning) -> Halves:
    """The two halves of `fun`, kept for the next time."""
    try:
        hash(fun)
    except TypeError:
        return Halves(fun, wrt, operator)
    return _halves_of(fun, wrt, operator)


@functools.lru_cache(maxsize=MOST_SIGNATURES)
def _halves_of(fun: Callable[..., Any], wrt: Wrt, operator: Turning) -> Halves:
    return Halves(fun, wrt, operator)


@special(vjp)
def _inside(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`vjp` in a function that is lowered."""
    return pulled(lo, frame, node, args[0], args[1:], bool(constant(lo, frame, node, kwargs, "has_aux", False)))
