"""Runs jobs on a phone: a folder of its own there, and nothing left behind."""

import dataclasses
import pathlib
import shlex
import time
from collections.abc import Callable

from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.errors import CommandTimeout
from android_bench.errors import ToolError
from android_bench.phone import abi
from android_bench.phone import cores as core_lib
from android_bench.phone import facts
from android_bench.phone.adb import Adb
from android_bench.phone.adb import Shell
from android_bench.phone.workspace import Workspace
from android_bench.plan import Job
from android_bench.targets.launcher import Launcher
from android_bench.targets.launcher import PhoneOptions
from android_bench.tool import judge
from android_bench.tool import parse
from android_bench.tool import verify
from android_bench.tool.tool import Timing
from android_bench.tool.tool import Tool


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
        raw: Callable[[str, str, str], None] = lambda job_id, name, text: None,
    ):
        self.adb = adb
        self.tool = tool
        self.facts: facts.Facts | None = None
        self._timing = timing
        self._options = options
        self._raw = raw
        self._mode = facts.PerformanceMode(adb)
        self._references: dict[str, verify.Reference] = {}
        self._limit_s = options.job_timeout_s or (
            2 * timing.max_seconds + timing.warmup_seconds + 60
        )
        self.workspace = Workspace(
            adb,
            run_id,
            max(self._limit_s, options.cool_poll_s),
            options.performance_mode,
        )
        self._launcher = Launcher(tool, timing, options, self.workspace)

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

    def most_threads(self, affinity: str) -> int | None:
        """How many threads have room on such cores; None: any number."""
        if self.adb.dry:
            return None
        return core_lib.most_threads(self.facts.cores, affinity)

    def condition(self) -> dict:
        """Battery, thermal status and temperatures now."""
        return facts.condition(self.adb, self.workspace.guard.beating())

    def start(self) -> dict:
        """Prepares the phone; returns what the run's record should say."""
        self.workspace.start()
        program = self.workspace.push(self.tool.path, "benchmark_model")
        self.adb.shell(f"chmod 755 {program}")
        for path in self._options.libraries:
            self.workspace.push(path, path.name)
        self._launcher.library = self._npu_library()
        self._ask_flags(program)
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
            self.workspace.guard.end_tool()
        finally:
            self._mode.restore()
        self.workspace.guard.end()

    def _ask_flags(self, program: str) -> None:
        # A tool that does not say what it knows gets the oldest flags only.
        answer = self.adb.shell(
            f"env {self._launcher.environment()} {program} --help", check=False
        )
        judge.check_starts(answer)
        known = parse.flags(answer.stdout + "\n" + answer.stderr)
        self.tool = dataclasses.replace(self.tool, flags=known)
        self._launcher.tool = self.tool

    def _npu_library(self) -> str | None:
        library = self._options.npu_library
        if not isinstance(library, str):
            return library and self.workspace.push(library, library.name)
        found = self.adb.shell(f"[ -f {shlex.quote(library)} ]", check=False)
        if found.code:
            raise BenchError(
                "`--npu_library` must be on the phone. Received: "
                f"device:{library}, which its shell does not see"
            )
        return library

    def _mask(self, job: Job) -> str | None:
        if self.adb.dry and job.affinity in core_lib.WORDS:
            return f"{job.affinity.upper()}_CORES"
        return core_lib.mask(self.facts.cores, job.affinity, job.threads)

    def _binding(self, job: Job) -> dict:
        """For the record: the mask, its cores, and what governs them."""
        mask = self._mask(job)
        if self.adb.dry:
            return {"mask": mask}
        indices = core_lib.bound(mask)
        governors = {
            core.governor
            for core in self.facts.cores
            if indices is None or core.index in indices
        }
        return {
            "mask": mask,
            "cores": core_lib.described(indices),
            "governor": ", ".join(sorted(governors)),
        }

    def reference(self, model: Model) -> verify.Reference:
        """The golden tile on this machine; kept."""
        if model.name not in self._references:
            self._references[model.name] = verify.reference(model)
        return self._references[model.name]

    def run(self, job: Job) -> dict:
        """Runs a job; a tool that fails makes a failed record."""
        if job.kind == "output" and self.tool.kind == "litert":
            # This program can neither be fed files nor dump its output.
            return {"status": "ok", "note": "LiteRT's tool dumps no output"}
        host = None
        if self.tool.kind == "classic":
            host = self.reference(job.model)
        command = self._launcher.command(job, self._mask(job), host)
        record = {"command": command, **self._binding(job)}
        record["before"] = self.condition()
        try:
            if job.kind == "sustain":
                record["sustain"] = self._sustain(job, command)
            else:
                record.update(self._measure(job, command))
            record["status"] = "ok"
        except (ToolError, CommandTimeout) as error:
            self.workspace.guard.end_tool()
            record.update(status="failed", reason=str(error))
        record["after"] = self.condition()
        return record

    def _start_tool(self, job: Job, command: str) -> Shell:
        def attempt():
            self.workspace.guard.end_tool()
            return self.adb.shell(
                f"echo $$ > {self.workspace.folder}/tool.pid && exec {command}",
                timeout_s=self._limit_s,
                check=False,
                retry=False,
            )

        result = self.adb.retrying(attempt)
        self._raw(job.id, "stdout", result.stdout)
        self._raw(job.id, "stderr", result.stderr)
        return result

    def _latency(self, job: Job, result: Shell) -> parse.Latency:
        opengl = self._launcher.asks_opengl
        return judge.latency(result, self.tool.kind, job.delegate, opengl)

    def _measure(self, job: Job, command: str) -> dict:
        result = self._start_tool(job, command)
        if self.adb.dry:
            return self._dry(job)
        latency = self._latency(job, result)
        text = result.stdout + "\n" + result.stderr
        fields = {"seconds": result.seconds, **judge.executors(text)}
        if job.kind in ("latency", "reference_run"):
            fields["latency"] = judge.latency_record(latency)
        elif job.kind == "memory":
            fields["memory"] = judge.memory(result)
        elif job.kind == "profile":
            listed = result.stdout
            if self.tool.kind == "classic":
                data = self.workspace.pull("profile.csv")
                listed = data.decode(errors="replace")
            fields.update(judge.profile(listed, self.tool.kind))
        else:
            fields["check"] = judge.check(
                self.workspace.pull("output.raw"),
                job.model,
                self.reference(job.model),
                job.delegate,
            )
        return fields

    def _sustain(self, job: Job, command: str) -> list[dict]:
        """Runs the tool without a pause; a record a process."""
        found = []
        start = time.monotonic()
        while (began := time.monotonic() - start) < self._timing.sustain_s:
            result = self._start_tool(job, command)
            if self.adb.dry:
                break
            latency = self._latency(job, result)
            found.append(
                {
                    "at_s": began,
                    "seconds": result.seconds,
                    "num_runs": latency.num_runs,
                    **judge.latency_record(latency),
                    "condition": self.condition(),
                }
            )
        return found

    def _dry(self, job: Job) -> dict:
        name = {"output": "output.raw", "profile": "profile.csv"}.get(job.kind)
        if name:
            self.workspace.pull(name)
        return {}
