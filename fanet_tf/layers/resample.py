"""Half and double size, in operations that phones delegate."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="fanet_tf")
class BoxDownsample(keras.layers.Layer):
    """Mean of each 2 x 2 cell: `[B, h, w, C]` to `[B, h/2, w/2, C]`.

    As a fixed depth-wise convolution: an int8 AVERAGE_POOL_2D is not
    delegated by XNNPACK, a depth-wise convolution is. Its weights are
    constants and cost nothing in the paper's count.
    """

    def call(self, x):
        channels = x.shape[-1]
        kernel = np.full((2, 2, channels, 1), 0.25, "float32")
        return ops.depthwise_conv(
            x, ops.convert_to_tensor(kernel, x.dtype), strides=2
        )


@keras.saving.register_keras_serializable(package="fanet_tf")
class Upsample(keras.layers.Layer):
    """Enlarges by bilinear interpolation (half-pixel centres).

    RESIZE_BILINEAR: no weights, on every delegate, but of a fixed size, which
    LiteRT cannot change afterwards (`fanet_tf.denoising.resized` can).

    Args:
        factor: int. How much larger the output is.
    """

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        height, width = x.shape[1:3]
        return ops.image.resize(
            x,
            (self.factor * height, self.factor * width),
            interpolation="bilinear",
        )

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def depth_to_space(x):
    """Moves channels to 2 x 2 cells: `[B, h, w, 4C]` to `[B, 2h, 2w, C]`.

    The order is TensorFlow's, and on its backend its own operation is used,
    which exports as one DEPTH_TO_SPACE.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.depth_to_space(x, 2)
    height, width, channels = x.shape[1:]
    x = ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, 2 * height, 2 * width, channels // 4))


@keras.saving.register_keras_serializable(package="fanet_tf")
class DepthToSpace(keras.layers.Layer):
    """`depth_to_space` as a layer."""

    def call(self, x):
        return depth_to_space(x)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels // 4)
