"""The frame of every HTML page: one file, its style and script inside."""

import html
import os
import pathlib

from fanet_tf.files import atomic
from fanet_tf.files import marks
from fanet_tf.files import own_folder

_STYLE = pathlib.Path(__file__).with_name("style.css")


def page(
    title: str,
    body: str,
    *,
    intro: str = "",
    style: str = "",
    script: str = "",
) -> str:
    """Returns a self-contained page as text.

    Args:
        title: plain text, shown as the heading as well.
        body: HTML of what follows the heading.
        intro: plain text of one or two sentences under the heading.
        style: CSS that only this page needs.
        script: HTML of its `<script>` elements.
    """
    shared = _STYLE.read_text(encoding="utf-8")
    heading = f"<h1>{html.escape(title)}</h1>"
    if intro:
        heading += f"<p>{html.escape(intro)}</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{marks.GENERATOR}\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>\n{shared}{style}</style>\n</head>\n<body>\n<main>\n"
        f"<header>{heading}</header>\n{body}\n</main>\n{script}"
        "</body>\n</html>\n"
    )


def scroll(body: str, label: str) -> str:
    """Returns HTML that scrolls by itself, by keyboard too, where it is wide.

    Args:
        body: a table or a plot.
        label: what it is, for who cannot see it.
    """
    return (
        '<div class="scroll" tabindex="0" role="region"'
        f' aria-label="{html.escape(label)}">{body}</div>'
    )


def section(heading: str, body: str) -> str:
    """Returns a part of a page under a heading; empty where `body` is."""
    if not body:
        return ""
    return f"<section><h2>{html.escape(heading)}</h2>{body}</section>"


def check_output(
    path: str | os.PathLike, overwrite: bool = False, through: bool = False
) -> None:
    """Refuses a path that `write` would refuse; for before the work."""
    atomic.check(
        path, is_ours=marks.is_our_page, overwrite=overwrite, through=through
    )


def write(
    path: str | os.PathLike,
    text: str,
    overwrite: bool = False,
    through: bool = False,
) -> None:
    """Writes a page, whole or not at all.

    Args:
        path: where the page shall appear; its folder is made.
        text: what `page` returned.
        overwrite: replaces a file that is no page of ours, too.
        through: writes into a pipe or a terminal, where that is the path.

    Raises:
        InputError: see `atomic.writing`.
    """
    own_folder.make_parent(path)
    atomic.write_text(
        path,
        text,
        is_ours=marks.is_our_page,
        overwrite=overwrite,
        through=through,
    )
