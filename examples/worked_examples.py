"""The worked examples that textbooks use, with the code and the numbers that must come out.

For each function this prints

- the function itself,
- the textbook form of its gradient (`optimize=False`) while it runs: every statement with the
  value that it has just computed, forward sweep first, then the reverse sweep from the seed,
- the same as a table: what each step adds to which cotangent,
- the default form, which is what one would use,
- the value and the derivatives beside the numbers in the book.

It stops with an error where a number differs.

    python examples/worked_examples.py
    python examples/worked_examples.py --save DIR     # the graphs and the loss curve as pictures, too
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp, log, sin
from pathlib import Path
from typing import Any

import numpy as np

from adjoint import grad, graph, source, table, value_and_grad, vjp

# --- the functions ------------------------------------------------------------------------------


def product_and_sine(x1, x2):
    z = x1 * x2 + sin(x1)
    return z


def absolute_error(x, w, b, y_true):
    x2 = x * w + b  # a linear layer
    return abs(y_true - x2)


def absolute_error_of_output(x2, y_true):
    return abs(y_true - x2)


def sum_times(x, y, z):
    p = x + y
    g = p * z
    return g


def two_paths(a, b):
    c = a + b
    d = a * c
    return d


def rational(a, b):
    return (a / b - a) * (b / a + a + b) * (a - b)


def transcendental(a, b, c):
    f = sin(a * b) + exp(c - a / b)
    return log(f * f) * c


def squared_error(W, b, x, y_true):
    y = W @ x + b
    error = y - y_true
    return np.sum(error * error)


def cartesian(r, phi):
    return np.stack([r * np.cos(phi), r * np.sin(phi)])


# --- what must come out -------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A scalar function, where to differentiate it, and the numbers that must come out."""

    title: str
    fun: Callable[..., Any]
    at: dict[str, float]
    value: float
    gradient: dict[str, float]
    on_the_way: dict[str, float] = field(default_factory=dict)  # values that a reader should meet


EXAMPLES = (
    Example(
        "z = x1*x2 + sin(x1), the function of every introduction",
        product_and_sine,
        at={"x1": 2.0, "x2": 3.0},
        value=6.909297426825682,
        gradient={"x1": 2.5838531634528574, "x2": 2.0},
        on_the_way={"sin(x1)": 0.9092974268256817, "x1*x2": 6.0},
    ),
    Example(
        "the absolute error of a linear layer",
        absolute_error,
        at={"x": 2.0, "w": 3.0, "b": 1.0, "y_true": 4.0},
        value=3.0,
        gradient={"w": 2.0, "b": 1.0},
        on_the_way={"the layer's output": 7.0},
    ),
    Example(
        "the same, by the layer's output x2",
        absolute_error_of_output,
        at={"x2": 7.0, "y_true": 4.0},
        value=3.0,
        gradient={"x2": 1.0},
    ),
    Example(
        "(x + y) * z",
        sum_times,
        at={"x": 1.0, "y": 3.0, "z": -3.0},
        value=-12.0,
        gradient={"x": -3.0, "y": -3.0, "z": 4.0},
        on_the_way={"p": 4.0},
    ),
    Example(
        "a reaches d by two paths: c = a + b; d = a * c",
        two_paths,
        at={"a": 4.0, "b": 3.0},
        value=28.0,
        gradient={"a": 11.0, "b": 4.0},
        on_the_way={"c": 7.0},
    ),
    Example(
        "(a/b - a) * (b/a + a + b) * (a - b)",
        rational,
        at={"a": 230.3, "b": 33.2},
        value=-11606907.023945786,
        gradient={"a": -153284.83150602411, "b": 3815.0389441500993},
    ),
    Example(
        "log(f*f) * c with f = sin(a*b) + exp(c - a/b)",
        transcendental,
        at={"a": 43.0, "b": 3.0, "c": 2.0},
        value=-6.5705521609786226,
        gradient={"a": 60.85353612046653, "b": 872.2331479536114, "c": -3.2853671032530305},
    ),
)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", type=Path, metavar="DIR", help="save pictures: graphs, and the loss curve (needs matplotlib)")
    save = parser.parse_args(argv).save
    for example in EXAMPLES:
        show(example)
        if save is not None:
            print(f"saved {draw(example, save)}\n")
    several_seeds()
    losses = train_linear_layer()
    if save is not None:
        print(f"saved {picture(losses, save)}")
    print("every number is the expected one")


def show(example: Example) -> None:
    wrt = tuple(example.gradient)
    heading(example.title)
    print(inspect.getsource(example.fun))

    print(f"optimize=False, at {named(example.at)}:\n")
    textbook = grad(example.fun, wrt, optimize=False)
    listing, seen = watch(textbook, *example.at.values())
    print(listing)

    print(table(example.fun, *example.at.values(), wrt=wrt))

    print("by default:\n")
    gradient = value_and_grad(example.fun, wrt)
    value, derivatives = gradient(*example.at.values())
    print(gradient.source)

    compare("value", value, example.value)
    for name, ours, expected in zip(wrt, derivatives, example.gradient.values(), strict=True):
        compare(f"d/d{name}", ours, expected)
    for ours, expected in zip(textbook(*example.at.values()), example.gradient.values(), strict=True):
        agree("the textbook form", ours, expected)
    for name, expected in example.on_the_way.items():
        if not any(np.isclose(value, expected, rtol=1e-12) for value in seen):
            raise AssertionError(f"{name} = {expected} is computed by no statement of the textbook form")
    print()


def draw(example: Example, folder: Path) -> Path:
    """The computational graph, with the ways from the result to the first of the inputs marked."""
    folder.mkdir(parents=True, exist_ok=True)
    made = graph(example.fun, *example.at.values(), wrt=tuple(example.gradient))
    first = next(e.name for e in made.trace.events if e.argument == next(iter(example.gradient)))
    agree("the sum over paths", sum(path.product for path in made.paths(first)), next(iter(example.gradient.values())))
    path = folder / f"{example.fun.__name__}.svg"
    path.write_text(made.svg(highlight=first), encoding="utf-8")
    return path


def several_seeds() -> None:
    """A function with two results: one reverse sweep for each row of its Jacobian."""
    heading("a vector-valued function, one seed a row of its Jacobian")
    r, phi = 2.0, 0.5
    print(inspect.getsource(cartesian))
    value, pullback = vjp(cartesian, r, phi)
    print("its pullback:\n")
    print(pullback.source)
    jacobian = [pullback(seed) for seed in np.eye(2)]
    expected = [[np.cos(phi), -r * np.sin(phi)], [np.sin(phi), r * np.cos(phi)]]
    print(f"value of cartesian(r={r}, phi={phi}): {value}\n")
    for seed, row, known in zip(np.eye(2), jacobian, expected, strict=True):
        print(f"seed {seed}")
        compare("  d/dr", row[0], known[0])
        compare("  d/dphi", row[1], known[1])
    print("\nthe first of them, step by step:\n")
    print(table(cartesian, r, phi, seed=np.eye(2)[0]))


def train_linear_layer(steps: int = 100, rate: float = 0.001) -> list[float]:
    """One linear layer, 50 numbers to 10, by gradient descent; the loss must fall at every step."""
    heading(f"a linear layer, 50 to 10: {steps} steps of gradient descent, rate {rate}")
    print(inspect.getsource(squared_error))
    np.random.seed(0)
    x, y_true = np.random.randn(50), np.random.randn(10)
    W, b = np.random.randn(10, 50), np.random.randn(10)

    print("optimize=False:\n")
    print(source(squared_error, W, b, x, y_true, wrt=("W", "b"), optimize=False))
    print("by default:\n")
    gradient = value_and_grad(squared_error, wrt=("W", "b"))
    losses = []
    for _ in range(steps):
        loss, (W_bar, b_bar) = gradient(W, b, x, y_true)
        losses.append(float(loss))
        W, b = W - rate * W_bar, b - rate * b_bar
    print(gradient.source)

    error = W @ x + b - y_true
    W_bar, b_bar = grad(squared_error, wrt=("W", "b"))(W, b, x, y_true)
    agree("d/dW", W_bar, 2.0 * np.outer(error, x))
    agree("d/db", b_bar, 2.0 * error)
    if any(after >= before for before, after in itertools.pairwise(losses)):
        raise AssertionError("the loss does not fall monotonically")
    print(plot(losses))
    print(f"loss {losses[0]:.6g} at the first step, {losses[-1]:.6g} at the last, falling at every step\n")
    return losses


# --- printing -----------------------------------------------------------------------------------


def watch(gradient: Any, *args: Any) -> tuple[str, list[float]]:
    """Run generated code; its text with the value that each statement computed, and these values.

    Generated code is ordinary code with ordinary source, so Python's own tracing works on it.
    """
    lines: list[str] = []
    values: dict[int, Any] = {}  # line -> what it computed
    first = line = 0

    def each_line(frame: Any, event: str, _: Any) -> Any:
        nonlocal line
        if line and event in ("line", "return"):  # the line before is done
            name = lines[line - first].replace("+=", "=").split("=")[0].strip()
            if name in frame.f_locals:
                values[line - first] = (name, frame.f_locals[name])
        line = frame.f_lineno
        return each_line

    def each_call(frame: Any, event: str, _: Any) -> Any:
        nonlocal lines, first
        if not frame.f_code.co_name.endswith("_grad"):
            return None
        lines, first = inspect.getsourcelines(frame.f_code)
        return each_line

    gradient(*args)  # generates it
    before = sys.gettrace()
    sys.settrace(each_call)
    try:
        gradient(*args)
    finally:
        sys.settrace(before)

    width = max(map(len, lines), default=0) + 1
    shown = {k: f"{name} = {value:.10g}" for k, (name, value) in values.items()}
    listing = [f"{text.rstrip():<{width}}{'  | ' + shown[k] if k in shown else ''}" for k, text in enumerate(lines)]
    return "".join(text.rstrip() + "\n" for text in listing), [value for _, value in values.values()]


def heading(text: str) -> None:
    print(f"{text}\n{'=' * len(text)}\n")


def named(at: dict[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in at.items())


def compare(name: str, ours: Any, expected: Any) -> None:
    agree(name, ours, expected)
    print(f"{name:<8} {float(ours):<24.17g} expected {float(expected):.17g}")


def agree(name: str, ours: Any, expected: Any) -> None:
    if not np.allclose(ours, expected, rtol=1e-11, atol=1e-14):
        raise AssertionError(f"{name} is {ours}, not {expected}")


def plot(losses: list[float], width: int = 60, height: int = 12) -> str:
    """A curve for the terminal."""
    columns = [losses[k * len(losses) // width] for k in range(width)]
    rows = [round(loss / max(losses) * (height - 1)) for loss in columns]
    lines = ["".join("*" if row == level else " " for row in rows) for level in reversed(range(height))]
    body = "\n".join(f"{'loss' if k == 0 else '':>6} |{line.rstrip()}" for k, line in enumerate(lines))
    return f"{body}\n{'':>6} +{'-' * width} step"


def picture(losses: list[float], folder: Path) -> Path:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.semilogy(losses)
    axes.set(title="A linear layer, 50 to 10", xlabel="step of gradient descent", ylabel="squared error")
    axes.grid(alpha=0.3)
    path = folder / "linear_layer.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main()
