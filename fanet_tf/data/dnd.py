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
import pathlib
from collections.abc import Callable

import numpy as np

from fanet_tf import progress_bar
from fanet_tf.data import matfile
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import hdf5
from fanet_tf.files import marks
from fanet_tf.files import own_folder
from fanet_tf.raw import cfa
from fanet_tf.raw.noise import NoiseParams

SOURCE = "https://noise.visinf.tu-darmstadt.de/downloads/"
LAYOUT = "info.mat and images_raw/0001.mat to 0050.mat"
FRAMES = 50
EVAL_VERSION = "1.0"
_MAX_FRAMES, _MAX_VALUES = 10_000, 100_000


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
    try:
        with hdf5.opened(path) as file:
            info = hdf5.member(file, "info")
            count = hdf5.member(info, "boundingboxes").shape[1]
            if count > _MAX_FRAMES:
                raise InputError(f"{path}: {count} frames are too many.")
            frames = [_frame(folder, file, info, i) for i in range(count)]
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
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
    def cell(name):
        return hdf5.follow(file, hdf5.member(info, name)[0][index])

    def values(dataset):
        hdf5.check_count(dataset, _MAX_VALUES)
        return np.array(dataset)

    boxes = values(cell("boundingboxes")).T.astype(int)
    codes = values(hdf5.member(cell("camera"), "pattern")).astype(int)
    noise = cell("nlf")
    a, b = (
        float(np.ravel(values(hdf5.member(noise, name)))[0]) for name in "ab"
    )
    if not (0 < a < np.inf and 0 <= b < np.inf and codes.shape == (2, 2)):
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


_MARK = "MATLAB 5.0 MAT-file, written by fanet_tf"
_is_ours = marks.begins_with(_MARK)


def _save(path, contents, overwrite) -> None:
    import scipy.io

    with atomic.writing(path, is_ours=_is_ours, overwrite=overwrite) as stream:
        scipy.io.savemat(stream, contents)
        # The first 116 bytes are free text; scipy's holds the time.
        stream.seek(0)
        stream.write(_MARK.ljust(116).encode())


def submit(
    folder,
    denoise: Callable,
    output,
    *,
    render: Callable | None = None,
    progress: bool = True,
    overwrite: bool = False,
) -> int:
    """Denoises every box of the benchmark and writes the submission files.

    Args:
        folder: the benchmark's `data` folder.
        denoise: `f(noisy [h, w, 4], noise) -> [h, w, 4]`.
        output: folder of the submission; its `bundled/` is what is sent in.
        render: `f(mosaic [H, W], frame) -> sRGB [H, W, 3]`, the kit's ISP,
            for the sRGB track; None: the RAW track.
        progress: whether a bar is shown.
        overwrite: replaces files that this project did not write, too.

    Returns:
        The number of frames written.
    """
    frames = find(folder)
    output = atomic.resolve(output)
    bundled = own_folder.make_folder(output / "bundled")
    for frame in frames:
        for path in (
            bundled / f"{frame.number:04d}.mat",
            *(
                output / f"{frame.number:04d}_{index + 1:02d}.mat"
                for index in range(len(frame.boxes))
            ),
        ):
            atomic.check(path, is_ours=_is_ours, overwrite=overwrite)
    for frame in progress_bar.Bar(frames, unit="frame", disable=not progress):
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
            _save(output / name, {"Idenoised_crop": crop}, overwrite)
        _save(
            bundled / f"{frame.number:04d}.mat",
            {
                "Idenoised": cell,
                "israw": render is None,
                "eval_version": EVAL_VERSION,
            },
            overwrite,
        )
    return len(frames)
