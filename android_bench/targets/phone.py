"""Runs jobs on a phone: a folder of its own there, and nothing left behind."""

import dataclasses
import pathlib
import re
import shlex

import numpy as np

from android_bench.bundle import Model
from android_bench.errors import AdbError
from android_bench.errors import BenchError
from android_bench.errors import CommandTimeout
from android_bench.errors import DeviceLost
from android_bench.errors import ToolError
from android_bench.phone import abi
from android_bench.phone import facts
from android_bench.phone import guard as guards
from android_bench.phone import transfer
from android_bench.phone.adb import Adb
from android_bench.phone.adb import Shell
from android_bench.plan import Job
from android_bench.tool import judge
from android_bench.tool import parse
from android_bench.tool import tool as tools
from android_bench.tool import verify
from android_bench.tool.tool import Timing
from android_bench.tool.tool import Tool
from fanet_tf.files import own_folder

# A transfer may take so long without a sign of life; the guard waits longer.
_TRANSFER_S = 600
_GUARD_MARGIN_S = 300
# Flags of the tool that ask for OpenGL; without them it is a fallback.
_OPENGL = ("--gpu_backend=gl", "--gpu_backend=opengl")
_RUN_ID = re.compile("[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True)
class PhoneOptions:
    """How a phone is treated.

    Attributes:
        affinity: `big`, `all`, or a mask in hexadecimal.
        job_timeout_s: limit of one process; None for one that fits `Timing`.
        performance_mode: try to switch fixed-performance mode on.
        cool_poll_s: between two looks at a cooling phone.
        npu_library: for delegate `npu`, a file here or a path on the phone.
        npu_options: of its external delegate, `key:value;key:value`.
        libraries: other files the tool needs beside it.
        environment: names and values that the tool gets.
        tool_flags: further flags.

    In `npu_options`, `environment` and `tool_flags` the word `{folder}` stands
    for the run's folder on the phone, where the libraries are.
    """

    affinity: str = "big"
    job_timeout_s: float | None = None
    performance_mode: bool = True
    cool_poll_s: float = 10.0
    npu_library: pathlib.Path | str | None = None
    npu_options: str = ""
    libraries: tuple[pathlib.Path, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    tool_flags: tuple[str, ...] = ()


class Phone:
    """A phone that runs jobs.

    Args:
        adb: the device.
        tool: the measuring tool.
        timing: how long a process measures.
        options: how the phone is treated.
        run_id: names the folder on the device.
        raw: called with job id, name and text of each raw output.
    """

    def __init__(
        self,
        adb: Adb,
        tool: Tool,
        timing: Timing,
        options: PhoneOptions,
        run_id: str,
        raw=lambda job_id, name, text: None,
    ):
        self.adb = adb
        self.tool = tool
        self.facts: facts.Facts | None = None
        self._timing = timing
        self._options = options
        # It comes from a results file on resuming, and goes into `rm -rf`.
        if not _RUN_ID.fullmatch(run_id):
            raise BenchError(
                "A run's id must be 12 hexadecimal digits. "
                f"Received: {run_id!r}"
            )
        self._folder = f"{guards.BASE}/{run_id}"
        self._raw = raw
        self._mode = facts.PerformanceMode(adb)
        self._pushed: set[str] = set()
        self._references: dict[str, verify.Reference] = {}
        self._library: str | None = None
        self._limit_s = options.job_timeout_s or (
            2 * timing.max_seconds + timing.warmup_seconds + 60
        )
        longest_s = max(self._limit_s, options.cool_poll_s, _TRANSFER_S)
        self._guard = guards.Guard(
            adb,
            self._folder,
            longest_s + _GUARD_MARGIN_S,
            options.performance_mode,
        )

    def identify(self) -> dict:
        """Waits for the device and asks who it is."""
        self.adb.ready()
        self.facts = facts.read_facts(self.adb)
        self._check_abi()
        return dataclasses.asdict(self.facts)

    def _check_abi(self) -> None:
        phone = tuple(filter(None, self.facts.abis.split(",")))
        abi.check(self.tool.path, "tool", phone)
        # A library must fit the tool that loads it, not just the phone.
        own = abi.of_file(self.tool.path)
        wanted = (own,) if own else phone
        for path in self._options.libraries:
            abi.check(path, "libraries", wanted)
        if isinstance(self._options.npu_library, pathlib.Path):
            abi.check(self._options.npu_library, "npu_library", wanted)

    def condition(self) -> dict:
        """Battery, thermal status and temperatures now."""
        return facts.condition(self.adb, self._guard.beating())

    def start(self) -> dict:
        """Prepares the phone; returns what the run's record should say."""
        self._guard.end_others()
        self.adb.shell(f"mkdir -p {self._folder}")
        self._guard.start(self._push_text)
        self._push(self.tool.path, "benchmark_model")
        self.adb.shell(f"chmod 755 {self._folder}/benchmark_model")
        for path in self._options.libraries:
            self._push(path, path.name)
        self._library = self._npu_library()
        self._ask_flags()
        if self._options.performance_mode:
            self._mode.switch_on()
        else:
            self._mode.state = "not asked for"
        return {
            "adb": self.adb.version(),
            "performance_mode": self._mode.state,
            "tool_flags": sorted(self.tool.flags),
        }

    def close(self) -> None:
        """Ends what still runs, restores the mode, removes the folder."""
        self.adb.ready()
        try:
            self._guard.end_tool()
        finally:
            self._mode.restore()
        self._guard.end()

    def _push(self, path: pathlib.Path, name: str) -> str:
        remote = f"{self._folder}/{name}"
        if remote not in self._pushed:
            self.adb.shell(self._guard.beating())
            transfer.push(self.adb, path, remote)
            self._pushed.add(remote)
        return remote

    def _push_text(self, text: str | bytes, name: str) -> str:
        with own_folder.scratch() as folder:
            path = folder / name
            own_folder.create(path, text)
            return self._push(path, name)

    def _ask_flags(self) -> None:
        # A tool that does not say what it knows gets the oldest flags only.
        answer = self.adb.shell(
            f"env {self._environment()} {self._folder}/benchmark_model --help",
            check=False,
        )
        judge.check_starts(answer)
        known = parse.flags(answer.stdout + "\n" + answer.stderr)
        self.tool = dataclasses.replace(self.tool, flags=known)

    def _npu_library(self) -> str | None:
        library = self._options.npu_library
        if not isinstance(library, str):
            return library and self._push(library, library.name)
        found = self.adb.shell(f"[ -f {shlex.quote(library)} ]", check=False)
        if found.code:
            raise BenchError(
                "`--npu_library` must be on the phone. Received: "
                f"device:{library}, which its shell does not see"
            )
        return library

    def _in_folder(self, text: str) -> str:
        return text.replace("{folder}", self._folder)

    def _environment(self) -> str:
        # Of a name that comes twice, `env` takes the last value.
        pairs = (("LD_LIBRARY_PATH", "{folder}"), *self._options.environment)
        return shlex.join(f"{k}={self._in_folder(v)}" for k, v in pairs)

    def _mask(self, job: Job) -> str | None:
        if self._options.affinity == "all":
            return None
        if self._options.affinity != "big":
            return self._options.affinity
        if self.adb.dry:
            return "BIG_CORES"
        return facts.big_core_mask(self.facts.cores, job.threads)

    def reference(self, model: Model) -> verify.Reference:
        """The golden tile on this machine; kept."""
        if model.name not in self._references:
            self._references[model.name] = verify.reference(model)
        return self._references[model.name]

    def command(self, job: Job) -> str:
        """The tool's command line for a job, for the device's shell."""
        model = job.model
        flags = [
            # A name of ours: the folder is searched for libraries, too.
            f"--graph={self._push(model.path, f'{model.name}.tflite')}",
            f"--num_threads={job.threads}",
            *tools.delegate_flags(
                self.tool.kind,
                job.delegate,
                self._library,
                self._in_folder(self._options.npu_options),
            ),
            *tools.pass_flags(self.tool, job.kind, self._timing, self._folder),
            *map(self._in_folder, self._options.tool_flags),
        ]
        if self.tool.kind == "classic":
            host = self.reference(model)
            files = [
                self._push_text(
                    np.ascontiguousarray(value).tobytes(),
                    f"{model.name}.{index}.raw",
                )
                for index, value in enumerate(host.inputs)
            ]
            shapes = [value.shape for value in host.inputs]
            flags += tools.input_flags(list(host.names), shapes, files)
        mask = self._mask(job)
        taskset = f"taskset {mask} " if mask else ""
        return f"env {self._environment()} {taskset}" + shlex.join(
            [f"{self._folder}/benchmark_model", *flags]
        )

    def run(self, job: Job) -> dict:
        """Runs a job; a tool that fails makes a failed record."""
        if job.kind == "output" and self.tool.kind == "litert":
            # This program can neither be fed files nor dump its output.
            return {"status": "ok", "note": "LiteRT's tool dumps no output"}
        command = self.command(job)
        record = {"command": command, "mask": self._mask(job)}
        record["before"] = self.condition()
        try:
            record.update(self._measure(job, command))
            record["status"] = "ok"
        except (ToolError, CommandTimeout) as error:
            self._guard.end_tool()
            record.update(status="failed", reason=str(error))
        record["after"] = self.condition()
        return record

    def _measure(self, job: Job, command: str) -> dict:
        def attempt():
            self._guard.end_tool()
            return self.adb.shell(
                f"echo $$ > {self._folder}/tool.pid && exec {command}",
                timeout_s=self._limit_s,
                check=False,
                retry=False,
            )

        result = self.adb.retrying(attempt)
        if self.adb.dry:
            return self._dry(job)
        self._raw(job.id, "stdout", result.stdout)
        self._raw(job.id, "stderr", result.stderr)
        latency = judge.latency(
            result,
            self.tool.kind,
            job.delegate,
            opengl=any(flag in _OPENGL for flag in self._options.tool_flags),
        )
        return self._read(job, result, latency)

    def _read(self, job: Job, result: Shell, latency: parse.Latency) -> dict:
        fields = {"seconds": result.seconds}
        api = parse.gpu_api(result.stdout + result.stderr)
        if api:
            fields["gpu_api"] = api
        if job.kind in ("latency", "reference_run"):
            fields["latency"] = judge.latency_record(latency)
        elif job.kind == "memory":
            fields["memory"] = judge.memory(result)
        elif job.kind == "profile":
            text = result.stdout
            if self.tool.kind == "classic":
                text = self._pull("profile.csv").decode(errors="replace")
            fields["profile"] = judge.profile(text, self.tool.kind)
        else:
            host = self.reference(job.model)
            fields["check"] = judge.check(
                self._pull("output.raw"), job.model, host, job.delegate
            )
        return fields

    def _pull(self, name: str) -> bytes:
        try:
            return transfer.pull(self.adb, f"{self._folder}/{name}")
        except DeviceLost:
            raise
        except AdbError as error:
            raise ToolError(
                f"the tool must write {name}. Received: {error}"
            ) from None

    def _dry(self, job: Job) -> dict:
        name = {"output": "output.raw", "profile": "profile.csv"}.get(job.kind)
        if name:
            transfer.pull(self.adb, f"{self._folder}/{name}")
        return {}
