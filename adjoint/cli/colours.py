"""Python source in terminal colours."""

from __future__ import annotations

import contextlib
import io
import keyword
import os
import sys
import tokenize


def on_terminal() -> bool:
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
