"""What a config trains: checked before minutes are spent on loading images."""

import dataclasses

from absl import logging
from ml_collections import ConfigDict

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.errors import InputError
from fanet_tf.training import members
from fanet_tf.training import precision
from fanet_tf.training.feed import optics
from fanet_tf.training.feed import schedule
from fanet_tf.training.feed import synthesis
from fanet_tf.training.feed.schedule import Phase


@dataclasses.dataclass(frozen=True)
class Plan:
    """The members of a run and their phases.

    Attributes:
        config: of the run.
        profile: the sensor's noise.
        ranges: `(a_min, a_max)` of every member of the array.
        chosen: the members that the run trains.
        phases: of each member.
    """

    config: ConfigDict
    profile: NoiseProfile
    ranges: list[tuple[float, float]]
    chosen: list[int]
    phases: list[Phase]


def of(config: ConfigDict) -> Plan:
    """Returns what a config trains.

    Raises:
        InputError: a field has no such value, or does not fit the others.
    """
    profile = profile_lib.load(config.data.profile)
    ranges = members.subranges(profile, config.nsma.members)
    chosen = list(range(len(ranges)))
    if config.nsma.only >= 0:
        if config.nsma.only not in chosen:
            raise InputError(
                f"`nsma.only` must be below {len(ranges)}, the number of "
                f"members. Received: {config.nsma.only}"
            )
        chosen = [config.nsma.only]
    if not 0.0 <= config.nsma.reference_signal <= 1.0:
        raise InputError(
            "`nsma.reference_signal` must lie in 0..1. "
            f"Received: {config.nsma.reference_signal}"
        )
    precision.check(config.train.precision)
    synthesis.sensor_of(config.data)
    optics.of(config.data)
    phases = schedule.phases(config.train, config.data)
    _warn_of_gains(config, profile)
    return Plan(config, profile, ranges, chosen, phases)


def _warn_of_gains(config, profile) -> None:
    """Says which gains no member is validated at."""
    low, high = profile.gain_range
    outside = [g for g in config.validation.gains if not low <= g <= high]
    if outside:
        logging.warning(
            "No member is validated at gain %s: the profile %s ends at %g and "
            "%g.",
            ", ".join(f"{gain:g}" for gain in outside),
            profile.sensor,
            low,
            high,
        )
