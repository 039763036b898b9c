"""From a config to trained members.

    WORKDIR/
      config.json              the run's config
      teacher.json             the teacher's identity, when distilling
      training.html            the curves of a finished run
      member_<i>/
        checkpoints/           the last few states, to resume from
        metrics.jsonl          losses and PSNR per gain, by step
        tensorboard/
        member.keras           the averaged weights of a finished member
        member.json            its subrange and the PSNR it reached

Repeat the command to resume a stopped run. It ends with the same bits as a run
that was never stopped. `changes` says which fields may have changed since.
"""

import contextlib

import tensorflow as tf
from absl import logging
from ml_collections import ConfigDict

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import own_folder
from fanet_tf.training import callbacks
from fanet_tf.training import changes
from fanet_tf.training import distribution
from fanet_tf.training import journal as journal_lib
from fanet_tf.training import member_phase
from fanet_tf.training import members
from fanet_tf.training import page
from fanet_tf.training import plan as plan_lib
from fanet_tf.training import run_folder
from fanet_tf.training import teacher as teacher_lib
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training import validation as validation_lib
from fanet_tf.training.bar import TrainingBar
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed.sources import Source


def train(
    config: ConfigDict,
    workdir,
    bank: bank_lib.Bank | list[Source] | None = None,
):
    """Trains every member of the config's array, one after another.

    Args:
        config: see `config.default_config`.
        workdir: folder of the run; made if it is not there, resumed if it is.
        bank: `pipeline.build_bank` of the config, if several runs share it.

    Returns:
        Whether all is trained; False if SIGTERM stopped it.

    Raises:
        InputError: the config is impossible, or not that of `workdir`.
        callbacks.NonFiniteError: a loss, batch or weight is not a number.
    """
    workdir = atomic.resolve(workdir)
    with contextlib.ExitStack() as stack:
        claimed = None
        if distribution.is_chief():
            if not workdir.exists():
                # Of a first start that is refused nothing stays.
                stack.callback(own_folder.remove_empty, workdir)
            own_folder.make_folder(workdir)
            stack.enter_context(claims.claim(workdir))
            atomic.sweep(workdir)
            claimed = run_folder.claim(config, workdir)
        try:
            return _train(config, workdir, bank)
        except (InputError, callbacks.NonFiniteError):
            if claimed is not None:
                claimed.withdraw()
            raise


def _train(config, workdir, bank) -> bool:
    """Trains in a folder that is claimed; see `train`."""
    chief = distribution.is_chief()
    if chief:
        teacher_lib.verify(config.loss.teacher, workdir)
        curves = page.place(workdir)
    distribution.barrier("claimed")
    if config.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    plan = plan_lib.of(config)
    todo = run_folder.unfinished(workdir, plan.chosen, config.train.steps)
    if not todo:
        logging.info("%s is finished.", workdir)
        if chief and not curves.exists():  # A kill came before it.
            page.write(workdir)
        return True
    bank = bank or pipeline.build_bank(config.data, plan.phases, config.seed)
    for later, index in zip(range(len(todo))[::-1], todo, strict=True):
        if not _train_member(plan, workdir, index, bank, later):
            logging.info("Stopped; repeat the command to resume.")
            return False
    if chief:
        page.write(workdir)
    return True


def _train_member(plan, workdir, index, bank, later) -> bool:
    """Trains one member to the end; False if SIGTERM stopped it.

    `later` is how many members come after it.
    """
    config, a_range = plan.config, plan.ranges[index]
    folder = own_folder.make_folder(run_folder.member_folder(workdir, index))
    chief = distribution.is_chief()
    if chief:
        atomic.sweep(folder)
        atomic.sweep(folder / "checkpoints")
    first, state = run_folder.last_checkpoint(workdir, index)
    if first:
        logging.info("Member %d resumes at step %d.", index, first)
    distribution.barrier(f"member {index}")
    with distribution.local():
        validation = validation_lib.Validation(config, plan.profile, a_range)
    with contextlib.ExitStack() as stack:
        sigterm = stack.enter_context(callbacks.Sigterm())
        bar = stack.enter_context(_progress(config, index, first, later))
        journal = None
        if chief:
            journal = journal_lib.Journal(folder, first)
            stack.callback(journal.close)
        run = _callbacks(config, folder, validation, journal, bar, sigterm)
        checkpoints = run[-1]
        for phase in plan.phases:
            # The last phase is built even when all its steps are done: a run
            # may have been stopped before it wrote what it had reached.
            if checkpoints.step >= phase.last and phase is not plan.phases[-1]:
                continue
            with distribution.spread(phase.batch_size):
                trainer = member_phase.build_trainer(config, phase, index)
                if state is not None:
                    checkpoints.sums = trainer_lib.set_state(trainer, state)
                if checkpoints.step < phase.last:
                    step = checkpoints.step
                    member_phase.fit(
                        trainer,
                        member_phase.batches(plan, phase, index, bank, step),
                        phase.batch_size,
                        phase.last - step,
                        run,
                        checkpoints.place,
                    )
                    state = checkpoints.state
                weights = trainer_lib.ema_weights(trainer)
            if checkpoints.stopped:
                break
    if checkpoints.step < config.train.steps:
        return False
    if chief:
        with distribution.local():
            _finish(weights, folder, config, index, a_range, validation)
    distribution.barrier(f"finished {index}")
    return True


def _progress(config, index, first, later) -> TrainingBar:
    return TrainingBar(
        index,
        config.nsma.members,
        later,
        disable=not distribution.is_chief(),
        total=config.train.steps,
        initial=first,
    )


def _callbacks(config, folder, validation, journal, bar, sigterm) -> list:
    """Returns the callbacks of a member, in order; the last saves it."""
    train = config.train
    validate = callbacks.Validate(
        bar, config.validation.every, journal, validation
    )
    return [
        callbacks.Guard(bar),
        callbacks.Log(bar, train.log_every, journal),
        *([validate] if journal else []),
        callbacks.Checkpoints(bar, folder, train, sigterm),
    ]


def _finish(weights, folder, config, index, a_range, validation):
    """Writes the averaged weights and what they reach."""
    half = config.data.patch_size // 2
    member = members.build(config.model, half, half)
    member.set_weights(weights)
    content = members.saved(member)
    atomic.write_bytes(folder / "member.keras", content, overwrite=True)
    record = {
        "index": index,
        "a_range": list(a_range),
        "steps": config.train.steps,
        **validation.record(weights),
        "noisy_psnr": validation.noisy_record(),
        "validated_on": [scene.name for scene in validation.scenes],
    }
    if changed := changes.recorded(folder):
        record["changed"] = changed
    atomic.write_json(folder / "member.json", record, overwrite=True)
