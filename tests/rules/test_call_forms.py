"""Every form of a call: the gradient agrees with differences, from the function's source to its numbers."""

import importlib.util
import warnings

import numpy as np
import pytest
from rules.call_forms import FORMS, module_text

from adjoint import check_grads, grad


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    path = tmp_path_factory.mktemp("forms") / "forms_module.py"
    path.write_text(module_text())
    spec = importlib.util.spec_from_file_location("forms_module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def family(expression):
    """What is called first: tests are grouped by it."""
    head = expression.removeprefix("@").split("(")[0].split(";")[-1].strip()
    return head if head.replace(".", "").replace("_", "").isalnum() else "expressions"


FAMILIES = {}
for _k, (_expression, _) in enumerate(FORMS):
    FAMILIES.setdefault(family(_expression), []).append(_k)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FAMILIES)
def test_forms(forms, name):
    for k in FAMILIES[name]:
        args = getattr(forms, f"ARGS_{k}")()
        function = getattr(forms, f"form_{k}")
        single = any(getattr(a, "dtype", None) == np.float32 for a in args)
        try:
            check_grads(function, args, rtol=5e-3 if single else 1e-5)
        except Exception as error:
            raise AssertionError(f"{FORMS[k][0]} at {', '.join(FORMS[k][1])}") from error

def divided(x):
    y = np.zeros(3)
    np.divide(2.0, x, where=x != 0.0, out=y)
    return np.sum(y)


def test_masked_out_entries_raise_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(grad(divided)(np.array([0.5, 0.0, 2.0])), [-8.0, 0.0, -0.5])
