"""gain -> (a, b) -> scale, offset, member: in NumPy and as a flatbuffer.

Both compute in float32 and in the same order, so that the flatbuffer, the
manifest's test vectors and the code for apps (`selector_code`) agree exactly.
"""

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np

from fanet_tf import nsma
from fanet_tf.denoising import signal as signal_lib

# Of the test vectors: half stops of the paper's range, 1 to 64.
_TEST_GAINS = (1, 1.5, 2, 2.83, 4, 5.66, 8, 11.3, 16, 22.6, 32, 64)

# A member keeps a video until `a` is this factor beyond its subrange, so that
# neither a frame's rounding nor an exposure loop's ripple makes members
# alternate.
HYSTERESIS = 1.1

# A sensor's: below this, b / a^2 could leave float32.
_LEAST_A = 1e-7


class Status(enum.IntEnum):
    """Why there is no member; nsma_selector.h has the same numbers."""

    OK = 0
    BAD_GAIN = 1
    BAD_ISO = 2
    BAD_NOISE = 3
    NO_PROFILE = 4
    BAD_CFA = 5


_NUMBERS = ("a", "b", "scale", "offset")


def _refused(status: Status) -> dict:
    return {**dict.fromkeys(_NUMBERS, 0.0), "member": -1, "status": status}


def select(gain: float, noise: dict[str, Any], edges: Sequence[float]) -> dict:
    """Returns the selector's outputs for one gain, as Python numbers.

    Args:
        gain: clamped to `noise["gain_range"]`; must be positive and finite.
        noise: the manifest's noise law.
        edges: of the members' subranges, in `a`.

    Returns:
        `a`, `b`, `scale`, `offset`, `member` and `status`. Unless that is
        `Status.OK` the numbers are 0 and the member is -1.
    """
    f = np.float32
    with np.errstate(over="ignore"):
        gain = f(gain)
    if not 0 < gain <= np.finfo(f).max:
        return _refused(Status.BAD_GAIN)
    low, high = (f(g) for g in noise["gain_range"])
    gain = np.minimum(np.maximum(gain, low), high)
    a0, a1 = (f(c) for c in noise["a_coefficients"])
    b0, b1, b2 = (f(c) for c in noise["b_coefficients"])
    return from_noise(a1 * gain + a0, (b2 * gain + b1) * gain + b0, edges)


def at_signal(
    choice: dict,
    signal: float,
    reference: float,
    edges: Sequence[float],
    previous: int = -1,
) -> dict:
    """Returns a choice with the member of a frame of a known signal.

    Args:
        choice: of `select` and the like; one that is refused stays so.
        signal: of the frame, see `fanet_tf.denoising.signal`.
        reference: of the array; 0: the signal changes nothing.
        edges: of the members' subranges, in `a` at the reference.
        previous: see `member`.
    """
    if choice["status"] != Status.OK or not reference:
        return choice
    a, signal, reference = np.float32([choice["a"], signal, reference])
    a = nsma.at_reference(a, signal, reference)
    return {**choice, "member": member(a, edges, previous)}


def from_noise(a: float, b: float, edges: Sequence[float]) -> dict:
    """Returns the same from `a` and `b`, in float32."""
    f = np.float32
    with np.errstate(over="ignore"):
        a, b = f(a), f(b)
    if not (f(_LEAST_A) <= a <= 1 and 0 <= b <= 1):
        return _refused(Status.BAD_NOISE)
    scale = f(1.0) / a
    return {
        "a": float(a),
        "b": float(b),
        "scale": float(scale),
        "offset": float(b * scale * scale),
        "member": member(a, edges),
        "status": Status.OK,
    }


def from_iso(
    iso: float, base_iso: float, noise: dict[str, Any], edges: Sequence[float]
) -> dict:
    """Returns the same from an ISO and the ISO of gain 1."""
    f = np.float32
    with np.errstate(over="ignore", under="ignore"):
        iso, base_iso = f(iso), f(base_iso)
        most = np.finfo(f).max
        if not (0 < iso <= most and 0 < base_iso <= most):
            return _refused(Status.BAD_ISO)
        return select(iso / base_iso, noise, edges)


def from_noise_profile(
    pairs: Sequence[tuple[float, float]] | None, edges: Sequence[float]
) -> dict:
    """Returns the same from Android's SENSOR_NOISE_PROFILE, averaged."""
    if pairs is None or not 1 <= len(pairs) <= 4:
        return _refused(Status.NO_PROFILE)
    return _from_mean(pairs, edges)


def from_noise_profile_as_dng(
    pairs: Sequence[tuple[float, float]] | None,
    cfa: int,
    edges: Sequence[float],
) -> dict:
    """Returns the same as a reader of the DNG that Android writes of it.

    Android's DngCreator keeps one pair a colour: of both greens the one with
    the larger slope. Green counts twice in the mean (`files/dng_tags.py`).

    Args:
        pairs: four, in the order of the CFA.
        cfa: SENSOR_INFO_COLOR_FILTER_ARRANGEMENT: 0 RGGB, 1 GRBG, 2 GBRG,
            3 BGGR.
        edges: of the members' subranges, in `a`.
    """
    if pairs is None or len(pairs) != 4:
        return _refused(Status.NO_PROFILE)
    if not 0 <= cfa <= 3:
        return _refused(Status.BAD_CFA)
    outer, inner = (pairs[0], pairs[3]), (pairs[1], pairs[2])
    colours, greens = (outer, inner) if cfa in (0, 3) else (inner, outer)
    green = greens[1] if greens[1][0] > greens[0][0] else greens[0]
    return _from_mean((*colours, green, green), edges)


def _from_mean(pairs, edges):
    """Checks in float64, before a value could leave float32."""
    a = b = 0.0
    for pair in pairs:  # As in C; Python's own `sum` may be more exact.
        a, b = a + float(pair[0]), b + float(pair[1])
    a, b = a / len(pairs), b / len(pairs)
    if not (_LEAST_A <= a <= 1 and 0 <= b <= 1):
        return _refused(Status.BAD_NOISE)
    return from_noise(a, b, edges)


def member(
    a: float,
    edges: Sequence[float],
    previous: int = -1,
    factor: float = HYSTERESIS,
) -> int:
    """Returns the member of `a`, in float32.

    Args:
        a: shot-noise slope of the frame.
        edges: of the members' subranges.
        previous: member of the frame before in a video; -1 for none.
        factor: how far beyond its subrange that member stays.
    """
    f = np.float32
    a, factor, last = f(a), f(factor), len(edges) - 2
    if (
        0 <= previous <= last
        and (previous == 0 or a >= f(edges[previous]) / factor)
        and (previous == last or a < f(edges[previous + 1]) * factor)
    ):
        return previous
    return nsma.member_of(a, edges)


def test_vectors(noise: dict[str, Any], edges: Sequence[float]) -> list[dict]:
    """Returns `select` at a few gains of the range, for the manifest."""
    low, high = noise["gain_range"]
    gains = sorted({low, high, *(g for g in _TEST_GAINS if low < g < high)})
    fields = (*_NUMBERS, "member")
    chosen = [select(gain, noise, edges) for gain in gains]
    return [
        {"gain": float(np.float32(gain)), **{f: choice[f] for f in fields}}
        for gain, choice in zip(gains, chosen, strict=True)
    ]


def hysteresis(edges: Sequence[float]) -> dict:
    """Returns the manifest's entry: rule, factor and a video as test vectors.

    The video's `a` rises over each inner edge and falls again, in steps of 4 %.
    """
    vectors, previous = [], -1
    for edge in edges[1:-1]:
        up = [edge * 1.04**step for step in range(-4, 5)]
        for a in (*up, *reversed(up)):
            a = float(np.float32(a))
            chosen = member(a, edges, previous)
            vectors.append({"a": a, "previous": previous, "member": chosen})
            previous = chosen
    return {
        "factor": HYSTERESIS,
        "rule": "the previous frame's member i stays while edges[i] / factor "
        "<= a < edges[i + 1] * factor",
        "test_vectors": vectors,
    }


def signal(
    noise: dict[str, Any], edges: Sequence[float], reference: float
) -> dict:
    """Returns the manifest's entry of an array that is chosen by the signal.

    Its test vectors have the brightest frames, those of the reference and of a
    hundredth of it, at both ends of the gains.
    """
    vectors = []
    for gain in noise["gain_range"]:
        choice = select(gain, noise, edges)
        for frame in (nsma.MOST_SIGNAL, reference, reference / 100):
            frame = float(np.float32(frame))
            found = at_signal(choice, frame, reference, edges)["member"]
            vectors.append({"a": choice["a"], "signal": frame, "member": found})
    return {
        "reference": reference,
        "rule": "the member is that of a * reference / signal, with signal = "
        f"sqrt(mean(y^2) - a mean(y) - b), {nsma.LEAST_SIGNAL:g} to "
        f"{nsma.MOST_SIGNAL:g}, of every {signal_lib.STEP}th "
        "cell of 2 x 2 pixels down and across",
        "test_vectors": vectors,
    }


def flatbuffer(noise: dict[str, Any], edges: Sequence[float]) -> bytes:
    """Converts the selector: input `gain` [1], outputs as of `select`."""
    # Imported here, so that checking a bundle needs no TensorFlow.
    import tensorflow as tf

    from export.flatbuffer import convert

    low, high = noise["gain_range"]
    a0, a1 = noise["a_coefficients"]
    b0, b1, b2 = noise["b_coefficients"]
    inner = np.array(edges[1:-1], np.float32)
    most = np.finfo(np.float32).max

    def serve(gain):
        # Comparisons with NaN are false.
        gain_is_good = tf.logical_and(gain > 0.0, gain <= most)
        gain = tf.where(gain_is_good, gain, low)
        gain = tf.minimum(tf.maximum(gain, low), high)
        a = a1 * gain + a0
        b = (b2 * gain + b1) * gain + b0
        scale = 1.0 / a
        if inner.size:
            passed = tf.cast(a >= inner, tf.int32)
            member = tf.reduce_sum(passed, keepdims=True)
        else:
            member = tf.zeros([1], tf.int32)
        noise_is_good = tf.logical_and(
            tf.logical_and(a >= _LEAST_A, a <= 1.0),
            tf.logical_and(b >= 0.0, b <= 1.0),
        )
        is_good = tf.logical_and(gain_is_good, noise_is_good)

        def if_good(value, other):
            return tf.where(is_good, value, tf.constant([other], value.dtype))

        return {
            "a": if_good(a, 0.0),
            "b": if_good(b, 0.0),
            "scale": if_good(scale, 0.0),
            "offset": if_good(b * scale * scale, 0.0),
            "member": if_good(member, -1),
            "status": tf.where(
                gain_is_good,
                tf.where(noise_is_good, int(Status.OK), int(Status.BAD_NOISE)),
                int(Status.BAD_GAIN),
            ),
        }

    return convert.convert_function(
        serve, [tf.TensorSpec([1], tf.float32, name="gain")]
    )
