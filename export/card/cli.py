r"""Measures an array and writes its model card and its pictures.

Example:
    fanet-card --photos=data/photos/cid22_val --workdir=runs/array \
        --frame=FRAME.raw --width=768 --height=512 --bits=14 \
        --black_level=600 --white_level=16383
    fanet-card
    fanet-card --picture=docs/images/imx258.jpg --gallery=gallery.html \
        --real=FRAME.dng

The first measures, keeps what it measured in RESULTS/card.json and writes the
card; minutes. The second writes the card again from that file, without data.
The third draws pictures and touches no card.
"""

import json
import pathlib

from absl import flags

from export.card import measure
from export.card import model_card
from export.card import page
from export.card import training
from fanet_tf.cli import program
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import dump
from fanet_tf.raw import cfa

SCHEMA_VERSION = 1

_BUNDLE = flags.DEFINE_string(
    "bundle", None, "Folder of the array; default: the shipped one."
)
_RESULTS = flags.DEFINE_string(
    "results", "results/imx258", "Folder of card.json, kept in the repository."
)
_KERAS = flags.DEFINE_string(
    "keras",
    None,
    "Folder of the Keras members, for a card beside them; default: that of the "
    "bundle's name with _keras, if it is there.",
)
_PHOTOS = flags.DEFINE_string(
    "photos", None, "Folder of held-back photographs: measures on them."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Run that the array is from: reads how it was trained."
)
_FRAME = flags.DEFINE_string(
    "frame", None, "RAW file of low noise: measures on it."
)
_WIDTH = flags.DEFINE_integer("width", None, "Of a headerless --frame.")
_HEIGHT = flags.DEFINE_integer("height", None, "Of a headerless --frame.")
_BITS = flags.DEFINE_integer("bits", None, "Of a headerless --frame.")
_CFA = flags.DEFINE_enum(
    "cfa", "RGGB", list(cfa.PATTERNS), "Of a headerless --frame."
)
_BLACK = flags.DEFINE_float("black_level", 0.0, "Of a headerless --frame.")
_WHITE = flags.DEFINE_float("white_level", None, "Of a headerless --frame.")
_README = flags.DEFINE_string(
    "readme",
    "README.md",
    "Page whose table of figures is written too, where it has one.",
)
_PICTURE = flags.DEFINE_string(
    "picture", None, "Draws noisy, denoised and clean side by side: a .jpg."
)
_GALLERY = flags.DEFINE_string(
    "gallery", None, "Draws a page of crops at gains 1 to 64: an .html."
)
_REAL = flags.DEFINE_string(
    "real", None, "A noisy RAW file for the gallery; its noise is estimated."
)
_CREDIT = flags.DEFINE_string(
    "real_credit", "", "Whose file --real is, and under which licence."
)


def _form():
    sizes = (_WIDTH.value, _HEIGHT.value, _BITS.value)
    if None in sizes:
        return None
    return dump.DumpFormat(
        *sizes,
        pattern=_CFA.value,
        black_level=(_BLACK.value,),
        white_level=_WHITE.value,
    )


def _read(path, array) -> dict:
    """Reads what was measured before; another array's figures are let go."""
    fresh = {
        "schema_version": SCHEMA_VERSION,
        "array": measure.digests(array),
    }
    if not path.is_file():
        return fresh
    record = json.loads(path.read_text(encoding="utf-8"))
    return record if record.get("array") == fresh["array"] else fresh


def main(arguments):
    """Measures what the flags name, then writes the card."""
    if arguments:
        raise InputError(f"Unexpected arguments: {' '.join(arguments)}")
    array = bundle_lib.load(_BUNDLE.value)
    if _PICTURE.value or _GALLERY.value:
        from export.card import pictures

        if _PICTURE.value:
            print(pictures.write_picture(array, _PICTURE.value))
        if _GALLERY.value:
            print(
                pictures.write_gallery(
                    array, _GALLERY.value, _REAL.value, _CREDIT.value
                )
            )
        return
    path = pathlib.Path(_RESULTS.value) / "card.json"
    record = _read(path, array)
    if _WORKDIR.value:
        record["training"] = training.stages(_WORKDIR.value)
        model = record["training"][-1]["config"]["model"]
        record["cost"] = measure.cost(model)
    if _FRAME.value:
        record["frame"] = measure.frame(array, _FRAME.value, _form())
    if _PHOTOS.value:
        record["photographs"] = measure.photographs(array, _PHOTOS.value)
        record["crops"] = measure.crops(array, _PHOTOS.value)
    if "photographs" not in record:
        raise InputError(
            "The array must have been measured: give --photos=FOLDER. "
            f"Received: no figures of this array in {path}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.writing(path) as stream:
        stream.write((json.dumps(record, indent=1) + "\n").encode())
    _write_cards(array, record)


def _write_cards(array, record):
    model_card.install(array.folder, record)
    print(array.folder / model_card.CARD)
    keras = array.folder.with_name(f"{array.folder.name}_keras")
    if _KERAS.value:
        keras = pathlib.Path(_KERAS.value)
    if keras.is_dir():
        text = model_card.members_text(array.manifest, record)
        with atomic.writing(keras / model_card.CARD) as stream:
            stream.write(text.encode())
        print(keras / model_card.CARD)
    readme = pathlib.Path(_README.value)
    if readme.is_file():
        before = readme.read_text(encoding="utf-8")
        after = page.readme(before, record)
        if after != before:
            with atomic.writing(readme) as stream:
                stream.write(after.encode())
            print(readme)


def cli():
    """Entry point of `fanet-card`."""
    program.run(main)


if __name__ == "__main__":
    cli()
