"""Where a frame's noise `(a, b)` comes from, and in which order.

    --noise=a,b                     as given
    --noise=estimate                measured on the frame itself
    --gain=G, or --iso=N            through a profile, clamped to its range
    --profile=P                     through P at the file's own ISO
    the file's own NoiseProfile     where it has a usable one
    an estimate from the frame      the last resort, where it is good or fair

`--noise=file` asks for the file's own NoiseProfile and nothing else. Without
any of these a frame is refused: a guess would be denoised too little or too
much, and nobody would see why.
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

ESTIMATE, FILE = "estimate", "file"
# One over a full well of ten million electrons; b / a^2 must stay finite.
_LEAST_A = 1e-7
# Sensor pixels, even. A quarter of them says whether a NoiseProfile is wrong.
_ESTIMATE_SIDE, _DOUBT_SIDE = 2048, 1024
_WAY_OUT = "give --noise=a,b, or --gain=G, or --noise=estimate"
# A NoiseProfile and a good estimate that differ by more are not both right.
_MOST_RATIO = 2.0
# An estimate's `b` counts where its standard error is below this part of it.
_SURE = 0.3


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
        noise: `a,b`, `estimate` or `file`.
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
        if pair == FILE:
            return of_frame
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
    return lambda image: of_frame(image, estimate=True)


def check(a: float, b: float, source: str) -> None:
    """Raises `InputError` unless a sensor can have this noise."""
    if not (_LEAST_A <= a <= 1.0 and 0.0 <= b <= 1.0):
        raise InputError(
            f"Noise must be {_LEAST_A:g} <= a <= 1 and 0 <= b <= 1, in units "
            f"where black is 0 and white is 1. Received: a={a:g}, b={b:g} "
            f"from {source}"
        )


def parse(text: str) -> tuple[float, float] | str:
    """Parses `--noise`: `a,b`, or the word `estimate` or `file`."""
    if text in (ESTIMATE, FILE):
        return text
    try:
        a, b = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            "--noise must be a,b (two numbers), `estimate` or `file`. "
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
        estimate: measures the frame where the file has no usable one.

    Raises:
        InputError: there is none, and no estimate that is good or fair.
    """
    fault = _fault(image)
    if not fault:
        return Noise(*image.noise, "the file's NoiseProfile", _doubt(image))
    if not estimate:
        raise InputError(
            f"The noise must be known. Received: {fault}; {_WAY_OUT}"
        )
    try:
        noise, confidence = _measured(image)
    except InputError as error:
        raise InputError(
            f"The noise must be known. Received: {fault}, and no estimate "
            f"({error}); {_WAY_OUT}"
        ) from error
    if confidence.verdict == "poor":
        raise InputError(
            f"The noise must be known. Received: {fault}, and an estimate "
            f"that is {confidence.describe()}; {_WAY_OUT}"
        )
    return _said(noise, confidence, fault, _warning(image, fault))


def _fault(image: RawImage) -> str:
    """Returns why the file's NoiseProfile cannot be used, or nothing."""
    if image.noise is None:
        fault = image.noise_fault
        return (
            f"a NoiseProfile that cannot be used ({fault})"
            if fault
            else ("a file without a NoiseProfile")
        )
    try:
        check(*image.noise, "the file's NoiseProfile")
    except InputError:
        a, b = image.noise
        return f"a NoiseProfile that cannot be used (it says a={a:g}, b={b:g})"
    return ""


def _warning(image, fault):
    """A file without a NoiseProfile is common; one that is wrong is not."""
    if image.noise is None and not image.noise_fault:
        return ""
    return f"the file has {fault}; the frame is measured instead"


def _doubt(image: RawImage) -> str:
    """Compares the file's NoiseProfile with the frame; says where it is off."""
    try:
        noise, confidence = _measured(image, _DOUBT_SIDE)
    except InputError:
        return ""
    if confidence.verdict != "good":
        return ""
    low, high = confidence.intensity_range
    # In the light `a` decides, in the dark `b`.
    places = [high] + ([low] if confidence.b_error < _SURE else [])
    a, b = image.noise
    ratios = [
        (a * max(x, 0.0) + b) / (noise[0] * max(x, 0.0) + noise[1])
        for x in places
    ]
    worst = max(ratios, key=lambda ratio: abs(math.log(ratio)))
    if 1 / _MOST_RATIO <= worst <= _MOST_RATIO:
        return ""
    more = f"{worst:.1f} times" if worst > 1 else f"1/{1 / worst:.1f} of"
    return (
        f"the file's NoiseProfile (a={a:.4g}, b={b:.4g}) says {more} the "
        f"noise variance of the frame itself (a={noise[0]:.4g}, "
        f"b={noise[1]:.4g}); --noise=estimate uses the latter"
    )


def _measured(image: RawImage, side: int = _ESTIMATE_SIDE):
    """Returns `(a, b)` as measured on the frame, and how sure they are."""
    # A part from the middle says as much as the frame, in bounded memory.
    mosaic = image.visible
    top, left = (max(0, size - side) // 4 * 2 for size in mosaic.shape)
    part = image.cropped(slice(top, top + side), slice(left, left + side))
    params, confidence = single_image.of_mosaic(part.normalized(), part.pattern)
    a, b = float(params.a[0]), float(params.b[0])
    check(a, b, "the estimate")
    return (a, b), confidence


def _said(noise, confidence, fault="", warning="") -> Noise:
    said = f"estimated from the frame, {confidence.describe()}"
    if fault:
        said = f"{fault}: {said}"
    return Noise(*noise, said, warning)


def _estimated(image: RawImage) -> Noise:
    """The user has asked for it: even a poor one is used, and said."""
    noise, confidence = _measured(image)
    warning = ""
    fault = _fault(image)
    if fault:
        warning = _warning(image, fault)
    if confidence.verdict == "poor":
        poor = f"estimated from the frame, {confidence.describe()}"
        warning = f"{warning}; {poor}" if warning else poor
    return _said(noise, confidence, warning=warning)
