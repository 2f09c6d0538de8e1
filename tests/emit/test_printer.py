"""How the text is laid out."""

import numpy as np

from adjoint import grad


def stages(x, theta, dt, n):
    """A step of Runge and Kutta's, which records eight values."""
    for _ in range(n):
        a = np.sin(x) * theta
        b = np.sin(x + dt * a) * np.exp(a)
        c = np.sin(x + dt * b) * np.exp(b)
        x = x + dt * np.tanh(a + b * c) / np.sqrt(1.0 + c * c)
    return np.sum(x)


X = np.linspace(0.1, 0.9, 5)


def test_the_head_of_a_loop_over_many_tapes_takes_several_lines():
    lines = grad(stages, (0, 1)).source_for(X, 0.5, 0.1, 3).splitlines()
    assert max(map(len, lines)) <= 120
    at = next(k for k, line in enumerate(lines) if line.endswith("in zip("))
    assert lines[at - 1] == "    # for _ in range(n):"
    end = lines.index("    ):", at)
    assert all(line.startswith("        reversed(") for line in lines[at + 1 : end]) and end - at > 2


def test_tapes_stand_in_the_order_in_which_they_are_filled():
    lines = [line.strip() for line in grad(stages, (0, 1)).source_for(X, 0.5, 0.1, 3).splitlines()]
    begun = [line.removesuffix(" = []") for line in lines if line.endswith("_tape = []")]
    filled = [line.partition(".append(")[0] for line in lines if ".append(" in line]
    assert len(begun) > 4 and begun == filled
