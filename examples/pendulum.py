"""A pendulum's damping and length, fitted to noisy angles through a Runge-Kutta integrator.

The loss integrates the equation of motion; its gradient goes back through every stage of every step.
BFGS with the generated gradient finds both numbers.
"""

import numpy as np
from scipy.optimize import minimize

from adjoint import value_and_grad


def motion(angle, speed, damping, length):
    return speed, -damping * speed - 9.81 / length * np.sin(angle)


def loss(params, angles, dt):
    damping, length = params
    angle, speed = angles[0], 0.0
    total = 0.0
    for k in range(1, len(angles)):
        a1, b1 = motion(angle, speed, damping, length)
        a2, b2 = motion(angle + dt / 2 * a1, speed + dt / 2 * b1, damping, length)
        a3, b3 = motion(angle + dt / 2 * a2, speed + dt / 2 * b2, damping, length)
        a4, b4 = motion(angle + dt * a3, speed + dt * b3, damping, length)
        angle = angle + dt / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        speed = speed + dt / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        total += (angle - angles[k]) ** 2
    return total


def measured(params, dt, steps, noise, finer=200):
    """Angles of a pendulum let go at 1 rad, with noise; integrated otherwise than the model, in finer steps."""
    angle, speed, angles = 1.0, 0.0, [1.0]
    for k in range(steps * finer):
        speed += dt / finer * motion(angle, speed, *params)[1]
        angle += dt / finer * speed
        if (k + 1) % finer == 0:
            angles.append(angle)
    return np.array(angles) + noise * np.append(0.0, np.random.default_rng(0).normal(size=steps))


def main():
    truth, dt = (0.25, 1.4), 0.05
    angles = measured(truth, dt, steps=120, noise=0.01)
    loss_and_slope = value_and_grad(loss)
    start = np.array([0.05, 1.0])
    found = minimize(loss_and_slope, start, args=(angles, dt), jac=True, method="BFGS")
    print(f"start   damping {start[0]:.3f}   length {start[1]:.3f}   loss {loss(start, angles, dt):.4f}")
    print(f"fitted  damping {found.x[0]:.3f}   length {found.x[1]:.3f}   loss {found.fun:.4f}   in {found.nfev} evaluations")
    print(f"truth   damping {truth[0]:.3f}   length {truth[1]:.3f}")
    return found.x, truth


if __name__ == "__main__":
    main()
