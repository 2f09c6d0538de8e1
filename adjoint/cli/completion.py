"""`adjoint completion SHELL`: what a shell must run so that it completes the command line.

The work is done by argcomplete (the extra `completion`): it asks this program, which knows its parser.  For a target,
files are offered, and behind the colon the functions in the file, read from its text: nothing of the user's runs.
"""

from __future__ import annotations

import argparse
import ast
import os
from pathlib import Path
from typing import Any

from .failures import Failure

HELP = "print what your shell must run to complete commands, options, files and functions"
EXAMPLES = """\
adjoint completion bash >> ~/.bashrc
adjoint completion zsh >> ~/.zshrc
adjoint completion fish > ~/.config/fish/completions/adjoint.fish
"""

SHELLS = ("bash", "zsh", "fish")


def arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("shell", choices=SHELLS)


def run(args: argparse.Namespace) -> int:
    try:
        from argcomplete.shell_integration import shellcode
    except ImportError:
        raise Failure("completion needs argcomplete: pip install 'adjoint[completion]'") from None
    print(shellcode(["adjoint"], shell=args.shell))
    return 0


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell, where it is the shell that asks; this ends the program."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser, always_complete_options=False)


def offered(prefix: str, **_: Any) -> list[str]:
    """The ways to go on from the beginning of a target: files and folders, then the functions of a file."""
    path, colon, _name = prefix.rpartition(":")
    if colon:
        return [f"{path}:{name}" for name in _functions(Path(path)) if f"{path}:{name}".startswith(prefix)]
    folder, start = os.path.split(prefix)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    shown = [e for e in entries if e.name.startswith(start) and (start.startswith(".") or not e.name.startswith("."))]
    files = [os.path.join(folder, e.name) + ":" for e in shown if e.is_file() and e.name.endswith(".py")]
    return files + [os.path.join(folder, e.name, "") for e in shown if e.is_dir()]


def _functions(path: Path) -> list[str]:
    """The functions and methods that the text of a file defines."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []
    found = []
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("__")]
            found += [f"{node.name}.{m.name}" for m in methods if not any(map(_is_property, m.decorator_list))]
    return found


def _is_property(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).rpartition(".")[2] in ("property", "cached_property", "setter", "deleter")
