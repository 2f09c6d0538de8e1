"""What can go wrong on the user's side: said in a sentence, on stderr, without a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path


class Failure(Exception):
    """Something on the user's side, said in a sentence: printed to stderr, exit code 2."""


@contextlib.contextmanager
def user_code(where: str) -> Iterator[None]:
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
        if is_refusal(error):
            raise
        raise Failure(_said(error, where)) from error


def _said(error: BaseException, where: str) -> str:
    """An exception in a line or two: the place in the user's code, if any, instead of a traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else where
    text = f"\n    {frames[-1].line}" if frames and frames[-1].line else ""
    if not frames:  # it was generated code that ran, which says in a note what it was made from
        notes = [line for note in getattr(error, "__notes__", ()) for line in note.splitlines() if line.startswith("File ")]
        text = f"\n    {notes[0]}" if notes else ""
    return f"{at}: {type(error).__name__}: {error}{text}"


def _is_library(filename: str) -> bool:
    paths = sysconfig.get_paths()
    libraries = (str(Path(__file__).parent.parent), paths["stdlib"], paths["purelib"], paths["platlib"])
    return filename.startswith(("<frozen ", "<adjoint ", *(path + os.sep for path in libraries)))


def is_refusal(error: BaseException) -> bool:
    from adjoint import AdjointError

    return isinstance(error, AdjointError)


def listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
