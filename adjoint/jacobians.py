"""Jacobians and Hessians, entry by entry: from sweeps along unit tangents or cotangents to blocks.

A *block* is the derivative of one float leaf of the result by one float leaf of an argument: an array
of shape `(*result.shape, *argument.shape)`.  A Jacobian has the structure of the result, with the
structure of the argument in place of each leaf, with the blocks in place of the leaves of that.

    f: {"w": (3,), "b": float} -> ((2,), float)
    jacobian(f)(p):  ({"w": (2, 3), "b": (2,)}, {"w": (3,), "b": float})
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .api import Gradient
from .arguments import Wrt
from .errors import WrongArgument
from .lower.abstract import signature
from .seeds import Stack, Sweeps, identity, refuse_complex
from .tangents import float_leaves, map_floats

MODES = ("auto", "forward", "reverse")


def blocks(output: Any, inputs: Any, block: Callable[[int, int], Any]) -> Any:
    """The Jacobian, given the block of leaf number i of the result and leaf number j of the arguments."""
    count = iter(range(len(float_leaves(output))))

    def of_output(_: Any) -> Any:
        i, inner = next(count), iter(range(len(float_leaves(inputs))))
        return map_floats(lambda _: block(i, next(inner)), inputs)

    return map_floats(of_output, output)


class Jacobian:
    """A function that computes a Jacobian.

    Attributes: `primal`, `wrt`, `has_aux`, and `mode`: "forward" or "reverse", as of the last call.
    """

    def __init__(self, fun: Callable[..., Any], wrt: Wrt, mode: str, has_aux: bool) -> None:
        if mode not in MODES:
            raise WrongArgument(f"There is no mode {mode!r}.", f"Modes: {', '.join(MODES)}.")
        self.primal, self.wrt, self.has_aux = fun, wrt, has_aux
        self.mode, self._asked = mode, mode
        several = tuple(wrt) if isinstance(wrt, tuple | list) else (wrt,)
        self.sweeps = Sweeps(fun, several, has_aux)
        self.tangent = self.sweeps.tangent
        self._cheaper: dict[Any, str] = {}
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        inputs = self.tangent.moving(args, kwargs)
        self.mode = self._cheaper_side(args, kwargs, inputs) if self._asked == "auto" else self._asked
        sweep = self._forward if self.mode == "forward" else self._reverse
        value, aux, block = sweep(args, kwargs, inputs)
        made = blocks(value, inputs if isinstance(self.wrt, tuple | list) else inputs[0], block)
        return (made, aux) if self.has_aux else made

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else types.MethodType(self, obj)

    def source_for(self, /, *args: Any, **kwargs: Any) -> str:
        """The generated source of one sweep, for arguments such as these."""
        inputs = self.tangent.moving(args, kwargs)
        forward = self._asked == "forward" or (self._asked == "auto" and self._cheaper_side(args, kwargs, inputs) == "forward")
        return self.sweeps.source(args, kwargs, forward)

    def _cheaper_side(self, args: Any, kwargs: Any, inputs: Any) -> str:
        """Forward mode takes a sweep for each entry of the arguments, reverse mode one for each entry of the result."""
        key = tuple(map(signature, args)), tuple((k, signature(v)) for k, v in kwargs.items())
        if key not in self._cheaper:
            columns, rows = sum(np.size(leaf) for leaf in float_leaves(inputs)), self.tangent.rows(args, kwargs)
            self._cheaper[key] = "reverse" if rows is not None and rows < columns else "forward"
        return self._cheaper[key]

    def _forward(self, args: Any, kwargs: Any, inputs: Any) -> Any:
        refuse_complex(inputs, "argument")
        whole, stacks = collected(self.sweeps.pushed(args, kwargs, inputs, identity(inputs)))
        value, aux = whole if self.has_aux else (whole, None)
        outs, ins = float_leaves(value), float_leaves(inputs)
        ends = np.cumsum([0, *map(np.size, ins)])

        def block(i: int, j: int) -> Any:
            shape = (*np.shape(outs[i]), *np.shape(ins[j]))
            columns = stacks[i][ends[j] : ends[j + 1]]
            return like(outs[i], columns[0]) if shape == () else np.moveaxis(columns, 0, -1).reshape(shape)

        return value, aux, block

    def _reverse(self, args: Any, kwargs: Any, inputs: Any) -> Any:
        whole, stacks = collected(self.sweeps.pulled(args, kwargs, inputs, identity))
        value, aux = whole if self.has_aux else (whole, None)
        outs, ins = float_leaves(value), float_leaves(inputs)
        ends = np.cumsum([0, *map(np.size, outs)])

        def block(i: int, j: int) -> Any:
            shape = (*np.shape(outs[i]), *np.shape(ins[j]))
            rows = stacks[j][ends[i] : ends[i + 1]]
            return like(outs[i], rows[0]) if shape == () else rows.reshape(shape)

        return value, aux, block


def like(value: Any, number: Any) -> Any:
    """A derivative that is one number, of the type of the value: a float, a NumPy scalar, an array without axes."""
    return np.array(number, value.dtype) if isinstance(value, np.ndarray) else type(value)(number)


def collected(parts: Iterable[tuple[Any, Stack, Stack]]) -> tuple[Any, Stack]:
    """The value, and what the sweeps found, all directions together."""
    values, _, found = zip(*parts, strict=True)
    return values[0], [np.concatenate(column) if len(column) > 1 else column[0] for column in zip(*found, strict=True)]


def jacobian(
    fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, mode: str = "auto", has_aux: bool = False
) -> Any:
    """The Jacobian of `fun`, a function of numbers, arrays and containers of them, with any result.

    For an array from an array it is one of shape `(*result.shape, *argument.shape)`.  In general it has
    the structure of the result with, in place of each float, the structure of the argument with an array
    of that kind in place of each float; None stands for what is no float.  With a tuple for `wrt` there
    is a tuple in place of the argument.  With `has_aux`, `fun` returns `(result, extra)`, and the Jacobian
    `(jacobian, extra)`.

    `mode` is "forward" (a sweep for each entry of the arguments), "reverse" (one recorded run, and a sweep back
    for each entry of the result), or "auto": the fewer sweeps.  The `.mode` of the result says which it was
    last, `.source_for(*args)` is the source of a sweep.

    >>> import numpy as np
    >>> from adjoint import jacobian
    >>> jacobian(lambda x: np.array([x[0] * x[1], x[1]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [0., 1.]])

    Raises `WrongArgument` for complex arguments (in reverse mode, results), and what `grad` raises.  Griewank and
    Walther, Evaluating Derivatives, 2nd edition, sections 3.1 and 3.2.
    """
    if fun is None:
        return functools.partial(jacobian, wrt=wrt, mode=mode, has_aux=has_aux)
    return Jacobian(fun, wrt, mode, has_aux)


def jacfwd(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """`jacobian` in forward mode: for few arguments, whatever the number of results.

    >>> import numpy as np
    >>> from adjoint import jacfwd
    >>> jacfwd(lambda t: np.stack([t * t, t ** 3]))(2.0)
    array([ 4., 12.])
    """
    return jacobian(fun, wrt, mode="forward", has_aux=has_aux)


def jacrev(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """`jacobian` in reverse mode: for few results, whatever the number of arguments.

    >>> import numpy as np
    >>> from adjoint import jacrev
    >>> jacrev(lambda x: (np.sum(x), x[0] * x[1]))(np.array([2.0, 3.0]))
    (array([1., 1.]), array([3., 2.]))
    """
    return jacobian(fun, wrt, mode="reverse", has_aux=has_aux)


def hessian(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """The matrix of second derivatives of `fun`, which returns a number: the Jacobian of its gradient, forward over reverse.

    For an array it is one of shape `(*x.shape, *x.shape)`; in general the structure of the argument within
    the structure of the argument, and with a tuple for `wrt` a tuple of tuples.  With `has_aux`,
    `(hessian, extra)`.

    >>> import numpy as np
    >>> from adjoint import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]))
    array([[6., 4.],
           [4., 0.]])

    It takes a sweep for each entry of the argument; where only a product with a vector is needed, see `hvp`.
    B. Christianson, Automatic Hessians by reverse accumulation, IMA J. Numer. Anal. 12 (1992), 135-150.
    """
    if fun is None:
        return functools.partial(hessian, wrt=wrt, has_aux=has_aux)
    gradient = Gradient(fun, wrt, value=False, optimize=True, has_aux=has_aux)
    return Jacobian(gradient, wrt, "forward", has_aux)
