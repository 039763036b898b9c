"""From a config to trained members: the only place where the two meet.

    WORKDIR/
      config.json              what the run is; written first
      teacher.json             whom it learns from, if from anybody
      training.html            its curves, when it is finished
      member_<i>/
        checkpoints/           the last few states, to go on from
        metrics.jsonl          loss and PSNR per gain by step
        tensorboard/
        member.keras           the averaged weights, when it is finished
        member.json            its subrange and what it reached

The same command again goes on where the run stopped, and ends with the same
bits as a run that was never stopped.
"""

import contextlib

import keras
import tensorflow as tf
from absl import logging

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import own_folder
from fanet_tf.losses import vgg
from fanet_tf.training import callbacks
from fanet_tf.training import checkpoint
from fanet_tf.training import distribution
from fanet_tf.training import journal
from fanet_tf.training import members
from fanet_tf.training import page
from fanet_tf.training import precision
from fanet_tf.training import run_folder
from fanet_tf.training import teacher as teacher_lib
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training import validation as validation_lib
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule

# What others ask of a run.
build_member = members.build
is_finished = run_folder.is_finished
member_folder = run_folder.member_folder
read_config = run_folder.read_config


def subranges(config, profile) -> list[tuple[float, float]]:
    """Returns `(a_min, a_max)` of each member."""
    low, high = (float(profile.a(g)) for g in profile.gain_range)
    edges = nsma.edges(low, high, config.nsma.members)
    return list(zip(edges[:-1], edges[1:], strict=True))


def train(config, workdir, bank=None) -> bool:
    """Trains every member of the config's array, one after another.

    Args:
        config: see `config.default_config`.
        workdir: made if it is not there; what is in it is gone on with.
        bank: `pipeline.build_bank` of the config, if several runs share it.

    Returns:
        Whether all is trained; False if SIGTERM stopped it.

    Raises:
        InputError: the config is impossible, or not that of `workdir`.
        callbacks.NonFiniteError: a loss, batch or weight is not a number.
    """
    workdir = atomic.resolve(workdir)
    with contextlib.ExitStack() as stack:
        if distribution.is_chief():
            own_folder.make_folder(workdir)
            stack.enter_context(claims.claim(workdir))
            atomic.sweep(workdir)
            run_folder.claim(config, workdir)
            teacher_lib.verify(config, workdir)
        distribution.barrier("claimed")
        return _train(config, workdir, bank)


def _train(config, workdir, bank) -> bool:
    """Trains in a folder that is claimed; see `train`."""
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
        return True
    bank = bank or pipeline.build_bank(config)
    for index in todo:
        if not train_member(
            config, workdir, index, ranges[index], bank, profile
        ):
            logging.info("Stopped; the same command goes on from here.")
            return False
    if distribution.is_chief():
        page.write(workdir)
    return True


def train_member(config, workdir, index, a_range, bank, profile) -> bool:
    """Trains one member to the end; False if SIGTERM stopped it."""
    folder = own_folder.make_folder(member_folder(workdir, index))
    phases = schedule.phases(config)
    chief = distribution.is_chief()
    if chief:
        atomic.sweep(folder)
        atomic.sweep(folder / "checkpoints")
    found = checkpoint.latest(folder / "checkpoints")
    first, state = found or (0, None)
    if found:
        logging.info("Member %d goes on from step %d.", index, first)
    distribution.barrier(f"member {index}")
    with distribution.local():
        validation = validation_lib.Validation(config, profile, a_range)
    writer = None
    if chief:
        events = own_folder.make_folder(folder / "tensorboard")
        writer = journal.TensorBoard(events)
    run = callbacks.TrainingCallback(
        folder, config, first, validation, writer, f"member {index}"
    )
    for phase in phases:
        # The last phase is built even when all its steps are done: a run may
        # have been stopped before it wrote what it had reached.
        if run.step >= phase.last and phase is not phases[-1]:
            continue
        with distribution.spread(phase.batch_size):
            trainer = _build_trainer(config, phase, index)
            if state is not None:
                run.sums = trainer_lib.set_state(trainer, state)
            if run.step < phase.last:
                batches = pipeline.batches(
                    config,
                    phase,
                    bank,
                    profile,
                    nsma.widen(a_range, config.nsma.overlap),
                    # Members see different batches.
                    config.seed * 1000 + index,
                    run.step,
                )
                batches = distribution.share(batches, phase.batch_size)
                _fit(trainer, batches, phase.last - run.step, run)
            state = trainer_lib.get_state(trainer)
            weights = trainer_lib.ema_weights(trainer)
        if run.terminated:
            break
    if writer is not None:
        writer.close()
    if run.step < config.train.steps:
        return False
    if chief:
        with distribution.local():
            _finish(weights, folder, config, index, a_range, validation)
    distribution.barrier(f"finished {index}")
    return True


def _build_trainer(config, phase, index):
    """Builds and compiles the trainer of one phase."""
    # Each member starts from its own seed, whichever were trained before it.
    keras.utils.set_random_seed(config.seed * 1000 + index)
    half = phase.patch_size // 2
    with distribution.mirrored(phase.batch_size):
        member = build_member(config, half, half)
        if config.train.init_from:
            source = run_folder.trained_file(
                config.train.init_from, index, "train.init_from"
            )
            members.set_weights_from(member, source)
        precision.apply(member, config.train.precision)
        trainer = trainer_lib.Trainer(
            member,
            config.loss,
            teacher_lib.load(config, half, half),
            vgg.features(config.loss.vgg)
            if config.loss.rgb_perceptual
            else None,
        )
        trainer_lib.compile_trainer(trainer, config)
    return trainer


def _fit(trainer, batches, steps, run):
    """Trains for some steps; a batch that is not finite ends it."""
    try:
        trainer.fit(
            batches,
            steps_per_epoch=steps,
            epochs=1,
            shuffle=False,  # Of arrays; batches come as they come.
            verbose=0,
            callbacks=[run],
        )
    except tf.errors.InvalidArgumentError as error:
        if pipeline.NON_FINITE not in error.message:
            raise
        raise callbacks.NonFiniteError(
            f"{pipeline.NON_FINITE}. Received: NaN or infinity in the batch of "
            f"step {run.step + 1} of {run.label}"
        ) from error
    finally:
        run.close()


def _finish(weights, folder, config, index, a_range, validation):
    """Writes the averaged weights and what they reach."""
    half = config.data.patch_size // 2
    member = build_member(config, half, half)
    member.set_weights(weights)
    with own_folder.scratch() as scratch:
        member.save(scratch / "member.keras")
        content = (scratch / "member.keras").read_bytes()
    atomic.write_bytes(folder / "member.keras", content, overwrite=True)
    record = {
        "index": index,
        "a_range": list(a_range),
        "steps": config.train.steps,
        "psnr": {f"{g:g}": s for g, s in validation.psnr(weights).items()},
        "noisy_psnr": {f"{g:g}": s for g, s in validation.noisy_psnr().items()},
        "validated_on": [scene.name for scene in validation.scenes],
    }
    atomic.write_json(folder / "member.json", record, overwrite=True)
