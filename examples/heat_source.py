"""Where is the heat coming from? A source on a plate, recovered from the temperature at the end.

The temperature is stepped forward in place, as one writes it in NumPy; the gradient runs the same steps backwards, in place
too, with nothing recorded.

    python examples/heat_source.py
    python examples/heat_source.py --save DIR     # as a picture, too (needs matplotlib)
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from adjoint import value_and_grad


def temperature(source, steps=60, rate=0.2):
    """The plate after explicit steps from zero; its edge stays cold."""
    u = np.zeros_like(source)
    for _ in range(steps):
        around = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
        u[1:-1, 1:-1] += rate * (around - 4.0 * u[1:-1, 1:-1]) + source[1:-1, 1:-1]
    return u


def misfit(source, seen, smoothing):
    left = temperature(source) - seen
    rough = np.sum((source[1:] - source[:-1]) ** 2) + np.sum((source[:, 1:] - source[:, :-1]) ** 2)
    return np.sum(left**2) + smoothing * rough


def picture(plate):
    shades = " .:-=+*#%@"
    scaled = np.clip(plate / plate.max() * len(shades), 0, len(shades) - 1).astype(int)
    return ["".join(2 * shades[k] for k in row) for row in scaled[::2]]


def drawn(panels, folder):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(1, len(panels), figsize=(8, 2.8), layout="constrained")
    for axis, (title, plate) in zip(axes, panels.items(), strict=True):
        axis.imshow(plate, cmap="inferno")
        axis.set(title=title, xticks=[], yticks=[])
    figure.savefig(folder / "heat_source.png", dpi=90)
    plt.close(figure)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--save", type=Path, metavar="DIR", help="save what is printed as a picture, too")
    save = parser.parse_args(argv).save
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:24, :24]
    truth = 0.02 * np.exp(-((x - 7) ** 2 + (y - 8) ** 2) / 6) + 0.015 * np.exp(-((x - 16) ** 2 + (y - 15) ** 2) / 4)
    seen = temperature(truth) + 0.0005 * rng.normal(size=truth.shape)
    slope = value_and_grad(misfit)

    def flat(source):
        value, gradient = slope(source.reshape(truth.shape), seen, 0.3)
        return value, gradient.ravel()

    found = minimize(flat, np.zeros(truth.size), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x.reshape(truth.shape)
    panels = {"the source": truth, "what is seen": seen, "the source recovered": found}
    print("   ".join(f"{title:<48}" for title in panels).rstrip())
    for row in zip(*map(picture, panels.values()), strict=True):
        print("   ".join(row).rstrip())
    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    print(f"relative error {error:.2f}; {truth.size} unknowns, each gradient is one sweep forward and one back")
    if save is not None:
        drawn(panels, save)
    return error


if __name__ == "__main__":
    main()
