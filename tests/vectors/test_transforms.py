from __future__ import annotations

import numpy as np

from adapterxlt.vectors.transforms import ready

RNG = np.random.default_rng(0)
VECTORS = (RNG.normal(size=(200, 5)) @ RNG.normal(size=(5, 5)) + 3).astype(np.float32)


def test_centred_vectors_have_mean_0():
    np.testing.assert_allclose(ready(VECTORS, "centre", False).mean(axis=0), 0, atol=1e-5)


def test_whitened_vectors_have_unit_covariance_and_keep_their_directions():
    white = ready(VECTORS, "whiten", False)
    np.testing.assert_allclose(white.T @ white / 200, np.eye(5), atol=1e-4)
    # ZCA: each new axis lies nearest to its old one, so their correlation is positive.
    centred = ready(VECTORS, "centre", False)
    assert (np.sum(white * centred, axis=0) > 0).all()


def test_fewer_vectors_than_dimensions_stay_finite():
    white = ready(VECTORS[:3], "whiten", False)
    assert np.isfinite(white).all()
    assert np.linalg.matrix_rank(white, tol=1e-3) == 2
    assert (ready(np.ones((4, 3), np.float32), "whiten", False) == 0).all()


def test_ready_scales_after_the_transformation():
    np.testing.assert_allclose(np.linalg.norm(ready(VECTORS, "whiten", True), axis=1), 1, rtol=1e-5)
    assert np.array_equal(ready(VECTORS, "none", False), VECTORS)
    assert not np.allclose(ready(VECTORS, "centre", True), ready(VECTORS, "none", True))
