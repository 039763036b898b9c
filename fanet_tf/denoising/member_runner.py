"""One member of a bundle on LiteRT, at its own tile size or at another."""

import os

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from fanet_tf.denoising import resized
from fanet_tf.denoising.bundle import Member
from fanet_tf.denoising.bundle import Tile
from fanet_tf.errors import InputError
from fanet_tf.files import quiet

SIGNATURE = "serving_default"
# LiteRT ends the process where the system gives it no more threads.
MAX_THREADS = 256
_ONE = (1, 1, 1, 1)


def threads_available() -> int:
    """Returns the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class MemberRunner:
    """Runs a member's flatbuffer.

    Args:
        member: of a bundle.
        recipe: number formats.
        num_threads: of LiteRT.
        tile: the size to run at, see `resized`; None means the member's own.

    Attributes:
        member: as given.
        tile: the size it runs at.
    """

    def __init__(
        self,
        member: Member,
        recipe: str,
        num_threads: int,
        tile: Tile | None = None,
    ):
        self.member = member
        self.tile = tile or member.tile
        path = member.path(recipe)
        shape = (1, self.tile.height, self.tile.width, 4)
        content = _content(path, member.tile, self.tile)
        try:
            with quiet.standard_error():
                # Kept: the signature's runner does not own the interpreter.
                self._interpreter = Interpreter(
                    model_content=content, num_threads=num_threads
                )
                self._interpreter.allocate_tensors()
                self._run = self._interpreter.get_signature_runner(SIGNATURE)
            shapes = {
                name: tuple(int(n) for n in details["shape"])
                for name, details in self._run.get_input_details().items()
            }
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"{path}: must be a flatbuffer that LiteRT runs at "
                f"{self.tile.height} x {self.tile.width} packed pixels: {error}"
            ) from error
        expected = {"noisy": shape, "scale": _ONE, "offset": _ONE}
        if shapes != expected:
            raise InputError(
                f"{path}: its inputs must be as in the manifest, "
                f"{expected}. Received: {shapes}"
            )

    def warm_up(self) -> None:
        """Runs once: then it has all the memory that it will ever take."""
        tile = (self.tile.height, self.tile.width, 4)
        self.run(np.zeros(tile, np.float32), 1.0, 0.0)

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


def _content(path, own, tile):
    """Returns a flatbuffer at the size of `tile`."""
    content = path.read_bytes()
    if (tile.height, tile.width) == (own.height, own.width):
        return content
    try:
        return resized.resized(content, tile.height, tile.width, own.stride)
    except resized.FixedSize as error:
        raise resized.FixedSize(f"{path}: {error}") from error
