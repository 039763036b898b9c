"""The files of a run besides its JSON lines, and their first line."""

import datetime
import importlib.metadata
import pathlib
import platform
import shlex
import sys
from collections.abc import Callable

from android_bench.bundle import Bundle
from android_bench.results import page
from android_bench.results import spreadsheet
from android_bench.results import store as stores
from android_bench.results import text as texts
from android_bench.results.baseline import Comparison
from android_bench.tool.tool import Tool
from fanet_tf.files import atomic
from fanet_tf.files import own_folder


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def header(
    bundle: Bundle, tool: Tool | None, device: dict, run_id: str, identity: dict
) -> dict:
    """The `run` line: everything needed to repeat the run.

    Args:
        bundle: the models.
        tool: the measuring tool; None with `--host`.
        device: what the phone or this machine says about itself.
        run_id: names the folder on the phone.
        identity: what must be the same when the run is gone on with.
    """
    return {
        "type": "run",
        "schema_version": stores.SCHEMA_VERSION,
        "run_id": run_id,
        "date": datetime.datetime.now(datetime.UTC).isoformat("T", "seconds"),
        "arguments": shlex.join(sys.argv[1:]),
        "made_by": {
            "fanet-tf": _version("fanet-tf"),
            "ai-edge-litert": _version("ai-edge-litert"),
            "numpy": _version("numpy"),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "device": device,
        "bundle": {"name": bundle.name, "sha256": bundle.sha256},
        "models": {
            model.name: {"sha256": model.sha256, "bytes": model.size_bytes}
            for model in bundle.models
        },
        "tool": tool
        and {"name": tool.path.name, "kind": tool.kind, "sha256": tool.sha256},
        "identity": identity,
    }


def no_raw(job_id: str, name: str, text: str) -> None:
    """Keeps no raw output."""


def raw_writer(folder: pathlib.Path) -> Callable[[str, str, str], None]:
    """Keeps what the tool prints, in `raw/` of `folder`."""

    def write_raw(job_id: str, name: str, text: str) -> None:
        raw = own_folder.make_folder(folder / "raw")
        path = raw / f"{job_id}.{name}"
        atomic.write_text(path, text, overwrite=True)

    return write_raw


def write(
    folder: pathlib.Path,
    store: stores.Store,
    rows: list[dict],
    compared: Comparison | None,
) -> None:
    """Writes CSV, Markdown and the page of a finished run."""
    jobs = list(store.jobs.values())
    files = {
        "results.csv": spreadsheet.to_csv(store.header, rows),
        "results.md": texts.to_markdown(store.header, rows, compared),
        "report.html": page.render(store.header, jobs, rows, compared),
    }
    for name, text in files.items():
        atomic.write_text(folder / name, text, overwrite=True)
