"""A small exported bundle, made once a process."""

import atexit
import dataclasses
import functools
import pathlib
import shutil
import tempfile

from runs import write_run

from export import bundle as bundle_writer
from export.int8 import calibration
from export.member import recipes

TILE = 48
SETTINGS = calibration.Settings(tiles=4, steps=2)


@functools.cache
def small():
    """Returns `(config, workdir, bundle)` of a run of two members.

    Their weights are random, so that quality is measured and not kept.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fanet_test_export_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = write_run(folder / "run")
    output = bundle_writer.write(
        folder / "run",
        folder / "bundle",
        recipes.parse("all"),
        TILE,
        "small",
        allow_quality_loss=True,
        calibrate=SETTINGS,
    )
    return config, folder / "run", output


@functools.cache
def signed():
    """Returns the folder of a bundle of one member of a phone's files."""

    def change(config):
        config.model.transform = "signed_anscombe"
        config.data.realism = "phone"

    folder = pathlib.Path(tempfile.mkdtemp(prefix="fanet_test_export_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_run(folder / "run", 1, change)
    return bundle_writer.write(
        folder / "run",
        folder / "bundle",
        recipes.parse("float32,static_wi8_ai8,core_float32"),
        TILE,
        "signed",
        allow_quality_loss=True,
        calibrate=dataclasses.replace(SETTINGS, steps=0),
    )
