"""Errors and NaNs in generated code name the generated line and the user's."""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import socket
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import adjoint
from adjoint import debug_nans, grad, keep_sources, value_and_grad
from adjoint.emit import files


def line_of(fun, text):
    lines, first = inspect.getsourcelines(fun)
    return first + next(k for k, line in enumerate(lines) if text in line)


def forward(x):
    a = x * 2.0
    b = np.log(a - 2.0)
    return b * x


def reverse(x, y):
    r = x * x + y * y
    s = np.sqrt(r)
    return s * 3.0


def loop(x, n):
    for k in range(n):
        x = x * x
    return x


def raises(x, y):
    z = x * 2.0
    return z / y


def caught(fun, *args):
    with debug_nans(), pytest.raises(FloatingPointError) as info:
        fun(*args)
    return str(info.value)


def test_the_first_statement_of_the_forward_sweep():
    gradient = value_and_grad(forward)
    said = caught(gradient, np.float64(0.5))
    source = gradient.source_for(np.float64(0.5)).splitlines()
    assert said.startswith("a NaN is made: ")
    line = int(re.search(r"generated line (\d+): (.*)", said).group(1))
    assert source[line - 1].split("  # ")[0].strip() == re.search(r"generated line (\d+): (.*)", said).group(2)
    assert "np.log" in source[line - 1]
    assert f'File "{__file__}", line {line_of(forward, "np.log")}, in forward' in said


def test_the_first_statement_of_the_reverse_sweep():
    """The value is fine, its gradient is not."""
    said = caught(grad(reverse, wrt=("x", "y")), np.float64(0.0), np.float64(0.0))
    assert said.startswith(("an infinity is made", "a NaN is made"))
    assert f'line {line_of(reverse, "np.sqrt")}, in reverse' in said
    assert re.search(r"^where \w+ = 0$", said, re.M)


def test_in_a_loop_and_in_an_array():
    said = caught(grad(loop), np.float64(1e30), 6)
    assert said.startswith("an infinity is made")
    assert f'line {line_of(loop, "x = x * x")}, in loop' in said
    assert caught(grad(lambda x: np.sum(np.log(x))), np.array([1.0, 0.0])).startswith("an infinity is made")


def test_what_comes_in_is_passed_on():
    with debug_nans():
        assert math.isnan(grad(lambda x: x * x)(math.nan))
        assert grad(lambda x, best: min(x, best))(2.0, math.inf) == 1.0
        assert grad(lambda x: max(-np.inf, x))(2.0) == 1.0


def test_it_leaves_no_trace():
    before = sys.gettrace()
    with debug_nans():
        assert grad(forward)(3.0) == pytest.approx(np.log(4.0) + 6.0 / 4.0)
    assert sys.gettrace() is before
    with np.errstate(all="ignore"):
        assert np.isnan(grad(forward)(np.float64(0.5)))


def test_an_error_says_both_lines():
    with pytest.raises(ZeroDivisionError) as info:
        grad(raises)(1.0, 0.0)
    (note,) = info.value.__notes__
    assert re.match(r"generated line \d+: .*/ y", note)
    assert f'File "{__file__}", line {line_of(raises, "z / y")}, in raises: z / y' in note


def test_an_error_of_the_primal_stays_what_it_is():
    def refuses(x):
        if x < 0:
            raise ValueError("negative")
        return x * x

    with pytest.raises(ValueError, match="negative") as info:
        grad(refuses)(-1.0)
    assert (str(info.value), info.value.args) == ("negative", ("negative",))


# --- generated source in files -------------------------------------------------------------------


def loop_of(x):
    for _ in range(3):
        x = x * x
    return x


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(files._Kept, "folder", None)  # and back afterwards
    return keep_sources(tmp_path / "sources")


def test_files_hold_what_runs(kept):
    gradient = grad(lambda x, y: x * y**2)
    run = gradient.compiled_for(2.0, 3.0)
    path = Path(run.__code__.co_filename)
    assert path.parent == kept
    assert path.read_text(encoding="utf-8") == gradient.source_for(2.0, 3.0)
    assert inspect.getsource(run) in path.read_text(encoding="utf-8")
    assert list(kept.iterdir()) == [path]


def test_the_same_text_has_the_same_file_and_no_other(kept):
    def made(fun, x=2.0):
        return Path(grad(fun).compiled_for(x).__code__.co_filename)

    first, again, other = made(loop_of), made(loop_of), made(loop_of, np.ones(()))
    assert first == again != other
    text = first.read_text(encoding="utf-8")
    first.write_text("x = 1\n", encoding="utf-8")
    assert made(loop_of) == first
    assert first.read_text(encoding="utf-8") == text


def test_nans_and_errors_name_lines_of_files_too(kept):
    assert caught(grad(forward), np.float64(0.5)).startswith("a NaN is made")
    with pytest.raises(ZeroDivisionError) as info:
        grad(raises)(1.0, 0.0)
    assert str(kept) in "".join(traceback.format_exception(info.value))
    assert info.value.__notes__[0].startswith("generated line ")


def test_a_folder_that_cannot_be_written_to(kept):
    kept.rmdir()
    kept.write_text("a file")
    with pytest.warns(RuntimeWarning, match="generated source is not kept"):
        run = grad(lambda x: x * x).compiled_for(2.0)
    assert run.__code__.co_filename.startswith("<adjoint f_grad ")
    assert run(2.0) == 4.0


PROGRAM = """
from adjoint import grad

@grad
def f(x):
    y = x * x
    return y / (x - 1.0)

print("gives", f(3.0))
f(1.0)
"""


def program(tmp_path, *command, **options):
    (tmp_path / "program.py").write_text(PROGRAM)
    env = os.environ | {"ADJOINT_SOURCES": str(tmp_path / "sources"), "PYTHONPATH": str(Path(adjoint.__file__).parent.parent)}
    command = [sys.executable, *command, str(tmp_path / "program.py")]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120, **options)


def test_breakpoints_in_pdb(tmp_path):
    """One run writes the file; in the next, a breakpoint in it stops there."""
    done = program(tmp_path)
    (path,) = (tmp_path / "sources").iterdir()
    line = next(k for k, text in enumerate(path.read_text().splitlines(), 1) if "x_bar" in text)
    assert f'File "{path}", line ' in done.stderr  # an uncaught error shows the line, whatever Python prints it
    failed = int(re.search(rf'File "{re.escape(str(path))}", line (\d+)', done.stderr).group(1))
    assert path.read_text().splitlines()[failed - 1].strip() in done.stderr
    debugged = program(tmp_path, "-m", "pdb", input=f"b {path}:{line}\ncontinue\np x\nclear 1\ncontinue\nquit\n")
    assert f"Breakpoint 1 at {path}:{line}" in debugged.stdout
    assert f"> {path}({line})f_grad()" in debugged.stdout
    assert "(Pdb) 3.0" in debugged.stdout
    assert "gives" in debugged.stdout


class Editor:
    """The other side of the Debug Adapter Protocol, as an editor is."""

    def __init__(self, port):
        for _ in range(600):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.05)
        self.socket.settimeout(60)
        self.file = self.socket.makefile("rwb")

    def send(self, command, **arguments):
        body = json.dumps({"seq": 1, "type": "request", "command": command, "arguments": arguments}).encode()
        self.file.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.file.flush()

    def wait(self, kind, name):
        while True:
            size = 0
            while line := self.file.readline().strip():
                if line.lower().startswith(b"content-length"):
                    size = int(line.split(b":")[1])
            message = json.loads(self.file.read(size))
            if message["type"] == kind and message.get("event", message.get("command")) == name:
                return message.get("body")


def test_breakpoints_of_an_editor(tmp_path):
    """VS Code and others debug Python through debugpy; it opens the file, and stops in it."""
    pytest.importorskip("debugpy")
    program(tmp_path)
    (path,) = (tmp_path / "sources").iterdir()
    line = next(k for k, text in enumerate(path.read_text().splitlines(), 1) if "x_bar" in text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listen = ["-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"127.0.0.1:{port}", "--wait-for-client"]
    with ThreadPoolExecutor() as beside:
        done = beside.submit(program, tmp_path, *listen)
        editor = Editor(port)
        editor.send("initialize", adapterID="test", pathFormat="path")
        editor.wait("response", "initialize")
        editor.send("attach", justMyCode=True)
        editor.wait("event", "initialized")
        editor.send("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
        assert editor.wait("response", "setBreakpoints")["breakpoints"][0]["verified"]
        editor.send("configurationDone")
        stopped = editor.wait("event", "stopped")
        assert stopped["reason"] == "breakpoint"
        editor.send("stackTrace", threadId=stopped["threadId"])
        frame = editor.wait("response", "stackTrace")["stackFrames"][0]
        assert (frame["name"], frame["line"], frame["source"]["path"]) == ("f_grad", line, str(path))
        editor.send("disconnect", terminateDebuggee=False)
        assert "gives" in done.result().stdout


def test_one_place_is_named():
    """An error that `debug_nans` raises says where; no note names the line after it."""

    def loss(w, x):
        h = w @ x
        return np.sum(np.sqrt(h))

    with pytest.raises(FloatingPointError, match="h_bar = ") as caught, debug_nans():
        grad(loss)(np.zeros((2, 2)), np.ones(2))
    assert not getattr(caught.value, "__notes__", [])
