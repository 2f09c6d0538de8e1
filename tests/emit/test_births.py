"""Buffers that a loop fills entry by entry: in place, whatever holds what they were before."""

import numpy as np
import pytest
from recording import counted

from adjoint import grad, source
from adjoint.testing import numerical_gradient

STEPS = 3


def exchanged(u):
    now, then = u.copy(), u.copy()
    for _ in range(STEPS):
        for i in range(1, len(u) - 1):
            then[i] = now[i] + 0.1 * (now[i - 1] ** 2 - now[i] * now[i + 1])
        now, then = then, now
    return np.sum(now**2)


def made_anew(u):
    now = u.copy()
    for _ in range(STEPS):
        then = np.empty_like(now)
        for i in range(len(u)):
            then[i] = np.sin(now[i]) * now[i - 1]
        now = then
    return np.sum(now**2)


def rotated(u):
    a, b, c = u.copy(), u * 0.5, u * 0.25
    for _ in range(STEPS):
        for i in range(1, len(u)):
            c[i] = a[i] * b[i - 1] + c[i] ** 2
        a, b, c = b, c, a
    return np.sum(a**2 * b) + np.sum(c)


def two_deep(u):
    now, then = u.copy(), u.copy()
    for _ in range(STEPS):
        for k in range(2):
            for i in range(k, len(u)):
                then[i] = now[i] ** 2 * 0.3 + then[i - k] * 0.1
        now, then = then, now
    return np.sum(now**2)


def viewed(u):
    """A view of the new buffer, read before and after it is filled."""
    now, then, s = u.copy(), u.copy(), 0.0
    for _ in range(STEPS):
        then = then * 0.5
        part = then[1:4]
        s += np.sum(part**2)
        for i in range(1, len(u) - 1):
            then[i] = now[i] + 0.1 * now[i - 1] ** 2 * part[0]
        s += np.sum(part**3)
        now, then = then, now
    return s + np.sum(now**2)


def scratch(u):
    """Filled in every iteration, and recorded once it is full."""
    t, s = np.zeros(len(u)), 0.0
    for i in range(STEPS):
        for k in range(len(u)):
            t[k] = u[k] ** 2 * (i + 1) + 0.1 * t[k - 1]
        s += np.sum(np.exp(-t))
    return s


def filled_twice(u):
    """Recorded between two fillings of the same memory."""
    t, s = np.zeros(len(u)), 0.0
    for i in range(STEPS):
        for k in range(len(u)):
            t[k] = u[k] ** 2 * (i + 1)
        s += np.sum(np.exp(-t))
        for k in range(len(u)):
            t[k] = t[k - 1] * u[k]
        s += np.sum(np.sin(t))
    return s


def kept(u):
    """What was filled is kept, and the rest of it filled over the same memory."""
    rows, now = [], u.copy()
    for _ in range(STEPS):
        then = now * 1.0
        for i in range(1, len(u)):
            then[i] = now[i] * then[i - 1]
        rows.append(then.copy())
        for i in range(1, len(u)):
            then[i] = then[i] ** 2
        rows.append(then)
        now = then
    return sum(np.sum(r**2) for r in rows)


def named_twice(u):
    """Two names for the new buffer: a write by one is seen by the other, and both go on."""
    now, other = u.copy(), u * 0.5
    for _ in range(STEPS):
        then = now * other
        old, now = now, then
        for i in range(1, len(u)):
            then[i] = old[i] ** 2 + now[i - 1]
        other = old
    return np.sum(now * other)


def in_a_branch(u):
    now, then = u.copy(), u.copy()
    for k in range(STEPS):
        if k % 2:
            then = now * 2.0
        for i in range(1, len(u)):
            then[i] = now[i] * now[i - 1] + 0.1 * then[i]
        now, then = then, now
    return np.sum(now * then)


PROGRAMS = [exchanged, made_anew, rotated, two_deep, viewed, scratch, filled_twice, kept, named_twice, in_a_branch]


@pytest.mark.parametrize("fun", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("optimize", [True, False])
def test_gradients(fun, optimize):
    u = np.random.default_rng(3).uniform(0.5, 1.2, 6)
    before = u.copy()
    assert np.allclose(grad(fun, optimize=optimize)(u), numerical_gradient(fun, (u,)), rtol=1e-6, atol=1e-7)
    assert np.array_equal(u, before)


@pytest.mark.parametrize("fun", [exchanged, made_anew, rotated, two_deep, scratch], ids=lambda f: f.__name__)
def test_no_copy_at_an_entry(fun):
    u = np.linspace(0.5, 1.2, 40)
    assert "array_set" not in source(fun, u)
    assert counted(fun, u).copied <= STEPS * 40 * 2
