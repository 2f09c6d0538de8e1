"""Classes that take what Python does with an object into their own hands: right, or refused."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from adjoint import Unsupported, grad
from adjoint.testing import check_grads

X = np.array([0.3, -0.2, 0.5, 0.1])


class Assigns:
    def __init__(self, v):
        self.v = v

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value * 2.0)


def attributes_assigned_by_a_method(x):
    return np.sum(Assigns(x).v ** 2)


class Reads:
    def __init__(self, v):
        self.v = v

    def __getattribute__(self, name):
        return object.__getattribute__(self, name) * 3.0


def attributes_read_by_a_method(x):
    return np.sum(Reads(x).v ** 2)


class Tripled:
    def __get__(self, instance, owner):
        return self if instance is None else instance.kept * 3.0

    def __set__(self, instance, value):
        instance.kept = value * 2.0


class Described:
    v = Tripled()

    def __init__(self, kept):
        self.kept = kept


def descriptor_assigned(x):
    d = Described(x)
    d.v = x
    return np.sum(d.kept**2)


def descriptor_read(x):
    return np.sum(Described(x).v ** 2)


class Single:
    one = None

    def __new__(cls, *args):
        if cls.one is None:
            cls.one = object.__new__(cls)
        return cls.one

    def __init__(self, v):
        self.v = v


def one_object_for_all(x):
    a, b = Single(x), Single(x * 2.0)
    return np.sum(a.v * b.v)


class Counting(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.v = made.v * 9.0
        return made


class Made(metaclass=Counting):
    def __init__(self, v):
        self.v = v


def made_by_a_metaclass(x):
    return np.sum(Made(x).v ** 2)


class Doubling(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2.0)


def a_dict_of_its_own_kind(x):
    d = Doubling()
    d["a"] = x
    return np.sum(d["a"] ** 2)


class History(list):
    pass


def a_list_of_its_own_kind(x):
    h = History()
    h.append(x)
    return np.sum(h[0] ** 2)


class Kernel:
    def __init__(self, scale, x):
        self.scale, self.x = scale, x

    @functools.cached_property
    def squares(self):
        return self.x**2 * self.scale


def cached_and_changed(x):
    k = Kernel(2.0, x)
    first = k.squares
    k.scale = 7.0
    return np.sum(k.squares * first)


def cached_and_written_to(x):
    k = Kernel(2.0, x.copy())
    first = k.squares
    k.x[0] = 7.0
    return np.sum(k.squares * first)


def cached_and_changed_in_a_loop(x):
    k, s = Kernel(2.0, x), 0.0
    for v in x:
        s += np.sum(k.squares)
        k.scale = k.scale * v
    return s


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (attributes_assigned_by_a_method, "`Assigns` assigns its attributes by `__setattr__`"),
        (attributes_read_by_a_method, "`Reads` reads its attributes by `__getattribute__`"),
        (descriptor_assigned, "`v` is a descriptor, of `Tripled`"),
        (descriptor_read, "`v` is a descriptor, of `Tripled`"),
        (one_object_for_all, "decided by `Single.__new__`"),
        (made_by_a_metaclass, "decided by its metaclass, `Counting`"),
        (a_dict_of_its_own_kind, "decided by `dict.__new__`"),
        (a_list_of_its_own_kind, "decided by `list.__new__`"),
        (cached_and_changed, "cached property `squares` is read again"),
        (cached_and_written_to, "cached property `squares` is read again"),
        (cached_and_changed_in_a_loop, "cached property `squares` is read again"),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_refused(f, what):
    with pytest.raises(Unsupported, match=what):
        grad(f)(X)


def cached_in_a_loop(x):
    k, s = Kernel(2.0, x), 0.0
    for i in range(len(x)):
        s += k.squares[i] * i
    return s + np.sum(k.squares)


def cached_after_changes(x):
    k = Kernel(2.0, x)
    k.scale = x[0]
    return np.sum(k.squares)


class Slotted:
    __slots__ = ("v",)

    def __init__(self, v):
        self.v = v


def slots(x):
    s = Slotted(x)
    s.v = s.v * x
    return np.sum(s.v)


class Shares:
    """A container of the user's, made anew by `+`."""

    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return type(self)(self.v + other.v)

    def __len__(self):
        return len(self.v)

    def __iter__(self):
        return iter(self.v)


def objects_added(x):
    both = Shares(x) + Shares(x**2)
    return sum(v * v for v in both) * len(both)


@pytest.mark.parametrize("f", [cached_in_a_loop, cached_after_changes, slots, objects_added])
def test_right(f):
    check_grads(f, (X,))


def test_a_value_that_the_program_has_kept_is_the_one_that_is_read():
    k = Kernel(2.0, X)

    def f(x):
        return np.sum(k.squares * x)

    np.testing.assert_allclose(grad(f)(X), 2.0 * X**2)
    f(X)  # keeps it
    k.scale = 7.0
    np.testing.assert_allclose(grad(f)(X), 2.0 * X**2)
    gradient = grad(f)
    np.testing.assert_allclose(gradient(X), 2.0 * X**2)
    del k.squares
    np.testing.assert_allclose(gradient(X), 7.0 * X**2)
    f(X)
    k.scale = 1.0
    np.testing.assert_allclose(gradient(X), 7.0 * X**2)
