"""Random draws: each happens once, in its place, and what it depends on is followed where the draw can be written down.

A draw of a family that is made from one standard variable is differentiated with that variable held fixed (the pathwise,
or reparametrisation, derivative; M. C. Fu, Gradient estimation, Handbooks in OR & MS 13, 2006, ch. 19): of
z = loc + scale * standard it is ∂z/∂loc = 1 and ∂z/∂scale = (z - loc) / scale, whatever the standard variable was.

    uniform       z = low + (high - low) u       weibull, power       z = standard ** (1 / a)
    lognormal     z = exp(normal)                pareto (of NumPy)    1 + z = standard ** (1 / a)

Draws whose parameters are sizes or integers are constant; all others are refused where a parameter carries a derivative.
"""

import random

import numpy as np

from adjoint.rules.registry import GENERATORS, RULES, Rule, constant, jvp_rule, vjp_rule

_SOURCES = (np.random, np.random.Generator, np.random.RandomState)


def methods(*names, of=_SOURCES):
    """The functions of these names in np.random, Generator and RandomState."""
    return [getattr(source, name) for source in of for name in names if hasattr(source, name)]


constant(
    *methods(
        "random", "rand", "randn", "randint", "random_sample", "random_integers", "ranf", "sample", "standard_normal",
        "standard_exponential", "standard_cauchy", "integers", "bytes", "permuted", "tomaxint", "seed", "default_rng",
        "spawn", "get_state", "set_state",
    ),
    random.random, random.randint, random.randrange, random.getrandbits, random.seed, random.randbytes,
    why="a random draw without parameters", pure=False,
)  # fmt: skip
constant(np.random.RandomState, random.Random, why="a generator, which is made of a seed", pure=False)
GENERATORS.update({
    np.random.default_rng: np.random.Generator, np.random.RandomState: np.random.RandomState, random.Random: random.Random,
})  # fmt: skip

for _draw in (
    *methods(
        "beta", "binomial", "chisquare", "choice", "dirichlet", "f", "gamma", "geometric", "hypergeometric", "logseries",
        "multinomial", "multivariate_normal", "negative_binomial", "noncentral_chisquare", "noncentral_f", "permutation",
        "poisson", "shuffle", "standard_gamma", "standard_t", "triangular", "vonmises", "wald", "zipf",
    ),
    random.choice, random.choices, random.sample, random.shuffle, random.betavariate, random.gammavariate,
    random.triangular, random.vonmisesvariate,
):  # fmt: skip
    RULES[_draw] = Rule(_draw, pure=False, where="rules/draws.py", refused=(
        "How a draw depends on its parameters is not known: draw from a standard distribution, and scale and shift that"
    ))  # fmt: skip

LOCATED, SCALED, SHAPED = ("normal", "gumbel", "laplace", "logistic"), ("exponential", "rayleigh"), ("weibull", "power")
for _draw in (
    *methods(*LOCATED, *SCALED, *SHAPED, "uniform", "lognormal", "pareto"),
    random.gauss, random.normalvariate, random.uniform, random.expovariate, random.lognormvariate, random.paretovariate,
    random.weibullvariate,
):  # fmt: skip
    RULES[_draw] = Rule(_draw, pure=False, where="rules/draws.py")


def both(by_first, by_second, z):
    """The tangent of a draw of two parameters, in the draw's shape."""
    return np.zeros_like(z) + (0.0 if by_first is None else by_first) + (0.0 if by_second is None else by_second)


# ── np.random.normal(loc, scale) and its like; the same as methods of a generator, rng.normal(loc, scale) ───────────────────


@vjp_rule(*methods(*LOCATED, of=[np.random]))
def located(g, z, loc=0.0, scale=1.0, size=None):
    return g, g * ((z - loc) / scale)


@jvp_rule(*methods(*LOCATED, of=[np.random]))
def located_jvp(t, z, loc=0.0, scale=1.0, size=None):
    return both(t[0], None if t[1] is None else t[1] * ((z - loc) / scale), z)


@vjp_rule(*methods(*LOCATED, of=_SOURCES[1:]))
def rng_located(g, z, rng, loc=0.0, scale=1.0, size=None):
    return None, g, g * ((z - loc) / scale)


@jvp_rule(*methods(*LOCATED, of=_SOURCES[1:]))
def rng_located_jvp(t, z, rng, loc=0.0, scale=1.0, size=None):
    return located_jvp(t[1:], z, loc, scale)


@vjp_rule(*methods(*SCALED, of=[np.random]))
def scaled(g, z, scale=1.0, size=None):
    return g * (z / scale)


@jvp_rule(*methods(*SCALED, of=[np.random]))
def scaled_jvp(t, z, scale=1.0, size=None):
    return t[0] * (z / scale)


@vjp_rule(*methods(*SCALED, of=_SOURCES[1:]))
def rng_scaled(g, z, rng, scale=1.0, size=None):
    return None, g * (z / scale)


@jvp_rule(*methods(*SCALED, of=_SOURCES[1:]))
def rng_scaled_jvp(t, z, rng, scale=1.0, size=None):
    return t[1] * (z / scale)


@vjp_rule(*methods(*SHAPED, of=[np.random]))
def shaped(g, z, a, size=None):
    return -(g * (z * np.log(z) / a))


@jvp_rule(*methods(*SHAPED, of=[np.random]))
def shaped_jvp(t, z, a, size=None):
    return -(t[0] * (z * np.log(z) / a))


@vjp_rule(*methods(*SHAPED, of=_SOURCES[1:]))
def rng_shaped(g, z, rng, a, size=None):
    return None, -(g * (z * np.log(z) / a))


@jvp_rule(*methods(*SHAPED, of=_SOURCES[1:]))
def rng_shaped_jvp(t, z, rng, a, size=None):
    return -(t[1] * (z * np.log(z) / a))


@vjp_rule(np.random.pareto)
def pareto(g, z, a, size=None):
    return -(g * ((1.0 + z) * np.log1p(z) / a))


@jvp_rule(np.random.pareto)
def pareto_jvp(t, z, a, size=None):
    return -(t[0] * ((1.0 + z) * np.log1p(z) / a))


@vjp_rule(*methods("pareto", of=_SOURCES[1:]))
def rng_pareto(g, z, rng, a, size=None):
    return None, -(g * ((1.0 + z) * np.log1p(z) / a))


@jvp_rule(*methods("pareto", of=_SOURCES[1:]))
def rng_pareto_jvp(t, z, rng, a, size=None):
    return -(t[1] * ((1.0 + z) * np.log1p(z) / a))


@vjp_rule(np.random.uniform)
def uniform(g, z, low=0.0, high=1.0, size=None):
    share = (z - low) / (high - low)
    return g * (1.0 - share), g * share


@jvp_rule(np.random.uniform)
def uniform_jvp(t, z, low=0.0, high=1.0, size=None):
    share = (z - low) / (high - low)
    return both(None if t[0] is None else t[0] * (1.0 - share), None if t[1] is None else t[1] * share, z)


@vjp_rule(*methods("uniform", of=_SOURCES[1:]))
def rng_uniform(g, z, rng, low=0.0, high=1.0, size=None):
    share = (z - low) / (high - low)
    return None, g * (1.0 - share), g * share


@jvp_rule(*methods("uniform", of=_SOURCES[1:]))
def rng_uniform_jvp(t, z, rng, low=0.0, high=1.0, size=None):
    return uniform_jvp(t[1:], z, low, high)


@vjp_rule(np.random.lognormal)
def lognormal(g, z, mean=0.0, sigma=1.0, size=None):
    return g * z, g * z * ((np.log(z) - mean) / sigma)


@jvp_rule(np.random.lognormal)
def lognormal_jvp(t, z, mean=0.0, sigma=1.0, size=None):
    by_mean = None if t[0] is None else z * t[0]
    return both(by_mean, None if t[1] is None else z * ((np.log(z) - mean) / sigma) * t[1], z)


@vjp_rule(*methods("lognormal", of=_SOURCES[1:]))
def rng_lognormal(g, z, rng, mean=0.0, sigma=1.0, size=None):
    return None, g * z, g * z * ((np.log(z) - mean) / sigma)


@jvp_rule(*methods("lognormal", of=_SOURCES[1:]))
def rng_lognormal_jvp(t, z, rng, mean=0.0, sigma=1.0, size=None):
    return lognormal_jvp(t[1:], z, mean, sigma)


# ── Python's own ─────────────────────────────────────────────────────────────────────────────────


@vjp_rule(random.gauss, random.normalvariate)
def gauss(g, z, mu=0.0, sigma=1.0):
    return g, g * ((z - mu) / sigma)


@jvp_rule(random.gauss, random.normalvariate)
def gauss_jvp(t, z, mu=0.0, sigma=1.0):
    return located_jvp(t, z, mu, sigma)


@vjp_rule(random.uniform)
def uniform_number(g, z, a, b):
    return uniform(g, z, a, b)


@jvp_rule(random.uniform)
def uniform_number_jvp(t, z, a, b):
    return uniform_jvp(t, z, a, b)


@vjp_rule(random.expovariate)
def expovariate(g, z, lambd=1.0):
    return -(g * (z / lambd))


@jvp_rule(random.expovariate)
def expovariate_jvp(t, z, lambd=1.0):
    return -(t[0] * (z / lambd))


@vjp_rule(random.lognormvariate)
def lognormvariate(g, z, mu=0.0, sigma=1.0):
    return lognormal(g, z, mu, sigma)


@jvp_rule(random.lognormvariate)
def lognormvariate_jvp(t, z, mu=0.0, sigma=1.0):
    return lognormal_jvp(t, z, mu, sigma)


@vjp_rule(random.paretovariate)
def paretovariate(g, z, alpha):
    return -(g * (z * np.log(z) / alpha))


@jvp_rule(random.paretovariate)
def paretovariate_jvp(t, z, alpha):
    return -(t[0] * (z * np.log(z) / alpha))


@vjp_rule(random.weibullvariate)
def weibullvariate(g, z, alpha, beta):
    return g * (z / alpha), -(g * (z * np.log(z / alpha) / beta))


@jvp_rule(random.weibullvariate)
def weibullvariate_jvp(t, z, alpha, beta):
    by_scale = None if t[0] is None else t[0] * (z / alpha)
    return both(by_scale, None if t[1] is None else -(t[1] * (z * np.log(z / alpha) / beta)), z)
