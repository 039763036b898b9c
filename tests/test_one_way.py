"""Files are written, read and deleted in one way: that of `fanet_tf/files`.

Whatever deletes, renames or opens for writing elsewhere may lose a user's file;
whatever decodes or parses elsewhere may be led by a hostile one.
"""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
OURS = ("fanet_tf", "export", "android_bench")
HOME = ROOT / "fanet_tf" / "files"

# Functions by their whole name, as it is written after the imports.
WRITING = {
    "cv2.imwrite",
    "np.lib.format.open_memmap",
    "np.memmap",
    "np.save",
    "np.savez",
    "np.savez_compressed",
    "np.savetxt",
    "json.dump",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.makedirs",
    "os.mkdir",
    "os.mkfifo",
    "os.open",
    "os.remove",
    "os.removedirs",
    "os.rename",
    "os.renames",
    "os.replace",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "os.unlink",
    "pickle.dump",
    "scipy.io.savemat",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.move",
    "shutil.rmtree",
    "tempfile.NamedTemporaryFile",
    "tempfile.TemporaryDirectory",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
    "tempfile.mktemp",
}
READING = {
    "cv2.VideoCapture",
    "cv2.imread",
    "h5py.File",
    "json.load",
    "np.fromfile",
    "np.load",
    "np.loadtxt",
    "pickle.load",
    "pickle.loads",
    "scipy.io.loadmat",
}
STARTING = {"os.popen", "os.system", "sys.executable"}
# Methods of paths and arrays.
METHODS = {
    "chmod",
    "hardlink_to",
    "mkdir",
    "rename",
    "rmdir",
    "savefig",
    "symlink_to",
    "tofile",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
}
# (file, what): why it may stand there.
ALLOWED = {
    ("fanet_tf/data/dnd.py", "scipy.io.savemat"): "into an open file",
    ("fanet_tf/data/matfile.py", "scipy.io.loadmat"): "shape checked before",
    ("fanet_tf/training/checkpoint.py", "np.savez"): "into memory",
    ("fanet_tf/training/checkpoint.py", "np.load"): "from memory, digest held",
    ("fanet_tf/cli/program.py", "os.open"): "os.devnull",
}


def name_of(node) -> str:
    """Returns `a.b.c` of an attribute, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = name_of(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def opens_for_writing(call) -> bool:
    """Whether a call of `open`, or of a path's, may change a file."""
    is_method = name_of(call.func) not in ("open", "io.open")
    place = 0 if is_method else 1
    modes = [k.value for k in call.keywords if k.arg == "mode"]
    modes += call.args[place : place + 1]
    if not modes:
        return False
    mode = modes[0]
    if not isinstance(mode, ast.Constant):
        return not is_method  # A mode that only the run knows.
    return isinstance(mode.value, str) and bool(set(mode.value) & set("wax+"))


def findings(source: str):
    """Yields what a module does that belongs into `fanet_tf/files`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in (
            "os",
            "shutil",
            "tempfile",
        ):
            yield f"from {node.module}"
        if isinstance(node, ast.Attribute):
            name = name_of(node)
            if name in WRITING | READING | STARTING:
                yield name
        if not isinstance(node, ast.Call):
            continue
        name, function = name_of(node.func), node.func
        if name in ("open", "io.open") and opens_for_writing(node):
            yield "open"
        if not isinstance(function, ast.Attribute) or name.startswith("os."):
            continue
        if name.startswith("atomic."):
            continue
        if function.attr in METHODS and name not in WRITING:
            yield function.attr
        if function.attr == "open" and opens_for_writing(node):
            yield "open"
        # `Path.replace(target)`; a text's has two arguments, a record's names.
        if (
            function.attr == "replace"
            and len(node.args) == 1
            and not node.keywords
            and not isinstance(node.args[0], ast.Starred)
        ):
            yield "replace"


def modules():
    for folder in OURS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if HOME not in path.parents:
                yield path


def test_only_one_room_writes_reads_and_deletes():
    found = {
        (path.relative_to(ROOT).as_posix(), what)
        for path in modules()
        for what in findings(path.read_text(encoding="utf-8"))
    }
    assert sorted(found - set(ALLOWED)) == []
    assert sorted(set(ALLOWED) - found) == []  # No reason outlives its line.


@pytest.mark.parametrize(
    "line",
    [
        "shutil.rmtree(folder)",
        "shutil.rmtree",
        "os.replace(a, b)",
        "path.replace(other)",
        "folder.rename(other)",
        "path.unlink(missing_ok=True)",
        "open(path, 'w')",
        "open(path, mode='ab')",
        "open(path, 'r+b')",
        "open(path, mode)",
        "path.open('x')",
        "io.open(path, 'w')",
        "path.write_text(text)",
        "np.save(path, array)",
        "cv2.imwrite(path, pixels)",
        "cv2.imread(path)",
        "tempfile.mkdtemp()",
        "from shutil import rmtree",
        "import shutil\n[shutil.rmtree(x) for x in y]",
        "subprocess.run([sys.executable, '-m', 'x'])",
    ],
)
def test_the_rules_bite(line):
    assert list(findings(line))


@pytest.mark.parametrize(
    "line",
    [
        "text.replace('a', 'b')",
        "dataclasses.replace(record, a=1)",
        "open(path)",
        "open(path, 'rb')",
        "path.open()",
        "json.dumps(record)",
        "tempfile.TemporaryFile()",
        "np.lib.format.header_data_from_array_1_0(mosaic)",
    ],
)
def test_what_harms_nothing_is_allowed(line):
    assert not list(findings(line))
