"""adjoint differentiates plain Python and NumPy functions by source transformation.

    >>> from adjoint import grad
    >>> grad(lambda x: x * x)(3.0)
    6.0

`grad(f).source` is the Python that computed it.
"""

from . import rules as _rules  # registers the derivative rules
from .api import Gradient, grad, source, value_and_grad
from .errors import AdjointError, BadRule, MissingRule, SourceNotFound, Unsupported, WrongArgument
from .hooks import cotangent, tangent
from .operators import Tangent, jvp
from .pullbacks import vjp
from .rules.registry import constant, elementwise, jvp_rule, linear, vjp_rule
from .runtime import stop_gradient
from .schedule import checkpoint
from .testing import check_grads, check_rule

__version__ = "0.1.0"

__all__ = [
    "AdjointError",
    "BadRule",
    "Gradient",
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
    "elementwise",
    "grad",
    "jvp",
    "jvp_rule",
    "linear",
    "source",
    "stop_gradient",
    "tangent",
    "value_and_grad",
    "vjp",
    "vjp_rule",
]

del _rules
