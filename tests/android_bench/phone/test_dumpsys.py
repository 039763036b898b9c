import pytest

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


def dump(*current, cached=(), status=0):
    """A dump of Android 11 and newer; sensors are (degrees, type, name)."""

    def lines(sensors):
        return "".join(
            f"\tTemperature{{mValue={value}, mType={kind}, mName={name}, "
            "mStatus=0}\n"
            for value, kind, name in sensors
        )

    return (
        "IsStatusOverride: false\n"
        f"Thermal Status: {status}\nCached temperatures:\n{lines(cached)}"
        "HAL Ready: true\nHAL connection:\n\tThermalHAL 2.0 connected: yes\n"
        f"Current temperatures from HAL:\n{lines(current)}"
        "Current cooling devices from HAL:\n"
        "\tCoolingDevice{mValue=0, mType=3, mName=skin-fan}\n"
        "Temperature static thresholds from HAL:\n"
        "\tTemperatureThreshold{mType=3, mName=skin, mHotThrottling="
        "[NaN, 37.0, 41.0]}\n"
    )


def test_thermal_prefers_what_is_measured_now():
    text = dump(
        (31.5, 3, "skin"),
        ("NaN", 2, "battery"),
        (0.0, 0, "CPU0"),
        cached=[(20.5, 3, "skin")],
        status=1,
    )
    assert dumpsys.thermal(text) == {
        "thermal_status": 1,
        "temperatures_c": {"skin": 31.5},
        "skin_c": 31.5,
    }
    # A HAL that answers nothing leaves what was seen last.
    assert dumpsys.thermal(dump(cached=[(20.5, 3, "s")]))["skin_c"] == 20.5
    cached = text.partition("HAL Ready")[0]
    assert dumpsys.thermal(cached)["skin_c"] == 20.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Can't find service: thermalservice\n",
        "Permission Denial: can't dump thermalservice from pid=1, uid=2000\n",
    ],
)
def test_a_phone_without_the_service_says_nothing(text):
    assert dumpsys.thermal(text) == {}


@pytest.mark.parametrize(
    "sensors, skin",
    [
        # Samsung: three skins under names of its own, hotter than the cache.
        (
            [
                (48.6, 0, "AP"),
                (31.8, 2, "BAT"),
                (44.7, 3, "LRB"),
                (44.2, 3, "LRF"),
                (44.5, 3, "LRP"),
                (45.7, 5, "PA"),
                (0.0, 2, "SUBBAT"),
            ],
            44.7,
        ),
        # Pixel: the skin is a thermistor on the main board.
        (
            [
                (28.000002, 2, "battery"),
                (63.800003, 0, "cpu0-gold-usr"),
                (46.147001, 3, "mb-therm-monitor"),
                (26.926, 4, "usbc-therm-monitor"),
            ],
            46.147001,
        ),
        # Pixel with virtual sensors: one has the skin's name, another the type.
        (
            [
                (-5700.0, -1, "virtual"),
                (4200.0, 6, "voltage"),
                (31.0, 3, "VIRTUAL-SKIN"),
                (41.5, -1, "VIRTUAL-SKIN-CPU"),
            ],
            31.0,
        ),
        # No sensor has the type: the name has to do.
        ([(70.0, 0, "CPU"), (38.0, -1, "back skin, left")], 38.0),
        ([(42.0, -1, "skin-msm-therm"), (0.0, 3, "skin")], 42.0),
        # None says anything of the skin.
        ([(70.0, 0, "CPU"), (30.0, 2, "battery"), (-273.0, 3, "s")], None),
    ],
)
def test_the_skin_is_what_has_its_type(sensors, skin):
    assert dumpsys.thermal(dump(*sensors)).get("skin_c") == skin


def test_no_voltage_or_current_is_a_temperature():
    text = dump((42.0, 6, "bcl_voltage"), (80, 7, "ibat"), (35.0, 8, "soc"))
    assert dumpsys.thermal(text) == {"thermal_status": 0}
