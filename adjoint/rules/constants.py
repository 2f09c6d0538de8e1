"""Functions whose derivative is zero wherever it exists, by reason; and those that draw random numbers.

A constant function ends the path of a derivative: nothing is recorded for it.  `sign` is not here,
since that of a complex number is not constant (ufuncs.py).
"""

import builtins
import math
import operator
import random

import numpy as np

from adjoint.rules.registry import RULES, Rule, constant, jvp_rule, vjp_rule

constant(
    np.floor, np.ceil, np.trunc, np.rint, np.fix, np.round, np.around, np.ndarray.round, np.floor_divide, np.spacing,
    operator.floordiv, math.floor, math.ceil, math.trunc, math.ulp, builtins.round, int, operator.index,
    why="piecewise constant",
)  # fmt: skip

constant(
    operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge, operator.not_, operator.truth,
    operator.is_, operator.is_not, operator.contains, bool, isinstance, callable, hasattr, any, all, id, hash,
    np.less, np.less_equal, np.equal, np.not_equal, np.greater, np.greater_equal, np.isclose, np.allclose,
    np.array_equal, np.array_equiv, np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.all, np.any, np.ndarray.all, np.ndarray.any, np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf,
    np.signbit, np.isin, np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isscalar, np.iterable,
    math.isnan, math.isinf, math.isfinite, math.isclose,
    why="true or false",
)  # fmt: skip

constant(
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.searchsorted,
    np.digitize, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.ndarray.argmax, np.ndarray.argmin,
    np.ndarray.argsort, np.ndarray.argpartition, np.ndarray.nonzero, np.ndarray.searchsorted,
    np.unravel_index, np.ndindex, np.ravel_multi_index, np.indices, np.ix_, np.diag_indices, np.diag_indices_from,
    np.tril_indices, np.triu_indices, np.tril_indices_from, np.triu_indices_from, np.mask_indices,
    np.linalg.matrix_rank,
    why="an index or a count",
)  # fmt: skip

constant(
    np.shape, np.ndim, np.size, len, range, slice, type, np.result_type, np.promote_types, np.can_cast,
    np.broadcast_shapes, np.finfo, np.iinfo, np.dtype, np.common_type, np.min_scalar_type, np.shares_memory,
    np.may_share_memory, np.issubdtype,
    why="depends on shape and dtype only",
)  # fmt: skip

constant(
    np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri, np.arange,
    np.bartlett, np.blackman, np.hamming, np.hanning, np.kaiser, np.fft.fftfreq, np.fft.rfftfreq,
    np.polynomial.legendre.leggauss, np.polynomial.hermite.hermgauss, np.polynomial.chebyshev.chebgauss,
    why="does not read its argument's values",
)  # fmt: skip

constant(
    operator.and_, operator.or_, operator.xor, operator.invert, operator.lshift, operator.rshift,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm,
    np.packbits, np.unpackbits, math.gcd, math.lcm, math.factorial, math.comb, math.perm, math.isqrt,
    ord, chr, str, repr, format, bin, hex, oct, ascii,
    np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_,
    np.bitwise_count,
    why="integers or text",
)  # fmt: skip

# ── what dummies cannot tell ─────────────────────────────────────────────────────────────────────
# `infer` applies a function to arrays of ones and looks at the result.  Where the shape of a result, or
# whether it is complex, depends on the values of the arguments, that tells nothing.

SHAPE_BY_VALUE = frozenset({
    np.nonzero, np.flatnonzero, np.argwhere, np.ndarray.nonzero, np.compress, np.ndarray.compress, np.extract,
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values, np.union1d, np.setxor1d,
    np.intersect1d, np.setdiff1d, np.trim_zeros, np.bincount, np.mask_indices, np.delete, np.linalg.lstsq,
    np.roots, np.poly, np.polymul, np.polydiv,
})  # fmt: skip
DTYPE_BY_VALUE = frozenset({np.linalg.eig, np.linalg.eigvals, np.roots, np.poly, np.real_if_close})

# ── random numbers ───────────────────────────────────────────────────────────────────────────────
# A draw is an effect: it happens once, in its place.  Draws whose parameters are sizes or integers are
# constant.  Those of a location-scale family follow their parameters (the draw of the standard
# distribution held fixed).  Any other with a parameter that carries a derivative is refused: it has no rule.

_SOURCES = (np.random, np.random.Generator, np.random.RandomState)


def methods(*names):
    """The functions of these names in np.random, Generator and RandomState."""
    return [getattr(source, name) for source in _SOURCES for name in names if hasattr(source, name)]


constant(
    *methods(
        "random", "rand", "randn", "randint", "random_sample", "random_integers", "ranf", "sample", "standard_normal",
        "standard_exponential", "standard_cauchy", "integers", "bytes", "permuted", "tomaxint", "seed", "default_rng",
        "spawn", "get_state", "set_state",
    ),
    random.random, random.randint, random.randrange, random.getrandbits, random.seed, random.randbytes,
    why="a random draw without parameters", pure=False,
)  # fmt: skip

for _draw in (
    *methods(
        "beta", "binomial", "chisquare", "choice", "dirichlet", "f", "gamma", "geometric", "gumbel", "hypergeometric",
        "laplace", "logistic", "lognormal", "logseries", "multinomial", "multivariate_normal", "negative_binomial",
        "noncentral_chisquare", "noncentral_f", "pareto", "permutation", "poisson", "power", "rayleigh", "shuffle",
        "standard_gamma", "standard_t", "triangular", "vonmises", "wald", "weibull", "zipf",
        "normal", "uniform", "exponential",
    ),
    random.choice, random.choices, random.sample, random.shuffle, random.betavariate, random.gammavariate,
    random.lognormvariate, random.paretovariate, random.triangular, random.vonmisesvariate, random.weibullvariate,
    random.gauss, random.normalvariate, random.uniform, random.expovariate,
):  # fmt: skip
    RULES[_draw] = Rule(_draw, pure=False, where="rules/constants.py", refused=(
        "How a draw depends on its parameters is not known: draw from a standard distribution, and scale and shift that."
    ))  # fmt: skip


@vjp_rule(np.random.normal)
def normal(g, z, loc=0.0, scale=1.0, size=None):
    return g, g * ((z - loc) / scale)


@vjp_rule(np.random.uniform)
def uniform(g, z, low=0.0, high=1.0, size=None):
    share = (z - low) / (high - low)
    return g * (1.0 - share), g * share


@vjp_rule(np.random.exponential)
def exponential(g, z, scale=1.0, size=None):
    return g * (z / scale)


@vjp_rule(random.gauss, random.normalvariate)
def gauss(g, z, mu=0.0, sigma=1.0):
    return normal(g, z, mu, sigma)


@vjp_rule(random.uniform)
def uniform_number(g, z, a, b):
    return uniform(g, z, a, b)


@vjp_rule(random.expovariate)
def expovariate(g, z, lambd=1.0):
    return -(g * (z / lambd))


@vjp_rule(np.random.Generator.normal, np.random.RandomState.normal)
def generator_normal(g, z, rng, loc=0.0, scale=1.0, size=None):
    return None, g, g * ((z - loc) / scale)


@vjp_rule(np.random.Generator.uniform, np.random.RandomState.uniform)
def generator_uniform(g, z, rng, low=0.0, high=1.0, size=None):
    share = (z - low) / (high - low)
    return None, g * (1.0 - share), g * share


@vjp_rule(np.random.Generator.exponential, np.random.RandomState.exponential)
def generator_exponential(g, z, rng, scale=1.0, size=None):
    return None, g * (z / scale)


@jvp_rule(np.random.normal)
def normal_jvp(t, z, loc=0.0, scale=1.0, size=None):
    loc_dot = 0.0 if t[0] is None else t[0]
    return loc_dot if t[1] is None else loc_dot + t[1] * ((z - loc) / scale)


@jvp_rule(np.random.exponential)
def exponential_jvp(t, z, scale=1.0, size=None):
    return t[0] * (z / scale)


@jvp_rule(random.expovariate)
def expovariate_jvp(t, z, lambd=1.0):
    return -(t[0] * (z / lambd))


@jvp_rule(np.random.Generator.normal, np.random.RandomState.normal)
def generator_normal_jvp(t, z, rng, loc=0.0, scale=1.0, size=None):
    return normal_jvp(t[1:], z, loc, scale)


@jvp_rule(np.random.Generator.uniform, np.random.RandomState.uniform)
def generator_uniform_jvp(t, z, rng, low=0.0, high=1.0, size=None):
    return uniform_jvp(t[1:], z, low, high)


@jvp_rule(np.random.Generator.exponential, np.random.RandomState.exponential)
def generator_exponential_jvp(t, z, rng, scale=1.0, size=None):
    return t[1] * (z / scale)


@jvp_rule(np.random.uniform)
def uniform_jvp(t, z, low=0.0, high=1.0, size=None):
    share = (z - low) / (high - low)
    low_dot = 0.0 if t[0] is None else t[0] * (1.0 - share)
    return low_dot if t[1] is None else low_dot + t[1] * share


@jvp_rule(random.gauss, random.normalvariate)
def gauss_jvp(t, z, mu=0.0, sigma=1.0):
    return normal_jvp(t, z, mu, sigma)


@jvp_rule(random.uniform)
def uniform_number_jvp(t, z, a, b):
    return uniform_jvp(t, z, a, b)
