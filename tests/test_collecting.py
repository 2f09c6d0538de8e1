"""The garbage collector is left as it was found."""

import gc
import threading

import pytest

import adjoint
from adjoint.collecting import uncollected


@pytest.fixture(autouse=True)
def _restored():
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_as_it_was(enabled):
    (gc.enable if enabled else gc.disable)()
    assert uncollected(uncollected(gc.isenabled))() is False
    assert gc.isenabled() is enabled


@pytest.mark.parametrize("enabled", [True, False])
def test_as_it_was_after_an_error(enabled):
    (gc.enable if enabled else gc.disable)()
    with pytest.raises(ZeroDivisionError):
        uncollected(lambda: 1 / 0)()
    assert gc.isenabled() is enabled


def test_until_the_last_thread_is_ready():
    gc.enable()
    ends, begun = [threading.Event(), threading.Event()], threading.Barrier(3)

    @uncollected
    def wait(end):
        begun.wait()
        end.wait()

    threads = [threading.Thread(target=wait, args=(end,)) for end in ends]
    for thread in threads:
        thread.start()
    begun.wait()
    ends[0].set()
    threads[0].join()
    second_alone = gc.isenabled()
    ends[1].set()
    threads[1].join()
    assert not second_alone
    assert gc.isenabled()


def test_a_gradient_is_built_without_it(monkeypatch):
    seen = []

    def prepared(function):
        seen.append(gc.isenabled())
        return function

    monkeypatch.setattr(adjoint.dispatch, "prepared", prepared)
    gc.enable()
    assert adjoint.grad(lambda x: x * x)(3.0) == 6.0
    assert seen == [False]
    assert gc.isenabled()
