"""Damaged files of a large set: skipped by name, counted, limited."""

import contextlib
import zlib

from absl import logging

from fanet_tf.errors import InputError


class Damage:
    """Counts the files of a set that could not be read.

    Args:
        total: files of the set.
        limit: share of them that may be skipped; one more ends the run. With
            the default, a set of fewer than 100 files may hold none.
    """

    def __init__(self, total: int, limit: float = 0.01):
        self.total = total
        self.limit = limit
        self.skipped: list[str] = []
        self._reasons: list[str] = []

    @contextlib.contextmanager
    def reading(self, path, wait: bool = False):
        """Skips the block if reading `path` fails, unless too many did.

        Args:
            path: that the block reads.
            wait: leaves the refusal to `check`, which names all files.
        """
        try:
            yield
        # What damaged JPEG, MAT, HDF5 and RAW files raise in their readers.
        except (
            InputError,
            OSError,
            EOFError,
            KeyError,
            ValueError,
            zlib.error,
        ) as error:
            name = str(path)
            if name in self.skipped:
                return
            self.skipped.append(name)
            text = str(error)
            self._reasons.append(text if name in text else f"{name}: {text}")
            if not wait:
                self.check(error)
            if self._too_many():
                return
            logging.warning("Skipped a damaged file, %s: %s", name, error)

    def _too_many(self) -> bool:
        return len(self.skipped) > self.limit * self.total

    def check(self, cause: Exception | None = None) -> None:
        """Refuses the set if more of its files are damaged than may be.

        Args:
            cause: of the last one.
        """
        if self._too_many():
            raise InputError(
                f"At most {self.limit:.1%} of a set's files may be damaged. "
                f"Received: {len(self.skipped)} of {self.total}: "
                f"{listed(self._reasons)}"
            ) from cause


def listed(clauses: list[str], most: int = 12) -> str:
    """Joins clauses to one line; of very many it counts the rest."""
    rest = len(clauses) - most
    return "; ".join(clauses[:most]) + (
        f"; and {rest} more" if rest > 0 else ""
    )
