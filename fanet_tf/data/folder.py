"""Folders of photographs or RAW files, MIRFLICKR among them.

MIRFLICKR-25000 and MIRFLICKR-1M (Huiskes and Lew 2008; Huiskes et al. 2010)
are folders of JPEG photographs from Flickr under Creative Commons licences of
their authors. From https://press.liacs.nl/mirflickr/; on disk:

    mirflickr/im1.jpg ... im25000.jpg             MIRFLICKR-25000
    images/0/0.jpg ... images/99/999999.jpg       MIRFLICKR-1M, 10,000 each

Files are found once and read one at a time.
"""

import pathlib

import numpy as np

from fanet_tf.data import captures
from fanet_tf.data import images
from fanet_tf.errors import InputError
from fanet_tf.files import frame_search
from fanet_tf.files import reader
from fanet_tf.files import render
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

MIRFLICKR_SOURCE = (
    "https://press.liacs.nl/mirflickr/ (mirflickr25k.zip, or images0.zip to "
    "images9.zip)"
)


def find(folder, suffixes, expected: str = "", source: str = ""):
    """Returns the files below `folder` with one of the suffixes, sorted.

    Args:
        folder: searched with all its folders; hidden files are left out.
        suffixes: in lower case, with the dot.
        expected: what files should lie there, for the message.
        source: where the set is had, for the message.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"A data set must be a folder{_hint(expected, source)}. "
            f"Received: {folder}"
        )
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and path.is_file()
        and not path.name.startswith(".")
    )
    if not files:
        raise InputError(
            f"{folder}: must hold files that end in {', '.join(suffixes)}"
            f"{_hint(expected, source)}. Received: none"
        )
    return files


def _hint(expected: str, source: str) -> str:
    parts = [f"with {expected}"] if expected else []
    parts += [f"to be had from {source}"] if source else []
    return f" ({'; '.join(parts)})" if parts else ""


def photos(folder):
    """Returns the photographs below a folder."""
    return find(folder, images.PHOTO_SUFFIXES)


def mirflickr(folder):
    """Returns the photographs of MIRFLICKR below a folder."""
    return find(
        folder,
        (".jpg",),
        "im1.jpg ... or images/0/0.jpg ...",
        MIRFLICKR_SOURCE,
    )


def raws(folder):
    """Returns the RAW files below a folder."""
    return find(folder, frame_search.RAW_SUFFIXES)


def colour_of(image: RawImage) -> captures.Colour:
    """Returns how a RAW file wants to be shown; unknown: as sRGB."""
    return captures.Colour(*render.colours(image))


def packed_rggb(mosaic, pattern: str):
    """Packs a normalised mosaic `[H, W]` of any pattern: `[h, w, 4]` RGGB."""
    unified = cfa.to_rggb(np.asarray(mosaic)[None, :, :, None], pattern)
    return np.ascontiguousarray(cfa.pack(unified)[0], np.float32)


def read_raw_scene(path, name: str = "") -> captures.Scene:
    """Reads a RAW file of low noise as a clean scene."""
    path = pathlib.Path(path)
    image = reader.read(path)
    packed = packed_rggb(image.normalized(), image.pattern)
    return captures.Scene(
        name or path.stem, np.clip(packed, 0.0, 1.0), colour_of(image)
    )
