"""How long a training step of a group convolution takes, form by form.

The block-diagonal form that `GroupConv2D` trains in against Keras's own
`Conv2D(groups=...)`, with the same weights: forward, backward and a step of
gradient descent, in graph mode without XLA, in turn.

Example:

    python benchmarks/group_conv.py
"""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from absl import app
from absl import flags

from fanet_tf import layers

_CHANNELS = flags.DEFINE_integer("channels", 32, "In and out.", lower_bound=4)
_GROUP_WIDTH = flags.DEFINE_integer("group_width", 4, "Channels a group.")
_BATCH = flags.DEFINE_integer("batch", 16, "Images.", lower_bound=1)
_SIZE = flags.DEFINE_integer("size", 64, "Packed pixels, a side.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Steps timed.", lower_bound=3)

# The block-diagonal form must be at least so much faster.
TARGET = 10
# Largest difference of the outputs, of their range.
AGREEMENT = 1e-5


def _step(layer, x, target):
    @tf.function(jit_compile=False)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(layer(x) - target))
        gradients = tape.gradient(loss, layer.trainable_variables)
        for variable, gradient in zip(
            layer.trainable_variables, gradients, strict=True
        ):
            # A rate of 0: every step is of the same weights.
            variable.assign(variable - 0.0 * gradient)
        return loss

    return step


def main(argv):
    """Prints medians and their ratio; exit code 1 below the target."""
    del argv
    channels, groups = _CHANNELS.value, _CHANNELS.value // _GROUP_WIDTH.value
    shape = (_BATCH.value, _SIZE.value, _SIZE.value, channels)
    x = tf.random.stateless_normal(shape, [0, 1])
    target = tf.random.stateless_normal(shape, [0, 2])
    ours = layers.GroupConv2D(channels, _GROUP_WIDTH.value, form="masked")
    theirs = keras.layers.Conv2D(channels, 3, padding="same", groups=groups)
    ours.build(shape)
    theirs.build(shape)
    theirs.set_weights(ours.get_weights())
    expected, got = np.asarray(theirs(x)), np.asarray(ours(x))
    difference = np.abs(got - expected).max() / np.ptp(expected)
    print(f"outputs differ by {difference:.1e} of their range")

    steps = {
        "Conv2D(groups)": _step(theirs, x, target),
        "block-diagonal": _step(ours, x, target),
    }
    times = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(_ROUNDS.value):
        for name, step in steps.items():
            start = time.perf_counter()
            step().numpy()
            times[name].append(1e3 * (time.perf_counter() - start))
    for name, own in times.items():
        print(f"{name:16} {statistics.median(own):9.1f} ms a training step")
    slow, fast = times.values()
    ratio = statistics.median(a / b for a, b in zip(slow, fast, strict=True))
    print(f"block-diagonal is {ratio:.1f} times faster, target {TARGET}")
    return 0 if ratio >= TARGET and difference <= AGREEMENT else 1


if __name__ == "__main__":
    app.run(main)
