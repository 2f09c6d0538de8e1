"""scipy.integrate: integrals over several variables, said as SciPy computes them: `quad` of `quad`.

    dblquad(f, a, b, g, h)      ->      quad(lambda x: quad(lambda y: f(y, x), g(x), h(x))[0], a, b)

A call of one is lowered as a call of the function here.
"""

from scipy import integrate

from adjoint.rules.functional import unsupported
from adjoint.rules.registry import written_as


def limit_at(limit, *where):
    return limit(*where) if callable(limit) else limit


def dblquad(func, a, b, gfun, hfun, args=(), epsabs=1.49e-8, epsrel=1.49e-8):
    """The estimate of the error is that of the outer integral."""

    def inner(x):
        low, high = limit_at(gfun, x), limit_at(hfun, x)
        return integrate.quad(lambda y: func(y, x, *args), low, high, epsabs=epsabs, epsrel=epsrel)[0]

    return integrate.quad(inner, a, b, epsabs=epsabs, epsrel=epsrel)


def tplquad(func, a, b, gfun, hfun, qfun, rfun, args=(), epsabs=1.49e-8, epsrel=1.49e-8):
    """The estimate of the error is that of the outermost integral."""

    def innermost(y, x):
        low, high = limit_at(qfun, x, y), limit_at(rfun, x, y)
        return integrate.quad(lambda z: func(z, y, x, *args), low, high, epsabs=epsabs, epsrel=epsrel)[0]

    return dblquad(innermost, a, b, gfun, hfun, (), epsabs, epsrel)


def nquad(func, ranges, args=None, opts=None, full_output=False):
    """The first variable is that of the innermost integral; its limits may depend on those after it."""
    unsupported(full_output, "scipy.integrate.nquad with full_output=")
    unsupported(opts is not None, "scipy.integrate.nquad with opts=")
    return outermost(func, ranges, () if args is None else args, ())


def outermost(func, ranges, args, outer):
    """The integral over the variables of `ranges`, those after them being given."""
    limits = ranges[-1](*outer, *args) if callable(ranges[-1]) else ranges[-1]
    if len(ranges) == 1:
        return integrate.quad(lambda x: func(x, *outer, *args), limits[0], limits[1])
    return integrate.quad(lambda x: outermost(func, ranges[:-1], args, (x, *outer))[0], limits[0], limits[1])


written_as(integrate.dblquad, dblquad)
written_as(integrate.tplquad, tplquad)
written_as(integrate.nquad, nquad)
