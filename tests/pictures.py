"""The pictures of the README: `python tests/pictures.py` makes them anew, into examples/pictures.

The graphs are compared by test_readme.py with what comes out now.  The others are photographs of a browser
(chromium, headless; made small with Pillow), which differ a little from machine to machine: look at them.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from adjoint import demo, graph, report, table

FOLDER = Path(__file__).parent.parent / "examples" / "pictures"


def repeated(x, times):
    s = x
    for _ in range(times):
        s = demo.z(s, x)
    return s


def graphs() -> dict[str, str]:
    """The pictures that are text."""
    return {
        "graph.svg": graph(demo.z, 2.0, 3.0).svg(highlight="w1"),
        "graph_loop.svg": graph(repeated, 0.5, 2).svg(),
    }


def photographed(page: str, path: Path, width: int, height: int, fragment: str = "") -> None:
    """A page as a browser shows it."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        size = [f"--window-size={width},{height}", f"--screenshot={path}"]
        command = [browser, *options, *size, f"file://{file}{fragment}"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    from PIL import Image

    Image.open(path).convert("RGB").quantize(96).save(path, optimize=True)


def terminal_table() -> str:
    """What `adjoint table --format rich` prints, as a page."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI

    console = Console(file=io.StringIO(), record=True, width=118, force_terminal=True)
    console.print("[bold]$ adjoint table adjoint.demo:z --at x1=2.0 --at x2=3.0 --format rich[/bold]", highlight=False)
    console.print(table(demo.z, 2.0, 3.0))
    page = console.export_html(theme=MONOKAI, inline_styles=True)
    return page.replace("<body", '<body style="margin:14px;font-size:13px;background:#0c0c0c"', 1)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in graphs().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    photographed(terminal_table(), FOLDER / "table.png", 940, 165)
    page = report(demo.z, None, 2.0, 3.0)
    photographed(page, FOLDER / "report.png", 1000, 860, "#step=8&theme=light")
    photographed(page, FOLDER / "report_dark.png", 390, 780, "#step=8&theme=dark")
    heat = [sys.executable, str(FOLDER.parent / "heat_source.py"), "--save", str(FOLDER)]
    subprocess.run(heat, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(FOLDER.parent.parent)})


if __name__ == "__main__":
    main()
