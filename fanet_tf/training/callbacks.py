"""What happens beside the steps of a run: guard, log, validation, checkpoints.

Keras calls them in the order of the list, and the order matters: nothing is
logged or saved before the guard has passed, and a checkpoint holds the sums of
the losses as the log left them. Each counts all the steps of its run, so a
resumed run does everything at the steps where an uninterrupted one would have.
"""

import math
import pathlib
import signal
import statistics
import time

import keras
import numpy as np

from fanet_tf.training import checkpoint
from fanet_tf.training import distribution
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training.bar import TrainingBar
from fanet_tf.training.journal import Journal
from fanet_tf.training.validation import Validation


class NonFiniteError(RuntimeError):
    """Training met a loss, batch or weight that is not a number."""


class Sigterm:
    """Notes SIGTERM while its context lasts, where it would end the process."""

    received = False

    def __enter__(self):
        self._previous = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGTERM, self._previous)

    def _note(self, *_):
        self.received = True


class StepCallback(keras.callbacks.Callback):
    """Calls `on_step` every so many steps of a run, and at the last.

    Args:
        bar: has counted the steps already done; its label names the member,
            its total is the last step.
        every: steps between two calls.
    """

    def __init__(self, bar: TrainingBar, every: int = 1):
        super().__init__()
        self.step, self.last, self.label = bar.n, bar.total, bar.label
        self._bar, self._every = bar, every

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step."""
        self.step += 1
        if self.step % self._every == 0 or self.step == self.last:
            self.on_step(logs)


class Guard(StepCallback):
    """Ends a run at the first loss that is not finite."""

    def on_train_begin(self, logs=None):
        """Says that the next step compiles."""
        self._bar.begun()

    def on_step(self, logs):
        """Moves the bar and looks at the loss."""
        self._bar.stepped()
        if not math.isfinite(logs["loss"]):
            raise NonFiniteError(
                f"The loss must be finite. Received: {float(logs['loss'])} at "
                f"step {self.step} of {self.label}"
            )


class Log(StepCallback):
    """Logs the mean losses since the last log, and starts new means.

    Args:
        bar: see `StepCallback`; shows the loss.
        every: steps between two logs.
        journal: takes the means; None in all processes but the first.
    """

    def __init__(self, bar: TrainingBar, every: int, journal: Journal | None):
        super().__init__(bar, every)
        self._journal = journal

    def on_train_begin(self, logs=None):
        """Starts the clock, which the first step starts again."""
        self._since, self._compiled = (time.perf_counter(), self.step), False

    def on_train_batch_end(self, batch, logs=None):
        """Leaves the first step, which compiles, out of the rate."""
        super().on_train_batch_end(batch, logs)
        if not self._compiled:
            self._since, self._compiled = (time.perf_counter(), self.step), True

    def on_step(self, logs):
        """Logs."""
        step, now = self.step, time.perf_counter()
        since, before = self._since
        self._since = (now, step)
        loss = float(logs["loss"])
        terms = {m.name: float(logs[m.name]) for m in self.model.term_means}
        self.model.reset_metrics()
        if self._journal is None:
            return
        record = {"step": step, "loss": loss}
        self._journal.write({**record, "losses": terms} if terms else record)
        rate = (step - before) / (now - since)
        curves = {
            "loss": loss,
            **{f"loss/{name}": value for name, value in terms.items()},
            "steps_per_second": rate,
            "learning_rate": float(self.model.optimizer.learning_rate),
        }
        self._journal.plot(curves, step)
        self._bar.trained(loss, rate)


class Validate(StepCallback):
    """Writes down what the averaged weights reach on held-back photographs.

    Args:
        bar: see `StepCallback`; prints the PSNR.
        every: steps between two validations.
        journal: takes the PSNR of each gain, and pictures.
        validation: the captures.
    """

    def __init__(
        self,
        bar: TrainingBar,
        every: int,
        journal: Journal,
        validation: Validation,
    ):
        super().__init__(bar, every)
        self._journal, self._validation = journal, validation
        self._noisy = statistics.fmean(validation.noisy_psnr().values())

    def on_step(self, logs):
        """Validates."""
        weights = trainer_lib.ema_weights(self.model)
        with distribution.local():
            reached = self._validation.record(weights)
            noisiest = self._validation.gains[-1]
            pictures = self._validation.pictures(weights, noisiest)
        self._journal.write({"step": self.step, **reached})
        kinds = {"": reached["psnr"], **reached.get("psnr_of", {})}
        self._journal.plot(
            {
                f"psnr{kind and f'_{kind}'}/gain_{gain}": score
                for kind, found in kinds.items()
                for gain, score in found.items()
            },
            self.step,
        )
        mean = statistics.fmean(reached["psnr"].values())
        self._bar.validated(mean, self._noisy)
        name = f"noisy_denoised_clean/gain_{noisiest:g}"
        self._journal.show(name, pictures, self.step)
        for kind, found in kinds.items():
            text = "  ".join(f"{g}: {score:.2f}" for g, score in found.items())
            self._bar.write(
                f"{self.label} step {self.step}: PSNR (dB)"
                f"{f' of {kind} scenes' if kind else ''} at gain {text}"
            )


class Checkpoints(StepCallback):
    """Saves the state of a run, also when SIGTERM asks it to stop.

    Args:
        bar: see `StepCallback`.
        folder: of the member.
        train: the config's `train` section.
        sigterm: tells whether to stop.
    """

    def __init__(self, bar: TrainingBar, folder, train, sigterm: Sigterm):
        super().__init__(bar)
        self._folder = pathlib.Path(folder) / "checkpoints"
        self._train, self._sigterm = train, sigterm
        self.sums = []  # Of the losses, from the checkpoint.
        self.state = None  # At the end of a phase.
        self.stopped = False

    def place(self) -> str:
        """Names the batch that comes next."""
        return f"the batch of step {self.step + 1} of {self.label}"

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the sums of the losses, which Keras has just emptied."""
        trainer_lib.set_sums(self.model, self.sums)
        self.sums = []

    def on_epoch_end(self, epoch, logs=None):
        """Keeps the state for the next phase.

        Keras ends `fit` by putting the averages in the place of the weights,
        and a run that resumes from a checkpoint would not see that.
        """
        self.state = trainer_lib.get_state(self.model)

    def on_step(self, logs):
        """Saves where it is due."""
        train, step = self._train, self.step
        if distribution.num_processes() == 1:
            self.stopped = self._sigterm.received
        elif step % train.log_every == 0:
            # Several processes must stop at the same step.
            self.stopped = distribution.any_process(self._sigterm.received)
        due = step % train.checkpoint_every == 0 or step == self.last
        if due or self.stopped:
            self._save()
        if self.stopped:
            self.model.stop_training = True

    def _save(self):
        state = trainer_lib.get_state(self.model)
        if not all(np.isfinite(array).all() for array in state):
            raise NonFiniteError(
                "Every weight must be finite. Received: NaN or infinity at "
                f"step {self.step} of {self.label}; nothing was saved"
            )
        if distribution.is_chief():
            checkpoint.save(
                self._folder, self.step, state, self._train.keep_checkpoints
            )
