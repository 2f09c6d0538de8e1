"""Members of enumerations are known when the gradient is built, wherever they come from."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from adjoint import check_grads, grad

X = np.array([0.7, 1.2])


class Act(enum.Enum):
    RELU = "relu"
    TANH = "tanh"

    @property
    def fn(self):
        return {"relu": lambda z: np.maximum(z, 0.0), "tanh": np.tanh}[self.value]


class Order(enum.IntEnum):
    EULER = 1
    MIDPOINT = 2


class Weight(enum.Enum):
    LOW = 0.5
    HIGH = 2.0


class Terms(enum.Flag):
    LINEAR = enum.auto()
    SQUARE = enum.auto()


@dataclass
class Layer:
    w: np.ndarray
    act: Act = Act.TANH

    def __call__(self, x):
        return self.act.fn(self.w * x)


def named(x):
    layers = {layer.act.name: layer for layer in (Layer(x), Layer(x**2, Act.RELU))}
    return np.sum(layers["TANH"](x)) * np.sum(layers["RELU"](x)) * len(Act.RELU.value)


def looked_up(x, order):
    steps = {Order.EULER: lambda y: y - 0.1 * np.sin(y), Order.MIDPOINT: lambda y: y - 0.1 * np.sin(y - 0.05 * np.sin(y))}
    total = sum(w.value * x[0] ** 2 for w in Weight) + Weight["LOW"].value * x[1] + Weight(2.0).value * x[0]
    return np.sum(steps[order](x)) * order + total + (x[1] if order in (Order.MIDPOINT, Order.EULER) else 0.0)


def chosen(x, terms):
    total = 0.0
    if terms & Terms.LINEAR:
        total += np.sum(x)
    if Terms.SQUARE in terms:
        total += np.sum(x**2)
    return total


def test_members():
    check_grads(named, (X,), order=2)
    check_grads(looked_up, (X, Order.EULER))
    check_grads(looked_up, (X, Order.MIDPOINT))
    for terms in (Terms.LINEAR, Terms.SQUARE, Terms.LINEAR | Terms.SQUARE):
        check_grads(chosen, (X, terms))


def test_each_member_has_a_gradient_of_its_own():
    slope = grad(looked_up)
    first, second = slope(X, Order.EULER), slope(X, Order.MIDPOINT)
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(slope(X, Order.EULER), first)


def test_a_field():
    gradient = grad(lambda layer, x: np.sum(layer(x)))(Layer(X), X)
    assert gradient.act is None
    np.testing.assert_allclose(gradient.w, X / np.cosh(X * X) ** 2)
