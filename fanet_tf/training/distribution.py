"""Training on several devices and several machines.

* Several GPUs of one machine: `MirroredStrategy` on the TensorFlow backend,
  `keras.distribution.DataParallel` on JAX; whatever is there is used.
* Several machines: JAX only, one process each, started with the same command
  but for its number (`fanet-train --coordinator=HOST:PORT --num_processes=N
  --process_id=I`). Every process must see the same `workdir`.

A batch is the same one whatever it is spread over: process `i` of `n` takes
its `i`-th part of each. The first process alone writes.
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from fanet_tf.errors import InputError


def _is_jax() -> bool:
    return keras.backend.backend() == "jax"


def initialize(coordinator: str, num_processes: int, process_id: int) -> None:
    """Joins the processes of a run; must come before any computation.

    Args:
        coordinator: `HOST:PORT` of process 0.
        num_processes: how many there are.
        process_id: 0 to `num_processes - 1`.
    """
    if not _is_jax():
        raise InputError(
            "Several processes need the JAX backend: set KERAS_BACKEND=jax. "
            f"Received: {keras.backend.backend()}"
        )
    if not 0 <= process_id < num_processes or ":" not in coordinator:
        raise InputError(
            "`coordinator` must be HOST:PORT and `process_id` one of 0 to "
            f"`num_processes` - 1. Received: {coordinator!r}, "
            f"num_processes={num_processes}, process_id={process_id}"
        )
    keras.distribution.initialize(coordinator, num_processes, process_id)


def num_processes() -> int:
    """Returns how many processes train together."""
    if not _is_jax():
        return 1
    import jax

    return jax.process_count()


def process_id() -> int:
    """Returns the number of this process."""
    if not _is_jax():
        return 0
    import jax

    return jax.process_index()


def is_chief() -> bool:
    """Tells whether this process writes the run's files."""
    return process_id() == 0


def gpus() -> list[str]:
    """Returns TensorFlow's names of this machine's GPUs."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


@contextlib.contextmanager
def spread(batch_size: int):
    """On JAX, spreads what is built and trained inside over all devices.

    Args:
        batch_size: must be a multiple of their number.
    """
    if not _is_jax():
        yield
        return
    # TensorFlow only feeds; it would take all memory of a GPU.
    tf.config.set_visible_devices([], "GPU")
    devices = keras.distribution.list_devices()
    _check(batch_size, len(devices))
    if len(devices) > 1:
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(
                devices=devices, auto_shard_dataset=False
            )
        )
    try:
        yield
    finally:
        keras.distribution.set_distribution(None)


@contextlib.contextmanager
def mirrored(batch_size: int):
    """On TensorFlow, mirrors variables made inside on all GPUs.

    Args:
        batch_size: must be a multiple of their number.
    """
    devices = [] if _is_jax() else gpus()
    _check(batch_size, max(len(devices), 1))
    if len(devices) < 2:
        yield
        return
    with tf.distribute.MirroredStrategy(devices).scope():
        yield


def _check(batch_size, num_devices):
    if batch_size % num_devices:
        raise InputError(
            "`data.batch_size` must be a multiple of the number of devices. "
            f"Received: {batch_size} for {num_devices}"
        )
    if num_devices > 1:
        logging.info("Training on %d devices.", num_devices)


@contextlib.contextmanager
def local():
    """Computes inside on this process alone, with variables of its own."""
    if not _is_jax():
        yield
        return
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def share(dataset: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Returns this process's part of each batch."""
    count, index = num_processes(), process_id()
    if count == 1:
        return dataset
    part = batch_size // count
    rows = slice(index * part, (index + 1) * part)
    return dataset.map(
        lambda inputs, clean: (
            {name: value[rows] for name, value in inputs.items()},
            clean[rows],
        )
    ).prefetch(4)


def any_process(flag: bool) -> bool:
    """Tells whether `flag` is set in any process; all must call it."""
    if num_processes() == 1:
        return flag
    from jax.experimental import multihost_utils

    flags = multihost_utils.process_allgather(np.array(flag))
    return bool(np.any(flags))


def barrier(name: str) -> None:
    """Waits until every process is here."""
    if num_processes() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(name)
