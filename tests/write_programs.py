"""Random programs that write to arrays: functions `f(x, y, A, n)`, sometimes with a complex array `z` after these.

The sibling of programs.py, for one subject: what is written where, and who sees it. A program is drawn statement by
statement by a `Writer` that knows the shape and the dtype of everything it has named, so that what it writes runs: shapes
fit (NumPy itself says what shape an index gives), every index is in range, every loop ends, and values stay small. A name
keeps its shape and dtype for good, and what is named in a branch or a loop is forgotten after it.

The language drawn: writes and augmented writes to elements, slices with steps of either sign, rows, columns, masks, index
arrays with duplicates, `np.ix_`; whole arrays augmented; aliases, views, views of views, `.T`, `reshape`, `ravel`; swaps;
`out=`, `np.add.at`, `np.copyto`, `fill`, `sort`, `.flat`; functions that write to their arguments, return them or views of
them, return early or leave a loop; buffers that a loop fills entry by entry, exchanges, makes anew or keeps in a list;
closures that write; arrays in lists, tuples, dicts and attributes; branches on data, loops of all kinds, none of them too;
arrays of complex numbers, of floats in single precision, and of integers.

`random_write_program(seed)` is the same program for ever; `shrunk` makes one that fails smaller.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from programs import Choices, Random, load

HEADER = '''\
import numpy as np

WEIGHTS = np.array([[0.9, -0.4, 1.3, 0.6], [-1.1, 0.7, 0.2, -0.8], [0.5, 1.2, -0.3, 1.0], [-0.6, 0.1, 0.8, -1.4]])


def loss(u):
    if u.ndim == 2:
        return np.sum(np.sin(u) * WEIGHTS[: u.shape[0], : u.shape[1]])
    return np.sum(np.sin(u) * WEIGHTS[1, : u.shape[0]])


def bump(u, s):
    u += 0.3 * s


def fade(u, by=0.7):
    u[0] *= by
    return np.sum(u)


def relax(u, sweeps):
    for _ in range(sweeps):
        u[1:-1] = 0.5 * (u[:-2] + u[2:]) - 0.1 * u[1:-1] ** 2


def fill(out, source):
    out[:] = np.sin(source)
    out[-1] = 0.4 * source[0]


def same(u):
    return u


def tail(u):
    return u[1:]


def turned(u):
    return u.T


def chosen(u, v, s):
    return u if s > 0.2 else v


def exchange(u, v):
    t = u.copy()
    u[:] = v
    v[:] = t


def both(u, v):
    u += 0.4 * v
    v *= np.cos(u)
    return u


def axpy(s, u, *, out):
    out += 0.5 * s * u
    return out


def sweep(u, k):
    if k <= 0:
        return 0.5
    u[k] += 0.3 * u[k - 1]
    return np.sin(u[k]) * sweep(u, k - 1)


def settle(u, limit):
    k = 0
    while k < 6:
        u[k % len(u)] = np.sin(u[k % len(u)]) + 0.1 * u[0]
        k += 1
        if u[0] > limit:
            break
    return k


def until(u, limit):
    for i in range(len(u)):
        u[i] *= 0.8
        if u[i] > limit:
            u[0] = u[i] ** 2
            return u[i]
    return u[-1]


def halves(u):
    return u[: len(u) // 2], u[len(u) // 2 :]


def marched(u, v, steps):
    now, then = u.copy(), v
    for _ in range(steps):
        for i in range(1, len(now)):
            then[i] = np.sin(now[i]) + 0.3 * then[i - 1] * now[i - 1]
        now, then = then, now
    return now


def made(u, steps):
    now, kept = u, []
    for k in range(steps):
        new = np.zeros_like(now)
        for i in range(len(new)):
            new[i] = 0.6 * now[i] * now[i - 1] + 0.2 * new[i - 1]
        kept.append(new)
        now = new if k != 1 else now
    return kept


class Pair:
    def __init__(self, u, v):
        self.u = u
        self.v = v

    def step(self):
        self.u[1:] += 0.3 * self.v[:-1] * self.v[1:]
        self.v[0] = self.u[-1]

    def swap(self):
        self.u, self.v = self.v, self.u


'''

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """An array: `dtype` is a letter, f(loat), s(ingle), c(omplex) or i(nteger)."""

    shape: Shape
    dtype: str = "f"
    bound: str = "name"  # "item": `L[0] = …` is allowed, "fixed": nothing may be bound here


@dataclass
class Scope:
    arrays: dict[str, Kind]
    ints: dict[str, int] = field(default_factory=dict)  # with their bound, 99 where it is not known
    floats: list[str] = field(default_factory=list)
    sequences: dict[str, Kind] = field(default_factory=dict)  # lists and tuples of arrays of one kind
    closures: dict[str, int] = field(default_factory=dict)  # how long the array is that they write to
    loops: int = 0
    depth: int = 0

    def inner(self, loop: bool = False) -> Scope:
        copies = {k: v.copy() for k, v in vars(self).items() if isinstance(v, list | dict)}
        return Scope(**copies, loops=self.loops + loop, depth=self.depth + 1)


class Writer:
    """Draws one program."""

    def __init__(self, choices: Choices, longest: int, complex_argument: bool) -> None:
        self.choices = choices
        self.pick, self.one_in = choices.pick, choices.one_in
        self.lines: list[str] = []
        self.indent = 1
        self.left = 2 + choices.below(longest)
        self.names = 0
        self.complex_argument = complex_argument

    def source(self) -> str:
        scope = Scope({"x": Kind((4,)), "y": Kind((4,)), "A": Kind((3, 4))}, {"n": 99}, ["s"])
        if self.complex_argument:
            scope.arrays["z"] = Kind((4,), "c")
        self.put("s = 0.0")
        while self.left > 0:
            self.statement(scope)
        self.put(f"return {self.result(scope)}")
        head = "def f(x, y, A, n, z):\n" if self.complex_argument else "def f(x, y, A, n):\n"
        return HEADER + head + "\n".join(self.lines) + "\n"

    def put(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def fresh(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def result(self, scope: Scope) -> str:
        """Whatever can be reached counts, each with weights of its own."""
        terms = ["s"]
        for k, (u, kind) in enumerate(scope.arrays.items()):
            weight = f"{0.3 + 0.2 * (k % 5):.1f}"
            match kind.dtype:
                case "c":
                    terms += [f"{weight} * loss({u}.real)", f"{weight} * loss({u}.imag * 0.8)"]
                case "i":
                    terms.append(f"{weight} * np.sum({u}) * x[0]")
                case _:
                    terms.append(f"{weight} * loss({u})")
        return " + ".join(terms)

    # --- indices ----------------------------------------------------------------------------------

    def integer(self, scope: Scope, length: int) -> str:
        if scope.ints and not self.one_in(3):
            i = self.pick(list(scope.ints))
            if scope.ints[i] <= length and self.one_in(2):
                return i
            return self.pick((f"{i} % {length}", f"({i} + 1) % {length}", f"-1 - {i} % {length}"))
        whole = [u for u, k in scope.arrays.items() if k.dtype == "i"]
        if whole and self.one_in(3):
            return f"{self.pick(whole)}[0] % {length}"
        return str(self.choices.below(2 * length) - length)

    def cut(self, length: int) -> str:
        cuts = (":", "1:", ":-1", "::2", "::-1", "1:-1", "1::2", "-2:", ":2", "2:", "-1:0:-1", "::-2", "-2::-1")
        cuts = tuple(c for c in cuts if len(eval(f"range({length})[{c}]")))
        return str(self.pick(cuts))

    def gather(self, scope: Scope, length: int) -> str:
        places = [self.choices.below(length) - self.pick((0, 0, length)) for _ in range(self.pick((2, 3)))]
        whole = [u for u, k in scope.arrays.items() if k.dtype == "i"]
        if whole and self.one_in(3):
            return f"{self.pick(whole)} % {length}"
        return str(self.pick((f"{places}", f"np.array({places})")))

    def index(self, scope: Scope, shape: Shape) -> str:
        """An index whose result has a shape that is known."""
        if len(shape) == 1:
            match self.choices.below(9):
                case 0 | 1 | 2:
                    return self.integer(scope, shape[0])
                case 3 | 4 | 5:
                    return self.cut(shape[0])
                case 6:
                    return self.gather(scope, shape[0])
                case 7:
                    return self.pick(("...", ":", f"..., {self.integer(scope, shape[0])}"))
            return self.pick((f"None, {self.cut(shape[0])}", f"{self.cut(shape[0])}, None"))
        rows, columns = shape
        match self.choices.below(12):
            case 0 | 1 | 2:
                return f"{self.integer(scope, rows)}, {self.integer(scope, columns)}"
            case 3:
                return self.integer(scope, rows)
            case 4 | 5:
                return f"{self.integer(scope, rows)}, {self.cut(columns)}"
            case 6:
                return f"{self.cut(rows)}, {self.integer(scope, columns)}"
            case 7 | 8:
                return f"{self.cut(rows)}, {self.cut(columns)}"
            case 9:
                return self.pick((f"..., {self.cut(columns)}", self.cut(rows), f"{self.cut(rows)}, ..."))
            case 10:
                return self.pick((self.gather(scope, rows), f"{self.cut(rows)}, {self.gather(scope, columns)}"))
        pairs = [[self.choices.below(m) for _ in range(2)] for m in shape]
        return self.pick((f"{pairs[0]}, {pairs[1]}", f"np.ix_({pairs[0]}, {pairs[1]})"))

    def shape_at(self, scope: Scope, shape: Shape, index: str) -> Shape:
        space: dict[str, Any] = dict.fromkeys(scope.ints, 0)
        space |= {u: np.zeros(k.shape, int) for u, k in scope.arrays.items() if k.dtype == "i"}
        return np.shape(eval(f"at[{index}]", {"np": np, "at": np.zeros(shape), **space}))

    def part(self, scope: Scope, dtypes: str = "fs") -> tuple[str, Shape, str]:
        """Some place in some array, its shape, and the array's dtype."""
        u = self.some(scope, dtypes)
        index = self.index(scope, scope.arrays[u].shape)
        return f"{u}[{index}]", self.shape_at(scope, scope.arrays[u].shape, index), scope.arrays[u].dtype

    def some(self, scope: Scope, dtypes: str = "fs", shape: Shape | None = None) -> str:
        have = [u for u, k in scope.arrays.items() if k.dtype in dtypes and shape in (None, k.shape)]
        return str(self.pick(have[::-1] if self.one_in(2) else have))  # the latest as often as the first

    def like(self, scope: Scope, shape: Shape, dtypes: str = "fs", bound: tuple[str, ...] = ()) -> list[str]:
        return [
            u for u, k in scope.arrays.items()
            if k.shape == shape and k.dtype in dtypes and (not bound or k.bound in bound)
        ]

    # --- expressions ------------------------------------------------------------------------------

    def number(self) -> str:
        return str(self.pick(("0.5", "0.3", "-0.7", "1.3", "0.1", "-0.2")))

    def scalar(self, scope: Scope, depth: int = 1) -> str:
        if depth <= 0 or self.one_in(3):
            match self.choices.below(5):
                case 0:
                    return self.number()
                case 1:
                    return self.pick(scope.floats)
                case 2 if len(scope.ints) > 1:
                    return f"0.1 * {self.pick(list(scope.ints)[1:])}"
            u = self.some(scope)
            shape = scope.arrays[u].shape
            return f"{u}[{', '.join(self.integer(scope, m) for m in shape)}]"
        match self.choices.below(8):
            case 0 | 1:
                return f"{self.scalar(scope, depth - 1)} * {self.scalar(scope, depth - 1)}"
            case 2:
                return f"np.sin({self.scalar(scope, depth - 1)})"
            case 3:
                return f"({self.scalar(scope, depth - 1)} + {self.scalar(scope, depth - 1)})"
            case 4:
                return f"0.3 * np.sum({self.some(scope)})"
            case 5:
                u = self.some(scope)
                other = self.pick(self.like(scope, scope.arrays[u].shape))
                return f"0.2 * np.sum({u} * {other})"
            case 6:
                return f"0.4 * {self.part(scope)[0]}.sum()"
        return f"np.tanh({self.scalar(scope, depth - 1)})"

    def leaf(self, scope: Scope, shape: Shape, dtypes: str) -> str:
        """Something of this shape, or that broadcasts to it."""
        whole = self.like(scope, shape, dtypes)
        if whole and not self.one_in(3):
            return str(self.pick(whole[::-1]))
        for _ in range(6):
            u = self.some(scope, dtypes)
            have = scope.arrays[u].shape
            index = self.index(scope, have)
            if self.shape_at(scope, have, index) == shape:
                return f"{u}[{index}]"
            if have[::-1] == shape:
                return f"{u}.T"
        return self.scalar(scope, 0)

    def array(self, scope: Scope, shape: Shape, depth: int = 1, complex_: bool = False) -> str:
        if shape == () and not complex_:
            return self.scalar(scope, depth)
        dtypes = "fsc" if complex_ else "fs"
        if depth <= 0:
            if len(shape) == 2 and self.one_in(4):
                return self.leaf(scope, shape[1:], dtypes)
            return self.leaf(scope, shape, dtypes)
        match self.choices.below(10):
            case 0 | 1:
                return f"{self.array(scope, shape, depth - 1, complex_)} * {self.array(scope, shape, 0, complex_)}"
            case 2 | 3:
                return f"({self.array(scope, shape, depth - 1, complex_)} + {self.array(scope, shape, 0, complex_)})"
            case 4:
                return f"{self.number()} * {self.array(scope, shape, depth - 1, complex_)}"
            case 5 if not complex_:
                return f"np.sin({self.array(scope, shape, depth - 1)})"
            case 6 if not complex_:
                return f"np.tanh({self.array(scope, shape, depth - 1)})"
            case 7 if not complex_:
                a, b = self.array(scope, shape, 0), self.array(scope, shape, 0)
                return f"np.where({a} > {self.number()}, {b}, {self.array(scope, shape, 0)})"
            case 8 if len(shape) == 2 and not complex_:
                return f"np.outer({self.whole(scope, shape[:1])}, {self.whole(scope, shape[1:])})"
            case 9 if not complex_ and self.like(scope, shape, "c"):
                u = self.pick(self.like(scope, shape, "c"))
                return self.pick((f"{u}.real", f"{u}.imag", f"np.abs({u} + 2.0)", f"({u} * np.conj({u})).real"))
        return self.leaf(scope, shape, dtypes)

    def whole(self, scope: Scope, shape: Shape) -> str:
        """An expression that has this very shape."""
        have = self.like(scope, shape)
        if have:
            return str(self.pick(have))
        if shape == (3,):
            return f"A[:, {self.choices.below(4)}]"
        return f"x[:{shape[0]}]" if len(shape) == 1 else f"A[:{shape[0]}, :{shape[1]}]"

    def bounded(self, scope: Scope, shape: Shape, dtype: str = "f") -> str:
        """A value that stays small however often it is written."""
        if dtype == "c":
            return f"0.6 * {self.array(scope, shape, 0, True)} * {self.pick(('1j', '0.7', '(0.5 + 0.5j)'))}"
        inner = self.array(scope, shape, 2)
        forms = (f"np.sin({inner})", f"0.5 * {self.array(scope, shape, 0)}", f"np.tanh({inner})", f"np.cos({inner})")
        return str(self.pick(forms))

    def test(self, scope: Scope) -> str:
        match self.choices.below(7):
            case 0 | 1:
                u = self.some(scope)
                at = ", ".join(self.integer(scope, m) for m in scope.arrays[u].shape)
                return f"{u}[{at}] {self.pick('<>')} {self.number()}"
            case 2:
                return f"{self.pick(scope.floats)} {self.pick('<>')} {self.number()}"
            case 3:
                return f"np.sum({self.some(scope)}) > {self.number()}"
            case 4:
                return f"np.any({self.some(scope)} > {self.pick(('0.9', '1.4'))})"
            case 5:
                return f"{self.pick(list(scope.ints))} {self.pick(('>', '==', '<='))} {self.pick((1, 0, 2))}"
        return f"{self.scalar(scope)} > {self.number()} and {self.pick(list(scope.ints))} > 0"

    # --- statements -------------------------------------------------------------------------------

    def statement(self, scope: Scope) -> None:
        self.left -= 1
        kinds: list[tuple[int, Callable[[Scope], None]]] = [
            (9, self.store), (7, self.augment_part), (6, self.augment_whole), (4, self.masked), (3, self.dynamic),
            (4, self.bind_new), (2, self.bind_again), (4, self.bind_view), (2, self.swap), (2, self.exchange_parts),
            (3, self.out), (3, self.writers), (5, self.called), (2, self.contained), (2, self.of_sequence), (3, self.total),
            (1, self.closure), (1, self.attributes), (1, self.work_integers),
        ]
        if scope.depth < 2:
            kinds += [(2, self.buffers), (2, self.collected)]
        if scope.depth < 3:
            kinds += [(1, self.entries_of_dict), (5, self.loop), (4, self.branch), (1, self.loop_while), (1, self.loop_rows)]
        if scope.loops:
            kinds += [(1, self.leave)]
        self.pick([write for weight, write in kinds for _ in range(weight)])(scope)

    def store(self, scope: Scope) -> None:
        place, shape, dtype = self.part(scope, "fsc" if self.one_in(2) else "fs")
        self.put(f"{place} = {self.bounded(scope, shape, dtype)}")

    def augmented(self, scope: Scope, place: str, shape: Shape, dtype: str) -> str:
        value = self.array(scope, shape, 1, dtype == "c" and self.one_in(2))
        match self.choices.below(7):
            case 0 | 1:
                return f"{place} += 0.3 * {value}"
            case 2:
                return f"{place} -= 0.2 * {value}"
            case 3:
                return f"{place} *= {self.number()}"
            case 4 if dtype != "c":
                return f"{place} *= np.cos({value})"
            case 5 if dtype != "c":
                return f"{place} /= 2.0 + np.sin({value})"
            case 6 if dtype != "c":
                return f"{place} **= 2"
        return f"{place} *= {self.pick(('0.9', '-0.8'))}"

    def augment_part(self, scope: Scope) -> None:
        self.put(self.augmented(scope, *self.part(scope, "fsc" if self.one_in(2) else "fs")))

    def augment_whole(self, scope: Scope) -> None:
        u = self.some(scope, "fsc")
        kind = scope.arrays[u]
        self.put(self.augmented(scope, u if kind.bound != "fixed" else f"{u}[...]", kind.shape, kind.dtype))

    def masked(self, scope: Scope) -> None:
        u = self.some(scope)
        shape = scope.arrays[u].shape
        tested = self.pick([u, *self.like(scope, shape)])
        mask = f"{tested} {self.pick('<>')} {self.number()}"
        if self.one_in(3):
            self.put(f"mask = {mask}")
            mask = "mask"
        other = self.pick(self.like(scope, shape))
        lines = [
            f"{u}[{mask}] = {self.scalar(scope)}", f"{u}[{mask}] *= 0.6", f"{u}[{mask}] = np.sin({other}[{mask}])",
            f"{u}[{mask}] += 0.3 * {other}[{mask}]", f"{u}[~({mask})] = 0.0",
        ]
        if len(shape) == 2:
            row = f"{u}[:, {self.choices.below(shape[1])}] > {self.number()}"
            lines += [f"{u}[{row}] = {self.leaf(scope, shape[1:], 'fs')}", f"{u}[{row}] *= {self.scalar(scope)}"]
        self.put(self.pick(lines))

    def dynamic(self, scope: Scope) -> None:
        """Slices whose length the program works out."""
        u = self.some(scope)
        length = scope.arrays[u].shape[0]
        i = self.integer(scope, length)
        i = f"{length} {i}" if i.startswith("-") else i
        v = self.pick([w for w in scope.arrays if scope.arrays[w] == scope.arrays[u]])
        cut = self.pick((f"{i}:", f": {i} + 1", f"{i} :: -1"))
        self.put(self.pick((
            f"{u}[{cut}] *= 0.8", f"{u}[{cut}] += 0.3 * {v}[{cut}]", f"{u}[{cut}] = np.sin({v}[{cut}])",
            f"{u}[{cut}] = {self.scalar(scope)}",
        )))

    def made(self, scope: Scope) -> tuple[str, Kind]:
        """An expression for a new array, and its kind."""
        u = self.some(scope)
        shape = scope.arrays[u].shape
        match self.choices.below(10):
            case 0 | 1:
                return f"{u}.copy()", Kind(shape)
            case 2:
                return f"np.zeros_like({u})", Kind(shape, scope.arrays[u].dtype)
            case 3 | 4:
                return f"{u} * {self.scalar(scope)}", Kind(shape, scope.arrays[u].dtype)
            case 5:
                shape = self.pick(((4,), (3,), (3, 4), (2, 3)))
                return f"np.zeros({shape})", Kind(shape)
            case 6:
                return f"np.array([{self.scalar(scope)}, {self.scalar(scope)}, {self.scalar(scope)}])", Kind((3,))
            case 7:
                return f"np.zeros({shape}, dtype=complex)", Kind(shape, "c")
            case 8:
                return f"{u}.astype(np.float32)", Kind(shape, "s")
        return f"A @ {self.whole(scope, (4,))}", Kind((3,))

    def bind_new(self, scope: Scope) -> None:
        value, kind = self.made(scope)
        if kind.dtype == "f" and any(k.dtype == "s" for k in scope.arrays.values()):
            value = f"np.array({value}, dtype=float)"  # whatever it is made of
        u = self.fresh("b")
        self.put(f"{u} = {value}")
        scope.arrays[u] = kind

    def bind_again(self, scope: Scope) -> None:
        """A name, or an item of a list, that is bound to another array of its kind."""
        u = self.some(scope, "fsc")
        kind = scope.arrays[u]
        if kind.bound == "fixed":
            return self.augment_part(scope)
        alike = self.like(scope, kind.shape, kind.dtype)
        v = self.pick(alike)
        forms = [v, f"{v}.copy()", f"{v} * {self.number()}", f"{v} * 0.5"]
        if len(kind.shape) == 1:
            forms.append(f"{v}[::-1]")
        if kind.shape == (4,) and kind.dtype == "f":
            forms.append(f"A[{self.integer(scope, 3)}]")
        if kind.dtype == "f":
            forms.append(f"chosen({u}, {v}, {self.scalar(scope, 0)})")
            forms.append(f"{u} if {self.test(scope)} else {v}")
        self.put(f"{u} = {self.pick(forms)}")

    def bind_view(self, scope: Scope) -> None:
        u = self.some(scope, "fsc")
        kind = scope.arrays[u]
        forms: list[tuple[str, Shape]] = [(u, kind.shape), (f"same({u})", kind.shape)]
        for _ in range(3):
            index = self.index(scope, kind.shape)
            shape = self.shape_at(scope, kind.shape, index)
            if 1 <= len(shape) <= 2:
                forms += [(f"{u}[{index}]", shape)] * 2
        if kind.shape[0] > 1:
            forms.append((f"tail({u})", (kind.shape[0] - 1, *kind.shape[1:])))
        if len(kind.shape) == 2:
            forms += [(f"{u}.T", kind.shape[::-1]), (f"turned({u})", kind.shape[::-1])]
            size = kind.shape[0] * kind.shape[1]
            forms += [(f"{u}.ravel()", (size,)), (f"{u}.reshape(-1)", (size,))]
        elif kind.shape == (4,):
            forms += [(f"{u}.reshape(2, 2)", (2, 2)), (f"{u}[:, None]", (4, 1))]
        forms = [(text, shape) for text, shape in forms if max(shape) <= 4] or forms[:1]
        text, shape = self.pick(forms)
        v = self.fresh("v")
        if kind.shape[0] == 4 and self.one_in(8):
            w, shape = self.fresh("v"), (2, *kind.shape[1:])
            self.put(f"{v}, {w} = halves({u})")
            scope.arrays[w] = Kind(shape, kind.dtype)
        else:
            self.put(f"{v} = {text}")
        scope.arrays[v] = Kind(shape, kind.dtype)

    def swap(self, scope: Scope) -> None:
        u = self.some(scope, "fsc")
        others = [v for v, k in scope.arrays.items() if k == scope.arrays[u] and v != u and k.bound != "fixed"]
        if not others:
            return self.augment_whole(scope)
        v = self.pick(others)
        self.put(f"{u}, {v} = {v}, {u}")

    def exchange_parts(self, scope: Scope) -> None:
        u, v = self.some(scope), self.some(scope)
        at, other = (", ".join(self.integer(scope, m) for m in scope.arrays[w].shape) for w in (u, v))
        if len(scope.arrays[u].shape) == 2 and self.one_in(2):
            self.put(f"{u}[[0, 1]] = {u}[[1, 0]]")
        else:
            self.put(f"{u}[{at}], {v}[{other}] = {v}[{other}], {self.pick(('', '0.9 * '))}{u}[{at}]")

    def out(self, scope: Scope) -> None:
        u = self.some(scope, "f")
        shape = scope.arrays[u].shape
        a, b = self.whole(scope, shape), self.whole(scope, shape)
        lines = [
            f"np.multiply({a}, {b}, out={u})", f"np.add({a}, {self.scalar(scope)}, out={u})", f"np.sin({a}, out={u})",
            f"np.tanh({u}, {u})", f"np.subtract({a}, {b}, out={u}[...])", f"np.cos({a}[:2], out={u}[:2])",
            f"np.cumsum({a}, axis=0, out={u})", f"np.square({a}, out={u}[...])", f"{a}.cumsum(axis=0, out={u})",
            f"np.add({a}, {b}, out={u}, where={b} > 0.1)", f"np.multiply({a}, 0.6, out={u}, where={u} < {self.number()})",
        ]
        if shape == (3,):
            lines += [f"np.{self.pick(('matmul', 'dot'))}(A, {self.whole(scope, (4,))}, out={u})"]
        if shape == (4,):
            lines += [f"np.sum(0.4 * A, axis=0, out={u})", f"np.add(A[0], {a}, out=A[1])"]
        self.put(self.pick(lines))

    def writers(self, scope: Scope) -> None:
        """Functions and methods of NumPy that write."""
        u = self.some(scope, "f")
        shape = scope.arrays[u].shape
        a = self.whole(scope, shape)
        at = [self.choices.below(shape[0]) for _ in range(3)]
        row = self.leaf(scope, (3, *shape[1:]), "fs")
        lines = [
            f"np.add.at({u}, {at}, 0.3 * {row})", f"np.add.at({u}, {at}, {self.number()})",
            f"np.subtract.at({u}, np.array({at}), 0.2 * {row})", f"np.copyto({u}, 0.7 * {a})", f"{u}.fill({self.scalar(scope)})",
            f"{u}[:] = np.sin({a})", f"np.put({u}, [0, 2], {self.scalar(scope)})", f"np.copyto({u}, 0.5, where={a} > 0.4)",
            f"np.putmask({u}, {a} > {self.number()}, 0.7 * {a})", f"np.multiply.at({u}, {at}, 0.8)",
            f"{u}.put([1, 0], 0.4 * {a}[:2])",
        ]
        if len(shape) == 1:
            lines.append(f"{u}.sort()")
        else:
            lines += [f"np.fill_diagonal({u}, {self.scalar(scope)})", f"{u}.flat[1] = {self.scalar(scope)}"]
        self.put(self.pick(lines))

    def called(self, scope: Scope) -> None:
        u = self.some(scope, "f")
        kind = scope.arrays[u]
        a, v = self.pick(self.like(scope, kind.shape, "f")), self.fresh("w")
        lines = [f"bump({u}, {self.array(scope, kind.shape, 0)})", f"s += 0.2 * fade({u})", f"exchange({u}, {a})",
                 f"fill({u}, {a})", f"fade({u}, by={self.scalar(scope)})"]
        if kind.shape[0] > 2:
            lines += [f"relax({u}, {self.pick((1, 2, 0))})", f"s += 0.1 * loss(tail({u}))", f"fade(tail({u}))"]
        if len(kind.shape) == 2:
            lines += [f"fade({u}[{self.integer(scope, kind.shape[0])}])", f"bump({u}.T, 0.5)"]
            lines.append(f"bump(turned({u})[0], {self.scalar(scope)})")
        else:
            lines.append(f"s += 0.3 * sweep({u}, {kind.shape[0] - 1})")
            lines += [f"s += 0.1 * settle({u}, {self.number()})", f"s += 0.2 * until({u}, 0.4)"]
            lines.append(f"s += 0.2 * sum(loss(w) for w in made({u}, {self.pick((2, 3, 0, 'n'))}))")
            lines.append(f"s += 0.1 * loss(marched({u}, {a}, {self.pick((1, 2, 3, 0))}))")
        if scope.closures:
            g = self.pick(list(scope.closures))
            lines += [f"{g}({self.integer(scope, scope.closures[g])}, {self.scalar(scope)})"] * 4
        if self.one_in(3):
            s = self.scalar(scope, 0)
            self.put(f"{v} = {self.pick((f'both({u}, {a})', f'axpy({s}, {a}, out={u})', f'chosen({u}, {a}, {s})'))}")
            scope.arrays[v] = Kind(kind.shape, kind.dtype)
        else:
            self.put(self.pick(lines))

    def contained(self, scope: Scope) -> None:
        u = self.some(scope, "f")
        kind = scope.arrays[u]
        v = self.pick(self.like(scope, kind.shape, "f"))
        match self.choices.below(5):
            case 0 | 1:
                name = self.fresh("L")
                self.put(f"{name} = [{u}, {v}]" if self.one_in(2) else f"{name} = [{u}, {v} * 0.7]")
                items, bound = (f"{name}[0]", f"{name}[1]"), "item"
                scope.sequences[name] = kind
            case 2:
                name = self.fresh("t")
                self.put(f"{name} = ({u}, {v})")
                items, bound = (f"{name}[0]", f"{name}[1]"), "fixed"
                scope.sequences[name] = kind
            case 3:
                name = self.fresh("d")
                self.put(f'{name} = {{"u": {u}, "v": {v}.copy()}}')
                items, bound = (f'{name}["u"]', f'{name}["v"]'), "item"
            case _:
                name = self.fresh("L")
                self.put(f"{name} = [row for row in A]" if self.one_in(2) else f"{name} = [A[i] for i in range(3)]")
                kind = Kind((4,))
                items, bound = (f"{name}[0]", f"{name}[2]"), "item"
                scope.sequences[name] = kind
        for item in items:
            scope.arrays[item] = Kind(kind.shape, "f", bound)

    def of_sequence(self, scope: Scope) -> None:
        if not scope.sequences:
            return self.contained(scope) if self.one_in(2) else self.store(scope)
        name = self.pick(list(scope.sequences))
        kind = scope.sequences[name]
        if self.one_in(3):
            u, v = self.fresh("u"), self.fresh("u")
            self.put(f"{u}, {v}, *_ = {name}")
            scope.arrays[u] = scope.arrays[v] = Kind(kind.shape)
            return
        w = self.fresh("w")
        self.put(f"for {w} in {name}:")
        inside = scope.inner(loop=True)
        inside.arrays[w] = Kind(kind.shape)
        self.body(inside)

    def total(self, scope: Scope) -> None:
        forms = (f"s += 0.3 * {self.scalar(scope)}", f"s = np.sin({self.scalar(scope, 2)} + s)", f"s *= {self.scalar(scope)}")
        self.put(self.pick(forms))

    def closure(self, scope: Scope) -> None:
        g, u = self.fresh("g"), self.some(scope, "f")
        shape = scope.arrays[u].shape
        self.put(f"def {g}(i, p):")
        self.put("    " + self.pick((f"{u}[i] += 0.3 * p", f"{u}[i] = np.sin(p) * {u}[0]", f"{u}[:] = {u} * 0.9 + 0.1 * p")))
        scope.closures[g] = shape[0]

    def attributes(self, scope: Scope) -> None:
        pairs = [u for u in scope.arrays if u.endswith(".u")]
        if pairs and not self.one_in(3):
            name = self.pick(pairs)[:-2]
            return self.put(self.pick((f"{name}.step()", f"{name}.swap()")))
        name = self.fresh("p")
        fours = self.like(scope, (4,), "f")
        self.put(f"{name} = Pair({self.pick(fours)}, {self.pick(fours)}{self.pick(('', '.copy()', ' * 0.6'))})")
        scope.arrays[f"{name}.u"] = scope.arrays[f"{name}.v"] = Kind((4,), "f", "item")

    def work_integers(self, scope: Scope) -> None:
        """An array of integers beside the others: indices that the program works out."""
        whole = [u for u, k in scope.arrays.items() if k.dtype == "i"]
        if not whole:
            name = self.fresh("k")
            self.put(f"{name} = np.array({self.pick(('[0, 2, 1]', '[1, 1, 0]', '[2, 0, 2]'))})")
            scope.arrays[name] = Kind((3,), "i", "fixed")
            return
        k = self.pick(whole)
        self.put(self.pick((
            f"{k}[{self.integer(scope, 3)}] += 1", f"{k}[:] = {k}[::-1].copy()", f"{k}[0] = int({self.scalar(scope, 0)} > 0.3)",
            f"{self.some(scope)}[{k} % 2] += {self.number()}", f"{k}[{k} > 1] = 0",
        )))

    def buffers(self, scope: Scope) -> None:
        """A loop that fills one array entry by entry from another, and then goes on with it."""
        u, v = self.pick(self.like(scope, (4,), "f")), self.pick(self.like(scope, (4,), "f"))
        now, then, i, j = self.fresh("b"), self.fresh("b"), self.fresh("i"), self.fresh("j")
        kept = self.fresh("L") if self.one_in(3) else None
        starts = self.pick((f"{u}.copy(), {v}.copy()", f"{u}, {v} * 0.5", f"{u} * 0.9, np.zeros(4)", f"{u}, {v}"))
        self.put(f"{now}, {then} = {starts}")
        if kept:
            self.put(f"{kept} = []")
        self.put(f"for {i} in range({self.pick((3, 'n', 2))}):")
        inside = scope.inner(loop=True)
        inside.arrays |= {now: Kind((4,), "f", "fixed"), then: Kind((4,), "f", "fixed")}
        inside.ints[i] = 3
        self.indent += 1
        fresh = self.pick((None, None, "np.zeros(4)", f"{now} * 0.7", f"{now}.copy()", "np.empty(4)"))
        if fresh:
            self.put(f"{then} = {fresh}")
        if kept and self.one_in(2):
            self.put(f"{kept}.append({then}{self.pick(('', '.copy()', '[1:]'))})") if fresh != "np.empty(4)" else None
        first = 0 if fresh == "np.empty(4)" else self.pick((0, 1))
        self.put(f"for {j} in range({first}, 4):")
        back = self.pick((f"{now}[{j} - 1]", f"{now}[{j} - 1]", f"{then}[{j} - 1]" if fresh != "np.empty(4)" else f"{now}[0]"))
        self.put(f"    {then}[{j}] = np.sin({now}[{j}]) + 0.3 * {back} * {self.pick((f'{now}[{j}]', f'{u}[{j}]', '0.8'))}")
        if fresh != "np.empty(4)" and self.one_in(3):
            self.put(f"    if {then}[{j}] > {self.number()}:")
            self.put(f"        {self.pick(('break', 'continue', f'{then}[{j}] *= 0.5'))}")
            self.put(f"    {then}[{j}] += 0.1 * {now}[{j}]")
        if kept and self.one_in(2):
            self.put(f"{kept}.append({then}{self.pick(('', '.copy()', '[::-1]'))})")
        if self.one_in(3):
            self.statement(inside)
        goes_on = f"{now} = {then}" if fresh and self.one_in(2) else f"{now}, {then} = {then}, {now}"
        if self.one_in(4):
            self.put(f"if {self.test(inside)}:")
            goes_on = "    " + goes_on
        self.put(goes_on)
        self.indent -= 1
        scope.arrays[now] = Kind((4,))
        if fresh != "np.empty(4)":
            scope.arrays[then] = Kind((4,))
        if kept:
            w = self.fresh("w")
            self.put(f"for {w} in {kept}:")
            self.put(f"    s += 0.2 * loss({w})")

    def collected(self, scope: Scope) -> None:
        """A loop that puts arrays, or views of them, into a list, and goes on writing to them or to others."""
        name, i, w = self.fresh("L"), self.fresh("i"), self.fresh("w")
        now, then = self.fresh("b"), self.fresh("b")
        u = self.pick(self.like(scope, (4,), "f"))
        self.put(f"{now}, {then} = {u}.copy(), {self.pick((f'{u} * 0.7', f'{u}[::-1]', f'{u}.copy()[::-1]'))}")
        inside = scope.inner(loop=True)
        inside.arrays |= {now: Kind((4,)), then: Kind((4,))}
        inside.ints[i] = 3
        form = self.pick(("{}", "{}", "{}[::-1]", "({}, 0.5)", "[{}, {}]", "{{'u': {}}}", "Pair({}, {})"))
        self.put(f"{name} = {self.pick(('[]', '[]', f'[{form}]'.format(u, u)))}")
        self.put(f"for {i} in range({self.pick((3, 'n', 2))}):")
        self.indent += 1
        steps: list[Callable[[], None]] = [
            lambda: self.put(f"{now} = {self.pick((f'{now}.copy()', f'{now} * 0.8', then, f'np.sin({now})'))}"),
            lambda: self.put(f"{then} = {self.pick((now, f'{now}[::-1]', f'{now}.copy()', f'{then} * 0.9'))}"),
            lambda: self.statement(inside),
            lambda: self.put(f"{self.pick((now, then))}[{i}] = {self.scalar(inside)}"),
        ]
        taken = form.format(*[self.pick((now, then, *self.like(inside, (4,), "f")))] * 2)
        put_in = self.pick((
            f"{name}.append({taken})", f"{name}.append({taken})", f"{name} = {name} + [{taken}]", f"{name} += [{taken}]",
            f"{name}.extend([{taken}, {taken}])", f"{name} = [{taken}]",
        ))
        steps.insert(self.choices.below(5), lambda: self.put(put_in))
        item = {"(": "{}[0]", "[": "{}[1]", "P": "{}.u", "{": "{}"}.get(form[0], "{}")
        item = "{}['u']" if form.startswith("{{") else item
        if self.one_in(3):
            read = item.format(f"{name}[{self.pick((0, -1))}]")
            steps.insert(self.choices.below(6), lambda: self.put(f"s += 0.2 * loss({read}) if {name} else 0.0"))
        for step in steps:
            step()
        self.indent -= 1
        scope.arrays |= {now: Kind((4,)), then: Kind((4,))}
        if self.one_in(2):
            self.statement(scope)
        listed = self.pick((name, name, f"{name}.copy()", f"list({name})", f"{name}[::-1]", f"{name}[1:]", f"{name} + {name}"))
        self.put(f"for {w} in {listed}:")
        self.put(f"    s += 0.2 * loss({item.format(w)})")

    def entries_of_dict(self, scope: Scope) -> None:
        """A dict of arrays, looped over and written through."""
        found = [u.partition("[")[0] for u in scope.arrays if u.endswith('["u"]')]
        if not found:
            return self.contained(scope)
        d = self.pick(found)
        kind, key, w = scope.arrays[f'{d}["u"]'], self.fresh("k"), self.fresh("w")
        if self.one_in(2):
            self.put(f"for {key} in {d}:")
            self.put(f"    {d}[{key}]{self.pick(('[0] *= 0.7', '[...] = 0.6 * ' + d + '[' + key + ']', ' *= 0.9'))}")
        else:
            self.put(f"for {key}, {w} in {d}.items():")
            inside = scope.inner(loop=True)
            inside.arrays[w] = Kind(kind.shape, "f", "fixed")
            self.body(inside)

    # --- control flow -----------------------------------------------------------------------------

    def body(self, scope: Scope) -> None:
        self.indent += 1
        for _ in range(1 + self.choices.below(4)):
            self.statement(scope)
        self.indent -= 1

    def branch(self, scope: Scope) -> None:
        self.put(f"if {self.test(scope)}:")
        self.body(scope.inner())
        if self.one_in(3):
            self.put(f"elif {self.test(scope)}:")
            self.body(scope.inner())
        if self.one_in(2):
            self.put("else:")
            self.body(scope.inner())

    def loop(self, scope: Scope) -> None:
        i = self.fresh("i")
        outer = [j for j, most in scope.ints.items() if most <= 4]
        head, most = self.pick((
            ("range(3)", 3), ("range(n)", 3), ("range(2, -1, -1)", 3), ("range(1, 4)", 4), ("range(0)", 1), ("range(1, n)", 3),
            (f"range({self.pick(outer)})" if outer else "range(2)", 3),
        ))
        self.put(f"for {i} in {head}:")
        inside = scope.inner(loop=True)
        inside.ints[i] = most
        self.body(inside)

    def loop_while(self, scope: Scope) -> None:
        k = self.fresh("k")
        self.put(f"{k} = 0")
        self.put(f"while {k} < {self.pick((3, 'n', 2))}{self.pick(('', f' and {self.test(scope)}'))}:")
        self.put(f"    {k} += 1")
        inside = scope.inner(loop=True)
        inside.ints[k] = 99
        self.body(inside)

    def loop_rows(self, scope: Scope) -> None:
        u = self.pick([v for v, k in scope.arrays.items() if len(k.shape) == 2 and k.dtype == "f"])
        shape, row, i = scope.arrays[u].shape, self.fresh("r"), self.fresh("i")
        inside = scope.inner(loop=True)
        inside.arrays[row] = Kind(shape[1:])
        if self.one_in(2):
            self.put(f"for {i}, {row} in enumerate({u}):")
            inside.ints[i] = shape[0]
        else:
            self.put(f"for {row} in {u}:")
        self.body(inside)

    def leave(self, scope: Scope) -> None:
        how = self.pick(("break", "continue", f"return {self.result(scope)}"))
        self.put(f"if {self.test(scope)}:")
        if self.one_in(2):
            self.put(f"    {self.some(scope)}[0] *= 0.5")
        self.put(f"    {how}")


# --- programs that can be run ---------------------------------------------------------------------

X, Y = np.array([0.6, -0.35, 0.82, 0.27]), np.array([-0.45, 0.71, 0.16, -0.93])
MATRIX = np.array([[0.31, -0.62, 0.77, 0.12], [0.54, 0.23, -0.41, 0.95], [-0.28, 0.66, 0.08, -0.73]])
Z = np.array([0.3 + 0.5j, -0.7 + 0.2j, 0.6 - 0.4j, 0.1 + 0.9j])
DIRECTIONS = (
    np.array([0.47, 0.92, -0.74, 0.58]), np.array([-0.63, 0.51, 0.87, 0.42]),
    np.array([[0.55, -0.81, 0.46, 0.72], [0.93, 0.67, -0.49, -0.84], [-0.76, 0.44, 0.61, 0.89]]),
    np.array([0.52 - 0.64j, 0.71 + 0.43j, -0.85 + 0.57j, 0.48 + 0.79j]),
)


@dataclass(frozen=True)
class WriteProgram:
    source: str
    n: int = 3
    layout: str = "C"  # of the matrix, which decides what `reshape` and `ravel` give a view of
    seed: int | None = None

    @property
    def wrt(self) -> tuple[str, ...]:
        return ("x", "y", "A", "z") if ", z):" in self.source else ("x", "y", "A")

    @property
    def single(self) -> bool:
        return "float32" in self.source

    def at(self, step: float) -> list[Any]:
        """Arguments, a step away along `DIRECTIONS`."""
        x, y, a, z = (value + step * way for value, way in zip((X, Y, MATRIX, Z), DIRECTIONS, strict=True))
        if self.layout == "strided":
            wide = np.zeros((3, 8))
            wide[:, ::2] = a
            a = wide[:, ::2]
        return [x, y, np.asfortranarray(a) if self.layout == "F" else a, self.n, *([z] if "z" in self.wrt else [])]

    def arguments(self) -> list[Any]:
        return self.at(0.0)

    def along(self, gradients: Sequence[Any]) -> float:
        """The derivative along `DIRECTIONS` that the gradients say."""
        return float(sum(np.sum(np.asarray(g) * way).real for g, way in zip(gradients, DIRECTIONS, strict=False)))

    def function(self) -> Callable[..., Any]:
        return load(self.source)

    def __repr__(self) -> str:
        body = self.source.removeprefix(HEADER)
        return f"WriteProgram(seed={self.seed}, n={self.n}, layout={self.layout!r}, source:\n{body})"


def random_write_program(seed: int, longest: int = 12) -> WriteProgram:
    choices = Random(seed)
    n, layout, complex_ = choices.pick((3, 3, 2, 1, 0)), choices.pick(("C", "C", "C", "F", "strided")), choices.one_in(5)
    return WriteProgram(Writer(choices, longest, complex_).source(), n, layout, seed)


# --- smaller ones ---------------------------------------------------------------------------------


def shrunk(program: WriteProgram, fails: Callable[[WriteProgram], bool], most: int = 500) -> WriteProgram:
    """The program with all left out that it fails without, after no more than `most` attempts."""
    again = True
    while again:
        again = False
        for source in smaller(program.source):
            most -= 1
            if most < 0:
                return program
            candidate = replace(program, source=source)
            if _is_valid(candidate) and fails(candidate):
                program, again = candidate, True
                break
    return program


def _is_valid(program: WriteProgram) -> bool:
    try:
        compile(program.source, "<candidate>", "exec")
    except SyntaxError:  # a `break` whose loop has gone
        return False
    return True


def smaller(source: str) -> Iterator[str]:
    """The source without one statement, or with a block in place of the statement around it, or a term less."""
    body = source.removeprefix(HEADER)
    count = sum(1 for _ in _edits(ast.parse(body)))
    for k in range(count):
        tree = ast.parse(body)
        for number, edit in enumerate(_edits(tree)):
            if number == k:
                edit()
                break
        yield HEADER + ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _edits(tree: ast.Module) -> Iterator[Callable[[], None]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if not isinstance(block, list) or isinstance(node, ast.Module):
                continue
            for k, stmt in enumerate(block):
                if len(block) > 1 or name == "orelse":
                    yield lambda block=block, k=k: block.pop(k)
                for inner in (getattr(stmt, "body", None), getattr(stmt, "orelse", None)):
                    if isinstance(inner, list) and inner and not isinstance(stmt, ast.FunctionDef):
                        yield lambda block=block, k=k, inner=inner: block.__setitem__(slice(k, k + 1), inner)
        for name, child in ast.iter_fields(node):
            if isinstance(child, ast.BinOp):
                for side in (child.left, child.right):
                    yield lambda node=node, name=name, side=side: setattr(node, name, side)
            elif isinstance(child, ast.Call) and len(child.args) == 1 and isinstance(child.func, ast.Attribute):
                yield lambda node=node, name=name, side=child.args[0]: setattr(node, name, side)
