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
from adjoint.show.picture import placed

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


STRAIGHT = [c for c in CASES if c.group == "straight" and c.name not in REFUSED and c.out == "scalar"]


@pytest.mark.parametrize(("fun", "args"), [(f, (2.0, 3.0)), (rational, (2.0, 3.0)), (loop, (0.3, 6))])
def test_sum_over_paths_is_the_cotangent(fun, args):
    made = graph(fun, *args)
    for event in made.trace.events:
        paths = made.paths(event.name)
        assert all(path.names[0] in made.seeds and path.names[-1] == event.name for path in paths)
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


def rectangle(group):
    found = group.find(f"{SVG}rect")
    x, y, wide, high = (float(found.get(k)) for k in ("x", "y", "width", "height"))
    return x, y, x + wide, y + high


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def inside(a, b):
    return b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3]


def check_picture(made):
    """Well-formed; nothing lies on anything else; a box holds its steps and no others; edges go to the right and end well."""
    root = ET.fromstring(made.svg(highlight="w1"))
    width, height = float(root.get("width")), float(root.get("height"))
    groups = list(root.iter(f"{SVG}g"))
    nodes = {g.get("id").removeprefix("node-"): rectangle(g) for g in groups if g.get("id")}
    assert list(nodes) == [node.name for node in made.nodes]
    everything = [(a[0], a[1] - 17, a[2], a[3] + 17) for a in nodes.values()]  # with its value and its cotangent
    assert all(apart(a, b) for k, a in enumerate(everything) for b in everything[:k])
    assert all(0 <= a[0] and a[2] <= width and 0 <= a[1] and a[3] <= height for a in everything)
    boxes = [rectangle(g) for g in groups if "scope" in (g.get("class") or "")]
    assert all(apart(a, b) or inside(a, b) or inside(b, a) for k, a in enumerate(boxes) for b in boxes[:k])
    drawn = placed(made.nodes, made.edges)
    assert len(drawn.boxes) == len(boxes)
    for box, found in zip(drawn.boxes, boxes, strict=True):
        members = {member.name for member in box.members()}
        assert all(inside(r, found) if name in members else apart(r, found) for name, r in nodes.items())
    for edge in made.edges:
        runs = drawn.edges[edge.source, edge.target]
        source, target = nodes[edge.source], nodes[edge.target]
        assert (runs[0][0], runs[-1][1]) == pytest.approx((source[2], target[0]))
        assert (runs[0][2], runs[-1][2]) == pytest.approx(((source[1] + source[3]) / 2, (target[1] + target[3]) / 2), abs=2)
        xs = [x for start, end, _ in runs for x in (start, end)]
        assert xs == sorted(xs)
        for start, end, y in runs:  # what is straight goes through no other node
            line = (start + 0.5, y, end - 0.5, y)
            assert start == end or all(apart(line, r) for r in nodes.values())


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in REFUSED and c.out == "scalar"], ids=lambda case: case.name)
def test_pictures(case):
    try:
        made = quietly(lambda: graph(case.fun, *case.fresh_args(), most_times=4))
    except adjoint.Unsupported:
        return  # see test_table.py
    check_picture(made)


def scaled(x, k):
    t = sin(x)
    for j in range(2):
        t = t * k + j * x
    return t


def total(x, n):
    s = 0.0
    for k in range(n):
        s += scaled(x, k) + x
    return scaled(s, x)


def test_loops_and_calls_are_boxes():
    made = graph(total, 0.5, 2)
    check_picture(made)
    outer = ["1: for k in range(n)", "2: for k in range(n)"]
    inner = ["1: for j in range(2)", "2: for j in range(2)"]
    titles = [box.group.title for box in placed(made.nodes, made.edges).boxes]
    assert titles == [*(t for o in outer for t in (o, "scaled(x, k)", *inner)), "scaled(s, x)", *inner]
    text = made.dot()
    assert text.count("subgraph cluster_") == len(titles)
    assert text.count("{") == text.count("}")
    assert len(set(re.findall(r"cluster_\d+", text))) == len(titles)
    assert "2: for j in range(2)" in made.svg()


def test_what_is_left_out_stands_in_the_box_that_it_is_in():
    made = graph(total, 0.5, 30, most_times=4)
    check_picture(made)
    hidden = [[scope.title for scope in node.scopes] for node in made.nodes if node.kind == "hidden"]
    assert hidden == [["2: for k in range(n)", "scaled(x, k)"], [], ["29: for k in range(n)", "scaled(x, k)"]]
    made = graph(lambda x: scaled_often(x), 0.5, most_times=4)
    check_picture(made)
    (hidden,) = [node for node in made.nodes if node.kind == "hidden"]
    assert [scope.title for scope in hidden.scopes] == ["scaled_often(x)"]


def scaled_often(x):
    for _ in range(20):
        x = sin(x)
    return x


def test_values_cotangents_and_partials_are_in_the_picture():
    made = graph(f, 2.0, 3.0)
    root = ET.fromstring(made.svg(highlight="w2"))
    node = next(g for g in root.iter(f"{SVG}g") if g.get("id") == "node-w1")
    assert [t.text for t in node.iter(f"{SVG}text")] == ["2.58385", "w1 = x1", "2"]
    edges = {g.get("data-edge"): g for g in root.iter(f"{SVG}g") if g.get("data-edge")}
    assert edges["w1-w4"].find(f"{SVG}text").text == "-0.416147"
    assert {name for name, g in edges.items() if "marked" in g.get("class")} == {"w2-w3", "w3-w5"}
    assert made._repr_svg_() == made.svg()
    notes = [t.text for t in ET.fromstring(made.svg(highlight="w1")).iter(f"{SVG}text") if t.get("class") == "legend"][1:]
    assert notes == ["w5 ← w3 ← w1: 1 × 3 = 3", "w5 ← w4 ← w1: 1 × -0.416147 = -0.416147", "w1_bar: the sum, 2.58385"]


def test_steps_by_the_names_of_parameters_and_variables():
    made = graph(f, 2.0, 3.0)
    assert made.paths("x1") == made.paths("w1")
    assert made.svg(highlight="x2") == made.svg(highlight="w2")
    assert [path.names for path in made.paths("z")] == [("w5",)]
    again = graph(scaled_often, 0.5, most_times=30)  # x is the parameter, and the variable in each iteration
    assert again.paths("x") == again.paths("w1")


def test_two_edges_between_the_same_steps():
    made = graph(lambda x: x / x + x * x, 2.0)
    both = [str(path) for path in made.paths("w1")]
    assert both == [
        "w4 ← w2 ← w1: 1 × 0.5 = 0.5", "w4 ← w2 ← w1: 1 × -0.5 = -0.5", "w4 ← w3 ← w1: 1 × 2 = 2", "w4 ← w3 ← w1: 1 × 2 = 2"
    ]
    assert "0.5 + -0.5<" in made.svg()
    assert "2 + 2<" in made.svg()
    assert "1.23 + 1.23<" in graph(lambda x: x * x, 1.23456).svg()  # as wide as there is room


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
