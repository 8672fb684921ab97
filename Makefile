# `make demo` and `make test` need python3 (3.11 or newer) and make; everything else is installed into .venv.

PYTHON ?= python3
BIN    := .venv/bin
STAMP  := .venv/.installed

.PHONY: help demo test test-slow lint format golden bench vsix clean

help:
	@echo "make demo       from images to INT8 files that ship, and their report (stopped, it goes on)"
	@echo "make test       linters, types, import layers and the fast tests"
	@echo "make test-slow  the tests that install packages or take minutes"
	@echo "make format     format the Python code"
	@echo "make golden     rewrite the golden files; review the diff afterwards"
	@echo "make vsix       the extension for VS Code, as build/spacelang.vsix (needs Node 20 or newer)"
	@echo "make bench      the benchmarks, with ratios (an hour and more; stopped, it measures on)"
	@echo "make clean      remove .venv and what the tools left"

demo: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: lint
	$(BIN)/python -m pytest -n 2 -q

test-slow: $(STAMP)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt -e '.[tensorflow]'
	$(BIN)/python -m pytest -n 2 -q -m slow

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

golden: $(STAMP)
	$(BIN)/python -m pytest -n 2 -q --update-golden

vsix:
	cd editors/vscode && npm ci --no-audit --no-fund && npm run build
	mkdir -p build
	cd editors/vscode && npm run package -- --out ../../build/spacelang.vsix

bench: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh benchmarks/all.sh build/bench

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "spacelang needs Python 3.11 or newer; say which with make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || { echo "creating .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing spacelang, its tools and the frameworks into .venv (once, a few minutes)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train,onnx,tflite,lsp,configspace,optuna,pyglove,ray,report]'
	@touch $@
