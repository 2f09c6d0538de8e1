"""Functions written as text, where it depends on the arguments what they say: adjoint reads them like any other."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable
from typing import Any


def written(source: str, namespace: dict[str, Any], title: str) -> Callable[..., Any]:
    """The function that a text defines, its text kept where `inspect` and tracebacks look for it.

    >>> written("def twice(x):\\n    return 2 * x\\n", {}, "twice")(3)
    6
    """
    filename = f"<{title} {hashlib.sha256(source.encode()).hexdigest()[:8]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)
    made: Callable[..., Any] = namespace[source.removeprefix("def ").partition("(")[0]]
    return made
