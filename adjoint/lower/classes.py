"""A class defined inside a differentiated function.

It becomes a real class, so that inheritance, `isinstance` and `super()` need no code of their own; what
stands in it are closures instead of functions, and they are spliced in like any other.

    class Leaf(Node):                          type("Leaf", (Node,), {"size": <the closure size>})
        def size(self):              ->
            return x**2
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast

from ..ir import Const
from . import expressions, spliced
from .context import Frame, Lowering
from .values import Closure, Value, is_undefined

_WRAPPERS: dict[Any, Callable[[Any], Any]] = {property: property, staticmethod: staticmethod, classmethod: classmethod}


def class_statement(lo: Lowering, frame: Frame, node: Any) -> None:
    if node.decorator_list or node.keywords:
        raise lo.refuse(
            frame, node, "A class with a decorator or a metaclass is defined inside a differentiated function.",
            "Define it outside the function.",
        )
    bases = [lo.atom(expressions.expression(lo, frame, b), frame, b) for b in node.bases]
    if not all(isinstance(b, Const) and isinstance(b.value, type) for b in bases):
        raise lo.refuse(frame, node, "A base of this class is not known when the gradient is built.")
    owner = frame.owner.fn
    namespace: dict[str, Any] = {"__module__": owner.__module__ if owner is not None else __name__}
    for stmt in node.body:
        match stmt:
            case gast.Expr(value=gast.Constant()) | gast.Pass():
                pass
            case gast.FunctionDef():
                namespace[stmt.name] = _method(lo, frame, stmt)
            case gast.Assign(targets=[gast.Name(id=name)]) | gast.AnnAssign(target=gast.Name(id=name)) if stmt.value is not None:
                value = lo.atom(expressions.expression(lo, frame, stmt.value), frame, stmt)
                if not isinstance(value, Const) or is_undefined(value):
                    raise lo.refuse(
                        frame, stmt, "An attribute of a class must be a constant here.", "Assign it in `__init__`."
                    )
                namespace[name] = value.value
            case _:
                raise lo.refuse(frame, stmt, "This statement in the body of a class is not understood.")
    cls = type(node.name, tuple(b.value for b in bases if isinstance(b, Const)), namespace)
    lo.classes.update({stmt: cls for stmt in node.body if isinstance(stmt, gast.FunctionDef)})
    expressions.bind(lo, frame, node.name, Const(cls))


def _method(lo: Lowering, frame: Frame, node: Any) -> Any:
    made: Any = spliced.closure(lo, frame, node)
    for decorator in reversed(node.decorator_list):
        wrapper = expressions.expression(lo, frame, decorator)
        if not isinstance(wrapper, Const) or wrapper.value not in _WRAPPERS:
            raise lo.refuse(
                frame, decorator, "This decorator of a method is not understood.", "Define the class outside the function."
            )
        made = _WRAPPERS[wrapper.value](made)
    return made


def as_value(method: Any) -> Value:
    """A function found in a class: of a class defined inside the function, a closure."""
    return method if isinstance(method, Closure) else Const(method)


def class_around(lo: Lowering, frame: Frame) -> tuple[type | None, Frame]:
    """The class whose method is being lowered, if it is one defined inside the function, and the method's frame."""
    here: Frame | None = frame
    while here is not None:
        if here.node in lo.classes:
            return lo.classes[here.node], here
        here = here.parent if here.fn is None else None
    return None, frame.owner
