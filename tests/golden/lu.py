"""The gradient of this function with respect to `A`:

    def lu(A):
        '''In place; the logarithm of the determinant.'''
        n = len(A)
        for k in range(n):
            for i in range(k + 1, n):
                A[i, k] /= A[k, k]
                for j in range(k + 1, n):
                    A[i, j] -= A[i, k] * A[k, j]
        return np.sum(np.log(np.diag(A)))
"""

import numpy as np


def lu_grad(A):
    # forward sweep
    A = np.array(A)
    for k in range(4):
        w1 = k + 1
        for i in range(w1, 4):
            w2 = A[i, k] / A[k, k]
            A[i, k] = w2
            for j in range(w1, 4):
                A[i, j] -= A[i, k] * A[k, j]
    # reverse sweep
    A_bar = np.diag(1.0 / np.diag(A), 0)
    for k in reversed(range(4)):              # for k in range(n):
        w3 = k + 1
        for i in reversed(range(w3, 4)):      # for i in range(k + 1, n):
            for j in reversed(range(w3, 4)):  # for j in range(k + 1, n):
                w4_bar = -A_bar[i, j]         # A[i, j] -= A[i, k] * A[k, j]
                w5_bar = w4_bar * A[k, j]
                A_bar[k, j] += w4_bar * A[i, k]
                A_bar[i, k] += w5_bar
            w2_bar = A_bar[i, k]              # A[i, k] /= A[k, k]
            w6 = A[k, k]
            w7_bar = -w2_bar * (A[i, k] / w6)
            A_bar[i, k] = w2_bar / w6
            A_bar[k, k] += w7_bar
    return A_bar
