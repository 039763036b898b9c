"""What a bundle must hold, and how it is refused."""

import json
import shutil

import bundles
import pytest

from fanet_tf.denoising import bundle
from fanet_tf.errors import InputError


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(bundles.small().folder, tmp_path / "bundle")


def edit(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def rename(manifest, name):
    recipes = manifest["members"][0]["recipes"]
    recipes[name] = recipes.pop("float32")


def test_the_manifest_is_read(folder):
    array = bundle.load(folder)
    assert array.recipes == ["float32", "dynamic_wi8_afp32"]
    first, second = array.members
    assert first.below_black == "clipped"  # Absent from older bundles.
    assert first.tile == bundle.Tile(32, 48, 8, 2)
    assert second.path("float32").name == "member_1_float32.tflite"
    assert array.noise["sensor"] == "Sony IMX258"


def test_each_a_is_served_by_one_member(folder):
    array = bundle.load(folder)
    low, middle, high = array.edges
    for a, index in (
        (low / 10, 0),
        (low, 0),
        (middle * (1 - 1e-9), 0),
        (middle, 1),
        (high, 1),
        (high * 10, 1),
    ):
        assert array.member_for(a).index == index


def test_the_gains_of_the_shipped_array_lie_inside():
    """Its edges are rounded to float32; 64 is no gain outside."""
    array = bundle.load()
    for gain, inside in ((0.99, False), (1, True), (64, True), (64.1, False)):
        assert array.covers(2.1e-4 * gain) == inside


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda m: m.update(schema_version=2), "newer bundle needs a newer"),
        (lambda m: m.update(schema_version="1"), "Received: '1'"),
        (lambda m: m.pop("members"), "'members' is a required property"),
        (lambda m: m.update(members=[]), "`members` must follow the schema"),
        (lambda m: m["selector"].update(edges=[3, 2, 1]), "must rise"),
        (
            lambda m: m.update(
                tiling={
                    "mirrored": 16,
                    "mirror": "about_outer_pixel",
                    "last_tile": "ends_with_padded_frame",
                    "small_frame": "mirrored_to_a_tile",
                }
            ),
            "`tiling.mirrored` must be 8 packed pixels with a halo of 8",
        ),
        (lambda m: m["packing"].update(order=["R", "B"]), "`packing.order`"),
        (lambda m: m["members"][0].update(index=1), "must be in order"),
        (lambda m: m["members"][0]["tile"].update(halo=16), "two halos"),
        (lambda m: m["members"][0]["tile"].update(height=64), "inputs must be"),
        (
            lambda m: m["members"][0].update(recipes={}),
            r"`members\[0\].recipes`",
        ),
        (
            lambda m: m["members"][0]["recipes"]["float32"].update(
                file="../manifest.json"
            ),
            r"`members\[0\].recipes.float32.file`",
        ),
        (
            lambda m: m["members"][0]["recipes"]["float32"].update(file="x"),
            "is missing: x",
        ),
        (
            lambda m: m["members"][0]["recipes"]["float32"].update(file="x\n"),
            "one plain name",
        ),
        (
            lambda m: m["members"][0].update(below_black="grey"),
            r"`members\[0\].below_black`",
        ),
        (lambda m: m["noise"].update(gain_range=[1]), "`noise.gain_range`"),
        (
            lambda m: m["noise"].update(a_coefficients=[0, float("inf")]),
            "Infinity is not a number of JSON",
        ),
        (lambda m: m["selector"]["edges"].append(10**400), "401 digits"),
        (lambda m: m["noise"].update(gain_range=[64, 1]), "must rise"),
        (lambda m: m["noise"].update(base_iso=0), "`noise.base_iso`"),
        (lambda m: m["members"][0].update(gain_range=[64, 1]), "must rise"),
        (
            lambda m: m["members"][0].update(transform="asinh"),
            r"`members\[0\].transform`",
        ),
        (lambda m: rename(m, "a/b"), "recipes`"),
        (lambda m: rename(m, "\x1b[2J"), "recipes`"),
        (lambda m: m["members"][0]["tile"].update(halo=True), "tile.halo`"),
    ],
)
def test_a_wrong_manifest_is_refused(folder, change, message):
    edit(folder, change)
    with pytest.raises(InputError, match=message):
        bundle.load(folder)


def test_a_changed_file_is_refused(folder):
    path = folder / "member_1_float32.tflite"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="SHA-256 must be"):
        bundle.load(folder)


def test_a_file_that_is_no_flatbuffer_is_refused(folder):
    """The right digest does not make a library a model."""
    path = folder / "member_1_float32.tflite"
    path.write_bytes(b"\x7fELF" + bytes(100))

    def change(manifest):
        entry = manifest["members"][1]["recipes"]["float32"]
        entry["sha256"] = bundle.sha256(path)

    edit(folder, change)
    with pytest.raises(InputError, match="TFL3"):
        bundle.load(folder)


def test_names_that_are_shown_hold_no_escape_codes(folder):
    edit(folder, lambda m: m.update(name="\x1b[2Ja\nb\ud800"))
    edit(folder, lambda m: m["noise"].update(sensor="\x07x"))
    array = bundle.load(folder)
    assert (array.name, array.noise["sensor"]) == ("[2Ja b\\ud800", "x")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, "\xff", '{"x": NaN}']
)
def test_what_is_no_manifest_is_refused(folder, text):
    (folder / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError):
        bundle.load(folder)


def test_an_unknown_recipe_names_the_known_ones(folder):
    with pytest.raises(InputError, match="one of float32, dynamic_wi8_afp32"):
        bundle.load(folder).members[0].path("int8")


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be a folder"):
        bundle.load(tmp_path / "none")


def test_a_shipped_array_is_known_by_its_name(tmp_path, monkeypatch):
    assert "imx258" in bundle.shipped()
    assert bundle.load("imx258").folder == bundle.load().folder
    # A folder of that name, where the user stands, comes first.
    shutil.copytree(bundles.small().folder, tmp_path / "imx258")
    monkeypatch.chdir(tmp_path)
    mine = bundle.load("imx258").folder.resolve()
    assert mine == (tmp_path / "imx258").resolve()
    assert bundle.load().folder == bundle.load(None).folder != mine
    with pytest.raises(InputError, match=r"shipped array \(imx258.*: imx259"):
        bundle.load("imx259")


def test_without_a_shipped_array_the_flag_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(bundle, "_ZOO", tmp_path)
    with pytest.raises(InputError, match="--bundle=FOLDER"):
        bundle.load()
