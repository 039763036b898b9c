"""Which defective pixels of a frame are corrected, and what is said of it."""

import dataclasses
import json

import numpy as np
import pytest

from fanet_tf.denoising import defects
from fanet_tf.denoising.defects import Correction
from fanet_tf.errors import InputError
from fanet_tf.files import black
from fanet_tf.files import defect_list
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw.shading import ShadingMap

NOISE = (8.4e-4, 1.6e-6)


def image(rng, active=(2, 3, 130, 195)):
    """Grey, with masked borders and two defects: one weak, one strong."""
    clean = np.full((132, 198), 0.2)
    a, b = NOISE
    x = clean + np.sqrt(a * clean + b) * rng.standard_normal(clean.shape)
    counts = np.rint(64 + 959 * x).astype(np.uint16)
    counts[40, 50], counts[80, 91], counts[0, 0] = 1023, 300, 1023
    return RawImage(counts, "GRBG", (64.0,), 1023.0, active)


def listed(tmp_path, rows, columns, **more):
    path = tmp_path / "defects.json"
    value = {"defects": {"rows": rows, "columns": columns}, **more}
    path.write_text(json.dumps(value))
    return path


def changed(before, after):
    return np.argwhere(before.mosaic != after.mosaic).tolist()


def test_black_that_differs_by_row_and_column_is_none_of_a_defect(rng):
    """Each corrected pixel gets the black of its own place."""
    source = image(rng)
    height, width = source.visible.shape
    rows = 30.0 * (np.arange(height) % 3 - 1)
    columns = 20.0 * (np.arange(width) % 5 - 2)
    columns[60] = 400.0  # As a defective column would have it.
    mosaic = source.mosaic.copy()
    offsets = rows[:, None] + columns
    top, left, bottom, right = source.active
    shown = source.visible + offsets * (1023 - source.visible) / 959
    mosaic[top:bottom, left:right] = np.rint(shown)
    given = dataclasses.replace(
        source,
        mosaic=mosaic,
        black_offsets=black.BlackOffsets(np.zeros((2, 2)), rows, columns),
    )
    before = mosaic.copy()
    result = Correction().correct(given, NOISE)
    assert changed(given, result.image) == [[40, 50]]
    assert result.image.mosaic.dtype == np.uint16
    assert result.image.black_offsets is given.black_offsets
    np.testing.assert_array_equal(given.mosaic, before)
    expected = Correction().correct(source, NOISE).image.mosaic[40, 50]
    offset = offsets[40 - top, 50 - left] * (1023 - expected) / 959
    assert abs(result.image.mosaic[40, 50] - expected - offset) <= 2


def test_strong_defects_are_found_and_the_input_stays(rng):
    source = image(rng)
    before = source.mosaic.copy()
    result = Correction().correct(source, NOISE)
    assert changed(source, result.image) == [[40, 50]]
    assert result.describe() == "defective pixels corrected: 1 found"
    np.testing.assert_array_equal(source.mosaic, before)
    there = Correction().correct(source, NOISE, in_place=True).image
    assert there.mosaic is source.mosaic
    np.testing.assert_array_equal(there.mosaic, result.image.mosaic)


def test_a_list_counts_from_the_corner_of_the_whole_mosaic(rng, tmp_path):
    source = image(rng)
    path = listed(tmp_path, [80, 0], [91, 0], height=132, width=198)
    result = defects.parse([str(path)]).correct(source, NOISE)
    # The masked border is left alone.
    assert changed(source, result.image) == [[80, 91]]
    assert abs(int(result.image.mosaic[80, 91]) - 256) < 20
    assert result.describe() == "defective pixels corrected: 1 listed"


def test_both_correct_both(rng, tmp_path):
    source, path = image(rng), listed(tmp_path, [80], [91])
    for texts in (["auto", str(path)], [str(path), "auto"]):
        result = defects.parse(texts).correct(source, NOISE)
        assert changed(source, result.image) == [[40, 50], [80, 91]]
        said = "defective pixels corrected: 1 listed, 1 found"
        assert result.describe() == said


def test_none_corrects_none(rng):
    source = image(rng)
    result = defects.parse(["none"]).correct(source, NOISE)
    assert result.image is source and result.describe() == ""


def test_the_shading_of_the_frame_counts(rng):
    """What is an outlier for the noise of the centre, and not here."""
    source = image(rng)
    source.mosaic[100, 100] = 480
    plain = Correction().correct(source, NOISE)
    high = ShadingMap(np.full((4, 2, 2), 8.0, np.float32))
    shaded = Correction().correct(source, NOISE, high)
    assert [100, 100] in changed(source, plain.image)
    assert changed(source, shaded.image) == [[40, 50]]


def test_a_frame_of_defects_is_left_alone_with_a_warning(rng):
    source = image(rng)
    source.mosaic[::6, ::6] = 1023
    with pytest.warns(UserWarning, match="is its noise right"):
        result = Correction().correct(source, NOISE)
    assert changed(source, result.image) == []
    assert result.describe() == ""


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["none", "auto"], ["a.json", "b.json"], ["auto", "auto", ""]],
)
def test_another_combination_is_refused(texts):
    with pytest.raises(InputError, match="--defects must be none, auto"):
        defects.parse(texts)


def test_a_list_of_another_frame_is_refused(rng, tmp_path):
    known = defect_list.read(listed(tmp_path, [1], [1], height=9, width=9))
    with pytest.raises(InputError, match="of 9 x 9 pixels, a frame of 132"):
        Correction(False, known).correct(image(rng), NOISE)


def test_packed_planes_are_corrected_in_their_places(rng):
    a, b = NOISE
    x = 0.2 + np.sqrt(a * 0.2 + b) * rng.standard_normal((64, 96, 4))
    x = x.astype(np.float32)
    spoilt = x.copy()
    spoilt[20, 30, 2] = 0.9
    spoilt[21, 60, 3] = 0.8
    fixed = defects.correct_packed(spoilt, NOISE)
    different = np.argwhere(fixed != spoilt).tolist()
    assert different == [[20, 30, 2], [21, 60, 3]]
    assert np.abs(fixed - x).max() < 0.1
