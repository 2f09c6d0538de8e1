"""The names of generated code: the user's variables, imports under the user's aliases, objects handed over."""

from __future__ import annotations

import ast
import itertools
import linecache
import sys
import types

import numpy as np
import pytest

from adjoint import grad, value_and_grad
from adjoint.emit.modules import Namespace

_count = itertools.count()


def module(text, **names):
    """A module made from text, as a user's file is."""
    filename = f"<module {next(_count)} of test_modules>"
    made = types.ModuleType("user_module")
    vars(made).update(names)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), vars(made))
    return made


def slope(fun, args, k, h=1e-6):
    up, down = list(args), list(args)
    up[k], down[k] = args[k] + h, args[k] - h
    return (fun(*up) - fun(*down)) / (2 * h)


def check(fun, *args):
    """Right with and without optimisation, and right as a module of its own."""
    wrt = tuple(k for k, a in enumerate(args) if isinstance(a, float))
    want = [slope(fun, args, k) for k in wrt]
    for optimize in (True, False):
        gradient = grad(fun, wrt=wrt, optimize=optimize)
        np.testing.assert_allclose(gradient(*args), want, rtol=1e-5, err_msg=gradient.source)
        alone(gradient, args, want)
    return grad(fun, wrt=wrt).source_for(*args)


def alone(gradient, args, want):
    source = gradient.source_for(*args)
    if "# given:" in source:
        return
    space = {"__name__": "alone"}
    exec(compile(source, "<alone>", "exec"), space)
    (made,) = (v for v in space.values() if isinstance(v, types.FunctionType) and v.__module__ == "alone")
    np.testing.assert_allclose(made(*args), want, rtol=1e-5, err_msg=source)


# --- names of variables ---------------------------------------------------------------------------

CLASHES = {
    "np": ("def f(np):\n    import numpy\n    return numpy.sin(np) * np", (2.0,)),
    "cos": ("import math\ndef f(cos): return math.sin(cos) * cos", (2.0,)),
    "cos, bare": ("from math import *\ndef f(cos, exp): return sin(cos) * exp", (2.0, 3.0)),
    "math": ("import numpy as np\ndef f(math): return np.sin(math) * math", (2.0,)),
    "range": ("def f(range, n):\n    for i in [1.0, 2.0]:\n        range = range * range * i * n\n    return range", (1.5, 2)),
    "range, local": (
        "def f(x, n):\n    for i in range(n):\n        range_ = x * i\n        x = x * x + range_\n    return x", (1.1, 3),
    ),
    "len": ("def f(len, xs):\n    t = 1.0\n    for x in xs: t = t * x * len\n    return t", (2.0, [1.0, 2.0])),
    "loop helpers": (
        "def f(reversed, zip, len, range, xs, ys):\n    for x, y in [(1.0, 2.0), (3.0, 4.0)]:\n"
        "        reversed = reversed * x * zip * reversed\n    for k in (1, 2, 3): range = range * range * len + k\n"
        "    i = 0\n    while i < 3:\n        i = i + 1\n        zip = zip * zip * 0.5\n    return reversed * range * zip",
        (0.5, 0.6, 0.7, 0.8, [1.0, 2.0], [1.0, 2.0]),
    ),
    "w1": ("import math\ndef f(w1, w2): return (math.sin(w1) * math.cos(w2)) * (math.sin(w1) + w2)", (1.0, 2.0)),
    "w1, local": (
        "import math\ndef f(x):\n    w2 = math.sin(x)\n    w1 = math.cos(x) * x\n    return w1 * (x + w2 * x) * w2", (1.0,),
    ),
    "x_bar": ("def f(x_bar, x):\n    x_bar_bar = x * x_bar\n    return x_bar_bar * x * x_bar", (2.0, 3.0)),
    "f_grad": ("def f(x):\n    f_grad = x * x\n    return f_grad * x * f_grad", (2.0,)),
    "underscore": ("def f(_, __):\n    _ = _ * __\n    return _ * _", (2.0, 3.0)),
    "soft keywords": ("def f(match, type, case): return match * type * match * case", (2.0, 3.0, 4.0)),
    "its own name": ("def f(f): return f * f", (2.0,)),
    "float": ("import numpy as np\ndef f(float, int): return np.sin(float) * int * float", (2.0, 3.0)),
    "seed": ("def f(seed, result):\n    tape = seed * result\n    return tape * seed * tape", (2.0, 3.0)),
    "tapes": (
        "import math\ndef f(x, n):\n    x_tape = 1.0\n    for k in range(n):\n        x = math.sin(x) * 2.0\n"
        "        x_tape = x_tape * x\n    return x_tape * x",
        (2.0, 3),
    ),
    "helpers of ours": (
        "import numpy as np\ndef f(owned, unbroadcast, index_add):\n    add = np.array([owned, unbroadcast])\n"
        "    zeros_like = add * index_add\n    return np.sum(zeros_like * add) + np.max(add)",
        (2.0, 3.0, 4.0),
    ),
    "dunder": ("def f(__name__, __builtins__): return __name__ * __builtins__ * __name__", (2.0, 3.0)),
    "True_": ("def f(lambda_, None_): return lambda_ * None_ * lambda_", (2.0, 3.0)),
    "greek": ("def f(α, ẋ, x2): return α * ẋ * α * x2", (2.0, 3.0, 4.0)),
    "builtins": ("def f(sum, max, abs, slice, list, tuple): return sum * max + abs * slice * list * tuple * sum", (1.0,) * 6),
}


@pytest.mark.parametrize("name", CLASHES)
def test_names_of_variables(name):
    text, args = CLASHES[name]
    check(module(text).f, *args)


def test_names_that_arrays_bring_in():
    """Helpers of the runtime are imported under another name where the user has theirs."""
    m = module(
        "import numpy as np\n"
        "def f(owned, unbroadcast, zeros_like, add, broadcast_to):\n"
        "    floats = owned[::2] * unbroadcast\n"
        "    return np.sum(floats * zeros_like) + np.sum(np.concatenate([add, broadcast_to]) ** 2)\n"
    )
    args = [np.arange(4.0), np.float64(2.0), np.array([[1.0], [2.0]]), np.ones(2), np.ones(3)]
    wrt = tuple(range(5))
    got = grad(m.f, wrt=wrt)(*args)
    for k, g in enumerate(got):
        for index in np.ndindex(np.shape(args[k])):
            changed = [np.array(a) for a in args]
            changed[k][index] += 1e-6
            near = (m.f(*changed) - m.f(*args)) / 1e-6
            assert np.isclose(np.asarray(g)[index], near, rtol=1e-4), grad(m.f, wrt=wrt).source_for(*args)


def test_functions_with_the_names_of_generated_ones():
    m = module(
        "import math\n"
        "class W1:\n    k = 3.0\n    def __init__(self): self.rate = 2.0\n"
        "w1 = W1()\n"
        "def f_grad(x): return x * x\n"
        "def x_bar(x): return math.sin(x)\n"
        "def f(x): return f_grad(x) * x_bar(x) * w1.rate * x\n"
    )
    want = slope(m.f, [2.0], 0)
    for optimize in (True, False):
        assert np.isclose(grad(m.f, optimize=optimize)(2.0), want)
    m.w1.rate = 4.0
    assert np.isclose(grad(m.f)(2.0), 2 * want)


def test_the_cotangent_of_a_variable_named_like_those_that_are_made_up():
    """w1_bar is what flows to the user's w1, and to nothing else."""

    def loss(params, x):
        out = np.tanh(x @ params["w1"]) @ params["w2"]
        return np.mean((out - 1.0) ** 2)

    params = {"w1": np.full((3, 4), 0.1), "w2": np.ones(4)}
    derived = grad(loss)
    derived(params, np.ones((5, 3)))
    assert "return {'w1': w1_bar, 'w2': w2_bar}" in derived.source


def test_globals_with_the_names_of_made_up_variables():
    """What is handed over does not have the name of a local variable."""
    text = "class {0}:\n    def __init__(self): self.rate = 2.0\nthing = {0}()\nimport math\n"
    for name in ("W1", "W2", "X_Bar", "X", "Np", "Math", "F_Grad", "Rate", "Float", "Len"):
        m = module(
            text.format(name) + "def f(x):\n    for i in range(3):\n"
            "        x = math.sin(x) * thing.rate * x\n    return x * thing.rate\n"
        )
        for optimize in (True, False):
            assert np.isclose(grad(m.f, optimize=optimize)(1.0), slope(m.f, [1.0], 0)), name


# --- imports --------------------------------------------------------------------------------------


def header(text, *args):
    m = module(text + "\n")
    source = check(m.f, *args)
    return source.split("\n\n\n")[0].splitlines() if "\n\n\n" in source else []


def test_aliases_of_modules():
    assert header("import numpy as np\ndef f(x): return np.sin(x)", 2.0) == ["import numpy as np"]
    assert header("import numpy\ndef f(x): return numpy.sin(x)", 2.0) == ["import numpy"]
    assert header("import numpy as xp\ndef f(x): return xp.sin(x)", 2.0) == ["import numpy as xp"]
    assert header("from numpy import sin, cos as c\ndef f(x): return sin(x) * c(x)", 2.0) == ["import numpy as np"]
    assert header("from math import sin\ndef f(x): return sin(x)", 2.0) == ["from math import cos"]
    assert header("from math import *\ndef f(x): return sin(x) * x", 2.0) == ["from math import cos, sin"]
    assert header("import math as m\ndef f(x): return m.sin(x)", 2.0) == ["import math as m"]
    assert header("import math\ndef f(math_, x): return math.sin(x) * math_", 2.0, 1.0) == ["import math"]
    assert header("def f(x): return x * x", 2.0) == []
    assert header("def f(x):\n    import math as q, numpy\n    return q.sin(x) * numpy.exp(x)", 2.0) == [
        "import math", "import numpy as np",
    ]


def test_submodules():
    source = grad(module("import numpy.linalg as la\ndef f(x): return la.norm(x)").f).source_for(np.ones(2))
    assert "import numpy.linalg as la" in source
    source = grad(module("import numpy as np\ndef f(x): return np.linalg.norm(x)").f).source_for(np.ones(2))
    assert "np.linalg.norm(x)" in source


def test_numpy_under_a_name_that_is_a_variable():
    source = check(module("import numpy as x\ndef f(t):\n    y = x.sin(t)\n    return y * t").f, 2.0)
    assert "import numpy as x" in source
    source = check(module("import numpy as np\ng = np.sin\ndef f(np): return g(np) * np").f, 2.0)
    assert "import numpy as np_2" in source


def test_own_functions_named_like_imported_ones():
    m = module(
        "import numpy\nfrom math import *\n"
        "def sin(x): return 3.0 * x * x\n"
        "def square(x): return x * x * x\n"
        "def f(x): return sin(x) * numpy.sin(x) * cos(x) * numpy.square(x) * square(x)\n"
    )
    check(m.f, 1.3)


def test_functions_of_another_module_with_other_aliases():
    other = module(
        "import numpy as xp\nfrom math import sin as s\nrate = 2.0\n"
        "def g(np, math): return s(np) * xp.exp(math) * rate\n"
    )
    m = module(
        "import math as xp\nimport numpy as s\nrate = 5.0\n"
        "def f(x): return other.g(x, x) * xp.sin(x) * rate + s.exp(x)\n",
        other=other,
    )
    check(m.f, 0.5)
    other.rate = 7.0
    check(m.f, 0.5)
    m.rate = -1.0
    check(m.f, 0.5)


def test_modules_that_cannot_be_imported():
    other = module("k = 2.0\n")  # not in sys.modules
    m = module("def f(x): return other.k * x * x\n", other=other)
    gradient = grad(m.f)
    assert gradient(1.0) == 4.0
    assert "# given:" in gradient.source
    other.k = 3.0
    assert gradient(1.0) == 6.0
    main = sys.modules["__main__"]
    main.adjoint_test_rate = 2.0
    try:
        assert grad(module("import __main__ as m\ndef f(x): return m.adjoint_test_rate * x\n").f)(1.0) == 2.0
    finally:
        del main.adjoint_test_rate


def test_names_of_scipy():
    special = pytest.importorskip("scipy.special")
    for taken, text in ((set(), "scipy.special.erf"), ({"scipy"}, "special.erf"), ({"scipy", "special"}, "special_2.erf")):
        space = Namespace(None, taken)
        assert ast.unparse(space.reference(special.erf)) == text
        names = {}
        exec("\n".join(space.header({text.split(".")[0]})), names)
        assert eval(text, names) is special.erf
        assert eval(text, space.objects) is special.erf


def test_odd_names_of_objects():
    class Odd:
        def __getattr__(self, name):
            return 3.0

    def renamed(x):
        return x * x

    renamed.__name__ = "no name"
    odd = Odd()
    assert grad(lambda x: odd.a * x)(1.0) == 3.0
    assert grad(lambda x: renamed(x))(2.0) == 4.0
    assert grad(renamed)(2.0) == 4.0
    renamed.__name__ = "class"
    assert grad(renamed)(2.0) == 4.0
    rate = 2.0
    scaled = lambda x: rate * x * x
    scaled.__name__ = "lambda"
    assert grad(scaled)(1.0) == 4.0


# --- globals that change --------------------------------------------------------------------------


def test_globals_that_change():
    m = module("import numpy as np\nrate = 2.0\ndef f(x): return np.sum(rate * x * x)\n")
    gradient = grad(m.f)
    for rate in (2.0, 3, np.float32(2), np.array(2.0), np.array([1.0, 2.0]), np.ones((3, 1), np.float32), True, 2.5):
        m.rate = rate
        assert np.isclose(gradient(1.0), 2 * np.sum(rate)), rate
    built = len(gradient._built)
    for rate in (1.0, 5.0, 7.0):
        m.rate = rate
        assert gradient(1.0) == 2 * rate
    assert len(gradient._built) == built


def test_numbers_that_change_do_not_build_anew(monkeypatch):
    import adjoint.dispatch

    m = module("import numpy as np\nrate, w = 2.0, np.ones(3)\ndef f(x): return np.sum(rate * w * x)\n")
    gradient = grad(m.f)
    assert gradient(1.0) == 6.0
    monkeypatch.setattr(adjoint.dispatch, "lower", None)
    m.rate = 3.0
    assert gradient(1.0) == 9.0
    m.w = np.arange(3.0)
    assert gradient(1.0) == 9.0
    m.w[0] = 1.0
    assert gradient(1.0) == 12.0


def test_flags_that_change():
    m = module("mode = 'a'\ndef f(x): return x * x if mode == 'a' else x * x * x\n")
    gradient = grad(m.f)
    got = []
    for m.mode in ("a", "b", "a", None, "a"):
        got.append(gradient(2.0))
    assert got == [4.0, 12.0, 4.0, 12.0, 4.0]


def test_functions_that_are_rebound():
    m = module("def helper(x): return x * x\ndef f(x): return helper(x)\n")
    gradient = grad(m.f)
    assert gradient(2.0) == 4.0
    m.helper = lambda x: x * x * x
    assert gradient(2.0) == 12.0
    m.helper = np.sin
    assert gradient(0.0) == 1.0
    del m.helper
    with pytest.raises(Exception, match="helper"):
        gradient(0.0)


def test_containers_of_functions_that_change():
    m = module(
        "fs = [lambda x: x, lambda x: x * x]\ntable = {'a': lambda x: x, 'b': lambda x: x * x}\n"
        "def f(x): return fs[1](x) * table['b'](x)\n"
        "def g(x):\n    for h in fs: x = h(x)\n    return x\n"
    )
    of_f, of_g = grad(m.f), grad(m.g)
    assert (of_f(2.0), of_g(2.0)) == (32.0, 4.0)
    m.fs[1] = lambda x: x * x * x
    assert (of_f(2.0), of_g(2.0)) == (80.0, 12.0)
    m.table["b"] = m.fs[0]
    assert of_f(2.0) == 32.0
    m.fs.append(lambda x: 2.0 * x)
    assert (of_f(2.0), of_g(2.0)) == (32.0, 24.0)
    del m.fs[1]
    assert of_g(2.0) == 2.0


def test_attributes_of_classes_and_modules_that_change():
    m = module("class C:\n    k = 2.0\n    flag = True\ndef f(x): return C.k * x if C.flag else x * x\n")
    gradient = grad(m.f)
    assert gradient(1.0) == 2.0
    m.C.k = 3.0
    assert gradient(1.0) == 3.0
    m.C.flag = False
    assert gradient(4.0) == 8.0


def test_settings_that_change():
    m = module(
        "config = {'rate': 2.0, 'mode': 'x'}\n"
        "def f(x): return config['rate'] * x if config['mode'] == 'x' else x * x\n"
    )
    gradient = grad(m.f)
    assert gradient(1.0) == 2.0
    m.config["rate"] = 5.0
    assert gradient(1.0) == 5.0
    m.config["mode"] = "y"
    assert gradient(2.0) == 4.0
    m.config = {"mode": "x", "rate": 7, "more": None}
    assert gradient(2.0) == 7.0


def test_a_builtin_that_is_hidden_later():
    m = module("def f(x): return abs(x) * x\n")
    gradient = grad(m.f)
    assert gradient(-2.0) == 4.0
    m.abs = lambda x: x
    assert gradient(-2.0) == -4.0
    del m.abs
    assert gradient(-2.0) == 4.0


def test_code_and_defaults_that_are_replaced():
    """What a notebook's autoreload does to functions that others hold."""
    m = module("def helper(x, k=1.0, *, j=1.0): return k * j * x * x\ndef f(x, k=1.0): return helper(x) * k\n")
    gradient = grad(m.f)
    both = value_and_grad(m.f)
    assert gradient(2.0) == 4.0
    m.helper.__defaults__ = (5.0,)
    assert gradient(2.0) == 20.0
    m.f.__defaults__ = (2.0,)
    assert gradient(2.0) == 40.0
    assert both(2.0) == (40.0, 40.0)
    m.helper.__kwdefaults__ = {"j": 10.0}
    assert gradient(2.0) == 400.0
    m.helper.__code__ = module("def helper(x, k=1.0, *, j=1.0): return k * j * x\n").helper.__code__
    assert gradient(2.0) == 100.0
    m.f.__code__ = module("def f(x, k=1.0): return x * x * x * k\n").f.__code__
    assert gradient(2.0) == 24.0


def test_functions_of_modules_and_attributes_of_functions_that_change():
    other = module("def act(x): return x * x\n")
    m = module("def helper(x): return helper.rate * x\nhelper.rate = 2.0\ndef f(x): return other.act(helper(x))\n", other=other)
    gradient = grad(m.f)
    assert gradient(1.0) == 8.0
    other.act = lambda x: x * x * x
    assert gradient(1.0) == 24.0
    m.helper.rate = 1.0
    assert gradient(1.0) == 3.0


@pytest.mark.parametrize("optimize", [True, False])
def test_a_function_that_always_raises(optimize):
    def f(x):
        raise ValueError("always")

    with pytest.raises(ValueError, match="always"):
        grad(f, optimize=optimize)(1.0)
    with pytest.raises(KeyError, match="q"):
        grad(lambda p: p["q"], optimize=optimize)({"p": 1.0})
    for product in (lambda a, b: np.sum(a @ b), lambda a, b: np.sum(np.dot(a, b))):
        with pytest.raises(ValueError, match=r"mismatch|aligned"):
            grad(product, optimize=optimize)(np.ones((2, 3)), np.ones((2, 3)))
