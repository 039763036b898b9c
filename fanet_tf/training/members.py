"""A member as its config describes it, with the weights of a run."""

import keras

from fanet_tf import models
from fanet_tf import nsma
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.errors import InputError
from fanet_tf.files import own_folder
from fanet_tf.models import deepen


def subranges(profile: NoiseProfile, members: int) -> list[tuple[float, float]]:
    """Returns `(a_min, a_max)` of each member of an array."""
    low, high = (float(profile.a(g)) for g in profile.gain_range)
    edges = nsma.edges(low, high, members)
    return list(zip(edges[:-1], edges[1:], strict=True))


def build(
    model, height: int, width: int, group_form: str = "masked"
) -> keras.Model:
    """Builds a config's network for frames of one size.

    Args:
        model: the config's `model` section.
        height: packed pixels.
        width: packed pixels.
        group_form: see `layers.GroupConv2D`.

    Raises:
        InputError: there is no such network, or not at this size.
    """
    try:
        return models.build(
            height=height,
            width=width,
            group_form=group_form,
            **model.to_dict(),
        )
    except (ValueError, TypeError) as error:
        raise InputError(f"The config's model cannot be built: {error}") from (
            error
        )


def load(path) -> keras.Model:
    """Loads a member that `fanet-train` saved, at the size it was saved with.

    Raises:
        InputError: the file is missing, damaged or something else.
    """
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        raise InputError(
            f"{path}: must be a member that fanet-train saved: {error}"
        ) from error


def saved(member: keras.Model) -> bytes:
    """Returns a member as the bytes of a `.keras` file."""
    with own_folder.scratch() as scratch:
        member.save(scratch / "member.keras")
        return (scratch / "member.keras").read_bytes()


def set_weights_from(member: keras.Model, path) -> None:
    """Gives a member the weights of a `.keras` file of the same network.

    The file may also hold a gated network with a level or blocks less
    (`models.deepen`).

    Raises:
        InputError: it holds another network.
    """
    source = load(path)
    cores = [_core(model) for model in (member, source)]
    if None not in cores and deepen.is_deeper(*cores):
        deepen.deepen(*cores)
        return
    weights = source.get_weights()
    if [w.shape for w in weights] != [w.shape for w in member.get_weights()]:
        raise InputError(
            f"{path}: must hold the config's network. Received: other shapes"
        )
    member.set_weights(weights)


def _core(member):
    """Returns the network between the transforms; None where there is none."""
    return next((x for x in member.layers if x.name == "core"), None)
