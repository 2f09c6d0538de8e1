"""The gradient of this function with respect to `A`:

    def gram_schmidt(A):
        n = A.shape[1]
        for j in range(n):
            for i in range(j):
                A[:, j] -= (A[:, i] @ A[:, j]) * A[:, i]
            A[:, j] /= np.sqrt(np.sum(A[:, j] ** 2))
        return np.sum(A**3)
"""

import numpy as np


def gram_schmidt_grad(A):
    # forward sweep
    A = np.array(A)
    w2_tape_tape = []
    w3_tape_tape = []
    w4_tape = []
    w5_tape = []
    w6_tape = []
    for j in range(4):
        w2_tape = []
        w3_tape = []
        for i in range(j):
            w1 = A[:, i]
            w2 = np.array(A[:, j])
            w2_tape.append(w2)
            w3 = w1 @ w2
            w3_tape.append(w3)
            A[:, j] -= w3 * w1
        w2_tape_tape.append(w2_tape)
        w3_tape_tape.append(w3_tape)
        w4 = np.array(A[:, j])
        w4_tape.append(w4)
        w5 = np.sqrt(np.sum(w4 ** 2))
        w5_tape.append(w5)
        w6 = w4 / w5
        w6_tape.append(w6)
        A[:, j] = w6
    # reverse sweep
    A_bar = 3 * A ** 2
    # for j in range(n):
    for j, w2_tape, w3_tape, w4, w5, w6 in zip(
        reversed(range(4)), reversed(w2_tape_tape), reversed(w3_tape_tape), reversed(w4_tape),
        reversed(w5_tape), reversed(w6_tape)
    ):
        w6_bar = np.array(A_bar[:, j])  # A[:, j] /= np.sqrt(np.sum(A[:, j] ** 2))
        w4_bar = -np.sum(w6_bar * (w6 / w5)) / w5 * w4
        A_bar[:, j] = w4_bar + w6_bar / w5
        # for i in range(j):
        for i, w2, w3 in zip(reversed(range(j)), reversed(w2_tape), reversed(w3_tape)):
            w7_bar = -A_bar[:, j]       # A[:, j] -= (A[:, i] @ A[:, j]) * A[:, i]
            w8 = A[:, i]
            w3_bar = np.sum(w7_bar * w8)
            w9 = w7_bar * w3 + w3_bar * w2
            A_bar[:, j] += w3_bar * w8
            A_bar[:, i] += w9
    return A_bar
