from android_bench.phone import dumpsys


def test_battery_is_in_tenths_of_a_degree():
    text = (
        "Current Battery Service state:\n  AC powered: false\n"
        "  USB powered: true\n  status: 2\n  level: 87\n  temperature: 287\n"
    )
    assert dumpsys.battery(text) == {
        "battery_percent": 87,
        "battery_c": 28.7,
        "charging": True,
    }


def test_thermal_prefers_what_is_measured_now():
    text = """\
IsStatusOverride: false
Thermal Status: 1
Cached temperatures:
\tTemperature{mValue=20.5, mType=3, mName=skin, mStatus=0}
HAL Ready: true
Current temperatures from HAL:
\tTemperature{mValue=31.5, mType=3, mName=skin, mStatus=0}
\tTemperature{mValue=NaN, mType=2, mName=battery, mStatus=0}
\tTemperature{mValue=0.0, mType=0, mName=CPU0, mStatus=0}
Current cooling devices from HAL:
\tCoolingDevice{mValue=0, mType=2, mName=fan}
"""
    assert dumpsys.thermal(text) == {
        "thermal_status": 1,
        "temperatures_c": {"skin": 31.5},
    }
    cached = text.partition("HAL Ready")[0]
    assert dumpsys.thermal(cached)["temperatures_c"] == {"skin": 20.5}
    assert dumpsys.thermal("Can't find service: thermalservice") == {}
