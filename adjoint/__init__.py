"""adjoint differentiates plain Python and NumPy functions by source transformation.

    >>> from adjoint import grad
    >>> grad(lambda x: x * x)(3.0)
    6.0

`grad(f).source` is the Python that computed it.

A name is read from its module when it is first used, and so is a module (`adjoint.testing`): a program that draws no
graph does not wait for what draws them.
"""

from typing import TYPE_CHECKING

from .later import later as _later

if TYPE_CHECKING:  # what `__getattr__` finds, for what only reads programs
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

_MODULES = {
    "api": "Gradient grad source value_and_grad",
    "compiled": "NotCompiled",
    "directions": "directional_derivative elementwise_grad hvp laplacian vhp",
    "emit.files": "keep_sources",
    "errors": "AdjointError BadRule MissingRule SourceNotFound Unsupported WrongArgument",
    "hooks": "cotangent tangent",
    "jacobians": "Jacobian hessian jacfwd jacobian jacrev",
    "operators": "Tangent jvp",
    "pullbacks": "vjp",
    "rules.registry": "constant elementwise jvp_rule linear vjp_rule",
    "runtime": "stop_gradient",
    "schedule": "checkpoint",
    "series": "taylor",
    "show.debug": "debug_nans",
    "show.export": "export",
    "show.graph": "graph",
    "show.report": "report",
    "show.table": "table",
    "sparse": "sparse_hessian sparse_jacobian",
    "testing": "check_grads check_rule",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # to which any name would be there
    __getattr__ = _later(__name__, _HOME)
