import numpy as np
import pytest
from running import edit_manifest

from android_bench import bundle as bundles
from android_bench.bundle import Tile
from fanet_tf.errors import InputError


@pytest.mark.parametrize(
    "tile, halo, tiles", [(256, 32, 88), (512, 32, 20), (256, 16, 70)]
)
def test_tiles_of_a_13_mp_frame(tile, halo, tiles):
    # 3120 x 4208 on the sensor.
    tile = Tile(tile, tile, halo, 8)
    assert bundles.tiles_of(tile, 1560, 2104) == tiles


def test_frame_smaller_than_a_tile_and_its_margins_is_one_tile():
    assert bundles.tiles_of(Tile(256, 512, 32, 8), 200, 480) == 1


def test_tiles_without_halo_just_cover_the_frame():
    assert bundles.tiles_of(Tile(100, 100, 0, 4), 200, 301) == 8


def test_a_megapixel_is_250000_packed_pixels():
    tile = Tile(500, 500, 50, 4)
    assert bundles.network_mp(tile) == 1
    assert bundles.useful_mp(tile) == 0.64


def test_members_and_recipes_are_chosen(make_bundle):
    folder = make_bundle(members=3)
    names = [m.name for m in bundles.read(folder, ["2", "0"]).models]
    assert names == [
        "m0.float32",
        "m0.dynamic_wi8_afp32",
        "m2.float32",
        "m2.dynamic_wi8_afp32",
    ]
    (model,) = bundles.read(folder, ["1"], ["float32"]).models
    assert (model.member, model.recipe) == (1, "float32")


def test_golden_input_is_repeated_to_fill_the_tile(bundle):
    model = bundles.read(bundle).models[0]
    small = np.load(bundle / "golden/member_0_noisy.npy")
    whole = model.golden_noisy()
    assert whole.shape == (1, 64, 48, 4)
    np.testing.assert_array_equal(whole[0, 32:, 32:], small[:, :16])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda m: m.update(schema_version=2), "must be 1 to 1"),
        (lambda m: m.pop("members"), "'members' is a required property"),
        (lambda m: m["members"][0].update(tile=None), r"members\[0\].tile"),
        (
            lambda m: m["members"][0]["tile"].update(halo=24),
            "larger than two halos",
        ),
        (
            lambda m: m["members"][0]["tile"].update(halo=23),
            "at least its stride inside its halo",
        ),
        (lambda m: m["members"][0].pop("golden"), "'golden' is a required"),
        (
            lambda m: m["members"][0]["golden"].update(noisy="../x.npy"),
            "golden.noisy` must follow the schema",
        ),
        (
            lambda m: m["members"][0]["golden"].update(noisy="golden/no.npy"),
            "without golden/no.npy",
        ),
        (
            lambda m: m["members"][0]["recipes"]["float32"].update(file="no"),
            "missing: no",
        ),
        (
            lambda m: m["members"][0]["recipes"]["float32"].update(
                sha256="0" * 64
            ),
            "its SHA-256 must be 0",
        ),
    ],
)
def test_wrong_manifest_is_refused(bundle, change, message):
    edit_manifest(bundle, change)
    with pytest.raises(InputError, match=message):
        bundles.read(bundle)


@pytest.mark.parametrize("text", ["", "[]", "{", "3", "null"])
def test_manifest_that_is_none_is_refused(bundle, text):
    (bundle / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="must be JSON|must be a JSON object"):
        bundles.read(bundle)


def test_unknown_member_is_refused_with_those_there_are(bundle):
    with pytest.raises(InputError, match=r"\(0\)\. Received: 7"):
        bundles.read(bundle, ["7"])
