"""Keeps values within a bound."""

import keras
from keras import ops


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

    def call(self, x):
        return ops.clip(x, -self.bound, self.bound)

    def get_config(self):
        return {**super().get_config(), "bound": self.bound}
