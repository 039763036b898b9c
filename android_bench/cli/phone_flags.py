"""Flags that say which phone is measured, with which tool, and how."""

import os

from absl import flags

from android_bench import options
from android_bench import runner
from android_bench import session
from android_bench.phone import cores
from android_bench.targets.launcher import PhoneOptions
from android_bench.tool import tool as tools

_SERIAL = flags.DEFINE_string(
    "serial",
    None,
    "Serial of the phone, or HOST:PORT; the default is $ANDROID_SERIAL.",
)
_ADB = flags.DEFINE_string("adb", "adb", "The adb client.")
_RETRIES = flags.DEFINE_integer(
    "retries",
    3,
    "How often a command is repeated after a lost connection.",
    lower_bound=0,
)
_TOOL = flags.DEFINE_string(
    "tool", None, "Path of the benchmark_model program for the phone."
)
_TOOL_KIND = flags.DEFINE_enum(
    "tool_kind",
    "auto",
    ["auto", "classic", "litert"],
    "Type of --tool: TFLite's classic program, or LiteRT's.",
)
_TOOL_FLAGS = flags.DEFINE_list(
    "tool_flags",
    [],
    "More flags for the tool. {folder} stands for the run's folder on the "
    "phone.",
)
_LIBRARIES = flags.DEFINE_list(
    "libraries",
    [],
    "Files, or folders of files, to put beside the tool on the phone.",
)
_NPU_LIBRARY = flags.DEFINE_string(
    "npu_library",
    None,
    "The NPU's external delegate (classic tool) or dispatch library (LiteRT): "
    "a file, or device:/PATH for a library that the phone has.",
)
_NPU_OPTIONS = flags.DEFINE_string(
    "npu_options",
    "",
    "Options of the external delegate, key:value;key:value; {folder} as in "
    "--tool_flags.",
)
_ENVIRONMENT = flags.DEFINE_multi_string(
    "environment",
    [],
    "NAME=VALUE in the tool's environment; {folder} as in --tool_flags. "
    "Repeat the flag for more.",
)
_JOB_TIMEOUT_S = flags.DEFINE_float(
    "job_timeout_s",
    None,
    "Time limit of a process; the default follows from --max_seconds.",
)
_AFFINITY = flags.DEFINE_list(
    "affinity",
    [cores.FAST],
    "Cores to bind to, measured one after another: fast (all but the weakest "
    "cluster), big, mid, little (one cluster each), all, or a mask in "
    "hexadecimal.",
)
_PERFORMANCE_MODE = flags.DEFINE_bool(
    "performance_mode",
    True,
    "Measure in Android's fixed-performance mode, where the phone has it.",
)
_MAX_STATUS = flags.DEFINE_integer(
    "max_thermal_status",
    0,
    "The phone must cool while Android's thermal status is above this.",
)
_MAX_C = flags.DEFINE_float(
    "max_temperature_c",
    40.0,
    "The phone must cool while its skin is hotter than this.",
)
_COOL_TIMEOUT_S = flags.DEFINE_float(
    "cool_timeout_s", 900.0, "Stop the run when cooling takes longer."
)
_POLL_S = flags.DEFINE_float(
    "cool_poll_s", 10.0, "Pause between two looks at a cooling phone."
)

# A run must be continued with the same values of these.
OF_THE_PLAN = (
    _AFFINITY,
    _PERFORMANCE_MODE,
    _TOOL_FLAGS,
    _LIBRARIES,
    _NPU_LIBRARY,
    _NPU_OPTIONS,
    _ENVIRONMENT,
)


def tool(delegates: list[str]) -> tools.Tool:
    """Returns the tool, able to run the delegates."""
    return options.tool(
        _TOOL.value,
        _TOOL_KIND.value,
        delegates,
        _NPU_LIBRARY.value,
        _NPU_OPTIONS.value,
    )


def affinities() -> list[str]:
    """Returns the cores to bind to, in order."""
    return options.affinities(_AFFINITY.value)


def connection() -> session.Connection:
    """Returns how the phone is reached."""
    return session.Connection(
        _SERIAL.value or os.environ.get("ANDROID_SERIAL"),
        _ADB.value,
        _RETRIES.value,
    )


def treatment() -> PhoneOptions:
    """Returns how the phone is treated."""
    return PhoneOptions(
        job_timeout_s=_JOB_TIMEOUT_S.value,
        performance_mode=_PERFORMANCE_MODE.value,
        cool_poll_s=_POLL_S.value,
        npu_library=options.npu_library(_NPU_LIBRARY.value),
        npu_options=_NPU_OPTIONS.value,
        libraries=options.files(_LIBRARIES.value, "libraries"),
        environment=options.environment(_ENVIRONMENT.value),
        tool_flags=tuple(_TOOL_FLAGS.value),
    )


def gate() -> runner.Gate:
    """Returns when the phone is cool enough."""
    return runner.Gate(
        max_status=_MAX_STATUS.value,
        max_c=_MAX_C.value,
        timeout_s=_COOL_TIMEOUT_S.value,
        poll_s=_POLL_S.value,
    )
