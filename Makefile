# Two commands do all the set-up: `make run` and `make test`.
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run setup test check bench fuzz lab demo screenshots messages clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/installed: requirements.txt
	@test -x $(PY) || { echo "Making the virtual environment …"; $(PYTHON) -m venv $(VENV) || { \
	  echo "python3 can't make a virtual environment. On Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }; }
	@echo "Installing packages (the slow part of the first run) …"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements-models.txt requirements.txt $(VENV)/installed
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: $(VENV)/installed ## everything of `run` but the serving
	@$(PY) manage.py setup

run: $(VENV)/installed ## set up what is missing, then serve on 127.0.0.1:8000 (PORT=…)
	@exec $(PY) manage.py serve --port $(PORT)

# Files are shared out among the cores; the browser's come by themselves, for Playwright keeps an event loop in its thread.
test: $(VENV)/installed-dev ## set up what is missing, then run every test
	@$(PY) -m pytest --numprocesses auto --dist loadfile --ignore tests/browser
	@$(PY) -m pytest tests/browser

check: $(VENV)/installed-dev ## ruff, mypy, missing migrations
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy sre_portal incidents knowledge_base benchmarks
	@$(PY) manage.py makemigrations --check --dry-run

clean: ## remove the virtual environment and build products, keep the data
	rm -rf $(VENV) staticfiles .pytest_cache .mypy_cache .ruff_cache

lab: $(VENV)/installed ## provoke faults on private real redis-servers and diagnose them
	@$(PY) manage.py lab $(FAULTS)

demo: $(VENV)/installed ## serve the portal with a fault that happens while you watch
	@DATA_DIR=data/demo exec $(PY) manage.py demo --port $(PORT)

bench: $(VENV)/installed-dev ## ratios measured side by side in one run
	@$(PY) -m benchmarks

messages: $(VENV)/installed-dev ## collect the interface's strings and compile the Korean ones (needs gettext)
	@$(PY) manage.py makemessages -l ko --no-location --no-obsolete --ignore ".venv/*" --ignore "staticfiles/*" --ignore "tests/*"
	@$(PY) manage.py compilemessages -l ko --ignore ".venv"

screenshots: $(VENV)/installed-dev ## make the README's pictures from the running product (needs Chromium)
	@$(PY) scripts/take_screenshots.py

fuzz: $(VENV)/installed-dev ## feed the engine 100,000 generated inputs (INPUTS=…)
	@$(PY) -m tests.fuzz --inputs $(or $(INPUTS),100000)
