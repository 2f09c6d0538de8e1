"""Changes to Python text at places of its syntax tree; what is not changed stays as it was written."""

from __future__ import annotations

import ast
from typing import Any


class Edits:
    """A text, its tree, and replacements to be made.

    >>> edits = Edits("x = a.b + 1")
    >>> edits.replace(edits.tree.body[0].value.left, "c")
    >>> edits.text()
    'x = c + 1'
    """

    def __init__(self, source: str) -> None:
        self.source = source.encode()
        self.tree: Any = ast.parse(source)
        self._starts = [0]
        for line in self.source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._edits: list[tuple[int, int, bytes]] = []

    def start(self, node: Any) -> int:
        return int(self._starts[node.lineno - 1] + node.col_offset)

    def end(self, node: Any) -> int:
        return int(self._starts[node.end_lineno - 1] + node.end_col_offset)

    def replace(self, node: Any, text: str) -> None:
        self.cut(self.start(node), self.end(node), text)

    def cut(self, start: int, end: int, text: str = "") -> None:
        """Replace the bytes from `start` to `end`."""
        self._edits.append((start, end, text.encode()))

    def text(self) -> str:
        out = self.source
        for start, end, new in sorted(self._edits, reverse=True):
            out = out[:start] + new + out[end:]
        return out.decode()
