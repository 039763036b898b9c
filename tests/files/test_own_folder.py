"""Inside of our own folders no link is followed either."""

import os

import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import own_folder


def test_lines_are_appended(tmp_path):
    own_folder.append(tmp_path / "a", "one\n")
    own_folder.append(tmp_path / "a", "two\n")
    assert (tmp_path / "a").read_text() == "one\ntwo\n"


def test_what_is_not_a_plain_file_is_not_appended_to(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises((OSError, InputError)):
            own_folder.append(tmp_path / name, "x")
    assert (tmp_path / "target").read_text() == "mine"


def test_create_replaces_nothing(tmp_path):
    own_folder.create(tmp_path / "a", b"one")
    (tmp_path / "link").symlink_to("missing")
    for name in ("a", "link"):
        with pytest.raises(FileExistsError):
            own_folder.create(tmp_path / name, b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert not (tmp_path / "missing").exists()


def test_remove_deletes_the_link_and_not_its_target(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    own_folder.remove(tmp_path / "link")
    own_folder.remove(tmp_path / "link")
    assert os.listdir(tmp_path) == ["target"]


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "raw").symlink_to("elsewhere")
    (tmp_path / "file").touch()
    for name in ("raw", "file"):
        with pytest.raises(InputError, match="must be a folder"):
            own_folder.make_folder(tmp_path / name)
    assert own_folder.make_folder(tmp_path / "a/b").is_dir()
    own_folder.make_folder(tmp_path / "a/b")


def test_scratch_is_private_and_goes():
    with own_folder.scratch() as folder:
        (folder / "a").write_text("x")
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
