"""Crops of photographs that are not in a bank, turned into RAW on the host.

What `synthesis` draws for the crops of a bank with TensorFlow is drawn here
with NumPy, crop by crop, while files are being read.
"""

import dataclasses

import numpy as np

from fanet_tf.data import images
from fanet_tf.data.camera import Camera
from fanet_tf.errors import InputError
from fanet_tf.raw import unprocess
from fanet_tf.training.feed import image_sources
from fanet_tf.training.feed.optics import Optics


def places(rng, count: int, shape, size: int, name) -> np.ndarray:
    """Draws upper left corners of windows of `size` in `shape`, `[count, 2]`.

    Raises:
        InputError: the image, `name`, is smaller than a window.
    """
    room = np.array(shape[:2]) - size
    if room.min() < 0:
        raise InputError(
            f"{name}: must be at least {size} x {size} pixels. "
            f"Received: {tuple(shape[:2])}"
        )
    return rng.integers(0, room + 1, (count, 2))


@dataclasses.dataclass(frozen=True)
class PhotoCrops:
    """Cuts crops from photographs.

    Attributes:
        camera: whose colour they take on, drawn anew for each crop.
        optics: lens and exposure, drawn anew for each crop.
        smooth_share: share of the openings that see a smooth variant of their
            image (`image_sources.smooth_variant`).
    """

    camera: Camera
    optics: Optics = Optics()
    smooth_share: float = 0.0

    def of_file(self, path, rng, count: int, size: int) -> np.ndarray:
        """Returns `[count, size, size, 4]`, packed, of a photograph's file."""
        return self.of_image(images.read_srgb(path), rng, count, size, path)

    def of_image(self, srgb, rng, count: int, size: int, name) -> np.ndarray:
        """Returns `[count, size, size, 4]`, packed, of `[H, W, 3]` sRGB.

        Args:
            srgb: uint8 or uint16.
            rng: what is drawn comes from it.
            count: of the crops.
            size: of a crop, in packed pixels.
            name: of the image, for a refusal.
        """
        corners = places(rng, count, srgb.shape, 2 * size, name)
        if self.smooth_share and rng.random() < self.smooth_share:
            srgb = image_sources.smooth_variant(srgb, rng)
        windows = np.stack(
            [srgb[y : y + 2 * size, x : x + 2 * size] for y, x in corners]
        )
        linear = unprocess.to_linear(
            np.float32(windows / np.iinfo(srgb.dtype).max)
        )
        cam_from_rgb, red, blue = self.camera.colours(
            rng.random((self.camera.num_draws, count), dtype=np.float32)
        )
        mean, deviation = self.camera.rgb_gain
        normal = np.clip(rng.standard_normal(count), -3.0, 3.0)
        brightness = np.float32(1.0 / (mean + deviation * normal))
        linear, exposure = self.optics.draw(linear, rng)
        packed = unprocess.linear_to_packed(
            linear, cam_from_rgb, brightness, red, blue
        )
        return packed * exposure[:, None, None, None]
