"""Generated code is real code: it has lines, a place in tracebacks, debuggers and profilers, and stands alone."""

from __future__ import annotations

import ast
import cProfile
import inspect
import linecache
import math
import os
import pstats
import subprocess
import sys
import textwrap
import traceback
from pathlib import Path

import numpy as np
import pytest

from adjoint import grad, source, value_and_grad

ROOT = Path(__file__).resolve().parents[2]


def run(script, *, stdin=None, exe=sys.executable, name="script.py", where, env=None, options=()):
    path = where / name
    path.write_text(textwrap.dedent(script))
    return subprocess.run(
        [str(exe), *options, str(path)], input=stdin, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}, cwd=where,
    )


def loop(x, n):
    total = 0.0
    for k in range(n):
        if x > 100.0:
            raise OverflowError(f"too large after {k}: {x}")
        x = x * x + math.sin(x)
        total = total + x / (k + 1)
    return total


def reads(x):
    return np.log(x["a"]) * np.sum(x["b"])


@pytest.mark.parametrize("optimize", [True, False])
def test_source_is_shown_everywhere(optimize):
    gradient = grad(loop, optimize=optimize)
    gradient(1.0, 3)
    made = gradient.compiled_for(1.0, 3)
    text = gradient.source
    assert inspect.getsource(made) in text
    assert inspect.getsource(gradient) == inspect.getsource(made)
    assert "".join(inspect.findsource(made)[0]) == text
    assert inspect.getsource(made).startswith("def loop_grad(x, n")
    assert text == source(gradient, 1.0, 3)
    assert text.endswith("\n")
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert compile(text, "<again>", "exec").co_consts is not None


def test_names_of_the_code():
    made = grad(loop).compiled_for(1.0, 3)
    other = grad(loop).compiled_for(np.float32(1.0), 3)
    again = grad(loop).compiled_for(2.0, 5)
    code = made.__code__
    assert (made.__name__, made.__qualname__, code.co_name) == ("loop_grad",) * 3
    assert code.co_filename.startswith("<adjoint loop_grad ")
    assert code.co_filename == again.__code__.co_filename  # the same text
    assert code.co_filename != other.__code__.co_filename
    linecache.checkcache()
    assert linecache.getline(code.co_filename, code.co_firstlineno).startswith("def loop_grad")


# --- tracebacks -----------------------------------------------------------------------------------


def divides(x):
    y = x - 1.0
    return x / y


def takes_root(x):
    return math.sqrt(x) * x


def looks_up(x):
    table = {"a": 1.0}
    key = "b" if x > 1.0 else "a"
    return table[key] * x


def indexes(xs, i):
    return xs[i] * xs[0]


def raises(x):
    if x > 1.0:
        raise ValueError(f"not {x}") from KeyError("cause")
    return x


def asserts(x):
    assert x < 1.0, "small, please"
    return x * x


def multiplies(a, b):
    return np.sum(a @ b)


FAILING = [
    (divides, (1.0,)), (takes_root, (-1.0,)), (loop, (50.0, 3)), (indexes, ([1.0, 2.0], 5)), (indexes, (np.ones(2), 5)),
    (raises, (2.0,)), (asserts, (2.0,)), (multiplies, (np.ones((2, 3)), np.ones((2, 3)))),
]


@pytest.mark.parametrize(("fun", "args"), FAILING, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.parametrize("optimize", [True, False])
def test_errors_of_the_primal(fun, args, optimize):
    with pytest.raises(Exception) as of_primal:
        fun(*args)
    for make in (grad, value_and_grad):
        gradient = make(fun, optimize=optimize)
        with pytest.raises(type(of_primal.value)) as caught:
            gradient(*args)
        assert type(caught.value) is type(of_primal.value)
        assert str(caught.value).split("\n")[0] == str(of_primal.value).split("\n")[0]
        assert type(caught.value.__cause__) is type(of_primal.value.__cause__)
        frame = traceback.extract_tb(caught.value.__traceback__)[-1]
        assert frame.name == fun.__name__ + "_grad"
        assert frame.line
        assert frame.line in gradient.source_for(*args)
        text = "".join(traceback.format_exception(caught.value))
        assert f'File "<adjoint {fun.__name__}_grad ' in text
        assert "    " + frame.line in text


def test_traceback_of_a_program(tmp_path):
    done = run(
        """
        from adjoint import grad

        @grad
        def f(x):
            y = x - 1.0
            return x / y

        f(1.0)
        """,
        where=tmp_path,
    )
    lines = done.stderr.splitlines()
    place = next(k for k, line in enumerate(lines) if '"<adjoint f_grad' in line)
    assert "/ y" in lines[place + 1]
    at = lines.index("ZeroDivisionError: float division by zero")
    notes = lines[at + 1 :]
    assert notes[0].startswith("generated line 5: ")
    assert [note[note.index("line ") :] for note in notes[1:]] == ["line 7, in f: x / y", "line 6, in f: x - 1.0"]


# --- debuggers and profilers ----------------------------------------------------------------------


def test_pdb_in_a_process(tmp_path):
    script = """
        from adjoint import grad

        def f(x, y):
            z = x * y
            for k in range(2):
                z = z * z
            return z + x

        import pdb
        g = grad(f, optimize=False)
        print("got", pdb.runcall(g.compiled_for(2.0, 3.0), 2.0, 3.0))
        """
    stdin = "step\nstep\nnext\nlist\nuntil\nwhere\ncontinue\n"
    done = run(script, stdin=stdin, where=tmp_path)
    assert "<adjoint f_grad" in done.stdout, done.stdout + done.stderr
    assert "->" in done.stdout
    assert "  1  \tdef f_grad(x, y, " in done.stdout
    assert "# forward sweep" in done.stdout
    assert "got" in done.stdout


def test_post_mortem(tmp_path):
    script = """
        import pdb, sys
        from adjoint import grad

        @grad
        def f(x):
            y = x - 1.0
            return x / y

        try:
            f(1.0)
        except ZeroDivisionError:
            pdb.post_mortem(sys.exc_info()[2])
        """
    done = run(script, stdin="p x, y\nlist\nup\nquit\n", where=tmp_path)
    assert "(1.0, 0.0)" in done.stdout, done.stdout + done.stderr
    assert "y = x - 1.0" in done.stdout


def test_breakpoint_in_generated_code(tmp_path):
    """A break point by file name and line."""
    script = """
        import bdb, sys
        from adjoint import grad

        g = grad(lambda x: x * x * x)
        made = g.compiled_for(2.0)

        class Debugger(bdb.Bdb):
            def user_line(self, frame):
                if self.break_here(frame):
                    print("at", frame.f_lineno, sorted(frame.f_locals))
                self.set_continue()

        debugger = Debugger()
        debugger.reset()
        line = min(line for _, _, line in made.__code__.co_lines() if line and line > made.__code__.co_firstlineno)
        print(debugger.set_break(made.__code__.co_filename, line))
        print(debugger.runcall(g, 2.0))
        """
    done = run(script, where=tmp_path)
    assert done.stdout.splitlines() == ["None", f"at {done.stdout.split()[2]} ['x']", "12.0"], done.stdout + done.stderr


def test_profilers():
    first, second = grad(loop), grad(lambda x: x * x)
    profile = cProfile.Profile()
    first(1.0, 3)
    second(1.0)
    profile.enable()
    for _ in range(3):
        first(1.0, 3)
    second(1.0)
    profile.disable()
    stats = pstats.Stats(profile).stats
    counts = {(file, name): row[0] for (file, _, name), row in stats.items() if file.startswith("<adjoint ")}
    assert {name: n for (_, name), n in counts.items()} == {"loop_grad": 3, "f_grad": 1}
    assert len({file for file, _ in counts}) == 2


def test_tracing():
    made = grad(loop).compiled_for(1.0, 2)
    seen = []

    def trace(frame, event, arg):
        if frame.f_code is made.__code__ and event == "line":
            seen.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip())
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        made(1.0, 2)
    finally:
        sys.settrace(old)
    assert seen
    assert all(seen)


# --- standing alone -------------------------------------------------------------------------------


def cumulative(xs, w):
    total = 0.0
    for k, x in enumerate(xs):
        total = total + np.tanh(x * w[k]) ** 2
    return total


def scans(x, flag=True, *, scale=2.0):
    ys = []
    for k in range(3):
        x = x * scale if flag else x / scale
        ys.append(np.exp(-x))
    return sum(ys)


ALONE = [
    (loop, (1.0, 3)), (reads, ({"a": 2.0, "b": np.arange(3.0)},)), (cumulative, (np.arange(3.0), np.ones(3))),
    (scans, (0.1,)), (lambda x: np.sum(np.linalg.inv(x) @ x.T), (np.array([[2.0, 1.0], [0.0, 3.0]]),)),
    (lambda x: np.max(x) * np.prod(x[1:]) + np.sum(np.where(x > 1.0, x, 0.0)), (np.arange(4.0),)),
    (lambda x: np.sum(np.concatenate([x, x[::-1]]).reshape(2, -1).T @ np.ones(2)), (np.arange(4.0),)),
]


@pytest.mark.parametrize(("fun", "args"), ALONE)
@pytest.mark.parametrize("optimize", [True, False])
def test_source_stands_alone(fun, args, optimize):
    gradient = value_and_grad(fun, optimize=optimize)
    want = gradient(*args)
    text = gradient.source
    assert "# given:" not in text
    space = {"__name__": "alone"}
    exec(compile(text, "<alone>", "exec"), space)
    got = space[gradient.compiled_for(*args).__name__](*args)
    np.testing.assert_equal(got, want)
    tree = ast.parse(text)
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    imported = {a.asname or a.name.split(".")[0] for n in imports for a in n.names}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert imported <= used, "an import that nothing reads"


def test_what_is_handed_over_is_named():
    rate = 2.0

    class Scale:
        by = 3.0

    scale = Scale()
    text = grad(lambda x: x * rate * scale.by).source
    assert text.splitlines()[0].startswith("# given: ")


# --- the same text everywhere ---------------------------------------------------------------------


PRINTS = """
    import math
    import numpy as np
    from adjoint import grad, source, value_and_grad

    def f(params, x, n, mode="a", *, reg=0.5):
        h = x
        for k in range(n):
            h = np.tanh(h @ params["W"] + params["b"])
            if mode in {"a", "b", "c", "d"}:
                h = h * math.sqrt(reg)
            else:
                h = h + 1.0
        loss = np.mean((h - 1.0) ** 2)
        for name in ("W", "b"):
            loss = loss + reg * np.sum(params[name] ** 2)
        return loss

    def g(x, y):
        z = 0.0
        while x < 10.0:
            x = x * y
            z = z + math.sin(x) / y
            if z > 5.0:
                break
        return z * x

    def h(xs):
        best = xs[0]
        for x in xs:
            if x > best:
                best = x * 2.0
        return best * sum(xs) + len(xs)

    args = ({"W": np.eye(3), "b": np.zeros(3)}, np.ones((4, 3)), 3)
    for optimize in (True, False):
        print(source(f, *args, optimize=optimize))
        print(value_and_grad(f, ("params", "reg"), optimize=optimize).source_for(*args))
        print(grad(g, (0, 1), optimize=optimize).source)
        print(grad(h, optimize=optimize).source_for([1.0, 2.0]))
        for stage in ("lowered", "reversed", "optimised"):
            print(source(g, 1.0, 2.0, stage=stage, optimize=optimize))
    """


def test_the_same_text_in_every_process(tmp_path):
    texts = {run(PRINTS, where=tmp_path, env={"PYTHONHASHSEED": seed}).stdout for seed in ("0", "1", "2")}
    assert len(texts) == 1
    assert "def f_grad" in texts.pop()


@pytest.mark.skipif("ADJOINT_PYTHONS" not in os.environ, reason="ADJOINT_PYTHONS names no other interpreters")
def test_the_same_text_in_every_python(tmp_path):
    """Interpreters, paths between colons, that have what we depend on."""
    here = run(PRINTS, where=tmp_path)
    for exe in os.environ["ADJOINT_PYTHONS"].split(":"):
        there = run(PRINTS, where=tmp_path, exe=exe)
        assert there.stdout == here.stdout, there.stderr
