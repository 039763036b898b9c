"""Which tags of the source go into the DNG that is written."""

from fanet_tf.files import exif
from fanet_tf.files import raw_table
from fanet_tf.files import tiff
from fanet_tf.files.raw_image import RawImage

# What describes the layout of the source's pixels, its previews and digests
# of its pixels, or points into the source: written anew or left out.
_LEFT_OUT = frozenset(
    [*range(254, 260), 262, 266, 273, *range(277, 282), 284, 305]
    + [317, *range(322, 326), *range(330, 333), 338, 339, 347]
    + [*range(512, 522), *range(529, 533), 700_000]
    + [33421, 33422, 37393, 37395, 37398, 34665, 34853, 40965]
    # CFA, levels, crops, areas.
    + [50710, 50711, 50712, 50713, 50714, 50715, 50716, 50717]
    + [50829, 50830, 51041]
    # RawDataUniqueID, OriginalRawFileData and digests.
    + [50781, 50828, 50972, 50973, 51111]
    # Preview tags and ExtraCameraProfiles (offsets).
    + [*range(50966, 50972), 50933, 51112]
    # Kinds of image that are not carried: depth, enhanced, masks, JPEG XL.
    + [*range(51177, 51183), 52526, 52528, 52536, 52547, 52550]
    + [*range(52553, 52556)]
)

# What Sony's cameras say of a lens's vignetting, lateral colour and distortion
# (exiftool's names: VignettingCorrection ... DistortionCorrParams), in the
# mosaic's own table, where developers look for it.
_SONY_LENS = frozenset(range(0x7031, 0x7038))
# Tags of the mosaic's own table: scale and crops, sharpening hints, opcodes
# that follow the linearisation (2) and the demosaicing (3).
_RAW = _SONY_LENS | frozenset(
    [50718, 50719, 50720, 50733, 50737, 50738, 50780, 50739]
    + [51009, 51022, 51125]
)
# ProfileGainTableMap stands in either table.
_GAIN_MAP = 52525
# Opcodes on the counts as stored: only right while these are unchanged.
_OPCODES_ON_COUNTS = 51008

# Of a RAW file that is no DNG: what any TIFF means by these tags.
_OF_ANY_TIFF = frozenset(
    [270, 271, 272, 274, 282, 283, 296, 306, 315, 700, 18246, 18249, 33432]
    + [33723, 36867, 36868]
)


# DNGLensInfo, where 0/0 means that a number is not known.
_LENS_INFO = 50736


def _is_defined(number, tag, order):
    """Whether no rational is 0/0, which readers take for damage."""
    if number == _LENS_INFO or tag.type not in (tiff.RATIONAL, tiff.SRATIONAL):
        return True
    return all(value == value for value in tiff.values(tag, order))


def main_tags(image: RawImage) -> dict[int, tiff.Tag]:
    """Returns the tags of the source's first table that stay true."""
    if image.source is None:
        return {}
    tags = {}
    for number, tag in image.source.ifds[0].tags.items():
        if not image.is_dng and number not in _OF_ANY_TIFF:
            continue
        if number in _LEFT_OUT or number in _RAW or tag.type == tiff.IFD:
            continue
        if number == _OPCODES_ON_COUNTS:
            continue
        if _is_defined(number, tag, image.source.order):
            tags[number] = tag
    return tags


def raw_tags(image: RawImage) -> dict[int, tiff.Tag]:
    """Returns the tags of the source's mosaic that stay true."""
    if image.source is None:
        return {}
    ifd = raw_table.find(image.source)
    wanted = _RAW if image.is_dng else _SONY_LENS
    if image.is_dng and ifd is not image.source.ifds[0]:
        wanted = _RAW | {_GAIN_MAP}
    return {
        number: tag
        for number, tag in (ifd.tags if ifd else {}).items()
        if number in wanted and _is_defined(number, tag, image.source.order)
    }


def children(image: RawImage, order: str) -> dict[int, list[tiff.Ifd]]:
    """Returns the EXIF and GPS tables; a new EXIF where there was none."""
    found = {}
    if image.source is not None:
        main = image.source.ifds[0]
        for pointer in (tiff.EXIF, tiff.GPS):
            if main.children.get(pointer):
                found[pointer] = main.children[pointer][:1]
    if tiff.EXIF not in found:
        found[tiff.EXIF] = [exif.made(image, order)]
    return found
