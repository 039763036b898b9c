r"""Says whether array B is better than array A, or only different.

A and B are each a bundle, or the folder of a finished fanet-train run; B alone
is compared with the shipped array. Prints dB per gain with intervals over the
photographs, cost and time, and writes the figures and a page.

Example:
    fanet-compare runs/old/bundle runs/new/bundle --photos=photographs \
        --crop=288 --output=runs/comparison
    fanet-compare runs/new --photos=photographs --scenes=night \
        --output=runs/against_shipped
    fanet-compare bundle bundle --recipe=float16,dynamic_wi8_afp32 \
        --photos=photographs --output=runs/recipes
"""

import pathlib
from collections.abc import Sequence

from absl import flags

from fanet_tf.cli import data_flags
from fanet_tf.cli import network_flag
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.cli import report_flags
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.errors import InputError
from fanet_tf.evaluation import comparison
from fanet_tf.evaluation import comparison_report
from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import methods as methods_lib
from fanet_tf.evaluation import text
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.files import names
from fanet_tf.pages import shell

flags.adopt_module_key_flags(data_flags)
flags.adopt_module_key_flags(overwrite_flag)
flags.adopt_module_key_flags(report_flags)

_RECIPE = flags.DEFINE_list(
    "recipe",
    None,
    "Number formats of the bundles: one for both, or A's and B's.",
)
_THREADS = flags.DEFINE_integer(
    "threads", None, "Threads of LiteRT; default: all cores.", lower_bound=1
)
_ROUNDS = flags.DEFINE_integer(
    "rounds",
    10,
    "How often A and B are timed, in turns; 0: not at all.",
    lower_bound=0,
)


def _arrays(arguments: Sequence[str]) -> list[Method]:
    """Returns A and B, ready to run."""
    if not 1 <= len(arguments) <= 2:
        raise InputError(
            "A and B, or B alone, must be given: bundles or folders of runs. "
            f"Received: {' '.join(arguments) or 'none'}"
        )
    recipes = _RECIPE.value or [None]
    if len(recipes) > 2:
        raise InputError(
            "--recipe must be one number format, or A's and B's. "
            f"Received: {','.join(recipes)}"
        )
    paths = [None, *arguments][-2:]  # None is the shipped array.
    return [
        _array(path, recipe)
        for path, recipe in zip(paths, (recipes * 2)[:2], strict=True)
    ]


def _array(path: str | None, recipe: str | None) -> Method:
    """Returns what a folder holds."""
    if (bundle_lib.locate(path) / bundle_lib.MANIFEST).is_file():
        return methods_lib.from_bundle(path, recipe, _THREADS.value)
    if not (pathlib.Path(path) / "config.json").is_file():
        raise InputError(
            "A and B must each be a bundle (with manifest.json) or the folder "
            f"of a run (with config.json). Received: {path}"
        )
    if recipe is not None:
        raise InputError(
            "--recipe must be used with bundles alone: a run has no recipes. "
            f"Received: --recipe={recipe} for {path}"
        )
    program.import_tensorflow()  # Only where it is asked for.
    from fanet_tf.training import keras_methods

    network_flag.use()
    return keras_methods.from_run(path)


def main(arguments: Sequence[str]) -> None:
    """Compares A and B on a data set."""
    data_flags.check()
    first, second = _arrays(arguments)
    both = {comparison.A: first, comparison.B: second}
    profile = data_flags.noise_law(both)
    data = data_flags.data(profile)
    about = data_flags.about(data, both, profile)
    overwrite = overwrite_flag.OVERWRITE.value
    with report_flags.claimed() as output:
        figures, report = output / "comparison.json", output / "comparison.html"
        text.check_output(figures, overwrite)
        shell.check_output(report, overwrite)
        compared = comparison.compare(
            data.captures,
            first,
            second,
            profile.noise(profile.gain_range[0]),
            rounds=_ROUNDS.value,
            total=data.total,
            gallery=gallery.Gallery(images=report_flags.CROPS.value),
            about=about,
        )
        about["notes"] += data_flags.damage_notes(data)
        print(comparison_report.as_text(compared))
        text.write_json(
            figures, compared.evaluation, overwrite, **compared.to_json()
        )
        comparison_report.write_page(
            report, compared, report_flags.TITLE.value, overwrite
        )
    print(f"\n{names.printable(figures)}\n{names.printable(report)}")


def cli():
    """Entry point of `fanet-compare`."""
    program.run(
        main,
        required=["output"],
        rare=["max_pixels", "seed", "crops", "title", "camera"],
    )


if __name__ == "__main__":
    cli()
