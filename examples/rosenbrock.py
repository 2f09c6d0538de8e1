"""SciPy's minimisers take a gradient as `jac`, a Hessian as `hess`, or its product with a vector as `hessp`.

Rosenbrock's banana valley in 100 variables, minimised with what is generated from the function and, for comparison, with
the differences that SciPy takes when it is given no gradient.

    python examples/rosenbrock.py
"""

import numpy as np
from scipy.optimize import minimize

from adjoint import grad, hessian, hvp, sparse_hessian


def rosenbrock(x):
    valley = x[1:] - x[:-1] ** 2
    return np.sum(100.0 * valley**2 + (1.0 - x[:-1]) ** 2)


def main(n: int = 100) -> dict[str, float]:
    x0 = np.zeros(n)
    slope = grad(rosenbrock)
    newton = {"method": "Newton-CG", "options": {"xtol": 1e-10}}
    runs = {
        "BFGS, finite differences": minimize(rosenbrock, x0),
        "BFGS, jac=grad(f)": minimize(rosenbrock, x0, jac=slope),
        "Newton-CG, hessp=hvp(f)": minimize(rosenbrock, x0, jac=slope, hessp=hvp(rosenbrock), **newton),
        "Newton-CG, hess=hessian(f)": minimize(rosenbrock, x0, jac=slope, hess=hessian(rosenbrock), **newton),
    }
    print(slope.source)
    print(f"{'':<30} {'iterations':>10} {'f':>8} {'jac':>6} {'largest |x - 1|':>16}")
    away = {}
    for name, found in runs.items():
        away[name] = float(np.max(np.abs(found.x - 1.0)))
        print(f"{name:<30} {found.nit:>10} {found.nfev:>8} {found.njev:>6} {away[name]:>16.1e}")
    matrix = sparse_hessian(rosenbrock)(x0)
    print(f"\nThe Hessian has {matrix.nnz} entries that are not zero, of {n * n}: sparse_hessian(f) finds the pattern itself.")
    return away


if __name__ == "__main__":
    main()
