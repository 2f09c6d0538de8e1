"""Sparse Jacobians and Hessians: the pattern, a colouring, as many sweeps as there are colours.

Two columns that have no row in common can be found in one sweep, along the sum of their directions:

    x x . .        columns 0 and 2 together, columns 1 and 3:
    . x x .    ->  two sweeps for four columns
    . . x x

`colours` groups them greedily.  Curtis, Powell and Reid, On the estimation of sparse Jacobian matrices,
IMA J. Appl. Math. 13 (1974), 117-119; Gebremedhin, Manne and Pothen, What color is your Jacobian?, SIAM
Review 47 (2005), 629-705.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .api import Gradient
from .errors import Unsupported, WrongArgument
from .ir import Tree, Var, leaves
from .lower.abstract import signature
from .reverse import tree_of
from .seeds import Directions, Stack, Sweeps, refuse_complex
from .sparsity import pattern
from .tangents import described, float_leaves


@dataclass(frozen=True)
class Plan:
    """Where the entries are, and which columns (or rows, in reverse mode) are found together."""

    rows: Any  # of each entry that is not zero
    columns: Any
    colour: Any  # of each column, or row
    count: int  # of colours
    mode: str


def colours(lines: Sequence[Sequence[int]], across: Sequence[Sequence[int]]) -> Any:
    """A colour for each line such that no two of one colour meet: the smallest that is free, in order.

    `lines[k]` are the places where line k has an entry, `across[p]` the lines that have one at place p.

    >>> colours([[0], [0, 1], [1, 2], [2]], [[0, 1], [1, 2], [2, 3]]).tolist()
    [0, 1, 0, 1]
    """
    colour = np.full(len(lines), -1)
    for k, places in enumerate(lines):
        taken = {colour[other] for p in places for other in across[p]}
        colour[k] = next(c for c in range(len(taken) + 1) if c not in taken)
    return colour


def planned(found: list[frozenset[int]], width: int) -> Plan:
    """The fewer sweeps, forward or reverse."""
    by_row = [sorted(row) for row in found]
    by_column: list[list[int]] = [[] for _ in range(width)]
    for i, row in enumerate(by_row):
        for j in row:
            by_column[j].append(i)
    rows = np.repeat(np.arange(len(by_row)), [len(row) for row in by_row])
    columns = np.array([j for row in by_row for j in row], int)
    forward, reverse = colours(by_column, by_row), colours(by_row, by_column)
    count, other = (int(np.max(c, initial=-1)) + 1 for c in (forward, reverse))
    if other < count:
        return Plan(rows, columns, reverse, other, "reverse")
    return Plan(rows, columns, forward, count, "forward")


class SparseJacobian:
    """A function that computes a Jacobian as a sparse matrix.

    Attributes: `primal`, `wrt`; and of the last call `mode` ("forward" or "reverse") and `sweeps`, their number.
    """

    def __init__(self, fun: Callable[..., Any], wrt: int | str, has_aux: bool) -> None:
        if isinstance(wrt, tuple | list):
            raise WrongArgument("A sparse matrix is with respect to one argument.", "Pass one index or name as `wrt`.")
        self.primal, self.wrt, self.has_aux = fun, wrt, has_aux
        self.mode, self.sweeps = "forward", 0
        self._sweeps = Sweeps(fun, (wrt,), has_aux)
        self._plans: dict[Any, Plan] = {}
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        (x,) = self._sweeps.tangent.moving(args, kwargs)
        refuse_complex(x, "argument")
        if not isinstance(x, np.ndarray):
            raise WrongArgument(f"The argument is {described(x)}.", "Pass an array; for other structures see `jacobian`.")
        key = tuple(map(signature, args)), tuple((k, signature(v)) for k, v in kwargs.items())
        for fresh in (False, True):  # another point may take other branches
            if fresh or key not in self._plans:
                self._plans[key] = self._planned(args, kwargs)
                fresh = True
            matrix, aux, right = self._evaluated(self._plans[key], args, kwargs, x)
            if right:
                return (matrix, aux) if self.has_aux else matrix
            if fresh:
                break
        raise Unsupported("The pattern of the Jacobian is not what was found from the program.", "Use `jacobian`.")

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        return self if obj is None else types.MethodType(self, obj)

    def _planned(self, args: Any, kwargs: Any) -> Plan:
        tangent = self._sweeps.tangent
        bound = tangent._bound(args, kwargs)
        program = tangent._lowered(bound).function
        if self.has_aux and isinstance(program.result, Tree):
            program = _without_aux(program)
        inputs = [v for v in leaves(tree_of(program, tangent._positions[0])) if isinstance(v, Var)]
        found = pattern(program, dict(bound.arguments), inputs)
        return planned(found, int(np.size(tangent.moving(args, kwargs)[0])))

    def _evaluated(self, plan: Plan, args: Any, kwargs: Any, x: Any) -> tuple[Any, Any, bool]:
        """The matrix, and whether a sweep along a random direction agrees with it."""
        from scipy.sparse import csr_array

        forward = plan.mode == "forward"
        size = x.size if forward else len(plan.colour)
        seeds = _seeds(plan, size)
        if forward:
            parts = list(self._sweeps.pushed(args, kwargs, (x,), seeds((x,))))
        else:
            parts = list(self._sweeps.pulled(args, kwargs, (x,), seeds))
        whole = parts[0][0]
        value, aux = whole if self.has_aux else (whole, None)
        given = _flat([part for _, part, _ in parts])
        found = _flat([part for _, _, part in parts])
        height = sum(np.size(leaf) for leaf in float_leaves(value))
        lines, places = (plan.columns, plan.rows) if forward else (plan.rows, plan.columns)
        entries = found[plan.colour[lines], places]
        matrix = csr_array((entries, (plan.rows, plan.columns)), shape=(height, x.size))
        check, expected = given[-1], found[-1]
        product = (matrix if forward else matrix.T) @ check
        scale = (abs(matrix) if forward else abs(matrix).T) @ abs(check)
        tolerance = 100 * np.finfo(found.dtype).eps ** 0.75 * (scale + np.max(scale, initial=0.0) * 1e-3)
        right = bool(np.all((np.abs(product - expected) <= tolerance) | ~np.isfinite(expected)))
        self.mode, self.sweeps = plan.mode, plan.count
        return matrix, aux, right


def _without_aux(program: Any) -> Any:
    from dataclasses import replace

    from .ir import Block

    result = program.result.parts[0]
    return replace(program, body=Block(program.body.params, program.body.stmts, tuple(leaves(result))), result=result)


def _seeds(plan: Plan, size: int) -> Callable[[Any], Directions]:
    """A direction for each colour, and last a random one."""
    rng = np.random.default_rng(0)
    directions = np.zeros((plan.count + 1, size))
    directions[plan.colour, np.arange(size)] = 1.0
    directions[-1] = rng.uniform(0.5, 1.5, size)

    def of(value: Any) -> Directions:
        def part(start: int, stop: int) -> Stack:
            out, first = [], 0
            for leaf in float_leaves(value):
                last = first + np.size(leaf)
                cut = directions[start:stop, first:last].astype(np.asarray(leaf).dtype)
                out.append(cut.reshape((stop - start, *np.shape(leaf))))
                first = last
            return out

        return Directions(len(directions), part)

    return of


def _flat(parts: list[Stack]) -> Any:
    """The directions as the rows of a matrix."""
    return np.concatenate([np.concatenate([p.reshape(len(p), -1) for p in part], axis=1) for part in parts])


def sparse_jacobian(fun: Callable[..., Any] | None = None, wrt: int | str = 0, *, has_aux: bool = False) -> Any:
    """The Jacobian of `fun` with respect to an array, as a `scipy.sparse.csr_array` of shape (result.size, argument.size).

    Its pattern is found by looking at the program at the point: once for arguments of one signature, and again when a
    sweep along a random direction, which every call makes, says that it has changed.  Columns that share no row are found in
    one sweep (rows that share no column, if these are fewer groups): a banded matrix takes as many sweeps as it has bands,
    whatever its size.  With `has_aux`, `fun` returns `(result, extra)`, and what is returned is `(jacobian, extra)`.

    >>> import numpy as np
    >>> from adjoint import sparse_jacobian
    >>> jacobian = sparse_jacobian(lambda x: x[1:] * x[:-1])
    >>> jacobian(np.array([1.0, 2.0, 3.0, 4.0])).toarray()
    array([[2., 1., 0., 0.],
           [0., 3., 2., 0.],
           [0., 0., 4., 3.]])
    >>> jacobian.sweeps
    2

    Needs SciPy.  Raises what `jacobian` raises, and `WrongArgument` if the argument is not an array.
    """
    if fun is None:
        return functools.partial(sparse_jacobian, wrt=wrt, has_aux=has_aux)
    return SparseJacobian(fun, wrt, has_aux)


def sparse_hessian(fun: Callable[..., Any] | None = None, wrt: int | str = 0, *, has_aux: bool = False) -> Any:
    """The Hessian of `fun`, which returns a number, with respect to an array: the sparse Jacobian of its gradient.

    >>> import numpy as np
    >>> from adjoint import sparse_hessian
    >>> sparse_hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    if fun is None:
        return functools.partial(sparse_hessian, wrt=wrt, has_aux=has_aux)
    return SparseJacobian(Gradient(fun, wrt, value=False, optimize=True, has_aux=has_aux), wrt, has_aux)
