"""Hamiltonian Monte Carlo on a log density written as plain NumPy: the gradient is all that it needs.

The density is a banana: x1 is normal, and x2 is normal around a parabola of x1. Its means are known, 0 and -1, so that the
samples can be judged.
"""

import numpy as np

from adjoint import value_and_grad


def log_density(x):
    bend = x[1] + 0.25 * x[0] ** 2
    return -0.125 * x[0] ** 2 - 2.0 * bend**2


density_and_slope = value_and_grad(log_density)


def sample(x, count, rng, step=0.2, leaps=12):
    """`count` draws by leapfrog steps along the slope, each accepted or not by its change of energy."""
    draws, accepted = [], 0
    height, slope = density_and_slope(x)
    for _ in range(count):
        momentum = rng.normal(size=x.shape)
        energy = height - 0.5 * momentum @ momentum
        new, high, up = x, height, slope
        for _ in range(leaps):
            momentum = momentum + 0.5 * step * up
            new = new + step * momentum
            high, up = density_and_slope(new)
            momentum = momentum + 0.5 * step * up
        if np.log(rng.uniform()) < high - 0.5 * momentum @ momentum - energy:
            x, height, slope = new, high, up
            accepted += 1
        draws.append(x)
    return np.array(draws), accepted / count


def main(count=4000):
    draws, accepted = sample(np.array([1.0, 0.0]), count, np.random.default_rng(0))
    print(f"{count} draws, {100 * accepted:.0f} % accepted")
    for k, mean in enumerate((0.0, -1.0)):
        print(f"x{k + 1}   mean {draws[:, k].mean():+.3f} (exactly {mean:+.3f})   deviation {draws[:, k].std():.3f}")
    counts, *_ = np.histogram2d(draws[:, 0], draws[:, 1], bins=(56, 16), range=((-6, 6), (-7, 1)))
    shades = " .:-=+*#%@"
    for row in np.minimum(counts.T[::-1] * len(shades) / counts.max(), len(shades) - 1).astype(int):
        print("".join(shades[k] for k in row).rstrip())
    return draws, accepted


if __name__ == "__main__":
    main()
