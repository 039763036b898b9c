"""Names from files and tools: as parts of paths, and as text that is shown.

A name from outside may climb out of a folder (`..`), steer a terminal (escape
codes), run in a spreadsheet (`=cmd...`) or break a table.
"""

import pathlib
import re

from fanet_tf.errors import InputError

_MAX_BYTES = 200  # File systems allow 255; suffixes and prefixes are added.

# Characters that steer: controls, and those that reorder or hide text.
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb]"
)
_STEERING_A_LINE = re.compile(rf"(?![\t\n\r]){_STEERING.pattern}")
_SURROGATES = re.compile("[\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(name, what: str = "A name") -> str:
    """Returns a name that may become one component of a path.

    Args:
        name: from outside.
        what: it is, for the message: "the pair of line 3".

    Raises:
        InputError: not text, empty, hidden (`.x`, `..`), too long, or with
            separators or control characters.
    """
    if not isinstance(name, str):
        raise InputError(f"{what} must be text. Received: {name!r:.80}")
    if (
        not name
        or name.startswith(".")
        or "/" in name
        or "\\" in name
        or _STEERING.search(name)
        or len(name.encode("utf-8", "surrogatepass")) > _MAX_BYTES
    ):
        raise InputError(
            f"{what} must be one plain name, without separators and without a "
            f"dot in front. Received: {name!r:.120}"
        )
    return name


def below(path, what: str = "A path") -> pathlib.PurePosixPath:
    """Returns a relative path that cannot lead out of its folder.

    Args:
        path: from outside, with `/`; a leading `./` is left out.
        what: it is, for the message.

    Raises:
        InputError: absolute, or one of its parts is no plain name.
    """
    parts = pathlib.PurePosixPath(path)
    if parts.is_absolute() or not parts.parts or str(path).endswith("/"):
        raise InputError(
            f"{what} must be a name below its folder. Received: {path!r:.120}"
        )
    for part in parts.parts:
        plain(part, f"Each part of {what[:1].lower()}{what[1:]}")
    return parts


def without_controls(text: str) -> str:
    """Returns text of several lines without the characters that steer."""
    return _STEERING_A_LINE.sub("", text)


def printable(text) -> str:
    """Returns text for a terminal, a table or a page, on one line.

    Control characters and those that reorder or hide text are taken out, line
    breaks and tabs become spaces, and bytes that are not UTF-8 are shown as
    escapes.
    """
    text = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", str(text))
    text = _STEERING.sub("", text)
    return _SURROGATES.sub(_escaped, text)


def _escaped(found) -> str:
    code = ord(found[0])
    # Python's sign for a byte of a name that is not UTF-8.
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}"


def csv_cell(value):
    """Returns a cell that a spreadsheet takes for text, never for a formula.

    Numbers stay numbers. A text that would start a formula gets an apostrophe
    in front, which spreadsheets do not show.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


_MARKDOWN = re.compile(r"([\\`*_\[\]{}<>|#~!&])")


def markdown(text) -> str:
    """Returns text for a Markdown table or line, without any markup in it."""
    return _MARKDOWN.sub(r"\\\1", printable(text))
