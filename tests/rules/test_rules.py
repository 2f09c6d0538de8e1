"""Every rule against its primal: see checker.py for what is checked and rows.py for the calls."""

import warnings

import pytest
from rules.checker import check
from rules.rows_linalg import ROWS


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rule(row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(row)
