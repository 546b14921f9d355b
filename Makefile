# Two commands are enough: `make run` and `make test`. Both set up what they need and are safe to run twice.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Two tests at a time; WORKERS=0 runs them one by one.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q --directory requirements --universal --python-version 3.11 --generate-hashes

.PHONY: help install run test e2e faults lint types bench lock demo clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: ## make .venv and install everything, for running and for development
	@$(PYTHON) deploy/install.py dev

run: ## start all of Claimdesk on this machine; PORT=8100 moves it, Ctrl-C stops it
	@$(PYTHON) deploy/install.py embedded
	@exec $(BIN)/python manage.py run $(if $(PORT),--port $(PORT)) $(ARGS)

test: install ## run all tests: on SQLite alone, then on PostgreSQL, Redis, RabbitMQ and chromium where they are; ARGS="-k word"
	@$(BIN)/python -m tests.services; \
	case $$? in \
	  0) $(PYTEST) --bare $(ARGS); bare=$$?; $(PYTEST) --after-bare $(ARGS) && exit $$bare ;; \
	  3) $(PYTEST) $(ARGS) ;; \
	  *) exit 1 ;; \
	esac

e2e: install ## run the tests that drive a browser
	@$(BIN)/python -m pytest -m browser $(ARGS)

faults: install ## kill and break everything while claims come in, and see what is still true; ARGS="--seed N --claims 500 --cycles 400"
	@$(BIN)/python -m tests.faults $(ARGS)

lint: install ## check style and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

types: install ## check types, strictly
	@$(BIN)/mypy

bench: install ## measure speed beside its goals and print the table
	@$(BIN)/python -m bench $(ARGS)

lock: install ## lock requirements/*.in into *.txt with hashes
	@$(COMPILE) base.in -o base.txt
	@$(COMPILE) base.in embedded.in -c base.txt -o embedded.txt
	@$(COMPILE) dev.in -o dev.txt

demo: ## load the demo: event types, policies, contacts, claims in every state, a user for each role
	@$(PYTHON) deploy/install.py embedded
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo

clean: ## remove what can be made again; your data in var/ stays
	@rm -rf .venv staticfiles .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find locale -name '*.mo' -delete 2>/dev/null || true
