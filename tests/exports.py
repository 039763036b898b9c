"""A small exported bundle, made once a process."""

import atexit
import dataclasses
import functools
import pathlib
import shutil
import tempfile

from runs import write_run

from export import bundle
from export.int8 import calibration
from export.member import recipes

TILE = 48
SETTINGS = calibration.Settings(tiles=4, steps=2)


def export(workdir, output, chosen="float32", limits=None, **options):
    """Exports a run of small members; `options` as of `bundle.Options`."""
    options = {"name": "x", "tile": TILE, **options}
    made = bundle.Options(recipes=recipes.parse(chosen, limits), **options)
    return bundle.write(workdir, output, made)


def _folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fanet_test_export_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def small():
    """Returns `(config, workdir, bundle)` of a run of two members.

    Their weights are random, so that quality is measured and not kept.
    """
    folder = _folder()
    config = write_run(folder / "run")
    output = export(
        folder / "run",
        folder / "bundle",
        "all",
        name="small",
        allow_quality_loss=True,
        calibration=SETTINGS,
    )
    return config, folder / "run", output


@functools.cache
def signed():
    """Returns the folder of a bundle of one member of a phone's files."""

    def change(config):
        config.model.transform = "signed_anscombe_algebraic"
        config.data.realism = "phone"

    folder = _folder()
    write_run(folder / "run", 1, change)
    return export(
        folder / "run",
        folder / "bundle",
        "float32,static_wi8_ai8,core_float32",
        name="signed",
        allow_quality_loss=True,
        calibration=dataclasses.replace(SETTINGS, steps=0),
    )
