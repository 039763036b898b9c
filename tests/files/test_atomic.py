"""Files are whole or absent, and those of others stay as they were."""

import os
import signal
import stat
import subprocess
import sys
import textwrap

import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import atomic

STEPS = ("created", "written", "in place")


class Crash(Exception):
    """What the observer raises."""


@pytest.fixture
def crash_at(monkeypatch):
    """Returns a function that makes a step of a write raise."""

    def arm(step):
        def observer(name, path):
            if name == step:
                raise Crash

        monkeypatch.setattr(atomic, "observer", observer)

    return arm


def ours(path):
    return path.read_bytes().startswith(b"ours")


def write(path, content=b"ours, new", **policy):
    atomic.write_bytes(path, content, **policy)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_file_holds_what_was_written(tmp_path):
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"ours, new"
    assert names(tmp_path) == ["a"]


def test_a_file_of_ours_is_replaced(tmp_path):
    (tmp_path / "a").write_bytes(b"ours, old")
    write(tmp_path / "a", is_ours=ours)
    assert (tmp_path / "a").read_bytes() == b"ours, new"


def test_a_file_of_others_is_refused_and_stays(tmp_path):
    (tmp_path / "a").write_bytes(b"a photograph")
    with pytest.raises(InputError, match="--overwrite"):
        write(tmp_path / "a", is_ours=ours)
    with pytest.raises(InputError, match="--overwrite"):
        write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"a photograph"
    assert names(tmp_path) == ["a"]


def test_overwrite_replaces_any_file(tmp_path):
    (tmp_path / "a").write_bytes(b"a photograph")
    write(tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").read_bytes() == b"ours, new"


def test_a_file_that_appears_during_the_work_is_refused(tmp_path):
    with pytest.raises(InputError, match="another origin"):
        with atomic.writing(tmp_path / "a") as stream:
            stream.write(b"ours")
            (tmp_path / "a").write_bytes(b"a photograph")
    assert (tmp_path / "a").read_bytes() == b"a photograph"
    assert names(tmp_path) == ["a"]


def test_a_file_that_appears_in_the_last_moment_stays(tmp_path, monkeypatch):
    """Between the last look and the name there is no gap."""
    link = os.link

    def late(source, target):
        (tmp_path / "a").write_bytes(b"a photograph")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(InputError, match="appeared"):
        write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"a photograph"
    assert names(tmp_path) == ["a"]


def test_no_hard_links_are_needed(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write(tmp_path / "a")
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("step", STEPS[:2])
@pytest.mark.parametrize("old", [None, b"ours, old"])
def test_a_failure_leaves_what_was_there(tmp_path, crash_at, step, old):
    if old:
        (tmp_path / "a").write_bytes(old)
    crash_at(step)
    with pytest.raises(Crash):
        write(tmp_path / "a", is_ours=ours)
    assert names(tmp_path) == (["a"] if old else [])
    assert not old or (tmp_path / "a").read_bytes() == old


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_an_existing_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "a"
    path.write_bytes(b"ours, old")
    path.chmod(mode)
    with atomic.writing(path, is_ours=ours) as stream:
        stream.write(b"ours")
        part = next(p for p in tmp_path.iterdir() if p != path)
        assert stat.S_IMODE(part.stat().st_mode) == mode
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_obeys_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write(tmp_path / "a")
    finally:
        os.umask(before)
    mode = stat.S_IMODE((tmp_path / "a").stat().st_mode)
    assert mode == 0o666 & ~umask


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"ours, kept")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        write(path, overwrite=True)
    assert path.read_bytes() == b"ours, kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_an_existing_file_keeps_its_owner(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"ours, old")
    os.chown(path, 1234, 1234)
    write(path, is_ours=ours)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_a_link_is_refused_and_its_target_stays(tmp_path):
    (tmp_path / "target").write_bytes(b"ours, elsewhere")
    (tmp_path / "a").symlink_to("target")
    with pytest.raises(InputError, match="Received: a link"):
        write(tmp_path / "a", overwrite=True)
    assert (tmp_path / "target").read_bytes() == b"ours, elsewhere"


@pytest.mark.parametrize("name", ["missing/../x", "file/../x", "a/../b/../x"])
def test_nothing_is_written_behind_a_folder_that_is_not_there(tmp_path, name):
    (tmp_path / "a").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="must exist"):
        atomic.resolve(f"{tmp_path}/{name}")
    assert atomic.resolve(f"{tmp_path}/a/../x") == tmp_path.resolve() / "x"


def test_resolve_follows_what_the_user_named(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "a").symlink_to("folder/b")
    monkeypatch.chdir(folder)
    assert atomic.resolve(".") == folder
    assert atomic.resolve(tmp_path / "a") == folder / "b"
    write(atomic.resolve(tmp_path / "a"))
    assert (tmp_path / "a").is_symlink() and names(folder) == ["b"]
    with pytest.raises(InputError, match="must be a path"):
        atomic.resolve("")


def test_temporary_names_cannot_be_guessed(tmp_path):
    seen = set()
    for _ in range(20):
        with atomic.writing(tmp_path / "a", overwrite=True) as stream:
            stream.write(b"x")
            seen |= {n for n in names(tmp_path) if n != "a"}
    assert len(seen) == 20
    assert all(name.startswith(atomic.PREFIX) for name in seen)


def test_a_link_under_a_temporary_name_is_never_followed(tmp_path, monkeypatch):
    """Even a name that was guessed: it must be new."""
    (tmp_path / "precious").write_bytes(b"a photograph")
    guesses = iter([".fanet-tf-guessed.part", ".fanet-tf-next.part"])
    monkeypatch.setattr(atomic, "temporary_name", lambda kind: next(guesses))
    (tmp_path / ".fanet-tf-guessed.part").symlink_to("precious")
    with pytest.raises(FileExistsError):
        write(tmp_path / "a")
    assert (tmp_path / "precious").read_bytes() == b"a photograph"


def test_a_folder_and_a_missing_folder_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="Received: a folder"):
        write(tmp_path / "folder", overwrite=True)
    with pytest.raises(InputError, match="folder must exist"):
        write(tmp_path / "no/a")


def test_a_pipe_is_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(
        [sys.executable, "-c", f"print(open({str(pipe)!r}).read())"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(InputError, match="Received: a pipe"):
        write(pipe, b"not asked for")
    write(pipe, b"through", through=True)
    assert reader.communicate()[0] == "through\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_through():
    write("/dev/null", through=True)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_standard_output_is_appended_to(tmp_path):
    """Redirected to a file, it keeps what was printed before."""
    code = """
        import os, sys
        from fanet_tf.files import atomic
        os.write(1, b"before,")
        path = atomic.resolve("/dev/stdout")
        atomic.check(path, through=True)
        atomic.write_bytes(path, b"page,", through=True)
        os.write(1, b"after")
    """
    with open(tmp_path / "out", "wb") as out:
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdout=out,
            check=True,
        )
    # The shell's own `>` writes on where it stood, `>>` at the end.
    text = (tmp_path / "out").read_bytes()
    assert text.startswith(b"before,") and b"a" in text
    with open(tmp_path / "out", "ab") as out:
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdout=out,
            check=True,
        )
    assert (tmp_path / "out").read_bytes().endswith(b"before,page,after")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_block_device_is_refused(tmp_path):
    """It is a disk, not an open end."""
    try:
        os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 250))
    except PermissionError:
        pytest.skip("this container makes no devices")
    with pytest.raises(InputError, match="device"):
        write(tmp_path / "disk", overwrite=True)


def test_a_killed_write_is_swept_and_nothing_else(tmp_path):
    code = """
        import os, signal, sys
        from fanet_tf.files import atomic
        with atomic.writing(sys.argv[1]) as stream:
            stream.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "a"]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    (left,) = names(tmp_path)
    assert left.startswith(atomic.PREFIX)
    mine = [".notes.part", ".a.b.part", "draft.part", ".fanet-tf-lock"]
    for name in mine:
        (tmp_path / name).write_text("mine")
    (tmp_path / ".fanet-tf-link.part").symlink_to(tmp_path / "draft.part")
    (tmp_path / ".fanet-tf-folder.part").mkdir()
    atomic.sweep(tmp_path)
    assert left not in names(tmp_path)
    assert set(mine) < set(names(tmp_path))
    assert len(names(tmp_path)) == len(mine) + 2
    atomic.sweep(tmp_path / "missing")


def test_a_living_write_is_not_swept(tmp_path):
    with atomic.writing(tmp_path / "a") as stream:
        stream.write(b"whole")
        atomic.sweep(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_check_refuses_what_writing_refuses(tmp_path):
    (tmp_path / "a").write_bytes(b"a photograph")
    for path in ("a", "missing/b", "."):
        with pytest.raises(InputError):
            atomic.check(tmp_path / path, is_ours=ours)
    atomic.check(tmp_path / "new", is_ours=ours)
    atomic.check(tmp_path / "a", overwrite=True)
    atomic.check("/dev/null", through=True)
    with pytest.raises(InputError, match="device"):
        atomic.check("/dev/null")
    assert names(tmp_path) == ["a"]


def test_text_of_any_name_can_be_written(tmp_path):
    atomic.write_text(tmp_path / "a", os.fsdecode(b"\xff.png"))
    assert (tmp_path / "a").read_text() == "\\udcff.png"


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError):
        atomic.write_json(tmp_path / "a", {"x": float("nan")})
    assert names(tmp_path) == []
