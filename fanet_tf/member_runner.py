"""One member of a bundle on LiteRT, at its fixed tile size."""

import contextlib
import os
import resource

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from fanet_tf.bundle import Member
from fanet_tf.errors import InputError

SIGNATURE = "serving_default"


class MemberRunner:
    """Runs a member's flatbuffer.

    Args:
        member: of a bundle.
        recipe: number formats.
        num_threads: of LiteRT.
        max_memory: bytes the member may take; None means no limit.

    Attributes:
        member: as given.
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
        path = member.path(recipe)
        tile = member.tile
        before = _resident_bytes()
        try:
            with _quiet():
                self._interpreter = Interpreter(
                    model_path=str(path), num_threads=num_threads
                )
                self._interpreter.allocate_tensors()
            self._run = self._interpreter.get_signature_runner(SIGNATURE)
            shapes = {
                name: tuple(details["shape"])
                for name, details in self._run.get_input_details().items()
            }
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"{path}: must be a flatbuffer that LiteRT runs: {error}"
            ) from error
        expected = {
            "noisy": (1, tile.height, tile.width, 4),
            "scale": (1, 1, 1, 1),
            "offset": (1, 1, 1, 1),
        }
        if shapes != expected:
            raise InputError(
                f"{path}: its inputs must be as in the manifest, {expected}. "
                f"Received: {shapes}"
            )
        self.run(np.zeros(expected["noisy"][1:], np.float32), 1.0, 0.0)
        self.bytes_taken = max(_resident_bytes() - before, 0)
        if max_memory is not None and self.bytes_taken > max_memory:
            raise InputError(
                f"A tile of {tile.height} x {tile.width} packed pixels takes "
                f"{self.bytes_taken / 1e6:.0f} MB; it must be at most "
                f"{max_memory / 1e6:.0f} MB (--max_memory). Export the bundle "
                "with a smaller tile."
            )

    def run(self, noisy, scale: float, offset: float) -> np.ndarray:
        """Denoises one tile `[tile, tile, 4]`."""
        one = (1, 1, 1, 1)
        denoised = self._run(
            noisy=noisy[None],
            scale=np.full(one, scale, np.float32),
            offset=np.full(one, offset, np.float32),
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
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()
