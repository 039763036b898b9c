"""What sensors do beyond `N(x, a x + b)`: each one function, each optional.

All are off by default, since the paper's model has none of them. Applied to
`[B, h, w, C]` in units 0 = black, 1 = white, before the last clip; draws are
arguments. In the order of the sensor:

    level_jitter     the file's black and white level are a little wrong
    poisson          few photons: counts instead of a Gaussian
    row_noise        each row of the sensor has its own offset
    dark_shading     the black level drifts over the frame
    quantise         counts of the sensor's converter
    clip_signed      keeps the noise below black, as a pedestal does

References: Wei et al. 2021 (ELD: row noise, quantisation); Feng et al. 2022
(PMN: dark shading).
"""

import numpy as np

from fanet_tf.raw.noise import NoiseParams

# Mean count from which the skewed Gaussian replaces exact Poisson counts; the
# third moments agree within 1 % there.
FEW = 8.0
# Counts that the exact part can reach: P(n > 26 | 8) = 3e-8.
_LARGEST = 26


def poisson_counts(mean, uniform, normal, xp=np):
    """Draws Poisson counts.

    Exact below `FEW`, by inverting the distribution. Above, a Gaussian bent
    to the Poisson's variance and skewness (Cornish & Fisher 1938), which is
    not rounded to whole counts.

    Args:
        mean: any shape, 0 or more.
        uniform: draws in 0..1 of that shape.
        normal: standard normal draws of that shape.
        xp: namespace of the arrays.
    """
    low = xp.minimum(mean, FEW)
    probability = xp.exp(-low)
    cumulative = probability
    few = 0.0 * mean
    for count in range(1, _LARGEST + 1):
        few = xp.where(uniform > cumulative, few + 1.0, few)
        probability = probability * low / count
        cumulative = cumulative + probability
    high = xp.maximum(mean, FEW)
    # 1/18 is the variance of the bend, (n^2 - 1)/6.
    many = high + xp.sqrt(high - 1.0 / 18.0) * normal
    many = many + (normal * normal - 1.0) / 6.0
    return xp.where(mean < FEW, few, many)


def poisson(clean, noise: NoiseParams, uniform, normal, read_normal, xp=np):
    """Draws a capture whose shot noise is Poisson; not clipped.

    `x/a` is the number of photons, so `a` times their count has the mean `x`
    and the variance `a x`; the read noise stays Gaussian.

    Args:
        clean: `[B, h, w, C]`, 0..1.
        noise: `a` and `b` of each image.
        uniform: draws in 0..1 of the shape of `clean`.
        normal: standard normal draws of that shape, for the photons.
        read_normal: the same, for the read noise.
        xp: namespace of the arrays.
    """
    a, b = noise.images(xp)
    photons = poisson_counts(xp.maximum(clean, 0.0) / a, uniform, normal, xp)
    return a * photons + xp.sqrt(b) * read_normal


def row_noise(noisy, deviation, normal, xp=np):
    """Adds an offset to each sensor row.

    A packed row holds two sensor rows: R and Gr share one, Gb and B the
    other.

    Args:
        noisy: `[B, h, w, 4]`.
        deviation: `[B]` of the offsets.
        normal: standard normal draws `[B, h, 2]`.
        xp: namespace of the arrays.
    """
    rows = normal * xp.reshape(deviation, (-1, 1, 1))
    top, bottom = rows[..., 0], rows[..., 1]
    offsets = xp.stack([top, top, bottom, bottom], axis=-1)  # [B, h, 4]
    return noisy + offsets[:, :, None, :]


def dark_shading(noisy, slope, normal, xp=np):
    """Adds a black level that drifts linearly over the frame.

    Args:
        noisy: `[B, h, w, C]`.
        slope: `[B]` deviation of the drift from the middle to an edge.
        normal: standard normal draws `[B, 2]`, down and across.
        xp: namespace of the arrays.
    """
    height, width = noisy.shape[1:3]
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[None, :, None, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, None, :, None]
    drift = normal * xp.reshape(slope, (-1, 1))
    down = xp.reshape(drift[:, 0], (-1, 1, 1, 1))
    across = xp.reshape(drift[:, 1], (-1, 1, 1, 1))
    return noisy + down * y + across * x


def level_jitter(values, black, white, xp=np):
    """Renormalises as a file would whose levels are wrong.

    Args:
        values: `[B, h, w, C]`.
        black: `[B]` what the file calls black, in true units; 0 is right.
        white: `[B]` what it calls white; 1 is right.
        xp: namespace of the arrays.
    """
    black = xp.reshape(black, (-1, 1, 1, 1))
    white = xp.reshape(white, (-1, 1, 1, 1))
    return (values - black) / (white - black)


def quantise(values, steps: int, xp=np):
    """Rounds to the sensor's counts.

    Args:
        values: any shape.
        steps: counts from black to white, 959 for 10 bits and black at 64.
        xp: namespace of the arrays.
    """
    # Not `round`: TensorFlow's numpy lacks it for plain tensors.
    return xp.floor(values * float(steps) + 0.5) / float(steps)


def clip_signed(values, pedestal: float, xp=np):
    """Clips as a sensor whose black lies `pedestal` above its lowest count.

    Args:
        values: any shape.
        pedestal: in units of white; 64/959 for 10 bits and black at 64.
        xp: namespace of the arrays.
    """
    return xp.clip(values, -pedestal, 1.0)
