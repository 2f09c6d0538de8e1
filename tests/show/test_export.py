"""Exported gradients: the numbers of those that run inside, in a file that knows nothing of adjoint."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
from math import exp, log
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from corpus import CASES
from corpus.refused import REFUSED

import adjoint
from adjoint import export, grad
from adjoint.api import Gradient
from adjoint.testing import assert_same

# what a file cannot hold, and the word that the refusal must say
LEFT_OUT = {
    "logs": "Logger",
    "counts": "outside of the function",
    "appends_to_global": "outside of the function",
    "writes_global": "global variable",
    "random_walk": "Random",
    "calls_its_argument": "no name",
    "apply": "this method",
    "apply_2": "this method",
    "inherited_method": "Shifted",
    "network_of_objects": "Network",
    "calls_method": "Scaler",
    "reads_property": "Scaler",
    "calls_object": "Scaler",
    "stores_bound_method": "Scaler",
    "calls_through_class": "Scaler",
    "reads_object": "Scaler",
    "indexes_object": "Scaler",
}


def loaded(text: str) -> dict[str, Any]:
    """An exported module, run where `import adjoint` fails."""
    module = ModuleType("exported")
    names = [name for name in sys.modules if name == "adjoint" or name.startswith("adjoint.")]
    hidden = {name: sys.modules.pop(name) for name in names}
    sys.modules["adjoint"] = None  # type: ignore[assignment]
    try:
        exec(compile(text, "exported.py", "exec", dont_inherit=True), vars(module))
    finally:
        del sys.modules["adjoint"]
        sys.modules.update(hidden)
    return vars(module)


def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        return run()


RIGHT = [case for case in CASES if case.name not in REFUSED]


def gradient(case):
    seed = "one" if case.out == "scalar" else "given"
    return Gradient(case.fun, case.wrt, value=False, optimize=True, has_aux=False, seed=seed)


SCRIPT = """
import sys, pathlib
folder, here = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, here)
try:
    import test_export as t
    for case in t.RIGHT:
        if case.name not in t.LEFT_OUT:
            t.quietly(lambda: t.export(t.gradient(case), folder / 'next', *case.fresh_args()))
            (folder / 'next').rename(folder / f'{case.name}.py')
finally:
    (folder / 'done').touch()
"""


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    """A folder in which another process, with another hash seed, writes what the corpus is exported as.

    It works beside the tests, in the order of theirs, and once for all workers.
    """
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "exported_elsewhere"
    try:
        folder.mkdir()
    except FileExistsError:  # another worker has started it
        yield folder
        return
    here = Path(__file__).parent
    env = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join((str(here.parent.parent), str(here.parent)))}
    command = [sys.executable, "-c", SCRIPT, str(folder), str(here)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield folder
    process.wait(timeout=300)


def written(folder: Path, name: str) -> Path:
    """A file that the other process has written, or soon will have."""
    path = folder / name
    for _ in range(30_000):
        done = (folder / "done").exists()
        if path.exists():
            return path
        assert not done, f"{name} was not written"
        time.sleep(0.01)
    raise AssertionError(f"{name} is still not there")


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_every_function_of_the_corpus(case, elsewhere):
    """Its numbers are right, and its text is the same to the byte in every process."""
    derived = gradient(case)
    try:
        text = quietly(lambda: export(derived, None, *case.fresh_args()))
    except adjoint.Unsupported as error:
        assert case.name in LEFT_OUT, str(error)
        assert LEFT_OUT[case.name] in str(error)
        return
    assert case.name not in LEFT_OUT
    assert not re.search(r"^\s*(import|from) adjoint", text, re.M)
    assert text == written(elsewhere, f"{case.name}.py").read_text(encoding="utf-8")
    assert str(Path(__file__).parent.parent) not in text
    name = derived.compiled_for(*case.fresh_args()).__name__
    if case.out != "scalar":
        assert callable(loaded(text)[name])
        return
    expected = quietly(lambda: derived(*case.fresh_args()))
    assert_same(quietly(lambda: loaded(text)[name](*case.fresh_args())), expected)


def test_ruff_has_nothing_to_say(elsewhere):
    written(elsewhere, "done")
    assert len(list(elsewhere.glob("*.py"))) > 500
    ruff = shutil.which("ruff", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if ruff is None:
        pytest.skip("no ruff")
    rules = ["--isolated", "--no-cache", "--select", "E4,E7,E9,F,I"]
    done = subprocess.run([ruff, "check", *rules, str(elsewhere)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


RATE = 0.25
TARGET = np.array([1.0, np.inf, 2.0])


def fit(params, x, steps=3):
    loss = 0.0
    for _ in range(steps):
        r = params["w"] * x + params["b"] - TARGET[::2]
        loss = loss + RATE * np.sum(r**2)
    return loss


POINT = ({"w": np.array([0.5, -1.0]), "b": 0.5}, np.array([1.0, 2.0]))


def run(path, *args, cwd=None):
    """A file as a program, in a Python that has no adjoint."""
    script = "import sys, runpy; sys.modules['adjoint'] = None; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    command = [sys.executable, "-c", script, str(path), *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env={"PATH": ""})


def test_a_file_for_numba(tmp_path):
    pytest.importorskip("numba", exc_type=ImportError)
    path = tmp_path / "grad_fit.py"
    text = export(fit, path, *POINT, wrt=("params", "x"), check=True, numba=True)
    assert "from numba import njit" in text and not re.search(r"^\s*(import|from) adjoint", text, re.M)
    kernel, wrapper = text[text.index("@njit(cache=True)\ndef fit_grad_kernel(") :].split("\ndef fit_grad(params")
    assert "params['w']" in wrapper and "RATE" in wrapper and "**" not in wrapper.split("\ndef ")[0]
    assert "w * x + b" in kernel
    for _ in range(2):
        done = run(path)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "ok"), done.stderr
    assert list((tmp_path / "__pycache__").glob("grad_fit.fit_grad_kernel-*.nbi"))
    with pytest.raises(adjoint.AdjointError, match="textbook"):
        export(fit, None, *POINT, optimize=False, numba=True)


def entropy(x, n):
    s = 0.0
    for i in range(n):
        s += log(x[i]) * exp(x[i])
    return s


def test_a_file_for_numba_that_looks_at_indices(tmp_path):
    """With what the kernel calls instead of functions of `math`, which raise."""
    pytest.importorskip("numba", exc_type=ImportError)
    path = tmp_path / "grad_entropy.py"
    text = export(entropy, path, np.array([0.5, 2.0]), 2, check=True, numba=True)
    assert text.count("@njit(boundscheck=True, cache=True)\ndef ") == 3
    done = run(path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "ok"), done.stderr
    space = runpy.run_path(str(path))
    with pytest.raises(IndexError):
        space["entropy_grad"](np.ones(2), 3)
    with pytest.raises(ValueError, match="domain"):
        space["entropy_grad"](-np.ones(2), 2)


def test_what_numba_cannot_call_is_no_file():
    pytest.importorskip("numba", exc_type=ImportError)
    def masked(x, mask):
        return np.sum(np.array([1.0, 2.0]) * x[mask])  # of one entry, or of two

    with pytest.raises(adjoint.AdjointError, match="Numba cannot call `unbroadcast`, which masked_grad_kernel"):
        export(masked, None, np.ones(3), np.array([False, True, True]), numba=True)


def test_a_file_checks_itself(tmp_path):
    path = tmp_path / "grad_fit.py"
    text = export(fit, path, *POINT, wrt=("params", "x"), check=True)
    assert path.read_text(encoding="utf-8") == text
    done = run(path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "ok"), done.stderr
    wrong = "RATE * 1.01 * np.sum".join(text.rsplit("RATE * np.sum", 1))
    assert wrong != text
    path.write_text(wrong, encoding="utf-8")
    done = run(path)
    assert done.returncode == 1
    assert "WRONG" in done.stdout


PLANETS = '''
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Planet:
    place: np.ndarray
    mass: float = 1.0


def energy(a, b, *, g=6.67):
    d = a.place - b[0].place
    return -g * a.mass * b[0].mass / np.sqrt(d @ d)
'''


def test_a_file_checks_itself_with_dataclasses_and_keywords(tmp_path, monkeypatch):
    (tmp_path / "planets_of_test_export.py").write_text(PLANETS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    planets = importlib.import_module("planets_of_test_export")
    a, b = planets.Planet(np.array([1.0, 0.0])), planets.Planet(np.array([0.0, 2.0]), 2.0)
    path = tmp_path / "grad_energy.py"
    text = export(planets.energy, path, a, [b], wrt=("a", "b", "g"), check=True, example_kwargs={"g": 2.0})
    assert "'a': Planet(place=np.array([1.0, 0.0]), mass=1.0)" in text
    done = run(path, cwd=tmp_path)
    assert (done.returncode, done.stdout.count("along a random direction")) == (0, 9), done.stderr
    path.write_text(text.replace("mass=mass_bar", "mass=1.01 * mass_bar"), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    assert run(path, cwd=tmp_path).returncode == 1


def test_numbers_are_frozen(monkeypatch):
    text = export(fit, None, *POINT)
    monkeypatch.setitem(globals(), "RATE", 100.0)
    frozen = loaded(text)["fit_grad"](*POINT)
    monkeypatch.undo()
    assert_same(frozen, grad(fit)(*POINT))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (({"w": np.ones(3), "b": 0.5}, np.ones(3)), "'w': float64 array (3,)"),
        (({"w": np.ones(2), "b": 1}, np.ones(2)), "'b': int"),
        (({"w": np.ones(2), "c": 1.0}, np.ones(2)), "'c': float"),
        (({"w": np.ones(2), "b": 1.0}, np.ones(2, np.float32)), "x is float32 array (2,)"),
        (({"w": np.ones(2), "b": 1.0}, np.ones(2), 2.0), "steps is float"),
    ],
)
def test_arguments_of_another_kind_are_refused(args, said):
    function = loaded(export(fit, None, *POINT))["fit_grad"]
    assert function(*POINT, steps=7)["w"].shape == (2,)
    with pytest.raises(TypeError, match=re.escape(said)):
        function(*args)


def test_default_that_is_no_literal_of_the_signature():
    def scaled(x, w=np.array([2.0, 3.0])):
        return np.sum(w * x)

    got = loaded(export(scaled, None, np.ones(2)))["scaled_grad"](np.ones(2))
    assert_same(got, np.array([2.0, 3.0]))


def test_value_and_textbook_form():
    text = export(lambda x: x * np.sin(x), None, 2.0, value=True, optimize=False)
    value, slope = next(v for k, v in loaded(text).items() if k.endswith("_grad"))(2.0)
    assert_same((value, slope), (2.0 * np.sin(2.0), np.sin(2.0) + 2.0 * np.cos(2.0)))


def test_what_cannot_be_written():
    big = np.ones(100_000)
    with pytest.raises(adjoint.Unsupported, match="`big` cannot be written into a file: an array of 100000 entries"):
        export(lambda x: np.sum(big * x), None, 2.0)
    with pytest.raises(adjoint.Unsupported, match="Only a function of plain parameters"):
        export(lambda *xs: xs[0] * xs[1], None, 2.0, 3.0, check=True)
