"""A computational graph as SVG: no program of the system is needed for it.

As textbooks draw it: inputs on the left, the result on the right, arrows the way the forward sweep goes; below each node its
value, above it its cotangent, on each arrow the partial derivative that a cotangent is multiplied by on its way back.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import Box, Drawn, Member, Run, layout
from .notation import number
from .scopes import Scope

if TYPE_CHECKING:
    from .graph import Edge, Node

HIGH, ABOVE, BELOW, MARGIN = 28.0, 18.0, 18.0, 14.0  # a node's box, the room for its numbers, and around it all
CHARACTER, MOST, LINE = 7.3, 30, 16  # how wide one is, so many of a label are drawn, and the height of a line of notes
WORDS = (("bar", "above: cotangent"), ("value", "below: value"), ("partial", "on arrows: partial derivative"))
LEGEND = "   ".join(said for _, said in WORDS)

LIGHT = {
    "paper": "#fff", "ink": "#222", "box": "#fff", "line": "#8a8a9c", "input": "#e8f1ff", "output": "#fff0da", "value": "#00647a",
    "bar": "#b83200", "partial": "#555", "marked": "#d22", "loop": "#4a7dd01a", "call": "#3c9a5a1f", "title": "#667",
}
DARK = {
    "paper": "#15151a", "ink": "#ddd", "box": "#24242c", "line": "#88889c", "input": "#1c2d47", "output": "#46341c",
    "value": "#6fd0e0", "bar": "#ff9a6a", "partial": "#aab", "marked": "#ff5a5a", "loop": "#6a9df022", "call": "#5cba7a22",
    "title": "#99a",
}


def svg(nodes: Sequence[Node], edges: Sequence[Edge], marked: set[tuple[str, str]], notes: Sequence[str] = ()) -> str:
    """The picture; the edges in `marked` are drawn in another colour, and `notes` written below."""
    drawn = placed(nodes, edges)
    longest = max(map(len, (LEGEND, *notes)))
    width = max(drawn.size[0], CHARACTER * longest) + 2 * MARGIN
    height = drawn.size[1] + 2 * MARGIN + 18 + LINE * len(notes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="adjoint" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="computational graph">',
        f"<style>{style()}</style>",
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
    ]
    parts += [_box(box) for box in drawn.boxes]
    joined: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for e in edges:
        joined[e.source, e.target].append(e)
    for ends in sorted(joined, key=lambda ends: ends in marked):  # those last, above the others
        parts.append(_edge(joined[ends], drawn.edges[ends], ends in marked))
    parts += [_node(node, *drawn.places[node.name]) for node in nodes]
    below = drawn.size[1] + 24
    parts.append(_legend(below))
    for k, note in enumerate(notes, 1):
        parts.append(f'<text class="legend" x="0" y="{below + LINE * k:g}">{html.escape(note)}</text>')
    return "\n".join([*parts, "</g></svg>"]) + "\n"


def placed(nodes: Sequence[Node], edges: Sequence[Edge]) -> Drawn:
    """Where everything stands."""
    return layout([Member(n.name, _size(n), n.scopes) for n in nodes], [(e.source, e.target) for e in edges])


def _size(node: Node) -> tuple[float, float]:
    longest = max(len(_fitting(text)) for text in (node.label, node.bar, node.value))
    return max(44.0, round(CHARACTER * longest + 16)), ABOVE + HIGH + BELOW


def style() -> str:
    """The colours, light and dark; a page may say others for the same names."""

    def fill(name: str) -> str:  # what does not know variables takes the first
        return f"fill:{LIGHT[name]};fill:var(--{name})"

    def stroke(name: str) -> str:
        return f"stroke:{LIGHT[name]};stroke:var(--{name})"

    rules = {
        "svg": f"background:{LIGHT['paper']};background:var(--paper);{variables(LIGHT)}",
        "text": f"font:12px ui-monospace,Menlo,Consolas,monospace;text-anchor:middle;{fill('ink')}",
        ".node rect": f"{fill('box')};{stroke('line')};rx:6px",
        ".input rect": fill("input"), ".output rect": fill("output"), ".hidden rect": "stroke-dasharray:4",
        ".scope rect": f"{stroke('title')};stroke-opacity:.45;rx:8px", ".loop rect": fill("loop"), ".call rect": fill("call"),
        ".scope text": f"font-size:11px;text-anchor:start;{fill('title')}",
        ".edge path": f"fill:none;{stroke('line')};stroke-width:1.2px",
        ".marked path": f"{stroke('marked')};stroke-width:2.4px",
        ".value": fill("value"), ".bar": fill("bar"),
        ".partial": f"{fill('partial')};font-size:11px;paint-order:stroke;{stroke('paper')};stroke-width:4px",
        ".legend": "text-anchor:start;font-size:11px",
    }
    own = "".join(f"{'svg.adjoint' if name == 'svg' else f'.adjoint {name}'}{{{rule}}}" for name, rule in rules.items())
    return f"{own}@media(prefers-color-scheme:dark){{svg.adjoint{{{variables(DARK)}}}}}"


def variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _node(node: Node, x: float, y: float) -> str:
    wide, _ = _size(node)
    middle, top = x + wide / 2, y + ABOVE
    return (
        f'<g class="node {node.kind}" id="node-{node.name}"><title>{html.escape(node.label)}</title>'
        f'<text class="bar" x="{middle:g}" y="{top - 5:g}">{_text(node.bar)}</text>'
        f'<rect x="{x:g}" y="{top:g}" width="{wide:g}" height="{HIGH:g}"/>'
        f'<text x="{middle:g}" y="{top + 18:g}">{_text(node.label)}</text>'
        f'<text class="value" x="{middle:g}" y="{top + HIGH + 14:g}">{_text(node.value)}</text></g>'
    )


def _box(box: Box) -> str:
    scope = box.group
    assert isinstance(scope, Scope)
    kind = "loop" if scope.iteration else "call"
    return (
        f'<g class="scope {kind}"><title>{html.escape(scope.title)}</title>'
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.size[0]:g}" height="{box.size[1]:g}"/>'
        f'<text x="{box.x + 8:g}" y="{box.y + 16:g}">{_text(scope.title, int((box.size[0] - 14) / 6.7))}</text></g>'
    )


def _edge(joined: list[Edge], runs: list[Run], marked: bool) -> str:
    """The edges from one node to another, on one line: `x * x` has two."""
    edge, known = joined[0], [e.partial for e in joined if e.partial is not None]
    label = " + ".join(_short(partial, 6 if len(joined) == 1 else 3) for partial in known)
    told = f"∂{edge.target}/∂{edge.source} = {' + '.join(map(number, known))}" if known else f"{edge.source} to {edge.target}"
    _, x, y = runs[0]
    path = f"M{runs[0][0]:g} {y:g}" + (f"H{x:g}" if x != runs[0][0] else "")
    for start, end, to in runs[1:]:
        bend = (start - x) / 2
        path += f"C{x + bend:g} {y:g} {start - bend:g} {to:g} {start:g} {to:g}" + (f"H{end:g}" if end != start else "")
        x, y = end, to
    (_, before, high), (last, _, low) = runs[-2], runs[-1]
    # the label stands where the edges of one operand, and those of one result, are apart
    at, up = (before + last) / 2, (high + low) / 2 - 4
    return (
        f'<g class="edge{" marked" if marked else ""}" data-edge="{edge.source}-{edge.target}">'
        f'<title>{html.escape(told)}</title><path d="{path}"/>'
        f'<path d="M{x - 6:g} {y - 3.5:g}L{x:g} {y:g}L{x - 6:g} {y + 3.5:g}"/>'
        f'<text class="partial" x="{at:g}" y="{up:g}">{_text(label, 12)}</text></g>'
    )


def _short(partial: Any, digits: int) -> str:
    """A number to so many digits, or the shape of many: there is little room on an arrow."""
    return str(np.shape(partial)) if np.ndim(partial) else number(partial, digits=digits)


def _legend(y: float) -> str:
    spans = "   ".join(f'<tspan class="{kind}">{said}</tspan>' for kind, said in WORDS)
    return f'<text class="legend" x="0" y="{y:g}" xml:space="preserve">{spans}</text>'


def _text(text: str, most: int = MOST) -> str:
    return html.escape(_fitting(text, most))


def _fitting(text: str, most: int = MOST) -> str:
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…"
