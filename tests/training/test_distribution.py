"""Two processes that train one run, and batches from a service."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from children import tiny_config
from helpers import ROOT

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.errors import InputError
from fanet_tf.training import distribution
from fanet_tf.training import run_folder
from fanet_tf.training import train
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule

# What each process of a run does: trains, then writes its own weights down.
PROCESS = """
import sys
import numpy as np
from children import tiny_config
from fanet_tf.training import distribution, train, trainer

coordinator, process, workdir = sys.argv[1:]
distribution.initialize(coordinator, 2, int(process))
ema_weights, weights = trainer.ema_weights, {}

def keep(model):
    weights["member"] = [np.asarray(w) for w in model.member.get_weights()]
    weights["ema"] = ema_weights(model)
    return weights["ema"]

trainer.ema_weights = keep
train.train(tiny_config(4), workdir + "/run")
flat = [w for group in weights.values() for w in group]
np.savez(f"{workdir}/process_{process}.npz", *flat)
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def test_two_processes_end_with_equal_weights(tmp_path):
    address = f"localhost:{free_port()}"
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "PYTHONPATH": str(ROOT / "tests"),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, address, str(i), str(tmp_path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for i in range(2)
    ]
    logs = [process.communicate(timeout=500)[0] for process in processes]
    assert [p.returncode for p in processes] == [0, 0], logs[0] + logs[1]
    one, other = (np.load(tmp_path / f"process_{i}.npz") for i in range(2))
    assert len(one.files) > 20
    for name in one.files:
        np.testing.assert_array_equal(one[name], other[name])
    # They took two steps of the same batches as one process would.
    train.train(tiny_config(4), tmp_path / "alone")
    losses = [
        json.loads(
            (run_folder.member_folder(tmp_path / name, 0) / "metrics.jsonl")
            .read_text()
            .splitlines()[0]
        )["loss"]
        for name in ("run", "alone")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert run_folder.is_finished(tmp_path / "run", 0)


def test_several_processes_need_jax():
    with pytest.raises(InputError, match="KERAS_BACKEND=jax"):
        distribution.initialize("localhost:1", 2, 0)


def test_each_process_takes_its_part_of_a_batch(monkeypatch):
    rows = np.arange(6)
    dataset = tf.data.Dataset.from_tensors(({"noisy": rows}, rows))
    monkeypatch.setattr(distribution, "num_processes", lambda: 3)
    parts = []
    for index in range(3):
        monkeypatch.setattr(distribution, "process_id", lambda i=index: i)
        for inputs, clean in distribution.share(dataset, 6):
            np.testing.assert_array_equal(inputs["noisy"], clean)
            parts.append(clean)
    np.testing.assert_array_equal(np.concatenate(parts), rows)


def test_batches_are_the_same_from_a_service():
    service = tf.data.experimental.service
    dispatcher = service.DispatchServer()
    workers = [
        service.WorkerServer(
            service.WorkerConfig(dispatcher.target.removeprefix("grpc://"))
        )
        for _ in range(2)
    ]
    config = tiny_config(6)
    profile = profile_lib.load(config.data.profile)
    (phase,) = schedule.phases(config.train, config.data)
    bank = pipeline.build_bank(config.data, [phase], config.seed)

    def batches():
        dataset = pipeline.batches(
            config.data, phase, bank, profile, (1e-3, 2e-3), 7, 2
        )
        return sorted(clean.numpy().tobytes() for _, clean in dataset)

    drawn = batches()
    config.data.service = dispatcher.target
    assert batches() == drawn and len(drawn) == 4
    del workers


def test_a_batch_must_fit_the_devices():
    with pytest.raises(InputError, match="Received: 3 for 2"):
        distribution._check(3, 2)
