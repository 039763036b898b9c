"""Whether two runs of a member agree, in deviations of the noise.

Two processors, or two libraries of kernels on one, round differently, and a
difference counts by what it does to a picture:

    error = (output - reference) / sqrt(a max(reference, 0) + b)

Three figures judge it. The *rms* is what the difference costs. The *largest*
error finds a few wrong values among many right ones. The *bias*, the largest
mean error of a plane, finds a wrong gain or black level: at gain 64 a gain that
is 2 % off has an rms of 0.1, as much as the rounding of eight bits, but a mean
of 0.08, where right kernels have below 0.01.
"""

import dataclasses
import math

import numpy as np

# What the shipped array leaves of the noise where it takes most of it, at gain
# 64: 10 dB of PSNR are a factor of 0.31 (at gain 1 they are 4 dB, or 0.62).
LEFT = 0.3


@dataclasses.dataclass(frozen=True)
class _Figures:
    """What an error is judged by, in deviations of the noise.

    Attributes:
        rms: of all values.
        largest: of any value.
        bias: of any plane's mean.
    """

    rms: float
    largest: float
    bias: float


class Limits(_Figures):
    """The largest difference allowed; see `_Figures`."""

    def __str__(self) -> str:
        return (
            f"{self.rms:g} rms, {self.largest:g} at most and {self.bias:g} in "
            "a plane's mean (deviations of the noise)"
        )


class Difference(_Figures):
    """How far an output is from its reference; see `_Figures`."""

    def within(self, limits: Limits) -> bool:
        """Tells whether no figure is above its limit; NaN never is."""
        return (
            self.rms <= limits.rms
            and self.largest <= limits.largest
            and self.bias <= limits.bias
        )

    @property
    def db(self) -> float:
        """The loss of PSNR, if the error adds to one of `LEFT` deviations."""
        return 10.0 * math.log10(1.0 + (self.rms / LEFT) ** 2)

    def __str__(self) -> str:
        return (
            f"{self.rms:.3g} rms ({self.db:.2g} dB), {self.largest:.3g} at "
            f"most, {self.bias:.3g} in a plane's mean"
        )


# The same arithmetic in another order; a GPU's may be a little less exact.
_FLOAT = Limits(rms=0.002, largest=0.05, bias=0.001)
# Ten bits of mantissa; also int8 weights, where a range that is found anew in
# each tile may end one step further.
_HALF = Limits(rms=0.05, largest=0.5, bias=0.02)
# Activations of eight bits: a value near the edge of a step takes the other
# one, and all that follow from it.
_INT8 = Limits(rms=0.15, largest=1.0, bias=0.02)


def limits(recipe: str, half: bool = False) -> Limits:
    """Returns what two runs of a recipe may differ by.

    Args:
        recipe: its name, which says its number formats: `ai8` are activations
            of eight bits, `wi8` are weights (see `export.member.recipes`).
        half: whether one of the two computes in half precision.
    """
    formats = recipe.split("_")
    if "ai8" in formats:
        return _INT8
    return _HALF if half or "wi8" in formats else _FLOAT


def error(
    output: np.ndarray, reference: np.ndarray, scale: float, offset: float
) -> np.ndarray:
    """Returns an output's error in deviations of the noise, of its shape.

    Args:
        output: `[..., planes]`, 0 = black, 1 = white.
        reference: of the same shape.
        scale: `1 / a` of the noise.
        offset: `b / a^2` of the noise.
    """
    a = 1.0 / float(scale)
    b = float(offset) * a**2
    reference = np.asarray(reference, np.float64)
    deviation = np.sqrt(a * np.maximum(reference, 0.0) + b)
    with np.errstate(invalid="ignore"):  # A broken output may be infinite.
        return (np.asarray(output, np.float64) - reference) / deviation


def difference(
    output: np.ndarray, reference: np.ndarray, scale: float, offset: float
) -> Difference:
    """Measures an output against a reference; takes what `error` takes."""
    found = error(output, reference, scale, offset)
    with np.errstate(invalid="ignore"):
        means = found.reshape(-1, found.shape[-1]).mean(axis=0)
        return Difference(
            rms=float(np.sqrt(np.mean(np.square(found)))),
            largest=float(np.abs(found).max()),
            bias=float(np.abs(means).max()),
        )
