# `make demo` and `make test` install what they need, and are quick the second time.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)

.PHONY: help demo test thorough unit e2e bench soak vsix pictures clean python
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: python ## open a real VS Code in the browser on the example project
	@exec $(PYTHON) .ci/demo.py

test: python ## the checks and tests, with the real editor
	@$(PYTHON) .ci/check.py

thorough: python ## the same, with the tests of more kinds of what `make test` shows for one
	@$(PYTHON) .ci/check.py --thorough

unit: python ## the checks, and the tests that are quick
	@$(PYTHON) .ci/check.py --quick

e2e: python ## the end-to-end tests alone; ONLY=word picks some
	@$(PYTHON) .ci/check.py --e2e $(ONLY)

bench: python ## measure clicks, plugin and index, as ratios of runs taken in turn; ONLY=word picks one
	@$(PYTHON) .ci/bench.py $(ONLY)

soak: python ## click 1,000 times while what clicks need is killed; CLICKS=number SEED=number KILLS=share
	@$(PYTHON) .ci/soak.py $(or $(CLICKS),1000) $(or $(SEED),1) $(KILLS)

vsix: python ## build the extension: dist/prefect-lens-<version>.vsix
	@$(PYTHON) .ci/vsix.py

pictures: python ## take the documentation's pictures anew: docs/images/
	@$(PYTHON) .ci/check.py --pictures

clean: ## remove what was built here (the cache folder stays)
	rm -rf dist build .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf vscode-extension/out vscode-extension/bundled vscode-extension/node_modules tests/e2e/node_modules

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and is not on the path."; exit 1; }
