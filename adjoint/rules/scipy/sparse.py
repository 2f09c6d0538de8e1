"""scipy.sparse.linalg: systems with a sparse matrix that stays as it is, by their right-hand sides.

The cotangent of b solves the transposed system; that of the matrix is refused (of a sparse matrix only the entries
that are stored would have one).
"""

from scipy import sparse
from scipy.sparse import linalg as systems

from adjoint.rules.functional import refuse_active
from adjoint.rules.registry import jvp_rule, refuse, vjp_rule

MATRIX = "a sparse matrix has no derivative here: differentiate by the right-hand side, or use a full matrix"


@vjp_rule(systems.spsolve)
def spsolve(g, z, A, b, permc_spec=None, use_umfpack=True):
    refuse_active(A, MATRIX)
    return None, systems.spsolve(A.T.tocsc(), g, permc_spec, use_umfpack)


@jvp_rule(systems.spsolve)
def spsolve_jvp(t, z, A, b, permc_spec=None, use_umfpack=True):
    return systems.spsolve(A, t[1], permc_spec, use_umfpack)


PRODUCTS = tuple({getattr(cls, name) for cls in (sparse.csr_matrix, sparse.csr_array) for name in ("__matmul__", "dot")})


def transposed_product(a, x):
    """aᵀ x"""
    return a.T @ x


@vjp_rule(*PRODUCTS)
def product(g, z, self, other):
    refuse_active(self, MATRIX)
    return None, transposed_product(self, g)


@jvp_rule(*PRODUCTS)
def product_jvp(t, z, self, other):
    return self @ t[1]


@vjp_rule(transposed_product)
def transposed_product_vjp(g, z, a, x):
    refuse_active(a, MATRIX)
    return None, a @ g


@jvp_rule(transposed_product)
def transposed_product_jvp(t, z, a, x):
    return transposed_product(a, t[1])


refuse(
    systems.cg, systems.gmres, systems.bicg, systems.bicgstab, systems.minres, systems.splu, systems.factorized,
    why="use spsolve",
)  # fmt: skip
