"""Pictures of an array: one for the README, and a page of them.

They show the three photographs that no training source gives, which come with
scikit-image and are free of copyright, so anybody can draw them again; and one
noisy RAW file.
"""

import dataclasses
import os
import pathlib

import numpy as np

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import images
from fanet_tf.denoising import denoiser as denoiser_lib
from fanet_tf.denoising import noise_source
from fanet_tf.denoising import tiles
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.evaluation import classical
from fanet_tf.evaluation import grid
from fanet_tf.files import atomic
from fanet_tf.files import reader
from fanet_tf.files import render
from fanet_tf.metrics.psnr import psnr
from fanet_tf.pages import pictures as picture_lib
from fanet_tf.pages import shell
from fanet_tf.raw import cfa
from fanet_tf.raw.noise import NoiseParams

_PROGRAM = "fanet-card"
GAINS = (1.0, 4.0, 16.0, 64.0)
_PLACES = {  # (y, x, height, width) in packed pixels.
    "chelsea": (25, 65, 112, 112),  # Fur, an eye, and a smooth background.
    "coffee": (75, 160, 112, 112),  # Foam, a spoon, grain of wood.
    "astronaut": (0, 70, 112, 112),  # Skin, a smooth wall, a flag.
}
_CREDITS = {
    "chelsea": "Stefan van der Walt, CC0",
    "coffee": "Rachel Michetti, CC0",
    "astronaut": "NASA, public domain",
}
_FRONT = ("chelsea", 16.0, (0, 50, 150, 150))  # Of the README.
_REAL_SIDE = 152  # Packed pixels.
_WHITE_SHARE = 0.98  # Of a real frame's pixels stay below white when shown.


def _scene(name):
    return captures.scene_from_srgb(
        name, images.held_back()[name], camera_lib.get("imx258")
    )


def _cut(image, box, scale=1):
    y, x, height, width = (scale * side for side in box)
    return image[y : y + height, x : x + width]


def _frames(array, name, gain, with_nlm=True):
    """Returns `(capture, label -> packed frame)`, all clipped to 0..1."""
    capture = captures.draw(_scene(name), gain, profile_lib.load("imx258"))
    noise = tuple(float(p[0]) for p in capture.noise)
    ours = denoiser_lib.Denoiser(array).denoise_packed(capture.noisy, noise)
    frames = {"noisy": capture.noisy}
    if with_nlm:
        frames["non-local means"] = classical.non_local_means(
            capture.noisy, capture.noise
        )
    frames["this array"] = ours
    frames["clean"] = capture.clean
    return capture, {k: np.clip(v, 0.0, 1.0) for k, v in frames.items()}


def write_picture(
    array: Bundle, path: str | os.PathLike, overwrite: bool = False
) -> None:
    """Writes noisy, denoised and clean side by side, JPEG.

    Args:
        array: denoises.
        path: of the picture.
        overwrite: replaces a picture that is none of ours, too.
    """
    path = atomic.resolve(path)
    picture_lib.check_output(path, overwrite)
    name, gain, box = _FRONT
    capture, frames = _frames(array, name, gain, with_nlm=False)
    row = picture_lib.side_by_side(
        [
            _cut(picture_lib.to_uint8(capture.colour.render(packed)), box, 2)
            for packed in frames.values()
        ]
    )
    picture_lib.write(path, picture_lib.jpeg(row, 90), _PROGRAM, overwrite)


def write_gallery(
    array: Bundle,
    path: str | os.PathLike,
    real: str | None = None,
    credit: str = "",
    overwrite: bool = False,
) -> None:
    """Writes the page: photographs at each gain, then a real RAW file.

    Args:
        array: denoises.
        path: of the `.html` file.
        real: a noisy RAW file, or None.
        credit: the file's owner and licence.
        overwrite: replaces a file that is no page of ours, too.
    """
    path = atomic.resolve(path)
    shell.check_output(path, overwrite)
    parts = [_photograph(array, name) for name in _PLACES]
    if real:
        parts.append(_real(array, pathlib.Path(real), credit))
    text = grid.render(
        f"What the {array.name} array does",
        "Noise of the law it was trained for, at four gains; the dB are RAW "
        "PSNR in the crop shown. None of the photographs was trained on.",
        parts,
    )
    shell.write(path, text, overwrite)


def _photograph(array, name) -> grid.Part:
    rows = []
    for gain in GAINS:
        capture, frames = _frames(array, name, gain)
        clean = _cut(frames["clean"], _PLACES[name])
        row = []
        for label, packed in frames.items():
            caption = f"gain {gain:g}, {label}"
            if label != "clean":
                decibels = psnr(_cut(packed, _PLACES[name]), clean)
                caption += f", {decibels:.2f} dB"
            srgb = picture_lib.to_uint8(capture.colour.render(packed))
            row.append(grid.Picture(_cut(srgb, _PLACES[name], 2), caption))
        rows.append(row)
    return grid.Part(
        name, f"Photograph: {_CREDITS[name]}, from scikit-image.", rows
    )


def _real(array, path, credit="") -> grid.Part:
    """A RAW file as its camera took it: there is no clean frame of it."""
    image = reader.read(path)
    noise = noise_source.of_frame(image, estimate=True)
    mosaic = image.normalized()
    denoised = denoiser_lib.Denoiser(array).denoise(
        image, (noise.a, noise.b), keep_mean=True
    )
    packed = folder_lib.packed_rggb(mosaic, image.pattern)
    nlm = classical.non_local_means(
        packed, NoiseParams(np.array([noise.a]), np.array([noise.b]))
    )
    frames = {
        "as taken": image,
        "non-local means": _with_packed(image, nlm),
        "this array": image.with_mosaic(
            np.rint(np.clip(denoised, 0, 65535)).astype(np.uint16)
        ),
    }
    stops = -float(np.log2(np.quantile(mosaic, _WHITE_SHARE)))
    shown = {
        label: render.srgb(dataclasses.replace(frame, exposure=stops))
        for label, frame in frames.items()
    }
    tile = array.member_for(noise.a).tile
    boxes = {
        "in the middle": _box([n // 2 for n in packed.shape[:2]], packed.shape),
        "across tiles": _box(_seams(packed.shape, tile), packed.shape),
    }
    rows = [
        [
            grid.Picture(_cut(srgb, box, 2), f"{label}, {where}")
            for label, srgb in shown.items()
        ]
        for where, box in boxes.items()
    ]
    return grid.Part(
        f"A real noisy frame: {path.name}",
        f"{image.model or 'Camera not recorded'}, another sensor than the "
        f"array was trained for, shown {stops:.1f} stops brighter; noise "
        f"{noise.source}. The second crop has the corner of four tiles in its "
        f"middle.{f' File: {credit}.' if credit else ''}",
        rows,
    )


def _with_packed(image, packed):
    """Returns an RGGB frame with other values in all of its cells."""
    row, column = cfa.rggb_origin(image.pattern)
    black = np.asarray(image.black_level, np.float32)
    counts = packed * (np.float32(image.white_level) - black) + black
    part = cfa.unpack(np.clip(np.rint(counts), 0, 65535)[None])[0, :, :, 0]
    mosaic = image.visible.copy()
    mosaic[row : row + part.shape[0], column : column + part.shape[1]] = part
    return image.with_mosaic(mosaic)


def _seams(shape, tile):
    """Returns row and column, packed, where the first four tiles meet."""
    for size, side in zip(shape, (tile.height, tile.width), strict=False):
        padded = tiles.padded_size(size, side, tile.halo, tile.stride)
        first = tiles.spans(padded, side, tile.halo, tile.stride)[0]
        yield first.keep_stop - tiles.margin(tile.halo, tile.stride)


def _box(centre, shape):
    """Returns the box about a place, moved into the frame."""
    starts = [
        min(max(middle - _REAL_SIDE // 2, 0), max(size - _REAL_SIDE, 0))
        for middle, size in zip(centre, shape, strict=False)
    ]
    return (*starts, _REAL_SIDE, _REAL_SIDE)
