"""Flags that measure what the terms of a real sensor cost."""

from collections.abc import Iterator
from collections.abc import Mapping

from absl import flags

from fanet_tf.calibration.profile import GainLaw
from fanet_tf.cli import data_flags
from fanet_tf.data.captures import Scene
from fanet_tf.data.evaluation_sets import EvaluationSet
from fanet_tf.errors import InputError
from fanet_tf.evaluation import robustness as robustness_lib
from fanet_tf.evaluation import sensor_cases
from fanet_tf.evaluation.evaluate import Method

_SENSOR = flags.DEFINE_enum(
    "sensor",
    None,
    sensor_cases.SENSORS,
    "Also measures what each term of a real sensor costs, on frames with a "
    "pedestal and clipped at black: fixed strengths, or as a preset draws.",
)
_SENSOR_GAINS = flags.DEFINE_list(
    "sensor_gains", ["4", "16", "64"], "Gains of --sensor."
)
_EXPOSURE = flags.DEFINE_float(
    "exposure",
    1.0,
    "Exposure of the scenes of --sensor; 0.25 is two stops under.",
    lower_bound=1e-3,
    upper_bound=1.0,
)


def check(
    scenes: Iterator[Scene] | None, profile: GainLaw | None = None
) -> None:
    """Refuses `--sensor` where there are no clean frames to draw on.

    Args:
        scenes: of the data set; None: it has none.
        profile: whose gains `--sensor_gains` must be; None: not checked.
    """
    if _SENSOR.value is None:
        return
    if scenes is None:
        raise InputError(
            "--sensor must have clean frames to draw on: --photos, --raws or "
            "--sid."
        )
    if profile is not None:
        data_flags.parse_gains(_SENSOR_GAINS.value, profile)


def measure(
    data: EvaluationSet, methods: Mapping[str, Method], profile: GainLaw
) -> robustness_lib.Robustness | None:
    """Measures what --sensor asks for; None: it was not given."""
    if _SENSOR.value is None:
        return None
    gains = data_flags.parse_gains(_SENSOR_GAINS.value, profile)
    return robustness_lib.measure(
        data.scenes,
        methods,
        _SENSOR.value,
        profile,
        gains=gains,
        exposure=_EXPOSURE.value,
        seed=data_flags.SEED.value,
    )
