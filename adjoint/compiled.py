"""Gradients handed to a compiler: `grad(f, compile="numba")`, or `compile=` any function that compiles a function.

A compiler of typed code takes numbers and arrays.  So the program is cut in two: a *kernel* of such arguments and
results, written as compilers like it (`emit.typed`) and compiled, and around it a function of the user's
arguments, which takes dicts, tuples and dataclasses apart, reads globals, and puts the result together:

    @njit
    def loss_grad_kernel(w, b, x):
        ...
        return w_bar, b_bar

    def loss_grad(params, x):
        w, b = params["w"], params["b"]
        w_bar, b_bar = loss_grad_kernel(w, b, x)
        return {"w": w_bar, "b": b_bar}

Nothing falls back in silence: what cannot be compiled raises `NotCompiled`, with the line and the reason.
"""

from __future__ import annotations

import contextlib
import importlib
import linecache
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from . import runtime
from .avals import Arr, Obj, Seq
from .emit import Emitted, described, files, keep, text
from .emit.modules import is_njit
from .errors import AdjointError, WrongArgument
from .ir import (
    Apply, At, Atom, Block, Callee, Const, Function, If, Loop, Param, Stmt, Tree, Var, blocks, defined, free_of, leaves,
    map_leaves, substitute, with_blocks,
)

Jit = Callable[..., Any]


class NotCompiled(AdjointError):
    """The compiler refused the generated code.

    The error shows the line of generated code, beside it the line of the user's where there is one, and what the
    compiler says.  Without `compile=`, the same gradient runs.
    """


def chosen(compile: str | Jit | None) -> Jit | None:
    """What `compile=` stands for: "numba" is `numba.njit`; any function that compiles a function is itself."""
    if compile is None or (callable(compile) and not isinstance(compile, str)):
        return compile
    if compile != "numba":
        raise WrongArgument(f"compile={compile!r}: there is no such compiler.", 'Write "numba", or a function that compiles one.')
    try:
        numba = importlib.import_module("numba")
    except ModuleNotFoundError:
        raise WrongArgument('compile="numba": Numba is not installed.', "pip install 'adjoint[numba]'") from None
    except ImportError as error:  # too old for this NumPy
        raise WrongArgument(f'compile="numba": {error}', "pip install --upgrade numba") from None
    return numba.njit  # type: ignore[no-any-return, unused-ignore]


# --- the program in two --------------------------------------------------------------------------


def divided(program: Function, lists: bool) -> Function:
    """The function of the user's arguments, which calls the kernel; `lists`: this takes lists as Numba does."""
    known = {v: None for p in program.params for v in leaves(p.tree) if isinstance(v, Var)}
    outside: list[Stmt] = []
    inside: list[Stmt] = []
    for stmt in program.body.stmts:
        if isinstance(stmt, Apply) and _stays_outside(stmt) and all(v in known for v in free_of(stmt)):
            outside.append(stmt)
            known.update(dict.fromkeys(stmt.outs))
        else:
            inside.append(stmt)
    constants: dict[int, tuple[Var, Const]] = {}
    inside = [_with_constants(stmt, constants) for stmt in inside]
    made = {v for stmt in inside for v in defined(stmt)}
    results = tuple(dict.fromkeys(r for r in program.body.results if isinstance(r, Var) and r in made))
    read = {v for s in inside for v in free_of(s)}
    given = [v for v in known if v in read]
    handed = [*given, *(v for v, _ in constants.values())]
    kernel = Callee(f"{program.name}_kernel")
    inner = {v: v.again() for v in handed}
    body = substitute(Block((), tuple(inside), results), inner)
    params = tuple(Param(f"a{k}", v) for k, v in enumerate(inner.values()))
    params = tuple(
        replace(p, name=name) for p, name in zip(params, _names(list(inner.values()), program), strict=True)
    )
    tree: Any = body.results[0] if len(results) == 1 else Tree(tuple, tuple(range(len(results))), body.results)
    kernel.function = Function(
        kernel.__name__, params, Block(tuple(inner.values()), body.stmts, body.results), tree, program.primal
    )
    values: list[Atom] = [*given, *(c for _, c in constants.values())]
    arguments = [_argument(a, outside) if lists else a for a in values]
    final: dict[Var, Atom] = {}
    if results:
        outs = tuple(v.again() for v in results)
        outside.append(Apply(outs, kernel, tuple(arguments), (), At(), effect=True))
        final = {v: _result(out, outside) for v, out in zip(results, outs, strict=True)}
    end = tuple(final.get(r, r) if isinstance(r, Var) else r for r in program.body.results)
    result = map_leaves(lambda v: final.get(v, v) if isinstance(v, Var) else v, program.result)
    return replace(program, body=Block(program.body.params, tuple(outside), end), result=result)


def read_first(program: Function) -> Function:
    """What is read of globals and objects within loops and branches is read before them, if nothing can change it.

    A compiler knows neither.  This is done before the program is differentiated: what is read outside of a loop is
    not recorded in it.
    """
    known = {v for p in program.params for v in leaves(p.tree)}
    moved: list[Stmt] = []

    def moves(stmt: Stmt) -> bool:
        if not isinstance(stmt, Apply) or stmt.fn not in (runtime.load, getattr):
            return False
        return all(isinstance(a, Const) or a in known for a in stmt.atoms())

    def block(b: Block) -> Block:
        kept: list[Stmt] = []
        for stmt in b.stmts:
            if moves(stmt):
                moved.append(stmt)
                known.update(stmt.outs)
            else:
                kept.append(with_blocks(stmt, block))
        return Block(b.params, tuple(kept), b.results)

    if any(s.effect and s.fn is not runtime.raise_ for s in _primitives(program.body)):
        return program
    body = block(program.body)
    return replace(program, body=Block(body.params, (*moved, *body.stmts), body.results))


def _primitives(block: Block) -> Iterator[Apply]:
    for stmt in block.stmts:
        if isinstance(stmt, Apply):
            yield stmt
        for inner in blocks(stmt):
            yield from _primitives(inner)


def _stays_outside(stmt: Apply) -> bool:
    """What reads the user's objects and globals is Python's business."""
    if stmt.fn in (runtime.load, runtime.check_apart):
        return True
    return any(isinstance(a, Var) and isinstance(a.aval, Obj) and a.aval.cls not in (range, slice) for a in stmt.atoms())


def _with_constants(stmt: Stmt, constants: dict[int, tuple[Var, Const]]) -> Stmt:
    """Arrays that the program holds are handed to the kernel: a compiler would keep what is in them now."""

    def of(a: Any) -> Any:
        if isinstance(a, Const) and isinstance(a.value, np.ndarray):
            var, _ = constants.setdefault(id(a.value), (Var(a.aval), a))
            return var
        return a

    return _mapped(stmt, of)


def _mapped(stmt: Stmt, of: Callable[[Any], Any]) -> Stmt:
    def block(b: Block) -> Block:
        return Block(b.params, tuple(_mapped(s, of) for s in b.stmts), tuple(map(of, b.results)))

    match stmt:
        case Apply():
            return replace(
                stmt, args=tuple(map(of, stmt.args)), kwargs=tuple((k, of(a)) for k, a in stmt.kwargs)
            )
        case If():
            stmt = replace(stmt, test=of(stmt.test))
        case Loop():
            stmt = replace(stmt, init=tuple(map(of, stmt.init)), iters=tuple(map(of, stmt.iters)))
    return with_blocks(stmt, block)


def _names(params: list[Var], program: Function) -> list[str]:
    """The kernel's parameters are called after what they are."""
    taken: set[str] = set()
    out = []
    for v in params:
        word = v.hint if v.hint is not None and v.hint.isidentifier() else "a"
        name, k = word, 1
        while name in taken:
            k += 1
            name = f"{word}_{k}"
        taken.add(name)
        out.append(name)
    return out


def _argument(a: Atom, outside: list[Stmt]) -> Atom:
    """A list is handed over as one that the compiler knows."""
    if not isinstance(a.aval, Seq):
        return a
    out = Var(a.aval)
    outside.append(Apply((out,), typed_list, (a,)))
    return out


def _result(out: Var, outside: list[Stmt]) -> Atom:
    """A compiler gives Python numbers for NumPy's scalars and for arrays without axes, and double precision for single."""
    if not isinstance(out.aval, Arr) or out.aval.dtype is None:
        return out
    if out.aval.shape != () and out.aval.dtype not in (np.float32, np.complex64):
        return out
    made = Var(out.aval)
    if out.aval.boxed:
        outside.append(Apply((made,), out.aval.dtype.type, (out,)))
    else:
        outside.append(Apply((made,), np.asarray, (out, Const(out.aval.dtype))))
    return made


def typed_list(items: list[Any]) -> Any:
    """A list as Numba takes it."""
    return importlib.import_module("numba.typed").List(items)


# --- the module ----------------------------------------------------------------------------------


def emit_compiled(program: Function, jit: Jit) -> Emitted:
    """The module of a program, its kernel compiled when it is first called."""
    whole = divided(program, (getattr(jit, "__module__", None) or "").startswith("numba."))
    source, space, places = text((whole,), False, jit)
    filename = _file(program.name, source, space.given(jit) or is_njit(jit))
    keep(filename, source, places)
    stem = os.path.basename(filename).removesuffix(".py")
    module = types.ModuleType("adjoint.generated" if filename.startswith("<") else f"adjoint_{stem}")
    if not filename.startswith("<"):
        sys.modules[module.__name__] = module  # what a compiler has kept refers to it by name
    namespace = module.__dict__
    namespace.update(space.objects)
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    if space.sets_bounds_checks(jit):
        _with_bounds_checks(namespace)
    made = namespace[program.name]
    assert isinstance(made, types.FunctionType)
    functions = {k: v for k, v in namespace.items() if k.startswith(f"{program.name}")}
    kernel = f"{program.name}_kernel"
    if kernel in namespace:
        namespace[kernel] = _First(namespace, kernel, filename)
    return Emitted(source, made, filename, functions)


def _with_bounds_checks(namespace: dict[str, Any]) -> None:
    """Have Numba look at each index in the functions of a module, where the user does not say whether it is to."""
    for made in namespace.values():
        options = getattr(made, "targetoptions", None)
        if options is not None and hasattr(made, "py_func") and options.get("boundscheck") is None:
            options = {**options, "boundscheck": True}  # a copy: the user's compiler holds this very dict
            made.targetoptions = made._compiler.targetoptions = options


class _First:
    """Stands for the kernel until it has been called once: a refusal of the compiler is one of ours.

    Several threads may call it at once: the first compiles, the others wait.
    """

    lock = threading.Lock()  # one for all: what `catch_warnings` changes belongs to the whole process

    def __init__(self, namespace: dict[str, Any], name: str, filename: str) -> None:
        self.namespace, self.name, self.filename, self.kernel = namespace, name, filename, namespace[name]

    def __call__(self, *args: Any) -> Any:
        with self.lock:
            if self.namespace[self.name] is self:
                self._compile(args)
                self.namespace[self.name] = self.kernel
        return self.kernel(*args)

    def _compile(self, args: tuple[Any, ...]) -> None:
        compile_for = getattr(self.kernel, "compile", None)
        if compile_for is None or not hasattr(self.kernel, "py_func"):
            return
        numba = importlib.import_module("numba")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", numba.NumbaPerformanceWarning)
                compile_for(tuple(map(numba.typeof, args)))
        except Exception as error:  # compilers raise errors of many kinds
            raise _refused(error, self.filename) from error


def _refused(error: Exception, filename: str) -> NotCompiled:
    """The compiler's refusal: the line of generated code, and the first thing it says about it."""
    said = str(error)
    lines = linecache.getlines(filename)
    number = getattr(getattr(error, "loc", None), "line", None)
    mentions = [int(line.rpartition(" ")[2].rstrip(":)")) for line in said.splitlines()
                if filename in line and line.rpartition(" ")[2].rstrip(":)").isdigit()]
    number = mentions[-1] if mentions else number
    where = f"{described(filename, number)}\n" if number is not None and 0 < number <= len(lines) else ""
    reason = next((line.strip() for line in said.splitlines() if line.strip() and "nopython mode pipeline" not in line), said)
    more = [line.strip() for line in said.splitlines() if line.strip().startswith(">>>")]
    reason = f"{reason} {more[0][4:]}" if more else reason
    return NotCompiled(f"{where}The compiler does not take this: {reason}", "Without compile=..., the same gradient runs.")


def _file(name: str, source: str, alone: bool) -> str:
    """The file of the generated module, in the user's cache: compilers keep what they made beside it.

    Its name says what is in it, so that nothing stale is found.  `alone`: there is no file, because nothing is to be
    kept, or nothing may be: the module was handed objects, of which its text says only the names.
    """
    if not alone:
        with contextlib.suppress(OSError):
            return files.written(files.cache(), name, source)
    return files.unwritten(name, source)
