"""Many directions in one sweep give what one direction at a time gives."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED
from test_corpus import is_single
from test_operators import entries, is_complex, places_of, quiet

from adjoint import jacfwd, jacrev, seeds
from adjoint.testing import assert_same

MEDIUM = [
    c for c in CASES if c.name not in REFUSED
    and 1 < sum(entries(c.args[k]) for k in places_of(c)) <= 40 and not is_complex(c)
]


@pytest.mark.parametrize("case", MEDIUM, ids=lambda c: c.name)
def test_the_corpus(case: Case) -> None:
    for mode in (jacfwd, jacrev) if case.out != "scalar" else (jacfwd,):
        many, one = mode(case.fun, places_of(case)), mode(case.fun, places_of(case))
        one.sweeps._takes_many = lambda *_: False
        with quiet():
            found, expected = many(*case.fresh_args()), one(*case.fresh_args())
        assert_same(found, expected, rtol=1e-4 if is_single(case) else 1e-9, atol=1e-5 if is_single(case) else 1e-11)


def test_most_of_the_corpus_takes_many_directions():
    """The way out, one direction at a time, is for lists and for shapes that are not known."""
    taken = 0
    for case in MEDIUM:
        made = jacfwd(case.fun, places_of(case))
        with quiet():
            made(*case.fresh_args())
        taken += not made.sweeps._one_by_one
    assert taken >= 0.8 * len(MEDIUM)


def heat(u, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2]) * u[1:-1]
    return u**2


def test_directions_are_an_axis_in_front():
    made = jacfwd(heat)
    made(np.arange(6.0), 3)
    (tangent,) = made.sweeps._forward.values()
    source = tangent.source_for(np.arange(6.0), 3)
    assert "u_2_dot[:, 1:-1] +=" in source
    assert source.count("for ") == 1


def test_effects_happen_once(capsys):
    def f(x):
        print("called")
        return x * 2.0

    assert_same(jacfwd(f)(np.ones(3)), 2.0 * np.eye(3))
    assert_same(jacrev(f)(np.ones(3)), 2.0 * np.eye(3))
    assert capsys.readouterr().out == "called\n" * 2


@pytest.mark.parametrize("at_once", [1, 2, 4, 7])
def test_a_few_at_a_time(monkeypatch, at_once):
    monkeypatch.setattr(seeds, "AT_ONCE", at_once)
    x = np.linspace(0.1, 1.0, 7)
    expected = np.diag(np.cos(x)) + 2.0
    for mode in (jacfwd, jacrev):
        assert_same(mode(lambda x: np.sin(x) + 2.0 * np.sum(x))(x), expected, rtol=1e-12)


@pytest.mark.parametrize("f", [
    lambda x: np.array([[x[0], x[1]], [x[1], x[0] * x[1]]]),  # as many directions as there are rows and columns
    lambda x: np.stack([x, x * x, np.sin(x)], axis=1),
    lambda x: np.outer(x, x) @ x,
    lambda x: np.array([[1.0, 2.0], [3.0, 4.0]]) @ x + np.linalg.solve(np.eye(2) + np.outer(x, x), x),
    lambda x: np.sum(np.outer(x, np.ones(2)), axis=0) + np.cumsum(x)[::-1],
    lambda x: np.linalg.inv(np.array([[2.0, 0.1], [0.3, 1.0]]) * x)[0],
    lambda x: np.einsum("i,ij,j->j", x, np.array([[1.0, 2.0], [3.0, 4.0]]), x),
    lambda x: np.where(x > 1.5, x**2, np.sort(x)),
    lambda x: x[np.array([0, 1, 1, 0])] * x[x > 0.0][0],
])
def test_where_sizes_coincide(f):
    x = np.array([1.0, 2.0])
    one = jacfwd(f)
    one.sweeps._takes_many = lambda *_: False
    assert_same(jacfwd(f)(x), one(x), rtol=1e-12, atol=1e-14)
    assert_same(jacrev(f)(x), one(x), rtol=1e-12, atol=1e-14)
