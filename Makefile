# Needs git, make, python3 and python3-venv (Debian's names); everything else goes into .venv.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= auto
ARGS ?=

BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.installed
PACKAGES := shoal pki modules states returners master minion

.PHONY: help venv check test retest lab chaos bench demo docs deb clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-7s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(STAMP) ## make .venv, or bring it up to date with setup.cfg

$(STAMP): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "$(PYTHON) is older than 3.10. Use: make PYTHON=python3.11"; exit 1; }
	@test -x $(PY) || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make a venv. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing Shoal and its tools into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input \
		--root-user-action=ignore -e '.[master,postgres,dev]'
	@touch $@

check: $(STAMP) ## style, types, imports between rooms, oldest Python
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted. Run: $(BIN)/ruff format"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@out=$$($(BIN)/lint-imports --config setup.cfg 2>&1) || { echo "$$out"; exit 1; }
	@out=$$($(BIN)/vermin -t=3.10- --no-tips $(PACKAGES) 2>&1) || { echo "$$out"; exit 1; }
	@echo "check: ruff, mypy, lint-imports and vermin are content"

test: $(STAMP) ## all tests but chaos, lab and benchmarks; ARGS='-k name' chooses, WORKERS=2 limits
	@command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || \
		echo "note: no PostgreSQL server found, so its tests are skipped. On Debian: apt install postgresql"
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

retest: $(STAMP) ## the tests that failed the last time, one at a time
	@$(BIN)/pytest -n 0 --last-failed --last-failed-no-failures none $(ARGS)

lab: $(STAMP) ## tests that need root, network namespaces and nftables
	@$(BIN)/pytest -m lab -n 0 $(ARGS)

chaos: $(STAMP) ## thousands of jobs under kills and bad wires (long)
	@$(BIN)/pytest -m chaos -n 0 -s $(ARGS)

bench: $(STAMP) ## the figures: prints tables, writes JSON to bench-out/
	@$(PY) -m tests.benchmarks $(ARGS)

demo: $(STAMP) ## a master and minions on this machine; KEEP=1 leaves them running
	@$(PY) examples/demo.py $(if $(KEEP),--keep)

docs: $(STAMP) ## write the pages that repeat the code: configuration, modules, runners
	@$(PY) scripts/generate_docs.py

deb: $(STAMP) ## Debian packages of minion and master, in dist/
	@$(PY) packaging/build_deb.py

clean: ## delete what the tools left, but not .venv
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		bench-out
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
