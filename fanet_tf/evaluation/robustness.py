"""How much each term of a real sensor costs a denoiser.

    scenes  x  cases (a term alone, all together)  x  signed, clipped  x  gains

A case is a `raw.sensor.SensorModel`, and how wrong the file's `(a, b)` are. The
reference is the same scene without any term: both see the same normal draws, so
the difference is the term's. Signed frames keep the noise below black down to a
pedestal, as phones' files do; clipped ones end at black.
"""

import dataclasses
import os
import zlib
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from fanet_tf import progress_bar
from fanet_tf.calibration.profile import GainLaw
from fanet_tf.data.captures import PEDESTAL
from fanet_tf.data.captures import Capture
from fanet_tf.data.captures import Scene
from fanet_tf.errors import InputError
from fanet_tf.evaluation import regions
from fanet_tf.evaluation import sensor_cases
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.evaluation.sensor_cases import Case
from fanet_tf.metrics import psnr as psnr_lib
from fanet_tf.raw.noise import NoiseParams
from fanet_tf.raw.sensor import SensorModel

GAINS = (4.0, 16.0, 64.0)
BELOW_BLACK = ("signed", "clipped")
REFERENCE = "no term"


class _PairedDraws:
    """Draws that depend on their shape and on how many of it came before.

    So a term that draws more does not change the noise of the others.
    """

    def __init__(self, key: list[int]):
        self._key, self._made = key, {}

    def _rng(self, kind, shape):
        generator = self._made.get((kind, shape))
        if generator is None:
            generator = np.random.default_rng([*self._key, kind, *shape])
            self._made[kind, shape] = generator
        return generator

    def uniform(self, *shape):
        return self._rng(0, shape).random(shape, dtype=np.float32)

    def normal(self, *shape):
        return self._rng(1, shape).standard_normal(shape, dtype=np.float32)


def draw(
    scene: Scene,
    case: Case,
    below_black: str,
    gain: float,
    profile: GainLaw,
    seed: int = 0,
) -> Capture:
    """Returns a capture of `scene` as the sensor of a case makes it.

    Args:
        scene: the clean frame.
        case: the terms.
        below_black: `"signed"` or `"clipped"`.
        gain: of the sensor.
        profile: of its noise.
        seed: of the draws, with the scene's name and the gain.
    """
    model = dataclasses.replace(
        case.model,
        signed_share=float(below_black == "signed"),
        pedestal=(PEDESTAL, PEDESTAL),
    )
    key = [seed, zlib.crc32(os.fsencode(scene.name)), round(gain * 1000)]
    noise = NoiseParams(*(np.float32(n) for n in profile.noise(gain)))
    exposed = model.expose(scene.clean[None], noise, _PairedDraws(key))
    told = NoiseParams(
        *(n * f for n, f in zip(exposed.noise, case.told, strict=True))
    )
    return Capture(
        scene.name,
        float(gain),
        np.asarray(exposed.noisy[0], np.float32),
        np.asarray(exposed.clean[0], np.float32),
        told,
        scene.colour,
    )


@dataclasses.dataclass(frozen=True)
class Row:
    """What one method reached in one case.

    Attributes:
        method: its name in the run.
        case: name of the case; `REFERENCE` is the frame without terms.
        below_black: `"signed"` or `"clipped"`.
        gain: of the sensor.
        psnr: RAW PSNR in dB, mean over the scenes.
        psnr_dark: the same over the darkest quarter of each scene.
        lost: dB less than without terms; negative: more.
        lost_dark: the same over the darkest quarter.
    """

    method: str
    case: str
    below_black: str
    gain: float
    psnr: float
    psnr_dark: float
    lost: float
    lost_dark: float


@dataclasses.dataclass(frozen=True)
class Robustness:
    """The table of one run.

    Attributes:
        sensor: a name of `sensor_cases.SENSORS`.
        exposure: factor on the clean scenes.
        gains: rising.
        cases: their names, the reference first.
        methods: name -> label of its rows.
        rows: one for each method, case, kind of frame and gain.
        scenes: how many.
    """

    sensor: str
    exposure: float
    gains: tuple[float, ...]
    cases: tuple[str, ...]
    methods: dict[str, str]
    rows: tuple[Row, ...]
    scenes: int

    def of(self, method: str, case: str, below_black: str) -> list[Row]:
        """Returns the rows of a line of the table, one for each gain."""
        mine = (method, case, below_black)
        return [
            row
            for row in self.rows
            if (row.method, row.case, row.below_black) == mine
        ]

    def to_json(self) -> dict:
        """Returns the table as JSON types."""
        return dataclasses.asdict(self)


def measure(
    scenes: Iterable[Scene],
    methods: Mapping[str, Method],
    sensor: str,
    profile: GainLaw,
    *,
    gains=GAINS,
    exposure: float = 1.0,
    seed: int = 0,
    total: int | None = None,
    progress: bool = True,
    only: Container[str] | None = None,
) -> Robustness:
    """Measures what each term of a sensor costs each method.

    Args:
        scenes: clean frames, held one at a time.
        methods: name -> denoiser.
        sensor: a name of `sensor_cases.SENSORS`.
        profile: of the noise.
        gains: of the sensor.
        exposure: factor on the clean scenes; 0.25 is two stops under.
        seed: of the draws.
        total: number of scenes, for the progress bar.
        progress: whether a bar is shown on stderr.
        only: names of the cases to measure; None takes all.
    """
    if not 0.0 < exposure <= 1.0:
        raise InputError(
            f"The exposure must be above 0 and at most 1. Received: {exposure}"
        )
    cases = sensor_cases.cases(sensor)
    if only is not None:
        cases = tuple(case for case in cases if case.name in only)
    rows = (Case(REFERENCE, SensorModel()), *cases)
    found: dict[tuple, list] = {}
    bar = progress_bar.Bar(
        scenes, total=total, unit="scene", disable=not progress
    )
    count = 0
    for scene in bar:
        count += 1
        clean = np.float32(exposure) * scene.clean
        scene = dataclasses.replace(scene, clean=clean)
        for key, capture in _captures(scene, rows, gains, profile, seed):
            dark = regions.dark(capture.clean)
            for name, method in methods.items():
                bar.set_postfix_str(f"{key[0]}, {name}"[:40], refresh=False)
                figures = _psnrs(method, capture, dark)
                found.setdefault((name, *key), []).append(figures)
    if not count:
        raise InputError("There must be a scene. Received: none")
    means = {key: np.mean(values, axis=0) for key, values in found.items()}
    return Robustness(
        sensor,
        exposure,
        tuple(float(gain) for gain in gains),
        tuple(case.name for case in rows),
        {name: m.label or name for name, m in methods.items()},
        tuple(_row(key, means) for key in means),
        count,
    )


def _captures(scene, rows, gains, profile, seed) -> Iterator:
    for gain in gains:
        for below_black in BELOW_BLACK:
            for case in rows:
                capture = draw(scene, case, below_black, gain, profile, seed)
                yield (case.name, below_black, float(gain)), capture


def _psnrs(method, capture, dark):
    denoised = np.asarray(method.denoise(capture.noisy, capture.noise))
    denoised = np.clip(denoised, 0.0, 1.0)
    return [
        psnr_lib.psnr(denoised, capture.clean, valid) for valid in (None, dark)
    ]


def _row(key, means) -> Row:
    method, _, below_black, gain = key
    mine = means[key]
    lost = means[method, REFERENCE, below_black, gain] - mine
    return Row(*key, *(float(value) for value in (*mine, *lost)))
