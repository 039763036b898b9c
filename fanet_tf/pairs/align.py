"""One translation between two frames of a scene, to a fraction of a pixel.

Shi-Tomasi features of the clean frame are followed into the noisy one by
pyramidal Lucas-Kanade flow, there and back again; what does not come back to
its start is left out, the rest is averaged robustly.

References: Shi and Tomasi 1994; Lucas and Kanade 1981; Bouguet 2001.
"""

import dataclasses

import cv2
import numpy as np

from fanet_tf.errors import InputError

MIN_FEATURES = 20
MIN_FOLLOWED = 0.3  # Share of them that is found in the other frame.
MIN_AGREEING = 0.7  # Share of them near the common translation.
MAX_TURN = 0.5  # Packed pixels between a corner's motion and the mean.
MAX_SHIFT = 64.0  # Sensor pixels; a tripod that moved more was knocked.

_FEATURES = 1000
_WINDOW = (31, 31)
_LEVELS = 4
_BLUR = 1.5  # Packed pixels; both guides alike, so it moves nothing.


class RefusedError(InputError):
    """A pair of captures cannot be used; the message says why."""


@dataclasses.dataclass(frozen=True)
class Shift:
    """How the scene moved from the clean frame to the noisy one.

    Attributes:
        rows: sensor pixels downwards.
        columns: sensor pixels to the right.
        features: how many were followed.
        agreeing: share of them that agree.
        error: standard error of the mean, sensor pixels.
    """

    rows: float
    columns: float
    features: int
    agreeing: float
    error: float


def guides(noisy, clean):
    """Returns both frames as 8-bit grey images on one scale.

    The mean of the four planes, its square root (so that noise is alike in
    shadows and lights), a little blur, stretched to the clean frame's range.

    Args:
        noisy: `[h, w, 4]`.
        clean: `[h, w, 4]`, of about the same brightness.
    """

    def grey(packed):
        # Negative noise at black would bias the root; it is clipped in both.
        mean = np.sqrt(np.maximum(packed.mean(axis=-1), 0.0))
        return cv2.GaussianBlur(mean.astype(np.float32), (0, 0), _BLUR)

    noisy, clean = grey(noisy), grey(clean)
    low, high = np.percentile(clean, (0.5, 99.5))
    scale = 255.0 / max(float(high - low), 1e-6)
    return tuple(
        np.clip(np.rint((image - low) * scale), 0, 255).astype(np.uint8)
        for image in (noisy, clean)
    )


def _features(clean_guide):
    points = cv2.goodFeaturesToTrack(
        clean_guide,
        maxCorners=_FEATURES,
        qualityLevel=0.01,
        minDistance=7,
        blockSize=5,
    )
    if points is None:
        return np.empty((0, 1, 2), np.float32)
    height, width = clean_guide.shape
    edge = _WINDOW[0] // 2
    x, y = points[:, 0, 0], points[:, 0, 1]
    inside = (
        (x >= edge) & (x < width - edge) & (y >= edge) & (y < height - edge)
    )
    return points[inside]


def _follow(source, target, points, guess):
    """Follows points by pyramidal Lucas-Kanade; returns places and status."""
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        source,
        target,
        points,
        guess.copy(),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=(
            cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT,
            50,
            0.001,
        ),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return moved, status[:, 0] == 1


def _flows(noisy_guide, clean_guide, points):
    """Returns features `[n, 2]` and flows `[n, 2]` that came back to them."""
    there, found = _follow(clean_guide, noisy_guide, points, points)
    back, returned = _follow(noisy_guide, clean_guide, there, there)
    distance = np.linalg.norm((back - points)[:, 0], axis=-1)
    good = found & returned & (distance < 1.0)
    return points[good, 0], (there - points)[good, 0]


def _agreeing(flows):
    """Returns which flows lie near their median."""
    median = np.median(flows, axis=0)
    distance = np.linalg.norm(flows - median, axis=-1)
    # 1.4826: the deviation of a Gaussian from its median deviation. Half a
    # pixel at least, or a perfect pair would throw out good features.
    limit = max(3.0 * 1.4826 * float(np.median(distance)), 0.5)
    return distance <= min(limit, 2.0)


def _turn(points, flows, shape) -> float:
    """Returns how far an affine motion takes a corner from the mean flow."""
    height, width = shape
    centre = np.array([width, height]) / 2.0
    ones = np.ones((len(points), 1))
    design = np.concatenate([points - centre, ones], axis=1)
    solution, *_ = np.linalg.lstsq(design, flows, rcond=None)
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * centre
    return float(np.linalg.norm(corners @ solution[:2], axis=-1).max())


def estimate(noisy, clean) -> Shift:
    """Returns the translation from `clean` to `noisy`.

    Args:
        noisy: `[h, w, 4]` packed RAW.
        clean: `[h, w, 4]`, of about the same brightness.

    Raises:
        RefusedError: too few features, or flows that disagree.
    """
    noisy_guide, clean_guide = guides(noisy, clean)
    points = _features(clean_guide)
    if len(points) < MIN_FEATURES:
        raise RefusedError(
            f"features are too few to align: at least {MIN_FEATURES} must be "
            f"found. Received: {len(points)}"
        )
    places, flows = _flows(noisy_guide, clean_guide, points)
    if len(flows) < max(MIN_FEATURES, MIN_FOLLOWED * len(points)):
        raise RefusedError(
            f"flows disagree: {MIN_FOLLOWED:.0%} of the features, at least "
            f"{MIN_FEATURES}, must come back to their place when followed "
            f"there and back. Received: {len(flows)} of {len(points)}"
        )
    agreeing = _agreeing(flows)
    share = float(agreeing.mean())
    if share < MIN_AGREEING:
        raise RefusedError(
            f"flows disagree: {MIN_AGREEING:.0%} of the features must move "
            f"alike (nothing in the scene may move). Received: {share:.0%}"
        )
    turn = _turn(places[agreeing], flows[agreeing], noisy_guide.shape)
    deviation = flows[agreeing].std(axis=0).max()
    error = deviation / np.sqrt(agreeing.sum())
    # Noise alone tilts the fitted motion, by about four times its error.
    if turn > MAX_TURN + 8.0 * error:
        raise RefusedError(
            "flows disagree: the camera turned or zoomed between the frames; "
            f"a corner may move {MAX_TURN} packed pixels from the mean. "
            f"Received: {turn:.2f}"
        )
    columns, rows = 2.0 * flows[agreeing].mean(axis=0)  # Sensor pixels.
    if max(abs(rows), abs(columns)) > MAX_SHIFT:
        raise RefusedError(
            f"the frames must lie within {MAX_SHIFT:g} sensor pixels. "
            f"Received: {rows:.1f} down, {columns:.1f} to the right"
        )
    return Shift(
        float(rows), float(columns), len(flows), share, 2.0 * float(error)
    )


def apply(packed, rows: float, columns: float):
    """Moves a frame by sensor pixels, keeping the phase of the CFA.

    Each plane is moved by half as many packed pixels, so red stays red. A
    shift within 0.05 sensor pixels of an even number is a copy of samples;
    others interpolate each plane (Lanczos, 8 x 8): meant for the clean frame,
    whose noise is small, never for the noisy one.

    Args:
        packed: `[h, w, 4]`.
        rows: sensor pixels downwards.
        columns: sensor pixels to the right.

    Returns:
        The moved frame `[h, w, 4]`, and `[h, w]` bool: where it has a picture.
    """
    height, width = packed.shape[:2]
    rows, columns = (
        round(v / 2.0) if abs(v - 2.0 * round(v / 2.0)) <= 0.05 else v / 2.0
        for v in (rows, columns)
    )
    whole = float(rows).is_integer() and float(columns).is_integer()
    matrix = np.float64([[1, 0, columns], [0, 1, rows]])
    moved = cv2.warpAffine(
        np.ascontiguousarray(packed, np.float32),
        matrix,
        (width, height),
        flags=cv2.INTER_NEAREST if whole else cv2.INTER_LANCZOS4,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    reach = 0 if whole else 4  # Half of the Lanczos kernel.
    y = np.arange(height) - rows
    x = np.arange(width) - columns
    inside = ((y >= reach) & (y <= height - 1 - reach))[:, None] & (
        (x >= reach) & (x <= width - 1 - reach)
    )
    return moved, inside
