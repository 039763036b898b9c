"""What a profile holds beyond `(a, b)`: the terms of a sensor, as measured.

The file has them under `terms`, since version 2 of its schema:

    gains     of each gain of dark frames: black level, lines, correlation, tail
    green     from the chart: Gr / Gb - 1
    defects   how many, how bright; the map itself is a file of its own
    pedestal  black level over white less black; null: clipped at black
    bits      of the counts, or null

Units as in the profile: 0 = black, 1 = white; `black_level` in counts.
`measured_sensor` makes a `raw.sensor.SensorModel` of them.
"""

import contextlib
import dataclasses
from typing import Any

from fanet_tf.errors import InputError
from fanet_tf.files import names
from fanet_tf.files import values

_PLANES = 4
# No kernel `(k, 1, k)` correlates neighbours by more than 1 / sqrt(2).
MOST_CORRELATION = 0.7
# Field -> least and greatest; beyond them no sensor is, and no model draws.
LIMITS = {
    "black_error": (-0.2, 0.2),
    "black_drift": (0.0, 0.2),
    "read": (1e-7, 1.0),
    "row": (0.0, 10.0),
    "column": (0.0, 10.0),
    "correlation_down": (-MOST_CORRELATION, MOST_CORRELATION),
    "correlation_across": (-MOST_CORRELATION, MOST_CORRELATION),
    "kurtosis": (-2.0, 1e9),
}
_WITH_INTERVAL = tuple(LIMITS)[3:]


@dataclasses.dataclass(frozen=True)
class GainTerms:
    """The terms at one gain, from its dark frames.

    Attributes:
        gain: of the sensor.
        num_frames: in the series.
        black_level: measured in R, Gr, Gb, B, counts.
        black_level_interval: of each, 95 %, counts.
        black_error: the same less what the files say, in units of white.
        black_drift: deviation over the series, in units of white.
        read: deviation of a pixel's noise without that of the lines.
        row: deviation of the rows' offsets over `read`.
        row_interval: 95 %, as those below.
        column: the same of the columns.
        column_interval: of it.
        correlation_down: with the next pixel of the same colour in a column.
        correlation_down_interval: of it.
        correlation_across: the same in a row.
        correlation_across_interval: of it.
        kurtosis: excess over a Gaussian's.
        kurtosis_interval: of it.
    """

    gain: float
    num_frames: int
    black_level: tuple[float, ...]
    black_level_interval: tuple[tuple[float, float], ...]
    black_error: tuple[float, ...]
    black_drift: float
    read: float
    row: float
    row_interval: tuple[float, float]
    column: float
    column_interval: tuple[float, float]
    correlation_down: float
    correlation_down_interval: tuple[float, float]
    correlation_across: float
    correlation_across_interval: tuple[float, float]
    kurtosis: float
    kurtosis_interval: tuple[float, float]

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "GainTerms":
        """Inverse of `dataclasses.asdict`; checks what a file may get wrong."""
        checked: dict[str, Any] = {
            "gain": values.number("gain", record["gain"], above=0.0, high=1e4),
            "num_frames": values.integer(
                "num_frames", record["num_frames"], low=2
            ),
            "black_level": values.numbers(
                "black_level", record["black_level"], _PLANES
            ),
        }
        for name, (low, high) in LIMITS.items():
            limits = {"low": low, "high": high}
            if name == "black_error":
                checked[name] = values.numbers(
                    name, record[name], _PLANES, **limits
                )
            else:
                checked[name] = values.number(name, record[name], **limits)
        for name in _WITH_INTERVAL:
            field = f"{name}_interval"
            checked[field] = _interval(field, record[field], checked[name])
        field = "black_level_interval"
        if not isinstance(record[field], list | tuple) or (
            len(record[field]) != _PLANES
        ):
            raise InputError(f"`{field}` must be {_PLANES} intervals.")
        checked[field] = tuple(
            _interval(field, pair, level)
            for pair, level in zip(
                record[field], checked["black_level"], strict=True
            )
        )
        return cls(**checked)


@dataclasses.dataclass(frozen=True)
class GreenTerms:
    """The green imbalance, `Gr / Gb - 1`.

    Attributes:
        mean: of it.
        mean_interval: 95 %.
        deviation: from patch to patch.
        num_patches: that were looked at.
    """

    mean: float
    mean_interval: tuple[float, float]
    deviation: float
    num_patches: int

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "GreenTerms":
        """Inverse of `dataclasses.asdict`; checks what a file may get wrong."""
        mean = values.number("mean", record["mean"], low=-0.5, high=0.5)
        return cls(
            mean,
            _interval("mean_interval", record["mean_interval"], mean),
            values.number("deviation", record["deviation"], low=0.0, high=0.5),
            values.integer("num_patches", record["num_patches"], low=1),
        )


@dataclasses.dataclass(frozen=True)
class DefectTerms:
    """The defects of the map, in figures.

    Attributes:
        rate: defects over pixels, pairs counted once.
        bright_share: share of them that is bright.
        pair_share: share of them that is a pair of neighbours in a row.
        bright: what bright ones add, 5th and 95th percentile, in units of
            white; None without any.
        file: name of the map's file, beside the profile.
    """

    rate: float
    bright_share: float
    pair_share: float
    bright: tuple[float, float] | None
    file: str

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "DefectTerms":
        """Inverse of `dataclasses.asdict`; checks what a file may get wrong."""
        bright = record["bright"]
        if bright is not None:
            bright = values.numbers("bright", bright, 2, low=1e-6, high=1.0)
            if bright[0] > bright[1]:
                raise InputError(f"`bright` must not fall. Received: {bright}")
        return cls(
            values.number("rate", record["rate"], low=0.0, high=0.25),
            *(
                values.number(name, record[name], low=0.0, high=1.0)
                for name in ("bright_share", "pair_share")
            ),
            bright,
            names.printable(record["file"]),
        )


@dataclasses.dataclass(frozen=True)
class Terms:
    """All terms of a sensor.

    Attributes:
        gains: of each gain of dark frames, rising.
        green: None where no chart showed it.
        defects: None without a series of dark frames.
        pedestal: black level over white less black; None: files are clipped
            at black, or there were no dark frames to show it.
        bits: of the counts; None where unknown.
    """

    gains: tuple[GainTerms, ...] = ()
    green: GreenTerms | None = None
    defects: DefectTerms | None = None
    pedestal: float | None = None
    bits: int | None = None

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Terms":
        """Inverse of `dataclasses.asdict`; checks what a file may get wrong.

        Raises:
            InputError: a term is out of range.
            KeyError, TypeError: a field is missing, or of another kind.
        """
        found = []
        for index, one in enumerate(record["gains"]):
            with _named(f"terms.gains[{index}]"):
                found.append(GainTerms.from_json(one))
        gains = [one.gain for one in found]
        if any(b <= a for a, b in zip(gains, gains[1:], strict=False)):
            raise InputError(
                f"`terms.gains` must rise. Received: {gains!r:.80}"
            )
        parts: dict[str, Any] = {}
        for name, kind in (("green", GreenTerms), ("defects", DefectTerms)):
            parts[name] = record[name]
            if record[name] is not None:
                with _named(f"terms.{name}"):
                    parts[name] = kind.from_json(record[name])
        with _named("terms"):
            for name, check, limits in (
                ("pedestal", values.number, {"low": 1e-6, "high": 1.0}),
                ("bits", values.integer, {"low": 8, "high": 16}),
            ):
                parts[name] = record[name]
                if record[name] is not None:
                    parts[name] = check(name, record[name], **limits)
        return cls(tuple(found), **parts)


@contextlib.contextmanager
def _named(place: str):
    """Says in which part of the file a refused field is."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _interval(name, pair, value) -> tuple[float, float]:
    """Returns an interval that holds its value."""
    low, high = values.numbers(name, pair, 2)
    if not low <= value <= high:
        raise InputError(
            f"`{name}` must hold its value {value:g}. Received: {pair!r:.80}"
        )
    return low, high
