"""The tool's command line for a job, in the words of the phone's shell."""

import dataclasses
import pathlib
import shlex

import numpy as np

from android_bench.phone.workspace import Workspace
from android_bench.plan import Job
from android_bench.tool import tool as tools
from android_bench.tool import verify
from android_bench.tool.tool import Timing
from android_bench.tool.tool import Tool

# Flags of the tool that ask for OpenGL; without them it is a fallback.
_OPENGL = ("--gpu_backend=gl", "--gpu_backend=opengl")


@dataclasses.dataclass(frozen=True)
class PhoneOptions:
    """How a phone is treated.

    Attributes:
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

    job_timeout_s: float | None = None
    performance_mode: bool = True
    cool_poll_s: float = 10.0
    npu_library: pathlib.Path | str | None = None
    npu_options: str = ""
    libraries: tuple[pathlib.Path, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    tool_flags: tuple[str, ...] = ()


class Launcher:
    """Writes command lines; sends the files that they name.

    Args:
        tool: the measuring tool.
        timing: how long a process measures.
        options: how the phone is treated.
        workspace: the run's folder on the phone.

    Attributes:
        tool: the tool, once with the flags that it knows.
        library: the NPU's library on the phone, once it is there.
    """

    def __init__(
        self,
        tool: Tool,
        timing: Timing,
        options: PhoneOptions,
        workspace: Workspace,
    ):
        self.tool = tool
        self.library: str | None = None
        self._timing = timing
        self._options = options
        self._workspace = workspace

    @property
    def asks_opengl(self) -> bool:
        """Whether a GPU that runs OpenGL does what it was asked for."""
        return any(flag in _OPENGL for flag in self._options.tool_flags)

    def environment(self) -> str:
        """Returns arguments of `env`."""
        # Of a name that comes twice, `env` takes the last value.
        pairs = (("LD_LIBRARY_PATH", "{folder}"), *self._options.environment)
        return shlex.join(
            f"{name}={self._workspace.resolved(value)}" for name, value in pairs
        )

    def command(
        self, job: Job, mask: str | None, host: verify.Reference | None
    ) -> str:
        """Returns the command line of a job.

        Args:
            job: what is measured.
            mask: of the cores that it is bound to; None: of none.
            host: what is fed to the model; None: what the tool makes up.
        """
        space, model = self._workspace, job.model
        flags = [
            # A name of ours: the folder is searched for libraries, too.
            f"--graph={space.push(model.path, f'{model.name}.tflite')}",
            f"--num_threads={job.threads}",
            *tools.delegate_flags(
                self.tool.kind,
                job.delegate,
                self.library,
                space.resolved(self._options.npu_options),
            ),
            *tools.pass_flags(self.tool, job.kind, self._timing, space.folder),
            *map(space.resolved, self._options.tool_flags),
        ]
        if host is not None:
            files = [
                space.push_text(
                    np.ascontiguousarray(value).tobytes(),
                    f"{model.name}.{index}.raw",
                )
                for index, value in enumerate(host.inputs)
            ]
            shapes = [value.shape for value in host.inputs]
            flags += tools.input_flags(list(host.names), shapes, files)
        taskset = f"taskset {mask} " if mask else ""
        return f"env {self.environment()} {taskset}" + shlex.join(
            [f"{space.folder}/benchmark_model", *flags]
        )
