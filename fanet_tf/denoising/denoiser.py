"""A whole frame through a member of the array, tile by tile, on LiteRT.

    mosaic -> tiles [height, width, 4] -> member -> kept parts -> mosaic

One member serves the whole frame, at the tile size that `tile_choice` finds for
it. Memory grows with the tile and not with the frame: tiles are cut from the
counts of the sensor as they are needed, with the CFA brought to RGGB and the
frame's edge mirrored, and go straight into the result. Needs numpy and the
LiteRT runtime; never TensorFlow.

Example:
    denoiser = Denoiser(bundle.load("runs/quickstart/bundle"))
    denoised = denoiser.denoise_mosaic(mosaic, "GRBG", (3e-3, 2e-6))
"""

import cv2
import numpy as np

from fanet_tf.denoising import frame as frame_lib
from fanet_tf.denoising import strength as strength_lib
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.denoising.bundle import Member
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.member_runner import MAX_THREADS
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.denoising.member_runner import threads_available
from fanet_tf.files import values
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa


class Denoiser:
    """Denoises frames with the members of a bundle.

    Args:
        bundle: see `bundle.load`.
        recipe: number formats; None means float32, else the bundle's first.
        num_threads: of LiteRT; None means all cores.
        max_memory: bytes that the member may take beyond the idle process;
            None means no limit.
    """

    def __init__(
        self,
        bundle: Bundle,
        recipe: str | None = None,
        num_threads: int | None = None,
        max_memory: int | None = None,
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
            )
            self._made_for = made_for
        return self._runner

    @property
    def tile(self) -> Tile | None:
        """The tile of the last frame; None before the first."""
        return self._runner and self._runner.tile

    def denoise_mosaic(self, mosaic, pattern: str, noise) -> np.ndarray:
        """Denoises `[H, W]` float32 (0 = black, 1 = white) of any size.

        Args:
            mosaic: `[H, W]`; values outside 0..1 are allowed.
            pattern: its CFA pattern.
            noise: `(a, b)`.
        """
        image = RawImage(np.asarray(mosaic, np.float32), pattern, (0.0,), 1.0)
        return self.denoise(image, noise)

    def denoise_packed(self, packed, noise) -> np.ndarray:
        """Denoises `[h, w, 4]` float32 planes R, Gr, Gb, B."""
        mosaic = cfa.unpack(np.asarray(packed, np.float32)[None])[0, :, :, 0]
        denoised = self.denoise_mosaic(mosaic, "RGGB", noise)
        return cfa.pack(denoised[None, :, :, None])[0]

    def denoise(
        self,
        image: RawImage,
        noise,
        *,
        strength: float = 1.0,
        chroma_strength: float | None = None,
        factor: int | None = None,
        keep_mean: bool = False,
        on_tile=None,
    ) -> np.ndarray:
        """Denoises the active area of a frame.

        Args:
            image: the frame.
            noise: `(a, b)`.
            strength: 0 leaves the noise, 1 takes all that the member takes.
            chroma_strength: the same for coloured noise; None: as `strength`.
            factor: gives counts `factor` times those of `image`, rounded to
                uint16; None gives float32 in the units of `image`.
            keep_mean: puts back what the member changes of the mean of each
                plane, see `brightness`. Off, the result is the member's own.
            on_tile: called with `(noisy, denoised)`, each `[h, w, 4]`, of
                every tile's kept part, and with the fraction done.

        Returns:
            `[H, W]`, the size of `image.visible`.
        """
        a, b = (float(n) for n in noise)
        if chroma_strength is None:
            chroma_strength = strength
        strength_lib.check(strength, chroma_strength)
        visible = image.visible
        denoised = np.empty(
            visible.shape, np.float32 if factor is None else np.uint16
        )
        black = np.asarray(image.black_level, np.float32)
        span = np.float32(image.white_level) - black
        frame = frame_lib.Frame(visible, image.pattern, black, span)
        runner = self.runner(
            self.bundle.member_for(a), frame.height, frame.width
        )
        means = frame.brightness(a, b) if keep_mean else None
        scale, offset = 1.0 / a, b / (a * a)
        grid = list(frame.grid(runner.tile))
        for done, (rows, columns) in enumerate(grid, start=1):
            noisy = frame.tile(rows.start, columns.start, runner.tile)
            clean = _run(runner, noisy, scale, offset)
            kept = (
                slice(rows.keep_start, rows.keep_stop),
                slice(columns.keep_start, columns.keep_stop),
            )
            inside = tuple(
                slice(k.start - s.start, k.stop - s.start)
                for k, s in zip(kept, (rows, columns), strict=True)
            )
            noisy = noisy[inside]
            clean = strength_lib.blend(
                noisy, clean[inside], scale, offset, strength, chroma_strength
            )
            if means is not None:
                means.see(noisy, clean)
            if on_tile is not None:
                on_tile(noisy, clean, done / len(grid))
            frame.put(denoised, clean, kept, factor)
        if means is not None:
            frame.restore(denoised, means, factor)
        return denoised


def _run(runner, noisy, scale, offset):
    """Runs a member on one tile; leaves alone what it cannot know.

    A member that was trained on noise clipped at black takes values below for
    dark structure and leaves black and coloured speckle: it gets 0 for them.
    (It has learnt to make up for the mean that clipping shifts.)

    Values above white are beyond what it was trained on: they are clipped for
    it and the excess is added again. Where a pixel and all its neighbours are
    saturated there is nothing to denoise, and white must stay exactly white
    in all planes, or highlights turn magenta after white balance.
    """
    clipped = np.minimum(noisy, np.float32(1.0))
    seen = clipped
    if runner.member.below_black == "clipped":
        seen = np.maximum(clipped, np.float32(0.0))
    denoised = runner.run(seen, scale, offset)
    saturated = (noisy >= 1.0).astype(np.uint8)
    if not saturated.any():
        return denoised
    inner = cv2.erode(saturated, np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(inner, noisy, denoised + (noisy - clipped))
