"""Laws that hold for each named network."""

import importlib.util
import json

import keras
import numpy as np
import pytest
from helpers import ROOT
from helpers import randomise

from fanet_tf import models
from fanet_tf import variants
from fanet_tf.config import default_config
from fanet_tf.errors import InputError
from fanet_tf.models import receptive
from fanet_tf.training import run_folder
from fanet_tf.variants import RIVALS
from fanet_tf.variants import STUDENTS


def small_weights(model):
    """Random ones under which gates, which multiply, do not overflow."""
    randomise(model)
    model.set_weights([0.3 * w for w in model.get_weights()])


# Left to the slow tests: alike R1, which is always tested, or a rival.
_ALIKE = ("fan_no_skips", *RIVALS)


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
    path = ROOT / "configs" / "paper.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert name in module.__doc__
    model = module.get_config(name).model.to_dict()
    assert model == variants.get(name).model
    assert variants.title(model) == variants.get(name).title


@pytest.mark.parametrize(
    "name, changes",
    [
        ("fan_gate", {}),
        ("fan_half", {}),
        ("pmrid", {}),
        ("nafnet", {}),
        ("teacher", {"base_width": 8}),
    ],
)
def test_networks_of_other_kinds_leave_their_input_alone_untrained(
    rng, name, changes
):
    model = {**variants.get(name).model, **changes}
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
        ("gated", {"widths": (8, 0)}, r"widths=\(8, 0\)"),
        ("gated", {"widths": (8,)}, r"widths=\(8,\)"),
        ("gated", {"width": 20}, "width=20"),
        (
            "gated",
            {"width": 34, "stem_stride": 2, "widths": (8, 8)},
            "width=34",
        ),
        ("gated", {"stem_stride": 3}, "stem_stride=3"),
        ("gated", {"middle": "depth points"}, "'points' in mid"),
        ("gated", {"encoder": ("point",)}, r"encoder=\('point',\)"),
        ("gated", {"base_width": 12}, "base_width=12"),
        ("upi", {"levels": 0}, "levels=0"),
        ("upi", {"stem_input": "raw"}, "stem_input='raw'"),
    ],
)
def test_impossible_rivals_are_refused(name, sizes, message):
    arguments = {"name": name, "height": 32, "width": 32, **sizes}
    with pytest.raises(ValueError, match=f"Received: .*{message}"):
        models.build(**arguments)


def test_a_run_older_than_a_field_keeps_its_title():
    model = dict(variants.get("fan").model)
    del model["fa_input"]
    assert variants.title(model) == variants.get("fan").title


# What `config.json` said of these networks when the shipped array was trained.
_OLDER = {
    "fan": {
        "name": "unet",
        "transform": "anscombe",
        "widths": [16, 32, 64, 64],
        "blocks": 1,
        "mid_blocks": 2,
        "expansion": 2,
        "group_width": 4,
        "kernel_size": 3,
        "block_residual": True,
        "feature_align": True,
        "fa_hidden": 8,
        "fa_kernel": 3,
        "fa_input": "stabilised",
        "skip_ratio": 2,
        "fusion": "add",
        "downsampling": "max",
        "upsampling": "bilinear",
        "output": "residual",
        "stem_input": "detail",
        "detail_cells": [],
    },
    "fan_gate": {
        "name": "gated",
        "transform": "anscombe",
        "base_width": 12,
        "blocks": [1, 1, 1],
        "mid_blocks": 2,
        "feature_align": True,
        "fa_hidden": 4,
        "fa_kernel": 3,
        "stem_input": "detail",
        "head_kernel": 1,
    },
}
_OLDER["nafnet"] = {
    **_OLDER["fan_gate"],
    "feature_align": False,
    "head_kernel": 3,
}


@pytest.mark.parametrize("name", list(_OLDER))
def test_a_run_of_older_fields_is_the_variant_of_today(name, tmp_path):
    record = json.dumps({"model": _OLDER[name]})
    (tmp_path / "config.json").write_text(record)
    model = run_folder.read_config(tmp_path).model.to_dict()
    today = variants.get(name).model
    assert model == json.loads(json.dumps(today))
    assert variants.title(_OLDER[name]) == variants.get(name).title
    cores = [
        models.core(height=32, width=32, **sizes) for sizes in (model, today)
    ]
    first, second = ([w.path for w in core.weights] for core in cores)
    assert first == second


def test_the_shipped_members_are_fan_half(rng):
    """Layer by layer: their `.keras` files hold the layers' own settings."""
    folder = ROOT / "fanet_tf/zoo/imx258_keras/member_0"
    shipped = keras.models.load_model(folder / "member.keras", compile=False)
    _, height, width, _ = shipped.get_layer("core").input_shape
    model = {
        **variants.get("fan_half").model,
        "transform": "signed_anscombe_algebraic",
    }
    today = models.build(height=height, width=width, **model)
    assert [w.path for w in today.weights] == [w.path for w in shipped.weights]
    today.set_weights(shipped.get_weights())
    noisy = rng.random((1, height, width, 4), dtype=np.float32)
    one = np.ones((1, 1, 1, 1), np.float32)
    x = {"noisy": noisy, "scale": 4000 * one, "offset": 8 * one}
    np.testing.assert_array_equal(today(x), shipped(x))


def test_a_network_that_was_taken_out_names_the_commit_that_builds_it():
    with pytest.raises(InputError, match="commit b3c5caa .*'gated'"):
        variants.current({**_OLDER["fan"], "output": "gated"})


def test_an_unknown_variant_is_the_users_mistake():
    with pytest.raises(InputError, match="Received: 'resnet'"):
        default_config("resnet")
