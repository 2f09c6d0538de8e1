"""The benchmark: its gradients by hand are right, and the command runs."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from adjoint import bench, grad
from adjoint.bench import run
from adjoint.bench.cases import BY_NAME, CASES
from adjoint.cli import main
from adjoint.testing import assert_same, numerical_gradient


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradient_by_hand_is_right(case):
    make = case.small or (lambda: case.arguments(5))
    args, kept = make(), make()
    by_hand = case.by_hand(*args)
    assert_same(args, kept)
    assert_same(grad(case.fun, case.wrt)(*args), by_hand, rtol=1e-10, atol=1e-12)
    for_compilers = grad(case.fun, case.wrt, compile=lambda kernel: kernel)  # the text that Numba gets
    assert_same(for_compilers(*args), by_hand, rtol=1e-10, atol=1e-12)
    assert_same(by_hand, numerical_gradient(case.fun, args, case.wrt), rtol=1e-5, atol=1e-7)
    if case.without_writes is not None:
        assert_same(case.without_writes(*args), case.fun(*args), rtol=1e-12)


def test_command_measures_and_says_who_is_absent(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    file, plot = tmp_path / "found.json", tmp_path / "ratios.png"
    code = main(
        ["bench", "two-floats", "rosenbrock", "--only", "ours", "--only", "tape", "--seconds", "0.01",
         "--json", str(file), "--plot", str(plot)]
    )
    printed = capsys.readouterr().out
    assert code == 0
    assert [line.split()[:2] for line in printed.splitlines()[3:6]] == [
        ["two-floats", "1"], ["rosenbrock", "10"], ["rosenbrock", "1000"],
    ]
    cases = json.loads(file.read_text())["cases"]
    for case in cases:
        for name in ("by hand", "ours", "tape"):
            assert case["timings"][name]["seconds"] > 0.0
            assert case["timings"][name]["error"] <= 1e-10
    assert cases[2]["timings"]["by hand"]["ratio"] == 1.0
    assert cases[2]["timings"]["tape"]["memory"] > cases[2]["timings"]["ours"]["memory"] > 8_000
    assert plot.stat().st_size > 5_000


def test_compiled_gradients_are_measured(tmp_path):
    pytest.importorskip("numba", exc_type=ImportError)
    file = tmp_path / "found.json"
    both = ["--only", "by hand+Numba", "--only", "ours+Numba"]
    assert main(["bench", "scalar-loop", *both, "--size", "20", "--seconds", "0.01", "--json", str(file)]) == 0
    timings = json.loads(file.read_text())["cases"][0]["timings"]
    for name in ("by hand+Numba", "ours+Numba"):
        assert timings[name]["error"] <= 1e-10 and timings[name]["seconds"] > 0.0
        assert timings[name]["ratio"] > 0.0


def test_a_wrong_gradient_is_not_timed(capsys, monkeypatch):
    case = BY_NAME["rosenbrock"]
    wrong = dataclasses.replace(case, by_hand=lambda x: (1.0 + 1e-9) * case.by_hand(x))
    monkeypatch.setitem(bench.BY_NAME, "rosenbrock", wrong)
    assert main(["bench", "rosenbrock", "--only", "ours", "--size", "10", "--seconds", "0.01"]) == 1
    assert "ours: wrong: differs by 1.0e-09" in capsys.readouterr().out


def test_what_is_not_there_is_said(capsys):
    assert main(["bench", "rosenbrok"]) == 2
    assert "there is no 'rosenbrok'; there are two-floats, rosenbrock" in capsys.readouterr().err
    assert main(["bench", "rosenbrock", "--only", "us"]) == 2


def test_growth_is_fitted():
    growth = run.Growth("x", "", [10, 100, 1000], [1.0, 10.0, 100.0], [2.0, 40.0, 800.0])
    np.testing.assert_allclose(growth.exponents, [1.0, np.log10(20.0), np.log10(2.0)])
    found = run.grown(BY_NAME["neighbours"], 0.01, sizes=(50, 100, 400))
    assert found.sizes == [50, 100, 400] and min(found.primal + found.gradient) > 0.0  # how they grow depends on the machine


def test_difference_is_relative_to_the_largest_and_sees_what_is_missing():
    assert run.difference({"a": np.array([1.0, 100.0])}, {"a": np.array([2.0, 100.0])}) == 0.01
    assert run.difference({"a": 1.0, "b": np.ones(2)}, {"b": np.ones(2), "a": 1.0}) == 0.0
    assert run.difference((1.0,), (1.0, 2.0)) == float("inf")
    assert run.difference(np.ones((1, 2)), np.ones(2)) == float("inf")
    assert not run.difference(float("nan"), 1.0) <= 1.0
