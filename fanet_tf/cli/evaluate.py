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

import pathlib
from collections.abc import Mapping
from collections.abc import Sequence

from absl import flags

from fanet_tf.calibration.profile import GainLaw
from fanet_tf.cli import data_flags
from fanet_tf.cli import dnd_flags
from fanet_tf.cli import method_flags
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.cli import report_flags
from fanet_tf.cli import sensor_flags
from fanet_tf.data import evaluation_sets
from fanet_tf.errors import InputError
from fanet_tf.evaluation import checks
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import page
from fanet_tf.evaluation import text
from fanet_tf.files import names
from fanet_tf.metrics import lpips as lpips_lib
from fanet_tf.pages import shell

flags.adopt_module_key_flags(data_flags)
flags.adopt_module_key_flags(dnd_flags)
flags.adopt_module_key_flags(method_flags)
flags.adopt_module_key_flags(overwrite_flag)
flags.adopt_module_key_flags(report_flags)
flags.adopt_module_key_flags(sensor_flags)

_LPIPS = flags.DEFINE_enum(
    "lpips",
    "alex",
    ["alex", "vgg", "none"],
    "Backbone of the LPIPS column, where it is installed.",
)


def submit() -> None:
    """Writes one DND submission a method."""
    sensor_flags.check(None)
    dnd_flags.check()  # Refuses before anything is made.
    methods = method_flags.chosen()
    with report_flags.claimed() as output:
        dnd_flags.submit(methods, output)


def compare() -> None:
    """Prints the tables and writes the figures and the page."""
    methods = method_flags.chosen(classical=("identity",))
    profile = data_flags.noise_law(methods)
    data = data_flags.data(profile)
    sensor_flags.check(data.scenes, profile)
    with report_flags.claimed() as output:
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
    about = data_flags.about(data, methods, profile)
    lpips = None
    if _LPIPS.value != "none":
        try:
            lpips = lpips_lib.load(_LPIPS.value)
            about["facts"]["LPIPS"] = _LPIPS.value
        except lpips_lib.UnavailableError as error:
            about["notes"].append(str(error))
    evaluation = evaluate.evaluate(
        data.captures,
        methods,
        total=data.total,
        lpips=lpips,
        gallery=gallery.Gallery(images=report_flags.CROPS.value),
        about=about,
    )
    about["notes"] += data_flags.damage_notes(data)
    print(text.table(evaluation))
    if verdicts := checks.text(checks.check(evaluation.to_json())):
        print(f"\n{verdicts}")
    table = sensor_flags.measure(data, methods, profile)
    more, sections = {}, []
    if table is not None:
        print(f"\n{text.robustness(table)}")
        more = {"robustness": table.to_json()}
        sections = [page.robustness(table)]
    text.write_json(figures, evaluation, overwrite, **more)
    page.write(
        report,
        evaluation,
        title=report_flags.TITLE.value,
        intro="The same noisy captures through every method.",
        overwrite=overwrite,
        sections=sections,
    )
    print(f"\n{names.printable(figures)}\n{names.printable(report)}")


def main(arguments: Sequence[str]) -> None:
    """Compares on a data set, or writes the submission for one."""
    if arguments:
        raise InputError(f"Unexpected arguments: {' '.join(arguments)}")
    data_flags.check(dnd_flags.DND)
    if dnd_flags.DND.value is not None:
        submit()
    else:
        compare()


def cli():
    """Entry point of `fanet-evaluate`."""
    program.run(
        main,
        required=["output"],
        rare=[
            "camera",
            "crops",
            "dnd_render",
            "lpips",
            "max_pixels",
            "pmrid",
            "seed",
            "sensor_gains",
            "title",
        ],
    )


if __name__ == "__main__":
    cli()
