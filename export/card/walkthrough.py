"""A page that denoises one real RAW file and shows each step of it.

The file's noise is estimated, a member chosen for it, and `fanet-denoise` run
and timed (`timed_run`). Before and after come from the two files, so they are
what a raw developer would open.
"""

import dataclasses
import html
import os
import pathlib
from typing import NamedTuple

import numpy as np

from export.card import timed_run
from fanet_tf import nsma
from fanet_tf.calibration import single_image
from fanet_tf.data import folder as folder_lib
from fanet_tf.denoising import machine
from fanet_tf.denoising import member_runner
from fanet_tf.denoising import noise_source
from fanet_tf.denoising import signal as signal_lib
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.denoising.frame import Frame
from fanet_tf.evaluation import gallery
from fanet_tf.files import atomic
from fanet_tf.files import reader
from fanet_tf.files import render
from fanet_tf.pages import pictures
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables

_SIDE = 172  # Packed pixels of a crop: 344 fit the width of a phone.
_LONGEST = 1056  # Pixels of the whole frame as shown.
_QUALITY = 85  # JPEG.
_WHITE = 0.98  # What is above is saturated.
_GREY = 0.18  # Mean to which a crop is brightened, linear.
_MOST_STOPS = 5.0
_STYLE = """
.pair { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 20px; }
.pair img { display: block; image-rendering: pixelated; max-width: 100%; }
.whole img { display: block; width: 100%; height: auto; border-radius: 6px; }
.typed {
  overflow-x: auto; background: var(--card); padding: 12px 14px;
  border: 1px solid var(--line); border-radius: 8px;
  font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere;
}
"""


class _Place(NamedTuple):
    """A crop: its name, and `(y, x, height, width)` in packed pixels."""

    name: str
    box: tuple[int, int, int, int]


def write(
    array: Bundle,
    path: str | os.PathLike,
    frame: str | os.PathLike,
    credit: str = "",
    overwrite: bool = False,
) -> None:
    """Denoises a RAW file and writes the page about it.

    Args:
        array: denoises.
        path: of the `.html` file.
        frame: a RAW file that LibRaw reads.
        credit: its owner and licence.
        overwrite: replaces a file that is no page of ours, too.
    """
    path, frame = atomic.resolve(path), pathlib.Path(frame)
    shell.check_output(path, overwrite)
    image = reader.read(frame)
    noise = noise_source.chooser(array, noise="estimate")(image)
    run = timed_run.denoise(array, frame)
    before = folder_lib.packed_rggb(image.normalized(), image.pattern)
    after = folder_lib.packed_rggb(
        run.denoised.normalized(), run.denoised.pattern
    )
    body = [
        shell.section("1. The frame", _frame(image, frame, credit)),
        shell.section("2. Its noise, estimated from it", _noise(before, noise)),
        shell.section(
            "3. The member of the array", _members(array, image, noise)
        ),
        shell.section("4. The command, its time and memory", _cost(noise, run)),
        shell.section(
            "5. Before and after, at 100 %", _pairs(image, run, after)
        ),
        shell.section(
            "6. The denoised frame", _whole(run.denoised, "denoised")
        ),
    ]
    text = shell.page(
        f"{frame.name}, denoised step by step",
        "\n".join(body),
        intro=f"A real RAW file. The array {array.name}, trained for the noise "
        f"of a {array.noise['sensor']}, denoises it with the noise that the "
        "file itself shows.",
        style=_STYLE,
    )
    shell.write(path, text, overwrite)


def _note(text: str) -> str:
    return f'<p class="note">{html.escape(text)}</p>'


def _list(rows: dict[str, str]) -> str:
    items = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>"
        for name, text in rows.items()
    )
    return f"<dl>{items}</dl>"


def _stops(packed) -> float:
    """Returns how much brighter a part is shown, in stops."""
    mean = max(float(np.mean(packed)), 1e-6)
    return float(np.clip(np.log2(_GREY / mean), 0.0, _MOST_STOPS))


def _frame(image, frame, credit) -> str:
    height, width = image.visible.shape
    facts = {
        "Camera": image.model or image.make or "not recorded",
        "Size": f"{width} x {height}, {width * height / 1e6:.2f} megapixels",
        "Colour filter array": image.pattern,
        "Black and white": ", ".join(f"{b:g}" for b in image.black_level)
        + f" (R, Gr, Gb, B) and {image.white_level:g} counts",
        "NoiseProfile": "none in the file"
        if image.noise is None
        else "in the file, not used here",
    }
    if credit:
        facts["File"] = credit
    return _list(facts) + _whole(image, "as taken")


def _whole(image, what) -> str:
    """The whole frame, brightened to a mean of 18 % grey."""
    packed = folder_lib.packed_rggb(image.normalized(), image.pattern)
    stops = _stops(packed)
    shown = dataclasses.replace(image, exposure=stops)
    picture = render.turned(render.preview(shown, _LONGEST), image.orientation)
    caption = f"{what}, shown {stops:.1f} stops brighter"
    return (
        f'<figure class="whole"><img alt="The whole frame {html.escape(what)}"'
        f' src="{pictures.picture_uri(picture, _QUALITY)}">'
        f"<figcaption>{html.escape(caption.capitalize())}</figcaption></figure>"
    )


def _noise(packed, noise) -> str:
    x, variance = single_image.quietest(packed)
    top = float(x.max())
    ends = [(0.0, noise.b), (top, noise.a * top + noise.b)]
    plot = plots.plot(
        [
            plots.Series(
                "quiet parts",
                "s1",
                list(zip(x.tolist(), variance.tolist(), strict=True)),
                line="",
            ),
            plots.Series("a x + b", "s0", ends, dots=""),
        ],
        "intensity x, 1 = white",
        "variance",
        y_floor=0.0,
    )
    return (
        f"<p>a = {noise.a:.4g}, b = {noise.b:.4g}, "
        f"{html.escape(noise.source)}.</p>"
        + _note(
            "Each dot is the variance in the quarter of the frame's parts of "
            "one intensity that shows least texture. The line is the fit; it "
            "leaves out the texture that the dots still have."
        )
        + plot
    )


def _members(array, image, noise) -> str:
    frame = Frame(image)
    signal = signal_lib.measure(frame, noise.a, noise.b)
    chosen = array.member_for(noise.a, signal)
    rows = []
    for member in array.members:
        style = "best" if member is chosen else ""
        cells = [
            f"{member.index}" + ", for this frame" * (member is chosen),
            "{:.3g} to {:.3g}".format(*member.a_range),
            "{:.3g} to {:.3g}".format(*member.gain_range),
        ]
        rows.append([tables.Cell(cell, style) for cell in cells])
    sensor, status = array.noise["sensor"], array.noise["status"]
    outside = (
        ""
        if array.covers(noise.a)
        else " The frame's a lies outside of the array; the nearest serves."
    )
    choice = f"a = {noise.a:.4g} chooses the member"
    if reference := array.reference_signal:
        a = nsma.at_reference(noise.a, signal, reference)
        choice = (
            f"The signal of this frame is {signal:.3g} (root mean square, 1 = "
            f"white), and the subranges are those of {reference:.3g}: a = "
            f"{noise.a:.4g} becomes {a:.4g}, which chooses the member"
        )
    return tables.table(["Member", "a", "gains"], rows) + (
        _note(
            f"The gains are those of a {sensor} ({status}). {choice}, and the "
            f"network is told a and b of this frame.{outside}"
        )
    )


def _cost(noise, run) -> str:
    threads = member_runner.threads_available()
    typed = html.escape(f"$ {run.command}\n{run.printed.strip()}")
    facts = {
        "Time": f"{run.busy:.1f} s of processor time, "
        f"{run.seconds:.1f} s from start to end; the fastest of "
        f"{timed_run.RUNS} runs",
        "Memory": f"{run.peak_mb:.0f} MB at its peak",
        "Machine": f"{machine.cpu_name()}, "
        f"{threads} thread{'s' * (threads > 1)}",
    }
    left = _left(noise, run.denoised)
    if left:
        facts["Noise left"] = left
    return f'<pre class="typed">{typed}</pre>' + _list(facts)


def _left(noise, denoised) -> str:
    """What the output's NoiseProfile says, as a deviation in grey."""
    if denoised.noise is None:
        return ""
    before, after = (
        (a * _GREY + b) ** 0.5 for a, b in (noise[:2], denoised.noise)
    )
    return (
        f"{after / before:.0%} of the deviation at 18 % grey, by the "
        "NoiseProfile of the output"
    )


def _pairs(image, run, after) -> str:
    rows = []
    for place in _places(after, _SIDE):
        y, x, height, width = place.box
        stops = _stops(after[y : y + height, x : x + width])
        figures = []
        for what, frame in (("as taken", image), ("denoised", run.denoised)):
            srgb = render.srgb(dataclasses.replace(frame, exposure=stops))
            crop = srgb[2 * y : 2 * (y + height), 2 * x : 2 * (x + width)]
            caption = f"{place.name}, {what}, {stops:+.1f} stops"
            figures.append(
                f'<figure><img width="{2 * width}" height="{2 * height}" '
                f'alt="{html.escape(caption)}" '
                f'src="{pictures.picture_uri(crop, _QUALITY)}">'
                f"<figcaption>{html.escape(caption)}</figcaption></figure>"
            )
        rows.append(f'<div class="pair">{"".join(figures)}</div>')
    note = _note(
        "One pixel of the sensor is one pixel of the page. A program chose the "
        "places from the denoised frame: the darkest and the brightest tenth "
        "that is not saturated, the median, and the most detail. Each is "
        "brightened to the same mean."
    )
    return note + "\n".join(rows)


def _places(packed, side: int) -> list[_Place]:
    """Chooses crops that do not overlap, by brightness and detail."""
    height, width = (min(side, n) for n in packed.shape[:2])
    boxes = [
        (y, x, height, width)
        for y in range(0, packed.shape[0] - height + 1, max(height // 4, 1))
        for x in range(0, packed.shape[1] - width + 1, max(width // 4, 1))
    ]
    parts = [packed[y : y + height, x : x + width] for y, x, *_ in boxes]
    means = np.array([part.mean() for part in parts])
    usable = np.array([np.mean(part >= _WHITE) < 0.01 for part in parts])
    found = [_Place("detail", gallery.detailed_box(packed, side))]
    for name, share in (("dark", 0.1), ("bright", 0.9), ("median", 0.5)):
        aim = np.quantile(means[usable], share) if usable.any() else 0.0
        order = np.argsort(np.where(usable, np.abs(means - aim), np.inf))
        for index in order:
            box = boxes[index]
            if usable[index] and not any(
                _overlap(box, place.box) for place in found
            ):
                found.append(_Place(name, box))
                break
    return found


def _overlap(one, other) -> bool:
    return all(
        one[i] < other[i] + other[i + 2] and other[i] < one[i] + one[i + 2]
        for i in (0, 1)
    )
