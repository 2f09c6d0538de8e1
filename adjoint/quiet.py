"""No warnings in this thread: `with unheard(): …`.

`warnings.catch_warnings` exchanges the filters of the whole process (before Python 3.14, and there unless it is told not
to): meanwhile no thread hears its warnings, and of two threads that overlap the last one puts back what the other had set,
for good.  Gradients are called in some threads while they are built in others.  So one filter is added, for a category that
every warning belongs to while its thread is in such a block, and none otherwise.

    >>> import warnings
    >>> with unheard():
    ...     warnings.warn("of a dummy")
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator


class _Depth(threading.local):
    """In how many such blocks this thread is."""

    blocks = 0


_depth = _Depth()


class _WhileUnheard(type):
    def __subclasscheck__(cls, category: type) -> bool:
        return _depth.blocks > 0


class _Unheard(Warning, metaclass=_WhileUnheard):
    """The category of every warning of a thread that is in such a block."""


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Within the block this thread's warnings are ignored, and those of others are not."""
    if not warnings.filters or warnings.filters[0][2] is not _Unheard:  # the program may have set others since
        warnings.simplefilter("ignore", _Unheard)
    _depth.blocks += 1
    try:
        yield
    finally:
        _depth.blocks -= 1
