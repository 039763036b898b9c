"""Band-limited scenes that can be moved by any fraction of a pixel exactly."""

import numpy as np

from fanet_tf.raw import cfa
from fanet_tf.raw import noise as noise_lib


def spectra(seed, height=512, width=640, cutoff=0.35):
    """Returns the Fourier transforms of red, green and blue, alike in shape.

    Nothing above `cutoff` cycles a pixel, as a lens leaves it; falling as those
    of photographs do. Half-size planes alias above 0.25.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(
        np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    )
    weight = (frequency < cutoff) / np.maximum(frequency, 1 / height) ** 1.2
    draws = [
        np.fft.fft2(rng.standard_normal((height, width))) * weight
        for _ in range(4)
    ]
    return [0.8 * draws[3] + 0.3 * draw for draw in draws[:3]]


def frame(transforms, rows=0.0, columns=0.0, low=0.05, high=0.65):
    """Samples the scene, moved down and right, as RGGB: `[h, w, 4]`."""
    height, width = transforms[0].shape
    phase = np.exp(
        -2j
        * np.pi
        * (
            np.fft.fftfreq(height)[:, None] * rows
            + np.fft.fftfreq(width)[None] * columns
        )
    )
    limits = np.percentile(np.fft.ifft2(transforms[1]).real, (1, 99))
    mosaic = np.empty((height, width), np.float32)
    for (row, column), colour in zip(
        cfa.cell("RGGB"), (0, 1, 1, 2), strict=True
    ):
        image = np.fft.ifft2(transforms[colour] * phase).real
        image = np.clip((image - limits[0]) / np.ptp(limits), 0.0, 1.0)
        mosaic[row::2, column::2] = image[row::2, column::2]
    packed = cfa.pack(mosaic[None, :, :, None])[0]
    return (low + (high - low) * packed).astype(np.float32)


def add_noise(clean, noise, seed=0):
    """Draws a noisy capture of `[h, w, 4]`."""
    normal = np.random.default_rng(seed).standard_normal(
        clean.shape, dtype=np.float32
    )
    noisy = noise_lib.add_noise(clean[None], noise, normal[None])[0]
    return noisy.astype(np.float32)
