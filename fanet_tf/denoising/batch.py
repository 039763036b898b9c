"""Many frames through a `Denoiser`: one bad file does not stop the rest."""

import collections
import dataclasses
import os
import pathlib
import sys
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fanet_tf import __version__
from fanet_tf import progress_bar
from fanet_tf.denoising import defects as defects_lib
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.denoising.noise_source import Noise
from fanet_tf.denoising.remaining import Remaining
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import frame_search
from fanet_tf.files import gain_map
from fanet_tf.files import names
from fanet_tf.files import own_folder
from fanet_tf.files import reader
from fanet_tf.files import writer
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw.shading import ShadingMap

EXIT_SOME_FAILED = 1


class Job(NamedTuple):
    """One frame to denoise.

    Attributes:
        source: file to read.
        target: file to write.
        is_named: whether the user has named the target itself, and it may be
            a pipe.
        fault: why it cannot be done, or empty.
    """

    source: pathlib.Path
    target: pathlib.Path
    is_named: bool = False
    fault: str = ""


@dataclasses.dataclass
class Task:
    """What is done to every frame.

    Attributes:
        denoiser: with its bundle.
        noise_of: frame -> `noise_source.Noise`.
        raw_format: path -> what the file does not say itself, or None.
        strength: 0..1.
        chroma_strength: 0..1, or None for `strength`.
        overwrite: replaces outputs that this project did not write, too.
        defects: which defective pixels are corrected first.
        shading: the gains that every frame was multiplied by, or None.
    """

    denoiser: Denoiser
    noise_of: Callable[[RawImage], Noise]
    raw_format: Callable[[pathlib.Path], reader.Format] = lambda path: None
    strength: float = 1.0
    chroma_strength: float | None = None
    overwrite: bool = False
    defects: defects_lib.Correction = defects_lib.Correction()
    shading: ShadingMap | None = None

    @property
    def is_identity(self) -> bool:
        """Whether the frame is to stay as it is."""
        return self.strength == 0 and not self.chroma_strength


def _is_folder(path: str) -> bool:
    return path.endswith("/") or pathlib.Path(path).is_dir()


def plan(
    inputs: list[pathlib.Path],
    output: str,
    suffix: str,
    kinds: tuple[str, ...] = frame_search.MOSAIC_SUFFIXES,
    recursive: bool = False,
) -> list[Job]:
    """Pairs inputs with outputs; says which folders were left alone.

    Inputs that would become one output are at fault, all of them.

    Args:
        inputs: files, or folders of frames.
        output: a file for one input file, else a folder (made if missing).
        suffix: of the outputs in a folder.
        kinds: suffixes of the frames in a folder.
        recursive: takes the frames of the folders below too; their outputs
            stand in folders of the same names.
    """
    many = len(inputs) > 1 or any(path.is_dir() for path in inputs)
    place = atomic.resolve(output)
    if not many and not _is_folder(output):
        jobs = [Job(inputs[0], place, is_named=True)]
        if not place.parent.is_dir():
            raise InputError(f"{output}: its folder must exist.")
    else:
        if place.exists() and not place.is_dir():
            raise InputError(
                f"The output of several inputs must be a folder. Got: {output}"
            )
        search = frame_search.find(inputs, kinds, recursive, without=place)
        _say_left_alone(search.left_alone)
        found = dict.fromkeys(search.files)  # Named twice, done once.
        jobs = [
            Job(path, place / below / f"{path.stem}{suffix}")
            for path, below in found
        ]
    originals = {_identity(job.source) for job in jobs} - {None}
    sources = collections.defaultdict(list)
    for job in jobs:
        writer.check_suffix(job.target)
        if _identity(job.target) in originals:
            raise InputError(
                f"The output must not be an input. Got: {job.target}"
            )
        sources[job.target].append(job.source)
    return [
        job._replace(fault=_clash(job, sources[job.target])) for job in jobs
    ]


def _clash(job, sources):
    others = ", ".join(str(path) for path in sources if path != job.source)
    return f"would become {job.target}, and so would {others}" if others else ""


_MOST_NAMES = 5


def _say_left_alone(folders) -> None:
    if not folders:
        return
    said = ", ".join(folder.name for folder in folders[:_MOST_NAMES])
    more = len(folders) - _MOST_NAMES
    if more > 0:
        said += f" and {more} more"
    text = f"Left alone: {said} in {folders[0].parent}; --recursive takes them"
    print(_line(text), file=sys.stderr)


def _identity(path):
    """Returns what two names of one file share; None for no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_outputs(jobs: list[Job], overwrite: bool) -> None:
    """Refuses outputs that are somebody else's; makes missing folders.

    Args:
        jobs: of `plan`, less those that are skipped or at fault.
        overwrite: replaces any file.
    """
    for folder in {job.target.parent for job in jobs}:
        own_folder.make_folder(folder)
    for job in jobs:
        writer.check_output(job.target, overwrite, job.is_named)


def denoise(
    task: Task, job: Job, on_tile: Callable[[float], object] | None = None
) -> tuple[str, float]:
    """Denoises one frame; returns what was done and its megapixels.

    Args:
        task: what is done to it.
        job: which frame.
        on_tile: called with the fraction of the frame that is done.
    """
    image = reader.read(job.source, task.raw_format(job.source))
    if task.shading is not None and gain_map.is_in(image):
        warnings.warn(
            "the file holds a GainMap, so its counts should be those before "
            "the shading correction; with --shading they count as corrected",
            stacklevel=2,
        )
    noise = task.noise_of(image)
    if noise.warning:
        warnings.warn(noise.warning, stacklevel=2)
    array = task.denoiser.bundle
    if not array.covers(noise.a):
        warnings.warn(
            f"a={noise.a:.4g} lies outside {array.edges[0]:.4g} to "
            f"{array.edges[-1]:.4g} of the array; its nearest member is used",
            stacklevel=2,
        )
    megapixels = image.visible.size / 1e6
    network, found, tiles = array.name, "", ""
    if not task.is_identity:
        corrected = task.defects.correct(
            image, (noise.a, noise.b), task.shading, in_place=True
        )
        found = corrected.describe()
        image = corrected.image
        # Nothing else may hold the frame, which is large.
        del corrected
        image = _denoised(task, image, noise, job.target, on_tile)
        tile, member = task.denoiser.tile, task.denoiser.member
        network = f"member {member.index} of {array.name}"
        tiles = f"tiles of {tile.height} x {tile.width}"
    chroma = task.chroma_strength
    history = (
        f"fanet-denoise {__version__}: noise a={noise.a:.6g} b={noise.b:.6g} "
        f"({noise.source}); {network}, {task.denoiser.recipe}; "
        f"strength {task.strength:g}"
        + ("" if chroma is None else f", chroma {chroma:g}")
        + ("" if task.shading is None else "; shading undone and redone")
    )
    history = "; ".join(filter(None, (history, found, tiles)))
    writer.write(job.target, image, history, task.overwrite, job.is_named)
    return history, megapixels


def _denoised(
    task: Task, image: RawImage, noise: Noise, target: pathlib.Path, on_tile
) -> RawImage:
    """Returns the frame with its denoised mosaic, levels and noise.

    The pixels of `image` are lost.
    """
    # Denoised values lie between the counts of the sensor: give them the
    # bits that are free in 16.
    factor = None
    if image.mosaic.dtype == np.uint16 and target.suffix.lower() != ".npy":
        factor = max(1, int(65535 // image.white_level))
        factor = 1 << (factor.bit_length() - 1)
    pair = (noise.a, noise.b)
    frame = Frame(image, task.shading, is_spent=True)
    output = Output(frame, factor)
    means, remaining = frame.brightness(*pair), Remaining(*pair)
    for part in task.denoiser.parts(
        frame, pair, task.strength, task.chroma_strength
    ):
        remaining.update(part.noisy, part.denoised)
        output.put(part.denoised, part.place)
        if on_tile is not None:
            on_tile(part.done)
    output.measure(means)
    output.restore(means)
    fraction = remaining.fraction()
    left = None
    if fraction is not None:
        left = (noise.a * fraction, noise.b * fraction)
    return image.with_mosaic(output.mosaic, factor or 1, noise=left)


def run(task: Task, jobs: list[Job], skip_existing: bool = False) -> int:
    """Denoises all; returns the exit code.

    The only frame's `InputError` is raised; of several, each is printed, and
    the code is 1 if any failed.
    """
    for folder in {job.target.parent for job in jobs}:
        atomic.sweep(folder)  # What a killed run has left.
    skipped = 0
    if skip_existing:
        before = len(jobs)
        jobs = [job for job in jobs if job.fault or not job.target.exists()]
        skipped = before - len(jobs)
    check_outputs([job for job in jobs if not job.fault], task.overwrite)
    failed, written = 0, set()
    megapixels, start = 0.0, time.perf_counter()
    with progress_bar.Bar(
        total=len(jobs), unit="frame", disable=None, dynamic_ncols=True
    ) as bar:
        for job in jobs:
            begin = bar.n
            try:
                if job.fault:
                    raise InputError(job.fault)
                if _identity(job.target) in written - {None}:
                    # Where upper and lower case are the same.
                    raise InputError(f"{job.target} is another's output.")
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("ignore")
                    warnings.simplefilter("always", UserWarning)
                    done, size = denoise(
                        task,
                        job,
                        lambda fraction, begin=begin: bar.update(
                            begin + 0.99 * fraction - bar.n
                        ),
                    )
            except (InputError, OSError) as error:
                if len(jobs) == 1 and not skipped:
                    raise
                failed += 1
                text = _line(f"failed: {_reason(error, job.source)}")
                bar.write(text, file=sys.stderr)
            else:
                # A frame that fails says only why.
                for warning in caught:
                    text = _line(f"warning: {warning.message}")
                    bar.write(text, file=sys.stderr)
                megapixels += size
                written.add(_identity(job.target))
                bar.write(_line(f"{job.source} -> {job.target}: {done}"))
            bar.update(begin + 1 - bar.n)
            seconds = time.perf_counter() - start
            bar.set_postfix_str(f"{megapixels / seconds:.2f} MP/s")
    seconds = max(time.perf_counter() - start, 1e-9)
    print(
        f"{len(jobs) - failed} frames, {megapixels:.2f} MP in "
        f"{seconds:.1f} s: {megapixels / seconds:.2f} MP/s"
        + (f"; {skipped} were there" if skipped else "")
        + (f"; {failed} failed" if failed else "")
    )
    return EXIT_SOME_FAILED if failed else 0


_line = names.printable


def _reason(error, source):
    """Returns what went wrong with a file, its name once."""
    if isinstance(error, OSError):
        return f"{source}: {error.strerror or error}"
    text = " ".join(str(error).split())
    named = text.startswith(f"{source}: ")
    return text if named else f"{source}: {text}"
