"""Laws of the exported bundle."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest
from runs import whole_frame
from runs import write_run

from export import bundle as bundle_writer
from export import convert
from export import golden
from export import recipes
from export import runtime
from export import selector
from fanet_tf import bundle as bundle_reader
from fanet_tf import denoiser as denoiser_lib
from fanet_tf import train
from fanet_tf.errors import InputError

TILE = 48


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`(config, workdir, bundle folder)` of a run of two members."""
    folder = tmp_path_factory.mktemp("export")
    config = write_run(folder / "run")
    output = bundle_writer.write(
        folder / "run", folder / "bundle", recipes.parse("all"), TILE, "small"
    )
    return config, folder / "run", output


def golden_inputs(bundle, member):
    record = member.record["golden"]
    return {
        "noisy": golden.fill(np.load(bundle.folder / record["noisy"]), 48, 48),
        "scale": np.full((1, 1, 1, 1), record["scale"], np.float32),
        "offset": np.full((1, 1, 1, 1), record["offset"], np.float32),
    }


def test_the_bundle_is_read_back(run):
    config, _, output = run
    bundle = bundle_reader.load(output)
    assert len(bundle.members) == 2 and bundle.name == "small"
    assert bundle.recipes == list(recipes.names())
    tile = bundle.members[0].tile
    assert tile.height == tile.width == TILE and tile.stride == 2
    # Two levels of one block, one of them below: small, but measured.
    assert 0 < tile.halo < TILE / 2


@pytest.mark.parametrize("recipe", recipes.names())
def test_every_recipe_agrees_with_keras(run, recipe):
    config, workdir, output = run
    bundle = bundle_reader.load(output)
    for member in bundle.members:
        inputs = golden_inputs(bundle, member)
        expected = whole_frame(config, workdir, member.index, inputs)
        flatbuffer = member.path(recipe).read_bytes()
        denoised = runtime.run(flatbuffer, inputs)["denoised"]
        error = np.abs(denoised - expected).max()
        assert error <= recipes.get(recipe).parity_limit
        # And the network does something, so the agreement is no accident.
        assert np.abs(denoised - inputs["noisy"]).max() > 1e-3


@pytest.mark.parametrize("recipe", recipes.names())
def test_every_recipe_is_one_delegate_node(run, recipe):
    bundle = bundle_reader.load(run[2])
    for member in bundle.members:
        assert runtime.undelegated(member.path(recipe).read_bytes()) == []


def test_a_graph_that_leaves_the_delegate_is_found():
    """TILE is not delegated by XNNPACK."""
    import tensorflow as tf

    def serve(x):
        return {"y": tf.tile(x * 2.0, [1, 1, 1, 2]) + 1.0}

    flatbuffer = convert.convert_function(
        serve, [tf.TensorSpec([1, 4, 4, 2], tf.float32, name="x")]
    )
    assert runtime.undelegated(flatbuffer) != []


def test_golden_outputs_are_reproduced(run):
    bundle = bundle_reader.load(run[2])
    for member in bundle.members:
        record = member.record["golden"]
        for recipe, name in record["denoised"].items():
            denoised = runtime.run(
                member.path(recipe).read_bytes(), golden_inputs(bundle, member)
            )["denoised"]
            np.testing.assert_allclose(
                golden.cut(denoised, record["crop"]),
                np.load(bundle.folder / name),
                atol=1e-6,
            )


def test_sha256sums_cover_every_other_file(run):
    folder = run[2]
    listed = {}
    for line in (folder / "SHA256SUMS").read_text().splitlines():
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
    dense = bundle_writer.write(
        workdir,
        tmp_path / "dense",
        recipes.parse("float32"),
        TILE,
        "dense",
        group_form="dense",
    )
    ours, theirs = bundle_reader.load(output), bundle_reader.load(dense)
    for one, other in zip(ours.members, theirs.members, strict=True):
        inputs = golden_inputs(ours, one)
        np.testing.assert_allclose(
            *(
                runtime.run(m.path("float32").read_bytes(), inputs)["denoised"]
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
    np.testing.assert_allclose(tiled[inner], expected[inner], atol=1e-6)


def test_the_selector_agrees_with_its_flatbuffer_at_every_gain(run):
    manifest = bundle_reader.load(run[2]).manifest
    noise, edges = manifest["noise"], manifest["selector"]["edges"]
    runner = runtime.interpreter(
        (run[2] / "selector.tflite").read_bytes()
    ).get_signature_runner("serving_default")
    bundle = bundle_reader.load(run[2])
    for step in range(100, 6401):
        gain = np.float32([step / 100])
        got = {name: v.item() for name, v in runner(gain=gain).items()}
        want = selector.select(gain[0], noise, edges)
        assert got["member"] == want["member"]
        assert bundle.member_for(got["a"]).index == want["member"]
        for name in ("a", "b", "scale", "offset"):
            assert got[name] == pytest.approx(want[name], rel=1e-6)


def test_the_selector_clamps_gains_outside_the_range(run):
    manifest = bundle_reader.load(run[2]).manifest
    noise, edges = manifest["noise"], manifest["selector"]["edges"]
    assert selector.select(0.1, noise, edges) == selector.select(
        1.0, noise, edges
    )
    assert selector.select(999, noise, edges)["member"] == 1


def test_an_unfinished_run_is_refused(run, tmp_path):
    shutil.copytree(run[1], tmp_path / "run")
    (train.member_folder(tmp_path / "run", 1) / "member.json").unlink()
    with pytest.raises(InputError, match="must hold a finished member"):
        bundle_writer.write(
            tmp_path / "run",
            tmp_path / "bundle",
            recipes.parse("float32"),
            TILE,
            "x",
        )
    assert not (tmp_path / "bundle").exists()


def test_a_folder_in_the_way_is_left_alone(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(InputError, match="must not exist, or be a bundle"):
        bundle_writer.write(
            run[1], tmp_path / "mine", recipes.parse("float32"), TILE, "x"
        )
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"


@pytest.mark.parametrize("tile", [8, 47])
def test_an_impossible_tile_is_refused(run, tmp_path, tile):
    with pytest.raises(InputError, match=f"Received: {tile}"):
        bundle_writer.write(
            run[1], tmp_path / "b", recipes.parse("float32"), tile, "x"
        )


def test_a_parity_failure_leaves_no_bundle(run, tmp_path, monkeypatch):
    real = runtime.run

    def wrong(flatbuffer, inputs, num_threads=2):
        outputs = real(flatbuffer, inputs, num_threads)
        return {"denoised": outputs["denoised"] + np.float32(np.nan)}

    monkeypatch.setattr(runtime, "run", wrong)
    with pytest.raises(bundle_writer.ParityError, match="must agree"):
        bundle_writer.write(
            run[1], tmp_path / "b", recipes.parse("float32"), TILE, "x"
        )
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_recipe_is_refused():
    with pytest.raises(InputError, match="Received: 'int4'"):
        recipes.parse("float32,int4")


def test_the_manifest_is_strict_json(run):
    text = (run[2] / "manifest.json").read_text()

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)
