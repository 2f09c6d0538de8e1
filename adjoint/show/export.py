"""A gradient as a file of its own, to be kept: it needs NumPy, and nothing of adjoint.

    import numpy as np

    def unbroadcast(g, x): ...              # the helpers that the generated code calls, as source
    rate = 0.1                              # what it read of the user's module or closure
    def loss_grad(w, x):
        _check(w, x)                        # other shapes than it was generated for are refused
        ...

The generated source is taken as it is; only what it finds outside itself is brought along.  A number
or array of the user's is frozen at what it was, functions and classes are imported from the
user's module, and what can be neither (an open file, a list that the function appends to) is refused.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import runtime
from ..api import Gradient
from ..arguments import Wrt
from ..compiled import NotCompiled, chosen, divided
from ..dispatch import Derived, Reverse
from ..emit import Emitted, emit
from ..errors import Unsupported
from ..ir import Function
from ..lower.abstract import Shapeless
from ..lower.source import function_of
from ..passes import optimised, prepared
from . import standalone
from .edits import Edits
from .helpers import Carried
from .literals import literal

_LOADED = ("__globals__", "__closure__", "__defaults__", "__kwdefaults__")


def export(
    fun: Callable[..., Any], path: str | Path | None = None, *example_args: Any, wrt: Wrt = 0, value: bool = False,
    optimize: bool = True, check: bool = False, numba: bool = False, example_kwargs: Mapping[str, Any] | None = None,
) -> str:
    """Write the gradient of `fun` to a file that needs only NumPy (and what `fun` itself imports); returns its text.

    `example_args` say for which types, dtypes and shapes; without them numbers are assumed, as in `source`.
    The exported function refuses others with a `TypeError`.  `fun` may be a gradient already; else
    `wrt` and `optimize` are as for `grad`, and with `value` the file's function returns `(value, gradient)`.
    With `check` the file carries the function itself too, and `python FILE` compares the two by
    finite differences at the example arguments; its exit code is 1 if they differ.  With `numba` the
    computation stands in a function of numbers and arrays that Numba compiles when it is first called, and keeps
    beside the file; Numba must be installed, also here.  Without `path` nothing is written.
    The text depends on nothing but the function and the arguments.

    Raises `AdjointError` as `grad` does, and where the gradient needs an object that cannot be written down.

    >>> from adjoint import export
    >>> def square(x):
    ...     return x * x
    >>> text = export(square, None, 3.0)
    >>> print(text[text.index("def square_grad"):])
    def square_grad(x):
        _check(x)
        x_bar = x + x  # return x * x
        return x_bar
    <BLANKLINE>
    """
    derived = fun if isinstance(fun, Derived) else Gradient(fun, wrt, value=value, optimize=optimize, has_aux=False)
    if numba:
        derived = derived.compiled_by("numba")
    bound, lowered, _, final = derived.programs(example_args, example_kwargs or {})
    primal = _primal(lowered.function, final.name)
    emitted = _emitted(final, [primal] if check else [], textbook=not derived.optimize, numba=numba)
    scope = emitted.function.__globals__
    edits = Edits(emitted.source)
    _keep_compiled(edits, scope)
    carried = Carried({n.id for n in ast.walk(edits.tree) if isinstance(n, ast.Name)} | {final.name, primal.name})
    _take_imports(edits, carried, scope)
    _take_given(edits, carried, scope)
    _take_defaults(edits, carried, bound.signature, {final.name, primal.name})
    strict = (lowered.level > 1, lowered.layout)
    kinds = _kinds(bound.arguments, *strict)
    definition = next(n for n in edits.tree.body if isinstance(n, ast.FunctionDef) and n.name == final.name)
    guard = carried.free("_check")
    at = _body_of(edits, definition)
    edits.cut(at, at, f"    {guard}({', '.join(kinds)})\n")
    guards = _guard(guard, carried.function(standalone.expect), strict, kinds)
    code = edits.text().strip("\n") + "\n"
    test = _self_test(carried, derived, bound, final, primal) if check else ""
    imports = _sorted(carried.imports)
    constants = "".join(f"{line}\n" for line in carried.constants)
    top = "\n".join(part for part in (_header(derived, bound, kinds, code), imports, constants) if part)
    text = "\n\n".join([top, *carried.functions, guards, code]) + test
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def _emitted(final: Function, others: list[Function], textbook: bool, numba: bool) -> Emitted:
    """The module of adjoint's own: the gradient, or for Numba its kernel and the function around it."""
    if not numba:
        return emit(final, *others, textbook=textbook)
    return emit(divided(final, lists=True), *others, jit=chosen("numba"))


def _keep_compiled(edits: Edits, scope: Mapping[str, Any]) -> None:
    """A compiler keeps what it makes of a file: `@njit` becomes `@njit(cache=True)`; it calls nothing that is Python's."""
    for node in edits.tree.body:
        for decorator in getattr(node, "decorator_list", ()):
            end = edits.end(decorator)
            if isinstance(decorator, ast.Call):
                edits.cut(end - 1, end, ", cache=True)")
            else:
                edits.cut(end, end, "(cache=True)")
            for word in dict.fromkeys(n.id for line in node.body for n in ast.walk(line) if isinstance(n, ast.Name)):
                if isinstance(scope.get(word), types.FunctionType):
                    raise NotCompiled(f"Numba cannot call `{word}`, which {node.name} calls.", "Export without numba.")


def _sorted(imports: Iterable[str]) -> str:
    """Import lines as ruff sorts them: the standard library, the rest; `import` before `from`, a line a module."""
    words: dict[str, list[str]] = {}
    for line in imports:
        head, found, word = line.partition(" import ")
        alone = not found or " as " in word
        words.setdefault(line if alone else head, []).extend([] if alone else [word])
    lines = [_import(head, sorted(names, key=_isort_key)) for head, names in words.items()]
    groups: list[list[str]] = [[], []]
    for line in sorted(lines, key=lambda line: (line.startswith("from"), line.split()[1], " as " in line)):
        groups[line.split()[1].split(".")[0] not in sys.stdlib_module_names].append(line)
    return "\n".join("".join(f"{line}\n" for line in group) for group in groups if group)


def _import(head: str, names: list[str]) -> str:
    line = f"{head} import {', '.join(names)}" if names else head
    return line if len(line) <= 88 else f"{head} import (\n    " + ",\n    ".join(names) + ",\n)"


def _isort_key(word: str) -> Any:
    """Constants, then classes, then functions; log2 before log10."""
    natural = [(part.isdigit(), int(part) if part.isdigit() else part) for part in re.split(r"(\d+)", word)]
    return not word.isupper(), not word[:1].isupper(), natural


def _primal(function: Function, taken: str) -> Function:
    """The function itself, as it is emitted beside its gradient."""
    name = function.name if function.name != taken else f"{function.name}_primal"
    return dataclasses.replace(optimised(prepared(function)), name=name)


# --- what the code finds outside itself -----------------------------------------------------------


def _take_imports(edits: Edits, carried: Carried, scope: Mapping[str, Any]) -> None:
    """Imports go to the head of the file; those from adjoint become the functions themselves."""
    helpers: list[tuple[Any, str]] = []
    for node in edits.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            ours = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("adjoint")
            for alias in node.names:
                name = alias.asname or alias.name
                if ours:
                    helpers.append((scope[name], name))
                else:
                    carried.call_it(scope[name.split(".")[0]] if alias.asname is None else scope[name], name)
                    head = f"from {node.module} import " if isinstance(node, ast.ImportFrom) else "import "
                    carried.imports[head + ast.unparse(alias)] = None
            edits.cut(edits.start(node), edits.end(node))
    for value, name in helpers:  # after the modules, which they share
        if value in _OUTSIDE:
            raise _refused(name, _OUTSIDE[value])
        carried.call_it(value, name)
    for value, _ in helpers:
        carried.function(value)


_OUTSIDE: dict[Any, str] = {
    runtime.store: "it assigns to a global variable of the module that the function stands in",
    runtime.refill: "it changes a list, dict or array outside of the function",
}


def _take_given(edits: Edits, carried: Carried, scope: Mapping[str, Any]) -> None:
    """Objects handed to the generated code: numbers and arrays as literals, functions and classes by import."""
    parents = {child: node for node in ast.walk(edits.tree) for child in ast.iter_child_nodes(node)}
    local = {n.id for n in ast.walk(edits.tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    local |= {n.arg for n in ast.walk(edits.tree) if isinstance(n, ast.arg)}
    local |= {n.name for n in ast.walk(edits.tree) if isinstance(n, ast.FunctionDef | ast.ExceptHandler) and n.name}
    local |= {(a.asname or a.name).split(".")[0] for n in edits.tree.body if hasattr(n, "names") for a in n.names}
    made: dict[Any, str] = {}  # what is read of an object, or the object -> its name in the file
    for node in [n for n in ast.walk(edits.tree) if isinstance(n, ast.Name) and n.id not in local]:
        if hasattr(builtins, node.id) and node.id not in scope:
            continue
        value = scope[node.id]
        found = _loaded(node, value, parents)
        if found is not None:
            whole, where, key, value = found
            word = _word_of(scope[node.id], where, key)
            if (id(scope[node.id]), where, key) not in made:
                note = f"`{word}` of {getattr(scope[node.id], '__qualname__', node.id)} when this file was written"
                made[id(scope[node.id]), where, key] = _brought(carried, value, word.upper(), note, word)
            edits.replace(whole, made[id(scope[node.id]), where, key])
            continue
        if isinstance(value, list | dict | set | np.ndarray) and not _only_read(node, parents):
            raise _refused(node.id, "it may be changed, and a file would change a copy")
        if id(value) not in made:
            carried.taken.discard(node.id)  # it is this object's name already
            made[id(value)] = _brought(carried, value, node.id, "")
        if made[id(value)] != node.id:
            edits.replace(node, made[id(value)])
    for line in edits.source.splitlines():
        if line.startswith(b"# given: "):
            start = edits.source.index(line)
            edits.cut(start, start + len(line))


def _loaded(node: ast.Name, value: Any, parents: Mapping[Any, Any]) -> tuple[Any, str, Any, Any] | None:
    """`f.__globals__["rate"]`: the expression, where, under which key, and the value."""
    attribute = parents[node]
    whole = parents.get(attribute)
    if not (isinstance(attribute, ast.Attribute) and attribute.attr in _LOADED and isinstance(whole, ast.Subscript)):
        return None
    key = ast.literal_eval(whole.slice)
    found = runtime.load(value, attribute.attr, key)
    return (parents[whole] if attribute.attr == "__closure__" else whole), attribute.attr, key, found


def _word_of(fn: Any, where: str, key: Any) -> str:
    if where == "__closure__":
        return str(fn.__code__.co_freevars[key])
    return key if isinstance(key, str) else f"default_{key}"


def _only_read(node: ast.Name, parents: Mapping[Any, Any]) -> bool:
    """Is an object indexed, or given to a function of a library?"""
    parent = parents[node]
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return isinstance(parent.ctx, ast.Load)
    if isinstance(parent, ast.Subscript | ast.Tuple | ast.BinOp | ast.Compare):
        return True
    return isinstance(parent, ast.Call) and node in parent.args


def _brought(carried: Carried, value: Any, word: str, note: str, said: str | None = None) -> str:
    """The name in the file of something from outside."""
    name = carried.constant(value, word, note)
    if name is not None:
        return name
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        path = _path_of(value)
        if path is not None:
            return carried.imported(value, path, value.__name__)
    if isinstance(value, np.ndarray):
        raise _refused(said or word, f"an array of {value.size} entries of {value.dtype} is no constant of a program")
    raise _refused(said or word, f"this {type(value).__name__} cannot be written as a literal, and no import finds it")


def _path_of(value: Any) -> str | None:
    """The module that another program can import this function or class from."""
    private = getattr(value, "__module__", None) or ""
    for path in (private.removeprefix("_"), private):  # `warn` is found in `warnings`
        module = sys.modules.get(path)
        file = getattr(module, "__file__", None) or ""
        if path != "__main__" and not file.startswith("<") and getattr(module, value.__name__, None) is value:
            return path
    return None


def _refused(word: str, why: str) -> Unsupported:
    return Unsupported(f"`{word}` cannot be written into a file: {why}.", "Pass it to the function as an argument.")


# --- the arguments --------------------------------------------------------------------------------


def _take_defaults(edits: Edits, carried: Carried, signature: inspect.Signature, names: set[str]) -> None:
    """Defaults that the generated code expects to be passed are written as constants."""
    for node in edits.tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name not in names:
            continue
        plain = [*node.args.posonlyargs, *node.args.args]
        pairs = list(zip(plain[::-1], node.args.defaults[::-1], strict=False))
        pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)  # type: ignore[arg-type]
        for arg, default in pairs:
            meant = signature.parameters[arg.arg].default if arg.arg in signature.parameters else None
            if isinstance(default, ast.Constant) and default.value is None and meant is not None:
                edits.replace(default, _brought(carried, meant, f"default_{arg.arg}", "a default of the function"))


def _kinds(arguments: Mapping[str, Any], exact: bool, strides: bool) -> dict[str, str]:
    """What each argument must be like; nothing where only an array of any shape is assumed."""
    found = {
        name: standalone.kind(value, exact, strides)
        for name, value in arguments.items() if not isinstance(value, Shapeless)
    }
    for name, text in found.items():
        if any(mark in text for mark in ("<lambda>", "<locals>", " at 0x")):
            raise _refused(name, "this argument has no name by which the file could recognise it")
    return found


def _guard(name: str, expect: str, strict: tuple[bool, bool], kinds: Mapping[str, str]) -> str:
    given = ", ".join(f"{k!r}: {k}" for k in kinds)
    wanted = "".join(f"    {k!r}: {text!r},\n" for k, text in kinds.items())
    flags = f"exact={strict[0]}, strides={strict[1]}"
    return (
        f"def {name}({', '.join(kinds)}):\n"
        f"    {expect}({{{given}}}, {name.upper()}ED, {flags})\n\n\n{name.upper()}ED = {{\n{wanted}}}\n"
    )


def _body_of(edits: Edits, definition: ast.FunctionDef) -> int:
    """Where the line after `def …:` starts."""
    last = max((edits.end(n) for n in ast.walk(definition.args) if hasattr(n, "end_lineno")), default=edits.start(definition))
    return edits.source.index(b":\n", last) + 2


# --- what is said about the file ------------------------------------------------------------------


def _header(derived: Derived, bound: inspect.BoundArguments, kinds: Mapping[str, str], code: str) -> str:
    fn = function_of(derived.primal)
    names = [p.name for p in bound.signature.parameters.values()]
    by = ", ".join(_place_name(place, names) for place in derived.places)
    what = {"Gradient": "The gradient", "Tangent": "The tangent"}.get(type(derived).__name__, "The derivative")
    rows = "".join(f"    {name}: {text}\n" for name, text in kinds.items())
    doc = (
        f"{what} of `{fn.__qualname__}` ({Path(fn.__code__.co_filename).name}, line {fn.__code__.co_firstlineno}) by {by}.\n\n"
        f"Written by adjoint {_version()} for these arguments, and refuses others:\n\n{rows}"
    )
    doc = doc.replace(chr(92), chr(92) * 2).replace('"' * 3, "'" * 3)
    used = {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)}
    return f'"""{doc}"""\n' + ("# ruff: noqa: E741\n" if used & {"l", "O", "I"} else "")


def _place_name(place: Any, names: list[str]) -> str:
    k, item = place if isinstance(place, tuple) else (place, None)
    return f"`{names[k]}`" if item is None else f"`{names[k]}[{item}]`"


def _version() -> str:
    from .. import __version__

    return __version__


# --- its own check --------------------------------------------------------------------------------


def _example(carried: Carried, value: Any) -> str | None:
    """An argument as an expression; an object of a dataclass by a call of its class, which is imported."""

    def made(value: Any) -> str | None:
        cls = type(value)
        fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
        path = _path_of(cls)
        if not fields or path is None or not all(f.init for f in fields):
            return None
        parts = [_example(carried, getattr(value, f.name)) for f in fields]
        if None in parts:
            return None
        given = ", ".join(f"{f.name}={part}" for f, part in zip(fields, parts, strict=True))
        return f"{carried.imported(cls, path, cls.__name__)}({given})"

    return literal(value, carried.module(np, "np"), made)


def _self_test(
    carried: Carried, derived: Derived, bound: inspect.BoundArguments, final: Function, primal: Function
) -> str:
    """The lines that compare the gradient with differences when the file is run."""
    from ..testing import float_leaves, precision

    operator = derived.operator
    if not isinstance(operator, Reverse) or operator.has_aux or operator.seed != "one":
        raise Unsupported("Only a gradient checks itself.", "Export `grad(f)`, without `has_aux`.")
    parameters = bound.signature.parameters
    if any(p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters.values()):
        why = "Only a function of plain parameters checks itself: all of them can be given by name."
        raise Unsupported(why, "Export it without `check`.")
    values = {}
    for name, value in bound.arguments.items():
        written = _example(carried, value)
        if written is None:
            why = "the check needs its value, and no literal, or dataclass that can be imported, says it"
            raise Unsupported(f"`{name}` cannot be written into a file: {why}.", "Export it without `check`.")
        values[name] = written
    names = [list(parameters)[k] for k in derived.places if isinstance(k, int)]
    single = any(precision(leaf) > 1e-15 for _, leaf in float_leaves(list(bound.arguments.values())))
    step, rtol = (1e-2, 1e-2) if single else (1e-5, 1e-6)
    several = isinstance(derived.wrt, tuple | list)
    result = f"{final.name}(**given)" + ("[1]" if operator.value else "")
    rows = "".join(f"        {name!r}: {text},\n" for name, text in values.items())
    compare = carried.function(standalone.compare)
    leave = carried.module(sys, "sys")
    return (
        f'\n\nif __name__ == "__main__":\n'
        f"    arguments = {{\n{rows}    }}\n"
        f"    def slopes(**given):\n        return {result if several else f'({result},)'}\n\n"
        f"    {leave}.exit({compare}({primal.name}, slopes, arguments, {names!r}, {step}, {rtol}))\n"
    )
