"""Hyper-parameters of a Gaussian process by its marginal likelihood.

The length, the height and the noise of the kernel are found by BFGS; the gradient goes through the kernel matrix, its Cholesky
factor and two solves.
"""

import numpy as np
from scipy.optimize import minimize

from adjoint import grad


def kernel(x, y, length, height):
    distance = (x[:, None] - y[None, :]) / length
    return height**2 * np.exp(-0.5 * distance**2)


def minus_log_likelihood(params, x, y):
    length, height, noise = np.exp(params)
    covariance = kernel(x, x, length, height) + noise**2 * np.eye(len(x))
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, y)
    return 0.5 * np.sum(white**2) + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * np.log(2 * np.pi)


def main():
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 10, 60))
    y = np.sin(x) + 0.5 * np.sin(2.3 * x) + 0.1 * rng.normal(size=x.size)
    slope = grad(minus_log_likelihood)
    start = np.log([1.0, 1.0, 1.0])
    found = minimize(minus_log_likelihood, start, args=(x, y), jac=slope, method="BFGS")
    length, height, noise = np.exp(found.x)
    print(f"length {length:.3f}   height {height:.3f}   noise {noise:.3f} (0.1 was added)")
    print(f"-log likelihood {minus_log_likelihood(start, x, y):.2f} -> {found.fun:.2f} in {found.nfev} evaluations")
    points = np.linspace(0, 10, 11)
    factor = kernel(x, x, length, height) + noise**2 * np.eye(len(x))
    mean = kernel(points, x, length, height) @ np.linalg.solve(factor, y)
    for point, value in zip(points, mean, strict=True):
        print(f"{point:5.1f}  {value:+.2f}  (exactly {np.sin(point) + 0.5 * np.sin(2.3 * point):+.2f})")
    return noise, np.abs(slope(found.x, x, y)).max()


if __name__ == "__main__":
    main()
