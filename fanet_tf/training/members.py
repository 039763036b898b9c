"""A member as its config describes it, with the weights of a run."""

import keras

from fanet_tf import models
from fanet_tf.errors import InputError


def build(config, height, width, **sizes):
    """Builds the config's network at one size; refuses impossible sizes."""
    try:
        return models.build(
            height=height, width=width, **{**config.model.to_dict(), **sizes}
        )
    except (ValueError, TypeError) as error:
        raise InputError(f"The config's model cannot be built: {error}") from (
            error
        )


def set_weights_from(member, path) -> None:
    """Gives a member the weights of a `.keras` file of the same network."""
    try:
        trained = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        raise InputError(
            f"{path}: must be a member that fanet-train saved: {error}"
        ) from error
    weights = trained.get_weights()
    if [w.shape for w in weights] != [w.shape for w in member.get_weights()]:
        raise InputError(
            f"{path}: must hold the config's network. Received: other shapes"
        )
    member.set_weights(weights)
