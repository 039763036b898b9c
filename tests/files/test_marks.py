"""A file says who wrote it, and only ours say that it was us."""

import cv2
import numpy as np
import pytest
import raw_files

from fanet_tf.files import marks
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer
from fanet_tf.pages import shell

PICTURES = (".dng", ".tif", ".png", ".jpg")


@pytest.mark.parametrize("suffix", PICTURES)
def test_what_we_write_is_ours(tmp_path, suffix):
    image = reader.read(raw_files.camera_dng(tmp_path / "in.dng"))
    writer.write(tmp_path / f"a{suffix}", image, "fanet-denoise 1: what was")
    assert marks.is_our_picture(tmp_path / f"a{suffix}")
    # A name that was changed still says it; another kind's name does not.
    (tmp_path / f"a{suffix}").rename(tmp_path / "a.txt")
    assert not marks.is_our_picture(tmp_path / "a.txt")


@pytest.mark.parametrize("suffix", PICTURES[1:])
def test_what_others_write_is_not(tmp_path, suffix):
    pixels = np.zeros((8, 8, 3), np.uint8)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), pixels)
    assert not marks.is_our_picture(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("software", ["Adobe fanet-denoise", "", None])
def test_a_camera_s_dng_is_not_ours(tmp_path, software):
    tag = None if software is None else tiff.make(tiff.ASCII, software, "<")
    raw_files.camera_dng(tmp_path / "a.dng", changes={305: tag})
    assert not marks.is_our_picture(tmp_path / "a.dng")


@pytest.mark.parametrize("content", [b"", b"II*\0", b"\xff\xd8\xff\xfe", b"x"])
@pytest.mark.parametrize("suffix", [*PICTURES, ".npy"])
def test_damaged_files_are_not_ours(tmp_path, content, suffix):
    (tmp_path / f"a{suffix}").write_bytes(content)
    assert not marks.is_our_picture(tmp_path / f"a{suffix}")


def test_pages_and_json_are_known(tmp_path):
    shell.write(tmp_path / "a.html", shell.page("Title", "<p>Body</p>"))
    assert marks.is_our_page(tmp_path / "a.html")
    (tmp_path / "b.html").write_text("<html><title>fanet_tf</title></html>")
    assert not marks.is_our_page(tmp_path / "b.html")
    is_ours = marks.json_with("a", "b")
    for text, expected in (
        ('{"a": 1, "b": 2, "c": 3}', True),
        ('{"a": 1}', False),
        ('["a", "b"]', False),
        ("{", False),
    ):
        (tmp_path / "c.json").write_text(text)
        assert is_ours(tmp_path / "c.json") is expected
    assert not is_ours(tmp_path / "missing.json")
    (tmp_path / "d.csv").write_text("model,ms\n1,2\n")
    assert marks.begins_with("model,ms\n")(tmp_path / "d.csv")
    assert not marks.begins_with("name\n")(tmp_path / "d.csv")
