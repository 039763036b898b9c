"""The mean of what a network makes of the flips of its input.

What a network gets wrong differs between a mosaic and its flips, so their mean
is nearer to the truth: eight of them are worth 0.15 to 0.2 dB, at eight times
the cost. A phone cannot afford that; a teacher can.
"""

from keras import ops

from fanet_tf.raw import flips

COUNTS = (1, 2, 4, 8)


def flip_mean(member, inputs, count):
    """Returns the mean output over flips that keep the CFA, `[B, h, w, 4]`.

    A flip costs the outermost row or column, so the outermost packed pixels
    are those of the plain output.

    Args:
        member: member graph; the size of its input may be fixed.
        inputs: `noisy` `[B, h, w, 4]`, RGGB, `scale` and `offset`; h must be w
            where there are 8.
        count: 1: as it is; 2: left and right; 4: and up and down; 8: and
            transposed.
    """
    plain = member(inputs, training=False)
    if count == 1:
        return plain
    inner = plain[:, 1:-1, 1:-1]
    for number in range(1, count):
        kinds = [number & bit for bit in (1, 2, 4)]
        noisy = _apply(inputs["noisy"], *kinds)
        height, width = noisy.shape[1:3]
        output = member(
            {**inputs, "noisy": _refill(noisy, inputs["noisy"].shape)},
            training=False,
        )
        inner = inner + _undo(output[:, :height, :width], *kinds)
    columns = [plain[:, 1:-1, :1], inner / count, plain[:, 1:-1, -1:]]
    rows = [plain[:, :1], ops.concatenate(columns, axis=2), plain[:, -1:]]
    return ops.concatenate(rows, axis=1)


def _apply(packed, columns, rows, swap):
    if swap:
        packed = flips.transpose(packed, ops)
    if rows:
        packed = flips.flip_rows(packed, ops)
    return flips.flip_columns(packed, ops) if columns else packed


def _undo(packed, columns, rows, swap):
    """Inverse of `_apply`, without the outermost pixels."""
    packed = flips.flip_columns(packed, ops) if columns else packed[:, :, 1:-1]
    packed = flips.flip_rows(packed, ops) if rows else packed[:, 1:-1]
    return flips.transpose(packed, ops) if swap else packed


def _refill(packed, shape):
    """Mirrors about the last cell until the sizes are those of `shape`."""
    spare = [(0, shape[axis] - packed.shape[axis]) for axis in (1, 2)]
    return ops.pad(packed, [(0, 0), *spare, (0, 0)], mode="reflect")
