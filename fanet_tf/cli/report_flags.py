"""Flags of the folder that holds the figures and the page of a comparison."""

import contextlib
import pathlib
from collections.abc import Iterator

from absl import flags

from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import own_folder

CROPS = flags.DEFINE_integer(
    "crops", 3, "Images whose crops are shown at every gain.", lower_bound=0
)
TITLE = flags.DEFINE_string(
    "title", "RAW denoisers, compared", "Heading of the page."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the results.")


@contextlib.contextmanager
def claimed() -> Iterator[pathlib.Path]:
    """Makes the folder of --output and keeps other runs out of it."""
    output = own_folder.make_folder(atomic.resolve(_OUTPUT.value))
    with claims.claim(output):
        yield output
