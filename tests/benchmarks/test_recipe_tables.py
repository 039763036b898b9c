"""The pages' tables come from what the programs wrote."""

import json

import exports
import pytest
from helpers import load_benchmark

from fanet_tf.errors import InputError


@pytest.fixture(scope="module")
def recipe_tables():
    return load_benchmark("recipe_tables")


def row(member, ms, **changes):
    return {
        "type": "row",
        "member": member,
        "recipe": "float16",
        "threads": 1,
        "status": "ok",
        "processes": 5,
        "spread": 0.03,
        "ms_per_network_mp": ms,
        "ms_per_useful_mp": 2 * ms,
        "matmul_fraction": 0.4,
        "matmul_gmacs_s": 50.0,
        "times_float32": 1.0,
        **changes,
    }


def write(folder, *rows):
    header = {
        "type": "run",
        "schema_version": 1,
        "device": {"model": "Acme 1", "cores": 2},
        "tool": None,
    }
    path = folder / "results.jsonl"
    path.write_text("".join(json.dumps(x) + "\n" for x in (header, *rows)))
    return path


def read(lines):
    """Returns the rows of a Markdown table by the headings of its columns."""
    titles, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    )
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_speed_names_the_machine_and_the_share_of_its_product(
    recipe_tables, tmp_path
):
    failed = row(2, 900.0, status="failed")
    path = write(tmp_path, row(0, 80.0), row(1, 90.0, spread=0.07), failed)
    record = recipe_tables.read_speed(path)
    said, *lines = recipe_tables.speed(record)
    assert said.startswith("Acme 1, 2 cores; medians of 5 interleaved")
    assert "7 %" in said
    (shown,) = read(lines)
    assert shown["ms/MP network"] == "85.0"
    assert shown["ms/MP useful"] == "170.0"
    assert "40 %" in shown["of the float32 matrix product"]
    members = [
        r["member"] for r in read(recipe_tables.speed_of_members(record))
    ]
    assert members == ["0", "1"]


def test_run_without_a_matrix_product_is_refused(recipe_tables, tmp_path):
    with pytest.raises(InputError, match="without a timed row"):
        recipe_tables.read_speed(write(tmp_path))


def test_every_recipe_and_step_of_a_bundle_is_shown(recipe_tables, tmp_path):
    manifest = json.loads((exports.small()[2] / "manifest.json").read_text())
    int8 = {"recipe": "static_wi8_ai8", "times_float32": 2.5}
    rows = [row(0, 20.0 / n, threads=n, **int8) for n in (1, 2)]
    record = recipe_tables.read_speed(write(tmp_path, *rows))
    chosen = "\n".join(recipe_tables.recipes(manifest, record))
    assert "20 / 10" in chosen and "2.5 / 2.5" in chosen
    for recipe in manifest["members"][0]["recipes"]:
        assert f"`{recipe}`" in chosen
    steps = [
        step
        for member in manifest["members"]
        for step in member["recipes"]["static_wi8_ai8"]["steps"]
    ]
    shown = read(recipe_tables.steps(manifest))
    assert [row["int8 after"] for row in shown] == [s["step"] for s in steps]
