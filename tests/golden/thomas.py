"""The gradient of this function with respect to `a` and `b` and `c` and `d`:

    def thomas(a, b, c, d):
        '''A tridiagonal system, the right-hand side and the diagonal eliminated in place.'''
        b, d, n = b.copy(), d.copy(), len(d)
        for i in range(1, n):
            w = a[i - 1] / b[i - 1]
            b[i] -= w * c[i - 1]
            d[i] -= w * d[i - 1]
        x = np.zeros(n)
        x[n - 1] = d[n - 1] / b[n - 1]
        for i in range(n - 2, -1, -1):
            x[i] = (d[i] - c[i] * x[i + 1]) / b[i]
        return np.sum(x**2)
"""

import numpy as np


def thomas_grad(a, b, c, d):
    # forward sweep
    b_2 = b.copy()
    d_2 = d.copy()
    w_tape = []
    for i in range(1, 4):
        w1 = i - 1
        w = a[w1] / b_2[w1]
        w_tape.append(w)
        b_2[i] -= w * c[w1]
        d_2[i] -= w * d_2[w1]
    x = np.zeros(4)
    w2 = b_2[3]
    w3 = d_2[3] / w2
    x[3] = w3
    for i in range(2, -1, -1):
        w4 = (d_2[i] - c[i] * x[i + 1]) / b_2[i]
        x[i] = w4
    # reverse sweep
    x_bar = 2 * x
    d_2_bar = np.zeros(4)
    c_bar = np.zeros(3)
    b_2_bar = np.zeros(4)
    for i in range(3):                     # for i in range(n - 2, -1, -1):
        w5 = c[i]
        w6 = i + 1
        w7 = b_2[i]
        w4_bar = x_bar[i]                  # x[i] = (d[i] - c[i] * x[i + 1]) / b[i]
        w8_bar = w4_bar / w7
        b_2_bar[i] -= w4_bar * (x[i] / w7)
        w9_bar = -w8_bar
        w10_bar = w9_bar * x[w6]
        x_bar[w6] += w9_bar * w5
        c_bar[i] += w10_bar
        d_2_bar[i] += w8_bar
    w3_bar = x_bar[3]                      # x[n - 1] = d[n - 1] / b[n - 1]
    b_2_bar[3] -= w3_bar * (w3 / w2)
    d_2_bar[3] += w3_bar / w2
    a_bar = np.zeros(3)
    # for i in range(1, n):
    for i, w in zip(reversed(range(1, 4)), reversed(w_tape)):
        w11 = i - 1
        w12 = c[w11]
        w13_bar = -d_2_bar[i]              # d[i] -= w * d[i - 1]
        w_bar = w13_bar * d_2[w11]
        d_2_bar[w11] += w13_bar * w
        w14_bar = -b_2_bar[i]              # b[i] -= w * c[i - 1]
        w_bar += w14_bar * w12
        c_bar[w11] += w14_bar * w
        w15 = b_2[w11]
        b_2_bar[w11] -= w_bar * (w / w15)  # w = a[i - 1] / b[i - 1]
        a_bar[w11] += w_bar / w15
    return a_bar, b_2_bar, c_bar, d_2_bar
