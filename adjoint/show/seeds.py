"""The seed of a run: a cotangent for each number and array that the result is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .. import runtime
from ..avals import Num, Seq, differentiable, dtype_of, is_known, shape_of
from ..errors import WrongArgument
from ..ir import Atom, Tree
from ..tangents import described, parts_of


def completed(result: Any, seed: Any, path: str = "seed") -> Any:
    """A seed as the program takes it: of the structure of the result, with zeros for None, and floats for integers.

    For an array it may be a list, for a dataclass a dict.  Raises `WrongArgument`, which says where, if it is of another structure.
    """
    if not isinstance(result, Tree):
        return _leaf(result, seed, path)
    parts = dict.fromkeys(result.keys) if seed is None else _parts(result, seed)
    if parts is None or set(parts) != set(result.keys):
        said = f"`{path}` is {described(seed)}, and not {_said(result)}"
        raise WrongArgument(f"The seed does not fit the result: {said}.", f"There it is like {example(result)}.")
    named = not issubclass(result.cls, tuple | list | dict)
    words = [f"{path}.{key}" if named else f"{path}[{key!r}]" for key in result.keys]
    found = [completed(part, parts[key], word) for key, part, word in zip(result.keys, result.parts, words, strict=True)]
    return _made(result, found)


def _parts(result: Tree, seed: Any) -> dict[Any, Any] | None:
    if issubclass(result.cls, tuple | list):
        return dict(enumerate(seed)) if isinstance(seed, tuple | list) else None
    if isinstance(seed, dict):
        return seed
    if not isinstance(seed, result.cls) or issubclass(result.cls, dict):
        return None
    return parts_of(seed) or {key: getattr(seed, key, None) for key in result.keys}


def _leaf(result: Atom, seed: Any, path: str) -> Any:
    aval = result.aval
    if not differentiable(aval):
        return None
    dtype, shape = dtype_of(aval), shape_of(aval)
    if seed is None:
        if shape is None or not is_known(shape):
            raise WrongArgument(f"`{path}` is None, and what shape its zeros have is not known before the run.", "Pass zeros.")
        return np.zeros(shape, dtype)[()] if not isinstance(aval, Num) else 0j if aval.kind == "complex" else 0.0
    if isinstance(seed, list) and not isinstance(aval, Seq):
        seed = np.array(seed, float)
    if is_known(shape) and np.shape(seed) != shape:
        raise WrongArgument(f"The seed does not fit the result: `{path}` has the shape {np.shape(seed)}, and not {shape}.")
    if isinstance(seed, int | np.integer):
        return float(seed)
    return seed.astype(float) if isinstance(seed, np.ndarray) and seed.dtype.kind in "iu" else seed


def example(result: Any) -> str:
    """A seed for a result, as one would write it: one for the first number in it, zero for the others.

    >>> from adjoint.avals import Arr
    >>> from adjoint.ir import Var
    >>> pair = Tree(tuple, (0, 1), (Var(Num("float")), Var(Arr(np.dtype(float), (2, 3)))))
    >>> example(Tree(dict, ("a", "b"), (pair, Var(Num("int")))))
    "{'a': (1.0, np.zeros((2, 3))), 'b': None}"
    """
    return _example(result, iter(["1.0"]))


def _example(result: Any, one: Iterator[str]) -> str:
    if not isinstance(result, Tree):
        if not differentiable(result.aval):
            return "None"
        number, shape = next(one, "0.0"), shape_of(result.aval)
        if shape == ():
            return number
        size = "…" if shape is None or not is_known(shape) else shape[0] if len(shape) == 1 else shape
        return f"[{number}, …]" if isinstance(result.aval, Seq) else f"np.{'ones' if number == '1.0' else 'zeros'}({size})"
    parts = [_example(part, one) for part in result.parts]
    if result.cls is tuple or result.cls is list:
        inside = ", ".join(parts)
        return f"[{inside}]" if result.cls is list else f"({inside},)" if len(parts) == 1 else f"({inside})"
    if issubclass(result.cls, dict):
        return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(result.keys, parts, strict=True)) + "}"
    names = getattr(result.cls, "_fields", result.keys)
    return f"{result.cls.__name__}({', '.join(f'{name}={part}' for name, part in zip(names, parts, strict=True))})"


def _said(result: Tree) -> str:
    """`a tuple of 2`, `a dict with 'a', 'b'`."""
    if issubclass(result.cls, tuple | list):
        return f"a {result.cls.__name__} of {len(result.parts)}"
    return f"a {result.cls.__name__} with {', '.join(map(repr, result.keys))}"


def values(result: Any, seed: Any) -> list[Any]:
    """The seed of each leaf of the result, in order."""
    if not isinstance(result, Tree):
        return [seed]
    indexed = issubclass(result.cls, tuple | list | dict)
    parts = [seed[key] if indexed else getattr(seed, key) for key in result.keys]
    return [leaf for part, given in zip(result.parts, parts, strict=True) for leaf in values(part, given)]


def filled(result: Any, leaves: Iterable[Any]) -> Any:
    """The result itself, from the values of its leaves in order."""
    return _filled(result, iter(leaves))


def _filled(result: Any, leaves: Iterator[Any]) -> Any:
    if not isinstance(result, Tree):
        return next(leaves)
    return _made(result, [_filled(part, leaves) for part in result.parts])


def _made(tree: Tree, parts: list[Any]) -> Any:
    cls = tree.cls
    if issubclass(cls, dict):
        return dict(zip(tree.keys, parts, strict=True))
    if issubclass(cls, tuple | list):
        return cls(*parts) if hasattr(cls, "_fields") else cls(parts)
    return runtime.make_object(cls, tree.keys, *parts)
