"""In a notebook a gradient shows its source, its steps and its graph; looking at it does nothing else."""

from __future__ import annotations

import html
import re
from math import sin

import numpy as np
import pytest

import adjoint
from adjoint import grad, value_and_grad
from adjoint.show import notebook


def f(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", re.search(r"<pre>(.*?)</pre>", page, re.S).group(1)))


def folded(page: str) -> list[str]:
    return re.findall(r"<details><summary>(.*?)</summary>", page)


def test_source_then_steps_and_graph_of_the_call():
    gradient = grad(f, wrt=("x1", "x2"))
    before = gradient._repr_html_()
    assert text_of(before) == gradient.source.rstrip("\n")
    assert folded(before) == []  # it has no numbers yet
    gradient(2.0, x2=3.0)
    page = gradient._repr_html_()
    assert text_of(page) == gradient.source.rstrip("\n")
    assert folded(page) == ["steps at x1 = 2, x2 = 3", "graph at x1 = 2, x2 = 3"]
    assert "<td>2.58385</td>" in page
    assert page.count("<svg ") == 1


def test_the_numbers_are_those_of_the_call_whatever_became_of_the_array():
    x = np.array([1.0, 2.0])
    gradient = grad(lambda x: np.sum(x * x))
    gradient(x)
    x[:] = 100.0
    assert "<td>[2, 4]</td>" in gradient._repr_html_()


ran = []


def writes(x):
    ran.append(x)
    print("ran")
    return x * x


def draws(x):
    return x * np.random.uniform()


def long(x, n):
    for _ in range(n):
        x = sin(x)
    return x


def checked(x):
    if x < 0.0:
        raise ValueError("negative")
    return x * x


def test_looking_does_nothing(capsys):
    gradients = [grad(writes), grad(draws), grad(long), grad(lambda x: np.sum(x))]
    for gradient, args in zip(gradients, [(2.0,), (2.0,), (2.0, 5000), (np.ones(20_000),)], strict=True):
        gradient(*args)
    ran.clear()
    capsys.readouterr()
    state = np.random.get_state()[1].copy()
    pages = [gradient._repr_html_() for gradient in gradients]
    assert ran == []
    assert capsys.readouterr().out == ""
    assert np.array_equal(np.random.get_state()[1], state)
    assert [folded(page) for page in pages] == [[]] * 4
    assert [text_of(page) for page in pages] == [gradient.source.rstrip("\n") for gradient in gradients]


def test_what_can_be_shown():
    fine = grad(checked)
    fine(2.0)
    assert len(folded(fine._repr_html_())) == 2
    both = value_and_grad(f)
    both(1.0, 2.0)
    assert len(folded(both._repr_html_())) == 2
    refused = grad(lambda x: np.apply_over_axes(np.sum, x, 0))
    assert "has no derivative rule" in refused._repr_html_()


def test_display_by_ipython():
    formatters = pytest.importorskip("IPython.core.formatters")
    gradient = grad(f)
    data, _ = formatters.DisplayFormatter().format(gradient)
    assert data["text/plain"] == "<gradient of f>"
    assert data["text/html"] == notebook.page(gradient)
    data, _ = formatters.DisplayFormatter().format(adjoint.graph(f, 2.0, 3.0))
    assert data["image/svg+xml"].startswith("<svg ")
    data, _ = formatters.DisplayFormatter().format(adjoint.table(f, 2.0, 3.0))
    assert data["text/html"].startswith("<table ")


def test_in_a_notebook():
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "from math import sin\nfrom adjoint import grad, graph",
        "@grad(wrt=('a', 'b'))\ndef f(a, b):\n    c = a * b\n    return c * sin(a)",
        "f(2.0, 3.0)",
        "f",
        "graph(f, 2.0, 3.0)",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(made, timeout=60, kernel_name="python3").execute()
    value, shown, picture = (made.cells[k].outputs[0]["data"] for k in (2, 3, 4))
    assert value["text/plain"].startswith("(")
    assert "def f_grad(a, b):" in text_of(shown["text/html"])
    assert "# c = a * b" in text_of(shown["text/html"])  # the line of the cell
    assert folded(shown["text/html"]) == ["steps at a = 2, b = 3", "graph at a = 2, b = 3"]
    assert "w1 = a" in picture["image/svg+xml"]
