"""The gradient of this function with respect to `x` and `k`:

    def oscillator(x, v, k, steps):
        dt = 0.01
        for _ in range(steps):
            v = v - k * sin(x) * dt
            x = x + v * dt
        return x * x
"""

from math import cos, sin


def oscillator_grad(x, v, k, steps):
    # forward sweep
    x_tape = []
    w1_tape = []
    for _ in range(steps):
        x_tape.append(x)
        w1 = sin(x)
        w1_tape.append(w1)
        v = v - k * w1 * 0.01
        x = x + v * 0.01
    # reverse sweep
    x_bar = x + x               # return x * x
    v_bar = 0.0
    k_bar = 0.0
    # for _ in range(steps):
    for x, w1 in zip(reversed(x_tape), reversed(w1_tape)):
        v_bar += x_bar * 0.01   # x = x + v * dt
        w2_bar = -0.01 * v_bar  # v = v - k * sin(x) * dt
        k_bar += w2_bar * w1
        x_bar += w2_bar * k * cos(x)
    return x_bar, k_bar
