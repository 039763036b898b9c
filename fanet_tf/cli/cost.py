"""Says what networks cost: parameters, multiply-accumulates, memory moved.

Example:
    fanet-cost
    fanet-cost fan fan_fast --layers
    fanet-cost --config=configs/fan.py --config.model.widths=16,24,48,64
    fanet-cost --network=net.py:build
    fanet-cost --json > cost.json
"""

import functools
import json
import pathlib

from absl import flags

from fanet_tf import variants
from fanet_tf.cli import program

with program.extra("train"):
    from ml_collections import config_flags

    from fanet_tf.cli import config_words
    from fanet_tf.cli import network_flag

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Config file; its network, and no variant, is counted."
)
_LAYERS = flags.DEFINE_bool("layers", False, "Lists every operation.")
_RADIUS = flags.DEFINE_bool("radius", True, "Measures the receptive radius.")
_JSON = flags.DEFINE_bool("json", False, "Prints JSON.")


def _networks(names):
    """Yields the name and the `model` section of what is to be counted."""
    own = network_flag.use()
    if own is not None:
        if names or _CONFIG.value is not None:
            program.fail("--network must be given without --config and names.")
        yield own["name"], own
        return
    if _CONFIG.value is None:
        for name in names or variants.VARIANTS:
            yield name, variants.get(name).model
        return
    if names:
        program.fail(
            "Either --config or names of variants must be given, not both. "
            f"Received: {' '.join(names)}"
        )
    path = config_flags.get_config_filename(flags.FLAGS["config"])
    file, _, argument = path.partition(":")
    name = (
        argument if argument in variants.VARIANTS else pathlib.Path(file).stem
    )
    yield name, _CONFIG.value.model.to_dict()


def main(arguments):
    """Prints a table, or JSON, of variants by name or of a config."""
    networks = list(_networks(arguments))  # Typos fail before slow imports.
    program.import_tensorflow()
    from fanet_tf.models import cost_table

    reports = [
        cost_table.report(name, model, _RADIUS.value)
        for name, model in networks
    ]
    if _JSON.value:
        record = {
            "convention": cost_table.CONVENTION,
            "notes": cost_table.NOTES,
            "networks": [
                cost_table.as_record(r, _LAYERS.value) for r in reports
            ],
        }
        print(json.dumps(record, indent=2))
        return
    for report in reports if _LAYERS.value else ():
        print("\n".join(cost_table.layer_table(report)), end="\n\n")
    print("\n".join(cost_table.table(reports)))
    for line in (cost_table.CONVENTION, *cost_table.NOTES):
        print(f"\n{line}")


def cli():
    """Entry point of `fanet-cost`."""
    program.run(
        main,
        rewrite=config_words.rewritten,
        explain=functools.partial(config_words.explain, flag=_CONFIG),
    )


if __name__ == "__main__":
    cli()
