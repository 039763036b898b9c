import pytest

from fanet_tf.denoising import bundle as bundles
from fanet_tf.denoising import macs
from fanet_tf.errors import InputError


def test_a_member_costs_the_same_in_every_number_format():
    """Also in float16, whose fixed kernels are widened in the graph."""
    array = bundles.load()
    for member in array.members:
        counts = {macs.total(member.path(r)) for r in array.recipes}
        assert len(array.recipes) > 1 and len(counts) == 1, counts


def test_a_file_that_is_no_flatbuffer_is_refused(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"no flatbuffer")
    with pytest.raises(InputError, match="broken.tflite must be a flatbuffer"):
        macs.total(path)
