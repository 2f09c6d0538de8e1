"""What generated source is called, and, where that is asked for, the file that holds it.

Python's own tools (`pdb`, tracebacks, `inspect`) read generated source from `linecache`, and need no file.  A debugger
in an editor does: it opens files, and sets breakpoints in them.  `keep_sources()`, or the environment variable
ADJOINT_SOURCES, has each generated module written to a file as well.  Its name holds a digest of the text, so that the
same text has the same file in every run (a breakpoint stays where it is), and another text never has it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import warnings
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
    if folder is False:
        _Kept.folder = None
        return None
    path = (_cache() if folder is True else Path(folder)).expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True)
    _Kept.folder = path
    return path


def filename(name: str, source: str) -> str:
    """The file name of generated source: a real one where files are kept."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    if _Kept.folder is not None:
        path = _Kept.folder / f"{name}_{digest}.py"
        try:
            _write(path, source)
        except OSError as error:
            warnings.warn(f"generated source is not kept: {error}", RuntimeWarning, stacklevel=2)
        else:
            return str(path)
    return f"<adjoint {name} {digest}>"


def _write(path: Path, source: str) -> None:
    """At once or not at all: another process may read or write the same file."""
    text = source.encode()
    if path.is_file() and path.read_bytes() == text:
        return
    handle, new = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except OSError:
        Path(new).unlink(missing_ok=True)
        raise


def _cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")) / "adjoint"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/adjoint")
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "adjoint"


_asked = os.environ.get("ADJOINT_SOURCES", "")
if _asked not in ("", "0"):
    keep_sources(True if _asked == "1" else _asked)
