"""Counted instructions of networks on ARM cores, where they were counted.

`benchmarks/arm_instructions.py` writes the file, `fanet-cost` shows it. A count
belongs to one exact `model` section: a network of other sizes has none.
"""

import json
import pathlib

from fanet_tf.files import strict_json

# Beside the package in a checkout. An installed wheel has none.
FILE = pathlib.Path(__file__).parents[2] / "results/arm/instructions.json"

# core -> recipe -> class -> million instructions per RAW megapixel.
Counts = dict[str, dict[str, dict[str, float]]]


def read(model: dict, path=FILE) -> Counts:
    """Returns the counts of a network; empty if it was not counted.

    Args:
        model: the `model` section of a config.
        path: the file, which need not exist.
    """
    for record in _networks(path).values():
        if record["model"] == _plain(model):
            return record["millions_per_mp"]
    return {}


def merge(path, name: str, model: dict, counts: Counts) -> dict:
    """Returns the file's content with counts of one network added.

    Args:
        path: the file, which need not exist.
        name: of the network. Counts of another network under this name go.
        model: its `model` section.
        counts: replace those of the same cores and recipes.
    """
    networks = _networks(path)
    known = read(model, path)
    for core, by_recipe in counts.items():
        known[core] = {**known.get(core, {}), **by_recipe}
    record = {"model": _plain(model), "millions_per_mp": known}
    return {**networks, name: record}


def _networks(path) -> dict:
    path = pathlib.Path(path)
    return strict_json.read_object(path) if path.is_file() else {}


def _plain(model):
    """As JSON gives it back: lists for tuples."""
    return json.loads(json.dumps(model))
