"""The frame of every HTML page: one file, its style and script inside."""

import html
import os
import pathlib

from fanet_tf.files import atomic

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
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>\n{shared}{style}</style>\n</head>\n<body>\n<main>\n"
        f"<header>{heading}</header>\n{body}\n</main>\n{script}"
        "</body>\n</html>\n"
    )


def section(heading: str, body: str) -> str:
    """Returns a part of a page under a heading; empty where `body` is."""
    if not body:
        return ""
    return f"<section><h2>{html.escape(heading)}</h2>{body}</section>"


def write(path: str | os.PathLike, text: str) -> None:
    """Writes a page, whole or not at all; its folder is made.

    Args:
        path: where the page shall appear.
        text: what `page` returned.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.writing(path) as stream:
        stream.write(text.encode("utf-8"))
