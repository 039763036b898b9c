import pytest

from android_bench.results import ratios


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
    assert [r["times_float32"] for r in rows] == pytest.approx([1, 2.5])
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
    assert "times_float32" not in rows[0]


def test_rows_of_a_phone_have_no_matrix_product():
    rows = [row("float32")]
    ratios.add(rows, [latency("float32", 0, 1.0)], {"m0.float32": 1})
    assert rows == [{**row("float32"), "times_float32": 1}]
