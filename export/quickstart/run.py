"""From photographs to a denoised DNG on a small scale, in minutes on two cores.

photographs of the dependencies -> an array of four small trainings
  -> a bundle of flatbuffers -> noisy DNGs denoised through them
  -> metrics.json and report.html

OUTPUT/
  shared/        run: one network for all gains, the members' start
  array/         run: the four members
  bundle/        the flatbuffers and their manifest
  raw/           noisy frames of a synthetic IMX258, and denoised ones
  metrics.json   PSNR per gain of noisy, classical methods and the array
  report.html    the same figures, with pictures
"""

import itertools
import pathlib
import time
from collections.abc import Iterator

import numpy as np
from ml_collections import ConfigDict

from export.contract import checksums
from export.flatbuffer import runtime
from export.quickstart import timing
from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import images
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import methods as methods_lib
from fanet_tf.evaluation import page
from fanet_tf.evaluation import text
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import dng
from fanet_tf.files import folders
from fanet_tf.files import names
from fanet_tf.files import own_folder
from fanet_tf.files import reader
from fanet_tf.files import writer
from fanet_tf.pages import pictures
from fanet_tf.pages import shell
from fanet_tf.raw import cfa

GAINS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
RECIPES = ("float32", "float16", "dynamic_wi8_afp32")

_PROGRAM = "fanet-quickstart"
METRICS, REPORT, PICTURE = "metrics.json", "report.html", "picture.png"
_FRAME = "{name}_gain{gain:02.0f}.dng"
_NOISY = _FRAME.format(name="chelsea", gain=16.0)
_DENOISED = "chelsea_gain16_denoised.dng"

# Steps of the shared start and of each member after it, at batch 8.
SHARED_STEPS = 2600
MEMBER_STEPS = 500

_SHOWN = np.s_[40:340, 60:360]  # Rows and columns shown in the picture.


def configs(
    output: pathlib.Path, shared_steps: int, member_steps: int
) -> tuple[ConfigDict, ConfigDict]:
    """Returns the configs of the shared start and of the array."""
    shared = config_lib.default_config()
    shared.data.batch_size = 8
    shared.train.steps = shared_steps
    shared.train.learning_rate = 3e-3
    shared.train.ema = 0.995  # Of 2,600 steps 0.999 keeps the random start.
    shared.train.checkpoint_every = 1000
    shared.train.deterministic = False  # A tenth faster; nothing to repeat.
    shared.validation.every = 1300
    array = config_lib.default_config()
    array.update(shared)
    array.nsma.members = 4
    array.train.steps = member_steps
    array.train.learning_rate = 1.5e-3
    array.train.init_from = str(pathlib.Path(output) / "shared")
    return shared, array


def run(
    output: str | pathlib.Path,
    shared_steps: int = SHARED_STEPS,
    member_steps: int = MEMBER_STEPS,
) -> None:
    """Trains, exports, denoises and reports; resumes a stopped run.

    Args:
        output: folder of everything it makes.
        shared_steps: of the network for all gains.
        member_steps: of each of the four members after it.

    Raises:
        InputError: something in `output` is in use or somebody else's.
    """
    place = atomic.resolve(output)
    with claims.claim(own_folder.make_folder(place)):
        check_outputs(place)
        _run(pathlib.Path(output), shared_steps, member_steps)


def check_outputs(output: pathlib.Path) -> None:
    """Refuses what `finish` would refuse after all the training."""
    text.check_output(output / METRICS)
    shell.check_output(output / REPORT)
    pictures.check_output(output / PICTURE)
    folders.check_replaceable(
        output / "bundle", checksums.is_part, bundle_lib.read_manifest
    )
    if (output / "raw").is_dir():
        files = [_DENOISED]
        for name, gain in itertools.product(images.HELD_BACK, GAINS):
            files.append(_FRAME.format(name=name, gain=gain))
        for file in files:
            writer.check_output(output / "raw" / file)


def _run(output, shared_steps, member_steps) -> None:
    # These need TensorFlow; the rest of this file does not.
    from export import bundle as export_bundle
    from export.member import recipes
    from fanet_tf.training import train

    start = time.perf_counter()
    shared, array = configs(output, shared_steps, member_steps)
    print("1/4  Training the shared start, then the four members", flush=True)
    for config, folder in ((shared, "shared"), (array, "array")):
        if not train.train(config, output / folder):
            return
    trained = time.perf_counter()
    print("2/4  Exporting each member in three recipes", flush=True)
    export_bundle.write(
        output / "array",
        output / "bundle",
        export_bundle.Options("quickstart", recipes.parse(",".join(RECIPES))),
    )
    exported = time.perf_counter()
    print(
        f"     trained in {trained - start:.0f} s, "
        f"exported in {exported - trained:.0f} s",
        flush=True,
    )
    finish(output)


def finish(output: str | pathlib.Path) -> None:
    """Makes RAW frames, denoises them through the bundle, and reports."""
    output = pathlib.Path(output)
    print("3/4  Denoising noisy DNGs through the flatbuffers", flush=True)
    array = bundle_lib.load(output / "bundle")
    frames = list(make_frames(output / "raw"))
    methods = {
        "noisy": methods_lib.classical("identity"),
        "gaussian": methods_lib.classical("gaussian"),
        "nlm": methods_lib.classical("nlm"),
        "denoised": methods_lib.relabel(
            methods_lib.from_bundle(output / "bundle", "float32"), "This array"
        ),
    }
    timings = timing.time_members(array)
    evaluation = evaluate.evaluate(
        frames,
        methods,
        total=len(frames),
        gallery=gallery.Gallery(images=len(images.HELD_BACK)),
        about={
            "facts": {
                "Data": "three photographs of scikit-image that no training "
                f"source gives ({', '.join(images.HELD_BACK)}), unprocessed "
                "to RAW, written and read back as 10-bit DNG",
                "Sensor": f"{array.noise['sensor']} ({array.noise['status']})",
                "Machine": methods_lib.machine(),
            },
            "notes": [],
            "timings": timings,
        },
    )
    denoise_one(array, output / "raw")
    write_picture(methods["denoised"], frames, output / PICTURE)
    print("4/4  Writing the report", flush=True)
    print(text.table(evaluation))
    print(timing.text(timings))
    text.write_json(output / METRICS, evaluation)
    page.write(
        output / REPORT,
        evaluation,
        title="An array of Feature-Align networks, trained in minutes",
        intro="Noisy frames of a synthetic IMX258 at seven gains, denoised "
        "through the exported flatbuffers that the selector picks, beside two "
        "classical methods.",
        sections=[("Time on this machine", timing.html(timings))],
    )
    for name in (METRICS, REPORT, PICTURE, "bundle"):
        print(names.printable(output / name))


def make_frames(folder: pathlib.Path) -> Iterator[captures.Capture]:
    """Writes noisy DNGs of an IMX258 stand-in and yields them as captures.

    The captures are read back from the files, so everything after this sees
    10-bit counts, as on a phone.
    """
    own_folder.make_folder(folder)
    profile = profile_lib.load("imx258")
    camera = camera_lib.get("imx258")
    color_matrix = np.mean(camera.xyz_to_cam, axis=0)
    for name, srgb in images.held_back().items():
        scene = captures.scene_from_srgb(name, srgb, camera)
        neutral = (1 / scene.colour.red_gain, 1.0, 1 / scene.colour.blue_gain)
        for gain in GAINS:
            capture = captures.draw(scene, gain, profile)
            noise = tuple(float(p[0]) for p in capture.noise)
            path = folder / _FRAME.format(name=name, gain=gain)
            mosaic = cfa.unpack(capture.noisy[None])[0, :, :, 0]
            dng.write(
                path,
                dng.synthetic(
                    mosaic,
                    noise,
                    gain,
                    color_matrix=color_matrix,
                    neutral=neutral,
                ),
                history=_PROGRAM,
            )
            counts = reader.read(path).normalized()
            yield captures.Capture(
                name,
                gain,
                cfa.pack(counts[None, :, :, None])[0],
                capture.clean,
                capture.noise,
                capture.colour,
            )


def write_picture(
    method: evaluate.Method,
    frames: list[captures.Capture],
    path: pathlib.Path,
) -> None:
    """Writes noisy, denoised and clean of one frame side by side."""
    capture = next(f for f in frames if (f.name, f.gain) == ("coffee", 16.0))
    denoised = np.clip(method.denoise(capture.noisy, capture.noise), 0.0, 1.0)
    panels = [
        pictures.to_uint8(capture.colour.render(packed)[_SHOWN])
        for packed in (capture.noisy, denoised, capture.clean)
    ]
    row = pictures.side_by_side(panels)
    pictures.write(path, pictures.png(row), _PROGRAM)


def denoise_one(array: bundle_lib.Bundle, folder: pathlib.Path) -> None:
    """Denoises one DNG to a DNG, and checks the selector."""
    selected = select(array, 16.0)
    member = array.member_for(selected["a"])
    if member.index != selected["member"]:
        raise RuntimeError(
            f"selector.tflite says member {selected['member']}, the manifest "
            f"{member.index}"
        )
    image = reader.read(folder / _NOISY)
    denoiser = Denoiser(array, "float32")
    noise = (selected["a"], selected["b"])
    denoised = denoiser.denoise(image, noise, keep_mean=True)
    dng.write(
        folder / _DENOISED,
        image.with_mosaic(denoised, noise=None),
        history=_PROGRAM,
    )


def select(array: bundle_lib.Bundle, gain: float) -> dict:
    """Runs the bundle's `selector.tflite` for one gain."""
    path = array.folder / array.manifest["selector"]["file"]
    chosen = runtime.Runner(path.read_bytes())({"gain": np.float32([gain])})
    return {name: np.asarray(value).item() for name, value in chosen.items()}
