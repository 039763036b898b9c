"""The quickstart after its training: from a bundle to the report."""

import json
import shutil

import exports
import pytest

from export.quickstart import run
from fanet_tf.data import images as photographs
from fanet_tf.files import reader


@pytest.fixture
def output(tmp_path, monkeypatch):
    """A quickstart's folder as the export leaves it; one gain."""
    monkeypatch.setattr(run, "GAINS", (16.0,))
    shutil.copytree(exports.small()[2], tmp_path / "bundle")
    return tmp_path


def test_a_bundle_is_reported(output, capsys):
    run.finish(output)
    metrics = json.loads((output / "metrics.json").read_text())
    methods = {row["method"] for row in metrics["per_gain"]}
    assert methods == {"noisy", "gaussian", "nlm", "denoised"}
    assert {row["gain"] for row in metrics["per_gain"]} == {16.0}
    frames = sorted(p.stem for p in (output / "raw").glob("*_gain16.dng"))
    assert frames == [f"{name}_gain16" for name in photographs.HELD_BACK]
    noisy, denoised = (
        reader.read(output / "raw" / f"chelsea_gain16{end}.dng")
        for end in ("", "_denoised")
    )
    assert noisy.visible.shape == denoised.visible.shape
    assert "ms/useful MP" in (output / "report.html").read_text()
    assert "static_wi8_ai16" in capsys.readouterr().out


def test_the_selector_gives_what_the_manifest_says(output):
    array = run.bundle_lib.load(output / "bundle")
    for vector in array.manifest["selector"]["test_vectors"]:
        chosen = run.select(array, vector["gain"])
        assert chosen["member"] == vector["member"]
        assert chosen["scale"] == pytest.approx(vector["scale"], rel=1e-6)
