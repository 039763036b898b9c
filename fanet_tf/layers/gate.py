"""A gate: one half of the channels multiplies the other."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="fanet_tf")
class Gate(keras.layers.Layer):
    """Simple gate: `[B, h, w, 2C]` to `[B, h, w, C]`.

        y = x[..., :C] clip(x[..., C:], -bound, bound)

    Args:
        bound: float. Positive; None is the gate of the paper, which wants
            normalised channels.

    References:
        Chen et al., https://arxiv.org/abs/2204.04676, section 3.4.
    """

    def __init__(self, bound=None, **kwargs):
        super().__init__(**kwargs)
        if bound is not None and not bound > 0:
            raise ValueError(
                f"`bound` must be positive. Received: bound={bound}"
            )
        self.bound = bound

    def build(self, input_shape):
        if input_shape[-1] % 2:
            raise ValueError(
                "A gate must have an even number of channels. Received: "
                f"full input shape {input_shape}"
            )

    def call(self, x):
        half = x.shape[-1] // 2
        gate = x[..., half:]
        if self.bound is not None:
            gate = ops.clip(gate, -self.bound, self.bound)
        return x[..., :half] * gate

    def get_config(self):
        return {**super().get_config(), "bound": self.bound}
