# Every target installs what it needs; the machine must have make and Python 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= report
SCALE ?= quick
JOBS ?= 2
PACKAGES := -p polysem.theory -p polysem.numerics -p polysem.verify
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MPLBACKEND ?= Agg

.PHONY: report test test-nightly test-floors lint bench book release-check clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.report: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[tables]'
	touch $@

$(VENV)/.tests: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[tests]'
	touch $@

$(VENV)/.lint: pyproject.toml $(VENV)/.tests
	$(PIP) -e '.[lint]'
	touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.tests
	$(PIP) -e '.[torch]'
	touch $@

$(VENV)/.book: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[book]'
	touch $@

report: $(VENV)/.report
	$(BIN)/polysem report --out $(OUT) --scale $(SCALE)

test: $(VENV)/.tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

test-nightly: $(VENV)/.tests
	POLYSEM_PROFILE=nightly $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "nightly or not nightly"

test-floors:
	$(PYTHON) -m venv $(VENV)-floors
	$(VENV)-floors/bin/python -m pip install --quiet -e '.[tests]' -c tests/floors.txt
	$(VENV)-floors/bin/python -m pytest -n $(JOBS)

# Types are checked against a fresh install: mypy does not see the mapped folders of an editable
# install, and a reinstall would keep deleted modules.
lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build
	target=$$(mktemp -d) && trap 'rm -rf "$$target"' EXIT && \
	  $(PIP) --no-deps --target "$$target" . && \
	  cd "$$target" && "$(CURDIR)/$(BIN)/mypy" --config-file "$(CURDIR)/pyproject.toml" \
	    --cache-dir "$(CURDIR)/.mypy_cache" --python-executable "$(CURDIR)/$(BIN)/python" $(PACKAGES)

bench: $(VENV)/.bench
	$(BIN)/python tests/benchmarks/run.py

# Executes every page; open the book at paper_notes/_build/html/index.html.
book: $(VENV)/.book
	$(BIN)/python -m sphinx -E -b html -q -W --keep-going paper_notes paper_notes/_build/html

# Builds sdist and wheel, installs the wheel in an empty environment, and runs the README's session
# in a folder of its own.
release-check: $(VENV)/.tests
	rm -rf dist build
	$(BIN)/python -m build --outdir dist . > /dev/null
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  $(PYTHON) -m venv "$$folder/venv" && \
	  "$$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
	    "$$(ls dist/*.whl)[tables]" && \
	  cp README.md "$$folder" && cd "$$folder" && venv/bin/python -m doctest README.md && \
	  venv/bin/polysem --version
	ls dist

clean:
	rm -rf $(VENV) $(VENV)-floors build dist paper_notes/_build paper_notes/api paper_notes/explain report *.egg-info .mypy_cache .pytest_cache .ruff_cache
