"""`collections.deque`, said with a list: its methods are lowered as those of a user's class would be.

    q = deque(maxlen=3)          items = []
    q.append(x)                  items.append(x); if len(items) > 3: items = items[1:]
    q.popleft()                  items[0], items[1:]

A deque that the program makes is such an object.  Where it leaves the program (a function that nothing is known of, a
result) it is a deque again; NumPy's functions and Python's, which only iterate over it, take its list.
"""

from __future__ import annotations

import collections

from .values import Attributes, Ref, State, Value


def items(state: State, value: Value) -> Value:
    """The list of a deque; anything else as it is."""
    match state.heap[value.cell] if isinstance(value, Ref) else None:
        case Attributes(cls=cls, entries=entries) if cls is Queue:
            return dict(entries)["items"]
    return value


class Queue:
    """Not a subclass: a method that is missing here would be called with a copy, and lost."""

    def __init__(self, iterable=(), maxlen=None):
        self.items = list(iterable)
        self.maxlen = maxlen
        if maxlen is not None:
            self.items = self.items[max(len(self.items) - maxlen, 0) :]

    def append(self, x):
        self.items.append(x)
        if self.maxlen is not None:
            if len(self.items) > self.maxlen:
                self.items = self.items[1:]

    def appendleft(self, x):
        self.items = [x] + self.items
        if self.maxlen is not None:
            self.items = self.items[: self.maxlen]

    def pop(self):
        return self.items.pop()

    def popleft(self):
        first = self.items[0]
        self.items = self.items[1:]
        return first

    def extend(self, iterable):
        for x in iterable:
            self.append(x)

    def extendleft(self, iterable):
        for x in iterable:
            self.appendleft(x)

    def insert(self, i, x):
        if self.maxlen is not None:
            if len(self.items) >= self.maxlen:
                raise IndexError("deque already at its maximum size")
        self.items = self.items[:i] + [x] + self.items[i:]

    def remove(self, value):
        k = self.items.index(value)
        self.items = self.items[:k] + self.items[k + 1 :]

    def index(self, value):
        return self.items.index(value)

    def count(self, value):
        return self.items.count(value)

    def rotate(self, n=1):
        if len(self.items) > 0:
            k = len(self.items) - n % len(self.items)
            self.items = self.items[k:] + self.items[:k]

    def reverse(self):
        self.items = self.items[::-1]

    def clear(self):
        self.items = []

    def copy(self):
        return collections.deque(self.items, self.maxlen)

    def __copy__(self):
        return collections.deque(self.items, self.maxlen)

    def __iadd__(self, iterable):
        self.extend(iterable)
        return self

    def __add__(self, other):
        both = collections.deque(self.items, self.maxlen)
        both.extend(other)
        return both

    def __eq__(self, other):
        return isinstance(other, collections.deque) and self.items == list(other)

    def __ne__(self, other):
        return not (isinstance(other, collections.deque) and self.items == list(other))

    def __contains__(self, value):
        return value in self.items

    def __len__(self):
        return len(self.items)

    def __bool__(self):
        return len(self.items) > 0

    def __iter__(self):
        return iter(self.items)

    def __reversed__(self):
        return iter(self.items[::-1])

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value


Queue.__name__ = "deque"  # as errors call it
