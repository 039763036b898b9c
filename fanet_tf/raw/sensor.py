"""From a clean scene to the RAW file that a real sensor makes of it.

`raw.noise.add_noise` draws each pixel by itself and clips at black. A phone's
RAW file differs from that in the ways below; each is a function of
`raw.sensor_terms`, and a `SensorModel` says which of them there are and how
strong. In the order of the camera:

    green_imbalance  the two greens see a little differently
    correlated       read-out and in-sensor corrections mix neighbours' noise
    photons          shot noise is skewed where photons are few
    line_noise       each row and each column has an offset of its own
    defects          dark and bright pixels, some of them in pairs
    counts           the converter's steps and its pedestal
    black level      the file's black is not quite the sensor's

Units: 0 = black, 1 = white; packed planes `[B, h, w, 4]` in the order R, Gr,
Gb, B. Draws come from an object with `uniform(*shape)` and `normal(*shape)`
(`sampling.RandomDraws`, or a stateless one in tf.data), so the functions are
pure and run in numpy, tf.data and Keras.

References: Wei et al. 2020 (ELD: row noise, quantisation); Feng et al. 2022
(PMN: dark frames of a phone's IMX686); Foi et al. 2008 (photons and read
noise).
"""

import copy
import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np

from fanet_tf.raw import sensor_limits
from fanet_tf.raw import sensor_terms as terms
from fanet_tf.raw.crop_draws import CropDraws
from fanet_tf.raw.noise import NoiseParams


class Exposure(NamedTuple):
    """What a sensor model makes of a batch of clean scenes.

    Attributes:
        noisy: `[B, h, w, 4]`, at most 1, below 0 where the crop keeps the
            noise below black.
        clean: `[B, h, w, 4]` in 0..1, what a denoiser is to give: the scene
            with the sensor's green imbalance, without everything else.
        noise: `(a, b)`, each `[B]`, that the file tells.
    """

    noisy: Any
    clean: Any
    noise: NoiseParams


@dataclasses.dataclass(frozen=True)
class SensorModel:
    """The terms of a sensor, drawn anew for each crop.

    A pair `(low, high)` is a range; equal ends fix the term, for instance at
    what a calibration measured. The defaults have no term, and clip at black:
    `add_noise` of the paper.

    Attributes:
        terms_share: share of the crops that have the terms. The others are
            what the file tells, in its noise and its black level: only
            pedestal, `poisson` and `read_factor` are theirs.
        signed_share: share of the crops that keep the noise below black, as
            files with a pedestal do; the others are clipped at black.
        pedestal: black level over white less black, log-uniform: signed crops
            are clipped at minus this.
        poisson: whether shot noise is skewed as photons are.
        row: deviation of the rows' offsets over that of the read noise,
            uniform.
        column: the same for columns.
        defect_rate: share of the pixels that are defective; drawn
            `low + (high - low) u^2`, so that most crops have few.
        bright_share: share of the defects that are bright.
        pair_share: share of the defects whose neighbour in the sensor's row is
            defective, too.
        bright: what a bright pixel adds, log-uniform, in units of white.
        dark: share of its value that a dark pixel keeps, uniform.
        stuck_share: share of the dark pixels that read the lowest count, far
            below black where there is a pedestal.
        correlated_share: share of the crops whose noise is correlated.
        correlation: `k` of the kernel `(k, 1, k)` of same-colour neighbours,
            along rows and columns each; drawn as `defect_rate` is.
        correlation_down: `k` along columns, where it is another; None: as
            `correlation`.
        black_mean: mean error of the file's black level in R, Gr, Gb, B.
        black_deviation: deviation of that error about its mean: a part in
            units of white, and a part in deviations of the read noise.
        green: mean and deviation of `Gr / Gb - 1`.
        green_limit: that no draw of it exceeds.
        bits: of the converter, each equally likely; `()`: no rounding.
        shading: change of the lens-shading gain from the middle of a crop to
            its edge, uniform in `+- shading` down and across; `(a, b)` become
            `(a L, b L^2)` and the file tells those of the middle.
        told_deviation: deviations of the logarithms of `a` and of `b` that
            the file tells about the true ones. Each crop has a share of them,
            uniform in 0..1: most files are nearly right, some are far off.
        told_limit: factors that no draw of them exceeds.
        read_factor: factor on `b` of the profile, log-uniform; the file tells
            the result.
    """

    terms_share: float = 1.0
    signed_share: float = 0.0
    pedestal: tuple[float, float] = (1 / 15, 1 / 15)
    poisson: bool = False
    row: tuple[float, float] = (0.0, 0.0)
    column: tuple[float, float] = (0.0, 0.0)
    defect_rate: tuple[float, float] = (0.0, 0.0)
    bright_share: float = 0.6
    pair_share: float = 0.1
    bright: tuple[float, float] = (0.02, 1.0)
    dark: tuple[float, float] = (0.0, 0.5)
    stuck_share: float = 0.2
    correlated_share: float = 1.0
    correlation: tuple[float, float] = (0.0, 0.0)
    correlation_down: tuple[float, float] | None = None
    black_mean: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    black_deviation: tuple[float, float] = (0.0, 0.0)
    green: tuple[float, float] = (0.0, 0.0)
    green_limit: float = 0.03
    bits: tuple[int, ...] = ()
    shading: float = 0.0
    told_deviation: tuple[float, float] = (0.0, 0.0)
    told_limit: tuple[float, float] = (1.5, 2.6)
    read_factor: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self):
        sensor_limits.check(self)

    @property
    def below_black(self) -> str:
        """`"signed"` if crops keep the noise below black, or `"clipped"`."""
        return "signed" if self.signed_share else "clipped"

    def without(self, *names: str) -> "SensorModel":
        """Returns the model less some of `TERMS`, for ablations."""
        return dataclasses.replace(self, **_fields(SensorModel(), names))

    def in_share(self, share: float) -> "SensorModel":
        """Returns the model with its terms in a share of the crops."""
        return dataclasses.replace(self, terms_share=share)

    def only(self, *names: str) -> "SensorModel":
        """Returns a model with no other of `TERMS`, to see what each costs.

        What describes a term, such as `bright_share`, stays.
        """
        _fields(self, names)
        return self.without(*(term for term in TERMS if term not in names))

    def with_arrays(self, **fields) -> "SensorModel":
        """Returns the model with terms that differ from crop to crop.

        Args:
            **fields: tuples of arrays `[B]` in the place of numbers; nobody
                checks their range.
        """
        model = copy.copy(self)
        for name, value in fields.items():
            object.__setattr__(model, name, value)
        return model

    def expose(self, clean, noise: NoiseParams, draws, xp=np) -> Exposure:
        """Draws what the sensor makes of clean scenes.

        Args:
            clean: `[B, h, w, 4]` in 0..1, of static shape.
            noise: `(a, b)` of each crop, `[B]`, as the profile has them.
            draws: see the module.
            xp: namespace of the arrays.
        """
        draw = CropDraws(draws, int(clean.shape[0]), xp, self.terms_share)
        told, noise = self._noise(noise, draw)
        clean = self._scene(clean, draw)
        noisy = self._light(clean, noise, draw)
        noisy = self._pixels(noisy, noise, draw)
        return Exposure(self._file(noisy, noise, draw), clean, told)

    def _noise(self, noise, draw):
        """Returns the `(a, b)` that the file tells, and the true ones."""
        a, b = noise
        if self.read_factor != (1.0, 1.0):
            b = b * draw.log(self.read_factor)
        told = NoiseParams(a, b)
        if self.told_deviation != (0.0, 0.0):
            limit = np.log(np.float32(self.told_limit))
            errors = np.float32(self.told_deviation) * draw.normal(2)
            errors = errors * (draw.uniform() * draw.amount)[:, None]
            errors = draw.xp.exp(draw.xp.clip(errors, -limit, limit))
            a, b = a * errors[:, 0], b * errors[:, 1]
        return told, NoiseParams(a, b)

    def _scene(self, clean, draw):
        """Returns the clean scene as this sensor's colours have it."""
        if self.green == (0.0, 0.0):
            return clean
        mean, deviation = self.green
        limit = self.green_limit
        error = mean + deviation * draw.normal()
        error = draw.xp.clip(error, -limit, limit) * draw.amount
        return terms.green_imbalance(clean, error, draw.xp)

    def _light(self, clean, noise, draw):
        """Adds shot and read noise."""
        xp = draw.xp
        height, width = (int(n) for n in clean.shape[1:3])
        across = self.correlation
        down = (
            across if self.correlation_down is None else (self.correlation_down)
        )
        if not (_is_there(down) or _is_there(across)):
            normal = draw.normal(height, width, 4)
        else:
            there = draw.uniform() < self.correlated_share
            down, across = (
                xp.where(there, draw.few(k), 0.0) * draw.amount
                for k in (down, across)
            )
            normal = draw.normal(height + 2, width + 2, 4)
            normal = terms.correlated(normal, down, across, xp)
        a, b = noise.images(xp)
        if self.shading:
            down, across = (
                draw.even((-self.shading, self.shading)) * draw.amount
                for _ in range(2)
            )
            gain = terms.shading(height, width, down, across, xp)
            a, b = a * gain, b * gain * gain
        return terms.photons(clean, a, b, normal, self.poisson, xp)

    def _pixels(self, noisy, noise, draw):
        """Adds what lies in rows, columns and single pixels."""
        height, width = (int(n) for n in noisy.shape[1:3])
        if _is_there(self.row) or _is_there(self.column):
            read = draw.xp.sqrt(noise.b) * draw.amount
            noisy = terms.line_noise(
                noisy,
                read * draw.even(self.row),
                read * draw.even(self.column),
                draw.normal(height, 2),
                draw.normal(width, 2),
                draw.xp,
            )
        if self.defect_rate != (0.0, 0.0):
            noisy = terms.defects(
                noisy,
                draw.few(self.defect_rate) * draw.amount,
                draw.uniform(height, width),
                draw.uniform(height, width),
                self.bright_share,
                self.pair_share,
                self.bright,
                self.dark,
                self.stuck_share,
                draw.xp,
            )
        return noisy

    def _file(self, noisy, noise, draw):
        """Returns the values as they are read from a file."""
        xp = draw.xp
        lowest = floor = 0.0
        if self.signed_share:
            lowest = -_images(draw.log(self.pedestal), xp)
            signed = _images(draw.uniform(), xp) < self.signed_share
            # The error of the file's black level may go below the pedestal.
            floor = xp.where(signed, lowest - 1.0, 0.0 * lowest)
        has_black_error = _is_there(self.black_mean) or _is_there(
            self.black_deviation
        )
        if self.signed_share or not has_black_error:
            noisy = xp.maximum(noisy, lowest)
        if self.bits:
            counts = terms.counts(noisy, _images(self._steps(draw), xp), xp)
            noisy = xp.where(_images(draw.amount, xp) > 0.0, counts, noisy)
        if has_black_error:
            fixed, relative = self.black_deviation
            deviation = xp.sqrt(fixed**2 + relative**2 * noise.b)
            error = deviation[:, None] * draw.normal(4)
            # Numbers, or an array of each plane over the crops.
            mean = xp.stack([n + 0.0 * noise.b for n in self.black_mean], -1)
            error = (error + mean) * draw.amount[:, None]
            noisy = noisy + error[:, None, None, :]
        return xp.minimum(xp.maximum(noisy, floor), 1.0)

    def _steps(self, draw):
        """Returns counts from black to white of a converter for each crop."""
        black = math.sqrt(self.pedestal[0] * self.pedestal[1])
        spans = [round((2**bits - 1) / (1.0 + black)) for bits in self.bits]
        places = draw.uniform() * float(len(spans))
        steps = 0.0 * places
        for index, span in enumerate(spans):
            steps = draw.xp.where(places >= float(index), float(span), steps)
        return steps


def _is_there(numbers) -> bool:
    """Whether a term is drawn at all; arrays of the crops always are."""
    return not all(isinstance(n, float | int) and n == 0 for n in numbers)


def _images(values, xp):
    """Makes `[B]` meet image batches."""
    return xp.reshape(values, (-1, 1, 1, 1))


# The fields of each term, for `SensorModel.without`.
TERMS = {
    "signed": ("signed_share",),
    "poisson": ("poisson",),
    "lines": ("row", "column"),
    "defects": ("defect_rate",),
    "correlation": ("correlation", "correlation_down"),
    "black": ("black_mean", "black_deviation"),
    "green": ("green",),
    "rounding": ("bits",),
    "shading": ("shading",),
    "told": ("told_deviation",),
    "read": ("read_factor",),
}


def _fields(model: SensorModel, names) -> dict:
    """Returns what a model has in the fields of some terms."""
    for term in names:
        if term not in TERMS:
            raise ValueError(
                f"A term must be one of {', '.join(TERMS)}. Received: {term!r}"
            )
    return {field: getattr(model, field) for n in names for field in TERMS[n]}
