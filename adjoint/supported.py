"""What is differentiated, read from the registry: the command `adjoint supported`, and the table SUPPORTED.md.

    numpy.tanh        elementwise      rules/ufuncs.py:98
    numpy.floor       constant         rules/constants.py:16     piecewise constant
    numpy.copyto      lowered          lower/inplace.py:52       as an assignment
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import platform
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .lower import attributes, calls, ufuncs, writes
from .lower.specials import find
from .rules.registry import LIBRARIES, RULES, WRITTEN, Rule, lookup, read_rules

PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """How one name is differentiated, and where that is written."""

    name: str
    how: str  # "elementwise", "vjp, jvp", "linear", "constant", "lowered", "refused"
    where: str = ""  # file:line, from the package's folder
    why: str = ""

    @property
    def covered(self) -> bool:
        return self.how != "refused"


def entry(name: str) -> Entry | None:
    """What is known of a dotted name: `numpy.tanh`, `scipy.stats.norm.pdf`; None where nothing is.

    >>> entry("numpy.tanh").how
    'elementwise'
    >>> entry("numpy.floor").why
    'piecewise constant'
    """
    if name in LOWERED:
        made, why = LOWERED[name]
        return Entry(name, "lowered", place_of(made), why)
    found = resolved(name)
    if found is None:
        return None
    read_rules()
    rule = lookup(found)
    if _hashable(found) and found in WRITTEN:
        return Entry(name, "lowered", place_of(WRITTEN[found]), "said with other functions")
    if rule is not None and (made_of := of_rule(name, rule)) is not None:
        return made_of
    parts = [rule for key, rule in RULES.items() if isinstance(key, tuple) and key[0] is found]
    if parts:  # what it returns, or the calls of what it makes
        return Entry(name, "vjp, jvp" if all(rule.jvp for rule in parts) else "vjp", place_of(parts[0].vjp))
    handler = find(found) if _hashable(found) else None
    if handler is not None:
        return Entry(name, "lowered", place_of(handler), "followed while the program is read")
    if getattr(found, "__name__", "") in calls.WRITERS:
        return Entry(name, "refused", place_of(calls.primitive), "changes its argument in place")
    return None


def of_rule(name: str, rule: Rule) -> Entry | None:
    if rule.refused is not None:
        return Entry(name, "refused", rule.where, rule.refused)
    if rule.constant is not None:
        return Entry(name, "constant", rule.where, rule.constant)
    if rule.partials is not None:
        written = next((p for p in rule.partials if callable(p)), None)
        return Entry(name, "elementwise", place_of(written) if written else rule.where)
    if rule.vjp is not None:
        how = "vjp, jvp" if rule.jvp is not None else "linear" if rule.linear else "vjp"
        return Entry(name, how, place_of(rule.vjp))
    return Entry(name, "jvp", place_of(rule.jvp)) if rule.jvp is not None else None


def place_of(function: Any) -> str:
    """file:line of a function of ours."""
    code = getattr(function, "__code__", None) or getattr(getattr(function, "func", None), "__code__", None)
    if code is None:
        return ""
    path = Path(code.co_filename)
    return f"{path.relative_to(PACKAGE) if path.is_relative_to(PACKAGE) else path}:{code.co_firstlineno}"


LOWERED: dict[str, tuple[Callable[..., Any], str]] = {
    **{
        f"numpy.ndarray.{name}": (attributes.of_array, "read as a function of NumPy")
        for name in attributes.ARRAY_FUNCTIONS
    },
    **{
        f"numpy.ndarray.__{name}__": (writes.store, "an assignment to the array")
        for name in ("setitem", "iadd", "isub", "imul", "itruediv", "ipow", "imatmul")
    },
    "numpy.ufunc(out=...)": (ufuncs.apply, "an assignment to the array"),
    "numpy.ufunc(where=...)": (ufuncs.apply, "as np.where"),
}


def resolved(name: str) -> Any:
    """What a dotted name stands for, or None."""
    parts = name.split(".")
    for k in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:k])
        try:
            found: Any = importlib.import_module(module)
        except ImportError:
            continue
        for part in parts[k:]:
            found = getattr(found, part, None)
        return found
    return None


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


# --- all names ------------------------------------------------------------------------------------


MODULES = ("numpy", "numpy.linalg", "numpy.fft", "numpy.random", "math", "cmath", "builtins", "operator", "random")


def families() -> list[str]:
    """The modules whose names are listed: SciPy's where it is installed."""
    scipy = list(LIBRARIES) if importlib.util.find_spec("scipy") is not None else []
    return [*MODULES, *scipy]


def entries() -> list[Entry]:
    """Everything that has a rule, sorted by name."""
    found = {name: entry(name) for family in families() for name in names_in(family)}
    return [e for _, e in sorted(found.items()) if e is not None]


def names_in(family: str) -> Iterator[str]:
    """The names of a module that may have a rule; of `numpy` also those of arrays and of methods of ufuncs."""
    module = importlib.import_module(family)
    read_rules()
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_") or isinstance(value, types.ModuleType):
            continue
        if _hashable(value) and callable(value):
            yield f"{family}.{name}"
        if not isinstance(value, type) and hasattr(type(value), "rvs"):  # a distribution of scipy.stats
            for method in dir(type(value)):
                if not method.startswith("_"):
                    yield f"{family}.{name}.{method}"
    if family == "numpy":
        yield from (f"numpy.ndarray.{name}" for name in dir(np.ndarray) if not name.startswith("_"))
        yield from LOWERED
        for fn in list(RULES):
            owner = getattr(fn, "__self__", None)
            if isinstance(owner, np.ufunc):
                yield f"numpy.{owner.__name__}.{fn.__name__}"


# --- text -----------------------------------------------------------------------------------------

HEADER = """\
# What is differentiated

Made by `adjoint supported --markdown` from the rules. *elementwise*: one partial derivative for each argument, from which both
modes follow; *vjp, jvp*: a rule for each mode; *vjp*: a rule for reverse mode, which forward mode transposes; *linear*: its own
derivative; *constant*: the derivative is zero, for the reason given; *lowered*: written as something else when your
program is read; *refused*: an error that says why.
`adjoint supported NAME` tells the line.
"""


def made_with() -> str:
    """The versions that the names are those of."""
    versions = [f"Python {platform.python_version().rpartition('.')[0]}", f"NumPy {_short(np.__version__)}"]
    if importlib.util.find_spec("scipy") is not None:
        versions.append(f"SciPy {_short(importlib.metadata.version('scipy'))}")
    return f"Made with {', '.join(versions)}."


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def table(rows: list[Entry]) -> str:
    """Names, how, where and why in columns."""
    cells = [(e.name, e.how, e.where, e.why) for e in rows]
    widths = [max((len(row[k]) for row in cells), default=0) for k in range(4)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def markdown(rows: list[Entry]) -> str:
    """The same as a page: a section for each module, with the file of each rule but not the line, which moves."""
    sections = [f"{HEADER}\n{made_with()}\n"]
    for family in families():
        inside = [e for e in rows if family_of(e.name) == family]
        if not inside:
            continue
        grouped: dict[tuple[str, str, str], list[str]] = {}
        for e in inside:
            key = (e.how, e.where.split(":")[0], e.why)
            grouped.setdefault(key, []).append(e.name.removeprefix(family + "."))
        lines = [f"## {family}\n", "| how | rule | names |", "|---|---|---|"]
        for (how, file, why), names in sorted(grouped.items()):
            link = f"[{file}](../{file})" if file else ""
            shown = ", ".join(f"`{name}`" for name in names)
            lines.append(f"| {how}{': ' + why if why else ''} | {link} | {shown} |")
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def family_of(name: str) -> str:
    return max((f for f in families() if name.startswith(f + ".")), key=len)


def look_up(name: str) -> tuple[list[Entry], str]:
    """The entries that a word on the command line may mean, or else a message."""
    full = "numpy." + name.removeprefix("np.") if name.startswith("np.") else name
    candidates = [full] if "." in full else [f"{family}.{full}" for family in families()]
    rows = [e for e in map(entry, candidates) if e is not None]
    if rows:
        return rows, ""
    close = difflib.get_close_matches(full, [e.name for e in entries()], n=3)
    text = f"`{name}` has no rule."
    return [], text + (f" Did you mean {' or '.join(close)}?" if close else " Give it one: `adjoint.vjp_rule`.")


def run(name: str | None, as_markdown: bool) -> int:
    """The command: exit code 1 where a name has no rule."""
    if name is None:
        print(markdown(entries()) if as_markdown else table(entries()))
        return 0
    rows, message = look_up(name)
    print(table(rows) if rows else message, file=sys.stdout if rows else sys.stderr)
    return 0 if rows else 1
