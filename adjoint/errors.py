"""Refusals.  Each shows the file, the line with a caret, what is not supported and what to do instead.

    adjoint.errors.Unsupported: File "model.py", line 7, in loss
        y = frobnicate(x)
            ^^^^^^^^^^^^^
    `frobnicate` is applied to a value that the gradient depends on, and has no derivative rule.
    Give it one with `adjoint.vjp_rule(frobnicate)`, or say `adjoint.constant(frobnicate)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class AdjointError(Exception):
    """Every error that adjoint itself raises.

    Attributes: `what` (what is wrong, in a sentence), `advice` (what to do), `spot` (where, or None).
    """

    def __init__(self, what: str, advice: str = "", spot: Spot | None = None) -> None:
        self.what, self.advice, self.spot = what, advice, spot
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [] if self.spot is None else [self.spot.show()]
        lines.append(self.what)
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)

    def at(self, spot: Spot | None) -> AdjointError:
        """The same error, placed, unless it has a place already."""
        if self.spot is None and spot is not None:
            self.spot = spot
            self.args = (str(self),)
        return self


class SourceNotFound(AdjointError):
    """The function has no Python source to read: a builtin, a C function, text that is gone."""


class Unsupported(AdjointError):
    """The program does something that is not understood (yet)."""


class MissingRule(AdjointError):
    """A function without a derivative rule is applied to a value that the gradient depends on."""


class WrongArgument(AdjointError, TypeError):
    """`wrt` names no parameter, or the argument, result or seed is not of a kind that can be used."""


class BadRule(AdjointError):
    """A derivative rule gave a wrong number of cotangents, or one of a wrong shape."""


def similar(word: str, words: Iterable[str]) -> str:
    """Advice for a word that is not among those that there are."""
    import difflib  # what only refusals need

    close = difflib.get_close_matches(word, words, n=1)
    return f"Did you mean `{close[0]}`?" if close else ""


@dataclass(frozen=True)
class Spot:
    """A place in the user's source: lines and columns as `ast` counts them, and the line's text."""

    file: str
    line: int
    col: int
    end_line: int
    end_col: int
    function: str
    source: str

    def show(self) -> str:
        text = self.source.rstrip("\r\n").expandtabs(1)
        before = text.encode()[: self.col].decode(errors="replace")
        end = self.end_col if self.end_line == self.line else len(text.encode())
        width = len(text.encode()[self.col : end].decode(errors="replace").rstrip())
        bare = text.lstrip()
        indent = len(before) - (len(text) - len(bare))
        return (
            f'File "{self.file}", line {self.line}, in {self.function}\n'
            f"    {bare}\n"
            f"    {' ' * max(indent, 0)}{'^' * max(width, 1)}"
        )
