"""Python source in colours: for a terminal, and for HTML.

`spans` finds comments, strings, numbers and keywords; `ansi` and `markup` write them.  What is not Python (a
listing of the IR) keeps the colours of the part that could be read.
"""

from __future__ import annotations

import contextlib
import html
import io
import keyword
import tokenize
from collections.abc import Iterator

Span = tuple[int, int, str]  # from, to, kind: within a line

DIM, BOLD_BLUE, GREEN, CYAN, RESET = "\x1b[2m", "\x1b[1;34m", "\x1b[32m", "\x1b[36m", "\x1b[0m"
_ANSI = {"comment": DIM, "string": GREEN, "number": CYAN, "keyword": BOLD_BLUE}


def spans(text: str) -> list[list[Span]]:
    """For each line of the text what is of a kind in it, from left to right.

    >>> spans("x = 2.0  # two")
    [[(4, 7, 'number'), (9, 14, 'comment')]]
    """
    lines = _lines(text)
    found: list[list[Span]] = [[] for _ in lines]
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = _kind(token)
            if kind is None:
                continue
            (first, start), (last, end) = token.start, token.end
            for n in range(first, last + 1):  # a string may go over many lines
                found[n - 1].append((start if n == first else 0, end if n == last else len(lines[n - 1]), kind))
    return found


def _lines(text: str) -> list[str]:
    """The lines as Python counts them, without their ends: a form feed ends none."""
    return [line.rstrip("\r\n") for line in io.StringIO(text)]


def _kind(token: tokenize.TokenInfo) -> str | None:
    if tokenize.tok_name[token.type].startswith("FSTRING"):  # from Python 3.12
        return "string"
    match token.type:
        case tokenize.COMMENT:
            return "comment"
        case tokenize.STRING:
            return "string"
        case tokenize.NUMBER:
            return "number"
        case tokenize.NAME if keyword.iskeyword(token.string):
            return "keyword"
    return None


def _pieces(text: str) -> Iterator[list[tuple[str, str | None]]]:
    """Each line as pieces of one kind."""
    for line, of in zip(_lines(text), spans(text), strict=True):
        pieces: list[tuple[str, str | None]] = []
        done = 0
        for start, end, kind in of:
            pieces += [(line[done:start], None), (line[start:end], kind)]
            done = end
        yield [(piece, kind) for piece, kind in [*pieces, (line[done:], None)] if piece]


def ansi(text: str) -> str:
    """Python source with terminal colours; what is not Python stays as it is.

    >>> ansi("x = 2.0  # two")
    'x = \\x1b[36m2.0\\x1b[0m  \\x1b[2m# two\\x1b[0m'
    """
    lines = ["".join(p if kind is None else _ANSI[kind] + p + RESET for p, kind in line) for line in _pieces(text)]
    ends = [line[len(line.rstrip("\r\n")) :] for line in io.StringIO(text)]
    return "".join(line + end for line, end in zip(lines, ends, strict=True))


def markup(text: str) -> list[str]:
    """Each line of Python source as HTML: `<span class="number">2.0</span>`.

    >>> markup("x = 2.0")
    ['x = <span class="number">2.0</span>']
    """
    return [
        "".join(html.escape(p) if kind is None else f'<span class="{kind}">{html.escape(p)}</span>' for p, kind in line)
        for line in _pieces(text)
    ]
