"""The quick look at a manifest lets nothing through that the schema forbids."""

import copy
import sys

import jsonschema
import numpy as np

from fanet_tf.denoising import bundle
from fanet_tf.denoising import manifest_schema

SCHEMA = manifest_schema.schema()
ODD = (None, True, 0, 1, -1, 0.5, -0.5, "", "x", "../x", [], [1], {}, {"": 0})


def shipped():
    return bundle.read_manifest(bundle.locate())


def places(value):
    """Yields every list and dict with each of its keys."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def spoilt(manifest, rng):
    """Returns it with one thing taken away, added or changed, and its key."""
    manifest = copy.deepcopy(manifest)
    found = list(places(manifest))
    holder, key = found[rng.integers(len(found))]
    act = rng.integers(4)
    if act == 0:
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        holder[f"{key}_"] = holder[key]
    elif act == 2 and isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = ODD[rng.integers(len(ODD))]
    return manifest, key


def test_what_is_spoilt_is_judged_as_the_library_judges():
    manifest, rng = shipped(), np.random.default_rng(0)
    library = jsonschema.Draft202012Validator(SCHEMA)
    counts = {True: 0, False: 0}
    for _ in range(150):
        changed, key = spoilt(manifest, rng)
        quick = manifest_schema.plainly_follows(changed, SCHEMA, SCHEMA)
        valid = library.is_valid(changed)
        assert quick == valid, key
        counts[quick] += 1
    assert min(counts.values()) > 20


def test_a_whole_manifest_needs_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    manifest_schema.check("manifest.json", shipped())


def test_what_is_unusual_is_left_to_the_library():
    manifest = shipped()
    manifest["selector"]["bytes"] = float(manifest["selector"]["bytes"])
    assert not manifest_schema.plainly_follows(manifest, SCHEMA, SCHEMA)
    manifest_schema.check("manifest.json", manifest)


def test_a_keyword_that_is_not_known_is_left_to_the_library():
    assert not manifest_schema.plainly_follows(1, {"multipleOf": 1}, {})
    assert manifest_schema.plainly_follows(1, {"const": 1}, {})
    assert not manifest_schema.plainly_follows(True, {"const": 1}, {})
    assert not manifest_schema.plainly_follows(True, {"type": "integer"}, {})
