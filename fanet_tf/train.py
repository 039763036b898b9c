"""From a config to trained members: the only place where the two meet.

    WORKDIR/
      config.json              what the run is; written first
      member_<i>/
        checkpoints/           the last few states, to go on from
        metrics.jsonl          loss and PSNR per gain by step
        tensorboard/
        member.keras           the averaged weights, when it is finished
        member.json            its subrange and what it reached

The same command again goes on where the run stopped, and ends with the same
bits as a run that was never stopped.
"""

import json
import pathlib

import keras
import ml_collections
import tensorflow as tf
from absl import logging

from fanet_tf import callbacks
from fanet_tf import checkpoint
from fanet_tf import models
from fanet_tf import nsma
from fanet_tf import tensorboard
from fanet_tf import trainer as trainer_lib
from fanet_tf import validation as validation_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import bank as bank_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import synthesis
from fanet_tf.errors import InputError
from fanet_tf.files import atomic

# Fields that may change between two starts of the same run.
_FREE = {("nsma", "only"), ("train", "keep_checkpoints")}


def member_folder(workdir, index: int) -> pathlib.Path:
    """Returns the folder of one member."""
    return pathlib.Path(workdir) / f"member_{index}"


def read_config(workdir) -> ml_collections.ConfigDict:
    """Reads the config of a run from its folder."""
    path = pathlib.Path(workdir) / "config.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{workdir}: must be the folder of a run, with a config.json."
        ) from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error
    return ml_collections.ConfigDict(record)


def subranges(config, profile) -> list[tuple[float, float]]:
    """Returns `(a_min, a_max)` of each member."""
    low, high = (float(profile.a(g)) for g in profile.gain_range)
    edges = nsma.edges(low, high, config.nsma.members)
    return list(zip(edges[:-1], edges[1:], strict=True))


def build_member(config, height, width, **sizes):
    """Builds the config's network at one size; refuses impossible sizes."""
    try:
        return models.build(
            height=height, width=width, **{**config.model.to_dict(), **sizes}
        )
    except (ValueError, TypeError) as error:
        raise InputError(f"The config's model cannot be built: {error}") from (
            error
        )


def train(config, workdir) -> None:
    """Trains every member of the config's array, one after another.

    Args:
        config: see `config.default_config`.
        workdir: made if it is not there; what is in it is gone on with.

    Raises:
        InputError: the config is impossible, or not that of `workdir`.
        callbacks.NonFiniteError: the loss or a weight is not a number.
    """
    workdir = pathlib.Path(workdir)
    _claim(config, workdir)
    if config.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    profile = profile_lib.load(config.data.profile)
    ranges = subranges(config, profile)
    chosen = range(len(ranges))
    if config.nsma.only >= 0:
        if config.nsma.only not in chosen:
            raise InputError(
                f"`nsma.only` must be below {len(ranges)}, the number of "
                f"members. Received: {config.nsma.only}"
            )
        chosen = [config.nsma.only]
    todo = [i for i in chosen if not is_finished(workdir, i)]
    if not todo:
        logging.info("%s is finished.", workdir)
        return
    bank = bank_lib.build(
        config.data.sources,
        config.data.weights,
        config.data.smooth_share,
        config.seed,
        config.data.patch_size,
    )
    for index in todo:
        if not train_member(
            config, workdir, index, ranges[index], bank, profile
        ):
            logging.info("Stopped; the same command goes on from here.")
            return


def is_finished(workdir, index: int) -> bool:
    """Tells whether a member has its final weights."""
    return (member_folder(workdir, index) / "member.json").exists()


def train_member(config, workdir, index, a_range, bank, profile) -> bool:
    """Trains one member to the end; False if SIGTERM stopped it."""
    folder = member_folder(workdir, index)
    folder.mkdir(parents=True, exist_ok=True)
    # Each member starts from its own seed, whichever were trained before it.
    keras.utils.set_random_seed(config.seed * 1000 + index)
    half = config.data.patch_size // 2
    trainer = trainer_lib.Trainer(build_member(config, half, half), config.loss)
    if config.train.init_from:
        _init_from(trainer.member, config.train.init_from, index)
    trainer_lib.compile_trainer(trainer, config)

    first = 0
    found = checkpoint.latest(folder / "checkpoints")
    if found:
        first, arrays = found
        trainer_lib.set_state(trainer, arrays)
        logging.info("Member %d goes on from step %d.", index, first)

    batches = synthesis.batches(
        synthesis.Synthesis(
            bank,
            camera_lib.get(config.data.camera),
            profile,
            nsma.widen(a_range, config.nsma.overlap),
            config.data.b_law,
            config.data.batch_size,
            config.data.patch_size,
            # Members see different batches.
            config.seed * 1000 + index,
        ),
        first,
        config.train.steps,
    )
    validation = validation_lib.Validation(config, profile, a_range)
    writer = tensorboard.Writer(folder / "tensorboard")
    run = callbacks.Run(
        folder, config, first, validation, writer, f"member {index}"
    )
    if first < config.train.steps:
        trainer.fit(
            batches,
            steps_per_epoch=config.train.steps - first,
            epochs=1,
            verbose=0,
            callbacks=[run],
        )
    writer.close()
    if run.terminated and run.step < config.train.steps:
        return False
    _finish(trainer, folder, config, index, a_range, validation)
    return True


def _finish(trainer, folder, config, index, a_range, validation):
    weights = trainer_lib.ema_weights(trainer)
    trainer.member.set_weights(weights)
    beside = folder / ".member.part.keras"
    trainer.member.save(beside)
    beside.replace(folder / "member.keras")
    record = {
        "index": index,
        "a_range": list(a_range),
        "steps": config.train.steps,
        "psnr": {f"{g:g}": s for g, s in validation.psnr(weights).items()},
        "noisy_psnr": {f"{g:g}": s for g, s in validation.noisy_psnr().items()},
        "validated_on": [scene.name for scene in validation.scenes],
    }
    with atomic.writing(folder / "member.json") as stream:
        stream.write((json.dumps(record, indent=2) + "\n").encode())


def _init_from(member, source, index):
    """Starts from the weights of a `.keras` file or of a run's member."""
    path = pathlib.Path(source)
    if path.is_dir():
        # A shared start has one member; an array gives each its own.
        own = member_folder(path, index) / "member.keras"
        path = own if own.exists() else member_folder(path, 0) / "member.keras"
    if not path.exists():
        raise InputError(
            "`train.init_from` must be a .keras file or the folder of a "
            f"finished run. Received: {source!r}"
        )
    weights = keras.models.load_model(path, compile=False).get_weights()
    shapes = [w.shape for w in member.get_weights()]
    if [w.shape for w in weights] != shapes:
        raise InputError(
            f"{path}: must hold the config's network. Received: other shapes"
        )
    member.set_weights(weights)


def _claim(config, workdir):
    """Writes `config.json`, or compares with the one that is there."""
    path = workdir / "config.json"
    mine = json.loads(config.to_json())
    if not path.exists():
        workdir.mkdir(parents=True, exist_ok=True)
        with atomic.writing(path) as stream:
            stream.write((json.dumps(mine, indent=2) + "\n").encode())
        return
    theirs = read_config(workdir).to_dict()
    theirs = json.loads(json.dumps(theirs))
    changed = [
        f"{section}.{field}: {theirs.get(section, {}).get(field)!r} there, "
        f"{value!r} now"
        for section, fields in mine.items()
        if isinstance(fields, dict)
        for field, value in fields.items()
        if (section, field) not in _FREE
        and theirs.get(section, {}).get(field) != value
    ]
    if mine["seed"] != theirs.get("seed"):
        changed.append(
            f"seed: {theirs.get('seed')!r} there, now {mine['seed']}"
        )
    if changed:
        raise InputError(
            f"{workdir}: the config must be the one the run was started with. "
            f"Received: {'; '.join(changed)}"
        )
