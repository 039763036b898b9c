"""The ARNet block: MobileNetV2's block with a group convolution."""

import keras
from keras import ops

from fanet_tf.layers.group_conv import GroupConv2D


@keras.saving.register_keras_serializable(package="fanet_tf")
class ARNetBlock(keras.layers.Layer):
    """Widens, convolves in groups, narrows.

        y = project(relu(group(relu(expand(x)))))      (+ x if `residual`)

    `expand` and `project` are point-wise, `group` is 3 x 3. No normalisation:
    a tile must give what the frame gives.

    Args:
        filters: int. Channels of the output.
        expansion: number. Hidden channels per input channel.
        group_width: int. Channels per group of the 3 x 3 convolution. A
            multiple of 4 keeps it whole on the GPU delegate.
        kernel_size: int. Of the group convolution.
        residual: bool. Adds the input, which must have `filters` channels.
        form: how the group convolution is computed, see `GroupConv2D`.

    Input and output: `[B, h, w, C]`, `[B, h, w, filters]`.

    References:
        Young et al., https://arxiv.org/abs/2103.01524, figure 2;
        Sandler et al., https://arxiv.org/abs/1801.04381.
    """

    def __init__(
        self,
        filters,
        expansion=2,
        group_width=4,
        kernel_size=3,
        residual=False,
        form="masked",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if filters <= 0 or expansion <= 0:
            raise ValueError(
                "`filters` and `expansion` must be positive. Received: "
                f"filters={filters}, expansion={expansion}"
            )
        self.filters = filters
        self.expansion = expansion
        self.group_width = group_width
        self.kernel_size = kernel_size
        self.residual = residual
        self.form = form

    def build(self, input_shape):
        channels = input_shape[-1]
        if self.residual and channels != self.filters:
            raise ValueError(
                "A residual block must keep the number of channels. Received: "
                f"filters={self.filters} (full input shape is {input_shape})"
            )
        hidden = int(channels * self.expansion)
        self.expand = keras.layers.Conv2D(
            hidden,
            1,
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
            name="expand",
        )
        self.group = GroupConv2D(
            hidden,
            self.group_width,
            self.kernel_size,
            self.form,
            dtype=self.dtype_policy,
            name="group",
        )
        self.project = keras.layers.Conv2D(
            self.filters, 1, dtype=self.dtype_policy, name="project"
        )
        hidden_shape = (*input_shape[:-1], hidden)
        self.expand.build(input_shape)
        self.group.build(hidden_shape)
        self.project.build(hidden_shape)

    def call(self, x):
        y = ops.relu(self.group(ops.relu(self.expand(x))))
        y = self.project(y)
        return x + y if self.residual else y

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "expansion": self.expansion,
            "group_width": self.group_width,
            "kernel_size": self.kernel_size,
            "residual": self.residual,
            "form": self.form,
        }
