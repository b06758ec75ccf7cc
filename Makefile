# Self-describing: `make help`. Everything works with Python 3.11+, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_OFFLINE := 1
export ORT_DISABLE_TELEMETRY := 1
SOURCIER_HOME ?= $(CURDIR)/.sourcier
QUESTION ?= Quel est le délai pour déposer une demande de remboursement de frais ?
SAMPLE_SOURCES := $(wildcard samples/sources/*.md) $(wildcard samples/*.py)

.DEFAULT_GOAL := help
.PHONY: help install samples run test check fix eval gate bench clean

help: ## List what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(BIN)/.installed ## Build .venv from the lock file

$(BIN)/.installed: requirements.lock pyproject.toml
	@echo "installing into $(VENV); the first time this takes a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

samples: install samples/pdf/.made ## Make the sample PDFs from samples/sources

samples/pdf/.made: $(SAMPLE_SOURCES)
	$(BIN)/python samples/make_pdfs.py --out samples/pdf
	@touch $@

run: export SOURCIER_HOME := $(SOURCIER_HOME)
run: samples ## Ingest the sample documents, then answer at http://127.0.0.1:8000
	$(BIN)/sourcier ingest samples/pdf --collection samples --public
	$(BIN)/sourcier serve --ask "$(QUESTION)"

test: samples ## Run all tests; what this machine lacks is skipped, and said
	$(BIN)/python -m pytest

check: install ## Format, lint, types, import contracts, deployment files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml compose.airgap.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	$(BIN)/hadolint Dockerfile
	$(BIN)/zizmor --offline --no-progress --quiet .github/workflows
	$(BIN)/pre-commit validate-config .pre-commit-config.yaml

fix: install ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

eval: samples ## Measure the golden set
	$(BIN)/sourcier eval run --set eval/golden --out build/eval-golden --calibration packaged

gate: eval ## Measure the golden set, and fail where it fell below its baseline
	$(BIN)/sourcier eval check build/eval-golden --baseline eval/golden/baseline.json --tolerance 0.03

bench: samples ## Measure speed and memory against named references
	$(BIN)/python -m eval.benchmarks

clean: ## Remove what was built, but not the data
	rm -rf $(VENV) build samples/pdf .mypy_cache .ruff_cache .pytest_cache
