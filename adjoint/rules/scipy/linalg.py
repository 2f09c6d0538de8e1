"""scipy.linalg: what is refused.  The rules are in

    solving.py            systems, inverses, equations for matrices
    factors.py            cholesky, lu, ldl, qr, svd, polar
    eigenvalues.py        eigh, eig
    matrix_functions.py   expm, logm, sqrtm, …
    structured.py         toeplitz, banded, tridiagonal, … matrices
"""

from scipy import linalg

from adjoint.rules.registry import BY_VALUE, refuse
from adjoint.rules.scipy import eigenvalues, factors, matrix_functions, solving, structured  # noqa: F401

_TURNS = "the columns of its orthogonal factor can be turned, and LAPACK's choice has no formula"
refuse(linalg.hessenberg, linalg.qz, linalg.ordqz, why=_TURNS)
refuse(linalg.schur, linalg.rsf2csf, why="a Schur form is not unique: use eigenvalues, or a function of the matrix")
refuse(linalg.null_space, why="a basis of the null space can be turned; the projector I - pinv(A) @ A is differentiable")
refuse(linalg.cdf2rdf, linalg.qr_insert, linalg.qr_delete, linalg.qr_update, why="it has no rule; factorise anew")

BY_VALUE.update((
    linalg.eig, linalg.logm, linalg.sqrtm, linalg.signm, linalg.fractional_matrix_power, linalg.orth, linalg.null_space,
    linalg.lstsq,
))  # fmt: skip
