"""Code of the selector for apps, written from the manifest.

`nsma_selector.h` and `NsmaSelector.kt` contain the manifest's coefficients and
edges, so an app need not parse JSON to pick a member.
"""

import pathlib
import string

import numpy as np

_TEMPLATES = pathlib.Path(__file__).with_name("templates")
FILES = ("nsma_selector.h", "NsmaSelector.kt")


def _literal(value) -> str:
    """Returns the shortest literal that both languages read as this float32."""
    text = np.format_float_scientific(
        np.float32(value), unique=True, trim="0", exp_digits=1
    )
    return f"{text}f"


def comment(text) -> str:
    """Leaves out what could end a comment or a string."""
    return "".join(c for c in str(text) if c.isalnum() or c in " .,_-()")


def write(manifest: dict) -> dict[str, str]:
    """Returns the text of each file of `FILES`.

    Args:
        manifest: its `name`, `noise` and `selector` are needed.
    """
    noise, selector = manifest["noise"], manifest["selector"]
    edges = selector["edges"]
    hysteresis = selector["hysteresis"]["factor"]
    low, high = noise["gain_range"]
    values = {
        "name": comment(manifest["name"]),
        "sensor": comment(noise["sensor"]),
        "status": comment(noise["status"]),
        "members": len(edges) - 1,
        "gain_low": repr(float(low)),
        "gain_high": repr(float(high)),
        "hysteresis_percent": f"{100 * (hysteresis - 1):.0f}",
    }
    numbers = {
        "hysteresis": hysteresis,
        "reference": selector.get("signal", {}).get("reference", 0.0),
    }
    for letter in "ab":
        for order, number in enumerate(noise[f"{letter}_coefficients"]):
            numbers[f"{letter}{order}"] = number
    listed = ", ".join(_literal(edge) for edge in edges)
    for language in ("c", "kt"):
        values[f"edges_{language}"] = listed
        for key, number in numbers.items():
            values[f"{key}_{language}"] = _literal(number)
    return {
        name: string.Template(
            (_TEMPLATES / name).read_text(encoding="utf-8")
        ).substitute(values)
        for name in FILES
    }
