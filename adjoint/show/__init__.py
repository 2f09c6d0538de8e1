"""What people look at and keep: exported files, tables, pictures."""

from typing import TYPE_CHECKING

from ..later import later as _later

if not TYPE_CHECKING:
    __getattr__ = _later(__name__, {})
