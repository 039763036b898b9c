"""Flags of a submission to the Darmstadt Noise Dataset, and its writing."""

import importlib
import pathlib
from collections.abc import Callable
from collections.abc import Mapping

from absl import flags

from fanet_tf.cli import method_flags
from fanet_tf.cli import overwrite_flag
from fanet_tf.data import dnd
from fanet_tf.errors import InputError
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.files import names

DND = flags.DEFINE_string(
    "dnd", None, "DND's `data` folder: writes a submission, no scores."
)
_RENDER = flags.DEFINE_string(
    "dnd_render",
    None,
    "module:function with the kit's ISP, f(mosaic, frame) -> sRGB: writes the "
    "sRGB track.",
)


def check() -> None:
    """Refuses a folder or a renderer that `submit` would refuse."""
    dnd.find(DND.value)
    _renderer()


def _renderer() -> Callable | None:
    """Returns the function that --dnd_render names."""
    if not _RENDER.value:
        return None
    module, _, function = _RENDER.value.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"--dnd_render must be module:function: {error}"
        ) from error


def submit(methods: Mapping[str, Method], output: pathlib.Path) -> None:
    """Writes one submission a method, each into a folder of its own.

    Args:
        methods: name -> method; one alone takes `output` itself.
        output: folder that exists.
    """
    render = _renderer()
    track = "raw" if render is None else "srgb"
    taken = set()
    for name, method in methods.items():
        folder = output
        if len(methods) > 1:
            plain = "".join(c if c.isalnum() else "_" for c in name)[:100]
            # Two names may differ in nothing but signs.
            folder = output / method_flags.unique(plain, taken)
            taken.add(folder.name)
        count = dnd.submit(
            DND.value,
            method.denoise,
            folder,
            render=render,
            overwrite=overwrite_flag.OVERWRITE.value,
        )
        line = f"{name}: {count} frames, {track} track: {folder / 'bundled'}"
        print(names.printable(line))
        if count != dnd.FRAMES:
            print(f"Note: the benchmark has {dnd.FRAMES} frames.")
