"""The gradient of this function with respect to `A`:

    def jacobi_1d(A, steps):
        B = A.copy()
        for _ in range(steps):
            B[1:-1] = (A[:-2] + A[1:-1] + A[2:]) / 3.0
            A[1:-1] = (B[:-2] + B[1:-1] + B[2:]) / 3.0
        return np.sum(A**2)
"""

import numpy as np


def jacobi_1d_grad(A, steps):
    # forward sweep
    B = A.copy()
    A = np.array(A)
    for _ in range(steps):
        B[1:-1] = (A[:-2] + A[1:-1] + A[2:]) / 3.0
        A[1:-1] = (B[:-2] + B[1:-1] + B[2:]) / 3.0
    # reverse sweep
    A_bar = 2 * A
    B_bar = np.zeros(6)
    for _ in range(steps):
        # A[1:-1] = (B[:-2] + B[1:-1] + B[2:]) / 3.0
        w1_bar = np.array(A_bar[1:-1]) * 0.3333333333333333
        B_bar[2:] += w1_bar
        B_bar[1:-1] += w1_bar
        B_bar[:-2] += w1_bar
        w2_bar = np.array(B_bar[1:-1])  # B[1:-1] = (A[:-2] + A[1:-1] + A[2:]) / 3.0
        B_bar[1:-1] = 0.0
        w3_bar = w2_bar * 0.3333333333333333
        A_bar[1:-1] = w3_bar
        A_bar[2:] += w3_bar
        A_bar[:-2] += w3_bar
    A_bar += B_bar                      # B = A.copy()
    return A_bar
