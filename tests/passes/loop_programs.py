"""Random nests of loops that read and write a vector and a matrix, entry by entry and in parts."""

import random


def program(seed):
    """The text of a function `f(x, A)` of five numbers and a five by five matrix."""
    made = Program(random.Random(seed))
    return made.text()


class Program:
    def __init__(self, rng):
        self.rng = rng
        self.lines = ["def f(x, A):", "    n = 5", "    s = 0.0"]

    def text(self):
        if self.rng.random() < 0.5:
            self.lines.append("    x = x.copy()")
        self.lines.append(f"    for t in range({self.rng.choice(['2', '3', 'n'])}):")
        self.body(2, self.rng.choice([[], ["t"]]), 0)
        if self.rng.random() < 0.5:
            self.lines.append("    for m in range(1, n - 1):")
            self.body(2, ["m"], 0)
        self.lines.append("    return s + np.sum(x * x) + np.sum(A * A)")
        return "\n".join(self.lines) + "\n"

    def index(self, counters):
        found = ["0", "1", "2", "-1", "n - 2"]
        for v in counters:
            found += [v] * 4 + [f"{v} - 1", f"{v} + 1", f"n - 1 - {v}", f"{v} - 2"]
        return self.rng.choice(found)

    def cut(self, counters):
        found = ["1:-1", ":", "2:", ":-2", "1:4", "::2", ":3"]
        for v in counters:
            found += [f"{v}:", f":{v}", f"{v} + 1:", f"{v} - 1:"]
        return self.rng.choice(found)

    def entry(self, counters):
        return self.rng.choice([f"x[{self.index(counters)}]", f"A[{self.index(counters)}, {self.index(counters)}]"])

    def number(self, counters):
        e, other = self.entry(counters), self.entry(counters)
        forms = [e, f"np.sin({e})", f"{e} * {other}", f"0.5 * {e} * {e}", f"{e} + {other}", f"np.tanh({e} * {other})", f"{e} * s"]
        return self.rng.choice(forms)

    def loop(self, counters, depth):
        ends = ["n", "1, n - 1", "n - 2, 0, -1", "2, n", "0, n - 1, 2", "n - 1, -1, -1"]
        for u in counters:
            ends += [f"{u} + 1, n - 1", u, f"{u}, n - 1"]
        return f"for {'ijk'[depth]} in range({self.rng.choice(ends)}):"

    def body(self, indent, counters, depth):
        for _ in range(self.rng.randrange(1, 4)):
            self.statement(indent, counters, depth)

    def statement(self, indent, counters, depth):
        kind, write = self.rng.randrange(16), self.rng.choice(["=", "+=", "*=", "-="])
        i, j, number = self.index(counters), self.index(counters), self.number(counters)
        cut, entry = self.cut(counters), self.entry(counters)

        def add(line, further=0):
            self.lines.append("    " * (indent + further) + line)

        if kind < 4 and depth < 3:
            add(self.loop(counters, depth))
            self.body(indent + 1, [*counters, "ijk"[depth]], depth + 1)
        elif kind < 7:
            add(f"x[{i}] {write} 0.3 * {number}")
        elif kind < 9:
            add(f"A[{i}, {j}] {write} 0.3 * {number}")
        elif kind == 9:
            add("x[1:-1] = x[1:-1] + 0.1 * x[1:-1] * (x[2:] - x[:-2])")
        elif kind == 10:
            add(f"A[{i}, {cut}] {write} 0.3 * {number} * A[{j}, {cut}]")
        elif kind == 11:
            add(f"A[{cut}, {i}] = 0.5 * np.sin(A[{cut}, {j}] * {entry})")
        elif kind == 12:
            add(f"s += {number}")
        elif kind == 13:
            add(f"if {entry} > 0.3:")
            add(f"x[{i}] = 0.4 * {number}", 1)
        elif kind == 14:
            add(f"A[[{i}, {j}]] = A[[{self.index(counters)}, {self.index(counters)}]]")
        else:
            add(f"s += 0.1 * np.sum({self.rng.choice(['x * x', 'A * A', 'x * A[0]', 'np.sin(A)'])})")
