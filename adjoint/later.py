"""Modules and names of a package that are imported when they are first used.

    __getattr__ = later(__name__, {"grad": "api"})    # in the __init__.py of a package

`package.grad` is read from `package.api` then, and `package.lower` is the module of that name.  Python asks
`__getattr__` once for each name (PEP 562): what it finds stays in the package, as an import would have put it there.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def later(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: `homes` says which of its modules has which name; other names are modules."""

    def attribute(name: str) -> Any:
        path = f"{package}.{homes.get(name, name)}"
        try:
            if not name.startswith("_"):
                found = importlib.import_module(path)
                return vars(sys.modules[package]).setdefault(name, getattr(found, name) if name in homes else found)
        except ModuleNotFoundError as error:
            if error.name != path:  # of what the module itself imports
                raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])

    return attribute
