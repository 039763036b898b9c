"""Laws of what people type for a config."""

import pytest

from fanet_tf import config as config_lib
from fanet_tf.cli import config_words
from fanet_tf.errors import InputError


@pytest.mark.parametrize(
    "typed, parsed",
    [
        ("a,b", "('a', 'b')"),
        ("photos@3,dead_leaves:64", "('photos@3', 'dead_leaves:64')"),
        ("('a','b')", "('a','b')"),
        ("('a','b'", "('a','b'"),  # A mistake stays one, for absl to name.
    ],
)
def test_a_plain_list_becomes_a_tuple(typed, parsed):
    argv = ["fanet-train", f"--config.data.sources={typed}"]
    assert config_words.with_tuples(argv)[1] == (
        f"--config.data.sources={parsed}"
    )


def test_fields_that_hold_no_tuple_keep_their_commas():
    argv = ["fanet-train", "--config.train.init_from=a,b", "--workdir=a,b"]
    assert config_words.with_tuples(argv) == argv


@pytest.mark.parametrize(
    "sources, given, left, weights",
    [
        (("p@3", "q:64"), False, ("p", "q:64"), (3.0, 1.0)),
        (("p@.5", "q@1.5"), False, ("p", "q"), (0.5, 1.5)),
        (("p", "q", "r"), False, ("p", "q", "r"), (1.0, 1.0, 1.0)),
        # As many as the config has weights for: they stay.
        (("p", "q"), False, ("p", "q"), (0.7, 0.3)),
        (("me@home", "q"), False, ("me@home", "q"), (0.7, 0.3)),
        # Too few on purpose: the feed refuses it.
        (("p",), True, ("p",), (0.7, 0.3)),
    ],
)
def test_weights_follow_the_sources(sources, given, left, weights):
    config = config_lib.default_config()
    config.data.weights = (0.7, 0.3)
    config.data.sources = sources
    config_words.settle_shares(config, given)
    assert (config.data.sources, config.data.weights) == (left, weights)


def test_shares_are_given_once():
    config = config_lib.default_config()
    config.data.sources = ("p@3", "q")
    with pytest.raises(InputError, match="given once.*p@3, q"):
        config_words.settle_shares(config, given=True)


def test_every_typo_is_named_with_what_is_near_it():
    argv = ["x", "--config.train.stepz=3", "--config.batch_size=2"]
    first, second = config_words.unknown(argv, config_lib.default_config())
    assert "train.stepz" in first and "config.train.steps" in first
    assert "config.batch_size" in second and "data.batch_size" in second
