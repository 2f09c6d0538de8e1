"""Forward mode: from a program to one that computes, beside every value, its tangent.

The statements of the primal are kept, in order; beside each stands the statement that makes the
tangent of what it makes.  `dots` holds the tangent of every value met so far that has one:

    w3 = mul(x, y)            w3_dot = add(mul(x_dot, y), mul(y_dot, x))
                              w3 = mul(x, y)

A tangent has the structure, shape and dtype of its value; one that is zero because nothing flows into
it is absent, and made only where a container or a block needs a value in its place.  A branch gives the
tangents of its results as further results, a loop carries the tangents of its carries beside them,
iterates over those of what it iterates over, and emits those of what it emits.  A function that calls
itself gets a second version, which takes tangents and returns them.

The tangent stands before its value where it can: `x = x * y` may then overwrite x.  It stands after it
where it reads the new value (`exp`), and where the primal may raise an error that must come first.

The result is a `Function` like any other, and can be differentiated again; so can the result of
`reverse` be here, which gives the derivative of a gradient along a direction.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import operator
from typing import Any

import numpy as np

from . import runtime
from .activity import active, carriers
from .avals import ANY, Arr, Num, Obj, Parts, Seq, differentiable, is_known, join, shape_of
from .cotangents import Builder, _at_run_time, _to_dtype, is_too_wide, times, zero
from .errors import AdjointError, BadRule, Unsupported, WrongArgument
from .hooks import Hook, without_hooks
from .ir import (
    UNDEF, Apply, At, Atom, Block, Callee, Const, Function, If, Loop, Param, Stmt, Tree, Var, blocks, callees,
    free, free_of, leaves, map_leaves, substitute_stmt,
)
from .forward_blocks import beside, kind, push_if, push_loop
from .lower.abstract import is_namedtuple
from .lower.values import Tuple, Value
from .passes.dce import dce
from .transposed import check_unread, push_by_vjp
from .reverse import (
    UFUNC_OPTIONS, Place, _spot_of, finished, missing, name_of, options_for_rule, parameters, refuse_options, refused, rule_of,
    spot_of, tree_of,
)
from .rules.registry import Higher, PartOf, Rule

Versions = dict[Any, Callee]  # a function and which arguments have tangents -> the version that takes them


def forward(function: Function, wrt: list[Place] | Place, *, value: bool = True, has_aux: bool = False) -> Function:
    """The derivative of `function` along a direction: a program with a tangent as a further parameter for each
    of the parameters number `wrt`.

    The result is `(value, tangent)`, or the tangent alone.  With `has_aux` the primal returns
    `(result, extra)`: the extra part has no tangent and is returned as `((result, extra), tangent)`, or
    `(tangent, extra)`.
    """
    places = wrt if isinstance(wrt, list) else [wrt]
    trees = [tree_of(function, place) for place in places]
    inputs = [v for tree in trees for v in leaves(tree) if isinstance(v, Var)]
    work = _Forward(active(function.body, inputs), {})
    params = tangent_parameters(function, places, trees)
    for tree, param in zip(trees, params, strict=True):
        for leaf, dot in zip(leaves(tree), leaves(param.tree), strict=True):
            if isinstance(leaf, Var) and isinstance(dot, Var):
                work.dots[leaf] = dot
    work.push_all(function.body.stmts)
    work.b.at = beside(function.body.stmts[-1]) if function.body.stmts else At(sweep="tangent")
    result, aux = function.result, None
    if has_aux:
        if not isinstance(result, Tree) or len(result.parts) != 2:
            raise WrongArgument(
                f"With `has_aux=True` the result is a pair, and `{function.name}` returns something else.",
                "Return `(result, extra)`, or leave `has_aux` out.", _spot_of(function),
            )
        result, aux = result.parts
    whole = map_leaves(work.returned, result)
    if value:
        whole = Tree(tuple, (0, 1), (function.result, whole))
    elif has_aux:
        whole = Tree(tuple, (0, 1), (whole, aux))
    dots = tuple(v for p in params for v in leaves(p.tree) if isinstance(v, Var))
    body = Block(function.body.params + dots, tuple(work.b.stmts), tuple(leaves(whole)))
    made = Function(function.name + "_jvp", function.params + params, body, whole, function.primal, function.doc)
    return without_refusals(made) if work.refused else made


class Refused:
    """Stands for the tangent of a primitive that has none: an error, if the result depends on it."""

    def __init__(self, error: AdjointError) -> None:
        self.__name__, self.error = "refused", error


def without_refusals(function: Function) -> Function:
    """Only what is read may have to be known."""
    function = dce(function)

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            if isinstance(stmt, Apply) and isinstance(stmt.fn, Refused):
                raise stmt.fn.error
            for inner in blocks(stmt):
                visit(inner)

    visit(function.body)
    for callee in callees(function):
        assert callee.function is not None
        callee.function = dce(callee.function)
        visit(callee.function.body)
    return function


def tangent_parameters(function: Function, places: list[Place], trees: list[Any]) -> tuple[Param, ...]:
    """`x_dot` for x; by keyword only, where it could not follow the others."""
    plain = not any(p.has_default or p.kind in ("star", "starstar", "keyword") for p in function.params)
    taken = {p.name for p in function.params}
    params = []
    for place, tree in zip(places, trees, strict=True):
        k, item = place if isinstance(place, tuple) else (place, None)
        base = function.params[k].name + ("" if item is None else f"_{item}")
        name = _free_name(f"{base}_dot", taken)
        params.append(Param(name, map_leaves(_tangent_of_input, tree), "positional" if plain else "keyword"))
    return tuple(params)


def _free_name(name: str, taken: set[str]) -> str:
    """A name that no parameter has yet; from now on one has it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _tangent_of_input(leaf: Atom) -> Atom:
    if isinstance(leaf, Var) and differentiable(leaf.aval):
        return Var(kind(leaf.aval), dot_of=leaf)
    return Const(None)


class _Forward:
    """The program as it grows: the tangents so far, and the statements."""

    def __init__(self, active: set[Var], versions: Versions) -> None:
        self.active, self.versions = active, versions
        self.dots: dict[Var, Atom] = {}
        self.undefined: set[Var] = set()  # what a path may have left without a value
        self.refused = False
        self.b = Builder()

    def dot(self, a: Atom) -> Atom | None:
        return self.dots.get(a) if isinstance(a, Var) else None

    def dot_or_zero(self, a: Atom) -> Atom:
        dot = self.dot(a)
        return self.zero(a) if dot is None else dot

    def zero(self, a: Atom) -> Atom:
        """A zero tangent; none for what has no value either."""
        if a is UNDEF:
            return UNDEF
        if not differentiable(a.aval) and a.aval not in (Parts(list, ()), Parts(tuple, ())):
            if isinstance(a.aval, Arr) and a.aval.shape != ():  # of integers, beside arrays of floats
                zeros = Arr(np.dtype(float), a.aval.shape)
                if is_known(a.aval.shape):
                    return zero(self.b, a, zeros)  # type: ignore[arg-type]
                return self.b.apply(np.zeros_like, a, dtype=Const(np.dtype(float)), aval=zeros)
            if not isinstance(a.aval, Seq | Parts):
                return Const(0.0)
            return _as_dot(self.b.apply(runtime.zeros_like, a, aval=kind(a.aval)), a)
        if isinstance(a.aval, Parts) and not a.aval.items and a.aval.cls in _DISPLAYS:
            return _as_dot(self.b.apply(_DISPLAYS[a.aval.cls], aval=a.aval), a)
        made = _as_dot(zero(self.b, a), a)  # type: ignore[arg-type]
        if isinstance(made, Var):
            made.aval = kind(made.aval)
        if a in self.undefined and isinstance(made, Var) and a in free_of(self.b.stmts[-1]):
            self.b.stmts.pop()
            return UNDEF
        return made

    def returned(self, leaf: Atom) -> Atom:
        """The tangent of one leaf of the result: of its type, and nobody else's array."""
        if leaf.aval == Obj(type(None)) or not differentiable(leaf.aval):
            return Const(None)
        if isinstance(leaf, Const):
            return Const(None) if isinstance(leaf.aval, Obj) else self.zero(leaf)
        dot = self.dot(leaf)
        if dot is None and isinstance(leaf.aval, Obj):
            return Const(None)
        return _as_dot(finished(self.b, self.zero(leaf) if dot is None else dot, leaf), leaf)

    # --- statements -------------------------------------------------------------------------------

    def push_all(self, stmts: tuple[Stmt, ...]) -> None:
        """Write every statement, and the tangents of what it makes."""
        for stmt in stmts:
            self.b.at = beside(stmt)
            match stmt:
                case Apply() if isinstance(stmt.fn, Callee):
                    self.push_call(stmt)
                case Apply() if isinstance(stmt.fn, Hook):
                    self.push_hook(stmt, stmt.fn)
                case Apply():
                    self.push_apply(stmt)
                case If():
                    push_if(self, stmt)
                case Loop():
                    push_loop(self, stmt)

    def push_hook(self, stmt: Apply, hook: Hook) -> None:
        """Put the block in that works on the tangent here."""
        x, *others = stmt.args
        self.b.stmts.append(without_hooks(stmt))
        dot = self.dot(x)
        if dot is not None:
            if hook.kind == "tangent":
                dot = self.b.splice(hook.block, (dot, *others))[0]
            self.dots[stmt.out] = self.named(dot, stmt.out)

    def push_apply(self, stmt: Apply) -> None:
        rule = rule_of(stmt)
        moves = any(self.dot(a) is not None for a in carriers(stmt)) and any(differentiable(v.aval) for v in stmt.outs)
        if not moves or (rule is not None and rule.constant is not None):
            self.b.stmts.append(stmt)
            return
        try:
            self.b.lo.ruled = stmt
            with self.b.block() as lines:
                dots = self.tangents(stmt, rule)
                for v, dot in zip(stmt.outs, dots, strict=True):
                    if dot is not None and differentiable(v.aval):
                        self.dots[v] = self.named(dot, v)
        except AdjointError as error:
            self.refused = True
            refusal = Refused(error.at(spot_of(stmt)))
            lines = []
            for v in stmt.outs:
                self.dots[v] = Var(v.aval, dot_of=v)
                lines.append(Apply((self.dots[v],), refusal, (), (), self.b.at))  # type: ignore[arg-type]
        after = stmt.effect or _raises(stmt) or any(v in free_of(s) for s in lines for v in stmt.outs)
        self.b.stmts.extend([stmt, *lines] if after else [*lines, stmt])

    def named(self, dot: Atom, of: Var) -> Atom:
        """The tangent under the name of what it is the tangent of."""
        made = isinstance(dot, Var) and any(dot in s.outs for s in self.b.stmts[-1:])
        if isinstance(dot, Var) and made and dot.dot_of is None and dot.bar_of is None and dot.hint is None:
            dot.dot_of = of
            return dot
        return _as_dot(self.b.apply(runtime.identity, dot, aval=dot.aval), of)

    # --- primitives -------------------------------------------------------------------------------

    def tangents(self, stmt: Apply, rule: Rule | None) -> tuple[Atom | None, ...]:
        """The tangents of what a primitive makes."""
        if stmt.fn is runtime.popped:
            items, item = (Var(kind(v.aval)) for v in stmt.outs)
            self.b.stmts.append(Apply((items, item), runtime.popped, (self.dot_or_zero(stmt.args[0]),), (), self.b.at))
            items.dot_of, item.dot_of = stmt.outs
            return items, item
        if stmt.fn is operator.getitem:
            dot = self.dots[stmt.args[0]]  # type: ignore[index]
            aval = None if isinstance(dot.aval, Parts | Seq) else kind(stmt.out.aval)
            return (self.b.apply(operator.getitem, dot, stmt.args[1], aval=aval),)
        if stmt.fn is runtime.owned:  # whose array it is matters of what is returned, where `returned` sees to it
            return (self.dots[stmt.args[0]],)  # type: ignore[index]
        fn = stmt.fn if rule is None else rule.fn
        if isinstance(fn, type) and is_namedtuple(fn):
            return (self.jointly(stmt, range(len(stmt.args)), runtime.make_tuple),)
        if fn in JOINTLY:
            return (self.jointly(stmt, JOINTLY[fn](len(stmt.args)), fn),)
        return (self.fitted(self.by_rule(stmt, rule), stmt),)

    def jointly(self, stmt: Apply, places: range | tuple[int, ...], fn: Any) -> Atom:
        """Linear in the arguments at these places taken together: the same of their tangents."""
        args: list[Atom] = list(stmt.args)
        if fn is runtime.add and any(self.dot(a) is None for a in args):
            return next(dot for a in args if (dot := self.dot(a)) is not None)
        for k in places:
            whole_array = k == 2 and fn in ARRAY_UPDATES and isinstance(args[0].aval, Arr)
            dot = self.dot(args[k])
            args[k] = dot if dot is not None else Const(0.0) if whole_array else self.zero(args[k])
        aval = kind(stmt.out.aval)
        if isinstance(aval, Seq):
            items = [a.aval for a in (args[k] for k in places)]
            aval = _joined_lists(aval, items, fn)
        elif isinstance(aval, Parts) and fn in (runtime.make_tuple, runtime.make_list):
            aval = Parts(aval.cls, tuple(a.aval for a in args))
        return self.b.apply(stmt.fn, *args, aval=aval)

    def by_rule(self, stmt: Apply, rule: Rule | None) -> Atom | None:
        if rule is not None and rule.refused is not None:
            raise refused(stmt, rule.refused)
        if rule is None or rule.constant is not None:
            raise missing(stmt, rule="jvp_rule")
        if rule.partials is not None:
            return self.elementwise(stmt, rule)
        if rule.jvp is not None:
            return self.by_jvp(stmt, rule)
        if not rule.linear or stmt.fn in (runtime.make_object, getattr):
            return push_by_vjp(self, stmt)
        if not stmt.args:  # its first argument, given by name
            first = parameters(rule)[0]
            stmt = dataclasses.replace(
                stmt, args=(dict(stmt.kwargs)[first],), kwargs=tuple((k, a) for k, a in stmt.kwargs if k != first)
            )
        if any(self.dot(a) is not None for a in (*stmt.args[1:], *(a for _, a in stmt.kwargs))):
            return push_by_vjp(self, stmt)
        options: dict[str, Any] = dict(stmt.kwargs)
        return self.b.apply(stmt.fn, self.dots[stmt.args[0]], *stmt.args[1:], **options)  # type: ignore[index]

    def elementwise(self, stmt: Apply, rule: Rule) -> Atom | None:
        """The sum of partial derivative times tangent over the arguments."""
        assert rule.partials is not None
        extra = [k for k, _ in stmt.kwargs if k not in UFUNC_OPTIONS]
        if extra or len(stmt.args) > len(rule.partials):
            what = f"with `{extra[0]}=`" if extra else f"with {len(stmt.args)} arguments"
            raise Unsupported(f"`{name_of(stmt.fn)}` {what} is not differentiated.", "Call it in its plain form.")
        total: Atom | None = None
        done: set[Atom] = set()
        for arg in stmt.args[: len(rule.partials)]:
            dot = self.dot(arg)
            if dot is None or arg in done:
                continue
            done.add(arg)
            factor: Atom | None = None  # of x in x * x the sum of two partial derivatives
            for partial, same in zip(rule.partials, stmt.args, strict=False):
                if same is arg and (why := rule.refuses(partial)) is not None:
                    raise refused(stmt, why, arg)
                part = None
                if same is arg and callable(partial):
                    part = self.b.inline(partial, [stmt.out, *stmt.args], of=name_of(stmt.fn))[0]
                factor = part if factor is None else self.sum(factor, part) if part is not None else factor
            if factor is not None:
                term = times(self.b, dot, factor, None)
                total = term if total is None else self.sum(total, term)
        return total

    def sum(self, total: Atom, term: Atom) -> Atom:
        last = self.b.stmts[-1] if self.b.stmts else None
        if isinstance(last, Apply) and last.fn is operator.neg and last.out is term:
            self.b.stmts.pop()
            return self.b.apply(operator.sub, total, last.args[0])
        return self.b.apply(operator.add, total, term)

    def by_jvp(self, stmt: Apply, rule: Rule) -> Atom | None:
        """The rule's own function, with one tangent for each of its parameters."""
        assert rule.jvp is not None
        given: dict[str, Atom] = options_for_rule(stmt)
        refuse_options(stmt, lambda a: self.dot(a) is not None)
        passed = {} if isinstance(stmt.fn, Higher | PartOf) else given  # those options have no tangents
        dots: list[Value] = []
        moved: dict[Var, tuple[Atom, Atom]] = {}  # what stands for a tangent while the rule is read -> it, and whose it is
        for p in _arguments(rule.jvp, len(stmt.args), passed):
            atom = stmt.args[p] if isinstance(p, int) else given[p] if p is not None else None
            dot = None if atom is None else self.dot(atom)
            if isinstance(dot, Var) and atom is not None:
                own = Var(dot.aval) if dot in moved else dot  # of f(x, x) each is looked for on its own
                moved[own] = dot, atom
                dot = own
            dots.append(Const(None) if dot is None else dot)
        first = len(self.b.stmts)
        values = self.b.inline(rule.jvp, [Tuple(tuple(dots)), stmt.out, *stmt.args], dict(given), of=name_of(stmt.fn))
        read = free(Block((), tuple(self.b.stmts[first:]), tuple(v for v in values if v is not None)))
        check_unread(stmt, rule, [atom for own, (_, atom) in moved.items() if own not in read])
        again = {own: dot for own, (dot, _) in moved.items() if own is not dot}
        self.b.stmts[first:] = [substitute_stmt(s, again) for s in self.b.stmts[first:]]
        values = [again.get(v, v) if isinstance(v, Var) else v for v in values]
        aval = stmt.out.aval
        several = isinstance(aval, Parts) and (aval.cls is not list or len(values) == len(aval.items) > 1)
        if not isinstance(aval, Parts) or not several:
            if len(values) != 1 and aval == ANY:  # a tuple after all
                items = [self.item(stmt.out, k) if a is None else a for k, a in enumerate(values)]
                return self.b.apply(runtime.make_tuple, *items, aval=Parts(tuple, tuple(a.aval for a in items)))
            if len(values) != 1:
                raise BadRule(f"The rule of `{name_of(stmt.fn)}` returns {len(values)} tangents for one result.")
            return values[0]
        if len(values) != len(aval.items):
            return values[0] if len(values) == 1 else self._miscounted(stmt, len(values), len(aval.items))
        items = [self.item(stmt.out, k) if a is None else a for k, a in enumerate(values)]
        make, cls = (runtime.make_list, list) if aval.cls is list else (runtime.make_tuple, tuple)
        return self.b.apply(make, *items, aval=Parts(cls, tuple(a.aval for a in items)))

    def _miscounted(self, stmt: Apply, have: int, want: int) -> Atom:
        raise BadRule(f"The rule of `{name_of(stmt.fn)}` returns {have} tangents for {want} results.")

    def item(self, of: Var, k: int) -> Atom:
        """A zero for one item of a result that a rule has no tangent for."""
        aval = of.aval.items[k] if isinstance(of.aval, Parts) else ANY
        return self.zero(self.b.apply(operator.getitem, of, Const(k), aval=aval))

    def fitted(self, dot: Atom | None, stmt: Apply) -> Atom | None:
        """A tangent brought to the shape and dtype of its value."""
        z = stmt.out
        if dot is None:
            return None
        if not isinstance(z.aval, Num | Arr):
            if isinstance(dot.aval, Parts) and dot.aval.cls is tuple and z.aval == ANY:
                return dot
            if isinstance(z.aval, Seq | Parts):
                array = isinstance(dot.aval, Arr) and not (isinstance(z.aval, Parts) and z.aval.cls is not list)
                return self.b.apply(list, dot, aval=z.aval) if array else dot
            return _at_run_time(self.b, dot, z)
        if isinstance(dot.aval, Seq | Parts):
            dot = self.b.apply(np.array, dot)
        have, want = shape_of(dot.aval), shape_of(z.aval)
        if is_too_wide(dot.aval, z.aval):
            return _at_run_time(self.b, dot, z)
        if is_known(have) and is_known(want):
            assert have is not None and want is not None
            if not _spreads(have, want):
                raise BadRule(
                    f"The rule of `{name_of(stmt.fn)}` gives a tangent of shape {have} for a result of shape {want}.",
                    "A tangent has the shape of its value.",
                )
            if have != want:
                dot = self.b.apply(np.broadcast_to, dot, Const(want))
        else:
            return _at_run_time(self.b, dot, z)
        return _to_dtype(self.b, dot, z.aval)

    # --- calls, branches, loops -------------------------------------------------------------------

    def push_call(self, stmt: Apply) -> None:
        """A call of a function of the program: of the version that takes and returns tangents."""
        mask = tuple(self.dot(a) is not None for a in stmt.args)
        if not any(mask):
            self.b.stmts.append(stmt)
            return
        assert isinstance(stmt.fn, Callee) and stmt.fn.function is not None
        version = self.version(stmt.fn, mask)
        given = [self.dots[a] for a, on in zip(stmt.args, mask, strict=True) if on]  # type: ignore[index]
        results = stmt.fn.function.body.results
        made = [v for v, r in zip(stmt.outs, results, strict=True) if differentiable(r.aval)]
        outs = [Var(kind(v.aval), dot_of=v) for v in made]
        self.dots.update(zip(made, outs, strict=True))
        self.b.stmts.append(
            dataclasses.replace(stmt, outs=(*stmt.outs, *outs), fn=version, args=(*stmt.args, *given))
        )

    def version(self, callee: Callee, mask: tuple[bool, ...]) -> Callee:
        key = (callee, mask)
        if key in self.versions:
            return self.versions[key]
        function = callee.function
        assert function is not None
        others = sum(k[0] is callee for k in self.versions)  # versions for tangents of other arguments
        new = self.versions[key] = Callee(f"{callee.__name__}_jvp" + (f"_{others + 1}" if others else ""))
        body = function.body
        moved = [p for p, on in zip(body.params, mask, strict=True) if on]
        inner = _Forward(active(body, moved), self.versions)
        dots = [Var(kind(p.aval), dot_of=p) for p in moved]
        inner.dots.update(zip(moved, dots, strict=True))
        inner.push_all(body.stmts)
        self.refused |= inner.refused
        inner.b.at = At(sweep="tangent")
        results = body.results + tuple(inner.dot_or_zero(r) for r in body.results if differentiable(r.aval))
        names = {p.tree: p.name for p in function.params if isinstance(p.tree, Var)}
        taken, params = {p.name for p in function.params}, []
        for p, dot in zip(moved, dots, strict=True):
            name = _free_name(f"{names.get(p, 'w')}_dot", taken)
            params.append(Param(name, dot))
        new.function = Function(
            new.__name__, (*function.params, *params), Block(body.params + tuple(dots), tuple(inner.b.stmts), results),
            results[0] if len(results) == 1 else Tree(tuple, tuple(range(len(results))), results),
        )
        return new


# Linear in these arguments taken together (all of them for `range`): the tangent is the same function of tangents.
JOINTLY: dict[Any, Any] = {
    **dict.fromkeys((runtime.make_tuple, runtime.make_list, runtime.add, operator.concat, runtime.append), range),
    runtime.make_dict: lambda n: range(1, n),
    **dict.fromkeys((runtime.set_item, runtime.array_set, runtime.array_put, runtime.index_add), lambda n: (0, 2)),
    runtime.unbroadcast: lambda n: (0,),
}


ARRAY_UPDATES = (runtime.array_set, runtime.array_put, runtime.index_add)
_DISPLAYS = {tuple: runtime.make_tuple, list: runtime.make_list}


def _raises(stmt: Apply) -> bool:
    """May the primal raise an error of its own, that would not be the first if the tangent stood before it?"""
    return getattr(stmt.fn, "__module__", None) == "math" or stmt.fn in (operator.truediv, operator.pow, pow, math.pow)


def _arguments(rule: Any, count: int, given: dict[str, Atom]) -> list[int | str | None]:
    """For each parameter of a rule, those of `*args` one by one: which argument it gets (None: its default)."""
    places: list[int | str | None] = []
    k = 0
    for p in list(inspect.signature(rule).parameters.values())[2:]:
        if p.kind is p.VAR_POSITIONAL:
            places.extend(range(k, count))
            k = count
        elif p.kind is not p.KEYWORD_ONLY and k < count:
            places.append(k)
            k += 1
        else:
            places.append(p.name if p.name in given else None)
    return places


def _as_dot(a: Atom, of: Atom) -> Atom:
    """`a` as the tangent of a value, if it was made for that."""
    if isinstance(a, Var) and isinstance(of, Var) and (a.bar_of is of or (a.bar_of is None and a.dot_of is None)):
        a.bar_of, a.dot_of = None, of
    elif isinstance(a, Var) and a.bar_of is of:
        a.bar_of = None
    return a


def _joined_lists(aval: Seq, parts: list[Any], fn: Any) -> Any:
    """A list of floats may have NumPy scalars for tangents."""
    if fn in (runtime.append, runtime.set_item, runtime.index_add):
        items = [p.item if isinstance(p, Seq) else None for p in parts[:1]] + parts[1:2]
    else:
        items = [p.item if isinstance(p, Seq) else None for p in parts]
    number = aval.item
    for item in items:
        if isinstance(item, Num | Arr) and isinstance(number, Num | Arr):
            number = join(number, item)
    return Seq(number)


def _spreads(have: tuple[Any, ...], want: tuple[Any, ...]) -> bool:
    tail = want[len(want) - len(have) :] if len(have) <= len(want) else ()
    return len(have) <= len(want) and all(h in (1, w) for h, w in zip(have, tail, strict=True))
