"""Keras models to flatbuffers.

The route is Keras's own, ExportArchive -> SavedModel -> converter, with builtin
operations only. (`from_concrete_functions` with a Keras 3 model converts
without a warning and returns NaN; the export checks every flatbuffer against
Keras, see `member.parity`.)
"""

import pathlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from export.flatbuffer import core as core_lib
from export.flatbuffer import runtime
from fanet_tf import models
from fanet_tf.files import own_folder
from fanet_tf.layers import group_conv

INPUTS = ("noisy", "scale", "offset")

# Group convolutions become one grouped CONV_2D, or a dense one with a
# block-diagonal kernel for targets that have no grouped convolution.
GROUP_FORMS = ("native", "dense")


def static_member(
    trained: keras.Model,
    model_config: dict[str, Any],
    height: int,
    width: int,
    group_form: str = "native",
) -> keras.Model:
    """Builds a trained member at a fixed size, for export.

    Args:
        trained: has the weights.
        model_config: the config's `model` section.
        height: of the flatbuffer's input, packed pixels.
        width: of the flatbuffer's input, packed pixels.
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


def convert(member: keras.Model, float16: bool = False) -> bytes:
    """Converts a member of fixed size to a flatbuffer.

    Args:
        member: has the inputs `noisy`, `scale`, `offset`.
        float16: stores the weights in half precision.

    Returns:
        The `.tflite` file. Its signature `serving_default` has the same inputs
        and the output `denoised`, with a batch of 1.
    """
    return _convert(
        member,
        lambda inputs: {runtime.OUTPUT: member(inputs, training=False)},
        {name: member.input[name].shape for name in INPUTS},
        float16,
    )


def convert_core(member: keras.Model) -> bytes:
    """Converts the part between the transforms, for integer-only targets.

    Returns:
        The `.tflite` file: `core.INPUT` to `core.OUTPUT`, both
        `[1, height, width, 4]`.
    """
    core = member.get_layer("core")

    def call(inputs):
        residual = core(inputs[core_lib.INPUT], training=False)
        return {core_lib.OUTPUT: residual}

    return _convert(core, call, {core_lib.INPUT: core.input_shape}, False)


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
    with own_folder.scratch() as folder:
        saved = folder / "saved_model"
        archive.write_out(saved, verbose=False)
        return _flatbuffer(saved, float16)


def convert_function(
    function: Callable[..., dict], signature: list[tf.TensorSpec]
) -> bytes:
    """Converts a function of tensors; the selector is one.

    Args:
        function: maps tensors, by keyword, to a dict of tensors.
        signature: the tensors, each with a name.
    """
    module = tf.Module()
    module.serve = tf.function(function, input_signature=signature)
    with own_folder.scratch() as folder:
        tf.saved_model.save(
            module, str(folder), signatures={"serving_default": module.serve}
        )
        return _flatbuffer(folder, False)


def _flatbuffer(saved_model: pathlib.Path, float16: bool) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()
