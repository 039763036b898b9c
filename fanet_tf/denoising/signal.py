"""How bright a frame is, for the choice of its member (`nsma.at_reference`).

    signal = sqrt(mean(y^2) - a mean(y) - b), within limits

over every eighth cell of 2 x 2 pixels down and across, 0 = black, 1 = white, as
the frame was before a shading correction: a 64th of the frame, some 200,000
pixels of a phone's. `nsma_denoise.h` and `NsmaDenoiser.kt` measure the same.
"""

import numpy as np

from fanet_tf import nsma
from fanet_tf.denoising.frame import Frame

STEP = 8  # Cells from a measured one to the next.


def measure(frame: Frame, a: float, b: float) -> float:
    """Returns the signal of a frame, see `nsma.signal`.

    A frame that is less than a cell high or wide has the most.

    Args:
        frame: its defective pixels corrected.
        a: of its noise.
        b: likewise.
    """
    height, width = (side // 2 * 2 for side in frame.mosaic.shape)
    if not height or not width:
        return nsma.MOST_SIGNAL
    total = square = count = 0.0
    for index, (row, column) in enumerate(frame.places):
        rows = np.arange(row, height, 2 * STEP)
        columns = np.arange(column, width, 2 * STEP)
        counts = frame.mosaic[:height, :width][
            row :: 2 * STEP, column :: 2 * STEP
        ]
        black, span = frame.black[index], frame.span[index]
        if frame.offsets is not None:
            offsets = frame.offsets.at(rows, columns)
            black, span = black + offsets, span - offsets
        y = (np.asarray(counts, np.float64) - black) / span
        if frame.shading is not None:
            y /= frame.shading.grid(index, rows, columns, frame.mosaic.shape)
        total, square = total + y.sum(), square + np.square(y).sum()
        count += y.size
    return float(nsma.signal(total / count, square / count, a, b))


def of_packed(packed: np.ndarray, a: float, b: float) -> float:
    """Returns that of `[h, w, 4]`, as `measure` has it of its mosaic."""
    y = np.asarray(packed[::STEP, ::STEP], np.float64)
    return float(nsma.signal(y.mean(), np.square(y).mean(), a, b))
