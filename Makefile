# `make help` lists the targets. Each target first installs what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON  ?= python3
SOURCES ?= ../shared/data/cmu-humanml3d-v2 ../shared/data/accad-humanml3d
DATA    ?= data/$(SIZE)
SIZE    ?= cmu
OVERLAY ?= cpu
ARGS    ?=
INCOMPLETE = || test $$? -eq 3  # a command that has left out a bad file or line, and said so

BIN   := .venv/bin
STAMP := .venv/.setup-done
FIT    = $(BIN)/kinmo-gen fit --config configs/gen/$(1)_$(SIZE).yaml --config configs/overlay/$(OVERLAY).yaml \
         --data.init_args.root $(DATA) $(ARGS)

export HF_HUB_OFFLINE ?= 1
export LITELLM_LOCAL_MODEL_COST_MAP := True

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20
	@echo
	@echo 'Settings: make test ARGS="-k bvh", make train-gen SIZE=humanml3d OVERLAY=gpu DATA=/path/to/HumanML3D,'
	@echo '          make data SOURCES="/path/to/one /path/to/other", make setup PYTHON=python3.12'

setup: $(STAMP)  ## install everything into .venv (a few minutes, once)

demo: setup  ## turn four sentences into motions, files and pictures under demo/
	$(BIN)/kinmo-gen demo --out demo $(ARGS)

# One thread per process: two processes with two threads each would compete for two cores.
test: setup  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 $(ARGS)

docs-check: setup  ## run every command of the pages on small data (some 20 minutes on two cores)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m docs tests/test_docs.py $(ARGS)

lint: setup  ## check style, types and the layers between the packages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

format: setup  ## format the code and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup  ## measure speed and print the table of the README
	$(BIN)/python benchmarks/run.py $(ARGS)

data: setup  ## merge the packs SOURCES into DATA in HumanML3D's layout
	$(BIN)/kinmo data pack $(addprefix --source ,$(SOURCES)) --out $(DATA) $(ARGS)

annotate: setup  ## describe the motions of DATA limb by limb, without a language model
	$(BIN)/kinmo-annotate predict --config configs/annotate/$(SIZE).yaml --data.root $(DATA) \
	    --output.path $(DATA)/descriptions.jsonl $(ARGS) $(INCOMPLETE)

compose: setup  ## add training motions made of limbs and parts of known ones to DATA, and describe them (needs make annotate)
	$(BIN)/kinmo-gen compose --data $(DATA) $(ARGS)
	$(BIN)/kinmo-annotate predict --config configs/annotate/$(SIZE).yaml --data.root $(DATA) --data.splits '[composed]' \
	    --output.path $(DATA)/descriptions.jsonl $(INCOMPLETE)

reasoner: setup  ## write what the offline reasoner knows of the training motions of DATA (needs make annotate)
	$(BIN)/kinmo-reasoner build --data $(DATA) --descriptions $(DATA)/descriptions.jsonl \
	    --out packages/kinmo-reasoner/src/kinmo_reasoner/weights $(ARGS)

train-tokenizer: setup  ## train the motion tokenizer (first; the next three need its tokens)
	$(call FIT,tokenizer)

train-gen: setup  ## train the masked transformer: sentence and statements to base tokens (needs make annotate compose)
	$(call FIT,masked)

train-residual: setup  ## train the residual transformer: base tokens to the finer ones
	$(call FIT,residual)

train-length: setup  ## train the length estimator: text to seconds
	$(call FIT,length)

train-evaluator: setup  ## train the text-motion network that the metrics need
	$(call FIT,evaluator)

train-htma: setup  ## train the alignment of text and motion in three levels (needs make annotate)
	$(BIN)/kinmo-htma fit --config configs/htma/kinmo_$(SIZE).yaml --config configs/overlay/$(OVERLAY).yaml \
	    --data.init_args.root $(DATA) $(ARGS)

wheels: setup  ## build the wheels of the five packages into dist/
	$(BIN)/uv build --quiet --wheel --no-build-isolation --all-packages --out-dir dist

lock: setup  ## bring uv.lock up to date after a change of dependencies
	env -u UV_FIND_LINKS -u UV_INDEX -u UV_DEFAULT_INDEX $(BIN)/uv lock

clean:  ## remove .venv, caches and dist/; data, runs and demo stay
	rm -rf .venv dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find packages tests $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything is installed from uv.lock with checked hashes, except uv itself, and torch with the packages that only torch
# needs. pip installs torch in the locked version, so that a machine that is set to a build of its own (such as CPU only) gets
# that build. --no-deps: the export is complete, and a resolver would ask for torch.
$(STAMP): uv.lock $(wildcard packages/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "KinMo needs Python 3.11 or newer: make setup PYTHON=/path/to/python")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	$(BIN)/uv export --quiet --frozen --all-groups --no-emit-workspace --no-annotate --prune torch -o .venv/locked.txt
	$(BIN)/uv export --quiet --frozen --all-groups --no-emit-workspace --no-annotate --no-hashes -o .venv/versions.txt
	$(BIN)/uv pip install --python .venv --compile-bytecode --require-hashes --no-deps -r .venv/locked.txt
	$(BIN)/python -m pip install --disable-pip-version-check -c .venv/versions.txt torch
	$(BIN)/uv pip install --python .venv --no-deps --no-build-isolation $(addprefix -e ,$(wildcard packages/*))
	$(BIN)/uv pip check --python .venv
	touch $@

.PHONY: help setup demo test docs-check lint format bench data annotate compose reasoner train-tokenizer train-gen train-residual \
        train-length train-evaluator train-htma wheels lock clean
