"""A small finished run, made without training."""

import json

import keras
import numpy as np
from helpers import randomise

from fanet_tf import config as config_lib
from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.training import members as members_lib
from fanet_tf.training import run_folder


def small_config():
    """Returns a config that trains in seconds."""
    config = config_lib.default_config("fan_fast")
    config.model.widths = (8, 8)
    config.model.expansion = (1, 2)
    config.model.group_width = 4
    config.model.detail_cells = (2,)
    config.model.mid_blocks = 1
    config.model.fa_hidden = 4
    config.data.sources = ("dead_leaves:1",)
    config.data.weights = (1.0,)
    config.data.batch_size = 2
    config.data.patch_size = 32
    config.train.steps = 8
    config.train.learning_rate = 1e-3
    config.train.checkpoint_every = 4
    config.train.log_every = 2
    config.validation.every = 4
    config.validation.gains = (4.0, 32.0)
    config.validation.size = 64
    return config


def write_run(workdir, members=2, change=None):
    """Writes a finished run with random weights, small enough to be stable.

    `change` is called with its config before anything is written.
    """
    config = small_config()
    config.nsma.members = members
    if change is not None:
        change(config)
    workdir.mkdir(parents=True)
    (workdir / "config.json").write_text(config.to_json())
    profile = profile_lib.load(config.data.profile)
    edges = nsma.edges(float(profile.a(1)), float(profile.a(64)), members)
    for index in range(members):
        folder = run_folder.member_folder(workdir, index)
        folder.mkdir()
        member = members_lib.build(config.model, 16, 16)
        randomise(member, seed=index)
        # A residual of about one deviation of the noise.
        for layer in member.get_layer("core").layers:
            if layer.name.startswith(("head", "gate")):
                layer.set_weights([0.02 * w for w in layer.get_weights()])
        member.save(folder / "member.keras")
        record = {"index": index, "a_range": edges[index : index + 2]}
        (folder / "member.json").write_text(json.dumps(record))
    keras.backend.clear_session()
    return config


def whole_frame(config, workdir, index, inputs):
    """Runs a member of a run with Keras, at any size."""
    trained = keras.models.load_model(
        run_folder.member_folder(workdir, index) / "member.keras"
    )
    height, width = inputs["noisy"].shape[1:3]
    member = members_lib.build(config.model, height, width)
    member.set_weights(trained.get_weights())
    return np.asarray(member(inputs))
