import pytest

from android_bench.results import columns
from android_bench.results import ratios

FULL = {
    "recipe": "int8",
    "delegate": "cpu",
    "tile": {"height": 8, "width": 8, "halo": 0},
    "notes": [],
    "status": "ok",
    "processes": 1,
    "comparable": True,
}


def latency(recipe, number, median_us, threads=1):
    return {
        "kind": "latency",
        "status": "ok",
        "model": f"m0.{recipe}",
        "delegate": "cpu",
        "threads": threads,
        "round": number,
        "latency": {"median_us": median_us},
    }


def product(number, gmacs_s, threads=1):
    return {
        "kind": "matmul",
        "status": "ok",
        "threads": threads,
        "round": number,
        "matmul": {"gmacs_s": gmacs_s},
    }


def row(recipe, threads=1):
    return {
        "member": 0,
        "recipe": recipe,
        "delegate": "cpu",
        "threads": threads,
    }


def test_load_that_falls_on_a_whole_round_changes_no_ratio():
    jobs = []
    for number, load in enumerate((1, 5, 1)):
        jobs += [
            latency("float32", number, 1000 * load),
            latency("int8", number, 400 * load),
            product(number, 50 / load),
        ]
    rows = [row("float32"), row("int8")]
    ratios.add(rows, jobs, {"m0.float32": 10_000_000, "m0.int8": 10_000_000})
    assert [r["times_reference"] for r in rows] == pytest.approx([1, 2.5])
    assert {r["reference"] for r in rows} == {"float32"}
    # 1e7 in 1 ms are 10 GMACs/s, of 50.
    assert [r["matmul_fraction"] for r in rows] == pytest.approx([0.2, 0.5])
    assert [r["gmacs_s"] for r in rows] == pytest.approx([10, 25])
    assert {r["matmul_gmacs_s"] for r in rows} == {50}


def test_ratio_is_to_as_many_threads():
    jobs = [product(0, 50), product(0, 100, threads=2)]
    jobs.append(latency("int8", 0, 100, threads=2))
    rows = [row("int8", threads=2)]
    ratios.add(rows, jobs, {"m0.int8": 1_000_000})
    assert rows[0]["matmul_fraction"] == pytest.approx(0.1)
    assert rows[0]["reference"] == "int8"


def test_rows_of_a_phone_have_no_matrix_product():
    rows = [row("float32")]
    ratios.add(rows, [latency("float32", 0, 1.0)], {"m0.float32": 1})
    added = {"reference": "float32", "times_reference": 1}
    assert rows == [{**row("float32"), **added}]


@pytest.mark.parametrize(
    "recipes, reference",
    [
        (["int8", "float16", "float32"], "float32"),
        (["int8", "float16"], "float16"),
        (["dynamic", "int8"], "dynamic"),
    ],
)
def test_another_reference_is_named_where_float32_is_missing(
    recipes, reference
):
    times = dict(zip(recipes, (100, 200, 400), strict=False))
    rows = [row(recipe) for recipe in recipes]
    ratios.add(rows, [latency(r, 0, us) for r, us in times.items()], {})
    for one in rows:
        assert one["reference"] == reference
        assert one["times_reference"] == pytest.approx(
            times[reference] / times[one["recipe"]]
        )
    (title,) = {
        column.title
        for column in columns.of([{**FULL, **one} for one in rows])
        if column.title.startswith("x ")
    }
    assert title == f"x {reference}"


def test_references_that_differ_stand_in_the_cells():
    rows = [
        {**FULL, "member": n, "reference": name, "times_reference": 2.0}
        for n, name in enumerate(("float32", "float16"))
    ]
    (column,) = [c for c in columns.of(rows) if c.title.startswith("x ")]
    assert column.title == "x reference"
    assert [column.cell(r) for r in rows] == ["2 (float32)", "2 (float16)"]
