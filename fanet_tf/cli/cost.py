"""Says what networks cost: parameters, multiply-accumulates, memory moved.

Example:
    fanet-cost
    fanet-cost fan fan_fast --layers
    fanet-cost --config=configs/fan.py --config.model.widths="(16,24,48,64)"
    fanet-cost --json > cost.json
"""

import json
import pathlib

from absl import flags
from ml_collections import config_flags

from fanet_tf import variants
from fanet_tf.cli import program

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Config file; its network, and no variant, is counted."
)
_LAYERS = flags.DEFINE_bool("layers", False, "Lists every operation.")
_RADIUS = flags.DEFINE_bool("radius", True, "Measures the receptive radius.")
_JSON = flags.DEFINE_bool("json", False, "Prints JSON.")


def _networks(names):
    """Yields the name and the `model` section of what is to be counted."""
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
    yield pathlib.Path(path.split(":")[0]).stem, _CONFIG.value.model.to_dict()


def main(arguments):
    """Prints a table, or JSON, of variants by name or of a config."""
    networks = list(_networks(arguments))  # Typos fail before slow imports.
    from fanet_tf import cost

    reports = [
        cost.report(name, model, _RADIUS.value) for name, model in networks
    ]
    if _JSON.value:
        record = {
            "convention": cost.CONVENTION,
            "notes": cost.NOTES,
            "networks": [cost.as_record(r, _LAYERS.value) for r in reports],
        }
        print(json.dumps(record, indent=2))
        return
    for report in reports if _LAYERS.value else ():
        print("\n".join(cost.layer_table(report)), end="\n\n")
    print("\n".join(cost.table(reports)))
    for line in (cost.CONVENTION, *cost.NOTES):
        print(f"\n{line}")


def cli():
    """Entry point of `fanet-cost`."""
    program.run(main)


if __name__ == "__main__":
    cli()
