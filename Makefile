# Sóng Bản. Two commands do everything: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DATA ?= data
WORKERS ?= 2

.PHONY: help install install-dev run demo test lint fmt bench faults kafka openapi asyncapi locks clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" || { echo "songban needs Python 3.11 or newer with the venv module (Debian: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "the venv module is incomplete (Debian: apt-get install python3-venv)"; exit 1; }
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp requirements.lock pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q services shared songban
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

services/portal/static/vendor/.stamp: $(VENV)/run.stamp package.json package-lock.json requirements-assets.lock
	@{ command -v npm && command -v node; } >/dev/null || $(PIP) install --quiet --require-hashes -r requirements-assets.lock
	$(BIN)/python scripts/assets.py
	@touch $@

install: $(VENV)/run.stamp services/portal/static/vendor/.stamp ## Install everything that running needs

install-dev: install $(VENV)/dev.stamp ## Install what developing and testing need as well

run: install ## Run the whole system on this machine at http://127.0.0.1:8000 (Ctrl-C stops it)
	$(BIN)/songban up --demo --data $(DATA)

demo: install ## Play the whole story once and print the funnel
	$(BIN)/songban demo

test: install-dev ## Run every check and every test; lists at the end what could not run here
	BIN=$(BIN) WORKERS=$(WORKERS) sh scripts/test.sh

lint: install-dev ## Check style, types, borders, dependencies, migrations and generated files
	BIN=$(BIN) sh scripts/lint.sh

fmt: install-dev ## Format the code
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

bench: install-dev ## Measure, each figure beside its ceiling in the same run
	BIN=$(BIN) sh scripts/bench.sh

faults: install-dev ## Long torture: kill -9 of every kind of process, many seeds
	SONGBAN_FAULT_SEEDS=20 $(BIN)/python -m pytest tests/faults

kafka: install ## Start one Apache Kafka broker on 127.0.0.1:9092 (needs Java 17 and Maven)
	$(BIN)/songban kafka start --data $(DATA)

openapi: install-dev ## Generate deploy/openapi/ from the services
	$(BIN)/python scripts/specs.py openapi

asyncapi: install-dev ## Generate deploy/asyncapi.yaml from the event catalogue
	$(BIN)/python scripts/specs.py asyncapi

locks: install-dev ## Pin all dependencies anew (no index address ends up in the files)
	BIN=$(BIN) sh scripts/locks.sh

clean: ## Remove what the targets made, but never ./data
	rm -rf $(VENV) build services/portal/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
