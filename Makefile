# Each target makes sure that the packages are there (scripts/setup.sh), then runs the npm script of its name.
# Arguments go along: make test ARGS="test/core"

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test check chaos simulate bench services clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{ printf "  make %-9s %s\n", $$1, $$2 }'

setup: ## Install what package-lock.json pins, if it changed
	@bash scripts/setup.sh

demo: setup ## Watch Entrain at work: simulated tenant and targets, nothing to configure
	@npm run --silent demo -- $(ARGS)

dev: setup ## Keep everything of the demo up, with the API for you to play
	@npm run --silent dev -- $(ARGS)

test: setup ## Check types and style, then run all tests
	@npm run --silent test -- $(ARGS)

check: setup ## Check types and style only
	@npm run --silent check -- $(ARGS)

chaos: setup ## Harm a whole installation at random, and judge what becomes of the accounts (ARGS=--help)
	@npm run --silent chaos -- $(ARGS)

simulate: setup ## Play whole installations in one process, with faults by seed, and judge every effect (ARGS=--help)
	@npm run --silent simulate -- $(ARGS)

bench: setup ## Measure what a sync costs (QUICK=1 for a quick look, ARGS=--help)
	@npm run --silent bench -- $(ARGS)

services: setup ## Keep a Redis and a MongoDB running, and print their addresses
	@npm run --silent services -- $(ARGS)

clean: ## Remove what was installed, downloaded and built
	rm -rf node_modules .cache dist coverage
