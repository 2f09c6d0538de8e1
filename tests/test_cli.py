"""The `adjoint` command: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from adjoint import cli
from adjoint.cli import show

MODEL = '''\
"""A user's file."""

from math import sin

import numpy as np

from adjoint import grad

print("loading")


def f(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


@grad(wrt=("x1", "x2"))
def decorated(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


def power(x, *, n=2):
    return x * x * n


def energy(x):
    return np.sum(x * x)


def text(x):
    return "text"


def divides(x):
    return x / (x - x)


def jump(x):
    return x + np.floor(1e9 * x)


class Model:
    def loss(self, w, b=1.0):
        return w * 2.0 + b

    def twice(self, w):
        return np.sum(w * w) * 2.0

    @property
    def size(self):
        return 2


class Scaled:
    def __init__(self, scale):
        self.scale = scale

    def loss(self, w):
        return w * 3.0


scaled = Scaled(3.0)
answer = 42

if __name__ == "__main__":
    raise SystemExit("ran as a script")
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def run(here, capsys):
    def run(*args: str) -> tuple[int, str, str]:
        path = sys.path[:]
        code = cli.main(args)
        assert sys.path == path
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


# --- show ---------------------------------------------------------------------------------------


def test_show_prints_python_and_nothing_else(run):
    code, out, err = run("show", "model.py:f", "--wrt", "x1,x2")
    assert code == 0
    assert "def f_grad(x1, x2" in out
    compile(out, "out", "exec")
    assert "loading" in err  # what the file prints is not mixed with the code


def test_show_textbook_form(run):
    code, out, _ = run("show", "model.py:f", "--wrt", "x1,x2", "--no-optimize")
    assert code == 0
    for statement in ("w4 = sin(w1)", "w5_bar = z_bar", "return w1_bar, w2_bar"):
        assert statement in out


@pytest.mark.parametrize("stage", show.STAGES)
def test_show_every_stage(run, stage):
    code, out, _ = run("show", "model.py:f", "--stage", stage)
    assert code == 0
    assert "x1" in out


def test_show_takes_wrt_from_the_decorator(run):
    both, one = run("show", "model.py:decorated")[1], run("show", "model.py:decorated", "--wrt", "x1")[1]
    assert both == run("show", "model.py:f", "--wrt", "x1,x2")[1].replace("f_grad", "decorated_grad")
    assert one == run("show", "model.py:f", "--wrt", "x1")[1].replace("f_grad", "decorated_grad")
    assert one != both


def test_show_at_values(run):
    code, out, _ = run("show", "model.py:energy", "--at", "x=np.ones(3)")
    assert code == 0
    assert "def energy_grad(x" in out


@pytest.mark.parametrize("wrt", ["0", "x1", "x1,", "0,1"])
def test_show_wrt_by_index_and_name(run, wrt):
    assert run("show", "model.py:f", "--wrt", wrt)[0] == 0


def test_show_at_keyword_only(run):
    code, out, _ = run("show", "model.py:power", "--at", "x=2.0", "--at", "n=3")
    assert code == 0
    assert "def power_grad(x, *, n" in out


def test_show_lambda(run):
    code, out, _ = run("show", "-c", "lambda x: sin(x) * np.cos(x)")
    assert code == 0
    assert "cos(x)" in out


# --- colours ------------------------------------------------------------------------------------


def test_colours_only_when_asked_for_or_on_a_terminal(run, monkeypatch):
    assert "\x1b[" not in run("show", "model.py:f")[1]
    always = run("show", "model.py:f", "--color", "always")[1]
    assert "\x1b[" in always
    assert re.sub(r"\x1b\[[0-9;]*m", "", always) == run("show", "model.py:f")[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[" in run("show", "model.py:f")[1]
    assert "\x1b[" not in run("show", "model.py:f", "--color", "never")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("show", "model.py:f")[1]


# --- check --------------------------------------------------------------------------------------


def test_check_prints_both_gradients(run):
    code, out, _ = run("check", "model.py:f", "--at", "x1=2.0", "--at", "x2=3.0")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "value 6.909297426825682"
    assert lines[3].split()[:2] == ["x1", "2.5838531634528574"]
    assert lines[3].endswith("ok")
    assert lines[4].split()[:2] == ["x2", "2.0"]
    assert lines[-1] == "ok: no difference above 1e-06"


def test_check_finds_a_wrong_gradient(run):
    code, out, _ = run("check", "model.py:jump", "--at", "x=0.3")
    assert code == 1
    assert "failed" in out.splitlines()[3]
    assert out.splitlines()[-1].startswith("failed: x by more than")


def test_check_rtol(run):
    assert run("check", "model.py:jump", "--at", "x=0.3", "--rtol", "2")[0] == 0


@pytest.mark.parametrize(
    ("target", "at"),
    [
        ("model.py:decorated", ["x1=2.0", "x2=3.0"]),
        ("./model.py:f", ["x1=2.0", "x2=-3.0"]),
        ("model:f", ["x1=2.0", "x2=3.0"]),
        ("model.py:power", ["x=2.0", "n=3"]),
        ("model.py:power", ["x=2.0"]),
        ("model.py:energy", ["x=np.linspace(0, 1, 5)"]),
        ("model.py:energy", ["x=np.ones(2, np.float32)"]),
        ("model.py:energy", ["x=np.eye(2) * np.pi"]),
        ("model.py:Model.loss", ["w=1.0"]),
        ("model.py:scaled.loss", ["w=1.0"]),
        ("math:hypot", []),
    ],
)
def test_check_targets_and_values(run, target, at):
    code, out, err = run("check", target, *[part for value in at for part in ("--at", value)])
    assert (code, out.splitlines()[-1][:3] if out else err) == ((0, "ok:") if at else (2, err))


def test_check_lists_of_floats(run):
    code, out, _ = run("check", "-c", "lambda x: x[0] * x[1]", "--at", "x=[2.0, 3.0]")
    assert (code, out.splitlines()[3].split()[:3]) == (0, ["x", "[3,", "2]"])


def test_a_file_on_stdin(run, monkeypatch):
    for text, expected in ((MODEL, "x2"), ("def f(x): return x * 3.0", "3.0")):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        code, out, _ = run("show", "-:f")
        assert (code, expected in out) == (0, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("x = ("))
    assert "<stdin>:1: SyntaxError" in run("show", "-:f")[2]


def test_check_wrt(run):
    out = run("check", "model.py:f", "--wrt", "x2", "--at", "x1=2.0", "--at", "x2=3")[1] or "x2"
    assert "x1" not in out


# --- export -------------------------------------------------------------------------------------


def test_export_to_a_file_and_to_stdout(run, here):
    words = ("export", "model.py:energy", "--check", "--at", "x=np.ones(3)")
    assert run(*words, "-o", "grad_energy.py")[:2] == (0, "")
    text = (here / "grad_energy.py").read_text(encoding="utf-8")
    assert run(*words)[1] == text
    assert "(model.py, line " in text
    assert str(here) not in text
    script = "import sys, runpy; sys.modules['adjoint'] = None; runpy.run_path('grad_energy.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "ok")


def test_export_as_decorated(run):
    assert "return w1_bar, w2_bar" in run("export", "model.py:decorated", "--no-optimize")[1]
    assert "by `x2`" in run("export", "model.py:decorated", "--wrt", "x2")[1]
    assert "return " in run("export", "-c", "lambda x: x * x", "--value")[1]


def test_export_for_numba(run):
    pytest.importorskip("numba", exc_type=ImportError)
    assert "\n@njit(cache=True)\n" in run("export", "model.py:decorated", "--numba")[1]


# --- table, graph -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "said"),
    [("text", "w1: 3, w2: 2"), ("markdown", "| w3 | w1 * w2 |"), ("latex", "$w_{1}$ * $w_{2}$ &"), ("html", "<td>w1 * w2</td>"),
     ("rich", "w1 * w2")],
)
def test_table_in_every_form(run, form, said):
    if form == "rich":
        pytest.importorskip("rich")
    code, out, _ = run("table", "model.py:decorated", "--at", "x1=2.0", "--at", "x2=3.0", "--format", form)
    assert code == 0
    assert said in out


@pytest.mark.parametrize("command", ["table", "graph", "report"])
def test_seed_of_an_array(run, command):
    words = (command, "-c", "lambda x: x * x", "--at", "x=np.arange(2.0)")
    assert run(*words, "--seed", "np.ones(2)")[1] == run(*words, "--seed", "[1.0, 1.0]")[1] != ""
    assert "--seed np.ones(: this is not a Python expression" in run(*words, "--seed", "np.ones(")[2]
    assert "The seed does not fit the result" in run(*words, "--seed", "np.ones(3)")[2]
    assert "returns an array of shape (2,)" in run(*words)[2]


def test_graph_to_a_file_and_to_stdout(run, here):
    words = ("graph", "model.py:f", "--at", "x1=2.0", "--at", "x2=3.0", "--highlight", "w1")
    assert run(*words, "-o", "f.svg")[:2] == (0, "")
    assert (here / "f.svg").read_text(encoding="utf-8") == run(*words)[1]
    assert '"w1" -> "w4" [label="-0.416147", style=bold]' in run(*words, "--format", "dot")[1]


def test_report(run, here):
    words = ("report", "model.py:f", "--at", "x1=2.0", "--at", "x2=3.0")
    assert run(*words, "-o", "f.html")[:2] == (0, "")
    assert (here / "f.html").read_text(encoding="utf-8") == run(*words)[1]


# --- every way to name a function, in every command ------------------------------------------------

STDIN = "from math import sin\n\ndef only(w):\n    return w * sin(w)\n"
COMMANDS_OF_A_FUNCTION = {
    "show": "def ", "check": "ok: no difference", "export": "def ", "table": "cotangent", "graph": "<svg ",
    "report": "<!doctype html>",
}


@pytest.mark.parametrize("command", COMMANDS_OF_A_FUNCTION)
@pytest.mark.parametrize(
    "target", [["model.py:Model.twice"], ["model:Model.twice"], ["-c", "lambda w: w * sin(w)"], ["-"], ["-:only"], ["only.py"]]
)
def test_targets_of_every_command(run, here, monkeypatch, command, target):
    (here / "only.py").write_text(STDIN)
    monkeypatch.setattr("sys.stdin", io.StringIO(STDIN))
    code, out, err = run(command, *target, "--at", "w=2.0")
    assert code == 0, err
    assert COMMANDS_OF_A_FUNCTION[command] in out


@pytest.mark.parametrize("command", COMMANDS_OF_A_FUNCTION)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.py:nothing", "--at", "x=1.0"], "model.py has no 'nothing'"),
        (["model.py:energy", "--at", "x"], "write --at NAME=VALUE"),
        (["model.py:energy", "--at", "x='a'"], ""),
        (["model.py:divides", "--at", "x=np.zeros(2)", "--wrt", "y"], "y"),
        (["model.py:energy", "--zzz"], "unrecognized arguments: --zzz"),
        (["-"], "-: name a function too, as in -:f"),
    ],
)
def test_mistakes_in_every_command(run, monkeypatch, command, words, said):
    monkeypatch.setattr("sys.stdin", io.StringIO("x = 1\n"))
    code, out, err = run(command, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.strip()


@pytest.mark.parametrize("command", ["export", "table", "graph", "report"])
def test_output_goes_to_a_file_or_to_stdout(run, here, command):
    words = (command, "model.py:energy", "--at", "x=np.ones(2)")
    printed = run(*words)[1]
    assert run(*words, "-o", "-")[1] == printed
    assert run(*words, "-o", "out")[:2] == (0, "")
    assert (here / "out").read_text(encoding="utf-8") == printed
    assert run(*words, "-o", "no/out")[2].endswith("adjoint: no/out: No such file or directory\n")


# --- demo, completion -------------------------------------------------------------------------------


def test_demo_runs_every_command_that_it_names(run, here):
    code, out, err = run("demo", "-o", "tour.html")
    assert (code, err) == (0, "")
    shown = [line.removeprefix("$ adjoint ") for line in out.splitlines() if line.startswith("$ adjoint ")]
    assert [line.split()[0] for line in shown] == ["show", "table", "show", "show", "show", "check", "report"]
    for line in shown:
        assert run(*shlex.split(line))[1] in out
    assert (here / "tour.html").read_text(encoding="utf-8").startswith("<!doctype html>")


# a shell asks a new process each time; these are forks of one that has imported everything
ASKED = """
import os, sys
from adjoint.cli import main
for k, line in enumerate(sys.argv[1:]):
    if os.fork() == 0:
        os.environ |= {"COMP_LINE": line, "COMP_POINT": str(len(line.encode())), "_ARGCOMPLETE_STDOUT_FILENAME": f"answer{k}"}
        main()
    assert os.wait()[1] == 0
"""


def completions(lines, shell="bash"):
    """What the program answers to a shell that asks how to go on from each of these lines."""
    pytest.importorskip("argcomplete")
    asks = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": shell, "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}
    env = os.environ | asks | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", ASKED, *lines], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [Path(f"answer{k}").read_text().split("\n") for k in range(len(lines))]


def test_completion_of_commands_files_and_functions(here):
    (here / "sub").mkdir()
    (here / ".hidden").mkdir()
    wanted = {
        "adjoint re": ["report"],
        "adjoint show m": ["model.py:"],
        "adjoint check ": ["model.py:", "sub/"],
        "adjoint show model.py:de": ["model.py:decorated"],
        "adjoint show model.py:Mod": ["model.py:Model.loss", "model.py:Model.twice"],  # and no property
        "adjoint table model.py:f --form": ["--format"],
        "adjoint table model.py:f --format la": ["latex"],
        "adjoint completion f": ["fish"],
    }
    assert dict(zip(wanted, map(sorted, completions(list(wanted))), strict=True)) == wanted
    assert completions(["adjoint show model.py:Mod"], "fish") == [["model.py:Model.loss", "model.py:Model.twice"]]


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_completion_in_fish(run, here):
    pytest.importorskip("argcomplete")
    (here / "adjoint").write_text(f'#!/bin/sh\nexec {sys.executable} -m adjoint "$@"\n')
    (here / "adjoint").chmod(0o755)
    typed = run("completion", "fish")[1] + "\ncomplete -C 'adjoint show model.py:de'\n"
    env = os.environ | {"PATH": f"{here}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(here)}
    done = subprocess.run(["fish", "-c", typed], capture_output=True, text=True, env=env, check=True)
    assert done.stdout == "model.py:decorated\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_completion_in_bash(run, here):
    pytest.importorskip("argcomplete")
    (here / "adjoint").write_text(f'#!/bin/bash\nexec {sys.executable} -m adjoint "$@"\n')
    (here / "adjoint").chmod(0o755)
    code, script, _ = run("completion", "bash")
    assert code == 0
    asks = "COMP_LINE='adjoint sho' COMP_POINT=11 COMP_TYPE=9 COMP_CWORD=1 COMP_WORDS=(adjoint sho)"
    typed = f"{script}\n{asks}\n_python_argcomplete adjoint\necho \"[${{COMPREPLY[*]}}]\"; complete -p adjoint"
    env = os.environ | {"PATH": f"{here}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, env=env, check=False)
    assert done.stdout.splitlines()[0].startswith("[show")
    assert "-F _python_argcomplete adjoint" in done.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_of_other_shells(run, shell):
    pytest.importorskip("argcomplete")
    code, out, _ = run("completion", shell)
    assert (code, "adjoint" in out) == (0, True)
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=out, text=True, check=True)


def test_completion_without_argcomplete(run, monkeypatch):
    for name in ("argcomplete", "argcomplete.shell_integration"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install 'adjoint[completion]'" in run("completion", "bash")[2]


# --- files are imported as Python would --------------------------------------------------------


def test_file_in_a_package(run, here):
    (here / "pkg" / "sub").mkdir(parents=True)
    for folder in ("pkg", "pkg/sub"):
        (here / folder / "__init__.py").touch()
    (here / "pkg" / "scale.py").write_text("SCALE = 2.0\n")
    (here / "pkg" / "sub" / "m.py").write_text("from ..scale import SCALE\n\ndef g(x):\n    return x * SCALE\n")
    assert run("check", "pkg/sub/m.py:g", "--at", "x=1.0")[0] == 0
    assert run("check", "pkg.sub.m:g", "--at", "x=1.0")[0] == 0


def test_file_imports_its_neighbour(run, here):
    (here / "lib").mkdir()
    (here / "lib" / "neighbour_of_m.py").write_text("SCALE = 2.0\n")
    (here / "lib" / "m.py").write_text("from neighbour_of_m import SCALE\n\ndef g(x):\n    return x * SCALE\n")
    assert run("check", "lib/m.py:g", "--at", "x=1.0")[0] == 0


def test_file_named_as_a_standard_module(run, here):
    import json

    (here / "json.py").write_text("def g(x):\n    return x * 2.0\n")
    assert run("check", "json.py:g", "--at", "x=1.0")[0] == 0
    assert sys.modules["json"] is json


# --- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["show", "nothing.py:f"], "nothing.py: no such file"),
        (["show", "model.py"], "model.py: name a function too, as in model.py:f; it defines f, decorated, power"),
        (["show", "no_such_module:f"], "no_such_module: no module of this name"),
        (["show", "no_such.module:f"], "no_such.module: no module of this name"),
        (["show", "model.py:decorate"], "model.py has no 'decorate'; did you mean decorated?"),
        (["show", "model.py:zzz"], "model.py has no 'zzz'; it defines f"),
        (["show", "model.py:zzz"], "Model.loss"),
        (["show", "model.py:Model.zzz"], "Model has no 'zzz'; it defines loss and twice"),
        (["show", "model.py:Model"], "Model is not a function but a class; name one of its methods: Model.loss and Model.twice"),
        (["show", "model.py:scaled"], "scaled is not a function but a value of type Scaled; name one of its methods: scaled.loss"),
        (["show", "model.py:Model.los"], "Model has no 'los'; did you mean loss?"),
        (["show", "model.py:answer"], "answer is not a function but a value of type int"),
        (["show", "model.py:Scaled.loss"], "name model.py:model.loss"),
        (["show"], "give one target"),
        (["show", "model.py:f", "-c", "lambda x: x"], "give one target"),
        (["show", "-c", "lambda x: ("], "SyntaxError"),
        (["show", "-c", "zzz"], "NameError"),
        (["show", "model.py:f", "--wrt", "x9"], "x9"),
        (["show", "model.py:f", "--wrt", ","], "--wrt: name at least one argument"),
        (["show", "model.py:f", "--stage", "zzz"], "invalid choice"),
        (["export", "model.py:f", "-o", "nowhere/grad_f.py"], "nowhere/grad_f.py: No such file"),
        (["table", "model.py:f"], "f needs a value for x1 and x2: add --at x1=…"),
        (["table", "model.py:f", "--at", "x1=2.0", "--at", "x2=3.0", "--most", "1"], "--most: at least 3"),
        (["graph", "model.py:f", "--at", "x1=2.0", "--at", "x2=3.0", "--highlight", "w9"], "There is no step `w9`"),
        (["check", "model.py:f"], "f needs a value for x1 and x2: add --at x1=…"),
        (["check", "model.py:f", "--at", "x1"], "write --at NAME=VALUE"),
        (["check", "model.py:f", "--at", "x9=1.0"], "f has no argument 'x9'; it has x1 and x2"),
        (["check", "model.py:f", "--at", "x1=zzz"], "only literals and np are known here"),
        (["check", "model.py:f", "--at", "x1=open('/etc/passwd')"], "only literals and np are known here"),
        (["check", "model.py:f", "--at", "x1=1 +"], "this is not a Python expression"),
        (["check", "model.py:f", "--at", "x1=np.zzz"], "AttributeError"),
        (["check", "model.py:f", "--at", "x1=1", "--at", "x2=2"], "write --at x1=2.0"),
        (["check", "model.py:f", "--at", "x1=1.0", "--at", "x2=2.0", "--wrt", "x9"], "f has no such argument"),
        (["check", "model.py:divides", "--at", "x=1.0"], "ZeroDivisionError"),
        (["check", "model.py:divides", "--at", "x=1.0"], "in divides: x / (x - x)"),
        (["table", "model.py:divides", "--at", "x=1.0"], "in divides: x / (x - x)"),
        (["check", "model.py:text", "--at", "x=1.0"], ""),
        ([], "COMMAND"),
        (["zzz"], "invalid choice"),
    ],
)
def test_mistakes(run, args, message):
    code, out, err = run(*args)
    assert code == 2
    assert out == ""
    assert message in err


def test_mistake_in_the_file(run, here):
    (here / "broken.py").write_text("x = 1\ny = (\n")
    (here / "raises.py").write_text("x = 1\ny = 1 / 0\n")
    (here / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    assert "broken.py:2: SyntaxError" in run("show", "broken.py:f")[2]
    assert "raises.py:2: ZeroDivisionError: division by zero\n    y = 1 / 0" in run("show", "raises.py:f")[2]
    assert run("show", "leaves.py:f")[0] == 2


def test_internal_errors_have_no_traceback_either(run, monkeypatch):
    monkeypatch.setattr(show, "find", lambda *_: 1 / 0)
    code, _, err = run("show", "model.py:f")
    assert code == 2
    assert err.startswith(
        "adjoint: internal error, please report it: ZeroDivisionError: division by zero (test_cli.py:"
    )


# --- the program --------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [["--help"], *([name, "--help"] for name in cli.COMMANDS)])
def test_help_has_examples(run, args):
    code, out, _ = run(*args)
    assert code == 0
    assert "examples:\n  adjoint " in out


def test_version(run):
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith("adjoint ")


ROOT = Path(cli.__file__).parent.parent.parent


def program(*args: str, env: Mapping[str, str] | None = None, **options: object) -> subprocess.Popen:
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | (env or {})
    return subprocess.Popen([sys.executable, "-m", "adjoint", *args], env=env, stderr=subprocess.PIPE, **options)


def test_as_a_program(here):
    process = program("check", "model.py:f", "--at", "x1=2.0", "--at", "x2=3.0", stdout=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"loading\n")
    assert out.startswith(b"value 6.9092")


@pytest.mark.skipif(os.name != "posix", reason="pipes end otherwise elsewhere")
def test_broken_pipe(here):
    reader, writer = os.pipe()
    os.close(reader)
    process = program("show", "model.py:f", stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (cli.BROKEN_PIPE, b"loading\n")
