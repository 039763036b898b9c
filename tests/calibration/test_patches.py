"""Finding flat patches, and reading frames for them."""

import dataclasses

import numpy as np
import pytest
import raw_files

from fanet_tf.calibration import estimator
from fanet_tf.calibration import frames
from fanet_tf.calibration import patches
from fanet_tf.calibration import samples
from fanet_tf.calibration import synthetic
from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.raw import cfa


def _chart_frame():
    image = reader.read(raw_files.shared("raw/colorchart.dng"))
    packed = cfa.pack(image.visible[None, :, :, None])[0]
    unit = (packed - image.black_level[0]) / (
        image.white_level - image.black_level[0]
    )
    return image, packed, unit


def test_a_real_chart_is_found_by_itself():
    image, packed, unit = _chart_frame()
    found = patches.find_chart(unit)
    assert len(found) == 24
    # The chart's last row is grey: one hue, falling brightness.
    greys = [
        unit[t : t + h, x : x + w].mean(axis=(0, 1))
        for t, x, h, w in sorted(found, key=lambda p: p[0])[-6:]
    ]
    green = sorted(grey[1] for grey in greys)
    assert green[-1] / green[0] > 10
    levels = samples.Levels(image.black_level[0], image.white_level, 0, 15000)
    scene = estimator.Scene(packed[None], (levels,) * 4, found)
    measured = estimator.measure([scene])
    fit = measured.pooled
    assert fit.a_interval[1] - fit.a < 0.04 * fit.a
    assert fit.b_interval[1] - fit.b < 0.1 * fit.b
    for plane in measured.planes:
        assert abs(plane.a / fit.a - 1.0) < 0.08


def test_corners_give_the_inner_half_of_each_patch():
    corners = [(20, 40), (620, 40), (620, 440), (20, 440)]
    found = patches.from_corners(corners, (240, 320))
    assert len(found) == 24
    # A patch is 50 packed pixels wide; the first begins at (10, 20).
    assert found[0] == (33, 23, 24, 24)
    assert found[-1] == (183, 273, 24, 24)


def test_corners_outside_are_refused():
    corners = [(20, 40), (900, 40), (620, 440), (20, 440)]
    with pytest.raises(InputError, match="must lie in the frame"):
        patches.from_corners(corners, (240, 320))


def test_flat_windows_cover_the_brightness(rng):
    x = np.linspace(0.0, 0.8, 640)[None, :, None] * np.ones((640, 1, 4))
    x[:320] += 0.1 * rng.standard_normal((320, 640, 4))
    found = patches.find_flat(x)
    assert len(found) >= 100
    tops = [top for top, *_ in found]
    assert np.mean(np.array(tops) >= 320) > 0.9
    lefts = [left for _, left, *_ in found]
    assert min(lefts) <= 64
    assert max(lefts) >= 576


def test_a_frame_of_noise_has_no_chart(rng):
    assert patches.find_chart(rng.random((200, 300, 4))) is None


class _Image:
    """What `frames` wants to know of a RAW image."""

    def __init__(self, mosaic, **fields):
        self.visible = self.mosaic = mosaic
        self.active = (0, 0, *mosaic.shape)
        self.pattern = "RGGB"
        self.black_level, self.white_level = (64.0,) * 4, 1023.0
        self.iso, self.make, self.model = None, "", ""
        self.__dict__.update(fields)


def _reader(images):
    return lambda path: images[str(path)]


def test_gain_is_iso_over_base_iso(tmp_path):
    flat = np.full((8, 8), 100, np.uint16)
    images = {f"{iso}": _Image(flat, iso=iso) for iso in (400.0, 50.0, 100.0)}
    paths = [tmp_path / name for name in images]
    read = _reader({str(p): images[p.name] for p in paths})
    infos, base = frames.inspect(paths, None, None, read)
    assert base == 50.0
    assert list(frames.by_gain(infos)) == [1.0, 2.0, 8.0]


@pytest.mark.parametrize(
    "fields, word",
    [({"visible": np.zeros((8, 10))}, "shape"), ({"model": "B"}, "camera")],
)
def test_unlike_frames_are_refused(tmp_path, fields, word):
    flat = np.zeros((8, 8), np.uint16)
    images = {
        str(tmp_path / "1"): _Image(flat, model="A"),
        str(tmp_path / "2"): _Image(flat, **{"model": "A", **fields}),
    }
    paths = [tmp_path / "1", tmp_path / "2"]
    with pytest.raises(InputError, match=f"must have one {word}"):
        frames.inspect(paths, [1.0], None, _reader(images))


def test_a_frame_without_iso_needs_a_gain(tmp_path):
    image = _Image(np.zeros((8, 8), np.uint16))
    with pytest.raises(InputError, match="says no ISO"):
        frames.inspect([tmp_path / "1"], None, None, lambda path: image)


def _info(path):
    return frames.Info(path, 1.0, None, "", (8, 8), "RGGB", (8, 8), (0, 0))


def test_the_first_packed_pixel_has_its_place_in_the_full_mosaic(tmp_path):
    info = dataclasses.replace(
        _info(tmp_path), pattern="GBRG", full_shape=(20, 30), origin=(6, 9)
    )
    assert info.packed_origin == (7, 9)


def test_counts_of_every_fourth_are_steps_of_four(rng, tmp_path):
    mosaic = (4 * rng.integers(0, 255, (16, 24))).astype(np.uint16)
    _, levels = frames.load([_info(tmp_path)], lambda path: _Image(mosaic))
    assert {level.step for level in levels} == {4.0}
    assert levels[0].low == 0.0  # Something lies below black: a pedestal.


def test_nothing_below_black_means_clipped_at_black(rng, tmp_path):
    mosaic = rng.integers(64, 900, (16, 24)).astype(np.uint16)
    _, levels = frames.load([_info(tmp_path)], lambda path: _Image(mosaic))
    assert levels[0].low == 64.0
    assert levels[0].high == 1023.0


def test_saturation_below_white_is_seen(rng, tmp_path):
    mosaic = np.minimum(rng.integers(64, 1100, (32, 32)), 1000)
    image = _Image(mosaic.astype(np.uint16))
    _, levels = frames.load([_info(tmp_path)], lambda path: image)
    assert levels[0].high == 1000.0


def test_floats_that_were_counts_are_counts_again(rng, tmp_path):
    counts = rng.integers(40, 900, (32, 48))
    floats = ((counts - 64.0) / 959.0).astype(np.float32)
    image = _Image(floats, black_level=(0.0,) * 4, white_level=1.0)
    packed, levels = frames.load([_info(tmp_path)], lambda path: image)
    assert levels[0].step == 1.0
    np.testing.assert_allclose(levels[0].scale, 959.0, rtol=1e-4)
    np.testing.assert_allclose(
        levels[0].normalize(packed),
        cfa.pack(floats[None, :, :, None]),
        atol=1e-4,
    )


def test_another_light_makes_another_scene(rng):
    levels = (samples.Levels(64.0, 1023.0, 0.0, 1023.0),) * 4
    stack = np.concatenate(
        [
            synthetic.frames(
                synthetic.intensities(light), 2e-4, 1e-6, rng, 2, size=16
            )
            for light in (0.9, 0.4)
        ]
    )
    groups = frames.split_scenes(stack, levels)
    assert [group.tolist() for group in groups] == [[0, 1], [2, 3]]
