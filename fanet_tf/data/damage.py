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
            if self.is_refused():
                return
            logging.warning("Skipped a damaged file, %s: %s", name, error)

    def spare(self) -> int:
        """Returns how many of the files may be damaged."""
        return int(self.limit * self.total)

    def is_refused(self) -> bool:
        """Whether more of the files are damaged than may be."""
        return len(self.skipped) > self.spare()

    def is_told(self) -> bool:
        """Whether the set is refused, and further files would only count."""
        return self.is_refused() and len(self.skipped) > MOST_LISTED

    def refusal(self) -> str:
        """Returns why the set is refused; empty if it is not."""
        if not self.is_refused():
            return ""
        return (
            f"At most {self.limit:.1%} of a set's files may be damaged. "
            f"Received: {len(self.skipped)} of {self.total}: "
            f"{listed(self._reasons)}"
        )

    def check(self, cause: Exception | None = None) -> None:
        """Refuses the set if more of its files are damaged than may be.

        Args:
            cause: of the last one.
        """
        if refusal := self.refusal():
            raise InputError(refusal) from cause


MOST_LISTED = 12


def listed(clauses: list[str], most: int = MOST_LISTED) -> str:
    """Joins clauses to one line; of very many it counts the rest."""
    rest = len(clauses) - most
    return "; ".join(clauses[:most]) + (
        f"; and {rest} more" if rest > 0 else ""
    )
