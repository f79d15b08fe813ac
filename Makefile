# Every target shares one .venv, made on first use and brought up to date whenever the lock file changes.
# PYTHON=python3.13 make setup    takes another Python than the first fitting one on the path
# ARGS="-k mailbox -x" make test  passes arguments on (also to run, dev, bench, simulate and durability)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.ready-bench
AUTOGEN := .venv-bench-autogen
AUTOGEN_READY := $(AUTOGEN)/.ready
CODE := $(wildcard src tests tools docs_src benchmarks)

.DEFAULT_GOAL := help
.PHONY: help setup run dev test check fix cover bench simulate durability lock clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "; print "PacketFlow\n"} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Make .venv with everything that run, test and check need
	@echo "$(VENV) is ready"

run: $(READY) ## Serve the chat application on http://localhost:4000, data in ./.packetflow
	@$(BIN)/packetflow serve $(ARGS)

dev: $(READY) ## The same, restarted whenever a source file changes
	@$(BIN)/packetflow serve --reload $(ARGS)

test: $(READY) ## Run the whole test suite
	@$(BIN)/python -m pytest $(ARGS)

check: $(READY) ## Format, lint, types, import contracts, budgets and changelog: all that must be clean
	@PATH="$(CURDIR)/$(BIN):$$PATH" tools/check.sh $(CODE)

fix: $(READY) ## Format, and repair what the linter can repair by itself
	@$(BIN)/ruff check --fix --quiet $(CODE) || true
	@$(BIN)/ruff format $(CODE)

cover: $(READY) ## Run the test suite and show the branches it never took
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage report

bench: $(BENCH_READY) $(AUTOGEN_READY) ## Run every benchmark side by side with its peers
	@for file in benchmarks/*.py; do \
		[ -e "$$file" ] || { echo "benchmarks/ has no benchmark yet"; exit 0; }; \
		echo "== $$file"; $(BIN)/python "$$file" $(ARGS) || exit 1; \
	done

simulate: $(READY) ## Search seeded interleavings with faults and deaths for a broken law: SEEDS=10000 FIRST=0
	@$(BIN)/python -m tools.simulate --seeds $(or $(SEEDS),1000) --first $(or $(FIRST),0) $(ARGS)

durability: $(READY) ## Kill a process under load with -9 and look what is lost: ROUNDS=200 STORE=sqlite|postgresql|postgresql://...
	@$(BIN)/python -m tools.durability --rounds $(or $(ROUNDS),20) --store $(or $(STORE),sqlite) $(ARGS)

lock: $(READY) ## Renew both lock files within the ranges of pyproject.toml
	@PATH="$(CURDIR)/$(BIN):$$PATH" tools/lock.sh

clean: ## Remove .venv and what tools left behind; data in ./.packetflow stays
	@rm -rf $(VENV) $(AUTOGEN) dist htmlcov .coverage .hypothesis .import_linter_cache .pytest_cache .ruff_cache

$(READY): requirements.lock pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" tools/setup.sh $(VENV) requirements.lock
	@touch $@

$(BENCH_READY): $(READY) requirements-bench.lock
	@PYTHON="$(PYTHON)" tools/setup.sh $(VENV) requirements-bench.lock
	@touch $@

$(AUTOGEN_READY): $(READY) requirements-bench-autogen.lock
	@$(BIN)/python -m venv $(AUTOGEN)
	@$(AUTOGEN)/bin/pip --disable-pip-version-check install --quiet --require-hashes -r requirements-bench-autogen.lock
	@touch $@
