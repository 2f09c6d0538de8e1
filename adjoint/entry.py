"""The way in: a test of the arguments, written out for one signature, in front of the generated function.

For two floats, and a function that calls no other,

    def entry(args):
        if len(args) == 2:
            a, b = args
            if type(a) is float and type(b) is float and F.__code__ is C and F.__defaults__ is D and ...:
                return run(a, b)
        return otherwise(args)

which costs a third of making the signature and looking it up.  `otherwise` does that.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .lower.abstract import is_namedtuple, signature
from .lower.guards import Guard, ReadAttribute, ReadGlobal
from .lower.source import Unchanged
from .rules.registry import SAID

NUMBERS = (float, int, complex)
BY_IDENTITY = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, np.ufunc)
LARGEST = 200  # tests; for arguments of more parts the signature is made


def entry(
    args: tuple[Any, ...], unchanged: Unchanged, guards: tuple[Guard, ...], run: Callable[..., Any],
    otherwise: Callable[[tuple[Any, ...]], Any], rules: int = 0, note: Callable[[Exception], None] = lambda error: None,
) -> Callable[[tuple[Any, ...]], Any]:
    """A function of a tuple of positional arguments: `run(*args)` if they are such as these, else `otherwise(args)`.

    They are such as these if their signature is the same, and nothing that lowering looked at has changed;
    `rules` is how often the program had registered a rule; `note` is told of an error in the generated code.
    """
    names = [f"a{k}" for k in range(len(args))]
    known: dict[str, Any] = {
        "run": run, "otherwise": otherwise, "signature": signature, "ndarray": np.ndarray, "said": SAID,
        "note": note,
    }
    tests = [t for name, a in zip(names, args, strict=True) for t in _tests(a, name, known)]
    tests += [*_unchanged(unchanged, known), f"said[0] == {rules}"]
    tests += [t for guard in guards for t in _holds(guard, args, known)]
    if len(tests) > LARGEST:
        return otherwise
    given = ", ".join(names)
    lines = [
        "def entry(args):",
        f"    if len(args) == {len(args)}:",
        *([f"        {given}, = args"] if args else []),
        "        try:",
        f"            alike = {' and '.join(tests) or 'True'}",
        "        except (AttributeError, KeyError, ValueError):  # what was looked at is gone",
        "            alike = False",
        "        if alike:",
        "            try:",
        f"                return run({given})",
        "            except Exception as error:",
        "                note(error)",
        "                raise",
        "    return otherwise(args)",
    ]
    exec(compile("\n".join(lines), "<entry>", "exec"), known)
    made: Callable[[tuple[Any, ...]], Any] = known["entry"]
    return made


def _tests(value: Any, name: str, known: dict[str, Any], first: str | None = None) -> Iterator[str]:
    """What must be true of the expression `name` for its signature to be that of `value`.

    `first` is written where it is looked at first: an assignment expression that defines the name.
    """
    first = first or name

    def const(v: Any) -> str:
        known[word := f"c{len(known)}"] = v
        return word

    cls = type(value)
    if cls in NUMBERS:
        yield f"type({first}) is {cls.__name__}"
    elif value is None or cls is bool:
        yield f"({first}) is {value}"
    elif cls is np.ndarray:
        shape = f"{name}.shape == {value.shape}"
        yield f"type({first}) is ndarray and {name}.dtype is {const(value.dtype)} and {shape}"
    elif isinstance(value, np.generic):
        yield f"type({first}) is {const(cls)}"
    elif cls is tuple or is_namedtuple(cls):
        yield f"type({first}) is {const(cls)} and len({name}) == {len(value)}"
        for i, item in enumerate(value):
            yield from _tests(item, f"{name}[{i}]", known)
    elif cls is dict and all(type(k) is str for k in value):
        yield f"type({first}) is dict and tuple({name}) == {const(tuple(value))}"
        for k, item in value.items():
            part = f"d{len(known)}"
            known[part] = None  # the name is taken
            yield from _tests(item, part, known, f"{part} := {name}[{k!r}]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield f"type({first}) is {const(cls)}"
        for field in dataclasses.fields(value):
            if hasattr(value, field.name):
                yield from _tests(getattr(value, field.name), f"{name}.{field.name}", known)
            else:
                yield f"not hasattr({name}, {field.name!r})"
    elif isinstance(value, BY_IDENTITY):
        yield f"({first}) is {const(value)}"
    elif cls is str:
        yield f"type({first}) is str and {name} == {value!r}"
    else:
        yield f"signature({first}) == {const(signature(value))}"


def _holds(guard: Guard, args: tuple[Any, ...], known: dict[str, Any]) -> Iterator[str]:
    word = f"g{len(known)}"
    match guard.read:
        case ReadGlobal(namespace, name):
            known[word] = namespace
            part = f"{word}[{name!r}]"
        case ReadAttribute(owner, name):
            known[word] = owner
            part = f"{word}.{name}"
        case _:
            known[word] = guard
            yield f"{word}.holds(args)"
            return
    value = guard.read(args)
    yield from _tests(value, part, known) if signature(value) == guard.expected else ["False"]


def _unchanged(unchanged: Unchanged, known: dict[str, Any]) -> Iterator[str]:
    for k, (fn, code, defaults, named) in enumerate(unchanged.functions):
        known.update({f"f{k}": fn, f"code{k}": code, f"defaults{k}": defaults, f"named{k}": named})
        yield f"f{k}.__code__ is code{k} and f{k}.__defaults__ is defaults{k} and f{k}.__kwdefaults__ is named{k}"
    for k, (namespace, word) in enumerate(unchanged.builtins.values()):
        known[f"names{k}"] = namespace
        yield f"{word!r} not in names{k}"
