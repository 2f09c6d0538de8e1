"""What was measured, as a table for the terminal, as JSON, and as a picture."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .run import FIRST, Growth, Row, Timing


def table(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Times by hand, and everybody's ratio to them; then building, memory, and the reasons why a figure is missing."""
    shown = [name for name in names if any(row.timings[name].seconds is not None for row in rows)]
    others = [name for name in shown if name != FIRST]
    lines = [["case", "n", FIRST, "noise", *others]]
    for row in rows:
        first = row.timings.get(FIRST, Timing())
        noise = "" if first.spread is None else f"±{100 * first.spread:.0f}%"
        lines.append([row.case, str(row.size), _seconds(first.seconds), noise, *(_ratio(row.timings[n]) for n in others)])
    means = [_mean([row.timings[n].ratio for row in rows]) for n in others]
    if len(rows) > 1:
        lines.append(["geometric mean", "", "", "", *means])
    parts = ["ratios to the gradient by hand", _aligned(lines)]
    building = [["building, s", "n", *others]]
    memory = [["peak memory", "n", *shown]]
    for row in rows:
        building.append([row.case, str(row.size), *(_build(row.timings[n]) for n in others)])
        memory.append([row.case, str(row.size), *(_bytes(row.timings[n].memory) for n in shown)])
    parts += [_aligned(building), _aligned(memory)]
    if notes := _notes(rows, names):
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _notes(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Why a figure is missing: once for each reason of each contestant."""
    why: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for name in names:
            reason = row.timings[name].why
            if reason is not None:
                cases = why.setdefault((name, reason), [])
                if row.case not in cases:
                    cases.append(row.case)
    total = len({row.case for row in rows})
    return [f"{name}: {reason}" + ("" if len(cases) == total else f" ({', '.join(cases)})")
            for (name, reason), cases in why.items()]


def growth_table(growths: Sequence[Growth]) -> str:
    """Gradient over primal at each size, and the exponents: time ~ n ** exponent."""
    parts = []
    for growth in growths:
        lines = [["n", "primal", "gradient", "ratio"]]
        for n, p, g in zip(growth.sizes, growth.primal, growth.gradient, strict=True):
            lines.append([str(n), _seconds(p), _seconds(g), f"{g / p:.2f}"])
        lines.append(["exponent", *(f"{e:.2f}" for e in growth.exponents)])
        parts.append(f"{growth.case}: {growth.what}\n{_aligned(lines)}")
    return "\n\n".join(parts)


def as_json(rows: Sequence[Row], growths: Sequence[Growth]) -> str:
    """Everything measured, with the machine and the versions."""
    machine = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine(),
               "processor": processor()}
    found = {"machine": machine, "cases": [row.as_dict() for row in rows], "scaling": [g.as_dict() for g in growths]}
    return json.dumps(found, indent=1)


def processor() -> str:
    """The name of the processor, where it can be found."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def picture(rows: Sequence[Row], growths: Sequence[Growth], names: Sequence[str], file: str) -> None:
    """Ratios as points on a logarithmic axis, one row a case; beside them how cost grows, on log axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = bool(rows) + bool(growths)
    height = max(4.0, 1.2 + 0.42 * len(rows))
    figure = Figure(figsize=(8.0 * panels, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    if rows:
        _ratios(axes[0], rows, [name for name in names if name != FIRST])
    if growths:
        _growth(axes[-1], growths)
    figure.savefig(file, dpi=150)


def _ratios(axes: Any, rows: Sequence[Row], names: Sequence[str]) -> None:
    labels = [f"{row.case} {row.size}" for row in rows]
    drawn = [name for name in names if any(row.timings[name].ratio for row in rows)]
    markers = "os^Dvp*X"
    for k, name in enumerate(drawn):
        points = [(row.timings[name].ratio, y) for y, row in enumerate(rows) if row.timings[name].ratio]
        axes.scatter(*zip(*points, strict=True), label=name, marker=markers[k % len(markers)], s=36, zorder=3)
    axes.axvline(1.0, color="black", linewidth=1.0)
    axes.set_xscale("log")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="x", which="both", linewidth=0.4, alpha=0.5)
    axes.set_xlabel("time, relative to the gradient by hand (left is faster)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)


def _growth(axes: Any, growths: Sequence[Growth]) -> None:
    for growth in growths:
        ratio = [g / p for g, p in zip(growth.gradient, growth.primal, strict=True)]
        axes.plot(growth.sizes, ratio, marker="o", label=f"{growth.case}: exponent {growth.exponents[2]:+.2f}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(which="both", linewidth=0.4, alpha=0.5)
    axes.set_xlabel("n")
    axes.set_ylabel("time of the gradient / time of the function")
    axes.legend(frameon=False)


# --- cells ---------------------------------------------------------------------------------------


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    rows = [
        "  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    return "\n".join(row.rstrip() for row in rows)


def _seconds(t: float | None) -> str:
    """
    >>> _seconds(1.234e-5), _seconds(0.5), _seconds(None)
    ('12.3 µs', '500 ms', '-')
    """
    if t is None:
        return "-"
    for unit, scale in (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)):
        if t < 999.5 * scale or unit == "s":
            return f"{t / scale:.3g} {unit}"
    raise AssertionError


def _ratio(timing: Timing) -> str:
    if timing.ratio is None:
        return "wrong" if timing.why is not None and timing.why.startswith("wrong") else "-"
    return f"{timing.ratio:.0f}" if timing.ratio >= 99.5 else f"{timing.ratio:.3g}"


def _mean(ratios: Sequence[float | None]) -> str:
    """The geometric mean of those who took part in every case."""
    known = [r for r in ratios if r is not None]
    return f"{math.exp(sum(map(math.log, known)) / len(known)):.3g}" if len(known) == len(ratios) else "-"


def _build(timing: Timing) -> str:
    return "-" if timing.build is None else f"{timing.build:.2f}"


def _bytes(n: int | None) -> str:
    if n is None:
        return "-"
    return f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.1f} kB"
