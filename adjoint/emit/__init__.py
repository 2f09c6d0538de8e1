"""Emission: from the IR back to Python that reads as if a careful colleague had written it.

`fold` decides what is written inside what, `liveness` and `names` which values share a name, `alias`
which updates may be done in place, `write` and `expressions` make the syntax tree, `printer` the text.
The text is registered in `linecache`, so that tracebacks, `inspect.getsource` and `pdb` show it, and
written to a file where that is asked for (`files`).
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import linecache
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import typed_math, typed_runtime
from ..collecting import uncollected
from ..ir import (
    Atom, Block, Const, Function, If, Loop, Param, Place, Stmt, Tree, Var, blocks, callees, defined, leaves, substitute,
)
from ..passes.bounds import Bounds, within
from . import files
from .alias import Aliases
from .apart import apart
from .expressions import Expressions, name
from .fold import WIDEST, WIDEST_COMPILED, Folds
from .liveness import Liveness
from .modules import Namespace
from .names import Names
from .own import own
from .order import ordered
from .printer import printed
from .typed import RESERVED, TypedExpressions, TypedWriter, aliases_of
from .write import Writer, assign

__all__ = ["Emitted", "described", "emit", "is_generated", "keep", "note_place", "places_of", "text"]


@dataclass(frozen=True)
class Emitted:
    """Generated source, and the function it defines."""

    source: str
    function: Callable[..., Any]
    filename: str
    functions: dict[str, Callable[..., Any]]  # all that the module defines


@uncollected
def emit(
    function: Function, *others: Function, textbook: bool = False, jit: Callable[..., Any] | None = None
) -> Emitted:
    """Python source for a program, and for others that stand after it in the same module.

    `textbook`: every primitive and every adjoint statement on a line of its own, as `w1`, `w2`, ...
    `jit` decorates the functions that the first program calls, which are then written for a compiler (`typed`).
    """
    source, space, places = text((function, *others), textbook, jit)
    filename = files.filename(function.name, source)
    keep(filename, source, places)
    namespace: dict[str, Any] = {"__name__": "adjoint.generated", "__builtins__": __builtins__, **space.objects}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    show_lines()
    made = namespace[function.name]
    assert isinstance(made, types.FunctionType)
    own = {k: v for k, v in namespace.items() if getattr(getattr(v, "__code__", None), "co_filename", None) == filename}
    return Emitted(source, made, filename, own)


_PLACES: dict[str, dict[int, tuple[Place, ...]]] = {}  # by file name, as long as linecache keeps the text


def keep(filename: str, source: str, places: dict[int, tuple[Place, ...]]) -> None:
    """Let Python find the text of a module, and errors the user's lines."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    _PLACES[filename] = places


def places_of(filename: str, line: int) -> tuple[Place, ...]:
    """Where in the user's files a line of generated source comes from."""
    return _PLACES.get(filename, {}).get(line, ())


def is_generated(filename: str) -> bool:
    """Is this the file name of generated source?"""
    return filename in _PLACES


def described(filename: str, line: int) -> str:
    """A line of generated source, and the user's lines that it comes from."""
    said = [f"generated line {line}: {linecache.getline(filename, line).split('  # ')[0].strip()}"]
    return "\n".join([*said, *map(str, places_of(filename, line))])


def note_place(error: BaseException, filename: str) -> None:
    """Add to an error from generated source which line that was, and the user's."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    note = "" if line is None else described(filename, line)
    told = "generated line " in str(error)  # `debug_nans` says it itself, and finds it when the next line begins
    if "\n" in note and note not in getattr(error, "__notes__", ()) and not told:
        error.add_note(note)


def show_lines() -> None:
    """Let an uncaught error show the lines of generated code, as one that is caught does.

    Before Python 3.13 the interpreter's own printer looks for lines in files only, not in `linecache`.
    """
    if sys.version_info < (3, 13) and sys.excepthook is sys.__excepthook__:
        sys.excepthook = _excepthook


def _excepthook(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
    files = {frame.f_code.co_filename for frame, _ in traceback.walk_tb(trace)}
    if any(file.startswith("<adjoint ") for file in files):
        traceback.print_exception(kind, error, trace)
    else:
        sys.__excepthook__(kind, error, trace)


def text(
    programs: tuple[Function, ...], textbook: bool, jit: Callable[..., Any] | None = None
) -> tuple[str, Namespace, dict[int, tuple[Place, ...]]]:
    """The source of a module that defines the functions, and those they call before them."""
    called = _named_apart(programs)
    functions = {f.name for f in (*called, *programs)} | (set() if jit is None else RESERVED)
    kernels = {c.__name__ for c in callees(programs[0])} if jit is not None else set()
    drafts = [_Draft(f, textbook, functions, f.name in kernels) for f in (*called, *programs)]
    inside = functions.union(*(_user_names(d.function) | d.names.all() for d in drafts))
    space = Namespace(programs[0].primal, inside)
    space.bounds_checked = jit is not None and not all(within(d.function) for d in drafts if d.function.name in kernels)
    jits = [jit if f.name in kernels else None for f in called] + [None] * len(programs)
    trees = [_definition(draft, textbook, space, by) for draft, by in zip(drafts, jits, strict=True)]
    if jit is not None:
        trees = [*_helpers(space, jit), *trees]
    read = _names_in(trees)
    header, handed = space.header(read), space.handed(read)
    looks = " (with boundscheck=True)" if space.sets_bounds_checks(jit) else ""
    lines = [*header, *([f"# given: {', '.join(handed)}{looks}"] if handed else [])]
    source = "\n".join(lines) + ("\n\n\n" if lines else "")
    places: dict[int, tuple[Place, ...]] = {}
    for k, tree in enumerate(trees):
        done = printed(tree)
        source += ("\n\n" if k else "")
        above = source.count("\n")
        places |= {above + line: place for line, place in done.places.items()}
        source += done.text
    return source, space, places


def _names_in(trees: list[ast.stmt]) -> set[str]:
    """The names that are read or assigned: by hand, since `ast.walk` takes as long for it as all of the printing."""
    found: set[str] = set()
    todo: list[Any] = [*trees]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, ast.AST):
            todo.extend(map(vars(node).get, node._fields))
    return found


def _helpers(space: Namespace, jit: Callable[..., Any]) -> list[ast.stmt]:
    """The helpers that are called, as part of the module: they are compiled with the rest."""
    found: list[ast.stmt] = []
    for module in (typed_runtime, typed_math):
        words = space.bare.setdefault(module.__name__, {})
        for word in _growing(words):
            (tree,) = ast.parse(inspect.getsource(getattr(module, word))).body
            assert isinstance(tree, ast.FunctionDef)
            tree.name, tree.decorator_list, tree.returns = words[word], [space.decorator(jit)], None
            for arg in tree.args.args:
                arg.annotation = None
            if ast.get_docstring(tree) is not None:
                tree.body = tree.body[1:]
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and node.id in _USED:
                    reference = space.module(_USED[node.id])
                    assert isinstance(reference, ast.Name)
                    node.id = reference.id
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and hasattr(module, node.func.id):
                    node.func = space.reference(getattr(module, node.func.id))  # it is one of the helpers, then
            found.append(tree)
        del space.bare[module.__name__]
    return found


def _growing(words: dict[str, str]) -> Iterator[str]:
    """The words, with those that are added on the way."""
    done: set[str] = set()
    while (word := next((w for w in words if w not in done), None)) is not None:
        done.add(word)
        yield word


_USED = {"np": "numpy", "math": "math"}  # the modules that helpers read


def _named_apart(programs: tuple[Function, ...]) -> list[Function]:
    """The functions that programs call, each with a name of its own."""
    taken = {f.name for f in programs}
    called = []
    for callee in dict.fromkeys(c for f in programs for c in callees(f)):
        assert callee.function is not None
        word, k = callee.__name__, 1
        while callee.__name__ in taken:
            k += 1
            callee.__name__ = f"{word}_{k}"
        taken.add(callee.__name__)
        callee.function = dataclasses.replace(callee.function, name=callee.__name__)
        called.append(callee.function)
    return called


class _Draft:
    """A function with its values folded and named, not yet written."""

    def __init__(self, function: Function, textbook: bool, functions: set[str], typed: bool) -> None:
        function = dataclasses.replace(function, body=ordered(_shared_tests(function.body)))
        self.aliases_of = aliases_of if typed else Aliases
        self.function = apart(own(function, self.aliases_of), textbook, self.aliases_of)
        self.folds = Folds(self.function, textbook, WIDEST_COMPILED if typed else WIDEST)
        self.live = Liveness(self.function, self.folds)
        self.names = Names(
            self.function, self.folds, self.live, _outer_names(self.function) | functions, textbook
        )


def _definition(draft: _Draft, textbook: bool, space: Namespace, jit: Callable[..., Any] | None) -> ast.stmt:
    function, folds, live, names = draft.function, draft.folds, draft.live, draft.names
    write = Expressions(folds, names, space) if jit is None else TypedExpressions(folds, names, space, Bounds(function.body))
    writer = (Writer if jit is None else TypedWriter)(function, folds, live, names, draft.aliases_of(function), write, textbook)
    statements = writer.body()
    body = [*_unpacked(function, folds, names, write), *statements]
    body.append(ast.Return(_result(function.result, write)))
    return ast.FunctionDef(
        name=function.name, args=_arguments(function.params, write), body=body, lineno=1,
        decorator_list=[] if jit is None else [space.decorator(jit)],
    )


def _shared_tests(block: Block) -> Block:
    """The test of a `while` reads the carries themselves, not parameters of its own."""

    def side(stmt: Stmt) -> Stmt:
        match stmt:
            case If():
                return dataclasses.replace(stmt, then=_shared_tests(stmt.then), orelse=_shared_tests(stmt.orelse))
            case Loop():
                body, test = _shared_tests(stmt.body), stmt.test
                if test is not None:
                    env: dict[Var, Atom] = dict(zip(test.params, body.params, strict=False))
                    test = _shared_tests(substitute(Block((), test.stmts, test.results), env))
                return dataclasses.replace(stmt, body=body, test=test)
        return stmt

    return Block(block.params, tuple(map(side, block.stmts)), block.results)


def _user_names(function: Function) -> set[str]:
    """Names that imports must leave to the user's variables."""
    found = {p.name for p in function.params}
    for v in _variables(function):
        if v.hint is not None:
            found.add(v.hint)
    return found


def _outer_names(function: Function) -> set[str]:
    """Names of modules and builtins that variables made here must not take."""
    taken = {"np", "math", function.name, *(n for n in dir(builtins) if not n.startswith("_"))}
    return (taken - _user_names(function)) | {"range", "reversed", "zip", "len", "np", "math"}


def _variables(function: Function) -> list[Var]:
    found = [v for p in function.params for v in leaves(p.tree) if isinstance(v, Var)]
    todo = [function.body]
    while todo:
        block = todo.pop()
        found.extend(block.params)
        for stmt in block.stmts:
            found.extend(defined(stmt))
            todo.extend(blocks(stmt))
    return found


def _unpacked(function: Function, folds: Folds, names: Names, write: Expressions) -> list[ast.stmt]:
    """`W = params["W"]`, `x, y = point`: the leaves of containers that the program reads."""
    out: list[ast.stmt] = []

    def read(tree: Any) -> bool:
        return isinstance(tree, Var) and folds.uses[tree] > 0

    def visit(tree: Any, expr: ast.expr) -> None:
        if isinstance(tree, Tree) and tree.cls is tuple and len(tree.parts) > 1 and all(map(read, tree.parts)):
            targets: list[ast.expr] = [ast.Name(names[v], ast.Store()) for v in tree.parts]
            out.append(ast.Assign([ast.Tuple(targets, ast.Store())], expr, lineno=1))
        elif isinstance(tree, Tree):
            for key, part in zip(tree.keys, tree.parts, strict=True):
                if issubclass(tree.cls, tuple | list | dict):
                    visit(part, ast.Subscript(expr, write.constant(key), ast.Load()))
                else:
                    visit(part, ast.Attribute(expr, key, ast.Load()))
        elif read(tree):
            out.append(assign(names[tree], expr))

    for p in function.params:
        if isinstance(p.tree, Tree):
            visit(p.tree, name(p.name))
    return out


def _result(tree: Any, write: Expressions) -> ast.expr:
    if not isinstance(tree, Tree):
        return write.atom(tree) if isinstance(tree, Var | Const) else write.constant(tree)
    parts = [_result(p, write) for p in tree.parts]
    if tree.cls is list:
        return ast.List(parts, ast.Load())
    if tree.cls is tuple:
        return ast.Tuple(parts, ast.Load())
    if tree.cls is dict:
        return ast.Dict([write.constant(k) for k in tree.keys], parts)
    if hasattr(tree.cls, "_fields"):
        return ast.Call(write.function(tree.cls), parts, [])
    keywords = [ast.keyword(k, p) for k, p in zip(tree.keys, parts, strict=True)]
    return ast.Call(write.function(tree.cls), [], keywords)


def _arguments(params: tuple[Param, ...], write: Expressions) -> ast.arguments:
    made = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    for p in params:
        arg = ast.arg(p.name)
        simple = p.has_default and isinstance(p.default, int | float | str | type(None) | tuple)
        default = write.constant(p.default) if simple else name("None") if p.has_default else None
        match p.kind:
            case "positional-only" | "positional":
                (made.posonlyargs if p.kind == "positional-only" else made.args).append(arg)
                if default is not None:
                    made.defaults.append(default)
            case "keyword":
                made.kwonlyargs.append(arg)
                made.kw_defaults.append(default)
            case "star":
                made.vararg = arg
            case "starstar":
                made.kwarg = arg
    return made
