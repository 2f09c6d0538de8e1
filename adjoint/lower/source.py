"""From a function object to its syntax tree.

`inspect` finds the lines of the file (a module, a notebook cell, a doctest, text registered in
`linecache`); the whole of it is parsed, so that indentation, continuation lines and decorators need
no repair, and the function's node is found again by where its code object says it starts.  Several
lambdas may share a line: the columns in `co_positions` tell them apart.  Text that no longer is what
was compiled (a file edited after its import) is refused: its derivative would be that of another
function.
"""

from __future__ import annotations

import ast
import dis
import functools
import importlib
import inspect
import linecache
import os
import threading
import types
from dataclasses import dataclass
from typing import Any

import gast
import numpy as np

from ..errors import AdjointError, SourceNotFound, Spot, Unsupported
from ..quiet import unheard
from ..ir import Place

FunctionNode = Any  # gast.FunctionDef or gast.Lambda


@dataclass(frozen=True)
class Source:
    """The text that a function stands in."""

    file: str
    lines: tuple[str, ...]
    function: str
    called: Place | None = None  # where it is called, if it is spliced in

    def spot(self, node: Any) -> Spot | None:
        if getattr(node, "lineno", None) is None or not 0 < node.lineno <= len(self.lines):
            return None
        return Spot(
            self.file, node.lineno, node.col_offset, node.end_lineno or node.lineno,
            node.end_col_offset or node.col_offset + 1, self.function, self.lines[node.lineno - 1],
        )

    def text(self, node: Any) -> str:
        """The node's source on one line."""
        if getattr(node, "lineno", None) is None or node.lineno > len(self.lines):
            return ""
        first, last = node.lineno - 1, node.end_lineno - 1
        chosen = [line.encode() for line in self.lines[first : last + 1]]
        chosen[-1] = chosen[-1][: node.end_col_offset]
        chosen[0] = chosen[0][node.col_offset :]
        return " ".join(" ".join(part.decode(errors="replace").split()) for part in chosen)

    def place(self, node: Any) -> Place | None:
        if getattr(node, "lineno", None) is None:
            return None
        return Place(self.file, node.lineno, node.col_offset, self.text(node), self.function, self.called)


class Standing:
    """The source of what stands for a function of NumPy: every place in it is that of the user's call."""

    def __init__(self, frame: Any, node: Any) -> None:
        self.frame, self.node = frame, node
        self.file, self.lines, self.function = frame.source.file, frame.source.lines, frame.source.function

    def spot(self, node: Any) -> Any:
        return self.frame.source.spot(self.node)

    def text(self, node: Any) -> str:
        return self.frame.source.text(self.node)

    def place(self, node: Any) -> Any:
        return None if self.frame.in_rule else self.frame.source.place(self.node)


@dataclass(frozen=True)
class Text:
    """One parsed file: its functions by first line, and the code objects the text compiles to."""

    functions: dict[int, list[Any]]
    codes: dict[int, list[types.CodeType]]


def read(fn: types.FunctionType) -> tuple[FunctionNode, Source]:
    """The syntax tree of a function or lambda, and the source it stands in."""
    name = getattr(fn, "__qualname__", fn.__code__.co_name).replace("<locals>.", "")
    try:
        return _read(fn, name)
    except SourceNotFound as error:
        if fn.__code__.co_filename == "<string>":  # of all that is executed under this name, one text is kept
            raise _unavailable(name, "<string>") from error
        raise


def _read(fn: types.FunctionType, name: str) -> tuple[FunctionNode, Source]:
    """Our own rules do not change while we run; whatever else is read may."""
    code = fn.__code__
    if not code.co_filename.startswith(_OURS):
        return _found(fn, name)
    if code not in _read_before:
        _read_before[code] = _found(fn, name)
    return _read_before[code]


_OURS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "rules", "")
_read_before: dict[types.CodeType, tuple[FunctionNode, Source]] = {}


def _found(fn: types.FunctionType, name: str) -> tuple[FunctionNode, Source]:
    code = fn.__code__
    source = Source(code.co_filename, tuple(_lines(fn, name)), name)
    try:
        with _parsing:
            text = _parse("".join(source.lines), code.co_filename, code.co_flags & _FUTURE)
    except (SyntaxError, ValueError) as cause:
        raise SourceNotFound(
            f"The text of `{name}` in {code.co_filename} cannot be parsed: {cause}.", _CHANGED
        ) from cause
    same_line = [n for n in text.functions.get(code.co_firstlineno, ()) if _plain_name(n) == code.co_name]
    nodes = _chosen(same_line, code, source) if len(same_line) > 1 else same_line
    if not nodes:
        raise SourceNotFound(f"`{name}` is not found at line {code.co_firstlineno} of {code.co_filename}.", _CHANGED)
    _check_unchanged(nodes[0], code, text, name, len(same_line) > 1)
    return nodes[0], source


_CHANGED = "The file has changed since it was imported: import it again."
_future = importlib.import_module("__future__")
_FUTURE = functools.reduce(int.__or__, (getattr(_future, n).compiler_flag for n in _future.all_feature_names))
_parsing = threading.Lock()


def _lines(fn: types.FunctionType, name: str) -> list[str]:
    file = fn.__code__.co_filename
    linecache.checkcache(file)
    if lines := linecache.getlines(file, fn.__globals__):  # what `inspect` gives, which goes through all modules first
        return lines
    for of in (fn.__code__, fn):  # from Python 3.13 on, what was typed is kept with the function
        try:
            return inspect.findsource(of)[0]
        except (OSError, TypeError, IndexError) as error:
            cause = error
    if os.path.exists(file) or linecache.getlines(file):
        line = fn.__code__.co_firstlineno
        raise SourceNotFound(f"`{name}` is not found at line {line} of {file}.", _CHANGED) from cause
    raise _unavailable(name, file) from cause


def _unavailable(name: str, file: str) -> SourceNotFound:
    return SourceNotFound(
        f"The source of `{name}` is not available ({file}), and adjoint differentiates source.",
        "Define it in a file, a notebook cell or a doctest, or register its text in `linecache`.",
    )


@functools.lru_cache(maxsize=64)
def _parse(text: str, file: str, flags: int) -> Text:
    text = text.replace("\r\n", "\n")
    with unheard():  # what is to be said about the text was said when it was imported
        tree = gast.parse(text, file)
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        # A notebook compiles its statements one by one, and that makes a difference: where a module imports
        # `np`, Python compiles `np.sin(x)` otherwise than where `np` is any global.
        whole: Any = compile(text, file, "exec", ast.PyCF_ONLY_AST, True)
        parts: list[Any] = [text, *(ast.Module([stmt], []) for stmt in whole.body)]
        todo = [compile(part, file, "exec", flags, True) for part in parts]
    if "__" in text:
        _mangle(tree, None)
    functions: dict[int, list[Any]] = {}
    for node in ast.walk(tree):
        if isinstance(node, gast.FunctionDef | gast.AsyncFunctionDef | gast.Lambda):
            decorators = getattr(node, "decorator_list", [])
            first = min([d.lineno for d in decorators] + [node.lineno])
            functions.setdefault(first, []).append(node)
    codes: dict[int, list[types.CodeType]] = {}
    while todo:
        for const in todo.pop().co_consts:
            if isinstance(const, types.CodeType):
                codes.setdefault(const.co_firstlineno, []).append(const)
                todo.append(const)
    return Text(functions, codes)


def _mangle(node: Any, cls: str | None) -> None:
    """Private names in the body of a class, as Python reads them: `self.__rate` is `self._Account__rate`."""
    inside = node.name.lstrip("_") or None if isinstance(node, gast.ClassDef) else cls
    for field, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, ast.AST):
                body = field in ("body", "type_params") or not isinstance(node, gast.ClassDef)
                _mangle(part, inside if body else cls)
    if cls is None:
        return
    for field in ("id", "attr", "arg", "name", "names", "asname"):
        value = getattr(node, field, None)
        if isinstance(value, str) and _is_private(value):
            if field == "name":
                node.plain_name = value
            setattr(node, field, f"_{cls}{value}")
        elif field == "names" and isinstance(node, gast.Global | gast.Nonlocal):
            node.names = [f"_{cls}{n}" if _is_private(n) else n for n in node.names]


def _is_private(word: str) -> bool:
    return word.startswith("__") and not word.endswith("__") and "." not in word


def _plain_name(node: Any) -> str:
    """The name that stands in the text, which is also that of the code object."""
    return str(getattr(node, "plain_name", None) or getattr(node, "name", "<lambda>"))


def _chosen(nodes: list[Any], code: types.CodeType, source: Source) -> list[Any]:
    """Of several lambdas on a line, the innermost whose body holds every instruction of `code`."""
    spans = [p for p in code.co_positions() if None not in p and p[2] != p[3]]
    if not spans:
        return _of_one_code(nodes, code, source)
    start = min((line, col) for line, _, col, _ in spans)
    end = max((line, col) for _, line, _, col in spans)

    def body(node: Any) -> tuple[tuple[int, int], tuple[int, int]]:
        body = node.body if isinstance(node, gast.Lambda) else node
        return (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)

    inside = [n for n in nodes if body(n)[0] <= start and end <= body(n)[1]]
    return [max(inside, key=lambda n: (n.lineno, n.col_offset))] if inside else []


def _of_one_code(nodes: list[Any], code: types.CodeType, source: Source) -> list[Any]:
    """The first lambda that compiles to `code`, which has no columns: `lambda: 1.0` in Python 3.12, for one."""
    text = "".join(source.lines).replace("\r\n", "\n")
    for node in nodes:
        scope = f"def f({', '.join(code.co_freevars)}):\n return (\n{ast.get_source_segment(text, node)}\n)"
        outer = compile(scope, source.file, "exec", dont_inherit=True, flags=code.co_flags & _FUTURE).co_consts[0]
        made = next(c for c in outer.co_consts if isinstance(c, types.CodeType))
        if _alike(made.replace(co_flags=code.co_flags), code, node):
            return [node]
    return []


class Unchanged:
    """A guard: what was read is still what runs.

    Functions keep their code and their defaults (a notebook's autoreload changes them in place), and
    no global variable hides a builtin that was meant.
    """

    def __init__(self) -> None:
        self.functions: list[tuple[types.FunctionType, Any, Any, Any]] = []
        self.builtins: dict[tuple[int, str], tuple[dict[str, Any], str]] = {}

    def function(self, fn: types.FunctionType) -> None:
        if not any(fn is known for known, *_ in self.functions):
            self.functions.append((fn, fn.__code__, fn.__defaults__, fn.__kwdefaults__))

    def builtin(self, namespace: dict[str, Any], name: str) -> None:
        self.builtins[id(namespace), name] = (namespace, name)

    def holds(self) -> bool:
        for fn, code, defaults, named in self.functions:
            if fn.__code__ is not code or fn.__defaults__ is not defaults or fn.__kwdefaults__ is not named:
                return False
        return not any(name in namespace for namespace, name in self.builtins.values())


# --- is this what runs? ---------------------------------------------------------------------------


def _check_unchanged(node: Any, code: types.CodeType, text: Text, name: str, one_of_several: bool) -> None:
    """Refuse when the text compiles to something else than the function at hand."""
    for candidate in text.codes.get(code.co_firstlineno, ()):
        if one_of_several and list(candidate.co_positions()) != list(code.co_positions()):
            continue
        if _alike(candidate, code, node):
            return
    raise SourceNotFound(
        f"The text of `{name}` at line {code.co_firstlineno} of {code.co_filename} is not what is running.", _CHANGED
    )


def _alike(text: types.CodeType, code: types.CodeType, node: Any) -> bool:
    """Do two code objects do the same?  Where they stand in their lines does not matter.  `node` is the tree of the text."""
    for field in ("name", "argcount", "posonlyargcount", "kwonlyargcount", "freevars", "flags"):
        if getattr(text, "co_" + field) != getattr(code, "co_" + field):
            return False
    stars = [flag for flag in (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS) if text.co_flags & flag]
    count = text.co_argcount + text.co_kwonlyargcount + len(stars)
    if text.co_varnames[:count] != code.co_varnames[:count]:
        return False
    if any(name.startswith("@py") for name in (*code.co_varnames, *code.co_names, *code.co_cellvars)):
        return _alike_but_for_asserts(text, code, node)
    if text.co_code != code.co_code or any(
        getattr(text, field) != getattr(code, field) for field in ("co_names", "co_varnames", "co_cellvars")
    ):
        return False
    return len(text.co_consts) == len(code.co_consts) and all(
        _alike(m, n, node) if isinstance(m, types.CodeType) and isinstance(n, types.CodeType) else _equal(m, n)
        for m, n in zip(text.co_consts, code.co_consts, strict=True)
    )


def _equal(m: Any, n: Any) -> bool:
    """Are two constants the same?  `1`, `1.0` and `True` are not."""
    if type(m) is not type(n):
        return False
    if isinstance(m, tuple):
        return len(m) == len(n) and all(map(_equal, m, n))
    if isinstance(m, frozenset):
        return {(type(x), repr(x)) for x in m} == {(type(x), repr(x)) for x in n}
    return repr(m) == repr(n)


def _alike_but_for_asserts(text: types.CodeType, code: types.CodeType, node: Any) -> bool:
    """The same for a function whose assert statements pytest rewrote: they are left out."""
    asserts = [(n.lineno, n.end_lineno) for n in ast.walk(node) if isinstance(n, gast.Assert)]

    def outside(line: int | None) -> bool:
        return line is not None and not any(first <= line <= last for first, last in asserts)

    def steps(code: types.CodeType) -> list[Any]:
        found: list[Any] = []
        for step in dis.get_instructions(code):
            where = step.positions.lineno if step.positions is not None else None
            # a line may start with what cleans up after an assert, and jumps over it have other targets
            if outside(where) and step.opname not in ("EXTENDED_ARG", "NOP") and "JUMP" not in step.opname:
                value = step.argval
                if isinstance(value, types.CodeType) or "@py" in str(value):
                    value = None
                found.append((step.opname, type(value), repr(value)))
        return found

    def inner(code: types.CodeType) -> list[types.CodeType]:
        return [c for c in code.co_consts if isinstance(c, types.CodeType) and outside(c.co_firstlineno)]

    ours, theirs = inner(text), inner(code)
    return (
        steps(text) == steps(code) and len(ours) == len(theirs)
        and all(_alike(m, n, node) for m, n in zip(ours, theirs, strict=True))
    )


# --- the function behind a callable ---------------------------------------------------------------


def function_of(fun: Any) -> types.FunctionType:
    """The Python function behind a callable: a function, a method, a partial, an object with `__call__`."""
    if isinstance(fun, types.MethodType | staticmethod | classmethod):
        return function_of(fun.__func__)
    if isinstance(fun, functools.partial):
        return function_of(fun.func)
    call = inspect.getattr_static(type(fun), "__call__", None)
    if isinstance(call, types.FunctionType) and not isinstance(fun, type):
        return function_of(call)
    if not isinstance(fun, types.FunctionType):
        what = getattr(fun, "__qualname__", None) or getattr(fun, "__name__", None) or repr(fun)
        if isinstance(fun, np.ufunc) and getattr(np, what, None) is fun:
            what = f"np.{what}"
        if not callable(fun):
            raise SourceNotFound(f"`{what}` is of type {type(fun).__name__}, not a function with source.", "Pass a function.")
        advice = f"Wrap it in a Python function, for example `lambda x: {what}(x)`."
        if isinstance(getattr(fun, "__wrapped__", None), types.FunctionType):
            advice = f"Differentiate the function that it wraps: `{what}.__wrapped__`."
        kinds = {"type": "class", "ufunc": "NumPy function written in C", "builtin_function_or_method": "builtin"}
        name = type(fun).__name__
        raise SourceNotFound(f"`{what}` has no Python source: it is a {kinds.get(name, name)}.", advice)
    flags = fun.__code__.co_flags
    for flag, kind, advice in (
        (inspect.CO_COROUTINE, "a coroutine", "Write `def` instead of `async def`."),
        (inspect.CO_ASYNC_GENERATOR, "an asynchronous generator", "Collect the values in a list and return it."),
        (inspect.CO_GENERATOR, "a generator", "Collect the values in a list and return it."),
    ):
        if flags & flag:
            error: AdjointError = Unsupported(
                f"`{fun.__qualname__}` is {kind}, and adjoint differentiates functions that return their result.", advice
            )
            try:
                node, source = read(fun)
            except AdjointError:
                raise error from None
            raise error.at(source.spot(node))
    return fun
