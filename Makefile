# `make demo` and `make test` do all the set-up by themselves.
.DELETE_ON_ERROR:
.PHONY: demo test test-quick test-latest lint clean

# The first Python among these that really runs and is 3.10 to 3.13. Up to 3.11 it gets
# the default set of TensorFlow, above it the latest; setup.py has both.
PYTHON ?= $(shell for p in python3.11 python3.10 python3.13 python3.12 python3 \
  python; do "$$p" -c \
  'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
  2>/dev/null && { echo "$$p"; break; }; done)
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

# With the latest set, and with what the set of .venv wrote or has to read.
test-latest: .venv/installed .venv-latest/installed
	@PIAA_OTHER_PYTHON=$(CURDIR)/$(BIN)/python \
	  $(LATEST)/python -m pytest $(WORKERS) $(TESTS)

lint: .venv/installed
	@$(BIN)/python -m pip install --quiet "ruff>=0.6"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.venv-latest/installed: export PIAA_TENSORFLOW = latest
%/installed: setup.py piaa_tf/version.py
	@test -n "$(PYTHON)" || { \
	  echo "Python 3.10 to 3.13 is needed (TensorFlow 2.15 or 2.21). Got none on PATH."; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@echo "Installing into $* with $(PYTHON): about a minute, about 2 GB on disk."
	@$(PYTHON) -m venv $*
	@$*/bin/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@

clean:
	rm -rf .venv .venv-latest runs
