# Plurale. `make` lists the targets; every one of them sets up what it needs.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# A stamp says which requirements are installed. dev.txt holds all of demo.txt, with the same pins.
DEMO := $(VENV)/.demo-installed
DEV := $(VENV)/.dev-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check bench proto docs lock clean

help: ## List the targets
	@sed -n 's/^\([a-z][a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "make %-8s%s\n", $$1, $$2 }'

setup: $(DEV) ## Make .venv and install everything the other targets need

demo: $(DEMO) ## Run the whole system on this machine; ARGS are passed on
	@$(BIN)/python -m deploy.local $(ARGS)

test: $(DEV) ## Run the tests; ARGS are passed on to pytest
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: $(DEV) ## Lint, types, import rules, generated code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m protos.generate --check

bench: $(DEV) ## Measure the numbers that must hold
	@$(BIN)/python -m tests.bench $(ARGS)

proto: $(DEV) ## Write the code generated from protos/v1
	@$(BIN)/python -m protos.generate

docs: $(DEV) ## Write the sections of docs/measures.md made from the catalogue
	@$(BIN)/python -m tests.meta.measures_page

# dev.txt is resolved first and bounds demo.txt, so that one version of a package is in both.
# The configuration of this machine is left out: only names, versions and hashes are written.
LOCK := $(BIN)/uv --no-config pip compile pyproject.toml --group build --universal \
	--python-version 3.11 --fork-strategy fewest --only-binary :all: --generate-hashes --quiet \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	--override requirements/overrides.txt

lock: $(DEV) ## Pin the requirements anew; ARGS=--upgrade for newer versions
	@$(LOCK) --extra client --extra aggregator --extra desktop --extra dev $(ARGS) \
		--output-file requirements/dev.txt
	@$(LOCK) --extra client --extra aggregator $(ARGS) --constraint requirements/dev.txt \
		--output-file requirements/demo.txt

clean: ## Remove .venv and everything that tools leave behind
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the stamps stand for --------------------------------------------------------------------

$(BIN)/python:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "Plurale needs Python 3.11 or newer and $(PYTHON) is not on the PATH: install it, or name one with PYTHON=/path/to/python3." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Plurale needs Python 3.11 or newer and $(PYTHON) is older: name a newer one with PYTHON=/path/to/python3." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment: install its venv module (on Debian and Ubuntu the package python3-venv)." >&2; exit 1; }
	@echo "Making $(VENV) ..." >&2
	@"$(PYTHON)" -m venv $(VENV)

$(DEMO): requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the demo needs, pinned by hash (about 75 MB) ..." >&2
	@$(PIP_INSTALL) --require-hashes --only-binary :all: --requirement requirements/demo.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# The pins are complete. Without --no-deps pip would ask for what requirements/overrides.txt left out.
$(DEV): requirements/dev.txt $(DEMO)
	@echo "Installing what tests and checks need, pinned by hash ..." >&2
	@$(PIP_INSTALL) --no-deps --require-hashes --only-binary :all: --requirement requirements/dev.txt
	@touch $@
