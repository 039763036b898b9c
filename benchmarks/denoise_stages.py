"""Where fanet-denoise spends its time: CPU seconds of each stage of a frame.

Denoises a synthetic frame of each size and kind in a process of its own, and
prints the median of the rounds: until the first tile runs, and each stage of
the frame with its share of the inference. CPU seconds do not count what other
programs take.

Example:

    python benchmarks/denoise_stages.py
    python benchmarks/denoise_stages.py --megapixels=48 --rounds=5
"""

import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from absl import app
from absl import flags

_MEGAPIXELS = flags.DEFINE_list("megapixels", ["13", "48"], "Of the frames.")
_KINDS = flags.DEFINE_list("kinds", ["npy", "dng"], "Of the inputs.")
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Processes for each frame.")

_ARGUMENTS = ("--gain=4", "--threads=1")
_NPY = ("--cfa=RGGB", "--black_level=64", "--white_level=1023")
_HERE = str(pathlib.Path(__file__).parent)
_CODE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import denoise_stages
print(json.dumps(denoise_stages.measure(sys.argv[2:])))
"""


def _timed(run, name, taken, begun):
    """Returns `run` with a stopwatch around it."""

    def timed(*args, **kwargs):
        start = time.process_time()
        begun.setdefault(name, start)
        try:
            return run(*args, **kwargs)
        finally:
            taken[name] += time.process_time() - start

    return timed


def measure(arguments: list[str]) -> dict[str, float]:
    """Runs fanet-denoise in this process; returns CPU seconds by stage.

    Args:
        arguments: of the command.
    """
    start = time.process_time()
    from fanet_tf.cli import denoise
    from fanet_tf.denoising import bundle
    from fanet_tf.denoising import defects
    from fanet_tf.denoising import frame
    from fanet_tf.denoising import member_runner
    from fanet_tf.denoising import remaining
    from fanet_tf.files import reader
    from fanet_tf.files import writer

    imported = time.process_time()
    stages = {
        "bundle": (bundle, "load"),
        "read": (reader, "read"),
        "defects": (defects.Correction, "correct"),
        "brightness": (frame.Frame, "brightness"),
        "start the member": (member_runner.MemberRunner, "__init__"),
        "cut": (frame.Frame, "cut"),
        "inference": (member_runner.MemberRunner, "run"),
        "noise left": (remaining.Remaining, "update"),
        "put": (frame.Output, "put"),
        "mean": (frame.Output, "measure"),
        "mean put back": (frame.Output, "restore"),
        "write": (writer, "write"),
    }
    taken, begun = dict.fromkeys(stages, 0.0), {}
    for name, (owner, method) in stages.items():
        run = getattr(owner, method)
        setattr(owner, method, _timed(run, name, taken, begun))
    sys.argv = ["fanet-denoise", *arguments]
    try:
        denoise.cli()
    except SystemExit as end:
        if end.code:
            raise
    return {
        "imports": imported - start,
        "first tile": begun["inference"],
        **taken,
        "all": time.process_time(),
    }


def _write(path: pathlib.Path, megapixels: float) -> None:
    """Writes a noisy frame of 4 x 3."""
    import numpy as np

    from fanet_tf.files import dng

    rows, columns = (
        2 * round(math.sqrt(megapixels * 1e6 * ratio) / 2)
        for ratio in (3 / 4, 4 / 3)
    )
    y, x = np.ogrid[:rows, :columns]
    clean = 0.2 + 0.15 * np.sin(x / 97.0) * np.cos(y / 61.0)
    normal = np.random.default_rng(0).standard_normal(clean.shape, np.float32)
    image = dng.synthetic(clean + 0.012 * normal)
    if path.suffix == ".npy":
        np.save(path, image.mosaic)
    else:
        dng.write(path, image)


def _rounds(folder: pathlib.Path, source: pathlib.Path) -> dict[str, float]:
    """Returns the median of each stage."""
    found = []
    for _ in range(_ROUNDS.value):
        target = folder / "out.npy"
        target.unlink(missing_ok=True)
        levels = _NPY if source.suffix == ".npy" else ()
        arguments = [*_ARGUMENTS, *levels, str(source), str(target)]
        done = subprocess.run(
            [sys.executable, "-c", _CODE, _HERE, *arguments],
            check=True,
            stdout=subprocess.PIPE,
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {
        name: statistics.median(seconds[name] for seconds in found)
        for name in found[0]
    }


def main(_) -> None:
    """Prints a table for each frame."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for megapixels in map(float, _MEGAPIXELS.value):
            for kind in _KINDS.value:
                source = folder / f"in.{kind}"
                _write(source, megapixels)
                found = _rounds(folder, source)
                print(f"{megapixels:g} MP, {kind}: CPU seconds, one thread")
                for name, seconds in found.items():
                    share = seconds / found["inference"]
                    print(f"  {name:16} {seconds:7.3f}  {share:6.1%}")


if __name__ == "__main__":
    app.run(main)
