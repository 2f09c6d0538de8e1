"""Rows for scipy.sparse.linalg: see rows.py."""

import numpy as np
from rules.checker import Row
from rules.rows_special import n
from scipy import sparse
from scipy.sparse import linalg

from adjoint.rules.scipy.sparse import (
    PRODUCTS, by_factors, by_factors_of, dense, down, factors, multiplied, solved, transposed_product,
)  # fmt: skip

FULL = np.array([[4.0, 1.0, 0.0], [0.3, 3.0, 0.5], [0.0, 0.7, 2.0]])
ROWS = [Row(linalg.spsolve, (sparse.csc_matrix(FULL), n(3))), Row(transposed_product, (sparse.csr_matrix(FULL[:2]), n(2, 2)))]
for product in PRODUCTS:
    ROWS += [Row(product, (sparse.csr_matrix(FULL[:2]), n(3))), Row(product, (sparse.csr_matrix(FULL[:2]), n(3, 2)))]
PLACES = np.array([0, 1, 2, 2, 0, 0]), np.array([0, 1, 2, 1, 2, 2])
DATA = np.array([4.0, 3.0, 2.0, 0.7, 0.2, 0.3])
for x in (n(3), n(3, 2)):
    ROWS += [Row(multiplied, (DATA, x, *PLACES, (3, 3))), Row(solved, (DATA, x, *PLACES, (3, 3)))]
ROWS += [Row(multiplied, (DATA, n(4), *PLACES, (3, 4))), Row(dense, (DATA, *PLACES, (3, 4))), Row(down, (DATA, *PLACES, (4, 3)))]


def factorised_and_solved(lu, data, b, rows, cols, trans):
    return factors(data, rows, cols, (3, 3)).solve(b, trans)


for trans in ("N", "T"):
    ROWS.append(Row(by_factors, (linalg.splu(sparse.csc_matrix(FULL)), n(3), trans)))
    for x in (n(3), n(3, 2)):
        ROWS.append(Row(by_factors_of, (factors(DATA, *PLACES, (3, 3)), DATA, x, *PLACES, trans), call=factorised_and_solved))
