"""Generated source, kept as text: golden/NAME.py is a derivative of a function in golden_functions.py.

Each file is a module of its own, with the user's function in its docstring: it is compared as text,
imported, and its numbers are compared with finite differences.  After a change that is meant,
`python tests/test_golden.py` writes the files anew; read the difference.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import CASES
from golden_functions import GOLDEN, Golden

from adjoint import Tangent, grad, hvp, value_and_grad
from adjoint.dispatch import Derived
from adjoint.operators import Forward
from adjoint.testing import assert_same, copied, float_leaves, map_leaves, numerical_gradient

FOLDER = Path(__file__).parent / "golden"


def derivative_of(case: Golden) -> Derived:
    if case.forward:
        return Tangent(case.fun, case.wrt, Forward(), case.optimize)
    if case.second:
        return hvp(case.fun, case.wrt).tangent
    return (value_and_grad if case.value else grad)(case.fun, case.wrt, optimize=case.optimize)


def names_of(case: Golden) -> list[str]:
    """The parameters that the function is differentiated by."""
    names = list(inspect.signature(case.fun).parameters)
    wrt = case.wrt if isinstance(case.wrt, tuple) else (case.wrt,)
    return [names[w] if isinstance(w, int) else w for w in wrt]


def generated(case: Golden) -> str:
    """The text of the file: the user's function as the docstring, then the generated source."""
    what = "The value and the gradient" if case.value else "The gradient"
    form = "" if case.optimize else ", in the textbook form"
    by = " and ".join(f"`{name}`" for name in names_of(case))
    primal = textwrap.indent(inspect.getsource(case.fun), "    ").replace('"""', "'''")
    source = derivative_of(case).source_for(*case.args)
    gap = "\n\n" if source.startswith("def ") else "\n"
    whole = f"{what} of this function with respect to {by}"
    if case.forward:
        whole = f"The value of this function and its tangent along tangents of {by}"
    elif case.second:
        whole = f"The Hessian of this function with respect to {by}, times a vector"
    return f'"""{whole}{form}:\n\n{primal}"""\n{gap}{source}'


def golden_module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"golden_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", GOLDEN)
def test_text(name):
    assert generated(GOLDEN[name]) == (FOLDER / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOLDEN)
def test_numbers(name):
    case = GOLDEN[name]
    if case.forward or case.second:
        check_tangent(name, case)
        return
    names = list(inspect.signature(case.fun).parameters)
    places = tuple(names.index(w) for w in names_of(case))
    args = [*case.args, *(p.default for p in list(inspect.signature(case.fun).parameters.values())[len(case.args) :])]
    got = getattr(golden_module(name), f"{case.fun.__name__}_grad")(*copied(args))
    if case.value:
        value, got = got
        assert_same(value, case.fun(*copied(args)))
    expected = numerical_gradient(case.fun, args, places)
    assert_same(got if isinstance(case.wrt, tuple) else (got,), tuple(expected), rtol=1e-6, atol=1e-8)
    assert_same(derivative_of(case)(*case.args)[1] if case.value else derivative_of(case)(*case.args), got)


def hvp_by_differences(case: Golden, places: tuple[int, ...], tangents: list[Any]) -> Any:
    """A central difference of the gradient, Richardson's, along the tangents."""
    gradient = grad(case.fun, case.wrt)

    def at(step: float) -> Any:
        args = list(copied(case.args))
        for place, tangent in zip(places, tangents, strict=True):
            args[place] = args[place] + step * tangent
        found = gradient(*args)
        return found if isinstance(case.wrt, tuple) else (found,)

    steps = [at(step) for step in (-2e-3, -1e-3, 1e-3, 2e-3)]
    found = tuple((8 * (c - b) - (d - a)) / 12e-3 for a, b, c, d in zip(*steps, strict=True))
    return found if isinstance(case.wrt, tuple) else found[0]


def check_tangent(name: str, case: Golden) -> None:
    """Along random tangents, the tangent is the gradient's product with them."""
    names = list(inspect.signature(case.fun).parameters)
    places = tuple(names.index(w) for w in names_of(case))
    rng = np.random.default_rng(0)
    tangents = [map_leaves(lambda _, leaf: rng.normal(size=np.shape(leaf))[()], case.args[place]) for place in places]
    if case.second:
        product = getattr(golden_module(name), f"{case.fun.__name__}_grad_jvp")(*copied(case.args), *tangents)
        assert_same(product, hvp_by_differences(case, places, tangents), rtol=1e-6, atol=1e-8)
        return
    value, tangent = getattr(golden_module(name), f"{case.fun.__name__}_jvp")(*copied(case.args), *tangents)
    assert_same(value, case.fun(*copied(case.args)))
    gradients = numerical_gradient(case.fun, case.args, places)
    pairs = zip(float_leaves(list(gradients)), float_leaves(tangents), strict=True)
    expected = sum(np.sum(np.multiply(g, t)) for (_, g), (_, t) in pairs)
    assert_same(float(tangent), float(expected), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", GOLDEN)
def test_needs_nothing_but_numpy(name):
    """Generated code that a user keeps runs without adjoint; but the schedule of snapshots is ours."""
    imported = [v for v in vars(golden_module(name)).values() if inspect.ismodule(v)]
    assert {module.__name__ for module in imported} <= {"numpy"}
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert "adjoint" not in text.replace("from adjoint.schedule import all_stops, stops", "")


def test_no_file_is_left_over():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(GOLDEN)


def last_values() -> str:
    """The textbook form of a loop that gives more than one name its first value: the order of its carries decides names."""
    (case,) = (case for case in CASES if case.name == "loop_variable_afterwards")
    return grad(case.fun, case.wrt, optimize=False).source_for(*case.fresh_args())


def test_sources_are_the_same_in_every_process():
    """No name depends on hashes or memory addresses: golden files would be impossible."""
    script = "import test_golden as t; print(hash('a') and ''.join([*map(t.generated, t.GOLDEN.values()), t.last_values()]))"
    outputs = set()
    for seed in ("1", "2"):
        path = os.pathsep.join((str(FOLDER.parent.parent), str(FOLDER.parent)))
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1


def rewrite() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.py"):
        if path.stem not in GOLDEN:
            path.unlink()
    for name, case in GOLDEN.items():
        (FOLDER / f"{name}.py").write_text(generated(case), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
