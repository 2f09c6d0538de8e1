"""What a notebook shows of a derivative: its source in colours, and folded below it the steps and the graph.

Steps and graph are those of the call that the source was made for.  Looking at a gradient must do nothing: a program
that prints, writes or draws random numbers is not run again for them, nor is one that takes long, or whose arguments
are large.  The colours are those of the notebook's theme where it says them (Jupyter does), and readable on both.
"""

from __future__ import annotations

import html
from typing import Any

from .. import runtime
from ..api import Gradient
from ..dispatch import Derived
from ..errors import AdjointError
from ..ir import Apply
from .graph import Graph
from .highlight import markup
from .notation import number
from .table import Table
from .trace import trace

MOST_STEPS = 3000  # statements that are run again

STYLE = """
.adjoint-source pre,.adjoint-source table{font-family:var(--jp-code-font-family,ui-monospace,monospace)}
.adjoint-source pre{line-height:1.4;margin:.3em 0;white-space:pre;overflow-x:auto}
.adjoint-source .comment{color:var(--jp-mirror-editor-comment-color,#708090);font-style:italic}
.adjoint-source .string{color:var(--jp-mirror-editor-string-color,#b5522a)}
.adjoint-source .number{color:var(--jp-mirror-editor-number-color,#2a8c52)}
.adjoint-source .keyword{color:var(--jp-mirror-editor-keyword-color,#3d7eda);font-weight:600}
.adjoint-source details>div{overflow-x:auto}
.adjoint-source table{font-size:85%;white-space:nowrap}
.adjoint-source th,.adjoint-source td{text-align:left;padding:.1em .6em .1em 0}
.adjoint-source tr.seed td{font-weight:600}
"""


class TooMuch(Exception):
    """A program that is not run again in order to be looked at."""


def page(derived: Derived) -> str:
    """The HTML of a derivative; where it cannot be built, why not."""
    try:
        source = "\n".join(markup(derived.source))
    except AdjointError as error:
        return f"<pre>{html.escape(repr(derived))}\n{html.escape(str(error))}</pre>"
    return f'<div class="adjoint-source"><style>{STYLE}</style><pre>{source}</pre>{_folded(derived)}</div>'


def _folded(derived: Derived) -> str:
    """Steps and graph of the call that the source was made for."""
    if derived.example is None or not isinstance(derived, Gradient):
        return ""
    args, kwargs = derived.example
    try:
        found = trace(derived, args, kwargs, before=_Careful())
    except (AdjointError, TooMuch):
        return ""
    said = [*zip(derived.__signature__.parameters, args, strict=False), *kwargs.items()]
    at = html.escape(", ".join(f"{name} = {number(value) or repr(value)}" for name, value in said))
    parts = {"steps": Table(found).html(), "graph": Graph(found).svg()}
    return "".join(
        f"<details><summary>{name} at {at}</summary><div>{part}</div></details>" for name, part in parts.items()
    )


class _Careful:
    """Refuses what has an effect, and what takes long."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def __call__(self, stmt: Apply) -> Any:
        self.left -= 1
        if self.left < 0 or (stmt.effect and stmt.fn is not runtime.raise_):
            raise TooMuch
