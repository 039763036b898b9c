"""The domain in which an error is measured."""

from keras import ops

from fanet_tf.raw import ksigma

DOMAINS = ("stabilised", "raw")


def error(denoised, clean, scale, offset, domain, target=None):
    """Returns prediction minus target, `[B, h, w, 4]`.

        raw:         denoised - target
        stabilised:  (denoised - target) / deviation of the noise at `clean`

    In RAW a frame at gain 64 errs 8 times as much as one at gain 1 and the
    highlights more than the shadows; in deviations of the noise every gain and
    brightness counts the same. (The difference of the Anscombe transforms, to
    first order, but with a gradient below black as well.)

    Args:
        denoised: `[B, h, w, 4]`.
        clean: `[B, h, w, 4]`.
        scale: `[B, 1, 1, 1]`, 1/a.
        offset: `[B, 1, 1, 1]`, b/a^2.
        domain: one of `DOMAINS`.
        target: `[B, h, w, 4]`; `clean` if not given.
    """
    difference = denoised - (clean if target is None else target)
    if domain == "raw":
        return difference
    s = ksigma.ksigma(clean, scale, offset)
    return difference * scale / ksigma.deviation(s, xp=ops)


def variance(clean, scale, offset, domain):
    """Returns the variance of the noise in the unit of an error, `[B]`.

    In RAW that at the mean of each image, `a x + b`; in deviations of the noise
    it is 1.

    Args:
        clean: `[B, h, w, 4]`.
        scale: `[B, 1, 1, 1]`, 1/a.
        offset: `[B, 1, 1, 1]`, b/a^2.
        domain: one of `DOMAINS`.
    """
    if domain != "raw":
        return 1.0
    mean = ops.mean(ops.cast(clean, "float32"), axis=(1, 2, 3), keepdims=True)
    return ops.reshape((mean * scale + offset) / scale**2, (-1,))
