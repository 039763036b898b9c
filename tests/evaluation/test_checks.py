"""The rules an array is held to, on made-up figures."""

import pytest

from fanet_tf.evaluation import checks


def record(**rows):
    """Builds an evaluation's JSON: method -> PSNR at gains 1, 4 and 64."""
    return {
        "methods": [{"method": name} for name in rows],
        "per_gain": [
            {"gain": gain, "method": name, "raw_psnr": value}
            for name, values in rows.items()
            for gain, value in zip((1.0, 4.0, 64.0), values, strict=True)
        ],
    }


def test_a_peer_that_was_measured_is_a_rule_and_bound_by_none():
    figures = record(ours=(46, 44.5, 35), pmrid=(45, 44, 36))
    (*_, above_peer) = checks.check(figures)
    assert {c.method for c in checks.check(figures)} == {"ours"}
    assert "PMRID" in above_peer.rule and not above_peer.passed
    assert above_peer.margins[64.0] == pytest.approx(-1.0)


def test_rules_hold_where_they_should():
    figures = record(
        identity=(45, 39, 27), nlm=(47, 43, 34), bm3d=(49, 44, 35),
        ours=(46, 44.5, 35),
    )  # fmt: skip
    above_input, above_nlm, above_bm3d = checks.check(figures)
    assert above_input.passed and above_input.margins == {
        1.0: 1, 4.0: 5.5, 64.0: 8,
    }  # fmt: skip
    # Not asked at gain 1; one dB is asked above, so 1 better has margin 0.
    assert above_nlm.passed and above_nlm.margins == {4.0: 0.5, 64.0: 0}
    assert above_bm3d.passed and above_bm3d.margins == {4.0: 0.5, 64.0: 0}


def test_a_rule_is_missed_at_one_gain():
    figures = record(identity=(45, 39, 27), ours=(44.99, 44, 35))
    check = checks.check(figures)[0]
    assert check.passed is False
    assert check.verdict == "missed (-0.01 at 1, +5.00 at 4, +8.00 at 64)"


def test_a_method_that_did_not_run_is_not_measured():
    figures = record(identity=(45, 39, 27), ours=(46, 44, 35))
    for check in checks.check(figures)[1:]:
        assert check.passed is None and check.verdict == "not measured"


def test_an_infinite_figure_is_not_compared():
    figures = record(identity=(45, 39, 27), ours=(None, 44, 35))
    assert list(checks.check(figures)[0].margins) == [4.0, 64.0]


def test_classical_methods_are_not_held_to_anything():
    assert checks.check(record(identity=(1, 1, 1), nlm=(0, 0, 0))) == []
    assert checks.text([]) == ""
