"""The gradient of this function with respect to `positions`:

    def energy(positions, charges):
        def distance(a, b):
            return np.sqrt(np.sum((a - b) ** 2))

        total = 0.0
        for i in range(len(charges)):
            for j in range(i + 1, len(charges)):
                total += charges[i] * charges[j] / distance(positions[i], positions[j])
        return total
"""

import numpy as np


def energy_grad(positions, charges):
    # forward sweep
    w1_tape_tape = []
    w2_tape_tape = []
    for i in range(4):
        w1_tape = []
        w2_tape = []
        for j in range(i + 1, 4):
            a = positions[i]
            b = positions[j]
            w1 = np.sqrt(np.sum((a - b) ** 2))
            w1_tape.append(w1)
            w2 = charges[i] * charges[j] / w1
            w2_tape.append(w2)
        w1_tape_tape.append(w1_tape)
        w2_tape_tape.append(w2_tape)
    # reverse sweep
    positions_bar = np.zeros((4, 3))
    # for i in range(len(charges)):
    for i, w1_tape, w2_tape in zip(reversed(range(4)), reversed(w1_tape_tape), reversed(w2_tape_tape)):
        # for j in range(i + 1, len(charges)):
        for j, w1, w2 in zip(reversed(range(i + 1, 4)), reversed(w1_tape), reversed(w2_tape)):
            a = positions[i]
            b = positions[j]
            w3_bar = -w2 / w1 / w1 * (a - b)  # return np.sqrt(np.sum((a - b) ** 2))
            b_bar = -w3_bar
            positions_bar[j] += b_bar         # total += charges[i] * charges[j] / distance(positions[i],...
            positions_bar[i] += w3_bar
    return positions_bar
