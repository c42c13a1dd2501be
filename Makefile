# `make demo` and `make test` do all the set-up by themselves.
.DELETE_ON_ERROR:
.PHONY: demo test test-quick test-latest test-python lint types docs clean

# The first Python among these that really runs and is 3.10 to 3.13. Up to 3.11 it gets
# the default set of TensorFlow, above it the latest; setup.py has both.
first = $(shell for p in $(1); do "$$p" -c \
  'import sys; sys.exit(not (3, $(2)) <= sys.version_info[:2] <= (3, 13))' \
  2>/dev/null && { echo "$$p"; break; }; done)
ANY := python3 python
PYTHON ?= $(call first,python3.11 python3.10 python3.13 python3.12 $(ANY),10)
# The latest set is tested on a Python of its own where there is one.
NEW := python3.13 python3.12 $(wildcard $(HOME)/.pyenv/versions/3.1[23]*/bin/python3)
LATEST_PYTHON ?= $(or $(call first,$(NEW) $(ANY),12),$(PYTHON))
BIN := .venv/bin
LATEST := .venv-latest/bin
# A file's tests share fixtures, so they stay in one process.
WORKERS := --numprocesses=auto --maxprocesses=4 --dist=loadfile
# More for pytest: make test TESTS="tests/export -x"
TESTS ?=

demo: .venv/installed
	@$(BIN)/python examples/quickstart.py --run_dir=runs/quickstart

test: .venv/installed
	@$(BIN)/python -m pytest $(WORKERS) $(TESTS)

test-quick: .venv/installed
	@$(BIN)/python -m pytest $(WORKERS) -m "not slow" $(TESTS)

# With the latest set; and each set reads what the other wrote.
test-latest: .venv/installed .venv-latest/installed
	@PIAA_OTHER_PYTHON=$(CURDIR)/$(BIN)/python \
	  $(LATEST)/python -m pytest $(WORKERS) $(TESTS)

# The quick tests in an environment of their own: make test-python PYTHON=python3.10
OWN = .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
test-python:
	@$(MAKE) --no-print-directory $(OWN)/installed
	@$(OWN)/bin/python -m pytest $(WORKERS) -m "not slow" $(TESTS)

lint: .venv/checks
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/checks
	@$(BIN)/mypy

docs: .venv/docs
	@$(BIN)/sphinx-build -M doctest docs docs/_build -q -W --keep-going
	@$(BIN)/sphinx-build -M html docs docs/_build -q -W --keep-going
	@echo "Open docs/_build/html/index.html."

.venv-latest/installed: export PIAA_TENSORFLOW = latest
.venv-latest/installed: PYTHON := $(LATEST_PYTHON)
%/installed: setup.py piaa_tf/version.py
	@test -n "$(PYTHON)" || { \
	  echo "Python 3.10 to 3.13 is needed (TensorFlow 2.15 or 2.21). Got none on PATH."; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@echo "Installing into $* with $(PYTHON): about a minute, about 2 GB on disk."
	@$(PYTHON) -m venv $*
	@$*/bin/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@

# Tools of lint and types, and of docs.
.venv/checks .venv/docs: .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$(@F)]"
	@touch $@

clean:
	rm -rf .venv .venv-* runs docs/_build docs/reference/generated
