"""The rows of `benchmarks/ablations.py` compare like with like."""

import pathlib

import pytest
from helpers import load_benchmark

from fanet_tf import train

_STEPS = 1600


@pytest.fixture(scope="module")
def rows():
    ablations = load_benchmark("ablations")
    schedule = ablations.Schedule(_STEPS, 8, "bundled")
    root = pathlib.Path("runs")
    return {
        f"{table}/{name}": ablations.stages(schedule, row, 0, root)
        for table, group in ablations.tables(root / "teacher").items()
        for name, row in group.items()
    }


def test_every_row_takes_as_many_steps(rows):
    for name, stages in rows.items():
        steps = [c.train.steps * c.nsma.members for c, _ in stages]
        assert sum(steps) == _STEPS, name


def test_every_row_sees_the_same_data(rows):
    configs = [config for stages in rows.values() for config, _ in stages]
    for config in configs:
        assert config.data == configs[0].data
        assert config.seed == configs[0].seed
        assert config.validation.source == configs[0].validation.source
        assert config.validation.size == configs[0].validation.size


def test_every_row_has_a_network(rows):
    for stages in rows.values():
        for config, _ in stages:
            assert train.build_member(config, 48, 48).count_params() > 1000
