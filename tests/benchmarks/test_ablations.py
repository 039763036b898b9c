"""The rows of `benchmarks/ablations.py` compare like with like."""

import dataclasses
import json
import pathlib

import pytest

import ablation_rows
import ablation_tables
from fanet_tf.training import members

_STEPS = 1600
_SCHEDULE = ablation_rows.Schedule(_STEPS, 8, "bundled")
_TABLES = ablation_rows.tables()


@pytest.fixture(scope="module")
def rows():
    root = pathlib.Path("runs")
    return {
        f"{table}/{name}": ablation_rows.stages(_SCHEDULE, row, 0, root)
        for table, group in _TABLES.items()
        for name, row in group.items()
        if not row.missing
    }


def test_every_row_takes_as_many_steps(rows):
    for name, stages in rows.items():
        steps = [c.train.steps * c.nsma.members for c, _ in stages]
        assert sum(steps) == _STEPS, name


def of(rows, is_started):
    """Returns the configs of the rows with a trained start, or without."""
    return [
        config
        for name, stages in rows.items()
        for config, _ in stages
        if name.startswith("trained_array/") == is_started
    ]


def test_every_row_sees_the_same_data(rows):
    configs = of(rows, is_started=False)
    for config in configs:
        # The table of the sensor asks what its terms bring.
        assert config.data.realism in ("none", "phone")
        config = config.copy_and_resolve_references()
        config.data.realism = configs[0].data.realism
        assert config.data == configs[0].data
        assert config.seed == configs[0].seed
        assert config.validation.source == configs[0].validation.source
        assert config.validation.size == configs[0].validation.size


def test_every_row_with_a_start_sees_what_that_has_seen(rows):
    configs = of(rows, is_started=True)
    assert {config.nsma.members for config in configs} == {1, 2, 4}
    for config in configs:
        assert config.data == configs[0].data
        assert config.data.realism == "phone"
        assert config.train.init_from == configs[0].train.init_from


def test_every_row_has_a_network(rows):
    for stages in rows.values():
        for config, _ in stages:
            assert members.build(config.model, 48, 48).count_params() > 1000


def test_a_row_that_is_the_same_training_is_trained_once(rows):
    same = ("architectures/fan_fast", "array/n1", "losses/charbonnier")
    assert len({rows[name][-1][1] for name in same}) == 1


def scores(psnr):
    return {
        "psnr": [psnr] * len(ablation_rows.GAINS),
        "raw_ssim": 0.9,
        "rgb_psnr": 30.0,
        "rgb_ssim": 0.8,
    }


def write(folder, table, name, *psnr):
    return ablation_tables.write(
        folder,
        table,
        _TABLES[table],
        name,
        _SCHEDULE,
        [scores(value) for value in psnr],
    )


def test_a_table_holds_means_half_spreads_and_the_papers_figure(tmp_path):
    text = write(tmp_path, "architectures", "fan", 40.0, 40.5)
    line = next(x for x in text.splitlines() if x.startswith("| Feature-Align"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1] == "2.6793" and cells[3] == "1,600 x 8, 2"
    assert set(cells[4:11]) == {"40.25 ± 0.25"} and cells[-1] == "45.520"
    assert "--rows=fan --steps=1600" in text


def test_a_table_says_which_seeds_its_rows_have(tmp_path):
    text = ablation_tables.write(
        tmp_path,
        "architectures",
        _TABLES["architectures"],
        "fan_gate",
        dataclasses.replace(_SCHEDULE, first_seed=1),
        [scores(40.0)] * 2,
    )
    assert "--seeds=2 --first_seed=1 --workdir" in text


def test_rows_keep_the_tables_order_and_one_another(tmp_path):
    write(tmp_path, "array", "n4", 41.0)
    write(tmp_path, "array", "n1", 40.0)
    record = json.loads((tmp_path / "array.json").read_text())["rows"]
    assert list(record) == ["n1", "n4"]
    assert record["n4"]["parameters"] == 4 * record["n1"]["parameters"]
    assert record["n4"]["psnr"][0][0] == 41.0


def test_the_sensors_table_has_both_kinds_of_frames(tmp_path):
    # [PSNR, of the darkest quarter] at each gain, in two seeds.
    frames = {
        kind: [[50.0, 45.0], [46.0, 41.0], [41.0, 36.0]]
        for kind in ("clipped, no term", "signed, all together")
    }
    seeds = [{**scores(40.0), "sensor": frames} for _ in range(2)]
    text = ablation_tables.write(
        tmp_path, "sensor", _TABLES["sensor"], "phone", _SCHEDULE, seeds
    )
    line = next(x for x in text.splitlines() if x.startswith("| signed, all"))
    assert "A phone's sensor" in line
    assert line.endswith("| 41.00 ± 0.00; 36.00 ± 0.00 |")


def test_a_row_that_could_not_be_trained_says_why(tmp_path):
    text = write(tmp_path, "losses", "rgb_perceptual")
    assert "VGG-16" in text and "± " not in text and "45.519" in text


def test_a_row_of_more_seeds_stays_unless_the_schedule_is_another(tmp_path):
    def psnr():
        rows = json.loads((tmp_path / "array.json").read_text())["rows"]
        return [seed[0] for seed in rows["n1"]["psnr"]]

    write(tmp_path, "array", "n1", 40.0, 41.0)
    write(tmp_path, "array", "n1", 39.0)
    assert psnr() == [40.0, 41.0]
    ablation_tables.write(
        tmp_path,
        "array",
        _TABLES["array"],
        "n1",
        ablation_rows.Schedule(2 * _STEPS, 8, "bundled"),
        [scores(42.0)],
    )
    assert psnr() == [42.0]
