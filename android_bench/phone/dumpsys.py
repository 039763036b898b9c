"""Reads what `dumpsys` of a phone prints; pure functions."""

import math
import re

_NUMBER = r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?"


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
    """`dumpsys thermalservice`: status 0..6 and temperatures by name.

    The readings taken now from the HAL are preferred to cached ones; a value
    of NaN or 0.0 means that the sensor has none.
    """
    result = {}
    status = re.search(r"Thermal Status: (\d+)", text)
    if status:
        result["thermal_status"] = int(status[1])
    current = text.partition("Current temperatures from HAL:")[2]
    current = current.partition("Current cooling devices")[0]
    temperatures = {}
    for value, name in re.findall(
        rf"Temperature\{{mValue=({_NUMBER}|NaN), mType=-?\d+, "
        r"mName=([^,]+), mStatus=\d+\}",
        current or text,
    ):
        celsius = float(value)
        if celsius and math.isfinite(celsius):
            temperatures[name] = celsius
    if temperatures:
        result["temperatures_c"] = temperatures
    return result
