"""A network of the user's own: a function in a Python file.

    FILE.py:FUNCTION     FUNCTION(height, width) -> keras.Model, [B, h, w, 4]
                         to the same shape; FILE.py also says its STRIDE

`use` runs the file, once, because the user has named it on the command line. A
config that came with a run never runs anything: it holds the SHA-256 of the
file, and `build` finds the function under it only if `use` has run that file.
"""

import hashlib
import sys
import types
from typing import Any

import keras

from fanet_tf.errors import InputError
from fanet_tf.files import inputs

NAME = "own"
FLAG = "--network=FILE.py:FUNCTION"
_MAX_BYTES = 1 << 20
_STRIDES = (1, 2, 4, 8, 16, 32)  # Twice as much for each halving.

# SHA-256 of a file -> what its code has defined, of this process.
_RUN: dict[str, types.ModuleType] = {}


def use(network: str) -> dict[str, Any]:
    """Runs a file, so that `build` can build its network.

    Args:
        network: `FILE.py:FUNCTION`, as the user has typed it.

    Returns:
        The `model` section of a config, without the transform.

    Raises:
        InputError: there is no such file or function, or the code fails.
    """
    path, _, function = network.rpartition(":")
    if not path.endswith(".py") or not function.isidentifier():
        raise InputError(f"{FLAG} must be given. Received: {network!r}")
    module, digest = _run(path)
    if not callable(getattr(module, function, None)):
        raise InputError(f"{path}: must define {function}(height, width).")
    multiple = getattr(module, "STRIDE", None)
    if type(multiple) is not int or multiple not in _STRIDES:
        raise InputError(
            f"{path}: must define STRIDE, of which height and width are "
            f"multiples, one of {', '.join(map(str, _STRIDES))}. "
            f"Received: {multiple!r}"
        )
    return {"name": NAME, "function": function, "sha256": digest}


def _run(path: str) -> tuple[types.ModuleType, str]:
    """Runs a file, unless it has run; returns it and its SHA-256."""
    # Hashed and run from the same bytes.
    source = inputs.read_bytes(path, _MAX_BYTES)
    digest = hashlib.sha256(source).hexdigest()
    if digest not in _RUN:
        module = types.ModuleType(f"own_network_{digest[:8]}")
        module.__file__ = path
        sys.modules[module.__name__] = module  # Dataclasses look there.
        try:
            exec(compile(source, path, "exec"), module.__dict__)
        except Exception as error:
            raise InputError(
                f"{path}: must be Python that runs. "
                f"Received: {type(error).__name__}: {error}"
            ) from error
        _RUN[digest] = module
    return _RUN[digest], digest


def build(
    height: int, width: int, function: str = "", sha256: str = ""
) -> keras.Model:
    """Builds the network between the two transforms.

    Args:
        height: packed pixels.
        width: packed pixels.
        function: of the file.
        sha256: of the file.

    Returns:
        keras.Model, `[B, h, w, 4]` to the same shape, float32.

    Raises:
        InputError: the file has not been run, or builds something else.
    """
    try:
        model = getattr(_module(sha256), function)(height, width)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{function}({height}, {width}) must build a network; STRIDE is "
            f"{stride(sha256)}. Received: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, keras.Model):
        raise InputError(
            f"{function} must return a keras.Model. "
            f"Received: {type(model).__name__}"
        )
    shapes = (model.input_shape, model.output_shape)
    wanted = (None, height, width, 4)
    if shapes != (wanted, wanted):
        raise InputError(
            f"{function} must map {wanted} to the same shape. "
            f"Received: {shapes[0]} to {shapes[1]}"
        )
    return keras.Model(model.input, model.output, name="core")


def stride(sha256: str) -> int:
    """Returns the required multiple of height and width."""
    return _module(sha256).STRIDE


def _module(sha256: str) -> types.ModuleType:
    if sha256 not in _RUN:
        raise InputError(
            f"{FLAG} must name the file of this run's network, sha256 "
            f"{sha256}. Received: {', '.join(_RUN) or 'none'}"
        )
    return _RUN[sha256]
