# One place for the commands, the same by hand and in CI. `make help` lists them.

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
RECONVENE := $(TARGET)/debug/reconvene
CRATES := --package reconvene-core --package reconvene-engine --package reconvene-api --package reconvene-simulator
WINDOW_SOURCES := $(shell find ui/src ui/index.html ui/*.json ui/*.ts ui/*.js -type f 2> /dev/null)

.PHONY: help demo build check check-crates check-window test test-crates simulate test-window test-contract test-desktop packages-build packages-run packages-test
.DEFAULT_GOAL := help

help:  ## Lists the commands.
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: packages-run build  ## Shows Reconvene at work against the simulator; touches no account of yours.
	@scripts/demo $(RECONVENE) $(DEMO)

build: packages-build ui/dist/index.html  ## Builds the app (debug).
	@echo "== Building the app (the first time takes some minutes)"
	@$(CARGO) build --locked --package reconvene

check: packages-build ui/dist/index.html  ## The fast loop: format, lints, types, arrows, unit tests.
	@$(MAKE) --no-print-directory --jobs=2 check-crates check-window

check-crates:
	@echo "== Format"
	@$(CARGO) fmt --all --check
	@echo "== Arrows"
	@scripts/arrows
	@echo "== Lints"
	@$(CARGO) clippy --quiet --locked --workspace --all-targets -- --deny warnings
	@$(CARGO) clippy --quiet --locked --package reconvene-simulator --test simulation -- --deny warnings
	@echo "== Types"
	@scripts/types --check
	@echo "== Unit tests"
	@$(CARGO) test --quiet --locked --workspace --lib --bins

# Beside the crates, which it does not wait for: it needs no compiler.
check-window:
	@echo "== Window: types and unit tests"
	@cd ui && npm run --silent check
	@cd ui && npm test --silent

test: packages-test build test-crates test-window test-contract test-desktop  ## Runs every test, those on a real desktop included.
	@echo "== All tests passed"

test-crates:
	@echo "== Crates: unit tests, protocol, engine against the simulator, simulation"
	@$(CARGO) test --quiet --locked $(CRATES)
	@TWICE=1 $(CARGO) test --quiet --locked --profile simulation --package reconvene-simulator --test simulation

simulate:  ## Random people, trouble and kills: N=10000 histories FROM=1 on, each lived twice, or SEED=17 told in words (LESSON=choices+worlds as a failure names it).
	@TWICE=1 $(CARGO) test --quiet --locked --profile simulation --package reconvene-simulator --test simulation \
	every_promise -- --nocapture

test-window: ui/dist/index.html
	@echo "== Window: components, then the real page in Chromium"
	@cd ui && npm test --silent
	@if command -v chromium > /dev/null; then cd ui && npm run --silent test:page; \
	else echo "skipped: no Chromium on this system, so the page was not tested in a browser"; fi

test-contract:
	@echo "== Contract: the vendors' own clients against the simulator; series against dateutil"
	@tests/contract/run

test-desktop: build
	@echo "== Desktop: the real app with keyring, tray host and web-view"
	@$(CARGO) test --quiet --locked --package reconvene

packages-build:
	@scripts/system-packages build

packages-run:
	@scripts/system-packages build run

packages-test:
	@scripts/system-packages build run test

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	@echo "== Fetching the window's packages"
	@cd ui && npm ci --loglevel=error --no-audit --no-fund

ui/dist/index.html: ui/node_modules/.package-lock.json $(WINDOW_SOURCES)
	@echo "== Building the window"
	@cd ui && npm run --silent build
	@touch $@
