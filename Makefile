# Everything a person runs here. `make` alone lists it.
VENV   := .venv
PY     := $(VENV)/bin/python
PYTHON ?= python3
ARGS   ?=
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test lint check test-foreign bench tapes-live chaos chaos-short lock generated audit licences

help:            ## list the targets
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

install: $(STAMP) ## make .venv with `connector` in it
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0])'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install    ## the main job against the sandbox, live; ARGS="--once --messages 500 --json"
	@$(VENV)/bin/connector demo $(ARGS)

test: install    ## the tests: no network, nothing but Python
	@$(PY) -m pytest -n auto $(ARGS)

lint: install    ## ruff, mypy --strict, import-linter
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

check: lint test ## lint and test

test-foreign: install ## tests against other people's clients (needs node and npm; installs the rest)
	@tests/foreign/run $(ARGS)

bench: install   ## speed and memory, each beside its floor; prints a table, writes JSON
	@$(PY) -m benchmarks $(ARGS)
	@$(PY) -m benchmarks.providers
	@$(PY) -m benchmarks.report_memory

tapes-live: install ## tapes from the live service; ACCOUNT=nrs-main, ARGS="--config connector.toml --sending +34600000000"
	@test -n "$(ACCOUNT)" || { echo "say which account of the settings: make tapes-live ACCOUNT=nrs-main" >&2; exit 2; }
	@$(PY) -m tests.providers.live "$(ACCOUNT)" $(ARGS)

chaos: install   ## kills, faults, full disks, restarted servers, wrong clocks; ARGS="--seed N" plays a run again
	@$(PY) -m tests.chaos $(ARGS)

chaos-short: install ## the same with 400 messages and 6 kills, over HTTP alone
	@$(PY) -m tests.chaos --short $(ARGS)

generated: install ## write anew what is generated: the mapping schema, the example settings, docs/generated
	@$(VENV)/bin/connector mapping schema > mappings/mapping.schema.json
	@$(VENV)/bin/connector settings example > connector.example.toml
	@$(PY) docs/generate.py

audit: install   ## known vulnerabilities of what is pinned (asks the package index)
	@test -x .audit/bin/pip-audit || { $(PYTHON) -m venv .audit && .audit/bin/pip install --quiet pip-audit==2.9.0; }
	@.audit/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip

licences: install ## the licence of everything installed
	@test -x .audit/bin/pip-licenses || { $(PYTHON) -m venv .audit && .audit/bin/pip install --quiet pip-licenses==5.5.5; }
	@.audit/bin/pip-licenses --python=$(PY) --from=mixed --order=license

lock:            ## resolve requirements.lock anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --no-annotate --upgrade pyproject.toml --extra dev -o requirements.lock
