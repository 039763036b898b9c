# Two commands do all the set-up: `make quickstart` and `make test`.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install quickstart test test-slow test-arm lint lock clean

help:
	@echo "make install      .venv with the pinned versions"
	@echo "make quickstart   train, export, denoise and report in minutes"
	@echo "make test         run the tests, about ten minutes"
	@echo "make test-slow    run the tests that train for minutes"
	@echo "make test-arm     run the shipped array on emulated ARM cores, minutes"
	@echo "make lint         check with ruff"

# The lock holds exact versions and what their files hash to, for x86_64 and
# aarch64; a changed lock or setup.py installs again.
.venv/installed: requirements.lock setup.py
	$(PYTHON) -c 'import sys; sys.exit("Python must be 3.11, 3.12 or 3.13 (PYTHON=python3.12 chooses one). Received: " + sys.version.split()[0]) if not (3, 11) <= sys.version_info < (3, 14) else None'
	$(PYTHON) -m venv .venv || { echo "python3-venv must be installed (apt install python3-venv)" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

install: .venv/installed

quickstart: install
	$(BIN)/fanet-quickstart --output=runs/quickstart

# A process a core, but no more than four: each holds TensorFlow.
test: install
	$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist loadfile

test-slow: install
	$(BIN)/python -m pytest -m slow

# In a user space of its own in build/arm; nothing is installed on the system.
test-arm: install
	$(BIN)/python benchmarks/arm_outputs.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Needs `pip install uv`. backports-strenum 1.3 wants Python below 3.11, and
# ai-edge-quantizer names no version.
lock:
	echo 'backports-strenum<1.3' | uv pip compile --quiet --universal \
	    --python-version 3.11 --extra test --no-annotate --no-header \
	    --generate-hashes \
	    --constraint - setup.py -o requirements.lock

clean:
	rm -rf .venv build *.egg-info
