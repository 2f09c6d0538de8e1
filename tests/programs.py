"""Random programs: functions `f(x, y, v, n)` of two floats, an array of three floats and a small int.

A program is drawn statement by statement by a `Writer`, which knows what every name is bound to where it stands, so
that what it writes runs: no name is read unbound, every loop ends, every index is in range, and values stay small.
`without` leaves things out: "parts" (writes to parts of arrays), "try".

All decisions are made by `Choices`, in which the first alternative is the simplest: Hypothesis draws them in
`programs()` and shrinks well; `random_program(seed)` is quicker, for a hunt by the thousand.

The language drawn: (re)assignment, `+=`, swaps, unpacking with stars, walrus; branches, conditional expressions,
`and/or/not`, chained comparisons; `for` over ranges of any kind, arrays, lists, tuples, dicts, `zip`, `enumerate`,
`reversed`; `while`; `break`, `continue`, `return` and `else` anywhere; arrays with aliases, views, writes to parts and
in-place arithmetic; lists, tuples and dicts; nested functions, lambdas, closures, recursion, keywords and defaults.
"""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import linecache
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

HEADER = '''\
import math

import numpy as np


def soft(p, q=0.5, *, scale=1.0):
    return scale * np.tanh(p - q)


def clipped(p, low=-0.8):
    if p < low:
        return 0.1 * p + 0.9 * low
    for step in range(3):
        if p < 0.4 + 0.3 * step:
            return p * (1.0 + step)
    return 0.2 * p


def halves(p, q):
    r = 0.5 * (p + q)
    return r, p - r


def nested(p, depth):
    if depth <= 0:
        return np.sin(p)
    return 0.5 * nested(p * p, depth - 1) + 0.1 * p


def total(*terms):
    s = 0.0
    for term in terms:
        s += term
    return s


def shifted(row, by):
    row += by
    return row.sum()


'''

_counter = itertools.count()
_INTEGERS = [st.integers(0, most) for most in range(64)]


class Choices:
    """Where decisions come from."""

    def below(self, n: int) -> int:
        raise NotImplementedError

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.below(len(options))] if len(options) > 1 else options[0]

    def one_in(self, n: int) -> bool:
        return self.below(n) == n - 1


class Random(Choices):
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def below(self, n: int) -> int:
        return self.random.randrange(n)


class Drawn(Choices):
    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw

    def below(self, n: int) -> int:
        return int(self.draw(_INTEGERS[n - 1]))


@dataclass
class Scope:
    """What is certainly bound here, by kind."""

    names: tuple[str, ...]  # floats that may be assigned
    floats: list[str]
    ints: list[str] = field(default_factory=list)
    bools: list[str] = field(default_factory=list)
    arrays: dict[str, int] = field(default_factory=dict)  # with their length
    matrices: list[str] = field(default_factory=list)  # 3 by 3
    lists: list[str] = field(default_factory=list)  # of floats, never empty
    rows: list[str] = field(default_factory=list)  # lists of arrays of three
    tuples: dict[str, int] = field(default_factory=dict)
    dicts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[str, tuple[int, int]] = field(default_factory=dict)  # how many parameters and results
    results: int = 1  # of the function around
    inner: bool = False  # in a nested function
    loops: int = 0
    fixed: bool = False  # lists keep their lengths: one of them is iterated over
    expression: bool = False  # in a lambda or comprehension, where names are not to be assigned

    def copy(self, **changes: Any) -> Scope:
        values = {k: v.copy() if isinstance(v, list | dict) else v for k, v in vars(self).items()}
        return Scope(**{**values, **changes})

    def keep(self, *ends: Scope) -> None:
        """After a branch or a loop: what is bound at every end."""
        for kind in ("floats", "ints", "bools", "matrices", "lists", "rows"):
            setattr(self, kind, [v for v in getattr(ends[0], kind) if all(v in getattr(e, kind) for e in ends)])
        for kind in ("arrays", "tuples", "dicts", "functions"):
            first = getattr(ends[0], kind)
            same = {k: v for k, v in first.items() if all(getattr(e, kind).get(k) == v for e in ends)}
            setattr(self, kind, same)

    def bind(self, kind: str, name: str, value: Any = None) -> None:
        there = getattr(self, kind)
        if isinstance(there, dict):
            there[name] = value
        elif name not in there:
            there.append(name)


class Writer:
    """Draws one program."""

    def __init__(self, choices: Choices, longest: int, without: frozenset[str] = frozenset()) -> None:
        self.choices, self.without = choices, without
        self.pick, self.one_in = choices.pick, choices.one_in
        self.lines: list[str] = []
        self.indent = 1
        self.left = 3 + choices.below(longest)
        self.counters = 0

    def source(self) -> str:
        scope = Scope(("a", "b", "c", "s", "t", "x", "y"), ["x", "y"], ints=["n"], arrays={"v": 3})
        while self.left > 0:
            if self.statement(scope):
                break
        else:
            self.returned(scope)
        return HEADER + "def f(x, y, v, n):\n" + "\n".join(self.lines) + "\n"

    def put(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    # --- expressions ------------------------------------------------------------------------------

    def number(self) -> str:
        return self.pick(("0.5", "1.0", "0.3", "-0.7", "1.3", "0.1", "-0.2", "2.0"))

    def index(self, scope: Scope, length: int) -> str:
        if scope.ints and self.one_in(2):
            i = self.pick(scope.ints)
            return self.pick((f"{i} % {length}", f"({i} + 1) % {length}", f"-1 - {i} % {length}"))
        return str(self.pick((0, 1, -1)))

    def leaf(self, scope: Scope) -> str:
        kinds = ["float"] * 8 + ["number"] + ["array"] * 3
        for kind, held, weight in (
            ("int", scope.ints, 1), ("list", scope.lists, 3), ("tuple", scope.tuples, 2), ("dict", scope.dicts, 2),
            ("matrix", scope.matrices, 2), ("rows", scope.rows, 2),
        ):
            kinds += [kind] * weight if held else []
        match self.pick(kinds):
            case "float":
                return self.pick(scope.floats)
            case "array":
                u = self.pick(list(scope.arrays))
                return f"{u}[{self.index(scope, scope.arrays[u])}]"
            case "int":
                return f"0.2 * {self.pick(scope.ints)}"
            case "list":
                xs = self.pick(scope.lists)
                if scope.ints and self.one_in(2):
                    return f"{xs}[{self.pick(scope.ints)} % len({xs})]"
                return f"{xs}[{self.pick((0, -1))}]"
            case "tuple":
                p = self.pick(list(scope.tuples))
                return f"{p}[{self.choices.below(scope.tuples[p])}]"
            case "dict":
                d = self.pick(list(scope.dicts))
                key = self.pick(scope.dicts[d])
                return f'{d}["{key}"]' if not self.one_in(5) else f'{d}.get("{key}", 0.5)'
            case "matrix":
                return f"{self.pick(scope.matrices)}[{self.index(scope, 3)}, {self.index(scope, 3)}]"
            case "rows":
                return f"{self.pick(scope.rows)}[{self.pick((0, -1))}][{self.index(scope, 3)}]"
        return self.number()

    def float(self, scope: Scope, depth: int = 2) -> str:
        """An expression whose value is a float."""
        if depth <= 0:
            return self.leaf(scope)
        match self.choices.below(26):
            case 0 | 1:
                return self.leaf(scope)
            case 2 | 3:
                return f"{self.float(scope, depth - 1)} {self.pick('+-')} {self.factor(scope, depth - 1)}"
            case 4 | 5:
                return f"{self.factor(scope, depth - 1)} * {self.factor(scope, depth - 1)}"
            case 6 | 7:
                fn = self.pick(("np.sin", "np.tanh", "np.cos", "math.sin", "math.tanh", "math.atan"))
                return f"{fn}({self.float(scope, depth - 1)})"
            case 8:
                a = self.factor(scope, 0)
                return f"{self.factor(scope, depth - 1)} / (2.0 + {a} * {a})"
            case 9:
                return f"{self.factor(scope, depth - 1)} ** 2"
            case 10:
                a = self.factor(scope, 0)
                return f"math.exp(-({a} * {a}))"
            case 11:
                return f"math.sqrt(1.5 + {self.factor(scope, depth - 1)} ** 2)"
            case 12:
                return f"-{self.factor(scope, depth - 1)}"
            case 13:
                return f"({self.float(scope, depth - 1)} if {self.test(scope, 1)} else {self.float(scope, depth - 1)})"
            case 14:
                return f"{self.pick(('max', 'min'))}({self.float(scope, depth - 1)}, {self.float(scope, depth - 1)})"
            case 15:
                return f"abs({self.float(scope, depth - 1)})"
            case 16 | 17 | 18:
                return self.reduction(scope, depth - 1)
            case 19 | 20:
                return self.called(scope, depth - 1)
            case 21:
                return self.comprehended(scope)
            case 22:
                bound = [a for a in scope.floats if a in scope.names]
                if scope.expression or not bound:
                    return self.leaf(scope)
                return f"({self.pick(bound)} := {self.wrapped(scope, depth - 1)})"
            case 23:
                return f"float({self.float(scope, depth - 1)})"
            case 24:
                a = self.pick(scope.floats)
                return f"(lambda p: {self.float(self.within(scope, 'p'), depth - 1)})({a})"
        return f"0.5 * {self.factor(scope, depth - 1)}"

    def factor(self, scope: Scope, depth: int) -> str:
        inner = self.float(scope, depth)
        plain = inner.isidentifier() or (inner.startswith(("np.", "math.")) and " " not in inner)
        return inner if plain else f"({inner})"

    def wrapped(self, scope: Scope, depth: int = 2) -> str:
        """One that stays small however often it is applied."""
        inner = self.float(scope, depth)
        match self.choices.below(6):
            case 0 | 1:
                return inner if not scope.loops else f"np.sin({inner})"
            case 2:
                return f"np.tanh({inner})"
            case 3:
                return f"math.sin({inner})"
            case 4:
                return f"0.5 * ({inner})"
        return f"np.sin({inner})"

    def within(self, scope: Scope, *names: str) -> Scope:
        return scope.copy(floats=[*scope.floats, *names, *names], expression=True)

    def reduction(self, scope: Scope, depth: int) -> str:
        kinds = ["array"] * 3 + ["list"] * 2 * bool(scope.lists) + ["dict", "values"] * bool(scope.dicts)
        match self.pick(kinds):
            case "list":
                xs = self.pick(scope.lists)
                forms = ("sum({})", "0.1 * len({})", "sum({}[:2])", "np.mean(np.array({}))", "max({})")
                return self.pick(forms).format(xs)
            case "dict":
                d = self.pick(list(scope.dicts))
                return f"sum({d}[k] for k in {d})"
            case "values":
                return f"sum({self.pick(list(scope.dicts))}.values())"
        length = self.pick((3, 3, 2))
        u = self.array(scope, depth, length)
        match self.choices.below(9):
            case 0 | 1:
                return f"np.sum({u})"
            case 2:
                return f"({u}).sum()"
            case 3:
                return f"np.mean({u})"
            case 4:
                return f"np.dot({u}, {self.array(scope, 0, length)})"
            case 5:
                return f"(({u}) @ ({self.array(scope, 0, length)}))"
            case 6:
                return f"sum({u})"
            case 7:
                return f"np.max({u})"
        return f"({u})[{self.index(scope, length)}]"

    def called(self, scope: Scope, depth: int) -> str:
        own = [g for g, (_, results) in scope.functions.items() if results == 1]
        p = self.float(scope, depth)
        match self.choices.below(14 if own else 7):
            case 0:
                return f"soft({p})"
            case 1:
                return f"soft({p}, {self.leaf(scope)}, scale={self.leaf(scope)})"
            case 2:
                return f"clipped({p})"
            case 3:
                return f"halves({p}, {self.leaf(scope)})[{self.choices.below(2)}]"
            case 4:
                return f"nested({p}, {self.pick((1, 2, 0))})"
            case 5:
                return f"total({p}, {self.leaf(scope)}, *{self.pick(scope.lists)})" if scope.lists else f"total({p})"
            case 6:
                return f"soft(q={p}, p={self.leaf(scope)})"
        g = self.pick(own)
        return self.call_of(scope, g, depth)

    def call_of(self, scope: Scope, g: str, depth: int) -> str:
        args = [self.float(scope, depth) for _ in range(scope.functions[g][0])]
        return f"{g}({', '.join(args)})"

    def comprehended(self, scope: Scope) -> str:
        name, over, inner = "e", "", self.within(scope, "e")
        match self.choices.below(4 if scope.lists else 3):
            case 0:
                over = f"e in {self.pick(list(scope.arrays))}"
            case 1:
                over, inner = "i in range(n)", scope.copy(ints=[*scope.ints, "i"], expression=True)
            case 2:
                u, w = self.pick(list(scope.arrays)), self.pick(list(scope.arrays))
                over, inner = f"e, o in zip({u}, {w})", self.within(scope, "e", "o")
            case 3:
                over = f"e in {self.pick(scope.lists)}"
        condition = f" if {self.test(inner, 1)}" if self.one_in(3) else ""
        made = f"{self.float(inner, 1)} for {over}{condition}"
        return f"sum([{made}])" if self.one_in(2) else f"sum({made})"

    def array(self, scope: Scope, depth: int = 1, length: int = 3) -> str:
        """An expression whose value is an array of that length."""
        have = [u for u, n in scope.arrays.items() if n == length]
        threes = [u for u, n in scope.arrays.items() if n == 3]
        if length == 2 and (not have or self.one_in(2)):
            u = self.pick(threes)
            return self.pick((f"{u}[1:]", f"{u}[:-1]", f"{u}[::2]", f"np.diff({u})"))
        if depth <= 0:
            return self.pick(have) if not scope.rows or length == 2 or self.one_in(2) else f"{self.pick(scope.rows)}[0]"
        u = self.array(scope, depth - 1, length)
        match self.choices.below(16):
            case 0 | 1:
                return u
            case 2 | 3:
                return f"{u} {self.pick('+-')} {self.array(scope, 0, length)}"
            case 4:
                return f"({u}) * {self.array(scope, 0, length)}"
            case 5:
                return f"{self.factor(scope, depth - 1)} * ({u})"
            case 6 | 7:
                return f"{self.pick(('np.sin', 'np.tanh', 'np.cos'))}({u})"
            case 8:
                return f"np.where({u} > {self.number()}, {self.array(scope, 0, length)}, {self.leaf(scope)})"
            case 9:
                return f"({u})[::-1]"
            case 10:
                return f"np.cumsum({u})"
            case 11:
                return f"np.maximum({u}, {self.number()})"
            case 12:
                return f"({u}) / (2.0 + {self.factor(scope, 0)} ** 2)"
            case 13 if length == 3:
                return f"np.array([{self.leaf(scope)}, {self.leaf(scope)}, {self.leaf(scope)}])"
            case 14 if length == 3 and scope.matrices:
                m = self.pick(scope.matrices)
                row = f"{m}[{self.index(scope, 3)}]"
                return self.pick((row, f"{m} @ ({u})", f"{m}.sum(axis=0)", f"{m}.T @ ({u})", f"{m}[:, 1]"))
        return f"({u}) + {self.leaf(scope)}"

    def test(self, scope: Scope, depth: int = 1) -> str:
        match self.choices.below(12 if depth > 0 else 6):
            case 0 | 1 | 2:
                return f"{self.float(scope, depth)} {self.pick('><')} {self.number()}"
            case 3:
                asked = self.pick(("> 1", "== 1", "% 2 == 0", "< 2"))
                return f"{self.pick(scope.ints)} {asked}" if scope.ints else "x > 0.4"
            case 4:
                return self.pick(scope.bools) if scope.bools else f"{self.leaf(scope)} > {self.number()}"
            case 5:
                if scope.lists:
                    return f"len({self.pick(scope.lists)}) > 2"
                return f"{self.leaf(scope)} < {self.leaf(scope)}"
            case 6 | 7:
                return f"{self.pick(('-0.3', '0.1'))} < {self.float(scope, 0)} < {self.pick(('0.8', '0.4'))}"
            case 8 | 9:
                return f"{self.test(scope, 0)} and {self.test(scope, 0)}"
            case 10:
                return f"({self.test(scope, 0)} or {self.test(scope, 0)})"
        return f"not ({self.test(scope, 0)})"

    # --- statements -------------------------------------------------------------------------------

    def block(self, scope: Scope, most: int = 4) -> bool:
        """A few statements, indented; whether the end is never reached."""
        self.indent += 1
        count, ended, start = 1 + self.choices.below(most), False, len(self.lines)
        for k in range(count):
            if k and self.left <= 0:
                break
            ended = self.statement(scope)
            if ended:
                break
        if len(self.lines) == start:
            self.put("pass")
        self.indent -= 1
        return ended

    def statement(self, scope: Scope) -> bool:
        self.left -= 1
        plain = [self.assign] * 6 + [self.augment] * 4 + [self.swap, self.bools, self.ints, self.several, self.printed]
        plain += [self.array_assign] * 2 + [self.array_write] * 4 + [self.array_name] * 2 + [self.matrix]
        plain += [self.listed] * 2 + [self.list_write] * 3 * bool(scope.lists) + [self.tupled, self.unpacked]
        plain += [self.dicted, self.dict_write, self.row_list] + [self.matrix_write] * 2 * bool(scope.matrices)
        plain += [self.calls_several]
        if self.left > 0:
            plain += [self.branch] * 6 + [self.loop_range] * 5 + [self.loop_over] * 4 + [self.loop_while] * 2
            plain += [self.lambda_, self.define, self.define] if not scope.inner else []
            plain += [self.guarded]
        if scope.loops or self.one_in(8):
            plain += [self.leave] * 2
        return bool(self.pick(plain)(scope))

    def target(self, scope: Scope) -> str:
        return self.pick(scope.names)

    def assign(self, scope: Scope) -> None:
        value = self.wrapped(scope)
        if self.one_in(12):
            value = "0"
        a = self.target(scope)
        self.put(f"{a} = {value}")
        scope.bind("floats", a)

    def bound(self, scope: Scope) -> str:
        names = [a for a in scope.names if a in scope.floats]
        if not names:
            self.assign(scope)
            return self.bound(scope)
        return self.pick(names)

    def augment(self, scope: Scope) -> None:
        a = self.bound(scope)
        match self.choices.below(5):
            case 0 | 1 | 2:
                self.put(f"{a} += {self.wrapped(scope)}")
            case 3:
                self.put(f"{a} -= {self.wrapped(scope)}")
            case 4:
                self.put(f"{a} *= {self.pick(('np.cos', 'np.tanh'))}({self.float(scope, 1)})")

    def swap(self, scope: Scope) -> None:
        a, b = self.bound(scope), self.bound(scope)
        if a != b:
            c = self.bound(scope)
            if c in (a, b) or self.one_in(2):
                self.put(f"{a}, {b} = {b}, {a}")
            else:
                self.put(f"{a}, {b}, {c} = {c}, {a}, {b}")

    def several(self, scope: Scope) -> None:
        a, b = self.target(scope), self.target(scope)
        first, second = self.wrapped(scope), self.wrapped(scope)
        match self.choices.below(3):
            case 0:
                self.put(f"{a}, {b} = {first}, {second}")
            case 1:
                self.put(f"{a} = {b} = {first}")
            case 2:
                c = self.target(scope)
                self.put(f"{a}, ({b}, {c}) = {first}, ({second}, {self.leaf(scope)})")
                scope.bind("floats", c)
        scope.bind("floats", a)
        scope.bind("floats", b)

    def bools(self, scope: Scope) -> None:
        self.put(f"flag = {self.test(scope)}")
        scope.bind("bools", "flag")

    def ints(self, scope: Scope) -> None:
        if "m" in scope.ints and not scope.inner:
            self.put(self.pick(("m += 1", "m = (2 * m + 1) % 5", "m = 3 - m")))
        else:
            self.put(f"m = {self.pick((*scope.ints, '0', '2'))}")
        scope.bind("ints", "m")

    def printed(self, scope: Scope) -> None:
        self.put(f"print({self.leaf(scope)})")

    # arrays

    def array_assign(self, scope: Scope) -> None:
        if scope.inner:
            return self.assign(scope)
        length = self.pick((3, 3, 3, 2))
        value = self.array(scope, self.pick((1, 2)), length)
        if length == 3 and self.one_in(4):
            made = ("np.zeros(3)", "np.ones(3)", "v.copy()", "np.array(v)", "np.zeros_like(v)", "np.full(3, 0.5)")
            value = self.pick(made)
        u = self.pick(("u", "w", "z", "v") if length == 3 else ("r2", "q2"))
        self.put(f"{u} = {value}")
        scope.bind("arrays", u, length)

    def array_name(self, scope: Scope) -> None:
        """Another name for an array, or for a part of one."""
        if scope.inner:
            return self.assign(scope)
        u = self.pick([u for u, n in scope.arrays.items() if n == 3])
        if self.one_in(3):
            self.put(f"r2 = {u}{self.pick(('[1:]', '[:2]', '[::2]'))}")
            scope.bind("arrays", "r2", 2)
        else:
            w = self.pick(("u", "w", "z"))
            self.put(f"{w} = {u}{self.pick(('', '', '[:]', '[::-1]'))}")
            scope.bind("arrays", w, 3)

    def array_write(self, scope: Scope) -> None:
        u = self.pick(list(scope.arrays))
        n = scope.arrays[u]
        parts = "parts" not in self.without
        match self.choices.below(9):
            case 0 | 1 | 2 | 3 | 7 | 8 if not parts:
                return self.array_assign(scope)
            case 0 | 1:
                self.put(f"{u}[{self.index(scope, n)}] = {self.wrapped(scope)}")
            case 2 | 3:
                self.put(f"{u}[{self.index(scope, n)}] {self.pick('+-*')}= {self.wrapped(scope)}")
            case 4 | 5 if not scope.inner:
                self.put(f"{u} {self.pick('+-')}= {self.pick(('np.sin', 'np.tanh'))}({self.array(scope, 1, n)})")
            case 6 if not scope.inner:
                self.put(f"{u} *= {self.pick(('np.cos', 'np.tanh'))}({self.float(scope, 1)})")
            case 7 if n == 3:
                other = self.array(scope, 1, 2)
                self.put(f"{u}{self.pick(('[1:]', '[:2]', '[::2]'))} {self.pick(('', '+', '-'))}= np.sin({other})")
            case _ if parts:
                self.put(f"{u}[:] = np.tanh({self.array(scope, 1, n)})")
        return None

    def matrix(self, scope: Scope) -> None:
        if scope.inner:
            return self.assign(scope)
        u, w = self.array(scope, 0), self.array(scope, 0)
        value = self.pick((
            f"np.outer({u}, {w})", "np.zeros((3, 3))", f"np.stack([{u}, {w}, v])", f"np.sin({u}[:, None] - {w})",
            f"np.array([{u}, {w}, {u}])",
        ))
        self.put(f"m3 = {value}")
        scope.bind("matrices", "m3")

    def matrix_write(self, scope: Scope) -> None:
        if "parts" in self.without:
            return self.matrix(scope)
        m, i, j = self.pick(scope.matrices), self.index(scope, 3), self.index(scope, 3)
        self.put(self.pick((
            f"{m}[{i}, {j}] = {self.wrapped(scope)}", f"{m}[{i}, {j}] += {self.wrapped(scope)}",
            f"{m}[{i}] = np.sin({self.array(scope)})", f"{m}[{i}] += np.sin({self.array(scope)})",
            f"{m}[:, {j}] = np.sin({self.array(scope)})", f"{m}[{i}] *= np.cos({self.leaf(scope)})",
            f"{m}[1:, :2] *= 0.5", f"{m}[{i}][{j}] += {self.wrapped(scope)}",
        )))

    # containers

    def listed(self, scope: Scope) -> None:
        if scope.inner or scope.fixed:
            return self.assign(scope)
        xs = self.pick(("xs", "ys"))
        items = [self.wrapped(scope, 1) for _ in range(1 + self.choices.below(3))]
        value = f"[{', '.join(items)}]"
        match self.choices.below(9):
            case 0 | 1 | 2:
                pass
            case 3 if scope.lists:
                forms = ("{}", "{}", "{}[:]", "list({})", "{}[::-1]", "sorted({})", "{}.copy()")
                value = self.pick(forms).format(self.pick(scope.lists))
            case 4:
                value = f"[np.sin({self.float(self.within(scope, 'e'), 1)}) for e in {self.pick(list(scope.arrays))}]"
            case 5:
                inner = scope.copy(ints=[*scope.ints, "i"], expression=True)
                over = self.pick(("range(n)", "range(3)"))
                value += f" + [np.sin({self.float(inner, 1)}) for i in {over} if {self.test(inner, 0)}]"
            case 6 if scope.lists:
                value += f" + {self.pick(scope.lists)}[1:3]"
            case 7:
                value = f"[{items[0]}] * {self.pick((2, 3))}"
            case 8:
                value = f"list({self.pick(list(scope.arrays))})"
        self.put(f"{xs} = {value}")
        scope.bind("lists", xs)

    def list_write(self, scope: Scope) -> None:
        xs = self.pick(scope.lists)
        at = f"{xs}[{self.pick((0, -1))}]"
        if scope.ints and self.one_in(2):
            at = f"{xs}[{self.pick(scope.ints)} % len({xs})]"
        if scope.fixed or scope.inner or self.one_in(3):
            self.put(f"{at} {self.pick(('', '+', '-'))}= {self.wrapped(scope)}")
            return
        match self.choices.below(8):
            case 0 | 1 | 2 | 3:
                self.put(f"{xs}.append({self.wrapped(scope)})")
            case 4:
                self.put(f"{xs}.extend([{self.wrapped(scope, 1)}, {self.leaf(scope)}])")
            case 5:
                self.put(f"{xs}.insert(0, {self.wrapped(scope, 1)})")
            case 6:
                self.put(f"{xs}.append({self.wrapped(scope, 1)})")
                a = self.target(scope)
                self.put(f"{a} = {xs}.pop({self.pick(('', '0'))})")
                scope.bind("floats", a)
            case 7:
                self.put(f"{xs} += [{self.wrapped(scope, 1)}]")

    def row_list(self, scope: Scope) -> None:
        """A list of arrays, and writes through it."""
        if scope.inner:
            return self.assign(scope)
        if not scope.rows:
            self.put(f"rows = [{self.array(scope, 0)}, {self.array(scope, 1)}]")
            scope.bind("rows", "rows")
            return
        match self.choices.below(4 if not scope.fixed else 3):
            case 0:
                self.put(f"rows[{self.pick((0, -1))}] = {self.array(scope)}")
            case 1:
                self.put(f"rows[{self.pick((0, -1))}] += np.sin({self.array(scope)})")
            case 2 if "parts" not in self.without:
                self.put(f"rows[{self.pick((0, -1))}][{self.index(scope, 3)}] = {self.wrapped(scope)}")
            case 3:
                self.put(f"rows.append({self.array(scope)})")
        return None

    def tupled(self, scope: Scope) -> None:
        if scope.inner:
            return self.assign(scope)
        p, count = self.pick(("tp", "tq")), 2 + self.choices.below(2)
        if scope.loops:  # what was read above in a loop must still be there in its next iteration
            count = scope.tuples.get(p, count)
        items = [self.wrapped(scope, 1) for _ in range(count)]
        self.put(f"{p} = ({', '.join(items)})")
        scope.bind("tuples", p, count)

    def unpacked(self, scope: Scope) -> None:
        match self.pick(("array", *(("tuple",) * 2 if scope.tuples else ()))):
            case "tuple":
                p = self.pick(list(scope.tuples))
                names = [self.target(scope) for _ in range(scope.tuples[p])]
                self.put(f"{', '.join(names)} = {p}")
            case _:
                names = [self.target(scope) for _ in range(3)]
                self.put(f"{', '.join(names)} = {self.array(scope)}")
        for a in names:
            scope.bind("floats", a)

    def dicted(self, scope: Scope) -> None:
        if scope.inner:
            return self.assign(scope)
        keys = self.pick((("a", "b"), ("a", "b", "c")))
        if scope.loops:
            keys = scope.dicts.get("d", keys)
        self.put("d = {" + ", ".join(f'"{k}": {self.wrapped(scope, 1)}' for k in keys) + "}")
        scope.bind("dicts", "d", keys)

    def dict_write(self, scope: Scope) -> None:
        if not scope.dicts:
            return self.dicted(scope)
        d = self.pick(list(scope.dicts))
        self.put(f'{d}["{self.pick(scope.dicts[d])}"] {self.pick(("", "+", "*"))}= {self.wrapped(scope)}')

    # functions

    def lambda_(self, scope: Scope) -> None:
        self.put(f"h = lambda p, k={self.number()}: {self.float(self.within(scope, 'p', 'k'))}")
        scope.bind("functions", "h", (1, 1))

    def define(self, scope: Scope) -> None:
        g, count, results = self.pick(("g", "fn")), 1 + self.choices.below(2), 1 + self.one_in(3)
        params = ["p", "o"][:count]
        local = ("e", "r", *params)
        default = f", r={self.number()}" if self.one_in(3) else ""
        self.put(f"def {g}({', '.join(params)}{default}):")
        functions = {k: v for k, v in scope.functions.items() if k != g}
        inside = scope.copy(
            names=local, functions=functions, results=results, inner=True, loops=0,
            floats=[*scope.floats, *params, *(["r"] if default else [])], bools=[], expression=False,
            ints=[i for i in scope.ints if i != "m"],
        )
        self.indent += 1
        if self.one_in(8):
            a = self.pick([a for a in scope.floats if a in scope.names])
            self.put(f"nonlocal {a}" if a not in local else "pass")
            if a not in local:
                self.put(f"{a} = {self.wrapped(inside)}")
        self.indent -= 1
        ended = self.block(inside, 3)
        self.indent += 1
        if not ended:
            self.returned(inside)
        self.indent -= 1
        scope.bind("functions", g, (count, results))

    def calls_several(self, scope: Scope) -> None:
        own = [g for g, (_, results) in scope.functions.items() if results == 2]
        a, b = self.target(scope), self.target(scope)
        match self.pick(("halves", "halves", "shifted", *("own",) * 3 * bool(own))):
            case "own":
                self.put(f"{a}, {b} = {self.call_of(scope, self.pick(own), 1)}")
            case "shifted" if not scope.inner:
                self.put(f"{a} = {b} = shifted({self.pick(list(scope.arrays))}, {self.wrapped(scope, 1)})")
            case _:
                self.put(f"{a}, {b} = halves({self.float(scope, 1)}, {self.leaf(scope)})")
        scope.bind("floats", a)
        scope.bind("floats", b)

    # control flow

    def branch(self, scope: Scope) -> bool:
        ends: list[Scope] = []
        self.put(f"if {self.test(scope)}:")
        side = scope.copy()
        if not self.block(side):
            ends.append(side)
        while self.one_in(4):
            self.put(f"elif {self.test(scope)}:")
            side = scope.copy()
            if not self.block(side, 2):
                ends.append(side)
        side = scope.copy()
        if self.one_in(2):
            self.put("else:")
            if not self.block(side):
                ends.append(side)
        else:
            ends.append(side)
        if not ends:
            return True
        scope.keep(*ends)
        return False

    def leave(self, scope: Scope) -> bool:
        kinds = ["return"] + ["break", "continue"] * 3 * bool(scope.loops)
        if not self.one_in(3):
            self.put(f"if {self.test(scope)}:")
            self.indent += 1
            self.left_by(scope, self.pick(kinds))
            self.indent -= 1
            return False
        if not scope.loops and not scope.inner and len(self.lines) < 6:
            return False
        self.left_by(scope, self.pick(kinds))
        return True

    def left_by(self, scope: Scope, kind: str) -> None:
        if kind == "return":
            self.returned(scope)
        else:
            self.put(kind)

    def returned(self, scope: Scope) -> None:
        if scope.results == 2:
            self.put(f"return {self.float(scope, 1)}, {self.float(scope, 1)}")
            return
        terms = [self.float(scope, 1)]
        if not scope.inner:
            terms += [f"{0.3 + 0.2 * k:.1f} * {a}" for k, a in enumerate(scope.floats) if self.one_in(2)]
            terms += [f"np.sum({u})" for u in scope.arrays if self.one_in(2)]
            terms += [f"sum({xs})" for xs in scope.lists if self.one_in(2)]
            terms += [f"np.sum(np.sin({m}))" for m in scope.matrices if self.one_in(2)]
            terms += [f"{r}[0].sum()" for r in scope.rows if self.one_in(2)]
        self.put("return " + " + ".join(terms))

    def body(self, scope: Scope, sure: bool, inside: Scope) -> None:
        """The block of a loop, its `else`, and what is bound afterwards."""
        start = len(self.lines)
        ended = self.block(inside)
        text = "\n".join(self.lines[start:])
        if self.one_in(8):
            self.put("else:")
            self.block(scope.copy())
        if sure and not ended and not any(word in text for word in ("break", "continue")):
            inside.loops, inside.fixed = scope.loops, scope.fixed
            scope.keep(inside)

    def loop_range(self, scope: Scope) -> None:
        if scope.loops >= 3:
            return self.augment(scope)
        i = self.pick([v for v in ("i", "j", "l") if v not in scope.ints] or ["i"])
        ranges = ["range(3)", "range(n)", "range(2)", "range(1, n + 1)", "range(n, 0, -1)", "range(0, 4, 2)"]
        ranges += ["range(2, -1, -1)", "range(len(v))", "reversed(range(n))", "range(-1, 2)", "range(0)"]
        ranges += [f"range({k})" for k in scope.ints]
        over = self.pick(ranges)
        self.put(f"for {i} in {over}:")
        sure = over[6] in "23-" or over.startswith(("range(0, 4", "range(len"))
        inside = scope.copy(loops=scope.loops + 1)
        inside.bind("ints", i)
        self.body(scope, sure, inside)

    def loop_over(self, scope: Scope) -> None:
        if scope.loops >= 3:
            return self.augment(scope)
        u, w = self.array(scope, self.choices.below(2)), self.array(scope, 0)
        e, o = self.target(scope), self.target(scope)
        a, b, c = self.leaf(scope), self.leaf(scope), self.leaf(scope)
        fixed, bound, i = scope.fixed, [e], None
        options = ["array", "zip", "enumerate", "tuple", "pairs"] + ["list", "lists"] * bool(scope.lists)
        options += ["items", "values"] * bool(scope.dicts) + ["matrix"] * bool(scope.matrices)
        options += ["rows"] * bool(scope.rows)
        kind = self.pick(options)
        if scope.inner and kind in ("matrix", "rows"):
            kind = "array"
        match kind:
            case "array":
                head = f"{e} in {u}"
            case "zip":
                head, bound = f"{e}, {o} in zip({u}, {w})", [e, o]
            case "enumerate":
                i = self.pick([v for v in ("i", "j", "l") if v not in scope.ints] or ["i"])
                head = f"{i}, {e} in enumerate({u}{self.pick(('', ', 1'))})"
            case "tuple":
                head = f"{e} in ({a}, {b}, {c})"
            case "pairs":
                head, bound = f"{e}, {o} in [({a}, {b}), ({c}, {a})]", [e, o]
            case "list":
                xs = self.pick(scope.lists)
                head, fixed = f"{e} in {self.pick((xs, f'reversed({xs})', f'{xs}[1:]', f'list({xs})'))}", True
            case "lists":
                xs = self.pick(scope.lists)
                head, bound, fixed = f"{e}, {o} in zip({xs}, {self.pick((w, self.pick(scope.lists)))})", [e, o], True
            case "items":
                head = f"key, {e} in {self.pick(list(scope.dicts))}.items()"
            case "values":
                head = f"{e} in {self.pick(list(scope.dicts))}.values()"
            case "matrix":
                head, bound = f"w in {self.pick(scope.matrices)}", []
            case "rows":
                head, bound, fixed = f"w in {self.pick(scope.rows)}", [], True
        self.put(f"for {head}:")
        inside = scope.copy(loops=scope.loops + 1, fixed=fixed)
        for a in bound:
            inside.bind("floats", a)
        if not bound:
            inside.bind("arrays", "w", 3)
        if i is not None:
            inside.bind("ints", i)
        self.body(scope, kind in ("array", "zip", "enumerate", "tuple", "pairs"), inside)

    def loop_while(self, scope: Scope) -> None:
        if scope.loops >= 3:
            return self.augment(scope)
        self.counters += 1
        k = f"k{self.counters}"
        self.put(f"{k} = 0")
        most = self.pick((3, 4, 2, "n"))
        tests = (f"{k} < {most}", f"{self.test(scope, 1)} and {k} < {most}", f"{k} < {most} and {self.test(scope, 1)}")
        test = self.pick(tests)
        self.put(f"while {test}:" if not self.one_in(4) else "while True:")
        endless = self.lines[-1].endswith("while True:")
        self.put(f"    {k} += 1")
        if endless:
            self.put(f"    if {k} > 3:")
            self.put("        break")
        inside = scope.copy(loops=scope.loops + 1)
        inside.bind("ints", k)
        self.body(scope, False, inside)
        scope.bind("ints", k)

    def guarded(self, scope: Scope) -> bool:
        match self.choices.below(3):
            case 0:
                self.put('with np.errstate(divide="ignore"):')
                return self.block(scope)
            case 1 if "try" not in self.without:
                self.put(f"last = {self.leaf(scope)}")
                self.put("try:")
                ended = self.block(scope, 2)
                self.put("finally:")
                self.put("    last = np.sin(last)")
                scope.bind("floats", "last")
                return ended
        self.put(f"assert {self.pick(scope.floats)} < 1e9")
        return False


# --- programs that can be run ---------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    source: str
    args: tuple[float, float, tuple[float, ...], int]

    def at(self, step: float) -> list[Any]:
        """Arguments, a step away along `DIRECTION`."""
        x, y, v, n = self.args
        return [x + step * DIRECTION[0], y + step * DIRECTION[1], np.array(v) + step * DIRECTION[2], n]

    def arguments(self) -> list[Any]:
        return self.at(0.0)

    def function(self) -> Callable[..., Any]:
        """`f`, with its source where `inspect` finds it."""
        return load(self.source)

    def __repr__(self) -> str:
        """What a failing test shows: the program and its arguments, to be pasted."""
        return f"Program(args={self.args}, source:\n{self.source.removeprefix(HEADER)})"


def load(source: str) -> Any:
    filename = f"<random program {next(_counter)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": "random_program"}
    exec(compile(source, filename, "exec", dont_inherit=True), space)
    return space["f"]


def unload(f: Any) -> None:
    linecache.cache.pop(f.__code__.co_filename, None)


def draw_program(choices: Choices, longest: int = 16, without: frozenset[str] = frozenset()) -> Program:
    args = (
        choices.pick((0.6, -0.45, 1.2)), choices.pick((0.35, 0.85, -1.1)),
        choices.pick(((0.2, -0.5, 0.9), (1.1, 0.45, -0.8))), choices.pick((2, 3, 1, 0)),
    )
    return Program(Writer(choices, longest, without).source(), args)


def random_program(seed: int, longest: int = 16, without: frozenset[str] = frozenset()) -> Program:
    return draw_program(Random(seed), longest, without)


@st.composite
def programs(draw: Callable[[Any], Any], longest: int = 16, without: frozenset[str] = frozenset()) -> Program:
    return draw_program(Drawn(draw), longest, without)


# --- their derivatives, by differences -------------------------------------------------------------


class _Recorded(ast.NodeTransformer):
    """The same program, noting the outcome of everything that makes a function jump or kink."""

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("note_", ast.Load()), [node], [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Name("max" | "min" | "abs" | "sorted"):
                node.func = ast.Name(node.func.id + "_", ast.Load())
            case ast.Attribute(ast.Name("np"), "maximum" | "max"):
                node.func = ast.Name("np_" + node.func.attr + "_", ast.Load())
            case ast.Attribute(array, "sort"):
                return ast.Call(ast.Name("sort_", ast.Load()), [array], [])
        return node


class Watched:
    """A program that says, beside its value, which way it went."""

    def __init__(self, source: str) -> None:
        tree = ast.fix_missing_locations(_Recorded().visit(ast.parse(source)))
        self.trace: list[Any] = []
        space: dict[str, Any] = {
            "note_": self.note, "abs_": self.abs, "max_": self.order(max), "min_": self.order(min),
            "sorted_": self.order(sorted), "np_maximum_": self.maximum, "np_max_": self.order(np.max),
            "sort_": self.order(np.ndarray.sort),
        }
        exec(compile(tree, "<watched>", "exec", dont_inherit=True), space)
        self.f = space["f"]

    def note(self, outcome: Any) -> Any:
        self.trace.append(tuple(outcome.tolist()) if isinstance(outcome, np.ndarray) else bool(outcome))
        return outcome

    def abs(self, a: Any) -> Any:
        self.note(a > 0)
        return abs(a)

    def maximum(self, a: Any, b: Any) -> Any:
        self.note(np.asarray(a > b))
        return np.maximum(a, b)

    def order(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        def ordered(*args: Any) -> Any:
            values = list(args[0] if len(args) == 1 else args)
            self.trace.append(tuple(np.argsort(values, kind="stable").tolist()))
            return fn(*args)

        return ordered

    def __call__(self, args: Sequence[Any]) -> tuple[float, list[Any]]:
        self.trace.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            value = float(self.f(*args))
        return value, list(self.trace)


DIRECTION = (0.83, -0.61, np.array([0.47, 0.92, -0.74]))


def slope(program: Any, source: str | None = None) -> tuple[float, float] | None:
    """The derivative along a program's direction with its tolerance, or None where differences do not tell.

    They do not where a comparison turns out otherwise at any of the points tried, and where halving the step
    changes the result. `source` is the program to be looked at, where that is another than the program's own.
    """
    watched = Watched(source or program.source)
    value, trace = watched(program.at(0.0))
    if not math.isfinite(value) or abs(value) > 1e5:
        return None
    slopes = []
    for h in (4e-4, 2e-4):
        ends = []
        for step in (h, -h):
            end, path = watched(program.at(step))
            if path != trace or not math.isfinite(end):
                return None
            ends.append(end)
        slopes.append((ends[0] - ends[1]) / (2 * h))
    coarse, fine = slopes
    if abs(coarse - fine) > 1e-4 * (1.0 + abs(fine)):
        return None
    tolerance = 1e-7 * (1.0 + abs(value) + abs(fine)) + 0.5 * abs(coarse - fine)
    return (4.0 * fine - coarse) / 3.0, tolerance
