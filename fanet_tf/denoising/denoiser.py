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

import os

import cv2
import numpy as np

from fanet_tf.denoising import brightness
from fanet_tf.denoising import strength as strength_lib
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising import tiles
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.denoising.bundle import Member
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa


def threads_available() -> int:
    """Returns the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
        frame = _Frame(visible, image.pattern, black, span)
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

    Values above white are beyond what it was trained on: they are clipped for
    it and the excess is added again. Where a pixel and all its neighbours are
    saturated there is nothing to denoise, and white must stay exactly white
    in all planes, or highlights turn magenta after white balance.
    """
    clipped = np.minimum(noisy, np.float32(1.0))
    denoised = runner.run(clipped, scale, offset)
    saturated = (noisy >= 1.0).astype(np.uint8)
    if not saturated.any():
        return denoised
    inner = cv2.erode(saturated, np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(inner, noisy, denoised + (noisy - clipped))


class _Frame:
    """Cuts RGGB tiles out of a mosaic of any size and pattern."""

    def __init__(self, mosaic, pattern, black, span):
        self.mosaic = mosaic
        self.places = cfa.cell(pattern)
        self.row, self.column = cfa.rggb_origin(pattern)
        self.black = black
        self.span = span
        height, width = mosaic.shape
        # Packed size when `row` and `column` are mirrored in at the start.
        self.height = (height + self.row + 1) // 2
        self.width = (width + self.column + 1) // 2

    def grid(self, tile):
        """Yields the spans of each tile, in packed pixels of the frame."""
        self.margin = margin = tiles.margin(tile.halo, tile.stride)
        rows, columns = (
            tiles.spans(
                tiles.padded_size(size, side, tile.halo, tile.stride),
                side,
                tile.halo,
                tile.stride,
            )
            for size, side in (
                (self.height, tile.height),
                (self.width, tile.width),
            )
        )
        for row in rows:
            for column in columns:
                spans = [
                    tiles.Span(
                        span.start - margin,
                        max(span.keep_start - margin, 0),
                        min(span.keep_stop - margin, size),
                    )
                    for span, size in (
                        (row, self.height),
                        (column, self.width),
                    )
                ]
                if all(span.keep_start < span.keep_stop for span in spans):
                    yield spans

    def tile(self, top, left, tile):
        """Returns `[h, w, 4]` float32 at packed `(top, left)`."""
        rows = _places(2 * top - self.row, 2 * tile.height, len(self.mosaic))
        columns = _places(
            2 * left - self.column, 2 * tile.width, self.mosaic.shape[1]
        )
        counts = self.mosaic[rows]
        counts = counts[:, columns].astype(np.float32)
        packed = cfa.pack(counts[None, :, :, None])[0]
        packed -= self.black
        packed /= self.span
        return packed

    def put(self, mosaic, packed, kept, factor):
        """Writes packed values of the span `kept` into `mosaic`."""
        values = packed * self.span + self.black
        if factor is not None:
            values = np.clip(np.rint(values * factor), 0, 65535)
        part = cfa.unpack(values[None])[0, :, :, 0]
        height, width = self.mosaic.shape
        top = 2 * kept[0].start - self.row
        left = 2 * kept[1].start - self.column
        part = part[max(-top, 0) :, max(-left, 0) :]
        top, left = max(top, 0), max(left, 0)
        part = part[: height - top, : width - left]
        mosaic[top : top + part.shape[0], left : left + part.shape[1]] = part

    def brightness(self, a, b):
        """Returns what measures the means, see `brightness`."""
        floor = brightness.floor_of(self.mosaic, self.places)
        return brightness.Brightness(a, b, (floor - self.black) / self.span)

    def restore(self, mosaic, means, factor):
        """Puts the means back into the denoised mosaic."""
        for index, (row, column) in enumerate(self.places):
            black, span = self.black[index], self.span[index]
            plane = mosaic[row::2, column::2]
            if factor is None:
                for line in plane:
                    x = means.restore((line - black) / span, index)
                    line[:] = x * span + black
                continue
            counts = np.arange(65536)
            x = means.restore((counts / factor - black) / span, index)
            table = np.rint((x * span + black) * factor)
            plane[:] = np.clip(table, 0, 65535).astype(np.uint16)[plane]


def _places(start, count, size):
    """Rows (or columns) `start .. start + count`, mirrored into the frame."""
    if start >= 0 and start + count <= size:
        return slice(start, start + count)
    return tiles.reflect(np.arange(start, start + count), size)
