# `make` alone lists the targets. Needs Python >= 3.11 and make; the rest is fetched.

PYTHON ?= python3
ARGS ?=
SECONDS ?= 300
WORKERS ?= 2

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests that need addresses of their own run in a network namespace, without a way out.
ISOLATED := $(BIN)/python -m tests.lab.namespace --
# A node's processes and mounts are its own too.
SANDBOX := $(BIN)/python -m tests.lab.sandbox --
NODE_PROGRAMS := etcd kube-apiserver kubectl kube-controller-manager kube-scheduler kubelet kube-proxy helm
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup lint check test compat test-node setup-node node golden fuzz images demo lab bench pins clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r target doc; do \
		printf '  make %-10s %s\n' "$$target" "$$doc"; done

setup: .venv/ready-dev ## Make .venv with all that development needs; again only when pins change

lint: setup ## Style, types, and which room may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## The everyday run: lint, unit and golden tests; seconds, no network
	$(PYTEST) tests/unit tests/golden tests/fuzz/test_structure.py -n $(WORKERS)

test: lint ## Everything, on a real nginx and a real kube-apiserver (built once, about 6 min)
	$(BIN)/python -m tests.lab.binaries
	$(BIN)/python -m tests.lab.lua_nginx
	$(ISOLATED) $(PYTEST) tests --ignore=tests/bench --ignore=tests/node -n $(WORKERS) --dist loadfile $(ARGS)
	@if why=$$($(BIN)/python -m tests.lab.requirements); then \
		$(MAKE) --no-print-directory node ARGS="-m 'not slow' $(ARGS)"; \
	else echo "tests/node is left out: $$why"; fi

compat: setup ## Ask what ingress-nginx was asked, and compare; ARGS=--update writes what differs again
	$(ISOLATED) $(PYTEST) tests/compat $(ARGS)

test-node: setup-node node ## Installed by helm on a real node, with the programs that it needs (root)

setup-node: setup ## Install Debian's packages that a node needs (root)
	$(BIN)/python -m tests.lab.requirements --install

node:
	$(BIN)/python -m tests.lab.binaries $(NODE_PROGRAMS)
	$(BIN)/python -m tests.lab.images
	$(SANDBOX) $(PYTEST) tests/node --timeout=600 $(ARGS)

golden: setup ## Rewrite the golden tests' expected files and the reference pages; show the diff
	$(BIN)/python chart/reference.py
	$(BIN)/python -m tests.lab.binaries
	$(PYTEST) tests/golden tests/chart/test_golden.py tests/chart/test_apiserver.py --update
	PYTHONPATH=. $(BIN)/python docs/reference.py
	git --no-pager diff tests/golden tests/chart docs chart
	git status --short tests/golden tests/chart docs chart

images: ## Build the images with podman or docker; what can be set stands in docker/build.sh
	docker/build.sh

fuzz: setup ## Try odd text on everything that a cluster can hold; SECONDS=N for each of two tests
	FUZZ_SECONDS=$(SECONDS) $(PYTEST) tests/fuzz -n 2 --timeout=0 $(ARGS)

demo: .venv/ready-demo ## The seed scenario on this machine, until Ctrl-C; ARGS=--once ends by itself
	@$(BIN)/python examples/demo.py $(ARGS)

lab: setup ## A kube-apiserver to play with, until Ctrl-C; prints its KUBECONFIG
	@$(BIN)/python -m tests.lab

bench: setup ## Measure what docs and decisions claim; minutes
	$(BIN)/python -m tests.lab.binaries
	$(ISOLATED) $(PYTEST) tests/bench -s $(ARGS)

pins: setup ## Move every pin of constraints.txt to its newest release
	$(PIP) --upgrade --upgrade-strategy eager --editable '.[nginx,dev]'
	{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable; } > constraints.new
	mv constraints.new constraints.txt

clean: ## Remove .venv and caches here; the lab's programs in the user's cache folder stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-dev: .venv/ready-demo
	$(PIP) --constraint constraints.txt --editable '.[nginx,dev]'
	@touch $@

.venv/ready-demo: .venv/made pyproject.toml constraints.txt
	$(PIP) --constraint constraints.txt --editable '.[nginx]'
	@touch $@

# Debian and Ubuntu ship Python without what `venv` needs.
.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || { \
		echo "Python cannot make virtual environments here. Install that part: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@
