"""The dark frames of a shoot: each gain read once, checked and measured."""

import dataclasses

import numpy as np

from fanet_tf.calibration import dark_terms
from fanet_tf.calibration import darkness
from fanet_tf.calibration import defect_map
from fanet_tf.calibration import frames
from fanet_tf.calibration.samples import Levels
from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Dark:
    """Dark frames of one gain.

    Attributes:
        infos: of the files.
        packed: `[F, h, w, 4]` counts.
        levels: four `Levels`.
    """

    infos: list[frames.Info]
    packed: np.ndarray
    levels: tuple[Levels, ...]


class DarkSeries:
    """Measures the terms of each gain as its frames are asked for.

    Args:
        groups: gain -> `frames.Info` of its dark frames.
        read: path -> RAW image.

    Attributes:
        terms: gain -> `DarkTerms`, of what was asked for.
    """

    def __init__(self, groups: dict[float, list[frames.Info]], read):
        self._groups = groups
        self._read = read
        self.terms: dict[float, dark_terms.DarkTerms] = {}

    @property
    def gains(self) -> list[float]:
        """Returns the gains of dark frames, rising."""
        return sorted(self._groups)

    def infos(self, gain: float) -> list[frames.Info]:
        """Returns the files of one of `gains`."""
        return self._groups[gain]

    def at(self, gain: float) -> Dark | None:
        """Reads and measures the dark frames of a gain, if there are any."""
        for other, infos in self._groups.items():
            if abs(other / gain - 1.0) < 1e-3:
                return self._measured(other, infos)
        return None

    def _measured(self, gain, infos):
        packed, levels = frames.load(infos, self._read)
        for info, frame in zip(infos, packed, strict=True):
            darkness.check(info.path, frame, levels)
        if gain not in self.terms:
            self.terms[gain] = dark_terms.measure(packed, levels)
        return Dark(infos, packed, levels)

    def measure_rest(self, progress=iter) -> None:
        """Measures the gains that nobody has asked for."""
        rest = [gain for gain in self.gains if gain not in self.terms]
        for gain in progress(rest) if rest else ():
            self.at(gain)

    def defects(self) -> defect_map.DefectMap | None:
        """Joins the maps of all gains; None without a series."""
        parts = [
            (terms.defects, terms.levels[0].scale)
            for terms in self.terms.values()
            if terms.defects is not None
        ]
        if not parts:
            return None
        info = self._groups[self.gains[0]][0]
        height, width = info.shape
        origin = info.packed_origin
        sides = [
            (side - cut) // 2 * 2
            for side, cut in zip(
                (height, width),
                np.subtract(origin, info.origin),
                strict=True,
            )
        ]
        return defect_map.join(
            parts, origin, info.full_shape, int(np.prod(sides))
        )


def of_shoot(paths, gains, base_iso, lights, read) -> DarkSeries:
    """Inspects dark frames; they must be of the lights' camera.

    Args:
        paths: of the dark frames; none make an empty series.
        gains: of each, one for all, or None for ISO / base ISO.
        base_iso: of gain 1.
        lights: `frames.Info` of the frames with light.
        read: path -> RAW image.

    Raises:
        InputError: they are of another size, camera or pattern, a frame comes
            twice, or its gain is unknown.
    """
    if not paths:
        return DarkSeries({}, read)
    infos, _ = frames.inspect(paths, gains, base_iso, read)
    for name in ("shape", "camera", "pattern"):
        dark, light = getattr(infos[0], name), getattr(lights[0], name)
        if dark != light:
            raise InputError(
                f"Dark frames must have the frames' {name}. "
                f"Received: {dark} and {light}"
            )
    return DarkSeries(frames.by_gain(infos), read)
