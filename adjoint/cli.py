"""The `adjoint` command: read a function's gradient, or check it, without writing a script.

    adjoint show  FILE.py:f                      the generated source
    adjoint check FILE.py:f --at x=2.0           its numbers beside finite differences
    adjoint supported np.tanh                    what has a derivative rule, and where it stands (supported.py)

A command is three steps: `find` turns the target on the command line into a function and the
arguments to differentiate it by, `values` turns `--at NAME=VALUE` into the function's arguments,
and `show` or `check` prints.  Whatever can go wrong on the user's side ends as one `Failure`,
printed to stderr without a traceback, with exit code 2; exit code 1 means that a check ran and
the gradient was wrong.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import importlib
import importlib.metadata
import importlib.util
import inspect
import io
import keyword
import linecache
import math
import os
import sys
import sysconfig
import tokenize
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

EPILOG = """\
examples:
  adjoint show model.py:loss --wrt w,b
  adjoint show model.py:loss --wrt w,b --no-optimize
  adjoint show -c 'lambda x: np.sin(x) ** 2' --stage lowered
  adjoint check model.py:loss --at w=2.0 --at b=1.0
  adjoint supported np.linalg.svd
  adjoint check package.module:energy --at 'x=np.linspace(0, 1, 5)' --rtol 1e-5
"""

TARGET = "FILE.py:function, FILE.py:Class.method or package.module:function"
AT = "an argument's value: a Python literal, or an expression of np such as 'x=np.ones(3)'; may be repeated"

STAGES = ("lowered", "reversed", "optimised", "source")

BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended


class Failure(Exception):
    """Something on the user's side, said in a sentence: printed to stderr, exit code 2."""


@dataclass(frozen=True)
class Target:
    """A function to differentiate, and how its own `@grad(…)` says to do it."""

    fun: Callable[..., Any]
    name: str
    options: dict[str, Any] = field(default_factory=dict)  # wrt, has_aux: only what a decorator gave


# --- the target ---------------------------------------------------------------------------------


def find(text: str | None, code: str | None) -> Target:
    """The function that the command line names."""
    if (text is None) == (code is None):
        raise Failure(f"give one target: {TARGET}, or -c 'lambda x: …'")
    if code is not None:
        return _unwrap(_from_code(code), "the lambda")
    assert text is not None
    where, _, qualname = text.rpartition(":")
    if not where or where.endswith(os.sep):
        is_file = text.endswith(".py")
        raise Failure(f"{text}: name a function too, as in {text if is_file else 'FILE.py'}:f" + _offer(text, is_file))
    is_file = where.endswith(".py") or os.sep in where or Path(where).is_file()
    module = _import_file(Path(where)) if is_file else _import_module(where)
    return _unwrap(_member(module, where, qualname), qualname)


def _offer(path: str, is_file: bool) -> str:
    """`; it defines f and g`, read from the text of a file that exists."""
    try:
        tree = ast.parse(Path(path).read_bytes()) if is_file else None
    except (OSError, SyntaxError, ValueError):
        tree = None
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    return f"; it defines {_and(names)}" if names else ""


def _from_code(code: str) -> Any:
    """The function that an expression gives; its text stays readable through `inspect`."""
    filename = "<-c>"
    linecache.cache[filename] = (len(code), None, [line + "\n" for line in code.splitlines()], filename)
    scope = {name: value for name, value in vars(math).items() if not name.startswith("_")}
    scope.pop("pow")  # hides the builtin
    scope |= {"np": np, "numpy": np, "math": math, "__name__": "__adjoint_c__"}
    with _user_code("-c"):
        return eval(compile(code, filename, "eval"), scope)


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
        with _user_code(str(path)):
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
    with _user_code(name):
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
            names = _defined(module) if k == 0 else dir(value)
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; it defines {_and(names)}" if names and k == 0 else ""
            raise Failure(f"{where if k == 0 else owner} has no {name!r}{hint}") from None
    return value


def _defined(module: ModuleType) -> list[str]:
    """The functions that a module defines itself."""
    functions = {name: getattr(value, "primal", value) for name, value in vars(module).items() if _is_function(value)}
    return [name for name, fun in functions.items() if getattr(fun, "__module__", None) == module.__name__]


def _takes_self(cls: type, name: str) -> bool:
    return _is_function(inspect.getattr_static(cls, name, None))


def _is_function(value: Any) -> bool:
    return inspect.isfunction(value) or hasattr(value, "primal")


def _unwrap(value: Any, name: str) -> Target:
    """See through `@grad`: the function that was decorated, and what the decorator was told."""
    if not callable(value):
        raise Failure(f"{name} is not a function but a value of type {type(value).__name__}")
    primal = getattr(value, "primal", None)
    if primal is None:
        return Target(value, name)
    options = {key: getattr(value, key) for key in ("wrt", "has_aux") if hasattr(value, key)}
    return Target(primal, name, options)


@contextlib.contextmanager
def _user_code(where: str) -> Iterator[None]:
    """Run the user's code: what it prints goes to stderr, what it raises becomes a `Failure`."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except SyntaxError as error:
        at = f"{error.filename}:{error.lineno}" if error.filename and error.lineno else where
        text = f"\n    {error.text.strip()}" if error.text else ""
        raise Failure(f"{at}: SyntaxError: {error.msg}{text}") from error
    except (Failure, KeyboardInterrupt, BrokenPipeError):
        raise
    except BaseException as error:
        if _is_refusal(error):
            raise
        raise Failure(_said(error, where)) from error


def _said(error: BaseException, where: str) -> str:
    """An exception in a line or two: the place in the user's code, if any, instead of a traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else where
    text = f"\n    {frames[-1].line}" if frames and frames[-1].line else ""
    return f"{at}: {type(error).__name__}: {error}{text}"


def _is_library(filename: str) -> bool:
    paths = sysconfig.get_paths()
    libraries = (str(Path(__file__).parent), paths["stdlib"], paths["purelib"], paths["platlib"])
    return filename.startswith(("<frozen ", *(path + os.sep for path in libraries)))


def _is_refusal(error: BaseException) -> bool:
    from adjoint import AdjointError

    return isinstance(error, AdjointError)


# --- the arguments ------------------------------------------------------------------------------


def values(target: Target, at: Sequence[str]) -> inspect.BoundArguments:
    """The function's arguments from the `--at NAME=VALUE` of the command line."""
    try:
        signature = inspect.signature(target.fun)
    except (TypeError, ValueError):
        raise Failure(f"{target.name}: Python knows no signature of this function") from None
    parameters, given = signature.parameters, {}
    for text in at:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise Failure(f"--at {text}: write --at NAME=VALUE, for example --at x=2.0")
        if name not in parameters:
            raise Failure(f"--at {text}: {target.name} has no argument {name!r}; it has {_and(list(parameters))}")
        given[name] = _value(text, value.strip())
    bound = inspect.BoundArguments(signature, given)
    missing = [
        p.name
        for p in parameters.values()
        if p.name not in given and p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if missing:
        raise Failure(f"{target.name} needs a value for {_and(missing)}: add --at {missing[0]}=…")
    bound.apply_defaults()
    return bound


def _value(text: str, value: str) -> Any:
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(value)
    try:
        return eval(compile(value, "<--at>", "eval"), {"__builtins__": {}, "np": np})
    except SyntaxError as error:
        raise Failure(f"--at {text}: this is not a Python expression: {error.msg}") from error
    except NameError as error:
        raise Failure(f"--at {text}: {error}; only literals and np are known here") from error
    except Exception as error:
        raise Failure(f"--at {text}: {type(error).__name__}: {error}") from error


def chosen(text: str | None) -> Any:
    """`--wrt x`, `--wrt x,y`, `--wrt 0,1` as grad's `wrt`; None where nothing was said."""
    if text is None:
        return None
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise Failure("--wrt: name at least one argument, for example --wrt x")
    wrt = tuple(int(item) if item.lstrip("-").isdigit() else item for item in items)
    return wrt[0] if len(wrt) == 1 and not text.rstrip().endswith(",") else wrt


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


# --- show ---------------------------------------------------------------------------------------


def show(args: argparse.Namespace) -> int:
    """Print generated source."""
    from adjoint import grad

    target = find(args.target, args.code)
    bound = values(target, args.at) if args.at else None
    wrt = chosen(args.wrt)
    with _user_code(target.name):
        options = target.options if wrt is None else target.options | {"wrt": wrt}
        gradient = grad(target.fun, **options, optimize=args.optimize)
        text = gradient.stage(args.stage, *(bound.args if bound else ()), **(bound.kwargs if bound else {}))
    colours = args.color == "always" or (args.color == "auto" and _on_terminal())
    text = text.rstrip("\n") + "\n"
    sys.stdout.write(colour(text) if colours else text)
    return 0


def _on_terminal() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


DIM, BOLD_BLUE, GREEN, CYAN, RESET = "\x1b[2m", "\x1b[1;34m", "\x1b[32m", "\x1b[36m", "\x1b[0m"


def colour(text: str) -> str:
    """Python source with terminal colours; what is not Python stays as it is.

    >>> colour("x = 2.0  # two")
    'x = \\x1b[36m2.0\\x1b[0m  \\x1b[2m# two\\x1b[0m'
    """
    lines = text.splitlines(keepends=True)
    spans: list[tuple[int, int, int, str]] = []  # line, from, to, colour
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if not (style := _style(token)):
                continue
            (first, start), (last, end) = token.start, token.end
            for n in range(first, last + 1):
                until = end if n == last else len(lines[n - 1].rstrip("\n"))
                spans.append((n - 1, start if n == first else 0, until, style))
    for n, start, end, style in reversed(spans):
        line = lines[n]
        lines[n] = line[:start] + style + line[start:end] + RESET + line[end:]
    return "".join(lines)


def _style(token: tokenize.TokenInfo) -> str | None:
    match token.type:
        case tokenize.COMMENT:
            return DIM
        case tokenize.STRING:
            return GREEN
        case tokenize.NUMBER:
            return CYAN
        case tokenize.NAME if keyword.iskeyword(token.string):
            return BOLD_BLUE
    return None


# --- check --------------------------------------------------------------------------------------


def check(args: argparse.Namespace) -> int:
    """Compare a gradient with finite differences, argument by argument."""
    from adjoint import value_and_grad
    from adjoint.testing import numerical_gradient

    target = find(args.target, args.code)
    bound = values(target, args.at)
    names = _differentiated(target, bound, chosen(args.wrt))
    has_aux = bool(target.options.get("has_aux", False))

    def of_names(*new: Any) -> Any:
        """The function of the arguments that are differentiated, the others as given."""
        again = inspect.BoundArguments(bound.signature, bound.arguments | dict(zip(names, new, strict=True)))
        result = target.fun(*again.args, **again.kwargs)
        return result[0] if has_aux else result

    at = [bound.arguments[name] for name in names]
    with _user_code(target.name):
        value, gradients = value_and_grad(target.fun, wrt=tuple(names), has_aux=has_aux)(*bound.args, **bound.kwargs)
        differences = numerical_gradient(of_names, tuple(at), tuple(range(len(names))))
    if has_aux:
        value = value[0]

    rtol = args.rtol if args.rtol is not None else 1e-2 if _is_single(at) else 1e-6
    rows = [("argument", "adjoint", "finite differences", "relative difference", "")]
    for name, ours, theirs in zip(names, gradients, differences, strict=True):
        relative, ok = _compare(ours, theirs, rtol, abs(float(value)))
        rows.append((name, _short(ours), _short(theirs), relative, "ok" if ok else "failed"))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    print(f"value {_short(value)}\n")
    for row in rows:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    failed = [row[0] for row in rows[1:] if row[-1] == "failed"]
    print(f"\nfailed: {_and(failed)} by more than {rtol:g}" if failed else f"\nok: no difference above {rtol:g}")
    return 1 if failed else 0


def _differentiated(target: Target, bound: inspect.BoundArguments, wrt: Any) -> list[str]:
    """The arguments to check: --wrt, or the decorator's, or each that holds floats."""
    names = list(bound.signature.parameters)
    wrt = target.options.get("wrt") if wrt is None else wrt
    if wrt is None:
        found = [name for name in names if _numbers(bound.arguments.get(name)).size]
        if not found:
            example = names[0] if names else "x"
            raise Failure(f"no argument of {target.name} has a float value: write --at {example}=2.0")
        return found
    chosen_names = []
    for item in wrt if isinstance(wrt, tuple) else (wrt,):
        if isinstance(item, int) and -len(names) <= item < len(names):
            item = names[item]
        if item not in names:
            raise Failure(f"--wrt {item}: {target.name} has no such argument; it has {_and(names)}")
        chosen_names.append(item)
    return chosen_names


def _numbers(value: Any) -> np.ndarray[Any, Any]:
    """Everything in a structure that can be differentiated, in a row."""
    from adjoint.testing import float_leaves

    return np.concatenate([np.zeros(0), *(np.ravel(leaf) for _, leaf in float_leaves(value))])


def _is_single(at: Sequence[Any]) -> bool:
    """Is there a float of less than double precision?"""
    from adjoint.testing import float_leaves, precision

    return any(precision(leaf) > 1e-15 for _, leaf in float_leaves(list(at)))


def _compare(ours: Any, theirs: Any, rtol: float, value: float) -> tuple[str, bool]:
    """The relative difference as text, and whether it is small.

    Finite differences lose about ten digits of the *value*, so a gradient that is tiny beside it
    is not asked for more than that.
    """
    a, b = _numbers(ours), _numbers(theirs)
    if a.shape != b.shape:
        return "other shape", False
    if not a.size:
        return "0", True
    error, size = float(np.max(np.abs(a - b))), float(max(np.max(np.abs(a)), np.max(np.abs(b))))
    relative = error / size if size else 0.0
    ok = error <= rtol * size + 1e-3 * rtol * max(1.0, value)
    return f"{relative:.1e}" if relative or math.isnan(relative) else "0", ok


def _short(value: Any) -> str:
    """A number in full, a few numbers as a list, many as a shape and a norm."""
    numbers = _numbers(value)
    if numbers.size == 1 and np.ndim(value) == 0 and not isinstance(value, dict):
        return repr(numbers[0].item())
    if numbers.size <= 4:
        return "[" + ", ".join(f"{x:.8g}" for x in numbers) + "]"
    if isinstance(value, np.ndarray):
        kind = f"{value.shape} array"
    else:
        kind = f"{type(value).__name__} of {numbers.size} numbers"
    return f"{kind}, norm {float(np.linalg.norm(numbers)):.8g}"


def supported(args: argparse.Namespace) -> int:
    """List what has a derivative rule."""
    from adjoint.supported import run

    return run(args.name, args.markdown)


# --- the command line ---------------------------------------------------------------------------


def _version() -> str:
    try:
        return importlib.metadata.version("adjoint")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="adjoint",
        description="Derivatives of plain Python and NumPy functions, as Python source that people read.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"adjoint {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog="examples:\n" + "".join(line + "\n" for line in EPILOG.splitlines() if f"adjoint {name}" in line),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.add_argument("target", nargs="?", metavar="TARGET", help=TARGET)
        sub.add_argument("-c", dest="code", metavar="CODE", help="instead of TARGET, a lambda; it sees math and np")
        sub.add_argument("--at", action="append", default=[], metavar="NAME=VALUE", help=AT)
        sub.set_defaults(run=run)
        return sub

    sub = command("show", show, "print the generated source of a gradient")
    sub.add_argument("--wrt", metavar="NAMES", help="differentiate by these, e.g. w,b; else as decorated, or the first")
    sub.add_argument(
        "--no-optimize", dest="optimize", action="store_false", help="the textbook form: one operation a statement"
    )
    sub.add_argument("--stage", choices=STAGES, default="source", help="stop earlier and print that program")
    colours = "auto: on a terminal, unless NO_COLOR is set"
    sub.add_argument("--color", choices=("auto", "always", "never"), default="auto", help=colours)

    sub = command("check", check, "compare a gradient with finite differences; exit code 1 if they differ")
    sub.add_argument("--wrt", metavar="NAMES", help="check these, e.g. w,b; else as decorated, or every float argument")
    sub.add_argument("--rtol", type=float, help="the relative difference allowed (1e-6; 1e-2 where there is float32)")

    sub = commands.add_parser(
        "supported", help="list what has a derivative rule, and where it stands", allow_abbrev=False,
        description="List what has a derivative rule, and where it stands; exit code 1 if NAME has none.",
    )
    sub.add_argument("name", nargs="?", metavar="NAME", help="only this: np.tanh, scipy.special.erf, tanh")
    sub.add_argument("--markdown", action="store_true", help="all of it as a page")
    sub.set_defaults(run=supported)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 a check failed, 2 a mistake, said on stderr."""
    path = sys.path[:]
    try:
        args = _parser().parse_args(argv)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse: --help, --version, a mistake in the command line
        return stop.code if isinstance(stop.code, int) else 2
    except Failure as failure:
        return _fail(str(failure))
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):  # nothing more to say, also not when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if _is_refusal(error):
            return _fail(str(error))
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        return _fail(f"internal error, please report it: {what}")
    finally:
        sys.path[:] = path


def _fail(message: str) -> int:
    sys.stdout.flush()
    print(f"adjoint: {message}", file=sys.stderr)
    return 2
