"""The two sweeps of a gradient, and the program made of them.

    sweeps     the forward sweep, the reverse sweep, and what they start from and end with
    reverse    one after the other: a gradient, or value and gradient
"""

from __future__ import annotations

import dataclasses
from typing import Any

from .avals import Num, Obj, Parts, Seq, dtype_of, shape_of
from .errors import WrongArgument
from .hooks import without_hooks
from .ir import At, Atom, Block, Const, Function, Param, Stmt, Tree, Var, leaves, map_leaves
from .reverse import Place, _Reverse, _spot_of, tree_of


@dataclasses.dataclass(frozen=True, eq=False)
class Sweeps:
    """A program in two halves: the statements of each, and trees of what goes in and comes out."""

    function: Function  # the primal
    forward: tuple[Stmt, ...]
    backward: tuple[Stmt, ...]
    seeds: tuple[Param, ...]
    result: Any
    aux: Any  # None where there is none
    gradients: Any

    def value(self) -> Any:
        """The result of the primal."""
        return self.result if self.aux is None else pair(self.result, self.aux)


def sweeps(function: Function, wrt: list[Place] | Place, *, seed: str, has_aux: bool = False) -> Sweeps:
    """The sweeps of `function` with respect to its parameters number `wrt` (a list: a tuple of gradients).

    `seed`: "one" for a scalar result with cotangent 1; "default" for the same as a last parameter
    with default 1.0; "given" for parameters with the structure of the result.  With `has_aux` the primal
    returns `(result, extra)`, and the extra part has no cotangent.
    """
    trees = [tree_of(function, place) for place in (wrt if isinstance(wrt, list) else [wrt])]
    inputs = [v for tree in trees for v in leaves(tree) if isinstance(v, Var)]
    work = _Reverse(function.body, inputs)
    work.b.shapes.note(function.body.stmts)
    result, aux = function.result, None
    if has_aux:
        if not isinstance(result, Tree) or len(result.parts) != 2:
            raise WrongArgument(
                f"With `has_aux=True` the result is a pair, and `{function.name}` returns something else.",
                "Return `(result, extra)`, or leave `has_aux` out.",
                _spot_of(function),
            )
        result, aux = result.parts
    if seed != "given":
        check_scalar(result, function)
    seeds, params = _seeds(work, function, result, seed)
    for output, g in zip(leaves(result), seeds, strict=True):
        if isinstance(output, Var) and output in work.active and g is not None:
            work.seed(output, g)
    forward = map(without_hooks, work.pull_all(function.body.stmts))
    work.b.at = At(sweep="reverse")
    work.settle(inputs)
    gradients = [map_leaves(work.gradient, tree) for tree in trees]
    whole: Any = Tree(tuple, tuple(range(len(trees))), tuple(gradients)) if isinstance(wrt, list) else gradients[0]
    return Sweeps(function, tuple(forward), tuple(work.b.stmts), params, result, aux, whole)


def reverse(function: Function, wrt: list[Place] | Place, *, seed: str, value: bool, has_aux: bool = False) -> Function:
    """The gradient of `function`, as `sweeps` says; with `value` the result is `(primal result, gradients)`."""
    made = sweeps(function, wrt, seed=seed, has_aux=has_aux)
    if value:
        result = pair(made.value(), made.gradients)
    else:
        result = made.gradients if made.aux is None else pair(made.gradients, made.aux)
    return joined(made, result)


def joined(made: Sweeps, result: Any, between: tuple[Stmt, ...] = ()) -> Function:
    """The two sweeps one after the other."""
    function = made.function
    params = function.body.params + tuple(v for p in made.seeds for v in leaves(p.tree) if isinstance(v, Var))
    body = Block(params, (*made.forward, *between, *made.backward), tuple(leaves(result)))
    return Function(function.name + "_grad", function.params + made.seeds, body, result, function.primal, function.doc)


def pair(a: Any, b: Any) -> Tree:
    return Tree(tuple, (0, 1), (a, b))


def check_scalar(result: Any, function: Function) -> None:
    """Refuse a result that has no gradient."""
    what = None
    if isinstance(result, Tree):
        entries = "entry" if len(result.parts) == 1 else "entries"
        what = f"a {result.cls.__name__} with {len(result.parts)} {entries}"
    else:
        aval = result.aval
        shape = shape_of(aval)
        if isinstance(aval, Seq | Parts) or (isinstance(aval, Obj) and aval.cls is not None):
            kind = aval.cls if isinstance(aval, Obj | Parts) else list
            what = "nothing" if kind is type(None) else f"a {getattr(kind, '__name__', kind)}"
        elif shape is not None and shape != ():
            what = f"an array of shape {tuple('?' if n is None else n for n in shape)}".replace("'", "")
        elif dtype_of(aval) is not None and dtype_of(aval).kind == "c":  # type: ignore[union-attr]
            what = "a complex number"
    if what is None:
        return
    raise WrongArgument(
        f"The gradient is that of a single real number, and `{function.name}` returns {what}.",
        "Return one number (for example the sum), or use `vjp` and say with which cotangent.",
        _spot_of(function),
    )


def _seeds(work: _Reverse, function: Function, result: Any, seed: str) -> tuple[list[Atom | None], tuple[Param, ...]]:
    if seed == "one":
        return [Const(1.0)], ()
    if seed == "default":
        name = _unused(_seed_name(result), function)
        var = Var(Num("float"), hint=name)
        return [var], (Param(name, var, _last_kind(function), 1.0, True),)
    tree = map_leaves(lambda a: Var(a.aval, bar_of=a if isinstance(a, Var) else None), result)
    return list(leaves(tree)), (Param(_unused("seed", function), tree, _last_kind(function)),)


def _last_kind(function: Function) -> str:
    """A parameter after `*args` can be given by name only."""
    return "keyword" if any(p.kind in ("star", "starstar", "keyword") for p in function.params) else "positional"


def _unused(name: str, function: Function) -> str:
    while any(p.name == name for p in function.params):
        name += "_"
    return name


def _seed_name(result: Any) -> str:
    return f"{result.hint or 'result'}_bar" if isinstance(result, Var) else "result_bar"


