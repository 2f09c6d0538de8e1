"""`compile=`: the program written for a compiler means the same, and what Numba makes of it is right.

That the text is right is seen without a compiler: `compile=as_it_is` runs it as Python, for the whole corpus.
Numba then compiles a few programs, chosen so that each way to write something for it occurs.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from math import exp, sin

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED
from test_corpus import gradient, quietly

import adjoint
from adjoint import NotCompiled, grad, value_and_grad
from adjoint.api import Gradient
from adjoint.quiet import unheard
from adjoint.testing import assert_same

TABLE = np.array([1.0, 2.0, 3.0])


def as_it_is(function):
    """A compiler that does nothing."""
    return function


def need_numba():
    """Skip where Numba is not installed, or is too old for this NumPy."""
    pytest.importorskip("numba", exc_type=ImportError)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in REFUSED and c.out == "scalar"], ids=lambda c: c.name)
def test_text_for_compilers_means_the_same(case: Case) -> None:
    expected = quietly(lambda: gradient(case)(*case.fresh_args()))
    made = Gradient(case.fun, case.wrt, value=False, optimize=True, has_aux=False, compile=as_it_is)
    args = case.fresh_args()
    assert_same(quietly(lambda: made(*args)), expected, rtol=1e-12, atol=1e-14)


# --- Numba --------------------------------------------------------------------------------------


@dataclass
class Model:
    weights: dict
    rate: float


def network(model, x, labels):
    scores = x @ model.weights["W"] + model.weights["b"]
    return -model.rate * np.mean(scores[np.arange(len(labels)), labels])


def highest(scores):
    return np.sum(scores.max(axis=1) ** 2)


def scalars(x, n):
    s = x
    for _ in range(n):
        s = s + sin(s) * x if s < 1.0 else s - exp(-s) * x
    return s


def nested(x):
    """Tapes in tapes: of a length that is always the same, and of one that is not."""
    s = 0.0
    for i in range(len(x)):
        for j in range(3):
            s = s + sin(x[i] * s + j)
        for j in range(i):
            s = s * exp(-x[j] * s)
    return s


def rows(h, w, n):
    for _ in range(n):
        h = np.tanh(w @ h)
    return np.sum(h * TABLE)


def in_place(u, n):
    u = u.copy()
    for _ in range(n):
        u[1:-1] += 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2]) * u[1:-1]
    return np.sum(u**2)


def overlapping(x):
    """What is added to an array is the array itself, in another order: NumPy sees that, Numba does not."""
    x = x.copy()
    x += x[::-1]
    x[1:] += x[:-1]
    x[::-1] += x
    return np.sum(x**3)


def gathered(x, rows):
    x = x * x
    np.add.at(x, rows, x[:2])
    return np.sum(x**2)


def masked(x, mask):
    x = x * x
    x[mask] += 2.0
    return np.sum(x**2)


def until(x):
    while x > 1e-3:
        x = x * sin(x)
        if x < 0.1:
            break
    return x


def listed(items, x):
    return sum([sin(a * x) for a in items])


NUMBA = [
    (network, (Model({"W": np.arange(6.0).reshape(2, 3) / 7, "b": np.ones(3)}, 2.0), np.ones((4, 2)), np.array([0, 1, 1, 2])), 0),
    (highest, (np.array([[1.0, 3.0, 2.0], [4.0, 0.0, 1.0]]),), 0),
    (scalars, (0.3, 20), 0),
    (nested, (np.linspace(0.1, 0.5, 4),), 0),
    (rows, (np.ones(3), np.eye(3) / 2, 70), (0, 1)),
    (in_place, (np.linspace(0.0, 1.0, 6), 70), 0),
    (overlapping, (np.array([1.0, 2.0, 4.0, 7.0]),), 0),
    (gathered, (np.array([1.0, 2.0, 4.0]), np.array([1, 2])), 0),
    (masked, (np.array([[1.0, 2.0], [4.0, 7.0]]), np.array([False, True])), 0),
    (until, (0.9,), 0),
    (listed, ([float(k) for k in range(80)], 0.1), (0, 1)),
    (lambda x: x * TABLE[1], (np.float64(2.0),), 0),
]


@pytest.mark.parametrize(("fun", "args", "wrt"), NUMBA, ids=lambda v: getattr(v, "__name__", ""))
def test_numba_agrees(fun, args, wrt):
    need_numba()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(grad(fun, wrt, compile="numba")(*args), grad(fun, wrt)(*args), rtol=1e-10, atol=1e-13)


def test_source_shows_kernel_and_wrapper():
    need_numba()
    def f(p):
        return p["x"] * sin(p["y"])

    made = value_and_grad(f, compile="numba")
    value, gradient = made({"x": 2.0, "y": 0.5})
    assert value == 2.0 * sin(0.5)
    assert_same(gradient, grad(f)({"x": 2.0, "y": 0.5}))
    kernel, wrapper = made.source.split("def f_grad(p):")
    assert "@njit\ndef f_grad_kernel(" in kernel
    assert "p['x']" not in kernel and "p['x']" in wrapper
    assert "sin" in kernel and "sin" not in wrapper


def test_a_global_array_is_read_at_each_call(monkeypatch):
    need_numba()
    made = grad(lambda x: np.sum(x * TABLE), compile="numba")
    assert_same(made(np.ones(3)), np.array([1.0, 2.0, 3.0]))
    monkeypatch.setitem(globals(), "TABLE", np.array([4.0, 5.0, 6.0]))
    assert_same(made(np.ones(3)), np.array([4.0, 5.0, 6.0]))


def summed(x, n):
    s = 0.0
    for i in range(n):
        s += x[i] * x[i]
    return s


def from_the_end(x, n):
    s = 0.0
    for i in range(n):
        s += x[-i] * x[i - 1]
    return s


def written(x, n):
    x = x.copy()
    for i in range(n):
        x[i, 1] = x[i, 1] * 2.0
    return np.sum(x)


def fixed(x):
    s = 0.0
    for i in range(5):
        s += x[i] * x[i]
    return s


def gathered_twice(x, rows):
    return np.sum(x[rows] ** 2)


def chosen_by_a_mask(x, mask):
    return np.sum(x[mask] ** 2)


OUTSIDE = [
    (summed, (np.ones(3), 4)), (from_the_end, (np.ones(4), 6)), (written, (np.ones((3, 2)), 4)), (fixed, (np.ones(3),)),
    (gathered, (np.ones(3), np.array([0, 3]))),
]


@pytest.mark.parametrize("compiler", ["numba", "numba.njit(cache=False)"])
@pytest.mark.parametrize(("fun", "args"), OUTSIDE, ids=lambda v: getattr(v, "__name__", ""))
def test_what_lies_behind_an_array_is_not_read(fun, args, compiler):
    """A compiler does not look whether an index is within the array, if it is not told to."""
    need_numba()
    if compiler != "numba":
        import numba

        compiler = numba.njit(cache=False)
    made = grad(fun, compile=compiler)
    with pytest.raises(IndexError):
        grad(fun)(*args)
    with pytest.raises(IndexError):
        made(*args)
    assert "boundscheck=True" in made.source


def test_what_the_user_says_of_bounds_counts():
    need_numba()
    import numba

    jit = numba.njit(cache=False)
    assert_same(grad(summed, compile=jit)(np.ones(3), 2), np.array([2.0, 2.0, 0.0]))
    plain = jit(lambda x: x[0])
    assert plain.targetoptions["boundscheck"] is None  # the compiler that was handed over is as it was
    without = grad(summed, compile=numba.njit(boundscheck=False))
    without(np.ones(3), 2)
    assert without.__wrapped__.__globals__["summed_grad_kernel"].targetoptions["boundscheck"] is False


def inside(x, y):
    s = 0.0
    for i in range(1, len(x) - 1):
        s += x[i - 1] * x[i + 1] + x[-i]
        for j in range(i):
            s += y[i - 1, j] * y[j % 2, i // 2] + y[2 - j, -1]
    for i in range(4, 0, -2):
        s += x[i] * x[2 * i - 4]
    k = 1 if s > 0.0 else 2
    return s * x[k] * np.sum(y[1:9, ...]) * np.sum(y[..., 3]) * y[None, 2, 3, None][0, 0]


def test_what_is_certain_is_not_looked_at():
    """Nothing that a loop over known ranges picks costs a look; one more entry, and it does."""
    need_numba()
    x, y = np.arange(5.0), np.arange(12.0).reshape(3, 4)

    def looks(fun, *args):
        return "@njit(boundscheck=True)" in grad(fun, compile="numba").source_for(*args)

    assert not looks(inside, x, y)
    assert looks(inside, x, y[:2])
    assert not looks(fixed, np.ones(5))
    assert looks(fixed, np.ones(4))
    assert looks(summed, np.ones(5), 3)
    assert looks(gathered_twice, np.ones(3), np.array([0, 1]))
    assert not looks(chosen_by_a_mask, np.ones(3), np.array([True, False, True]))
    assert looks(chosen_by_a_mask, np.ones(3), np.array([True, False]))


class Scale:
    def __init__(self, by):
        self.by = by


def test_stacks_of_matrices_are_multiplied_one_by_one():
    """Numba knows products of matrices only."""
    def f(x, y):
        return np.sum(np.matmul(x, y) ** 2)

    args = np.arange(12.0).reshape(2, 2, 3), np.arange(18.0).reshape(2, 3, 3)
    made = grad(f, (0, 1), compile=as_it_is)
    assert_same(made(*args), grad(f, (0, 1))(*args), rtol=1e-12, atol=0)
    assert "def stacked_matmul(" in made.source


def test_globals_and_attributes_are_read_before_the_loop():
    """A compiler knows neither; and what is read once is not recorded."""
    def f(x, scale, n):
        for k in range(n):
            if x < 100.0:
                x = x * sin(x * TABLE[k]) * scale.by
        return x

    made = grad(f, compile=as_it_is)
    assert_same(made(0.7, Scale(1.5), 3), grad(f)(0.7, Scale(1.5), 3), rtol=1e-12, atol=0)
    kernel, wrapper = made.source.split("\ndef f_grad(")
    assert "def f_grad_kernel(x, n, TABLE, by):" in kernel
    assert "by_tape" not in kernel and "scale.by" in wrapper


def test_what_numba_refuses_is_shown():
    need_numba()

    def spectrum(x):
        y = 2.0 * x
        return np.sum(np.abs(np.fft.fft(y)) ** 2)

    with pytest.raises(NotCompiled) as refused:
        grad(spectrum, compile="numba")(np.ones(4))
    said = str(refused.value)
    assert "np.fft.fft(" in said
    assert "does not take this" in said and "'fft'" in said
    assert "generated line " in said
    assert "test_compiled.py" in said


def test_any_function_compiles():
    seen = []

    def my_jit(function):
        seen.append(function.__name__)
        return function

    assert grad(scalars, compile=my_jit)(0.3, 20) == grad(scalars)(0.3, 20)
    assert seen == ["exp", "scalars_grad_kernel"]


def test_wrong_compilers_are_refused():
    with pytest.raises(adjoint.AdjointError, match="no such compiler"):
        grad(scalars, compile="c++")
    with pytest.raises(adjoint.AdjointError, match="textbook"):
        grad(scalars, compile=as_it_is, optimize=False)


CACHED = """
import numba
from adjoint import grad
from math import sin

def f(x, n):
    for _ in range(n):
        x = x + sin(x) * {factor}
    return x

made = grad(f, compile=numba.njit(cache=True))
made(0.3, 20)
made(0.3, 20)
kernel = made.__wrapped__.__globals__["f_grad_kernel"]
print(made(0.3, 20), sum(kernel.stats.cache_hits.values()))
"""


def test_numba_keeps_what_it_made_between_processes(tmp_path):
    need_numba()

    def ran(factor):
        file = tmp_path / "program.py"
        file.write_text(CACHED.format(factor=factor))
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=600, check=True,
                              env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)})
        value, hits = done.stdout.split()
        return float(value), int(hits)

    first = ran(0.1)
    assert ran(0.1) == (first[0], 1)
    other = ran(0.2)  # another program under the same name
    assert other[0] != first[0]


OUTSIDE_OF_DOMAINS = [
    (math.log, -1.0), (math.log, 0.0), (math.log2, -1.0), (math.log10, 0.0), (math.log1p, -1.0), (math.sqrt, -0.5),
    (math.asin, 1.5), (math.acos, -1.5), (math.acosh, 0.5), (math.atanh, 1.0), (math.exp, 1e3), (math.expm1, 1e3),
    (math.sinh, -1e3), (math.cosh, 1e3), (math.exp2, 2e3),
]
WITHIN = {math.acosh: 1.5}


@pytest.mark.parametrize(("fn", "x"), OUTSIDE_OF_DOMAINS, ids=lambda v: getattr(v, "__name__", str(v)))
def test_functions_of_math_raise_where_they_do(fn, x):
    """The derivative of log is finite at -1, where there is none."""
    need_numba()

    def f(y):
        return fn(y) * 2.0

    with pytest.raises((ValueError, OverflowError)) as expected:
        grad(f)(x)
    made = grad(f, compile="numba")
    with pytest.raises(expected.type):
        made(x)
    for inside in (WITHIN.get(fn, 0.5), math.nan):
        assert_same(made(inside), grad(f)(inside), rtol=1e-12, atol=0)


def root(x, p):
    return math.pow(x, p)


def power(x, p):
    return x**p


def whole_powers(x):
    return x**3 + x**2.0


def floored(x, p):
    return x * math.floor(p)


def raised(x, p):
    return x * math.ceil(p)


def cut(x, p):
    return x * math.trunc(p)


def rounded(x, p):
    return x * round(p)


OUTSIDE_OF_FLOATS = [
    (root, -2.0, 0.5), (root, 10.0, 400.0), (root, 0.0, -1.0), (power, 10.0, 400.0), (power, 0.0, -1.0), (floored, 1.0, math.inf),
    (floored, 1.0, math.nan), (raised, 1.0, -math.inf), (cut, 1.0, math.nan), (rounded, 1.0, math.inf),
]


@pytest.mark.parametrize(("fun", "x", "p"), OUTSIDE_OF_FLOATS, ids=lambda v: getattr(v, "__name__", str(v)))
def test_functions_of_two_numbers_raise_where_they_do(fun, x, p):
    need_numba()
    made = value_and_grad(fun, compile="numba")
    with pytest.raises((ValueError, OverflowError, ZeroDivisionError)) as expected:
        fun(x, p)
    with pytest.raises(expected.type):
        made(x, p)
    for y in (2.5, 3.5, -1.5, 1e15):
        assert_same(made(0.75, y), value_and_grad(fun)(0.75, y), rtol=1e-12, atol=0)


@pytest.mark.parametrize("fun", [floored, raised, cut, rounded], ids=lambda f: f.__name__)
def test_floats_that_are_too_large_for_integers(fun):
    """A compiler's integer of 1e200 is another number, which has no error of its own."""
    need_numba()
    with pytest.raises(OverflowError, match="64 bits"):
        value_and_grad(fun, compile="numba")(1.0, 1e200)


def test_a_power_that_is_complex():
    need_numba()
    with pytest.raises(ValueError, match="complex"):
        value_and_grad(power, compile="numba")(-2.0, 0.5)
    assert "float_power" not in grad(whole_powers, compile=as_it_is).source_for(2.0)


def in_threads(work, count=8):
    """Each thread's result, or what it raised, all of them begun at once."""
    ready, results = threading.Barrier(count), [None] * count

    def run(k):
        ready.wait()
        try:
            results[k] = work(k)
        except Exception as error:
            results[k] = error

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def test_many_threads_call_what_is_not_compiled_yet():
    """One builds and compiles, for two signatures; nobody is given half of it, and the warnings' filters stay."""
    need_numba()
    made = grad(in_place, compile="numba")
    xs = [np.linspace(0.0, 1.0 + k, 6 if k % 2 else 9) for k in range(8)]
    with unheard():
        filters = list(warnings.filters)  # with the one that is added, once, for threads that listen to none
    for _ in range(3):  # also when it is there
        found = in_threads(lambda k: made(xs[k], 20 + k))
        for k, result in enumerate(found):
            assert_same(result, grad(in_place)(xs[k], 20 + k), rtol=1e-12, atol=1e-14)
    assert warnings.filters == filters


def test_many_threads_build_it_once():
    """The compiler is slow, and asked once for each signature."""
    asked = []

    def slow(function):
        time.sleep(0.05)
        asked.append(function.__name__)
        return function

    made = grad(in_place, compile=slow)
    xs = [np.linspace(0.0, 1.0, 6 if k % 2 else 9) for k in range(8)]
    found = in_threads(lambda k: made(xs[k], 20))
    for k, result in enumerate(found):
        assert_same(result, grad(in_place)(xs[k], 20), rtol=1e-12, atol=1e-14)
    assert asked == ["in_place_grad_kernel"] * 2


def test_the_kernel_is_compiled_once():
    need_numba()
    import numba

    compiled = []

    def counting(function):
        made = numba.njit(function)
        whole = made.compile
        made.compile = lambda signature: (compiled.append(signature), time.sleep(0.1), whole(signature))
        return made

    made = grad(in_place, compile=counting)
    xs = [np.linspace(0.0, 1.0 + k, 6) for k in range(8)]
    made.compiled_for(xs[0], 20)
    for k, result in enumerate(in_threads(lambda k: made(xs[k], 20))):
        assert_same(result, grad(in_place)(xs[k], 20), rtol=1e-12, atol=1e-14)
    assert len(compiled) == 1


def test_many_threads_are_refused():
    """All of them hear of it, the first and the last."""
    need_numba()
    made = grad(lambda x: np.sum(np.abs(np.fft.fft(2.0 * x)) ** 2), compile="numba")
    assert all(isinstance(error, NotCompiled) for error in in_threads(lambda k: made(np.ones(4))))


def factorial(x, n):
    k = 1
    for i in range(1, n):
        k *= i
    return x * k


def fibonacci(x, n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return x * a


def squared(x, n):
    return x * (n * n)


def doubled(x, n):
    return x * 2**n


def cut_off(x, n):
    return x * int(x * 2.0**n)


def shifted(x, n):
    return x * ((1 << n) + (1000 >> n))


def doubling(x, n):
    m = 1
    for _ in range(n):
        m <<= 1
    return x * m


def negated(x, n):
    k = -n
    for _ in range(3):
        k -= n * n
    return x * k


INTEGERS = [factorial, fibonacci, squared, doubled, cut_off, shifted, doubling, negated]


@pytest.mark.parametrize("fun", INTEGERS, ids=lambda f: f.__name__)
def test_integers_do_not_wrap_around(fun):
    """A compiler's have 64 bits: what has more is an error, not another number."""
    need_numba()
    made = grad(fun, compile="numba")
    for n in (0, 5, 12):
        assert_same(made(2.0, n), grad(fun)(2.0, n))
    for n in (2**40, -(2**40)) if fun in (squared, negated) else (99,):
        with pytest.raises(OverflowError):
            made(2.0, n)
    if fun is doubled:
        with pytest.raises(ValueError, match="negative power"):
            made(2.0, -1)


def test_integers_that_stay_small_are_not_looked_at():
    def f(x, n):
        s, m = 0.0, 0
        for i in range(1, n - 1):
            m += 1
            for j in range(i):
                s += x[(2 * i + j) % 7] * x[j % 3 - 1] * m * 2**3
        return s

    source = grad(f, compile=as_it_is).source_for(np.arange(7.0), 9)
    assert not any(f"def {word}(" in source for word in ("total", "difference", "product", "power", "integer"))


def halved(x, n):
    for _ in range(n):
        x = x * 0.5 + np.sin(x) / 3 - 0.1 * x**2
    return np.sum(x)


def scaled_entries(x, n):
    x = x.copy()
    x[0] = x[1] * 0.7
    x[1:] *= 0.3
    for k in range(n):
        x[k] = x[k] * 1.5 + 2
    return np.sum(np.maximum(x, 0.25) ** 2)


@pytest.mark.parametrize(
    ("fun", "kind"), [(halved, np.float32), (halved, np.float64), (halved, np.complex64), (scaled_entries, np.float32)],
    ids=lambda v: v.__name__,
)
def test_gradients_have_the_dtype_of_their_arguments(fun, kind):
    """Numba takes Python's numbers for those of double precision."""
    need_numba()
    x = np.array([0.5, 0.25, 2.0], kind)

    def f(x):
        return np.real(fun(x, 2))

    found, expected = value_and_grad(f, compile="numba")(x), value_and_grad(f)(x)
    assert found[1].dtype == expected[1].dtype == kind
    assert type(found[0]) is type(expected[0])
    assert_same(found, expected, rtol=1e-5, atol=1e-6)


def quotients(x, y):
    """NumPy's numbers may be divided by zero."""
    s = 0.0
    for i in range(len(x)):
        s += x[i] / y[i]
    return s * (x[0] % y[0]) + np.max(x)


def test_numbers_of_numpy_are_divided_by_zero():
    need_numba()
    args = np.array([1.0, 2.0, np.nan]), np.array([1.0, 0.0, 2.0])
    with np.errstate(all="ignore"):
        assert_same(grad(quotients, (0, 1), compile="numba")(*args), grad(quotients, (0, 1))(*args), rtol=1e-12, atol=0)
