# The two commands are `make run` and `make test`; `make help` lists the rest.
#
# The build cache lies outside of the checkout, so that a second clone, and a clean one, build quickly.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/retrace
export CARGO_TARGET_DIR ?= $(CACHE)/target
export RETRACE_CACHE := $(CACHE)
# Where scripts/install puts a newer Node, if the system's is too old.
export PATH := $(CACHE)/node/node_modules/.bin:$(PATH)

RELEASE := $(CARGO_TARGET_DIR)/release/retrace
DEBUG := $(CARGO_TARGET_DIR)/debug/retrace
say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

ROUNDS ?= 500
SECONDS ?= 60

.PHONY: help run test crash faults bench screenshots fmt lint-rust lint-web test-rust test-web test-browser web build deny fuzz clean-data

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: ## install what is missing, build, serve with the sample recordings
	$(call say,looking for what is needed)
	@scripts/install rust node
	@$(MAKE) web
	$(call say,building retrace (the first time takes some minutes))
	@cargo build --release --locked -p retrace-api
	$(call say,starting)
	@scripts/run $(RELEASE)

test: ## install what is missing, and run all checks and tests
	$(call say,looking for what is needed)
	@scripts/install rust node chromium postgres verifiers recorders
	@$(MAKE) lint-rust lint-web test-web test-rust test-browser
	$(call say,all checks and tests passed)

crash: ## kill servers and databases, fill disks, cut connections: ROUNDS=500 [SEED=n]
	$(call say,looking for what is needed)
	@scripts/install rust node postgres
	@$(MAKE) web
	@cargo build --release --locked -p retrace-api
	@cargo test --release --locked -p retrace-tests --test crash --no-run
	$(call say,$(ROUNDS) rounds)
	@RETRACE_CRASH_ROUNDS=$(ROUNDS) RETRACE_CRASH_SEED=$(SEED) cargo test --release --locked --quiet \
	    -p retrace-tests --test crash -- --nocapture

screenshots: web tests/browser/node_modules ## take the pictures of the documentation
	@cargo build --locked -p retrace-api
	@cd tests/browser && RETRACE_BIN=$(DEBUG) npm run --silent screenshots

faults: ## send to a receiver that is killed and stalls, from a server that is killed: SECONDS=3600
	$(call say,looking for what is needed)
	@scripts/install rust node verifiers
	@$(MAKE) web
	@cargo build --locked -p retrace-api
	$(call say,$(SECONDS) seconds)
	@RETRACE_FAULTS_S=$(SECONDS) cargo test --locked --quiet --workspace --test destinations \
	    nothing_is_lost_through_faults -- --nocapture

bench: ## run the benchmarks
	$(call say,looking for what is needed)
	@scripts/install rust node postgres verifiers
	@$(MAKE) web
	@cargo build --release --locked -p retrace-api
	@$(RELEASE) bench all

fmt: ## format the code
	cargo fmt --all

lint-rust:
	$(call say,Rust: formatting and lints)
	@cargo fmt --all --check || { echo 'mend it with: make fmt' >&2; exit 1; }
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@cargo check --manifest-path fuzz/Cargo.toml --locked --quiet
	@if command -v cargo-deny >/dev/null; then cargo deny --log-level error check licenses bans sources; fi

lint-web: web/node_modules tests/browser/node_modules
	$(call say,web: lints, types, generated code)
	@cd web && npm run --silent lint && npm run --silent types && npm run --silent codegen:check
	@cd tests/browser && npm run --silent types

test-web: web/node_modules
	$(call say,web: unit tests)
	@cd web && npm test --silent

test-rust: web tests/oidc/node_modules
	$(call say,Rust: tests)
	@cargo build --locked -p retrace-api
	@if cargo nextest --version >/dev/null 2>&1; then \
	    cargo nextest run --workspace --locked; \
	else \
	    cargo test --workspace --locked --all-targets; \
	fi
	@cargo test --workspace --locked --doc --quiet

test-browser: web tests/browser/node_modules tests/oidc/node_modules
	$(call say,browser: journeys in Chromium)
	@cargo build --locked -p retrace-api
	@cd tests/browser && RETRACE_BIN=$(DEBUG) RETRACE_SAMPLES=$(CURDIR)/samples npm test --silent

web: web/dist/index.html ## build the web UI

web/dist/index.html: web/node_modules $(shell find web/src web/public web/bundle -type f 2>/dev/null) web/index.html web/package.json web/vite.config.ts web/vite.bundle.config.ts
	$(call say,web: building)
	@cd web && npm run --silent build
	@touch $@

%/node_modules: %/package-lock.json
	$(call say,$*: npm packages)
	@cd $* && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
	@touch $@

deny: ## licences, sources and advisories of the dependencies
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check

fuzz: ## fuzz each parser for a minute
	@scripts/fuzz 60

clean-data: ## remove the data of `make run`
	rm -rf retrace-data
