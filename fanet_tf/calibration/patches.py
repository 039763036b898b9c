"""Where a frame is flat: a ColorChecker, four corners, or any quiet area.

A patch is `(top, left, height, width)` in packed pixels. Which of them the
fit can use is `samples`' to decide.
"""

import cv2
import numpy as np

from fanet_tf.errors import InputError

# Side of the frame that the detector sees, in pixels; it misses charts whose
# patches are small, and slows down on large ones. Tried in this order.
_DETECTOR_SIDES = (1700, 1100, 2400)
# A patch of the grid is used within this fraction of its pitch: the chart's
# black frame and a slight tilt stay out.
_INNER = 0.5
# Side of the windows that a frame is searched with where it has no chart.
_WINDOW = 32
_PER_LEVEL = 10
_LEVELS = 16


def _preview(packed, percentile):
    """Renders `[h, w, 4]`, 0..1, to 8-bit BGR for the detector."""
    bgr = np.stack(
        [
            packed[..., 3],
            (packed[..., 1] + packed[..., 2]) / 2.0,
            packed[..., 0],
        ],
        axis=-1,
    )
    # The noise of a high gain hides the edges; a chart stays one.
    bgr = cv2.blur(bgr.astype(np.float32), (3, 3))
    white = np.maximum(np.percentile(bgr, percentile, axis=(0, 1)), 1e-6)
    bgr = np.clip(bgr / white, 0.0, 1.0) ** (1.0 / 2.2)
    return (255.0 * bgr).astype(np.uint8)


def _detect(picture):
    """Returns the corners of the 24 patches, `[24, 4, 2]` (x, y), or None."""
    detector = cv2.mcc.CCheckerDetector_create()
    if not detector.process(picture, 1):
        return None
    best = detector.getBestColorChecker()
    return np.reshape(best.getColorCharts(), (24, 4, 2))


def _inscribed(quad, height, width, grow=1.0):
    """Returns the upright rectangle inside a quadrilateral, or None."""
    x, y = np.sort(quad[:, 0]), np.sort(quad[:, 1])
    left, right, top, bottom = x[1], x[2], y[1], y[2]
    half_w, half_h = grow * (right - left) / 2.0, grow * (bottom - top) / 2.0
    center_x, center_y = (left + right) / 2.0, (top + bottom) / 2.0
    top = max(int(np.ceil(center_y - half_h)), 0)
    left = max(int(np.ceil(center_x - half_w)), 0)
    bottom = min(int(center_y + half_h), height)
    right = min(int(center_x + half_w), width)
    if bottom - top < 2 or right - left < 2:
        return None
    return (top, left, bottom - top, right - left)


def find_chart(packed):
    """Finds a 24-patch ColorChecker.

    Args:
        packed: `[h, w, 4]`, 0 = black, 1 = white.

    Returns:
        List of patches, or None where no chart is seen (or where this OpenCV
        has no detector: version 5 has, 4 has not).
    """
    if not hasattr(cv2, "mcc"):
        return None
    height, width = packed.shape[:2]
    for percentile in (99.5, 90.0):
        preview = _preview(packed, percentile)
        for side in _DETECTOR_SIDES:
            scale = side / max(height, width)
            picture = cv2.resize(
                preview, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC
            )
            quads = _detect(picture)
            if quads is None:
                continue
            # The detector's own patches are half as wide as the real ones.
            found = [
                _inscribed(quad / scale, height, width, grow=1.3)
                for quad in quads
            ]
            return [patch for patch in found if patch is not None]
    return None


def from_corners(corners, shape, rows: int = 4, columns: int = 6):
    """Returns the patches of a chart whose corners are known.

    Args:
        corners: four `(x, y)` in sensor pixels: the outer corners of the
            patches at the chart's upper left, upper right, lower right and
            lower left.
        shape: `(h, w)` of the packed frame.
        rows: of the chart.
        columns: of the chart.
    """
    height, width = shape
    corners = np.asarray(corners, np.float32) / 2.0  # Sensor to packed.
    if corners.shape != (4, 2):
        raise InputError(
            f"Corners must be four points x,y. Received: {corners.size} numbers"
        )
    limits = np.array([width, height])
    if np.any(corners < 0) or np.any(corners > limits):
        raise InputError(
            "Corners must lie in the frame. Received: "
            f"{(2 * corners).tolist()} in {2 * width} x {2 * height} pixels"
        )
    grid = np.array(
        [[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32
    )
    homography = cv2.getPerspectiveTransform(grid, corners)
    half = _INNER / 2.0
    cell = np.array(
        [[-half, -half], [half, -half], [half, half], [-half, half]]
    )
    found = []
    for row in range(rows):
        for column in range(columns):
            quad = cell + (column + 0.5, row + 0.5)
            quad = cv2.perspectiveTransform(
                quad[None].astype(np.float32), homography
            )[0]
            patch = _inscribed(quad, height, width)
            if patch is not None:
                found.append(patch)
    return found


def find_flat(packed):
    """Finds quiet windows of every brightness.

    Windows are judged by the means of 4 x 4 blocks, where noise is small
    beside structure, so that the choice hardly favours quiet noise.

    Args:
        packed: `[h, w, 4]`, 0 = black, 1 = white.

    Returns:
        List of patches, at most `_LEVELS * _PER_LEVEL`.
    """
    height, width = (n // _WINDOW for n in packed.shape[:2])
    if height * width == 0:
        return []
    green = packed[: height * _WINDOW, : width * _WINDOW, 1:3].mean(axis=-1)
    blocks = _WINDOW // 4
    means = green.reshape(height, blocks, 4, width, blocks, 4).mean(axis=(2, 5))
    means = np.moveaxis(means, 1, 2).reshape(height * width, -1)
    level, structure = means.mean(axis=1), means.std(axis=1)
    relative = structure / np.sqrt(np.maximum(level, 1e-4))
    edges = np.quantile(level, np.linspace(0, 1, _LEVELS + 1)[1:-1])
    group = np.searchsorted(edges, level)
    found = []
    for index in range(_LEVELS):
        here = np.flatnonzero(group == index)
        for window in here[np.argsort(relative[here])[:_PER_LEVEL]]:
            row, column = divmod(int(window), width)
            found.append((row * _WINDOW, column * _WINDOW, _WINDOW, _WINDOW))
    return found
