"""From a function object to its syntax tree.

`inspect` finds the lines of the file (a module, a notebook cell, a doctest, text registered in
`linecache`); the whole of it is parsed, so that indentation, continuation lines and decorators need
no repair, and the function's node is found again by where its code object says it starts.  Several
lambdas may share a line: the columns in `co_positions` tell them apart.  Text that no longer is what
was compiled (a file edited after its import) is refused: its derivative would be that of another
function.
"""

from __future__ import annotations
import __future__

import ast
import functools
import inspect
import types
from dataclasses import dataclass
from typing import Any

import gast

from ..errors import AdjointError, SourceNotFound, Spot, Unsupported
from ..ir import Place

FunctionNode = gast.FunctionDef | gast.Lambda


@dataclass(frozen=True)
class Source:
    """The text that a function stands in."""

    file: str
    lines: tuple[str, ...]
    function: str

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
        return Place(self.file, node.lineno, node.col_offset, self.text(node), self.function)


@dataclass(frozen=True)
class Text:
    """One parsed file: its functions by first line, and the text they were read from."""

    functions: dict[int, list[Any]]
    text: str
    file: str


def read(fn: types.FunctionType) -> tuple[FunctionNode, Source]:
    """The syntax tree of a function or lambda, and the source it stands in."""
    code = fn.__code__
    name = getattr(fn, "__qualname__", code.co_name).replace("<locals>.", "")
    try:
        lines, _ = inspect.findsource(code)
    except (OSError, TypeError, IndexError) as cause:
        raise SourceNotFound(
            f"The source of `{name}` is not available ({code.co_filename}), and adjoint differentiates source.",
            "Define it in a file, a notebook cell or a doctest, or register its text in `linecache`.",
        ) from cause
    source = Source(code.co_filename, tuple(lines), name)
    text = _parse("".join(lines), code.co_filename)
    nodes = [n for n in text.functions.get(code.co_firstlineno, ()) if _name(n) == code.co_name]
    if len(nodes) > 1:
        nodes = _at_columns(nodes, code)
    if len(nodes) != 1:
        raise SourceNotFound(
            f"`{name}` is not found at line {code.co_firstlineno} of {code.co_filename}.",
            "The file has changed since it was imported: import it again.",
        )
    _check_unchanged(nodes[0], code, text, name)
    return nodes[0], source


@functools.lru_cache(maxsize=64)
def _parse(text: str, file: str) -> Text:
    text = text.replace("\r\n", "\n")
    tree = gast.parse(text, file)
    functions: dict[int, list[Any]] = {}
    for node in ast.walk(tree):
        if isinstance(node, gast.FunctionDef | gast.AsyncFunctionDef | gast.Lambda):
            decorators = getattr(node, "decorator_list", [])
            first = min([d.lineno for d in decorators] + [node.lineno])
            functions.setdefault(first, []).append(node)
    return Text(functions, text, file)


@functools.lru_cache(maxsize=64)
def _codes(text: str, file: str, apart: bool, flags: int = 0) -> dict[int, list[types.CodeType]]:
    """The code objects that the text compiles to, by first line.

    `apart`: one statement at a time, as notebooks do.  It makes a difference: where a module imports
    `np`, Python compiles `np.sin(x)` otherwise than where `np` is any global.
    """
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    parts: list[Any] = [ast.Module([stmt], []) for stmt in ast.parse(text, file).body] if apart else [text]
    todo = [compile(part, file, "exec", dont_inherit=True, flags=flags) for part in parts]
    codes: dict[int, list[types.CodeType]] = {}
    while todo:
        for const in todo.pop().co_consts:
            if isinstance(const, types.CodeType):
                codes.setdefault(const.co_firstlineno, []).append(const)
                todo.append(const)
    return codes


def _name(node: Any) -> str:
    return getattr(node, "name", "<lambda>")


def _at_columns(nodes: list[Any], code: types.CodeType) -> list[Any]:
    """Of several lambdas on a line, the one whose body holds every instruction of `code`."""
    spans = [p for p in code.co_positions() if None not in p and p[2] != p[3]]
    if not spans:
        return nodes
    start = min((line, col) for line, _, col, _ in spans)
    end = max((line, col) for _, line, _, col in spans)

    def holds(node: Any) -> bool:
        body = node.body if isinstance(node, gast.Lambda) else node
        return (body.lineno, body.col_offset) <= start and end <= (body.end_lineno, body.end_col_offset)

    inside = [n for n in nodes if holds(n)]
    return inside if len(inside) <= 1 else [min(inside, key=lambda n: (n.end_lineno, n.end_col_offset))]


def _check_unchanged(node: Any, code: types.CodeType, text: Text, name: str) -> None:
    """Refuse when the text compiles to something else than the function at hand.

    `assert` is left out of it: test runners rewrite assert statements.
    """
    if any(isinstance(n, gast.Assert) for n in ast.walk(node)):
        return
    flags = code.co_flags & __future__.annotations.compiler_flag
    for options in ((False,), (True, flags)):
        candidates = _codes(text.text, text.file, *options).get(code.co_firstlineno, ())
        if any(c.co_name == code.co_name and _alike(c, code) for c in candidates):
            return
    raise SourceNotFound(
        f"The text of `{name}` at line {code.co_firstlineno} of {code.co_filename} is not what is running.",
        "The file has changed since it was imported: import it again.",
    )


def _alike(a: types.CodeType, b: types.CodeType) -> bool:
    if a.co_code != b.co_code or a.co_names != b.co_names or len(a.co_consts) != len(b.co_consts):
        return False
    return all(
        isinstance(m, types.CodeType) or isinstance(n, types.CodeType) or repr(m) == repr(n)
        for m, n in zip(a.co_consts, b.co_consts, strict=True)
    )


def function_of(fun: Any) -> types.FunctionType:
    """The Python function behind a callable: a function, a method, a `functools.wraps` wrapper."""
    if isinstance(fun, types.MethodType):
        return function_of(fun.__func__)
    if isinstance(fun, staticmethod | classmethod):
        return function_of(fun.__func__)
    if not isinstance(fun, types.FunctionType):
        what = getattr(fun, "__qualname__", None) or repr(fun)
        raise SourceNotFound(
            f"`{what}` has no Python source: it is a {type(fun).__name__}.",
            "Wrap it in a Python function, for example `lambda x: ...`.",
        )
    flags = fun.__code__.co_flags
    for flag, kind in (
        (inspect.CO_COROUTINE, "a coroutine"),
        (inspect.CO_ASYNC_GENERATOR, "an asynchronous generator"),
        (inspect.CO_GENERATOR, "a generator"),
    ):
        if flags & flag:
            error: AdjointError = Unsupported(
                f"`{fun.__qualname__}` is {kind}, and adjoint differentiates functions that return their result.",
                "Collect the values in a list and return it.",
            )
            try:
                node, source = read(fun)
            except AdjointError:
                raise error from None
            raise error.at(source.spot(node))
    return fun
