# Each target installs what it needs; nothing has to be typed before it. See README.md for what a machine brings.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
UV := $(VENV)/bin/uv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
# The demo mostly waits, and begins first; others wait for what hangs or was killed. So two workers more than the
# least machine has cores.
WORKERS ?= 4

# Without compiled files every one of the hundreds of processes that the tests start compiles all it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test unit check types lint bench clean servers browser

help: ## Show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: install it, or run make PYTHON=/path/to/python3.11"; exit 3; }
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --quiet --frozen --inexact --all-extras
	@touch $@

demo: $(READY) ## Watch real loans go from an overdue event to a lawyer's desk
	$(PY) -m recourse.demo $(DEMO_ARGS)

servers: $(READY) ## Fetch or build the embedded servers once
	$(PY) -m recourse.stack.fetch

browser: $(READY) ## Have a Chromium for the browser tests: by apt where it may, else playwright's own
	$(PY) -m tests.browser.chromium

unit: $(READY) ## Pure tests, for the inner loop
	RECOURSE_TEST_EXAMPLES=few $(PY) -m pytest -q -n auto --maxprocesses 4 --dist loadfile tests/unit tests/law tests/legal

check: types lint ## Format, lint, types, imports, schemas, ladders, wheel

types: $(READY)
	$(PY) -m mypy

lint: $(READY)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/recourse events schema --check
	$(VENV)/bin/recourse strategy lint
	$(PY) -m tests.wheel

test: $(READY) ## Everything, on real servers
	$(MAKE) --no-print-directory -j4 check servers browser
	$(PY) -m pytest -q -n $(WORKERS) --one-stack --dist loadfile --no-loadscope-reorder --durations=20 tests/e2e/test_demo.py tests

bench: servers ## Figures of Recourse on servers, of its guards, of its simulator and of its ledger, written to bench/results/
	$(PY) -m bench $(BENCH_ARGS)
	$(PY) -m bench.guarded
	$(PY) -m bench.simulation
	$(PY) -m bench.evidence
	$(PY) -m bench.bundles

clean: ## Remove what was built here (not the server cache)
	-$(VENV)/bin/recourse stack down
	rm -rf .recourse .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
