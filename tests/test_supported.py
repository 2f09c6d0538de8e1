"""The table of what is covered: every name that was aimed at, and the page that the README links."""

from pathlib import Path

import numpy as np
import pytest

from adjoint import cli
from adjoint.rules.registry import LIBRARIES, lookup
from adjoint.supported import Entry, entries, entry, made_with, markdown, place_of, resolved

ROOT = Path(__file__).parent.parent
TARGETS = (Path(__file__).parent / "rules" / "targets.txt").read_text().split()
PAGE = ROOT / "adjoint" / "rules" / "SUPPORTED.md"


def is_there(name):
    """Does the installed version have it?  `numpy.ufunc(out=...)` is a form of a call."""
    return "(" in name or resolved(name) is not None


def family(name):
    return next((f for f in LIBRARIES if name.startswith(f + ".")), "numpy and Python")


@pytest.mark.parametrize("of", sorted({family(name) for name in TARGETS}))
def test_every_target_is_covered_or_has_a_reason(of):
    if of != "numpy and Python":
        pytest.importorskip(of)
    wanted = {name for name in TARGETS if family(name) == of and is_there(name)}
    assert not {name for name in wanted if entry(name) is None}


def test_few_are_refused():
    refused = [name for name in TARGETS if is_there(name) and (e := entry(name)) is not None and e.how == "refused"]
    assert len(refused) < 20
    assert all(entry(name).why for name in refused)


def test_constants_say_why():
    assert not [e.name for e in entries() if e.how == "constant" and not e.why]


def test_the_place_is_that_of_the_rule():
    found = entry("numpy.tanh")
    assert found.how == "elementwise"
    file, line = found.where.split(":")
    assert "np.tanh" in (ROOT / "adjoint" / file).read_text().splitlines()[int(line) - 1]
    assert entry("numpy.linalg.solve").where == place_of(lookup(np.linalg.solve).vjp)
    assert entry("numpy.ndarray.T").how == "lowered"
    assert entry("numpy.no_such_function") is None


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["np.tanh"], 0, ["numpy.tanh", "elementwise", "rules/ufuncs.py:"]),
        (["sin"], 0, ["numpy.sin", "math.sin", "cmath.sin"]),
        (["np.floor"], 0, ["constant", "piecewise constant"]),
        (["np.sinn"], 1, ["no rule", "numpy.sinh"]),
        (["np.ndarray.resize"], 0, ["refused", "in place"]),
        (["np.apply_over_axes"], 1, ["no rule"]),
    ],
)
def test_the_command(args, code, words, capsys):
    assert cli.main(["supported", *args]) == code
    said = "".join(capsys.readouterr())
    assert all(word in said for word in words)


def test_without_a_name_it_lists_all(capsys):
    assert cli.main(["supported"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 500
    assert any(line.startswith("numpy.add.reduce ") for line in lines)


def test_a_page_has_a_section_for_each_module():
    page = markdown([Entry("numpy.tanh", "elementwise", "rules/ufuncs.py:1"), Entry("math.pi_", "constant", "", "why")])
    assert "## numpy\n" in page
    assert "## math\n" in page
    assert "| elementwise | [rules/ufuncs.py](../rules/ufuncs.py) | `tanh` |" in page


def test_the_page_is_up_to_date():
    """`adjoint supported --markdown > adjoint/rules/SUPPORTED.md` makes it anew; other libraries have other names."""
    pytest.importorskip("scipy")
    text = PAGE.read_text()
    if made_with() not in text:
        pytest.skip("made with other versions")
    assert text == markdown(entries()) + "\n", "make it anew: python -m adjoint supported --markdown > adjoint/rules/SUPPORTED.md"
