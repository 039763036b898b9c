"""Runs the same jobs on this machine, through the LiteRT runtime itself.

Each latency job is a process of the runtime's own benchmark
(`python -m ai_edge_litert.tools.benchmark_litert_model`), so repeats are as
separate here as they are on a phone.
"""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import time

from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.errors import ToolError
from android_bench.plan import Job
from android_bench.targets import matmul
from android_bench.tool import verify
from android_bench.tool.tool import Timing
from fanet_tf.denoising.machine import cpu_name
from fanet_tf.errors import InputError
from fanet_tf.files import children
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json

DELEGATES = ("cpu",)
PASSES = ("output", "latency", "memory")
_MODULE = "ai_edge_litert.tools.benchmark_litert_model"
_WARMUP_RUNS = 5
_MEMORY_RUNS = 5


def _read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


class Host:
    """This machine as something that runs jobs.

    Args:
        timing: `num_runs` and `max_seconds` of it are used.
        raw: called with job id, name and text of each raw output.
    """

    def __init__(self, timing: Timing, raw=lambda job_id, name, text: None):
        self._timing = timing
        self._raw = raw
        self._references: dict[str, verify.Reference] = {}

    def identify(self) -> dict:
        """What this machine is."""
        return {
            "serial": "host",
            "model": cpu_name(),
            "abi": platform.machine(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "governor": _read(
                "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
            ),
            "runtime": "ai-edge-litert "
            + importlib.metadata.version("ai-edge-litert"),
        }

    def start(self) -> dict:
        """Nothing has to be prepared here."""
        return {}

    def close(self) -> None:
        """Nothing is left behind here."""

    def condition(self) -> dict:
        """Load and temperatures now; missing where unknown."""
        sample = {"load": os.getloadavg()[0]} if os.name == "posix" else {}
        temperatures = {}
        for zone in sorted(pathlib.Path("/sys/class/thermal").glob("*zone*")):
            millidegrees = _read(f"{zone}/temp")
            if millidegrees.lstrip("-").isdigit() and int(millidegrees):
                name = _read(f"{zone}/type") or zone.name
                temperatures[name] = int(millidegrees) / 1000
        if temperatures:
            sample["temperatures_c"] = temperatures
        return sample

    def run(self, job: Job) -> dict:
        """Runs a job; a benchmark that fails makes a failed record."""
        record = {"before": self.condition()}
        try:
            if job.kind == "output":
                record["check"] = self._check(job.model)
            elif job.kind == "matmul":
                record["matmul"] = matmul.measure(
                    job.threads, self._timing.num_runs, self._timing.max_seconds
                )
            else:
                record.update(self._measure(job))
            record["status"] = "ok"
        except ToolError as error:
            record.update(status="failed", reason=str(error))
        record["after"] = self.condition()
        return record

    def _check(self, model: Model) -> dict:
        if model.name not in self._references:
            self._references[model.name] = verify.reference(model)
        check = verify.golden(model, self._references[model.name])
        if check is None:
            raise ToolError(
                "a golden output must be in the bundle. Received: none for "
                + model.name
            )
        if not check.passed:
            raise ToolError(
                "the output must be the bundle's golden one within "
                f"{check.limits}. Received: {check.difference}"
            )
        return check.record()

    def _measure(self, job: Job) -> dict:
        memory = job.kind == "memory"
        runs = _MEMORY_RUNS if memory else self._timing.num_runs
        with own_folder.scratch() as folder:
            result = folder / "result.json"
            command = children.python(
                "-m",
                _MODULE,
                f"--model={job.model.path}",
                f"--signature={verify.SIGNATURE}",
                f"--num_threads={job.threads}",
                f"--num_runs={runs}",
                f"--warmup_runs={_WARMUP_RUNS}",
                f"--result_json={result}",
            )
            start = time.monotonic()
            code, text, peak_kb = _run(command, self._timing.max_seconds)
            self._raw(job.id, "stdout", text)
            if code or not result.is_file():
                lines = text.strip().splitlines()
                raise ToolError(
                    "the runtime's benchmark must exit 0. Received: code "
                    f"{code}, {lines[-1] if lines else 'no output'}"
                )
            answer = _answer(result)
        record = {
            # The result's path is a temporary one.
            "command": " ".join(command[1:-1]),
            "seconds": time.monotonic() - start,
        }
        if not answer.get("fully_accelerated", True):
            raise ToolError(
                "the delegate must execute the whole graph. Received: the "
                "runtime says that the model is not fully accelerated"
            )
        if memory:
            record["memory"] = {"peak_mb": peak_kb / 1024}
        else:
            times = answer["latency"]
            record["latency"] = {
                "num_runs": times["num_runs"],
                "mean_us": 1000 * times["avg_ms"],
                "median_us": 1000 * times["median_ms"],
                "p5_us": 1000 * times["p5_ms"],
                "p95_us": 1000 * times["p95_ms"],
                "min_us": 1000 * times["min_ms"],
                "max_us": 1000 * times["max_ms"],
                "std_us": 1000 * times["std_ms"],
                "first_us": 1000 * times["warmup_first_ms"],
                "init_us": 1000 * times["init_ms"],
                "warmup_us": 1000 * times["warmup_avg_ms"],
                "source": "json",
            }
        return record


def _answer(path: pathlib.Path) -> dict:
    """What the runtime's benchmark wrote; every number must be finite."""
    try:
        return strict_json.read_object(path)
    except InputError as error:
        raise ToolError(
            f"the runtime's benchmark must write whole JSON. Received: {error}"
        ) from None


def _run(command: list[str], limit_s: float) -> tuple[int, str, int]:
    """Exit code, output and peak resident kilobytes of a process."""
    if not hasattr(os, "wait4"):
        raise BenchError("`--host` must run on Linux or macOS.")
    with own_folder.scratch_file() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=children.environment(),
        )
        try:
            # wait4 tells the peak of this one child.
            deadline = time.monotonic() + limit_s
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > deadline:
                    raise ToolError(
                        "the runtime's benchmark must end within "
                        f"{limit_s:g} s. Received: no end"
                    )
                time.sleep(0.02)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        output.seek(0)
        text = output.read().decode(errors="replace")
    # macOS counts bytes.
    divisor = 1024 if sys.platform == "darwin" else 1
    return process.returncode, text, usage.ru_maxrss // divisor
