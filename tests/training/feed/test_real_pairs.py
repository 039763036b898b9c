"""Batches of captured pairs have the noise that was captured."""

import json

import numpy as np
import pytest
from runs import small_config

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.errors import InputError
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed.schedule import Phase

PROFILE = profile_lib.load("imx258")
GAINS = (4.0, 32.0)
A = [float(PROFILE.a(gain)) for gain in GAINS]


@pytest.fixture
def folder(tmp_path):
    """Two pairs whose noisy frames are half of the clean ones."""
    rng = np.random.default_rng(0)
    records = []
    for gain in GAINS:
        name = f"scene_{gain:g}"
        clean = rng.random((40, 52, 4), np.float32)
        noisy = 0.5 * clean
        valid = np.ones(clean.shape[:2], bool)
        noisy[:, :4], valid[:, :4] = 9.0, False  # A moving thing.
        (tmp_path / name).mkdir()
        for part, array in (
            ("noisy", noisy),
            ("clean", clean),
            ("valid", valid),
        ):
            np.save(tmp_path / name / f"{part}.npy", array)
        records.append(
            {
                "name": name,
                "gain": gain,
                "a": float(PROFILE.a(gain)),
                "b": float(PROFILE.b(gain)),
                "colour": {
                    "rgb_from_cam": np.eye(3).tolist(),
                    "red_gain": 1.0,
                    "blue_gain": 1.0,
                },
            }
        )
    index = {"schema_version": 1, "pairs": records}
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path


def batches(sources, weights, a_range, realism="none", count=4):
    data = small_config().data
    data.sources, data.weights = sources, weights
    data.batch_size, data.realism = 16, realism
    phase = Phase(0, count, 32, 16)
    bank = pipeline.build_bank(data, [phase], 0)
    dataset = pipeline.batches(data, phase, bank, PROFILE, a_range, 0, 0)
    parts = [
        (*(inputs[n] for n in ("noisy", "scale", "offset")), clean)
        for inputs, clean in dataset.as_numpy_iterator()
    ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def test_crops_of_pairs_are_flipped_together_and_keep_their_noise(folder):
    noisy, scale, offset, clean = batches(
        (f"pairs:{folder}",), (1.0,), (A[0], A[1])
    )
    captured = np.abs(noisy - 0.5 * clean) < 1e-6
    # All but the masked columns, which get drawn noise.
    assert 0.8 < captured.mean() < 1.0
    assert 0.0 <= noisy.min() and noisy.max() <= 1.0
    counts = np.isclose(1 / scale.ravel()[:, None], A, rtol=1e-5).sum(axis=0)
    assert counts.min() > 0 and counts.sum() == len(scale)
    for gain, a in zip(GAINS, A, strict=True):
        of_gain = np.isclose(scale, 1 / a, rtol=1e-5)
        np.testing.assert_allclose(
            offset[of_gain], PROFILE.b(gain) / a**2, rtol=1e-5
        )


def test_other_sources_of_a_mix_still_get_drawn_noise(folder):
    noisy, scale, _, clean = batches(
        (f"pairs:{folder}", "dead_leaves:1"), (1.0, 1.0), (A[0], A[1])
    )
    is_pair = np.isclose(1 / scale.ravel()[:, None], A, rtol=1e-5).any(axis=1)
    assert 0.3 < is_pair.mean() < 0.7
    same = np.abs(noisy - 0.5 * clean) < 1e-6
    halved = same.mean(axis=(1, 2, 3)) > 0.5
    bright = clean.mean(axis=(1, 2, 3)) > 0.2
    np.testing.assert_array_equal(halved[bright], is_pair[bright])


def test_a_member_sees_the_pairs_of_its_own_noise(folder):
    sources = (f"pairs:{folder}",)
    _, scale, _, _ = batches(sources, (1.0,), (A[1], 2 * A[1]), count=1)
    np.testing.assert_allclose(1 / scale, A[1], rtol=1e-5)
    with pytest.raises(InputError, match="none with a in"):
        batches(sources, (1.0,), (2 * A[1], 3 * A[1]))
    # Beside photographs it is left out.
    both = (*sources, "dead_leaves:1")
    _, scale, _, _ = batches(both, (1.0, 1.0), (2 * A[1], 3 * A[1]), count=1)
    assert (1 / scale > 1.9 * A[1]).all()


def test_a_folder_that_is_no_paired_set_is_refused(tmp_path):
    with pytest.raises(InputError, match="must hold index.json"):
        batches((f"pairs:{tmp_path}",), (1.0,), (A[0], A[1]))
