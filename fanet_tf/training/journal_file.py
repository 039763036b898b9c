"""The lines of a `metrics.jsonl`, read and replaced without TensorFlow."""

import json
import pathlib

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import inputs
from fanet_tf.files import strict_json


def read(path) -> list[dict]:
    """Returns the records of a `metrics.jsonl`; none where there is no file.

    A line that a kill has cut off is left out.
    """
    records = []
    if pathlib.Path(path).exists():
        for line in inputs.read_text(path).splitlines():
            try:
                record = strict_json.loads(line, path)
                record["step"]
            except (InputError, KeyError, TypeError):
                continue
            records.append(record)
    return records


def replace(path, records: list[dict]) -> None:
    """Writes a `metrics.jsonl` anew, whole or not at all."""
    lines = [json.dumps(record) + "\n" for record in records]
    atomic.write_text(path, "".join(lines), overwrite=True)


def said_change(record: dict) -> str:
    """Returns a recorded change as a sentence."""
    fields = [f"{name} {a} → {b}" for name, (a, b) in record["changed"].items()]
    return f"After step {record['step']:,}: {'; '.join(fields)}."
