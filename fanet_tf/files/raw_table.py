"""Which table of a TIFF structure holds the mosaic.

A DNG may hold several: previews of it, an enhanced copy, further exposures.
NewSubfileType says which one is the picture, and of those the largest counts.
LibRaw does not ask: it takes the table of the most bits, so that a preview of
the same size may win (`is_plain_choice`).
"""

from typing import NamedTuple

from fanet_tf.files import tiff

_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 256, 257, 258, 262
_CFA = 32803
# NewSubfileType of the picture itself; 1 is a preview, 16 an enhanced copy.
_PICTURE = 0


class Choice(NamedTuple):
    """The table that was chosen.

    Attributes:
        ifd: the table, or None where no table holds a mosaic.
        others: mosaics of the same kind and size, of which it is the first.
        is_plain_choice: whether LibRaw takes the same table by itself.
        is_reduced: whether the picture proper is no mosaic, and this is only
            a smaller copy beside it.
    """

    ifd: tiff.Ifd | None
    others: int
    is_plain_choice: bool
    is_reduced: bool


def _number(ifd, tag, order, default=0):
    found = ifd.tags.get(tag)
    if found is None or found.type in (tiff.ASCII, tiff.UNDEFINED):
        return default
    numbers = tiff.values(found, order)
    return numbers[0] if numbers and numbers[0] == numbers[0] else default


def _tables(source):
    return [
        table
        for ifd in source.ifds
        for table in (ifd, *ifd.children.get(tiff.SUB_IFDS, []))
    ]


def _area(ifd, order):
    width = _number(ifd, _WIDTH, order)
    return width * _number(ifd, _HEIGHT, order)


def _is_picture(ifd, order):
    return _number(ifd, _SUBFILE_TYPE, order) == _PICTURE


def largest(source: tiff.Tiff) -> tiff.Ifd:
    """Returns the table of the picture proper, a mosaic or not."""
    order = source.order
    return max(
        _tables(source),
        key=lambda ifd: (_is_picture(ifd, order), _area(ifd, order)),
    )


def choose(source: tiff.Tiff) -> Choice:
    """Chooses the mosaic among the tables of a file."""
    order = source.order

    def area(ifd):
        return _area(ifd, order)

    def is_picture(ifd):
        return _is_picture(ifd, order)

    tables = _tables(source)
    mosaics = [t for t in tables if _number(t, _PHOTOMETRIC, order) == _CFA]
    if not mosaics:
        return Choice(None, 0, True, False)
    # `max` takes the first of equal ones.
    chosen = max(mosaics, key=lambda ifd: (is_picture(ifd), area(ifd)))
    others = [
        ifd
        for ifd in mosaics
        if ifd is not chosen
        and is_picture(ifd) == is_picture(chosen)
        and area(ifd) == area(chosen)
    ]

    def bits(ifd):
        return area(ifd) * _number(ifd, _BITS, order, 1)

    rivals = [ifd for ifd in tables if ifd is not chosen]
    plain = is_picture(chosen) and not any(
        bits(ifd) >= bits(chosen) or (ifd in mosaics and is_picture(ifd))
        for ifd in rivals
    )
    reduced = not is_picture(chosen) and any(
        is_picture(ifd) and area(ifd) > area(chosen) for ifd in rivals
    )
    return Choice(chosen, len(others), plain, reduced)


def find(source: tiff.Tiff) -> tiff.Ifd | None:
    """Returns the table of the mosaic, or None."""
    return choose(source).ifd
