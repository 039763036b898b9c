"""The halo by tolerance: measured in one tile, as it is in a whole frame."""

import json
import shutil

import exports
import numpy as np
import pytest

from export.contract import check
from export.contract import checksums
from export.contract import halo
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising import tiles
from fanet_tf.errors import InputError

STRIDE, SIDE, A = 2, 64, 4e-3


def blur(radius, weight):
    """A network that adds the sum of the pixels at `radius`, times `weight`.

    Beyond the tile there are zeros, as a convolution pads them.
    """

    def run(inputs):
        x = inputs["noisy"]
        padded = np.pad(x, ((0, 0), (radius, radius), (radius, radius), (0, 0)))
        rows = padded[:, : -2 * radius] + padded[:, 2 * radius :]
        return x + weight * rows[:, :, radius:-radius]

    return run


def tile(rng, value=None):
    noisy = rng.uniform(0.2, 0.8, (1, SIDE, SIDE, 4)).astype(np.float32)
    if value is not None:
        noisy[:] = value
    one = np.ones((1, 1, 1, 1), np.float32)
    return {"noisy": noisy, "scale": one / A, "offset": 0 * one}


def test_errors_end_where_the_network_no_longer_reaches():
    rows = halo.measure(
        blur(7, 0.1), [tile(np.random.default_rng(0))], STRIDE, 30
    )
    assert [row.halo for row in rows] == list(range(1, 16))
    for row in rows:
        assert (row.largest > 0) == (row.halo < 7), row
        assert row.largest >= row.p999 >= row.rms >= 0


def test_errors_count_deviations_of_the_noise():
    value, weight = 0.5, 0.1
    rows = halo.measure(
        blur(5, weight), [tile(np.random.default_rng(0), value)], STRIDE, 30
    )
    # The zeros beyond the edge stand for one of two equal neighbours.
    deep = value * (1 + 2 * weight)
    expected = value * weight / np.sqrt(A * deep)
    assert rows[0].largest == pytest.approx(expected, rel=1e-4)
    # All of a line along the edge errs alike: a seam.
    assert rows[0].seam == pytest.approx(expected, rel=1e-4)


def test_the_smallest_halo_within_the_tolerance_is_chosen():
    def row(size, largest, seam=0.0):
        return halo.Row(size, largest, largest, largest, seam)

    one = [row(2, 0.9), row(4, 0.04), row(6, 0.2), row(8, 0.04), row(10, 0.0)]
    other = [row(2, 0.01), row(4, 0.01), row(6, 0.0)]
    assert halo.choose([other], 0.05, 12) == 2
    # One that errs farther out counts, though a smaller one would do.
    assert halo.choose([one], 0.05, 12) == 8
    assert halo.choose([one, other], 0.05, 12) == 8
    assert halo.choose([one, []], 0.05, 12) == 12
    assert halo.choose([[row(2, 0.04, seam=0.02)]], 0.05, 12) == 12


def test_weights_that_carry_farther_than_the_layers_reach_are_believed():
    def table(*largest):
        return [
            halo.Row(2 * i + 2, x, x, x, 0.0) for i, x in enumerate(largest)
        ]

    near, far = table(0.9, 0.01, 0.0, 0.0), table(0.9, 0.2, 0.02, 0.0)
    assert halo.exact([near], 4) == 6
    assert halo.exact([near], 8) == 8
    assert halo.exact([near, far], 4) == 8
    assert halo.exact([[], table(0.9)], 12) == 12  # The tile ends before it.
    halo.check([far], 6, 0.05)
    halo.check([far], 8, None)
    with pytest.raises(InputError, match="0.02 deviations of the noise, 6"):
        halo.check([far], 6, None)
    endless = table(0.9, 0.8, 0.7)
    assert halo.exact([endless], 4) == 6
    with pytest.raises(InputError, match="`tile` must be so large"):
        halo.check([endless], halo.choose([endless], 0.05, 6), 0.05)
    found = [row["halo"] for row in halo.record(near, 0.05, 6)["table"]]
    assert found == [2, 4, 6]


def test_a_tile_that_is_too_small_is_not_measured():
    small = {name: value[:, :8, :8] for name, value in tile(np.random).items()}
    assert halo.measure(blur(1, 0.1), [small], 4, 30) == []


@pytest.fixture
def bundle(tmp_path):
    """A bundle of wide tiles, whose halo was measured."""
    exports.export(exports.small()[1], tmp_path / "wide", tile=96)
    return tmp_path / "wide"


def test_the_manifest_says_how_the_halo_was_chosen(bundle, tmp_path):
    members = json.loads((bundle / "manifest.json").read_text())["members"]
    (size,) = {member["tile"]["halo"] for member in members}
    worst = 0.0
    for member in members:
        record = member["halo"]
        assert record["tolerance"] == halo.TOLERANCE
        assert size < record["exact"]
        rows = {row["halo"]: row for row in record["table"]}
        assert rows[size]["largest"] <= halo.TOLERANCE
        worst = max(
            worst, rows[size - 1]["largest"], 5 * rows[size - 1]["seam"]
        )
    assert worst > halo.TOLERANCE
    assert check.check(bundle)["members"] == 2
    # On request, as the layers say.
    exports.export(
        exports.small()[1], tmp_path / "exact", tile=96, halo_tolerance=None
    )
    for member in bundle_reader.load(tmp_path / "exact").members:
        assert member.tile.halo == member.record["halo"]["exact"]


def changed(bundle, change):
    """Changes the manifest as somebody would who makes a halo smaller."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    for member in manifest["members"]:
        change(member)
        tile = member["tile"]
    margin = tiles.margin(tile["halo"], tile["stride"])
    manifest["tiling"]["mirrored"] = margin
    path.write_text(json.dumps(manifest))
    (bundle / checksums.NAME).unlink()
    checksums.write(bundle)


def test_a_halo_that_is_too_small_is_refused(bundle):
    copy = bundle.with_name("copy")
    shutil.copytree(bundle, copy)

    def smaller(member):
        member["tile"]["halo"] = 1

    changed(copy, smaller)
    with pytest.raises(InputError, match="a halo must be"):
        bundle_reader.load(copy)

    def lie(member):
        member["halo"]["table"][0].update(halo=1, largest=0.0)

    changed(copy, lie)
    with pytest.raises(InputError, match="a halo of 1 must err by at most"):
        for member in bundle_reader.load(copy).manifest["members"]:
            check._check_halo(copy, member)
