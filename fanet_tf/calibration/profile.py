"""A sensor's noise at every gain: gain -> `(a, b)`, as a JSON file.

    a(gain) = a0 + a1 gain                 linear
    b(gain) = b0 + b1 gain + b2 gain^2     quadratic
    log b   = slope log a + intercept      the paper's line, for training

`a` and `b` in units where black is 0 and white is 1 (see `raw.noise`).
Reference: Young et al., supplement section 6.
"""

import dataclasses
import os
import pathlib
from typing import Any

import numpy as np

from fanet_tf.calibration.terms import Terms
from fanet_tf.errors import InputError
from fanet_tf.files import names
from fanet_tf.files import strict_json
from fanet_tf.files import values
from fanet_tf.raw.noise import NoiseParams

SCHEMA_VERSION = 2
# Version 1 has no `terms`.
_READABLE = (1, 2)
UNITS = "0 = black level, 1 = white level; b is a variance"

# A line that misses the gain law's `b` by more than this factor is not what
# training draws from unless asked to.
MAX_LINE_MISFIT = 1.10

_SHIPPED = pathlib.Path(__file__).with_name("profiles")


@dataclasses.dataclass(frozen=True)
class Line:
    """`log b` on `log a`, natural logarithms.

    Attributes:
        slope: of the line.
        intercept: of the line.
        scatter: standard deviation of `log b` around it.
        max_misfit: largest factor (>= 1) by which the gain law's `b` differs
            from the line's over the gain range; 1 where the line itself is
            what was published.
    """

    slope: float
    intercept: float
    scatter: float
    max_misfit: float


@dataclasses.dataclass(frozen=True)
class GainLaw:
    """A sensor's noise at every gain.

    Attributes:
        sensor: its name.
        status: `"measured"`, `"published"` or `"stand-in"`; shown wherever
            the law is.
        gain_range: lowest and highest gain the law holds for.
        a_coefficients: `(a0, a1)`.
        b_coefficients: `(b0, b1, b2)`.
        base_iso: the ISO a camera calls gain 1, or None where unknown.
    """

    sensor: str
    status: str
    gain_range: tuple[float, float]
    a_coefficients: tuple[float, float]
    b_coefficients: tuple[float, float, float]
    base_iso: float | None = None

    def a(self, gain):
        """Returns the shot-noise slope at `gain`, number or array."""
        return np.polynomial.polynomial.polyval(gain, self.a_coefficients)

    def b(self, gain):
        """Returns the read-noise variance at `gain`, number or array."""
        return np.polynomial.polynomial.polyval(gain, self.b_coefficients)

    def noise(self, gain) -> NoiseParams:
        """Returns `(a, b)` at `gain`: number or `[B]`, as `[B]` arrays."""
        gain = np.atleast_1d(np.asarray(gain, np.float64))
        return NoiseParams(self.a(gain), self.b(gain))

    def equals(self, other: "GainLaw") -> bool:
        """Whether another law has the same noise at every gain."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("a_coefficients", "b_coefficients")
        )


@dataclasses.dataclass(frozen=True)
class NoiseProfile(GainLaw):
    """The noise law of one sensor, with the line that training draws from.

    Attributes:
        line: `log b` on `log a`.
        note: where the numbers come from.
        fit: residuals, R^2 and the frames that made it, as the calibration
            wrote them; empty for a law from a publication.
        terms: what the sensor does beyond `(a, b)`, as measured; None where
            no dark frames were.
    """

    line: Line = dataclasses.field(kw_only=True)
    note: str = ""
    fit: dict[str, Any] = dataclasses.field(default_factory=dict)
    terms: Terms | None = None

    def gain(self, a):
        """Returns the gain whose shot-noise slope is `a`; inverse of `a()`."""
        a0, a1 = self.a_coefficients
        return (np.asarray(a) - a0) / a1

    def line_b(self, a):
        """Returns `b` on the line `log b` on `log a`."""
        return np.exp(self.line.slope * np.log(a) + self.line.intercept)

    def default_read_noise_law(self) -> str:
        """Returns how training draws `b`: `"line"`, or `"gain"`.

        The line is the paper's; where it misses the gain law by more than
        `MAX_LINE_MISFIT`, a network would train for noise the sensor has not.
        """
        close = self.line.max_misfit <= MAX_LINE_MISFIT
        return "line" if close else "gain"

    def to_json(self) -> dict[str, Any]:
        """Returns the profile as the JSON file holds it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "units": UNITS,
            **dataclasses.asdict(self),
        }

    @classmethod
    def from_json(cls, record, source: str = "profile") -> "NoiseProfile":
        """Inverse of `to_json`; checks what a file may get wrong."""
        try:
            version = record["schema_version"]
            if type(version) is not int or version not in _READABLE:
                raise InputError(
                    f"{source}: `schema_version` must be one of "
                    f"{', '.join(map(str, _READABLE))}. "
                    f"Received: {version!r:.80}"
                )
            if version == 1:
                record = {**record, "terms": None}
            if record["a_coefficients"] is None:
                raise InputError(
                    f"{source}: holds measurements but no law over gains, for "
                    "which three gains or more are needed; give one gain's "
                    "a and b by hand."
                )
            fields = {f.name: record[f.name] for f in dataclasses.fields(cls)}
            try:
                fields |= _checked(fields)
            except InputError as error:
                raise InputError(f"{source}: {error}") from None
            profile = cls(**fields)
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"{source}: not a noise profile of schema version "
                f"{SCHEMA_VERSION}. Received: {type(error).__name__}: {error}"
            ) from error
        profile.check(source)
        return profile

    def check(self, source: str = "profile") -> None:
        """Raises `InputError` unless a, b > 0 and grow over the range."""
        low, high = self.gain_range
        if not 0 < low < high:
            raise InputError(
                f"{source}: `gain_range` must be positive and increasing. "
                f"Received: {self.gain_range}"
            )
        gains = np.geomspace(low, high, 200)
        for name, law in (("a", self.a), ("b", self.b)):
            with np.errstate(over="ignore", invalid="ignore"):
                found = law(gains)
                falls = not np.all(np.diff(found) >= 0)
            if falls or not np.all((0 < found) & (found <= 1)):
                raise InputError(
                    f"{source}: `{name}` must be above 0 and at most 1, and "
                    f"must not fall over gains {low:g} to {high:g}."
                )


def _checked(fields) -> dict[str, Any]:
    """Returns the fields of a profile that are numbers or shown."""
    checked = {
        "line": Line(
            **{
                name: values.number(f"line.{name}", number)
                for name, number in fields["line"].items()
            }
        )
    }
    for name, length in (
        ("gain_range", 2),
        ("a_coefficients", 2),
        ("b_coefficients", 3),
    ):
        checked[name] = values.numbers(name, fields[name], length)
    if fields["base_iso"] is not None:
        checked["base_iso"] = values.number(
            "base_iso", fields["base_iso"], above=0.0
        )
    for name in ("sensor", "status", "note"):
        checked[name] = names.printable(fields[name])
    if fields["terms"] is not None:
        checked["terms"] = Terms.from_json(fields["terms"])
    return checked


def fit_line(gains, a_of, b_of) -> Line:
    """Fits `log b` on `log a` over `gains` (spaced evenly in the logarithm)."""
    log_a, log_b = np.log(a_of(gains)), np.log(b_of(gains))
    slope, intercept = np.polyfit(log_a, log_b, 1)
    misfit = log_b - (slope * log_a + intercept)
    return Line(
        float(slope),
        float(intercept),
        float(np.std(misfit)),
        float(np.exp(np.max(np.abs(misfit)))),
    )


def shipped() -> list[str]:
    """Returns the names of the profiles that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob("*.json"))


def load(name_or_path: str | os.PathLike) -> NoiseProfile:
    """Reads a shipped profile by name, or a JSON file by path."""
    path = pathlib.Path(name_or_path)
    if path.suffix != ".json":
        if str(name_or_path) not in shipped():
            raise InputError(
                f"A profile must be one of {', '.join(shipped())} or a .json "
                f"file. Received: {str(name_or_path)!r}"
            )
        path = _SHIPPED / f"{name_or_path}.json"
    record = strict_json.read_object(path)
    return NoiseProfile.from_json(record, str(path))
