"""Synthetic frames whose noise is known: to test a calibration, and to learn.

A chart of 24 flat patches in 4 rows of 6, between black and white, and dark
frames with the terms of a sensor; rounded to counts and clipped as a sensor
does.
"""

import dataclasses

import numpy as np

from fanet_tf.raw import sensor_terms
from fanet_tf.raw.noise import NoiseParams
from fanet_tf.raw.sampling import RandomDraws
from fanet_tf.raw.sensor import SensorModel

ROWS, COLUMNS = 4, 6


def intensities(exposure: float = 1.0, darkest: float = 0.0):
    """Returns the mean of each patch and plane, `[24, 4]`.

    Args:
        exposure: intensity of the brightest patch's green; more than 1
            clips at white.
        darkest: intensity of the darkest patch.
    """
    grey = darkest + (exposure - darkest) * np.linspace(0, 1, 24) ** 2
    # Red and blue receive less light than green, as behind most filters.
    colour = np.array([0.55, 1.0, 1.0, 0.7])
    return np.where(grey[:, None] > darkest, grey[:, None] * colour, darkest)


def patches(size: int, margin: int = 4):
    """Returns `(top, left, height, width)` of each patch, packed pixels."""
    pitch = size + margin
    return [
        (row * pitch + margin, column * pitch + margin, size, size)
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]


def frames(
    means,
    a: float,
    b: float,
    rng,
    num_frames: int = 1,
    size: int = 32,
    black: float = 64.0,
    white: float = 1023.0,
    low: float = 0.0,
    shading: float = 0.0,
    unevenness: float = 0.0,
):
    """Renders frames of the chart, `[F, h, w, 4]` counts, packed.

    Args:
        means: `[24, 4]` intensity of each patch and plane, 0..1 and above.
        a: shot-noise slope.
        b: read-noise variance.
        rng: numpy generator.
        num_frames: of the same scene.
        size: of a patch in packed pixels.
        black: count of no light.
        white: count that saturates.
        low: count below which the sensor clips; `black` for sensors that
            subtract it before they clip.
        shading: relative fall of brightness across a patch.
        unevenness: relative deviation of the pixels' sensitivity.
    """
    margin = 4
    pitch = size + margin
    clean = np.full((ROWS * pitch + margin, COLUMNS * pitch + margin, 4), 0.01)
    ramp = 1.0 + shading * np.linspace(-0.5, 0.5, size)[None, :, None]
    for mean, (top, left, height, width) in zip(
        means, patches(size, margin), strict=True
    ):
        clean[top : top + height, left : left + width] = mean * ramp
    clean = clean * (1.0 + unevenness * rng.standard_normal(clean.shape))
    deviation = np.sqrt(a * np.maximum(clean, 0.0) + b)
    noisy = clean + deviation * rng.standard_normal((num_frames, *clean.shape))
    counts = np.round(noisy * (white - black) + black)
    return np.clip(counts, low, white)


def dark_frames(
    model: SensorModel,
    b: float,
    rng,
    num_frames: int,
    shape: tuple[int, int],
    defect_rate: float = 0.0,
    black: float = 64.0,
    white: float = 1023.0,
):
    """Renders a series of dark frames, `[F, h, w, 4]` counts, packed.

    Args:
        model: the sensor; it keeps the noise below black, and its defects are
            left out.
        b: read-noise variance.
        rng: numpy generator.
        num_frames: of the series.
        shape: `(h, w)` in packed pixels.
        defect_rate: share of the pixels that are bright or stuck in all frames.
        black: count of no light.
        white: count that saturates.

    Returns:
        The frames, and `[h, w, 4]`, True at the defects.
    """
    scale = white - black
    model = dataclasses.replace(
        model.without("defects", "rounding"),
        signed_share=1.0,
        pedestal=(black / scale, black / scale),
    )
    noise = NoiseParams(np.full(1, 1e-9, np.float32), np.full(1, np.float32(b)))
    clean = np.zeros((1, *shape, 4), np.float32)
    rate = np.full(1, defect_rate)
    places, kinds = rng.random((2, 1, *shape))

    def defective(packed):
        # Dark frames show no pixel that is blind to light, so all are stuck.
        return sensor_terms.defects(
            packed, rate, places, kinds, stuck_share=1.0
        )

    frames = []
    for _ in range(num_frames):
        noisy = model.expose(clean, noise, RandomDraws(rng)).noisy
        counts = np.round(defective(noisy)[0] * scale + black)
        frames.append(np.clip(counts, 0.0, white).astype(np.uint16))
    # The value of a pixel that is whole stays.
    is_whole = defective(np.full_like(clean, 0.125))[0] == 0.125
    return np.stack(frames), ~is_whole
