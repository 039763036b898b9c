"""A whole frame through a member of the array, tile by tile, on LiteRT.

    mosaic -> tiles [height, width, 4] -> member -> kept parts -> mosaic

One member serves the whole frame, chosen by its noise and its brightness
(`nsma.at_reference`), at the tile size that `tile_choice` finds for
it. Memory grows with the tile and not with the frame: tiles are cut from the
counts of the sensor as they are needed, with the CFA brought to RGGB and the
frame's edge mirrored, and go straight into the result. Needs numpy and the
LiteRT runtime; never TensorFlow.

Example:
    denoiser = Denoiser(bundle.load("runs/quickstart/bundle"))
    denoised = denoiser.denoise_mosaic(mosaic, "GRBG", (3e-3, 2e-6))
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from fanet_tf.denoising import signal as signal_lib
from fanet_tf.denoising import strength as strength_lib
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.denoising.bundle import Member
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.denoising.frame import Place
from fanet_tf.denoising.member_runner import MAX_THREADS
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.denoising.member_runner import threads_available
from fanet_tf.files import values
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw.shading import ShadingMap


class Part(NamedTuple):
    """The kept part of one tile.

    Attributes:
        noisy: `[h, w, 4]`, 0 = black, 1 = white, before the shading
            correction if the frame has one.
        denoised: the same, denoised.
        place: where it belongs.
        done: fraction of the frame that is done with it.
    """

    noisy: np.ndarray
    denoised: np.ndarray
    place: Place
    done: float


class Denoiser:
    """Denoises frames with the members of a bundle.

    Args:
        bundle: see `bundle.load`.
        recipe: number formats; None means float32, else the bundle's first.
        num_threads: of LiteRT; None means all cores.
        max_memory: bytes that the member may take beyond the idle process;
            None means no limit.
        own_tile: runs members at the tile of their flatbuffers, as an app
            does, and not at one that is chosen for the frame.
    """

    def __init__(
        self,
        bundle: Bundle,
        recipe: str | None = None,
        num_threads: int | None = None,
        max_memory: int | None = None,
        own_tile: bool = False,
    ):
        if recipe is None:
            known = bundle.recipes or list(bundle.members[0].paths)
            recipe = "float32" if "float32" in known else known[0]
        self.bundle = bundle
        self.recipe = recipe
        if num_threads is not None:
            values.integer("num_threads", num_threads, 1, MAX_THREADS)
        self.num_threads = num_threads or threads_available()
        self.max_memory = max_memory
        self.own_tile = own_tile
        for member in bundle.members:
            member.path(recipe)
        self._runner = self._made_for = None

    def runner(self, member: Member, height: int, width: int) -> MemberRunner:
        """Returns the member ready to run; only the last one is kept.

        Args:
            member: of the bundle.
            height: of the frame, packed pixels.
            width: likewise.
        """
        made_for = (member.index, height, width)
        if self._made_for != made_for:
            # Its memory is free before the next is made.
            self._runner = self._made_for = None
            self._runner = tile_choice.start(
                member,
                self.recipe,
                self.num_threads,
                (height, width),
                self.max_memory,
                self.own_tile,
            )
            self._made_for = made_for
        return self._runner

    def member_for(self, frame: Frame, noise: tuple[float, float]) -> Member:
        """Returns the member that serves a frame.

        Args:
            frame: its defective pixels corrected.
            noise: `(a, b)`.
        """
        signal = None
        if self.bundle.reference_signal:
            signal = signal_lib.measure(frame, *noise)
        return self.bundle.member_for(noise[0], signal)

    @property
    def member(self) -> Member | None:
        """The member of the last frame; None before the first."""
        return self._runner and self._runner.member

    @property
    def tile(self) -> Tile | None:
        """The tile of the last frame; None before the first."""
        return self._runner and self._runner.tile

    def denoise_mosaic(
        self, mosaic: np.ndarray, pattern: str, noise: tuple[float, float]
    ) -> np.ndarray:
        """Denoises `[H, W]` float32 (0 = black, 1 = white) of any size.

        Args:
            mosaic: `[H, W]`; values outside 0..1 are allowed.
            pattern: its CFA pattern.
            noise: `(a, b)`.
        """
        image = RawImage(np.asarray(mosaic, np.float32), pattern, (0.0,), 1.0)
        return self.denoise(image, noise)

    def denoise_packed(
        self, packed: np.ndarray, noise: tuple[float, float]
    ) -> np.ndarray:
        """Denoises `[h, w, 4]` float32 planes R, Gr, Gb, B."""
        mosaic = cfa.unpack(np.asarray(packed, np.float32)[None])[0, :, :, 0]
        denoised = self.denoise_mosaic(mosaic, "RGGB", noise)
        return cfa.pack(denoised[None, :, :, None])[0]

    def denoise(
        self,
        image: RawImage,
        noise: tuple[float, float],
        *,
        strength: float = 1.0,
        chroma_strength: float | None = None,
        keep_mean: bool = False,
        shading: ShadingMap | None = None,
    ) -> np.ndarray:
        """Denoises the active area of a frame.

        Args:
            image: the frame.
            noise: `(a, b)`.
            strength: 0 leaves the noise, 1 takes all that the member takes.
            chroma_strength: the same for coloured noise; None: as `strength`.
            keep_mean: puts back what the member changes of the mean of each
                plane, see `brightness`. Off, the result is the member's own.
            shading: the gains that the frame was multiplied by; its noise was
                `(a, b)` before.

        Returns:
            `[H, W]` float32 in the units of `image`, the size of
            `image.visible`.
        """
        frame = Frame(image, shading)
        output = Output(frame)
        means = frame.brightness(*noise) if keep_mean else None
        for part in self.parts(frame, noise, strength, chroma_strength):
            output.put(part.denoised, part.place)
        if means is not None:
            output.measure(means)
            output.restore(means)
        return output.mosaic

    def parts(
        self,
        frame: Frame,
        noise: tuple[float, float],
        strength: float = 1.0,
        chroma_strength: float | None = None,
    ) -> Iterator[Part]:
        """Denoises a frame tile by tile; what to do with each is the caller's.

        Args:
            frame: to be denoised.
            noise: `(a, b)`.
            strength: as `denoise` takes it.
            chroma_strength: likewise.

        Yields:
            The kept part of each tile; together they are the frame.
        """
        a, b = (float(n) for n in noise)
        scale, offset = 1.0 / a, b / (a * a)
        if chroma_strength is None:
            chroma_strength = strength
        strength_lib.check(strength, chroma_strength)
        member = self.member_for(frame, (a, b))
        runner = self.runner(member, frame.height, frame.width)
        grid = list(frame.grid(runner.tile))
        for done, place in enumerate(grid, start=1):
            tile = frame.cut(place, runner.tile)
            white = frame.white(place, runner.tile)
            denoised = _run_in_range(runner, tile, scale, offset, white)
            noisy, denoised = place.kept(tile), place.kept(denoised)
            denoised = strength_lib.blend(
                noisy, denoised, scale, offset, strength, chroma_strength
            )
            yield Part(noisy, denoised, place, done / len(grid))


def _run_in_range(runner, noisy, scale, offset, white):
    """Runs a member on one tile; leaves alone what it cannot know.

    A member that was trained on noise clipped at black takes values below for
    dark structure and leaves black and coloured speckle: it gets 0 for them.
    (It has learnt to make up for the mean that clipping shifts.)

    Values above white are beyond what it was trained on: they are clipped for
    it and the excess is added again. Where a pixel and all its neighbours are
    saturated there is nothing to denoise, and white must stay exactly white
    in all planes, or highlights turn magenta after white balance.
    """
    clipped = np.minimum(noisy, np.float32(white))
    seen = clipped
    if runner.member.below_black == "clipped":
        seen = np.maximum(clipped, np.float32(0.0))
    denoised = runner.run(seen, scale, offset)
    saturated = (noisy >= white).astype(np.uint8)
    if not saturated.any():
        return denoised
    inner = cv2.erode(saturated, np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(inner, noisy, denoised + (noisy - clipped))
