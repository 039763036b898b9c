r"""Measures an array and writes its model card and its pictures.

Example:
    fanet-card --photos=DATA/photos/cid22_val --workdir=runs/array \
        --frame=FRAME.raw --width=768 --height=512 --bits=14 \
        --black_level=600 --white_level=16383
    fanet-card
    fanet-card --picture=docs/images/imx258.jpg --gallery=gallery.html \
        --walkthrough=walkthrough.html --real=FRAME.dng

The first measures for minutes, keeps the figures in RESULTS/card.json and
writes the card. The second writes the card again from that file, without data.
The third draws pictures and leaves the card alone. A card's main table is
printed, to be pasted where it is shown.
"""

import pathlib

from absl import flags

from export.card import measure
from export.card import model_card
from export.card import tables
from export.card import training
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.cli import raw_flags
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import marks
from fanet_tf.files import names
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json

SCHEMA_VERSION = 1

flags.adopt_module_key_flags(overwrite_flag)
flags.adopt_module_key_flags(raw_flags)
_BUNDLE = flags.DEFINE_string(
    "bundle", None, "Folder of the array; default: the shipped one."
)
_RESULTS = flags.DEFINE_string(
    "results", "results/imx258", "Folder of card.json, kept in the repository."
)
_KERAS = flags.DEFINE_string(
    "keras",
    None,
    "Folder of the Keras members, which get a card too; default: the folder "
    "beside the bundle with _keras behind its name, if there is one.",
)
_PHOTOS = flags.DEFINE_string(
    "photos", None, "Measures on this folder of held-back photographs."
)
_PMRID = flags.DEFINE_string(
    "pmrid", None, "PMRID's published weights, measured beside the array."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Reads from this run how the array was trained."
)
_FRAME = flags.DEFINE_string(
    "frame", None, "Measures on this RAW file of low noise."
)
_PICTURE = flags.DEFINE_string(
    "picture", None, "Draws noisy, denoised and clean side by side: a .jpg."
)
_GALLERY = flags.DEFINE_string(
    "gallery", None, "Draws a page of crops at gains 1 to 64: an .html."
)
_WALKTHROUGH = flags.DEFINE_string(
    "walkthrough", None, "Denoises --real and shows each step: an .html."
)
_REAL = flags.DEFINE_string(
    "real", None, "Noisy RAW file for the pages; its noise is estimated."
)
_CREDIT = flags.DEFINE_string("real_credit", "", "Owner and licence of --real.")


def main(arguments: list[str]) -> None:
    """Draws pictures, or measures and writes the card, as the flags say."""
    if arguments:
        raise InputError(f"Unexpected arguments: {' '.join(arguments)}")
    array = bundle_lib.load(_BUNDLE.value)
    if _PICTURE.value or _GALLERY.value or _WALKTHROUGH.value:
        draw(array)
        return
    keras = _keras(array)
    overwrite = overwrite_flag.OVERWRITE.value
    path = atomic.resolve(_RESULTS.value) / "card.json"
    with claims.claim(array.folder):
        record = _read(path, array)
        model_card.check(array.folder, record, keras, overwrite)
        record = _measured(array, record, path)
        model_card.install(array.folder, record, overwrite)
        print(names.printable(array.folder / model_card.CARD))
        if keras is not None:
            model_card.install_members(keras, array.manifest, record, overwrite)
            print(names.printable(keras / model_card.CARD))
    print()
    print("\n".join(tables.main_table(record)))


def _keras(array: bundle_lib.Bundle) -> pathlib.Path | None:
    """Returns the folder of the Keras members, if there is one."""
    keras = array.folder.with_name(f"{array.folder.name}_keras")
    if _KERAS.value:
        keras = pathlib.Path(_KERAS.value)
    return keras if keras.is_dir() else None


def draw(array: bundle_lib.Bundle) -> None:
    """Draws the picture and the pages that the flags name."""
    if _WALKTHROUGH.value and not _REAL.value:
        raise InputError(
            "--walkthrough needs a RAW file: --real=FILE. "
            f"Received: --walkthrough={_WALKTHROUGH.value}"
        )
    program.import_tensorflow()
    from export.card import pictures
    from export.card import walkthrough

    overwrite = overwrite_flag.OVERWRITE.value
    for flag, suffix in (
        (_PICTURE, ".jpg"),
        (_GALLERY, ".html"),
        (_WALKTHROUGH, ".html"),
    ):
        if flag.value and pathlib.Path(flag.value).suffix != suffix:
            raise InputError(
                f"--{flag.name} must be a {suffix} file. "
                f"Received: {flag.value!r}"
            )
    if _PICTURE.value:
        pictures.write_picture(array, _PICTURE.value, overwrite)
        print(names.printable(_PICTURE.value))
    if _GALLERY.value:
        pictures.write_gallery(
            array, _GALLERY.value, _REAL.value, _CREDIT.value, overwrite
        )
        print(names.printable(_GALLERY.value))
    if _WALKTHROUGH.value:
        walkthrough.write(
            array, _WALKTHROUGH.value, _REAL.value, _CREDIT.value, overwrite
        )
        print(names.printable(_WALKTHROUGH.value))


def _measured(array, record, path) -> dict:
    """Adds to the record of an array what the flags say, and writes it."""
    policy = {
        "is_ours": marks.json_with("array"),
        "overwrite": overwrite_flag.OVERWRITE.value,
    }
    if path.parent.is_dir():
        atomic.check(path, **policy)
    if _WORKDIR.value:
        record["training"] = training.stages(_WORKDIR.value)
        model = record["training"][-1]["config"]["model"]
        record["cost"] = measure.cost(model)
    if _FRAME.value:
        form = raw_flags.raw_format(pathlib.Path(_FRAME.value))
        record["frame"] = measure.frame(
            array, _FRAME.value, form, pmrid=_PMRID.value
        )
    if _PHOTOS.value:
        for name in ("photographs", "crops", "scenes", "sensor"):
            record[name] = getattr(measure, name)(
                array, _PHOTOS.value, pmrid=_PMRID.value
            )
    if "photographs" not in record:
        raise InputError(
            "The array must have been measured: give --photos=FOLDER. "
            f"Received: no figures of this array in {path}"
        )
    own_folder.make_folder(path.parent)
    atomic.write_json(path, record, indent=1, **policy)
    return record


def _read(path, array) -> dict:
    """Reads the figures of an array; those of another one are dropped."""
    fresh = {"schema_version": SCHEMA_VERSION, "array": measure.digests(array)}
    if not path.is_file():
        return fresh
    record = strict_json.read_object(path)
    return record if record.get("array") == fresh["array"] else fresh


def cli() -> None:
    """Entry point of `fanet-card`."""
    program.run(main)


if __name__ == "__main__":
    cli()
