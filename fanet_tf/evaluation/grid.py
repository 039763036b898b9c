"""A self-contained page of pictures in rows, to be looked at side by side."""

import dataclasses
import html

import numpy as np

from fanet_tf.pages import pictures
from fanet_tf.pages import shell

_QUALITY = 80  # JPEG: a page of some 50 crops stays near a megabyte.
_STYLE = """
.row { display: flex; gap: 8px; }
.row img { display: block; image-rendering: pixelated; }
"""


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture of a row.

    Attributes:
        srgb: `[H, W, 3]` uint8.
        caption: under it.
    """

    srgb: np.ndarray
    caption: str


@dataclasses.dataclass(frozen=True)
class Part:
    """Some rows of pictures under a heading.

    Attributes:
        heading: of the part.
        note: a sentence under it.
        rows: of pictures.
    """

    heading: str
    note: str
    rows: list[list[Picture]]


def _picture(picture: Picture) -> str:
    height, width = picture.srgb.shape[:2]
    return (
        f'<figure style="width: {width}px"><img '
        f'width="{width}" height="{height}" '
        f'alt="{html.escape(picture.caption)}" '
        f'src="{pictures.picture_uri(picture.srgb, _QUALITY)}">'
        f"<figcaption>{html.escape(picture.caption)}</figcaption></figure>"
    )


def _part(part: Part) -> str:
    rows = "\n".join(
        shell.scroll(
            f'<div class="row">{"".join(map(_picture, row))}</div>',
            f"Pictures: {part.heading}",
        )
        for row in part.rows
    )
    return (
        f"<section><h2>{html.escape(part.heading)}</h2>\n"
        f'<p class="note">{html.escape(part.note)}</p>\n{rows}</section>'
    )


def render(title: str, intro: str, parts: list[Part]) -> str:
    """Returns the page as text."""
    body = "\n".join(map(_part, parts))
    return shell.page(title, body, intro=intro, style=_STYLE)
