"""The page of a paired set: each pair with its shift, PSNR and mask."""

import html
import pathlib

import cv2
import numpy as np

from fanet_tf.data.captures import Colour
from fanet_tf.report import page as report_page

_SIDE = 320  # Longest side of a thumbnail in pixels.
_STYLE = """
.pairs { display: grid; gap: 16px; }
.pairs .card { display: grid; gap: 8px;
  grid-template-columns: repeat(3, 1fr); }
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
    return [report_page.picture_uri(_small(picture)) for picture in pictures]


def _small(picture):
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _card(record: dict, pictures: list[str]) -> str:
    rows, columns = record["shift"]
    brightness = record["brightness"]
    images = "".join(
        f'<img src="{uri}" alt="{kind}">'
        for kind, uri in zip(("noisy", "clean", "mask"), pictures, strict=True)
    )
    return (
        f'<div class="card"><p><b>{html.escape(record["name"])}</b>, gain '
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
    profile = f"{index['profile']} ({index['profile_status']})"
    style = pathlib.Path(report_page.__file__).with_name("style.css")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>Paired captures</title><style>"
        f"{style.read_text(encoding='utf-8')}{_STYLE}</style></head><body>"
        f"<main><header><h1>Paired captures</h1><p>{len(index['pairs'])} pairs,"
        f" {len(index['refused'])} refused. Noise of the profile "
        f"{html.escape(profile)}. Noisy, clean, and the pixels that are left "
        "out in red.</p></header>"
        f'<div class="pairs">{cards}</div>'
        + (f"<h2>Refused</h2><ul>{refused}</ul>" if refused else "")
        + "</main></body></html>\n"
    )
