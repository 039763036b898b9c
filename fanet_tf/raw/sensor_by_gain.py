"""A sensor whose terms were measured at some gains: each crop has those of its.

Lines, correlation and black level may differ from gain to gain; between two
measured gains they are interpolated over `log a`, beyond the last they stay.
"""

import dataclasses
import math

import numpy as np

from fanet_tf.raw.noise import NoiseParams
from fanet_tf.raw.sensor import Exposure
from fanet_tf.raw.sensor import SensorModel

# Fields that may differ.
BY_GAIN = (
    "row",
    "column",
    "correlation",
    "correlation_down",
    "black_mean",
    "black_deviation",
)


@dataclasses.dataclass(frozen=True)
class SensorByGain:
    """Sensor models over the gain; stands wherever a `SensorModel` does.

    Attributes:
        a: shot-noise slope at each measured gain, rising.
        models: of each; they differ in the fields of `BY_GAIN` alone.
    """

    a: tuple[float, ...]
    models: tuple[SensorModel, ...]

    def __post_init__(self):
        rises = all(x < y for x, y in zip(self.a, self.a[1:], strict=False))
        if not self.a or len(self.a) != len(self.models) or not rises:
            raise ValueError(
                "There must be a model for each of the rising `a`. Received: "
                f"a={self.a}, {len(self.models)} models"
            )
        if self.a[0] <= 0.0:
            raise ValueError(f"`a` must be positive. Received: {self.a}")
        first = self.models[0]
        for model in self.models[1:]:
            for field in dataclasses.fields(model):
                name = field.name
                if name not in BY_GAIN and (
                    getattr(model, name) != getattr(first, name)
                ):
                    raise ValueError(f"`{name}` must not differ over gains.")

    @property
    def below_black(self) -> str:
        """`"signed"` if crops keep the noise below black, or `"clipped"`."""
        return self.models[0].below_black

    def without(self, *names: str) -> "SensorByGain":
        """Returns the sensor less some of `sensor.TERMS`."""
        models = tuple(model.without(*names) for model in self.models)
        return dataclasses.replace(self, models=models)

    def in_share(self, share: float) -> "SensorByGain":
        """Returns the sensor with its terms in a share of the crops."""
        models = tuple(model.in_share(share) for model in self.models)
        return dataclasses.replace(self, models=models)

    def at(self, a, xp=np) -> SensorModel:
        """Returns the model of crops of some gains.

        Args:
            a: `[B]`, their shot-noise slopes.
            xp: namespace of the arrays.
        """
        first = self.models[0]
        knots = np.float32([math.log(value) for value in self.a])
        log_a = xp.log(a)
        # How far each crop has gone from one measured gain to the next.
        parts = [
            xp.clip((log_a - low) / (high - low), 0.0, 1.0)
            for low, high in zip(knots, knots[1:], strict=False)
        ]
        fields = {}
        for name in BY_GAIN:
            values = [getattr(model, name) for model in self.models]
            if all(value == values[0] for value in values):
                continue
            fields[name] = tuple(
                _interpolated(numbers, parts)
                for numbers in zip(*values, strict=True)
            )
        return first.with_arrays(**fields)

    def expose(self, clean, noise: NoiseParams, draws, xp=np) -> Exposure:
        """Draws what the sensor makes of clean scenes; as `SensorModel`'s."""
        return self.at(noise.a, xp).expose(clean, noise, draws, xp)


def _interpolated(numbers, parts):
    """Returns `[B]`: the first number, and each step as far as it was gone."""
    total = np.float32(numbers[0])
    for low, high, part in zip(numbers, numbers[1:], parts, strict=False):
        total = total + np.float32(high - low) * part
    return total
