"""Whole folders appear at once and take nothing along."""

import multiprocessing
import os
import signal

import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import folders
from fanet_tf.files import own_folder

FILES = ("manifest", "golden/a")
STEPS = (
    "made",
    "created",
    "written",
    "synced",
    "aside",
    "in place",
    "removed",
)


def known(name):
    return name in FILES


def check(folder):
    if not (folder / "manifest").exists():
        raise InputError("not ours")


def build(folder, text):
    with folders.replacing(folder, known, check) as part:
        own_folder.make_folder(part / "golden")
        for name in FILES:
            own_folder.create(part / name, text.encode())


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def bundle(text):
    return dict.fromkeys(FILES, text)


def test_a_folder_is_made_and_replaced(tmp_path):
    for text in ("old", "new"):
        build(tmp_path / "x/out", text)
        assert contents(tmp_path / "x/out") == bundle(text)
    assert os.listdir(tmp_path / "x") == ["out"]


def test_an_empty_folder_is_filled_and_keeps_its_mode(tmp_path):
    (tmp_path / "out").mkdir(mode=0o700)
    build(tmp_path / "out", "new")
    assert contents(tmp_path / "out") == bundle("new")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("foreign", ["notes.txt", "golden/b", "mine/", "-> b"])
def test_a_folder_with_something_foreign_is_refused(tmp_path, foreign):
    out = tmp_path / "out"
    build(out, "old")
    if foreign == "-> b":
        (out / "golden/a").unlink()
        (tmp_path / "b").write_text("mine")
        (out / "golden/a").symlink_to(tmp_path / "b")
    elif foreign.endswith("/"):
        (out / foreign).mkdir()
    else:
        (out / foreign).write_text("mine")
    before = sorted(p for p in tmp_path.rglob("*"))
    with pytest.raises(InputError, match="nobody added to"):
        build(out, "new")
    assert sorted(p for p in tmp_path.rglob("*")) == before


def test_the_lock_of_a_killed_command_is_in_nobodys_way(tmp_path):
    build(tmp_path / "out", "old")
    with (
        claims.claim(tmp_path / "out"),
        pytest.raises(InputError, match=f"with {claims.NAME}"),
    ):
        build(tmp_path / "out", "new")
    assert contents(tmp_path / "out") == bundle("old")
    (tmp_path / "out" / claims.NAME).write_text("{}")
    build(tmp_path / "out", "new")
    assert contents(tmp_path / "out") == bundle("new")


def test_a_folder_that_is_not_ours_is_refused(tmp_path):
    (tmp_path / "out/golden").mkdir(parents=True)
    (tmp_path / "out/golden/a").write_text("mine")
    with pytest.raises(InputError, match="not ours"):
        build(tmp_path / "out", "new")
    assert contents(tmp_path) == {"out/golden/a": "mine"}


def test_a_file_or_a_link_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    build(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    for name in ("file", "link"):
        with pytest.raises(InputError, match="must be a folder"):
            build(tmp_path / name, "new")
    assert contents(tmp_path / "real") == bundle("old")


def test_the_current_folder_is_refused(tmp_path, monkeypatch):
    build(tmp_path / "out", "old")
    for inside in ("out", "out/golden"):
        monkeypatch.chdir(tmp_path / inside)
        with pytest.raises(InputError, match="current folder"):
            build(tmp_path / "out", "new")
    with pytest.raises(InputError, match="of its own"):
        build("/", "new")


def test_a_file_that_is_added_during_the_work_is_kept(tmp_path):
    out = tmp_path / "out"
    build(out, "old")
    with pytest.raises(InputError, match="notes.txt"):
        with folders.replacing(out, known, check) as part:
            own_folder.create(part / "manifest", b"new")
            (out / "notes.txt").write_text("mine")
    assert contents(out) == {**bundle("old"), "notes.txt": "mine"}
    assert os.listdir(tmp_path) == ["out"]


def test_a_user_s_folder_of_nearly_our_name_stays(tmp_path):
    for name in (".out.part", ".out.old", ".fanet-tf-mine.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("mine")
    build(tmp_path / "out", "old")
    build(tmp_path / "out", "new")
    assert len(os.listdir(tmp_path)) == 4


def test_two_at_once_are_refused(tmp_path):
    with folders.replacing(tmp_path / "out", known, check) as part:
        own_folder.create(part / "manifest", b"first")
        with pytest.raises(InputError, match="in use by process"):
            build(tmp_path / "out", "second")
    assert contents(tmp_path / "out") == {"manifest": "first"}


def _ended(out, step, kill):
    def observer(name, path):
        if name == step:
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt

    atomic.observer = observer
    try:
        build(out, "new")
    except KeyboardInterrupt:
        os._exit(130)
    os._exit(0)


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_ends_anywhere_loses_nothing(tmp_path, step, kill):
    out = tmp_path / "out"
    build(out, "old")
    child = multiprocessing.get_context("fork").Process(
        target=_ended, args=(out, step, kill)
    )
    child.start()
    child.join()
    assert child.exitcode == (-signal.SIGKILL if kill else 130)
    if out.exists():
        assert contents(out) in (bundle("old"), bundle("new"))
    else:  # Killed between two names; the next run puts it back.
        assert (step, kill) == ("aside", True)
        with pytest.raises(InputError, match="stop"):
            with folders.replacing(out, known, check):
                raise InputError("stop")
        assert contents(out) == bundle("old")
    build(out, "last")
    assert contents(out) == bundle("last")
    assert os.listdir(tmp_path) == ["out"]


def test_what_a_user_put_aside_with_ours_is_not_deleted(tmp_path):
    """A killed run's old folder, to which somebody added a file."""
    out = tmp_path / "out"
    build(out, "new")
    old = folders._beside(out, ".old")
    build(old, "old")
    (old / "notes.txt").write_text("mine")
    with pytest.warns(UserWarning, match="stays"):
        build(out, "newer")
    assert contents(old) == {"notes.txt": "mine"}
    assert claims.digest(out) in old.name
