"""gain -> (a, b) -> scale, offset, member: in NumPy and as a flatbuffer.

Both compute in float32 and in the same order, so that the flatbuffer, the
manifest's test vectors and the code for apps (`selector_code`) agree exactly.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fanet_tf import nsma

# Of the test vectors: half stops of the paper's range, 1 to 64.
_TEST_GAINS = (1, 1.5, 2, 2.83, 4, 5.66, 8, 11.3, 16, 22.6, 32, 64)

# A member keeps a video until `a` is this factor beyond its subrange, so that
# neither a frame's rounding nor an exposure loop's ripple makes members
# alternate.
HYSTERESIS = 1.1


def select(gain: float, noise: dict[str, Any], edges: Sequence[float]) -> dict:
    """Returns the selector's outputs for one gain, as Python numbers.

    Args:
        gain: clamped to `noise["gain_range"]`.
        noise: the manifest's noise law.
        edges: of the members' subranges, in `a`.
    """
    f = np.float32
    low, high = (f(g) for g in noise["gain_range"])
    gain = np.minimum(np.maximum(f(gain), low), high)
    a0, a1 = (f(c) for c in noise["a_coefficients"])
    b0, b1, b2 = (f(c) for c in noise["b_coefficients"])
    a = a1 * gain + a0
    b = (b2 * gain + b1) * gain + b0
    scale = f(1.0) / a
    return {
        "gain": float(gain),
        "a": float(a),
        "b": float(b),
        "scale": float(scale),
        "offset": float(b * scale * scale),
        "member": member(a, edges),
    }


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
    return [select(gain, noise, edges) for gain in gains]


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


def flatbuffer(noise: dict[str, Any], edges: Sequence[float]) -> bytes:
    """Converts the selector: input `gain` [1], outputs as of `select`."""
    # Imported here, so that checking a bundle needs no TensorFlow.
    import tensorflow as tf

    from export.flatbuffer import convert

    low, high = noise["gain_range"]
    a0, a1 = noise["a_coefficients"]
    b0, b1, b2 = noise["b_coefficients"]
    inner = np.array(edges[1:-1], np.float32)

    def serve(gain):
        gain = tf.minimum(tf.maximum(gain, low), high)
        a = a1 * gain + a0
        b = (b2 * gain + b1) * gain + b0
        scale = 1.0 / a
        if inner.size:
            passed = tf.cast(a >= inner, tf.int32)
            member = tf.reduce_sum(passed, keepdims=True)
        else:
            member = tf.zeros([1], tf.int32)
        return {
            "a": a,
            "b": b,
            "scale": scale,
            "offset": b * scale * scale,
            "member": member,
        }

    return convert.convert_function(
        serve, [tf.TensorSpec([1], tf.float32, name="gain")]
    )
