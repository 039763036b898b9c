"""Checks a manifest against `manifest.schema.json`.

A small part of JSON Schema (draft 2020-12), the part that the schema uses;
`tests` compare it with the `jsonschema` package.
"""

import json
import math
import pathlib
import re

from fanet_tf.errors import InputError

PATH = pathlib.Path(__file__).with_name("manifest.schema.json")

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def load() -> dict:
    """Returns the schema that ships."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def check(manifest, schema=None) -> None:
    """Raises `InputError` with the first place that does not fit."""
    schema = schema or load()
    problem = next(_problems(manifest, schema, schema, "manifest"), None)
    if problem:
        raise InputError(problem)


def _problems(value, schema, root, where):
    """Yields one sentence for each thing that does not fit."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from _problems(value, root["$defs"][name], root, where)
    if "type" in schema and not _is_a(value, schema["type"]):
        yield (
            f"{where}: must be of type {schema['type']}. Received: "
            f"{str(value)[:60]!r}"
        )
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where}: must be {schema['const']!r}. Received: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: must be one of {schema['enum']}. Received: {value!r}"
    if isinstance(value, str) and not re.search(
        schema.get("pattern", ""), value
    ):
        yield f"{where}: must match {schema['pattern']}. Received: {value!r}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, where)
    if isinstance(value, list):
        yield from _array(value, schema, root, where)
    if isinstance(value, dict):
        yield from _object(value, schema, root, where)


def _is_a(value, kinds):
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind == "number" and number and math.isfinite(value):
            return True
        if kind == "integer" and number and value == int(value):
            return True
        if kind in _TYPES and isinstance(value, _TYPES[kind]):
            return True
    return False


def _number(value, schema, where):
    if value < schema.get("minimum", -math.inf):
        yield f"{where}: must be {schema['minimum']} or more. Received: {value}"
    if value <= schema.get("exclusiveMinimum", -math.inf):
        yield (
            f"{where}: must be above {schema['exclusiveMinimum']}. "
            f"Received: {value}"
        )


def _array(value, schema, root, where):
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield f"{where}: must have {least} to {most} items. Received: {value}"
    for index, item in enumerate(value):
        if "items" in schema:
            yield from _problems(
                item, schema["items"], root, f"{where}[{index}]"
            )


def _object(value, schema, root, where):
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}: must have `{name}`."
    if len(value) < schema.get("minProperties", 0):
        yield f"{where}: must not be empty."
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            yield from _problems(item, known[name], root, f"{where}.{name}")
        elif isinstance(others, dict):
            yield from _problems(item, others, root, f"{where}.{name}")
