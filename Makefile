# The only list of commands. A line's words after ## are its help.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPOSE ?= docker compose

.DEFAULT_GOAL := help
.PHONY: help run test check fix demo up down logs bench bench-large lock migration events

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Start the whole system in one process, on http://127.0.0.1:8000
	@exec $(BIN)/python standalone.py

demo: $(INSTALLED) ## Tell its story to a running system
	@$(BIN)/python -m cli demo

check: $(INSTALLED) ## Format, lint, types, imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# One worker more than the two cores that its ten minutes are promised on: some tests only wait.
# Each reads all tests before it runs its own: what that makes of them is kept, in a container too.
test: $(INSTALLED) ## Everything, on real PostgreSQL and RabbitMQ too
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder

bench: $(INSTALLED) ## Measure, each against its peer, and write docs/benchmarks.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "splink>=5"
	@$(BIN)/python -m benchmarks

bench-large: $(INSTALLED) ## Measure what takes an hour, on a million people, and write docs/benchmarks-large.md
	@$(BIN)/python -m benchmarks doubles-large registers-large limits

fix: $(INSTALLED) ## What a machine can repair
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

up: ## Start everything with Compose; the first time writes .env
	@deploy/write-env
	@$(COMPOSE) up --detach --build --wait

down: ## Stop what Compose started; its volumes stay
	@$(COMPOSE) down

logs: ## Follow the logs, of one service with S=registration
	@$(COMPOSE) logs --follow $(S)

migration: $(INSTALLED) ## Write a migration: S=registration M="What it does"; without M only newest.sql
	@$(BIN)/python -m cli.migration $(S) $(if $(M),"$(M)")

events: $(INSTALLED) ## Write the events' schemas and docs/events.md again
	@$(BIN)/python -m cli.events

lock: $(INSTALLED) ## Pin again, to the newest allowed versions, the whole and each image
	@$(BIN)/uv lock --upgrade --quiet
	@$(BIN)/python -m cli.lock

$(INSTALLED): requirements.lock
	@test -x $(BIN)/pip || deploy/make-venv $(PYTHON) $(VENV)
	@echo "Installing the locked versions into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m compileall -q chassis contracts gateway services cli standalone.py
	@touch $@
