"""The rules for SciPy differentiated twice: a row of each, or a refusal that says why there is no second derivative."""

import pytest

pytest.importorskip("scipy")

from rules.checker import check_twice, smallest
from rules.test_scipy_rules import ROWS
from scipy import linalg

from adjoint import AdjointError

# What the formulas of these rules call has no rule, or needs to know its options: refused, but not by a sentence of its own.
ONCE = {linalg.eigh, linalg.eigvalsh, linalg.eigh_tridiagonal, linalg.eigvalsh_tridiagonal, linalg.expm}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [row for row in smallest(ROWS) if row.fn not in ONCE], ids=str)
def test_rule_of_the_second_order(row):
    try:
        check_twice(row)
    except AssertionError as error:
        assert isinstance(error.__cause__, AdjointError) and "is not differentiated" in str(error), str(error)


