"""A two-layer network learns to read handwritten digits, from a loss written in plain NumPy.

The data are the 1,797 scanned digits of 8 x 8 pixels that come with scikit-learn; a quarter of
them is kept for the test.  The loss is an ordinary function of a dict of arrays, and its gradient
a dict of the same arrays, so the optimiser below is a loop over names.

    python examples/digits.py                  # pictures go to examples/out/
    python examples/digits.py --epochs 10 --out digits
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

from adjoint import value_and_grad

Params = dict[str, np.ndarray]


def loss(params, images, labels):
    """The mean cross-entropy of the network's answers, with a little weight decay."""
    hidden = np.tanh(images @ params["W1"] + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    cross_entropy = -np.mean(log_p[np.arange(len(labels)), labels])
    decay = np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2)
    return cross_entropy + 1e-4 * decay


def predict(params: Params, images: np.ndarray) -> np.ndarray:
    hidden = np.tanh(images @ params["W1"] + params["b1"])
    return np.argmax(hidden @ params["W2"] + params["b2"], axis=1)


def initial(rng: np.random.Generator, pixels: int = 64, width: int = 64, classes: int = 10) -> Params:
    return {
        "W1": rng.normal(size=(pixels, width)) / np.sqrt(pixels),
        "b1": np.zeros(width),
        "W2": rng.normal(size=(width, classes)) / np.sqrt(width),
        "b2": np.zeros(classes),
    }


def adam(params: Params, slopes: Params, state: tuple[Params, Params, int], rate: float):
    """One step of Adam: every parameter moves against its slope, in units of the slope's usual size."""
    mean, square, step = state
    step += 1
    mean = {name: 0.9 * mean[name] + 0.1 * slopes[name] for name in params}
    square = {name: 0.999 * square[name] + 0.001 * slopes[name] ** 2 for name in params}
    unit = np.sqrt(1.0 - 0.999**step) / (1.0 - 0.9**step)
    moved = {name: params[name] - rate * unit * mean[name] / (np.sqrt(square[name]) + 1e-8) for name in params}
    return moved, (mean, square, step)


class Result(NamedTuple):
    params: Params
    losses: list[float]
    train_accuracy: float
    test_accuracy: float
    images: np.ndarray  # of the test
    labels: np.ndarray
    gradient: object


def train(epochs: int = 40, batch: int = 64, rate: float = 0.003, seed: int = 0) -> Result:
    digits = load_digits()
    images, test_images, labels, test_labels = train_test_split(
        digits.data / 16.0, digits.target, test_size=0.25, random_state=seed, stratify=digits.target
    )
    rng = np.random.default_rng(seed)
    params = initial(rng)
    state = ({name: np.zeros_like(p) for name, p in params.items()},) * 2 + (0,)
    gradient = value_and_grad(loss, wrt="params")
    losses = []
    with tqdm(range(epochs), desc="training", unit="epoch") as progress:
        for _ in progress:
            order = rng.permutation(len(labels))
            values = []
            for start in range(0, len(order), batch):
                some = order[start : start + batch]
                value, slopes = gradient(params, images[some], labels[some])
                params, state = adam(params, slopes, state, rate)
                values.append(float(value))
            losses.append(float(np.mean(values)))
            progress.set_postfix(loss=f"{losses[-1]:.4f}")
    train_accuracy = float(np.mean(predict(params, images) == labels))
    test_accuracy = float(np.mean(predict(params, test_images) == test_labels))
    return Result(params, losses, train_accuracy, test_accuracy, test_images, test_labels, gradient)


def save_curve(losses: list[float], path: Path) -> None:
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.semilogy(range(1, len(losses) + 1), losses)
    axes.set(title="Learning to read digits", xlabel="epoch", ylabel="training loss")
    axes.grid(alpha=0.3, which="both")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def save_mistakes(result: Result, path: Path, columns: int = 6) -> int:
    """The misclassified digits of the test, most of which a person would have to look at twice."""
    answers = predict(result.params, result.images)
    wrong = np.flatnonzero(answers != result.labels)
    plt = _pyplot()
    rows = max(1, -(-len(wrong) // columns))
    figure, grid = plt.subplots(
        rows, columns, figsize=(1.5 * columns, 1.8 * rows + 0.6), layout="constrained", squeeze=False
    )
    for axes in grid.flat:
        axes.axis("off")
    for axes, k in zip(grid.flat, wrong, strict=False):
        axes.imshow(result.images[k].reshape(8, 8), cmap="gray_r")
        axes.set_title(f"a {result.labels[k]}, read as {answers[k]}", fontsize=9)
    figure.suptitle(f"{len(wrong)} of {len(answers)} test digits misread")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return len(wrong)


def _pyplot():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def main(argv: list[str] | None = None) -> Result:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out", metavar="DIR")
    args = parser.parse_args(argv)
    result = train(epochs=args.epochs, seed=args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    save_curve(result.losses, args.out / "digits_loss.png")
    wrong = save_mistakes(result, args.out / "digits_misread.png")
    print(f"training accuracy {result.train_accuracy:.1%}")
    print(f"test accuracy {result.test_accuracy:.1%} ({wrong} of {len(result.labels)} misread)")
    print(f"saved {args.out / 'digits_loss.png'} and {args.out / 'digits_misread.png'}")
    return result


if __name__ == "__main__":
    main()
