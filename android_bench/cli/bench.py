"""Measures a bundle's models on a phone, or on this machine.

Example:

    fanet-bench BUNDLE --tool=android_aarch64_benchmark_model
    fanet-bench BUNDLE --host
    fanet-bench --compare bench-old bench-new
"""

import pathlib
import shlex
import signal

from absl import flags

from android_bench import bundle as bundles
from android_bench import options
from android_bench import runner
from android_bench import session
from android_bench.cli import phone_flags
from android_bench.cli import plan_flags
from android_bench.errors import BenchError
from android_bench.results import side_by_side
from android_bench.results import text as texts
from android_bench.targets.launcher import PhoneOptions
from fanet_tf.cli import program
from fanet_tf.files import names

_HOST = flags.DEFINE_bool("host", False, "Measure this machine, without adb.")
_OUTPUT = flags.DEFINE_string(
    "output",
    None,
    "Folder for the results; the default is bench-DATE-TIME, or "
    "compare-DATE-TIME.",
)
_RESUME = flags.DEFINE_bool("resume", False, "Continue the run in --output.")
_DRY_RUN = flags.DEFINE_bool(
    "dry_run", False, "Print every adb command and run none."
)
_SAVE_RAW = flags.DEFINE_bool(
    "save_raw", False, "Keep the tool's own output, in raw/ of --output."
)
_BASELINE = flags.DEFINE_string(
    "baseline", None, "Older results.jsonl; exit 1 when a row got slower."
)
_COMPARE = flags.DEFINE_bool(
    "compare",
    False,
    "Put finished runs side by side instead of measuring: the arguments are "
    "their results.jsonl, or their folders.",
)
_SPREAD = flags.DEFINE_float(
    "spread_limit", 0.05, "Rows that spread more are marked not comparable."
)
_FRAME_SIZE = flags.DEFINE_string(
    "frame_size", "3120x4208", "Height x width of a whole frame, RAW pixels."
)
flags.DEFINE_alias("frame", "frame_size")  # Its name until 0.1.
flags.adopt_module_key_flags(phone_flags)
flags.adopt_module_key_flags(plan_flags)

OK, SLOWER, FAILED = 0, 1, 3


def _settings(folder: str) -> session.Settings:
    frame = options.frame_size(_FRAME_SIZE.value)
    choice = plan_flags.choice(_HOST.value)
    bundle = bundles.read(
        pathlib.Path(folder), plan_flags.MEMBERS.value, plan_flags.RECIPES.value
    )
    tool, affinities, treatment = None, [], PhoneOptions()
    if not _HOST.value:
        tool = phone_flags.tool(choice.delegates)
        affinities = phone_flags.affinities()
        treatment = phone_flags.treatment()
    kept = (*plan_flags.OF_THE_PLAN, *phone_flags.OF_THE_PLAN)
    return session.Settings(
        bundle=bundle,
        tool=tool,
        choice=choice,
        affinities=affinities,
        timing=plan_flags.timing(),
        connection=phone_flags.connection(),
        phone=treatment,
        gate=phone_flags.gate(),
        output=_OUTPUT.value,
        resume=_RESUME.value,
        save_raw=_SAVE_RAW.value,
        baseline=_BASELINE.value,
        frame=frame,
        spread_limit=_SPREAD.value,
        flags={
            **{flag.name: flag.value for flag in kept},
            "threads": choice.threads,
            "passes": choice.passes,
        },
    )


def _report(results: session.Results) -> int:
    """Prints the table; the exit code."""
    rows, compared = results.rows, results.compared
    table = texts.table(results.header, rows, compared)
    print("\n".join(map(names.printable, table.splitlines())))
    print(f"results in {names.printable(results.folder)}")
    failed = sum(row["status"] == "failed" for row in rows)
    if failed:
        program.fail(
            f"{failed} of {len(rows)} rows failed; the notes say why", FAILED
        )
    if compared and compared.slower:
        program.fail(
            f"{len(compared.slower)} of {len(compared.changes)} rows got "
            "slower than the baseline",
            SLOWER,
        )
    return OK


def _compare(paths: list[str]) -> int:
    runs = side_by_side.read(paths)
    folder = session.output_folder(_OUTPUT.value, "compare")
    side_by_side.write(folder, runs)
    text = side_by_side.as_text(runs)
    print("\n".join(map(names.printable, text.splitlines())))
    print(f"comparison in {names.printable(folder)}")
    return OK


def _bench(arguments: list[str]) -> int:
    if _COMPARE.value:
        return _compare(arguments)
    if len(arguments) != 1:
        raise BenchError(
            "fanet-bench must be given one bundle. Received: "
            f"{shlex.join(arguments) or 'none'}"
        )
    settings = _settings(arguments[0])
    if not _DRY_RUN.value:
        return _report(session.run(settings))
    if _HOST.value:
        raise BenchError("`--dry_run` must go with a phone, not --host.")
    session.dry_run(settings)
    return OK


def main(arguments: list[str]) -> int:
    """Measures the bundle that the arguments name; returns the exit code."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    previous = {
        number: signal.signal(number, interrupt)
        for number in runner.ENDING_SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN  # As nohup does.
    }
    try:
        return _bench(arguments)
    except KeyboardInterrupt:
        return program.fail(
            "Interrupted; the finished jobs are kept, and --resume continues.",
            program.EXIT_INTERRUPTED,
        )
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def cli() -> None:
    """Entry point of `fanet-bench`."""
    program.run(main)


if __name__ == "__main__":
    cli()
