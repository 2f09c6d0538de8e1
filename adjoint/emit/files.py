"""What generated source is called, and, where that is asked for, the file that holds it.

Python's own tools (`pdb`, tracebacks, `inspect`) read generated source from `linecache`, and need no file.  A debugger
in an editor does: it opens files, and sets breakpoints in them.  `keep_sources()`, or the environment variable
ADJOINT_SOURCES, has each generated module written to a file as well.  Its name holds a digest of the text, so that the
same text has the same file in every run (a breakpoint stays where it is), and another text never has it.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class _Kept:
    """Where files are written; None: nowhere."""

    folder: Path | None = None


def keep_sources(folder: str | Path | bool = True) -> Path | None:
    """Write what is generated from now on into files, for editors and their debuggers; returns the folder.

    `True` is the folder `adjoint` in the user's cache folder; `False`: write no more.  The files may be deleted at any
    time; one that was edited is written anew by the next program that needs it.  `ADJOINT_SOURCES=1` in the environment
    does the same, or `ADJOINT_SOURCES=FOLDER`.  Raises `OSError` where the folder cannot be made.

    >>> import tempfile
    >>> from adjoint import grad, keep_sources
    >>> def square(x):
    ...     return x * x
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = keep_sources(folder)
    ...     made = grad(square).compiled_for(2.0)
    ...     print(open(made.__code__.co_filename).read())
    ...     keep_sources(False)
    def square_grad(x):
        x_bar = x + x  # return x * x
        return x_bar
    <BLANKLINE>
    """
    from pathlib import Path  # slow to import, as is all else that is imported in functions here

    if folder is False:
        _Kept.folder = None
        return None
    path = (cache() if folder is True else Path(folder)).expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True)
    _Kept.folder = path
    return path


def filename(name: str, source: str) -> str:
    """The file name of generated source: a real one where files are kept."""
    if _Kept.folder is not None:
        try:
            return written(_Kept.folder, name, source)
        except OSError as error:
            warnings.warn(f"generated source is not kept: {error}", RuntimeWarning, stacklevel=2)
    return unwritten(name, source)


def unwritten(name: str, source: str) -> str:
    """The name of source that has no file."""
    return f"<adjoint {name} {_digest(source)}>"


def written(folder: Path, name: str, source: str) -> str:
    """The file of a text in a folder, written where it is not there; raises `OSError`.

    It is written at once or not at all: another process may read or write the same file.
    """
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{_digest(source)}.py"
    text = source.encode()
    if path.is_file() and path.read_bytes() == text:
        return str(path)
    handle, new = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except OSError:
        (folder / new).unlink(missing_ok=True)
        raise
    return str(path)


def _digest(source: str) -> str:
    import hashlib

    return hashlib.sha256(source.encode()).hexdigest()[:16]


def cache() -> Path:
    """Where a user's programs keep what they can make again."""
    from pathlib import Path

    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "adjoint"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/adjoint").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "adjoint"


_asked = os.environ.get("ADJOINT_SOURCES", "")
if _asked not in ("", "0"):
    keep_sources(True if _asked == "1" else _asked)
