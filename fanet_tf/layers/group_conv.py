"""Group convolution that trains fast and exports as one operation."""

import keras
import numpy as np
from keras import ops

FORMS = ("masked", "native", "dense")

# Channels that are convolved densely at a time: one AVX-512 register. A 64-
# channel layer in blocks of 16 trains 2.4 times faster than in one block of 64
# (forward and backward, 16 x 32 x 32, 2 cores; benchmarks/group_conv.py).
_BLOCK = 16


@keras.saving.register_keras_serializable(package="fanet_tf")
class GroupConv2D(keras.layers.Layer):
    """Convolution whose filters each see one group of the input channels.

        y[..., f] = sum_{i, c} kernel[i, c, f] x[... + i, g(f) channels c] + bias[f]

    The layer owns the grouped kernel; `form` says how it is computed, and all
    forms give the same output:

    * `"masked"`: as dense convolutions of 16 channels with block-diagonal
      kernels, made of the grouped one at each step. The gradient of a native
      grouped convolution is tens of times slower on a CPU; this one trains.
    * `"native"`: as one grouped convolution; what a flatbuffer should hold.
    * `"dense"`: owns the block-diagonal kernel itself, for export to targets
      that know no groups. Not for training: nothing keeps its zeros.

    Args:
        filters: int. Channels of the output.
        group_width: int. Input channels per group; divides the input channels,
            and the groups divide `filters`.
        kernel_size: int. Height and width of the kernel.
        form: one of `FORMS`.

    Input and output: `[B, h, w, C]`, `[B, h, w, filters]`, zero-padded.
    """  # noqa: E501

    def __init__(
        self, filters, group_width=4, kernel_size=3, form="masked", **kwargs
    ):
        super().__init__(**kwargs)
        if filters <= 0 or group_width <= 0:
            raise ValueError(
                "`filters` and `group_width` must be positive. Received: "
                f"filters={filters}, group_width={group_width}"
            )
        if form not in FORMS:
            raise ValueError(
                f"`form` must be one of {', '.join(FORMS)}. "
                f"Received: form={form!r}"
            )
        self.filters = filters
        self.group_width = group_width
        self.kernel_size = kernel_size
        self.form = form

    def build(self, input_shape):
        channels = input_shape[-1]
        groups = channels // self.group_width
        if channels % self.group_width or self.filters % groups:
            raise ValueError(
                "The input channels must be a multiple of `group_width`, and "
                "`filters` a multiple of the number of groups. Received: "
                f"group_width={self.group_width}, filters={self.filters} "
                f"(full input shape is {input_shape})"
            )
        self.groups = groups
        size = self.kernel_size
        fan_in = size * size * self.group_width
        self.kernel = self.add_weight(
            name="kernel",
            shape=(
                size,
                size,
                channels if self.form == "dense" else self.group_width,
                self.filters,
            ),
            # He initialisation of one group: the block-diagonal kernel's zeros
            # do not count.
            initializer=keras.initializers.RandomNormal(
                stddev=(2.0 / fan_in) ** 0.5
            ),
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.filters,), initializer="zeros"
        )
        self._num_blocks = _num_blocks(channels, self.group_width)
        self._mask = _block_diagonal(
            channels // self._num_blocks,
            self.filters // self._num_blocks,
            groups // self._num_blocks,
        )

    def call(self, x):
        kernel = ops.cast(self.kernel, self.compute_dtype)
        if self.form == "masked" and self.groups > 1:
            y = self._masked(x, kernel)
        else:
            # `ops.conv` reads the number of groups off the kernel's shape.
            y = ops.conv(x, kernel, padding="same")
        return y + ops.cast(self.bias, self.compute_dtype)

    def _masked(self, x, kernel):
        mask = ops.convert_to_tensor(self._mask, dtype=self.compute_dtype)
        repeats = (1, 1, self.groups // self._num_blocks, 1)
        outputs = [
            ops.conv(
                x_block, ops.tile(kernel_block, repeats) * mask, padding="same"
            )
            for x_block, kernel_block in zip(
                ops.split(x, self._num_blocks, axis=-1),
                ops.split(kernel, self._num_blocks, axis=-1),
                strict=True,
            )
        ]
        if len(outputs) == 1:
            return outputs[0]
        return ops.concatenate(outputs, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "group_width": self.group_width,
            "kernel_size": self.kernel_size,
            "form": self.form,
        }


def grouped_to_dense(kernel, channels):
    """Returns the block-diagonal form of a grouped kernel, as numpy.

    Args:
        kernel: `[k, k, group_width, filters]`.
        channels: of the layer's input.

    Returns:
        `[k, k, channels, filters]`.
    """
    group_width, filters = kernel.shape[2:]
    groups = channels // group_width
    mask = _block_diagonal(channels, filters, groups)
    return np.tile(kernel, (1, 1, groups, 1)) * mask


def _block_diagonal(channels, filters, groups):
    """Returns `[channels, filters]`: 1 where a filter sees a channel."""
    group_of_channel = np.arange(channels) * groups // channels
    group_of_filter = np.arange(filters) * groups // filters
    return (group_of_channel[:, None] == group_of_filter).astype("float32")


def _num_blocks(channels, group_width):
    """Returns into how many dense blocks of whole groups to split."""
    width = group_width * max(1, _BLOCK // group_width)
    return channels // width if channels % width == 0 else 1
