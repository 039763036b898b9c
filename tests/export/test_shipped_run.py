"""The folder of the shipped Keras members is a finished run."""

import json

import numpy as np
import pytest
from helpers import ROOT

from export import bundle
from export.contract import golden
from export.flatbuffer import graph
from export.member import recipes
from fanet_tf import config as config_lib
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.evaluation import methods
from fanet_tf.files import npy
from fanet_tf.raw.noise import NoiseParams
from fanet_tf.training import keras_methods
from fanet_tf.training import run_folder

RUN = ROOT / "fanet_tf/zoo/imx258_keras"


def flat(config):
    record = json.loads(config.to_json())
    return {
        (section, name): value
        for section, fields in record.items()
        if isinstance(fields, dict)
        for name, value in fields.items()
    }


def test_its_config_is_the_one_that_trained_the_array(tmp_path):
    """With today's names; younger fields have what the run had: nothing."""
    card = json.loads((ROOT / "results/imx258/card.json").read_text())
    trained = card["training"][-1]["config"]
    (tmp_path / "config.json").write_text(json.dumps(trained))
    then = flat(run_folder.read_config(tmp_path))
    now = flat(run_folder.read_config(RUN))
    younger = {
        field: value
        for field, value in flat(config_lib.default_config()).items()
        if field not in then
    }
    assert now == {**younger, **then}
    assert trained["data"]["realism"] == "phone"
    assert (then["nsma", "members"], then["nsma", "overlap"]) == (4, 0.1)


def test_its_members_have_the_subranges_of_the_shipped_bundle():
    config = run_folder.read_config(RUN)
    records = [
        json.loads((RUN / f"member_{index}/member.json").read_text())
        for index in range(config.nsma.members)
    ]
    array = bundle_reader.load()
    assert bundle._edges(records) == list(array.edges)
    member = array.members[0]
    assert bundle._exact_halo(config) == (
        member.tile.stride,
        member.record["halo"]["exact"],
    )


def test_an_evaluation_of_it_gives_what_the_shipped_bundle_gives():
    array = bundle_reader.load()
    member = array.members[2]
    record = member.record["golden"]
    noisy = npy.read(array.folder / record["noisy"], 1 << 20)
    a = 1.0 / record["scale"]
    noise = NoiseParams(np.array([a]), np.array([record["offset"] * a**2]))
    height, width = member.tile.height, member.tile.width
    run, shipped = keras_methods.from_run(RUN), methods.from_bundle(None)
    assert run.size.parameters == shipped.size.parameters
    assert run.size.members == shipped.size.members == 4
    np.testing.assert_allclose(
        run.gmacs_per_mp, shipped.gmacs_per_mp, rtol=1e-9
    )
    frame = golden.fill(noisy, height, width)[0]
    # Inside, since they differ in what they see beyond the frame's edge.
    crop, expected = (
        golden.crop_output(method.denoise(frame, noise)[None], record["crop"])
        for method in (run, shipped)
    )
    # Weights of half precision against float32.
    np.testing.assert_allclose(crop, expected, atol=1e-3)
    assert np.abs(crop - noisy).max() > 0.01


@pytest.mark.slow
def test_an_export_of_it_has_the_weights_of_the_shipped_bundle(tmp_path):
    """A smaller tile, which changes no weight, so that it takes a minute."""
    options = bundle.Options(
        "imx258",
        recipes.parse("float16"),
        tile=96,
        halo_tolerance=None,
        photographs_limit=1,
    )
    ours = bundle_reader.load(bundle.write(RUN, tmp_path / "bundle", options))
    for mine, theirs in zip(
        ours.members, bundle_reader.load().members, strict=True
    ):
        assert mine.a_range == theirs.a_range
        kernels, shipped = (
            constants(member.path("float16")) for member in (mine, theirs)
        )
        assert list(kernels) == list(shipped)
        for name, value in shipped.items():
            np.testing.assert_array_equal(kernels[name], value)


def constants(path):
    """Returns the kernels and biases of a flatbuffer, by name."""
    found = {
        tensor.name: tensor.data
        for tensor in graph.read(path.read_bytes()).tensors
        if tensor.data is not None and tensor.dtype == "FLOAT16"
    }
    assert sum(value.size for value in found.values()) > 190_000
    return found
