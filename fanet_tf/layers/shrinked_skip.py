"""Shrinked skip connection: few channels are kept, replicated at the end."""

import keras
from keras import ops

FUSIONS = ("add", "concat")


@keras.saving.register_keras_serializable(package="fanet_tf")
class Replicate(keras.layers.Layer):
    """Fuses shrunk encoder features with the decoder's.

        add:     y = features + [skip, skip, ...]      along the channels
        concat:  y = [features, skip]

    The encoder shrinks with a point-wise convolution, so that the memory held
    until the decoder needs it is `ratio` times smaller. Replication is a
    concatenation, which every delegate knows (TILE is not delegated); at most
    4 inputs, so the ratio is at most 4.

    Args:
        fusion: one of `FUSIONS`.

    Call arguments:
        features: `[B, h, w, C]`.
        skip: `[B, h, w, C / ratio]`.

    References:
        Young et al., https://arxiv.org/abs/2103.01524, section 3.1.
    """

    def __init__(self, fusion="add", **kwargs):
        super().__init__(**kwargs)
        if fusion not in FUSIONS:
            raise ValueError(
                f"`fusion` must be one of {', '.join(FUSIONS)}. "
                f"Received: fusion={fusion!r}"
            )
        self.fusion = fusion

    def build(self, features_shape, skip_shape):
        self.ratio, rest = divmod(features_shape[-1], skip_shape[-1])
        if self.fusion == "add" and (rest or not 1 <= self.ratio <= 4):
            raise ValueError(
                "The features must have 1 to 4 times the channels of the skip. "
                f"Received: features {features_shape}, skip {skip_shape}"
            )

    def call(self, features, skip):
        if self.fusion == "concat":
            return ops.concatenate([features, skip], axis=-1)
        if self.ratio > 1:
            skip = ops.concatenate([skip] * self.ratio, axis=-1)
        return features + skip

    def get_config(self):
        return {**super().get_config(), "fusion": self.fusion}
