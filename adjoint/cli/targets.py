"""From the target on the command line (`model.py:loss`, `package.module:Class.method`, `-c CODE`) to a function."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import linecache
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .failures import Failure, listed, user_code

TARGET = (
    "FILE.py:function, FILE.py:Class.method, package.module:function, or -:function for a file on stdin; "
    "FILE.py or - where there is only one function"
)
STDIN = "<stdin>"  # `-` on the command line


@dataclass(frozen=True)
class Target:
    """A function to differentiate, and how its own `@grad(…)` says to do it."""

    fun: Callable[..., Any]
    name: str
    options: dict[str, Any] = field(default_factory=dict)  # wrt, has_aux: only what a decorator gave


def find(text: str | None, code: str | None) -> Target:
    """The function that the command line names."""
    if (text is None) == (code is None):
        raise Failure(f"give one target: {TARGET}, or -c 'lambda x: …'")
    if code is not None:
        return _unwrap(_from_code(code), "the lambda")
    assert text is not None
    if text == "-":
        text = STDIN
    where, _, qualname = text.rpartition(":")
    if text == STDIN or text.endswith(".py"):  # no function is named
        where, qualname = text, ""
    if not where or where.endswith(os.sep):
        raise Failure(f"{text}: name a function too, as in FILE.py:f")
    is_file = where.endswith(".py") or os.sep in where or Path(where).is_file()
    module = _from_stdin() if where == STDIN else _import_file(Path(where)) if is_file else _import_module(where)
    if not qualname:
        qualname = _only_function(module, "-" if where == STDIN else where)
    return _unwrap(_member(module, where, qualname), qualname)


def _only_function(module: ModuleType, where: str) -> str:
    """The function that is meant where none is named: the one there is."""
    names = _defined(module)
    if len(names) == 1:
        return names[0]
    names = _named(module)
    raise Failure(f"{where}: name a function too, as in {where}:f" + (f"; it defines {listed(names)}" if names else ""))


def _from_code(code: str) -> Any:
    """The function that an expression gives; its text stays readable through `inspect`."""
    filename = "<-c>"
    linecache.cache[filename] = (len(code), None, [line + "\n" for line in code.splitlines()], filename)
    scope = {name: value for name, value in vars(math).items() if not name.startswith("_")}
    scope.pop("pow")  # hides the builtin
    scope |= {"np": np, "numpy": np, "math": math, "__name__": "__adjoint_c__"}
    with user_code("-c"):
        return eval(compile(code, filename, "eval"), scope)


def _from_stdin() -> ModuleType:
    """What is piped in, as a module; its text stays readable through `inspect`."""
    name, text = "adjoint_stdin", sys.stdin.read()
    linecache.cache[STDIN] = (len(text), None, text.splitlines(keepends=True), STDIN)
    module = ModuleType(name)
    module.__file__ = STDIN
    sys.modules[name] = module
    sys.path.insert(0, os.getcwd())
    with user_code("-"):
        exec(compile(text, STDIN, "exec", dont_inherit=True), vars(module))
    return module


def _import_file(path: Path) -> ModuleType:
    """Import a file under the name that `import` would give it, so that `__main__` blocks stay quiet."""
    if not path.is_file():
        raise Failure(f"{path}: " + ("this is a directory" if path.is_dir() else "no such file"))
    root, parts = path.resolve().parent, [path.stem]
    while (root / "__init__.py").is_file():  # inside a package: its relative imports must work
        parts.insert(0, root.name)
        root = root.parent
    name = ".".join(parts if path.stem != "__init__" or len(parts) == 1 else parts[:-1])
    sys.path.insert(0, str(root))
    if len(parts) > 1:
        return _import_module(name)
    loaded = sys.modules.get(name)
    if loaded is not None or name in sys.stdlib_module_names:
        if _same_file(getattr(loaded, "__file__", None), path):
            assert loaded is not None
            return loaded
        name = f"{name}_"  # json.py must not become json
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise Failure(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with user_code(str(path)):
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _import_module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        known = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        known = False
    if not known:
        raise Failure(f"{name}: no module of this name is found from {os.getcwd()}")
    with user_code(name):
        return importlib.import_module(name)


def _same_file(a: str | None, b: Path) -> bool:
    return a is not None and os.path.exists(a) and os.path.samefile(a, b)


def _member(module: ModuleType, where: str, qualname: str) -> Any:
    """`Class.method` of a module; a class on the way is made an instance where the method needs one."""
    value: Any = module
    for k, name in enumerate(qualname.split(".")):
        owner = ".".join(qualname.split(".")[:k])
        if isinstance(value, type) and _takes_self(value, name):
            try:
                value = value()
            except Exception as error:
                raise Failure(
                    f"{where}:{qualname}: {owner}() cannot be made without arguments ({error}); "
                    f"make one in the file, model = {owner}(…), and name {where}:model.{name}"
                ) from error
        try:
            value = getattr(value, name)
        except AttributeError:
            names = _named(module) if k == 0 else _methods(value if isinstance(value, type) else type(value))
            close = difflib.get_close_matches(name, [*names, *(dir(value) if k else vars(value))], n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; it defines {listed(names)}" if names else ""
            raise Failure(f"{where if k == 0 else owner} has no {name!r}{hint}") from None
    return value


def _defined(module: ModuleType) -> list[str]:
    """The functions that a module defines itself."""
    functions = {name: getattr(value, "primal", value) for name, value in vars(module).items() if _is_function(value)}
    return [name for name, fun in functions.items() if getattr(fun, "__module__", None) == module.__name__]


def _named(module: ModuleType) -> list[str]:
    """What can be named of a module: its own functions, and the methods of its classes."""
    classes = [cls for cls in vars(module).values() if isinstance(cls, type) and cls.__module__ == module.__name__]
    return [*_defined(module), *(f"{cls.__qualname__}.{name}" for cls in classes for name in _methods(cls))]


def _methods(cls: type) -> list[str]:
    functions = [name for name, value in vars(cls).items() if _is_function(getattr(value, "__func__", value))]
    return [name for name in functions if not name.startswith("__")]


def _takes_self(cls: type, name: str) -> bool:
    return _is_function(inspect.getattr_static(cls, name, None))


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) or hasattr(value, "primal")


def _unwrap(value: Any, name: str) -> Target:
    """See through `@grad`: the function that was decorated, and what the decorator was told."""
    if isinstance(value, type) or not callable(value):
        what = "a class" if isinstance(value, type) else f"a value of type {type(value).__name__}"
        methods = _methods(value if isinstance(value, type) else type(value))
        hint = f"; name one of its methods: {listed([f'{name}.{method}' for method in methods])}" if methods else ""
        raise Failure(f"{name} is not a function but {what}{hint}")
    primal = getattr(value, "primal", None)
    if primal is None:
        return Target(value, name)
    options = {key: getattr(value, key) for key in ("wrt", "has_aux") if hasattr(value, key)}
    return Target(primal, name, options)
