# Everything runs in a virtual environment of its own; a Python from 3.11 on and make are all that must be there.
#
#   make demo     load the example model, print its summary and its predictions for a CSV of transactions
#   make test     all tests                          make test PYTEST_ARGS="tests/cli -k csv"
#   make lint     ruff and mypy                      make format      let ruff rewrite the sources
#   make bench    against TensorFlow in the same run (BENCH_PYTHON=/path/to/python that has it, or: make bench-env);
#                 BENCH_ARGS="--only cold,call --models mlp,resnet50 --json build/bench.json", see benchmarks/README.md
#   make differential   random models against Keras (DIFF_PYTHON=/path/to/python that has it, EXAMPLES=5000, DIFF_ARGS=...)
#   make interop  converted files of old releases in a real Keras (INTEROP_PYTHON=/path/to/python that has it on TensorFlow);
#                 cases that real frameworks made, saved and opened by each Keras, and as ONNX (CASES="folder ..." SAVED_PYTHONS="/path/to/python ...",
#                 TF_KERAS_PYTHON=/path/to/python that has tf_keras);
#                 custom layers hosted by each Keras there (HOSTS="/path/to/python ..." with Keras and onnxruntime),
#                 which also goes on training what it and others saved (ORIGINALS="/path/to/python ..." with tf.keras of any release)
#   make docs     write docs/supported-*.md anew from the code
#   make beside   would loadstone move a package of a TensorFlow environment? (BESIDE="/path/to/python ...")
#   make clean    remove what make made

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV ?= .venv
# A file of versions to install, for testing with the oldest dependencies (see .ci/run).
CONSTRAINTS ?=
# What `make test` installs: extras of loadstone, and packages besides (some tests need a Keras or OpenVINO).
EXTRAS ?= test
PACKAGES ?=
PYTEST_ARGS ?=
BENCH_VENV := .venv-bench
BENCH_PYTHON ?= $(wildcard $(BENCH_VENV)/bin/python)
BENCH_ARGS ?=
DIFF_PYTHON ?= $(BENCH_PYTHON)
DIFF_ARGS ?=
INTEROP_PYTHON ?= $(BENCH_PYTHON)
INTEROP_FOLDERS ?=
HOSTS ?= $(INTEROP_PYTHON)
CASES ?=
ORIGINALS ?=
SAVED_PYTHONS ?= $(INTEROP_PYTHON)
TF_KERAS_PYTHON ?=
EXAMPLES ?= 1000

# The first of these that is 3.11 or newer; `make PYTHON=...` to choose.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
endif

PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

.PHONY: help demo test lint format bench bench-env bench-host differential interop docs beside clean

help:
	@sed -n '3,/^$$/s/^#   //p' Makefile

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "loadstone needs Python 3.11 or newer: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: $(VENV)/.created pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml
	$(PIP) --editable '.[$(EXTRAS)]' $(PACKAGES)
	@touch $@ $(VENV)/.base

$(VENV)/.bench: $(VENV)/.created pyproject.toml
	$(PIP) --editable '.[openvino]'
	@touch $@ $(VENV)/.base

$(VENV)/.dev: $(VENV)/.created pyproject.toml
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.base

demo: $(VENV)/.base
	@$(VENV)/bin/python -m loadstone demo

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest --numprocesses auto --quiet $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(VENV)/.dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench-env:
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check install --quiet tensorflow-cpu keras tf_keras onnxruntime

bench: $(VENV)/.bench
	@test -n "$(BENCH_PYTHON)" || { echo "make bench compares with TensorFlow: make bench BENCH_PYTHON=/path/to/python that has it, or first: make bench-env" >&2; exit 1; }
	@$(VENV)/bin/python -m benchmarks --python $(BENCH_PYTHON) $(BENCH_ARGS)

bench-host: $(VENV)/.base
	@test -n "$(BENCH_PYTHON)" || { echo "make bench-host needs a Keras 3: make bench-host BENCH_PYTHON=/path/to/python that has it, or first: make bench-env" >&2; exit 1; }
	@$(VENV)/bin/python -m benchmarks.host_call --python $(BENCH_PYTHON) $(BENCH_ARGS)

differential: $(VENV)/.test
	@test -n "$(DIFF_PYTHON)" || { echo "make differential compares with Keras: make differential DIFF_PYTHON=/path/to/python that has it on TensorFlow, or first: make bench-env" >&2; exit 1; }
	@$(VENV)/bin/python -m tests.differential --python $(DIFF_PYTHON) --examples $(EXAMPLES) $(DIFF_ARGS)

interop: $(VENV)/.base
	@test -n "$(INTEROP_PYTHON)" || { echo "make interop needs a Keras: make interop INTEROP_PYTHON=/path/to/python that has it on TensorFlow, or first: make bench-env" >&2; exit 1; }
	$(VENV)/bin/python tests/interop/convert_files.py build/interop $(INTEROP_FOLDERS)
	KERAS_BACKEND=tensorflow $(INTEROP_PYTHON) tests/interop/check_converted.py build/interop
	$(VENV)/bin/python tests/interop/write_saved_models.py build/interop/saved_models $(CASES)
	$(INTEROP_PYTHON) tests/interop/check_saved_model.py build/interop/saved_models --cli
	test -z "$(CASES)" || { $(VENV)/bin/python tests/interop/write_exported_graphs.py build/interop/graphs $(CASES) && \
		$(INTEROP_PYTHON) tests/interop/check_saved_model.py build/interop/graphs --cli; }
	$(VENV)/bin/python tests/interop/write_operations.py build/interop/operations
	KERAS_BACKEND=tensorflow $(INTEROP_PYTHON) tests/interop/check_converted.py build/interop/operations
	test -z "$(CASES)" || { $(VENV)/bin/python tests/interop/save_cases.py build/interop/cases $(CASES) && \
		for python in $(SAVED_PYTHONS); do $$python tests/interop/check_converted.py build/interop/cases || exit 1; done; }
	test -z "$(CASES)" || test -z "$(TF_KERAS_PYTHON)" || { $(VENV)/bin/python tests/interop/save_cases.py build/interop/tf_keras $(CASES) --library tf_keras && \
		$(TF_KERAS_PYTHON) tests/interop/check_converted.py build/interop/tf_keras --library tf_keras --at-least 98; }
	$(VENV)/bin/python tests/interop/check_custom.py $(HOSTS)
	test -z "$(CASES)" || for host in $(HOSTS); do PYTHONPATH="src:$$PYTHONPATH" $$host tests/interop/check_to_keras.py $(CASES) || exit 1; done
	KERAS_BACKEND=tensorflow $(INTEROP_PYTHON) tests/interop/make_fit_steps.py build/interop/fit_steps/keras --library keras
	n=0; for python in $(ORIGINALS); do n=$$((n + 1)); $$python tests/interop/make_fit_steps.py build/interop/fit_steps/tf.keras-$$n || exit 1; done
	for host in $(HOSTS); do for how in "" --saved; do \
		PYTHONPATH="src:$$PYTHONPATH" $$host tests/interop/check_fit_step.py build/interop/fit_steps --at-least 95 $$how || exit 1; done; done
	@test -z "$(CASES)" || { $(PIP) onnx && $(VENV)/bin/python tests/interop/check_onnx.py $(CASES); }

docs: $(VENV)/.base
	$(VENV)/bin/python docs/generate.py

beside: $(VENV)/.created
	@$(VENV)/bin/python .ci/beside.py $(BESIDE)

clean:
	rm -rf .venv .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
