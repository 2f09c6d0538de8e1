"""Taylor coefficients: forward mode applied again and again along one direction."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import Wrt
from .errors import WrongArgument
from .forward import forward
from .ir import Atom, Block, Function, Param, Tree, Var, callees, leaves, substitute
from .operators import Tangent
from .passes import optimised
from .reverse import Place
from .tangents import map_floats


@dataclass(frozen=True)
class Derivatives:
    """The derivatives of t -> f(x + t v) at t = 0 up to an order, `v` being a further parameter.

    Each round differentiates the program of all derivatives so far; only the highest is new, and what it has in
    common with the others is computed once.
    """

    order: int

    def __call__(self, program: Function, wrt: list[Place] | Place, textbook: bool) -> Function:
        known: list[Any] = [program.result]
        given: tuple[Param, ...] = ()
        made = _returning(program, known)
        for _ in range(self.order):
            moved = forward(made, wrt, value=True)
            params = moved.params[len(made.params) :]
            if given:
                moved = _along(moved, given, params)
            given = given or params
            values, tangents = moved.result.parts
            known = [*values.parts, tangents.parts[-1]]
            made = optimised(_returning(moved, known))
            for callee in callees(made):
                assert callee.function is not None
                callee.function = optimised(callee.function)
        return dataclasses.replace(made, name=f"{program.name}_derivatives")


def _returning(function: Function, known: list[Any]) -> Function:
    result = Tree(tuple, tuple(range(len(known))), tuple(known))
    body = Block(function.body.params, function.body.stmts, tuple(leaves(result)))
    return dataclasses.replace(function, body=body, result=result)


def _along(function: Function, given: tuple[Param, ...], params: tuple[Param, ...]) -> Function:
    """The last parameters are what `given` are."""
    env: dict[Var, Atom] = {
        old: new for p, q in zip(params, given, strict=True)
        for old, new in zip(leaves(p.tree), leaves(q.tree), strict=True) if isinstance(old, Var)
    }
    body = substitute(function.body, env)
    kept = tuple(v for v in body.params if v not in env)
    results = iter(body.results)

    def tree(part: Any) -> Any:
        return Tree(part.cls, part.keys, tuple(map(tree, part.parts))) if isinstance(part, Tree) else next(results)

    return dataclasses.replace(
        function, params=function.params[: -len(params)], body=Block(kept, body.stmts, body.results), result=tree(function.result)
    )


class Taylor:
    """A function that computes Taylor coefficients.  `source` is what is generated for it."""

    def __init__(self, fun: Callable[..., Any], order: int, wrt: Wrt) -> None:
        if not isinstance(order, int | np.integer) or isinstance(order, bool) or order < 1:
            raise WrongArgument(f"The order is {order!r}.", "Pass a whole number, 1 or more.")
        self.primal, self.order, self.wrt = fun, int(order), wrt
        several = tuple(wrt) if isinstance(wrt, tuple | list) else (wrt,)
        self.tangent = Tangent(fun, several, Derivatives(self.order))
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, /, *args: Any, direction: Any = None, **kwargs: Any) -> tuple[Any, ...]:
        inputs = self.tangent.moving(args, kwargs)
        if direction is None:
            direction = [map_floats(lambda leaf: np.ones_like(leaf)[()], value) for value in inputs]
        elif not isinstance(self.wrt, tuple | list):
            direction = (direction,)
        derivatives = self.tangent.push(args, direction, kwargs)
        return tuple(_scaled(d, math.factorial(k)) for k, d in enumerate(derivatives))

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else types.MethodType(self, obj)

    @property
    def source(self) -> str:
        """The generated source that ran last, or that would run for plain numbers."""
        return self.tangent.source

    def source_for(self, /, *args: Any, **kwargs: Any) -> str:
        """The generated source for arguments such as these."""
        return self.tangent.source_for(*args, **kwargs)


def _scaled(derivative: Any, factor: int) -> Any:
    """A derivative as a coefficient."""

    def scaled(leaf: Any) -> Any:
        return leaf / factor if isinstance(leaf, np.ndarray) else type(leaf)(leaf / factor)

    return map_floats(scaled, derivative) if factor > 1 else derivative


def taylor(fun: Callable[..., Any] | None = None, order: int = 1, wrt: Wrt = 0) -> Any:
    """The Taylor coefficients of `fun` up to an order: a function that gives the tuple (c[0], c[1], ..., c[order])
    with f(x + t v) = c[0] + c[1] t + c[2] t**2 + ...

    `taylor(fun, order)(*args, direction=v)`; without `direction` every entry of the argument moves by one, which
    is the series in the argument itself where that is a number.  A coefficient has the structure of the result.

    >>> from adjoint import taylor
    >>> taylor(lambda x: x ** 3, 3)(2.0)
    (8.0, 12.0, 6.0, 1.0)

    Forward mode is applied `order` times to one program: its length grows with the order, at worst exponentially, so it
    is for low orders.  Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 13.
    """
    if fun is None:
        return functools.partial(taylor, order=order, wrt=wrt)
    return Taylor(fun, order, wrt)
