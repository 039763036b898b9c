"""Haar wavelet transform of one level, and its inverse."""

import keras
import numpy as np
from keras import ops

from fanet_tf.layers.resample import depth_to_space

# Rows: the four samples of a 2 x 2 cell in reading order. Columns: LL, LH
# (columns differ), HL (rows differ), HH. Orthonormal, so its inverse is its
# transpose, and symmetric, so it is its own.
_HAAR = 0.5 * np.array(
    [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], "float32"
)


@keras.saving.register_keras_serializable(package="fanet_tf")
class HaarDWT(keras.layers.Layer):
    """Splits into four half-size bands: `[B, h, w, C]` to `[B, h/2, w/2, 4C]`.

        [LL, LH, HL, HH] = 1/2 [[1 1 1 1], [1 -1 1 -1], ...] [p00 p01 p10 p11]

    The four bands of a channel are neighbours, `y[..., 4 c + band]`. A fixed
    strided depth-wise convolution, so it is delegated and costs nothing in the
    paper's count.
    """

    def call(self, x):
        channels = x.shape[-1]
        kernel = np.tile(_HAAR.reshape(2, 2, 1, 4), (1, 1, channels, 1))
        return ops.depthwise_conv(
            x, ops.convert_to_tensor(kernel, x.dtype), strides=2
        )


@keras.saving.register_keras_serializable(package="fanet_tf")
class HaarIDWT(keras.layers.Layer):
    """Inverse of `HaarDWT`: `[B, h, w, 4C]` to `[B, 2h, 2w, C]`."""

    def build(self, input_shape):
        channels = input_shape[-1] // 4
        if input_shape[-1] % 4:
            raise ValueError(
                "The four bands must have equal channels. Received: "
                f"full input shape {input_shape}"
            )
        self._kernel = np.einsum(
            "bp,cd->cbpd", _HAAR, np.eye(channels, dtype="float32")
        ).reshape(1, 1, 4 * channels, 4 * channels)

    def call(self, x):
        kernel = ops.convert_to_tensor(self._kernel, x.dtype)
        return depth_to_space(ops.conv(x, kernel))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels // 4)
