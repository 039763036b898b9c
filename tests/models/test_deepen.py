"""A network starts from a trained one with a level or blocks less."""

import keras
import numpy as np
import pytest
from ml_collections import ConfigDict

from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.models import deepen
from fanet_tf.models import gated
from fanet_tf.training import members

SMALL = {
    "widths": (8, 16, 24),
    "stem_stride": 2,
    "encoder": "depth point",
    "middle": "depth light align",
    "decoder": "depth point align",
}
LARGE = {
    **SMALL,
    "widths": (8, 16, 24, 32),
    "encoder": ("depth point", "depth point", "depth"),
    "decoder": ("depth point align", "depth point align", "light align"),
}


def build(sizes, seed):
    """Builds a core in which no layer is the identity."""
    core = gated.build(32, 32, **sizes)
    rng = np.random.default_rng(seed)
    core.set_weights(
        [0.1 * rng.standard_normal(w.shape) for w in core.get_weights()]
    )
    return core


def features(core, name):
    return keras.Model(core.input, core.get_layer(name).output)


@pytest.mark.parametrize(
    "small_name, large_name",
    [("enc1_0_b_add", "enc1_0_b_add"), ("mid_0_a_add", "enc2_0_a_add")],
)
def test_the_way_down_is_the_smaller_networks(small_name, large_name):
    """On what a cell of either size sees alike: a mean of nothing."""
    small, large = build(SMALL, 0), build(LARGE, 1)
    deepen.deepen(large, small)
    x = np.random.default_rng(2).standard_normal((1, 2, 16, 2, 16, 4))
    x -= x.mean((2, 4), keepdims=True)
    # Cells of 8 without a mean have none at 16 either.
    x = x.reshape(1, 2, 2, 8, 2, 2, 8, 4)
    x -= x.mean((3, 6), keepdims=True)
    x = x.reshape(1, 32, 32, 4).astype(np.float32)
    np.testing.assert_allclose(
        features(large, large_name)(x),
        features(small, small_name)(x),
        rtol=0,
        atol=1e-5,
    )


def test_the_new_level_adds_nothing_at_first():
    small, large = build(SMALL, 0), build(LARGE, 1)
    deepen.deepen(large, small)
    x = np.random.default_rng(2).standard_normal((1, 32, 32, 4))
    assert not np.any(features(large, "up2")(x.astype(np.float32)))


def test_every_weight_of_the_smaller_network_is_used():
    small, large = build(SMALL, 0), build(LARGE, 1)
    deepen.deepen(large, small)
    held = {w.tobytes() for w in large.get_weights()}
    assert all(w.tobytes() in held for w in small.get_weights())


def test_only_one_level_more_is_deeper():
    small, large = build(SMALL, 0), build(LARGE, 1)
    assert deepen.is_deeper(large, small)
    assert not deepen.is_deeper(small, large)
    assert not deepen.is_deeper(small, small)


def test_blocks_more_change_nothing_at_first():
    longer = {
        **SMALL,
        "encoder": "depth point depth point",
        "middle": "depth light align depth light depth light",
        "decoder": "depth point align depth",
    }
    small = build(SMALL, 0)
    large = gated.build(32, 32, **longer)
    assert deepen.is_deeper(large, small)
    assert not deepen.is_deeper(small, large)
    deepen.deepen(large, small)
    x = np.random.default_rng(2).standard_normal((1, 32, 32, 4))
    np.testing.assert_allclose(
        large(x.astype(np.float32)),
        small(x.astype(np.float32)),
        rtol=0,
        atol=1e-5,
    )


def test_other_widths_are_refused():
    small = build({**SMALL, "widths": (8, 16, 32)}, 0)
    with pytest.raises(InputError, match="Received: .*of shapes"):
        deepen.deepen(build(LARGE, 1), small)


def test_a_layer_without_a_place_is_refused():
    small = build({**SMALL, "middle": "depth point light align"}, 0)
    with pytest.raises(InputError, match="Received: none for mid_0_b"):
        deepen.deepen(build(LARGE, 1), small)


def test_a_member_starts_from_the_file_of_a_smaller_one(tmp_path):
    def member(name):
        model = ConfigDict(variants.get(name).model)
        return members.build(model, 32, 32)

    small, large = member("fan_half"), member("fan_half_deep")
    small.save(tmp_path / "small.keras")
    members.set_weights_from(large, tmp_path / "small.keras")
    stems = [m.get_layer("core").get_layer("stem") for m in (small, large)]
    np.testing.assert_array_equal(*(s.get_weights()[0] for s in stems))
    large.save(tmp_path / "large.keras")
    with pytest.raises(InputError, match="the config's network"):
        members.set_weights_from(small, tmp_path / "large.keras")
