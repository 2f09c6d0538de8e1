"""What `max` and `min` with a key and functions of `itertools` do, said in Python: for items of which it is not known how many.

A call of one is lowered as a call of the function here would be, in its place.
"""

from __future__ import annotations


def largest(items, key):
    """`max(items, key=key)`."""
    if len(items) == 0:
        raise ValueError("max() arg is an empty sequence")
    chosen = items[0]
    most = key(chosen)
    for k in range(1, len(items)):
        item = items[k]
        now = key(item)
        if now > most:
            chosen, most = item, now
    return chosen


def smallest(items, key):
    """`min(items, key=key)`."""
    if len(items) == 0:
        raise ValueError("min() arg is an empty sequence")
    chosen = items[0]
    least = key(chosen)
    for k in range(1, len(items)):
        item = items[k]
        now = key(item)
        if now < least:
            chosen, least = item, now
    return chosen


def takewhile(predicate, items):
    taken = []
    for item in items:
        if not predicate(item):
            break
        taken.append(item)
    return iter(taken)


def dropwhile(predicate, items):
    kept = []
    dropping = True
    for item in items:
        dropping = dropping and bool(predicate(item))
        if not dropping:
            kept.append(item)
    return iter(kept)


def zip_longest(a, b, fillvalue=None):
    rows = []
    for k in range(max(len(a), len(b))):
        rows.append((a[k] if k < len(a) else fillvalue, b[k] if k < len(b) else fillvalue))
    return iter(rows)


def compress(data, selectors):
    return iter([item for item, wanted in zip(data, selectors, strict=False) if wanted])
