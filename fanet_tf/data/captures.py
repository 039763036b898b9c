"""What an evaluation runs on: a noisy frame, its noise and its clean frame.

A *scene* is a clean frame; `synthetic` makes noisy captures of it at any gain.
A real pair (a paired set, SIDD, See-in-the-Dark) is a capture by itself.
"""

import dataclasses
import os
import zlib
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

from fanet_tf.calibration.profile import GainLaw
from fanet_tf.data import scene_kinds
from fanet_tf.data.camera import Camera
from fanet_tf.data.scene_kinds import SceneKind
from fanet_tf.raw import isp
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw import unprocess
from fanet_tf.raw.noise import NoiseParams


@dataclasses.dataclass(frozen=True)
class Colour:
    """How a frame is shown: the two steps of the ISP that are the scene's.

    Attributes:
        rgb_from_cam: `[3, 3]` camera RGB to linear sRGB.
        red_gain: white-balance gain of red.
        blue_gain: white-balance gain of blue.
    """

    rgb_from_cam: np.ndarray
    red_gain: float
    blue_gain: float

    def render(self, packed):
        """Renders packed RAW `[h, w, 4]` to sRGB `[2h, 2w, 3]` in 0..1."""
        return isp.to_srgb(
            packed[None],
            self.rgb_from_cam[None],
            np.float32([self.red_gain]),
            np.float32([self.blue_gain]),
        )[0]


@dataclasses.dataclass(frozen=True)
class Scene:
    """A clean frame.

    Attributes:
        name: names it in tables; also seeds its noise.
        clean: `[h, w, 4]` float32 packed RAW in 0..1.
        colour: how it is shown.
    """

    name: str
    clean: np.ndarray
    colour: Colour


@dataclasses.dataclass(frozen=True)
class Capture:
    """A noisy frame with what it should look like.

    Attributes:
        name: of the scene.
        gain: of the sensor, or None where unknown.
        noisy: `[h, w, 4]` float32.
        clean: `[h, w, 4]` float32.
        noise: `(a, b)` of the noisy frame, each `[1]`.
        colour: how it is shown.
        valid: `[h, w]` bool, pixels that may be compared; None: all.
    """

    name: str
    gain: float | None
    noisy: np.ndarray
    clean: np.ndarray
    noise: NoiseParams
    colour: Colour
    valid: np.ndarray | None = None


def typical_colour(camera: Camera) -> Colour:
    """Returns the middle of the camera's matrices and white balances."""
    matrix, _, red_gain, blue_gain = camera.typical()
    return Colour(np.linalg.inv(matrix).astype(np.float32), red_gain, blue_gain)


def scene_from_srgb(
    name: str,
    srgb,
    camera: Camera,
    kind: SceneKind = scene_kinds.AS_THEY_ARE,
) -> Scene:
    """Unprocesses a photograph with the camera's typical colour.

    Typical and not drawn, so that each run sees the same scene.

    Args:
        name: of the photograph.
        srgb: `[H, W, 3]`, uint8, or float in 0..1; odd rows and columns at the
            end are cut off.
        camera: whose colour the RAW frame gets.
        kind: of scene that becomes of it.
    """
    if np.issubdtype(srgb.dtype, np.integer):
        srgb = srgb / np.float32(np.iinfo(srgb.dtype).max)
    height, width = (size // 2 * 2 for size in srgb.shape[:2])
    matrix, *gains = camera.typical()
    linear = unprocess.to_linear(
        np.asarray(srgb[:height, :width, :3], np.float32)
    )
    clean = unprocess.linear_to_packed(
        kind.soften(linear)[None],
        matrix[None],
        *(np.float32([gain]) for gain in gains),
    )[0]
    clean = kind.expose(clean.astype(np.float32))
    return Scene(name, clean, typical_colour(camera))


# Of a 10-bit phone file: black at 64 of 1023.
PEDESTAL = 64 / 959


def draw(
    scene: Scene,
    gain: float,
    profile: GainLaw,
    seed: int = 0,
    pedestal: float = 0.0,
):
    """Returns a noisy capture of `scene`; the same seed, the same noise.

    The draw depends on the seed, the scene's name and the gain, and on nothing
    else: not on which other scenes, gains or methods a run has. `pedestal` is
    how far below black the noise is kept, see `PEDESTAL`; 0 clips at black.
    """
    noise = profile.noise(gain)
    key = [seed, zlib.crc32(os.fsencode(scene.name)), round(gain * 1000)]
    normal = np.random.default_rng(key).standard_normal(
        scene.clean.shape, dtype=np.float32
    )
    noisy = noise_lib.add_noise(
        scene.clean[None], noise, normal[None], low=-pedestal
    )[0]
    return Capture(
        scene.name,
        float(gain),
        noisy.astype(np.float32),
        scene.clean,
        noise,
        scene.colour,
    )


def synthetic(
    scenes: Iterable[Scene], gains, profile: GainLaw, seed: int = 0
) -> Iterator[Capture]:
    """Yields each scene at each gain; scenes are held one at a time."""
    for scene in scenes:
        for gain in gains:
            yield draw(scene, gain, profile, seed)
