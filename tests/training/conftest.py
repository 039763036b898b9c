"""A run that several files look at."""

import pytest
from runs import small_config

from fanet_tf.training import train


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a run that was never stopped."""
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    train.train(small_config(), workdir)
    return workdir
