"""The value of this function and its tangent along tangents of `x` and `k`:

    def oscillator(x, v, k, steps):
        dt = 0.01
        for _ in range(steps):
            v = v - k * sin(x) * dt
            x = x + v * dt
        return x * x
"""

from math import cos, sin


def oscillator_jvp(x, v, k, steps, x_dot, k_dot):
    v_dot = 0.0
    for _ in range(steps):
        w1 = sin(x)
        w2_dot = (k_dot * w1 + x_dot * cos(x) * k) * 0.01
        v_dot -= w2_dot
        v = v - k * w1 * 0.01
        x_dot += v_dot * 0.01
        x = x + v * 0.01
    w3_dot = x_dot * (x + x)
    w3 = x * x
    return w3, w3_dot
