"""The model card: measured by `fanet-evaluate`'s code, and nothing typed."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
import raw_files
from helpers import ROOT

from export.card import conditions
from export.card import measure
from export.card import model_card
from export.card import page
from export.card import pictures
from export.card import tables
from export.card import timed_run
from export.card import training
from export.card import walkthrough
from export.contract import check as bundle_check
from fanet_tf import config as config_lib
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.errors import InputError
from fanet_tf.evaluation import checks
from fanet_tf.evaluation import robustness
from fanet_tf.files import claims
from fanet_tf.files import reader

GAINS = (1.0, 64.0)


@pytest.fixture(scope="module")
def array():
    return bundle_lib.load()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two small photographs with smooth and busy parts."""
    folder = tmp_path_factory.mktemp("held_back")
    rng = np.random.default_rng(0)
    for name in "ab":
        image = cv2.GaussianBlur(rng.random((64, 96, 3)), (0, 0), 3)
        image = np.uint8(255 * (image - image.min()) / np.ptp(image))
        cv2.imwrite(str(folder / f"{name}.png"), image)
    return folder


@pytest.fixture(scope="module")
def record(array, photos):
    """A whole record, on little data and at two gains."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "GAINS", GAINS)
        patch.setattr(measure, "CROP", 48)
        patch.setattr(measure, "_SLOW", ("identity", "nlm"))
        return {
            "array": measure.digests(array),
            "cost": {"parameters": 12_345, "gmacs_per_mp": 1.25},
            "photographs": measure.photographs(array, photos),
            "crops": measure.crops(array, photos),
            "scenes": measure.scenes(array, photos),
            "sensor": measure.sensor(array, photos),
        }


def evaluate(photos, output, *arguments):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "fanet_tf.cli.evaluate",
            f"--photos={photos}",
            "--gains=1,64",
            "--methods=identity,nlm",
            f"--output={output}",
            *arguments,
        ],
        check=True,
        cwd=ROOT,
    )
    return json.loads((output / "metrics.json").read_text())["per_gain"]


def psnrs(per_gain, method):
    """Returns gain -> PSNR of the one method whose name holds `method`."""
    return {
        row["gain"]: row["raw_psnr"]
        for row in per_gain
        if method in row["method"]
    }


@pytest.mark.parametrize(
    "part, arguments", [("photographs", []), ("crops", ["--crop=48"])]
)
def test_evaluate_gives_the_cards_figures(
    record, photos, tmp_path, part, arguments
):
    found = evaluate(photos, tmp_path, *arguments)
    for method in ("identity", "nlm", "float16"):
        measured = psnrs(record[part]["per_gain"], method)
        assert list(measured) == list(GAINS)
        again = psnrs(found, method)
        for gain in GAINS:
            assert abs(again[gain] - measured[gain]) < 0.02


def test_a_command_names_the_array_that_is_not_the_default(
    array, record, photos, tmp_path
):
    assert "bundle" not in record["crops"]["data"]
    other = dataclasses.replace(array, folder=tmp_path, name="other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "_methods", lambda *_: ({}, {}))
        patch.setattr(measure, "_run", lambda data, *_: {"data": data})
        data = measure.crops(other, photos)["data"]
    text = "\n".join(tables.command(data, "--output=out"))
    folder = f"--photos=data/photos/{photos.name}"
    assert f"fanet-evaluate \\\n    {folder} \\\n    --bundle=other" in text


def test_a_card_counts_its_networks(array):
    manifest = array.manifest
    assert "4 Feature-Align networks, each" in model_card.text(manifest)
    alone = {**manifest, "members": manifest["members"][:1]}
    assert ": one Feature-Align network for all" in model_card.text(alone)


def test_the_margin_over_a_peer_is_shown_for_each_kind_and_region(record):
    """A peer that is the input with 1 dB less: ahead by the gain of ours."""
    told = json.loads(json.dumps(record["scenes"]))
    expected = {}
    for kind, figures in told["kinds"].items():
        (ours,) = (
            m["method"] for m in figures["methods"] if m["method"] != "identity"
        )
        for row in figures["per_gain"]:
            if row["method"] == "identity":
                row["method"] = "pmrid"
            if row["method"] == ours and row["gain"] == GAINS[-1]:
                expected[kind] = row["raw_psnr_dark"]
        figures["methods"] = [
            {"method": "pmrid", "label": "Peer"},
            {"method": ours, "label": "ours"},
        ]
        for row in figures["per_gain"]:
            if row["method"] == "pmrid" and row["gain"] == GAINS[-1]:
                expected[kind] -= row["raw_psnr_dark"]
    lines = conditions.scenes(told)
    for kind, margin in expected.items():
        (line,) = (
            one for one in lines if one.startswith(f"| {kind}, the darkest")
        )
        assert line.endswith(f"| {margin:+.2f} |")


def test_a_card_shows_every_figure_of_its_record(record, array):
    text = model_card.text(array.manifest, record)
    for row in record["photographs"]["per_gain"]:
        assert f" {row['raw_psnr']:.2f} |" in text
        assert f" {row['raw_ssim']:.4f} |" in text
    for check in checks.check(record["photographs"]):
        if check.passed is not None:
            assert check.verdict in text
    assert "stand-in" in text and "12,345 parameters" in text
    for figures in record["scenes"]["kinds"].values():
        for row in figures["per_gain"]:
            assert f" {row['raw_psnr']:.2f} |" in text
    for row in record["sensor"]["rows"]:
        shown = f"{-row['lost']:+.2f} / {-row['lost_dark']:+.2f} |"
        if row["case"] == robustness.REFERENCE:
            shown = f" {row['psnr']:.2f} / {row['psnr_dark']:.2f} |"
        assert shown in text


def test_a_missing_method_has_a_row_that_says_so(record):
    figures = {**record["crops"], "missing": {"bm3d": "not there"}}
    lines = tables.by_gain(figures, "raw_psnr", ".2f", "RAW PSNR")
    labels = [line.split("|")[1].strip() for line in lines if line]
    assert labels[-2:] == ["BM3D", "imx258, float16"]
    assert "not installed" in lines[-3]


def test_a_bundle_with_its_whole_card_is_whole(record, array, tmp_path):
    folder = tmp_path / "imx258"
    shutil.copytree(array.folder, folder)
    with claims.claim(folder):
        model_card.install(folder, record)
    assert bundle_check.check(folder)["members"] == len(array.members)
    first = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert b"What it reaches" in first[folder / "README.md"]
    # Once more without data: the same bytes.
    model_card.install(folder, json.loads(json.dumps(record)))
    assert all(path.read_bytes() == was for path, was in first.items())


def write_run(workdir, config):
    """Writes what a card reads of a finished run."""
    workdir.mkdir()
    (workdir / "config.json").write_text(config.to_json())
    for index in range(config.nsma.members):
        folder = workdir / f"member_{index}"
        folder.mkdir()
        (folder / "member.json").write_text(json.dumps({"index": index}))


def test_a_card_says_what_half_precision_costs_if_that_was_measured(array):
    manifest = json.loads(json.dumps(array.manifest))
    for member in manifest["members"]:
        member.pop("half_precision", None)
    assert "Half-precision" not in model_card.text(manifest)
    gain = {"gain": 1.0, "psnr_db": 48.0, "loss_db": 0.004}
    entry = {"passed": True, "findings": []}
    entry["gains"] = [{**gain, "dark_loss_db": 0.011}]
    manifest["members"][0]["half_precision"] = entry
    manifest["members"][1]["half_precision"] = {
        "passed": False,
        "findings": ["it loses 0.5 dB"],
        "gains": [{**gain, "dark_loss_db": 0.5}],
    }
    assert (
        "costs at most 0.011 dB; not for member 1: it loses 0.5 dB."
        in model_card.text(manifest)
    )


def test_training_is_read_from_the_folders_of_runs(tmp_path):
    config = config_lib.default_config()
    config.train.steps = 8
    config.data.sources = ("/home/me/data/photos/cid22_train",)
    config.data.weights = (1.0,)
    write_run(tmp_path / "shared", config)
    config.train.init_from = str(tmp_path / "shared")
    config.nsma.members = 2
    config.data.dark_share = 0.4
    config.nsma.only = 1  # Member by member.
    write_run(tmp_path / "array", config)
    kept = tmp_path / "array/member_1/member.json"
    change = {"step": 4, "changed": {"train.steps": [4, 8]}}
    kept.write_text(
        json.dumps(
            {
                "index": 1,
                "steps": 1600,
                "run": "runs/before",
                "changed": [change],
            }
        )
    )
    first, last = training.stages(tmp_path / "array")
    assert first["config"]["nsma"]["members"] == 1
    assert last["command"].startswith("fanet-train --config=configs/")
    assert "--config.train.steps=8" in last["command"]
    assert "nsma.only" not in last["command"]
    text = "\n".join(page.trained([first, last]))
    assert "CC BY-SA 4.0" in text and "data/photos/cid22_train" in text
    assert "and 40% are 1 to 5 stops under" in text
    assert "| `runs/array` | 2 | 8 to 1,600 |" in text
    assert "| `runs/shared` | 1 | 8 |" in text
    assert "Member 1 is that of `runs/before`" in text
    assert "Member 0 is that" not in text
    assert "Member 1 of `runs/array`: After step 4: train.steps 4 → 8." in text
    assert str(tmp_path) not in text and "/home" not in text


def test_an_unfinished_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="config.json"):
        training.stages(tmp_path)


def test_a_card_needs_figures_of_this_array(tmp_path):
    (tmp_path / "card.json").write_text(
        json.dumps({"array": {"member_0_float16.tflite": "0" * 64}})
    )
    done = subprocess.run(
        [sys.executable, "-m", "export.card.cli", f"--results={tmp_path}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2 and "--photos" in done.stderr


def test_the_shipped_card_is_what_its_record_gives(array):
    """`fanet-card` was run after the array was last exported."""
    record = json.loads((ROOT / "results/imx258/card.json").read_text("utf-8"))
    assert record["array"] == measure.digests(array)
    keras = array.folder.with_name("imx258_keras")
    assert (array.folder / "README.md").read_text(
        encoding="utf-8"
    ) == model_card.text(array.manifest, record)
    assert (keras / "README.md").read_text(
        encoding="utf-8"
    ) == model_card.members_text(array.manifest, record)


def test_the_readme_shows_the_figures_of_the_record():
    record = json.loads((ROOT / "results/imx258/card.json").read_text("utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for line in tables.main_table(record) if line]
    assert [line for line in lines if line not in readme.splitlines()] == []


def test_the_picture_is_small_and_in_three_parts(array, tmp_path):
    path = tmp_path / "picture.jpg"
    pictures.write_picture(array, path)
    assert path.stat().st_size < 400_000
    height, width, _ = cv2.imread(str(path)).shape
    assert (height, width) == (300, 3 * 300 + 2 * 8)


def test_a_real_frame_is_shown_beside_its_denoised_self(array, tmp_path):
    path = tmp_path / "frame.dng"
    raw_files.camera_dng(path, raw_files.scene(520, 780))
    part = pictures._real(array, path)
    taken, nlm, ours = (p.srgb.astype(float) for p in part.rows[0])
    assert taken.shape == nlm.shape == ours.shape
    # No colour cast: the same means in all three channels.
    means = [picture.mean(axis=(0, 1)) for picture in (taken, nlm, ours)]
    np.testing.assert_allclose(means[1:], [means[0]] * 2, atol=1.5)


def test_a_walkthrough_shows_what_the_command_did(tmp_path, array, monkeypatch):
    monkeypatch.setattr(timed_run, "RUNS", 1)
    monkeypatch.setattr(walkthrough, "_SIDE", 48)
    frame = tmp_path / "frame.dng"
    raw_files.camera_dng(frame, raw_files.scene(260, 384), noise=None)
    path = tmp_path / "page.html"
    walkthrough.write(array, path, frame, "a <test>, CC0")
    text = path.read_text()
    assert "$ fanet-denoise frame.dng denoised.dng --noise=estimate" in text
    # The temporary folder shows nowhere, and the credit is no markup.
    assert "frame.dng -&gt; denoised.dng: fanet-denoise" in text
    assert "a &lt;test&gt;, CC0" in text
    assert text.count('class="pair"') == 4
    (used,) = re.findall(r"noise a=([\d.e-]+)", text)
    member = array.member_for(float(used)).index
    assert f'<th scope="row" class="best">{member}, for this frame</th>' in text
    assert f"member {member} of imx258" in text
    peak = int(re.search(r"(\d+) MB at its peak", text)[1])
    assert 50 < peak < 400  # Not that of this process, with TensorFlow.


def test_crops_of_a_walkthrough_are_dark_bright_and_apart(rng):
    packed = np.empty((120, 160, 4), np.float32)
    packed[:] = np.linspace(0.01, 0.9, 160)[:, None]
    packed[40:80, 60:100] += rng.normal(0, 0.05, (40, 40, 1))
    packed[:, 150:] = 1.0  # Saturated.
    places = {name: box for name, box in walkthrough._places(packed, side=32)}
    assert list(places) == ["detail", "dark", "bright", "median"]
    assert places["dark"][1] < places["median"][1] < places["bright"][1]
    assert places["bright"][1] + 32 <= 150
    for name, box in places.items():
        for other in set(places) - {name}:
            assert not walkthrough._overlap(box, places[other])


def test_values_put_into_a_frame_are_read_back(rng, tmp_path):
    path = tmp_path / "frame.dng"
    raw_files.camera_dng(path, raw_files.scene(120, 160), pattern="GBRG")
    image = reader.read(path)
    packed = pictures.folder_lib.packed_rggb(image.normalized(), image.pattern)
    same = pictures._with_packed(image, packed)
    np.testing.assert_array_equal(same.visible, image.visible)
