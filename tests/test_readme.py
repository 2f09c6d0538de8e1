"""What the README shows is what happens.

Its Python blocks run in order, as a reader would type them, in one namespace:

- a line that ends in `# value` is an expression with this value,
- a block under `<!-- output -->` is what the block before it printed,
- a block under `<!-- error -->` is how the error begins that the block before it raised,
- a block under `<!-- numba -->` is left out where Numba is not installed, with what it printed,

and in its console blocks every `$ adjoint …` prints what stands below it.  After a change that is
meant, `python tests/test_readme.py` writes the outputs into the README anew; read the difference.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import linecache
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import pytest

from adjoint import AdjointError
from adjoint.cli import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FENCE = re.compile(r"(?:^<!-- (?P<mark>[a-z]+) -->\n)?^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    language: str
    mark: str | None  # "output", "error", "numba"
    text: str
    line: int  # of its first line of text
    start: int  # where the text stands
    end: int


def blocks(readme: str) -> list[Block]:
    found = []
    for match in FENCE.finditer(readme):
        start, end = match.span("text")
        line = readme.count("\n", 0, start) + 1
        found.append(Block(match["language"], match["mark"], match["text"], line, start, end))
    return found


@dataclass(frozen=True)
class Shown:
    """Something that the README says, and what really came out."""

    block: Block  # that says it
    says: str
    came: str


def run(readme: str) -> Iterator[Shown]:
    """Everything that the README shows beside what comes out."""
    namespace: dict[str, Any] = {"__name__": "readme"}
    outcome: dict[str, str] = {}
    found = list(present(blocks(readme)))
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.mark in ("output", "error"):
            yield Shown(block, block.text, outcome.get(block.mark, f"(no {block.mark})\n"))
        elif block.language == "python":
            outcome = yield from type_in(block, namespace, refused=after is not None and after.mark == "error")
        elif block.language == "console":
            yield from typed_in_shell(block)


def present(found: list[Block]) -> Iterator[Block]:
    """The blocks that can be run here."""
    absent = False
    for block in found:
        if block.mark not in ("output", "error"):
            absent = block.mark is not None and importlib.util.find_spec(block.mark) is None
        if not absent:
            yield block


def type_in(block: Block, namespace: dict[str, Any], refused: bool) -> Any:
    """Run a block; returns what it printed and what it raised, if it should raise."""
    padded = "\n" * (block.line - 1) + block.text  # an error names the README's own line
    linecache.cache["README.md"] = (len(padded), None, padded.splitlines(keepends=True), "README.md")
    printed, raised = io.StringIO(), None
    lines = padded.splitlines()
    for statement in ast.parse(padded).body:
        code = compile(ast.Module([statement], []), "README.md", "exec")
        says = re.search(r"\S\s+# (.*)$", lines[statement.end_lineno - 1])
        try:
            with contextlib.redirect_stdout(printed):
                if isinstance(statement, ast.Expr) and says:
                    expression = compile(ast.Expression(statement.value), "README.md", "eval")
                    yield Shown(block, says[1], repr(plain(eval(expression, namespace))))
                else:
                    exec(code, namespace)
        except AdjointError as error:
            if not refused:
                raise
            raised = str(error) + "\n"
    return {"output": printed.getvalue(), "error": raised} if raised else {"output": printed.getvalue()}


def plain(value: Any) -> Any:
    """NumPy's scalars as Python's: `np.float64(1.0)` and `1.0` read the same."""
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value


def typed_in_shell(block: Block) -> Iterator[Shown]:
    came = []
    for line in block.text.splitlines():
        if line.startswith("$ adjoint "):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), contextlib.chdir(ROOT):
                main(shlex.split(line)[2:])
            came.append(f"{line}\n{printed.getvalue()}")
    yield Shown(block, block.text, "".join(came))


def same(shown: Shown) -> bool:
    """Equal but for the README's own line numbers, and a difference so small that it is rounding."""
    says, came = (re.sub(r"line \d+", "line …", text.strip()) for text in (shown.says, shown.came))
    says, came = (re.sub(r"\d\.\de-1\d", "tiny", text) for text in (says, came))
    if says == came or (shown.block.mark == "error" and came.startswith(says)):
        return True
    try:
        return bool(np.allclose(ast.literal_eval(says), ast.literal_eval(came), rtol=1e-12, atol=1e-15))
    except (ValueError, SyntaxError, TypeError):
        return False


def rewritten(readme: str) -> str:
    """The README with every output block as it comes out now."""
    new = readme
    for shown in reversed(list(run(readme))):
        if not same(shown) and (shown.block.mark in ("output", "error") or shown.block.language == "console"):
            new = new[: shown.block.start] + shown.came.rstrip("\n") + "\n" + new[shown.block.end :]
    return new


def test_shows_what_happens():
    wrong = [s for s in run(README.read_text(encoding="utf-8")) if not same(s)]
    assert not wrong, "\n\n".join(f"README.md:{s.block.line} says\n{s.says}\nbut it is\n{s.came}" for s in wrong)


def test_is_not_empty():
    shown = list(run(README.read_text(encoding="utf-8")))
    assert {s.block.mark for s in shown} == {None, "output", "error"}
    assert len(shown) >= 8


@pytest.mark.parametrize("name", ["run", "test"])
def test_has_the_two_commands(name):
    assert README.read_text(encoding="utf-8").count(f"<!-- command: {name} -->\n```bash\npython3 ") == 1


def test_links_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_pictures_are_small_and_those_that_are_text_are_true():
    readme = README.read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", readme)
    assert {Path(name).name for name in shown} >= {"graph.svg", "graph_loop.svg", "report.png", "table.png", "heat_source.png"}
    for picture in (ROOT / "examples" / "pictures").iterdir():
        assert picture.stat().st_size < 100_000, picture
        assert f"examples/pictures/{picture.name}" in readme
    for name, text in pictures.graphs().items():
        kept = (ROOT / "examples" / "pictures" / name).read_text(encoding="utf-8")
        assert kept == text, f"{name} is another now: python tests/pictures.py, and look at it"


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("```python\n1.0 + 1.0  # 2.0\n```\n", True),
        ("```python\n1.0 + 1.0  # 2.1\n```\n", False),
        ("```python\nprint('a')\n```\n\n<!-- output -->\n```text\na\n```\n", True),
        ("```python\nprint('a')\n```\n\n<!-- output -->\n```text\nb\n```\n", False),
        ("```python\nx = 1\n```\n\n<!-- error -->\n```text\nb\n```\n", False),
    ],
)
def test_the_test(text, ok):
    assert all(same(shown) for shown in run(text)) is ok


def test_rewriting_keeps_all_but_the_outputs():
    text = "# A\n\n```python\nprint('a')\n```\n\n<!-- output -->\n```text\n{}\n```\n\nb\n"
    assert rewritten(text.format("b\nc")) == text.format("a")
    assert rewritten(text.format("a")) == text.format("a")


if __name__ == "__main__":
    os.chdir(ROOT)
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
