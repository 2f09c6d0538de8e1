"""Every rule for SciPy against its primal, as test_rules.py does for NumPy's."""

import importlib
import math
import operator
import sys

import numpy as np
import pytest

pytest.importorskip("scipy")

from rules.checker import called_without_a_rule, check, name, unlike_their_primals
from rules.rows_scipy_linalg import ROWS as LINALG
from rules.rows_scipy_ndimage import ROWS as NDIMAGE
from rules.rows_scipy_samples import ROWS as SAMPLES
from rules.rows_scipy_signal import ROWS as SIGNAL
from rules.rows_scipy_sparse import ROWS as SPARSE
from rules.rows_special import ROWS as SPECIAL
from rules.rows_stats import ROWS as STATS

from scipy import linalg, signal

from adjoint.rules.registry import APPLIED, HIGHER, LIBRARIES, RULES, read_rules

ROWS = [*SPECIAL, *STATS, *LINALG, *NDIMAGE, *SAMPLES, *SIGNAL, *SPARSE]
for _module in LIBRARIES:
    importlib.import_module(_module)
read_rules()

BY_NAME = {}
for _row in ROWS:
    _owner = getattr(getattr(_row.fn, "__self__", None), "name", None) or getattr(_row.fn, "__module__", None)
    BY_NAME.setdefault(f"{_owner or 'scipy.special'}.{name(_row.fn)}", []).append(_row)


# Primitives that are passed a function, by the user or by rules, and parts of what they return: tests/test_scipy_functions.py.
PLAIN = {fn: rule for fn, rule in RULES.items() if fn not in HIGHER and fn not in APPLIED and not isinstance(fn, tuple)}


def functions_of(rule):
    return [f for f in (rule.vjp, rule.jvp, *(rule.partials or ())) if callable(f)]


def ours(rule):
    return any(f.__module__.startswith("adjoint.rules.scipy") for f in functions_of(rule))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("key", BY_NAME)
def test_rule(key):
    for row in BY_NAME[key]:
        check(row)


def test_there_are_rules_to_transpose():
    """Forward mode makes their tangents of their VJPs, and the rows look at both."""
    transposed = {row.fn for row in ROWS if (rule := RULES[row.fn]).vjp and not rule.jvp and not rule.linear}
    assert transposed >= {linalg.lu, linalg.qr, linalg.polar, signal.convolve2d}


def test_every_rule_has_a_row():
    with_rows = {row.fn for row in ROWS}
    assert not [name(fn) for fn, rule in PLAIN.items() if rule.differentiable and ours(rule) and fn not in with_rows]


def test_rules_have_the_signatures_of_their_primals():
    assert not unlike_their_primals((fn, rule) for fn, rule in PLAIN.items() if ours(rule))


def test_rules_call_only_what_has_a_rule():
    modules = [m for path, m in sys.modules.items() if path.startswith("adjoint.rules.scipy.")]
    names = {"np": np, "math": math, "operator": operator}
    names |= {path.removeprefix("scipy."): sys.modules[path] for path in LIBRARIES}
    assert not called_without_a_rule([m for m in modules if not m.__name__.endswith(".orders")], names)
