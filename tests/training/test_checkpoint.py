"""Laws of checkpoints."""

import numpy as np
import pytest

from fanet_tf.errors import InputError
from fanet_tf.training import checkpoint


@pytest.fixture
def arrays(rng):
    return [rng.random((3, 4), dtype=np.float32), np.array(7), np.zeros(0)]


def test_what_is_saved_is_loaded(tmp_path, arrays):
    path = checkpoint.save(tmp_path, 12, arrays, keep=2)
    step, loaded = checkpoint.load(path)
    assert step == 12
    for mine, theirs in zip(arrays, loaded, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype


def test_the_last_few_are_kept(tmp_path, arrays):
    for step in (1, 2, 3, 10):
        checkpoint.save(tmp_path, step, arrays, keep=2)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["step_000000003.ckpt", "step_000000010.ckpt"]


def test_any_flipped_bit_is_found_and_the_one_before_used(tmp_path, arrays):
    checkpoint.save(tmp_path, 1, arrays, keep=2)
    path = checkpoint.save(tmp_path, 2, arrays, keep=2)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    start = whole.index(b"\n") + 1
    for place in rng.integers(start, len(whole), 50):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="damaged"):
            checkpoint.load(path)
        assert checkpoint.latest(tmp_path)[0] == 1


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_checkpoint_is_passed_over(tmp_path, arrays, share):
    checkpoint.save(tmp_path, 1, arrays, keep=2)
    path = checkpoint.save(tmp_path, 2, arrays, keep=2)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert checkpoint.latest(tmp_path)[0] == 1


def test_no_checkpoint_is_none(tmp_path):
    assert checkpoint.latest(tmp_path) is None
