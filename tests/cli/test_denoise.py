"""fanet-denoise as its users meet it."""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import textwrap

import bundles
import cv2
import numpy as np
import pytest
import raw_files
import rawpy

from fanet_tf.files import reader
from fanet_tf.files import tiff


def run(*arguments, array=None, **options):
    """Runs the command with the test's bundle (a blur)."""
    array = array or bundles.small(branch=0.0)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "fanet_tf.cli.denoise",
            *map(str, arguments),
            f"--bundle={array.folder}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def check_refused(result, message, target=None):
    """Exit code 2, one line, no output and nothing half-written."""
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert message in result.stderr
    if target is not None:
        target = pathlib.Path(target)
        assert not target.exists()
        assert not list(target.parent.glob(".*.part"))


@pytest.fixture
def source(tmp_path):
    mosaic = raw_files.scene(122, 180)
    return raw_files.camera_dng(
        tmp_path / "in.dng", mosaic, "GRBG", active=(1, 3, 120, 178)
    )


def test_strength_zero_gives_the_mosaic_back(source, tmp_path):
    target = tmp_path / "out.dng"
    result = run(source, target, "--strength=0")
    assert result.returncode == 0, result.stderr
    with rawpy.imread(str(source)) as a, rawpy.imread(str(target)) as b:
        np.testing.assert_array_equal(a.raw_image, b.raw_image)
        for name in a.sizes._fields:
            if not name.startswith("crop_"):  # The source gives none.
                assert getattr(a.sizes, name) == getattr(b.sizes, name), name
        np.testing.assert_array_equal(
            a.postprocess(use_camera_wb=True),
            b.postprocess(use_camera_wb=True),
        )


def test_a_dng_is_denoised_and_says_how(source, tmp_path):
    target = tmp_path / "out.dng"
    result = run(source, target)
    assert result.returncode == 0, result.stderr
    assert "a=0.0004 b=2e-06 (the file's NoiseProfile)" in result.stdout
    assert "MP/s" in result.stdout
    before, after = reader.read(source), reader.read(target)
    assert after.white_level == 4000 * 16  # The bits that were free.
    assert after.active == before.active and after.pattern == before.pattern
    assert after.noise is None or after.noise[0] < before.noise[0]
    assert b"member 0 of test, float32; strength 1" in target.read_bytes()
    x, y = before.normalized(), after.normalized()
    assert abs(y.mean() / x.mean() - 1) < 0.01
    assert np.abs(np.diff(y, axis=1)).mean() < np.abs(np.diff(x)).mean()


def test_float_arrays_keep_shape_and_units(tmp_path, rng):
    """513 x 771: odd, and no multiple of any tile."""
    mosaic = rng.uniform(100, 200, (513, 771)).astype(np.float32)
    np.save(tmp_path / "in.npy", mosaic)
    result = run(
        tmp_path / "in.npy",
        tmp_path / "out.npy",
        "--gain=16",
        "--cfa=BGGR",
        "--black_level=64",
        "--white_level=1023",
    )
    assert result.returncode == 0, result.stderr
    denoised = np.load(tmp_path / "out.npy")
    assert denoised.shape == (513, 771) and denoised.dtype == np.float32
    assert abs(denoised.mean() - mosaic.mean()) < 0.5


def test_an_apps_tiles_can_be_had(tmp_path, rng):
    """A frame that would be one small tile is mirrored to the manifest's."""
    np.save(tmp_path / "in.npy", rng.random((20, 30), dtype=np.float32))
    done = run(
        tmp_path / "in.npy",
        tmp_path / "out.npy",
        *("--cfa=BGGR", "--gain=8", "--tile=manifest"),
    )
    assert done.returncode == 0, done.stderr
    assert "; tiles of 32 x 48" in done.stdout + done.stderr
    assert np.load(tmp_path / "out.npy").shape == (20, 30)


def test_a_dump_becomes_a_picture(tmp_path):
    mosaic = raw_files.scene(60, 88, black=64, white=1000)
    (tmp_path / "f.raw").write_bytes(raw_files.pack_mipi(mosaic, 10).tobytes())
    form = "--width=88 --height=60 --bits=10 --cfa=RGGB --black_level=64"
    for name in ("f.png", "f.jpg", "f.tif", "f.dng"):
        result = run(
            tmp_path / "f.raw", tmp_path / name, "--gain=2", *form.split()
        )
        assert result.returncode == 0, result.stderr
    picture = cv2.imread(str(tmp_path / "f.png"))
    assert picture.shape == (60, 88, 3) and picture.std() > 10
    linear = cv2.imread(str(tmp_path / "f.tif"), cv2.IMREAD_UNCHANGED)
    assert linear.dtype == np.uint16
    assert reader.read(tmp_path / "f.dng").white_level == 1023 * 64


def test_a_folder_of_dumps_is_denoised(tmp_path):
    """And of nothing else: another file is no dump of this size."""
    folder = tmp_path / "shoot"
    folder.mkdir()
    mosaic = raw_files.scene(60, 88, black=64, white=1000)
    for name in ("a.raw", "b.raw10"):
        packed = raw_files.pack_mipi(mosaic, 10)
        (folder / name).write_bytes(packed.tobytes())
    raw_files.camera_dng(folder / "c.dng", raw_files.scene(60, 88))
    form = "--width=88 --height=60 --bits=10 --black_level=64 --gain=2".split()
    result = run(folder, tmp_path / "done", *form)
    assert result.returncode == 0, result.stderr
    names = sorted(p.name for p in (tmp_path / "done").iterdir())
    assert names == ["a.dng", "b.dng"]


def test_pictures_are_turned_as_the_camera_was_held(source, tmp_path):
    result = run(source, tmp_path / "out.png")
    assert result.returncode == 0, result.stderr
    # 119 x 175 of the sensor, orientation 6: a quarter turn.
    assert cv2.imread(str(tmp_path / "out.png")).shape == (175, 119, 3)


def test_a_batch_goes_on_after_a_bad_file(source, tmp_path):
    folder, target = tmp_path / "shoot", tmp_path / "done"
    folder.mkdir()
    for name in ("a.dng", "c.dng"):
        (folder / name).write_bytes(source.read_bytes())
    (folder / "b.dng").write_bytes(b"not a RAW file")
    result = run(folder, target)
    assert result.returncode == 1
    assert sorted(p.name for p in target.iterdir()) == ["a.dng", "c.dng"]
    assert "2 frames" in result.stdout and "1 failed" in result.stdout
    assert "b.dng: cannot be decoded" in " ".join(result.stderr.split())

    again = run(folder / "a.dng", folder / "c.dng", target, "--skip_existing")
    assert again.returncode == 0
    assert "2 were there" in again.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--noise=1"], "--noise must be a,b"),
        (["--noise=1e-3,1e-6", "--gain=2"], "Only one of"),
        (["--gain=abc"], "gain"),
        (["--iso=800"], "base_iso"),
        (["--iso=800", "--profile=none"], "A profile must be"),
        (["--strength=2"], "`strength` must be 0 to 1"),
        (["--recipe=int4"], "`recipe` must be one of"),
        (["--cfa=RGBG"], "cfa"),
        (["--width=5"], "--width, --height and --bits"),
        (["--max_memory=1"], "--max_memory"),
        (["--defects=none,auto"], "--defects must be none, auto, a file"),
        (["--shading=no.npy"], "no.npy"),
        (["--nonsense=1"], "nonsense"),
    ],
)
def test_a_wrong_flag_is_one_line(source, tmp_path, arguments, message):
    target = tmp_path / "out.dng"
    check_refused(run(source, target, *arguments), message, target)


def listed(path, rows, columns, **size):
    """A file as `fanet-calibrate --dark` writes it."""
    defects = {"rows": rows, "columns": columns}
    path.write_text(json.dumps({**size, "defects": defects}))
    return f"--defects={path}"


def test_listed_defects_and_shading_are_undone_and_said(tmp_path):
    mosaic = raw_files.scene(122, 180)
    good = float(mosaic[30, 150])
    mosaic[30, 150] = 4000
    source = raw_files.camera_dng(tmp_path / "in.dng", mosaic, "GRBG")
    np.save(tmp_path / "map.npy", np.full((2, 3), 1.5))
    target = tmp_path / "out.dng"
    result = run(
        source,
        target,
        listed(tmp_path / "d.json", [30], [150], height=122, width=180),
        f"--shading={tmp_path / 'map.npy'}",
    )
    assert result.returncode == 0, result.stderr
    assert "defective pixels corrected: 1 listed;" in result.stdout
    assert b"shading undone and redone" in target.read_bytes()
    after = reader.read(target)
    factor = after.white_level / 4000
    assert abs(after.mosaic[30, 150] / factor - good) < 200 < 4000 - good


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda p: p.write_text("[1, 2]"), "must be a JSON object"),
        (lambda p: listed(p, [122], [0]), "must lie in the frame, 122 x 180"),
    ],
)
def test_a_list_that_is_none_of_the_frame_is_one_line(
    source, tmp_path, spoil, message
):
    spoil(tmp_path / "d.json")
    target = tmp_path / "out.dng"
    result = run(source, target, f"--defects={tmp_path / 'd.json'}")
    check_refused(result, message, target)


def test_a_map_that_is_none_of_the_frame_is_one_line(source, tmp_path):
    np.save(tmp_path / "map.npy", np.ones((123, 180)))
    target = tmp_path / "out.dng"
    result = run(source, target, f"--shading={tmp_path / 'map.npy'}")
    check_refused(result, "must not be finer than the frame", target)


def test_a_frame_with_a_gain_map_that_nobody_applied_is_said(tmp_path):
    """The map of a DNG serves others; with its own frame it is a mistake."""
    gains = np.full((2, 3), 1.5, ">f4")
    data = struct.pack(
        ">10I4dI", *(0, 0, 122, 180, 0, 1, 1, 1, 2, 3), 1, 0.5, 0, 0, 1
    )
    data += gains.tobytes()
    data = struct.pack(">5I", 1, 9, 0x01030000, 0, len(data)) + data
    source = raw_files.camera_dng(
        tmp_path / "in.dng",
        raw_files.scene(122, 180),
        changes={51009: tiff.Tag(tiff.UNDEFINED, len(data), data)},
    )
    target = tmp_path / "out.dng"
    result = run(source, target, f"--shading={source}")
    assert result.returncode == 0, result.stderr
    assert "warning: the file holds a GainMap" in result.stderr
    assert b"shading undone and redone" in target.read_bytes()


def test_of_a_batch_a_list_leaves_out_frames_of_another_size(source, tmp_path):
    other = raw_files.camera_dng(tmp_path / "b.dng", raw_files.scene(60, 88))
    target = tmp_path / "done"
    flag = listed(tmp_path / "d.json", [60], [90], height=122, width=180)
    result = run(source, other, target, flag)
    assert result.returncode == 1
    assert [p.name for p in target.iterdir()] == ["in.dng"]
    assert "b.dng: " in result.stderr and "a frame of 60 x 88" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_without_noise_names_the_flags(tmp_path):
    source = raw_files.camera_dng(tmp_path / "in.dng", noise=None)
    target = tmp_path / "out.dng"
    check_refused(run(source, target), "give --noise=a,b", target)


def test_wrong_paths_are_one_line(source, tmp_path):
    target = tmp_path / "out.dng"
    check_refused(run(tmp_path / "no.dng", target), "that exists", target)
    check_refused(run(source, tmp_path / "out.xyz"), "suffix must be")
    check_refused(run(source, tmp_path / "no" / "out.dng"), "must exist")
    check_refused(run(source, source), "must not be an input")
    check_refused(run(source), "needs inputs and an output")
    before = source.read_bytes()
    assert before == source.read_bytes()


def test_a_damaged_bundle_is_one_line(source, tmp_path):
    target = tmp_path / "out.dng"
    result = run(source, target, f"--bundle={tmp_path}", array=None)
    assert result.returncode == 0  # The last flag counts: the test's bundle.
    target.unlink()
    folder = shutil.copytree(bundles.small().folder, tmp_path / "bundle")
    (folder / "member_1_float32.tflite").write_bytes(b"TFL3")
    broken = bundles.small()
    broken = type(broken)(**{**vars(broken), "folder": folder})
    check_refused(run(source, target, array=broken), "SHA-256", target)


def limited(code):
    """A launcher that runs `code` and then the command, in one process."""
    return [
        sys.executable,
        "-c",
        textwrap.dedent(code)
        + "\nimport sys\nfrom fanet_tf.cli import denoise\n"
        + "sys.argv[0] = 'fanet-denoise'\ndenoise.cli()",
    ]


@pytest.mark.parametrize("name", ["out.dng", "out.npy", "out.png", "out.tif"])
def test_a_full_disk_leaves_the_old_output(tmp_path, name):
    """A limit on the size of files stands for the full disk."""
    source = raw_files.camera_dng(
        tmp_path / "in.dng", raw_files.scene(400, 600)
    )
    target = tmp_path / name
    target.write_bytes(b"the old output")
    full = limited(
        """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        """
    )
    result = subprocess.run(
        [
            *full,
            source,
            target,
            "--overwrite",
            f"--bundle={bundles.small(branch=0.0).folder}",
        ],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2, result.stderr
    assert "File too large" in result.stderr
    assert target.read_bytes() == b"the old output"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.dng", name]


@pytest.mark.parametrize(
    "options, message",
    [("size=64k", "No space left"), ("size=9m,ro", "Read-only file system")],
)
def test_a_target_that_cannot_be_written_is_one_line(
    tmp_path, options, message
):
    """On a small tmpfs of its own, seen by the command alone."""
    source = raw_files.camera_dng(
        tmp_path / "in.dng", raw_files.scene(400, 600)
    )
    target = tmp_path / "disk"
    target.mkdir()
    size, *read_only = options.split(",")
    script = (
        'mount -t tmpfs -o "$1" none "$2" && echo old > "$2/out.dng"'
        ' && { [ -z "$3" ] || mount -o remount,ro "$2"; } || exit 77; '
        'disk="$2"; shift 3; "$@"; code=$?;'
        ' [ "$(ls -A "$disk")" = out.dng ] || exit 78;'
        ' [ "$(cat "$disk/out.dng")" = old ] || exit 79; exit $code'
    )
    result = subprocess.run(
        [
            *("unshare", "-rm", "sh", "-c", script, "sh"),
            *(size, target, *(read_only or [""])),
            *(sys.executable, "-m", "fanet_tf.cli.denoise"),
            *(source, target / "out.dng", "--overwrite"),
            f"--bundle={bundles.small(branch=0.0).folder}",
        ],
        capture_output=True,
        text=True,
    )
    if result.returncode in (1, 77):
        pytest.skip("needs leave to mount a tmpfs in a namespace of its own")
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name, code", [("SIGTERM", 143), ("SIGINT", 130)])
def test_an_interrupted_run_leaves_nothing(tmp_path, name, code):
    source = raw_files.camera_dng(
        tmp_path / "in.dng", raw_files.scene(400, 600)
    )
    target = tmp_path / "out.png"
    target.write_bytes(b"the old output")
    # The signal comes while the output is being written.
    stopped = limited(
        f"""
        import os, signal
        fsync = os.fsync
        os.fsync = lambda _: os.kill(os.getpid(), signal.{name})
        """
    )
    result = subprocess.run(
        [
            *stopped,
            source,
            target,
            "--overwrite",
            f"--bundle={bundles.small(branch=0.0).folder}",
        ],
        capture_output=True,
        text=True,
    )
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert target.read_bytes() == b"the old output"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.dng", "out.png"]


def test_a_crashing_decoder_is_one_line(source, tmp_path, monkeypatch):
    (tmp_path / "rawpy.py").write_text(
        "class LibRawError(Exception): pass\n"
        "def imread(path):\n    import os\n    os.kill(os.getpid(), 11)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    target = tmp_path / "out.dng"
    check_refused(run(source, target), "signal 11", target)


def test_an_original_is_not_overwritten(source, tmp_path):
    """`A.dng B.dng`, where B was meant to be an input as well."""
    other = raw_files.camera_dng(
        tmp_path / "b.dng", raw_files.scene(122, 180), "GRBG"
    )
    before = other.read_bytes()
    result = run(source, other)
    assert result.returncode == 2
    assert "b.dng: must be a new file" in result.stderr
    assert other.read_bytes() == before
    assert run(source, other, "--overwrite").returncode == 0
    # Now it is ours, and the command may be repeated.
    assert run(source, other).returncode == 0


@pytest.mark.parametrize("suffix", ["dng", "tif", "png", "jpg"])
def test_the_same_command_can_be_repeated(source, tmp_path, suffix):
    target = tmp_path / f"out.{suffix}"
    for _ in range(2):
        result = run(source, target, "--strength=0")
        assert result.returncode == 0, result.stderr


def test_an_original_in_the_folder_is_not_overwritten(tmp_path):
    np.save(tmp_path / "IMG_2.npy", np.full((96, 96), 0.2, np.float32))
    original = raw_files.camera_dng(tmp_path / "IMG_2.dng")
    before = original.read_bytes()
    result = run(tmp_path / "IMG_2.npy", f"{tmp_path}/", "--gain=4")
    assert result.returncode == 2 and "--overwrite" in result.stderr
    # It is no input, so the user may ask for it.
    assert original.read_bytes() == before


def test_no_output_is_an_input_even_on_request(source, tmp_path):
    np.save(tmp_path / "in.npy", np.full((96, 96), 0.2, np.float32))
    before = source.read_bytes()
    result = run(
        *(tmp_path / "in.npy", source, f"{tmp_path}/"),
        *("--overwrite", "--gain=4"),
    )
    assert result.returncode == 2 and "must not be an input" in result.stderr
    assert source.read_bytes() == before


def test_a_private_output_stays_private(source, tmp_path):
    target = tmp_path / "out.png"
    assert run(source, target, "--strength=0").returncode == 0
    target.chmod(0o600)
    assert run(source, target, "--strength=0").returncode == 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_the_target_of_a_link_is_written(source, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "out.png").symlink_to("store/real.png")
    result = run(source, tmp_path / "out.png", "--strength=0")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.png").is_symlink()
    assert (tmp_path / "store/real.png").stat().st_size > 100


def test_what_a_killed_run_left_is_swept(source, tmp_path):
    (tmp_path / ".fanet-tf-0123456789abcdef.part").write_bytes(b"half")
    (tmp_path / ".draft.part").write_bytes(b"mine")
    result = run(source, tmp_path / "out.png", "--strength=0")
    assert result.returncode == 0, result.stderr
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == [".draft.part", "in.dng", "out.png"]


@pytest.mark.parametrize("suffix", [".dng", ".npy", ".raw"])
def test_a_pipe_is_refused_at_once(tmp_path, suffix):
    os.mkfifo(tmp_path / f"in{suffix}")
    form = "--width=88 --height=60 --bits=10 --gain=2".split()
    result = run(tmp_path / f"in{suffix}", tmp_path / "out.png", *form)
    check_refused(result, "must be a regular file")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--max_memory=nan"], "--max_memory must be a finite number"),
        (["--gain=inf"], "--gain must be a finite number"),
        (["--strength=-inf"], "--strength must be a finite number"),
        (["--threads=100000"], "--threads"),
        (["--row_bytes=9999999999999"], "--row_bytes must be an integer of"),
        (["--offset=99999999999999999999"], "--offset must be an integer of"),
        (["--max_pixels=0"], "--max_pixels must be 1 to"),
        (["--max_pixels=21959"], "at most 21,959 pixels; --max_pixels raises"),
        (["--noise=nan,1"], "Received: a=nan, b=1 from --noise"),
        (["--black_level=nan"], "must be"),
        (["--white_level=nan", "--width=8", "--height=8", "--bits=8"], "must"),
    ],
)
def test_absurd_numbers_are_refused(source, tmp_path, arguments, message):
    result = run(source, tmp_path / "out.png", *arguments)
    check_refused(result, message, tmp_path / "out.png")


@pytest.mark.parametrize(
    "sizes, message",
    [
        ("--row_bytes=1200000000", "`row_bytes` must be an integer"),
        ("--offset=-1", "`offset` must be an integer"),
        ("--offset=2000000000", "`offset` must be an integer"),
    ],
)
def test_absurd_sizes_of_a_dump_are_refused(tmp_path, sizes, message):
    (tmp_path / "a.raw").write_bytes(bytes(64))
    form = "--width=8 --height=8 --bits=8 --gain=2".split()
    result = run(tmp_path / "a.raw", tmp_path / "o.png", *form, sizes)
    check_refused(result, message, tmp_path / "o.png")


def test_a_name_that_is_no_text_is_read_and_shown(source, tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"\xff\x1b[31m.dng")
    with open(name, "wb") as stream:
        stream.write(source.read_bytes())
    result = run(os.fsdecode(name), tmp_path / "out.dng")
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout and "\\xff[31m.dng" in result.stdout


def test_escape_codes_of_a_file_do_not_reach_the_terminal(tmp_path):
    model = tiff.make(tiff.ASCII, "\x1b[2J\x07X", "<")
    source = raw_files.camera_dng(tmp_path / "a.dng", changes={272: model})
    assert reader.read(source).model == "[2JX"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(source, tmp_path, closed):
    """Else the output would get the number of stderr, and its messages."""
    command = f'"$@" {closed}'
    result = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-m"]
        + ["fanet_tf.cli.denoise", source, tmp_path / "out.dng"]
        + [f"--bundle={bundles.small(branch=0.0).folder}"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert reader.read(tmp_path / "out.dng").mosaic.shape == (122, 180)


_INTERRUPTED_AT = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name != {module!r}:
            return
        sys.meta_path.remove(self)
        try:
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass
        except KeyboardInterrupt:
            raise ImportError("as extensions do")

sys.meta_path.insert(0, Interrupt())
sys.argv = ["fanet-denoise", "a", "b"]
from fanet_tf.cli import denoise
def main(arguments):
    import late
if {module!r} == "late":
    denoise.main = main
denoise.cli()
"""


@pytest.mark.parametrize(
    # The last when the command runs already.
    "module",
    ["absl", "numpy", "cv2", "ai_edge_litert", "late"],
)
def test_an_interrupt_during_the_imports_is_one_line(module):
    result = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_AT.format(module=module)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 130
    assert result.stderr == "fanet-denoise: Interrupted.\n"


def test_a_folder_of_a_phone_is_denoised(source, tmp_path):
    folder, target = tmp_path / "DCIM", tmp_path / "DCIM/done"
    (folder / "old/older").mkdir(parents=True)
    (folder / ".thumbnails").mkdir()
    data = source.read_bytes()
    for name in ("b.dng", "old/b.dng", "old/older/c.dng", "both.dng"):
        (folder / name).write_bytes(data)
    (folder / "both.nef").write_bytes(data)
    for name in ("._b.dng", ".trashed-1-b.dng", ".thumbnails/x.dng"):
        (folder / name).write_bytes(b"no frame")
    target.mkdir()
    (target / ".fanet-tf-0123456789abcdef.part").write_bytes(b"half")

    result = run(folder, target, "--strength=0")
    assert result.returncode == 1, result.stderr
    assert "Left alone: old in" in result.stderr
    assert "1 frames" in result.stdout and "2 failed" in result.stdout
    clash = [s for s in result.stderr.splitlines() if s.startswith("failed: ")]
    assert len(clash) == 2
    assert all(
        "done/both.dng, and so would" in " ".join(s.split()) for s in clash
    )
    assert [p.name for p in target.iterdir()] == ["b.dng"]

    (folder / "both.nef").unlink()
    again = run(
        folder, target, "--strength=0", "--recursive", "--skip_existing"
    )
    assert again.returncode == 0, again.stderr
    assert "3 frames" in again.stdout and "1 were there" in again.stdout
    assert not again.stderr.count("Left alone")
    made = {str(p.relative_to(target)) for p in target.rglob("*.dng")}
    assert made == {"b.dng", "both.dng", "old/b.dng", "old/older/c.dng"}


@pytest.mark.parametrize("stem", ["é" * 125, "名" * 83, "n" * 251])
def test_the_longest_names_are_kept(source, tmp_path, stem):
    shutil.copy(source, tmp_path / f"{stem}.dng")
    result = run(tmp_path / f"{stem}.dng", f"{tmp_path}/out/", "--strength=0")
    assert result.returncode == 0, result.stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == [f"{stem}.dng"]
