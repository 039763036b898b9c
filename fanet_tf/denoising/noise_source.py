"""Where a frame's noise `(a, b)` comes from, and in which order.

    --noise=a,b                     as given
    --gain=G, or --iso=N            through a profile, clamped to its range
    the file's own NoiseProfile     where it has one
    --noise=estimate                measured on the frame itself

Without any of these a frame is refused: a guess would be denoised too little
or too much, and nobody would see why.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration import single_image
from fanet_tf.errors import InputError
from fanet_tf.files.raw_image import RawImage

ESTIMATE = "estimate"
# One over a full well of ten million electrons; b / a^2 must stay finite.
_LEAST_A = 1e-7
_ESTIMATE_SIDE = 2048  # Sensor pixels, even.


class Noise(NamedTuple):
    """The noise a frame is denoised for.

    Attributes:
        a: shot-noise slope.
        b: read-noise variance.
        source: where the two come from, in words.
        warning: what the user should know, or empty.
    """

    a: float
    b: float
    source: str
    warning: str = ""


class Law(NamedTuple):
    """A sensor's noise at every gain, from a profile or a bundle.

    Attributes:
        name: for messages.
        gain_range: lowest and highest gain it holds for.
        a_coefficients: `a = a0 + a1 gain`.
        b_coefficients: `b = b0 + b1 gain + b2 gain^2`.
        base_iso: the ISO a camera calls gain 1, or None.
    """

    name: str
    gain_range: tuple
    a_coefficients: tuple
    b_coefficients: tuple
    base_iso: float | None = None


def law_of_profile(name_or_path) -> Law:
    """Reads a noise profile, shipped or from a file."""
    profile = profile_lib.load(name_or_path)
    return Law(
        f"profile {profile.sensor} ({profile.status})",
        profile.gain_range,
        profile.a_coefficients,
        profile.b_coefficients,
        profile.base_iso,
    )


def law_of_bundle(bundle) -> Law:
    """Returns the noise law that a bundle was made for."""
    noise = bundle.noise
    said = f"{noise.get('sensor', 'unnamed')} ({noise.get('status', '?')})"
    base_iso = noise.get("base_iso")
    return Law(
        "the bundle's law, " + said.encode("utf-8", "replace").decode(),
        noise["gain_range"],
        noise["a_coefficients"],
        noise["b_coefficients"],
        base_iso if isinstance(base_iso, (int, float)) else None,
    )


def check(a: float, b: float, source: str) -> None:
    """Raises `InputError` unless a sensor can have this noise."""
    if not (_LEAST_A <= a <= 1.0 and 0.0 <= b <= 1.0):
        raise InputError(
            f"Noise must be {_LEAST_A:g} <= a <= 1 and 0 <= b <= 1, in units "
            f"where black is 0 and white is 1. Received: a={a:g}, b={b:g} "
            f"from {source}"
        )


def parse(text: str) -> tuple[float, float] | str:
    """Parses `--noise`: `a,b`, or the word `estimate`."""
    if text == ESTIMATE:
        return text
    try:
        a, b = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            "--noise must be a,b (two numbers) or `estimate`. "
            f"Received: {text!r}"
        ) from error
    check(a, b, "--noise")
    return a, b


def at_gain(law: Law, gain: float, source: str) -> Noise:
    """Returns the noise at a gain, clamped to the law's range."""
    if not (math.isfinite(gain) and gain > 0):
        raise InputError(f"A gain must be positive. Received: {source}")
    low, high = law.gain_range
    used = min(max(gain, low), high)
    warning = ""
    if used != gain:
        warning = (
            f"gain {gain:g} ({source}) lies outside {low:g} to {high:g} of "
            f"{law.name}; {used:g} is used"
        )
    polyval = np.polynomial.polynomial.polyval
    a = float(polyval(used, law.a_coefficients))
    b = float(polyval(used, law.b_coefficients))
    check(a, b, law.name)
    return Noise(a, b, f"{source}, {law.name}", warning)


def at_iso(law: Law, iso: float, source: str) -> Noise:
    """Returns the noise at an ISO; the law must know the camera's base ISO."""
    if not law.base_iso:
        raise InputError(
            "--iso needs a profile with `base_iso` (the ISO of gain 1). "
            f"Received: {law.name}; give --gain instead"
        )
    return at_gain(law, iso / law.base_iso, source)


def of_frame(image: RawImage, estimate: bool = False) -> Noise:
    """Returns the noise of the file's NoiseProfile, or the estimated one."""
    if image.noise is not None:
        a, b = image.noise
        check(a, b, "the file's NoiseProfile")
        return Noise(a, b, "the file's NoiseProfile")
    if estimate:
        return _estimated(image)
    raise InputError(
        "The noise must be known. Received: a file without a NoiseProfile; "
        "give --noise=a,b, or --gain=G, or --noise=estimate"
    )


def _estimated(image):
    # A part from the middle says as much as the frame, in bounded memory.
    mosaic = image.visible
    top, left = (
        max(0, size - _ESTIMATE_SIDE) // 4 * 2 for size in mosaic.shape
    )
    part = dataclasses.replace(
        image,
        mosaic=mosaic[top : top + _ESTIMATE_SIDE, left : left + _ESTIMATE_SIDE],
        active=None,
    )
    params, confidence = single_image.of_mosaic(
        part.normalized(), image.pattern
    )
    a, b = float(params.a[0]), float(params.b[0])
    check(a, b, "the estimate")
    said = f"estimated from the frame, {confidence.describe()}"
    return Noise(a, b, said, said if confidence.verdict == "poor" else "")
