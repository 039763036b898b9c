"""A Keras member to a flatbuffer.

The route is Keras's own, ExportArchive -> SavedModel -> converter, with builtin
operations only. (`from_concrete_functions` with a Keras 3 model converts
without a warning and returns NaN; `member.write` checks every flatbuffer
against Keras.)
"""

import pathlib
import tempfile

import keras
import tensorflow as tf

from fanet_tf import models
from fanet_tf.layers import group_conv

INPUTS = ("noisy", "scale", "offset")
OUTPUT = "denoised"
CORE_INPUT = "stabilised"
CORE_OUTPUT = "residual"

# How group convolutions are exported: as one grouped CONV_2D, or as a dense
# one with a frozen block-diagonal kernel for targets that know no groups.
GROUP_FORMS = ("native", "dense")


def static_member(trained, model_config, height, width, group_form="native"):
    """Builds a trained member at a fixed size, for export.

    Args:
        trained: keras.Model with the weights.
        model_config: the config's `model` section, as a dict.
        height: packed pixels of the flatbuffer's input.
        width: packed pixels.
        group_form: one of `GROUP_FORMS`.
    """
    static = models.build(
        height=height, width=width, **{**model_config, "group_form": group_form}
    )
    for source, target in zip(trained.weights, static.weights, strict=True):
        value = keras.ops.convert_to_numpy(source)
        if value.shape != tuple(target.shape):
            value = group_conv.grouped_to_dense(value, target.shape[2])
        target.assign(value)
    return static


def convert(member, float16=False) -> bytes:
    """Converts a member of fixed size to a flatbuffer.

    Args:
        member: keras.Model with inputs `noisy`, `scale`, `offset`.
        float16: whether the weights are stored in half precision.

    Returns:
        The `.tflite` file; its signature `serving_default` has the same input
        names and the output `denoised`. Batch 1.
    """
    return _convert(
        member,
        lambda inputs: {OUTPUT: member(inputs, training=False)},
        {name: member.input[name].shape for name in INPUTS},
        float16,
    )


def convert_core(member) -> bytes:
    """Converts what lies between the transforms, for integer-only targets.

    Returns:
        The `.tflite` file: `stabilised` to `residual`, both
        `[1, height, width, 4]`.
    """
    core = member.get_layer("core")
    return _convert(
        core,
        lambda inputs: {CORE_OUTPUT: core(inputs[CORE_INPUT], training=False)},
        {CORE_INPUT: core.input_shape},
        False,
    )


def _convert(model, function, shapes, float16):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serve",
        function,
        input_signature=[
            {
                name: tf.TensorSpec((1, *shape[1:]), tf.float32, name=name)
                for name, shape in shapes.items()
            }
        ],
    )
    with tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder) / "saved_model"
        archive.write_out(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def convert_function(function, signature) -> bytes:
    """Converts a plain `tf.function` body; for the selector.

    Args:
        function: from keyword tensors to a dict of tensors.
        signature: list of `tf.TensorSpec`, named.
    """
    module = tf.Module()
    module.serve = tf.function(function, input_signature=signature)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(
            module, folder, signatures={"serving_default": module.serve}
        )
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return converter.convert()
