"""The gradient of this function with respect to `A`:

    def cholesky(A):
        n = len(A)
        L = np.zeros((n, n))
        for j in range(n):
            for i in range(j, n):
                s = A[i, j]
                for k in range(j):
                    s -= L[i, k] * L[j, k]
                L[i, j] = sqrt(s) if i == j else s / L[j, j]
        return np.sum(L)
"""

from math import sqrt
import numpy as np


def cholesky_grad(A):
    # forward sweep
    L = np.zeros((4, 4))
    w3_tape_tape = []
    w4_tape_tape = []
    for j in range(4):
        w3_tape = []
        w4_tape = []
        for i in range(j, 4):
            s = A[i, j]
            for k in range(j):
                w1 = L[i, k] * L[j, k]
                s = s - w1
            if i == j:
                w2 = sqrt(s)
                w3 = w2
                w4 = None
            else:
                w2 = s / L[j, j]
                w3 = None
                w4 = w2
            w3_tape.append(w3)
            w4_tape.append(w4)
            L[i, j] = w2
        w3_tape_tape.append(w3_tape)
        w4_tape_tape.append(w4_tape)
    # reverse sweep
    L_bar = np.full((4, 4), 1.0)
    A_bar = np.zeros((4, 4))
    # for j in range(n):
    for j, w3_tape, w4_tape in zip(reversed(range(4)), reversed(w3_tape_tape), reversed(w4_tape_tape)):
        # for i in range(j, n):
        for i, w3, w4 in zip(reversed(range(j, 4)), reversed(w3_tape), reversed(w4_tape)):
            w2_bar = L_bar[i, j]          # L[i, j] = sqrt(s) if i == j else s / L[j, j]
            L_bar[i, j] = 0.0
            if i == j:
                s_bar = 0.5 * w2_bar / w3
            else:
                w5 = L[j, j]
                s_bar = w2_bar / w5
                L_bar[j, j] -= w2_bar * (w4 / w5)
            for k in reversed(range(j)):  # for k in range(j):
                w1_bar = -s_bar           # s -= L[i, k] * L[j, k]
                w6_bar = w1_bar * L[j, k]
                L_bar[j, k] += w1_bar * L[i, k]
                L_bar[i, k] += w6_bar
            A_bar[i, j] += s_bar          # s = A[i, j]
    return A_bar
