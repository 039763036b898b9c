"""The ten commands, each with inputs of its own and a tiny job to do."""

import dataclasses
import json
import os
import pathlib
import shutil
from collections.abc import Callable

import cv2
import numpy as np
import published_sets
import raw_files
import textures
from vandal import whole

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration import synthetic
from fanet_tf.files import reader
from fanet_tf.raw import cfa

ROOT = pathlib.Path(__file__).parents[2]
ZOO = ROOT / "fanet_tf/zoo/imx258"
PROFILE = profile_lib.load("imx258")


@dataclasses.dataclass(frozen=True)
class Command:
    """One command with one job.

    Attributes:
        name: of the job.
        module: that has the command's `cli`.
        make: writes the inputs into a new folder.
        arguments: of the output's path; inputs lie in `../in`, as seen from
            the folder that the command is started in.
        whole: raises unless an output is complete.
        output: name of the output.
        beside: output -> what else is written, besides the output.
        tempting: names of files that it writes into an output folder.
        imports: modules to import first.
        prepare: what makes it cheap; see `tiny`.
        codes: exit codes besides 0 and 2.
        again: whether the same command may be repeated over its own output;
            else how the refusal says what to do.
        replaces: whether the output is one whole folder, or nothing.
        writes: whether it writes at all.
        edits: files among the inputs that it changes, too.
    """

    name: str
    module: str
    make: Callable[[pathlib.Path], None]
    arguments: Callable[[str], list[str]]
    whole: Callable[[pathlib.Path], None]
    output: str
    beside: Callable[[str], list[str]] = lambda output: []
    tempting: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    prepare: str | None = None
    codes: tuple[int, ...] = ()
    again: str = ""
    replaces: bool = False
    writes: bool = True
    edits: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """Returns the console script's name."""
        return "fanet-" + self.name.split()[0]


_SIDE = 24
_LEVELS = ["--black_level=64", "--white_level=1023"]


def _frames(folder):
    rng = np.random.default_rng(0)
    for name in ("IMG_1", "IMG_2"):
        frame = rng.normal(0.2, 0.01, (_SIDE, _SIDE)).astype(np.float32)
        np.save(folder / f"{name}.npy", frame)


def _dng(folder):
    raw_files.camera_dng(folder / "IMG_1.dng", raw_files.scene(60, 84))


def _frame_is_whole(path):
    if path.suffix == ".npy":
        whole.file(path)
    else:
        assert reader.read(path).mosaic.size


def _frames_are_whole(folder):
    for name in ("IMG_1", "IMG_2"):
        whole.file(folder / f"{name}.npy")


def _chart(folder):
    noise = PROFILE.noise(4)
    packed = synthetic.frames(
        synthetic.intensities(0.95),
        noise.a[0],
        noise.b[0],
        np.random.default_rng(0),
        2,
        16,
    )
    for index, mosaic in enumerate(cfa.unpack(packed)[..., 0]):
        np.save(folder / f"{index}.npy", mosaic.astype(np.uint16))


def _profile_is_whole(path):
    record = json.loads(path.read_text())
    assert record["fit"]["gains"]
    whole.file(path.with_suffix(".html"))


def _photographs(folder):
    rng = np.random.default_rng(0)
    for name in "ab":
        image = cv2.GaussianBlur(rng.random((64, 96, 3)), (0, 0), 2)
        image = np.uint8(255 * (image - image.min()) / np.ptp(image))
        cv2.imwrite(str(folder / f"{name}.png"), image)


def _evaluation_is_whole(folder):
    assert json.loads((folder / "metrics.json").read_text())["per_image"]
    whole.file(folder / "report.html")


def _benchmark(folder):
    published_sets.make_dnd(folder)


def _submission_is_whole(folder):
    for number in range(1, 4):
        assert (folder / f"bundled/{number:04d}.mat").stat().st_size > 128
        for box in range(1, 4):
            path = folder / f"{number:04d}_{box:02d}.mat"
            assert path.stat().st_size > 128


def _captures(folder):
    scene = textures.spectra(0, 256, 320)
    noise = PROFILE.noise(4)
    frames = {
        "clean": textures.frame(scene),
        "a": textures.add_noise(textures.frame(scene, 1.0, -2.0), noise),
    }
    for name, packed in frames.items():
        np.save(folder / f"{name}.npy", cfa.unpack(packed[None])[0, :, :, 0])
    (folder / "captures.csv").write_text(
        "scene,role,gain,exposure_ms,file\n"
        "1,clean,1,100,clean.npy\n1,noisy,4,25,a.npy\n"
    )


def _set_is_whole(folder):
    whole.files(folder)
    index = json.loads((folder / "index.json").read_text())
    assert [pair["name"] for pair in index["pairs"]] == ["a"]
    for part in ("noisy", "clean", "valid"):
        assert (folder / "a" / f"{part}.npy").is_file()
    assert (folder / "index.html").is_file()


def _nothing(folder):
    (folder / "empty.txt").write_text("")


def _results_are_whole(folder):
    lines = (folder / "results.jsonl").read_text().splitlines()
    types = [json.loads(line)["type"] for line in lines]
    assert types[0] == "run" and types.count("row") == 1
    for name in ("results.csv", "results.md", "report.html"):
        whole.file(folder / name)
    assert list((folder / "raw").iterdir())


def _array(folder):
    shutil.copytree(ZOO, folder / "imx258")
    # A card from before it was measured, as an export leaves it.
    (folder / "imx258_keras").mkdir()


def _card_is_whole(folder):
    from export.contract import checksums
    from export.contract import selector_code

    whole.file(folder / "card.json")
    # The bundle is among the inputs, whatever they and the output are called.
    place = folder.resolve()
    bundle = next(
        found
        for parent in (place, *place.parents)
        for found in parent.glob("*/imx258")
    )
    checksums.check(bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    for name, text in selector_code.write(manifest).items():
        assert (bundle / name).read_text() == text
    assert "What it reaches" in (bundle / "README.md").read_text()


_TRAINING = """
from fanet_tf import config as config_lib


def get_config():
    config = config_lib.default_config("fan_fast")
    config.model.widths = (8, 8)
    config.model.expansion = (1, 2)
    config.model.group_width = 4
    config.model.detail_cells = ()
    config.model.mid_blocks = 1
    config.model.fa_hidden = 4
    config.model.feature_align = False
    config.data.sources = ("dead_leaves:1",)
    config.data.weights = (1.0,)
    config.data.batch_size = 1
    config.data.patch_size = 16
    config.train.steps = 2
    config.train.checkpoint_every = 1
    config.train.keep_checkpoints = 1
    config.train.log_every = 1
    config.train.deterministic = False
    config.validation.every = 2
    config.validation.gains = (16.0,)
    config.validation.limit = 1
    config.validation.size = 32
    return config
"""


def _config(folder):
    (folder / "tiny.py").write_text(_TRAINING)


def _run_is_whole(folder):
    whole.files(folder / "member_0")  # A user's files may lie beside it.
    whole.file(folder / "config.json")
    record = json.loads((folder / "member_0/member.json").read_text())
    assert record["steps"] == 2
    assert (folder / "member_0/member.keras").is_file()
    assert (folder / "training.html").is_file()
    lines = (folder / "member_0/metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(steps)


def _trained(folder):
    import runs

    def change(config):
        config.model.detail_cells = ()
        config.model.mid_blocks = 1
        config.validation.gains = (16.0,)

    runs.write_run(folder / "run", 1, change)
    (folder / "photographs").mkdir()
    _photographs(folder / "photographs")


def _bundle_is_whole(folder):
    from export.contract import check

    assert check.check(folder)["members"] == 1


def _quickstart_is_whole(folder):
    from export.contract import check

    for name in ("shared", "array", "bundle", "raw"):
        whole.files(folder / name)  # A user's files may lie beside them.
    for name in ("metrics.json", "report.html", "picture.png"):
        whole.file(folder / name)
    assert check.check(folder / "bundle")["members"] == 2
    assert (folder / "raw/chelsea_gain16_denoised.dng").is_file()


LIGHT = (
    "android_bench.runner",
    "android_bench.targets.host",
    "export.card.measure",
    "export.card.model_card",
    "fanet_tf.calibration.calibrate",
    "fanet_tf.data.evaluation_sets",
    "fanet_tf.denoising.batch",
    "fanet_tf.evaluation.methods",
    "fanet_tf.evaluation.page",
    "fanet_tf.evaluation.robustness",
    "fanet_tf.metrics.lpips",
    "fanet_tf.pairs.build",
)
HEAVY = (
    "export.bundle",
    "export.quickstart.run",
    "fanet_tf.models.cost_table",
    "fanet_tf.training.train",
    "runs",
)

COMMANDS = [
    Command(
        "denoise npy",
        "fanet_tf.cli.denoise",
        _frames,
        lambda output: ["--gain=4", "--threads=1", "../in/IMG_1.npy", output],
        _frame_is_whole,
        "out.npy",
        # A `.npy` has no place that says who wrote it.
        again="--overwrite",
    ),
    Command(
        "denoise dng",
        "fanet_tf.cli.denoise",
        _dng,
        lambda output: ["--threads=1", "../in/IMG_1.dng", output],
        _frame_is_whole,
        "out.dng",
    ),
    Command(
        "denoise folder",
        "fanet_tf.cli.denoise",
        _frames,
        lambda output: [
            *("--gain=4", "--threads=1", "--format=npy"),
            *("../in", os.path.join(output, "")),
        ],
        _frames_are_whole,
        "out",
        tempting=("IMG_1.npy", "IMG_2.npy"),
        codes=(1,),
        again="--overwrite",
    ),
    Command(
        "calibrate",
        "fanet_tf.cli.calibrate",
        _chart,
        lambda output: [
            *("../in/0.npy", "../in/1.npy", "--gain=4", *_LEVELS),
            *("--patches=flat", f"--output={output}"),
        ],
        _profile_is_whole,
        "out.json",
        beside=lambda output: [
            os.fspath(pathlib.Path(output).with_suffix(".html"))
            if pathlib.Path(output).name
            else output
        ],
    ),
    Command(
        "evaluate",
        "fanet_tf.cli.evaluate",
        _photographs,
        lambda output: [
            *("--photos=../in", "--gains=4", "--methods=identity"),
            *("--bundle=", "--lpips=none", f"--output={output}"),
        ],
        _evaluation_is_whole,
        "out",
        tempting=("metrics.json", "report.html"),
    ),
    Command(
        "evaluate dnd",
        "fanet_tf.cli.evaluate",
        _benchmark,
        lambda output: [
            *("--dnd=../in", "--methods=gaussian", "--bundle="),
            f"--output={output}",
        ],
        _submission_is_whole,
        "out",
        tempting=("0001_01.mat", "bundled/0001.mat", "bundled"),
    ),
    Command(
        "pairs",
        "fanet_tf.cli.pairs",
        _captures,
        lambda output: [
            *("--captures=../in/captures.csv", "--cfa=RGGB"),
            f"--output={output}",
        ],
        _set_is_whole,
        "out",
        tempting=("index.json", "index.html", "a/clean.npy"),
        replaces=True,
    ),
    Command(
        "bench",
        "android_bench.cli.bench",
        _nothing,
        lambda output: [
            *(str(ZOO), "--host", "--members=0", "--recipes=float16"),
            *("--repeats=1", "--save_raw", f"--output={output}"),
        ],
        _results_are_whole,
        "out",
        tempting=("results.jsonl", "results.csv", "report.html", "raw/x"),
        prepare="vandal.tiny:bench",
        codes=(3,),
        again="--resume",
    ),
    Command(
        "train",
        "fanet_tf.cli.train",
        _config,
        lambda output: ["--config=../in/tiny.py", f"--workdir={output}"],
        _run_is_whole,
        "out",
        tempting=("config.json", "training.html", "member_0/member.json"),
    ),
    Command(
        "export",
        "export.cli",
        _trained,
        lambda output: [
            *("--workdir=../in/run", "--recipes=float32", "--tile=48"),
            *("--photographs=../in/photographs", "--photographs_limit=1"),
            *("--allow_quality_loss", f"--output={output}"),
        ],
        _bundle_is_whole,
        "out",
        tempting=("manifest.json", "README.md", "golden/member_0_noisy.npy"),
        replaces=True,
    ),
    Command(
        "card",
        "export.card.cli",
        _array,
        lambda output: [
            *("--bundle=../in/imx258", "--photos=../in/photographs"),
            f"--results={output}",
        ],
        _card_is_whole,
        "out",
        tempting=("card.json",),
        prepare="vandal.tiny:card",
        edits=(
            *("imx258/README.md", "imx258/manifest.json"),
            *("imx258/NsmaSelector.kt", "imx258/nsma_selector.h"),
            *("imx258/NsmaDenoiser.kt", "imx258/nsma_denoise.h"),
            *("imx258/SHA256SUMS", "imx258_keras/README.md"),
        ),
    ),
    Command(
        "card picture",
        "export.card.cli",
        _nothing,
        lambda output: [f"--picture={output}"],
        whole.file,
        "out.jpg",
    ),
    Command(
        "card gallery",
        "export.card.cli",
        _nothing,
        lambda output: [f"--gallery={output}"],
        whole.file,
        "out.html",
    ),
    Command(
        "cost",
        "fanet_tf.cli.cost",
        _nothing,
        lambda output: ["--noradius", output],
        whole.file,
        "fan_fast",
        writes=False,  # It prints; the shell writes.
    ),
    Command(
        "quickstart",
        "export.quickstart.cli",
        _nothing,
        lambda output: [
            *("--shared_steps=2", "--member_steps=2", f"--output={output}"),
        ],
        _quickstart_is_whole,
        "out",
        tempting=("metrics.json", "picture.png", "bundle/manifest.json"),
        prepare="vandal.tiny:quickstart",
    ),
]
