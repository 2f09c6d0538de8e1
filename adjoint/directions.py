"""Derivatives along directions: first, second and any order, without a Jacobian or Hessian in memory."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .api import Gradient
from .arguments import Wrt
from .errors import WrongArgument
from .forward import forward
from .ir import Function
from .seeds import Sweeps, identity, refuse_complex
from .operators import Forward, Tangent
from .passes import prepared
from .reverse import Place
from .sweeps import reverse
from .tangents import described, map_floats


class Along:
    """A function of the arguments of another, and then a direction: `g(*args, v)`.

    `v` is like the argument in `wrt`; where that is a tuple, a tuple of directions.  Attributes: `primal`,
    `wrt`, `tangent` (the function that is generated; its `source` can be read).
    """

    def __init__(self, fun: Callable[..., Any], wrt: Wrt, tangent: Tangent) -> None:
        self.primal, self.wrt, self.tangent = fun, wrt, tangent
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if not args:
            raise WrongArgument("There is no direction.", "Pass it as the last argument.")
        *args, direction = args  # type: ignore[assignment]
        several = isinstance(self.wrt, tuple | list)
        if several and (not isinstance(direction, tuple | list) or len(direction) != len(self.wrt)):  # type: ignore[arg-type]
            raise WrongArgument(
                f"The direction is {described(direction)}, and `wrt` names {len(self.wrt)} arguments.",  # type: ignore[arg-type]
                "Pass the directions of these arguments as a tuple.",
            )
        return self.tangent.push(args, direction if several else (direction,), kwargs)

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else types.MethodType(self, obj)

    @property
    def source(self) -> str:
        """The generated source that ran last, or that would run for plain numbers."""
        return self.tangent.source

    def source_for(self, /, *args: Any, **kwargs: Any) -> str:
        """The generated source for arguments such as these (without the direction)."""
        return self.tangent.source_for(*args, **kwargs)


def _several(wrt: Wrt) -> tuple[int | str, ...]:
    return tuple(wrt) if isinstance(wrt, tuple | list) else (wrt,)  # type: ignore[return-value]


def directional_derivative(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """The derivative of `fun` along a direction: a function of the arguments and then the direction.

    It has the structure of the result; with `has_aux`, `fun` returns `(result, extra)`, and what is
    returned is `(derivative, extra)`.  See `jvp`, which gives the value as well.

    >>> from adjoint import directional_derivative
    >>> directional_derivative(lambda x, y: x * y, wrt=(0, 1))(2.0, 3.0, (1.0, 10.0))
    23.0
    """
    if fun is None:
        return functools.partial(directional_derivative, wrt=wrt, has_aux=has_aux)
    return Along(fun, wrt, Tangent(fun, _several(wrt), Forward(False, has_aux)))


def hvp(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """The Hessian of `fun`, which returns a number, times a vector: a function of the arguments and then the vector.

    The product has the structure, shapes and dtypes of the argument (with a tuple for `wrt`, of a tuple of
    them: all blocks of the Hessian take part).  It is the derivative of the gradient along the vector, forward
    over reverse, and costs a small multiple of the gradient: no matrix is made.  With `has_aux`,
    `(product, extra)`.

    >>> import numpy as np
    >>> from adjoint import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 4.])

    B. A. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994), 147-160.
    """
    if fun is None:
        return functools.partial(hvp, wrt=wrt, has_aux=has_aux)
    single = not isinstance(wrt, tuple | list)
    return Along(fun, wrt, Tangent(fun, _several(wrt), ForwardOverReverse(single, has_aux)))


@dataclass(frozen=True)
class ForwardOverReverse:
    """The derivative of the gradient along a direction, which is a further parameter."""

    single: bool
    has_aux: bool = False

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        places: Any = wrt[0] if self.single and isinstance(wrt, list) else wrt
        gradient = reverse(program, places, seed="one", value=False, has_aux=self.has_aux)
        return forward(prepared(gradient), wrt, value=False, has_aux=self.has_aux)


@dataclass(frozen=True)
class ReverseOverForward:
    """The gradient of the derivative along a direction, which is a further parameter."""

    single: bool
    has_aux: bool = False

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        along = forward(program, wrt, value=False, has_aux=self.has_aux)
        places: Any = wrt[0] if self.single and isinstance(wrt, list) else wrt
        return reverse(prepared(along), places, seed="one", value=False, has_aux=self.has_aux)


def vhp(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """A vector times the Hessian of `fun`: a function of the arguments and then the vector.

    The Hessian is symmetric, so this is what `hvp` gives; it is found the other way, reverse over forward: as
    the gradient of the derivative along the vector.

    >>> import numpy as np
    >>> from adjoint import vhp
    >>> vhp(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 4.])
    """
    if fun is None:
        return functools.partial(vhp, wrt=wrt, has_aux=has_aux)
    single = not isinstance(wrt, tuple | list)
    return Along(fun, wrt, Tangent(fun, _several(wrt), ReverseOverForward(single, has_aux)))


class Laplacian:
    """A function that computes a Laplacian: one product with the Hessian for each entry of the argument."""

    def __init__(self, fun: Callable[..., Any], wrt: Wrt, has_aux: bool) -> None:
        self.primal, self.wrt, self.has_aux = fun, wrt, has_aux
        gradient = Gradient(fun, _several(wrt), value=False, optimize=True, has_aux=has_aux)
        self.sweeps = Sweeps(gradient, _several(wrt), has_aux)
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        inputs = self.sweeps.tangent.moving(args, kwargs)
        refuse_complex(inputs, "argument")
        total: float = 0.0
        whole: Any = None
        for whole, units, rows in self.sweeps.pushed(args, kwargs, inputs, identity(inputs)):  # noqa: B007  the last is kept
            total += float(sum(np.sum(row * unit) for row, unit in zip(rows, units, strict=True)))
        return (total, whole[1]) if self.has_aux else total

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else types.MethodType(self, obj)


def laplacian(fun: Callable[..., Any] | None = None, wrt: Wrt = 0, *, has_aux: bool = False) -> Any:
    """The sum of the second derivatives of `fun`, which returns a number, by each entry of its argument: a float.

    With `has_aux`, `(laplacian, extra)`.

    >>> import numpy as np
    >>> from adjoint import laplacian
    >>> laplacian(lambda x: np.sum(x ** 3))(np.array([1.0, 2.0]))
    18.0
    """
    if fun is None:
        return functools.partial(laplacian, wrt=wrt, has_aux=has_aux)
    return Laplacian(fun, wrt, has_aux)


class ElementwiseGradient:
    """The derivative of a function that works entry by entry, entry by entry."""

    def __init__(self, fun: Callable[..., Any], wrt: int | str) -> None:
        self.primal, self.wrt = fun, wrt
        self.tangent = Tangent(fun, (wrt,), Forward())
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        (x,) = self.tangent.moving(args, kwargs)
        rng = np.random.default_rng(0)
        ones = map_floats(lambda leaf: np.ones_like(leaf)[()], x)
        other = map_floats(lambda leaf: np.asarray(rng.uniform(0.5, 1.5, np.shape(leaf)), np.asarray(leaf).dtype)[()], x)
        value, slope = self.tangent.push(args, (ones,), kwargs)
        if np.shape(value) != np.shape(x):
            raise WrongArgument(
                f"The result is {described(value)}, and the argument {described(x)}: it is not computed entry by entry.",
                "Use `jacobian`.",
            )
        mixed = self.tangent.push(args, (other,), kwargs)[1]
        precision = np.finfo(np.asarray(slope).dtype).eps ** 0.5
        atol = precision * np.max(np.abs(slope), initial=0.0)
        if not np.allclose(mixed, slope * other, rtol=precision, atol=atol, equal_nan=True):
            raise WrongArgument("An entry of the result depends on other entries of the argument.", "Use `jacobian`.")
        return slope

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else types.MethodType(self, obj)


def elementwise_grad(fun: Callable[..., Any] | None = None, wrt: int | str = 0) -> Any:
    """The derivative of a scalar function that is written for arrays: f'(x[i]) at each place.

    The result has the shape of the argument.  One sweep along all entries at once gives the sum of each row of
    the Jacobian, which is diagonal; a second along a random direction makes sure that it is.

    >>> import numpy as np
    >>> from adjoint import elementwise_grad
    >>> elementwise_grad(lambda x: x ** 2 + 1.0)(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])

    Raises `WrongArgument` if an entry of the result depends on another entry of the argument.
    """
    if fun is None:
        return functools.partial(elementwise_grad, wrt=wrt)
    return ElementwiseGradient(fun, wrt)
