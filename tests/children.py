"""Training runs in processes of their own, to be killed.

A fork server imports TensorFlow once, so a child costs its tracing alone.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading

import keras
import numpy as np
from runs import small_config

from fanet_tf.files import atomic
from fanet_tf.training import callbacks
from fanet_tf.training import checkpoint
from fanet_tf.training import run_folder
from fanet_tf.training import train

KILLED = -signal.SIGKILL


def outcome(workdir):
    """Returns all that a finished run leaves but the clock's times."""
    folder = run_folder.member_folder(workdir, 0)
    member = keras.models.load_model(folder / "member.keras", compile=False)
    step, state = checkpoint.latest(folder / "checkpoints")
    texts = [
        (folder / name).read_text() for name in ("metrics.jsonl", "member.json")
    ]
    return step, texts, [*member.get_weights(), *state]


def check_same(workdir, reference):
    step, texts, arrays = outcome(workdir)
    expected_step, expected_texts, expected = outcome(reference)
    assert (step, texts) == (expected_step, expected_texts)
    for mine, theirs in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def tiny_config(steps):
    """Returns a config whose logs and checkpoints fall apart."""
    config = small_config()
    config.model.feature_align = False
    config.data.batch_size = 2
    config.train.steps = steps
    config.train.checkpoint_every = 3
    config.train.log_every = 2
    config.validation.every = 1000
    config.validation.gains = (16.0,)
    config.validation.limit = 1
    config.validation.size = 32
    return config


def run(target, *arguments, timeout=600):
    """Runs `target(*arguments)` in a child; returns its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["children"])
    child = context.Process(target=target, args=arguments)
    child.start()
    child.join(timeout)
    if child.exitcode is None:
        child.kill()
        raise TimeoutError("a training run hung")
    return child.exitcode


def train_until(workdir, steps, kill=None):
    """Trains until the process kills itself, or to the end.

    Args:
        workdir: of the run.
        steps: of the run.
        kill: None, `("write", nth, share)`: SIGKILL after that share of the
            bytes of the nth checkpoint; `("rename", nth, 0)`: when it is whole
            but not yet renamed; `("step", nth, delay)`: so many seconds after
            the nth step; `("term", nth, 0)`: SIGTERM there.
    """
    if kill is not None:
        _ARM[kill[0]](*kill[1:])
    train.train(tiny_config(steps), workdir)


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def _arm_write(nth, share):
    writing, count = checkpoint.atomic.writing, iter(range(1, 1000))

    class Cut:
        def __init__(self, stream):
            self._stream = stream

        def write(self, data):
            if len(data) > 2000:  # The payload, not the header.
                self._stream.write(data[: int(share * len(data))])
                self._stream.flush()
                _die()
            self._stream.write(data)

    @contextlib.contextmanager
    def cut(path, **policy):
        with writing(path, **policy) as stream:
            last = path.suffix == ".ckpt" and next(count) == nth
            yield Cut(stream) if last else stream

    checkpoint.atomic.writing = cut


def _arm_rename(nth, _):
    count = iter(range(1, 1000))

    def observer(step, path):
        if step == "written" and path.suffix == ".ckpt" and next(count) == nth:
            _die()

    atomic.observer = observer


def _arm_step(nth, delay, act=_die):
    on_batch_end, count = (
        callbacks.Guard.on_train_batch_end,
        iter(range(1, 1000)),
    )

    def hooked(self, batch, logs=None):
        if next(count) == nth:
            if delay:
                threading.Timer(delay, act).start()
            else:
                act()
        on_batch_end(self, batch, logs)

    callbacks.Guard.on_train_batch_end = hooked


def _arm_term(nth, delay):
    _arm_step(nth, delay, lambda: os.kill(os.getpid(), signal.SIGTERM))


_ARM = {
    "write": _arm_write,
    "rename": _arm_rename,
    "step": _arm_step,
    "term": _arm_term,
}


def train_on_two_devices(workdir, steps):
    """Trains on two logical devices of the CPU, as on two GPUs."""
    import tensorflow as tf

    from fanet_tf.training import distribution

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * 2,
    )
    distribution.gpus = lambda: ["CPU:0", "CPU:1"]
    train.train(tiny_config(steps), workdir)


def command(arguments, stderr):
    """Runs `fanet-train` with its stderr in a file."""
    from fanet_tf.cli import train as cli

    with open(stderr, "w") as stream:
        os.dup2(stream.fileno(), 2)
    sys.argv = ["fanet-train", *arguments]
    cli.cli()
