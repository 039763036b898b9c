"""The page of a run: where its phases ended."""

import runs

from fanet_tf.training import page


def events(*records):
    config = runs.small_config()
    config.train.steps = 40
    config.train.patch_schedule = ((0.5, 64, 4),)
    return page._events(config, records)


def test_a_phase_ends_at_its_share_of_the_steps():
    assert events({"step": 40}) == [(20, "32 px")]


def test_a_phase_to_come_is_not_shown():
    assert events({"step": 10}) == []


def test_an_extended_run_had_the_phases_of_its_old_length():
    changed = {"step": 30, "changed": {"train.steps": [30, 40]}}
    assert events({"step": 10}, changed, {"step": 40}) == [(15, "32 px")]


def test_a_run_extended_before_the_end_of_its_phase_ends_it_later():
    changed = {"step": 10, "changed": {"train.steps": [30, 40]}}
    assert events(changed, {"step": 40}) == [(20, "32 px")]
