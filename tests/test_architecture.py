"""Who may import whom: the floors of the house, kept by a test.

Run as a program it prints the rooms, the arrows between them, and the arrows
that run up:

    python tests/test_architecture.py
"""

import ast
import collections
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]

# Lowest first. A room may import the rooms of lower floors and itself; rooms of
# one floor know nothing of each other. A room is a folder; the files that lie
# loose in fanet_tf/, which everybody reads, are rooms of their own.
FLOORS = (
    (
        "fanet_tf",
        "fanet_tf/errors",
        "fanet_tf/progress_bar",
        "fanet_tf/zoo",
    ),
    ("fanet_tf/raw", "fanet_tf/nsma", "fanet_tf/variants"),
    ("fanet_tf/config", "fanet_tf/files", "fanet_tf/layers"),
    ("fanet_tf/losses", "fanet_tf/metrics", "fanet_tf/models"),
    ("fanet_tf/pages",),
    ("fanet_tf/calibration",),
    ("fanet_tf/data", "fanet_tf/denoising"),
    ("fanet_tf/evaluation",),
    ("fanet_tf/peers", "fanet_tf/training/feed"),
    ("fanet_tf/pairs", "fanet_tf/training"),
    ("fanet_tf/cli",),
    ("export/flatbuffer",),
    ("export/contract",),
    ("export/card", "export/int8"),
    ("export/member",),
    ("export",),
    ("export/quickstart",),
)
# The bench runs where there is no TensorFlow. It imports these, and its own.
BENCH = ("android_bench",)
BENCH_FLOOR = (
    "fanet_tf",
    "fanet_tf/errors",
    "fanet_tf/progress_bar",
    "fanet_tf/files",
    "fanet_tf/denoising",
    "fanet_tf/pages",
    "fanet_tf/cli",  # How a command starts and fails.
)
MOST_LOOSE_FILES = 6
OURS = ("fanet_tf", "export", "android_bench")
HEAVY = ("tensorflow", "keras", "jax", "torch")

# Denoising and benchmarking start without TensorFlow: 4 s and 570 MB saved.
LIGHT = (
    "fanet_tf",
    "fanet_tf.raw.isp",
    "fanet_tf.files.reader",
    "fanet_tf.denoising.denoiser",
    "fanet_tf.nsma",
    "fanet_tf.calibration.calibrate",
    "fanet_tf.evaluation.page",
    "fanet_tf.cli.compare",
    "fanet_tf.cli.denoise",
    "fanet_tf.cli.evaluate",
    "android_bench.cli.bench",
)

Arrow = tuple[str, str]


def room_of(path: pathlib.Path) -> str:
    """Names the room of a file, relative to the repository."""
    inside = path.relative_to(path.parents[-1]) if path.is_absolute() else path
    folder = inside.parent.as_posix()
    if folder == "fanet_tf" and inside.name != "__init__.py":
        return inside.with_suffix("").as_posix()
    return folder


def sources(root: pathlib.Path) -> list[pathlib.Path]:
    """Lists our modules, relative to `root`."""
    return sorted(
        path.relative_to(root)
        for name in OURS
        for path in (root / name).rglob("*.py")
    )


def _module_file(root: pathlib.Path, module: str) -> pathlib.Path | None:
    path = pathlib.Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None


def imported(root: pathlib.Path, path: pathlib.Path) -> set[pathlib.Path]:
    """Lists the modules of ours that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse((root / path).read_text("utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports must name the package"
            names = [
                (f"{node.module}.{alias.name}", node.module)
                for alias in node.names
            ]
        elif isinstance(node, ast.Import):
            names = [(alias.name,) for alias in node.names]
        for candidates in names:
            if candidates[-1].split(".")[0] in OURS:
                files = (_module_file(root, name) for name in candidates)
                found.add(next(filter(None, files), None) or path)
    return found


def arrows(root: pathlib.Path) -> dict[Arrow, list[str]]:
    """Returns the files behind each arrow from a room to another."""
    result = collections.defaultdict(list)
    for path in sources(root):
        for target in imported(root, path):
            arrow = (room_of(path), room_of(target))
            if arrow[0] != arrow[1]:
                result[arrow].append(f"{path} -> {target}")
    return dict(result)


def _is_bench(room: str) -> bool:
    return room.split("/")[0] in BENCH


def is_upward(source: str, target: str) -> bool:
    """Tells whether an arrow is none that `FLOORS` allows."""
    if _is_bench(source):
        return not _is_bench(target) and target not in BENCH_FLOOR
    floor = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
    if source not in floor or target not in floor:
        return True
    return floor[target] >= floor[source]


def violations(root: pathlib.Path) -> list[str]:
    """Lists what breaks the plan: upward imports, rooms it does not know."""
    known = {room for rooms in FLOORS for room in rooms}
    rooms = {room_of(path) for path in sources(root)}
    strangers = [r for r in rooms if r not in known and not _is_bench(r)]
    loose = [r for r in rooms if r.count("/") == 1 and _is_loose(root, r)]
    if len(loose) > MOST_LOOSE_FILES:
        strangers.append(f"more than {MOST_LOOSE_FILES} loose files: {loose}")
    return sorted(strangers) + sorted(
        line
        for (source, target), lines in arrows(root).items()
        if is_upward(source, target)
        for line in lines
    )


def _is_loose(root: pathlib.Path, room: str) -> bool:
    return room.startswith("fanet_tf/") and not (root / room).is_dir()


def test_imports_point_downwards():
    assert violations(ROOT) == []


@pytest.fixture
def copy(tmp_path):
    """A copy of our modules, to be spoiled."""
    for path in sources(ROOT):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    "path, line",
    [
        ("fanet_tf/raw/cfa.py", "from fanet_tf.files import reader"),
        ("fanet_tf/files/reader.py", "    import fanet_tf.data.camera"),
        ("fanet_tf/denoising/tiles.py", "from fanet_tf.data import camera"),
        ("fanet_tf/training/train.py", "from export.card import page"),
        (
            "fanet_tf/training/feed/bank.py",
            "from fanet_tf.training import train",
        ),
        ("android_bench/plan.py", "from fanet_tf.training import train"),
        ("android_bench/plan.py", "from export.card import page"),
        ("fanet_tf/helpers.py", ""),
        ("fanet_tf/attic/thing.py", ""),
    ],
)
def test_a_violation_is_found(copy, path, line):
    file = copy / path
    file.parent.mkdir(exist_ok=True)
    text = file.read_text("utf-8") if file.exists() else ""
    if line.startswith(" "):
        line = f"def _late():\n{line}"
    file.write_text(f"{text}\n\n{line}\n", "utf-8")
    assert violations(copy) != []


@pytest.mark.parametrize("room", ["android_bench", "fanet_tf/files"])
def test_rooms_that_need_no_tensorflow(room):
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [getattr(node, "module", None) or ""]
            names += [alias.name for alias in getattr(node, "names", [])]
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                heavy = [n for n in names if n.split(".")[0] in HEAVY]
                assert not heavy, path


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_no_tensorflow(module):
    code = (
        f"import sys, {module}; "
        f"heavy = {set(HEAVY)!r} & set(sys.modules); sys.exit(str(heavy) if "
        "heavy else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_a_program_gets_its_three_names():
    code = (
        "import sys, fanet_tf\n"
        "from fanet_tf import Denoiser, NoiseProfile, load_bundle\n"
        "assert load_bundle().members\n"
        f"assert not {set(HEAVY)!r} & set(sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_every_room_says_what_it_is_for():
    for rooms in FLOORS:
        for room in rooms:
            path = ROOT / room / "__init__.py"
            if path.exists():
                text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
                assert text and len(text) > 60, path


def test_flags_live_in_cli():
    """Else two programs in one process define the same flag twice."""
    for path in sources(ROOT):
        if "cli" not in (path.stem, path.parent.name):
            text = (ROOT / path).read_text(encoding="utf-8")
            assert "flags.DEFINE_" not in text, path


if __name__ == "__main__":
    found = arrows(ROOT)
    rooms = {room_of(path) for path in sources(ROOT)}
    upward = [arrow for arrow in found if is_upward(*arrow)]
    print(f"{len(rooms)} rooms, {len(found)} arrows, {len(upward)} upward")
    for source, target in sorted(upward):
        print(f"  {source} -> {target}")
