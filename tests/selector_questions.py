"""Questions for the selectors, good and bad, and Python's answers."""

import numpy as np

from export.contract import selector
from fanet_tf.calibration import profile as profile_lib

# The array that ships: four members, gain 8 lies on the middle edge.
PROFILE = profile_lib.load("imx258")
NOISE = {
    "sensor": PROFILE.sensor,
    "status": PROFILE.status,
    "gain_range": list(PROFILE.gain_range),
    "a_coefficients": list(PROFILE.a_coefficients),
    "b_coefficients": list(PROFILE.b_coefficients),
}
REFERENCE = 0.086
EDGES = [float(np.float32(e)) for e in np.geomspace(2.1e-4, 1.344e-2, 5)]


def manifest():
    return {
        "name": "test */ array",
        "noise": NOISE,
        "selector": {
            "edges": EDGES,
            "hysteresis": selector.hysteresis(EDGES),
            "signal": {"reference": REFERENCE},
        },
    }


FIELDS = ("a", "b", "scale", "offset", "member", "status")


def as_list(choice):
    return [choice[n] for n in FIELDS]


def in_python(line):
    """Answers a line of questions as the C program does."""
    kind, number, *values = line.split()
    values = [float(value) for value in values]
    if kind in "pd":
        pairs = list(zip(values[1::2], values[2::2], strict=True)) or None
        if kind == "p":
            return selector.from_noise_profile(pairs, EDGES)
        return selector.from_noise_profile_as_dng(pairs, int(number), EDGES)
    x, y = values
    if kind == "s":
        choice = selector.from_noise(x, 1e-6, EDGES)
        return selector.at_signal(choice, y, REFERENCE, EDGES, int(number))
    if kind == "g":
        return selector.select(x, NOISE, EDGES)
    if kind == "i":
        return selector.from_iso(x, y, NOISE, EDGES)
    return selector.from_noise(x, y, EDGES)


def questions():
    """1,200 random questions, of each kind in turn, and 50 of nonsense."""
    rng = np.random.default_rng(25)

    def pairs(count):
        a, b = rng.uniform(1e-4, 2e-2, count), rng.uniform(-1e-6, 1e-3, count)
        return " ".join(f"{x:.17g} {y:.17g}" for x, y in zip(a, b, strict=True))

    lines = []
    for _ in range(200):
        count = rng.integers(1, 5)
        lines += [
            f"g -1 {np.float32(np.exp(rng.uniform(-1, 5))):.9g} 0",
            f"i -1 {rng.integers(1, 30000)} {rng.integers(1, 400)}",
            f"n -1 {np.float32(np.exp(rng.uniform(-17, 1))):.9g} "
            f"{np.float32(rng.uniform(-1e-4, 1e-3)):.9g}",
            f"p -1 {count} {pairs(count)}",
            f"d {rng.integers(0, 4)} 4 {pairs(4)}",
            f"s {rng.integers(-1, 4)} "
            f"{np.float32(np.exp(rng.uniform(-10, 0.5))):.9g} "
            f"{np.float32(np.exp(rng.uniform(-9, 0))):.9g}",
        ]
    odd = ("nan", "inf", "-inf", "0", "-0", "-1", "1e-45", "3e38")
    for x in odd:
        lines += [f"g -1 {x} 0", f"n -1 {x} 1e-6", f"n -1 3e-3 {x}"]
        lines += [f"p -1 2 {x} 1e-6 {x} 1e-6", f"d 0 4 {' '.join([x] * 8)}"]
    lines += ["p -1 0", "d 0 0", "d 4 4 1 1 1 1 1 1 1 1", "p -1 1 1e300 0"]
    lines += [f"i -1 {x} {y}" for x, y in ((0, 100), (100, 0), (-8, 100))]
    lines += ["i -1 100 -8", "n -1 1e-7 1", "n -1 1 1"]
    return lines
