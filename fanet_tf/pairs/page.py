"""The page of a paired set: each pair with its shift, PSNR and mask."""

import html

import cv2
import numpy as np

from fanet_tf.data.captures import Colour
from fanet_tf.pages import pictures as picture_lib
from fanet_tf.pages import shell

_SIDE = 320  # Longest side of a thumbnail in pixels.
_STYLE = """
.pairs { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
.pairs .card { display: grid; gap: 8px;
  grid-template-columns: repeat(3, minmax(0, 1fr)); }
.pairs img { width: 100%; border-radius: 6px; display: block; }
.pairs .card p { grid-column: 1 / -1; margin: 0; }
"""


def thumbnails(pair, colour: Colour) -> list[str]:
    """Returns noisy, clean and mask as small `data:` pictures.

    Args:
        pair: a `build.Pair`.
        colour: how it is shown.
    """
    pictures = []
    for packed in (pair.noisy, pair.clean):
        rgb = colour.render(np.clip(packed, 0.0, 1.0))
        pictures.append(np.rint(255.0 * rgb).astype(np.uint8))
    grey = cv2.resize(
        pictures[1].mean(axis=-1).astype(np.uint8),
        pair.valid.shape[::-1],
        interpolation=cv2.INTER_AREA,
    )
    mask = np.repeat(grey[..., None], 3, axis=-1)
    mask[~pair.valid] = (220, 40, 40)
    pictures.append(mask)
    return [picture_lib.picture_uri(_small(picture)) for picture in pictures]


def _small(picture):
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _card(record: dict, pictures: list[str]) -> str:
    rows, columns = record["shift"]
    brightness = record["brightness"]
    name = html.escape(record["name"])
    images = "".join(
        f'<img src="{uri}" alt="{name}, {kind}">'
        for kind, uri in zip(("noisy", "clean", "mask"), pictures, strict=True)
    )
    return (
        f'<div class="card"><p><b>{name}</b>, gain '
        f"{record['gain']:g}: shift {rows:+.2f} rows, {columns:+.2f} columns "
        f"(&plusmn; {record['shift_error']:.3f}; {record['features']} features,"
        f" {record['agreeing']:.0%} agree), brightness "
        f"{brightness['measured']:.3f} (promised {brightness['promised']:.3f}),"
        f" {record['masked']:.1%} masked, PSNR {record['psnr']:.2f} dB (not "
        f"aligned {record['psnr_before']:.2f})</p>{images}</div>"
    )


def render(index: dict, pictures: list[list[str]]) -> str:
    """Returns the page as text.

    Args:
        index: of the set.
        pictures: `thumbnails` of each of its pairs.
    """
    cards = "".join(
        _card(record, three)
        for record, three in zip(index["pairs"], pictures, strict=True)
    )
    refused = "".join(
        f"<li><b>{html.escape(r['name'])}</b>: {html.escape(r['reason'])}</li>"
        for r in index["refused"]
    )
    count = len(index["pairs"])
    profile = f"{index['profile']} ({index['profile_status']})"
    intro = (
        f"{count} pair{'s' * (count != 1)}, {len(index['refused'])} refused. "
        f"Noise of the profile {profile}. Noisy, clean, and in red the pixels "
        "that are left out."
    )
    body = f'<div class="pairs">{cards}</div>'
    if refused:
        body += f"<h2>Refused</h2><ul>{refused}</ul>"
    return shell.page("Paired captures", body, intro=intro, style=_STYLE)
