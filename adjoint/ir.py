"""The intermediate representation: a program as a tree of blocks of single assignments.

A value is a `Var`, assigned exactly once, or a `Const`.  A `Block` is a list of statements with
parameters and results; its statements may read the variables of the blocks around it.  There are
three statement forms:

    Apply   outs = fn(*args, **kwargs)          fn *is* the Python callable (np.sin, operator.mul)
    If      outs = then() if test else orelse()
    Loop    a scan: body(carries, items) -> carries, emitted values, and a flag to stop

so `def f(x, n): s = 0.0; for i in range(n): s = s + x[i]; return s` is

    f(x, n):
        w1 = range(n)
        s2 = loop s1 = 0.0 for i in w1:
            w3 = getitem(x, i)
            s4 = add(s1, w3)
            yield s4
        return s2

Everything is immutable and every transform (`reverse`, `forward`, each pass) maps a `Function` to a
`Function`.  `check` says whether a program is well formed; `run` interprets one.  The two tell a bug
in a transform from a bug in the emitter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .avals import ANY, Aval, aval_of


@dataclass(frozen=True)
class Place:
    """Where in the user's file something stands."""

    file: str
    line: int
    col: int
    text: str  # the user's expression or statement, on one line
    function: str
    called: Place | None = field(default=None, compare=False, repr=False)  # the call that is spliced in here

    def __str__(self) -> str:
        return f'File "{self.file}", line {self.line}, in {self.function}: {self.text}'


@dataclass(eq=False)
class Var:
    """A value.  `hint` is the user's name for it; `bar_of` and `dot_of` the value whose cotangent or tangent it is."""

    aval: Aval = ANY
    hint: str | None = None
    bar_of: Var | None = None
    dot_of: Var | None = None

    def again(self) -> Var:
        """A new value of which the same is known."""
        return Var(self.aval, self.hint, self.bar_of, self.dot_of)

    def __repr__(self) -> str:
        kind = "bar" if self.bar_of else "dot" if self.dot_of else "w"
        return f"<{self.hint or kind}:{id(self) % 10000}>"


@dataclass(frozen=True, eq=False)
class Const:
    """A value that is known: a number, a string, a dtype, a module, a function."""

    value: Any

    @property
    def aval(self) -> Aval:
        return aval_of(self.value)

    def __repr__(self) -> str:
        return f"Const({self.value!r})"


class _Undefined:
    """The value of a name on a path that does not bind it.  Emitted as nothing at all."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = _Undefined()
UNDEF = Const(UNDEFINED)

Atom = Var | Const


@dataclass(frozen=True)
class At:
    """Why a statement is there: the user's place, the sweep, and for a pullback what it pulls."""

    place: Place | None = None
    sweep: str = "forward"  # "reverse"; "tangent": goes along with the forward sweep; "inner": of a derivative differentiated
    pulls: Apply | None = field(default=None, compare=False)


NOWHERE = At()


@dataclass(frozen=True, eq=False)
class Block:
    params: tuple[Var, ...]
    stmts: tuple[Stmt, ...]
    results: tuple[Atom, ...]


@dataclass(frozen=True, eq=False)
class Apply:
    """`outs = fn(*args, **kwargs)`.  With `effect` it stays where it is, once, whoever reads it."""

    outs: tuple[Var, ...]
    fn: Callable[..., Any]
    args: tuple[Atom, ...]
    kwargs: tuple[tuple[str, Atom], ...] = ()
    at: At = NOWHERE
    effect: bool = False

    @property
    def out(self) -> Var:
        return self.outs[0]

    def atoms(self) -> tuple[Atom, ...]:
        return self.args + tuple(a for _, a in self.kwargs) if self.kwargs else self.args


@dataclass(frozen=True, eq=False)
class If:
    """`outs` are the results of the branch taken."""

    outs: tuple[Var, ...]
    test: Atom
    then: Block
    orelse: Block
    at: At = NOWHERE


@dataclass(frozen=True, eq=False)
class Try(If):
    """An `if` on whether its first block completes.

    `then` is run; where it raises one of `caught`, the outs are the results of `orelse`, whose one
    parameter is the exception.  `test` is not read.
    """

    caught: tuple[type, ...] = ()


@dataclass(frozen=True, eq=False)
class With(If):
    """`then` is run inside the context manager `test`; its one parameter is what entering gives.

    `orelse` is empty, and its results undefined: a manager that swallows an exception has none.
    """


@dataclass(frozen=True, eq=False)
class Loop:
    """A scan.

    `body.params` are the carries, then one item for each of `iters`; `body.results` are the next
    carries, then one value for each of `lists`, then, with `stops`, a flag that ends the loop after
    this iteration.  Afterwards `outs` are the carries, `lists` the lists of emitted values, aligned
    with the items of `iters` (the first belongs to the first item also where `reverse` is set), and
    `count` (if not None) how many iterations began.  With `test` (a block over the carries) the loop
    is a `while`; with `iters` a `for` over their zip, backwards where `reverse` is set.
    """

    outs: tuple[Var, ...]
    lists: tuple[Var, ...]
    count: Var | None
    init: tuple[Atom, ...]
    iters: tuple[Atom, ...]
    test: Block | None
    body: Block
    reverse: bool = False
    stops: bool = False
    at: At = NOWHERE
    snapshots: Atom | None = None  # in reverse the body is run again from so many of them, instead of from tapes

    @property
    def defined(self) -> tuple[Var, ...]:
        return self.outs + self.lists + ((self.count,) if self.count is not None else ())


Stmt = Apply | If | Loop


@dataclass(frozen=True, eq=False)
class Param:
    """A parameter as the user wrote it; `tree` has a Var at each leaf that the program can read."""

    name: str
    tree: Any
    kind: str = "positional"  # "positional-only", "keyword", "star", "starstar"
    default: Any = None
    has_default: bool = False


@dataclass(frozen=True, eq=False)
class Function:
    """A program.  `result` is a tree whose leaves stand, in order, in `body.results`."""

    name: str
    params: tuple[Param, ...]
    body: Block
    result: Any
    primal: Callable[..., Any] | None = None
    doc: str | None = None


class Callee:
    """A function of the program that is called, not spliced in: one that calls itself.

    It stands in `Apply.fn`; `function` is filled in when its body is known, which may call it.
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self.function: Function | None = None
        self.records = False  # the forward half of a call: its last result is the tape for the other half
        self.derived: dict[Any, Callee] = {}  # its pullback and its like, as they were asked for

    def __call__(self, *args: Any) -> Any:
        assert self.function is not None
        results = run(self.function, *args)
        return results if len(results) != 1 else results[0]


def callees(function: Function) -> list[Callee]:
    """The functions that a program calls or passes on, in the order they are met, those they call included."""
    found: dict[Callee, None] = {}

    def visit(block: Block) -> None:
        for stmt in block.stmts:
            for fn in _functions(stmt):
                if fn not in found:
                    found[fn] = None
                    assert fn.function is not None
                    visit(fn.function.body)
            for inner in blocks(stmt):
                visit(inner)

    visit(function.body)
    return list(found)


def _functions(stmt: Stmt) -> list[Callee]:
    """The functions of the program that a statement calls, or hands to a primitive that does."""
    if not isinstance(stmt, Apply):
        return []
    given = [a.value for a in stmt.atoms() if isinstance(a, Const)]
    return [fn for fn in (stmt.fn, *given) if isinstance(fn, Callee)]


def has_effect(block: Block) -> bool:
    return any(
        stmt.effect if isinstance(stmt, Apply) else any(map(has_effect, blocks(stmt))) for stmt in block.stmts
    )


def defined(stmt: Stmt) -> tuple[Var, ...]:
    """The variables that a statement defines in the block it stands in."""
    return stmt.defined if isinstance(stmt, Loop) else stmt.outs


def blocks(stmt: Stmt) -> tuple[Block, ...]:
    """The blocks inside a statement."""
    match stmt:
        case If():
            return (stmt.then, stmt.orelse)
        case Loop():
            return (stmt.body,) if stmt.test is None else (stmt.test, stmt.body)
    return ()


def defined_within(stmt: Stmt) -> Iterator[Var]:
    """The variables that a statement defines, and those that its blocks do."""
    yield from defined(stmt)
    for inner in blocks(stmt):
        yield from inner.params
        for s in inner.stmts:
            yield from defined_within(s)


def with_blocks(stmt: Stmt, f: Callable[[Block], Block]) -> Stmt:
    """The statement with `f` of each of its blocks in their place; the statement itself where these are the same."""
    match stmt:
        case If():
            then, orelse = f(stmt.then), f(stmt.orelse)
            return stmt if then is stmt.then and orelse is stmt.orelse else replace(stmt, then=then, orelse=orelse)
        case Loop():
            test, body = None if stmt.test is None else f(stmt.test), f(stmt.body)
            return stmt if test is stmt.test and body is stmt.body else replace(stmt, test=test, body=body)
    return stmt


def with_stmts(block: Block, stmts: Iterable[Stmt]) -> Block:
    """The block with these statements; the block itself where it has them already."""
    new = tuple(stmts)
    return block if new == block.stmts else Block(block.params, new, block.results)


def with_body(function: Function, body: Block) -> Function:
    """The program with this body; the program itself where it has it already: so a pass says that it did nothing."""
    return function if body is function.body else replace(function, body=body)


def with_atoms(stmt: Apply, f: Callable[[Atom], Atom]) -> Apply:
    """The statement with `f` of each atom that it reads; the statement itself where these are the same."""
    args = tuple(map(f, stmt.args))
    kwargs = tuple((k, f(a)) for k, a in stmt.kwargs) if stmt.kwargs else ()
    if args == stmt.args and kwargs == stmt.kwargs:
        return stmt
    return Apply(stmt.outs, stmt.fn, args, kwargs, stmt.at, stmt.effect)


def reads(stmt: Stmt) -> Iterator[Atom]:
    """The atoms a statement reads itself (not those read by its blocks)."""
    match stmt:
        case Apply():
            yield from stmt.atoms()
        case If():
            yield stmt.test
        case Loop():
            yield from stmt.init
            yield from stmt.iters
            if stmt.snapshots is not None:
                yield stmt.snapshots


def free(block: Block) -> list[Var]:
    """The variables a block reads and does not define, in order of first reading."""
    found: dict[Var, None] = {}
    _find_free(block, set(), found)
    return list(found)


def _find_free(block: Block, bound: set[Var], found: dict[Var, None]) -> None:
    bound = bound | set(block.params)
    for stmt in block.stmts:
        found.update((a, None) for a in reads(stmt) if isinstance(a, Var) and a not in bound)
        for inner in blocks(stmt):
            _find_free(inner, bound, found)
        bound.update(defined(stmt))
    found.update((a, None) for a in block.results if isinstance(a, Var) and a not in bound)


def free_of(stmt: Stmt) -> list[Var]:
    """The variables a statement needs from outside, its blocks included."""
    found = {a: None for a in reads(stmt) if isinstance(a, Var)}
    for inner in blocks(stmt):
        found.update(dict.fromkeys(free(inner)))
    return list(found)


def substitute(block: Block, env: Mapping[Any, Atom]) -> Block:
    """The block with some of its free variables replaced.  What it defines keeps its identity."""
    if not env:
        return block
    return Block(
        block.params,
        tuple(substitute_stmt(s, env) for s in block.stmts),
        tuple(env.get(a, a) if isinstance(a, Var) else a for a in block.results),
    )


def substitute_stmt(stmt: Stmt, env: Mapping[Any, Atom]) -> Stmt:
    def sub(a: Atom) -> Atom:
        return env.get(a, a) if isinstance(a, Var) else a

    match stmt:
        case Apply():
            return Apply(
                stmt.outs, stmt.fn, tuple(map(sub, stmt.args)),
                tuple((k, sub(a)) for k, a in stmt.kwargs), stmt.at, stmt.effect,
            )
        case If():
            then, orelse = substitute(stmt.then, env), substitute(stmt.orelse, env)
            return replace(stmt, test=sub(stmt.test), then=then, orelse=orelse)
        case Loop():
            test = None if stmt.test is None else substitute(stmt.test, env)
            return Loop(
                stmt.outs, stmt.lists, stmt.count, tuple(map(sub, stmt.init)), tuple(map(sub, stmt.iters)),
                test, substitute(stmt.body, env), stmt.reverse, stmt.stops, stmt.at,
                None if stmt.snapshots is None else sub(stmt.snapshots),
            )
    raise AssertionError(stmt)


def refresh_apply(stmt: Apply, env: dict[Var, Atom]) -> Apply:
    """A copy of the statement with new results, its arguments and `env` brought up to date."""
    copy = substitute_stmt(stmt, env)
    assert isinstance(copy, Apply)
    outs = tuple(v.again() for v in stmt.outs)
    env.update(zip(stmt.outs, outs, strict=True))
    return Apply(outs, copy.fn, copy.args, copy.kwargs, copy.at, copy.effect)


def refresh(block: Block) -> Block:
    """A copy of the block in which everything it defines is new."""
    new: dict[Var, Var] = {}

    def fresh(vars: tuple[Var, ...]) -> tuple[Var, ...]:
        for v in vars:
            new[v] = v.again()
        return tuple(new[v] for v in vars)

    def copy(block: Block) -> Block:
        params, stmts = fresh(block.params), []
        for stmt in block.stmts:
            stmt = substitute_stmt(stmt, new) if isinstance(stmt, Apply) else stmt
            match stmt:
                case Apply():
                    stmt = Apply(fresh(stmt.outs), stmt.fn, stmt.args, stmt.kwargs, stmt.at, stmt.effect)
                case If():
                    then, orelse = copy(stmt.then), copy(stmt.orelse)
                    stmt = replace(stmt, outs=fresh(stmt.outs), test=get(stmt.test), then=then, orelse=orelse)
                case Loop():
                    init, iters = tuple(map(get, stmt.init)), tuple(map(get, stmt.iters))
                    test, body = None if stmt.test is None else copy(stmt.test), copy(stmt.body)
                    count = None if stmt.count is None else fresh((stmt.count,))[0]
                    stmt = Loop(
                        fresh(stmt.outs), fresh(stmt.lists), count, init, iters, test, body,
                        stmt.reverse, stmt.stops, stmt.at, None if stmt.snapshots is None else get(stmt.snapshots),
                    )
            stmts.append(stmt)
        return Block(params, tuple(stmts), tuple(map(get, block.results)))

    def get(a: Atom) -> Atom:
        return new.get(a, a) if isinstance(a, Var) else a

    return copy(block)


# --- trees: the tuples, lists, dicts and objects that parameters and results are made of ----------


@dataclass(frozen=True, eq=False)
class Tree:
    """A container whose parts are known one by one.

    `cls` is tuple, list, dict, a namedtuple class or a dataclass; `keys` are what stands in the
    brackets or after the dot.
    """

    cls: type
    keys: tuple[Any, ...]
    parts: tuple[Any, ...]


def leaves(tree: Any) -> list[Atom]:
    if isinstance(tree, Tree):
        return [leaf for part in tree.parts for leaf in leaves(part)]
    return [tree]


def map_leaves(f: Callable[[Atom], Any], tree: Any) -> Any:
    if isinstance(tree, Tree):
        return Tree(tree.cls, tree.keys, tuple(map_leaves(f, part) for part in tree.parts))
    return f(tree)


# --- checking and interpreting --------------------------------------------------------------------


class IllFormed(AssertionError):
    """A transform made a program that breaks the rules of the IR: a bug in adjoint."""


def check(function: Function) -> Function:
    """Every variable defined once and before use, every arity right; returns its argument."""
    seen: set[Var] = set()

    def define(vars: tuple[Var, ...], scope: set[Var]) -> None:
        for v in vars:
            if v in seen:
                raise IllFormed(f"{v} is defined twice in {function.name}")
            seen.add(v)
            scope.add(v)

    def use(atoms: Iterable[Atom], scope: set[Var], stmt: Any) -> None:
        for a in atoms:
            if isinstance(a, Var) and a not in scope:
                raise IllFormed(f"{a} is read before it is defined in {function.name}: {stmt}")
            if not isinstance(a, Var | Const):
                raise IllFormed(f"{a!r} is not an atom: {stmt}")

    def visit(block: Block, scope: set[Var]) -> None:
        scope = set(scope)
        define(block.params, scope)
        for stmt in block.stmts:
            use(reads(stmt), scope, stmt)
            for inner in blocks(stmt):
                visit(inner, scope)
            if isinstance(stmt, If):
                for side in (stmt.then, stmt.orelse):
                    if len(side.results) != len(stmt.outs) or (side.params and type(stmt) is If):
                        raise IllFormed(f"a branch has {len(side.results)} results for {len(stmt.outs)} outs")
            if isinstance(stmt, Loop):
                carries = len(stmt.outs)
                if len(stmt.init) != carries or len(stmt.body.params) != carries + len(stmt.iters):
                    raise IllFormed("a loop's carries do not match its parameters")
                if len(stmt.body.results) != carries + len(stmt.lists) + stmt.stops:
                    raise IllFormed("a loop's body has the wrong number of results")
                if stmt.test is not None and (stmt.iters or len(stmt.test.params) != carries):
                    raise IllFormed("a while loop's test does not match its carries")
            define(defined(stmt), scope)
        use(block.results, scope, "results")

    visit(function.body, set())
    params = [v for p in function.params for v in leaves(p.tree)]
    if [v for v in params if isinstance(v, Var)] != list(function.body.params):
        raise IllFormed("the parameters' leaves are not the body's parameters")
    if len(leaves(function.result)) != len(function.body.results):
        raise IllFormed("the result's leaves are not the body's results")
    return function


def applied(stmt: Apply, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return stmt.fn(*args, **kwargs)


def run(
    function: Function, *args: Any, watch: Callable[[Var, Any], None] | None = None,
    apply: Callable[[Apply, list[Any], dict[str, Any]], Any] = applied,
) -> tuple[Any, ...]:
    """Interpret `function` on the values of its leaves; gives the values of its results.

    `watch` is told of every value that a variable gets.  `apply` does what an `Apply` says: the values
    may be of any kind that it understands, and that can be tested and iterated over.
    """
    env: dict[Var, Any] = {}

    def bind(vars: tuple[Var, ...], values: Any) -> None:
        for v, x in zip(vars, values, strict=True):
            env[v] = x
            if watch is not None:
                watch(v, x)

    def value(a: Atom) -> Any:
        return a.value if isinstance(a, Const) else env.get(a, UNDEFINED)

    def block(b: Block, values: Iterable[Any] = ()) -> list[Any]:
        bind(b.params, values)
        for stmt in b.stmts:
            step(stmt)
        return [value(a) for a in b.results]

    def step(stmt: Stmt) -> None:
        match stmt:
            case Apply():
                out = apply(stmt, [value(a) for a in stmt.args], {k: value(a) for k, a in stmt.kwargs})
                bind(stmt.outs, [out] if len(stmt.outs) == 1 else out)
            case Try():
                bind(stmt.outs, attempt(stmt))
            case With():
                with value(stmt.test) as entered:
                    bind(stmt.outs, block(stmt.then, [entered]))
            case If():
                taken = stmt.then if value(stmt.test) else stmt.orelse
                bind(stmt.outs, block(taken))
            case Loop():
                loop(stmt)

    def attempt(stmt: Try) -> list[Any]:
        try:
            return block(stmt.then)
        except stmt.caught as error:  # type: ignore[misc]
            return block(stmt.orelse, [error])

    def loop(stmt: Loop) -> None:
        carries, n = [value(a) for a in stmt.init], len(stmt.outs)
        tapes: list[list[Any]] = [[] for _ in stmt.lists]
        count = 0
        sources = [value(a) for a in stmt.iters]
        if stmt.reverse:
            sources = [list(s)[::-1] for s in sources]
        items = zip(*sources, strict=False) if stmt.test is None else iter(lambda: (), None)
        for item in items:
            if stmt.test is not None and not block(stmt.test, carries)[0]:
                break
            results = block(stmt.body, [*carries, *item])
            count += 1
            carries = results[:n]
            for tape, emitted in zip(tapes, results[n:], strict=False):
                tape.append(emitted)
            if stmt.stops and results[-1]:
                break
        if stmt.reverse:
            tapes = [tape[::-1] for tape in tapes]
        bind(stmt.defined, [*carries, *tapes, count][: len(stmt.defined)])

    return tuple(block(function.body, args))


def show(function: Function) -> str:
    """The program as text: what `--stage lowered`, `reversed` and `optimised` print."""
    from .listing import listing

    return listing(function)
