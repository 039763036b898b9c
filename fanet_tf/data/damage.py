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

    @contextlib.contextmanager
    def reading(self, path):
        """Skips the block if reading `path` fails, unless too many did."""
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
            if len(self.skipped) > self.limit * self.total:
                raise InputError(
                    f"At most {self.limit:.1%} of a set's files may be damaged."
                    f" Received: {len(self.skipped)} of {self.total}, the last "
                    f"{name}: {error}"
                ) from error
            logging.warning("Skipped a damaged file, %s: %s", name, error)
