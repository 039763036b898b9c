"""Laws that hold for each named network."""

import importlib.util

import numpy as np
import pytest
from helpers import ROOT
from helpers import randomise

from fanet_tf import models
from fanet_tf import variants
from fanet_tf.config import default_config
from fanet_tf.errors import InputError
from fanet_tf.models import receptive
from fanet_tf.variants import RIVALS
from fanet_tf.variants import STUDENTS


def small_weights(model):
    """Random ones under which gates, which multiply, do not overflow."""
    randomise(model)
    model.set_weights([0.3 * w for w in model.get_weights()])


# Left to the slow tests: alike R1, which is always tested, or a rival.
_ALIKE = ("fan_no_skips", "fan_detail", "fan_bands", *RIVALS)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in _ALIKE else name
        for name in (*STUDENTS, *RIVALS)
    ],
)
def test_a_tile_with_its_measured_halo_gives_what_the_frame_gives(rng, name):
    model = {**variants.get(name).model, "group_form": "dense"}
    stride = models.stride(**model)

    def core(height, width):
        return models.core(height=height, width=width, **model)

    halo = receptive.halo(receptive.radius(core, stride), stride)
    # A strip as wide as the stride: rows and columns reach alike.
    size = 2 * halo + 2 * stride
    frame = core(2 * size, stride)
    tile = core(size, stride)
    (randomise if model["name"] == "unet" else small_weights)(frame)
    tile.set_weights(frame.get_weights())
    x = rng.random((1, 2 * size, stride, 4), dtype=np.float32)
    start = size // stride // 2 * stride
    whole = np.asarray(frame(x))[:, start + halo : start + size - halo]
    cut = np.asarray(tile(x[:, start : start + size]))[:, halo:-halo]
    assert np.isfinite(whole).all()
    scale = max(float(np.abs(whole).max()), 1.0)
    np.testing.assert_allclose(cut / scale, whole / scale, atol=1e-6)


@pytest.mark.parametrize("name", list(variants.VARIANTS))
def test_every_variant_has_a_config(name):
    path = ROOT / "configs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.get_config().model.to_dict()
    assert model == variants.get(name).model
    assert variants.title(model) == variants.get(name).title


@pytest.mark.parametrize(
    "name", ["fan_gate", "pmrid", "nafnet", "teacher_quarter"]
)
def test_networks_of_other_kinds_leave_their_input_alone_untrained(rng, name):
    model = variants.get(name).model
    size = models.stride(**model)
    member = models.build(height=2 * size, width=size, **model)
    noisy = rng.random((1, 2 * size, size, 4), dtype=np.float32)
    one = np.ones((1, 1, 1, 1), np.float32)
    x = {"noisy": noisy, "scale": 300 * one, "offset": 3 * one}
    np.testing.assert_array_equal(member(x), noisy)
    small_weights(member)
    assert np.isfinite(np.asarray(member(x))).all()


@pytest.mark.parametrize(
    "name, sizes, message",
    [
        ("pmrid", {"height": 24}, "height=24"),
        ("pmrid", {"widths": (8, 8, 8, 30)}, r"widths=\(8, 8, 8, 30\)"),
        ("pmrid", {"decoder_widths": (16,)}, r"decoder_widths=\(16,\)"),
        ("gated", {"base_width": 0}, "base_width=0"),
        ("gated", {"width": 20}, "width=20"),
        ("upi", {"levels": 0}, "levels=0"),
        ("upi", {"stem_input": "raw"}, "stem_input='raw'"),
    ],
)
def test_impossible_rivals_are_refused(name, sizes, message):
    arguments = {"name": name, "height": 32, "width": 32, **sizes}
    with pytest.raises(ValueError, match=f"Received: .*{message}"):
        models.build(**arguments)


def test_a_run_older_than_a_field_keeps_its_title():
    model = dict(variants.get("fan_bands").model)
    del model["fa_input"]
    assert variants.title(model) == variants.get("fan_bands").title


def test_an_unknown_variant_is_the_users_mistake():
    with pytest.raises(InputError, match="Received: 'resnet'"):
        default_config("resnet")
