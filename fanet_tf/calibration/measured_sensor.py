"""A profile's terms -> the sensor model to train with.

What was measured is used as measured, at each crop's gain: lines, correlation,
black level (`raw.sensor_by_gain` interpolates over `log a`); pedestal, bits,
defects and green imbalance are the same at every gain. What dark frames and
charts do not show stays as a phone's sensor has it (`sensor_presets.PHONE`):
photons, shading, and the error of the `(a, b)` that a file tells. `b` itself is
measured, so it is not drawn over other sensors' range. It holds the variance of
the lines as well, `row^2 + column^2` of it (half a per cent, mostly), which are
drawn on top.
"""

import dataclasses
import math

from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.calibration.terms import MOST_CORRELATION
from fanet_tf.calibration.terms import GainTerms
from fanet_tf.calibration.terms import Terms
from fanet_tf.errors import InputError
from fanet_tf.raw.sensor import SensorModel
from fanet_tf.raw.sensor_by_gain import SensorByGain
from fanet_tf.raw.sensor_presets import PHONE


def of_profile(profile: NoiseProfile) -> SensorByGain:
    """Returns the sensor of a measured profile.

    Raises:
        InputError: the profile holds no terms of dark frames.
    """
    terms = profile.terms
    if terms is None or not terms.gains:
        raise InputError(
            "A sensor model needs a profile with the terms of dark frames, as "
            "fanet-calibrate --dark measures them. Received: the profile of "
            f"{profile.sensor}, without"
        )
    common = _common(terms)
    return SensorByGain(
        a=tuple(float(profile.a(one.gain)) for one in terms.gains),
        models=tuple(_at_gain(common, one) for one in terms.gains),
    )


def _common(terms: Terms) -> SensorModel:
    """Returns what does not depend on the gain."""
    changes = {
        "signed_share": 0.0,
        "bits": (),
        "defect_rate": (0.0, 0.0),
        "green": (0.0, 0.0),
        "read_factor": (1.0, 1.0),
        "correlated_share": 1.0,
    }
    if terms.pedestal is not None:
        changes["signed_share"] = 1.0
        changes["pedestal"] = (terms.pedestal, terms.pedestal)
    if terms.bits is not None:
        changes["bits"] = (terms.bits,)
    if terms.green is not None:
        mean, deviation = terms.green.mean, terms.green.deviation
        changes["green"] = (mean, deviation)
        changes["green_limit"] = min(abs(mean) + 3.0 * deviation, 1.0)
    if terms.defects is not None:
        rate = terms.defects.rate
        changes["defect_rate"] = (rate, rate)
        changes["bright_share"] = terms.defects.bright_share
        changes["pair_share"] = terms.defects.pair_share
        changes["bright"] = terms.defects.bright or PHONE.bright
    return dataclasses.replace(PHONE, **changes)


def _at_gain(common: SensorModel, terms: GainTerms) -> SensorModel:
    across = kernel_of(terms.correlation_across)
    down = kernel_of(terms.correlation_down)
    return dataclasses.replace(
        common,
        row=(terms.row, terms.row),
        column=(terms.column, terms.column),
        correlation=(across, across),
        correlation_down=(down, down),
        black_mean=terms.black_error,
        black_deviation=(terms.black_drift, 0.0),
    )


def kernel_of(correlation: float) -> float:
    """Returns `k` of the kernel `(k, 1, k)` that correlates neighbours so.

    Inverse of `2 k / (1 + 2 k^2)`; 0 where there is no positive correlation.
    """
    r = min(max(correlation, 0.0), MOST_CORRELATION)
    if r == 0.0:
        return 0.0
    return (1.0 - math.sqrt(1.0 - 2.0 * r * r)) / (2.0 * r)
