"""Members as a config describes them and as a run left them."""

import json
import pathlib

import keras
import ml_collections

from fanet_tf import models
from fanet_tf.errors import InputError


def folder_of(workdir, index: int) -> pathlib.Path:
    """Returns the folder of one member."""
    return pathlib.Path(workdir) / f"member_{index}"


def is_finished(workdir, index: int) -> bool:
    """Tells whether a member has its final weights."""
    return (folder_of(workdir, index) / "member.json").exists()


def read_config(workdir) -> ml_collections.ConfigDict:
    """Reads the config of a run from its folder."""
    path = pathlib.Path(workdir) / "config.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{workdir}: must be the folder of a run, with a config.json."
        ) from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error
    return ml_collections.ConfigDict(record)


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


def trained_file(source, index: int, field: str) -> pathlib.Path:
    """Returns the `.keras` file that a config's field names.

    Args:
        source: a `.keras` file, or the folder of a finished run: its member
            `index`, or its first one, since a shared start has no other.
        index: of the member that wants it.
        field: of the config, for the refusal.
    """
    path = pathlib.Path(source)
    if path.is_dir():
        own = folder_of(path, index) / "member.keras"
        path = own if own.exists() else folder_of(path, 0) / "member.keras"
    if not path.is_file():
        raise InputError(
            f"`{field}` must be a .keras file or the folder of a finished "
            f"run. Received: {source!r}"
        )
    return path


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
