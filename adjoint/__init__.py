"""adjoint differentiates plain Python and NumPy functions by source transformation.

    >>> from adjoint import grad
    >>> grad(lambda x: x * x)(3.0)
    6.0

`grad(f).source` is the Python that computed it.
"""

from . import rules as _rules  # registers the derivative rules
from .api import Gradient, grad, source, value_and_grad
from .directions import directional_derivative, elementwise_grad, hvp, laplacian, vhp
from .errors import AdjointError, BadRule, MissingRule, SourceNotFound, Unsupported, WrongArgument
from .hooks import cotangent, tangent
from .jacobians import Jacobian, hessian, jacfwd, jacobian, jacrev
from .operators import Tangent, jvp
from .pullbacks import vjp
from .rules.registry import constant, elementwise, jvp_rule, linear, vjp_rule
from .runtime import stop_gradient
from .schedule import checkpoint
from .series import taylor
from .show.export import export
<<<<<<< HEAD
from .sparse import sparse_hessian, sparse_jacobian
from .testing import check_grads, check_rule
=======
from .show.table import table
from .testing import check_grads
>>>>>>> 41867df (table: each step of a gradient with its value, partials, cotangent and what was added to it)

__version__ = "0.1.0"

__all__ = [
    "AdjointError",
    "BadRule",
    "Gradient",
    "Jacobian",
    "MissingRule",
    "SourceNotFound",
    "Tangent",
    "Unsupported",
    "WrongArgument",
    "check_grads",
    "check_rule",
    "checkpoint",
    "constant",
    "cotangent",
    "directional_derivative",
    "elementwise",
    "elementwise_grad",
    "export",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "jvp_rule",
    "laplacian",
    "linear",
    "source",
<<<<<<< HEAD
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
=======
    "table",
>>>>>>> 41867df (table: each step of a gradient with its value, partials, cotangent and what was added to it)
    "tangent",
    "taylor",
    "value_and_grad",
    "vhp",
    "vjp",
    "vjp_rule",
]

del _rules
