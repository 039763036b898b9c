r"""Compares denoisers on one data set: table, JSON and a page to look at.

Without --bundle and --run the array that ships is evaluated.

Example:
    fanet-evaluate --photos=photographs --methods=identity,gaussian,nlm \
        --output=runs/evaluation
    fanet-evaluate --photos=photographs --gains=1,4,16,64 --crop=288 \
        --bundle=runs/quickstart/bundle --output=runs/evaluation
    fanet-evaluate --photos=photographs --crop=288 --limit=8 --sensor=fixed \
        --exposure=0.25 --output=runs/robustness
    fanet-evaluate --photos=photographs --scenes=night --crop=288 \
        --output=runs/night
    fanet-evaluate --pairs=test_set --bundle=ours=runs/fan/bundle --output=OUT
    fanet-evaluate --dnd=dnd/data --bundle=runs/fan/bundle --output=submission
"""

import contextlib
import math
import pathlib
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.profile import GainLaw
from fanet_tf.cli import dnd_flags
from fanet_tf.cli import max_pixels_flag
from fanet_tf.cli import method_flags
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import evaluation_sets
from fanet_tf.data import scene_kinds
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

flags.adopt_module_key_flags(dnd_flags)
flags.adopt_module_key_flags(max_pixels_flag)
flags.adopt_module_key_flags(method_flags)
flags.adopt_module_key_flags(overwrite_flag)

# Data: exactly one of these.
_PHOTOS = flags.DEFINE_string(
    "photos", None, "Folder of photographs, or held_back."
)
_RAWS = flags.DEFINE_string("raws", None, "Folder of RAW files of low noise.")
_SID = flags.DEFINE_string("sid", None, "Folder of See-in-the-Dark.")
_SIDD = flags.DEFINE_string("sidd", None, "Folder of SIDD (RAW).")
_PAIRS = flags.DEFINE_string("pairs", None, "Folder made by fanet-pairs.")

_GAINS = flags.DEFINE_list(
    "gains", ["1", "2", "4", "8", "16", "32", "64"], "Gains of synthetic noise."
)
_PROFILE = flags.DEFINE_string(
    "profile",
    None,
    "Noise: a shipped profile or a .json file; default: that of the bundle or "
    "run.",
)
_CAMERA = flags.DEFINE_string(
    "camera",
    "imx258",
    "Colour of unprocessed photographs: " + ", ".join(camera_lib.CAMERAS),
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the noise.")
_LIMIT = flags.DEFINE_integer(
    "limit", None, "Takes only the first N of the set.", lower_bound=1
)

_CROP = flags.DEFINE_integer(
    "crop",
    None,
    "Side of a centre crop of each photograph; default: the whole.",
    lower_bound=32,
)

_SCENES = flags.DEFINE_enum(
    "scenes",
    "photographs",
    list(scene_kinds.KINDS),
    "What becomes of --photos: photographs as they are, native (as soft as a "
    "sensor's own frames), dark (two stops under) or night (soft, four stops "
    "under).",
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
    "Exposure of the scenes of --sensor; 0.25 is two stops under.",
    lower_bound=1e-3,
    upper_bound=1.0,
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


def parse_gains(texts: Sequence[str], profile: GainLaw) -> tuple[float, ...]:
    """Parses the gains of a run; each must lie in the profile's range."""
    low, high = profile.gain_range
    gains, outside = [], []
    for one in texts:
        try:
            gain = float(one)
        except ValueError:
            gain = math.nan
        gains.append(gain)
        if not low <= gain <= high:
            outside.append(repr(one))
    if outside:
        raise InputError(
            f"A gain must be a number of {low:g} to {high:g}, the range of "
            f"the profile {profile.sensor} ({profile.status}). "
            f"Received: {', '.join(outside)}"
        )
    if not gains:
        raise InputError("There must be at least one gain.")
    return tuple(dict.fromkeys(gains))


def _check_data_flags() -> None:
    given = [
        f"--{flag.name}"
        for flag in (_PHOTOS, _RAWS, _SID, _SIDD, _PAIRS, dnd_flags.DND)
        if flag.value is not None
    ]
    if len(given) != 1:
        raise InputError(
            "Exactly one data set must be given: --photos, --raws, --sid, "
            "--sidd, --pairs or --dnd. "
            f"Received: {' '.join(given) or 'none'}"
        )
    if _SCENES.value != "photographs" and _PHOTOS.value is None:
        raise InputError(
            "--scenes must be used with --photos: other sets hold a sensor's "
            f"own frames. Received: --scenes={_SCENES.value} {given[0]}"
        )


def _noise_law(methods: Mapping[str, evaluate.Method]) -> GainLaw:
    """Returns the law of --profile, else the one the methods were made for."""
    if _PROFILE.value is not None:
        return profile_lib.load(_PROFILE.value)
    laws = []
    for method in methods.values():
        law = method.law
        if law and not any(law.equals(known) for known in laws):
            laws.append(law)
    if len(laws) > 1:
        raise InputError(
            "--profile must say which noise is drawn, since the methods were "
            "made for different ones. Received: "
            + ", ".join(f"{law.sensor} ({law.status})" for law in laws)
        )
    return laws[0] if laws else profile_lib.load("imx258")


def _data(profile: GainLaw) -> evaluation_sets.EvaluationSet:
    if _SIDD.value is not None:
        return evaluation_sets.smartphone(_SIDD.value, _LIMIT.value)
    if _PAIRS.value is not None:
        return evaluation_sets.pairs(_PAIRS.value, _LIMIT.value)
    gains = parse_gains(_GAINS.value, profile)
    rest = (gains, profile, _SEED.value, _LIMIT.value)
    if _RAWS.value is not None:
        return evaluation_sets.raws(_RAWS.value, *rest)
    if _SID.value is not None:
        return evaluation_sets.see_in_the_dark(_SID.value, *rest)
    camera = camera_lib.get(_CAMERA.value)
    kind = scene_kinds.get(_SCENES.value)
    return evaluation_sets.photos(
        _PHOTOS.value, camera, *rest, _CROP.value, kind
    )


def _robustness(data, methods, profile) -> robustness.Robustness | None:
    """Measures what --sensor asks for."""
    if _SENSOR.value is None:
        return None
    gains = parse_gains(_SENSOR_GAINS.value, profile)
    return robustness.measure(
        data.scenes,
        methods,
        _SENSOR.value,
        profile,
        gains=gains,
        exposure=_EXPOSURE.value,
        seed=_SEED.value,
    )


@contextlib.contextmanager
def _claimed() -> Iterator[pathlib.Path]:
    """Makes the folder of --output and keeps other runs out of it."""
    output = own_folder.make_folder(atomic.resolve(_OUTPUT.value))
    with claims.claim(output):
        yield output


def _check_clean(scenes: object | None) -> None:
    if scenes is None:
        raise InputError(
            "--sensor must have clean frames to draw on: --photos, --raws or "
            "--sid."
        )


def submit() -> None:
    """Writes one DND submission a method."""
    if _SENSOR.value is not None:
        _check_clean(None)
    dnd_flags.check()  # Refuses before anything is made.
    methods = method_flags.chosen()
    with _claimed() as output:
        dnd_flags.submit(methods, output)


def compare() -> None:
    """Prints the tables and writes the figures and the page."""
    methods = method_flags.chosen(classical=("identity",))
    profile = _noise_law(methods)
    data = _data(profile)
    if _SENSOR.value is not None:
        _check_clean(data.scenes)
        parse_gains(_SENSOR_GAINS.value, profile)
    with _claimed() as output:
        _evaluate(data, methods, profile, output)


def _evaluate(
    data: evaluation_sets.EvaluationSet,
    methods: Mapping[str, evaluate.Method],
    profile: GainLaw,
    output: pathlib.Path,
) -> None:
    overwrite = overwrite_flag.OVERWRITE.value
    figures, report = output / "metrics.json", output / "report.html"
    text.check_output(figures, overwrite)
    shell.check_output(report, overwrite)
    notes, lpips = [], None
    if _SIDD.value is None and _PAIRS.value is None:
        notes += methods_lib.made_for_other_noise(methods, profile)
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
    table, more, sections = _robustness(data, methods, profile), {}, []
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
    print(f"\n{names.printable(figures)}\n{names.printable(report)}")


def main(arguments: Sequence[str]) -> None:
    """Compares on a data set, or writes the submission for one."""
    if arguments:
        raise InputError(f"Unexpected arguments: {' '.join(arguments)}")
    _check_data_flags()
    if dnd_flags.DND.value is not None:
        submit()
    else:
        compare()


def cli():
    """Entry point of `fanet-evaluate`."""
    program.run(
        main,
        required=["output"],
        rare=["max_pixels", "dnd_render", "seed", "crops", "title", "camera"],
    )


if __name__ == "__main__":
    cli()
