"""The public operators: thin, each with what it computes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, overload

from .arguments import Wrt
from .dispatch import Derived, Reverse
from .errors import WrongArgument
from .ir import Const
from .lower.context import Frame, Lowering
from .lower.specials import Handler, special
from .lower.values import Partial, Value
from .nested import Derivative, constant
from .operators import Forward, Tangent


Compiler = str | Callable[..., Any] | None


class Gradient(Derived):
    """A function that computes a gradient, with the source that does it."""

    def __init__(
        self, fun: Callable[..., Any], wrt: Wrt, *, value: bool, optimize: bool, has_aux: bool, seed: str = "one",
        checkpoint: int | None = None, compile: Compiler = None,
    ) -> None:
        super().__init__(fun, wrt, Reverse(value, has_aux, seed, checkpoint), optimize, compile)

    @property
    def has_aux(self) -> bool:
        return bool(getattr(self.operator, "has_aux", False))

@overload
def grad(
    fun: Callable[..., Any], wrt: Wrt = 0, *, optimize: bool = True, compile: Compiler = None,
    has_aux: bool = False, checkpoint: int | None = None,
) -> Gradient: ...
@overload
def grad(
    fun: None = None, wrt: Wrt = 0, *, optimize: bool = True, compile: Compiler = None, has_aux: bool = False,
    checkpoint: int | None = None,
) -> Callable[[Callable[..., Any]], Gradient]: ...
def grad(
    fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, optimize: bool = True, compile: Compiler = None,
    has_aux: bool = False, checkpoint: int | None = None,
) -> Any:
    """The gradient of `fun`, a function of numbers, arrays and containers of them that returns a number.

    `wrt` says with respect to which parameters: an index, a name, or a tuple of them (then the result
    is a tuple).  The gradient has its argument's structure and dtype: a float for a float, float32 for
    float32, a dict for a dict; integers, strings and None in a container have gradient None.  With
    `has_aux`, `fun` returns `(number, extra)`, and so does the gradient: `(gradient, extra)`.
    With `checkpoint=s` the outermost loop records nothing and is run again from `s` snapshots, as in `adjoint.checkpoint`.
    `optimize=False` gives the textbook form of the source: every primitive and every adjoint on a line.
    `compile="numba"` hands the generated code to Numba; so does any function that compiles one, such as
    `compile=numba.njit(cache=True)`, which keeps what it made between processes.

    May be used as `grad(f)`, `@grad` and `@grad(wrt=...)`.

    >>> from math import sin
    >>> from adjoint import grad
    >>> @grad(wrt=("x1", "x2"))
    ... def f(x1, x2):
    ...     return x1 * x2 + sin(x1)
    >>> f(2.0, 3.0)
    (2.5838531634528574, 2.0)

    Raises `AdjointError` when the gradient is built, if the program does something that is not
    understood, and at the first call if the compiler refuses what was generated.
    Reverse mode: Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 3.
    """
    if fun is None:
        return functools.partial(
            grad, wrt=wrt, optimize=optimize, compile=compile, has_aux=has_aux, checkpoint=checkpoint
        )
    return Gradient(
        fun, wrt, value=False, optimize=optimize, has_aux=has_aux, checkpoint=checkpoint, compile=compile
    )


def value_and_grad(
    fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, optimize: bool = True, compile: Compiler = None,
    has_aux: bool = False, checkpoint: int | None = None,
) -> Any:
    """Like `grad`, but the result is `(value, gradient)`; with `has_aux`, `((value, extra), gradient)`.

    >>> from adjoint import value_and_grad
    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    if fun is None:
        return functools.partial(
            value_and_grad, wrt=wrt, optimize=optimize, compile=compile, has_aux=has_aux, checkpoint=checkpoint
        )
    return Gradient(
        fun, wrt, value=True, optimize=optimize, has_aux=has_aux, checkpoint=checkpoint, compile=compile
    )


def _inside(value: bool) -> Handler:
    """`grad(g)` in a function that is lowered."""

    def handler(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
        given = dict(zip(("fun", "wrt"), args, strict=False)) | kwargs
        if "fun" not in given:
            return Partial(Const(value_and_grad if value else grad), (), given)
        wrt = constant(lo, frame, node, given, "wrt", 0)
        has_aux, snapshots = (constant(lo, frame, node, given, word, None) for word in ("has_aux", "checkpoint"))
        operator = Reverse(value, bool(has_aux), checkpoint=snapshots)
        return Partial(Const(Derivative(operator, wrt)), (given["fun"],), {})

    return handler


special(grad)(_inside(False))
special(value_and_grad)(_inside(True))


def source(
    fun: Callable[..., Any], *example_args: Any, wrt: Wrt = 0, stage: str = "source", optimize: bool = True,
    mode: str = "reverse",
) -> str:
    """The program that computes the gradient of `fun`, or with `mode="forward"` its value and tangent, as text.

    `stage`: "lowered" (the primal in single assignments), "reversed" ("forward" in forward mode),
    "optimised", or "source".  Without example arguments, numbers (or arrays of unknown shape) are assumed.

    >>> from adjoint import source
    >>> def square(x):
    ...     return x * x
    >>> print(source(square, 3.0))
    def square_grad(x):
        x_bar = x + x  # return x * x
        return x_bar
    <BLANKLINE>
    >>> print(source(square, 3.0, mode="forward"))
    def square_jvp(x, x_dot):
        w1_dot = x_dot * (x + x)
        w1 = x * x
        return w1, w1_dot
    <BLANKLINE>
    """
    if mode not in ("reverse", "forward"):
        raise WrongArgument(f"There is no mode {mode!r}.", "Modes: reverse, forward.")
    stages = ("lowered", "forward" if mode == "forward" else "reversed", "optimised", "source")
    if stage not in stages:
        raise WrongArgument(f"There is no stage {stage!r}.", f"Stages: {', '.join(stages)}.")
    if isinstance(fun, Derived):
        return fun.stage(stage, *example_args)
    if mode == "forward":
        return Tangent(fun, wrt, Forward(), optimize).stage(stage, *example_args)
    return Gradient(fun, wrt, value=False, optimize=optimize, has_aux=False).stage(stage, *example_args)
