# Every target sets up what it needs; `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
# The torch build, kept in configs/torch.txt; override it as TORCH="torch==2.13.0 --index-url URL" for another CUDA version.
TORCH ?= $(shell grep -v '^\#' configs/torch.txt)
PROFILE ?= demo
KILLS ?= 20
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NEEDS_DOCKER := docker info >/dev/null 2>&1 || { echo "No Docker engine answers here (docker info says more). Start or install one: https://docs.docker.com/engine/install/. Where there is none, docker/check.sh builds and runs the image with buildah, and make setup needs no container at all." >&2; exit 1; }
# One torch thread a process: nsbench uses the cores by processes.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-logs test-bounds test-gpu survive lint types format docs bench reproduce docker docker-gpu up clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

setup: $(READY) ## make the virtual environment in .venv (torch first, then the pinned rest)
	@echo "nsbench is ready: $(BIN)/nsbench --help"

$(READY): pyproject.toml configs/constraints.txt configs/torch.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "nsbench needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint configs/constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: $(READY) ## tune, repeat and report nine methods on the built-in log (minutes, no network)
	$(BIN)/nsbench reproduce demo

test: $(READY) ## run the tests but the slow ones: some minutes
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"
	@echo "tests: tests/ mirrors nsbench/; one file: $(BIN)/python -m pytest tests/models/sasrec/test_definition.py"

test-slow: $(READY) ## run the slow tests: kills, restarted servers, a lost Ray node, simulated statistics
	$(BIN)/python -m pytest -n auto -m slow

test-logs: $(READY) ## read ten thousand generated logs, of which the slow tests read a fifth (ten minutes)
	NSBENCH_TEST_ALL_LOGS=1 $(BIN)/python -m pytest -n auto -m slow tests/data/test_generated_log.py

test-bounds: $(READY) ## try the lowest and the newest versions of other packages that pyproject.toml allows (installs both)
	TORCH="$(TORCH)" PYTHON="$(PYTHON)" .ci/bounds

test-gpu: $(READY) ## run on a real GPU what the other tests run on a pretended one: a minute or two
	@$(BIN)/python -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else "torch " + torch.__version__ + " finds no GPU here; on a machine that has one, nvidia-smi shows it and TORCH chooses a CUDA build")'
	NSBENCH_TEST_DEVICE=cuda $(BIN)/python -m pytest tests/training/test_gpu_step.py tests/training/steps/test_step_graph.py \
		tests/test_gpu_experiment.py tests/bench/test_gpu_rows.py tests/tensors/test_row_ops.py tests/batching/test_batch.py tests/samplers

survive: $(READY) ## kill studies at random, again and again: make survive KILLS=200 (an hour or two)
	nice $(BIN)/python -m tests.survival --kills $(KILLS)

lint: $(READY) ## check style, formatting and that imports go down the floors only
	$(BIN)/ruff check nsbench tests
	$(BIN)/ruff format --check nsbench tests
	$(BIN)/lint-imports

types: $(READY) ## check types (mypy --strict)
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff check --fix nsbench tests
	$(BIN)/ruff format nsbench tests

docs: $(READY) ## write the reference of the commands and of Python to build/docs
	mkdir -p build/docs
	$(BIN)/python -m typer nsbench.cli.main utils docs --name nsbench --title "nsbench: the commands" --output build/docs/commands.md
	$(BIN)/python -m pdoc --docformat google --output-directory build/docs/python nsbench '!nsbench\..*'
	@echo "commands: build/docs/commands.md; Python: build/docs/python/nsbench.html"

bench: $(READY) ## measure this machine: positives/s for every sampler, evaluation, preparation
	$(BIN)/nsbench bench

reproduce: $(READY) ## reproduce a profile: make reproduce PROFILE=paper (default: demo)
	$(BIN)/nsbench reproduce $(PROFILE)

docker: ## build the container image nsbench:cpu
	@$(NEEDS_DOCKER)
	docker build --file docker/Dockerfile --tag nsbench:cpu .

docker-gpu: ## build the container image nsbench:cuda
	@$(NEEDS_DOCKER)
	docker build --file docker/Dockerfile --tag nsbench:cuda --build-arg TORCH_INDEX= .

up: ## start PostgreSQL and MLflow in containers; docker/compose.yaml says how workers join (set POSTGRES_PASSWORD)
	@$(NEEDS_DOCKER)
	@docker compose version >/dev/null 2>&1 || { echo "docker compose is missing; its plugin comes with Docker: https://docs.docker.com/compose/install/" >&2; exit 1; }
	docker compose --file docker/compose.yaml up --detach --build --wait postgres mlflow
	@echo "MLflow: http://127.0.0.1:$${MLFLOW_PORT:-5000}; workers: NSBENCH_STUDY=... docker compose --file docker/compose.yaml up --scale worker=4 worker"

clean: ## remove the virtual environment and caches; what nsbench-runs holds stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist *.egg-info
	find nsbench tests -name __pycache__ -type d -prune -exec rm -rf {} +
