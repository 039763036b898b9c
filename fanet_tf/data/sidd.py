"""Smartphone Image Denoising Dataset, RAW (Abdelhamed et al. 2018).

Five phones, ten scenes, noisy frames beside the mean of a burst. From
https://abdokamel.github.io/sidd/ (SIDD-Small or SIDD-Medium, Raw-RGB); under
the MIT licence. On disk:

    Data/0001_001_S6_00100_00060_3200_L/
        0001_GT_RAW_010.MAT          clean     "x" [H, W] single, 0..1
        0001_NOISY_RAW_010.MAT       noisy     "x" [H, W] single, 0..1
        0001_METADATA_RAW_010.MAT    the DNG's tags, as MATLAB's imfinfo

The folder's name is instance, scene, phone, ISO, exposure time, illuminant and
brightness. `x` is already between black and white level, in version 7.3 (HDF5);
the metadata are of version 5. The CFA pattern stands in the metadata, among the
"UnknownTags" (33422, CFAPattern) or, where the first image of the DNG is its
preview, among those of the first of its "SubIFDs". The noise `(a, b)` is tag
51041, NoiseProfile.
"""

import dataclasses
import pathlib

import numpy as np

from fanet_tf.data import captures
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import matfile
from fanet_tf.errors import InputError
from fanet_tf.raw import cfa
from fanet_tf.raw import isp
from fanet_tf.raw.noise import NoiseParams

SOURCE = "https://abdokamel.github.io/sidd/ (SIDD-Medium, Raw-RGB)"
LAYOUT = "Data/<scene>/<number>_GT_RAW_<frame>.MAT, _NOISY_ and _METADATA_"
CFA_PATTERN, NOISE_PROFILE = 33422, 51041


@dataclasses.dataclass(frozen=True)
class Pair:
    """The three files of one capture.

    Attributes:
        name: folder and frame, unique in the set.
        clean: path of the `_GT_RAW_` file.
        noisy: path of the `_NOISY_RAW_` file.
        metadata: path of the `_METADATA_RAW_` file.
        iso: of the folder's name, None where it has another form.
    """

    name: str
    clean: pathlib.Path
    noisy: pathlib.Path
    metadata: pathlib.Path
    iso: float | None


def find(folder) -> list[Pair]:
    """Returns the captures below a folder; nothing is read yet."""
    files = folder_lib.find(folder, (".mat",), LAYOUT, SOURCE)
    pairs = []
    for clean in files:
        if "_GT_RAW_" not in clean.name:
            continue
        noisy, metadata = (
            clean.with_name(clean.name.replace("_GT_", f"_{kind}_"))
            for kind in ("NOISY", "METADATA")
        )
        for path in (noisy, metadata):
            if not path.is_file():
                raise InputError(
                    f"SIDD must hold {LAYOUT}; it is had from {SOURCE}. "
                    f"Missing: {path}"
                )
        fields = clean.parent.name.split("_")
        iso = float(fields[3]) if _is_scene(fields) else None
        frame = clean.stem.rsplit("_", 1)[-1]
        name = f"{clean.parent.name}_{frame}"
        pairs.append(Pair(name, clean, noisy, metadata, iso))
    if not pairs:
        raise InputError(
            f"{folder}: must hold {LAYOUT}; SIDD is had from {SOURCE}. "
            "Received: no _GT_RAW_ files"
        )
    return pairs


def _is_scene(fields) -> bool:
    return len(fields) >= 7 and fields[3].isdigit()


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What the metadata say of a capture.

    Attributes:
        pattern: CFA pattern.
        noise: `(a, b)` of NoiseProfile, or None.
        colour: how it is shown.
    """

    pattern: str
    noise: NoiseParams | None
    colour: captures.Colour


def _tags(struct) -> dict[int, np.ndarray]:
    """Returns the "UnknownTags" of an imfinfo struct, by number."""
    if struct is None or "UnknownTags" not in (struct.dtype.names or ()):
        return {}
    tags = struct["UnknownTags"]
    return {
        int(np.ravel(tag["ID"])[0]): np.ravel(tag["Value"])
        for tag in np.ravel(tags)
    }


def _first(value):
    """Unwraps the 1 x 1 cells and structs that scipy reads."""
    while isinstance(value, np.ndarray) and value.dtype == object:
        if value.size == 0:
            return None
        value = value.ravel()[0]
    return np.ravel(value)[0] if isinstance(value, np.ndarray) else value


def read_metadata(path) -> Metadata:
    """Reads pattern, noise and colour of a capture."""
    main = matfile.read_struct(path, "metadata").ravel()[0]
    names = main.dtype.names or ()
    sub = _first(main["SubIFDs"]) if "SubIFDs" in names else None
    main_tags, sub_tags = _tags(main), _tags(sub)
    codes = main_tags.get(CFA_PATTERN, sub_tags.get(CFA_PATTERN))
    if codes is None or len(codes) != 4 or not set(codes) <= {0, 1, 2}:
        raise InputError(
            f"{path}: must give the CFA pattern (tag {CFA_PATTERN}) as four "
            f"colours 0 to 2. Received: {codes}"
        )
    pattern = "".join("RGB"[int(code)] for code in codes)
    cfa.cell(pattern)
    values = main_tags.get(NOISE_PROFILE, sub_tags.get(NOISE_PROFILE))
    return Metadata(pattern, _noise(values), _colour(main, names))


def _noise(values) -> NoiseParams | None:
    """Takes one pair, or the mean of those of R, G, B or of four planes."""
    if values is None or len(values) not in (2, 6, 8):
        return None
    pairs = np.reshape(np.float64(values), (-1, 2))
    weights = (1, 2, 1) if len(pairs) == 3 else None
    a, b = np.average(pairs, axis=0, weights=weights)
    # A fit may give a slightly negative variance at black.
    return NoiseParams(np.array([a]), np.array([max(b, 0.0)]))


def _colour(main, names) -> captures.Colour:
    matrix = np.ravel(main["ColorMatrix2"]) if "ColorMatrix2" in names else []
    if len(matrix) == 9:
        cam_from_rgb = isp.cam_from_rgb(np.reshape(matrix, (3, 3)))
    else:
        cam_from_rgb = np.eye(3)
    neutral = (
        np.ravel(main["AsShotNeutral"]) if "AsShotNeutral" in names else []
    )
    red, green, blue = neutral if len(neutral) == 3 else (1.0, 1.0, 1.0)
    return captures.Colour(
        np.linalg.inv(cam_from_rgb).astype(np.float32),
        float(green / red),
        float(green / blue),
    )


def _read_packed(path, pattern: str, window=None):
    """Reads a RAW frame, or a window `(y, x, height, width)` of it."""
    y, x, height, width = window or (0, 0, None, None)
    mosaic = matfile.read_array(
        path,
        "x",
        slice(y, None if height is None else y + height),
        slice(x, None if width is None else x + width),
    )
    if mosaic.ndim != 2 or min(mosaic.shape) < 4:
        raise InputError(
            f"{path}: 'x' must be a mosaic [H, W]. Received: {mosaic.shape}"
        )
    if not np.isfinite(mosaic).all():
        raise InputError(f"{path}: 'x' must be finite.")
    return folder_lib.packed_rggb(mosaic, cfa.shift_pattern(pattern, y, x))


def size(pair: Pair) -> tuple[int, int]:
    """Returns height and width of a capture in sensor pixels."""
    return matfile.shape(pair.clean, "x")


def read_clean(pair: Pair, window=None) -> captures.Scene:
    """Reads the clean frame, or a window of it in sensor pixels."""
    metadata = read_metadata(pair.metadata)
    clean = _read_packed(pair.clean, metadata.pattern, window)
    return captures.Scene(pair.name, clean, metadata.colour)


def read_capture(pair: Pair, window=None) -> captures.Capture:
    """Reads noisy and clean frame, or a window of both in sensor pixels."""
    metadata = read_metadata(pair.metadata)
    if metadata.noise is None:
        raise InputError(
            f"{pair.metadata}: must give the noise (tag {NOISE_PROFILE})."
        )
    noisy, clean = (
        _read_packed(path, metadata.pattern, window)
        for path in (pair.noisy, pair.clean)
    )
    if noisy.shape != clean.shape:
        raise InputError(
            f"{pair.noisy}: must have the size of its clean frame. "
            f"Received: {noisy.shape} and {clean.shape}"
        )
    return captures.Capture(
        pair.name, None, noisy, clean, metadata.noise, metadata.colour
    )
