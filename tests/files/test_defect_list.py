"""Lists of defective pixels, and what is none."""

import json

import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import defect_list


def write(tmp_path, value):
    path = tmp_path / "defects.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def listed(rows, columns, **more):
    return {"defects": {"rows": rows, "columns": columns}, **more}


def test_places_come_in_reading_order_each_once(tmp_path):
    value = listed([9, 2, 9, 2], [1, 7, 1, 3], sensor="X", height=20, width=30)
    found = defect_list.read(write(tmp_path, value))
    assert found.rows.tolist() == [2, 2, 9]
    assert found.columns.tolist() == [3, 7, 1]
    assert found.shape == (20, 30)
    found.check((20, 30))


def test_an_empty_list_without_a_size_suits_any_frame(tmp_path):
    found = defect_list.read(write(tmp_path, listed([], [])))
    assert found.shape is None and len(found.rows) == 0
    found.check((2, 3))


@pytest.mark.parametrize(
    "value, message",
    [
        ("[1, 2]", "must be a JSON object"),
        ("{", "must be JSON"),
        ({"sensor": "X"}, "must have a field `defects`.*'sensor'"),
        ({"defects": [1, 2]}, "must have a field `defects`"),
        (listed([1], None), "`defects.columns` must be a list of integers"),
        (listed([1.5], [1]), "`defects.rows` must be a list of integers"),
        (listed([True], [1]), "`defects.rows` must be"),
        (listed([-1], [1]), "from 0 to 64999"),
        (listed([1], [65000]), "from 0 to 64999"),
        (listed([1, 2], [1]), "must be as many. Received: 2 and 1"),
        (listed([1], [1], height=4), "`height` and `width` must be"),
        (listed([1], [1], height=0, width=4), "`height` and `width` must be"),
    ],
)
def test_another_file_is_refused(tmp_path, value, message):
    with pytest.raises(InputError, match=message):
        defect_list.read(write(tmp_path, value))


def test_a_list_of_another_frame_is_refused(tmp_path):
    sized = defect_list.read(
        write(tmp_path, listed([1], [1], height=20, width=30))
    )
    with pytest.raises(InputError, match="a list of 20 x 30 pixels, a frame"):
        sized.check((30, 20))
    unsized = defect_list.read(write(tmp_path, listed([25, 1], [1, 35])))
    with pytest.raises(InputError, match="Received: row 25, column 35"):
        unsized.check((26, 30))
