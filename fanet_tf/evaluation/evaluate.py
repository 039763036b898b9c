"""Runs denoisers over captures and keeps their scores.

    captures (noisy, noise, clean)  x  methods  ->  Evaluation

A method is anything that denoises a packed frame: `f(noisy [h, w, 4], noise)`
gives `[h, w, 4]`. All methods see the same captures, bit for bit. Bundles and
classical methods need no TensorFlow here.
"""

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

import numpy as np

from fanet_tf import progress_bar
from fanet_tf.calibration.profile import GainLaw
from fanet_tf.data.captures import Capture
from fanet_tf.evaluation import gallery as gallery_lib
from fanet_tf.evaluation.measures import DEFINITIONS
from fanet_tf.evaluation.measures import GMACS
from fanet_tf.evaluation.measures import LPIPS
from fanet_tf.evaluation.measures import MEASURES
from fanet_tf.evaluation.measures import TIME
from fanet_tf.evaluation.measures import Reference

SCHEMA_VERSION = 1
_MAX_GAINS = 12


@dataclasses.dataclass(frozen=True)
class Size:
    """How large an array is.

    Attributes:
        members: how many networks it has.
        parameters: of all of them.
        file_bytes: of the files that hold them.
    """

    members: int
    parameters: int
    file_bytes: int


@dataclasses.dataclass(frozen=True)
class Method:
    """A denoiser under test.

    Attributes:
        denoise: `f(noisy [h, w, 4], NoiseParams of [1]) -> [h, w, 4]`.
        label: its row in tables; empty: the name it is given under.
        gmacs_per_mp: cost of a network, None for other methods.
        note: one line about its setting.
        law: the noise that a bundle was made for, None for other methods.
        size: of a network or an array, None for other methods.
    """

    denoise: Callable
    label: str = ""
    gmacs_per_mp: float | None = None
    note: str = ""
    law: GainLaw | None = None
    size: Size | None = None


@dataclasses.dataclass(frozen=True)
class Score:
    """What one method reached on one capture.

    Attributes:
        image: name of the capture.
        gain: of the sensor, None where unknown.
        method: its name in the run.
        values: key of a measure -> figure; None: not measured.
    """

    image: str
    gain: float | None
    method: str
    values: dict[str, float | None]

    def to_json(self) -> dict:
        """Returns the score as JSON types; what is infinite becomes None."""
        return {
            "image": self.image,
            "gain": self.gain,
            "method": self.method,
            **{
                key: value
                if value is not None and math.isfinite(value)
                else None
                for key, value in self.values.items()
            },
        }


def _octave(gain: float) -> float:
    return 2.0 ** round(math.log2(gain))


def _mean(values):
    """Mean of the values; None where one is missing or infinite."""
    values = list(values)
    if not values or any(v is None or not math.isfinite(v) for v in values):
        return None
    return sum(values) / len(values)


@dataclasses.dataclass
class Evaluation:
    """The scores of one run.

    Attributes:
        methods: name -> `Method`, in the order of the table.
        scores: one for each capture and method.
        gallery: crops to look at.
        about: what the run was: data, sensor, seeds, machine; for JSON.
    """

    methods: dict[str, Method]
    scores: list[Score]
    gallery: list[gallery_lib.Crop]
    about: dict

    def label(self, name: str) -> str:
        """Returns the row name of a method."""
        return self.methods[name].label or name

    @functools.cached_property
    def gains(self) -> list[float]:
        """The gains of the run, rising; captures of unknown gain have none.

        More than a dozen (captured pairs have any gain) are grouped to the
        nearest powers of two.
        """
        gains = sorted({s.gain for s in self.scores if s.gain is not None})
        if len(gains) <= _MAX_GAINS:
            return gains
        return sorted({_octave(gain) for gain in gains})

    def _is_of(self, score: Score, gain: float | None) -> bool:
        if gain is None or score.gain == gain:
            return True
        return (
            score.gain is not None
            and _octave(score.gain) == gain
            and score.gain not in self.gains
        )

    def scores_of(self, method: str, gain: float | None = None) -> list[Score]:
        """Returns the scores of a method, at one gain or at all."""
        return [
            s
            for s in self.scores
            if s.method == method and self._is_of(s, gain)
        ]

    def mean(self, method: str, gain: float | None = None) -> dict:
        """Returns the mean of each metric, over one gain or over all."""
        mine = self.scores_of(method, gain)
        row = {
            measure.key: _mean(score.values[measure.key] for score in mine)
            for measure in MEASURES
            if measure is not GMACS
        }
        if mine:
            times = [score.values[TIME.key] for score in mine]
            row[TIME.key] = float(np.median(times))
        row[GMACS.key] = self.methods[method].gmacs_per_mp
        row["captures"] = len(mine)
        return row

    def psnrs(self, gain: float | None = None) -> dict[str, float | None]:
        """Returns method -> mean RAW PSNR, over one gain or over all."""
        return {n: self.mean(n, gain)["raw_psnr"] for n in self.methods}

    def to_json(self) -> dict:
        """Returns all figures as JSON types."""
        return {
            "schema_version": SCHEMA_VERSION,
            "about": self.about,
            "definitions": DEFINITIONS,
            "methods": [
                {"method": name, "label": self.label(name), "note": m.note}
                for name, m in self.methods.items()
            ],
            "means": [
                {"method": name, **self.mean(name)} for name in self.methods
            ],
            "per_gain": [
                {"gain": gain, "method": name, **self.mean(name, gain)}
                for gain in self.gains
                for name in self.methods
            ],
            "per_image": [score.to_json() for score in self.scores],
        }


def _as_methods(methods: Mapping[str, Callable | Method]) -> dict[str, Method]:
    return {
        name: m if isinstance(m, Method) else Method(m)
        for name, m in methods.items()
    }


def _denoise(name: str, method: Method, capture: Capture):
    """Returns the denoised frame, clipped to 0..1, and ms per RAW megapixel."""
    start = time.perf_counter()
    denoised = np.asarray(method.denoise(capture.noisy, capture.noise))
    elapsed = time.perf_counter() - start
    if denoised.shape != capture.noisy.shape:
        raise ValueError(
            f"Method {name!r} must keep the shape {capture.noisy.shape}. "
            f"Received: shape={denoised.shape}"
        )
    if not np.all(np.isfinite(denoised)):
        raise ValueError(f"Method {name!r} gave values that are not finite.")
    return np.clip(denoised, 0.0, 1.0), elapsed * 1e9 / denoised.size


def evaluate(
    captures: Iterable[Capture],
    methods: Mapping[str, Callable | Method],
    *,
    total: int | None = None,
    lpips: Callable | None = None,
    gallery: gallery_lib.Gallery | None = None,
    about: dict | None = None,
    progress: bool = True,
) -> Evaluation:
    """Scores every method on every capture.

    Args:
        captures: read one at a time; nothing is held but scores and crops.
        methods: name -> callable or `Method`, in the order of the table.
        total: number of captures, for the progress bar.
        lpips: `f(srgb, reference) -> float`, or None for an empty column.
        gallery: which crops to keep; None: `gallery.Gallery()`.
        about: goes into the JSON as it is.
        progress: whether a bar is shown on stderr.
    """
    methods = _as_methods(methods)
    gallery = gallery or gallery_lib.Gallery()
    scores = []
    bar = progress_bar.Bar(
        captures, total=total, unit="capture", disable=not progress
    )
    for capture in bar:
        reference = Reference(capture)
        denoised, rendered = {}, {}
        for name, method in methods.items():
            bar.set_postfix_str(f"{capture.name}, {name}"[:40], refresh=False)
            raw, ms_per_mp = _denoise(name, method, capture)
            rgb = capture.colour.render(raw)
            values = {
                m.key: m.of(raw, rgb, reference) for m in MEASURES if m.of
            }
            values[LPIPS.key] = lpips(rgb, reference.rgb) if lpips else None
            values[TIME.key] = ms_per_mp
            scores.append(Score(capture.name, capture.gain, name, values))
            denoised[name], rendered[name] = raw, rgb
        gallery.add(capture, denoised, rendered, reference.rgb)
    if not scores:
        raise ValueError("`captures` and `methods` must not be empty.")
    return Evaluation(methods, scores, gallery.crops(), about or {})
