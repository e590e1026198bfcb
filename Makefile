# Every target sets up what it needs; `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
# The torch build, kept in configs/torch.txt; override it as TORCH="torch==2.13.0 --index-url URL" for another CUDA version.
TORCH ?= $(shell grep -v '^\#' configs/torch.txt)
PROFILE ?= demo
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One torch thread a process: nsbench uses the cores by processes.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types format bench reproduce docker clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: $(READY) ## make the virtual environment in .venv (torch first, then the pinned rest)
	@echo "nsbench is ready: $(BIN)/nsbench --help"

$(READY): pyproject.toml configs/constraints.txt configs/torch.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "nsbench needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint configs/constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## tune, repeat and report seven methods on the built-in log (minutes, no network)
	$(BIN)/nsbench reproduce demo

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -n auto
	@echo "tests: tests/ mirrors nsbench/; one file: $(BIN)/python -m pytest tests/test_model.py"

lint: $(READY) ## check style, formatting and that imports go down the floors only
	$(BIN)/ruff check nsbench tests
	$(BIN)/ruff format --check nsbench tests
	$(BIN)/lint-imports

types: $(READY) ## check types (mypy --strict)
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff check --fix nsbench tests
	$(BIN)/ruff format nsbench tests

bench: $(READY) ## measure this machine: positives/s for every sampler, evaluation, preparation
	$(BIN)/nsbench bench

reproduce: $(READY) ## reproduce a profile: make reproduce PROFILE=paper (default: demo)
	$(BIN)/nsbench reproduce $(PROFILE)

docker: ## build the container image nsbench:cpu (see docker/Dockerfile for CUDA)
	docker build --file docker/Dockerfile --tag nsbench:cpu .

clean: ## remove the virtual environment and caches; what nsbench-runs holds stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist *.egg-info
	find nsbench tests -name __pycache__ -type d -prune -exec rm -rf {} +
