"""Where a frame's noise `(a, b)` comes from, and in which order.

    --noise=a,b                     as given
    --noise=estimate                measured on the frame itself
    --gain=G, or --iso=N            through a profile, clamped to its range
    --profile=P                     through P at the file's own ISO
    the file's own NoiseProfile     where it has one

Without any of these a frame is refused: a guess would be denoised too little
or too much, and nobody would see why.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration import single_image
from fanet_tf.calibration.profile import GainLaw
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.errors import InputError
from fanet_tf.files.raw_image import RawImage

ESTIMATE = "estimate"
# One over a full well of ten million electrons; b / a^2 must stay finite.
_LEAST_A = 1e-7
_ESTIMATE_SIDE = 2048  # Sensor pixels, even.
_WAY_OUT = "give --noise=a,b, or --gain=G, or --noise=estimate"


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


def law_of_bundle(bundle: Bundle) -> GainLaw:
    """Returns the noise law that a bundle was made for."""
    fields = (field.name for field in dataclasses.fields(GainLaw))
    return GainLaw(**{name: bundle.noise[name] for name in fields})


def chooser(
    bundle: Bundle,
    noise: str | None = None,
    gain: float | None = None,
    iso: float | None = None,
    profile: str | None = None,
) -> Callable[[RawImage], Noise]:
    """Returns a function frame -> noise; wrong flags are refused here.

    Args:
        bundle: whose law serves without a profile.
        noise: `a,b` or `estimate`.
        gain: of the sensor.
        iso: of the camera.
        profile: name or path of a noise profile.
    """
    flags = {"--noise": noise, "--gain": gain, "--iso": iso}
    given = [name for name, value in flags.items() if value is not None]
    if len(given) > 1:
        raise InputError(
            "Only one of --noise, --gain and --iso can be given. "
            f"Received: {', '.join(given)}"
        )
    if noise is not None:
        if profile:
            raise InputError(
                "--profile needs a gain or an ISO and takes no --noise. "
                f"Received: --noise={noise} --profile={profile}"
            )
        pair = parse(noise)
        if pair == ESTIMATE:
            return _estimated
        return lambda image: Noise(*pair, "--noise")
    law, origin = law_of_bundle(bundle), "the bundle's law,"
    if profile:
        law, origin = profile_lib.load(profile), "profile"
    if gain is not None:
        chosen = at_gain(law, gain, f"--gain={gain:g}", origin)
        return lambda image: chosen
    if iso is not None:
        chosen = at_iso(law, iso, f"--iso={iso:g}", origin)
        return lambda image: chosen
    if profile:
        return lambda image: _at_iso_of(image, law)
    return of_frame


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


def at_gain(
    law: GainLaw, gain: float, source: str, origin: str = "profile"
) -> Noise:
    """Returns the noise at a gain, clamped to the law's range.

    Args:
        law: of the sensor.
        gain: of the frame.
        source: where the gain comes from, in words.
        origin: where the law comes from, in words before its name.
    """
    if not (math.isfinite(gain) and gain > 0):
        raise InputError(f"A gain must be positive. Received: {source}")
    low, high = law.gain_range
    name = f"{origin} {law.sensor} ({law.status})"
    used = min(max(gain, low), high)
    warning = ""
    if used != gain:
        warning = (
            f"gain {gain:g} ({source}) lies outside {low:g} to {high:g} of "
            f"{name}; {used:g} is used"
        )
    a, b = float(law.a(used)), float(law.b(used))
    check(a, b, name)
    return Noise(a, b, f"{source}, {name}", warning)


def at_iso(
    law: GainLaw, iso: float, source: str, origin: str = "profile"
) -> Noise:
    """Returns the noise at an ISO; the law must know the camera's base ISO."""
    if not law.base_iso:
        raise InputError(
            f"{source} needs a profile with `base_iso` (the ISO of gain 1). "
            f"Received: {origin} {law.sensor} ({law.status}); give --gain "
            "instead"
        )
    return at_gain(law, iso / law.base_iso, source, origin)


def _at_iso_of(image: RawImage, law: GainLaw) -> Noise:
    if image.iso is None:
        raise InputError(
            "--profile needs --gain or --iso where a file has no ISO. "
            f"Received: no ISO, profile {law.sensor} ({law.status})"
        )
    return at_iso(law, image.iso, f"the file's ISO {image.iso:g}")


def of_frame(image: RawImage, estimate: bool = False) -> Noise:
    """Returns the noise of the file's NoiseProfile.

    Args:
        image: the frame.
        estimate: measures the frame where the file has none; else it is
            refused.
    """
    if image.noise is None and estimate:
        return _estimated(image)
    if image.noise is None:
        raise InputError(
            "The noise must be known. Received: a file without a "
            f"NoiseProfile; {_WAY_OUT}"
        )
    a, b = image.noise
    try:
        check(a, b, "the file's NoiseProfile")
    except InputError as error:
        raise InputError(f"{error}; {_WAY_OUT}") from error
    return Noise(a, b, "the file's NoiseProfile")


def _estimated(image: RawImage) -> Noise:
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
