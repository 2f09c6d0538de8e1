"""The names that generated code finds outside itself: imports, and objects handed to it.

NumPy, math and SciPy functions are imported as the user imported them (`from math import sin` gives
`cos` too).  What cannot be imported (a function defined in a notebook, an object) is put into the
namespace under its own name, and the header says so.
"""

from __future__ import annotations

import ast
import builtins
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import Callee

_ALIASES = {"numpy": "np"}


class Namespace:
    def __init__(self, primal: Callable[..., Any] | None, taken: set[str]) -> None:
        self.globals = dict(getattr(primal, "__globals__", {}))
        self.primal = primal
        self.imports: dict[str, None] = {}
        self.bare: dict[str, set[str]] = {}
        self.objects: dict[str, Any] = {}
        self.taken = taken  # the names that user variables may have
        self._names: dict[int, str] = {}
        self._modules: dict[str, str] = {}
        self._bare_math = any(
            getattr(math, k, None) is v for k, v in self.globals.items() if isinstance(v, types.BuiltinFunctionType)
        )

    def module(self, path: str) -> ast.expr:
        """A reference to a module, imported under the user's alias if there is one."""
        if path not in self._modules:
            found = sys.modules[path]
            alias = next((k for k, v in self.globals.items() if v is found and k not in self.taken), None)
            if alias is None and "." in path:
                parent, _, last = path.rpartition(".")
                if path.startswith("numpy."):
                    return ast.Attribute(self.module(parent), last, ast.Load())
                self.imports[f"import {path}"] = None
                self._modules[path] = path
            else:
                alias = self._free(alias or _ALIASES.get(path, path))
                self.imports[f"import {path}" if alias == path else f"import {path} as {alias}"] = None
                self._modules[path] = alias
            self.objects[self._modules[path].split(".")[0]] = sys.modules[self._modules[path].split(".")[0]] if (
                "." in self._modules[path]) else found
        first, *rest = self._modules[path].split(".")
        out: ast.expr = ast.Name(first, ast.Load())
        for part in rest:
            out = ast.Attribute(out, part, ast.Load())
        return out

    def reference(self, value: Any) -> ast.expr:
        """An expression for something that is not data: a function, a class, a module."""
        if isinstance(value, types.ModuleType):
            return self.module(value.__name__)
        if isinstance(value, Callee):
            return ast.Name(value.__name__, ast.Load())
        owner = getattr(value, "__self__", None)
        if isinstance(value, types.BuiltinMethodType) and owner is not None and not isinstance(owner, types.ModuleType):
            inner = ast.Constant(owner) if isinstance(owner, str) else self.reference(owner)
            return ast.Attribute(inner, value.__name__, ast.Load())
        word = getattr(value, "__name__", None)
        if word is not None and getattr(builtins, word, None) is value and word not in self.taken:
            return ast.Name(word, ast.Load())
        path = home(value)
        if path is not None:
            if path == "math" and self._bare_math and word not in self.taken and hasattr(math, str(word)):
                self.bare.setdefault(path, set()).add(str(word))
                self.objects[str(word)] = value
                return ast.Name(str(word), ast.Load())
            if path.startswith("adjoint"):
                self.bare.setdefault(path, set()).add(str(word))
                self.objects[str(word)] = value
                return ast.Name(str(word), ast.Load())
            return ast.Attribute(self.module(path), str(word), ast.Load())
        return ast.Name(self.bound(value), ast.Load())

    def bound(self, value: Any) -> str:
        """The name of an object that is handed to the generated code as it is."""
        if id(value) not in self._names:
            word = getattr(value, "__name__", None) or type(value).__name__.lower()
            word = word if word.isidentifier() else "f"
            self._names[id(value)] = self._free(word)
            self.objects[self._names[id(value)]] = value
        return self._names[id(value)]

    def _free(self, word: str) -> str:
        name, k = word, 1
        while name in self.taken or (name in self.objects):
            k += 1
            name = f"{word}_{k}"
        return name

    def header(self) -> list[str]:
        lines = sorted(self.imports, key=lambda line: line.split()[1])
        lines += [f"from {path} import {', '.join(sorted(words))}" for path, words in sorted(self.bare.items())]
        return sorted(lines, key=lambda line: (line.split()[1].startswith("adjoint"), line.split()[1]))

    def handed(self) -> list[str]:
        """The names of objects that are not imported but handed over."""
        return sorted(self._names.values())


def home(value: Any) -> str | None:
    """The module that a library function is found in under its own name."""
    word = getattr(value, "__name__", None)
    if word is None:
        return None
    if isinstance(value, np.ufunc) and getattr(np, word, None) is value:
        return "numpy"
    if getattr(np, word, None) is value:
        return "numpy"
    module = getattr(value, "__module__", None)
    if module is None:
        return None
    for path in (*_public(module), module):
        if path in sys.modules and getattr(sys.modules[path], word, None) is value:
            if path.split(".")[0] in ("numpy", "scipy", "math", "adjoint", "operator", "functools", "itertools"):
                return path
    return None


def _public(module: str) -> list[str]:
    """`scipy.special._ufuncs` is imported from `scipy.special`."""
    parts = module.split(".")
    public = [p for p in parts if not p.startswith("_")]
    paths = [".".join(public[:k]) for k in range(len(public), 0, -1)]
    return [p for p in paths if p]
