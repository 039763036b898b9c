"""What sensors do beyond `N(x, a x + b)`: each one function of arrays.

Packed planes `[B, h, w, 4]` in the order R, Gr, Gb, B; 0 = black, 1 = white.
Draws are arguments, so the functions are pure and run in numpy, tf.data and
Keras. `raw.sensor` puts them together.

References: Wei et al. 2020 (ELD: row noise, quantisation); Foi et al. 2008
(photons and read noise).
"""

import math

import numpy as np

# Skewness is not followed beyond that of one photon a pixel without read noise.
_MAX_SKEWNESS = 1.0


def green_imbalance(clean, error, xp=np):
    """Multiplies Gr by `1 + error / 2` and Gb by `1 - error / 2`.

    Args:
        clean: `[B, h, w, 4]` in 0..1.
        error: `[B]`.
        xp: namespace of the arrays.

    Returns:
        `[B, h, w, 4]`, at most 1 as a saturated pixel is.
    """
    half, one = 0.5 * error, 1.0 + 0.0 * error
    factor = xp.stack([one, one + half, one - half, one], axis=-1)
    return xp.minimum(clean * factor[:, None, None, :], 1.0)


def correlated(normal, down, across, xp=np):
    """Mixes standard normal draws of same-colour neighbours; variance stays.

    Args:
        normal: `[B, h + 2, w + 2, 4]`.
        down: `[B]`, `k` of the kernel `(k, 1, k)` along columns.
        across: `[B]`, the same along rows.
        xp: namespace of the arrays.

    Returns:
        `[B, h, w, 4]` of unit variance, whose correlation with the next pixel
        of the same plane is `2 k / (1 + 2 k^2)` and with the one after it
        `k^2 / (1 + 2 k^2)`.
    """
    down = xp.reshape(down, (-1, 1, 1, 1))
    across = xp.reshape(across, (-1, 1, 1, 1))
    size = xp.sqrt((1.0 + 2.0 * down * down) * (1.0 + 2.0 * across * across))
    x = normal[:, 1:-1] + down * (normal[:, :-2] + normal[:, 2:])
    x = x[:, :, 1:-1] + across * (x[:, :, :-2] + x[:, :, 2:])
    return x / size


def shading(height: int, width: int, down, across, xp=np):
    """Returns the lens-shading gain over a crop, 1 in its middle.

    Args:
        height: packed pixels.
        width: packed pixels.
        down: `[B]` change from the middle to the lower edge.
        across: `[B]` change from the middle to the right edge.
        xp: namespace of the arrays.

    Returns:
        `[B, h, w, 1]`.
    """
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[None, :, None, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, None, :, None]
    down = xp.reshape(down, (-1, 1, 1, 1))
    across = xp.reshape(across, (-1, 1, 1, 1))
    return 1.0 + down * y + across * x


def photons(clean, a, b, normal, poisson: bool = True, xp=np):
    """Draws shot and read noise; not clipped.

    The variance is `a x + b`. `x / a` photons are Poisson, so the third
    central moment is `a^2 x`; with `poisson` a Gaussian is bent to that
    skewness (Cornish & Fisher 1938). Whole counts need not be drawn: read
    noise of half a photon and more (`b / a^2 > 1/4`) hides them, and the
    IMX258's is 1.3 photons and more.

    Args:
        clean: `[B, h, w, C]` in 0..1.
        a: broadcasts with it; the shot-noise slope.
        b: broadcasts with it; the read-noise variance.
        normal: standard normal draws of the shape of `clean`.
        poisson: whether the noise is skewed.
        xp: namespace of the arrays.
    """
    shot = a * clean
    variance = shot + b
    deviation = xp.sqrt(variance)
    if not poisson:
        return clean + deviation * normal
    # Skewness over 6, and what is left of the variance for the normal part:
    # g (n^2 - 1) has the variance 2 g^2.
    g = a * shot / (variance * deviation) * (1.0 / 6.0)
    g = xp.minimum(g, _MAX_SKEWNESS / 6.0)
    straight = xp.sqrt(1.0 - 2.0 * g * g)
    return clean + deviation * (straight * normal + g * (normal * normal - 1.0))


def line_noise(noisy, row, column, row_normal, column_normal, xp=np):
    """Adds an offset to each row and each column of the sensor.

    A packed row holds two sensor rows: R and Gr share one, Gb and B the other;
    a packed column holds R and Gb, and Gr and B.

    Args:
        noisy: `[B, h, w, 4]`.
        row: `[B]`, deviation of the rows' offsets.
        column: `[B]`, the same of the columns.
        row_normal: standard normal draws `[B, h, 2]`.
        column_normal: the same, `[B, w, 2]`.
        xp: namespace of the arrays.
    """
    rows = row_normal * xp.reshape(row, (-1, 1, 1))
    columns = column_normal * xp.reshape(column, (-1, 1, 1))
    rows = xp.stack([rows[..., i] for i in (0, 0, 1, 1)], axis=-1)
    columns = xp.stack([columns[..., i] for i in (0, 1, 0, 1)], axis=-1)
    return noisy + rows[:, :, None, :] + columns[:, None, :, :]


def defects(
    noisy,
    rate,
    places,
    kinds,
    bright_share: float = 0.6,
    pair_share: float = 0.1,
    bright: tuple[float, float] = (0.02, 1.0),
    dark: tuple[float, float] = (0.0, 0.5),
    stuck_share: float = 0.2,
    xp=np,
):
    """Replaces pixels by defective ones.

    A bright pixel adds dark current, a dark one keeps a share of its value, and
    one that is stuck reads -1: the lowest count, once the file is clipped.
    At most one defect begins in each 2 x 2 cell of the sensor.

    Args:
        noisy: `[B, h, w, 4]`.
        rate: `[B]`, defects over pixels, pairs counted once; at most 1/4.
        places: draws in 0..1, `[B, h, w]`.
        kinds: the same.
        bright_share: see `SensorModel`, as the next four.
        pair_share: likewise.
        bright: likewise.
        dark: likewise.
        stuck_share: likewise.
        xp: namespace of the arrays.
    """
    # `places` below 4 rate is a defect; its multiple of the rate is the plane
    # and what is left, again uniform, how strong it is.
    rate = xp.reshape(rate, (-1, 1, 1))
    ratio = places / xp.maximum(rate, 1e-12)
    plane = xp.floor(ratio)
    amount = ratio - plane
    is_bright = kinds < bright_share
    # The digits of `kinds` below a 256th are independent of the above.
    pair = 256.0 * kinds
    in_pair = (pair - xp.floor(pair)) < pair_share
    there = places < 4.0 * rate
    starts = [there & (plane == float(i)) for i in range(4)]
    # R and Gr are neighbours in a row of the sensor, Gb and B in the next.
    chosen = xp.stack(
        [starts[i] | (starts[i ^ 1] & in_pair) for i in range(4)], axis=-1
    )
    low, high = (math.log(x) for x in bright)
    none = 0.0 * amount
    # Of the dark pixels' `amount`, the share that is left is uniform again.
    weak = (amount - stuck_share) / max(1.0 - stuck_share, 1e-6)
    kept = xp.where(weak < 0.0, none, between(weak, dark))
    added = xp.where(weak < 0.0, none - 1.0, none)
    kept = xp.where(is_bright, none + 1.0, kept)
    added = xp.where(is_bright, xp.exp(between(amount, (low, high))), added)
    wrong = noisy * kept[..., None] + added[..., None]
    return xp.where(chosen, wrong, noisy)


def counts(values, steps, xp=np):
    """Rounds to the sensor's counts.

    Args:
        values: any shape.
        steps: counts from black to white, 959 for 10 bits and black at 64;
            broadcasts with `values`.
        xp: namespace of the arrays.
    """
    # Not `round`: TensorFlow's numpy lacks it for plain tensors.
    return xp.floor(values * steps + 0.5) / steps


def between(uniform, low_high):
    """Maps draws in 0..1 to a range `(low, high)`."""
    low, high = low_high
    return low + uniform * (high - low)
