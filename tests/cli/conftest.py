"""What the tests of several commands share."""

import cv2
import numpy as np
import pytest


@pytest.fixture
def photos(tmp_path):
    """A folder of two small photographs."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        image = cv2.GaussianBlur(rng.random((64, 96, 3)), (0, 0), 2)
        image = np.uint8(255 * (image - image.min()) / np.ptp(image))
        cv2.imwrite(str(folder / f"{name}.png"), image)
    return folder
