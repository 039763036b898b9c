"""What dark frames showed: for the profile, for the terminal, to be checked."""

from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from fanet_tf.calibration import correlation
from fanet_tf.calibration import defect_map
from fanet_tf.calibration.dark_series import DarkSeries
from fanet_tf.calibration.dark_terms import DarkTerms
from fanet_tf.calibration.estimate import Estimate
from fanet_tf.calibration.green import GreenImbalance
from fanet_tf.calibration.terms import LIMITS
from fanet_tf.calibration.terms import DefectTerms
from fanet_tf.calibration.terms import GainTerms
from fanet_tf.calibration.terms import GreenTerms
from fanet_tf.calibration.terms import Terms

# More defects than this are no defects.
_MANY_DEFECTS = 0.01
# Counts of a file: integers of 8 to 16 bits.
_BITS = range(8, 17)


def terms(
    darks: DarkSeries, green: GreenImbalance | None, defects_file: str
) -> Terms:
    """Returns the terms for the profile.

    Args:
        darks: all measured.
        green: of the chart, or None.
        defects_file: name of the map's file.
    """
    found = darks.defects()
    some = next(iter(darks.terms.values()), None)
    return Terms(
        gains=tuple(
            _gain_terms(gain, dark)
            for gain, dark in sorted(darks.terms.items())
            if dark.noise is not None
        ),
        green=green and _green_terms(green),
        defects=None if found is None else _defect_terms(found, defects_file),
        pedestal=some and _pedestal(some),
        bits=some and _bits(some),
    )


def _gain_terms(gain: float, dark: DarkTerms) -> GainTerms:
    noise, scale = dark.noise, dark.levels[0].scale
    measured = {}
    for name, part in (
        ("row", noise.row.map(lambda v: v / noise.read)),
        ("column", noise.column.map(lambda v: v / noise.read)),
        ("correlation_down", noise.down),
        ("correlation_across", noise.across),
        ("kurtosis", noise.kurtosis),
    ):
        value, low, high = (float(n) for n in np.clip(part, *LIMITS[name]))
        measured[name] = value
        measured[f"{name}_interval"] = (low, high)
    return GainTerms(
        gain=float(gain),
        num_frames=dark.num_frames,
        black_level=tuple(black.value for black in dark.black),
        black_level_interval=tuple(
            (black.low, black.high) for black in dark.black
        ),
        black_error=tuple(
            (black.value - level.black) / level.scale
            for black, level in zip(dark.black, dark.levels, strict=True)
        ),
        black_drift=dark.drift / scale,
        read=noise.read / scale,
        **measured,
    )


def _green_terms(green: GreenImbalance) -> GreenTerms:
    mean = green.mean
    return GreenTerms(
        mean.value, (mean.low, mean.high), green.deviation, green.num_patches
    )


def _defect_terms(found: defect_map.DefectMap, file: str) -> DefectTerms:
    single = len(found) - found.num_pairs
    bright = None
    if found.num_bright:
        ends = np.percentile(found.offsets[found.offsets > 0.0], (5, 95))
        bright = tuple(float(end) for end in np.clip(ends, 1e-6, 1.0))
    return DefectTerms(
        single / found.num_pixels,
        found.num_bright / max(len(found), 1),
        min(found.num_pairs / max(single, 1), 1.0),
        bright,
        file,
    )


def _pedestal(dark: DarkTerms) -> float | None:
    """Returns how far below black the files go; None: not at all."""
    if not dark.is_signed:
        return None
    level = dark.levels[0]
    low = level.low if np.isfinite(level.low) else 0.0
    depth = (level.black - low) / level.scale
    return float(depth) if 1e-6 <= depth <= 1.0 else None


def _bits(dark: DarkTerms) -> int | None:
    """Returns the bits of the counts; None for floats."""
    level = dark.levels[0]
    steps = level.white / level.step + 1.0
    bits = round(float(np.log2(steps)))
    return bits if bits in _BITS and steps == 2**bits else None


def evidence(darks: DarkSeries) -> dict:
    """Returns what the profile's `fit` says of the dark frames, by gain."""
    return {
        f"{gain:g}": {
            "frames": [info.path.name for info in darks.infos(gain)],
            "black_by_frame": np.round(dark.black_by_frame, 4).tolist(),
            "num_defects": None
            if dark.defects is None
            else len(dark.defects.y),
            # Steps of one colour, -4..4 down and across.
            "autocorrelation": None
            if dark.noise is None
            else np.round(
                correlation.same_colour(dark.noise.autocorrelation), 5
            ).tolist(),
        }
        for gain, dark in sorted(darks.terms.items())
    }


def warnings(darks: DarkSeries) -> list[str]:
    """Returns what a reader must know of the terms."""
    notes = []
    for gain, dark in sorted(darks.terms.items()):
        if dark.noise is None:
            notes.append(f"gain {gain:g}: {dark.why}")
            continue
        for name in ("down", "across"):
            found = getattr(dark.noise, name)
            if found.high < -0.02:
                notes.append(
                    f"gain {gain:g}: neighbours {name} are correlated by "
                    f"{found.value:.3f}: something sharpens the RAW; training "
                    "draws no negative correlation"
                )
    found = darks.defects()
    if found is not None and len(found) > _MANY_DEFECTS * found.num_pixels:
        notes.append(
            f"{len(found) / found.num_pixels:.1%} of the pixels look "
            "defective: look whether the dark frames are of one exposure time "
            "and temperature"
        )
    return notes


def lines(
    dark: Mapping[float, DarkTerms],
    green: GreenImbalance | None,
    defects: defect_map.DefectMap | None,
) -> Iterator[str]:
    """Yields the lines that the terminal shows.

    Args:
        dark: gain -> terms.
        green: of the chart, or None.
        defects: the map, or None.
    """
    if dark:
        yield "dark frames: black in counts, lines over the read noise"
    for gain, terms_ in sorted(dark.items()):
        black = " ".join(f"{level.value:.2f}" for level in terms_.black)
        what = "clipped at black, mean" if terms_.is_clipped else "black"
        text = f"  gain {gain:<6g} {what} {black}"
        if terms_.noise is not None:
            text += f"   {_noise(terms_)}"
        yield text
    if defects is not None:
        share = len(defects) / defects.num_pixels
        yield (
            f"  {len(defects)} defective pixels, {share:.1e} of all, "
            f"{defects.num_bright} of them bright"
        )
    if green is not None:
        mean = green.mean
        yield (
            f"green imbalance Gr / Gb - 1 = {mean.value:+.2%} ± "
            f"{mean.high - mean.value:.2%}"
        )


def _noise(dark: DarkTerms) -> str:
    noise = dark.noise
    row, column = (
        part.map(lambda v: v / noise.read) for part in (noise.row, noise.column)
    )
    return (
        f"rows {_shown(row)}, columns {_shown(column)}, "
        f"correlation {noise.down.value:+.3f} down "
        f"{noise.across.value:+.3f} across, "
        f"kurtosis {noise.kurtosis.value:+.2f}"
    )


def _shown(part: Estimate) -> str:
    return f"{part.value:.3f} ± {(part.high - part.low) / 2.0:.3f}"
