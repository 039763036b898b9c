"""Laws of the exported bundle."""

import hashlib
import json
import shutil
import subprocess

import exports
import numpy as np
import pytest
from exports import TILE
from runs import whole_frame

from export import bundle as writer
from export.contract import check
from export.contract import golden
from export.contract import half
from export.flatbuffer import convert
from export.flatbuffer import graph
from export.flatbuffer import runtime
from export.int8 import quantise
from export.member import recipes
from export.member.parity import ParityError
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.denoising import agreement
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising import denoiser as denoiser_lib
from fanet_tf.denoising import macs
from fanet_tf.errors import InputError
from fanet_tf.training import run_folder

MEMBERS = [n for n in recipes.names() if not recipes.get(n).core]
TO_KERAS = [n for n in MEMBERS if not recipes.get(n).simulated]


@pytest.fixture
def run():
    """`(config, workdir, bundle folder)` of a run of two members."""
    return exports.small()


def golden_inputs(bundle, member):
    record = member.record["golden"]
    noisy = np.load(bundle.folder / record["noisy"])
    tile = golden.Golden(noisy, record["scale"], record["offset"])
    return tile.inputs(TILE, TILE)


def test_the_bundle_is_read_back(run):
    config, _, output = run
    bundle = bundle_reader.load(output)
    assert len(bundle.members) == 2 and bundle.name == "small"
    assert bundle.recipes == MEMBERS
    tile = bundle.members[0].tile
    assert tile.height == tile.width == TILE and tile.stride == 2
    # Two levels of one block, one of them below: small, but measured.
    assert 0 < tile.halo < TILE / 2


@pytest.mark.parametrize("recipe", TO_KERAS)
def test_every_recipe_agrees_with_keras(run, recipe):
    config, workdir, output = run
    bundle = bundle_reader.load(output)
    for member in bundle.members:
        inputs = golden_inputs(bundle, member)
        expected = whole_frame(config, workdir, member.index, inputs)
        flatbuffer = member.path(recipe).read_bytes()
        denoised = runtime.denoiser(flatbuffer)(inputs)
        record = member.record["golden"]
        found = agreement.difference(
            denoised, expected, record["scale"], record["offset"]
        )
        assert found.within(recipes.get(recipe).parity), found
        entry = member.record["recipes"][recipe]["parity"]
        assert entry["against"] == "keras"
        assert entry["rms_deviations"] == pytest.approx(found.rms, rel=0.01)
        # And the network does something, so the agreement is no accident.
        assert np.abs(denoised - inputs["noisy"]).max() > 1e-3


def test_integers_agree_with_their_simulation(run):
    bundle = bundle_reader.load(run[2])
    for member in bundle.members:
        parity = member.record["recipes"]["static_wi8_ai8"]["parity"]
        assert parity["against"] == "simulation"
        assert 0 < parity["rms_deviations"] <= parity["limit"]


@pytest.mark.parametrize(
    "recipe", [n for n in recipes.names() if recipes.get(n).cpu]
)
def test_every_recipe_for_cpus_is_one_delegate_node(run, recipe):
    bundle = bundle_reader.load(run[2])
    for member in bundle.members:
        section = "core" if recipes.get(recipe).core else "recipes"
        entry = member.record[section][recipe]
        content = (bundle.folder / entry["file"]).read_bytes()
        assert runtime.undelegated(content) == entry["undelegated"] == []


def test_a_bundle_says_what_its_members_expect_below_black(run):
    clipped = bundle_reader.load(run[2]).members[0]
    assert clipped.record["below_black"] == clipped.below_black == "clipped"
    folder = exports.signed()
    (member,) = bundle_reader.load(folder).members
    assert member.record["below_black"] == member.below_black == "signed"
    content = member.path("float32").read_bytes()
    essentials = json.loads(graph.metadata(content, graph.METADATA))
    assert essentials["below_black"] == "signed"


def test_the_golden_tile_of_a_signed_member_goes_below_black(run):
    folder = exports.signed()
    check.check(folder)  # Its core, too, with the transform in numpy.
    noisy = np.load(folder / "golden" / "member_0_noisy.npy")
    assert np.mean(noisy < 0) > 0.1
    assert np.load(run[2] / "golden" / "member_0_noisy.npy").min() == 0.0


def test_a_signed_member_is_one_delegate_node_and_near_float_in_int8():
    folder = exports.signed()
    (member,) = bundle_reader.load(folder).members
    for recipe in ("float32", "static_wi8_ai8"):
        assert runtime.undelegated(member.path(recipe).read_bytes()) == []
    parity = member.record["recipes"]["static_wi8_ai8"]["parity"]
    assert 0 < parity["rms_deviations"] <= parity["limit"]
    inputs = golden_inputs(bundle_reader.load(folder), member)
    floats, integers = (
        runtime.denoiser(member.path(recipe).read_bytes())(inputs)
        for recipe in ("float32", "static_wi8_ai8")
    )
    golden_record = member.record["golden"]
    deviation = np.sqrt(golden_record["offset"]) / golden_record["scale"]
    below = inputs["noisy"] < 0
    error = ((integers - floats) / deviation)[below]
    assert np.sqrt(np.mean(error**2)) < 0.15


def test_dynamic_range_takes_convolutions_that_reuse_their_input():
    import tensorflow as tf

    kernels = {  # Height, width, inputs, outputs.
        "point": ((1, 1, 8, 32), 32),
        "wide": ((1, 1, 32, 36), 36),
        "grouped": ((3, 3, 9, 8), 18),  # 36 channels in 4 groups.
        "kernel": ((3, 3, 8, 4), 36),
    }

    def network(x):
        for shape, _ in kernels.values():
            x = tf.nn.conv2d(x, tf.ones(shape) / 64.0, 1, "SAME")
        return {"y": x}

    shape = tf.TensorSpec([1, 16, 16, 8], tf.float32, name="x")
    floats = convert.convert_function(network, [shape])
    assert [found.reuse for found in macs.convolutions(floats)] == [
        reuse for _, reuse in kernels.values()
    ]
    for least, stored in (
        (32, ["FLOAT32", "INT8", "FLOAT32", "INT8"]),
        (0, ["INT8"] * 4),
    ):
        made = graph.read(quantise.dynamic(floats, least))
        assert stored == [
            made.tensors[op.inputs[1]].dtype
            for op in made.operations
            if op.name == "CONV_2D"
        ]


def test_a_graph_that_leaves_the_delegate_is_found():
    """TILE is not delegated by XNNPACK."""
    import tensorflow as tf

    def serve(x):
        return {"y": tf.tile(x * 2.0, [1, 1, 1, 2]) + 1.0}

    flatbuffer = convert.convert_function(
        serve, [tf.TensorSpec([1, 4, 4, 2], tf.float32, name="x")]
    )
    assert runtime.undelegated(flatbuffer) != []


def test_sha256sums_cover_every_other_file(run):
    folder = run[2]
    listed = {}
    *lines, last = (folder / "SHA256SUMS").read_text().splitlines()
    assert last.startswith("# ")
    for line in lines:
        digest, name = line.split("  ")
        listed[name] = digest
    files = {
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "SHA256SUMS"
    }
    assert set(listed) == files
    for name, digest in listed.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    checked = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder
    )
    assert checked.returncode == 0


def test_a_dense_export_gives_what_the_grouped_one_gives(run, tmp_path):
    _, workdir, output = run
    dense = exports.export(workdir, tmp_path / "dense", group_form="dense")
    ours, theirs = bundle_reader.load(output), bundle_reader.load(dense)
    for one, other in zip(ours.members, theirs.members, strict=True):
        inputs = golden_inputs(ours, one)
        np.testing.assert_allclose(
            *(
                runtime.denoiser(m.path("float32").read_bytes())(inputs)
                for m in (one, other)
            ),
            atol=1e-6,
        )


def test_tiles_equal_one_run_over_the_whole_padded_frame(run, rng):
    config, workdir, output = run
    bundle = bundle_reader.load(output)
    noise = (1e-3, 1e-6)
    packed = rng.random((90, 70, 4), dtype=np.float32)
    member = bundle.member_for(noise[0])
    tiled = denoiser_lib.Denoiser(bundle, "float32").denoise_packed(
        packed, noise
    )
    expected = whole_frame(
        config,
        workdir,
        member.index,
        {
            "noisy": packed[None],
            "scale": np.full((1, 1, 1, 1), 1 / noise[0], np.float32),
            "offset": np.full(
                (1, 1, 1, 1), noise[1] / noise[0] ** 2, np.float32
            ),
        },
    )[0]
    # The frame's own edge is mirrored by the denoiser; inside it is the same.
    halo = member.tile.halo
    inner = np.s_[halo:-halo, halo:-halo]
    # Two engines sum in two orders.
    np.testing.assert_allclose(tiled[inner], expected[inner], atol=5e-6)


def test_an_unfinished_run_is_refused(run, tmp_path):
    shutil.copytree(run[1], tmp_path / "run")
    (run_folder.member_folder(tmp_path / "run", 1) / "member.json").unlink()
    with pytest.raises(InputError, match="must hold a finished member"):
        exports.export(tmp_path / "run", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_run_that_is_being_extended_says_which_weights_it_gives(
    run, tmp_path, caplog
):
    shutil.copytree(run[1], tmp_path / "run")
    path = run_folder.member_folder(tmp_path / "run", 1) / "member.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "steps": 2}))
    config = run_folder.read_config(tmp_path / "run")
    config.train.steps = 2
    writer._trained_members(tmp_path / "run", config)
    assert "goes on" not in caplog.text
    config.train.steps = 3
    writer._trained_members(tmp_path / "run", config)
    assert "member_1: member.keras has 2 steps; its run goes on to 3" in (
        caplog.text
    )


def test_a_folder_in_the_way_is_left_alone(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(InputError, match="with notes.txt"):
        exports.export(run[1], tmp_path / "mine")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"


def test_a_bundle_is_replaced_unless_somebody_added_to_it(run, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(run[2], folder)
    exports.export(run[1], folder)
    assert check.check(folder)["flatbuffers"] == 2
    (folder / "golden" / "notes.txt").write_text("keep me")
    with pytest.raises(InputError, match="with golden/notes.txt"):
        exports.export(run[1], folder)
    (folder / "golden" / "notes.txt").unlink()
    assert check.check(folder)["flatbuffers"] == 2


@pytest.mark.parametrize("tile", [8, 47])
def test_an_impossible_tile_is_refused(run, tmp_path, tile):
    with pytest.raises(InputError, match=f"Received: {tile}"):
        exports.export(run[1], tmp_path / "b", tile=tile)


def test_a_parity_failure_leaves_no_bundle(run, tmp_path, monkeypatch):
    real = runtime.Runner.__call__

    def wrong(runner, inputs):
        return {"denoised": real(runner, inputs)["denoised"] * np.nan}

    monkeypatch.setattr(runtime.Runner, "__call__", wrong)
    with pytest.raises(ParityError, match="Member 0 in float32 must agree"):
        exports.export(run[1], tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_recipe_is_refused():
    with pytest.raises(InputError, match="Received: 'int4'"):
        recipes.parse("float32,int4")


def test_the_manifest_is_strict_json(run):
    text = (run[2] / "manifest.json").read_text()

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)


def test_the_flatbuffers_name_their_tensors_and_their_origin(run):
    bundle = bundle_reader.load(run[2])
    for member in bundle.members:
        for recipe, path in member.paths.items():
            content = path.read_bytes()
            read = graph.read(content)
            names = {t.name for t in read.tensors}
            assert {"noisy", "scale", "offset", "denoised"} <= names
            essentials = json.loads(graph.metadata(content, graph.METADATA))
            assert essentials["recipe"] == recipe
            assert essentials["a_range"] == list(member.a_range)


def test_a_recipe_that_loses_too_much_is_left_out(run, tmp_path, monkeypatch):
    """Nothing loses less than -100 dB, in half precision neither."""
    limits = {"dynamic_wi8_afp32": -100.0}
    monkeypatch.setattr(half, "LIMIT_DB", -100.0)
    chosen = "float32,float16,dynamic_wi8_afp32"
    folder = exports.export(run[1], tmp_path / "b", chosen, limits)
    array = bundle_reader.load(folder)
    for member in array.members:
        record = member.record
        assert list(record["recipes"]) == ["float32"]
        quality = record["omitted"]["dynamic_wi8_afp32"]["quality"]
        assert quality["limit_db"] == -100.0 and not quality["passed"]
        assert record["omitted"]["float16"]["quality"]["passed"]
        assert not record["half_precision"]["passed"]
        assert member.half_precision is None
    assert not list(folder.glob("*dynamic*"))
    assert check.check(folder)["flatbuffers"] == 2


def test_a_bundle_says_for_which_noise_half_precision_is_right(run):
    for member in bundle_reader.load(run[2]).members:
        found = member.record["half_precision"]
        assert member.half_precision == member.a_range
        assert found["passed"] and found["findings"] == []
        assert 0 < found["largest_activation"] < 65504
        for gain in found["gains"]:
            assert gain["loss_db"] <= found["limit_db"] == 0.02
    # A bundle of before this was measured says nothing.
    older = bundle_reader.load(exports.signed()).members[0]
    assert older.half_precision is None


def test_a_member_that_passes_nowhere_makes_no_bundle(run, tmp_path):
    with pytest.raises(InputError, match="must pass the quality gate"):
        exports.export(
            run[1],
            tmp_path / "b",
            "dynamic_wi8_afp32",
            {"dynamic_wi8_afp32": -100.0},
        )
    assert list(tmp_path.iterdir()) == []


def test_a_profile_that_does_not_cover_the_members_is_refused(run, tmp_path):
    profile = json.loads(
        profile_lib._SHIPPED.joinpath("imx258.json").read_text()
    )
    profile["gain_range"] = [1.0, 16.0]
    (tmp_path / "short.json").write_text(json.dumps(profile))
    with pytest.raises(InputError, match="must cover the members' subranges"):
        profile = str(tmp_path / "short.json")
        exports.export(run[1], tmp_path / "b", profile=profile)
    assert not (tmp_path / "b").exists()
