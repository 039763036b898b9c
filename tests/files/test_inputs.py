"""Only regular files are read, whatever they are called."""

import os

import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import inputs


def test_a_regular_file_is_read_under_any_name(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"\xff\xfe \x1b[31m.raw")
    with open(path, "wb") as stream:
        stream.write(b"x")
    assert inputs.read_bytes(os.fsdecode(path), 1) == b"x"


def test_what_may_never_end_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", "/dev/zero", tmp_path):
        with pytest.raises(InputError, match="must be a regular file"):
            inputs.open_regular(path)


@pytest.mark.parametrize("path", ["missing", "file/below", "nul\0"])
def test_what_is_not_there_is_refused(tmp_path, path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        inputs.open_regular(f"{tmp_path}/{path}")


def test_a_file_has_at_most_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert inputs.read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(InputError, match="at most 4 bytes"):
        inputs.read_bytes(tmp_path / "a", 4)


def test_text_is_utf8(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfgr\xc3\xbcn")
    assert inputs.read_text(tmp_path / "a") == "grün"
    (tmp_path / "b").write_bytes(b"gr\xfcn")
    with pytest.raises(InputError, match="0xfc at 2"):
        inputs.read_text(tmp_path / "b")
