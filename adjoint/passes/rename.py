"""After a pass has replaced values by others, bring their names, and what cotangents and tangents are of, up to date.

    w1 = mul(g, y)                            x_bar = mul(g, y)
    x_bar = identity(w1)        ->            return x_bar
    return x_bar

A pass that finds that `x_bar` is `w1` has only to say so: `{x_bar: w1}`.  An anonymous value takes the
name of what it stands for; a value with a name of its own keeps it, and so do the function's
parameters, which are never renamed.  A value of the forward sweep is not called `x_bar`, though it may
happen to be the cotangent of x.  The variables of the program that came in are left as they are: a
renamed value is a new `Var`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from ..ir import Apply, Atom, Block, Function, If, Loop, Stmt, Var, blocks, defined, map_leaves, with_atoms


def finish(function: Function, body: Block, env: dict[Var, Atom]) -> Function:
    """`function` with this body, in which `env` has been substituted: the names and the result tree follow."""
    body = named(body, env)
    results = iter(body.results)
    return dataclasses.replace(function, body=body, result=map_leaves(lambda _: next(results), function.result))


def resolve(env: dict[Var, Atom], a: Atom) -> Atom:
    """What stands for an atom in the end."""
    while isinstance(a, Var) and a in env:
        a = env[a]
    return a


def named(body: Block, env: dict[Var, Atom]) -> Block:
    names: dict[Var, Var] = {}  # an anonymous value, and the first with a name that it stands for
    forward = set(_forward(body)) if env else set()
    for v in env:
        root = resolve(env, v)
        if isinstance(root, Var) and not _has_name(root) and (v.hint or ((v.bar_of or v.dot_of) and root not in forward)):
            names.setdefault(root, v)
    new: dict[Var, Var] = {v: v for v in body.params}

    def var(v: Var) -> Var:
        if v not in new:
            new[v] = v  # for a cotangent that is the very value it belongs to
            source = names.get(v, v)
            bar_of, dot_of = now(source.bar_of), now(source.dot_of)
            same = source is v and bar_of is v.bar_of and dot_of is v.dot_of
            new[v] = v if same else Var(v.aval, source.hint, bar_of, dot_of)
        return new[v]

    def now(of: Var | None) -> Var | None:
        """What stands for the value that another is the cotangent or tangent of."""
        root = resolve(env, of) if of is not None else None
        return var(root) if isinstance(root, Var) else of

    return _mapped(body, var) if env else body


def _forward(block: Block) -> Iterator[Var]:
    """What is defined in the forward sweep."""
    for s in block.stmts:
        if s.at.sweep == "forward":
            yield from defined(s)
        for inner in blocks(s):
            if s.at.sweep == "forward":
                yield from inner.params
            yield from _forward(inner)


def _has_name(v: Var) -> bool:
    return v.hint is not None or v.bar_of is not None or v.dot_of is not None


def _mapped(block: Block, var: Callable[[Var], Var]) -> Block:
    """The block with `var` of each variable in its place."""

    def atom(a: Atom) -> Atom:
        return var(a) if isinstance(a, Var) else a

    params = tuple(map(var, block.params))
    return Block(params, tuple(_mapped_stmt(s, var, atom) for s in block.stmts), tuple(map(atom, block.results)))


def _mapped_stmt(s: Stmt, var: Callable[[Var], Var], atom: Callable[[Atom], Atom]) -> Stmt:
    outs = tuple(map(var, s.outs))
    match s:
        case Apply():
            s = with_atoms(s, atom)
            return s if outs == s.outs else Apply(outs, s.fn, s.args, s.kwargs, s.at, s.effect)
        case If():
            then, orelse = _mapped(s.then, var), _mapped(s.orelse, var)
            return dataclasses.replace(s, outs=outs, test=atom(s.test), then=then, orelse=orelse)
        case Loop():
            return dataclasses.replace(
                s, outs=outs, lists=tuple(map(var, s.lists)), count=None if s.count is None else var(s.count),
                init=tuple(map(atom, s.init)), iters=tuple(map(atom, s.iters)),
                test=None if s.test is None else _mapped(s.test, var), body=_mapped(s.body, var),
            )
