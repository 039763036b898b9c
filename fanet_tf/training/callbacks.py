"""What happens beside the steps of a run: guards, log, checkpoints.

All count the optimizer's own iterations, so a resumed run does everything at
the steps where the uninterrupted one would have.
"""

import math
import pathlib
import signal
import time

import keras
import numpy as np
from tqdm import tqdm

from fanet_tf.training import checkpoint
from fanet_tf.training import distribution
from fanet_tf.training import journal
from fanet_tf.training import trainer as trainer_lib


class NonFiniteError(RuntimeError):
    """Training met a loss, batch or weight that is not a number."""


class TrainingCallback(keras.callbacks.Callback):
    """Progress, guards, log, validation, checkpoints and SIGTERM of one run.

    One callback, since the order matters: nothing is saved before the guards
    have passed, and nothing is logged twice.

    Args:
        folder: of the member.
        config: of the run.
        first: step the run starts from.
        validation: `validation.Validation`.
        writer: TensorBoard writer with `scalar` and `image`.
        label: of the progress bar.
    """

    def __init__(self, folder, config, first, validation, writer, label):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.config = config
        self.step = first
        self.validation = validation
        self.writer = writer
        self.label = label
        self.sums = []
        self.terminated = False
        self._chief = distribution.is_chief()
        self._alone = distribution.num_processes() == 1
        self._bar = None
        if self._chief:
            self.journal = journal.Journal(self.folder / "metrics.jsonl", first)

    def on_train_begin(self, logs=None):
        """Opens the progress bar and listens to SIGTERM."""
        self._bar = tqdm(
            disable=not self._chief,
            total=self.config.train.steps,
            initial=self.step,
            desc=self.label,
            unit="step",
            mininterval=1.0,
            dynamic_ncols=True,
        )
        self._previous = signal.signal(signal.SIGTERM, self._on_sigterm)
        self._since = (time.perf_counter(), self.step)

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the sums of the losses, which Keras has just emptied."""
        trainer_lib.set_sums(self.model, self.sums)
        self.sums = []

    def _on_sigterm(self, *_):
        self.terminated = True

    def on_train_batch_end(self, batch, logs=None):
        """Does what is due at this step."""
        self.step += 1
        self._bar.update()
        train, step = self.config.train, self.step
        loss = float(logs["loss"])  # Mean since the last log.
        if not math.isfinite(loss):
            raise NonFiniteError(
                f"The loss must be finite. Received: {loss} at step {step} of "
                f"{self.label}"
            )
        last = step == train.steps
        if step % train.log_every == 0 or last:
            self._log(loss, logs)
        if step % self.config.validation.every == 0 or last:
            if self._chief:
                self._validate()
        # Several processes must stop at the same step.
        if self._alone:
            stop = self.terminated
        elif step % train.log_every == 0:
            stop = self.terminated = distribution.any_process(self.terminated)
        else:
            stop = False
        if step % train.checkpoint_every == 0 or last or stop:
            self._save()
        if stop:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Closes the bar and gives SIGTERM back."""
        self.close()

    def close(self):
        """The same, for a run that ended with an exception."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            signal.signal(signal.SIGTERM, self._previous)

    def _log(self, loss, logs):
        now = time.perf_counter()
        since, step = self._since
        rate = (self.step - step) / (now - since)
        self._since = (now, self.step)
        terms = {m.name: float(logs[m.name]) for m in self.model.term_means}
        self.model.reset_metrics()
        if not self._chief:
            return
        record = {"step": self.step, "loss": loss}
        if terms:
            record["losses"] = terms
        self.journal.write(record)
        self.writer.scalar("loss", loss, self.step)
        for name, value in terms.items():
            self.writer.scalar(f"loss/{name}", value, self.step)
        self.writer.scalar("steps_per_second", rate, self.step)
        self.writer.scalar(
            "learning_rate",
            float(self.model.optimizer.learning_rate),
            self.step,
        )
        self._bar.set_postfix_str(f"loss {loss:.3g}")

    def _validate(self):
        weights = trainer_lib.ema_weights(self.model)
        with distribution.local():
            scores = self.validation.psnr(weights)
            gain = self.validation.gains[-1]
            pictures = self.validation.pictures(weights, gain)
        self.journal.write(
            {
                "step": self.step,
                "psnr": {f"{gain:g}": score for gain, score in scores.items()},
            }
        )
        for gain, score in scores.items():
            self.writer.scalar(f"psnr/gain_{gain:g}", score, self.step)
        self.writer.image(
            f"noisy_denoised_clean/gain_{gain:g}", pictures, self.step
        )
        text = "  ".join(f"{g:g}: {s:.2f}" for g, s in scores.items())
        self._bar.write(
            f"{self.label} step {self.step}: PSNR (dB) at gain {text}"
        )

    def _save(self):
        state = trainer_lib.get_state(self.model)
        if not all(np.isfinite(array).all() for array in state):
            raise NonFiniteError(
                "Every weight must be finite. Received: NaN or infinity at "
                f"step {self.step} of {self.label}; nothing was saved"
            )
        if not self._chief:
            return
        checkpoint.save(
            self.folder / "checkpoints",
            self.step,
            state,
            self.config.train.keep_checkpoints,
        )
