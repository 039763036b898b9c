"""Reads what `dumpsys` of a phone prints; pure functions."""

import re

_NUMBER = r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?"
# android.os.Temperature: vendors name their sensors as they like (LRB, LRF and
# LRP on a Samsung, mb-therm-monitor on a Pixel), the type says what they are.
_SKIN = 3
_NO_TEMPERATURES = {6, 7, 8}  # Voltage, current and charge of the battery.
_LEAST_C, _GREATEST_C = -40.0, 150.0


def battery(text: str) -> dict[str, float | bool]:
    """`dumpsys battery`: level in percent, temperature in degrees, USB."""
    result = {}
    level = re.search(r"^\s*level: (\d+)", text, re.MULTILINE)
    if level:
        result["battery_percent"] = int(level[1])
    tenths = re.search(r"^\s*temperature: (\d+)", text, re.MULTILINE)
    if tenths:
        result["battery_c"] = int(tenths[1]) / 10
    powered = re.findall(r"^\s*(?:AC|USB|Wireless) powered: (\w+)", text, re.M)
    if powered:
        result["charging"] = "true" in powered
    return result


def thermal(text: str) -> dict[str, object]:
    """`dumpsys thermalservice`: status 0..6 and temperatures in degrees.

    The readings taken now from the HAL are preferred to cached ones. A reading
    of NaN, 0.0 or beyond what a phone survives is none; voltages and currents
    are left out.

    Returns:
        `thermal_status`; `temperatures_c` by the sensor's name; `skin_c`, the
        hottest reading of a skin sensor. Missing where the phone says nothing.
    """
    result = {}
    status = re.search(r"Thermal Status: (\d+)", text)
    if status:
        result["thermal_status"] = int(status[1])
    current = text.partition("Current temperatures from HAL:")[2]
    current = current.partition("Current cooling devices")[0]
    readings = _readings(current) or _readings(text)
    if readings:
        result["temperatures_c"] = {name: c for _, name, c in readings}
    skin = [c for kind, _, c in readings if kind == _SKIN]
    # Names tell only where no type does: a Pixel's VIRTUAL-SKIN-CPU is none.
    skin = skin or [c for _, name, c in readings if "skin" in name.lower()]
    if skin:
        result["skin_c"] = max(skin)
    return result


def _readings(text: str) -> list[tuple[int, str, float]]:
    """Type, name and degrees of each sensor that has a temperature."""
    found = []
    for value, kind, name in re.findall(
        rf"Temperature\{{mValue=({_NUMBER}|NaN), mType=(-?\d+), "
        r"mName=(.*?), mStatus=-?\d+",
        text,
    ):
        celsius = float(value)
        plausible = celsius and _LEAST_C < celsius < _GREATEST_C
        if plausible and int(kind) not in _NO_TEMPERATURES:
            found.append((int(kind), name, celsius))
    return found
