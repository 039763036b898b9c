"""`python -m android_bench.cli` runs `fanet-bench`."""

from android_bench.cli import bench

bench.cli()
