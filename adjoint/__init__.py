"""adjoint differentiates plain Python and NumPy functions by source transformation.

    >>> from adjoint import grad
    >>> grad(lambda x: x * x)(3.0)
    6.0

`grad(f).source` is the Python that computed it.
"""

from . import rules as _rules  # registers the derivative rules
from .api import Gradient, grad, source, value_and_grad
from .compiled import NotCompiled
from .directions import directional_derivative, elementwise_grad, hvp, laplacian, vhp
from .emit.files import keep_sources
from .errors import AdjointError, BadRule, MissingRule, SourceNotFound, Unsupported, WrongArgument
from .hooks import cotangent, tangent
from .jacobians import Jacobian, hessian, jacfwd, jacobian, jacrev
from .operators import Tangent, jvp
from .pullbacks import vjp
from .rules.registry import constant, elementwise, jvp_rule, linear, vjp_rule
from .runtime import stop_gradient
from .schedule import checkpoint
from .series import taylor
from .show.debug import debug_nans
from .show.export import export
from .show.graph import graph
from .show.report import report
from .show.table import table
from .sparse import sparse_hessian, sparse_jacobian
from .testing import check_grads, check_rule

__version__ = "0.1.0"

__all__ = [
    "AdjointError",
    "BadRule",
    "Gradient",
    "Jacobian",
    "MissingRule",
    "NotCompiled",
    "SourceNotFound",
    "Tangent",
    "Unsupported",
    "WrongArgument",
    "check_grads",
    "check_rule",
    "checkpoint",
    "constant",
    "cotangent",
    "debug_nans",
    "directional_derivative",
    "elementwise",
    "elementwise_grad",
    "export",
    "grad",
    "graph",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "jvp_rule",
    "keep_sources",
    "laplacian",
    "linear",
    "report",
    "source",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "table",
    "tangent",
    "taylor",
    "value_and_grad",
    "vhp",
    "vjp",
    "vjp_rule",
]

del _rules
