"""Feature-Align: the noisy input shapes the features of each level."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="fanet_tf")
class FeatureAlign(keras.layers.Layer):
    """Modulates features, pixel by pixel, with the input they came from.

        trunk = relu(conv(noisy))
        y = gamma(trunk) * features + beta(trunk)

    `gamma` and `beta` are point-wise convolutions with one output per feature
    channel. They start at 1 and 0 everywhere: the layers of a network multiply
    each other, and with random weights a bright pixel at low gain, 17 in the
    stabilised domain, would come out at 17 to the power of their number.

    Args:
        hidden: int. Channels of the trunk.
        kernel_size: int. Of the trunk's convolution.

    Call arguments:
        features: `[B, h, w, C]`.
        noisy: `[B, h, w, 4]` the stabilised input at this scale.

    Returns:
        `[B, h, w, C]`.

    References:
        Young et al., https://arxiv.org/abs/2103.01524, equation 2, figure 3.
        Trunk width and kernel are not in its text; they are chosen.
    """

    def __init__(self, hidden=8, kernel_size=3, **kwargs):
        super().__init__(**kwargs)
        if hidden <= 0:
            raise ValueError(
                f"`hidden` must be positive. Received: hidden={hidden}"
            )
        self.hidden = hidden
        self.kernel_size = kernel_size

    def build(self, features_shape, noisy_shape):
        channels = features_shape[-1]
        self.shared = keras.layers.Conv2D(
            self.hidden,
            self.kernel_size,
            padding="same",
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
            name="shared",
        )
        self.gamma = keras.layers.Conv2D(
            channels,
            1,
            kernel_initializer="zeros",
            bias_initializer="ones",
            dtype=self.dtype_policy,
            name="gamma",
        )
        self.beta = keras.layers.Conv2D(
            channels,
            1,
            kernel_initializer="zeros",
            dtype=self.dtype_policy,
            name="beta",
        )
        self.shared.build(noisy_shape)
        trunk_shape = (*noisy_shape[:-1], self.hidden)
        self.gamma.build(trunk_shape)
        self.beta.build(trunk_shape)

    def call(self, features, noisy):
        trunk = ops.relu(self.shared(noisy))
        return self.gamma(trunk) * features + self.beta(trunk)

    def compute_output_shape(self, features_shape, noisy_shape):
        return features_shape

    def get_config(self):
        return {
            **super().get_config(),
            "hidden": self.hidden,
            "kernel_size": self.kernel_size,
        }
