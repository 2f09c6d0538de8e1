"""The examples run, and their numbers are right."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    """An example as a module, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def worked() -> ModuleType:
    return load("worked_examples")


@pytest.fixture(scope="module")
def digits() -> ModuleType:
    for needed in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(needed)
    return load("digits")


def test_worked_examples_in_full(worked, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    worked.main(["--save", str(tmp_path)])
    printed = capsys.readouterr().out
    for example in worked.EXAMPLES:
        assert example.title in printed
    assert "every number is the expected one" in printed
    assert (tmp_path / "linear_layer.png").stat().st_size > 5_000
    for example in worked.EXAMPLES:
        picture = (tmp_path / f"{example.fun.__name__}.svg").read_text(encoding="utf-8")
        assert 'class="edge marked"' in picture
    assert "seed: 1" in printed
    assert "w4: -0.416147, w3: 3" in printed  # what is added to the cotangent of x1


def test_textbook_form_shows_each_value(worked):
    from adjoint import grad

    textbook = grad(worked.product_and_sine, ("x1", "x2"), optimize=False)
    before = sys.gettrace()
    listing, seen = worked.watch(textbook, 2.0, 3.0)
    assert "w4 = 0.9092974268" in listing
    assert 2.5838531634528574 in seen
    assert sys.gettrace() is before


def test_a_wrong_number_stops_the_worked_examples(worked, capsys):
    import dataclasses

    example = dataclasses.replace(worked.EXAMPLES[0], gradient={"x1": 2.5838531634528574, "x2": 2.0000001})
    with pytest.raises(AssertionError, match="d/dx2"):
        worked.show(example)


def test_linear_layer_learns(worked, capsys):
    losses = worked.train_linear_layer()
    assert len(losses) == 100
    assert all(np.diff(losses) < 0)
    assert losses[-1] < 1e-6 * losses[0]
    assert "*" in capsys.readouterr().out


def test_digits_gradient(digits):
    """The gradient of the network's loss, against differences in a random direction."""
    from adjoint import grad

    rng = np.random.default_rng(0)
    params = digits.initial(rng, pixels=6, width=5, classes=4)
    images, labels = rng.normal(size=(7, 6)), rng.integers(4, size=7)
    slopes = grad(digits.loss)(params, images, labels)
    assert list(slopes) == list(params)
    for name, value in params.items():
        direction, h = rng.normal(size=value.shape), 1e-5
        up = digits.loss(params | {name: value + h * direction}, images, labels)
        down = digits.loss(params | {name: value - h * direction}, images, labels)
        assert slopes[name].shape == value.shape
        np.testing.assert_allclose(np.sum(slopes[name] * direction), (up - down) / (2 * h), rtol=1e-6)


def test_digits_learns_to_read(digits, capsys, tmp_path):
    result = digits.main(["--out", str(tmp_path)])
    assert result.test_accuracy >= 0.96
    assert result.losses[-1] < result.losses[0] / 5
    assert "test accuracy 9" in capsys.readouterr().out
    for name in ("digits_loss.png", "digits_misread.png"):
        assert (tmp_path / name).stat().st_size > 5_000


@pytest.mark.parametrize("seed", [1, 2])
def test_digits_from_other_seeds(digits, seed):
    assert digits.train(epochs=15, seed=seed).test_accuracy > 0.9


def test_rosenbrock_in_100_variables(capsys):
    pytest.importorskip("scipy")
    away = load("rosenbrock").main()
    assert len(away) == 4
    assert max(away.values()) < 1e-4
    assert away["Newton-CG, hessp=hvp(f)"] < 1e-8
    assert away["Newton-CG, hess=hessian(f)"] < 1e-8
    assert "The Hessian has 298 entries that are not zero" in capsys.readouterr().out


def test_characters_are_learnt(capsys):
    assert load("characters").main() == 1.0
    printed = capsys.readouterr().out
    assert "Like a diamond in the sky." in printed
    assert "def loss_grad(params, state, codes):" in printed


def test_spirals_are_told_apart(capsys):
    assert load("spirals").main() > 0.98
    assert "the gradient is a Network" in capsys.readouterr().out


def test_pendulum_is_fitted(capsys):
    pytest.importorskip("scipy")
    found, truth = load("pendulum").main()
    np.testing.assert_allclose(found, truth, rtol=0.03)
    assert "fitted  damping" in capsys.readouterr().out


def test_sampling_finds_the_means(capsys):
    draws, accepted = load("sampling").main(3000)
    assert accepted > 0.8
    np.testing.assert_allclose(draws.mean(axis=0), [0.0, -1.0], atol=0.3)
    assert "exactly -1.000" in capsys.readouterr().out


def test_heat_source_is_recovered(capsys, tmp_path):
    pytest.importorskip("scipy")
    pytest.importorskip("matplotlib")
    assert load("heat_source").main(["--save", str(tmp_path)]) < 0.1
    assert "the source recovered" in capsys.readouterr().out
    assert (tmp_path / "heat_source.png").stat().st_size > 5_000


def test_gaussian_process_finds_its_noise(capsys):
    pytest.importorskip("scipy")
    noise, slope = load("gaussian_process").main()
    assert 0.06 < noise < 0.15
    assert slope < 1e-3
    assert "-log likelihood" in capsys.readouterr().out
