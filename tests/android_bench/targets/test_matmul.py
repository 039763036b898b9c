import pytest

from android_bench.errors import BenchError
from android_bench.targets import matmul


def test_matrix_product_is_measured_with_its_threads():
    measured = matmul.measure(threads=1, runs=2, limit_s=60)
    assert measured["gmacs_s"] > 0
    assert measured["num_runs"] == 2


def test_matrix_product_that_hangs_is_refused():
    with pytest.raises(BenchError, match="within 0.01 s"):
        matmul.measure(threads=1, runs=2, limit_s=0.01)
