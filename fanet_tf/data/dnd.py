"""Darmstadt Noise Dataset (Plötz and Roth 2017): its input, its submission.

Fifty real noisy frames of four cameras; the clean ones stay on the benchmark's
server, which scores submissions. From https://noise.visinf.tu-darmstadt.de/
(non-commercial use). On disk, all of version 7.3 (HDF5):

    data/info.mat               struct "info", a cell a frame:
                                boundingboxes [20, 4] (top, left, bottom, right;
                                from 1, both ends in), camera.pattern [2, 2]
                                (1 R, 2 G, 3 B), nlf.a, nlf.b
    data/images_raw/0001.mat    "Inoisy" [H, W], 0..1
    data/images_srgb/0001.mat   "InoisySRGB" [H, W, 3], 0..1

What the kit writes, and `submit` here:

    0001_01.mat                 "Idenoised_crop", single, as the box, 0..1
    bundled/0001.mat            "Idenoised" 1 x 20 cell, "israw", "eval_version"

`pattern` is read as the published Python kits for this set read it (rows as
h5py gives them, not transposed like the frames).
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from fanet_tf.data import matfile
from fanet_tf.errors import InputError
from fanet_tf.raw import cfa
from fanet_tf.raw.noise import NoiseParams

SOURCE = "https://noise.visinf.tu-darmstadt.de/downloads/"
LAYOUT = "info.mat and images_raw/0001.mat to 0050.mat"
FRAMES = 50
EVAL_VERSION = "1.0"


@dataclasses.dataclass(frozen=True)
class Frame:
    """One frame of the benchmark.

    Attributes:
        number: from 1.
        path: of the file with "Inoisy".
        pattern: CFA pattern of the whole frame.
        noise: `(a, b)` of the frame, each `[1]`.
        boxes: `[n, 4]` int: top, left, bottom, right, from 0, ends out.
    """

    number: int
    path: pathlib.Path
    pattern: str
    noise: NoiseParams
    boxes: np.ndarray

    def crop(self, index: int):
        """Reads one box: `[H, W]` float32 in 0..1, and its pattern."""
        top, left, bottom, right = self.boxes[index]
        mosaic = matfile.read_array(
            self.path, "Inoisy", slice(top, bottom), slice(left, right)
        )
        if mosaic.shape != (bottom - top, right - left):
            raise InputError(
                f"{self.path}: box {index + 1} must lie in the frame. "
                f"Received: {self.boxes[index].tolist()}"
            )
        pattern = cfa.shift_pattern(self.pattern, int(top), int(left))
        return np.asarray(mosaic, np.float32), pattern


def find(folder) -> list[Frame]:
    """Reads what `info.mat` says of each frame."""
    folder = pathlib.Path(folder)
    path = folder / "info.mat"
    if not path.is_file():
        raise InputError(
            f"DND must hold {LAYOUT}; it is had from {SOURCE}. Missing: {path}"
        )
    import h5py

    try:
        with h5py.File(path, "r") as file:
            info = file["info"]
            count = info["boundingboxes"].shape[1]
            frames = [_frame(folder, file, info, i) for i in range(count)]
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: must be the info.mat of DND: {error}"
        ) from error
    for frame in frames:
        if not frame.path.is_file():
            raise InputError(
                f"DND must hold {LAYOUT}; it is had from {SOURCE}. "
                f"Missing: {frame.path}"
            )
    return frames


def _frame(folder, file, info, index) -> Frame:
    boxes = np.array(file[info["boundingboxes"][0][index]]).T.astype(int)
    codes = np.array(file[info["camera"][0][index]]["pattern"]).astype(int)
    noise = file[info["nlf"][0][index]]
    a, b = (float(np.ravel(noise[name])[0]) for name in ("a", "b"))
    if not (a > 0 and b >= 0 and codes.shape == (2, 2)):
        raise InputError(
            f"Frame {index + 1} of info.mat must have a > 0, b >= 0 and a "
            f"2 x 2 pattern. Received: a={a}, b={b}, {codes.tolist()}"
        )
    pattern = "".join("?RGB"[code] for code in codes.ravel())
    cfa.cell(pattern)
    boxes = boxes - [1, 1, 0, 0]  # MATLAB counts from 1 and includes ends.
    return Frame(
        index + 1,
        folder / "images_raw" / f"{index + 1:04d}.mat",
        pattern,
        NoiseParams(np.array([a]), np.array([b])),
        boxes,
    )


def denoise_crop(mosaic, pattern: str, noise: NoiseParams, denoise: Callable):
    """Denoises a mosaic `[H, W]` of any pattern; float32, clipped to 0..1.

    Args:
        mosaic: 0 = black, 1 = white.
        pattern: its CFA pattern.
        noise: `(a, b)`, each `[1]`.
        denoise: `f(noisy [h, w, 4], noise) -> [h, w, 4]`.
    """
    unified = cfa.unify(mosaic[None, :, :, None], pattern, "pad")
    denoised = denoise(cfa.pack(unified)[0], noise)
    whole = cfa.unpack(np.asarray(denoised)[None])[0, :, :, 0]
    row, column = cfa.rggb_origin(pattern)
    height, width = mosaic.shape
    cut = whole[row : row + height, column : column + width]
    return np.clip(cut, 0.0, 1.0).astype(np.float32)


def _save(path, contents) -> None:
    import scipy.io

    beside = path.with_name(f".{path.name}.part")
    try:
        # scipy would add a second suffix to a name that does not end in .mat.
        scipy.io.savemat(beside, contents, appendmat=False)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def submit(
    folder,
    denoise: Callable,
    output,
    *,
    render: Callable | None = None,
    progress: bool = True,
) -> int:
    """Denoises every box of the benchmark and writes the submission files.

    Args:
        folder: the benchmark's `data` folder.
        denoise: `f(noisy [h, w, 4], noise) -> [h, w, 4]`.
        output: folder of the submission; its `bundled/` is what is sent in.
        render: `f(mosaic [H, W], frame) -> sRGB [H, W, 3]`, the kit's ISP,
            for the sRGB track; None: the RAW track.
        progress: whether a bar is shown.

    Returns:
        The number of frames written.
    """
    frames = find(folder)
    output = pathlib.Path(output)
    bundled = output / "bundled"
    bundled.mkdir(parents=True, exist_ok=True)
    for frame in tqdm(frames, unit="frame", disable=not progress):
        cell = np.empty(len(frame.boxes), dtype=object)
        for index in range(len(frame.boxes)):
            mosaic, pattern = frame.crop(index)
            crop = denoise_crop(mosaic, pattern, frame.noise, denoise)
            if render is not None:
                crop = np.clip(render(crop, frame), 0.0, 1.0)
                crop = np.asarray(crop, np.float32)
                if crop.shape != (*mosaic.shape, 3):
                    raise InputError(
                        "The sRGB renderer must give [H, W, 3] for [H, W]. "
                        f"Received: {crop.shape} for {mosaic.shape}"
                    )
            cell[index] = crop
            name = f"{frame.number:04d}_{index + 1:02d}.mat"
            _save(output / name, {"Idenoised_crop": crop})
        _save(
            bundled / f"{frame.number:04d}.mat",
            {
                "Idenoised": cell,
                "israw": render is None,
                "eval_version": EVAL_VERSION,
            },
        )
    return len(frames)
