"""What `import adjoint` reads, and what waits until it is needed.  No test here takes a time: see what is imported."""

import ast
import doctest
import inspect
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import adjoint

PACKAGE = Path(adjoint.__file__).parent


def run(program, *words):
    """The output of a program in a process of its own."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program), *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def imported(statement):
    """The modules that a statement imports, after NumPy."""
    program = f"""
        import sys, numpy
        before = set(sys.modules)
        {statement}
        print(*sorted(set(sys.modules) - before))
    """
    return set(run(program))


def test_importing_adjoint_imports_nothing_else():
    assert {name for name in imported("import adjoint") if name.startswith("adjoint")} == {"adjoint", "adjoint.later"}


HEAVY = {
    # of the standard library
    "html", "json", "difflib", "tempfile", "pathlib", "urllib", "statistics", "unicodedata", "importlib.resources", "argparse",
    "random", "hashlib", "numpy.random", "numpy.polynomial", "numpy.fft",
    # of others
    "scipy", "numba", "matplotlib", "rich",
    # of ours
    "adjoint.show", "adjoint.testing", "adjoint.bench", "adjoint.cli", "adjoint.sparse", "adjoint.series", "adjoint.jacobians",
    "adjoint.rules.ufuncs", "adjoint.rules.linalg", "adjoint.rules.draws", "adjoint.rules.constants", "adjoint.rules.scipy",
}  # fmt: skip


@pytest.mark.parametrize("first", ["from adjoint import grad, value_and_grad, vjp, jvp, stop_gradient",
                                   "from adjoint import grad; f = grad(lambda x: x * x); f.wrt, repr(f)"])
def test_a_gradient_that_is_not_built_needs_no_rules_and_nothing_heavy(first):
    assert not HEAVY & imported(first)


def test_the_names_of_heavy_modules_are_those_of_modules():
    ours = {name for name in HEAVY if name.startswith("adjoint")}
    assert {name for name in ours if not list(PACKAGE.parent.glob(name.replace(".", "/") + "*"))} == set()


def test_a_first_gradient_imports_nothing_that_only_pictures_need(tmp_path):
    (tmp_path / "f.py").write_text("import numpy as np\ndef f(x):\n    return np.sum(np.sin(x) * x)\n")
    first = f"sys.path.insert(0, {str(tmp_path)!r}); import f, adjoint; adjoint.grad(f.f)(numpy.ones(3))"
    found = imported(first)
    assert "adjoint.rules.ufuncs" in found
    assert not {"html", "json", "difflib", "scipy", "adjoint.show", "adjoint.testing", "adjoint.rules.scipy"} & found


def test_every_public_name_is_found_where_it_is_said_to_be():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    shown = next(s for s in tree.body if isinstance(s, ast.If) and ast.unparse(s.test) == "TYPE_CHECKING").body
    for_readers = {(a.name, s.module) for s in shown for a in s.names}
    assert set(adjoint._HOME.items()) == for_readers
    assert sorted(adjoint._HOME) == sorted(adjoint.__all__)
    for name, home in adjoint._HOME.items():
        assert getattr(adjoint, name) is getattr(sys.modules[f"adjoint.{home}"], name)
    files = {path.stem for path in PACKAGE.iterdir()}
    assert not files & set(adjoint.__all__), "a module of this name would take the place of the public name"


def test_a_star_imports_every_public_name():
    names = run("""
        from adjoint import *
        print(*dir())
    """)
    assert set(adjoint.__all__) <= set(names)


def test_modules_are_attributes():
    program = """
        import adjoint
        print(adjoint.testing.assert_same.__module__, adjoint.show.table.table is adjoint.table, adjoint.ir.Var.__name__)
        print(adjoint.rules.linalg.inv.__name__, adjoint.rules.registry.lookup is not None, hasattr(adjoint.rules, "linalgg"))
    """
    assert run(program) == ["adjoint.testing.comparing", "True", "Var", "inv", "True", "False"]


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'adjoint' has no attribute 'gradd'") as caught:
        adjoint.gradd
    assert (caught.value.name, caught.value.obj) == ("gradd", adjoint)  # from which Python says: did you mean 'grad'?
    for name in ("__path_of__", "_private", "__wrapped__"):
        assert not hasattr(adjoint, name) and not hasattr(adjoint.show, name)


def test_a_module_that_fails_says_what_it_misses():
    program = """
        import sys
        sys.modules["gast"] = None
        import adjoint
        try:
            adjoint.grad
        except ModuleNotFoundError as error:
            print(error.name)
    """
    assert run(program) == ["gast"]


def test_dir_help_and_doctest_know_the_public_names():
    names = run("import adjoint; print(*dir(adjoint))")
    assert set(adjoint.__all__) <= set(names)
    text = " ".join(run("import adjoint; help(adjoint)"))
    assert "value_and_grad(" in text and "sparse_hessian(" in text and "The gradient of `fun`" in text
    assert [t.name for t in doctest.DocTestFinder().find(adjoint) if t.examples] == ["adjoint"]
    assert inspect.ismodule(adjoint.rules)


def test_what_is_pickled_is_found_by_a_process_that_has_imported_nothing():
    data = pickle.dumps((adjoint.grad, adjoint.table, adjoint.Unsupported, adjoint.Jacobian))
    program = """
        import pickle, sys
        print(*(found.__name__ for found in pickle.loads(bytes.fromhex(sys.argv[1]))))
    """
    assert run(program, data.hex()) == ["grad", "table", "Unsupported", "Jacobian"]


# ── rules, which are read when the first gradient is built ──────────────────────────────────────────────────────────────────


def write(path, text):
    path.write_text(textwrap.dedent(text))


def test_a_rule_of_the_user_given_before_ours_are_read_counts(tmp_path):
    write(tmp_path / "f.py", """
        import numpy as np, adjoint
        adjoint.elementwise(np.sin, lambda z, x: 7.0)
        @adjoint.vjp_rule(np.cumsum)
        def cumsum_vjp(g, z, a, axis=None, dtype=None, out=None):
            return 5.0 * g, None, None, None
        adjoint.constant(np.cos, why="said so")
        def f(x):
            return np.sin(x) + np.cos(x) + np.exp(0.0 * x) + np.cumsum(x * np.ones(1))[0]
        print(adjoint.grad(f)(1.0))
    """)
    assert run("import sys; sys.path.insert(0, sys.argv[1]); import f", str(tmp_path)) == ["12.0"]


def test_a_rule_of_the_user_counts_whatever_the_file_is_called():
    text = """
        import linecache, numpy as np, adjoint
        program = "adjoint.elementwise(np.sin, lambda z, x: 7.0)\\ndef f(x):\\n    return np.sin(x)\\n"
        linecache.cache["rules/mine.py"] = (len(program), None, program.splitlines(True), "rules/mine.py")
        exec(compile(program, "rules/mine.py", "exec"))
        print(adjoint.grad(f)(0.0), adjoint.rules.registry.lookup(np.sin).where.startswith("rules/ufuncs.py"))
        from adjoint.rules.registry import SAID
        print(SAID[0])
    """
    assert run(text) == ["7.0", "True", "1"]


def test_many_threads_may_build_the_first_gradient(tmp_path):
    write(tmp_path / "f.py", """
        import threading, numpy as np, adjoint
        def f(x):
            return np.sum(np.tanh(x) @ np.linalg.inv(x))
        def g(x):
            return np.sum(np.sort(np.fft.irfft(np.fft.rfft(x[0]))))
        start, found = threading.Barrier(16), []
        def work(k):
            fun = (f, g)[k % 2]
            start.wait()
            found.append((k % 2, adjoint.grad(fun)(np.eye(4) + 0.5).tobytes()))
        threads = [threading.Thread(target=work, args=(k,)) for k in range(16)]
        for t in threads: t.start()
        for t in threads: t.join()
        print(len(found), len(set(found)))
    """)
    assert run("import sys; sys.path.insert(0, sys.argv[1]); sys.setswitchinterval(1e-5); import f", str(tmp_path)) == ["16", "2"]


def test_rules_are_read_again_where_that_was_interrupted(tmp_path):
    write(tmp_path / "f.py", """
        import importlib, numpy as np, adjoint
        from adjoint.rules import registry
        def f(x):
            return np.sin(x) + np.sum(np.linalg.inv(x * np.eye(1)))
        read = importlib.import_module
        def interrupted(name, *args):
            if name.endswith("linalg"):
                raise KeyboardInterrupt
            return read(name, *args)
        importlib.import_module = interrupted
        try:
            adjoint.grad(f)(1.0)
        except KeyboardInterrupt:
            print("interrupted")
        importlib.import_module = read
        print(round(float(adjoint.grad(f)(1.0)), 6))
    """)
    assert run("import sys; sys.path.insert(0, sys.argv[1]); import f", str(tmp_path)) == ["interrupted", "-0.459698"]


def test_what_adjoint_supports_is_known_before_any_gradient():
    program = """
        from adjoint.supported import entries, entry
        print(entry("numpy.add.reduce").how == "vjp, jvp", sum(e.name == "numpy.add.reduce" for e in entries()))
    """
    assert run(program) == ["True", "1"]


def test_what_a_rule_needs_is_there_whatever_was_imported_first(tmp_path):
    """The rule of `brentq` differentiates the function that it is passed."""
    pytest.importorskip("scipy")
    write(tmp_path / "f.py", """
        from scipy.optimize import brentq
        from adjoint import vjp
        def f(a):
            return brentq(lambda x: x * x - a, 0.0, 10.0)
        print(round(vjp(f, 4.0)[1](1.0)[0], 6))
    """)
    assert run("import sys; sys.path.insert(0, sys.argv[1]); import f", str(tmp_path)) == ["0.25"]
