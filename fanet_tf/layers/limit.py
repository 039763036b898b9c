"""Keeps values within a bound."""

import keras
from keras import ops


def _limited(x, bound):
    """Clips, with the gradient as one choice.

    TensorFlow's own takes two masks, and sums what it gives the bounds. The
    values are the same.
    """

    @ops.custom_gradient
    def limited(x):
        def gradient(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            return ops.where(ops.abs(x) <= bound, upstream, 0)

        return ops.clip(x, -bound, bound), gradient

    return limited(x)


@keras.saving.register_keras_serializable(package="fanet_tf")
class Limit(keras.layers.Layer):
    """`y = min(max(x, -bound), bound)`, of any shape.

    With a bound of 1 it is RELU_N1_TO_1 in a flatbuffer, part of the operation
    before it.

    Args:
        bound: float. Positive.
    """

    def __init__(self, bound=1.0, **kwargs):
        super().__init__(**kwargs)
        if not bound > 0:
            raise ValueError(
                f"`bound` must be positive. Received: bound={bound}"
            )
        self.bound = bound

    def call(self, x, training=None):
        if training:
            return _limited(x, self.bound)
        return ops.clip(x, -self.bound, self.bound)

    def get_config(self):
        return {**super().get_config(), "bound": self.bound}
