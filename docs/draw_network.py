"""Draws docs/network.svg: the network R1, its sizes read off the code.

Example:
    python docs/draw_network.py
"""

import pathlib

from fanet_tf import models
from fanet_tf import variants
from fanet_tf.models import cost

_WIDTH, _HEIGHT = 940, 520
_COLUMNS = {"enc": 60, "skip": 345, "dec": 630}
_ROW = 104
_TOP = 84
_BOX = (250, 62)
_STYLE = """
text { font: 13px sans-serif; fill: #222; }
.small { font-size: 11px; fill: #555; }
.title { font-size: 15px; font-weight: bold; }
rect { fill: #eef3fa; stroke: #33587f; rx: 5; }
rect.skip { fill: #fdf3e4; stroke: #a06a1b; }
rect.end { fill: #f2f2f2; stroke: #666; }
path { fill: none; stroke: #444; stroke-width: 1.5; marker-end: url(#a); }
"""
_MARKER = (
    '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" '
    'style="fill:#444;stroke:none;marker-end:none"/></marker></defs>'
)


def _text(x, y, text, kind=""):
    return f'<text x="{x}" y="{y}" class="{kind}">{text}</text>'


def _box(x, y, lines, kind="", height=_BOX[1]):
    shape = f'<rect x="{x}" y="{y}" width="{_BOX[0]}" height="{height}"'
    yield f'{shape} class="{kind}"/>'
    for index, line in enumerate(lines):
        yield _text(x + 10, y + 20 + 17 * index, line, "small" * (index > 0))


def _arrow(*points):
    path = " ".join(f"{x} {y}" for x, y in points)
    return f'<path d="M{path}"/>'


def _block(rows, name):
    """Returns the lines of a stage's box, from its rows."""
    inner, hidden, outer = (
        rows[f"{name}.expand"].inputs,
        rows[f"{name}.expand"].outputs,
        rows[f"{name}.project"].outputs,
    )
    groups = rows[f"{name}.group"].groups
    return [
        f"{name}: ARNet {inner} → {hidden} → {hidden} → {outer}",
        f"1 x 1, 3 x 3 in {groups} groups, 1 x 1",
        f"Feature-Align from the input at {_scale(rows, name)}",
    ]


def _scale(rows, name):
    side = round(rows[f"{name}.group"].positions ** -0.5)
    return "full size" if side == 1 else f"1/{side} size"


def draw() -> str:
    """Returns the figure as SVG."""
    model = variants.get("fan").model
    size = models.stride(**model)
    network = models.core(height=size, width=size, **model)
    rows = {row.name: row for row in cost.count(network).rows}
    levels = len(model["widths"])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
        f'height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        f"<style>{_STYLE}</style>{_MARKER}",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" '
        'style="fill:white;stroke:none"/>',
        _text(20, 28, "The network between the two transforms (R1)", "title"),
        _text(
            20,
            48,
            "input: the stabilised frame, 4 packed planes; output: the "
            "residual in deviations of the noise",
            "small",
        ),
    ]
    half = _BOX[1] / 2
    stem, head = rows["stem"], rows["head"]
    left, middle, right = _COLUMNS.values()
    lines += [
        _text(left, _TOP - 8, f"stem: detail, 1 x 1, 4 → {stem.outputs}"),
        _text(right, _TOP - 8, f"head: 1 x 1, {head.inputs} → 4"),
    ]
    for level in range(levels - 1):
        y = _TOP + _ROW * level
        skip = rows[f"skip{level}"]
        lines += _box(left, y, _block(rows, f"enc{level}"))
        lines += _box(
            middle,
            y + 6,
            [
                f"skip{level}: 1 x 1, {skip.inputs} → {skip.outputs}",
                f"replicated to {skip.inputs}, added",
            ],
            "skip",
            50,
        )
        lines += _box(right, y, _block(rows, f"dec{level}"))
        lines += [
            _arrow((left + _BOX[0], y + half), (middle, y + half)),
            _arrow((middle + _BOX[0], y + half), (right, y + half)),
            _arrow((left + 120, y + _BOX[1]), (left + 120, y + _ROW)),
            _arrow((right + 120, y + _ROW), (right + 120, y + _BOX[1])),
            _text(left + 128, y + _BOX[1] + 26, "max-pool 2 x 2", "small"),
            _text(right + 128, y + _BOX[1] + 26, "bilinear x 2", "small"),
        ]
    y = _TOP + _ROW * (levels - 1)
    lines += _box(left, y, _block(rows, "mid_a"))
    lines += _box(right, y, _block(rows, "mid_b"))
    lines += [
        _arrow((left + _BOX[0], y + half), (right, y + half)),
        _text(
            20,
            _HEIGHT - 24,
            "A block's input is added to its output where the widths agree. "
            "Feature-Align: trunk = relu(3 x 3, "
            f"{model['fa_hidden']} channels); y = gamma(trunk) x + "
            "beta(trunk).",
            "small",
        ),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("network.svg").write_text(
        draw(), encoding="utf-8"
    )
