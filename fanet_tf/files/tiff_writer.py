"""Writes an `Ifd` with its children and pixels as a TIFF file.

Maker notes often hold offsets that count from the beginning of the file, so
they are put back where they stood in the source, and the rest is laid out
around them.
"""

import struct
import warnings

from fanet_tf.files import tiff

# A hole in front of maker notes that stood far back is not worth more.
_MAX_HOLE_BYTES = 4 << 20


class _Layout:
    """Gives out places in the file, in order, around one reserved span."""

    def __init__(self, reserved=None):
        self.reserved = reserved  # (start, stop) or None
        self.low = 8  # Next free byte before the reserved span.
        self.high = reserved[1] + reserved[1] % 2 if reserved else None

    def place(self, size):
        if self.reserved and self.low + size > self.reserved[0]:
            offset, self.high = self.high, self.high + size + size % 2
        else:
            offset, self.low = self.low, self.low + size + size % 2
        return offset


def _walk(ifd):
    yield ifd
    for children in ifd.children.values():
        for child in children:
            yield from _walk(child)


def _maker_note(ifds):
    for ifd in ifds:
        tag = ifd.tags.get(tiff.MAKER_NOTE)
        if tag is not None and tag.offset is not None:
            return tag
    return None


def _table_size(ifd):
    return 2 + 12 * (len(ifd.tags) + len(ifd.children)) + 4


def _moved(note):
    warnings.warn(
        f"its maker notes stood at byte {note.offset:,} and cannot stay there; "
        "programs may read nonsense where they hold offsets",
        stacklevel=5,
    )
    return _Layout(), None


def _plan(ifds):
    """Returns the layout and the pinned maker note, if it can stay."""
    note = _maker_note(ifds)
    if note is None:
        return _Layout(), None
    small = sum(
        _table_size(ifd) + sum(len(t.data) + 1 for t in ifd.tags.values())
        for ifd in ifds
    )
    pixels = sum(memoryview(p).nbytes for ifd in ifds for p in ifd.pixels)
    start = note.offset
    if start < 8 + _table_size(ifds[0]):
        return _moved(note)
    # Before the note stand either the small things or everything.
    hole = start - small if start < pixels else start - small - pixels
    if hole > _MAX_HOLE_BYTES:
        return _moved(note)
    return _Layout((start, start + len(note.data))), note


def write(stream, root: tiff.Ifd, order: str) -> None:
    """Writes `root` as the only main table of a TIFF file.

    Args:
        stream: binary, seekable, empty.
        root: the main table; `pixels` of it and its children become strips,
            stored one after the other without gaps (LibRaw wants that).
            `StripOffsets` and `StripByteCounts` are filled in here.
        order: `"<"` or `">"`, that of every tag's data.
    """
    ifds = list(_walk(root))
    for ifd in ifds:
        if ifd.pixels:  # The final values are known once all is laid out.
            ifd.tags[tiff.STRIP_OFFSETS] = ifd.tags[tiff.STRIP_BYTE_COUNTS] = (
                tiff.make(tiff.LONG, [0] * len(ifd.pixels), order)
            )
    layout, note = _plan(ifds)
    table_at = {id(ifd): layout.place(_table_size(ifd)) for ifd in ifds}
    chunks = []  # (offset, buffer)
    for ifd in ifds:
        if ifd.pixels:
            sizes = [memoryview(p).nbytes for p in ifd.pixels]
            offsets = [layout.place(sum(sizes))]
            for size in sizes[:-1]:
                offsets.append(offsets[-1] + size)
            chunks += zip(offsets, ifd.pixels, strict=True)
            ifd.tags[tiff.STRIP_OFFSETS] = tiff.make(tiff.LONG, offsets, order)
            ifd.tags[tiff.STRIP_BYTE_COUNTS] = tiff.make(
                tiff.LONG, sizes, order
            )
    for ifd in ifds:
        tags = dict(ifd.tags)
        for pointer, children in ifd.children.items():
            offsets = [table_at[id(child)] for child in children]
            tags[pointer] = tiff.make(tiff.LONG, offsets, order)
        table = struct.pack(order + "H", len(tags))
        for number, tag in sorted(tags.items()):
            if len(tag.data) <= 4:
                value = tag.data.ljust(4, b"\0")
            else:
                offset = tag.offset if tag is note else None
                if offset is None:
                    offset = layout.place(len(tag.data))
                chunks.append((offset, tag.data))
                value = struct.pack(order + "I", offset)
            table += struct.pack(order + "HHI", number, tag.type, tag.count)
            table += value
        chunks.append((table_at[id(ifd)], table + struct.pack(order + "I", 0)))
    magic = b"II*\0" if order == "<" else b"MM\0*"
    stream.write(magic + struct.pack(order + "I", table_at[id(root)]))
    position = 8
    for offset, data in sorted(chunks, key=lambda chunk: chunk[0]):
        stream.write(b"\0" * (offset - position))
        stream.write(data)
        position = offset + memoryview(data).nbytes
