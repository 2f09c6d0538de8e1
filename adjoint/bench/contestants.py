"""Who computes the gradient: each makes, of a case and its arguments, a function without arguments.

A library that is not installed, or that a case does not suit, is `Absent`, with the reason.  The libraries get
the very function, its `np` being theirs, with arguments turned into theirs beforehand; JAX compiles it.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .cases import Case

Run = Callable[[], Any]


class Absent(Exception):
    """This one does not take part, for the reason given."""


def by_hand(case: Case, args: tuple[Any, ...]) -> Run:
    return lambda: case.by_hand(*args)


def ours(case: Case, args: tuple[Any, ...]) -> Run:
    from adjoint import grad

    gradient = grad(case.fun, case.wrt)
    return lambda: gradient(*args)


def generated(case: Case, args: tuple[Any, ...]) -> Run:
    """The generated code itself: what a call of `ours` adds to it is the look-up of what is built for such arguments."""
    from adjoint import grad

    run = grad(case.fun, case.wrt).compiled_for(*args)
    return lambda: run(*args)


def by_hand_numba(case: Case, args: tuple[Any, ...]) -> Run:
    """What Numba makes of the gradient by hand: where that is a loop, the limit for a compiler."""
    if not case.loops:
        raise Absent("a case of array operations")
    gradient = _imported("numba").njit(case.by_hand)
    return lambda: gradient(*args)


def ours_numba(case: Case, args: tuple[Any, ...]) -> Run:
    from adjoint import AdjointError, grad

    _imported("numba")
    gradient = grad(case.fun, case.wrt, compile="numba")
    try:
        gradient(*args)
    except AdjointError as error:
        raise Absent(error.what.splitlines()[-1]) from None
    return lambda: gradient(*args)


def tape(case: Case, args: tuple[Any, ...]) -> Run:
    from adjoint import tape

    gradient = tape.grad(_with(_plain(case), np), case.wrt)
    return lambda: gradient(*args)


def autograd(case: Case, args: tuple[Any, ...]) -> Run:
    gradient = _imported("autograd").grad(_with(_plain(case), _imported("autograd.numpy")), case.wrt)
    return lambda: gradient(*args)


def torch(case: Case, args: tuple[Any, ...]) -> Run:
    library = _imported("torch")
    library.set_num_threads(1)
    fun = _with(_plain(case), _Torch(library))

    def tensor(x: Any, watched: bool) -> Any:
        if isinstance(x, int):
            return x
        made = library.as_tensor(x, dtype=None if isinstance(x, np.ndarray) else library.float64)
        return made.requires_grad_() if watched else made

    places = (case.wrt,) if isinstance(case.wrt, int) else case.wrt
    given = [mapped(lambda leaf, k=k: tensor(leaf, k in places), x) for k, x in enumerate(args)]  # type: ignore[misc]
    watched: list[Any] = []
    for k in places:
        mapped(watched.append, given[k])

    def run() -> Any:
        found = iter(library.autograd.grad(fun(*given), watched))
        out = [mapped(lambda leaf: next(found), given[k]) for k in places]
        return out[0] if isinstance(case.wrt, int) else tuple(out)

    return run


def jax(case: Case, args: tuple[Any, ...]) -> Run:
    library = _imported("jax")
    library.config.update("jax_enable_x64", True)
    fixed = tuple(k for k, x in enumerate(args) if isinstance(x, int))
    fun = _with(_plain(case), _imported("jax.numpy"))
    gradient = library.jit(library.grad(fun, case.wrt), static_argnums=fixed)
    given = [x if isinstance(x, int) else mapped(library.numpy.asarray, x) for x in args]
    return lambda: library.block_until_ready(gradient(*given))


CONTESTANTS: dict[str, Callable[[Case, tuple[Any, ...]], Run]] = {
    "by hand": by_hand, "generated": generated, "ours": ours, "by hand+Numba": by_hand_numba, "ours+Numba": ours_numba,
    "tape": tape, "autograd": autograd, "PyTorch": torch, "JAX": jax,
}


# --- the same function with another library ------------------------------------------------------


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Absent("not installed") from None


class _Torch:
    """torch under NumPy's names, where those differ."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.max = library.amax

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def zeros(self, shape: Any) -> Any:
        return self._library.zeros(shape, dtype=self._library.float64)


def _plain(case: Case) -> Callable[..., Any]:
    return case.without_writes or case.fun


def _with(fun: Any, library: Any) -> Callable[..., Any]:
    """A function of our module whose `np`, and whose functions of `math`, are those of a library."""
    space = dict(fun.__globals__)
    for name, value in fun.__globals__.items():
        if value is np:
            space[name] = library
        elif isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
            space[name] = getattr(library, name)
        elif isinstance(value, types.FunctionType) and value.__module__ == fun.__module__:
            space[name] = types.FunctionType(value.__code__, space, name, value.__defaults__)
    return types.FunctionType(fun.__code__, space, fun.__name__, fun.__defaults__)


def mapped(change: Callable[[Any], Any], x: Any) -> Any:
    """A nested value with its leaves changed."""
    if isinstance(x, dict):
        return {key: mapped(change, item) for key, item in x.items()}
    return type(x)([mapped(change, item) for item in x]) if isinstance(x, list | tuple) else change(x)


def leaves(x: Any) -> list[Any]:
    """The leaves of a nested value, in order, those of dicts by their keys, which JAX sorts."""
    if isinstance(x, dict):
        return [leaf for key in sorted(x) for leaf in leaves(x[key])]
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, list | tuple) else [x]
