"""Denoisers by name or bundle, ready for `evaluate.evaluate`.

Needs no TensorFlow; `keras_methods` has the members of a training run.
"""

import dataclasses
import math
import sys

import numpy as np

from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.denoising import macs
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.machine import cpu_name
from fanet_tf.denoising.member_runner import threads_available
from fanet_tf.errors import InputError
from fanet_tf.evaluation import classical as classical_methods
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.files import names
from fanet_tf.raw.noise import NoiseParams

# Name on the command line: (function, row of the table, note).
_CLASSICAL = {
    "identity": (classical_methods.identity, "Input", "the noisy frame itself"),
    "gaussian": (
        classical_methods.gaussian,
        "Gaussian",
        "per plane, after Anscombe, width of least estimated risk",
    ),
    "nlm": (
        classical_methods.non_local_means,
        "Non-local means",
        "four planes together, after Anscombe, h = 0.5",
    ),
    "bm3d": (
        classical_methods.bm3d,
        "BM3D",
        "luma and three differences of the planes, after Anscombe",
    ),
}
CLASSICAL = tuple(_CLASSICAL)


def classical(name: str) -> Method:
    """Returns a classical method by its name."""
    if name not in _CLASSICAL:
        raise InputError(
            f"A method must be one of {', '.join(CLASSICAL)}. "
            f"Received: {name!r}"
        )
    if name == "bm3d":
        classical_methods.require_bm3d()
    function, label, note = _CLASSICAL[name]
    return Method(function, label, note=note)


def _plain(noise: NoiseParams) -> tuple[float, float]:
    return tuple(np.asarray(p, np.float64).item() for p in noise)


def from_bundle(
    folder, recipe: str | None = None, num_threads: int | None = None
) -> Method:
    """Returns the array of a bundle, run as `fanet-denoise` runs it.

    Args:
        folder: of the bundle; None means the array that ships.
        recipe: number formats; None means float32, else the bundle's first.
        num_threads: of LiteRT; None means all cores.
    """
    array = bundle_lib.load(folder)
    recipe = Denoiser(array, recipe, num_threads).recipe
    denoisers: dict[int, Denoiser] = {}

    def denoise(noisy, noise):
        # One for each member: a run that changes the gain at each capture
        # would load a flatbuffer each time.
        noise = _plain(noise)
        index = array.member_for(noise[0]).index
        if index not in denoisers:
            denoisers[index] = Denoiser(array, recipe, num_threads)
        return denoisers[index].denoise_packed(noisy, noise)

    count = len(array.members)
    kind = f"NSMA (n={count})" if count > 1 else "one network"
    costs = [macs.gmacs_per_mp(member.path(recipe)) for member in array.members]
    return Method(
        denoise,
        f"{array.name}, {kind}, {recipe}",
        gmacs_per_mp=max(costs),
        note=f"bundle {array.folder}",
    )


def named(spec: str) -> tuple[str | None, str]:
    """Splits `NAME=PATH`; a plain `PATH` has no name."""
    name, separator, path = spec.partition("=")
    if separator and name and not any(c in name for c in "/\\"):
        return names.printable(name), path
    return None, spec


def unique(name: str, taken) -> str:
    """Returns `name`, or `name 2`, `name 3`, ... where it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def relabel(method: Method, name: str | None) -> Method:
    """Returns the method under another label, if one is given."""
    return dataclasses.replace(method, label=name) if name else method


def parse_gains(texts, profile) -> tuple[float, ...]:
    """Parses the gains of a run; each must lie in the profile's range."""
    low, high = profile.gain_range
    gains = []
    for text in texts:
        try:
            gain = float(text)
        except ValueError:
            gain = math.nan
        if not low <= gain <= high:
            raise InputError(
                f"A gain must be a number of {low:g} to {high:g}, the range of "
                f"the profile. Received: {text!r}"
            )
        gains.append(gain)
    if not gains:
        raise InputError("There must be at least one gain.")
    return tuple(dict.fromkeys(gains))


def machine() -> str:
    """Names the processor and its cores, for times to make sense."""
    return (
        f"{cpu_name()}, {threads_available()} cores, Python {sys.version[:6]}"
    )
