"""Holds a bundle's manifest to its JSON Schema, `manifest.schema.json`.

To import `jsonschema` takes as long as to denoise a tenth of a megapixel or
more. So a manifest that plainly follows the schema is let through without it;
whatever is not plain, or not known here, the library judges, and it alone
refuses.
"""

import functools
import json
import pathlib
import re

from fanet_tf.errors import InputError

_PATH = pathlib.Path(__file__).with_name("manifest.schema.json")
_TYPES = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_NOTES = {"$schema", "$defs", "title", "type"}


def check(path: pathlib.Path, manifest: dict) -> None:
    """Raises `InputError` with the place where a manifest breaks the schema.

    Args:
        path: of the file, for the message.
        manifest: its content, as `strict_json` reads it.
    """
    if plainly_follows(manifest, schema(), schema()):
        return
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema())
    error = jsonschema.exceptions.best_match(validator.iter_errors(manifest))
    if error is not None:
        place = error.json_path.removeprefix("$").lstrip(".") or "the manifest"
        raise InputError(
            f"{path}: `{place}` must follow the schema of docs/bundle.md. "
            f"Received: {error.message[:200]}"
        )


@functools.cache
def schema() -> dict:
    """Returns the schema of `manifest.json`."""
    return json.loads(_PATH.read_text(encoding="utf-8"))


def plainly_follows(value, rules: dict | bool, root: dict) -> bool:
    """Whether a value follows rules, seen without `jsonschema`.

    True is certain. False also stands for what is unusual: a keyword that is
    not known here, or 1.0 for an integer.

    Args:
        value: of JSON.
        rules: a JSON Schema, or a part of one.
        root: the whole schema, for `$ref`.
    """
    if isinstance(rules, bool):
        return rules
    names = rules.get("type")
    if names is not None:
        names = [names] if isinstance(names, str) else names
        if not any(type(value) in _TYPES[name] for name in names):
            return False
    return all(
        keyword in _NOTES
        or keyword in _HOLDS
        and _HOLDS[keyword](value, rule, rules, root)
        for keyword, rule in rules.items()
    )


def _number(compare):
    def holds(value, limit, rules, root):
        return type(value) not in (int, float) or compare(value, limit)

    return holds


def _size(kind, compare):
    def holds(value, limit, rules, root):
        return type(value) is not kind or compare(len(value), limit)

    return holds


def _same(value, other):
    if type(value) is not type(other):  # For Python, 1 is True.
        return False
    if type(value) is list:
        return len(value) == len(other) and all(map(_same, value, other))
    return type(value) in (int, str) and value == other


def _reference(value, place, rules, root):
    prefix, _, name = place.rpartition("/")
    return prefix == "#/$defs" and plainly_follows(
        value, root["$defs"][name], root
    )


def _properties(value, parts, rules, root):
    return type(value) is not dict or all(
        plainly_follows(value[name], part, root)
        for name, part in parts.items()
        if name in value
    )


def _others(value, part, rules, root):
    known = rules.get("properties", {})
    return type(value) is not dict or all(
        plainly_follows(value[name], part, root)
        for name in value
        if name not in known
    )


def _items(value, part, rules, root):
    return type(value) is not list or all(
        plainly_follows(item, part, root) for item in value
    )


def _pattern(value, pattern, rules, root):
    return type(value) is not str or re.search(pattern, value) is not None


def _names(value, part, rules, root):
    return type(value) is not dict or all(
        plainly_follows(name, part, root) for name in value
    )


# keyword -> (value, what stands there, the rules around it, root) -> holds.
_HOLDS = {
    "$ref": _reference,
    "additionalProperties": _others,
    "anyOf": lambda value, parts, rules, root: any(
        plainly_follows(value, part, root) for part in parts
    ),
    "const": lambda value, other, rules, root: _same(value, other),
    "enum": lambda value, others, rules, root: any(
        _same(value, other) for other in others
    ),
    "exclusiveMinimum": _number(lambda value, limit: value > limit),
    "items": _items,
    "maximum": _number(lambda value, limit: value <= limit),
    "maxItems": _size(list, lambda size, limit: size <= limit),
    "minimum": _number(lambda value, limit: value >= limit),
    "minItems": _size(list, lambda size, limit: size >= limit),
    "minProperties": _size(dict, lambda size, limit: size >= limit),
    "pattern": _pattern,
    "properties": _properties,
    "propertyNames": _names,
    "required": lambda value, names, rules, root: (
        type(value) is not dict or all(name in value for name in names)
    ),
}
