"""Frames of a shoot -> a noise profile and a page to judge it by.

    expand -> inspect -> measure each gain -> fit the laws -> write the files

Nothing is written before everything has succeeded.
"""

import contextlib
import dataclasses
import json
import os
import sys

import numpy as np

from fanet_tf.calibration import dark_page
from fanet_tf.calibration import dark_report
from fanet_tf.calibration import dark_series
from fanet_tf.calibration import defect_map
from fanet_tf.calibration import estimator
from fanet_tf.calibration import frames
from fanet_tf.calibration import green
from fanet_tf.calibration import page
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration import regression
from fanet_tf.calibration.green import GreenImbalance
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import marks
from fanet_tf.pages import shell
from fanet_tf.raw import cfa


@dataclasses.dataclass(frozen=True)
class Shoot:
    """What was shot, and what the files do not say.

    Attributes:
        paths: of the frames.
        dark: paths of dark frames.
        gains: of each frame, one for all, or None for ISO / base ISO.
        dark_gains: of each dark frame, one for all, or None.
        base_iso: the ISO of gain 1, or None for the lowest.
        mode: of `frames.Finder`.
        corners: of the chart, or None.
        sensor: its name; None takes the camera's.
    """

    paths: list
    dark: list = dataclasses.field(default_factory=list)
    gains: list | None = None
    dark_gains: list | None = None
    base_iso: float | None = None
    mode: str = "auto"
    corners: list | None = None
    sensor: str | None = None


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What came of it.

    Attributes:
        sensor: its name.
        measurements: dict of gain -> `estimator.Measurement`.
        profile: the law, or None with fewer than three gains.
        record: what the JSON file holds.
        warnings: what a reader must know.
        lows: dict of gain -> where the sensor clips, 0 = black level.
        dark: dict of gain -> `dark_terms.DarkTerms`.
        green: green imbalance, or None where no chart shows it.
        defects: their map, or None without a series of dark frames.
    """

    sensor: str
    measurements: dict
    profile: profile_lib.NoiseProfile | None
    record: dict
    warnings: list
    lows: dict
    dark: dict = dataclasses.field(default_factory=dict)
    green: GreenImbalance | None = None
    defects: defect_map.DefectMap | None = None


def _fit_json(fit) -> dict | None:
    if fit is None:
        return None
    return {
        "a": fit.a,
        "a_interval": fit.a_interval,
        "b": fit.b,
        "b_interval": fit.b_interval,
    }


def _measurement_json(measurement, infos, dark, kinds) -> dict:
    planes = zip(cfa.PLANES, measurement.planes, strict=True)
    return {
        **_fit_json(measurement.pooled),
        "planes": {name: _fit_json(fit) for name, fit in planes},
        "least_squares": measurement.naive,
        "num_samples": len(measurement.samples),
        "num_dark_samples": measurement.num_dark,
        "left_out": measurement.left_out,
        "black_level": measurement.black,
        "frames": [info.path.name for info in infos],
        "dark_frames": [info.path.name for info in dark or ()],
        "patches": sorted(set(kinds)),
    }


def _dark_gains(shoot) -> list | None:
    """Returns the gains of the dark frames; one of all frames is theirs too."""
    if shoot.dark_gains is None and shoot.gains and len(shoot.gains) == 1:
        return shoot.gains
    return shoot.dark_gains


def calibrate(
    shoot: Shoot, read, progress=iter, defects_file: str = ""
) -> Calibration:
    """Measures a sensor.

    Args:
        shoot: what was shot.
        read: path -> RAW image.
        progress: wraps a list that is worked through slowly.
        defects_file: name of the defect map, for the profile.

    Raises:
        InputError: if the frames cannot be used.
    """
    infos, base_iso = frames.inspect(
        shoot.paths, shoot.gains, shoot.base_iso, read
    )
    groups = frames.by_gain(infos)
    darks = dark_series.of_shoot(
        shoot.dark, _dark_gains(shoot), base_iso, infos, read
    )
    sensor = shoot.sensor or infos[0].camera or "unknown sensor"
    finder = frames.Finder(shoot.mode, shoot.corners)
    measurements, records, lows, notes, greens = {}, {}, {}, [], []
    # Low gains first: their charts are the easiest to see.
    for gain in progress(list(groups)):
        packed, levels = frames.load(groups[gain], read)
        kinds = len(finder.kinds)
        scenes = frames.make_scenes(packed, levels, finder)
        with _at_gain(gain):
            dark = darks.at(gain)
            measured = estimator.measure(
                scenes, dark and dark.packed, dark and dark.levels
            )
        measurements[gain] = measured
        used = finder.kinds[kinds:]
        records[f"{gain:g}"] = _measurement_json(
            measured, groups[gain], dark and dark.infos, used
        )
        lows[gain] = float(levels[1].normalize(max(levels[1].low, -1e9)))
        for scene in scenes:
            greens += green.of_scene(scene, measured.black)
        notes += [f"gain {gain:g}: {text}" for text in measured.warnings()]
        if "flat" in used and shoot.mode == "auto":
            notes.append(
                f"gain {gain:g}: no ColorChecker was seen; flat areas of the "
                "frame served"
            )
        if max(len(scene.packed) for scene in scenes) == 1:
            notes.append(
                f"gain {gain:g}: no two frames of one scene; the pixels' "
                "uneven sensitivity is part of a"
            )
    if shoot.gains is None and shoot.base_iso is None:
        notes.append(
            f"the lowest ISO, {base_iso:g}, was taken for gain 1; give "
            "--base_iso if the sensor goes lower"
        )
    darks.measure_rest(progress)
    imbalance = green.measure(greens)
    terms = None
    if darks.terms or imbalance is not None:
        terms = dark_report.terms(darks, imbalance, defects_file)
        notes += dark_report.warnings(darks)
    calibration = _conclude(
        sensor, base_iso, measurements, records, lows, notes, terms
    )
    calibration.record["fit"]["dark"] = dark_report.evidence(darks)
    return dataclasses.replace(
        calibration, dark=darks.terms, green=imbalance, defects=darks.defects()
    )


@contextlib.contextmanager
def _at_gain(gain):
    """Says at which gain the frames cannot be used."""
    try:
        yield
    except InputError as error:
        raise InputError(f"gain {gain:g}: {error}") from error


def _conclude(sensor, base_iso, measurements, records, lows, notes, terms):
    """Fits the laws where there are gains enough."""
    gains = "1 gain" if len(records) == 1 else f"{len(records)} gains"
    profile, note = None, f"Measured at {gains}."
    if len(measurements) >= regression.MIN_GAINS:
        profile = regression.make_profile(
            measurements, sensor, base_iso, note, {"gains": records}
        )
        profile = dataclasses.replace(profile, terms=terms)
        record = profile.to_json()
        misfit = max(
            np.abs(list(profile.fit[f"{name}_residuals"].values())).max()
            for name in "ab"
        )
        if misfit > 0.2:
            notes.append(
                f"a measurement lies {misfit:.0%} off the fitted law: look "
                "at the plots"
            )
    else:
        notes.append(
            f"a law over gains needs {regression.MIN_GAINS} of them or more; "
            f"the file holds (a, b) of {gains} and no regressions"
        )
        record = {
            "schema_version": profile_lib.SCHEMA_VERSION,
            "units": profile_lib.UNITS,
            "sensor": sensor,
            "status": "measured",
            "gain_range": [min(measurements), max(measurements)],
            "a_coefficients": None,
            "b_coefficients": None,
            "line": None,
            "base_iso": base_iso,
            "note": note,
            "fit": {"gains": records},
            "terms": terms and dataclasses.asdict(terms),
        }
    record["fit"]["warnings"] = notes
    return Calibration(sensor, measurements, profile, record, notes, lows)


_is_our_profile = marks.json_with("schema_version", "a_coefficients", "fit")


def check_outputs(
    output, page_path, inputs, overwrite: bool = False, defects_path=None
) -> None:
    """Refuses outputs that `write` would refuse; for before the work.

    Args:
        output: of the profile.
        page_path: of the page.
        inputs: the frames; no output may be one of them.
        overwrite: replaces files that this project did not write, too.
        defects_path: of the defect map; None writes none.

    Raises:
        InputError: both outputs are one file, one is an input, or somebody
            else's.
    """
    if output == page_path and not atomic.is_stream(output):
        raise InputError(
            "The profile and the page must be two files. Received: "
            f"{output} for both"
        )
    paths = [output, page_path]
    if defects_path is not None:
        paths.append(defects_path)
    for path in paths:
        for source in inputs:
            if path.exists() and os.path.samefile(path, source):
                raise InputError(f"The output must not be an input: {path}")
    atomic.check(
        output, is_ours=_is_our_profile, overwrite=overwrite, through=True
    )
    shell.check_output(page_path, overwrite, through=True)
    if defects_path is not None:
        atomic.check(
            defects_path, is_ours=defect_map.is_ours, overwrite=overwrite
        )


def write(
    calibration: Calibration,
    output,
    page_path,
    overwrite: bool = False,
    defects_path=None,
) -> list:
    """Writes page, defect map and profile; none before all are made.

    Args:
        calibration: what `calibrate` returned.
        output: of the profile.
        page_path: of the page.
        overwrite: replaces files that this project did not write, too.
        defects_path: of the defect map, if the calibration has one; None
            writes none.

    Returns:
        The paths that were written.
    """
    text = page.render(
        calibration.sensor,
        calibration.record["status"],
        calibration.measurements,
        calibration.profile,
        calibration.warnings,
        calibration.lows,
        dark_page.section(
            calibration.dark, calibration.green, calibration.defects
        ),
    )
    record = json.dumps(calibration.record, indent=2, allow_nan=False) + "\n"
    for folder in {path.parent for path in (output, page_path)}:
        atomic.sweep(folder)  # What a killed run has left.
    shell.write(page_path, text, overwrite, through=True)
    written = [output, page_path]
    if defects_path is not None and calibration.defects is not None:
        defect_map.write(
            calibration.defects, defects_path, calibration.sensor, overwrite
        )
        written.insert(1, defects_path)
    atomic.write_text(
        output,
        record,
        is_ours=_is_our_profile,
        overwrite=overwrite,
        through=True,
    )
    return written


def summary(calibration: Calibration, stream=sys.stdout) -> None:
    """Prints a line for each gain."""
    print(f"{calibration.sensor}: variance = a x + b", file=stream)
    for gain, measured in sorted(calibration.measurements.items()):
        fit = measured.pooled
        a_half = (fit.a_interval[1] - fit.a_interval[0]) / 2.0
        b_half = (fit.b_interval[1] - fit.b_interval[0]) / 2.0
        left_out = sum(measured.left_out.values())
        print(
            f"  gain {gain:<6g} a = {fit.a:.3e} ± {a_half:.1e}   "
            f"b = {fit.b:.3e} ± {b_half:.1e}   "
            f"{len(measured.samples)} patches of a plane, {left_out} left out",
            file=stream,
        )
    for line in dark_report.lines(
        calibration.dark, calibration.green, calibration.defects
    ):
        print(line, file=stream)
