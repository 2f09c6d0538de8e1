"""Finding a function's source: in files of every kind, in a REPL, in notebooks; and refusing what is stale."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import linecache
import math
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import numpy as np
import pytest

from adjoint import AdjointError, SourceNotFound, Unsupported, grad, value_and_grad
from adjoint.lower.source import read

ROOT = Path(__file__).resolve().parents[2]
_count = itertools.count()


@pytest.fixture
def load(tmp_path):
    """Import a file that holds this text, or these bytes."""

    def loader(text, name="user"):
        path = tmp_path / f"{name}_{next(_count)}.py"
        if isinstance(text, str):
            text = textwrap.dedent(text).encode()
        path.write_bytes(text)
        return load_file(path)

    return loader


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python(*args, stdin=None, env=None, cwd=None, exe=sys.executable):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(
        [exe, *args], input=stdin, capture_output=True, text=True, timeout=60, env=environment, cwd=cwd
    )


def d(fun, *at, **more):
    return grad(fun)(*at, **more)


# --- functions, methods, lambdas ------------------------------------------------------------------


def square(x):
    return x * x


def test_function():
    assert d(square, 3.0) == 6.0


class Model:
    def __init__(self, a):
        self.a = a

    def loss(self, x):
        return self.a * x * x

    @grad
    def slope(self, x):
        return self.a * x * x

    @grad(wrt="y")
    def slope_y(self, x, y=1.0):
        return self.a * x * y

    @value_and_grad(wrt=(0, 1))
    def both(self, x, y):
        return self.a * x * y

    @staticmethod
    def static(x):
        return x * x * x

    @classmethod
    def of_class(cls, x):
        return cls.scale * x

    @grad
    @staticmethod
    def static_slope(x):
        return x * x * x

    @staticmethod
    @grad
    def slope_static(x):
        return x * x * x

    @classmethod
    @grad
    def slope_class(cls, x):
        return cls.scale * x * x

    @grad
    @classmethod
    def class_slope(cls, x):
        return cls.scale * x * x

    @property
    def doubled(self):
        return 2.0 * self.a

    def uses_property(self, x):
        return self.doubled * x

    def __call__(self, x):
        return self.a * x * x * x

    scale = 5.0


def test_methods():
    m = Model(2.0)
    assert d(m.loss, 3.0) == 12.0
    assert m.slope(3.0) == 12.0
    assert m.slope_y(3.0) == 6.0
    assert m.slope_y(3.0, y=2.0) == 6.0
    assert m.both(3.0, 4.0) == (24.0, (8.0, 6.0))
    assert d(m.uses_property, 1.0) == 4.0
    m.a = 10.0
    assert m.slope(3.0) == 60.0
    assert grad(Model.loss, wrt="x")(m, 3.0) == 60.0
    assert grad(Model.loss, wrt=1)(m, 3.0) == 60.0


def test_bound_gradients_are_built_once():
    m = Model(2.0)
    assert m.slope is m.slope or m.slope._built is m.slope._built
    assert Model(3.0).slope(1.0) == 6.0
    assert m.slope(1.0) == 4.0


def test_two_objects_with_one_gradient():
    a, b = Model(2.0), Model(3.0)
    assert [a.slope(1.0), b.slope(1.0), a.slope(1.0)] == [4.0, 6.0, 4.0]
    of = grad(Model.loss, wrt=1)
    assert [of(a, 1.0), of(b, 1.0), of(a, 1.0)] == [4.0, 6.0, 4.0]


def test_static_and_class_methods():
    assert d(Model.static, 2.0) == 12.0
    assert d(Model(1.0).static, 2.0) == 12.0
    assert d(Model.of_class, 2.0) == 5.0
    assert Model.static_slope(2.0) == Model(1.0).static_slope(2.0) == 12.0
    assert Model.slope_static(2.0) == Model(1.0).slope_static(2.0) == 12.0
    if sys.version_info < (3, 13):  # from then on, a class method does not bind what it wraps
        assert Model.slope_class(2.0) == Model(1.0).slope_class(2.0) == 20.0
    else:
        with pytest.raises(AdjointError, match="`@grad` above `@classmethod`"):
            Model.slope_class(2.0)
    assert Model.class_slope(2.0) == Model(1.0).class_slope(2.0) == 20.0


def test_object_with_call():
    assert d(Model(2.0), 3.0) == 54.0
    assert d(Model(2.0).__call__, 3.0) == 54.0


def test_partial():
    assert d(functools.partial(lambda a, x: a * x * x, 2.0), 3.0) == 12.0
    by_name = functools.partial(with_many, b=2.0, k=3.0)
    assert d(by_name, 1.0) == 18.0
    assert d(by_name, 1.0, b=5.0) == 45.0
    assert grad(by_name, wrt="b")(1.0) == 9.0
    assert d(functools.partial(Model(2.0).loss), 3.0) == 12.0
    assert d(functools.partial(with_many, 1.0, *(2.0,), k=3.0, z=1.0), 4.0) == 12.0
    w = np.array([1.0, 2.0])
    of_array = grad(functools.partial(lambda w, x: np.sum(w * x), w))
    assert of_array(3.0) == 3.0
    w[0] = 5.0
    assert of_array(3.0) == 7.0
    with pytest.raises(AdjointError, match="`wrt` names `nothing`, and `with_many`"):
        grad(by_name, wrt="nothing")


def with_many(a, b, c=3.0, *, k=1.0, **more):
    return a * b * c * k * (len(more) + 1)


class Child(Model):
    def loss(self, x):
        return super().loss(x) + x


def test_super():
    assert d(Child(2.0).loss, 3.0) == 13.0


# --- lambdas --------------------------------------------------------------------------------------


def test_lambdas_on_one_line():
    f, g = lambda x: x * x, lambda x: x * x * x
    assert (d(f, 2.0), d(g, 2.0)) == (4.0, 12.0)
    f, g, h = lambda x: x + x, lambda x: x * x, lambda y: y * y * y
    assert (d(f, 2.0), d(g, 2.0), d(h, 2.0)) == (2.0, 4.0, 12.0)


def test_identical_lambdas_on_one_line():
    f, g = lambda x: x * x, lambda x: x * x
    assert (d(f, 2.0), d(g, 2.0)) == (4.0, 4.0)
    f, g = lambda x, y: x * y, lambda y, x: x * y
    assert (d(f, 2.0, 3.0), d(g, 2.0, 3.0)) == (3.0, 3.0)
    f, g = (lambda x, a=2.0: a * x), (lambda x, a=3.0: a * x)
    assert (d(f, 1.0), d(g, 1.0)) == (2.0, 3.0)
    f, g = lambda x: 2.0, lambda x: 3.0
    assert (value_and_grad(f)(1.0), value_and_grad(g)(1.0)) == ((2.0, 0.0), (3.0, 0.0))
    f, g = lambda x: x, lambda x: x
    assert (d(f, 1.0), d(g, 1.0)) == (1.0, 1.0)


def test_nested_lambdas_on_one_line():
    f = lambda x: (lambda y: y * y)(x) * x
    assert d(f, 2.0) == 12.0
    make = lambda a: lambda x: a * x * x
    assert d(make(3.0), 2.0) == 12.0
    assert d(lambda a: make(a)(2.0), 3.0) == 4.0
    make = lambda a: (lambda x: a * x, lambda x: a * x * x)
    assert d(lambda x: [lambda y: y, lambda y: y * x][1](x), 3.0) == 6.0
    assert [d(h, 2.0) for h in make(3.0)] == [3.0, 12.0]


def test_lambdas_in_a_call_over_lines():
    fs = list(
        map(grad, (lambda x: x * x, lambda x: x
                   * x * x, lambda x: 4.0 *
                   x))
    )
    assert [f(2.0) for f in fs] == [4.0, 12.0, 4.0]
    assert grad(
        lambda x:
            x * x
    )(3.0) == 6.0
    f = (lambda x:
         x * x); g = lambda x: x * x * x  # fmt: skip
    assert (d(f, 2.0), d(g, 2.0)) == (4.0, 12.0)


def with_default(x, f=lambda t: t * t, g=lambda t: t * t * t):
    return f(x) + g(x)


def test_lambdas_in_default_arguments():
    assert d(with_default, 2.0) == 16.0
    assert d(with_default.__defaults__[1], 2.0) == 12.0


def test_lambdas_in_displays():
    table = {"a": lambda x: x * x, "b": lambda x: x * x * x, "c": [lambda x: 5.0 * x, lambda x: 6.0 * x]}
    assert [d(f, 2.0) for f in (table["a"], table["b"], *table["c"])] == [4.0, 12.0, 5.0, 6.0]
    fs = [lambda x, k=k: x * k for k in (1.0, 2.0, 3.0)]
    assert [d(f, 2.0) for f in fs] == [1.0, 2.0, 3.0]
    late = [lambda x: x * k for k in (1.0, 2.0, 3.0)]
    assert [d(f, 2.0) for f in late] == [3.0, 3.0, 3.0]


def test_lambda_with_a_condition_and_a_walrus():
    assert d(lambda x: (y := x * x) * y if x > 0 else -x, 2.0) == 32.0
    assert d(lambda x: (y := x * x) * y if x > 0 else -x, -2.0) == -1.0


def test_lambda_after_non_ascii_text():
    f, é, g = lambda x: x * x, "é∂𝟏", lambda x: x * x * x
    assert (d(f, 2.0), d(g, 2.0)) == (4.0, 12.0)
    s, α = "∂∂∂", (lambda β: β * β, lambda β: 3.0 * β)
    assert [d(f, 2.0) for f in α] == [4.0, 3.0]


def test_lambda_and_def_on_the_line_of_a_decorator(load):
    m = load(
        """
        def pass_on(*fs): return lambda fun: (fun, *fs)
        @pass_on(lambda x: x * x, lambda x: 3.0 * x)
        def fun(x): return x * x * x
        @pass_on(lambda x: x * x, lambda x: 3.0 * x)
        def outer(y=lambda x: x * x * x * x): return y
        """
    )
    assert [d(f, 2.0) for f in m.fun] == [12.0, 4.0, 3.0]
    assert d(m.outer[0](), 2.0) == 32.0
    assert [d(f, 2.0) for f in m.outer[1:]] == [4.0, 3.0]


def test_functions_on_one_line(load):
    m = load(
        """
        def f(x): return x * x
        def g(x): return [lambda y: y * y, lambda y: y * x][0](x)
        if True: h = lambda x: x * x * x; k = lambda x: 2.0 * x
        class C: f = lambda self, x: x * x; g = lambda self, x: x * x * x
        """
    )
    assert (d(m.f, 2.0), d(m.g, 2.0), d(m.h, 2.0), d(m.k, 2.0)) == (4.0, 4.0, 12.0, 2.0)
    assert (d(m.C().f, 2.0), d(m.C().g, 2.0)) == (4.0, 12.0)


# --- decorated functions --------------------------------------------------------------------------


def logged(fun):
    @functools.wraps(fun)
    def wrapper(*args, **kwargs):
        return 2.0 * fun(*args, **kwargs)

    return wrapper


def plain(fun):
    def wrapper(x):
        return 3.0 * fun(x)

    return wrapper


def kept(fun):
    fun.kept = True
    return fun


@grad
@logged
def below(x):
    return x * x


@logged
@grad
def above(x):
    return x * x


@logged
@plain
@kept
def twice(x):
    return x * x


@grad(
    wrt="y",
)
@kept
def over_lines(
    x,
    y,  # a comment
):
    """A docstring."""
    return (
        x
        * y  # more
        * y
    )


def test_decorated():
    assert below(3.0) == 12.0
    assert above(3.0) == 12.0
    assert d(twice, 3.0) == 36.0
    assert over_lines(2.0, 3.0) == 12.0


def test_decorated_function_keeps_its_names():
    assert (over_lines.__name__, over_lines.__doc__, over_lines.__module__) == (
        "over_lines", "A docstring.", __name__,
    )


@functools.lru_cache
def cached(x):
    return x * x


def test_cached_function():
    with pytest.raises(SourceNotFound, match=r"Differentiate the function that it wraps: `cached.__wrapped__`"):
        grad(cached)
    assert d(cached.__wrapped__, 3.0) == 6.0


# --- closures -------------------------------------------------------------------------------------


def test_cells_are_read_when_the_gradient_runs():
    rate = 2.0

    def f(x):
        return rate * x * x

    g = grad(f)
    assert g(1.0) == 4.0
    rate = 3.0
    assert g(1.0) == 6.0
    rate = np.array([1.0, 2.0])
    with pytest.raises(AdjointError):
        g(1.0)
    rate = 4
    assert g(1.0) == 8.0

    def set_rate(value):
        nonlocal rate
        rate = value

    set_rate(5.0)
    assert g(1.0) == 10.0


def test_functions_in_cells():
    act = lambda t: t * t

    def f(x):
        return act(x)

    g = grad(f)
    assert g(3.0) == 6.0
    act = lambda t: t * t * t
    assert g(3.0) == 27.0
    act = math.sin
    assert g(0.0) == 1.0


def test_nested_functions():
    def outer(a):
        def middle(b):
            def inner(x):
                return a * b * x * x

            return inner

        return middle

    assert d(outer(2.0)(3.0), 1.0) == 12.0


def test_recursive_closure():
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    assert d(power, 2.0, 3) == 12.0


def test_cell_that_is_empty():
    def f(x):
        return x * later

    if False:
        later = 1.0
    with pytest.raises((NameError, AdjointError)):
        d(f, 1.0)
    later = 2.0
    assert d(f, 1.0) == 2.0


# --- parameters -----------------------------------------------------------------------------------


def test_parameters():
    def defaults(x, y=2.0, *, z=3.0):
        return x * y * z

    assert grad(defaults)(1.0) == 6.0
    assert grad(defaults)(1.0, 5.0) == 15.0
    assert grad(defaults)(1.0, z=1.0) == 2.0
    assert grad(defaults, wrt="z")(1.0) == 2.0
    assert grad(defaults, wrt=("z", "x"))(2.0, y=7.0) == (14.0, 21.0)
    assert grad(defaults, wrt=-1)(2.0, z=1.0, y=7.0) == 14.0

    def positional(x, /, y, *, k):
        return x * y * k

    assert grad(positional)(1.0, 2.0, k=3.0) == 6.0
    assert grad(positional)(1.0, y=2.0, k=3.0) == 6.0
    with pytest.raises(TypeError):
        grad(positional)(x=1.0, y=2.0, k=3.0)

    def star(*xs):
        return xs[0] * xs[1] + xs[-1]

    assert grad(star)(2.0, 3.0, 4.0) == 3.0
    assert grad(star, wrt=2)(2.0, 3.0, 4.0) == 1.0
    assert grad(star, wrt="xs")(2.0, 3.0, 4.0) == (3.0, 2.0, 1.0)
    assert grad(star, wrt="xs")(2.0, 3.0) == (3.0, 3.0)

    def named(**ks):
        return ks["a"] * ks["b"]

    assert grad(named)(a=2.0, b=3.0) == {"a": 3.0, "b": 2.0}
    assert grad(named)(b=3.0, a=2.0) == {"a": 3.0, "b": 2.0}

    def everything(a, /, b, *rest, c=1.0, **more):
        return a * b * c + rest[0] * more["e"]

    assert grad(everything, wrt=("rest", "more", "c"))(1.0, 2.0, 3.0, c=4.0, e=5.0) == ((5.0,), {"e": 3.0}, 2.0)


def test_star_arguments_with_none_given():
    def f(x, *rest, **more):
        for r in rest:
            x = x * r
        return x

    assert grad(f)(2.0) == 1.0
    assert grad(f)(2.0, 3.0, 4.0) == 12.0
    assert grad(f)(2.0, 3.0, key=1) == 3.0


def test_annotated_parameters(load):
    text = """
        {}
        import numpy as np
        def f(x: float, y: "np.ndarray", *args: int, z: float = 2.0, **kw: Missing) -> float:
            t: float = x * z
            u: float
            u = t * t
            return np.sum(y * u)
    """
    m = load(text.format("from __future__ import annotations"))
    assert grad(m.f)(1.0, np.ones(2)) == 16.0
    m = load(text.format("Missing = object"))
    assert grad(m.f)(1.0, np.ones(2)) == 16.0
    assert "y" in grad(m.f).source


def test_default_that_is_an_array():
    def f(x, w=np.array([1.0, 2.0]), *, table={"a": 2.0}, flag=None):
        return np.sum(x * w) * table["a"]

    assert grad(f)(1.0) == 6.0
    assert np.array_equal(grad(f, wrt="w")(1.0), [2.0, 2.0])
    assert grad(f)(1.0, np.array([1.0])) == 2.0


# --- text -----------------------------------------------------------------------------------------


def test_odd_text(load):
    m = load(
        '''
        def f(x):
            """A docstring
        at no indentation, with a lambda x: x in it
                and much.
            """
            text = """
        def f(x):
            return x
        """
            # a comment at an odd place
        # and another
            y = x * \\
                x

            z = (x +
        y)
            if len(text) > 3: return z * \\
        y
            return z


        class A:
                def deep(self, x):
                  if x > 0:
                            return x * x
                  else:
                     return x
        '''
    )
    assert d(m.f, 2.0) == 4 * 8.0 + 3 * 4.0
    assert d(m.A().deep, 2.0) == 4.0


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newlines(load, newline):
    lines = ["import math", "def f(x):", "    '''A", "    docstring.'''", "    y = x \\", "        * x", "    return y"]
    lines += ["", "f2, f3 = (lambda x: x * x,", "  lambda x: x * x * x)", ""]
    m = load(newline.join(lines).encode())
    assert (d(m.f, 3.0), d(m.f2, 2.0), d(m.f3, 2.0)) == (6.0, 4.0, 12.0)


def test_tabs(load):
    m = load(
        b"class A:\n\tdef f(self, x):\n\t\tif x > 0:\n\t\t\treturn x * x\n"
        b"\t\treturn [lambda y: y, lambda y:\ty * y][1](x)\n"
    )
    assert (d(m.A().f, 3.0), d(m.A().f, -3.0)) == (6.0, -6.0)


def test_form_feeds(load):
    m = load(
        b"x = 1\n\x0c\ndef f(x):\n    y = x * x\n\x0c\n    return y\n\x0c\n"
        b"g, h = lambda x: x * x, lambda x: 3.0 * x\n\x0cdef k(x):\n    return x * x\n"
    )
    assert (d(m.f, 3.0), d(m.g, 2.0), d(m.h, 2.0), d(m.k, 2.0)) == (6.0, 4.0, 3.0, 4.0)


def test_odd_characters_that_are_no_newlines(load):
    m = load(
        "a = '\x0b \x1c \x85 \u2028 \u2029'\ndef f(x):\n    b = '\u2028'\n    return x * x\n"
        "g, h = lambda x: x * x, lambda x: 3.0 * x\n".encode()
    )
    assert (d(m.f, 3.0), d(m.g, 2.0), d(m.h, 2.0)) == (6.0, 4.0, 3.0)


def test_byte_order_mark(load):
    m = load(b"\xef\xbb\xbfdef f(x): return x * x\ng, h = lambda x: x * x, lambda x: 3.0 * x\n")
    assert (d(m.f, 3.0), d(m.g, 2.0), d(m.h, 2.0)) == (6.0, 4.0, 3.0)
    m = load(b"\xef\xbb\xbfg, h = lambda x: x * x, lambda x: 3.0 * x\n")
    assert (d(m.g, 2.0), d(m.h, 2.0)) == (4.0, 3.0)


def test_coding_cookie(load):
    text = "# -*- coding: latin-1 -*-\né, g, h = 'äöü', lambda ä: ä * ä, lambda ä: 3.0 * ä\n"
    text += "def f(ö):\n    ü = ö * é2\n    return ü\né2 = 2.0\n"
    m = load(text.encode("latin-1"))
    assert (d(m.f, 3.0), d(m.g, 2.0), d(m.h, 2.0)) == (2.0, 4.0, 3.0)
    assert "ö" in grad(m.f).source


def test_non_ascii_names():
    def f(α, β=2.0, *, ñandú=1.0):
        δ = α * α  # ∂
        return δ * β * ñandú

    assert grad(f)(3.0) == 12.0
    assert "δ" in grad(f).source or "α" in grad(f).source


def test_names_are_normalised():
    def f(ﬁx):  # the ligature: Python reads `fix`
        return ﬁx * fix

    assert grad(f)(3.0) == 6.0


def test_class_in_a_function():
    def make(scale):
        class Inner:
            factor = 3.0

            def f(self, x):
                return self.factor * scale * x

            class Deeper:
                @staticmethod
                def g(x):
                    return scale * x * x

        return Inner

    assert d(make(2.0)().f, 1.0) == 6.0
    assert d(make(2.0).Deeper.g, 1.0) == 4.0


def test_private_names():
    class Account:
        __rate = 2.0

        def __init__(self):
            self.__level = 3.0

        def f(self, x):
            return self.__level * x * self.__rate

        def __g(self, x):
            return x * x

        def h(self, x):
            return self.__g(x)

    assert d(Account().f, 1.0) == 6.0
    assert d(Account().h, 3.0) == 6.0


def test_conditional_definitions(load):
    m = load(
        """
        import sys
        if sys.version_info < (3, 0):
            def f(x):
                return x
        else:
            def f(x):
                return x * x
        try:
            def g(x): return x * x
        except Exception:
            def g(x): return x
        first = g
        def g(x): return x * x * x
        for k in (1.0, 2.0):
            def g(x, k=k): return k * x
        """
    )
    assert (d(m.f, 2.0), d(m.first, 2.0), d(m.g, 2.0)) == (4.0, 4.0, 2.0)


def test_functions_that_do_not_return_numbers():
    async def coroutine(x):
        return x

    def generator(x):
        yield x

    async def both(x):
        yield x

    for fun, word in ((coroutine, "coroutine"), (generator, "generator"), (both, "asynchronous generator")):
        with pytest.raises(Unsupported, match=word) as caught:
            grad(fun)
        assert caught.value.spot is not None
        assert fun.__name__ in str(caught.value)


def test_async_functions_elsewhere_in_the_file_do_not_matter(load):
    m = load(
        """
        async def a():
            async with b() as c:
                return [d async for d in c]
        def f(x): return x * x
        async def outer():
            def inner(x): return x * x * x
            return inner
        """
    )
    assert d(m.f, 2.0) == 4.0


NO_FUNCTIONS = [math.sin, np.sin, len, np.dot, int, np.ndarray.sum, "text", 3]


@pytest.mark.parametrize("fun", NO_FUNCTIONS, ids=lambda f: getattr(f, "__name__", str(f)))
def test_no_python_function(fun):
    with pytest.raises(AdjointError, match="source"):
        grad(fun)


# --- a REPL, notebooks, doctests ------------------------------------------------------------------


def registered(text, filename, namespace=None):
    """What IPython, doctest and others do: run text, and leave it in `linecache`."""
    space = {"__name__": "__main__", **(namespace or {})}
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), space)
    return types.SimpleNamespace(**space)


def test_exec_with_registered_text():
    for filename in ("<ipython-input-3-0123456789ab>", "/tmp/ipykernel_12/3456.py", "<cell 3>", "<doctest a.b[1]>"):
        m = registered("def f(x):\n    return x * x\ng, h = lambda x: x * x, lambda x: 3.0 * x\n", filename)
        assert (d(m.f, 3.0), d(m.g, 2.0), d(m.h, 2.0)) == (6.0, 4.0, 3.0)


def test_cell_run_twice_with_other_text():
    name = "<ipython-input-7-f00>"
    old = registered("def f(x):\n    return x * x\n", name).f
    new = registered("def f(x):\n    return x * x * x\n", name).f
    assert d(new, 2.0) == 12.0
    with pytest.raises(SourceNotFound):
        d(old, 2.0)


def test_magic_lines_do_not_matter():
    """IPython registers the transformed text, `get_ipython()` in place of magics."""
    text = "get_ipython = lambda: print\nget_ipython()('x')\ndef f(x):\n    return x * x\n"
    assert d(registered(text, "<ipython-input-8-f00>").f, 2.0) == 4.0


def test_exec_without_text():
    space = {}
    exec("def f(x):\n    return x * x\n", space)
    with pytest.raises(SourceNotFound) as caught:
        d(space["f"], 2.0)
    assert "`f`" in str(caught.value)
    assert "linecache" in str(caught.value)


def test_exec_under_the_name_of_another_file():
    """The text found is not what is running."""
    space = {}
    exec(compile("def f(x):\n    return x * x\n", __file__, "exec"), space)
    with pytest.raises(SourceNotFound):
        d(space["f"], 2.0)
    above = "\n" * (square.__code__.co_firstlineno - 1)
    exec(compile(above + "def square(x):\n    return x * 2.0\n", __file__, "exec"), space)
    with pytest.raises(SourceNotFound, match="not what is running"):
        d(space["square"], 2.0)


def test_ipython_cell():
    pytest.importorskip("IPython")
    script = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("from adjoint import grad\\n%time x = 1\\n@grad\\ndef f(x):\\n    return x * x\\nprint(f(3.0))")
shell.run_cell("print(grad(lambda x: x * x * x)(2.0), (lambda f: grad(f)(5.0))(lambda x: x * x))")
"""
    done = python("-c", script)
    assert "6.0" in done.stdout, done.stdout + done.stderr
    assert "12.0 10.0" in done.stdout, done.stdout + done.stderr


def test_doctest(tmp_path):
    (tmp_path / "m.py").write_text('''\
"""
>>> from adjoint import grad
>>> @grad
... def f(x):
...     return x * x
>>> f(3.0)
6.0
>>> grad(lambda x: x * x * x)(2.0)
12.0
>>> def later(x):
...     return f.primal(x) * x
>>> grad(later)(2.0)
12.0
"""
''')
    done = python("-m", "doctest", "m.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


TYPED = "from adjoint import grad\ndef f(x):\n    return x * x\n\nprint('got', grad(f)(3.0))\n"
TYPED += "print('twice', grad(lambda x: x * x)(3.0))\n"


def test_python_c():
    done = python("-c", TYPED.replace("\n\n", "\n"))
    if sys.version_info >= (3, 13):
        assert "got 6.0" in done.stdout, done.stderr
    else:
        assert "SourceNotFound: The source of `f` is not available (<string>)" in done.stderr


def test_python_interactive():
    done = python("-i", "-q", stdin=TYPED, env={"PYTHON_BASIC_REPL": "1"})
    if "got 6.0" not in done.stdout:
        assert "SourceNotFound: The source of `f` is not available (<" in done.stderr


def test_main_script(tmp_path):
    (tmp_path / "run.py").write_text(TYPED)
    assert python("run.py", cwd=tmp_path).stdout == "got 6.0\ntwice 6.0\n"
    os.chdir(ROOT)
    assert python(str(tmp_path / "run.py")).stdout == "got 6.0\ntwice 6.0\n"


def test_script_that_changes_directory(tmp_path):
    (tmp_path / "run.py").write_text("import os\nos.chdir('/')\n" + TYPED)
    assert python("run.py", cwd=tmp_path).stdout == "got 6.0\ntwice 6.0\n"


def test_package_in_a_zip(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as z:
        z.writestr("zipped_user.py", "def f(x):\n    return x * x\n")
    script = "import sys; sys.path.insert(0, 'lib.zip')\n"
    script += "import zipped_user; from adjoint import grad; print(grad(zipped_user.f)(3.0))"
    done = python("-c", script, cwd=tmp_path)
    assert done.stdout == "6.0\n", done.stderr


def test_pickled_functions():
    import pickle

    assert d(pickle.loads(pickle.dumps(square)), 3.0) == 6.0
    cloudpickle = pytest.importorskip("cloudpickle")
    f = lambda x: x * x
    assert d(cloudpickle.loads(cloudpickle.dumps(f)), 3.0) == 6.0
    sent = cloudpickle.dumps(registered("def f(x):\n    return x * x\n", "<ipython-input-9-f00>").f)
    del linecache.cache["<ipython-input-9-f00>"]
    with pytest.raises(SourceNotFound, match="not available"):
        d(cloudpickle.loads(sent), 3.0)


# --- text that changed ----------------------------------------------------------------------------


BEFORE = "def f(x):\n    return x * x\n\ndef g(x):\n    return 3.0 * x\n"


@pytest.mark.parametrize(
    "after",
    [
        "def f(x):\n    return x * x * x\n",
        "def f(x):\n    return x + x\n",
        "def f(x):\n    return x * y\n",
        "def f(y):\n    return y * x\n",
        "def f(x, y=1.0):\n    return x * x\n",
        "# new\ndef f(x):\n    return x * x\n",
        "\n\ndef f(x):\n    return x * x\n",
        "def g(x):\n    return x * x\n",
        "",
        "f = lambda x: x * x\n",
        "def f(x:\n",
        "def f(x):\n    return x * x * 'unfinished\n",
        "def f(x):\n    assert x > 0\n    return x * x * x\n",
        "def f(x):\n    def h(y):\n        return y * y\n    return h(x)\n",
    ],
)
def test_changed_text_is_refused(tmp_path, after):
    path = tmp_path / f"changing_{next(_count)}.py"
    path.write_text(BEFORE)
    m = load_file(path)
    path.write_text(after)
    with pytest.raises(SourceNotFound) as caught:
        d(m.f, 3.0)
    assert "has changed" in str(caught.value)


def test_changed_inside_a_nested_function(tmp_path):
    text = "def f(x):\n    def h(y):\n        return y * {}\n    return h(x) * (lambda z: z * 2.0)(x)\n"
    path = tmp_path / f"changing_{next(_count)}.py"
    path.write_text(text.format("2.0"))
    m = load_file(path)
    path.write_text(text.format("5.0"))
    with pytest.raises(SourceNotFound, match="has changed"):
        d(m.f, 3.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x * 1.0", "x * 1"), ("x * 0.0", "x * -0.0"), ("x * (1 == True)", "x * (1 == 1)"),
        ("x * u", "x * v"), ("f.a(x)", "f.b(x)"), ("x * 2", "x * 3"), ("x if x > 1 else u", "x if x > 1 else v"),
        ("x < 1", "x > 1"), ("(x, 1)", "(x, 2)"), ("x[1:2]", "x[1:3]"), ("h(x, a=1)", "h(x, b=1)"), ("x + u", "x - u"),
        ("(lambda y: y + 1)(x)", "(lambda y: y + 2)(x)"), ("x in {1, 2}", "x in {1, 3}"),
        ("[y for y in x if y > 1]", "[y for y in x if y > 2]"), ("f'{x}a'", "f'{x}b'"),
    ],
)
def test_small_changes_are_seen(tmp_path, before, after):
    text = "u = v = 1.0\ndef f(x):\n    return {}\n"
    path = tmp_path / f"changing_{next(_count)}.py"
    path.write_text(text.format(before))
    m = load_file(path)
    read(m.f)
    path.write_text(text.format(after))
    with pytest.raises(SourceNotFound, match="has changed"):
        read(m.f)


def test_changed_within_one_second_and_of_one_length(tmp_path):
    path = tmp_path / f"changing_{next(_count)}.py"
    path.write_text(BEFORE)
    m = load_file(path)
    assert d(m.f, 3.0) == 6.0
    stat = path.stat()
    path.write_text(BEFORE.replace("x * x", "x + x"))
    os.utime(path, (stat.st_atime, stat.st_mtime))
    # neither size nor time tell: the text read before is still what runs, and the answer is right
    assert grad(m.f)(3.0) == 6.0


@pytest.mark.parametrize(
    "after",
    [
        BEFORE, BEFORE + "\n# more\n\ndef h(x):\n    return x\n",
        BEFORE.replace("\n    return x * x", "\n    return  x*x  # note"),
        BEFORE.replace("3.0", "4.0"), BEFORE.replace("\n", "\r\n"),
    ],
)
def test_harmless_changes(tmp_path, after):
    path = tmp_path / f"touched_{next(_count)}.py"
    path.write_text(BEFORE)
    m = load_file(path)
    path.write_bytes(after.encode())
    os.utime(path, (1e9, 1e9))
    assert d(m.f, 3.0) == 6.0


def test_file_that_is_gone(tmp_path):
    path = tmp_path / f"gone_{next(_count)}.py"
    path.write_text(BEFORE)
    m = load_file(path)
    path.unlink()
    linecache.checkcache(str(path))
    with pytest.raises(SourceNotFound, match="not available"):
        d(m.f, 3.0)


def test_a_gradient_that_is_built_stays(tmp_path):
    path = tmp_path / f"kept_{next(_count)}.py"
    path.write_text(BEFORE)
    m = load_file(path)
    g = grad(m.f)
    assert g(3.0) == 6.0
    path.write_text("")
    assert g(4.0) == 8.0


def test_reloaded_module(tmp_path, monkeypatch):
    import importlib

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "reloaded_user.py"
    path.write_text(BEFORE)
    m = importlib.import_module("reloaded_user")
    assert d(m.f, 3.0) == 6.0
    path.write_text(BEFORE.replace("x * x", "x * x * x"))
    importlib.reload(m)
    assert d(m.f, 3.0) == 27.0


def with_assert(x):
    assert x > 0, "positive"
    y = x * x
    assert y > 0
    return y


def test_asserts_that_pytest_rewrites():
    assert d(with_assert, 3.0) == 6.0


def test_asserts_elsewhere_in_the_function():
    def f(x):
        assert isinstance(x, float)

        def g(y):
            assert y != 1
            return y * y

        return g(x)

    assert d(f, 3.0) == 6.0


def test_function_with_an_assert_that_changed(tmp_path):
    text = "def f(x):\n    assert x > 0\n    return x * {}\n"
    path = tmp_path / f"asserts_{next(_count)}.py"
    path.write_text(text.format("2.0"))
    m = load_file(path)
    path.write_text(text.format("3.0"))
    with pytest.raises(SourceNotFound, match="has changed"):
        d(m.f, 3.0)


@pytest.mark.parametrize("after", ["x * 3.0", "y * 2.0", "x + 2.0", "g(x) * 2.0", "x * 2.0 * x"])
def test_function_whose_asserts_were_rewritten(after):
    """Not the assert itself: it is another after the rewriting.  All else is compared."""
    import ast

    from _pytest.assertion.rewrite import rewrite_asserts

    text = (
        "def f(x):\n    y = 1.0\n    assert x > 0 and y in (1.0, 2.0), f'no {{x}}'\n    if x > 2.0:\n"
        "        assert x != 7\n        y = x\n    g = lambda z: z * 2.0\n    return {}\n"
    )
    file = f"<rewritten {next(_count)}>"
    tree = ast.parse(text.format("x * 2.0"))
    rewrite_asserts(tree, text.format("x * 2.0").encode())
    space = {"__name__": "__main__"}
    exec(compile(tree, file, "exec"), space)
    for now, same in (("x * 2.0", True), (after, False)):
        lines = text.format(now).splitlines(keepends=True)
        linecache.cache[file] = (1, None, lines, file)
        if same:
            assert d(space["f"], 3.0) == 2.0
        else:
            with pytest.raises(SourceNotFound, match="has changed"):
                d(space["f"], 3.0)


def test_lambdas_that_changed_places():
    name = "<ipython-input-10-f00>"
    m = registered("f, g = lambda x: x * x, lambda x: x + x\n", name)
    registered("f, g = lambda x: x + x, lambda x: x * x\n", name)
    with pytest.raises(SourceNotFound, match="has changed"):
        d(m.f, 3.0)


def test_text_under_a_future_statement_that_stands_elsewhere():
    """A cell of a notebook in which an earlier cell said `from __future__ import annotations`."""
    import __future__

    text = "def f(x):\n    def g(y: Missing) -> Missing:\n        return y * y\n    return g(x)\n"
    name = "<ipython-input-11-f00>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {}
    exec(compile(text, name, "exec", flags=__future__.annotations.compiler_flag), space)
    assert d(space["f"], 3.0) == 6.0


def test_warnings_about_the_text_are_not_repeated(load, recwarn):
    text = "def f(x):\n    s = '\\d'\n    if x is 3:\n        pass\n    return x * x\n"
    m = load(text)
    recwarn.clear()
    assert d(m.f, 3.0) == 6.0
    assert not recwarn.list


def test_sets_of_strings(tmp_path):
    """The constants of a function from a .pyc of another process are in another order."""
    (tmp_path / "sets.py").write_text(
        "def f(x, k):\n    return x * x if k in {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'} else x\n"
    )
    script = "import sets; from adjoint import grad; print(grad(sets.f)(3.0, 'e'))"
    for seed in ("1", "2", "3"):
        done = python("-c", script, cwd=tmp_path, env={"PYTHONHASHSEED": seed})
        assert done.stdout == "6.0\n", done.stderr


def test_without_columns(tmp_path):
    (tmp_path / "m.py").write_text(
        "from adjoint import grad\nf = lambda x: x * x\ng, h = lambda x: x * x, lambda x: x\n"
        "a = 4.0\ndef make(k): return lambda x: x * k, lambda x: x * k * k, lambda x: a * x, lambda x: 1.0\n"
        "print([grad(h)(3.0) for h in (f, g, h, *make(5.0))])\n"
    )
    done = python("-X", "no_debug_ranges", "m.py", cwd=tmp_path)
    assert done.stdout == "[6.0, 6.0, 1.0, 5.0, 25.0, 4.0, 0.0]\n", done.stderr


def test_optimised_python(tmp_path):
    (tmp_path / "m.py").write_text(
        "from adjoint import grad\n@grad\ndef f(x):\n    'doc'\n    assert x > 0\n    return x * x\n"
        "@grad\ndef g(x):\n    'doc'\n    if __debug__:\n        x = x * 1.0\n    return x * x\nprint(f(3.0), g(3.0))\n"
    )
    for flag in ("-O", "-OO"):
        done = python(flag, "m.py", cwd=tmp_path)
        assert done.stdout == "6.0 6.0\n", done.stderr
