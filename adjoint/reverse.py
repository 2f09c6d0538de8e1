"""Reverse mode: from a program to one that computes the gradient.

The statements of the primal are kept, in order: the forward sweep.  Then each is pulled back, last to
first.  `bars` holds, for every value met so far, its cotangent:

    w3 = x * y            bars[w3] = g           bars[x] += g * y ;  bars[y] += g * x

An `if` is pulled back by an `if` on the same test.  A loop is pulled back by a loop the other way,
whose carries are the cotangents of the carries and one accumulator for each variable outside the loop
that the body reads.  A value of the body that the pullback needs is recorded in a list (a tape), or,
where it is cheap and everything it is made of is at hand, computed again.  What is recorded but not
read is removed by `passes.dce`.

The result is a `Function` like any other, and can be differentiated again.
"""

from __future__ import annotations

import inspect
import itertools
import linecache
import operator
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import runtime
from .activity import active, unbound
from .avals import ANY, Arr, Num, Obj, Parts, Seq, dtype_of, is_known, item_of, join, shape_of
from .checkpointing import pull_checkpointed
from .cotangents import Builder, fit, partly, plus, times, zero
from .errors import AdjointError, BadRule, MissingRule, Spot, Unsupported
from .hooks import Hook
from .ir import (
    Apply, At, Atom, Block, Callee, Const, Function, If, Loop, Stmt, Var, defined,
)
from .lower.abstract import is_namedtuple
from .lower.values import Tuple, Value
from .pairs import Pairs, pull_call
from .rules.registry import HIGHER, Evaluated, Higher, PartOf, Rule, lookup
from .shapes import Shapes
from .shifts import cancelled
from .structure import pull_if, pull_loop

Place = int | tuple[int, int]  # the number of a parameter; of `*args` and of an item in it
Key = Var | tuple[Var, int]  # a value, or one item of a tuple


def tree_of(function: Function, place: Place) -> Any:
    """The leaves of one argument."""
    if isinstance(place, tuple):
        return function.params[place[0]].tree.parts[place[1]]
    return function.params[place].tree


def _spot_of(function: Function) -> Spot | None:
    from .lower.source import read

    try:
        node, source = read(function.primal)  # type: ignore[arg-type]
        last = node.body[-1] if isinstance(node.body, list) else node.body
        return source.spot(last)
    except AdjointError:
        return None


class _Reverse:
    """The reverse sweep as it grows: the cotangents so far, and the statements that compute them."""

    def __init__(self, body: Block, wrt: Iterable[Var], pairs: Pairs | None = None, shapes: Shapes | None = None) -> None:
        self.active = active(body, wrt) - cancelled(body)
        self.unbound = unbound(body)
        self.pairs: Pairs = {} if pairs is None else pairs  # functions that call themselves, in two halves
        self.bars: dict[Key, Atom] = {}
        self.b = Builder(shapes)

    def inside(self, body: Block, wrt: Iterable[Var]) -> _Reverse:
        """The reverse sweep of another function of the same program."""
        return _Reverse(body, wrt, self.pairs, self.b.shapes)

    # --- cotangents -------------------------------------------------------------------------------

    def seed(self, output: Var, g: Atom) -> None:
        self.add(output, g)

    def add(self, key: Key, g: Atom) -> None:
        """Add a contribution to the cotangent of a value."""
        var, aval = (key, key.aval) if isinstance(key, Var) else (key[0], key[0].aval.items[key[1]])  # type: ignore[union-attr]
        bar_of = var if isinstance(key, Var) else None
        before = len(self.b.stmts)
        g = fit(self.b, g, var, aval)
        old = self.bars.get(key)
        if old is None:
            made = len(self.b.stmts) > before or _made_here(self.b.stmts, g)
            if isinstance(g, Var) and g.bar_of is None and made:
                g.bar_of = bar_of
            elif bar_of is not None:  # also where it is the same: each contribution has a statement of its own
                g = self.b.apply(runtime.identity, g, aval=g.aval, bar_of=bar_of)
            self.bars[key] = g
        else:
            self.bars[key] = plus(self.b, old, g, aval, bar_of)

    def gradient(self, leaf: Atom) -> Atom:
        """What is returned for one leaf of an argument."""
        if not isinstance(leaf, Var):
            return Const(None)
        dtype = dtype_of(leaf.aval)
        if dtype is not None and dtype.kind not in "fc":
            return Const(None)
        if isinstance(leaf.aval, Obj) and leaf not in self.bars:
            return Const(None)
        if isinstance(leaf.aval, Seq) and isinstance(leaf.aval.item, Num) and leaf.aval.item.kind in ("int", "bool"):
            return Const(None)
        g = self.bars.get(leaf)
        if g is None:
            g = self.zero(leaf)
        return finished(self.b, g, leaf)

    # --- statements -------------------------------------------------------------------------------

    def pull_all(self, stmts: tuple[Stmt, ...]) -> list[Stmt]:
        """Pull every statement back, last to first; the forward statements, with what they record."""
        forward: list[Stmt] = []
        for stmt in reversed(stmts):
            match stmt:
                case Apply() if isinstance(stmt.fn, Callee):
                    forward.append(pull_call(self, stmt))
                case Apply() if isinstance(stmt.fn, Hook):
                    self.pull_hook(stmt, stmt.fn)
                    forward.append(stmt)
                case Apply(fn=runtime.popped):
                    self.pull_popped(stmt)
                    forward.append(stmt)
                case Apply():
                    self.pull_apply(stmt)
                    forward.append(stmt)
                case If():
                    forward.append(pull_if(self, stmt))
                case Loop(snapshots=None):
                    forward.append(pull_loop(self, stmt))
                case Loop():
                    forward.extend(reversed(pull_checkpointed(self, stmt)))
        return forward[::-1]

    def pull_apply(self, stmt: Apply) -> None:
        out = stmt.out
        parts = {k[1]: g for k, g in self.bars.items() if isinstance(k, tuple) and k[0] is out}
        for k in parts:
            del self.bars[out, k]
        g = self.bars.pop(out, None)
        if (g is None and not parts) or out not in self.active:
            return
        self.b.at = At(stmt.at.place, "reverse", stmt)
        if stmt.fn is operator.getitem:
            self.pull_getitem(stmt, self.whole(out, g, parts))
        elif stmt.fn is runtime.append and g is not None:
            self.pull_append(stmt, g)
        elif stmt.fn in _DISPLAYS or (isinstance(stmt.fn, type) and is_namedtuple(stmt.fn)):
            self.pull_display(stmt, g, parts)
        else:
            self.pull_rule(stmt, g, parts)

    def pull_append(self, stmt: Apply, g: Atom) -> None:
        """Take the last item off the cotangent of the list: in place, where it is emitted."""
        items, item = stmt.args
        kind = g.aval if isinstance(g.aval, Seq) else items.aval
        rest = Var(kind, bar_of=items if isinstance(items, Var) else None)
        last = Var(g.aval.item if isinstance(g.aval, Seq) else ANY, bar_of=item if isinstance(item, Var) else None)
        self.b.stmts.append(Apply((rest, last), runtime.popped, (g,), (), self.b.at))
        if self.is_active(item):
            self.add(item, last)  # type: ignore[arg-type]
        if self.is_active(items):
            self.add(items, rest)  # type: ignore[arg-type]

    def pull_hook(self, stmt: Apply, hook: Hook) -> None:
        """Put the block in that works on the cotangent here."""
        x, *others = stmt.args
        self.settle(stmt.outs)
        g = self.bars.pop(stmt.out, None)
        if g is None or not self.is_active(x):
            return
        self.b.at = At(stmt.at.place, "reverse", stmt)
        if hook.kind == "cotangent":
            g = self.b.splice(hook.block, (g, *others))[0]
        self.add(x, g)  # type: ignore[arg-type]

    def pull_popped(self, stmt: Apply) -> None:
        """Put the cotangent of the item taken off back at the end of that of the list."""
        rest, last = stmt.outs
        self.settle(stmt.outs)
        if (rest not in self.bars and last not in self.bars) or not self.is_active(stmt.args[0]):
            return
        self.b.at = At(stmt.at.place, "reverse", stmt)
        before, item = (self.bars.pop(v) if v in self.bars else self.zero(v) for v in stmt.outs)
        kind = before.aval if isinstance(before.aval, Seq) else stmt.args[0].aval
        if not isinstance(before.aval, Seq | Parts):  # that of a list which went into an array, and was taken from that array's
            kind = Seq(item_of(kind))
            before = self.b.apply(list, before, aval=kind)
        if isinstance(kind, Seq):
            kind = Seq(join(kind.item, item.aval))
        self.add(stmt.args[0], self.b.apply(runtime.append, before, item, aval=kind))  # type: ignore[arg-type]

    def pull_display(self, stmt: Apply, g: Atom | None, parts: dict[int, Atom]) -> None:
        """A tuple, list or dict: each item takes its own part of the cotangent."""
        keys: list[Any] = list(range(len(stmt.args)))
        items = stmt.args
        if stmt.fn is runtime.make_dict:
            assert isinstance(stmt.args[0], Const)
            keys, items = list(stmt.args[0].value), stmt.args[1:]
        for k, item in zip(keys, items, strict=True):
            if self.is_active(item):
                if k in parts:
                    self.add(item, parts[k])  # type: ignore[arg-type]
                if g is not None:
                    self.add(item, self.item(g, k, item))  # type: ignore[arg-type]

    def item(self, g: Atom, k: Any, like: Atom) -> Atom:
        aval = g.aval.item if isinstance(g.aval, Seq) else like.aval if isinstance(g.aval, Parts) else None
        if isinstance(g.aval, Parts) and isinstance(k, int):
            aval = g.aval.items[k]
        return self.b.apply(operator.getitem, g, Const(k), aval=aval)

    def is_active(self, a: Atom) -> bool:
        return isinstance(a, Var) and a in self.active

    def pull_getitem(self, stmt: Apply, g: Atom | None) -> None:
        """Add into the cotangent of the container, in place: n reads cost n."""
        container, index = stmt.args
        if self.is_active(index) and not isinstance(container.aval, Arr | Seq | Parts):
            raise missing(stmt)  # an object of the user's: what it does with a float is not known
        if not self.is_active(container) or g is None:
            return
        assert isinstance(container, Var)
        if isinstance(container.aval, Parts) and container.aval.cls is not list and isinstance(index, Const):
            if isinstance(index.value, slice):
                for j, k in enumerate(range(len(container.aval.items))[index.value]):
                    self.add((container, k), self.item(g, j, stmt.out))
            else:
                self.add((container, index.value), g)
            return
        if shape_of(container.aval) == ():  # each entry of what it gives is its only one: `fit` sums them up
            self.add(container, g)
            return
        old = self.bars.get(container)
        if old is None:
            old = self.zero(container)
        aval = old.aval
        if isinstance(aval, Seq):  # a list of floats may get a NumPy scalar
            aval = join(aval, g.aval if isinstance(g.aval, Seq) else Seq(g.aval))
        elif isinstance(aval, Parts) and isinstance(g.aval, Num | Arr):
            aval = Parts(aval.cls, tuple(join(item, g.aval) if isinstance(item, Num) else item for item in aval.items))
        self.bars[container] = self.b.apply(runtime.index_add, old, index, g, aval=aval, bar_of=container)

    def pull_rule(self, stmt: Apply, g: Atom | None, parts: dict[int, Atom]) -> None:
        rule = rule_of(stmt)
        if rule is not None and rule.constant is not None:
            return
        if rule is not None and rule.refused is not None:
            raise refused(stmt, rule.refused)
        if rule is None or not rule.differentiable or (rule.partials is None and rule.vjp is None):
            raise missing(stmt)
        if g is not None:
            g = self.whole(stmt.out, g, parts)
        if g is None:  # the cotangent of a tuple: known item by item, None where nothing read it
            items = stmt.out.aval.items if isinstance(stmt.out.aval, Parts) else ()
            given: Value = Tuple(tuple(parts.get(k, Const(None)) for k in range(len(items))))
        else:
            given = g
        try:
            if rule.partials is not None:
                self.pull_elementwise(stmt, rule, g)
            else:
                self.pull_vjp(stmt, rule, given)
        except AdjointError as error:
            raise error.at(spot_of(stmt)) from None

    def whole(self, var: Var, g: Atom | None, parts: dict[int, Atom]) -> Atom | None:
        """A cotangent and those of single items as one value."""
        if not parts:
            return g
        self.bars.update({(var, k): part for k, part in parts.items()})
        if g is not None:
            self.bars[var] = g
        self.settled(var)
        return self.bars.pop(var)

    def settled(self, var: Var) -> Atom | None:
        """The cotangent of a tuple as one value, its parts included."""
        parts = {k[1]: g for k, g in self.bars.items() if isinstance(k, tuple) and k[0] is var}
        if parts:
            assert isinstance(var.aval, Parts)
            items = [self.item_or_zero(var, k, parts) for k in range(len(var.aval.items))]
            whole = self.b.apply(runtime.make_tuple, *items, aval=Parts(tuple, tuple(a.aval for a in items)))
            for k in parts:
                del self.bars[var, k]
            self.add(var, whole)
        return self.bars.get(var)

    def settle(self, vars: Iterable[Var]) -> None:
        """At the edge of a block a cotangent is one value."""
        wanted = set(vars)
        for var in dict.fromkeys(k[0] for k in self.bars if isinstance(k, tuple)):
            if var in wanted:
                self.settled(var)

    def item_or_zero(self, out: Var, k: int, parts: dict[int, Atom]) -> Atom:
        if k in parts:
            return parts[k]
        assert isinstance(out.aval, Parts)
        item = self.b.apply(operator.getitem, out, Const(k), aval=out.aval.items[k])
        return zero(self.b, item)

    def pull_elementwise(self, stmt: Apply, rule: Rule, g: Atom | None) -> None:
        assert rule.partials is not None and g is not None
        extra = [k for k, _ in stmt.kwargs if k not in UFUNC_OPTIONS]
        if extra or len(stmt.args) > len(rule.partials):
            what = f"with `{extra[0]}=`" if extra else f"with {len(stmt.args)} arguments"
            raise Unsupported(
                f"`{name_of(stmt.fn)}` {what} is not differentiated.", "Call it in its plain form.", spot_of(stmt)
            )
        self.b.lo.ruled = stmt
        for partial, arg in zip(rule.partials, stmt.args, strict=False):
            if not self.is_active(arg):
                continue
            if (why := rule.refuses(partial)) is not None:
                raise refused(stmt, why, arg)
            if partial is None:
                continue
            values = self.b.inline(partial, [stmt.out, *stmt.args], of=name_of(stmt.fn))
            if values[0] is None:  # None * x: the primal raises
                raise Unsupported(
                    f"`{name_of(stmt.fn)}` is given None, and raises an error.", "Give it a number or an array.", spot_of(stmt)
                )
            self.add(arg, times(self.b, g, values[0], None))  # type: ignore[arg-type]

    def pull_vjp(self, stmt: Apply, rule: Rule, g: Value) -> None:
        assert rule.vjp is not None
        names = parameters(rule)
        positions: list[tuple[int, Atom]] = list(enumerate(stmt.args))
        given: list[Value] = [g, stmt.out, *stmt.args]
        keyed = options_for_rule(stmt)
        self.b.lo.ruled = stmt
        self.b.lo.idle = frozenset(a for a in stmt.atoms() if isinstance(a, Var) and a not in self.active)
        wanted = [k for k, a in enumerate(stmt.args) if self.is_active(a)]
        wanted += [place_of(rule.vjp, k, len(stmt.args)) for k, a in keyed.items() if k in names and self.is_active(a)]
        cotangents = self.b.inline(rule.vjp, given, dict(keyed), tuple(sorted(wanted)), name_of(stmt.fn))
        refuse_options(stmt, self.is_active)
        for key, atom in keyed.items():
            if key in names and not isinstance(stmt.fn, Higher | PartOf):
                positions.append((place_of(rule.vjp, key, len(stmt.args)), atom))
        if len(cotangents) > max(len(names), len(stmt.args)):
            raise BadRule(
                f"The rule of `{name_of(stmt.fn)}` returns {len(cotangents)} cotangents "
                f"for {max(len(names), len(stmt.args))} arguments.", "Return one for each argument.", spot_of(stmt),
            )
        theirs = not (rule.vjp.__module__ or "").startswith("adjoint.")
        for k, atom in positions:
            if not self.is_active(atom):
                continue
            if k >= len(cotangents):
                if theirs:
                    raise BadRule(
                        f"The rule of `{name_of(stmt.fn)}` returns {len(cotangents)} cotangents, and that of its "
                        f"argument {k} is needed.", "Return one for each argument, None where there is none.", spot_of(stmt),
                    )
                raise missing(stmt, k)
            bar = cotangents[k]
            if bar is not None:
                self.check_shape(stmt, bar, atom)
                self.add(atom, bar)  # type: ignore[arg-type]
            elif theirs and isinstance(atom.aval, Num | Arr) and not partly(g):
                raise BadRule(*runtime.no_cotangent(name_of(stmt.fn), k), spot_of(stmt))

    def check_shape(self, stmt: Apply, bar: Atom, atom: Atom) -> None:
        """A rule's cotangent must be one that broadcasting could have come from."""
        have, want = shape_of(bar.aval), shape_of(atom.aval)
        if have is None or want is None or None in have or None in want or len(have) == 0:
            return
        tail = have[len(have) - len(want) :] if len(want) <= len(have) else None
        fits = tail is not None and all(w in (1, h) for h, w in zip(tail, want, strict=True))
        spreads = len(have) <= len(want) and all(
            h in (1, w) for h, w in zip(have, want[len(want) - len(have) :], strict=True)
        )
        if not fits and not spreads:
            raise BadRule(
                f"The rule of `{name_of(stmt.fn)}` returns a cotangent of shape {have} for an argument of shape {want}.",
                "A cotangent has the shape of its argument.", spot_of(stmt),
            )

    def zero(self, v: Var, bar_of: Var | None = None) -> Atom:
        """A zero cotangent; for what may not be there at all, one that is made when that is known."""
        if v in self.unbound and not isinstance(v.aval, Num) and not is_known(shape_of(v.aval)):
            return self.b.apply(runtime.zeros_like, v, aval=v.aval, bar_of=bar_of or v)
        return zero(self.b, v, bar_of=bar_of)

    def bar_or_zero(self, bars: dict[Key, Atom], key: Key) -> Atom:
        if key in bars:
            return bars[key]
        if isinstance(key, Var):
            return self.zero(key)
        return zero(self.b, key[0], key[0].aval.items[key[1]])  # type: ignore[union-attr]


def rule_of(stmt: Apply) -> Rule | None:
    """The rule of what is applied; `+` and `*` on lists are not those on numbers."""
    if stmt.fn in _ON_LISTS and isinstance(stmt.out.aval, Seq | Parts):
        return lookup(_ON_LISTS[stmt.fn])
    return lookup(stmt.fn)


_ON_LISTS: dict[Any, Any] = {operator.add: operator.concat, operator.mul: runtime.repeat}
UFUNC_OPTIONS = ("dtype", "casting", "signature")  # of the primal only: a cotangent has the dtype of its argument
_DISPLAYS = (runtime.make_list, runtime.make_tuple, runtime.make_dict)


def _made_here(stmts: list[Stmt], g: Atom) -> bool:
    return bool(stmts) and g in defined(stmts[-1])


def finished(b: Builder, g: Atom, leaf: Var) -> Atom:
    """A cotangent as it is returned: of the argument's type, and nobody else's array."""
    aval = leaf.aval
    match aval:
        case Num("float") if g.aval != Num("float"):
            return b.apply(float, g, aval=Num("float"), bar_of=leaf)
        case Num("complex") if g.aval != Num("complex"):
            return b.apply(complex, g, aval=Num("complex"), bar_of=leaf)
        case Arr(dtype, (), True) if dtype is not None and g.aval != aval:
            return b.apply(dtype.type, g, aval=aval, bar_of=leaf)
        case Arr(dtype, (), False) if dtype is not None:
            return b.apply(np.array, g, Const(dtype), aval=aval, bar_of=leaf)
        case Arr():
            return b.apply(runtime.owned, g, aval=aval, bar_of=leaf)
        case Seq(Num("float")) if not isinstance(g.aval, Seq) or g.aval.item != Num("float"):
            return b.apply(runtime.floats, g, aval=aval, bar_of=leaf)
        case Seq(Arr(boxed=False)):
            return b.apply(runtime.arrays, g, aval=aval, bar_of=leaf)
        case Obj(cls=None):
            return b.apply(runtime.owned, g, aval=aval, bar_of=leaf)
    return g


def options_for_rule(stmt: Apply) -> dict[str, Atom]:
    """The keyword arguments of a call that its rule is given."""
    return {k: a for k, a in stmt.kwargs if not (isinstance(stmt.fn, np.ufunc) and k in UFUNC_OPTIONS)}


def refuse_options(stmt: Apply, moves: Callable[[Atom], bool]) -> None:
    """Refuse options of a primitive that is passed a function, where the derivative depends on them: what follows the
    arguments handed on has no place of its own among the cotangents and tangents of a rule."""
    if not isinstance(stmt.fn, Higher | PartOf):
        return
    for key, atom in stmt.kwargs:
        if moves(atom) and key not in HIGHER[stmt.fn.fn].starts:
            raise refused(stmt, f"there is no derivative with respect to `{key}`")


def place_of(rule_function: Any, name: str, given: int) -> int:
    """The place of a parameter's cotangent: `*args` before it count as many as are given."""
    before = list(itertools.takewhile(lambda p: p.name != name, inspect.signature(rule_function).parameters.values()))[2:]
    stars = [k for k, p in enumerate(before) if p.kind is p.VAR_POSITIONAL]
    return given + len(before) - stars[0] - 1 if stars else len(before)


def parameters(rule: Rule) -> list[str]:
    """The primal's parameters as the rule names them."""
    return list(inspect.signature(rule.vjp).parameters)[2:]  # type: ignore[arg-type]


def name_of(fn: Any) -> str:
    if isinstance(fn, Higher):
        fn = fn.fn
    if isinstance(fn, Evaluated):
        return f"{name_of(fn.cls)}(…)()"
    if isinstance(fn, PartOf):
        return f"{name_of(fn.fn)}(…)" + (f"[{fn.name}]" if isinstance(fn.name, int) else f".{fn.name}")
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{name_of(owner)}.{fn.__name__}"
    module = getattr(fn, "__module__", None) or ""
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None) or repr(fn)
    if isinstance(fn, np.ufunc):
        homes = ("numpy", "scipy.special")
        module = next((home for home in homes if getattr(sys.modules.get(home), name, None) is fn), "")
    return f"{module}.{name}" if module and module not in ("builtins", "_operator", "__main__") else name


def spot_of(stmt: Stmt) -> Spot | None:
    place = stmt.at.place
    if place is None:
        return None
    line = linecache.getline(place.file, place.line)
    end = place.col + len(place.text.encode())
    return Spot(place.file, place.line, place.col, place.line, end, place.function, line)


def refused(stmt: Apply, why: str, arg: Atom | None = None) -> Unsupported:
    """There is no derivative, or none by this argument, and the reason is known."""
    by = "" if arg is None else f" with respect to its argument {stmt.args.index(arg) + 1}"
    advice = "Keep its arguments constant." if arg is None else "Keep that argument constant."
    return Unsupported(f"`{name_of(stmt.fn)}` is not differentiated{by}: {why}.", advice, spot_of(stmt))


def missing(stmt: Apply, argument: int | None = None, rule: str = "vjp_rule") -> MissingRule | Unsupported:
    name = name_of(stmt.fn)
    if stmt.fn is tuple:  # not if the program is read with a body for each iteration of the loop that makes the list
        return Unsupported(
            "How many items this tuple has is not known when the gradient is built.", "Leave it a list.", spot_of(stmt)
        )
    if argument is not None:
        return MissingRule(
            f"`{name}` has no derivative with respect to its argument {argument}, and the gradient depends on it.",
            "Keep that argument constant, or register a rule of your own.", spot_of(stmt),
        )
    if stmt.fn is operator.getitem:
        return MissingRule(
            "An object is indexed with a value that the gradient depends on, and what it makes of it is not known.",
            "Use a function with a derivative rule.", spot_of(stmt),
        )
    if stmt.fn is getattr:
        attribute = f"`{stmt.args[1].value}`" if isinstance(stmt.args[1], Const) else "of this name"
        return MissingRule(
            f"The attribute {attribute} of an object made of a value that the gradient depends on has no derivative rule.",
            "Use functions that have a derivative rule (`adjoint supported`).", spot_of(stmt),
        )
    if stmt.fn is runtime.call:
        return MissingRule(
            "A function that is only known at run time is applied to a value that the gradient depends on.",
            "Pass the function as an argument, or choose it with `if`.", spot_of(stmt),
        )
    if stmt.fn is runtime.changed:
        return MissingRule(
            "A function that adjoint does not know is given this value, and may change it; the gradient depends on it.",
            "Give it a copy, or say that it changes nothing: `adjoint.constant(function, why=...)`.", spot_of(stmt),
        )
    short = "np." + name.removeprefix("numpy.") if name.startswith("numpy.") else name
    return MissingRule(
        f"`{name}` is applied to a value that the gradient depends on, and has no derivative rule.",
        f"Register one with `@adjoint.{rule}({short})`, or say `adjoint.constant({short}, why=...)`.", spot_of(stmt),
    )

