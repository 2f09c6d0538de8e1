"""Functions that use SciPy, through `grad` and checked against differences; and SciPy stays optional."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

pytest.importorskip("scipy")

import scipy.special
import scipy.special as sp
from scipy.special import expit, gammaln

from adjoint import Unsupported, check_grads, grad

X = np.array([0.3, 0.7])


def run(program):
    """The output of a program in a process of its own."""
    text = textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_adjoint_does_not_import_scipy():
    assert run("import adjoint, sys; print(any(m.startswith('scipy') for m in sys.modules))") == "False"


def test_a_gradient_without_scipy_does_not_import_it(tmp_path):
    (tmp_path / "f.py").write_text("import math\ndef f(x):\n    return math.gamma(x)\n")
    program = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import adjoint, f
        adjoint.grad(f.f)(1.5)
        print(any(m.startswith(("scipy", "adjoint.rules.scipy")) for m in sys.modules))
    """
    assert run(program) == "False"


@pytest.mark.parametrize("order", ["import adjoint, f", "import f, adjoint"])
def test_rules_are_read_when_scipy_has_been_imported(tmp_path, order):
    (tmp_path / "f.py").write_text("from scipy.special import expit\ndef f(x):\n    return expit(x)\n")
    program = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        {order}
        print(adjoint.grad(f.f)(0.0), "adjoint.rules.scipy.special" in sys.modules)
    """
    assert run(program) == "0.25 True"


def test_a_rule_of_the_user_counts(tmp_path):
    program = """
        import adjoint, scipy.special, numpy as np
        adjoint.elementwise(scipy.special.expit, lambda z, x: 7.0)
        from adjoint.rules.registry import lookup
        print(lookup(scipy.special.expit).partials[0](0.0, 0.0))
    """
    assert run(program) == "7.0"


# ── scipy.special ────────────────────────────────────────────────────────────────────────────────


def by_any_name(x):
    return np.sum(expit(x) * gammaln(x) + sp.expit(x) * scipy.special.expit(x))


def several_results(x, a):
    s, c = sp.fresnel(x)
    return np.sum(s * c) + np.sum(sp.airy(x)[0]) + sp.jv(a, 2.0) + sp.sici(a)[1]


def with_keywords(a, x):
    return np.sum(sp.spherical_jn(2, x, derivative=True)) + sp.jvp(1, a, n=2) + sp.lambertw(a, k=0).real + sp.zeta(a + 1.0)


def of_parameters(a, x):
    return np.sum(sp.betainc(a, 2.0, x) + sp.gammaincinv(a, x)) + sp.logsumexp(a * x, b=x)


def softmax_loss(x):
    return -sp.log_softmax(x)[0] + np.max(sp.softmax(x))


@pytest.mark.parametrize(
    ("f", "args"),
    [(by_any_name, (X,)), (by_any_name, (0.4,)), (several_results, (X, 1.3)), (with_keywords, (1.3, X)),
     (of_parameters, (1.3, X)), (softmax_loss, (X,))],
)  # fmt: skip
def test_special(f, args):
    check_grads(f, args)


def test_no_derivative_by_an_integer_order():
    with pytest.raises(Unsupported, match="argument 1: it is an integer"):
        grad(lambda n: sp.yn(n, 2.0))(2.0)
