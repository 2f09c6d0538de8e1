"""Random draws: with the generator seeded inside the function the draw is a function of its parameters like any other."""

import random

import numpy as np
import pytest

from adjoint import AdjointError, check_grads, grad, value_and_grad
from adjoint.rules.registry import RULES

A = np.array
PARAMETERS = {
    "normal": (0.5, A([1.2, 0.7])), "gumbel": (0.5, 1.2), "laplace": (A([0.5, 0.1]), 1.2), "logistic": (0.5, 1.2),
    "uniform": (A([-1.0, 0.5]), 2.0), "exponential": (A([0.4, 1.3]),), "rayleigh": (0.8,), "weibull": (A([1.3, 2.0]),),
    "power": (2.5,), "pareto": (3.2,), "lognormal": (0.3, 0.6),
}  # fmt: skip
OF_PYTHON = {
    random.gauss: (0.5, 1.2), random.normalvariate: (0.5, 1.2), random.uniform: (0.5, 1.2), random.expovariate: (1.3,),
    random.lognormvariate: (0.3, 0.6), random.paretovariate: (3.2,), random.weibullvariate: (1.3, 2.0),
}  # fmt: skip
DRAWS = {
    getattr(source, name): values
    for source in (np.random, np.random.Generator, np.random.RandomState)
    for name, values in PARAMETERS.items()
} | OF_PYTHON


def seeded(draw):
    """The draw as a function of its parameters, with its generator as it always starts."""
    if draw in OF_PYTHON:

        def call(*parameters):
            random.seed(3)
            return draw(*parameters)

    elif getattr(np.random, draw.__name__) == draw:

        def call(*parameters):
            np.random.seed(3)
            return draw(*parameters)

    elif getattr(np.random.Generator, draw.__name__) == draw:

        def call(*parameters):
            return draw(np.random.default_rng(3), *parameters)

    else:

        def call(*parameters):
            return draw(np.random.RandomState(3), *parameters)

    return call


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__qualname__)
def test_draw(draw):
    check_grads(seeded(draw), DRAWS[draw], order=2)


def test_every_draw_with_a_rule_is_here():
    ours = {fn for fn, rule in RULES.items() if rule.vjp is not None and rule.vjp.__module__ == "adjoint.rules.draws"}
    assert ours == set(DRAWS)


def test_a_method_of_a_generator_draws_once():
    rng, same = np.random.default_rng(7), np.random.default_rng(7)
    value, slope = value_and_grad(lambda m: np.sum(rng.normal(m, 2.0, size=3) ** 2))(0.5)
    draw = same.normal(0.5, 2.0, size=3)
    assert value == np.sum(draw**2) and np.isclose(slope, 2.0 * np.sum(draw))
    assert rng.random() == same.random()


def test_what_cannot_be_written_down_is_refused():
    with pytest.raises(AdjointError, match="draw from a standard distribution"):
        grad(lambda shape: np.random.default_rng(0).gamma(shape))(2.0)


def test_a_generator_made_inside():
    def loss(m, s):
        rng = np.random.default_rng(5)
        noise = rng.standard_normal(3)
        return np.sum(noise * rng.normal(m, s, size=3) ** 2)

    check_grads(loss, (0.5, 1.2), order=2)
