"""A gate: one half of the channels multiplies the other."""

import keras


@keras.saving.register_keras_serializable(package="fanet_tf")
class Gate(keras.layers.Layer):
    """Simple gate: `[B, h, w, 2C]` to `[B, h, w, C]`.

        y = x[..., :C] x[..., C:]

    References:
        Chen et al., https://arxiv.org/abs/2204.04676, section 3.4.
    """

    def build(self, input_shape):
        if input_shape[-1] % 2:
            raise ValueError(
                "A gate must have an even number of channels. Received: "
                f"full input shape {input_shape}"
            )

    def call(self, x):
        half = x.shape[-1] // 2
        return x[..., :half] * x[..., half:]
