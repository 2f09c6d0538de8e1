"""The functions of adjoint that generated code calls, as source text that stands on its own.

`Carried` collects what a file needs: for each function its text without annotations and rule
decorators, and what that in turn reads: modules (imported), constants (written as literals), other
functions (carried too) and our error classes (a plain class of the same name in their place).
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import AdjointError, Unsupported
from .edits import Edits
from .literals import literal


class Carried:
    """What stands before the generated functions in an exported file, and the names it has there."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.imports: dict[str, None] = {}
        self.constants: list[str] = []
        self.functions: list[str] = []
        self._carried: set[int] = set()
        self._names: dict[int, str] = {}
        self._kept: list[Any] = []  # so that no other object gets the identity of one that is named

    def free(self, word: str) -> str:
        name, k = word, 1
        while name in self.taken or hasattr(builtins, name):
            k += 1
            name = f"{word}_{k}"
        self.taken.add(name)
        return name

    def call_it(self, value: Any, name: str) -> None:
        """Fix the name of something before it is carried."""
        self._kept.append(value)
        self._names[id(value)] = name
        self.taken.add(name)

    def module(self, module: types.ModuleType, word: str) -> str:
        if id(module) not in self._names:
            self.call_it(module, self.free(word))
        name = self._names[id(module)]
        self.imports["import " + (module.__name__ if module.__name__ == name else f"{module.__name__} as {name}")] = None
        return name

    def imported(self, value: Any, path: str, word: str) -> str:
        """`from path import word`."""
        if id(value) not in self._names:
            self.call_it(value, self.free(word))
        name = self._names[id(value)]
        self.imports[f"from {path} import {word}" + ("" if name == word else f" as {name}")] = None
        return name

    def constant(self, value: Any, word: str, note: str = "") -> str | None:
        """A literal under a name; None where the value has none."""
        text = literal(value, self._names.get(id(np), "np"))
        if text is None:
            return None
        if "np" in text:
            self.module(np, "np")
        name = self.free(word)
        self.constants.append(f"{name} = {text}" + (f"  # {note}" if note else ""))
        return name

    def function(self, fn: Any) -> str:
        """Carry a function of adjoint; its name in the file."""
        if id(fn) not in self._names:
            self.call_it(fn, self.free(fn.__name__))
        if id(fn) not in self._carried:
            self._carried.add(id(fn))
            words = self._words(fn)
            self.functions.append(_bare(fn, self._names[id(fn)], words))
        return self._names[id(fn)]

    def _words(self, fn: types.FunctionType) -> dict[str, str]:
        """What the globals that a function reads are called in the file."""
        tree = Edits(_source(fn)).tree.body[0]
        found: dict[str, str] = {}
        skipped = _annotations(tree)
        for node in ast.walk(tree):
            word = getattr(node, "id", None)
            if word is None or node in skipped or word in found or word in fn.__code__.co_varnames:
                continue
            if word == fn.__name__:
                found[word] = self._names[id(fn)]
            elif word in fn.__globals__:
                found[word] = self._carry(fn.__globals__[word], word)
        return found

    def _carry(self, value: Any, word: str) -> str:
        if isinstance(value, types.ModuleType):
            return self.module(value, word)
        if isinstance(value, types.FunctionType) and value.__module__.startswith("adjoint"):
            return self.function(value)
        if isinstance(value, type) and issubclass(value, AdjointError):
            return self._error(value)
        if callable(value) and not value.__module__.startswith("adjoint"):
            return self.imported(value, value.__module__, value.__name__)
        name = self.constant(value, word)
        if name is None:
            raise Unsupported(f"`{word}` of adjoint cannot be written into a file.", "Use the gradient from your program.")
        return name

    def _error(self, cls: type) -> str:
        if id(cls) not in self._names:
            self.call_it(cls, self.free(cls.__name__))
            base = "TypeError" if issubclass(cls, TypeError) else "Exception"
            self.functions.append(
                f"class {self._names[id(cls)]}({base}):\n    def __str__(self):\n        return ' '.join(map(str, self.args))\n"
            )
        return self._names[id(cls)]


def _source(fn: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(fn))


def _annotations(tree: Any) -> set[Any]:
    """The nodes in annotations and decorators, which are left out."""
    tops = list(tree.decorator_list)
    for node in ast.walk(tree):
        tops.append(getattr(node, "annotation", None))
        tops.append(getattr(node, "returns", None))
    return {inner for top in tops if top is not None for inner in ast.walk(top)}


def _bare(fn: types.FunctionType, name: str, words: dict[str, str]) -> str:
    """A function's text without decorators, annotations and doctests, its globals under other names."""
    edits = Edits(_source(fn))
    tree = edits.tree.body[0]
    skipped = _annotations(tree)
    text = edits.source
    first = text.index(b"def ", edits.start(tree))
    edits.cut(0, first + 4 + len(fn.__name__), f"def {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            edits.cut(text.rindex(b")", 0, edits.start(node.returns)) + 1, edits.end(node.returns))
        if isinstance(node, ast.FunctionDef):
            given = [*node.args.posonlyargs, *node.args.args][::-1]
            defaults = dict(zip(given, node.args.defaults[::-1], strict=False))
            defaults |= dict(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))  # type: ignore[arg-type]
            for arg in ast.walk(node.args):
                if isinstance(arg, ast.arg) and arg.annotation is not None:
                    default = defaults.get(arg)
                    stop = edits.end(arg) if default is None else edits.start(default)
                    edits.cut(edits.start(arg), stop, arg.arg + ("=" if default is not None else ""))
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            edits.cut(edits.end(node.target), edits.start(node.value), " = ")
        if isinstance(node, ast.Name) and node not in skipped and words.get(node.id, node.id) != node.id:
            edits.replace(node, words[node.id])
    doc = tree.body[0]
    said = ast.get_docstring(tree)
    if said is not None and ">>>" in said:  # what it shows is imported from adjoint
        edits.replace(doc, '"""' + said[: said.index(">>>")].strip().replace("\n", "\n    ") + '"""')
    return edits.text().rstrip() + "\n"
