import pytest

from android_bench.phone import guard as guards
from android_bench.phone.adb import Adb
from android_bench.targets import phone as phones
from android_bench.tool.tool import Timing

FOLDER = f"{guards.BASE}/{'0' * 12}"


@pytest.fixture
def make_target(phone):
    adb = Adb(phone.serial)
    adb.ready()

    def make(timing=None, **options):
        return phones.Phone(
            adb,
            None,
            timing or Timing(),
            phones.PhoneOptions(**options),
            "0" * 12,
        )

    return make


def test_a_cooling_phone_is_heard(phone, make_target):
    # `Gate.wait` asks for the condition at each look, for up to 900 s.
    target = make_target()
    phone.path(FOLDER).mkdir(parents=True)
    beats = set()
    for _ in range(3):
        target.condition()
        beats.add(phone.path(f"{FOLDER}/beat").read_text())
    assert len(beats) == 3


@pytest.mark.parametrize(
    "timing, options",
    [
        (Timing(max_seconds=2000), {}),
        (Timing(), {"job_timeout_s": 5000}),
        (Timing(), {"cool_poll_s": 3000}),
    ],
)
def test_the_guard_waits_longer_than_anything_takes(
    make_target, timing, options
):
    longest = max(2 * timing.max_seconds, *options.values(), 600)
    script = make_target(timing, **options).workspace.guard.script
    silence = int(script.partition("-ge ")[2].split()[0])
    assert silence >= longest + 300
