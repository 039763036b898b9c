"""One member of a bundle on LiteRT, at its own tile size or a smaller one."""

import contextlib
import dataclasses
import os
import resource

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from fanet_tf.bundle import Member
from fanet_tf.bundle import Tile
from fanet_tf.errors import InputError

SIGNATURE = "serving_default"
_ONE = (1, 1, 1, 1)


class MemberRunner:
    """Runs a member's flatbuffer.

    Args:
        member: of a bundle.
        recipe: number formats.
        num_threads: of LiteRT.
        max_memory: bytes the member may take; None means no limit. A member
            that takes more is resized to a smaller tile, if its operations
            allow that (upsampling by RESIZE_BILINEAR does not).

    Attributes:
        member: as given.
        tile: the size it runs at.
        bytes_taken: what the process grew by for the first tile.
    """

    def __init__(
        self,
        member: Member,
        recipe: str,
        num_threads: int,
        max_memory: int | None = None,
    ):
        self.member = member
        self._path = member.path(recipe)
        self._num_threads = num_threads
        self._start(member.tile)
        if max_memory is not None and self.bytes_taken > max_memory:
            self._shrink(max_memory)

    def _start(self, tile):
        self._run = self._interpreter = None
        before = _resident_bytes()
        shape = (1, tile.height, tile.width, 4)
        try:
            with _quiet():
                self._interpreter = Interpreter(
                    model_path=str(self._path), num_threads=self._num_threads
                )
                if tile != self.member.tile:
                    self._interpreter.resize_tensor_input(
                        self._noisy_index(), shape
                    )
                self._interpreter.allocate_tensors()
                self._run = self._interpreter.get_signature_runner(SIGNATURE)
            shapes = {
                name: tuple(int(n) for n in details["shape"])
                for name, details in self._run.get_input_details().items()
            }
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"{self._path}: must be a flatbuffer that LiteRT runs at "
                f"{tile.height} x {tile.width} packed pixels: {error}"
            ) from error
        expected = {"noisy": shape, "scale": _ONE, "offset": _ONE}
        if shapes != expected:
            raise InputError(
                f"{self._path}: its inputs must be as in the manifest, "
                f"{expected}. Received: {shapes}"
            )
        self.tile = tile
        self.run(np.zeros(shape[1:], np.float32), 1.0, 0.0)
        self.bytes_taken = max(_resident_bytes() - before, 0)

    def _noisy_index(self):
        return next(
            details["index"]
            for details in self._interpreter.get_input_details()
            if details["shape"][-1] == 4
        )

    def _shrink(self, max_memory):
        """Starts again with the largest tile that fits."""
        tile = self.member.tile
        part = (0.9 * max_memory / self.bytes_taken) ** 0.5
        sides = [
            int(part * side) // tile.stride * tile.stride
            for side in (tile.height, tile.width)
        ]
        said = (
            f"A tile of {tile.height} x {tile.width} packed pixels takes "
            f"{self.bytes_taken / 1e6:.0f} MB; --max_memory must be at least "
            f"that. Received: {max_memory / 1e6:.0f} MB, and "
        )
        if min(sides) < 2 * tile.halo + tile.stride:
            raise InputError(
                f"{said}a smaller tile would be nothing but its halo of "
                f"{tile.halo}"
            )
        smaller: Tile = dataclasses.replace(
            tile, height=sides[0], width=sides[1]
        )
        try:
            self._start(smaller)
        except InputError as error:
            raise InputError(
                f"{said}this flatbuffer cannot be resized; export the bundle "
                "with a smaller tile"
            ) from error

    def run(self, noisy, scale: float, offset: float) -> np.ndarray:
        """Denoises one tile `[tile, tile, 4]`."""
        denoised = self._run(
            noisy=noisy[None],
            scale=np.full(_ONE, scale, np.float32),
            offset=np.full(_ONE, offset, np.float32),
        )["denoised"][0]
        if not np.isfinite(denoised.sum(dtype=np.float64)):
            raise InputError(
                "A member must give finite values. Received: NaN or infinity "
                f"from member {self.member.index} at scale={scale:.4g}, "
                f"offset={offset:.4g}"
            )
        return denoised


@contextlib.contextmanager
def _quiet():
    """Keeps LiteRT's INFO lines, written below Python, off stderr."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _resident_bytes():
    """Memory of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
