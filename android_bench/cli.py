"""`fanet-bench`: a bundle's models on a phone, or on this machine.

Example:

    fanet-bench BUNDLE --tool=android_aarch64_benchmark_model
    fanet-bench BUNDLE --host
"""

import datetime
import os
import pathlib
import secrets
import shlex
import signal
import sys

from absl import app
from absl import flags
from tqdm import tqdm

from android_bench import bundle as bundles
from android_bench import options
from android_bench import plan
from android_bench import runner
from android_bench.errors import BenchError
from android_bench.phone.adb import Adb
from android_bench.results import baseline as baselines
from android_bench.results import outputs
from android_bench.results import ratios
from android_bench.results import rows as row_maker
from android_bench.results import store as stores
from android_bench.results import text as texts
from android_bench.targets import host
from android_bench.targets import phone
from android_bench.tool import tool as tools
from fanet_tf.denoising import macs as macs_lib
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import names
from fanet_tf.files import own_folder

_HOST = flags.DEFINE_bool("host", False, "Measure this machine, without adb.")
_SERIAL = flags.DEFINE_string(
    "serial", None, "The phone's serial, or HOST:PORT; ANDROID_SERIAL else."
)
_ADB = flags.DEFINE_string("adb", "adb", "The adb client.")
_RETRIES = flags.DEFINE_integer(
    "retries", 3, "How often a lost connection is tried again.", lower_bound=0
)
_TOOL = flags.DEFINE_string("tool", None, "benchmark_model for the phone.")
_TOOL_KIND = flags.DEFINE_enum(
    "tool_kind", "auto", ["auto", "classic", "litert"], "Which of the two."
)
_TOOL_FLAGS = flags.DEFINE_list(
    "tool_flags", [], "Further flags of the tool, handed on as they are."
)
_LIBRARIES = flags.DEFINE_list(
    "libraries",
    [],
    "Files, or folders of files, that the tool needs beside it.",
)
_NPU_LIBRARY = flags.DEFINE_string(
    "npu_library",
    None,
    "The NPU's external delegate or dispatch library: a file, or device:/PATH "
    "of one that the phone has.",
)
_NPU_OPTIONS = flags.DEFINE_string(
    "npu_options",
    "",
    "Options of the external delegate, key:value;key:value. {folder} stands "
    "for the run's folder on the phone.",
)
_ENVIRONMENT = flags.DEFINE_multi_string(
    "environment",
    [],
    "NAME=VALUE for the tool, may be repeated; {folder} as above.",
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder of the results; bench-DATE-TIME by default."
)
_RESUME = flags.DEFINE_bool("resume", False, "Go on with the run in --output.")
_DRY_RUN = flags.DEFINE_bool(
    "dry_run", False, "Print every adb command and run none."
)
_SAVE_RAW = flags.DEFINE_bool(
    "save_raw", False, "Keep what the tool prints, in raw/ of --output."
)
_BASELINE = flags.DEFINE_string(
    "baseline", None, "Older results.jsonl; exit 1 when a row got slower."
)
_MEMBERS = flags.DEFINE_list("members", [], "Members to measure; all else.")
_RECIPES = flags.DEFINE_list("recipes", [], "Recipes to measure; all else.")
_DELEGATES = flags.DEFINE_list(
    "delegates", ["cpu"], "cpu, cpu_fp16, builtin, gpu, gpu_fp32, npu."
)
_THREADS = flags.DEFINE_list(
    "threads", None, "Numbers of CPU threads; 4 on phones, 1 with --host."
)
_PASSES = flags.DEFINE_list(
    "passes", None, "output, latency, memory, profile; all that there are."
)
_REPEATS = flags.DEFINE_integer(
    "repeats", 5, "Processes a configuration.", lower_bound=1
)
_NUM_RUNS = flags.DEFINE_integer(
    "num_runs", 50, "Least number of runs a process.", lower_bound=1
)
_MIN_SECONDS = flags.DEFINE_float(
    "min_seconds", 1.0, "Least time a process measures.", lower_bound=0
)
_MAX_SECONDS = flags.DEFINE_float(
    "max_seconds", 150.0, "Greatest time a process measures.", lower_bound=0.1
)
_WARMUP_SECONDS = flags.DEFINE_float(
    "warmup_seconds", 0.5, "Least time a process warms up.", lower_bound=0
)
_JOB_TIMEOUT_S = flags.DEFINE_float(
    "job_timeout_s", None, "Limit of a process; from --max_seconds else."
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the order within a round.")
_SPREAD = flags.DEFINE_float(
    "spread_limit", 0.05, "Rows that spread more are not comparable."
)
_FRAME_SIZE = flags.DEFINE_string(
    "frame_size", "3120x4208", "Height x width of a whole frame, RAW pixels."
)
flags.DEFINE_alias("frame", "frame_size")  # Its name until 0.1.
_AFFINITY = flags.DEFINE_string(
    "affinity", "big", "Cores: big, all, or a mask in hexadecimal."
)
_PERFORMANCE_MODE = flags.DEFINE_bool(
    "performance_mode", True, "Android's fixed-performance mode, if it has it."
)
_MAX_STATUS = flags.DEFINE_integer(
    "max_thermal_status", 0, "Above it a phone has to cool."
)
_MAX_C = flags.DEFINE_float(
    "max_temperature_c", 40.0, "Above it a phone has to cool (skin)."
)
_COOL_TIMEOUT_S = flags.DEFINE_float(
    "cool_timeout_s", 900.0, "How long a cool-down may take."
)
_POLL_S = flags.DEFINE_float(
    "cool_poll_s", 10.0, "Between two looks at a cooling phone."
)

OK, SLOWER, WRONG_INPUT, FAILED, INTERRUPTED = 0, 1, 2, 3, 130


class _Interrupted(BaseException):
    """SIGTERM or SIGHUP arrived."""


def _tool() -> tools.Tool | None:
    if _HOST.value:
        options.check_host_delegates(_DELEGATES.value)
        return None
    return options.tool(
        _TOOL.value,
        _TOOL_KIND.value,
        _DELEGATES.value,
        _NPU_LIBRARY.value,
        _NPU_OPTIONS.value,
    )


def _timing() -> tools.Timing:
    return tools.Timing(
        _NUM_RUNS.value,
        _MIN_SECONDS.value,
        _MAX_SECONDS.value,
        _WARMUP_SECONDS.value,
    )


def _target(tool: tools.Tool | None, run_id: str, raw):
    timing = _timing()
    if tool is None:
        return host.Host(timing, raw)
    settings = phone.PhoneOptions(
        affinity=options.affinity(_AFFINITY.value),
        job_timeout_s=_JOB_TIMEOUT_S.value,
        performance_mode=_PERFORMANCE_MODE.value,
        cool_poll_s=_POLL_S.value,
        npu_library=options.npu_library(_NPU_LIBRARY.value),
        npu_options=_NPU_OPTIONS.value,
        environment=options.environment(_ENVIRONMENT.value),
        libraries=options.files(_LIBRARIES.value, "libraries"),
        tool_flags=tuple(_TOOL_FLAGS.value),
    )
    adb = Adb(
        _SERIAL.value or os.environ.get("ANDROID_SERIAL"),
        _ADB.value,
        echo=print if _DRY_RUN.value else None,
        retries=_RETRIES.value,
    )
    return phone.Phone(adb, tool, timing, settings, run_id, raw)


def _run_id(path: pathlib.Path) -> str:
    if _RESUME.value:
        if not path.exists():
            raise BenchError(
                "`--resume` must meet a run in `--output`. Received: "
                f"{_OUTPUT.value!r} without results.jsonl"
            )
        return stores.read(path)[0]["run_id"]
    return secrets.token_hex(6)


def _dry_run(bundle, tool, jobs) -> int:
    target = _target(tool, secrets.token_hex(6), outputs.no_raw)
    target.identify()
    target.start()
    for job in jobs:
        target.run(job)
    target.close()
    return OK


# Flags that a run must be continued with.
_OF_THE_PLAN = (
    _MEMBERS,
    _RECIPES,
    _DELEGATES,
    _REPEATS,
    _SEED,
    _NUM_RUNS,
    _MIN_SECONDS,
    _MAX_SECONDS,
    _WARMUP_SECONDS,
    _AFFINITY,
    _PERFORMANCE_MODE,
    _TOOL_FLAGS,
    _LIBRARIES,
    _NPU_LIBRARY,
    _NPU_OPTIONS,
    _ENVIRONMENT,
)


def _identity(bundle, tool, device: dict, jobs, threads, passes) -> dict:
    """What must be the same for a run to be continued."""
    return {
        "device": device.get("fingerprint") or device.get("model"),
        "serial": device.get("serial"),
        "bundle": bundle.sha256,
        "tool": tool and tool.sha256,
        "jobs": [job.id for job in jobs],
        "affinity": _AFFINITY.value,
        "tool_flags": _TOOL_FLAGS.value,
        "flags": {
            **{flag.name: flag.value for flag in _OF_THE_PLAN},
            "threads": threads,
            "passes": passes,
        },
    }


def bench(folder: str) -> int:
    """Measures the bundle in `folder` as the flags say; the exit code."""
    frame = options.frame_size(_FRAME_SIZE.value)
    threads = options.threads(
        _THREADS.value or (["1"] if _HOST.value else ["4"])
    )
    passes = options.passes(_PASSES.value, _HOST.value)
    bundle = bundles.read(pathlib.Path(folder), _MEMBERS.value, _RECIPES.value)
    tool = _tool()
    jobs = plan.build(
        bundle,
        _DELEGATES.value,
        threads,
        _REPEATS.value,
        passes,
        _SEED.value,
        matmul=_HOST.value,
    )
    if _DRY_RUN.value:
        if _HOST.value:
            raise BenchError("`--dry_run` must go with a phone, not --host.")
        return _dry_run(bundle, tool, jobs)
    baseline = (
        stores.read(pathlib.Path(_BASELINE.value))
        if (_BASELINE.value)
        else None
    )
    measured = bundle.models if _HOST.value else ()
    macs = {model.name: macs_lib.total(model.path) for model in measured}
    stamp = datetime.datetime.now().strftime("bench-%Y%m%d-%H%M%S")
    output = atomic.resolve(_OUTPUT.value or stamp)
    path = output / stores.RESULTS
    run_id = _run_id(path)
    raw = outputs.raw_writer(output) if _SAVE_RAW.value else outputs.no_raw
    target = _target(tool, run_id, raw)
    device = target.identify()
    header = outputs.header(
        bundle,
        tool,
        device,
        run_id,
        _identity(bundle, tool, device, jobs, threads, passes),
    )
    if baseline is not None:
        baselines.compare([], header, baseline)  # Refuses before measuring.
    gate = (
        None
        if _HOST.value
        else runner.Gate(
            max_status=_MAX_STATUS.value,
            max_c=_MAX_C.value,
            timeout_s=_COOL_TIMEOUT_S.value,
            poll_s=_POLL_S.value,
        )
    )
    stores.check_free(output, _RESUME.value)
    with claims.claim(own_folder.make_folder(output)):
        store = stores.Store(path, header, _RESUME.value)
        with tqdm(total=len(jobs), unit="job", file=sys.stderr) as progress:
            try:
                runner.execute(target, jobs, store, gate, progress)
            except BenchError as error:
                raise _with_way_on(error, store) from None
        rows = row_maker.summarise(
            list(store.jobs.values()),
            {model.name: model.tile for model in bundle.models},
            frame,
            _SPREAD.value,
        )
        ratios.add(rows, list(store.jobs.values()), macs)
        compared = None
        if baseline is not None:
            compared = baselines.compare(rows, store.header, baseline)
        store.finish(rows)
        outputs.write(output, store, rows, compared)
    table = texts.table(store.header, rows, compared)
    print("\n".join(map(names.printable, table.splitlines())))
    print(f"results in {names.printable(output)}")
    failed = sum(row["status"] == "failed" for row in rows)
    slower = compared.slower if compared else []
    if failed:
        _say(f"{failed} of {len(rows)} rows failed; the notes say why")
        return FAILED
    if slower:
        _say(
            f"{len(slower)} of {len(compared.changes)} rows got slower than "
            "the baseline"
        )
        return SLOWER
    return OK


def _with_way_on(error: BenchError, store: stores.Store) -> BenchError:
    """Says how to go on with a run that has begun."""
    if not store.jobs or "--resume" in str(error):
        return error
    return BenchError(
        f"{error}; the finished jobs are kept, and the same command with "
        "--resume continues"
    )


def _say(text: object) -> None:
    print(f"fanet-bench: {names.printable(text)}", file=sys.stderr)


def main(argv: list[str]) -> int:
    """Returns the exit code; one line on stderr when something is wrong."""

    def interrupt(number, frame):
        raise _Interrupted

    previous = {
        number: signal.signal(number, interrupt)
        for number in runner.ENDING_SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN  # As nohup does.
    }
    try:
        if len(argv) != 2:
            raise BenchError(
                "fanet-bench must be given one bundle. Received: "
                f"{shlex.join(argv[1:]) or 'none'}"
            )
        return bench(argv[1])
    except InputError as error:
        _say(error)
        return WRONG_INPUT
    except OSError as error:
        _say(
            "files must be readable and writable. Received: "
            f"{error.strerror} ({error.filename})"
        )
        return WRONG_INPUT
    except (KeyboardInterrupt, _Interrupted):
        _say("interrupted; finished jobs are kept, --resume goes on")
        return INTERRUPTED
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _parse(argv: list[str]) -> list[str]:
    if {"--help", "-help", "-h", "--helpshort"} & set(argv[1:]):
        # absl would list the flags of the installed script, which has none.
        print(__doc__)
        print(flags.FLAGS.module_help(sys.modules[__name__]))
        sys.exit(OK)
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        _say(error)
        sys.exit(WRONG_INPUT)


def cli() -> None:
    """The console script."""
    app.run(main, flags_parser=_parse)


if __name__ == "__main__":
    cli()
