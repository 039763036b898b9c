"""EXIF: what is known of a shot, for every kind of file that is written.

Reference: EXIF 2.32 (CIPA DC-008).
"""

import io

from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer
from fanet_tf.files.raw_image import RawImage

_DATE = 306
# What a developed picture keeps: when, with which camera and lens, and how it
# was exposed. Not where: a picture is given away more easily than a RAW file.
_MAIN = (270, 271, 272, _DATE, 315, 33432)
_EXIF = frozenset(
    [33434, 33437, 34850, 34855, 34864, 34865, 34866, 36867, 36868]
    + [*range(36880, 36883), *range(37377, 37388), *range(37520, 37523)]
    + [41986, 41987, 41989, 41990, *range(42033, 42038)]
)


def made(image: RawImage, order: str) -> tiff.Ifd:
    """Returns a new EXIF table of what the decoder tells of the shot."""

    def tag(type_, value):
        return tiff.make(type_, value, order)

    tags = {36864: tag(tiff.UNDEFINED, b"0231")}
    if image.iso:
        tags[34855] = tag(tiff.SHORT, min(round(image.iso), 65535))
    shot = image.shot
    for number, value in (
        (33434, shot.seconds),
        (33437, shot.f_number),
        (37386, shot.focal_mm),
    ):
        if value > 0:
            tags[number] = tag(tiff.RATIONAL, value)
    if shot.time:
        tags[36867] = tags[36868] = tag(tiff.ASCII, shot.time)
    return tiff.Ifd(tags)


def _of_source(image: RawImage):
    """Returns the main and EXIF tags of the source that a picture keeps."""
    if image.source is None:
        return {}, {}
    main = image.source.ifds[0]
    tables = main.children.get(tiff.EXIF) or [tiff.Ifd()]
    # Some cameras put the exposure into the main table.
    exif = {**main.tags, **tables[0].tags}
    return (
        {
            n: t._replace(offset=None)
            for n, t in main.tags.items()
            if n in _MAIN
        },
        {n: t._replace(offset=None) for n, t in exif.items() if n in _EXIF},
    )


def table(image: RawImage) -> tiff.Ifd:
    """Returns a main table with an EXIF table for a developed picture.

    The picture is upright; so is its Orientation.
    """
    order = image.source.order if image.source else "<"
    main, exif = _of_source(image)
    exif = {**made(image, order).tags, **exif}
    for number, name in ((271, image.make), (272, image.model)):
        if name:
            main.setdefault(number, tiff.make(tiff.ASCII, name, order))
    if image.shot.time:
        main.setdefault(_DATE, tiff.make(tiff.ASCII, image.shot.time, order))
    main[274] = tiff.make(tiff.SHORT, 1, order)
    return tiff.Ifd(main, {tiff.EXIF: [tiff.Ifd(exif)]})


def block(image: RawImage) -> bytes:
    """Returns the EXIF of a developed picture as a TIFF structure."""
    stream = io.BytesIO()
    order = image.source.order if image.source else "<"
    tiff_writer.write(stream, table(image), order)
    return stream.getvalue()
