# `make help` prints this list. Each target sets up what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.setup-done

export HF_HUB_OFFLINE ?= 1
export LITELLM_LOCAL_MODEL_COST_MAP := True

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(STAMP)  ## install everything into .venv (a minute or two)

# torch first and by pip, so that a machine configured with its own build of torch (CPU only, say) gets that one;
# the rest comes hash-checked from uv.lock.
$(STAMP): uv.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "KinMo needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    "torch==$$(sed -n '/^name = "torch"$$/{n;s/version = "\(.*\)"/\1/p;}' uv.lock)" numpy
	$(BIN)/uv export --quiet --frozen --all-groups --prune torch --no-header --no-annotate -o .venv/requirements.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --compile-bytecode -r .venv/requirements.txt
	touch $@

.PHONY: help setup
