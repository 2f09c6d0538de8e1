"""Colours: they change nothing else, and each kind has its own."""

from __future__ import annotations

import html
import re

import pytest

from adjoint.show import highlight


@pytest.mark.parametrize(
    "text",
    [
        'def f(x):\n    return \'a\' + """b\nc"""  # é 1 if\n',
        "block(x):\n  {w1 = sin(x)\n",  # not Python: the stages before the last
        "  x\n y\n",
        "∂z/∂x = 1\n",
        "x = 'open\n",
        "x = 'a\x0cb'  # \u2028 no end of a line\n\x0cy = f'{x} b'\r\n",
        "",
    ],
)
def test_colours_change_nothing_else(text):
    assert re.sub(r"\x1b\[[0-9;]*m", "", highlight.ansi(text)) == text
    marked = highlight.markup(text.replace("\r", ""))
    text = text.replace("\r", "")
    assert [html.unescape(re.sub(r"<[^>]*>", "", line)) for line in marked] == re.sub(r"\n$", "", text).split("\n")[: len(marked)]
    assert len(marked) == text.count("\n") + (not text.endswith("\n") and text != "")


def test_colours_of_each_kind():
    coloured = highlight.ansi("def f(x):  # d\n    return 'a', 1.5, False\n")
    assert f"{highlight.BOLD_BLUE}def{highlight.RESET} f(x):  {highlight.DIM}# d{highlight.RESET}\n" in coloured
    end = highlight.RESET
    assert f"{highlight.GREEN}'a'{end}, {highlight.CYAN}1.5{end}, {highlight.BOLD_BLUE}False{end}\n" in coloured


def test_markup():
    assert highlight.markup("if x < 1:  # y") == [
        '<span class="keyword">if</span> x &lt; <span class="number">1</span>:  <span class="comment"># y</span>'
    ]
