"""The names that generated code finds outside itself: imports, and objects handed to it.

NumPy, math and SciPy functions are imported as the user imported them (`from math import sin` gives
`cos` too).  What cannot be imported (a function defined in a notebook, an object) is put into the
namespace under its own name, and the header says so.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import Callee
from ..rules.registry import OWNERS

_ALIASES = {"numpy": "np"}


class Namespace:
    """The names outside the generated functions; none of them is a name inside."""

    def __init__(self, primal: Callable[..., Any] | None, taken: set[str]) -> None:
        self.globals = dict(getattr(primal, "__globals__", {}))
        self.primal = primal
        self.taken = taken  # the names inside: variables, and the functions themselves
        self.imports: dict[str, None] = {}  # `import numpy as np`
        self.bare: dict[str, dict[str, str]] = {}  # module -> its names and what they are called here
        self.objects: dict[str, Any] = {}  # everything by its name here
        self._names: dict[int, str] = {}  # what is handed over, by identity
        self._modules: dict[str, str] = {}
        self.bounds_checked = False  # is the compiler to look whether each index is within its array?
        self._bare_math = any(
            getattr(math, k, None) is v for k, v in self.globals.items() if isinstance(v, types.BuiltinFunctionType)
        )

    def module(self, path: str) -> ast.expr:
        """A reference to a module, imported under the user's alias if there is one."""
        if path not in self._modules:
            parent, _, last = path.rpartition(".")
            alias = next((k for k, v in self.globals.items() if v is sys.modules[path] and k.isidentifier()), None)
            if alias is None and parent and path.startswith("numpy."):
                return ast.Attribute(self.module(parent), last, ast.Load())
            root = path.split(".")[0]
            if alias is None and parent and root not in self.taken and self.objects.get(root, self) in (
                self, sys.modules[root]
            ):
                self.imports[f"import {path}"] = None
                self.objects[root] = sys.modules[root]
                self._modules[path] = path
            else:
                name = self._free(alias or _ALIASES.get(path, last))
                self.imports[f"import {path}" if name == path else f"import {path} as {name}"] = None
                self.objects[name] = sys.modules[path]
                self._modules[path] = name
        first, *rest = self._modules[path].split(".")
        out: ast.expr = ast.Name(first, ast.Load())
        for part in rest:
            out = ast.Attribute(out, part, ast.Load())
        return out

    def reference(self, value: Any) -> ast.expr:
        """An expression for something that is not data: a function, a class, a module."""
        if isinstance(value, types.ModuleType):
            importable = sys.modules.get(value.__name__) is value and value.__name__ != "__main__"
            return self.module(value.__name__) if importable else ast.Name(self.bound(value), ast.Load())
        if isinstance(value, Callee):
            return ast.Name(value.__name__, ast.Load())
        owner = getattr(value, "__self__", None)
        if isinstance(value, types.BuiltinMethodType) and owner is not None and not isinstance(owner, types.ModuleType):
            inner = ast.Constant(owner) if isinstance(owner, str) else self.reference(owner)
            return ast.Attribute(inner, value.__name__, ast.Load())
        if isinstance(value, types.MethodType) and id(value.__self__) in OWNERS:
            return ast.Attribute(self.singleton(value.__self__), value.__name__, ast.Load())
        word = _word(value)
        if word is not None and getattr(builtins, word, None) is value and word not in self.taken:
            return ast.Name(word, ast.Load())
        path = home(value)
        if word is None or path is None:
            return ast.Name(self.bound(value), ast.Load())
        if (path == "math" and self._bare_math and word not in self.taken) or path.startswith("adjoint"):
            return ast.Name(self._imported(path, word, value), ast.Load())
        return ast.Attribute(self.module(path), word, ast.Load())

    def decorator(self, jit: Callable[..., Any]) -> ast.expr:
        """A reference to a compiler: `njit`, `njit(boundscheck=True)`, or what was handed over."""
        module = sys.modules.get((getattr(jit, "__module__", None) or "").split(".")[0])
        word = _word(jit)
        if word is None or module is None or getattr(module, word, None) is not jit or module.__name__ == "__main__":
            return ast.Name(self.bound(jit), ast.Load())
        out = ast.Name(self._imported(module.__name__, word, jit), ast.Load())
        if not self.bounds_checked or not is_njit(jit):
            return out
        return ast.Call(out, [], [ast.keyword("boundscheck", ast.Constant(True))])

    def sets_bounds_checks(self, jit: Callable[..., Any] | None) -> bool:
        """Is it for us to turn on, in what this compiler makes, that each index is looked at?

        So it is with `numba.njit(cache=True)`, which says nothing about it; `njit` itself is told in the text.
        """
        theirs = (getattr(jit, "__module__", None) or "").startswith("numba.")
        return self.bounds_checked and theirs and not is_njit(jit)

    def given(self, jit: Callable[..., Any]) -> bool:
        """Is anything handed over but the compiler?"""
        return bool(set(self._names) - {id(jit)})

    def singleton(self, value: Any) -> ast.expr:
        """A library's object that its module holds under a name: `stats.norm`."""
        for path in _public(type(value).__module__):
            word = next((k for k, v in vars(sys.modules[path]).items() if v is value), None)
            if word is not None:
                return ast.Attribute(self.module(path), word, ast.Load())
        return ast.Name(self.bound(value), ast.Load())

    def _imported(self, path: str, word: str, value: Any) -> str:
        """`from adjoint.runtime import add`, and under another name where this one is taken."""
        words = self.bare.setdefault(path, {})
        if word not in words:
            words[word] = self._free(word)
            self.objects[words[word]] = value
        return words[word]

    def bound(self, value: Any) -> str:
        """The name of an object that is handed to the generated code as it is."""
        if id(value) not in self._names:
            word = _word(value) or type(value).__name__.lower()
            word = word if word.isidentifier() and not keyword.iskeyword(word) else "f"
            self._names[id(value)] = self._free(word)
            self.objects[self._names[id(value)]] = value
        return self._names[id(value)]

    def _free(self, word: str) -> str:
        name, k = word, 1
        while name in self.taken or name in self.objects or hasattr(builtins, name):
            k += 1
            name = f"{word}_{k}"
        return name

    def header(self, read: set[str]) -> list[str]:
        """The imports of the names that the text reads."""
        lines = [line for line in self.imports if line.split()[-1].split(".")[0] in read]
        for path, words in self.bare.items():
            names = [(word, name) for word, name in sorted(words.items()) if name in read]
            if names:
                listed = ", ".join(word if word == name else f"{word} as {name}" for word, name in names)
                lines.append(f"from {path} import {listed}")
        return sorted(lines, key=lambda line: (line.split()[1].startswith("adjoint"), line.split()[1]))

    def handed(self, read: set[str]) -> list[str]:
        """The names of objects that are not imported but handed over."""
        return sorted(read.intersection(self._names.values()))


def is_njit(jit: Any) -> bool:
    """Is it Numba's own `njit`, not one that was given options?"""
    return jit is not None and jit is getattr(sys.modules.get("numba"), "njit", None)


_IMPORTED = ("numpy", "scipy", "math", "cmath", "adjoint", "operator", "functools", "itertools", "builtins")


def home(value: Any) -> str | None:
    """The module that a library function is found in under its own name."""
    word = _word(value)
    if word is None:
        return None
    if getattr(np, word, None) is value:
        return "numpy"
    module = "scipy.special" if isinstance(value, np.ufunc) else getattr(value, "__module__", None)
    if not isinstance(module, str):
        return None
    for path in (*_public(module), module):
        if path in sys.modules and getattr(sys.modules[path], word, None) is value and path.split(".")[0] in _IMPORTED:
            return path
    return None


def _word(value: Any) -> str | None:
    word = getattr(value, "__name__", None)
    return word if isinstance(word, str) else None


def _public(module: str) -> list[str]:
    """`scipy.special._ufuncs` is imported from `scipy.special`."""
    parts = module.split(".")
    public = [p for p in parts if not p.startswith("_")]
    paths = [".".join(public[:k]) for k in range(len(public), 0, -1)]
    return [p for p in paths if p]
