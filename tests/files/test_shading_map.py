"""Maps of shading gains, and what is none."""

import numpy as np
import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import shading_map


@pytest.mark.parametrize("shape", [(3, 5), (4, 3, 5)])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_one_map_serves_four_planes_and_four_their_own(tmp_path, shape, kind):
    gains = np.linspace(1, 2, np.prod(shape)).reshape(shape).astype(kind)
    np.save(tmp_path / "map.npy", gains)
    found = shading_map.read(tmp_path / "map.npy").gains
    assert found.shape == (4, 3, 5) and found.dtype == np.float32
    gains = np.broadcast_to(gains, (4, 3, 5))
    np.testing.assert_allclose(found, gains, rtol=1e-6)


@pytest.mark.parametrize(
    "gains, message",
    [
        (np.ones(5), "must be \\[rows, columns\\]"),
        (np.ones((3, 4, 5)), "shape=\\(3, 4, 5\\)"),
        (np.ones((4, 5, 4, 1)), "shape=\\(4, 5, 4, 1\\)"),
        (np.ones((1, 5)), "2 x 2 or more"),
        (np.ones((0, 5)), "2 x 2 or more"),
        (np.full((4, 5), 0.5), "must be 1 to 16. Received: 0.5"),
        (np.full((4, 5), 17.0), "Received: 17 to 17"),
        (np.full((4, 5), np.nan), "Received: nan"),
        (np.array([[1, np.inf], [1, 1]]), "Received: 1 to inf"),
        (np.full((2, 2), 1e300), "Received: 1e\\+300"),
        (np.full((2, 2), "x"), "must hold numbers"),
    ],
)
def test_another_array_is_refused(tmp_path, gains, message):
    np.save(tmp_path / "map.npy", gains)
    with pytest.raises(InputError, match=message):
        shading_map.read(tmp_path / "map.npy")
