"""Compares denoisers on one data set: table, JSON and a page to look at.

Without --bundle and --run the array that ships is evaluated.

Example:
    fanet-evaluate --photos=photographs --methods=identity,gaussian,nlm \
        --output=runs/evaluation
    fanet-evaluate --photos=photographs --gains=1,4,16,64 --crop=288 \
        --bundle=runs/quickstart/bundle --output=runs/evaluation
    fanet-evaluate --photos=photographs --crop=288 --limit=8 --sensor=fixed \
        --exposure=0.25 --output=runs/robustness
    fanet-evaluate --pairs=test_set --bundle=ours=runs/fan/bundle --output=OUT
    fanet-evaluate --dnd=dnd/data --bundle=runs/fan/bundle --output=submission
"""

import importlib

from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.cli import max_pixels_flag
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import dnd
from fanet_tf.data import evaluation_sets
from fanet_tf.errors import InputError
from fanet_tf.evaluation import checks
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import methods as methods_lib
from fanet_tf.evaluation import page
from fanet_tf.evaluation import robustness
from fanet_tf.evaluation import sensor_cases
from fanet_tf.evaluation import text
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import names
from fanet_tf.files import own_folder
from fanet_tf.metrics import lpips as lpips_lib
from fanet_tf.pages import shell

flags.adopt_module_key_flags(max_pixels_flag)
flags.adopt_module_key_flags(overwrite_flag)

# Data: exactly one of these.
_PHOTOS = flags.DEFINE_string("photos", None, "Folder of photographs.")
_RAWS = flags.DEFINE_string("raws", None, "Folder of RAW files of low noise.")
_SID = flags.DEFINE_string("sid", None, "Folder of See-in-the-Dark.")
_SIDD = flags.DEFINE_string("sidd", None, "Folder of SIDD (RAW).")
_PAIRS = flags.DEFINE_string("pairs", None, "Folder made by fanet-pairs.")
_DND = flags.DEFINE_string(
    "dnd", None, "DND's `data` folder: writes a submission, no scores."
)
_DND_RENDER = flags.DEFINE_string(
    "dnd_render",
    None,
    "module:function with the kit's ISP, f(mosaic, frame) -> sRGB: writes the "
    "sRGB track.",
)

_GAINS = flags.DEFINE_list(
    "gains", ["1", "2", "4", "8", "16", "32", "64"], "Gains of synthetic noise."
)
_PROFILE = flags.DEFINE_string(
    "profile", "imx258", "Noise: a shipped profile or a .json file."
)
_CAMERA = flags.DEFINE_string(
    "camera", "imx258", "Colour of unprocessed photographs: imx258 or dnd."
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the noise.")
_LIMIT = flags.DEFINE_integer(
    "limit", None, "Takes only the first so many of the set.", lower_bound=1
)

_CROP = flags.DEFINE_integer(
    "crop",
    None,
    "Side of a centre crop of each photograph; default: the whole.",
    lower_bound=32,
)

_SENSOR = flags.DEFINE_enum(
    "sensor",
    None,
    sensor_cases.SENSORS,
    "Also measures what each term of a real sensor costs, on frames with a "
    "pedestal and clipped at black: fixed strengths, or as a preset draws.",
)
_SENSOR_GAINS = flags.DEFINE_list(
    "sensor_gains", ["4", "16", "64"], "Gains of --sensor."
)
_EXPOSURE = flags.DEFINE_float(
    "exposure",
    1.0,
    "Of the scenes of --sensor; 0.25 is two stops under.",
    lower_bound=1e-3,
    upper_bound=1.0,
)

_METHODS = flags.DEFINE_list(
    "methods",
    ["identity"],
    f"Classical methods, of {', '.join(methods_lib.CLASSICAL)}.",
)
_BUNDLE = flags.DEFINE_multi_string(
    "bundle",
    None,
    "Folder of a bundle, or NAME=FOLDER; may be repeated. Default, without "
    "--run: the shipped array; empty: none.",
)
_RECIPE = flags.DEFINE_list(
    "recipe", None, "Number formats of the bundles; each is a row."
)
_RUN = flags.DEFINE_multi_string(
    "run",
    [],
    "Folder of a training run, its Keras members, or NAME=FOLDER; may be "
    "repeated. Needs TensorFlow.",
)
_THREADS = flags.DEFINE_integer(
    "threads", None, "Threads of LiteRT; all cores if not given.", lower_bound=1
)
_LPIPS = flags.DEFINE_enum(
    "lpips",
    "alex",
    ["alex", "vgg", "none"],
    "Backbone of the LPIPS column, where it is installed.",
)
_CROPS = flags.DEFINE_integer(
    "crops", 3, "Images whose crops are shown at every gain.", lower_bound=0
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the results.")
_TITLE = flags.DEFINE_string(
    "title", "RAW denoisers, compared", "Heading of the page."
)


def _bundles():
    """Returns what --bundle names; None stands for the shipped array."""
    if _BUNDLE.value is None:
        return [] if _RUN.value else [None]
    return [spec for spec in _BUNDLE.value if spec]


def _methods() -> dict[str, evaluate.Method]:
    methods = {}
    for name in dict.fromkeys(_METHODS.value):
        if name:
            methods[name] = methods_lib.classical(name)
    for spec in _bundles():
        name, folder = methods_lib.named(spec) if spec else (None, None)
        for recipe in _RECIPE.value or [None]:
            method = methods_lib.from_bundle(folder, recipe, _THREADS.value)
            method = methods_lib.relabel(method, name)
            methods[methods_lib.unique(method.label, methods)] = method
    for spec in _RUN.value:
        # TensorFlow, only where it is asked for.
        from fanet_tf.training import keras_methods

        name, folder = methods_lib.named(spec)
        method = methods_lib.relabel(keras_methods.from_run(folder), name)
        methods[methods_lib.unique(method.label, methods)] = method
    if not methods:
        raise InputError(
            "There must be something to evaluate: give --methods, --bundle or "
            "--run."
        )
    return methods


def _data() -> evaluation_sets.EvaluationSet:
    flags_given = {
        f"--{flag.name}": flag.value
        for flag in (_PHOTOS, _RAWS, _SID, _SIDD, _PAIRS, _DND)
        if flag.value is not None
    }
    if len(flags_given) != 1:
        raise InputError(
            "Exactly one data set must be given: --photos, --raws, --sid, "
            "--sidd, --pairs or --dnd. "
            f"Received: {' '.join(flags_given) or 'none'}"
        )
    if _DND.value is not None:
        return None
    if _SIDD.value is not None:
        return evaluation_sets.smartphone(_SIDD.value, _LIMIT.value)
    if _PAIRS.value is not None:
        return evaluation_sets.pairs(_PAIRS.value, _LIMIT.value)
    profile = profile_lib.load(_PROFILE.value)
    gains = methods_lib.parse_gains(_GAINS.value, profile)
    rest = (gains, profile, _SEED.value, _LIMIT.value)
    if _RAWS.value is not None:
        return evaluation_sets.raws(_RAWS.value, *rest)
    if _SID.value is not None:
        return evaluation_sets.see_in_the_dark(_SID.value, *rest)
    camera = camera_lib.get(_CAMERA.value)
    return evaluation_sets.photos(_PHOTOS.value, camera, *rest, _CROP.value)


def _robustness(data, methods) -> robustness.Robustness | None:
    """Measures what --sensor asks for."""
    if _SENSOR.value is None:
        return None
    profile = profile_lib.load(_PROFILE.value)
    gains = methods_lib.parse_gains(_SENSOR_GAINS.value, profile)
    return robustness.measure(
        data.scenes,
        methods,
        _SENSOR.value,
        profile,
        gains=gains,
        exposure=_EXPOSURE.value,
        seed=_SEED.value,
    )


def _submit(methods, output) -> None:
    """Writes one DND submission a method."""
    render = None
    if _DND_RENDER.value:
        module, _, function = _DND_RENDER.value.partition(":")
        try:
            render = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise InputError(
                f"--dnd_render must be module:function: {error}"
            ) from error
    track = "raw" if render is None else "srgb"
    taken = set()
    for name, method in methods.items():
        folder = output
        if len(methods) > 1:
            plain = "".join(c if c.isalnum() else "_" for c in name)[:100]
            # Two names may differ in nothing but signs.
            folder = output / methods_lib.unique(plain, taken)
            taken.add(folder.name)
        count = dnd.submit(
            _DND.value,
            method.denoise,
            folder,
            render=render,
            overwrite=overwrite_flag.OVERWRITE.value,
        )
        text = f"{name}: {count} frames, {track} track: {folder / 'bundled'}"
        print(names.printable(text))
        if count != dnd.FRAMES:
            print(f"Note: the benchmark has {dnd.FRAMES} frames.")


def main(arguments):
    """Hands the flags to `evaluate.evaluate` and writes what it gives."""
    if arguments:
        raise InputError(f"Unexpected arguments: {' '.join(arguments)}")
    data = _data()
    if _SENSOR.value is not None:
        if data is None or data.scenes is None:
            raise InputError(
                "--sensor must have clean frames to draw on: --photos, --raws "
                "or --sid."
            )
        methods_lib.parse_gains(
            _SENSOR_GAINS.value, profile_lib.load(_PROFILE.value)
        )
    methods = _methods()
    if data is None:
        dnd.find(_DND.value)  # Refuses before anything is made.
    output = own_folder.make_folder(atomic.resolve(_OUTPUT.value))
    with claims.claim(output):
        atomic.sweep(output)
        if data is None:
            _submit(methods, output)
        else:
            _evaluate(data, methods, output)


def _evaluate(data, methods, output) -> None:
    """Prints the table and writes the figures and the page."""
    overwrite = overwrite_flag.OVERWRITE.value
    figures, report = output / "metrics.json", output / "report.html"
    text.check_output(figures, overwrite)
    shell.check_output(report, overwrite)
    notes, lpips = [], None
    if _LPIPS.value != "none":
        try:
            lpips = lpips_lib.load(_LPIPS.value)
        except lpips_lib.UnavailableError as error:
            notes.append(str(error))
    about = {
        "facts": {
            **data.facts,
            "Machine": methods_lib.machine(),
            **({"LPIPS": _LPIPS.value} if lpips else {}),
        },
        "notes": notes,
    }
    evaluation = evaluate.evaluate(
        data.captures,
        methods,
        total=data.total,
        lpips=lpips,
        gallery=gallery.Gallery(images=_CROPS.value),
        about=about,
    )
    if data.damage.skipped:
        notes.append(
            f"{len(data.damage.skipped)} damaged files were skipped: "
            + names.printable(", ".join(data.damage.skipped))
        )
    print(text.table(evaluation))
    if verdicts := checks.text(checks.check(evaluation.to_json())):
        print(f"\n{verdicts}")
    table, more, sections = _robustness(data, methods), {}, []
    if table is not None:
        print(f"\n{text.robustness(table)}")
        more = {"robustness": table.to_json()}
        sections = [page.robustness(table)]
    text.write_json(figures, evaluation, overwrite, **more)
    page.write(
        report,
        evaluation,
        title=_TITLE.value,
        intro="The same noisy captures through every method.",
        overwrite=overwrite,
        sections=sections,
    )
    print(f"\n{figures}\n{report}")


def cli():
    """Entry point of `fanet-evaluate`."""
    program.run(main, required=["output"])


if __name__ == "__main__":
    cli()
