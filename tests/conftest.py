"""Fixtures that every test may ask for."""

import os
import signal

# Read by TensorFlow when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A shell's background jobs ignore SIGINT, and so would every command that a
# test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng():
    """A generator with a fixed seed; the same numbers in every run."""
    return np.random.default_rng(0)
