"""Sparse Jacobians and Hessians: the same numbers as the dense ones, in as few sweeps as their pattern allows."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED
from test_corpus import is_single
from test_operators import is_complex, quiet

from adjoint import WrongArgument, hessian, jacfwd, sparse_hessian, sparse_jacobian
from adjoint.sparse import colours, planned
from adjoint.testing import assert_same

pytest.importorskip("scipy")

ARRAYS = [
    c for c in CASES if c.name not in REFUSED and isinstance(c.wrt, int) and not is_complex(c)
    and isinstance(c.args[c.wrt], np.ndarray) and 1 < c.args[c.wrt].size <= 12 and not is_single(c)
]


@pytest.mark.parametrize("case", [c for c in ARRAYS if c.out != "tree"], ids=lambda c: c.name)
def test_the_corpus(case: Case) -> None:
    with quiet():
        dense = np.asarray(jacfwd(case.fun, case.wrt)(*case.fresh_args()))
        found = sparse_jacobian(case.fun, case.wrt)(*case.fresh_args()).toarray()
        assert_same(found, dense.reshape(found.shape), rtol=1e-9, atol=1e-11)
        if case.out == "scalar":
            matrix = hessian(case.fun, case.wrt)(*case.fresh_args())
            found = sparse_hessian(case.fun, case.wrt)(*case.fresh_args()).toarray()
            assert_same(found, matrix.reshape(found.shape), rtol=1e-9, atol=1e-11)


def banded(x):
    y = np.zeros(len(x))
    y[1:-1] = x[2:] * x[1:-1] - np.sin(x[:-2])
    y[0] = x[0] ** 2
    y[-1] = x[-1] * x[-2]
    return y


def test_a_banded_matrix_takes_as_many_sweeps_as_bands():
    jacobian = sparse_jacobian(banded)
    small = np.linspace(0.0, 1.0, 9)
    assert_same(jacobian(small).toarray(), jacfwd(banded)(small), rtol=1e-12, atol=1e-14)
    found = jacobian(np.linspace(0.0, 1.0, 10_000))
    assert found.shape == (10_000, 10_000)
    assert jacobian.sweeps == 3
    assert found.nnz <= 30_000


def test_hessian_of_a_sum_of_neighbours():
    def f(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    made = sparse_hessian(f)
    x = np.linspace(-1.0, 1.0, 8)
    assert_same(made(x).toarray(), hessian(f)(x), rtol=1e-12, atol=1e-12)
    assert made(np.linspace(-1.0, 1.0, 5_000)).nnz <= 15_000
    assert made.sweeps == 3


def test_few_results_are_found_by_rows():
    jacobian = sparse_jacobian(lambda x: np.stack([np.sum(x * x), x[0] * x[1]]))
    found = jacobian(np.arange(6.0))
    assert (jacobian.mode, jacobian.sweeps) == ("reverse", 2)
    assert_same(found.toarray(), np.array([2 * np.arange(6.0), [1.0, 0, 0, 0, 0, 0]]))


def test_another_branch_has_another_pattern():
    def f(x):
        return x * x[::-1] if x[0] > 0.0 else np.cumsum(x)

    jacobian = sparse_jacobian(f)
    for x in (np.array([1.0, 2.0, 3.0]), np.array([-1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])):
        assert_same(jacobian(x).toarray(), jacfwd(f)(x), rtol=1e-12)


def test_loops_over_entries_and_has_aux():
    def f(x):
        y = np.zeros(len(x))
        for i in range(1, len(x) - 1):
            y[i] = x[i - 1] * x[i + 1] + x[i]
        return y, "extra"

    x = np.linspace(0.0, 1.0, 9)
    jacobian = sparse_jacobian(f, has_aux=True)
    found, extra = jacobian(x)
    assert extra == "extra"
    assert jacobian.sweeps == 3
    assert_same(found.toarray(), jacfwd(lambda x: f(x)[0])(x), rtol=1e-12)


def test_colours_keep_lines_that_meet_apart():
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows = [frozenset(np.flatnonzero(rng.uniform(size=12) < 0.2).tolist()) for _ in range(15)]
        plan = planned(rows, 12)
        lines, places = (plan.columns, plan.rows) if plan.mode == "forward" else (plan.rows, plan.columns)
        pairs = list(zip(plan.colour[lines].tolist(), places.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
    assert colours([[0], [0], [1]], [[0, 1], [2]]).tolist() == [0, 1, 0]


def test_refusals():
    with pytest.raises(WrongArgument, match="one argument"):
        sparse_jacobian(banded, wrt=(0,))
    with pytest.raises(WrongArgument, match="a list"):
        sparse_jacobian(lambda xs: xs[0])([1.0, 2.0])
