# The only list of commands. A line's words after ## are its help.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test check fix demo up down logs bench lock migration events

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked versions into $(VENV) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

check: $(INSTALLED) ## Format, lint, types, imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

fix: $(INSTALLED) ## What a machine can repair
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

test: $(INSTALLED) ## Everything, on real PostgreSQL and RabbitMQ too
	@$(BIN)/pytest

lock: $(INSTALLED) ## Pin again, to the newest allowed versions
	@$(BIN)/uv lock --upgrade --quiet
	@$(BIN)/uv export --quiet --frozen --all-packages --all-groups --no-emit-workspace --no-annotate --no-header --output-file requirements.lock

migration: $(INSTALLED) ## Write a migration: S=registration M="What it does"
	@$(BIN)/python -m cli.migration $(S) "$(M)"
