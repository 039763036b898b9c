"""What a sensor does beyond `(a, b)`, one term at a time: rows of a table."""

import dataclasses

from fanet_tf.errors import InputError
from fanet_tf.raw import sensor as sensor_lib
from fanet_tf.raw import sensor_presets
from fanet_tf.raw.sensor import SensorModel

TOGETHER = "all together"


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        name: of the row.
        model: what the sensor does.
        told: factors on `a` and `b` that the file tells.
    """

    name: str
    model: SensorModel
    told: tuple[float, float] = (1.0, 1.0)


_COUNT = 1 / 959  # Of 10 bits, black 64, white 1023.

# Each term at one strength, so that two runs compare; the strengths are round
# numbers about those that `sensor_presets.PHONE` draws from.
_FIXED = (
    Case("defects, 1e-4 of all", SensorModel(defect_rate=(1e-4, 1e-4))),
    Case("correlation (.1, 1, .1)", SensorModel(correlation=(0.1, 0.1))),
    Case("correlation (.25, 1, .25)", SensorModel(correlation=(0.25, 0.25))),
    Case("a, b told 1.3 times too small", SensorModel(), (1 / 1.3, 1 / 1.3)),
    Case("b told 2.6 times too large", SensorModel(), (1.0, 2.6)),
    Case("black 1 count of 959 wrong", SensorModel(black_mean=(_COUNT,) * 4)),
    Case("green imbalance 3 %", SensorModel(green=(0.03, 0.0))),
    Case("rows 6.3 % of read noise", SensorModel(row=(0.063, 0.063))),
    Case("10 bits", SensorModel(bits=(10,))),
    Case("photons", SensorModel(poisson=True)),
    Case("shading 1.4, told for 1", SensorModel(), (1 / 1.4, 1 / 1.96)),
    Case(
        TOGETHER,
        SensorModel(
            poisson=True,
            row=(0.063, 0.063),
            defect_rate=(1e-4, 1e-4),
            correlation=(0.1, 0.1),
            black_mean=(_COUNT,) * 4,
            green=(0.03, 0.0),
            bits=(10,),
        ),
        (1 / 1.3, 1 / 1.3),
    ),
)

SENSORS = (
    "fixed",
    *(name for name, model in sensor_presets.PRESETS.items() if model),
)


def drawn(model: SensorModel) -> tuple[Case, ...]:
    """Returns a case for each term that a model has, and all together."""
    alone = (
        Case(term, model.only(term))
        for term in sensor_lib.TERMS
        if term != "signed"
    )
    rest = model.without("signed")
    ideal = SensorModel()
    there = [
        case
        for case in alone
        if any(
            getattr(case.model, field) != getattr(ideal, field)
            for field in sensor_lib.TERMS[case.name]
        )
    ]
    return (*there, Case(TOGETHER, rest))


def cases(name: str) -> tuple[Case, ...]:
    """Returns the cases of a name of `SENSORS`.

    `"fixed"` has each term at one strength; a preset of `sensor_presets` has
    its own terms, each drawn for each scene as training draws it.
    """
    if name not in SENSORS:
        raise InputError(
            f"A sensor must be one of {', '.join(SENSORS)}. Received: {name!r}"
        )
    return _FIXED if name == "fixed" else drawn(sensor_presets.preset(name))
