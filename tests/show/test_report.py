"""The page: everything is on it, nothing is fetched, and in a browser the stepper and the links work."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
from math import sin

import numpy as np
import pytest

from adjoint import grad, report

VOID = {"meta", "br", "path", "rect"}


def f(a, b):
    c = a / b - sin(a)
    d = b / a + a + b
    return c * d * (a - b)


def heat(u, alpha, steps):
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


class Page(html.parser.HTMLParser):
    """Checks that tags are closed in order, and gathers ids and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.of, self.outside = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in named:
            self.ids.append(named["id"])
        if "data-of" in named:
            self.of.append(named["data-of"])
        self.outside += [named[k] for k in ("src", "href") if k in named]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(("fun", "args"), [(f, (2.0, 3.0)), (heat, (np.arange(6.0) ** 2, 0.1, 20)), (grad(f, wrt="b"), (2.0, 3.0))])
def test_page_is_whole_and_fetches_nothing(fun, args, tmp_path):
    text = report(fun, tmp_path / "out.html", *args)
    assert (tmp_path / "out.html").read_text(encoding="utf-8") == text
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    assert page.outside == []
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert not re.search(r"<!--\w+-->", text)


def test_generated_lines_know_their_lines():
    page = Page(report(f, None, 2.0, 3.0))
    first = f.__code__.co_firstlineno
    of = {int(line) for text in page.of for line in text.split()}
    assert of >= {first, first + 1, first + 2, first + 3}
    assert of <= set(range(first, first + 4))


def test_steps_end_at_the_gradient():
    text = report(f, None, 2.0, 3.0)
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S).group(1))
    forward = [s["step"] for s in data["steps"] if s["sweep"] == "forward"]
    assert forward == [f"w{k}" for k in range(1, len(forward) + 1)]
    reverse = [s for s in data["steps"] if s["sweep"] == "reverse"]
    assert reverse[0]["step"] == forward[-1]
    bars = {s["step"]: s["text"] for s in reverse}
    assert [float(bars["w1"]), float(bars["w2"])] == pytest.approx(grad(f, wrt=("a", "b"))(2.0, 3.0), rel=1e-5)


def browser():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no browser")
    return found


def in_browser(path, step):
    """The page as the browser has it when the stepper stands at a step."""
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{path}#step={step}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout


def test_in_a_browser(tmp_path):
    path = tmp_path / "out.html"
    report(f, path, 2.0, 3.0)
    start = in_browser(path, 0)
    assert re.search(r'id="says"[^>]*>1/\d+ forward: w1 = a = 2<', start)
    assert re.search(r'<tr[^>]*id="row-w1"[^>]*class="now"|<tr[^>]*class="now"[^>]*id="row-w1"', start)
    cells = re.search(r'id="row-w2".*?</tr>', start, re.S).group(0)
    assert ">3<" not in cells  # not computed yet
    end = in_browser(path, 10_000)
    expected = grad(f, wrt="a")(2.0, 3.0)
    assert f"<td>{expected:.6g}</td>" in re.search(r'id="row-w1".*?</tr>', end, re.S).group(0)
