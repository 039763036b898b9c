"""Code for apps from the camera's buffer to the tiles and back.

`nsma_denoise.h` and `NsmaDenoiser.kt` contain what the manifest says of the
tiles and the files, so an app that compiles one needs no JSON and cannot mix
two bundles up.
"""

import hashlib
import json
import pathlib
import string

from export.contract import selector_code
from fanet_tf import nsma
from fanet_tf.denoising import signal as signal_lib
from fanet_tf.denoising import tiles
from fanet_tf.errors import InputError

_TEMPLATES = pathlib.Path(__file__).with_name("templates")
FILES = ("nsma_denoise.h", "NsmaDenoiser.kt")


def digest(manifest: dict) -> str:
    """Returns the SHA-256 of a manifest without the list of its texts.

    The texts contain it, so it cannot cover them; they are covered by
    SHA256SUMS.
    """
    rest = {name: value for name, value in manifest.items() if name != "files"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write(manifest: dict) -> dict[str, str]:
    """Returns the text of each file of `FILES`.

    Args:
        manifest: of a bundle; `files` may be missing.

    Raises:
        InputError: the members differ in their tiles, or a tile is too small.
    """
    tile = _tile_of(manifest["members"])
    members = manifest["members"]
    clipped = [m.get("below_black", "clipped") == "clipped" for m in members]
    files = [
        (m["index"], recipe, entry["file"], entry["sha256"])
        for m in members
        for recipe, entry in m["recipes"].items()
    ]
    values = {
        "name": selector_code.comment(manifest["name"]),
        "digest": digest(manifest),
        "tile_height": tile["height"],
        "tile_width": tile["width"],
        "halo": tile["halo"],
        "stride": tile["stride"],
        "least_signal": repr(nsma.LEAST_SIGNAL),
        "most_signal": repr(nsma.MOST_SIGNAL),
        "signal_step": signal_lib.STEP,
        "mirrored": tiles.margin(tile["halo"], tile["stride"]),
        "clipped_c": ", ".join(str(int(flag)) for flag in clipped),
        "clipped_kt": ", ".join(str(flag).lower() for flag in clipped),
        "files_c": "\n".join(
            f'      {{{index}, "{recipe}", "{file}",\n       "{sha256}"}},'
            for index, recipe, file, sha256 in files
        ),
        "files_kt": ",\n".join(
            f'        NsmaFile(\n            {index}, "{recipe}", "{file}",\n'
            f'            "{sha256}"\n        )'
            for index, recipe, file, sha256 in files
        ),
    }
    return {
        name: string.Template(
            (_TEMPLATES / name).read_text(encoding="utf-8")
        ).substitute(values)
        for name in FILES
    }


def _tile_of(members) -> dict[str, int]:
    tile = members[0]["tile"]
    if any(member["tile"] != tile for member in members):
        raise InputError(
            "Members must have one tile to be called from an app. Received: "
            f"{[member['tile'] for member in members]}"
        )
    step = (min(tile["height"], tile["width"]) - 2 * tile["halo"]) // (
        tile["stride"]
    )
    if step < 1:
        raise InputError(
            "A tile must be larger than two halos and a stride. "
            f"Received: {tile}"
        )
    return tile
