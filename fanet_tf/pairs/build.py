"""Captures -> a paired set on disk, as `data.paired` reads it."""

import dataclasses
import json
import pathlib
from collections.abc import Callable

import numpy as np
from absl import logging

from fanet_tf import progress_bar
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import paired
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import folders
from fanet_tf.files import own_folder
from fanet_tf.files import reader
from fanet_tf.metrics import psnr as psnr_lib
from fanet_tf.pairs import align
from fanet_tf.pairs import match
from fanet_tf.pairs import page
from fanet_tf.pairs import plan


@dataclasses.dataclass(frozen=True)
class Pair:
    """An aligned pair.

    Attributes:
        noisy: `[h, w, 4]`, untouched.
        clean: `[h, w, 4]`, aligned, as bright as `noisy`.
        valid: `[h, w]` bool.
        shift: what was measured.
        brightness: what was measured.
        psnr_before: dB over valid pixels, without alignment.
        psnr: dB over valid pixels.
    """

    noisy: np.ndarray
    clean: np.ndarray
    valid: np.ndarray
    shift: align.Shift
    brightness: match.Brightness
    psnr_before: float
    psnr: float


def make_pair(noisy, clean, noise, promised: float) -> Pair:
    """Aligns and matches two packed frames.

    Args:
        noisy: `[h, w, 4]`, RGGB, 0 = black, 1 = white.
        clean: `[h, w, 4]`, of the same sensor.
        noise: `(a, b)` of `noisy`, each `[1]`.
        promised: brightness of `noisy` over `clean` by exposure and gain.

    Raises:
        align.RefusedError: the pair cannot be used; the message says why.
    """
    factor = np.float32(match.coarse(noisy, clean, promised))
    if np.array_equal(noisy, clean):
        raise align.RefusedError(
            "both frames must be captures of their own. Received: two copies "
            "of one"
        )
    # Flow takes a brighter frame for a moved one (7 % gave 0.05 pixels), so
    # the shift is measured again at the brightness that was measured.
    for _ in range(2):
        shift = align.estimate(noisy, clean * factor)
        aligned, inside = align.apply(clean, shift.rows, shift.columns)
        brightness = match.measure(noisy, aligned, inside, noise, promised)
        factor = np.float32(brightness.measured)
    matched = aligned * factor
    valid = match.valid_pixels(noisy, aligned, matched, inside, noise)
    return Pair(
        noisy,
        matched,
        valid,
        shift,
        brightness,
        psnr_lib.psnr(noisy, clean * factor, valid),
        psnr_lib.psnr(noisy, matched, valid),
    )


def _read(folder, shot: plan.Shot, raw_format):
    path = folder / shot.file
    image = reader.read(path, raw_format(path))
    packed = folder_lib.packed_rggb(image.normalized(), image.pattern)
    return packed, folder_lib.colour_of(image), image.pattern


def _save(folder, name: str, pair: Pair) -> None:
    """Writes the arrays of a pair into the folder of a new set."""
    place = own_folder.create_folder(folder / name)
    for part in paired.PARTS:
        own_folder.create_array(place / f"{part}.npy", getattr(pair, part))


def _record(name, shot, pair: Pair, noise, colour) -> dict:
    return {
        "name": name,
        "scene": shot.scene,
        "source": shot.file,
        "gain": shot.gain,
        "exposure_ms": shot.exposure_ms,
        "a": float(noise.a[0]),
        "b": float(noise.b[0]),
        "shift": [pair.shift.rows, pair.shift.columns],
        "shift_error": pair.shift.error,
        "features": pair.shift.features,
        "agreeing": pair.shift.agreeing,
        "brightness": dataclasses.asdict(pair.brightness),
        "masked": float(1.0 - pair.valid.mean()),
        "psnr_before": pair.psnr_before,
        "psnr": pair.psnr,
        "colour": {
            "rgb_from_cam": np.asarray(colour.rgb_from_cam).tolist(),
            "red_gain": float(colour.red_gain),
            "blue_gain": float(colour.blue_gain),
        },
    }


def build(
    shots,
    folder,
    profile: NoiseProfile,
    output,
    *,
    raw_format: Callable[[pathlib.Path], reader.Format] = lambda path: None,
    progress: bool = True,
) -> dict:
    """Makes a paired set; returns its index.

    Args:
        shots: the list of captures.
        folder: their files lie in it.
        profile: gives `(a, b)` of each gain.
        output: folder of the set, which appears when all is done. A set that
            is there is replaced, anything else is refused.
        raw_format: path -> what `.npy` and headerless files do not say.
        progress: whether a bar is shown.

    Raises:
        InputError: a file is missing or unusable, every pair was refused, or
            `output` is somebody else's.
    """
    folder, output = pathlib.Path(folder), atomic.resolve(output)
    scenes = plan.by_scene(shots)
    missing = [s.file for s in shots if not (folder / s.file).is_file()]
    if missing:
        raise InputError(
            f"Every capture of the list must lie in {folder}. Missing: "
            f"{len(missing)}, the first {missing[0]}"
        )
    with folders.replacing(output, paired.is_part, paired.check_own) as part:
        return _build(scenes, folder, profile, part, raw_format, progress)


def _build(scenes, folder, profile, output, raw_format, progress) -> dict:
    """Makes the set in a folder that is new; returns its index."""
    records, refused, thumbnails = [], [], []
    total = sum(len(noisy) for _, noisy in scenes.values())
    bar = progress_bar.Bar(total=total, unit="pair", disable=not progress)
    for clean_shot, noisy_shots in scenes.values():
        clean, colour, pattern = _read(folder, clean_shot, raw_format)
        for shot in noisy_shots:
            name = shot.name
            try:
                noisy, _, noisy_pattern = _read(folder, shot, raw_format)
                if noisy.shape != clean.shape or noisy_pattern != pattern:
                    raise align.RefusedError(
                        "both frames must have one size and CFA pattern. "
                        f"Received: {noisy.shape} {noisy_pattern} and "
                        f"{clean.shape} {pattern}"
                    )
                noise = profile.noise(shot.gain)
                promised = shot.exposure / clean_shot.exposure
                pair = make_pair(noisy, clean, noise, promised)
            except align.RefusedError as error:
                logging.warning("Refused %s: %s", name, error)
                refused.append({"name": name, "reason": str(error)})
            else:
                _save(output, name, pair)
                records.append(_record(name, shot, pair, noise, colour))
                thumbnails.append(page.thumbnails(pair, colour))
            bar.update()
    bar.close()
    if not records:
        raise InputError(
            "At least one pair must be usable. Received: "
            f"{len(refused)} refused, the first {refused[0]['name']}: "
            f"{refused[0]['reason']}"
        )
    index = {
        "schema_version": paired.SCHEMA_VERSION,
        "profile": profile.sensor,
        "profile_status": profile.status,
        "pairs": records,
        "refused": refused,
    }
    own_folder.create(output / paired.PAGE, page.render(index, thumbnails))
    own_folder.create(
        output / paired.INDEX, json.dumps(index, indent=2, allow_nan=False)
    )
    return index
