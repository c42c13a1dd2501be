# `make demo` and `make test` do all the set-up by themselves.
.DELETE_ON_ERROR:
.PHONY: demo test test-quick lint clean

# The first Python among these that really runs and is 3.9, 3.10 or 3.11.
PYTHON ?= $(shell for p in python3.11 python3.10 python3.9 python3 python; do \
  "$$p" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' \
  2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
# A file's tests share fixtures, so they stay in one process.
WORKERS := --numprocesses=auto --maxprocesses=4 --dist=loadfile

demo: .venv/installed
	@$(BIN)/python examples/quickstart.py --run_dir=runs/quickstart

test: .venv/installed
	@$(BIN)/python -m pytest $(WORKERS)

test-quick: .venv/installed
	@$(BIN)/python -m pytest $(WORKERS) -m "not slow"

lint: .venv/installed
	@$(BIN)/python -m pip install --quiet "ruff>=0.6"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.venv/installed: setup.py piaa_tf/version.py
	@test -n "$(PYTHON)" || { \
	  echo "Python 3.9, 3.10 or 3.11 is needed (TensorFlow 2.15). Got none on PATH."; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@echo "Installing into .venv with $(PYTHON): about a minute, about 2 GB on disk."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@

clean:
	rm -rf .venv runs
