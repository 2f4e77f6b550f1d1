# Two commands matter: `make demo` and `make test`. Both make their environment from hash-locked files first.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) tools/check_python.py
	@$(PYTHON) tools/environment.py $(VENV) requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@$(PYTHON) tools/environment.py $(VENV) requirements/dev.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/.runtime ## Walk the main path in a new folder (DEMO_DIR=...)
	@$(BIN)/goldenpath demo $(DEMO_DIR)

.PHONY: demo-aws
demo-aws: $(VENV)/.dev ## The same on AWS's protocol, against a server on this machine (DEMO_DIR=...)
	@$(BIN)/python tools/demo_aws.py $(DEMO_DIR)

.PHONY: demo-cluster
demo-cluster: $(VENV)/.dev ## The same into a real cluster on this machine; builds it first (DEMO_DIR=...)
	@$(PYTHON) tools/real_servers.py etcd kubernetes external-secrets argocd
	@PYTHONPATH=. $(BIN)/python tools/demo_cluster.py $(DEMO_DIR)

.PHONY: demo-forge
demo-forge: $(VENV)/.dev ## A pull request on a real forge of this machine, from init to receipts; builds it first (DEMO_DIR=...)
	@$(PYTHON) tools/real_servers.py gitea act
	@PYTHONPATH=. $(BIN)/python tools/demo_forge.py $(DEMO_DIR)

.PHONY: test
test: $(VENV)/.dev ## Run the suite (only Python packages needed)
	@$(BIN)/python -m pytest -q -n auto -m "not real" $(ARGS)

.PHONY: real-servers
real-servers: ## Build etcd, Kubernetes, External Secrets, Argo CD for test-real (ONLY="etcd kubernetes")
	@$(PYTHON) tools/check_python.py
	@$(PYTHON) tools/real_servers.py $(ONLY)

.PHONY: test-real
test-real: $(VENV)/.dev ## Build the real servers where Go is, and run the tests that need real tools (ARGS=...)
	@$(PYTHON) tools/real_servers.py --where-possible $(ONLY)
	@$(BIN)/python -m pytest -q -n $(or $(WORKERS),2) --dist loadscope -m real $(or $(ARGS),tests/real tests/contract)

.PHONY: soak
soak: $(VENV)/.dev ## Run random schedules of faults (SOAK=1000)
	@$(BIN)/python -m pytest -q -n auto tests/e2e/test_soak.py --soak $(or $(SOAK),1000)

.PHONY: lint
lint: $(VENV)/.dev ## Format, lint, types, import contract
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: bench
bench: $(VENV)/.dev ## Measure against baselines (ONLY="P1 P4")
	@$(BIN)/python -m bench $(ONLY)

.PHONY: docs
docs: $(VENV)/.dev ## Build the documentation strictly
	@$(BIN)/mkdocs build --quiet --strict

.PHONY: reference
reference: $(VENV)/.dev ## Write docs/reference and the man page from the code
	@$(BIN)/python tools/reference.py

.PHONY: package
package: $(VENV)/.dev ## Build the source archive and the wheel into dist/
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist .

.PHONY: environment
environment: $(VENV)/.dev ## Make .venv with everything that development needs

.PHONY: lock
lock: ## Write the hash-locked requirement files (needs uv)
	@tools/lock.sh

.PHONY: clean
clean: ## Remove what the build made
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
