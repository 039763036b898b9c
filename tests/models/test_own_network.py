"""A network of the user's own is built, and only code that was named is run."""

import hashlib

import numpy as np
import pytest

from fanet_tf import models
from fanet_tf.errors import InputError
from fanet_tf.models import cost
from fanet_tf.models import own_network

SOURCE = """
import keras
STRIDE = 2
RAN = True
def build(height, width):
    frame = keras.Input((height, width, 4))
    half = keras.layers.MaxPooling2D()(frame)
    half = keras.layers.SeparableConv2D(8, 3, padding="same")(half)
    wide = keras.layers.Conv2DTranspose(4, 2, strides=2)(half)
    return keras.Model(frame, wide)
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(SOURCE)
    return path


def section(path, **changes):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": "own", "function": "build", "sha256": digest, **changes}


def test_a_named_network_is_built_like_ours(path):
    model = own_network.use(f"{path}:build")
    assert model == section(path)
    assert models.stride(**model) == 2
    member = models.build(height=16, width=24, **model)
    noisy = np.random.default_rng(0).random((1, 16, 24, 4), np.float32)
    ones = np.ones((1, 1, 1, 1), np.float32)
    denoised = member({"noisy": noisy, "scale": ones, "offset": ones})
    assert denoised.shape == noisy.shape
    core = member.get_layer("core")
    # 3 x 3 on 4 channels, 4 to 8, 2 x 2 from 8 to 4; biases beside.
    assert cost.count(core).weights == 36 + 32 + 128
    assert cost.count(core).parameters == core.count_params()


def test_a_config_alone_runs_nothing(path):
    path.write_text(SOURCE + "# another\n")
    with pytest.raises(InputError, match="--network=FILE.py:FUNCTION must"):
        models.build(height=16, width=24, **section(path))
    with pytest.raises(InputError, match="--network=FILE.py:FUNCTION must"):
        models.stride(**section(path))


@pytest.mark.parametrize(
    "before, after, message",
    [
        ("STRIDE = 2", "", "must define STRIDE"),
        ("STRIDE = 2", "STRIDE = 3", "one of 1, 2, 4, 8, 16, 32"),
        ("def build", "def make", r"must define build\(height, width\)"),
        ("import keras", "import keras, nowhere", "No module named 'nowhere'"),
        ("RAN = True", "1 +", "SyntaxError"),
    ],
)
def test_a_file_that_is_no_network_is_refused(path, before, after, message):
    path.write_text(SOURCE.replace(before, after))
    with pytest.raises(InputError, match=message):
        own_network.use(f"{path}:build")


@pytest.mark.parametrize(
    "before, after, message",
    [
        ("Conv2DTranspose(4,", "Conv2DTranspose(3,", "to the same shape"),
        ("return keras", "return 3 or keras", "must return a keras.Model"),
        ("(half)\n", "(half, 0)\n", "must build a network; STRIDE is 2"),
    ],
)
def test_a_function_that_builds_something_else_is_refused(
    path, before, after, message
):
    path.write_text(SOURCE.replace(before, after))
    model = own_network.use(f"{path}:build")
    with pytest.raises(InputError, match=message):
        models.core(height=16, width=24, **model)


@pytest.mark.parametrize("network", ["net.py", "net:build", "net.py:a b"])
def test_a_flag_that_names_no_function_is_refused(network):
    with pytest.raises(InputError, match="must be given. Received"):
        own_network.use(network)
