"""The graph: paths sum up to the cotangent, the picture is well formed and nothing lies on anything else."""

from __future__ import annotations

import contextlib
import io
import re
import xml.etree.ElementTree as ET
from math import sin

import numpy as np
import pytest
from corpus import CASES
from corpus.refused import REFUSED


import adjoint
from adjoint import graph
from adjoint.show.graph import HIGH, WIDE, layout

UNTOLD = {"list_of_floats", "lists_in_numpy"}  # see test_table.py
SVG = "{http://www.w3.org/2000/svg}"


def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        return run()


def f(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


def rational(a, b):
    return (a / b - a) * (b / a + a + b) * (a - b)


def loop(x, n):
    s = 0.0
    for k in range(n):
        s += sin(x * k) * s + x
    return s


STRAIGHT = [c for c in CASES if c.group == "straight" and c.name not in REFUSED and c.out == "scalar" and c.name not in UNTOLD]


@pytest.mark.parametrize(("fun", "args"), [(f, (2.0, 3.0)), (rational, (2.0, 3.0)), (loop, (0.3, 6))])
def test_sum_over_paths_is_the_cotangent(fun, args):
    made = graph(fun, *args)
    for event in made.trace.events:
        paths = made.paths(event.name)
        assert all(path.names[0] == made.output and path.names[-1] == event.name for path in paths)
        assert len({path.names for path in paths}) == len(paths) or fun is rational
        np.testing.assert_allclose(sum(path.product for path in paths), event.bar, rtol=1e-12)


@pytest.mark.parametrize("case", STRAIGHT, ids=lambda case: case.name)
def test_sum_over_paths_in_the_corpus(case):
    made = quietly(lambda: graph(case.fun, *case.fresh_args(), wrt=tuple(np.atleast_1d(case.wrt).tolist())))
    for event in made.trace.events:
        if not event.argument or event.bar is None:
            continue
        try:
            total = sum(path.product for path in made.paths(event.name))
        except adjoint.WrongArgument as error:
            assert re.search("is not one number|more than", str(error))
            return
        np.testing.assert_allclose(total, event.bar, rtol=1e-9)


@pytest.mark.parametrize("case", STRAIGHT, ids=lambda case: case.name)
def test_pictures(case):
    """Well-formed, each node once, no two boxes on each other, every edge from left to right."""
    made = quietly(lambda: graph(case.fun, *case.fresh_args()))
    root = ET.fromstring(made.svg(highlight="w1"))
    boxes = [tuple(float(r.get(k)) for k in ("x", "y")) for r in root.iter(f"{SVG}rect")]
    assert len(boxes) == len(made.nodes)
    for k, (x, y) in enumerate(boxes):
        assert all(abs(x - u) >= WIDE or abs(y - v) >= HIGH + 30 for u, v in boxes[:k])
    places, _ = layout(made.nodes, made.edges)
    assert all(places[e.source][0] < places[e.target][0] for e in made.edges)
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(0 <= x <= width - WIDE and 0 <= y <= height - HIGH for x, y in boxes)


def test_values_cotangents_and_partials_are_in_the_picture():
    made = graph(f, 2.0, 3.0)
    root = ET.fromstring(made.svg(highlight="w2"))
    node = next(g for g in root.iter(f"{SVG}g") if g.get("id") == "node-w1")
    assert [t.text for t in node.iter(f"{SVG}text")] == ["2.58385", "w1 = x1", "2"]
    edges = {g.get("data-edge"): g for g in root.iter(f"{SVG}g") if g.get("data-edge")}
    assert edges["w1-w4"].find(f"{SVG}text").text == "-0.416147"
    assert {name for name, g in edges.items() if "marked" in g.get("class")} == {"w2-w3", "w3-w5"}
    assert made._repr_svg_() == made.svg()


def test_dot():
    made = graph(f, 2.0, 3.0)
    text = made.dot(highlight="w2")
    assert text.count(" -> ") == len(made.edges) == 5
    assert '"w2" -> "w3" [label="2", style=bold];' in text
    assert '"w4" [label="1\\nw4 = sin(w1)\\n0.909297"];' in text


def test_long_loops_are_summarised():
    made = graph(loop, 0.3, 100)
    hidden = [node for node in made.nodes if node.kind == "hidden"]
    assert len(hidden) == 1
    assert len(made.nodes) < 60
    assert any(e.source == hidden[0].name for e in made.edges)
    assert any(e.target == hidden[0].name for e in made.edges)
    ET.fromstring(made.svg())
    with pytest.raises(adjoint.WrongArgument, match="is not one number"):
        made.paths("w1")


def test_mistakes():
    made = graph(f, 2.0, 3.0)
    for ask in (made.paths, made.svg, made.dot):
        with pytest.raises(adjoint.WrongArgument, match="There is no step `w9`"):
            ask("w9")
    deep = graph(loop, 0.3, 40, most_times=100)
    with pytest.raises(adjoint.WrongArgument, match="more than 10000 ways"):
        deep.paths("w1")
