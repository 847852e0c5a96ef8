# make demo   diagnose a broken PPO script        make test     run the tests
# make lint   ruff and mypy                       make quality  measure the diagnoses, write docs/quality.md
# make docs   write the generated pages           make help     this list
# make test-all  the slow tests too               make picture  draw docs/diagnosis.svg again
# Each sets up .venv by itself the first time; a second time it starts at once.

VENV := .venv/bin
# The limit is for a test that hangs; no test asserts how long something takes.
PYTEST_FLAGS ?= -n 2 --timeout 600
# Small networks run slower on many threads than on one, and the tests use the cores themselves.
export OMP_NUM_THREADS ?= 1

.PHONY: help demo test test-all lint lint-rules lint-format lint-types format quality docs docs-check picture constraints clean

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

# The stamps depend on all that decides what is installed.
.venv/.demo: pyproject.toml constraints.txt
	@tools/setup.sh train $@

.venv/.dev: pyproject.toml constraints.txt
	@tools/setup.sh dev $@
	@touch .venv/.demo

.venv/.libraries: pyproject.toml constraints.txt
	@tools/setup.sh dev,libraries $@
	@touch .venv/.demo .venv/.dev

demo: .venv/.demo
	@tools/demo.sh

# On a person's machine the quick tests; in CI, and by `make test-all`, the slow ones too.
test: .venv/.dev
	$(VENV)/python -m pytest $(PYTEST_FLAGS) $(if $(CI),,-m "not slow")

test-all: .venv/.dev
	$(VENV)/python -m pytest $(PYTEST_FLAGS)

lint: lint-rules lint-format lint-types

lint-rules: .venv/.dev
	$(VENV)/ruff check .

lint-format: .venv/.dev
	$(VENV)/ruff format --check .

lint-types: .venv/.dev
	$(VENV)/mypy

format: .venv/.dev
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

quality: .venv/.libraries
	$(VENV)/python benchmarks/quality.py --write

docs: .venv/.dev
	$(VENV)/python -m ppodoctor.reporting.docs

docs-check: .venv/.dev
	$(VENV)/python -m ppodoctor.reporting.docs --check

picture: .venv/.demo
	$(VENV)/python tools/picture.py

constraints: .venv/.dev
	$(VENV)/python tools/constraints.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
