"""A model made of classes, with methods and lists of layers; its gradient is an object of the same classes.

Two spirals are told apart by a network whose parameters are attributes. Nothing in the classes knows of derivatives.

    python examples/spirals.py
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from adjoint import value_and_grad


@dataclass
class Layer:
    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, x):
        return x @ self.weights + self.bias

    def moved(self, slope, rate):
        return Layer(self.weights - rate * slope.weights, self.bias - rate * slope.bias)


@dataclass
class Network:
    layers: list
    sharpness: float

    def score(self, points):
        """Above zero for one spiral, below for the other."""
        x = points
        for layer in self.layers[:-1]:
            x = np.tanh(layer(x))
        return self.sharpness * self.layers[-1](x)[:, 0]

    def loss(self, points, labels):
        return np.mean(np.logaddexp(0.0, -labels * self.score(points)))

    def moved(self, slope, rate):
        layers = [layer.moved(by, rate) for layer, by in zip(self.layers, slope.layers, strict=True)]
        return Network(layers, self.sharpness - rate * slope.sharpness)


def spirals(rng, count=150):
    along = np.sqrt(rng.uniform(0.04, 1.0, size=count))
    arm = np.column_stack([along * np.cos(9.0 * along), along * np.sin(9.0 * along)]) + 0.015 * rng.normal(size=(count, 2))
    return 2.0 * np.concatenate([arm, -arm]), np.repeat([1.0, -1.0], count)


def picture(network, rows=21, columns=50):
    shades = " .:-=+*#%@"
    y, x = np.meshgrid(np.linspace(2.2, -2.2, rows), np.linspace(-2.2, 2.2, columns), indexing="ij")
    chance = 1.0 / (1.0 + np.exp(-network.score(np.column_stack([x.ravel(), y.ravel()])))).reshape(rows, columns)
    return "\n".join("".join(shades[int(9.999 * p)] for p in row).rstrip() for row in chance)


def main(steps=2500, rate=0.3):
    rng = np.random.default_rng(1)
    points, labels = spirals(rng)
    sizes = [2, 24, 24, 1]
    layers = [Layer(rng.normal(size=(m, n)) * np.sqrt(2.0 / m), np.zeros(n)) for m, n in pairwise(sizes)]
    network = Network(layers, 1.0)
    slope_of = value_and_grad(Network.loss)
    for step in range(steps):
        loss, slope = slope_of(network, points, labels)
        network = network.moved(slope, rate)
        if step % (steps // 5) == 0:
            print(f"step {step:5}   loss {loss:.4f}")
    right = np.mean((network.score(points) > 0) == (labels > 0))
    print(f"\n{picture(network)}\n\n{100 * right:.1f} % of the points are told apart; the gradient is a {type(slope).__name__}")
    return right


if __name__ == "__main__":
    main()
