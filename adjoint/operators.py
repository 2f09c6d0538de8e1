"""The operators built on forward mode: `jvp`, and by composition with reverse mode the others."""

from __future__ import annotations

import functools
import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .arguments import Wrt
from .avals import differentiable, is_known, shape_of
from .batch import batched, last_parameters
from .dispatch import MOST_SIGNATURES, Derived
from .errors import WrongArgument
from .forward import forward
from .ir import Function, Tree, leaves
from .lower.context import Frame, Lowering
from .lower.specials import special
from .lower.values import Items, Ref, Tuple, Value
from .nested import constant, pushed
from .passes import optimised
from .reverse import Place
from .tangents import completed


@dataclass(frozen=True)
class Forward:
    """Forward mode: the operator of `Tangent`.  A tangent for each of the parameters is a further parameter."""

    value: bool = True
    has_aux: bool = False

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        return forward(program, wrt, value=self.value, has_aux=self.has_aux)


@dataclass(frozen=True)
class ForwardMany:
    """Forward mode along `size` directions at once: tangents have that many in a further axis in front."""

    size: int
    has_aux: bool = False

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        moved = forward(program, wrt, value=True, has_aux=self.has_aux)
        count = len(leaves(moved.result.parts[0]))
        places = wrt if isinstance(wrt, list) else [wrt]
        tangents = set(range(count, len(moved.body.results)))
        return batched(optimised(moved), last_parameters(moved, len(places)), self.size, tangents)


class Tangent(Derived):
    """A function that computes the derivative along a direction, with the source that does it.

    It is called with the arguments, then by `push` with the tangents of the parameters in `wrt`.
    """

    def push(self, args: Sequence[Any], tangents: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
        """What the generated function returns for these arguments and these tangents of those in `wrt`."""
        kwargs = kwargs or {}
        values = self.moving(args, kwargs)
        built = self.found(args, kwargs)
        names = _tangent_names(built.run, self._signature)
        given = [completed(t, value, name) for t, value, name in zip(tangents, values, names, strict=True)]
        return self.run(args, given, kwargs)

    def run(self, args: Sequence[Any], tangents: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The same for tangents that are as the generated function takes them."""
        built = self.found(args, kwargs)
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = dict(zip(_tangent_names(built.run, self._signature), tangents, strict=True))
        return built.run(*bound.args, **bound.kwargs, **given)

    def moving(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments in `wrt`."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        names = list(self._signature.parameters)
        pairs = [place if isinstance(place, tuple) else (place, None) for place in self._positions]
        return tuple(bound.arguments[names[k]] if i is None else bound.arguments[names[k]][i] for k, i in pairs)

    def rows(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int | None:
        """How many entries the result has, if that is known before it is computed."""
        result = self._lowered(self._bound(args, kwargs)).function.result
        if getattr(self.operator, "has_aux", False) and isinstance(result, Tree):
            result = result.parts[0]
        shapes = [shape_of(leaf.aval) for leaf in leaves(result) if differentiable(leaf.aval)]
        return sum(math.prod(shape) for shape in shapes if shape is not None) if all(map(is_known, shapes)) else None

    def stage(self, name: str, /, *args: Any, **kwargs: Any) -> str:
        """The program as text at one stage: "lowered", "forward", "optimised" or "source"."""
        return super().stage({"forward": "reversed"}.get(name, name), *args, **kwargs)


def _tangent_names(run: Callable[..., Any], primal: inspect.Signature) -> list[str]:
    """The parameters of the generated function that the primal has not."""
    code: types.CodeType = run.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    return [name for name in code.co_varnames[:count] if name not in primal.parameters]


def jvp(
    fun: Callable[..., Any], args: Sequence[Any], tangents: Sequence[Any] | Mapping[str, Any],
    kwargs: Mapping[str, Any] | None = None, *, has_aux: bool = False,
) -> tuple[Any, Any]:
    """`(value, tangent)`: the value of `fun` at `args` and its derivative along `tangents`.

    `tangents` holds a tangent for each of `args`: of its structure, shapes and dtypes, with None for an
    argument, or a part of one, that does not move.  Or it is a dict from the names of parameters to
    their tangents, which may then be among `kwargs`.  The tangent of the result has the structure of
    the result, with None for what is no float.  With `has_aux`, `fun` returns `(result, extra)`, and the
    result here is `((result, extra), tangent)`.

    >>> import numpy as np
    >>> from adjoint import jvp
    >>> def polar(r, phi):
    ...     return r * np.cos(phi), r * np.sin(phi)
    >>> value, tangent = jvp(polar, (2.0, 0.0), (1.0, 0.5))
    >>> [float(x) for x in tangent]
    [1.0, 1.0]
    >>> jvp(lambda x, n: x ** n, (3.0, 2), {"x": 1.0})
    (9.0, 6.0)

    The generated source is `source(fun, *args, mode="forward")`.  It costs about two to three times what `fun` does,
    whatever the number of arguments.

    Raises `WrongArgument` if a tangent is not like its argument, and what `grad` raises.  Forward mode: Griewank and
    Walther, Evaluating Derivatives, 2nd edition, chapter 3.
    """
    args = tuple(args)
    wrt: tuple[int | str, ...]
    if isinstance(tangents, Mapping):
        wrt, given = tuple(tangents), tuple(tangents.values())
    else:
        if len(tangents) != len(args):
            raise WrongArgument(
                f"There are {len(args)} arguments and {len(tangents)} tangents.",
                "Pass a tangent for each argument, None for one that does not move.",
            )
        wrt = tuple(k for k, t in enumerate(tangents) if t is not None)
        given = tuple(t for t in tangents if t is not None)
    if not wrt:
        raise WrongArgument("No argument has a tangent.", "Pass a tangent for at least one of them.")
    method: Any = fun
    if isinstance(fun, types.MethodType) and isinstance(method.__func__, types.FunctionType):  # new at each look-up
        wrt = tuple(k + 1 if isinstance(k, int) else k for k in wrt)
        fun, args = method.__func__, (method.__self__, *args)
    value, tangent = tangent_of(fun, wrt, Forward(True, has_aux)).push(args, given, kwargs)
    return value, tangent


@special(jvp)
def _inside(lo: Lowering, frame: Frame, node: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`jvp(f, (x, y), (x_dot, y_dot))` in a function that is lowered."""
    given = dict(zip(("fun", "args", "tangents", "kwargs"), args, strict=False)) | kwargs
    if "kwargs" in given:
        raise lo.refuse(frame, node, "`kwargs=` of a `jvp` inside a function is not understood.", "Pass all by position.")

    def items(word: str) -> Sequence[Value]:
        value = given[word]
        content: Any = lo.state.heap[value.cell] if isinstance(value, Ref) else value
        if not isinstance(content, Tuple | Items):
            raise lo.refuse(frame, node, f"The {word} of this `jvp` are not known one by one.", "Pass a tuple.")
        return content.items

    operator = Forward(True, bool(constant(lo, frame, node, given, "has_aux", False)))
    return pushed(lo, frame, node, operator, given["fun"], items("args"), items("tangents"))


def tangent_of(fun: Callable[..., Any], wrt: Wrt, operator: Forward) -> Tangent:
    """The tangent function of `fun`, kept for the next time."""
    try:
        hash(fun)
    except TypeError:
        return Tangent(fun, wrt, operator)
    return _tangent_of(fun, wrt, operator)


@functools.lru_cache(maxsize=MOST_SIGNATURES)
def _tangent_of(fun: Callable[..., Any], wrt: Wrt, operator: Forward) -> Tangent:
    return Tangent(fun, wrt, operator)
