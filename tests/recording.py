"""What a gradient records and copies, counted in the generated code itself.

`counted(fun, *args)` runs the generated source with each append to a tape and each call that makes a whole
new array of an old one handed to a counter.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint import source

COPIES = {"array", "copy", "array_set", "array_put", "index_add", "set_item"}


@dataclass
class Counts:
    numbers: int = 0  # on tapes
    copied: int = 0  # entries copied inside loops

    def record(self, value: Any) -> Any:
        if not isinstance(value, list):  # a tape on a tape was counted when it was filled
            self.numbers += np.size(value) if value is not None else 0
        return value

    def copy(self, value: Any) -> Any:
        self.copied += np.size(value)
        return value


class _Instrumented(ast.NodeTransformer):
    """Appends to tapes, and copies inside loops, go through the counter."""

    def __init__(self) -> None:
        self.depth = 0

    def visit_For(self, node: ast.For) -> ast.AST:
        self.depth += 1
        node = self.generic_visit(node)  # type: ignore[assignment]
        self.depth -= 1
        return node

    visit_While = visit_For  # type: ignore[assignment]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "append" and isinstance(node.func, ast.Attribute):
            node.args = [self.through("record", node.args[0])]
        elif name in COPIES and self.depth:
            return self.through("copy", node)
        return node

    @staticmethod
    def through(method: str, value: ast.expr) -> ast.expr:
        return ast.Call(ast.Attribute(ast.Name("counts_", ast.Load()), method, ast.Load()), [value], [])


def counted(fun: Callable[..., Any], *args: Any) -> Counts:
    counts = Counts()
    tree = ast.fix_missing_locations(_Instrumented().visit(ast.parse(source(fun, *args))))
    space: dict[str, Any] = {**fun.__globals__, "counts_": counts}
    exec(compile(tree, "<counted>", "exec"), space)
    space[f"{fun.__name__}_grad"](*args)
    return counts
