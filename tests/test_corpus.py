"""Every function of the corpus, in every mode: right, or refused by name.

Modes: the default source against finite differences, the textbook source and the interpreter of the IR
against the default, and each pass left out in turn.  A function that is refused today stands in
`REFUSED` with the reason; one that starts to work must be taken out of it.
"""

import contextlib
import io

import numpy as np
import pytest
from corpus import CASES, Case
from corpus.refused import REFUSED

import adjoint
from adjoint.api import Gradient
from adjoint.testing import assert_same, check_grads

def quietly(run):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        return run()


def gradient(case: Case, optimize: bool = True):
    seed = "one" if case.out == "scalar" else "given"
    return Gradient(case.fun, case.wrt, value=False, optimize=optimize, has_aux=False, seed=seed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_or_refused(case: Case) -> None:
    try:
        quietly(lambda: check_grads(case.fun, case.fresh_args(), wrt=case.wrt))
    except adjoint.AdjointError as error:
        assert case.name in REFUSED, f"refused: {error}"
        assert error.what and error.what.endswith(".")
    else:
        assert case.name not in REFUSED, "works now: take it out of REFUSED"


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in REFUSED and c.out == "scalar"], ids=lambda c: c.name)
def test_textbook_form_agrees(case: Case) -> None:
    expected = quietly(lambda: gradient(case)(*case.fresh_args()))
    actual = quietly(lambda: gradient(case, optimize=False)(*case.fresh_args()))
    assert_same(actual, expected, rtol=1e-9, atol=1e-12)
