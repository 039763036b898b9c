"""Signs of damage that no decoder complains of."""

import warnings

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import lossless_jpeg
from fanet_tf.files import tiff
from fanet_tf.files.raw_image import RawImage
from fanet_tf.files.segments import Segments

# DNGs before this version store 16 bits behind the code of 32768.
_WITHOUT_EXTRA_BITS = (1, 1)

# Zeros that follow each other in a row: noise around a black level above zero
# never gives so many.
_RUN = 64
# Of them, what a dead row or a few do not explain: of the active area.
_LEAST_SHARE, _LEAST_PIXELS = 2e-4, 512
_DEAD_ROWS = 2

# Pixels are far above white or below black beyond this part of the range, and
# more than this share of them has another reason than noise.
_BEYOND, _MOST_BEYOND = 0.1, 0.01


def check_lossless_jpeg(
    path, segments: Segments, version: tuple[int, ...]
) -> None:
    """Refuses a mosaic with a lossless JPEG that is not whole.

    Args:
        path: of the file.
        segments: of its mosaic.
        version: of the DNG.

    Raises:
        InputError: the first strip or tile that is damaged is named.
    """
    extra = 0 if version >= _WITHOUT_EXTRA_BITS else 16
    with inputs.open_regular(path) as stream:
        for index, part in enumerate(segments.parts):
            stream.seek(part.offset)
            data = stream.read(part.size)
            try:
                lossless_jpeg.check(data, extra)
            except lossless_jpeg.Damage as error:
                raise InputError(
                    f"{path}: its pixels must be complete. Received: damaged "
                    f"data in {segments.name(index)}: {error}"
                ) from None


def warn_of_strips(path, source: tiff.Tiff) -> None:
    """Warns where a RAW that is no DNG ends before its pixels do.

    Cameras' own formats are less strict than DNG and LibRaw reads more of
    them than we could try, so this is no refusal.
    """

    def ends(ifd):
        offsets, sizes = (
            [int(n) for n in tiff.values(ifd.tags[number], source.order)]
            for number in (tiff.STRIP_OFFSETS, tiff.STRIP_BYTE_COUNTS)
        )
        return sum(sizes), max(map(sum, zip(offsets, sizes, strict=False)))

    tables = [
        table
        for ifd in source.ifds
        for table in (ifd, *ifd.children.get(tiff.SUB_IFDS, []))
        if {tiff.STRIP_OFFSETS, tiff.STRIP_BYTE_COUNTS} <= set(table.tags)
    ]
    found = [ends(table) for table in tables]
    size, end = max(found, default=(0, 0))
    if end > source.size:
        warnings.warn(
            f"{path}: may be cut short: its largest image of {size:,} bytes "
            f"ends at byte {end:,} of {source.size:,}",
            stacklevel=3,
        )


def check_counts(path, image: RawImage) -> None:
    """Refuses or warns of counts that the levels do not explain.

    Raises:
        InputError: a part of the frame is exactly zero under a positive black
            level.
    """
    lowest = min(image.black_level)
    if image.black_offsets is not None:
        lowest += image.black_offsets.lowest()
    place, damaged = _zeros(image.visible, lowest)
    if damaged:
        raise InputError(
            f"{path}: its pixels must be complete. Received: a damaged file: "
            f"{place}, where black is {lowest:g}"
        )
    if place:
        warnings.warn(
            f"{path}: holds {place}, where black is {lowest:g}",
            stacklevel=3,
        )
    # Every 13th pixel says enough, of all four colours.
    counts = image.visible.ravel()[::13]
    black, white = max(image.black_level), image.white_level
    high = np.mean(counts > white + _BEYOND * (white - black))
    low = np.mean(counts < black - _BEYOND * (white - black))
    for share, side in ((high, "above white"), (low, "below black")):
        if share > _MOST_BEYOND:
            warnings.warn(
                f"{path}: {share:.0%} of its pixels lie far {side}; its "
                f"levels ({black:g}, {white:g}) do not fit its counts",
                stacklevel=3,
            )


def _zeros(visible: np.ndarray, black: float) -> tuple[str, bool]:
    """Finds areas of exact zero where black lies above zero.

    Args:
        visible: `[H, W]` counts of the active area.
        black: the lowest black level of its pixels.

    Returns:
        Where they are, in words, empty for none; and whether they are more
        than dead rows, so that the file must be damaged.
    """
    if black <= 0.5:
        return "", False
    run = min(_RUN, visible.shape[1])
    rows, columns, count = [], [], 0
    for row, line in enumerate(visible):
        if np.count_nonzero(line) > len(line) - run:
            continue
        edges = np.flatnonzero(
            np.diff(np.concatenate([[True], line != 0, [True]]))
        ).reshape(-1, 2)
        edges = edges[edges[:, 1] - edges[:, 0] >= run]
        if len(edges):
            rows.append(row)
            columns += [edges[0, 0], edges[-1, 1] - 1]
            count += int(np.sum(edges[:, 1] - edges[:, 0]))
    if not count:
        return "", False
    place = (
        f"rows {rows[0]} to {rows[-1]} and columns {min(columns)} to "
        f"{max(columns)}"
    )
    share = max(_LEAST_PIXELS, _LEAST_SHARE * visible.size)
    damaged = len(rows) > _DEAD_ROWS and count >= share
    return f"{count:,} pixels of exact zero in {place}", damaged
