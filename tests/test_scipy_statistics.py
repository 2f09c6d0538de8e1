"""Statistics of samples, distances of vectors, derivatives of images: the values are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest

from adjoint import Unsupported, check_grads, grad, value_and_grad

stats = pytest.importorskip("scipy.stats")
ndimage = pytest.importorskip("scipy.ndimage")
distance = pytest.importorskip("scipy.spatial.distance")

X = np.array([[0.7, 1.9, 1.2], [2.3, 0.4, 1.1], [1.5, 0.9, 2.6], [0.3, 1.4, 0.8]])
U, V = np.array([0.7, 1.9, 1.2]), np.array([2.3, 0.4, 1.1])
W = np.array([0.5, 1.5, 2.0])
VI = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 3.0]])

OF_SAMPLES = {
    "zscore": lambda x: stats.zscore(x),
    "zscore of columns": lambda x: stats.zscore(x, axis=1, ddof=1),
    "zscore of all": lambda x: stats.zscore(x, axis=None),
    "zmap": lambda x: stats.zmap(x[0], x, ddof=1),
    "skew": lambda x: stats.skew(x),
    "skew without bias": lambda x: stats.skew(x, axis=1, bias=False, keepdims=True),
    "kurtosis": lambda x: stats.kurtosis(x, axis=None),
    "kurtosis without bias": lambda x: stats.kurtosis(x, fisher=False, bias=False),
    "entropy": lambda x: stats.entropy(x),
    "entropy of two": lambda x: stats.entropy(x[0], x[1], base=2),
    "entropy along rows": lambda x: stats.entropy(x, axis=1, keepdims=True),
    "gmean": lambda x: stats.gmean(x, axis=1, weights=W),
    "hmean": lambda x: stats.hmean(x),
    "variation": lambda x: stats.variation(x, axis=1, ddof=1),
    "median_abs_deviation": lambda x: stats.median_abs_deviation(x, axis=1, scale="normal"),
}
OF_VECTORS = {
    "euclidean": lambda u, v: distance.euclidean(u, v) * distance.euclidean(u, v, W),
    "sqeuclidean": lambda u, v: distance.sqeuclidean(u, v, w=W),
    "cityblock": lambda u, v: distance.cityblock(u, v) * distance.cityblock(u, v, W),
    "minkowski": lambda u, v: distance.minkowski(u, v, 3) * distance.minkowski(u, v, 1.5, W),
    "chebyshev": lambda u, v: distance.chebyshev(u, v),
    "cosine": lambda u, v: distance.cosine(u, v) * distance.cosine(u, v, W),
    "correlation": lambda u, v: distance.correlation(u, v) * distance.correlation(u, v, W),
    "mahalanobis": lambda u, v: distance.mahalanobis(u, v, VI),
    "braycurtis": lambda u, v: distance.braycurtis(u, v) * distance.braycurtis(u, v, W),
}


@pytest.mark.parametrize("statistic", OF_SAMPLES.values(), ids=OF_SAMPLES)
def test_of_samples(statistic):
    whole = lambda x: np.sum(statistic(x) ** 2) * x[0, 0]
    np.testing.assert_allclose(value_and_grad(whole)(X)[0], whole(X), rtol=1e-12)
    check_grads(statistic, (X,), order=2)


@pytest.mark.parametrize("measure", OF_VECTORS.values(), ids=OF_VECTORS)
def test_of_vectors(measure):
    np.testing.assert_allclose(value_and_grad(measure)(U, V)[0], measure(U, V), rtol=1e-12)
    check_grads(measure, (U, V), order=2)


IMAGE = np.arange(1.0, 21.0).reshape(4, 5) ** 1.5 % 7.0
OF_IMAGES = {
    "sobel": lambda x: ndimage.sobel(x),
    "sobel along rows": lambda x: ndimage.sobel(x, axis=0, mode=("constant", "wrap"), cval=0.5),
    "prewitt": lambda x: ndimage.prewitt(x, 1, mode="nearest"),
    "laplace": lambda x: ndimage.laplace(x, mode="mirror"),
    "gaussian_laplace": lambda x: ndimage.gaussian_laplace(x, 0.8, truncate=2.0),
    "gaussian_gradient_magnitude": lambda x: ndimage.gaussian_gradient_magnitude(x, (0.6, 0.8), truncate=2.0),
    "center_of_mass": lambda x: np.array(ndimage.center_of_mass(x)),
}


@pytest.mark.parametrize("filtered", OF_IMAGES.values(), ids=OF_IMAGES)
def test_of_images(filtered):
    whole = lambda x: np.sum(filtered(x) ** 2) * x[0, 0]
    np.testing.assert_allclose(value_and_grad(whole)(IMAGE)[0], whole(IMAGE), rtol=1e-12)
    check_grads(filtered, (IMAGE,), order=2)


def test_refused():
    with pytest.raises(Unsupported, match="nan_policy"):
        grad(lambda x: np.sum(stats.zscore(x, nan_policy="omit")))(X)
    with pytest.raises(Unsupported, match="weights"):
        grad(lambda u: distance.chebyshev(u, V, W))(U)
