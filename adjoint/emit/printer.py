"""The printer: astunparse for statements, the standard library for expressions, and comments.

`astunparse` 1.6.3 prints `x[1:-1, :-2]` as a syntax error and parenthesises everything, so a subclass
hands expressions to `ast.unparse`; what it prints itself is the layout, sections and comments.
"""

from __future__ import annotations

import ast
import io
import warnings
from dataclasses import dataclass
from typing import Any

from ..ir import Place

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # astunparse mentions ast.Num
    import astunparse

COMMENT, PLACE = "\0", "\1"
LONGEST = 110  # characters of the head of a loop
WIDEST = 46  # comments stand in one column, unless the code is wider than this


class Section(ast.stmt):
    """A comment line of its own."""

    def __init__(self, text: str) -> None:
        self.text = text


class Printer(astunparse.Unparser):
    def __init__(self, tree: ast.AST, file: Any) -> None:
        self._note: str | None = None
        self._next: str | None = None
        self._places: tuple[Place, ...] = ()
        self._next_places: tuple[Place, ...] = ()
        self.places: list[tuple[Place, ...]] = []
        super().__init__(tree, file)
        self._flush()

    def dispatch(self, tree: Any) -> None:
        if isinstance(tree, ast.expr):
            self.write(ast.unparse(tree))
            return
        if isinstance(tree, ast.stmt):
            self._next, self._next_places = getattr(tree, "comment", None), getattr(tree, "places", ())
        super().dispatch(tree)

    def fill(self, text: str = "") -> None:
        self._flush()
        super().fill(text)
        self._note, self._next = self._next, None
        self._places, self._next_places = self._next_places, ()

    def _flush(self) -> None:
        if self._places:
            self.f.write(f"{PLACE}{len(self.places)}")
            self.places.append(self._places)
        if self._note:
            self.f.write(COMMENT + self._note)
        self._note, self._places = None, ()

    def _Section(self, tree: Section) -> None:
        self.fill("# " + tree.text)

    def _FunctionDef(self, tree: ast.FunctionDef) -> None:
        for decorator in tree.decorator_list:
            self.fill(f"@{ast.unparse(decorator)}")
        self.fill(f"def {tree.name}({ast.unparse(tree.args)})")
        self.enter()
        self.dispatch(tree.body)
        self.leave()

    def _Return(self, tree: ast.Return) -> None:
        value = tree.value
        if isinstance(value, ast.Tuple) and len(value.elts) > 1:  # `return a, b` without parentheses
            text = ast.unparse(value)
            self.fill(f"return {text[1:-1] if text.startswith('(') else text}")
            return
        self.fill("return" if value is None else f"return {ast.unparse(value)}")

    def _Assign(self, tree: ast.Assign) -> None:
        left, right = (self._bare(e) for e in (tree.targets[0], tree.value))
        self.fill(f"{left} = {right}")

    def _For(self, tree: ast.For) -> None:
        head = f"for {self._bare(tree.target)} in {ast.unparse(tree.iter)}"
        if isinstance(tree.iter, ast.Call) and len(tree.iter.args) > 1 and len(head) + 4 * self._indent >= LONGEST:
            self._wrapped_for(tree, tree.iter)
        else:
            self.fill(head)
        self.enter()
        self.dispatch(tree.body)
        self.leave()

    def _wrapped_for(self, tree: ast.For, over: ast.Call) -> None:
        """The head of a loop over many sequences, on several lines: the comment above, each of the user's place."""
        note, places = self._next, self._next_places
        self._next = None
        if note:
            self.fill("# " + note)
        lines = [f"for {self._bare(tree.target)} in {ast.unparse(over.func)}("]
        for k, arg in enumerate(over.args, 1):
            text = ast.unparse(arg) + ("," if k < len(over.args) else "")
            if len(lines) > 1 and len(lines[-1]) + len(text) < LONGEST - 4 * self._indent:
                lines[-1] += " " + text
            else:
                lines.append("    " + text)
        lines.append(")")
        for line in lines:
            self._next_places = places
            self.fill(line)

    def _bare(self, tree: ast.expr) -> str:
        text = ast.unparse(tree)
        if isinstance(tree, ast.Tuple) and len(tree.elts) > 1 and text.startswith("("):
            return text[1:-1]
        return text


@dataclass(frozen=True)
class Printed:
    """A text, and where in the user's file its lines come from (the first is line 1)."""

    text: str
    places: dict[int, tuple[Place, ...]]


def printed(tree: ast.AST) -> Printed:
    """The statements as text, comments in one column."""
    out = io.StringIO()
    printer = Printer(tree, out)
    lines = [line.split(COMMENT) for line in out.getvalue().strip("\n").split("\n")]
    split = [(*head.partition(PLACE)[::2], note) for head, *note in lines]
    width = max((len(code) for code, _, note in split if note and len(code) <= WIDEST), default=0)
    text: list[str] = []
    places: dict[int, tuple[Place, ...]] = {}
    for code, place, note in split:
        if not note:
            text.append(code)
        elif len(code) <= WIDEST:
            text.append(f"{code.ljust(width)}  # {note[0]}")
        else:  # too wide: the comment stands above
            text += [code[: len(code) - len(code.lstrip())] + "# " + note[0], code]
        if place:
            places[len(text)] = printer.places[int(place)]
    return Printed("\n".join(text) + "\n", places)
