"""SciPy's minimisers take a gradient as `jac`; here it is generated from the function.

Rosenbrock's banana valley in 100 variables, minimised with the generated gradient and, for
comparison, with the differences that SciPy takes when it is given no gradient.

    python examples/rosenbrock.py
"""

import numpy as np
from scipy.optimize import minimize

from adjoint import grad


def rosenbrock(x):
    valley = x[1:] - x[:-1] ** 2
    return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)


def main(n: int = 100) -> None:
    x0 = np.zeros(n)
    gradient = grad(rosenbrock)
    found = minimize(rosenbrock, x0, jac=gradient)
    without = minimize(rosenbrock, x0)

    print(gradient.source)
    print(f"{'':<22} {'iterations':>10} {'calls of f':>10} {'calls of its gradient':>22} {'largest |x - 1|':>16}")
    for name, result in (("generated gradient", found), ("finite differences", without)):
        calls = result.njev if result is found else 0
        print(f"{name:<22} {result.nit:>10} {result.nfev:>10} {calls:>22} {np.max(np.abs(result.x - 1.0)):>16.1e}")
    if not found.success or np.max(np.abs(found.x - 1.0)) > 1e-4:
        raise AssertionError(f"did not converge to ones: {found.message}")


if __name__ == "__main__":
    main()
