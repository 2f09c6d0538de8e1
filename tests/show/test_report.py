"""The page: everything is on it, nothing is fetched, and in a browser the stepper and the links work."""

from __future__ import annotations

import html
import html.parser
import inspect
import json
import re
import shutil
import subprocess
from math import sin

import numpy as np
import pytest

from adjoint import grad, report

VOID = {"meta", "br", "path", "rect", "input"}


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


def data_of(text):
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S).group(1))


def test_steps_end_at_the_gradient():
    text = report(f, None, 2.0, 3.0)
    data = data_of(text)
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


SCRIPT = """
<script>
const press = key => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const seen = {};
const look = name => seen[name] = {
  says: says.textContent, now: [...document.querySelectorAll(".now")].map(e => e.id || e.dataset.edge || e.textContent.trim()),
  w1: [...row("w1").cells].map(c => c.textContent), w2: [...row("w2").cells].map(c => c.textContent),
  bars: [...document.querySelectorAll("g.node .bar:not(.future)")].map(e => e.parentNode.id),
  form: $("textbook").hidden ? "gradient" : "textbook", theme: document.documentElement.className, slider: $("slider").value,
  paper: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.querySelector("svg text")).fill,
};
look("asked");
press("Home"); look("first");
press("ArrowRight"); look("second");
press("ArrowLeft"); look("back");
press("End"); look("end");
press("x"); look("other form");
press("t"); look("other theme");
document.querySelector("#generated [data-of]").focus();
seen.lit = [...document.querySelectorAll(".lit")].map(e => e.id || e.parentNode.id);
document.activeElement.blur();
$("slider").value = 3; $("slider").dispatchEvent(new Event("input")); look("slid");
seen.width = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
document.body.dataset.seen = JSON.stringify(seen);
</script>
</body>"""


def in_browser(path, fragment):
    """What the script has seen; the page as it is on a phone."""
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", SCRIPT), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"]
    own = [f"--user-data-dir={path.parent / 'profile'}", "--disable-background-networking", "--window-size=390,844"]
    command = [browser(), *options, *own, "--dump-dom", f"file://{path}#{fragment}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return json.loads(html.unescape(re.search(r'data-seen="([^"]*)"', done.stdout).group(1)))


def test_in_a_browser(tmp_path):
    """The stepper goes both ways by keys and slider, and shows what is known by then; themes, forms, lines that light up."""
    path = tmp_path / "out.html"
    report(f, path, 2.0, 3.0)
    steps = data_of(path.read_text(encoding="utf-8"))["steps"]
    last = len(steps)
    seen = in_browser(path, "step=2&theme=dark&form=textbook")
    lines = inspect.getsourcelines(f)

    assert seen["asked"]["says"].startswith(f"3/{last} forward: w3 = w1 / w2 = 0.666667")
    assert set(seen["asked"]["now"]) >= {"row-w3", "node-w3"}
    assert any(text.endswith("c = a / b - sin(a)") and text.startswith(str(lines[1] + 1)) for text in seen["asked"]["now"])
    assert any(re.match(r"\d+ +w3 = w1 / w2", text) for text in seen["asked"]["now"])

    assert seen["first"]["says"] == f"1/{last} forward: w1 = a = 2"
    assert (seen["first"]["w1"][4], seen["first"]["w2"][4]) == ("2", "")  # not computed yet
    assert seen["first"] == seen["back"]
    assert seen["second"]["w2"][4] == "3"
    assert seen["second"]["bars"] == []

    a_bar, b_bar = grad(f, wrt=("a", "b"))(2.0, 3.0)
    assert (seen["end"]["w1"][6], seen["end"]["w2"][6]) == (f"{a_bar:.6g}", f"{b_bar:.6g}")
    assert len(seen["end"]["bars"]) == sum(step["sweep"] == "forward" for step in steps)
    assert "and " in seen["end"]["w1"][7]
    assert seen["end"]["slider"] == str(last - 1)
    assert any(re.match(r"w\d+-w\d+$", name) for name in seen["end"]["now"])  # the edge that it came by

    assert (seen["end"]["form"], seen["other form"]["form"]) == ("textbook", "gradient")
    assert (seen["end"]["theme"], seen["other theme"]["theme"]) == ("dark", "light")
    for what in ("paper", "ink"):
        dark, light = (sum(map(int, re.findall(r"\d+", seen[k][what])[:3])) for k in ("end", "other theme"))
        assert (dark < light) is (what == "paper")
    assert {"source", "generated", "textbook", "row-w3", "node-w3"} <= set(seen["lit"])
    assert seen["slid"]["says"].startswith(f"4/{last} ")
    assert seen["width"][0] == seen["width"][1]  # nothing is wider than the phone


def test_costs():
    text = report(heat, None, np.arange(6.0) ** 2, 0.1, 20)
    cards = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))
    # each step: four products by 2 and four by alpha, two sums, four numbers added; then six squares and their sum
    assert cards["operations of the function"] == str(20 * 20 + 6 + 6)
    assert cards["recorded"].endswith(f" {20 * 4 * 8 + 6 * 8} bytes")  # what alpha is multiplied by, and u at the end
    assert 1.0 < float(cards["gradient / function"].split(",")[0]) < 4.0


def test_a_function_with_effects_runs_once_only(capsys):
    def speaks(x):
        print("once")
        return x * x

    text = report(speaks, None, 2.0)
    assert capsys.readouterr().out == "once\n"
    assert "<dt>operations" not in text


def test_lines_of_the_textbook_form():
    text = report(f, None, 2.0, 3.0)
    data = data_of(text)
    book = grad(f, wrt=("a", "b"), optimize=False).source_for(2.0, 3.0).splitlines()
    for step in data["steps"]:
        bar = "_bar" if step["sweep"] == "reverse" else ""
        assert re.match(rf"    {step['step']}{bar} [-+]?= ", book[step["line"] - 1])
    assert len({step["line"] for step in data["steps"]}) == len(data["steps"])
    looped = report(heat, None, np.arange(6.0), 0.1, 2)
    assert '"line": null' in looped


def test_long_loops_play_what_is_shown():
    text = report(looped, None, 0.3, 400)
    data = data_of(text)
    shown = set(re.findall(r'id="row-(w\d+)"', text))
    assert {step["step"] for step in data["steps"]} == shown
    assert {step.get("from") for step in data["steps"]} <= shown | {"", None}
    hidden = [step["says"] for step in data["steps"] if "left out" in step["says"]]
    assert any("784 contributions of steps that are left out" in said for said in hidden)
    last = {step["step"]: step["text"] for step in data["steps"] if step["sweep"] == "reverse"}
    assert float(last["w1"]) == pytest.approx(grad(looped)(0.3, 400), rel=1e-5)
    assert len(text) < 300_000


def looped(x, n):
    s = 0.0
    for k in range(n):
        s = 0.5 * sin(x * k) * s + x
    return s


def inner(x, y):
    return sin(x) * y


def outer(x):
    u = inner(x, 2.0)
    return u * inner(u, x)


def test_steps_of_a_function_that_is_called_belong_to_the_line_of_the_call():
    text = report(outer, None, 0.5)
    data = data_of(text)
    first = outer.__code__.co_firstlineno
    assert set(data["lines"].values()) == {first + 1, first + 2}
