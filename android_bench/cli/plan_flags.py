"""Flags that say what is measured, how often and for how long."""

from absl import flags

from android_bench import options
from android_bench import session
from android_bench.tool import tool as tools

MEMBERS = flags.DEFINE_list(
    "members", [], "Members to measure; the default is all."
)
RECIPES = flags.DEFINE_list(
    "recipes", [], "Recipes to measure; the default is all."
)
_DELEGATES = flags.DEFINE_list(
    "delegates",
    ["cpu"],
    "Delegates to measure: cpu, cpu_fp16, builtin, gpu, gpu_fp32, npu.",
)
_THREADS = flags.DEFINE_list(
    "threads",
    None,
    "Numbers of CPU threads; the default is 4 on phones, 1 with --host.",
)
_PASSES = flags.DEFINE_list(
    "passes",
    None,
    "Passes to run: output, latency, memory, profile; the default is all.",
)
_REPEATS = flags.DEFINE_integer(
    "repeats",
    5,
    "Number of processes that time each configuration.",
    lower_bound=1,
)
_NUM_RUNS = flags.DEFINE_integer(
    "num_runs", 50, "Least number of runs of a process.", lower_bound=1
)
_MIN_SECONDS = flags.DEFINE_float(
    "min_seconds", 1.0, "Least time that a process measures.", lower_bound=0
)
_MAX_SECONDS = flags.DEFINE_float(
    "max_seconds",
    150.0,
    "Greatest time that a process measures.",
    lower_bound=0.1,
)
_WARMUP_SECONDS = flags.DEFINE_float(
    "warmup_seconds",
    0.5,
    "Least time that a process warms up.",
    lower_bound=0,
)
_SUSTAIN = flags.DEFINE_float(
    "sustain",
    0.0,
    "Seconds to run each configuration without a pause: milliseconds and "
    "temperature over time, and what remains of the speed.",
    lower_bound=0,
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the order within a round.")

# A run must be continued with the same values of these.
OF_THE_PLAN = (
    MEMBERS,
    RECIPES,
    _DELEGATES,
    _REPEATS,
    _SEED,
    _NUM_RUNS,
    _MIN_SECONDS,
    _MAX_SECONDS,
    _WARMUP_SECONDS,
    _SUSTAIN,
)


def choice(on_host: bool) -> session.Choice:
    """Returns what is measured, on this machine or on a phone."""
    if on_host:
        options.check_host_delegates(_DELEGATES.value)
        options.check_host_sustain(_SUSTAIN.value)
    default = ["1"] if on_host else ["4"]
    return session.Choice(
        delegates=_DELEGATES.value,
        threads=options.threads(_THREADS.value or default),
        passes=options.passes(_PASSES.value, on_host),
        repeats=_REPEATS.value,
        seed=_SEED.value,
    )


def timing() -> tools.Timing:
    """Returns how long a process measures."""
    return tools.Timing(
        _NUM_RUNS.value,
        _MIN_SECONDS.value,
        _MAX_SECONDS.value,
        _WARMUP_SECONDS.value,
        _SUSTAIN.value,
    )
