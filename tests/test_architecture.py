"""Who may import whom: the plan of the house, kept by a test."""

import ast
import subprocess
import sys

import pytest
from helpers import ROOT

# Room: the rooms of ours it may import. A room is a folder's own files.
_GROUND = {"fanet_tf.raw"}
_FILES = _GROUND | {
    "fanet_tf.files",
    "fanet_tf.calibration",
    "fanet_tf.errors",
    "fanet_tf.__version__",
}
_DATA = _FILES | {"fanet_tf.data"}
ROOMS = {
    "fanet_tf/raw": _GROUND,
    "fanet_tf/calibration": _FILES,
    "fanet_tf/files": _FILES,
    "fanet_tf/layers": {"fanet_tf.layers", "fanet_tf.raw"},
    "fanet_tf/models": {"fanet_tf.models", "fanet_tf.layers"},
    "fanet_tf/losses": {"fanet_tf.losses", "fanet_tf.models", *_DATA},
    "fanet_tf/metrics": {"fanet_tf.metrics", *_FILES},
    "fanet_tf/data": _DATA,
    "fanet_tf": {"fanet_tf", "export"},
    "fanet_tf/cli": {"fanet_tf"},
    "export": {"export", "fanet_tf"},
    "android_bench": {"android_bench"},
}
OURS = {"fanet_tf", "export", "android_bench"}
HEAVY = {"tensorflow", "keras", "jax", "torch"}

# Denoising and benchmarking start without TensorFlow: 4 s and 570 MB saved.
LIGHT = (
    "fanet_tf.raw.isp",
    "fanet_tf.files.reader",
    "fanet_tf.denoising.denoiser",
    "fanet_tf.nsma",
    "fanet_tf.calibration.profile",
    "fanet_tf.cli.denoise",
    "android_bench.cli",
)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def is_in(module, rooms):
    return any(module == r or module.startswith(r + ".") for r in rooms)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_downwards(room):
    upward = [
        (path.name, module)
        for path in (ROOT / room).glob("*.py")
        for module in imports(path)
        if is_in(module, OURS) and not is_in(module, ROOMS[room])
    ]
    assert upward == []


def test_only_the_quickstart_reaches_into_the_export():
    """`export` meets the rest through files; the quickstart runs it all."""
    users = [
        path.name
        for path in (ROOT / "fanet_tf").rglob("*.py")
        if any(is_in(module, {"export"}) for module in imports(path))
    ]
    assert users == ["quickstart.py"]


@pytest.mark.parametrize("room", ["android_bench", "fanet_tf/files"])
def test_rooms_that_need_no_tensorflow(room):
    for path in (ROOT / room).glob("*.py"):
        assert not [m for m in imports(path) if is_in(m, HEAVY)], path


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_no_tensorflow(module):
    code = (
        f"import sys, {module}; "
        f"heavy = {HEAVY!r} & set(sys.modules); sys.exit(str(heavy) if heavy "
        "else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_flags_live_in_cli():
    """Else two programs in one process define the same flag twice."""
    for room in OURS:
        for path in (ROOT / room).rglob("*.py"):
            if "cli" not in (path.stem, path.parent.name):
                text = path.read_text(encoding="utf-8")
                assert "flags.DEFINE_" not in text, path
